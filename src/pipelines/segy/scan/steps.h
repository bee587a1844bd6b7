/* Columns of header values of a sample and how they go from trace to trace: what guesses of keys
 * are made of. */
#ifndef QN_PIPELINES_SEGY_SCAN_STEPS_H
#define QN_PIPELINES_SEGY_SCAN_STEPS_H

#include "pipelines/segy/scan/sample.h"

/* One header field over all traces of a sample, as whole numbers. */
struct qn_steps {
    unsigned byte; /* from 1 */
    enum qn_position_type type;
    int64_t *values; /* of the sample's traces; owned */
    size_t neighbours, ties;
    int64_t step;   /* the most frequent difference between neighbours that is not 0; 0: none */
    size_t at_step; /* neighbours with that difference */
    int64_t common; /* greatest common divisor of all differences */
    int64_t min, max;
    bool number; /* values are of a size that numbers of lines, traces and points have */
};

static inline bool qn_steps_vary(const struct qn_steps *steps)
{
    return steps->min < steps->max;
}

/* Constant over most neighbours, but not everywhere: the outer key of something. */
static inline bool qn_steps_slow(const struct qn_steps *steps)
{
    return qn_steps_vary(steps) && 2 * steps->ties >= steps->neighbours && steps->neighbours > 0;
}

/* How many values there are from min to max in steps of `step`; 0 if that is no number. */
static inline uint64_t qn_steps_range(const struct qn_steps *steps, int64_t step)
{
    uint64_t by = (uint64_t)(step < 0 ? -step : step);
    return by ? (uint64_t)(steps->max - steps->min) / by + 1 : 0;
}

/* ---- grids ---------------------------------------------------------------------------------- */

/* Two fields that number the nodes of a grid, line by line. */
struct qn_scan_grid {
    bool found;
    struct qn_steps outer, inner; /* inline and crossline, or the other way round */
    uint64_t lines, points;       /* nodes in each direction */
    double fold;                  /* traces per node */
    int score;                    /* of 100 */
};

/* The best pair of fields at any byte, if there is one that explains the traces. */
enum qn_status qn_scan_find_grid(const struct qn_scan_sample *sample, enum qn_byte_order order,
                                 size_t header_bytes, uint64_t traces, struct qn_scan_grid *grid,
                                 struct qn_error *err);
void qn_scan_grid_release(struct qn_scan_grid *grid);

#endif
