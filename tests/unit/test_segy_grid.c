/* The parts of a grid: keys and axes, runs, the census of cells, cutting into tiles. */
#include "check.h"

#include "pipelines/segy/grid/census.h"
#include "pipelines/segy/grid/grid.h"
#include "pipelines/segy/grid/runs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- keys and axes -------------------------------------------------------------------------- */

static void test_keys_have_the_order_of_their_values(void **state)
{
    (void)state;
    const double reals[] = {-INFINITY,          -1e300, -1.5, -1e-310, 0, 5e-324, 1,
                            1.0000000000000002, 2e9};
    const uint64_t naturals[] = {0, 1, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};
    const int16_t shorts[] = {INT16_MIN, -1, 0, INT16_MAX};
    int64_t keys[9];
    assert_int_equal(qn_axis_keys(QN_FLOAT64, reals, 9, keys), 9);
    for (int i = 1; i < 9; i++)
        assert_true(keys[i - 1] < keys[i]);
    assert_int_equal(qn_axis_keys(QN_UINT64, naturals, 5, keys), 5);
    for (int i = 1; i < 5; i++)
        assert_true(keys[i - 1] < keys[i]);
    assert_int_equal(qn_axis_keys(QN_INT16, shorts, 4, keys), 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(keys[i], shorts[i]);
}

static void test_values_come_back_from_their_keys(void **state)
{
    (void)state;
    const double real = -12.375;
    const float narrow = 0.1f;
    const uint64_t natural = UINT64_MAX;
    const int32_t whole = -7;
    uint8_t element[8];
    char text[QN_AXIS_TEXT];
    int64_t key;
    qn_axis_keys(QN_FLOAT64, &real, 1, &key);
    qn_axis_value(QN_FLOAT64, key, element);
    assert_memory_equal(element, &real, sizeof real);
    assert_string_equal(qn_axis_text(QN_FLOAT64, key, text), "-12.375");
    qn_axis_keys(QN_FLOAT32, &narrow, 1, &key);
    qn_axis_value(QN_FLOAT32, key, element);
    assert_memory_equal(element, &narrow, sizeof narrow);
    qn_axis_keys(QN_UINT64, &natural, 1, &key);
    qn_axis_value(QN_UINT64, key, element);
    assert_memory_equal(element, &natural, sizeof natural);
    assert_string_equal(qn_axis_text(QN_UINT64, key, text), "18446744073709551615");
    qn_axis_keys(QN_INT32, &whole, 1, &key);
    qn_axis_value(QN_INT32, key, element);
    assert_memory_equal(element, &whole, sizeof whole);
}

static void test_both_zeros_are_one_value_and_nan_is_none(void **state)
{
    (void)state;
    const double values[] = {0.0, -0.0, 3, NAN};
    int64_t keys[4];
    assert_int_equal(qn_axis_keys(QN_FLOAT64, values, 4, keys), 3);
    assert_int_equal(keys[0], keys[1]);
}

static struct qn_axis axis_of(const int64_t *keys, size_t n)
{
    struct qn_key_set set = {0};
    struct qn_axis axis = {.name = "line", .dtype = QN_INT32};
    for (size_t i = 0; i < n; i++)
        assert_int_equal(qn_key_set_add(&set, keys[i], NULL), QN_OK);
    assert_int_equal(qn_axis_make(&axis, &set, NULL), QN_OK);
    qn_key_set_release(&set);
    return axis;
}

static void test_an_axis_is_the_sorted_values_each_once(void **state)
{
    (void)state;
    char text[160];
    struct qn_axis axis = axis_of((int64_t[]){9, -3, 5, 1, 9, -3, 1}, 7);
    assert_int_equal(axis.count, 4);
    assert_memory_equal(axis.keys, ((int64_t[]){-3, 1, 5, 9}), 4 * sizeof(int64_t));
    assert_int_equal(axis.step, 4);
    assert_string_equal(qn_axis_describe(&axis, text), "4 values, -3 to 9, step 4");
    for (uint64_t near = 0; near < 5; near++)
        for (int64_t key = -5; key < 12; key++)
            assert_int_equal(qn_axis_find(&axis, key, near),
                             (key + 3) % 4 == 0 && key >= -3 && key <= 9 ? (key + 3) / 4 : 4);
    qn_axis_release(&axis);
}

static void test_uneven_axes_find_their_values_too(void **state)
{
    (void)state;
    char text[160];
    struct qn_axis axis = axis_of((int64_t[]){INT64_MIN, 0, 1, 7, INT64_MAX}, 5);
    assert_int_equal(axis.step, 0);
    assert_int_equal(qn_axis_find(&axis, INT64_MAX, 0), 4);
    assert_int_equal(qn_axis_find(&axis, 7, 1), 3);
    assert_int_equal(qn_axis_find(&axis, 6, 3), 5);
    assert_non_null(strstr(qn_axis_describe(&axis, text), "uneven"));
    qn_axis_release(&axis);
}

static void test_a_set_of_many_keys_keeps_them_all(void **state)
{
    (void)state;
    struct qn_key_set set = {0};
    struct qn_key_set all = {0};
    struct qn_axis axis = {.dtype = QN_INT64};
    for (int64_t i = 0; i < 20000; i++)
        assert_int_equal(qn_key_set_add(&set, i * i * 64 - 5, NULL), QN_OK);
    assert_int_equal(qn_key_set_add_all(&all, &set, NULL), QN_OK);
    assert_int_equal(qn_key_set_add_all(&all, &set, NULL), QN_OK);
    assert_int_equal(qn_axis_make(&axis, &all, NULL), QN_OK);
    assert_int_equal(axis.count, 20000);
    for (int64_t i = 0; i < 20000; i++)
        assert_int_equal(axis.keys[i], i * i * 64 - 5);
    qn_axis_release(&axis);
    qn_key_set_release(&set);
    qn_key_set_release(&all);
}

static void test_an_axis_survives_its_bytes(void **state)
{
    (void)state;
    struct qn_axis axis = axis_of((int64_t[]){INT64_MIN, -4, 0, 1000000}, 4);
    struct qn_axis back;
    struct qn_buf buf = {0};
    qn_axis_encode(&axis, &buf);
    struct qn_cursor cursor = {.data = buf.data, .len = buf.len};
    assert_int_equal(qn_axis_decode(&cursor, &back, NULL), QN_OK);
    assert_int_equal(cursor.at, buf.len);
    assert_string_equal(back.name, "line");
    assert_int_equal(back.count, 4);
    assert_memory_equal(back.keys, axis.keys, 4 * sizeof(int64_t));
    cursor = (struct qn_cursor){.data = buf.data, .len = 20};
    struct qn_axis none;
    assert_int_equal(qn_axis_decode(&cursor, &none, NULL), QN_ERR_CORRUPT);
    qn_axis_release(&axis);
    qn_axis_release(&back);
    qn_buf_release(&buf);
}

/* ---- runs ----------------------------------------------------------------------------------- */

/* Writes traces (number, place) as runs, reads them back trace by trace and compares. Returns how
 * many runs there were. */
static size_t round_trip(const uint64_t *traces, int64_t (*places)[2], size_t n)
{
    struct qn_cell_runs runs = {.width = 2};
    for (size_t i = 0; i < n; i++)
        qn_cell_runs_add(&runs, traces[i], places[i]);
    qn_cell_runs_end(&runs);
    assert_false(runs.bytes.failed);
    struct qn_cell_run_reader reader = {.width = 2,
                                        .cursor = {.data = runs.bytes.data, .len = runs.bytes.len}};
    struct qn_cell_run run;
    size_t at = 0;
    size_t count = 0;
    while (qn_cell_run_next(&reader, &run)) {
        count++;
        for (uint64_t k = 0; k < run.count; k++, at++) {
            assert_int_equal(run.trace + k, traces[at]);
            for (int d = 0; d < 2; d++)
                assert_int_equal((uint64_t)run.place[d] + k * (uint64_t)run.step[d],
                                 (uint64_t)places[at][d]);
        }
    }
    assert_false(reader.cursor.failed);
    assert_int_equal(at, n);
    qn_buf_release(&runs.bytes);
    return count;
}

static void test_lines_in_order_are_a_run_each(void **state)
{
    (void)state;
    enum { N = 600 };
    uint64_t traces[N];
    int64_t places[N][2];
    for (int i = 0; i < N; i++) {
        traces[i] = (uint64_t)i;
        places[i][0] = 7 + i / 100;
        places[i][1] = i / 100 % 2 ? 500 - i % 100 : i % 100; /* shot to and fro */
    }
    assert_int_equal(round_trip(traces, places, N), 6);
}

static void test_gaps_between_traces_end_a_run(void **state)
{
    (void)state;
    const uint64_t traces[] = {5, 6, 7, 20, 21};
    int64_t places[][2] = {{1, 1}, {1, 2}, {1, 3}, {1, 4}, {1, 5}};
    assert_int_equal(round_trip(traces, places, 5), 2);
}

static void test_any_places_come_back(void **state)
{
    (void)state;
    enum { N = 3000 };
    static const int64_t ends[] = {INT64_MIN, INT64_MAX, 0, -1, 1};
    uint64_t traces[N];
    int64_t places[N][2];
    srand(4);
    for (int i = 0; i < N; i++) {
        traces[i] = (i ? traces[i - 1] + 1 : 0) + (rand() % 4 == 0 ? (uint64_t)rand() : 0);
        places[i][0] = rand() % 3 ? ends[rand() % 5] : rand();
        places[i][1] = i + rand() % 2;
    }
    round_trip(traces, places, N);
}

static void test_runs_cut_short_are_damaged(void **state)
{
    (void)state;
    struct qn_cell_runs runs = {.width = 1};
    for (int64_t i = 0; i < 50; i++)
        qn_cell_runs_add(&runs, (uint64_t)(3 * i), &(int64_t){1000 * i});
    qn_cell_runs_end(&runs);
    struct qn_cell_run_reader reader = {
        .width = 1, .cursor = {.data = runs.bytes.data, .len = runs.bytes.len - 1}};
    struct qn_cell_run run;
    while (qn_cell_run_next(&reader, &run))
        ;
    assert_true(reader.cursor.failed);
    qn_buf_release(&runs.bytes);
}

/* ---- the census ----------------------------------------------------------------------------- */

static void test_the_census_counts_cells_and_lists_what_is_odd(void **state)
{
    (void)state;
    static const uint64_t cells[] = {0, 1, 3, 3, 1, 3, 130};
    struct qn_census census;
    uint64_t empty[200];
    assert_int_equal(qn_census_init(&census, 131, NULL), QN_OK);
    for (uint64_t trace = 0; trace < 7; trace++)
        assert_int_equal(qn_census_add(&census, cells[trace], trace, NULL), QN_OK);
    for (uint64_t trace = 0; trace < 7; trace++)
        qn_census_recall(&census, cells[trace], trace);
    assert_int_equal(census.live, 4);
    assert_int_equal(census.duplicates, 3);
    assert_int_equal(census.deepest, 3);
    assert_int_equal(census.shared_count, 3);
    assert_int_equal(census.shared[0].cell, 3);
    assert_int_equal(census.shared[0].first, 2);
    assert_int_equal(census.shared[0].trace, 3);
    assert_int_equal(census.shared[1].first, 1);
    assert_int_equal(census.shared[2].trace, 5);
    assert_int_equal(qn_census_empty(&census, empty, 200), 127);
    assert_int_equal(empty[0], 2);
    assert_int_equal(empty[126], 129);
    assert_int_equal(qn_census_empty(&census, empty, 3), 3);
    qn_census_release(&census);
}

static void test_cells_that_are_all_full_list_none(void **state)
{
    (void)state;
    struct qn_census census;
    uint64_t empty;
    assert_int_equal(qn_census_init(&census, 200, NULL), QN_OK);
    for (uint64_t cell = 0; cell < 200; cell++)
        assert_int_equal(qn_census_add(&census, cell, cell, NULL), QN_OK);
    assert_int_equal(qn_census_empty(&census, &empty, 1), 0);
    qn_census_release(&census);
}

static void test_more_traces_of_a_cell_than_can_be_counted_are_told(void **state)
{
    (void)state;
    struct qn_census census;
    assert_int_equal(qn_census_init(&census, 4, NULL), QN_OK);
    for (uint64_t trace = 0; trace <= QN_CENSUS_MOST; trace++) {
        assert_false(census.too_deep);
        assert_int_equal(qn_census_add(&census, 2, trace, NULL), QN_OK);
    }
    assert_true(census.too_deep);
    assert_int_equal(census.deepest, QN_CENSUS_MOST);
    qn_census_release(&census);
}

/* ---- cutting -------------------------------------------------------------------------------- */

static struct qn_grid grid_of(uint32_t ndim, const uint64_t *counts, const uint64_t *chunk)
{
    struct qn_grid grid = {.ndim = ndim, .keys = ndim};
    for (uint32_t d = 0; d < ndim; d++) {
        assert_int_equal(qn_axis_count_up(&grid.axes[d], "x", counts[d], NULL), QN_OK);
        grid.chunk[d] = chunk[d];
    }
    return grid;
}

static const uint32_t last_first[] = {2, 1, 0};

static void expect_cut(const struct qn_grid *grid, const uint64_t *chunk, const uint64_t *tile)
{
    for (uint32_t d = 0; d < grid->ndim; d++) {
        assert_int_equal(grid->chunk[d], chunk[d]);
        assert_int_equal(grid->tile[d], tile[d]);
    }
}

static void test_tiles_grow_along_what_changes_fastest(void **state)
{
    (void)state;
    struct qn_grid grid = grid_of(2, (uint64_t[]){1000, 1000}, (uint64_t[]){100, 100});
    const uint32_t fastest[] = {1, 0};
    assert_int_equal(qn_grid_cut(&grid, 10, 500000, fastest, false, NULL), QN_OK);
    expect_cut(&grid, (uint64_t[]){100, 100}, (uint64_t[]){100, 400}); /* 800 would be 800 KB */
    const uint32_t other[] = {0, 1};
    grid.chunk[0] = grid.chunk[1] = 100;
    assert_int_equal(qn_grid_cut(&grid, 10, 500000, other, false, NULL), QN_OK);
    expect_cut(&grid, (uint64_t[]){100, 100}, (uint64_t[]){400, 100});
    qn_grid_release(&grid);
}

static void test_a_tile_that_covers_a_dimension_grows_along_the_next(void **state)
{
    (void)state;
    struct qn_grid grid = grid_of(3, (uint64_t[]){50, 60, 7}, (uint64_t[]){8, 8, 32});
    assert_int_equal(qn_grid_cut(&grid, 100, 100 * 8 * 32 * 7, last_first, false, NULL), QN_OK);
    expect_cut(&grid, (uint64_t[]){8, 8, 7}, (uint64_t[]){8, 32, 7});
    assert_int_equal(qn_grid_tiles(&grid), 7 * 2);
    qn_grid_release(&grid);
}

static void test_chunks_shrink_where_traces_are_long(void **state)
{
    (void)state;
    struct qn_grid grid = grid_of(2, (uint64_t[]){1000, 1000}, (uint64_t[]){128, 128});
    const uint32_t fastest[] = {1, 0};
    /* 128 x 128 x 6000 floats are 393 MB: 64 x 64 of them are within 2 x 64 MB. */
    assert_int_equal(qn_grid_cut(&grid, 24000, 64 << 20, fastest, false, NULL), QN_OK);
    assert_true(grid.chunk[0] * grid.chunk[1] * 24000 <= 128u << 20);
    assert_true(grid.chunk[0] * grid.chunk[1] * 24000 > 32u << 20);
    qn_grid_release(&grid);
}

static void test_chunks_asked_for_are_kept_or_refused(void **state)
{
    (void)state;
    struct qn_grid grid = grid_of(2, (uint64_t[]){1000, 1000}, (uint64_t[]){128, 128});
    const uint32_t fastest[] = {1, 0};
    struct qn_error err;
    assert_int_equal(qn_grid_cut(&grid, 24000, 64 << 20, fastest, true, &err), QN_OK);
    expect_cut(&grid, (uint64_t[]){128, 128}, (uint64_t[]){128, 128});
    grid.chunk[0] = 1000;
    assert_int_equal(qn_grid_cut(&grid, 24000, 64 << 20, fastest, true, &err), QN_ERR_USAGE);
    assert_non_null(strstr(err.message, "--grid-chunks"));
    qn_grid_release(&grid);
}

static void test_every_cell_is_in_one_tile(void **state)
{
    (void)state;
    srand(11);
    for (int round = 0; round < 200; round++) {
        uint64_t counts[3], chunk[3], total = 1, sum = 0;
        for (int d = 0; d < 3; d++) {
            counts[d] = 1 + (uint64_t)rand() % 40;
            chunk[d] = 1 + (uint64_t)rand() % 20;
            total *= counts[d];
        }
        struct qn_grid grid = grid_of(3, counts, chunk);
        assert_int_equal(
            qn_grid_cut(&grid, 4, 1000 + (uint64_t)rand() % 50000, last_first, false, NULL), QN_OK);
        for (uint64_t t = 0; t < qn_grid_tiles(&grid); t++) {
            struct qn_grid_box box = qn_grid_box(&grid, t);
            uint64_t cells = 1;
            for (int d = 0; d < 3; d++) {
                assert_int_equal(box.origin[d] % grid.tile[d], 0);
                assert_int_equal(grid.tile[d] % grid.chunk[d], 0);
                assert_in_range(box.extent[d], 1, grid.tile[d]);
                assert_in_range(box.origin[d] + box.extent[d], 1, counts[d]);
                cells *= box.extent[d];
            }
            assert_int_equal(cells, qn_grid_box_cells(&grid, &box));
            sum += cells;
        }
        assert_int_equal(sum, total);
        qn_grid_release(&grid);
    }
}

static void test_a_grid_survives_its_bytes(void **state)
{
    (void)state;
    struct qn_grid grid = grid_of(2, (uint64_t[]){10, 20}, (uint64_t[]){5, 5});
    struct qn_grid back;
    struct qn_buf buf = {0};
    assert_int_equal(qn_grid_cut(&grid, 4, 4000, (uint32_t[]){1, 0}, false, NULL), QN_OK);
    grid.chunk_samples = 7;
    grid.duplicates = QN_DUPLICATES_LAST;
    grid.facts = strdup("{}");
    qn_grid_encode(&grid, &buf);
    struct qn_cursor cursor = {.data = buf.data, .len = buf.len};
    assert_int_equal(qn_grid_decode(&cursor, &back, NULL), QN_OK);
    assert_int_equal(back.ndim, 2);
    assert_int_equal(back.duplicates, QN_DUPLICATES_LAST);
    assert_int_equal(back.chunk_samples, 7);
    assert_string_equal(back.facts, "{}");
    expect_cut(&back, grid.chunk, grid.tile);
    qn_grid_release(&back);
    for (size_t len = 0; len < buf.len; len++) { /* cut anywhere, it is damaged */
        cursor = (struct qn_cursor){.data = buf.data, .len = len};
        assert_int_equal(qn_grid_decode(&cursor, &back, NULL), QN_ERR_CORRUPT);
        qn_grid_release(&back);
    }
    qn_grid_release(&grid);
    qn_buf_release(&buf);
}

static void test_a_grid_of_tiles_that_no_plan_makes_is_damaged(void **state)
{
    (void)state;
    struct qn_grid grid = grid_of(2, (uint64_t[]){2000, 2000}, (uint64_t[]){2000, 2000});
    struct qn_grid back;
    struct qn_buf buf = {0};
    memcpy(grid.tile, grid.chunk, sizeof grid.tile);
    grid.chunk_samples = 7;
    grid.facts = strdup("{}");
    qn_grid_encode(&grid, &buf);
    struct qn_cursor cursor = {.data = buf.data, .len = buf.len};
    assert_int_equal(qn_grid_decode(&cursor, &back, NULL), QN_ERR_CORRUPT);
    qn_grid_release(&back);
    qn_grid_release(&grid);
    qn_buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_have_the_order_of_their_values),
        cmocka_unit_test(test_values_come_back_from_their_keys),
        cmocka_unit_test(test_both_zeros_are_one_value_and_nan_is_none),
        cmocka_unit_test(test_an_axis_is_the_sorted_values_each_once),
        cmocka_unit_test(test_uneven_axes_find_their_values_too),
        cmocka_unit_test(test_a_set_of_many_keys_keeps_them_all),
        cmocka_unit_test(test_an_axis_survives_its_bytes),
        cmocka_unit_test(test_lines_in_order_are_a_run_each),
        cmocka_unit_test(test_gaps_between_traces_end_a_run),
        cmocka_unit_test(test_any_places_come_back),
        cmocka_unit_test(test_runs_cut_short_are_damaged),
        cmocka_unit_test(test_the_census_counts_cells_and_lists_what_is_odd),
        cmocka_unit_test(test_cells_that_are_all_full_list_none),
        cmocka_unit_test(test_more_traces_of_a_cell_than_can_be_counted_are_told),
        cmocka_unit_test(test_tiles_grow_along_what_changes_fastest),
        cmocka_unit_test(test_a_tile_that_covers_a_dimension_grows_along_the_next),
        cmocka_unit_test(test_chunks_shrink_where_traces_are_long),
        cmocka_unit_test(test_chunks_asked_for_are_kept_or_refused),
        cmocka_unit_test(test_every_cell_is_in_one_tile),
        cmocka_unit_test(test_a_grid_survives_its_bytes),
        cmocka_unit_test(test_a_grid_of_tiles_that_no_plan_makes_is_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
