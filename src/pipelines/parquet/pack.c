/* Rows into Parquet: see pack.h. */
#include "pipelines/parquet/pack.h"

#include "base/io.h"
#include "base/sys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a file that appears when it is whole --------------------------------------------------- */

enum qn_status qn_fresh_open(struct qn_fresh_file *file, const char *path, struct qn_error *err)
{
    file->size = 0;
    snprintf(file->path, sizeof file->path, "%s", path);
    snprintf(file->temporary, sizeof file->temporary, "%s.unfinished", path);
    return qn_open_claimed(file->temporary, &file->fd, err);
}

enum qn_status qn_fresh_write(struct qn_fresh_file *file, const void *bytes, size_t len,
                              struct qn_error *err)
{
    file->size += len;
    return qn_write_all(file->fd, file->temporary, bytes, len, err);
}

enum qn_status qn_fresh_finish(struct qn_fresh_file *file, struct qn_error *err)
{
    if (qn_sys.fsync(file->fd) != 0)
        return qn_fail_errno(err, errno, "write", file->temporary);
    if (qn_sys.rename(file->temporary, file->path) != 0)
        return qn_fail_errno(err, errno, "give its name to", file->temporary);
    qn_sys.close(file->fd); /* after the rename: until then the name is claimed */
    file->fd = -1;
    return qn_sync_parent(file->path, err);
}

void qn_fresh_discard(struct qn_fresh_file *file)
{
    if (file->fd < 0)
        return;
    qn_sys.close(file->fd);
    qn_sys.unlink(file->temporary);
    file->fd = -1;
}

/* ---- types ---------------------------------------------------------------------------------- */

static bool integer_type(const struct qn_parquet_node *node, enum qn_parquet_type *type)
{
    bool wide = node->physical == PQ_INT64;
    switch (node->meaning) {
    case QN_PQ_MEANS_NOTHING:
        *type = wide ? QN_PQ_INT64 : QN_PQ_INT32;
        return true;
    case QN_PQ_MEANS_INTEGER:
        switch (node->bits) {
        case 8:
            *type = QN_PQ_INT8;
            return true;
        case 16:
            *type = QN_PQ_INT16;
            return true;
        case -8:
            *type = QN_PQ_UINT8;
            return true;
        case -16:
            *type = QN_PQ_UINT16;
            return true;
        default:
            *type = node->bits < 0 ? (wide ? QN_PQ_UINT64 : QN_PQ_UINT32)
                                   : (wide ? QN_PQ_INT64 : QN_PQ_INT32);
            return true;
        }
    case QN_PQ_MEANS_DATE:
        *type = QN_PQ_DATE;
        return true;
    case QN_PQ_MEANS_TIMESTAMP:
        *type = node->utc ? QN_PQ_TIMESTAMP_US_UTC : QN_PQ_TIMESTAMP_US_LOCAL;
        return node->unit == QN_PQ_MICROS;
    case QN_PQ_MEANS_DECIMAL:
        *type = wide ? QN_PQ_DECIMAL64 : QN_PQ_DECIMAL32;
        return node->precision <= (wide ? 18 : 9);
    default:
        return false;
    }
}

static bool type_of(const struct qn_parquet_node *node, enum qn_parquet_type *type)
{
    switch (node->physical) {
    case PQ_BOOLEAN:
        *type = QN_PQ_BOOLEAN;
        return node->meaning == QN_PQ_MEANS_NOTHING;
    case PQ_INT32:
    case PQ_INT64:
        return integer_type(node, type);
    case PQ_FLOAT:
    case PQ_DOUBLE:
        *type = node->physical == PQ_FLOAT ? QN_PQ_FLOAT : QN_PQ_DOUBLE;
        return node->meaning == QN_PQ_MEANS_NOTHING;
    case PQ_BYTE_ARRAY:
        *type = node->meaning == QN_PQ_MEANS_STRING ? QN_PQ_STRING : QN_PQ_BINARY;
        return node->meaning == QN_PQ_MEANS_STRING || node->meaning == QN_PQ_MEANS_NOTHING;
    case PQ_FIXED:
        *type = QN_PQ_FIXED;
        return node->meaning == QN_PQ_MEANS_NOTHING;
    default:
        return false;
    }
}

bool qn_same_type(const struct qn_parquet_node *a, const struct qn_parquet_node *b)
{
    return a->is_leaf == b->is_leaf && a->physical == b->physical && a->length == b->length &&
           a->meaning == b->meaning && a->unit == b->unit && a->utc == b->utc &&
           a->bits == b->bits && a->scale == b->scale && a->precision == b->precision;
}

