/* One sweep as people look at it: see view.h. */
#include "pipelines/lunar/view.h"

#include "pipelines/lunar/response.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DEGREE (M_PI / 180)

double qn_lunar_edge_deg(const struct qn_potentials *found, double energy_ev)
{
    double ambient_ev = energy_ev - found->u_assumed;
    double sine2 = found->cone.ratio.value * (1 + found->cone.u_surface.value / ambient_ev);
    if (!(ambient_ev > 0) || !isfinite(sine2) || sine2 <= 0)
        return NAN;
    return 180 - asin(sqrt(fmin(1, sine2))) / DEGREE;
}

/* Omnidirectional flux from the cells that move towards the Moon, with the error of their counts.
 * `part` are the cells of a row that count. */
static void sum_incident(struct qn_lunar_view *view, size_t row, const struct qn_cells *cells,
                         const double flux[QN_ER_CELLS])
{
    double sum = 0;
    double variance = 0;
    double angle = 0;
    for (size_t cell = 0; cell < QN_ER_CELLS; cell++) {
        if (!(view->pitch_deg[row][cell] < 90) || isnan(flux[cell]))
            continue;
        double per_flux = qn_counts_per_flux(cells, cell, view->energy_ev[row]);
        double weight = cells->solid_angle[cell];
        angle += weight;
        sum += weight * flux[cell];
        variance += weight * weight * fmax(flux[cell], 0) / per_flux;
    }
    view->flux[row] = angle > 0 ? 4 * M_PI * sum / angle : NAN;
    view->error[row] = angle > 0 ? 4 * M_PI * sqrt(variance) / angle : NAN;
}

static void normalise(struct qn_lunar_view *view, size_t row, const double flux[QN_ER_CELLS])
{
    double sum = 0;
    size_t count = 0;
    for (size_t cell = 0; cell < QN_ER_CELLS; cell++) {
        if (!(view->pitch_deg[row][cell] < 90) || isnan(flux[cell]))
            continue;
        sum += flux[cell];
        count++;
    }
    for (size_t cell = 0; cell < QN_ER_CELLS; cell++)
        view->norm[row][cell] = sum > 0 ? flux[cell] * (double)count / sum : NAN;
}

/* A row that has no foot of its own takes the polarity of the sweep, or its field as it points. */
static int sign_of(const struct qn_lunar_view *view, int8_t polarity)
{
    if (polarity != 0)
        return polarity;
    return view->sweep->polarity != 0 ? view->sweep->polarity : 1;
}

/* The fluxes of a row without those that the fits left out. */
static void take_fluxes(struct qn_lunar_view *view, const struct qn_lunar_last *last, size_t i,
                        const struct qn_cells *cells, double flux[QN_ER_CELLS])
{
    for (size_t cell = 0; cell < QN_ER_CELLS; cell++) {
        bool sunlit =
            last->skips_sunlit && qn_cell_sunlit(cells, cell, last->sweep->phi_deg[i][cell]);
        flux[cell] = sunlit ? NAN : last->sweep->flux[i][cell];
        view->sunlit += sunlit;
    }
}

static void add_row(struct qn_lunar_view *view, const struct qn_lunar_last *last, size_t i,
                    const struct qn_cells *cells, enum qn_sense sense)
{
    const struct qn_sweep *in = last->sweep;
    double flux[QN_ER_CELLS];
    double cosines[QN_ER_CELLS];
    size_t row = view->n++;
    struct qn_kappa plasma = {view->found.spectrum.density.value, view->found.spectrum.kappa.value,
                              view->found.spectrum.theta.value};
    view->energy_ev[row] = in->energy_ev[i];
    qn_pitch_cosines(cells, in->field_nt[i], in->phi_deg[i], sign_of(view, in->polarity[i]), sense,
                     cosines);
    for (size_t cell = 0; cell < QN_ER_CELLS; cell++)
        view->pitch_deg[row][cell] = qn_pitch_degrees(cosines[cell]);
    take_fluxes(view, last, i, cells, flux);
    sum_incident(view, row, cells, flux);
    normalise(view, row, flux);
    view->model[row] = qn_response_flux(&plasma, view->found.u_assumed, in->energy_ev[i]);
    view->edge_deg[row] = qn_lunar_edge_deg(&view->found, in->energy_ev[i]);
}

