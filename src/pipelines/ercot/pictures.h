/* What the report draws, kept from glue to report in a file of the run directory: for each dataset
 * and year with a grid the coverage by day and hour, and the prices of one point.
 */
#ifndef QN_PIPELINES_ERCOT_PICTURES_H
#define QN_PIPELINES_ERCOT_PICTURES_H

#include "pipelines/ercot/coverage.h"

#include <quern/pipeline.h>

#define ER_PICTURES_FILE ".quern/pictures.bin"

void er_pictures_put(struct qn_buf *pictures, const struct er_dataset *dataset, int year,
                     const struct er_coverage *coverage, const struct er_coverage_sum *sum);
enum qn_status er_pictures_write(struct qn_glue *glue, const struct qn_buf *pictures,
                                 struct qn_error *err);

struct er_picture {
    char dataset[128];
    char unit[32];
    int year;
    uint32_t points;
    uint32_t per_hour; /* intervals */
    int64_t first;     /* hour 0 */
    uint32_t hours;
    const uint8_t *present; /* u32 per hour: rows by point that are there */
    char point[128];        /* "": no prices */
    uint32_t prices;
    const uint8_t *series; /* i64 instant, f64 value each */
};
bool er_picture_next(struct qn_cursor *in, struct er_picture *picture);

#endif
