/* manifest.json: what the dataset is and what every data file of it must be, byte for byte. Made
 * of the plan and the results only, so it is the same however the run went; and so is the list
 * (blocks.h) of the blocks of those files that have several, and of parts that stay. */
#ifndef QN_ENGINE_MANIFEST_H
#define QN_ENGINE_MANIFEST_H

#include "engine/glue.h"

#define QN_BLOCKS_PATH ".quern/blocks"

/* Writes both into glue->root, once every file that no part and not glue lists is removed from
 * there: what failed attempts and workers that died left. */
enum qn_status qn_manifest_write(struct qn_glue *glue, struct qn_error *err);

/* Reads `root`/manifest.json; the caller releases it with json_decref. */
enum qn_status qn_manifest_read(const char *root, json_t **manifest, struct qn_error *err);

#endif
