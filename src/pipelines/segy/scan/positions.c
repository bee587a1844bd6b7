/* Statistics of header bytes: see positions.h. */
#include "pipelines/segy/scan/positions.h"

#include "base/ibm_scalar.h"
#include "base/sys.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TYPES     QN_POSITION_TYPES
#define SEEN_BITS (8u * QN_POSITION_SEEN)
#define MANY      10000u

const char *qn_position_type_name(enum qn_position_type type)
{
    static const char *const names[] = {"int16", "uint16", "int32", "ibm32", "ieee32"};
    return names[type];
}

const char *qn_behaviour_name(enum qn_behaviour behaviour)
{
    static const char *const names[] = {
        [QN_BEHAVES_ZERO] = "zero",       [QN_BEHAVES_CONSTANT] = "constant",
        [QN_BEHAVES_COUNTING] = "counts", [QN_BEHAVES_RISING] = "rises",
        [QN_BEHAVES_FALLING] = "falls",   [QN_BEHAVES_RUNS] = "runs",
        [QN_BEHAVES_VARYING] = "varies"};
    return names[behaviour];
}

enum qn_status qn_positions_init(struct qn_positions *p, size_t bytes, enum qn_byte_order order,
                                 struct qn_error *err)
{
    *p = (struct qn_positions){.bytes = bytes, .order = order};
    p->at = qn_sys.calloc(bytes * TYPES, sizeof *p->at);
    p->seen = qn_sys.calloc(bytes * 2, QN_POSITION_SEEN);
    p->column = qn_sys.calloc(QN_POSITIONS_BLOCK, sizeof *p->column);
    if (!p->at || !p->seen || !p->column)
        return qn_fail_memory(err, "statistics of header bytes", bytes * 2 * QN_POSITION_SEEN);
    for (size_t i = 0; i < bytes * TYPES; i++) {
        p->at[i].min = INFINITY;
        p->at[i].max = -INFINITY;
    }
    return QN_OK;
}

void qn_positions_release(struct qn_positions *p)
{
    free(p->at);
    free(p->seen);
    free(p->column);
    *p = (struct qn_positions){0};
}

/* ---- adding --------------------------------------------------------------------------------- */

static size_t type_bytes(enum qn_position_type type)
{
    return type <= QN_POSITION_UINT16 ? 2 : 4;
}

/* (-1)^s f 2^(4e - 280): exact, and never subnormal in double precision. Integers read so are tiny,
 * and arithmetic with subnormal floats would take ten times as long. */
static double ibm_to_double(uint32_t word)
{
    uint64_t power = (uint64_t)((word >> 22 & 0x1FC) + 1023 - 280) << 52;
    double scale;
    memcpy(&scale, &power, sizeof scale);
    double magnitude = (double)(word & 0xFFFFFF) * scale;
    return word >> 31 ? -magnitude : magnitude;
}

/* A column of `count` values; the loops are apart so that each is a simple one. */
#define LOAD(expression)                                                                           \
    for (size_t i = 0; i < count; i++, from += stride)                                             \
    column[i] = (double)(expression)

static void load_column(const uint8_t *from, size_t stride, size_t count, enum qn_byte_order order,
                        enum qn_position_type type, double *column)
{
    switch (type) {
    case QN_POSITION_INT16:
        LOAD((int16_t)qn_load_u16(from, order));
        break;
    case QN_POSITION_UINT16:
        LOAD(qn_load_u16(from, order));
        break;
    case QN_POSITION_INT32:
        LOAD((int32_t)qn_load_u32(from, order));
        break;
    case QN_POSITION_IBM32:
        LOAD(ibm_to_double(qn_load_u32(from, order)));
        break;
    default:
        LOAD(qn_float_from_bits(qn_load_u32(from, order)));
    }
}

static bool is_strange(double value)
{
    double magnitude = fabs(value);
    return !(magnitude == 0 || (magnitude > 1e-30 && magnitude < 1e30));
}

/* A step from one trace looked at to the next. Comparisons with NaN are false: neither way. */
static void add_step(struct qn_position *at, double from, double to, bool neighbours)
{
    at->rises += to > from;
    at->falls += to < from;
    at->ties += neighbours && to == from;
    at->ones += neighbours && to == from + 1;
}