/* ---- columns being gathered ----------------------------------------------------------------- */

struct gathered {
    const struct qn_parquet_node *node;
    size_t stored; /* bytes of a value as scans give it; 0: byte arrays */
    size_t native; /* and as the encoder takes it */
    struct qn_buf values;
    struct qn_buf ends;  /* uint64_t, of byte arrays: where each ends in `values` */
    struct qn_buf valid; /* a byte per row */
    struct qn_buf group_values, group_offsets, group_valid; /* of the group being encoded */
};

struct qn_pack {
    struct qn_fresh_file out;
    struct qn_pack_options options;
    struct qn_parquet_column *columns;
    struct qn_parquet_values *values;
    struct gathered *gathered;
    size_t column_count;
    struct qn_parquet_writer *writer;
    struct qn_parquet_footer *footer;
    struct qn_buf bytes, meta;
    uint64_t rows; /* waiting */
};

static enum qn_status set_column(const struct qn_opened *like, uint32_t index,
                                 struct qn_parquet_column *column, struct gathered *gathered,
                                 struct qn_error *err)
{
    const struct qn_parquet_node *node = qn_parquet_node(like->file, index);
    enum qn_parquet_type type;
    char text[96];
    if (!node->is_leaf || node->max_rep > 0 || !type_of(node, &type))
        return qn_fail_at(err, QN_ERR_UNSUPPORTED, like->path, -1,
                          "column '%s' of '%s' is of type %s, which is read but not written. Leave "
                          "it out with --columns.",
                          node->name, like->path, qn_parquet_type_text(node, text, sizeof text));
    *column = (struct qn_parquet_column){.name = node->name,
                                         .type = type,
                                         .optional = node->repetition == QN_PQ_OPTIONAL,
                                         .length = node->length,
                                         .precision = (uint8_t)node->precision,
                                         .scale = (uint8_t)node->scale};
    gathered->node = node;
    gathered->stored = qn_parquet_width(node);
    gathered->native = type == QN_PQ_FIXED ? node->length : pq_types[type].native_bytes;
    return QN_OK;
}

enum qn_status qn_pack_new(struct qn_pack **out, const char *path, const struct qn_opened *like,
                           const uint32_t *columns, size_t column_count,
                           const struct qn_pack_options *options, struct qn_error *err)
{
    struct qn_pack *pack = *out = qn_sys.calloc(1, sizeof *pack);
    if (!pack)
        return qn_fail_memory(err, "a Parquet writer", sizeof *pack);
    pack->out.fd = -1;
    pack->options = *options;
    pack->column_count = column_count;
    pack->columns = qn_sys.calloc(column_count + 1, sizeof *pack->columns);
    pack->values = qn_sys.calloc(column_count + 1, sizeof *pack->values);
    pack->gathered = qn_sys.calloc(column_count + 1, sizeof *pack->gathered);
    enum qn_status status = QN_OK;
    if (!pack->columns || !pack->values || !pack->gathered) {
        qn_fail_memory(err, "a Parquet writer", column_count * sizeof *pack->gathered);
        status = QN_ERR_MEMORY;
    }
    for (size_t c = 0; c < column_count && !status; c++)
        status = set_column(like, columns[c], &pack->columns[c], &pack->gathered[c], err);
    struct qn_parquet_options encode = qn_parquet_defaults;
    encode.zstd_level = options->zstd_level;
    encode.page_rows = options->page_rows ? options->page_rows : encode.page_rows;
    if (!status)
        status = qn_parquet_writer_new(&pack->writer, pack->columns, column_count, &encode, err);
    if (!status)
        status = qn_parquet_footer_new(&pack->footer, pack->columns, column_count, err);
    for (size_t i = 0; i < options->sorted_count && !status; i++)
        status = qn_parquet_footer_sorted(pack->footer, options->sorted[i], err);
    if (!status)
        status = qn_fresh_open(&pack->out, path, err);
    if (!status)
        status = qn_fresh_write(&pack->out, QN_PARQUET_MAGIC, 4, err);
    if (status) {
        qn_pack_free(pack);
        *out = NULL;
    }
    return status;
}

