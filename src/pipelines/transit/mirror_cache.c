/* The index of a mirror on disk: see mirror_cache.h. */
#include "pipelines/transit/mirror_cache.h"

#include "base/fresh.h"
#include "base/hash.h"
#include "base/io.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAGIC      "QNMIRR2\n"
#define MOST_BYTES ((uint64_t)1 << 32)
#define HEAD       (sizeof MAGIC - 1 + QN_HASH_BYTES)

enum { SETTLED_NS = 2000000000 /* a change within the clock's grain of another shows no more */ };

struct folder { /* in cache->folders */
    const char *path;
    size_t path_len;
    uint64_t changed_ns;
    const uint8_t *body;
    size_t body_len;
};

static void path_of(const char *root, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/.quern-index/files", root);
}

static uint64_t nanoseconds(const struct timespec *t)
{
    return (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_nsec;
}

void qn_mirror_cache_release(struct qn_mirror_cache *cache)
{
    qn_buf_release(&cache->kept);
    qn_buf_release(&cache->folders);
    qn_buf_release(&cache->next);
}

/* ---- loading -------------------------------------------------------------------------------- */

static int by_path(const void *a, const void *b)
{
    const struct folder *x = a;
    const struct folder *y = b;
    size_t shorter = x->path_len < y->path_len ? x->path_len : y->path_len;
    int order = memcmp(x->path, y->path, shorter);
    return order != 0 ? order : (x->path_len > y->path_len) - (x->path_len < y->path_len);
}

static bool parse(struct qn_mirror_cache *cache)
{
    struct qn_cursor c = {.data = cache->kept.data, .len = cache->kept.len, .at = HEAD};
    while (c.at < c.len && !c.failed) {
        struct folder folder = {.path_len = qn_cursor_u32(&c)};
        folder.path = (const char *)qn_cursor_bytes(&c, folder.path_len);
        folder.changed_ns = qn_cursor_u64(&c);
        folder.body_len = qn_cursor_u32(&c);
        folder.body = qn_cursor_bytes(&c, folder.body_len);
        qn_buf_append(&cache->folders, &folder, sizeof folder);
        cache->count++;
    }
    return !c.failed && !cache->folders.failed;
}

void qn_mirror_cache_load(struct qn_mirror_cache *cache, const char *root)
{
    char path[PATH_MAX];
    path_of(root, path);
    bool whole = !qn_read_file(path, &cache->kept, MOST_BYTES, NULL) && cache->kept.len >= HEAD &&
                 !memcmp(cache->kept.data, MAGIC, sizeof MAGIC - 1);
    if (whole) {
        struct qn_hash hash = qn_hash_of(cache->kept.data + HEAD, cache->kept.len - HEAD);
        whole = !memcmp(hash.bytes, cache->kept.data + sizeof MAGIC - 1, QN_HASH_BYTES);
    }
    if (whole && parse(cache)) {
        if (cache->count > 0)
            qsort(cache->folders.data, cache->count, sizeof(struct folder), by_path);
        return;
    }
    cache->count = 0;
}

/* ---- asking --------------------------------------------------------------------------------- */

bool qn_mirror_cache_find(const struct qn_mirror_cache *cache, const char *folder,
                          const struct stat *st, struct qn_cached_folder *cached)
{
    struct folder wanted = {.path = folder, .path_len = strlen(folder)};
    const struct folder *found = cache->count > 0 ? bsearch(&wanted, cache->folders.data,
                                                            cache->count, sizeof wanted, by_path)
                                                  : NULL;
    if (!found || found->changed_ns != nanoseconds(&st->st_mtim))
        return false;
    *cached = (struct qn_cached_folder){.body = {.data = found->body, .len = found->body_len}};
    cached->files = qn_cursor_u32(&cached->body);
    cached->folders = qn_cursor_u32(&cached->body);
    return true;
}

bool qn_cached_file(struct qn_cached_folder *cached, struct qn_mirror_file *file, char *name)
{
    struct qn_cursor *c = &cached->body;
    if (cached->files == 0)
        return false;
    cached->files--;
    memset(file, 0, sizeof *file);
    qn_cursor_text(c, name, NAME_MAX + 1);
    file->target.catalogue = qn_cursor_u32(c);
    file->target.number = qn_cursor_u64(c);
    qn_cursor_text(c, file->target.name, sizeof file->target.name);
    file->mission = qn_cursor_u32(c);
    file->sector = (int32_t)qn_cursor_u32(c);
    file->author = qn_cursor_u32(c) % QN_AUTHORS;
    file->cadence = qn_cursor_u32(c) % QN_CADENCES;
    file->size = qn_cursor_u64(c);
    file->nameless = qn_cursor_u8(c) != 0;
    file->other = qn_cursor_u8(c) != 0;
    return !c->failed;
}

bool qn_cached_subfolder(struct qn_cached_folder *cached, char *name)
{
    if (cached->folders == 0)
        return false;
    cached->folders--;
    qn_cursor_text(&cached->body, name, NAME_MAX + 1);
    return !cached->body.failed;
}

/* ---- keeping -------------------------------------------------------------------------------- */

static void put_file(struct qn_buf *body, const struct qn_mirror *mirror,
                     const struct qn_mirror_file *file)
{
    const char *slash = strrchr(qn_mirror_path(mirror, file), '/');
    qn_buf_text(body, slash + 1);
    qn_buf_u32(body, file->target.catalogue);
    qn_buf_u64(body, file->target.number);
    qn_buf_text(body, file->target.name);
    qn_buf_u32(body, file->mission);
    qn_buf_u32(body, (uint32_t)file->sector);
    qn_buf_u32(body, file->author);
    qn_buf_u32(body, file->cadence);
    qn_buf_u64(body, file->size);
    qn_buf_u8(body, file->nameless);
    qn_buf_u8(body, file->other);
}

void qn_mirror_cache_put(struct qn_mirror_cache *cache, const char *folder, const struct stat *st,
                         const struct qn_mirror *mirror, size_t first, const struct qn_buf *folders)
{
    struct qn_buf body = {0};
    struct timespec now;
    uint32_t below = 0;
    for (size_t i = 0; i < folders->len; i++)
        below += folders->data[i] == 0;
    qn_buf_u32(&body, (uint32_t)(mirror->count - first));
    qn_buf_u32(&body, below);
    for (size_t i = first; i < mirror->count; i++)
        put_file(&body, mirror, qn_mirror_files(mirror) + i);
    for (size_t at = 0; at < folders->len; at += strlen((char *)folders->data + at) + 1)
        qn_buf_text(&body, (char *)folders->data + at);
    clock_gettime(CLOCK_REALTIME, &now);
    bool settled = nanoseconds(&now) > nanoseconds(&st->st_mtim) + SETTLED_NS;
    qn_buf_text(&cache->next, folder);
    qn_buf_u64(&cache->next, settled ? nanoseconds(&st->st_mtim) : 0);
    qn_buf_u32(&cache->next, (uint32_t)body.len);
    qn_buf_append(&cache->next, body.data, body.len);
    cache->next.failed |= body.failed || body.len > UINT32_MAX;
    qn_buf_release(&body);
}

enum qn_status qn_mirror_cache_save(const struct qn_mirror_cache *cache, const char *root,
                                    struct qn_error *err)
{
    char path[PATH_MAX];
    struct qn_buf file = {0};
    path_of(root, path);
    if (cache->count > 0 && cache->kept.len == HEAD + cache->next.len &&
        !memcmp(cache->kept.data + HEAD, cache->next.data, cache->next.len))
        return QN_OK;
    struct qn_hash hash = qn_hash_of(cache->next.data, cache->next.len);
    qn_buf_append(&file, MAGIC, sizeof MAGIC - 1);
    qn_buf_append(&file, hash.bytes, sizeof hash.bytes);
    qn_buf_append(&file, cache->next.data, cache->next.len);
    enum qn_status status = file.failed || cache->next.failed
                                ? qn_fail_memory(err, "the index of light curves", file.len)
                                : qn_make_parent(path, err);
    if (!status)
        status = qn_fresh_put(path, file.data, file.len, err);
    qn_buf_release(&file);
    return status == QN_ERR_EXISTS ? QN_OK : status; /* another run is keeping it */
}
