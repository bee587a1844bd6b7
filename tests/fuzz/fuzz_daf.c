/* Any bytes as a binary SPICE kernel: its summaries, comments, and states of every segment. */
#include "fuzz.h"

#include "pipelines/lunar/kernels.h"

#include <math.h>

const char *const fuzz_words[] = {"DAF/SPK ", "NAIF/DAF", "LTL-IEEE", "BIG-IEEE", "DAF/PCK ",
                                  "FTPSTR:",  "ENDFTP",   "VAX-GFLT", NULL};

static void ask(struct qn_kernels *kernels, const struct qn_spk_segment *segment)
{
    double state[6];
    bool known;
    double span = segment->stop - segment->start;
    for (int i = 0; i <= 8; i++) {
        double et = segment->start + span * i / 8;
        if (!qn_kernels_find(kernels, segment->target, segment->centre, et, state, &known, NULL) &&
            known)
            FUZZ_REQUIRE(isfinite(state[0]) && isfinite(state[5]));
    }
}

static void read_kernel(const char *path)
{
    struct qn_daf *daf;
    struct qn_buf comments = {0};
    struct qn_kernels *kernels;
    if (qn_daf_open(&daf, path, NULL))
        return;
    qn_daf_comments(daf, &comments, NULL);
    qn_buf_release(&comments);
    if (!qn_kernels_new(&kernels, NULL) && !qn_kernels_load(kernels, path, NULL)) {
        for (size_t i = 0; i < qn_daf_count(daf) && i < 16; i++) {
            struct qn_spk_segment segment;
            if (!qn_spk_segment(daf, i, &segment, NULL))
                ask(kernels, &segment);
        }
    }
    qn_kernels_free(kernels);
    qn_daf_close(daf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_kernel(fuzz_file(data, size));
    return 0;
}
