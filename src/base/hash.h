/* XXH3-128 of bytes, of files and as text: content identities in plans, parts and manifests. A file
 * of several blocks also has an XXH3-64 of each, which tell where it was damaged. */
#ifndef QN_BASE_HASH_H
#define QN_BASE_HASH_H

#include "base/buf.h"

#include <quern/error.h>
#include <stddef.h>
#include <stdint.h>

#define QN_HASH_BYTES 16
#define QN_HASH_TEXT  33 /* 32 hex digits and a NUL */

struct qn_hash {
    uint8_t bytes[QN_HASH_BYTES]; /* canonical (big-endian) form, as xxh128sum prints it */
};

#define QN_BLOCK_BYTES 65536u /* the last of a file may be shorter */

/* A file's hashes, made of its bytes as they come. */
struct qn_hasher;

struct qn_hasher *qn_hasher_new(void); /* NULL when out of memory */
void qn_hasher_free(struct qn_hasher *hasher);
void qn_hasher_update(struct qn_hasher *hasher, const void *bytes, size_t len);
uint64_t qn_hasher_size(const struct qn_hasher *hasher); /* bytes so far */

/* The hash of all. *blocks, valid as long as the hasher, gets those of the blocks, 8 bytes each,
 * little-endian; check its `failed`. Nothing may be added afterwards. */
struct qn_hash qn_hasher_end(struct qn_hasher *hasher, const struct qn_buf **blocks);

struct qn_hash qn_hash_of(const void *bytes, size_t len);

/* Adds the whole file at `path`. */
enum qn_status qn_hasher_file(struct qn_hasher *hasher, const char *path, struct qn_error *err);

/* The hash of a whole file, and its length in *size. */
enum qn_status qn_hash_file(const char *path, struct qn_hash *hash, uint64_t *size,
                            struct qn_error *err);

void qn_hash_text(const struct qn_hash *hash, char text[QN_HASH_TEXT]);

#endif
