/* Header layouts that have a name, that a file brings along as XML, or that a command line adds to.
 * XML follows the example of SEG-Y revision 2.1, D8; bytes of named layouts are those of the tables
 * in the standard, of CWP/SU's segy.h and of the PASSCAL instrument centre. */
#include "check.h"

#include "format/segy.h"

#include <string.h>

static const struct qn_segy_field *named(const struct qn_segy_mapping *mapping, const char *name)
{
    ptrdiff_t at = qn_segy_mapping_find(mapping, name);
    if (at < 0)
        fail_msg("no field %s", name);
    return &mapping->fields[at];
}

static const struct qn_segy_header_set one = {.bytes = 240};
static const struct qn_segy_header_set two = {.bytes = 480, .names = {"", "SEG00001"}};

/* ---- by name -------------------------------------------------------------------------------- */

static void test_standard_layout_is_the_whole_table(void **state)
{
    (void)state;
    struct qn_segy_mapping m;
    assert_int_equal(qn_segy_mapping_named("standard", &one, &m, NULL), QN_OK);
    assert_int_equal(m.field_count, 91);
    assert_int_equal(m.key_count, 0);
    assert_int_equal(named(&m, "cdp_x")->byte, 181);
    qn_segy_mapping_release(&m);
}

static void test_extension_1_comes_with_its_name_and_overrides_the_standard(void **state)
{
    (void)state;
    struct qn_segy_mapping m;
    assert_int_equal(qn_segy_mapping_named("standard", &two, &m, NULL), QN_OK);
    assert_int_equal(named(&m, "ext1_cdp_x")->byte, 401);
    assert_int_equal(named(&m, "cdp_x")->override.byte, 401);
    assert_int_equal(named(&m, "cdp_x")->override.type, QN_SEGY_IEEE64);
    assert_int_equal(named(&m, "inline")->override.byte, 0);
    assert_int_equal(named(&m, "header_name")->override.byte, 0);
    qn_segy_mapping_release(&m);
}

static void test_rev2_takes_extension_1_whatever_it_is_called(void **state)
{
    (void)state;
    struct qn_segy_header_set set = {.bytes = 480, .names = {"", "OTHER"}};
    struct qn_segy_mapping m;
    assert_int_equal(qn_segy_mapping_named("standard", &set, &m, NULL), QN_OK);
    assert_int_equal(qn_segy_mapping_find(&m, "ext1_cdp"), -1);
    qn_segy_mapping_release(&m);
    assert_int_equal(qn_segy_mapping_named("rev2", &set, &m, NULL), QN_OK);
    assert_int_equal(named(&m, "ext1_cdp")->byte, 265);
    qn_segy_mapping_release(&m);
    assert_int_equal(qn_segy_mapping_named("rev2", &one, &m, NULL), QN_ERR_USAGE);
}

static void test_fields_of_named_layouts_stand_where_they_should(void **state)
{
    (void)state;
    static const struct {
        const char *layout, *field;
        unsigned byte;
        enum qn_segy_type type;
        enum qn_segy_scaling scaling;
    } known[] = {
        {"petrel", "inline", 5, QN_SEGY_INT32, QN_SEGY_UNSCALED},
        {"petrel", "crossline", 21, QN_SEGY_INT32, QN_SEGY_UNSCALED},
        {"petrel", "cdp", 21, QN_SEGY_INT32, QN_SEGY_UNSCALED},
        {"petrel", "cdp_x", 73, QN_SEGY_INT32, QN_SEGY_BY_COORDINATE_SCALAR},
        {"petrel", "cdp_y", 77, QN_SEGY_INT32, QN_SEGY_BY_COORDINATE_SCALAR},
        {"petrel", "field_record", 9, QN_SEGY_INT32, QN_SEGY_UNSCALED},
        {"kingdom", "inline", 9, QN_SEGY_INT32, QN_SEGY_UNSCALED},
        {"kingdom", "crossline", 21, QN_SEGY_INT32, QN_SEGY_UNSCALED},
        {"kingdom", "delay_recording_time", 105, QN_SEGY_INT16, QN_SEGY_BY_TIME_SCALAR},
        {"su", "d1", 181, QN_SEGY_IEEE32, QN_SEGY_UNSCALED},
        {"su", "f2", 193, QN_SEGY_IEEE32, QN_SEGY_UNSCALED},
        {"su", "ntr", 205, QN_SEGY_INT32, QN_SEGY_UNSCALED},
        {"su", "mark", 209, QN_SEGY_INT16, QN_SEGY_UNSCALED},
        {"su", "delay_recording_time", 109, QN_SEGY_INT16, QN_SEGY_UNSCALED},
        {"su", "source_x", 73, QN_SEGY_INT32, QN_SEGY_BY_COORDINATE_SCALAR},
        {"passcal", "station_name", 181, QN_SEGY_ASCII6, QN_SEGY_UNSCALED},
        {"passcal", "sample_interval_long", 201, QN_SEGY_INT32, QN_SEGY_UNSCALED},
        {"passcal", "scale_factor", 221, QN_SEGY_IEEE32, QN_SEGY_UNSCALED},
        {"passcal", "sample_count_long", 229, QN_SEGY_INT32, QN_SEGY_UNSCALED},
        {"passcal", "total_static", 103, QN_SEGY_INT16, QN_SEGY_UNSCALED},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct qn_segy_mapping m;
        assert_int_equal(qn_segy_mapping_named(known[i].layout, &one, &m, NULL), QN_OK);
        const struct qn_segy_field *field = named(&m, known[i].field);
        assert_int_equal(field->byte, known[i].byte);
        assert_int_equal(field->type, known[i].type);
        assert_int_equal(field->scaling, known[i].scaling);
        qn_segy_mapping_release(&m);
    }
}

