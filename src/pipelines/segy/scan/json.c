/* What a scan found, as JSON: docs/segy.md describes it, survey/overrides.c reads `layout` back. */
#include "pipelines/segy/scan/scan.h"

#include "base/sys.h"
#include "engine/json_text.h"
#include "pipelines/segy/dataset/summary.h"
#include "pipelines/segy/scan/fields.h"
#include "pipelines/segy/scan/traces.h"

#include <math.h>
#include <string.h>

static json_t *count(uint64_t value)
{
    return json_integer((json_int_t)value);
}

/* JSON has no infinities and no NaN. */
static json_t *real(double value)
{
    if (!isfinite(value))
        return json_null();
    if (value == floor(value) && fabs(value) < 1e15)
        return json_integer((json_int_t)value);
    return json_real(value);
}

static json_t *text_or_null(const char *text)
{
    return text && *text ? qn_json_text(text) : json_null();
}

static json_t *order_json(enum qn_byte_order order)
{
    return json_string(order == QN_LITTLE_ENDIAN ? "little" : "big");
}

/* ---- the decision --------------------------------------------------------------------------- */

static json_t *layout_json(const struct qn_segy_layout *layout)
{
    static const char *const fields[] = {
        [QN_SEGY_LENGTH_115] = "115", [QN_SEGY_LENGTH_229] = "229", [QN_SEGY_LENGTH_377] = "377"};
    static const char *const codes[] = {[QN_SEGY_ASCII] = "ascii", [QN_SEGY_EBCDIC] = "ebcdic"};
    json_t *out = json_object();
    json_object_set_new(out, "seismic_unix", json_boolean(layout->seismic_unix));
    json_object_set_new(out, "byte_order", order_json(layout->order));
    json_object_set_new(out, "sample_byte_order", order_json(layout->sample_order));
    json_object_set_new(out, "format", json_integer(layout->format));
    json_object_set_new(out, "format_name",
                        json_string(qn_segy_format_by_code(layout->format)->name));
    json_object_set_new(out, "sample_bytes", json_integer(layout->sample_bytes));
    json_object_set_new(out, "variable", json_boolean(layout->variable));
    json_object_set_new(out, "length_at",
                        layout->variable ? json_string(fields[layout->length_field]) : json_null());
    json_object_set_new(out, "samples", json_integer(layout->samples));
    json_object_set_new(out, "interval_us", real(layout->interval_us));
    json_object_set_new(out, "revision",
                        layout->seismic_unix ? json_null()
                                             : json_sprintf("%u.%u", layout->revision_major,
                                                            layout->revision_minor));
    json_object_set_new(out, "tape_label_bytes", json_integer(layout->label_bytes));
    json_object_set_new(out, "extended_text_records", json_integer(layout->extended_text_count));
    json_object_set_new(out, "text_encoding",
                        layout->encoding_given ? json_string(codes[layout->encoding])
                                               : json_null());
    json_object_set_new(out, "first_trace_offset", count(layout->first_trace_offset));
    json_object_set_new(out, "trace_header_bytes", json_integer(layout->trace_header_bytes));
    json_object_set_new(out, "trace_bytes",
                        layout->variable ? json_null() : count(layout->trace_bytes));
    json_object_set_new(out, "traces", layout->variable ? json_null() : count(layout->trace_count));
    json_object_set_new(out, "trailing_bytes", count(layout->trailing_bytes));
    return out;
}

static json_t *decided_json(const struct qn_segy_decision *d)
{
    json_t *out = json_array();
    for (size_t i = 0; i < d->decided_count; i++) {
        json_t *row = json_object();
        json_object_set_new(row, "what", json_string(d->decided[i].what));
        json_object_set_new(row, "value", qn_json_text(d->decided[i].value));
        json_object_set_new(row, "why", text_or_null(d->decided[i].why));
        json_object_set_new(row, "option", text_or_null(d->decided[i].option));
        json_array_append_new(out, row);
    }
    return out;
}

static json_t *points_json(const struct qn_segy_hypothesis *h)
{
    json_t *out = json_object();
    for (int i = 0; i < QN_SEGY_EVIDENCE_COUNT; i++)
        json_object_set_new(out, qn_segy_evidence[i].name, json_integer(h->points[i]));
    return out;
}

