/* Header layout files: both shapes, what extends others, and every way to get them wrong. */
#include "check.h"
#include "scarce.h"

#include "base/buf.h"
#include "format/segy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum qn_status parse_for(const char *json, size_t header_bytes,
                                struct qn_segy_mapping *mapping, struct qn_error *err)
{
    struct qn_segy_header_set set = {.bytes = header_bytes};
    return qn_segy_mapping_parse(json, strlen(json), "map.json", &set, mapping, err);
}

static enum qn_status parse(const char *json, struct qn_segy_mapping *mapping, struct qn_error *err)
{
    return parse_for(json, 240, mapping, err);
}

static const struct qn_segy_field *named(const struct qn_segy_mapping *mapping, const char *name)
{
    ptrdiff_t at = qn_segy_mapping_find(mapping, name);
    return at < 0 ? NULL : &mapping->fields[at];
}

static void test_list_of_fields_with_types_by_name(void **state)
{
    (void)state;
    struct qn_segy_mapping m;
    struct qn_error err;
    assert_int_equal(
        parse("{\"fields\": [{\"name\": \"shot\", \"byte\": 17, \"type\": \"int32\"},"
              " {\"name\": \"x\", \"byte\": 73, \"type\": \"ibm32\", \"description\": \"east\"},"
              " {\"name\": \"last\", \"byte\": 233, \"type\": \"uint64\"}],"
              " \"ensemble_keys\": [\"last\", \"shot\"]}",
              &m, &err),
        QN_OK);
    assert_int_equal(m.field_count, 3);
    assert_string_equal(m.fields[0].name, "shot");
    assert_int_equal(m.fields[0].byte, 17);
    assert_int_equal(m.fields[1].type, QN_SEGY_IBM32);
    assert_string_equal(m.fields[1].description, "east");
    assert_int_equal(m.key_count, 2);
    assert_string_equal(m.keys[0], "last");
    assert_string_equal(m.keys[1], "shot");
    assert_int_equal(qn_segy_mapping_find(&m, "x"), 1);
    assert_int_equal(qn_segy_mapping_find(&m, "y"), -1);
    qn_segy_mapping_release(&m);
}

static void test_object_of_fields_with_type_letters_keeps_its_order(void **state)
{
    (void)state;
    struct qn_segy_mapping m;
    struct qn_error err;
    assert_int_equal(
        parse("{\"fields\": {"
              "\"offset\": {\"name\": \"offset\", \"byte_position\": 37, \"format\": \"i\","
              " \"description\": \"\"},"
              "\"cdp\": {\"byte_position\": 21, \"format\": \"I\"},"
              "\"d\": {\"byte_position\": 233, \"format\": \"d\"},"
              "\"b\": {\"byte_position\": 240, \"format\": \"B\"}},"
              "\"ensemble_keys\": [\"cdp\"], \"computed_fields\": []}",
              &m, &err),
        QN_OK);
    assert_string_equal(m.fields[0].name, "offset");
    assert_string_equal(m.fields[1].name, "cdp");
    assert_int_equal(m.fields[1].type, QN_SEGY_UINT32);
    assert_int_equal(m.fields[2].type, QN_SEGY_IEEE64);
    assert_int_equal(m.fields[3].type, QN_SEGY_UINT8);
    qn_segy_mapping_release(&m);
}

static void test_scalar_is_that_of_the_standard_field_unless_said(void **state)
{
    (void)state;
    struct qn_segy_mapping m;
    struct qn_error err;
    assert_int_equal(
        parse("{\"fields\": ["
              "{\"name\": \"sx\", \"byte\": 73, \"type\": \"int32\"},"
              "{\"name\": \"sf\", \"byte\": 73, \"type\": \"ieee32\"},"
              "{\"name\": \"raw\", \"byte\": 77, \"type\": \"int32\", \"scalar\": \"none\"},"
              "{\"name\": \"my_x\", \"byte\": 225, \"type\": \"int32\", \"scalar\": "
              "\"coordinates\"}]}",
              &m, &err),
        QN_OK);
    assert_int_equal(m.fields[0].scaling, QN_SEGY_BY_COORDINATE_SCALAR);
    assert_int_equal(m.fields[1].scaling, QN_SEGY_UNSCALED);
    assert_int_equal(m.fields[2].scaling, QN_SEGY_UNSCALED);
    assert_int_equal(m.fields[3].scaling, QN_SEGY_BY_COORDINATE_SCALAR);
    qn_segy_mapping_release(&m);
}

