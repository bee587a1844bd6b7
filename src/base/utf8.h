/* Text from input files made fit for display: what is not printable UTF-8 becomes U+FFFD. Cairo
 * stops drawing, and browsers guess, when they are given anything else. */
#ifndef QN_BASE_UTF8_H
#define QN_BASE_UTF8_H

#include "base/buf.h"

/* Length in bytes, 1 to 4, of the well-formed character at the start of `text` (Unicode 15, table
 * 3-7); 0 if there is none: an ill-formed sequence, one cut off by `len`, or a control character
 * other than tab and line feed. */
size_t qn_utf8_length(const char *text, size_t len);

/* Appends `text`, at most `len` bytes up to a NUL, with U+FFFD for every byte that does not belong
 * to such a character. */
void qn_utf8_clean(struct qn_buf *out, const char *text, size_t len);

#endif
