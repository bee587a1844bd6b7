/* Orbits, frames, straight lines and the attitude table, against closed forms. */
#include "check.h"

#include "base/io.h"
#include "compute/field_line.h"
#include "compute/moon_frame.h"
#include "compute/orbit.h"
#include "compute/sun_moon.h"
#include "compute/vector.h"
#include "pipelines/lunar/archive.h"
#include "pipelines/lunar/attitude.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEGREE (M_PI / 180)

static void expect_near(double found, double expected, double tolerance)
{
    if (!(fabs(found - expected) <= tolerance))
        print_message("%.17g, not %.17g\n", found, expected);
    assert_true(fabs(found - expected) <= tolerance);
}

/* ---- interpolation -------------------------------------------------------------------------- */

/* A polynomial of that degree and its derivative. */
static double power_sum(double t, int degree, double *rate)
{
    double value = 0;
    *rate = 0;
    for (int i = degree; i >= 0; i--) {
        *rate = *rate * t + value;
        value = value * t + 1.0 / (i + 1);
    }
    return value;
}

static const double nodes[] = {-3, -1.75, -1, 0.25, 1, 2.5};
enum { NODES = sizeof nodes / sizeof *nodes };

static void test_lagrange_repeats_a_polynomial(void **state)
{
    (void)state;
    double table[NODES][6];
    double found[6];
    double rate;
    for (int i = 0; i < NODES; i++)
        for (int k = 0; k < 6; k++)
            table[i][k] = power_sum(nodes[i], k, &rate);
    for (int i = 0; i <= 60; i++) {
        double t = -3 + i * 0.1;
        qn_orbit_lagrange(nodes, table[0], NODES, t, found);
        for (int k = 0; k < 6; k++)
            expect_near(found[k], power_sum(t, k, &rate), 1e-12);
    }
}

static void test_hermite_repeats_a_polynomial_of_twice_the_degree(void **state)
{
    (void)state;
    double table[NODES][6];
    double found[6];
    double rate;
    for (int i = 0; i < NODES; i++)
        for (int k = 0; k < 3; k++)
            table[i][k] = power_sum(nodes[i], 2 * NODES - 1 - 4 * k, &table[i][k + 3]);
    for (int i = 0; i <= 60; i++) {
        double t = -3 + i * 0.1;
        qn_orbit_hermite(nodes, table[0], NODES, t, found);
        for (int k = 0; k < 3; k++) {
            double value = power_sum(t, 2 * NODES - 1 - 4 * k, &rate);
            expect_near(found[k], value, 1e-11 * (1 + fabs(value)));
            expect_near(found[k + 3], rate, 1e-10 * (1 + fabs(rate)));
        }
    }
}

static void test_difference_lines_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    double line[71] = {0};
    double found[6];
    line[67] = 1; /* orders start at 2 */
    assert_false(qn_orbit_difference_line(line, 15, 1, found));
    line[67] = 17;
    assert_false(qn_orbit_difference_line(line, 15, 1, found));
    line[67] = 3;
    line[68] = 3; /* of a component: less than the highest */
    assert_false(qn_orbit_difference_line(line, 15, 1, found));
    line[68] = 2; /* and a step of 0 */
    assert_false(qn_orbit_difference_line(line, 15, 1, found));
    line[1] = 1;
    assert_true(qn_orbit_difference_line(line, 15, 1, found));
    line[67] = NAN;
    assert_false(qn_orbit_difference_line(line, 15, 1, found));
}

/* ---- conics --------------------------------------------------------------------------------- */

/* Kepler's equation for an ellipse of semi-major axis 1 about gm 1, from the closest point. */
static void ellipse(double e, double t, double state[6])
{
    double anomaly = M_PI; /* from there Newton's steps never overshoot */
    t = t - 2 * M_PI * floor(t / (2 * M_PI));
    for (int i = 0; i < 50; i++)
        anomaly -= (anomaly - e * sin(anomaly) - t) / (1 - e * cos(anomaly));
    double b = sqrt(1 - e * e);
    double rate = 1 / (1 - e * cos(anomaly));
    const double found[] = {cos(anomaly) - e,     b * sin(anomaly),        0,
                            -sin(anomaly) * rate, b * cos(anomaly) * rate, 0};
    memcpy(state, found, sizeof found);
}

