/* Encoders. Expected bytes are written out by hand from the definitions of the formats; where a
 * value lies between two of a format, from "nearest, ties to even". */
#include "check.h"

#include "base/ibm_scalar.h"
#include "compute/cpu.h"
#include "compute/encode.h"
#include "compute/samples.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const int formats[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 16};
#define FORMATS (sizeof formats / sizeof *formats)

static struct qn_encoder encoder(enum qn_dtype dtype, int format)
{
    return (struct qn_encoder){
        .dtype = dtype, .format = format, .order = QN_BIG_ENDIAN, .scale = 1};
}

/* The bits of one encoded value, as a number. */
static uint64_t bits_of(const struct qn_encoder *e, const void *value,
                        struct qn_encode_counts *counts)
{
    uint8_t out[8] = {0};
    uint64_t bits = 0;
    qn_encode(e, value, 1, out, counts);
    for (size_t i = 0; i < qn_encoded_bytes(e->format); i++)
        bits = bits << 8 | out[i];
    return bits;
}

static void assert_double(int format, double value, uint64_t bits)
{
    struct qn_encode_counts counts = {0};
    struct qn_encoder e = encoder(QN_FLOAT64, format);
    assert_int_equal(bits_of(&e, &value, &counts), bits);
}

static void test_doubles_become_the_nearest_value_of_every_format(void **state)
{
    (void)state;
    assert_double(1, -118.625, 0xC276A000);
    assert_double(1, 0.15625, 0x40280000);
    assert_double(1, 1 + 0x1p-21, 0x41100000); /* a tie, to even */
    assert_double(1, 1 + 0x3p-21, 0x41100002); /* a tie, to even */
    assert_double(1, 1 + 0x1.01p-21, 0x41100001);
    assert_double(1, 16 - 0x1p-30, 0x42100000); /* a carry into the next exponent */
    assert_double(1, 0x1p-276, 0x00000010);     /* below 16^-65: not normalised */
    assert_double(1, -0.0, 0x80000000);
    assert_double(2, -2.5, 0xFFFFFFFE);
    assert_double(3, 3.5, 4);
    assert_double(5, 0.1, 0x3DCCCCCD);
    assert_double(6, -100, 0xC059000000000000);
    assert_double(7, -200, 0xFFFF38);
    assert_double(8, -128, 0x80);
    assert_double(9, -200, 0xFFFFFFFFFFFFFF38);
    assert_double(10, 4294967040.0, 0xFFFFFF00);
    assert_double(11, 65336, 0xFF38);
    assert_double(12, 0x1p63, 0x8000000000000000);
    assert_double(15, 16777016, 0xFFFF38);
    assert_double(16, 0.5, 0);
}

static void test_fixed_point_takes_the_smallest_gain_that_is_exact(void **state)
{
    (void)state;
    assert_double(4, -40, 0x0000FFD8);
    assert_double(4, 40000, 0x00014E20); /* 20000 * 2^1 */
    assert_double(4, 40001, 0x00014E20); /* 20000.5 * 2^1: a tie, to even */
    assert_double(4, -32768, 0x00008000);
    assert_double(4, 32768, 0x00014000);
    struct qn_encoder inverse = encoder(QN_FLOAT64, 4);
    inverse.inverse_gain = true;
    double value = 0.75;
    assert_int_equal(bits_of(&inverse, &value, NULL), 0x00020003); /* 3 * 2^-2 */
}

static void test_what_is_beyond_the_range_becomes_its_end_and_is_counted(void **state)
{
    (void)state;
    static const struct {
        int format;
        uint64_t least, most;
    } ends[] = {
        {1, 0xFFFFFFFF, 0x7FFFFFFF},
        {2, 0x80000000, 0x7FFFFFFF},
        {3, 0x8000, 0x7FFF},
        {4, 0x00FF8000, 0x00FF7FFF},
        {5, 0xFF800000, 0x7F800000},
        {7, 0x800000, 0x7FFFFF},
        {8, 0x80, 0x7F},
        {9, 0x8000000000000000, 0x7FFFFFFFFFFFFFFF},
        {10, 0, 0xFFFFFFFF},
        {11, 0, 0xFFFF},
        {12, 0, 0xFFFFFFFFFFFFFFFF},
        {15, 0, 0xFFFFFF},
        {16, 0, 0xFF},
    };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct qn_encode_counts counts = {0};
        struct qn_encoder e = encoder(QN_FLOAT64, ends[i].format);
        double values[] = {-1e300, 1e300};
        assert_int_equal(bits_of(&e, &values[0], &counts), ends[i].least);
        assert_int_equal(bits_of(&e, &values[1], &counts), ends[i].most);
        assert_int_equal(counts.clipped, 2);
        assert_int_equal(counts.rounded, 0);
    }
}

