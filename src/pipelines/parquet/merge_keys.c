/* Duplicates, gaps and completeness out of the merged keys: see merge_keys.h. */
#include "pipelines/parquet/merge_keys.h"

#include "base/sys.h"
#include "format/parquet/text.h"
#include "pipelines/parquet/merge_runs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOLD_MOST   200u    /* findings of a kind told one by one */
#define PENDING     4096u   /* second showings of local times that wait for their turn */
#define MAX_PERIODS 100000u /* of a series in the completeness sheet */
#define HOUR        INT64_C(3600000000)

static const struct qn_parquet_column completeness_columns[] = {
    {.name = "series", .type = QN_PQ_STRING},
    {.name = "period", .type = QN_PQ_DATE},
    {.name = "expected", .type = QN_PQ_INT64},
    {.name = "have", .type = QN_PQ_INT64}};
static const struct qn_parquet_column series_columns[] = {
    {.name = "series", .type = QN_PQ_STRING},
    {.name = "first", .type = QN_PQ_TIMESTAMP_US_UTC},
    {.name = "last", .type = QN_PQ_TIMESTAMP_US_UTC},
    {.name = "expected", .type = QN_PQ_INT64, .optional = true},
    {.name = "have", .type = QN_PQ_INT64},
    {.name = "gaps", .type = QN_PQ_INT64},
    {.name = "missing", .type = QN_PQ_INT64},
    {.name = "longest_gap", .type = QN_PQ_INT64},
    {.name = "off_grid", .type = QN_PQ_INT64},
    {.name = "duplicates", .type = QN_PQ_INT64}};

struct series { /* summed up */
    struct qn_hash hash;
    int64_t first, last; /* microseconds */
    uint64_t have, gaps, missing, longest, off_grid, duplicates;
    uint64_t expected;
};

struct name {
    struct qn_hash hash;
    size_t text; /* in `texts`, NUL-terminated */
};

struct qn_key_merge {
    struct qn_glue *glue;
    const struct qn_settings *settings;
    const struct qn_outline *outline;
    struct qn_runs runs;
    struct qn_buf names, texts;
    size_t name_count;
    struct qn_buf *findings;
    struct qn_key_totals *totals;
    struct qn_sheet completeness;
    bool has_sheet;
    struct qn_buf all; /* struct series */
    uint64_t told[QN_FIND_KIND_COUNT];
    /* the series at hand */
    struct series now;
    bool any;
    struct qn_key_entry last; /* entry */
    unsigned same;            /* entries of its time so far */
    bool placed;              /* there is a last place */
    int64_t last_place, first_place;
    int64_t period;
    uint64_t period_have, periods;
    int64_t pending[PENDING];
    size_t pending_at, pending_count;
};

enum qn_status qn_key_merge_new(struct qn_key_merge **out, struct qn_glue *glue,
                                const struct qn_settings *settings,
                                const struct qn_outline *outline, struct qn_error *err)
{
    struct qn_key_merge *merge = *out = qn_sys.calloc(1, sizeof *merge);
    if (!merge)
        return qn_fail_memory(err, "merging keys", sizeof *merge);
    merge->glue = glue;
    merge->settings = settings;
    merge->outline = outline;
    return QN_OK;
}

void qn_key_merge_free(struct qn_key_merge *merge)
{
    if (!merge)
        return;
    qn_runs_release(&merge->runs);
    qn_sheet_release(&merge->completeness);
    qn_buf_release(&merge->names);
    qn_buf_release(&merge->texts);
    qn_buf_release(&merge->all);
    free(merge);
}

/* ---- names ---------------------------------------------------------------------------------- */

static int by_hash(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct qn_hash)); /* they start with it */
}

/* Sorts the names, keeping one of each. */
static void unique_names(struct qn_key_merge *merge)
{
    struct name *names = (struct name *)(void *)merge->names.data;
    size_t kept = 0;
    if (merge->name_count > 0)
        qsort(names, merge->name_count, sizeof *names, by_hash);
    for (size_t i = 0; i < merge->name_count; i++) {
        if (kept == 0 || by_hash(&names[kept - 1], &names[i]))
            names[kept++] = names[i];
    }
    merge->name_count = kept;
    merge->names.len = kept * sizeof *names;
}