static json_t *hypothesis_json(const struct qn_segy_hypothesis *h)
{
    char text[QN_SEGY_HYPOTHESIS_TEXT];
    json_t *out = json_object();
    qn_segy_describe(h, text);
    json_object_set_new(out, "text", qn_json_text(text));
    json_object_set_new(out, "score", json_integer(h->score));
    json_object_set_new(out, "points", points_json(h));
    json_object_set_new(out, "fits", json_boolean(h->fits));
    json_object_set_new(out, "bytes_over", count(h->remainder));
    return out;
}

static json_t *evidence_json(const struct qn_segy_decision *d)
{
    json_t *out = json_object(), *kinds = json_array();
    for (int i = 0; i < QN_SEGY_EVIDENCE_COUNT; i++) {
        json_t *kind = json_object();
        json_object_set_new(kind, "name", json_string(qn_segy_evidence[i].name));
        json_object_set_new(kind, "says", json_string(qn_segy_evidence[i].says));
        json_object_set_new(kind, "most", json_integer(qn_segy_evidence[i].most));
        json_array_append_new(kinds, kind);
    }
    json_object_set_new(out, "kinds", kinds);
    json_object_set_new(out, "chosen", hypothesis_json(&d->chosen));
    json_object_set_new(out, "runner_up",
                        d->has_runner_up ? hypothesis_json(&d->runner_up) : json_null());
    json_object_set_new(out, "hypotheses", json_integer(d->hypotheses));
    json_object_set_new(out, "reads", json_integer(d->reads));
    return out;
}

static json_t *contradictions_json(const struct qn_segy_decision *d)
{
    json_t *out = json_array();
    for (size_t i = 0; i < d->contradiction_count; i++) {
        const struct qn_segy_contradiction *c = &d->contradictions[i];
        json_t *row = json_object();
        json_object_set_new(row, "header",
                            c->byte == 0  ? json_null()
                            : c->in_trace ? json_string("trace")
                                          : json_string("binary"));
        json_object_set_new(row, "byte", c->byte ? json_integer(c->byte) : json_null());
        json_object_set_new(row, "bytes", c->byte ? json_integer(c->bytes) : json_null());
        json_object_set_new(row, "text", qn_json_text(c->text));
        json_array_append_new(out, row);
    }
    return out;
}

/* ---- trace headers -------------------------------------------------------------------------- */

static json_t *fields_json(const struct qn_scan *scan)
{
    struct qn_scan_row rows[QN_SCAN_ROWS];
    size_t n = qn_scan_rows(scan, rows);
    json_t *out = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *row = json_object();
        json_object_set_new(row, "name", json_string(rows[i].name));
        json_object_set_new(row, "byte", json_integer(rows[i].byte));
        json_object_set_new(row, "type", json_string(rows[i].type));
        json_object_set_new(row, "min", real(rows[i].min));
        json_object_set_new(row, "max", real(rows[i].max));
        json_object_set_new(row, "behaviour", json_string(qn_behaviour_name(rows[i].behaviour)));
        json_object_set_new(row, "distinct", count(rows[i].distinct));
        json_array_append_new(out, row);
    }
    return out;
}

static json_t *position_json(const struct qn_positions *p, unsigned byte,
                             enum qn_position_type type)
{
    const struct qn_position *at = qn_position_at(p, byte, type);
    json_t *out = json_object();
    json_object_set_new(out, "min", at->min <= at->max ? real(at->min) : json_null());
    json_object_set_new(out, "max", at->min <= at->max ? real(at->max) : json_null());
    json_object_set_new(out, "behaviour",
                        json_string(qn_behaviour_name(qn_position_behaviour(p, byte, type))));
    json_object_set_new(out, "rises", count(at->rises));
    json_object_set_new(out, "falls", count(at->falls));
    json_object_set_new(out, "ones", count(at->ones));
    json_object_set_new(out, "ties", count(at->ties));
    json_object_set_new(out, "strange", count(at->strange));
    return out;
}

/* Positions whose bytes are 0 in all traces are left out. */
static json_t *positions_json(const struct qn_positions *p)
{
    json_t *out = json_array();
    for (unsigned byte = 1; byte < p->bytes; byte++) {
        bool wide = byte + 3 <= p->bytes;
        enum qn_position_type widest = wide ? QN_POSITION_INT32 : QN_POSITION_INT16;
        if (qn_position_behaviour(p, byte, widest) == QN_BEHAVES_ZERO)
            continue;
        json_t *row = json_object();
        json_object_set_new(row, "byte", json_integer(byte));
        for (int type = 0; type < QN_POSITION_TYPES; type++)
            if (type <= QN_POSITION_UINT16 || wide)
                json_object_set_new(row, qn_position_type_name(type), position_json(p, byte, type));
        json_object_set_new(row, "distinct", count(qn_position_distinct(p, byte, wide ? 4 : 2)));
        json_array_append_new(out, row);
    }
    return out;
}

