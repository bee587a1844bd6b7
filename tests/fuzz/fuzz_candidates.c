/* Any bytes as a table of candidates, CSV or Parquet, and as a light curve in text. Every row comes
 * out with a reason or with numbers that can be used. */
#include "fuzz.h"

#include "pipelines/transit/candidates.h"

#include <math.h>
#include <string.h>

const char *const fuzz_words[] = {"target_id", "tic_id", "period", "depth", "duration",  "epoch",
                                  "TIC ",      ",",      "\n",     "#",     "2458326.5", "nan",
                                  "PAR1",      "time",   "flux",   NULL};

static void read_candidates(const char *path)
{
    static const struct qn_candidate_units units = {"auto", "auto", "auto"};
    struct qn_candidates candidates = {0};
    if (!qn_candidates_read(&candidates, path, &units, NULL)) {
        for (size_t i = 0; i < candidates.count; i++) {
            const struct qn_candidate *c = qn_candidate_at(&candidates, i);
            FUZZ_REQUIRE(c->row == i);
            FUZZ_REQUIRE(c->trouble[0] || (c->period > 0 && isfinite(c->period)));
            FUZZ_REQUIRE(memchr(c->name, 0, sizeof c->name));
            (void)qn_candidate_epoch(c, QN_LC_BKJD);
        }
    }
    qn_candidates_release(&candidates);
}

static void read_curve(const char *path)
{
    struct qn_lc lc = {0};
    struct qn_buf memory = {0};
    struct qn_lc_options options = {.unit = QN_LC_UNIT_AUTO};
    qn_lc_clear(&lc);
    if (!qn_lc_add_text(&lc, path, &options, &memory, NULL) && !qn_lc_finish(&lc, NULL)) {
        FUZZ_REQUIRE(lc.n > 0);
        for (size_t i = 0; i < lc.n; i++) {
            FUZZ_REQUIRE(isfinite(lc.time[i]) && isfinite(lc.flux[i]));
            FUZZ_REQUIRE(i == 0 || lc.time[i] > lc.time[i - 1]);
        }
    }
    qn_lc_release(&lc);
    qn_buf_release(&memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *path = fuzz_file(data, size);
    read_candidates(path);
    read_curve(path);
    return 0;
}
