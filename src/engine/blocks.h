/* Hashes of the blocks of files: with them `verify` tells which bytes of a file were damaged.
 *
 * Lists of them lie in two files in .quern/, see manifest.h and aside.h. A list is
 *
 *   magic, 8 bytes | entries | a last entry without a path, whose `bytes` counts the others
 *
 * and an entry  path text | block length u32 | bytes u64 | XXH3-64 of each block | XXH3-64 of the
 * entry up to here,  so that damage of a list is told from damage of what it lists.
 */
#ifndef QN_ENGINE_BLOCKS_H
#define QN_ENGINE_BLOCKS_H

#include "base/buf.h"

#include <quern/error.h>
#include <stdbool.h>

struct qn_blocks { /* of one file */
    char path[1024];
    uint32_t length; /* of a block; the last may be shorter */
    uint64_t bytes;
    uint64_t count;
    const uint8_t *hashes; /* 8 bytes each, little-endian; borrowed */
};

/* Writing: begin, add each, end. Check list->failed. */
void qn_blocks_begin(struct qn_buf *list);
void qn_blocks_add(struct qn_buf *list, const struct qn_blocks *entry);
void qn_blocks_end(struct qn_buf *list, uint64_t count);

/* Reads a whole list into `list`, which the caller releases; *entries is the place of the first.
 * What is no list has no entry, and is damaged at its beginning. */
enum qn_status qn_blocks_read(const char *path, struct qn_buf *list, struct qn_cursor *entries,
                              struct qn_error *err);

/* The next entry. False at the end of the list, and at damage: then entries->failed is set, and
 * entries->at is where the damaged entry begins. */
bool qn_blocks_next(struct qn_cursor *entries, struct qn_blocks *entry);

/* Told of each stretch of a file that is not as listed: its bytes from `start` to before `end`. */
typedef void qn_blocks_differ(void *context, const char *path, uint64_t start, uint64_t end);

/* Compares the hashes that a file of `bytes` bytes has now with those listed. What is missing or
 * too much at its end differs, too. */
void qn_blocks_compare(const struct qn_blocks *entry, uint64_t bytes, const uint8_t *hashes,
                       qn_blocks_differ *differ, void *context);

#endif
