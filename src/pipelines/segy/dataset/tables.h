/* Inside of an open dataset: its tables, and the row groups that its readers share. Private to
 * src/pipelines/segy/dataset.
 *
 * A row group of headers.parquet serves the traces of many blocks, so its columns are unpacked once
 * and kept as long as somebody uses them. Unpacking is shared out: every thread that needs a group
 * takes the next column of it that nobody has taken.
 */
#ifndef QN_PIPELINES_SEGY_DATASET_TABLES_H
#define QN_PIPELINES_SEGY_DATASET_TABLES_H

#include "pipelines/opened.h"
#include "pipelines/segy/dataset/dataset.h"

#include <pthread.h>

struct qn_dataset_table {
    struct qn_opened opened;       /* not open: not there */
    struct qn_trace_range *groups; /* the traces that the rows of each group are of */
    size_t group_count;
};

/* Where a column goes in a trace header. */
struct qn_header_place {
    size_t column;
    size_t offset;   /* from 0 */
    size_t bytes;    /* in the header */
    size_t physical; /* bytes of a value in the table */
    bool ibm;
    bool text; /* as it is, without byte order */
};

/* A row group in memory. */
struct qn_group_slot {
    size_t group;
    unsigned users;
    uint64_t used_at;      /* the higher, the later */
    size_t next, unpacked; /* columns taken, columns ready */
    enum qn_status status;
    struct qn_error error;
    struct qn_buf *columns; /* place_count, then the lengths if there is such a column */
};

struct qn_dataset_tables {
    struct qn_dataset_table headers;
    struct qn_dataset_table exceptions;
    struct qn_header_place *places;
    size_t place_count;
    ptrdiff_t lengths_column; /* -1: all traces are of one length */
    size_t kept_columns;      /* of a slot */

    pthread_mutex_t mutex;
    pthread_cond_t ready; /* a group is unpacked */
    struct qn_group_slot **slots;
    size_t slot_count;
    uint64_t uses;
};

/* Opens both tables; releases what it opened in any case with qn_tables_close. */
enum qn_status qn_tables_open(struct qn_dataset *dataset, struct qn_error *err);
void qn_tables_close(struct qn_dataset *dataset);

/* The row group, unpacked; give it back after use. */
enum qn_status qn_tables_take(struct qn_dataset *dataset, size_t group, struct qn_group_slot **slot,
                              struct qn_error *err);
void qn_tables_give(struct qn_dataset *dataset, struct qn_group_slot *slot);

/* The first group that ends behind `trace`; group_count: none does. */
size_t qn_table_group_of(const struct qn_dataset_table *table, uint64_t trace);

/* The group of headers that holds `trace`, or QN_ERR_INPUT. */
enum qn_status qn_tables_find(const struct qn_dataset *dataset, uint64_t trace, size_t *group,
                              struct qn_error *err);

/* What a reader needs for samples: samples.c. */
struct qn_sample_reader;
enum qn_status qn_sample_reader_new(const struct qn_dataset *dataset,
                                    struct qn_sample_reader **reader, struct qn_error *err);
void qn_sample_reader_free(struct qn_sample_reader *reader); /* NULL is fine */
enum qn_status qn_sample_reader_rows(struct qn_sample_reader *reader, uint64_t first,
                                     uint64_t *count, const void **rows, struct qn_error *err);

#endif
