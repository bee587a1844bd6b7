/* Taking over the parts of a dataset that is made again: which, and never more than what is there
 * and whole. Old and new plans are written as a run writes them. */
#include "../fault/quiet.h"
#include "check.h"

#include "base/io.h"
#include "engine/part.h"
#include "engine/reuse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64], dataset[128], partial[128];
static const struct qn_option table[] = {
    {"level", QN_OPT_INT, "N", "1", "a choice that parts depend on"}, {0}};

struct job { /* what a plan is made of; a payload is one letter */
    const char *payloads;
    const char *level;
    uint32_t version;
};

static void open_plan(struct qn_plan_file *file, const char *folder)
{
    char run_dir[256];
    snprintf(run_dir, sizeof run_dir, "%s/.quern", folder);
    assert_int_equal(qn_plan_open(file, run_dir, NULL), QN_OK);
}

static void write_plan(const char *folder, const struct job *job)
{
    static const volatile sig_atomic_t cancelled;
    const struct qn_option *const tables[] = {table, NULL};
    const struct qn_pipeline pipeline = {.name = "test", .version = job->version};
    struct qn_options options;
    struct qn_plan plan;
    char run_dir[256];
    snprintf(run_dir, sizeof run_dir, "%s/.quern", folder);
    assert_int_equal(qn_make_dirs(run_dir, NULL), QN_OK);
    assert_int_equal(qn_options_init(&options, tables, NULL), QN_OK);
    assert_int_equal(qn_options_set(&options, table, job->level, NULL), QN_OK);
    assert_int_equal(qn_plan_init(&plan, &quiet, &cancelled, NULL), QN_OK);
    for (const char *payload = job->payloads; *payload; payload++)
        assert_int_equal(qn_plan_add(&plan, 1, 1, payload, 1, NULL), QN_OK);
    assert_int_equal(qn_plan_write(&plan, run_dir, &pipeline, "verb", &options, NULL), QN_OK);
    qn_plan_release(&plan);
    qn_options_release(&options);
}

/* The part of task `i`: its result is its payload, its file `LETTER.bin` holds that twice. */
static void write_part(const struct qn_plan_file *plan, uint64_t i)
{
    struct qn_task task = qn_plan_task(plan, i);
    const char letter = *(const char *)task.payload;
    char name[16];
    char folder[256];
    struct qn_outbox box;
    struct qn_output *output;
    struct qn_hash hash;
    uint64_t size;
    snprintf(name, sizeof name, "%c.bin", letter);
    snprintf(folder, sizeof folder, "%s/.quern/parts", dataset);
    assert_int_equal(qn_make_dirs(folder, NULL), QN_OK);
    qn_outbox_init(&box, dataset, NULL, i, 1);
    assert_int_equal(qn_outbox_create(&box, name, &output, NULL), QN_OK);
    assert_int_equal(qn_output_write(output, &letter, 1, NULL), QN_OK);
    assert_int_equal(qn_output_write(output, &letter, 1, NULL), QN_OK);
    assert_int_equal(qn_output_commit(output, NULL), QN_OK);
    assert_int_equal(qn_part_write(dataset, plan->digest, i, &box, &letter, 1, &size, &hash, NULL),
                     QN_OK);
    qn_outbox_release(&box);
}

static int make_dataset(void **state)
{
    static const struct job old = {"ABC", "1", 1};
    struct qn_plan_file plan;
    (void)state;
    snprintf(root, sizeof root, "/tmp/quern-test-reuse-XXXXXX");
    if (!mkdtemp(root))
        return -1;
    snprintf(dataset, sizeof dataset, "%s/x.ds", root);
    snprintf(partial, sizeof partial, "%s/x.ds.partial", root);
    write_plan(dataset, &old);
    open_plan(&plan, dataset);
    for (uint64_t i = 0; i < plan.count; i++)
        write_part(&plan, i);
    qn_plan_close(&plan);
    return 0;
}

static int remove_dataset(void **state)
{
    (void)state;
    return qn_remove_tree(root, NULL);
}

/* How many parts the new job takes over. */
static uint64_t reuse(const struct job *job)
{
    struct qn_plan_file plan;
    uint64_t count = 99;
    write_plan(partial, job);
    open_plan(&plan, partial);
    assert_int_equal(qn_reuse_parts(dataset, partial, &plan, &count, NULL), QN_OK);
    qn_plan_close(&plan);
    return count;
}

/* What task `i` of the new plan has taken over: the letter of its result, '-' for nothing. */
static char letter_of(uint64_t i)
{
    struct qn_plan_file plan;
    struct qn_part part;
    char letter = '-';
    open_plan(&plan, partial);
    if (!qn_part_read(partial, plan.digest, i, &part, NULL)) {
        assert_int_equal(part.result_len, 1);
        assert_true(qn_part_files_stand(partial, &part, QN_PART_HASHES));
        letter = *(const char *)part.result;
        qn_buf_release(&part.bytes);
    }
    qn_plan_close(&plan);
    return letter;
}

