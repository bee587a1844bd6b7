/* Conditions on rows: see when.h. */
#include "pipelines/parquet/when.h"

#include "base/calendar.h"
#include "compute/zone.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- values of text ------------------------------------------------------------------------- */

/* A date, with or without a time of day, in microseconds since 1970; false if it is none. */
static bool instant_of_text(const char *text, int64_t *micros)
{
    struct qn_utc utc;
    if (!qn_utc_parse(text, strlen(text), &utc))
        return false;
    *micros = utc.day * QN_DAY_US + llround(utc.second * 1e6);
    return true;
}

/* "-12.5" as an integer of units of 10^-scale; false if it is none, or finer than that. */
static bool decimal_of_text(const char *text, int32_t scale, __int128 *value)
{
    bool negative = *text == '-', any = false;
    int32_t fraction = -1; /* digits behind the point so far; -1: it did not come yet */
    *value = 0;
    text += *text == '-' || *text == '+';
    for (; (*text >= '0' && *text <= '9') || (*text == '.' && fraction < 0); text++) {
        if (*text == '.') {
            fraction = 0;
            continue;
        }
        any = true;
        if (fraction >= scale && *text != '0')
            return false;
        if (fraction >= scale)
            continue;
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, *text - '0', value))
            return false;
        fraction += fraction >= 0;
    }
    for (int32_t i = fraction < 0 ? 0 : fraction; i < scale; i++) {
        if (__builtin_mul_overflow(*value, 10, value))
            return false;
    }
    *value = negative ? -*value : *value;
    return any && !*text;
}

static int64_t timestamp_of(const struct qn_parquet_node *leaf, int64_t micros)
{
    if (leaf->meaning == QN_PQ_MEANS_DATE)
        return qn_floor_div(micros, QN_DAY_US);
    return leaf->unit == QN_PQ_MILLIS  ? qn_floor_div(micros, 1000)
           : leaf->unit == QN_PQ_NANOS ? micros * 1000
                                       : micros;
}

static bool integer_of_text(const struct qn_parquet_node *leaf, const char *text, int64_t *value)
{
    char *end;
    __int128 wide;
    int64_t micros;
    bool narrow = leaf->physical == PQ_INT32;
    if (leaf->meaning == QN_PQ_MEANS_DATE || leaf->meaning == QN_PQ_MEANS_TIMESTAMP) {
        if (!instant_of_text(text, &micros))
            return false;
        *value = timestamp_of(leaf, micros);
    } else if (leaf->meaning == QN_PQ_MEANS_DECIMAL) {
        if (!decimal_of_text(text, leaf->scale, &wide) || wide != (int64_t)wide)
            return false;
        *value = (int64_t)wide;
    } else {
        errno = 0;
        *value = leaf->bits < 0 ? (int64_t)strtoull(text, &end, 10) : strtoll(text, &end, 10);
        if (end == text || *end || errno || (leaf->bits < 0 && *text == '-'))
            return false;
        if (leaf->bits < 0)
            return !narrow || (uint64_t)*value <= UINT32_MAX;
    }
    return !narrow || *value == (int32_t)*value;
}

static size_t real_of_text(const struct qn_parquet_node *leaf, const char *text, uint8_t *bytes)
{
    char *end;
    double real = strtod(text, &end);
    float single = (float)real;
    bool narrow = leaf->physical == PQ_FLOAT;
    if (end == text || *end)
        return 0;
    memcpy(bytes, narrow ? (const void *)&single : (const void *)&real, narrow ? 4 : 8);
    return narrow ? 4 : 8;
}

/* Two's complement, big-endian, in as many bytes as the type has, or 16. */
static size_t wide_decimal_of_text(const struct qn_parquet_node *leaf, const char *text,
                                   uint8_t *bytes, size_t size)
{
    __int128 value;
    size_t len = leaf->physical == PQ_FIXED ? leaf->length : sizeof value;
    if (len > size || !decimal_of_text(text, leaf->scale, &value))
        return 0;
    for (size_t i = len; i-- > 0; value >>= 8)
        bytes[i] = (uint8_t)value;
    return value == 0 || value == -1 ? len : 0;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) % 16 : -1;
}

/* "8a393acf-...", with or without hyphens. */
static size_t uuid_of_text(const char *text, uint8_t *bytes)
{
    size_t count = 0;
    for (; *text && count < 16; text += *text != '\0') {
        if (*text == '-')
            continue;
        int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);
        if (low < 0)
            return 0;
        bytes[count++] = (uint8_t)(high << 4 | low);
        text++;
    }
    return count == 16 && !*text ? 16 : 0;
}

/* Text as a stored value of the leaf's type: numbers, dates, timestamps (2024-03-10,
 * 2024-03-10T07:45, with seconds, fraction and Z if wanted), texts. At most `size` bytes; 0 if the
 * text is no such value. */
