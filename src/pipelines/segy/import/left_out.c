/* Telling what was left out: see left_out.h. */
#include "pipelines/segy/import/left_out.h"

#include "base/utf8.h"
#include "pipelines/segy/dataset/table.h"
#include "render/html.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NOTED 8   /* ranges in the notes */
#define SHOWN 100 /* ranges in the report */

struct sum {
    uint64_t bytes;
    uint64_t traces;
};

static struct sum sum_up(const struct qn_survey *survey)
{
    struct sum sum = {0};
    for (size_t i = 0; i < survey->left_out_count; i++) {
        sum.bytes += survey->left_out[i].end - survey->left_out[i].start;
        sum.traces += survey->left_out[i].traces;
    }
    return sum;
}

static const char *file_name(const struct qn_survey *survey, const struct qn_left_out *range)
{
    return qn_survey_name(survey->files[range->file].path);
}

void qn_left_out_note(struct qn_import *import)
{
    const struct qn_survey *survey = &import->survey;
    struct sum sum = sum_up(survey);
    if (survey->left_out_count == 0)
        return;
    qn_segy_note(&import->notes,
                 "left out: %zu places with %" PRIu64 " bytes, about %" PRIu64
                 " traces; " QN_LEFT_OUT_FILE " lists them",
                 survey->left_out_count, sum.bytes, sum.traces);
    for (size_t i = 0; i < survey->left_out_count && i < NOTED; i++) {
        const struct qn_left_out *range = &survey->left_out[i];
        qn_segy_note(&import->notes,
                     "left out: bytes %" PRIu64 " to %" PRIu64 " of '%.60s', about %" PRIu64
                     " traces before trace %" PRIu64 ": %s",
                     range->start, range->end - 1, file_name(survey, range), range->traces,
                     range->next, qn_left_reason(range->reason));
    }
}

/* ---- the table ------------------------------------------------------------------------------ */

enum column { SOURCE_FILE, NAME, FIRST_BYTE, END_BYTE, REASON, ABOUT_TRACES, NEXT_TRACE, COLUMNS };

static const struct qn_parquet_column columns[COLUMNS] = {
    [SOURCE_FILE] = {.name = QN_SOURCE_FILE, .type = QN_PQ_INT32},
    [NAME] = {.name = "file", .type = QN_PQ_STRING},
    [FIRST_BYTE] = {.name = "first_byte", .type = QN_PQ_INT64},
    [END_BYTE] = {.name = "end_byte", .type = QN_PQ_INT64},
    [REASON] = {.name = "reason", .type = QN_PQ_STRING},
    [ABOUT_TRACES] = {.name = "about_traces", .type = QN_PQ_INT64},
    [NEXT_TRACE] = {.name = "next_trace", .type = QN_PQ_INT64},
};

static void append_text(struct qn_buf *texts, struct qn_buf *offsets, const char *text)
{
    uint32_t start = (uint32_t)texts->len;
    qn_buf_append(offsets, &start, sizeof start);
    qn_utf8_clean(texts, text, strlen(text));
}

static void append_row(const struct qn_survey *survey, const struct qn_left_out *range,
                       struct qn_buf values[COLUMNS], struct qn_buf offsets[COLUMNS])
{
    int32_t file = (int32_t)range->file;
    qn_buf_append(&values[SOURCE_FILE], &file, sizeof file);
    append_text(&values[NAME], &offsets[NAME], file_name(survey, range));
    qn_buf_append(&values[FIRST_BYTE], &range->start, sizeof range->start);
    qn_buf_append(&values[END_BYTE], &range->end, sizeof range->end);
    append_text(&values[REASON], &offsets[REASON], qn_left_reason(range->reason));
    qn_buf_append(&values[ABOUT_TRACES], &range->traces, sizeof range->traces);
    qn_buf_append(&values[NEXT_TRACE], &range->next, sizeof range->next);
}

