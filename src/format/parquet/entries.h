/* Writing columns of any type and nesting, as a file has them: the schema of the new file is that
 * of columns of another one, annotations and all; values come as reader.h gives them, with
 * their levels. Everything else is as in parquet.h: groups are encoded one by one, the footer is
 * made of their descriptions. */
#ifndef QN_FORMAT_PARQUET_ENTRIES_H
#define QN_FORMAT_PARQUET_ENTRIES_H

#include "format/parquet/reader.h"

/* `nodes`: top-level columns of `file`. Both copy what they need of it. */
enum qn_status qn_parquet_writer_like(struct qn_parquet_writer **writer,
                                      const struct qn_parquet_file *file, const uint32_t *nodes,
                                      size_t count, const struct qn_parquet_options *options,
                                      struct qn_error *err);
enum qn_status qn_parquet_footer_like(struct qn_parquet_footer **footer,
                                      const struct qn_parquet_file *file, const uint32_t *nodes,
                                      size_t count, struct qn_error *err);

/* Gives a leaf of the new file bloom filters, if values of its type may have some. */
void qn_parquet_writer_bloom(struct qn_parquet_writer *writer, size_t leaf);

struct qn_parquet_entries { /* of one leaf in one row group */
    size_t count;           /* values, nulls and empty lists */
    size_t values;          /* of them with a value */
    const uint8_t *def;     /* levels; NULL where none are possible */
    const uint8_t *rep;
    const uint8_t *fixed;                /* the values in stored form, aligned for their type ... */
    const struct qn_parquet_text *texts; /* ... or these, for BYTE_ARRAY */
};

/* Adds the next leaf of a group that qn_parquet_group_begin began, as qn_parquet_group_add does.
 * The levels must be those of `rows` records. */
enum qn_status qn_parquet_group_entries(struct qn_parquet_writer *writer, size_t leaf,
                                        const struct qn_parquet_entries *entries, uint64_t rows,
                                        size_t group_start, struct qn_buf *bytes,
                                        struct qn_buf *meta, struct qn_error *err);

#endif
