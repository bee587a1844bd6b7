/* What a folder holds: see folder.h. */
#include "engine/folder.h"

#include "base/listing.h"
#include "base/sys.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Adds the hash of one file to the sum: a sum does not know the order. */
static void add_file(const char *relative, const struct stat *st, struct qn_folder *folder)
{
    char line[PATH_MAX + 32];
    int len = snprintf(line, sizeof line, "%s %llu", relative, (unsigned long long)st->st_size);
    struct qn_hash hash = qn_hash_of(line, (size_t)len);
    int64_t mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
    unsigned carry = 0;
    for (size_t i = QN_HASH_BYTES; i-- > 0;) {
        carry += (unsigned)folder->hash.bytes[i] + hash.bytes[i];
        folder->hash.bytes[i] = (uint8_t)carry;
        carry >>= 8;
    }
    folder->files++;
    folder->bytes += (uint64_t)st->st_size;
    folder->newest_ns = mtime_ns > folder->newest_ns ? mtime_ns : folder->newest_ns;
}

static enum qn_status visit(const char *path, size_t root, struct qn_folder *folder,
                            struct qn_error *err)
{
    struct qn_listing listing;
    enum qn_status status = qn_listing_open(&listing, path, err);
    while (qn_listing_next(&listing, &status, err)) {
        struct stat st;
        if (listing.name[0] == '.')
            continue;
        if (qn_sys.stat(listing.path, &st) < 0)
            status = qn_fail_errno(err, errno, "read", listing.path);
        else if (S_ISDIR(st.st_mode))
            status = visit(listing.path, root, folder, err);
        else
            add_file(listing.path + root, &st, folder);
    }
    qn_listing_close(&listing);
    return status;
}

enum qn_status qn_folder_identity(const char *path, struct qn_folder *folder, struct qn_error *err)
{
    *folder = (struct qn_folder){0};
    return visit(path, strlen(path), folder, err);
}
