/* The likelihood of a spectrum of counts: the counts that a plasma makes expected, and their
 * slopes; its maximum; the intervals along its profiles. Inside of kappa_robust.c.
 *
 * Three parameters q: ln n, 1/k, ln T. By day they are those of the ambient plasma, whose current
 * tells U; by night those of the plasma that arrives, from which U and the ambient plasma follow.
 */
#ifndef QN_COMPUTE_KAPPA_LIKELIHOOD_H
#define QN_COMPUTE_KAPPA_LIKELIHOOD_H

#include "compute/kappa.h"

enum { QN_KAPPA_FREE = 3, QN_LN_DENSITY = 0, QN_PER_KAPPA = 1, QN_LN_TEMPERATURE = 2 };
enum { QN_KAPPA_NODES = 96, QN_KAPPA_REACH = 12 };

extern const double qn_kappa_lowest[QN_KAPPA_FREE];
extern const double qn_kappa_highest[QN_KAPPA_FREE];

enum qn_balance { QN_BALANCE_NONE, QN_BALANCE_DAY, QN_BALANCE_NIGHT };

/* ---- the data: kappa_counts.c --------------------------------------------------------------- */

struct qn_kappa_counts {
    size_t rows;
    double energy_ev[QN_SWEEP_ROWS];
    double counts[QN_SWEEP_ROWS];
    double exposure[QN_SWEEP_ROWS]; /* counts per flux */
};

/* Of the Moon's side of each row; of the side with more counts where no row has a polarity. */
void qn_kappa_count(const struct qn_sweep *sweep, const struct qn_cells *cells, enum qn_sense sense,
                    struct qn_kappa_counts *counts);

/* Those of at least `energy_ev`. */
void qn_kappa_rows_above(const struct qn_kappa_counts *all, double energy_ev,
                         struct qn_kappa_counts *counts);

/* Whether they tell three parameters. */
bool qn_kappa_enough(const struct qn_kappa_counts *counts);

/* ---- the model: kappa_likelihood.c ---------------------------------------------------------- */

struct qn_kappa_model {
    struct qn_kappa_counts data;
    enum qn_balance balance;
    double u_fixed; /* with QN_BALANCE_NONE */
    double gain2;   /* relative variance of the rows' gains */
    /* Energies on a grid of the response's own width, on which the trapezoid rule folds exactly. */
    size_t nodes;
    double node_ev[QN_KAPPA_NODES];
    size_t first[QN_SWEEP_ROWS];
    double response[QN_SWEEP_ROWS][QN_KAPPA_REACH];
};

/* Lays the grid below the model's data. */
void qn_kappa_lay_nodes(struct qn_kappa_model *m);

struct qn_kappa qn_kappa_plasma(const double q[QN_KAPPA_FREE]);

/* The potential that the spectrum is shifted by, and its slopes: 0 by night. By day beyond the
 * limits of the curve as well: 0 where nothing balances, the second exponential beyond 150 V. */
double qn_kappa_potential(const struct qn_kappa_model *m, const double q[QN_KAPPA_FREE],
                          double slope[QN_KAPPA_FREE]);

/* Counts to be expected; slopes (may be NULL) are those of their logarithms. */
void qn_kappa_expect(const struct qn_kappa_model *m, const double q[QN_KAPPA_FREE], double *mean,
                     double slope[QN_KAPPA_FREE][QN_SWEEP_ROWS]);

/* -2 ln likelihood against a perfect fit: of Poisson, or negative binomial with gain errors. */
double qn_kappa_deviance(const struct qn_kappa_model *m, const double *mean);

/* The deviance, Fisher's information h and the gradient g of half the deviance. */
double qn_kappa_information(const struct qn_kappa_model *m, const double q[QN_KAPPA_FREE],
                            double h[QN_KAPPA_FREE][QN_KAPPA_FREE], double g[QN_KAPPA_FREE]);

/* Pearson's chi2 with another variance of gains, over rows of at least `mean_least`. */
double qn_kappa_pearson(const struct qn_kappa_model *m, const double *mean, double mean_least,
                        double gain2);

/* ---- the maximum: kappa_descent.c ----------------------------------------------------------- */

/* x = h^-1 y, h symmetric; false where it is singular. */
bool qn_kappa_solve(double h[QN_KAPPA_FREE][QN_KAPPA_FREE], const double y[QN_KAPPA_FREE],
                    double x[QN_KAPPA_FREE]);

/* A start: the best of a grid of k and T, and the n that makes the sum of counts right. */
void qn_kappa_begin(const struct qn_kappa_model *m, double q[QN_KAPPA_FREE]);

/* From q to the minimum of the deviance, which is returned. */
double qn_kappa_descend(const struct qn_kappa_model *m, double q[QN_KAPPA_FREE]);

/* The same, and the variance of gains that the scatter about the fit asks for. */
double qn_kappa_maximise(struct qn_kappa_model *m, double q[QN_KAPPA_FREE]);

/* ---- what follows from it: kappa_profile.c -------------------------------------------------- */

enum qn_kappa_quantity {
    QN_KAPPA_KAPPA,
    QN_KAPPA_THETA,
    QN_KAPPA_TEMPERATURE,
    QN_KAPPA_DENSITY,
    QN_KAPPA_POTENTIAL,
    QN_KAPPA_QUANTITIES
};

struct qn_kappa_derived {           /* of the ambient plasma */
    double of[QN_KAPPA_QUANTITIES]; /* the potential NaN where nothing balances */
    double current;
    enum qn_fit_reason reason;
};
void qn_kappa_derive(const struct qn_kappa_model *m, const double q[QN_KAPPA_FREE],
                     struct qn_kappa_derived *d);

/* A quantity at the maximum q, and where its profile is higher by 1 than the least deviance there.
 * NaN for an end that is not found before a limit of the fit. */
void qn_kappa_profile(const struct qn_kappa_model *m, const double q[QN_KAPPA_FREE],
                      enum qn_kappa_quantity quantity, struct qn_estimate *e);

#endif
