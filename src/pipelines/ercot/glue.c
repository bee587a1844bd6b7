/* From runs to dataset: a Parquet file per dataset and operating year, the account of the run,
 * gaps. Groups that do not overlap are copied as they are. */
#include "base/json_memory.h"
#include "pipelines/ercot/gluing.h"
#include "pipelines/ercot/pieces.h"
#include "pipelines/ercot/steps.h"

#include "base/io.h"
#include "base/sys.h"
#include "pipelines/ercot/coverage.h"
#include "pipelines/ercot/pictures.h"
#include "pipelines/sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Groups smaller than this (in rows, and in cells) are put together. */
enum { SMALL_ROWS = 1 << 17, SMALL_CELLS = 1 << 21 };

struct covered { /* coverage of a run, in a part */
    uint32_t dataset;
    int32_t year;
    uint64_t task;
    uint64_t offset, len;
};

struct making {
    struct er_gluing g;
    size_t room;
    struct qn_buf covered; /* struct covered */
    struct er_totals *totals;
    json_t *years; /* a fact per dataset and year */
    struct qn_sheet gaps;
    struct qn_buf pictures;
};

/* ---- the directory of groups ---------------------------------------------------------------- */

static enum qn_status add_entry(struct making *m, const struct er_run_view *run, uint64_t task,
                                uint32_t number, const struct er_group_view *view,
                                struct qn_error *err)
{
    if (m->g.count == m->room) {
        size_t room = m->room ? 2 * m->room : 256;
        struct er_entry *entries = qn_sys.realloc(m->g.entries, room * sizeof *entries);
        if (!entries)
            return qn_fail_memory(err, "the list of groups", room * sizeof *entries);
        m->g.entries = entries;
        m->room = room;
    }
    m->g.entries[m->g.count++] = (struct er_entry){.dataset = run->dataset,
                                                   .year = run->year,
                                                   .task = task,
                                                   .group = number,
                                                   .repeats = run->repeats,
                                                   .extra_count = run->extra_count,
                                                   .view = *view,
                                                   .extras = run->extras};
    return QN_OK;
}

static enum qn_status list_runs(struct making *m, uint64_t task, struct er_result_view *result,
                                struct qn_error *err)
{
    struct er_run_view run;
    enum qn_status status = QN_OK;
    for (uint32_t r = 0; r < result->run_count && !status; r++) {
        if (!er_next_run(&result->runs, &run) || run.dataset >= m->g.schema.count)
            return qn_fail(err, QN_ERR_CORRUPT, "the result of task %llu is damaged.",
                           (unsigned long long)task);
        struct covered covered = {run.dataset, run.year, task, run.coverage_offset,
                                  run.coverage_len};
        qn_buf_append(&m->covered, &covered, sizeof covered);
        if (m->covered.failed)
            return qn_fail_memory(err, "the list of runs", m->covered.len);
        struct er_group_view view;
        for (uint32_t k = 0; k < run.group_count && !status; k++) {
            er_next_group(&run.groups, &view);
            status = add_entry(m, &run, task, k, &view, err);
        }
    }
    return status;
}

/* Keeps the part of the result that describes runs. */
static enum qn_status list_task(struct making *m, uint64_t task, struct qn_error *err)
{
    const void *bytes;
    size_t len;
    struct er_result_view view;
    bool done;
    qn_glue_task(m->g.glue, task, &done);
    if (!done)
        return QN_OK;
    enum qn_status status = qn_glue_result(m->g.glue, task, &bytes, &len, err);
    if (!status)
        status = er_result_open(&view, bytes, len, err);
    if (status)
        return status;
    size_t left = view.runs.len - view.runs.at;
    uint8_t *copy = qn_sys.malloc(left + 1);
    qn_buf_append(&m->g.blocks, &copy, sizeof copy);
    if (!copy || m->g.blocks.failed)
        return qn_fail_memory(err, "the list of groups", left);
    memcpy(copy, view.runs.data + view.runs.at, left);
    view.runs = (struct qn_cursor){.data = copy, .len = left};
    return list_runs(m, task, &view, err);
}

static int compare_slices(const struct er_slice *a, const struct er_slice *b)
{
    size_t len = a->len < b->len ? a->len : b->len;
    int order = len ? memcmp(a->bytes, b->bytes, len) : 0;
    return order ? order : (a->len > b->len) - (a->len < b->len);
}

