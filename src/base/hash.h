/* XXH3-128 of bytes, of files and as text: content identities in plans, parts and manifests. */
#ifndef QN_BASE_HASH_H
#define QN_BASE_HASH_H

#include <quern/error.h>
#include <stddef.h>
#include <stdint.h>

#define QN_HASH_BYTES 16
#define QN_HASH_TEXT  33 /* 32 hex digits and a NUL */

struct qn_hash {
    uint8_t bytes[QN_HASH_BYTES]; /* canonical (big-endian) form, as xxh128sum prints it */
};

struct qn_hash qn_hash_of(const void *bytes, size_t len);

/* The whole file, and its length in *size. */
enum qn_status qn_hash_file(const char *path, struct qn_hash *hash, uint64_t *size,
                            struct qn_error *err);

void qn_hash_text(const struct qn_hash *hash, char text[QN_HASH_TEXT]);

#endif
