/* One segment: a single sweep over its traces, block by block. A block is read once, its headers
 * go to columns, its samples are converted, measured and handed to the packer while they are
 * still in the cache. Memory does not depend on the length of a segment. */
#include "pipelines/segy/import/steps.h"

#include "base/sys.h"
#include "pipelines/segy/dataset/exceptions.h"
#include "pipelines/segy/dataset/store.h"
#include "pipelines/segy/grid/tile.h"
#include "pipelines/segy/import.h"
#include "pipelines/segy/import/gathers.h"
#include "pipelines/segy/import/headers.h"
#include "pipelines/segy/import/packer.h"
#include "pipelines/segy/map/tally.h"
#include "pipelines/segy/picture.h"
#include "pipelines/segy/result.h"
#include "pipelines/segy/survey/reader.h"

#include <math.h>
#include <stdlib.h>

#define BLOCK_BYTES (256u << 10) /* what is read at once: with its converted form half an L2 */

struct worker {
    struct qn_import import;
    struct qn_reader *reader;
    struct qn_zarr_array array;
    const struct qn_sample_converter *converter;
    struct qn_pictures pictures;
    uint64_t block_traces;
    uint8_t *block;
    double *delays; /* of one block */
    float *column;  /* of the picture */
    struct qn_packer *packer;
    struct qn_tiler *tiler; /* NULL before the first tile */
    struct qn_header_writer *headers;
    struct qn_map_tally map;
    struct qn_exception_writer *exceptions;
    struct qn_key_maker *keys;
    struct qn_result result;
    struct qn_buf encoded;
};

/* One task under way. */
struct sweep {
    struct worker *worker;
    struct qn_task_run *run;
    struct qn_segment segment;
    struct qn_gather_finder finder;
};

/* ---- the worker ----------------------------------------------------------------------------- */

static enum qn_status prepare(struct worker *worker, struct qn_error *err)
{
    const struct qn_segy_layout *layout = &worker->import.layout;
    qn_store_amplitude(&worker->import, &worker->array);
    worker->converter = qn_import_converter(&worker->import);
    worker->pictures = qn_pictures_of(layout->trace_count, layout->samples);
    worker->block_traces =
        layout->trace_bytes < BLOCK_BYTES ? BLOCK_BYTES / layout->trace_bytes : 1;
    uint64_t bytes = worker->block_traces * layout->trace_bytes;
    worker->block = qn_sys.malloc(bytes);
    worker->delays = qn_sys.calloc(worker->block_traces, sizeof *worker->delays);
    worker->column = qn_sys.calloc(worker->pictures.section.samples, sizeof *worker->column);
    if (!worker->block || !worker->delays || !worker->column)
        return qn_fail_memory(err, "a block of traces", bytes);
    enum qn_status status =
        qn_packer_new(&worker->import, worker->block_traces, &worker->packer, err);
    if (!status)
        status = qn_header_writer_new(&worker->import, &worker->headers, err);
    if (!status && worker->import.places.midpoint.known)
        status = qn_map_tally_init(&worker->map, worker->import.places.finest, QN_MAP_BINS,
                                   worker->block_traces, err);
    if (!status)
        status = qn_exception_writer_new(&worker->import, &worker->exceptions, err);
    if (!status)
        status = qn_key_maker_new(&worker->import, &worker->keys, err);
    if (!status)
        status = qn_reader_open(&worker->import, &worker->reader, err);
    return status;
}

enum qn_status qn_import_open_worker(const struct qn_job *job, void **out, struct qn_error *err)
{
    *out = NULL;
    struct worker *worker = qn_sys.calloc(1, sizeof *worker);
    if (!worker)
        return qn_fail_memory(err, "a worker", sizeof *worker);
    enum qn_status status = qn_import_decode(job->shared, job->shared_len, &worker->import, err);
    if (!status)
        status = prepare(worker, err);
    if (status)
        qn_import_close_worker(worker);
    else
        *out = worker;
    return status;
}

void qn_import_close_worker(void *opaque)
{
    struct worker *worker = opaque;
    if (!worker)
        return;
    qn_reader_close(worker->reader);
    qn_header_writer_free(worker->headers);
    qn_map_tally_release(&worker->map);
    qn_exception_writer_free(worker->exceptions);
    qn_key_maker_free(worker->keys);
    qn_packer_free(worker->packer);
    qn_tiler_free(worker->tiler);
    qn_result_release(&worker->result);
    qn_buf_release(&worker->encoded);
    free(worker->column);
    free(worker->delays);
    free(worker->block);
    qn_import_release(&worker->import);
    free(worker);
}

/* ---- one block ------------------------------------------------------------------------------ */

