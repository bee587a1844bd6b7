/* The SEG-Y file of an import: see input.h. */
#include "pipelines/segy/input.h"

#include "base/io.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>

static enum qn_status check_kind(const char *path, const struct stat *st, struct qn_error *err)
{
    if (S_ISDIR(st->st_mode))
        return qn_fail_at(err, QN_ERR_INPUT, path, -1,
                          "'%s' is a folder. Name the SEG-Y files in it, such as %s/*.sgy, in the "
                          "order of the survey.",
                          path, path);
    if (!S_ISREG(st->st_mode))
        return qn_fail_at(err, QN_ERR_INPUT, path, -1,
                          "'%s' is a pipe or a device. An import reads its file at many places at "
                          "once: copy the data to a regular file first.",
                          path);
    if (st->st_size == 0)
        return qn_fail_at(err, QN_ERR_INPUT, path, 0,
                          "'%s' is empty (0 bytes). Copy or download it again.", path);
    return QN_OK;
}

enum qn_status qn_input_open(struct qn_input *input, const char *path, struct qn_error *err)
{
    struct stat st;
    *input = (struct qn_input){.path = path, .fd = -1};
    if (qn_sys.stat(path, &st) < 0)
        return qn_fail_errno(err, errno, "open", path);
    enum qn_status status = check_kind(path, &st, err);
    if (!status)
        status = qn_open_read(path, &input->fd, err);
    input->size = (uint64_t)st.st_size;
    return status;
}

enum qn_status qn_input_reopen(struct qn_input *input, const char *path, uint64_t planned_size,
                               struct qn_error *err)
{
    enum qn_status status = qn_input_open(input, path, err);
    if (status || input->size == planned_size)
        return status;
    uint64_t size = input->size;
    qn_input_close(input);
    return qn_fail_at(err, QN_ERR_CHANGED, path, -1,
                      "'%s' has %llu bytes now, but had %llu when the import was planned. Put the "
                      "planned file back, or start the import anew with --restart.",
                      path, (unsigned long long)size, (unsigned long long)planned_size);
}

void qn_input_close(struct qn_input *input)
{
    if (input->fd >= 0)
        qn_sys.close(input->fd);
    input->fd = -1;
}

void qn_input_will_read(const struct qn_input *input, uint64_t offset, uint64_t len)
{
    (void)posix_fadvise(input->fd, (off_t)offset, (off_t)len, POSIX_FADV_SEQUENTIAL);
}

enum qn_status qn_input_read(const struct qn_input *input, uint64_t offset, void *bytes, size_t len,
                             struct qn_error *err)
{
    struct qn_error cause = {0};
    enum qn_status status = qn_read_at(input->fd, input->path, bytes, len, offset, &cause);
    if (status == QN_ERR_INPUT)
        return qn_fail_at(err, QN_ERR_CHANGED, input->path, cause.offset,
                          "'%s' ends at byte %lld now, but had %llu bytes when the import was "
                          "planned. Put the planned file back, or start anew with --restart.",
                          input->path, (long long)cause.offset, (unsigned long long)input->size);
    if (status && err)
        *err = cause;
    return status;
}

static enum qn_status read_at(void *context, uint64_t offset, void *bytes, size_t len,
                              struct qn_error *err)
{
    return qn_input_read(context, offset, bytes, len, err);
}

struct qn_segy_source qn_input_source(struct qn_input *input)
{
    return (struct qn_segy_source){
        .name = input->path, .size = input->size, .read_at = read_at, .context = input};
}
