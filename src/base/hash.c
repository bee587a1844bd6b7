/* XXH3-128: see hash.h. */
#include "base/hash.h"

#include "base/io.h"
#include "base/sys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static struct qn_hash canonical(XXH128_hash_t value)
{
    XXH128_canonical_t form;
    struct qn_hash hash;
    XXH128_canonicalFromHash(&form, value);
    memcpy(hash.bytes, form.digest, QN_HASH_BYTES);
    return hash;
}

struct qn_hash qn_hash_of(const void *bytes, size_t len)
{
    return canonical(XXH3_128bits(bytes, len));
}

/* ---- files ---------------------------------------------------------------------------------- */

struct qn_hasher {
    XXH3_state_t *whole;
    XXH3_state_t *block; /* the one under way */
    uint64_t size;
    struct qn_buf blocks;
};

struct qn_hasher *qn_hasher_new(void)
{
    struct qn_hasher *hasher = qn_sys.calloc(1, sizeof *hasher);
    if (!hasher)
        return NULL;
    hasher->whole = XXH3_createState();
    hasher->block = XXH3_createState();
    if (!hasher->whole || !hasher->block) {
        qn_hasher_free(hasher);
        return NULL;
    }
    XXH3_128bits_reset(hasher->whole);
    XXH3_64bits_reset(hasher->block);
    return hasher;
}

void qn_hasher_free(struct qn_hasher *hasher)
{
    if (!hasher)
        return;
    XXH3_freeState(hasher->whole);
    XXH3_freeState(hasher->block);
    qn_buf_release(&hasher->blocks);
    free(hasher);
}

static void end_block(struct qn_hasher *hasher)
{
    qn_buf_u64(&hasher->blocks, XXH3_64bits_digest(hasher->block));
    XXH3_64bits_reset(hasher->block);
}

/* Both hashes go over a piece while it is in the cache. */
void qn_hasher_update(struct qn_hasher *hasher, const void *bytes, size_t len)
{
    const uint8_t *piece = bytes;
    while (len > 0) {
        size_t room = QN_BLOCK_BYTES - hasher->size % QN_BLOCK_BYTES;
        size_t n = len < room ? len : room;
        XXH3_128bits_update(hasher->whole, piece, n);
        XXH3_64bits_update(hasher->block, piece, n);
        hasher->size += n;
        if (n == room)
            end_block(hasher);
        piece += n;
        len -= n;
    }
}

uint64_t qn_hasher_size(const struct qn_hasher *hasher)
{
    return hasher->size;
}

struct qn_hash qn_hasher_end(struct qn_hasher *hasher, const struct qn_buf **blocks)
{
    if (hasher->size % QN_BLOCK_BYTES > 0)
        end_block(hasher);
    *blocks = &hasher->blocks;
    return canonical(XXH3_128bits_digest(hasher->whole));
}

enum qn_status qn_hasher_file(struct qn_hasher *hasher, const char *path, struct qn_error *err)
{
    enum { BUFFER = 1 << 20 };
    int fd = -1;
    uint8_t *buffer = qn_sys.malloc(BUFFER);
    if (!buffer)
        return qn_fail_memory(err, "hashing", BUFFER);
    enum qn_status status = qn_open_read(path, &fd, err);
    while (!status) {
        ssize_t n = qn_sys.read(fd, buffer, BUFFER);
        if (n == 0)
            break;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            status = qn_fail_errno(err, errno, "read", path);
        else
            qn_hasher_update(hasher, buffer, (size_t)n);
    }
    if (fd >= 0)
        qn_sys.close(fd);
    free(buffer);
    return status;
}

enum qn_status qn_hash_file(const char *path, struct qn_hash *hash, uint64_t *size,
                            struct qn_error *err)
{
    const struct qn_buf *blocks;
    struct qn_hasher *hasher = qn_hasher_new();
    if (!hasher)
        return qn_fail_memory(err, "hashing", sizeof *hasher);
    enum qn_status status = qn_hasher_file(hasher, path, err);
    if (!status) {
        *size = hasher->size;
        *hash = qn_hasher_end(hasher, &blocks);
    }
    qn_hasher_free(hasher);
    return status;
}

void qn_hash_text(const struct qn_hash *hash, char text[QN_HASH_TEXT])
{
    for (int i = 0; i < QN_HASH_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", hash->bytes[i]);
}
