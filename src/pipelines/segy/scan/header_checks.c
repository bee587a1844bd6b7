/* Counting what is odd about trace headers: see header_checks.h. */
#include "pipelines/segy/scan/header_checks.h"

#include "base/sys.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 256u

/* ---- making --------------------------------------------------------------------------------- */

static size_t header_bytes(const struct qn_header_checks *checks)
{
    return checks->import->layout.trace_header_bytes;
}

/* All header bytes but the trace's numbers within line and file, of which every trace has its own.
 */
static void choose_compared(struct qn_header_checks *checks)
{
    const struct qn_segy_field *a = &checks->import->roles[QN_ROLE_SEQUENCE];
    const struct qn_segy_field *b = &checks->import->roles[QN_ROLE_FILE_SEQUENCE];
    const struct qn_segy_field *skipped[2] = {a->byte <= b->byte ? a : b,
                                              a->byte <= b->byte ? b : a};
    size_t start = 0, end = header_bytes(checks);
    for (size_t i = 0; i < 2; i++) {
        const struct qn_segy_field *field = skipped[i];
        size_t first = field->byte ? field->byte - 1u : start;
        checks->compared[i] = (struct qn_byte_range){start, first > start ? first - start : 0};
        if (field->byte)
            start = first + qn_segy_type_info((enum qn_segy_type)field->type)->bytes;
    }
    checks->compared[2] = (struct qn_byte_range){start, end - start};
}

/* Adds the bytes of a field to those that its scalar is for; more ranges than there is room for are
 * left out, which can only make the check say less. */
static void add_scaled(struct qn_scalar_check *check, const struct qn_segy_field *field)
{
    size_t start = field->byte - 1u;
    size_t len = qn_segy_type_info((enum qn_segy_type)field->type)->bytes;
    struct qn_segy_place place = qn_segy_scalar_place(field);
    check->scalar = (struct qn_segy_field){.byte = place.byte, .type = place.type};
    struct qn_byte_range *last = &check->scaled[check->scaled_count ? check->scaled_count - 1 : 0];
    if (check->scaled_count > 0 && last->start + last->len == start &&
        last->len + len <= QN_SEGY_TRACE_HEADER_BYTES)
        last->len += len;
    else if (check->scaled_count < QN_SCALED_RANGES)
        check->scaled[check->scaled_count++] = (struct qn_byte_range){start, len};
}

/* What to look at, which follows from the import. */
static void prepare(struct qn_header_checks *checks)
{
    const struct qn_import *import = checks->import;
    for (size_t i = 0; i < import->field_count; i++)
        if (import->fields[i].scaling != QN_SEGY_UNSCALED)
            add_scaled(&checks->scalars[import->fields[i].scaling], &import->fields[i]);
    choose_compared(checks);
}

enum qn_status qn_header_checks_init(struct qn_header_checks *checks,
                                     const struct qn_import *import, struct qn_error *err)
{
    *checks = (struct qn_header_checks){.import = import};
    size_t bytes = header_bytes(checks);
    checks->first = qn_sys.calloc(1, bytes);
    checks->last = qn_sys.calloc(1, bytes);
    checks->varying = qn_sys.calloc(1, bytes);
    if (!checks->first || !checks->last || !checks->varying)
        return qn_fail_memory(err, "the header checks", 3 * bytes);
    prepare(checks);
    return QN_OK;
}

void qn_header_checks_release(struct qn_header_checks *checks)
{
    free(checks->first);
    free(checks->last);
    free(checks->varying);
    *checks = (struct qn_header_checks){0};
}

void qn_header_checks_clear(struct qn_header_checks *checks)
{
    struct qn_header_checks kept = *checks;
    *checks = (struct qn_header_checks){
        .import = kept.import, .first = kept.first, .last = kept.last, .varying = kept.varying};
    memset(checks->varying, 0, header_bytes(checks));
    prepare(checks);
}

/* ---- adding --------------------------------------------------------------------------------- */

static inline void hit(struct qn_trace_count *count, uint64_t trace, double value)
{
    if (count->count++ == 0) {
        count->first = trace;
        count->value = value;
    }
}

static bool is_legal(double scalar)
{
    double size = fabs(scalar);
    return size == 1 || size == 10 || size == 100 || size == 1000 || size == 10000;
}

/* Whether one of the fields that the scalar is for has a value. */
static bool scales_something(const struct qn_scalar_check *check, const uint8_t *header)
{
    static const uint8_t zeros[QN_SEGY_TRACE_HEADER_BYTES] = {0};
    for (size_t i = 0; i < check->scaled_count; i++)
        if (memcmp(header + check->scaled[i].start, zeros, check->scaled[i].len) != 0)
            return true;
    return false;
}

