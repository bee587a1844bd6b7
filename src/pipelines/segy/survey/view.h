/* A few columns of headers.parquet, made of the trace headers for any traces at any time: what
 * planning looks at before the table exists. One view per thread. */
#ifndef QN_PIPELINES_SEGY_SURVEY_VIEW_H
#define QN_PIPELINES_SEGY_SURVEY_VIEW_H

#include "pipelines/segy/survey/columns.h"

#define QN_VIEW_COLUMNS 8

struct qn_view {
    size_t count;
    const struct qn_column *columns[QN_VIEW_COLUMNS]; /* in the order of the names; NULL: there is
                                                         none of that name */
    size_t room;                                      /* traces of one qn_view_read */
    /* Private. */
    struct qn_rows rows;
    struct qn_reader *reader;
    uint8_t *block;
    bool whole; /* traces are so short that reading past their headers costs less than around */
};

/* Opens the import's input to view the columns `names`. Release in any case. */
enum qn_status qn_view_open(struct qn_view *view, const struct qn_import *import,
                            const char *const *names, size_t count, struct qn_error *err);
void qn_view_release(struct qn_view *view);

/* Fills the columns' values with those of `n` (at most view->room) traces from number `first`. */
enum qn_status qn_view_read(struct qn_view *view, uint64_t first, size_t n, struct qn_error *err);

/* A first look at columns: some hundred traces, the first ones and others spread over the survey.
 */
struct qn_glance {
    bool known;    /* there is such a column, or field */
    bool varies;   /* not all values seen are the same; false for text */
    bool non_zero; /* not all are zero */
    int64_t first; /* private */
};
enum qn_status qn_glance_at(const struct qn_import *import, const char *const *names, size_t count,
                            struct qn_glance *glances, struct qn_error *err);

/* The i-th trace that such a look sees, UINT64_MAX after the last. */
uint64_t qn_glance_trace(const struct qn_import *import, uint64_t i);

/* Takes one more value, by its key (axis.h), into what was seen. */
void qn_glance_see(struct qn_glance *glance, int64_t key);

#endif
