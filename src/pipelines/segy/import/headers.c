/* Row groups of trace headers, written by tasks and glued under one footer: see headers.h. */
#include "pipelines/segy/import/headers.h"

#include "base/sys.h"
#include "pipelines/segy/dataset/table.h"
#include "pipelines/segy/scan/header_checks.h"
#include "pipelines/segy/scan/header_story.h"

#include <stdlib.h>
#include <string.h>

#define GROUP_BYTES (48u << 20) /* of a row group in memory */

struct qn_header_writer {
    struct qn_rows rows;
    struct qn_parquet_column *columns;
    struct qn_parquet_values *values;
    struct qn_parquet_writer *parquet;
    struct qn_buf bytes;
    struct qn_buf meta;

    struct qn_header_checks checks;

    uint64_t group_rows;      /* of all row groups of the task but the last */
    struct qn_output *part;   /* owned by the attempt */
    struct qn_result *result; /* of the task */
};

/* ---- in a task ------------------------------------------------------------------------------ */

void qn_header_writer_free(struct qn_header_writer *writer)
{
    if (!writer)
        return;
    qn_parquet_writer_free(writer->parquet);
    free(writer->rows.faults);
    qn_rows_release(&writer->rows);
    qn_header_checks_release(&writer->checks);
    qn_buf_release(&writer->bytes);
    qn_buf_release(&writer->meta);
    free(writer->columns);
    free(writer->values);
    free(writer);
}

static enum qn_status prepare(struct qn_header_writer *writer, const struct qn_import *import,
                              struct qn_error *err)
{
    enum qn_status status = qn_rows_init(&writer->rows, import, err);
    if (status)
        return status;
    size_t count = writer->rows.column_count;
    writer->values = qn_sys.calloc(count, sizeof *writer->values);
    writer->rows.faults = qn_sys.calloc(import->computed_count + 1, sizeof *writer->rows.faults);
    if (!writer->values || !writer->rows.faults)
        return qn_fail_memory(err, "the header columns", count * sizeof *writer->values);
    status = qn_header_checks_init(&writer->checks, import, err);
    if (!status)
        status = qn_header_columns(&writer->rows, &writer->columns, err);
    if (!status)
        status = qn_parquet_writer_new(&writer->parquet, writer->columns, count, NULL, err);
    return status;
}

enum qn_status qn_header_writer_new(const struct qn_import *import, struct qn_header_writer **out,
                                    struct qn_error *err)
{
    *out = NULL;
    struct qn_header_writer *writer = qn_sys.calloc(1, sizeof *writer);
    if (!writer)
        return qn_fail_memory(err, "a header writer", sizeof *writer);
    enum qn_status status = prepare(writer, import, err);
    if (status)
        qn_header_writer_free(writer);
    else
        *out = writer;
    return status;
}

/* Most rows of a row group: fewer where rows are long, so that memory stays bounded. */
static uint64_t most_rows(const struct qn_rows *rows)
{
    uint64_t fit = GROUP_BYTES / qn_rows_bytes(rows);
    return fit < QN_GROUP_ROWS ? fit + 1 : QN_GROUP_ROWS;
}

enum qn_status qn_header_writer_begin(struct qn_header_writer *writer, struct qn_task_run *run,
                                      uint64_t rows, struct qn_result *result, struct qn_error *err)
{
    uint64_t most = most_rows(&writer->rows);
    uint64_t count = (rows + most - 1) / most;
    char path[QN_PART_PATH];
    writer->group_rows = (rows + count - 1) / count;
    writer->result = result;
    writer->rows.count = 0;
    memset(writer->rows.faults, 0,
           writer->rows.import->computed_count * sizeof *writer->rows.faults);
    qn_header_checks_clear(&writer->checks);
    enum qn_status status = qn_rows_reserve(&writer->rows, writer->group_rows, err);
    qn_table_part("headers", qn_task_of(run)->index, path);
    return status ? status : qn_task_create(run, path, &writer->part, err);
}

static enum qn_status flush(struct qn_header_writer *writer, struct qn_error *err)
{
    if (writer->rows.count == 0)
        return QN_OK;
    qn_buf_clear(&writer->bytes);
    qn_buf_clear(&writer->meta);
    for (size_t c = 0; c < writer->rows.column_count; c++)
        writer->values[c] = (struct qn_parquet_values){.values = writer->rows.columns[c].values,
                                                       .valid = writer->rows.columns[c].valid};
    enum qn_status status = qn_parquet_encode_group(
        writer->parquet, writer->values, writer->rows.count, &writer->bytes, &writer->meta, err);
    writer->rows.count = 0;
    return status ? status
                  : qn_table_put_group(writer->part, &writer->bytes, &writer->meta,
                                       &writer->result->groups, err);
}

