/* Lists and checks what lies beside the data: see aside.h. */
#include "engine/aside.h"

#include "base/io.h"
#include "base/listing.h"
#include "base/sys.h"
#include "engine/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#define FINEST 256u  /* bytes of a block of a small file */
#define MOST   1024u /* blocks of a file */

static const char *const folders[] = {"", ".quern/"};

struct names {
    char (*paths)[NAME_MAX + 8];
    size_t count;
};

bool qn_is_aside(const char *name)
{
    size_t len = strlen(name);
    return !strcmp(name, "manifest.json") || !strcmp(name, "run.json") ||
           !strcmp(name, "report.html") || (len > 4 && !strcmp(name + len - 4, ".png"));
}

static bool is_listed(const char *folder, const char *name)
{
    if (!*folder)
        return qn_is_aside(name);
    return strcmp(name, "lock") != 0 && strcmp(name, QN_ASIDE_NAME) != 0;
}

/* ---- one file ------------------------------------------------------------------------------- */

static uint32_t block_length(uint64_t bytes)
{
    uint32_t length = FINEST;
    while (bytes / length >= MOST && length < 1u << 31)
        length *= 2;
    return length;
}

static void hash_blocks(const struct qn_buf *file, uint32_t length, struct qn_buf *hashes)
{
    for (size_t at = 0; at < file->len; at += length) {
        size_t left = file->len - at;
        qn_buf_u64(hashes, XXH3_64bits(file->data + at, left < length ? left : length));
    }
}

static enum qn_status read_below(const char *root, const char *path, struct qn_buf *file,
                                 struct qn_error *err)
{
    char full[PATH_MAX];
    if (snprintf(full, sizeof full, "%s/%s", root, path) >= (int)sizeof full)
        return qn_fail(err, QN_ERR_IO, "the path of '%.200s' is too long.", path);
    return qn_read_file(full, file, INT64_MAX, err);
}

static enum qn_status list_file(const char *root, const char *path, struct qn_buf *list,
                                struct qn_error *err)
{
    struct qn_buf file = {0};
    struct qn_buf hashes = {0};
    enum qn_status status = read_below(root, path, &file, err);
    if (!status) {
        struct qn_blocks entry = {.length = block_length(file.len), .bytes = file.len};
        hash_blocks(&file, entry.length, &hashes);
        snprintf(entry.path, sizeof entry.path, "%s", path);
        entry.count = hashes.len / 8;
        entry.hashes = hashes.data;
        list->failed |= hashes.failed;
        qn_blocks_add(list, &entry);
    }
    qn_buf_release(&hashes);
    qn_buf_release(&file);
    return status;
}

static enum qn_status check_file(const char *root, const struct qn_blocks *entry,
                                 qn_blocks_differ *differ, void *context, struct qn_error *err)
{
    struct qn_buf file = {0};
    struct qn_buf hashes = {0};
    struct qn_error cause;
    enum qn_status status = read_below(root, entry->path, &file, &cause);
    if (!status) {
        hash_blocks(&file, entry->length, &hashes);
        if (hashes.failed)
            status = qn_fail_memory(&cause, "hashes of blocks", hashes.len);
        else
            qn_blocks_compare(entry, file.len, hashes.data, differ, context);
    }
    qn_buf_release(&hashes);
    qn_buf_release(&file);
    if (!status || cause.sys_errno == ENOENT)
        return QN_OK;
    if (err)
        *err = cause;
    return status;
}

/* ---- all ------------------------------------------------------------------------------------ */

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static enum qn_status find_in(const char *root, const char *folder, struct names *names,
                              struct qn_error *err)
{
    char full[PATH_MAX];
    snprintf(full, sizeof full, "%s/%s", root, folder);
    struct qn_listing listing;
    enum qn_status status = qn_listing_open(&listing, full, err);
    while (qn_listing_next(&listing, &status, err)) {
        if (!is_listed(folder, listing.name) || qn_listing_kind(&listing) != QN_ENTRY_FILE)
            continue;
        if (names->count % 64 == 0) {
            size_t bytes = (names->count + 64) * sizeof *names->paths;
            void *more = qn_sys.realloc(names->paths, bytes);
            if (!more) {
                status = qn_fail_memory(err, "names of files", bytes);
                break;
            }
            names->paths = more;
        }
        snprintf(names->paths[names->count++], sizeof *names->paths, "%s%s", folder, listing.name);
    }
    qn_listing_close(&listing);
    return status;
}

enum qn_status qn_aside_write(const char *root, struct qn_error *err)
{
    struct names names = {0};
    struct qn_buf list = {0};
    char path[PATH_MAX];
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < sizeof folders / sizeof *folders && !status; i++)
        status = find_in(root, folders[i], &names, err);
    if (names.count > 1)
        qsort(names.paths, names.count, sizeof *names.paths, by_name);
    qn_blocks_begin(&list);
    for (size_t i = 0; i < names.count && !status; i++)
        status = list_file(root, names.paths[i], &list, err);
    qn_blocks_end(&list, names.count);
    snprintf(path, sizeof path, "%s/" QN_ASIDE_PATH, root);
    if (!status)
        status = list.failed ? qn_fail_memory(err, path, list.len)
                             : qn_write_file(path, list.data, list.len, err);
    free(names.paths);
    qn_buf_release(&list);
    return status;
}

/* Compares what `list` has. Its own damage reaches from the first bad entry to its end. */
static enum qn_status check_list(const char *root, const struct qn_buf *list,
                                 struct qn_cursor *entries, qn_blocks_differ *differ, void *context,
                                 struct qn_error *err)
{
    struct qn_blocks entry;
    enum qn_status status = QN_OK;
    bool sound = true;
    while (!status && qn_blocks_next(entries, &entry)) {
        sound = qn_path_is_inside(entry.path) && entry.length >= FINEST;
        if (!sound) /* whoever made it may have had reasons to have that read */
            break;
        status = check_file(root, &entry, differ, context, err);
    }
    if (entries->failed || !sound)
        differ(context, QN_ASIDE_PATH, entries->at, list->len);
    return status;
}

enum qn_status qn_aside_check(const char *root, qn_blocks_differ *differ, void *context,
                              struct qn_error *err)
{
    struct qn_buf list = {0};
    struct qn_cursor entries;
    struct qn_error cause = {0};
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/" QN_ASIDE_PATH, root);
    enum qn_status status = qn_blocks_read(path, &list, &entries, &cause);
    if (!status) {
        status = check_list(root, &list, &entries, differ, context, err);
    } else if (cause.sys_errno == ENOENT) {
        status = QN_OK;
    } else if (err) {
        *err = cause;
    }
    qn_buf_release(&list);
    return status;
}
