/* Opening a dataset: the facts of its manifest and the metadata of its store. See dataset.h. */
#include "pipelines/segy/dataset/dataset.h"

#include "base/io.h"
#include "base/listing.h"
#include "base/sys.h"
#include "engine/manifest.h"
#include "pipelines/segy/dataset/facts.h"
#include "pipelines/segy/dataset/store.h"
#include "pipelines/segy/dataset/tables.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DOCUMENT (64u << 20) /* of Zarr metadata */

/* ---- facts ---------------------------------------------------------------------------------- */

/* Reads members of one JSON object; the first that is missing or of the wrong kind is remembered,
 * so that a series of reads needs one check at its end. */
struct facts {
    const json_t *object;
    const char *missing;
};

static const json_t *member(struct facts *facts, const char *name)
{
    const json_t *value = json_object_get(facts->object, name);
    if (!value && !facts->missing)
        facts->missing = name;
    return value;
}

static uint64_t get_count(struct facts *facts, const char *name)
{
    const json_t *value = member(facts, name);
    if (!facts->missing && (!json_is_integer(value) || json_integer_value(value) < 0))
        facts->missing = name;
    return facts->missing ? 0 : (uint64_t)json_integer_value(value);
}

static const char *get_text(struct facts *facts, const char *name)
{
    const char *text = json_string_value(member(facts, name));
    if (!text && !facts->missing)
        facts->missing = name;
    return text ? text : "";
}

static bool get_flag(struct facts *facts, const char *name)
{
    const json_t *value = member(facts, name);
    if (!facts->missing && !json_is_boolean(value))
        facts->missing = name;
    return json_is_true(value);
}

static enum qn_status damaged(const struct qn_dataset *dataset, const char *what,
                              struct qn_error *err)
{
    return qn_fail_at(err, QN_ERR_CORRUPT, dataset->root, -1,
                      "manifest.json of '%s' does not say what an export needs: '%s' is missing or "
                      "wrong. It was made by an older version of Quern, or it is damaged: import "
                      "the source again.",
                      dataset->root, what);
}

static enum qn_status read_survey(struct qn_dataset *dataset, const json_t *survey,
                                  struct qn_error *err)
{
    struct facts facts = {.object = survey};
    struct qn_segy_layout *layout = &dataset->layout;
    uint64_t samples = get_count(&facts, "samples_per_trace");
    layout->order =
        strcmp(get_text(&facts, "byte_order"), "little") ? QN_BIG_ENDIAN : QN_LITTLE_ENDIAN;
    layout->format = (int)get_count(&facts, "sample_format_code");
    layout->trace_count = get_count(&facts, "traces");
    layout->samples = (uint32_t)samples;
    layout->interval_us = json_number_value(json_object_get(survey, "sample_interval_us"));
    const char *revision = get_text(&facts, "segy_revision");
    if (!facts.missing && (revision[0] < '0' || revision[0] > '2' || revision[1] != '.' ||
                           revision[2] < '0' || revision[2] > '9'))
        facts.missing = "segy_revision";
    const struct qn_segy_format *format = qn_segy_format_by_code(layout->format);
    if (!facts.missing && !format)
        facts.missing = "sample_format_code";
    if (!facts.missing && (samples == 0 || samples > UINT32_MAX))
        facts.missing = "samples_per_trace";
    if (facts.missing)
        return damaged(dataset, facts.missing, err);
    layout->sample_bytes = format->bytes;
    layout->revision_major = (uint8_t)(revision[0] - '0');
    layout->revision_minor = (uint8_t)(revision[2] - '0');
    return QN_OK;
}

static int type_named(const char *name)
{
    for (int type = 0; type < QN_SEGY_TYPE_COUNT; type++)
        if (!strcmp(name, qn_segy_type_info((enum qn_segy_type)type)->name))
            return type;
    return -1;
}

