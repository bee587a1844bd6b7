/* Walking a mirror: see mirror_walk.h. */
#include "pipelines/transit/mirror_walk.h"

#include "base/listing.h"
#include "base/sys.h"
#include "pipelines/transit/mirror_cache.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { DEEPEST = 12, LARGE = 5000 /* files, from which on an index is worth keeping */ };

struct walk {
    struct qn_mirror *mirror;
    const struct qn_mirror_search *search;
    struct qn_mirror_cache cache;
    size_t root_len; /* of the path that names in the cache are relative to */
    struct qn_buf memory;
    struct qn_error *err;
};

static enum qn_status out_of_memory(const struct walk *walk)
{
    return qn_fail_memory(walk->err, "the index of light curves", walk->mirror->files.len);
}

static enum qn_status add(struct walk *walk, const char *path, struct qn_mirror_file *file)
{
    struct qn_mirror *mirror = walk->mirror;
    if (file->nameless && mirror->unknown++ == 0)
        snprintf(mirror->first_unknown, sizeof mirror->first_unknown, "%s", path);
    if (file->other && mirror->others++ == 0)
        snprintf(mirror->first_other, sizeof mirror->first_other, "%s", path);
    file->path = mirror->texts.len;
    qn_buf_append(&mirror->texts, path, strlen(path) + 1);
    qn_buf_append(&mirror->files, file, sizeof *file);
    mirror->count++;
    return mirror->files.failed || mirror->texts.failed ? out_of_memory(walk) : QN_OK;
}

static enum qn_status look_at(struct walk *walk, const char *path, uint64_t size)
{
    struct qn_mirror_file file = {.sector = -1, .author = QN_AUTHOR_OTHER, .size = size};
    return qn_mirror_tell(path, &file, &walk->memory) ? add(walk, path, &file) : QN_OK;
}

/* ---- one folder ----------------------------------------------------------------------------- */

/* Its files join the mirror, the names of its folders, NUL-terminated, go to `folders`. */
static enum qn_status read_folder(struct walk *walk, const char *path, struct qn_buf *folders)
{
    struct qn_listing listing;
    enum qn_status status = qn_listing_open(&listing, path, walk->err);
    while (qn_listing_next(&listing, &status, walk->err)) {
        struct stat st;
        bool there;
        if (listing.name[0] == '.')
            continue;
        status = qn_stat_if_any(listing.path, &st, &there, walk->err);
        if (status || !there)
            continue;
        if (S_ISDIR(st.st_mode))
            qn_buf_append(folders, listing.name, strlen(listing.name) + 1);
        else if (S_ISREG(st.st_mode))
            status = look_at(walk, listing.path, (uint64_t)st.st_size);
    }
    qn_listing_close(&listing);
    return !status && folders->failed ? out_of_memory(walk) : status;
}

/* The same from the index that was kept; false when it has no such folder, or an older one. */
static bool recall_folder(struct walk *walk, const char *path, const struct stat *st,
                          struct qn_buf *folders, enum qn_status *status)
{
    struct qn_cached_folder cached;
    char child[PATH_MAX];
    char name[NAME_MAX + 1];
    struct qn_mirror_file file;
    if (!qn_mirror_cache_find(&walk->cache, path + walk->root_len, st, &cached))
        return false;
    *status = QN_OK;
    while (!*status && qn_cached_file(&cached, &file, name))
        if (snprintf(child, sizeof child, "%s/%s", path, name) < PATH_MAX)
            *status = add(walk, child, &file);
    while (!*status && qn_cached_subfolder(&cached, name))
        qn_buf_append(folders, name, strlen(name) + 1);
    if (!*status && folders->failed)
        *status = out_of_memory(walk);
    return true;
}

static enum qn_status visit(struct walk *walk, const char *path, const struct stat *st, int depth)
{
    struct qn_buf folders = {0};
    enum qn_status status = QN_OK;
    size_t before = walk->mirror->count;
    if (walk->search->stop && walk->search->stop(walk->search->context))
        return qn_fail(walk->err, QN_ERR_CANCELLED, "indexing light curves was stopped.");
    if (!recall_folder(walk, path, st, &folders, &status))
        status = read_folder(walk, path, &folders);
    if (!status)
        qn_mirror_cache_put(&walk->cache, path + walk->root_len, st, walk->mirror, before,
                            &folders);
    const char *name = (const char *)folders.data;
    for (size_t at = 0; !status && at < folders.len; at += strlen(name + at) + 1) {
        char child[PATH_MAX];
        struct stat below;
        bool there = false;
        if (depth < DEEPEST && snprintf(child, sizeof child, "%s/%s", path, name + at) < PATH_MAX)
            status = qn_stat_if_any(child, &below, &there, walk->err);
        if (!status && there)
            status = visit(walk, child, &below, depth + 1);
    }
    qn_buf_release(&folders);
    return status;
}

/* ---- the mirror ----------------------------------------------------------------------------- */

static enum qn_status walk_folder(struct walk *walk, const char *folder, const struct stat *st)
{
    enum qn_mirror_keep keep = walk->search->keep;
    walk->root_len = strlen(folder);
    if (keep != QN_MIRROR_KEEP_NOTHING)
        qn_mirror_cache_load(&walk->cache, folder);
    enum qn_status status = visit(walk, folder, st, 0);
    bool large = walk->mirror->count >= LARGE;
    if (!status && keep == QN_MIRROR_KEEP) {
        struct qn_error cause;
        status = qn_mirror_cache_save(&walk->cache, folder, &cause);
        if (status)
            qn_fail_at(walk->err, status, cause.file, -1,
                       "%s Without --index keep, the folder is used as it is.", cause.message);
    }
    if (!status && keep == QN_MIRROR_KEEP_LARGE && large)
        (void)qn_mirror_cache_save(&walk->cache, folder, NULL); /* archives may be read-only */
    return status;
}

enum qn_status qn_mirror_walk(struct qn_mirror *mirror, const char *folder,
                              const struct qn_mirror_search *search, struct qn_error *err)
{
    struct walk walk = {.mirror = mirror, .search = search, .err = err};
    struct stat st;
    enum qn_status status;
    if (qn_sys.stat(folder, &st) < 0)
        status = qn_fail_errno(err, errno, "find", folder);
    else if (S_ISDIR(st.st_mode))
        status = walk_folder(&walk, folder, &st);
    else
        status = look_at(&walk, folder, (uint64_t)st.st_size);
    qn_mirror_cache_release(&walk.cache);
    qn_buf_release(&walk.memory);
    return status;
}
