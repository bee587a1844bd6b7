/* The headers of all traces of a file, for `scan --all`: parts of it are looked at by as many
 * threads as there are CPUs and merged in the order of the file. See sample.h. */
#include "pipelines/segy/scan/sample.h"

#include "base/sys.h"
#include "engine/machine.h"
#include "format/segy/walk.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PART_TRACES (64u << 10) /* of one thread at a time */
#define BLOCK_BYTES (2u << 20)  /* read at once, where traces are short */
#define SHORT_TRACE                                                                                \
    (16u << 10) /* bytes: shorter ones are read whole, of longer ones the headers                  \
                 */
#define MOST_THREADS 16
#define REDRAW_US    200000u

struct job {
    struct qn_input *input;
    const struct qn_segy_layout *layout;
    size_t reach;
    uint64_t parts;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    uint64_t next;   /* part to begin */
    uint64_t merged; /* parts in `positions` */
    struct qn_positions *positions;
    enum qn_status status;
    struct qn_error err;
    uint64_t shown_us;
    bool terminal;
};

static void show(struct job *job, uint64_t done, uint64_t total, const char *unit)
{
    uint64_t now = qn_now_us();
    if (!job->terminal || (done < total && now - job->shown_us < REDRAW_US))
        return;
    job->shown_us = now;
    fprintf(stderr, done < total ? "\r\033[Kscanning headers: %.0f%% of %llu %s" : "\r\033[K",
            100.0 * (double)done / (double)total, (unsigned long long)total, unit);
    fflush(stderr);
}

/* ---- traces of one length ------------------------------------------------------------------- */

static enum qn_status read_headers(const struct job *job, uint64_t first, size_t count,
                                   uint8_t *block, size_t *stride, struct qn_error *err)
{
    const struct qn_segy_layout *layout = job->layout;
    uint64_t offset = layout->first_trace_offset + first * layout->trace_bytes;
    *stride = job->reach;
    if (layout->trace_bytes <= SHORT_TRACE) {
        *stride = layout->trace_bytes;
        /* The last trace's samples may be missing from a file that is to be salvaged. */
        return qn_input_read(job->input, offset, block,
                             (count - 1) * layout->trace_bytes + job->reach, err);
    }
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < count && !status; i++)
        status = qn_input_read(job->input, offset + i * layout->trace_bytes, block + i * job->reach,
                               job->reach, err);
    return status;
}

static enum qn_status look_at_part(const struct job *job, uint64_t number, uint8_t *block,
                                   struct qn_positions *positions, struct qn_error *err)
{
    const struct qn_segy_layout *layout = job->layout;
    uint64_t first = number * PART_TRACES, end = first + PART_TRACES;
    size_t most = layout->trace_bytes <= SHORT_TRACE ? BLOCK_BYTES / layout->trace_bytes
                                                     : BLOCK_BYTES / job->reach;
    enum qn_status status = qn_positions_init(positions, job->reach, layout->order, err);
    most = most < QN_POSITIONS_BLOCK ? most : QN_POSITIONS_BLOCK;
    end = end < layout->trace_count ? end : layout->trace_count;
    while (first < end && !status) {
        size_t count = end - first < most ? (size_t)(end - first) : most, stride;
        status = read_headers(job, first, count, block, &stride, err);
        if (!status)
            qn_positions_add(positions, first, block, stride, count);
        first += count;
    }
    return status;
}

/* Waits until it is this part's turn, so that parts are merged in the order of the file. */
static void merge_part(struct job *job, uint64_t number, struct qn_positions *positions,
                       enum qn_status status, const struct qn_error *err)
{
    pthread_mutex_lock(&job->lock);
    while (job->merged != number)
        pthread_cond_wait(&job->changed, &job->lock);
    if (status && !job->status) {
        job->status = status;
        job->err = *err;
    }
    if (!job->status)
        qn_positions_merge(job->positions, positions);
    job->merged++;
    uint64_t done = job->merged * PART_TRACES;
    show(job, done < job->layout->trace_count ? done : job->layout->trace_count,
         job->layout->trace_count, "traces");
    pthread_cond_broadcast(&job->changed);
    pthread_mutex_unlock(&job->lock);
}

static bool take_part(struct job *job, uint64_t *number)
{
    pthread_mutex_lock(&job->lock);
    bool more = job->next < job->parts && !job->status;
    *number = job->next;
    job->next += more;
    pthread_mutex_unlock(&job->lock);
    return more;
}

