/* Values as text: see text.h. */
#include "format/parquet/text.h"

#include "base/calendar.h"
#include "base/utf8.h"
#include "format/text/number_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S            86400
#define JULIAN_1970      2440588 /* Julian day of 1970-01-01, which INT96 counts from noon */
#define MAX_DECIMAL      64u     /* bytes; longer ones are shown in hex */
#define MAX_DECIMAL_TEXT (MAX_DECIMAL * 5 / 2 + 8)

static int64_t load_i64(const uint8_t *bytes)
{
    int64_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static int32_t load_i32(const uint8_t *bytes)
{
    int32_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static double half_to_double(const uint8_t *bytes)
{
    uint16_t bits;
    memcpy(&bits, bytes, sizeof bits);
    int exponent = bits >> 10 & 31;
    double fraction = bits & 0x3ff;
    double value = exponent == 31  ? (fraction != 0 ? (double)NAN : (double)INFINITY)
                   : exponent == 0 ? ldexp(fraction, -24)
                                   : ldexp(fraction + 1024, exponent - 25);
    return bits & 0x8000 ? -value : value;
}

/* ---- decimals ------------------------------------------------------------------------------- */

/* Digits of a big-endian magnitude, highest first, without leading zeros; returns their number. */
static size_t decimal_digits(uint8_t *magnitude, size_t len, char *digits)
{
    size_t count = 0;
    for (size_t first = 0; first < len;) {
        unsigned rest = 0;
        for (size_t i = first; i < len; i++) {
            rest = rest << 8 | magnitude[i];
            magnitude[i] = (uint8_t)(rest / 10);
            rest %= 10;
        }
        digits[count++] = (char)('0' + rest);
        while (first < len && magnitude[first] == 0)
            first++;
    }
    for (size_t i = 0; i < count / 2; i++) {
        char digit = digits[i];
        digits[i] = digits[count - 1 - i];
        digits[count - 1 - i] = digit;
    }
    return count;
}

/* `bytes` is two's complement, big-endian. A scale beyond all digits there can be is written as an
 * exponent: files may claim one of two billion. */
static void put_decimal(struct qn_buf *out, const uint8_t *bytes, size_t len, int32_t scale)
{
    uint8_t magnitude[MAX_DECIMAL];
    char digits[MAX_DECIMAL_TEXT];
    bool negative = len > 0 && bytes[0] & 0x80;
    unsigned carry = negative;
    for (size_t i = len; i-- > 0;) {
        unsigned byte = (negative ? (uint8_t)~bytes[i] : bytes[i]) + carry;
        magnitude[i] = (uint8_t)byte;
        carry = byte >> 8;
    }
    size_t count = carry ? 0 : decimal_digits(magnitude, len, digits);
    bool far = scale > (int32_t)MAX_DECIMAL_TEXT;
    size_t fraction = scale > 0 && !far ? (size_t)scale : 0;
    if (negative)
        qn_buf_u8(out, '-');
    if (count <= fraction)
        qn_buf_u8(out, '0');
    else
        qn_buf_append(out, digits, count - fraction);
    if (far)
        qn_buf_printf(out, "E-%" PRId32, scale);
    if (fraction == 0)
        return;
    qn_buf_u8(out, '.');
    for (size_t i = count; i < fraction; i++)
        qn_buf_u8(out, '0');
    size_t shown = count < fraction ? count : fraction;
    qn_buf_append(out, digits + (count - shown), shown);
}

static void put_small_decimal(struct qn_buf *out, int64_t value, int32_t scale)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)value >> (56 - 8 * i));
    put_decimal(out, bytes, sizeof bytes, scale);
}

/* ---- dates and times ------------------------------------------------------------------------ */

static void put_date(struct qn_buf *out, int64_t days)
{
    struct qn_civil civil = qn_civil_from_days(days);
    uint64_t year = (uint64_t)llabs(civil.year);
    if (civil.year < 0 || civil.year > 9999)
        qn_buf_u8(out, civil.year < 0 ? '-' : '+');
    qn_put_padded(out, year, 4);
    qn_buf_u8(out, '-');
    qn_put_padded(out, civil.month, 2);
    qn_buf_u8(out, '-');
    qn_put_padded(out, civil.day, 2);
}

