/* Outputs of one attempt or of glue: files that appear whole under their final name or not at all.
 *
 * An outbox belongs to one attempt. It makes files under a temporary name beside their final one,
 * counts and hashes what is written, as a whole and block by block, and on commit syncs and
 * renames. With a scratch folder files are made there, without a name, and copied beside their
 * final name on commit. What was committed is listed for the part file and the manifest. Releasing
 * the outbox removes what was not committed.
 */
#ifndef QN_ENGINE_OUTPUT_H
#define QN_ENGINE_OUTPUT_H

#include "base/buf.h"
#include "base/hash.h"

#include <limits.h>
#include <quern/pipeline.h>

struct qn_outbox {
    const char *root;    /* the dataset under construction; borrowed */
    const char *scratch; /* folder, NULL: none; borrowed */
    char suffix[96];     /* of temporary names */
    struct qn_output *open;
    struct qn_buf files; /* committed: see qn_file_next */
    uint32_t count;
    struct qn_buf folders; /* to be synced, texts */
};

void qn_outbox_init(struct qn_outbox *box, const char *root, const char *scratch, uint64_t task,
                    uint32_t attempt);
void qn_outbox_release(struct qn_outbox *box);
enum qn_status qn_outbox_create(struct qn_outbox *box, const char *path, struct qn_output **output,
                                struct qn_error *err);

/* Makes the renames of all commits durable: fsync of every folder concerned. */
enum qn_status qn_outbox_sync(struct qn_outbox *box, struct qn_error *err);

struct qn_file { /* one committed file, as listed */
    char path[1024];
    uint64_t size;
    struct qn_hash hash;
    uint32_t chunk_count;
    const uint8_t *chunks; /* chunk_count CRC32C values, u32 little-endian each */
    uint32_t block_count;
    const uint8_t *blocks; /* block_count hashes, as of qn_hasher_end */
};

/* True for a path inside the dataset, in the only way to write it: no "..", "." or empty part. */
bool qn_path_is_inside(const char *path);

/* The next file of a list; false at its end or when it is damaged (cursor->failed): a path that
 * leads out of the dataset is damage too. */
bool qn_file_next(struct qn_cursor *cursor, struct qn_file *file);

/* Removes temporary files that a crash left anywhere below `root`. */
enum qn_status qn_sweep_temporaries(const char *root, struct qn_error *err);

#endif
