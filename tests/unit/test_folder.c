/* The identity of a folder as an input: what it takes in, and what it leaves out. Expected sums are
 * worked out from the definition in engine/folder.h: 128-bit sums of the hashes of "PATH SIZE". */
#include "check.h"

#include "base/io.h"
#include "engine/folder.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];

static void put(const char *name, const char *text)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", root, name);
    assert_int_equal(qn_make_parent(path, NULL), QN_OK);
    assert_int_equal(qn_write_file(path, text, strlen(text), NULL), QN_OK);
}

static struct qn_folder identity(void)
{
    struct qn_folder folder;
    assert_int_equal(qn_folder_identity(root, &folder, NULL), QN_OK);
    return folder;
}

static bool same(const struct qn_folder *a, const struct qn_folder *b)
{
    return memcmp(&a->hash, &b->hash, sizeof a->hash) == 0;
}

static unsigned __int128 number(const struct qn_hash *hash)
{
    unsigned __int128 value = 0;
    for (size_t i = 0; i < QN_HASH_BYTES; i++)
        value = value << 8 | hash->bytes[i];
    return value;
}

static unsigned __int128 number_of(const char *line)
{
    struct qn_hash hash = qn_hash_of(line, strlen(line));
    return number(&hash);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/quern-test-folder-XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return qn_remove_tree(root, NULL);
}

static void test_every_file_below_counts_with_path_and_size(void **state)
{
    (void)state;
    put("a.csv", "one");
    put("2024/b.csv", "three");
    struct qn_folder folder = identity();
    assert_int_equal(folder.files, 2);
    assert_int_equal(folder.bytes, 8);
    assert_true(number(&folder.hash) == number_of("/a.csv 3") + number_of("/2024/b.csv 5"));
}

static void test_an_empty_folder_has_the_sum_of_nothing(void **state)
{
    (void)state;
    struct qn_folder folder = identity();
    assert_int_equal(folder.files, 0);
    assert_true(number(&folder.hash) == 0);
}

static void test_the_order_in_which_files_came_does_not_matter(void **state)
{
    (void)state;
    put("a", "1");
    put("b", "22");
    struct qn_folder first = identity();
    assert_int_equal(qn_remove_tree(root, NULL), QN_OK);
    put("b", "22");
    put("a", "1");
    struct qn_folder second = identity();
    assert_true(same(&first, &second));
}

static void test_another_size_or_name_is_another_folder(void **state)
{
    (void)state;
    put("a", "1");
    struct qn_folder before = identity();
    put("a", "12");
    struct qn_folder longer = identity();
    assert_false(same(&before, &longer));
    put("c", "1");
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/a", root);
    assert_int_equal(unlink(path), 0);
    struct qn_folder renamed = identity();
    assert_false(same(&before, &renamed));
}

static void test_what_is_hidden_does_not_count(void **state)
{
    (void)state;
    put("a", "1");
    struct qn_folder before = identity();
    put(".cache/x", "xyz");
    put(".a.swp", "xyz");
    struct qn_folder after = identity();
    assert_int_equal(after.files, 1);
    assert_true(same(&before, &after));
}

static void test_the_newest_time_is_that_of_the_newest_file(void **state)
{
    char path[PATH_MAX];
    (void)state;
    put("old", "1");
    put("new", "1");
    struct timespec times[2] = {{0, UTIME_OMIT}, {.tv_sec = 4000000000, .tv_nsec = 5}};
    snprintf(path, sizeof path, "%s/new", root);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    assert_true(identity().newest_ns == INT64_C(4000000000) * 1000000000 + 5);
}

static void test_a_folder_that_is_not_there_is_named(void **state)
{
    struct qn_folder folder;
    struct qn_error err;
    (void)state;
    assert_int_not_equal(qn_folder_identity("/nowhere/at/all", &folder, &err), QN_OK);
    assert_non_null(strstr(err.message, "/nowhere/at/all"));
}

#define FOLDER_TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(test_every_file_below_counts_with_path_and_size),
        FOLDER_TEST(test_an_empty_folder_has_the_sum_of_nothing),
        FOLDER_TEST(test_the_order_in_which_files_came_does_not_matter),
        FOLDER_TEST(test_another_size_or_name_is_another_folder),
        FOLDER_TEST(test_what_is_hidden_does_not_count),
        FOLDER_TEST(test_the_newest_time_is_that_of_the_newest_file),
        FOLDER_TEST(test_a_folder_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
