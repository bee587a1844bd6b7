/* Measuring sweeps: see measure.h. */
#include "pipelines/lunar/measure.h"

#include "base/calendar.h"
#include "base/sys.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The published cleaning: a sweep with a field of nothing or of a saturated magnetometer is not
 * used; times before 1990 are those of a clock that was not set. */
#define LEAST_FIELD_NT 1e-9
#define MOST_FIELD_NT  1000.0
#define LEAST_TIME_S   631152000.0
#define DAY_S          86400.0
enum { LEAST_ROWS = 3 };

struct qn_lunar_measure {
    struct qn_potential_options options;
    struct qn_cells cells;
    struct qn_sky *sky;
    struct qn_potential_work *work;
    struct qn_potentials found;
    bool fitted;
    /* The rows that take part, one behind the other. */
    struct qn_sweep sweep;
    size_t rows[QN_ER_ROWS];
    double energy_ev[QN_ER_ROWS];
    double field_nt[QN_ER_ROWS][3];
    double flux[QN_ER_ROWS][QN_ER_CELLS];
    double phi_deg[QN_ER_ROWS][QN_ER_CELLS];
    int8_t polarity[QN_ER_ROWS];
    struct qn_sky_row sky_rows[QN_ER_ROWS]; /* of all rows of the sweep */
};

enum qn_status qn_lunar_measure_new(struct qn_lunar_measure **out,
                                    const struct qn_lunar_settings *settings, const char *theta,
                                    const char *attitude, const char *const *kernels,
                                    size_t kernel_count, struct qn_error *err)
{
    double theta_deg[QN_ER_CELLS];
    struct qn_lunar_measure *measure = *out = qn_sys.calloc(1, sizeof *measure);
    if (!measure)
        return qn_fail_memory(err, "the measuring of sweeps", sizeof *measure);
    measure->options = settings->fit;
    enum qn_status status = qn_er_theta_read(theta, theta_deg, err);
    if (!status && !qn_cells_init(&measure->cells, theta_deg))
        status = qn_fail_at(err, QN_ERR_INPUT, theta, -1,
                            "'%s' has latitudes that the instrument has not.", theta);
    if (!status)
        status = qn_sky_open(&measure->sky, kernels, kernel_count, attitude, err);
    if (!status)
        status = qn_potential_work_new(&measure->work, err);
    if (status) {
        qn_lunar_measure_free(measure);
        *out = NULL;
    }
    return status;
}

void qn_lunar_measure_free(struct qn_lunar_measure *measure)
{
    if (!measure)
        return;
    qn_potential_work_free(measure->work);
    qn_sky_close(measure->sky);
    free(measure);
}

const struct qn_cells *qn_lunar_measure_cells(const struct qn_lunar_measure *measure)
{
    return &measure->cells;
}

struct qn_lunar_last qn_lunar_measure_last(const struct qn_lunar_measure *measure)
{
    struct qn_lunar_last last = {0};
    bool robust = measure->options.profile == QN_POTENTIAL_ROBUST;
    if (measure->fitted)
        last = (struct qn_lunar_last){&measure->sweep, &measure->found, measure->rows,
                                      robust && measure->sweep.in_sun};
    return last;
}

/* ---- rows ----------------------------------------------------------------------------------- */

static double length(const double vector[3])
{
    return sqrt(vector[0] * vector[0] + vector[1] * vector[1] + vector[2] * vector[2]);
}

static uint32_t cells_missing(const struct qn_er_sweep *in, size_t i)
{
    uint32_t missing = 0;
    for (size_t cell = 0; cell < QN_ER_CELLS; cell++)
        missing += isnan(in->flux[i][cell]) || isnan(in->phi_deg[i][cell]);
    return missing;
}

static enum qn_lunar_row_reason reason_in_file(const struct qn_er_sweep *in, size_t i,
                                               const struct qn_lunar_row *row)
{
    static const enum qn_lunar_row_reason reasons[QN_ER_FAULTS] = {
        [QN_ER_FINE] = QN_ROW_USED,
        [QN_ER_FIELD_COUNT] = QN_ROW_FIELD_COUNT,
        [QN_ER_NOT_NUMBER] = QN_ROW_NOT_NUMBER,
        [QN_ER_LONG_UTC] = QN_ROW_LONG_UTC,
        [QN_ER_LONG_LINE] = QN_ROW_FIELD_COUNT,
    };
    if (in->place[i].fault != QN_ER_FINE)
        return reasons[in->place[i].fault];
    if (!(in->energy_ev[i] > 0))
        return QN_ROW_NO_ENERGY;
    return row->missing == QN_ER_CELLS ? QN_ROW_NO_CELLS : QN_ROW_USED;
}

