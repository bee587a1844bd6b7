/* Bins that follow the data: see bins.h. A hash table with open addressing, never more than
 * half full. */
#include "pipelines/segy/map/bins.h"

#include "base/sys.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void set_level(struct qn_bins *bins, int level)
{
    bins->level = level;
    bins->scale = ldexp(1, -level);
}

enum qn_status qn_bins_init(struct qn_bins *bins, int finest, size_t most, struct qn_error *err)
{
    size_t room = 64;
    while (room < 2 * (most + 1))
        room *= 2;
    *bins = (struct qn_bins){.finest = finest, .most = most, .room = room};
    set_level(bins, finest);
    bins->slots = qn_sys.calloc(room, sizeof *bins->slots);
    bins->spare = qn_sys.calloc(most + 1, sizeof *bins->spare);
    return bins->slots && bins->spare ? QN_OK
                                      : qn_fail_memory(err, "the map", room * sizeof *bins->slots);
}

void qn_bins_release(struct qn_bins *bins)
{
    free(bins->slots);
    free(bins->spare);
    *bins = (struct qn_bins){0};
}

void qn_bins_clear(struct qn_bins *bins)
{
    set_level(bins, bins->finest);
    bins->count = 0;
    memset(bins->slots, 0, bins->room * sizeof *bins->slots);
}

/* Adds to the bin of that place, making it where it is not there. */
static void join(struct qn_bins *bins, const struct qn_bin *more)
{
    uint64_t mixed = ((uint64_t)more->x * UINT64_C(0x9E3779B97F4A7C15)) ^
                     ((uint64_t)more->y * UINT64_C(0xC2B2AE3D27D4EB4F));
    size_t slot = (size_t)(mixed >> 24) & (bins->room - 1);
    struct qn_bin *bin = &bins->slots[slot];
    while (bin->traces > 0 && (bin->x != more->x || bin->y != more->y)) {
        slot = (slot + 1) & (bins->room - 1);
        bin = &bins->slots[slot];
    }
    bins->count += bin->traces == 0;
    bin->x = more->x;
    bin->y = more->y;
    bin->traces += more->traces;
    bin->positions += more->positions;
}

static void copy_out(const struct qn_bins *bins, struct qn_bin *list)
{
    size_t n = 0;
    for (size_t i = 0; i < bins->room; i++)
        if (bins->slots[i].traces > 0)
            list[n++] = bins->slots[i];
}

/* Makes bins as large as those of `level`; shifting rounds down, as floor does. */
static void coarsen(struct qn_bins *bins, int level)
{
    size_t n = bins->count;
    int by = level - bins->level;
    copy_out(bins, bins->spare);
    qn_bins_clear(bins);
    set_level(bins, level);
    for (size_t i = 0; i < n; i++) {
        bins->spare[i].x >>= by;
        bins->spare[i].y >>= by;
        join(bins, &bins->spare[i]);
    }
}

/* One bin of the table's own level. */
static void add(struct qn_bins *bins, const struct qn_bin *more)
{
    join(bins, more);
    while (bins->count > bins->most)
        coarsen(bins, bins->level + 1);
}

void qn_bins_add(struct qn_bins *bins, double x, double y, uint64_t traces, uint64_t positions)
{
    struct qn_bin bin = {(int64_t)floor(x * bins->scale), (int64_t)floor(y * bins->scale), traces,
                         positions};
    add(bins, &bin);
}

/* ---- to bytes and back ---------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
    const struct qn_bin *p = a;
    const struct qn_bin *q = b;
    if (p->y != q->y)
        return p->y < q->y ? -1 : 1;
    return (p->x > q->x) - (p->x < q->x);
}

void qn_bins_list(const struct qn_bins *bins, struct qn_bin *list)
{
    copy_out(bins, list);
    qsort(list, bins->count, sizeof *list, by_place);
}

void qn_bins_encode(const struct qn_bins *bins, struct qn_buf *buf)
{
    int64_t x = 0;
    int64_t y = 0;
    qn_bins_list(bins, bins->spare);
    qn_buf_u32(buf, (uint32_t)bins->level);
    qn_buf_varint(buf, bins->count);
    for (size_t i = 0; i < bins->count; i++) {
        const struct qn_bin *bin = &bins->spare[i];
        uint64_t dx = (uint64_t)bin->x - (uint64_t)x;
        uint64_t dy = (uint64_t)bin->y - (uint64_t)y;
        qn_buf_varint(buf, (dx << 1) ^ (0 - (dx >> 63)));
        qn_buf_varint(buf, (dy << 1) ^ (0 - (dy >> 63)));
        qn_buf_varint(buf, bin->traces);
        qn_buf_varint(buf, bin->positions);
        x = bin->x;
        y = bin->y;
    }
}

static int64_t get_difference(struct qn_cursor *cursor)
{
    uint64_t value = qn_cursor_varint(cursor);
    return (int64_t)((value >> 1) ^ (0 - (value & 1)));
}

bool qn_bins_merge(struct qn_bins *bins, struct qn_cursor *cursor)
{
    int level = (int32_t)qn_cursor_u32(cursor);
    uint64_t count = qn_cursor_varint(cursor);
    int64_t x = 0;
    int64_t y = 0;
    if (cursor->failed || level < QN_BINS_FINEST || level > 62)
        return false;
    if (level > bins->level)
        coarsen(bins, level);
    for (uint64_t i = 0; i < count && !cursor->failed; i++) {
        x = (int64_t)((uint64_t)x + (uint64_t)get_difference(cursor));
        y = (int64_t)((uint64_t)y + (uint64_t)get_difference(cursor));
        int by = bins->level - level;
        struct qn_bin bin = {x >> by, y >> by, qn_cursor_varint(cursor), 0};
        bin.positions = qn_cursor_varint(cursor);
        if (!cursor->failed && bin.traces > 0)
            add(bins, &bin);
    }
    return !cursor->failed;
}
