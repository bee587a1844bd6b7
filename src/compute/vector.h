/* Vectors of three and rotation matrices, inline: what frames and geometry are written in.
 * A matrix turns the components of a vector in one frame into those in another: b = m a. */
#ifndef QN_COMPUTE_VECTOR_H
#define QN_COMPUTE_VECTOR_H

#include <math.h>

static inline double qn_dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static inline double qn_norm(const double a[3])
{
    return sqrt(qn_dot(a, a));
}

static inline void qn_cross(const double a[3], const double b[3], double out[3])
{
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

/* a + t b */
static inline void qn_along(const double a[3], double t, const double b[3], double out[3])
{
    for (int i = 0; i < 3; i++)
        out[i] = a[i] + t * b[i];
}

static inline void qn_rotate(const double m[3][3], const double a[3], double out[3])
{
    for (int i = 0; i < 3; i++)
        out[i] = qn_dot(m[i], a);
}

/* The inverse rotation: the transposed matrix times a. */
static inline void qn_rotate_back(const double m[3][3], const double a[3], double out[3])
{
    for (int i = 0; i < 3; i++)
        out[i] = m[0][i] * a[0] + m[1][i] * a[1] + m[2][i] * a[2];
}

/* out = m n: first n, then m. `out` is neither of them. */
static inline void qn_compose(const double m[3][3], const double n[3][3], double out[3][3])
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            out[i][j] = m[i][0] * n[0][j] + m[i][1] * n[1][j] + m[i][2] * n[2][j];
}

#endif
