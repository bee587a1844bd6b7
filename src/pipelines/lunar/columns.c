/* The columns of the dataset: see columns.h. */
#include "pipelines/lunar/columns.h"

#include "compute/electrons.h"
#include "compute/kappa.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the NumPy archive ---------------------------------------------------------------------- */

#define OF_ROW(name, type, as, member)                                                             \
    {                                                                                              \
        "rows_" name, type, QN_OF_ROW, QN_OF_ROW, QN_MEMBER_##as,                                  \
            offsetof(struct qn_lunar_row, member)                                                  \
    }
#define OF_ITS_SWEEP(name, type, as, member)                                                       \
    {                                                                                              \
        "rows_" name, type, QN_OF_ROW, QN_OF_SWEEP, QN_MEMBER_##as,                                \
            offsetof(struct qn_lunar_sweep, member)                                                \
    }
#define OF_SWEEP(name, type, as, member)                                                           \
    {                                                                                              \
        "spec_" name, type, QN_OF_SWEEP, QN_OF_SWEEP, QN_MEMBER_##as,                              \
            offsetof(struct qn_lunar_sweep, member)                                                \
    }

const struct qn_npz_column qn_npz_columns[QN_NPZ_COLUMNS] = {
    OF_ITS_SWEEP("spec_no", QN_NPY_INT64, INT64, spec_no),
    OF_ROW("utc", QN_NPY_TEXT64, UTC, utc),
    OF_ROW("time", QN_NPY_TEXT64, TIME_TEXT, time_s),
    OF_ROW("spacecraft_latitude", QN_NPY_FLOAT64, REAL, lat_deg),
    OF_ROW("spacecraft_longitude", QN_NPY_FLOAT64, REAL, lon_deg),
    OF_ROW("projection_latitude", QN_NPY_FLOAT64, REAL, foot_lat_deg),
    OF_ROW("projection_longitude", QN_NPY_FLOAT64, REAL, foot_lon_deg),
    OF_ITS_SWEEP("spacecraft_potential", QN_NPY_FLOAT64, REAL, spacecraft_v.value),
    OF_ITS_SWEEP("projected_potential", QN_NPY_FLOAT64, REAL, surface_v.value),
    OF_ROW("spacecraft_in_sun", QN_NPY_BOOL, FLAG, in_sun),
    OF_ROW("projection_in_sun", QN_NPY_BOOL, FLAG, foot_in_sun),
    OF_ROW("projection_polarity", QN_NPY_INT8, SMALL, polarity),
    OF_ITS_SWEEP("bs_over_bm", QN_NPY_FLOAT64, REAL, bs_over_bm.value),
    OF_ITS_SWEEP("beam_amp", QN_NPY_FLOAT64, REAL, beam.value),
    OF_ITS_SWEEP("fit_chi2", QN_NPY_FLOAT64, REAL, chi2),
    OF_ITS_SWEEP("electron_temperature", QN_NPY_FLOAT64, REAL, temperature_ev.value),
    OF_ITS_SWEEP("electron_density", QN_NPY_FLOAT64, REAL, density_m3.value),
    OF_ITS_SWEEP("kappa_value", QN_NPY_FLOAT64, REAL, kappa.value),
    OF_ROW("environment_class", QN_NPY_INT8, FLAG, environment),
    OF_SWEEP("spec_no", QN_NPY_INT64, INT64, spec_no),
    OF_SWEEP("time_start", QN_NPY_TEXT64, TIME_TEXT, time_s),
    OF_SWEEP("time_end", QN_NPY_TEXT64, TIME_TEXT, last_time_s),
    OF_SWEEP("has_fit", QN_NPY_BOOL, FLAG, has_fit),
    OF_SWEEP("row_count", QN_NPY_INT64, UINT32, rows),
    OF_SWEEP("u_surface", QN_NPY_FLOAT64, REAL, surface_v.value),
    OF_SWEEP("bs_over_bm", QN_NPY_FLOAT64, REAL, bs_over_bm.value),
    OF_SWEEP("fit_chi2", QN_NPY_FLOAT64, REAL, chi2),
    OF_SWEEP("electron_temperature", QN_NPY_FLOAT64, REAL, temperature_ev.value),
    OF_SWEEP("electron_density", QN_NPY_FLOAT64, REAL, density_m3.value),
    OF_SWEEP("environment_class", QN_NPY_INT8, FLAG, environment),
};

