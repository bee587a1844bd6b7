/* From rows to dataset: features.parquet and features.csv with a row for every candidate, in the
 * order of the table, whatever became of it; counts and distributions for manifest and report; the
 * stars whose sheets are to be drawn. */
#include "base/json_memory.h"
#include "pipelines/transit/distribution.h"
#include "pipelines/transit/job.h"
#include "pipelines/transit/table.h"

#include "base/sys.h"
#include "engine/json_text.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ranked { /* a row that may be drawn */
    double snr;
    uint64_t task;
};

enum { LISTED = 50 /* rows that are not ok */ };

struct gluing {
    struct qn_glue *glue;
    bool blind;
    struct qn_feature_table *table;
    uint64_t rows;
    uint64_t by_status[QN_ROW_STATUSES];
    uint64_t signals; /* found by a blind search */
    char first_reason[QN_ROW_STATUSES][512];
    json_t *without; /* the first rows that are not ok, for the report */
    struct qn_distributions distributions;
    struct ranked *best;
    size_t best_count;
    size_t best_wanted;
};

/* A task that failed for good: its row says how. */
static void failed_row(struct gluing *g, uint64_t i, struct qn_row *row)
{
    enum qn_status why = qn_glue_failure(g->glue, i);
    qn_row_clear(row);
    row->status = why == QN_ERR_TIMEOUT  ? QN_ROW_TIMEOUT
                  : why == QN_ERR_MEMORY ? QN_ROW_OUT_OF_MEMORY
                                         : QN_ROW_ERROR;
    snprintf(row->reason, sizeof row->reason,
             "the attempt failed (%s); `quern failures` tells more", qn_status_name(why));
}

/* Keeps the rows of the highest signal-to-noise ratio, highest first. */
static void rank(struct gluing *g, const struct qn_row *row, uint64_t task)
{
    double snr = row->features.bls_snr;
    if (row->status != QN_ROW_OK || !isfinite(snr) || g->best_wanted == 0 || row->order > 1)
        return;
    if (g->best_count == g->best_wanted && snr <= g->best[g->best_count - 1].snr)
        return;
    size_t k = g->best_count < g->best_wanted ? g->best_count++ : g->best_count - 1;
    for (; k > 0 && g->best[k - 1].snr < snr; k--)
        g->best[k] = g->best[k - 1];
    g->best[k] = (struct ranked){snr, task};
}

static void list_row(struct gluing *g, const struct qn_candidate *candidate,
                     const struct qn_row *row)
{
    char star[QN_TARGET_NAME];
    if (row->status == QN_ROW_OK || json_array_size(g->without) == LISTED)
        return;
    qn_target_text(&candidate->target, star);
    json_array_append_new(
        g->without, json_pack("{s:I, s:o, s:s, s:o}", "row", (json_int_t)candidate->row, "target",
                              qn_json_text(star), "status", qn_row_status_name(row->status),
                              "reason", qn_json_text(row->reason)));
}

static enum qn_status add_row(struct gluing *g, const struct qn_candidate *candidate,
                              struct qn_row *row, uint64_t task, struct qn_error *err)
{
    row->index = candidate->row;
    if (g->by_status[row->status]++ == 0)
        memcpy(g->first_reason[row->status], row->reason, sizeof row->reason);
    list_row(g, candidate, row);
    g->signals += row->order > 0;
    g->rows++;
    if (row->status == QN_ROW_OK && (!g->blind || row->order > 0))
        qn_distributions_add(&g->distributions, &row->features);
    rank(g, row, task);
    return qn_feature_table_add(g->table, candidate, row, err);
}

static enum qn_status add_task(struct gluing *g, uint64_t i, struct qn_error *err)
{
    bool done;
    const void *bytes = NULL;
    size_t len = 0;
    struct qn_row row;
    struct qn_work work;
    const struct qn_task *task = qn_glue_task(g->glue, i, &done);
    enum qn_status status = qn_work_decode(task->payload, task->payload_len, &work, err);
    if (status)
        return status;
    if (!done) {
        failed_row(g, i, &row);
        row.features.input_period = work.candidate.period;
        row.features.input_depth = work.candidate.depth;
        row.features.input_duration = work.candidate.duration;
        status = add_row(g, &work.candidate, &row, i, err);
    } else {
        status = qn_glue_result(g->glue, i, &bytes, &len, err);
    }
    struct qn_cursor cursor = {.data = bytes, .len = len};
    while (!status && cursor.at < cursor.len) {
        if (!qn_row_decode(&cursor, &row))
            status = qn_fail(err, QN_ERR_CORRUPT,
                             "the result of task %llu is damaged. Start over with --restart.",
                             (unsigned long long)i);
        else
            status = add_row(g, &work.candidate, &row, i, err);
    }
    qn_work_release(&work);
    return status;
}

