/* What is written of a sweep, the reader of real files reads again: four digits of fluxes, two
 * decimals of angles, both producers' flags as missing. */
#include "format/er3d_write.h"

#include "base/io.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

static const char *write_file(const struct qn_buf *text)
{
    static char path[64];
    struct qn_error err;
    snprintf(path, sizeof path, "/tmp/quern-er3d-%d.tab", (int)getpid());
    assert_int_equal(qn_write_file(path, text->data, text->len, &err), QN_OK);
    return path;
}

/* One sweep of one row with these fluxes and angles, read back. */
static void round_trip(const double *flux, const double *phi, struct qn_er_sweep *sweep)
{
    struct qn_er_row row = {.utc = "1998-06-08T00:27:41",
                            .time_s = 897265661,
                            .energy_ev = 16680.334,
                            .spec_no = 12345,
                            .mag_nt = {9.724349, -1.277785, 1.788874},
                            .flux = flux,
                            .phi_deg = phi};
    struct qn_buf text = {0};
    struct qn_er_reader *reader;
    struct qn_error err;
    bool more;
    qn_er_write_row(&text, &row);
    qn_buf_append(&text, "\n", 1);
    const char *path = write_file(&text);
    assert_int_equal(qn_er_open(&reader, path, 0, UINT64_MAX, &err), QN_OK);
    assert_int_equal(qn_er_read(reader, sweep, &more, NULL, &err), QN_OK);
    assert_true(more);
    assert_int_equal(sweep->place[0].fault, QN_ER_FINE);
    qn_er_close(reader);
    unlink(path);
    qn_buf_release(&text);
}

static void numbers_come_back_to_four_digits_and_two_decimals(void **state)
{
    double flux[QN_ER_CELLS];
    double phi[QN_ER_CELLS];
    static struct qn_er_sweep sweep;
    (void)state;
    for (int i = 0; i < QN_ER_CELLS; i++) {
        flux[i] = i == 0 ? 0 : 9.99949 * pow(10, i / 4.0 - 15);
        phi[i] = 359.99 * i / 87.0;
    }
    round_trip(flux, phi, &sweep);
    for (int i = 0; i < QN_ER_CELLS; i++) {
        assert_true(fabs(sweep.flux[0][i] - flux[i]) <= 5.01e-4 * flux[i]);
        assert_true(fabs(sweep.phi_deg[0][i] - phi[i]) < 0.00501);
    }
    assert_string_equal(sweep.utc[0], "1998-06-08T00:27:41");
    assert_int_equal(sweep.spec_no, 12345);
    assert_true(sweep.energy_ev[0] == 16680.334 && sweep.time_s[0] == 897265661);
    assert_true(sweep.mag_nt[0][1] == -1.277785);
}

/* Between 9.9995 and 10 the mantissa runs over into the next power of ten. */
static void a_mantissa_that_rounds_up_to_ten_carries(void **state)
{
    double flux[QN_ER_CELLS];
    double phi[QN_ER_CELLS] = {0};
    static struct qn_er_sweep sweep;
    (void)state;
    for (int i = 0; i < QN_ER_CELLS; i++)
        flux[i] = 9.99951 * pow(10, i % 20 - 10);
    round_trip(flux, phi, &sweep);
    for (int i = 0; i < QN_ER_CELLS; i++)
        assert_true(fabs(sweep.flux[0][i] / pow(10, i % 20 - 9) - 1) < 1e-12);
}

static void flags_of_both_producers_come_back_as_missing(void **state)
{
    double flux[QN_ER_CELLS];
    double phi[QN_ER_CELLS];
    static struct qn_er_sweep sweep;
    (void)state;
    for (int i = 0; i < QN_ER_CELLS; i++) {
        flux[i] = i % 3 == 0 ? QN_ER_TEAM_FLUX : i % 3 == 1 ? QN_ER_PPI_FLUX : 1;
        phi[i] = i % 3 == 0 ? QN_ER_TEAM_PHI : i % 3 == 1 ? QN_ER_PPI_PHI : 1;
    }
    round_trip(flux, phi, &sweep);
    for (int i = 0; i < QN_ER_CELLS; i++) {
        assert_int_equal(isnan(sweep.flux[0][i]) != 0, i % 3 < 2);
        assert_int_equal(isnan(sweep.phi_deg[0][i]) != 0, i % 3 < 2);
    }
}

static void the_table_of_latitudes_comes_back(void **state)
{
    static const double belts[] = {11.25, 33.75, 56.25, 78.75};
    static const int ends[] = {32, 64, 80, 88};
    double theta[QN_ER_CELLS];
    double read[QN_ER_CELLS];
    struct qn_buf text = {0};
    struct qn_error err;
    (void)state;
    for (int i = 0, belt = 0; i < QN_ER_CELLS; i++) {
        belt += i == ends[belt];
        theta[i] = belts[belt] * (i % 2 ? -1 : 1);
    }
    qn_er_theta_write(&text, theta);
    const char *path = write_file(&text);
    assert_int_equal(qn_er_theta_read(path, read, &err), QN_OK);
    assert_memory_equal(read, theta, sizeof read);
    unlink(path);
    qn_buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_come_back_to_four_digits_and_two_decimals),
        cmocka_unit_test(a_mantissa_that_rounds_up_to_ten_carries),
        cmocka_unit_test(flags_of_both_producers_come_back_as_missing),
        cmocka_unit_test(the_table_of_latitudes_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
