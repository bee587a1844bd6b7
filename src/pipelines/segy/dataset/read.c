/* A reader of a dataset: headers made of columns, lengths, exceptions. See dataset.h. */
#include "pipelines/segy/dataset/tables.h"

#include "base/ibm_scalar.h"
#include "base/sys.h"

#include <stdlib.h>
#include <string.h>

#define NO_GROUP SIZE_MAX

struct qn_dataset_reader {
    struct qn_dataset *dataset;
    struct qn_sample_reader *samples;
    size_t exception_group;      /* in `exceptions`, or NO_GROUP */
    struct qn_buf exceptions[3]; /* its columns */
    /* Of the traces that are being made. */
    struct qn_buf headers;
    struct qn_buf lengths;
    struct qn_buf patches;
};

enum qn_status qn_dataset_reader_new(struct qn_dataset *dataset, struct qn_dataset_reader **out,
                                     struct qn_error *err)
{
    *out = NULL;
    struct qn_dataset_reader *reader = qn_sys.calloc(1, sizeof *reader);
    if (!reader)
        return qn_fail_memory(err, "a reader", sizeof *reader);
    reader->dataset = dataset;
    reader->exception_group = NO_GROUP;
    enum qn_status status = qn_sample_reader_new(dataset, &reader->samples, err);
    if (status)
        qn_dataset_reader_free(reader);
    else
        *out = reader;
    return status;
}

void qn_dataset_reader_free(struct qn_dataset_reader *reader)
{
    if (!reader)
        return;
    qn_sample_reader_free(reader->samples);
    for (size_t i = 0; i < 3; i++)
        qn_buf_release(&reader->exceptions[i]);
    qn_buf_release(&reader->headers);
    qn_buf_release(&reader->lengths);
    qn_buf_release(&reader->patches);
    free(reader);
}

/* ---- headers -------------------------------------------------------------------------------- */

/* The low bytes of a value in host order; narrow integers take four bytes in the table. */
static inline uint64_t value_at(const uint8_t *values, size_t physical)
{
    uint64_t value = 0;
    memcpy(&value, values, physical);
    return value;
}

static void put_ints(const struct qn_header_place *place, enum qn_byte_order order,
                     const uint8_t *values, size_t n, uint8_t *headers, size_t stride)
{
    for (size_t i = 0; i < n; i++, values += place->physical, headers += stride) {
        uint64_t value = value_at(values, place->physical);
        switch (place->bytes) {
        case 1:
            *headers = (uint8_t)value;
            break;
        case 2:
            qn_store_u16(headers, order, (uint16_t)value);
            break;
        case 3:
            qn_store_u24(headers, order, (uint32_t)value);
            break;
        case 4:
            qn_store_u32(headers, order, (uint32_t)value);
            break;
        default:
            qn_store_u64(headers, order, value);
        }
    }
}

static void put_column(const struct qn_header_place *place, enum qn_byte_order order,
                       const uint8_t *values, size_t n, uint8_t *headers, size_t stride)
{
    headers += place->offset;
    if (!place->ibm && !place->text) {
        put_ints(place, order, values, n, headers, stride);
        return;
    }
    for (size_t i = 0; i < n; i++, values += place->physical, headers += stride) {
        if (place->text)
            memcpy(headers, values, place->bytes);
        else
            qn_store_u32(headers, order,
                         qn_float_to_ibm(qn_float_from_bits((uint32_t)value_at(values, 4))));
    }
}

/* Rows of one group that serve traces from `first` on, at most `count`. */
struct group_rows {
    struct qn_group_slot *slot;
    size_t row;
    size_t count;
};

