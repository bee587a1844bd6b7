/* Glue of a verification: findings of all tasks, comparisons across files, what is written. See
 * verify.h. */
#include "base/json_memory.h"
#include "base/sys.h"
#include "format/parquet/text.h"
#include "pipelines/parquet/merge_keys.h"
#include "pipelines/parquet/schemas.h"
#include "pipelines/parquet/verify.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct gluing {
    struct qn_glue *glue;
    struct qn_outline outline;
    struct qn_settings *settings;
    struct qn_key_merge *merge;
    struct qn_buf findings;
    struct qn_check_totals *files; /* per file */
    struct qn_check_totals all;
    struct qn_key_totals keys;
    uint64_t count[QN_SEVERITY_COUNT];
    uint64_t (*per_file)[QN_SEVERITY_COUNT];
    bool keyed;
};

static struct qn_finding about_file(uint32_t file)
{
    return (struct qn_finding){
        .file = file, .group = -1, .page = -1, .offset = -1, .row = -1, .count = 1};
}

/* ---- results of tasks ----------------------------------------------------------------------- */

static void add_totals(struct qn_check_totals *to, const struct qn_check_totals *from)
{
    uint64_t *a = (uint64_t *)to;
    const uint64_t *b = (const uint64_t *)from;
    for (size_t i = 0; i < sizeof *to / sizeof *a; i++) /* plain counts, all of them */
        a[i] += b[i];
}

static struct qn_cursor part_of(struct qn_cursor *in)
{
    uint64_t len = qn_cursor_u64(in);
    const uint8_t *bytes = qn_cursor_bytes(in, (size_t)len);
    return (struct qn_cursor){.data = bytes, .len = bytes ? (size_t)len : 0};
}

static enum qn_status take_result(struct gluing *g, uint64_t task, struct qn_error *err)
{
    const void *bytes;
    size_t len;
    enum qn_status status = qn_glue_result(g->glue, task, &bytes, &len, err);
    if (status)
        return status;
    struct qn_cursor in = {.data = bytes, .len = len};
    struct qn_cursor totals = part_of(&in), findings = part_of(&in), runs = part_of(&in),
                     names = part_of(&in);
    while (totals.at < totals.len && !totals.failed) {
        struct qn_check_totals sum;
        uint32_t file = qn_cursor_u32(&totals);
        const uint8_t *from = qn_cursor_bytes(&totals, sizeof sum);
        if (!from || file >= g->outline.file_count)
            break;
        memcpy(&sum, from, sizeof sum);
        add_totals(&g->files[file], &sum);
        add_totals(&g->all, &sum);
    }
    if (in.failed)
        return qn_fail(err, QN_ERR_CORRUPT, "the result of task %" PRIu64 " is damaged.", task);
    qn_buf_append(&g->findings, findings.data, findings.len);
    if (!g->keyed)
        return QN_OK;
    return qn_key_merge_add(g->merge, task, runs.data, runs.len, names.data, names.len, err);
}

static void tell_unfinished(struct gluing *g, const struct qn_task *task)
{
    struct qn_verify_task wanted;
    if (task->payload_len != sizeof wanted)
        return;
    memcpy(&wanted, task->payload, sizeof wanted);
    for (uint32_t i = 0; i < wanted.units && wanted.first_unit + i < g->outline.unit_count; i++) {
        const struct qn_unit *unit = &g->outline.units[wanted.first_unit + i];
        struct qn_finding finding = about_file(unit->file);
        qn_finding_set(&finding, QN_FIND_UNFINISHED, "row groups %u to %u could not be checked",
                       unit->first_group,
                       unit->first_group + (unit->groups ? unit->groups - 1 : 0));
        qn_finding_put(&g->findings, &finding);
    }
}

static enum qn_status take_results(struct gluing *g, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (uint64_t i = 0; i < qn_glue_count(g->glue) && !status; i++) {
        bool done;
        const struct qn_task *task = qn_glue_task(g->glue, i, &done);
        if (done)
            status = take_result(g, i, err);
        else
            tell_unfinished(g, task);
    }
    return status;
}

/* ---- what files are and lack ---------------------------------------------------------------- */

static void tell_lack(struct gluing *g, uint32_t file, enum qn_finding_kind kind, uint64_t lacking)
{
    if (lacking == 0)
        return;
    struct qn_finding finding = about_file(file);
    qn_finding_set(&finding, kind, "%" PRIu64 " of %" PRIu64 " columns of row groups: %s", lacking,
                   g->files[file].chunks, qn_finding_infos[kind].meaning);
    finding.count = (int64_t)lacking;
    qn_finding_put(&g->findings, &finding);
}

