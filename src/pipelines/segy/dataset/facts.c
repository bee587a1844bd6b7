/* Facts for exports: see facts.h. */
#include "pipelines/segy/dataset/facts.h"

#include "pipelines/segy/dataset/summary.h"
#include "pipelines/segy/survey/reel.h"

#include <inttypes.h>
#include <string.h>

static json_t *count(uint64_t value)
{
    return json_integer((json_int_t)value);
}

/* ---- layout --------------------------------------------------------------------------------- */

static json_t *fields_json(const struct qn_import *import)
{
    json_t *fields = json_array();
    for (size_t i = 0; i < import->field_count; i++) {
        const struct qn_segy_field *field = &import->fields[i];
        const struct qn_segy_type_info *type = qn_segy_type_info((enum qn_segy_type)field->type);
        json_array_append_new(fields, json_pack("{s:s, s:i, s:s}", "column", field->name, "byte",
                                                (int)field->byte, "type", type->name));
    }
    return fields;
}

static json_t *pieces_json(const struct qn_survey *survey, size_t file)
{
    struct qn_reel_piece pieces[QN_REEL_PIECES];
    char folder[QN_REEL_FOLDER];
    size_t n = qn_reel_pieces(&survey->files[file], pieces);
    json_t *list = json_array();
    qn_reel_folder(survey, file, folder);
    for (size_t i = 0; i < n; i++) {
        json_t *piece = json_object();
        json_object_set_new(piece, "path", json_sprintf("%s/%s", folder, pieces[i].name));
        json_object_set_new(piece, "offset", count(pieces[i].offset));
        json_object_set_new(piece, "bytes", count(pieces[i].bytes));
        json_array_append_new(list, piece);
    }
    return list;
}

/* The traces of a file: its stretches follow one another. */
static struct qn_trace_range traces_of(const struct qn_survey *survey, size_t file)
{
    const struct qn_stretches *list = &survey->stretches;
    struct qn_trace_range range = {0, 0};
    for (size_t i = 0; i < list->count; i++) {
        const struct qn_stretch *stretch = &list->at[i];
        if (stretch->file != file)
            continue;
        if (range.end == 0)
            range.start = stretch->first;
        range.end = stretch->first + stretch->count;
    }
    return range;
}

static json_t *file_json(const struct qn_survey *survey, size_t i)
{
    const struct qn_survey_file *file = &survey->files[i];
    struct qn_trace_range range = traces_of(survey, i);
    json_t *out = json_object();
    json_object_set_new(out, "name", qn_name_json(file->path));
    json_object_set_new(out, "bytes", count(file->size));
    json_object_set_new(out, "first_trace", count(range.start));
    json_object_set_new(out, "traces", count(range.end - range.start));
    json_object_set_new(out, "first_trace_offset", count(file->layout.first_trace_offset));
    json_object_set_new(out, "pieces", pieces_json(survey, i));
    return out;
}

json_t *qn_layout_json(const struct qn_import *import)
{
    json_t *files = json_array();
    for (size_t i = 0; i < import->survey.file_count; i++)
        json_array_append_new(files, file_json(&import->survey, i));
    json_t *out = json_object();
    json_object_set_new(out, "trace_header_bytes", count(import->layout.trace_header_bytes));
    json_object_set_new(
        out, "sample_byte_order",
        json_string(import->layout.sample_order == QN_LITTLE_ENDIAN ? "little" : "big"));
    json_object_set_new(out, "seismic_unix", json_boolean(import->layout.seismic_unix));
    json_object_set_new(out, "gain_sign", json_string(import->inverse_gain ? "minus" : "plus"));
    json_object_set_new(out, "fields", fields_json(import));
    json_object_set_new(out, "files", files);
    return out;
}

/* ---- lossless ------------------------------------------------------------------------------- */

static bool check_headers(const struct qn_import *import, json_t *reasons)
{
    char gaps[100];
    if (import->lossless_headers)
        return true;
    qn_import_header_gaps(import, gaps, sizeof gaps);
    json_array_append_new(reasons,
                          json_sprintf("no column keeps bytes %s of the trace headers", gaps));
    return false;
}

static bool check_samples(const struct qn_import *import, const struct qn_tally *tally,
                          json_t *reasons)
{
    if (import->no_traces) {
        json_array_append_new(reasons, json_string("traces.zarr was left out (--no-traces)"));
        return false;
    }
    if (tally->unkept_segments == 0)
        return true;
    json_array_append_new(
        reasons, json_sprintf("%" PRIu64 " samples or more do not come back from the array to the "
                              "bit, too many to keep beside it",
                              tally->exceptions));
    return false;
}

static bool check_traces(const struct qn_import *import, const struct qn_tally *tally,
                         json_t *reasons)
{
    uint64_t traces = import->layout.trace_count;
    if (tally->header_rows == traces && tally->sample_rows == traces)
        return true;
    uint64_t rows =
        tally->header_rows < tally->sample_rows ? tally->header_rows : tally->sample_rows;
    json_array_append_new(
        reasons,
        json_sprintf("%" PRIu64 " traces are missing: their segments failed", traces - rows));
    return false;
}

/* Whether traces and pieces are all that the files hold. */
static bool check_files(const struct qn_survey *survey, json_t *reasons)
{
    uint64_t left_out = 0;
    for (size_t i = 0; i < survey->file_count; i++) {
        struct qn_reel_piece pieces[QN_REEL_PIECES];
        size_t n = qn_reel_pieces(&survey->files[i], pieces);
        uint64_t held = 0;
        for (size_t k = 0; k < n; k++)
            held += pieces[k].bytes;
        for (size_t k = 0; k < survey->stretches.count; k++)
            if (survey->stretches.at[k].file == i)
                held += survey->stretches.at[k].end - survey->stretches.at[k].offset;
        left_out += survey->files[i].size - held;
    }
    if (left_out == 0)
        return true;
    json_array_append_new(
        reasons, json_sprintf("%" PRIu64 " bytes that belong to no trace were left out", left_out));
    return false;
}

json_t *qn_lossless_json(const struct qn_import *import, const struct qn_tally *tally)
{
    json_t *reasons = json_array();
    bool headers = check_headers(import, reasons);
    bool samples = check_samples(import, tally, reasons);
    bool traces = check_traces(import, tally, reasons);
    bool files = check_files(&import->survey, reasons);
    json_t *out = json_object();
    json_object_set_new(out, "lossless", json_boolean(headers && samples && traces && files));
    json_object_set_new(out, "headers", json_boolean(headers));
    json_object_set_new(out, "samples", json_boolean(samples));
    json_object_set_new(out, "whole", json_boolean(traces && files));
    json_object_set_new(out, "exceptions", count(samples ? tally->exceptions : 0));
    json_object_set_new(out, "reasons", reasons);
    return out;
}