bool qn_npz_is_number(const struct qn_npz_column *column)
{
    return column->member == QN_MEMBER_INT64;
}

/* A time as Python writes a float: "892166704.0"; "nan". */
static void put_time(double time_s, char text[QN_LUNAR_TEXT])
{
    int digits = 15;
    if (isnan(time_s)) {
        snprintf(text, QN_LUNAR_TEXT, "nan");
        return;
    }
    do /* the fewest digits that give the number back */
        snprintf(text, QN_LUNAR_TEXT, "%.*g", digits, time_s);
    while (strtod(text, NULL) != time_s && digits++ < 17);
    if (!text[strcspn(text, ".en")])
        snprintf(text + strlen(text), 3, ".0");
}

void qn_npz_put_element(struct qn_buf *values, const struct qn_npz_column *column,
                        const struct qn_lunar_sweep *sweep, const struct qn_lunar_row *row)
{
    const void *record = column->in == QN_OF_ROW ? (const void *)row : (const void *)sweep;
    const void *at = (const char *)record + column->offset;
    char text[QN_LUNAR_TEXT];
    uint32_t whole;
    double real;
    switch (column->member) {
    case QN_MEMBER_REAL:
        memcpy(&real, at, sizeof real);
        qn_buf_real(values, real);
        break;
    case QN_MEMBER_UINT32:
        memcpy(&whole, at, sizeof whole);
        qn_buf_u64(values, whole);
        break;
    case QN_MEMBER_UTC:
        qn_npy_put_text64(values, at);
        break;
    case QN_MEMBER_TIME_TEXT:
        memcpy(&real, at, sizeof real);
        put_time(real, text);
        qn_npy_put_text64(values, text);
        break;
    default: /* FLAG, SMALL */
        qn_buf_append(values, at, 1);
    }
}

/* ---- Parquet -------------------------------------------------------------------------------- */

#define ROW(name, as, member, unit, help)                                                          \
    {                                                                                              \
        name, QN_OF_ROW, QN_MEMBER_##as, offsetof(struct qn_lunar_row, member), unit, help         \
    }
#define SWEEP(name, as, member, unit, help)                                                        \
    {                                                                                              \
        name, QN_OF_SWEEP, QN_MEMBER_##as, offsetof(struct qn_lunar_sweep, member), unit, help     \
    }