static json_t *headers_json(const struct qn_scan *scan)
{
    json_t *out = json_object();
    json_object_set_new(out, "traces", count(scan->positions.traces));
    json_object_set_new(out, "neighbours", count(scan->positions.neighbours));
    json_object_set_new(out, "all",
                        json_boolean(scan->traces && scan->positions.traces == scan->traces));
    json_object_set_new(out, "damage", text_or_null(scan->all.damage));
    json_object_set_new(out, "fields", fields_json(scan));
    json_object_set_new(out, "positions", positions_json(&scan->positions));
    return out;
}

static json_t *samples_json(const struct qn_scan *scan)
{
    const struct qn_scan_sample *sample = &scan->sample;
    const struct qn_stats *stats = &sample->amplitudes;
    json_t *out = json_object();
    json_object_set_new(out, "traces", count(sample->amplitude_traces));
    json_object_set_new(out, "dead_traces", count(sample->dead_traces));
    json_object_set_new(out, "count", count(stats->count));
    qn_stats_json(out, stats);
    json_object_set_new(out, "shortest_trace",
                        json_integer(scan->looked_at_all ? scan->all.shortest : sample->shortest));
    json_object_set_new(out, "longest_trace",
                        json_integer(scan->looked_at_all ? scan->all.longest : sample->longest));
    return out;
}

/* ---- guesses -------------------------------------------------------------------------------- */

static json_t *guess_json(const struct qn_scan_field *field)
{
    if (!field->found)
        return json_null();
    json_t *out = json_object();
    json_object_set_new(out, "byte", json_integer(field->byte));
    json_object_set_new(out, "type", json_string(qn_position_type_name(field->type)));
    json_object_set_new(out, "min", real(field->min));
    json_object_set_new(out, "max", real(field->max));
    json_object_set_new(out, "step", field->step != 0 ? real(field->step) : json_null());
    json_object_set_new(out, "why", text_or_null(field->why));
    return out;
}

static json_t *reasoned_json(const char *value, const char *why)
{
    json_t *out = json_object();
    json_object_set_new(out, "value", text_or_null(value));
    json_object_set_new(out, "why", text_or_null(why));
    return out;
}

/* Made by guess.c, so that it parses. */
static json_t *own_layout_json(const struct qn_scan_guesses *g)
{
    struct qn_buf text = {0};
    bool needed = qn_scan_own_layout(g, &text);
    json_t *out = needed && !text.failed ? json_loadb((const char *)text.data, text.len, 0, NULL)
                                         : json_null();
    qn_buf_release(&text);
    return out;
}

static json_t *guesses_json(const struct qn_scan_guesses *g)
{
    json_t *out = json_object();
    json_object_set_new(out, "layout_file", own_layout_json(g));
    json_object_set_new(out, "survey", reasoned_json(qn_survey_kind_name(g->kind), g->kind_why));
    json_object_set_new(out, "ensemble_key", reasoned_json(g->key, g->key_why));
    json_object_set_new(out, "header_layout", reasoned_json(g->layout, g->layout_why));
    json_object_set_new(out, "inline", guess_json(&g->inline_));
    json_object_set_new(out, "crossline", guess_json(&g->crossline));
    json_object_set_new(out, "cdp", guess_json(&g->cdp));
    json_object_set_new(out, "offset", guess_json(&g->offset));
    json_object_set_new(out, "x", guess_json(&g->x));
    json_object_set_new(out, "y", guess_json(&g->y));
    return out;
}

/* ---- reel headers and first traces ---------------------------------------------------------- */

#define MOST_RECORDS 1000u

static json_t *text_json(const struct qn_segy_layout *layout, const uint8_t *record)
{
    struct qn_buf text = {0};
    json_t *out = json_object();
    enum qn_segy_encoding encoding = qn_segy_layout_encoding(layout, record);
    qn_segy_text_decode(record, encoding, &text);
    qn_buf_u8(&text, '\0');
    json_object_set_new(out, "encoding",
                        json_string(encoding == QN_SEGY_EBCDIC ? "ebcdic" : "ascii"));
    json_object_set_new(out, "text", text.failed ? NULL : qn_json_text((const char *)text.data));
    qn_buf_release(&text);
    return out;
}

