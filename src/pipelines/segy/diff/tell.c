/* What a comparison found, for people and as JSON. See diff.h. */
#include "base/json_memory.h"
#include "pipelines/segy/diff/diff.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Standard output: see qn_diff_tell. */
static void __attribute__((format(printf, 1, 2))) say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stdout, format, arguments);
    va_end(arguments);
}

static const char *value_text(const struct qn_segy_value *value, char text[32])
{
    switch (value->kind) {
    case QN_SEGY_VALUE_INT:
        snprintf(text, 32, "%" PRId64, value->i);
        break;
    case QN_SEGY_VALUE_UINT:
        snprintf(text, 32, "%" PRIu64, value->u);
        break;
    case QN_SEGY_VALUE_REAL:
        snprintf(text, 32, "%.9g", value->real);
        break;
    default:
        snprintf(text, 32, "'%s'", value->text);
    }
    return text;
}

/* "1 line differs", "2 lines differ". */
static void say_number(const char *where, uint64_t number, const char *what)
{
    say("%s: %" PRIu64 " %s%s differ%s\n", where, number, what, number == 1 ? "" : "s",
        number == 1 ? "s" : "");
}

static unsigned last_byte(const struct qn_segy_field *field)
{
    return field->byte + qn_segy_type_info((enum qn_segy_type)field->type)->bytes - 1;
}

/* ---- text ----------------------------------------------------------------------------------- */

static void tell_side(char letter, const struct qn_diff_side *side)
{
    const struct qn_segy_layout *layout = &side->layout;
    char revision[16] = "";
    if (!layout->seismic_unix)
        snprintf(revision, sizeof revision, " %d.%d", layout->revision_major,
                 layout->revision_minor);
    say("%c: %s: %s%s%s, %s-endian, %s, %" PRIu64 " traces of %s%u samples every %.9g us\n", letter,
        side->path, side->dataset ? "dataset of " : "",
        layout->seismic_unix ? "Seismic Unix" : "SEG-Y", revision,
        layout->order == QN_BIG_ENDIAN ? "big" : "little",
        qn_segy_format_by_code(layout->format)->name, layout->trace_count,
        layout->variable ? "up to " : "", layout->samples, layout->interval_us);
}

static void tell_texts(const struct qn_diff_head *head)
{
    if (head->a_records != head->b_records)
        say("text headers: %u in A, %u in B\n", head->a_records, head->b_records);
    if (head->other_encoding)
        say("text headers: the same text in other bytes\n");
    if (head->line_count == 0)
        return;
    say_number("text headers", head->line_count, "line");
    if (head->a_records == 0 || head->b_records == 0)
        return;
    for (size_t i = 0; i < head->line_count && i < QN_DIFF_LINES; i++) {
        const struct qn_diff_line *line = &head->lines[i];
        say("  record %u, line %u\n    A %s\n    B %s\n", line->record, line->line, line->a,
            line->b);
    }
}

static void tell_head(const struct qn_diff_head *head)
{
    char a[32], b[32];
    tell_texts(head);
    if (head->only_a || head->only_b)
        say("reel headers: only %s has them\n", head->only_a ? "A" : "B");
    if (head->field_count > 0)
        say_number("binary header", head->field_count, "field");
    for (size_t i = 0; i < head->field_count; i++)
        say("  bytes %u-%u %s: %s in A, %s in B\n", head->fields[i].field->byte,
            last_byte(head->fields[i].field), head->fields[i].field->name,
            value_text(&head->fields[i].a, a), value_text(&head->fields[i].b, b));
    if (head->unassigned > 0)
        say_number("binary header", head->unassigned, "unassigned byte");
    for (size_t i = 0; i < head->piece_count; i++) {
        const struct qn_diff_piece *piece = &head->pieces[i];
        say("%.*s: %" PRIu64 " bytes in A, %" PRIu64 " in B, different from byte %" PRIu64 " on\n",
            (int)strcspn(piece->name, "."), piece->name, piece->a_bytes, piece->b_bytes,
            piece->first);
    }
}

static void tell_fields(const struct qn_diff_tally *tally)
{
    char a[32], b[32];
    if (tally->headers == 0)
        return;
    say_number("trace headers", tally->headers, "trace");
    for (size_t i = 0; i < tally->field_count; i++) {
        const struct qn_diff_field *field = &tally->fields[i];
        if (field->traces == 0)
            continue;
        say("  bytes %u-%u %s: in %" PRIu64 " traces\n", field->field.byte,
            last_byte(&field->field), field->field.name, field->traces);
        for (size_t k = 0; k < field->traces && k < QN_DIFF_FIRST; k++)
            say("    trace %" PRIu64 ": %s in A, %s in B\n", field->first[k].trace,
                value_text(&field->first[k].a, a), value_text(&field->first[k].b, b));
    }
}

