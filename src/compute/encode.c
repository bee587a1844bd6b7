/* Encoders of SEG-Y samples: see encode.h. Values of a type that the format has are copied in the
 * right byte order; all else goes through a double, which holds every value but large 64-bit
 * integers exactly, so that each is rounded once. Those have a function of their own. */
#include "compute/encode.h"

#include "compute/ibm.h"
#include "compute/kernel.h"

#include <math.h>

#define BLOCK 256 /* values widened at once */

/* What a format can hold. */
enum kind { INTEGER, IEEE32, IEEE64, IBM, GAIN };

static const struct target {
    int format;
    enum kind kind;
    unsigned bytes;
    enum qn_dtype same; /* values of this type are samples of the format as they are, ... */
    bool has_same;      /* ... if there is one */
    double least, most; /* INTEGER: its range; 2^63 and 2^64 stand for the number below */
} targets[] = {
    {1, IBM, 4, QN_FLOAT32, false, 0, 0},
    {2, INTEGER, 4, QN_INT32, true, -0x1p31, 0x1p31 - 1},
    {3, INTEGER, 2, QN_INT16, true, -0x1p15, 0x1p15 - 1},
    {4, GAIN, 4, QN_FLOAT32, false, 0, 0},
    {5, IEEE32, 4, QN_FLOAT32, true, 0, 0},
    {6, IEEE64, 8, QN_FLOAT64, true, 0, 0},
    {7, INTEGER, 3, QN_INT32, false, -0x1p23, 0x1p23 - 1},
    {8, INTEGER, 1, QN_INT8, true, -0x1p7, 0x1p7 - 1},
    {9, INTEGER, 8, QN_INT64, true, -0x1p63, 0x1p63},
    {10, INTEGER, 4, QN_UINT32, true, 0, 0x1p32 - 1},
    {11, INTEGER, 2, QN_UINT16, true, 0, 0x1p16 - 1},
    {12, INTEGER, 8, QN_UINT64, true, 0, 0x1p64},
    {15, INTEGER, 3, QN_UINT32, false, 0, 0x1p24 - 1},
    {16, INTEGER, 1, QN_UINT8, true, 0, 0x1p8 - 1},
};

static const struct target *target_of(int format)
{
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        if (targets[i].format == format)
            return &targets[i];
    return NULL;
}

size_t qn_encoded_bytes(int format)
{
    const struct target *target = target_of(format);
    return target ? target->bytes : 0;
}

/* The range of a type, and how many bits its integers have. */
static const struct {
    double least, most;
    unsigned bits; /* 0: floats */
} ranges[QN_DTYPE_COUNT] = {
    [QN_INT8] = {-0x1p7, 0x1p7 - 1, 7},     [QN_INT16] = {-0x1p15, 0x1p15 - 1, 15},
    [QN_INT32] = {-0x1p31, 0x1p31 - 1, 31}, [QN_INT64] = {-0x1p63, 0x1p63, 63},
    [QN_UINT8] = {0, 0x1p8 - 1, 8},         [QN_UINT16] = {0, 0x1p16 - 1, 16},
    [QN_UINT32] = {0, 0x1p32 - 1, 32},      [QN_UINT64] = {0, 0x1p64, 64},
};

bool qn_encodes_exactly(enum qn_dtype dtype, int format)
{
    const struct target *target = target_of(format);
    unsigned bits = ranges[dtype].bits;
    if (!target)
        return false;
    if (target->has_same && target->same == dtype)
        return true;
    if (bits == 0)
        return dtype == QN_FLOAT32 && target->kind == IEEE64;
    switch (target->kind) {
    case INTEGER:
        return ranges[dtype].least >= target->least && ranges[dtype].most <= target->most;
    case IEEE64:
        return bits <= 53;
    case GAIN:
        return bits <= 15;
    default: /* the least precision of an IBM float is 21 bits */
        return bits <= (target->kind == IBM ? 21 : 24);
    }
}

/* ---- as they are ---------------------------------------------------------------------------- */

#define COPY(name, type, store, order)                                                             \
    QN_INLINE void name##_body(const void *restrict in, size_t n, void *restrict out)              \
    {                                                                                              \
        const type *from = in;                                                                     \
        uint8_t *to = out;                                                                         \
        for (size_t i = 0; i < n; i++)                                                             \
            store(to + sizeof(type) * i, order, from[i]);                                          \
    }                                                                                              \
    QN_KERNEL(name, (const void *restrict in, size_t n, void *restrict out), (in, n, out))

