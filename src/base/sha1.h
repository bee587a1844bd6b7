/* SHA-1 of files, for comparison with the checksums that archives publish; nothing of Quern's own
 * rests on it. FIPS 180-4, section 6.1. */
#ifndef QN_BASE_SHA1_H
#define QN_BASE_SHA1_H

#include <quern/error.h>
#include <stddef.h>
#include <stdint.h>

enum { QN_SHA1_TEXT = 41 /* 40 hex digits and a NUL */ };

struct qn_sha1 {
    uint32_t state[5];
    uint64_t len; /* bytes so far */
    uint8_t block[64];
};

void qn_sha1_init(struct qn_sha1 *sha1);
void qn_sha1_add(struct qn_sha1 *sha1, const void *bytes, size_t len);
void qn_sha1_finish(struct qn_sha1 *sha1, char text[QN_SHA1_TEXT]);

/* Of the whole file. */
enum qn_status qn_sha1_file(const char *path, char text[QN_SHA1_TEXT], struct qn_error *err);

#endif
