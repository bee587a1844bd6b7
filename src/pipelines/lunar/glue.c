/* From the records of sweeps to the dataset: spectra.parquet and rows.parquet, files.parquet that
 * accounts for every line, rejects.parquet with those that belong to no sweep, and the NumPy
 * archive. Sweeps get their numbers here: unique, in the order of time of the files. */
#include "base/json_memory.h"
#include "pipelines/lunar/arrays.h"
#include "pipelines/lunar/job.h"
#include "pipelines/lunar/table.h"

#include "base/sys.h"
#include "compute/electrons.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct tally {
    uint64_t sweeps;
    uint64_t rows;
    uint64_t faulty;
    uint64_t strays;
    uint64_t others;
    uint64_t files;
    uint64_t failed;     /* ranges of files */
    uint64_t spacecraft; /* sweeps with a potential of the spacecraft, of the surface ... */
    uint64_t surface;
    uint64_t identifiable;
    uint64_t row_reasons[QN_ROW_REASONS];
    uint64_t sweep_reasons[QN_SWEEP_REASONS];
    uint64_t spacecraft_reasons[QN_FIT_REASONS];
    uint64_t surface_reasons[QN_FIT_REASONS];
    uint64_t remarks[QN_REMARKS];
};

struct gluing {
    struct qn_glue *glue;
    struct qn_lunar_table *spectra;
    struct qn_lunar_table *rows;
    struct qn_lunar_table *files;
    struct qn_lunar_table *rejects;
    struct qn_lunar_arrays arrays;
    struct tally tally;
    struct qn_lunar_file file; /* at hand; path NULL: none */
    int64_t offset;            /* added to the numbers of the file */
    int64_t highest;           /* number given so far; -1: none */
    int64_t last_in_file;      /* number in the file of the sweep before */
    double last_time_s;        /* start of the sweep before */
};

/* ---- sweeps --------------------------------------------------------------------------------- */

/* Numbers go on where those of the file before ended. Where they do not grow within a file, they
 * go on in the same way, so that no number is there twice. */
static void number_sweep(struct gluing *g, struct qn_lunar_sweep *sweep, bool first)
{
    if (first)
        g->offset = g->highest < 0 ? 0 : g->highest + 1;
    else if (sweep->file_spec_no <= g->last_in_file) {
        g->offset = g->highest + 1 - (sweep->file_spec_no < 0 ? sweep->file_spec_no : 0);
        sweep->remarks |= QN_REMARK_REPEATED;
    }
    bool timed = isfinite(sweep->time_s) && sweep->reason != QN_SWEEP_BAD_TIME;
    if (!first && timed && sweep->time_s < g->last_time_s)
        sweep->remarks |= QN_REMARK_TIME_BACK;
    sweep->spec_no = sweep->file_spec_no + g->offset;
    g->last_in_file = sweep->file_spec_no;
    if (sweep->spec_no > g->highest)
        g->highest = sweep->spec_no;
    if (timed)
        g->last_time_s = sweep->time_s;
}

static void count_sweep(struct tally *tally, const struct qn_lunar_sweep *sweep)
{
    tally->sweeps++;
    tally->rows += sweep->rows;
    tally->spacecraft += isfinite(sweep->spacecraft_v.value);
    tally->surface += sweep->has_fit;
    tally->identifiable += sweep->identifiable;
    if (sweep->reason < QN_SWEEP_REASONS)
        tally->sweep_reasons[sweep->reason]++;
    if (sweep->spacecraft_v.reason < QN_FIT_REASONS)
        tally->spacecraft_reasons[sweep->spacecraft_v.reason]++;
    if (sweep->surface_v.reason < QN_FIT_REASONS)
        tally->surface_reasons[sweep->surface_v.reason]++;
    for (unsigned bit = 0; bit < QN_REMARKS; bit++)
        tally->remarks[bit] += sweep->remarks >> bit & 1;
}

static bool is_faulty(const struct qn_lunar_row *row)
{
    return row->reason == QN_ROW_FIELD_COUNT || row->reason == QN_ROW_NOT_NUMBER ||
           row->reason == QN_ROW_LONG_UTC;
}

