/* Numbers as text, quickly: the shortest decimal that reads back as the same number. */
#ifndef QN_FORMAT_NUMBER_TEXT_H
#define QN_FORMAT_NUMBER_TEXT_H

#include "base/buf.h"

void qn_put_signed(struct qn_buf *out, int64_t value);
void qn_put_unsigned(struct qn_buf *out, uint64_t value);

/* Exactly `digits` digits (up to 19), with zeros in front. */
void qn_put_padded(struct qn_buf *out, uint64_t value, unsigned digits);

/* NaN, Infinity, -Infinity, or the fewest digits that strtod reads back as the same double: 27.76,
 * 1e+300. `single`: that strtof reads back as the same float, given as a double. */
void qn_put_real(struct qn_buf *out, double value, bool single);

#endif
