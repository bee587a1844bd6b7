/* The short way to read flat columns of values of fixed width: see parquet.h. */
#include "format/parquet/file.h"

#include <inttypes.h>
#include <string.h>

enum qn_status qn_parquet_open(struct qn_parquet_file **out, const struct qn_parquet_source *source,
                               struct qn_error *err)
{
    struct qn_parquet_file *file;
    *out = NULL;
    enum qn_status status = qn_parquet_open_any(&file, source, NULL, QN_PARQUET_STRICT, err);
    if (status)
        return status;
    for (size_t i = 1; i < file->node_count; i++) {
        const struct qn_parquet_node *node = &file->nodes[i];
        if (node->is_leaf && node->repetition != QN_PQ_REPEATED)
            continue;
        qn_fail_at(err, QN_ERR_UNSUPPORTED, source->name, -1,
                   "column '%s' of %s is nested; only flat tables are read.", node->name,
                   source->name);
        qn_parquet_close(file);
        return QN_ERR_UNSUPPORTED;
    }
    uint64_t sum = 0;
    bool over = false;
    for (size_t g = 0; g < file->group_count; g++)
        over |= __builtin_add_overflow(sum, file->groups[g].rows, &sum);
    if (over || sum != file->rows) {
        pq_corrupt(file, err, -1, "its footer says %" PRIu64 " rows, its row groups %" PRIu64,
                   file->rows, sum);
        qn_parquet_close(file);
        return QN_ERR_CORRUPT;
    }
    *out = file;
    return QN_OK;
}

size_t qn_parquet_columns(const struct qn_parquet_file *file)
{
    return file->leaf_count;
}

const char *qn_parquet_column_name(const struct qn_parquet_file *file, size_t column)
{
    return qn_parquet_leaf(file, column)->name;
}

/* The values of a batch to one per row, zeros for nulls. */
static enum qn_status spread(const struct qn_parquet_batch *batch, size_t width, uint8_t max_def,
                             struct qn_buf *values, struct qn_buf *valid, struct qn_error *err)
{
    uint8_t *to = qn_buf_reserve(values, batch->count * width);
    uint8_t *levels = valid ? qn_buf_reserve(valid, batch->count) : NULL;
    if (!to || (valid && !levels))
        return qn_fail_memory(err, "a column", batch->count * width);
    if (batch->values == batch->count) {
        memcpy(to, batch->fixed, batch->count * width);
    } else {
        const uint8_t *from = batch->fixed;
        for (size_t i = 0; i < batch->count; i++, to += width) {
            bool there = batch->def[i] == max_def;
            if (there)
                memcpy(to, from, width);
            else
                memset(to, 0, width);
            from += there ? width : 0;
        }
    }
    for (size_t i = 0; levels && i < batch->count; i++)
        levels[i] = !batch->def || batch->def[i] == max_def;
    values->len += batch->count * width;
    if (valid)
        valid->len += batch->count;
    return QN_OK;
}

enum qn_status qn_parquet_read_column(struct qn_parquet_file *file, size_t group, size_t column,
                                      struct qn_buf *values, struct qn_buf *valid,
                                      struct qn_error *err)
{
    const struct qn_parquet_node *leaf = qn_parquet_leaf(file, column);
    size_t width = qn_parquet_width(leaf);
    struct qn_parquet_scan *scan;
    struct qn_parquet_batch batch = {.count = 1};
    if (width == 0 || leaf->physical == PQ_INT96)
        return qn_fail_at(err, QN_ERR_UNSUPPORTED, file->source.name, -1,
                          "column '%s' of %s is of type %s, whose values have no fixed width.",
                          leaf->name, file->source.name, qn_parquet_physical_name(leaf->physical));
    enum qn_status status = qn_parquet_scan_open(&scan, file, group, column, err);
    while (!status && batch.count > 0) {
        status = qn_parquet_scan_next(scan, &batch, err);
        if (!status && batch.count > 0)
            status = spread(&batch, width, leaf->max_def, values, valid, err);
    }
    qn_parquet_scan_close(scan);
    return status;
}

static enum qn_status check_column(struct qn_parquet_file *file, size_t group, size_t column,
                                   uint64_t *pages, struct qn_error *err)
{
    struct qn_parquet_scan *scan;
    struct qn_parquet_batch batch = {.count = 1};
    enum qn_status status = qn_parquet_scan_open(&scan, file, group, column, err);
    while (!status && batch.count > 0) {
        status = qn_parquet_scan_next(scan, &batch, err);
        *pages += !status && batch.page_ends;
    }
    if (!status)
        *pages += qn_parquet_scan_dictionary(scan)->count > 0;
    qn_parquet_scan_close(scan);
    return status;
}

enum qn_status qn_parquet_check(struct qn_parquet_file *file, uint64_t *pages, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    *pages = 0;
    for (size_t i = 0; i < file->group_count * file->leaf_count && !status; i++)
        status = check_column(file, i / file->leaf_count, i % file->leaf_count, pages, err);
    return status;
}
