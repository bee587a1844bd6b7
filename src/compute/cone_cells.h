/* Counts of the cells that electrons come back into, what the loss cone makes of them, and tables
 * of what an edge costs. Inside of cone_robust.c. */
#ifndef QN_COMPUTE_CONE_CELLS_H
#define QN_COMPUTE_CONE_CELLS_H

#include "compute/loss_cone.h"

enum {
    QN_CONE_STEPS = 96, /* of the height of a soft edge, 0 to 1; hard ones step at every cell */
    QN_CONE_COSTS = QN_CONE_STEPS + 2,
    QN_CONE_BLOCK = 16,   /* steps that a bound is kept for */
    QN_CONE_HEIGHTS = 256 /* of the height, where looking up a step begins */
};

struct qn_cone_cell {
    double counts;
    double full;   /* counts expected outside of the cone */
    double centre; /* height: -cos of the pitch angle of its centre */
    double middle; /* mean height over its width */
    double wide;   /* half widths in height, along its two sides: wide >= narrow */
    double narrow;
    double beam[2];  /* reach of the beam: averaged over the cell, at its centre */
    size_t index;    /* of the 88 */
    double variance; /* of the counts, for soft edges: kept while edges move */
};

struct qn_cone_cells {
    size_t rows;
    size_t count; /* cells of all rows */
    double u_spacecraft;
    double energy_ev[QN_SWEEP_ROWS];
    size_t first[QN_SWEEP_ROWS + 1]; /* cells of row i: first[i] to first[i + 1] */
    struct qn_cone_cell cell[QN_SWEEP_ROWS * QN_CELLS];
    double gain2; /* relative variance of the cells' gains */
    double edge; /* deviation of the part outside of a cell that is cut in half: what its shape does
                    that the model does not know */
    double lost; /* level inside of the cone */
};

/* Rows above the spacecraft's photoelectrons with a polarity and 30 incident counts. The reason is
 * QN_FIT_OK, or why there is none. */
enum qn_fit_reason qn_cone_cells_init(struct qn_cone_cells *c, const struct qn_sweep *sweep,
                                      const struct qn_cells *cells, enum qn_sense sense,
                                      double u_spacecraft);

/* The cost of a row at a height of its edge, plain - 2 t product + t^2 length with a beam of
 * strength t: -2 ln L where edges are hard, a weighted sum of squares where they are soft, since
 * the variance of cut cells is no more than a guess. */
struct qn_cone_cost {
    double plain;
    double product;
    double length;
    double least; /* with the beam that is best for this row alone */
};

struct qn_cone_table {
    bool hard;
    size_t rows;
    double u_spacecraft;
    double energy_ev[QN_SWEEP_ROWS];
    double per_ev[QN_SWEEP_ROWS];
    /* Soft: at even steps of the height, to be interpolated. Hard: with so many cells outside. */
    struct qn_cone_cost cost[QN_SWEEP_ROWS][QN_CONE_COSTS];
    /* The least plain and the least least of each block of steps, its end included. */
    double block[QN_SWEEP_ROWS][2][QN_CONE_COSTS / QN_CONE_BLOCK + 1];
    double centre[QN_SWEEP_ROWS][QN_CELLS + 1]; /* hard: of the row's cells, rising, then 2 */
    uint8_t bucket[QN_SWEEP_ROWS][QN_CONE_HEIGHTS + 1];
};

/* fmin and fmax of numbers, without a call. */
static inline double qn_lesser(double a, double b)
{
    return a < b ? a : b;
}
static inline double qn_greater(double a, double b)
{
    return a > b ? a : b;
}

/* The step of a row's table at a height of its edge; *part is how far it is to the next. */
static inline size_t qn_cone_step(const struct qn_cone_table *t, size_t row, double height,
                                  double *part)
{
    if (!t->hard) {
        size_t k = (size_t)(height * QN_CONE_STEPS);
        *part = height * QN_CONE_STEPS - (double)k;
        return k;
    }
    size_t k = t->bucket[row][(int)(height * QN_CONE_HEIGHTS)];
    while (t->centre[row][k] <= height)
        k++;
    *part = 0;
    return k;
}

/* With cells as wide as they are (soft), or as points. */
void qn_cone_table_build(const struct qn_cone_cells *c, struct qn_cone_table *table, bool hard);

/* Takes the level inside of the cone, the error of cut cells and all variances from the residuals
 * of a soft edge. */
void qn_cone_cells_adjust(struct qn_cone_cells *c, double u, double b, double beam);

/* Whether the cells at a soft edge are rather all or nothing than cut as they should be. */
bool qn_cone_cells_look_hard(const struct qn_cone_cells *c, double u, double b, double beam);

/* Pearson's chi2 per degree of freedom at a place. */
double qn_cone_cells_misfit(const struct qn_cone_cells *c, bool hard, double u, double b,
                            double beam);

#endif
