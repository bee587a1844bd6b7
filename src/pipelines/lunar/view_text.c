/* One sweep as text for a terminal: see view.h. */
#include "pipelines/lunar/view.h"

#include "render/terminal.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

enum { VALUE = 96 };

struct telling {
    const struct qn_lunar_view *view;
    const struct qn_terminal *terminal;
    struct qn_buf *out;
};

static void __attribute__((format(printf, 4, 5)))
tell(struct telling *t, const char *what, const char *why, const char *format, ...)
{
    char text[VALUE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    qn_terminal_tell(t->terminal, t->out, what, text, why);
}

/* "23.97 S 133.12 E" */
static const char *place(double lat_deg, double lon_deg, char text[VALUE])
{
    if (isnan(lat_deg) || isnan(lon_deg))
        snprintf(text, VALUE, "not known");
    else
        snprintf(text, VALUE, "%.2f %c %.2f %c", fabs(lat_deg), lat_deg < 0 ? 'S' : 'N',
                 fabs(lon_deg), lon_deg < 0 ? 'W' : 'E');
    return text;
}

/* "-160 V (-175 to -148)", and as the reason what there is to know. */
static void tell_value(struct telling *t, const char *what, const struct qn_lunar_value *value,
                       double scale, const char *unit)
{
    enum qn_fit_reason reason = (enum qn_fit_reason)value->reason;
    const char *why = reason == QN_FIT_OK ? NULL : qn_fit_reason_text(reason);
    double low = value->low * scale;
    double high = value->high * scale;
    char range[VALUE] = "";
    if (isfinite(low) && isfinite(high))
        snprintf(range, sizeof range, " (%.4g to %.4g)", low, high);
    else if (isfinite(low))
        snprintf(range, sizeof range, " (at least %.4g)", low);
    else if (isfinite(high))
        snprintf(range, sizeof range, " (at most %.4g)", high);
    if (isfinite(value->value))
        tell(t, what, why, "%.4g%s%s%s", value->value * scale, *unit ? " " : "", unit, range);
    else
        tell(t, what, why, "none%s", range);
}

static void tell_head(struct telling *t)
{
    const struct qn_lunar_sweep *sweep = t->view->sweep;
    const char *reason = qn_lunar_sweep_reason_name((enum qn_lunar_sweep_reason)sweep->reason);
    char text[VALUE];
    qn_terminal_put(t->terminal, t->out, QN_STYLE_BOLD, "%s\n", t->view->name);
    tell(t, "time", NULL, "%s to %s", t->view->rows[0].utc, t->view->rows[sweep->rows - 1].utc);
    tell(t, "rows", NULL, "%u, of them %u in the fits%s%s", sweep->rows, sweep->used_rows,
         *reason ? ": " : "", reason);
    tell(t, "spacecraft", sweep->in_sun ? "in sunlight" : "in the Moon's shadow", "%s, %.1f km",
         place(sweep->lat_deg, sweep->lon_deg, text), sweep->altitude_km);
    tell(t, "magnetic field", NULL, "%.3f nT, %s", sweep->field_nt,
         sweep->polarity > 0   ? "towards the Moon"
         : sweep->polarity < 0 ? "away from the Moon"
                               : "that does not meet the Moon");
    if (sweep->polarity != 0)
        tell(t, "foot", sweep->foot_in_sun ? "in sunlight" : "in the dark",
             "%s, %.0f degrees steep", place(sweep->foot_lat_deg, sweep->foot_lon_deg, text),
             sweep->foot_dip_deg);
}

static void tell_fits(struct telling *t)
{
    const struct qn_lunar_sweep *sweep = t->view->sweep;
    qn_terminal_heading(t->terminal, t->out, "Electrons", "68 % intervals in brackets");
    tell_value(t, "kappa", &sweep->kappa, 1, "");
    tell_value(t, "temperature", &sweep->temperature_ev, 1, "eV");
    tell_value(t, "density", &sweep->density_m3, 1e-6, "cm^-3");
    if (sweep->polarity != 0)
        tell(t, "environment", NULL, "%s",
             qn_environment_name((enum qn_environment)sweep->environment));
    if (t->view->sunlit > 0)
        tell(t, "left out", "sunlight gets into them", "%zu cells", t->view->sunlit);
    qn_terminal_heading(t->terminal, t->out, "Potentials", "against the plasma");
    tell_value(t, "spacecraft", &sweep->spacecraft_v, 1, "V");
    tell_value(t, "surface", &sweep->surface_v, 1, "V");
    tell(t, "identifiable", NULL, "%s", sweep->identifiable ? "yes" : "no");
    tell_value(t, "B_S / B_M", &sweep->bs_over_bm, 1, "");
    tell_value(t, "beam", &sweep->beam, 1, "");
    if (isfinite(sweep->chi2))
        tell(t, "chi squared", NULL, "%.4g, of %u cells", sweep->chi2, sweep->cells);
}

static void put_spectrum(struct telling *t)
{
    const struct qn_lunar_view *view = t->view;
    qn_terminal_heading(t->terminal, t->out, "Spectrum", "cm^-2 s^-1 eV^-1, of incident electrons");
    qn_buf_printf(t->out, "  %10s %12s %11s %12s\n", "energy eV", "flux", "error", "fit");
    for (size_t i = 0; i < view->n; i++)
        qn_buf_printf(t->out, "  %10.1f %12.4g %11.2g %12.4g\n", view->energy_ev[i], view->flux[i],
                      view->error[i], view->model[i]);
}

static void put_pitch_angles(struct telling *t)
{
    const struct qn_lunar_view *view = t->view;
    qn_terminal_heading(t->terminal, t->out, "Pitch angles",
                        "flux over that of incident electrons; | is where the fitted loss cone "
                        "begins");
    qn_buf_printf(t->out, "  %10s", "energy eV");
    for (int bin = 0; bin < QN_VIEW_BINS; bin++)
        qn_buf_printf(t->out, " %5d", bin * QN_VIEW_BIN_DEG + QN_VIEW_BIN_DEG / 2);
    qn_buf_printf(t->out, "   edge\n");
    for (size_t i = 0; i < view->n; i++) {
        int edge = isnan(view->edge_deg[i]) ? -1 : (int)(view->edge_deg[i] / QN_VIEW_BIN_DEG);
        qn_buf_printf(t->out, "  %10.1f", view->energy_ev[i]);
        for (int bin = 0; bin < QN_VIEW_BINS; bin++) {
            double mean = qn_lunar_view_bin(view, i, (size_t)bin);
            char text[VALUE] = "-";
            if (isfinite(mean))
                snprintf(text, sizeof text, "%.2f", mean);
            qn_buf_printf(t->out, "%c%5s", bin == edge ? '|' : ' ', text);
        }
        if (edge >= 0)
            qn_buf_printf(t->out, " %6.1f", view->edge_deg[i]);
        qn_buf_printf(t->out, "\n");
    }
}

void qn_lunar_view_text(const struct qn_lunar_view *view, const struct qn_terminal *terminal,
                        struct qn_buf *out)
{
    struct telling t = {view, terminal, out};
    tell_head(&t);
    if (!view->fitted)
        return;
    tell_fits(&t);
    put_spectrum(&t);
    put_pitch_angles(&t);
}
