/* Header mapping files: both shapes, and every way to get them wrong. */
#include "check.h"

#include "base/sys.h"
#include "format/segy.h"

#include <stdlib.h>
#include <string.h>

static enum qn_status parse(const char *json, struct qn_segy_mapping *mapping, struct qn_error *err)
{
    return qn_segy_mapping_parse(json, strlen(json), "map.json", 240, mapping, err);
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
    assert_int_equal(m.keys[0], 2);
    assert_int_equal(m.keys[1], 0);
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
        {FIELD("\"byte\": 1, \"byte\": 2, \"type\": \"int8\""), "line 1"},
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

static void test_computed_fields_are_refused_as_unsupported(void **state)
{
    (void)state;
    struct qn_segy_mapping m;
    struct qn_error err;
    assert_int_equal(parse("{\"fields\": [{\"name\": \"f\", \"byte\": 1, \"type\": \"int8\"}],"
                           "\"computed_fields\": [{\"name\": \"g\"}]}",
                           &m, &err),
                     QN_ERR_UNSUPPORTED);
}

static void test_extension_headers_may_be_mapped_when_there_are_some(void **state)
{
    (void)state;
    const char *json = "{\"fields\": [{\"name\": \"x\", \"byte\": 337, \"type\": \"ieee64\"}]}";
    struct qn_segy_mapping m;
    assert_int_equal(qn_segy_mapping_parse(json, strlen(json), "m", 240, &m, NULL), QN_ERR_INPUT);
    assert_int_equal(qn_segy_mapping_parse(json, strlen(json), "m", 480, &m, NULL), QN_OK);
    qn_segy_mapping_release(&m);
}

static void test_standard_mapping_is_the_whole_table(void **state)
{
    (void)state;
    struct qn_segy_mapping m;
    assert_int_equal(qn_segy_mapping_standard(&m, NULL), QN_OK);
    assert_int_equal(m.field_count, 91);
    assert_int_equal(m.key_count, 0);
    assert_int_equal(m.fields[qn_segy_mapping_find(&m, "cdp_x")].byte, 181);
    qn_segy_mapping_release(&m);
}

static int allocations_left;

static void *failing_malloc(size_t size)
{
    return allocations_left-- > 0 ? malloc(size) : NULL;
}

static void *failing_realloc(void *pointer, size_t size)
{
    return allocations_left-- > 0 ? realloc(pointer, size) : NULL;
}

static void test_every_failed_allocation_is_reported_and_nothing_leaks(void **state)
{
    (void)state;
    struct qn_sys saved = qn_sys;
    struct qn_segy_mapping m;
    qn_sys.malloc = failing_malloc;
    qn_sys.realloc = failing_realloc;
    for (int n = 0; n < 5; n++) {
        allocations_left = n;
        enum qn_status status =
            parse("{\"fields\": [{\"name\": \"f\", \"byte\": 1, \"type\": \"int8\"},"
                  "{\"name\": \"g\", \"byte\": 1, \"type\": \"int8\"}],"
                  "\"ensemble_keys\": [\"f\"]}",
                  &m, NULL);
        assert_int_equal(status, QN_ERR_MEMORY);
        assert_null(m.fields);
    }
    qn_sys = saved;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list_of_fields_with_types_by_name),
        cmocka_unit_test(test_object_of_fields_with_type_letters_keeps_its_order),
        cmocka_unit_test(test_scalar_is_that_of_the_standard_field_unless_said),
        cmocka_unit_test(test_every_mistake_is_refused_and_named),
        cmocka_unit_test(test_computed_fields_are_refused_as_unsupported),
        cmocka_unit_test(test_extension_headers_may_be_mapped_when_there_are_some),
        cmocka_unit_test(test_standard_mapping_is_the_whole_table),
        cmocka_unit_test(test_every_failed_allocation_is_reported_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