static enum qn_status read_fields(struct qn_dataset *dataset, const json_t *list,
                                  struct qn_error *err)
{
    size_t count = json_array_size(list);
    dataset->fields = qn_sys.calloc(count + 1, sizeof *dataset->fields);
    if (!dataset->fields)
        return qn_fail_memory(err, "the header fields", count * sizeof *dataset->fields);
    for (size_t i = 0; i < count; i++) {
        struct facts facts = {.object = json_array_get(list, i)};
        struct qn_segy_field *field = &dataset->fields[dataset->field_count++];
        uint64_t byte = get_count(&facts, "byte");
        int type = type_named(get_text(&facts, "type"));
        field->name = get_text(&facts, "column");
        if (facts.missing || type < 0 || byte == 0 || byte > UINT16_MAX ||
            byte - 1 + qn_segy_type_info((enum qn_segy_type)type)->bytes >
                dataset->layout.trace_header_bytes)
            return damaged(dataset, "fields", err);
        field->byte = (uint16_t)byte;
        field->type = (uint8_t)type;
    }
    return QN_OK;
}

/* Pieces lie one after another, none reaches beyond the file. */
static enum qn_status read_pieces(struct qn_dataset *dataset, struct qn_dataset_file *file,
                                  const json_t *list, struct qn_error *err)
{
    size_t count = json_array_size(list);
    uint64_t end = 0;
    file->pieces = qn_sys.calloc(count + 1, sizeof *file->pieces);
    if (!file->pieces)
        return qn_fail_memory(err, "the pieces of a file", count * sizeof *file->pieces);
    for (size_t i = 0; i < count; i++) {
        struct facts facts = {.object = json_array_get(list, i)};
        struct qn_dataset_piece *piece = &file->pieces[file->piece_count++];
        piece->path = get_text(&facts, "path");
        piece->offset = get_count(&facts, "offset");
        piece->bytes = get_count(&facts, "bytes");
        if (facts.missing || strncmp(piece->path, "raw/", 4) != 0 || strstr(piece->path, "..") ||
            piece->offset < end || piece->offset > file->bytes ||
            piece->bytes > file->bytes - piece->offset)
            return damaged(dataset, "pieces", err);
        end = piece->offset + piece->bytes;
    }
    return QN_OK;
}

static enum qn_status read_files(struct qn_dataset *dataset, const json_t *list,
                                 struct qn_error *err)
{
    size_t count = json_array_size(list);
    uint64_t traces = 0;
    enum qn_status status = QN_OK;
    dataset->files = qn_sys.calloc(count + 1, sizeof *dataset->files);
    if (!dataset->files)
        return qn_fail_memory(err, "the list of files", count * sizeof *dataset->files);
    for (size_t i = 0; i < count && !status; i++) {
        struct facts facts = {.object = json_array_get(list, i)};
        struct qn_dataset_file *file = &dataset->files[dataset->file_count++];
        file->name = get_text(&facts, "name");
        file->bytes = get_count(&facts, "bytes");
        file->first_trace = get_count(&facts, "first_trace");
        file->traces = get_count(&facts, "traces");
        file->first_trace_offset = get_count(&facts, "first_trace_offset");
        if (facts.missing || file->first_trace != traces ||
            file->traces > dataset->layout.trace_count - traces)
            return damaged(dataset, "files", err);
        traces += file->traces;
        status = read_pieces(dataset, file, member(&facts, "pieces"), err);
    }
    if (!status && (count == 0 || traces != dataset->layout.trace_count))
        status = damaged(dataset, "files", err);
    return status;
}

static enum qn_status read_layout(struct qn_dataset *dataset, const json_t *object,
                                  struct qn_error *err)
{
    struct facts facts = {.object = object};
    struct qn_segy_layout *layout = &dataset->layout;
    uint64_t header_bytes = get_count(&facts, "trace_header_bytes");
    layout->sample_order =
        strcmp(get_text(&facts, "sample_byte_order"), "little") ? QN_BIG_ENDIAN : QN_LITTLE_ENDIAN;
    layout->seismic_unix = get_flag(&facts, "seismic_unix");
    dataset->inverse_gain = !strcmp(get_text(&facts, "gain_sign"), "minus");
    const json_t *fields = member(&facts, "fields");
    const json_t *files = member(&facts, "files");
    if (!facts.missing && (header_bytes < QN_SEGY_TRACE_HEADER_BYTES || header_bytes > UINT16_MAX))
        facts.missing = "trace_header_bytes";
    if (facts.missing)
        return damaged(dataset, facts.missing, err);
    layout->trace_header_bytes = (uint32_t)header_bytes;
    layout->trace_bytes = header_bytes + (uint64_t)layout->samples * layout->sample_bytes;
    enum qn_status status = read_fields(dataset, fields, err);
    if (!status)
        status = read_files(dataset, files, err);
    if (!status)
        layout->first_trace_offset = dataset->files[0].first_trace_offset;
    return status;
}

