/* The index of a mirror kept in the mirror, as FOLDER/.quern-index/files: what every folder held
 * when it was last changed. A folder whose time of change is the same is not read again, so a large
 * archive is looked through once. What is damaged, of another version or older is as if it were not
 * there. (In a folder of its own, so that writing it does not change the time of the mirror's.)
 *
 *   file   = magic, XXH3-128 of the rest, folder ...
 *   folder = path from the root, time of change in ns, bytes of the body, body
 *   body   = number of files, of folders; file ...; name of folder ... */
#ifndef QN_PIPELINES_TRANSIT_MIRROR_CACHE_H
#define QN_PIPELINES_TRANSIT_MIRROR_CACHE_H

#include "pipelines/transit/mirror.h"

#include <sys/stat.h>

struct qn_mirror_cache {   /* zero-initialise, then qn_mirror_cache_release */
    struct qn_buf kept;    /* the file */
    struct qn_buf folders; /* what it tells of each, by path */
    size_t count;
    struct qn_buf next; /* the file to be */
};

void qn_mirror_cache_load(struct qn_mirror_cache *cache, const char *root);
void qn_mirror_cache_release(struct qn_mirror_cache *cache);

/* Files and folders of one folder, to be taken out one after another, files first. */
struct qn_cached_folder {
    struct qn_cursor body;
    uint32_t files;
    uint32_t folders;
};

/* False unless the folder, named from the root on, is there and unchanged. */
bool qn_mirror_cache_find(const struct qn_mirror_cache *cache, const char *folder,
                          const struct stat *st, struct qn_cached_folder *cached);
/* The next one; false when there are no more. `name` has room for NAME_MAX + 1 bytes. */
bool qn_cached_file(struct qn_cached_folder *cached, struct qn_mirror_file *file, char *name);
bool qn_cached_subfolder(struct qn_cached_folder *cached, char *name);

/* Notes a folder with the mirror's files from number `first` on and its folders' names. */
void qn_mirror_cache_put(struct qn_mirror_cache *cache, const char *folder, const struct stat *st,
                         const struct qn_mirror *mirror, size_t first,
                         const struct qn_buf *folders);

/* Writes what was noted, unless it is what was loaded. */
enum qn_status qn_mirror_cache_save(const struct qn_mirror_cache *cache, const char *root,
                                    struct qn_error *err);

#endif
