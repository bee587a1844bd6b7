/* Pictures of all sweeps of a map: see report_maps.h. */
#include "pipelines/lunar/report_maps.h"

#include "base/calendar.h"
#include "base/sys.h"
#include "compute/kappa.h"
#include "render/globe.h"
#include "render/plot.h"
#include "render/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DAY_S 86400.0
enum {
    REGIONS = QN_ENVIRONMENTS - 1,
    BINS = 40,
    TITLE = 160,
    MOST_DOTS = 40000, /* of a track: more hide each other, and are counted */
    COUNTED_DEG = 3    /* in cells as wide as that */
};

/* ---- which sweeps --------------------------------------------------------------------------- */

static bool has_potential(const struct qn_lunar_spectra *s, size_t i, enum qn_report_part part)
{
    bool sunlit = s->values[QN_SPECTRA_FOOT_IN_SUN][i] > 0;
    return isfinite(s->values[QN_SPECTRA_SURFACE_V][i]) && sunlit == (part == QN_REPORT_SUNLIT);
}

static bool is_told(const struct qn_lunar_spectra *s, size_t i)
{
    return s->values[QN_SPECTRA_IDENTIFIABLE][i] > 0 || !s->marked;
}

bool qn_report_shows(const struct qn_lunar_spectra *s, size_t i, enum qn_report_part part)
{
    return has_potential(s, i, part) && is_told(s, i);
}

/* ---- maps ----------------------------------------------------------------------------------- */

/* Volts: the same colours in every map, so that months can be compared. Surfaces charge to 20 V at
 * most, and rarely beyond -1000 V. */
static const struct qn_globe_scale volts = {.low = -1000, .high = 20, .knee = 5};

/* A sweep lasts 4 degrees of its orbit: finer cells show nothing more. */
static double cell_size(size_t points)
{
    return points < 300 ? 10 : points < 4000 ? 5 : points < 50000 ? 3 : 2;
}

/* From the first day to the last: "1998-04-05 to 1998-05-02". */
static void period(const struct qn_lunar_spectra *s, char text[48])
{
    double first = INFINITY;
    double last = -INFINITY;
    for (size_t i = 0; i < s->count; i++) {
        first = fmin(first, s->values[QN_SPECTRA_DAY][i]);
        last = fmax(last, s->values[QN_SPECTRA_DAY][i]);
    }
    text[0] = '\0';
    if (!(first > INT32_MIN && first <= last && last < INT32_MAX))
        return;
    struct qn_civil from = qn_civil_from_days((int32_t)first);
    struct qn_civil to = qn_civil_from_days((int32_t)last);
    int len = snprintf(text, 48, "%04d-%02u-%02u", from.year, from.month, from.day);
    if (last > first)
        snprintf(text + len, 48 - (size_t)len, " to %04d-%02u-%02u", to.year, to.month, to.day);
}

enum qn_status qn_report_map(const struct qn_lunar_spectra *s, enum qn_report_part part,
                             struct qn_buf *png, struct qn_error *err)
{
    char title[TITLE];
    char caption[TITLE];
    char days[48];
    char counts[2][QN_UNITS_TEXT];
    size_t left_out = 0;
    size_t n = 0;
    struct qn_globe_point *points = qn_sys.malloc((s->count + 1) * sizeof *points);
    if (!points)
        return qn_fail_memory(err, "the map", s->count * sizeof *points);
    for (size_t i = 0; i < s->count; i++) {
        if (qn_report_shows(s, i, part))
            points[n++] = (struct qn_globe_point){s->values[QN_SPECTRA_FOOT_LAT][i],
                                                  s->values[QN_SPECTRA_FOOT_LON][i],
                                                  s->values[QN_SPECTRA_SURFACE_V][i]};
        else
            left_out += has_potential(s, i, part);
    }
    double cell_deg = cell_size(n);
    period(s, days);
    snprintf(title, sizeof title, "Potential of the %s surface, %s",
             part == QN_REPORT_DARK ? "dark" : "sunlit", days);
    snprintf(caption, sizeof caption,
             "Medians of %s sweeps by the foot of their field line, cells of %g\u00b0; %s sweeps "
             "that do not tell their potential are left out.",
             qn_units_count(n, counts[0]), cell_deg, qn_units_count(left_out, counts[1]));
    struct qn_globe globe = {.style = QN_GLOBE_CELLS,
                             .points = points,
                             .count = n,
                             .cell_deg = cell_deg,
                             .scale = volts,
                             .title = title,
                             .value_label = "Surface potential against the plasma (V)",
                             .caption = caption};
    enum qn_status status = qn_globe_png(&globe, png, err);
    free(points);
    return status;
}

