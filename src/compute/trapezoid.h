/* A trapezoid through a folded transit, ingress and egress each with a length of its own: least
 * squares by the simplex of Nelder and Mead (1965) over binned points. */
#ifndef QN_COMPUTE_TRAPEZOID_H
#define QN_COMPUTE_TRAPEZOID_H

#include <stdbool.h>
#include <stddef.h>

enum { QN_TRAPEZOID_BINS = 90 };

struct qn_trapezoid_bin { /* weighted sums */
    double offset;
    double depth;
    double weight;
};

struct qn_trapezoid {
    double centre;
    double depth;
    double duration; /* first to last contact */
    double ingress;
    double egress;
    double chi2; /* per degree of freedom */
};

/* False with fewer than 8 filled bins. Overwrites `bins` by their means. */
bool qn_trapezoid_fit(struct qn_trapezoid_bin *bins, size_t n, double depth, double duration,
                      struct qn_trapezoid *fit);

#endif
