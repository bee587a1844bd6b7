/* The mill's pipeline: see mill.h.
 *
 * Every fourth task leaves a file of the dataset, every fourth a part for glue to copy, every
 * fourth a result small enough for the ledger, every fourth one that is too large for it. Glue
 * bakes all but the files into one loaf, in plan order. All bytes follow from the grist's content,
 * the task's index and --bytes.
 */
#include "mill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEP_MS     5
#define BLOCK       4096u
#define LARGE_BYTES 9000u /* a result that goes to a part file */

enum product { FLOUR_FILE, FLOUR_PART, SMALL_RESULT, LARGE_RESULT, PRODUCTS };

struct sack { /* a task's payload */
    uint64_t seed;
    uint64_t bytes;
};

struct millstone { /* what a worker prepares */
    struct mill_troubles *troubles;
    int64_t work_ms;
};

static const struct qn_option grind_options[] = {
    {"tasks", QN_OPT_INT, "N", "8", "how many tasks"},
    {"bytes", QN_OPT_INT, "N", "1000", "how many bytes each file or part holds"},
    {"work", QN_OPT_INT, "MS", "0", "how long a task takes"},
    {"knead", QN_OPT_INT, "MS", "0", "how long glue takes for each task"},
    {"trouble", QN_OPT_LIST, "KIND@TASK[:NUMBER],...", NULL, "tasks that misbehave, and how"},
    {0}};

static enum product product_of(const struct qn_task *task)
{
    return (enum product)(task->index % PRODUCTS);
}

static void path_of(const struct qn_task *task, char path[64])
{
    bool part = product_of(task) == FLOUR_PART;
    snprintf(path, 64, part ? ".quern/parts/%llu.flour" : "flour/%05llu.bin",
             (unsigned long long)task->index);
}

/* splitmix64 (Steele, Lea, Flood 2014): byte i of a sack is the low byte of the i-th number. */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static void mill_bytes(uint64_t seed, uint64_t offset, uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)mix(seed + offset + i);
}

/* ---- plan ----------------------------------------------------------------------------------- */

static enum qn_status taste(const char *path, uint64_t *seed, struct qn_error *err)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return qn_fail_at(err, QN_ERR_IO, path, -1, "cannot read '%s'. Check the name.", path);
    *seed = 0;
    for (int byte; (byte = getc(file)) != EOF;)
        *seed = mix(*seed ^ (uint64_t)byte);
    fclose(file);
    return QN_OK;
}

static uint64_t bytes_of(enum product product, uint64_t index, uint64_t bytes)
{
    if (product == SMALL_RESULT)
        return 100 + index % 10;
    return product == LARGE_RESULT ? LARGE_BYTES + index % 10 : bytes;
}

static enum qn_status plan(const struct qn_options *options, struct qn_plan *plan,
                           struct qn_error *err)
{
    const char *grist = qn_option_input(options, 0);
    uint64_t tasks = (uint64_t)qn_option_int(options, "tasks");
    uint64_t bytes = (uint64_t)qn_option_int(options, "bytes");
    struct mill_troubles *troubles;
    uint64_t seed = 0;
    enum qn_status status = mill_troubles_new(&troubles, options, err);
    if (status)
        return status;
    mill_troubles_free(troubles);
    status = taste(grist, &seed, err);
    if (!status)
        status = qn_plan_input(plan, grist, err);
    for (uint64_t i = 0; !status && i < tasks; i++) {
        struct sack sack = {mix(seed + i), bytes_of(i % PRODUCTS, i, bytes)};
        /* Costs differ, so that the order of work is not the order of the plan. */
        status = qn_plan_add(plan, (1 + i % 3) * 1000, 10, &sack, sizeof sack, err);
    }
    qn_plan_expect_bytes(plan, tasks * bytes);
    return status ? status
                  : qn_plan_note(plan, err, "%llu sacks to grind", (unsigned long long)tasks);
}

/* ---- work ----------------------------------------------------------------------------------- */

static enum qn_status open_worker(const struct qn_job *job, void **worker, struct qn_error *err)
{
    struct millstone *stone = calloc(1, sizeof *stone);
    if (!stone)
        return qn_fail_memory(err, "the millstone", sizeof *stone);
    stone->work_ms = qn_option_int(job->options, "work");
    enum qn_status status = mill_troubles_new(&stone->troubles, job->options, err);
    if (status) {
        free(stone);
        return status;
    }
    mill_make_opening_trouble(stone->troubles);
    *worker = stone;
    return QN_OK;
}

static void close_worker(void *worker)
{
    struct millstone *stone = worker;
    mill_troubles_free(stone->troubles);
    free(stone);
}

