/* What lies beside the data of a dataset: manifest.json, run.json, the report and its pictures, and
 * in .quern/ plan, ledgers, the list of blocks and what pictures are made of. It may differ from
 * run to run, so the manifest cannot list it: .quern/aside does, a list as in blocks.h, made last.
 */
#ifndef QN_ENGINE_ASIDE_H
#define QN_ENGINE_ASIDE_H

#include "engine/blocks.h"

#define QN_ASIDE_NAME "aside"
#define QN_ASIDE_PATH ".quern/" QN_ASIDE_NAME

/* True for a name at the top of a dataset that belongs to neither data nor manifest. */
bool qn_is_aside(const char *name);

/* Makes the list of what lies beside the data in `root`. */
enum qn_status qn_aside_write(const char *root, struct qn_error *err);

/* Compares what the list has with what is there; damage of the list itself counts as a difference.
 * A listed file that is missing does not: whoever needs it says so. Older datasets have no list. */
enum qn_status qn_aside_check(const char *root, qn_blocks_differ *differ, void *context,
                              struct qn_error *err);

#endif
