/* A job that meets a failing call, or the end of its process, at any place says so clearly, leaves
 * nothing half-made under the dataset's name, and is completed by a later run to the same bytes.
 *
 * The job is a small one of the mill (tests/e2e), in one process. Each attempt runs in a child, so
 * that a crash is a failed test and not the end of it. */
#include "../e2e/mill.h"
#include "../unit/check.h"
#include "quiet.h"
#include "saboteur.h"

#include "base/io.h"
#include "engine/options.h"
#include "engine/run.h"
#include "engine/verify.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HASTE 200 /* how much faster time goes by: backoff then costs milliseconds */

#define PATIENCE_S 20

static char folder[64];
static char dataset[PATH_MAX];
static struct qn_options options, other_options;
static struct qn_buf reference, other; /* their manifest.json: it has the hash of every file */
static unsigned processes;             /* 0: in this process */

/* Stands before the C library's for everything that is linked into this program. */
int clock_gettime(clockid_t id, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, id, now);
    if (id != CLOCK_MONOTONIC || result < 0)
        return result;
    uint64_t ns = ((uint64_t)now->tv_sec * 1000000000u + (uint64_t)now->tv_nsec) * HASTE;
    now->tv_sec = (time_t)(ns / 1000000000u);
    now->tv_nsec = (long)(ns % 1000000000u);
    return 0;
}

static bool no_child_signals;

/* So does this one. */
int signalfd(int fd, const sigset_t *mask, int flags)
{
    if (no_child_signals && sigismember(mask, SIGCHLD)) {
        errno = ENOMEM;
        return -1;
    }
    return (int)syscall(SYS_signalfd4, fd, mask, _NSIG / 8, flags);
}

static struct qn_run_config config_of(unsigned jobs)
{
    return (struct qn_run_config){.output = dataset,
                                  .jobs = jobs,
                                  .in_process = jobs == 0,
                                  .overwrite = true,
                                  .retry_failed = true,
                                  .max_failures = UINT64_MAX,
                                  .max_failures_part = 1,
                                  .slice = 1,
                                  .slices = 1,
                                  .observer = &quiet};
}

static enum qn_status run_job(const struct qn_options *job, unsigned jobs,
                              struct qn_run_summary *summary, struct qn_error *err)
{
    struct qn_run_config config = config_of(jobs);
    *summary = (struct qn_run_summary){0};
    *err = (struct qn_error){.offset = -1};
    return qn_run_all(&config, &mill_pipeline, "grind", job, summary, err);
}

static void remove_dataset(void)
{
    char path[PATH_MAX + 16];
    assert_int_equal(qn_remove_tree(dataset, NULL), QN_OK);
    snprintf(path, sizeof path, "%s.partial", dataset);
    assert_int_equal(qn_remove_tree(path, NULL), QN_OK);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static void read_manifest(struct qn_buf *manifest)
{
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/manifest.json", dataset);
    assert_int_equal(qn_read_file(path, manifest, 1 << 20, NULL), QN_OK);
}

static bool is_same(const struct qn_buf *a, const struct qn_buf *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* A dataset of that name is the one of the job, or the one that it replaces; and it is whole. */
static void check_dataset(bool may_be_other)
{
    struct qn_buf manifest = {0};
    struct qn_verify verify;
    read_manifest(&manifest);
    if (!is_same(&manifest, &reference) && !(may_be_other && is_same(&manifest, &other)))
        fail_msg("another manifest than that of the run without faults:\n%s", manifest.data);
    assert_int_equal(qn_verify_run(&verify, dataset, &mill_pipeline, &quiet, NULL), QN_OK);
    assert_int_equal(json_array_size(verify.findings), 0);
    qn_verify_release(&verify);
    qn_buf_release(&manifest);
}

static int open_descriptors(void)
{
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (dir && readdir(dir))
        count++;
    if (dir)
        closedir(dir);
    return count;
}

/* How an attempt ended, as the exit status of its process. */
enum end {
    END_DONE,        /* without a failure that showed */
    END_GAPS,        /* complete, with tasks given up */
    END_ERROR,       /* with a clear message */
    END_UNTOUCHED,   /* there were fewer calls than that: the sweep is over */
    END_NO_MESSAGE,  /* with an error that says nothing: a fault */
    END_DESCRIPTORS, /* with descriptors left open: a fault */
    END_LEAK,        /* with memory lost: a fault */
    END_DIED = SABOTEUR_EXIT
};

static enum end attempt(const struct plot *plot, uint64_t n)
{
    struct qn_run_summary summary;
    struct qn_error err;
    int before = open_descriptors();
    saboteur_arm(plot, n);
    enum qn_status status = run_job(&options, processes, &summary, &err);
    bool struck = saboteur_struck();
    saboteur_arm(plot, 0);
    if (saboteur_leaks())
        return END_LEAK;
    if (open_descriptors() != before)
        return END_DESCRIPTORS;
    if (!struck)
        return END_UNTOUCHED;
    if (status)
        return strlen(err.message) > 10 ? END_ERROR : END_NO_MESSAGE;
    return summary.gave_up ? END_GAPS : END_DONE;
}

/* In a process of its own; fails the test if that process crashes. */
static enum end attempt_apart(const struct plot *plot, uint64_t n)
{
    int status;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(PATIENCE_S); /* one that hangs dies of it */
        _exit(attempt(plot, n));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status))
        fail_msg("call %llu: the process died of signal %d", (unsigned long long)n,
                 WTERMSIG(status));
    enum end end = (enum end)WEXITSTATUS(status);
    if (end >= END_NO_MESSAGE && end != END_DIED)
        fail_msg("call %llu: the attempt ended with %d", (unsigned long long)n, (int)end);
    return end;
}

