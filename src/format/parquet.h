/* Parquet for flat tables: typed columns to bytes and back. No file I/O here: the caller places
 * the bytes.
 *
 *   file = "PAR1" | row group ... | footer, as made by qn_parquet_footer_finish
 *
 * A row group is encoded on its own, by any process, without knowing where it will lie; its
 * description goes beside it. The footer is made from the descriptions alone, so groups are
 * carried over byte for byte. Format: apache/parquet-format, README and Encodings.
 */
#ifndef QN_FORMAT_PARQUET_H
#define QN_FORMAT_PARQUET_H

#include "base/buf.h"

#include <quern/error.h>

#define QN_PARQUET_MAGIC "PAR1"

enum qn_parquet_type {                /* what a column means; the C type of its values */
                       QN_PQ_BOOLEAN, /* uint8_t, 0 or 1 */
                       QN_PQ_INT8,    /* int8_t, and so on */
                       QN_PQ_INT16,
                       QN_PQ_INT32,
                       QN_PQ_INT64,
                       QN_PQ_UINT8,
                       QN_PQ_UINT16,
                       QN_PQ_UINT32,
                       QN_PQ_UINT64,
                       QN_PQ_FLOAT,
                       QN_PQ_DOUBLE,
                       QN_PQ_STRING,             /* bytes and offsets; UTF-8 */
                       QN_PQ_BINARY,             /* bytes and offsets */
                       QN_PQ_FIXED,              /* `length` bytes each */
                       QN_PQ_DATE,               /* int32_t, days since 1970-01-01 */
                       QN_PQ_TIMESTAMP_US_UTC,   /* int64_t, microseconds since the epoch */
                       QN_PQ_TIMESTAMP_US_LOCAL, /* int64_t, the same without a time zone */
                       QN_PQ_DECIMAL32,          /* int32_t, unscaled; precision <= 9 */
                       QN_PQ_DECIMAL64,          /* int64_t, unscaled; precision <= 18 */
                       QN_PQ_TYPE_COUNT
};

enum qn_parquet_encoding { /* a wish; AUTO decides by the values, always the same way */
                           QN_PQ_AUTO,
                           QN_PQ_PLAIN,
                           QN_PQ_DICTIONARY, /* falls back where the dictionary gets too large */
                           QN_PQ_DELTA,      /* integers: DELTA_BINARY_PACKED; strings:
                                                DELTA_LENGTH_BYTE_ARRAY */
                           QN_PQ_BYTE_STREAM_SPLIT /* floats */
};

struct qn_parquet_column {
    const char *name;
    enum qn_parquet_type type;
    bool optional;     /* may have nulls */
    uint32_t length;   /* FIXED */
    uint8_t precision; /* DECIMAL */
    uint8_t scale;
    enum qn_parquet_encoding encoding;
    bool bloom; /* STRING, BINARY: with a Bloom filter of the values of each group */
};

struct qn_parquet_values {   /* of one column in one row group */
    const void *values;      /* one per row, nulls included (their value is ignored) */
    const uint32_t *offsets; /* STRING, BINARY: rows + 1, into values; NULL otherwise */
    const uint8_t *valid;    /* one byte per row: 0 is null, 1 a value; NULL: no nulls */

    /* STRING, BINARY, instead of a value per row: `values` and `offsets` hold the distinct values,
     * `distinct` of them in ascending order of their bytes, and ids[row] says which. */
    const uint32_t *ids;
    uint32_t distinct;
};

enum pq_codec { /* numbers of the format */
                PQ_UNCOMPRESSED,
                PQ_SNAPPY,
                PQ_GZIP,
                PQ_LZO, /* neither read nor written */
                PQ_BROTLI,
                PQ_LZ4, /* deprecated, read only: Hadoop's frames, or blocks as in LZ4_RAW */
                PQ_ZSTD,
                PQ_LZ4_RAW
};

struct qn_parquet_options {
    enum pq_codec codec; /* where it makes a column smaller */
    int level;           /* within qn_parquet_codec_levels */
    uint32_t page_rows;
    uint32_t dictionary_bytes; /* a larger dictionary is not used */
};
extern const struct qn_parquet_options qn_parquet_defaults; /* zstd 1, 20000, 256 KiB */

struct qn_parquet_levels {
    int least, most, usual; /* most 0: the codec has no levels */
};
/* What levels a codec has; false if it is not written. */
bool qn_parquet_codec_levels(enum pq_codec codec, struct qn_parquet_levels *levels);

/* ---- writing -------------------------------------------------------------------------------- */

/* Scratch memory and codec state for encoding groups of one schema; one per worker. Columns of any
 * type and nesting, as a file has them, are written with parquet/entries.h. */
struct qn_parquet_writer;
enum qn_status qn_parquet_writer_new(struct qn_parquet_writer **writer,
                                     const struct qn_parquet_column *columns, size_t column_count,
                                     const struct qn_parquet_options *options,
                                     struct qn_error *err);
void qn_parquet_writer_free(struct qn_parquet_writer *writer);

