/* Verifying an import beyond the manifest's hashes: every chunk is unpacked, every page checked,
 * rows are counted, and where the source file is still there, every sample and header value is
 * made anew from it and compared. */
#include "pipelines/segy/import/steps.h"

#include "base/sys.h"
#include "pipelines/opened.h"
#include "pipelines/segy/dataset/chunk_file.h"
#include "pipelines/segy/dataset/store.h"
#include "pipelines/segy/dataset/table.h"
#include "pipelines/segy/grid/verify.h"
#include "pipelines/segy/survey/columns.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES (1u << 20) /* of the source, read at once */

struct verifying {
    struct qn_verify *verify;
    const char *root;
    struct qn_import import;
    struct qn_reader *reader; /* NULL: the source is not there */
    struct qn_zarr_array array;
    struct qn_chunk_file file; /* of the store */
    size_t row_bytes;
    uint8_t *chunk;    /* as stored, unpacked */
    uint8_t *expected; /* as the source says */
    uint8_t *block;    /* of the source */
    uint64_t block_traces;
    uint64_t chunks;
    uint64_t traces;
    uint64_t rows;
};

static enum qn_status prepare(struct verifying *v, struct qn_error *err)
{
    const struct qn_segy_layout *layout = &v->import.layout;
    qn_store_amplitude(&v->import, &v->array);
    enum qn_status status = qn_chunk_file_init(&v->file, &v->array, v->root, err);
    if (status)
        return status;
    size_t bytes = qn_zarr_chunk_bytes(&v->array);
    v->row_bytes = bytes / v->import.grid.chunk_traces;
    v->block_traces = layout->trace_bytes < BLOCK_BYTES ? BLOCK_BYTES / layout->trace_bytes : 1;
    v->chunk = qn_sys.malloc(bytes);
    v->expected = qn_sys.malloc(bytes);
    v->block = qn_sys.malloc(v->block_traces * layout->trace_bytes);
    if (!v->chunk || !v->expected || !v->block)
        return qn_fail_memory(err, "a chunk", 2 * bytes);
    return QN_OK;
}

static void release(struct verifying *v)
{
    qn_reader_close(v->reader);
    qn_chunk_file_release(&v->file);
    free(v->chunk);
    free(v->expected);
    free(v->block);
    qn_import_release(&v->import);
}

/* Opens the source if its files are still those that were imported. */
static void find_source(struct verifying *v)
{
    struct qn_error cause;
    enum qn_status status = qn_reader_open(&v->import, &v->reader, &cause);
    if (!status)
        status = qn_reader_check(v->reader, &cause);
    if (!status)
        return;
    qn_verify_note(v->verify, "not compared with the source: %s", cause.message);
    qn_reader_close(v->reader);
    v->reader = NULL;
}

/* ---- samples -------------------------------------------------------------------------------- */

/* The chunk that starts at trace `first`, as the source has it, padded like a stored one. */
static enum qn_status make_expected(struct verifying *v, uint64_t first, uint64_t n,
                                    struct qn_error *err)
{
    const struct qn_segy_layout *layout = &v->import.layout;
    const struct qn_sample_converter *converter = qn_import_converter(&v->import);
    struct qn_convert_counts counts = {0};
    for (uint64_t done = 0; done < n;) {
        uint64_t now = n - done < v->block_traces ? n - done : v->block_traces;
        struct qn_traces traces;
        enum qn_status status =
            qn_reader_traces(v->reader, first + done, now, v->block, &traces, err);
        if (status)
            return status;
        for (uint64_t i = 0; i < now; i++) {
            uint8_t *row = v->expected + (done + i) * v->row_bytes;
            size_t samples = qn_traces_samples(&traces, i);
            converter->convert(traces.bytes + i * traces.stride + layout->trace_header_bytes,
                               samples, row, &counts);
            qn_zarr_fill(&v->array, row + samples * converter->dtype_bytes,
                         layout->samples - samples);
        }
        done += now;
    }
    qn_zarr_fill(&v->array, v->expected + n * v->row_bytes,
                 (v->import.grid.chunk_traces - n) * layout->samples);
    return QN_OK;
}

static enum qn_status compare_chunk(struct verifying *v, const char *path, uint64_t first,
                                    uint64_t n, uint64_t offset, struct qn_error *err)
{
    enum qn_status status = make_expected(v, first, n, err);
    for (uint64_t i = 0; i < v->import.grid.chunk_traces && !status; i++) {
        if (memcmp(v->chunk + i * v->row_bytes, v->expected + i * v->row_bytes, v->row_bytes)) {
            qn_verify_finding(v->verify, path, (int64_t)offset,
                              "trace %" PRIu64 " differs from the source file", first + i);
            break;
        }
    }
    return status;
}