static enum qn_lunar_row_reason reason_in_sky(const struct qn_sky_row *sky)
{
    static const enum qn_lunar_row_reason reasons[QN_SKY_GAPS] = {
        [QN_SKY_OK] = QN_ROW_USED,           [QN_SKY_NO_TIME] = QN_ROW_NO_TIME,
        [QN_SKY_NO_FIELD] = QN_ROW_NO_FIELD, [QN_SKY_NO_ORBIT] = QN_ROW_NO_ORBIT,
        [QN_SKY_NO_SUN] = QN_ROW_NO_SUN,     [QN_SKY_NO_ATTITUDE] = QN_ROW_NO_ATTITUDE,
        [QN_SKY_NO_FRAME] = QN_ROW_NO_FRAME,
    };
    if (sky->gap == QN_SKY_OK && sky->polarity == 0)
        return QN_ROW_NO_FOOT;
    return reasons[sky->gap];
}

static void take_sky(struct qn_lunar_row *row, const struct qn_sky_row *sky)
{
    row->lat_deg = sky->lat_deg;
    row->lon_deg = sky->lon_deg;
    row->altitude_km = sky->altitude_km;
    row->foot_lat_deg = sky->foot_lat_deg;
    row->foot_lon_deg = sky->foot_lon_deg;
    row->in_sun = sky->in_sun;
    row->foot_in_sun = sky->foot_in_sun;
    row->polarity = sky->polarity;
}

/* What the file and the sky say of a row; sound: whether its numbers are for use. */
static enum qn_status look_at_row(struct qn_lunar_measure *measure, const struct qn_er_sweep *in,
                                  size_t i, struct qn_lunar_row *row, bool *sound,
                                  struct qn_error *err)
{
    struct qn_sky_row *sky = &measure->sky_rows[i];
    struct qn_utc utc;
    memset(row, 0, sizeof *row);
    memcpy(row->utc, in->utc[i], sizeof row->utc);
    row->time_s = in->time_s[i];
    row->energy_ev = in->energy_ev[i];
    row->field_nt = length(in->mag_nt[i]);
    row->offset = in->place[i].offset;
    row->fields = in->place[i].fields;
    row->bad = in->place[i].bad;
    row->missing = cells_missing(in, i);
    row->utc_s = NAN;
    double et = NAN;
    if (qn_utc_parse(in->utc[i], strlen(in->utc[i]), &utc)) {
        row->utc_s = utc.day * DAY_S + utc.second;
        et = qn_et_from_utc(qn_sky_leaps(measure->sky), utc);
    }
    enum qn_lunar_row_reason reason = reason_in_file(in, i, row);
    *sound = reason == QN_ROW_USED;
    if (in->place[i].fault != QN_ER_FINE)
        et = NAN;
    enum qn_status status = qn_sky_look(measure->sky, et, in->mag_nt[i], sky, err);
    take_sky(row, sky);
    row->reason = (uint8_t)(reason != QN_ROW_USED ? reason : reason_in_sky(sky));
    return status;
}

/* ---- sweeps --------------------------------------------------------------------------------- */

static struct qn_lunar_value no_value(enum qn_fit_reason reason)
{
    return (struct qn_lunar_value){NAN, NAN, NAN, (uint8_t)reason, {0}};
}

static struct qn_lunar_value value_of(const struct qn_estimate *estimate)
{
    return (struct qn_lunar_value){
        estimate->value, estimate->low, estimate->high, (uint8_t)estimate->reason, {0}};
}

static void take_found(struct qn_lunar_sweep *sweep, const struct qn_potentials *found)
{
    sweep->kappa = value_of(&found->spectrum.kappa);
    sweep->temperature_ev = value_of(&found->spectrum.temperature);
    sweep->density_m3 = value_of(&found->spectrum.density);
    sweep->kappa_chi2 = found->spectrum.chi2;
    sweep->gain_error = found->spectrum.gain_error;
    sweep->spacecraft_v = value_of(&found->u_spacecraft);
    sweep->assumed_v = found->u_assumed;
    sweep->current = found->current;
    sweep->debye_m = found->debye_m;
    sweep->surface_v = value_of(&found->cone.u_surface);
    sweep->bs_over_bm = value_of(&found->cone.ratio);
    sweep->beam = value_of(&found->cone.beam);
    sweep->chi2 = found->cone.chi2;
    sweep->edge_deg = found->cone.edge_deg;
    sweep->cells = (uint32_t)found->cone.cells;
    sweep->identifiable = found->cone.identifiable;
    sweep->has_fit = isfinite(found->cone.u_surface.value);
}

