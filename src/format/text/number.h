/* Numbers out of text, fast and exact: what a table of millions of decimal numbers needs.
 *
 * A number is: sign, digits with at most one point among or around them ("29", "-38.25", ".01",
 * "5."), and perhaps an exponent. The whole text has to be one; blanks around it are the caller's
 * business. "nan", "inf", hexadecimal and digit groups are no numbers here.
 */
#ifndef QN_FORMAT_NUMBER_H
#define QN_FORMAT_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The double nearest to the number (ties to even), bit for bit what strtod gives. False when the
 * text is no number, or one beyond the range of doubles. */
bool qn_parse_real(const char *text, size_t len, double *value);

/* The number times 10^scale (0 to 18) as an integer. False when it is no number, has more
 * decimals than that, or does not fit 18 digits: nothing is ever rounded. */
bool qn_parse_decimal(const char *text, size_t len, unsigned scale, int64_t *value);

/* An integer of at most 18 digits with an optional sign. */
bool qn_parse_integer(const char *text, size_t len, int64_t *value);

#endif
