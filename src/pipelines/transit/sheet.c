/* Composing a vetting sheet: see sheet.h. */
#include "pipelines/transit/sheet.h"

#include "compute/robust.h"
#include "render/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    WIDTH = 1240,
    HEIGHT = 900,
    LEFT = 86,
    BINS = 60,
    MODEL = 200,
    MOST_CURVE = 4000, /* dots of the light curve; more are averaged */
    MOST_SPECTRUM = 3000
};

#define GREY   0xb8bec6
#define BLUE   0x2f6db5
#define ORANGE 0xc8541b
#define GREEN  0x2f8f5b

struct room { /* arrays of the page, from one buffer */
    double *next;
    size_t left;
};

static double *take(struct room *room, size_t n)
{
    double *at = room->next;
    if (n > room->left)
        return NULL;
    room->next += n;
    room->left -= n;
    return at;
}

struct sheet {
    const struct qn_row *row;
    const struct qn_measured *m;
    struct room room;
    double period;
    double t0;
    double duration;
    double *offset; /* of points from the nearest transit, hours */
    double *ppm;    /* flux - 1 */
    double low;     /* limits of flux for the folded panels, ppm */
    double high;
};

/* ---- folded points -------------------------------------------------------------------------- */

static double offset_of(const struct sheet *s, size_t i, double period, double shift)
{
    double x = s->m->time[i] - s->t0 - shift;
    return x - period * floor(x / period + 0.5);
}

/* Means in bins of time from transit, among points of one parity (-1: all); returns how many. */
static size_t bin_points(const struct sheet *s, double reach, double shift, int parity, double *x,
                         double *y)
{
    double sum[BINS] = {0};
    double count[BINS] = {0};
    size_t n = 0;
    for (size_t i = 0; i < s->m->n; i++) {
        double offset = offset_of(s, i, s->period, shift);
        double number = floor((s->m->time[i] - s->t0 - shift) / s->period + 0.5);
        double place = (offset + reach) / (2 * reach) * BINS;
        if (parity >= 0 && (fmod(number, 2) != 0) != (parity == 1))
            continue;
        if (!(place >= 0 && place < BINS))
            continue;
        sum[(size_t)place] += s->ppm[i];
        count[(size_t)place]++;
    }
    for (int k = 0; k < BINS; k++) {
        if (count[k] == 0)
            continue;
        x[n] = (((double)k + 0.5) / BINS * 2 - 1) * reach * 24;
        y[n++] = sum[k] / count[k];
    }
    return n;
}

static double trapezoid(const struct qn_vetting *v, double offset)
{
    double from = offset + 0.5 * v->trapezoid_duration;
    double rise = fmin(from / v->ingress, (v->trapezoid_duration - from) / v->egress);
    return -v->trapezoid_depth * fmax(0, fmin(1, rise)) * 1e6;
}

static size_t model(const struct sheet *s, double reach, double *x, double *y)
{
    const struct qn_vetting *v = &s->row->features.vetting;
    bool fitted = isfinite(v->trapezoid_depth);
    for (size_t i = 0; i < MODEL; i++) {
        double offset = ((double)i / (MODEL - 1) * 2 - 1) * reach;
        bool in = fabs(offset) < 0.5 * s->duration;
        x[i] = offset * 24;
        y[i] = fitted ? trapezoid(v, offset) : in ? -s->row->features.bls_depth * 1e6 : 0;
    }
    return MODEL;
}

/* Limits that show the transit and the scatter of the bins. */
static void choose_limits(struct sheet *s, double *scratch)
{
    for (size_t i = 0; i < s->m->n; i++)
        scratch[i] = s->ppm[i];
    double noise = QN_MAD_SIGMA * qn_mad(scratch, s->m->n, 0);
    double depth = s->row->features.bls_depth * 1e6;
    s->high = fmax(2.5 * noise, 0.4 * depth);
    s->low = -fmax(2.5 * noise, 1.5 * depth);
}

/* ---- panels --------------------------------------------------------------------------------- */

enum { MOST_SERIES = 5, PANELS = 5 };

struct panel {
    struct qn_panel frame;
    struct qn_series series[MOST_SERIES];
};

struct place {
    double left, top, width, height;
};

static struct qn_panel frame_at(struct place at, const char *title, const char *x_label,
                                double x_low, double x_high, double y_low, double y_high)
{
    return (struct qn_panel){.left = at.left,
                             .top = at.top,
                             .width = at.width,
                             .height = at.height,
                             .title = title,
                             .x_label = x_label,
                             .y_label = "Flux - 1 (ppm)",
                             .x_low = x_low,
                             .x_high = x_high,
                             .y_low = y_low,
                             .y_high = y_high};
}

