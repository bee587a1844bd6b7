/* Values of a header column as keys, sets of them, and axes: see axis.h. */
#include "pipelines/segy/survey/axis.h"

#include "base/sys.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- keys ----------------------------------------------------------------------------------- */

static int64_t key_of_real(double value)
{
    int64_t bits;
    double plain = value == 0 ? 0 : value; /* no -0 */
    memcpy(&bits, &plain, sizeof bits);
    return bits < 0 ? bits ^ INT64_MAX : bits;
}

static double real_of_key(int64_t key)
{
    double value;
    int64_t bits = key < 0 ? key ^ INT64_MAX : key;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static bool is_real(enum qn_dtype dtype)
{
    return dtype == QN_FLOAT32 || dtype == QN_FLOAT64;
}

static int64_t key_at(enum qn_dtype dtype, const void *values, size_t i)
{
    switch (dtype) {
    case QN_INT8:
        return ((const int8_t *)values)[i];
    case QN_INT16:
        return ((const int16_t *)values)[i];
    case QN_INT32:
        return ((const int32_t *)values)[i];
    case QN_INT64:
        return ((const int64_t *)values)[i];
    case QN_UINT8:
        return ((const uint8_t *)values)[i];
    case QN_UINT16:
        return ((const uint16_t *)values)[i];
    case QN_UINT32:
        return ((const uint32_t *)values)[i];
    case QN_UINT64:
        return (int64_t)(((const uint64_t *)values)[i] ^ (UINT64_C(1) << 63));
    case QN_FLOAT32:
        return key_of_real((double)((const float *)values)[i]);
    default:
        return key_of_real(((const double *)values)[i]);
    }
}

size_t qn_axis_keys(enum qn_dtype dtype, const void *values, size_t n, int64_t *keys)
{
    for (size_t i = 0; i < n; i++)
        keys[i] = key_at(dtype, values, i);
    for (size_t i = 0; i < n && is_real(dtype); i++)
        if (isnan(real_of_key(keys[i])))
            return i;
    return n;
}

const char *qn_axis_text(enum qn_dtype dtype, int64_t key, char text[QN_AXIS_TEXT])
{
    if (is_real(dtype))
        snprintf(text, QN_AXIS_TEXT, "%.10g", real_of_key(key));
    else if (dtype == QN_UINT64)
        snprintf(text, QN_AXIS_TEXT, "%" PRIu64, (uint64_t)key ^ (UINT64_C(1) << 63));
    else
        snprintf(text, QN_AXIS_TEXT, "%" PRId64, key);
    return text;
}

void qn_axis_value(enum qn_dtype dtype, int64_t key, void *element)
{
    double real = is_real(dtype) ? real_of_key(key) : 0;
    float narrow = (float)real;
    uint64_t integer = dtype == QN_UINT64 ? (uint64_t)key ^ (UINT64_C(1) << 63) : (uint64_t)key;
    if (dtype == QN_FLOAT64)
        memcpy(element, &real, sizeof real);
    else if (dtype == QN_FLOAT32)
        memcpy(element, &narrow, sizeof narrow);
    else /* hosts are little-endian: the low bytes come first */
        memcpy(element, &integer, qn_dtype_bytes(dtype));
}

/* ---- sets ----------------------------------------------------------------------------------- */

/* The slot of a key, or the empty one that it may have. */
static struct qn_key_slot *slot_of(const struct qn_key_set *set, int64_t key)
{
    uint64_t mixed = (uint64_t)key * UINT64_C(0x9E3779B97F4A7C15);
    size_t slot = (size_t)(mixed >> 20) & (set->room - 1);
    while (set->slots[slot].used && set->slots[slot].key != key)
        slot = (slot + 1) & (set->room - 1);
    return &set->slots[slot];
}

static enum qn_status enlarge(struct qn_key_set *set, struct qn_error *err)
{
    struct qn_key_set larger = {.count = set->count, .room = set->room ? 2 * set->room : 64};
    larger.slots = qn_sys.calloc(larger.room, sizeof *larger.slots);
    if (!larger.slots)
        return qn_fail_memory(err, "the values of a dimension", larger.room * sizeof *larger.slots);
    for (size_t i = 0; i < set->room; i++)
        if (set->slots[i].used)
            *slot_of(&larger, set->slots[i].key) = set->slots[i];
    free(set->slots);
    *set = larger;
    return QN_OK;
}

enum qn_status qn_key_set_add(struct qn_key_set *set, int64_t key, struct qn_error *err)
{
    if (set->count * 2 >= set->room) {
        if (set->count >= QN_AXIS_MAX_VALUES)
            return qn_fail(err, QN_ERR_INPUT, "more than %llu different values",
                           (unsigned long long)QN_AXIS_MAX_VALUES);
        enum qn_status status = enlarge(set, err);
        if (status)
            return status;
    }
    struct qn_key_slot *slot = slot_of(set, key);
    set->count += !slot->used;
    *slot = (struct qn_key_slot){key, true};
    return QN_OK;
}

enum qn_status qn_key_set_add_all(struct qn_key_set *set, const struct qn_key_set *more,
                                  struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < more->room && !status; i++)
        if (more->slots[i].used)
            status = qn_key_set_add(set, more->slots[i].key, err);
    return status;
}

