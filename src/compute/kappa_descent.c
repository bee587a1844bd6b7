/* The maximum of the likelihood of a spectrum, by scoring with Levenberg's damping: see
 * kappa_likelihood.h. */
#include "compute/kappa_likelihood.h"

#include <math.h>
#include <string.h>

enum { FREE = QN_KAPPA_FREE };

static double limit(double x, double low, double high)
{
    return fmin(fmax(x, low), high);
}

/* By Cholesky's factors. */
bool qn_kappa_solve(double h[FREE][FREE], const double y[FREE], double x[FREE])
{
    double l[FREE][FREE];
    for (int i = 0; i < FREE; i++) {
        x[i] = y[i];
        for (int j = 0; j <= i; j++) {
            double sum = h[i][j];
            for (int k = 0; k < j; k++)
                sum -= l[i][k] * l[j][k];
            if (i == j && !(sum > 1e-300))
                return false;
            l[i][j] = i == j ? sqrt(sum) : sum / l[j][j];
            if (j < i)
                x[i] -= l[i][j] * x[j];
        }
        x[i] /= l[i][i];
    }
    for (int i = FREE - 1; i >= 0; i--) {
        for (int k = i + 1; k < FREE; k++)
            x[i] -= l[k][i] * x[k];
        x[i] /= l[i][i];
    }
    return true;
}

/* A damped step of scoring from q, parameters held at limits that they press against. */
static void scoring_step(double h[FREE][FREE], const double g[FREE], double damping,
                         const double q[FREE], double tried[FREE])
{
    double a[FREE][FREE];
    double y[FREE];
    double x[FREE] = {0, 0, 0};
    memcpy(a, h, sizeof(a));
    for (int k = 0; k < FREE; k++) {
        bool held =
            (q[k] <= qn_kappa_lowest[k] && g[k] > 0) || (q[k] >= qn_kappa_highest[k] && g[k] < 0);
        y[k] = held ? 0 : -g[k];
        for (int l = 0; l < FREE && held; l++)
            a[k][l] = a[l][k] = 0;
        a[k][k] = held ? 1 : a[k][k] * (1 + damping) + 1e-12;
    }
    qn_kappa_solve(a, y, x);
    for (int k = 0; k < FREE; k++)
        tried[k] = limit(q[k] + limit(x[k], -1, 1), qn_kappa_lowest[k], qn_kappa_highest[k]);
}

double qn_kappa_descend(const struct qn_kappa_model *m, double q[FREE])
{
    double h[FREE][FREE];
    double g[FREE];
    double value = qn_kappa_information(m, q, h, g);
    double damping = 1e-3;
    for (int iteration = 0; iteration < 100; iteration++) {
        double tried[FREE];
        double there_h[FREE][FREE];
        double there_g[FREE];
        scoring_step(h, g, damping, q, tried);
        double now = qn_kappa_information(m, tried, there_h, there_g);
        if (!(now < value)) {
            if (damping > 1e6)
                break;
            damping *= 8;
            continue;
        }
        double gained = value - now;
        memcpy(q, tried, sizeof(tried));
        memcpy(h, there_h, sizeof(there_h));
        memcpy(g, there_g, sizeof(there_g));
        value = now;
        damping = fmax(damping * 0.1, 1e-9);
        if (gained < 1e-7)
            break;
    }
    return value;
}

void qn_kappa_begin(const struct qn_kappa_model *m, double q[FREE])
{
    static const double kappas[] = {1.8, 2.6, 4, 8, 30};
    double best = INFINITY;
    double counts = 0;
    for (size_t i = 0; i < m->data.rows; i++)
        counts += m->data.counts[i];
    for (size_t i = 0; i < sizeof(kappas) / sizeof(kappas[0]); i++)
        for (int j = 0; j < 9; j++) {
            double tried[FREE] = {log(1e6), 1 / kappas[i], log(6) + 0.75 * j};
            double mean[QN_SWEEP_ROWS];
            double sum = 0;
            for (int round = 0; round < 2; round++) { /* U by day depends on n */
                sum = 0;
                qn_kappa_expect(m, tried, mean, NULL);
                for (size_t row = 0; row < m->data.rows; row++)
                    sum += mean[row];
                tried[QN_LN_DENSITY] =
                    limit(tried[QN_LN_DENSITY] + log(counts / sum), qn_kappa_lowest[QN_LN_DENSITY],
                          qn_kappa_highest[QN_LN_DENSITY]);
                if (m->balance != QN_BALANCE_DAY)
                    break;
            }
            for (size_t row = 0; row < m->data.rows; row++)
                mean[row] *= counts / sum;
            double value = qn_kappa_deviance(m, mean);
            if (value < best) {
                best = value;
                memcpy(q, tried, sizeof(tried));
            }
        }
}

/* The variance of gains that makes the scatter about the fit what it should be, up to 50 %; none
 * where counting alone scatters as much in one of twenty sweeps. Rows with few counts do not take
 * part: a single count where 0.1 is expected is no matter of gains. */
static double gain_variance(const struct qn_kappa_model *m, const double q[FREE])
{
    static const double mean_least = 10;
    double mean[QN_SWEEP_ROWS];
    double freedom = -FREE;
    qn_kappa_expect(m, q, mean, NULL);
    for (size_t i = 0; i < m->data.rows; i++)
        freedom += mean[i] >= mean_least;
    if (freedom < 1 ||
        qn_kappa_pearson(m, mean, mean_least, 0) <= freedom + 1.645 * sqrt(2 * freedom))
        return 0;
    double low = 1e-14;
    double high = 0.25;
    for (int i = 0; i < 40; i++) {
        double middle = sqrt(low * high);
        if (qn_kappa_pearson(m, mean, mean_least, middle) > freedom)
            low = middle;
        else
            high = middle;
    }
    return high;
}

double qn_kappa_maximise(struct qn_kappa_model *m, double q[FREE])
{
    m->gain2 = 0;
    double value = qn_kappa_descend(m, q);
    for (int round = 0; round < 3; round++) {
        double before = m->gain2;
        m->gain2 = gain_variance(m, q);
        if (fabs(m->gain2 - before) <= 0.02 * m->gain2)
            break;
        value = qn_kappa_descend(m, q);
    }
    return value;
}
