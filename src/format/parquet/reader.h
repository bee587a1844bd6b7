/* Reading any Parquet file: the footer as tables, columns batch by batch, whatever their types,
 * nesting, encodings and codecs. parquet.h has the short way for flat columns of numbers.
 *
 * Nothing in a file is trusted: what is out of bounds or contradicts itself is QN_ERR_CORRUPT with
 * the offset, what is legal but not read (encryption, codecs that nobody writes any more, more than
 * the limits allow) is QN_ERR_UNSUPPORTED with its name. Memory for reading is bounded by the
 * footer, one page and one dictionary; each has a declared limit.
 *
 * Nested columns are given as the file holds them (Dremel levels): an entry per value, null or
 * empty list; its definition level says how far down it is defined, its repetition level which
 * list it continues. record.h makes records of them again.
 */
#ifndef QN_FORMAT_PARQUET_READER_H
#define QN_FORMAT_PARQUET_READER_H

#include "format/parquet/types.h"

struct qn_parquet_limits {
    uint64_t footer_bytes;
    uint64_t page_bytes; /* of one page, unpacked; also what its values may unfold to */
};
extern const struct qn_parquet_limits qn_parquet_default_limits; /* 256 MiB, 256 MiB */

/* Opens a file of any schema. With `lenient` the row groups are not checked against each other and
 * against the file's size: scans do that, and whoever looks for faults sees more of them. */
enum qn_parquet_trust { QN_PARQUET_STRICT, QN_PARQUET_LENIENT };
enum qn_status qn_parquet_open_any(struct qn_parquet_file **file,
                                   const struct qn_parquet_source *source,
                                   const struct qn_parquet_limits *limits,
                                   enum qn_parquet_trust trust, struct qn_error *err);

/* ---- the schema ----------------------------------------------------------------------------- */

enum qn_parquet_meaning { /* of a node: LogicalType, or the older ConvertedType */
                          QN_PQ_MEANS_NOTHING,
                          QN_PQ_MEANS_STRING,
                          QN_PQ_MEANS_MAP,
                          QN_PQ_MEANS_LIST,
                          QN_PQ_MEANS_ENUM,
                          QN_PQ_MEANS_DECIMAL,
                          QN_PQ_MEANS_DATE,
                          QN_PQ_MEANS_TIME,
                          QN_PQ_MEANS_TIMESTAMP,
                          QN_PQ_MEANS_INTEGER,
                          QN_PQ_MEANS_UNKNOWN, /* always null */
                          QN_PQ_MEANS_JSON,
                          QN_PQ_MEANS_BSON,
                          QN_PQ_MEANS_UUID,
                          QN_PQ_MEANS_FLOAT16,
                          QN_PQ_MEANS_VARIANT,
                          QN_PQ_MEANS_GEOMETRY,
                          QN_PQ_MEANS_GEOGRAPHY,
                          QN_PQ_MEANS_INTERVAL,
                          QN_PQ_MEANS_OTHER /* a logical type that this version does not know */
};

enum qn_parquet_unit { QN_PQ_MILLIS = 1, QN_PQ_MICROS, QN_PQ_NANOS };
enum qn_parquet_repetition { QN_PQ_REQUIRED, QN_PQ_OPTIONAL, QN_PQ_REPEATED };

struct qn_parquet_node { /* of the schema, in the order of the file; node 0 is the root */
    const char *name;
    uint32_t parent;
    uint32_t next;   /* the node behind this one's subtree; its first child is the node after it */
    uint32_t leaf;   /* the first leaf of its subtree */
    uint32_t leaves; /* how many there are */
    bool is_leaf;
    uint8_t max_def; /* levels of a value that is there */
    uint8_t max_rep;
    enum qn_parquet_repetition repetition;
    enum pq_physical physical; /* of a leaf */
    uint32_t length;           /* bytes of a FIXED value */
    enum qn_parquet_meaning meaning;
    uint8_t unit;      /* TIME, TIMESTAMP: enum qn_parquet_unit */
    bool utc;          /* TIME, TIMESTAMP: isAdjustedToUTC */
    int8_t bits;       /* INTEGER: width; negative: unsigned */
    int32_t precision; /* DECIMAL */
    int32_t scale;
    bool key_value;   /* ConvertedType MAP_KEY_VALUE */
    int32_t field_id; /* -1: none */
};