/* One chunk of a file. Damage is a finding; what fails is reading the source. */
static enum qn_status check_chunk(struct verifying *v, const char *path, uint64_t first, uint64_t n,
                                  struct qn_error *err)
{
    size_t slot = (size_t)(first / v->import.grid.chunk_traces % v->file.slots);
    uint64_t offset = v->file.spans[slot].offset;
    struct qn_error cause = {0};
    if (qn_chunk_file_read(&v->file, slot, v->chunk, &cause)) {
        qn_verify_finding(v->verify, path, offset == QN_ZARR_MISSING ? -1 : (int64_t)offset,
                          "the chunk of trace %" PRIu64 " cannot be read: %s", first,
                          cause.message);
        return QN_OK;
    }
    v->chunks++;
    v->traces += n;
    return v->reader ? compare_chunk(v, path, first, n, offset, err) : QN_OK;
}

/* The chunks of one file that hold the traces of `range`. */
static enum qn_status check_file(struct verifying *v, struct qn_trace_range range,
                                 struct qn_error *err)
{
    char path[QN_STORE_PATH];
    uint64_t chunk = v->import.grid.chunk_traces;
    struct qn_error cause = {0};
    enum qn_status status = QN_OK;
    qn_store_path(&v->array, range.start, path);
    if (qn_chunk_file_open(&v->file, path, &cause)) {
        qn_verify_finding(v->verify, path, -1, "%s", cause.message);
        return QN_OK;
    }
    for (uint64_t first = range.start; first < range.end && !status; first += chunk)
        status =
            check_chunk(v, path, first, range.end - first < chunk ? range.end - first : chunk, err);
    return status;
}

static enum qn_status check_samples(struct verifying *v, const struct qn_segment *segment,
                                    struct qn_error *err)
{
    uint64_t shard = v->import.grid.shard_traces;
    struct qn_trace_range range = segment->samples;
    enum qn_status status = QN_OK;
    while (range.start < range.end && !status) {
        struct qn_trace_range file = {range.start, (range.start / shard + 1) * shard};
        file.end = file.end < range.end ? file.end : range.end;
        status = check_file(v, file, err);
        range.start = file.end;
        qn_verify_progress(v->verify, v->traces * v->row_bytes,
                           v->import.layout.trace_count * v->row_bytes);
    }
    return status;
}

/* ---- headers -------------------------------------------------------------------------------- */

/* headers.parquet beside the rows that it should have. */
struct header_check {
    struct verifying *v;
    struct qn_parquet_file *file;
    struct qn_rows rows; /* of one group, made from the source */
    struct qn_buf values;
    struct qn_buf valid;
    uint64_t group_start; /* first row of the group */
};

static int32_t narrow_value(const struct qn_column *column, uint64_t i)
{
    switch (column->dtype) {
    case QN_INT8:
        return ((const int8_t *)column->values)[i];
    case QN_INT16:
        return ((const int16_t *)column->values)[i];
    case QN_UINT8:
        return ((const uint8_t *)column->values)[i];
    default:
        return ((const uint16_t *)column->values)[i];
    }
}

/* Value `i` of a column as headers.parquet stores it: narrow integers take four bytes, and `wide`;
 * no value is 0. */
static const void *stored_value(const struct qn_column *column, uint64_t i, int32_t *wide,
                                size_t *len)
{
    *len = column->bytes;
    if (column->bytes >= sizeof *wide)
        return (const uint8_t *)column->values + i * column->bytes;
    *wide = narrow_value(column, i);
    *len = sizeof *wide;
    return wide;
}

static void compare_column(struct header_check *check, const struct qn_column *column)
{
    for (uint64_t i = 0; i < check->rows.count; i++) {
        int32_t wide;
        size_t len;
        const void *expected = stored_value(column, i, &wide, &len);
        bool valid = !column->valid || column->valid[i];
        if (check->values.len < (i + 1) * len || check->valid.len <= i ||
            memcmp(check->values.data + i * len, expected, len) != 0 ||
            (check->valid.data[i] != 0) != valid) {
            qn_verify_finding(check->v->verify, QN_HEADERS_FILE, -1,
                              "column '%s', row %" PRIu64 " differs from the source file",
                              column->name, check->group_start + i);
            return;
        }
    }
}

/* Fills the rows with `n` traces from number `first` on, out of the source. */
static enum qn_status make_rows(struct header_check *check, uint64_t first, uint64_t n,
                                struct qn_error *err)
{
    struct verifying *v = check->v;
    enum qn_status status = qn_rows_reserve(&check->rows, n, err);
    check->rows.count = 0;
    while (n > 0 && !status) {
        uint64_t now = n < v->block_traces ? n : v->block_traces;
        struct qn_traces traces;
        status = qn_reader_traces(v->reader, first, now, v->block, &traces, err);
        if (!status)
            qn_rows_append(&check->rows, &traces);
        first += now;
        n -= now;
    }
    return status;
}

