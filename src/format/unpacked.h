/* Whole files that may be packed by gzip, as archives and people do with light curves and tables.
 */
#ifndef QN_FORMAT_UNPACKED_H
#define QN_FORMAT_UNPACKED_H

#include "base/buf.h"

#include <quern/error.h>

/* What the file holds, unpacked if it is gzip by its first bytes, into `buf`, which is emptied
 * before. File and content of at most `limit` bytes; damaged or longer ones are QN_ERR_INPUT. */
enum qn_status qn_read_unpacked(const char *path, struct qn_buf *buf, uint64_t limit,
                                struct qn_error *err);

#endif
