/* What `quern parquet verify` was asked to check, from its options and the schema file: the same in
 * plan, workers and glue. */
#ifndef QN_PARQUET_SETTINGS_H
#define QN_PARQUET_SETTINGS_H

#include "pipelines/parquet/check.h"
#include "pipelines/parquet/grid.h"

#define QN_MAX_KEY    16u
#define QN_MAX_RANGES 256u

struct qn_expected_column { /* of the schema file */
    char name[128];
    char type[96]; /* "" if it does not matter */
    char repetition[12];
};

struct qn_settings {
    char key[QN_MAX_KEY][128]; /* without the time */
    size_t key_count;
    bool has_key;       /* rows are identified: duplicates are looked for */
    char time[128];     /* "" : none */
    char repeated[128]; /* the column that tells the second of two equal local times */
    struct qn_grid grid;
    struct qn_check_range ranges[QN_MAX_RANGES];
    size_t range_count;
    struct qn_expected_column *expected;
    size_t expected_count;
};
enum qn_status qn_settings_read(struct qn_settings *settings, const struct qn_options *options,
                                struct qn_error *err);
void qn_settings_release(struct qn_settings *settings);

#endif
