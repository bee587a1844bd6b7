/* Block statistics: see stats.h. The reference is plain C with 16 explicit lanes. On AVX2, chunks
 * without NaN and infinity, which are nearly all, take a vector loop over the same lanes. */
#include "compute/stats.h"

#include "compute/kernel.h"

#include <math.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define LANES 16
/* Values that are tested for NaN and infinity together; a multiple of LANES. */
#define CHUNK 512

/* What is being added up. Minimum, maximum and counts do not depend on the order. */
struct lanes {
    double sum[LANES];
    double squares[LANES];
    double min, max;
    uint64_t zeros, nans, infs;
};

static void lanes_init(struct lanes *lanes)
{
    memset(lanes, 0, sizeof *lanes);
    lanes->min = INFINITY;
    lanes->max = -INFINITY;
}

/* Adds one value to its lane. */
QN_INLINE void add_value(struct lanes *lanes, size_t lane, double value)
{
    if (!isfinite(value)) {
        lanes->nans += isnan(value) != 0;
        lanes->infs += isinf(value) != 0;
        return;
    }
    lanes->zeros += value == 0;
    lanes->sum[lane] += value;
    lanes->squares[lane] += value * value;
    lanes->min = value < lanes->min ? value : lanes->min;
    lanes->max = value > lanes->max ? value : lanes->max;
}

#define ADD_VALUES(name, type)                                                                     \
    static void add_##name(struct lanes *lanes, const void *values, size_t n)                      \
    {                                                                                              \
        const type *v = values;                                                                    \
        for (size_t i = 0; i < n; i++)                                                             \
            add_value(lanes, i % LANES, (double)v[i]);                                             \
    }

ADD_VALUES(int8, int8_t)
ADD_VALUES(int16, int16_t)
ADD_VALUES(int32, int32_t)
ADD_VALUES(int64, int64_t)
ADD_VALUES(uint8, uint8_t)
ADD_VALUES(uint16, uint16_t)
ADD_VALUES(uint32, uint32_t)
ADD_VALUES(uint64, uint64_t)
ADD_VALUES(float32, float)
ADD_VALUES(float64, double)

typedef void add_function(struct lanes *lanes, const void *values, size_t n);

#if defined(__x86_64__)
/* Whether the exponents of all CHUNK values are below that of infinity and NaN. */
QN_TARGET_AVX2 static bool floats_are_finite(const void *values)
{
    const uint32_t *bits = values;
    uint32_t beyond = 0;
    for (size_t i = 0; i < CHUNK; i++)
        beyond |= (bits[i] & 0x7F800000u) == 0x7F800000u;
    return !beyond;
}

QN_TARGET_AVX2 static bool doubles_are_finite(const void *values)
{
    const uint64_t *bits = values;
    uint64_t beyond = 0;
    for (size_t i = 0; i < CHUNK; i++)
        beyond |= (bits[i] & 0x7FF0000000000000u) == 0x7FF0000000000000u;
    return !beyond;
}

static bool integers_are_finite(const void *values)
{
    (void)values;
    return true;
}

/* Merges minimum, maximum and (negated) counts of zeros of four columns. */
QN_TARGET_AVX2 static void add_columns(struct lanes *lanes, __m256d min, __m256d max, __m256i zeros)
{
    double least[4], most[4];
    int64_t minus_zeros[4];
    _mm256_storeu_pd(least, min);
    _mm256_storeu_pd(most, max);
    _mm256_storeu_si256((__m256i *)minus_zeros, zeros);
    for (int i = 0; i < 4; i++) {
        lanes->min = least[i] < lanes->min ? least[i] : lanes->min;
        lanes->max = most[i] > lanes->max ? most[i] : lanes->max;
        lanes->zeros -= (uint64_t)minus_zeros[i];
    }
}

/* Defines add_NAME_avx2: whole finite chunks as vectors, everything else as the reference does
 * it. load(p) makes four doubles of the values at p; register k holds lanes 4k to 4k + 3. */
