/* Bins of a map that follow the data: compared with counting by hand, and with each other however
 * they were merged. */
#include "check.h"

#include "pipelines/segy/map/bins.h"

#include <stdlib.h>

static struct qn_bins bins_of(size_t most)
{
    struct qn_bins bins;
    assert_int_equal(qn_bins_init(&bins, QN_BINS_FINEST, most, NULL), QN_OK);
    return bins;
}

static void test_few_positions_keep_bins_of_their_own(void **state)
{
    (void)state;
    struct qn_bins bins = bins_of(4);
    struct qn_bin list[4];
    qn_bins_add(&bins, 10.5, -3, 1, 1);
    qn_bins_add(&bins, 10.5, -3, 1, 0);
    qn_bins_add(&bins, 10.500001, -3.25, 1, 1); /* closer than the finest bins, in x */
    qn_bins_add(&bins, -1e6, 5, 3, 1);
    assert_int_equal(bins.level, QN_BINS_FINEST);
    assert_int_equal(bins.count, 3);
    qn_bins_list(&bins, list);
    assert_int_equal(list[0].y, (int64_t)(-3.25 * 65536));
    assert_int_equal(list[1].x, (int64_t)(10.5 * 65536));
    assert_int_equal(list[1].traces, 2);
    assert_int_equal(list[1].positions, 1);
    assert_int_equal(list[2].x, (int64_t)(-1e6 * 65536));
    assert_int_equal(list[2].traces, 3);
    qn_bins_release(&bins);
}

static void test_too_many_bins_are_joined_four_to_one(void **state)
{
    (void)state;
    struct qn_bins bins = bins_of(16);
    struct qn_bin list[17];
    for (int x = -8; x < 8; x++)
        for (int y = -8; y < 8; y++)
            qn_bins_add(&bins, x + 0.5, y + 0.5, 1, 1);
    assert_int_equal(bins.level, 2);
    assert_int_equal(bins.count, 16);
    qn_bins_list(&bins, list);
    for (int i = 0; i < 16; i++) {
        assert_int_equal(list[i].y, i / 4 - 2); /* rounded down, below 0 too */
        assert_int_equal(list[i].x, i % 4 - 2);
        assert_int_equal(list[i].traces, 16);
    }
    qn_bins_release(&bins);
}

/* The same positions in several parts, each with a level of its own, give the bins of the whole. */
static void test_merging_parts_gives_the_bins_of_the_whole(void **state)
{
    (void)state;
    enum { N = 5000, MOST = 100, PARTS = 7 };
    struct qn_bins whole = bins_of(MOST);
    struct qn_bins merged = bins_of(MOST);
    srand(8);
    struct qn_bins parts[PARTS];
    for (int p = 0; p < PARTS; p++)
        parts[p] = bins_of(MOST);
    for (int i = 0; i < N; i++) {
        int p = i * PARTS / N;
        double x = rand() % 1000 * (p + 1) * 0.25;
        double y = -rand() % 500;
        qn_bins_add(&parts[p], x, y, 1, 1);
        qn_bins_add(&whole, x, y, 1, 1);
    }
    for (int p = 0; p < PARTS; p++) {
        struct qn_buf buf = {0};
        qn_bins_encode(&parts[p], &buf);
        struct qn_cursor cursor = {.data = buf.data, .len = buf.len};
        assert_true(qn_bins_merge(&merged, &cursor));
        assert_int_equal(cursor.at, buf.len);
        cursor = (struct qn_cursor){.data = buf.data, .len = buf.len - 1};
        assert_false(qn_bins_merge(&parts[p], &cursor));
        qn_buf_release(&buf);
        qn_bins_release(&parts[p]);
    }
    struct qn_bin a[MOST];
    struct qn_bin b[MOST];
    assert_int_equal(merged.level, whole.level);
    assert_int_equal(merged.count, whole.count);
    qn_bins_list(&whole, a);
    qn_bins_list(&merged, b);
    assert_memory_equal(a, b, whole.count * sizeof *a);
    qn_bins_release(&whole);
    qn_bins_release(&merged);
}

static void test_the_farthest_positions_fit(void **state)
{
    (void)state;
    struct qn_bins bins = bins_of(2);
    qn_bins_add(&bins, QN_BINS_REACH, QN_BINS_REACH, 1, 1);
    qn_bins_add(&bins, -QN_BINS_REACH, -QN_BINS_REACH, 1, 1);
    qn_bins_add(&bins, 0.001, 0.001, 1, 1);
    assert_in_range(bins.count, 1, 2);
    assert_in_range(bins.level, 1, 60);
    qn_bins_clear(&bins);
    assert_int_equal(bins.count, 0);
    assert_int_equal(bins.level, QN_BINS_FINEST);
    qn_bins_release(&bins);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_few_positions_keep_bins_of_their_own),
        cmocka_unit_test(test_too_many_bins_are_joined_four_to_one),
        cmocka_unit_test(test_merging_parts_gives_the_bins_of_the_whole),
        cmocka_unit_test(test_the_farthest_positions_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