static void test_nan_is_kept_where_it_exists_and_counted_where_it_does_not(void **state)
{
    (void)state;
    for (size_t f = 0; f < FORMATS; f++) {
        struct qn_encode_counts counts = {0};
        struct qn_encoder e = encoder(QN_FLOAT32, formats[f]);
        float nan = NAN;
        uint64_t bits = bits_of(&e, &nan, &counts);
        bool has_nan = formats[f] == 5 || formats[f] == 6;
        assert_int_equal(counts.nans, !has_nan);
        assert_int_equal(bits, formats[f] == 5   ? 0x7FC00000
                               : formats[f] == 6 ? 0x7FF8000000000000
                                                 : 0);
        assert_int_equal(counts.rounded + counts.clipped, 0);
    }
}

static void test_losses_are_counted_with_the_largest_error(void **state)
{
    (void)state;
    struct qn_encode_counts counts = {0};
    struct qn_encoder e = encoder(QN_FLOAT32, 3);
    float values[] = {1, 2.25F, -7.5F, 32769, -40000, 100};
    uint8_t out[sizeof values];
    qn_encode(&e, values, 6, out, &counts);
    assert_int_equal(counts.rounded, 2);
    assert_int_equal(counts.clipped, 2);
    assert_true(counts.max_error == 40000 - 32768);
    assert_true(counts.max_finite == 40000);
}

static void test_floats_become_ibm_the_same_with_and_without_counting(void **state)
{
    (void)state;
    enum { COUNT = 4000 };
    static float values[COUNT];
    static uint8_t counted[4 * COUNT], plain[4 * COUNT];
    struct qn_encoder e = encoder(QN_FLOAT32, 1);
    uint64_t lost = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
        values[i] = qn_float_from_bits(i * 1073741u);
        /* A word holds a float exactly if dividing it by 16^h leaves at most 24 bits. */
        int exponent;
        double fraction = frexp((double)values[i], &exponent);
        double scaled = ldexp(fraction, 24 - (4 * ((exponent + 3) >> 2) - exponent));
        lost += isfinite(values[i]) && scaled != rint(scaled);
    }
    for (int cpu = 0; cpu < QN_CPU_COUNT; cpu++) {
        struct qn_encode_counts counts = {0};
        if (!qn_cpu_force((enum qn_cpu)cpu))
            continue;
        qn_encode(&e, values, COUNT, counted, &counts);
        qn_encode(&e, values, COUNT, plain, NULL);
        assert_memory_equal(counted, plain, sizeof plain);
        assert_int_equal(counts.rounded, lost);
    }
}

static void test_large_integers_are_rounded_once(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        int format;
        uint64_t bits;
    } known[] = {
        /* 2^62 + 2^38 is a tie between two floats; one more is above it. A double would have
         * rounded the one away. */
        {(1ll << 62) + (1ll << 38), 5, 0x5E800000},
        {(1ll << 62) + (1ll << 38) + 1, 5, 0x5E800001},
        {-(1ll << 62) - (1ll << 38) - 1, 5, 0xDE800001},
        /* 2^62 = 4 * 16^15: 23 bits of fraction follow, the tie is at 2^39. */
        {(1ll << 62) + (1ll << 39), 1, 0x50400000},
        {(1ll << 62) + (1ll << 39) + 1, 1, 0x50400001},
        {(1ll << 53) + 1, 6, 0x4340000000000000},
        {INT64_MAX, 9, INT64_MAX},
        {INT64_MIN, 9, (uint64_t)INT64_MIN},
        {INT64_MAX, 12, INT64_MAX},
        {INT64_MIN, 12, 0},
        {INT64_MAX, 2, 0x7FFFFFFF},
        {INT64_MIN, 3, 0x8000},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct qn_encode_counts counts = {0};
        struct qn_encoder e = encoder(QN_INT64, known[i].format);
        assert_int_equal(bits_of(&e, &known[i].value, &counts), known[i].bits);
    }
    struct qn_encode_counts counts = {0};
    struct qn_encoder e = encoder(QN_UINT64, 6);
    uint64_t most = UINT64_MAX;
    assert_int_equal(bits_of(&e, &most, &counts), 0x43F0000000000000); /* 2^64 */
    assert_int_equal(counts.rounded, 1);
    assert_true(counts.max_error == 1);
    e = encoder(QN_UINT64, 9);
    assert_int_equal(bits_of(&e, &most, &counts), INT64_MAX);
    assert_int_equal(counts.clipped, 1);
}

