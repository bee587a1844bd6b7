/* What a task leaves behind: for each dataset and operating year a run of rows, sorted and without
 * duplicates, as Parquet row groups in the task's part file; and its account of every member it
 * read. Glue copies the groups of runs that do not overlap as they are, and merges the others.
 *
 * Beside each group lies a second one of a single column, the source of each row: needed only to
 * decide between rows with equal keys of different tasks.
 */
#ifndef QN_PIPELINES_ERCOT_RUNS_H
#define QN_PIPELINES_ERCOT_RUNS_H

#include "pipelines/ercot/intake.h"

#include <quern/pipeline.h>

enum { ER_GROUP_ROWS = 1 << 20, ER_PART_PATH = 64 };

extern const struct qn_parquet_options er_parquet_options;
extern const struct qn_parquet_column er_source_column;

/* The part file of a task: named after its payload, not its place in the plan. */
void er_part_path(const struct qn_task *task, char path[ER_PART_PATH]);

/* ---- in a task ------------------------------------------------------------------------------ */

/* Memory for encoding, kept by a worker. Zero-initialise. */
struct er_scratch {
    struct qn_buf rows;
    struct qn_buf values;
    struct qn_buf valid;
    struct qn_buf bytes;
    struct qn_buf meta;
    struct qn_buf source_meta;
};
void er_scratch_release(struct er_scratch *scratch);

/* Writes the runs of all tables to the task's part, and the account to its result. `point` is the
 * point whose prices the pictures show, NULL: the usual hubs. */
enum qn_status er_runs_write(struct er_intake *intake, const char *point,
                             struct er_scratch *scratch, struct qn_task_run *run,
                             struct qn_error *err);

/* ---- the result, read again ----------------------------------------------------------------- */

struct er_slice { /* bytes of the result */
    const uint8_t *bytes;
    size_t len;
};

struct er_source_view {
    struct er_slice name;
    uint32_t dataset; /* UINT32_MAX: none */
    uint64_t published;
    unsigned supplement;
    struct er_tally tally;
    enum er_reason reason;
    uint64_t bytes;
    int32_t first_day, last_day;
    struct er_slice columns;
};

struct er_extra_view {
    struct er_slice name;
    enum er_type type;
    struct er_slice unit;
};

struct er_group_view {
    uint64_t rows;
    uint64_t offset, len; /* in the part file */
    uint64_t source_offset, source_len;
    struct er_slice meta, source_meta;
    struct er_slice key_min, key_max;
};

struct er_run_view {
    uint32_t dataset;
    int32_t year;
    uint64_t rows;
    bool repeats;
    uint64_t coverage_offset, coverage_len; /* in the part file; see coverage.h */
    uint32_t extra_count;
    struct qn_cursor extras; /* for er_next_extra */
    uint32_t group_count;
    struct qn_cursor groups; /* for er_next_group */
};

struct er_result_view {
    uint64_t bytes;
    uint32_t source_count;
    struct qn_cursor sources;
    struct qn_cursor rejects; /* for er_reject_next */
    uint32_t run_count;
    struct qn_cursor runs;
};

enum qn_status er_result_open(struct er_result_view *view, const void *bytes, size_t len,
                              struct qn_error *err);
bool er_next_source(struct qn_cursor *in, struct er_source_view *source);
bool er_next_run(struct qn_cursor *in, struct er_run_view *run);
bool er_next_extra(struct qn_cursor *in, struct er_extra_view *extra);
bool er_next_group(struct qn_cursor *in, struct er_group_view *group);

#endif