/* Seconds of a day and a fraction of `digits` digits, of which trailing zeros are left out. */
static void put_time(struct qn_buf *out, int64_t seconds, int64_t fraction, unsigned digits)
{
    qn_put_padded(out, (uint64_t)seconds / 3600, 2);
    qn_buf_u8(out, ':');
    qn_put_padded(out, (uint64_t)seconds / 60 % 60, 2);
    qn_buf_u8(out, ':');
    qn_put_padded(out, (uint64_t)seconds % 60, 2);
    if (fraction == 0)
        return;
    for (; fraction % 10 == 0; digits--)
        fraction /= 10;
    qn_buf_u8(out, '.');
    qn_put_padded(out, (uint64_t)fraction, digits);
}

static int64_t per_second(uint8_t unit)
{
    return unit == QN_PQ_NANOS ? 1000000000 : unit == QN_PQ_MICROS ? 1000000 : 1000;
}

static void put_timestamp(struct qn_buf *out, int64_t value, uint8_t unit, bool utc)
{
    int64_t per_day = per_second(unit) * DAY_S;
    int64_t days = qn_floor_div(value, per_day);
    int64_t rest = value % per_day;
    rest += rest < 0 ? per_day : 0;
    put_date(out, days);
    qn_buf_u8(out, 'T');
    put_time(out, rest / per_second(unit), rest % per_second(unit), 3u * unit);
    if (utc)
        qn_buf_u8(out, 'Z');
}

static void put_int96(struct qn_buf *out, const uint8_t *bytes)
{
    uint64_t nanos;
    uint32_t julian;
    memcpy(&nanos, bytes, sizeof nanos);
    memcpy(&julian, bytes + sizeof nanos, sizeof julian);
    uint64_t day_ns = DAY_S * UINT64_C(1000000000);
    put_date(out, (int64_t)julian - JULIAN_1970 + (int64_t)(nanos / day_ns));
    qn_buf_u8(out, 'T');
    nanos %= day_ns;
    put_time(out, (int64_t)(nanos / 1000000000), (int64_t)(nanos % 1000000000), 9);
}

const char *qn_parquet_instant_text(int64_t micros, bool utc, char text[40])
{
    struct qn_buf out = {0};
    put_timestamp(&out, micros, QN_PQ_MICROS, utc);
    snprintf(text, 40, "%.*s", out.failed ? 0 : (int)out.len, (const char *)out.data);
    qn_buf_release(&out);
    return text;
}

/* ---- bytes ---------------------------------------------------------------------------------- */

static void put_hex(struct qn_buf *out, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        qn_buf_u8(out, (uint8_t) "0123456789abcdef"[bytes[i] >> 4]);
        qn_buf_u8(out, (uint8_t) "0123456789abcdef"[bytes[i] & 15]);
    }
}

static void put_uuid(struct qn_buf *out, const uint8_t *bytes)
{
    static const uint8_t groups[] = {4, 2, 2, 2, 6};
    for (size_t g = 0; g < sizeof groups; bytes += groups[g++]) {
        if (g > 0)
            qn_buf_u8(out, '-');
        put_hex(out, bytes, groups[g]);
    }
}

static void put_interval(struct qn_buf *out, const uint8_t *bytes)
{
    qn_buf_printf(out, "%" PRIu32 " months %" PRIu32 " days %" PRIu32 " ms",
                  (uint32_t)load_i32(bytes), (uint32_t)load_i32(bytes + 4),
                  (uint32_t)load_i32(bytes + 8));
}

static bool is_text(const struct qn_parquet_node *leaf)
{
    return leaf->meaning == QN_PQ_MEANS_STRING || leaf->meaning == QN_PQ_MEANS_ENUM ||
           leaf->meaning == QN_PQ_MEANS_JSON;
}

/* ---- any value ------------------------------------------------------------------------------ */

static void put_integer(struct qn_buf *out, const struct qn_parquet_node *leaf, int64_t value)
{
    bool narrow = leaf->physical == PQ_INT32;
    switch (leaf->meaning) {
    case QN_PQ_MEANS_DATE:
        put_date(out, value);
        break;
    case QN_PQ_MEANS_TIMESTAMP:
        put_timestamp(out, value, leaf->unit, leaf->utc);
        break;
    case QN_PQ_MEANS_TIME:
        if (value >= 0 && value / per_second(leaf->unit) < DAY_S)
            put_time(out, value / per_second(leaf->unit), value % per_second(leaf->unit),
                     3u * leaf->unit);
        else
            qn_put_signed(out, value);
        break;
    case QN_PQ_MEANS_DECIMAL:
        put_small_decimal(out, value, leaf->scale);
        break;
    default:
        if (leaf->meaning == QN_PQ_MEANS_INTEGER && leaf->bits < 0)
            qn_put_unsigned(out, narrow ? (uint32_t)value : (uint64_t)value);
        else
            qn_put_signed(out, value);
    }
}

