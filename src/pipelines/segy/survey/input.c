/* A SEG-Y file of an import: see input.h. */
#include "pipelines/segy/survey/input.h"

#include "base/io.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

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

/* What unpacks files that are packed with anything but gzip. */
static const struct {
    const char *magic;
    size_t len;
    const char *with;
    const char *command;
} packers[] = {
    {"BZh", 3, "bzip2", "bunzip2 -k"},
    {"\xFD\x37\x7A\x58\x5A", 5, "xz", "unxz -k"},
    {"\x28\xB5\x2F\xFD", 4, "Zstandard", "unzstd"},
    {"PK\x03\x04", 4, "ZIP", "unzip"},
    {"7z\xBC\xAF", 4, "7-Zip", "7z x"},
    {"\x04\x22\x4D\x18", 4, "lz4", "unlz4"},
    {"\x1F\x9D", 2, "compress", "gunzip -k"},
    {"LZIP", 4, "lzip", "lunzip -k"},
};

static enum qn_status check_packing(struct qn_input *input, struct qn_error *err)
{
    uint8_t first[8] = {0};
    size_t len = input->stored < sizeof first ? (size_t)input->stored : sizeof first;
    enum qn_status status = qn_read_at(input->fd, input->path, first, len, 0, err);
    input->packed = !status && qn_gzip_is(first, len);
    for (size_t i = 0; i < sizeof packers / sizeof *packers && !status; i++)
        if (len >= packers[i].len && !memcmp(first, packers[i].magic, packers[i].len))
            status = qn_fail_at(err, QN_ERR_INPUT, input->path, 0,
                                "'%s' is packed with %s, of which no part can be read by itself. "
                                "Unpack it first: %s '%s'. (Files packed with gzip need not be "
                                "unpacked.)",
                                input->path, packers[i].with, packers[i].command, input->path);
    return status;
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
    input->size = input->stored = (uint64_t)st.st_size;
    if (!status)
        status = check_packing(input, err);
    if (status)
        qn_input_close(input);
    return status;
}

enum qn_status qn_input_reopen(struct qn_input *input, const char *path, uint64_t planned_size,
                               const struct qn_gzip_index *index, struct qn_error *err)
{
    enum qn_status status = qn_input_open(input, path, err);
    if (!status && input->stored != planned_size)
        status =
            qn_fail_at(err, QN_ERR_CHANGED, path, -1,
                       "'%s' has %llu bytes now, but had %llu when the import was planned. Put the "
                       "planned file back, or start the import anew with --restart.",
                       path, (unsigned long long)input->stored, (unsigned long long)planned_size);
    if (!status && index && index->count > 0)
        status = qn_input_unpack(input, index, 0, err);
    if (status)
        qn_input_close(input);
    return status;
}

void qn_input_close(struct qn_input *input)
{
    qn_gzip_close(input->gzip);
    input->gzip = NULL;
    if (input->fd >= 0)
        qn_sys.close(input->fd);
    input->fd = -1;
}

static enum qn_status read_file(const struct qn_input *input, uint64_t offset, void *bytes,
                                size_t len, struct qn_error *err)
{
    struct qn_error cause = {0};
    enum qn_status status = qn_read_at(input->fd, input->path, bytes, len, offset, &cause);
    if (status == QN_ERR_INPUT)
        return qn_fail_at(err, QN_ERR_CHANGED, input->path, cause.offset,
                          "'%s' ends at byte %lld now, but had %llu bytes when the import was "
                          "planned. Put the planned file back, or start anew with --restart.",
                          input->path, (long long)cause.offset, (unsigned long long)input->stored);
    if (status && err)
        *err = cause;
    return status;
}

static enum qn_status read_stored(void *context, uint64_t offset, void *bytes, size_t len,
                                  struct qn_error *err)
{
    return read_file(context, offset, bytes, len, err);
}

struct qn_gzip_file *qn_input_stored(struct qn_input *input)
{
    input->bytes = (struct qn_gzip_file){
        .name = input->path, .size = input->stored, .read_at = read_stored, .context = input};
    return &input->bytes;
}

enum qn_status qn_input_unpack(struct qn_input *input, const struct qn_gzip_index *index,
                               size_t memory, struct qn_error *err)
{
    qn_gzip_close(input->gzip);
    input->size = index->size;
    return qn_gzip_open(&input->gzip, qn_input_stored(input), index, memory, err);
}

void qn_input_will_read(const struct qn_input *input, uint64_t offset, uint64_t len)
{
    (void)posix_fadvise(input->fd, (off_t)offset, (off_t)len, POSIX_FADV_SEQUENTIAL);
}

enum qn_status qn_input_read(const struct qn_input *input, uint64_t offset, void *bytes, size_t len,
                             struct qn_error *err)
{
    if (input->gzip)
        return qn_gzip_read(input->gzip, offset, bytes, len, err);
    return read_file(input, offset, bytes, len, err);
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
