/* A file of the user's that appears under its name when it is whole: written beside it, under the
 * name with ".partial" behind it, synced and renamed. What a killed process leaves is taken over by
 * the next one that writes the same file. (In datasets, whose leftovers the engine sweeps, and
 * where several processes may write the same file, it is qn_write_file of base/io.h.) */
#ifndef QN_BASE_FRESH_H
#define QN_BASE_FRESH_H

#include <limits.h>
#include <quern/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct qn_fresh_file {
    char path[PATH_MAX];
    char temporary[PATH_MAX];
    int fd;
    uint64_t size;
    bool overwrite;
};

/* A file that exists is QN_ERR_EXISTS without `overwrite`; with it, it stays until the new one is
 * whole. */
enum qn_status qn_fresh_open(struct qn_fresh_file *file, const char *path, bool overwrite,
                             struct qn_error *err);
enum qn_status qn_fresh_write(struct qn_fresh_file *file, const void *bytes, size_t len,
                              struct qn_error *err);
/* The file under its name. To be discarded if this fails, or anything before it did. */
enum qn_status qn_fresh_finish(struct qn_fresh_file *file, struct qn_error *err);
void qn_fresh_discard(struct qn_fresh_file *file); /* fine after finish */

/* All of this with a whole file, which replaces one that exists. */
enum qn_status qn_fresh_put(const char *path, const void *bytes, size_t len, struct qn_error *err);

#endif
