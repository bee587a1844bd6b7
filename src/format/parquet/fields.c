/* Fields of Parquet's metadata, each checked for its type: see file.h. Field numbers:
 * apache/parquet-format, parquet.thrift. */
#include "format/parquet/file.h"

bool pq_field(struct qn_thrift_reader *r, int16_t *id, enum qn_thrift_type *type)
{
    if (r->in.failed)
        return false;
    *type = qn_thrift_field(r, id);
    return !r->in.failed && *type != QN_THRIFT_STOP;
}

int64_t pq_int(struct qn_thrift_reader *r, enum qn_thrift_type type)
{
    if (type == QN_THRIFT_I8)
        return (int8_t)qn_cursor_u8(&r->in);
    if (type == QN_THRIFT_I16 || type == QN_THRIFT_I32 || type == QN_THRIFT_I64)
        return qn_thrift_int(r);
    r->in.failed = true;
    return 0;
}

bool pq_bool(struct qn_thrift_reader *r, enum qn_thrift_type type)
{
    if (type != QN_THRIFT_TRUE && type != QN_THRIFT_FALSE)
        r->in.failed = true;
    return type == QN_THRIFT_TRUE;
}

struct qn_parquet_bytes pq_bytes(struct qn_thrift_reader *r, enum qn_thrift_type type)
{
    struct qn_parquet_bytes bytes = {0};
    if (type == QN_THRIFT_BINARY)
        bytes.data = qn_thrift_bytes(r, &bytes.len);
    else
        r->in.failed = true;
    return bytes;
}

bool pq_struct(struct qn_thrift_reader *r, enum qn_thrift_type type)
{
    if (type != QN_THRIFT_STRUCT) {
        r->in.failed = true;
        return false;
    }
    qn_thrift_open(r);
    return !r->in.failed;
}

size_t pq_list(struct qn_thrift_reader *r, enum qn_thrift_type type, enum qn_thrift_type of)
{
    enum qn_thrift_type element;
    if (type != QN_THRIFT_LIST) {
        r->in.failed = true;
        return 0;
    }
    size_t count = qn_thrift_list_head(r, &element);
    bool boolean = of == QN_THRIFT_TRUE && element == QN_THRIFT_FALSE;
    if (count > 0 && element != of && !boolean)
        r->in.failed = true;
    return r->in.failed ? 0 : count;
}

void pq_get_statistics(struct qn_thrift_reader *r, enum qn_thrift_type type,
                       struct qn_parquet_statistics *stats)
{
    int16_t id;
    *stats = PQ_NO_STATISTICS;
    if (!pq_struct(r, type))
        return;
    while (pq_field(r, &id, &type)) {
        if (id == 1)
            stats->old_max = pq_bytes(r, type);
        else if (id == 2)
            stats->old_min = pq_bytes(r, type);
        else if (id == 3)
            stats->nulls = pq_int(r, type);
        else if (id == 4)
            stats->distinct = pq_int(r, type);
        else if (id == 5)
            stats->max = pq_bytes(r, type);
        else if (id == 6)
            stats->min = pq_bytes(r, type);
        else if (id == 7)
            stats->max_exact = pq_bool(r, type);
        else if (id == 8)
            stats->min_exact = pq_bool(r, type);
        else if (id == 9)
            stats->nans = pq_int(r, type);
        else
            qn_thrift_skip(r, type);
    }
}
