/* Reading tables of candidates: see candidates.h. */
#include "pipelines/transit/candidates.h"

#include "base/sys.h"
#include "compute/robust.h"
#include "pipelines/transit/candidates_table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MOST_ROWS ((size_t)1 << 22)

enum role {
    TARGET,
    NAME,
    LABEL,
    SOURCE,
    PERIOD,
    DEPTH,
    DURATION,
    EPOCH,
    TEFF,
    LOGG,
    RADIUS,
    MASS,
    ROLES
};

/* Names of columns, in order of preference; blanks, brackets and case do not count. The unit is a
 * factor to relative flux or days, 0 where the size of the values decides; for epochs the BJD of 0,
 * 0 for any; for targets the catalogue of plain numbers. */
static const struct alias {
    const char *name;
    enum role role;
    double unit;
} aliases[] = {
    {"target_id", TARGET, 0},
    {"tic_id", TARGET, QN_TIC},
    {"ticid", TARGET, QN_TIC},
    {"tic", TARGET, QN_TIC},
    {"tid", TARGET, QN_TIC},
    {"kepid", TARGET, QN_KIC},
    {"kic", TARGET, QN_KIC},
    {"epic_id", TARGET, QN_EPIC},
    {"epic", TARGET, QN_EPIC},
    {"epic_hostname", TARGET, QN_EPIC},
    {"epic_name", TARGET, QN_EPIC},
    {"target", TARGET, 0},
    {"objectid", TARGET, QN_TIC},
    {"object", TARGET, 0},
    {"star", TARGET, 0},
    {"hostname", TARGET, 0},
    {"toi", NAME, 0},
    {"full_toi_id", NAME, 0},
    {"toi_id", NAME, 0},
    {"kepoi_name", NAME, 0},
    {"koiname", NAME, 0},
    {"epic_candname", NAME, 0},
    {"koi", NAME, 0},
    {"pl_name", NAME, 0},
    {"planetname", NAME, 0},
    {"tceid", NAME, 0},
    {"name", NAME, 0},
    {"label", LABEL, 0},
    {"disposition", LABEL, 0},
    {"tfopwg_disp", LABEL, 0},
    {"tfopwgdisposition", LABEL, 0},
    {"koi_disposition", LABEL, 0},
    {"toi_disposition", LABEL, 0},
    {"av_training_set", LABEL, 0},
    {"k2c_disp", LABEL, 0},
    {"tessdisposition", LABEL, 0},
    {"source", SOURCE, 0},
    {"period", PERIOD, 1},
    {"perioddays", PERIOD, 1},
    {"period_days", PERIOD, 1},
    {"orbital_period", PERIOD, 1},
    {"orbitalperioddays", PERIOD, 1},
    {"orbitalperioddaysvalue", PERIOD, 1},
    {"koi_period", PERIOD, 1},
    {"pl_orbper", PERIOD, 1},
    {"toi_period", PERIOD, 1},
    {"tce_period", PERIOD, 1},
    {"depth", DEPTH, 0},
    {"depthppm", DEPTH, 1e-6},
    {"depth_ppm", DEPTH, 1e-6},
    {"koi_depth", DEPTH, 1e-6},
    {"transitdepthvalue", DEPTH, 1e-6},
    {"transitdepthppm", DEPTH, 1e-6},
    {"tce_depth", DEPTH, 1e-6},
    {"toi_depth", DEPTH, 0},
    {"pl_trandep", DEPTH, 0},
    {"duration", DURATION, 0},
    {"durationhours", DURATION, 1.0 / 24},
    {"duration_hours", DURATION, 1.0 / 24},
    {"duration_days", DURATION, 1},
    {"koi_duration", DURATION, 1.0 / 24},
    {"pl_trandurh", DURATION, 1.0 / 24},
    {"pl_trandur", DURATION, 1.0 / 24},
    {"transitdurationhoursvalue", DURATION, 1.0 / 24},
    {"transitdurationhours", DURATION, 1.0 / 24},
    {"tce_duration", DURATION, 1.0 / 24},
    {"toi_duration", DURATION, 0},
    {"epoch", EPOCH, 0},
    {"epochbjd", EPOCH, 0},
    {"epoch_bjd", EPOCH, 0},
    {"epochbtjd", EPOCH, 2457000},
    {"epoch_btjd", EPOCH, 2457000},
    {"orbitalepochvalue", EPOCH, 2457000},
    {"epochbjd2457000", EPOCH, 2457000},
    {"tce_time0bt", EPOCH, 2457000},
    {"tce_time0bk", EPOCH, 2454833},
    {"transitepochbjd", EPOCH, 0},
    {"transitepochbkjd", EPOCH, 2454833},
    {"transitepochbtjd", EPOCH, 2457000},
    {"toi_epoch", EPOCH, 0},
    {"toi_tranmid", EPOCH, 0},
    {"koi_time0bk", EPOCH, 2454833},
    {"koi_time0", EPOCH, 0},
    {"pl_tranmid", EPOCH, 0},
    {"t0", EPOCH, 0},
    {"teff", TEFF, 1},
    {"st_teff", TEFF, 1},
    {"koi_steff", TEFF, 1},
    {"stellarefftempk", TEFF, 1},
    {"logg", LOGG, 1},
    {"st_logg", LOGG, 1},
    {"koi_slogg", LOGG, 1},
    {"stellarloggcms2", LOGG, 1},
    {"star_radius", RADIUS, 1},
    {"st_rad", RADIUS, 1},
    {"koi_srad", RADIUS, 1},
    {"stellarradiusr_sun", RADIUS, 1},
    {"star_mass", MASS, 1},
    {"st_mass", MASS, 1},
    {"koi_smass", MASS, 1},
    {"stellarmassm_sun", MASS, 1},
};

