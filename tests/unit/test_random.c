/* Random numbers have the moments and the probabilities that their distributions have. Streams are
 * fixed, so the tests cannot fail now and then; bounds are five standard errors wide. */
#include "compute/random.h"

#include <math.h>

#include "check.h"

enum { DRAWS = 200000 };

static double close_to(double got, double wanted, double deviation)
{
    return fabs(got - wanted) / (deviation / sqrt(DRAWS));
}

static void the_mixer_is_that_of_splitmix64(void **state)
{
    (void)state;
    /* The first two numbers of the generator published by S. Vigna, seeded with 1234567. */
    assert_true(qn_random_mix(1234567 + 0x9E3779B97F4A7C15u) == 6457827717110365317u);
    assert_true(qn_random_mix(1234567 + 2 * 0x9E3779B97F4A7C15u) == 3203168211198807973u);
}

static void uniform_numbers_fill_their_interval_evenly(void **state)
{
    struct qn_random random = {.key = 1};
    double sum = 0, squares = 0;
    (void)state;
    for (int i = 0; i < DRAWS; i++) {
        double u = qn_random_uniform(&random);
        assert_true(u >= 0 && u < 1);
        sum += u;
        squares += u * u;
    }
    assert_true(close_to(sum / DRAWS, 0.5, sqrt(1.0 / 12)) < 5);
    assert_true(close_to(squares / DRAWS, 1.0 / 3, sqrt(4.0 / 45)) < 5);
}

static void normal_numbers_have_the_moments_of_the_normal_law(void **state)
{
    struct qn_random random = {.key = 2};
    double sum = 0, squares = 0, fourths = 0;
    (void)state;
    for (int i = 0; i < DRAWS; i++) {
        double x = qn_random_normal(&random);
        sum += x;
        squares += x * x;
        fourths += x * x * x * x;
    }
    assert_true(close_to(sum / DRAWS, 0, 1) < 5);
    assert_true(close_to(squares / DRAWS, 1, sqrt(2)) < 5);
    assert_true(close_to(fourths / DRAWS, 3, sqrt(96)) < 5);
}

/* Mean and variance are both the mean; the central fourth moment is mean (1 + 3 mean). */
static void check_poisson(double mean)
{
    struct qn_random random = {.key = (uint64_t)(mean * 1000)};
    double sum = 0, squares = 0;
    for (int i = 0; i < DRAWS; i++) {
        double d = (double)qn_random_poisson(&random, mean) - mean;
        sum += d;
        squares += d * d;
    }
    assert_true(close_to(sum / DRAWS, 0, sqrt(mean)) < 5);
    assert_true(close_to(squares / DRAWS, mean, sqrt(mean + 2 * mean * mean)) < 5);
}

static void poisson_numbers_have_the_mean_as_mean_and_variance(void **state)
{
    (void)state;
    static const double means[] = {0.01, 0.5, 3, 9.9, 10.1, 30, 1000, 1e6};
    for (int i = 0; i < 8; i++)
        check_poisson(means[i]);
}

/* Chi squared of the counts against the probabilities, both sides of where the method changes. */
static void poisson_numbers_have_the_probabilities_of_the_law(void **state)
{
    (void)state;
    static const double means[] = {2, 9.9, 10.1, 25};
    for (int m = 0; m < 4; m++) {
        struct qn_random random = {.key = (uint64_t)m};
        double counts[80] = {0};
        double chi2 = 0;
        int degrees = 0;
        for (int i = 0; i < DRAWS; i++) {
            uint64_t k = qn_random_poisson(&random, means[m]);
            counts[k < 80 ? k : 79]++;
        }
        for (int k = 0; k < 79; k++) {
            double wanted = DRAWS * exp(k * log(means[m]) - means[m] - lgamma(k + 1.0));
            if (wanted < 10)
                continue;
            chi2 += (counts[k] - wanted) * (counts[k] - wanted) / wanted;
            degrees++;
        }
        assert_true(chi2 < degrees + 5 * sqrt(2 * degrees));
    }
}

static void no_mean_gives_no_counts(void **state)
{
    struct qn_random random = {.key = 3};
    (void)state;
    assert_int_equal(qn_random_poisson(&random, 0), 0);
    assert_int_equal(qn_random_poisson(&random, NAN), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mixer_is_that_of_splitmix64),
        cmocka_unit_test(uniform_numbers_fill_their_interval_evenly),
        cmocka_unit_test(normal_numbers_have_the_moments_of_the_normal_law),
        cmocka_unit_test(poisson_numbers_have_the_mean_as_mean_and_variance),
        cmocka_unit_test(poisson_numbers_have_the_probabilities_of_the_law),
        cmocka_unit_test(no_mean_gives_no_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
