/* Planning: finds the files, puts together what belongs together, adds tasks. Looks at names and
 * sizes (and at the directories of large zips) only; what names suggest decides how rows are
 * spread over tasks, never what becomes of them.
 *
 * Files of one table and year are put together by windows of 1, 2, 4, 8 ... days of the year, such
 * that a window has at most about 32 MB of text. So a file that is added later changes the task of
 * its own window, and row groups end with days.
 */
#include "pipelines/ercot/pieces.h"
#include "pipelines/ercot/steps.h"

#include "base/io.h"
#include "base/parallel.h"
#include "base/sys.h"
#include "compute/market_time.h"
#include "engine/machine.h"

#include <stdlib.h>
#include <string.h>

#define TASK_BYTES  ((uint64_t)32 << 20) /* of text, in a window of days */
#define TASK_MOST   ((uint64_t)40 << 20) /* cut in any case */
#define SPLIT_BYTES ((uint64_t)48 << 20) /* larger texts are cut into */
#define SPAN_BYTES  ((uint64_t)24 << 20) /* spans */
enum { PACKED = 6, PACKED_SPAN = 2, LARGE_ZIP = 1 << 20 };

struct found {
    char *path;
    uint64_t size;
    int64_t mtime_ns;
    uint64_t cost;  /* bytes of text, estimated */
    int32_t day;    /* suggested by the name, or ER_NO_DAY */
    int year;       /* of that day; 0: none */
    uint32_t table; /* suggested dataset; schema->count: none */
};

struct planning {
    struct qn_plan *plan;
    const struct er_schema *schema;
    struct found *files;
    size_t count, room;
    struct qn_buf payload; /* of the task at hand */
    uint64_t cost;
    uint64_t items;
    uint64_t total;
};

/* ---- finding files -------------------------------------------------------------------------- */

static bool ends_with(const char *name, const char *end)
{
    size_t a = strlen(name), b = strlen(end);
    return a >= b && !strcmp(name + a - b, end);
}

static bool is_packed(const char *path)
{
    return ends_with(path, ".zip") || ends_with(path, ".gz") || ends_with(path, ".xlsx") ||
           ends_with(path, ".ZIP") || ends_with(path, ".GZ");
}

static uint32_t suggested_table(const struct er_schema *schema, const char *path)
{
    const struct er_dataset *dataset = er_named(schema, path);
    return (uint32_t)(dataset ? dataset - schema->datasets : (ptrdiff_t)schema->count);
}

static enum qn_status add_file(void *context, const char *path, const struct stat *st,
                               struct qn_error *err)
{
    struct planning *p = context;
    if (qn_plan_cancelled(p->plan))
        return qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
    if (p->count % 1024 == 0)
        qn_plan_progress(p->plan, "files", p->count, 0);
    if (p->count == p->room) {
        size_t room = p->room ? 2 * p->room : 1024;
        struct found *files = qn_sys.realloc(p->files, room * sizeof *files);
        if (!files)
            return qn_fail_memory(err, "the list of files", room * sizeof *files);
        p->files = files;
        p->room = room;
    }
    size_t len = strlen(path) + 1;
    char *copy = qn_sys.malloc(len);
    if (!copy)
        return qn_fail_memory(err, "a path", len);
    memcpy(copy, path, len);
    struct found *file = &p->files[p->count++];
    *file =
        (struct found){.path = copy,
                       .size = (uint64_t)st->st_size,
                       .mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
                       .day = er_suggested_day(path),
                       .table = suggested_table(p->schema, path)};
    file->cost = is_packed(path) ? file->size * PACKED : file->size;
    file->year = file->day == ER_NO_DAY ? 0 : qn_civil_from_days(file->day).year;
    return QN_OK;
}

static int by_place(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    if (x->table != y->table)
        return x->table < y->table ? -1 : 1;
    if (x->day != y->day)
        return x->day < y->day ? -1 : 1;
    return strcmp(x->path, y->path);
}

/* The same file named twice is one. */
static void drop_repeated(struct planning *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->count; i++) {
        if (kept > 0 && !strcmp(p->files[kept - 1].path, p->files[i].path))
            free(p->files[i].path);
        else
            p->files[kept++] = p->files[i];
    }
    p->count = kept;
}

/* ---- tasks ---------------------------------------------------------------------------------- */

static enum qn_status end_task(struct planning *p, struct qn_error *err)
{
    if (p->payload.len == 0 && !p->payload.failed)
        return QN_OK;
    enum qn_status status = p->payload.failed ? qn_fail_memory(err, "a task", p->payload.len)
                                              : qn_plan_add(p->plan, p->cost, p->items,
                                                            p->payload.data, p->payload.len, err);
    qn_buf_clear(&p->payload);
    p->total += p->cost;
    p->cost = p->items = 0;
    return status;
}

static void add_piece(struct planning *p, const struct found *file, const struct er_extent *extent,
                      struct er_span_of span, uint64_t cost, uint64_t items)
{
    struct er_piece piece = {.path = file->path, .extent = *extent, .span = span};
    er_piece_put(&p->payload, &piece);
    p->cost += cost ? cost : 1;
    p->items += items;
}