static int by_key(const void *a, const void *b)
{
    const struct er_entry *x = a, *y = b;
    if (x->dataset != y->dataset)
        return x->dataset < y->dataset ? -1 : 1;
    if (x->year != y->year)
        return x->year < y->year ? -1 : 1;
    int order = compare_slices(&x->view.key_min, &y->view.key_min);
    if (order)
        return order;
    if (x->task != y->task)
        return x->task < y->task ? -1 : 1;
    return (x->group > y->group) - (x->group < y->group);
}

/* ---- one file ------------------------------------------------------------------------------- */

static bool is_small(const struct er_entry *entry, const struct er_layout *layout)
{
    return entry->view.rows < SMALL_ROWS && entry->view.rows * layout->count < SMALL_CELLS;
}

/* One past the last of the entries that overlap, directly or by others between them. */
static size_t overlap_end(const struct er_entry *entries, size_t first, size_t count, bool keyed)
{
    const struct er_slice *last = &entries[first].view.key_max;
    size_t end = first + 1;
    for (; keyed && end < count && compare_slices(&entries[end].view.key_min, last) <= 0; end++) {
        if (compare_slices(&entries[end].view.key_max, last) > 0)
            last = &entries[end].view.key_max;
    }
    return end;
}

/* Takes small neighbours in, up to a million rows. */
static size_t batch_end(const struct er_entry *entries, size_t first, size_t count,
                        const struct er_layout *layout)
{
    bool keyed = layout->dataset->key_count > 0;
    size_t end = overlap_end(entries, first, count, keyed);
    uint64_t rows = 0;
    for (size_t i = first; i < end; i++)
        rows += entries[i].view.rows;
    while (end < count && (end > first + 1 || is_small(&entries[first], layout)) &&
           is_small(&entries[end], layout)) {
        size_t next = overlap_end(entries, end, count, keyed);
        uint64_t more = 0;
        for (size_t i = end; i < next; i++)
            more += entries[i].view.rows;
        if (rows + more > ER_GROUP_ROWS || (rows + more) * layout->count > 4 * SMALL_CELLS)
            break;
        rows += more;
        end = next;
    }
    return end;
}

static enum qn_status carry(struct making *m, const struct er_entry *entry, struct er_file *file,
                            struct qn_error *err)
{
    char part[ER_PART_PATH];
    bool done;
    er_part_path(qn_glue_task(m->g.glue, entry->task, &done), part);
    enum qn_status status =
        qn_parquet_footer_group(file->footer, entry->view.meta.bytes, entry->view.meta.len,
                                qn_output_tell(file->output), err);
    file->rows += entry->view.rows;
    file->groups++;
    return status ? status
                  : qn_output_append_file(file->output, m->g.glue, part, entry->view.offset,
                                          entry->view.len, err);
}

static enum qn_status write_groups(struct making *m, const struct er_layout *layout,
                                   const struct er_entry *entries, size_t count,
                                   struct er_file *file, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < count && !status;) {
        size_t end = batch_end(entries, i, count, layout);
        if (end == i + 1 && er_layout_fits(layout, &entries[i]))
            status = carry(m, &entries[i], file, err);
        else
            status = er_merge(&m->g, layout, entries + i, end - i, file, err);
        i = end;
        if (!status && qn_glue_cancelled(m->g.glue))
            status = qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
    }
    return status;
}

/* What the file is: for whoever finds it without the rest. */
static enum qn_status describe(struct er_file *file, const struct er_layout *layout, int year,
                               struct qn_error *err)
{
    struct qn_buf units = {0};
    char text[32];
    enum qn_status status =
        qn_parquet_footer_key_value(file->footer, "quern.dataset", layout->dataset->name, err);
    if (!status)
        status =
            qn_parquet_footer_key_value(file->footer, "quern.title", layout->dataset->title, err);
    snprintf(text, sizeof text, "%d", year);
    if (!status && year)
        status = qn_parquet_footer_key_value(file->footer, "quern.operating_year", text, err);
    for (size_t c = 0; c < layout->count; c++) {
        if (*layout->columns[c].unit)
            qn_buf_printf(&units, "%s%s: %s", units.len ? "; " : "", layout->columns[c].name,
                          layout->columns[c].unit);
    }
    qn_buf_u8(&units, 0);
    if (!status && units.failed)
        status = qn_fail_memory(err, "units", units.len);
    if (!status)
        status =
            qn_parquet_footer_key_value(file->footer, "quern.units", (const char *)units.data, err);
    for (size_t k = 0; k < layout->dataset->key_count && !status; k++)
        status = qn_parquet_footer_sorted(file->footer, layout->dataset->keys[k], err);
    qn_buf_release(&units);
    return status;
}

