/* Keys of rows: see keys.h. */
#include "pipelines/parquet/keys.h"

#include "base/sys.h"
#include "format/parquet/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NAMES 200000u /* series whose names are kept */

void qn_keys_release(struct qn_keys *keys)
{
    struct qn_buf *buffers[] = {&keys->entries, &keys->names, &keys->slots, &keys->cell,
                                &keys->row};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        qn_buf_release(buffers[i]);
}

int qn_key_compare(const struct qn_key_entry *a, const struct qn_key_entry *b)
{
    int order = memcmp(&a->series, &b->series, sizeof a->series);
    if (order)
        return order;
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    if (a->unit != b->unit)
        return a->unit < b->unit ? -1 : 1;
    uint32_t x = a->row & ~QN_KEY_TWICE, y = b->row & ~QN_KEY_TWICE;
    return (x > y) - (x < y);
}

static int by_key(const void *a, const void *b)
{
    return qn_key_compare(a, b);
}

size_t qn_keys_count(const struct qn_keys *keys)
{
    return keys->entries.len / sizeof(struct qn_key_entry);
}

void qn_keys_sort(struct qn_keys *keys)
{
    if (keys->entries.len > 0)
        qsort(keys->entries.data, qn_keys_count(keys), sizeof(struct qn_key_entry), by_key);
}

bool qn_sort_key_column(const struct qn_opened *opened, const char *name, uint32_t *node)
{
    if (qn_column_by_name(opened, name, node, NULL))
        return false;
    const struct qn_parquet_node *leaf = qn_parquet_node(opened->file, *node);
    return leaf->is_leaf && leaf->max_rep == 0;
}

/* ---- names of series ------------------------------------------------------------------------ */

static uint64_t *slots_of(struct qn_keys *keys, size_t *mask)
{
    *mask = keys->slots.len / sizeof(uint64_t) - 1;
    return (uint64_t *)(void *)keys->slots.data;
}

/* Puts the name that starts at `place` of keys->names into a free slot. */
static void put_slot(struct qn_keys *keys, size_t place)
{
    size_t mask;
    uint64_t *slots = slots_of(keys, &mask), hash;
    memcpy(&hash, keys->names.data + place, sizeof hash);
    size_t i = (size_t)hash & mask;
    while (slots[i])
        i = (i + 1) & mask;
    slots[i] = place + 1;
}

static bool grow_slots(struct qn_keys *keys)
{
    size_t count = keys->slots.len ? 2 * keys->slots.len / sizeof(uint64_t) : 1024;
    qn_buf_clear(&keys->slots);
    uint8_t *room = qn_buf_reserve(&keys->slots, count * sizeof(uint64_t));
    if (!room)
        return false;
    memset(room, 0, count * sizeof(uint64_t));
    keys->slots.len = count * sizeof(uint64_t);
    for (size_t place = 0; place < keys->names.len;) {
        uint32_t len;
        memcpy(&len, keys->names.data + place + QN_HASH_BYTES, sizeof len);
        put_slot(keys, place);
        place += QN_HASH_BYTES + sizeof len + len;
    }
    return true;
}

static bool keep_name(struct qn_keys *keys, const struct qn_hash *hash, const struct qn_buf *text)
{
    size_t mask;
    uint64_t start;
    if (2 * (keys->name_count + 1) * sizeof(uint64_t) > keys->slots.len && !grow_slots(keys))
        return false;
    uint64_t *slots = slots_of(keys, &mask);
    memcpy(&start, hash->bytes, sizeof start);
    for (size_t i = (size_t)start & mask; slots[i]; i = (i + 1) & mask) {
        if (!memcmp(keys->names.data + slots[i] - 1, hash, sizeof *hash))
            return true;
    }
    if (keys->name_count == MAX_NAMES)
        return true;
    size_t place = keys->names.len;
    size_t len = text->len < 200 ? text->len : 200;
    qn_buf_append(&keys->names, hash, sizeof *hash);
    qn_buf_u32(&keys->names, (uint32_t)len);
    qn_buf_append(&keys->names, text->data, len);
    if (keys->names.failed)
        return false;
    keys->name_count++;
    put_slot(keys, place);
    return true;
}

/* ---- rows ----------------------------------------------------------------------------------- */

struct reading { /* one group's keys */
    struct qn_keys *keys;
    struct qn_check *check;
    const struct qn_settings *settings;
    struct qn_parquet_records *records;
    uint32_t *columns;
    size_t count;    /* key columns, then the time, then the flag, then all others */
    size_t time;     /* place of the time; SIZE_MAX: none */
    size_t repeated; /* and of the flag */
    size_t others;   /* where the others begin */
    const struct qn_parquet_node *time_leaf;
    struct qn_hash last_series; /* rows of one series often follow one another */
    bool has_last;
    struct qn_finding where;
};

