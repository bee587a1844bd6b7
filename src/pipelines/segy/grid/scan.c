/* The scan over all trace headers that planning a grid needs: see scan.h.
 *
 * Threads take blocks of traces as they come; what a block gives depends on nothing but the block,
 * and a union of sets on no order. */
#include "pipelines/segy/grid/scan.h"

#include "base/sys.h"
#include "engine/machine.h"
#include "pipelines/segy/survey/view.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define MAX_THREADS 8u

struct scanning {
    const struct qn_import *import;
    struct qn_plan *plan;
    struct qn_grid_scan *scan;
    _Atomic uint64_t next; /* block to be taken */
    _Atomic bool stop;
};

struct scanner { /* of one thread */
    struct scanning *scanning;
    bool leads; /* the thread that planning runs in */
    pthread_t thread;
    bool threaded;
    struct qn_view view;
    int64_t *keys[QN_GRID_KEYS];
    struct qn_key_set values[QN_GRID_KEYS];
    uint64_t changes[QN_GRID_KEYS];
    struct qn_cell_runs runs;
    enum qn_status status;
    uint64_t failed_block;
    struct qn_error err;
};

/* ---- one thread ----------------------------------------------------------------------------- */

static enum qn_status prepare(struct scanner *scanner, struct qn_error *err)
{
    const struct qn_grid_scan *scan = scanner->scanning->scan;
    const char *names[QN_GRID_KEYS];
    for (uint32_t d = 0; d < scan->width; d++)
        names[d] = scan->columns[d];
    enum qn_status status =
        qn_view_open(&scanner->view, scanner->scanning->import, names, scan->width, err);
    for (uint32_t d = 0; d < scan->width && !status; d++) {
        if (!scanner->view.columns[d])
            return qn_fail(err, QN_ERR_INTERNAL, "the grid's column '%s' is gone.", names[d]);
        if (scanner->view.columns[d]->dtype == QN_CHAR8)
            return qn_fail(err, QN_ERR_USAGE, "--grid: column '%s' is text: it has no order.",
                           names[d]);
        scanner->keys[d] = qn_sys.malloc(scanner->view.room * sizeof(int64_t));
        if (!scanner->keys[d])
            status = qn_fail_memory(err, "a block of headers", scanner->view.room * 8);
    }
    return status;
}

static void release(struct scanner *scanner)
{
    qn_view_release(&scanner->view);
    qn_buf_release(&scanner->runs.bytes);
    for (uint32_t d = 0; d < QN_GRID_KEYS; d++) {
        free(scanner->keys[d]);
        qn_key_set_release(&scanner->values[d]);
    }
}

/* The keys of the traces in view, all values met, and how often they change. */
static enum qn_status take_column(struct scanner *scanner, uint32_t d, uint64_t first, size_t n,
                                  struct qn_error *err)
{
    const struct qn_column *column = scanner->view.columns[d];
    int64_t *keys = scanner->keys[d];
    struct qn_error cause;
    size_t known = qn_axis_keys(column->dtype, column->values, n, keys);
    for (size_t i = 0; i < known && column->valid; i++)
        known = column->valid[i] ? known : i;
    if (known < n)
        return qn_fail(err, QN_ERR_INPUT,
                       "trace %llu has no value in column '%s': it has no place in the grid.",
                       (unsigned long long)(first + known), column->name);
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && keys[i] == keys[i - 1])
            continue;
        scanner->changes[d] += i > 0;
        if (qn_key_set_add(&scanner->values[d], keys[i], &cause))
            return qn_fail(err, cause.status, "column '%s' as a dimension of a grid: %s.",
                           column->name, cause.message);
    }
    return QN_OK;
}

static enum qn_status take_traces(struct scanner *scanner, uint64_t first, size_t n,
                                  struct qn_error *err)
{
    uint32_t width = scanner->scanning->scan->width;
    enum qn_status status = qn_view_read(&scanner->view, first, n, err);
    for (uint32_t d = 0; d < width && !status; d++)
        status = take_column(scanner, d, first, n, err);
    for (size_t i = 0; i < n && !status; i++) {
        int64_t place[QN_RUN_WIDTH];
        for (uint32_t d = 0; d < width; d++)
            place[d] = scanner->keys[d][i];
        qn_cell_runs_add(&scanner->runs, first + i, place);
    }
    return status;
}

static enum qn_status scan_block(struct scanner *scanner, uint64_t block, struct qn_error *err)
{
    struct scanning *scanning = scanner->scanning;
    struct qn_grid_scan *scan = scanning->scan;
    uint64_t first = block * QN_SCAN_BLOCK;
    uint64_t end = first + QN_SCAN_BLOCK;
    uint64_t traces = scanning->import->layout.trace_count;
    enum qn_status status = QN_OK;
    end = end < traces ? end : traces;
    scanner->runs = (struct qn_cell_runs){.width = scan->width, .trace = first};
    while (first < end && !status && !atomic_load(&scanning->stop)) {
        size_t n = end - first < scanner->view.room ? (size_t)(end - first) : scanner->view.room;
        status = take_traces(scanner, first, n, err);
        first += n;
        if (scanner->leads && qn_plan_cancelled(scanning->plan))
            status = qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
    }
    qn_cell_runs_end(&scanner->runs);
    if (!status && scanner->runs.bytes.failed)
        status = qn_fail_memory(err, "the places of traces", scanner->runs.bytes.len);
    scan->blocks[block] = scanner->runs.bytes;
    scanner->runs.bytes = (struct qn_buf){0};
    return status;
}

