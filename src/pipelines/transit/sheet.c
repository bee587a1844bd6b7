/* Composing a vetting sheet: what its texts say, and the page. See sheet.h. */
#include "pipelines/transit/sheet.h"

#include "pipelines/transit/sheet_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define EARTHS_IN_SUN 109.076 /* nominal radii, IAU 2015 resolution B3 */
#define SINE_SIGMA    15      /* thresholds of LEO-vetter */
#define ODD_SIGMA     3
#define OTHER_PERIOD  0.01

enum { ROWS = 15, TEXT = 72 };
enum { TABLE_X = 925, MEASURED_X = 1025, LISTED_X = 1208, TABLE_Y = 470, ROW_STEP = 16 };

/* ---- the table of numbers ------------------------------------------------------------------- */

struct line {
    const char *name;
    char measured[TEXT];
    char listed[TEXT]; /* in the table of candidates */
};

struct lines {
    struct line at[ROWS];
    size_t count;
};

static struct line *next(struct lines *lines, const char *name)
{
    struct line *line = &lines->at[lines->count++];
    *line = (struct line){.name = name};
    return line;
}

/* A number, its error when there is one, and a unit; a dash for what is not known. */
static void put(char text[TEXT], int digits, double value, double error, const char *unit)
{
    if (!isfinite(value))
        snprintf(text, TEXT, "-");
    else if (isfinite(error) && error > 0)
        snprintf(text, TEXT, "%.*f ± %.2g %s", digits, value, error, unit);
    else
        snprintf(text, TEXT, "%.*f %s", digits, value, unit);
}

static void tell_box(struct lines *lines, const struct qn_sheet *s)
{
    const struct qn_features *f = &s->row->features;
    const struct qn_vetting *v = &f->vetting;
    struct line *line = next(lines, "Period");
    put(line->measured, 6, f->bls_period, f->fixed_period > 0 ? NAN : v->period_err, "d");
    put(line->listed, 6, f->input_period, NAN, "d");
    line = next(lines, "Mid-transit");
    put(line->measured, 5, f->bls_t0, v->t0_err, "d");
    put(line->listed, 5, f->input_epoch, NAN, "d");
    line = next(lines, "Duration");
    put(line->measured, 2, f->bls_duration * 24, v->duration_err * 24, "h");
    put(line->listed, 2, f->input_duration * 24, NAN, "h");
    line = next(lines, "Depth");
    put(line->measured, 0, f->bls_depth * 1e6, v->depth_err * 1e6, "ppm");
    put(line->listed, 0, f->input_depth * 1e6, NAN, "ppm");
    line = next(lines, "Transits");
    snprintf(line->measured, TEXT, "%.0f of %.0f with data", v->events, v->expected);
    line = next(lines, "Signal to noise");
    snprintf(line->measured, TEXT, "%.1f; with red noise (MES) %.1f", f->bls_snr, v->mes);
}

static void put_dip(char text[TEXT], double depth, double sigma, const char *more)
{
    if (isfinite(sigma))
        snprintf(text, TEXT, "%.0f ppm, %.1f sigma%s", depth * 1e6, sigma, more);
    else
        snprintf(text, TEXT, "-");
}

static void tell_vetting(struct lines *lines, const struct qn_sheet *s)
{
    const struct qn_vetting *v = &s->row->features.vetting;
    char noise[TEXT];
    struct line *line = next(lines, "Odd - even");
    put_dip(line->measured, v->odd_even_diff, v->odd_even_sigma, "");
    snprintf(noise, sizeof noise, " (by chance %.1f)", v->false_alarm_2);
    line = next(lines, "Dip elsewhere");
    put_dip(line->measured, v->secondary_depth, v->secondary_sigma, noise);
    line = next(lines, "At phase 0.5");
    put_dip(line->measured, v->half_depth, v->half_sigma, "");
    line = next(lines, "Shape");
    put(line->measured, 2, v->v_shape, NAN, "(0: box, 1: V)");
    line = next(lines, "Asymmetry");
    put(line->measured, 1, v->symmetry, NAN, "sigma, second half less first");
    line = next(lines, "Noise");
    snprintf(line->measured, TEXT, "%.0f ppm a point; %.0f ppm red", v->white_noise * 1e6,
             v->red_noise * 1e6);
}

