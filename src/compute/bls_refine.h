/* The second stage of the search, for one peak at a time, with every point near its transits.
 * Private to src/compute: bls_search.c and its refinement share the loaded curve. */
#ifndef QN_COMPUTE_BLS_REFINE_H
#define QN_COMPUTE_BLS_REFINE_H

#include "compute/bls_search.h"

struct refine {
    struct qn_buf memory;
    struct qn_buf scratch;
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

/* Refines period (within +-part * period), epoch and duration of a peak; times from refine->t0. */
enum qn_status qn_refine_peak(struct refine *refine, const struct qn_search_shape *shape,
                              double part, struct qn_search_peak *peak, struct qn_error *err);

/* Once more around a refined peak, five times as fine: its edges to a hundredth of the duration. */
enum qn_status qn_refine_polish(struct refine *refine, const struct qn_search_shape *shape,
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
