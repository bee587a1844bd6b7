/* Runs of traces with the same key, and their joining: see gathers.h. */
#include "pipelines/segy/gathers.h"

#include "base/sys.h"

#include <stdlib.h>
#include <string.h>

void qn_gather_finder_init(struct qn_gather_finder *finder, const struct qn_import *import,
                           struct qn_items *out)
{
    *finder = (struct qn_gather_finder){
        .import = import, .out = out, .key_bytes = qn_import_key_bytes(import)};
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

void qn_gather_finder_add(struct qn_gather_finder *finder, const struct qn_traces *traces)
{
    if (finder->key_bytes == 0)
        return;
    for (size_t i = 0; i < traces->count; i++) {
        uint8_t key[QN_MAX_KEY_BYTES];
        qn_import_key(finder->import, traces->bytes + i * traces->stride, key);
        if (memcmp(key, finder->key, finder->key_bytes) || finder->run.start == finder->run.end) {
            qn_gather_finder_end(finder);
            memcpy(finder->key, key, finder->key_bytes);
            finder->run.start = traces->first + i;
        }
        finder->run.end = traces->first + i + 1;
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

void qn_gather_list_key(const struct qn_gather_list *list, const struct qn_import *import, size_t k,
                        void *out)
{
    size_t before = 0;
    for (size_t i = 0; i < k; i++)
        before += qn_segy_type_info(import->fields[import->keys[i]].type)->bytes;
    /* The packed keys are records of their own: the field lies `before` bytes into them. */
    struct qn_segy_field field = import->fields[import->keys[k]];
    field.byte = (uint16_t)(before + 1);
    qn_segy_extract(&field, import->layout.order, list->keys, list->key_bytes, list->count, out);
}
