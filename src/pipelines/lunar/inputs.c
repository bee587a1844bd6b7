/* Finding the files of `quern lunar`: see inputs.h. */
#include "pipelines/lunar/inputs.h"

#include "base/calendar.h"
#include "base/listing.h"
#include "base/sys.h"
#include "format/er3d.h"
#include "pipelines/lunar/archive.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DEEPEST = 16, CENTURY_TURN = 50, LOOK_BYTES = 1 << 20 };

struct walk {
    struct qn_lunar_inputs *inputs;
    bool (*stop)(void *);
    void *context;
    struct qn_error *err;
};

/* ---- names ---------------------------------------------------------------------------------- */

static int two_digits(const char *text)
{
    return isdigit((unsigned char)text[0]) && isdigit((unsigned char)text[1])
               ? 10 * (text[0] - '0') + text[1] - '0'
               : -1;
}

bool qn_lunar_day_of_name(const char *name, int32_t *day)
{
    if (strlen(name) != strlen("3DYYMMDD.TAB") || strncasecmp(name, "3D", 2) != 0 ||
        strcasecmp(name + 8, ".TAB") != 0)
        return false;
    int year = two_digits(name + 2), month = two_digits(name + 4), date = two_digits(name + 6);
    if (year < 0 || month < 0 || date < 0)
        return false;
    year += year > CENTURY_TURN ? 1900 : 2000;
    if (!qn_civil_valid(year, (unsigned)month, (unsigned)date))
        return false;
    *day = qn_days_from_civil(year, (unsigned)month, (unsigned)date);
    return true;
}

static bool is_kernel(const char *name)
{
    static const char *const ends[] = {".bsp", ".tpc", ".tls", ".bpc", ".tf"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof ends / sizeof *ends; i++) {
        if (!strcasecmp(dot, ends[i]))
            return true;
    }
    return false;
}

bool qn_lunar_period_has(const struct qn_lunar_period *period, int32_t day)
{
    struct qn_civil civil = qn_civil_from_days(day);
    return (!period->year || civil.year == period->year) &&
           (!period->month || (int)civil.month == period->month) &&
           (!period->day || (int)civil.day == period->day);
}

/* ---- files ---------------------------------------------------------------------------------- */

/* A copy of the path that the inputs own; NULL when out of memory. */
static const char *keep_path(struct qn_lunar_inputs *inputs, const char *path)
{
    size_t len = strlen(path) + 1;
    char *copy = qn_sys.malloc(len);
    if (!copy)
        return NULL;
    memcpy(copy, path, len);
    qn_buf_append(&inputs->paths, &copy, sizeof copy);
    if (!inputs->paths.failed)
        return copy;
    free(copy);
    return NULL;
}

/* The first of two files of one kind stays, whatever the order in which folders are read. */
static void keep_first(const char **kept, const char *path)
{
    if (!*kept || strcmp(path, *kept) < 0)
        *kept = path;
}

static enum qn_status add_day(struct walk *walk, const char *path, uint64_t size, int32_t day)
{
    struct qn_lunar_day file = {keep_path(walk->inputs, path), size, day};
    if (file.path)
        qn_buf_append(&walk->inputs->days, &file, sizeof file);
    if (!file.path || walk->inputs->days.failed)
        return qn_fail_memory(walk->err, "the list of files", sizeof file);
    walk->inputs->day_count++;
    return QN_OK;
}

static enum qn_status add_kernel(struct walk *walk, const char *path)
{
    const char *copy = keep_path(walk->inputs, path);
    if (copy)
        qn_buf_append(&walk->inputs->kernels, &copy, sizeof copy);
    if (!copy || walk->inputs->kernels.failed)
        return qn_fail_memory(walk->err, "the list of kernels", strlen(path));
    walk->inputs->kernel_count++;
    return QN_OK;
}

static enum qn_status add_table(struct walk *walk, const char *path, const char **table)
{
    const char *copy = keep_path(walk->inputs, path);
    if (!copy)
        return qn_fail_memory(walk->err, "a path", strlen(path));
    keep_first(table, copy);
    return QN_OK;
}

/* The day of the first row with a date; false in *dated when there is none near the beginning. */
static enum qn_status find_day(const char *path, struct qn_er_sweep *sweep, int32_t *day,
                               bool *dated, struct qn_error *err)
{
    struct qn_er_reader *reader = NULL;
    struct qn_utc utc = {0};
    bool more = true;
    *dated = false;
    enum qn_status status = qn_er_open(&reader, path, 0, LOOK_BYTES, err);
    while (!status && more && !*dated) {
        status = qn_er_read(reader, sweep, &more, NULL, err);
        for (size_t i = 0; !status && more && !*dated && i < sweep->rows; i++)
            *dated = sweep->place[i].fault == QN_ER_FINE &&
                     qn_utc_parse(sweep->utc[i], strlen(sweep->utc[i]), &utc);
    }
    *day = utc.day;
    qn_er_close(reader);
    return status;
}

/* A file of spectra under another name. */
static enum qn_status add_named(struct walk *walk, const char *path, uint64_t size)
{
    struct qn_er_sweep *sweep = qn_sys.malloc(sizeof *sweep);
    int32_t day;
    bool dated;
    if (!sweep)
        return qn_fail_memory(walk->err, "a sweep", sizeof *sweep);
    enum qn_status status = find_day(path, sweep, &day, &dated, walk->err);
    free(sweep);
    if (status)
        return status;
    if (dated)
        return add_day(walk, path, size, day);
    return qn_fail_at(walk->err, QN_ERR_INPUT, path, -1,
                      "'%s' is none of the files that are known by name (3DYYMMDD.TAB, theta.tab, "
                      "attitude.tab, SPICE kernels), and holds no rows of electron spectra.",
                      path);
}