static enum qn_status cover(struct making *m, const struct er_dataset *dataset, int year,
                            json_t *fact, struct qn_error *err);

static enum qn_status make_file(struct making *m, const struct er_entry *entries, size_t count,
                                struct qn_error *err)
{
    const struct er_dataset *dataset = &m->g.schema.datasets[entries->dataset];
    struct er_layout layout = {0};
    struct er_file file = {0};
    char path[256];
    if (entries->year)
        snprintf(path, sizeof path, "%s/%d.parquet", dataset->name, entries->year);
    else
        snprintf(path, sizeof path, "%s/all.parquet", dataset->name);
    enum qn_status status = er_layout_init(&layout, dataset, entries, count, m->g.decimal, err);
    if (!status)
        status = er_file_begin(&file, m->g.glue, path, layout.parquet, layout.count, err);
    if (!status)
        status = write_groups(m, &layout, entries, count, &file, err);
    if (!status)
        status = describe(&file, &layout, entries->year, err);
    uint64_t bytes = 0;
    if (!status) {
        status = er_file_end(&file, err);
        bytes = file.rows;
    }
    m->totals[entries->dataset].rows_out += bytes;
    json_t *fact = json_pack("{s:s, s:s, s:i, s:I, s:i, s:i}", "dataset", dataset->name, "path",
                             path, "year", entries->year, "rows", (json_int_t)file.rows,
                             "row_groups", (int)file.groups, "columns", (int)layout.count);
    bool repeats = false;
    for (size_t i = 0; i < count; i++)
        repeats |= entries[i].repeats;
    json_object_set_new(fact, "repeats", json_boolean(repeats));
    if (!status)
        status = cover(m, dataset, entries->year, fact, err);
    json_array_append_new(m->years, fact);
    er_file_release(&file);
    er_layout_release(&layout);
    return status;
}

static enum qn_status make_files(struct making *m, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    if (m->g.count > 1)
        qsort(m->g.entries, m->g.count, sizeof *m->g.entries, by_key);
    for (size_t i = 0; i < m->g.count && !status;) {
        size_t end = i + 1;
        while (end < m->g.count && m->g.entries[end].dataset == m->g.entries[i].dataset &&
               m->g.entries[end].year == m->g.entries[i].year)
            end++;
        status = make_file(m, m->g.entries + i, end - i, err);
        i = end;
        qn_glue_progress(m->g.glue, i, m->g.count);
    }
    return status;
}

/* ---- coverage ------------------------------------------------------------------------------- */

static enum qn_status load_coverage(struct making *m, const struct covered *covered,
                                    struct er_coverage *coverage, struct qn_error *err)
{
    char part[ER_PART_PATH], path[PATH_MAX];
    int fd;
    bool done;
    er_part_path(qn_glue_task(m->g.glue, covered->task, &done), part);
    snprintf(path, sizeof path, "%s/%s", qn_glue_job(m->g.glue)->directory, part);
    uint8_t *bytes = qn_sys.malloc((size_t)covered->len + 1);
    if (!bytes)
        return qn_fail_memory(err, "the coverage of a part", covered->len);
    enum qn_status status = qn_open_read(path, &fd, err);
    if (!status) {
        status = qn_read_at(fd, path, bytes, (size_t)covered->len, covered->offset, err);
        qn_sys.close(fd);
    }
    if (!status)
        status = er_coverage_add(coverage, bytes, (size_t)covered->len, err);
    free(bytes);
    return status;
}

static const struct qn_parquet_column gap_columns[] = {
    {.name = "dataset", .type = QN_PQ_STRING},
    {.name = "year", .type = QN_PQ_INT32},
    {.name = "point", .type = QN_PQ_STRING, .optional = true},
    {.name = "gap_start_utc", .type = QN_PQ_TIMESTAMP_US_UTC},
    {.name = "gap_end_utc", .type = QN_PQ_TIMESTAMP_US_UTC},
    {.name = "intervals", .type = QN_PQ_INT32},
};