static void add_others(struct reading *r)
{
    const struct qn_parquet_file *file = r->check->opened->file;
    for (uint32_t n = 1; n < qn_parquet_node(file, 0)->next; n = qn_parquet_node(file, n)->next) {
        bool used = false;
        for (size_t i = 0; i < r->others; i++)
            used |= r->columns[i] == n;
        const struct qn_parquet_node *node = qn_parquet_node(file, n);
        if (!used && node->is_leaf && node->max_rep == 0)
            r->columns[r->count++] = n;
    }
}

/* The columns to read; false if the file does not have those of the key. */
static bool choose(struct reading *r)
{
    const struct qn_settings *settings = r->settings;
    const struct qn_opened *opened = r->check->opened;
    for (size_t k = 0; k < settings->key_count; k++) {
        if (!qn_sort_key_column(opened, settings->key[k], &r->columns[r->count++]))
            return false;
    }
    r->time = r->repeated = SIZE_MAX;
    if (settings->time[0]) {
        r->time = r->count;
        if (!qn_sort_key_column(opened, settings->time, &r->columns[r->count++]))
            return false;
        r->time_leaf = qn_parquet_node(opened->file, r->columns[r->time]);
        if (r->time_leaf->meaning != QN_PQ_MEANS_TIMESTAMP &&
            r->time_leaf->meaning != QN_PQ_MEANS_DATE && r->time_leaf->physical != PQ_INT96)
            return false;
    }
    if (settings->repeated[0]) {
        uint32_t node;
        if (!qn_sort_key_column(opened, settings->repeated, &node))
            return false;
        for (size_t i = 0; i < r->count; i++)
            r->repeated = r->columns[i] == node ? i : r->repeated;
        if (r->repeated == SIZE_MAX) {
            r->repeated = r->count;
            r->columns[r->count++] = node;
        }
    }
    r->others = r->count;
    add_others(r);
    return true;
}

/* A stored time in microseconds. */
static int64_t micros_of(const struct qn_parquet_node *leaf, const uint8_t *bytes)
{
    int64_t wide;
    int32_t days;
    if (leaf->physical == PQ_INT32) {
        memcpy(&days, bytes, sizeof days);
        return days * INT64_C(86400000000);
    }
    memcpy(&wide, bytes, sizeof wide);
    if (leaf->physical == PQ_INT96) {
        uint32_t julian;
        memcpy(&julian, bytes + 8, sizeof julian);
        return ((int64_t)julian - 2440588) * INT64_C(86400000000) + wide / 1000;
    }
    if (leaf->unit == QN_PQ_NANOS)
        return wide / 1000 - (wide % 1000 < 0);
    return leaf->unit == QN_PQ_MILLIS ? (int64_t)((uint64_t)wide * 1000) : wide;
}

static bool is_yes(const uint8_t *bytes, size_t len)
{
    return bytes && len > 0 &&
           (bytes[0] == 1 || bytes[0] == 'Y' || bytes[0] == 'y' || bytes[0] == 't' ||
            bytes[0] == 'T' || bytes[0] == '1');
}

/* Local times to UTC. Whether a time that clocks show twice is the second one, the flag tells;
 * without it, the merge counts. */
static void place_time(struct reading *r, struct qn_key_entry *entry, const uint8_t *flag,
                       size_t flag_len)
{
    bool local = r->time_leaf->meaning == QN_PQ_MEANS_TIMESTAMP && !r->time_leaf->utc;
    int64_t utc;
    if (!local || !r->settings->grid.zone)
        return;
    enum qn_local state = qn_zone_to_utc(r->settings->grid.zone, entry->time, &utc);
    if (state == QN_LOCAL_SKIPPED) {
        char text[40];
        qn_finding_set(&r->where, QN_FIND_NO_SUCH_TIME, "%s does not exist in %s",
                       qn_parquet_instant_text(entry->time, false, text),
                       r->settings->grid.zone->name);
        qn_check_tell(r->check, &r->where);
    }
    entry->time = utc;
    if (state == QN_LOCAL_TWICE && r->repeated == SIZE_MAX)
        entry->row |= QN_KEY_TWICE;
    else if (state == QN_LOCAL_TWICE && is_yes(flag, flag_len))
        entry->time += INT64_C(3600000000);
}

static void tell_null(struct reading *r, size_t column)
{
    const struct qn_parquet_node *node =
        qn_parquet_node(r->check->opened->file, r->columns[column]);
    snprintf(r->where.column, sizeof r->where.column, "%s", node->name);
    qn_finding_set(&r->where, QN_FIND_NULL_KEY, "the key is null");
    qn_check_tell(r->check, &r->where);
}

/* A value's bytes, told apart from what follows, for hashing. */
static void put_bytes(struct qn_buf *out, const uint8_t *bytes, size_t len)
{
    qn_buf_u32(out, bytes ? (uint32_t)len : UINT32_MAX);
    qn_buf_append(out, bytes, bytes ? len : 0);
}

