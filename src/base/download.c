/* Downloads through libcurl: see download.h. One thread, one loop over all transfers. */
#include "base/download.h"

#include "base/fresh.h"
#include "base/io.h"
#include "base/sys.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST_WAIT_S = 300, POLL_MS = 50 };

#define MOST_BYTES (UINT64_C(4) << 30) /* of a file: many times the largest that is asked for */

/* The part of a file bears the time at which the server last changed the file: what is there is
 * gone on with only if the server still has that version. A time with nanoseconds is none of a
 * server. */
#define NO_VERSION ((time_t)-1)

struct transfer { /* one under way */
    struct qn_download *download;
    CURL *easy;
    struct curl_slist *headers;
    int fd;
    time_t version;    /* of the bytes that are there: the server's Last-Modified, or none */
    uint64_t begun_at; /* bytes that were there before */
    uint64_t taken;    /* of this attempt */
    bool stale;        /* what is there cannot be gone on with */
    bool disk_full;
};

struct loop {
    struct qn_download *downloads;
    size_t count;
    const struct qn_download_limits *limits;
    unsigned at_once;
    unsigned attempts;
    double *ready; /* when each may be tried */
    CURLM *multi;
    struct transfer *transfers; /* at_once */
    size_t running;
    size_t finished;
    bool disk_full;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void part_of(const char *path, char part[PATH_MAX])
{
    snprintf(part, PATH_MAX, "%s.part", path);
}

/* ---- bytes ---------------------------------------------------------------------------------- */

static const char *header(const struct transfer *t, const char *name)
{
    struct curl_header *found;
    return curl_easy_header(t->easy, name, 0, CURLH_HEADER, -1, &found) ? NULL : found->value;
}

static time_t version_told(const struct transfer *t)
{
    const char *date = header(t, "Last-Modified");
    return date ? curl_getdate(date, NULL) : NO_VERSION;
}

/* Whether what comes is the rest of what is there. Not every server heeds If-Range. */
static bool is_the_rest(const struct transfer *t)
{
    unsigned long long first, last, total;
    const char *range = header(t, "Content-Range");
    time_t version = version_told(t);
    return range && sscanf(range, "bytes %llu-%llu/%llu", &first, &last, &total) == 3 &&
           first == t->begun_at && last + 1 == total &&
           (version == NO_VERSION || version == t->version);
}

/* Before the first byte. */
static bool take_head(struct transfer *t, long code)
{
    if (code == 206) {
        t->stale = !is_the_rest(t);
        return !t->stale;
    }
    if (t->begun_at > 0 && (qn_sys.ftruncate(t->fd, 0) < 0 || lseek(t->fd, 0, SEEK_SET) < 0)) {
        snprintf(t->download->message, sizeof t->download->message, "cannot be begun again: %s",
                 strerror(errno));
        return false;
    }
    t->begun_at = 0;
    t->version = version_told(t);
    return true;
}

static void note_version(const struct transfer *t)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = t->version}};
    if (t->version != NO_VERSION)
        (void)futimens(t->fd, times); /* without it the file is begun again, no more */
}

static size_t take_bytes(char *bytes, size_t size, size_t n, void *context)
{
    struct transfer *t = context;
    size_t len = size * n;
    struct qn_error err;
    long code = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &code);
    if (code != 200 && code != 206)
        return len; /* the body of a refusal */
    if (t->taken == 0 && !take_head(t, code))
        return 0;
    t->taken += len;
    if (t->begun_at + t->taken > MOST_BYTES) {
        snprintf(t->download->message, sizeof t->download->message, "it is larger than 4 GiB");
        return 0;
    }
    if (qn_write_all(t->fd, t->download->path, bytes, len, &err)) {
        t->disk_full = err.status == QN_ERR_SPACE;
        snprintf(t->download->message, sizeof t->download->message, "%.190s", err.message);
        return 0;
    }
    note_version(t);
    return len;
}

/* ---- beginning ------------------------------------------------------------------------------ */

static bool open_part(struct transfer *t)
{
    char part[PATH_MAX];
    struct qn_error err;
    part_of(t->download->path, part);
    if (qn_make_parent(t->download->path, &err) || qn_open_claimed(part, &t->fd, &err)) {
        snprintf(t->download->message, sizeof t->download->message, "%.190s", err.message);
        return false;
    }
    struct stat st;
    if (qn_sys.fstat(t->fd, &st) < 0 || lseek(t->fd, 0, SEEK_END) < 0) {
        snprintf(t->download->message, sizeof t->download->message, "cannot be looked at: %s",
                 strerror(errno));
        return false;
    }
    t->begun_at = (uint64_t)st.st_size;
    t->version = st.st_mtim.tv_nsec == 0 ? st.st_mtim.tv_sec : NO_VERSION;
    return true;
}