static void clear(struct qn_lunar_sweep *sweep)
{
    struct qn_lunar_value none = no_value(QN_FIT_OK);
    memset(sweep, 0, sizeof *sweep);
    sweep->kappa = sweep->temperature_ev = sweep->density_m3 = none;
    sweep->spacecraft_v = sweep->surface_v = sweep->bs_over_bm = sweep->beam = none;
    sweep->kappa_chi2 = sweep->chi2 = sweep->edge_deg = sweep->gain_error = NAN;
    sweep->assumed_v = sweep->current = sweep->debye_m = NAN;
    sweep->first_s = sweep->last_s = NAN;
}

/* The first row without a fault; the first of all when each has one. */
static size_t first_fine(const struct qn_er_sweep *in)
{
    size_t i = 0;
    while (i < in->rows && in->place[i].fault != QN_ER_FINE)
        i++;
    return i < in->rows ? i : 0;
}

/* What is odd about row `i`, beside the one in front of it. */
static unsigned remarks_on(const struct qn_er_sweep *in, const struct qn_lunar_row *rows, size_t i,
                           const struct qn_lunar_sweep *sweep)
{
    const struct qn_lunar_row *row = &rows[i], *before = i > 0 ? &rows[i - 1] : row;
    unsigned remarks = 0;
    if (in->place[i].fault != QN_ER_FINE)
        return QN_REMARK_FAULTY;
    if (in->place[i].spoilt > 0)
        remarks |= QN_REMARK_SPOILT;
    if (in->time_s[i] != sweep->time_s)
        remarks |= QN_REMARK_TIMES;
    if (row->utc_s < sweep->last_s && row->utc_s >= LEAST_TIME_S)
        remarks |= QN_REMARK_TIME_BACK;
    if (row->in_sun != before->in_sun && isfinite(row->lat_deg) && isfinite(before->lat_deg))
        remarks |= QN_REMARK_SHADOW;
    return remarks;
}

static void take_middle(struct qn_lunar_sweep *sweep, const struct qn_sky_row *middle)
{
    sweep->lat_deg = middle->lat_deg;
    sweep->lon_deg = middle->lon_deg;
    sweep->altitude_km = middle->altitude_km;
    sweep->foot_lat_deg = middle->foot_lat_deg;
    sweep->foot_lon_deg = middle->foot_lon_deg;
    sweep->foot_dip_deg = middle->foot_dip_deg;
    sweep->in_sun = middle->in_sun;
    sweep->foot_in_sun = middle->foot_in_sun;
    sweep->polarity = middle->polarity;
}

/* Time, place and counts of the sweep, from its rows. */
static void sum_up(struct qn_lunar_measure *measure, const struct qn_er_sweep *in,
                   const struct qn_lunar_row *rows, struct qn_lunar_sweep *sweep)
{
    double fields = 0;
    size_t with_field = 0;
    sweep->time_s = in->time_s[first_fine(in)];
    sweep->last_time_s = in->time_s[in->rows - 1];
    for (size_t i = 0; i < in->rows; i++) {
        const struct qn_lunar_row *row = &rows[i];
        sweep->remarks |= (uint16_t)remarks_on(in, rows, i, sweep);
        sweep->missing_cells += row->missing;
        if (row->utc_s >= LEAST_TIME_S) {
            sweep->first_s = isfinite(sweep->first_s) ? sweep->first_s : row->utc_s;
            sweep->last_s = row->utc_s;
        }
        if (isfinite(row->field_nt)) {
            fields += row->field_nt;
            with_field++;
        }
    }
    if (in->rows < QN_ER_ROWS)
        sweep->remarks |= QN_REMARK_SHORT;
    if (floor(sweep->first_s / DAY_S) < floor(sweep->last_s / DAY_S))
        sweep->remarks |= QN_REMARK_MIDNIGHT;
    sweep->field_nt = with_field ? fields / (double)with_field : NAN;
    take_middle(sweep, &measure->sky_rows[in->rows / 2]);
}