/* A text may be cut where its rows say themselves when they are: without a flag, the whole file
 * has to be seen to know how its hours are counted. */
static bool may_be_cut(const struct planning *p, const struct found *file)
{
    if (file->table == p->schema->count)
        return false;
    const struct er_dataset *dataset = &p->schema->datasets[file->table];
    return dataset->time == ER_TIME_NONE || dataset->time == ER_TIME_STAMP ||
           dataset->roles[ER_ROLE_FLAG];
}

/* A plain file is read once to know whether a span begins between quotes, and in which line: a
 * stretch of it for each span, up to the byte before the next one. */
struct marking {
    struct planning *p;
    const struct found *file;
    uint64_t step;
    struct qn_csv_marks *marks; /* of each stretch */
};

static enum qn_status mark_stretch(void *context, unsigned thread, uint64_t i, struct qn_error *err)
{
    enum { BLOCK = 1 << 18 };
    const struct marking *m = context;
    uint64_t at = i ? i * m->step - 1 : 0, end = (i + 1) * m->step - 1;
    int fd;
    (void)thread;
    char *block = qn_sys.malloc(BLOCK);
    if (!block)
        return qn_fail_memory(err, "a block of text", BLOCK);
    enum qn_status status = qn_open_read(m->file->path, &fd, err);
    for (uint64_t n; !status && at < end; at += n) {
        n = end - at < BLOCK ? end - at : BLOCK;
        status = qn_read_at(fd, m->file->path, block, (size_t)n, at, err);
        if (!status)
            qn_csv_count(block, (size_t)n, &m->marks[i]);
        if (!status && qn_plan_cancelled(m->p->plan))
            status = qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
    }
    if (fd >= 0)
        qn_sys.close(fd);
    free(block);
    return status;
}

/* Marks of all stretches but the last, in order. */
static enum qn_status mark_file(struct planning *p, const struct found *file, uint64_t step,
                                uint64_t count, struct qn_csv_marks **marks, struct qn_error *err)
{
    *marks = qn_sys.calloc((size_t)count, sizeof **marks);
    if (!*marks)
        return qn_fail_memory(err, "the spans of a file", count);
    struct marking marking = {p, file, step, *marks};
    struct qn_parallel job = {.count = count - 1,
                              .threads = qn_machine_cpus(NULL),
                              .context = &marking,
                              .run = mark_stretch};
    return qn_parallel_run(&job, err);
}

/* Tasks for the spans of a large text, `size` bytes long as far as is known. */
static enum qn_status add_spans(struct planning *p, const struct found *file,
                                const struct er_extent *extent, uint64_t size, uint64_t span_bytes,
                                struct qn_error *err)
{
    uint64_t count = (size + span_bytes - 1) / span_bytes;
    uint64_t step = size / count + 1;
    bool plain = !is_packed(file->path);
    struct qn_csv_marks *marks = NULL;
    struct er_span_of span = {0};
    enum qn_status status = end_task(p, err);
    if (!status && plain)
        status = mark_file(p, file, step, count, &marks, err);
    for (uint64_t i = 0; i < count && !status; i++) {
        span.from = i * step;
        span.to = i + 1 < count ? (i + 1) * step : UINT64_MAX;
        span.marked = plain;
        add_piece(p, file, extent, span, step, i == 0);
        status = end_task(p, err);
        span.before.quotes += plain ? marks[i].quotes : 0;
        span.before.lines += plain ? marks[i].lines : 0;
    }
    free(marks);
    return status;
}

static struct er_extent whole(const struct found *file)
{
    return (struct er_extent){file->size, file->mtime_ns, 0, UINT32_MAX};
}

/* A large zip: entries together up to the size of a task, large ones in spans. */
static enum qn_status add_entries(struct planning *p, const struct found *file,
                                  const uint64_t *sizes, uint32_t count, struct qn_error *err)
{
    const struct er_span_of all = {.to = UINT64_MAX};
    enum qn_status status = end_task(p, err);
    for (uint32_t first = 0; first < count && !status;) {
        struct er_extent extent = {file->size, file->mtime_ns, first, 1};
        uint64_t bytes = sizes[first];
        if (bytes > SPLIT_BYTES && bytes < (uint64_t)1 << 40 && may_be_cut(p, file)) {
            status = add_spans(p, file, &extent, bytes, PACKED_SPAN * SPAN_BYTES, err);
            first++;
            continue;
        }
        while (first + extent.entries < count && sizes[first + extent.entries] <= SPLIT_BYTES &&
               bytes + sizes[first + extent.entries] <= TASK_MOST)
            bytes += sizes[first + extent.entries++];
        add_piece(p, file, &extent, all, bytes, first == 0);
        status = end_task(p, err);
        first += extent.entries;
    }
    return status;
}

