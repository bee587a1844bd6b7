/* The panels of a vetting sheet, from points to series: see sheet_parts.h. */
#include "pipelines/transit/sheet_parts.h"

#include "compute/robust.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    BINS = 48, /* about transit */
    PHASES = 150,
    MODEL = 200,
    MOST_DOTS = 4000, /* of a light curve; more points are averaged */
    MOST_SPECTRUM = 3000
};

#define GAP_D 0.5 /* points further apart are not averaged */

size_t qn_sheet_room(size_t n)
{
    return 5 * n + 12 * MOST_DOTS + 2 * MOST_SPECTRUM + 20 * (BINS + MODEL + PHASES) + 64;
}

static double *take(struct qn_sheet *s, size_t n)
{
    double *at = s->room;
    if (n > s->left)
        return NULL;
    s->room += n;
    s->left -= n;
    return at;
}

struct box {
    double left, top, width, height;
};

static struct qn_panel *set_frame(struct qn_sheet_panel *p, struct box at, const char *x_label,
                                  double x_low, double x_high)
{
    p->frame = (struct qn_panel){.left = at.left,
                                 .top = at.top,
                                 .width = at.width,
                                 .height = at.height,
                                 .title = p->title,
                                 .x_label = x_label,
                                 .y_label = "Flux - 1 (ppm)",
                                 .x_low = x_low,
                                 .x_high = x_high};
    return &p->frame;
}

static void add(struct qn_sheet_panel *p, enum qn_series_kind kind, const double *x,
                const double *y, size_t n, uint32_t colour, double size)
{
    p->series[p->frame.series_count++] = (struct qn_series){kind, x, y, n, colour, size};
}

/* A text at the head of the panel, to the right of a value of x. */
static void note(struct qn_sheet_panel *p, double x, int row, const char *text, uint32_t colour)
{
    if (x > p->frame.x_low && x < p->frame.x_high && p->note_count < QN_SHEET_NOTES)
        p->notes[p->note_count++] =
            (struct qn_note){qn_panel_place_x(&p->frame, x) + 3, p->frame.top + 13 + 14 * row, text,
                             QN_NOTE_LEFT, colour};
}

/* ---- over time ------------------------------------------------------------------------------ */

/* Means of every `step` points, none across a gap; returns how many there are. */
static size_t average(const struct qn_sheet *s, const double *values, size_t step, double *x,
                      double *y)
{
    const double *time = s->m->time;
    size_t dots = 0;
    for (size_t i = 0, k = 0; i < s->m->n && dots < 2 * MOST_DOTS; i += k) {
        double sum_time = 0;
        double sum = 0;
        for (k = 0; k < step && i + k < s->m->n && time[i + k] - time[i] < GAP_D; k++) {
            sum_time += time[i + k];
            sum += values[i + k];
        }
        x[dots] = sum_time / (double)k;
        y[dots++] = sum / (double)k;
    }
    return dots;
}

static double scatter_of(struct qn_sheet *s, const double *values, size_t n)
{
    double *copy = take(s, n);
    memcpy(copy, values, n * sizeof *values);
    double scatter = QN_MAD_SIGMA * qn_mad(copy, n, 0);
    s->room = copy; /* given back */
    s->left += n;
    return scatter;
}

static const char *time_label(const struct qn_sheet *s)
{
    return s->row->scale == QN_LC_BTJD   ? "BJD - 2457000 (days)"
           : s->row->scale == QN_LC_BKJD ? "BJD - 2454833 (days)"
                                         : "Time (days)";
}

static void name_curve(struct qn_sheet_panel *p, const char *what, size_t step)
{
    if (step > 1)
        snprintf(p->title, sizeof p->title, "%s, means of %zu points", what, step);
    else
        snprintf(p->title, sizeof p->title, "%s", what);
}