size_t qn_parquet_node_count(const struct qn_parquet_file *file);
const struct qn_parquet_node *qn_parquet_node(const struct qn_parquet_file *file, size_t node);
size_t qn_parquet_leaf_count(const struct qn_parquet_file *file);
const struct qn_parquet_node *qn_parquet_leaf(const struct qn_parquet_file *file, size_t leaf);

/* "a.list.element": names joined by dots, without the root's; cut to fit. Returns text. */
const char *qn_parquet_leaf_path(const struct qn_parquet_file *file, size_t leaf, char *text,
                                 size_t size);
/* The leaf of that path, or SIZE_MAX. */
size_t qn_parquet_find_leaf(const struct qn_parquet_file *file, const char *path);

/* "int64 (TIMESTAMP micros UTC)": what `quern parquet schema` prints for a node. Returns text. */
const char *qn_parquet_type_text(const struct qn_parquet_node *node, char *text, size_t size);

/* Whether values of two nodes are of the same type, and mean the same. */
bool qn_parquet_same_type(const struct qn_parquet_node *a, const struct qn_parquet_node *b);
/* Whether rows of top-level column `column` of `file` can be rows of `into` of another file: types,
 * and the structure below, are the same; only a column of single values may be required where it is
 * optional there. Names of the columns themselves do not matter. */
bool qn_parquet_column_fits(const struct qn_parquet_file *file, uint32_t column,
                            const struct qn_parquet_file *other, uint32_t into);

/* The order in which the values of a leaf compare, as statistics and sorting use it. */
enum qn_parquet_order {
    QN_PQ_ORDER_NONE, /* undefined: INT96, INTERVAL, unknown types */
    QN_PQ_ORDER_I32,
    QN_PQ_ORDER_U32,
    QN_PQ_ORDER_I64,
    QN_PQ_ORDER_U64,
    QN_PQ_ORDER_FLOAT,
    QN_PQ_ORDER_DOUBLE,
    QN_PQ_ORDER_FLOAT16,
    QN_PQ_ORDER_BOOLEAN,
    QN_PQ_ORDER_BYTES,  /* unsigned, byte by byte */
    QN_PQ_ORDER_DECIMAL /* two's complement, big-endian, of any length */
};
enum qn_parquet_order qn_parquet_order(const struct qn_parquet_node *leaf);
/* Whether a bloom filter of such values helps: not of booleans, nor of types without an order,
 * whose equal values may differ in their bytes (writers hash INTERVAL each in their own way). */
static inline bool qn_parquet_may_bloom(enum qn_parquet_order order)
{
    return order != QN_PQ_ORDER_NONE && order != QN_PQ_ORDER_BOOLEAN;
}
/* Compares two values in their plain form: negative, 0, positive. NaN is equal to everything. */
int qn_parquet_compare(enum qn_parquet_order order, const uint8_t *a, size_t a_len,
                       const uint8_t *b, size_t b_len);
/* Bytes of a stored value; 0 for BYTE_ARRAY. A boolean takes one here. */
size_t qn_parquet_width(const struct qn_parquet_node *leaf);

/* ---- the file and its row groups ------------------------------------------------------------ */

struct qn_parquet_bytes { /* in memory of the file; data is NULL if the field is not there */
    const uint8_t *data;
    size_t len;
};

struct qn_parquet_about {
    uint64_t rows;      /* as the footer says */
    uint64_t size;      /* of the file */
    uint64_t footer_at; /* where the metadata starts, and its length */
    uint64_t footer_len;
    int32_t version;
    const char *created_by; /* "" if it is not said */
    size_t key_values;
};
struct qn_parquet_about qn_parquet_about(const struct qn_parquet_file *file);
/* Key and value number i, NUL-terminated. */
void qn_parquet_key_value_at(const struct qn_parquet_file *file, size_t i, const char **key,
                             const char **value);
/* Whether the leaf's ColumnOrder is TYPE_ORDER: without it min_value and max_value mean nothing.
 * Writers from before its time give none for any column; that counts as TYPE_ORDER here. */
bool qn_parquet_has_order(const struct qn_parquet_file *file, size_t leaf);

struct qn_parquet_sorting {
    int32_t leaf; /* as the file says: unchecked */
    bool descending;
    bool nulls_first;
};
/* The declared order of a row group's rows: at most `most`, outermost first. Returns how many. */
size_t qn_parquet_group_sorting(const struct qn_parquet_file *file, size_t group,
                                struct qn_parquet_sorting *sorting, size_t most);

