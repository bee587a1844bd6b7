/* `quern lunar fetch`: the files of some days of the archive, and what is needed beside them, in
 * the folders where `quern lunar map` looks for them. What is to be fetched is told by archive.h;
 * how, by base/download.h. */
#include "pipelines/fetch.h"
#include "base/calendar.h"
#include "base/io.h"
#include "base/sha1.h"
#include "base/sys.h"
#include "format/er3d.h"
#include "pipelines/lunar/archive.h"
#include "pipelines/lunar/attitude.h"
#include "pipelines/lunar/verbs_show.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DAYS = 600, MOST_FILES = MOST_DAYS + 32, URL_BYTES = 512 };
enum { HEAD = 64, TAIL = 4096 }; /* bytes of a file: more than blanks and a date, than a row */

const struct qn_option qn_lunar_fetch_options[] = {
    {"output", QN_OPT_PATH, "DIR", NULL, "the folder to fill; files that are there stay"},
    {"year", QN_OPT_INT, "YYYY", NULL, "1998 or 1999"},
    {"month", QN_OPT_INT, "N", NULL, "1 to 12; all of the year without"},
    {"day", QN_OPT_INT, "N", NULL, "1 to 31; all of the month without"},
    {"kernels", QN_OPT_FLAG, NULL, "true", "spectra alone, no kernels, attitude and theta table"},
    {"list", QN_OPT_FLAG, NULL, NULL,
     "fetch nothing: print address, place and SHA-1 of every file, for fetching by other means"},
    {"base-url", QN_OPT_STRING, "URL", NULL,
     "a mirror of all archives: takes the place of https://HOST in every address"},
    QN_FETCH_OPTIONS("3"),
    {0}};

struct item {
    char url[URL_BYTES];
    char path[PATH_MAX];
    const struct qn_archive_file *file; /* NULL: a day of spectra */
};

struct fetching {
    const struct qn_options *options;
    const char *folder;
    int32_t first; /* days since 1970-01-01 */
    int32_t last;
    struct item *items;
    size_t count;
};

/* ---- which days ----------------------------------------------------------------------------- */

static int32_t day_of(const char *date)
{
    struct qn_utc utc = {0};
    (void)qn_utc_parse(date, strlen(date), &utc);
    return utc.day;
}

/* The first and the last day that the options name; false when they name none. */
static bool read_days(const struct qn_options *o, int32_t *first, int32_t *last)
{
    bool has_month = qn_option_given(o, "month");
    bool has_day = qn_option_given(o, "day");
    int64_t year = qn_option_int(o, "year");
    int64_t month = has_month ? qn_option_int(o, "month") : 1;
    int64_t day = has_day ? qn_option_int(o, "day") : 1;
    if (year < 1998 || year > 1999 || month < 1 || month > 12 || day < 1 || day > 31 ||
        (has_day && !has_month) || !qn_civil_valid((int)year, (unsigned)month, (unsigned)day))
        return false;
    *first = qn_days_from_civil((int)year, (unsigned)month, (unsigned)day);
    *last = qn_days_from_civil((int)year, 12, 31);
    if (has_day)
        *last = *first;
    else if (has_month && month < 12)
        *last = qn_days_from_civil((int)year, (unsigned)month + 1, 1) - 1;
    return true;
}

static enum qn_status choose_days(struct fetching *f, struct qn_error *err)
{
    int32_t begin = day_of(QN_ARCHIVE_FIRST_DAY);
    int32_t end = day_of(QN_ARCHIVE_LAST_DAY);
    if (!read_days(f->options, &f->first, &f->last))
        return qn_fail(err, QN_ERR_USAGE,
                       "say which days to fetch: --year 1998 or 1999, and if not all of it --month "
                       "and --day. The archive goes from " QN_ARCHIVE_FIRST_DAY
                       " to " QN_ARCHIVE_LAST_DAY ".");
    f->first = f->first < begin ? begin : f->first;
    f->last = f->last > end ? end : f->last;
    if (f->first > f->last)
        return qn_fail(err, QN_ERR_USAGE,
                       "the archive has nothing of that time: it goes from " QN_ARCHIVE_FIRST_DAY
                       " to " QN_ARCHIVE_LAST_DAY ".");
    return QN_OK;
}

/* ---- which files ---------------------------------------------------------------------------- */

