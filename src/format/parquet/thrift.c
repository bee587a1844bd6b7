/* Thrift compact protocol: see thrift.h. */
#include "format/parquet/thrift.h"

static uint64_t zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

static int64_t unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1 ^ (~(value & 1) + 1));
}

/* ---- writing -------------------------------------------------------------------------------- */

void qn_thrift_begin(struct qn_thrift_writer *w, struct qn_buf *out)
{
    *w = (struct qn_thrift_writer){.out = out};
}

static void field(struct qn_thrift_writer *w, int16_t id, enum qn_thrift_type type)
{
    int delta = id - w->last[w->depth];
    w->last[w->depth] = id;
    if (delta >= 1 && delta <= 15) {
        qn_buf_u8(w->out, (uint8_t)(delta << 4 | (int)type));
        return;
    }
    qn_buf_u8(w->out, (uint8_t)type);
    qn_buf_varint(w->out, zigzag(id));
}

void qn_thrift_element(struct qn_thrift_writer *w)
{
    if (w->depth + 1 >= QN_THRIFT_DEPTH) {
        w->out->failed = true;
        return;
    }
    w->last[++w->depth] = 0;
}

void qn_thrift_struct(struct qn_thrift_writer *w, int16_t id)
{
    field(w, id, QN_THRIFT_STRUCT);
    qn_thrift_element(w);
}

void qn_thrift_end(struct qn_thrift_writer *w)
{
    qn_buf_u8(w->out, QN_THRIFT_STOP);
    if (w->depth > 0)
        w->depth--;
}

void qn_thrift_i8(struct qn_thrift_writer *w, int16_t id, int8_t value)
{
    field(w, id, QN_THRIFT_I8);
    qn_buf_u8(w->out, (uint8_t)value);
}

void qn_thrift_i16(struct qn_thrift_writer *w, int16_t id, int16_t value)
{
    field(w, id, QN_THRIFT_I16);
    qn_buf_varint(w->out, zigzag(value));
}

void qn_thrift_i32(struct qn_thrift_writer *w, int16_t id, int32_t value)
{
    field(w, id, QN_THRIFT_I32);
    qn_buf_varint(w->out, zigzag(value));
}

void qn_thrift_i64(struct qn_thrift_writer *w, int16_t id, int64_t value)
{
    field(w, id, QN_THRIFT_I64);
    qn_buf_varint(w->out, zigzag(value));
}

void qn_thrift_bool(struct qn_thrift_writer *w, int16_t id, bool value)
{
    field(w, id, value ? QN_THRIFT_TRUE : QN_THRIFT_FALSE);
}

void qn_thrift_binary(struct qn_thrift_writer *w, int16_t id, const void *bytes, size_t len)
{
    field(w, id, QN_THRIFT_BINARY);
    qn_thrift_put_binary(w, bytes, len);
}

void qn_thrift_raw(struct qn_thrift_writer *w, int16_t id, enum qn_thrift_type type,
                   const void *bytes, size_t len)
{
    field(w, id, type);
    qn_buf_append(w->out, bytes, len);
}

void qn_thrift_list(struct qn_thrift_writer *w, int16_t id, enum qn_thrift_type type, size_t size)
{
    field(w, id, QN_THRIFT_LIST);
    qn_thrift_list_alone(w, type, size);
}

void qn_thrift_list_alone(struct qn_thrift_writer *w, enum qn_thrift_type type, size_t size)
{
    if (size < 15) {
        qn_buf_u8(w->out, (uint8_t)(size << 4 | type));
        return;
    }
    qn_buf_u8(w->out, (uint8_t)(0xf0 | type));
    qn_buf_varint(w->out, size);
}

void qn_thrift_put_i64(struct qn_thrift_writer *w, int64_t value)
{
    qn_buf_varint(w->out, zigzag(value));
}

void qn_thrift_put_binary(struct qn_thrift_writer *w, const void *bytes, size_t len)
{
    qn_buf_varint(w->out, len);
    qn_buf_append(w->out, bytes, len);
}

