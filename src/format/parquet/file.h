/* Inside of the Parquet reader: an open file. open.c makes it of the footer's bytes,
 * schema.c its tree of columns, scan.c reads columns out of it. Nothing in a file
 * is trusted: every offset, length and count is checked before it is used.
 */
#ifndef QN_FORMAT_PARQUET_FILE_H
#define QN_FORMAT_PARQUET_FILE_H

#include "format/parquet/reader.h"
#include "format/parquet/thrift.h"

struct pq_group {
    uint64_t rows;
    uint32_t at; /* of its struct in the footer, and its length */
    uint32_t len;
    uint32_t sorting; /* where its list of SortingColumns is in the footer; 0: none */
};

struct qn_parquet_file {
    struct qn_parquet_source source;
    struct qn_parquet_limits limits;
    enum qn_parquet_trust trust;
    struct qn_buf footer; /* its bytes; chunks are parsed anew out of them when asked for */
    uint64_t footer_at;
    size_t schema_at; /* the list of SchemaElements, in the footer */
    struct qn_parquet_node *nodes;
    size_t node_count;
    uint32_t *leaves; /* nodes */
    size_t leaf_count;
    char *names; /* of the nodes */
    struct pq_group *groups;
    size_t group_count;
    uint32_t *chunks; /* group_count * leaf_count: where each is in the footer */
    uint8_t *orders;  /* of the leaves: fields of the union ColumnOrder */
    size_t order_count;
    uint64_t rows;
    int32_t version;
    char *created_by;
    bool encrypted;           /* the footer is readable, columns may not be */
    struct qn_buf key_values; /* texts: key, value, key, value, each with a NUL behind it */
    struct qn_buf key_places; /* uint32_t: where each begins */
    size_t key_value_count;
};

/* QN_ERR_CORRUPT, with the file's name and what is wrong with it. */
enum qn_status pq_corrupt(const struct qn_parquet_file *file, struct qn_error *err, int64_t offset,
                          const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The list of SchemaElements at hand into nodes, leaves and names. */
enum qn_status pq_get_schema(struct qn_parquet_file *file, struct qn_thrift_reader *r,
                             enum qn_thrift_type type, struct qn_error *err);

/* A chunk's description against the file and its group: bounds, type, codec. */
enum qn_status pq_check_chunk(const struct qn_parquet_file *file, size_t group, size_t leaf,
                              const struct qn_parquet_chunk *chunk, struct qn_error *err);

/* ---- fields of the metadata ----------------------------------------------------------------- */

/* The next field of the open struct; false at its end, and once reading failed. */
bool pq_field(struct qn_thrift_reader *r, int16_t *id, enum qn_thrift_type *type);
/* A field's value if it has the type that it should have; otherwise reading fails. */
int64_t pq_int(struct qn_thrift_reader *r, enum qn_thrift_type type);
bool pq_bool(struct qn_thrift_reader *r, enum qn_thrift_type type);
struct qn_parquet_bytes pq_bytes(struct qn_thrift_reader *r, enum qn_thrift_type type);
/* Opens a struct-valued field; false, and reading fails, if it is something else. */
bool pq_struct(struct qn_thrift_reader *r, enum qn_thrift_type type);
/* Number of elements of a list-valued field of elements of that type (structs, or booleans as
 * QN_THRIFT_TRUE); 0, and reading fails, if it is something else. */
size_t pq_list(struct qn_thrift_reader *r, enum qn_thrift_type type, enum qn_thrift_type of);
void pq_get_statistics(struct qn_thrift_reader *r, enum qn_thrift_type type,
                       struct qn_parquet_statistics *stats);
#define PQ_NO_STATISTICS                                                                           \
    (struct qn_parquet_statistics)                                                                 \
    {                                                                                              \
        .nulls = -1, .distinct = -1, .nans = -1, .min_exact = -1, .max_exact = -1                  \
    }

#endif
