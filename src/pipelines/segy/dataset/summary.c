/* An import in JSON: see summary.h. */
#include "pipelines/segy/dataset/summary.h"

#include "pipelines/segy/dataset/keys.h"

#include "base/utf8.h"

#include <math.h>
#include <string.h>

/* JSON has no NaN and no infinity: null. */
static json_t *real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *count(uint64_t value)
{
    return json_integer((json_int_t)value);
}

double qn_summary_delay(const struct qn_summary *summary)
{
    const struct qn_tally *tally = &summary->tally;
    return tally->delay_min == tally->delay_max ? tally->delay_min : 0;
}

json_t *qn_name_json(const char *path)
{
    struct qn_buf clean = {0};
    const char *name = qn_survey_name(path);
    qn_utf8_clean(&clean, name, strlen(name));
    json_t *text = clean.failed ? NULL : json_stringn((const char *)clean.data, clean.len);
    qn_buf_release(&clean);
    return text;
}

static json_t *key_names(const struct qn_import *import)
{
    json_t *names = json_array();
    for (size_t k = 0; k < import->key_count; k++) {
        char name[QN_COLUMN_NAME];
        qn_key_name(import, k, name);
        json_array_append_new(names, json_string(name));
    }
    return names;
}

static json_t *source_json(const struct qn_survey_file *file)
{
    json_t *source = json_object();
    json_object_set_new(source, "name", qn_name_json(file->path));
    json_object_set_new(source, "bytes", count(file->stored));
    return source;
}

/* One file by name, several as a list in the order of their traces. */
static void put_sources(json_t *survey, const struct qn_survey *files)
{
    uint64_t bytes = 0;
    json_t *sources = json_array();
    for (size_t i = 0; i < files->file_count; i++) {
        bytes += files->files[i].stored;
        json_array_append_new(sources, source_json(&files->files[i]));
    }
    char title[QN_SURVEY_TITLE];
    qn_survey_title(files, title);
    json_object_set_new(survey, "source", qn_name_json(title));
    json_object_set_new(survey, "source_bytes", count(bytes));
    if (files->file_count > 1)
        json_object_set(survey, "sources", sources);
    json_decref(sources);
}

json_t *qn_survey_json(const struct qn_import *import, const struct qn_summary *summary)
{
    const struct qn_segy_layout *layout = &import->layout;
    const struct qn_segy_format *format = qn_segy_format_by_code(layout->format);
    json_t *survey = json_object();
    put_sources(survey, &import->survey);
    json_object_set_new(survey, "segy_revision",
                        json_sprintf("%d.%d", layout->revision_major, layout->revision_minor));
    json_object_set_new(survey, "byte_order",
                        json_string(layout->order == QN_LITTLE_ENDIAN ? "little" : "big"));
    json_object_set_new(survey, "sample_format", json_string(format->name));
    json_object_set_new(survey, "sample_format_code", json_integer(format->code));
    json_object_set_new(survey, "stored_as",
                        json_string(qn_dtype_name(qn_import_converter(import)->dtype)));
    json_object_set_new(survey, "traces", count(layout->trace_count));
    json_object_set_new(survey, "samples_per_trace", count(layout->samples));
    json_object_set_new(survey, "sample_interval_us", real(layout->interval_us));
    json_object_set_new(survey, "first_sample_ms", real(qn_summary_delay(summary)));
    json_object_set_new(survey, "first_trace_offset", count(layout->first_trace_offset));
    json_object_set_new(survey, "trailing_bytes", count(layout->trailing_bytes));
    json_object_set_new(survey, "ensemble_key", key_names(import));
    json_object_set_new(survey, "ensembles", count(summary->ensembles));
    return survey;
}

void qn_stats_json(json_t *out, const struct qn_stats *stats)
{
    json_object_set_new(out, "min", real(stats->min));
    json_object_set_new(out, "max", real(stats->max));
    json_object_set_new(out, "mean", real(qn_stats_mean(stats)));
    json_object_set_new(out, "rms", real(qn_stats_rms(stats)));
    json_object_set_new(out, "zeros", count(stats->zeros));
    json_object_set_new(out, "nans", count(stats->nans));
    json_object_set_new(out, "infinities", count(stats->infs));
}

json_t *qn_statistics_json(const struct qn_summary *summary)
{
    const struct qn_tally *tally = &summary->tally;
    const struct qn_stats *stats = &tally->stats;
    json_t *out = json_object();
    json_object_set_new(out, "traces", count(tally->sample_rows));
    json_object_set_new(out, "samples", count(stats->count));
    qn_stats_json(out, stats);
    json_object_set_new(out, "dead_traces", count(tally->dead_traces));
    json_object_set_new(out, "overflows", count(tally->converted.overflows));
    json_object_set_new(out, "rounded", count(tally->converted.inexact));
    json_object_set_new(out, "header_rows", count(tally->header_rows));
    json_object_set_new(out, "delay_min_ms", real(tally->delay_min));
    json_object_set_new(out, "delay_max_ms", real(tally->delay_max));
    json_object_set_new(out, "stored_bytes", count(tally->stored_bytes));
    return out;
}

static json_t *value_json(const struct qn_segy_value *value)
{
    switch (value->kind) {
    case QN_SEGY_VALUE_INT:
        return json_integer(value->i);
    case QN_SEGY_VALUE_UINT:
        if (value->u > INT64_MAX)
            return json_sprintf("%llu", (unsigned long long)value->u);
        return json_integer((json_int_t)value->u);
    case QN_SEGY_VALUE_REAL:
        return real(value->real);
    default:
        return json_string(value->text);
    }
}

json_t *qn_binary_json(const uint8_t binary[QN_SEGY_BINARY_BYTES], enum qn_byte_order order)
{
    json_t *fields = json_object();
    for (const struct qn_segy_field *field = qn_segy_binary_fields; field->name; field++) {
        struct qn_segy_value value = qn_segy_get(field, order, binary);
        json_object_set_new(fields, field->name, value_json(&value));
    }
    return fields;
}
