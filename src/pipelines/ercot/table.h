/* Rows of one dataset as a task gathers them: a vector per column, filled from the fields of CSV
 * blocks column by column. Sources (members of archives, files) come one after another; at the
 * end of each the instants are worked out and rows that cannot stand are taken out again.
 */
#ifndef QN_PIPELINES_ERCOT_TABLE_H
#define QN_PIPELINES_ERCOT_TABLE_H

#include "format/text/csv.h"
#include "pipelines/ercot/rejects.h"
#include "pipelines/ercot/vector.h"

struct er_place { /* of a row, in its member */
    uint64_t offset;
    uint64_t line;
};

struct er_table {
    const struct er_dataset *dataset;
    bool decimal;
    struct er_column *columns; /* the dataset's, then those that only some files have */
    struct er_vector *vectors; /* one for each */
    size_t column_count;
    size_t column_room;
    uint64_t rows;
    struct qn_buf sources; /* uint32_t per row */
    bool repeats;          /* rows with equal keys in one source are all real */

    /* The source at hand: rows from `mark` on. */
    uint64_t mark;
    uint32_t source;
    struct qn_buf roles[ER_ROLE_COUNT]; /* int32_t, int8_t, int8_t, uint8_t, int64_t per row */
    struct qn_buf places;               /* struct er_place per row */
    struct qn_buf faults;               /* enum er_reason per row, as uint8_t */
    uint64_t fault_count;
    struct qn_buf accepted; /* struct qn_csv_record: those of a block with the right fields */
};

/* Where the fields of a file go. */
enum { ER_TARGET_NONE = -1, ER_TARGET_ROLE = -2 }; /* ER_TARGET_ROLE - role */

struct er_mapping {
    int *targets; /* a column, or one of the above, per field; made with malloc */
    uint32_t fields;
    bool has_flag;      /* the file has the flag of the repeated hour */
    bool keys_complete; /* it has all columns of the key */
    const char *tag;    /* text of the tag column, if the dataset has one */
    size_t tag_len;
};

enum qn_status er_table_init(struct er_table *table, const struct er_dataset *dataset, bool decimal,
                             struct qn_error *err);
void er_table_release(struct er_table *table);
void er_table_clear(struct er_table *table); /* no rows; columns and memory stay */

/* Room for that many rows in all, so that columns need not move while they grow. Only a hint. */
void er_table_expect(struct er_table *table, uint64_t rows);

/* The column of that name, which is added (NULL in all rows so far) if it is not there; -1 when
 * out of memory. */
int er_table_column(struct er_table *table, const char *name, enum er_type type, const char *unit);

void er_table_begin(struct er_table *table, const struct er_mapping *mapping, uint32_t source);

struct er_block { /* records of a source */
    const struct qn_csv *csv;
    size_t first; /* records from `first` up to `end` */
    size_t end;
    uint64_t offset; /* of the block, in the member */
    uint64_t line;   /* of its first record `first` */
};

struct er_tally { /* rows of a source, or of many */
    uint64_t rows_in;
    uint64_t rejected;
    uint64_t identical; /* duplicates that say the same */
    uint64_t differing; /* and those that do not */
};

/* Appends the rows; what cannot be read goes to `rejects`. */
enum qn_status er_table_add(struct er_table *table, const struct er_mapping *mapping,
                            const struct er_block *block, struct qn_buf *rejects,
                            struct er_tally *tally, struct qn_error *err);

/* Takes the rows out whose fault is set, telling `rejects`. */
enum qn_status er_table_drop_faults(struct er_table *table, struct qn_buf *rejects,
                                    struct er_tally *tally, struct qn_error *err);

/* Takes all rows of the source out again. */
void er_table_undo(struct er_table *table);

#endif