static void test_seismic_unix_and_passcal_keep_nothing_of_the_tail(void **state)
{
    (void)state;
    static const char *const layouts[] = {"su", "passcal"};
    for (size_t i = 0; i < 2; i++) {
        struct qn_segy_mapping m;
        bool covered[240] = {false};
        assert_int_equal(qn_segy_mapping_named(layouts[i], &one, &m, NULL), QN_OK);
        assert_int_equal(qn_segy_mapping_find(&m, "inline"), -1);
        assert_int_equal(qn_segy_mapping_find(&m, "scalar_time"), -1);
        for (size_t k = 0; k < m.field_count; k++) /* every byte once, none twice */
            for (unsigned b = 0; b < qn_segy_type_info(m.fields[k].type)->bytes; b++) {
                assert_false(covered[m.fields[k].byte - 1 + b]);
                covered[m.fields[k].byte - 1 + b] = true;
            }
        for (size_t b = 0; b < 240; b++)
            assert_true(covered[b]);
        qn_segy_mapping_release(&m);
    }
}

static void test_unknown_layout_is_refused_with_the_nearest_and_all(void **state)
{
    (void)state;
    struct qn_segy_mapping m;
    struct qn_error err = {0};
    assert_int_equal(qn_segy_mapping_named("petrell", &one, &m, &err), QN_ERR_USAGE);
    assert_non_null(strstr(err.message, "Did you mean 'petrel'?"));
    assert_non_null(strstr(err.message, "passcal"));
    assert_null(m.fields);
}

static void test_headers_tell_their_names_in_either_code(void **state)
{
    (void)state;
    static const uint8_t ebcdic[8] = {0xE2, 0xC5, 0xC7, 0xF0, 0xF0, 0xF0, 0xF0, 0xF1};
    struct qn_segy_header_set set;
    uint8_t headers[5 * 240] = {0};
    memcpy(headers + 2 * 240 - 8, ebcdic, 8);
    memcpy(headers + 3 * 240 - 8, "PRIV_1  ", 8);
    memcpy(headers + 4 * 240 - 8, "TYPES\0\0\0", 8);
    memcpy(headers + 5 * 240 - 8, "\x01\x02 bad\xff", 8);
    qn_segy_header_set(headers, sizeof headers, &set);
    assert_int_equal(set.bytes, 1200);
    assert_string_equal(set.names[0], "");
    assert_string_equal(set.names[1], "SEG00001");
    assert_string_equal(set.names[2], "PRIV_1");
    assert_string_equal(set.names[3], "TYPES");
    assert_string_equal(set.names[4], "");
}

/* ---- XML ------------------------------------------------------------------------------------ */

static enum qn_status read_xml(const char *xml, const struct qn_segy_header_set *set,
                               struct qn_segy_mapping *m, struct qn_error *err)
{
    char name[64];
    return qn_segy_mapping_xml(xml, strlen(xml), set, name, m, err);
}