static void check_scalar(struct qn_header_checks *checks, struct qn_scalar_check *check,
                         const struct qn_traces *traces)
{
    double values[BLOCK];
    if (check->scalar.byte == 0)
        return;
    qn_segy_scale(&check->scalar, checks->import->layout.order, traces->bytes, traces->stride,
                  traces->count, values);
    for (size_t i = 0; i < traces->count; i++) {
        if (values[i] == 0) {
            check->zero++;
            if (scales_something(check, traces->bytes + i * traces->stride))
                hit(&check->naked, traces->first + i, 0);
        } else if (!is_legal(values[i])) {
            hit(&check->illegal, traces->first + i, values[i]);
        }
    }
}

/* Values of one of the fields that the import looks at; false if the layout has none. */
static bool load(const struct qn_header_checks *checks, enum qn_role role,
                 const struct qn_traces *traces, double *values)
{
    const struct qn_segy_field *field = &checks->import->roles[role];
    if (field->byte == 0)
        return false;
    qn_segy_scale(field, checks->import->layout.order, traces->bytes, traces->stride, traces->count,
                  values);
    return true;
}

static void check_roles(struct qn_header_checks *checks, const struct qn_traces *traces)
{
    const struct qn_segy_layout *layout = &checks->import->layout;
    bool passcal = layout->length_field == QN_SEGY_LENGTH_229;
    double values[BLOCK];
    if (load(checks, QN_ROLE_TRACE_ID, traces, values))
        for (size_t i = 0; i < traces->count; i++)
            if (values[i] == 2)
                hit(&checks->marked_dead, traces->first + i, 2);
    if (load(checks, QN_ROLE_SAMPLES, traces, values))
        for (size_t i = 0; i < traces->count; i++) {
            uint32_t samples = qn_traces_samples(traces, i);
            bool said_elsewhere = samples > UINT16_MAX || (passcal && values[i] == 32767);
            if (values[i] != 0 && values[i] != samples && !said_elsewhere)
                hit(&checks->samples, traces->first + i, values[i]);
        }
    if (layout->interval_us > 0 && load(checks, QN_ROLE_INTERVAL, traces, values))
        for (size_t i = 0; i < traces->count; i++) {
            bool said_elsewhere = passcal && values[i] == 1;
            if (values[i] != 0 && !(fabs(values[i] - layout->interval_us) < 1) && !said_elsewhere)
                hit(&checks->interval, traces->first + i, values[i]);
        }
}

/* Bits that are not those of the first header. Eight bytes at once: headers are multiples of 240.
 */
static void note_changes(uint8_t *varying, const uint8_t *first, const uint8_t *header,
                         size_t bytes)
{
    for (size_t b = 0; b < bytes; b += 8) {
        uint64_t a, c, bits;
        memcpy(&a, first + b, 8);
        memcpy(&c, header + b, 8);
        memcpy(&bits, varying + b, 8);
        bits |= a ^ c;
        memcpy(varying + b, &bits, 8);
    }
}

static bool is_repeated(const struct qn_header_checks *checks, const uint8_t *header,
                        const uint8_t *before)
{
    for (size_t i = 0; i < 3; i++) {
        const struct qn_byte_range *range = &checks->compared[i];
        if (memcmp(header + range->start, before + range->start, range->len) != 0)
            return false;
    }
    return true;
}

static void compare_traces(struct qn_header_checks *checks, const struct qn_traces *traces)
{
    size_t bytes = header_bytes(checks);
    const uint8_t *before = checks->last;
    if (checks->count == 0)
        memcpy(checks->first, traces->bytes, bytes);
    for (size_t i = 0; i < traces->count; i++) {
        const uint8_t *header = traces->bytes + i * traces->stride;
        note_changes(checks->varying, checks->first, header, bytes);
        if (checks->count + i > 0 && is_repeated(checks, header, before))
            hit(&checks->repeated, traces->first + i, 0);
        before = header;
    }
    memcpy(checks->last, before, bytes);
}

static void add_block(struct qn_header_checks *checks, const struct qn_traces *traces)
{
    for (int scaling = 1; scaling < QN_SEGY_SCALING_COUNT; scaling++)
        check_scalar(checks, &checks->scalars[scaling], traces);
    check_roles(checks, traces);
    compare_traces(checks, traces);
    if (checks->count == 0)
        checks->traces.start = traces->first;
    checks->traces.end = traces->first + traces->count;
    checks->count += traces->count;
}

void qn_header_checks_add(struct qn_header_checks *checks, const struct qn_traces *traces)
{
    for (size_t done = 0; done < traces->count;) {
        size_t left = traces->count - done;
        struct qn_traces now = qn_traces_part(traces, done, left < BLOCK ? left : BLOCK);
        add_block(checks, &now);
        done += now.count;
    }
}

/* ---- merging -------------------------------------------------------------------------------- */

