/* Replacing a dataset on a file system that cannot exchange two folders: wherever that is cut off,
 * the old dataset or the new one is there under its name once the next run has settled it. Datasets
 * are folders with the files that make them one, and a file that tells them apart. */
#include "check.h"

#include "base/io.h"
#include "base/sys.h"
#include "engine/rundir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char root[64], dataset[128], partial[128], aside[128];
static struct qn_sys real;
static unsigned changes_left; /* renames and removals until all fail, as after a crash */

static int no_exchange(const char *from, const char *to, unsigned flags)
{
    (void)from;
    (void)to;
    (void)flags;
    errno = EINVAL;
    return -1;
}

static bool may_change(void)
{
    errno = EIO;
    return changes_left > 0 && changes_left-- > 0;
}

static int counted_rename(const char *from, const char *to)
{
    return may_change() ? real.rename(from, to) : -1;
}

static int counted_unlink(const char *path)
{
    return may_change() ? real.unlink(path) : -1;
}

static int counted_rmdir(const char *path)
{
    return may_change() ? real.rmdir(path) : -1;
}

static void put(const char *folder, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(qn_make_parent(path, NULL), QN_OK);
    assert_int_equal(qn_write_file(path, text, strlen(text), NULL), QN_OK);
}

static void make(const char *folder, const char *which)
{
    put(folder, "manifest.json", "{}");
    put(folder, ".quern/plan.json", "{}");
    put(folder, "which", which);
}

static const char *which_is(const char *folder)
{
    static struct qn_buf text;
    char path[256];
    snprintf(path, sizeof path, "%s/which", folder);
    qn_buf_clear(&text);
    return qn_read_file(path, &text, 64, NULL) ? "none" : (const char *)text.data;
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static int make_both(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/quern-test-rundir-XXXXXX");
    if (!mkdtemp(root))
        return -1;
    snprintf(dataset, sizeof dataset, "%s/x.ds", root);
    snprintf(partial, sizeof partial, "%s/x.ds.partial", root);
    snprintf(aside, sizeof aside, "%s/x.ds.partial.old", root);
    make(dataset, "old");
    make(partial, "new");
    real = qn_sys;
    qn_sys.renameat2 = no_exchange;
    return 0;
}

static int remove_both(void **state)
{
    (void)state;
    qn_sys = real;
    return qn_remove_tree(root, NULL);
}

static enum qn_status publish(void)
{
    struct qn_rundir dir;
    assert_int_equal(qn_rundir_find(&dir, dataset, NULL), QN_OK);
    return qn_rundir_publish(&dir, NULL);
}

static void settle(struct qn_rundir *dir)
{
    assert_int_equal(qn_rundir_find(dir, dataset, NULL), QN_OK);
    assert_int_equal(qn_rundir_settle(dir, NULL), QN_OK);
}

/* Publishes with a crash after so many renames and removals. */
static void publish_until(unsigned changes)
{
    /* The mark in the old dataset is written by a rename, too. */
    changes_left = changes + 1;
    qn_sys.rename = counted_rename;
    qn_sys.unlink = counted_unlink;
    qn_sys.rmdir = counted_rmdir;
    assert_int_not_equal(publish(), QN_OK);
    qn_sys.rename = real.rename;
    qn_sys.unlink = real.unlink;
    qn_sys.rmdir = real.rmdir;
}

static void test_two_renames_replace_a_dataset(void **state)
{
    (void)state;
    assert_int_equal(publish(), QN_OK);
    assert_string_equal(which_is(dataset), "new");
    assert_false(is_there(partial));
    assert_false(is_there(aside));
}

static void test_cut_off_between_the_renames_the_old_dataset_gets_its_name_back(void **state)
{
    struct qn_rundir dir;
    (void)state;
    publish_until(1);
    assert_false(is_there(dataset));
    settle(&dir);
    assert_string_equal(which_is(dataset), "old");
    assert_true(dir.dataset_is_ours);
    assert_true(dir.partial_has_plan);
    assert_int_equal(publish(), QN_OK);
    assert_string_equal(which_is(dataset), "new");
    assert_false(is_there(partial));
    assert_false(is_there(aside));
}

static void test_cut_off_after_the_renames_the_old_dataset_is_removed(void **state)
{
    struct qn_rundir dir;
    (void)state;
    for (unsigned changes = 2; changes < 5; changes++) {
        publish_until(changes);
        assert_string_equal(which_is(dataset), "new");
        assert_true(is_there(aside));
        settle(&dir);
        assert_string_equal(which_is(dataset), "new");
        assert_false(is_there(aside));
        make(partial, "new");
    }
}

static void test_what_is_no_dataset_does_not_cost_the_old_one(void **state)
{
    struct qn_rundir dir;
    (void)state;
    publish_until(1);
    put(dataset, "notes", "of the user");
    settle(&dir);
    assert_string_equal(which_is(aside), "old");
}

static void test_links_in_a_dataset_are_not_followed_when_it_is_reopened(void **state)
{
    struct qn_rundir dir;
    char link[256], copy[256];
    (void)state;
    put(root, "secret", "gold");
    snprintf(link, sizeof link, "%s/.quern/x", dataset);
    snprintf(copy, sizeof copy, "%s/.quern/x", partial);
    assert_int_equal(symlink("../../secret", link), 0);
    assert_int_equal(qn_remove_tree(partial, NULL), QN_OK);
    assert_int_equal(qn_rundir_find(&dir, dataset, NULL), QN_OK);
    assert_int_equal(qn_rundir_reopen(&dir, NULL), QN_OK);
    assert_string_equal(which_is(partial), "old");
    assert_false(is_there(copy));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_two_renames_replace_a_dataset, make_both, remove_both),
        cmocka_unit_test_setup_teardown(
            test_cut_off_between_the_renames_the_old_dataset_gets_its_name_back, make_both,
            remove_both),
        cmocka_unit_test_setup_teardown(test_cut_off_after_the_renames_the_old_dataset_is_removed,
                                        make_both, remove_both),
        cmocka_unit_test_setup_teardown(test_what_is_no_dataset_does_not_cost_the_old_one,
                                        make_both, remove_both),
        cmocka_unit_test_setup_teardown(
            test_links_in_a_dataset_are_not_followed_when_it_is_reopened, make_both, remove_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
