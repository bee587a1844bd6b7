/* Numbers out of text: see number.h. What Clinger's fast path (decimal.h) cannot do goes to strtod.
 * Eight digits at a time: D. Lemire, "Quickly parsing eight digits" (2018). */
#include "format/number.h"

#include "format/decimal.h"

#include <endian.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 1024, SHORT = 19 };

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

/* Whether eight characters, the first in the lowest byte, are digits. */
static inline bool are_digits(uint64_t eight)
{
    const uint64_t high = 0xf0f0f0f0f0f0f0f0u;
    return ((eight & high) | ((eight + 0x0606060606060606u) & high) >> 4) == 0x3333333333333333u;
}

static inline uint64_t value_of_eight(uint64_t digits)
{
    digits = (digits & 0x0f0f0f0f0f0f0f0fu) * 2561 >> 8;
    digits = (digits & 0x00ff00ff00ff00ffu) * 6553601 >> 16;
    return (digits & 0x0000ffff0000ffffu) * 42949672960001u >> 32;
}

static inline const char *take_digits(const char *at, const char *end, uint64_t *mantissa)
{
    uint64_t sum = *mantissa;
    while (end - at >= 8) {
        uint64_t eight;
        memcpy(&eight, at, sizeof eight);
        eight = le64toh(eight);
        if (!are_digits(eight))
            break;
        sum = sum * 100000000 + value_of_eight(eight);
        at += 8;
    }
    for (; at < end && qn_is_digit(*at); at++)
        sum = sum * 10 + (uint64_t)(*at - '0');
    *mantissa = sum;
    return at;
}

/* The usual number: a sign, digits and a point, so few that 64 bits hold them. False for any
 * other, which may be a number all the same. */
static inline bool read_short(const char *text, size_t len, double *value)
{
    const char *end = text + len;
    bool negative = len > 0 && *text == '-';
    const char *start = text + negative;
    uint64_t mantissa = 0;
    size_t decimals = 0;
    if (len > SHORT)
        return false;
    const char *at = take_digits(start, end, &mantissa);
    size_t digits = (size_t)(at - start);
    if (at < end && *at == '.') {
        const char *point = at + 1;
        at = take_digits(point, end, &mantissa);
        decimals = (size_t)(at - point);
    }
    if (at < end || digits + decimals == 0 || mantissa >> 53)
        return false;
    double whole = (double)mantissa / qn_decimal_powers[decimals];
    *value = negative ? -whole : whole;
    return true;
}

bool qn_parse_real(const char *text, size_t len, double *value)
{
    struct qn_decimal number;
    if (read_short(text, len, value))
        return true;
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
