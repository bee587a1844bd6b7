/* The root of a function of one variable, by the method of Brent (1973, ch. 4) with the order of
 * cases of SciPy's brentq, so that a loose tolerance ends at the same place. */
#ifndef QN_COMPUTE_ROOT_H
#define QN_COMPUTE_ROOT_H

typedef double qn_function(const void *context, double x);

/* Between a and b, where f has to change its sign; NaN when it does not. The result is within
 * `tolerance` (absolute) of the root; at most 100 evaluations. */
double qn_root(qn_function *f, const void *context, double a, double b, double tolerance);

#endif