struct qn_parquet_statistics { /* -1 where the file does not say */
    int64_t nulls;
    int64_t distinct;
    int64_t nans;
    struct qn_parquet_bytes min, max;         /* min_value, max_value */
    struct qn_parquet_bytes old_min, old_max; /* the deprecated ones, compared as signed */
    int8_t min_exact, max_exact;
};

struct qn_parquet_encoding_count {
    int32_t page; /* enum pq_page */
    int32_t coding;
    int32_t pages;
};

struct qn_parquet_chunk { /* one column of one group; offsets in the file, -1: not there */
    enum pq_physical physical;
    enum pq_codec codec;
    uint32_t encodings; /* bit n: enum pq_coding n */
    int64_t values;     /* entries: nulls and empty lists included */
    int64_t raw_bytes;  /* with page headers */
    int64_t stored_bytes;
    int64_t data_page;
    int64_t dictionary_page;
    int64_t index_page;
    int64_t bloom;
    int64_t bloom_bytes;
    int64_t column_index;
    int64_t column_index_bytes;
    int64_t offset_index;
    int64_t offset_index_bytes;
    struct qn_parquet_statistics stats;
    struct qn_parquet_encoding_count encoding_stats[16];
    size_t encoding_stats_count; /* as the file says; 16 are kept */
    bool encrypted;
    bool elsewhere; /* in another file */
};
/* QN_ERR_CORRUPT if its description makes no sense. */
enum qn_status qn_parquet_chunk(const struct qn_parquet_file *file, size_t group, size_t leaf,
                                struct qn_parquet_chunk *chunk, struct qn_error *err);
/* Where its bytes start: the dictionary page, or the first data page. */
int64_t qn_parquet_chunk_start(const struct qn_parquet_chunk *chunk);

/* "snappy", "DELTA_BINARY_PACKED", "int64": names of the format, "?" for what is not known. */
const char *qn_parquet_codec_name(int codec);
const char *qn_parquet_coding_name(int coding);
const char *qn_parquet_physical_name(enum pq_physical physical);

/* ---- columns -------------------------------------------------------------------------------- */

struct qn_parquet_text { /* a value of a byte array */
    const uint8_t *bytes;
    uint32_t len;
};

struct qn_parquet_page { /* the page that a batch is of */
    uint64_t number;     /* of the data pages of the chunk, from 0 */
    uint64_t offset;     /* of its header, in the file */
    uint32_t bytes;      /* stored, with header */
    uint32_t header_bytes;
    uint32_t raw_len; /* unpacked, without header */
    enum pq_page kind;
    enum pq_coding coding;
    enum pq_coding def_coding, rep_coding;
    uint32_t entries;
    bool has_crc;
    bool crc_wrong; /* seen only with QN_PARQUET_LENIENT: otherwise an error */
    int64_t nulls;  /* version 2, as its header says; -1 otherwise */
    int64_t rows;
    struct qn_parquet_statistics stats; /* of the header */
};

struct qn_parquet_batch {
    size_t count;       /* entries; 0: the chunk is at its end */
    size_t values;      /* of them with a value */
    const uint8_t *def; /* levels of the entries; NULL where none are possible */
    const uint8_t *rep;
    const uint8_t *fixed;                /* the values, host order, without gaps ... */
    const struct qn_parquet_text *texts; /* ... or these, for BYTE_ARRAY */
    const uint32_t *ids; /* of a page in dictionary encoding: which entry each value is */
    bool page_ends;      /* this is the last batch of its page */
    const struct qn_parquet_page *page;
};

/* One column of one group. Several scans of a file may be open at once. */
struct qn_parquet_scan;
enum qn_status qn_parquet_scan_open(struct qn_parquet_scan **scan, struct qn_parquet_file *file,
                                    size_t group, size_t leaf, struct qn_error *err);
/* The next entries, at most 4096 and all of one page; valid until the next call. */
enum qn_status qn_parquet_scan_next(struct qn_parquet_scan *scan, struct qn_parquet_batch *batch,
                                    struct qn_error *err);
void qn_parquet_scan_close(struct qn_parquet_scan *scan); /* NULL is fine */

/* The dictionary as far as the scan has read: its page, its entries; count 0 if there is none. */
struct qn_parquet_dictionary {
    uint32_t count;
    const uint8_t *fixed;
    const struct qn_parquet_text *texts;
    struct qn_parquet_page page;
};
const struct qn_parquet_dictionary *qn_parquet_scan_dictionary(const struct qn_parquet_scan *scan);

/* Where in the file the next page would start: behind the last one at the end of the chunk. */
uint64_t qn_parquet_scan_at(const struct qn_parquet_scan *scan);

#endif
