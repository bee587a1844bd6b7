/* Which points have a row in which interval: a bit for each, gathered by tasks and put together
 * by glue, from which gaps and the coverage picture follow. Also the prices of one point, for
 * pictures. Only for datasets with a regular grid (hours, periods).
 *
 * Bytes: first interval i64 (microseconds UTC), minutes u32, slots u32, points u32; each point as
 * text and ceil(slots / 8) bytes of bits; name of the pictured point as text, count u32, then
 * (instant i64, value f64) each.
 */
#ifndef QN_PIPELINES_ERCOT_COVERAGE_H
#define QN_PIPELINES_ERCOT_COVERAGE_H

#include "pipelines/ercot/table.h"

/* Appends the coverage of the rows (indexes of table rows in order of time); nothing if the
 * dataset has no grid. False when out of memory. */
bool er_coverage_put(const struct er_table *table, const uint32_t *rows, size_t count,
                     const char *point, struct qn_buf *out);

/* All of a dataset and year. */
struct er_coverage {
    int64_t first; /* interval of slot 0: the beginning of the operating year */
    int minutes;
    uint32_t slots;
    struct er_texts points;
    struct qn_buf bits;   /* ceil(slots / 8) bytes per point */
    struct qn_buf series; /* struct er_price */
    char pictured[128];   /* name of the point in `series`, "" if there is none */
};

struct er_price {
    int64_t instant;
    double value;
};

bool er_coverage_init(struct er_coverage *coverage, int year, int minutes);
void er_coverage_release(struct er_coverage *coverage);

/* Adds the bytes of a run; QN_ERR_CORRUPT if they make no sense. */
enum qn_status er_coverage_add(struct er_coverage *coverage, const void *bytes, size_t len,
                               struct qn_error *err);

struct er_gap {     /* a stretch of intervals that a point lacks, between its first and its last */
    uint32_t point; /* rank of it in the order of names; UINT32_MAX: all points lack them */
    int64_t start;  /* first interval missing, and the first one after it that is not */
    int64_t end;
    uint32_t intervals;
};

struct er_coverage_sum {
    uint64_t points;
    uint64_t intervals; /* with any row, and those between first and last that have none */
    uint64_t missing_intervals;
    uint64_t present; /* pairs of point and interval that are there, and missing ones */
    uint64_t missing;
    struct qn_buf gaps; /* struct er_gap, in order of points and time */
    struct qn_buf days; /* uint32_t: points present, per hour of the year from its first hour */
};
bool er_coverage_sum(const struct er_coverage *coverage, struct er_coverage_sum *sum);
void er_coverage_sum_release(struct er_coverage_sum *sum);

#endif