static enum qn_status read_lossless(struct qn_dataset *dataset, const json_t *object,
                                    struct qn_error *err)
{
    struct facts facts = {.object = object};
    dataset->headers_lossless = get_flag(&facts, "headers");
    dataset->samples_lossless = get_flag(&facts, "samples");
    dataset->whole = get_flag(&facts, "whole");
    dataset->reasons = member(&facts, "reasons");
    return facts.missing ? damaged(dataset, facts.missing, err) : QN_OK;
}

static enum qn_status read_manifest(struct qn_dataset *dataset, struct qn_error *err)
{
    enum qn_status status = qn_manifest_read(dataset->root, &dataset->manifest, err);
    if (status)
        return status;
    const char *pipeline = json_string_value(json_object_get(dataset->manifest, "pipeline"));
    if (!pipeline || strcmp(pipeline, "segy") != 0)
        return qn_fail_at(err, QN_ERR_INPUT, dataset->root, -1,
                          "'%s' is a dataset of '%s', not of segy.", dataset->root,
                          pipeline ? pipeline : "?");
    /* Hashes and checksums of every file and chunk: verify needs them, an export does not. */
    json_object_del(dataset->manifest, "files");
    const json_t *facts = json_object_get(dataset->manifest, "facts");
    status = read_survey(dataset, json_object_get(facts, "survey"), err);
    if (!status)
        status = read_layout(dataset, json_object_get(facts, QN_FACT_LAYOUT), err);
    if (!status)
        status = read_lossless(dataset, json_object_get(facts, QN_FACT_LOSSLESS), err);
    return status;
}

/* ---- the store ------------------------------------------------------------------------------ */

/* Reads `path` if it is there; *found tells. */
static enum qn_status read_document(const struct qn_dataset *dataset, const char *path,
                                    struct qn_buf *text, bool *found, struct qn_error *err)
{
    char full[PATH_MAX + 64];
    struct stat st;
    snprintf(full, sizeof full, "%s/%s", dataset->root, path);
    enum qn_status status = qn_stat_if_any(full, &st, found, err);
    return !status && *found ? qn_read_file(full, text, MAX_DOCUMENT, err) : status;
}

/* What the readers of samples rely on: traces as the files have them, each whole and by itself. */
static enum qn_status check_array(struct qn_dataset *dataset, struct qn_error *err)
{
    const struct qn_zarr_array *array = &dataset->array;
    const struct qn_segy_layout *layout = &dataset->layout;
    uint32_t trace = array->transposed ? 1 : 0;
    uint32_t time = 1 - trace;
    if (array->ndim != 2 || array->shape[trace] != layout->trace_count ||
        array->shape[time] != layout->samples || array->chunk[time] != layout->samples)
        return qn_fail_at(err, QN_ERR_CORRUPT, dataset->root, -1,
                          "the array '%s' of '%s' does not hold %" PRIu64 " traces of %u samples "
                          "as manifest.json says. The dataset was changed or is damaged.",
                          QN_AMPLITUDE, dataset->root, layout->trace_count, layout->samples);
    dataset->trace_dim = trace;
    dataset->row_bytes = layout->samples * qn_dtype_bytes(array->dtype);
    return QN_OK;
}

