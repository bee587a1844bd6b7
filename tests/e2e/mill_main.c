/* The mill as a program: mill grain grind GRIST [options] -o DATASET, and every command of quern.
 */
#include "mill.h"

int main(int argc, char **argv)
{
    static const struct qn_pipeline *const pipelines[] = {&mill_pipeline, NULL};
    return qn_main(argc, argv, pipelines);
}
