/* The texts inside of input files: a CSV itself, what a gzip file holds, the members of a zip and
 * of zips in it, the sheets of a workbook. Nothing is ever extracted to disk, and kinds are told
 * by content, not by name.
 */
#ifndef QN_PIPELINES_ERCOT_MEMBERS_H
#define QN_PIPELINES_ERCOT_MEMBERS_H

#include "format/inflate.h"
#include "pipelines/ercot/rejects.h"

#include <quern/error.h>
#include <sys/stat.h>

/* Calls `take` for every regular file that the path is or holds, folders in folders included, but
 * for hidden names. Stops at the first failure. */
struct er_finder {
    void *context;
    enum qn_status (*take)(void *context, const char *path, const struct stat *st,
                           struct qn_error *err);
};
enum qn_status er_find_files(const char *path, const struct er_finder *finder,
                             struct qn_error *err);

struct er_leaf {
    const char *file;   /* the input file */
    const char *member; /* names inside it, joined by '!'; "" for the file itself */
    struct qn_stream stream;
    uint64_t
        *at; /* where the stream reads next, and may be sent; NULL: packed, from the start only */
};

/* What to do with what is found. Both return an error only to stop the walk. */
struct er_visitor {
    void *context;
    enum qn_status (*leaf)(void *context, const struct er_leaf *leaf, struct qn_error *err);
    /* Something that cannot be read: why, with the message of the failure. */
    enum qn_status (*refused)(void *context, const char *file, const char *member,
                              enum er_reason reason, const char *why, struct qn_error *err);
};

struct er_extent {        /* a part of a file */
    uint64_t size;        /* of the file, and */
    int64_t mtime_ns;     /* its time: a file that has another one was changed since planning */
    uint32_t first_entry; /* zip: entries from this one on */
    uint32_t entries;     /* and how many; UINT32_MAX: all */
};

/* Visits everything inside the file (of a zip: the entries of the extent). A damaged archive is
 * refused, not an error; a file that cannot be opened or was changed is one. */
enum qn_status er_walk(const char *path, const struct er_extent *extent,
                       const struct er_visitor *visitor, struct qn_error *err);

/* The reason that goes with a failure while reading a member. */
enum er_reason er_reason_of(enum qn_status status);

/* For planning: sizes of the entries of a zip, unpacked; *count is 0 when it is none. `sizes` is
 * made with malloc. Never fails for a damaged archive: it is planned as one piece. */
enum qn_status er_entry_sizes(const char *path, uint64_t **sizes, uint32_t *count,
                              struct qn_error *err);

#endif