/* The view of the sweep that was just measured. */
static void make_view(struct qn_lunar_lookup *lookup, const char *path,
                      const struct qn_lunar_measure *measure, enum qn_sense sense)
{
    struct qn_lunar_view *view = &lookup->view;
    struct qn_lunar_last last = qn_lunar_measure_last(measure);
    const char *slash = strrchr(path, '/');
    size_t order[QN_ER_ROWS];
    memset(view, 0, sizeof *view);
    snprintf(view->name, sizeof view->name, "Sweep %lld of %s", (long long)lookup->file.spec_no,
             slash ? slash + 1 : path);
    view->file = &lookup->file;
    view->sweep = &lookup->sweep;
    view->rows = lookup->rows;
    view->fitted = last.sweep != NULL;
    if (!view->fitted)
        return;
    view->found = *last.potentials;
    size_t n = 0;
    for (; n < last.sweep->rows; n++) { /* into order, by insertion */
        size_t k = n;
        for (; k > 0 && last.sweep->energy_ev[order[k - 1]] < last.sweep->energy_ev[n]; k--)
            order[k] = order[k - 1];
        order[k] = n;
    }
    for (size_t i = 0; i < n; i++)
        add_row(view, &last, order[i], qn_lunar_measure_cells(measure), sense);
}

/* ---- by number ------------------------------------------------------------------------------ */

static enum qn_status find_sweep(struct qn_er_sweep *sweep, const char *path, int64_t number,
                                 struct qn_error *err)
{
    struct qn_er_reader *reader = NULL;
    bool more = true;
    bool found = false;
    int64_t first = 0;
    int64_t last = 0;
    enum qn_status status = qn_er_open(&reader, path, 0, UINT64_MAX, err);
    for (uint64_t i = 0; !status && !found; i++) {
        status = qn_er_read(reader, sweep, &more, NULL, err);
        if (status || !more)
            break;
        first = i == 0 ? sweep->spec_no : first;
        last = sweep->spec_no;
        found = last == number;
    }
    qn_er_close(reader);
    if (!status && !found && first == 0 && last == 0)
        return qn_fail_at(err, QN_ERR_INPUT, path, -1,
                          "'%s' has no sweeps: is it a file of spectra, 3DYYMMDD.TAB?", path);
    if (!status && !found)
        return qn_fail_at(err, QN_ERR_INPUT, path, -1,
                          "'%s' has no sweep %lld; its sweeps are numbered %lld to %lld.", path,
                          (long long)number, (long long)first, (long long)last);
    return status;
}

enum qn_status qn_lunar_look_up(struct qn_lunar_lookup *lookup, struct qn_lunar_measure *measure,
                                enum qn_sense sense, const char *path, int64_t number,
                                struct qn_error *err)
{
    enum qn_status status = find_sweep(&lookup->file, path, number, err);
    if (!status)
        status =
            qn_lunar_measure_sweep(measure, &lookup->file, 0, &lookup->sweep, lookup->rows, err);
    if (!status)
        make_view(lookup, path, measure, sense);
    return status;
}

/* ---- pitch angles --------------------------------------------------------------------------- */

double qn_lunar_view_bin(const struct qn_lunar_view *view, size_t row, size_t bin)
{
    double sum = 0;
    size_t count = 0;
    for (size_t cell = 0; cell < QN_ER_CELLS; cell++) {
        double place = view->pitch_deg[row][cell] / QN_VIEW_BIN_DEG;
        if (isnan(place) || isnan(view->norm[row][cell]) ||
            (size_t)fmin(place, QN_VIEW_BINS - 1) != bin)
            continue;
        sum += view->norm[row][cell];
        count++;
    }
    return count > 0 ? sum / (double)count : NAN;
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *numbers(const double *values, size_t n)
{
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, number(values[i]));
    return array;
}

