/* Conditions on rows: see when.h. */
#include "pipelines/parquet/when.h"

#include "base/calendar.h"
#include "compute/zone.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- values of text ------------------------------------------------------------------------- */

/* ".25" to microseconds; moves *text behind it. */
static int64_t fraction_of(const char **text)
{
    int64_t value = 0, unit = 100000;
    if (**text != '.')
        return 0;
    for (++*text; **text >= '0' && **text <= '9'; ++*text, unit /= 10)
        value += unit * (**text - '0');
    return value;
}

bool qn_instant_of_text(const char *text, int64_t *micros)
{
    int year, month, day, hour = 0, minute = 0, second = 0, len = 0;
    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &len) != 3 || month < 1 || month > 12 ||
        day < 1 || day > 31)
        return false;
    *micros = qn_days_from_civil(year, (unsigned)month, (unsigned)day) * QN_DAY_US;
    text += len;
    if (!*text)
        return true;
    len = 0;
    if ((*text != 'T' && *text != ' ') || sscanf(text + 1, "%2d:%2d%n", &hour, &minute, &len) != 2)
        return false;
    text += 1 + len;
    if (*text == ':' && sscanf(text, ":%2d%n", &second, &len) == 1)
        text += len;
    int64_t fraction = fraction_of(&text);
    text += *text == 'Z';
    if (*text || hour < 0 || hour > 24 || minute < 0 || minute > 59 || second < 0 || second > 60)
        return false;
    *micros += ((hour * 60 + minute) * 60 + second) * INT64_C(1000000) + fraction;
    return true;
}

static bool integer_of_text(const struct qn_parquet_node *leaf, const char *text, int64_t *value)
{
    char *end;
    int64_t micros;
    if (leaf->meaning == QN_PQ_MEANS_DATE || leaf->meaning == QN_PQ_MEANS_TIMESTAMP) {
        if (!qn_instant_of_text(text, &micros))
            return false;
        if (leaf->meaning == QN_PQ_MEANS_DATE)
            *value = qn_floor_div(micros, QN_DAY_US);
        else
            *value = leaf->unit == QN_PQ_MILLIS  ? micros / 1000
                     : leaf->unit == QN_PQ_NANOS ? micros * 1000
                                                 : micros;
        return true;
    }
    if (leaf->meaning == QN_PQ_MEANS_DECIMAL) {
        *value = llround(strtod(text, &end) * pow(10, leaf->scale));
        return end != text && !*end;
    }
    *value = leaf->bits < 0 ? (int64_t)strtoull(text, &end, 10) : strtoll(text, &end, 10);
    return end != text && !*end;
}

size_t qn_stored_of_text(const struct qn_parquet_node *leaf, const char *text, uint8_t *bytes,
                         size_t size)
{
    char *end;
    int64_t value;
    size_t len = strlen(text);
    if (leaf->physical == PQ_INT32 || leaf->physical == PQ_INT64) {
        if (!integer_of_text(leaf, text, &value))
            return 0;
        int32_t narrow = (int32_t)value;
        if (leaf->physical == PQ_INT32)
            memcpy(bytes, &narrow, sizeof narrow);
        else
            memcpy(bytes, &value, sizeof value);
        return leaf->physical == PQ_INT32 ? sizeof narrow : sizeof value;
    }
    if (leaf->physical == PQ_FLOAT || leaf->physical == PQ_DOUBLE) {
        double real = strtod(text, &end);
        float single = (float)real;
        if (end == text || *end)
            return 0;
        if (leaf->physical == PQ_FLOAT)
            memcpy(bytes, &single, sizeof single);
        else
            memcpy(bytes, &real, sizeof real);
        return leaf->physical == PQ_FLOAT ? sizeof single : sizeof real;
    }
    if (leaf->physical == PQ_BOOLEAN) {
        bytes[0] = !strcmp(text, "true");
        return bytes[0] || !strcmp(text, "false");
    }
    if (leaf->physical != PQ_BYTE_ARRAY || leaf->meaning == QN_PQ_MEANS_DECIMAL || len > size)
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
    *len = *text ? qn_stored_of_text(leaf, text, bytes, 256) : 0;
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
