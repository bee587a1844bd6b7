/* Traces side by side: see compare.h. Bytes are compared first, which is all that most traces
 * need; only what differs there is looked at by value. */
#include "pipelines/segy/diff/compare.h"

#include "base/sys.h"
#include "compute/samples.h"
#include "pipelines/segy/diff/head.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- fields --------------------------------------------------------------------------------- */

const struct qn_segy_field *qn_diff_unix_fields(void)
{
    size_t i = 0;
    while (strcmp(qn_segy_layout_at(i)->name, "su") != 0)
        i++;
    return qn_segy_layout_at(i)->fields;
}

static void add_fields(struct qn_diff_tally *tally, const struct qn_segy_field *table,
                       unsigned from, unsigned end, const struct qn_options *options)
{
    for (const struct qn_segy_field *field = table; field->name; field++)
        if (field->byte >= from && field->byte < end && !qn_diff_ignores(options, field->name))
            tally->fields[tally->field_count++].field = *field;
}

/* Header bytes that no table knows, eight at a time. */
static void add_unknown(struct qn_diff_tally *tally, unsigned from, unsigned end)
{
    for (unsigned byte = from; byte + 8 <= end; byte += 8) {
        struct qn_diff_field *field = &tally->fields[tally->field_count++];
        snprintf(field->name, sizeof field->name, "unknown_%u", byte);
        field->field = (struct qn_segy_field){.byte = (uint16_t)byte, .type = QN_SEGY_UINT64};
    }
}

enum qn_status qn_diff_tally_init(struct qn_diff_tally *tally, const struct qn_diff_side *a,
                                  const struct qn_diff_side *b, const struct qn_options *options,
                                  struct qn_error *err)
{
    enum { STANDARD = 128, EXTENSION = 64, BYTES_241 = 241, UNIX_TAIL = 181 };
    const struct qn_segy_layout *la = &a->layout, *lb = &b->layout;
    unsigned end = la->trace_header_bytes < lb->trace_header_bytes ? la->trace_header_bytes
                                                                   : lb->trace_header_bytes;
    size_t most = STANDARD + EXTENSION + end / 8;
    bool unix_a = la->seismic_unix, unix_b = lb->seismic_unix;
    unsigned standard = unix_a || unix_b ? UNIX_TAIL : BYTES_241;
    *tally = (struct qn_diff_tally){.first_length = UINT64_MAX};
    tally->fields = qn_sys.calloc(most, sizeof *tally->fields);
    if (!tally->fields)
        return qn_fail_memory(err, "header fields", most * sizeof *tally->fields);
    add_fields(tally, qn_segy_trace_fields, 1, standard, options);
    if (unix_a && unix_b)
        add_fields(tally, qn_diff_unix_fields(), standard, BYTES_241, options);
    if (end >= 2 * QN_SEGY_TRACE_HEADER_BYTES) {
        add_fields(tally, qn_segy_extension_fields, BYTES_241, end + 1, options);
        bool comparable = la->order == lb->order;
        add_unknown(tally, 417, comparable ? 473 : 417);
        add_unknown(tally, 481, comparable ? end + 1 : 481);
    }
    for (size_t i = 0; i < tally->field_count; i++)
        if (!tally->fields[i].field.name)
            tally->fields[i].field.name = tally->fields[i].name;
    return QN_OK;
}

void qn_diff_tally_release(struct qn_diff_tally *tally)
{
    free(tally->fields);
    tally->fields = NULL;
}

bool qn_diff_tally_same(const struct qn_diff_tally *tally)
{
    return tally->headers == 0 && tally->lengths == 0 && tally->differing == 0;
}

/* ---- adding up ------------------------------------------------------------------------------ */

static bool is_before(const struct qn_diff_sample *a, const struct qn_diff_sample *b)
{
    return a->trace != b->trace ? a->trace < b->trace : a->sample < b->sample;
}

static size_t kept(uint64_t count)
{
    return count < QN_DIFF_FIRST ? (size_t)count : QN_DIFF_FIRST;
}

/* The first of two ordered lists together. */
static void merge_headers(struct qn_diff_field *into, const struct qn_diff_field *next)
{
    struct qn_diff_header all[2 * QN_DIFF_FIRST];
    size_t n = kept(into->traces), m = kept(next->traces), i = 0, k = 0, count = 0;
    while (i < n || k < m) {
        bool left = k == m || (i < n && into->first[i].trace < next->first[k].trace);
        all[count++] = left ? into->first[i++] : next->first[k++];
    }
    memcpy(into->first, all, kept(count) * sizeof *all);
    into->traces += next->traces;
}