struct found { /* columns of one role, best first */
    int column;
    const struct alias *alias;
};

struct reading {
    struct qn_delimited table;
    struct found at[ROLES]; /* column -1: none */
    struct found targets[QN_CANDIDATE_TARGETS];
    size_t target_count;
    double depth_unit;
    double duration_unit;
    double epoch_zero; /* 0: told by the value; NaN: that of the light curve */
    struct qn_candidates *out;
};

void qn_candidates_release(struct qn_candidates *candidates)
{
    qn_buf_release(&candidates->rows);
}

const struct qn_candidate *qn_candidate_at(const struct qn_candidates *candidates, size_t i)
{
    return (const struct qn_candidate *)(const void *)candidates->rows.data + i;
}

static void __attribute__((format(printf, 2, 3)))
note(struct qn_candidates *out, const char *format, ...)
{
    if (out->note_count == QN_CANDIDATE_NOTES)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(out->notes[out->note_count++], sizeof out->notes[0], format, arguments);
    va_end(arguments);
}

/* ---- columns -------------------------------------------------------------------------------- */

/* Letters and digits and underscores only, in lower case: "Depth (ppm)" is depthppm. */
static void plain_name(const char *name, char *out, size_t size)
{
    size_t n = 0;
    for (; *name && n + 1 < size; name++) {
        char c = *name >= 'A' && *name <= 'Z' ? (char)(*name + 'a' - 'A') : *name;
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')
            out[n++] = c;
    }
    out[n] = '\0';
}

/* Whether a column of that name is one of those above. */
static bool known_column(const char *column)
{
    char name[64];
    plain_name(column, name, sizeof name);
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (!strcmp(name, aliases[i].name))
            return true;
    return false;
}

static void find_columns(struct reading *r)
{
    for (int role = 0; role < ROLES; role++)
        r->at[role].column = -1;
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
        for (size_t c = 0; c < r->table.columns; c++) {
            char name[64];
            plain_name(qn_delimited_name(&r->table, c), name, sizeof name);
            if (strcmp(name, aliases[i].name) != 0)
                continue;
            struct found found = {(int)c, &aliases[i]};
            if (aliases[i].role == TARGET && r->target_count < QN_CANDIDATE_TARGETS)
                r->targets[r->target_count++] = found;
            if (r->at[aliases[i].role].column < 0)
                r->at[aliases[i].role] = found;
        }
    }
}

static const char *cell(const struct reading *r, size_t row, enum role role)
{
    return r->at[role].column < 0 ? ""
                                  : qn_delimited_cell(&r->table, row, (size_t)r->at[role].column);
}

static double number(const struct reading *r, size_t row, enum role role)
{
    double value;
    return qn_delimited_number(cell(r, row, role), &value) ? value : NAN;
}

/* ---- units ---------------------------------------------------------------------------------- */

/* Median of the positive values of a column; NaN without any. */
static enum qn_status typical(const struct reading *r, enum role role, double *median,
                              struct qn_error *err)
{
    size_t n = 0;
    double *values = qn_sys.malloc((r->table.rows + 1) * sizeof *values);
    if (!values)
        return qn_fail_memory(err, "the candidates", r->table.rows * sizeof *values);
    for (size_t row = 0; row < r->table.rows; row++) {
        double value = number(r, row, role);
        if (value > 0)
            values[n++] = value;
    }
    *median = n > 0 ? qn_median(values, n) : NAN;
    free(values);
    return QN_OK;
}

struct unit {
    const char *name;
    double factor;
};