void qn_key_set_release(struct qn_key_set *set)
{
    free(set->slots);
    *set = (struct qn_key_set){0};
}

/* ---- axes ----------------------------------------------------------------------------------- */

static int rising(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Reals are placed by search: their keys have no step that means anything. */
static void find_step(struct qn_axis *axis)
{
    axis->step = 0;
    if (axis->count < 2 || is_real(axis->dtype))
        return;
    uint64_t step = (uint64_t)axis->keys[1] - (uint64_t)axis->keys[0];
    for (uint64_t i = 2; i < axis->count; i++)
        if ((uint64_t)axis->keys[i] - (uint64_t)axis->keys[i - 1] != step)
            return;
    axis->step = step <= INT64_MAX ? (int64_t)step : 0;
}

static enum qn_status allocate(struct qn_axis *axis, uint64_t count, struct qn_error *err)
{
    axis->count = count;
    axis->keys = qn_sys.malloc((count + 1) * sizeof *axis->keys);
    return axis->keys ? QN_OK
                      : qn_fail_memory(err, "a dimension of the grid", count * sizeof *axis->keys);
}

enum qn_status qn_axis_make(struct qn_axis *axis, const struct qn_key_set *set,
                            struct qn_error *err)
{
    enum qn_status status = allocate(axis, set->count, err);
    if (status)
        return status;
    size_t n = 0;
    for (size_t i = 0; i < set->room; i++)
        if (set->slots[i].used)
            axis->keys[n++] = set->slots[i].key;
    qsort(axis->keys, n, sizeof *axis->keys, rising);
    find_step(axis);
    return QN_OK;
}

enum qn_status qn_axis_count_up(struct qn_axis *axis, const char *name, uint64_t count,
                                struct qn_error *err)
{
    *axis = (struct qn_axis){.dtype = QN_INT32};
    snprintf(axis->name, sizeof axis->name, "%s", name);
    enum qn_status status = allocate(axis, count, err);
    for (uint64_t i = 0; i < count && !status; i++)
        axis->keys[i] = (int64_t)i;
    if (!status)
        find_step(axis);
    return status;
}

void qn_axis_release(struct qn_axis *axis)
{
    free(axis->keys);
    axis->keys = NULL;
    axis->count = 0;
}

uint64_t qn_axis_find(const struct qn_axis *axis, int64_t key, uint64_t near)
{
    if (near < axis->count && axis->keys[near] == key)
        return near;
    if (axis->step > 0) {
        uint64_t past = (uint64_t)key - (uint64_t)axis->keys[0];
        uint64_t place = past / (uint64_t)axis->step;
        return place < axis->count && axis->keys[place] == key ? place : axis->count;
    }
    uint64_t low = 0;
    uint64_t high = axis->count;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (axis->keys[middle] < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low < axis->count && axis->keys[low] == key ? low : axis->count;
}

const char *qn_axis_describe(const struct qn_axis *axis, char text[160])
{
    char first[QN_AXIS_TEXT];
    char last[QN_AXIS_TEXT];
    qn_axis_text(axis->dtype, axis->keys[0], first);
    qn_axis_text(axis->dtype, axis->keys[axis->count - 1], last);
    if (axis->count == 1)
        snprintf(text, 160, "1 value, %s", first);
    else if (axis->step > 0)
        snprintf(text, 160, "%" PRIu64 " values, %s to %s, step %" PRId64, axis->count, first, last,
                 axis->step);
    else
        snprintf(text, 160, "%" PRIu64 " values, %s to %s, uneven", axis->count, first, last);
    return text;
}

void qn_axis_encode(const struct qn_axis *axis, struct qn_buf *buf)
{
    qn_buf_text(buf, axis->name);
    qn_buf_text(buf, axis->column);
    qn_buf_u8(buf, (uint8_t)axis->dtype);
    qn_buf_u64(buf, axis->count);
    qn_buf_u64(buf, (uint64_t)axis->keys[0]);
    for (uint64_t i = 1; i < axis->count; i++)
        qn_buf_varint(buf, (uint64_t)axis->keys[i] - (uint64_t)axis->keys[i - 1]);
}

enum qn_status qn_axis_decode(struct qn_cursor *cursor, struct qn_axis *axis, struct qn_error *err)
{
    *axis = (struct qn_axis){0};
    qn_cursor_text(cursor, axis->name, sizeof axis->name);
    qn_cursor_text(cursor, axis->column, sizeof axis->column);
    axis->dtype = (enum qn_dtype)qn_cursor_u8(cursor);
    uint64_t count = qn_cursor_u64(cursor);
    uint64_t key = qn_cursor_u64(cursor);
    if (cursor->failed || axis->dtype >= QN_CHAR8 || count == 0 || count > cursor->len + 1)
        return qn_fail(err, QN_ERR_CORRUPT, "a dimension of the grid in the plan is damaged.");
    enum qn_status status = allocate(axis, count, err);
    if (status)
        return status;
    axis->keys[0] = (int64_t)key;
    for (uint64_t i = 1; i < count; i++)
        axis->keys[i] = (int64_t)(key += qn_cursor_varint(cursor));
    find_step(axis);
    return QN_OK;
}
