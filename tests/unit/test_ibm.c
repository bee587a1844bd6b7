/* IBM floats. Known answers are exact rationals f / 2^24 * 16^(e - 64), rounded to nearest even by
 * hand; the reference for all other words is double arithmetic (exact) and one conversion. */
#include "check.h"

#include "compute/cpu.h"
#include "compute/ibm.h"

#include <math.h>
#include <string.h>

static void test_known_words_decode_to_known_floats(void **state)
{
    (void)state;
    static const uint32_t known[][2] = {
        {0x41100000, 0x3F800000}, /* 1 */
        {0xC276A000, 0xC2ED4000}, /* -118.625 */
        {0x4312C000, 0x43960000}, /* 300 */
        {0x40800000, 0x3F000000}, /* 1/2 */
        {0x413243F7, 0x40490FDC}, /* pi */
        {0x42010000, 0x3F800000}, {0x45000010, 0x3F800000}, {0x46000001, 0x3F800000},
        {0x42000001, 0x37800000}, /* the last four not normalised */
        {0x00000000, 0x00000000}, {0x7F000000, 0x00000000}, {0x80000000, 0x80000000},
        {0x1B400000, 0x00000000}, /* a tie, to even */
        {0x1B400001, 0x00000001}, {0x1BC00000, 0x00000002}, {0x1DA7C000, 0x00000150},
        {0x1DA84001, 0x00000151}, {0x20FFFFF4, 0x001FFFFE}, {0x20FFFFF5, 0x001FFFFF},
        {0x20FFFFFC, 0x00200000}, {0x21100000, 0x00200000}, {0x213FFFFF, 0x007FFFFE},
        {0x21400000, 0x00800000}, /* smallest normal float */
        {0x60FFFFFF, 0x7F7FFFFF}, /* largest float */
        {0x61100000, 0x7F800000}, {0x61100001, 0x7F800000}, {0x7FFFFFFF, 0x7F800000},
        {0xFFFFFFFF, 0xFF800000},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_int_equal(qn_float_bits(qn_ibm_to_float(known[i][0])), known[i][1]);
}

static void test_known_floats_encode_to_known_words(void **state)
{
    (void)state;
    static const uint32_t known[][2] = {
        {0x3F800000, 0x41100000}, /* 1 */
        {0x3E200000, 0x40280000}, /* 0.15625 */
        {0x40490FDB, 0x413243F7}, /* pi: the last digit is rounded up */
        {0x7F7FFFFF, 0x60FFFFFF}, /* largest float */
        {0xC2ED4000, 0xC276A000}, /* -118.625 */
        {0x00000001, 0x1B800000}, /* 2^-149 = 8/16 * 16^-37 */
        {0x00000000, 0x00000000}, {0x80000000, 0x80000000},
        {0x7F800000, 0x7FFFFFFF}, {0xFF800000, 0xFFFFFFFF}, /* infinities */
        {0x7FC00000, 0x00000000}, {0xFFC00001, 0x00000000}, /* NaN */
        {0x3F800004, 0x41100000},                           /* 1 + 2^-21: a tie, to even */
        {0x3F80000C, 0x41100002},                           /* 1 + 3 * 2^-21: a tie, to even */
        {0x3F800005, 0x41100001},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_int_equal(qn_float_to_ibm(qn_float_from_bits(known[i][0])), known[i][1]);
}

static uint32_t exact_bits(uint32_t word)
{
    double magnitude = ldexp((double)(word & 0xFFFFFF), 4 * (int)(word >> 24 & 0x7F) - 280);
    return qn_float_bits((float)magnitude) | (word & 0x80000000u);
}

/* Every sign and exponent, with fractions at the ends, at ties and between. */
static size_t telling_words(uint32_t *words, size_t max)
{
    size_t n = 0;
    uint32_t noise = 12345;
    for (uint32_t top = 0; top < 256; top++)
        for (uint32_t bit = 0; bit < 24 && n + 4 <= max; bit++) {
            noise = noise * 1664525u + 1013904223u;
            words[n++] = top << 24 | 1u << bit;
            words[n++] = top << 24 | ((1u << bit) - 1);
            words[n++] = top << 24 | (0xFFFFFF & ~(1u << bit));
            words[n++] = top << 24 | noise >> 8;
        }
    return n;
}

static void test_every_variant_decodes_exactly_in_both_orders_at_any_length(void **state)
{
    (void)state;
    static uint32_t words[256 * 24 * 4], big[256 * 24 * 4];
    static float out[256 * 24 * 4];
    size_t n = telling_words(words, sizeof words / sizeof *words);
    for (size_t i = 0; i < n; i++)
        big[i] = __builtin_bswap32(words[i]);
    for (int cpu = 0; cpu < QN_CPU_COUNT; cpu++) {
        if (!qn_cpu_force((enum qn_cpu)cpu))
            continue;
        for (size_t len = n; len > 0; len = len > 40 ? len / 2 : len - 1) {
            qn_ibm_decode(big, QN_BIG_ENDIAN, len, out, NULL);
            for (size_t i = 0; i < len; i++)
                assert_int_equal(qn_float_bits(out[i]), exact_bits(words[i]));
            memset(out, 0, sizeof out);
            qn_ibm_decode(words, QN_LITTLE_ENDIAN, len, out, NULL);
            for (size_t i = 0; i < len; i++)
                assert_int_equal(qn_float_bits(out[i]), exact_bits(words[i]));
        }
    }
}

static void test_words_that_became_infinite_are_counted(void **state)
{
    (void)state;
    uint32_t words[100];
    float out[100];
    for (uint32_t i = 0; i < 100; i++)
        words[i] = i % 10 == 3 ? 0xE1100000u + i : 0x60FFFFFFu;
    for (int cpu = 0; cpu < QN_CPU_COUNT; cpu++)
        if (qn_cpu_force((enum qn_cpu)cpu))
            assert_int_equal(qn_ibm_decode(words, QN_HOST_ORDER, 100, out, NULL), 10);
}

static void test_normalised_words_survive_a_round_trip(void **state)
{
    (void)state;
    for (uint32_t word = 0x21400000; word <= 0x60FFFFFF; word += 4099)
        if (word & 0x00F00000)
            assert_int_equal(qn_float_to_ibm(qn_ibm_to_float(word)), word);
}

static void test_every_variant_encodes_as_the_scalar_and_counts_what_ibm_lacks(void **state)
{
    (void)state;
    static float values[5000];
    static uint8_t out[20000];
    for (size_t i = 0; i < 5000; i++)
        values[i] = qn_float_from_bits((uint32_t)i * 858993u);
    values[7] = NAN;
    values[9] = -INFINITY;
    uint64_t lacking = 0;
    for (size_t i = 0; i < 5000; i++)
        lacking += !isfinite(values[i]);
    for (int cpu = 0; cpu < QN_CPU_COUNT; cpu++) {
        if (!qn_cpu_force((enum qn_cpu)cpu))
            continue;
        assert_int_equal(qn_ibm_encode(values, QN_BIG_ENDIAN, 5000, out), lacking);
        for (size_t i = 0; i < 5000; i++)
            assert_int_equal(qn_load_u32(out + 4 * i, QN_BIG_ENDIAN), qn_float_to_ibm(values[i]));
    }
}

static void test_a_variant_this_machine_lacks_is_not_forced(void **state)
{
    (void)state;
    assert_true(qn_cpu_force(QN_CPU_GENERIC));
    assert_false(qn_cpu_force(QN_CPU_COUNT));
    assert_int_equal(qn_cpu_variant(), QN_CPU_GENERIC);
    assert_string_equal(qn_cpu_name(QN_CPU_AVX2), "avx2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_words_decode_to_known_floats),
        cmocka_unit_test(test_known_floats_encode_to_known_words),
        cmocka_unit_test(test_every_variant_decodes_exactly_in_both_orders_at_any_length),
        cmocka_unit_test(test_words_that_became_infinite_are_counted),
        cmocka_unit_test(test_normalised_words_survive_a_round_trip),
        cmocka_unit_test(test_every_variant_encodes_as_the_scalar_and_counts_what_ibm_lacks),
        cmocka_unit_test(test_a_variant_this_machine_lacks_is_not_forced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
