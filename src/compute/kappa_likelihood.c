/* What a plasma lets expect of a spectrum of counts, and how likely these are: see
 * kappa_likelihood.h. */
#include "compute/kappa_likelihood.h"

#include "compute/spacecraft.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { ALL = QN_KAPPA_FREE + 1 }; /* a value and its slopes */

static const double step = QN_ER_RESPONSE; /* between nodes, in ln E */

const double qn_kappa_lowest[QN_KAPPA_FREE] = {-7, 0.01, -0.7};
const double qn_kappa_highest[QN_KAPPA_FREE] = {35, 0.645, 10};

void qn_kappa_lay_nodes(struct qn_kappa_model *m)
{
    const struct qn_kappa_counts *data = &m->data;
    double low = INFINITY;
    double high = DBL_MIN;
    for (size_t i = 0; i < data->rows; i++) {
        low = fmin(low, data->energy_ev[i]);
        high = fmax(high, data->energy_ev[i]);
    }
    double start = log(low) - 5 * step;
    m->nodes = 0;
    while (m->nodes < QN_KAPPA_NODES && start + step * (double)m->nodes < log(high) + 6 * step) {
        m->node_ev[m->nodes] = exp(start + step * (double)m->nodes);
        m->nodes++;
    }
    for (size_t i = 0; i < data->rows; i++) {
        double centre = (log(data->energy_ev[i]) - start) / step;
        double sum = 0;
        m->first[i] = (size_t)fmax(floor(centre) - 0.5 * (QN_KAPPA_REACH - 2), 0);
        for (size_t k = 0; k < QN_KAPPA_REACH; k++) {
            double z = (double)(m->first[i] + k) - centre;
            m->response[i][k] = m->first[i] + k < m->nodes ? exp(-0.5 * z * z) : 0;
            sum += m->response[i][k];
        }
        for (size_t k = 0; k < QN_KAPPA_REACH; k++)
            m->response[i][k] /= sum;
    }
}

/* ---- the plasma ----------------------------------------------------------------------------- */

struct qn_kappa qn_kappa_plasma(const double q[QN_KAPPA_FREE])
{
    double kappa = 1 / q[QN_PER_KAPPA];
    return (struct qn_kappa){exp(q[QN_LN_DENSITY]), kappa,
                             qn_kappa_theta(kappa, exp(q[QN_LN_TEMPERATURE]))};
}

/* The derivative of lgamma: the asymptotic series, from 6 on (Abramowitz & Stegun 6.3.18). */
static double digamma(double x)
{
    double below = 0;
    while (x < 6) {
        below -= 1 / x;
        x += 1;
    }
    double y = 1 / (x * x);
    return below + log(x) - 0.5 / x - y * (1.0 / 12 - y * (1.0 / 120 - y * (1.0 / 252 - y / 240)));
}

double qn_kappa_potential(const struct qn_kappa_model *m, const double q[QN_KAPPA_FREE],
                          double slope[QN_KAPPA_FREE])
{
    memset(slope, 0, QN_KAPPA_FREE * sizeof(slope[0]));
    if (m->balance != QN_BALANCE_DAY)
        return m->balance == QN_BALANCE_NONE ? m->u_fixed : 0;
    enum qn_fit_reason reason;
    struct qn_kappa plasma = qn_kappa_plasma(q);
    double current = qn_kappa_current(&plasma);
    double volts = qn_day_potential(&plasma, &reason);
    double by_ln_current; /* dU / d ln J */
    if (reason == QN_FIT_TOO_DENSE)
        return 0;
    if (reason == QN_FIT_TOO_THIN) {
        volts = -60 * log(current / 1.6e-8);
        by_ln_current = -60;
        if (volts > 2000)
            return 2000;
    } else {
        by_ln_current = current / qn_photoemission_slope(volts);
    }
    double k = plasma.kappa;
    double by_k = 0.5 / (k - 1.5) + digamma(k - 1) - digamma(k - 0.5);
    slope[QN_LN_DENSITY] = by_ln_current;
    slope[QN_LN_TEMPERATURE] = 0.5 * by_ln_current;
    slope[QN_PER_KAPPA] = -k * k * by_k * by_ln_current;
    return volts;
}

/* ---- expected counts ------------------------------------------------------------------------ */

/* Fluxes at the nodes and their slopes. A spacecraft at U sees E f(E - U), since f is the same
 * along an orbit; with w = k m theta^2 / 2 that is c E (1 + (E - U) / w)^(-k-1), 0 below U. The
 * first node above U stands for the interval down to U. */