COPY(copy_2_be, uint16_t, qn_store_u16, QN_BIG_ENDIAN)
COPY(copy_2_le, uint16_t, qn_store_u16, QN_LITTLE_ENDIAN)
COPY(copy_4_be, uint32_t, qn_store_u32, QN_BIG_ENDIAN)
COPY(copy_4_le, uint32_t, qn_store_u32, QN_LITTLE_ENDIAN)
COPY(copy_8_be, uint64_t, qn_store_u64, QN_BIG_ENDIAN)
COPY(copy_8_le, uint64_t, qn_store_u64, QN_LITTLE_ENDIAN)

static void copy(const void *in, size_t n, unsigned bytes, enum qn_byte_order order, void *out)
{
    bool big = order == QN_BIG_ENDIAN;
    if (bytes == 1)
        memcpy(out, in, n);
    else if (bytes == 2)
        (big ? copy_2_be : copy_2_le)(in, n, out);
    else if (bytes == 4)
        (big ? copy_4_be : copy_4_le)(in, n, out);
    else
        (big ? copy_8_be : copy_8_le)(in, n, out);
}

/* ---- one value at a time -------------------------------------------------------------------- */

/* What a format makes of a value: the bits to be stored, and the value that they have. */
struct encoded {
    uint64_t bits;
    double value;
    bool clipped;
};

static void store(const struct target *target, enum qn_byte_order order, uint8_t *to, uint64_t bits)
{
    switch (target->bytes) {
    case 1:
        *to = (uint8_t)bits;
        break;
    case 2:
        qn_store_u16(to, order, (uint16_t)bits);
        break;
    case 3:
        qn_store_u24(to, order, (uint32_t)bits);
        break;
    case 4:
        qn_store_u32(to, order, (uint32_t)bits);
        break;
    default:
        qn_store_u64(to, order, bits);
    }
}

/* The end of the format's range on the side of a value beyond it. */
static struct encoded clip(const struct target *target, bool negative)
{
    bool is_signed = target->least < 0;
    unsigned bits = 8 * target->bytes - is_signed;
    uint64_t most = UINT64_MAX >> (64 - bits);
    if (negative)
        return (struct encoded){is_signed ? ~most : 0, target->least, true};
    return (struct encoded){most, target->most, true};
}

static struct encoded to_integer(const struct target *target, double value)
{
    double nearest = rint(value);
    bool beyond = target->bytes == 8 ? nearest >= target->most : nearest > target->most;
    if (beyond || nearest < target->least)
        return clip(target, value < 0);
    uint64_t bits = nearest < 0 ? (uint64_t)(int64_t)nearest : (uint64_t)nearest;
    return (struct encoded){bits, nearest, false};
}

/* |value| = fraction / 2^24 * 16^h with 2^20 <= fraction < 2^24, or less at the smallest h. */
static struct encoded to_ibm(double value)
{
    uint64_t sign = signbit(value) ? 0x80000000u : 0;
    double magnitude = fabs(value);
    int e = 0;
    if (isfinite(value))
        frexp(magnitude, &e);
    int h = (e + 3) >> 2; /* of e / 4, rounded up */
    h = h < -64 ? -64 : h;
    double fraction = rint(ldexp(magnitude, 24 - 4 * h));
    if (fraction >= 0x1p24) {
        fraction = 0x1p20;
        h++;
    }
    bool clipped = h > 63 || isinf(value);
    if (clipped) {
        fraction = 0xFFFFFF;
        h = 63;
    }
    uint64_t exponent = fraction > 0 ? (uint64_t)(h + 64) << 24 : 0;
    return (struct encoded){sign | exponent | (uint64_t)fraction,
                            copysign(ldexp(fraction, 4 * h - 24), value), clipped};
}

/* m * 2^g or m * 2^-g with an int16 m: the smallest gain from 0 to 255 that holds the value
 * exactly or, if none does, one that comes nearest. */
static struct encoded to_gain(bool inverse, double value)
{
    struct encoded best = {0, 0, true};
    double least = INFINITY;
    for (int gain = 0; gain <= 255 && least > 0; gain++) {
        int power = inverse ? -gain : gain;
        double mantissa = rint(ldexp(value, -power));
        if (mantissa < -0x1p15 || mantissa > 0x1p15 - 1)
            continue;
        double written = ldexp(mantissa, power);
        if (fabs(written - value) < least) {
            least = fabs(written - value);
            best = (struct encoded){(uint64_t)gain << 16 | (uint16_t)(int16_t)mantissa, written,
                                    false};
        }
    }
    if (best.clipped) {
        int gain = inverse ? 0 : 255;
        int16_t mantissa = value < 0 ? INT16_MIN : INT16_MAX;
        best.bits = (uint64_t)gain << 16 | (uint16_t)mantissa;
        best.value = ldexp(mantissa, gain);
    }
    return best;
}

