/* SEG-Y fields, columns, scalars and text. Byte positions and codes are those of the standard
 * (SEG-Y revision 2.1, tables 1-3 and appendix on EBCDIC). */
#include "check.h"

#include "format/segy.h"

#include <stdlib.h>
#include <string.h>

static const struct qn_segy_field *field(const char *name)
{
    const struct qn_segy_field *found = qn_segy_find_field(qn_segy_trace_fields, name);
    assert_non_null(found);
    return found;
}

static void test_standard_fields_cover_the_trace_header_without_gap_or_overlap(void **state)
{
    (void)state;
    unsigned next = 1;
    for (const struct qn_segy_field *f = qn_segy_trace_fields; f->name; f++) {
        assert_int_equal(f->byte, next);
        next += qn_segy_type_info((enum qn_segy_type)f->type)->bytes;
    }
    assert_int_equal(next, 241);
}

static void assert_ascending_and_unique(const struct qn_segy_field *table, unsigned first,
                                        unsigned last)
{
    unsigned next = first;
    for (const struct qn_segy_field *f = table; f->name; f++) {
        assert_true(f->byte >= next);
        next = f->byte + qn_segy_type_info((enum qn_segy_type)f->type)->bytes;
        assert_true(next <= last + 1);
        assert_ptr_equal(qn_segy_find_field(table, f->name), f);
    }
}

static void test_tables_are_in_byte_order_and_names_are_unique(void **state)
{
    (void)state;
    assert_ascending_and_unique(qn_segy_trace_fields, 1, 240);
    assert_ascending_and_unique(qn_segy_extension_fields, 241, 480);
    assert_ascending_and_unique(qn_segy_binary_fields, 3201, 3600);
}

static void test_known_fields_lie_where_the_standard_puts_them(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned byte, type;
    } known[] = {{"cdp", 21, QN_SEGY_INT32},
                 {"offset", 37, QN_SEGY_INT32},
                 {"scalar_coord", 71, QN_SEGY_INT16},
                 {"source_x", 73, QN_SEGY_INT32},
                 {"sample_count", 115, QN_SEGY_UINT16},
                 {"sample_interval", 117, QN_SEGY_UINT16},
                 {"year", 157, QN_SEGY_INT16},
                 {"cdp_x", 181, QN_SEGY_INT32},
                 {"inline", 189, QN_SEGY_INT32},
                 {"crossline", 193, QN_SEGY_INT32},
                 {"scalar_time", 215, QN_SEGY_INT16},
                 {"header_name", 233, QN_SEGY_ASCII8}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        assert_int_equal(field(known[i].name)->byte, known[i].byte);
        assert_int_equal(field(known[i].name)->type, known[i].type);
    }
}

static void test_formats_are_found_by_code_name_and_alias(void **state)
{
    (void)state;
    assert_int_equal(qn_segy_format_by_code(1)->bytes, 4);
    assert_int_equal(qn_segy_format_by_code(15)->bytes, 3);
    assert_null(qn_segy_format_by_code(13));
    assert_null(qn_segy_format_by_code(0));
    assert_int_equal(qn_segy_format_by_name("ibm32")->code, 1);
    assert_int_equal(qn_segy_format_by_name("float32")->code, 5);
    assert_int_equal(qn_segy_format_by_name("16")->code, 16);
    assert_null(qn_segy_format_by_name("13"));
    assert_null(qn_segy_format_by_name("5x"));
    assert_null(qn_segy_format_by_name(""));
    for (size_t i = 0; qn_segy_format_at(i); i++)
        assert_ptr_equal(qn_segy_format_by_name(qn_segy_format_at(i)->name), qn_segy_format_at(i));
    assert_null(qn_segy_format_at(14));
}

