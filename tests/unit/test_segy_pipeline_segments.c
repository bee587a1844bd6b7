/* Segments of a survey: cuts at gather boundaries and the ownership of shards. Expected cuts are
 * worked out by hand or by a plain scan over all keys. */
#include "check.h"

#include "pipelines/segy/segments.h"

#include <stdlib.h>
#include <string.h>

/* A survey in memory: `width` key bytes per trace. Counts how often a key is read. */
struct survey {
    const uint8_t *keys;
    size_t width;
    uint64_t reads;
};

static enum qn_status read_key(void *context, uint64_t trace, uint8_t *key, struct qn_error *err)
{
    (void)err;
    struct survey *survey = context;
    memcpy(key, survey->keys + trace * survey->width, survey->width);
    survey->reads++;
    return QN_OK;
}

static struct qn_segments cut(struct survey *survey, uint64_t traces, uint64_t nominal)
{
    struct qn_key_source source = {.bytes = survey->width, .read = read_key, .context = survey};
    struct qn_segments segments;
    assert_int_equal(qn_segments_plan(traces, nominal, &source, &segments, NULL), QN_OK);
    return segments;
}

static void expect_bounds(const struct qn_segments *segments, const uint64_t *bounds, size_t count)
{
    assert_int_equal(segments->count + 1, count);
    assert_memory_equal(segments->bounds, bounds, count * sizeof *bounds);
}

static void test_without_a_key_cuts_are_even(void **state)
{
    (void)state;
    struct survey survey = {0};
    struct qn_segments segments = cut(&survey, 10, 4);
    expect_bounds(&segments, (uint64_t[]){0, 4, 8, 10}, 4);
    assert_int_equal(survey.reads, 0);
    qn_segments_release(&segments);
}

static void test_a_cut_moves_back_to_the_start_of_its_gather(void **state)
{
    (void)state;
    struct survey survey = {.keys = (const uint8_t *)"aaabbbcccddd", .width = 1};
    struct qn_segments segments = cut(&survey, 12, 5);
    expect_bounds(&segments, (uint64_t[]){0, 3, 9, 12}, 4);
    assert_int_equal(segments.split_count, 0);
    qn_segments_release(&segments);
}

static void test_a_cut_on_a_gather_boundary_stays(void **state)
{
    (void)state;
    struct survey survey = {.keys = (const uint8_t *)"aaaabbbbcccc", .width = 1};
    struct qn_segments segments = cut(&survey, 12, 4);
    expect_bounds(&segments, (uint64_t[]){0, 4, 8, 12}, 4);
    qn_segments_release(&segments);
}

static void test_a_gather_that_fills_its_segment_moves_the_cut_forward(void **state)
{
    (void)state;
    struct survey survey = {.keys = (const uint8_t *)"aaaaaabbbbbccc", .width = 1};
    struct qn_segments segments = cut(&survey, 14, 4);
    expect_bounds(&segments, (uint64_t[]){0, 6, 11, 14}, 4);
    assert_int_equal(segments.split_count, 0);
    qn_segments_release(&segments);
}

static void test_gather_larger_than_a_segment_is_split_and_reported(void **state)
{
    (void)state;
    struct survey survey = {.keys = (const uint8_t *)"abbbbbbbbbbbbbbbcd", .width = 1};
    struct qn_segments segments = cut(&survey, 18, 4);
    /* 4: back to 1. 8: no boundary behind, none up to 12: split. 12: on to 16. */
    expect_bounds(&segments, (uint64_t[]){0, 1, 8, 16, 18}, 5);
    assert_int_equal(segments.split_count, 1);
    assert_int_equal(segments.first_split, 8);
    qn_segments_release(&segments);
}

static void test_one_gather_over_the_end_of_the_survey_is_not_split_there(void **state)
{
    (void)state;
    struct survey survey = {.keys = (const uint8_t *)"aaaaaa", .width = 1};
    struct qn_segments segments = cut(&survey, 6, 4);
    expect_bounds(&segments, (uint64_t[]){0, 6}, 2);
    assert_int_equal(segments.split_count, 0);
    qn_segments_release(&segments);
}

