/* Where traces lie: finding them among stretches, and the list's way through bytes. */
#include "check.h"

#include "pipelines/segy/survey/stretches.h"

#include <string.h>

/* Traces of 100 bytes: 5, then a chain of 3 with 1000 bytes in all, then 4 of another file. */
static struct qn_stretches example(void)
{
    struct qn_stretches list = {0};
    const struct qn_stretch stretches[] = {
        {.count = 5, .offset = 3600, .end = 4100, .samples = 10},
        {.count = 3, .offset = 5000, .end = 6000},
        {.count = 4, .offset = 3600, .end = 4000, .file = 1, .samples = 10},
    };
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(qn_stretches_add(&list, stretches[i], NULL), QN_OK);
    return list;
}

static void test_numbers_of_traces_go_on_from_stretch_to_stretch(void **state)
{
    (void)state;
    struct qn_stretches list = example();
    assert_int_equal(list.at[0].first, 0);
    assert_int_equal(list.at[1].first, 5);
    assert_int_equal(list.at[2].first, 8);
    assert_int_equal(qn_stretches_traces(&list), 12);
    qn_stretches_release(&list);
    assert_int_equal(qn_stretches_traces(&list), 0);
}

static void test_every_trace_is_found_in_its_stretch(void **state)
{
    (void)state;
    static const size_t expected[12] = {0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2};
    struct qn_stretches list = example();
    for (uint64_t trace = 0; trace < 12; trace++)
        assert_int_equal(qn_stretches_find(&list, trace), expected[trace]);
    qn_stretches_release(&list);
}

static void test_bytes_are_exact_but_within_chains(void **state)
{
    (void)state;
    struct qn_stretches list = example();
    assert_int_equal(qn_stretches_bytes(&list, 0, 12), 500 + 1000 + 400);
    assert_int_equal(qn_stretches_bytes(&list, 1, 3), 200);
    assert_int_equal(qn_stretches_bytes(&list, 4, 9), 100 + 1000 + 100);
    assert_int_equal(qn_stretches_bytes(&list, 5, 6), 333);
    assert_int_equal(qn_stretches_bytes(&list, 3, 3), 0);
    qn_stretches_release(&list);
}

static void test_a_list_survives_its_way_through_bytes(void **state)
{
    (void)state;
    struct qn_stretches list = example(), back = {0};
    struct qn_buf buf = {0};
    qn_stretches_encode(&list, &buf);
    struct qn_cursor cursor = {.data = buf.data, .len = buf.len};
    assert_int_equal(qn_stretches_decode(&cursor, &back, NULL), QN_OK);
    assert_int_equal(back.count, list.count);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(back.at[i].first, list.at[i].first);
        assert_int_equal(back.at[i].count, list.at[i].count);
        assert_int_equal(back.at[i].offset, list.at[i].offset);
        assert_int_equal(back.at[i].end, list.at[i].end);
        assert_int_equal(back.at[i].file, list.at[i].file);
        assert_int_equal(back.at[i].samples, list.at[i].samples);
    }
    assert_int_equal(cursor.at, cursor.len);
    qn_stretches_release(&back);
    qn_stretches_release(&list);
    qn_buf_release(&buf);
}

static void test_a_list_cut_anywhere_is_damaged(void **state)
{
    (void)state;
    struct qn_stretches list = example();
    struct qn_buf buf = {0};
    qn_stretches_encode(&list, &buf);
    for (size_t len = 0; len < buf.len; len++) {
        struct qn_stretches back = {0};
        struct qn_cursor cursor = {.data = buf.data, .len = len};
        assert_int_equal(qn_stretches_decode(&cursor, &back, NULL), QN_ERR_CORRUPT);
        qn_stretches_release(&back);
    }
    qn_stretches_release(&list);
    qn_buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_of_traces_go_on_from_stretch_to_stretch),
        cmocka_unit_test(test_every_trace_is_found_in_its_stretch),
        cmocka_unit_test(test_bytes_are_exact_but_within_chains),
        cmocka_unit_test(test_a_list_survives_its_way_through_bytes),
        cmocka_unit_test(test_a_list_cut_anywhere_is_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
