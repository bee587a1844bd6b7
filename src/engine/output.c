/* Outputs: see output.h. */
#include "engine/output.h"

#include "base/io.h"
#include "base/listing.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct qn_output {
    struct qn_outbox *box;
    struct qn_output *next; /* in box->open */
    char relative[1024];
    char path[PATH_MAX];
    char temporary[PATH_MAX];
    int fd;
    struct qn_hasher *hasher;
    struct qn_buf chunks;
    uint32_t chunk_count;
};

void qn_outbox_init(struct qn_outbox *box, const char *root, const char *scratch, uint64_t task,
                    uint32_t attempt)
{
    *box = (struct qn_outbox){.root = root, .scratch = scratch};
    snprintf(box->suffix, sizeof box->suffix, QN_TEMPORARY_MARK "%llu-%u-%s",
             (unsigned long long)task, attempt, qn_process_tag());
}

void qn_outbox_release(struct qn_outbox *box)
{
    while (box->open)
        qn_output_discard(box->open);
    qn_buf_release(&box->files);
    qn_buf_release(&box->folders);
}

bool qn_path_is_inside(const char *path)
{
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof((struct qn_output *)0)->relative)
        return false;
    for (const char *part = path; part; part = strchr(part, '/')) {
        part += part > path;
        size_t n = strcspn(part, "/");
        if (n == 0 || (n <= 2 && !strncmp(part, "..", n)))
            return false;
    }
    return true;
}

/* Opens the temporary file; makes its folder only when that turns out to be missing. */
static enum qn_status open_temporary(struct qn_output *output, int *fd, struct qn_error *err)
{
    *fd = qn_create_new(output->temporary);
    if (*fd < 0 && errno == ENOENT) {
        enum qn_status status = qn_make_parent(output->path, err);
        if (status)
            return status;
        *fd = qn_create_new(output->temporary);
    }
    return *fd < 0 ? qn_fail_errno(err, errno, "create", output->temporary) : QN_OK;
}

/* Opens a file in the scratch folder that has lost its name, so that nothing stays there. */
static enum qn_status open_scratch(struct qn_output *output, struct qn_error *err)
{
    char path[PATH_MAX];
    const struct qn_outbox *box = output->box;
    if (snprintf(path, sizeof path, "%s/%s", box->scratch, box->suffix + 1) >= (int)sizeof path)
        return qn_fail(err, QN_ERR_USAGE, "the path of --scratch is too long.");
    output->fd = qn_sys.open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (output->fd < 0)
        return qn_fail_errno(err, errno, "create", path);
    qn_sys.unlink(path);
    return QN_OK;
}

/* Copies what lies in the scratch folder to the temporary file beside the final one. */
static enum qn_status copy_out(struct qn_output *output, struct qn_error *err)
{
    const size_t room = 1u << 20;
    uint8_t *bytes = qn_sys.malloc(room);
    int fd = -1;
    if (!bytes)
        return qn_fail_memory(err, "a copy from scratch", room);
    enum qn_status status = open_temporary(output, &fd, err);
    uint64_t size = qn_output_tell(output);
    for (uint64_t done = 0; done < size && !status;) {
        uint64_t left = size - done;
        size_t now = left < room ? (size_t)left : room;
        status = qn_read_at(output->fd, output->box->scratch, bytes, now, done, err);
        if (!status)
            status = qn_write_all(fd, output->path, bytes, now, err);
        done += now;
    }
    free(bytes);
    if (fd >= 0) {
        qn_sys.close(output->fd);
        output->fd = fd;
    }
    return status;
}

enum qn_status qn_outbox_create(struct qn_outbox *box, const char *path, struct qn_output **out,
                                struct qn_error *err)
{
    *out = NULL;
    if (!qn_path_is_inside(path))
        return qn_fail(err, QN_ERR_INTERNAL, "'%.200s' is no path inside a dataset.", path);
    struct qn_output *output = qn_sys.calloc(1, sizeof *output);
    if (!output)
        return qn_fail_memory(err, path, sizeof *output);
    output->fd = -1;
    output->box = box;
    output->hasher = qn_hasher_new();
    snprintf(output->relative, sizeof output->relative, "%s", path);
    int a = snprintf(output->path, sizeof output->path, "%s/%s", box->root, path);
    int b = snprintf(output->temporary, sizeof output->temporary, "%s/%s%s", box->root, path,
                     box->suffix);
    enum qn_status status;
    if (!output->hasher)
        status = qn_fail_memory(err, path, 1);
    else if (a >= (int)sizeof output->path || b >= (int)sizeof output->temporary)
        status = qn_fail_at(err, QN_ERR_IO, box->root, -1,
                            "the path of '%.200s' in '%.200s...' is too long.", path, box->root);
    else
        status =
            box->scratch ? open_scratch(output, err) : open_temporary(output, &output->fd, err);
    output->next = box->open;
    box->open = output;
    if (status) {
        qn_output_discard(output);
        return status;
    }
    *out = output;
    return QN_OK;
}

enum qn_status qn_output_write(struct qn_output *output, const void *bytes, size_t len,
                               struct qn_error *err)
{
    qn_hasher_update(output->hasher, bytes, len);
    return qn_write_all(output->fd, output->path, bytes, len, err);
}

uint64_t qn_output_tell(const struct qn_output *output)
{
    return qn_hasher_size(output->hasher);
}

