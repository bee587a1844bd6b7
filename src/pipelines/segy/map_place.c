/* Positions of traces: see map_place.h. */
#include "pipelines/segy/map_place.h"

#include "base/io.h"
#include "base/sys.h"
#include "pipelines/segy/view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- positions ------------------------------------------------------------------------------ */

static void coordinate(const struct qn_segy_field *field, enum qn_byte_order order,
                       const struct qn_traces *traces, double *out)
{
    qn_segy_scale(field, order, traces->bytes, traces->stride, traces->count, out, NULL);
    for (size_t i = 0; i < traces->count && field->type == QN_SEGY_INT32; i++) {
        const uint8_t *word = traces->bytes + i * traces->stride + field->byte - 1;
        if (qn_load_u32(word, order) == (uint32_t)INT32_MIN)
            out[i] = NAN;
    }
}

/* Puts the mean of `out` and the field into `out`, a block at a time. */
static void average(const struct qn_segy_field *field, enum qn_byte_order order,
                    const struct qn_traces *traces, double *out)
{
    enum { BLOCK = 256 };
    double other[BLOCK];
    for (size_t done = 0; done < traces->count; done += BLOCK) {
        size_t left = traces->count - done;
        struct qn_traces part = qn_traces_part(traces, done, left < BLOCK ? left : BLOCK);
        coordinate(field, order, &part, other);
        for (size_t i = 0; i < part.count; i++)
            out[done + i] = (out[done + i] + other[i]) / 2;
    }
}

void qn_place_of(const struct qn_place *position, enum qn_byte_order order,
                 const struct qn_traces *traces, double *x, double *y)
{
    coordinate(&position->x, order, traces, x);
    coordinate(&position->y, order, traces, y);
    if (position->middle) {
        average(&position->x2, order, traces, x);
        average(&position->y2, order, traces, y);
    }
    for (size_t i = 0; i < traces->count; i++)
        if (isnan(x[i]) || isnan(y[i]))
            x[i] = y[i] = NAN;
}

/* ---- deciding ------------------------------------------------------------------------------- */

enum { CDP_X, CDP_Y, SOURCE_X, SOURCE_Y, RECEIVER_X, RECEIVER_Y, FIELDS };
static const char *const coordinate_names[FIELDS] = {"cdp_x",    "cdp_y",      "source_x",
                                                     "source_y", "receiver_x", "receiver_y"};

static bool is_varying(const struct qn_glance *glances, int x)
{
    return glances[x].known && glances[x + 1].known && (glances[x].varies || glances[x + 1].varies);
}

static bool is_given(const struct qn_glance *glances, int x)
{
    return glances[x].known && glances[x + 1].known &&
           (glances[x].non_zero || glances[x + 1].non_zero);
}

static struct qn_segy_field field_named(const struct qn_import *import, const char *name)
{
    for (size_t i = 0; i < import->field_count; i++)
        if (!strcmp(import->fields[i].name, name))
            return import->fields[i];
    return (struct qn_segy_field){0};
}

static struct qn_place position_at(const struct qn_import *import, int x)
{
    return (struct qn_place){.known = true,
                             .x = field_named(import, coordinate_names[x]),
                             .y = field_named(import, coordinate_names[x + 1])};
}

static void decide_positions(const struct qn_import *import, const struct qn_glance *glances,
                             struct qn_places *places)
{
    struct qn_place *midpoint = &places->midpoint;
    if (is_varying(glances, SOURCE_X))
        places->source = position_at(import, SOURCE_X);
    if (is_varying(glances, RECEIVER_X))
        places->receiver = position_at(import, RECEIVER_X);
    bool both = is_given(glances, SOURCE_X) && is_given(glances, RECEIVER_X);
    if (is_varying(glances, CDP_X)) {
        *midpoint = position_at(import, CDP_X);
        places->stacked = true;
        snprintf(places->source_text, sizeof places->source_text, "cdp_x, cdp_y");
    } else if (both && (places->source.known || places->receiver.known)) {
        *midpoint = position_at(import, SOURCE_X);
        midpoint->middle = true;
        midpoint->x2 = field_named(import, "receiver_x");
        midpoint->y2 = field_named(import, "receiver_y");
        snprintf(places->source_text, sizeof places->source_text,
                 "half-way between source and receiver");
    } else if (places->source.known) {
        *midpoint = places->source;
        snprintf(places->source_text, sizeof places->source_text, "source_x, source_y");
    }
}

/* What the survey's geometry is fitted to: inline and crossline, or the CDPs of a line. */
static enum qn_status decide_lines(const struct qn_import *import, struct qn_places *places,
                                   struct qn_error *err)
{
    static const char *const names[] = {"inline", "crossline", "cdp"};
    struct qn_glance lines[3];
    enum qn_status status = qn_glance_at(import, names, 3, lines, err);
    if (status)
        return status;
    bool volume = lines[0].known && lines[1].known && (lines[0].varies || lines[1].varies);
    places->has_inline = volume;
    places->has_crossline = volume || lines[2].varies;
    if (volume)
        places->lines[0] = field_named(import, "inline");
    if (places->has_crossline)
        places->lines[1] = field_named(import, volume ? "crossline" : "cdp");
    return QN_OK;
}

