/* The work of a run: its ledger, what earlier sessions left, the coordinator: see run_steps.h. */
#include "base/json_memory.h"
#include "engine/run_steps.h"

#include "base/io.h"
#include "base/listing.h"
#include "base/sys.h"
#include "engine/coordinate.h"
#include "engine/part.h"
#include "engine/slices.h"

#include <inttypes.h>
#include <quern/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What this process works on: all tasks (slice_of is NULL), or a slice that it has claimed. */
struct share {
    const uint32_t *slice_of;
    struct qn_claim claim;
};

static bool is_ours(const struct share *share, uint64_t task)
{
    return !share->slice_of || share->slice_of[task] == share->claim.slice;
}

/* Parts that were published but never recorded are taken over once their hashes are checked. */
static enum qn_status adopt_parts(struct qn_run *run, const struct share *share,
                                  struct qn_history *history, struct qn_ledger *ledger,
                                  struct qn_error *err)
{
    char path[PATH_MAX];
    struct qn_listing listing;
    snprintf(path, sizeof path, "%s/.quern/parts", run->dir.partial);
    enum qn_status status = qn_listing_open_if_any(&listing, path, err);
    while (qn_listing_next(&listing, &status, err)) {
        char *end;
        uint64_t task = strtoull(listing.name, &end, 10);
        struct qn_part part;
        if (end == listing.name || strcmp(end, ".part") != 0 || task >= history->count ||
            !is_ours(share, task) || history->tasks[task].state == QN_TASK_DONE ||
            qn_part_read(run->dir.partial, run->plan.digest, task, &part, NULL))
            continue;
        if (qn_part_files_stand(run->dir.partial, &part, QN_PART_HASHES)) {
            struct qn_record record = {.type = QN_RECORD_DONE,
                                       .task = task,
                                       .attempt = history->tasks[task].attempts + 1,
                                       .in_part = true,
                                       .part_size = part.bytes.len,
                                       .part_hash = qn_hash_of(part.bytes.data, part.bytes.len)};
            status = qn_ledger_record(ledger, &record, err);
            history->tasks[task].state = QN_TASK_DONE;
            history->done++;
        }
        qn_buf_release(&part.bytes);
    }
    qn_listing_close(&listing);
    return status;
}

/* A task recorded done whose files are gone must run again; its later DONE record counts. */
static void drop_lost_parts(struct qn_run *run, struct qn_history *history)
{
    for (uint64_t i = 0; i < history->count; i++) {
        struct qn_task_history *task = &history->tasks[i];
        struct qn_part part;
        if (task->state != QN_TASK_DONE || !task->in_part)
            continue;
        bool stands = !qn_part_read(run->dir.partial, run->plan.digest, i, &part, NULL);
        if (stands) {
            stands = qn_part_files_stand(run->dir.partial, &part, QN_PART_SIZES);
            qn_buf_release(&part.bytes);
        }
        if (!stands) {
            task->state = QN_TASK_OPEN;
            history->done--;
        }
    }
}

static enum qn_status record_opened(struct qn_run *run, const struct share *share,
                                    struct qn_ledger *ledger, unsigned jobs, struct qn_error *err)
{
    char host[128] = "?";
    gethostname(host, sizeof host - 1);
    json_t *opened = json_pack(
        "{s:s, s:s, s:i, s:i, s:s, s:i, s:i, s:I}", "quern", QUERN_VERSION, "digest",
        run->plan.digest, "slice", (int)share->claim.slice, "slices", (int)share->claim.slices,
        "host", host, "pid", (int)getpid(), "jobs", (int)jobs, "time_us", (json_int_t)qn_wall_us());
    char *text = qn_json_dump(opened, JSON_COMPACT);
    struct qn_record record = {.type = QN_RECORD_OPENED, .offset = -1, .text = text};
    enum qn_status status =
        text ? qn_ledger_record(ledger, &record, err) : qn_fail_memory(err, "a ledger record", 1);
    if (!status)
        status = qn_ledger_commit(ledger, err);
    free(text);
    json_decref(opened);
    return status;
}

static uint64_t memory_limit(const struct qn_run *run, unsigned jobs)
{
    if (run->config->memory_limit)
        return run->config->memory_limit;
    return qn_machine_memory(NULL) / 10 * 9 / jobs;
}