static enum qn_status put_gaps(struct making *m, const struct er_dataset *dataset, int year,
                               const struct er_coverage *coverage,
                               const struct er_coverage_sum *sum, struct qn_error *err)
{
    const struct er_gap *gaps = (const struct er_gap *)(const void *)sum->gaps.data;
    uint32_t *ranks, *order;
    enum qn_status status = QN_OK;
    if (!er_texts_rank(&coverage->points, &ranks, &order))
        return qn_fail_memory(err, "the list of gaps", sum->gaps.len);
    for (size_t i = 0; i < sum->gaps.len / sizeof *gaps && !status; i++) {
        qn_sheet_text(&m->gaps, 0, dataset->name);
        qn_sheet_int(&m->gaps, 1, year);
        if (gaps[i].point == UINT32_MAX)
            qn_sheet_null(&m->gaps, 2);
        else
            qn_sheet_bytes(&m->gaps, 2, er_text_bytes(&coverage->points, order[gaps[i].point]),
                           er_text_at(&coverage->points, order[gaps[i].point])->len);
        qn_sheet_int(&m->gaps, 3, gaps[i].start);
        qn_sheet_int(&m->gaps, 4, gaps[i].end);
        qn_sheet_int(&m->gaps, 5, gaps[i].intervals);
        status = qn_sheet_row(&m->gaps, err);
    }
    free(ranks);
    free(order);
    return status;
}

static enum qn_status cover(struct making *m, const struct er_dataset *dataset, int year,
                            json_t *fact, struct qn_error *err)
{
    const struct covered *covered = (const struct covered *)(const void *)m->covered.data;
    uint32_t index = (uint32_t)(dataset - m->g.schema.datasets);
    struct er_coverage coverage;
    struct er_coverage_sum sum = {0};
    bool any = false;
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < m->covered.len / sizeof *covered; i++)
        any |= covered[i].dataset == index && covered[i].year == year && covered[i].len > 0;
    if (!any || !er_coverage_init(&coverage, year, dataset->minutes))
        return QN_OK;
    for (size_t i = 0; i < m->covered.len / sizeof *covered && !status; i++) {
        if (covered[i].dataset == index && covered[i].year == year && covered[i].len > 0)
            status = load_coverage(m, &covered[i], &coverage, err);
    }
    if (!status && !er_coverage_sum(&coverage, &sum))
        status = qn_fail_memory(err, "the coverage of a year", coverage.bits.len);
    if (!status)
        status = put_gaps(m, dataset, year, &coverage, &sum, err);
    if (!status) {
        json_object_set_new(fact, "points", json_integer((json_int_t)sum.points));
        json_object_set_new(fact, "intervals", json_integer((json_int_t)sum.intervals));
        json_object_set_new(fact, "missing_intervals",
                            json_integer((json_int_t)sum.missing_intervals));
        json_object_set_new(fact, "missing", json_integer((json_int_t)sum.missing));
        er_pictures_put(&m->pictures, dataset, year, &coverage, &sum);
    }
    er_coverage_sum_release(&sum);
    er_coverage_release(&coverage);
    return status;
}

/* ---- facts ---------------------------------------------------------------------------------- */

static enum qn_status state(struct making *m, const char *name, json_t *value, struct qn_error *err)
{
    char *text = qn_json_dump(value, JSON_ENCODE_ANY | JSON_COMPACT);
    enum qn_status status =
        text ? qn_glue_fact(m->g.glue, name, text, err) : qn_fail_memory(err, name, 1);
    free(text);
    json_decref(value);
    return status;
}

static json_t *totals_json(const char *name, const struct er_totals *t)
{
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "dataset", name, "members",
                     (json_int_t)t->members, "refused_members", (json_int_t)t->refused, "bytes",
                     (json_int_t)t->bytes, "rows_in", (json_int_t)t->tally.rows_in, "rows_out",
                     (json_int_t)t->rows_out, "rejected", (json_int_t)t->tally.rejected,
                     "duplicates_identical", (json_int_t)t->tally.identical, "duplicates_differing",
                     (json_int_t)t->tally.differing);
}

static void add_totals(struct er_totals *sum, const struct er_totals *t)
{
    sum->members += t->members;
    sum->refused += t->refused;
    sum->bytes += t->bytes;
    sum->rows_out += t->rows_out;
    sum->tally.rows_in += t->tally.rows_in;
    sum->tally.rejected += t->tally.rejected;
    sum->tally.identical += t->tally.identical;
    sum->tally.differing += t->tally.differing;
}

