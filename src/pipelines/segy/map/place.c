/* Positions of traces: see place.h. */
#include "pipelines/segy/map/place.h"

#include "base/sys.h"
#include "pipelines/segy/map/bins.h"
#include "pipelines/segy/survey/axis.h"
#include "pipelines/segy/survey/input.h"
#include "pipelines/segy/survey/view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- positions ------------------------------------------------------------------------------ */

static void coordinate(const struct qn_import *import, uint8_t role, const struct qn_traces *traces,
                       double *out)
{
    const struct qn_segy_field *field = &import->roles[role];
    enum qn_byte_order order = import->layout.order;
    qn_segy_scale(field, order, traces->bytes, traces->stride, traces->count, out);
    for (size_t i = 0; i < traces->count && field->type == QN_SEGY_INT32; i++) {
        const uint8_t *word = traces->bytes + i * traces->stride + field->byte - 1;
        if (qn_load_u32(word, order) == (uint32_t)INT32_MIN)
            out[i] = NAN;
    }
}

/* Puts the mean of `out` and the field into `out`, a block at a time. */
static void average(const struct qn_import *import, uint8_t role, const struct qn_traces *traces,
                    double *out)
{
    enum { BLOCK = 256 };
    double other[BLOCK];
    for (size_t done = 0; done < traces->count; done += BLOCK) {
        size_t left = traces->count - done;
        struct qn_traces part = qn_traces_part(traces, done, left < BLOCK ? left : BLOCK);
        coordinate(import, role, &part, other);
        for (size_t i = 0; i < part.count; i++)
            out[done + i] = (out[done + i] + other[i]) / 2;
    }
}

void qn_place_of(const struct qn_import *import, const struct qn_place *place,
                 const struct qn_traces *traces, double *x, double *y)
{
    coordinate(import, place->x, traces, x);
    coordinate(import, place->y, traces, y);
    if (place->middle) {
        average(import, place->x2, traces, x);
        average(import, place->y2, traces, y);
    }
    for (size_t i = 0; i < traces->count; i++)
        if (isnan(x[i]) || isnan(y[i]))
            x[i] = y[i] = NAN;
}

/* ---- deciding ------------------------------------------------------------------------------- */

/* What a first look sees of every role. */
static enum qn_status glance_at_roles(const struct qn_import *import,
                                      struct qn_glance glances[QN_ROLE_COUNT], struct qn_error *err)
{
    struct qn_reader *reader;
    struct qn_traces traces;
    uint64_t trace;
    size_t reach = import->layout.trace_header_bytes;
    uint8_t *header = qn_sys.malloc(reach);
    memset(glances, 0, QN_ROLE_COUNT * sizeof *glances);
    enum qn_status status = qn_reader_open(import, &reader, err);
    if (!status && !header)
        status = qn_fail_memory(err, "a trace header", reach);
    for (uint64_t i = 0; !status && (trace = qn_glance_trace(import, i)) != UINT64_MAX; i++) {
        status = qn_reader_headers(reader, trace, 1, reach, header, &traces, err);
        for (size_t r = 0; r < QN_ROLE_COUNT && !status; r++) {
            double value;
            int64_t key;
            if (import->roles[r].byte == 0)
                continue;
            qn_segy_scale(&import->roles[r], import->layout.order, header, reach, 1, &value);
            qn_axis_keys(QN_FLOAT64, &value, 1, &key);
            qn_glance_see(&glances[r], key);
            glances[r].non_zero |= value != 0;
        }
    }
    qn_reader_close(reader);
    free(header);
    return status;
}

/* x and y follow each other among the roles. */
static bool varies(const struct qn_glance *glances, int x)
{
    return glances[x].known && glances[x + 1].known && (glances[x].varies || glances[x + 1].varies);
}

static bool is_given(const struct qn_glance *glances, int x)
{
    return glances[x].known && glances[x + 1].known &&
           (glances[x].non_zero || glances[x + 1].non_zero);
}