/* As stitched, with the trend that was taken out. */
static void stitched(struct qn_sheet *s, struct qn_sheet_panel *p)
{
    size_t n = s->m->n;
    size_t step = n / MOST_DOTS + 1;
    double *values = take(s, n);
    double *x = take(s, 2 * MOST_DOTS);
    double *y = take(s, 2 * MOST_DOTS);
    double *trend = take(s, 2 * MOST_DOTS);
    bool detrended = false;
    for (size_t i = 0; i < n; i++) {
        values[i] = (s->m->raw[i] / s->m->flux[i] - 1) * 1e6;
        detrended |= fabs(values[i]) > 1;
    }
    average(s, values, step, x, trend);
    for (size_t i = 0; i < n; i++)
        values[i] = (s->m->raw[i] - 1) * 1e6;
    size_t dots = average(s, values, step, x, y);
    name_curve(p, detrended ? "Light curve as stitched, with its trend" : "Light curve as stitched",
               step);
    struct qn_panel *f = set_frame(p, (struct box){86, 118, QN_SHEET_WIDTH - 116, 100}, NULL,
                                   s->m->time[0], s->m->time[n - 1]);
    double scatter = scatter_of(s, y, dots);
    f->y_low = -fmax(6 * scatter, 1.4 * s->depth);
    f->y_high = 6 * scatter;
    for (size_t i = 0; detrended && i < dots; i++) {
        f->y_low = fmin(f->y_low, trend[i]);
        f->y_high = fmax(f->y_high, trend[i]);
    }
    add(p, QN_SERIES_POINTS, x, y, dots, 0x6b7683, 1.6);
    if (detrended)
        add(p, QN_SERIES_POINTS, x, trend, dots, QN_SHEET_ORANGE, 2);
}

static void light_curve(struct qn_sheet *s, struct qn_sheet_panel *p)
{
    size_t n = s->m->n;
    size_t step = n / MOST_DOTS + 1;
    double *x = take(s, 2 * MOST_DOTS);
    double *y = take(s, 2 * MOST_DOTS);
    double *marks = take(s, MOST_DOTS);
    double last = s->m->time[n - 1];
    size_t count = 0;
    size_t dots = average(s, s->ppm, step, x, y);
    for (double t = s->t0; t <= last && count < MOST_DOTS; t += s->period)
        marks[count++] = t;
    name_curve(p, "Light curve as searched, transits marked", step);
    struct qn_panel *f = set_frame(p, (struct box){86, 264, QN_SHEET_WIDTH - 116, 120},
                                   time_label(s), s->m->time[0], last);
    double scatter = scatter_of(s, y, dots);
    f->y_low = -fmax(5 * scatter, 1.5 * s->depth);
    f->y_high = fmax(5 * scatter, 0.3 * s->depth);
    add(p, QN_SERIES_POINTS, x, y, dots, 0x6b7683, 1.6);
    add(p, QN_SERIES_ARROWS, marks, marks, count, QN_SHEET_ORANGE, 1);
}

/* ---- over period ---------------------------------------------------------------------------- */

static void mark_aliases(struct qn_sheet *s, struct qn_sheet_panel *p)
{
    static const struct {
        double factor;
        const char *name;
    } aliases[] = {{1.0 / 3, "P/3"}, {0.5, "P/2"}, {2, "2P"}, {3, "3P"}};
    double *at = take(s, 5);
    for (int k = 0; k < 4; k++) {
        at[k] = s->period * aliases[k].factor;
        note(p, at[k], 0, aliases[k].name, QN_SHEET_INK);
    }
    at[4] = s->period;
    note(p, at[4], 0, "P", QN_SHEET_ORANGE);
    add(p, QN_SERIES_MARKS, at, at, 4, QN_SHEET_POINTS, 1);
    add(p, QN_SERIES_MARKS, at + 4, at + 4, 1, QN_SHEET_ORANGE, 1.5);
}

