/* Draws the picture of a section: see section.h. Amplitudes are resampled to the pixels of the
 * plot here (nearest value), so that no filter of Cairo blends colours that no sample has. */
#include "render/section.h"

#include "base/fresh.h"
#include "base/sys.h"
#include "render/amplitude.h"
#include "render/axis.h"
#include "render/pen.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Where things stand, in pixels. Left of the plot there is room for labels of seven digits. */
enum {
    PLOT_X = 96,
    PLOT_Y = 88,
    PLOT_WIDTH = 1000,
    PLOT_HEIGHT = 650,
    PLOT_BOTTOM = PLOT_Y + PLOT_HEIGHT,
    BAR_X = PLOT_X + PLOT_WIDTH + 22,
    BAR_WIDTH = 16,
    BAR_Y = PLOT_Y + 60,
    BAR_HEIGHT = PLOT_HEIGHT - 120,
    TICK = 6,
    TITLE_SIZE = 18,
    LABEL_SIZE = 14,
    TICK_SIZE = 13,
    TRACE_TICKS = 11, /* a label of 12 digits fits between two */
    TIME_TICKS = 14,
    BAR_TICKS = 9
};

struct drawing {
    struct qn_pen pen;
    const struct qn_section *section;
    double clip;
    size_t missing; /* NaN values */
    size_t nonzero;
};

/* ---- amplitudes ----------------------------------------------------------------------------- */

static void tally(struct drawing *d)
{
    size_t count = d->section->traces * d->section->samples;
    for (size_t i = 0; i < count; i++) {
        d->missing += isnan(d->section->amplitudes[i]);
        d->nonzero += d->section->amplitudes[i] != 0;
    }
}

/* The colours of the steps -QN_COLOUR_STEPS to QN_COLOUR_STEPS. */
static void fill_palette(uint32_t palette[2 * QN_COLOUR_STEPS + 1])
{
    for (int i = 0; i <= 2 * QN_COLOUR_STEPS; i++)
        palette[i] = qn_colour_at(i - QN_COLOUR_STEPS);
}

/* The index, of `count`, that a pixel of `pixels` shows. */
static size_t nearest(size_t pixel, size_t pixels, size_t count)
{
    size_t index = (size_t)(((double)pixel + 0.5) * (double)count / (double)pixels);
    return index < count ? index : count - 1;
}

static void draw_amplitudes(struct drawing *d, uint32_t *pixels)
{
    const struct qn_section *s = d->section;
    uint32_t palette[2 * QN_COLOUR_STEPS + 1];
    fill_palette(palette);
    for (size_t x = 0; x < PLOT_WIDTH; x++) {
        const float *column = s->amplitudes + nearest(x, PLOT_WIDTH, s->traces) * s->samples;
        for (size_t y = 0; y < PLOT_HEIGHT; y++) {
            float value = column[nearest(y, PLOT_HEIGHT, s->samples)];
            pixels[y * PLOT_WIDTH + x] =
                isnan(value) ? QN_COLOUR_MISSING
                             : palette[qn_colour_step(value, d->clip) + QN_COLOUR_STEPS];
        }
    }
    qn_pen_image(&d->pen, pixels, PLOT_WIDTH, PLOT_HEIGHT, PLOT_X, PLOT_Y);
}

/* ---- axes ----------------------------------------------------------------------------------- */

static void draw_trace_axis(struct drawing *d)
{
    const struct qn_section *s = d->section;
    double first = (double)s->first_trace;
    double stride = (double)s->trace_stride;
    struct qn_ticks ticks =
        qn_ticks_within(first, first + (double)(s->traces - 1) * stride, TRACE_TICKS, 1);
    for (size_t i = 0; i < ticks.count; i++) {
        char label[32];
        double column = (qn_tick_value(&ticks, i) - first) / stride + 0.5;
        double x = floor(PLOT_X + column * PLOT_WIDTH / (double)s->traces) + 0.5;
        qn_tick_label(&ticks, i, label, sizeof label);
        qn_pen_line(&d->pen, x, PLOT_Y - 1, x, PLOT_Y - 1 - TICK);
        qn_pen_text(&d->pen, x, PLOT_Y - TICK - 6, QN_AT_MIDDLE, TICK_SIZE, 100, label);
    }
    qn_pen_text(&d->pen, PLOT_X + PLOT_WIDTH / 2.0, PLOT_Y - 34, QN_AT_MIDDLE, LABEL_SIZE,
                PLOT_WIDTH, s->trace_label ? s->trace_label : "Trace");
}

