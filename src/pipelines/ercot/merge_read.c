/* Reading the groups that tasks left, to merge them: see merging.h. */
#include "pipelines/ercot/merging.h"

#include "base/io.h"
#include "base/sys.h"
#include "pipelines/ercot/order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum qn_status read_chunk(struct er_merging *m, const struct er_entry *entry,
                                 struct er_slice meta, uint64_t base, size_t column,
                                 struct qn_error *err)
{
    const struct qn_job *job = qn_glue_job(m->gluing->glue);
    char part[ER_PART_PATH], path[PATH_MAX];
    uint64_t offset, len;
    int fd;
    if (!qn_parquet_group_span(meta.bytes, meta.len, column, &offset, &len))
        return qn_fail(err, QN_ERR_CORRUPT, "the description of a part is damaged.");
    bool done;
    er_part_path(qn_glue_task(m->gluing->glue, entry->task, &done), part);
    snprintf(path, sizeof path, "%s/%s", job->directory, part);
    qn_buf_clear(&m->chunk);
    uint8_t *to = qn_buf_reserve(&m->chunk, (size_t)len + 1);
    if (!to)
        return qn_fail_memory(err, "a part", len);
    enum qn_status status = qn_open_read(path, &fd, err);
    if (status)
        return status;
    status = qn_read_at(fd, path, to, (size_t)len, base + offset, err);
    m->chunk.len = (size_t)len;
    qn_sys.close(fd);
    return status;
}

enum qn_status er_merging_column(struct er_merging *m, const struct er_entry *entry, size_t column,
                                 int of_group, struct qn_buf *values, struct qn_buf *ids,
                                 struct qn_buf *valid, struct qn_error *err)
{
    struct qn_parquet_column alone = m->layout->parquet[column];
    struct qn_parquet_column *columns = qn_sys.calloc((size_t)of_group + 1, sizeof *columns);
    if (!columns)
        return qn_fail_memory(err, "a column", (size_t)of_group);
    columns[of_group] = alone;
    enum qn_status status =
        read_chunk(m, entry, entry->view.meta, entry->view.offset, (size_t)of_group, err);
    if (!status)
        status = qn_parquet_group_column(columns, (size_t)of_group, m->chunk.data, m->chunk.len,
                                         entry->view.meta.bytes, entry->view.meta.len, values, ids,
                                         valid, err);
    free(columns);
    return status;
}

bool er_merging_texts(const struct qn_buf *values, struct qn_buf *texts)
{
    struct qn_cursor in = {.data = values->data, .len = values->len};
    while (in.at < in.len && !in.failed) {
        struct er_slice text = {.len = qn_cursor_u32(&in)};
        text.bytes = qn_cursor_bytes(&in, text.len);
        qn_buf_append(texts, &text, sizeof text);
    }
    return !in.failed && !texts->failed;
}

static enum qn_status open_keys(struct er_merging *m, size_t e, struct qn_error *err)
{
    const struct er_dataset *dataset = m->layout->dataset;
    enum qn_status status = QN_OK;
    for (size_t k = 0; k < dataset->key_count && !status; k++) {
        struct er_key_column *key = &m->opened[e].keys[k];
        uint32_t column = dataset->keys[k];
        bool text = m->layout->columns[column].type == ER_TEXT;
        enum qn_parquet_type type = m->layout->parquet[column].type;
        status = er_merging_column(m, &m->entries[e], column, (int)column, &key->values, &key->ids,
                                   &key->valid, err);
        key->width = text                                       ? 0
                     : type == QN_PQ_BOOLEAN                    ? 1
                     : type == QN_PQ_INT8 || type == QN_PQ_DATE ? 4
                                                                : 8;
        if (!status && text && !er_merging_texts(&key->values, &key->texts))
            status = qn_fail_memory(err, "the texts of a part", key->values.len);
    }
    return status;
}

/* Ranks of the sources of all tasks concerned, by precedence. */
struct ranked {
    struct er_source_view view;
    size_t entry; /* the first one of the task */
    uint32_t source;
};

