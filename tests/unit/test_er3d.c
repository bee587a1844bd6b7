/* Sweeps out of text: every field against strtod, what is flagged or spoilt, lines that are no
 * rows, and files cut anywhere into the same sweeps. */
#include "check.h"

#include "base/buf.h"
#include "format/er3d.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[64];
static struct qn_buf file;

static int make_path(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/quern-er3d-%d.tab", (int)getpid());
    return 0;
}

static int remove_path(void **state)
{
    (void)state;
    unlink(path);
    qn_buf_release(&file);
    return 0;
}

static void write_file(void)
{
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(file.data, 1, file.len, out), file.len);
    fclose(out);
}

/* What the row says of cell `i`, flux then azimuth: numbers of many forms. */
static const char *cell_text(int row, int i, char text[32])
{
    static const char *const forms[] = {"%.3E", "%.6e", "%.4f", "%g", "%.17g"};
    double value = i < QN_ER_CELLS ? (row * 37 + i) * 1.7e-3 * (1 + 1e6 * (i % 3)) - 1
                                   : fmod(row * 11.25 + i * 4.09, 360);
    snprintf(text, 32, forms[(row + i) % 5], value);
    return text;
}

/* One row with that many fields (183 makes it sound). */
static void put_row(int spec_no, int row, int fields, const char *end)
{
    char text[32];
    qn_buf_printf(&file, "1998-04-10T%02d:%02d:%02d  %.1f   %.3f %d 1.5 -2.25 3e0", spec_no % 24,
                  row, row, 892166704.0 + 80 * spec_no, 16680.334 / pow(1.5424, row), spec_no);
    for (int i = 0; i < fields - 7; i++)
        qn_buf_printf(&file, "  %s", cell_text(row, i, text));
    qn_buf_printf(&file, "%s", end);
}

static void put_sweep(int spec_no, int rows)
{
    for (int row = 0; row < rows; row++)
        put_row(spec_no, row, QN_ER_FIELDS, "\n");
}

struct told {
    int count;
    struct qn_er_place last;
};

static enum qn_status hear(void *context, const struct qn_er_place *place, struct qn_error *err)
{
    struct told *told = context;
    (void)err;
    told->count++;
    told->last = *place;
    return QN_OK;
}

/* The sweeps of the range as "NUMBER:ROWS ", and how many lines belonged to none. */
static const char *outline(uint64_t from, uint64_t to, struct told *told)
{
    static char text[4096];
    struct qn_er_stray stray = {told, hear};
    struct qn_er_reader *reader;
    struct qn_er_sweep sweep;
    bool more = true;
    size_t len = 0;
    text[0] = '\0';
    assert_int_equal(qn_er_open(&reader, path, from, to, NULL), QN_OK);
    for (;;) {
        assert_int_equal(qn_er_read(reader, &sweep, &more, &stray, NULL), QN_OK);
        if (!more)
            break;
        len += (size_t)snprintf(text + len, sizeof text - len, "%lld:%zu ",
                                (long long)sweep.spec_no, sweep.rows);
    }
    qn_er_close(reader);
    return text;
}

static void read_first(struct qn_er_sweep *sweep)
{
    struct qn_er_reader *reader;
    bool more;
    assert_int_equal(qn_er_open(&reader, path, 0, UINT64_MAX, NULL), QN_OK);
    assert_int_equal(qn_er_read(reader, sweep, &more, NULL, NULL), QN_OK);
    assert_true(more);
    qn_er_close(reader);
}