enum qn_status qn_header_writer_add(struct qn_header_writer *writer, const struct qn_traces *traces,
                                    struct qn_error *err)
{
    enum qn_status status = QN_OK;
    qn_header_checks_add(&writer->checks, traces);
    for (size_t done = 0; done < traces->count && !status;) {
        uint64_t room = writer->group_rows - writer->rows.count;
        size_t left = traces->count - done;
        struct qn_traces now = qn_traces_part(traces, done, left < room ? left : (size_t)room);
        qn_rows_append(&writer->rows, &now);
        done += now.count;
        if (writer->rows.count == writer->group_rows)
            status = flush(writer, err);
    }
    return status;
}

enum qn_status qn_header_writer_end(struct qn_header_writer *writer, struct qn_error *err)
{
    struct qn_buf *checks = &writer->result->checks.bytes;
    enum qn_status status = flush(writer, err);
    qn_header_checks_encode(&writer->checks, checks);
    for (size_t k = 0; k < writer->rows.import->computed_count; k++)
        qn_fault_encode(&writer->rows.faults[k], checks);
    writer->result->checks.count = 1;
    return status ? status : qn_output_commit(writer->part, err);
}

/* ---- glue ----------------------------------------------------------------------------------- */

/* What glue puts together. */
struct gluing {
    struct qn_glue *glue;
    const struct qn_import *import;
    struct qn_rows rows; /* for their list of columns */
    struct qn_table table;
    struct qn_header_checks checks; /* of all tasks, */
    struct qn_header_checks next;   /* and of one */
    struct qn_fault_count *faults;
};

static enum qn_status merge_checks(struct gluing *gluing, uint64_t task,
                                   const struct qn_result_view *view, struct qn_error *err)
{
    struct qn_cursor cursor = view->checks;
    struct qn_fault_count faults;
    qn_header_checks_decode(&cursor, &gluing->next);
    qn_header_checks_merge(&gluing->checks, &gluing->next);
    for (size_t k = 0; k < gluing->import->computed_count; k++) {
        qn_fault_decode(&cursor, &faults);
        qn_fault_merge(&gluing->faults[k], &faults);
    }
    return cursor.failed ? qn_fail(err, QN_ERR_CORRUPT, "the result of task %llu is damaged.",
                                   (unsigned long long)task)
                         : QN_OK;
}

static enum qn_status append_all(struct gluing *gluing, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    uint64_t count = qn_glue_count(gluing->glue);
    for (uint64_t i = 0; i < count && !status; i++) {
        struct qn_result_view view;
        bool done;
        if (qn_glue_cancelled(gluing->glue))
            return qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
        char part[QN_PART_PATH];
        status = qn_result_of_task(gluing->glue, i, &view, &done, err);
        qn_table_part("headers", i, part);
        if (!status && done)
            status = merge_checks(gluing, i, &view, err);
        if (!status && done)
            status = qn_table_append(&gluing->table, gluing->glue, part, view.group_count,
                                     view.groups, err);
        qn_glue_progress(gluing->glue, i + 1, count);
    }
    return status;
}

/* Columns, checks and the part of the footer that does not depend on tasks. */
static enum qn_status begin(struct gluing *gluing, struct qn_parquet_column **columns,
                            struct qn_error *err)
{
    enum qn_status status = qn_rows_init(&gluing->rows, gluing->import, err);
    if (!status)
        status = qn_header_checks_init(&gluing->checks, gluing->import, err);
    if (!status)
        status = qn_header_checks_init(&gluing->next, gluing->import, err);
    if (!status)
        status = qn_header_columns(&gluing->rows, columns, err);
    if (!status)
        status = qn_table_begin(&gluing->table, gluing->glue, QN_HEADERS_FILE, *columns,
                                gluing->rows.column_count, err);
    if (status)
        return status;
    gluing->faults = qn_sys.calloc(gluing->import->computed_count + 1, sizeof *gluing->faults);
    char *fields = gluing->faults ? qn_header_columns_json(gluing->import) : NULL;
    if (!fields)
        return qn_fail_memory(err, "the header columns", 1);
    status = qn_parquet_footer_key_value(gluing->table.footer, QN_HEADERS_KEY, fields, err);
    free(fields);
    return status;
}

enum qn_status qn_headers_glue(struct qn_glue *glue, const struct qn_import *import,
                               struct qn_error *err)
{
    struct gluing gluing = {.glue = glue, .import = import};
    struct qn_parquet_column *columns = NULL;
    enum qn_status status = begin(&gluing, &columns, err);
    if (!status)
        status = append_all(&gluing, err);
    if (!status)
        status = qn_parquet_footer_sorted(gluing.table.footer, 0, err);
    if (!status)
        status = qn_table_end(&gluing.table, err);
    if (!status)
        status = qn_header_story(glue, &gluing.checks, gluing.faults, err);
    qn_table_release(&gluing.table);
    qn_header_checks_release(&gluing.checks);
    qn_header_checks_release(&gluing.next);
    qn_rows_release(&gluing.rows);
    free(gluing.faults);
    free(columns);
    return status;
}