/* A dataset that is there is whole, and a run without faults completes the job in any case. */
static void recover(uint64_t n, enum end end)
{
    struct qn_run_summary summary;
    struct qn_error err;
    if (exists(dataset) && end != END_GAPS)
        check_dataset(true);
    enum qn_status status = run_job(&options, 0, &summary, &err);
    if (status)
        fail_msg("after call %llu: %s", (unsigned long long)n, err.message);
    assert_int_equal(summary.gave_up, 0);
    check_dataset(false);
}

typedef void prepare_function(void);

static void prepare_nothing(void)
{
    remove_dataset();
}

/* A run that died half-way. */
static void prepare_half(void)
{
    static const struct plot plot = {CALL_WRITING, 0, SABOTAGE_DIE};
    remove_dataset();
    assert_int_equal(attempt_apart(&plot, 60), END_DIED);
}

/* The dataset of another job, to be replaced. */
static void prepare_other(void)
{
    struct qn_run_summary summary;
    struct qn_error err;
    remove_dataset();
    assert_int_equal(run_job(&other_options, 0, &summary, &err), QN_OK);
}

/* For every n: an attempt whose n-th call is hit, then recovery. Returns how many calls there
 * were. */
static uint64_t sweep(prepare_function *prepare, struct plot plot)
{
    for (uint64_t n = 1;; n++) {
        assert_true(n < 100000);
        prepare();
        enum end end = attempt_apart(&plot, n);
        if (prepare == prepare_other && end != END_DONE)
            assert_true(exists(dataset));
        recover(n, end);
        if (end == END_UNTOUCHED)
            return n - 1;
    }
}

static void test_any_failing_allocation_is_survived(void **state)
{
    (void)state;
    struct plot plot = {CALL_ALLOCATION, ENOMEM, SABOTAGE_ONCE};
    assert_true(sweep(prepare_nothing, plot) > 200);
    assert_true(sweep(prepare_half, plot) > 100);
}

static void test_memory_that_runs_out_anywhere_is_survived(void **state)
{
    (void)state;
    struct plot plot = {CALL_ALLOCATION, ENOMEM, SABOTAGE_ALWAYS};
    assert_true(sweep(prepare_nothing, plot) > 200);
}

static void test_a_disk_that_is_full_once_is_survived(void **state)
{
    (void)state;
    struct plot plot = {CALL_WRITING, ENOSPC, SABOTAGE_ONCE};
    assert_true(sweep(prepare_nothing, plot) > 100);
    assert_true(sweep(prepare_half, plot) > 50);
}

static void test_a_disk_that_stays_full_is_survived(void **state)
{
    (void)state;
    struct plot plot = {CALL_WRITING, ENOSPC, SABOTAGE_ALWAYS};
    assert_true(sweep(prepare_nothing, plot) > 100);
    assert_true(sweep(prepare_other, plot) > 100);
}

static void test_any_failing_write_is_survived(void **state)
{
    (void)state;
    struct plot plot = {CALL_WRITING, EIO, SABOTAGE_ONCE};
    assert_true(sweep(prepare_nothing, plot) > 100);
    assert_true(sweep(prepare_half, plot) > 50);
}

static void test_any_failing_read_is_survived(void **state)
{
    (void)state;
    struct plot plot = {CALL_READING, EIO, SABOTAGE_ONCE};
    assert_true(sweep(prepare_nothing, plot) > 50);
    assert_true(sweep(prepare_half, plot) > 50);
}

static void test_any_failing_close_or_removal_is_survived(void **state)
{
    (void)state;
    struct plot plot = {CALL_REMOVING, EIO, SABOTAGE_ONCE};
    assert_true(sweep(prepare_nothing, plot) > 50);
    assert_true(sweep(prepare_other, plot) > 50);
}

