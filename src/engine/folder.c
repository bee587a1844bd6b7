/* What a folder holds: see folder.h. */
#include "engine/folder.h"

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
    DIR *dir = opendir(path);
    if (!dir)
        return qn_fail_errno(err, errno, "open folder", path);
    enum qn_status status = QN_OK;
    for (struct dirent *entry; !status && (entry = readdir(dir));) {
        char full[PATH_MAX];
        struct stat st;
        if (entry->d_name[0] == '.')
            continue;
        if (snprintf(full, sizeof full, "%s/%s", path, entry->d_name) >= (int)sizeof full)
            status = qn_fail_at(err, QN_ERR_IO, path, -1, "a path in '%s' is too long.", path);
        else if (qn_sys.stat(full, &st) < 0)
            status = qn_fail_errno(err, errno, "read", full);
        else if (S_ISDIR(st.st_mode))
            status = visit(full, root, folder, err);
        else
            add_file(full + root, &st, folder);
    }
    closedir(dir);
    return status;
}

enum qn_status qn_folder_identity(const char *path, struct qn_folder *folder, struct qn_error *err)
{
    *folder = (struct qn_folder){0};
    return visit(path, strlen(path), folder, err);
}

bool qn_folder_is(const struct dirent *entry, const char *path)
{
    struct stat st;
    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_DIR;
    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}
