/* Whole-file I/O over the seam: see io.h. */
#include "base/io.h"

#include "base/listing.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

enum qn_status qn_open_read(const char *path, int *fd, struct qn_error *err)
{
    *fd = qn_sys.open(path, O_RDONLY, 0);
    return *fd < 0 ? qn_fail_errno(err, errno, "open", path) : QN_OK;
}

enum qn_status qn_read_at(int fd, const char *path, void *bytes, size_t len, uint64_t offset,
                          struct qn_error *err)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = qn_sys.pread(fd, (uint8_t *)bytes + done, len - done, (off_t)(offset + done));
        if (n == 0)
            return qn_fail_at(
                err, QN_ERR_INPUT, path, (int64_t)(offset + done),
                "'%s' ends at byte %llu, %zu bytes before the data there is complete. "
                "The file is truncated or its headers promise too much.",
                path, (unsigned long long)(offset + done), len - done);
        if (n < 0 && errno != EINTR) {
            enum qn_status status = qn_fail_errno(err, errno, "read", path);
            if (err)
                err->offset = (int64_t)(offset + done);
            return status;
        }
        if (n > 0)
            done += (size_t)n;
    }
    return QN_OK;
}

enum qn_status qn_write_all(int fd, const char *path, const void *bytes, size_t len,
                            struct qn_error *err)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = qn_sys.write(fd, (const uint8_t *)bytes + done, len - done);
        if (n < 0 && errno != EINTR)
            return qn_fail_errno(err, errno, "write", path);
        if (n > 0)
            done += (size_t)n;
    }
    return QN_OK;
}

enum qn_status qn_write_at(int fd, const char *path, const void *bytes, size_t len, uint64_t offset,
                           struct qn_error *err)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n =
            qn_sys.pwrite(fd, (const uint8_t *)bytes + done, len - done, (off_t)(offset + done));
        if (n < 0 && errno != EINTR)
            return qn_fail_errno(err, errno, "write", path);
        if (n > 0)
            done += (size_t)n;
    }
    return QN_OK;
}

enum qn_status qn_read_file(const char *path, struct qn_buf *buf, uint64_t limit,
                            struct qn_error *err)
{
    int fd;
    enum qn_status status = qn_open_read(path, &fd, err);
    if (status)
        return status;
    struct stat st;
    if (qn_sys.fstat(fd, &st) < 0)
        status = qn_fail_errno(err, errno, "stat", path);
    else if (S_ISDIR(st.st_mode))
        status = qn_fail_at(err, QN_ERR_IO, path, -1, "'%s' is a folder, not a file.", path);
    else if ((uint64_t)st.st_size > limit)
        status = qn_fail_at(err, QN_ERR_INPUT, path, -1,
                            "'%s' is %lld bytes; at most %llu make sense here.", path,
                            (long long)st.st_size, (unsigned long long)limit);
    else if (!qn_buf_reserve(buf, (size_t)st.st_size + 1))
        status = qn_fail_memory(err, path, (uint64_t)st.st_size);
    else
        status = qn_read_at(fd, path, buf->data + buf->len, (size_t)st.st_size, 0, err);
    if (!status) {
        buf->len += (size_t)st.st_size;
        buf->data[buf->len] = '\0';
    }
    qn_sys.close(fd);
    return status;
}

