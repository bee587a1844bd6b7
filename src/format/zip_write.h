/* Zip archives written in one go, in memory: for synthetic archives and tests. */
#ifndef QN_FORMAT_ZIP_WRITE_H
#define QN_FORMAT_ZIP_WRITE_H

#include "base/buf.h"

#include <quern/error.h>

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
