/* Sorting and removing duplicates: see order.h. Market files come nearly in order: rows are
 * compared where they lie, and the few that are out of place moved. If they are many, the key's
 * columns are folded into one number per row (ranks of texts, distances from the smallest of
 * numbers; when 64 bits do not suffice what is there is replaced by its rank), and these are sorted
 * by digits of 11 bits. */
#include "pipelines/ercot/order.h"

#include "base/sys.h"
#include "compute/market_time.h"
#include "pipelines/ercot/clock.h"

#include <stdlib.h>
#include <string.h>

enum { DIGIT = 11, BUCKETS = 1 << DIGIT };

struct pair {
    uint64_t key;
    uint32_t row;
    uint32_t unused;
};

struct key { /* a column of it */
    const struct er_vector *vector;
    uint32_t *ranks;         /* of the ids of texts */
    const int64_t *integers; /* the values, if they are such; otherwise see number_of */
};

struct sorting {
    const struct er_table *table;
    const struct er_intake *intake;
    struct key keys[ER_KEYS];
    size_t key_count;
    uint32_t *rows;
    size_t count;
    struct pair *pairs; /* from here on: when there is much to sort */
    struct pair *spare;
    unsigned bits; /* of the keys so far */
};

int er_precedence(uint64_t published_a, unsigned supplement_a, const char *name_a,
                  uint64_t published_b, unsigned supplement_b, const char *name_b)
{
    if (published_a != published_b)
        return published_a < published_b ? -1 : 1;
    if (supplement_a != supplement_b)
        return supplement_a < supplement_b ? -1 : 1;
    return strcmp(name_a, name_b);
}

static int year_of(const struct er_table *table, uint64_t row, int32_t *last_day, int *last_year)
{
    int32_t day;
    if (!er_clock_day(table, row, &day))
        return 0;
    if (day != *last_day) {
        *last_day = day;
        *last_year = qn_civil_from_days(day).year;
    }
    return *last_year;
}

static int by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

size_t er_years(const struct er_table *table, int years[ER_YEARS_MAX])
{
    size_t count = 0;
    int32_t day = ER_NO_DAY;
    int year = 0, last = -1;
    for (uint64_t row = 0; row < table->rows; row++) {
        int now = year_of(table, row, &day, &year);
        if (now == last)
            continue;
        last = now;
        size_t k = 0;
        while (k < count && years[k] != now)
            k++;
        if (k == count && count < ER_YEARS_MAX)
            years[count++] = now;
    }
    qsort(years, count, sizeof *years, by_number);
    return count;
}

/* ---- keys ----------------------------------------------------------------------------------- */

static unsigned bits_for(uint64_t value)
{
    return value ? 64u - (unsigned)__builtin_clzll(value) : 0;
}

/* Sorts by key; equal keys keep their order. */
static void sort_pairs(struct sorting *s)
{
    uint64_t differ = 0;
    bool sorted = true;
    for (size_t i = 1; i < s->count; i++) {
        differ |= s->pairs[i].key ^ s->pairs[0].key;
        sorted &= s->pairs[i - 1].key <= s->pairs[i].key;
    }
    for (unsigned shift = 0; !sorted && shift < s->bits; shift += DIGIT) {
        size_t places[BUCKETS] = {0};
        size_t at = 0;
        if (!(differ >> shift & (BUCKETS - 1)))
            continue;
        for (size_t i = 0; i < s->count; i++)
            places[s->pairs[i].key >> shift & (BUCKETS - 1)]++;
        for (size_t b = 0; b < BUCKETS; b++) {
            size_t n = places[b];
            places[b] = at;
            at += n;
        }
        for (size_t i = 0; i < s->count; i++)
            s->spare[places[s->pairs[i].key >> shift & (BUCKETS - 1)]++] = s->pairs[i];
        struct pair *swap = s->pairs;
        s->pairs = s->spare;
        s->spare = swap;
    }
}

