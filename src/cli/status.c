/* quern status: how far a run is, read from its ledgers, whether it is live, stopped or done. */
#include "cli/cli.h"

#include "cluster/array.h"
#include "engine/json_text.h"
#include "render/terminal.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct status {
    struct qn_plan_file plan;
    struct qn_history history;
    uint64_t items_done;
    uint64_t cost_done;
    /* Of the newest session, for a rate that restored work does not spoil. */
    uint64_t session_start_us;
    uint64_t session_cost;
    uint64_t last_us;
};

static enum qn_status visit(void *context, const struct qn_record *record, struct qn_error *err)
{
    struct status *s = context;
    (void)err;
    if (record->type == QN_RECORD_OPENED) {
        json_t *opened = json_loads(record->text, 0, NULL);
        s->session_start_us = (uint64_t)json_integer_value(json_object_get(opened, "time_us"));
        s->session_cost = 0;
        json_decref(opened);
    } else if (record->type == QN_RECORD_DONE && record->usage.start_us) {
        s->session_cost += s->plan.entries[record->task].cost;
        uint64_t end = record->usage.start_us + record->usage.wall_us;
        s->last_us = end > s->last_us ? end : s->last_us;
    }
    return QN_OK;
}

static const char *state_of(const struct status *s, bool complete, bool live)
{
    if (complete)
        return s->history.gave_up ? "complete, with failures" : "complete";
    if (live)
        return "running";
    return s->history.done + s->history.gave_up == s->history.count ? "worked through, not glued"
                                                                    : "stopped, resumable";
}

/* What the plan says; it may be another's and say nothing. */
static json_t *planned(const struct status *s, const char *name)
{
    const char *text = json_string_value(json_object_get(s->plan.meta, name));
    return json_string(text ? text : "?");
}

static json_t *summarise(struct status *s, const char *root, bool complete, bool live,
                         const char *owner)
{
    for (uint64_t i = 0; i < s->history.count; i++) {
        if (s->history.tasks[i].state == QN_TASK_DONE) {
            s->items_done += s->plan.entries[i].items;
            s->cost_done += s->plan.entries[i].cost;
        }
    }
    double session_s =
        s->last_us > s->session_start_us ? (double)(s->last_us - s->session_start_us) / 1e6 : 0;
    double rate = session_s > 0 ? (double)s->session_cost / session_s : 0;
    double eta = live && rate > 0 ? (double)(s->plan.total_cost - s->cost_done) / rate : -1;
    return json_pack(
        "{s:o, s:s, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:f, s:I, s:I, s:I, s:f, s:f, s:f}",
        "path", qn_json_text(root), "state", state_of(s, complete, live), "owner",
        qn_json_text(live ? owner : ""), "pipeline", planned(s, "pipeline"), "verb",
        planned(s, "verb"), "tasks", (json_int_t)s->history.count, "done",
        (json_int_t)s->history.done, "failed", (json_int_t)s->history.gave_up, "items",
        (json_int_t)s->plan.total_items, "items_done", (json_int_t)s->items_done, "fraction",
        s->plan.total_cost ? (double)s->cost_done / (double)s->plan.total_cost : 1.0, "sessions",
        (json_int_t)s->history.sessions, "attempts", (json_int_t)s->history.attempts,
        "failed_attempts", (json_int_t)s->history.failures, "worker_cpu_s",
        (double)s->history.cpu_us / 1e6, "max_worker_rss_mib",
        (double)s->history.max_rss_kib / 1024, "eta_s", eta);
}

/* Adds the jobs of a run that was submitted to a cluster: how many are in which state. */
static void add_cluster(json_t *summary, const char *root)
{
    struct qn_array_job job;
    bool found;
    if (qn_array_read(root, &job, &found, NULL) || !found)
        return;
    json_t *states[2];
    const char *const ids[2] = {job.array, job.glue};
    for (int i = 0; i < 2; i++) {
        struct qn_slurm_element *elements;
        size_t count;
        states[i] = json_object();
        if (qn_slurm_query(ids[i], &elements, &count, NULL))
            json_object_set_new(states[i], "UNKNOWN", json_integer(1));
        for (size_t k = 0; k < count; k++) {
            const char *state = elements[k].state;
            json_int_t so_far = json_integer_value(json_object_get(states[i], state));
            json_object_set_new(states[i], state, json_integer(so_far + 1));
        }
        free(elements);
    }
    json_object_set_new(summary, "slurm",
                        json_pack("{s:s, s:i, s:o, s:s, s:o}", "array", job.array, "slices",
                                  (int)job.slices, "array_states", states[0], "glue", job.glue,
                                  "glue_states", states[1]));
}