static void tell_largest(const char *what, double largest, const struct qn_diff_sample *at)
{
    say("  largest %s %.9g: trace %" PRIu64 ", sample %u: %.9g in A, %.9g in B\n", what, largest,
        at->trace, at->sample, at->a, at->b);
}

static void tell_samples(const struct qn_diff_tally *tally)
{
    if (tally->lengths > 0)
        say("traces of different lengths: %" PRIu64 ", the first is trace %" PRIu64 "\n",
            tally->lengths, tally->first_length);
    if (tally->other_bits > 0)
        say("samples: %" PRIu64 " have the same value in other bits\n", tally->other_bits);
    if (tally->differing == 0)
        return;
    say("samples: %" PRIu64 " of %" PRIu64 " differ, in %" PRIu64 " traces\n", tally->differing,
        tally->compared, tally->traces);
    if (tally->largest > 0)
        tell_largest("difference", tally->largest, &tally->largest_at);
    if (tally->largest_relative > 0)
        tell_largest("relative difference", tally->largest_relative, &tally->largest_relative_at);
    for (size_t i = 0; i < tally->differing && i < QN_DIFF_FIRST; i++)
        say("    trace %" PRIu64 ", sample %u: %.9g in A, %.9g in B\n", tally->first[i].trace,
            tally->first[i].sample, tally->first[i].a, tally->first[i].b);
}

void qn_diff_tell(const struct qn_diff *diff)
{
    uint64_t a = diff->a.layout.trace_count, b = diff->b.layout.trace_count;
    tell_side('A', &diff->a);
    tell_side('B', &diff->b);
    tell_head(&diff->head);
    if (a != b)
        say("traces: %" PRIu64 " in A, %" PRIu64 " in B; the first %" PRIu64 " are compared\n", a,
            b, diff->compared);
    tell_fields(&diff->tally);
    tell_samples(&diff->tally);
    if (qn_diff_same(diff))
        say("The same%s.\n", diff->rules.samples ? "" : ", samples not compared");
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static json_t *count(uint64_t value)
{
    return json_integer((json_int_t)value);
}

/* JSON has no NaN and no infinity: text. */
static json_t *real(double value)
{
    return isfinite(value) ? json_real(value)
                           : json_string(isnan(value) ? "NaN"
                                         : value > 0  ? "Infinity"
                                                      : "-Infinity");
}

static json_t *value_json(const struct qn_segy_value *value)
{
    switch (value->kind) {
    case QN_SEGY_VALUE_INT:
        return json_integer(value->i);
    case QN_SEGY_VALUE_UINT:
        return value->u > INT64_MAX ? json_sprintf("%" PRIu64, value->u) : count(value->u);
    case QN_SEGY_VALUE_REAL:
        return real(value->real);
    default:
        return json_string(value->text);
    }
}

static json_t *side_json(const struct qn_diff_side *side)
{
    const struct qn_segy_layout *layout = &side->layout;
    json_t *out = json_object();
    json_object_set_new(out, "path", json_string(side->path));
    json_object_set_new(out, "dataset", json_boolean(side->dataset != NULL));
    json_object_set_new(out, "byte_order",
                        json_string(layout->order == QN_BIG_ENDIAN ? "big" : "little"));
    json_object_set_new(out, "sample_format",
                        json_string(qn_segy_format_by_code(layout->format)->name));
    json_object_set_new(out, "traces", count(layout->trace_count));
    json_object_set_new(out, "samples_per_trace", count(layout->samples));
    json_object_set_new(out, "sample_interval_us", real(layout->interval_us));
    return out;
}

static json_t *lines_json(const struct qn_diff_head *head)
{
    json_t *lines = json_array();
    for (size_t i = 0; i < head->line_count && i < QN_DIFF_LINES; i++) {
        const struct qn_diff_line *line = &head->lines[i];
        json_array_append_new(lines,
                              json_pack("{s:i, s:i, s:s, s:s}", "record", (int)line->record, "line",
                                        (int)line->line, "a", line->a, "b", line->b));
    }
    return lines;
}

static json_t *binary_json(const struct qn_diff_head *head)
{
    json_t *fields = json_array();
    for (size_t i = 0; i < head->field_count; i++)
        json_array_append_new(
            fields, json_pack("{s:s, s:i, s:o, s:o}", "field", head->fields[i].field->name, "byte",
                              (int)head->fields[i].field->byte, "a", value_json(&head->fields[i].a),
                              "b", value_json(&head->fields[i].b)));
    return fields;
}

static json_t *pieces_json(const struct qn_diff_head *head)
{
    json_t *pieces = json_array();
    for (size_t i = 0; i < head->piece_count; i++) {
        const struct qn_diff_piece *piece = &head->pieces[i];
        json_array_append_new(pieces,
                              json_pack("{s:s, s:o, s:o, s:o}", "name", piece->name, "a_bytes",
                                        count(piece->a_bytes), "b_bytes", count(piece->b_bytes),
                                        "first_byte", count(piece->first)));
    }
    return pieces;
}

static json_t *fields_json(const struct qn_diff_tally *tally)
{
    json_t *fields = json_array();
    for (size_t i = 0; i < tally->field_count; i++) {
        const struct qn_diff_field *field = &tally->fields[i];
        if (field->traces == 0)
            continue;
        json_t *first = json_array();
        for (size_t k = 0; k < field->traces && k < QN_DIFF_FIRST; k++)
            json_array_append_new(first, json_pack("{s:o, s:o, s:o}", "trace",
                                                   count(field->first[k].trace), "a",
                                                   value_json(&field->first[k].a), "b",
                                                   value_json(&field->first[k].b)));
        json_array_append_new(fields, json_pack("{s:s, s:i, s:o, s:o}", "field", field->field.name,
                                                "byte", (int)field->field.byte, "traces",
                                                count(field->traces), "first", first));
    }
    return fields;
}

static json_t *sample_json(const struct qn_diff_sample *sample)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "trace", count(sample->trace), "sample",
                     count(sample->sample), "a", real(sample->a), "b", real(sample->b));
}