const struct qn_lunar_column qn_row_columns[] = {
    SWEEP("spec_no", INT64, spec_no, "", "number of the sweep in this dataset"),
    ROW("utc", UTC, utc, "", "time of the row, as in the file"),
    ROW("utc_time", INSTANT, utc_s, "", "the same as an instant"),
    ROW("time", REAL, time_s, "s", "start of the sweep in Unix time, as in the file"),
    ROW("energy", REAL, energy_ev, "eV", "centre of the energy bin"),
    ROW("magnetic_field", REAL, field_nt, "nT", "magnitude"),
    ROW("spacecraft_latitude", REAL, lat_deg, "deg", "planetocentric, IAU_MOON"),
    ROW("spacecraft_longitude", REAL, lon_deg, "deg", "east, from -180 to 180"),
    ROW("spacecraft_altitude", REAL, altitude_km, "km", "above a sphere of 1737.4 km"),
    ROW("projection_latitude", REAL, foot_lat_deg, "deg", "of the foot of the field line"),
    ROW("projection_longitude", REAL, foot_lon_deg, "deg", "of the foot of the field line"),
    ROW("spacecraft_in_sun", FLAG, in_sun, "", "whether the Sun shines on the spacecraft"),
    ROW("projection_in_sun", FLAG, foot_in_sun, "", "whether the Sun is up at the foot"),
    ROW("projection_polarity", SMALL, polarity, "",
        "1: the field points to the Moon, -1: away from it, 0: no foot"),
    SWEEP("spacecraft_potential", REAL, spacecraft_v.value, "V", "of the sweep"),
    SWEEP("projected_potential", REAL, surface_v.value, "V", "of the surface at the foot"),
    SWEEP("bs_over_bm", REAL, bs_over_bm.value, "",
          "magnetic field at the spacecraft over that at the surface"),
    SWEEP("beam_amp", REAL, beam.value, "", "amplitude of the beam of secondary electrons"),
    SWEEP("fit_chi2", REAL, chi2, "", "of the fit of the loss cone"),
    SWEEP("electron_temperature", REAL, temperature_ev.value, "eV", "of the sweep"),
    SWEEP("electron_density", REAL, density_m3.value, "m^-3", "of the sweep"),
    SWEEP("kappa_value", REAL, kappa.value, "", "of the sweep"),
    ROW("environment", ENVIRONMENT, environment, "", "kind of plasma"),
    ROW("missing_cells", UINT32, missing, "", "cells without flux or azimuth, of 88"),
    ROW("reason", ROW_REASON, reason, "",
        "why the row has no part in the fits, or none in the surface's; empty: it has"),
    ROW("fields", UINT32, fields, "", "fields of the line, 183 in a sound one"),
    ROW("bad_field", UINT32, bad, "", "its first field that is no number; 0: none"),
    SWEEP("day", DAY, day, "", "of the file"),
    ROW("offset", UINT64, offset, "bytes", "where the line begins in the file"),
    {0}};

#define VALUE(name, member, unit, help)                                                            \
    SWEEP(name, REAL, member.value, unit, help),                                                   \
        SWEEP(name "_low", REAL, member.low, unit, "lower end of the interval of 68 %"),           \
        SWEEP(name "_high", REAL, member.high, unit, "upper end of the interval of 68 %"),         \
        SWEEP(name "_reason", FIT_REASON, member.reason, "",                                       \
              "why it has no value, or what to know about it")

