/* The second stage of the search, for one peak at a time, with every point near its transits.
 * Private to src/compute: bls_search.c and its refinement share the loaded curve. */
#ifndef QN_COMPUTE_BLS_REFINE_H
#define QN_COMPUTE_BLS_REFINE_H

#include "compute/bls_search.h"

struct refine {
    struct qn_buf memory;
    struct qn_buf scratch;
    struct qn_buf points;
    size_t n;
    double *time; /* from the first on, ascending */
    double
        *product; /* weight * (flux - weighted mean); masked points are taken out of the arrays */
    double *weight;
    double t0; /* the first time */
    double span;
    double total;
};

void qn_refine_release(struct refine *refine);
enum qn_status qn_refine_load(struct refine *refine, const struct qn_curve *curve,
                              struct qn_error *err);

/* The points within `reach` of a transit's middle; valid until the next gathering. */
struct near_points {
    size_t n;
    double *offset; /* from the middle of its transit */
    double *cycle;  /* of that transit, from the middle one on */
    double *product;
    double *weight;
    double reach;
};
enum qn_status qn_refine_gather(struct refine *refine, const struct qn_search_peak *peak,
                                double reach, struct near_points *near, struct qn_error *err);

/* The longest box to be tried at a period. */
double qn_refine_longest(const struct qn_search_shape *shape, double period);

/* Depth, error, drop of chi^2 and number of events of a peak, from the points themselves; its t0
 * becomes the first one. */
void qn_refine_describe(const struct refine *refine, struct qn_search_peak *peak);

/* Refines period (within +-part * period), epoch and duration of a peak; times from refine->t0. */
enum qn_status qn_refine_peak(struct refine *refine, const struct qn_search_shape *shape,
                              double part, struct qn_search_peak *peak, struct qn_error *err);

/* Once more around a refined peak, by single points: of all boxes that hold the best set of points
 * the middle one, in period and both edges. */
enum qn_status qn_refine_polish(struct refine *refine, const struct qn_search_shape *shape,
                                struct qn_search_peak *peak, struct qn_error *err);

/* The same with the period held: both edges only. */
enum qn_status qn_refine_edges(struct refine *refine, const struct qn_search_shape *shape,
                               struct qn_search_peak *peak, struct qn_error *err);

/* The best box at one period with its middle within `reach` of t0 (modulo the period). */
enum qn_status qn_refine_fixed(struct refine *refine, const struct qn_search_shape *shape,
                               double period, double t0, double reach, struct qn_search_peak *peak,
                               struct qn_error *err);

/* Whether one transit of the peak is far deeper than all its others together say, so that the peak
 * is that one event and an accident: which. */
bool qn_refine_lone_event(const struct refine *refine, const struct qn_search_peak *peak,
                          struct qn_search_event *event);

/* Takes the event's points out. */
void qn_refine_mask(struct refine *refine, const struct qn_search_event *event);

#endif