/* Replaces keys by their ranks: as few bits as there are distinct ones. */
static void densify(struct sorting *s)
{
    sort_pairs(s);
    uint64_t rank = 0;
    for (size_t i = 0; i < s->count;) {
        uint64_t key = s->pairs[i].key;
        for (; i < s->count && s->pairs[i].key == key; i++)
            s->pairs[i].key = rank;
        rank++;
    }
    s->bits = bits_for(rank);
    /* Back to the order of rows, so that the sort stays stable. */
    unsigned bits = s->bits;
    for (size_t i = 0; i < s->count; i++) {
        uint64_t key = s->pairs[i].key;
        s->pairs[i].key = s->pairs[i].row;
        s->pairs[i].row = (uint32_t)key;
    }
    s->bits = 32;
    sort_pairs(s);
    for (size_t i = 0; i < s->count; i++) {
        uint64_t row = s->pairs[i].key;
        s->pairs[i].key = s->pairs[i].row;
        s->pairs[i].row = (uint32_t)row;
    }
    s->bits = bits;
}

/* An order-preserving number of a value that is no text. */
static uint64_t number_of(const struct er_vector *vector, uint64_t row)
{
    const uint8_t *values = vector->values.data;
    const uint64_t sign = (uint64_t)1 << 63;
    uint64_t bits;
    switch (vector->type) {
    case ER_SMALL:
        return (uint64_t)(((const int8_t *)values)[row] + 128);
    case ER_FLAG:
        return values[row];
    case ER_DATE:
        return (uint64_t)((int64_t)((const int32_t *)(const void *)values)[row] + INT32_MAX + 1);
    case ER_REAL:
    case ER_PRICE:
        memcpy(&bits, values + 8 * row, 8);
        if (vector->decimal)
            return bits ^ sign;
        return bits & sign ? ~bits : bits | sign;
    default:
        memcpy(&bits, values + 8 * row, 8);
        return bits ^ sign;
    }
}

static void fold(struct sorting *s, unsigned bits)
{
    if (s->bits + bits > 64)
        densify(s);
    s->bits += bits;
}

static void fold_text(struct sorting *s, const struct key *key)
{
    const uint32_t *ids = (const uint32_t *)(const void *)key->vector->values.data;
    unsigned bits = bits_for(key->vector->texts.count);
    fold(s, bits);
    for (size_t i = 0; i < s->count; i++) {
        uint32_t row = s->pairs[i].row;
        uint64_t rank = er_valid(key->vector, row) ? key->ranks[ids[row]] + UINT64_C(1) : 0;
        s->pairs[i].key = bits < 64 ? s->pairs[i].key << bits | rank : rank;
    }
}

/* Rows without a value come first. */
static void fold_presence(struct sorting *s, const struct er_vector *vector)
{
    if (vector->valid.len == 0)
        return;
    fold(s, 1);
    for (size_t i = 0; i < s->count; i++)
        s->pairs[i].key = s->pairs[i].key << 1 | (er_valid(vector, s->pairs[i].row) ? 1 : 0);
}

/* Numbers count from the smallest, in steps of what all distances are multiples of. */
static void fold_number(struct sorting *s, const struct er_vector *vector)
{
    fold_presence(s, vector);
    uint64_t least = UINT64_MAX, most = 0;
    uint64_t step = vector->type == ER_INSTANT || vector->type == ER_STAMP ? 1000000 : 1;
    for (size_t i = 0; i < s->count; i++) {
        uint64_t value = number_of(vector, s->pairs[i].row);
        least = value < least ? value : least;
        most = value > most ? value : most;
    }
    for (size_t i = 0; i < s->count && step > 1; i++) {
        if ((number_of(vector, s->pairs[i].row) - least) % step != 0)
            step = 1;
    }
    unsigned bits = bits_for((most - least) / step);
    fold(s, bits);
    uint64_t last = least, last_key = 0;
    for (size_t i = 0; i < s->count; i++) {
        uint64_t value = number_of(vector, s->pairs[i].row);
        if (value != last) {
            last = value;
            last_key = (value - least) / step;
        }
        s->pairs[i].key = bits < 64 ? s->pairs[i].key << bits | last_key : last_key;
    }
}

