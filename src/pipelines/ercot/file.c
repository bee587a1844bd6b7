/* Parquet files that glue writes, and the columns they have: see gluing.h. */
#include "pipelines/ercot/gluing.h"

#include "base/sys.h"

#include <stdlib.h>
#include <string.h>

enum qn_status er_file_begin(struct er_file *file, struct qn_glue *glue, const char *path,
                             const struct qn_parquet_column *columns, size_t count,
                             struct qn_error *err)
{
    *file = (struct er_file){.column_count = count};
    enum qn_status status = qn_parquet_footer_new(&file->footer, columns, count, err);
    if (!status)
        status = qn_glue_create(glue, path, &file->output, err);
    return status ? status : qn_output_write(file->output, QN_PARQUET_MAGIC, 4, err);
}

enum qn_status er_file_group(struct er_file *file, const void *bytes, size_t len, const void *meta,
                             size_t meta_len, uint64_t rows, struct qn_error *err)
{
    enum qn_status status =
        qn_parquet_footer_group(file->footer, meta, meta_len, qn_output_tell(file->output), err);
    file->rows += rows;
    file->groups++;
    return status ? status : qn_output_write(file->output, bytes, len, err);
}

enum qn_status er_file_end(struct er_file *file, struct qn_error *err)
{
    struct qn_buf bytes = {0};
    enum qn_status status =
        qn_parquet_footer_finish(file->footer, qn_output_tell(file->output), &bytes, err);
    if (!status)
        status = qn_output_write(file->output, bytes.data, bytes.len, err);
    qn_buf_release(&bytes);
    return status ? status : qn_output_commit(file->output, err);
}

void er_file_release(struct er_file *file)
{
    qn_parquet_footer_free(file->footer); /* the output is the glue's */
}

/* ---- layouts -------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct er_column *)a)->name, ((const struct er_column *)b)->name);
}

static bool add_extra(struct er_layout *layout, const struct er_extra_view *extra, size_t *room)
{
    for (size_t c = 0; c < layout->count; c++) {
        if (strlen(layout->columns[c].name) == extra->name.len &&
            !memcmp(layout->columns[c].name, extra->name.bytes, extra->name.len))
            return true;
    }
    if (layout->count == *room) {
        struct er_column *columns =
            qn_sys.realloc(layout->columns, 2 * *room * sizeof *layout->columns);
        if (!columns)
            return false;
        layout->columns = columns;
        *room *= 2;
    }
    char *name = qn_sys.malloc(extra->name.len + 1);
    if (!name)
        return false;
    memcpy(name, extra->name.bytes, extra->name.len);
    name[extra->name.len] = '\0';
    qn_buf_append(&layout->names, &name, sizeof name);
    layout->columns[layout->count++] = (struct er_column){
        .name = name, .type = extra->type, .unit = "", .since = ER_NO_DAY, .until = ER_NO_DAY};
    return !layout->names.failed;
}

enum qn_status er_layout_init(struct er_layout *layout, const struct er_dataset *dataset,
                              const struct er_entry *entries, size_t count, bool decimal,
                              struct qn_error *err)
{
    size_t room = dataset->column_count + 8;
    *layout = (struct er_layout){.dataset = dataset, .count = dataset->column_count};
    layout->columns = qn_sys.calloc(room, sizeof *layout->columns);
    bool ok = layout->columns != NULL;
    if (ok)
        memcpy(layout->columns, dataset->columns, layout->count * sizeof *layout->columns);
    for (size_t i = 0; i < count && ok; i++) {
        struct qn_cursor in = entries[i].extras;
        struct er_extra_view extra;
        for (uint32_t k = 0; k < entries[i].extra_count && ok && er_next_extra(&in, &extra); k++)
            ok = add_extra(layout, &extra, &room);
    }
    if (ok) {
        qsort(layout->columns + dataset->column_count, layout->count - dataset->column_count,
              sizeof *layout->columns, by_name);
        layout->parquet = qn_sys.calloc(layout->count, sizeof *layout->parquet);
        ok = layout->parquet != NULL;
    }
    for (size_t c = 0; c < layout->count && ok; c++)
        layout->parquet[c] = er_parquet_column(&layout->columns[c], decimal);
    return ok ? QN_OK : qn_fail_memory(err, "the columns of a file", room);
}

void er_layout_release(struct er_layout *layout)
{
    char **names = (char **)(void *)layout->names.data;
    for (size_t i = 0; i < layout->names.len / sizeof *names; i++)
        free(names[i]);
    qn_buf_release(&layout->names);
    free(layout->columns);
    free(layout->parquet);
    *layout = (struct er_layout){0};
}

int er_layout_find(const struct er_layout *layout, const struct er_entry *entry, size_t column)
{
    size_t own = layout->dataset->column_count;
    const char *name = layout->columns[column].name;
    struct qn_cursor in = entry->extras;
    struct er_extra_view extra;
    if (column < own)
        return (int)column;
    for (uint32_t k = 0; k < entry->extra_count && er_next_extra(&in, &extra); k++) {
        if (extra.name.len == strlen(name) && !memcmp(extra.name.bytes, name, extra.name.len))
            return (int)(own + k);
    }
    return -1;
}

bool er_layout_fits(const struct er_layout *layout, const struct er_entry *entry)
{
    if (entry->extra_count != layout->count - layout->dataset->column_count)
        return false;
    for (size_t c = layout->dataset->column_count; c < layout->count; c++) {
        if (er_layout_find(layout, entry, c) != (int)c)
            return false;
    }
    return true;
}