static const char *name_of(const struct qn_key_merge *merge, const struct qn_hash *hash)
{
    const struct name *name = merge->name_count ? bsearch(hash, merge->names.data,
                                                          merge->name_count, sizeof *name, by_hash)
                                                : NULL;
    const char *text = name ? (const char *)merge->texts.data + name->text : "?";
    return text[0] ? text : "the series";
}

enum qn_status qn_key_merge_add(struct qn_key_merge *merge, uint64_t task, const void *runs,
                                size_t runs_len, const void *names, size_t names_len,
                                struct qn_error *err)
{
    struct qn_cursor in = {.data = runs, .len = runs_len};
    char path[PATH_MAX], part[64];
    uint64_t offset = 0;
    snprintf(part, sizeof part, QN_KEYS_PART, (unsigned long long)task);
    snprintf(path, sizeof path, "%s/%s", qn_glue_job(merge->glue)->directory, part);
    while (in.at < in.len && !in.failed) {
        uint64_t entries = qn_cursor_u64(&in);
        enum qn_status status = qn_merge_runs_add(&merge->runs, path, offset, entries, err);
        if (status)
            return status;
        offset += entries * sizeof(struct qn_key_entry);
    }
    in = (struct qn_cursor){.data = names, .len = names_len};
    while (in.at < in.len && !in.failed) {
        struct name name = {.text = merge->texts.len};
        const uint8_t *hash = qn_cursor_bytes(&in, sizeof name.hash);
        uint32_t len = qn_cursor_u32(&in);
        const uint8_t *text = qn_cursor_bytes(&in, len);
        if (!hash || !text)
            break;
        memcpy(&name.hash, hash, sizeof name.hash);
        qn_buf_append(&merge->texts, text, len);
        qn_buf_u8(&merge->texts, 0);
        qn_buf_append(&merge->names, &name, sizeof name);
        merge->name_count++;
    }
    /* Every few tasks name the same series again. */
    if (merge->names.len > 64u << 20)
        unique_names(merge);
    return merge->names.failed || merge->texts.failed
               ? qn_fail_memory(err, "names of series", merge->texts.len)
               : QN_OK;
}

/* ---- findings ------------------------------------------------------------------------------- */

static struct qn_finding at_entry(const struct qn_key_merge *merge,
                                  const struct qn_key_entry *entry)
{
    const struct qn_unit *unit = &merge->outline->units[entry->unit];
    struct qn_finding finding = {.file = unit->file,
                                 .group = -1,
                                 .page = -1,
                                 .offset = -1,
                                 .row = (int64_t)(unit->first_row + (entry->row & ~QN_KEY_TWICE)),
                                 .count = 1};
    snprintf(finding.column, sizeof finding.column, "%s", merge->settings->time);
    return finding;
}

static void tell(struct qn_key_merge *merge, const struct qn_finding *finding)
{
    if (merge->told[finding->kind]++ < TOLD_MOST)
        qn_finding_put(merge->findings, finding);
}

static void tell_rest(struct qn_key_merge *merge, enum qn_finding_kind kind, const char *what)
{
    if (merge->told[kind] <= TOLD_MOST)
        return;
    struct qn_finding finding = {
        .file = UINT32_MAX, .group = -1, .page = -1, .offset = -1, .row = -1};
    qn_finding_set(&finding, kind, "and %" PRIu64 " more %s", merge->told[kind] - TOLD_MOST, what);
    finding.count = (int64_t)(merge->told[kind] - TOLD_MOST);
    qn_finding_put(merge->findings, &finding);
}

static const char *instant(const struct qn_key_merge *merge, int64_t time, char text[40])
{
    qn_parquet_instant_text(time, !merge->settings->grid.dates, text);
    return text;
}