/* Encodes a row group of 1 to 2^31-1 rows: its bytes are appended to `bytes`, its description to
 * `meta` (about 200 bytes a column). */
enum qn_status qn_parquet_encode_group(struct qn_parquet_writer *writer,
                                       const struct qn_parquet_values *values, uint64_t rows,
                                       struct qn_buf *bytes, struct qn_buf *meta,
                                       struct qn_error *err);

/* The same column by column, so that no more than one has to be in memory: begin, then add every
 * column in order. `group_start` is where the group begins in `bytes`. */
void qn_parquet_group_begin(const struct qn_parquet_writer *writer, uint64_t rows,
                            struct qn_buf *meta);
enum qn_status qn_parquet_group_add(struct qn_parquet_writer *writer, size_t column,
                                    const struct qn_parquet_values *values, uint64_t rows,
                                    size_t group_start, struct qn_buf *bytes, struct qn_buf *meta,
                                    struct qn_error *err);

struct qn_parquet_footer;
enum qn_status qn_parquet_footer_new(struct qn_parquet_footer **footer,
                                     const struct qn_parquet_column *columns, size_t column_count,
                                     struct qn_error *err);
void qn_parquet_footer_free(struct qn_parquet_footer *footer);

/* The next row group, whose bytes begin at `file_offset`. `meta` is one description. */
enum qn_status qn_parquet_footer_group(struct qn_parquet_footer *footer, const void *meta,
                                       size_t meta_len, uint64_t file_offset, struct qn_error *err);
enum qn_status qn_parquet_footer_key_value(struct qn_parquet_footer *footer, const char *key,
                                           const char *value, struct qn_error *err);

/* Declares the rows of every group sorted by this column, ascending; call in order of keys. */
enum qn_status qn_parquet_footer_sorted(struct qn_parquet_footer *footer, uint32_t column,
                                        struct qn_error *err);

/* Appends page indexes, metadata, length and magic; they begin at `file_offset`. */
enum qn_status qn_parquet_footer_finish(struct qn_parquet_footer *footer, uint64_t file_offset,
                                        struct qn_buf *out, struct qn_error *err);

/* Reads a column back out of a group, given its bytes and the description that was made of it:
 * values of the physical type (DECIMAL, DATE and small integers: int32_t or int64_t), 0 for nulls,
 * appended to `values`, for parts that glue has to merge. Of STRING and BINARY the distinct values
 * that occur, texts of qn_buf_text, are appended to `values` and uint32_t ids to `ids`. One byte
 * per row goes to `valid`. */
enum qn_status qn_parquet_group_column(const struct qn_parquet_column *columns, size_t column,
                                       const void *group, size_t group_len, const void *meta,
                                       size_t meta_len, struct qn_buf *values, struct qn_buf *ids,
                                       struct qn_buf *valid, struct qn_error *err);

/* Where the column lies in the group's bytes, so that no more need be read than that: pass these
 * as `group`. False if the description is damaged. */
bool qn_parquet_group_span(const void *meta, size_t meta_len, size_t column, uint64_t *offset,
                           uint64_t *len);

/* ---- reading -------------------------------------------------------------------------------- */

struct qn_parquet_source { /* where the bytes are; borrowed while the file is open */
    void *context;
    uint64_t size;
    enum qn_status (*read_at)(void *context, uint64_t offset, void *bytes, size_t len,
                              struct qn_error *err);
    const char *name; /* for messages */
};

/* Opens a flat file: footer read and checked against the file's size. Anything out of bounds or
 * self-contradicting is QN_ERR_CORRUPT, nested columns are QN_ERR_UNSUPPORTED. */
struct qn_parquet_file;
enum qn_status qn_parquet_open(struct qn_parquet_file **file,
                               const struct qn_parquet_source *source, struct qn_error *err);
void qn_parquet_close(struct qn_parquet_file *file);

uint64_t qn_parquet_rows(const struct qn_parquet_file *file);
size_t qn_parquet_groups(const struct qn_parquet_file *file);
uint64_t qn_parquet_group_rows(const struct qn_parquet_file *file, size_t group);
size_t qn_parquet_columns(const struct qn_parquet_file *file);
const char *qn_parquet_column_name(const struct qn_parquet_file *file, size_t column);

/* Decodes one column of one group: values of the physical type (int32_t, int64_t, float, double,
 * FIXED bytes), one per row with 0 for nulls, appended to `values`; one byte per row to `valid`
 * where it is not NULL. Encodings PLAIN, RLE_DICTIONARY, DELTA_BINARY_PACKED,
 * BYTE_STREAM_SPLIT; codecs none and zstd; others are QN_ERR_UNSUPPORTED. */
enum qn_status qn_parquet_read_column(struct qn_parquet_file *file, size_t group, size_t column,
                                      struct qn_buf *values, struct qn_buf *valid,
                                      struct qn_error *err);

/* Walks every page of every chunk: headers sane, CRCs right, counts equal to the rows. */
enum qn_status qn_parquet_check(struct qn_parquet_file *file, uint64_t *pages,
                                struct qn_error *err);

#endif
