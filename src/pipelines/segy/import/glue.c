/* From segments to dataset: sums up figures in plan order, glues the tables, keeps the files' own
 * headers, writes statistics, and last the store's metadata. No sample is touched. */
#include "base/json_memory.h"
#include "pipelines/segy/import/steps.h"

#include "pipelines/segy/dataset/exceptions.h"
#include "pipelines/segy/dataset/facts.h"
#include "pipelines/segy/dataset/store.h"
#include "pipelines/segy/dataset/summary.h"
#include "pipelines/segy/dataset/table.h"
#include "pipelines/segy/grid/glue.h"
#include "pipelines/segy/import/headers.h"
#include "pipelines/segy/import/left_out.h"
#include "pipelines/segy/map/glue.h"
#include "pipelines/segy/picture.h"
#include "pipelines/segy/survey/reel.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct gluing {
    struct qn_glue *glue;
    struct qn_import import;
    struct qn_summary summary;
};

/* Writes a JSON value and releases it. */
static enum qn_status write_json(struct gluing *gluing, const char *path, json_t *value,
                                 struct qn_error *err)
{
    char *text = value ? qn_json_dump(value, JSON_INDENT(2) | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(value);
    if (!text)
        return qn_fail_memory(err, path, 1);
    enum qn_status status = qn_glue_write(gluing->glue, path, text, strlen(text), err);
    free(text);
    return status;
}

/* ---- figures and the picture ---------------------------------------------------------------- */

/* Columns of the picture from all segments, for the report: see picture.h. */
static enum qn_status sum_up(struct gluing *gluing, struct qn_error *err)
{
    struct qn_summary *summary = &gluing->summary;
    struct qn_output *picture;
    enum qn_status status = qn_glue_create(gluing->glue, QN_PICTURE_FILE, &picture, err);
    qn_tally_init(&summary->tally);
    for (uint64_t i = 0; i < qn_glue_count(gluing->glue) && !status; i++) {
        struct qn_result_view view;
        bool done;
        status = qn_result_of_task(gluing->glue, i, &view, &done, err);
        if (status || !done)
            continue;
        qn_tally_merge(&summary->tally, &view.tally);
        status = qn_output_write(picture, view.picture.data, view.picture.len, err);
    }
    return status ? status : qn_output_commit(picture, err);
}

/* ---- facts ---------------------------------------------------------------------------------- */

static enum qn_status state_fact(struct gluing *gluing, const char *name, json_t *value,
                                 struct qn_error *err)
{
    char *text = value ? qn_json_dump(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(value);
    if (!text)
        return qn_fail_memory(err, "a fact", 1);
    enum qn_status status = qn_glue_fact(gluing->glue, name, text, err);
    free(text);
    return status;
}

static enum qn_status state_facts(struct gluing *gluing, struct qn_error *err)
{
    const struct qn_import *import = &gluing->import;
    const struct qn_summary *summary = &gluing->summary;
    enum qn_status status = state_fact(gluing, "survey", qn_survey_json(import, summary), err);
    if (!status)
        status = state_fact(gluing, "statistics", qn_statistics_json(summary), err);
    if (!status)
        status = state_fact(gluing, QN_FACT_LAYOUT, qn_layout_json(import), err);
    if (!status)
        status =
            state_fact(gluing, QN_FACT_LOSSLESS, qn_lossless_json(import, &summary->tally), err);
    return status;
}

/* What a reader has to know before trusting the samples and the time axis. */
static enum qn_status note_oddities(struct gluing *gluing, struct qn_error *err)
{
    const struct qn_tally *tally = &gluing->summary.tally;
    const struct {
        uint64_t count;
        const char *what;
    } oddities[] = {
        {tally->converted.overflows, "samples are beyond the range of float32 and became infinite"},
        {tally->converted.inexact, "samples were rounded to float32"},
        {tally->stats.nans, "samples are NaN; statistics leave them out"},
        {tally->stats.infs, "samples are infinite; statistics leave them out"},
        {tally->dead_traces, "traces are dead: all their samples are zero"},
        {tally->unkept_segments,
         "segments hold too many samples that the array cannot give back to the bit: an export "
         "will not be the same to the byte. What they are is in the fact 'lossless'"},
    };
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < sizeof oddities / sizeof *oddities && !status; i++) {
        if (oddities[i].count > 0)
            status = qn_glue_note(gluing->glue, err, "%" PRIu64 " %s", oddities[i].count,
                                  oddities[i].what);
    }
    if (!status && tally->odd_headers > 0)
        status = qn_glue_note(gluing->glue, err,
                              "%" PRIu64 " traces have headers unlike the others, the first is "
                              "trace %" PRIu64 ": empty or damaged; --salvage leaves such out",
                              tally->odd_headers, tally->first_odd);
    if (!status && tally->delay_min < tally->delay_max)
        status = qn_glue_note(gluing->glue, err,
                              "recording delays differ from trace to trace, %g to %g ms: the time "
                              "axis starts at 0, delay_recording_time has them",
                              tally->delay_min, tally->delay_max);
    return status;
}

static enum qn_status glue_store(struct gluing *gluing, struct qn_error *err)
{
    json_t *attributes = qn_survey_json(&gluing->import, &gluing->summary);
    char *text = attributes ? qn_json_dump(attributes, JSON_REAL_PRECISION(17)) : NULL;
    json_decref(attributes);
    if (!text)
        return qn_fail_memory(err, "the store's attributes", 1);
    double delay = qn_summary_delay(&gluing->summary);
    enum qn_status status = qn_grid_glue(gluing->glue, &gluing->import, delay, text, err);
    if (!status && !gluing->import.no_traces)
        status = qn_store_glue(gluing->glue, &gluing->import, delay, text, err);
    free(text);
    return status;
}

enum qn_status qn_import_glue(struct qn_glue *glue, struct qn_error *err)
{
    const struct qn_job *job = qn_glue_job(glue);
    struct gluing gluing = {.glue = glue};
    enum qn_status status = qn_import_decode(job->shared, job->shared_len, &gluing.import, err);
    if (!status)
        status = sum_up(&gluing, err);
    if (!status)
        status = qn_headers_glue(glue, &gluing.import, err);
    if (!status)
        status = qn_exceptions_glue(glue, &gluing.summary.tally, err);
    if (!status)
        status = qn_ensembles_glue(glue, &gluing.import, &gluing.summary.ensembles, err);
    if (!status)
        status = qn_reel_glue(glue, &gluing.import, err);
    if (!status)
        status = write_json(&gluing, "statistics.json", qn_statistics_json(&gluing.summary), err);
    if (!status)
        status = state_facts(&gluing, err);
    if (!status)
        status = qn_left_out_glue(glue, &gluing.import, err);
    if (!status)
        status = note_oddities(&gluing, err);
    if (!status)
        status = qn_map_glue(glue, &gluing.import, err);
    if (!status)
        status = glue_store(&gluing, err);
    qn_import_release(&gluing.import);
    return status;
}
