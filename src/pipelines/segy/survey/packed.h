/* Files of a survey that are packed with gzip: planning unpacks each once, into nothing, for the
 * index by which everybody reads it from then on. */
#ifndef QN_PIPELINES_SEGY_SURVEY_PACKED_H
#define QN_PIPELINES_SEGY_SURVEY_PACKED_H

#include "pipelines/segy/import.h"
#include "pipelines/segy/survey/input.h"
#include "pipelines/segy/survey/walk.h"

/* Makes the index of file `i`, open as `input`, and lets `input` read what the file holds. Data
 * that does not unpack is QN_ERR_INPUT; in salvage the file ends there, and *damage says where. */
enum qn_status qn_packed_index(const struct qn_walk_progress *progress, enum qn_walk_mode mode,
                               struct qn_import *import, size_t i, struct qn_input *input,
                               struct qn_gzip_damage *damage, struct qn_error *err);

/* The same for one file that is only looked at: opens it and, if it is packed, makes *index, which
 * the input borrows. Release the index after closing the input, also after a failure. */
enum qn_status qn_packed_open(struct qn_input *input, const char *path, struct qn_gzip_index *index,
                              struct qn_error *err);

/* After the file's traces: lists what did not unpack among what is left out. */
enum qn_status qn_packed_leave_out(struct qn_survey *survey, size_t i,
                                   const struct qn_gzip_damage *damage, struct qn_error *err);

/* Says in the notes that the file is packed, and what is wrong with it. */
void qn_packed_note(struct qn_import *import, size_t i, const struct qn_gzip_damage *damage);

#endif