static enum qn_status take_rows(struct qn_dataset_reader *reader, uint64_t first, uint64_t count,
                                struct group_rows *rows, struct qn_error *err)
{
    size_t group;
    enum qn_status status = qn_tables_find(reader->dataset, first, &group, err);
    if (!status)
        status = qn_tables_take(reader->dataset, group, &rows->slot, err);
    if (status)
        return status;
    struct qn_trace_range range = qn_dataset_group(reader->dataset, group);
    uint64_t left = range.end - first;
    rows->row = (size_t)(first - range.start);
    rows->count = (size_t)(left < count ? left : count);
    return QN_OK;
}

static enum qn_status short_column(const struct qn_dataset_reader *reader, struct qn_error *err)
{
    const char *path = reader->dataset->tables->headers.opened.path;
    return qn_fail_at(err, QN_ERR_CORRUPT, path, -1,
                      "a column of '%s' is shorter than its row group. It is damaged.", path);
}

/* Trace headers, whose fields are put in `order` (that of dataset->layout: as they were in the
 * file): `count` of them, dataset->layout.trace_header_bytes each at headers + i * stride. Bytes
 * that no column keeps are left as the caller has them. Traces without a row are QN_ERR_INPUT. */
static enum qn_status read_headers(struct qn_dataset_reader *reader, uint64_t first, uint64_t count,
                                   enum qn_byte_order order, uint8_t *headers, size_t stride,
                                   struct qn_error *err)
{
    const struct qn_dataset_tables *tables = reader->dataset->tables;
    while (count > 0) {
        struct group_rows rows;
        enum qn_status status = take_rows(reader, first, count, &rows, err);
        if (status)
            return status;
        for (size_t p = 0; p < tables->place_count && !status; p++) {
            const struct qn_header_place *place = &tables->places[p];
            const struct qn_buf *column = &rows.slot->columns[p];
            if (column->len < (rows.row + rows.count) * place->physical)
                status = short_column(reader, err);
            else
                put_column(place, order, column->data + rows.row * place->physical, rows.count,
                           headers, stride);
        }
        qn_tables_give(reader->dataset, rows.slot);
        if (status)
            return status;
        first += rows.count;
        count -= rows.count;
        headers += rows.count * stride;
    }
    return QN_OK;
}

/* A length beyond the array's rows would reach out of them. */
static enum qn_status copy_lengths(struct qn_dataset_reader *reader, const struct group_rows *rows,
                                   uint32_t *lengths, struct qn_error *err)
{
    const struct qn_dataset_tables *tables = reader->dataset->tables;
    const struct qn_buf *column = &rows->slot->columns[tables->place_count];
    if (column->len < (rows->row + rows->count) * sizeof *lengths)
        return short_column(reader, err);
    memcpy(lengths, column->data + rows->row * sizeof *lengths, rows->count * sizeof *lengths);
    for (size_t i = 0; i < rows->count; i++)
        if (lengths[i] > reader->dataset->layout.samples)
            return qn_fail_at(err, QN_ERR_CORRUPT, tables->headers.opened.path, -1,
                              "'%s' has a trace that is longer than the array. It is damaged.",
                              tables->headers.opened.path);
    return QN_OK;
}

enum qn_status qn_dataset_lengths(struct qn_dataset_reader *reader, uint64_t first, uint64_t count,
                                  uint32_t *lengths, struct qn_error *err)
{
    const struct qn_segy_layout *layout = &reader->dataset->layout;
    for (uint64_t i = 0; i < count && !layout->variable; i++)
        lengths[i] = layout->samples;
    while (count > 0 && layout->variable) {
        struct group_rows rows;
        enum qn_status status = take_rows(reader, first, count, &rows, err);
        if (status)
            return status;
        status = copy_lengths(reader, &rows, lengths, err);
        qn_tables_give(reader->dataset, rows.slot);
        if (status)
            return status;
        first += rows.count;
        count -= rows.count;
        lengths += rows.count;
    }
    return QN_OK;
}

/* ---- exceptions ----------------------------------------------------------------------------- */