const struct qn_lunar_column qn_sweep_columns[] = {
    SWEEP("spec_no", INT64, spec_no, "", "number of the sweep in this dataset"),
    SWEEP("day", DAY, day, "", "of the file"),
    SWEEP("file_spec_no", INT64, file_spec_no, "", "number of the sweep in its file"),
    SWEEP("time", REAL, time_s, "s", "start of the sweep in Unix time, as in the file"),
    SWEEP("first_row", INSTANT, first_s, "", "time of its first row"),
    SWEEP("last_row", INSTANT, last_s, "", "time of its last row"),
    SWEEP("rows", UINT32, rows, "", "rows of the sweep, 15 in a whole one"),
    SWEEP("used_rows", UINT32, used_rows, "", "rows in the fits"),
    SWEEP("missing_cells", UINT32, missing_cells, "", "cells without flux or azimuth, in all rows"),
    SWEEP("reason", SWEEP_REASON, reason, "", "why nothing was fitted; empty: it was"),
    SWEEP("remarks", REMARKS, remarks, "", "what is odd about a sweep that can be used"),
    VALUE("kappa", kappa, "", "of the electrons' distribution"),
    VALUE("electron_temperature", temperature_ev, "eV", "of the kappa distribution"),
    VALUE("electron_density", density_m3, "m^-3", "of the kappa distribution"),
    SWEEP("kappa_chi2", REAL, kappa_chi2, "", "of the fit of the kappa distribution"),
    VALUE("spacecraft_potential", spacecraft_v, "V", "of the spacecraft against the plasma"),
    VALUE("projected_potential", surface_v, "V", "of the surface at the foot"),
    SWEEP("identifiable", FLAG, identifiable, "",
          "whether the sweep tells this potential from any other"),
    VALUE("bs_over_bm", bs_over_bm, "",
          "magnetic field at the spacecraft over that at the surface"),
    VALUE("beam_amp", beam, "", "amplitude of the beam of secondary electrons"),
    SWEEP("fit_chi2", REAL, chi2, "", "of the fit of the loss cone"),
    SWEEP("edge_softness", REAL, edge_deg, "deg", "of the loss cone's edge"),
    SWEEP("cells", UINT32, cells, "", "cells in the fit of the loss cone"),
    SWEEP("assumed_potential", REAL, assumed_v, "V",
          "of the spacecraft, in the fit of the loss cone"),
    SWEEP("electron_current", REAL, current, "A/m^2", "to the spacecraft"),
    SWEEP("debye_length", REAL, debye_m, "m", "of the plasma"),
    SWEEP("gain_error", REAL, gain_error, "", "scatter between energies beyond counting"),
    SWEEP("environment", ENVIRONMENT, environment, "", "kind of plasma"),
    SWEEP("spacecraft_latitude", REAL, lat_deg, "deg", "in the middle row"),
    SWEEP("spacecraft_longitude", REAL, lon_deg, "deg", "in the middle row"),
    SWEEP("spacecraft_altitude", REAL, altitude_km, "km", "in the middle row"),
    SWEEP("projection_latitude", REAL, foot_lat_deg, "deg", "in the middle row"),
    SWEEP("projection_longitude", REAL, foot_lon_deg, "deg", "in the middle row"),
    SWEEP("projection_dip", REAL, foot_dip_deg, "deg", "of the field line with the surface"),
    SWEEP("projection_polarity", SMALL, polarity, "", "in the middle row"),
    SWEEP("spacecraft_in_sun", FLAG, in_sun, "", "in the middle row"),
    SWEEP("projection_in_sun", FLAG, foot_in_sun, "", "in the middle row"),
    SWEEP("magnetic_field", REAL, field_nt, "nT", "mean magnitude"),
    SWEEP("offset", UINT64, offset, "bytes", "where its first line begins in the file"),
    {0}};

#define OF_FILE(name, as, member, unit, help)                                                      \
    {                                                                                              \
        name, QN_OF_ROW, QN_MEMBER_##as, offsetof(struct qn_lunar_file, member), unit, help        \
    }
#define OF_STRAY(name, as, member, unit, help)                                                     \
    {                                                                                              \
        name, QN_OF_ROW, QN_MEMBER_##as, offsetof(struct qn_lunar_stray, member), unit, help       \
    }

const struct qn_lunar_column qn_file_columns[] = {
    OF_FILE("day", DAY, day, "", "by the name of the file"),
    OF_FILE("file", TEXT, path, "", "path"),
    OF_FILE("sweeps", UINT64, sweeps, "", "in the dataset"),
    OF_FILE("rows", UINT64, rows, "", "in the dataset"),
    OF_FILE("faulty_rows", UINT64, faulty, "", "of them that could not be used as they stand"),
    OF_FILE("rejected_lines", UINT64, strays, "", "that belong to no sweep: rejects.parquet"),
    OF_FILE("other_sweeps", UINT64, others, "", "that begin outside the period asked for"),
    OF_FILE("ranges", UINT32, ranges, "", "that the file was cut into"),
    OF_FILE("failed_ranges", UINT32, failed, "", "whose sweeps are missing"),
    {0}};

const struct qn_lunar_column qn_stray_columns[] = {
    OF_STRAY("day", DAY, day, "", "of the file"),
    OF_STRAY("file", TEXT, path, "", "path"),
    OF_STRAY("offset", UINT64, offset, "bytes", "where the line begins in the file"),
    OF_STRAY("reason", ROW_REASON, reason, "", "why it is no row of a sweep"),
    OF_STRAY("fields", UINT32, fields, "", "of the line, 183 in a sound one"),
    OF_STRAY("bad_field", UINT32, bad, "", "its first field that is no number; 0: none"),
    {0}};

