/* Inside of the readers of numbers: a decimal number taken apart, and the nearest double where that
 * needs one rounding only. Inline, because tables of hundreds of millions of numbers go through
 * here. number.h says what a number is.
 */
#ifndef QN_FORMAT_DECIMAL_H
#define QN_FORMAT_DECIMAL_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { QN_DECIMAL_DIGITS = 18, QN_DECIMAL_EXACT_POWER = 22, QN_DECIMAL_FAR = 100000 };

extern const double qn_decimal_powers[QN_DECIMAL_EXACT_POWER + 1]; /* 10^0 to 10^22 */

struct qn_decimal { /* mantissa * 10^power */
    uint64_t mantissa;
    uint32_t
        digits; /* of it, perhaps with zeros in front; over QN_DECIMAL_DIGITS it is not complete */
    int32_t power;
    bool negative;
};

static inline bool qn_is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* The exponent behind an 'e'; NULL when there is none. Beyond 100,000 it no longer grows. */
static inline const char *qn_decimal_exponent(const char *at, const char *end, int32_t *exponent)
{
    bool negative = at < end && *at == '-';
    at += at < end && (*at == '-' || *at == '+');
    if (at == end || !qn_is_digit(*at))
        return NULL;
    int32_t value = 0;
    for (; at < end && qn_is_digit(*at); at++)
        value = value < QN_DECIMAL_FAR ? value * 10 + (*at - '0') : value;
    *exponent = negative ? -value : value;
    return at;
}

/* Whether eight characters, the first in the lowest byte, are digits; and their value. From
 * D. Lemire, "Quickly parsing eight digits" (2018). */
static inline bool qn_are_digits(uint64_t eight)
{
    const uint64_t high = 0xf0f0f0f0f0f0f0f0u;
    return ((eight & high) | ((eight + 0x0606060606060606u) & high) >> 4) == 0x3333333333333333u;
}

static inline uint64_t qn_value_of_eight(uint64_t digits)
{
    digits = (digits & 0x0f0f0f0f0f0f0f0fu) * 2561 >> 8;
    digits = (digits & 0x00ff00ff00ff00ffu) * 6553601 >> 16;
    return (digits & 0x0000ffff0000ffffu) * 42949672960001u >> 32;
}

/* Digits appended to the mantissa, which may overflow: the caller counts them. */
static inline const char *qn_decimal_digits(const char *at, const char *end, uint64_t *mantissa)
{
    uint64_t sum = *mantissa;
    for (uint64_t eight; end - at >= 8; at += 8) {
        memcpy(&eight, at, sizeof eight);
        eight = le64toh(eight);
        if (!qn_are_digits(eight))
            break;
        sum = sum * 100000000 + qn_value_of_eight(eight);
    }
    for (; at < end && qn_is_digit(*at); at++)
        sum = sum * 10 + (uint64_t)(*at - '0');
    *mantissa = sum;
    return at;
}

/* Takes apart the number that begins at `at`. Returns the first byte behind it, NULL when no number
 * begins there. */
static inline const char *qn_decimal_scan(const char *at, const char *end,
                                          struct qn_decimal *number)
{
    number->negative = at < end && *at == '-';
    at += at < end && (*at == '-' || *at == '+');
    const char *start = at;
    uint64_t mantissa = 0;
    ptrdiff_t decimals = 0;
    at = qn_decimal_digits(at, end, &mantissa);
    ptrdiff_t digits = at - start;
    if (at < end && *at == '.') {
        const char *point = ++at;
        at = qn_decimal_digits(at, end, &mantissa);
        decimals = at - point;
        digits += decimals;
    }
    if (digits == 0)
        return NULL;
    for (; digits > QN_DECIMAL_DIGITS && (*start == '0' || *start == '.'); start++)
        digits -= *start == '0';
    number->mantissa = mantissa;
    number->digits = digits < UINT32_MAX ? (uint32_t)digits : UINT32_MAX;
    number->power = -(int32_t)(decimals < QN_DECIMAL_FAR ? decimals : QN_DECIMAL_FAR);
    if (at < end && (*at == 'e' || *at == 'E')) {
        int32_t exponent;
        at = qn_decimal_exponent(at + 1, end, &exponent);
        if (at)
            number->power += exponent;
    }
    return at;
}

/* The nearest double by Clinger's fast path (1990, "How to read floating point numbers
 * accurately"): a whole number below 2^53 divided or multiplied by a power of ten up to 10^22 has
 * one rounding only, hence is correct. False when the number is beyond that. */
static inline bool qn_decimal_real(const struct qn_decimal *number, double *value)
{
    int32_t power = number->power;
    if (number->digits > QN_DECIMAL_DIGITS || number->mantissa >> 53 ||
        power < -QN_DECIMAL_EXACT_POWER || power > QN_DECIMAL_EXACT_POWER)
        return false;
    double whole = (double)number->mantissa;
    whole = power < 0 ? whole / qn_decimal_powers[-power] : whole * qn_decimal_powers[power];
    *value = number->negative ? -whole : whole;
    return true;
}

#endif