static struct encoded to_ieee32(double value)
{
    float nearest = (float)value;
    return (struct encoded){qn_float_bits(nearest), (double)nearest,
                            isinf(nearest) && !isinf(value)};
}

static struct encoded to_ieee64(double value)
{
    struct encoded same = {.value = value};
    memcpy(&same.bits, &value, sizeof value);
    return same;
}

static struct encoded encoded(const struct qn_encoder *encoder, const struct target *target,
                              double value)
{
    switch (target->kind) {
    case INTEGER:
        return to_integer(target, value);
    case IBM:
        return to_ibm(value);
    case GAIN:
        return to_gain(encoder->inverse_gain, value);
    case IEEE32:
        return to_ieee32(value);
    default:
        return to_ieee64(value);
    }
}

/* `error` is what was written less the value; infinite or NaN where either is infinite. */
static void count_loss(struct qn_encode_counts *counts, double value, double error, bool clipped)
{
    double loss = fabs(error);
    counts->clipped += clipped;
    counts->rounded += !clipped && loss > 0;
    if (isfinite(loss) && loss > counts->max_error)
        counts->max_error = loss;
    if (isfinite(value) && fabs(value) > counts->max_finite)
        counts->max_finite = fabs(value);
}

static void encode_value(const struct qn_encoder *encoder, const struct target *target,
                         double value, uint8_t *to, struct qn_encode_counts *counts)
{
    struct encoded made = {0};
    if (isnan(value) && target->kind != IEEE32 && target->kind != IEEE64) {
        counts->nans++;
    } else {
        made = encoded(encoder, target, value);
        count_loss(counts, value, made.value - value, made.clipped);
    }
    store(target, encoder->order, to, made.bits);
}

/* ---- 64-bit integers ------------------------------------------------------------------------ */

/* The double next to an integer that has its last bit set if it is not exact ("rounded to odd"):
 * rounding that to 24 bits or fewer gives the same as rounding the integer. */
static double to_odd(uint64_t magnitude)
{
    unsigned shift = magnitude >> 53 ? 11 - (unsigned)__builtin_clzll(magnitude) : 0;
    uint64_t kept = magnitude >> shift;
    kept |= (kept << shift) != magnitude;
    return ldexp((double)kept, (int)shift);
}

/* The nearest double of an integer, less the integer. */
static double rounding_of(uint64_t magnitude)
{
    double nearest = (double)magnitude;
    uint64_t rounded = nearest >= 0x1p64 ? 0 : (uint64_t)nearest; /* modulo 2^64 */
    return (double)(int64_t)(rounded - magnitude);
}

/* An integer beyond 2^53. */
static void encode_large(const struct qn_encoder *encoder, const struct target *target,
                         bool negative, uint64_t magnitude, uint8_t *to,
                         struct qn_encode_counts *counts)
{
    bool is_signed = target->least < 0;
    bool fits = is_signed ? magnitude <= INT64_MAX + (uint64_t)negative : !negative;
    double value = negative ? -to_odd(magnitude) : to_odd(magnitude);
    struct encoded made;
    double error = 0;
    if (target->kind == INTEGER && target->bytes == 8 && fits) {
        made = (struct encoded){.bits = negative ? 0 - magnitude : magnitude};
    } else if (target->kind == IEEE64) {
        made = to_ieee64(negative ? -(double)magnitude : (double)magnitude);
        error = rounding_of(magnitude);
    } else {
        made = target->kind == INTEGER ? clip(target, negative) : encoded(encoder, target, value);
        error = made.value - value;
    }
    count_loss(counts, value, error, made.clipped);
    store(target, encoder->order, to, made.bits);
}

static void encode_64(const struct qn_encoder *encoder, const struct target *target, const void *in,
                      size_t n, uint8_t *out, struct qn_encode_counts *counts)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = ((const uint64_t *)in)[i];
        bool negative = encoder->dtype == QN_INT64 && bits >> 63;
        uint64_t magnitude = negative ? 0 - bits : bits;
        double value = negative ? -(double)magnitude : (double)magnitude;
        uint8_t *to = out + i * target->bytes;
        if (magnitude >> 53 && encoder->scale == 1)
            encode_large(encoder, target, negative, magnitude, to, counts);
        else
            encode_value(encoder, target, value * encoder->scale, to, counts);
    }
}

