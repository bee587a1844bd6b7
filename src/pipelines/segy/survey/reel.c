/* Keeps what files hold beside traces: see reel.h. */
#include "pipelines/segy/survey/reel.h"

#include "base/hash.h"
#include "base/json_memory.h"
#include "base/sys.h"
#include "pipelines/segy/dataset/summary.h"
#include "pipelines/segy/survey/input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COPY_BYTES (1u << 20) /* of a piece, at once */

struct keeping {
    struct qn_glue *glue;
    const struct qn_survey *survey;
    struct qn_input input; /* of the file under way */
    size_t file;
    uint8_t *bytes; /* its headers, from byte 0 on */
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

size_t qn_reel_pieces(const struct qn_survey_file *file,
                      struct qn_reel_piece pieces[QN_REEL_PIECES])
{
    const struct qn_segy_layout *layout = &file->layout;
    uint64_t text = layout->label_bytes;
    uint64_t binary = text + QN_SEGY_TEXT_BYTES;
    uint64_t extended = binary + QN_SEGY_BINARY_BYTES;
    uint64_t headers = layout->seismic_unix ? 0 : qn_survey_headers_end(layout);
    uint64_t traces = layout->first_trace_offset;
    const struct {
        const char *name;
        uint64_t start, end;
    } parts[QN_REEL_PIECES] = {
        {"tape_label.bin", 0, text},
        {"text_header.bin", text, binary},
        {"binary_header.bin", binary, extended},
        {"extended_headers.bin", extended, headers},
        {"gap.bin", headers, traces},
        {"trailer.bin", file->size - layout->trailing_bytes, file->size},
    };
    size_t count = 0;
    for (size_t i = 0; i < QN_REEL_PIECES; i++) {
        /* What is said to be the first trace is one, even where headers should lie. */
        uint64_t end = i < 5 && parts[i].end > traces ? traces : parts[i].end;
        bool there = i >= 4 || !layout->seismic_unix;
        if (there && parts[i].start < end && end - parts[i].start <= QN_REEL_MOST_BYTES)
            pieces[count++] =
                (struct qn_reel_piece){parts[i].name, parts[i].start, end - parts[i].start};
    }
    return count;
}

/* A piece may be long: it is copied in blocks. */
static enum qn_status keep_piece(struct keeping *keeping, const struct qn_reel_piece *piece,
                                 struct qn_error *err)
{
    struct qn_output *output;
    uint8_t *bytes = qn_sys.malloc(COPY_BYTES);
    if (!bytes)
        return qn_fail_memory(err, "a piece of the file", COPY_BYTES);
    enum qn_status status = create(keeping, piece->name, &output, err);
    for (uint64_t done = 0; done < piece->bytes && !status;) {
        uint64_t left = piece->bytes - done;
        size_t now = left < COPY_BYTES ? (size_t)left : COPY_BYTES;
        status = qn_input_read(&keeping->input, piece->offset + done, bytes, now, err);
        if (!status)
            status = qn_output_write(output, bytes, now, err);
        done += now;
    }
    free(bytes);
    return status ? status : qn_output_commit(output, err);
}

static enum qn_status keep_pieces(struct keeping *keeping, struct qn_error *err)
{
    struct qn_reel_piece pieces[QN_REEL_PIECES];
    size_t count = qn_reel_pieces(&keeping->survey->files[keeping->file], pieces);
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < count && !status; i++)
        status = keep_piece(keeping, &pieces[i], err);
    const struct qn_segy_layout *layout = &keeping->survey->files[keeping->file].layout;
    uint64_t headers = layout->seismic_unix ? 0 : qn_survey_headers_end(layout);
    uint64_t first = layout->first_trace_offset;
    const struct {
        uint64_t bytes;
        const char *where;
    } others[] = {{first > headers ? first - headers : 0, "before the first"},
                  {layout->trailing_bytes, "after the last"}};
    for (size_t i = 0; i < sizeof others / sizeof *others && !status; i++)
        if (others[i].bytes > QN_REEL_MOST_BYTES)
            status = qn_glue_note(keeping->glue, err,
                                  "the %llu bytes %s trace of '%s' belong to no trace and are too "
                                  "many to be kept",
                                  (unsigned long long)others[i].bytes, others[i].where,
                                  qn_survey_name(keeping->input.path));
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

static enum qn_status write_readable(struct keeping *keeping, struct qn_error *err)
{
    char *json = keeping->binary
                     ? qn_json_dump(keeping->binary, JSON_INDENT(2) | JSON_REAL_PRECISION(17))
                     : NULL;
    if (!json || keeping->text.failed) {
        free(json);
        return qn_fail_memory(err, "the text headers", keeping->text.len);
    }
    enum qn_status status =
        qn_glue_write(keeping->glue, QN_TEXT_HEADER, keeping->text.data, keeping->text.len, err);
    if (!status)
        status = qn_glue_write(keeping->glue, "binary_header.json", json, strlen(json), err);
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
    status = keep_pieces(keeping, err);
    if (!status && !file->layout.seismic_unix)
        status = read_headers(keeping, err);
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