static void tell_star(struct lines *lines, const struct qn_sheet *s)
{
    const struct qn_features *f = &s->row->features;
    char parts[3][TEXT];
    struct line *line = next(lines, "Star");
    put(parts[0], 0, f->teff, NAN, "K");
    put(parts[1], 2, f->logg, NAN, "(log g)");
    put(parts[2], 2, f->radius, NAN, "R Sun");
    snprintf(line->measured, TEXT, "%.20s, %.20s, %.20s", parts[0], parts[1], parts[2]);
    line = next(lines, "Radius");
    put(line->measured, 1, sqrt(f->bls_depth) * f->radius * EARTHS_IN_SUN, NAN,
        "R Earth, undiluted");
    line = next(lines, "Data");
    snprintf(line->measured, TEXT, "%.20s, %.0f of %.0f points, %.0f files", s->row->product,
             f->points, f->rows_read, f->file_count);
}

/* ---- what to look at ------------------------------------------------------------------------ */

/* Doubts that the numbers raise, in a sentence each; returns the length of the text. */
static void tell_doubts(const struct qn_sheet *s, char *text, size_t size)
{
    const struct qn_features *f = &s->row->features;
    const struct qn_vetting *v = &f->vetting;
    const struct {
        bool holds;
        const char *says;
    } doubts[] = {
        {f->fixed_period > 0, "The data do not tell the period: the listed one was kept."},
        {f->anchored > 0, "Another signal near this period is stronger."},
        {fabs(f->bls_period / f->input_period - 1) > OTHER_PERIOD,
         "The strongest period is not the listed one."},
        {f->epoch_offset > 1, "Transits are not at the listed epoch."},
        {v->odd_even_sigma >= ODD_SIGMA, "Odd and even transits differ."},
        {v->secondary_sigma > fmax(v->false_alarm_2, v->positive_sigma + 3),
         "There is a dip elsewhere."},
        {fmax(v->sweet_half, fmax(v->sweet_period, v->sweet_double)) > SINE_SIGMA,
         "The flux outside transits goes with the period."},
        {f->masked_events > 0, "Lone deep events were masked in the search."},
    };
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < sizeof doubts / sizeof *doubts && used < size; i++)
        if (doubts[i].holds)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used > 0 ? " " : "",
                                     doubts[i].says);
}

/* The first files by name, and how many more. */
static void tell_files(const struct qn_sheet *s, char text[220])
{
    const char *files = s->row->files;
    int shown = (int)strcspn(files, ";");
    double more = s->row->features.file_count - 1;
    if (more > 0)
        snprintf(text, 220, "%.*s and %.0f more", shown < 150 ? shown : 150, files, more);
    else
        snprintf(text, 220, "%.*s", shown < 200 ? shown : 200, files);
}

static void tell_names(const struct qn_sheet *s, char title[160], char below[220])
{
    const struct qn_candidate *c = s->candidate;
    char star[QN_TARGET_NAME];
    qn_target_text(&c->target, star);
    snprintf(title, 160, "%s%s%s", star, c->name[0] ? ", candidate " : "", c->name);
    snprintf(below, 220, "Row %llu%s%s%s%s%s", (unsigned long long)c->row,
             isfinite(c->period) ? " of the table" : "", c->label[0] ? ", labelled " : "", c->label,
             c->source[0] ? ", from " : "", c->source);
}

/* ---- the page ------------------------------------------------------------------------------- */

struct page {
    struct qn_note notes[3 * ROWS + 4 + QN_SHEET_PANELS * QN_SHEET_NOTES];
    size_t note_count;
    struct lines lines;
    char title[160];
    char below[220];
    char doubts[420];
    char files[220];
};