static void add(struct panel *p, enum qn_series_kind kind, const double *x, const double *y,
                size_t n, uint32_t colour, double size)
{
    p->series[p->frame.series_count++] = (struct qn_series){kind, x, y, n, colour, size};
}

static void light_curve(struct sheet *s, struct panel *p)
{
    size_t n = s->m->n;
    size_t step = n / MOST_CURVE + 1;
    double *x = take(&s->room, MOST_CURVE + 1);
    double *y = take(&s->room, MOST_CURVE + 1);
    double *marks = take(&s->room, MOST_CURVE);
    size_t dots = 0;
    for (size_t i = 0; i + step <= n && dots < MOST_CURVE; i += step) {
        double time = 0;
        double flux = 0;
        for (size_t k = 0; k < step; k++) {
            time += s->m->time[i + k];
            flux += s->ppm[i + k];
        }
        x[dots] = time / (double)step;
        y[dots++] = flux / (double)step;
    }
    size_t count = 0;
    double last = s->m->time[n - 1];
    for (double t = s->t0; t <= last && count < MOST_CURVE; t += s->period)
        marks[count++] = t;
    p->frame = frame_at((struct place){LEFT, 130, WIDTH - LEFT - 30, 170}, "Light curve, detrended",
                        NULL, s->m->time[0], last, s->low, s->high);
    p->frame.x_label = s->row->scale == QN_LC_BTJD   ? "BJD - 2457000 (days)"
                       : s->row->scale == QN_LC_BKJD ? "BJD - 2454833 (days)"
                                                     : "Time (days)";
    add(p, QN_SERIES_POINTS, x, y, dots, 0x6b7683, 1.6);
    add(p, QN_SERIES_ARROWS, marks, marks, count, ORANGE, 1);
}

static void periodogram(struct sheet *s, struct panel *p)
{
    const struct qn_search_result *r = s->m->search;
    double *x = take(&s->room, MOST_SPECTRUM + 1);
    double *y = take(&s->room, MOST_SPECTRUM + 1);
    double *peak = take(&s->room, 1);
    double *aliases = take(&s->room, 4);
    size_t step = r->period_count / MOST_SPECTRUM + 1;
    size_t n = 0;
    double most = 1;
    for (size_t i = 0; r->power && i < r->period_count; i += step, n++) {
        double best = 0; /* no peak may fall between two steps */
        for (size_t k = i; k < i + step && k < r->period_count; k++)
            best = fmax(best, (double)r->power[k]);
        x[n] = s->m->min_period * exp(log(r->ratio) * (double)i);
        y[n] = sqrt(best);
        most = fmax(most, y[n]);
    }
    double high = n > 0 ? x[n - 1] : 2 * s->period;
    p->frame = frame_at((struct place){LEFT, 370, 520, 200}, "Periodogram", "Period (days)",
                        n > 0 ? x[0] : 0.5 * s->period, high, 0, 1.08 * most);
    p->frame.y_label = "Signal-to-noise ratio";
    p->frame.log_x = p->frame.x_high > 3 * p->frame.x_low;
    peak[0] = s->period;
    for (int k = 0; k < 4; k++)
        aliases[k] = s->period * (double[]){1.0 / 3, 0.5, 2, 3}[k];
    add(p, QN_SERIES_MARKS, peak, peak, 1, ORANGE, 1.5);
    add(p, QN_SERIES_MARKS, aliases, aliases, 4, GREY, 1);
    add(p, QN_SERIES_LINE, x, y, n, BLUE, 1);
}

/* Points and bins around transit, or `shift` later. */
static void folded(struct sheet *s, struct panel *p, double shift, const char *title, double left,
                   double top, bool with_model)
{
    double reach = fmin(2 * s->duration, 0.5 * s->period);
    double *bin_x = take(&s->room, BINS);
    double *bin_y = take(&s->room, BINS);
    double *model_x = take(&s->room, MODEL);
    double *model_y = take(&s->room, MODEL);
    double *offset = take(&s->room, s->m->n);
    for (size_t i = 0; i < s->m->n; i++)
        offset[i] = offset_of(s, i, s->period, shift) * 24;
    p->frame = frame_at((struct place){left, top, 520, 200}, title, "Time from mid-transit (hours)",
                        -reach * 24, reach * 24, s->low, s->high);
    add(p, QN_SERIES_POINTS, offset, s->ppm, s->m->n, GREY, 1.6);
    if (with_model)
        add(p, QN_SERIES_LINE, model_x, model_y, model(s, reach, model_x, model_y), ORANGE, 1.8);
    size_t n = bin_points(s, reach, shift, -1, bin_x, bin_y);
    add(p, QN_SERIES_POINTS, bin_x, bin_y, n, BLUE, 5);
}

