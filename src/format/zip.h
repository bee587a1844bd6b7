/* Zip archives, read where they lie: from a file, or from another archive's member in memory.
 *
 * The central directory is trusted first. When what came out of a member has another size or
 * CRC than it says, the member's local header (or the descriptor behind its data) decides: real
 * archives exist in which one of the two lies. A member that fits neither is damaged. Names are
 * only names: nothing is ever written. Format: PKWARE APPNOTE 6.3.
 */
#ifndef QN_FORMAT_ZIP_H
#define QN_FORMAT_ZIP_H

#include "format/inflate.h"

#include <stdbool.h>

struct qn_zip_source { /* borrowed while the archive is open */
    void *context;
    uint64_t size;
    enum qn_status (*read_at)(void *context, uint64_t offset, void *bytes, size_t len,
                              struct qn_error *err);
    const char *name; /* for messages */
};

struct qn_zip_entry {
    const char *name; /* valid while the archive is open; bytes as they are, NUL-terminated */
    uint16_t flags;
    uint16_t method; /* 0 stored, 8 deflate; others cannot be read */
    uint32_t crc;
    uint64_t packed;
    uint64_t size;
    uint64_t offset; /* of its local header */
};

/* Reads the central directory. Something that is no zip, is cut off or contradicts itself is
 * QN_ERR_INPUT. */
struct qn_zip;
enum qn_status qn_zip_open(struct qn_zip **zip, const struct qn_zip_source *source,
                           struct qn_error *err);
void qn_zip_close(struct qn_zip *zip);
size_t qn_zip_count(const struct qn_zip *zip);
const struct qn_zip_entry *qn_zip_at(const struct qn_zip *zip, size_t i);

/* A member's content as a stream. Encrypted members and other methods are QN_ERR_UNSUPPORTED; one
 * that promises more than `most` bytes, or unpacks to more, is QN_ERR_INPUT. The read that reaches
 * the end checks size and CRC. */
struct qn_zip_member;
enum qn_status qn_zip_member_open(struct qn_zip_member **member, const struct qn_zip *zip, size_t i,
                                  uint64_t most, struct qn_error *err);
enum qn_status qn_zip_member_read(struct qn_zip_member *member, void *bytes, size_t len,
                                  size_t *got, struct qn_error *err);
void qn_zip_member_close(struct qn_zip_member *member);

#endif