static void merge_samples(struct qn_diff_tally *into, const struct qn_diff_tally *next)
{
    struct qn_diff_sample all[2 * QN_DIFF_FIRST];
    size_t n = kept(into->differing), m = kept(next->differing), i = 0, k = 0, count = 0;
    while (i < n || k < m) {
        bool left = k == m || (i < n && is_before(&into->first[i], &next->first[k]));
        all[count++] = left ? into->first[i++] : next->first[k++];
    }
    memcpy(into->first, all, kept(count) * sizeof *all);
    into->differing += next->differing;
}

/* The larger of two, the earlier of equal ones. */
static void merge_largest(double *largest, struct qn_diff_sample *at, double next,
                          const struct qn_diff_sample *next_at)
{
    if (next < *largest || (next == *largest && (next == 0 || is_before(at, next_at))))
        return;
    *largest = next;
    *at = *next_at;
}

void qn_diff_tally_merge(struct qn_diff_tally *into, const struct qn_diff_tally *next)
{
    for (size_t i = 0; i < into->field_count; i++)
        merge_headers(&into->fields[i], &next->fields[i]);
    merge_samples(into, next);
    into->headers += next->headers;
    into->lengths += next->lengths;
    if (next->first_length < into->first_length)
        into->first_length = next->first_length;
    into->compared += next->compared;
    into->other_bits += next->other_bits;
    into->traces += next->traces;
    merge_largest(&into->largest, &into->largest_at, next->largest, &next->largest_at);
    merge_largest(&into->largest_relative, &into->largest_relative_at, next->largest_relative,
                  &next->largest_relative_at);
}

/* ---- headers -------------------------------------------------------------------------------- */

struct qn_diff_comparer {
    const struct qn_diff_rules *rules;
    const struct qn_segy_layout *a, *b;
    size_t header_bytes; /* that both have */
    bool same_headers;   /* may be compared byte by byte */
    bool same_samples;
    const struct qn_sample_converter *convert_a, *convert_b;
    void *values_a, *values_b; /* one trace */
};

static bool same_value(const struct qn_segy_field *field, const struct qn_segy_value *a,
                       const struct qn_segy_value *b)
{
    switch (a->kind) {
    case QN_SEGY_VALUE_INT:
        return a->i == b->i;
    case QN_SEGY_VALUE_UINT:
        return a->u == b->u;
    case QN_SEGY_VALUE_REAL:
        return a->real == b->real || (isnan(a->real) && isnan(b->real));
    default:
        return field->type == QN_SEGY_ASCII8 && !memcmp(a->text, b->text, sizeof a->text);
    }
}

static void compare_headers(const struct qn_diff_comparer *c, uint64_t trace, const uint8_t *a,
                            const uint8_t *b, struct qn_diff_tally *tally)
{
    bool differs = false;
    if (c->same_headers && !memcmp(a, b, c->header_bytes))
        return;
    for (size_t i = 0; i < tally->field_count; i++) {
        struct qn_diff_field *field = &tally->fields[i];
        struct qn_segy_value va = qn_segy_get(&field->field, c->a->order, a);
        struct qn_segy_value vb = qn_segy_get(&field->field, c->b->order, b);
        if (same_value(&field->field, &va, &vb))
            continue;
        if (field->traces < QN_DIFF_FIRST)
            field->first[field->traces] = (struct qn_diff_header){trace, va, vb};
        field->traces++;
        differs = true;
    }
    tally->headers += differs;
}

/* ---- samples -------------------------------------------------------------------------------- */

/* A long double holds the values of every type exactly. */
static long double value_at(enum qn_dtype dtype, const void *values, size_t i)
{
    switch (dtype) {
    case QN_INT8:
        return ((const int8_t *)values)[i];
    case QN_INT16:
        return ((const int16_t *)values)[i];
    case QN_INT32:
        return ((const int32_t *)values)[i];
    case QN_INT64:
        return ((const int64_t *)values)[i];
    case QN_UINT8:
        return ((const uint8_t *)values)[i];
    case QN_UINT16:
        return ((const uint16_t *)values)[i];
    case QN_UINT32:
        return ((const uint32_t *)values)[i];
    case QN_UINT64:
        return ((const uint64_t *)values)[i];
    case QN_FLOAT32:
        return ((const float *)values)[i];
    default:
        return ((const double *)values)[i];
    }
}

static void note_sample(struct qn_diff_tally *tally, const struct qn_diff_sample *sample,
                        double distance, double relative)
{
    if (tally->differing < QN_DIFF_FIRST)
        tally->first[tally->differing] = *sample;
    tally->differing++;
    if (isfinite(distance) && distance > tally->largest) {
        tally->largest = distance;
        tally->largest_at = *sample;
    }
    if (isfinite(relative) && relative > tally->largest_relative) {
        tally->largest_relative = relative;
        tally->largest_relative_at = *sample;
    }
}

