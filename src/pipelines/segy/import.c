/* What an import has decided, to bytes and back, and what follows from it: see import.h. */
#include "pipelines/segy/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT_VERSION 2u /* of the encoded form */

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
    qn_buf_u8(buf, import->depth);
    qn_buf_u8(buf, import->no_traces);
    qn_places_encode(&import->places, buf);
    qn_buf_u8(buf, import->gridded.ndim > 0);
    if (import->gridded.ndim > 0)
        qn_grid_encode(&import->gridded, buf);
}

static enum qn_status get_store(struct qn_cursor *cursor, struct qn_import *import,
                                struct qn_error *err)
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
    import->depth = qn_cursor_u8(cursor) != 0;
    import->no_traces = qn_cursor_u8(cursor) != 0;
    qn_places_decode(cursor, &import->places);
    return qn_cursor_u8(cursor) ? qn_grid_decode(cursor, &import->gridded, err) : QN_OK;
}

void qn_import_encode(const struct qn_import *import, struct qn_buf *buf)
{
    qn_buf_u32(buf, FORMAT_VERSION);
    qn_survey_encode(&import->survey, buf);
    qn_survey_put_layout(buf, &import->layout);
    qn_import_put_headers(import, buf);
    put_store(buf, import);
    qn_buf_u32(buf, (uint32_t)import->notes.count);
    for (size_t i = 0; i < import->notes.count; i++)
        qn_buf_text(buf, import->notes.text[i]);
}

/* Whether the parts fit each other: buffers are measured by one, and filled by another. */
static bool is_sound(const struct qn_import *import)
{
    const struct qn_segy_layout *layout = &import->layout;
    const struct qn_survey *survey = &import->survey;
    const struct qn_store_grid *grid = &import->grid;
    bool sound = layout->trace_bytes == layout->trace_header_bytes +
                                            (uint64_t)layout->samples * layout->sample_bytes &&
                 layout->trace_count == qn_stretches_traces(&survey->stretches) &&
                 grid->chunk_traces > 0 && grid->shard_traces > 0 &&
                 grid->shard_traces % grid->chunk_traces == 0 && grid->shard_traces <= INT64_MAX;
    for (size_t i = 0; i < survey->file_count && sound; i++)
        sound = survey->files[i].layout.trace_header_bytes == layout->trace_header_bytes &&
                survey->files[i].layout.sample_bytes == layout->sample_bytes;
    for (size_t i = 0; i < survey->stretches.count && sound; i++)
        sound = survey->stretches.at[i].samples <= layout->samples;
    return sound;
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
    enum qn_status status = qn_survey_decode(&cursor, &import->survey, err);
    qn_survey_get_layout(&cursor, &import->layout);
    if (!status)
        status = qn_import_get_headers(&cursor, import, err);
    if (!status)
        status = get_store(&cursor, import, err);
    if (status)
        return status;
    import->notes.count = qn_cursor_u32(&cursor);
    cursor.failed |= import->notes.count > QN_SEGY_MAX_NOTES;
    for (size_t i = 0; i < import->notes.count && !cursor.failed; i++)
        qn_cursor_text(&cursor, import->notes.text[i], sizeof import->notes.text[i]);
    if (cursor.failed || !is_sound(import))
        return qn_fail(err, QN_ERR_CORRUPT, "the plan of this import is damaged.");
    return QN_OK;
}

void qn_import_release(struct qn_import *import)
{
    qn_survey_release(&import->survey);
    free(import->fields);
    free(import->inputs);
    free(import->computed);
    import->fields = import->inputs = NULL;
    import->computed = NULL;
    import->field_count = import->input_count = import->computed_count = 0;
    qn_grid_release(&import->gridded);
}

const struct qn_sample_converter *qn_import_converter(const struct qn_import *import)
{
    const struct qn_segy_layout *layout = &import->layout;
    if (layout->format == 4 && import->inverse_gain)
        return qn_samples_find_inverse_gain(layout->sample_order);
    return qn_samples_find(layout->format, layout->sample_order,
                           import->float32 ? QN_SAMPLES_FLOAT32 : QN_SAMPLES_NATIVE);
}

void qn_scaled_name(const struct qn_segy_field *field, char name[QN_COLUMN_NAME])
{
    snprintf(name, QN_COLUMN_NAME, "%.80s_scaled", field->name);
}

struct qn_trace_range qn_segment_reads(const struct qn_segment *segment)
{
    struct qn_trace_range all = segment->headers;
    if (segment->samples.end > all.end && segment->samples.start < segment->samples.end)
        all.end = segment->samples.end;
    return all;
}

enum qn_task_kind qn_task_kind(const struct qn_task *task)
{
    const uint8_t *payload = task->payload;
    return task->payload_len > 0 && *payload == QN_TASK_TILE ? QN_TASK_TILE : QN_TASK_SEGMENT;
}

void qn_segment_encode(const struct qn_segment *segment, struct qn_buf *buf)
{
    qn_buf_u8(buf, QN_TASK_SEGMENT);
    qn_buf_u64(buf, segment->headers.start);
    qn_buf_u64(buf, segment->headers.end);
    qn_buf_u64(buf, segment->samples.start);
    qn_buf_u64(buf, segment->samples.end);
}

enum qn_status qn_segment_decode(const struct qn_import *import, const struct qn_task *task,
                                 struct qn_segment *segment, struct qn_error *err)
{
    struct qn_cursor cursor = {.data = task->payload, .len = task->payload_len};
    bool known = qn_cursor_u8(&cursor) == QN_TASK_SEGMENT;
    segment->headers.start = qn_cursor_u64(&cursor);
    segment->headers.end = qn_cursor_u64(&cursor);
    segment->samples.start = qn_cursor_u64(&cursor);
    segment->samples.end = qn_cursor_u64(&cursor);
    if (!known || cursor.failed || segment->headers.start >= segment->headers.end ||
        segment->samples.start > segment->samples.end ||
        qn_segment_reads(segment).end > import->layout.trace_count)
        return qn_fail(err, QN_ERR_CORRUPT, "task %llu of the plan is damaged.",
                       (unsigned long long)task->index);
    return QN_OK;
}
