/* The files of a survey, to bytes and back: see survey.h. */
#include "pipelines/segy/survey/survey.h"

#include "base/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void qn_survey_release(struct qn_survey *survey)
{
    for (size_t i = 0; i < survey->file_count && survey->files; i++)
        qn_gzip_index_release(&survey->files[i].gzip);
    free(survey->files);
    free(survey->left_out);
    qn_stretches_release(&survey->stretches);
    *survey = (struct qn_survey){0};
}

const char *qn_survey_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

void qn_survey_title(const struct qn_survey *survey, char title[QN_SURVEY_TITLE])
{
    const char *first = qn_survey_name(survey->files[0].path);
    if (survey->file_count == 1)
        snprintf(title, QN_SURVEY_TITLE, "%s", first);
    else
        snprintf(title, QN_SURVEY_TITLE, "%s and %zu more", first, survey->file_count - 1);
}

uint64_t qn_survey_headers_end(const struct qn_segy_layout *layout)
{
    if (layout->seismic_unix)
        return layout->first_trace_offset;
    return layout->label_bytes + QN_SEGY_REEL_BYTES +
           (uint64_t)layout->extended_text_count * QN_SEGY_TEXT_BYTES;
}

const char *qn_left_reason(uint32_t reason)
{
    static const char *const reasons[QN_LEFT_REASONS] = {
        [QN_LEFT_CUT] = "the file ends within a trace",
        [QN_LEFT_OVERWRITTEN] = "overwritten: no trace headers where they should be",
        [QN_LEFT_SHIFTED] = "bytes were inserted or lost within these traces",
        [QN_LEFT_REST] = "no trace begins there any more",
        [QN_LEFT_PACKED] = "packed data does not unpack from there on",
    };
    return reasons[reason];
}

enum qn_status qn_survey_leave_out(struct qn_survey *survey, const struct qn_left_out *range,
                                   struct qn_error *err)
{
    size_t bytes = (survey->left_out_count + 1) * sizeof *range;
    struct qn_left_out *list = qn_sys.realloc(survey->left_out, bytes);
    if (!list)
        return qn_fail_memory(err, "the list of what is left out", bytes);
    list[survey->left_out_count++] = *range;
    survey->left_out = list;
    return QN_OK;
}

void qn_put_text(struct qn_buf *buf, const char *text)
{
    const char *known = text ? text : "";
    qn_buf_u32(buf, (uint32_t)strlen(known) + 1);
    qn_buf_append(buf, known, strlen(known) + 1);
}

const char *qn_get_text(struct qn_cursor *cursor)
{
    uint32_t len = qn_cursor_u32(cursor);
    const uint8_t *bytes = qn_cursor_bytes(cursor, len);
    if (bytes && len > 0 && bytes[len - 1] == '\0')
        return (const char *)bytes;
    cursor->failed = true;
    return "";
}