static void *look(void *context)
{
    struct job *job = context;
    uint8_t *block = qn_sys.malloc(BLOCK_BYTES);
    uint64_t number;
    while (take_part(job, &number)) {
        struct qn_positions positions = {0};
        struct qn_error err = {0};
        enum qn_status status = block ? look_at_part(job, number, block, &positions, &err)
                                      : qn_fail_memory(&err, "headers", BLOCK_BYTES);
        merge_part(job, number, &positions, status, &err);
        qn_positions_release(&positions);
    }
    free(block);
    return NULL;
}

static enum qn_status look_at_all(struct job *job, struct qn_error *err)
{
    pthread_t threads[MOST_THREADS];
    unsigned wanted = qn_machine_cpus(NULL), started = 0;
    wanted = wanted < MOST_THREADS ? wanted : MOST_THREADS;
    wanted = job->input->gzip ? 1 : wanted; /* one place at a time is unpacked */
    job->parts = (job->layout->trace_count - 1) / PART_TRACES + 1;
    /* This thread is one of them; where no more can be started it does all. */
    while (started + 1 < wanted && started + 1 < job->parts &&
           pthread_create(&threads[started], NULL, look, job) == 0)
        started++;
    look(job);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    if (job->status && err)
        *err = job->err;
    return job->status;
}

/* ---- traces of different lengths ------------------------------------------------------------ */

static const char *fault_name(enum qn_segy_fault fault)
{
    return fault == QN_SEGY_NO_SAMPLES ? "its header says 0 samples"
                                       : "the file ends before it does";
}

/* Headers put together until there is a block of them. */
struct gathering {
    uint8_t *headers;
    uint64_t first;
    size_t count;
};

static void flush(struct job *job, struct gathering *g)
{
    qn_positions_add(job->positions, g->first, g->headers, job->reach, g->count);
    g->first += g->count;
    g->count = 0;
}

static void gather(struct job *job, struct gathering *g, const uint8_t *header)
{
    size_t known =
        job->reach < 2 * QN_SEGY_TRACE_HEADER_BYTES ? job->reach : 2 * QN_SEGY_TRACE_HEADER_BYTES;
    memcpy(g->headers + g->count++ * job->reach, header, known);
    if (g->count == QN_POSITIONS_BLOCK)
        flush(job, g);
}

static enum qn_status follow_all(struct job *job, struct qn_segy_window *window,
                                 struct gathering *g, struct qn_scan_all *all, struct qn_error *err)
{
    struct qn_segy_trace trace = {0};
    uint64_t size = job->input->size, at = job->layout->first_trace_offset;
    enum qn_status status = QN_OK;
    while (at < size && !status) {
        status = qn_segy_look_trace(window, job->layout, at, size, &trace, err);
        if (status || trace.fault)
            break;
        gather(job, g, trace.header);
        all->shortest =
            all->traces == 0 || trace.samples < all->shortest ? trace.samples : all->shortest;
        all->longest = trace.samples > all->longest ? trace.samples : all->longest;
        all->traces++;
        at += trace.bytes;
        if (all->traces % 1024 == 0)
            show(job, at, size, "bytes");
    }
    flush(job, g);
    show(job, size, size, "bytes");
    if (!status && trace.fault)
        snprintf(all->damage, sizeof all->damage, "trace %llu at byte %llu is not whole: %s",
                 (unsigned long long)all->traces, (unsigned long long)at, fault_name(trace.fault));
    return status;
}

enum qn_status qn_scan_all_headers(struct qn_input *input, const struct qn_segy_layout *layout,
                                   struct qn_positions *positions, struct qn_scan_all *all,
                                   struct qn_error *err)
{
    struct job job = {.input = input,
                      .layout = layout,
                      .reach = positions->bytes,
                      .lock = PTHREAD_MUTEX_INITIALIZER,
                      .changed = PTHREAD_COND_INITIALIZER,
                      .positions = positions,
                      .terminal = isatty(STDERR_FILENO)};
    *all = (struct qn_scan_all){
        .traces = layout->trace_count, .shortest = layout->samples, .longest = layout->samples};
    if (!layout->variable)
        return look_at_all(&job, err);
    struct qn_segy_source source = qn_input_source(input);
    struct qn_segy_window window = {0};
    struct gathering g = {.headers = qn_sys.calloc(QN_POSITIONS_BLOCK, job.reach)};
    *all = (struct qn_scan_all){0};
    if (!g.headers)
        return qn_fail_memory(err, "headers", QN_POSITIONS_BLOCK * job.reach);
    enum qn_status status = qn_segy_window_init(&window, &source, BLOCK_BYTES, err);
    if (!status)
        status = follow_all(&job, &window, &g, all, err);
    free(g.headers);
    qn_segy_window_release(&window);
    return status;
}