static void *scan_blocks(void *context)
{
    struct scanner *scanner = context;
    struct scanning *scanning = scanner->scanning;
    uint64_t blocks = scanning->scan->block_count;
    uint64_t traces = scanning->import->layout.trace_count;
    uint64_t block = 0;
    scanner->status = prepare(scanner, &scanner->err);
    while (!scanner->status && !atomic_load(&scanning->stop)) {
        block = atomic_fetch_add(&scanning->next, 1);
        if (block >= blocks)
            break;
        scanner->status = scan_block(scanner, block, &scanner->err);
        if (scanner->leads)
            qn_plan_progress(scanning->plan, "headers", block * QN_SCAN_BLOCK, traces);
    }
    scanner->failed_block = block;
    if (scanner->status)
        atomic_store(&scanning->stop, true);
    return NULL;
}

/* ---- all ------------------------------------------------------------------------------------ */

/* Joins what one thread found to the scan. */
static enum qn_status collect(struct qn_grid_scan *scan, const struct scanner *scanner,
                              struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (uint32_t d = 0; d < scan->width && !status; d++) {
        struct qn_error cause;
        scan->dtypes[d] = scanner->view.columns[d]->dtype;
        scan->changes[d] += scanner->changes[d];
        status = qn_key_set_add_all(&scan->values[d], &scanner->values[d], &cause);
        if (status)
            qn_fail(err, status, "column '%s' as a dimension of a grid: %s.", scan->columns[d],
                    cause.message);
    }
    return status;
}

/* The error of the earliest block, so that it is the same one whoever met it first. */
static const struct scanner *earliest_failure(const struct scanner *scanners, size_t count)
{
    const struct scanner *earliest = NULL;
    for (size_t i = 0; i < count; i++)
        if (scanners[i].status && (!earliest || scanners[i].failed_block < earliest->failed_block))
            earliest = &scanners[i];
    return earliest;
}

static enum qn_status run_scanners(struct scanning *scanning, struct scanner *scanners,
                                   size_t count, struct qn_error *err)
{
    for (size_t i = 0; i < count; i++)
        scanners[i].scanning = scanning;
    for (size_t i = 1; i < count; i++)
        scanners[i].threaded =
            pthread_create(&scanners[i].thread, NULL, scan_blocks, &scanners[i]) == 0;
    scanners[0].leads = true;
    scan_blocks(&scanners[0]);
    for (size_t i = 1; i < count; i++)
        if (scanners[i].threaded)
            pthread_join(scanners[i].thread, NULL);
    const struct scanner *failed = earliest_failure(scanners, count);
    if (failed && err)
        *err = failed->err;
    if (failed)
        return failed->status;
    enum qn_status status = collect(scanning->scan, &scanners[0], err);
    for (size_t i = 1; i < count && !status; i++)
        if (scanners[i].threaded)
            status = collect(scanning->scan, &scanners[i], err);
    return status;
}

enum qn_status qn_grid_scan(const struct qn_import *import, struct qn_plan *plan,
                            struct qn_grid_scan *scan, struct qn_error *err)
{
    uint64_t traces = import->layout.trace_count;
    scan->block_count = (size_t)((traces + QN_SCAN_BLOCK - 1) / QN_SCAN_BLOCK);
    scan->blocks = qn_sys.calloc(scan->block_count + 1, sizeof *scan->blocks);
    size_t threads = qn_machine_cpus(NULL);
    threads = threads < MAX_THREADS ? threads : MAX_THREADS;
    threads = threads < scan->block_count ? threads : scan->block_count;
    struct scanner *scanners = qn_sys.calloc(threads, sizeof *scanners);
    if (!scan->blocks || !scanners) {
        free(scanners);
        return qn_fail_memory(err, "the scan of headers",
                              scan->block_count * sizeof(struct qn_buf));
    }
    struct scanning scanning = {.import = import, .plan = plan, .scan = scan};
    enum qn_status status = run_scanners(&scanning, scanners, threads, err);
    for (size_t i = 0; i < threads; i++)
        release(&scanners[i]);
    free(scanners);
    return status;
}

void qn_grid_scan_release(struct qn_grid_scan *scan)
{
    for (size_t i = 0; i < scan->block_count && scan->blocks; i++)
        qn_buf_release(&scan->blocks[i]);
    for (uint32_t d = 0; d < QN_GRID_KEYS; d++)
        qn_key_set_release(&scan->values[d]);
    free(scan->blocks);
    *scan = (struct qn_grid_scan){0};
}
