/* Inside of glue: the directory of all groups that tasks left, files under construction, and the
 * merging of groups that overlap.
 */
#ifndef QN_PIPELINES_ERCOT_GLUING_H
#define QN_PIPELINES_ERCOT_GLUING_H

#include "pipelines/ercot/runs.h"

#include <jansson.h>

struct er_entry { /* a row group of a task */
    uint32_t dataset;
    int32_t year;
    uint64_t task;
    uint32_t group; /* its number within the run */
    bool repeats;
    uint32_t extra_count;
    struct er_group_view view; /* slices point into the directory's memory */
    struct qn_cursor extras;
};

struct er_loss { /* duplicates found between tasks: of which source */
    uint64_t task;
    uint32_t source;
    uint32_t unused;
    uint64_t identical;
    uint64_t differing;
};

struct er_gluing {
    struct qn_glue *glue;
    struct er_schema schema;
    bool decimal;
    struct er_entry *entries;
    size_t count;
    struct qn_buf blocks; /* void *: copies of results, freed at the end */
    struct qn_buf losses; /* struct er_loss */
};

/* A Parquet file that is being written. */
struct er_file {
    struct qn_output *output; /* the glue's */
    struct qn_parquet_footer *footer;
    struct qn_parquet_column *columns;
    size_t column_count;
    uint64_t rows;
    uint32_t groups;
};
enum qn_status er_file_begin(struct er_file *file, struct qn_glue *glue, const char *path,
                             const struct qn_parquet_column *columns, size_t count,
                             struct qn_error *err);
/* Appends an encoded group. */
enum qn_status er_file_group(struct er_file *file, const void *bytes, size_t len, const void *meta,
                             size_t meta_len, uint64_t rows, struct qn_error *err);
enum qn_status er_file_end(struct er_file *file, struct qn_error *err);
void er_file_release(struct er_file *file);

/* Columns of a dataset's file: its own, then all extras of its entries, by name. */
struct er_layout {
    const struct er_dataset *dataset;
    struct er_column *columns;
    size_t count;
    struct qn_parquet_column *parquet;
    struct qn_buf names; /* of extras */
};
enum qn_status er_layout_init(struct er_layout *layout, const struct er_dataset *dataset,
                              const struct er_entry *entries, size_t count, bool decimal,
                              struct qn_error *err);
void er_layout_release(struct er_layout *layout);
/* Which column of the entry's group is column `column` of the layout; -1: none. */
int er_layout_find(const struct er_layout *layout, const struct er_entry *entry, size_t column);
bool er_layout_fits(const struct er_layout *layout, const struct er_entry *entry);

/* Merges entries, which may overlap, into groups of about a million rows appended to the file. */
enum qn_status er_merge(struct er_gluing *gluing, const struct er_layout *layout,
                        const struct er_entry *entries, size_t count, struct er_file *file,
                        struct qn_error *err);

/* rejects.parquet, members.parquet and gaps.parquet: see accounts.c. Sums go to `facts`. */
struct er_totals { /* of a dataset; the last one is of what belongs to none */
    uint64_t members;
    uint64_t refused;
    uint64_t bytes;
    struct er_tally tally;
    uint64_t rows_out;
};
enum qn_status er_accounts_write(struct er_gluing *gluing, struct er_totals *totals,
                                 json_t *versions, json_t *reasons, struct qn_error *err);

#endif
