/* Survey geometry: fits of maps that are known exactly, in closed form. */
#include "check.h"

#include "compute/geometry.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846

/* 12 inlines of step 3, 20 crosslines of step 2, 25 m and 12.5 m apart, inlines at an azimuth of 30
 * degrees and numbers rising to their right, far from the origin of coordinates. */
enum { INLINES = 12, CROSSLINES = 20, TRACES = INLINES * CROSSLINES };

struct survey {
    double i[TRACES], j[TRACES], x[TRACES], y[TRACES];
};

static struct survey make_survey(void)
{
    struct survey s;
    double azimuth = 30 * PI / 180;
    for (int k = 0; k < TRACES; k++) {
        int a = k / CROSSLINES;
        int b = k % CROSSLINES;
        s.i[k] = 1000 + 3 * a;
        s.j[k] = 2000 + 2 * b;
        s.x[k] = 435000 + 12.5 * b * sin(azimuth) + 25 * a * cos(azimuth);
        s.y[k] = 6478000 + 12.5 * b * cos(azimuth) - 25 * a * sin(azimuth);
    }
    return s;
}

static struct qn_moments moments_of(const struct survey *s, size_t from, size_t n)
{
    struct qn_moments moments = {0};
    qn_moments_add(&moments, s->i + from, s->j + from, s->x + from, s->y + from, n);
    return moments;
}

static void assert_near(double value, double expected, double within)
{
    if (!(fabs(value - expected) <= within))
        fail_msg("%.17g is not within %g of %.17g", value, within, expected);
}

static void test_a_turned_survey_gives_its_azimuths_and_distances(void **state)
{
    (void)state;
    struct survey s = make_survey();
    struct qn_moments moments = moments_of(&s, 0, TRACES);
    struct qn_geometry g;
    assert_true(qn_geometry_fit(&moments, &g));
    assert_true(g.planar);
    assert_near(qn_azimuth(g.per_crossline[0], g.per_crossline[1]), 30, 1e-7);
    assert_near(qn_azimuth(g.per_inline[0], g.per_inline[1]), 120, 1e-7);
    assert_near(hypot(g.per_crossline[0], g.per_crossline[1]), 12.5 / 2, 1e-8);
    assert_near(hypot(g.per_inline[0], g.per_inline[1]), 25.0 / 3, 1e-8);
    assert_near(g.residual_rms, 0, 1e-4);
}

static void test_positions_of_places_outside_the_survey_follow_from_the_fit(void **state)
{
    (void)state;
    struct survey s = make_survey();
    struct qn_moments moments = moments_of(&s, 0, TRACES);
    struct qn_geometry g;
    double x;
    double y;
    assert_true(qn_geometry_fit(&moments, &g));
    qn_geometry_position(&g, 1000 - 3 * 4, 2000 + 2 * 100, &x, &y);
    assert_near(x, 435000 + 12.5 * 100 * 0.5 - 25 * 4 * sqrt(0.75), 1e-5);
    assert_near(y, 6478000 + 12.5 * 100 * sqrt(0.75) + 25 * 4 * 0.5, 1e-5);
}

/* The residual of points that are all 3 m off to one side or the other of the map, in pairs. */
static void test_the_residual_is_the_root_of_the_mean_squared_distance(void **state)
{
    (void)state;
    struct survey s = make_survey();
    for (int k = 0; k < TRACES; k++) /* signs that no plane follows: they average out */
        s.x[k] += (k / CROSSLINES + k % CROSSLINES) % 2 ? 3 : -3;
    struct qn_moments moments = moments_of(&s, 0, TRACES);
    struct qn_geometry g;
    assert_true(qn_geometry_fit(&moments, &g));
    assert_near(g.residual_rms, 3, 0.01);
}

static void test_parts_merged_give_what_the_whole_gives(void **state)
{
    (void)state;
    struct survey s = make_survey();
    struct qn_moments whole = moments_of(&s, 0, TRACES);
    struct qn_moments merged = {0};
    for (size_t from = 0; from < TRACES; from += 31) {
        size_t n = TRACES - from < 31 ? TRACES - from : 31;
        struct qn_moments part = moments_of(&s, from, n);
        qn_moments_merge(&merged, &part);
    }
    assert_int_equal(merged.count, whole.count);
    for (int a = 0; a < QN_MOMENTS; a++) {
        assert_near(merged.mean[a], whole.mean[a], 1e-9 * fabs(whole.mean[a]));
        assert_true(merged.least[a] == whole.least[a] && merged.most[a] == whole.most[a]);
        for (int b = 0; b < QN_MOMENTS; b++)
            assert_near(merged.about[a][b], whole.about[a][b],
                        1e-9 * sqrt(whole.about[a][a] * whole.about[b][b]));
    }
}

static void test_traces_without_a_position_are_left_out(void **state)
{
    (void)state;
    struct survey s = make_survey();
    for (int k = 0; k < TRACES; k += 7)
        s.x[k] = NAN;
    struct qn_moments moments = moments_of(&s, 0, TRACES);
    struct qn_geometry g;
    assert_int_equal(moments.count, TRACES - (TRACES + 6) / 7);
    assert_true(qn_geometry_fit(&moments, &g));
    assert_near(qn_azimuth(g.per_crossline[0], g.per_crossline[1]), 30, 1e-7);
}

static void test_a_line_has_one_direction(void **state)
{
    (void)state;
    struct survey s = make_survey();
    struct qn_moments moments = moments_of(&s, 0, CROSSLINES); /* the first inline */
    struct qn_geometry g;
    assert_true(qn_geometry_fit(&moments, &g));
    assert_false(g.planar);
    assert_true(g.per_inline[0] == 0 && g.per_inline[1] == 0);
    assert_near(qn_azimuth(g.per_crossline[0], g.per_crossline[1]), 30, 1e-7);
}

static void test_numbers_that_vary_together_have_no_map(void **state)
{
    (void)state;
    struct survey s = make_survey();
    struct qn_geometry g;
    memcpy(s.j, s.i, sizeof s.j);
    struct qn_moments moments = moments_of(&s, 0, TRACES);
    assert_false(qn_geometry_fit(&moments, &g));
    moments = moments_of(&s, 0, 1);
    assert_false(qn_geometry_fit(&moments, &g));
    moments = (struct qn_moments){0};
    assert_false(qn_geometry_fit(&moments, &g));
}

static void test_azimuths_count_from_north_to_the_east(void **state)
{
    (void)state;
    assert_near(qn_azimuth(0, 1), 0, 0);
    assert_near(qn_azimuth(1, 1), 45, 1e-12);
    assert_near(qn_azimuth(1, 0), 90, 1e-12);
    assert_near(qn_azimuth(0, -1), 180, 1e-12);
    assert_near(qn_azimuth(-1, 0), 270, 1e-12);
    assert_near(qn_azimuth(-1e-20, 1), 0, 0); /* never 360 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_turned_survey_gives_its_azimuths_and_distances),
        cmocka_unit_test(test_positions_of_places_outside_the_survey_follow_from_the_fit),
        cmocka_unit_test(test_the_residual_is_the_root_of_the_mean_squared_distance),
        cmocka_unit_test(test_parts_merged_give_what_the_whole_gives),
        cmocka_unit_test(test_traces_without_a_position_are_left_out),
        cmocka_unit_test(test_a_line_has_one_direction),
        cmocka_unit_test(test_numbers_that_vary_together_have_no_map),
        cmocka_unit_test(test_azimuths_count_from_north_to_the_east),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
