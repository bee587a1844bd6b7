/* The mill of tests/e2e with a witness in its seam. */
#include "../e2e/mill.h"
#include "witness.h"

int main(int argc, char **argv)
{
    static const struct qn_pipeline *const pipelines[] = {&mill_pipeline, NULL};
    witness_begin();
    return qn_main(argc, argv, pipelines);
}
