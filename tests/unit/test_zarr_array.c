/* Zarr arrays: what is refused, how chunks are named and counted, what pads them. Expected keys and
 * slots follow by hand from the Zarr v3 core and sharding specifications and from Zarr v2. */
#include "check.h"

#include "format/zarr.h"

#include <math.h>
#include <string.h>

/* Traces by samples, as an import cuts them: shards of four chunks. */
static struct qn_zarr_array seismic(void)
{
    return (struct qn_zarr_array){.name = "amplitude",
                                  .format = 3,
                                  .dtype = QN_FLOAT32,
                                  .ndim = 2,
                                  .shape = {1000, 150},
                                  .chunk = {128, 150},
                                  .shard = {512, 150}};
}

static enum qn_status check(const struct qn_zarr_array *array)
{
    struct qn_error err;
    return qn_zarr_check(array, &err);
}

static void test_sound_array_passes(void **state)
{
    (void)state;
    struct qn_zarr_array a = seismic();
    assert_int_equal(check(&a), QN_OK);
    a.ndim = 0;
    assert_int_equal(check(&a), QN_OK);
}

static void test_contradictions_are_usage_errors(void **state)
{
    (void)state;
    struct qn_zarr_array a[12];
    for (int i = 0; i < 12; i++)
        a[i] = seismic();
    a[0].format = 4;
    a[1].dtype = QN_CHAR8;
    a[2].chunk[1] = 0;
    a[3].shard[0] = 500;
    a[4].shard[1] = 0;
    a[5].format = 2;
    a[6].codec = QN_ZARR_BLOSC_LZ4, a[6].level = 10;
    a[7].codec = QN_ZARR_ZSTD, a[7].level = 23;
    a[8].dtype = QN_INT32, a[8].fill = QN_ZARR_FILL_NAN;
    a[9].separator = '-';
    a[10].shape[0] = (uint64_t)INT64_MAX + 1;
    a[11].codec = (enum qn_zarr_codec)4;
    for (int i = 0; i < 12; i++)
        assert_int_equal(check(&a[i]), QN_ERR_USAGE);
}

static void test_sizes_that_overflow_are_unsupported(void **state)
{
    (void)state;
    struct qn_zarr_array a = seismic();
    a.shard[0] = 128 * ((uint64_t)QN_ZARR_SHARD_SLOTS + 1);
    assert_int_equal(check(&a), QN_ERR_UNSUPPORTED);
    memset(a.shard, 0, sizeof a.shard);
    a.chunk[0] = (uint64_t)1 << 62; /* times 150 times 4 wraps around */
    assert_int_equal(check(&a), QN_ERR_UNSUPPORTED);
    a.chunk[0] = QN_ZARR_CHUNK_BYTES / 600;
    assert_int_equal(check(&a), QN_OK);
    a.chunk[0]++;
    assert_int_equal(check(&a), QN_ERR_UNSUPPORTED);
    a.ndim = 9;
    assert_int_equal(check(&a), QN_ERR_UNSUPPORTED);
}

static void assert_key(const struct qn_zarr_array *array, uint64_t i, uint64_t k, const char *key)
{
    char got[QN_ZARR_KEY];
    qn_zarr_key(array, (uint64_t[]){i, k}, got);
    assert_string_equal(got, key);
}

static void test_keys_of_both_versions(void **state)
{
    (void)state;
    struct qn_zarr_array a = seismic();
    memset(a.shard, 0, sizeof a.shard);
    assert_key(&a, 3, 0, "c/3/0");
    a.separator = '.';
    assert_key(&a, 3, 0, "c.3.0");
    a.format = 2;
    a.separator = 0;
    assert_key(&a, 3, 0, "3.0");
    a.separator = '/';
    assert_key(&a, UINT64_MAX, 12, "18446744073709551615/12");
    a.ndim = 0;
    assert_key(&a, 9, 9, "0");
    a.format = 3;
    assert_key(&a, 9, 9, "c");
}

static void test_longest_key_fits(void **state)
{
    (void)state;
    struct qn_zarr_array a = {.format = 3, .ndim = 4, .chunk = {1, 1, 1, 1}};
    uint64_t most[] = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    char key[QN_ZARR_KEY];
    qn_zarr_key(&a, most, key);
    assert_int_equal(strlen(key), 1 + 4 * 21);
}

static void test_chunk_of_a_shard_has_the_key_of_the_shard_and_a_slot(void **state)
{
    (void)state;
    struct qn_zarr_array a = seismic();
    assert_true(qn_zarr_sharded(&a));
    assert_int_equal(qn_zarr_shard_slots(&a), 4);
    assert_key(&a, 3, 0, "c/0/0");
    assert_key(&a, 6, 0, "c/1/0");
    assert_int_equal(qn_zarr_slot(&a, (uint64_t[]){6, 0}), 2);
    a.shard[1] = 600; /* 4 x 4 chunks, in C order */
    assert_int_equal(qn_zarr_shard_slots(&a), 16);
    assert_int_equal(qn_zarr_slot(&a, (uint64_t[]){6, 5}), 2 * 4 + 1);
    assert_key(&a, 6, 5, "c/1/1");
}

static void test_shard_equal_to_chunk_is_no_shard(void **state)
{
    (void)state;
    struct qn_zarr_array a = seismic();
    memcpy(a.shard, a.chunk, sizeof a.shard);
    assert_false(qn_zarr_sharded(&a));
    assert_int_equal(qn_zarr_slot(&a, (uint64_t[]){6, 0}), 0);
    a.format = 2;
    assert_int_equal(check(&a), QN_OK);
}

static void test_nan_fill_of_floats(void **state)
{
    (void)state;
    struct qn_zarr_array a = {.format = 3, .dtype = QN_FLOAT32, .fill = QN_ZARR_FILL_NAN};
    float single[3] = {1, 1, 1};
    qn_zarr_fill(&a, single, 2);
    assert_true(isnan(single[0]) && isnan(single[1]) && single[2] == 1);
    double twice[2] = {1, 1};
    a.dtype = QN_FLOAT64;
    qn_zarr_fill(&a, twice, 1);
    assert_true(isnan(twice[0]) && twice[1] == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound_array_passes),
        cmocka_unit_test(test_contradictions_are_usage_errors),
        cmocka_unit_test(test_sizes_that_overflow_are_unsupported),
        cmocka_unit_test(test_keys_of_both_versions),
        cmocka_unit_test(test_longest_key_fits),
        cmocka_unit_test(test_chunk_of_a_shard_has_the_key_of_the_shard_and_a_slot),
        cmocka_unit_test(test_shard_equal_to_chunk_is_no_shard),
        cmocka_unit_test(test_nan_fill_of_floats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
