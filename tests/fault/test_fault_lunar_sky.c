/* The sky of `lunar` with a failing call at any place: it is opened and tells the same as without,
 * or it says why it cannot, and nothing is left behind. In one process. */
#include "../unit/check.h"
#include "saboteur.h"

#include "base/io.h"
#include "format/spice/spk_write.h"
#include "pipelines/lunar/geometry.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { STATES = 300, ROWS = 40, FILES = 3 };

static char folder[64];
static char paths[FILES + 1][96]; /* orbit, leap seconds, orientation; attitude */
static const char *kernels[FILES];
static struct qn_sky_row expected[ROWS];

static const double begin = -49500000;

static double time_of(int row)
{
    return begin + 400 + row * 430.0;
}

/* Opens the sky and asks for all rows. */
static enum qn_status look(struct qn_sky_row rows[ROWS], struct qn_error *err)
{
    const double field[3] = {1, -2, 3};
    struct qn_sky *sky;
    enum qn_status status = qn_sky_open(&sky, kernels, FILES, paths[FILES], err);
    for (int i = 0; i < ROWS && !status; i++)
        status = qn_sky_look(sky, time_of(i), field, &rows[i], err);
    qn_sky_close(sky);
    return status;
}

static int write_orbit(const char *path)
{
    static double epochs[STATES];
    static double states[STATES][6];
    const struct qn_spk_head head = {QN_BODY_LUNAR_PROSPECTOR,    QN_BODY_MOON, 1, begin,
                                     begin + 60.0 * (STATES - 1), "a circle"};
    struct qn_spk_writer *writer;
    for (int i = 0; i < STATES; i++) {
        double phase = i * 60 * 9e-4;
        epochs[i] = begin + 60.0 * i;
        states[i][0] = 1837 * cos(phase);
        states[i][2] = 1837 * sin(phase);
        states[i][3] = -1837 * 9e-4 * sin(phase);
        states[i][5] = 1837 * 9e-4 * cos(phase);
    }
    enum qn_status status = qn_spk_writer_new(&writer, QN_BIG_ENDIAN, "test", NULL, NULL);
    if (!status)
        status = qn_spk_write_hermite(writer, &head, epochs, states[0], STATES, 4, NULL);
    if (!status)
        status = qn_spk_writer_save(writer, path, NULL);
    qn_spk_writer_free(writer);
    return status;
}

static int make_archive(void **state)
{
    static const char leaps[] =
        "KPL/LSK\n\\begindata\nDELTET/DELTA_AT = ( 31, @1997-JUL-1 32, @1999-JAN-1 )\n";
    static const char moon[] = "KPL/PCK\n\\begindata\nBODY301_POLE_RA = 270\n"
                               "BODY301_POLE_DEC = 66\nBODY301_PM = ( 38 13.2 )\n";
    static const char attitude[] = "1998-06-01T00:00, 12.000, 242.00, -88.00\n"
                                   "1998-07-01T00:00, 12.000, 242.00, -88.00\n";
    static const char *const texts[] = {leaps, moon, attitude};
    static const char *const names[] = {"orbit.bsp", "leaps.tls", "moon.tpc", "attitude.tab"};
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/quern-fault-sky-%d", (int)getpid());
    if (qn_make_dirs(folder, NULL))
        return -1;
    for (int i = 0; i <= FILES; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%s", folder, names[i]);
        if (i > 0 && qn_write_file(paths[i], texts[i - 1], strlen(texts[i - 1]), NULL))
            return -1;
    }
    for (int i = 0; i < FILES; i++)
        kernels[i] = paths[i];
    if (write_orbit(paths[0]) || look(expected, NULL))
        return -1;
    for (int i = 0; i < ROWS; i++)
        if (expected[i].gap != QN_SKY_OK)
            return -1;
    saboteur_enter();
    return 0;
}

static int remove_archive(void **state)
{
    (void)state;
    saboteur_arm(&(struct plot){0}, 0);
    return qn_remove_tree(folder, NULL) == QN_OK ? 0 : -1;
}

/* For every n until no call is left to be hit. */
static void assert_right_or_refused(const struct plot *plot, enum qn_status reason)
{
    uint64_t refused = 0;
    bool struck = true;
    for (uint64_t n = 1; struck; n++) {
        struct qn_error err = {0};
        struct qn_sky_row rows[ROWS];
        saboteur_arm(plot, n);
        enum qn_status status = look(rows, &err);
        struck = saboteur_struck();
        saboteur_arm(plot, 0);
        if (status) {
            refused++;
            assert_int_equal(status, reason);
            assert_true(strlen(err.message) > 20);
        } else {
            for (int i = 0; i < ROWS; i++)
                assert_memory_equal(&rows[i], &expected[i], sizeof rows[i]);
        }
    }
    assert_true(refused > 10);
}

static void test_out_of_memory_anywhere(void **state)
{
    (void)state;
    assert_right_or_refused(&(struct plot){CALL_ALLOCATION, ENOMEM, SABOTAGE_ONCE}, QN_ERR_MEMORY);
}

static void test_a_read_that_fails_anywhere(void **state)
{
    (void)state;
    assert_right_or_refused(&(struct plot){CALL_READING, EIO, SABOTAGE_ONCE}, QN_ERR_TRANSIENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_out_of_memory_anywhere),
        cmocka_unit_test(test_a_read_that_fails_anywhere),
    };
    return cmocka_run_group_tests(tests, make_archive, remove_archive);
}