static enum qn_status check_group(struct header_check *check, size_t group, struct qn_error *err)
{
    uint64_t n = qn_parquet_group_rows(check->file, group);
    int64_t first;
    qn_buf_clear(&check->values);
    enum qn_status status =
        qn_parquet_read_column(check->file, group, 0, &check->values, NULL, err);
    if (status || check->values.len < sizeof first)
        return status;
    memcpy(&first, check->values.data, sizeof first);
    if (first < 0 || (uint64_t)first > check->v->import.layout.trace_count ||
        n > check->v->import.layout.trace_count - (uint64_t)first)
        return qn_fail(err, QN_ERR_CORRUPT, "row group %zu starts at trace %lld.", group,
                       (long long)first);
    status = make_rows(check, (uint64_t)first, n, err);
    for (size_t c = 0; c < check->rows.column_count && !status; c++) {
        qn_buf_clear(&check->values);
        qn_buf_clear(&check->valid);
        status = qn_parquet_read_column(check->file, group, c, &check->values, &check->valid, err);
        if (!status)
            compare_column(check, &check->rows.columns[c]);
    }
    check->group_start += n;
    return status;
}

static enum qn_status check_table(struct header_check *check, struct qn_error *err)
{
    struct verifying *v = check->v;
    uint64_t pages;
    enum qn_status status = qn_parquet_check(check->file, &pages, err);
    if (status)
        return status;
    if (qn_parquet_rows(check->file) != v->rows)
        qn_verify_finding(v->verify, QN_HEADERS_FILE, -1, "%llu rows, not %llu",
                          (unsigned long long)qn_parquet_rows(check->file),
                          (unsigned long long)v->rows);
    status = qn_rows_init(&check->rows, &v->import, err);
    if (!status && qn_parquet_columns(check->file) != check->rows.column_count)
        qn_verify_finding(v->verify, QN_HEADERS_FILE, -1, "%zu columns, not %zu",
                          qn_parquet_columns(check->file), check->rows.column_count);
    else if (v->reader)
        for (size_t g = 0; g < qn_parquet_groups(check->file) && !status; g++)
            status = check_group(check, g, err);
    qn_verify_note(v->verify, "%s: %llu rows, %llu pages: checksums right%s", QN_HEADERS_FILE,
                   (unsigned long long)qn_parquet_rows(check->file), (unsigned long long)pages,
                   v->reader ? ", all values compared with the source" : "");
    return status;
}

/* Damage is a finding, not a failure of verifying. */
static void check_headers(struct verifying *v)
{
    struct header_check check = {.v = v};
    struct qn_opened opened;
    struct qn_error cause = {0};
    enum qn_status status = qn_opened_table(&opened, v->root, QN_HEADERS_FILE, &cause);
    check.file = opened.file;
    if (!status)
        status = check_table(&check, &cause);
    if (status)
        qn_verify_finding(v->verify, QN_HEADERS_FILE, cause.offset, "%s", cause.message);
    qn_opened_close(&opened);
    qn_rows_release(&check.rows);
    qn_buf_release(&check.values);
    qn_buf_release(&check.valid);
}

/* ---- all ------------------------------------------------------------------------------------ */

static enum qn_status check_tasks(struct verifying *v, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (uint64_t i = 0; i < qn_verify_count(v->verify) && !status; i++) {
        struct qn_segment segment;
        bool done;
        const struct qn_task *task = qn_verify_task(v->verify, i, &done);
        if (!done || qn_task_kind(task) != QN_TASK_SEGMENT)
            continue;
        status = qn_segment_decode(&v->import, task, &segment, err);
        v->rows += segment.headers.end - segment.headers.start;
        if (!status && !v->import.no_traces)
            status = check_samples(v, &segment, err);
    }
    return status;
}

enum qn_status qn_import_verify(struct qn_verify *verify, struct qn_error *err)
{
    const struct qn_job *job = qn_verify_job(verify);
    struct verifying v = {.verify = verify, .root = job->directory};
    enum qn_status status = qn_import_decode(job->shared, job->shared_len, &v.import, err);
    if (!status)
        status = prepare(&v, err);
    if (!status) {
        find_source(&v);
        status = check_tasks(&v, err);
    }
    if (!status)
        status = qn_grid_verify(verify, &v.import, v.reader, err);
    if (!status && !v.import.no_traces)
        qn_verify_note(verify, "%s: %llu chunks with %llu traces unpacked%s", QN_AMPLITUDE,
                       (unsigned long long)v.chunks, (unsigned long long)v.traces,
                       v.reader ? ", every sample compared with the source" : "");
    if (!status)
        check_headers(&v);
    release(&v);
    return status;
}
