/* The program `quern`: the pipelines it carries. */
#include "pipelines/pipelines.h"

int main(int argc, char **argv)
{
    return qn_main(argc, argv, qn_pipelines);
}
