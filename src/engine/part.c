/* Part files: see part.h. Layout: magic u32, crc32c u32 of the rest, digest text, task u64,
 * result length u32 and bytes, number of files u32, file list. */
#include "engine/part.h"

#include "base/crc32c.h"
#include "base/io.h"
#include "base/sys.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

#define PART_MAGIC 0x32504e51u /* "QNP2"; "QNP1" had no hashes of blocks */
#define PART_HEAD  8u

void qn_part_name(uint64_t task, char *name, size_t size)
{
    snprintf(name, size, ".quern/parts/%llu.part", (unsigned long long)task);
}

void qn_part_path(const char *root, uint64_t task, char path[PATH_MAX])
{
    char name[64];
    qn_part_name(task, name, sizeof name);
    snprintf(path, PATH_MAX, "%s/%s", root, name);
}

enum qn_status qn_part_write(const char *root, const char *digest, uint64_t task,
                             const struct qn_outbox *box, const void *result, size_t result_len,
                             uint64_t *size, struct qn_hash *hash, struct qn_error *err)
{
    struct qn_buf bytes = {0};
    char path[PATH_MAX];
    qn_buf_u32(&bytes, PART_MAGIC);
    qn_buf_u32(&bytes, 0);
    qn_buf_text(&bytes, digest);
    qn_buf_u64(&bytes, task);
    qn_buf_u32(&bytes, (uint32_t)result_len);
    qn_buf_append(&bytes, result, result_len);
    qn_buf_u32(&bytes, box->count);
    qn_buf_append(&bytes, box->files.data, box->files.len);
    enum qn_status status;
    if (bytes.failed) {
        status = qn_fail_memory(err, "a part file", result_len + box->files.len);
    } else {
        uint32_t crc = htole32(qn_crc32c(0, bytes.data + PART_HEAD, bytes.len - PART_HEAD));
        memcpy(bytes.data + 4, &crc, 4);
        qn_part_path(root, task, path);
        *size = bytes.len;
        *hash = qn_hash_of(bytes.data, bytes.len);
        status = qn_write_file(path, bytes.data, bytes.len, err);
    }
    qn_buf_release(&bytes);
    return status;
}

static bool parse(struct qn_part *part, const char *digest, uint64_t task)
{
    struct qn_cursor in = {.data = part->bytes.data, .len = part->bytes.len};
    char text[QN_HASH_TEXT];
    if (qn_cursor_u32(&in) != PART_MAGIC)
        return false;
    uint32_t crc = qn_cursor_u32(&in);
    if (in.failed || crc != qn_crc32c(0, in.data + PART_HEAD, in.len - PART_HEAD))
        return false;
    qn_cursor_text(&in, text, sizeof text);
    if (strcmp(text, digest) != 0 || qn_cursor_u64(&in) != task)
        return false;
    part->result_len = qn_cursor_u32(&in);
    part->result = qn_cursor_bytes(&in, part->result_len);
    qn_cursor_u32(&in);
    part->files = (struct qn_cursor){.data = in.data + in.at, .len = in.len - in.at};
    return !in.failed;
}

enum qn_status qn_part_read(const char *root, const char *digest, uint64_t task,
                            struct qn_part *part, struct qn_error *err)
{
    char path[PATH_MAX];
    *part = (struct qn_part){0};
    qn_part_path(root, task, path);
    enum qn_status status = qn_read_file(path, &part->bytes, INT64_MAX, err);
    if (!status && parse(part, digest, task))
        return QN_OK;
    qn_buf_release(&part->bytes);
    return qn_fail_at(err, QN_ERR_CORRUPT, path, 0,
                      "the part file '%s' is missing or damaged; its task must run again.", path);
}

bool qn_part_files_stand(const char *root, const struct qn_part *part, enum qn_part_check check)
{
    struct qn_cursor files = part->files;
    struct qn_file file;
    while (qn_file_next(&files, &file)) {
        char path[PATH_MAX];
        struct stat st;
        struct qn_hash hash;
        uint64_t size;
        if (snprintf(path, sizeof path, "%s/%s", root, file.path) >= (int)sizeof path ||
            qn_sys.stat(path, &st) < 0 || (uint64_t)st.st_size != file.size)
            return false;
        if (check == QN_PART_HASHES &&
            (qn_hash_file(path, &hash, &size, NULL) || memcmp(&hash, &file.hash, sizeof hash) != 0))
            return false;
    }
    return !files.failed;
}