static size_t stored_of_text(const struct qn_parquet_node *leaf, const char *text, uint8_t *bytes,
                             size_t size)
{
    int64_t value;
    size_t len = strlen(text);
    switch (leaf->physical) {
    case PQ_INT32:
    case PQ_INT64:
        len = leaf->physical == PQ_INT32 ? 4 : 8;
        if (!integer_of_text(leaf, text, &value))
            return 0;
        memcpy(bytes, &value, len); /* the low bytes, if it is narrow */
        return len;
    case PQ_FLOAT:
    case PQ_DOUBLE:
        return real_of_text(leaf, text, bytes);
    case PQ_BOOLEAN:
        bytes[0] = !strcmp(text, "true");
        return bytes[0] || !strcmp(text, "false");
    default:
        break;
    }
    if (leaf->meaning == QN_PQ_MEANS_DECIMAL)
        return wide_decimal_of_text(leaf, text, bytes, size);
    if (leaf->meaning == QN_PQ_MEANS_UUID)
        return uuid_of_text(text, bytes);
    if (leaf->physical != PQ_BYTE_ARRAY || len > size)
        return 0;
    memcpy(bytes, text, len);
    return len;
}

/* ---- rows ----------------------------------------------------------------------------------- */

enum qn_status qn_when_parse(struct qn_when *when, const struct qn_options *options,
                             struct qn_error *err)
{
    const char *column = qn_option_string(options, "where");
    const char *from = qn_option_string(options, "from");
    const char *until = qn_option_string(options, "until");
    *when = (struct qn_when){.column = ""};
    if (!column && (from || until))
        return qn_fail(err, QN_ERR_USAGE, "--from and --until need --where COLUMN.");
    if (column && !from && !until)
        return qn_fail(err, QN_ERR_USAGE, "--where needs --from, --until, or both.");
    snprintf(when->column, sizeof when->column, "%s", column ? column : "");
    snprintf(when->from, sizeof when->from, "%s", from ? from : "");
    snprintf(when->until, sizeof when->until, "%s", until ? until : "");
    return QN_OK;
}

static enum qn_status set_bound(const struct qn_when *when, const char *text, uint8_t *bytes,
                                size_t *len, struct qn_error *err)
{
    const struct qn_parquet_node *leaf = qn_parquet_node(when->opened->file, when->node);
    char type[96];
    *len = *text ? stored_of_text(leaf, text, bytes, 256) : 0;
    if (!*text || *len > 0)
        return QN_OK;
    return qn_fail(err, QN_ERR_USAGE, "'%s' is no value of column '%s', which is %s.", text,
                   when->column, qn_parquet_type_text(leaf, type, sizeof type));
}

enum qn_status qn_when_open(struct qn_when *when, const struct qn_opened *opened,
                            struct qn_error *err)
{
    when->opened = opened;
    when->left = 0;
    if (!when->column[0])
        return QN_OK;
    enum qn_status status = qn_column_by_name(opened, when->column, &when->node, err);
    if (status)
        return status;
    const struct qn_parquet_node *leaf = qn_parquet_node(opened->file, when->node);
    if (!leaf->is_leaf || leaf->max_rep > 0 || qn_parquet_order(leaf) == QN_PQ_ORDER_NONE)
        return qn_fail(err, QN_ERR_USAGE, "column '%s' has no order to compare by.", when->column);
    status = set_bound(when, when->from, when->low, &when->low_len, err);
    return status ? status : set_bound(when, when->until, when->high, &when->high_len, err);
}

void qn_when_group(struct qn_when *when, size_t group)
{
    when->group = group;
}

static bool inside(const struct qn_when *when, const uint8_t *bytes, size_t len)
{
    enum qn_parquet_order order = qn_parquet_order(qn_parquet_node(when->opened->file, when->node));
    if (when->low_len && qn_parquet_compare(order, bytes, len, when->low, when->low_len) < 0)
        return false;
    return !when->high_len || qn_parquet_compare(order, bytes, len, when->high, when->high_len) < 0;
}

enum qn_status qn_when_next(struct qn_when *when, bool *keep, struct qn_error *err)
{
    *keep = true;
    if (!when->column[0])
        return QN_OK;
    enum qn_status status = QN_OK;
    while (!status && when->left == 0) {
        qn_when_close(when);
        when->left = qn_parquet_group_rows(when->opened->file, when->group);
        status = qn_parquet_records_open(&when->records, when->opened->file, when->group++,
                                         &when->node, 1, err);
    }
    const uint8_t *bytes = NULL;
    size_t len = 0;
    if (!status)
        status = qn_parquet_records_value(when->records, 0, &bytes, &len, err);
    when->left--;
    *keep = bytes && inside(when, bytes, len);
    return status;
}

void qn_when_close(struct qn_when *when)
{
    qn_parquet_records_close(when->records);
    when->records = NULL;
}
