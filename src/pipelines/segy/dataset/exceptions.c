/* Exceptions found by tasks and glued into a table: see exceptions.h. */
#include "pipelines/segy/dataset/exceptions.h"

#include "base/sys.h"
#include "compute/encode.h"
#include "pipelines/segy/dataset/table.h"

#include <stdlib.h>
#include <string.h>

#define GROUP_ROWS  65536u
#define FREE_ROWS   65536u /* of a segment, whatever part of its samples that is */
#define LIMIT_PART  100u   /* beyond those one sample in so many */
#define GAIN_FORMAT 4

static const struct qn_parquet_column exception_columns[3] = {
    [QN_EXCEPTION_TRACE] = {.name = QN_TRACE_INDEX, .type = QN_PQ_INT64},
    [QN_EXCEPTION_SAMPLE] = {.name = "sample", .type = QN_PQ_UINT32},
    [QN_EXCEPTION_BITS] = {.name = "bits", .type = QN_PQ_UINT64},
};

struct qn_exception_writer {
    const struct qn_import *import;
    struct qn_encoder encoder;
    size_t sample_bytes;
    uint8_t *encoded; /* one trace */
    int64_t *trace;   /* rows, made when the first is needed */
    uint32_t *sample;
    uint64_t *bits;
    size_t count;
    struct qn_parquet_writer *parquet;
    struct qn_buf bytes;
    struct qn_buf meta;

    struct qn_task_run *run;
    struct qn_output *part; /* NULL: none yet; owned by the attempt */
    struct qn_items *groups;
    uint64_t limit; /* rows of the task */
    uint64_t found;
};

/* ---- in a task ------------------------------------------------------------------------------ */

void qn_exception_writer_free(struct qn_exception_writer *writer)
{
    if (!writer)
        return;
    qn_parquet_writer_free(writer->parquet);
    qn_buf_release(&writer->bytes);
    qn_buf_release(&writer->meta);
    free(writer->encoded);
    free(writer->trace);
    free(writer->sample);
    free(writer->bits);
    free(writer);
}

enum qn_status qn_exception_writer_new(const struct qn_import *import,
                                       struct qn_exception_writer **out, struct qn_error *err)
{
    struct qn_exception_writer *writer = *out = qn_sys.calloc(1, sizeof *writer);
    if (!writer)
        return qn_fail_memory(err, "an exception writer", sizeof *writer);
    writer->import = import;
    writer->sample_bytes = import->layout.sample_bytes;
    writer->encoder = (struct qn_encoder){.dtype = qn_import_converter(import)->dtype,
                                          .format = import->layout.format,
                                          .order = import->layout.sample_order,
                                          .inverse_gain = import->inverse_gain,
                                          .scale = 1};
    return QN_OK;
}

/* Most imports never need this. */
static enum qn_status make_room(struct qn_exception_writer *writer, struct qn_error *err)
{
    if (writer->encoded)
        return QN_OK;
    size_t bytes = (size_t)writer->import->layout.samples * writer->sample_bytes;
    writer->trace = qn_sys.calloc(GROUP_ROWS, sizeof *writer->trace);
    writer->sample = qn_sys.calloc(GROUP_ROWS, sizeof *writer->sample);
    writer->bits = qn_sys.calloc(GROUP_ROWS, sizeof *writer->bits);
    writer->encoded = qn_sys.malloc(bytes);
    if (!writer->trace || !writer->sample || !writer->bits || !writer->encoded)
        return qn_fail_memory(err, "exceptions", bytes + GROUP_ROWS * sizeof(struct qn_exception));
    return qn_parquet_writer_new(&writer->parquet, exception_columns, 3, NULL, err);
}

void qn_exception_writer_begin(struct qn_exception_writer *writer, struct qn_task_run *run,
                               uint64_t samples, struct qn_items *groups)
{
    bool limited = writer->encoder.format != GAIN_FORMAT;
    writer->run = run;
    writer->part = NULL;
    writer->groups = groups;
    writer->count = 0;
    writer->found = 0;
    writer->limit = limited ? FREE_ROWS + samples / LIMIT_PART : UINT64_MAX;
}

