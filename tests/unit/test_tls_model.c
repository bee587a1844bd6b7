/* The flux of a transit against closed forms and its own limits; periods and durations against the
 * values in transitleastsquares' tests; probabilities of false alarm against its table. */
#include "check.h"

#include "compute/tls.h"

#include <math.h>

#define assert_double_equal(a, b, within) assert_true(fabs((a) - (b)) <= (within))

/* The area that two circles share, of radii 1 and p at distance z, over pi: a uniform disc. */
static double shared_area(double p, double z)
{
    double a = acos((z * z + 1 - p * p) / (2 * z));
    double b = acos((z * z + p * p - 1) / (2 * z * p));
    double root = sqrt(4 * z * z - (1 + z * z - p * p) * (1 + z * z - p * p));
    return (a + p * p * b - 0.5 * root) / M_PI;
}

static void test_a_uniform_star_loses_the_shared_area(void **state)
{
    (void)state;
    static const double p = 0.1;
    for (double z = 0.905; z < 1.1; z += 0.01)
        assert_double_equal(qn_transit_flux(p, z, 0, 0), 1 - shared_area(p, z), 1e-7);
    assert_double_equal(qn_transit_flux(p, 0.3, 0, 0), 1 - p * p, 1e-7);
    assert_double_equal(qn_transit_flux(p, p, 0, 0), 1 - p * p, 1e-7);
    assert_double_equal(qn_transit_flux(p, 1.2, 0.4, 0.2), 1, 0);
}

static void test_a_total_eclipse_leaves_nothing(void **state)
{
    (void)state;
    assert_double_equal(qn_transit_flux(1.5, 0.2, 0.4, 0.3), 0, 1e-9);
}

/* At the centre the hidden light is the integral of I over the disc: u1 = 1, u2 = 0 gives
 * (1 - mu^3) of the whole with mu = sqrt(1 - p^2). */
static void test_a_central_transit_of_a_linear_law(void **state)
{
    (void)state;
    double p = 0.2;
    double mu = sqrt(1 - p * p);
    assert_double_equal(qn_transit_flux(p, 0, 1, 0), mu * mu * mu, 1e-12);
}

static void test_durations_are_those_of_the_authors_tests(void **state)
{
    (void)state;
    assert_double_equal(qn_tls_t14(1, 1, 1, true), 0.07561553658302539, 1e-15);
    assert_double_equal(qn_tls_t14(1, 1, 10, true), 0.016290873511984487, 1e-15);
    assert_double_equal(qn_tls_t14(1, 1, 365.25, true), 0.0014798495176475916, 1e-15);
    assert_double_equal(qn_tls_t14(3.5, 1, 10, false), 0.06029310591279938, 1e-15);
    assert_double_equal(qn_tls_t14(3.5, 1, 1, false), 0.12, 0);
}

static const struct qn_tls_star sun = {1, 1, 0.13, 3.5, 0.1, 1};

static size_t periods_of(double radius, double span, double high, struct qn_buf *out)
{
    struct qn_tls_star star = sun;
    struct qn_tls_grid grid = {span, 0, high, 3, 2};
    star.radius = radius;
    qn_buf_clear(out);
    return qn_tls_periods(&star, &grid, false, out);
}

static void test_periods_are_those_of_the_authors_tests(void **state)
{
    (void)state;
    struct qn_buf buf = {0};
    size_t n = periods_of(1, 20, 999, &buf);
    const double *p = (const double *)(const void *)buf.data;
    assert_int_equal(n, 1716);
    assert_double_equal(p[0], 10, 1e-12);
    assert_double_equal(p[n - 1], 0.6015575922909607, 1e-12);
    assert_int_equal(periods_of(1, 27.4, 0, &buf), 2502);
    assert_int_equal(periods_of(1, 80.05, 0, &buf), 8502);
    assert_int_equal(periods_of(1, 365.25, 0, &buf), 43836);
    assert_int_equal(periods_of(0.1, 1000, 999, &buf), 4308558);
    assert_int_equal(periods_of(5, 20, 999, &buf), 1716); /* too few: those of the Sun */
    n = periods_of(1, 0.1, 0, &buf);                      /* and of five days */
    assert_int_equal(n, 268);
    p = (const double *)(const void *)buf.data;
    assert_double_equal(p[0], 2.4999999999999987, 1e-12);
    assert_double_equal(p[n - 1], 0.6002621413799498, 1e-12);
    qn_buf_release(&buf);
}

static void test_trial_durations_are_those_of_the_authors_tests(void **state)
{
    (void)state;
    struct qn_buf periods = {0}, durations = {0};
    size_t n = periods_of(1, 20, 999, &periods);
    const double *p = (const double *)(const void *)periods.data;
    size_t count = qn_tls_durations(&sun, p[n - 1], p[0], 1.05, &durations);
    const double *d = (const double *)(const void *)durations.data;
    assert_int_equal(count, 69);
    assert_double_equal(d[0], 0.004562690993268325, 1e-15);
    assert_double_equal(d[count - 1], 0.12, 0);
    qn_buf_release(&periods);
    qn_buf_release(&durations);
}

static void test_false_alarms_are_those_of_the_table(void **state)
{
    (void)state;
    assert_true(isnan(qn_tls_fap(2)));
    assert_double_equal(qn_tls_fap(7), 0.009443778, 1e-9);
    assert_double_equal(qn_tls_fap(99), 8.0032e-05, 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_uniform_star_loses_the_shared_area),
        cmocka_unit_test(test_a_total_eclipse_leaves_nothing),
        cmocka_unit_test(test_a_central_transit_of_a_linear_law),
        cmocka_unit_test(test_durations_are_those_of_the_authors_tests),
        cmocka_unit_test(test_periods_are_those_of_the_authors_tests),
        cmocka_unit_test(test_trial_durations_are_those_of_the_authors_tests),
        cmocka_unit_test(test_false_alarms_are_those_of_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