static enum qn_status add_rows(struct gluing *g, const struct qn_lunar_sweep *sweep,
                               const uint8_t *rows, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (uint32_t i = 0; i < sweep->rows && !status; i++) {
        struct qn_lunar_row row;
        memcpy(&row, rows + i * sizeof row, sizeof row);
        row.utc[sizeof row.utc - 1] = '\0';
        if (row.reason < QN_ROW_REASONS)
            g->tally.row_reasons[row.reason]++;
        g->file.faulty += is_faulty(&row);
        const void *const records[] = {[QN_OF_ROW] = &row, [QN_OF_SWEEP] = sweep};
        status = qn_lunar_table_add(g->rows, records, err);
    }
    return status;
}

static enum qn_status add_sweep(struct gluing *g, struct qn_lunar_sweep *sweep, const uint8_t *rows,
                                struct qn_error *err)
{
    const void *const records[] = {[QN_OF_ROW] = NULL, [QN_OF_SWEEP] = sweep};
    number_sweep(g, sweep, g->file.sweeps == 0);
    count_sweep(&g->tally, sweep);
    g->file.sweeps++;
    g->file.rows += sweep->rows;
    if (sweep->kept) {
        struct qn_lunar_numbered numbered = {sweep->spec_no, sweep->rows};
        qn_buf_append(&g->arrays.sweeps, &numbered, sizeof numbered);
        g->arrays.sweep_count++;
        g->arrays.row_count += sweep->rows;
        if (g->arrays.sweeps.failed)
            return qn_fail_memory(err, "numbers of sweeps", g->arrays.sweeps.len);
    }
    enum qn_status status = qn_lunar_table_add(g->spectra, records, err);
    return status ? status : add_rows(g, sweep, rows, err);
}

static enum qn_status add_stray(struct gluing *g, const uint8_t *at, struct qn_error *err)
{
    struct qn_er_place place;
    memcpy(&place, at, sizeof place);
    struct qn_lunar_stray stray = {.path = g->file.path,
                                   .day = g->file.day,
                                   .offset = place.offset,
                                   .fields = place.fields,
                                   .bad = place.bad,
                                   .reason = place.fault == QN_ER_NOT_NUMBER ? QN_ROW_NOT_NUMBER
                                                                             : QN_ROW_FIELD_COUNT};
    const void *const records[] = {[QN_OF_ROW] = &stray, [QN_OF_SWEEP] = NULL};
    g->file.strays++;
    return qn_lunar_table_add(g->rejects, records, err);
}

/* ---- tasks and files ------------------------------------------------------------------------ */

static enum qn_status end_file(struct gluing *g, struct qn_error *err)
{
    const void *const records[] = {[QN_OF_ROW] = &g->file, [QN_OF_SWEEP] = NULL};
    if (!g->file.path)
        return QN_OK;
    g->tally.files++;
    g->tally.faulty += g->file.faulty;
    g->tally.strays += g->file.strays;
    g->tally.others += g->file.others;
    g->tally.failed += g->file.failed;
    return qn_lunar_table_add(g->files, records, err);
}

static enum qn_status begin_file(struct gluing *g, const struct qn_lunar_work *work,
                                 struct qn_error *err)
{
    if (g->file.path && !strcmp(g->file.path, work->path))
        return QN_OK;
    enum qn_status status = end_file(g, err);
    g->file = (struct qn_lunar_file){.path = work->path, .day = work->day};
    g->last_time_s = -INFINITY;
    return status;
}

