/* One sweep as a picture: see view.h. */
#include "pipelines/lunar/view.h"

#include "base/sys.h"
#include "pipelines/lunar/response.h"
#include "render/map.h"
#include "render/plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    WIDTH = 1200,
    HEIGHT = 980,
    CLASSES = 10, /* of relative flux, by colour */
    CURVE = 121,  /* points of a fitted line */
    ACROSS = 24,  /* steps of a mean over half a cell */
    ANGLE_STEP = 45,
    PROFILES = 3,   /* energies shown by pitch angle alone */
    MOST_LINES = 3, /* of text below the title */
    MOST_PANELS = 3 + PROFILES
};

#define BLUE         0x2f6db5u
#define ORANGE       0xc8501eu
#define GREY         0x8a8a8au
#define HIGHEST      1.25 /* relative flux of the last class: it and all above */
#define PROFILE_HIGH 2.0
#define GOOD_ERROR   0.2 /* of counting, for an energy to be shown as a profile */

struct drawing {
    const struct qn_lunar_view *view;
    char lines[MOST_LINES][200];
    const char *line_texts[MOST_LINES];
    char profile_titles[PROFILES][64];
    struct qn_panel panels[MOST_PANELS];
    size_t panel_count;

    double errors[2 * QN_ER_ROWS];
    double curve_x[CURVE], curve_y[CURVE];
    double volts[1];
    struct qn_series spectrum[4];

    double class_x[CLASSES][QN_ER_ROWS * QN_ER_CELLS];
    double class_y[CLASSES][QN_ER_ROWS * QN_ER_CELLS];
    double edge_x[CURVE], edge_y[CURVE];
    struct qn_series cells[CLASSES + 1];
    double key_x[CLASSES], key_y[CLASSES];
    struct qn_series key[CLASSES];

    double model_x[PROFILES][CURVE], model_y[PROFILES][CURVE];
    struct qn_series profiles[PROFILES][2];
};

static struct qn_panel *add_panel(struct drawing *d, double left, double top, double width,
                                  double height)
{
    struct qn_panel *panel = &d->panels[d->panel_count++];
    *panel = (struct qn_panel){.left = left, .top = top, .width = width, .height = height};
    return panel;
}

static double lowest_energy(const struct qn_lunar_view *view)
{
    return view->energy_ev[view->n - 1] / 1.3;
}

static double highest_energy(const struct qn_lunar_view *view)
{
    return view->energy_ev[0] * 1.3;
}

/* The k-th of CURVE energies, equally spaced in the logarithm. */
static double curve_energy(const struct qn_lunar_view *view, int k)
{
    return lowest_energy(view) *
           pow(highest_energy(view) / lowest_energy(view), k / (double)(CURVE - 1));
}

/* ---- spectrum ------------------------------------------------------------------------------- */

static void flux_range(const struct qn_lunar_view *view, double *low, double *high)
{
    *low = INFINITY;
    *high = 0;
    for (size_t i = 0; i < view->n; i++) {
        if (!(view->flux[i] > 0))
            continue;
        *low = fmin(*low, view->flux[i]);
        *high = fmax(*high, view->flux[i]);
    }
    if (!(*high > 0)) {
        *low = 1;
        *high = 10;
    }
    *low = fmax(*low / 3, *high * 1e-9);
    *high *= 3;
}

static void add_spectrum(struct drawing *d)
{
    const struct qn_lunar_view *view = d->view;
    const struct qn_kappa_fit *fit = &view->found.spectrum;
    struct qn_kappa plasma = {fit->density.value, fit->kappa.value, fit->theta.value};
    struct qn_panel *panel = add_panel(d, 92, 150, 480, 380);
    flux_range(view, &panel->y_low, &panel->y_high);
    panel->title = "Spectrum of electrons towards the Moon, with the kappa distribution fitted";
    d->volts[0] = fabs(view->found.u_assumed);
    panel->y_label = "Flux (cm\u207b\u00b2 s\u207b\u00b9 eV\u207b\u00b9)";
    panel->x_low = lowest_energy(view);
    panel->x_high = highest_energy(view);
    panel->x_label = d->volts[0] > panel->x_low && d->volts[0] < panel->x_high
                         ? "Energy (eV); dashed: size of the spacecraft's potential"
                         : "Energy (eV)";
    panel->log_x = panel->log_y = true;
    for (size_t i = 0; i < view->n; i++) {
        d->errors[i] = view->flux[i] - view->error[i];
        d->errors[view->n + i] = view->flux[i] + view->error[i];
    }
    for (int k = 0; k < CURVE; k++) {
        d->curve_x[k] = curve_energy(view, k);
        d->curve_y[k] = qn_response_flux(&plasma, view->found.u_assumed, d->curve_x[k]);
        if (!(d->curve_y[k] > 0))
            d->curve_y[k] = NAN;
    }
    d->spectrum[0] = (struct qn_series){QN_SERIES_LINE, d->curve_x, d->curve_y, CURVE, ORANGE, 1.6};
    d->spectrum[1] =
        (struct qn_series){QN_SERIES_ERRORS, view->energy_ev, d->errors, view->n, BLUE, 1.2};
    d->spectrum[2] =
        (struct qn_series){QN_SERIES_POINTS, view->energy_ev, view->flux, view->n, BLUE, 6};
    d->spectrum[3] = (struct qn_series){QN_SERIES_MARKS, d->volts, NULL, 1, GREY, 1};
    panel->series = d->spectrum;
    panel->series_count = 4;
}

