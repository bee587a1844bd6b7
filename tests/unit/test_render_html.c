/* HTML, base64 and UTF-8. Base64 vectors: RFC 4648 section 10. UTF-8: the Unicode standard's table
 * 3-7 and its examples of ill-formed sequences. */
#include "check.h"

#include "base/sys.h"
#include "base/utf8.h"
#include "render/html.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is in the buffer, as text; releases it. */
static void assert_html(struct qn_buf *html, const char *expected)
{
    char *text = qn_html_take(html);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void assert_base64(const void *bytes, size_t len, const char *expected)
{
    struct qn_buf html = {0};
    char image[128];
    qn_html_image(&html, "image/png", bytes, len, "", NULL);
    snprintf(image, sizeof image,
             "<figure><img alt=\"\" src=\"data:image/png;base64,%s\">\n</figure>\n", expected);
    assert_html(&html, image);
}

static void assert_text(const char *text, const char *expected)
{
    struct qn_buf html = {0};
    qn_html_text(&html, text);
    assert_html(&html, expected);
}

static void test_base64_gives_the_vectors_of_rfc_4648(void **state)
{
    (void)state;
    static const char *const vectors[][2] = {{"", ""},
                                             {"f", "Zg=="},
                                             {"fo", "Zm8="},
                                             {"foo", "Zm9v"},
                                             {"foob", "Zm9vYg=="},
                                             {"fooba", "Zm9vYmE="},
                                             {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        assert_base64(vectors[i][0], strlen(vectors[i][0]), vectors[i][1]);
}

static void test_base64_uses_all_of_its_alphabet(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0xfb, 0xff, 0xbf, 0x00, 0x10, 0x83};
    assert_base64(bytes, sizeof bytes, "+/+/ABCD");
}

static void test_markup_in_text_is_escaped(void **state)
{
    (void)state;
    assert_text("<a href=\"x\" title='y'>&amp;</a>",
                "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;");
}

static void test_well_formed_utf8_stays(void **state)
{
    (void)state;
    const char *text = "tab\tline\nA\u00e9\u0e01\u20ac\ud7ff\ue000\uffee\U00010000\U0010ffff";
    assert_text(text, text);
}

static void test_bytes_that_are_not_utf8_become_replacement_characters(void **state)
{
    (void)state;
    assert_text("\xff", "\ufffd");
    assert_text("a\xc0\xaf", "a\ufffd\ufffd");                   /* overlong */
    assert_text("\xe0\x80\xaf", "\ufffd\ufffd\ufffd");           /* overlong */
    assert_text("\xed\xa0\x80", "\ufffd\ufffd\ufffd");           /* surrogate */
    assert_text("\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"); /* above U+10FFFF */
    assert_text("\xe2\x82", "\ufffd\ufffd");                     /* cut off */
    assert_text("\xe2\x82z", "\ufffd\ufffdz");
}

static void test_control_characters_become_replacement_characters(void **state)
{
    (void)state;
    assert_text("\x01\x1b[0m\x7f\xc2\x85", "\ufffd\ufffd[0m\ufffd\ufffd\ufffd");
}

static void test_clean_text_ends_at_its_length_or_nul(void **state)
{
    (void)state;
    struct qn_buf text = {0};
    qn_utf8_clean(&text, "abcdef", 3);
    qn_utf8_clean(&text, "x", 100);
    assert_html(&text, "abcx");
}

static void test_table_has_a_header_and_escaped_cells(void **state)
{
    (void)state;
    static const struct qn_html_column columns[] = {
        {"File", QN_HTML_CODE}, {"Size", QN_HTML_RIGHT}, {"Note", QN_HTML_LEFT}};
    const char *const cells[] = {"a<b", "12", NULL};
    struct qn_buf html = {0};
    qn_html_table_begin(&html, columns, 3);
    qn_html_row(&html, columns, 3, cells);
    qn_html_table_end(&html);
    assert_html(&html,
                "<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">File</th>"
                "<th class=\"r\" scope=\"col\">Size</th><th scope=\"col\">Note</th></tr></thead>\n"
                "<tbody>\n<tr><td><code>a&lt;b</code></td><td class=\"r\">12</td><td></td></tr>\n"
                "</tbody>\n</table></div>\n");
}

static void test_formatted_text_is_escaped_whole(void **state)
{
    (void)state;
    struct qn_buf html = {0};
    qn_html_paragraph(&html, "%s < %d", "<b>", 5);
    qn_html_fact(&html, "A&B", "%.1f", 0.5);
    assert_html(&html, "<p>&lt;b&gt; &lt; 5</p>\n<dt>A&amp;B</dt><dd>0.5</dd>\n");
}

static void test_image_lies_within_the_document(void **state)
{
    (void)state;
    struct qn_buf html = {0};
    qn_html_image(&html, "image/png", "foo", 3, "a \"picture\"", "caption");
    assert_html(&html, "<figure><img alt=\"a &quot;picture&quot;\" "
                       "src=\"data:image/png;base64,Zm9v\">\n"
                       "<figcaption>caption</figcaption></figure>\n");
}

static size_t occurrences(const char *text, const char *what)
{
    size_t count = 0;
    for (; (text = strstr(text, what)); text += strlen(what))
        count++;
    return count;
}

static void test_document_needs_nothing_from_elsewhere(void **state)
{
    (void)state;
    struct qn_buf html = {0};
    qn_html_begin(&html, "x.ds");
    qn_html_heading(&html, 2, "Part");
    qn_html_end(&html);
    char *text = qn_html_take(&html);
    assert_non_null(text);
    assert_ptr_equal(strstr(text, "<!doctype html>\n"), text);
    assert_int_equal(occurrences(text, "<title>x.ds</title>"), 1);
    assert_int_equal(occurrences(text, "<h1>x.ds</h1>"), 1);
    assert_int_equal(occurrences(text, "<h2>Part</h2>"), 1);
    assert_int_equal(
        occurrences(text, "<script") + occurrences(text, "http") + occurrences(text, "url("), 0);
    assert_string_equal(text + strlen(text) - strlen("</html>\n"), "</html>\n");
    free(text);
}

static void *no_memory(void *pointer, size_t size)
{
    (void)pointer;
    (void)size;
    return NULL;
}

static void test_taking_without_memory_gives_null(void **state)
{
    (void)state;
    struct qn_sys real = qn_sys;
    struct qn_buf html = {0};
    qn_sys.realloc = no_memory;
    qn_html_paragraph(&html, "text");
    char *text = qn_html_take(&html);
    qn_sys = real;
    assert_null(text);
    assert_null(html.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64_gives_the_vectors_of_rfc_4648),
        cmocka_unit_test(test_base64_uses_all_of_its_alphabet),
        cmocka_unit_test(test_markup_in_text_is_escaped),
        cmocka_unit_test(test_well_formed_utf8_stays),
        cmocka_unit_test(test_bytes_that_are_not_utf8_become_replacement_characters),
        cmocka_unit_test(test_control_characters_become_replacement_characters),
        cmocka_unit_test(test_clean_text_ends_at_its_length_or_nul),
        cmocka_unit_test(test_table_has_a_header_and_escaped_cells),
        cmocka_unit_test(test_formatted_text_is_escaped_whole),
        cmocka_unit_test(test_image_lies_within_the_document),
        cmocka_unit_test(test_document_needs_nothing_from_elsewhere),
        cmocka_unit_test(test_taking_without_memory_gives_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