/* Sorts all rows; false when out of memory. */
static bool sort_all(struct sorting *s)
{
    s->pairs = qn_sys.malloc(s->count * sizeof *s->pairs);
    s->spare = qn_sys.malloc(s->count * sizeof *s->spare);
    bool ok = s->pairs && s->spare;
    for (size_t i = 0; i < s->count && ok; i++)
        s->pairs[i] = (struct pair){.row = s->rows[i]};
    for (size_t k = 0; k < s->key_count && ok; k++) {
        if (s->keys[k].vector->type == ER_TEXT)
            fold_text(s, &s->keys[k]);
        else
            fold_number(s, s->keys[k].vector);
    }
    if (ok)
        sort_pairs(s);
    for (size_t i = 0; i < s->count && ok; i++)
        s->rows[i] = s->pairs[i].row;
    free(s->pairs);
    free(s->spare);
    return ok;
}

/* ---- rows as they lie ----------------------------------------------------------------------- */

/* Whether a column holds numbers that compare as what they are: instants, mostly. */
static bool is_wide_integer(const struct er_vector *vector)
{
    return vector->type == ER_INSTANT || vector->type == ER_STAMP || vector->type == ER_INT ||
           (vector->type == ER_PRICE && vector->decimal);
}

static bool open_keys(struct sorting *s)
{
    bool ok = true;
    for (size_t k = 0; k < s->table->dataset->key_count && ok; k++) {
        struct key *key = &s->keys[s->key_count++];
        uint32_t *order = NULL;
        key->vector = &s->table->vectors[s->table->dataset->keys[k]];
        if (is_wide_integer(key->vector))
            key->integers = (const int64_t *)(const void *)key->vector->values.data;
        if (key->vector->type == ER_TEXT)
            ok = er_texts_rank(&key->vector->texts, &key->ranks, &order);
        free(order);
    }
    return ok;
}

static inline int compare_key(const struct key *key, uint32_t a, uint32_t b)
{
    const struct er_vector *vector = key->vector;
    if (vector->valid.len > 0 && !(vector->valid.data[a] & vector->valid.data[b]))
        return (int)vector->valid.data[a] - (int)vector->valid.data[b];
    if (key->ranks) {
        const uint32_t *ids = (const uint32_t *)(const void *)vector->values.data;
        uint32_t x = key->ranks[ids[a]], y = key->ranks[ids[b]];
        return (x > y) - (x < y);
    }
    if (key->integers) {
        int64_t x = key->integers[a], y = key->integers[b];
        return (x > y) - (x < y);
    }
    uint64_t x = number_of(vector, a), y = number_of(vector, b);
    return (x > y) - (x < y);
}

static inline int compare(const struct sorting *s, uint32_t a, uint32_t b)
{
    int order = 0;
    for (size_t k = 0; k < s->key_count && !order; k++)
        order = compare_key(&s->keys[k], a, b);
    return order;
}

/* Moves rows to their places, equal ones staying in their order; *equal tells whether there are
 * any. False once that has cost more than a few steps a row. */
static bool insert_all(struct sorting *s, bool *equal)
{
    uint32_t *rows = s->rows;
    size_t steps = 0, most = 4 * s->count;
    *equal = false;
    for (size_t i = 1; i < s->count; i++) {
        uint32_t row = rows[i];
        int order = compare(s, rows[i - 1], row);
        size_t to = i;
        for (; order > 0 && steps < most; steps++) {
            rows[to] = rows[to - 1];
            order = --to > 0 ? compare(s, rows[to - 1], row) : -1;
        }
        rows[to] = row;
        *equal |= order == 0;
        if (steps == most)
            return false;
    }
    return true;
}