static void test_every_number_is_what_strtod_makes_of_it(void **state)
{
    (void)state;
    static struct qn_er_sweep sweep;
    char text[32];
    qn_buf_clear(&file);
    put_sweep(7, 15);
    write_file();
    read_first(&sweep);
    assert_int_equal(sweep.spec_no, 7);
    assert_int_equal(sweep.rows, 15);
    for (int row = 0; row < 15; row++) {
        assert_int_equal(sweep.place[row].fault, QN_ER_FINE);
        assert_int_equal(sweep.place[row].fields, 183);
        assert_string_equal(strchr(sweep.utc[row], 'T') - 10, sweep.utc[row]);
        assert_true(sweep.time_s[row] == 892167264.0);
        assert_true(sweep.mag_nt[row][0] == 1.5 && sweep.mag_nt[row][1] == -2.25);
        assert_true(sweep.mag_nt[row][2] == 3);
        for (int i = 0; i < QN_ER_CELLS; i++) {
            assert_true(sweep.flux[row][i] == strtod(cell_text(row, i, text), NULL));
            assert_true(sweep.phi_deg[row][i] ==
                        strtod(cell_text(row, i + QN_ER_CELLS, text), NULL));
        }
    }
}

static void test_line_ends_of_both_kinds_and_tabs_are_blanks(void **state)
{
    (void)state;
    struct told told = {0};
    qn_buf_clear(&file);
    qn_buf_printf(&file, "\r\n");
    for (int row = 0; row < 15; row++)
        put_row(3, row, QN_ER_FIELDS, row % 2 ? "\t\r\n" : " \n");
    put_row(4, 0, QN_ER_FIELDS, ""); /* without a line end */
    write_file();
    assert_string_equal(outline(0, UINT64_MAX, &told), "3:15 4:1 ");
    assert_int_equal(told.count, 0);
}

/* Puts `text` in place of cell `i` of a row. */
static void put_row_with(int i, const char *text)
{
    char other[32];
    qn_buf_printf(&file, "1998-04-10T00:00:00 892166704.0 100 5 1 2 3");
    for (int k = 0; k < 2 * QN_ER_CELLS; k++)
        qn_buf_printf(&file, " %s", k == i ? text : cell_text(1, k, other));
    qn_buf_printf(&file, "\n");
}

static void test_flags_of_both_producers_are_missing_values(void **state)
{
    (void)state;
    static struct qn_er_sweep sweep;
    static const struct {
        int cell;
        const char *text;
    } flags[] = {{0, "9.999E-99"}, {3, "-9.99E-99"}, {10, "9.999e-099"}, {11, "0.0001e-93"},
                 {12, "1.0E-97"},  {90, "999.99"},   {175, "998.99"},    {88, "999.9900"}};
    qn_buf_clear(&file);
    for (size_t i = 0; i < 8; i++)
        put_row_with(flags[i].cell, flags[i].text);
    write_file();
    read_first(&sweep);
    for (size_t i = 0; i < 8; i++) {
        int cell = flags[i].cell;
        assert_int_equal(sweep.place[i].spoilt, 0);
        assert_true(
            isnan(cell < QN_ER_CELLS ? sweep.flux[i][cell] : sweep.phi_deg[i][cell - QN_ER_CELLS]));
        assert_false(isnan(sweep.flux[i][50]) || isnan(sweep.phi_deg[i][50]));
    }
}

static void test_small_and_negative_fluxes_are_values(void **state)
{
    (void)state;
    static struct qn_er_sweep sweep;
    static const char *const texts[] = {"0.000E+00", "0.000E-99", "-3.5E-01",
                                        "1.1E-97",   "1e-30",     "4.94e-24"};
    qn_buf_clear(&file);
    for (size_t i = 0; i < 6; i++)
        put_row_with(20, texts[i]);
    write_file();
    read_first(&sweep);
    for (size_t i = 0; i < 6; i++) {
        assert_true(sweep.flux[i][20] == strtod(texts[i], NULL));
    }
}

static void test_a_cell_that_is_no_number_is_missing_and_told(void **state)
{
    (void)state;
    static struct qn_er_sweep sweep;
    static const char *const texts[] = {"*********", "NaN", "1.2.3", "0x12", "1E", "--1"};
    qn_buf_clear(&file);
    for (size_t i = 0; i < 6; i++)
        put_row_with(2, texts[i]);
    write_file();
    read_first(&sweep);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(sweep.place[i].fault, QN_ER_FINE);
        assert_int_equal(sweep.place[i].spoilt, 1);
        assert_int_equal(sweep.place[i].bad, 10);
        assert_true(isnan(sweep.flux[i][2]));
    }
}

