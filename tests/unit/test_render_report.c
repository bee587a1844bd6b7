/* report.html of a real run: a tiny pipeline whose every third task fails, run in this process. */
#include "check.h"

#include "base/io.h"
#include "cli/cli.h"

#include <quern/quern.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the pipeline --------------------------------------------------------------------------- */

static enum qn_status plan(const struct qn_options *options, struct qn_plan *p,
                           struct qn_error *err)
{
    enum qn_status status = qn_plan_note(p, err, "cut at <half>");
    int64_t tasks = qn_option_int(options, "tasks");
    for (int64_t i = 0; !status && i < tasks; i++)
        status = qn_plan_add(p, 1, 1000, &i, sizeof i, err);
    return status;
}

static enum qn_status run_task(void *worker, struct qn_task_run *run, struct qn_error *err)
{
    (void)worker;
    if (qn_task_of(run)->index % 3 == 1)
        return qn_fail_at(err, QN_ERR_INPUT, "in & out.dat", 77, "the <gauge> is broken. Mend it.");
    return qn_task_result(run, "ok", 2, err);
}

static enum qn_status glue(struct qn_glue *g, struct qn_error *err)
{
    struct qn_output *output;
    enum qn_status status = qn_glue_create(g, "data.zarr/a/c/0", &output, err);
    if (!status)
        status = qn_output_write(output, "12345", 5, err);
    if (!status)
        status = qn_output_commit(output, err);
    return status ? status : qn_glue_fact(g, "grains_ground", "1234567", err);
}

static void describe(const struct qn_job *job, const struct qn_task *task, char *text, size_t size)
{
    (void)job;
    snprintf(text, size, "sack %llu", (unsigned long long)task->index);
}

static enum qn_status section(const struct qn_job *job, const char *manifest, char **html,
                              struct qn_error *err)
{
    (void)job;
    if (!strstr(manifest, "grains_ground"))
        return qn_fail(err, QN_ERR_CORRUPT, "no manifest");
    *html = strdup("<p id=\"own\">by the pipeline</p>\n");
    return QN_OK;
}

static enum qn_status broken_section(const struct qn_job *job, const char *manifest, char **html,
                                     struct qn_error *err)
{
    (void)job;
    (void)manifest;
    (void)html;
    return qn_fail(err, QN_ERR_INTERNAL, "the <pen> is dry.");
}

static const struct qn_option options[] = {{"tasks", QN_OPT_INT, "N", "4", "how many"}, {0}};
static const struct qn_verb verbs[] = {
    {.name = "grind", .inputs = "FOLDER", .summary = "grinds", .options = options}, {0}};
static struct qn_pipeline mill = {.name = "mill",
                                  .summary = "grinds sacks",
                                  .items = "grains",
                                  .version = 7,
                                  .verbs = verbs,
                                  .plan = plan,
                                  .run_task = run_task,
                                  .glue = glue,
                                  .describe = describe,
                                  .report = section};
static const struct qn_pipeline *const pipelines[] = {&mill, NULL};

/* ---- a run ---------------------------------------------------------------------------------- */

struct fixture {
    char folder[32];
    char dataset[64];
    char report[96];
};

static int run_program(const char *const *words, size_t count)
{
    char *argv[16];
    assert_true(count < 16);
    for (size_t i = 0; i < count; i++)
        argv[i] = (char *)(uintptr_t)words[i];
    argv[count] = NULL;
    return qn_main((int)count, argv, pipelines);
}

static int grind(const struct fixture *f, const char *tasks)
{
    const char *const words[] = {"miller",       "mill",       "grind", "/dev/null",
                                 "--tasks",      tasks,        "-o",    f->dataset,
                                 "--in-process", "--progress", "none"};
    return run_program(words, sizeof words / sizeof *words);
}

