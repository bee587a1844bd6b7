/* CSV cut into records, numbers read: against a reader of one byte after another, and against
 * strtod. */
#include "check.h"

#include "format/text/csv.h"
#include "format/text/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The field as the text of RFC 4180 says, one byte after another: field `f` of record `r`. */
static size_t slow_fields(const char *text, size_t len, size_t *records)
{
    size_t fields = 0;
    bool inside = false, open = false;
    *records = 0;
    for (size_t i = 0; i < len; i++) {
        open = true;
        inside ^= text[i] == '"';
        if (!inside && (text[i] == ',' || text[i] == '\n'))
            fields++;
        if (!inside && text[i] == '\n') {
            ++*records;
            open = false;
        }
    }
    *records += open;
    return fields + open;
}

static bool slow_folded(const char *text, size_t len)
{
    bool inside = false, folded = false;
    for (size_t i = 0; i < len; i++) {
        inside ^= text[i] == '"';
        folded |= inside && text[i] == '\n';
    }
    return folded;
}

static void check_marks(const char *text, size_t len)
{
    struct qn_csv_marks marks = {0};
    uint64_t quotes = 0, lines = 0;
    qn_csv_count(text, len, &marks);
    for (size_t i = 0; i < len; i++) {
        quotes += text[i] == '"';
        lines += text[i] == '\n';
    }
    assert_int_equal(marks.quotes, quotes);
    assert_int_equal(marks.lines, lines);
}

static void check_text(const char *text, size_t len)
{
    struct qn_csv csv = {0};
    struct qn_buf ends = {0};
    size_t records;
    size_t fields = slow_fields(text, len, &records);
    for (int variant = 0; variant < 3; variant++) {
        if (!qn_csv_use(variant))
            continue;
        assert_true(qn_csv_split(&csv, text, len, QN_CSV_LAST));
        const struct qn_csv_record *r = (const struct qn_csv_record *)(void *)csv.records.data;
        size_t sum = 0;
        for (size_t i = 0; i < csv.count; i++)
            sum += r[i].fields;
        assert_int_equal(csv.count, records);
        assert_int_equal(sum, fields);
        assert_int_equal(csv.taken, len);
        assert_int_equal(csv.folded, slow_folded(text, len));
        check_marks(text, len);
        if (variant == 0)
            qn_buf_append(&ends, csv.ends.data, fields * sizeof(uint32_t));
        assert_memory_equal(csv.ends.data, ends.data, fields * sizeof(uint32_t));
    }
    qn_csv_release(&csv);
    qn_buf_release(&ends);
}

static void test_every_variant_cuts_random_text_alike(void **state)
{
    (void)state;
    static const char letters[] = "ab,,,\n\n\"x";
    char text[1000];
    unsigned seed = 1;
    for (int round = 0; round < 2000; round++) {
        size_t len = (size_t)(rand_r(&seed) % (int)sizeof text);
        for (size_t i = 0; i < len; i++)
            text[i] = letters[rand_r(&seed) % (int)(sizeof letters - 1)];
        check_text(text, len);
    }
}

static void test_fields_come_without_blanks_and_quotes(void **state)
{
    (void)state;
    static const char text[] = " a ,\" b, c \",\"\"\r\nd,,\"x\ny\"";
    static const char *const expected[2][3] = {{"a", "b, c", ""}, {"d", "", "x\ny"}};
    struct qn_csv csv = {0};
    assert_true(qn_csv_split(&csv, text, sizeof text - 1, QN_CSV_LAST));
    assert_int_equal(csv.count, 2);
    for (uint32_t r = 0; r < 2; r++) {
        const struct qn_csv_record *record = (struct qn_csv_record *)(void *)csv.records.data + r;
        assert_int_equal(record->fields, 3);
        for (uint32_t f = 0; f < 3; f++) {
            struct qn_csv_field field = qn_csv_get(&csv, record, f);
            assert_int_equal(field.len, strlen(expected[r][f]));
            assert_memory_equal(field.text, expected[r][f], field.len);
        }
    }
    qn_csv_release(&csv);
}