static void test_a_scale_is_applied_before_rounding(void **state)
{
    (void)state;
    struct qn_encoder e = encoder(QN_FLOAT32, 3);
    float value = 0.0125F;
    e.scale = 1000;
    assert_int_equal(bits_of(&e, &value, NULL), 13); /* 0.0125F is above 0.0125 */
}

/* Random words of the format; those that the decoder does not suspect must come back. */
static void assert_comes_back(int format, enum qn_byte_order order, enum qn_sample_output output)
{
    enum { COUNT = 3000 };
    static uint8_t in[8 * COUNT], out[8 * COUNT];
    static double values[COUNT];
    const struct qn_sample_converter *converter = qn_samples_find(format, order, output);
    size_t bytes = converter->source_bytes;
    struct qn_encoder e = {.dtype = converter->dtype, .format = format, .order = order, .scale = 1};
    srand(1);
    for (size_t i = 0; i < bytes * COUNT; i++)
        in[i] = (uint8_t)(rand() >> 7);
    for (size_t i = 0; i < COUNT; i++) {
        struct qn_convert_counts counts = {0};
        converter->convert(in + i * bytes, 1, (uint8_t *)values + i * converter->dtype_bytes,
                           &counts);
        qn_encode(&e, (uint8_t *)values + i * converter->dtype_bytes, 1, out, NULL);
        if (counts.suspects == 0)
            assert_memory_equal(in + i * bytes, out, bytes);
        else
            assert_true(format == 1 || output == QN_SAMPLES_FLOAT32 || format == 4);
    }
}

static void test_whatever_is_not_suspect_comes_back_to_the_bit(void **state)
{
    (void)state;
    for (size_t f = 0; f < FORMATS; f++) {
        assert_comes_back(formats[f], QN_BIG_ENDIAN, QN_SAMPLES_NATIVE);
        assert_comes_back(formats[f], QN_LITTLE_ENDIAN, QN_SAMPLES_NATIVE);
        assert_comes_back(formats[f], QN_BIG_ENDIAN, QN_SAMPLES_FLOAT32);
        assert_comes_back(formats[f], QN_LITTLE_ENDIAN, QN_SAMPLES_FLOAT32);
    }
}

/* An answer of yes is tried on the ends of the range and on a value with all bits set. */
static void test_types_that_a_format_holds_lose_nothing(void **state)
{
    (void)state;
    static const int64_t integers[] = {INT8_MIN,  INT8_MAX,  INT16_MIN,  INT16_MAX,  INT32_MIN,
                                       INT32_MAX, UINT8_MAX, UINT16_MAX, UINT32_MAX, 0};
    for (size_t f = 0; f < FORMATS; f++) {
        for (int dtype = QN_INT8; dtype <= QN_UINT64; dtype++) {
            struct qn_encoder e = encoder((enum qn_dtype)dtype, formats[f]);
            struct qn_encode_counts counts = {0};
            if (!qn_encodes_exactly(e.dtype, e.format))
                continue;
            for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
                bits_of(&e, &integers[i], &counts); /* its low bits: little-endian hosts */
            assert_int_equal(counts.rounded + counts.clipped, 0);
        }
    }
    assert_true(qn_encodes_exactly(QN_INT16, 1));
    assert_true(qn_encodes_exactly(QN_UINT16, 5));
    assert_true(qn_encodes_exactly(QN_FLOAT32, 6));
    assert_false(qn_encodes_exactly(QN_FLOAT32, 1));
    assert_false(qn_encodes_exactly(QN_INT32, 5));
    assert_false(qn_encodes_exactly(QN_INT16, 11));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_doubles_become_the_nearest_value_of_every_format),
        cmocka_unit_test(test_fixed_point_takes_the_smallest_gain_that_is_exact),
        cmocka_unit_test(test_what_is_beyond_the_range_becomes_its_end_and_is_counted),
        cmocka_unit_test(test_nan_is_kept_where_it_exists_and_counted_where_it_does_not),
        cmocka_unit_test(test_losses_are_counted_with_the_largest_error),
        cmocka_unit_test(test_floats_become_ibm_the_same_with_and_without_counting),
        cmocka_unit_test(test_large_integers_are_rounded_once),
        cmocka_unit_test(test_a_scale_is_applied_before_rounding),
        cmocka_unit_test(test_whatever_is_not_suspect_comes_back_to_the_bit),
        cmocka_unit_test(test_types_that_a_format_holds_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
