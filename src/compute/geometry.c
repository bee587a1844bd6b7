/* Survey geometry by least squares: see geometry.h. */
#include "compute/geometry.h"

#include <math.h>

/* i and j cannot be told apart when their correlation squared is closer to 1 than this. */
#define COLLINEAR 1e-9

static void add_one(struct qn_moments *moments, const double value[QN_MOMENTS])
{
    double before[QN_MOMENTS]; /* differences from the means so far */
    double count = (double)++moments->count;
    for (int a = 0; a < QN_MOMENTS; a++) {
        before[a] = value[a] - moments->mean[a];
        moments->mean[a] += before[a] / count;
        if (moments->count == 1 || value[a] < moments->least[a])
            moments->least[a] = value[a];
        if (moments->count == 1 || value[a] > moments->most[a])
            moments->most[a] = value[a];
    }
    for (int a = 0; a < QN_MOMENTS; a++)
        for (int b = 0; b < QN_MOMENTS; b++)
            moments->about[a][b] += before[a] * before[b] * ((count - 1) / count);
}

void qn_moments_add(struct qn_moments *moments, const double *i, const double *j, const double *x,
                    const double *y, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (!isnan(x[k]))
            add_one(moments, (double[QN_MOMENTS]){i[k], j[k], x[k], y[k]});
}

void qn_moments_merge(struct qn_moments *into, const struct qn_moments *next)
{
    if (next->count == 0)
        return;
    if (into->count == 0) {
        *into = *next;
        return;
    }
    double m = (double)into->count;
    double n = (double)next->count;
    double apart[QN_MOMENTS];
    for (int a = 0; a < QN_MOMENTS; a++)
        apart[a] = next->mean[a] - into->mean[a];
    for (int a = 0; a < QN_MOMENTS; a++) {
        for (int b = 0; b < QN_MOMENTS; b++)
            into->about[a][b] += next->about[a][b] + apart[a] * apart[b] * (m * n / (m + n));
        into->mean[a] += apart[a] * (n / (m + n));
        into->least[a] = fmin(into->least[a], next->least[a]);
        into->most[a] = fmax(into->most[a], next->most[a]);
    }
    into->count += next->count;
}

/* The two slopes of a coordinate, by the normal equations. */
static void fit_coordinate(const struct qn_moments *m, int coordinate, bool by_i, bool by_j,
                           double *slope_i, double *slope_j)
{
    double ii = m->about[QN_MOMENT_I][QN_MOMENT_I];
    double ij = m->about[QN_MOMENT_I][QN_MOMENT_J];
    double jj = m->about[QN_MOMENT_J][QN_MOMENT_J];
    double ic = m->about[QN_MOMENT_I][coordinate];
    double jc = m->about[QN_MOMENT_J][coordinate];
    double determinant = ii * jj - ij * ij;
    *slope_i = *slope_j = 0;
    if (by_i && by_j) {
        *slope_i = (ic * jj - jc * ij) / determinant;
        *slope_j = (jc * ii - ic * ij) / determinant;
    } else if (by_i) {
        *slope_i = ic / ii;
    } else {
        *slope_j = jc / jj;
    }
}

/* Mean squared distance from the map: what of the variance the slopes do not explain. */
static double unexplained(const struct qn_moments *m, const struct qn_geometry *g)
{
    double sum = 0;
    for (int c = 0; c < 2; c++) {
        int coordinate = c ? QN_MOMENT_Y : QN_MOMENT_X;
        sum += m->about[coordinate][coordinate] -
               g->per_inline[c] * m->about[QN_MOMENT_I][coordinate] -
               g->per_crossline[c] * m->about[QN_MOMENT_J][coordinate];
    }
    return fmax(sum, 0) / (double)m->count;
}

bool qn_geometry_fit(const struct qn_moments *m, struct qn_geometry *geometry)
{
    double ii = m->about[QN_MOMENT_I][QN_MOMENT_I];
    double ij = m->about[QN_MOMENT_I][QN_MOMENT_J];
    double jj = m->about[QN_MOMENT_J][QN_MOMENT_J];
    *geometry = (struct qn_geometry){0};
    bool by_i = m->count > 1 && ii > 0;
    bool by_j = m->count > 1 && jj > 0;
    if ((!by_i && !by_j) || (by_i && by_j && ii * jj - ij * ij < COLLINEAR * ii * jj))
        return false;
    for (int a = 0; a < QN_MOMENTS; a++)
        geometry->mean[a] = m->mean[a];
    for (int c = 0; c < 2; c++)
        fit_coordinate(m, c ? QN_MOMENT_Y : QN_MOMENT_X, by_i, by_j, &geometry->per_inline[c],
                       &geometry->per_crossline[c]);
    geometry->residual_rms = sqrt(unexplained(m, geometry));
    geometry->planar = by_i && by_j;
    return true;
}

void qn_geometry_position(const struct qn_geometry *g, double i, double j, double *x, double *y)
{
    double di = i - g->mean[QN_MOMENT_I];
    double dj = j - g->mean[QN_MOMENT_J];
    *x = g->mean[QN_MOMENT_X] + g->per_inline[0] * di + g->per_crossline[0] * dj;
    *y = g->mean[QN_MOMENT_Y] + g->per_inline[1] * di + g->per_crossline[1] * dj;
}

double qn_azimuth(double x, double y)
{
    static const double degrees = 57.295779513082320877;
    double azimuth = atan2(x, y) * degrees;
    if (azimuth < 0)
        azimuth += 360;
    return azimuth < 360 - 1e-9 ? azimuth : 0; /* north, but for rounding */
}