static void test_rows_of_182_or_184_fields_stay_in_their_sweep_with_a_fault(void **state)
{
    (void)state;
    static struct qn_er_sweep sweep;
    qn_buf_clear(&file);
    for (int row = 0; row < 15; row++)
        put_row(9, row, row == 4 ? 182 : row == 8 ? 184 : 183, "\n");
    put_sweep(10, 15);
    write_file();
    struct told told = {0};
    assert_string_equal(outline(0, UINT64_MAX, &told), "9:15 10:15 ");
    assert_int_equal(told.count, 0);
    read_first(&sweep);
    for (size_t row = 0; row < 15; row++) {
        bool faulty = row == 4 || row == 8;
        assert_int_equal(sweep.place[row].fault, faulty ? QN_ER_FIELD_COUNT : QN_ER_FINE);
        assert_int_equal(sweep.place[row].fields, row == 4 ? 182 : row == 8 ? 184 : 183);
    }
}

static void test_lines_that_belong_to_no_sweep_are_told_with_their_place(void **state)
{
    (void)state;
    struct told told = {0};
    qn_buf_clear(&file);
    put_sweep(1, 15);
    size_t at = file.len;
    qn_buf_printf(&file, "1998-04-10T00:00:00 892166704.0 100 none 1 2 3\n");
    put_sweep(2, 14);
    write_file();
    assert_string_equal(outline(0, UINT64_MAX, &told), "1:15 2:14 ");
    assert_int_equal(told.count, 1);
    assert_int_equal(told.last.offset, at);
    assert_int_equal(told.last.fields, 7);
}

static void test_a_line_longer_than_any_row_is_passed_over(void **state)
{
    (void)state;
    struct told told = {0};
    static const size_t lengths[] = {20000, 1 << 20, 3 << 20};
    for (size_t i = 0; i < 3; i++) {
        qn_buf_clear(&file);
        put_sweep(1, 15);
        uint8_t *room = qn_buf_reserve(&file, lengths[i]);
        memset(room, 'x', lengths[i]);
        file.len += lengths[i];
        qn_buf_printf(&file, "\n");
        put_sweep(2, 15);
        write_file();
        told.count = 0;
        assert_string_equal(outline(0, UINT64_MAX, &told), "1:15 2:15 ");
        assert_int_equal(told.count, 1);
        assert_int_equal(told.last.fault, QN_ER_LONG_LINE);
    }
}

static void test_a_run_of_more_rows_than_energies_is_given_in_several_sweeps(void **state)
{
    (void)state;
    struct told told = {0};
    qn_buf_clear(&file);
    put_sweep(5, 15);
    put_sweep(5, 15);
    put_sweep(5, 2);
    write_file();
    assert_string_equal(outline(0, UINT64_MAX, &told), "5:15 5:15 5:2 ");
}

static void test_a_file_cut_anywhere_gives_the_same_sweeps(void **state)
{
    (void)state;
    struct told told = {0};
    char whole[4096], parts[8192];
    qn_buf_clear(&file);
    for (int i = 1; i < 12; i++) {
        put_sweep(i, i == 4 ? 14 : 15);
        if (i == 6)
            qn_buf_printf(&file, "no row at all\n");
    }
    write_file();
    snprintf(whole, sizeof whole, "%s", outline(0, UINT64_MAX, &told));
    int strays = told.count;
    for (uint64_t at = 0; at <= file.len; at += 1013) {
        uint64_t cut;
        assert_int_equal(qn_er_next_start(path, at, &cut, NULL), QN_OK);
        assert_in_range(cut, at, file.len);
        told.count = 0;
        size_t len = (size_t)snprintf(parts, sizeof parts, "%s", outline(0, cut, &told));
        snprintf(parts + len, sizeof parts - len, "%s", outline(cut, UINT64_MAX, &told));
        assert_string_equal(parts, whole);
        assert_int_equal(told.count, strays);
    }
}