/* ---- blocks --------------------------------------------------------------------------------- */

#define WIDEN(type)                                                                                \
    for (size_t i = 0; i < n; i++)                                                                 \
        out[i] = (double)((const type *)in)[i];                                                    \
    break

static void widen(enum qn_dtype dtype, const void *in, size_t n, double *out)
{
    switch (dtype) {
    case QN_INT8:
        WIDEN(int8_t);
    case QN_INT16:
        WIDEN(int16_t);
    case QN_INT32:
        WIDEN(int32_t);
    case QN_UINT8:
        WIDEN(uint8_t);
    case QN_UINT16:
        WIDEN(uint16_t);
    case QN_UINT32:
        WIDEN(uint32_t);
    case QN_FLOAT32:
        WIDEN(float);
    default:
        WIDEN(double);
    }
}

/* The value of an IBM word, which a double holds exactly. */
static double ibm_value(uint32_t word)
{
    int exponent = 4 * (int)(word >> 24 & 0x7F) - 280;
    uint64_t power_bits = (uint64_t)(1023 + exponent) << 52;
    double power;
    memcpy(&power, &power_bits, sizeof power);
    double magnitude = (double)(int32_t)(word & 0xFFFFFF) * power;
    return word >> 31 ? -magnitude : magnitude;
}

/* Values that float32 holds, to IBM by the vector loop; what it lost is seen afterwards. */
static void encode_ibm(const struct qn_encoder *encoder, const double *values, size_t n,
                       uint8_t *out, struct qn_encode_counts *counts)
{
    float narrow[BLOCK] = {0};
    for (size_t i = 0; i < n; i++)
        narrow[i] = (float)values[i];
    qn_ibm_encode(narrow, encoder->order, n, out);
    for (size_t i = 0; i < n; i++) {
        if (isnan(values[i]))
            counts->nans++;
        else
            count_loss(counts, values[i],
                       ibm_value(qn_load_u32(out + 4 * i, encoder->order)) - values[i],
                       isinf(values[i]));
    }
}

static bool fits_float32(enum qn_dtype dtype)
{
    return dtype == QN_FLOAT32 || qn_dtype_bytes(dtype) <= 2;
}

static void encode_block(const struct qn_encoder *encoder, const struct target *target,
                         const void *in, size_t n, uint8_t *out, struct qn_encode_counts *counts)
{
    double values[BLOCK];
    widen(encoder->dtype, in, n, values);
    if (target->kind == IBM && encoder->scale == 1 && fits_float32(encoder->dtype)) {
        encode_ibm(encoder, values, n, out, counts);
        return;
    }
    for (size_t i = 0; i < n; i++)
        encode_value(encoder, target, values[i] * encoder->scale, out + i * target->bytes, counts);
}

static void encode_any(const struct qn_encoder *encoder, const struct target *target,
                       const uint8_t *in, size_t n, uint8_t *out, struct qn_encode_counts *counts)
{
    size_t bytes = qn_dtype_bytes(encoder->dtype);
    bool is_64 = encoder->dtype == QN_INT64 || encoder->dtype == QN_UINT64;
    for (size_t at = 0; at < n; at += BLOCK) {
        size_t len = n - at < BLOCK ? n - at : BLOCK;
        (is_64 ? encode_64 : encode_block)(encoder, target, in + at * bytes, len,
                                           out + at * target->bytes, counts);
    }
}

/* ---- all ------------------------------------------------------------------------------------ */

void qn_encode(const struct qn_encoder *encoder, const void *in, size_t n, void *out,
               struct qn_encode_counts *counts)
{
    const struct target *target = target_of(encoder->format);
    struct qn_encode_counts unwanted = {0};
    bool scaled = encoder->scale != 1;
    if (!scaled && target->has_same && target->same == encoder->dtype)
        copy(in, n, target->bytes, encoder->order, out);
    else if (!scaled && !counts && target->kind == IBM && encoder->dtype == QN_FLOAT32)
        qn_ibm_encode(in, encoder->order, n, out);
    else
        encode_any(encoder, target, in, n, out, counts ? counts : &unwanted);
}

void qn_encode_merge(struct qn_encode_counts *into, const struct qn_encode_counts *next)
{
    into->rounded += next->rounded;
    into->clipped += next->clipped;
    into->nans += next->nans;
    into->max_error = fmax(into->max_error, next->max_error);
    into->max_finite = fmax(into->max_finite, next->max_finite);
}
