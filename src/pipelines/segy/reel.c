/* Keeps what files hold beside traces: see reel.h. */
#include "pipelines/segy/reel.h"

#include "base/hash.h"
#include "base/sys.h"
#include "pipelines/segy/input.h"
#include "pipelines/segy/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COPY_BYTES (1u << 20)   /* of a trailer, at once */
#define MOST_BYTES (256u << 20) /* of a trailer */

struct keeping {
    struct qn_glue *glue;
    const struct qn_survey *survey;
    struct qn_input input; /* of the file under way */
    size_t file;
    uint8_t *bytes; /* its headers, from byte 0 to the first trace */
    size_t len;
    struct qn_buf text;  /* of all files, readable */
    struct qn_hash last; /* of the text of the file before */
    json_t *binary;      /* of all files */
};

void qn_reel_folder(const struct qn_survey *survey, size_t i, char folder[QN_REEL_FOLDER])
{
    if (survey->file_count == 1)
        snprintf(folder, QN_REEL_FOLDER, "raw");
    else
        snprintf(folder, QN_REEL_FOLDER, "raw/%04zu", i);
}

/* ---- raw ------------------------------------------------------------------------------------ */

static enum qn_status create(struct keeping *keeping, const char *name, struct qn_output **output,
                             struct qn_error *err)
{
    char folder[QN_REEL_FOLDER];
    char path[QN_REEL_FOLDER + 40];
    qn_reel_folder(keeping->survey, keeping->file, folder);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return qn_glue_create(keeping->glue, path, output, err);
}

static enum qn_status keep_part(struct keeping *keeping, const char *name, const uint8_t *bytes,
                                size_t len, struct qn_error *err)
{
    struct qn_output *output;
    if (len == 0)
        return QN_OK;
    enum qn_status status = create(keeping, name, &output, err);
    if (!status)
        status = qn_output_write(output, bytes, len, err);
    return status ? status : qn_output_commit(output, err);
}

/* Bytes of the file from `start` to before `end`, which may be many. */
static enum qn_status keep_range(struct keeping *keeping, const char *name, uint64_t start,
                                 uint64_t end, struct qn_error *err)
{
    struct qn_output *output;
    if (start >= end)
        return QN_OK;
    if (end - start > MOST_BYTES)
        return qn_glue_note(keeping->glue, err,
                            "bytes %llu to %llu of '%s' belong to no trace and are too many to be "
                            "kept as %s",
                            (unsigned long long)start, (unsigned long long)end - 1,
                            qn_survey_name(keeping->input.path), name);
    uint8_t *bytes = qn_sys.malloc(COPY_BYTES);
    if (!bytes)
        return qn_fail_memory(err, "what is no trace", COPY_BYTES);
    enum qn_status status = create(keeping, name, &output, err);
    while (start < end && !status) {
        size_t now = end - start < COPY_BYTES ? (size_t)(end - start) : COPY_BYTES;
        status = qn_input_read(&keeping->input, start, bytes, now, err);
        if (!status)
            status = qn_output_write(output, bytes, now, err);
        start += now;
    }
    free(bytes);
    return status ? status : qn_output_commit(output, err);
}

/* What lies between the headers and the first trace, and after the last. */
static enum qn_status keep_rest(struct keeping *keeping, struct qn_error *err)
{
    const struct qn_survey_file *file = &keeping->survey->files[keeping->file];
    const struct qn_segy_layout *layout = &file->layout;
    enum qn_status status = keep_range(keeping, "gap.bin", qn_survey_headers_end(layout),
                                       layout->first_trace_offset, err);
    return status ? status
                  : keep_range(keeping, "trailer.bin", file->size - layout->trailing_bytes,
                               file->size, err);
}

static enum qn_status keep_raw(struct keeping *keeping, struct qn_error *err)
{
    const struct qn_segy_layout *layout = &keeping->survey->files[keeping->file].layout;
    const uint8_t *text = keeping->bytes + layout->label_bytes;
    const uint8_t *binary = text + QN_SEGY_TEXT_BYTES;
    enum qn_status status =
        keep_part(keeping, "tape_label.bin", keeping->bytes, layout->label_bytes, err);
    if (!status)
        status = keep_part(keeping, "text_header.bin", text, QN_SEGY_TEXT_BYTES, err);
    if (!status)
        status = keep_part(keeping, "binary_header.bin", binary, QN_SEGY_BINARY_BYTES, err);
    if (!status)
        status = keep_part(keeping, "extended_headers.bin", binary + QN_SEGY_BINARY_BYTES,
                           (size_t)layout->extended_text_count * QN_SEGY_TEXT_BYTES, err);
    return status;
}

/* ---- readable ------------------------------------------------------------------------------- */