static void test_numbers_of_sweeps_may_be_written_as_reals_in_sound_rows(void **state)
{
    (void)state;
    static struct qn_er_sweep sweep;
    char other[32];
    qn_buf_clear(&file);
    qn_buf_printf(&file, "1998-04-10T00:00:00 892166704 100 12.000 1 2 3");
    for (int k = 0; k < 2 * QN_ER_CELLS; k++)
        qn_buf_printf(&file, " %s", cell_text(1, k, other));
    qn_buf_printf(&file, "\n");
    write_file();
    read_first(&sweep);
    assert_int_equal(sweep.spec_no, 12);
}

/* ---- THETA.TAB ------------------------------------------------------------------------------ */

static void put_theta(const char *between)
{
    static const double latitudes[] = {78.75, 56.25, 33.75, 11.25, -11.25, -33.75, -56.25, -78.75};
    static const int cells[] = {4, 8, 16, 16, 16, 16, 8, 4};
    qn_buf_clear(&file);
    for (int band = 0; band < 8; band++) {
        for (int i = 0; i < cells[band]; i++)
            qn_buf_printf(&file, "%.2f%s", latitudes[band], between);
    }
}

static void test_theta_is_read_from_any_layout(void **state)
{
    (void)state;
    static const char *const between[] = {" ", "\r\n", ", ", "\t\n"};
    double theta[QN_ER_CELLS];
    for (size_t i = 0; i < 4; i++) {
        put_theta(between[i]);
        write_file();
        assert_int_equal(qn_er_theta_read(path, theta, NULL), QN_OK);
        assert_true(theta[0] == 78.75 && theta[12] == 33.75 && theta[87] == -78.75);
    }
}

static void test_theta_of_another_instrument_is_refused(void **state)
{
    (void)state;
    struct qn_error err;
    double theta[QN_ER_CELLS];
    static const struct {
        const char *add;
        const char *says;
    } wrong[] = {{"11.25", "89 numbers"}, {"x", "no latitude"}};
    for (size_t i = 0; i < 2; i++) {
        put_theta(" ");
        qn_buf_printf(&file, "%s", wrong[i].add);
        write_file();
        assert_int_equal(qn_er_theta_read(path, theta, &err), QN_ERR_INPUT);
        assert_non_null(strstr(err.message, wrong[i].says));
    }
    put_theta(" ");
    memcpy(file.data, "45.00", 5);
    write_file();
    assert_int_equal(qn_er_theta_read(path, theta, &err), QN_ERR_INPUT);
    assert_non_null(strstr(err.message, "latitude 45 of cell 1"));
    memcpy(file.data, "56.25", 5);
    write_file();
    assert_int_equal(qn_er_theta_read(path, theta, &err), QN_ERR_INPUT);
    assert_non_null(strstr(err.message, "3 cells at latitude 78.75"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_number_is_what_strtod_makes_of_it),
        cmocka_unit_test(test_line_ends_of_both_kinds_and_tabs_are_blanks),
        cmocka_unit_test(test_flags_of_both_producers_are_missing_values),
        cmocka_unit_test(test_small_and_negative_fluxes_are_values),
        cmocka_unit_test(test_a_cell_that_is_no_number_is_missing_and_told),
        cmocka_unit_test(test_rows_of_182_or_184_fields_stay_in_their_sweep_with_a_fault),
        cmocka_unit_test(test_lines_that_belong_to_no_sweep_are_told_with_their_place),
        cmocka_unit_test(test_a_line_longer_than_any_row_is_passed_over),
        cmocka_unit_test(test_a_run_of_more_rows_than_energies_is_given_in_several_sweeps),
        cmocka_unit_test(test_a_file_cut_anywhere_gives_the_same_sweeps),
        cmocka_unit_test(test_numbers_of_sweeps_may_be_written_as_reals_in_sound_rows),
        cmocka_unit_test(test_theta_is_read_from_any_layout),
        cmocka_unit_test(test_theta_of_another_instrument_is_refused),
    };
    return cmocka_run_group_tests_name("er3d", tests, make_path, remove_path);
}
