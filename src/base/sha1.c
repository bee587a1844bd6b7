/* SHA-1: see sha1.h. */
#include "base/sha1.h"

#include "base/io.h"
#include "base/sys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64, STEP = 1 << 20 /* of a file, at once */ };

struct sha1 {
    uint32_t state[5];
    uint64_t len; /* bytes so far */
    uint8_t block[BLOCK];
};

static uint32_t left(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

/* One round: the function and the constant of its quarter (FIPS 180-4, 4.1.1 and 4.2.1). */
static uint32_t mixed(unsigned t, uint32_t b, uint32_t c, uint32_t d)
{
    switch (t / 20) {
    case 0:
        return ((b & c) ^ (~b & d)) + 0x5a827999u;
    case 1:
        return (b ^ c ^ d) + 0x6ed9eba1u;
    case 2:
        return ((b & c) ^ (b & d) ^ (c & d)) + 0x8f1bbcdcu;
    default:
        return (b ^ c ^ d) + 0xca62c1d6u;
    }
}

static void add_block(uint32_t state[5], const uint8_t *block)
{
    uint32_t w[80];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (unsigned t = 0; t < 16; t++)
        w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
               (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
    for (unsigned t = 16; t < 80; t++)
        w[t] = left(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    for (unsigned t = 0; t < 80; t++) {
        uint32_t next = left(a, 5) + mixed(t, b, c, d) + e + w[t];
        e = d;
        d = c;
        c = left(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

static void add(struct sha1 *sha1, const void *bytes, size_t len)
{
    const uint8_t *from = bytes;
    while (len > 0) {
        size_t at = (size_t)(sha1->len % BLOCK);
        size_t part = len < BLOCK - at ? len : BLOCK - at;
        memcpy(sha1->block + at, from, part);
        sha1->len += part;
        from += part;
        len -= part;
        if (at + part == BLOCK)
            add_block(sha1->state, sha1->block);
    }
}

static void finish(struct sha1 *sha1, char text[QN_SHA1_TEXT])
{
    static const uint8_t padding[BLOCK] = {0x80};
    uint8_t length[8];
    uint64_t bits = sha1->len * 8;
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    add(sha1, padding, 1 + (size_t)((BLOCK + 55 - sha1->len % BLOCK) % BLOCK));
    add(sha1, length, sizeof length);
    for (int i = 0; i < 5; i++)
        snprintf(text + (size_t)8 * (size_t)i, 9, "%08x", (unsigned)sha1->state[i]);
}

enum qn_status qn_sha1_file(const char *path, char text[QN_SHA1_TEXT], struct qn_error *err)
{
    struct sha1 sha1 = {.state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}};
    int fd = -1;
    ssize_t got = 0;
    uint8_t *bytes = qn_sys.malloc(STEP);
    if (!bytes)
        return qn_fail_memory(err, "a checksum", STEP);
    enum qn_status status = qn_open_read(path, &fd, err);
    while (!status && (got = qn_sys.read(fd, bytes, STEP)) != 0) {
        if (got > 0)
            add(&sha1, bytes, (size_t)got);
        else if (errno != EINTR)
            status = qn_fail_errno(err, errno, "read", path);
    }
    if (!status)
        finish(&sha1, text);
    if (fd >= 0)
        qn_sys.close(fd);
    free(bytes);
    return status;
}
