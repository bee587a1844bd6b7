/* Numbers as text: see number_text.h. Measured values are mostly decimal numbers of few digits: one
 * that is m / 10^k, with m below 2^53 and k up to 22, is what reading "m / 10^k" gives, since both
 * are exact and the quotient is rounded once (W. D. Clinger, "How to Read Floating Point Numbers
 * Accurately", PLDI 1990). The smallest such k has the fewest digits. */
#include "format/text/number_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536"
    "37383940414243444546474849505152535455565758596061626364656667686970717273"
    "7475767778798081828384858687888990919293949596979899";

/* The digits of a number before `end`; returns where they begin. */
static char *digits_before(char *end, uint64_t value)
{
    while (value >= 100) {
        end -= 2;
        memcpy(end, pairs + 2 * (value % 100), 2);
        value /= 100;
    }
    if (value >= 10) {
        end -= 2;
        memcpy(end, pairs + 2 * value, 2);
    } else {
        *--end = (char)('0' + value);
    }
    return end;
}

void qn_put_unsigned(struct qn_buf *out, uint64_t value)
{
    char text[20];
    char *start = digits_before(text + sizeof text, value);
    qn_buf_append(out, start, (size_t)(text + sizeof text - start));
}

void qn_put_signed(struct qn_buf *out, int64_t value)
{
    char text[21];
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char *start = digits_before(text + sizeof text, magnitude);
    if (value < 0)
        *--start = '-';
    qn_buf_append(out, start, (size_t)(text + sizeof text - start));
}

void qn_put_padded(struct qn_buf *out, uint64_t value, unsigned digits)
{
    char text[20];
    char *start = digits_before(text + sizeof text, value);
    while (start > text + sizeof text - digits)
        *--start = '0';
    qn_buf_append(out, start, (size_t)(text + sizeof text - start));
}

/* m / 10^k, as "12.34" or "-0.05". */
static void put_scaled(struct qn_buf *out, bool negative, uint64_t m, unsigned k)
{
    char text[40];
    char *end = text + sizeof text, *start = digits_before(end, m);
    while (end - start <= (ptrdiff_t)k)
        *--start = '0';
    if (k > 0) {
        size_t whole = (size_t)(end - start) - k;
        memmove(start - 1, start, whole);
        *(--start + whole) = '.';
    }
    if (negative)
        *--start = '-';
    qn_buf_append(out, start, (size_t)(end - start));
}

/* Numbers of at most 15 digits, in the range in which they are written without an exponent. */
static bool put_decimal(struct qn_buf *out, double value)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                    1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
    double magnitude = fabs(value);
    if (value == 0) {
        qn_buf_append(out, signbit(value) ? "-0" : "0", signbit(value) ? 2 : 1);
        return true;
    }
    if (!(magnitude >= 1e-4 && magnitude < 1e15))
        return false;
    for (unsigned k = 0; k < sizeof powers / sizeof *powers; k++) {
        double scaled = magnitude * powers[k];
        if (scaled >= 1e15)
            return false;
        uint64_t m = (uint64_t)(scaled + 0.5);
        if ((double)m / powers[k] == magnitude) {
            put_scaled(out, value < 0, m, k);
            return true;
        }
    }
    return false;
}

/* The first of 15, 16 and 17 digits that reads back; 17 always do. */
static void put_long(struct qn_buf *out, double value)
{
    char text[40], shorter[40];
    snprintf(text, sizeof text, "%.16g", value);
    if (strtod(text, NULL) != value) {
        snprintf(text, sizeof text, "%.17g", value);
    } else {
        snprintf(shorter, sizeof shorter, "%.15g", value);
        if (strtod(shorter, NULL) == value)
            memcpy(text, shorter, sizeof text);
    }
    qn_buf_append(out, text, strlen(text));
}

void qn_put_real(struct qn_buf *out, double value, bool single)
{
    char text[40];
    if (isnan(value) || isinf(value)) {
        qn_buf_printf(out, "%s", isnan(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity");
        return;
    }
    if (!single) {
        if (!put_decimal(out, value))
            put_long(out, value);
        return;
    }
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtof(text, NULL) == (float)value)
            break;
    }
    qn_buf_append(out, text, strlen(text));
}
