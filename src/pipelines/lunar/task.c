/* One task: a range of sweeps in one file. Reads and measures each, leaves their records, and packs
 * the columns of the NumPy archive. */
#include "base/sys.h"
#include "pipelines/lunar/job.h"
#include "pipelines/lunar/measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S        86400.0
#define LEAST_TIME_S 631152000.0 /* 1990: earlier is a clock that was not set */
#define MOST_TIME_S  1e11

struct worker {
    struct qn_lunar_settings settings;
    struct qn_lunar_measure *measure;
    struct qn_npz_packer *packer;
    struct qn_er_sweep in;
    struct qn_buf head;
    struct qn_buf sweeps; /* struct qn_lunar_sweep */
    struct qn_buf rows;   /* struct qn_lunar_row */
    struct qn_buf strays; /* struct qn_er_place */
    struct qn_buf values; /* of the column at hand */
    struct qn_buf packed;
};

static enum qn_status open_measure(struct worker *worker, const struct qn_job *job,
                                   struct qn_error *err)
{
    struct qn_lunar_shared shared;
    enum qn_status status = qn_lunar_shared_decode(&shared, job->shared, job->shared_len, err);
    if (status)
        return status;
    status = qn_lunar_measure_new(&worker->measure, &worker->settings, shared.theta,
                                  shared.attitude, shared.kernels, shared.kernel_count, err);
    qn_lunar_shared_release(&shared);
    return status;
}

enum qn_status qn_lunar_open_worker(const struct qn_job *job, void **out, struct qn_error *err)
{
    struct worker *worker = *out = qn_sys.calloc(1, sizeof *worker);
    if (!worker)
        return qn_fail_memory(err, "a worker", sizeof *worker);
    enum qn_status status = qn_lunar_settings_parse(&worker->settings, job->options, err);
    if (!status)
        status = open_measure(worker, job, err);
    if (!status)
        status = qn_npz_packer_new(&worker->packer, err);
    if (status) {
        qn_lunar_close_worker(worker);
        *out = NULL;
    }
    return status;
}

void qn_lunar_close_worker(void *context)
{
    struct worker *worker = context;
    if (!worker)
        return;
    qn_lunar_measure_free(worker->measure);
    qn_npz_packer_free(worker->packer);
    qn_buf_release(&worker->head);
    qn_buf_release(&worker->sweeps);
    qn_buf_release(&worker->rows);
    qn_buf_release(&worker->strays);
    qn_buf_release(&worker->values);
    qn_buf_release(&worker->packed);
    free(worker);
}

static const struct qn_lunar_sweep *sweep_at(const struct worker *worker, uint64_t i)
{
    return (const struct qn_lunar_sweep *)(const void *)worker->sweeps.data + i;
}

static const struct qn_lunar_row *row_at(const struct worker *worker, uint64_t i)
{
    return (const struct qn_lunar_row *)(const void *)worker->rows.data + i;
}

/* ---- sweeps --------------------------------------------------------------------------------- */

/* A row without a number of a sweep: told by its place. */
static enum qn_status keep_stray(void *context, const struct qn_er_place *place,
                                 struct qn_error *err)
{
    struct qn_buf *strays = context;
    qn_buf_append(strays, place, sizeof *place);
    return strays->failed ? qn_fail_memory(err, "the list of bad lines", strays->len) : QN_OK;
}

/* Whether the sweep begins in the period that was asked for; one without a time counts as part of
 * its file. */
static bool is_asked_for(const struct qn_lunar_period *period, const struct qn_lunar_sweep *sweep)
{
    double start_s = isfinite(sweep->first_s) ? sweep->first_s : sweep->time_s;
    if (!(start_s >= LEAST_TIME_S && start_s < MOST_TIME_S))
        return true;
    return qn_lunar_period_has(period, (int32_t)floor(start_s / DAY_S));
}

static enum qn_status take_sweep(struct worker *worker, int32_t day, struct qn_lunar_counts *counts,
                                 struct qn_error *err)
{
    struct qn_lunar_sweep sweep;
    struct qn_lunar_row rows[QN_ER_ROWS];
    enum qn_status status =
        qn_lunar_measure_sweep(worker->measure, &worker->in, day, &sweep, rows, err);
    if (status)
        return status;
    if (!is_asked_for(&worker->settings.period, &sweep)) {
        counts->others++;
        return QN_OK;
    }
    qn_buf_append(&worker->sweeps, &sweep, sizeof sweep);
    qn_buf_append(&worker->rows, rows, sweep.rows * sizeof *rows);
    counts->sweeps++;
    counts->rows += sweep.rows;
    counts->npz_sweeps += sweep.kept;
    counts->npz_rows += sweep.kept ? sweep.rows : 0;
    if (worker->sweeps.failed || worker->rows.failed)
        return qn_fail_memory(err, "the records of sweeps", worker->rows.len);
    return QN_OK;
}

