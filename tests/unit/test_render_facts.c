/* Facts of a manifest as HTML. Expected markup by hand. */
#include "check.h"

#include "render/facts.h"
#include "render/html.h"

#include <stdlib.h>
#include <string.h>

static void assert_facts(const char *json, const char *expected)
{
    struct qn_buf html = {0};
    json_t *object = json_loads(json, 0, NULL);
    assert_non_null(object);
    qn_html_json(&html, object);
    char *text = qn_html_take(&html);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
    json_decref(object);
}

static void test_plain_members_are_one_list(void **state)
{
    (void)state;
    assert_facts("{\"traces\": 120000, \"year\": 1986, \"sample_rate\": 0.004, \"sorted\": true,"
                 " \"key\": null, \"shape\": [12000, 1500], \"note\": \"a<b\"}",
                 "<dl>\n<dt>traces</dt><dd>120,000</dd>\n<dt>year</dt><dd>1986</dd>\n"
                 "<dt>sample rate</dt><dd>0.004</dd>\n<dt>sorted</dt><dd>yes</dd>\n"
                 "<dt>key</dt><dd>none</dd>\n<dt>shape</dt><dd>12000, 1500</dd>\n"
                 "<dt>note</dt><dd>a&lt;b</dd>\n</dl>\n");
}

static void test_an_object_gets_a_heading_and_deeper_ones_are_json(void **state)
{
    (void)state;
    assert_facts("{\"value_range\": {\"low\": -5, \"deep\": {\"x\": [1]}}}",
                 "<dl>\n</dl>\n<h3>value range</h3>\n<dl>\n<dt>low</dt><dd>-5</dd>\n"
                 "<dt>deep</dt><dd>{&quot;x&quot;: [1]}</dd>\n</dl>\n");
}

static void test_an_array_of_objects_is_a_table_that_begins_with_the_name(void **state)
{
    (void)state;
    assert_facts("{\"columns\": [{\"byte\": 9, \"name\": \"FFID\"}, {\"name\": \"CDP\"}]}",
                 "<dl>\n</dl>\n<h3>columns</h3>\n<div class=\"wide\"><table>\n<thead><tr>"
                 "<th scope=\"col\">name</th><th class=\"r\" scope=\"col\">byte</th></tr></thead>\n"
                 "<tbody>\n<tr><td>FFID</td><td class=\"r\">9</td></tr>\n"
                 "<tr><td>CDP</td><td class=\"r\"></td></tr>\n</tbody>\n</table></div>\n");
}

static void test_a_long_table_says_how_many_rows_are_left_out(void **state)
{
    (void)state;
    struct qn_buf html = {0};
    json_t *rows = json_array();
    for (int i = 0; i < 53; i++)
        json_array_append_new(rows, json_pack("{s:i}", "n", i));
    json_t *object = json_pack("{s:o}", "rows", rows);
    qn_html_json(&html, object);
    char *text = qn_html_take(&html);
    assert_non_null(strstr(text, "<td class=\"r\">49</td>"));
    assert_null(strstr(text, "<td class=\"r\">50</td>"));
    assert_non_null(strstr(text, "3 more are in manifest.json."));
    free(text);
    json_decref(object);
}

static void test_a_mixed_array_is_no_table(void **state)
{
    (void)state;
    assert_facts("{\"mixed\": [{\"a\": 1}, 2]}",
                 "<dl>\n<dt>mixed</dt><dd>{&quot;a&quot;: 1}, 2</dd>\n</dl>\n");
}

static void test_long_text_is_cut_between_characters(void **state)
{
    (void)state;
    char string[600];
    struct qn_buf text = {0};
    for (size_t i = 0; i < 134; i++)
        memcpy(string + 3 * i, "\u20ac", 4); /* the 134th character ends at byte 402 */
    memcpy(string + 402, " and more", 10);
    json_t *value = json_string(string);
    qn_fact_text(&text, value);
    assert_int_equal(text.len, 399 + strlen("\u2026 (411 bytes)"));
    assert_string_equal((char *)text.data + 399, "\u2026 (411 bytes)");
    qn_buf_release(&text);
    json_decref(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_members_are_one_list),
        cmocka_unit_test(test_an_object_gets_a_heading_and_deeper_ones_are_json),
        cmocka_unit_test(test_an_array_of_objects_is_a_table_that_begins_with_the_name),
        cmocka_unit_test(test_a_long_table_says_how_many_rows_are_left_out),
        cmocka_unit_test(test_a_mixed_array_is_no_table),
        cmocka_unit_test(test_long_text_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