static enum qn_status open_store(struct qn_dataset *dataset, struct qn_error *err)
{
    struct qn_buf text = {0}, attributes = {0};
    bool is_3, is_2 = false;
    struct qn_error cause = {.offset = -1};
    enum qn_status status = read_document(dataset, QN_AMPLITUDE "/zarr.json", &text, &is_3, &cause);
    if (!status && is_3)
        status = qn_zarr_parse_v3((const char *)text.data, text.len, &dataset->array, NULL, &cause);
    if (!status && !is_3)
        status = read_document(dataset, QN_AMPLITUDE "/.zarray", &text, &is_2, &cause);
    if (!status && is_2)
        status = qn_zarr_parse_v2((const char *)text.data, text.len, NULL, 0, &dataset->array, NULL,
                                  &cause);
    qn_buf_release(&text);
    qn_buf_release(&attributes);
    if (status)
        return qn_fail_at(err, status, dataset->root, -1, "'%s/%s': %s", dataset->root,
                          QN_AMPLITUDE, cause.message);
    if (!is_2 && !is_3)
        return qn_fail_at(err, QN_ERR_INPUT, dataset->root, -1,
                          "'%s' has no array '%s': it was imported with --no-traces, or not copied "
                          "whole. Import its source again, with traces.",
                          dataset->root, QN_AMPLITUDE);
    return check_array(dataset, err);
}

/* ---- all ------------------------------------------------------------------------------------ */

/* Whether `path` is a folder that holds a manifest: a dataset, not a SEG-Y file. */
static bool is_dataset(const char *path)
{
    char manifest[PATH_MAX + 16];
    struct stat st;
    if (qn_sys.stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
        return false;
    snprintf(manifest, sizeof manifest, "%s/manifest.json", path);
    return qn_sys.stat(manifest, &st) == 0;
}

static enum qn_status check_path(const char *path, struct qn_error *err)
{
    char other[PATH_MAX + 16];
    struct stat st;
    if (is_dataset(path))
        return QN_OK;
    snprintf(other, sizeof other, "%s.partial", path);
    size_t len = strlen(path);
    bool partial = len > 8 && !strcmp(path + len - 8, ".partial");
    if (partial || qn_sys.stat(other, &st) == 0)
        return qn_fail_at(err, QN_ERR_INPUT, path, -1,
                          "the dataset '%.*s' is not complete yet. Finish it with 'quern resume'.",
                          (int)(partial ? len - 8 : len), path);
    if (qn_sys.stat(path, &st) < 0)
        return qn_fail_at(err, QN_ERR_IO, path, -1, "there is no dataset '%s'. Check the name.",
                          path);
    return qn_fail_at(err, QN_ERR_INPUT, path, -1,
                      "'%s' is no dataset of Quern: it has no manifest.json.", path);
}

enum qn_status qn_dataset_open(const char *path, struct qn_dataset **out, struct qn_error *err)
{
    *out = NULL;
    enum qn_status status = check_path(path, err);
    if (status)
        return status;
    struct qn_dataset *dataset = qn_sys.calloc(1, sizeof *dataset);
    if (!dataset)
        return qn_fail_memory(err, "a dataset", sizeof *dataset);
    snprintf(dataset->root, sizeof dataset->root, "%s", path);
    status = read_manifest(dataset, err);
    if (!status)
        status = open_store(dataset, err);
    if (!status)
        status = qn_tables_open(dataset, err);
    if (status)
        qn_dataset_close(dataset);
    else
        *out = dataset;
    return status;
}

void qn_dataset_close(struct qn_dataset *dataset)
{
    if (!dataset)
        return;
    qn_tables_close(dataset);
    for (size_t i = 0; i < dataset->file_count; i++)
        free(dataset->files[i].pieces);
    free(dataset->files);
    free(dataset->fields);
    json_decref(dataset->manifest);
    free(dataset);
}

void qn_dataset_reasons(const struct qn_dataset *dataset, char *text, size_t size)
{
    size_t len = 0;
    size_t i;
    const json_t *reason;
    text[0] = '\0';
    json_array_foreach(dataset->reasons, i, reason)
    {
        const char *words = json_string_value(reason);
        if (words && len < size)
            len += (size_t)snprintf(text + len, size - len, "%s%s", i ? "; " : "", words);
    }
}

enum qn_status qn_dataset_file(const struct qn_dataset *dataset, const char *path, uint64_t limit,
                               struct qn_buf *bytes, struct qn_error *err)
{
    char full[PATH_MAX];
    if (snprintf(full, sizeof full, "%s/%s", dataset->root, path) >= (int)sizeof full)
        return qn_fail(err, QN_ERR_IO, "the path of '%.200s' is too long.", path);
    return qn_read_file(full, bytes, limit, err);
}
