/* The geometry of a survey: the affine map from line numbers to positions that fits best, and what
 * follows from it. Positions are plane coordinates, x to the east and y to the north.
 *
 *   x = x0 + xi * (i - i0) + xj * (j - j0),  y likewise;   i: inline, j: crossline
 *
 * (least squares of all traces; i0 ... y0 are the means). An inline is a line of constant i: one
 * goes along it by changing j. With only one of the two varying, the other has no part.
 */
#ifndef QN_COMPUTE_GEOMETRY_H
#define QN_COMPUTE_GEOMETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QN_MOMENT_I, QN_MOMENT_J, QN_MOMENT_X, QN_MOMENT_Y, QN_MOMENTS };

/* Means and second moments about them, of (i, j, x, y): all that the fit needs of any number of
 * traces. Plain data, zero-initialised. */
struct qn_moments {
    uint64_t count;
    double mean[QN_MOMENTS];
    double about[QN_MOMENTS][QN_MOMENTS]; /* sums of products of differences from the means */
    double least[QN_MOMENTS];             /* undefined while count is 0 */
    double most[QN_MOMENTS];
};

/* Adds `n` traces; those whose x is NaN are left out. */
void qn_moments_add(struct qn_moments *moments, const double *i, const double *j, const double *x,
                    const double *y, size_t n);

/* Adds `next`: the pairwise update of Chan, Golub and LeVeque (1979), equations 1.5. The result
 * depends on the order of merges in its last bits: merge in plan order. */
void qn_moments_merge(struct qn_moments *into, const struct qn_moments *next);

struct qn_geometry {
    double mean[QN_MOMENTS];
    double per_inline[2];    /* x and y gained when i grows by 1; 0 where i does not vary */
    double per_crossline[2]; /* the same for j */
    double residual_rms;     /* root of the mean squared distance of traces from the map */
    bool planar;             /* both vary: a map from plane to plane, not from a line */
};

/* False where there is no such map: fewer than 2 traces, neither i nor j varies, or they vary
 * together so closely that they cannot be told apart. */
bool qn_geometry_fit(const struct qn_moments *moments, struct qn_geometry *geometry);

/* The position of a place. */
void qn_geometry_position(const struct qn_geometry *geometry, double i, double j, double *x,
                          double *y);

/* The azimuth of a direction: degrees clockwise from north, 0 to 360 (exclusive). */
double qn_azimuth(double x, double y);

#endif
