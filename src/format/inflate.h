/* Deflate and gzip streams, unpacked piece by piece in little memory (ISA-L). Input comes from a
 * function, output goes where the caller says; the CRC-32 of what came out is kept.
 */
#ifndef QN_FORMAT_INFLATE_H
#define QN_FORMAT_INFLATE_H

#include <quern/error.h>
#include <stddef.h>
#include <stdint.h>

struct qn_stream { /* bytes in order; *got is 0 at the end and only there */
    void *context;
    enum qn_status (*read)(void *context, void *bytes, size_t len, size_t *got,
                           struct qn_error *err);
};

enum qn_inflate_kind { QN_INFLATE_RAW, QN_INFLATE_GZIP }; /* gzip: members one after another */

/* Borrows `input`, and `name` for messages. */
struct qn_inflate;
enum qn_status qn_inflate_new(struct qn_inflate **inflate, enum qn_inflate_kind kind,
                              const struct qn_stream *input, const char *name,
                              struct qn_error *err);
void qn_inflate_free(struct qn_inflate *inflate);

/* Up to `len` bytes; *got is 0 at the end. Damaged data, a stream that is cut off, and a gzip
 * checksum that does not fit are QN_ERR_INPUT. */
enum qn_status qn_inflate_read(struct qn_inflate *inflate, void *bytes, size_t len, size_t *got,
                               struct qn_error *err);

uint64_t qn_inflate_size(const struct qn_inflate *inflate); /* bytes that came out so far */
uint32_t qn_inflate_crc(const struct qn_inflate *inflate);  /* their CRC-32 (RAW) */

#endif