/* What a batch scheduler granted, as it may be less than the machine has. */
static void tell_limits(const struct qn_run *run, unsigned jobs)
{
    const char *cpus_from;
    const char *memory_from;
    unsigned cpus = qn_machine_cpus(&cpus_from);
    double memory = (double)qn_machine_memory(&memory_from);
    qn_run_say(run, QN_INFO,
               "job %s: %u workers; %u CPUs by %s, %.1f GB of memory by %s, %.1f GB per worker",
               run->config->claimant.job, jobs, cpus, cpus_from, memory / 1e9, memory_from,
               (double)memory_limit(run, jobs) / 1e9);
}

/* A crash tears the last record; a bit may also have changed where no later record vouches for it.
 */
static void tell_cut(const struct qn_run *run, const struct qn_ledger *ledger)
{
    struct qn_ledger_tail cut = qn_ledger_cut(ledger);
    if (cut.bytes > 0)
        qn_run_say(run, QN_INFO,
                   "the ledger is torn or damaged at byte %" PRIu64 ", in record %" PRIu64
                   ", its end: %" PRIu64 " bytes are cut, and what they recorded is done again",
                   cut.offset, cut.records, cut.bytes);
}

static enum qn_status work_on(struct qn_run *run, const struct share *share,
                              struct qn_history *history, struct qn_ledger *ledger,
                              struct qn_error *err)
{
    const struct qn_run_config *config = run->config;
    unsigned jobs = config->jobs ? config->jobs : qn_machine_cpus(NULL);
    char parts[PATH_MAX];
    if (config->in_process)
        jobs = 1;
    if (jobs > 4096)
        return qn_fail(err, QN_ERR_USAGE, "--jobs %u is more than 4096.", jobs);
    struct qn_workplace place = {.pipeline = run->pipeline,
                                 .plan = &run->plan,
                                 .root = run->dir.partial,
                                 .scratch = config->scratch,
                                 .ledger = ledger,
                                 .workers = jobs,
                                 .memory_limit = memory_limit(run, jobs)};
    struct qn_work work = {.place = &place,
                           .history = history,
                           .ledger = ledger,
                           .observer = config->observer,
                           .in_process = config->in_process,
                           .slice_of = share->slice_of,
                           .slice = share->claim.slice,
                           .max_batch = config->max_batch,
                           .timeout_us = config->timeout_us,
                           .timeout_factor = config->timeout_factor,
                           .max_failures = config->max_failures,
                           .max_failures_part = config->max_failures_part};
    if (config->claimant.job)
        tell_limits(run, jobs);
    enum qn_status status = record_opened(run, share, ledger, jobs, err);
    snprintf(parts, sizeof parts, "%s/.quern/parts", run->dir.partial);
    if (!status)
        status = qn_make_dirs(parts, err);
    if (!status && !share->slice_of)
        status = qn_sweep_temporaries(run->dir.partial, err);
    if (!status)
        status = adopt_parts(run, share, history, ledger, err);
    if (!status)
        status = qn_ledger_commit(ledger, err);
    return status ? status : qn_coordinate(&work, err);
}

static enum qn_status work_share(struct qn_run *run, const struct share *share,
                                 struct qn_error *err)
{
    char path[PATH_MAX];
    struct qn_history history;
    struct qn_ledger *ledger = NULL;
    int len = snprintf(path, sizeof path, "%s/.quern/ledger", run->dir.partial);
    if (share->slice_of)
        snprintf(path + len, sizeof path - (size_t)len, ".%u-of-%u.%u", share->claim.slice,
                 share->claim.slices, share->claim.generation);
    enum qn_status status = qn_ledger_open(&ledger, path, err);
    if (!status)
        status = qn_history_read(&history, run->dir.partial, &run->plan, NULL, NULL, err);
    if (status) {
        qn_ledger_free(ledger);
        return status;
    }
    tell_cut(run, ledger);
    drop_lost_parts(run, &history);
    for (uint64_t i = 0; run->config->retry_failed && i < history.count; i++) {
        if (history.tasks[i].state == QN_TASK_GAVE_UP)
            history.tasks[i].state = QN_TASK_OPEN;
    }
    status = work_on(run, share, &history, ledger, err);
    qn_ledger_free(ledger);
    qn_history_release(&history);
    return status;
}

/* ---- slices --------------------------------------------------------------------------------- */