/* Returns whether they differ. */
static bool compare_sample(const struct qn_diff_comparer *c, uint64_t trace, size_t i,
                           struct qn_diff_tally *tally)
{
    long double a = value_at(c->convert_a->dtype, c->values_a, i);
    long double b = value_at(c->convert_b->dtype, c->values_b, i);
    if (a == b || (isnan(a) && isnan(b)))
        return false;
    long double distance = fabsl(a - b);
    long double larger = fmaxl(fabsl(a), fabsl(b));
    if (distance <= (long double)c->rules->tolerance + (long double)c->rules->relative * larger &&
        isfinite(distance))
        return false;
    struct qn_diff_sample sample = {trace, (uint32_t)i, (double)a, (double)b};
    note_sample(tally, &sample, (double)distance, (double)(distance / larger));
    return true;
}

/* Samples whose bytes are not the same. */
static uint64_t count_other_bytes(const uint8_t *a, const uint8_t *b, size_t n, size_t bytes)
{
    uint64_t others = 0;
    for (size_t i = 0; i < n; i++)
        others += memcmp(a + i * bytes, b + i * bytes, bytes) != 0;
    return others;
}

static void compare_samples(const struct qn_diff_comparer *c, uint64_t trace, const uint8_t *a,
                            const uint8_t *b, size_t n, struct qn_diff_tally *tally)
{
    struct qn_convert_counts counts = {0};
    uint64_t before = tally->differing;
    tally->compared += n;
    if (c->same_samples && !memcmp(a, b, n * c->a->sample_bytes))
        return;
    c->convert_a->convert(a, n, c->values_a, &counts);
    c->convert_b->convert(b, n, c->values_b, &counts);
    bool same = c->convert_a->dtype == c->convert_b->dtype &&
                !memcmp(c->values_a, c->values_b, n * c->convert_a->dtype_bytes);
    for (size_t i = 0; i < n && !same; i++)
        compare_sample(c, trace, i, tally);
    uint64_t differing = tally->differing - before;
    tally->traces += differing > 0;
    if (c->same_samples && c->rules->tolerance == 0 && c->rules->relative == 0)
        tally->other_bits += count_other_bytes(a, b, n, c->a->sample_bytes) - differing;
}

/* ---- both ----------------------------------------------------------------------------------- */

static const struct qn_sample_converter *converter_of(const struct qn_diff_side *side)
{
    const struct qn_segy_layout *layout = &side->layout;
    return layout->format == 4 && side->inverse_gain
               ? qn_samples_find_inverse_gain(layout->sample_order)
               : qn_samples_find(layout->format, layout->sample_order, QN_SAMPLES_NATIVE);
}

enum qn_status qn_diff_comparer_new(const struct qn_diff_side *a, const struct qn_diff_side *b,
                                    const struct qn_diff_rules *rules,
                                    struct qn_diff_comparer **out, struct qn_error *err)
{
    struct qn_diff_comparer *c = *out = qn_sys.calloc(1, sizeof *c);
    if (!c)
        return qn_fail_memory(err, "a comparison", sizeof *c);
    c->rules = rules;
    c->a = &a->layout;
    c->b = &b->layout;
    c->header_bytes = c->a->trace_header_bytes < c->b->trace_header_bytes
                          ? c->a->trace_header_bytes
                          : c->b->trace_header_bytes;
    c->same_headers = c->a->order == c->b->order;
    c->same_samples = c->a->sample_order == c->b->sample_order && c->a->format == c->b->format;
    c->convert_a = converter_of(a);
    c->convert_b = converter_of(b);
    c->values_a = qn_sys.malloc(c->a->samples * c->convert_a->dtype_bytes);
    c->values_b = qn_sys.malloc(c->b->samples * c->convert_b->dtype_bytes);
    if (c->values_a && c->values_b)
        return QN_OK;
    qn_diff_comparer_free(c);
    *out = NULL;
    return qn_fail_memory(err, "a trace", a->layout.samples * sizeof(double));
}

void qn_diff_comparer_free(struct qn_diff_comparer *comparer)
{
    if (!comparer)
        return;
    free(comparer->values_a);
    free(comparer->values_b);
    free(comparer);
}

void qn_diff_compare(struct qn_diff_comparer *comparer, uint64_t trace, const uint8_t *a,
                     uint32_t a_samples, const uint8_t *b, uint32_t b_samples,
                     struct qn_diff_tally *tally)
{
    if (comparer->rules->headers)
        compare_headers(comparer, trace, a, b, tally);
    if (!comparer->rules->samples)
        return;
    if (a_samples != b_samples) {
        tally->lengths++;
        tally->first_length = trace < tally->first_length ? trace : tally->first_length;
    }
    compare_samples(comparer, trace, a + comparer->a->trace_header_bytes,
                    b + comparer->b->trace_header_bytes,
                    a_samples < b_samples ? a_samples : b_samples, tally);
}
