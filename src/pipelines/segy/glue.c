/* From segments to dataset: sums up figures in plan order, glues the tables, keeps the file's own
 * headers byte for byte, writes statistics, and last the store's metadata. No sample is touched. */
#include "pipelines/segy/steps.h"

#include "base/sys.h"
#include "pipelines/segy/headers.h"
#include "pipelines/segy/input.h"
#include "pipelines/segy/picture.h"
#include "pipelines/segy/store.h"
#include "pipelines/segy/summary.h"
#include "pipelines/segy/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct gluing {
    struct qn_glue *glue;
    struct qn_import import;
    struct qn_input input;
    struct qn_summary summary;
};

static enum qn_status write_file(struct gluing *gluing, const char *path, const void *bytes,
                                 size_t len, struct qn_error *err)
{
    struct qn_output *output;
    enum qn_status status = qn_glue_create(gluing->glue, path, &output, err);
    if (!status)
        status = qn_output_write(output, bytes, len, err);
    return status ? status : qn_output_commit(output, err);
}

/* Writes a JSON value and releases it. */
static enum qn_status write_json(struct gluing *gluing, const char *path, json_t *value,
                                 struct qn_error *err)
{
    char *text = value ? json_dumps(value, JSON_INDENT(2) | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(value);
    if (!text)
        return qn_fail_memory(err, path, 1);
    enum qn_status status = write_file(gluing, path, text, strlen(text), err);
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

/* ---- the file's own headers ----------------------------------------------------------------- */

static enum qn_status keep_texts(struct gluing *gluing, const uint8_t *text,
                                 const uint8_t *extended, struct qn_error *err)
{
    const struct qn_segy_layout *layout = &gluing->import.layout;
    struct qn_buf decoded = {0};
    qn_segy_text_decode(text, qn_segy_text_encoding(text), &decoded);
    for (uint32_t i = 0; i < layout->extended_text_count; i++) {
        const uint8_t *record = extended + (size_t)i * QN_SEGY_TEXT_BYTES;
        qn_segy_text_decode(record, qn_segy_text_encoding(record), &decoded);
    }
    enum qn_status status =
        decoded.failed ? qn_fail_memory(err, "the text header", decoded.len)
                       : write_file(gluing, "text_header.txt", decoded.data, decoded.len, err);
    qn_buf_release(&decoded);
    return status;
}

static enum qn_status write_headers(struct gluing *gluing, const uint8_t *bytes,
                                    struct qn_error *err)
{
    const struct qn_segy_layout *layout = &gluing->import.layout;
    const uint8_t *text = bytes + layout->label_bytes;
    const uint8_t *binary = text + QN_SEGY_TEXT_BYTES;
    const uint8_t *extended = binary + QN_SEGY_BINARY_BYTES;
    enum qn_status status =
        write_file(gluing, "raw/text_header.bin", text, QN_SEGY_TEXT_BYTES, err);
    if (!status)
        status = write_file(gluing, "raw/binary_header.bin", binary, QN_SEGY_BINARY_BYTES, err);
    if (!status && layout->label_bytes > 0)
        status = write_file(gluing, "raw/tape_label.bin", bytes, layout->label_bytes, err);
    if (!status && layout->extended_text_count > 0)
        status = write_file(gluing, "raw/extended_headers.bin", extended,
                            (size_t)layout->extended_text_count * QN_SEGY_TEXT_BYTES, err);
    if (!status)
        status = keep_texts(gluing, text, extended, err);
    if (!status)
        status =
            write_json(gluing, "binary_header.json", qn_binary_json(binary, layout->order), err);
    return status;
}

static enum qn_status keep_headers(struct gluing *gluing, struct qn_error *err)
{
    const struct qn_segy_layout *layout = &gluing->import.layout;
    size_t len = layout->label_bytes + QN_SEGY_REEL_BYTES +
                 (size_t)layout->extended_text_count * QN_SEGY_TEXT_BYTES;
    uint8_t *bytes = qn_sys.malloc(len);
    if (!bytes)
        return qn_fail_memory(err, "the reel headers", len);
    enum qn_status status = qn_input_read(&gluing->input, 0, bytes, len, err);
    if (!status)
        status = write_headers(gluing, bytes, err);
    free(bytes);
    return status;
}

/* ---- facts ---------------------------------------------------------------------------------- */

static enum qn_status state_fact(struct gluing *gluing, const char *name, json_t *value,
                                 struct qn_error *err)
{
    char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(17)) : NULL;
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
    };
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < sizeof oddities / sizeof *oddities && !status; i++) {
        if (oddities[i].count > 0)
            status = qn_glue_note(gluing->glue, err, "%" PRIu64 " %s", oddities[i].count,
                                  oddities[i].what);
    }
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
    char *text = attributes ? json_dumps(attributes, JSON_REAL_PRECISION(17)) : NULL;
    json_decref(attributes);
    if (!text)
        return qn_fail_memory(err, "the store's attributes", 1);
    enum qn_status status =
        qn_store_glue(gluing->glue, &gluing->import, qn_summary_delay(&gluing->summary), text, err);
    free(text);
    return status;
}

enum qn_status qn_import_glue(struct qn_glue *glue, struct qn_error *err)
{
    const struct qn_job *job = qn_glue_job(glue);
    struct gluing gluing = {.glue = glue, .input = {.fd = -1}};
    enum qn_status status = qn_import_decode(job->shared, job->shared_len, &gluing.import, err);
    if (!status)
        status = qn_input_reopen(&gluing.input, gluing.import.path, gluing.import.file_size, err);
    if (!status)
        status = sum_up(&gluing, err);
    if (!status)
        status = qn_headers_glue(glue, &gluing.import, err);
    if (!status)
        status = qn_ensembles_glue(glue, &gluing.import, &gluing.summary.ensembles, err);
    if (!status)
        status = keep_headers(&gluing, err);
    if (!status)
        status = write_json(&gluing, "statistics.json", qn_statistics_json(&gluing.summary), err);
    if (!status)
        status = state_facts(&gluing, err);
    if (!status)
        status = note_oddities(&gluing, err);
    if (!status)
        status = glue_store(&gluing, err);
    qn_input_close(&gluing.input);
    qn_import_release(&gluing.import);
    return status;
}