static void test_ellipses_obey_kepler(void **state)
{
    (void)state;
    static const double eccentricities[] = {0, 0.1, 0.7, 0.95};
    for (size_t i = 0; i < 4; i++) {
        for (int n = -40; n <= 40; n++) {
            double t = n * 0.37; /* more than two revolutions either way */
            double from[6];
            double found[6];
            double expected[6];
            ellipse(eccentricities[i], 0, from);
            ellipse(eccentricities[i], t, expected);
            assert_true(qn_orbit_propagate(1, from, t, found));
            for (int k = 0; k < 6; k++)
                expect_near(found[k], expected[k],
                            1e-10 * (1 + fabs(expected[k]))); /* closest: 400 times as fast */
        }
    }
}

static void test_a_hyperbola_keeps_energy_and_momentum_and_comes_back(void **state)
{
    (void)state;
    const double from[6] = {7000, 100, -50, 1, 12, 0.5};
    double far[6];
    double back[6];
    double before[3];
    double after[3];
    assert_true(qn_orbit_propagate(398600, from, 1e5, far));
    qn_cross(from, from + 3, before);
    qn_cross(far, far + 3, after);
    for (int k = 0; k < 3; k++)
        expect_near(after[k], before[k], 1e-9 * qn_norm(before));
    expect_near(qn_dot(far + 3, far + 3) / 2 - 398600 / qn_norm(far),
                qn_dot(from + 3, from + 3) / 2 - 398600 / qn_norm(from), 1e-9);
    assert_true(qn_orbit_propagate(398600, far, -1e5, back));
    for (int k = 0; k < 3; k++)
        expect_near(back[k], from[k], 1e-6);
}

static void test_what_is_no_conic_is_refused(void **state)
{
    (void)state;
    const double falling[6] = {7000, 0, 0, -1, 0, 0};
    const double still[6] = {0};
    const double wild[6] = {INFINITY, 0, 0, 0, 1, 0};
    const double sound[6] = {7000, 0, 0, 0, 7, 0};
    double found[6];
    assert_false(qn_orbit_propagate(398600, falling, 1, found));
    assert_false(qn_orbit_propagate(398600, still, 1, found));
    assert_false(qn_orbit_propagate(398600, wild, 1, found));
    assert_false(qn_orbit_propagate(0, sound, 1, found));
    assert_false(qn_orbit_propagate(398600, sound, NAN, found));
    assert_true(qn_orbit_propagate(398600, sound, 0, found));
    assert_memory_equal(found, sound, sizeof sound);
}

/* ---- frames and bodies ---------------------------------------------------------------------- */

static void test_inertial_frames_are_rotations_and_end_at_21(void **state)
{
    (void)state;
    double r[3][3];
    for (int frame = 1; frame <= 21; frame++) {
        assert_true(qn_inertial_rotation(frame, r));
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++)
                expect_near(qn_dot(r[i], r[j]), i == j, 1e-15);
        assert_non_null(qn_inertial_name(frame));
    }
    assert_false(qn_inertial_rotation(0, r));
    assert_false(qn_inertial_rotation(22, r));
    assert_null(qn_inertial_name(22));
}

/* Published: the equinox of 1998-03-20 at 19:55 UTC; the eclipse of the Moon of 1997-09-16,
 * greatest at 18:47 UTC (NASA, F. Espenak). */
static void test_the_sun_crosses_the_equator_and_the_moon_stands_opposite(void **state)
{
    (void)state;
    double sun[6];
    double moon[6];
    double equinox = -56304300 + 63.184;
    double eclipse = -72292380 + 63.184;
    /* Precession of 1.78 years and aberration part J2000 and the geometric Sun from that day's;
     * nutation (0.005 degrees) is left out. */
    double longitude = (1.78 * 50.29 + 20.5) / 3600;
    qn_sun_from_earth(equinox, sun);
    expect_near(atan2(sun[1], sun[0]) / DEGREE, longitude * cos(23.44 * DEGREE), 5e-3);
    qn_sun_from_earth(eclipse, sun);
    qn_moon_from_earth(eclipse, moon);
    double cosine = qn_dot(sun, moon) / (qn_norm(sun) * qn_norm(moon));
    assert_true(acos(cosine) / DEGREE > 179.5);
}

/* ---- straight lines ------------------------------------------------------------------------- */

