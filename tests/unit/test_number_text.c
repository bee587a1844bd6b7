/* Numbers as text, against the C library: they read back, and no text of fewer digits does. */
#include "check.h"

#include "format/text/number_text.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state_of_random = 1;

static uint64_t random_bits(void) /* splitmix64 */
{
    uint64_t z = state_of_random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static const char *text_of(struct qn_buf *out)
{
    qn_buf_u8(out, 0);
    return (const char *)out->data;
}

/* What the C library prints with the fewest digits that read back. */
static void shortest(double value, char *text, size_t size)
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, size, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            return;
    }
}

static void check_real(double value)
{
    struct qn_buf out = {0};
    char expected[40];
    shortest(value, expected, sizeof expected);
    qn_put_real(&out, value, false);
    assert_string_equal(text_of(&out), expected);
    qn_buf_release(&out);
}

static void decimals_are_written_with_their_own_digits(void **state)
{
    (void)state;
    const double scales[] = {1, 10, 100, 1000, 1e6, 1e9, 1e14};
    for (int i = 0; i < 200000; i++) {
        double m = (double)(int64_t)(random_bits() >> (11 + random_bits() % 50));
        check_real((i & 1 ? m : -m) / scales[i % 7]);
    }
}

static void any_double_is_written_as_the_c_library_does(void **state)
{
    (void)state;
    const double odd[] = {0.0,
                          -0.0,
                          1e15,
                          1e-4,
                          9.999999999999999e14,
                          0.1 + 0.2,
                          5e-324,
                          DBL_MAX,
                          1e22,
                          123456789.123,
                          9.9999e-5,
                          0.30000000000000004,
                          1e16,
                          999999999999999,
                          1e14 + 0.5,
                          100,
                          1234567890123456};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        check_real(odd[i]);
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = random_bits();
        double value;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value))
            check_real(value);
    }
}

static void floats_are_written_as_floats(void **state)
{
    (void)state;
    struct qn_buf out = {0};
    qn_put_real(&out, (double)0.1f, true);
    assert_string_equal(text_of(&out), "0.1");
    qn_buf_release(&out);
    for (int i = 0; i < 50000; i++) {
        uint32_t bits = (uint32_t)random_bits();
        float value;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        qn_buf_clear(&out);
        qn_put_real(&out, (double)value, true);
        assert_true(strtof(text_of(&out), NULL) == value);
        assert_true(out.len <= 17);
    }
    qn_buf_release(&out);
}

static void what_is_no_number_has_a_name(void **state)
{
    (void)state;
    struct qn_buf out = {0};
    qn_put_real(&out, (double)NAN, false);
    qn_put_real(&out, (double)-INFINITY, true);
    qn_put_real(&out, (double)INFINITY, false);
    assert_string_equal(text_of(&out), "NaN-InfinityInfinity");
    qn_buf_release(&out);
}

static void integers_are_written_as_the_c_library_does(void **state)
{
    (void)state;
    struct qn_buf out = {0};
    char expected[64];
    for (int i = 0; i < 100000; i++) {
        uint64_t value = random_bits() >> random_bits() % 64;
        int64_t other = i == 0 ? INT64_MIN : (int64_t)(random_bits() >> random_bits() % 64);
        qn_buf_clear(&out);
        qn_put_unsigned(&out, value);
        qn_buf_u8(&out, ' ');
        qn_put_signed(&out, other);
        qn_buf_u8(&out, ' ');
        qn_put_padded(&out, value % 1000000, 6);
        snprintf(expected, sizeof expected, "%llu %lld %06llu", (unsigned long long)value,
                 (long long)other, (unsigned long long)(value % 1000000));
        assert_string_equal(text_of(&out), expected);
    }
    qn_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_are_written_with_their_own_digits),
        cmocka_unit_test(any_double_is_written_as_the_c_library_does),
        cmocka_unit_test(floats_are_written_as_floats),
        cmocka_unit_test(what_is_no_number_has_a_name),
        cmocka_unit_test(integers_are_written_as_the_c_library_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
