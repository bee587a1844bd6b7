/* The account of a run: every member and every reject of all tasks, as tables; sums per dataset,
 * which have to come out even. See gluing.h. */
#include "pipelines/ercot/gluing.h"

#include "base/sys.h"
#include "compute/market_time.h"
#include "pipelines/sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_text(struct qn_sheet *sheet, size_t column, const void *text, size_t len,
                     bool valid)
{
    if (valid)
        qn_sheet_bytes(sheet, column, text, len);
    else
        qn_sheet_null(sheet, column);
}

static void put_number(struct qn_sheet *sheet, size_t column, int64_t value, bool valid)
{
    if (valid)
        qn_sheet_int(sheet, column, value);
    else
        qn_sheet_null(sheet, column);
}

static void put_day(struct qn_sheet *sheet, size_t column, int32_t day)
{
    put_number(sheet, column, day, day != ER_NO_DAY);
}

/* ---- columns -------------------------------------------------------------------------------- */

static const struct qn_parquet_column member_columns[] = {
    {.name = "file", .type = QN_PQ_STRING},
    {.name = "member", .type = QN_PQ_STRING, .optional = true},
    {.name = "dataset", .type = QN_PQ_STRING, .optional = true},
    {.name = "published", .type = QN_PQ_INT64, .optional = true},
    {.name = "bytes", .type = QN_PQ_INT64},
    {.name = "rows_in", .type = QN_PQ_INT64},
    {.name = "rejected", .type = QN_PQ_INT64},
    {.name = "duplicates_identical", .type = QN_PQ_INT64},
    {.name = "duplicates_differing", .type = QN_PQ_INT64},
    {.name = "first_day", .type = QN_PQ_DATE, .optional = true},
    {.name = "last_day", .type = QN_PQ_DATE, .optional = true},
    {.name = "refused", .type = QN_PQ_STRING, .optional = true},
};

static const struct qn_parquet_column reject_columns[] = {
    {.name = "file", .type = QN_PQ_STRING},
    {.name = "member", .type = QN_PQ_STRING, .optional = true},
    {.name = "dataset", .type = QN_PQ_STRING, .optional = true},
    {.name = "line", .type = QN_PQ_INT64, .optional = true},
    {.name = "byte_offset", .type = QN_PQ_INT64, .optional = true},
    {.name = "column", .type = QN_PQ_STRING, .optional = true},
    {.name = "raw", .type = QN_PQ_STRING},
    {.name = "reason", .type = QN_PQ_STRING},
    {.name = "rows", .type = QN_PQ_INT64},
};

/* "FILE!MEMBER!..." to the first two columns. */
static void put_name(struct qn_sheet *sheet, struct er_slice name)
{
    const uint8_t *mark = memchr(name.bytes, '!', name.len);
    size_t file = mark ? (size_t)(mark - name.bytes) : name.len;
    put_text(sheet, 0, name.bytes, file, true);
    put_text(sheet, 1, mark ? mark + 1 : name.bytes, mark ? name.len - file - 1 : 0, mark != NULL);
}

static void put_dataset(struct qn_sheet *sheet, size_t column, const struct er_gluing *gluing,
                        uint32_t dataset)
{
    bool known = dataset < gluing->schema.count;
    const char *name = known ? gluing->schema.datasets[dataset].name : "";
    put_text(sheet, column, name, strlen(name), known);
}

/* ---- one task ------------------------------------------------------------------------------- */

struct accounting {
    struct er_gluing *gluing;
    struct er_totals *totals;
    struct qn_sheet members;
    struct qn_sheet rejects;
    uint64_t reasons[ER_REASON_COUNT]; /* rows */
    uint64_t entries[ER_REASON_COUNT];
    struct qn_buf versions; /* struct version */
    struct qn_buf names;    /* char *: headers of versions, owned */
};

struct version { /* a header that members of a dataset have */
    uint32_t dataset;
    uint32_t name; /* in `names` */
    uint64_t members;
    int32_t first_day, last_day;
};

static void add_losses(const struct er_gluing *gluing, uint64_t task, uint32_t source,
                       struct er_tally *tally)
{
    const struct er_loss *losses = (const struct er_loss *)(const void *)gluing->losses.data;
    for (size_t i = 0; i < gluing->losses.len / sizeof *losses; i++) {
        if (losses[i].task != task || losses[i].source != source)
            continue;
        tally->identical += losses[i].identical;
        tally->differing += losses[i].differing;
    }
}

static bool same_header(const struct accounting *a, const struct version *version,
                        const struct er_source_view *source)
{
    const char *name = ((char **)(void *)a->names.data)[version->name];
    return version->dataset == source->dataset && strlen(name) == source->columns.len &&
           !memcmp(name, source->columns.bytes, source->columns.len);
}

