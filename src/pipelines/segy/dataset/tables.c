/* The tables of a dataset: see tables.h. */
#include "pipelines/segy/dataset/tables.h"

#include "base/sys.h"
#include "format/parquet/reader.h"
#include "pipelines/segy/dataset/table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- opening -------------------------------------------------------------------------------- */

static enum qn_status open_table(const struct qn_dataset *dataset, const char *name,
                                 struct qn_dataset_table *table, struct qn_error *err)
{
    enum qn_status status = qn_opened_table(&table->opened, dataset->root, name, err);
    if (status)
        return status;
    table->group_count = qn_parquet_groups(table->opened.file);
    table->groups = qn_sys.calloc(table->group_count + 1, sizeof *table->groups);
    return table->groups ? QN_OK : qn_fail_memory(err, "row groups", table->group_count);
}

static void close_table(struct qn_dataset_table *table)
{
    qn_opened_close(&table->opened);
    free(table->groups);
}

static enum qn_status wrong_table(const struct qn_dataset_table *table, const char *what,
                                  struct qn_error *err)
{
    return qn_fail_at(err, QN_ERR_CORRUPT, table->opened.path, -1,
                      "'%s' does not fit its dataset: %s. It was changed or is damaged.",
                      table->opened.path, what);
}

/* Whether a column holds what Quern writes there: int64_t or uint32_t for example. */
static bool has_type(const struct qn_dataset_table *table, size_t column, enum pq_physical physical)
{
    const struct qn_parquet_node *leaf = qn_parquet_leaf(table->opened.file, column);
    return leaf->physical == physical && leaf->repetition == QN_PQ_REQUIRED;
}

/* The traces of a group by its column of trace numbers, which rises. */
static enum qn_status read_range(const struct qn_dataset *dataset,
                                 const struct qn_dataset_table *table, size_t group,
                                 struct qn_trace_range *range, struct qn_error *err)
{
    struct qn_buf values = {0};
    enum qn_status status =
        qn_parquet_read_column(table->opened.file, group, 0, &values, NULL, err);
    size_t rows = values.len / sizeof(int64_t);
    int64_t first = 0, last = -1;
    if (!status && rows > 0) {
        memcpy(&first, values.data, sizeof first);
        memcpy(&last, values.data + (rows - 1) * sizeof last, sizeof last);
    }
    qn_buf_release(&values);
    if (!status && (first < 0 || last < first || (uint64_t)last >= dataset->layout.trace_count))
        status = wrong_table(table, "trace numbers are out of range", err);
    *range = (struct qn_trace_range){(uint64_t)first, (uint64_t)last + 1};
    return status;
}

/* ---- headers.parquet ------------------------------------------------------------------------ */

static ptrdiff_t find_column(const struct qn_dataset_table *table, const char *name)
{
    for (size_t c = 0; c < qn_parquet_columns(table->opened.file); c++)
        if (!strcmp(qn_parquet_column_name(table->opened.file, c), name))
            return (ptrdiff_t)c;
    return -1;
}

/* Rows are those of all traces in order, unless some are missing: then each group says which. */
static enum qn_status find_groups(struct qn_dataset *dataset, struct qn_error *err)
{
    struct qn_dataset_table *table = &dataset->tables->headers;
    bool all = qn_parquet_rows(table->opened.file) == dataset->layout.trace_count;
    uint64_t end = 0;
    enum qn_status status = QN_OK;
    for (size_t g = 0; g < table->group_count && !status; g++) {
        uint64_t rows = qn_parquet_group_rows(table->opened.file, g);
        struct qn_trace_range *range = &table->groups[g];
        *range = (struct qn_trace_range){end, end + rows};
        if (!all)
            status = read_range(dataset, table, g, range, err);
        if (!status && (range->start < end || range->end - range->start != rows))
            status = wrong_table(table, "its rows are not in the order of the traces", err);
        end = range->end;
    }
    return status;
}

