/* From files to a row: reads the light curves of one star, cleans them, searches, measures. One per
 * worker; memory is kept from star to star. */
#ifndef QN_PIPELINES_TRANSIT_MEASURE_H
#define QN_PIPELINES_TRANSIT_MEASURE_H

#include "compute/bls_search.h"
#include "pipelines/transit/features.h"
#include "pipelines/transit/settings.h"

struct qn_measure;

enum qn_status qn_measure_new(struct qn_measure **measure, const struct qn_settings *settings,
                              struct qn_error *err);
void qn_measure_free(struct qn_measure *measure);

struct qn_measure_input {
    const struct qn_candidate *candidate; /* a blind search uses its target only */
    const struct qn_lc_file *files;
    size_t file_count;
    bool (*stop)(void *context);
    void *context;
};

/* Measures; failures of data are told in rows, not returned. `rows` has room for
 * settings->planets rows; *count gets how many there are (at least 1). Returned are only
 * QN_ERR_CANCELLED, QN_ERR_MEMORY and QN_ERR_TRANSIENT, to be tried again by the engine, and
 * QN_ERR_CHANGED, for which it stops the run. */
enum qn_status qn_measure_run(struct qn_measure *measure, const struct qn_measure_input *input,
                              struct qn_row *rows, size_t *count, struct qn_error *err);

/* Searches the curve of the last run once more between these periods, for a picture of its
 * periodogram: coarsely where it is long. Does nothing if it holds no two transits so far apart. */
enum qn_status qn_measure_around(struct qn_measure *measure, double min_period, double max_period,
                                 struct qn_error *err);

/* What the last run worked on, for pictures and periodograms: points as searched. */
struct qn_measured {
    size_t n;
    const double *time;
    const double *flux;
    const double *raw;
    const struct qn_search_result *search; /* of the last search */
    double min_period;
};
void qn_measure_last(const struct qn_measure *measure, struct qn_measured *out);

#endif