static void test_tasks_with_the_same_payload_take_their_parts_over_wherever_they_are(void **state)
{
    static const struct job job = {"CDA", "1", 1};
    (void)state;
    assert_int_equal(reuse(&job), 2);
    assert_int_equal(letter_of(0), 'C');
    assert_int_equal(letter_of(1), '-');
    assert_int_equal(letter_of(2), 'A');
}

static void test_what_is_taken_over_is_the_same_file_and_costs_no_space(void **state)
{
    static const struct job job = {"A", "1", 1};
    struct stat there, here;
    char path[256];
    (void)state;
    assert_int_equal(reuse(&job), 1);
    snprintf(path, sizeof path, "%s/A.bin", dataset);
    assert_int_equal(stat(path, &there), 0);
    snprintf(path, sizeof path, "%s/A.bin", partial);
    assert_int_equal(stat(path, &here), 0);
    assert_true(there.st_ino == here.st_ino && there.st_nlink == 2);
}

static void test_under_other_options_nothing_is_taken_over(void **state)
{
    static const struct job job = {"ABC", "2", 1};
    (void)state;
    assert_int_equal(reuse(&job), 0);
}

static void test_of_another_version_of_the_pipeline_nothing_is_taken_over(void **state)
{
    static const struct job job = {"ABC", "1", 2};
    (void)state;
    assert_int_equal(reuse(&job), 0);
}

static void test_where_there_is_no_dataset_nothing_is_taken_over(void **state)
{
    static const struct job job = {"ABC", "1", 1};
    (void)state;
    assert_int_equal(qn_remove_tree(dataset, NULL), QN_OK);
    assert_int_equal(reuse(&job), 0);
}

static void test_a_part_whose_file_has_another_size_is_made_again(void **state)
{
    static const struct job job = {"ABC", "1", 1};
    char path[256];
    (void)state;
    snprintf(path, sizeof path, "%s/B.bin", dataset);
    assert_int_equal(truncate(path, 1), 0);
    assert_int_equal(reuse(&job), 2);
    assert_int_equal(letter_of(1), '-');
}

static void test_a_damaged_part_is_made_again(void **state)
{
    static const struct job job = {"ABC", "1", 1};
    struct qn_buf bytes = {0};
    char path[PATH_MAX];
    (void)state;
    qn_part_path(dataset, 0, path);
    assert_int_equal(qn_read_file(path, &bytes, 1 << 20, NULL), QN_OK);
    bytes.data[bytes.len / 2] ^= 1;
    assert_int_equal(qn_write_file(path, bytes.data, bytes.len, NULL), QN_OK);
    qn_buf_release(&bytes);
    assert_int_equal(reuse(&job), 2);
    assert_int_equal(letter_of(0), '-');
}

/* A dataset may come from anybody. The list of a part's files must not lead out of it: what it
 * names is removed from the new dataset before it is linked. */
static void test_a_part_that_names_a_file_outside_is_refused_and_the_file_stays(void **state)
{
    static const struct job job = {"ABC", "1", 1};
    struct qn_buf bytes = {0};
    struct qn_plan_file plan;
    struct qn_outbox box = {.root = dataset, .count = 1};
    struct qn_hash hash = {0};
    uint64_t size;
    char path[PATH_MAX];
    (void)state;
    snprintf(path, sizeof path, "%s/precious", root);
    assert_int_equal(qn_write_file(path, "gold", 4, NULL), QN_OK);
    qn_buf_text(&box.files, "../precious");
    qn_buf_u64(&box.files, 4);
    qn_buf_append(&box.files, hash.bytes, sizeof hash.bytes);
    qn_buf_u32(&box.files, 0);
    open_plan(&plan, dataset);
    assert_int_equal(qn_part_write(dataset, plan.digest, 0, &box, "A", 1, &size, &hash, NULL),
                     QN_OK);
    qn_plan_close(&plan);
    qn_buf_release(&box.files);
    assert_int_equal(reuse(&job), 2);
    assert_int_equal(letter_of(0), '-');
    assert_int_equal(qn_read_file(path, &bytes, 16, NULL), QN_OK);
    assert_string_equal((char *)bytes.data, "gold");
    qn_buf_release(&bytes);
}

#define REUSE_TEST(function) cmocka_unit_test_setup_teardown(function, make_dataset, remove_dataset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        REUSE_TEST(test_tasks_with_the_same_payload_take_their_parts_over_wherever_they_are),
        REUSE_TEST(test_what_is_taken_over_is_the_same_file_and_costs_no_space),
        REUSE_TEST(test_under_other_options_nothing_is_taken_over),
        REUSE_TEST(test_of_another_version_of_the_pipeline_nothing_is_taken_over),
        REUSE_TEST(test_where_there_is_no_dataset_nothing_is_taken_over),
        REUSE_TEST(test_a_part_whose_file_has_another_size_is_made_again),
        REUSE_TEST(test_a_damaged_part_is_made_again),
        REUSE_TEST(test_a_part_that_names_a_file_outside_is_refused_and_the_file_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