static enum qn_status load_exceptions(struct qn_dataset_reader *reader, size_t group,
                                      struct qn_error *err)
{
    const struct qn_dataset_table *table = &reader->dataset->tables->exceptions;
    enum qn_status status = QN_OK;
    if (reader->exception_group == group)
        return QN_OK;
    reader->exception_group = NO_GROUP;
    for (size_t c = 0; c < 3 && !status; c++) {
        qn_buf_clear(&reader->exceptions[c]);
        status =
            qn_parquet_read_column(table->opened.file, group, c, &reader->exceptions[c], NULL, err);
    }
    if (!status)
        reader->exception_group = group;
    return status;
}

static int64_t exception_trace(const struct qn_dataset_reader *reader, size_t row)
{
    int64_t trace;
    memcpy(&trace, reader->exceptions[QN_EXCEPTION_TRACE].data + row * sizeof trace, sizeof trace);
    return trace;
}

/* Those of traces first to end - 1 in the group that is loaded; its rows rise by trace. */
static void append_exceptions(const struct qn_dataset_reader *reader, uint64_t first, uint64_t end,
                              struct qn_buf *list)
{
    const struct qn_buf *columns = reader->exceptions;
    size_t rows = columns[QN_EXCEPTION_TRACE].len / sizeof(int64_t);
    size_t low = 0, high = rows;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((uint64_t)exception_trace(reader, middle) < first)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < rows && (uint64_t)exception_trace(reader, low) < end; low++) {
        struct qn_exception exception = {.trace = (uint64_t)exception_trace(reader, low)};
        memcpy(&exception.sample, columns[QN_EXCEPTION_SAMPLE].data + low * sizeof(uint32_t),
               sizeof(uint32_t));
        memcpy(&exception.bits, columns[QN_EXCEPTION_BITS].data + low * sizeof(uint64_t),
               sizeof(uint64_t));
        qn_buf_append(list, &exception, sizeof exception);
    }
}

/* Exceptions among the traces, in order, as an array of struct qn_exception appended to `list`. */
static enum qn_status read_exceptions(struct qn_dataset_reader *reader, uint64_t first,
                                      uint64_t count, struct qn_buf *list, struct qn_error *err)
{
    const struct qn_dataset_table *table = &reader->dataset->tables->exceptions;
    uint64_t end = first + count;
    enum qn_status status = QN_OK;
    for (size_t g = qn_table_group_of(table, first);
         g < table->group_count && table->groups[g].start < end && !status; g++) {
        status = load_exceptions(reader, g, err);
        if (!status)
            append_exceptions(reader, first, end, list);
    }
    if (!status && list->failed)
        return qn_fail_memory(err, "exceptions", list->len);
    return status;
}

/* ---- traces as SEG-Y ------------------------------------------------------------------------ */

struct qn_trace_form qn_dataset_form(const struct qn_dataset *dataset)
{
    static const int formats[QN_DTYPE_COUNT] = {
        [QN_INT8] = 8,    [QN_INT16] = 3,   [QN_INT32] = 2,   [QN_INT64] = 9,   [QN_UINT8] = 16,
        [QN_UINT16] = 11, [QN_UINT32] = 10, [QN_UINT64] = 12, [QN_FLOAT32] = 5, [QN_FLOAT64] = 6,
    };
    bool kept = dataset->samples_lossless;
    int format = kept ? dataset->layout.format : formats[dataset->array.dtype];
    return (struct qn_trace_form){.encoder = {.dtype = dataset->array.dtype,
                                              .format = format,
                                              .order = dataset->layout.sample_order,
                                              .inverse_gain = dataset->inverse_gain,
                                              .scale = 1},
                                  .order = dataset->layout.order,
                                  .sample_bytes = qn_encoded_bytes(format),
                                  .patched = kept};
}

