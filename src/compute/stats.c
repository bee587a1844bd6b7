/* Block statistics: see stats.h. The reference is plain C with 16 explicit lanes; float32 blocks
 * without NaN and infinity, which is nearly all of them, take an AVX2 loop over the same lanes. */
#include "compute/stats.h"

#include "compute/kernel.h"

#include <math.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define LANES 16
/* Values of a float32 block that are tested for NaN and infinity together; a multiple of LANES. */
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

#if defined(__x86_64__)
/* Whether all CHUNK floats have an exponent below that of infinity. */
QN_TARGET_AVX2 static bool chunk_is_finite(const float *v)
{
    __m256i magnitude = _mm256_set1_epi32(0x7FFFFFFF), largest = _mm256_set1_epi32(0x7F7FFFFF);
    __m256i beyond = _mm256_setzero_si256();
    for (size_t i = 0; i < CHUNK; i += 8) {
        __m256i bits = _mm256_loadu_si256((const __m256i *)(v + i));
        beyond =
            _mm256_or_si256(beyond, _mm256_cmpgt_epi32(_mm256_and_si256(bits, magnitude), largest));
    }
    return _mm256_testz_si256(beyond, beyond);
}

QN_TARGET_AVX2 static double least(__m256 a, __m256 b)
{
    float v[8];
    _mm256_storeu_ps(v, _mm256_min_ps(a, b));
    float result = v[0];
    for (int i = 1; i < 8; i++)
        result = v[i] < result ? v[i] : result;
    return (double)result;
}

QN_TARGET_AVX2 static double greatest(__m256 a, __m256 b)
{
    __m256 sign = _mm256_set1_ps(-0.0f);
    return -least(_mm256_xor_ps(a, sign), _mm256_xor_ps(b, sign));
}

QN_TARGET_AVX2 static uint64_t count_of(__m256i minus_counts)
{
    int32_t v[8];
    _mm256_storeu_si256((__m256i *)v, minus_counts);
    int64_t total = 0;
    for (int i = 0; i < 8; i++)
        total -= v[i];
    return (uint64_t)total;
}

/* Adds four floats to four lanes. */
#define ADD_FOUR(k, four)                                                                          \
    do {                                                                                           \
        __m256d wide = _mm256_cvtps_pd(four);                                                      \
        sum[k] = _mm256_add_pd(sum[k], wide);                                                      \
        squares[k] = _mm256_add_pd(squares[k], _mm256_mul_pd(wide, wide));                         \
    } while (0)

/* Adds CHUNK finite floats: register k of `sum` holds lanes 4k to 4k + 3. The product of two
 * floats is exact in double, so each step rounds as the reference does. */
QN_TARGET_AVX2 static void add_chunk_avx2(struct lanes *lanes, const float *v)
{
    __m256d sum[4], squares[4];
    for (int k = 0; k < 4; k++) {
        sum[k] = _mm256_loadu_pd(lanes->sum + 4 * k);
        squares[k] = _mm256_loadu_pd(lanes->squares + 4 * k);
    }
    __m256 zero = _mm256_setzero_ps();
    __m256 min_a = _mm256_loadu_ps(v), min_b = min_a, max_a = min_a, max_b = min_a;
    __m256i zeros = _mm256_setzero_si256();
    for (size_t i = 0; i < CHUNK; i += LANES) {
        __m256 a = _mm256_loadu_ps(v + i), b = _mm256_loadu_ps(v + i + 8);
        ADD_FOUR(0, _mm256_castps256_ps128(a));
        ADD_FOUR(1, _mm256_extractf128_ps(a, 1));
        ADD_FOUR(2, _mm256_castps256_ps128(b));
        ADD_FOUR(3, _mm256_extractf128_ps(b, 1));
        min_a = _mm256_min_ps(min_a, a);
        min_b = _mm256_min_ps(min_b, b);
        max_a = _mm256_max_ps(max_a, a);
        max_b = _mm256_max_ps(max_b, b);
        __m256 both = _mm256_cmp_ps(a, zero, _CMP_EQ_OQ);
        zeros = _mm256_add_epi32(zeros, _mm256_castps_si256(both));
        both = _mm256_cmp_ps(b, zero, _CMP_EQ_OQ);
        zeros = _mm256_add_epi32(zeros, _mm256_castps_si256(both));
    }
    for (int k = 0; k < 4; k++) {
        _mm256_storeu_pd(lanes->sum + 4 * k, sum[k]);
        _mm256_storeu_pd(lanes->squares + 4 * k, squares[k]);
    }
    lanes->zeros += count_of(zeros);
    lanes->min = fmin(lanes->min, least(min_a, min_b));
    lanes->max = fmax(lanes->max, greatest(max_a, max_b));
}

/* Whole chunks in AVX2 where they are finite; everything else as the reference does it. */
static void add_float32_avx2(struct lanes *lanes, const void *values, size_t n)
{
    const float *v = values;
    size_t i = 0;
    for (; n - i >= CHUNK; i += CHUNK) {
        if (chunk_is_finite(v + i))
            add_chunk_avx2(lanes, v + i);
        else
            add_float32(lanes, v + i, CHUNK);
    }
    add_float32(lanes, v + i, n - i);
}
#endif

typedef void add_function(struct lanes *lanes, const void *values, size_t n);

static add_function *adder(enum qn_dtype dtype)
{
    static add_function *const adders[QN_DTYPE_COUNT] = {
        [QN_INT8] = add_int8,       [QN_INT16] = add_int16,   [QN_INT32] = add_int32,
        [QN_INT64] = add_int64,     [QN_UINT8] = add_uint8,   [QN_UINT16] = add_uint16,
        [QN_UINT32] = add_uint32,   [QN_UINT64] = add_uint64, [QN_FLOAT32] = add_float32,
        [QN_FLOAT64] = add_float64,
    };
#if defined(__x86_64__)
    if (dtype == QN_FLOAT32 && qn_cpu_variant() != QN_CPU_GENERIC)
        return add_float32_avx2;
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