static void add_extremes(struct qn_position *at, const double *values, size_t count)
{
    double min = at->min, max = at->max;
    for (size_t i = 0; i < count; i++) {
        min = values[i] < min ? values[i] : min;
        max = values[i] > max ? values[i] : max;
    }
    at->min = min;
    at->max = max;
}

/* The same of floats, which may be infinite or no numbers. */
static void add_float_extremes(struct qn_position *at, const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool finite = isfinite(values[i]);
        at->min = finite && values[i] < at->min ? values[i] : at->min;
        at->max = finite && values[i] > at->max ? values[i] : at->max;
        at->strange += is_strange(values[i]);
    }
}

static void add_values(struct qn_position *at, const double *values, size_t count, bool floats)
{
    uint64_t rises = 0, falls = 0, ties = 0, ones = 0;
    if (floats)
        add_float_extremes(at, values, count);
    else
        add_extremes(at, values, count);
    for (size_t i = 0; i + 1 < count; i++) {
        rises += values[i + 1] > values[i];
        falls += values[i + 1] < values[i];
        ties += values[i + 1] == values[i];
        ones += values[i + 1] == values[i] + 1;
    }
    at->rises += rises;
    at->falls += falls;
    at->ties += ties;
    at->ones += ones;
}

/* A column of one value: what add_values would come to. */
static void add_constant(struct qn_position *at, double value, size_t count)
{
    bool finite = isfinite(value);
    at->min = finite && value < at->min ? value : at->min;
    at->max = finite && value > at->max ? value : at->max;
    at->strange += is_strange(value) ? count : 0;
    at->ties += value == value ? count - 1 : 0;
}

/* Joins what came before to a block of `count` values, whose first and last are given. */
static void join(const struct qn_positions *p, struct qn_position *at, double first, double last,
                 bool neighbours)
{
    if (p->traces > 0)
        add_step(at, at->last, first, neighbours);
    else
        at->first = first;
    at->last = last;
}

static void see(struct qn_positions *p, size_t byte, unsigned words, uint32_t word)
{
    uint32_t hash = word * 0x9E3779B1u;
    hash = (hash ^ hash >> 15) * 0x85EBCA77u;
    hash = (hash ^ hash >> 13) % SEEN_BITS;
    p->seen[(byte * 2 + words) * QN_POSITION_SEEN + hash / 8] |= (uint8_t)(1u << hash % 8);
}

struct block {
    const uint8_t *headers;
    size_t stride, count;
    bool neighbours; /* of the last trace before */
};

static void add_column(struct qn_positions *p, const struct block *block, size_t byte,
                       enum qn_position_type type, bool constant)
{
    struct qn_position *at = &p->at[byte * TYPES + type];
    const uint8_t *from = block->headers + byte;
    size_t count = constant ? 1 : block->count;
    load_column(from, block->stride, count, p->order, type, p->column);
    if (constant)
        add_constant(at, p->column[0], block->count);
    else
        add_values(at, p->column, count, type >= QN_POSITION_IBM32);
    join(p, at, p->column[0], p->column[count - 1], block->neighbours);
}

static void see_column(struct qn_positions *p, const struct block *block, size_t byte,
                       bool constant)
{
    const uint8_t *from = block->headers + byte;
    bool wide = byte + 4 <= p->bytes;
    uint32_t last = 0;
    for (size_t i = 0; i < (constant ? 1 : block->count); i++, from += block->stride) {
        uint32_t word = wide ? qn_load_u32(from, p->order) : qn_load_u16(from, p->order);
        if (i > 0 && word == last)
            continue;
        see(p, byte, 0, qn_load_u16(from, p->order));
        if (wide)
            see(p, byte, 1, word);
        last = word;
    }
}

/* Which header bytes differ from the block's first header anywhere; eight at a time. */
static void find_changes(const struct block *block, size_t bytes, uint8_t *changes)
{
    memset(changes, 0, bytes);
    for (size_t i = 1; i < block->count; i++) {
        const uint8_t *header = block->headers + i * block->stride;
        size_t b = 0;
        for (; b + 8 <= bytes; b += 8) {
            uint64_t first, word, differ;
            memcpy(&first, block->headers + b, 8);
            memcpy(&word, header + b, 8);
            memcpy(&differ, changes + b, 8);
            differ |= word ^ first;
            memcpy(changes + b, &differ, 8);
        }
        for (; b < bytes; b++)
            changes[b] |= block->headers[b] ^ header[b];
    }
}