static void test_a_ray_meets_the_sphere_where_it_must(void **state)
{
    (void)state;
    const double above[3] = {0, 0, 2000};
    const double down[3] = {0, 0, -1};
    const double up[3] = {0, 0, 1};
    const double inside[3] = {0, 0, 1000};
    const double sideways[3] = {1, 0, 0};
    expect_near(qn_ray_to_sphere(above, down, 1737.4), 262.6, 1e-12);
    assert_true(isnan(qn_ray_to_sphere(above, up, 1737.4)));
    assert_true(isnan(qn_ray_to_sphere(above, sideways, 1737.4)));
    expect_near(qn_ray_to_sphere(inside, up, 1737.4), 737.4, 1e-12);
    expect_near(qn_ray_to_sphere(inside, down, 1737.4), 2737.4, 1e-12);
}

static void test_the_foot_lies_where_exactly_one_direction_leads(void **state)
{
    (void)state;
    const double above[3] = {0, 0, 2000};
    const double inside[3] = {0, 0, 1000};
    const double field[3] = {0.6, 0, 0.8};
    const double flat[3] = {1, 0, 0};
    struct qn_foot foot = qn_field_foot(above, field, 1737.4);
    assert_int_equal(foot.polarity, -1);
    expect_near(qn_norm(foot.point), 1737.4, 1e-9);
    expect_near(foot.point[0], -0.6 * foot.distance_km, 1e-12);
    foot = qn_field_foot(above, flat, 1737.4);
    assert_int_equal(foot.polarity, 0);
    assert_true(isnan(foot.distance_km) && isnan(foot.point[0]));
    assert_int_equal(qn_field_foot(inside, field, 1737.4).polarity, 0);
}

static void test_latitude_and_longitude_at_the_edges(void **state)
{
    (void)state;
    static const struct {
        double position[3], lat, lon;
    } cases[] = {{{1, 0, 0}, 0, 0},  {{-1, 0, 0}, 0, 180}, {{0, -1, 0}, 0, -90},
                 {{0, 0, 5}, 90, 0}, {{0, 0, -5}, -90, 0}, {{-1, -1e-300, 0}, 0, -180}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double lat;
        double lon;
        qn_lat_lon(cases[i].position, &lat, &lon);
        assert_true(lat == cases[i].lat && lon == cases[i].lon);
    }
}

static void test_the_despun_frame_holds_the_sun_in_its_xz_plane(void **state)
{
    (void)state;
    const double spin[3] = {0, 0.6, 0.8};
    const double sun[3] = {0.6, 0, 0.8};
    double r[3][3];
    double found[3];
    assert_true(qn_despun_frame(spin, sun, r));
    qn_rotate_back((const double(*)[3])r, sun, found);
    assert_true(found[0] > 0);
    expect_near(found[1], 0, 1e-15);
    expect_near(found[2], qn_dot(sun, spin), 1e-15);
    assert_false(qn_despun_frame(spin, spin, r));
}

/* ---- the attitude table --------------------------------------------------------------------- */

static enum qn_status read_table(const char *text, struct qn_attitude **attitude,
                                 struct qn_error *err)
{
    char path[] = "/tmp/quern-attitude-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(qn_write_file(path, text, strlen(text), NULL), QN_OK);
    enum qn_status status = qn_attitude_read(attitude, path, &qn_leaps_builtin, err);
    unlink(path);
    return status;
}

static void test_longitudes_go_the_shorter_way(void **state)
{
    (void)state;
    struct qn_attitude *attitude;
    double lon;
    double lat;
    assert_int_equal(read_table("1998-01-07T04:00, 12.000, 350.00, -88.00\r\n"
                                "1998-01-08T04:00, 12.000,  20.00, -86.00\r\n"
                                "1998-01-09T04:00;12.000;  200.00; -86.00\n",
                                &attitude, NULL),
                     QN_OK);
    double start = qn_attitude_start(attitude);
    expect_near(qn_attitude_stop(attitude) - start, 2 * 86400, 1e-3);
    assert_true(qn_attitude_at(attitude, start + 21600, &lon, &lat));
    expect_near(lon, 357.5, 1e-6);
    expect_near(lat, -87.5, 1e-6);
    assert_true(qn_attitude_at(attitude, start + 64800, &lon, &lat));
    expect_near(lon, 12.5, 1e-6);
    assert_true(qn_attitude_at(attitude, start + 86400 + 43200, &lon, &lat));
    expect_near(lon, 110, 1e-6);
    assert_true(qn_attitude_at(attitude, start, &lon, &lat));
    assert_true(lon == 350 && lat == -88);
    assert_true(qn_attitude_at(attitude, qn_attitude_stop(attitude), &lon, &lat));
    assert_true(lon == 200 && lat == -86);
    assert_false(qn_attitude_at(attitude, start - 1e-3, &lon, &lat));
    assert_false(qn_attitude_at(attitude, qn_attitude_stop(attitude) + 1e-3, &lon, &lat));
    assert_false(qn_attitude_at(attitude, NAN, &lon, &lat));
    qn_attitude_free(attitude);
}