void qn_survey_put_layout(struct qn_buf *buf, const struct qn_segy_layout *layout)
{
    qn_buf_u8(buf, layout->seismic_unix);
    qn_buf_u8(buf, layout->variable);
    qn_buf_u8(buf, (uint8_t)layout->length_field);
    qn_buf_u8(buf, (uint8_t)layout->order);
    qn_buf_u8(buf, (uint8_t)layout->sample_order);
    qn_buf_u8(buf, layout->encoding_given);
    qn_buf_u8(buf, (uint8_t)layout->encoding);
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

void qn_survey_get_layout(struct qn_cursor *cursor, struct qn_segy_layout *layout)
{
    layout->seismic_unix = qn_cursor_u8(cursor) != 0;
    layout->variable = qn_cursor_u8(cursor) != 0;
    layout->length_field = (enum qn_segy_length_field)qn_cursor_u8(cursor);
    layout->order = qn_cursor_u8(cursor) ? QN_LITTLE_ENDIAN : QN_BIG_ENDIAN;
    layout->sample_order = qn_cursor_u8(cursor) ? QN_LITTLE_ENDIAN : QN_BIG_ENDIAN;
    layout->encoding_given = qn_cursor_u8(cursor) != 0;
    layout->encoding = qn_cursor_u8(cursor) ? QN_SEGY_EBCDIC : QN_SEGY_ASCII;
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
    const struct qn_segy_format *format = qn_segy_format_by_code(layout->format);
    unsigned headers = layout->trace_header_bytes / QN_SEGY_TRACE_HEADER_BYTES;
    cursor->failed |= !format || layout->sample_bytes != format->bytes ||
                      headers < (layout->length_field == QN_SEGY_LENGTH_377 ? 2 : 1) ||
                      layout->length_field > QN_SEGY_LENGTH_377;
}

static void put_mark(struct qn_buf *buf, const struct qn_segy_mark *mark)
{
    qn_buf_u32(buf, mark->count);
    for (size_t i = 0; i < mark->count; i++) {
        qn_buf_u8(buf, mark->byte[i]);
        qn_buf_append(buf, mark->value[i], 2);
    }
}

static void get_mark(struct qn_cursor *cursor, struct qn_segy_mark *mark)
{
    mark->count = qn_cursor_u32(cursor);
    cursor->failed |= mark->count > QN_SEGY_MARK_WORDS;
    for (size_t i = 0; i < mark->count && !cursor->failed; i++) {
        mark->byte[i] = qn_cursor_u8(cursor);
        cursor->failed |= mark->byte[i] < 1 || mark->byte[i] >= QN_SEGY_TRACE_HEADER_BYTES;
        mark->value[i][0] = qn_cursor_u8(cursor);
        mark->value[i][1] = qn_cursor_u8(cursor);
        cursor->failed |= mark->byte[i] == 0 || mark->byte[i] >= QN_SEGY_TRACE_HEADER_BYTES;
    }
}

void qn_survey_encode(const struct qn_survey *survey, struct qn_buf *buf)
{
    qn_buf_u32(buf, (uint32_t)survey->file_count);
    for (size_t i = 0; i < survey->file_count; i++) {
        qn_put_text(buf, survey->files[i].path);
        qn_buf_u64(buf, survey->files[i].size);
        qn_buf_u64(buf, survey->files[i].stored);
        qn_survey_put_layout(buf, &survey->files[i].layout);
        put_mark(buf, &survey->files[i].mark);
        qn_gzip_index_encode(&survey->files[i].gzip, buf);
    }
    qn_stretches_encode(&survey->stretches, buf);
    qn_buf_u32(buf, (uint32_t)survey->left_out_count);
    for (size_t i = 0; i < survey->left_out_count; i++) {
        const struct qn_left_out *range = &survey->left_out[i];
        qn_buf_u32(buf, range->file);
        qn_buf_u32(buf, range->reason);
        qn_buf_u64(buf, range->start);
        qn_buf_u64(buf, range->end);
        qn_buf_u64(buf, range->traces);
        qn_buf_u64(buf, range->next);
    }
}

static enum qn_status decode_left_out(struct qn_cursor *cursor, struct qn_survey *survey,
                                      struct qn_error *err)
{
    uint32_t count = qn_cursor_u32(cursor);
    enum qn_status status = QN_OK;
    for (uint32_t i = 0; i < count && !cursor->failed && !status; i++) {
        struct qn_left_out range = {.file = qn_cursor_u32(cursor)};
        range.reason = qn_cursor_u32(cursor);
        range.start = qn_cursor_u64(cursor);
        range.end = qn_cursor_u64(cursor);
        range.traces = qn_cursor_u64(cursor);
        range.next = qn_cursor_u64(cursor);
        cursor->failed |= range.file >= survey->file_count || range.reason >= QN_LEFT_REASONS;
        status = qn_survey_leave_out(survey, &range, err);
    }
    return status;
}

enum qn_status qn_survey_decode(struct qn_cursor *cursor, struct qn_survey *survey,
                                struct qn_error *err)
{
    size_t count = qn_cursor_u32(cursor);
    if (cursor->failed || count == 0 || count > cursor->len)
        return qn_fail(err, QN_ERR_CORRUPT, "the plan's list of files is damaged.");
    survey->files = qn_sys.calloc(count, sizeof *survey->files);
    if (!survey->files)
        return qn_fail_memory(err, "the list of files", count * sizeof *survey->files);
    survey->file_count = count;
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < count && !status; i++) {
        struct qn_survey_file *file = &survey->files[i];
        file->path = qn_get_text(cursor);
        file->size = qn_cursor_u64(cursor);
        file->stored = qn_cursor_u64(cursor);
        qn_survey_get_layout(cursor, &file->layout);
        get_mark(cursor, &file->mark);
        status = qn_gzip_index_decode(cursor, &file->gzip, err);
    }
    if (!status)
        status = qn_stretches_decode(cursor, &survey->stretches, err);
    if (!status)
        status = decode_left_out(cursor, survey, err);
    for (size_t i = 0; i < survey->stretches.count; i++)
        cursor->failed |= survey->stretches.at[i].file >= count;
    return status;
}