void qn_positions_add(struct qn_positions *p, uint64_t first, const uint8_t *headers, size_t stride,
                      size_t count)
{
    uint8_t changes[4096];
    struct block block = {headers, stride, count, p->traces > 0 && first == p->last_trace + 1};
    size_t bytes = p->bytes < sizeof changes ? p->bytes : sizeof changes;
    if (count == 0)
        return;
    find_changes(&block, bytes, changes);
    for (size_t byte = 0; byte + 2 <= bytes; byte++) {
        bool narrow = !changes[byte] && !changes[byte + 1];
        bool wide = byte + 4 <= bytes && narrow && !changes[byte + 2] && !changes[byte + 3];
        for (int type = 0; type < TYPES; type++)
            if (byte + type_bytes(type) <= bytes)
                add_column(p, &block, byte, type, type_bytes(type) == 2 ? narrow : wide);
        see_column(p, &block, byte, wide || (narrow && byte + 4 > bytes));
    }
    if (p->traces == 0)
        p->first_trace = first;
    p->neighbours += count - 1 + block.neighbours;
    p->traces += count;
    p->last_trace = first + count - 1;
}

static void merge_position(const struct qn_positions *p, struct qn_position *at,
                           const struct qn_position *later, bool neighbours)
{
    at->min = later->min < at->min ? later->min : at->min;
    at->max = later->max > at->max ? later->max : at->max;
    at->rises += later->rises;
    at->falls += later->falls;
    at->ones += later->ones;
    at->ties += later->ties;
    at->strange += later->strange;
    join(p, at, later->first, later->last, neighbours);
}

void qn_positions_merge(struct qn_positions *p, const struct qn_positions *later)
{
    bool neighbours = p->traces > 0 && later->first_trace == p->last_trace + 1;
    if (later->traces == 0)
        return;
    for (size_t i = 0; i < p->bytes * TYPES; i++)
        merge_position(p, &p->at[i], &later->at[i], neighbours);
    for (size_t i = 0; i < p->bytes * 2 * QN_POSITION_SEEN; i++)
        p->seen[i] |= later->seen[i];
    if (p->traces == 0)
        p->first_trace = later->first_trace;
    p->neighbours += later->neighbours + neighbours;
    p->traces += later->traces;
    p->last_trace = later->last_trace;
}

/* ---- asking --------------------------------------------------------------------------------- */

const struct qn_position *qn_position_at(const struct qn_positions *p, unsigned byte,
                                         enum qn_position_type type)
{
    return &p->at[(byte - 1) * TYPES + type];
}

/* Linear counting: of m bits, V are still clear after n different words: n = -m ln(V / m) (Whang,
 * Vander-Zanden, Taylor 1990). */
uint64_t qn_position_distinct(const struct qn_positions *p, unsigned byte, unsigned word_bytes)
{
    const uint8_t *seen = p->seen + ((byte - 1) * 2 + (word_bytes == 4)) * QN_POSITION_SEEN;
    unsigned set = 0;
    for (size_t i = 0; i < QN_POSITION_SEEN; i++)
        set += (unsigned)__builtin_popcount(seen[i]);
    if (set == SEEN_BITS)
        return MANY;
    double estimate = -(double)SEEN_BITS * log((double)(SEEN_BITS - set) / SEEN_BITS);
    return estimate < MANY ? (uint64_t)(estimate + 0.5) : MANY;
}

enum qn_behaviour qn_position_behaviour(const struct qn_positions *p, unsigned byte,
                                        enum qn_position_type type)
{
    const struct qn_position *at = qn_position_at(p, byte, type);
    if (at->rises == 0 && at->falls == 0)
        return at->min == 0 && at->max == 0 ? QN_BEHAVES_ZERO : QN_BEHAVES_CONSTANT;
    if (at->falls == 0)
        return p->neighbours > 0 && at->ones == p->neighbours ? QN_BEHAVES_COUNTING
               : 2 * at->ties >= p->neighbours && at->ties    ? QN_BEHAVES_RUNS
                                                              : QN_BEHAVES_RISING;
    if (2 * at->ties >= p->neighbours && at->ties)
        return QN_BEHAVES_RUNS;
    return at->rises == 0 ? QN_BEHAVES_FALLING : QN_BEHAVES_VARYING;
}
