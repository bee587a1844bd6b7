/* Numbers out of text: see number.h. What Clinger's fast path (decimal.h) cannot do goes to strtod.
 */
#include "format/text/number.h"

#include "format/text/decimal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 1024 };

const double qn_decimal_powers[QN_DECIMAL_EXACT_POWER + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Takes the text apart; false when it is no number. */
static inline bool read_decimal(const char *text, size_t len, struct qn_decimal *number)
{
    const char *behind = len > 0 ? qn_decimal_scan(text, text + len, number) : NULL;
    return behind && behind == text + len;
}

/* What is beyond the fast path; the text is known to be a number. */
static bool read_slowly(const char *text, size_t len, double *value)
{
    char copy[LONGEST];
    if (len >= sizeof copy)
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    *value = strtod(copy, NULL);
    return isfinite(*value);
}

bool qn_parse_real(const char *text, size_t len, double *value)
{
    struct qn_decimal number;
    if (!read_decimal(text, len, &number))
        return false;
    return qn_decimal_real(&number, value) || read_slowly(text, len, value);
}

bool qn_parse_decimal(const char *text, size_t len, unsigned scale, int64_t *value)
{
    struct qn_decimal number;
    if (!read_decimal(text, len, &number) || number.digits > QN_DECIMAL_DIGITS)
        return false;
    long shift = (long)scale + number.power;
    uint64_t mantissa = number.mantissa;
    for (; shift < 0 && mantissa > 0; shift++) {
        if (mantissa % 10 != 0)
            return false;
        mantissa /= 10;
    }
    for (; shift > 0 && mantissa > 0; shift--) {
        if (mantissa >= 100000000000000000u)
            return false;
        mantissa *= 10;
    }
    *value = number.negative ? -(int64_t)mantissa : (int64_t)mantissa;
    return true;
}

bool qn_parse_integer(const char *text, size_t len, int64_t *value)
{
    bool negative = len > 0 && text[0] == '-';
    size_t at = len > 0 && (text[0] == '-' || text[0] == '+');
    int64_t sum = 0;
    if (at == len || len - at > QN_DECIMAL_DIGITS)
        return false;
    for (; at < len; at++) {
        if (!qn_is_digit(text[at]))
            return false;
        sum = sum * 10 + (text[at] - '0');
    }
    *value = negative ? -sum : sum;
    return true;
}
