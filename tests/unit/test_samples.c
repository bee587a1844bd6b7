/* Sample converters. Expected values are written out by hand from the two's complement, IEEE and
 * fixed-point definitions. */
#include "check.h"

#include "compute/cpu.h"
#include "compute/samples.h"

#include <math.h>
#include <string.h>

static const int formats[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 16};
#define FORMATS (sizeof formats / sizeof *formats)

/* One sample in each format, big-endian, and what it is. */
static const struct {
    int format;
    uint8_t bytes[8];
    double value;
} samples[] = {
    {1, {0xC2, 0x76, 0xA0, 0x00}, -118.625},
    {2, {0xFF, 0xFF, 0xFF, 0x38}, -200},
    {2, {0x01, 0x02, 0x03, 0x04}, 0x01020304},
    {3, {0xFF, 0x38}, -200},
    {3, {0x12, 0x34}, 0x1234},
    {4, {0x00, 0x03, 0xFF, 0xFB}, -40},
    {4, {0x55, 0x00, 0x01, 0x00}, 256},
    {5, {0x42, 0x48, 0x00, 0x00}, 50},
    {6, {0xC0, 0x59, 0, 0, 0, 0, 0, 0}, -100},
    {7, {0xFF, 0xFF, 0x38}, -200},
    {7, {0x01, 0x02, 0x03}, 0x010203},
    {8, {0x80}, -128},
    {9, {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x38}, -200},
    {10, {0xFF, 0xFF, 0xFF, 0x00}, 4294967040.0},
    {11, {0xFF, 0x38}, 65336},
    {12, {0x80, 0, 0, 0, 0, 0, 0, 0}, 9223372036854775808.0},
    {15, {0xFF, 0xFF, 0x38}, 16777016},
    {16, {0x80}, 128},
};

static double element(enum qn_dtype dtype, const void *values, size_t i)
{
    switch (dtype) {
    case QN_INT8:
        return ((const int8_t *)values)[i];
    case QN_INT16:
        return ((const int16_t *)values)[i];
    case QN_INT32:
        return ((const int32_t *)values)[i];
    case QN_INT64:
        return (double)((const int64_t *)values)[i];
    case QN_UINT8:
        return ((const uint8_t *)values)[i];
    case QN_UINT16:
        return ((const uint16_t *)values)[i];
    case QN_UINT32:
        return ((const uint32_t *)values)[i];
    case QN_UINT64:
        return (double)((const uint64_t *)values)[i];
    case QN_FLOAT32:
        return (double)((const float *)values)[i];
    default:
        return ((const double *)values)[i];
    }
}

/* n copies of sample s, the first at an odd address, through every variant. */
static void assert_converts(size_t s, enum qn_byte_order order, enum qn_sample_output output)
{
    enum { COPIES = 77 };
    const struct qn_sample_converter *converter = qn_samples_find(samples[s].format, order, output);
    size_t size = converter->source_bytes;
    uint8_t in[1 + COPIES * 8];
    double out[COPIES];
    for (size_t i = 0; i < COPIES; i++)
        for (size_t b = 0; b < size; b++)
            in[1 + i * size + b] = samples[s].bytes[order == QN_BIG_ENDIAN ? b : size - 1 - b];
    for (int cpu = 0; cpu < QN_CPU_COUNT; cpu++) {
        struct qn_convert_counts counts = {0};
        if (!qn_cpu_force((enum qn_cpu)cpu))
            continue;
        converter->convert(in + 1, COPIES, out, &counts);
        for (size_t i = 0; i < COPIES; i++)
            assert_true(element(converter->dtype, out, i) == samples[s].value);
        assert_true(counts.overflows == 0 && counts.inexact == 0);
    }
}

static void test_known_samples_of_every_format_in_both_orders(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof samples / sizeof *samples; s++)
        for (int order = 0; order < 2; order++) {
            assert_converts(s, (enum qn_byte_order)order, QN_SAMPLES_NATIVE);
            assert_converts(s, (enum qn_byte_order)order, QN_SAMPLES_FLOAT32);
        }
}