static void tell_duplicate(struct qn_key_merge *merge, const struct qn_key_entry *entry)
{
    const struct qn_unit *unit = &merge->outline->units[merge->last.unit];
    bool equal = merge->last.content == entry->content;
    char time[40] = "", series[120] = "";
    struct qn_finding finding = at_entry(merge, entry);
    if (entry->time != QN_NO_TIME) {
        instant(merge, entry->time, time);
        snprintf(series, sizeof series, " (%.100s", name_of(merge, &entry->series));
    }
    qn_finding_set(&finding, QN_FIND_DUPLICATE,
                   "the key%s%s%s%s is that of row %" PRIu64 " of %.100s; the other columns %s",
                   series, *series ? " at " : "", time, *series ? ")" : "",
                   unit->first_row + (merge->last.row & ~QN_KEY_TWICE),
                   qn_base_name(merge->outline->files[unit->file].path),
                   equal ? "are the same too" : "differ");
    tell(merge, &finding);
    merge->totals->duplicates++;
    merge->totals->duplicates_equal += equal;
    merge->now.duplicates++;
}

static void tell_gap(struct qn_key_merge *merge, int64_t from, int64_t count,
                     const struct qn_key_entry *entry)
{
    char first[40], last[40], date[40];
    struct qn_finding finding = at_entry(merge, entry);
    const struct qn_grid *grid = &merge->settings->grid;
    int64_t begin = qn_grid_time(grid, from), end = qn_grid_time(grid, from + count - 1);
    instant(merge, begin, first);
    instant(merge, end, last);
    qn_parquet_instant_text(qn_grid_date(grid, begin) * 24 * HOUR, false, date);
    date[10] = '\0';
    qn_finding_set(&finding, QN_FIND_GAP,
                   "%.100s lacks %" PRId64 " time%s before this row: %s%s%s, local date %s",
                   name_of(merge, &merge->now.hash), count, count == 1 ? "" : "s", first,
                   count == 1 ? "" : " to ", count == 1 ? "" : last, date);
    finding.count = count;
    tell(merge, &finding);
}

/* ---- completeness --------------------------------------------------------------------------- */

static enum qn_status put_period(struct qn_key_merge *merge, int64_t period, uint64_t have,
                                 struct qn_error *err)
{
    const struct qn_grid *grid = &merge->settings->grid;
    int64_t from = qn_grid_period_place(grid, period);
    int64_t to = qn_grid_period_place(grid, period + 1);
    from = from > merge->first_place ? from : merge->first_place;
    to = to < merge->last_place + 1 ? to : merge->last_place + 1;
    if (!merge->has_sheet || merge->periods++ >= MAX_PERIODS || to <= from)
        return QN_OK;
    struct qn_sheet *sheet = &merge->completeness;
    qn_sheet_text(sheet, QN_COMPLETENESS_SERIES, name_of(merge, &merge->now.hash));
    qn_sheet_int(sheet, QN_COMPLETENESS_PERIOD, qn_period_start(grid->period, period));
    qn_sheet_int(sheet, QN_COMPLETENESS_EXPECTED, to - from);
    qn_sheet_int(sheet, QN_COMPLETENESS_HAVE, (int64_t)have);
    return qn_sheet_row(sheet, err);
}

/* Closes the periods before `next`, the ones without any time among them. The period at hand ends
 * with the last place so far, but for the last one of the series. */
static enum qn_status close_periods(struct qn_key_merge *merge, int64_t next, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    int64_t last = merge->last_place;
    merge->last_place = INT64_MAX - 1;
    while (!status && merge->period < next && merge->periods < MAX_PERIODS) {
        status = put_period(merge, merge->period++, merge->period_have, err);
        merge->period_have = 0;
    }
    merge->period = next;
    merge->last_place = last;
    return status;
}

/* A time of the series at hand; they come in order. */
static enum qn_status visit(struct qn_key_merge *merge, int64_t time,
                            const struct qn_key_entry *entry, struct qn_error *err)
{
    const struct qn_grid *grid = &merge->settings->grid;
    int64_t place;
    enum qn_status status = QN_OK;
    merge->now.have++;
    merge->now.last = time;
    if (grid->step_us == 0)
        return QN_OK;
    if (!qn_grid_place(grid, time, &place)) {
        char text[40];
        struct qn_finding finding = at_entry(merge, entry);
        qn_finding_set(&finding, QN_FIND_OFF_GRID, "%.100s has a time off the grid: %s",
                       name_of(merge, &merge->now.hash), instant(merge, time, text));
        if (merge->now.off_grid++ < 3)
            tell(merge, &finding);
        merge->now.have--;
        return QN_OK;
    }
    if (merge->placed && place <= merge->last_place) {
        merge->now.have--;
        return QN_OK;
    }
    if (!merge->placed) {
        merge->first_place = place;
        merge->period = qn_grid_period(grid, time);
        merge->period_have = merge->periods = 0;
        merge->placed = true;
    } else if (place > merge->last_place + 1) {
        uint64_t lacks = (uint64_t)(place - merge->last_place - 1);
        tell_gap(merge, merge->last_place + 1, (int64_t)lacks, entry);
        merge->now.gaps++;
        merge->now.missing += lacks;
        merge->now.longest = lacks > merge->now.longest ? lacks : merge->now.longest;
    }
    int64_t period = qn_grid_period(grid, time);
    if (period > merge->period)
        status = close_periods(merge, period, err);
    merge->last_place = place;
    merge->period_have++;
    return status;
}

