/* FITS tables, written here card by card and byte by byte as the standard (4.0, tables 18 and 19)
 * lays them out, and damaged. */
#include "check.h"

#include "format/fits.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 16 * QN_FITS_BLOCK };

struct file { /* being written */
    char bytes[MOST];
    size_t len;
};

static void card(struct file *f, const char *text)
{
    char padded[QN_FITS_CARD + 1];
    snprintf(padded, sizeof padded, "%-80s", text);
    memcpy(f->bytes + f->len, padded, QN_FITS_CARD);
    f->len += QN_FITS_CARD;
}

static void fill_block(struct file *f, char with)
{
    while (f->len % QN_FITS_BLOCK != 0)
        f->bytes[f->len++] = with;
}

static void primary(struct file *f)
{
    *f = (struct file){0};
    card(f, "SIMPLE  =                    T / conforms");
    card(f, "BITPIX  =                    8");
    card(f, "NAXIS   =                    0");
    card(f, "NEXTEND =                    1");
    card(f, "OBJECT  = 'O''Neil 5 '         / a quote in it");
    card(f, "TEFF    =              5.77D+3 / K");
    card(f, "EMPTY   =");
    card(f, "COMMENT = 'no value'");
    card(f, "END");
    fill_block(f, ' ');
}

/* A table of one column of `rows` rows in `data`. `more` are further cards. */
static void table(struct file *f, const char *form, unsigned rows, unsigned row_bytes,
                  const void *data, const char *const *more)
{
    char text[QN_FITS_CARD + 1];
    primary(f);
    card(f, "XTENSION= 'BINTABLE'");
    card(f, "BITPIX  =                    8");
    card(f, "NAXIS   =                    2");
    snprintf(text, sizeof text, "NAXIS1  = %20u", row_bytes);
    card(f, text);
    snprintf(text, sizeof text, "NAXIS2  = %20u", rows);
    card(f, text);
    card(f, "PCOUNT  =                    0");
    card(f, "GCOUNT  =                    1");
    card(f, "TFIELDS =                    1");
    snprintf(text, sizeof text, "TFORM1  = '%s'", form);
    card(f, text);
    card(f, "TTYPE1  = 'Flux    '");
    for (; more && *more; more++)
        card(f, *more);
    card(f, "END");
    fill_block(f, ' ');
    memcpy(f->bytes + f->len, data, (size_t)rows * row_bytes);
    f->len += (size_t)rows * row_bytes;
    fill_block(f, '\0');
}

static char path[] = "/tmp/quern-test-fits-XXXXXX";

static enum qn_status open_bytes(struct qn_fits **fits, const struct file *f, size_t len,
                                 struct qn_buf *memory, struct qn_error *err)
{
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(f->bytes, 1, len, out), len);
    assert_int_equal(fclose(out), 0);
    return qn_fits_open(fits, path, memory, err);
}

/* The first column of the file's table. */
static enum qn_status read_column(const struct file *f, double *values)
{
    struct qn_fits *fits;
    struct qn_buf memory = {0};
    enum qn_status status = open_bytes(&fits, f, f->len, &memory, NULL);
    if (!status) {
        status = qn_fits_read(fits, 1, 0, values, NULL);
        qn_fits_close(fits);
    }
    qn_buf_release(&memory);
    return status;
}

static void test_cards_are_texts_or_numbers(void **state)
{
    (void)state;
    struct file f;
    struct qn_fits *fits;
    struct qn_buf memory = {0};
    char text[QN_FITS_TEXT];
    double number;
    primary(&f);
    assert_int_equal(open_bytes(&fits, &f, f.len, &memory, NULL), QN_OK);
    assert_true(qn_fits_text(fits, 0, "OBJECT", text));
    assert_string_equal(text, "O'Neil 5");
    assert_true(qn_fits_number(fits, 0, "TEFF", &number));
    assert_true(number == 5770);
    assert_false(qn_fits_number(fits, 0, "OBJECT", &number));
    assert_false(qn_fits_text(fits, 0, "TEFF", text));
    assert_false(qn_fits_number(fits, 0, "EMPTY", &number));
    assert_false(qn_fits_number(fits, 0, "TEF", &number));
    assert_false(qn_fits_complete(fits)); /* NEXTEND promises a table */
    qn_fits_close(fits);
    qn_buf_release(&memory);
}