/* ---- energies and pitch angles -------------------------------------------------------------- */

static void sort_cells(struct drawing *d)
{
    const struct qn_lunar_view *view = d->view;
    for (int k = 0; k < CLASSES; k++)
        d->cells[k] = (struct qn_series){QN_SERIES_POINTS,
                                         d->class_x[k],
                                         d->class_y[k],
                                         0,
                                         qn_map_colour((k + 0.5) / CLASSES),
                                         7};
    for (size_t i = 0; i < view->n; i++) {
        for (size_t cell = 0; cell < QN_ER_CELLS; cell++) {
            double part = view->norm[i][cell] / HIGHEST;
            if (isnan(part) || isnan(view->pitch_deg[i][cell]))
                continue;
            int k = (int)fmin(CLASSES - 1, fmax(0, part * CLASSES));
            d->class_x[k][d->cells[k].n] = view->pitch_deg[i][cell];
            d->class_y[k][d->cells[k].n++] = view->energy_ev[i];
        }
    }
}

static void add_key(struct drawing *d)
{
    struct qn_panel *key = add_panel(d, 700, 583, 420, 14);
    key->x_low = 0;
    key->x_high = HIGHEST;
    key->y_low = 0;
    key->y_high = 1;
    key->plain_y = true;
    key->x_label = "Flux over the mean of incident electrons (the last colour: all above, too)";
    for (int k = 0; k < CLASSES; k++) {
        d->key_x[k] = k * HIGHEST / CLASSES;
        d->key_y[k] = 1;
        d->key[k] = (struct qn_series){
            QN_SERIES_BARS,   &d->key_x[k], &d->key_y[k], 1, qn_map_colour((k + 0.5) / CLASSES),
            HIGHEST / CLASSES};
    }
    key->series = d->key;
    key->series_count = CLASSES;
}

static void add_cells(struct drawing *d)
{
    const struct qn_lunar_view *view = d->view;
    struct qn_panel *panel = add_panel(d, 700, 150, 420, 380);
    sort_cells(d);
    for (int k = 0; k < CURVE; k++) {
        d->edge_y[k] = curve_energy(view, k);
        d->edge_x[k] = qn_lunar_edge_deg(&view->found, d->edge_y[k]);
    }
    d->cells[CLASSES] = (struct qn_series){QN_SERIES_LINE, d->edge_x, d->edge_y, CURVE, ORANGE, 2};
    panel->title = "Cells by energy and pitch angle; line: edge of the fitted loss cone";
    panel->x_label = "Pitch angle (degrees; 180: from the Moon)";
    panel->y_label = "Energy (eV)";
    panel->x_high = 180;
    panel->x_step = ANGLE_STEP;
    panel->y_low = lowest_energy(view);
    panel->y_high = highest_energy(view);
    panel->log_y = true;
    panel->series = d->cells;
    panel->series_count = CLASSES + 1;
    add_key(d);
}

/* ---- profiles ------------------------------------------------------------------------------- */

/* Energies whose fluxes are known well, spread over all of those. */
static size_t choose_profiles(const struct qn_lunar_view *view, size_t chosen[PROFILES])
{
    size_t good[QN_ER_ROWS];
    size_t n = 0;
    for (size_t i = 0; i < view->n; i++)
        if (view->error[i] < GOOD_ERROR * view->flux[i] &&
            view->energy_ev[i] > view->found.u_assumed)
            good[n++] = i;
    if (n < PROFILES)
        return 0;
    for (size_t k = 0; k < PROFILES; k++)
        chosen[k] = good[n - 1 - (2 * k + 1) * n / (2 * PROFILES)];
    return PROFILES;
}

/* What the model lets a cell see that is as wide as the fit took it to be. */
static double seen_cone(const struct qn_cone *cone, const struct qn_potentials *found,
                        double energy_ev, double pitch_deg)
{
    double sum = 0;
    for (int i = -ACROSS; i <= ACROSS; i++) {
        double pitch = pitch_deg + found->cone.edge_deg * i / ACROSS;
        sum += qn_cone_model(cone, found->u_assumed, energy_ev, fmin(fmax(pitch, 0), 180));
    }
    return sum / (2 * ACROSS + 1);
}