static void test_dying_at_any_call_is_survived(void **state)
{
    (void)state;
    struct plot plot = {CALL_READING | CALL_WRITING | CALL_REMOVING, 0, SABOTAGE_DIE};
    assert_true(sweep(prepare_nothing, plot) > 200);
    assert_true(sweep(prepare_half, plot) > 100);
}

static void test_dying_while_a_dataset_is_replaced_leaves_the_old_or_the_new(void **state)
{
    (void)state;
    struct plot plot = {CALL_WRITING | CALL_REMOVING, 0, SABOTAGE_DIE};
    assert_true(sweep(prepare_other, plot) > 200);
}

static void test_dying_in_the_middle_of_any_write_is_survived(void **state)
{
    (void)state;
    struct plot plot = {CALL_WRITING, 0, SABOTAGE_TEAR};
    assert_true(sweep(prepare_nothing, plot) > 100);
    assert_true(sweep(prepare_half, plot) > 50);
}

static void test_processes_that_cannot_be_made_are_survived(void **state)
{
    (void)state;
    processes = 2;
    assert_true(sweep(prepare_nothing, (struct plot){CALL_PROCESS, EAGAIN, SABOTAGE_ONCE}) >= 1);
    assert_true(sweep(prepare_nothing, (struct plot){CALL_PROCESS, EAGAIN, SABOTAGE_ALWAYS}) >= 1);
    processes = 0;
}

/* Coordinator and workers count each for themselves: all are hit at their n-th message. */
static void test_any_failing_message_between_processes_is_survived(void **state)
{
    (void)state;
    processes = 2;
    assert_true(sweep(prepare_nothing, (struct plot){CALL_MESSAGE, ENOBUFS, SABOTAGE_ONCE}) > 5);
    processes = 0;
}

/* Children of the crashed worker keep its socket open: only its parent can tell that it is gone. */
static void test_a_keeper_without_news_of_its_children_looks_for_them(void **state)
{
    static const struct qn_option trouble = {.name = "trouble", .type = QN_OPT_LIST};
    struct qn_run_summary summary;
    struct qn_error err;
    int status;
    (void)state;
    prepare_nothing();
    pid_t child = fork();
    if (child == 0) {
        alarm(PATIENCE_S);
        no_child_signals = true;
        assert_int_equal(qn_options_set(&options, &trouble, "fork@7:1,crash@7:1", &err), QN_OK);
        _exit(run_job(&options, 1, &summary, &err) || summary.gave_up > 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void write_grist(char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/grist", folder);
    assert_int_equal(qn_write_file(path, "spelt", 5, NULL), QN_OK);
}

static int set_up(void **state)
{
    const struct qn_option *tables[] = {mill_pipeline.verbs[0].options, NULL};
    char grist[PATH_MAX];
    struct qn_run_summary summary;
    struct qn_error err;
    (void)state;
    saboteur_enter();
    snprintf(folder, sizeof folder, "/tmp/quern-fault-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(dataset, sizeof dataset, "%s/flour.ds", folder);
    write_grist(grist);
    assert_int_equal(qn_options_init(&options, tables, &err), QN_OK);
    assert_int_equal(qn_options_add_input(&options, grist, &err), QN_OK);
    assert_int_equal(qn_options_init(&other_options, tables, &err), QN_OK);
    assert_int_equal(qn_options_add_input(&other_options, grist, &err), QN_OK);
    assert_int_equal(qn_options_set(&other_options, &tables[0][0], "3", &err), QN_OK);
    assert_int_equal(run_job(&options, 0, &summary, &err), QN_OK);
    read_manifest(&reference);
    assert_int_equal(run_job(&other_options, 0, &summary, &err), QN_OK);
    read_manifest(&other);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    qn_options_release(&options);
    qn_options_release(&other_options);
    qn_buf_release(&reference);
    qn_buf_release(&other);
    return qn_remove_tree(folder, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_failing_allocation_is_survived),
        cmocka_unit_test(test_memory_that_runs_out_anywhere_is_survived),
        cmocka_unit_test(test_a_disk_that_is_full_once_is_survived),
        cmocka_unit_test(test_a_disk_that_stays_full_is_survived),
        cmocka_unit_test(test_any_failing_write_is_survived),
        cmocka_unit_test(test_any_failing_read_is_survived),
        cmocka_unit_test(test_any_failing_close_or_removal_is_survived),
        cmocka_unit_test(test_dying_at_any_call_is_survived),
        cmocka_unit_test(test_dying_while_a_dataset_is_replaced_leaves_the_old_or_the_new),
        cmocka_unit_test(test_dying_in_the_middle_of_any_write_is_survived),
        cmocka_unit_test(test_processes_that_cannot_be_made_are_survived),
        cmocka_unit_test(test_any_failing_message_between_processes_is_survived),
        cmocka_unit_test(test_a_keeper_without_news_of_its_children_looks_for_them),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