static void test_every_type_reads_back_in_both_orders(void **state)
{
    (void)state;
    static const struct {
        uint8_t type;
        uint8_t big[8];
        enum { AS_INT, AS_UINT, AS_REAL } kind;
        double value;
    } known[] = {
        {QN_SEGY_INT8, {0xFE}, AS_INT, -2},
        {QN_SEGY_INT16, {0xFF, 0x38}, AS_INT, -200},
        {QN_SEGY_INT24, {0xFF, 0xFF, 0x38}, AS_INT, -200},
        {QN_SEGY_INT32, {0xFF, 0xFF, 0xFF, 0x38}, AS_INT, -200},
        {QN_SEGY_INT64, {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x38}, AS_INT, -200},
        {QN_SEGY_UINT8, {0xFE}, AS_UINT, 254},
        {QN_SEGY_UINT16, {0xFF, 0x38}, AS_UINT, 65336},
        {QN_SEGY_UINT24, {0xFF, 0xFF, 0x38}, AS_UINT, 16777016},
        {QN_SEGY_UINT32, {0xFF, 0xFF, 0xFF, 0x38}, AS_UINT, 4294967096.0},
        {QN_SEGY_UINT64, {0x80}, AS_UINT, 0x1p63},
        {QN_SEGY_IEEE32, {0xC2, 0xED, 0x40, 0x00}, AS_REAL, -118.625},
        {QN_SEGY_IEEE64, {0xC0, 0x59}, AS_REAL, -100},
        {QN_SEGY_IBM32, {0xC2, 0x76, 0xA0, 0x00}, AS_REAL, -118.625},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        for (int order = 0; order < 2; order++) {
            uint8_t header[240] = {0};
            struct qn_segy_field f = {.name = "x", .byte = 102, .type = known[i].type};
            size_t size = qn_segy_type_info((enum qn_segy_type)known[i].type)->bytes;
            for (size_t b = 0; b < size; b++)
                header[101 + b] = known[i].big[order == QN_BIG_ENDIAN ? b : size - 1 - b];
            struct qn_segy_value v = qn_segy_get(&f, (enum qn_byte_order)order, header);
            double got = v.kind == QN_SEGY_VALUE_INT    ? (double)v.i
                         : v.kind == QN_SEGY_VALUE_UINT ? (double)v.u
                                                        : v.real;
            assert_int_equal(v.kind, known[i].kind);
            assert_true(got == known[i].value);
            double scaled;
            qn_segy_scale(&f, (enum qn_byte_order)order, header, 240, 1, &scaled);
            assert_true(scaled == known[i].value);
        }
}

static void test_put_then_get_gives_the_value_in_every_integer_and_float_type(void **state)
{
    (void)state;
    for (int type = 0; type < QN_SEGY_ASCII8; type++)
        for (int order = 0; order < 2; order++) {
            uint8_t header[240];
            double back;
            struct qn_segy_field f = {.name = "x", .byte = 233, .type = (uint8_t)type};
            memset(header, 0xAA, sizeof header);
            qn_segy_put(&f, (enum qn_byte_order)order, header, 100);
            qn_segy_scale(&f, (enum qn_byte_order)order, header, 240, 1, &back);
            assert_true(back == 100);
            assert_int_equal(header[231], 0xAA);
        }
}

static void test_columns_are_extracted_with_the_stride_of_traces(void **state)
{
    (void)state;
    enum { TRACES = 5, STRIDE = 240 + 12 };
    uint8_t bytes[TRACES * STRIDE] = {0};
    int32_t cdp[TRACES];
    uint16_t count[TRACES];
    char name[TRACES * 8];
    for (int i = 0; i < TRACES; i++) {
        qn_segy_put(field("cdp"), QN_LITTLE_ENDIAN, bytes + i * STRIDE, -1000 * i);
        qn_segy_put(field("sample_count"), QN_LITTLE_ENDIAN, bytes + i * STRIDE, 60000 + i);
        memcpy(bytes + i * STRIDE + 232, "SEG0000\x01", 8);
    }
    qn_segy_extract(field("cdp"), QN_LITTLE_ENDIAN, bytes, STRIDE, TRACES, cdp);
    qn_segy_extract(field("sample_count"), QN_LITTLE_ENDIAN, bytes, STRIDE, TRACES, count);
    qn_segy_extract(field("header_name"), QN_LITTLE_ENDIAN, bytes, STRIDE, TRACES, name);
    for (int i = 0; i < TRACES; i++) {
        assert_int_equal(cdp[i], -1000 * i);
        assert_int_equal(count[i], 60000 + i);
        assert_memory_equal(name + 8 * i, "SEG0000\x01", 8);
    }
    assert_string_equal(qn_segy_get(field("header_name"), QN_LITTLE_ENDIAN, bytes).text,
                        "SEG0000 ");
}

static double scaled_by(const char *name, unsigned scalar_byte, int scalar, int value)
{
    uint8_t header[240] = {0};
    double out;
    qn_store_u16(header + scalar_byte - 1, QN_BIG_ENDIAN, (uint16_t)scalar);
    qn_segy_put(field(name), QN_BIG_ENDIAN, header, value);
    qn_segy_scale(field(name), QN_BIG_ENDIAN, header, 240, 1, &out);
    return out;
}

static void test_scalars_multiply_divide_or_do_nothing(void **state)
{
    (void)state;
    assert_true(scaled_by("source_x", 71, -100, 43012550) == 430125.5);
    assert_true(scaled_by("cdp_y", 71, 10, -7) == -70);
    assert_true(scaled_by("source_depth", 69, -10, 65) == 6.5);
    assert_true(scaled_by("delay_recording_time", 215, -1000, 2500) == 2.5);
    assert_true(scaled_by("shotpoint", 201, -10, 10015) == 1001.5);
    assert_true(scaled_by("source_x", 71, -32768, 65536) == 2);
    assert_true(scaled_by("source_x", 71, 0, 77) == 77);
    assert_true(scaled_by("inline", 71, -100, 1001) == 1001);
}

static void test_scalars_may_stand_elsewhere_and_in_four_bytes(void **state)
{
    (void)state;
    uint8_t header[240] = {0};
    double out;
    struct qn_segy_field x = {.name = "x",
                              .byte = 101,
                              .type = QN_SEGY_INT32,
                              .scaling = QN_SEGY_BY_COORDINATE_SCALAR,
                              .scalar = {17, QN_SEGY_INT32}};
    qn_store_u32(header + 16, QN_LITTLE_ENDIAN, (uint32_t)-100000);
    qn_store_u32(header + 100, QN_LITTLE_ENDIAN, 250000);
    qn_store_u16(header + 70, QN_LITTLE_ENDIAN,
                 10); /* the standard's place, which does not count */
    qn_segy_scale(&x, QN_LITTLE_ENDIAN, header, 240, 1, &out);
    assert_true(out == 2.5);
}

static void test_an_override_counts_unless_it_is_zero(void **state)
{
    (void)state;
    uint8_t headers[2][480] = {{0}};
    double out[2], x = 430125.125;
    uint64_t bits;
    struct qn_segy_field field_x = *field("source_x");
    field_x.override = (struct qn_segy_place){337, QN_SEGY_IEEE64};
    memcpy(&bits, &x, sizeof bits);
    for (int i = 0; i < 2; i++) {
        qn_store_u16(headers[i] + 70, QN_BIG_ENDIAN, (uint16_t)-10);
        qn_store_u32(headers[i] + 72, QN_BIG_ENDIAN, 77);
    }
    qn_store_u64(headers[1] + 336, QN_BIG_ENDIAN, bits);
    qn_segy_scale(&field_x, QN_BIG_ENDIAN, headers[0], 480, 2, out);
    assert_true(out[0] == 7.7);
    assert_true(out[1] == 430125.125);
}

static void test_short_texts_are_filled_up_with_nuls(void **state)
{
    (void)state;
    uint8_t header[240];
    char out[8];
    struct qn_segy_field station = {.name = "station", .byte = 181, .type = QN_SEGY_ASCII6};
    memset(header, 'x', sizeof header);
    memcpy(header + 180, "ABC  ", 6);
    qn_segy_extract(&station, QN_BIG_ENDIAN, header, 240, 1, out);
    assert_memory_equal(out, "ABC  \0\0\0", 8);
    assert_string_equal(qn_segy_get(&station, QN_BIG_ENDIAN, header).text, "ABC   ");
}

static void test_binary_header_round_trips_in_both_orders(void **state)
{
    (void)state;
    struct qn_segy_binary_header header, back;
    memset(&header, 0, sizeof header);
    header.job = -5;
    header.samples = 60000;
    header.format = 16;
    header.extended_samples = 70000;
    header.extended_interval_us = 0.125;
    header.byte_order_constant = 0x01020304;
    header.revision_major = 2;
    header.revision_minor = 1;
    header.extended_text_count = -1;
    header.first_trace_offset = 1ull << 40;
    header.trailer_count = -1;
    for (int order = 0; order < 2; order++) {
        uint8_t bytes[400];
        memset(&back, 0, sizeof back);
        qn_segy_binary_format(&header, (enum qn_byte_order)order, bytes);
        qn_segy_binary_parse(bytes, (enum qn_byte_order)order, &back);
        assert_memory_equal(&back, &header, sizeof header);
        assert_int_equal(bytes[3501 - 3201], 2);
        assert_int_equal(bytes[3502 - 3201], 1);
        assert_int_equal(bytes[3297 - 3201], order == QN_BIG_ENDIAN ? 1 : 4);
        assert_int_equal(bytes[3221 - 3201], order == QN_BIG_ENDIAN ? 0xEA : 0x60);
    }
}

static char *decode(const uint8_t record[3200])
{
    struct qn_buf text = {0};
    qn_segy_text_decode(record, qn_segy_text_encoding(record), &text);
    qn_buf_u8(&text, '\0');
    assert_false(text.failed);
    return (char *)text.data;
}

static size_t count_lines(const char *text)
{
    size_t lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

static void test_ebcdic_text_decodes_to_lines_without_trailing_blanks(void **state)
{
    (void)state;
    /* "C 1 CLIENT: é!" in code page 500; é is 0x51, ! is 0x4F. */
    static const uint8_t start[] = {0xC3, 0x40, 0xF1, 0x40, 0xC3, 0xD3, 0xC9,
                                    0xC5, 0xD5, 0xE3, 0x7A, 0x40, 0x51, 0x4F};
    uint8_t record[3200];
    memset(record, 0x40, sizeof record);
    memcpy(record, start, sizeof start);
    assert_int_equal(qn_segy_text_encoding(record), QN_SEGY_EBCDIC);
    char *text = decode(record);
    assert_memory_equal(text, "C 1 CLIENT: \xC3\xA9!\n\n", 17);
    assert_int_equal(count_lines(text), 40);
    free(text);
}

static void test_ascii_text_keeps_utf8_and_reads_latin1_where_it_is_not(void **state)
{
    (void)state;
    uint8_t record[3200];
    memset(record, ' ', sizeof record);
    memcpy(record,
           "C 1 Gr\xC3\xB6\xC3\x9F"
           "e",
           11);
    memcpy(record + 80,
           "C 2 Gr\xF6\xDF"
           "e",
           9);
    assert_int_equal(qn_segy_text_encoding(record), QN_SEGY_ASCII);
    char *text = decode(record);
    assert_memory_equal(text,
                        "C 1 Gr\xC3\xB6\xC3\x9F"
                        "e\nC 2 Gr\xC3\xB6\xC3\x9F"
                        "e\n\n",
                        25);
    free(text);
}

static void test_nul_and_control_characters_become_blanks(void **state)
{
    (void)state;
    uint8_t record[3200] = {0};
    memcpy(record,
           "A\0B\tC\x7F"
           "D\x85"
           "E",
           9);
    char *text = decode(record);
    assert_memory_equal(text, "A B C D E\n\n", 11);
    assert_int_equal(count_lines(text), 40);
    free(text);
}

static void test_invalid_utf8_is_never_passed_on(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\xC0\xAF",         "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80",
        "\xF8\x88\x80\x80", "\xC3",         "\xFF"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t record[3200];
        memset(record, 'x', sizeof record);
        memcpy(record + 80 - strlen(bad[i]), bad[i], strlen(bad[i]));
        char *text = decode(record);
        for (const char *p = text; *p; p++)
            assert_true((uint8_t)*p < 0xF0);
        free(text);
    }
}

static void test_put_line_pads_cuts_and_encodes(void **state)
{
    (void)state;
    uint8_t record[3200];
    for (unsigned i = 0; i < 40; i++)
        qn_segy_text_put_line(record, i, "C", QN_SEGY_EBCDIC);
    char longer[100];
    memset(longer, 'Z', sizeof longer - 1);
    longer[99] = '\0';
    qn_segy_text_put_line(record, 3, longer, QN_SEGY_EBCDIC);
    assert_int_equal(record[0], 0xC3);
    assert_int_equal(record[1], 0x40);
    assert_int_equal(record[3 * 80 + 79], 0xE9);
    assert_int_equal(record[4 * 80], 0xC3);
    qn_segy_text_put_line(record, 39, "end", QN_SEGY_ASCII);
    assert_memory_equal(record + 39 * 80, "end  ", 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_standard_fields_cover_the_trace_header_without_gap_or_overlap),
        cmocka_unit_test(test_tables_are_in_byte_order_and_names_are_unique),
        cmocka_unit_test(test_known_fields_lie_where_the_standard_puts_them),
        cmocka_unit_test(test_formats_are_found_by_code_name_and_alias),
        cmocka_unit_test(test_every_type_reads_back_in_both_orders),
        cmocka_unit_test(test_put_then_get_gives_the_value_in_every_integer_and_float_type),
        cmocka_unit_test(test_columns_are_extracted_with_the_stride_of_traces),
        cmocka_unit_test(test_scalars_multiply_divide_or_do_nothing),
        cmocka_unit_test(test_scalars_may_stand_elsewhere_and_in_four_bytes),
        cmocka_unit_test(test_an_override_counts_unless_it_is_zero),
        cmocka_unit_test(test_short_texts_are_filled_up_with_nuls),
        cmocka_unit_test(test_binary_header_round_trips_in_both_orders),
        cmocka_unit_test(test_ebcdic_text_decodes_to_lines_without_trailing_blanks),
        cmocka_unit_test(test_ascii_text_keeps_utf8_and_reads_latin1_where_it_is_not),
        cmocka_unit_test(test_nul_and_control_characters_become_blanks),
        cmocka_unit_test(test_invalid_utf8_is_never_passed_on),
        cmocka_unit_test(test_put_line_pads_cuts_and_encodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