enum qn_status qn_run_open_slices(const struct qn_plan_file *plan, const char *root,
                                  unsigned slices, bool retry_failed, bool **wanted, uint64_t *open,
                                  struct qn_error *err)
{
    struct qn_history history = {0};
    uint32_t *slice_of = NULL;
    *open = 0;
    *wanted = qn_sys.calloc(slices + 1ul, sizeof **wanted);
    if (!*wanted)
        return qn_fail_memory(err, "the slices", slices);
    enum qn_status status = qn_history_read(&history, root, plan, NULL, NULL, err);
    if (!status)
        status = qn_slices_deal(plan, slices, &slice_of, err);
    for (uint64_t i = 0; i < history.count && !status; i++) {
        enum qn_task_state state = history.tasks[i].state;
        if (state == QN_TASK_DONE || (state == QN_TASK_GAVE_UP && !retry_failed))
            continue;
        (*wanted)[slice_of[i]] = true;
        ++*open;
    }
    free(slice_of);
    qn_history_release(&history);
    return status;
}

/* A whole run holds a lock, which a slice does not take: it looks after its claim is made, and a
 * whole run looks for claims after it has the lock, so that not both go on. */
static enum qn_status refuse_whole_run(struct qn_run *run, struct qn_error *err)
{
    char owner[256];
    if (!qn_rundir_is_live(run->dir.partial, owner, sizeof owner))
        return QN_OK;
    return qn_fail_at(err, QN_ERR_EXISTS, run->dir.partial, -1,
                      "'%s' is being worked on as a whole by %s. Wait for it, or stop it with "
                      "Ctrl-C or kill.",
                      run->dir.partial, *owner ? owner : "another process");
}

/* Works through a slice if nobody else does. Its own slice is tried also when nothing is open:
 * tasks that failed may be wanted again. */
static enum qn_status work_slice(struct qn_run *run, const uint32_t *slice_of, unsigned slice,
                                 bool *taken, struct qn_error *err)
{
    const struct qn_run_config *config = run->config;
    struct share share = {.slice_of = slice_of};
    char holder[QN_CLAIM_HOLDER];
    bool own = slice == config->slice;
    enum qn_status status = qn_claim_take(run->dir.partial, &config->claimant, slice,
                                          config->slices, &share.claim, taken, holder, err);
    if (status)
        return status;
    if (!*taken) {
        if (own)
            qn_run_say(run, QN_INFO, "slice %u of %u is being worked on by %s", slice,
                       config->slices, holder);
        return QN_OK;
    }
    if (!own)
        qn_run_say(run, QN_INFO, "taking over slice %u of %u, which nobody works on", slice,
                   config->slices);
    status = refuse_whole_run(run, err);
    if (!status)
        status = work_share(run, &share, err);
    struct qn_error ignored;
    enum qn_status released = qn_claim_release(run->dir.partial, &share.claim, &ignored);
    if (!status && released)
        qn_run_say(run, QN_WARNING, "%s", ignored.message);
    return status;
}

/* Its own slice first, then those after it that have work left and that nobody works on. */
static enum qn_status work_dealt(struct qn_run *run, const uint32_t *slice_of, struct qn_error *err)
{
    const struct qn_run_config *config = run->config;
    unsigned slices = config->take_over ? config->slices : 1;
    bool *wanted = NULL;
    bool worked = true; /* the ledgers have changed */
    enum qn_status status = work_slice(run, slice_of, config->slice, &worked, err);
    for (unsigned i = 1; i < slices && !status; i++) {
        unsigned slice = (config->slice - 1 + i) % config->slices + 1;
        if (!wanted || worked) {
            uint64_t open;
            free(wanted);
            status = qn_run_open_slices(&run->plan, run->dir.partial, config->slices, false,
                                        &wanted, &open, err);
        }
        worked = false;
        if (!status && wanted[slice])
            status = work_slice(run, slice_of, slice, &worked, err);
    }
    free(wanted);
    return status;
}

static enum qn_status work_slices(struct qn_run *run, struct qn_error *err)
{
    const struct qn_run_config *config = run->config;
    uint32_t *slice_of;
    char holder[QN_CLAIM_HOLDER];
    unsigned held;
    enum qn_status status =
        qn_claims_held(run->dir.partial, &config->claimant, config->slices, &held, holder, err);
    if (!status && held > 0)
        status = qn_fail_at(err, QN_ERR_EXISTS, run->dir.partial, -1,
                            "'%s' is being worked on in another number of slices than %u, by %s. "
                            "Wait for it, or use the same number.",
                            run->dir.partial, config->slices, holder);
    if (status)
        return status;
    status = qn_slices_deal(&run->plan, config->slices, &slice_of, err);
    if (!status)
        status = work_dealt(run, slice_of, err);
    free(slice_of);
    return status;
}

enum qn_status qn_run_work_step(struct qn_run *run, struct qn_error *err)
{
    struct share all = {.claim = {.slice = 1, .slices = 1}};
    return run->config->slices == 1 ? work_share(run, &all, err) : work_slices(run, err);
}
