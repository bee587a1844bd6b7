/* Values of Parquet as text, at the ends of what their types hold. */
#include "check.h"

#include "format/parquet/text.h"

#include <stdio.h>

static const char *shown(const struct qn_parquet_node *leaf, const void *value, size_t len)
{
    static char text[80];
    struct qn_buf out = {0};
    qn_parquet_put_value(&out, leaf, value, len, QN_PARQUET_PLAIN);
    snprintf(text, sizeof text, "%.*s", (int)out.len, (const char *)out.data);
    qn_buf_release(&out);
    return text;
}

/* Expected: numpy.datetime64(-2**63 + 1, unit); earlier it has none. */
static void the_earliest_timestamps_are_those_of_numpy(void **state)
{
    (void)state;
    struct qn_parquet_node leaf = {
        .is_leaf = true, .physical = PQ_INT64, .meaning = QN_PQ_MEANS_TIMESTAMP};
    const int64_t value = INT64_MIN + 1;
    leaf.unit = QN_PQ_NANOS;
    assert_string_equal(shown(&leaf, &value, 8), "1677-09-21T00:12:43.145224193");
    leaf.unit = QN_PQ_MICROS;
    assert_string_equal(shown(&leaf, &value, 8), "-290308-12-21T19:59:05.224193");
    leaf.unit = QN_PQ_MILLIS;
    assert_string_equal(shown(&leaf, &value, 8), "-292275055-05-16T16:47:04.193");
}

static void a_scale_of_billions_does_not_make_billions_of_digits(void **state)
{
    (void)state;
    struct qn_parquet_node leaf = {.is_leaf = true,
                                   .physical = PQ_INT32,
                                   .meaning = QN_PQ_MEANS_DECIMAL,
                                   .precision = INT32_MAX,
                                   .scale = INT32_MAX};
    const int32_t value = -123;
    assert_string_equal(shown(&leaf, &value, 4), "-123E-2147483647");
    leaf.scale = 5;
    assert_string_equal(shown(&leaf, &value, 4), "-0.00123");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_earliest_timestamps_are_those_of_numpy),
        cmocka_unit_test(a_scale_of_billions_does_not_make_billions_of_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