/* ---- series --------------------------------------------------------------------------------- */

static enum qn_status drain_pending(struct qn_key_merge *merge, int64_t until, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    while (!status && merge->pending_count > 0 && merge->pending[merge->pending_at] < until) {
        status = visit(merge, merge->pending[merge->pending_at], &merge->last, err);
        merge->pending_at = (merge->pending_at + 1) % PENDING;
        merge->pending_count--;
    }
    return status;
}

static enum qn_status end_series(struct qn_key_merge *merge, struct qn_error *err)
{
    struct qn_key_totals *totals = merge->totals;
    struct series *now = &merge->now;
    enum qn_status status = QN_OK;
    if (!merge->any || now->first == QN_NO_TIME)
        return QN_OK;
    status = drain_pending(merge, INT64_MAX, err);
    if (!status && merge->placed) {
        now->expected = (uint64_t)(merge->last_place - merge->first_place) + 1;
        status = put_period(merge, merge->period, merge->period_have, err);
    }
    totals->first = totals->series == 0 || now->first < totals->first ? now->first : totals->first;
    totals->last = totals->series == 0 || now->last > totals->last ? now->last : totals->last;
    totals->series++;
    totals->gaps += now->gaps;
    totals->missing += now->missing;
    totals->off_grid += now->off_grid;
    totals->expected += now->expected;
    totals->have += now->have;
    qn_buf_append(&merge->all, now, sizeof *now);
    return status || !merge->all.failed ? status : qn_fail_memory(err, "series", merge->all.len);
}

static void begin_series(struct qn_key_merge *merge, const struct qn_key_entry *entry)
{
    merge->now = (struct series){.hash = entry->series, .first = entry->time, .last = entry->time};
    merge->placed = false;
    merge->pending_at = merge->pending_count = 0;
    merge->same = 0;
}

static enum qn_status take(struct qn_key_merge *merge, const struct qn_key_entry *entry,
                           struct qn_error *err)
{
    enum qn_status status = QN_OK;
    bool same_series =
        merge->any && !memcmp(&merge->last.series, &entry->series, sizeof entry->series);
    bool same_time = same_series && merge->last.time == entry->time;
    if (!same_series) {
        status = end_series(merge, err);
        begin_series(merge, entry);
    }
    merge->same = same_time ? merge->same + 1 : 1;
    if (!status && !same_time && entry->time != QN_NO_TIME) {
        status = drain_pending(merge, entry->time, err);
        if (!status)
            status = visit(merge, entry->time, entry, err);
    } else if (same_time && entry->row & QN_KEY_TWICE && merge->same == 2 &&
               merge->pending_count < PENDING) {
        merge->pending[(merge->pending_at + merge->pending_count++) % PENDING] = entry->time + HOUR;
    } else if (same_time && merge->settings->has_key) {
        tell_duplicate(merge, entry);
    }
    merge->last = *entry;
    merge->any = true;
    merge->totals->rows++;
    return status;
}

/* ---- the end -------------------------------------------------------------------------------- */

static int by_series_name(const void *a, const void *b, void *context)
{
    const struct series *x = a, *y = b;
    int order = strcmp(name_of(context, &x->hash), name_of(context, &y->hash));
    return order ? order : by_hash(x, y);
}