/* Angles where the first trace says so (bytes 89-90: 2 seconds of arc, 3 degrees, 4 DMS), else what
 * the binary header counts lengths in. */
static enum qn_status decide_unit(const struct qn_import *import, struct qn_places *places,
                                  struct qn_error *err)
{
    enum { REACH = 90, MEASUREMENT_SYSTEM = 3255 };
    const struct qn_survey_file *file = &import->survey.files[0];
    enum qn_byte_order order = import->layout.order;
    uint8_t header[REACH];
    uint8_t system[2] = {0};
    struct qn_reader *reader;
    struct qn_traces traces;
    int fd;
    enum qn_status status = qn_reader_open(import, &reader, err);
    if (!status)
        status = qn_reader_headers(reader, 0, 1, REACH, header, &traces, err);
    qn_reader_close(reader);
    if (!status && !import->layout.seismic_unix && !(status = qn_open_read(file->path, &fd, err))) {
        uint64_t offset = file->layout.label_bytes + MEASUREMENT_SYSTEM - 1;
        status = qn_read_at(fd, file->path, system, sizeof system, offset, err);
        qn_sys.close(fd);
    }
    if (status)
        return status;
    int unit = qn_load_u16(system, order);
    int angle = qn_load_u16(header + 88, order);
    if (angle >= 2 && angle <= 4)
        places->unit = QN_LENGTH_DEGREES;
    else if (unit == 1 || unit == 2)
        places->unit = unit == 1 ? QN_LENGTH_METRES : QN_LENGTH_FEET;
    return QN_OK;
}

enum qn_status qn_places_decide(const struct qn_import *import, struct qn_places *places,
                                struct qn_error *err)
{
    struct qn_glance glances[FIELDS];
    *places = (struct qn_places){0};
    enum qn_status status = qn_glance_at(import, coordinate_names, FIELDS, glances, err);
    if (status)
        return status;
    decide_positions(import, glances, places);
    status = decide_lines(import, places, err);
    return status ? status : decide_unit(import, places, err);
}

/* ---- to bytes and back ---------------------------------------------------------------------- */

static void put_field(struct qn_buf *buf, const struct qn_segy_field *field)
{
    qn_buf_u32(buf, field->byte);
    qn_buf_u8(buf, field->type);
    qn_buf_u8(buf, field->scaling);
}

static void get_field(struct qn_cursor *cursor, struct qn_segy_field *field)
{
    *field = (struct qn_segy_field){.byte = (uint16_t)qn_cursor_u32(cursor)};
    field->type = qn_cursor_u8(cursor);
    field->scaling = qn_cursor_u8(cursor);
    cursor->failed |= field->type >= QN_SEGY_TYPE_COUNT;
}

static void put_position(struct qn_buf *buf, const struct qn_place *position)
{
    qn_buf_u8(buf, position->known);
    qn_buf_u8(buf, position->middle);
    put_field(buf, &position->x);
    put_field(buf, &position->y);
    put_field(buf, &position->x2);
    put_field(buf, &position->y2);
}

static void get_position(struct qn_cursor *cursor, struct qn_place *position)
{
    position->known = qn_cursor_u8(cursor) != 0;
    position->middle = qn_cursor_u8(cursor) != 0;
    get_field(cursor, &position->x);
    get_field(cursor, &position->y);
    get_field(cursor, &position->x2);
    get_field(cursor, &position->y2);
}

void qn_places_encode(const struct qn_places *places, struct qn_buf *buf)
{
    put_position(buf, &places->midpoint);
    put_position(buf, &places->source);
    put_position(buf, &places->receiver);
    qn_buf_u8(buf, places->stacked);
    qn_buf_u8(buf, places->has_inline);
    qn_buf_u8(buf, places->has_crossline);
    put_field(buf, &places->lines[0]);
    put_field(buf, &places->lines[1]);
    qn_buf_u8(buf, (uint8_t)places->unit);
    qn_buf_text(buf, places->source_text);
}

void qn_places_decode(struct qn_cursor *cursor, struct qn_places *places)
{
    get_position(cursor, &places->midpoint);
    get_position(cursor, &places->source);
    get_position(cursor, &places->receiver);
    places->stacked = qn_cursor_u8(cursor) != 0;
    places->has_inline = qn_cursor_u8(cursor) != 0;
    places->has_crossline = qn_cursor_u8(cursor) != 0;
    get_field(cursor, &places->lines[0]);
    get_field(cursor, &places->lines[1]);
    places->unit = (enum qn_length_unit)qn_cursor_u8(cursor);
    qn_cursor_text(cursor, places->source_text, sizeof places->source_text);
}