static const char *remarks_text(const void *at, char text[QN_LUNAR_TEXT])
{
    uint16_t remarks;
    size_t len = 0;
    memcpy(&remarks, at, sizeof remarks);
    text[0] = '\0';
    for (unsigned bit = 0; bit < QN_REMARKS; bit++) {
        if (remarks & 1u << bit)
            len += (size_t)snprintf(text + len, QN_LUNAR_TEXT - len, "%s%s", len ? " " : "",
                                    qn_lunar_remark_name(bit));
    }
    return text;
}

const char *qn_lunar_member_text(enum qn_lunar_member member, const void *at,
                                 char text[QN_LUNAR_TEXT])
{
    const uint8_t *small = at;
    const char *pointed;
    double real;
    switch (member) {
    case QN_MEMBER_UTC:
        return at;
    case QN_MEMBER_TEXT:
        memcpy(&pointed, at, sizeof pointed);
        return pointed ? pointed : "";
    case QN_MEMBER_ROW_REASON:
        return qn_lunar_row_reason_name((enum qn_lunar_row_reason) * small);
    case QN_MEMBER_SWEEP_REASON:
        return qn_lunar_sweep_reason_name((enum qn_lunar_sweep_reason) * small);
    case QN_MEMBER_FIT_REASON:
        return *small == QN_FIT_OK ? "" : qn_fit_reason_name((enum qn_fit_reason) * small);
    case QN_MEMBER_ENVIRONMENT:
        return qn_environment_name((enum qn_environment) * small);
    case QN_MEMBER_REMARKS:
        return remarks_text(at, text);
    default:
        memcpy(&real, at, sizeof real);
        put_time(real, text);
        return text;
    }
}

/* ---- names ---------------------------------------------------------------------------------- */

const char *qn_lunar_row_reason_name(enum qn_lunar_row_reason reason)
{
    static const char *const names[QN_ROW_REASONS] = {
        [QN_ROW_USED] = "",
        [QN_ROW_FIELD_COUNT] = "field-count",
        [QN_ROW_NOT_NUMBER] = "not-a-number",
        [QN_ROW_LONG_UTC] = "long-utc",
        [QN_ROW_NO_ENERGY] = "no-energy",
        [QN_ROW_NO_CELLS] = "no-cells",
        [QN_ROW_NO_TIME] = "no-time",
        [QN_ROW_NO_FIELD] = "no-field",
        [QN_ROW_NO_ORBIT] = "no-orbit",
        [QN_ROW_NO_SUN] = "no-sun",
        [QN_ROW_NO_ATTITUDE] = "no-attitude",
        [QN_ROW_NO_FRAME] = "no-frame",
        [QN_ROW_NO_FOOT] = "no-foot",
    };
    return reason < QN_ROW_REASONS ? names[reason] : "?";
}

const char *qn_lunar_sweep_reason_name(enum qn_lunar_sweep_reason reason)
{
    static const char *const names[QN_SWEEP_REASONS] = {
        [QN_SWEEP_FITTED] = "",
        [QN_SWEEP_NO_ROWS] = "no-rows",
        [QN_SWEEP_FEW_ROWS] = "few-rows",
        [QN_SWEEP_BAD_TIME] = "bad-time",
        [QN_SWEEP_BAD_FIELD] = "bad-field",
    };
    return reason < QN_SWEEP_REASONS ? names[reason] : "?";
}

const char *qn_lunar_remark_name(unsigned bit)
{
    static const char *const names[QN_REMARKS] = {"short",           "faulty-rows",  "time-back",
                                                  "number-repeated", "spoilt-cells", "two-times",
                                                  "midnight",        "shadow-edge"};
    return bit < QN_REMARKS ? names[bit] : "?";
}