static void set_value(json_t *object, const char *name, const struct qn_lunar_value *value)
{
    enum qn_fit_reason reason = (enum qn_fit_reason)value->reason;
    json_t *entry = json_object();
    json_object_set_new(entry, "value", number(value->value));
    json_object_set_new(entry, "low", number(value->low));
    json_object_set_new(entry, "high", number(value->high));
    if (reason != QN_FIT_OK) {
        json_object_set_new(entry, "reason", json_string(qn_fit_reason_name(reason)));
        json_object_set_new(entry, "because", json_string(qn_fit_reason_text(reason)));
    }
    json_object_set_new(object, name, entry);
}

static json_t *energy_json(const struct qn_lunar_view *view, size_t i)
{
    json_t *row = json_object();
    json_object_set_new(row, "energy_ev", number(view->energy_ev[i]));
    json_object_set_new(row, "flux", number(view->flux[i]));
    json_object_set_new(row, "flux_error", number(view->error[i]));
    json_object_set_new(row, "model_flux", number(view->model[i]));
    json_object_set_new(row, "edge_deg", number(view->edge_deg[i]));
    json_object_set_new(row, "pitch_deg", numbers(view->pitch_deg[i], QN_ER_CELLS));
    json_object_set_new(row, "relative_flux", numbers(view->norm[i], QN_ER_CELLS));
    return row;
}

static void set_place(json_t *object, const struct qn_lunar_sweep *sweep)
{
    json_object_set_new(object, "spacecraft_latitude", number(sweep->lat_deg));
    json_object_set_new(object, "spacecraft_longitude", number(sweep->lon_deg));
    json_object_set_new(object, "spacecraft_altitude_km", number(sweep->altitude_km));
    json_object_set_new(object, "spacecraft_in_sun", json_boolean(sweep->in_sun));
    json_object_set_new(object, "projection_latitude", number(sweep->foot_lat_deg));
    json_object_set_new(object, "projection_longitude", number(sweep->foot_lon_deg));
    json_object_set_new(object, "projection_in_sun", json_boolean(sweep->foot_in_sun));
    json_object_set_new(object, "projection_polarity", json_integer(sweep->polarity));
    json_object_set_new(object, "magnetic_field_nt", number(sweep->field_nt));
}

json_t *qn_lunar_view_json(const struct qn_lunar_view *view)
{
    const struct qn_lunar_sweep *sweep = view->sweep;
    json_t *all = json_object();
    json_t *energies = json_array();
    json_object_set_new(all, "spec_no", json_integer(sweep->file_spec_no));
    json_object_set_new(all, "utc", json_string(view->rows[0].utc));
    json_object_set_new(all, "time", number(sweep->time_s));
    json_object_set_new(all, "rows", json_integer(sweep->rows));
    json_object_set_new(all, "used_rows", json_integer(sweep->used_rows));
    json_object_set_new(
        all, "reason",
        json_string(qn_lunar_sweep_reason_name((enum qn_lunar_sweep_reason)sweep->reason)));
    set_place(all, sweep);
    json_object_set_new(all, "environment",
                        json_string(qn_environment_name((enum qn_environment)sweep->environment)));
    set_value(all, "kappa", &sweep->kappa);
    set_value(all, "electron_temperature_ev", &sweep->temperature_ev);
    set_value(all, "electron_density_m3", &sweep->density_m3);
    json_object_set_new(all, "kappa_chi2", number(sweep->kappa_chi2));
    set_value(all, "spacecraft_potential_v", &sweep->spacecraft_v);
    set_value(all, "projected_potential_v", &sweep->surface_v);
    json_object_set_new(all, "identifiable", json_boolean(sweep->identifiable));
    set_value(all, "bs_over_bm", &sweep->bs_over_bm);
    set_value(all, "beam_amp", &sweep->beam);
    json_object_set_new(all, "fit_chi2", number(sweep->chi2));
    json_object_set_new(all, "assumed_potential_v", number(sweep->assumed_v));
    json_object_set_new(all, "debye_length_m", number(sweep->debye_m));
    json_object_set_new(all, "sunlit_cells", json_integer((json_int_t)view->sunlit));
    for (size_t i = 0; i < view->n; i++)
        json_array_append_new(energies, energy_json(view, i));
    json_object_set_new(all, "energies", energies);
    return all;
}