static int report_again(const struct fixture *f)
{
    const char *const words[] = {"miller", "report", f->dataset};
    return run_program(words, 3);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    snprintf(f->folder, sizeof f->folder, "/tmp/quern-report-XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    snprintf(f->dataset, sizeof f->dataset, "%s/it's.ds", f->folder);
    snprintf(f->report, sizeof f->report, "%s/report.html", f->dataset);
    mill.report = section;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    int status = (int)qn_remove_tree(f->folder, NULL);
    free(f);
    return status;
}

/* The report's text; the caller frees it. */
static char *report_of(const struct fixture *f)
{
    struct qn_buf text = {0};
    assert_int_equal(qn_read_file(f->report, &text, 1 << 20, NULL), QN_OK);
    qn_buf_u8(&text, '\0');
    return (char *)text.data;
}

static void assert_says(const struct fixture *f, const char *const *parts, size_t count)
{
    char *text = report_of(f);
    for (size_t i = 0; i < count; i++) {
        if (!strstr(text, parts[i]))
            fail_msg("the report lacks: %s", parts[i]);
    }
    free(text);
}

#define ASSERT_SAYS(f, ...)                                                                        \
    do {                                                                                           \
        static const char *const said[] = {__VA_ARGS__};                                           \
        assert_says(f, said, sizeof said / sizeof *said);                                          \
    } while (0)

static void test_report_says_what_was_made_of_what(void **state)
{
    assert_int_equal(grind(*state, "4"), 3);
    ASSERT_SAYS(*state, "<h1>it&#39;s.ds</h1>", "<dt>Job</dt><dd>mill grind: grinds sacks</dd>",
                "pipeline version 7", "<dt>--tasks</dt><dd>4</dd>", "cut at &lt;half&gt;",
                "<dt>grains ground</dt><dd>1,234,567</dd>", "<p id=\"own\">by the pipeline</p>");
}

static void test_report_counts_tasks_and_items(void **state)
{
    assert_int_equal(grind(*state, "4"), 3);
    ASSERT_SAYS(*state, "<dd>3 of 4 done</dd>", "<dd>3,000 of 4,000 grains</dd>",
                "Complete with gaps: 3 tasks are done, 1 failed.");
}

static void test_report_gives_reason_and_command_of_a_failed_task(void **state)
{
    const struct fixture *f = *state;
    char command[160];
    const char *const parts[] = {command};
    assert_int_equal(grind(f, "4"), 3);
    ASSERT_SAYS(f, "<h3>Task 1: sack 1</h3>", "the &lt;gauge&gt; is broken. Mend it.",
                "input, not retried after 1 attempt</dd>", "in &amp; out.dat at byte 77");
    snprintf(command, sizeof command, " task &#39;%s/it&#39;\\&#39;&#39;s.ds&#39; 1</code>",
             f->folder);
    assert_says(f, parts, 1);
}

static void test_report_says_how_many_failures_it_leaves_out(void **state)
{
    assert_int_equal(grind(*state, "160"), 3); /* 53 of them fail */
    ASSERT_SAYS(*state, "<h3>Task 148: sack 148</h3>", "3 more tasks failed. To list all:");
}

static void test_report_of_a_whole_dataset_has_no_failures(void **state)
{
    assert_int_equal(grind(*state, "1"), 0);
    char *text = report_of(*state);
    assert_non_null(strstr(text, "Complete: 1 of 1 tasks are done."));
    assert_null(strstr(text, "Failures"));
    free(text);
}

static void test_report_tells_how_to_open_the_data(void **state)
{
    const struct fixture *f = *state;
    char line[160];
    const char *const parts[] = {line};
    assert_int_equal(grind(f, "1"), 0);
    ASSERT_SAYS(f, "<td><code>data.zarr/</code></td><td class=\"r\">1</td><td class=\"r\">5 B");
    snprintf(line, sizeof line, "ds = xr.open_zarr(&quot;%s/it&#39;s.ds/data.zarr&quot;)</code>",
             f->folder);
    assert_says(f, parts, 1);
}

static void test_report_made_again_has_the_same_bytes(void **state)
{
    assert_int_equal(grind(*state, "4"), 3);
    char *before = report_of(*state);
    assert_int_equal(report_again(*state), 0);
    char *after = report_of(*state);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void test_a_section_that_fails_is_told_and_the_rest_is_there(void **state)
{
    mill.report = broken_section;
    assert_int_equal(grind(*state, "1"), 0);
    ASSERT_SAYS(*state, "sections of the pipeline are missing: the &lt;pen&gt; is dry.",
                "<dd>1 of 1 done</dd>", "</html>");
    assert_int_equal(report_again(*state), 1);
}

static void test_a_missing_run_json_is_an_error(void **state)
{
    const struct fixture *f = *state;
    char path[96];
    assert_int_equal(grind(f, "1"), 0);
    snprintf(path, sizeof path, "%s/run.json", f->dataset);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(report_again(f), 1);
}

#define RUN_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(test_report_says_what_was_made_of_what),
        RUN_TEST(test_report_counts_tasks_and_items),
        RUN_TEST(test_report_gives_reason_and_command_of_a_failed_task),
        RUN_TEST(test_report_says_how_many_failures_it_leaves_out),
        RUN_TEST(test_report_of_a_whole_dataset_has_no_failures),
        RUN_TEST(test_report_tells_how_to_open_the_data),
        RUN_TEST(test_report_made_again_has_the_same_bytes),
        RUN_TEST(test_a_section_that_fails_is_told_and_the_rest_is_there),
        RUN_TEST(test_a_missing_run_json_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