static enum qn_status place_column(struct qn_dataset *dataset, const struct qn_segy_field *field,
                                   struct qn_error *err)
{
    struct qn_dataset_tables *tables = dataset->tables;
    const struct qn_segy_type_info *type = qn_segy_type_info((enum qn_segy_type)field->type);
    ptrdiff_t column = find_column(&tables->headers, field->name);
    if (column < 0)
        return wrong_table(&tables->headers, field->name, err);
    const struct qn_parquet_node *leaf =
        qn_parquet_leaf(tables->headers.opened.file, (size_t)column);
    struct qn_header_place place = {.column = (size_t)column,
                                    .offset = field->byte - 1u,
                                    .bytes = type->bytes,
                                    .physical = qn_parquet_width(leaf),
                                    .ibm = field->type == QN_SEGY_IBM32,
                                    .text = type->dtype == QN_CHAR8};
    /* A number takes 8 bytes at most, a text as many as its field. */
    size_t most = place.text ? place.bytes : sizeof(uint64_t);
    if (place.physical < place.bytes || place.physical > most || leaf->repetition != QN_PQ_REQUIRED)
        return wrong_table(&tables->headers, field->name, err);
    tables->places[tables->place_count++] = place;
    return QN_OK;
}

/* The column that keeps all header bytes comes first: fields overwrite it, in the byte order that
 * is asked for. */
static enum qn_status place_raw(struct qn_dataset *dataset, struct qn_error *err)
{
    struct qn_dataset_tables *tables = dataset->tables;
    size_t bytes = dataset->layout.trace_header_bytes;
    ptrdiff_t column = find_column(&tables->headers, QN_RAW_HEADER);
    if (column < 0)
        return QN_OK;
    const struct qn_parquet_node *leaf =
        qn_parquet_leaf(tables->headers.opened.file, (size_t)column);
    if (leaf->physical != PQ_FIXED || leaf->length != bytes || leaf->repetition != QN_PQ_REQUIRED)
        return wrong_table(&tables->headers, QN_RAW_HEADER, err);
    tables->places[tables->place_count++] = (struct qn_header_place){
        .column = (size_t)column, .bytes = bytes, .physical = bytes, .text = true};
    return QN_OK;
}

static enum qn_status open_headers(struct qn_dataset *dataset, struct qn_error *err)
{
    struct qn_dataset_tables *tables = dataset->tables;
    enum qn_status status = open_table(dataset, QN_HEADERS_FILE, &tables->headers, err);
    if (status)
        return status;
    tables->places = qn_sys.calloc(dataset->field_count + 2, sizeof *tables->places);
    if (!tables->places)
        return qn_fail_memory(err, "the header columns", dataset->field_count);
    status = place_raw(dataset, err);
    for (size_t i = 0; i < dataset->field_count && !status; i++)
        status = place_column(dataset, &dataset->fields[i], err);
    tables->lengths_column = find_column(&tables->headers, QN_TRACE_SAMPLES);
    tables->kept_columns = tables->place_count + (tables->lengths_column >= 0);
    dataset->layout.variable = tables->lengths_column >= 0;
    if (!status && tables->lengths_column >= 0 &&
        !has_type(&tables->headers, (size_t)tables->lengths_column, PQ_INT32))
        status = wrong_table(&tables->headers, QN_TRACE_SAMPLES, err);
    if (!status && (find_column(&tables->headers, QN_TRACE_INDEX) != 0 ||
                    !has_type(&tables->headers, 0, PQ_INT64)))
        status = wrong_table(&tables->headers, QN_TRACE_INDEX, err);
    return status ? status : find_groups(dataset, err);
}

/* ---- exceptions.parquet --------------------------------------------------------------------- */

static enum qn_status open_exceptions(struct qn_dataset *dataset, struct qn_error *err)
{
    struct qn_dataset_table *table = &dataset->tables->exceptions;
    uint64_t expected = (uint64_t)json_integer_value(json_object_get(
        json_object_get(json_object_get(dataset->manifest, "facts"), "lossless"), "exceptions"));
    if (expected == 0)
        return QN_OK;
    enum qn_status status = open_table(dataset, QN_EXCEPTIONS_FILE, table, err);
    if (!status && (qn_parquet_columns(table->opened.file) != 3 || !has_type(table, 0, PQ_INT64) ||
                    !has_type(table, 1, PQ_INT32) || !has_type(table, 2, PQ_INT64) ||
                    qn_parquet_rows(table->opened.file) != expected))
        status = wrong_table(table,
                             "it should have three columns and as many rows as manifest.json"
                             " says",
                             err);
    for (size_t g = 0; g < table->group_count && !status; g++)
        status = read_range(dataset, table, g, &table->groups[g], err);
    return status;
}

/* ---- both ----------------------------------------------------------------------------------- */

