/* What an import has decided, to bytes and back, and what follows from it: see import.h. */
#include "pipelines/segy/import.h"

#include "base/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT_VERSION 1u /* of the encoded form */
#define MAX_FIELDS     10000u

/* Texts that are to be borrowed travel with their NUL. */
static void put_string(struct qn_buf *buf, const char *text)
{
    const char *known = text ? text : "";
    qn_buf_u32(buf, (uint32_t)strlen(known) + 1);
    qn_buf_append(buf, known, strlen(known) + 1);
}

static const char *get_string(struct qn_cursor *cursor)
{
    uint32_t len = qn_cursor_u32(cursor);
    const uint8_t *bytes = qn_cursor_bytes(cursor, len);
    if (bytes && len > 0 && bytes[len - 1] == '\0')
        return (const char *)bytes;
    cursor->failed = true;
    return "";
}

static void put_layout(struct qn_buf *buf, const struct qn_segy_layout *layout)
{
    qn_buf_u8(buf, (uint8_t)layout->order);
    qn_buf_u8(buf, (uint8_t)layout->format);
    qn_buf_u8(buf, layout->revision_major);
    qn_buf_u8(buf, layout->revision_minor);
    qn_buf_u32(buf, layout->sample_bytes);
    qn_buf_u32(buf, layout->samples);
    qn_buf_u32(buf, layout->label_bytes);
    qn_buf_u32(buf, layout->extended_text_count);
    qn_buf_u32(buf, layout->trace_header_bytes);
    qn_buf_real(buf, layout->interval_us);
    qn_buf_u64(buf, layout->first_trace_offset);
    qn_buf_u64(buf, layout->trace_bytes);
    qn_buf_u64(buf, layout->trace_count);
    qn_buf_u64(buf, layout->trailing_bytes);
}

static void get_layout(struct qn_cursor *cursor, struct qn_segy_layout *layout)
{
    layout->order = qn_cursor_u8(cursor) ? QN_LITTLE_ENDIAN : QN_BIG_ENDIAN;
    layout->format = qn_cursor_u8(cursor);
    layout->revision_major = qn_cursor_u8(cursor);
    layout->revision_minor = qn_cursor_u8(cursor);
    layout->sample_bytes = qn_cursor_u32(cursor);
    layout->samples = qn_cursor_u32(cursor);
    layout->label_bytes = qn_cursor_u32(cursor);
    layout->extended_text_count = qn_cursor_u32(cursor);
    layout->trace_header_bytes = qn_cursor_u32(cursor);
    layout->interval_us = qn_cursor_real(cursor);
    layout->first_trace_offset = qn_cursor_u64(cursor);
    layout->trace_bytes = qn_cursor_u64(cursor);
    layout->trace_count = qn_cursor_u64(cursor);
    layout->trailing_bytes = qn_cursor_u64(cursor);
}

static void put_columns(struct qn_buf *buf, const struct qn_import *import)
{
    qn_buf_u32(buf, (uint32_t)import->field_count);
    for (size_t i = 0; i < import->field_count; i++) {
        const struct qn_segy_field *field = &import->fields[i];
        qn_buf_u32(buf, field->byte);
        qn_buf_u8(buf, field->type);
        qn_buf_u8(buf, field->scaling);
        put_string(buf, field->name);
        put_string(buf, field->description);
    }
    qn_buf_u32(buf, (uint32_t)import->key_count);
    for (size_t i = 0; i < import->key_count; i++)
        qn_buf_u32(buf, (uint32_t)import->keys[i]);
}

static enum qn_status get_columns(struct qn_cursor *cursor, struct qn_import *import,
                                  struct qn_error *err)
{
    size_t count = qn_cursor_u32(cursor);
    if (cursor->failed || count > MAX_FIELDS)
        return qn_fail(err, QN_ERR_CORRUPT, "the plan's list of header fields is damaged.");
    import->fields = qn_sys.calloc(count + 1, sizeof *import->fields);
    if (!import->fields)
        return qn_fail_memory(err, "the header fields", count * sizeof *import->fields);
    import->field_count = count;
    for (size_t i = 0; i < count; i++) {
        struct qn_segy_field *field = &import->fields[i];
        field->byte = (uint16_t)qn_cursor_u32(cursor);
        field->type = qn_cursor_u8(cursor);
        field->scaling = qn_cursor_u8(cursor);
        field->name = get_string(cursor);
        field->description = get_string(cursor);
    }
    import->key_count = qn_cursor_u32(cursor);
    if (import->key_count > QN_MAX_KEYS)
        return qn_fail(err, QN_ERR_CORRUPT, "the plan's ensemble key is damaged.");
    for (size_t i = 0; i < import->key_count; i++) {
        import->keys[i] = qn_cursor_u32(cursor);
        cursor->failed |= import->keys[i] >= count;
    }
    return QN_OK;
}

static void put_store(struct qn_buf *buf, const struct qn_import *import)
{
    qn_buf_u8(buf, import->float32);
    qn_buf_u8(buf, import->inverse_gain);
    qn_buf_u8(buf, (uint8_t)import->zarr_format);
    qn_buf_u8(buf, import->sample_major);
    qn_buf_u8(buf, import->sharded);
    qn_buf_u8(buf, (uint8_t)import->codec);
    qn_buf_u32(buf, (uint32_t)import->level);
    qn_buf_u64(buf, import->grid.chunk_traces);
    qn_buf_u64(buf, import->grid.shard_traces);
    qn_buf_u64(buf, import->grid.segment_traces);
}

