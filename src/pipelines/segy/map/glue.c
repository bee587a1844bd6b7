/* Glue of the map: see glue.h.
 *
 * A survey whose inlines and crosslines lie on a plane grid, and which is imported into one, is
 * drawn bin by bin, turned as it lies. All others are drawn as square bins of the map. */
#include "pipelines/segy/map/glue.h"

#include "base/json_memory.h"
#include "base/sys.h"
#include "pipelines/segy/dataset/table.h"
#include "pipelines/segy/map/fold.h"
#include "pipelines/segy/map/picture.h"
#include "pipelines/segy/map/tally.h"
#include "render/axis.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mapping {
    struct qn_glue *glue;
    const struct qn_import *import;
    struct qn_map_tally tally;
    bool fitted;
    struct qn_geometry geometry;
    struct qn_map_picture picture;
    double half[2]; /* of a bin, in line numbers: where lines are drawn beyond its middle */
};

static const char *unit_name(const struct qn_import *import)
{
    static const char *const names[] = {[QN_LENGTH_UNKNOWN] = "",
                                        [QN_LENGTH_METRES] = " m",
                                        [QN_LENGTH_FEET] = " ft",
                                        [QN_LENGTH_DEGREES] = " degrees"};
    return names[import->places.unit];
}

/* ---- what segments know --------------------------------------------------------------------- */

static enum qn_status join_segments(struct mapping *m, struct qn_error *err)
{
    enum qn_status status =
        qn_map_tally_init(&m->tally, m->import->places.finest, QN_MAP_BINS_SURVEY, 0, err);
    for (uint64_t i = 0; i < qn_glue_count(m->glue) && !status; i++) {
        struct qn_result_view view;
        bool done;
        status = qn_result_of_task(m->glue, i, &view, &done, err);
        if (!status && done && !qn_map_tally_merge(&m->tally, &view.map))
            status = qn_fail(err, QN_ERR_CORRUPT,
                             "the positions in the result of task %" PRIu64 " are damaged.", i);
    }
    if (!status)
        qn_map_tally_finish(&m->tally);
    return status;
}

/* ---- geometry ------------------------------------------------------------------------------- */

/* The mean step between line numbers, where a grid knows it; else 1. */
static double step_of(const struct qn_import *import, const char *column)
{
    const struct qn_grid *grid = &import->gridded;
    for (uint32_t d = 0; d < grid->keys; d++)
        if (!strcmp(grid->axes[d].column, column) && grid->axes[d].step > 0)
            return (double)grid->axes[d].step;
    return 1;
}

static void set_box(json_t *fact, const struct qn_moments *moments)
{
    json_object_set_new(fact, "x_min", json_real(moments->least[QN_MOMENT_X]));
    json_object_set_new(fact, "x_max", json_real(moments->most[QN_MOMENT_X]));
    json_object_set_new(fact, "y_min", json_real(moments->least[QN_MOMENT_Y]));
    json_object_set_new(fact, "y_max", json_real(moments->most[QN_MOMENT_Y]));
}

/* Along an inline the crossline number changes, and the other way round. */
static void set_plane(json_t *fact, const struct mapping *m)
{
    const double *a = m->geometry.per_inline;
    const double *b = m->geometry.per_crossline;
    double inlines = hypot(a[0], a[1]) * step_of(m->import, "inline");
    double crosslines = hypot(b[0], b[1]) * step_of(m->import, "crossline");
    json_object_set_new(fact, "inline_azimuth_degrees", json_real(qn_azimuth(b[0], b[1])));
    json_object_set_new(fact, "crossline_azimuth_degrees", json_real(qn_azimuth(a[0], a[1])));
    json_object_set_new(fact, "distance_of_inlines", json_real(inlines));
    json_object_set_new(fact, "distance_of_crosslines", json_real(crosslines));
}