static enum qn_status add_result(struct gluing *g, uint64_t task, struct qn_error *err)
{
    struct qn_lunar_result result;
    const void *bytes;
    size_t len;
    uint64_t row = 0;
    enum qn_status status = qn_glue_result(g->glue, task, &bytes, &len, err);
    if (!status)
        status = qn_lunar_result_decode(&result, bytes, len, err);
    if (status)
        return status;
    struct qn_lunar_task_arrays arrays = {.task = task};
    memcpy(arrays.pieces, result.pieces, sizeof arrays.pieces);
    qn_buf_append(&g->arrays.tasks, &arrays, sizeof arrays);
    if (g->arrays.tasks.failed)
        return qn_fail_memory(err, "the columns of tasks", g->arrays.tasks.len);
    g->file.others += result.counts.others;
    for (uint64_t i = 0; i < result.counts.sweeps && !status; i++) {
        struct qn_lunar_sweep sweep;
        memcpy(&sweep, result.sweeps + i * sizeof sweep, sizeof sweep);
        if (sweep.rows > QN_ER_ROWS || sweep.rows > result.counts.rows - row)
            return qn_fail(err, QN_ERR_CORRUPT,
                           "the result of task %llu is damaged. Start over with --restart.",
                           (unsigned long long)task);
        status = add_sweep(g, &sweep, result.rows + row * sizeof(struct qn_lunar_row), err);
        row += sweep.rows;
    }
    for (uint64_t i = 0; i < result.counts.strays && !status; i++)
        status = add_stray(g, result.strays + i * sizeof(struct qn_er_place), err);
    return status;
}

static enum qn_status add_task(struct gluing *g, uint64_t i, struct qn_error *err)
{
    bool done;
    struct qn_lunar_work work;
    const struct qn_task *task = qn_glue_task(g->glue, i, &done);
    enum qn_status status = qn_lunar_work_decode(&work, task->payload, task->payload_len, err);
    if (!status)
        status = begin_file(g, &work, err);
    if (status)
        return status;
    g->file.ranges++;
    g->file.failed += !done;
    return done ? add_result(g, i, err) : QN_OK;
}

/* ---- facts and notes ------------------------------------------------------------------------ */

static enum qn_status state(struct gluing *g, const char *name, json_t *value, struct qn_error *err)
{
    char *text = value ? qn_json_dump(value, JSON_COMPACT) : NULL;
    json_decref(value);
    enum qn_status status =
        text ? qn_glue_fact(g->glue, name, text, err) : qn_fail_memory(err, "a fact", 1);
    free(text);
    return status;
}

static void count(json_t *object, const char *name, uint64_t value)
{
    json_object_set_new(object, name, json_integer((json_int_t)value));
}

static enum qn_status state_counts(struct gluing *g, struct qn_error *err)
{
    const struct tally *t = &g->tally;
    json_t *counts = json_object();
    count(counts, "files", t->files);
    count(counts, "sweeps", t->sweeps);
    count(counts, "rows", t->rows);
    count(counts, "npz_sweeps", g->arrays.sweep_count);
    count(counts, "npz_rows", g->arrays.row_count);
    count(counts, "faulty_rows", t->faulty);
    count(counts, "rejected_lines", t->strays);
    count(counts, "other_sweeps", t->others);
    count(counts, "failed_ranges", t->failed);
    count(counts, "spacecraft_potentials", t->spacecraft);
    count(counts, "surface_potentials", t->surface);
    count(counts, "identifiable", t->identifiable);
    return state(g, "counts", counts, err);
}

static enum qn_status state_reasons(struct gluing *g, struct qn_error *err)
{
    const struct tally *t = &g->tally;
    json_t *rows = json_object(), *sweeps = json_object(), *remarks = json_object();
    json_t *spacecraft = json_object(), *surface = json_object(), *all = json_object();
    for (int i = 1; i < QN_ROW_REASONS; i++)
        count(rows, qn_lunar_row_reason_name((enum qn_lunar_row_reason)i), t->row_reasons[i]);
    for (int i = 1; i < QN_SWEEP_REASONS; i++)
        count(sweeps, qn_lunar_sweep_reason_name((enum qn_lunar_sweep_reason)i),
              t->sweep_reasons[i]);
    for (int i = 1; i < QN_FIT_REASONS; i++) {
        const char *name = qn_fit_reason_name((enum qn_fit_reason)i);
        if (t->spacecraft_reasons[i])
            count(spacecraft, name, t->spacecraft_reasons[i]);
        if (t->surface_reasons[i])
            count(surface, name, t->surface_reasons[i]);
    }
    for (unsigned bit = 0; bit < QN_REMARKS; bit++)
        count(remarks, qn_lunar_remark_name(bit), t->remarks[bit]);
    json_object_set_new(all, "rows", rows);
    json_object_set_new(all, "sweeps", sweeps);
    json_object_set_new(all, "spacecraft_potential", spacecraft);
    json_object_set_new(all, "projected_potential", surface);
    json_object_set_new(all, "remarks", remarks);
    return state(g, "reasons", all, err);
}