/* The address, at the mirror if one is given: what follows the host stays. */
static void address(const struct fetching *f, const char *url, const char *rest,
                    char out[URL_BYTES])
{
    const char *base = qn_option_string(f->options, "base-url");
    const char *host = strstr(url, "://");
    const char *path = host ? strchr(host + 3, '/') : NULL;
    size_t len = base ? strlen(base) : 0;
    while (len > 0 && base[len - 1] == '/')
        len--;
    if (base && path)
        snprintf(out, URL_BYTES, "%.*s%s%s", (int)len, base, path, rest);
    else
        snprintf(out, URL_BYTES, "%s%s", url, rest);
}

static struct item *add(struct fetching *f, const char *url, const char *rest)
{
    struct item *item = &f->items[f->count++];
    address(f, url, rest, item->url);
    return item;
}

static void add_days(struct fetching *f)
{
    for (int32_t day = f->first; day <= f->last && f->count < MOST_DAYS; day++) {
        char path[QN_ARCHIVE_PATH];
        qn_archive_spectra_path(qn_civil_from_days(day), path);
        struct item *item = add(f, QN_ARCHIVE_SPECTRA, path);
        snprintf(item->path, sizeof item->path, "%s/%s", f->folder, path);
    }
}

static bool covers(const struct fetching *f, const struct qn_archive_file *file)
{
    return !file->first || (day_of(file->first) <= f->last && day_of(file->last) >= f->first);
}

static void add_rest(struct fetching *f)
{
    for (const struct qn_archive_file *file = qn_archive_files; file->name; file++) {
        bool kernel = qn_archive_is_kernel(file->kind);
        if (!covers(f, file) || f->count == MOST_FILES)
            continue;
        struct item *item = add(f, file->url, "");
        snprintf(item->path, sizeof item->path, "%s/%s%s", f->folder,
                 kernel ? QN_ARCHIVE_KERNELS "/" : "", file->name);
        item->file = file;
    }
}

/* ---- what was received ---------------------------------------------------------------------- */

static size_t count_fields(const char *at, const char *end)
{
    size_t count = 0;
    for (bool between = true; at < end; at++) {
        bool blank = *at == ' ' || *at == '\t' || *at == '\r';
        count += between && !blank;
        between = blank;
    }
    return count;
}

/* Spectra begin with the date of their first row; pages of a server that is sorry do not. One that
 * breaks off within a row did not come whole, whatever the server said of its length. */
static bool is_spectra(const char *path, uint64_t size)
{
    char head[HEAD + 1] = "";
    char tail[TAIL];
    struct qn_error err;
    int fd;
    size_t len = size < TAIL ? (size_t)size : TAIL;
    if (qn_open_read(path, &fd, &err))
        return false;
    bool read = !qn_read_at(fd, path, head, len < HEAD ? len : HEAD, 0, &err) &&
                !qn_read_at(fd, path, tail, len, size - len, &err);
    qn_sys.close(fd);
    const char *year = head + strspn(head, " \t\r\n");
    if (!read || strspn(year, "0123456789") != 4 || year[4] != '-')
        return false;
    const char *end = tail + len;
    const char *line = end;
    while (line > tail && line[-1] != '\n')
        line--;
    return line == end || count_fields(line, end) == QN_ER_FIELDS;
}

static bool is_theta(const char *path)
{
    double theta_deg[QN_ER_CELLS];
    struct qn_error err;
    return qn_er_theta_read(path, theta_deg, &err) == QN_OK;
}

static bool is_attitude(const char *path)
{
    struct qn_attitude *attitude;
    struct qn_error err;
    enum qn_status status = qn_attitude_read(&attitude, path, &qn_leaps_builtin, &err);
    qn_attitude_free(attitude);
    return status == QN_OK;
}

static bool has_sha1(const char *path, const char *wanted, char reason[QN_DOWNLOAD_MESSAGE])
{
    char sha1[QN_SHA1_TEXT];
    struct qn_error err;
    if (qn_sha1_file(path, sha1, &err)) {
        snprintf(reason, QN_DOWNLOAD_MESSAGE, "%.150s", err.message);
        return false;
    }
    snprintf(reason, QN_DOWNLOAD_MESSAGE, "its SHA-1 is %s, not %s", sha1, wanted);
    return !strcmp(sha1, wanted);
}