static void tell_files(struct gluing *g)
{
    for (uint32_t i = 0; i < g->outline.file_count; i++) {
        const struct qn_verified_file *file = &g->outline.files[i];
        const struct qn_check_totals *totals = &g->files[i];
        if (!file->opened) {
            struct qn_finding finding = about_file(i);
            finding.offset = file->offset;
            qn_finding_set(&finding, file->unsupported ? QN_FIND_NOT_READ : QN_FIND_FOOTER,
                           "%.399s", file->problem);
            qn_finding_put(&g->findings, &finding);
        }
        tell_lack(g, i, QN_FIND_NO_STATISTICS, totals->no_statistics);
        tell_lack(g, i, QN_FIND_NO_NULL_COUNT, totals->no_null_count);
        tell_lack(g, i, QN_FIND_NO_PAGE_INDEX, totals->no_page_index);
        tell_lack(g, i, QN_FIND_NO_CRC, totals->no_crc);
    }
}

static void count_findings(struct gluing *g)
{
    struct qn_cursor in = {.data = g->findings.data, .len = g->findings.len};
    struct qn_finding finding;
    while (in.at < in.len && qn_finding_get(&in, &finding)) {
        enum qn_severity severity = qn_finding_infos[finding.kind].severity;
        g->count[severity]++;
        if (finding.file < g->outline.file_count)
            g->per_file[finding.file][severity]++;
    }
}

/* ---- what is written ------------------------------------------------------------------------ */

static const struct qn_parquet_column finding_columns[] = {
    {.name = "severity", .type = QN_PQ_STRING},
    {.name = "code", .type = QN_PQ_STRING},
    {.name = "file", .type = QN_PQ_STRING, .optional = true},
    {.name = "row_group", .type = QN_PQ_INT64, .optional = true},
    {.name = "column", .type = QN_PQ_STRING, .optional = true},
    {.name = "page", .type = QN_PQ_INT64, .optional = true},
    {.name = "offset", .type = QN_PQ_INT64, .optional = true},
    {.name = "row", .type = QN_PQ_INT64, .optional = true},
    {.name = "count", .type = QN_PQ_INT64},
    {.name = "message", .type = QN_PQ_STRING}};

static void put_optional(struct qn_sheet *sheet, size_t column, int64_t value)
{
    if (value < 0)
        qn_sheet_null(sheet, column);
    else
        qn_sheet_int(sheet, column, value);
}

static const char *path_of(const struct gluing *g, const struct qn_finding *finding)
{
    return finding->file < g->outline.file_count ? g->outline.files[finding->file].path : NULL;
}

static enum qn_status write_findings(struct gluing *g, struct qn_error *err)
{
    struct qn_sheet sheet;
    struct qn_finding f;
    struct qn_cursor in = {.data = g->findings.data, .len = g->findings.len};
    enum qn_status status = qn_sheet_open(&sheet, g->glue, "findings.parquet", finding_columns,
                                          sizeof finding_columns / sizeof *finding_columns, err);
    while (!status && in.at < in.len && qn_finding_get(&in, &f)) {
        qn_sheet_text(&sheet, 0, qn_severity_name(qn_finding_infos[f.kind].severity));
        qn_sheet_text(&sheet, 1, qn_finding_infos[f.kind].code);
        qn_sheet_text(&sheet, 2, path_of(g, &f));
        put_optional(&sheet, 3, f.group);
        qn_sheet_text(&sheet, 4, f.column[0] ? f.column : NULL);
        put_optional(&sheet, 5, f.page);
        put_optional(&sheet, 6, f.offset);
        put_optional(&sheet, 7, f.row);
        qn_sheet_int(&sheet, 8, f.count);
        qn_sheet_text(&sheet, 9, f.message);
        status = qn_sheet_row(&sheet, err);
    }
    if (!status)
        status = qn_sheet_finish(&sheet, err);
    qn_sheet_release(&sheet);
    return status;
}