static void test_numbers_of_every_type_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *form;
        unsigned bytes;
        uint8_t data[16];
        double wanted[2];
    } cases[] = {
        {"L", 1, {'T', 'F'}, {1, 0}},
        {"1B", 1, {0, 255}, {0, 255}},
        {"I", 2, {0x80, 0x00, 0x01, 0x02}, {-32768, 258}},
        {"1J", 4, {0xff, 0xff, 0xff, 0xfe, 0, 1, 0, 0}, {-2, 65536}},
        {"K", 8, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 1}, {-1, 0x1p40}},
        {"E", 4, {0x3f, 0xc0, 0, 0, 0xc2, 0x28, 0, 0}, {1.5, -42}},
        {"1D",
         8,
         {0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0x40, 0x09, 0x21, 0xfb, 0x54, 0x44, 0x2d, 0x18},
         {1.5, M_PI}},
        {"3A", 3, {'o', 'f', 'f', 'n', 'o', ' '}, {'o', 'n'}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct file f;
        double values[2] = {NAN, NAN};
        table(&f, cases[i].form, 2, cases[i].bytes, cases[i].data, NULL);
        assert_int_equal(read_column(&f, values), QN_OK);
        assert_true(values[0] == cases[i].wanted[0]);
        assert_true(values[1] == cases[i].wanted[1]);
    }
}

static void test_what_is_undefined_is_nan(void **state)
{
    (void)state;
    static const char *const null[] = {"TNULL1  =                   -1", NULL};
    static const uint8_t words[] = {0xff, 0xff, 0, 7};
    static const uint8_t nan[] = {0x7f, 0xc0, 0, 0};
    struct file f;
    double values[2];
    table(&f, "I", 2, 2, words, null);
    assert_int_equal(read_column(&f, values), QN_OK);
    assert_true(isnan(values[0]) && values[1] == 7);
    table(&f, "L", 1, 1, "\0", NULL);
    assert_int_equal(read_column(&f, values), QN_OK);
    assert_true(isnan(values[0]));
    table(&f, "E", 1, 4, nan, NULL);
    assert_int_equal(read_column(&f, values), QN_OK);
    assert_true(isnan(values[0]));
}

/* Unsigned numbers are stored less 2^15 (section 5.2.5). TNULL is compared before scaling. */
static void test_scale_and_zero_are_applied(void **state)
{
    (void)state;
    static const char *const zero[] = {"TZERO1  =              32768.0", NULL};
    static const char *const both[] = {"TSCAL1  =                  0.5",
                                       "TZERO1  =                  10.",
                                       "TNULL1  =                    4", NULL};
    static const uint8_t words[] = {0x80, 0x00, 0x7f, 0xff};
    static const uint8_t small[] = {3, 4};
    struct file f;
    double values[2];
    table(&f, "I", 2, 2, words, zero);
    assert_int_equal(read_column(&f, values), QN_OK);
    assert_true(values[0] == 0 && values[1] == 65535);
    table(&f, "B", 2, 1, small, both);
    assert_int_equal(read_column(&f, values), QN_OK);
    assert_true(values[0] == 11.5 && isnan(values[1]));
}

static void test_columns_lie_behind_arrays_and_bits(void **state)
{
    (void)state;
    /* 9 bits take 2 bytes, an array of 3 words 6, and then comes a byte. */
    static const char *const more[] = {"TFORM2  = '3I'", "TFORM3  = 'B'", "TTYPE3  = 'last'", NULL};
    static const uint8_t rows[] = {1, 2, 3, 4, 5, 6, 7, 8, 91, 1, 2, 3, 4, 5, 6, 7, 8, 92};
    struct file f;
    struct qn_fits *fits;
    struct qn_buf memory = {0};
    struct qn_error err;
    double values[2];
    table(&f, "9X", 2, 9, rows, more);
    char *fields = strstr(f.bytes + QN_FITS_BLOCK, "TFIELDS =");
    fields[29] = '3';
    assert_int_equal(open_bytes(&fits, &f, f.len, &memory, &err), QN_OK);
    assert_int_equal(qn_fits_column(fits, 1, "LAST"), 2);
    assert_int_equal(qn_fits_column(fits, 1, "flux"), 0);
    assert_int_equal(qn_fits_column(fits, 1, "missing"), -1);
    assert_int_equal(qn_fits_read(fits, 1, 2, values, &err), QN_OK);
    assert_true(values[0] == 91 && values[1] == 92);
    assert_int_equal(qn_fits_read(fits, 1, 1, values, &err), QN_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "3 values of type 'I'"));
    assert_int_equal(qn_fits_read(fits, 1, 0, values, &err), QN_ERR_UNSUPPORTED);
    assert_int_equal(qn_fits_read(fits, 1, 3, values, &err), QN_ERR_INPUT);
    assert_int_equal(qn_fits_read(fits, 0, 0, values, &err), QN_ERR_INPUT);
    assert_true(qn_fits_complete(fits));
    qn_fits_close(fits);
    qn_buf_release(&memory);
}

static void test_a_file_cut_anywhere_is_damaged_where_it_ends(void **state)
{
    (void)state;
    static const uint8_t rows[8000];
    struct file f;
    struct qn_buf memory = {0};
    struct qn_fits *fits;
    table(&f, "D", 1000, 8, rows, NULL);
    size_t end = 2 * QN_FITS_BLOCK + sizeof rows; /* padding may be missing */
    for (size_t len = 0; len < end; len += 271) {
        struct qn_error err = {.offset = -2};
        if (len % QN_FITS_BLOCK == 0 && len > 0 && len <= QN_FITS_BLOCK)
            continue; /* a whole first header is a whole file */
        assert_int_equal(open_bytes(&fits, &f, len, &memory, &err), QN_ERR_INPUT);
        assert_null(fits);
        assert_int_equal(err.offset, len);
        assert_string_equal(err.file, path);
    }
    assert_int_equal(open_bytes(&fits, &f, end, &memory, NULL), QN_OK);
    qn_fits_close(fits);
    qn_buf_release(&memory);
}