static void test_every_mistake_is_refused_and_named(void **state)
{
    (void)state;
#define FIELD(inside) "{\"fields\": [{\"name\": \"f\", " inside "}]}"
#define COMPUTED(row)                                                                              \
    "{\"fields\": [{\"name\": \"f\", \"byte\": 1, \"type\": \"int8\"}], \"computed\": [" row "]}"
    static const struct {
        const char *json, *named;
    } wrong[] = {
        {"", "line 1"},
        {"{\"fields\": [}", "line 1"},
        {"[]", "not a JSON object"},
        {"{}", "\"fields\" is missing"},
        {"{\"fields\": 3}", "\"fields\" is missing"},
        {"{\"fields\": []}", "empty"},
        {"{\"fields\": [3]}", "a field is an object"},
        {"{\"fields\": [{\"byte\": 1, \"type\": \"int8\"}]}", "\"name\" is missing"},
        {"{\"fields\": [{\"name\": \"a b\", \"byte\": 1, \"type\": \"int8\"}]}", "'a b'"},
        {"{\"fields\": [{\"name\": \"\", \"byte\": 1, \"type\": \"int8\"}]}", "a name is"},
        {"{\"fields\": [{\"name\": \"7x\", \"byte\": 1, \"type\": \"int8\"}]}", "'7x'"},
        {"{\"field\": []}", "unknown key \"field\""},
        {FIELD("\"byte\": 1, \"type\": \"int8\", \"size\": 4"), "unknown key \"size\""},
        {FIELD("\"byte\": 1, \"type\": \"int8\", \"name byte\": 4"), "unknown key \"name byte\""},
        {FIELD("\"byte\": 1, \"type\": \"int9\""), "unknown type 'int9'"},
        {FIELD("\"byte\": 1, \"format\": \"x\""), "unknown format 'x'"},
        {FIELD("\"byte\": 1, \"format\": \"ii\""), "unknown format 'ii'"},
        {FIELD("\"byte\": 1"), "give its type"},
        {FIELD("\"byte\": 1, \"type\": 4"), "give its type"},
        {FIELD("\"byte\": 1, \"type\": \"int8\", \"format\": \"b\""), "give its type"},
        {FIELD("\"type\": \"int8\""), "first byte"},
        {FIELD("\"byte\": 1.5, \"type\": \"int8\""), "first byte"},
        {FIELD("\"byte\": \"1\", \"type\": \"int8\""), "first byte"},
        {FIELD("\"byte\": 1, \"byte_position\": 1, \"type\": \"int8\""), "first byte"},
        {FIELD("\"byte\": 0, \"type\": \"int8\""), "byte 0"},
        {FIELD("\"byte\": -4, \"type\": \"int8\""), "byte -4"},
        {FIELD("\"byte\": 241, \"type\": \"int8\""), "byte 241"},
        {FIELD("\"byte\": 238, \"type\": \"int32\""), "byte 238"},
        {FIELD("\"byte\": 9223372036854775807, \"type\": \"int32\""), "byte 9223372036854775807"},
        {FIELD("\"byte\": 1, \"type\": \"int8\", \"description\": 1"), "\"description\""},
        {FIELD("\"byte\": 1, \"type\": \"int8\", \"scalar\": \"x\""), "\"scalar\" is"},
        {FIELD("\"byte\": 1, \"type\": \"ascii8\", \"scalar\": \"times\""), "text cannot"},
        {FIELD("\"byte\": 1, \"type\": \"int8\", \"override\": 3"), "\"override\" is"},
        {FIELD("\"byte\": 1, \"type\": \"int8\", \"override\": {\"byte\": 9}"), "give its type"},
        {FIELD("\"byte\": 1, \"type\": \"int8\", \"override\": {\"byte\": 238, \"type\": "
               "\"int32\"}"),
         "byte 238"},
        {FIELD("\"byte\": 1, \"type\": \"int8\", \"override\": {\"byte\": 1, \"type\": "
               "\"ascii8\"}"),
         "text cannot"},
        {FIELD("\"byte\": 1, \"byte\": 2, \"type\": \"int8\""), "line 1"},
        {"{\"extends\": \"standart\"}", "Did you mean 'standard'?"},
        {"{\"extends\": 7}", "\"extends\" is not"},
        {"{\"extends\": \"rev2\"}", "two headers"},
        {COMPUTED("{\"expression\": \"f\"}"), "\"name\" is missing"},
        {COMPUTED("{\"name\": \"g\"}"), "\"expression\" is missing"},
        {COMPUTED("{\"name\": \"g\", \"expression\": 3}"), "\"expression\" is missing"},
        {COMPUTED("{\"name\": \"f\", \"expression\": \"1\"}"), "twice"},
        {COMPUTED("{\"name\": \"g\", \"expression\": \"1\", \"type\": \"int\"}"),
         "type of a computed"},
        {COMPUTED("{\"name\": \"g\", \"expression\": \"1\", \"type\": 3}"), "type of a computed"},
        {COMPUTED(
             "{\"name\": \"g\", \"expression\": \"1\", \"type\": \"int8\", \"format\": \"i\"}"),
         "type of a computed"},
        {COMPUTED("{\"name\": \"g\", \"expression\": \"1\", \"format\": \"x\"}"),
         "type of a computed"},
        {COMPUTED("{\"name\": \"g\", \"expression\": \"1\", \"unit\": \"m\"}"), "unknown key"},
        {COMPUTED("3"), "a computed header is an object"},
        {"{\"fields\": [{\"name\": \"f\", \"byte\": 1, \"type\": \"int8\"}], \"computed\": 3}",
         "neither a list"},
        {"{\"fields\": [{\"name\": \"f\", \"byte\": 1, \"type\": \"int8\"}], \"computed\": [],"
         " \"computed_fields\": []}",
         "are the same"},
        {"{\"fields\": [{\"name\": \"f\", \"byte\": 1, \"type\": \"int8\"},"
         "{\"name\": \"f\", \"byte\": 2, \"type\": \"int8\"}]}",
         "twice"},
        {"{\"fields\": [{\"name\": \"f\", \"byte\": 1, \"type\": \"int8\"}],"
         "\"ensemble_keys\": [\"g\"]}",
         "'g'"},
        {"{\"fields\": [{\"name\": \"f\", \"byte\": 1, \"type\": \"int8\"}],"
         "\"ensemble_keys\": \"f\"}",
         "not a list"},
        {"{\"fields\": [{\"name\": \"f\", \"byte\": 1, \"type\": \"int8\"}],"
         "\"ensemble_keys\": [\"f\", \"f\"]}",
         "twice"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct qn_segy_mapping m;
        struct qn_error err = {0};
        assert_int_equal(parse(wrong[i].json, &m, &err), QN_ERR_INPUT);
        if (!strstr(err.message, wrong[i].named) || !strstr(err.message, "map.json"))
            fail_msg("%s\ngives: %s", wrong[i].json, err.message);
        assert_null(m.fields);
        assert_int_equal(m.field_count, 0);
    }
}

static void test_a_layout_of_more_fields_than_any_header_has_is_refused(void **state)
{
    (void)state;
    struct qn_buf json = {0};
    qn_buf_printf(&json, "{\"fields\": [");
    for (int i = 0; i <= 10000; i++)
        qn_buf_printf(&json, "%s{\"name\":\"f%d\",\"byte\":1,\"type\":\"int8\"}", i ? "," : "", i);
    qn_buf_printf(&json, "]}");
    qn_buf_u8(&json, '\0');
    struct qn_segy_mapping m;
    struct qn_error err = {0};
    assert_int_equal(parse((const char *)json.data, &m, &err), QN_ERR_INPUT);
    assert_non_null(strstr(err.message, "more than 10000 fields"));
    qn_segy_mapping_release(&m);
    qn_buf_release(&json);
}

static void test_computed_headers_are_read_in_both_shapes(void **state)
{
    (void)state;
    struct qn_segy_mapping m;
    struct qn_error err;
    assert_int_equal(
        parse("{\"fields\": [{\"name\": \"f\", \"byte\": 1, \"type\": \"int8\"}],"
              " \"computed\": [{\"name\": \"g\", \"expression\": \"f + 1\", \"type\": \"uint16\","
              " \"description\": \"one more\"}, {\"name\": \"h\", \"expression\": \"f\"}],"
              " \"ensemble_keys\": [\"g\"]}",
              &m, &err),
        QN_OK);
    assert_int_equal(m.computed_count, 2);
    assert_string_equal(m.computed[0].name, "g");
    assert_string_equal(m.computed[0].expression, "f + 1");
    assert_string_equal(m.computed[0].description, "one more");
    assert_int_equal(m.computed[0].dtype, QN_UINT16);
    assert_int_equal(m.computed[1].dtype, QN_FLOAT64);
    assert_string_equal(m.keys[0], "g");
    qn_segy_mapping_release(&m);
    assert_int_equal(
        parse("{\"fields\": {\"f\": {\"byte_position\": 1, \"format\": \"b\"}},"
              " \"computed_fields\": [{\"name\": \"g\", \"expression\": \"round(f / 2)\","
              " \"description\": \"\", \"format\": \"i\"}]}",
              &m, &err),
        QN_OK);
    assert_string_equal(m.computed[0].expression, "round(f / 2)");
    assert_int_equal(m.computed[0].dtype, QN_INT32);
    qn_segy_mapping_release(&m);
}

static void test_a_field_may_be_overridden_from_elsewhere(void **state)
{
    (void)state;
    struct qn_segy_mapping m;
    assert_int_equal(parse_for("{\"fields\": [{\"name\": \"x\", \"byte\": 73, \"type\": \"int32\","
                               " \"override\": {\"byte\": 337, \"type\": \"ieee64\"}}]}",
                               480, &m, NULL),
                     QN_OK);
    assert_int_equal(m.fields[0].override.byte, 337);
    assert_int_equal(m.fields[0].override.type, QN_SEGY_IEEE64);
    assert_int_equal(m.fields[0].scaling, QN_SEGY_BY_COORDINATE_SCALAR);
    qn_segy_mapping_release(&m);
}

static void test_extension_headers_may_be_mapped_when_there_are_some(void **state)
{
    (void)state;
    const char *json = "{\"fields\": [{\"name\": \"x\", \"byte\": 337, \"type\": \"ieee64\"}]}";
    struct qn_segy_mapping m;
    assert_int_equal(parse_for(json, 240, &m, NULL), QN_ERR_INPUT);
    assert_int_equal(parse_for(json, 480, &m, NULL), QN_OK);
    qn_segy_mapping_release(&m);
}

static void test_bytes_beyond_thirteen_headers_cannot_be_mapped(void **state)
{
    (void)state;
    struct qn_segy_mapping m;
    assert_int_equal(parse_for("{\"fields\": [{\"name\": \"x\", \"byte\": 3120, \"type\": "
                               "\"int8\"}]}",
                               65536, &m, NULL),
                     QN_OK);
    qn_segy_mapping_release(&m);
    assert_int_equal(parse_for("{\"fields\": [{\"name\": \"x\", \"byte\": 3121, \"type\": "
                               "\"int8\"}]}",
                               65536, &m, NULL),
                     QN_ERR_INPUT);
}

static void test_a_layout_that_extends_another_replaces_names_and_bytes(void **state)
{
    (void)state;
    struct qn_segy_mapping m;
    struct qn_error err = {0};
    assert_int_equal(parse("{\"extends\": \"standard\", \"fields\": ["
                           "{\"name\": \"inline\", \"byte\": 9, \"type\": \"int32\"},"
                           "{\"name\": \"station\", \"byte\": 83, \"type\": \"int32\"}]}",
                           &m, &err),
                     QN_OK);
    assert_int_equal(named(&m, "inline")->byte, 9);
    assert_null(named(&m, "field_record")); /* had bytes 9 to 12 */
    assert_null(named(&m, "receiver_x"));   /* 81 to 84 */
    assert_null(named(&m, "receiver_y"));   /* 85 to 88 */
    assert_int_equal(m.field_count, 91 + 2 - 4);
    assert_int_equal(named(&m, "source_x")->scaling, QN_SEGY_BY_COORDINATE_SCALAR);
    for (size_t i = 1; i < m.field_count; i++)
        assert_true(m.fields[i].byte > m.fields[i - 1].byte);
    qn_segy_mapping_release(&m);
}

static void test_scalars_follow_their_field_or_go_with_it(void **state)
{
    (void)state;
    struct qn_segy_mapping m;
    assert_int_equal(parse("{\"extends\": \"standard\", \"fields\": ["
                           "{\"name\": \"scalar_coord\", \"byte\": 233, \"type\": \"int32\"},"
                           "{\"name\": \"mine\", \"byte\": 215, \"type\": \"int16\"}]}",
                           &m, NULL),
                     QN_OK);
    assert_int_equal(named(&m, "source_x")->scalar.byte, 233);
    assert_int_equal(named(&m, "source_x")->scalar.type, QN_SEGY_INT32);
    assert_int_equal(named(&m, "source_elevation")->scalar.byte, 69);
    assert_int_equal(named(&m, "lag_time_a")->scaling, QN_SEGY_UNSCALED);
    qn_segy_mapping_release(&m);
}

static void test_a_layout_without_fields_of_its_own_needs_another(void **state)
{
    (void)state;
    struct qn_segy_mapping m;
    assert_int_equal(parse("{\"extends\": \"petrel\", \"ensemble_keys\": [\"inline\"]}", &m, NULL),
                     QN_OK);
    assert_int_equal(named(&m, "inline")->byte, 5);
    qn_segy_mapping_release(&m);
    assert_int_equal(parse("{\"ensemble_keys\": []}", &m, NULL), QN_ERR_INPUT);
}

static void test_a_key_may_be_a_scaled_column(void **state)
{
    (void)state;
    struct qn_segy_mapping m;
    assert_int_equal(
        parse("{\"extends\": \"standard\", \"ensemble_keys\": [\"source_x_scaled\"]}", &m, NULL),
        QN_OK);
    qn_segy_mapping_release(&m);
    assert_int_equal(
        parse("{\"extends\": \"standard\", \"ensemble_keys\": [\"cdp_scaled\"]}", &m, NULL),
        QN_ERR_INPUT);
}

static void test_every_failed_allocation_is_reported_and_nothing_leaks(void **state)
{
    (void)state;
    struct qn_segy_mapping m;
    enum qn_status status = QN_ERR_MEMORY;
    int n = 0;
    for (; n < 100 && status; n++) {
        struct qn_sys real = scarce(n);
        status = parse("{\"fields\": [{\"name\": \"f\", \"byte\": 1, \"type\": \"int8\"},"
                       "{\"name\": \"g\", \"byte\": 1, \"type\": \"int8\"}],"
                       "\"computed\": [{\"name\": \"h\", \"expression\": \"f\"}],"
                       "\"ensemble_keys\": [\"f\"]}",
                       &m, NULL);
        qn_sys = real;
        assert_true(status == QN_OK || (status == QN_ERR_MEMORY && !m.fields && !m.texts));
    }
    /* Two for each of eight texts, one for each of four rows; then there is enough. */
    assert_int_equal(n, 2 * 8 + 4 + 1);
    qn_segy_mapping_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list_of_fields_with_types_by_name),
        cmocka_unit_test(test_object_of_fields_with_type_letters_keeps_its_order),
        cmocka_unit_test(test_scalar_is_that_of_the_standard_field_unless_said),
        cmocka_unit_test(test_every_mistake_is_refused_and_named),
        cmocka_unit_test(test_a_layout_of_more_fields_than_any_header_has_is_refused),
        cmocka_unit_test(test_computed_headers_are_read_in_both_shapes),
        cmocka_unit_test(test_a_field_may_be_overridden_from_elsewhere),
        cmocka_unit_test(test_extension_headers_may_be_mapped_when_there_are_some),
        cmocka_unit_test(test_bytes_beyond_thirteen_headers_cannot_be_mapped),
        cmocka_unit_test(test_a_layout_that_extends_another_replaces_names_and_bytes),
        cmocka_unit_test(test_scalars_follow_their_field_or_go_with_it),
        cmocka_unit_test(test_a_layout_without_fields_of_its_own_needs_another),
        cmocka_unit_test(test_a_key_may_be_a_scaled_column),
        cmocka_unit_test(test_every_failed_allocation_is_reported_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
