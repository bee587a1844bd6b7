/* Rows for the fields of the trace header: see fields.h. */
#include "pipelines/segy/scan/fields.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The type under which positions know a field; QN_POSITION_TYPES: none. */
static enum qn_position_type position_type(uint8_t type)
{
    switch (type) {
    case QN_SEGY_INT16:
        return QN_POSITION_INT16;
    case QN_SEGY_UINT16:
        return QN_POSITION_UINT16;
    case QN_SEGY_INT32:
        return QN_POSITION_INT32;
    case QN_SEGY_IBM32:
        return QN_POSITION_IBM32;
    case QN_SEGY_IEEE32:
        return QN_POSITION_IEEE32;
    default:
        return QN_POSITION_TYPES;
    }
}

static void fill_from_positions(const struct qn_positions *p, unsigned byte,
                                enum qn_position_type type, struct qn_scan_row *row)
{
    const struct qn_position *at = qn_position_at(p, byte, type);
    uint64_t changes = p->neighbours - at->ties, blocks = p->traces - p->neighbours;
    row->type = qn_position_type_name(type);
    row->min = at->min;
    row->max = at->max;
    row->behaviour = qn_position_behaviour(p, byte, type);
    row->rises = at->rises > 0;
    row->falls = at->falls > 0;
    /* Ends of blocks cut runs short: they count only where one block is all there is. */
    row->run = changes == 0  ? 0
               : blocks == 1 ? (double)p->traces / (double)(changes + 1)
                             : (double)p->neighbours / (double)changes;
}