#define LAYOUT(inside)          "<segy-layout name=\"mine\">" inside "</segy-layout>"
#define ENTRY(name, byte, type) "<entry name=\"" name "\" byte=\"" byte "\" type=\"" type "\"/>"
#define IF_NON_ZERO(name, byte, type)                                                              \
    "<entry name=\"" name "\" byte=\"" byte "\" type=\"" type "\" if-non-zero=\"1\"/>"

static void test_xml_entries_become_fields_with_long_names(void **state)
{
    (void)state;
    struct qn_segy_mapping m;
    char name[64];
    const char *xml = "\n<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- mine -->"
                      "<segy-layout name=\"mine\"><desc>mine</desc>\n"
                      "<entry name=\"iline\" byte=\"10\" type=\"int4\"/>"
                      "<entry name=\"dt\" byte=\"13\" type=\"int2\" comment=\"\"/>"
                      "<entry name=\"own.name\" byte=\"20\" type=\"ieee64\"></entry>"
                      "<later><entry/></later></segy-layout>   trailing (( rubbish";
    assert_int_equal(qn_segy_mapping_xml(xml, strlen(xml), &one, name, &m, NULL), QN_OK);
    assert_string_equal(name, "mine");
    assert_int_equal(named(&m, "inline")->byte, 10);
    assert_int_equal(named(&m, "inline")->type, QN_SEGY_INT32);
    assert_int_equal(named(&m, "sample_interval")->type, QN_SEGY_UINT16);
    assert_int_equal(named(&m, "own_name")->type, QN_SEGY_IEEE64);
    assert_int_equal(named(&m, "header_name")->byte, 233); /* every header has one */
    assert_int_equal(m.field_count, 4);
    qn_segy_mapping_release(&m);
}

static void test_xml_scalars_are_where_the_layout_has_them_or_nowhere(void **state)
{
    (void)state;
    struct qn_segy_mapping m;
    assert_int_equal(read_xml(LAYOUT(ENTRY("sht_x", "74", "coor4") ENTRY("co_scal", "17", "int4")
                                         ENTRY("selev", "46", "elev4")),
                              &one, &m, NULL),
                     QN_OK);
    assert_int_equal(named(&m, "source_x")->scaling, QN_SEGY_BY_COORDINATE_SCALAR);
    assert_int_equal(named(&m, "source_x")->scalar.byte, 17);
    assert_int_equal(named(&m, "source_x")->scalar.type, QN_SEGY_INT32);
    assert_int_equal(named(&m, "source_elevation")->scaling, QN_SEGY_UNSCALED);
    qn_segy_mapping_release(&m);
}

static void test_xml_extensions_are_found_by_name_and_override(void **state)
{
    (void)state;
    struct qn_segy_header_set set = {.bytes = 720, .names = {"", "MINE", "SEG00001"}};
    struct qn_segy_mapping m;
    assert_int_equal(
        read_xml(LAYOUT("<extension name=\"SEG00001\">" IF_NON_ZERO("cdp", "25", "int8") ENTRY(
                     "rdepth", "41",
                     "ieee64") "</extension>"
                               "<extension name=\"UNUSED\">" ENTRY(
                                   "x", "1",
                                   "int2") "</extension>" ENTRY("cdp", "21",
                                                                "int4") "<extension "
                                                                        "name=\"MINE\">" ENTRY(
                                                                            "cdp", "1",
                                                                            "int2") "</extension>"),
                 &set, &m, NULL),
        QN_OK);
    assert_int_equal(named(&m, "cdp")->byte, 21);
    assert_int_equal(named(&m, "cdp")->override.byte, 480 + 25);
    assert_int_equal(named(&m, "cdp")->override.type, QN_SEGY_INT64);
    assert_int_equal(named(&m, "ext1_cdp")->byte, 480 + 25);
    assert_int_equal(named(&m, "ext1_receiver_depth")->byte, 480 + 41);
    assert_int_equal(named(&m, "mine_cdp")->byte, 240 + 1);
    assert_int_equal(qn_segy_mapping_find(&m, "unused_x"), -1);
    qn_segy_mapping_release(&m);
}

