/* Opening a table of candidates: see candidates_table.h. */
#include "pipelines/transit/candidates_table.h"

#include "base/io.h"
#include "base/sys.h"
#include "format/parquet.h"
#include "format/parquet/record.h"

#include <stdlib.h>
#include <string.h>

#define MOST_BYTES ((uint64_t)1 << 30) /* of a file */
#define MOST_CELLS ((uint64_t)1 << 26)

struct unpacking { /* of a Parquet file in memory */
    const char *path;
    struct qn_buf bytes;
    struct qn_parquet_file *file;
    uint32_t *columns; /* wanted: nodes of the schema */
    size_t column_count;
    uint64_t cells;      /* so far */
    struct qn_buf texts; /* cells, NUL-terminated, row by row, names first */
};

static enum qn_status read_at(void *context, uint64_t offset, void *bytes, size_t len,
                              struct qn_error *err)
{
    const struct unpacking *u = context;
    if (offset > u->bytes.len || len > u->bytes.len - offset)
        return qn_fail_at(err, QN_ERR_INPUT, u->path, (int64_t)offset,
                          "'%s' ends before byte %llu. Fetch or write it anew.", u->path,
                          (unsigned long long)(offset + len));
    if (len > 0)
        memcpy(bytes, u->bytes.data + offset, len);
    return QN_OK;
}

/* Ends a cell that begins at `start`; NULs inside it would end it early. */
static void end_cell(struct unpacking *u, size_t start)
{
    for (size_t i = start; i < u->texts.len; i++)
        u->texts.data[i] = u->texts.data[i] == 0 ? ' ' : u->texts.data[i];
    qn_buf_u8(&u->texts, 0);
}

static enum qn_status choose_columns(struct unpacking *u, bool (*wanted)(const char *column),
                                     struct qn_error *err)
{
    size_t nodes = qn_parquet_node_count(u->file) + 1;
    u->columns = qn_sys.calloc(nodes, sizeof *u->columns);
    if (!u->columns)
        return qn_fail_memory(err, u->path, nodes * sizeof *u->columns);
    size_t all = qn_parquet_top_columns(u->file, u->columns);
    for (size_t i = 0; i < all; i++) {
        const char *name = qn_parquet_node(u->file, u->columns[i])->name;
        if (!wanted(name))
            continue;
        size_t start = u->texts.len;
        qn_buf_append(&u->texts, name, strlen(name));
        end_cell(u, start);
        u->columns[u->column_count++] = u->columns[i];
    }
    return QN_OK;
}

/* A few bytes of Parquet may stand for any number of cells. */
static enum qn_status too_much(const struct unpacking *u, struct qn_error *err)
{
    return qn_fail_at(
        err, QN_ERR_INPUT, u->path, -1,
        "'%s' has more than %llu cells or %llu bytes of text, too much for a table of "
        "candidates. Split it.",
        u->path, (unsigned long long)MOST_CELLS, (unsigned long long)MOST_BYTES);
}

static enum qn_status unpack_group(struct unpacking *u, size_t group, struct qn_error *err)
{
    struct qn_parquet_records *records = NULL;
    bool null;
    enum qn_status status =
        qn_parquet_records_open(&records, u->file, group, u->columns, u->column_count, err);
    uint64_t rows = qn_parquet_group_rows(u->file, group);
    if (!status && rows > (MOST_CELLS - u->cells) / u->column_count)
        status = too_much(u, err);
    uint64_t cells = status ? 0 : rows * u->column_count;
    u->cells += cells;
    for (uint64_t i = 0; i < cells && !status; i++) {
        size_t start = u->texts.len;
        status = qn_parquet_records_cell(records, (size_t)(i % u->column_count), QN_PARQUET_PLAIN,
                                         &u->texts, &null, err);
        end_cell(u, start);
        if (!status && u->texts.len > MOST_BYTES)
            status = too_much(u, err);
    }
    qn_parquet_records_close(records);
    return status;
}

static enum qn_status unpack(struct unpacking *u, struct qn_delimited *table,
                             bool (*wanted)(const char *column), struct qn_error *err)
{
    enum qn_status status = qn_read_file(u->path, &u->bytes, MOST_BYTES, err);
    struct qn_parquet_source source = {u, u->bytes.len, read_at, u->path};
    if (!status)
        status = qn_parquet_open_any(&u->file, &source, NULL, QN_PARQUET_STRICT, err);
    if (!status)
        status = choose_columns(u, wanted, err);
    if (status || u->column_count == 0)
        return status;
    for (size_t g = 0; g < qn_parquet_groups(u->file) && !status; g++)
        status = unpack_group(u, g, err);
    return status ? status : qn_delimited_take(table, &u->texts, u->column_count, u->path, err);
}

static enum qn_status is_parquet(const char *path, bool *parquet, struct qn_error *err)
{
    char head[4] = "";
    int fd;
    enum qn_status status = qn_open_read(path, &fd, err);
    if (status)
        return status;
    *parquet = qn_sys.pread(fd, head, sizeof head, 0) == (ssize_t)sizeof head &&
               !memcmp(head, QN_PARQUET_MAGIC, sizeof head);
    qn_sys.close(fd);
    return QN_OK;
}

enum qn_status qn_candidates_table(struct qn_delimited *table, const char *path,
                                   bool (*wanted)(const char *column), struct qn_error *err)
{
    struct unpacking u = {.path = path};
    bool parquet = false;
    enum qn_status status = is_parquet(path, &parquet, err);
    if (status || !parquet)
        return status ? status : qn_delimited_read(table, path, MOST_BYTES, err);
    status = unpack(&u, table, wanted, err);
    qn_parquet_close(u.file);
    free(u.columns);
    qn_buf_release(&u.bytes);
    qn_buf_release(&u.texts);
    return status;
}
