/* Zip archives written: the records that every writer puts together, and a writer in one go, in
 * memory, for synthetic archives and tests. Format: PKWARE APPNOTE 6.3. */
#ifndef QN_FORMAT_ZIP_WRITE_H
#define QN_FORMAT_ZIP_WRITE_H

#include "base/buf.h"

#include <quern/error.h>

/* ---- records -------------------------------------------------------------------------------- */

enum { QN_ZIP_STORED = 0, QN_ZIP_DEFLATED = 8, QN_ZIP_BEHIND = 1 << 3 };

struct qn_zip_record { /* a member; its time is 1980-01-01 always */
    const char *name;
    uint16_t flags; /* QN_ZIP_BEHIND: sizes and CRC stand in a descriptor behind the data */
    uint16_t method;
    uint32_t crc;
    uint64_t packed;
    uint64_t size;
    uint64_t offset; /* of its local header */
};

/* Appends the header in front of a member's data, its entry in the directory, and what follows the
 * directory. Numbers that do not fit 32 bits (the count: 16) go to fields of zip64. */
void qn_zip_put_local(struct qn_buf *out, const struct qn_zip_record *member);
void qn_zip_put_entry(struct qn_buf *out, const struct qn_zip_record *member);
void qn_zip_put_end(struct qn_buf *out, uint64_t count, uint64_t directory_offset,
                    uint64_t directory_len);

/* ---- in one go ------------------------------------------------------------------------------ */

struct qn_zip_writer {
    struct qn_buf bytes; /* local headers and data: the archive, once it is finished */
    struct qn_buf directory;
    uint32_t count;
};

enum qn_zip_sizes { /* where the local header has sizes and CRC */
                    QN_ZIP_SIZES_LOCAL,
                    QN_ZIP_SIZES_BEHIND /* in a descriptor behind the data: flag bit 3 */
};

/* Adds a member, deflated, or stored when that is smaller. The time is 1980-01-01 always. */
enum qn_status qn_zip_add(struct qn_zip_writer *zip, const char *name, const void *bytes,
                          size_t len, enum qn_zip_sizes sizes, struct qn_error *err);

/* Appends the directory: zip->bytes is the archive then, at most 4 GiB. */
enum qn_status qn_zip_finish(struct qn_zip_writer *zip, struct qn_error *err);
void qn_zip_writer_release(struct qn_zip_writer *zip);

#endif