#define ADD_VALUES_AVX2(name, type, load, is_finite)                                               \
    QN_TARGET_AVX2 static void add_chunk_##name(struct lanes *lanes, const type *v)                \
    {                                                                                              \
        __m256d sum[4], squares[4], zero = _mm256_setzero_pd();                                    \
        __m256d min = load(v), max = min;                                                          \
        __m256i zeros = _mm256_setzero_si256();                                                    \
        for (int k = 0; k < 4; k++) {                                                              \
            sum[k] = _mm256_loadu_pd(lanes->sum + 4 * k);                                          \
            squares[k] = _mm256_loadu_pd(lanes->squares + 4 * k);                                  \
        }                                                                                          \
        for (size_t i = 0; i < CHUNK; i += LANES)                                                  \
            for (int k = 0; k < 4; k++) {                                                          \
                __m256d x = load(v + i + 4 * k);                                                   \
                __m256d is_zero = _mm256_cmp_pd(x, zero, _CMP_EQ_OQ);                              \
                sum[k] = _mm256_add_pd(sum[k], x);                                                 \
                squares[k] = _mm256_add_pd(squares[k], _mm256_mul_pd(x, x));                       \
                min = _mm256_min_pd(min, x);                                                       \
                max = _mm256_max_pd(max, x);                                                       \
                zeros = _mm256_add_epi64(zeros, _mm256_castpd_si256(is_zero));                     \
            }                                                                                      \
        for (int k = 0; k < 4; k++) {                                                              \
            _mm256_storeu_pd(lanes->sum + 4 * k, sum[k]);                                          \
            _mm256_storeu_pd(lanes->squares + 4 * k, squares[k]);                                  \
        }                                                                                          \
        add_columns(lanes, min, max, zeros);                                                       \
    }                                                                                              \
    static void add_##name##_avx2(struct lanes *lanes, const void *values, size_t n)               \
    {                                                                                              \
        const type *v = values;                                                                    \
        for (; n >= CHUNK; v += CHUNK, n -= CHUNK) {                                               \
            if (is_finite(v))                                                                      \
                add_chunk_##name(lanes, v);                                                        \
            else                                                                                   \
                add_##name(lanes, v, CHUNK);                                                       \
        }                                                                                          \
        add_##name(lanes, v, n);                                                                   \
    }

#define LOAD_4(p)       _mm_loadu_si32(p)
#define LOAD_8(p)       _mm_loadl_epi64((const __m128i *)(p))
#define LOAD_16(p)      _mm_loadu_si128((const __m128i *)(p))
#define LOAD_INT8(p)    _mm256_cvtepi32_pd(_mm_cvtepi8_epi32(LOAD_4(p)))
#define LOAD_UINT8(p)   _mm256_cvtepi32_pd(_mm_cvtepu8_epi32(LOAD_4(p)))
#define LOAD_INT16(p)   _mm256_cvtepi32_pd(_mm_cvtepi16_epi32(LOAD_8(p)))
#define LOAD_UINT16(p)  _mm256_cvtepi32_pd(_mm_cvtepu16_epi32(LOAD_8(p)))
#define LOAD_INT32(p)   _mm256_cvtepi32_pd(LOAD_16(p))
#define LOAD_FLOAT32(p) _mm256_cvtps_pd(_mm_loadu_ps(p))
#define LOAD_FLOAT64(p) _mm256_loadu_pd(p)

ADD_VALUES_AVX2(int8, int8_t, LOAD_INT8, integers_are_finite)
ADD_VALUES_AVX2(uint8, uint8_t, LOAD_UINT8, integers_are_finite)
ADD_VALUES_AVX2(int16, int16_t, LOAD_INT16, integers_are_finite)
ADD_VALUES_AVX2(uint16, uint16_t, LOAD_UINT16, integers_are_finite)
ADD_VALUES_AVX2(int32, int32_t, LOAD_INT32, integers_are_finite)
ADD_VALUES_AVX2(float32, float, LOAD_FLOAT32, floats_are_finite)
ADD_VALUES_AVX2(float64, double, LOAD_FLOAT64, doubles_are_finite)