static int compare_words(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

/* Counted in the sample; of all traces, estimated. */
static void count_distinct(const struct qn_scan *scan, unsigned byte, unsigned bytes,
                           struct qn_scan_row *row)
{
    uint32_t words[QN_SCAN_BLOCKS * QN_SCAN_BLOCK];
    const struct qn_scan_sample *sample = &scan->sample;
    row->about = scan->looked_at_all;
    row->distinct = qn_position_distinct(&scan->positions, byte, bytes);
    if (row->about)
        return;
    for (size_t i = 0; i < sample->count; i++) {
        const uint8_t *at = qn_scan_header(sample, i) + byte - 1;
        words[i] = bytes == 2 ? qn_load_u16(at, QN_BIG_ENDIAN) : qn_load_u32(at, QN_BIG_ENDIAN);
    }
    qsort(words, sample->count, sizeof *words, compare_words);
    row->distinct = sample->count > 0;
    for (size_t i = 1; i < sample->count; i++)
        row->distinct += words[i] != words[i - 1];
}

static double number_of(const struct qn_segy_value *value)
{
    return value->kind == QN_SEGY_VALUE_INT    ? (double)value->i
           : value->kind == QN_SEGY_VALUE_UINT ? (double)value->u
           : value->kind == QN_SEGY_VALUE_REAL ? value->real
                                               : NAN;
}

/* Types that positions do not know: from the sample's headers alone. */
static void fill_from_sample(const struct qn_scan *scan, const struct qn_segy_field *field,
                             struct qn_scan_row *row)
{
    const struct qn_scan_sample *sample = &scan->sample;
    double last = 0;
    row->type = qn_segy_type_info((enum qn_segy_type)field->type)->name;
    row->min = INFINITY;
    row->max = -INFINITY;
    for (size_t i = 0; i < sample->count; i++) {
        struct qn_segy_value value =
            qn_segy_get(field, qn_scan_layout(scan)->order, qn_scan_header(sample, i));
        double number = number_of(&value);
        if (value.kind == QN_SEGY_VALUE_TEXT && i == 0)
            snprintf(row->text, sizeof row->text, "%s", value.text);
        row->rises = row->rises || (i > 0 && number > last);
        row->falls = row->falls || (i > 0 && number < last);
        row->min = number < row->min ? number : row->min;
        row->max = number > row->max ? number : row->max;
        last = number;
    }
    bool still = !row->rises && !row->falls;
    bool zero = row->text[0] ? !row->text[strspn(row->text, " ")]
                             : row->min > row->max || (row->min == 0 && row->max == 0);
    row->behaviour = still && zero ? QN_BEHAVES_ZERO
                     : still       ? QN_BEHAVES_CONSTANT
                     : !row->falls ? QN_BEHAVES_RISING
                     : !row->rises ? QN_BEHAVES_FALLING
                                   : QN_BEHAVES_VARYING;
}

/* Coordinates may be floats where the standard has integers. */
static enum qn_position_type guessed_type(const struct qn_scan *scan, unsigned byte,
                                          enum qn_position_type type)
{
    const struct qn_scan_guesses *g = &scan->guesses;
    if (g->x.found && g->x.byte == byte)
        return g->x.type;
    return g->y.found && g->y.byte == byte ? g->y.type : type;
}

static size_t add_table(const struct qn_scan *scan, const struct qn_segy_field *table,
                        unsigned first, unsigned end, struct qn_scan_row *rows, size_t count)
{
    size_t bytes = scan->positions.bytes;
    for (const struct qn_segy_field *f = table; f->name && count < QN_SCAN_ROWS; f++) {
        struct qn_scan_row row = {.name = f->name, .byte = f->byte};
        enum qn_position_type type = position_type(f->type);
        size_t last = f->byte - 1u + qn_segy_type_info((enum qn_segy_type)f->type)->bytes;
        if (f->byte < first || f->byte >= end || last > bytes)
            continue;
        if (type == QN_POSITION_TYPES)
            fill_from_sample(scan, f, &row);
        else {
            fill_from_positions(&scan->positions, f->byte, guessed_type(scan, f->byte, type), &row);
            count_distinct(scan, f->byte, type <= QN_POSITION_UINT16 ? 2 : 4, &row);
        }
        if (row.behaviour != QN_BEHAVES_ZERO)
            rows[count++] = row;
    }
    return count;
}

size_t qn_scan_rows(const struct qn_scan *scan, struct qn_scan_row rows[QN_SCAN_ROWS])
{
    bool su = qn_scan_layout(scan)->seismic_unix;
    size_t count = add_table(scan, qn_segy_trace_fields, 1, su ? 181 : 241, rows, 0);
    if (su)
        count = add_table(scan, qn_segy_unix_fields, 181, 241, rows, count);
    return add_table(scan, qn_segy_extension_fields, 241, 481, rows, count);
}

void qn_scan_behaviour(const struct qn_scan_row *row, char text[QN_SCAN_BEHAVIOUR])
{
    const char *way = !row->falls ? "rises" : !row->rises ? "falls" : "varies";
    char values[32] = "";
    if (row->distinct)
        snprintf(values, sizeof values, ", %s%llu values",
                 !row->about              ? ""
                 : row->distinct >= 10000 ? "over "
                                          : "~",
                 (unsigned long long)row->distinct);
    switch (row->behaviour) {
    case QN_BEHAVES_ZERO:
    case QN_BEHAVES_CONSTANT:
        snprintf(text, QN_SCAN_BEHAVIOUR, "constant");
        break;
    case QN_BEHAVES_COUNTING:
        snprintf(text, QN_SCAN_BEHAVIOUR, "one more in every trace");
        break;
    case QN_BEHAVES_RUNS:
        snprintf(text, QN_SCAN_BEHAVIOUR, "%s in runs of %.0f%s", way, row->run, values);
        break;
    default:
        snprintf(text, QN_SCAN_BEHAVIOUR, "%s%s", way, values);
    }
}

const char *qn_scan_value(double value, char text[QN_SCAN_VALUE])
{
    if (value == floor(value) && fabs(value) < 1e15)
        snprintf(text, QN_SCAN_VALUE, "%.0f", value);
    else
        snprintf(text, QN_SCAN_VALUE, "%.7g", value);
    return text;
}