static struct qn_place place_at(int x)
{
    return (struct qn_place){.known = true, .x = (uint8_t)x, .y = (uint8_t)(x + 1)};
}

static void decide_positions(const struct qn_glance *glances, struct qn_places *places)
{
    struct qn_place *midpoint = &places->midpoint;
    if (varies(glances, QN_ROLE_SOURCE_X))
        places->source = place_at(QN_ROLE_SOURCE_X);
    if (varies(glances, QN_ROLE_RECEIVER_X))
        places->receiver = place_at(QN_ROLE_RECEIVER_X);
    bool both = is_given(glances, QN_ROLE_SOURCE_X) && is_given(glances, QN_ROLE_RECEIVER_X);
    if (varies(glances, QN_ROLE_CDP_X)) {
        *midpoint = place_at(QN_ROLE_CDP_X);
        places->stacked = true;
        snprintf(places->source_text, sizeof places->source_text, "cdp_x, cdp_y");
    } else if (both && (places->source.known || places->receiver.known)) {
        *midpoint = place_at(QN_ROLE_SOURCE_X);
        midpoint->middle = true;
        midpoint->x2 = QN_ROLE_RECEIVER_X;
        midpoint->y2 = QN_ROLE_RECEIVER_Y;
        snprintf(places->source_text, sizeof places->source_text,
                 "half-way between source and receiver");
    } else if (places->source.known) {
        *midpoint = places->source;
        snprintf(places->source_text, sizeof places->source_text, "source_x, source_y");
    }
}

/* Angles where the first trace says so (2 seconds of arc, 3 degrees, 4 degrees, minutes, seconds),
 * else what the binary header counts lengths in. */
static enum qn_status decide_unit(const struct qn_import *import, const struct qn_glance *units,
                                  struct qn_places *places, struct qn_error *err)
{
    enum { MEASUREMENT_SYSTEM = 3255 };
    static const double angles[] = {2, 3, 4};
    const struct qn_survey_file *file = &import->survey.files[0];
    uint8_t system[2] = {0};
    struct qn_input input;
    for (size_t i = 0; i < sizeof angles / sizeof *angles; i++) {
        int64_t key;
        qn_axis_keys(QN_FLOAT64, &angles[i], 1, &key);
        if (units->known && units->first == key)
            places->unit = QN_LENGTH_DEGREES;
    }
    if (places->unit == QN_LENGTH_DEGREES || import->layout.seismic_unix)
        return QN_OK;
    enum qn_status status = qn_input_reopen(&input, file->path, file->stored, &file->gzip, err);
    if (status)
        return status;
    status = qn_input_read(&input, file->layout.label_bytes + MEASUREMENT_SYSTEM - 1, system,
                           sizeof system, err);
    qn_input_close(&input);
    int unit = qn_load_u16(system, import->layout.order);
    if (unit == 1 || unit == 2)
        places->unit = unit == 1 ? QN_LENGTH_METRES : QN_LENGTH_FEET;
    return status;
}

/* ---- the extent ----------------------------------------------------------------------------- */