static void put_bytes(struct qn_buf *out, const struct qn_parquet_node *leaf, const uint8_t *bytes,
                      size_t len)
{
    if (leaf->meaning == QN_PQ_MEANS_DECIMAL && len <= MAX_DECIMAL)
        put_decimal(out, bytes, len, leaf->scale);
    else if (leaf->meaning == QN_PQ_MEANS_UUID)
        put_uuid(out, bytes);
    else if (leaf->meaning == QN_PQ_MEANS_FLOAT16)
        qn_put_real(out, half_to_double(bytes), true);
    else if (leaf->meaning == QN_PQ_MEANS_INTERVAL)
        put_interval(out, bytes);
    else
        put_hex(out, bytes, len);
}

/* Whether a value is a number or boolean in JSON as it is. */
static bool is_bare(const struct qn_parquet_node *leaf, const uint8_t *bytes)
{
    float single;
    double real;
    switch (leaf->physical) {
    case PQ_BOOLEAN:
        return true;
    case PQ_INT32:
    case PQ_INT64:
        return leaf->meaning == QN_PQ_MEANS_NOTHING || leaf->meaning == QN_PQ_MEANS_INTEGER ||
               leaf->meaning == QN_PQ_MEANS_OTHER;
    case PQ_FLOAT:
        memcpy(&single, bytes, sizeof single);
        return isfinite(single);
    case PQ_DOUBLE:
        memcpy(&real, bytes, sizeof real);
        return isfinite(real);
    default:
        return leaf->meaning == QN_PQ_MEANS_FLOAT16 && isfinite(half_to_double(bytes));
    }
}

static void put_plain(struct qn_buf *out, const struct qn_parquet_node *leaf, const uint8_t *bytes,
                      size_t len)
{
    float single;
    double real;
    switch (leaf->physical) {
    case PQ_BOOLEAN:
        qn_buf_append(out, bytes[0] ? "true" : "false", bytes[0] ? 4 : 5);
        break;
    case PQ_INT32:
        put_integer(out, leaf, load_i32(bytes));
        break;
    case PQ_INT64:
        put_integer(out, leaf, load_i64(bytes));
        break;
    case PQ_INT96:
        put_int96(out, bytes);
        break;
    case PQ_FLOAT:
        memcpy(&single, bytes, sizeof single);
        qn_put_real(out, (double)single, true);
        break;
    case PQ_DOUBLE:
        memcpy(&real, bytes, sizeof real);
        qn_put_real(out, real, false);
        break;
    default:
        put_bytes(out, leaf, bytes, len);
    }
}

/* Bytes that stand for themselves: printable ASCII but for quotes and backslashes. */
static size_t plain_run(const char *text, size_t len)
{
    size_t n = 0;
    while (n < len && text[n] >= 0x20 && text[n] < 0x7f && text[n] != '"' && text[n] != '\\')
        n++;
    return n;
}

void qn_parquet_put_json_text(struct qn_buf *out, const char *text, size_t len)
{
    qn_buf_u8(out, '"');
    for (size_t i = 0; i < len;) {
        size_t run = plain_run(text + i, len - i);
        if (run > 0) {
            qn_buf_append(out, text + i, run);
            i += run;
            continue;
        }
        size_t step = qn_utf8_length(text + i, len - i);
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            qn_buf_printf(out, "\\%c", c);
        else if (c == '\n')
            qn_buf_printf(out, "\\n");
        else if (c < 0x20 || c == 0x7f)
            qn_buf_printf(out, "\\u%04x", c);
        else if (step == 0)
            qn_buf_printf(out, "\xef\xbf\xbd");
        else
            qn_buf_append(out, text + i, step);
        i += step ? step : 1;
    }
    qn_buf_u8(out, '"');
}

void qn_parquet_put_value(struct qn_buf *out, const struct qn_parquet_node *leaf,
                          const uint8_t *bytes, size_t len, enum qn_parquet_style style)
{
    if (is_text(leaf)) {
        if (style == QN_PARQUET_JSON)
            qn_parquet_put_json_text(out, (const char *)bytes, len);
        else
            qn_buf_append(out, bytes, len);
        return;
    }
    bool quoted = style == QN_PARQUET_JSON && !is_bare(leaf, bytes);
    if (quoted)
        qn_buf_u8(out, '"');
    put_plain(out, leaf, bytes, len);
    if (quoted)
        qn_buf_u8(out, '"');
}