/* Files of a survey mostly have the same text: it is shown once. */
static void decode_text(struct keeping *keeping)
{
    const struct qn_survey_file *file = &keeping->survey->files[keeping->file];
    const uint8_t *text = keeping->bytes + file->layout.label_bytes;
    const uint8_t *extended = text + QN_SEGY_REEL_BYTES;
    struct qn_buf decoded = {0};
    qn_segy_text_decode(text, qn_segy_layout_encoding(&file->layout, text), &decoded);
    for (uint32_t i = 0; i < file->layout.extended_text_count; i++) {
        const uint8_t *record = extended + (size_t)i * QN_SEGY_TEXT_BYTES;
        qn_segy_text_decode(record, qn_segy_layout_encoding(&file->layout, record), &decoded);
    }
    struct qn_hash hash = qn_hash_of(decoded.data, decoded.len);
    bool repeated = keeping->file > 0 && !memcmp(&hash, &keeping->last, sizeof hash);
    if (keeping->survey->file_count > 1)
        qn_buf_printf(&keeping->text, "%s%s:%s\n", keeping->file && !repeated ? "\n" : "",
                      qn_survey_name(file->path), repeated ? " the same text" : "");
    if (!repeated)
        qn_buf_append(&keeping->text, decoded.data, decoded.len);
    keeping->text.failed |= decoded.failed;
    keeping->last = hash;
    qn_buf_release(&decoded);
}

static void decode_binary(struct keeping *keeping)
{
    const struct qn_segy_layout *layout = &keeping->survey->files[keeping->file].layout;
    json_t *fields =
        qn_binary_json(keeping->bytes + layout->label_bytes + QN_SEGY_TEXT_BYTES, layout->order);
    if (keeping->survey->file_count == 1)
        keeping->binary = fields;
    else
        json_array_append_new(keeping->binary, fields);
}

static enum qn_status write_file(struct qn_glue *glue, const char *path, const void *bytes,
                                 size_t len, struct qn_error *err)
{
    struct qn_output *output;
    enum qn_status status = qn_glue_create(glue, path, &output, err);
    if (!status)
        status = qn_output_write(output, bytes, len, err);
    return status ? status : qn_output_commit(output, err);
}

static enum qn_status write_readable(struct keeping *keeping, struct qn_error *err)
{
    char *json = keeping->binary
                     ? json_dumps(keeping->binary, JSON_INDENT(2) | JSON_REAL_PRECISION(17))
                     : NULL;
    if (!json || keeping->text.failed) {
        free(json);
        return qn_fail_memory(err, "the text headers", keeping->text.len);
    }
    enum qn_status status =
        write_file(keeping->glue, QN_TEXT_HEADER, keeping->text.data, keeping->text.len, err);
    if (!status)
        status = write_file(keeping->glue, "binary_header.json", json, strlen(json), err);
    free(json);
    return status;
}

/* ---- all files ------------------------------------------------------------------------------ */

static enum qn_status read_headers(struct keeping *keeping, struct qn_error *err)
{
    const struct qn_segy_layout *layout = &keeping->survey->files[keeping->file].layout;
    keeping->len = (size_t)qn_survey_headers_end(layout);
    uint8_t *bytes = qn_sys.realloc(keeping->bytes, keeping->len);
    if (!bytes)
        return qn_fail_memory(err, "the reel headers", keeping->len);
    keeping->bytes = bytes;
    return qn_input_read(&keeping->input, 0, bytes, keeping->len, err);
}

static enum qn_status keep_file(struct keeping *keeping, struct qn_error *err)
{
    const struct qn_survey_file *file = &keeping->survey->files[keeping->file];
    enum qn_status status =
        qn_input_reopen(&keeping->input, file->path, file->stored, &file->gzip, err);
    if (status)
        return status;
    status = keep_rest(keeping, err);
    if (!status && !file->layout.seismic_unix)
        status = read_headers(keeping, err);
    if (!status && !file->layout.seismic_unix)
        status = keep_raw(keeping, err);
    if (!status && !file->layout.seismic_unix) {
        decode_text(keeping);
        decode_binary(keeping);
    }
    qn_input_close(&keeping->input);
    return status;
}

enum qn_status qn_reel_glue(struct qn_glue *glue, const struct qn_import *import,
                            struct qn_error *err)
{
    struct keeping keeping = {.glue = glue, .survey = &import->survey};
    enum qn_status status = QN_OK;
    if (import->survey.file_count > 1)
        keeping.binary = json_array();
    for (; keeping.file < import->survey.file_count && !status; keeping.file++)
        status = keep_file(&keeping, err);
    if (!status && !import->layout.seismic_unix)
        status = write_readable(&keeping, err);
    json_decref(keeping.binary);
    qn_buf_release(&keeping.text);
    free(keeping.bytes);
    return status;
}