static bool name_series(struct reading *r, const struct qn_key_entry *entry,
                        const struct qn_buf *name)
{
    if (r->has_last && !memcmp(&r->last_series, &entry->series, sizeof entry->series))
        return true;
    r->last_series = entry->series;
    r->has_last = true;
    return keep_name(r->keys, &entry->series, name);
}

struct row_state { /* of the row being read */
    struct qn_key_entry *entry;
    const uint8_t *flag; /* the cell of --repeated */
    size_t flag_len;
    bool null; /* a key is null */
};

/* Cell c of the row; `bytes` is NULL if it is null. */
static void take_cell(struct reading *r, size_t c, const uint8_t *bytes, size_t len,
                      struct row_state *state)
{
    struct qn_buf *name = &r->keys->cell;
    bool key = c < r->settings->key_count;
    bool needed = c <= r->settings->key_count && c < r->others && c != r->repeated;
    if (needed && !bytes) {
        tell_null(r, c);
        state->null = true;
    }
    if (key && bytes && r->time != SIZE_MAX) {
        if (c > 0)
            qn_buf_append(name, ", ", 2);
        qn_parquet_put_value(name, qn_parquet_node(r->check->opened->file, r->columns[c]), bytes,
                             len, QN_PARQUET_PLAIN);
    }
    if (c == r->time) {
        if (bytes)
            state->entry->time = micros_of(r->time_leaf, bytes);
        return;
    }
    if (c == r->repeated) {
        state->flag = bytes;
        state->flag_len = len;
    }
    put_bytes(&r->keys->row, bytes, len);
}

static enum qn_status read_row(struct reading *r, struct qn_key_entry *entry, struct qn_error *err)
{
    struct qn_keys *keys = r->keys;
    struct qn_buf *row = &keys->row, *name = &keys->cell;
    struct row_state state = {.entry = entry};
    qn_buf_clear(row);
    qn_buf_clear(name);
    for (size_t c = 0; c < r->count; c++) {
        const uint8_t *bytes;
        size_t len;
        enum qn_status status = qn_parquet_records_value(r->records, c, &bytes, &len, err);
        if (status)
            return status;
        if (c == r->settings->key_count) {
            entry->series = qn_hash_of(row->data, row->len);
            qn_buf_rewind(row);
        }
        take_cell(r, c, bytes, len, &state);
    }
    struct qn_hash rest = qn_hash_of(row->data, row->len);
    if (r->count == r->settings->key_count)
        entry->series = rest;
    memcpy(&entry->content, rest.bytes, sizeof entry->content);
    if (state.null)
        return QN_OK;
    if (r->time != SIZE_MAX)
        place_time(r, entry, state.flag, state.flag_len);
    qn_buf_append(&keys->entries, entry, sizeof *entry);
    if ((r->time != SIZE_MAX && !name_series(r, entry, name)) || keys->entries.failed ||
        row->failed)
        return qn_fail_memory(err, "keys", keys->entries.len);
    return QN_OK;
}

static enum qn_status read_rows(struct reading *r, uint64_t rows, uint32_t unit, uint32_t row,
                                uint64_t first_row, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (uint64_t i = 0; i < rows && !status; i++) {
        struct qn_key_entry entry = {
            .time = QN_NO_TIME, .unit = unit, .row = (uint32_t)(row + i) & ~QN_KEY_TWICE};
        r->where.row = (int64_t)(first_row + i);
        snprintf(r->where.column, sizeof r->where.column, "%s", r->settings->time);
        status = read_row(r, &entry, err);
    }
    return status;
}

enum qn_status qn_keys_add_group(struct qn_keys *keys, struct qn_check *check,
                                 const struct qn_settings *settings, size_t group, uint32_t unit,
                                 uint32_t row, uint64_t first_row, struct qn_error *err)
{
    struct qn_parquet_file *file = check->opened->file;
    struct reading r = {.keys = keys, .check = check, .settings = settings};
    struct qn_error cause = {.offset = -1};
    size_t room = qn_parquet_node_count(file) + QN_MAX_KEY + 2;
    enum qn_status status = QN_OK;
    r.where = (struct qn_finding){.file = check->file,
                                  .group = (int64_t)group,
                                  .page = -1,
                                  .offset = -1,
                                  .row = -1,
                                  .count = 1};
    r.columns = qn_sys.calloc(room, sizeof *r.columns);
    if (!r.columns)
        return qn_fail_memory(err, "keys", room * sizeof *r.columns);
    memset(check->seen, 0, sizeof check->seen);
    if (choose(&r)) {
        status = qn_parquet_records_open(&r.records, file, group, r.columns, r.count, &cause);
        if (!status)
            status =
                read_rows(&r, qn_parquet_group_rows(file, group), unit, row, first_row, &cause);
    }
    qn_parquet_records_close(r.records);
    free(r.columns);
    if (qn_check_is_finding(status))
        return QN_OK; /* damage is told with its column */
    if (status && err)
        *err = cause;
    return status;
}