enum naming { FOUND, NAMED };

static enum qn_status add_file(struct walk *walk, const char *path, uint64_t size,
                               enum naming naming)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    int32_t day;
    if (qn_lunar_day_of_name(name, &day))
        return add_day(walk, path, size, day);
    if (is_kernel(name))
        return add_kernel(walk, path);
    if (!strcasecmp(name, "theta.tab"))
        return add_table(walk, path, &walk->inputs->theta);
    if (!strcasecmp(name, "attitude.tab"))
        return add_table(walk, path, &walk->inputs->attitude);
    return naming == NAMED ? add_named(walk, path, size) : QN_OK;
}

/* ---- folders -------------------------------------------------------------------------------- */

static enum qn_status visit(struct walk *walk, const char *path, int depth);

static enum qn_status visit_folder(struct walk *walk, const char *path, int depth)
{
    struct qn_listing listing;
    enum qn_status status = qn_listing_open(&listing, path, walk->err);
    while (qn_listing_next(&listing, &status, walk->err))
        if (listing.name[0] != '.')
            status = visit(walk, listing.path, depth + 1);
    qn_listing_close(&listing);
    return status;
}

static enum qn_status visit(struct walk *walk, const char *path, int depth)
{
    struct stat st;
    if (walk->stop && walk->stop(walk->context))
        return qn_fail(walk->err, QN_ERR_CANCELLED, "stopped at your request.");
    bool there;
    enum qn_status status = qn_stat_if_any(path, &st, &there, walk->err);
    if (!status && !there && depth == 0)
        status = qn_fail_errno(walk->err, ENOENT, "find", path);
    if (status || !there)
        return status;
    if (S_ISDIR(st.st_mode))
        return depth < DEEPEST ? visit_folder(walk, path, depth) : QN_OK;
    if (!S_ISREG(st.st_mode))
        return QN_OK;
    return add_file(walk, path, (uint64_t)st.st_size, depth == 0 ? NAMED : FOUND);
}

enum qn_status qn_lunar_inputs_add(struct qn_lunar_inputs *inputs, const char *place,
                                   bool (*stop)(void *), void *context, struct qn_error *err)
{
    struct walk walk = {inputs, stop, context, err};
    return visit(&walk, place, 0);
}

/* ---- order ---------------------------------------------------------------------------------- */

static int by_day(const void *a, const void *b)
{
    const struct qn_lunar_day *x = a, *y = b;
    if (x->day != y->day)
        return x->day < y->day ? -1 : 1;
    return strcmp(x->path, y->path);
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* By name first: which kernel comes before which must not depend on the folders they lie in. */
static int by_name(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    int order = strcmp(name_of(x), name_of(y));
    return order ? order : strcmp(x, y);
}

void qn_lunar_inputs_sort(struct qn_lunar_inputs *inputs)
{
    struct qn_lunar_day *days = (struct qn_lunar_day *)(void *)inputs->days.data;
    size_t kept = 0;
    if (inputs->kernel_count > 0)
        qsort(inputs->kernels.data, inputs->kernel_count, sizeof(const char *), by_name);
    if (inputs->day_count > 0)
        qsort(days, inputs->day_count, sizeof *days, by_day);
    for (size_t i = 0; i < inputs->day_count; i++) {
        bool known = kept > 0 && days[kept - 1].day == days[i].day;
        bool same = known && !strcmp(days[kept - 1].path, days[i].path);
        if (known && !same && inputs->left_aside++ == 0)
            inputs->first_left_aside = days[i].path;
        if (!known)
            days[kept++] = days[i];
    }
    inputs->day_count = kept;
}

void qn_lunar_inputs_release(struct qn_lunar_inputs *inputs)
{
    char **paths = (char **)(void *)inputs->paths.data;
    for (size_t i = 0; i < inputs->paths.len / sizeof *paths; i++)
        free(paths[i]);
    qn_buf_release(&inputs->paths);
    qn_buf_release(&inputs->days);
    qn_buf_release(&inputs->kernels);
    *inputs = (struct qn_lunar_inputs){0};
}

const struct qn_lunar_day *qn_lunar_days(const struct qn_lunar_inputs *inputs)
{
    return (const struct qn_lunar_day *)(const void *)inputs->days.data;
}

const char *const *qn_lunar_kernels(const struct qn_lunar_inputs *inputs)
{
    return (const char *const *)(const void *)inputs->kernels.data;
}

/* The file of a kind for a day, or that for the first day there is of it. */
static enum qn_status missing(enum qn_archive_kind kind, int32_t day, const char *what,
                              const char *place, struct qn_error *err)
{
    char date[QN_UTC_TEXT];
    qn_utc_print((struct qn_utc){day, 0}, 0, date);
    const struct qn_archive_file *file = qn_archive_find(kind, date);
    for (size_t i = 0; !file; i++)
        if (qn_archive_files[i].kind == kind)
            file = &qn_archive_files[i];
    return qn_fail_at(err, QN_ERR_INPUT, place, -1,
                      "%s, %s, is not below '%s'. Name the folder that has it as well, or get it "
                      "from %s : `quern lunar fetch` does that.",
                      file->name, what, place, file->url);
}

enum qn_status qn_lunar_inputs_check(const struct qn_lunar_inputs *inputs, int32_t day,
                                     const char *place, struct qn_error *err)
{
    if (!inputs->theta)
        return missing(QN_ARCHIVE_THETA, day, "the latitudes of the instrument's cells", place,
                       err);
    if (!inputs->attitude)
        return missing(QN_ARCHIVE_ATTITUDE, day, "the table of the spin axis", place, err);
    if (inputs->kernel_count == 0)
        return missing(QN_ARCHIVE_ORBIT, day, "the orbit of Lunar Prospector", place, err);
    return QN_OK;
}