static enum qn_status encode_rows(const struct qn_survey *survey, struct qn_buf *bytes,
                                  struct qn_buf *meta, struct qn_error *err)
{
    struct qn_buf values[COLUMNS] = {0}, offsets[COLUMNS] = {0};
    struct qn_parquet_values rows[COLUMNS] = {0};
    struct qn_parquet_writer *writer = NULL;
    bool failed = false;
    for (size_t i = 0; i < survey->left_out_count; i++)
        append_row(survey, &survey->left_out[i], values, offsets);
    for (size_t c = 0; c < COLUMNS; c++) {
        uint32_t end = (uint32_t)values[c].len;
        bool text = columns[c].type == QN_PQ_STRING;
        if (text)
            qn_buf_append(&offsets[c], &end, sizeof end);
        rows[c] = (struct qn_parquet_values){.values = values[c].data,
                                             .offsets = text ? (uint32_t *)offsets[c].data : NULL};
        failed = failed || values[c].failed || offsets[c].failed;
    }
    enum qn_status status = failed ? qn_fail_memory(err, "the list of what is left out", 1)
                                   : qn_parquet_writer_new(&writer, columns, COLUMNS, NULL, err);
    if (!status)
        status = qn_parquet_encode_group(writer, rows, survey->left_out_count, bytes, meta, err);
    qn_parquet_writer_free(writer);
    for (size_t c = 0; c < COLUMNS; c++) {
        qn_buf_release(&values[c]);
        qn_buf_release(&offsets[c]);
    }
    return status;
}

static enum qn_status write_table(struct qn_glue *glue, const struct qn_survey *survey,
                                  struct qn_error *err)
{
    struct qn_table table = {0};
    struct qn_buf bytes = {0}, meta = {0};
    enum qn_status status = encode_rows(survey, &bytes, &meta, err);
    if (!status)
        status = qn_table_begin(&table, glue, QN_LEFT_OUT_FILE, columns, COLUMNS, err);
    if (!status)
        status = qn_parquet_footer_group(table.footer, meta.data, meta.len,
                                         qn_output_tell(table.file), err);
    if (!status)
        status = qn_output_write(table.file, bytes.data, bytes.len, err);
    if (!status)
        status = qn_table_end(&table, err);
    qn_table_release(&table);
    qn_buf_release(&bytes);
    qn_buf_release(&meta);
    return status;
}

enum qn_status qn_left_out_glue(struct qn_glue *glue, const struct qn_import *import,
                                struct qn_error *err)
{
    const struct qn_survey *survey = &import->survey;
    struct sum sum = sum_up(survey);
    char fact[160];
    if (survey->left_out_count == 0)
        return QN_OK;
    snprintf(fact, sizeof fact,
             "{\"places\": %zu, \"bytes\": %" PRIu64 ", \"about_traces\": %" PRIu64 "}",
             survey->left_out_count, sum.bytes, sum.traces);
    enum qn_status status = qn_glue_fact(glue, "left_out", fact, err);
    return status ? status : write_table(glue, survey, err);
}

/* ---- the report ----------------------------------------------------------------------------- */

void qn_left_out_report(const struct qn_survey *survey, struct qn_buf *html)
{
    static const struct qn_html_column shown[] = {
        {"File", QN_HTML_LEFT},    {"First byte", QN_HTML_RIGHT},   {"Last byte", QN_HTML_RIGHT},
        {"Traces", QN_HTML_RIGHT}, {"Before trace", QN_HTML_RIGHT}, {"Why", QN_HTML_LEFT},
    };
    enum { CELLS = sizeof shown / sizeof *shown };
    struct sum sum = sum_up(survey);
    if (survey->left_out_count == 0)
        return;
    qn_html_heading(html, 2, "Left out");
    qn_html_paragraph(html,
                      "%zu places with %" PRIu64 " bytes, about %" PRIu64 " traces, could not be "
                      "imported. " QN_LEFT_OUT_FILE " lists %s.",
                      survey->left_out_count, sum.bytes, sum.traces,
                      survey->left_out_count > SHOWN ? "all; these are the first" : "them");
    qn_html_table_begin(html, shown, CELLS);
    for (size_t i = 0; i < survey->left_out_count && i < SHOWN; i++) {
        const struct qn_left_out *range = &survey->left_out[i];
        char text[4][24];
        snprintf(text[0], sizeof text[0], "%" PRIu64, range->start);
        snprintf(text[1], sizeof text[1], "%" PRIu64, range->end - 1);
        snprintf(text[2], sizeof text[2], "about %" PRIu64, range->traces);
        snprintf(text[3], sizeof text[3], "%" PRIu64, range->next);
        const char *cells[CELLS] = {
            file_name(survey, range),     text[0], text[1], text[2], text[3],
            qn_left_reason(range->reason)};
        qn_html_row(html, shown, CELLS, cells);
    }
    qn_html_table_end(html);
}
