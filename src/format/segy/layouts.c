/* Header layouts with a name, and what headers a file's traces have; see segy.h. Each layout is the
 * standard trace header with some fields of its own laid over it. */
#include "format/segy/mapping.h"

#include "base/nearest.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define I16  QN_SEGY_INT16
#define U16  QN_SEGY_UINT16
#define I32  QN_SEGY_INT32
#define F32  QN_SEGY_IEEE32
#define ONE  QN_SEGY_UNSCALED
#define XY   QN_SEGY_BY_COORDINATE_SCALAR
#define TIME QN_SEGY_BY_TIME_SCALAR

/* Rows end where their scalars are the standard's and nothing overrides them. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* clang-format off */
static const struct qn_segy_field nothing[] = {{NULL, 0, 0, 0, NULL}};

/* Bytes as Petrel has them by default; also segysak's petrel_3d and petrel_2d. */
static const struct qn_segy_field petrel[] = {
    {"inline",    5,  I32, ONE, "inline number"},
    {"crossline", 21, I32, ONE, "crossline number"},
    {"cdp",       21, I32, ONE, "ensemble (CDP) number, of 2D lines"},
    {"cdp_x",     73, I32, XY,  "X of the ensemble"},
    {"cdp_y",     77, I32, XY,  "Y of the ensemble"},
    {NULL, 0, 0, 0, NULL},
};

/* DUG's help has the delay at 105 in what Kingdom writes. */
static const struct qn_segy_field kingdom[] = {
    {"inline",               9,   I32, ONE,  "line number"},
    {"crossline",            21,  I32, ONE,  "trace number"},
    {"cdp",                  21,  I32, ONE,  "ensemble (CDP) number, of 2D lines"},
    {"cdp_x",                73,  I32, XY,   "X of the ensemble"},
    {"cdp_y",                77,  I32, XY,   "Y of the ensemble"},
    {"delay_recording_time", 105, I16, TIME, "time of the first sample, ms"},
    {NULL, 0, 0, 0, NULL},
};

/* The tail that Seismic Unix gives the header, by its own names (segy.h of CWP/SU). */
const struct qn_segy_field qn_segy_unix_fields[] = {
    {"d1",       181, F32, ONE, "sample spacing where it is no time"},
    {"f1",       185, F32, ONE, "first sample's location where it is no time"},
    {"d2",       189, F32, ONE, "spacing between traces"},
    {"f2",       193, F32, ONE, "first trace's location"},
    {"ungpow",   197, F32, ONE, "negative of the power used for dynamic range compression"},
    {"unscale",  201, F32, ONE, "reciprocal of the scaling factor that normalised the range"},
    {"ntr",      205, I32, ONE, "number of traces"},
    {"mark",     209, I16, ONE, "mark of selected traces"},
    {"shortpad", 211, I16, ONE, "padding"},
    {"unassigned_213", 213, I32, ONE, "not assigned"},
    {"unassigned_217", 217, I32, ONE, "not assigned"},
    {"unassigned_221", 221, I32, ONE, "not assigned"},
    {"unassigned_225", 225, I32, ONE, "not assigned"},
    {"unassigned_229", 229, I32, ONE, "not assigned"},
    {"unassigned_233", 233, I32, ONE, "not assigned"},
    {"unassigned_237", 237, I32, ONE, "not assigned"},
    {NULL, 0, 0, 0, NULL},
};

/* IRIS/PASSCAL, as in the tables of its instrument centre and of LARSE (Murphy et al., 1996). */
static const struct qn_segy_field passcal[] = {
    {"station_name",         181, QN_SEGY_ASCII6, ONE, "station name code"},
    {"sensor_serial",        187, QN_SEGY_ASCII8, ONE, "sensor serial code"},
    {"channel_name",         195, QN_SEGY_ASCII4, ONE, "channel name code"},
    {"total_static_high",    199, I16, ONE, "high two bytes of the total static, ms"},
    {"sample_interval_long", 201, I32, ONE, "sample interval, microseconds, where 117-118 hold 1"},
    {"data_format",          205, I16, ONE, "0 16-bit integers, 1 32-bit integers"},
    {"millisecond",          207, I16, ONE, "millisecond of the second of the first sample"},
    {"trigger_year",         209, I16, ONE, "year of the trigger"},
    {"trigger_day",          211, I16, ONE, "day of the year of the trigger"},
    {"trigger_hour",         213, I16, ONE, "hour of the trigger"},
    {"trigger_minute",       215, I16, ONE, "minute of the trigger"},
    {"trigger_second",       217, I16, ONE, "second of the trigger"},
    {"trigger_millisecond",  219, I16, ONE, "millisecond of the trigger"},
    {"scale_factor",         221, F32, ONE, "true amplitude: value * scale_factor / gain"},
    {"instrument_serial",    225, U16, ONE, "instrument serial number"},
    {"unassigned_227",       227, I16, ONE, "not assigned"},
    {"sample_count_long",    229, I32, ONE, "number of samples, where 115-116 hold 32767"},
    {"max_count",            233, I32, ONE, "largest sample, counts"},
    {"min_count",            237, I32, ONE, "smallest sample, counts"},
    {NULL, 0, 0, 0, NULL},
};
/* clang-format on */

