/* Listing folders: see listing.h. */
#include "base/listing.h"

#include "base/sys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum qn_status qn_listing_open_if_any(struct qn_listing *listing, const char *folder,
                                      struct qn_error *err)
{
    listing->folder = folder;
    listing->dir = qn_sys.opendir(folder);
    if (!listing->dir && errno != ENOENT)
        return qn_fail_errno(err, errno, "open folder", folder);
    return QN_OK;
}

enum qn_status qn_listing_open(struct qn_listing *listing, const char *folder, struct qn_error *err)
{
    enum qn_status status = qn_listing_open_if_any(listing, folder, err);
    if (!status && !listing->dir)
        status = qn_fail_errno(err, ENOENT, "open folder", folder);
    return status;
}

static struct dirent *next_but_dots(DIR *dir)
{
    struct dirent *entry;
    do {
        errno = 0;
        entry = qn_sys.readdir(dir);
    } while (entry && (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")));
    return entry;
}

bool qn_listing_next(struct qn_listing *listing, enum qn_status *status, struct qn_error *err)
{
    if (*status || !listing->dir)
        return false;
    const struct dirent *entry = next_but_dots(listing->dir);
    if (!entry) {
        if (errno)
            *status = qn_fail_errno(err, errno, "list folder", listing->folder);
        return false;
    }
    listing->name = entry->d_name;
    listing->type = entry->d_type;
    if (snprintf(listing->path, sizeof listing->path, "%s/%s", listing->folder, entry->d_name) >=
        (int)sizeof listing->path)
        *status = qn_fail_errno(err, ENAMETOOLONG, "look at what is in", listing->folder);
    return !*status;
}

/* Not every file system tells in the entry. */
enum qn_entry_kind qn_listing_kind(const struct qn_listing *listing)
{
    struct stat st;
    unsigned char type = listing->type;
    if (type == DT_UNKNOWN && lstat(listing->path, &st) == 0)
        type = S_ISDIR(st.st_mode) ? DT_DIR : S_ISREG(st.st_mode) ? DT_REG : DT_LNK;
    return type == DT_DIR ? QN_ENTRY_FOLDER : type == DT_REG ? QN_ENTRY_FILE : QN_ENTRY_OTHER;
}

void qn_listing_close(struct qn_listing *listing)
{
    if (listing->dir)
        closedir(listing->dir);
    listing->dir = NULL;
}

enum qn_status qn_stat_if_any(const char *path, struct stat *st, bool *there, struct qn_error *err)
{
    *there = qn_sys.stat(path, st) == 0;
    if (!*there && errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
        return qn_fail_errno(err, errno, "look at", path);
    return QN_OK;
}
