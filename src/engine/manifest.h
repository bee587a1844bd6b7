/* manifest.json: what the dataset is and what every data file of it must be, byte for byte. Made
 * of the plan and the results only, so it is the same however the run went; and so is the list
 * (blocks.h) of the blocks of those files that have several, and of parts that stay. */
#ifndef QN_ENGINE_MANIFEST_H
#define QN_ENGINE_MANIFEST_H

#include "engine/glue.h"

#define QN_BLOCKS_PATH ".quern/blocks"

/* Removes from glue->root every file that neither a part nor glue lists, which failed attempts and
 * workers that died have left, and writes both there. */
enum qn_status qn_manifest_write(struct qn_glue *glue, struct qn_error *err);

/* Reads `root`/manifest.json; the caller releases it with json_decref. */
enum qn_status qn_manifest_read(const char *root, json_t **manifest, struct qn_error *err);

#endif