static enum qn_status flush(struct qn_exception_writer *writer, struct qn_error *err)
{
    struct qn_parquet_values values[3] = {[QN_EXCEPTION_TRACE] = {.values = writer->trace},
                                          [QN_EXCEPTION_SAMPLE] = {.values = writer->sample},
                                          [QN_EXCEPTION_BITS] = {.values = writer->bits}};
    enum qn_status status = QN_OK;
    if (!writer->part) {
        char path[QN_PART_PATH];
        qn_table_part("exceptions", qn_task_of(writer->run)->index, path);
        status = qn_task_create(writer->run, path, &writer->part, err);
    }
    qn_buf_clear(&writer->bytes);
    qn_buf_clear(&writer->meta);
    if (!status)
        status = qn_parquet_encode_group(writer->parquet, values, writer->count, &writer->bytes,
                                         &writer->meta, err);
    if (!status)
        status =
            qn_table_put_group(writer->part, &writer->bytes, &writer->meta, writer->groups, err);
    writer->count = 0;
    return status;
}

static uint64_t number_of(const uint8_t *sample, size_t bytes, enum qn_byte_order order)
{
    uint64_t number = 0;
    for (size_t i = 0; i < bytes; i++)
        number = number << 8 | sample[order == QN_BIG_ENDIAN ? i : bytes - 1 - i];
    return number;
}

static enum qn_status add_row(struct qn_exception_writer *writer, uint64_t trace, size_t sample,
                              uint64_t bits, struct qn_error *err)
{
    if (++writer->found > writer->limit)
        return QN_OK;
    writer->trace[writer->count] = (int64_t)trace;
    writer->sample[writer->count] = (uint32_t)sample;
    writer->bits[writer->count] = bits;
    return ++writer->count == GROUP_ROWS ? flush(writer, err) : QN_OK;
}

enum qn_status qn_exception_writer_add(struct qn_exception_writer *writer, uint64_t trace,
                                       const uint8_t *source, const void *values, size_t samples,
                                       struct qn_error *err)
{
    size_t bytes = writer->sample_bytes;
    if (writer->found > writer->limit)
        return QN_OK;
    enum qn_status status = make_room(writer, err);
    if (status)
        return status;
    qn_encode(&writer->encoder, values, samples, writer->encoded, NULL);
    for (size_t i = 0; i < samples && !status; i++) {
        const uint8_t *sample = source + i * bytes;
        if (memcmp(sample, writer->encoded + i * bytes, bytes))
            status =
                add_row(writer, trace, i, number_of(sample, bytes, writer->encoder.order), err);
    }
    return status;
}

enum qn_status qn_exception_writer_end(struct qn_exception_writer *writer, struct qn_tally *tally,
                                       struct qn_error *err)
{
    bool kept = writer->found <= writer->limit;
    enum qn_status status = QN_OK;
    if (kept && writer->count > 0)
        status = flush(writer, err);
    if (!kept) {
        writer->groups->count = 0;
        qn_buf_clear(&writer->groups->bytes);
        qn_output_discard(writer->part);
    } else if (writer->part && !status) {
        status = qn_output_commit(writer->part, err);
    }
    writer->part = NULL;
    tally->exceptions += writer->found;
    tally->unkept_segments += !kept;
    return status;
}

/* ---- glue ----------------------------------------------------------------------------------- */

static enum qn_status append_all(struct qn_glue *glue, struct qn_table *table, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (uint64_t i = 0; i < qn_glue_count(glue) && !status; i++) {
        struct qn_result_view view;
        char path[QN_PART_PATH];
        bool done;
        if (qn_glue_cancelled(glue))
            return qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
        status = qn_result_of_task(glue, i, &view, &done, err);
        qn_table_part("exceptions", i, path);
        if (!status && done)
            status = qn_table_append(table, glue, path, view.exception_count, view.exceptions, err);
    }
    return status;
}

enum qn_status qn_exceptions_glue(struct qn_glue *glue, const struct qn_tally *tally,
                                  struct qn_error *err)
{
    struct qn_table table = {0};
    if (tally->exceptions == 0 || tally->unkept_segments > 0)
        return QN_OK;
    enum qn_status status =
        qn_table_begin(&table, glue, QN_EXCEPTIONS_FILE, exception_columns, 3, err);
    if (!status)
        status = append_all(glue, &table, err);
    if (!status)
        status = qn_parquet_footer_sorted(table.footer, QN_EXCEPTION_TRACE, err);
    if (!status)
        status = qn_parquet_footer_sorted(table.footer, QN_EXCEPTION_SAMPLE, err);
    if (!status)
        status = qn_table_end(&table, err);
    qn_table_release(&table);
    return status;
}