static void node_fluxes(const struct qn_kappa_model *m, const double q[QN_KAPPA_FREE], bool slopes,
                        double flux[ALL][QN_KAPPA_NODES])
{
    double by[QN_KAPPA_FREE];
    double volts = qn_kappa_potential(m, q, by);
    double k = 1 / q[QN_PER_KAPPA];
    double width = (k - 1.5) * exp(q[QN_LN_TEMPERATURE]);
    double ln_scale = q[QN_LN_DENSITY] + lgamma(k + 1) - lgamma(k - 0.5) -
                      1.5 * log(2 * M_PI * width) + log(2e-4 / sqrt(QN_ELECTRON_MASS));
    double scale_by_k = slopes ? digamma(k + 1) - digamma(k - 0.5) - 1.5 / (k - 1.5) : 0;
    bool edge = true;
    for (size_t i = 0; i < m->nodes; i++) {
        double e = m->node_ev[i];
        if (e <= volts) {
            for (int l = 0; l < ALL; l++)
                flux[l][i] = 0;
            continue;
        }
        double z = (e - volts) / width;
        double ln_power = log1p(z);
        double f = exp(ln_scale - (k + 1) * ln_power) * e;
        double by_volts = (k + 1) / (width * (1 + z));
        double part = edge && volts > 0 ? 0.5 + log(e / volts) / step : 2;
        edge = false;
        if (part < 1.5) {
            f *= part;
            by_volts -= 1 / (volts * step * part);
        }
        flux[0][i] = f;
        if (!slopes)
            continue;
        double by_width = (k + 1) * z / (1 + z); /* of ln width, without the scale's */
        flux[1 + QN_LN_DENSITY][i] = f * (1 + by_volts * by[QN_LN_DENSITY]);
        flux[1 + QN_PER_KAPPA][i] = f * (-k * k * (scale_by_k - ln_power + by_width / (k - 1.5)) +
                                         by_volts * by[QN_PER_KAPPA]);
        flux[1 + QN_LN_TEMPERATURE][i] = f * (by_width - 1.5 + by_volts * by[QN_LN_TEMPERATURE]);
    }
}

static double fold(const struct qn_kappa_model *m, size_t row, const double *flux)
{
    double sum = 0;
    for (size_t n = 0; n < QN_KAPPA_REACH && m->first[row] + n < m->nodes; n++)
        sum += m->response[row][n] * flux[m->first[row] + n];
    return sum;
}

void qn_kappa_expect(const struct qn_kappa_model *m, const double q[QN_KAPPA_FREE], double *mean,
                     double slope[QN_KAPPA_FREE][QN_SWEEP_ROWS])
{
    static const double mean_least = 1e-12;
    double flux[ALL][QN_KAPPA_NODES];
    node_fluxes(m, q, slope != NULL, flux);
    for (size_t i = 0; i < m->data.rows; i++) {
        double sum = fold(m, i, flux[0]);
        mean[i] = fmax(sum * m->data.exposure[i], mean_least);
        for (int k = 0; k < QN_KAPPA_FREE && slope; k++)
            slope[k][i] = mean[i] > mean_least ? fold(m, i, flux[1 + k]) / sum : 0;
    }
}

/* ---- the likelihood ------------------------------------------------------------------------- */

double qn_kappa_deviance(const struct qn_kappa_model *m, const double *mean)
{
    double sum = 0;
    for (size_t i = 0; i < m->data.rows; i++) {
        double n = m->data.counts[i];
        double mu = mean[i];
        double part = n > 0 ? n * log(n / mu) : 0;
        if (m->gain2 > 0)
            part -= (n + 1 / m->gain2) * log1p((n - mu) / (mu + 1 / m->gain2));
        else
            part -= n - mu;
        sum += 2 * part;
    }
    return sum;
}

double qn_kappa_information(const struct qn_kappa_model *m, const double q[QN_KAPPA_FREE],
                            double h[QN_KAPPA_FREE][QN_KAPPA_FREE], double g[QN_KAPPA_FREE])
{
    double mean[QN_SWEEP_ROWS];
    double slope[QN_KAPPA_FREE][QN_SWEEP_ROWS];
    qn_kappa_expect(m, q, mean, slope);
    memset(h, 0, QN_KAPPA_FREE * sizeof(h[0]));
    memset(g, 0, QN_KAPPA_FREE * sizeof(g[0]));
    for (size_t i = 0; i < m->data.rows; i++) {
        double weight = mean[i] / (1 + m->gain2 * mean[i]);
        double off = (m->data.counts[i] - mean[i]) / (1 + m->gain2 * mean[i]);
        for (int k = 0; k < QN_KAPPA_FREE; k++) {
            g[k] -= slope[k][i] * off;
            for (int l = 0; l < QN_KAPPA_FREE; l++)
                h[k][l] += weight * slope[k][i] * slope[l][i];
        }
    }
    return qn_kappa_deviance(m, mean);
}

double qn_kappa_pearson(const struct qn_kappa_model *m, const double *mean, double mean_least,
                        double gain2)
{
    double sum = 0;
    for (size_t i = 0; i < m->data.rows; i++) {
        double r = m->data.counts[i] - mean[i];
        if (mean[i] >= mean_least)
            sum += r * r / (mean[i] + gain2 * mean[i] * mean[i]);
    }
    return sum;
}