void qn_pack_free(struct qn_pack *pack)
{
    if (!pack)
        return;
    for (size_t c = 0; pack->gathered && c < pack->column_count; c++) {
        struct gathered *g = &pack->gathered[c];
        struct qn_buf *buffers[] = {&g->values,       &g->ends,          &g->valid,
                                    &g->group_values, &g->group_offsets, &g->group_valid};
        for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
            qn_buf_release(buffers[i]);
    }
    qn_fresh_discard(&pack->out);
    qn_parquet_writer_free(pack->writer);
    qn_parquet_footer_free(pack->footer);
    qn_buf_release(&pack->bytes);
    qn_buf_release(&pack->meta);
    free(pack->columns);
    free(pack->values);
    free(pack->gathered);
    free(pack);
}

/* ---- gathering ------------------------------------------------------------------------------ */

static bool gather(struct gathered *g, const uint8_t *bytes, size_t len)
{
    static const uint8_t zeros[16];
    qn_buf_u8(&g->valid, bytes != NULL);
    if (g->stored == 0) {
        qn_buf_append(&g->values, bytes, len);
        qn_buf_u64(&g->ends, g->values.len);
    } else if (bytes) {
        qn_buf_append(&g->values, bytes, g->native); /* the low bytes of a small integer */
    } else {
        for (size_t i = 0; i < g->native; i += sizeof zeros)
            qn_buf_append(&g->values, zeros, g->native - i < 16 ? g->native - i : 16);
    }
    return !g->values.failed && !g->ends.failed && !g->valid.failed;
}

/* Row `row` of what waits to its place in the group. */
static void place_row(struct gathered *g, uint64_t row)
{
    qn_buf_append(&g->group_valid, g->valid.data + row, 1);
    if (g->stored > 0) {
        qn_buf_append(&g->group_values, g->values.data + row * g->native, g->native);
        return;
    }
    const uint64_t *ends = (const uint64_t *)(const void *)g->ends.data;
    uint64_t start = row ? ends[row - 1] : 0;
    if (g->group_values.len + (ends[row] - start) > UINT32_MAX)
        g->group_values.failed = true;
    qn_buf_append(&g->group_values, g->values.data + start, ends[row] - start);
    qn_buf_u32(&g->group_offsets, (uint32_t)g->group_values.len);
}

static bool fill_group(struct gathered *g, const uint64_t *order, uint64_t from, uint64_t rows,
                       struct qn_parquet_values *values)
{
    qn_buf_clear(&g->group_values);
    qn_buf_clear(&g->group_offsets);
    qn_buf_clear(&g->group_valid);
    if (g->stored == 0)
        qn_buf_u32(&g->group_offsets, 0);
    for (uint64_t i = from; i < from + rows; i++)
        place_row(g, order ? order[i] : i);
    qn_buf_reserve(&g->group_values, 1); /* not NULL, even if all texts are empty */
    values->values = g->group_values.data;
    values->offsets = g->stored ? NULL : (const uint32_t *)(const void *)g->group_offsets.data;
    values->valid = g->node->repetition == QN_PQ_OPTIONAL ? g->group_valid.data : NULL;
    return !g->group_values.failed && !g->group_offsets.failed && !g->group_valid.failed;
}

static enum qn_status write_group(struct qn_pack *pack, const uint64_t *order, uint64_t from,
                                  uint64_t rows, struct qn_error *err)
{
    for (size_t c = 0; c < pack->column_count; c++) {
        if (!fill_group(&pack->gathered[c], order, from, rows, &pack->values[c]))
            return qn_fail_memory(err, "a row group; --group-rows makes them smaller", rows);
    }
    qn_buf_clear(&pack->bytes);
    qn_buf_clear(&pack->meta);
    enum qn_status status =
        qn_parquet_encode_group(pack->writer, pack->values, rows, &pack->bytes, &pack->meta, err);
    if (!status)
        status = qn_parquet_footer_group(pack->footer, pack->meta.data, pack->meta.len,
                                         pack->out.size, err);
    return status ? status : qn_fresh_write(&pack->out, pack->bytes.data, pack->bytes.len, err);
}

static void forget(struct qn_pack *pack)
{
    for (size_t c = 0; c < pack->column_count; c++) {
        qn_buf_clear(&pack->gathered[c].values);
        qn_buf_clear(&pack->gathered[c].ends);
        qn_buf_clear(&pack->gathered[c].valid);
    }
    pack->rows = 0;
}