enum qn_status qn_report_track(const struct qn_lunar_spectra *s, struct qn_buf *png,
                               struct qn_error *err)
{
    char title[TITLE];
    char days[48];
    double first = INFINITY;
    struct qn_globe_point *points = qn_sys.malloc((s->count + 1) * sizeof *points);
    if (!points)
        return qn_fail_memory(err, "the track", s->count * sizeof *points);
    for (size_t i = 0; i < s->count; i++)
        first = fmin(first, s->values[QN_SPECTRA_TIME][i]);
    for (size_t i = 0; i < s->count; i++)
        points[i] =
            (struct qn_globe_point){s->values[QN_SPECTRA_LAT][i], s->values[QN_SPECTRA_LON][i],
                                    (s->values[QN_SPECTRA_TIME][i] - first) / DAY_S};
    period(s, days);
    snprintf(title, sizeof title, "Track of the spacecraft, %s", days);
    struct qn_globe globe = {.style = QN_GLOBE_DOTS,
                             .points = points,
                             .count = s->count,
                             .cell_deg = COUNTED_DEG,
                             .title = title,
                             .value_label = "Days since the first sweep",
                             .caption = "A dot for each sweep; later ones lie over earlier ones."};
    if (s->count > MOST_DOTS) {
        globe.style = QN_GLOBE_COUNTS;
        globe.value_label = "Sweeps in a cell";
        globe.caption = "Sweeps while the spacecraft was above a cell of 3\u00b0.";
    }
    enum qn_status status = qn_globe_png(&globe, png, err);
    free(points);
    return status;
}

/* ---- regions of plasma ---------------------------------------------------------------------- */

struct region {
    char title[TITLE];
    double left[BINS];
    double count[BINS];
    double median;
    struct qn_series series[2]; /* bars, median */
};

static const char *const region_titles[QN_ENVIRONMENTS] = {
    [QN_ENVIRONMENT_SOLAR_WIND] = "Solar wind (electrons below 30 eV)",
    [QN_ENVIRONMENT_MAGNETOSHEATH] = "Magnetosheath (30 to 80 eV)",
    [QN_ENVIRONMENT_TAIL_LOBES] = "Tail lobes (80 to 150 eV)",
    [QN_ENVIRONMENT_PLASMA_SHEET] = "Plasma sheet (150 eV and above)",
    [QN_ENVIRONMENT_WAKE] = "Foot in the dark (wake and night)",
};

static bool is_in_region(const struct qn_lunar_spectra *s, size_t i, int region)
{
    bool sunlit = s->values[QN_SPECTRA_FOOT_IN_SUN][i] > 0;
    return isfinite(s->values[QN_SPECTRA_SURFACE_V][i]) &&
           (int)qn_environment_of(s->values[QN_SPECTRA_TEMPERATURE][i], sunlit) == region;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Bins from the 1st to the 99th percentile of the region's potentials; false when it has none. */
static bool fill_region(const struct qn_lunar_spectra *s, int which, double *values,
                        struct region *region, struct qn_panel *panel)
{
    char text[QN_UNITS_TEXT];
    size_t n = 0;
    double most = 1;
    for (size_t i = 0; i < s->count; i++)
        if (is_in_region(s, i, which) && is_told(s, i))
            values[n++] = s->values[QN_SPECTRA_SURFACE_V][i];
    if (n == 0)
        return false;
    qsort(values, n, sizeof *values, by_value);
    double low = values[n / 100];
    double high = values[n - 1 - n / 100];
    double step = fmax(high - low, 1) / BINS;
    for (int bin = 0; bin < BINS; bin++)
        region->left[bin] = low + bin * step;
    for (size_t i = 0; i < n; i++) {
        double place = (values[i] - low) / step;
        if (place >= 0 && place <= BINS)
            region->count[(int)fmin(place, BINS - 1)]++;
    }
    for (int bin = 0; bin < BINS; bin++)
        most = fmax(most, region->count[bin]);
    region->median = (values[(n - 1) / 2] + values[n / 2]) / 2;
    snprintf(region->title, sizeof region->title, "%s: %s sweeps, median %.3g V",
             region_titles[which], qn_units_count(n, text), region->median);
    region->series[0] =
        (struct qn_series){QN_SERIES_BARS, region->left, region->count, BINS, 0x2f6db5, step};
    region->series[1] =
        (struct qn_series){QN_SERIES_MARKS, &region->median, NULL, 1, 0xc8501e, 1.4};
    panel->title = region->title;
    panel->x_label = "Surface potential (V)";
    panel->y_label = "Sweeps";
    panel->x_low = low - step;
    panel->x_high = low + (BINS + 1) * step;
    panel->y_high = 1.1 * most;
    panel->series = region->series;
    panel->series_count = 2;
    return true;
}

enum qn_status qn_report_regions(const struct qn_lunar_spectra *s, struct qn_buf *png,
                                 struct qn_error *err)
{
    struct qn_panel panels[REGIONS];
    struct region *regions = qn_sys.calloc(REGIONS, sizeof *regions);
    double *values = qn_sys.malloc((s->count + 1) * sizeof *values);
    size_t count = 0;
    if (!regions || !values) {
        free(regions);
        free(values);
        return qn_fail_memory(err, "histograms", s->count * sizeof *values);
    }
    for (int k = 1; k < QN_ENVIRONMENTS; k++) {
        int column = (int)count % 2;
        int line = (int)count / 2;
        panels[count] = (struct qn_panel){
            .left = 84 + 590 * column, .top = 104 + 270 * line, .width = 490, .height = 180};
        count += fill_region(s, k, values, &regions[count], &panels[count]);
    }
    static const char *const lines[] = {
        "From the 1st to the 99th percentile of each region's potentials, in 40 bins. Dashed: the "
        "median."};
    struct qn_page page = {.width = 1200,
                           .height = 90 + 270 * (int)((count + 1) / 2),
                           .title = "Potential of the surface by region of plasma",
                           .lines = lines,
                           .line_count = 1,
                           .panels = panels,
                           .panel_count = count};
    enum qn_status status = qn_page_png(&page, png, err);
    free(regions);
    free(values);
    return status;
}