static bool note_version(struct accounting *a, const struct er_source_view *source)
{
    struct version *versions = (struct version *)(void *)a->versions.data;
    size_t count = a->versions.len / sizeof *versions, i = 0;
    if (source->dataset >= a->gluing->schema.count || source->columns.len == 0)
        return true;
    while (i < count && !same_header(a, &versions[i], source))
        i++;
    if (i == count) {
        struct version fresh = {.dataset = source->dataset,
                                .name = (uint32_t)(a->names.len / sizeof(char *)),
                                .first_day = ER_NO_DAY,
                                .last_day = ER_NO_DAY};
        char *copy = qn_sys.malloc(source->columns.len + 1);
        if (!copy)
            return false;
        memcpy(copy, source->columns.bytes, source->columns.len);
        copy[source->columns.len] = '\0';
        qn_buf_append(&a->names, &copy, sizeof copy);
        qn_buf_append(&a->versions, &fresh, sizeof fresh);
        if (a->names.failed || a->versions.failed)
            return false;
        versions = (struct version *)(void *)a->versions.data;
    }
    struct version *v = &versions[i];
    v->members++;
    if (source->first_day == ER_NO_DAY)
        return true;
    v->first_day = v->first_day == ER_NO_DAY || source->first_day < v->first_day ? source->first_day
                                                                                 : v->first_day;
    v->last_day =
        v->last_day == ER_NO_DAY || source->last_day > v->last_day ? source->last_day : v->last_day;
    return true;
}

static enum qn_status take_member(struct accounting *a, uint64_t task, uint32_t index,
                                  struct er_source_view *source, struct qn_error *err)
{
    struct qn_sheet *t = &a->members;
    size_t count = a->gluing->schema.count;
    add_losses(a->gluing, task, index, &source->tally);
    struct er_totals *totals = &a->totals[source->dataset < count ? source->dataset : count];
    totals->members++;
    totals->refused += source->reason != ER_FINE;
    totals->bytes += source->bytes;
    totals->tally.rows_in += source->tally.rows_in;
    totals->tally.rejected += source->tally.rejected;
    totals->tally.identical += source->tally.identical;
    totals->tally.differing += source->tally.differing;
    const char *refused = er_reason_name(source->reason);
    put_name(t, source->name);
    put_dataset(t, 2, a->gluing, source->dataset);
    put_number(t, 3, (int64_t)source->published, source->published > 0);
    put_number(t, 4, (int64_t)source->bytes, true);
    put_number(t, 5, (int64_t)source->tally.rows_in, true);
    put_number(t, 6, (int64_t)source->tally.rejected, true);
    put_number(t, 7, (int64_t)source->tally.identical, true);
    put_number(t, 8, (int64_t)source->tally.differing, true);
    put_day(t, 9, source->first_day);
    put_day(t, 10, source->last_day);
    put_text(t, 11, refused, strlen(refused), *refused != '\0');
    if (!note_version(a, source))
        return qn_fail_memory(err, "the versions of tables", 1);
    return qn_sheet_row(t, err);
}

static enum qn_status take_reject(struct accounting *a, const struct er_source_view *source,
                                  const struct er_reject *reject, struct qn_error *err)
{
    struct qn_sheet *t = &a->rejects;
    const char *reason = er_reason_name(reject->reason);
    a->reasons[reject->reason] += reject->rows;
    a->entries[reject->reason]++;
    put_name(t, source->name);
    put_dataset(t, 2, a->gluing, source->dataset);
    put_number(t, 3, (int64_t)reject->line, reject->line > 0);
    put_number(t, 4, (int64_t)reject->offset, reject->line > 0);
    put_text(t, 5, reject->column, strlen(reject->column), *reject->column != '\0');
    put_text(t, 6, reject->raw, reject->raw_len, true);
    put_text(t, 7, reason, strlen(reason), true);
    put_number(t, 8, (int64_t)reject->rows, true);
    return qn_sheet_row(t, err);
}

static enum qn_status take_rejects(struct accounting *a, struct er_result_view *view,
                                   struct qn_error *err)
{
    struct er_source_view *sources = qn_sys.calloc(view->source_count + 1u, sizeof *sources);
    struct qn_cursor in = view->sources;
    struct er_reject reject;
    struct er_reject_text text;
    enum qn_status status = QN_OK;
    if (!sources)
        return qn_fail_memory(err, "the members of a task", view->source_count);
    for (uint32_t i = 0; i < view->source_count; i++)
        er_next_source(&in, &sources[i]);
    while (!status && er_reject_next(&view->rejects, &reject, &text)) {
        if (reject.source < view->source_count)
            status = take_reject(a, &sources[reject.source], &reject, err);
    }
    free(sources);
    return status;
}

static enum qn_status take_task(struct accounting *a, uint64_t task, struct qn_error *err)
{
    const void *bytes;
    size_t len;
    bool done;
    struct er_result_view view;
    qn_glue_task(a->gluing->glue, task, &done);
    if (!done)
        return QN_OK;
    enum qn_status status = qn_glue_result(a->gluing->glue, task, &bytes, &len, err);
    if (!status)
        status = er_result_open(&view, bytes, len, err);
    if (status)
        return status;
    struct qn_cursor in = view.sources;
    for (uint32_t i = 0; i < view.source_count && !status; i++) {
        struct er_source_view source;
        er_next_source(&in, &source);
        status = take_member(a, task, i, &source, err);
    }
    return status ? status : take_rejects(a, &view, err);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static int by_day(const void *a, const void *b)
{
    const struct version *x = a, *y = b;
    if (x->dataset != y->dataset)
        return x->dataset < y->dataset ? -1 : 1;
    if (x->first_day != y->first_day)
        return x->first_day < y->first_day ? -1 : 1;
    return (x->name > y->name) - (x->name < y->name);
}

/* Whether a comma-separated list holds a name. */
static bool holds(const char *list, const char *name, size_t len)
{
    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strcspn(at, ",") == len && !strncmp(at, name, len))
            return true;
    }
    return false;
}

