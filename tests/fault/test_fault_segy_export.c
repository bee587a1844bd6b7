/* Exporting and comparing a small dataset, with a failing call or the end of the process at any
 * place: an export is either whole under its name or not there at all and says why, nothing else is
 * left but by a process that died, and a comparison never tells of differences that are none.
 *
 * Each attempt runs the verb in a child, with one thread besides the main one. */
#include "../unit/check.h"
#include "saboteur.h"

#include "base/hash.h"
#include "base/io.h"
#include "engine/options.h"
#include "pipelines/segy/diff/diff.h"
#include "pipelines/segy/export/export.h"
#include "pipelines/segy/segy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STRUCK = 40 }; /* added to the exit code of a child in which a call was hit */

static char folder[64];
static char source[128], dataset[128], output[128], partial[160];
static struct qn_options export_options, diff_options;
static struct qn_hash expected;

static void silence(void)
{
    int null = open("/dev/null", O_WRONLY);
    dup2(null, 1);
    dup2(null, 2);
}

/* The exit status; a child that was ended by a signal is a failed test. */
static int wait_for(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* The program with these words, in a child. */
static int run_program(const char *const *words)
{
    static const struct qn_pipeline *const pipelines[] = {&qn_segy_pipeline, NULL};
    pid_t child = fork();
    if (child == 0) {
        char *arguments[16] = {NULL};
        int count = 0;
        for (; words[count]; count++)
            arguments[count] = strdup(words[count]);
        silence();
        _exit(qn_main(count, arguments, pipelines));
    }
    return wait_for(child);
}

/* A verb in a child, with its options ready before the n-th call of the plot is hit, if there is
 * one. Returns the child's exit status: 0 done, 1 failed, 3 different. */
static int run_verb(const struct plot *plot, uint64_t n, struct qn_options *options,
                    enum qn_status (*verb)(const struct qn_options *, struct qn_error *))
{
    pid_t child = fork();
    if (child == 0) {
        struct qn_error err;
        silence();
        saboteur_enter();
        if (plot)
            saboteur_arm(plot, n);
        enum qn_status status = verb(options, &err);
        int code = status == QN_ERR_FOUND ? 3 : status != QN_OK;
        _exit(code + (saboteur_struck() ? STRUCK : 0));
    }
    return wait_for(child);
}

static int run_export(const struct plot *plot, uint64_t n)
{
    return run_verb(plot, n, &export_options, qn_export_run);
}

static int run_diff(const struct plot *plot, uint64_t n)
{
    return run_verb(plot, n, &diff_options, qn_diff_run);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static void assert_whole(void)
{
    struct qn_hash hash;
    uint64_t size;
    assert_int_equal(qn_hash_file(output, &hash, &size, NULL), QN_OK);
    assert_memory_equal(&hash, &expected, sizeof hash);
}

static int make_survey(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/quern-fault-export-%d", (int)getpid());
    snprintf(source, sizeof source, "%s/x.sgy", folder);
    snprintf(dataset, sizeof dataset, "%s/x.ds", folder);
    snprintf(output, sizeof output, "%s/out.sgy", folder);
    snprintf(partial, sizeof partial, "%s.partial", output);
    const char *const synth[] = {"quern", "segy",         "synth", "-o",        source, "--inlines",
                                 "3",     "--crosslines", "10",    "--samples", "40",   NULL};
    const char *const import_words[] = {"quern", "segy",         "import",       source,
                                        "-o",    dataset,        "--in-process", "--chunk-traces",
                                        "8",     "--durability", "process",      NULL};
    uint64_t size;
    if (mkdir(folder, 0777) || run_program(synth) || run_program(import_words))
        return -1;
    const struct qn_option *const tables[] = {qn_export_options, NULL};
    const struct qn_option *const diff_tables[] = {qn_diff_options, NULL};
    if (qn_options_init(&export_options, tables, NULL) ||
        qn_options_init(&diff_options, diff_tables, NULL))
        return -1;
    json_object_set_new(export_options.values, "inputs", json_pack("[s]", dataset));
    json_object_set_new(export_options.values, "output", json_string(output));
    json_object_set_new(export_options.values, "jobs", json_integer(1));
    json_object_set_new(diff_options.values, "inputs", json_pack("[s, s]", source, dataset));
    json_object_set_new(diff_options.values, "jobs", json_integer(1));
    return qn_hash_file(source, &expected, &size, NULL) == QN_OK ? 0 : -1;
}

static int remove_survey(void **state)
{
    (void)state;
    qn_options_release(&export_options);
    qn_options_release(&diff_options);
    return qn_remove_tree(folder, NULL) == QN_OK ? 0 : -1;
}

/* Runs the export for every n until no call is left to be hit. */
static void assert_every_export_is_whole_or_nothing(const struct plot *plot)
{
    bool dies = plot->sabotage == SABOTAGE_DIE || plot->sabotage == SABOTAGE_TEAR;
    bool struck = true;
    uint64_t n = 1;
    for (; struck; n++) {
        int code = run_export(plot, n);
        struck = code == SABOTEUR_EXIT || code >= STRUCK;
        code -= code >= STRUCK && code != SABOTEUR_EXIT ? STRUCK : 0;
        assert_true(code == 0 || code == 1 || (dies && code == SABOTEUR_EXIT));
        if (code == 0 || exists(output))
            assert_whole();
        if (code != SABOTEUR_EXIT)
            assert_false(exists(partial) && plot->classes != CALL_REMOVING);
        unlink(output);
    }
    assert_true(n > 5);
    /* What was left hinders nobody. */
    assert_int_equal(run_export(NULL, 0), 0);
    assert_whole();
    assert_false(exists(partial));
    unlink(output);
}

static void test_out_of_memory_anywhere(void **state)
{
    (void)state;
    assert_every_export_is_whole_or_nothing(&(struct plot){CALL_ALLOCATION, ENOMEM, SABOTAGE_ONCE});
}

static void test_a_read_that_fails_anywhere(void **state)
{
    (void)state;
    assert_every_export_is_whole_or_nothing(&(struct plot){CALL_READING, EIO, SABOTAGE_ONCE});
}

static void test_a_disk_that_is_full_from_any_call_on(void **state)
{
    (void)state;
    assert_every_export_is_whole_or_nothing(&(struct plot){CALL_WRITING, ENOSPC, SABOTAGE_ALWAYS});
}

static void test_a_write_that_fails_anywhere(void **state)
{
    (void)state;
    assert_every_export_is_whole_or_nothing(&(struct plot){CALL_WRITING, EIO, SABOTAGE_ONCE});
}

static void test_a_file_that_cannot_be_removed_or_closed(void **state)
{
    (void)state;
    assert_every_export_is_whole_or_nothing(&(struct plot){CALL_REMOVING, EIO, SABOTAGE_ONCE});
}

static void test_the_end_of_the_process_anywhere(void **state)
{
    (void)state;
    assert_every_export_is_whole_or_nothing(
        &(struct plot){CALL_READING | CALL_WRITING | CALL_REMOVING, 0, SABOTAGE_DIE});
}

static void test_a_torn_write_anywhere(void **state)
{
    (void)state;
    assert_every_export_is_whole_or_nothing(&(struct plot){CALL_WRITING, 0, SABOTAGE_TEAR});
}

static void test_a_comparison_fails_or_tells_the_truth(void **state)
{
    (void)state;
    static const struct plot plots[] = {{CALL_ALLOCATION, ENOMEM, SABOTAGE_ONCE},
                                        {CALL_READING, EIO, SABOTAGE_ONCE}};
    for (size_t i = 0; i < 2; i++) {
        bool struck = true;
        for (uint64_t n = 1; struck; n++) {
            int code = run_diff(&plots[i], n);
            struck = code >= STRUCK;
            assert_true(code % STRUCK == 0 || code % STRUCK == 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_out_of_memory_anywhere),
        cmocka_unit_test(test_a_read_that_fails_anywhere),
        cmocka_unit_test(test_a_disk_that_is_full_from_any_call_on),
        cmocka_unit_test(test_a_write_that_fails_anywhere),
        cmocka_unit_test(test_a_file_that_cannot_be_removed_or_closed),
        cmocka_unit_test(test_the_end_of_the_process_anywhere),
        cmocka_unit_test(test_a_torn_write_anywhere),
        cmocka_unit_test(test_a_comparison_fails_or_tells_the_truth),
    };
    return cmocka_run_group_tests(tests, make_survey, remove_survey);
}
