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

enum qn_status qn_hash_file(const char *path, struct qn_hash *hash, uint64_t *size,
                            struct qn_error *err)
{
    enum { BLOCK = 1 << 20 };
    int fd = -1;
    uint8_t *block = qn_sys.malloc(BLOCK);
    XXH3_state_t *state = XXH3_createState();
    enum qn_status status = QN_OK;
    if (!block || !state) {
        status = qn_fail_memory(err, "hashing", BLOCK);
        goto out;
    }
    status = qn_open_read(path, &fd, err);
    XXH3_128bits_reset(state);
    *size = 0;
    while (!status) {
        ssize_t n = qn_sys.read(fd, block, BLOCK);
        if (n == 0)
            break;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            status = qn_fail_errno(err, errno, "read", path);
            break;
        }
        XXH3_128bits_update(state, block, (size_t)n);
        *size += (uint64_t)n;
    }
    if (!status)
        *hash = canonical(XXH3_128bits_digest(state));
out:
    if (fd >= 0)
        qn_sys.close(fd);
    XXH3_freeState(state);
    free(block);
    return status;
}

void qn_hash_text(const struct qn_hash *hash, char text[QN_HASH_TEXT])
{
    for (int i = 0; i < QN_HASH_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", hash->bytes[i]);
}
