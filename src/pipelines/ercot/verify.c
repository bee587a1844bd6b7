/* Verifying a rollup: every table opened and walked page by page, its rows counted and their times
 * checked for order, and the sums of the account recomputed from members.parquet. */
#include "pipelines/ercot/pieces.h"
#include "pipelines/ercot/steps.h"

#include "base/io.h"
#include "base/sys.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct opened { /* a Parquet file of the dataset */
    const char *relative;
    char path[PATH_MAX];
    int fd;
    struct qn_parquet_file *parquet;
};

struct verifying {
    struct qn_verify *verify;
    const struct qn_job *job;
    struct er_schema schema;
    uint64_t rows, pages, files;
};

static enum qn_status read_at(void *context, uint64_t offset, void *bytes, size_t len,
                              struct qn_error *err)
{
    const struct opened *file = context;
    return qn_read_at(file->fd, file->path, bytes, len, offset, err);
}

/* False, with a finding, if it cannot be opened. */
static bool open_file(struct verifying *v, const char *relative, struct opened *file)
{
    struct qn_error err;
    struct stat st;
    *file = (struct opened){.relative = relative, .fd = -1};
    snprintf(file->path, sizeof file->path, "%s/%s", v->job->directory, relative);
    enum qn_status status = qn_open_read(file->path, &file->fd, &err);
    if (!status && qn_sys.fstat(file->fd, &st) < 0)
        status = qn_fail(&err, QN_ERR_IO, "its size cannot be read.");
    struct qn_parquet_source source = {file, status ? 0 : (uint64_t)st.st_size, read_at,
                                       file->path};
    if (!status)
        status = qn_parquet_open(&file->parquet, &source, &err);
    if (status)
        qn_verify_finding(v->verify, relative, err.offset, "%s", err.message);
    return !status;
}

static void close_file(struct opened *file)
{
    qn_parquet_close(file->parquet);
    if (file->fd >= 0)
        qn_sys.close(file->fd);
}

static size_t find_column(const struct opened *file, const char *name)
{
    size_t c = 0;
    while (c < qn_parquet_columns(file->parquet) &&
           strcmp(qn_parquet_column_name(file->parquet, c), name) != 0)
        c++;
    return c;
}

/* ---- tables --------------------------------------------------------------------------------- */

/* The first key of a table that has a time is that time. */
static void check_order(struct verifying *v, struct opened *file, const struct er_dataset *dataset)
{
    struct qn_error err;
    int64_t last = INT64_MIN;
    uint64_t row = 0;
    if (dataset->key_count == 0 || dataset->columns[dataset->keys[0]].type != ER_INSTANT)
        return;
    size_t column = find_column(file, dataset->columns[dataset->keys[0]].name);
    for (size_t g = 0; g < qn_parquet_groups(file->parquet); g++) {
        struct qn_buf values = {0}, valid = {0};
        enum qn_status status =
            qn_parquet_read_column(file->parquet, g, column, &values, &valid, &err);
        const int64_t *times = (const int64_t *)(const void *)values.data;
        size_t rows = status ? 0 : values.len / sizeof *times;
        if (status)
            qn_verify_finding(v->verify, file->relative, err.offset, "%s", err.message);
        for (size_t i = 0; i < rows; i++, row++) {
            if (times[i] < last)
                qn_verify_finding(v->verify, file->relative, -1,
                                  "row %" PRIu64 " is earlier than the one before it", row);
            last = times[i];
        }
        qn_buf_release(&values);
        qn_buf_release(&valid);
    }
}

static const struct er_dataset *find_dataset(const struct verifying *v, const char *name)
{
    for (size_t i = 0; name && i < v->schema.count; i++) {
        if (!strcmp(v->schema.datasets[i].name, name))
            return &v->schema.datasets[i];
    }
    return NULL;
}

