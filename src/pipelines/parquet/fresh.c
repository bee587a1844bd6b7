/* Files that appear when they are whole: see fresh.h. */
#include "pipelines/parquet/fresh.h"

#include "base/io.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

enum qn_status qn_fresh_open(struct qn_fresh_file *file, const char *path, struct qn_error *err)
{
    file->size = 0;
    snprintf(file->path, sizeof file->path, "%s", path);
    snprintf(file->temporary, sizeof file->temporary, "%s.unfinished", path);
    file->fd = qn_sys.open(file->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return file->fd < 0 ? qn_fail_errno(err, errno, "create", file->temporary) : QN_OK;
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
        return qn_fail_errno(err, errno, "write", file->temporary);
    int closed = qn_sys.close(file->fd);
    file->fd = -1;
    if (closed != 0 || qn_sys.rename(file->temporary, file->path) != 0) {
        enum qn_status status = qn_fail_errno(err, errno, "give its name to", file->temporary);
        qn_sys.unlink(file->temporary);
        return status;
    }
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
