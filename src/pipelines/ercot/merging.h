/* Inside of merging: see merge.c, which takes the rows in order; merge_read.c reads the groups they
 * are in, merge_write.c writes what was taken. */
#ifndef QN_PIPELINES_ERCOT_MERGING_H
#define QN_PIPELINES_ERCOT_MERGING_H

#include "pipelines/ercot/gluing.h"

struct er_key_column {
    struct qn_buf values; /* as stored; texts: see texts */
    struct qn_buf ids;
    struct qn_buf valid;
    struct qn_buf texts; /* struct er_slice: those that the ids mean */
    size_t width;        /* 0: text */
};

struct er_opened { /* a group whose rows are being taken */
    bool open;
    struct er_key_column keys[ER_KEYS];
    struct qn_buf sources; /* int32_t per row */
    struct qn_buf ranks;   /* uint32_t per source of the task */
    size_t next;           /* row */
    size_t task;           /* the first entry of the same task: it has the ranks */
    size_t out_first;      /* in `places`, and how many */
    size_t out_count;
};

struct er_put_place { /* of a row among those to put out */
    uint32_t to;
    uint32_t row;
};

struct er_ref {
    uint32_t entry;
    uint32_t row;
};

struct er_pair {     /* a row left out, and the one that stays instead of it */
    uint32_t winner; /* index of a ref */
    struct er_ref loser;
    uint32_t source;
    bool differs;
};

struct er_merging {
    struct er_gluing *gluing;
    const struct er_layout *layout;
    const struct er_entry *entries;
    size_t count;
    struct er_file *file;
    struct er_opened *opened; /* one per entry */
    struct qn_buf refs;       /* struct er_ref: rows taken */
    struct qn_buf pairs;      /* struct er_pair */
    struct qn_buf same;       /* struct er_ref: rows of the key at hand */
    struct qn_parquet_writer *writer;
    struct qn_buf bytes, meta;
    struct qn_buf places; /* struct er_put_place */
    size_t closed;        /* all entries before this one are used up */
    int64_t instant;      /* of the row taken last, and its day */
    int64_t day;
    struct qn_buf chunk, values, ids, valid; /* of a column being read */
};

/* Opens a group: reads its keys and sources. */
enum qn_status er_merging_open(struct er_merging *m, size_t e, struct qn_error *err);
void er_merging_close(struct er_opened *opened);

/* Ranks the sources of all tasks concerned, by precedence. */
enum qn_status er_merging_rank(struct er_merging *m, struct qn_error *err);

/* One column of an entry's group, `of_group` its number there; columns as the layout has them. */
enum qn_status er_merging_column(struct er_merging *m, const struct er_entry *entry, size_t column,
                                 int of_group, struct qn_buf *values, struct qn_buf *ids,
                                 struct qn_buf *valid, struct qn_error *err);

/* Appends a struct er_slice for each of texts that lie one after another with their lengths. */
bool er_merging_texts(const struct qn_buf *values, struct qn_buf *texts);

/* Writes the rows taken so far as a group, if there are any, and forgets them. */
enum qn_status er_merging_flush(struct er_merging *m, struct qn_error *err);

#endif