static void test_xml_of_six_bytes_is_mantissa_and_exponent(void **state)
{
    (void)state;
    struct qn_segy_mapping m;
    assert_int_equal(read_xml(LAYOUT(ENTRY("trans_const", "205", "scale6")), &one, &m, NULL),
                     QN_OK);
    assert_int_equal(named(&m, "transduction_mantissa")->type, QN_SEGY_INT32);
    assert_int_equal(named(&m, "transduction_exponent")->byte, 209);
    assert_int_equal(named(&m, "transduction_exponent")->type, QN_SEGY_INT16);
    qn_segy_mapping_release(&m);
}

static void test_extension_1_that_the_xml_leaves_out_is_the_standards(void **state)
{
    (void)state;
    struct qn_segy_mapping m;
    assert_int_equal(read_xml(LAYOUT(ENTRY("cdp", "21", "int4")), &two, &m, NULL), QN_OK);
    assert_int_equal(named(&m, "ext1_cdp")->byte, 265);
    assert_int_equal(named(&m, "cdp")->override.byte, 265);
    qn_segy_mapping_release(&m);
}

static void test_every_mistake_in_xml_is_refused_and_named(void **state)
{
    (void)state;
    static const struct {
        const char *xml, *named;
    } wrong[] = {
        {"", "no element found"},
        {"nonsense", "line 1"},
        {"<layout></layout>", "the root element is 'layout'"},
        {"<segy-layout>", "no element found"},
        {LAYOUT(""), "no entries"},
        {LAYOUT("<desc>x</desc>"), "no entries"},
        {LAYOUT("<extension name=\"A\">" ENTRY("x", "1", "int2") "</extension>"), "no entries"},
        {LAYOUT("<entry name=\"x\" byte=\"1\"/>"), "lacks its name, byte or type"},
        {LAYOUT("<entry name=\"x\" type=\"int2\"/>"), "lacks its name, byte or type"},
        {LAYOUT("<entry byte=\"1\" type=\"int2\"/>"), "lacks its name, byte or type"},
        {LAYOUT(ENTRY("x", "1", "int5")), "unknown type 'int5'"},
        {LAYOUT(ENTRY("x", "0", "int2")), "bytes 1 to 240: 'x'"},
        {LAYOUT(ENTRY("x", "240", "int2")), "bytes 1 to 240: 'x'"},
        {LAYOUT(ENTRY("x", "236", "scale6")), "bytes 1 to 240: 'x'"},
        {LAYOUT(ENTRY("x", "one", "int2")), "bytes 1 to 240: 'x'"},
        {LAYOUT(ENTRY("x", "99999999999999999999", "int2")), "bytes 1 to 240: 'x'"},
        {LAYOUT(ENTRY("x", "1", "int2") ENTRY("x", "3", "int2")), "two entries are called 'x'"},
        {LAYOUT(ENTRY("7", "1", "int2")), "no name for a field"},
        {LAYOUT("<extension>" ENTRY("x", "1", "int2") "</extension>"), "has no name"},
        {"<!DOCTYPE segy-layout [<!ENTITY a \"b\">]>" LAYOUT(ENTRY("x", "1", "int2")),
         "a document type is declared"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct qn_segy_mapping m;
        struct qn_error err = {0};
        assert_int_equal(read_xml(wrong[i].xml, &one, &m, &err), QN_ERR_INPUT);
        if (!strstr(err.message, wrong[i].named))
            fail_msg("%s\ngives: %s", wrong[i].xml, err.message);
        assert_null(m.fields);
    }
}

/* ---- the stanza ----------------------------------------------------------------------------- */

static void put(uint8_t *record, const char *text, enum qn_segy_encoding encoding)
{
    for (unsigned line = 0; line < 40; line++)
        qn_segy_text_put_line(record, line, line == 0 ? text : "", encoding);
}

static void assert_starts(const struct qn_buf *text, const char *expected)
{
    size_t skip = 0;
    while (skip < text->len && text->data[skip] == ' ')
        skip++;
    assert_true(text->len - skip >= strlen(expected));
    assert_memory_equal(text->data + skip, expected, strlen(expected));
}

static void test_a_stanza_is_found_in_either_code_and_case_and_ends_at_the_next(void **state)
{
    (void)state;
    static const enum qn_segy_encoding codes[] = {QN_SEGY_ASCII, QN_SEGY_EBCDIC};
    for (size_t i = 0; i < 2; i++) {
        uint8_t records[4][QN_SEGY_TEXT_BYTES];
        struct qn_buf text = {0};
        bool found;
        put(records[0], "((OTHER: 1)) <not this>", codes[i]);
        put(records[1], "((seg: layout:text/xml)) <this>", codes[i]);
        put(records[2], "<and this>", codes[i]);
        put(records[3], "((SEG:EndText))", codes[i]);
        qn_segy_stanza(records[0], 4, "SEG:Layout", &text, &found);
        assert_true(found);
        assert_int_equal(text.len, 2 * QN_SEGY_TEXT_BYTES - strlen("((seg: layout:text/xml))"));
        assert_starts(&text, "<this>");
        assert_non_null(memmem(text.data, text.len, "<and this>", 10));
        qn_buf_release(&text);
    }
}

static void test_a_stanza_that_is_not_there_is_not_found(void **state)
{
    (void)state;
    uint8_t record[QN_SEGY_TEXT_BYTES];
    struct qn_buf text = {0};
    bool found = true;
    put(record, "((SEG:Layouts)) no", QN_SEGY_ASCII);
    qn_segy_stanza(record, 1, "SEG:Layout", &text, &found);
    assert_false(found);
    put(record, "C 1 ((SEG:Layout)) not at the start", QN_SEGY_ASCII);
    qn_segy_stanza(record, 1, "SEG:Layout", &text, &found);
    assert_false(found);
    memset(record, '(', sizeof record); /* a name without an end */
    qn_segy_stanza(record, 1, "SEG:Layout", &text, &found);
    assert_false(found);
    assert_int_equal(text.len, 0);
    qn_buf_release(&text);
}

/* ---- on the command line -------------------------------------------------------------------- */

static void test_computed_headers_are_added_from_text(void **state)
{
    (void)state;
    struct qn_segy_mapping m = {0};
    assert_int_equal(qn_segy_mapping_compute(&m, "line = cdp // 1000", NULL), QN_OK);
    assert_int_equal(qn_segy_mapping_compute(&m, " n : int16=min(a, b)", NULL), QN_OK);
    assert_string_equal(m.computed[0].name, "line");
    assert_string_equal(m.computed[0].expression, "cdp // 1000");
    assert_int_equal(m.computed[0].dtype, QN_FLOAT64);
    assert_string_equal(m.computed[1].name, "n");
    assert_string_equal(m.computed[1].expression, "min(a, b)");
    assert_int_equal(m.computed[1].dtype, QN_INT16);
    qn_segy_mapping_release(&m);
}

static void test_computed_headers_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",        "x",          "= 3",    "2x = 3",
                                        "a b = 3", "x: int = 3", "x: = 3", "x: int128 = 3"};
    struct qn_segy_mapping m = {0};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(qn_segy_mapping_compute(&m, wrong[i], NULL), QN_ERR_USAGE);
    assert_int_equal(qn_segy_mapping_compute(&m, "x = 3", NULL), QN_OK);
    assert_int_equal(qn_segy_mapping_compute(&m, "x = 4", NULL), QN_ERR_USAGE);
    assert_int_equal(m.computed_count, 1);
    qn_segy_mapping_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_standard_layout_is_the_whole_table),
        cmocka_unit_test(test_extension_1_comes_with_its_name_and_overrides_the_standard),
        cmocka_unit_test(test_rev2_takes_extension_1_whatever_it_is_called),
        cmocka_unit_test(test_fields_of_named_layouts_stand_where_they_should),
        cmocka_unit_test(test_seismic_unix_and_passcal_keep_nothing_of_the_tail),
        cmocka_unit_test(test_unknown_layout_is_refused_with_the_nearest_and_all),
        cmocka_unit_test(test_headers_tell_their_names_in_either_code),
        cmocka_unit_test(test_xml_entries_become_fields_with_long_names),
        cmocka_unit_test(test_xml_scalars_are_where_the_layout_has_them_or_nowhere),
        cmocka_unit_test(test_xml_extensions_are_found_by_name_and_override),
        cmocka_unit_test(test_xml_of_six_bytes_is_mantissa_and_exponent),
        cmocka_unit_test(test_extension_1_that_the_xml_leaves_out_is_the_standards),
        cmocka_unit_test(test_every_mistake_in_xml_is_refused_and_named),
        cmocka_unit_test(test_a_stanza_is_found_in_either_code_and_case_and_ends_at_the_next),
        cmocka_unit_test(test_a_stanza_that_is_not_there_is_not_found),
        cmocka_unit_test(test_computed_headers_are_added_from_text),
        cmocka_unit_test(test_computed_headers_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
