/* SHA-1 of files, for comparison with the checksums that archives publish; nothing of Quern's own
 * rests on it. FIPS 180-4, section 6.1. */
#ifndef QN_BASE_SHA1_H
#define QN_BASE_SHA1_H

#include <quern/error.h>

enum { QN_SHA1_TEXT = 41 /* 40 hex digits and a NUL */ };

/* Of the whole file. */
enum qn_status qn_sha1_file(const char *path, char text[QN_SHA1_TEXT], struct qn_error *err);

#endif
