/* Selections of traces: see select.h. */
#include "pipelines/segy/export/select.h"

#include "base/nearest.h"
#include "base/sys.h"
#include "format/parquet/reader.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TERMS 64
#define KEY_SIZE  96

/* One KEY=A:B:STEP of --select. */
struct term {
    char key[KEY_SIZE];
    double from, to; /* inclusive */
    double step;     /* 0: every value */
    size_t column;
};

struct selecting {
    const struct qn_dataset *dataset;
    struct qn_selection *selection;
    struct term terms[MAX_TERMS];
    size_t term_count;
    double least, most; /* values of the last key looked at, for the message */
};

/* ---- ranges as text ------------------------------------------------------------------------- */

static bool get_number(const char **text, double *value)
{
    char *end;
    errno = 0;
    *value = strtod(*text, &end);
    if (end == *text || errno || !isfinite(*value))
        return false;
    *text = end;
    return true;
}

/* "A", "A:B", "A:", ":B", "A:B:STEP", ":": *from and *to keep their values where one is left out.
 * A single number is both. */
static bool parse_range(const char *text, double *from, double *to, double *step)
{
    bool first = *text != ':' && *text;
    if (first && !get_number(&text, from))
        return false;
    if (first && !*text) {
        *to = *from;
        return true;
    }
    if (*text++ != ':')
        return false;
    if (*text && *text != ':' && !get_number(&text, to))
        return false;
    if (*text == ':' && step) {
        text++;
        if (!first || !get_number(&text, step) || *step <= 0)
            return false;
    }
    return !*text;
}

static enum qn_status take_traces(const struct qn_options *options, struct qn_trace_range *range,
                                  struct qn_error *err)
{
    const char *text = qn_option_string(options, "traces");
    uint64_t traces = range->end - range->start;
    double from = 0, to = (double)traces;
    if (!text)
        return QN_OK;
    bool valid = parse_range(text, &from, &to, NULL);
    if (valid && !strchr(text, ':'))
        to = from + 1;
    if (!valid || from < 0 || from != floor(from) || to != floor(to))
        return qn_fail(err, QN_ERR_USAGE,
                       "--traces '%s' is no range of traces. Give A:B, from number A (counted from "
                       "0) to before B, such as 0:1000; A: is up to the last.",
                       text);
    if (from >= to || to > (double)traces)
        return qn_fail(err, QN_ERR_USAGE,
                       "--traces %s: there are %" PRIu64 " traces, numbered 0 to %" PRIu64 ".",
                       text, traces, traces - 1);
    range->end = range->start + (uint64_t)to;
    range->start += (uint64_t)from;
    return QN_OK;
}

static enum qn_status parse_term(const char *text, struct term *term, struct qn_error *err)
{
    const char *equals = strchr(text, '=');
    size_t len = equals ? (size_t)(equals - text) : 0;
    *term = (struct term){.from = -INFINITY, .to = INFINITY};
    if (len == 0 || len >= sizeof term->key || !equals[1] ||
        !parse_range(equals + 1, &term->from, &term->to, &term->step))
        return qn_fail(err, QN_ERR_USAGE,
                       "--select '%s' is no range of a header field. Give NAME=A:B for values from "
                       "A to B, NAME=A for one value, NAME=A:B:STEP for every STEP-th.",
                       text);
    memcpy(term->key, text, len);
    return QN_OK;
}

/* ---- columns -------------------------------------------------------------------------------- */

static enum qn_status unknown_key(const struct qn_parquet_file *file, const char *key,
                                  struct qn_error *err)
{
    struct qn_nearest nearest = qn_nearest_to(key);
    char hint[128];
    for (size_t c = 0; c < qn_parquet_columns(file); c++)
        qn_nearest_try(&nearest, qn_parquet_column_name(file, c));
    return qn_fail(err, QN_ERR_USAGE,
                   "--select: headers.parquet has no column '%s'.%s It has %zu columns, such as "
                   "%s.",
                   key, qn_nearest_hint(&nearest, hint), qn_parquet_columns(file),
                   qn_parquet_column_name(file, qn_parquet_columns(file) - 1));
}

