/* Inside of the index of a mirror: finding files and telling them apart. */
#ifndef QN_PIPELINES_TRANSIT_MIRROR_WALK_H
#define QN_PIPELINES_TRANSIT_MIRROR_WALK_H

#include "pipelines/transit/mirror.h"

/* Appends all light curves below `folder`, in no order. Folders that have not changed since they
 * were kept in the folder's index are taken from there; see mirror_cache.h. */
enum qn_status qn_mirror_walk(struct qn_mirror *mirror, const char *folder,
                              const struct qn_mirror_search *search, struct qn_error *err);

/* Which star and sector the file is of, by its name, else by its header, else by its name as a star
 * of its own. False when it is no light curve by its name's ending. `memory` is scratch. */
bool qn_mirror_tell(const char *path, struct qn_mirror_file *file, struct qn_buf *memory);

#endif