static bool holds(const struct qn_trace_range *range, uint64_t trace)
{
    return trace >= range->start && trace < range->end;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Traces of the block that starts at `trace`: all of them have the same use, and lie in one chunk.
 */
static uint64_t block_length(const struct sweep *sweep, uint64_t trace, uint64_t end)
{
    const struct qn_segment *segment = &sweep->segment;
    uint64_t chunk = sweep->worker->import.grid.chunk_traces;
    end = smaller(end, trace + sweep->worker->block_traces);
    end = smaller(end, (trace / chunk + 1) * chunk);
    if (trace < segment->headers.end)
        end = smaller(end, segment->headers.end);
    if (trace < segment->samples.start)
        end = smaller(end, segment->samples.start);
    return end - trace;
}

/* Garbage among the headers is bad input; what only looks odd is counted. */
static enum qn_status check_header(struct sweep *sweep, const struct qn_traces *traces, size_t i,
                                   struct qn_error *err)
{
    struct worker *worker = sweep->worker;
    struct qn_tally *tally = &worker->result.tally;
    const struct qn_survey_file *file = &worker->import.survey.files[qn_traces_file(traces, i)];
    const uint8_t *header = traces->bytes + i * traces->stride;
    if (qn_segy_mark_fits(&file->mark, header))
        return QN_OK;
    uint64_t trace = traces->first + i;
    if (qn_segy_mark_rejects(&file->mark, header)) {
        uint64_t offset = qn_reader_offset(worker->reader, trace);
        return qn_fail_at(err, QN_ERR_INPUT, file->path, (int64_t)offset,
                          "'%s' is damaged: what stands at byte %llu, where trace %llu should "
                          "begin, is no trace header like the others. Get the file again, or "
                          "import what is whole with --salvage.",
                          file->path, (unsigned long long)offset, (unsigned long long)trace);
    }
    if (tally->odd_headers++ == 0)
        tally->first_odd = trace;
    return QN_OK;
}

static void measure_delays(struct worker *worker, const struct qn_traces *traces)
{
    const struct qn_segy_field *delay = &worker->import.roles[QN_ROLE_DELAY];
    struct qn_tally *tally = &worker->result.tally;
    if (delay->byte == 0)
        return;
    qn_segy_scale(delay, worker->import.layout.order, traces->bytes, traces->stride, traces->count,
                  worker->delays);
    for (size_t i = 0; i < traces->count; i++) {
        tally->delay_min = fmin(tally->delay_min, worker->delays[i]);
        tally->delay_max = fmax(tally->delay_max, worker->delays[i]);
    }
}

static enum qn_status take_headers(struct sweep *sweep, const struct qn_traces *traces,
                                   struct qn_error *err)
{
    struct worker *worker = sweep->worker;
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < traces->count && !status; i++)
        status = check_header(sweep, traces, i, err);
    measure_delays(worker, traces);
    worker->result.tally.header_rows += traces->count;
    qn_gather_finder_add(&sweep->finder, traces);
    qn_map_tally_add(&worker->map, &worker->import, traces);
    return status ? status : qn_header_writer_add(worker->headers, traces, err);
}

static void pick_picture(struct worker *worker, const struct qn_picture_grid *grid, uint64_t base,
                         uint64_t trace, const void *row, size_t samples)
{
    struct qn_items *picture = &worker->result.picture;
    int64_t place = qn_picture_place(grid, trace);
    if (place < 0)
        return;
    qn_picture_pick(grid, worker->converter->dtype, row, samples, worker->column);
    qn_buf_u64(&picture->bytes, base + (uint64_t)place);
    qn_buf_append(&picture->bytes, worker->column, grid->samples * sizeof(float));
    picture->count++;
}

/* Converts one trace to a row, fills the row up, and sees what the trace is like. */
static enum qn_status take_trace(struct worker *worker, const struct qn_traces *traces, size_t i,
                                 uint8_t *row, struct qn_error *err)
{
    const struct qn_segy_layout *layout = &worker->import.layout;
    const struct qn_sample_converter *converter = worker->converter;
    const struct qn_pictures *pictures = &worker->pictures;
    struct qn_tally *tally = &worker->result.tally;
    const uint8_t *trace = traces->bytes + i * traces->stride;
    size_t samples = qn_traces_samples(traces, i);
    uint64_t suspects = tally->converted.suspects;
    trace += layout->trace_header_bytes;
    converter->convert(trace, samples, row, &tally->converted);
    if (samples < layout->samples)
        qn_zarr_fill(&worker->array, row + samples * converter->dtype_bytes,
                     layout->samples - samples);
    tally->dead_traces += qn_stats_is_dead(converter->dtype, row, samples);
    pick_picture(worker, &pictures->section, 0, traces->first + i, row, samples);
    pick_picture(worker, &pictures->overview, pictures->section.traces, traces->first + i, row,
                 samples);
    return tally->converted.suspects == suspects
               ? QN_OK
               : qn_exception_writer_add(worker->exceptions, traces->first + i, trace, row, samples,
                                         err);
}

static void add_stats(struct worker *worker, const void *values, size_t count)
{
    struct qn_stats stats;
    qn_stats_block(worker->converter->dtype, values, count, &stats);
    qn_stats_merge(&worker->result.tally.stats, &stats);
}