static enum qn_status find_column(const struct qn_parquet_file *file, struct term *term,
                                  struct qn_error *err)
{
    size_t column = 0;
    while (column < qn_parquet_columns(file) &&
           strcmp(qn_parquet_column_name(file, column), term->key) != 0)
        column++;
    if (column == qn_parquet_columns(file))
        return unknown_key(file, term->key, err);
    const struct qn_parquet_node *leaf = qn_parquet_leaf(file, column);
    if (leaf->physical != PQ_INT32 && leaf->physical != PQ_INT64 && leaf->physical != PQ_FLOAT &&
        leaf->physical != PQ_DOUBLE)
        return qn_fail(err, QN_ERR_USAGE,
                       "--select: column '%s' holds text; only numbers can be selected by.",
                       term->key);
    term->column = column;
    return QN_OK;
}

/* Value i of a column as a double: exact but for 64-bit integers beyond 2^53. */
static double value_at(const struct qn_parquet_node *leaf, const uint8_t *values, size_t i)
{
    switch (leaf->physical) {
    case PQ_INT32: {
        int32_t value;
        memcpy(&value, values + 4 * i, sizeof value);
        return leaf->bits < 0 ? (double)(uint32_t)value : (double)value;
    }
    case PQ_INT64: {
        int64_t value;
        memcpy(&value, values + 8 * i, sizeof value);
        return leaf->bits < 0 ? (double)(uint64_t)value : (double)value;
    }
    case PQ_FLOAT: {
        float value;
        memcpy(&value, values + 4 * i, sizeof value);
        return (double)value;
    }
    default: {
        double value;
        memcpy(&value, values + 8 * i, sizeof value);
        return value;
    }
    }
}

static bool matches(const struct term *term, double value)
{
    return value >= term->from && value <= term->to &&
           (term->step == 0 || fmod(value - term->from, term->step) == 0);
}

/* ---- bits ----------------------------------------------------------------------------------- */

static bool get_bit(const uint64_t *bits, uint64_t i)
{
    return bits[i / 64] >> (i % 64) & 1;
}

