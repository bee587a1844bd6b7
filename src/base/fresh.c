/* Files that appear when they are whole: see fresh.h. */
#include "base/fresh.h"

#include "base/io.h"
#include "base/sys.h"

#include <errno.h>
#include <stdio.h>

#define RENAME_NO_OTHER 1u /* RENAME_NOREPLACE */

static enum qn_status check_output(const char *path, bool overwrite, struct qn_error *err)
{
    struct stat st;
    if (qn_sys.stat(path, &st) != 0)
        return QN_OK;
    if (!S_ISREG(st.st_mode))
        return qn_fail_at(err, QN_ERR_EXISTS, path, -1,
                          "'%s' is there and no regular file. Choose another output.", path);
    return overwrite ? QN_OK
                     : qn_fail_at(err, QN_ERR_EXISTS, path, -1,
                                  "'%s' exists. Give --overwrite to replace it, or choose another "
                                  "output.",
                                  path);
}

enum qn_status qn_fresh_open(struct qn_fresh_file *file, const char *path, bool overwrite,
                             struct qn_error *err)
{
    enum qn_status status = check_output(path, overwrite, err);
    file->fd = -1;
    if (status)
        return status;
    file->size = 0;
    file->overwrite = overwrite;
    if (snprintf(file->temporary, sizeof file->temporary, "%s.partial", path) >=
        (int)sizeof file->temporary)
        return qn_fail_at(err, QN_ERR_USAGE, path, -1, "the path '%.200s...' is too long.", path);
    snprintf(file->path, sizeof file->path, "%s", path);
    status = qn_open_claimed(file->temporary, &file->fd, err);
    if (status || qn_sys.ftruncate(file->fd, 0) == 0)
        return status;
    status = qn_fail_errno(err, errno, "empty", file->temporary);
    qn_fresh_discard(file);
    return status;
}

enum qn_status qn_fresh_write(struct qn_fresh_file *file, const void *bytes, size_t len,
                              struct qn_error *err)
{
    file->size += len;
    return qn_write_all(file->fd, file->temporary, bytes, len, err);
}

enum qn_status qn_fresh_finish(struct qn_fresh_file *file, struct qn_error *err)
{
    if (qn_sys.fsync(file->fd) != 0)
        return qn_fail_errno(err, errno, "sync", file->temporary);
    int moved =
        file->overwrite ? -1 : qn_sys.renameat2(file->temporary, file->path, RENAME_NO_OTHER);
    /* Some file systems do not know the flag. */
    if (moved != 0 && (file->overwrite || errno == EINVAL || errno == ENOSYS))
        moved = qn_sys.rename(file->temporary, file->path);
    if (moved != 0)
        return qn_fail_errno(err, errno, "give its name to", file->temporary);
    qn_sys.close(file->fd); /* after the rename: until then the name is claimed */
    file->fd = -1;
    return qn_sync_parent(file->path, err);
}

void qn_fresh_discard(struct qn_fresh_file *file)
{
    if (file->fd < 0)
        return;
    qn_sys.close(file->fd);
    qn_sys.unlink(file->temporary);
    file->fd = -1;
}

enum qn_status qn_fresh_put(const char *path, const void *bytes, size_t len, struct qn_error *err)
{
    struct qn_fresh_file file;
    enum qn_status status = qn_fresh_open(&file, path, true, err);
    if (!status)
        status = qn_fresh_write(&file, bytes, len, err);
    if (!status)
        status = qn_fresh_finish(&file, err);
    qn_fresh_discard(&file);
    return status;
}