void qn_thrift_put_bool(struct qn_thrift_writer *w, bool value)
{
    qn_buf_u8(w->out, value ? 1 : 2);
}

/* ---- reading -------------------------------------------------------------------------------- */

void qn_thrift_read(struct qn_thrift_reader *r, const void *bytes, size_t len)
{
    *r = (struct qn_thrift_reader){.in = {.data = bytes, .len = len}};
}

void qn_thrift_open(struct qn_thrift_reader *r)
{
    if (r->depth + 1 >= QN_THRIFT_DEPTH)
        r->in.failed = true;
    else
        r->last[++r->depth] = 0;
}

enum qn_thrift_type qn_thrift_field(struct qn_thrift_reader *r, int16_t *id)
{
    uint8_t head = qn_cursor_u8(&r->in);
    enum qn_thrift_type type = head & 15;
    *id = 0;
    if (r->in.failed || type == QN_THRIFT_STOP) {
        if (r->depth > 0)
            r->depth--;
        return QN_THRIFT_STOP;
    }
    *id = head >> 4 ? (int16_t)(r->last[r->depth] + (head >> 4))
                    : (int16_t)unzigzag(qn_cursor_varint(&r->in));
    r->last[r->depth] = *id;
    return type;
}

int64_t qn_thrift_int(struct qn_thrift_reader *r)
{
    return unzigzag(qn_cursor_varint(&r->in));
}

const uint8_t *qn_thrift_bytes(struct qn_thrift_reader *r, size_t *len)
{
    uint64_t n = qn_cursor_varint(&r->in);
    const uint8_t *bytes = n > SIZE_MAX ? NULL : qn_cursor_bytes(&r->in, (size_t)n);
    *len = bytes ? (size_t)n : 0;
    return bytes;
}

size_t qn_thrift_list_head(struct qn_thrift_reader *r, enum qn_thrift_type *type)
{
    uint8_t head = qn_cursor_u8(&r->in);
    uint64_t size = head >> 4;
    *type = head & 15;
    if (size == 15)
        size = qn_cursor_varint(&r->in);
    if (r->in.failed || size > r->in.len - r->in.at) {
        r->in.failed = true; /* every element takes at least a byte */
        return 0;
    }
    return (size_t)size;
}

static void skip_struct(struct qn_thrift_reader *r)
{
    int16_t id;
    enum qn_thrift_type type;
    qn_thrift_open(r);
    while (!r->in.failed && (type = qn_thrift_field(r, &id)) != QN_THRIFT_STOP)
        qn_thrift_skip(r, type);
}

static void skip_list(struct qn_thrift_reader *r)
{
    enum qn_thrift_type type;
    size_t size = qn_thrift_list_head(r, &type);
    qn_thrift_open(r); /* lists in lists are a level each, as structs are */
    for (size_t i = 0; i < size && !r->in.failed; i++) {
        if (type == QN_THRIFT_TRUE || type == QN_THRIFT_FALSE)
            qn_cursor_u8(&r->in); /* a boolean element is a byte */
        else
            qn_thrift_skip(r, type);
    }
    r->depth--;
}

void qn_thrift_skip(struct qn_thrift_reader *r, enum qn_thrift_type type)
{
    size_t len;
    switch (type) {
    case QN_THRIFT_TRUE:
    case QN_THRIFT_FALSE:
        break; /* the field header is the value */
    case QN_THRIFT_I8:
        qn_cursor_u8(&r->in);
        break;
    case QN_THRIFT_I16:
    case QN_THRIFT_I32:
    case QN_THRIFT_I64:
        qn_cursor_varint(&r->in);
        break;
    case QN_THRIFT_DOUBLE:
        qn_cursor_u64(&r->in);
        break;
    case QN_THRIFT_BINARY:
        qn_thrift_bytes(r, &len);
        break;
    case QN_THRIFT_LIST:
    case QN_THRIFT_SET:
        skip_list(r);
        break;
    case QN_THRIFT_STRUCT:
        skip_struct(r);
        break;
    default:
        r->in.failed = true; /* maps do not occur in Parquet metadata */
    }
}