static void get_store(struct qn_cursor *cursor, struct qn_import *import)
{
    import->float32 = qn_cursor_u8(cursor) != 0;
    import->inverse_gain = qn_cursor_u8(cursor) != 0;
    import->zarr_format = qn_cursor_u8(cursor);
    import->sample_major = qn_cursor_u8(cursor) != 0;
    import->sharded = qn_cursor_u8(cursor) != 0;
    import->codec = (enum qn_zarr_codec)qn_cursor_u8(cursor);
    import->level = (int32_t)qn_cursor_u32(cursor);
    import->grid.chunk_traces = qn_cursor_u64(cursor);
    import->grid.shard_traces = qn_cursor_u64(cursor);
    import->grid.segment_traces = qn_cursor_u64(cursor);
}

void qn_import_encode(const struct qn_import *import, struct qn_buf *buf)
{
    qn_buf_u32(buf, FORMAT_VERSION);
    qn_buf_text(buf, import->path);
    qn_buf_u64(buf, import->file_size);
    put_layout(buf, &import->layout);
    put_columns(buf, import);
    put_store(buf, import);
    qn_buf_u32(buf, (uint32_t)import->notes.count);
    for (size_t i = 0; i < import->notes.count; i++)
        qn_buf_text(buf, import->notes.text[i]);
}

enum qn_status qn_import_decode(const void *bytes, size_t len, struct qn_import *import,
                                struct qn_error *err)
{
    struct qn_cursor cursor = {.data = bytes, .len = len};
    *import = (struct qn_import){0};
    if (qn_cursor_u32(&cursor) != FORMAT_VERSION)
        return qn_fail(err, QN_ERR_CORRUPT,
                       "the plan was made by another version of Quern. Use that version, or start "
                       "the import anew with --restart.");
    qn_cursor_text(&cursor, import->path, sizeof import->path);
    import->file_size = qn_cursor_u64(&cursor);
    get_layout(&cursor, &import->layout);
    enum qn_status status = get_columns(&cursor, import, err);
    if (status)
        return status;
    get_store(&cursor, import);
    import->notes.count = qn_cursor_u32(&cursor);
    cursor.failed |= import->notes.count > QN_SEGY_MAX_NOTES;
    for (size_t i = 0; i < import->notes.count && !cursor.failed; i++)
        qn_cursor_text(&cursor, import->notes.text[i], sizeof import->notes.text[i]);
    if (cursor.failed || !qn_segy_format_by_code(import->layout.format))
        return qn_fail(err, QN_ERR_CORRUPT, "the plan of this import is damaged.");
    return QN_OK;
}

void qn_import_release(struct qn_import *import)
{
    free(import->fields);
    import->fields = NULL;
    import->field_count = 0;
}

const struct qn_sample_converter *qn_import_converter(const struct qn_import *import)
{
    const struct qn_segy_layout *layout = &import->layout;
    if (layout->format == 4 && import->inverse_gain)
        return qn_samples_find_inverse_gain(layout->order);
    return qn_samples_find(layout->format, layout->order,
                           import->float32 ? QN_SAMPLES_FLOAT32 : QN_SAMPLES_NATIVE);
}

void qn_scaled_name(const struct qn_segy_field *field, char name[QN_COLUMN_NAME])
{
    snprintf(name, QN_COLUMN_NAME, "%.80s_scaled", field->name);
}

size_t qn_import_key_bytes(const struct qn_import *import)
{
    size_t bytes = 0;
    for (size_t i = 0; i < import->key_count; i++)
        bytes += qn_segy_type_info(import->fields[import->keys[i]].type)->bytes;
    return bytes;
}

void qn_import_key(const struct qn_import *import, const uint8_t *trace_header, uint8_t *key)
{
    for (size_t i = 0; i < import->key_count; i++) {
        const struct qn_segy_field *field = &import->fields[import->keys[i]];
        size_t bytes = qn_segy_type_info(field->type)->bytes;
        memcpy(key, trace_header + field->byte - 1, bytes);
        key += bytes;
    }
}

struct qn_trace_range qn_segment_reads(const struct qn_segment *segment)
{
    struct qn_trace_range all = segment->headers;
    if (segment->samples.end > all.end && segment->samples.start < segment->samples.end)
        all.end = segment->samples.end;
    return all;
}

void qn_segment_encode(const struct qn_segment *segment, struct qn_buf *buf)
{
    qn_buf_u64(buf, segment->headers.start);
    qn_buf_u64(buf, segment->headers.end);
    qn_buf_u64(buf, segment->samples.start);
    qn_buf_u64(buf, segment->samples.end);
}

enum qn_status qn_segment_decode(const struct qn_task *task, struct qn_segment *segment,
                                 struct qn_error *err)
{
    struct qn_cursor cursor = {.data = task->payload, .len = task->payload_len};
    segment->headers.start = qn_cursor_u64(&cursor);
    segment->headers.end = qn_cursor_u64(&cursor);
    segment->samples.start = qn_cursor_u64(&cursor);
    segment->samples.end = qn_cursor_u64(&cursor);
    if (cursor.failed || segment->headers.start >= segment->headers.end ||
        segment->samples.start > segment->samples.end)
        return qn_fail(err, QN_ERR_CORRUPT, "task %llu of the plan is damaged.",
                       (unsigned long long)task->index);
    return QN_OK;
}