static void odd_even(struct sheet *s, struct panel *p)
{
    double reach = fmin(2 * s->duration, 0.5 * s->period);
    p->frame = frame_at((struct place){LEFT, 650, 520, 200}, "Odd (green) and even (blue) transits",
                        "Time from mid-transit (hours)", -reach * 24, reach * 24, s->low, s->high);
    for (int parity = 0; parity < 2; parity++) {
        double *x = take(&s->room, BINS);
        double *y = take(&s->room, BINS);
        size_t n = bin_points(s, reach, 0, parity, x, y);
        add(p, QN_SERIES_POINTS, x, y, n, parity ? GREEN : BLUE, 5);
    }
}

/* ---- the page ------------------------------------------------------------------------------- */

static void describe(const struct qn_candidate *c, const struct qn_row *row, char title[160],
                     char lines[3][200])
{
    const struct qn_features *f = &row->features;
    const struct qn_vetting *v = &f->vetting;
    char star[QN_TARGET_NAME];
    qn_target_text(&c->target, star);
    snprintf(title, 160, "%s%s%s%s%s", star, c->name[0] ? "   " : "", c->name,
             c->label[0] ? "   label " : "", c->label);
    snprintf(lines[0], 200,
             "Period %.6f d +- %.2g    t0 %.5f    duration %.2f h    depth %.0f ppm +- %.0f    SNR "
             "%.1f    %.0f of %.0f transits",
             f->bls_period, v->period_err, f->bls_t0, f->bls_duration * 24, f->bls_depth * 1e6,
             v->depth_err * 1e6, f->bls_snr, v->events, v->expected);
    snprintf(
        lines[1], 200,
        "MES %.1f    odd-even %.1f sigma    secondary %.0f ppm (%.1f sigma)    V shape %.2f    "
        "symmetry %.1f sigma    red noise %.0f ppm",
        v->mes, v->odd_even_sigma, v->secondary_depth * 1e6, v->secondary_sigma, v->v_shape,
        v->symmetry, v->red_noise * 1e6);
    snprintf(lines[2], 200,
             "Candidate: period %.6f d, depth %.0f ppm, duration %.2f h    %s    %.150s", c->period,
             c->depth * 1e6, c->duration * 24, row->product, row->files);
    if (isnan(c->period))
        snprintf(lines[2], 200, "%s    %.180s", row->product, row->files);
}

static enum qn_status compose(struct sheet *s, const struct qn_candidate *candidate,
                              struct qn_buf *png, struct qn_error *err)
{
    struct panel panels[PANELS];
    struct qn_panel frames[PANELS];
    char title[160];
    char lines[3][200];
    const char *texts[3] = {lines[0], lines[1], lines[2]};
    double secondary = s->row->features.vetting.secondary_phase;
    char other[80];
    memset(panels, 0, sizeof panels);
    secondary = isfinite(secondary) ? secondary : 0.5;
    snprintf(other, sizeof other, "Strongest dip elsewhere, phase %.3f", secondary);
    describe(candidate, s->row, title, lines);
    light_curve(s, &panels[0]);
    periodogram(s, &panels[1]);
    folded(s, &panels[2], 0, "Folded, with trapezoid", 690, 370, true);
    odd_even(s, &panels[3]);
    folded(s, &panels[4], secondary * s->period, other, 690, 650, false);
    for (int k = 0; k < PANELS; k++) {
        frames[k] = panels[k].frame;
        frames[k].series = panels[k].series;
    }
    struct qn_page page = {WIDTH, HEIGHT, title, texts, 3, frames, PANELS};
    return qn_page_png(&page, png, err);
}

enum qn_status qn_sheet_png(const struct qn_candidate *candidate, const struct qn_row *row,
                            const struct qn_measured *measured, struct qn_buf *png,
                            struct qn_error *err)
{
    struct qn_buf memory = {0};
    size_t n = measured->n;
    size_t doubles = 4 * n + 3 * MOST_CURVE + 2 * MOST_SPECTRUM + 8 * (BINS + MODEL) + 64;
    double *room = (double *)(void *)qn_buf_reserve(&memory, doubles * sizeof(double));
    if (!room)
        return qn_fail_memory(err, "a vetting sheet", doubles * sizeof(double));
    struct sheet s = {.row = row,
                      .m = measured,
                      .room = {room, doubles},
                      .period = row->features.bls_period,
                      .t0 = row->features.bls_t0,
                      .duration = row->features.bls_duration};
    s.ppm = take(&s.room, n);
    for (size_t i = 0; i < n; i++)
        s.ppm[i] = (measured->flux[i] - 1) * 1e6;
    choose_limits(&s, take(&s.room, n));
    enum qn_status status = compose(&s, candidate, png, err);
    qn_buf_release(&memory);
    return status;
}
