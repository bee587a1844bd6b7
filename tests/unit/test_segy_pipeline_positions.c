/* Statistics of header bytes: in parts as in one go, and what single columns come to. What NumPy
 * finds in whole files: tests/interop/test_segy_scan.py. */
#include "check.h"

#include "pipelines/segy/scan/positions.h"

#include <string.h>

enum { BYTES = 16, TRACES = 3000 };

/* At 1 a counter, at 5 a step every 7 traces, at 9 noise, at 13 nothing. */
static void fill(uint8_t headers[TRACES][BYTES])
{
    uint32_t noise = 1;
    memset(headers, 0, (size_t)TRACES * BYTES);
    for (uint32_t i = 0; i < TRACES; i++) {
        noise = noise * 1664525u + 1013904223u;
        qn_store_u32(headers[i], QN_BIG_ENDIAN, i + 1);
        qn_store_u32(headers[i] + 4, QN_BIG_ENDIAN, i / 7);
        qn_store_u32(headers[i] + 8, QN_BIG_ENDIAN, noise);
    }
}

static void add(struct qn_positions *p, uint8_t headers[TRACES][BYTES], size_t first, size_t end,
                size_t step)
{
    for (; first < end; first += step)
        qn_positions_add(p, first, headers[first], BYTES, end - first < step ? end - first : step);
}

static void assert_same(const struct qn_positions *a, const struct qn_positions *b)
{
    assert_true(a->traces == b->traces && a->neighbours == b->neighbours);
    for (unsigned byte = 1; byte + 3 <= BYTES; byte++)
        for (int type = 0; type < QN_POSITION_TYPES; type++) {
            const struct qn_position *x = qn_position_at(a, byte, (enum qn_position_type)type);
            const struct qn_position *y = qn_position_at(b, byte, (enum qn_position_type)type);
            assert_memory_equal(x, y, sizeof *x);
        }
    assert_memory_equal(a->seen, b->seen, (size_t)BYTES * 2 * QN_POSITION_SEEN);
}

static void test_parts_merged_in_order_are_the_whole(void **state)
{
    (void)state;
    static uint8_t headers[TRACES][BYTES];
    struct qn_positions whole, small, first, second;
    fill(headers);
    assert_int_equal(qn_positions_init(&whole, BYTES, QN_BIG_ENDIAN, NULL), QN_OK);
    assert_int_equal(qn_positions_init(&small, BYTES, QN_BIG_ENDIAN, NULL), QN_OK);
    assert_int_equal(qn_positions_init(&first, BYTES, QN_BIG_ENDIAN, NULL), QN_OK);
    assert_int_equal(qn_positions_init(&second, BYTES, QN_BIG_ENDIAN, NULL), QN_OK);
    add(&whole, headers, 0, TRACES, QN_POSITIONS_BLOCK);
    add(&small, headers, 0, TRACES, 1);
    assert_same(&small, &whole);
    add(&first, headers, 0, 1234, 100);
    add(&second, headers, 1234, TRACES, 333);
    qn_positions_merge(&first, &second);
    assert_same(&first, &whole);
    qn_positions_release(&whole);
    qn_positions_release(&small);
    qn_positions_release(&first);
    qn_positions_release(&second);
}

static void test_columns_behave_as_they_were_made(void **state)
{
    (void)state;
    static uint8_t headers[TRACES][BYTES];
    struct qn_positions p;
    fill(headers);
    assert_int_equal(qn_positions_init(&p, BYTES, QN_BIG_ENDIAN, NULL), QN_OK);
    add(&p, headers, 0, TRACES, QN_POSITIONS_BLOCK);
    assert_int_equal(qn_position_behaviour(&p, 1, QN_POSITION_INT32), QN_BEHAVES_COUNTING);
    assert_int_equal(qn_position_behaviour(&p, 5, QN_POSITION_INT32), QN_BEHAVES_RUNS);
    assert_int_equal(qn_position_behaviour(&p, 9, QN_POSITION_INT32), QN_BEHAVES_VARYING);
    assert_int_equal(qn_position_behaviour(&p, 13, QN_POSITION_INT32), QN_BEHAVES_ZERO);
    assert_int_equal(qn_position_behaviour(&p, 1, QN_POSITION_INT16), QN_BEHAVES_ZERO);
    assert_true(qn_position_at(&p, 1, QN_POSITION_INT32)->max == TRACES);
    assert_true(qn_position_at(&p, 5, QN_POSITION_INT32)->max == (TRACES - 1) / 7);
    assert_int_equal(qn_position_at(&p, 5, QN_POSITION_INT32)->rises, (TRACES - 1) / 7);
    assert_int_equal(qn_position_distinct(&p, 13, 4), 1);
    qn_positions_release(&p);
}

static void test_a_gap_between_traces_is_no_neighbourhood(void **state)
{
    (void)state;
    static uint8_t headers[TRACES][BYTES];
    struct qn_positions p;
    fill(headers);
    assert_int_equal(qn_positions_init(&p, BYTES, QN_BIG_ENDIAN, NULL), QN_OK);
    qn_positions_add(&p, 0, headers[0], BYTES, 10);
    qn_positions_add(&p, 100, headers[100], BYTES, 10);
    assert_int_equal(p.neighbours, 18);
    assert_int_equal(qn_position_at(&p, 1, QN_POSITION_INT32)->ones, 18);
    assert_int_equal(qn_position_at(&p, 1, QN_POSITION_INT32)->rises, 19);
    qn_positions_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_merged_in_order_are_the_whole),
        cmocka_unit_test(test_columns_behave_as_they_were_made),
        cmocka_unit_test(test_a_gap_between_traces_is_no_neighbourhood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