static void clear_bit(uint64_t *bits, uint64_t i)
{
    bits[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

/* Whether any term of the same key as the first one at `t` matches. */
static bool key_matches(const struct selecting *s, size_t t, double value)
{
    for (size_t i = t; i < s->term_count; i++)
        if (s->terms[i].column == s->terms[t].column && matches(&s->terms[i], value))
            return true;
    return false;
}

static bool is_first_of_key(const struct selecting *s, size_t t)
{
    for (size_t i = 0; i < t; i++)
        if (s->terms[i].column == s->terms[t].column)
            return false;
    return true;
}

/* Takes out the traces of a row group that the key of term `t` does not match. */
static enum qn_status apply_to_group(struct selecting *s, size_t t, size_t group,
                                     struct qn_error *err)
{
    struct qn_parquet_file *file = qn_dataset_header_table(s->dataset);
    struct qn_selection *selection = s->selection;
    struct qn_trace_range rows = qn_dataset_group(s->dataset, group);
    struct qn_buf values = {0}, valid = {0};
    uint64_t start = rows.start > selection->range.start ? rows.start : selection->range.start;
    uint64_t end = rows.end < selection->range.end ? rows.end : selection->range.end;
    if (start >= end)
        return QN_OK;
    const struct qn_parquet_node *leaf = qn_parquet_leaf(file, s->terms[t].column);
    enum qn_status status =
        qn_parquet_read_column(file, group, s->terms[t].column, &values, &valid, err);
    size_t width = qn_parquet_width(leaf);
    for (uint64_t trace = start; trace < end && !status; trace++) {
        if ((trace - rows.start + 1) * width > values.len)
            break;
        size_t row = (size_t)(trace - rows.start);
        double value = valid.data[row] ? value_at(leaf, values.data, row) : (double)NAN;
        s->least = fmin(s->least, value);
        s->most = fmax(s->most, value);
        if (!key_matches(s, t, value))
            clear_bit(selection->bits, trace - selection->range.start);
    }
    qn_buf_release(&values);
    qn_buf_release(&valid);
    return status;
}

/* Traces that have no row cannot match. */
static void clear_gaps(struct selecting *s)
{
    uint64_t trace = s->selection->range.start;
    for (size_t g = 0; g <= qn_dataset_groups(s->dataset); g++) {
        struct qn_trace_range rows = {s->selection->range.end, 0};
        if (g < qn_dataset_groups(s->dataset))
            rows = qn_dataset_group(s->dataset, g);
        for (; trace < rows.start && trace < s->selection->range.end; trace++)
            clear_bit(s->selection->bits, trace - s->selection->range.start);
        trace = rows.end > trace ? rows.end : trace;
    }
}

static enum qn_status apply_key(struct selecting *s, size_t t, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    s->least = INFINITY;
    s->most = -INFINITY;
    for (size_t g = 0; g < qn_dataset_groups(s->dataset) && !status; g++) {
        if (qn_verb_cancelled())
            return qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
        status = apply_to_group(s, t, g, err);
    }
    if (status)
        return status;
    struct qn_selection *selection = s->selection;
    selection->count = qn_selection_count(selection, selection->range.start, selection->range.end);
    if (selection->count == 0)
        return qn_fail(err, QN_ERR_USAGE,
                       "--select: no trace is left once '%s' is looked at, whose values are %.15g "
                       "to %.15g.",
                       s->terms[t].key, s->least, s->most);
    return QN_OK;
}

static enum qn_status read_terms(struct selecting *s, const struct qn_options *options,
                                 struct qn_error *err)
{
    size_t count = qn_option_count(options, "select");
    enum qn_status status = QN_OK;
    if (count > MAX_TERMS)
        return qn_fail(err, QN_ERR_USAGE, "--select takes at most %d ranges.", MAX_TERMS);
    for (; s->term_count < count && !status; s->term_count++) {
        struct term *term = &s->terms[s->term_count];
        status = parse_term(qn_option_item(options, "select", s->term_count), term, err);
        if (!status)
            status = find_column(qn_dataset_header_table(s->dataset), term, err);
    }
    return status;
}

enum qn_status qn_selection_make(const struct qn_dataset *dataset, const struct qn_options *options,
                                 struct qn_trace_range range, struct qn_selection *selection,
                                 struct qn_error *err)
{
    struct selecting s = {.dataset = dataset, .selection = selection};
    *selection = (struct qn_selection){0};
    enum qn_status status = take_traces(options, &range, err);
    if (!status)
        status = read_terms(&s, options, err);
    if (status)
        return status;
    selection->range = range;
    selection->count = range.end - range.start;
    if (s.term_count == 0)
        return QN_OK;
    size_t words = (size_t)((selection->count + 63) / 64);
    selection->bits = qn_sys.malloc(words * sizeof *selection->bits);
    if (!selection->bits)
        return qn_fail_memory(err, "the selection", words * sizeof *selection->bits);
    memset(selection->bits, 0xFF, words * sizeof *selection->bits);
    clear_gaps(&s);
    for (size_t t = 0; t < s.term_count && !status; t++)
        if (is_first_of_key(&s, t))
            status = apply_key(&s, t, err);
    return status;
}

void qn_selection_release(struct qn_selection *selection)
{
    free(selection->bits);
    selection->bits = NULL;
}

/* ---- asking --------------------------------------------------------------------------------- */

static struct qn_trace_range within(const struct qn_selection *selection, uint64_t start,
                                    uint64_t end)
{
    const struct qn_trace_range *range = &selection->range;
    return (struct qn_trace_range){start > range->start ? start : range->start,
                                   end < range->end ? end : range->end};
}

bool qn_selection_run(const struct qn_selection *selection, uint64_t start, uint64_t end,
                      struct qn_trace_range *run)
{
    uint64_t base = selection->range.start;
    *run = within(selection, start, end);
    if (!selection->bits)
        return run->start < run->end;
    while (run->start < run->end && !get_bit(selection->bits, run->start - base))
        run->start++;
    end = run->end;
    run->end = run->start;
    while (run->end < end && get_bit(selection->bits, run->end - base))
        run->end++;
    return run->start < run->end;
}

uint64_t qn_selection_count(const struct qn_selection *selection, uint64_t start, uint64_t end)
{
    struct qn_trace_range part = within(selection, start, end);
    uint64_t base = selection->range.start;
    uint64_t count = 0;
    if (part.start >= part.end)
        return 0;
    if (!selection->bits)
        return part.end - part.start;
    for (uint64_t trace = part.start; trace < part.end; trace++)
        count += get_bit(selection->bits, trace - base);
    return count;
}