static void set_line(json_t *fact, const struct mapping *m)
{
    const double *a = m->geometry.per_inline;
    const double *b = m->geometry.per_crossline;
    double x = a[0] + b[0]; /* one of them is 0 */
    double y = a[1] + b[1];
    json_object_set_new(fact, "line_azimuth_degrees", json_real(qn_azimuth(x, y)));
    json_object_set_new(fact, "distance_per_number", json_real(hypot(x, y)));
}

static json_t *corners_json(const struct mapping *m)
{
    const struct qn_moments *moments = &m->tally.moments;
    json_t *list = json_array();
    for (int k = 0; k < 4; k++) {
        double i = (k == 1 || k == 2 ? moments->most : moments->least)[QN_MOMENT_I];
        double j = (k >= 2 ? moments->most : moments->least)[QN_MOMENT_J];
        double x;
        double y;
        qn_geometry_position(&m->geometry, i, j, &x, &y);
        json_array_append_new(
            list, json_pack("{s:f, s:f, s:f, s:f}", "inline", i, "crossline", j, "x", x, "y", y));
    }
    return list;
}

static enum qn_status state(struct qn_glue *glue, const char *name, json_t *value,
                            struct qn_error *err)
{
    char *text = value ? qn_json_dump(value, JSON_REAL_PRECISION(17)) : NULL;
    json_decref(value);
    if (!text)
        return qn_fail_memory(err, "a fact", 1);
    enum qn_status status = qn_glue_fact(glue, name, text, err);
    free(text);
    return status;
}

static enum qn_status state_geometry(struct mapping *m, struct qn_error *err)
{
    const char *unit = unit_name(m->import);
    json_t *fact = json_object();
    json_object_set_new(fact, "positions", json_string(m->import->places.source_text));
    json_object_set_new(fact, "unit", *unit ? json_string(unit + 1) : json_null());
    json_object_set_new(fact, "traces_with_a_position", json_integer((json_int_t)m->tally.placed));
    json_object_set_new(fact, "traces_without_one", json_integer((json_int_t)m->tally.unplaced));
    set_box(fact, &m->tally.moments);
    if (m->fitted && m->geometry.planar)
        set_plane(fact, m);
    else if (m->fitted)
        set_line(fact, m);
    if (m->fitted)
        json_object_set_new(fact, "residual_rms", json_real(m->geometry.residual_rms));
    enum qn_status status = state(m->glue, "geometry", fact, err);
    if (!status && m->fitted && m->geometry.planar)
        status = state(m->glue, "corners", corners_json(m), err);
    if (!status && m->tally.unplaced > 0)
        status =
            qn_glue_note(m->glue, err, "%" PRIu64 " trace%s no position (%s)", m->tally.unplaced,
                         m->tally.unplaced == 1 ? " has" : "s have", m->import->places.source_text);
    return status;
}

/* ---- the picture ---------------------------------------------------------------------------- */

/* The ends of the numbered lines that are drawn. */
static void add_line(struct mapping *m, bool inline_, double number)
{
    struct qn_map_picture *picture = &m->picture;
    const struct qn_moments *moments = &m->tally.moments;
    int other = inline_ ? QN_MOMENT_J : QN_MOMENT_I;
    struct qn_map_line *line = &picture->lines[picture->line_count++];
    double half = m->half[inline_ ? 1 : 0];
    double ends[2] = {moments->least[other] - half, moments->most[other] + half};
    qn_geometry_position(&m->geometry, inline_ ? number : ends[0], inline_ ? ends[0] : number,
                         &line->x0, &line->y0);
    qn_geometry_position(&m->geometry, inline_ ? number : ends[1], inline_ ? ends[1] : number,
                         &line->x1, &line->y1);
    snprintf(line->label, sizeof line->label, "%s %.0f", inline_ ? "IL" : "XL", number);
}