static enum qn_status state_totals(struct making *m, const json_t *reasons, struct qn_error *err)
{
    const json_t *unknown = json_object_get(reasons, er_reason_name(ER_FILE_UNKNOWN));
    long long unknowns = json_integer_value(json_object_get(unknown, "entries"));
    struct er_totals sum = {0};
    json_t *datasets = json_array();
    for (size_t i = 0; i <= m->g.schema.count; i++) {
        if (m->totals[i].members == 0)
            continue;
        const char *name = i < m->g.schema.count ? m->g.schema.datasets[i].name : "unknown";
        json_array_append_new(datasets, totals_json(name, &m->totals[i]));
        add_totals(&sum, &m->totals[i]);
    }
    enum qn_status status = state(m, "datasets", datasets, err);
    if (!status)
        status = state(m, "total", totals_json("all", &sum), err);
    uint64_t duplicates = sum.tally.identical + sum.tally.differing;
    qn_glue_unusable(m->g.glue, sum.refused + sum.tally.rejected);
    if (!status)
        status =
            qn_glue_note(m->g.glue, err,
                         "%llu rows in %llu members: %llu kept, %llu rejected, %llu "
                         "duplicates (%llu of them differ); nothing lost",
                         (unsigned long long)sum.tally.rows_in, (unsigned long long)sum.members,
                         (unsigned long long)sum.rows_out, (unsigned long long)sum.tally.rejected,
                         (unsigned long long)duplicates, (unsigned long long)sum.tally.differing);
    if (!status && sum.refused > 0)
        status = qn_glue_note(m->g.glue, err,
                              "%llu members could not be used at all: rejects.parquet says why",
                              (unsigned long long)sum.refused);
    if (!status && unknowns > 0)
        status =
            qn_glue_note(m->g.glue, err,
                         "%lld of them are of no known table: 'quern ercot schema' finds their "
                         "types, and rollup takes what it writes with --schema",
                         unknowns);
    return status;
}

static enum qn_status make_all(struct making *m, struct qn_error *err)
{
    json_t *versions = json_array(), *reasons = json_object();
    enum qn_status status = QN_OK;
    for (uint64_t task = 0; task < qn_glue_count(m->g.glue) && !status; task++)
        status = list_task(m, task, err);
    if (!status)
        status = qn_sheet_open(&m->gaps, m->g.glue, "gaps.parquet", gap_columns,
                               sizeof gap_columns / sizeof *gap_columns, err);
    if (!status)
        status = make_files(m, err);
    if (!status)
        status = qn_sheet_finish(&m->gaps, err);
    if (!status)
        status = er_accounts_write(&m->g, m->totals, versions, reasons, err);
    if (!status)
        status = state_totals(m, reasons, err);
    if (!status)
        status = state(m, "files", json_incref(m->years), err);
    if (!status)
        status = state(m, "reject_reasons", json_incref(reasons), err);
    if (!status)
        status = state(m, "versions", json_incref(versions), err);
    if (!status)
        status = er_pictures_write(m->g.glue, &m->pictures, err);
    json_decref(versions);
    json_decref(reasons);
    return status;
}

enum qn_status er_glue(struct qn_glue *glue, struct qn_error *err)
{
    const struct qn_job *job = qn_glue_job(glue);
    struct making m = {.g = {.glue = glue}, .years = json_array()};
    m.g.decimal = !strcmp(qn_option_string(job->options, "price-type"), "decimal");
    enum qn_status status = er_job_schema(job->shared, job->shared_len, &m.g.schema, err);
    m.totals = qn_sys.calloc(m.g.schema.count + 1, sizeof *m.totals);
    if (!status && (!m.totals || !m.years))
        status = qn_fail_memory(err, "the sums of a run", m.g.schema.count);
    if (!status)
        status = make_all(&m, err);
    void **blocks = (void **)(void *)m.g.blocks.data;
    for (size_t i = 0; i < m.g.blocks.len / sizeof *blocks; i++)
        free(blocks[i]);
    qn_buf_release(&m.g.blocks);
    qn_buf_release(&m.g.losses);
    qn_buf_release(&m.covered);
    qn_buf_release(&m.pictures);
    qn_sheet_release(&m.gaps);
    free(m.g.entries);
    free(m.totals);
    json_decref(m.years);
    er_schema_release(&m.g.schema);
    return status;
}