static const struct qn_parquet_column file_columns[] = {
    {.name = "file", .type = QN_PQ_STRING},      {.name = "bytes", .type = QN_PQ_INT64},
    {.name = "rows", .type = QN_PQ_INT64},       {.name = "row_groups", .type = QN_PQ_INT64},
    {.name = "pages", .type = QN_PQ_INT64},      {.name = "values", .type = QN_PQ_INT64},
    {.name = "nulls", .type = QN_PQ_INT64},      {.name = "nans", .type = QN_PQ_INT64},
    {.name = "infinities", .type = QN_PQ_INT64}, {.name = "decoded_bytes", .type = QN_PQ_INT64},
    {.name = "errors", .type = QN_PQ_INT64},     {.name = "warnings", .type = QN_PQ_INT64},
    {.name = "notes", .type = QN_PQ_INT64}};

static enum qn_status write_files(struct gluing *g, struct qn_error *err)
{
    struct qn_sheet sheet;
    enum qn_status status = qn_sheet_open(&sheet, g->glue, "files.parquet", file_columns,
                                          sizeof file_columns / sizeof *file_columns, err);
    for (size_t i = 0; i < g->outline.file_count && !status; i++) {
        const struct qn_verified_file *file = &g->outline.files[i];
        const struct qn_check_totals *t = &g->files[i];
        const uint64_t numbers[] = {file->size,
                                    file->rows,
                                    file->groups,
                                    t->pages,
                                    t->values,
                                    t->nulls,
                                    t->nans,
                                    t->infinities,
                                    t->decoded_bytes,
                                    g->per_file[i][QN_FOUND_ERROR],
                                    g->per_file[i][QN_FOUND_WARNING],
                                    g->per_file[i][QN_FOUND_NOTE]};
        qn_sheet_text(&sheet, 0, file->path);
        for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
            qn_sheet_int(&sheet, 1 + k, (int64_t)numbers[k]);
        status = qn_sheet_row(&sheet, err);
    }
    if (!status)
        status = qn_sheet_finish(&sheet, err);
    qn_sheet_release(&sheet);
    return status;
}

static json_t *text_json(const char *text)
{
    json_t *value = text ? json_string(text) : json_null();
    return value ? value : json_string("?"); /* bytes that are not UTF-8 */
}

static json_t *number_json(int64_t value)
{
    return value < 0 ? json_null() : json_integer(value);
}

static json_t *finding_json(const struct gluing *g, const struct qn_finding *f)
{
    json_t *out = json_object();
    json_object_set_new(out, "severity",
                        text_json(qn_severity_name(qn_finding_infos[f->kind].severity)));
    json_object_set_new(out, "code", text_json(qn_finding_infos[f->kind].code));
    json_object_set_new(out, "file", text_json(path_of(g, f)));
    json_object_set_new(out, "row_group", number_json(f->group));
    json_object_set_new(out, "column", text_json(f->column[0] ? f->column : NULL));
    json_object_set_new(out, "page", number_json(f->page));
    json_object_set_new(out, "offset", number_json(f->offset));
    json_object_set_new(out, "row", number_json(f->row));
    json_object_set_new(out, "count", number_json(f->count));
    json_object_set_new(out, "message", text_json(f->message));
    return out;
}

static void set_count(json_t *object, const char *name, uint64_t value)
{
    json_object_set_new(object, name, json_integer((json_int_t)value));
}

static json_t *totals_json(const struct gluing *g)
{
    json_t *out = json_object();
    set_count(out, "files", g->outline.file_count);
    set_count(out, "rows", g->all.rows);
    set_count(out, "columns_of_row_groups", g->all.chunks);
    set_count(out, "pages", g->all.pages);
    set_count(out, "values", g->all.values);
    set_count(out, "nulls", g->all.nulls);
    set_count(out, "stored_bytes", g->all.stored_bytes);
    set_count(out, "decoded_bytes", g->all.decoded_bytes);
    set_count(out, "errors", g->count[QN_FOUND_ERROR]);
    set_count(out, "warnings", g->count[QN_FOUND_WARNING]);
    set_count(out, "notes", g->count[QN_FOUND_NOTE]);
    return out;
}

static json_t *keys_json(const struct gluing *g)
{
    const struct qn_key_totals *keys = &g->keys;
    json_t *out = json_object();
    set_count(out, "rows_with_a_key", keys->rows);
    set_count(out, "duplicates", keys->duplicates);
    set_count(out, "duplicates_equal_in_all_columns", keys->duplicates_equal);
    if (!g->settings->time[0])
        return out;
    char text[40];
    set_count(out, "series", keys->series);
    if (keys->series > 0) {
        json_object_set_new(out, "first",
                            json_string(qn_parquet_instant_text(keys->first, true, text)));
        json_object_set_new(out, "last",
                            json_string(qn_parquet_instant_text(keys->last, true, text)));
    }
    if (g->settings->grid.step_us == 0)
        return out;
    set_count(out, "times_expected", keys->expected);
    set_count(out, "times_there", keys->have);
    set_count(out, "times_missing", keys->missing);
    set_count(out, "gaps", keys->gaps);
    set_count(out, "times_off_the_grid", keys->off_grid);
    return out;
}