static void periodogram(struct qn_sheet *s, struct qn_sheet_panel *p)
{
    const struct qn_search_result *r = s->m->search;
    double *x = take(s, MOST_SPECTRUM + 1);
    double *y = take(s, MOST_SPECTRUM + 1);
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
    snprintf(p->title, sizeof p->title, "%s",
             n > 0 ? "Periodogram, P and its aliases marked"
                   : "No periodogram: one transit tells no period");
    struct qn_panel *f =
        set_frame(p, (struct box){86, 464, 390, 190}, "Period (days)",
                  n > 0 ? x[0] : 0.3 * s->period, n > 1 ? x[n - 1] : 3.3 * s->period);
    f->y_label = "Signal-to-noise ratio";
    f->y_high = 1.15 * most;
    f->log_x = f->x_high > 3 * f->x_low;
    mark_aliases(s, p);
    add(p, QN_SERIES_LINE, x, y, n, QN_SHEET_BLUE, 1.2);
}

/* ---- over phase ----------------------------------------------------------------------------- */

enum turns { ALL_TURNS = -1, EVEN_TURNS, ODD_TURNS };

struct fold {
    double shift; /* of the panel's middle from transit, days */
    double reach; /* to either side of it, days */
    double zero;  /* x of the panel's middle, days */
    double scale; /* of x: 24 for hours */
    int bins;
    enum turns turns;
};

/* Point i from the middle of the fold in days; NaN for a turn of the other parity. */
static double place_of(const struct qn_sheet *s, const struct fold *fold, size_t i)
{
    double x = s->m->time[i] - s->t0 - fold->shift;
    double turn = floor(x / s->period + 0.5);
    if (fold->turns != ALL_TURNS && (fmod(turn, 2) != 0) != (fold->turns == ODD_TURNS))
        return NAN;
    return x - s->period * turn;
}

/* Means of the points in equal bins, with their errors by the scatter of points: y[i] in y, their
 * ends in ends[i] and ends[n + i]. Returns how many bins have points. */
static size_t bin_points(const struct qn_sheet *s, const struct fold *fold, double *x, double *y,
                         double *ends)
{
    double sum[PHASES] = {0};
    double count[PHASES] = {0};
    double error[PHASES];
    size_t n = 0;
    for (size_t i = 0; i < s->m->n; i++) {
        double bin = (place_of(s, fold, i) / fold->reach + 1) / 2 * fold->bins;
        if (!(bin >= 0 && bin < fold->bins))
            continue;
        sum[(size_t)bin] += s->ppm[i];
        count[(size_t)bin]++;
    }
    for (int k = 0; k < fold->bins; k++) {
        if (count[k] == 0)
            continue;
        double offset = (((double)k + 0.5) / fold->bins * 2 - 1) * fold->reach;
        x[n] = (offset + fold->zero) * fold->scale;
        y[n] = sum[k] / count[k];
        error[n++] = s->noise / sqrt(count[k]);
    }
    for (size_t i = 0; i < n; i++) {
        ends[i] = y[i] - error[i];
        ends[n + i] = y[i] + error[i];
    }
    return n;
}

static void add_bins(struct qn_sheet *s, struct qn_sheet_panel *p, const struct fold *fold,
                     enum qn_series_kind kind, uint32_t colour)
{
    size_t bins = (size_t)fold->bins;
    double *x = take(s, bins);
    double *y = take(s, bins);
    double *ends = take(s, 2 * bins);
    size_t n = bin_points(s, fold, x, y, ends);
    add(p, QN_SERIES_ERRORS, x, ends, n, colour, 1);
    add(p, kind, x, y, n, colour, 5);
}

static void add_points(struct qn_sheet *s, struct qn_sheet_panel *p, const struct fold *fold)
{
    double *x = take(s, s->m->n);
    for (size_t i = 0; i < s->m->n; i++)
        x[i] = (place_of(s, fold, i) + fold->zero) * fold->scale;
    add(p, QN_SERIES_POINTS, x, s->ppm, s->m->n, QN_SHEET_POINTS, 1.6);
}

