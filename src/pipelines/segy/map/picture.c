/* The map between glue and report: see picture.h. */
#include "pipelines/segy/map/picture.h"

#include "base/sys.h"

#include <stdlib.h>

void qn_map_picture_release(struct qn_map_picture *picture)
{
    free(picture->marks);
    *picture = (struct qn_map_picture){0};
}

static void put_reals(struct qn_buf *buf, const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        qn_buf_real(buf, values[i]);
}

static void get_reals(struct qn_cursor *cursor, double *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        values[i] = qn_cursor_real(cursor);
}

void qn_map_picture_encode(const struct qn_map_picture *picture, struct qn_buf *buf)
{
    put_reals(buf, picture->u, 2);
    put_reals(buf, picture->v, 2);
    qn_buf_u8(buf, (uint8_t)picture->unit);
    qn_buf_text(buf, picture->value_label);
    qn_buf_text(buf, picture->caption);
    qn_buf_u32(buf, (uint32_t)picture->line_count);
    for (size_t i = 0; i < picture->line_count; i++) {
        const struct qn_map_line *line = &picture->lines[i];
        put_reals(buf, (const double[]){line->x0, line->y0, line->x1, line->y1}, 4);
        qn_buf_text(buf, line->label);
    }
    qn_buf_u64(buf, picture->count);
    for (size_t i = 0; i < picture->count; i++) {
        const struct qn_map_mark *mark = &picture->marks[i];
        put_reals(buf, (const double[]){mark->x, mark->y, (double)mark->value}, 3);
    }
}

static enum qn_status get_marks(struct qn_cursor *cursor, struct qn_map_picture *picture,
                                struct qn_error *err)
{
    uint64_t count = qn_cursor_u64(cursor);
    if (cursor->failed || count > (cursor->len - cursor->at) / (3 * sizeof(double)))
        return qn_fail(err, QN_ERR_CORRUPT, QN_MAP_FILE " is damaged.");
    picture->marks = qn_sys.calloc(count + 1, sizeof *picture->marks);
    if (!picture->marks)
        return qn_fail_memory(err, "the map", count * sizeof *picture->marks);
    picture->count = (size_t)count;
    for (size_t i = 0; i < picture->count; i++) {
        double mark[3];
        get_reals(cursor, mark, 3);
        picture->marks[i] = (struct qn_map_mark){mark[0], mark[1], (float)mark[2]};
    }
    return QN_OK;
}

enum qn_status qn_map_picture_decode(const void *bytes, size_t len, struct qn_map_picture *picture,
                                     struct qn_error *err)
{
    struct qn_cursor cursor = {.data = bytes, .len = len};
    *picture = (struct qn_map_picture){0};
    get_reals(&cursor, picture->u, 2);
    get_reals(&cursor, picture->v, 2);
    picture->unit = (enum qn_length_unit)qn_cursor_u8(&cursor);
    qn_cursor_text(&cursor, picture->value_label, sizeof picture->value_label);
    qn_cursor_text(&cursor, picture->caption, sizeof picture->caption);
    picture->line_count = qn_cursor_u32(&cursor);
    if (cursor.failed || picture->line_count > sizeof picture->lines / sizeof *picture->lines ||
        picture->unit > QN_LENGTH_DEGREES)
        return qn_fail(err, QN_ERR_CORRUPT, QN_MAP_FILE " is damaged.");
    for (size_t i = 0; i < picture->line_count; i++) {
        struct qn_map_line *line = &picture->lines[i];
        double ends[4];
        get_reals(&cursor, ends, 4);
        line->x0 = ends[0];
        line->y0 = ends[1];
        line->x1 = ends[2];
        line->y1 = ends[3];
        qn_cursor_text(&cursor, line->label, sizeof line->label);
    }
    return get_marks(&cursor, picture, err);
}

enum qn_status qn_map_picture_draw(const struct qn_map_picture *picture, const char *title,
                                   struct qn_buf *png, struct qn_error *err)
{
    static const struct {
        const char *x, *y;
    } labels[] = {[QN_LENGTH_UNKNOWN] = {"x (unit not given)", "y (unit not given)"},
                  [QN_LENGTH_METRES] = {"x (m)", "y (m)"},
                  [QN_LENGTH_FEET] = {"x (ft)", "y (ft)"},
                  [QN_LENGTH_DEGREES] = {"Longitude", "Latitude"}};
    struct qn_map map = {.marks = picture->marks,
                         .count = picture->count,
                         .u = {picture->u[0], picture->u[1]},
                         .v = {picture->v[0], picture->v[1]},
                         .lines = picture->lines,
                         .line_count = picture->line_count,
                         .title = title,
                         .value_label = picture->value_label,
                         .x_label = labels[picture->unit].x,
                         .y_label = labels[picture->unit].y,
                         .caption = picture->caption};
    return qn_map_png(&map, png, err);
}
