/* Block statistics. Expected values: closed forms of arithmetic series, and a long double sum. */
#include "check.h"

#include "compute/cpu.h"
#include "compute/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void test_series_1_to_1000_has_its_closed_form_in_every_type(void **state)
{
    (void)state;
    int16_t i16[1000];
    uint32_t u32[1000];
    int64_t i64[1000];
    float f32[1000];
    double f64[1000];
    for (int i = 0; i < 1000; i++)
        f64[i] = f32[i] = i16[i] = (int16_t)(u32[i] = (uint32_t)(i64[i] = i + 1));
    const struct {
        enum qn_dtype dtype;
        const void *values;
    } all[] = {
        {QN_INT16, i16}, {QN_UINT32, u32}, {QN_INT64, i64}, {QN_FLOAT32, f32}, {QN_FLOAT64, f64}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct qn_stats s;
        qn_stats_block(all[i].dtype, all[i].values, 1000, &s);
        assert_true(s.count == 1000 && s.zeros == 0 && s.nans == 0 && s.infs == 0);
        assert_true(s.min == 1 && s.max == 1000);
        assert_true(s.sum == 1000.0 * 1001 / 2);
        assert_true(s.sum_squares == 1000.0 * 1001 * 2001 / 6);
        assert_true(qn_stats_mean(&s) == 500.5);
    }
}

static void test_small_integers_keep_their_sign(void **state)
{
    (void)state;
    int8_t i8[] = {-128, 127, 0};
    uint8_t u8[] = {255, 1, 0};
    struct qn_stats s;
    qn_stats_block(QN_INT8, i8, 3, &s);
    assert_true(s.min == -128 && s.max == 127 && s.zeros == 1);
    qn_stats_block(QN_UINT8, u8, 3, &s);
    assert_true(s.min == 0 && s.max == 255 && s.sum == 256);
}

/* Values of many magnitudes, so that any other order of adding gives other bits. */
static float *rough_values(size_t n)
{
    float *values = malloc(n * sizeof *values);
    assert_non_null(values);
    uint32_t word = 1;
    for (size_t i = 0; i < n; i++) {
        word = word * 1664525u + 1013904223u;
        values[i] = ldexpf((float)((int32_t)word >> 8), (int)(word % 41) - 20);
    }
    return values;
}

static void assert_same_bits(enum qn_dtype dtype, const void *values, size_t n)
{
    struct qn_stats reference, s;
    assert_true(qn_cpu_force(QN_CPU_GENERIC));
    qn_stats_block(dtype, values, n, &reference);
    for (int cpu = 0; cpu < QN_CPU_COUNT; cpu++) {
        if (!qn_cpu_force((enum qn_cpu)cpu))
            continue;
        qn_stats_block(dtype, values, n, &s);
        assert_memory_equal(&s, &reference, sizeof s);
    }
}

static void test_every_variant_gives_the_same_bits(void **state)
{
    (void)state;
    float *values = rough_values(20000);
    for (size_t n = 0; n < 20000; n += n < 600 ? 1 : 773)
        assert_same_bits(QN_FLOAT32, values + n % 3, n < 3 ? n : n - 3);
    values[5] = NAN;
    values[1024] = -INFINITY;
    values[1025] = -0.0f;
    values[19999] = 0;
    assert_same_bits(QN_FLOAT32, values, 20000);
    for (int dtype = QN_INT8; dtype <= QN_FLOAT64; dtype++)
        assert_same_bits((enum qn_dtype)dtype, values, 10000);
    free(values);
}

static void test_lanes_are_sixteen_and_added_as_a_tree(void **state)
{
    (void)state;
    float values[48];
    double lane[16] = {0};
    for (int i = 0; i < 48; i++) {
        values[i] = (float)(1.0 / (i + 1)) * (i % 2 ? 1e10f : 1e-10f);
        lane[i % 16] += (double)values[i];
    }
    double by_4[4];
    for (int i = 0; i < 4; i++)
        by_4[i] = (lane[i] + lane[i + 8]) + (lane[i + 4] + lane[i + 12]);
    struct qn_stats s;
    qn_stats_block(QN_FLOAT32, values, 48, &s);
    assert_true(s.sum == (by_4[0] + by_4[2]) + (by_4[1] + by_4[3]));
}

