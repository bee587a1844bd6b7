/* Positions of a segment, summed up: see tally.h. */
#include "pipelines/segy/map/tally.h"

#include "base/sys.h"

#include <math.h>
#include <stdlib.h>

enum { X, Y, I, J, COLUMNS };

enum qn_status qn_map_tally_init(struct qn_map_tally *tally, int finest, size_t bins, size_t room,
                                 struct qn_error *err)
{
    *tally = (struct qn_map_tally){.room = room, .last = {NAN, NAN}};
    tally->block = qn_sys.calloc(COLUMNS * room + 1, sizeof *tally->block);
    if (!tally->block)
        return qn_fail_memory(err, "the map", COLUMNS * room * sizeof *tally->block);
    return qn_bins_init(&tally->bins, finest, bins, err);
}

void qn_map_tally_release(struct qn_map_tally *tally)
{
    qn_bins_release(&tally->bins);
    free(tally->block);
    *tally = (struct qn_map_tally){0};
}

void qn_map_tally_clear(struct qn_map_tally *tally)
{
    struct qn_map_tally kept = *tally;
    *tally = (struct qn_map_tally){
        .bins = kept.bins, .block = kept.block, .room = kept.room, .last = {NAN, NAN}};
    qn_bins_clear(&tally->bins);
}

/* ---- in a task ------------------------------------------------------------------------------ */

/* Sorts one trace: without a position (its x becomes NaN), at zero, or placed. */
static void place(struct qn_map_tally *tally, double *x, double *y)
{
    bool moved = !(*x == tally->last[0] && *y == tally->last[1]);
    if (!(fabs(*x) <= QN_BINS_REACH && fabs(*y) <= QN_BINS_REACH)) {
        *x = *y = NAN;
        tally->unplaced++;
    } else if (*x == 0 && *y == 0) {
        tally->at_zero++;
        tally->zero_positions += moved;
    } else {
        tally->placed++;
        qn_bins_add(&tally->bins, *x, *y, 1, moved);
    }
    tally->last[0] = *x;
    tally->last[1] = *y;
}

/* The numbers of inlines (0) or crosslines (1), which are CDPs for a line; 0 where there are none.
 */
static void line_numbers(const struct qn_import *import, unsigned which,
                         const struct qn_traces *traces, double *out)
{
    const struct qn_places *places = &import->places;
    const struct qn_segy_field *field = NULL;
    if (places->inlines)
        field = &import->roles[which ? QN_ROLE_CROSSLINE : QN_ROLE_INLINE];
    else if (places->cdps && which)
        field = &import->roles[QN_ROLE_CDP];
    for (size_t k = 0; k < traces->count && !field; k++)
        out[k] = 0;
    if (field)
        qn_segy_scale(field, import->layout.order, traces->bytes, traces->stride, traces->count,
                      out);
}

static void add_block(struct qn_map_tally *tally, const struct qn_import *import,
                      const struct qn_traces *traces)
{
    double *column[COLUMNS];
    size_t n = traces->count;
    for (int c = 0; c < COLUMNS; c++)
        column[c] = tally->block + (size_t)c * tally->room;
    qn_place_of(import, &import->places.midpoint, traces, column[X], column[Y]);
    line_numbers(import, 0, traces, column[I]);
    line_numbers(import, 1, traces, column[J]);
    for (size_t k = 0; k < n; k++) {
        place(tally, &column[X][k], &column[Y][k]);
        if (column[X][k] == 0 && column[Y][k] == 0) {
            qn_moments_add(&tally->zero_moments, &column[I][k], &column[J][k], &column[X][k],
                           &column[Y][k], 1);
            column[X][k] = NAN; /* not among the others */
        }
    }
    qn_moments_add(&tally->moments, column[I], column[J], column[X], column[Y], n);
}

void qn_map_tally_add(struct qn_map_tally *tally, const struct qn_import *import,
                      const struct qn_traces *traces)
{
    if (!import->places.midpoint.known)
        return;
    for (size_t done = 0; done < traces->count; done += tally->room) {
        size_t left = traces->count - done;
        struct qn_traces part =
            qn_traces_part(traces, done, left < tally->room ? left : tally->room);
        add_block(tally, import, &part);
    }
}

/* ---- to bytes and back ---------------------------------------------------------------------- */

static void put_moments(struct qn_buf *buf, const struct qn_moments *moments)
{
    qn_buf_u64(buf, moments->count);
    for (int a = 0; a < QN_MOMENTS; a++) {
        qn_buf_real(buf, moments->mean[a]);
        qn_buf_real(buf, moments->least[a]);
        qn_buf_real(buf, moments->most[a]);
        for (int b = 0; b < QN_MOMENTS; b++)
            qn_buf_real(buf, moments->about[a][b]);
    }
}

static struct qn_moments get_moments(struct qn_cursor *cursor)
{
    struct qn_moments moments = {.count = qn_cursor_u64(cursor)};
    for (int a = 0; a < QN_MOMENTS; a++) {
        moments.mean[a] = qn_cursor_real(cursor);
        moments.least[a] = qn_cursor_real(cursor);
        moments.most[a] = qn_cursor_real(cursor);
        for (int b = 0; b < QN_MOMENTS; b++)
            moments.about[a][b] = qn_cursor_real(cursor);
    }
    return moments;
}

void qn_map_tally_encode(const struct qn_map_tally *tally, struct qn_buf *buf)
{
    qn_buf_u64(buf, tally->placed);
    qn_buf_u64(buf, tally->unplaced);
    qn_buf_u64(buf, tally->at_zero);
    qn_buf_u64(buf, tally->zero_positions);
    put_moments(buf, &tally->moments);
    put_moments(buf, &tally->zero_moments);
    qn_bins_encode(&tally->bins, buf);
}

bool qn_map_tally_merge(struct qn_map_tally *tally, struct qn_cursor *cursor)
{
    tally->placed += qn_cursor_u64(cursor);
    tally->unplaced += qn_cursor_u64(cursor);
    tally->at_zero += qn_cursor_u64(cursor);
    tally->zero_positions += qn_cursor_u64(cursor);
    struct qn_moments moments = get_moments(cursor);
    struct qn_moments zero_moments = get_moments(cursor);
    qn_moments_merge(&tally->moments, &moments);
    qn_moments_merge(&tally->zero_moments, &zero_moments);
    return qn_bins_merge(&tally->bins, cursor);
}

void qn_map_tally_finish(struct qn_map_tally *tally)
{
    const struct qn_moments *others = &tally->moments;
    bool around = others->count > 0;
    for (int a = QN_MOMENT_X; a <= QN_MOMENT_Y; a++) {
        double reach = others->most[a] - others->least[a];
        around = around && others->least[a] - reach <= 0 && others->most[a] + reach >= 0;
    }
    if (around && tally->at_zero > 0) {
        qn_moments_merge(&tally->moments, &tally->zero_moments);
        qn_bins_add(&tally->bins, 0, 0, tally->at_zero, tally->zero_positions);
        tally->placed += tally->at_zero;
    } else {
        tally->unplaced += tally->at_zero;
    }
    tally->at_zero = 0;
}
