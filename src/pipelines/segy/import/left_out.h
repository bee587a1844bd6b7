/* What salvage left out of a damaged survey, told wherever people look: a table, a fact of the
 * manifest, a note, a section of the report. */
#ifndef QN_PIPELINES_SEGY_IMPORT_LEFT_OUT_H
#define QN_PIPELINES_SEGY_IMPORT_LEFT_OUT_H

#include "pipelines/segy/import.h"

#define QN_LEFT_OUT_FILE "left_out.parquet"

/* Sentences for the plan's notes: the sum, and the first ranges one by one. */
void qn_left_out_note(struct qn_import *import);

/* Glue: left_out.parquet, a row per range (source_file, file, first_byte, end_byte, reason,
 * about_traces, next_trace), and the fact "left_out"; nothing where nothing is left out. */
enum qn_status qn_left_out_glue(struct qn_glue *glue, const struct qn_import *import,
                                struct qn_error *err);

/* Appends a section to the report, if there is something to tell. */
void qn_left_out_report(const struct qn_survey *survey, struct qn_buf *html);

#endif
