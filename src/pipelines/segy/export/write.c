/* Writing an exported file: see export.h. Each chunk of the dataset that holds selected traces is a
 * unit of work, whose place in the file is known beforehand; threads take units in their order and
 * write to disjoint places, so that the bytes do not depend on how many there are. Memory: one
 * chunk and one block a thread, and the row groups of headers that are in use. */
#include "pipelines/segy/export/export.h"

#include "base/fresh.h"
#include "base/io.h"
#include "base/parallel.h"
#include "base/sys.h"
#include "engine/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES (256u << 10) /* written at once: with what it is made of, half an L2 */
#define COPY_BYTES  (1u << 20)

/* Selected traces of one chunk. */
struct unit {
    struct qn_trace_range traces; /* from the first to the last of them */
    uint64_t offset;              /* of the first one in the file to be written */
};

/* What a thread needs. */
struct hand {
    struct qn_dataset_reader *reader;
    uint8_t *block;    /* block_traces of the longest */
    uint32_t *lengths; /* as many */
    size_t traces;     /* in the block */
    size_t len;        /* their bytes */
    uint64_t offset;   /* of the block in the file */
    struct qn_encode_counts counts;
};

struct writing {
    const struct qn_export *export;
    struct unit *units;
    size_t unit_count;
    uint64_t end; /* of the last trace in the file */
    struct hand *hands;
    unsigned hand_count;
    size_t block_traces;
    struct qn_fresh_file file;
};

/* ---- units ---------------------------------------------------------------------------------- */

/* Bytes of the selected traces of a unit. */
static enum qn_status unit_bytes(struct writing *w, struct qn_trace_range traces, uint64_t *bytes,
                                 struct qn_error *err)
{
    const struct qn_export *export = w->export;
    const struct qn_segy_layout *layout = &export->layout;
    struct qn_trace_range run;
    *bytes = qn_selection_count(&export->selection, traces.start, traces.end) * layout->trace_bytes;
    if (!layout->variable)
        return QN_OK;
    *bytes = 0;
    for (uint64_t at = traces.start; qn_selection_run(&export->selection, at, traces.end, &run);) {
        uint64_t count = run.end - run.start;
        count = count < w->block_traces ? count : w->block_traces;
        struct hand *hand = &w->hands[0];
        enum qn_status status =
            qn_dataset_lengths(hand->reader, run.start, count, hand->lengths, err);
        if (status)
            return status;
        for (uint64_t i = 0; i < count; i++)
            *bytes +=
                layout->trace_header_bytes + (uint64_t)hand->lengths[i] * layout->sample_bytes;
        at = run.start + count;
    }
    return QN_OK;
}

static enum qn_status plan_units(struct writing *w, struct qn_error *err)
{
    const struct qn_export *export = w->export;
    const struct qn_dataset *dataset = export->dataset;
    uint64_t chunk = dataset->array.chunk[dataset->trace_dim];
    const struct qn_trace_range *range = &export->selection.range;
    size_t most = (size_t)((range->end - 1) / chunk - range->start / chunk + 1);
    w->end = export->head.len;
    w->units = qn_sys.calloc(most, sizeof *w->units);
    if (!w->units)
        return qn_fail_memory(err, "the list of chunks", most * sizeof *w->units);
    for (uint64_t start = range->start; start < range->end;) {
        struct unit *unit = &w->units[w->unit_count];
        uint64_t end = (start / chunk + 1) * chunk;
        uint64_t bytes;
        unit->traces = (struct qn_trace_range){start, end < range->end ? end : range->end};
        unit->offset = w->end;
        if (qn_verb_cancelled())
            return qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
        enum qn_status status = unit_bytes(w, unit->traces, &bytes, err);
        if (status)
            return status;
        w->unit_count += bytes > 0;
        w->end += bytes;
        start = unit->traces.end;
    }
    return QN_OK;
}

/* ---- one unit ------------------------------------------------------------------------------- */

static enum qn_status flush(struct writing *w, struct hand *hand, struct qn_error *err)
{
    enum qn_status status =
        qn_write_at(w->file.fd, w->file.temporary, hand->block, hand->len, hand->offset, err);
    hand->offset += hand->len;
    hand->len = 0;
    hand->traces = 0;
    return status;
}

/* The traces of `run` that are read at once, behind those in the block. *count: how many. */
static enum qn_status put_traces(struct writing *w, struct hand *hand, struct qn_trace_range run,
                                 uint64_t *count, struct qn_error *err)
{
    const uint32_t *lengths;
    size_t bytes;
    *count = run.end - run.start;
    if (*count > w->block_traces - hand->traces)
        *count = w->block_traces - hand->traces;
    enum qn_status status =
        qn_dataset_traces(hand->reader, &w->export->form, run.start, count, hand->block + hand->len,
                          &lengths, &bytes, &hand->counts, err);
    if (status)
        return status;
    hand->traces += *count;
    hand->len += bytes;
    return hand->traces == w->block_traces ? flush(w, hand, err) : QN_OK;
}

static enum qn_status write_unit(void *context, unsigned thread, uint64_t item,
                                 struct qn_error *err)
{
    struct writing *w = context;
    struct hand *hand = &w->hands[thread];
    const struct unit *unit = &w->units[item];
    struct qn_trace_range run;
    enum qn_status status = QN_OK;
    hand->offset = unit->offset;
    hand->len = hand->traces = 0;
    for (uint64_t at = unit->traces.start, count;
         !status && qn_selection_run(&w->export->selection, at, unit->traces.end, &run);
         at = run.start + count) {
        if (qn_verb_cancelled())
            return qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
        status = put_traces(w, hand, run, &count, err);
    }
    return status ? status : flush(w, hand, err);
}

