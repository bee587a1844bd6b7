/* Order statistics and robust scales: medians, MAD, quantiles. In place: they reorder what they are
 * given. Used wherever outliers must not decide. */
#ifndef QN_COMPUTE_ROBUST_H
#define QN_COMPUTE_ROBUST_H

#include <stddef.h>

/* 1.4826: the standard deviation of a normal distribution per median absolute deviation. */
#define QN_MAD_SIGMA 1.4826022185056018

/* The median, the mean of the two middle ones for even n; NaN for n = 0. Reorders `values`. */
double qn_median(double *values, size_t n);

/* Median of |values - centre|, not scaled. Overwrites `values` with the distances. */
double qn_mad(double *values, size_t n, double centre);

/* Mean and population standard deviation in two passes, added pairwise as NumPy does. */
double qn_mean(const double *values, size_t n);
double qn_deviation(const double *values, size_t n, double mean);

#endif