enum qn_status qn_sync_parent(const char *path, struct qn_error *err)
{
    char parent[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (!slash)
        snprintf(parent, sizeof parent, ".");
    else
        snprintf(parent, sizeof parent, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    int fd = qn_sys.open(parent, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return qn_fail_errno(err, errno, "open folder", parent);
    enum qn_status status = QN_OK;
    /* Some file systems cannot sync a folder and say EINVAL: nothing more can be done there. */
    if (qn_sys.fsync(fd) < 0 && errno != EINVAL)
        status = qn_fail_errno(err, errno, "sync folder", parent);
    qn_sys.close(fd);
    return status;
}

const char *qn_process_tag(void)
{
    static char tag[24];
    static pid_t owner;
    if (owner != getpid()) {
        char text[256] = "?";
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        gethostname(text, 128);
        size_t len = strnlen(text, 128);
        owner = getpid();
        snprintf(text + len, sizeof text - len, " %d %lld.%09ld", (int)owner, (long long)now.tv_sec,
                 now.tv_nsec);
        snprintf(tag, sizeof tag, "%016llx", (unsigned long long)XXH3_64bits(text, strlen(text)));
    }
    return tag;
}

int qn_create_new(const char *path)
{
    const int flags = O_RDWR | O_CREAT | O_EXCL;
    int fd = qn_sys.open(path, flags, 0666);
    if (fd < 0 && errno == EEXIST && qn_sys.unlink(path) == 0)
        fd = qn_sys.open(path, flags, 0666);
    return fd;
}

/* Takes the lock, then looks whether `path` still names the file: who had the lock before may have
 * given it its final name meanwhile. */
static enum qn_status claim(int fd, const char *path, struct qn_error *err)
{
    struct stat opened, named;
    bool taken = flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
    if (!taken && qn_sys.fstat(fd, &opened) == 0 && qn_sys.stat(path, &named) == 0) {
        taken = opened.st_ino != named.st_ino || opened.st_dev != named.st_dev;
    } else if (!taken && errno == ENOENT) {
        taken = true;
    } else if (!taken) {
        enum qn_status status = qn_fail_errno(err, errno, "look at", path);
        qn_sys.unlink(path);
        return status;
    }
    if (taken)
        return qn_fail_at(err, QN_ERR_EXISTS, path, -1,
                          "another process is writing '%s'. Wait for it, or choose another output.",
                          path);
    return QN_OK;
}

enum qn_status qn_open_claimed(const char *path, int *fd, struct qn_error *err)
{
    *fd = qn_sys.open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0666);
    if (*fd < 0)
        return qn_fail_errno(err, errno, "create", path);
    enum qn_status status = claim(*fd, path, err);
    if (status) {
        qn_sys.close(*fd);
        *fd = -1;
    }
    return status;
}

enum qn_status qn_write_file(const char *path, const void *bytes, size_t len, struct qn_error *err)
{
    char temporary[PATH_MAX];
    if (snprintf(temporary, sizeof temporary, "%s" QN_TEMPORARY_MARK "%s", path,
                 qn_process_tag()) >= (int)sizeof temporary)
        return qn_fail_at(err, QN_ERR_IO, path, -1, "the path '%.200s...' is too long.", path);
    int fd = qn_create_new(temporary);
    if (fd < 0)
        return qn_fail_errno(err, errno, "create", temporary);
    enum qn_status status = qn_write_all(fd, temporary, bytes, len, err);
    if (!status && qn_sys.fsync(fd) < 0)
        status = qn_fail_errno(err, errno, "sync", temporary);
    if (qn_sys.close(fd) < 0 && !status)
        status = qn_fail_errno(err, errno, "close", temporary);
    if (!status && qn_sys.rename(temporary, path) < 0)
        status = qn_fail_errno(err, errno, "rename to", path);
    if (status) {
        qn_sys.unlink(temporary);
        return status;
    }
    return qn_sync_parent(path, err);
}

enum qn_status qn_make_dirs(const char *path, struct qn_error *err)
{
    char part[PATH_MAX];
    size_t len = strlen(path);
    if (len >= sizeof part)
        return qn_fail_at(err, QN_ERR_IO, path, -1, "the path '%.200s...' is too long.", path);
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (qn_sys.mkdir(part, 0777) < 0 && errno != EEXIST && (errno != EROFS || path[i] == '\0'))
            return qn_fail_errno(err, errno, "create folder", part);
    }
    return QN_OK;
}

enum qn_status qn_make_parent(const char *path, struct qn_error *err)
{
    char parent[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return QN_OK;
    if ((size_t)(slash - path) >= sizeof parent)
        return qn_fail_at(err, QN_ERR_IO, path, -1, "the path '%.200s...' is too long.", path);
    memcpy(parent, path, (size_t)(slash - path));
    parent[slash - path] = '\0';
    return qn_make_dirs(parent, err);
}

enum qn_status qn_remove_tree(const char *path, struct qn_error *err)
{
    if (qn_sys.unlink(path) == 0 || errno == ENOENT)
        return QN_OK;
    if (errno != EISDIR && errno != EPERM)
        return qn_fail_errno(err, errno, "remove", path);
    struct qn_listing listing;
    enum qn_status status = qn_listing_open(&listing, path, err);
    while (qn_listing_next(&listing, &status, err))
        status = qn_remove_tree(listing.path, err);
    qn_listing_close(&listing);
    if (!status && qn_sys.rmdir(path) < 0)
        status = qn_fail_errno(err, errno, "remove folder", path);
    return status;
}

static int no_sync(int fd)
{
    (void)fd;
    return 0;
}

void qn_skip_syncs(void)
{
    qn_sys.fsync = no_sync;
    qn_sys.fdatasync = no_sync;
}