#define WHOLE 241 /* the standard header to its end */

static const struct qn_segy_named_layout layouts[] = {
    {"standard", "SEG-Y revision 2.1; extension 1 where the traces have it", nothing, WHOLE},
    {"rev2", "the same with extension 1 in bytes 241 to 480, whatever it calls itself", nothing,
     WHOLE},
    {"petrel", "standard, with what Petrel has elsewhere", petrel, WHOLE},
    {"kingdom", "standard, with what Kingdom has elsewhere", kingdom, WHOLE},
    {"su", "Seismic Unix: its own tail from byte 181 on", qn_segy_unix_fields, 181},
    {"passcal", "IRIS/PASSCAL: its own tail from byte 181 on", passcal, 181},
};
#define LAYOUTS (sizeof layouts / sizeof *layouts)

const struct qn_segy_named_layout *qn_segy_layout_at(size_t i)
{
    return i < LAYOUTS ? &layouts[i] : NULL;
}

/* ---- the headers of a trace ----------------------------------------------------------------- */

/* Letters, digits and a few more, up to blanks or NULs; empty if there is anything else. */
static void clean_name(const uint8_t codes[8], char name[9])
{
    size_t len = 0;
    while (len < 8 && codes[len] != ' ' && codes[len] != 0)
        len++;
    for (size_t i = 0; i < 8; i++) {
        bool good = i < len ? isalnum(codes[i]) || strchr("_-.", codes[i])
                            : codes[i] == ' ' || codes[i] == 0;
        if (!good)
            len = 0;
    }
    memcpy(name, codes, len);
    name[len] = '\0';
}

void qn_segy_header_set(const uint8_t *headers, size_t bytes, struct qn_segy_header_set *set)
{
    *set = (struct qn_segy_header_set){.bytes = bytes};
    for (size_t k = 0; k < QN_SEGY_MAX_HEADERS && (k + 1) * QN_SEGY_TRACE_HEADER_BYTES <= bytes;
         k++) {
        const uint8_t *raw = headers + (k + 1) * QN_SEGY_TRACE_HEADER_BYTES - 8;
        uint8_t translated[8];
        clean_name(raw, set->names[k]);
        for (size_t i = 0; i < 8; i++)
            translated[i] = qn_segy_latin1_of_ebcdic(raw[i]);
        if (set->names[k][0] == '\0')
            clean_name(translated, set->names[k]);
    }
}

/* ---- by name -------------------------------------------------------------------------------- */

static const struct qn_segy_named_layout *find(const char *name, struct qn_error *err)
{
    struct qn_nearest nearest = qn_nearest_to(name);
    char hint[128], known[200] = "";
    size_t len = 0;
    for (size_t i = 0; i < LAYOUTS; i++) {
        if (strcmp(name, layouts[i].name) == 0)
            return &layouts[i];
        qn_nearest_try(&nearest, layouts[i].name);
        len += (size_t)snprintf(known + len, sizeof known - len, "%s%s", i ? ", " : "",
                                layouts[i].name);
    }
    qn_fail(err, QN_ERR_USAGE, "there is no header layout '%.100s'.%s Layouts are: %s.", name,
            qn_nearest_hint(&nearest, hint), known);
    return NULL;
}

static enum qn_status build(const struct qn_segy_named_layout *layout,
                            const struct qn_segy_header_set *set, struct qn_segy_mapping *mapping,
                            struct qn_error *err)
{
    bool forced = strcmp(layout->name, "rev2") == 0;
    bool extended = forced || !strcmp(set->names[1], "SEG00001");
    if (forced && set->bytes < 2 * QN_SEGY_TRACE_HEADER_BYTES)
        return qn_fail(
            err, QN_ERR_USAGE,
            "header layout 'rev2' has two headers of 240 bytes, but the traces have one. "
            "Use --layout standard.");
    enum qn_status status =
        segy_mapping_add_table(mapping, qn_segy_trace_fields, layout->base_bytes, err);
    if (!status && extended)
        status = segy_mapping_add_table(mapping, qn_segy_extension_fields, UINT16_MAX, err);
    if (status)
        return status;
    segy_mapping_override(mapping, "ext1_");
    size_t own = mapping->field_count;
    status = segy_mapping_add_table(mapping, layout->fields, UINT16_MAX, err);
    if (layout->fields->name)
        segy_mapping_overlay(mapping, own);
    segy_mapping_settle(mapping, SEGY_SCALARS_NAMED);
    return status;
}

enum qn_status qn_segy_mapping_named(const char *name, const struct qn_segy_header_set *set,
                                     struct qn_segy_mapping *mapping, struct qn_error *err)
{
    *mapping = (struct qn_segy_mapping){0};
    const struct qn_segy_named_layout *layout = find(name, err);
    enum qn_status status = layout ? build(layout, set, mapping, err) : QN_ERR_USAGE;
    if (status)
        qn_segy_mapping_release(mapping);
    return status;
}