static void add_profile(struct drawing *d, size_t k, size_t row)
{
    const struct qn_lunar_view *view = d->view;
    struct qn_cone cone = {view->found.cone.u_surface.value, view->found.cone.ratio.value,
                           view->found.cone.beam.value};
    struct qn_panel *panel = add_panel(d, 92 + 372 * (double)k, 690, 302, 220);
    snprintf(d->profile_titles[k], sizeof d->profile_titles[k], "%.4g eV", view->energy_ev[row]);
    panel->title = d->profile_titles[k];
    panel->x_label = "Pitch angle (degrees)";
    panel->y_label = k == 0 ? "Flux over incident flux" : NULL;
    panel->x_high = 180;
    panel->x_step = ANGLE_STEP;
    panel->y_high = PROFILE_HIGH;
    for (int i = 0; i < CURVE; i++) {
        d->model_x[k][i] = 180.0 * i / (CURVE - 1);
        d->model_y[k][i] = seen_cone(&cone, &view->found, view->energy_ev[row], d->model_x[k][i]);
    }
    d->profiles[k][0] = (struct qn_series){
        QN_SERIES_POINTS, view->pitch_deg[row], view->norm[row], QN_ER_CELLS, BLUE, 5};
    d->profiles[k][1] =
        (struct qn_series){QN_SERIES_LINE, d->model_x[k], d->model_y[k], CURVE, ORANGE, 1.6};
    panel->series = d->profiles[k];
    panel->series_count = isfinite(cone.u_surface) ? 2 : 1;
}

/* ---- texts ---------------------------------------------------------------------------------- */

static size_t put_value(char *text, size_t size, const char *what,
                        const struct qn_lunar_value *value, const char *unit)
{
    int len;
    if (!isfinite(value->value))
        len = snprintf(text, size, "%s: none (%s)   ", what,
                       qn_fit_reason_name((enum qn_fit_reason)value->reason));
    else if (isfinite(value->low) && isfinite(value->high))
        len = snprintf(text, size, "%s %.4g%s (%.4g to %.4g)   ", what, value->value, unit,
                       value->low, value->high);
    else
        len = snprintf(text, size, "%s %.4g%s   ", what, value->value, unit);
    return len < 0 ? 0 : (size_t)len < size ? (size_t)len : size - 1;
}

static void put_lines(struct drawing *d)
{
    const struct qn_lunar_sweep *sweep = d->view->sweep;
    size_t size = sizeof d->lines[0];
    snprintf(d->lines[0], size, "%s, spacecraft in %s; field line %s%s%s", d->view->rows[0].utc,
             sweep->in_sun ? "sunlight" : "shadow",
             sweep->polarity == 0 ? "without a foot on the Moon"
             : sweep->foot_in_sun ? "with its foot in sunlight; "
                                  : "with its foot in the dark; ",
             sweep->polarity == 0 ? ""
                                  : qn_environment_name((enum qn_environment)sweep->environment),
             d->view->sunlit > 0 ? "; cells with sunlight are left out" : "");
    size_t len = put_value(d->lines[1], size, "surface", &sweep->surface_v, " V");
    len += put_value(d->lines[1] + len, size - len, "B_S/B_M", &sweep->bs_over_bm, "");
    put_value(d->lines[1] + len, size - len, "beam", &sweep->beam, "");
    len = put_value(d->lines[2], size, "spacecraft", &sweep->spacecraft_v, " V");
    len += put_value(d->lines[2] + len, size - len, "electrons", &sweep->temperature_ev, " eV");
    put_value(d->lines[2] + len, size - len, "kappa", &sweep->kappa, "");
    for (int i = 0; i < MOST_LINES; i++)
        d->line_texts[i] = d->lines[i];
}

enum qn_status qn_lunar_view_png(const struct qn_lunar_view *view, struct qn_buf *png,
                                 struct qn_error *err)
{
    size_t chosen[PROFILES];
    struct drawing *d = qn_sys.calloc(1, sizeof *d);
    if (!d)
        return qn_fail_memory(err, "the picture", sizeof *d);
    d->view = view;
    put_lines(d);
    if (view->n > 0) {
        add_spectrum(d);
        add_cells(d);
        size_t count = choose_profiles(view, chosen);
        for (size_t k = 0; k < count; k++)
            add_profile(d, k, chosen[k]);
    }
    struct qn_page page = {.width = WIDTH,
                           .height = view->n > 0 ? HEIGHT : 130,
                           .title = view->name,
                           .lines = d->line_texts,
                           .line_count = MOST_LINES,
                           .panels = d->panels,
                           .panel_count = d->panel_count};
    enum qn_status status = qn_page_png(&page, png, err);
    free(d);
    return status;
}
