/* What the engine costs: tasks that do nothing, each of them planned, sent to a worker, recorded in
 * the ledger and made durable as any other task is.
 *
 *   bench_engine empty run ANY_FILE --tasks 100000 --jobs 2 -o DATASET
 *
 * bench/run.py times it, beside tools that run as many empty tasks without recording them. */
#include <quern/quern.h>

#include <stddef.h>

static enum qn_status plan(const struct qn_options *options, struct qn_plan *plan,
                           struct qn_error *err)
{
    enum qn_status status = QN_OK;
    int64_t tasks = qn_option_int(options, "tasks");
    for (int64_t i = 0; i < tasks && !status; i++)
        status = qn_plan_add(plan, 1, 1, NULL, 0, err);
    return status;
}

static enum qn_status open_worker(const struct qn_job *job, void **worker, struct qn_error *err)
{
    (void)job;
    (void)err;
    *worker = NULL;
    return QN_OK;
}

static enum qn_status run_task(void *worker, struct qn_task_run *run, struct qn_error *err)
{
    (void)worker;
    (void)run;
    (void)err;
    return QN_OK;
}

static enum qn_status glue(struct qn_glue *glue, struct qn_error *err)
{
    (void)glue;
    (void)err;
    return QN_OK;
}

int main(int argc, char **argv)
{
    static const struct qn_option options[] = {
        {"tasks", QN_OPT_INT, "N", "100000", "how many tasks"}, {0}};
    static const struct qn_verb verbs[] = {
        {.name = "run", .inputs = "FILE", .summary = "run empty tasks", .options = options}, {0}};
    static const struct qn_pipeline empty = {.name = "empty",
                                             .summary = "tasks that do nothing",
                                             .items = "tasks",
                                             .version = 1,
                                             .verbs = verbs,
                                             .plan = plan,
                                             .open_worker = open_worker,
                                             .run_task = run_task,
                                             .glue = glue};
    static const struct qn_pipeline *const pipelines[] = {&empty, NULL};
    return qn_main(argc, argv, pipelines);
}
