/* Fills struct qn_error. Used by every layer; never prints. */
#include <errno.h>
#include <quern/error.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const status_names[QN_STATUS_COUNT] = {
    [QN_OK] = "ok",
    [QN_ERR_USAGE] = "usage",
    [QN_ERR_INPUT] = "input",
    [QN_ERR_UNSUPPORTED] = "unsupported",
    [QN_ERR_IO] = "io",
    [QN_ERR_TRANSIENT] = "transient-io",
    [QN_ERR_MEMORY] = "memory",
    [QN_ERR_SPACE] = "disk-full",
    [QN_ERR_CHANGED] = "changed",
    [QN_ERR_EXISTS] = "exists",
    [QN_ERR_CORRUPT] = "corrupt",
    [QN_ERR_CANCELLED] = "cancelled",
    [QN_ERR_CRASH] = "crash",
    [QN_ERR_TIMEOUT] = "timeout",
    [QN_ERR_INTERNAL] = "internal",
    [QN_ERR_FOUND] = "found",
};

const char *qn_status_name(enum qn_status status)
{
    return (unsigned)status < QN_STATUS_COUNT ? status_names[status] : "unknown";
}

static void fill(struct qn_error *err, enum qn_status status, const char *file, int64_t offset,
                 const char *format, va_list args)
{
    if (!err)
        return;
    /* The arguments may point into *err itself, so the text is made before anything is set. */
    char message[sizeof err->message];
    char place[sizeof err->file];
    vsnprintf(message, sizeof message, format, args);
    snprintf(place, sizeof place, "%s", file);
    err->status = status;
    err->sys_errno = 0;
    err->offset = offset;
    memcpy(err->file, place, sizeof place);
    memcpy(err->message, message, sizeof message);
}

enum qn_status qn_fail(struct qn_error *err, enum qn_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(err, status, "", -1, format, args);
    va_end(args);
    return status;
}

enum qn_status qn_fail_at(struct qn_error *err, enum qn_status status, const char *file,
                          int64_t offset, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(err, status, file, offset, format, args);
    va_end(args);
    return status;
}

static const struct {
    int errnum;
    enum qn_status status;
    const char *advice;
} errno_table[] = {
    {ENOSPC, QN_ERR_SPACE, "Free some space, or write to another disk, and resume."},
    {EDQUOT, QN_ERR_SPACE, "Free some of your quota, and resume."},
    {EIO, QN_ERR_TRANSIENT, "The device or network reported an error; check it and resume."},
    {EAGAIN, QN_ERR_TRANSIENT, "Try again."},
    {EINTR, QN_ERR_TRANSIENT, "Try again."},
    {ETIMEDOUT, QN_ERR_TRANSIENT, "Try again."},
    {ESTALE, QN_ERR_TRANSIENT, "The network file system lost the file for a moment; try again."},
    {ENOMEM, QN_ERR_MEMORY, "Use fewer workers (--jobs) or a larger --memory."},
    {EEXIST, QN_ERR_EXISTS, "Choose another name or remove it."},
    {EACCES, QN_ERR_IO, "Check the permissions of the file and of the folders above it."},
    {EPERM, QN_ERR_IO, "Check who owns the file."},
    {EROFS, QN_ERR_IO, "The file system is read-only; write somewhere else."},
    {ENOENT, QN_ERR_IO, "Check the name."},
    {EMFILE, QN_ERR_IO, "Raise the limit on open files (ulimit -n)."},
};

enum qn_status qn_fail_errno(struct qn_error *err, int errnum, const char *what, const char *file)
{
    enum qn_status status = QN_ERR_IO;
    const char *advice = "";
    for (size_t i = 0; i < sizeof errno_table / sizeof *errno_table; i++) {
        if (errno_table[i].errnum == errnum) {
            status = errno_table[i].status;
            advice = errno_table[i].advice;
        }
    }
    qn_fail_at(err, status, file, -1, "cannot %s '%s': %s.%s%s", what, file, strerror(errnum),
               *advice ? " " : "", advice);
    if (err)
        err->sys_errno = errnum;
    return status;
}

enum qn_status qn_fail_memory(struct qn_error *err, const char *what, uint64_t bytes)
{
    qn_fail(err, QN_ERR_MEMORY,
            "out of memory: %llu bytes for %s. Use fewer workers (--jobs) or a larger --memory.",
            (unsigned long long)bytes, what);
    if (err)
        err->sys_errno = ENOMEM;
    return QN_ERR_MEMORY;
}