/* CDP numbers beside a line that is straight enough for the fit to say where they are. */
static void add_numbers(struct mapping *m)
{
    enum { MOST = 8 };
    const struct qn_moments *moments = &m->tally.moments;
    const double *step = m->geometry.per_crossline;
    double length = moments->most[QN_MOMENT_J] - moments->least[QN_MOMENT_J];
    if (m->geometry.residual_rms > hypot(step[0], step[1]) * length / 100)
        return;
    struct qn_ticks ticks =
        qn_ticks_within(moments->least[QN_MOMENT_J], moments->most[QN_MOMENT_J], MOST, 1);
    for (size_t t = 0; t < ticks.count; t++) {
        struct qn_map_line *line = &m->picture.lines[m->picture.line_count++];
        double number = qn_tick_value(&ticks, t);
        qn_geometry_position(&m->geometry, moments->mean[QN_MOMENT_I], number, &line->x0,
                             &line->y0);
        line->x1 = line->x0;
        line->y1 = line->y0;
        snprintf(line->label, sizeof line->label, "%s %.0f",
                 m->import->places.inlines ? "XL" : "CDP", number);
    }
}

static void add_lines(struct mapping *m)
{
    enum { EACH = 5 };
    const struct qn_moments *moments = &m->tally.moments;
    if (m->fitted && !m->geometry.planar && m->geometry.per_inline[0] == 0 &&
        m->geometry.per_inline[1] == 0)
        add_numbers(m);
    if (!m->fitted || !m->geometry.planar)
        return;
    for (int a = QN_MOMENT_I; a <= QN_MOMENT_J; a++) {
        struct qn_ticks ticks = qn_ticks_within(moments->least[a], moments->most[a], EACH, 1);
        for (size_t t = 0; t < ticks.count; t++)
            add_line(m, a == QN_MOMENT_I, qn_tick_value(&ticks, t));
    }
}

/* True where the fit is good enough to place bins by it: to half a bin. */
static bool is_even(const struct mapping *m, const struct qn_fold *fold)
{
    const struct qn_geometry *g = &m->geometry;
    double inlines = hypot(g->per_inline[0], g->per_inline[1]) * qn_fold_step(fold, 0);
    double crosslines = hypot(g->per_crossline[0], g->per_crossline[1]) * qn_fold_step(fold, 1);
    return m->fitted && g->planar && g->residual_rms < fmin(inlines, crosslines) / 2;
}

/* Bins of the grid, turned as they lie. */
static enum qn_status draw_grid(struct mapping *m, const struct qn_fold *fold, struct qn_error *err)
{
    struct qn_map_picture *picture = &m->picture;
    const double side[2] = {qn_fold_step(fold, 0) * (double)fold->side[0],
                            qn_fold_step(fold, 1) * (double)fold->side[1]};
    uint64_t most = fold->blocks[0] * fold->blocks[1];
    picture->marks = qn_sys.calloc(most, sizeof *picture->marks);
    if (!picture->marks)
        return qn_fail_memory(err, "the map", most * sizeof *picture->marks);
    for (unsigned c = 0; c < 2; c++) {
        m->half[c] = qn_fold_step(fold, c) / 2;
        picture->u[c] = m->geometry.per_inline[c] * side[0];
        picture->v[c] = m->geometry.per_crossline[c] * side[1];
    }
    for (uint64_t a = 0; a < fold->blocks[0]; a++) {
        for (uint64_t b = 0; b < fold->blocks[1]; b++) {
            uint32_t traces = fold->traces[a * fold->blocks[1] + b];
            struct qn_map_mark *mark = &picture->marks[picture->count];
            if (traces == 0)
                continue;
            qn_geometry_position(&m->geometry, qn_fold_middle(fold, 0, a),
                                 qn_fold_middle(fold, 1, b), &mark->x, &mark->y);
            mark->value = (float)((double)traces / (double)qn_fold_bins(fold, a, b));
            picture->count++;
        }
    }
    snprintf(picture->value_label, sizeof picture->value_label, "Fold");
    if (fold->side[0] * fold->side[1] > 1)
        snprintf(picture->caption, sizeof picture->caption,
                 "Traces of each bin, the mean of %" PRIu64 " x %" PRIu64
                 " bins (inline x crossline). Inlines run at an azimuth of %.2f degrees.",
                 fold->side[0], fold->side[1], qn_azimuth(picture->v[0], picture->v[1]));
    else
        snprintf(picture->caption, sizeof picture->caption,
                 "Traces of each bin (inline x crossline). Inlines run at an azimuth of %.2f "
                 "degrees.",
                 qn_azimuth(picture->v[0], picture->v[1]));
    return QN_OK;
}

