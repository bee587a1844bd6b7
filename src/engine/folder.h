/* The identity of a folder as an input: which files are in it, how large and how old they are. */
#ifndef QN_ENGINE_FOLDER_H
#define QN_ENGINE_FOLDER_H

#include "base/hash.h"

struct qn_folder {
    uint64_t files;
    uint64_t bytes;
    int64_t newest_ns;   /* latest modification time */
    struct qn_hash hash; /* of all paths below it with their sizes, whatever order the folder gives
                            them in */
};

/* Looks at everything below `path`, but files and folders whose names start with a dot. Contents
 * are not read. */
enum qn_status qn_folder_identity(const char *path, struct qn_folder *folder, struct qn_error *err);

#endif