/* "job 12: 3 running, 1 pending" */
static void print_states(const char *what, const json_t *slurm, const char *job, const char *states)
{
    const char *state;
    json_t *count;
    const char *between = "";
    qn_terminal_print(stdout, "  %-9s job %s: ", what,
                      json_string_value(json_object_get(slurm, job)));
    json_object_foreach(json_object_get(slurm, states), state, count)
    {
        qn_terminal_print(stdout, "%s%lld ", between, json_integer_value(count));
        for (const char *letter = state; *letter; letter++)
            putchar(*letter == '_' ? ' ' : tolower((unsigned char)*letter));
        between = ", ";
    }
    qn_terminal_print(stdout, "%s\n", *between ? "" : "ended, and forgotten by Slurm");
}

static void print_text(const json_t *j, const char *items)
{
    double eta = json_number_value(json_object_get(j, "eta_s"));
    const char *owner = json_string_value(json_object_get(j, "owner"));
    qn_terminal_print(stdout, "%s\n", json_string_value(json_object_get(j, "path")));
    qn_terminal_print(stdout, "  job       quern %s %s\n",
                      json_string_value(json_object_get(j, "pipeline")),
                      json_string_value(json_object_get(j, "verb")));
    qn_terminal_print(stdout, "  state     %s%s%s%s\n",
                      json_string_value(json_object_get(j, "state")), *owner ? " (" : "", owner,
                      *owner ? ")" : "");
    qn_terminal_print(stdout, "  done      %lld of %lld tasks, %lld of %lld %s (%.1f %%)\n",
                      json_integer_value(json_object_get(j, "done")),
                      json_integer_value(json_object_get(j, "tasks")),
                      json_integer_value(json_object_get(j, "items_done")),
                      json_integer_value(json_object_get(j, "items")), items,
                      100 * json_number_value(json_object_get(j, "fraction")));
    qn_terminal_print(stdout, "  failed    %lld tasks for good, %lld attempts of %lld\n",
                      json_integer_value(json_object_get(j, "failed")),
                      json_integer_value(json_object_get(j, "failed_attempts")),
                      json_integer_value(json_object_get(j, "attempts")));
    qn_terminal_print(stdout,
                      "  used      %.1f s of CPU in %lld session%s, at most %.0f MiB per worker\n",
                      json_number_value(json_object_get(j, "worker_cpu_s")),
                      json_integer_value(json_object_get(j, "sessions")),
                      json_integer_value(json_object_get(j, "sessions")) == 1 ? "" : "s",
                      json_number_value(json_object_get(j, "max_worker_rss_mib")));
    if (eta >= 0)
        qn_terminal_print(stdout, "  left      about %.0f s\n", eta);
    const json_t *slurm = json_object_get(j, "slurm");
    if (slurm) {
        print_states("slurm", slurm, "array", "array_states");
        print_states("", slurm, "glue", "glue_states");
    }
}

/* Whether somebody works on the whole run, or on slices of it. */
static bool is_live(const char *root, char owner[256])
{
    struct qn_claimant self = cli_claimant();
    char holder[QN_CLAIM_HOLDER];
    if (qn_rundir_is_live(root, owner, 256))
        return true;
    unsigned held;
    (void)qn_claims_held(root, &self, 0, &held, holder, NULL);
    if (held > 0)
        snprintf(owner, 256, held > 1 ? "%.200s, and %u more" : "%.200s", holder, held - 1);
    return held > 0;
}

int cmd_status(const struct cli *cli, const struct qn_options *options)
{
    struct qn_error err = {.offset = -1};
    struct qn_rundir dir;
    const char *root = "";
    const struct qn_pipeline *pipeline = NULL;
    struct status s = {0};
    char run_dir[PATH_MAX];
    char owner[256] = "";
    enum qn_status status = cli_open_dataset(cli, options, &dir, &root, &pipeline, &err);
    snprintf(run_dir, sizeof run_dir, "%s/.quern", root);
    if (!status)
        status = qn_plan_open(&s.plan, run_dir, &err);
    if (!status)
        status = qn_history_read(&s.history, root, &s.plan, visit, &s, &err);
    if (status) {
        err.status = status;
        return cli_fail(cli, &err);
    }
    bool complete = root == dir.dataset;
    bool live = !complete && is_live(root, owner);
    json_t *json = summarise(&s, root, complete, live, owner);
    if (!json) {
        qn_history_release(&s.history);
        qn_plan_close(&s.plan);
        err.status = qn_fail_memory(&err, "the summary", 1);
        return cli_fail(cli, &err);
    }
    if (!complete)
        add_cluster(json, root);
    if (qn_option_flag(options, "json")) {
        json_dumpf(json, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        print_text(json, pipeline->items);
    }
    json_decref(json);
    qn_history_release(&s.history);
    qn_plan_close(&s.plan);
    return 0;
}