enum qn_status qn_output_chunk(struct qn_output *output, uint32_t crc32c, struct qn_error *err)
{
    qn_buf_u32(&output->chunks, crc32c);
    output->chunk_count++;
    return output->chunks.failed ? qn_fail_memory(err, "chunk checksums", output->chunks.len)
                                 : QN_OK;
}

static void unlink_and_free(struct qn_output *output, bool remove)
{
    struct qn_output **at = &output->box->open;
    while (*at && *at != output)
        at = &(*at)->next;
    if (*at)
        *at = output->next;
    if (output->fd >= 0)
        qn_sys.close(output->fd);
    if (remove)
        qn_sys.unlink(output->temporary);
    qn_hasher_free(output->hasher);
    qn_buf_release(&output->chunks);
    free(output);
}

void qn_output_discard(struct qn_output *output)
{
    if (output)
        unlink_and_free(output, true);
}

/* Remembers every folder from the file's own up to the root, each once. */
static void note_folders(struct qn_outbox *box, const char *relative)
{
    char folder[1024];
    snprintf(folder, sizeof folder, "%s", relative);
    for (char *slash = strrchr(folder, '/');; slash = strrchr(folder, '/')) {
        if (slash)
            *slash = '\0';
        else
            folder[0] = '\0';
        struct qn_cursor known = {.data = box->folders.data, .len = box->folders.len};
        char name[1024];
        while (known.at < known.len) {
            qn_cursor_text(&known, name, sizeof name);
            if (!strcmp(name, folder))
                return; /* and so are those above it */
        }
        qn_buf_text(&box->folders, folder);
        if (!slash)
            return;
    }
}

static void list_file(struct qn_outbox *box, const struct qn_output *output)
{
    uint64_t size = qn_output_tell(output);
    const struct qn_buf *blocks;
    struct qn_hash hash = qn_hasher_end(output->hasher, &blocks);
    qn_buf_text(&box->files, output->relative);
    qn_buf_u64(&box->files, size);
    qn_buf_append(&box->files, hash.bytes, QN_HASH_BYTES);
    qn_buf_u32(&box->files, output->chunk_count);
    qn_buf_append(&box->files, output->chunks.data, output->chunks.len);
    qn_buf_u32(&box->files, (uint32_t)(blocks->len / 8));
    qn_buf_append(&box->files, blocks->data, blocks->len);
    box->files.failed |= blocks->failed;
    box->count++;
    note_folders(box, output->relative);
}

enum qn_status qn_output_commit(struct qn_output *output, struct qn_error *err)
{
    struct qn_outbox *box = output->box;
    enum qn_status status = box->scratch ? copy_out(output, err) : QN_OK;
    if (!status && qn_sys.fsync(output->fd) < 0)
        status = qn_fail_errno(err, errno, "sync", output->path);
    if (qn_sys.close(output->fd) < 0 && !status)
        status = qn_fail_errno(err, errno, "close", output->path);
    output->fd = -1;
    if (!status && qn_sys.rename(output->temporary, output->path) < 0)
        status = qn_fail_errno(err, errno, "rename to", output->path);
    if (!status) {
        list_file(box, output);
        if (box->files.failed || box->folders.failed)
            status = qn_fail_memory(err, "the list of outputs", box->files.len);
    }
    unlink_and_free(output, status != QN_OK);
    return status;
}

enum qn_status qn_outbox_sync(struct qn_outbox *box, struct qn_error *err)
{
    struct qn_cursor folders = {.data = box->folders.data, .len = box->folders.len};
    enum qn_status status = QN_OK;
    while (!status && folders.at < folders.len) {
        char folder[1024];
        char path[PATH_MAX + 1100];
        qn_cursor_text(&folders, folder, sizeof folder);
        snprintf(path, sizeof path, "%s/%s%sx", box->root, folder, *folder ? "/" : "");
        status = qn_sync_parent(path, err);
    }
    return status;
}

bool qn_file_next(struct qn_cursor *cursor, struct qn_file *file)
{
    if (cursor->at >= cursor->len || cursor->failed)
        return false;
    qn_cursor_text(cursor, file->path, sizeof file->path);
    file->size = qn_cursor_u64(cursor);
    const uint8_t *hash = qn_cursor_bytes(cursor, QN_HASH_BYTES);
    if (hash)
        memcpy(file->hash.bytes, hash, QN_HASH_BYTES);
    file->chunk_count = qn_cursor_u32(cursor);
    file->chunks = qn_cursor_bytes(cursor, 4 * (size_t)file->chunk_count);
    file->block_count = qn_cursor_u32(cursor);
    file->blocks = qn_cursor_bytes(cursor, 8 * (size_t)file->block_count);
    cursor->failed |= !qn_path_is_inside(file->path);
    return !cursor->failed;
}

enum qn_status qn_sweep_temporaries(const char *root, struct qn_error *err)
{
    struct qn_listing listing;
    enum qn_status status = qn_listing_open_if_any(&listing, root, err);
    while (qn_listing_next(&listing, &status, err)) {
        if (qn_listing_kind(&listing) == QN_ENTRY_FOLDER)
            status = qn_sweep_temporaries(listing.path, err);
        else if (strstr(listing.name, QN_TEMPORARY_MARK) && qn_sys.unlink(listing.path) < 0 &&
                 errno != ENOENT)
            status = qn_fail_errno(err, errno, "remove", listing.path);
    }
    qn_listing_close(&listing);
    return status;
}