static void test_table_has_every_format_and_its_sizes(void **state)
{
    (void)state;
    static const size_t source[FORMATS] = {4, 4, 2, 4, 4, 8, 3, 1, 8, 4, 2, 8, 3, 1};
    static const size_t native[FORMATS] = {4, 4, 2, 4, 4, 8, 4, 1, 8, 4, 2, 8, 4, 1};
    for (size_t i = 0; i < FORMATS; i++)
        for (int order = 0; order < 2; order++) {
            const struct qn_sample_converter *c =
                qn_samples_find(formats[i], (enum qn_byte_order)order, QN_SAMPLES_NATIVE);
            assert_int_equal(c->source_bytes, source[i]);
            assert_int_equal(c->dtype_bytes, native[i]);
            assert_int_equal(qn_dtype_bytes(c->dtype), native[i]);
            c = qn_samples_find(formats[i], (enum qn_byte_order)order, QN_SAMPLES_FLOAT32);
            assert_int_equal(c->source_bytes, source[i]);
            assert_int_equal(c->dtype, QN_FLOAT32);
        }
    assert_null(qn_samples_find(0, QN_BIG_ENDIAN, QN_SAMPLES_NATIVE));
    assert_null(qn_samples_find(13, QN_BIG_ENDIAN, QN_SAMPLES_NATIVE));
    assert_null(qn_samples_find(17, QN_BIG_ENDIAN, QN_SAMPLES_FLOAT32));
}

static struct qn_convert_counts count(int format, const void *in, size_t n)
{
    float out[8];
    struct qn_convert_counts counts = {0};
    qn_samples_find(format, QN_HOST_ORDER, QN_SAMPLES_FLOAT32)->convert(in, n, out, &counts);
    return counts;
}

static void test_values_that_float32_rounds_are_counted(void **state)
{
    (void)state;
    int32_t i32[] = {16777216, 16777217, -16777217, INT32_MIN, INT32_MAX};
    uint32_t u32[] = {16777217, 4294967040u, UINT32_MAX};
    int64_t i64[] = {INT64_MIN, INT64_MAX, -((int64_t)1 << 40) - 1, (int64_t)3 << 50};
    uint64_t u64[] = {UINT64_MAX, (uint64_t)1 << 63};
    for (int cpu = 0; cpu < QN_CPU_COUNT; cpu++) {
        if (!qn_cpu_force((enum qn_cpu)cpu))
            continue;
        assert_int_equal(count(2, i32, 5).inexact, 3);
        assert_int_equal(count(10, u32, 3).inexact, 2);
        assert_int_equal(count(9, i64, 4).inexact, 2);
        assert_int_equal(count(12, u64, 2).inexact, 1);
    }
}

static void test_doubles_beyond_float32_are_counted_as_overflows(void **state)
{
    (void)state;
    double f64[] = {0.5, 0.1, 1e300, -1e39, INFINITY, NAN, 1e-60, 0x1p-149};
    struct qn_convert_counts counts = count(6, f64, 8);
    assert_int_equal(counts.overflows, 2);
    assert_int_equal(counts.inexact, 2);
}

static void test_ibm_overflow_is_counted(void **state)
{
    (void)state;
    uint32_t words[] = {0x61100000, 0x60FFFFFF, 0xFFFFFFFF};
    assert_int_equal(count(1, words, 3).overflows, 2);
}

static void test_gain_divides_for_writers_that_mean_so(void **state)
{
    (void)state;
    const uint8_t big[] = {0, 3, 0xFF, 0xFB}, little[] = {0xFB, 0xFF, 3, 0};
    float out;
    struct qn_convert_counts counts = {0};
    qn_samples_find_inverse_gain(QN_BIG_ENDIAN)->convert(big, 1, &out, &counts);
    assert_true(out == -0.625f);
    qn_samples_find_inverse_gain(QN_LITTLE_ENDIAN)->convert(little, 1, &out, &counts);
    assert_true(out == -0.625f);
}

static void test_gain_beyond_float32_overflows(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0, 127, 0, 2, 0, 127, 0, 1, 0, 255, 0, 0};
    float out[3];
    struct qn_convert_counts counts = {0};
    qn_samples_find(4, QN_BIG_ENDIAN, QN_SAMPLES_NATIVE)->convert(bytes, 3, out, &counts);
    assert_true(isinf(out[0]) && out[1] == 0x1p127f && out[2] == 0);
    assert_int_equal(counts.overflows, 1);
}

static void test_ieee_bits_are_kept_also_of_nan(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0x7F, 0xA1, 0x23, 0x45};
    uint32_t out;
    struct qn_convert_counts counts = {0};
    qn_samples_find(5, QN_BIG_ENDIAN, QN_SAMPLES_FLOAT32)->convert(bytes, 1, &out, &counts);
    assert_int_equal(out, 0x7FA12345);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_samples_of_every_format_in_both_orders),
        cmocka_unit_test(test_table_has_every_format_and_its_sizes),
        cmocka_unit_test(test_values_that_float32_rounds_are_counted),
        cmocka_unit_test(test_doubles_beyond_float32_are_counted_as_overflows),
        cmocka_unit_test(test_ibm_overflow_is_counted),
        cmocka_unit_test(test_gain_divides_for_writers_that_mean_so),
        cmocka_unit_test(test_gain_beyond_float32_overflows),
        cmocka_unit_test(test_ieee_bits_are_kept_also_of_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