static void write_at(struct page *page, double x, double y, const char *text,
                     enum qn_note_style style, uint32_t colour)
{
    if (text[0])
        page->notes[page->note_count++] = (struct qn_note){x, y, text, style, colour};
}

static void write_table(struct page *page, bool listed)
{
    double y = TABLE_Y;
    write_at(page, MEASURED_X, TABLE_Y - 19, "measured", QN_NOTE_BOLD, QN_SHEET_INK);
    if (listed)
        write_at(page, LISTED_X, TABLE_Y - 19, "listed", QN_NOTE_BOLD, QN_SHEET_INK);
    for (size_t i = 0; i < page->lines.count; i++, y += ROW_STEP) {
        const struct line *line = &page->lines.at[i];
        write_at(page, TABLE_X, y, line->name, QN_NOTE_LEFT, 0x5a5a5a);
        write_at(page, MEASURED_X, y, line->measured, QN_NOTE_LEFT, QN_SHEET_INK);
        write_at(page, LISTED_X, y, listed ? line->listed : "", QN_NOTE_LEFT, QN_SHEET_INK);
    }
}

static void write_texts(struct page *page, const struct qn_sheet *s)
{
    tell_names(s, page->title, page->below);
    tell_doubts(s, page->doubts, sizeof page->doubts);
    tell_files(s, page->files);
    tell_box(&page->lines, s);
    tell_vetting(&page->lines, s);
    tell_star(&page->lines, s);
    write_table(page, isfinite(s->candidate->period));
    write_at(page, 24, 76, page->doubts[0] ? page->doubts : "No test raises a doubt.",
             page->doubts[0] ? QN_NOTE_BOLD : QN_NOTE_LEFT,
             page->doubts[0] ? QN_SHEET_ORANGE : QN_SHEET_INK);
    write_at(page, 24, QN_SHEET_HEIGHT - 8, page->files, QN_NOTE_LEFT, 0x5a5a5a);
}

static enum qn_status draw(const struct qn_sheet *s, struct qn_buf *png, struct qn_error *err)
{
    struct page page = {0};
    struct qn_panel frames[QN_SHEET_PANELS];
    const char *below = page.below;
    write_texts(&page, s);
    for (int k = 0; k < QN_SHEET_PANELS; k++) {
        const struct qn_sheet_panel *p = &s->panels[k];
        frames[k] = p->frame;
        frames[k].series = p->series;
        memcpy(page.notes + page.note_count, p->notes, p->note_count * sizeof *p->notes);
        page.note_count += p->note_count;
    }
    struct qn_page all = {.width = QN_SHEET_WIDTH,
                          .height = QN_SHEET_HEIGHT,
                          .title = page.title,
                          .lines = &below,
                          .line_count = 1,
                          .notes = page.notes,
                          .note_count = page.note_count,
                          .panels = frames,
                          .panel_count = QN_SHEET_PANELS};
    return qn_page_png(&all, png, err);
}

enum qn_status qn_sheet_png(const struct qn_candidate *candidate, const struct qn_row *row,
                            const struct qn_measured *measured, struct qn_buf *png,
                            struct qn_error *err)
{
    struct qn_buf memory = {0};
    size_t n = measured->n;
    size_t doubles = n + qn_sheet_room(n);
    double *room = (double *)(void *)qn_buf_reserve(&memory, doubles * sizeof(double));
    if (!room)
        return qn_fail_memory(err, "a vetting sheet", doubles * sizeof(double));
    struct qn_sheet s = {.candidate = candidate,
                         .row = row,
                         .m = measured,
                         .room = room + n,
                         .left = doubles - n,
                         .period = row->features.bls_period,
                         .t0 = row->features.bls_t0,
                         .duration = row->features.bls_duration,
                         .depth = row->features.bls_depth * 1e6,
                         .ppm = room};
    for (size_t i = 0; i < n; i++)
        s.ppm[i] = (measured->flux[i] - 1) * 1e6;
    qn_sheet_fill(&s);
    enum qn_status status = draw(&s, png, err);
    qn_buf_release(&memory);
    return status;
}