static enum qn_status write_series(struct qn_key_merge *merge, struct qn_error *err)
{
    struct series *all = (struct series *)(void *)merge->all.data;
    size_t count = merge->all.len / sizeof *all;
    struct qn_sheet sheet;
    if (count > 0)
        qsort_r(all, count, sizeof *all, by_series_name, merge);
    enum qn_status status = qn_sheet_open(&sheet, merge->glue, QN_SERIES_SHEET, series_columns,
                                          sizeof series_columns / sizeof *series_columns, err);
    for (size_t i = 0; i < count && !status; i++) {
        const struct series *s = &all[i];
        const uint64_t numbers[] = {s->have,    s->gaps,     s->missing,
                                    s->longest, s->off_grid, s->duplicates};
        qn_sheet_text(&sheet, 0, name_of(merge, &s->hash));
        qn_sheet_int(&sheet, 1, s->first);
        qn_sheet_int(&sheet, 2, s->last);
        if (s->expected > 0)
            qn_sheet_int(&sheet, 3, (int64_t)s->expected);
        else
            qn_sheet_null(&sheet, 3);
        for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
            qn_sheet_int(&sheet, 4 + k, (int64_t)numbers[k]);
        status = qn_sheet_row(&sheet, err);
    }
    if (!status)
        status = qn_sheet_finish(&sheet, err);
    qn_sheet_release(&sheet);
    return status;
}

/* Series that begin later or end earlier than the data do: one note for all of them. */
static void tell_short(struct qn_key_merge *merge)
{
    const struct series *all = (const struct series *)(const void *)merge->all.data;
    size_t count = merge->all.len / sizeof *all;
    const struct series *first = NULL;
    for (size_t i = 0; i < count; i++) {
        if (all[i].first == merge->totals->first && all[i].last == merge->totals->last)
            continue;
        first = first ? first : &all[i];
        merge->totals->short_series++;
    }
    if (!first)
        return;
    char from[40], to[40];
    struct qn_finding finding = {
        .file = UINT32_MAX, .group = -1, .page = -1, .offset = -1, .row = -1};
    qn_finding_set(&finding, QN_FIND_SERIES_SHORT,
                   "%" PRIu64 " of %zu series do not span the data; the first is %.100s, from %s "
                   "to %s",
                   merge->totals->short_series, count, name_of(merge, &first->hash),
                   instant(merge, first->first, from), instant(merge, first->last, to));
    finding.count = (int64_t)merge->totals->short_series;
    qn_finding_put(merge->findings, &finding);
}

static enum qn_status stream(struct qn_key_merge *merge, struct qn_error *err)
{
    enum qn_status status = qn_runs_start(&merge->runs, err);
    for (uint64_t n = 0; !status; n++) {
        const struct qn_key_entry *entry;
        status = qn_runs_next(&merge->runs, &entry, err);
        if (status || !entry)
            break;
        if (entry->unit >= merge->outline->unit_count)
            return qn_fail(err, QN_ERR_CORRUPT, "a run of keys is damaged.");
        status = take(merge, entry, err);
        if (!status && n % 65536 == 0 && qn_glue_cancelled(merge->glue))
            status = qn_fail(err, QN_ERR_CANCELLED, "stopped.");
    }
    return status ? status : end_series(merge, err);
}

enum qn_status qn_key_merge_run(struct qn_key_merge *merge, struct qn_buf *findings,
                                struct qn_key_totals *totals, struct qn_error *err)
{
    bool timed = merge->settings->time[0] != '\0';
    enum qn_status status = QN_OK;
    merge->findings = findings;
    merge->totals = totals;
    unique_names(merge);
    merge->has_sheet = timed && merge->settings->grid.step_us > 0;
    if (merge->has_sheet)
        status = qn_sheet_open(&merge->completeness, merge->glue, QN_COMPLETENESS_SHEET,
                               completeness_columns,
                               sizeof completeness_columns / sizeof *completeness_columns, err);
    if (!status)
        status = stream(merge, err);
    if (!status && merge->has_sheet)
        status = qn_sheet_finish(&merge->completeness, err);
    if (!status && timed)
        status = write_series(merge, err);
    if (status)
        return status;
    tell_rest(merge, QN_FIND_DUPLICATE, "duplicates");
    tell_rest(merge, QN_FIND_GAP, "gaps; " QN_SERIES_SHEET " sums them up");
    tell_rest(merge, QN_FIND_OFF_GRID, "times off the grid");
    if (timed)
        tell_short(merge);
    return QN_OK;
}
