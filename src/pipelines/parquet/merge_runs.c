/* Merging runs: see merge_runs.h. Files are opened for each refill, so that any number of runs
 * takes no more descriptors than one. */
#include "pipelines/parquet/merge_runs.h"

#include "base/io.h"
#include "base/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_BYTES (64u << 20) /* for all buffers together */
#define ROOM_LEAST 64u         /* entries of a buffer */
#define ROOM_MOST  65536u

struct run {
    char path[PATH_MAX];
    uint64_t offset; /* of the entries not read yet */
    uint64_t left;
    size_t at, held; /* of its buffer */
    struct qn_key_entry *buffer;
};

static struct run *run_at(const struct qn_runs *runs, size_t i)
{
    return (struct run *)(void *)runs->list.data + i;
}

enum qn_status qn_merge_runs_add(struct qn_runs *runs, const char *path, uint64_t offset,
                                 uint64_t entries, struct qn_error *err)
{
    struct run run = {.offset = offset, .left = entries};
    snprintf(run.path, sizeof run.path, "%s", path);
    qn_buf_append(&runs->list, &run, sizeof run);
    runs->count++;
    return runs->list.failed ? qn_fail_memory(err, "runs of keys", runs->list.len) : QN_OK;
}

void qn_runs_release(struct qn_runs *runs)
{
    qn_buf_release(&runs->list);
    free(runs->heap);
    free(runs->room);
    *runs = (struct qn_runs){.count = 0};
}

static enum qn_status refill(const struct qn_runs *runs, struct run *run, struct qn_error *err)
{
    int fd;
    run->held = run->left < runs->room_each ? (size_t)run->left : runs->room_each;
    run->at = 0;
    if (run->held == 0)
        return QN_OK;
    enum qn_status status = qn_open_read(run->path, &fd, err);
    if (status)
        return status;
    status =
        qn_read_at(fd, run->path, run->buffer, run->held * sizeof *run->buffer, run->offset, err);
    qn_sys.close(fd);
    run->offset += run->held * sizeof *run->buffer;
    run->left -= run->held;
    return status;
}

static bool before(const struct qn_runs *runs, size_t a, size_t b)
{
    const struct run *x = run_at(runs, a), *y = run_at(runs, b);
    return qn_key_compare(&x->buffer[x->at], &y->buffer[y->at]) < 0;
}

static void sift(struct qn_runs *runs, size_t i)
{
    for (;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++) {
            if (child < runs->heap_count && before(runs, runs->heap[child], runs->heap[least]))
                least = child;
        }
        if (least == i)
            return;
        size_t swap = runs->heap[i];
        runs->heap[i] = runs->heap[least];
        runs->heap[least] = swap;
        i = least;
    }
}

enum qn_status qn_runs_start(struct qn_runs *runs, struct qn_error *err)
{
    size_t each = ROOM_BYTES / sizeof(struct qn_key_entry) / (runs->count + 1);
    runs->room_each = each < ROOM_LEAST ? ROOM_LEAST : each > ROOM_MOST ? ROOM_MOST : each;
    size_t bytes = (runs->count * runs->room_each + 1) * sizeof *runs->room;
    runs->heap = qn_sys.calloc(runs->count + 1, sizeof *runs->heap);
    runs->room = qn_sys.malloc(bytes);
    if (!runs->heap || !runs->room)
        return qn_fail_memory(err, "merging keys", bytes);
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < runs->count && !status; i++) {
        struct run *run = run_at(runs, i);
        run->buffer = runs->room + i * runs->room_each;
        status = refill(runs, run, err);
        if (!status && run->held > 0)
            runs->heap[runs->heap_count++] = i;
    }
    for (size_t i = runs->heap_count / 2; !status && i-- > 0;)
        sift(runs, i);
    if (!status && runs->heap_count > 0)
        run_at(runs, runs->heap[0])->at--; /* qn_runs_next steps first */
    return status;
}

enum qn_status qn_runs_next(struct qn_runs *runs, const struct qn_key_entry **entry,
                            struct qn_error *err)
{
    *entry = NULL;
    if (runs->heap_count == 0)
        return QN_OK;
    struct run *run = run_at(runs, runs->heap[0]);
    if (++run->at == run->held) {
        enum qn_status status = refill(runs, run, err);
        if (status)
            return status;
        if (run->held == 0)
            runs->heap[0] = runs->heap[--runs->heap_count];
    }
    sift(runs, 0);
    if (runs->heap_count == 0)
        return QN_OK;
    run = run_at(runs, runs->heap[0]);
    *entry = &run->buffer[run->at];
    return QN_OK;
}