static void test_a_record_without_its_end_waits(void **state)
{
    (void)state;
    static const char text[] = "a,b\nc,\"d\n";
    struct qn_csv csv = {0};
    assert_true(qn_csv_split(&csv, text, sizeof text - 1, QN_CSV_MORE));
    assert_int_equal(csv.count, 1);
    assert_int_equal(csv.taken, 4);
    qn_csv_release(&csv);
}

static void check_real(const char *text)
{
    double value;
    assert_true(qn_parse_real(text, strlen(text), &value));
    double expected = strtod(text, NULL);
    assert_memory_equal(&value, &expected, sizeof value);
}

static void test_reals_are_those_of_strtod(void **state)
{
    (void)state;
    static const char *const texts[] = {"0",
                                        "-0",
                                        "19.27",
                                        "29",
                                        "-38.25",
                                        ".01",
                                        "-.5",
                                        "5.",
                                        "139.199996948242",
                                        "1e3",
                                        "1E-3",
                                        "1e22",
                                        "1e23",
                                        "4.35",
                                        "0.1",
                                        "9007199254740993",
                                        "-3.00999999046326",
                                        "20.010000000000002",
                                        "123456789012345678901234567890",
                                        "2.2250738585072011e-308",
                                        "4.9e-324",
                                        "1.7976931348623157e308",
                                        "0.000000000000000000000000000001",
                                        "00012.50"};
    char text[64];
    unsigned seed = 7;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_real(texts[i]);
    for (int i = 0; i < 300000; i++) {
        int places = rand_r(&seed) % 18;
        snprintf(text, sizeof text, "%s%d%09d.%0*d", rand_r(&seed) % 2 ? "-" : "",
                 rand_r(&seed) % 100000, rand_r(&seed) % 1000000000, places ? places : 1,
                 rand_r(&seed) % 1000000000);
        check_real(text);
    }
}

/* All lengths around those that are read eight digits at a time, with a point at every place. */
static void test_reals_of_every_length_are_those_of_strtod(void **state)
{
    (void)state;
    char text[64];
    unsigned seed = 3;
    for (size_t digits = 1; digits <= 24; digits++) {
        for (size_t point = 0; point <= digits; point++) {
            for (int round = 0; round < 50; round++) {
                size_t n = 0;
                if (rand_r(&seed) % 2)
                    text[n++] = '-';
                for (size_t i = 0; i < digits; i++) {
                    if (i == point)
                        text[n++] = '.';
                    text[n++] = (char)('0' + rand_r(&seed) % 10);
                }
                text[n] = '\0';
                check_real(text);
            }
        }
    }
}

static void test_what_is_no_number_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",    "-",   ".",   "+.",  "nan",   "inf",       "0x10",     "1,5",      "1e",   "e5",
        "1e+", "--1", "1 2", "N/A", "1e999", "12345678x", "1234567/", "1234567:", "1.2.3"};
    double value;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(qn_parse_real(texts[i], strlen(texts[i]), &value));
}

static void test_decimals_are_never_rounded(void **state)
{
    (void)state;
    int64_t value;
    assert_true(qn_parse_decimal("19.27", 5, 6, &value));
    assert_int_equal(value, 19270000);
    assert_true(qn_parse_decimal("-.5", 3, 6, &value));
    assert_int_equal(value, -500000);
    assert_true(qn_parse_decimal("1.2300000", 9, 2, &value));
    assert_int_equal(value, 123);
    assert_false(qn_parse_decimal("1.234", 5, 2, &value));
    assert_false(qn_parse_decimal("1234567890123456789", 19, 0, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_variant_cuts_random_text_alike),
        cmocka_unit_test(test_fields_come_without_blanks_and_quotes),
        cmocka_unit_test(test_a_record_without_its_end_waits),
        cmocka_unit_test(test_reals_are_those_of_strtod),
        cmocka_unit_test(test_reals_of_every_length_are_those_of_strtod),
        cmocka_unit_test(test_what_is_no_number_is_refused),
        cmocka_unit_test(test_decimals_are_never_rounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