static json_t *difference(const char *list, const char *without)
{
    json_t *names = json_array();
    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',';
        size_t len = strcspn(at, ",");
        if (!holds(without, at, len))
            json_array_append_new(names, json_stringn(at, len));
    }
    return names;
}

static json_t *day_text(int32_t day)
{
    char text[16];
    struct qn_civil c = qn_civil_from_days(day);
    if (day == ER_NO_DAY)
        return json_null();
    snprintf(text, sizeof text, "%04d-%02u-%02u", c.year, c.month, c.day);
    return json_string(text);
}

/* Versions of each dataset in order of their first days, with what changed from one to the next. */
static void tell_versions(struct accounting *a, json_t *out)
{
    struct version *versions = (struct version *)(void *)a->versions.data;
    size_t count = a->versions.len / sizeof *versions;
    char **names = (char **)(void *)a->names.data;
    if (count > 1)
        qsort(versions, count, sizeof *versions, by_day);
    for (size_t i = 0; i < count; i++) {
        const struct version *v = &versions[i];
        bool follows = i > 0 && versions[i - 1].dataset == v->dataset;
        const char *before = follows ? names[versions[i - 1].name] : names[v->name];
        json_t *entry = json_pack(
            "{s:s, s:o, s:o, s:I, s:o, s:o}", "dataset",
            a->gluing->schema.datasets[v->dataset].name, "first_day", day_text(v->first_day),
            "last_day", day_text(v->last_day), "members", (json_int_t)v->members, "new_columns",
            difference(names[v->name], before), "gone_columns", difference(before, names[v->name]));
        json_array_append_new(out, entry);
    }
}

static enum qn_status take_all(struct accounting *a, struct qn_error *err)
{
    struct qn_glue *glue = a->gluing->glue;
    enum qn_status status = qn_sheet_open(&a->members, glue, "members.parquet", member_columns,
                                          sizeof member_columns / sizeof *member_columns, err);
    if (!status)
        status = qn_sheet_open(&a->rejects, glue, "rejects.parquet", reject_columns,
                               sizeof reject_columns / sizeof *reject_columns, err);
    for (uint64_t task = 0; task < qn_glue_count(glue) && !status; task++)
        status = take_task(a, task, err);
    if (!status)
        status = qn_sheet_finish(&a->members, err);
    if (!status)
        status = qn_sheet_finish(&a->rejects, err);
    return status;
}

/* Rows in are rows out, rejects and duplicates: otherwise something was lost, and nothing is
 * published. */
static enum qn_status check_sums(const struct accounting *a, struct qn_error *err)
{
    for (size_t i = 0; i <= a->gluing->schema.count; i++) {
        const struct er_totals *t = &a->totals[i];
        uint64_t out = t->rows_out + t->tally.rejected + t->tally.identical + t->tally.differing;
        if (t->tally.rows_in != out)
            return qn_fail(err, QN_ERR_INTERNAL,
                           "the rows of '%s' do not come out even: %llu in, but %llu out, %llu "
                           "rejected and %llu duplicates.",
                           i < a->gluing->schema.count ? a->gluing->schema.datasets[i].name : "?",
                           (unsigned long long)t->tally.rows_in, (unsigned long long)t->rows_out,
                           (unsigned long long)t->tally.rejected,
                           (unsigned long long)(t->tally.identical + t->tally.differing));
    }
    return QN_OK;
}

enum qn_status er_accounts_write(struct er_gluing *gluing, struct er_totals *totals,
                                 json_t *versions, json_t *reasons, struct qn_error *err)
{
    struct accounting a = {.gluing = gluing, .totals = totals};
    enum qn_status status = take_all(&a, err);
    if (!status)
        status = check_sums(&a, err);
    if (!status)
        tell_versions(&a, versions);
    for (int r = 1; r < ER_REASON_COUNT && !status; r++) {
        if (a.entries[r] > 0)
            json_object_set_new(reasons, er_reason_name((enum er_reason)r),
                                json_pack("{s:I, s:I}", "entries", (json_int_t)a.entries[r], "rows",
                                          (json_int_t)a.reasons[r]));
    }
    qn_sheet_release(&a.members);
    qn_sheet_release(&a.rejects);
    char **names = (char **)(void *)a.names.data;
    for (size_t i = 0; i < a.names.len / sizeof *names; i++)
        free(names[i]);
    qn_buf_release(&a.names);
    qn_buf_release(&a.versions);
    return status;
}
