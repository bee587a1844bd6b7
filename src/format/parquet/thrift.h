/* The Thrift compact protocol, as far as Parquet needs it: a writer into a buffer and a reader
 * that trusts nothing it reads. */
#ifndef QN_FORMAT_THRIFT_H
#define QN_FORMAT_THRIFT_H

#include "base/buf.h"

enum qn_thrift_type {
    QN_THRIFT_STOP = 0,
    QN_THRIFT_TRUE = 1,
    QN_THRIFT_FALSE = 2,
    QN_THRIFT_I8 = 3,
    QN_THRIFT_I16 = 4,
    QN_THRIFT_I32 = 5,
    QN_THRIFT_I64 = 6,
    QN_THRIFT_DOUBLE = 7,
    QN_THRIFT_BINARY = 8,
    QN_THRIFT_LIST = 9,
    QN_THRIFT_SET = 10,
    QN_THRIFT_MAP = 11,
    QN_THRIFT_STRUCT = 12
};

#define QN_THRIFT_DEPTH 16

struct qn_thrift_writer {
    struct qn_buf *out;
    int16_t last[QN_THRIFT_DEPTH]; /* field id last written, per open struct */
    int depth;
};

/* The outermost struct is open from the start; end it like the others. */
void qn_thrift_begin(struct qn_thrift_writer *w, struct qn_buf *out);
void qn_thrift_struct(struct qn_thrift_writer *w, int16_t id); /* a struct as field `id` */
void qn_thrift_element(struct qn_thrift_writer *w);            /* a struct as list element */
void qn_thrift_end(struct qn_thrift_writer *w);
void qn_thrift_i8(struct qn_thrift_writer *w, int16_t id, int8_t value);
void qn_thrift_i16(struct qn_thrift_writer *w, int16_t id, int16_t value);
void qn_thrift_i32(struct qn_thrift_writer *w, int16_t id, int32_t value);
void qn_thrift_i64(struct qn_thrift_writer *w, int16_t id, int64_t value);
void qn_thrift_bool(struct qn_thrift_writer *w, int16_t id, bool value);
void qn_thrift_binary(struct qn_thrift_writer *w, int16_t id, const void *bytes, size_t len);
void qn_thrift_list(struct qn_thrift_writer *w, int16_t id, enum qn_thrift_type type, size_t size);

/* A field whose value is there as bytes: of another struct, any type but booleans. */
void qn_thrift_raw(struct qn_thrift_writer *w, int16_t id, enum qn_thrift_type type,
                   const void *bytes, size_t len);

/* A list on its own: its head; elements follow. */
void qn_thrift_list_alone(struct qn_thrift_writer *w, enum qn_thrift_type type, size_t size);

/* Elements of a list. */
void qn_thrift_put_i64(struct qn_thrift_writer *w, int64_t value); /* i16, i32 and i64 alike */
void qn_thrift_put_binary(struct qn_thrift_writer *w, const void *bytes, size_t len);
void qn_thrift_put_bool(struct qn_thrift_writer *w, bool value);

/* ---- reading: errors set in->failed and give zeros ------------------------------------------ */

struct qn_thrift_reader {
    struct qn_cursor in;
    int16_t last[QN_THRIFT_DEPTH];
    int depth;
};

void qn_thrift_read(struct qn_thrift_reader *r, const void *bytes, size_t len);

/* The next field of the open struct: its type and id. QN_THRIFT_STOP closes it. */
enum qn_thrift_type qn_thrift_field(struct qn_thrift_reader *r, int16_t *id);
void qn_thrift_open(struct qn_thrift_reader *r); /* a struct-valued field or element */
int64_t qn_thrift_int(struct qn_thrift_reader *r);
const uint8_t *qn_thrift_bytes(struct qn_thrift_reader *r, size_t *len);
/* Element type and count; no more elements than bytes are left. */
size_t qn_thrift_list_head(struct qn_thrift_reader *r, enum qn_thrift_type *type);
void qn_thrift_skip(struct qn_thrift_reader *r, enum qn_thrift_type type);

#endif