static int rising(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* How far nine tenths of the values reach: single wrong positions do not count. */
static double reach_of(double *values, size_t n)
{
    qsort(values, n, sizeof *values, rising);
    return n ? values[n - 1 - n / 20] - values[n / 20] : 0;
}

/* The level of bins of about a thousandth of what a first look sees of the survey. */
static enum qn_status decide_level(const struct qn_import *import, struct qn_places *places,
                                   struct qn_error *err)
{
    enum { PARTS = 1024, MOST = 256 };
    double x[MOST];
    double y[MOST];
    size_t n = 0;
    struct qn_reader *reader;
    struct qn_traces traces;
    uint64_t trace;
    size_t reach = import->layout.trace_header_bytes;
    uint8_t *header = qn_sys.malloc(reach);
    enum qn_status status = qn_reader_open(import, &reader, err);
    if (!status && !header)
        status = qn_fail_memory(err, "a trace header", reach);
    for (uint64_t i = 0; !status && n < MOST; i++) {
        trace = qn_glance_trace(import, i);
        if (trace == UINT64_MAX)
            break;
        status = qn_reader_headers(reader, trace, 1, reach, header, &traces, err);
        if (status)
            break;
        qn_place_of(import, &places->midpoint, &traces, &x[n], &y[n]);
        n += fabs(x[n]) <= QN_BINS_REACH && fabs(y[n]) <= QN_BINS_REACH; /* not NaN either */
    }
    double across = fmax(reach_of(x, n), reach_of(y, n));
    int level = across > 0 ? (int)floor(log2(across / PARTS)) : QN_BINS_FINEST;
    places->finest = level > QN_BINS_FINEST ? level : QN_BINS_FINEST;
    qn_reader_close(reader);
    free(header);
    return status;
}

enum qn_status qn_places_decide(const struct qn_import *import, struct qn_places *places,
                                struct qn_error *err)
{
    struct qn_glance glances[QN_ROLE_COUNT];
    *places = (struct qn_places){0};
    enum qn_status status = glance_at_roles(import, glances, err);
    if (status)
        return status;
    decide_positions(glances, places);
    places->inlines = glances[QN_ROLE_INLINE].known && glances[QN_ROLE_CROSSLINE].known &&
                      (glances[QN_ROLE_INLINE].varies || glances[QN_ROLE_CROSSLINE].varies);
    places->cdps = !places->inlines && glances[QN_ROLE_CDP].varies;
    if (places->midpoint.known)
        status = decide_level(import, places, err);
    return status ? status : decide_unit(import, &glances[QN_ROLE_COORD_UNITS], places, err);
}

/* ---- to bytes and back ---------------------------------------------------------------------- */

static void put_place(struct qn_buf *buf, const struct qn_place *place)
{
    const uint8_t bytes[] = {place->known, place->middle, place->x, place->y, place->x2, place->y2};
    qn_buf_append(buf, bytes, sizeof bytes);
}

static void get_place(struct qn_cursor *cursor, struct qn_place *place)
{
    const uint8_t *bytes = qn_cursor_bytes(cursor, 6);
    for (int i = 2; i < 6 && bytes; i++)
        cursor->failed |= bytes[i] >= QN_ROLE_COUNT;
    if (bytes && !cursor->failed)
        *place = (struct qn_place){.known = bytes[0] != 0,
                                   .middle = bytes[1] != 0,
                                   .x = bytes[2],
                                   .y = bytes[3],
                                   .x2 = bytes[4],
                                   .y2 = bytes[5]};
}

void qn_places_encode(const struct qn_places *places, struct qn_buf *buf)
{
    put_place(buf, &places->midpoint);
    put_place(buf, &places->source);
    put_place(buf, &places->receiver);
    qn_buf_u8(buf, places->stacked);
    qn_buf_u8(buf, places->inlines);
    qn_buf_u8(buf, places->cdps);
    qn_buf_u8(buf, (uint8_t)places->unit);
    qn_buf_u32(buf, (uint32_t)places->finest);
    qn_buf_text(buf, places->source_text);
}

void qn_places_decode(struct qn_cursor *cursor, struct qn_places *places)
{
    get_place(cursor, &places->midpoint);
    get_place(cursor, &places->source);
    get_place(cursor, &places->receiver);
    places->stacked = qn_cursor_u8(cursor) != 0;
    places->inlines = qn_cursor_u8(cursor) != 0;
    places->cdps = qn_cursor_u8(cursor) != 0;
    places->unit = (enum qn_length_unit)qn_cursor_u8(cursor);
    places->finest = (int32_t)qn_cursor_u32(cursor);
    qn_cursor_text(cursor, places->source_text, sizeof places->source_text);
    cursor->failed |=
        places->unit > QN_LENGTH_DEGREES || places->finest < QN_BINS_FINEST || places->finest > 62;
}
