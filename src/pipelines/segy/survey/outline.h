/* The outline of a survey, made when planning: opens its files, decides how each is laid out,
 * checks that they belong together, and finds where all their traces lie. */
#ifndef QN_PIPELINES_SEGY_SURVEY_OUTLINE_H
#define QN_PIPELINES_SEGY_SURVEY_OUTLINE_H

#include "pipelines/segy/import.h"
#include "pipelines/segy/survey/overrides.h"

/* Fills import->survey, import->layout and import->notes from the inputs that the options name.
 * Files that are not alike, and a file given twice, are QN_ERR_INPUT naming two of them. The
 * import borrows the paths from the options; release it also after a failure. */
enum qn_status qn_outline(const struct qn_options *options, const struct qn_overrides *overrides,
                          struct qn_plan *plan, struct qn_import *import, struct qn_error *err);

/* The same of one file as it says itself to be, for verbs that only read. Borrows the path. */
enum qn_status qn_outline_file(const char *path, struct qn_import *import, struct qn_error *err);

#endif
