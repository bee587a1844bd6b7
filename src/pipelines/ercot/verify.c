/* Verifying a rollup: every table opened and walked page by page, its rows counted and their keys
 * checked for order and repetition, and the sums of the account recomputed from members.parquet. */
#include "pipelines/ercot/pieces.h"
#include "pipelines/ercot/steps.h"

#include "format/parquet/record.h"
#include "pipelines/opened.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

struct opened { /* a Parquet file of the dataset */
    const char *relative;
    struct qn_opened opened;
};

struct verifying {
    struct qn_verify *verify;
    const struct qn_job *job;
    struct er_schema schema;
    uint64_t rows, pages, files;
};

/* False, with a finding, if it cannot be opened. */
static bool open_file(struct verifying *v, const char *relative, struct opened *file)
{
    struct qn_error err;
    file->relative = relative;
    enum qn_status status = qn_opened_table(&file->opened, v->job->directory, relative, &err);
    if (status)
        qn_verify_finding(v->verify, relative, err.offset, "%s", err.message);
    return !status;
}

static size_t find_column(const struct opened *file, const char *name)
{
    size_t c = 0;
    while (c < qn_parquet_columns(file->opened.file) &&
           strcmp(qn_parquet_column_name(file->opened.file, c), name) != 0)
        c++;
    return c;
}

/* ---- tables --------------------------------------------------------------------------------- */

struct key { /* one column of it, in the row before */
    uint32_t node;
    enum qn_parquet_order order;
    bool null;
    struct qn_buf value;
};

struct walking {
    struct verifying *v;
    struct opened *file;
    struct key keys[ER_KEYS];
    size_t key_count;
    bool repeats; /* rows may have the key of the row before */
    uint64_t row;
    uint64_t disorder, repeated; /* how often */
};

enum { TOLD = 10 }; /* findings of a kind that are told one by one */

/* The key of the next row against that of the row before, which it replaces: negative, 0 or
 * positive. Empty cells come first. */
static enum qn_status next_key(struct walking *w, struct qn_parquet_records *records, int *order,
                               struct qn_error *err)
{
    *order = 0;
    for (size_t k = 0; k < w->key_count; k++) {
        struct key *key = &w->keys[k];
        const uint8_t *bytes;
        size_t len;
        enum qn_status status = qn_parquet_records_value(records, k, &bytes, &len, err);
        if (status)
            return status;
        if (!*order && (key->null || !bytes))
            *order = (bytes != NULL) - !key->null;
        else if (!*order)
            *order = qn_parquet_compare(key->order, bytes, len, key->value.data, key->value.len);
        key->null = !bytes;
        qn_buf_clear(&key->value);
        qn_buf_append(&key->value, bytes, bytes ? len : 0);
        if (key->value.failed)
            return qn_fail_memory(err, "a key", len);
    }
    return QN_OK;
}

static void tell_order(struct walking *w, int order)
{
    if (order < 0 && w->disorder++ < TOLD)
        qn_verify_finding(w->v->verify, w->file->relative, -1,
                          "row %" PRIu64 " belongs before the row before it", w->row);
    if (order == 0 && !w->repeats && w->repeated++ < TOLD)
        qn_verify_finding(w->v->verify, w->file->relative, -1,
                          "row %" PRIu64 " has the key of the row before it", w->row);
}

static enum qn_status walk_group(struct walking *w, size_t group, struct qn_error *err)
{
    struct qn_parquet_records *records;
    uint32_t nodes[ER_KEYS];
    for (size_t k = 0; k < w->key_count; k++)
        nodes[k] = w->keys[k].node;
    enum qn_status status =
        qn_parquet_records_open(&records, w->file->opened.file, group, nodes, w->key_count, err);
    uint64_t rows = status ? 0 : qn_parquet_group_rows(w->file->opened.file, group);
    for (uint64_t i = 0; i < rows && !status; i++, w->row++) {
        int order;
        status = next_key(w, records, &order, err);
        if (!status && w->row > 0)
            tell_order(w, order);
    }
    qn_parquet_records_close(records);
    return status;
}

/* The columns of the key; false if the file lacks one. */
static bool find_keys(struct walking *w, const struct er_dataset *dataset)
{
    w->key_count = dataset->key_count;
    for (size_t k = 0; k < w->key_count; k++) {
        size_t leaf =
            qn_parquet_find_leaf(w->file->opened.file, dataset->columns[dataset->keys[k]].name);
        if (leaf == SIZE_MAX)
            return false;
        w->keys[k].node = (uint32_t)leaf + 1; /* of a flat file: behind the root */
        w->keys[k].order = qn_parquet_order(qn_parquet_leaf(w->file->opened.file, leaf));
    }
    return w->key_count > 0;
}

/* Rows ascend by key, and each key is there once unless the table says otherwise. */
static void check_order(struct verifying *v, struct opened *file, const struct er_dataset *dataset,
                        bool repeats)
{
    struct qn_error err;
    struct walking w = {.v = v, .file = file, .repeats = repeats};
    enum qn_status status = QN_OK;
    if (!find_keys(&w, dataset))
        return;
    for (size_t g = 0; g < qn_parquet_groups(file->opened.file) && !status; g++)
        status = walk_group(&w, g, &err);
    if (status)
        qn_verify_finding(v->verify, file->relative, err.offset, "%s", err.message);
    if (w.disorder > TOLD || w.repeated > TOLD)
        qn_verify_finding(v->verify, file->relative, -1,
                          "%" PRIu64 " rows out of order and %" PRIu64 " repeated keys in all",
                          w.disorder, w.repeated);
    for (size_t k = 0; k < w.key_count; k++)
        qn_buf_release(&w.keys[k].value);
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
        if (qn_parquet_rows(file.opened.file) != rows)
            qn_verify_finding(v->verify, path, -1,
                              "%" PRIu64 " rows, where the manifest has %" PRIu64,
                              qn_parquet_rows(file.opened.file), rows);
        if (qn_parquet_check(file.opened.file, &pages, &err))
            qn_verify_finding(v->verify, path, err.offset, "%s", err.message);
        else
            check_order(v, &file, dataset, json_is_true(json_object_get(fact, "repeats")));
        v->rows += qn_parquet_rows(file.opened.file);
        v->pages += pages;
        v->files++;
    }
    qn_opened_close(&file.opened);
}

/* ---- the account ---------------------------------------------------------------------------- */

static uint64_t sum_column(struct verifying *v, struct opened *file, const char *name)
{
    struct qn_error err;
    uint64_t sum = 0;
    size_t column = find_column(file, name);
    for (size_t g = 0; g < qn_parquet_groups(file->opened.file); g++) {
        struct qn_buf values = {0}, valid = {0};
        if (qn_parquet_read_column(file->opened.file, g, column, &values, &valid, &err))
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
    struct opened members = {0}, rejects = {0};
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
    qn_opened_close(&members.opened);
    qn_opened_close(&rejects.opened);
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
        qn_verify_note(verify, "%" PRIu64 " pages of %" PRIu64 " tables, in order of their keys",
                       v.pages, v.files);
    }
    json_decref(files);
    er_schema_release(&v.schema);
    return status;
}