static enum qn_status write_text(struct gluing *g, const char *path, json_t *root,
                                 struct qn_error *err)
{
    struct qn_output *output = NULL;
    char *text = qn_json_dump(root, JSON_INDENT(1));
    json_decref(root);
    if (!text)
        return qn_fail_memory(err, "the findings", 1);
    enum qn_status status = qn_glue_create(g->glue, path, &output, err);
    if (!status)
        status = qn_output_write(output, text, strlen(text), err);
    if (!status) {
        status = qn_output_write(output, "\n", 1, err);
        if (!status) {
            status = qn_output_commit(output, err);
            output = NULL;
        }
    }
    qn_output_discard(output);
    free(text);
    return status;
}

static enum qn_status write_json(struct gluing *g, struct qn_error *err)
{
    struct qn_cursor in = {.data = g->findings.data, .len = g->findings.len};
    struct qn_finding finding;
    json_t *root = json_object(), *list = json_array();
    while (in.at < in.len && qn_finding_get(&in, &finding))
        json_array_append_new(list, finding_json(g, &finding));
    json_object_set_new(root, "checked", totals_json(g));
    if (g->keyed)
        json_object_set_new(root, "keys", keys_json(g));
    json_object_set_new(root, "findings", list);
    return write_text(g, "findings.json", root, err);
}

static enum qn_status put_fact(struct gluing *g, const char *name, json_t *value,
                               struct qn_error *err)
{
    char *text = qn_json_dump(value, 0);
    json_decref(value);
    if (!text)
        return qn_fail_memory(err, "a fact", 1);
    enum qn_status status = qn_glue_fact(g->glue, name, text, err);
    free(text);
    return status;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static enum qn_status glue_all(struct gluing *g, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    if (g->keyed)
        status = qn_key_merge_new(&g->merge, g->glue, g->settings, &g->outline, err);
    if (!status)
        status = take_results(g, err);
    if (!status)
        tell_files(g);
    if (!status)
        status = qn_compare_schemas(&g->outline, g->settings, &g->findings, err);
    if (!status && g->keyed)
        status = qn_key_merge_run(g->merge, &g->findings, &g->keys, err);
    if (!status && g->findings.failed)
        status = qn_fail_memory(err, "the findings", g->findings.len);
    if (status)
        return status;
    count_findings(g);
    status = write_findings(g, err);
    if (!status)
        status = write_files(g, err);
    if (!status)
        status = write_json(g, err);
    if (!status)
        status = put_fact(g, "checked", totals_json(g), err);
    if (!status && g->keyed)
        status = put_fact(g, "keys", keys_json(g), err);
    return status;
}

enum qn_status qn_verify_glue(struct qn_glue *glue, struct qn_error *err)
{
    const struct qn_job *job = qn_glue_job(glue);
    struct gluing *g = qn_sys.calloc(1, sizeof *g);
    if (!g)
        return qn_fail_memory(err, "glue", sizeof *g);
    g->glue = glue;
    g->settings = qn_sys.calloc(1, sizeof *g->settings);
    enum qn_status status = g->settings ? qn_settings_read(g->settings, job->options, err)
                                        : qn_fail_memory(err, "settings", sizeof *g->settings);
    if (!status)
        status = qn_outline_decode(&g->outline, job->shared, job->shared_len, err);
    if (!status) {
        g->keyed = g->settings->has_key || g->settings->time[0];
        g->files = qn_sys.calloc(g->outline.file_count + 1, sizeof *g->files);
        g->per_file = qn_sys.calloc(g->outline.file_count + 1, sizeof *g->per_file);
        status = g->files && g->per_file
                     ? glue_all(g, err)
                     : qn_fail_memory(err, "files", g->outline.file_count * sizeof *g->files);
    }
    qn_key_merge_free(g->merge);
    if (g->settings)
        qn_settings_release(g->settings);
    free(g->settings);
    qn_outline_release(&g->outline);
    qn_buf_release(&g->findings);
    free(g->files);
    free(g->per_file);
    free(g);
    return status;
}