static enum qn_status take_samples(struct sweep *sweep, const struct qn_traces *traces,
                                   struct qn_error *err)
{
    struct worker *worker = sweep->worker;
    size_t width = worker->import.layout.samples;
    size_t row_bytes = width * worker->converter->dtype_bytes;
    uint8_t *rows = qn_packer_room(worker->packer);
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < traces->count && !status; i++)
        status = take_trace(worker, traces, i, rows + i * row_bytes, err);
    if (status)
        return status;
    if (!traces->lengths)
        add_stats(worker, rows, traces->count * width);
    for (size_t i = 0; i < traces->count && traces->lengths; i++)
        add_stats(worker, rows + i * row_bytes, traces->lengths[i]);
    worker->result.tally.sample_rows += traces->count;
    return qn_packer_push(worker->packer, traces->count, err);
}

static enum qn_status take_block(struct sweep *sweep, uint64_t first, uint64_t n,
                                 struct qn_error *err)
{
    struct worker *worker = sweep->worker;
    struct qn_traces traces;
    enum qn_status status = qn_reader_traces(worker->reader, first, n, worker->block, &traces, err);
    if (!status && holds(&sweep->segment.headers, first))
        status = take_headers(sweep, &traces, err);
    if (!status && holds(&sweep->segment.samples, first))
        status = take_samples(sweep, &traces, err);
    return status;
}

/* ---- the task ------------------------------------------------------------------------------- */

static enum qn_status sweep_traces(struct sweep *sweep, struct qn_error *err)
{
    struct worker *worker = sweep->worker;
    struct qn_trace_range all = qn_segment_reads(&sweep->segment);
    qn_reader_will_read(worker->reader, all.start, all.end - all.start);
    for (uint64_t trace = all.start; trace < all.end;) {
        if (qn_task_cancelled(sweep->run))
            return qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
        uint64_t n = block_length(sweep, trace, all.end);
        enum qn_status status = take_block(sweep, trace, n, err);
        if (status)
            return status;
        trace += n;
        qn_task_progress(sweep->run, worker->result.tally.header_rows);
    }
    return QN_OK;
}

static enum qn_status finish(struct sweep *sweep, struct qn_error *err)
{
    struct worker *worker = sweep->worker;
    struct qn_tally *tally = &worker->result.tally;
    qn_gather_finder_end(&sweep->finder);
    enum qn_status status = qn_header_writer_end(worker->headers, err);
    if (!status)
        status = qn_exception_writer_end(worker->exceptions, tally, err);
    if (status)
        return status;
    tally->stored_bytes += qn_packer_end(worker->packer);
    if (worker->import.places.midpoint.known) {
        qn_map_tally_encode(&worker->map, &worker->result.map.bytes);
        worker->result.map.count = 1;
    }
    qn_buf_clear(&worker->encoded);
    qn_result_encode(&worker->result, &worker->encoded);
    if (worker->encoded.failed)
        return qn_fail_memory(err, "the result of a segment", worker->encoded.len);
    return qn_task_result(sweep->run, worker->encoded.data, worker->encoded.len, err);
}

/* Samples that the task converts, if its traces are all as long as the longest. */
static uint64_t sample_count(const struct sweep *sweep)
{
    const struct qn_trace_range *range = &sweep->segment.samples;
    return (range->end - range->start) * sweep->worker->import.layout.samples;
}

static enum qn_status run_segment(struct worker *worker, struct qn_task_run *run,
                                  struct qn_error *err)
{
    struct sweep sweep = {.worker = worker, .run = run};
    enum qn_status status =
        qn_segment_decode(&worker->import, qn_task_of(run), &sweep.segment, err);
    if (status)
        return status;
    qn_result_clear(&worker->result);
    if (worker->import.places.midpoint.known)
        qn_map_tally_clear(&worker->map);
    qn_gather_finder_init(&sweep.finder, worker->keys, qn_key_bytes(&worker->import),
                          &worker->result.runs);
    qn_packer_begin(worker->packer, run, sweep.segment.samples.start);
    qn_exception_writer_begin(worker->exceptions, run, sample_count(&sweep),
                              &worker->result.exceptions);
    status = qn_header_writer_begin(worker->headers, run,
                                    sweep.segment.headers.end - sweep.segment.headers.start,
                                    &worker->result, err);
    if (!status)
        status = sweep_traces(&sweep, err);
    return status ? status : finish(&sweep, err);
}

static enum qn_status run_tile(struct worker *worker, struct qn_task_run *run, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    if (!worker->tiler)
        status = qn_tiler_new(&worker->import, worker->reader, &worker->tiler, err);
    return status ? status : qn_tiler_run(worker->tiler, run, err);
}

enum qn_status qn_import_run_task(void *opaque, struct qn_task_run *run, struct qn_error *err)
{
    return qn_task_kind(qn_task_of(run)) == QN_TASK_TILE ? run_tile(opaque, run, err)
                                                         : run_segment(opaque, run, err);
}
