/* quern with a witness in its seam: the crash and power-loss tests run it in quern's place. */
#include "witness.h"

#include "pipelines/pipelines.h"

int main(int argc, char **argv)
{
    witness_begin();
    return qn_main(argc, argv, qn_pipelines);
}