static void test_every_byte_of_a_composite_key_counts(void **state)
{
    (void)state;
    /* Inline and crossline: the inline alone would give one gather of eight. */
    struct survey survey = {.keys = (const uint8_t *)"1a1a1a1b1b1b1c1c", .width = 2};
    struct qn_segments segments = cut(&survey, 8, 5);
    expect_bounds(&segments, (uint64_t[]){0, 3, 8}, 3);
    qn_segments_release(&segments);
}

static void test_cuts_lie_on_boundaries_of_random_gathers(void **state)
{
    (void)state;
    enum { TRACES = 5000 };
    static uint8_t keys[TRACES];
    uint32_t random = 1;
    for (unsigned round = 0; round < 50; round++) {
        for (size_t i = 0, left = 0; i < TRACES; i++, left--) {
            random = random * 1664525u + 1013904223u;
            if (left == 0)
                left = 1 + (random >> 24) % (10 + 4 * round);
            keys[i] = (uint8_t)(i == 0 ? 0 : keys[i - 1] + (left == 1));
        }
        struct survey survey = {.keys = keys, .width = 1};
        struct qn_segments segments = cut(&survey, TRACES, 256);
        assert_int_equal(segments.split_count, 0);
        for (size_t i = 1; i < segments.count; i++) {
            assert_true(segments.bounds[i] > segments.bounds[i - 1]);
            assert_true(keys[segments.bounds[i]] != keys[segments.bounds[i] - 1]);
        }
        assert_int_equal(segments.bounds[segments.count], TRACES);
        qn_segments_release(&segments);
    }
}

static void test_keys_are_read_around_cuts_only(void **state)
{
    (void)state;
    enum { TRACES = 100000 };
    uint8_t *keys = calloc(TRACES, 1); /* one gather: the longest search there is */
    assert_non_null(keys);
    struct survey survey = {.keys = keys, .width = 1};
    struct qn_segments segments = cut(&survey, TRACES, 1000);
    assert_true(survey.reads < 100 * 40);
    qn_segments_release(&segments);
    free(keys);
}

static void test_every_trace_of_random_segments_has_one_writer(void **state)
{
    (void)state;
    uint32_t random = 7;
    for (unsigned round = 0; round < 1000; round++) {
        random = random * 1664525u + 1013904223u;
        uint64_t shard = 1 + (random >> 16) % 40;
        uint64_t traces = 1 + (random >> 8) % 1000;
        uint64_t next = 0;
        for (uint64_t start = 0, end; start < traces; start = end) {
            random = random * 1664525u + 1013904223u;
            end = start + 1 + (random >> 20) % 60;
            end = end < traces ? end : traces;
            struct qn_trace_range owned =
                qn_segment_samples((struct qn_trace_range){start, end}, shard, traces);
            assert_int_equal(owned.start, next);
            assert_true(owned.end % shard == 0 || owned.end == traces);
            assert_true(owned.end >= end);
            assert_true(owned.end < end + shard);
            next = owned.end;
        }
        assert_int_equal(next, traces);
    }
}

static void test_a_segment_inside_a_shard_writes_nothing(void **state)
{
    (void)state;
    struct qn_trace_range owned = qn_segment_samples((struct qn_trace_range){10, 20}, 32, 100);
    assert_int_equal(owned.start, owned.end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_key_cuts_are_even),
        cmocka_unit_test(test_a_cut_moves_back_to_the_start_of_its_gather),
        cmocka_unit_test(test_a_cut_on_a_gather_boundary_stays),
        cmocka_unit_test(test_a_gather_that_fills_its_segment_moves_the_cut_forward),
        cmocka_unit_test(test_gather_larger_than_a_segment_is_split_and_reported),
        cmocka_unit_test(test_one_gather_over_the_end_of_the_survey_is_not_split_there),
        cmocka_unit_test(test_every_byte_of_a_composite_key_counts),
        cmocka_unit_test(test_cuts_lie_on_boundaries_of_random_gathers),
        cmocka_unit_test(test_keys_are_read_around_cuts_only),
        cmocka_unit_test(test_every_trace_of_random_segments_has_one_writer),
        cmocka_unit_test(test_a_segment_inside_a_shard_writes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