/* The rule by which whole sweeps are not used. The published program compared the time with a
 * text, so that no sweep was ever left out for it. */
static enum qn_lunar_sweep_reason cleaning(const struct qn_lunar_measure *measure,
                                           const struct qn_er_sweep *in,
                                           const struct qn_lunar_row *rows)
{
    bool times = measure->options.profile != QN_POTENTIAL_CLASSIC;
    for (size_t i = 0; i < in->rows; i++) {
        if (in->place[i].fault != QN_ER_FINE)
            continue;
        if (!(rows[i].field_nt > LEAST_FIELD_NT && rows[i].field_nt < MOST_FIELD_NT))
            return QN_SWEEP_BAD_FIELD;
        if (times && (rows[i].utc_s < LEAST_TIME_S || rows[i].time_s < LEAST_TIME_S))
            return QN_SWEEP_BAD_TIME;
    }
    return QN_SWEEP_FITTED;
}

static void keep_row(struct qn_lunar_measure *measure, const struct qn_er_sweep *in, size_t i)
{
    size_t k = measure->sweep.rows++;
    measure->rows[k] = i;
    measure->energy_ev[k] = in->energy_ev[i];
    measure->polarity[k] = measure->sky_rows[i].polarity;
    memcpy(measure->field_nt[k], in->mag_nt[i], sizeof measure->field_nt[k]);
    memcpy(measure->flux[k], in->flux[i], sizeof measure->flux[k]);
    memcpy(measure->phi_deg[k], in->phi_deg[i], sizeof measure->phi_deg[k]);
}

static void fit(struct qn_lunar_measure *measure, struct qn_lunar_sweep *sweep,
                struct qn_lunar_row *rows)
{
    struct qn_sweep *in = &measure->sweep;
    in->energy_ev = measure->energy_ev;
    in->field_nt = (const double(*)[3])measure->field_nt;
    in->flux = (const double(*)[QN_CELLS])measure->flux;
    in->phi_deg = (const double(*)[QN_CELLS])measure->phi_deg;
    in->polarity = measure->polarity;
    in->in_sun = measure->sky_rows[measure->rows[0]].in_sun;
    qn_potentials_measure(measure->work, in, &measure->cells, &measure->options, &measure->found);
    measure->fitted = true;
    take_found(sweep, &measure->found);
    for (size_t i = 0; i < sweep->rows; i++)
        rows[i].environment =
            (uint8_t)qn_environment_of(sweep->temperature_ev.value, rows[i].foot_in_sun);
    sweep->environment = rows[measure->rows[0]].environment;
}

enum qn_status qn_lunar_measure_sweep(struct qn_lunar_measure *measure,
                                      const struct qn_er_sweep *in, int32_t day,
                                      struct qn_lunar_sweep *sweep, struct qn_lunar_row *rows,
                                      struct qn_error *err)
{
    bool sound[QN_ER_ROWS];
    enum qn_status status = QN_OK;
    measure->fitted = false;
    measure->sweep.rows = 0;
    clear(sweep);
    for (size_t i = 0; i < in->rows && !status; i++)
        status = look_at_row(measure, in, i, &rows[i], &sound[i], err);
    if (status)
        return status;
    sweep->file_spec_no = sweep->spec_no = in->spec_no;
    sweep->day = day;
    sweep->offset = in->place[0].offset;
    sweep->rows = (uint32_t)in->rows;
    sum_up(measure, in, rows, sweep);
    sweep->reason = (uint8_t)cleaning(measure, in, rows);
    for (size_t i = 0; i < in->rows && sweep->reason == QN_SWEEP_FITTED; i++) {
        if (sound[i])
            keep_row(measure, in, i);
    }
    sweep->used_rows = (uint32_t)measure->sweep.rows;
    if (sweep->reason == QN_SWEEP_FITTED && sweep->used_rows < LEAST_ROWS)
        sweep->reason = sweep->used_rows == 0 ? QN_SWEEP_NO_ROWS : QN_SWEEP_FEW_ROWS;
    sweep->kept =
        sweep->reason != QN_SWEEP_BAD_FIELD || measure->options.profile != QN_POTENTIAL_CLASSIC;
    if (sweep->reason == QN_SWEEP_FITTED)
        fit(measure, sweep, rows);
    return QN_OK;
}