/* Asks for the rest of the version that is there, or else for all of the file (RFC 9110, 13.1.5).
 */
static bool ask_for_the_rest(struct transfer *t)
{
    char line[64];
    char range[32];
    struct tm utc;
    if (t->begun_at == 0 || t->version == NO_VERSION || !gmtime_r(&t->version, &utc))
        return true;
    strftime(line, sizeof line, "If-Range: %a, %d %b %Y %H:%M:%S GMT", &utc);
    snprintf(range, sizeof range, "%llu-", (unsigned long long)t->begun_at);
    t->headers = curl_slist_append(NULL, line);
    return t->headers && !curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers) &&
           !curl_easy_setopt(t->easy, CURLOPT_RANGE, range);
}

static bool set_up(struct transfer *t, const struct qn_download_limits *limits)
{
    t->easy = curl_easy_init();
    if (!t->easy)
        return false;
    curl_easy_setopt(t->easy, CURLOPT_URL, t->download->url);
    curl_easy_setopt(t->easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(t->easy, CURLOPT_MAXREDIRS, 5L);
    curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    /* What was asked for over TLS comes over TLS, from the server that was asked or one it names.
     */
    bool secure = !strncasecmp(t->download->url, "https:", 6);
    curl_easy_setopt(t->easy, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
    curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->easy, CURLOPT_USERAGENT, limits->agent);
    curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(limits->connect_s * 1000));
    curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_TIME,
                     limits->stall_s < 1 ? 1L : (long)limits->stall_s);
    curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
    return ask_for_the_rest(t);
}

static void close_transfer(struct transfer *t)
{
    if (t->fd >= 0)
        qn_sys.close(t->fd);
    curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->headers);
    t->download = NULL;
}

static void finish(struct loop *loop, struct qn_download *download, enum qn_download_state state)
{
    download->state = state;
    loop->finished++;
    if (loop->limits->tell)
        loop->limits->tell(loop->limits->context, loop->finished, loop->count);
}

static bool acceptable(const struct loop *loop, struct qn_download *d, const char *file)
{
    struct stat st;
    uint64_t size = qn_sys.stat(file, &st) == 0 ? (uint64_t)st.st_size : 0;
    d->bytes = size;
    if (size == 0) {
        snprintf(d->message, sizeof d->message, "nothing is in it");
        return false;
    }
    return !loop->limits->accept || loop->limits->accept(d, file, size, d->message);
}

static void begin(struct loop *loop, struct qn_download *download)
{
    struct transfer *t = loop->transfers;
    while (t->download)
        t++;
    *t = (struct transfer){.download = download, .fd = -1};
    download->attempts++;
    if (open_part(t) && set_up(t, loop->limits) && !curl_multi_add_handle(loop->multi, t->easy)) {
        download->state = QN_DOWNLOAD_RUNNING;
        loop->running++;
        return;
    }
    close_transfer(t);
    finish(loop, download, QN_DOWNLOAD_FAILED);
}

/* A file that is there stays; one with other bytes than expected is the user's to take away. */
static void judge_present(struct loop *loop, struct qn_download *d)
{
    if (!loop->limits->accept_present || acceptable(loop, d, d->path)) {
        finish(loop, d, QN_DOWNLOAD_PRESENT);
        return;
    }
    size_t len = strlen(d->message);
    snprintf(d->message + len, sizeof d->message - len, "; take the file away to fetch it anew");
    finish(loop, d, QN_DOWNLOAD_FAILED);
}

static void begin_ready(struct loop *loop)
{
    double time = now();
    for (size_t i = 0; i < loop->count && loop->running < loop->at_once; i++) {
        struct qn_download *d = &loop->downloads[i];
        if (d->state != QN_DOWNLOAD_WAITING || loop->ready[i] > time)
            continue;
        if (d->attempts == 0 && access(d->path, F_OK) == 0)
            judge_present(loop, d);
        else
            begin(loop, d);
    }
}

/* ---- ending --------------------------------------------------------------------------------- */

/* A part of one to one and a half, the same for the same file and attempt. */
static double jitter(const struct qn_download *d)
{
    uint64_t h = 1469598103934665603u + d->attempts;
    for (const char *c = d->path; *c; c++)
        h = (h ^ (uint8_t)*c) * 1099511628211u;
    return 1 + 0.5 * (double)(h >> 11) * 0x1p-53;
}

static bool may_pass(CURLcode code, long http)
{
    switch (code) {
    case CURLE_OK:
        return http == 408 || http == 425 || http == 429 || http >= 500;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_HTTP2:
    case CURLE_WEIRD_SERVER_REPLY:
        return true;
    default:
        return false;
    }
}