static void test_sums_agree_with_long_double(void **state)
{
    (void)state;
    float *values = rough_values(100000);
    long double sum = 0, squares = 0;
    for (size_t i = 0; i < 100000; i++) {
        sum += (long double)values[i];
        squares += (long double)values[i] * (long double)values[i];
    }
    struct qn_stats s;
    qn_stats_block(QN_FLOAT32, values, 100000, &s);
    assert_true(fabsl((long double)s.sum - sum) <= 1e-13L * sqrtl(squares * 100000));
    assert_true(fabsl((long double)s.sum_squares - squares) <= 1e-13L * squares);
    free(values);
}

static void test_nan_and_infinities_are_counted_and_left_out(void **state)
{
    (void)state;
    float values[] = {NAN, 3, INFINITY, -0.0f, -INFINITY, -5, 0};
    struct qn_stats s;
    qn_stats_block(QN_FLOAT32, values, 7, &s);
    assert_true(s.count == 7 && s.nans == 1 && s.infs == 2 && s.zeros == 2);
    assert_true(s.min == -5 && s.max == 3 && s.sum == -2 && s.sum_squares == 34);
    assert_true(qn_stats_mean(&s) == -0.5);
}

static void test_minimum_of_negative_zero_is_positive_zero(void **state)
{
    (void)state;
    double values[] = {-0.0, 0.0, -0.0};
    struct qn_stats s;
    qn_stats_block(QN_FLOAT64, values, 3, &s);
    assert_false(signbit(s.min));
    assert_false(signbit(s.max));
}

static void test_merge_of_blocks_is_their_whole(void **state)
{
    (void)state;
    int32_t values[] = {4, -7, 0, 9, 0, 2};
    struct qn_stats a, b, empty;
    qn_stats_init(&empty);
    qn_stats_block(QN_INT32, values, 2, &a);
    qn_stats_block(QN_INT32, values + 2, 4, &b);
    qn_stats_merge(&empty, &a);
    qn_stats_merge(&empty, &b);
    assert_true(empty.count == 6 && empty.zeros == 2 && empty.min == -7 && empty.max == 9);
    assert_true(empty.sum == 8 && empty.sum_squares == 150);
}

static void test_no_values_have_no_mean(void **state)
{
    (void)state;
    struct qn_stats s;
    qn_stats_block(QN_FLOAT32, NULL, 0, &s);
    assert_true(s.count == 0 && isinf(s.min) && isinf(s.max));
    assert_true(isnan(qn_stats_mean(&s)) && isnan(qn_stats_rms(&s)));
}

static void test_one_value_anywhere_makes_a_trace_alive(void **state)
{
    (void)state;
    float trace[100];
    for (size_t i = 0; i < 100; i++)
        trace[i] = i % 2 ? -0.0f : 0.0f;
    assert_true(qn_stats_is_dead(QN_FLOAT32, trace, 100));
    for (size_t i = 0; i < 100; i++) {
        float keep = trace[i];
        trace[i] = 1e-45f;
        assert_false(qn_stats_is_dead(QN_FLOAT32, trace, 100));
        assert_int_equal(qn_stats_is_dead(QN_FLOAT32, trace, i), true);
        trace[i] = keep;
    }
    int16_t lowest[] = {0, 0, INT16_MIN};
    assert_false(qn_stats_is_dead(QN_INT16, lowest, 3));
    assert_true(qn_stats_is_dead(QN_INT16, lowest, 2));
    assert_true(qn_stats_is_dead(QN_FLOAT64, lowest, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_series_1_to_1000_has_its_closed_form_in_every_type),
        cmocka_unit_test(test_small_integers_keep_their_sign),
        cmocka_unit_test(test_every_variant_gives_the_same_bits),
        cmocka_unit_test(test_lanes_are_sixteen_and_added_as_a_tree),
        cmocka_unit_test(test_sums_agree_with_long_double),
        cmocka_unit_test(test_nan_and_infinities_are_counted_and_left_out),
        cmocka_unit_test(test_minimum_of_negative_zero_is_positive_zero),
        cmocka_unit_test(test_merge_of_blocks_is_their_whole),
        cmocka_unit_test(test_no_values_have_no_mean),
        cmocka_unit_test(test_one_value_anywhere_makes_a_trace_alive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
