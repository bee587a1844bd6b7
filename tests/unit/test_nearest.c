/* "Did you mean": which names are near, which is nearest, and what is too far. */
#include "base/nearest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *nearest(const char *word, const char *const *names)
{
    struct qn_nearest n = qn_nearest_to(word);
    for (; *names; names++)
        qn_nearest_try(&n, *names);
    return n.best ? n.best : "";
}

static const char *const fields[] = {"cdp",       "cdp_x",  "cdp_y", "inline",
                                     "crossline", "offset", NULL};

static void letters_changed_swapped_or_left_out_are_near(void **state)
{
    (void)state;
    assert_string_equal(nearest("cpd", fields), "cdp");
    assert_string_equal(nearest("inlin", fields), "inline");
    assert_string_equal(nearest("ofsset", fields), "offset");
    assert_string_equal(nearest("crosline", fields), "crossline");
    assert_string_equal(nearest("cdp_z", fields), "cdp_x"); /* the first of equals */
}

static void another_word_is_not_near(void **state)
{
    (void)state;
    assert_string_equal(nearest("velocity", fields), "");
    assert_string_equal(nearest("", fields), "");
    char longer[200];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_string_equal(nearest(longer, fields), "");
}

static void a_hint_is_a_question_or_nothing(void **state)
{
    (void)state;
    char text[128];
    struct qn_nearest n = qn_nearest_to("cpd");
    assert_string_equal(qn_nearest_hint(&n, text), "");
    qn_nearest_try(&n, "cdp");
    assert_string_equal(qn_nearest_hint(&n, text), " Did you mean 'cdp'?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_changed_swapped_or_left_out_are_near),
        cmocka_unit_test(another_word_is_not_near),
        cmocka_unit_test(a_hint_is_a_question_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
