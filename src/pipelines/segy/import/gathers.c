/* Runs of traces with the same key, and their joining: see gathers.h. */
#include "pipelines/segy/import/gathers.h"

#include "base/sys.h"

#include <stdlib.h>
#include <string.h>

void qn_gather_finder_init(struct qn_gather_finder *finder, struct qn_key_maker *maker,
                           size_t key_bytes, struct qn_items *out)
{
    *finder = (struct qn_gather_finder){.maker = maker, .out = out, .key_bytes = key_bytes};
}

void qn_gather_finder_end(struct qn_gather_finder *finder)
{
    if (finder->run.start == finder->run.end)
        return;
    qn_buf_u64(&finder->out->bytes, finder->run.start);
    qn_buf_u64(&finder->out->bytes, finder->run.end);
    qn_buf_append(&finder->out->bytes, finder->key, finder->key_bytes);
    finder->out->count++;
    finder->run.start = finder->run.end;
}

static void add_key(struct qn_gather_finder *finder, uint64_t trace, const uint8_t *key)
{
    if (finder->run.start == finder->run.end || memcmp(key, finder->key, finder->key_bytes) != 0) {
        qn_gather_finder_end(finder);
        memcpy(finder->key, key, finder->key_bytes);
        finder->run.start = trace;
    }
    finder->run.end = trace + 1;
}

void qn_gather_finder_add(struct qn_gather_finder *finder, const struct qn_traces *traces)
{
    for (size_t done = 0; done < traces->count && finder->key_bytes > 0;) {
        size_t left = traces->count - done;
        struct qn_traces now =
            qn_traces_part(traces, done, left < QN_KEY_BLOCK ? left : QN_KEY_BLOCK);
        const uint8_t *keys = qn_key_maker_run(finder->maker, &now);
        for (size_t i = 0; i < now.count; i++)
            add_key(finder, now.first + i, keys + i * finder->key_bytes);
        done += now.count;
    }
}

enum qn_status qn_gather_list_init(struct qn_gather_list *list, size_t key_bytes, size_t room,
                                   struct qn_error *err)
{
    *list = (struct qn_gather_list){.key_bytes = key_bytes, .room = room};
    list->start = qn_sys.calloc(room, sizeof *list->start);
    list->end = qn_sys.calloc(room, sizeof *list->end);
    list->size = qn_sys.calloc(room, sizeof *list->size);
    list->keys = qn_sys.calloc(room, key_bytes + 1);
    if (list->start && list->end && list->size && list->keys)
        return QN_OK;
    qn_gather_list_release(list);
    return qn_fail_memory(err, "the list of gathers", room * (24 + key_bytes));
}

void qn_gather_list_release(struct qn_gather_list *list)
{
    free(list->start);
    free(list->end);
    free(list->size);
    free(list->keys);
    *list = (struct qn_gather_list){0};
}

void qn_gather_list_end(struct qn_gather_list *list)
{
    if (list->open.start == list->open.end)
        return;
    list->start[list->count] = (int64_t)list->open.start;
    list->end[list->count] = (int64_t)list->open.end;
    list->size[list->count] = (int64_t)(list->open.end - list->open.start);
    memcpy(list->keys + list->count * list->key_bytes, list->open_key, list->key_bytes);
    list->count++;
    list->open.start = list->open.end;
}

enum qn_status qn_gather_list_take(struct qn_gather_list *list, struct qn_cursor *runs, bool *more,
                                   struct qn_error *err)
{
    *more = false;
    while (runs->at < runs->len) {
        if (list->count == list->room) {
            *more = true;
            return QN_OK;
        }
        struct qn_trace_range run = {.start = qn_cursor_u64(runs)};
        run.end = qn_cursor_u64(runs);
        const uint8_t *key = qn_cursor_bytes(runs, list->key_bytes);
        if (runs->failed || run.start >= run.end)
            return qn_fail(err, QN_ERR_CORRUPT, "the gathers in a segment's result are damaged.");
        bool joins = list->open.start < list->open.end && run.start == list->open.end &&
                     !memcmp(key, list->open_key, list->key_bytes);
        if (!joins) {
            qn_gather_list_end(list);
            list->open.start = run.start;
            memcpy(list->open_key, key, list->key_bytes);
        }
        list->open.end = run.end;
    }
    return QN_OK;
}