enum qn_status mill_work(const struct qn_task_run *run, int64_t ms)
{
    for (int64_t done = 0; done < ms; done += STEP_MS) {
        if (qn_task_cancelled(run))
            return QN_ERR_CANCELLED;
        usleep(1000 * (useconds_t)(ms - done < STEP_MS ? ms - done : STEP_MS));
    }
    return QN_OK;
}

/* Bytes from..to of the sack, to the output if there is one, else to the result. */
static enum qn_status pour(struct qn_task_run *run, struct qn_output *output, uint64_t from,
                           uint64_t to, struct qn_error *err)
{
    const struct sack *sack = qn_task_of(run)->payload;
    enum qn_status status = QN_OK;
    while (!status && from < to) {
        uint8_t block[BLOCK];
        size_t len = to - from < BLOCK ? (size_t)(to - from) : BLOCK;
        mill_bytes(sack->seed, from, block, len);
        status = output ? qn_output_write(output, block, len, err)
                        : qn_task_result(run, block, len, err);
        from += len;
    }
    return status;
}

static enum qn_status run_task(void *worker, struct qn_task_run *run, struct qn_error *err)
{
    const struct millstone *stone = worker;
    const struct qn_task *task = qn_task_of(run);
    const struct sack *sack = task->payload;
    struct qn_output *output = NULL;
    enum qn_status status = QN_OK;
    if (product_of(task) <= FLOUR_PART) {
        char path[64];
        path_of(task, path);
        status = qn_task_create(run, path, &output, err);
    }
    if (!status)
        status = pour(run, output, 0, sack->bytes / 2, err);
    if (!status)
        status = mill_work(run, stone->work_ms);
    qn_task_progress(run, task->items / 2);
    if (!status) /* in the middle, so that there is something half-made to clean up */
        status = mill_make_trouble(stone->troubles, run, err);
    if (!status)
        status = pour(run, output, sack->bytes / 2, sack->bytes, err);
    if (status) {
        qn_output_discard(output);
        return status;
    }
    return output ? qn_output_commit(output, err) : QN_OK;
}

static void describe(const struct qn_job *job, const struct qn_task *task, char *text, size_t size)
{
    const struct sack *sack = task->payload;
    (void)job;
    snprintf(text, size, "sack %llu of %llu bytes", (unsigned long long)task->index,
             (unsigned long long)sack->bytes);
}

/* ---- glue ----------------------------------------------------------------------------------- */

static enum qn_status knead(struct qn_glue *glue, uint64_t i, struct qn_error *err)
{
    int64_t ms = qn_option_int(qn_glue_job(glue)->options, "knead");
    for (int64_t done = 0; done < ms; done += STEP_MS) {
        if (qn_glue_cancelled(glue))
            return qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
        usleep(1000 * STEP_MS);
    }
    qn_glue_progress(glue, i + 1, qn_glue_count(glue));
    return QN_OK;
}

static enum qn_status add_to_loaf(struct qn_glue *glue, const struct qn_task *task,
                                  struct qn_output *loaf, struct qn_error *err)
{
    const struct sack *sack = task->payload;
    const void *bytes;
    size_t len;
    char path[64];
    if (product_of(task) == FLOUR_FILE)
        return QN_OK;
    path_of(task, path);
    if (product_of(task) == FLOUR_PART)
        return qn_output_append_file(loaf, glue, path, 0, sack->bytes, err);
    enum qn_status status = qn_glue_result(glue, task->index, &bytes, &len, err);
    return status ? status : qn_output_write(loaf, bytes, len, err);
}

static enum qn_status glue(struct qn_glue *glue, struct qn_error *err)
{
    struct qn_output *loaf = NULL;
    uint64_t used = 0;
    enum qn_status status = qn_glue_create(glue, "loaf.bin", &loaf, err);
    for (uint64_t i = 0; !status && i < qn_glue_count(glue); i++) {
        bool done;
        const struct qn_task *task = qn_glue_task(glue, i, &done);
        used += done;
        status = knead(glue, i, err);
        if (!status && done)
            status = add_to_loaf(glue, task, loaf, err);
    }
    if (status) {
        qn_output_discard(loaf);
        return status;
    }
    char fact[64];
    snprintf(fact, sizeof fact, "{\"sacks\": %llu}", (unsigned long long)used);
    status = qn_output_commit(loaf, err);
    return status ? status : qn_glue_fact(glue, "loaf", fact, err);
}

static const struct qn_verb verbs[] = {{.name = "grind",
                                        .inputs = "GRIST",
                                        .summary = "grind a file to flour",
                                        .options = grind_options},
                                       {0}};

const struct qn_pipeline mill_pipeline = {.name = "grain",
                                          .summary = "grinds grain, for tests",
                                          .items = "grains",
                                          .version = 1,
                                          .verbs = verbs,
                                          .plan = plan,
                                          .open_worker = open_worker,
                                          .run_task = run_task,
                                          .close_worker = close_worker,
                                          .glue = glue,
                                          .describe = describe};
