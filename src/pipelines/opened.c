/* Parquet files on disk: see opened.h. */
#include "pipelines/opened.h"

#include "base/io.h"
#include "base/sys.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static enum qn_status read_at(void *context, uint64_t offset, void *bytes, size_t len,
                              struct qn_error *err)
{
    const struct qn_opened *opened = context;
    return qn_read_at(opened->fd, opened->path, bytes, len, offset, err);
}

/* Opens the file, and makes a source of it. */
static enum qn_status begin(struct qn_opened *opened, struct qn_parquet_source *source,
                            struct qn_error *err)
{
    struct stat st;
    const char *path = opened->path;
    opened->file = NULL;
    enum qn_status status = qn_open_read(path, &opened->fd, err);
    if (status)
        return status;
    if (qn_sys.fstat(opened->fd, &st) != 0)
        status = qn_fail_errno(err, errno, "look at", path);
    else if (S_ISDIR(st.st_mode))
        status = qn_fail_at(err, QN_ERR_INPUT, path, -1,
                            "'%s' is a folder. Name one Parquet file in it.", path);
    else if (!S_ISREG(st.st_mode))
        status =
            qn_fail_at(err, QN_ERR_INPUT, path, -1,
                       "'%s' is not a regular file. Parquet is read from its end on: save what "
                       "comes from a pipe to a file first.",
                       path);
    else
        *source = (struct qn_parquet_source){opened, (uint64_t)st.st_size, read_at, path};
    if (status)
        qn_sys.close(opened->fd);
    return status;
}

enum qn_status qn_opened_open(struct qn_opened *opened, const char *path,
                              enum qn_parquet_trust trust, struct qn_error *err)
{
    struct qn_parquet_source source;
    snprintf(opened->path, sizeof opened->path, "%s", path);
    enum qn_status status = begin(opened, &source, err);
    if (status)
        return status;
    status = qn_parquet_open_any(&opened->file, &source, NULL, trust, err);
    if (status)
        qn_sys.close(opened->fd);
    return status;
}

enum qn_status qn_opened_table(struct qn_opened *opened, const char *folder, const char *name,
                               struct qn_error *err)
{
    struct qn_parquet_source source;
    snprintf(opened->path, sizeof opened->path, "%s/%s", folder, name);
    enum qn_status status = begin(opened, &source, err);
    if (status)
        return status;
    status = qn_parquet_open(&opened->file, &source, err);
    if (status)
        qn_sys.close(opened->fd);
    return status;
}

void qn_opened_close(struct qn_opened *opened)
{
    if (!opened->file)
        return;
    qn_parquet_close(opened->file);
    qn_sys.close(opened->fd);
    opened->file = NULL;
}

enum qn_status qn_verify_table(struct qn_verify *verify, const char *name, uint64_t rows,
                               struct qn_error *err)
{
    struct qn_opened opened;
    struct qn_error cause = {0};
    uint64_t pages = 0;
    enum qn_status status =
        qn_opened_table(&opened, qn_verify_job(verify)->directory, name, &cause);
    if (!status)
        status = qn_parquet_check(opened.file, &pages, &cause);
    if (status == QN_ERR_CORRUPT || status == QN_ERR_UNSUPPORTED) {
        qn_verify_finding(verify, name, cause.offset, "%s", cause.message);
        status = QN_OK;
    } else if (status) {
        *err = cause;
    } else if (qn_parquet_rows(opened.file) != rows) {
        qn_verify_finding(verify, name, -1, "%" PRIu64 " rows, %" PRIu64 " were measured",
                          qn_parquet_rows(opened.file), rows);
    } else {
        qn_verify_note(verify, "%s: %" PRIu64 " rows in %" PRIu64 " pages", name, rows, pages);
    }
    qn_opened_close(&opened);
    return status;
}