static void check_table(struct verifying *v, const json_t *fact)
{
    const char *path = json_string_value(json_object_get(fact, "path"));
    const struct er_dataset *dataset =
        find_dataset(v, json_string_value(json_object_get(fact, "dataset")));
    uint64_t rows = (uint64_t)json_integer_value(json_object_get(fact, "rows"));
    struct opened file;
    struct qn_error err;
    uint64_t pages = 0;
    if (!path || !dataset)
        return;
    if (open_file(v, path, &file)) {
        if (qn_parquet_rows(file.parquet) != rows)
            qn_verify_finding(v->verify, path, -1,
                              "%" PRIu64 " rows, where the manifest has %" PRIu64,
                              qn_parquet_rows(file.parquet), rows);
        if (qn_parquet_check(file.parquet, &pages, &err))
            qn_verify_finding(v->verify, path, err.offset, "%s", err.message);
        else
            check_order(v, &file, dataset);
        v->rows += qn_parquet_rows(file.parquet);
        v->pages += pages;
        v->files++;
    }
    close_file(&file);
}

/* ---- the account ---------------------------------------------------------------------------- */

static uint64_t sum_column(struct verifying *v, struct opened *file, const char *name)
{
    struct qn_error err;
    uint64_t sum = 0;
    size_t column = find_column(file, name);
    for (size_t g = 0; g < qn_parquet_groups(file->parquet); g++) {
        struct qn_buf values = {0}, valid = {0};
        if (qn_parquet_read_column(file->parquet, g, column, &values, &valid, &err))
            qn_verify_finding(v->verify, file->relative, err.offset, "%s", err.message);
        for (size_t i = 0; i + 8 <= values.len; i += 8) {
            int64_t value;
            memcpy(&value, values.data + i, 8);
            sum += (uint64_t)value;
        }
        qn_buf_release(&values);
        qn_buf_release(&valid);
    }
    return sum;
}

static void check_account(struct verifying *v)
{
    struct opened members = {.fd = -1}, rejects = {.fd = -1};
    if (open_file(v, "members.parquet", &members) && open_file(v, "rejects.parquet", &rejects)) {
        uint64_t in = sum_column(v, &members, "rows_in");
        uint64_t rejected = sum_column(v, &members, "rejected");
        uint64_t duplicates = sum_column(v, &members, "duplicates_identical") +
                              sum_column(v, &members, "duplicates_differing");
        uint64_t listed = sum_column(v, &rejects, "rows");
        if (in != v->rows + rejected + duplicates)
            qn_verify_finding(v->verify, "members.parquet", -1,
                              "%" PRIu64 " rows in are not %" PRIu64 " rows out, %" PRIu64
                              " rejected and %" PRIu64 " duplicates",
                              in, v->rows, rejected, duplicates);
        if (listed != rejected)
            qn_verify_finding(v->verify, "rejects.parquet", -1,
                              "lists %" PRIu64 " rejected rows, where members.parquet has %" PRIu64,
                              listed, rejected);
        qn_verify_note(v->verify,
                       "%" PRIu64 " rows in = %" PRIu64 " out + %" PRIu64 " rejected + %" PRIu64
                       " duplicates",
                       in, v->rows, rejected, duplicates);
    }
    close_file(&members);
    close_file(&rejects);
}

enum qn_status er_verify(struct qn_verify *verify, struct qn_error *err)
{
    struct verifying v = {.verify = verify, .job = qn_verify_job(verify)};
    const char *text = qn_verify_fact(verify, "files");
    json_t *files = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
    enum qn_status status = er_job_schema(v.job->shared, v.job->shared_len, &v.schema, err);
    size_t i;
    json_t *fact;
    if (!status && !files)
        status = qn_fail(err, QN_ERR_CORRUPT, "manifest.json does not list the tables.");
    if (!status) {
        json_array_foreach(files, i, fact)
        {
            check_table(&v, fact);
            qn_verify_progress(verify, i + 1, json_array_size(files));
        }
        check_account(&v);
        qn_verify_note(verify, "%" PRIu64 " pages of %" PRIu64 " tables, in order of time", v.pages,
                       v.files);
    }
    json_decref(files);
    er_schema_release(&v.schema);
    return status;
}
