/* One task: one star. Measures it, appends its rows to the result, writes its periodogram if asked
 * for. */
#include "base/sys.h"
#include "pipelines/transit/job.h"
#include "pipelines/transit/measure.h"

#include <stdio.h>
#include <stdlib.h>

struct worker {
    struct qn_settings settings;
    bool periodograms;
    struct qn_measure *measure;
    struct qn_row *rows; /* settings.planets */
};

enum qn_status qn_transit_open_worker(const struct qn_job *job, void **out, struct qn_error *err)
{
    struct worker *worker = *out = qn_sys.calloc(1, sizeof *worker);
    if (!worker)
        return qn_fail_memory(err, "a worker", sizeof *worker);
    enum qn_status status = qn_settings_parse(&worker->settings, job->options, err);
    worker->periodograms = qn_option_flag(job->options, "periodograms");
    if (!status)
        status = qn_measure_new(&worker->measure, &worker->settings, err);
    worker->rows = qn_sys.calloc(worker->settings.planets + 1u, sizeof *worker->rows);
    if (!status && !worker->rows)
        status = qn_fail_memory(err, "a worker", sizeof *worker->rows);
    return status;
}

void qn_transit_close_worker(void *context)
{
    struct worker *worker = context;
    if (!worker)
        return;
    qn_measure_free(worker->measure);
    free(worker->rows);
    free(worker);
}

static bool stop(void *run)
{
    return qn_task_cancelled(run);
}

static enum qn_status write_periodogram(const struct worker *worker, struct qn_task_run *run,
                                        uint64_t index, struct qn_error *err)
{
    struct qn_measured last;
    struct qn_output *output = NULL;
    char path[64];
    qn_measure_last(worker->measure, &last);
    if (!worker->periodograms || last.search->period_count == 0 || !last.search->power)
        return QN_OK;
    snprintf(path, sizeof path, "periodograms/%08llu.csv", (unsigned long long)index);
    struct qn_buf text = {0};
    qn_buf_printf(&text, "period,delta_chi2\n");
    for (size_t i = 0; i < last.search->period_count; i++)
        qn_buf_printf(&text, "%.12g,%.7g\n",
                      last.min_period * exp(log(last.search->ratio) * (double)i),
                      (double)last.search->power[i]);
    enum qn_status status = text.failed ? qn_fail_memory(err, "a periodogram", text.len)
                                        : qn_task_create(run, path, &output, err);
    if (!status) {
        status = qn_output_write(output, text.data, text.len, err);
        if (status)
            qn_output_discard(output);
        else
            status = qn_output_commit(output, err);
    }
    qn_buf_release(&text);
    return status;
}

static enum qn_status measure(struct worker *worker, struct qn_task_run *run,
                              const struct qn_work *work, size_t *count, struct qn_error *err)
{
    struct qn_measure_input input = {.candidate = &work->candidate,
                                     .files = work->files,
                                     .file_count = work->file_count,
                                     .stop = stop,
                                     .context = run};
    enum qn_status status = qn_measure_run(worker->measure, &input, worker->rows, count, err);
    if (status == QN_ERR_CHANGED && err)
        return qn_fail_at(err, status, err->file, -1, "%s Start over with --restart.",
                          err->message);
    return status ? status : write_periodogram(worker, run, work->candidate.row, err);
}

enum qn_status qn_transit_run_task(void *context, struct qn_task_run *run, struct qn_error *err)
{
    struct worker *worker = context;
    const struct qn_task *task = qn_task_of(run);
    struct qn_work work;
    struct qn_buf result = {0};
    size_t count = 1;
    enum qn_status status = qn_work_decode(task->payload, task->payload_len, &work, err);
    if (status)
        return status;
    if (work.kept)
        worker->rows[0] = work.row;
    else
        status = measure(worker, run, &work, &count, err);
    for (size_t i = 0; i < count && !status; i++)
        qn_row_encode(&worker->rows[i], &result);
    if (!status)
        status = result.failed ? qn_fail_memory(err, "a row", result.len)
                               : qn_task_result(run, result.data, result.len, err);
    qn_task_progress(run, 1);
    qn_buf_release(&result);
    qn_work_release(&work);
    return status;
}