static void draw_time_axis(struct drawing *d)
{
    const struct qn_section *s = d->section;
    double last = s->first_time + (double)(s->samples - 1) * s->sample_interval;
    struct qn_ticks ticks = qn_ticks_within(s->first_time, last, TIME_TICKS, s->sample_interval);
    for (size_t i = 0; i < ticks.count; i++) {
        char label[32];
        double row = (qn_tick_value(&ticks, i) - s->first_time) / s->sample_interval + 0.5;
        double y = floor(PLOT_Y + row * PLOT_HEIGHT / (double)s->samples) + 0.5;
        qn_tick_label(&ticks, i, label, sizeof label);
        qn_pen_line(&d->pen, PLOT_X - 1, y, PLOT_X - 1 - TICK, y);
        qn_pen_text(&d->pen, PLOT_X - TICK - 5, y + TICK_SIZE * 0.36, QN_AT_END, TICK_SIZE, 62,
                    label);
    }
    qn_pen_text_up(&d->pen, 20, PLOT_Y + PLOT_HEIGHT / 2.0, LABEL_SIZE, PLOT_HEIGHT,
                   s->time_label ? s->time_label : "Two-way time (ms)");
}

/* ---- colour bar ----------------------------------------------------------------------------- */

/* A power of ten, a multiple of 3, by which labels are divided to stay short; 0 for amplitudes of
 * everyday size. */
static int label_power(double clip)
{
    if (clip >= 0.01 && clip < 1e5)
        return 0;
    return 3 * (int)floor(log10(clip) / 3);
}

static void draw_bar_image(struct drawing *d)
{
    uint32_t pixels[BAR_HEIGHT * BAR_WIDTH];
    for (int y = 0; y < BAR_HEIGHT; y++) {
        double part = 1 - (y + 0.5) * 2 / BAR_HEIGHT; /* the highest value is on top */
        uint32_t colour = qn_colour_at(qn_colour_step(part, 1));
        for (int x = 0; x < BAR_WIDTH; x++)
            pixels[y * BAR_WIDTH + x] = colour;
    }
    qn_pen_image(&d->pen, pixels, BAR_WIDTH, BAR_HEIGHT, BAR_X, BAR_Y);
    qn_pen_frame(&d->pen, BAR_X, BAR_Y, BAR_WIDTH, BAR_HEIGHT);
}

static void draw_bar(struct drawing *d)
{
    int power = label_power(d->clip);
    double most = d->clip / pow(10, power);
    struct qn_ticks ticks = qn_ticks_within(-most, most, BAR_TICKS, 0);
    draw_bar_image(d);
    for (size_t i = 0; i < ticks.count; i++) {
        char label[32];
        double part = (1 - qn_tick_value(&ticks, i) / most) / 2;
        double y = floor(BAR_Y + part * BAR_HEIGHT) + 0.5;
        qn_tick_label(&ticks, i, label, sizeof label);
        qn_pen_line(&d->pen, BAR_X + BAR_WIDTH + 1, y, BAR_X + BAR_WIDTH + TICK, y);
        qn_pen_text(&d->pen, BAR_X + BAR_WIDTH + TICK + 4, y + TICK_SIZE * 0.36, QN_AT_START,
                    TICK_SIZE, 54, label);
    }
    qn_pen_text(&d->pen, BAR_X - 4, BAR_Y - 30, QN_AT_START, LABEL_SIZE, 84, "Amplitude");
    if (power != 0) {
        char factor[24];
        snprintf(factor, sizeof factor, "\u00d7 1e%d", power);
        qn_pen_text(&d->pen, BAR_X - 4, BAR_Y - 12, QN_AT_START, TICK_SIZE, 84, factor);
    }
}

/* ---- caption -------------------------------------------------------------------------------- */

static void caption_values(const struct drawing *d, char *text, size_t size)
{
    size_t count = d->section->traces * d->section->samples;
    char missing[80] = "";
    if (d->missing == count) {
        snprintf(text, size, "Nothing to draw: every value is missing (grey).");
        return;
    }
    if (d->missing > 0)
        snprintf(missing, sizeof missing, " Grey: %.3g %% of the values are missing.",
                 100 * (double)d->missing / (double)count);
    if (d->nonzero == d->missing) /* NaN differs from zero too */
        snprintf(text, size, "All amplitudes are zero.%s", missing);
    else
        snprintf(text, size,
                 "Colours end at \u00b1%.4g: at least %d %% of the amplitudes drawn lie within.%s",
                 d->clip, QN_CLIP_PERCENT, missing);
}