static enum qn_status add_large(struct planning *p, const struct found *file, bool *added,
                                struct qn_error *err)
{
    uint64_t *sizes = NULL;
    uint32_t count = 0;
    bool packed = is_packed(file->path);
    enum qn_status status = QN_OK;
    *added = false;
    if (packed && file->size >= LARGE_ZIP)
        status = er_entry_sizes(file->path, &sizes, &count, err);
    if (status)
        return status;
    struct er_extent extent = whole(file);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += sizes[i] < SPLIT_BYTES ? sizes[i] : SPLIT_BYTES;
    if (count > 0 && (sum >= SPLIT_BYTES || (count > 1 && sum > TASK_MOST))) {
        *added = true;
        status = add_entries(p, file, sizes, count, err);
    } else if (count == 0 && file->cost > SPLIT_BYTES && !ends_with(file->path, ".xlsx") &&
               may_be_cut(p, file)) {
        *added = true;
        status = add_spans(p, file, &extent, file->cost,
                           packed ? PACKED_SPAN * SPAN_BYTES : SPAN_BYTES, err);
    }
    free(sizes);
    return status;
}

static bool same_group(const struct found *a, const struct found *b)
{
    return a->table == b->table && a->year == b->year;
}

/* Days of a window of the files of one table and year that begin at `first`: what fits a task, by
 * their average day. */
static int32_t window_days(const struct planning *p, size_t first)
{
    uint64_t cost = 0, days = 0;
    for (size_t i = first; i < p->count && same_group(&p->files[i], &p->files[first]); i++) {
        cost += p->files[i].cost;
        days += i == first || p->files[i].day != p->files[i - 1].day;
    }
    int32_t window = 1;
    while (window < 512 && cost / days * 2 * (uint64_t)window <= TASK_BYTES)
        window *= 2;
    return window;
}

/* Which window of its year a file belongs to. */
static int32_t window_of(const struct found *file, int32_t days)
{
    return file->day == ER_NO_DAY ? 0 : (file->day - qn_days_from_civil(file->year, 1, 1)) / days;
}

static enum qn_status add_tasks(struct planning *p, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    int32_t days = 1;
    for (size_t i = 0; i < p->count && !status; i++) {
        const struct found *file = &p->files[i];
        const struct found *last = i > 0 ? &p->files[i - 1] : file;
        bool added;
        bool new_group = i == 0 || !same_group(file, last);
        if (new_group)
            days = window_days(p, i);
        if (new_group || window_of(file, days) != window_of(last, days) ||
            p->cost + file->cost > TASK_MOST)
            status = end_task(p, err);
        if (!status)
            status = add_large(p, file, &added, err);
        if (!status && !added) {
            struct er_extent extent = whole(file);
            add_piece(p, file, &extent, (struct er_span_of){.to = UINT64_MAX}, file->cost, 1);
        }
        qn_plan_progress(p->plan, "files", i + 1, p->count);
    }
    return status ? status : end_task(p, err);
}

static enum qn_status check_options(const struct qn_options *options, struct qn_error *err)
{
    double ratio = qn_option_real(options, "max-bad-ratio");
    if (qn_option_inputs(options) == 0)
        return qn_fail(err, QN_ERR_USAGE, "which files? Name folders or files to read.");
    if (!(ratio >= 0 && ratio <= 1))
        return qn_fail(err, QN_ERR_USAGE, "--max-bad-ratio is a part of the rows, from 0 to 1.");
    return QN_OK;
}

static enum qn_status plan_files(struct planning *p, const struct qn_options *options,
                                 struct qn_error *err)
{
    const struct er_finder finder = {p, add_file};
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < qn_option_inputs(options) && !status; i++) {
        status = er_find_files(qn_option_input(options, i), &finder, err);
        if (!status)
            status = qn_plan_input(p->plan, qn_option_input(options, i), err);
    }
    if (status)
        return status;
    if (p->count == 0)
        return qn_fail(err, QN_ERR_USAGE, "there is no file in '%s'.", qn_option_input(options, 0));
    qsort(p->files, p->count, sizeof *p->files, by_place);
    drop_repeated(p);
    status = add_tasks(p, err);
    qn_plan_expect_bytes(p->plan, p->total / 8);
    return status;
}

enum qn_status er_plan(const struct qn_options *options, struct qn_plan *plan, struct qn_error *err)
{
    struct er_schema schema = {0};
    struct planning p = {.plan = plan, .schema = &schema};
    struct qn_buf text = {0};
    const char *path = qn_option_string(options, "schema");
    enum qn_status status = check_options(options, err);
    if (!status)
        status = er_schema_load(&schema, path, err);
    if (!status && path)
        status = qn_plan_input(plan, path, err);
    if (!status && path)
        status = qn_read_file(path, &text, 16u << 20, err);
    if (!status)
        status = qn_plan_shared(plan, text.data ? (void *)text.data : "", text.len, err);
    if (!status)
        status = plan_files(&p, options, err);
    for (size_t i = 0; i < p.count; i++)
        free(p.files[i].path);
    free(p.files);
    qn_buf_release(&p.payload);
    qn_buf_release(&text);
    er_schema_release(&schema);
    return status;
}
