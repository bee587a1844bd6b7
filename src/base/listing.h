/* What a folder holds, entry by entry. A folder that cannot be listed to its end is an error, never
 * a smaller folder.
 *
 *   struct qn_listing listing;
 *   enum qn_status status = qn_listing_open(&listing, folder, err);
 *   while (qn_listing_next(&listing, &status, err))
 *       status = ... listing.path ...;
 *   qn_listing_close(&listing);
 */
#ifndef QN_BASE_LISTING_H
#define QN_BASE_LISTING_H

#include <dirent.h>
#include <limits.h>
#include <quern/error.h>
#include <stdbool.h>
#include <sys/stat.h>

struct qn_listing {
    DIR *dir;            /* NULL: there is no such folder */
    const char *folder;  /* borrowed */
    const char *name;    /* of the entry, until the next */
    char path[PATH_MAX]; /* folder/name */
    unsigned char type;
};

enum qn_entry_kind { QN_ENTRY_FILE, QN_ENTRY_FOLDER, QN_ENTRY_OTHER /* links, pipes... */ };

enum qn_status qn_listing_open(struct qn_listing *listing, const char *folder,
                               struct qn_error *err);

/* The same, but a folder that is not there has no entries. */
enum qn_status qn_listing_open_if_any(struct qn_listing *listing, const char *folder,
                                      struct qn_error *err);

/* Goes to the next entry but "." and "..", in the order of the file system. False at the end, and
 * when *status is an error, be it the caller's or of the listing. */
bool qn_listing_next(struct qn_listing *listing, enum qn_status *status, struct qn_error *err);

/* What the entry is, links not followed. */
enum qn_entry_kind qn_listing_kind(const struct qn_listing *listing);

/* After any open, even one that failed. */
void qn_listing_close(struct qn_listing *listing);

/* What is at `path`, links followed: *there is false if there is nothing, or a link leads nowhere.
 * That it cannot be told is an error. */
enum qn_status qn_stat_if_any(const char *path, struct stat *st, bool *there, struct qn_error *err);

#endif
