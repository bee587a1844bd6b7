/* Runs of traces, to bytes and back: see runs.h. Differences wrap, so that every place and
 * step can be written. */
#include "pipelines/segy/grid/runs.h"

#include <string.h>

static int64_t less(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

static int64_t plus(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static void put_signed(struct qn_buf *buf, int64_t value)
{
    qn_buf_varint(buf, ((uint64_t)value << 1) ^ (uint64_t)(value >> 63));
}

static int64_t get_signed(struct qn_cursor *cursor)
{
    uint64_t value = qn_cursor_varint(cursor);
    return (int64_t)((value >> 1) ^ (0 - (value & 1)));
}

static int64_t last_of(const struct qn_cell_run *run, uint32_t i)
{
    return (int64_t)((uint64_t)run->place[i] + (run->count - 1) * (uint64_t)run->step[i]);
}

/* True if the open run takes the trace; a second one gives it its step. */
static bool extend(struct qn_cell_runs *runs, uint64_t trace, const int64_t *place)
{
    struct qn_cell_run *run = &runs->open;
    if (run->count == 0 || trace != run->trace + run->count)
        return false;
    if (run->count == 1) {
        for (uint32_t i = 0; i < runs->width; i++)
            run->step[i] = less(place[i], run->place[i]);
    } else {
        for (uint32_t i = 0; i < runs->width; i++)
            if (plus(last_of(run, i), run->step[i]) != place[i])
                return false;
    }
    run->count++;
    return true;
}

void qn_cell_runs_add(struct qn_cell_runs *runs, uint64_t trace, const int64_t *place)
{
    if (extend(runs, trace, place))
        return;
    qn_cell_runs_end(runs);
    runs->open = (struct qn_cell_run){.trace = trace, .count = 1};
    memcpy(runs->open.place, place, runs->width * sizeof *place);
}

void qn_cell_runs_end(struct qn_cell_runs *runs)
{
    struct qn_cell_run *run = &runs->open;
    if (run->count == 0)
        return;
    qn_buf_varint(&runs->bytes, run->trace - runs->trace);
    qn_buf_varint(&runs->bytes, run->count - 1);
    for (uint32_t i = 0; i < runs->width; i++)
        put_signed(&runs->bytes, less(run->place[i], runs->place[i]));
    for (uint32_t i = 0; i < runs->width && run->count > 1; i++)
        put_signed(&runs->bytes, run->step[i]);
    runs->trace = run->trace + run->count;
    for (uint32_t i = 0; i < runs->width; i++)
        runs->place[i] = last_of(run, i);
    run->count = 0;
}

bool qn_cell_run_next(struct qn_cell_run_reader *reader, struct qn_cell_run *run)
{
    struct qn_cursor *cursor = &reader->cursor;
    if (cursor->at >= cursor->len)
        return false;
    *run = (struct qn_cell_run){.trace = reader->trace + qn_cursor_varint(cursor)};
    run->count = qn_cursor_varint(cursor) + 1;
    for (uint32_t i = 0; i < reader->width; i++)
        run->place[i] = plus(reader->place[i], get_signed(cursor));
    for (uint32_t i = 0; i < reader->width && run->count > 1; i++)
        run->step[i] = get_signed(cursor);
    cursor->failed |= run->count == 0 || run->count > INT64_MAX || run->trace < reader->trace ||
                      run->trace > INT64_MAX - run->count;
    reader->trace = run->trace + run->count;
    for (uint32_t i = 0; i < reader->width; i++)
        reader->place[i] = last_of(run, i);
    return !cursor->failed;
}