/* ---- facts, notes, sheets ------------------------------------------------------------------- */

static enum qn_status state(struct gluing *g, const char *name, json_t *value, struct qn_error *err)
{
    char *text = value ? qn_json_dump(value, JSON_REAL_PRECISION(9)) : NULL;
    json_decref(value);
    enum qn_status status =
        text ? qn_glue_fact(g->glue, name, text, err) : qn_fail_memory(err, "a fact", 1);
    free(text);
    return status;
}

static enum qn_status state_facts(struct gluing *g, struct qn_error *err)
{
    json_t *counts = json_object();
    json_object_set_new(counts, "rows", json_integer((json_int_t)g->rows));
    if (g->blind)
        json_object_set_new(counts, "signals", json_integer((json_int_t)g->signals));
    for (int i = 0; i < QN_ROW_STATUSES; i++)
        json_object_set_new(counts, qn_row_status_name((enum qn_row_status)i),
                            json_integer((json_int_t)g->by_status[i]));
    enum qn_status status = state(g, "candidates", counts, err);
    if (!status)
        status = state(g, "distributions", qn_distributions_json(&g->distributions), err);
    return status ? status : state(g, "not_ok", json_incref(g->without), err);
}

static enum qn_status note_rows(struct gluing *g, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (int i = QN_ROW_OK + 1; i < QN_ROW_STATUSES && !status; i++) {
        if (g->by_status[i] > 0)
            status = qn_glue_note(g->glue, err, "%llu rows are %s; the first: %s",
                                  (unsigned long long)g->by_status[i],
                                  qn_row_status_name((enum qn_row_status)i), g->first_reason[i]);
    }
    return status;
}

/* The payloads of the strongest stars, for the report. */
static enum qn_status keep_sheets(struct gluing *g, struct qn_error *err)
{
    struct qn_output *output;
    if (g->best_count == 0)
        return QN_OK;
    enum qn_status status = qn_glue_create(g->glue, QN_SHEETS_FILE, &output, err);
    for (size_t k = 0; k < g->best_count && !status; k++) {
        bool done;
        const struct qn_task *task = qn_glue_task(g->glue, g->best[k].task, &done);
        struct qn_buf frame = {0};
        qn_buf_u64(&frame, task->payload_len);
        qn_buf_append(&frame, task->payload, task->payload_len);
        status = frame.failed ? qn_fail_memory(err, "a sheet", frame.len)
                              : qn_output_write(output, frame.data, frame.len, err);
        qn_buf_release(&frame);
    }
    return status ? status : qn_output_commit(output, err);
}

static enum qn_status glue_rows(struct gluing *g, struct qn_error *err)
{
    enum qn_status status = qn_feature_table_begin(&g->table, g->glue, g->blind, err);
    for (uint64_t i = 0; i < qn_glue_count(g->glue) && !status; i++) {
        if (i % 256 == 0)
            qn_glue_progress(g->glue, i, qn_glue_count(g->glue));
        status = qn_glue_cancelled(g->glue)
                     ? qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.")
                     : add_task(g, i, err);
    }
    if (!status)
        status = qn_feature_table_end(g->table, err);
    qn_feature_table_free(g->table);
    return status;
}

enum qn_status qn_transit_glue(struct qn_glue *glue, struct qn_error *err)
{
    const struct qn_options *options = qn_glue_job(glue)->options;
    int64_t sheets = qn_option_int(options, "sheets");
    struct gluing g = {.glue = glue, .blind = !qn_option_string(options, "profile")};
    g.best_wanted = sheets < 0 ? 0 : sheets > 10000 ? 10000 : (size_t)sheets;
    g.best = qn_sys.calloc(g.best_wanted + 1, sizeof *g.best);
    g.without = json_array();
    enum qn_status status = g.best ? glue_rows(&g, err) : qn_fail_memory(err, "sheets", 1);
    if (!status)
        status = state_facts(&g, err);
    if (!status)
        status = note_rows(&g, err);
    if (!status)
        status = keep_sheets(&g, err);
    json_decref(g.without);
    free(g.best);
    return status;
}