/* ---- duplicates ----------------------------------------------------------------------------- */

static uint32_t source_of(const struct sorting *s, uint32_t row)
{
    return ((const uint32_t *)(const void *)s->table->sources.data)[row];
}

static bool wins(const struct sorting *s, uint32_t a, uint32_t b)
{
    const struct er_source *x = &s->intake->sources[a];
    const struct er_source *y = &s->intake->sources[b];
    return er_precedence(x->published, x->supplement, x->name, y->published, y->supplement,
                         y->name) > 0;
}

static bool same_rows(const struct er_table *table, uint32_t a, uint32_t b)
{
    for (size_t c = 0; c < table->column_count; c++) {
        const struct er_vector *vector = &table->vectors[c];
        size_t width = er_width(vector->type);
        bool valid = er_valid(vector, a);
        if (valid != er_valid(vector, b) ||
            (valid &&
             memcmp(vector->values.data + a * width, vector->values.data + b * width, width) != 0))
            return false;
    }
    return true;
}

/* Of the rows first to end - 1, which have one key, puts those that stay to `to`. */
static size_t pick(struct sorting *s, size_t first, size_t end, size_t to)
{
    uint32_t *rows = s->rows;
    uint32_t best = source_of(s, rows[first]);
    uint32_t winner = rows[end - 1];
    size_t count = 0;
    for (size_t i = first + 1; i < end; i++) {
        uint32_t source = source_of(s, rows[i]);
        if (source != best && wins(s, source, best))
            best = source;
    }
    for (size_t i = first; i < end; i++) {
        if (source_of(s, rows[i]) == best)
            winner = rows[i];
    }
    for (size_t i = first; i < end; i++) {
        uint32_t row = rows[i];
        uint32_t source = source_of(s, row);
        if (row == winner || (s->table->repeats && source == best)) {
            rows[to + count++] = row;
            continue;
        }
        struct er_tally *tally = &s->intake->sources[source].tally;
        if (same_rows(s->table, row, winner))
            tally->identical++;
        else
            tally->differing++;
    }
    return count;
}

static void pick_all(struct sorting *s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->count;) {
        size_t end = i + 1;
        while (end < s->count && compare(s, s->rows[end], s->rows[i]) == 0)
            end++;
        if (end == i + 1)
            s->rows[count++] = s->rows[i];
        else
            count += pick(s, i, end, count);
        i = end;
    }
    s->count = count;
}

static void select_year(struct sorting *s, const int *year)
{
    int32_t day = ER_NO_DAY;
    int of_day = 0;
    for (uint64_t row = 0; row < s->table->rows; row++) {
        if (!year || year_of(s->table, row, &day, &of_day) == *year)
            s->rows[s->count++] = (uint32_t)row;
    }
}

enum qn_status er_order(const struct er_table *table, const struct er_intake *intake,
                        const int *year, struct qn_buf *rows, struct qn_error *err)
{
    struct sorting s = {.table = table, .intake = intake};
    size_t room = (size_t)table->rows + 1;
    qn_buf_clear(rows);
    s.rows = (uint32_t *)(void *)qn_buf_reserve(rows, room * sizeof *s.rows);
    bool ok = s.rows && table->rows < UINT32_MAX && open_keys(&s);
    if (ok)
        select_year(&s, year);
    if (ok && s.key_count > 0) { /* otherwise nothing tells rows apart: all stay as they come */
        bool equal;
        bool sorted = insert_all(&s, &equal);
        ok = sorted || sort_all(&s);
        if (ok && (equal || !sorted))
            pick_all(&s);
    }
    for (size_t k = 0; k < s.key_count; k++)
        free(s.keys[k].ranks);
    rows->len = s.count * sizeof *s.rows;
    return ok ? QN_OK : qn_fail_memory(err, "sorting rows", room * 40);
}