static int by_precedence(const void *a, const void *b)
{
    const struct er_source_view *x = &((const struct ranked *)a)->view;
    const struct er_source_view *y = &((const struct ranked *)b)->view;
    char names[2][4096];
    snprintf(names[0], sizeof names[0], "%.*s", (int)x->name.len, (const char *)x->name.bytes);
    snprintf(names[1], sizeof names[1], "%.*s", (int)y->name.len, (const char *)y->name.bytes);
    return er_precedence(x->published, x->supplement, names[0], y->published, y->supplement,
                         names[1]);
}

static size_t entry_of_task(const struct er_merging *m, size_t e)
{
    size_t i = 0;
    while (m->entries[i].task != m->entries[e].task)
        i++;
    return i;
}

/* Copies of the results stay in memory while sources are ranked. */
static enum qn_status list_sources(struct er_merging *m, size_t e, struct qn_buf *copies,
                                   struct qn_buf *list, struct qn_error *err)
{
    const void *bytes;
    size_t len;
    struct er_result_view view;
    enum qn_status status = qn_glue_result(m->gluing->glue, m->entries[e].task, &bytes, &len, err);
    uint8_t *copy = status ? NULL : qn_sys.malloc(len + 1);
    if (status || !copy)
        return status ? status : qn_fail_memory(err, "a result", len);
    memcpy(copy, bytes, len);
    qn_buf_append(copies, &copy, sizeof copy);
    status = er_result_open(&view, copy, len, err);
    struct ranked ranked = {.entry = e};
    for (uint32_t i = 0; !status && i < view.source_count; i++) {
        er_next_source(&view.sources, &ranked.view);
        ranked.source = i;
        qn_buf_append(list, &ranked, sizeof ranked);
    }
    return status;
}

enum qn_status er_merging_rank(struct er_merging *m, struct qn_error *err)
{
    struct qn_buf copies = {0}, list = {0};
    enum qn_status status = QN_OK;
    for (size_t e = 0; e < m->count && !status; e++) {
        m->opened[e].task = entry_of_task(m, e);
        if (m->opened[e].task == e)
            status = list_sources(m, e, &copies, &list, err);
    }
    struct ranked *ranked = (struct ranked *)(void *)list.data;
    size_t count = list.len / sizeof *ranked;
    if (!status && count > 1)
        qsort(ranked, count, sizeof *ranked, by_precedence);
    for (size_t i = 0; i < count && !status; i++) {
        struct qn_buf *ranks = &m->opened[ranked[i].entry].ranks;
        size_t need = (ranked[i].source + 1u) * sizeof(uint32_t);
        while (ranks->len < need && !ranks->failed)
            qn_buf_u32(ranks, 0);
        if (ranks->failed)
            status = qn_fail_memory(err, "ranks", need);
        else
            ((uint32_t *)(void *)ranks->data)[ranked[i].source] = (uint32_t)i;
    }
    void **blocks = (void **)(void *)copies.data;
    for (size_t i = 0; i < copies.len / sizeof *blocks; i++)
        free(blocks[i]);
    if (!status && (copies.failed || list.failed))
        status = qn_fail_memory(err, "the sources of a merge", list.len);
    qn_buf_release(&copies);
    qn_buf_release(&list);
    return status;
}

enum qn_status er_merging_open(struct er_merging *m, size_t e, struct qn_error *err)
{
    const struct er_entry *entry = &m->entries[e];
    struct er_opened *opened = &m->opened[e];
    opened->open = true;
    opened->next = 0;
    enum qn_status status = open_keys(m, e, err);
    if (!status)
        status = read_chunk(m, entry, entry->view.source_meta, entry->view.source_offset, 0, err);
    qn_buf_clear(&m->valid);
    if (!status)
        status = qn_parquet_group_column(&er_source_column, 0, m->chunk.data, m->chunk.len,
                                         entry->view.source_meta.bytes, entry->view.source_meta.len,
                                         &opened->sources, NULL, &m->valid, err);
    return status;
}

void er_merging_close(struct er_opened *opened)
{
    for (size_t k = 0; k < ER_KEYS; k++) {
        struct er_key_column *key = &opened->keys[k];
        qn_buf_release(&key->values);
        qn_buf_release(&key->ids);
        qn_buf_release(&key->valid);
        qn_buf_release(&key->texts);
    }
    qn_buf_release(&opened->sources);
    opened->open = false;
}