/* A level of flux over the whole panel. */
static void add_level(struct qn_sheet *s, struct qn_sheet_panel *p, double level)
{
    double *line = take(s, 4);
    line[0] = p->frame.x_low;
    line[1] = p->frame.x_high;
    line[2] = line[3] = level;
    add(p, QN_SERIES_LINE, line, line + 2, 2, QN_SHEET_ORANGE, 1.4);
}

static double reach_of(const struct qn_sheet *s)
{
    return fmin(2 * s->duration, 0.5 * s->period);
}

/* Limits that show a dip of this depth and the errors of bins. */
static void set_limits(const struct qn_sheet *s, struct qn_panel *f, double depth, double bin_d)
{
    double in_bin = s->row->features.vetting.points_in * bin_d / s->duration;
    double error = s->noise / sqrt(fmax(in_bin, 1));
    f->y_low = -(1.35 * depth + 4 * error);
    f->y_high = 0.35 * depth + 4 * error;
}

static double trapezoid(const struct qn_vetting *v, double offset)
{
    double from = offset + 0.5 * v->trapezoid_duration;
    double rise = fmin(from / v->ingress, (v->trapezoid_duration - from) / v->egress);
    return -v->trapezoid_depth * fmax(0, fmin(1, rise)) * 1e6;
}

static void add_model(struct qn_sheet *s, struct qn_sheet_panel *p, double reach)
{
    const struct qn_vetting *v = &s->row->features.vetting;
    bool fitted = isfinite(v->trapezoid_depth);
    double *x = take(s, MODEL);
    double *y = take(s, MODEL);
    for (size_t i = 0; i < MODEL; i++) {
        double offset = ((double)i / (MODEL - 1) * 2 - 1) * reach;
        bool in = fabs(offset) < 0.5 * s->duration;
        x[i] = offset * 24;
        y[i] = fitted ? trapezoid(v, offset) : in ? -s->depth : 0;
    }
    add(p, QN_SERIES_LINE, x, y, MODEL, QN_SHEET_ORANGE, 1.8);
}

static void all_phases(struct qn_sheet *s, struct qn_sheet_panel *p)
{
    struct fold fold = {.shift = 0.25 * s->period,
                        .reach = 0.5 * s->period,
                        .zero = 0.25 * s->period,
                        .scale = 1 / s->period,
                        .bins = PHASES,
                        .turns = ALL_TURNS};
    double *marks = take(s, 2);
    double secondary = s->row->features.vetting.secondary_phase;
    snprintf(p->title, sizeof p->title, "All phases");
    struct qn_panel *f =
        set_frame(p, (struct box){552, 464, 330, 190}, "Phase (0: transit)", -0.25, 0.75);
    set_limits(s, f, s->depth, fmin(s->period / PHASES, s->duration));
    marks[0] = secondary < 0.75 ? secondary : secondary - 1;
    marks[1] = 0.5;
    note(p, 0, 0, "transit", QN_SHEET_INK);
    note(p, marks[0], 1, "dip", QN_SHEET_ORANGE);
    add_points(s, p, &fold);
    add(p, QN_SERIES_MARKS, marks, marks, 1, QN_SHEET_ORANGE, 1.2);
    add(p, QN_SERIES_MARKS, marks + 1, marks, 1, QN_SHEET_INK, 1);
    add_bins(s, p, &fold, QN_SERIES_POINTS, QN_SHEET_BLUE);
}

/* Per cent of the fold's points that lie above or below the frame. */
static double beyond(const struct qn_sheet *s, const struct qn_panel *f, const struct fold *fold)
{
    double all = 0;
    double out = 0;
    for (size_t i = 0; i < s->m->n; i++) {
        if (!(fabs(place_of(s, fold, i)) < fold->reach))
            continue;
        all++;
        out += s->ppm[i] < f->y_low || s->ppm[i] > f->y_high;
    }
    return all > 0 ? 100 * out / all : 0;
}