static enum qn_status make_headers(struct qn_dataset_reader *reader,
                                   const struct qn_trace_form *form, uint64_t first, uint64_t count,
                                   struct qn_error *err)
{
    size_t bytes = reader->dataset->layout.trace_header_bytes;
    bool overwrite = true;
    enum qn_status status = QN_OK;
    qn_buf_clear(&reader->headers);
    uint8_t *headers = qn_buf_reserve(&reader->headers, count * bytes);
    if (!headers)
        return qn_fail_memory(err, "trace headers", count * bytes);
    if (form->prepare)
        status = form->prepare(form->context, first, count, headers, &overwrite, err);
    else if (!reader->dataset->headers_lossless)
        memset(headers, 0, count * bytes);
    if (!status && overwrite)
        status = read_headers(reader, first, count, form->order, headers, bytes, err);
    return status;
}

static enum qn_status make_lengths(struct qn_dataset_reader *reader,
                                   const struct qn_trace_form *form, uint64_t first, uint64_t count,
                                   struct qn_error *err)
{
    qn_buf_clear(&reader->lengths);
    uint32_t *lengths = (uint32_t *)qn_buf_reserve(&reader->lengths, count * sizeof *lengths);
    if (!lengths)
        return qn_fail_memory(err, "lengths of traces", count * sizeof *lengths);
    memset(lengths, 0, count * sizeof *lengths);
    return form->bare ? QN_OK : qn_dataset_lengths(reader, first, count, lengths, err);
}

static void put_bits(const struct qn_trace_form *form, uint8_t *sample, uint64_t bits)
{
    size_t bytes = form->sample_bytes;
    for (size_t i = 0; i < bytes; i++)
        sample[form->encoder.order == QN_BIG_ENDIAN ? bytes - 1 - i : i] = (uint8_t)(bits >> 8 * i);
}

/* Puts their own bits into the samples of `trace` that have some; patches are in order, and *next
 * moves behind those of the trace. */
static void patch(const struct qn_dataset_reader *reader, const struct qn_trace_form *form,
                  uint64_t trace, uint32_t length, uint8_t *samples, size_t *next)
{
    const struct qn_exception *patches = (const void *)reader->patches.data;
    size_t count = reader->patches.len / sizeof *patches;
    for (; *next < count && patches[*next].trace == trace; (*next)++)
        if (patches[*next].sample < length)
            put_bits(form, samples + patches[*next].sample * form->sample_bytes,
                     patches[*next].bits);
}

enum qn_status qn_dataset_traces(struct qn_dataset_reader *reader, const struct qn_trace_form *form,
                                 uint64_t first, uint64_t *count, uint8_t *block,
                                 const uint32_t **lengths, size_t *bytes,
                                 struct qn_encode_counts *counts, struct qn_error *err)
{
    const struct qn_dataset *dataset = reader->dataset;
    size_t header_bytes = dataset->layout.trace_header_bytes;
    const uint8_t *row = NULL;
    size_t next = 0;
    enum qn_status status = QN_OK;
    if (!form->bare)
        status = qn_sample_reader_rows(reader->samples, first, count, (const void **)&row, err);
    if (!status)
        status = make_headers(reader, form, first, *count, err);
    if (!status)
        status = make_lengths(reader, form, first, *count, err);
    qn_buf_clear(&reader->patches);
    if (!status && form->patched && !form->bare)
        status = read_exceptions(reader, first, *count, &reader->patches, err);
    if (status)
        return status;
    *lengths = (const uint32_t *)(const void *)reader->lengths.data;
    uint8_t *to = block;
    for (uint64_t i = 0; i < *count; i++) {
        uint32_t length = (*lengths)[i];
        memcpy(to, reader->headers.data + i * header_bytes, header_bytes);
        to += header_bytes;
        if (length > 0)
            qn_encode(&form->encoder, row + i * dataset->row_bytes, length, to,
                      form->counted ? counts : NULL);
        patch(reader, form, first + i, length, to, &next);
        to += length * form->sample_bytes;
    }
    *bytes = (size_t)(to - block);
    return QN_OK;
}