/* "every trace" or "1 trace in 12", in text[64]. */
static const char *share(uint64_t stride, const char *what, char text[64])
{
    if (stride == 1)
        snprintf(text, 64, "every %s", what);
    else
        snprintf(text, 64, "1 %s in %llu", what, (unsigned long long)stride);
    return text;
}

static void caption_sampling(const struct qn_section *s, char *text, size_t size)
{
    char traces[64];
    char samples[64];
    bool crowded = s->traces > PLOT_WIDTH || s->samples > PLOT_HEIGHT;
    snprintf(text, size, "Drawn: %s (%zu) and %s (%zu).%s", share(s->trace_stride, "trace", traces),
             s->traces, share(s->sample_stride, "sample", samples), s->samples,
             crowded ? " A pixel shows the nearest of several values." : "");
}

static void draw_captions(struct drawing *d)
{
    char text[256];
    caption_values(d, text, sizeof text);
    qn_pen_text(&d->pen, PLOT_X, PLOT_BOTTOM + 24, QN_AT_START, TICK_SIZE, PLOT_WIDTH + 96, text);
    caption_sampling(d->section, text, sizeof text);
    qn_pen_text(&d->pen, PLOT_X, PLOT_BOTTOM + 44, QN_AT_START, TICK_SIZE, PLOT_WIDTH + 96, text);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void draw_all(struct drawing *d, uint32_t *pixels)
{
    qn_pen_begin(&d->pen, QN_SECTION_WIDTH, QN_SECTION_HEIGHT);
    draw_amplitudes(d, pixels);
    qn_pen_frame(&d->pen, PLOT_X, PLOT_Y, PLOT_WIDTH, PLOT_HEIGHT);
    draw_trace_axis(d);
    draw_time_axis(d);
    draw_bar(d);
    draw_captions(d);
    if (d->section->title)
        qn_pen_text(&d->pen, PLOT_X, 30, QN_AT_START, TITLE_SIZE, PLOT_WIDTH + 90,
                    d->section->title);
}

static enum qn_status check_section(const struct qn_section *s, struct qn_error *err)
{
    if (!s->amplitudes || s->traces == 0 || s->samples == 0 ||
        s->traces > SIZE_MAX / sizeof(float) / s->samples)
        return qn_fail(err, QN_ERR_USAGE,
                       "a section of %zu traces x %zu samples cannot be drawn: give at least one "
                       "of each.",
                       s->traces, s->samples);
    if (!(s->sample_interval > 0) || !isfinite(s->sample_interval) || !isfinite(s->first_time))
        return qn_fail(err, QN_ERR_USAGE,
                       "a section with its first sample at %g and an interval of %g cannot be "
                       "drawn: both must be finite, and the interval above zero.",
                       s->first_time, s->sample_interval);
    if (s->trace_stride == 0 || s->sample_stride == 0)
        return qn_fail(err, QN_ERR_USAGE,
                       "a section of every 0th trace or sample cannot be drawn: a stride of 1 "
                       "means that all are there.");
    return QN_OK;
}

enum qn_status qn_section_png(const struct qn_section *section, struct qn_buf *png,
                              struct qn_error *err)
{
    enum qn_status status = check_section(section, err);
    if (status)
        return status;
    uint32_t *pixels = qn_sys.malloc((size_t)PLOT_WIDTH * PLOT_HEIGHT * sizeof *pixels);
    if (!pixels)
        return qn_fail_memory(err, "the picture", (uint64_t)PLOT_WIDTH * PLOT_HEIGHT * 4);
    struct drawing d = {
        .section = section,
        .clip = qn_amplitude_clip(section->amplitudes, section->traces * section->samples)};
    tally(&d);
    draw_all(&d, pixels);
    status = qn_pen_end(&d.pen, png, err);
    free(pixels);
    return status;
}

enum qn_status qn_section_draw(const struct qn_section *section, const char *png_path,
                               struct qn_error *err)
{
    struct qn_buf png = {0};
    enum qn_status status = qn_section_png(section, &png, err);
    if (!status)
        status = qn_fresh_put(png_path, png.data, png.len, err);
    qn_buf_release(&png);
    return status;
}
