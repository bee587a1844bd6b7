/* Columns on their way from files to a new file: values, nulls and levels as the reader gives them,
 * some rows at a time, nothing decoded further than to entries. */
#ifndef QN_PARQUET_GATHER_H
#define QN_PARQUET_GATHER_H

#include "format/parquet/entries.h"

/* What was gathered of one leaf. */
struct qn_gathered {
    size_t width; /* bytes of a value; 0: byte arrays */
    uint8_t max_def, max_rep;
    struct qn_buf def, rep; /* a byte per entry, where levels are possible */
    struct qn_buf values;   /* without gaps */
    struct qn_buf ends;     /* uint64_t, of byte arrays: where each value ends in `values` */
    struct qn_buf texts;    /* made of them for the encoder */
    size_t entries, value_count;
};
void qn_gathered_init(struct qn_gathered *gathered, const struct qn_parquet_node *leaf);
void qn_gathered_clear(struct qn_gathered *gathered);
void qn_gathered_release(struct qn_gathered *gathered);

bool qn_gathered_failed(const struct qn_gathered *gathered); /* out of memory */
uint64_t qn_gathered_bytes(const struct qn_gathered *gathered);

/* Rows in which the column is null. */
void qn_gathered_nulls(struct qn_gathered *gathered, uint64_t rows);

/* Everything, as the encoder takes it; valid until more is gathered. */
struct qn_parquet_entries qn_gathered_entries(struct qn_gathered *gathered);

/* Where each row begins, for taking rows in another order. NULL: row n is entry, or value, n. */
struct qn_row_starts {
    uint32_t *entries, *values; /* one per row, and one past the last */
};
enum qn_status qn_row_starts_make(struct qn_row_starts *starts, const struct qn_gathered *gathered,
                                  uint64_t rows, struct qn_error *err);
void qn_row_starts_release(struct qn_row_starts *starts);

/* A row of one to the end of another. */
void qn_gathered_copy_row(struct qn_gathered *to, const struct qn_gathered *from,
                          const struct qn_row_starts *starts, uint64_t row);

/* The value of a row of a column without lists; NULL if it is null. */
const uint8_t *qn_gathered_value(const struct qn_gathered *gathered,
                                 const struct qn_row_starts *starts, uint64_t row, size_t *len);

/* ---- where it comes from -------------------------------------------------------------------- */

/* One leaf of one row group, being read. Zero-initialise. */
struct qn_tap {
    struct qn_parquet_scan *scan;
    const struct qn_parquet_node *leaf;
    struct qn_parquet_batch batch;
    size_t entry; /* of the batch, and its values so far */
    size_t value;
};
enum qn_status qn_tap_open(struct qn_tap *tap, struct qn_parquet_file *file, size_t group,
                           size_t leaf, struct qn_error *err);
void qn_tap_close(struct qn_tap *tap); /* fine on one that is not open */

/* Takes the next `rows` rows: those with keep[row], or all where it is NULL. The leaf must have the
 * levels of the one that is gathered, but may be required where that is optional. */
enum qn_status qn_tap_rows(struct qn_tap *tap, uint64_t rows, const uint8_t *keep,
                           struct qn_gathered *to, struct qn_error *err);

#endif