static const struct unit depth_units[] = {
    {"ppm", 1e-6}, {"ppt", 1e-3}, {"percent", 1e-2}, {"fraction", 1}, {NULL, 0}};
static const struct unit duration_units[] = {
    {"hours", 1.0 / 24}, {"days", 1}, {"minutes", 1.0 / 1440}, {NULL, 0}};
static const struct unit epoch_units[] = {{"bjd", 0},         {"btjd", 2457000}, {"bkjd", 2454833},
                                          {"mjd", 2400000.5}, {"curve", NAN},    {NULL, 0}};

static bool unit_named(const struct unit *units, const char *name, double *factor)
{
    for (; name && units->name; units++) {
        if (strcmp(name, units->name) != 0)
            continue;
        *factor = units->factor;
        return true;
    }
    return false;
}

static const char *unit_name(const struct unit *units, double factor)
{
    for (; units->name; units++)
        if (units->factor == factor)
            return units->name;
    return "?";
}

/* Depths are given in ppm, unless they are all small; durations in hours, unless they would be
 * minutes or days long. */
static enum qn_status decide_units(struct reading *r, const struct qn_candidate_units *units,
                                   struct qn_error *err)
{
    double depth = NAN, duration = NAN;
    enum qn_status status = typical(r, DEPTH, &depth, err);
    if (!status)
        status = typical(r, DURATION, &duration, err);
    r->depth_unit = r->at[DEPTH].column < 0 ? 1e-6 : r->at[DEPTH].alias->unit;
    r->duration_unit = r->at[DURATION].column < 0 ? 1.0 / 24 : r->at[DURATION].alias->unit;
    bool told = unit_named(depth_units, units->depth, &r->depth_unit);
    if (!told && r->depth_unit == 0)
        r->depth_unit = depth <= 0.5 ? 1 : depth < 15 ? 1e-2 : 1e-6;
    told = unit_named(duration_units, units->duration, &r->duration_unit);
    if (!told && r->duration_unit == 0)
        r->duration_unit = duration < 0.45 ? 1 : duration > 30 ? 1.0 / 1440 : 1.0 / 24;
    r->epoch_zero = r->at[EPOCH].column < 0 ? NAN : r->at[EPOCH].alias->unit;
    unit_named(epoch_units, units->epoch, &r->epoch_zero);
    if (r->at[DEPTH].column >= 0)
        note(r->out, "depths are taken as %s (typically %g)", unit_name(depth_units, r->depth_unit),
             depth);
    if (r->at[DURATION].column >= 0)
        note(r->out, "durations are taken as %s (typically %g)",
             unit_name(duration_units, r->duration_unit), duration);
    return status;
}

/* Stores the epoch on a scale of light curves. */
static void take_epoch(const struct reading *r, size_t row, struct qn_candidate *out)
{
    double value = number(r, row, EPOCH);
    double zero = r->epoch_zero;
    out->epoch = value;
    if (isnan(value) || isnan(zero))
        return;
    if (value > 2400000)
        zero = 0; /* a whole BJD, whatever the column's name says */
    else if (zero == 0)
        return; /* on the scale of the light curve */
    bool kepler = zero == qn_scale_zero(QN_LC_BKJD);
    out->epoch_scale = kepler ? QN_LC_BKJD : QN_LC_BTJD;
    out->epoch_known = 1;
    out->epoch = value + (zero - qn_scale_zero(out->epoch_scale));
}

double qn_candidate_epoch(const struct qn_candidate *candidate, enum qn_lc_scale scale)
{
    if (!candidate->epoch_known || scale == (enum qn_lc_scale)candidate->epoch_scale)
        return candidate->epoch;
    return candidate->epoch + qn_scale_zero(candidate->epoch_scale) - qn_scale_zero(scale);
}

/* ---- rows ----------------------------------------------------------------------------------- */

static void __attribute__((format(printf, 2, 3)))
trouble(struct qn_candidate *out, const char *format, ...)
{
    if (out->trouble[0])
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(out->trouble, sizeof out->trouble, format, arguments);
    va_end(arguments);
}

/* The star by the first column that names one, and by the others, should no file go by that. */
static void take_target(const struct reading *r, size_t row, struct qn_candidate *out)
{
    for (size_t i = 0; i < r->target_count; i++) {
        const char *text = qn_delimited_cell(&r->table, row, (size_t)r->targets[i].column);
        if (!*text || !strcasecmp(text, "nan"))
            continue;
        enum qn_catalogue assumed = (enum qn_catalogue)(int)r->targets[i].alias->unit;
        struct qn_target target =
            qn_target_parse(text, assumed == QN_NO_CATALOGUE ? QN_TIC : assumed);
        if (out->target_count++ == 0)
            out->target = target;
        else
            out->others[out->target_count - 2] = target;
    }
    if (out->target_count == 0)
        trouble(out, "the row names no star");
}

