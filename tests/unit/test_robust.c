/* Medians are the middle of the sorted values, whatever the values. */
#include "compute/robust.h"

#include "compute/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { MOST = 700 };

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double middle(double *values, size_t n)
{
    qsort(values, n, sizeof *values, by_value);
    return n % 2 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

/* Of `kinds` different values, so that few kinds are many equals. */
static void check_medians(uint64_t kinds)
{
    struct qn_random random = {.key = kinds};
    double values[MOST];
    double sorted[MOST];
    for (size_t n = 1; n <= MOST; n++) {
        for (size_t i = 0; i < n; i++)
            sorted[i] = values[i] = floor(qn_random_uniform(&random) * (double)kinds) - 3;
        assert_true(qn_median(values, n) == middle(sorted, n));
    }
}

static void medians_are_the_middle_of_the_sorted_values(void **state)
{
    (void)state;
    double odd[] = {3, 1, 2};
    double even[] = {4, 1, 3, 2};
    assert_true(qn_median(odd, 3) == 2);
    assert_true(qn_median(even, 4) == 2.5);
    assert_true(isnan(qn_median(odd, 0)));
    check_medians(1u << 30);
}

static void medians_of_many_equal_values_are_right_too(void **state)
{
    (void)state;
    for (uint64_t kinds = 1; kinds < 7; kinds++)
        check_medians(kinds);
}

static void infinite_values_are_values(void **state)
{
    double values[99];
    (void)state;
    for (size_t i = 0; i < 99; i++)
        values[i] = i % 3 == 0 ? -INFINITY : i % 3 == 1 ? INFINITY : (double)i;
    assert_true(qn_median(values, 99) == 50); /* the 17th of 2, 5, 8... */
}

static void what_is_no_number_does_not_make_it_endless(void **state)
{
    double values[MOST];
    (void)state;
    for (size_t i = 0; i < MOST; i++)
        values[i] = i % 2 ? NAN : (double)i;
    qn_median(values, MOST);
    for (size_t i = 0; i < MOST; i++)
        values[i] = NAN;
    qn_median(values, MOST);
}

static void the_mad_is_the_median_distance(void **state)
{
    double values[] = {1, 1, 2, 2, 4, 6, 9};
    (void)state;
    assert_true(qn_mad(values, 7, 2) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(medians_are_the_middle_of_the_sorted_values),
        cmocka_unit_test(medians_of_many_equal_values_are_right_too),
        cmocka_unit_test(infinite_values_are_values),
        cmocka_unit_test(what_is_no_number_does_not_make_it_endless),
        cmocka_unit_test(the_mad_is_the_median_distance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