static void again_or_fail(struct loop *loop, struct transfer *t, bool again, double wait)
{
    struct qn_download *d = t->download;
    if (!again || d->attempts >= loop->attempts) {
        finish(loop, d, QN_DOWNLOAD_FAILED);
        return;
    }
    double backoff =
        loop->limits->backoff_s * (double)(1u << (d->attempts < 10 ? d->attempts - 1 : 9));
    backoff *= jitter(d);
    wait = wait > backoff ? wait : backoff;
    d->state = QN_DOWNLOAD_WAITING;
    loop->ready[d - loop->downloads] = now() + (wait < LONGEST_WAIT_S ? wait : LONGEST_WAIT_S);
}

static void keep_file(struct loop *loop, struct transfer *t)
{
    char part[PATH_MAX];
    struct qn_error err;
    struct qn_download *d = t->download;
    part_of(d->path, part);
    if (!acceptable(loop, d, part)) {
        qn_sys.unlink(part);
        again_or_fail(loop, t, true, 0);
        return;
    }
    if (qn_sys.rename(part, d->path) < 0) {
        snprintf(d->message, sizeof d->message, "cannot be renamed: %s", strerror(errno));
        finish(loop, d, QN_DOWNLOAD_FAILED);
        return;
    }
    if (qn_sync_parent(d->path, &err)) {
        snprintf(d->message, sizeof d->message, "%.190s", err.message);
        finish(loop, d, QN_DOWNLOAD_FAILED);
        return;
    }
    d->message[0] = '\0';
    finish(loop, d, QN_DOWNLOAD_DONE);
}

/* What may not have reached the disk is not continued. */
static bool is_synced(struct transfer *t)
{
    char part[PATH_MAX];
    if (qn_sys.fsync(t->fd) == 0)
        return true;
    t->disk_full = errno == ENOSPC;
    snprintf(t->download->message, sizeof t->download->message, "cannot be synced: %s",
             strerror(errno));
    part_of(t->download->path, part);
    qn_sys.unlink(part);
    return false;
}

static void judge(struct loop *loop, struct transfer *t, CURLcode code)
{
    struct qn_download *d = t->download;
    char part[PATH_MAX];
    long http = 0;
    curl_off_t wait = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &http);
    curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &wait);
    part_of(d->path, part);
    loop->disk_full |= t->disk_full;
    t->stale |= http == 416 || (code == CURLE_OK && http < 300 && t->begun_at > 0 && t->taken == 0);
    if (t->stale) {
        qn_sys.unlink(part);
        snprintf(d->message, sizeof d->message,
                 "the server does not go on with the part that is there (HTTP %ld)", http);
        again_or_fail(loop, t, true, 0);
        return;
    }
    if (code == CURLE_OK && (http == 200 || http == 206)) {
        keep_file(loop, t);
        return;
    }
    /* What was received cannot be continued. */
    if (t->begun_at == 0)
        if (code != CURLE_PARTIAL_FILE && code != CURLE_OPERATION_TIMEDOUT &&
            code != CURLE_RECV_ERROR)
            qn_sys.unlink(part);
    if (code == CURLE_OK && (http == 404 || http == 410)) {
        snprintf(d->message, sizeof d->message, "the server has no such file (HTTP %ld)", http);
        qn_sys.unlink(part);
        finish(loop, d, QN_DOWNLOAD_MISSING);
        return;
    }
    if (code == CURLE_OK)
        snprintf(d->message, sizeof d->message, "HTTP %ld", http);
    else if (code != CURLE_WRITE_ERROR) /* of that take_bytes has told */
        snprintf(d->message, sizeof d->message, "%s", curl_easy_strerror(code));
    again_or_fail(loop, t, may_pass(code, http), (double)wait);
}

static void end_transfers(struct loop *loop)
{
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read(loop->multi, &left));) {
        struct transfer *t = NULL;
        if (m->msg != CURLMSG_DONE)
            continue;
        CURLcode code = m->data.result;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
        judge(loop, t, is_synced(t) ? code : CURLE_WRITE_ERROR);
        curl_multi_remove_handle(loop->multi, t->easy);
        close_transfer(t); /* after the rename: until then the name is claimed */
        loop->running--;
    }
}

static enum qn_status work(struct loop *loop, struct qn_error *err)
{
    while (loop->finished < loop->count) {
        int active = 0;
        if (loop->limits->stop && loop->limits->stop(loop->limits->context))
            return qn_fail(err, QN_ERR_CANCELLED, "the downloads were stopped.");
        begin_ready(loop);
        if (curl_multi_perform(loop->multi, &active) ||
            curl_multi_poll(loop->multi, NULL, 0, POLL_MS, NULL))
            return qn_fail(err, QN_ERR_IO, "the downloads cannot go on: libcurl gave up.");
        end_transfers(loop);
        if (loop->disk_full)
            return qn_fail(err, QN_ERR_SPACE,
                           "the disk is full. Make room and run the same command again; it goes on "
                           "where it stopped.");
    }
    return QN_OK;
}

