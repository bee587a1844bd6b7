/* Numbers out of text: see number.h. The fast path is Clinger's (1990, "How to read floating point
 * numbers accurately"): a whole number below 2^53 divided or multiplied by a power of ten up to
 * 10^22 has one rounding only, hence is correct. All else goes to strtod. Eight digits at a time:
 * D. Lemire, "Quickly parsing eight digits" (2018). */
#include "format/number.h"

#include <endian.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EXACT_POWER = 22, DIGITS = 18, LONGEST = 1024, SHORT = 19 };

static const double powers[EXACT_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                               1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                               1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

struct decimal { /* mantissa * 10^-decimals * 10^exponent */
    uint64_t mantissa;
    size_t digits;   /* significant ones; over DIGITS: the mantissa is not complete */
    size_t decimals; /* digits behind the point */
    int exponent;
    bool negative;
};

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

static bool read_exponent(const char *text, size_t len, int *exponent)
{
    bool negative = len > 0 && text[0] == '-';
    size_t at = len > 0 && (text[0] == '-' || text[0] == '+');
    int value = 0;
    if (at == len)
        return false;
    for (; at < len; at++) {
        if (!is_digit(text[at]))
            return false;
        value = value < 100000 ? value * 10 + (text[at] - '0') : value;
    }
    *exponent = negative ? -value : value;
    return true;
}

static inline size_t read_digits(const char *text, size_t len, size_t at, struct decimal *number)
{
    for (; at < len && is_digit(text[at]); at++) {
        number->digits += number->mantissa > 0 || text[at] != '0';
        if (number->digits <= DIGITS)
            number->mantissa = number->mantissa * 10 + (uint64_t)(text[at] - '0');
    }
    return at;
}

/* Takes the text apart; false when it is no number. */
static inline bool read_decimal(const char *text, size_t len, struct decimal *number)
{
    *number = (struct decimal){.negative = len > 0 && text[0] == '-'};
    size_t start = len > 0 && (text[0] == '-' || text[0] == '+');
    size_t at = read_digits(text, len, start, number);
    size_t seen = at - start;
    if (at < len && text[at] == '.') {
        size_t point = ++at;
        at = read_digits(text, len, at, number);
        number->decimals = at - point;
        seen += number->decimals;
    }
    if (seen == 0)
        return false;
    if (at == len)
        return true;
    return (text[at] == 'e' || text[at] == 'E') &&
           read_exponent(text + at + 1, len - at - 1, &number->exponent);
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
    for (; at < end && is_digit(*at); at++)
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
    double whole = (double)mantissa / powers[decimals];
    *value = negative ? -whole : whole;
    return true;
}

bool qn_parse_real(const char *text, size_t len, double *value)
{
    struct decimal number;
    if (read_short(text, len, value))
        return true;
    if (!read_decimal(text, len, &number))
        return false;
    long power = (long)number.exponent - (long)number.decimals;
    if (number.digits > DIGITS || number.mantissa >> 53 || power < -EXACT_POWER ||
        power > EXACT_POWER)
        return read_slowly(text, len, value);
    double whole = (double)number.mantissa;
    whole = power < 0 ? whole / powers[-power] : whole * powers[power];
    *value = number.negative ? -whole : whole;
    return true;
}

bool qn_parse_decimal(const char *text, size_t len, unsigned scale, int64_t *value)
{
    struct decimal number;
    if (!read_decimal(text, len, &number) || number.digits > DIGITS)
        return false;
    long shift = (long)scale + number.exponent - (long)number.decimals;
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
    if (at == len || len - at > DIGITS)
        return false;
    for (; at < len; at++) {
        if (!is_digit(text[at]))
            return false;
        sum = sum * 10 + (text[at] - '0');
    }
    *value = negative ? -sum : sum;
    return true;
}