static json_t *samples_json(const struct qn_diff_tally *tally)
{
    json_t *first = json_array();
    for (size_t i = 0; i < tally->differing && i < QN_DIFF_FIRST; i++)
        json_array_append_new(first, sample_json(&tally->first[i]));
    json_t *out = json_object();
    json_object_set_new(out, "compared", count(tally->compared));
    json_object_set_new(out, "differing", count(tally->differing));
    json_object_set_new(out, "other_bits", count(tally->other_bits));
    json_object_set_new(out, "traces", count(tally->traces));
    json_object_set_new(out, "largest", real(tally->largest));
    json_object_set_new(out, "largest_at",
                        tally->largest > 0 ? sample_json(&tally->largest_at) : json_null());
    json_object_set_new(out, "largest_relative", real(tally->largest_relative));
    json_object_set_new(out, "largest_relative_at",
                        tally->largest_relative > 0 ? sample_json(&tally->largest_relative_at)
                                                    : json_null());
    json_object_set_new(out, "first", first);
    return out;
}

enum qn_status qn_diff_tell_json(const struct qn_diff *diff, struct qn_error *err)
{
    const struct qn_diff_head *head = &diff->head;
    json_t *out = json_object();
    json_object_set_new(out, "same", json_boolean(qn_diff_same(diff)));
    json_object_set_new(out, "a", side_json(&diff->a));
    json_object_set_new(out, "b", side_json(&diff->b));
    json_object_set_new(out, "text_lines", count(head->line_count));
    json_object_set_new(out, "text", lines_json(head));
    json_object_set_new(out, "text_other_bytes", json_boolean(head->other_encoding));
    json_object_set_new(out, "binary_header", binary_json(head));
    json_object_set_new(out, "binary_unassigned_bytes", count(head->unassigned));
    json_object_set_new(out, "pieces", pieces_json(head));
    json_object_set_new(out, "traces_compared", count(diff->compared));
    json_object_set_new(out, "headers_differing", count(diff->tally.headers));
    json_object_set_new(out, "trace_headers", fields_json(&diff->tally));
    json_object_set_new(out, "lengths_differing", count(diff->tally.lengths));
    json_object_set_new(out, "samples",
                        diff->rules.samples ? samples_json(&diff->tally) : json_null());
    char *text = out ? qn_json_dump(out, JSON_INDENT(2) | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(out);
    if (!text)
        return qn_fail_memory(err, "the result", 1);
    say("%s\n", text);
    free(text);
    return QN_OK;
}
