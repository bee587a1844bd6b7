/* The one error idiom of Quern.
 *
 * A function that can fail returns enum qn_status and takes, as its last argument, a struct
 * qn_error that the caller owns. On failure the struct says what failed, where (file, byte
 * offset) and ends with what the user can do. On success it is left untouched.
 * `err` may be NULL when the caller needs only the code.
 */
#ifndef QUERN_ERROR_H
#define QUERN_ERROR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum qn_status {
    QN_OK = 0,
    QN_ERR_USAGE,       /* wrong option or argument: exit code 2 */
    QN_ERR_INPUT,       /* the input is not what it should be; retrying cannot help */
    QN_ERR_UNSUPPORTED, /* the input may be right, but this version cannot read it */
    QN_ERR_IO,          /* an I/O call failed for good (no such file, no permission) */
    QN_ERR_TRANSIENT,   /* an I/O failure that may pass (EIO, HTTP 5xx): retried with backoff */
    QN_ERR_MEMORY,      /* out of memory, or over the task's limit: retried once with more */
    QN_ERR_SPACE,       /* disk full or quota exceeded: the run stops and stays resumable */
    QN_ERR_CHANGED,     /* an input, option or plan differs from the one recorded */
    QN_ERR_EXISTS,      /* the output is there already */
    QN_ERR_CORRUPT,     /* data that Quern itself wrote is damaged */
    QN_ERR_CANCELLED,   /* the user asked to stop: exit code 130 */
    QN_ERR_CRASH,       /* a worker process died of a signal or exited */
    QN_ERR_TIMEOUT,     /* a task ran over its time limit */
    QN_ERR_INTERNAL,    /* a fault in Quern itself */
    QN_ERR_FOUND,       /* no failure: a check was made and found something. Exit code 3 */
    QN_STATUS_COUNT
};

struct qn_error {
    enum qn_status status;
    int sys_errno;      /* errno of the failed call, 0 if none */
    int64_t offset;     /* byte offset in `file`, -1 if it has no meaning here */
    char file[512];     /* file concerned, "" if none */
    char message[1024]; /* one paragraph: what, where, what to do; no newline at the end */
};

/* Fills *err (may be NULL) with a printf-style message and returns `status`. */
enum qn_status qn_fail(struct qn_error *err, enum qn_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, with the place: the file and the byte offset in it (-1: none). */
enum qn_status qn_fail_at(struct qn_error *err, enum qn_status status, const char *file,
                          int64_t offset, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* A failed system call: "cannot WHAT 'FILE': strerror. ADVICE". The status follows from the
 * errno: ENOSPC and EDQUOT give QN_ERR_SPACE, EIO, EAGAIN, ETIMEDOUT and ESTALE give
 * QN_ERR_TRANSIENT, ENOMEM gives QN_ERR_MEMORY, EEXIST QN_ERR_EXISTS, all others QN_ERR_IO. */
enum qn_status qn_fail_errno(struct qn_error *err, int errnum, const char *what, const char *file);

/* Out of memory while allocating `bytes` for `what`. */
enum qn_status qn_fail_memory(struct qn_error *err, const char *what, uint64_t bytes);

/* A short name for logs and JSON ("ok", "usage", "input", ...); never NULL. */
const char *qn_status_name(enum qn_status status);

#ifdef __cplusplus
}
#endif
#endif