static enum qn_status take_sweeps(struct worker *worker, struct qn_task_run *run,
                                  const struct qn_lunar_work *work, struct qn_lunar_counts *counts,
                                  struct qn_error *err)
{
    struct qn_er_stray stray = {&worker->strays, keep_stray};
    struct qn_er_reader *reader;
    uint64_t done = 0;
    bool more = true;
    enum qn_status status = qn_er_open(&reader, work->path, work->from, work->to, err);
    while (!status && more) {
        if (qn_task_cancelled(run))
            status = qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
        else
            status = qn_er_read(reader, &worker->in, &more, &stray, err);
        if (!status && more)
            status = take_sweep(worker, work->day, counts, err);
        qn_task_progress(run, ++done);
    }
    qn_er_close(reader);
    counts->strays = worker->strays.len / sizeof(struct qn_er_place);
    return status;
}

/* ---- columns of the NumPy archive ----------------------------------------------------------- */

static void put_column(struct worker *worker, const struct qn_npz_column *column, uint64_t sweeps)
{
    uint64_t row = 0;
    qn_buf_clear(&worker->values);
    for (uint64_t i = 0; i < sweeps; i++) {
        const struct qn_lunar_sweep *sweep = sweep_at(worker, i);
        if (sweep->kept && column->of == QN_OF_SWEEP)
            qn_npz_put_element(&worker->values, column, sweep, NULL);
        for (uint32_t k = 0; sweep->kept && column->of == QN_OF_ROW && k < sweep->rows; k++)
            qn_npz_put_element(&worker->values, column, sweep, row_at(worker, row + k));
        row += sweep->rows;
    }
}

/* All columns but the numbers of sweeps, which depend on the files before. */
static enum qn_status pack_columns(struct worker *worker, uint64_t sweeps,
                                   struct qn_npz_piece pieces[QN_NPZ_COLUMNS], struct qn_error *err)
{
    enum qn_status status = QN_OK;
    qn_buf_clear(&worker->packed);
    for (size_t i = 0; i < QN_NPZ_COLUMNS && !status; i++) {
        pieces[i] = (struct qn_npz_piece){0};
        if (qn_npz_is_number(&qn_npz_columns[i]))
            continue;
        put_column(worker, &qn_npz_columns[i], sweeps);
        status = worker->values.failed
                     ? qn_fail_memory(err, qn_npz_columns[i].name, worker->values.len)
                     : qn_npz_pack(worker->packer, worker->values.data, worker->values.len,
                                   &worker->packed, &pieces[i], err);
    }
    return status;
}

static enum qn_status write_part(struct worker *worker, struct qn_task_run *run,
                                 struct qn_error *err)
{
    char name[QN_LUNAR_PART];
    struct qn_output *output;
    qn_lunar_part_name(qn_task_of(run)->index, name);
    enum qn_status status = qn_task_create(run, name, &output, err);
    if (status)
        return status;
    status = qn_output_write(output, worker->packed.data ? (void *)worker->packed.data : "",
                             worker->packed.len, err);
    if (!status)
        return qn_output_commit(output, err);
    qn_output_discard(output);
    return status;
}

static enum qn_status leave(struct qn_task_run *run, const struct qn_buf *bytes,
                            struct qn_error *err)
{
    return bytes->len ? qn_task_result(run, bytes->data, bytes->len, err) : QN_OK;
}

enum qn_status qn_lunar_run_task(void *context, struct qn_task_run *run, struct qn_error *err)
{
    struct worker *worker = context;
    const struct qn_task *task = qn_task_of(run);
    struct qn_lunar_work work;
    struct qn_lunar_counts counts = {0};
    struct qn_npz_piece pieces[QN_NPZ_COLUMNS];
    qn_buf_clear(&worker->head);
    qn_buf_clear(&worker->sweeps);
    qn_buf_clear(&worker->rows);
    qn_buf_clear(&worker->strays);
    enum qn_status status = qn_lunar_work_decode(&work, task->payload, task->payload_len, err);
    if (!status)
        status = take_sweeps(worker, run, &work, &counts, err);
    if (!status)
        status = pack_columns(worker, counts.sweeps, pieces, err);
    if (!status)
        status = write_part(worker, run, err);
    if (status)
        return status;
    qn_lunar_result_encode(&worker->head, &counts, pieces);
    if (worker->head.failed)
        return qn_fail_memory(err, "the result", worker->head.len);
    status = leave(run, &worker->head, err);
    if (!status)
        status = leave(run, &worker->sweeps, err);
    if (!status)
        status = leave(run, &worker->rows, err);
    return status ? status : leave(run, &worker->strays, err);
}