static void transit(struct qn_sheet *s, struct qn_sheet_panel *p)
{
    double reach = reach_of(s);
    struct fold fold = {.reach = reach, .scale = 24, .bins = BINS, .turns = ALL_TURNS};
    struct qn_panel *f = set_frame(p, (struct box){86, 732, 390, 220},
                                   "Time from mid-transit (hours)", -reach * 24, reach * 24);
    set_limits(s, f, s->depth, 2 * reach / BINS);
    double out = beyond(s, f, &fold);
    snprintf(p->title, sizeof p->title,
             out >= 0.5 ? "Transit, with trapezoid; %.0f %% of points beyond"
                        : "Transit, with trapezoid",
             out);
    add_points(s, p, &fold);
    add_model(s, p, reach);
    add_bins(s, p, &fold, QN_SERIES_POINTS, QN_SHEET_BLUE);
}

/* Two panels with one scale, each with its depth; discs and rings differ in print, too. */
static void parity(struct qn_sheet *s, struct qn_sheet_panel *p, bool odd)
{
    const struct qn_vetting *v = &s->row->features.vetting;
    double reach = fmin(1.3 * s->duration, 0.5 * s->period);
    double depth = (odd ? v->depth_odd : v->depth_even) * 1e6;
    struct fold fold = {
        .reach = reach, .scale = 24, .bins = BINS / 2, .turns = odd ? ODD_TURNS : EVEN_TURNS};
    if (isfinite(depth))
        snprintf(p->title, sizeof p->title, "%s: %.0f ppm", odd ? "Odd" : "Even", depth);
    else
        snprintf(p->title, sizeof p->title, "%s", odd ? "Odd" : "Even");
    struct qn_panel *f = set_frame(p, (struct box){odd ? 552 : 722, 732, 160, 220},
                                   "From mid-transit (hours)", -reach * 24, reach * 24);
    set_limits(s, f, s->depth, reach / BINS);
    f->plain_y = !odd;
    f->y_label = odd ? f->y_label : NULL;
    if (isfinite(depth))
        add_level(s, p, -depth);
    add_bins(s, p, &fold, odd ? QN_SERIES_POINTS : QN_SERIES_RINGS,
             odd ? QN_SHEET_BLUE : QN_SHEET_INK);
}

static void secondary(struct qn_sheet *s, struct qn_sheet_panel *p)
{
    const struct qn_vetting *v = &s->row->features.vetting;
    bool known = isfinite(v->secondary_phase);
    double phase = known ? v->secondary_phase : 0.5;
    double depth = known ? v->secondary_depth * 1e6 : 0;
    double reach = reach_of(s);
    struct fold fold = {.shift = phase * s->period,
                        .reach = reach,
                        .scale = 24,
                        .bins = BINS / 2,
                        .turns = ALL_TURNS};
    if (known)
        snprintf(p->title, sizeof p->title, "Strongest dip elsewhere: phase %.3f, %.1f sigma",
                 phase, v->secondary_sigma);
    else
        snprintf(p->title, sizeof p->title, "Half a period after transit");
    struct qn_panel *f = set_frame(p, (struct box){960, 732, 330, 220},
                                   "Time from its middle (hours)", -reach * 24, reach * 24);
    set_limits(s, f, fabs(depth), reach / BINS);
    add_points(s, p, &fold);
    add_level(s, p, -depth);
    add_bins(s, p, &fold, QN_SERIES_POINTS, QN_SHEET_BLUE);
}

void qn_sheet_fill(struct qn_sheet *s)
{
    s->noise = scatter_of(s, s->ppm, s->m->n);
    stitched(s, &s->panels[0]);
    light_curve(s, &s->panels[1]);
    periodogram(s, &s->panels[2]);
    all_phases(s, &s->panels[3]);
    transit(s, &s->panels[4]);
    parity(s, &s->panels[5], true);
    parity(s, &s->panels[6], false);
    secondary(s, &s->panels[7]);
}
