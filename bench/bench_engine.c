/* What the engine costs: tasks that do nothing, each of them planned, sent to a worker, recorded in
 * the ledger and made durable as any other task is. On request they have payloads and results, and
 * leave part files that glue joins.
 *
 *   bench_engine empty run ANY_FILE --tasks 100000 --jobs 2 -o DATASET
 *
 * bench/parts/engine.py times it beside tools that run as many empty tasks without recording them;
 * bench/parts/scale.py looks at how its costs grow. */
#include <quern/quern.h>

#include <stddef.h>
#include <stdio.h>

static const uint8_t nothing[4096];

static size_t bytes_of(const struct qn_options *options, const char *name)
{
    int64_t bytes = qn_option_int(options, name);
    return bytes < 0 ? 0 : bytes > (int64_t)sizeof nothing ? sizeof nothing : (size_t)bytes;
}

static enum qn_status plan(const struct qn_options *options, struct qn_plan *plan,
                           struct qn_error *err)
{
    enum qn_status status = QN_OK;
    int64_t tasks = qn_option_int(options, "tasks");
    size_t payload = bytes_of(options, "payload");
    for (int64_t i = 0; i < tasks && !status; i++)
        status = qn_plan_add(plan, 1, 1, nothing, payload, err);
    return status;
}

static enum qn_status open_worker(const struct qn_job *job, void **worker, struct qn_error *err)
{
    (void)err;
    *worker = (void *)job;
    return QN_OK;
}

/* A thousand parts a folder, as pipelines with many parts do it. */
static void part_path(char path[64], uint64_t task)
{
    snprintf(path, 64, ".quern/parts/%llu/%llu", (unsigned long long)(task / 1000),
             (unsigned long long)task);
}

static enum qn_status write_part(struct qn_task_run *run, size_t bytes, struct qn_error *err)
{
    char path[64];
    struct qn_output *output;
    part_path(path, qn_task_of(run)->index);
    enum qn_status status = qn_task_create(run, path, &output, err);
    if (status)
        return status;
    status = qn_output_write(output, nothing, bytes, err);
    if (!status)
        return qn_output_commit(output, err);
    qn_output_discard(output);
    return status;
}

static enum qn_status run_task(void *worker, struct qn_task_run *run, struct qn_error *err)
{
    const struct qn_job *job = worker;
    size_t part = bytes_of(job->options, "part");
    enum qn_status status = part ? write_part(run, part, err) : QN_OK;
    return status ? status : qn_task_result(run, nothing, bytes_of(job->options, "result"), err);
}

/* Reads every result and joins the parts. */
static enum qn_status glue(struct qn_glue *glue, struct qn_error *err)
{
    size_t part = bytes_of(qn_glue_job(glue)->options, "part");
    uint64_t count = qn_glue_count(glue);
    struct qn_output *output;
    enum qn_status status = qn_glue_create(glue, "joined.bin", &output, err);
    if (status)
        return status;
    for (uint64_t i = 0; i < count && !status; i++) {
        char path[64];
        const void *result;
        size_t len;
        part_path(path, i);
        status = qn_glue_result(glue, i, &result, &len, err);
        if (!status && part)
            status = qn_output_append_file(output, glue, path, 0, part, err);
    }
    if (!status)
        return qn_output_commit(output, err);
    qn_output_discard(output);
    return status;
}

int main(int argc, char **argv)
{
    static const struct qn_option options[] = {
        {"tasks", QN_OPT_INT, "N", "100000", "how many tasks"},
        {"payload", QN_OPT_INT, "BYTES", "0", "of each task"},
        {"result", QN_OPT_INT, "BYTES", "0", "of each task"},
        {"part", QN_OPT_INT, "BYTES", "0", "of the part file of each task; 0: none"},
        {0}};
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