enum qn_status qn_pack_row(struct qn_pack *pack, struct qn_parquet_records *records,
                           const size_t *map, struct qn_error *err)
{
    for (size_t c = 0; c < pack->column_count; c++) {
        const uint8_t *bytes = NULL;
        size_t len = 0;
        enum qn_status status = QN_OK;
        if (!map || map[c] != SIZE_MAX)
            status = qn_parquet_records_value(records, map ? map[c] : c, &bytes, &len, err);
        if (status)
            return status;
        if (!gather(&pack->gathered[c], bytes, len))
            return qn_fail_memory(err, "rows", pack->rows);
    }
    pack->rows++;
    if (pack->rows < pack->options.group_rows || pack->options.sorted_count > 0)
        return QN_OK;
    enum qn_status status = write_group(pack, NULL, 0, pack->rows, err);
    forget(pack);
    return status;
}

uint64_t qn_pack_waiting(const struct qn_pack *pack)
{
    return pack->rows;
}

uint64_t qn_pack_bytes(const struct qn_pack *pack)
{
    uint64_t bytes = 0;
    for (size_t c = 0; c < pack->column_count; c++)
        bytes +=
            pack->gathered[c].values.len + pack->gathered[c].ends.len + pack->gathered[c].valid.len;
    return bytes;
}

/* ---- sorting -------------------------------------------------------------------------------- */

static struct qn_parquet_bytes value_at(const struct gathered *g, uint64_t row)
{
    if (g->stored > 0)
        return (struct qn_parquet_bytes){g->values.data + row * g->native, g->native};
    const uint64_t *ends = (const uint64_t *)(const void *)g->ends.data;
    uint64_t start = row ? ends[row - 1] : 0;
    return (struct qn_parquet_bytes){g->values.data + start, ends[row] - start};
}

static int64_t small_integer(const struct gathered *g, uint64_t row)
{
    const uint8_t *at = g->values.data + row * g->native;
    bool is_unsigned = g->node->bits < 0;
    if (g->native == 1)
        return is_unsigned ? *at : (int8_t)*at;
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return is_unsigned ? value : (int16_t)value;
}

/* Nulls come last; equal keys keep their order. */
static int compare_rows(const void *a, const void *b, void *context)
{
    const struct qn_pack *pack = context;
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    for (size_t k = 0; k < pack->options.sorted_count; k++) {
        const struct gathered *g = &pack->gathered[pack->options.sorted[k]];
        int order = g->valid.data[y] - g->valid.data[x];
        if (order == 0 && g->valid.data[x] && g->stored > g->native) {
            int64_t i = small_integer(g, x), j = small_integer(g, y);
            order = (i > j) - (i < j);
        } else if (order == 0 && g->valid.data[x]) {
            struct qn_parquet_bytes p = value_at(g, x), q = value_at(g, y);
            order = qn_parquet_compare(qn_parquet_order(g->node), p.data, p.len, q.data, q.len);
        }
        if (order != 0)
            return order;
    }
    return (x > y) - (x < y);
}

static enum qn_status write_sorted(struct qn_pack *pack, struct qn_error *err)
{
    uint64_t *order = qn_sys.malloc((pack->rows + 1) * sizeof *order);
    enum qn_status status = QN_OK;
    if (!order)
        return qn_fail_memory(err, "sorting", pack->rows * sizeof *order);
    for (uint64_t i = 0; i < pack->rows; i++)
        order[i] = i;
    qsort_r(order, pack->rows, sizeof *order, compare_rows, pack);
    for (uint64_t from = 0; from < pack->rows && !status; from += pack->options.group_rows) {
        uint64_t rest = pack->rows - from;
        status =
            write_group(pack, order, from,
                        rest < pack->options.group_rows ? rest : pack->options.group_rows, err);
    }
    free(order);
    return status;
}

enum qn_status qn_pack_key_value(struct qn_pack *pack, const char *key, const char *value,
                                 struct qn_error *err)
{
    return qn_parquet_footer_key_value(pack->footer, key, value, err);
}

enum qn_status qn_pack_finish(struct qn_pack *pack, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    if (pack->options.sorted_count > 0)
        status = write_sorted(pack, err);
    else if (pack->rows > 0)
        status = write_group(pack, NULL, 0, pack->rows, err);
    forget(pack);
    qn_buf_clear(&pack->bytes);
    if (!status)
        status = qn_parquet_footer_finish(pack->footer, pack->out.size, &pack->bytes, err);
    if (!status)
        status = qn_fresh_write(&pack->out, pack->bytes.data, pack->bytes.len, err);
    return status ? status : qn_fresh_finish(&pack->out, err);
}