/* The types that have no conversion to double in AVX2 are left to the reference. */
static add_function *const vector_adders[QN_DTYPE_COUNT] = {
    [QN_INT8] = add_int8_avx2,       [QN_UINT8] = add_uint8_avx2, [QN_INT16] = add_int16_avx2,
    [QN_UINT16] = add_uint16_avx2,   [QN_INT32] = add_int32_avx2, [QN_FLOAT32] = add_float32_avx2,
    [QN_FLOAT64] = add_float64_avx2,
};
#endif

static add_function *adder(enum qn_dtype dtype)
{
    static add_function *const adders[QN_DTYPE_COUNT] = {
        [QN_INT8] = add_int8,       [QN_INT16] = add_int16,   [QN_INT32] = add_int32,
        [QN_INT64] = add_int64,     [QN_UINT8] = add_uint8,   [QN_UINT16] = add_uint16,
        [QN_UINT32] = add_uint32,   [QN_UINT64] = add_uint64, [QN_FLOAT32] = add_float32,
        [QN_FLOAT64] = add_float64,
    };
#if defined(__x86_64__)
    if (qn_cpu_variant() != QN_CPU_GENERIC && vector_adders[dtype])
        return vector_adders[dtype];
#endif
    return adders[dtype];
}

/* Adds the lanes pairwise: i + 8, then i + 4, i + 2, i + 1. */
static double add_lanes(double *lane)
{
    for (size_t width = LANES / 2; width > 0; width /= 2)
        for (size_t i = 0; i < width; i++)
            lane[i] += lane[i + width];
    return lane[0];
}

void qn_stats_init(struct qn_stats *stats)
{
    *stats = (struct qn_stats){.min = INFINITY, .max = -INFINITY};
}

void qn_stats_block(enum qn_dtype dtype, const void *values, size_t n, struct qn_stats *stats)
{
    struct lanes lanes;
    lanes_init(&lanes);
    adder(dtype)(&lanes, values, n);
    /* Adding 0 turns a minimum or maximum of -0 into +0: which zero came first must not show. */
    *stats = (struct qn_stats){.count = n,
                               .zeros = lanes.zeros,
                               .nans = lanes.nans,
                               .infs = lanes.infs,
                               .min = lanes.min + 0.0,
                               .max = lanes.max + 0.0,
                               .sum = add_lanes(lanes.sum),
                               .sum_squares = add_lanes(lanes.squares)};
}

void qn_stats_merge(struct qn_stats *into, const struct qn_stats *next)
{
    into->count += next->count;
    into->zeros += next->zeros;
    into->nans += next->nans;
    into->infs += next->infs;
    into->min = next->min < into->min ? next->min : into->min;
    into->max = next->max > into->max ? next->max : into->max;
    into->sum += next->sum;
    into->sum_squares += next->sum_squares;
}

static double finite_count(const struct qn_stats *stats)
{
    return (double)(stats->count - stats->nans - stats->infs);
}

double qn_stats_mean(const struct qn_stats *stats)
{
    return stats->sum / finite_count(stats);
}

double qn_stats_rms(const struct qn_stats *stats)
{
    return sqrt(stats->sum_squares / finite_count(stats));
}

/* A word of a trace with the sign bits of floats cleared, so that -0 is 0. */
static uint64_t sign_free(enum qn_dtype dtype)
{
    switch (dtype) {
    case QN_FLOAT32:
        return 0x7FFFFFFF7FFFFFFFu;
    case QN_FLOAT64:
        return 0x7FFFFFFFFFFFFFFFu;
    default:
        return UINT64_MAX;
    }
}

bool qn_stats_is_dead(enum qn_dtype dtype, const void *values, size_t n)
{
    const uint8_t *bytes = values;
    size_t len = n * qn_dtype_bytes(dtype), at = 0;
    uint64_t mask = sign_free(dtype), word;
    for (; len - at >= 64; at += 64) {
        uint64_t any = 0;
        for (size_t k = 0; k < 64; k += 8) {
            memcpy(&word, bytes + at + k, 8);
            any |= word & mask;
        }
        if (any)
            return false;
    }
    uint64_t rest[8] = {0}, any = 0;
    memcpy(rest, bytes + at, len - at);
    for (size_t k = 0; k < 8; k++)
        any |= rest[k] & mask;
    return any == 0;
}
