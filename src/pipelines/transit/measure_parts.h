/* Inside of measuring a star: what is kept from star to star, and the steps. Private to measure.c,
 * measure_points.c (from files to weighted points) and measure_box.c (the candidate's box). */
#ifndef QN_PIPELINES_TRANSIT_MEASURE_PARTS_H
#define QN_PIPELINES_TRANSIT_MEASURE_PARTS_H

#include "compute/vetting.h"
#include "pipelines/transit/measure.h"
#include "pipelines/transit/template.h"

struct qn_measure {
    struct qn_settings settings;
    struct qn_lc lc;
    struct qn_search *search;
    struct qn_search_result result;
    struct qn_search_shape shape;
    struct qn_template *template;
    struct qn_buf file;
    struct qn_buf arrays;  /* those below */
    struct qn_buf scratch; /* of whichever step runs */
    struct qn_buf tables;
    double *raw;    /* as stitched */
    double *flux;   /* detrended */
    double *weight; /* 1 / sigma^2 */
    double *spare;
    bool *marks; /* points that the step at hand leaves out */
    const struct qn_measure_input *input;
    struct qn_row *row;
};

/* Time since the nearest transit's middle; negative before it. */
static inline double qn_measure_since(double time, double t0, double period)
{
    double x = time - t0;
    return x - period * floor(x / period + 0.5);
}

void qn_measure_say(struct qn_row *row, enum qn_row_status status, const char *reason);

/* Whether the engine has to know of a failure, not the row. */
bool qn_measure_for_engine(enum qn_status status);

/* ---- points --------------------------------------------------------------------------------- */

/* What table and headers tell of the candidate and its star. */
void qn_measure_input(struct qn_measure *m);

/* Reads, stitches, cleans and weighs; false in *ready when the row says why there is nothing to
 * search. */
enum qn_status qn_measure_prepare(struct qn_measure *m, bool *ready, struct qn_error *err);

/* Flux over its trend; points inside transits of the ephemeris (may be NULL) do not shape it. */
enum qn_status qn_measure_detrend(struct qn_measure *m, const struct qn_ephemeris *known,
                                  struct qn_error *err);

/* Takes the points out of the curve that `marks` marks. */
void qn_measure_drop_marked(struct qn_measure *m);

/* Weights by the errors of the files, scaled so that the median error is the scatter seen. */
void qn_measure_weigh(struct qn_measure *m);
struct qn_curve qn_measure_curve(const struct qn_measure *m);

/* ---- the box -------------------------------------------------------------------------------- */

struct qn_search_shape qn_measure_shape(const struct qn_measure *m, double low, double high);

/* The candidate's ephemeris on the curve's scale; false without an epoch. */
bool qn_measure_known(const struct qn_measure *m, struct qn_ephemeris *known);

/* Distance of the candidate's transits from the peak's at the middle of the data, in days. */
double qn_measure_distance(const struct qn_measure *m, const struct qn_ephemeris *known,
                           const struct qn_search_peak *peak);

/* The robust search around the candidate's period. */
enum qn_status qn_measure_find_box(struct qn_measure *m, struct qn_search_peak *peak,
                                   struct qn_error *err);

/* The published search over astropy's grid; *power is the highest. */
enum qn_status qn_measure_exact_box(struct qn_measure *m, bool weighted,
                                    struct qn_search_peak *peak, double *power,
                                    struct qn_error *err);

#endif