static unsigned held(int64_t value, unsigned most)
{
    return value < 1 ? 1 : value > most ? most : (unsigned)value;
}

enum qn_status qn_download_all(struct qn_download *downloads, size_t count,
                               const struct qn_download_limits *limits, struct qn_error *err)
{
    struct loop loop = {.downloads = downloads,
                        .count = count,
                        .limits = limits,
                        .at_once = held(limits->at_once, 16),
                        .attempts = held(limits->attempts, 50)};
    enum qn_status status = QN_OK;
    if (count == 0)
        return QN_OK;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    loop.multi = curl_multi_init();
    loop.ready = qn_sys.calloc(count, sizeof *loop.ready);
    loop.transfers = qn_sys.calloc(loop.at_once + 1u, sizeof *loop.transfers);
    if (!loop.multi || !loop.ready || !loop.transfers)
        status = qn_fail_memory(err, "the downloads", count * sizeof *loop.ready);
    else
        status = work(&loop, err);
    for (size_t i = 0; loop.transfers && i < loop.at_once; i++) {
        struct transfer *t = &loop.transfers[i];
        if (!t->download)
            continue;
        curl_multi_remove_handle(loop.multi, t->easy);
        close_transfer(t);
    }
    curl_multi_cleanup(loop.multi);
    free(loop.ready);
    free(loop.transfers);
    return status;
}

/* ---- what became of them -------------------------------------------------------------------- */

/* What stands before the host in an address: "https://", then "name:password@" or nothing. */
static size_t split_address(const char *url, size_t *secret)
{
    const char *mark = strstr(url, "://");
    const char *begin = mark ? mark + 3 : url;
    const char *at = memrchr(begin, '@', strcspn(begin, "/?#"));
    *secret = at ? (size_t)(at + 1 - begin) : 0;
    return (size_t)(begin - url);
}

bool qn_url_has_password(const char *url)
{
    size_t secret;
    split_address(url, &secret);
    return secret > 0;
}

const char *qn_url_shown(const char *url, char text[QN_URL_SHOWN])
{
    size_t secret;
    size_t scheme = split_address(url, &secret);
    snprintf(text, QN_URL_SHOWN, "%.*s%s", (int)scheme, url, url + scheme + secret);
    return text;
}

static void put_text(struct qn_buf *out, const char *text)
{
    qn_buf_u8(out, '"');
    for (; *text; text++)
        qn_buf_printf(out, *text == '"' ? "\"\"" : "%c", *text);
    qn_buf_u8(out, '"');
}

enum qn_status qn_download_list(const struct qn_download *downloads, size_t count, const char *path,
                                struct qn_error *err)
{
    static const char *const names[] = {"waiting", "running", "fetched",
                                        "present", "missing", "failed"};
    struct qn_buf text = {0};
    char url[QN_URL_SHOWN];
    qn_buf_printf(&text, "file,state,attempts,bytes,message,url\n");
    for (size_t i = 0; i < count; i++) {
        const struct qn_download *d = &downloads[i];
        const char *slash = strrchr(d->path, '/');
        put_text(&text, slash ? slash + 1 : d->path);
        qn_buf_printf(&text, ",%s,%u,%llu,", names[d->state], d->attempts,
                      (unsigned long long)d->bytes);
        put_text(&text, d->message);
        qn_buf_u8(&text, ',');
        put_text(&text, qn_url_shown(d->url, url));
        qn_buf_u8(&text, '\n');
    }
    enum qn_status status = text.failed ? qn_fail_memory(err, "the list of files", text.len)
                                        : qn_fresh_put(path, text.data, text.len, err);
    qn_buf_release(&text);
    return status;
}

enum qn_status qn_download_sum_up(const struct qn_download *downloads, size_t count,
                                  char line[QN_DOWNLOAD_SUMMARY], struct qn_error *err)
{
    size_t counts[QN_DOWNLOAD_FAILED + 1] = {0};
    char url[QN_URL_SHOWN];
    const struct qn_download *first = NULL;
    for (size_t i = 0; i < count; i++) {
        counts[downloads[i].state]++;
        if (downloads[i].state == QN_DOWNLOAD_FAILED && !first)
            first = &downloads[i];
    }
    snprintf(line, QN_DOWNLOAD_SUMMARY, "%zu fetched, %zu were there, %zu do not exist, %zu failed",
             counts[QN_DOWNLOAD_DONE], counts[QN_DOWNLOAD_PRESENT], counts[QN_DOWNLOAD_MISSING],
             counts[QN_DOWNLOAD_FAILED]);
    if (!first)
        return QN_OK;
    return qn_fail(
        err, QN_ERR_IO,
        "%zu files could not be fetched, the first %s: %s. Run the same command again to "
        "go on.",
        counts[QN_DOWNLOAD_FAILED], qn_url_shown(first->url, url), first->message);
}