static void test_bad_attitude_tables_name_the_line(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "1998-01-07T04:00,12,242,-88\n1998-01-07T04:00,12,242,-88\n", /* time stands still */
        "1998-01-08T04:00,12,242,-88\n1998-01-07T04:00,12,242,-88\n", /* and goes back */
        "1998-01-06T04:00,12,242,-88\n1998-01-07T04:00,12,242\n",
        "1998-01-06T04:00,12,242,-88\n1998-01-07T04:00,12,242,-91\n",
        "1998-01-06T04:00,12,242,-88\nSTART_TIME,SPIN,RA,DEC\n",
        "1998-01-06T04:00,12,242,-88\n1998-01-07T04:00,12,242,-88,1\n",
    };
    struct qn_attitude *attitude;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct qn_error err = {0};
        assert_int_equal(read_table(wrong[i], &attitude, &err), QN_ERR_INPUT);
        assert_non_null(strstr(err.message, "line 2"));
    }
    assert_int_equal(read_table("\n\n", &attitude, NULL), QN_ERR_INPUT);
}

static void test_a_missing_attitude_table_says_where_it_comes_from(void **state)
{
    (void)state;
    struct qn_attitude *attitude;
    struct qn_error err = {0};
    assert_int_equal(qn_attitude_read(&attitude, "/no/such/attitude.tab", &qn_leaps_builtin, &err),
                     QN_ERR_IO);
    assert_non_null(strstr(err.message, "pds-geosciences.wustl.edu"));
}

static void test_every_day_of_the_mission_has_its_orbit_file(void **state)
{
    (void)state;
    assert_string_equal(qn_archive_find(QN_ARCHIVE_ORBIT, "1998-05-31")->name,
                        "lp_ask_980111-980531.bsp");
    assert_string_equal(qn_archive_find(QN_ARCHIVE_ORBIT, "1998-06-01")->name,
                        "lp_ask_980601-981031.bsp");
    assert_string_equal(qn_archive_find(QN_ARCHIVE_ORBIT, "1999-07-30T23:59:59")->name,
                        "lp_ask_990401-990730.bsp");
    assert_null(qn_archive_find(QN_ARCHIVE_ORBIT, "1999-07-31"));
    assert_non_null(qn_archive_find(QN_ARCHIVE_PLANETS, "2030-01-01"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lagrange_repeats_a_polynomial),
        cmocka_unit_test(test_hermite_repeats_a_polynomial_of_twice_the_degree),
        cmocka_unit_test(test_difference_lines_that_make_no_sense_are_refused),
        cmocka_unit_test(test_ellipses_obey_kepler),
        cmocka_unit_test(test_a_hyperbola_keeps_energy_and_momentum_and_comes_back),
        cmocka_unit_test(test_what_is_no_conic_is_refused),
        cmocka_unit_test(test_inertial_frames_are_rotations_and_end_at_21),
        cmocka_unit_test(test_the_sun_crosses_the_equator_and_the_moon_stands_opposite),
        cmocka_unit_test(test_a_ray_meets_the_sphere_where_it_must),
        cmocka_unit_test(test_the_foot_lies_where_exactly_one_direction_leads),
        cmocka_unit_test(test_latitude_and_longitude_at_the_edges),
        cmocka_unit_test(test_the_despun_frame_holds_the_sun_in_its_xz_plane),
        cmocka_unit_test(test_longitudes_go_the_shorter_way),
        cmocka_unit_test(test_bad_attitude_tables_name_the_line),
        cmocka_unit_test(test_a_missing_attitude_table_says_where_it_comes_from),
        cmocka_unit_test(test_every_day_of_the_mission_has_its_orbit_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