static enum qn_status add_reel(const struct qn_scan *scan, json_t *out, struct qn_error *err)
{
    const struct qn_segy_layout *layout = qn_scan_layout(scan);
    uint8_t reel[QN_SEGY_REEL_BYTES];
    json_t *texts = json_array();
    uint64_t offset = layout->label_bytes + QN_SEGY_REEL_BYTES;
    enum qn_status status =
        qn_input_read(&scan->input, layout->label_bytes, reel, sizeof reel, err);
    if (!status) {
        json_array_append_new(texts, text_json(layout, reel));
        json_object_set_new(out, "binary_header",
                            qn_binary_json(reel + QN_SEGY_TEXT_BYTES, layout->order));
    }
    for (uint32_t i = 0; i < layout->extended_text_count && i < MOST_RECORDS && !status; i++) {
        status = qn_input_read(&scan->input, offset + (uint64_t)i * QN_SEGY_TEXT_BYTES, reel,
                               QN_SEGY_TEXT_BYTES, err);
        if (!status)
            json_array_append_new(texts, text_json(layout, reel));
    }
    json_object_set_new(out, "text_headers", texts);
    return status;
}

static json_t *trace_json(const struct qn_scan *scan, const struct qn_scan_traces *traces, size_t i)
{
    const struct qn_stats *stats = &traces->stats[i];
    json_t *out = json_object(), *header = json_object();
    bool su = qn_scan_layout(scan)->seismic_unix;
    for (const struct qn_segy_field *f = qn_segy_trace_fields; f->name; f++) {
        struct qn_segy_value value =
            qn_segy_get(f, qn_scan_layout(scan)->order, qn_scan_traces_header(traces, i));
        bool zero = value.kind == QN_SEGY_VALUE_INT    ? value.i == 0
                    : value.kind == QN_SEGY_VALUE_UINT ? value.u == 0
                                                       : true;
        if (!zero && !(su && f->byte > 180))
            json_object_set_new(header, f->name,
                                value.kind == QN_SEGY_VALUE_INT ? json_integer(value.i)
                                                                : count(value.u));
    }
    json_object_set_new(out, "header", header);
    json_object_set_new(out, "samples", count(stats->count));
    json_object_set_new(out, "min", real(stats->min));
    json_object_set_new(out, "max", real(stats->max));
    json_object_set_new(out, "rms", real(qn_stats_rms(stats)));
    return out;
}

static enum qn_status add_traces(const struct qn_scan *scan, size_t preview, json_t *out,
                                 struct qn_error *err)
{
    struct qn_scan_traces traces;
    json_t *rows = json_array();
    enum qn_status status = qn_scan_traces_read(scan, preview, &traces, err);
    for (size_t i = 0; i < traces.count && !status; i++)
        json_array_append_new(rows, trace_json(scan, &traces, i));
    qn_scan_traces_release(&traces);
    json_object_set_new(out, "first_traces", rows);
    return status;
}

json_t *qn_scan_json(struct qn_scan *scan, size_t preview, struct qn_error *err)
{
    json_t *out = json_object();
    enum qn_status status = QN_OK;
    json_object_set_new(out, "path", qn_json_text(scan->path));
    json_object_set_new(out, "size", count(scan->input.size));
    json_object_set_new(out, "layout", layout_json(qn_scan_layout(scan)));
    json_object_set_new(out, "refused", text_or_null(scan->refusal ? scan->why.message : NULL));
    json_object_set_new(out, "decided", decided_json(&scan->decision));
    json_object_set_new(out, "evidence", evidence_json(&scan->decision));
    json_object_set_new(out, "contradictions", contradictions_json(&scan->decision));
    json_object_set_new(out, "traces", scan->traces ? count(scan->traces) : json_null());
    json_object_set_new(out, "headers", headers_json(scan));
    json_object_set_new(out, "samples", samples_json(scan));
    json_object_set_new(out, "guesses", guesses_json(&scan->guesses));
    if (!qn_scan_layout(scan)->seismic_unix)
        status = add_reel(scan, out, err);
    if (!status && preview)
        status = add_traces(scan, preview, out, err);
    if (!status)
        return out;
    json_decref(out);
    return NULL;
}