/* Square bins of the map. Where many traces have the very same position, the stacked ones of a bin,
 * traces for each position is their fold; other midpoints lie scattered, and are counted. */
static enum qn_status draw_bins(struct mapping *m, struct qn_error *err)
{
    struct qn_map_picture *picture = &m->picture;
    const struct qn_bins *bins = &m->tally.bins;
    bool stacked = m->import->places.stacked;
    double side = ldexp(1, bins->level);
    struct qn_bin *list = qn_sys.calloc(bins->count, sizeof *list);
    picture->marks = qn_sys.calloc(bins->count, sizeof *picture->marks);
    if (!list || !picture->marks) {
        free(list);
        return qn_fail_memory(err, "the map", bins->count * sizeof *list);
    }
    qn_bins_list(bins, list);
    picture->count = bins->count;
    for (size_t k = 0; k < bins->count; k++) {
        double value = (double)list[k].traces;
        if (stacked && list[k].positions > 0)
            value /= (double)list[k].positions;
        picture->marks[k] = (struct qn_map_mark){((double)list[k].x + 0.5) * side,
                                                 ((double)list[k].y + 0.5) * side, (float)value};
    }
    free(list);
    picture->u[0] = picture->v[1] = side;
    snprintf(picture->value_label, sizeof picture->value_label, stacked ? "Fold" : "Traces");
    if (bins->level == m->import->places.finest)
        snprintf(picture->caption, sizeof picture->caption, "Traces by midpoint (%s): all of them.",
                 m->import->places.source_text);
    else
        snprintf(picture->caption, sizeof picture->caption,
                 stacked ? "Traces that follow each other at one position (%s), the mean of "
                           "squares of %.6g%s."
                         : "Traces by midpoint (%s), counted in squares of %.6g%s.",
                 m->import->places.source_text, side, unit_name(m->import));
    return QN_OK;
}

static enum qn_status draw(struct mapping *m, struct qn_error *err)
{
    struct qn_fold fold = {0};
    bool gridded = qn_fold_there_is(m->import);
    enum qn_status status = gridded ? qn_fold_count(m->glue, m->import, &fold, err) : QN_OK;
    if (!status)
        status = gridded && is_even(m, &fold) ? draw_grid(m, &fold, err) : draw_bins(m, err);
    qn_fold_release(&fold);
    if (!status)
        add_lines(m);
    m->picture.unit = m->import->places.unit;
    return status;
}

static enum qn_status keep_picture(struct mapping *m, struct qn_error *err)
{
    struct qn_buf bytes = {0};
    struct qn_output *file;
    qn_map_picture_encode(&m->picture, &bytes);
    enum qn_status status = bytes.failed ? qn_fail_memory(err, "the map", bytes.len)
                                         : qn_glue_create(m->glue, QN_MAP_FILE, &file, err);
    if (!status)
        status = qn_output_write(file, bytes.data, bytes.len, err);
    if (!status)
        status = qn_output_commit(file, err);
    qn_buf_release(&bytes);
    return status;
}

enum qn_status qn_map_glue(struct qn_glue *glue, const struct qn_import *import,
                           struct qn_error *err)
{
    struct mapping m = {.glue = glue, .import = import};
    if (!import->places.midpoint.known)
        return QN_OK;
    enum qn_status status = join_segments(&m, err);
    if (!status && m.tally.placed > 0) {
        m.fitted = (import->places.inlines || import->places.cdps) &&
                   qn_geometry_fit(&m.tally.moments, &m.geometry);
        status = state_geometry(&m, err);
        if (!status)
            status = draw(&m, err);
        if (!status)
            status = keep_picture(&m, err);
    }
    qn_map_picture_release(&m.picture);
    qn_map_tally_release(&m.tally);
    return status;
}