static bool tell(void *context, uint64_t done)
{
    const struct writing *w = context;
    uint64_t traces = w->export->selection.count;
    uint64_t part =
        w->unit_count ? (uint64_t)((double)traces * (double)done / (double)w->unit_count) : 0;
    qn_verb_progress("export", "traces", done == w->unit_count ? traces : part, traces);
    return qn_verb_cancelled();
}

/* ---- threads -------------------------------------------------------------------------------- */

static enum qn_status make_hands(struct writing *w, unsigned threads, struct qn_error *err)
{
    uint64_t trace_bytes = w->export->layout.trace_bytes;
    w->block_traces = trace_bytes < BLOCK_BYTES ? (size_t)(BLOCK_BYTES / trace_bytes) : 1;
    w->hands = qn_sys.calloc(threads, sizeof *w->hands);
    if (!w->hands)
        return qn_fail_memory(err, "threads", threads * sizeof *w->hands);
    for (; w->hand_count < threads; w->hand_count++) {
        struct hand *hand = &w->hands[w->hand_count];
        hand->lengths = qn_sys.calloc(w->block_traces, sizeof *hand->lengths);
        hand->block = qn_sys.malloc(w->block_traces * trace_bytes);
        enum qn_status status = qn_dataset_reader_new(w->export->dataset, &hand->reader, err);
        if (!status && (!hand->lengths || !hand->block))
            status = qn_fail_memory(err, "a block of traces", w->block_traces * trace_bytes);
        if (status) {
            w->hand_count++; /* to be released */
            return status;
        }
    }
    return QN_OK;
}

static void release(struct writing *w)
{
    for (unsigned i = 0; i < w->hand_count; i++) {
        struct hand *hand = &w->hands[i];
        qn_dataset_reader_free(hand->reader);
        free(hand->lengths);
        free(hand->block);
    }
    free(w->hands);
    free(w->units);
    qn_fresh_discard(&w->file);
}

/* ---- the file ------------------------------------------------------------------------------- */

static uint64_t tail_bytes(const struct qn_export *export)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < export->tail_count; i++)
        bytes += export->tail[i].bytes;
    return bytes;
}

static enum qn_status check_space(const struct writing *w, const char *path, struct qn_error *err)
{
    uint64_t wanted = w->end + tail_bytes(w->export);
    uint64_t there = qn_machine_free_space(path);
    if (there == 0 || there >= wanted)
        return QN_OK;
    return qn_fail_at(
        err, QN_ERR_SPACE, path, -1,
        "'%s' will have %.1f MB, but only %.1f MB are free there. Free some space, or "
        "write to another disk.",
        path, (double)wanted / 1e6, (double)there / 1e6);
}

/* Copies the pieces behind the last trace. */
static enum qn_status write_tail(struct writing *w, struct qn_error *err)
{
    uint64_t at = w->end;
    uint8_t *bytes = w->export->tail_count ? qn_sys.malloc(COPY_BYTES) : NULL;
    enum qn_status status = QN_OK;
    if (w->export->tail_count && !bytes)
        return qn_fail_memory(err, "a piece of the file", COPY_BYTES);
    for (size_t i = 0; i < w->export->tail_count && !status; i++) {
        const struct qn_dataset_piece *piece = &w->export->tail[i];
        char path[PATH_MAX];
        int fd = -1;
        snprintf(path, sizeof path, "%s/%s", w->export->dataset->root, piece->path);
        status = qn_open_read(path, &fd, err);
        for (uint64_t done = 0; done < piece->bytes && !status;) {
            uint64_t left = piece->bytes - done;
            size_t now = left < COPY_BYTES ? (size_t)left : COPY_BYTES;
            status = qn_read_at(fd, path, bytes, now, done, err);
            if (!status)
                status = qn_write_at(w->file.fd, w->file.temporary, bytes, now, at, err);
            done += now;
            at += now;
        }
        if (fd >= 0)
            qn_sys.close(fd);
    }
    free(bytes);
    return status;
}

static enum qn_status write_all(struct writing *w, struct qn_error *err)
{
    const struct qn_buf *head = &w->export->head;
    struct qn_parallel job = {.count = w->unit_count,
                              .threads = w->hand_count,
                              .context = w,
                              .run = write_unit,
                              .tick = tell};
    enum qn_status status =
        qn_write_at(w->file.fd, w->file.temporary, head->data, head->len, 0, err);
    if (!status)
        status = qn_parallel_run(&job, err);
    return status ? status : write_tail(w, err);
}

enum qn_status qn_export_write(const struct qn_export *export, const char *path, bool overwrite,
                               unsigned threads, struct qn_export_result *result,
                               struct qn_error *err)
{
    struct writing w = {.export = export, .file = {.fd = -1}};
    *result = (struct qn_export_result){0};
    enum qn_status status = qn_fresh_open(&w.file, path, overwrite, err);
    if (!status)
        status = make_hands(&w, threads, err);
    if (!status)
        status = plan_units(&w, err);
    if (!status)
        status = check_space(&w, path, err);
    if (!status)
        status = write_all(&w, err);
    if (!status)
        status = qn_fresh_finish(&w.file, err);
    for (unsigned i = 0; i < w.hand_count; i++)
        qn_encode_merge(&result->counts, &w.hands[i].counts);
    result->bytes = w.end + tail_bytes(export);
    release(&w);
    return status;
}