enum qn_status qn_tables_open(struct qn_dataset *dataset, struct qn_error *err)
{
    struct qn_dataset_tables *tables = dataset->tables = qn_sys.calloc(1, sizeof *tables);
    if (!tables)
        return qn_fail_memory(err, "the tables of a dataset", sizeof *tables);
    pthread_mutex_init(&tables->mutex, NULL);
    pthread_cond_init(&tables->ready, NULL);
    enum qn_status status = open_headers(dataset, err);
    return status ? status : open_exceptions(dataset, err);
}

static void free_slot(struct qn_group_slot *slot, size_t columns)
{
    for (size_t c = 0; slot->columns && c < columns; c++)
        qn_buf_release(&slot->columns[c]);
    free(slot->columns);
    free(slot);
}

void qn_tables_close(struct qn_dataset *dataset)
{
    struct qn_dataset_tables *tables = dataset->tables;
    if (!tables)
        return;
    for (size_t i = 0; i < tables->slot_count; i++)
        free_slot(tables->slots[i], tables->kept_columns);
    free(tables->slots);
    free(tables->places);
    close_table(&tables->headers);
    close_table(&tables->exceptions);
    pthread_cond_destroy(&tables->ready);
    pthread_mutex_destroy(&tables->mutex);
    free(tables);
    dataset->tables = NULL;
}

size_t qn_dataset_groups(const struct qn_dataset *dataset)
{
    return dataset->tables->headers.group_count;
}

struct qn_trace_range qn_dataset_group(const struct qn_dataset *dataset, size_t group)
{
    return dataset->tables->headers.groups[group];
}

struct qn_parquet_file *qn_dataset_header_table(const struct qn_dataset *dataset)
{
    return dataset->tables->headers.opened.file;
}