/* A number that has to be positive, if it is there. */
static double positive(const struct reading *r, size_t row, enum role role, const char *what,
                       struct qn_candidate *out)
{
    const char *text = cell(r, row, role);
    double value = number(r, row, role);
    if (isnan(value) && *text && strcasecmp(text, "nan") != 0 && strcasecmp(text, "null") != 0)
        trouble(out, "the %s '%.40s' is no number", what, text);
    else if (value <= 0)
        trouble(out, "the %s %g is not above zero", what, value);
    return value > 0 ? value : NAN;
}

static void take_row(const struct reading *r, size_t row, struct qn_candidate *out)
{
    memset(out, 0, sizeof *out);
    out->row = row;
    take_target(r, row, out);
    snprintf(out->name, sizeof out->name, "%s", cell(r, row, NAME));
    snprintf(out->label, sizeof out->label, "%s", cell(r, row, LABEL));
    snprintf(out->source, sizeof out->source, "%s", cell(r, row, SOURCE));
    out->period = positive(r, row, PERIOD, "period", out);
    if (isnan(out->period))
        trouble(out, "the row has no period");
    out->depth = number(r, row, DEPTH) * r->depth_unit;
    out->duration = number(r, row, DURATION) * r->duration_unit;
    out->teff = number(r, row, TEFF);
    out->logg = number(r, row, LOGG);
    out->radius = number(r, row, RADIUS);
    out->mass = number(r, row, MASS);
    take_epoch(r, row, out);
}

static int by_identity(const void *a, const void *b)
{
    const struct qn_candidate *x = *(const struct qn_candidate *const *)a;
    const struct qn_candidate *y = *(const struct qn_candidate *const *)b;
    int order = memcmp(&x->target, &y->target, sizeof x->target);
    if (order != 0)
        return order;
    bool unknown = isnan(x->period);
    if (unknown != isnan(y->period))
        return unknown ? 1 : -1;
    if (x->period != y->period && !unknown)
        return x->period < y->period ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

/* Rows of the same star and period count once more; they are kept and said. */
static enum qn_status count_duplicates(struct qn_candidates *out, struct qn_error *err)
{
    const struct qn_candidate **order = qn_sys.malloc((out->count + 1) * sizeof *order);
    if (!order)
        return qn_fail_memory(err, "the candidates", out->count * sizeof *order);
    for (size_t i = 0; i < out->count; i++)
        order[i] = qn_candidate_at(out, i);
    qsort(order, out->count, sizeof *order, by_identity);
    for (size_t i = 1; i < out->count; i++)
        out->duplicates +=
            memcmp(&order[i]->target, &order[i - 1]->target, sizeof order[i]->target) == 0 &&
            order[i]->period == order[i - 1]->period;
    free(order);
    if (out->duplicates > 0)
        note(out, "%zu rows repeat the star and period of another; each gets a row of its own",
             out->duplicates);
    return QN_OK;
}

static enum qn_status take_rows(struct reading *r, const char *path, struct qn_error *err)
{
    struct qn_candidate candidate;
    if (r->table.rows > MOST_ROWS)
        return qn_fail_at(err, QN_ERR_INPUT, path, -1,
                          "'%s' has %zu rows, too many for a table of candidates. Split it.", path,
                          r->table.rows);
    for (size_t row = 0; row < r->table.rows; row++) {
        take_row(r, row, &candidate);
        qn_buf_append(&r->out->rows, &candidate, sizeof candidate);
        r->out->count++;
    }
    if (r->out->rows.failed)
        return qn_fail_memory(err, "the candidates", r->out->rows.len);
    return count_duplicates(r->out, err);
}

enum qn_status qn_candidates_read(struct qn_candidates *candidates, const char *path,
                                  const struct qn_candidate_units *units, struct qn_error *err)
{
    struct reading r = {.out = candidates};
    enum qn_status status = qn_candidates_table(&r.table, path, known_column, err);
    if (!status)
        find_columns(&r);
    if (!status && (r.target_count == 0 || r.at[PERIOD].column < 0))
        status = qn_fail_at(err, QN_ERR_INPUT, path, -1,
                            "'%s' has no column that names the star (target_id, tic_id, kepid ...) "
                            "or none with the period (period, koi_period, pl_orbper ...). Name "
                            "its columns so.",
                            path);
    if (!status)
        status = decide_units(&r, units, err);
    if (!status)
        status = take_rows(&r, path, err);
    qn_delimited_release(&r.table);
    return status;
}