static bool is_right(const struct qn_download *download, const char *path, uint64_t size,
                     char reason[QN_DOWNLOAD_MESSAGE])
{
    const struct item *item = download->expected;
    if (item->file && item->file->sha1)
        return has_sha1(path, item->file->sha1, reason);
    snprintf(reason, QN_DOWNLOAD_MESSAGE, "it is no %s",
             !item->file                               ? "table of spectra, or not all of it"
             : item->file->kind == QN_ARCHIVE_ATTITUDE ? "attitude table"
                                                       : "table of the cells' latitudes");
    if (!item->file)
        return is_spectra(path, size);
    return item->file->kind == QN_ARCHIVE_ATTITUDE ? is_attitude(path) : is_theta(path);
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* Whether nothing can be mapped without it. */
static bool is_needed(const struct item *item)
{
    return item->file &&
           (item->file->kind == QN_ARCHIVE_ORBIT || item->file->kind == QN_ARCHIVE_ATTITUDE ||
            item->file->kind == QN_ARCHIVE_THETA);
}

/* What the archive no longer has where it was: an error, unless days of it alone are missing. */
static enum qn_status check_missing(const struct fetching *f, const struct qn_download *downloads,
                                    struct qn_error *err)
{
    char url[QN_URL_SHOWN];
    size_t days = 0;
    size_t missing = 0;
    for (size_t i = 0; i < f->count; i++) {
        bool lacks = downloads[i].state == QN_DOWNLOAD_MISSING;
        days += !f->items[i].file;
        missing += !f->items[i].file && lacks;
        if (is_needed(&f->items[i]) && lacks)
            return qn_fail(err, QN_ERR_IO,
                           "the archive no longer has %s. Look for '%s' at the PDS or at NAIF "
                           "and place it as %s by hand.",
                           qn_url_shown(downloads[i].url, url), f->items[i].file->name,
                           f->items[i].path);
    }
    if (missing < days)
        return QN_OK;
    return qn_fail(err, QN_ERR_IO,
                   "the archive has none of the days asked for, the first %s. If its address has "
                   "changed, name the new one with --base-url, or place files by hand: --list "
                   "tells where.",
                   qn_url_shown(downloads[0].url, url));
}

static enum qn_status download(struct fetching *f, struct qn_error *err)
{
    struct qn_download_limits limits = qn_fetch_limits(f->options, "quern-lunar");
    limits.accept = is_right;
    limits.accept_present = true;
    struct qn_download *downloads = qn_sys.calloc(f->count + 1, sizeof *downloads);
    if (!downloads)
        return qn_fail_memory(err, "the downloads", f->count * sizeof *downloads);
    for (size_t i = 0; i < f->count; i++) {
        downloads[i].url = f->items[i].url;
        downloads[i].path = f->items[i].path;
        downloads[i].expected = &f->items[i];
    }
    enum qn_status status = qn_make_dirs(f->folder, err);
    if (!status)
        status = qn_download_all(downloads, f->count, &limits, err);
    if (!status)
        status = qn_fetch_account(downloads, f->count, f->folder, err);
    if (!status)
        status = check_missing(f, downloads, err);
    free(downloads);
    return status;
}

static void print_list(const struct fetching *f)
{
    fprintf(stdout, "url,path,sha1\n");
    for (size_t i = 0; i < f->count; i++)
        fprintf(stdout, "%s,%s,%s\n", f->items[i].url, f->items[i].path,
                f->items[i].file && f->items[i].file->sha1 ? f->items[i].file->sha1 : "");
}

enum qn_status qn_lunar_fetch(const struct qn_options *options, struct qn_error *err)
{
    struct fetching f = {.options = options, .folder = qn_option_string(options, "output")};
    const char *base = qn_option_string(options, "base-url");
    if (!f.folder)
        return qn_fail(err, QN_ERR_USAGE, "where to? Name the folder to fill: -o DIR.");
    if (base && strlen(base) > URL_BYTES / 2)
        return qn_fail(err, QN_ERR_USAGE, "--base-url is too long: more than %d bytes.",
                       URL_BYTES / 2);
    enum qn_status status = choose_days(&f, err);
    if (status)
        return status;
    f.items = qn_sys.calloc(MOST_FILES, sizeof *f.items);
    if (!f.items)
        return qn_fail_memory(err, "the list of files", MOST_FILES * sizeof *f.items);
    add_days(&f);
    if (qn_option_flag(options, "kernels"))
        add_rest(&f);
    if (qn_option_flag(options, "list"))
        print_list(&f);
    else
        status = download(&f, err);
    free(f.items);
    return status;
}