size_t qn_table_group_of(const struct qn_dataset_table *table, uint64_t trace)
{
    size_t low = 0, high = table->group_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (table->groups[middle].end <= trace)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

enum qn_status qn_tables_find(const struct qn_dataset *dataset, uint64_t trace, size_t *group,
                              struct qn_error *err)
{
    const struct qn_dataset_table *table = &dataset->tables->headers;
    *group = qn_table_group_of(table, trace);
    if (*group < table->group_count && trace >= table->groups[*group].start)
        return QN_OK;
    return qn_fail_at(err, QN_ERR_INPUT, table->opened.path, -1,
                      "trace %" PRIu64 " is not in '%s': its segment failed. Try it again with "
                      "'quern resume --retry-failed', or choose other traces.",
                      trace, dataset->root);
}

/* ---- ensembles.parquet ---------------------------------------------------------------------- */

static enum qn_status read_ensembles(struct qn_dataset_table *table, size_t group, size_t start,
                                     size_t end, struct qn_buf *list, struct qn_error *err)
{
    struct qn_buf starts = {0}, ends = {0};
    enum qn_status status =
        qn_parquet_read_column(table->opened.file, group, start, &starts, NULL, err);
    if (!status)
        status = qn_parquet_read_column(table->opened.file, group, end, &ends, NULL, err);
    for (size_t at = 0; at < starts.len && at < ends.len && !status; at += sizeof(uint64_t)) {
        struct qn_trace_range range;
        memcpy(&range.start, starts.data + at, sizeof range.start);
        memcpy(&range.end, ends.data + at, sizeof range.end);
        qn_buf_append(list, &range, sizeof range);
    }
    qn_buf_release(&starts);
    qn_buf_release(&ends);
    return status || !list->failed ? status : qn_fail_memory(err, "gathers", list->len);
}

enum qn_status qn_dataset_ensembles(const struct qn_dataset *dataset, struct qn_buf *list,
                                    struct qn_error *err)
{
    struct qn_dataset_table table = {0};
    struct stat st;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", dataset->root, QN_ENSEMBLES_FILE);
    if (qn_sys.stat(path, &st) < 0 && errno == ENOENT)
        return QN_OK;
    enum qn_status status = open_table(dataset, QN_ENSEMBLES_FILE, &table, err);
    ptrdiff_t start = status ? -1 : find_column(&table, "start");
    ptrdiff_t end = status ? -1 : find_column(&table, "end");
    if (!status && (start < 0 || end < 0 || !has_type(&table, (size_t)start, PQ_INT64) ||
                    !has_type(&table, (size_t)end, PQ_INT64)))
        status = wrong_table(&table, "start and end are missing", err);
    for (size_t g = 0; g < table.group_count && !status; g++)
        status = read_ensembles(&table, g, (size_t)start, (size_t)end, list, err);
    close_table(&table);
    return status;
}

/* ---- shared row groups ---------------------------------------------------------------------- */

static struct qn_group_slot *new_slot(struct qn_dataset_tables *tables)
{
    size_t bytes = (tables->slot_count + 1) * sizeof(struct qn_group_slot *);
    struct qn_group_slot **slots = qn_sys.realloc(tables->slots, bytes);
    if (!slots)
        return NULL;
    tables->slots = slots;
    struct qn_group_slot *slot = qn_sys.calloc(1, sizeof *slot);
    if (!slot)
        return NULL;
    slot->columns = qn_sys.calloc(tables->kept_columns + 1, sizeof *slot->columns);
    if (!slot->columns) {
        free(slot);
        return NULL;
    }
    slots[tables->slot_count++] = slot;
    return slot;
}

/* The slot that holds the group; else the one that nobody has used for longest, or a new one when
 * there are few. NULL without memory. */
static struct qn_group_slot *find_slot(struct qn_dataset_tables *tables, size_t group)
{
    enum { SPARE = 2 }; /* slots kept when nobody uses them */
    struct qn_group_slot *oldest = NULL;
    size_t unused = 0;
    for (size_t i = 0; i < tables->slot_count; i++) {
        struct qn_group_slot *slot = tables->slots[i];
        if (slot->group == group && slot->used_at > 0)
            return slot;
        if (slot->users > 0)
            continue;
        unused++;
        if (!oldest || slot->used_at < oldest->used_at)
            oldest = slot;
    }
    if (!oldest || unused < SPARE)
        oldest = new_slot(tables);
    if (!oldest)
        return NULL;
    for (size_t c = 0; c < tables->kept_columns; c++)
        qn_buf_clear(&oldest->columns[c]);
    oldest->group = group;
    oldest->next = oldest->unpacked = 0;
    oldest->status = QN_OK;
    return oldest;
}

static size_t column_of(const struct qn_dataset_tables *tables, size_t kept)
{
    return kept < tables->place_count ? tables->places[kept].column
                                      : (size_t)tables->lengths_column;
}

/* Unpacks columns that nobody has taken; the mutex is held before and after. */
static void unpack_columns(struct qn_dataset_tables *tables, struct qn_group_slot *slot)
{
    while (slot->next < tables->kept_columns && !slot->status) {
        struct qn_error err = {.offset = -1};
        size_t kept = slot->next++;
        pthread_mutex_unlock(&tables->mutex);
        enum qn_status status =
            qn_parquet_read_column(tables->headers.opened.file, slot->group,
                                   column_of(tables, kept), &slot->columns[kept], NULL, &err);
        pthread_mutex_lock(&tables->mutex);
        slot->unpacked++;
        if (status && !slot->status) {
            slot->status = status;
            slot->error = err;
        }
    }
}

enum qn_status qn_tables_take(struct qn_dataset *dataset, size_t group, struct qn_group_slot **out,
                              struct qn_error *err)
{
    struct qn_dataset_tables *tables = dataset->tables;
    pthread_mutex_lock(&tables->mutex);
    struct qn_group_slot *slot = *out = find_slot(tables, group);
    enum qn_status status = QN_OK;
    if (slot) {
        slot->users++;
        slot->used_at = ++tables->uses;
        unpack_columns(tables, slot);
        while (slot->unpacked < slot->next)
            pthread_cond_wait(&tables->ready, &tables->mutex);
        pthread_cond_broadcast(&tables->ready);
        status = slot->status;
        if (status && err)
            *err = slot->error;
    }
    pthread_mutex_unlock(&tables->mutex);
    if (!slot)
        return qn_fail_memory(err, "a row group", sizeof *slot);
    if (status)
        qn_tables_give(dataset, slot);
    return status;
}

void qn_tables_give(struct qn_dataset *dataset, struct qn_group_slot *slot)
{
    struct qn_dataset_tables *tables = dataset->tables;
    pthread_mutex_lock(&tables->mutex);
    slot->users--;
    if (slot->status) /* to be tried anew */
        slot->used_at = 0;
    pthread_mutex_unlock(&tables->mutex);
}