static enum qn_status note_counts(struct gluing *g, struct qn_error *err)
{
    const struct tally *t = &g->tally;
    uint64_t left = t->sweeps - t->sweep_reasons[QN_SWEEP_FITTED];
    enum qn_status status = qn_glue_note(
        g->glue, err,
        "%llu sweeps (%llu rows) of %llu files: %llu spacecraft potentials, %llu surface "
        "potentials",
        (unsigned long long)t->sweeps, (unsigned long long)t->rows, (unsigned long long)t->files,
        (unsigned long long)t->spacecraft, (unsigned long long)t->surface);
    if (!status && left > 0)
        status = qn_glue_note(
            g->glue, err, "%llu sweeps could not be fitted; `reason` in spectra.parquet says why",
            (unsigned long long)left);
    if (!status && t->faulty + t->strays > 0)
        status = qn_glue_note(g->glue, err,
                              "%llu rows cannot be used as they stand (`reason` in rows.parquet), "
                              "%llu lines belong to no sweep (rejects.parquet)",
                              (unsigned long long)t->faulty, (unsigned long long)t->strays);
    if (!status && t->others > 0)
        status =
            qn_glue_note(g->glue, err,
                         "%llu sweeps begin outside the period that was asked for and are left "
                         "out",
                         (unsigned long long)t->others);
    return status;
}

/* ---- glue ----------------------------------------------------------------------------------- */

static enum qn_status begin_tables(struct gluing *g, struct qn_error *err)
{
    enum qn_status status =
        qn_lunar_table_begin(&g->spectra, g->glue, "spectra.parquet", qn_sweep_columns, err);
    if (!status)
        status = qn_lunar_table_begin(&g->rows, g->glue, "rows.parquet", qn_row_columns, err);
    if (!status)
        status = qn_lunar_table_begin(&g->files, g->glue, "files.parquet", qn_file_columns, err);
    if (!status)
        status =
            qn_lunar_table_begin(&g->rejects, g->glue, "rejects.parquet", qn_stray_columns, err);
    return status;
}

static enum qn_status end_tables(struct gluing *g, struct qn_error *err)
{
    enum qn_status status = end_file(g, err);
    if (!status)
        status = qn_lunar_table_end(g->spectra, err);
    if (!status)
        status = qn_lunar_table_end(g->rows, err);
    if (!status)
        status = qn_lunar_table_end(g->files, err);
    return status ? status : qn_lunar_table_end(g->rejects, err);
}

static enum qn_status write_arrays(struct gluing *g, struct qn_error *err)
{
    struct qn_lunar_settings settings;
    char name[QN_LUNAR_NPZ_NAME];
    enum qn_status status = qn_lunar_settings_parse(&settings, qn_glue_job(g->glue)->options, err);
    if (status)
        return status;
    qn_lunar_npz_name(&settings.period, name);
    return qn_lunar_arrays_write(&g->arrays, g->glue, name, err);
}

enum qn_status qn_lunar_glue(struct qn_glue *glue, struct qn_error *err)
{
    struct gluing g = {.glue = glue, .highest = -1};
    uint64_t tasks = qn_glue_count(glue);
    enum qn_status status = begin_tables(&g, err);
    for (uint64_t i = 0; i < tasks && !status; i++) {
        qn_glue_progress(glue, i, tasks);
        status = qn_glue_cancelled(glue)
                     ? qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.")
                     : add_task(&g, i, err);
    }
    if (!status)
        status = end_tables(&g, err);
    if (!status)
        status = write_arrays(&g, err);
    if (!status)
        status = state_counts(&g, err);
    if (!status)
        status = state_reasons(&g, err);
    if (!status)
        status = note_counts(&g, err);
    if (!status)
        qn_glue_unusable(glue, g.tally.faulty + g.tally.strays);
    qn_lunar_table_free(g.spectra);
    qn_lunar_table_free(g.rows);
    qn_lunar_table_free(g.files);
    qn_lunar_table_free(g.rejects);
    qn_lunar_arrays_release(&g.arrays);
    return status;
}
