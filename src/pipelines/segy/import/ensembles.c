/* ensembles.parquet: the runs of all segments, joined at their seams, a row group at a time. */
#include "pipelines/segy/dataset/table.h"

#include "base/sys.h"
#include "pipelines/segy/import/gathers.h"

#include <stdlib.h>

#define GROUP_ROWS 65536u

struct ensembles {
    struct qn_glue *glue;
    const struct qn_import *import;
    struct qn_gather_list list;
    struct qn_table table;
    struct qn_parquet_column columns[QN_MAX_KEYS + 3];
    struct qn_parquet_writer *writer;
    char names[QN_MAX_KEYS][QN_COLUMN_NAME];
    void *keys[QN_MAX_KEYS];     /* GROUP_ROWS values of each part of the key */
    uint8_t *valid[QN_MAX_KEYS]; /* and whether they are there */
    struct qn_buf bytes;
    struct qn_buf meta;
    uint64_t count;
};

static enum qn_status prepare(struct ensembles *ensembles, struct qn_error *err)
{
    const struct qn_import *import = ensembles->import;
    static const char *const names[3] = {"start", "end", "count"};
    size_t keys = import->key_count;
    for (size_t k = 0; k < keys; k++) {
        enum qn_dtype dtype = qn_key_dtype(import, k);
        qn_key_name(import, k, ensembles->names[k]);
        ensembles->columns[k] =
            (struct qn_parquet_column){.name = ensembles->names[k],
                                       .type = qn_table_type(dtype),
                                       .length = (uint32_t)qn_dtype_bytes(dtype),
                                       .optional = qn_key_optional(import, k)};
        ensembles->keys[k] = qn_sys.malloc(GROUP_ROWS * qn_dtype_bytes(dtype));
        ensembles->valid[k] = qn_sys.malloc(GROUP_ROWS);
        if (!ensembles->keys[k] || !ensembles->valid[k])
            return qn_fail_memory(err, "the list of gathers", GROUP_ROWS * qn_dtype_bytes(dtype));
    }
    for (size_t i = 0; i < 3; i++)
        ensembles->columns[keys + i] =
            (struct qn_parquet_column){.name = names[i], .type = QN_PQ_INT64};
    enum qn_status status =
        qn_gather_list_init(&ensembles->list, qn_key_bytes(import), GROUP_ROWS, err);
    if (!status)
        status = qn_parquet_writer_new(&ensembles->writer, ensembles->columns, keys + 3, NULL, err);
    if (!status)
        status = qn_table_begin(&ensembles->table, ensembles->glue, QN_ENSEMBLES_FILE,
                                ensembles->columns, keys + 3, err);
    return status;
}

/* Writes the complete gathers of the list as a row group and empties it. */
static enum qn_status flush(struct ensembles *ensembles, struct qn_error *err)
{
    struct qn_gather_list *list = &ensembles->list;
    size_t keys = ensembles->import->key_count;
    struct qn_parquet_values values[QN_MAX_KEYS + 3] = {0};
    if (list->count == 0)
        return QN_OK;
    for (size_t k = 0; k < keys; k++) {
        qn_key_column(ensembles->import, k, list->keys, list->count, ensembles->keys[k],
                      ensembles->valid[k]);
        values[k].values = ensembles->keys[k];
        values[k].valid = qn_key_optional(ensembles->import, k) ? ensembles->valid[k] : NULL;
    }
    values[keys].values = list->start;
    values[keys + 1].values = list->end;
    values[keys + 2].values = list->size;
    qn_buf_clear(&ensembles->bytes);
    qn_buf_clear(&ensembles->meta);
    enum qn_status status = qn_parquet_encode_group(ensembles->writer, values, list->count,
                                                    &ensembles->bytes, &ensembles->meta, err);
    struct qn_table *table = &ensembles->table;
    if (!status)
        status = qn_parquet_footer_group(table->footer, ensembles->meta.data, ensembles->meta.len,
                                         qn_output_tell(table->file), err);
    if (!status)
        status = qn_output_write(table->file, ensembles->bytes.data, ensembles->bytes.len, err);
    ensembles->count += list->count;
    list->count = 0;
    return status;
}

static enum qn_status take_task(struct ensembles *ensembles, uint64_t i, struct qn_error *err)
{
    struct qn_result_view view;
    bool done, more = true;
    enum qn_status status = qn_result_of_task(ensembles->glue, i, &view, &done, err);
    while (!status && done && more) {
        status = qn_gather_list_take(&ensembles->list, &view.runs, &more, err);
        if (!status && more)
            status = flush(ensembles, err);
    }
    return status;
}

static enum qn_status write_all(struct ensembles *ensembles, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (uint64_t i = 0; i < qn_glue_count(ensembles->glue) && !status; i++)
        status = take_task(ensembles, i, err);
    if (!status && ensembles->list.count == ensembles->list.room)
        status = flush(ensembles, err);
    if (status)
        return status;
    qn_gather_list_end(&ensembles->list);
    status = flush(ensembles, err);
    return status ? status : qn_table_end(&ensembles->table, err);
}

enum qn_status qn_ensembles_glue(struct qn_glue *glue, const struct qn_import *import,
                                 uint64_t *count, struct qn_error *err)
{
    struct ensembles ensembles = {.glue = glue, .import = import};
    *count = 0;
    if (import->key_count == 0)
        return QN_OK;
    enum qn_status status = prepare(&ensembles, err);
    if (!status)
        status = write_all(&ensembles, err);
    *count = ensembles.count;
    qn_table_release(&ensembles.table);
    qn_parquet_writer_free(ensembles.writer);
    qn_gather_list_release(&ensembles.list);
    qn_buf_release(&ensembles.bytes);
    qn_buf_release(&ensembles.meta);
    for (size_t k = 0; k < QN_MAX_KEYS; k++) {
        free(ensembles.keys[k]);
        free(ensembles.valid[k]);
    }
    return status;
}