static void test_headers_alone_need_no_data(void **state)
{
    (void)state;
    static const uint8_t rows[8000];
    struct file f;
    struct qn_buf memory = {0};
    struct qn_fits *fits;
    table(&f, "D", 1000, 8, rows, NULL);
    assert_int_equal(open_bytes(&fits, &f, 2 * QN_FITS_BLOCK, &memory, NULL), QN_ERR_INPUT);
    assert_int_equal(qn_fits_open_headers(&fits, path, 1, &memory, NULL), QN_OK);
    assert_int_equal(qn_fits_hdus(fits), 2);
    assert_int_equal(qn_fits_rows(fits, 1), 1000);
    qn_fits_close(fits);
    qn_buf_release(&memory);
}

static void test_sizes_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *card;
        const char *instead;
    } cases[] = {
        {"NAXIS2  =                    2", "NAXIS2  =           2000000000"},
        {"NAXIS2  =                    2", "NAXIS2  =                   -2"},
        {"NAXIS2  =                    2", "NAXIS2  =                  2.5"},
        {"NAXIS2  =                    2", "NAXIS2  =                  nan"},
        {"NAXIS1  =                    4", "NAXIS1  =           2147483648"},
        {"NAXIS   =                    2", "NAXIS   =                 1000"},
        {"NAXIS   =                    2", "NAXIS   =                    1"},
        {"BITPIX  =                    8", "BITPIX  =                1E300"},
        {"BITPIX  =                    8", "BITPIX  =                    0"},
        {"TFIELDS =                    1", "TFIELDS =                 1000"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct file f;
        struct qn_buf memory = {0};
        struct qn_fits *fits;
        table(&f, "J", 2, 4, "\0\0\0\1\0\0\0\2", NULL);
        char *at = strstr(f.bytes + QN_FITS_BLOCK, cases[i].card);
        assert_non_null(at);
        memcpy(at, cases[i].instead, strlen(cases[i].instead));
        assert_int_equal(open_bytes(&fits, &f, f.len, &memory, NULL), QN_ERR_INPUT);
        qn_buf_release(&memory);
    }
}

static void test_columns_wider_than_their_rows_are_refused(void **state)
{
    (void)state;
    static const char *const forms[] = {"D", "2J", "", "1Z", "999999999J", "-1J"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct file f;
        double values[2];
        table(&f, forms[i], 2, 4, "\0\0\0\1\0\0\0\2", NULL);
        assert_int_equal(read_column(&f, values), QN_ERR_INPUT);
    }
}

static void test_other_files_are_no_fits(void **state)
{
    (void)state;
    struct file f = {.bytes = "<html>sign in</html>", .len = QN_FITS_BLOCK};
    struct qn_buf memory = {0};
    struct qn_fits *fits;
    struct qn_error err;
    assert_int_equal(open_bytes(&fits, &f, f.len, &memory, &err), QN_ERR_INPUT);
    assert_non_null(strstr(err.message, "no FITS file"));
    qn_buf_release(&memory);
}

static void test_records_behind_the_last_table_are_stepped_over(void **state)
{
    (void)state;
    struct file f;
    struct qn_buf memory = {0};
    struct qn_fits *fits;
    table(&f, "B", 2, 1, "\1\2", NULL);
    memset(f.bytes + f.len, '#', QN_FITS_BLOCK);
    f.len += QN_FITS_BLOCK;
    assert_int_equal(open_bytes(&fits, &f, f.len, &memory, NULL), QN_OK);
    assert_int_equal(qn_fits_hdus(fits), 2);
    qn_fits_close(fits);
    qn_buf_release(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cards_are_texts_or_numbers),
        cmocka_unit_test(test_numbers_of_every_type_are_read),
        cmocka_unit_test(test_what_is_undefined_is_nan),
        cmocka_unit_test(test_scale_and_zero_are_applied),
        cmocka_unit_test(test_columns_lie_behind_arrays_and_bits),
        cmocka_unit_test(test_a_file_cut_anywhere_is_damaged_where_it_ends),
        cmocka_unit_test(test_headers_alone_need_no_data),
        cmocka_unit_test(test_sizes_that_cannot_be_are_refused),
        cmocka_unit_test(test_columns_wider_than_their_rows_are_refused),
        cmocka_unit_test(test_other_files_are_no_fits),
        cmocka_unit_test(test_records_behind_the_last_table_are_stepped_over),
    };
    int fd = mkstemp(path);
    if (fd < 0)
        return 1;
    close(fd);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
