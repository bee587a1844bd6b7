/* Downloads files by HTTP, a few at a time, with the manners that archives ask for: retries only
 * what may pass (429, 5xx, timeouts, broken connections), waiting longer each time and as long as
 * the server says; writes to NAME.part, goes on where an earlier try stopped if the server still
 * has the same version of the file, and gives a file its name only when its length is right and the
 * caller has no objection to its bytes. */
#ifndef QN_BASE_DOWNLOAD_H
#define QN_BASE_DOWNLOAD_H

#include <quern/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QN_DOWNLOAD_MESSAGE = 200 };

enum qn_download_state {
    QN_DOWNLOAD_WAITING,
    QN_DOWNLOAD_RUNNING,
    QN_DOWNLOAD_DONE,
    QN_DOWNLOAD_PRESENT, /* was there before */
    QN_DOWNLOAD_MISSING, /* the server has no such file: 404, 410 */
    QN_DOWNLOAD_FAILED
};

struct qn_download {
    const char *url;      /* the caller's */
    const char *path;     /* where to */
    const void *expected; /* the caller's, for its `accept` */
    enum qn_download_state state;
    unsigned attempts;
    uint64_t bytes;
    char message[QN_DOWNLOAD_MESSAGE]; /* of the last failure */
};

struct qn_download_limits {
    const char *agent; /* how the program calls itself */
    int64_t at_once;   /* files, held within 1 and 16 */
    int64_t attempts;  /* of each file, held within 1 and 50 */
    double backoff_s;  /* before the second attempt; doubles each time, with jitter */
    double connect_s;  /* time limits */
    double stall_s;    /* without a byte */

    /* Whether the `size` bytes in `file` are what was asked for; if not, `reason` is filled, and
     * they are fetched again. NULL: any bytes are. */
    bool (*accept)(const struct qn_download *download, const char *file, uint64_t size,
                   char reason[QN_DOWNLOAD_MESSAGE]);
    bool accept_present; /* ask about files that were there before, too */
    void (*tell)(void *context, size_t done, size_t count); /* may be NULL */
    bool (*stop)(void *context); /* asked many times a second; QN_ERR_CANCELLED follows; or NULL */
    void *context;
};

/* Works through `count` downloads; how each went is in it. Fails only when nothing can be
 * downloaded at all (no memory, disk full). */
enum qn_status qn_download_all(struct qn_download *downloads, size_t count,
                               const struct qn_download_limits *limits, struct qn_error *err);

/* Whether a name or a password stands in an address. */
bool qn_url_has_password(const char *url);

/* The address without the name and password that may stand in it; one longer than QN_URL_SHOWN is
 * cut. For whatever is shown or kept. */
enum { QN_URL_SHOWN = 2048 };
const char *qn_url_shown(const char *url, char text[QN_URL_SHOWN]);

/* Writes how each went to the file `path`, as CSV: file, state, attempts, bytes, message, url. */
enum qn_status qn_download_list(const struct qn_download *downloads, size_t count, const char *path,
                                struct qn_error *err);

/* One line for people about all of them; QN_ERR_IO with the first failure when there is any. */
enum { QN_DOWNLOAD_SUMMARY = 160 };
enum qn_status qn_download_sum_up(const struct qn_download *downloads, size_t count,
                                  char line[QN_DOWNLOAD_SUMMARY], struct qn_error *err);

#endif