static void merge_count(struct qn_trace_count *into, const struct qn_trace_count *next)
{
    if (into->count == 0)
        *into = *next;
    else
        into->count += next->count;
}

/* Every count of the checks, for what is done to all of them. */
static size_t counts_of(struct qn_header_checks *checks, struct qn_trace_count **counts)
{
    size_t n = 0;
    for (size_t i = 0; i < QN_SEGY_SCALING_COUNT; i++) {
        counts[n++] = &checks->scalars[i].naked;
        counts[n++] = &checks->scalars[i].illegal;
    }
    counts[n++] = &checks->marked_dead;
    counts[n++] = &checks->samples;
    counts[n++] = &checks->interval;
    counts[n++] = &checks->repeated;
    return n;
}
#define COUNTS (2 * QN_SEGY_SCALING_COUNT + 4)

void qn_header_checks_merge(struct qn_header_checks *into, const struct qn_header_checks *next)
{
    struct qn_trace_count *ours[COUNTS], *theirs[COUNTS];
    size_t bytes = header_bytes(into);
    struct qn_header_checks copy = *next;
    if (next->count == 0)
        return;
    if (into->count == 0) {
        memcpy(into->first, next->first, bytes);
        into->traces.start = next->traces.start;
    } else if (into->traces.end == next->traces.start &&
               is_repeated(into, next->first, into->last)) {
        hit(&into->repeated, next->traces.start, 0);
    }
    size_t n = counts_of(into, ours);
    counts_of(&copy, theirs);
    for (size_t i = 0; i < n; i++)
        merge_count(ours[i], theirs[i]);
    for (size_t i = 0; i < QN_SEGY_SCALING_COUNT; i++)
        into->scalars[i].zero += next->scalars[i].zero;
    note_changes(into->varying, into->first, next->first, bytes);
    for (size_t b = 0; b < bytes; b++)
        into->varying[b] |= next->varying[b];
    memcpy(into->last, next->last, bytes);
    into->traces.end = next->traces.end;
    into->count += next->count;
}

/* ---- bytes ---------------------------------------------------------------------------------- */

void qn_header_checks_encode(const struct qn_header_checks *checks, struct qn_buf *buf)
{
    struct qn_header_checks copy = *checks;
    struct qn_trace_count *counts[COUNTS];
    size_t n = counts_of(&copy, counts);
    qn_buf_u64(buf, checks->traces.start);
    qn_buf_u64(buf, checks->traces.end);
    qn_buf_u64(buf, checks->count);
    for (size_t i = 0; i < QN_SEGY_SCALING_COUNT; i++)
        qn_buf_u64(buf, checks->scalars[i].zero);
    for (size_t i = 0; i < n; i++) {
        qn_buf_u64(buf, counts[i]->count);
        qn_buf_u64(buf, counts[i]->first);
        qn_buf_real(buf, counts[i]->value);
    }
    qn_buf_append(buf, checks->first, header_bytes(checks));
    qn_buf_append(buf, checks->last, header_bytes(checks));
    qn_buf_append(buf, checks->varying, header_bytes(checks));
}

void qn_header_checks_decode(struct qn_cursor *cursor, struct qn_header_checks *checks)
{
    struct qn_trace_count *counts[COUNTS];
    uint8_t *parts[] = {checks->first, checks->last, checks->varying};
    size_t n = counts_of(checks, counts);
    checks->traces.start = qn_cursor_u64(cursor);
    checks->traces.end = qn_cursor_u64(cursor);
    checks->count = qn_cursor_u64(cursor);
    for (size_t i = 0; i < QN_SEGY_SCALING_COUNT; i++)
        checks->scalars[i].zero = qn_cursor_u64(cursor);
    for (size_t i = 0; i < n; i++) {
        counts[i]->count = qn_cursor_u64(cursor);
        counts[i]->first = qn_cursor_u64(cursor);
        counts[i]->value = qn_cursor_real(cursor);
    }
    for (size_t i = 0; i < 3; i++) {
        const uint8_t *bytes = qn_cursor_bytes(cursor, header_bytes(checks));
        if (bytes)
            memcpy(parts[i], bytes, header_bytes(checks));
    }
}

/* ---- what never changes --------------------------------------------------------------------- */

enum qn_constancy qn_header_constancy(const struct qn_header_checks *checks,
                                      const struct qn_segy_field *field)
{
    size_t bytes = qn_segy_type_info((enum qn_segy_type)field->type)->bytes;
    uint8_t changes = 0, bits = 0;
    for (size_t b = field->byte - 1u; b < field->byte - 1u + bytes; b++) {
        changes |= checks->varying[b];
        bits |= checks->first[b];
    }
    if (changes)
        return QN_HEADER_VARIES;
    return bits ? QN_HEADER_CONSTANT : QN_HEADER_ZERO;
}
