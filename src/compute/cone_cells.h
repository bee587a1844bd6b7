/* Counts of the cells that electrons come back into, what the loss cone makes of them, and tables
 * of what an edge costs. Inside of cone_robust.c. */
#ifndef QN_COMPUTE_CONE_CELLS_H
#define QN_COMPUTE_CONE_CELLS_H

#include "compute/loss_cone.h"

enum {
    QN_CONE_STEPS_SOFT = 96,  /* of the height of an edge, 0 to 1 */
    QN_CONE_STEPS_HARD = 2048 /* finer: costs jump */
};

struct qn_cone_cell {
    double counts;
    double full;   /* counts expected outside of the cone */
    double centre; /* height: -cos of the pitch angle of its centre */
    double middle; /* mean height over its width */
    double wide;   /* half widths in height, along its two sides: wide >= narrow */
    double narrow;
    double beam[2]; /* reach of the beam: averaged over the cell, at its centre */
};

struct qn_cone_cells {
    size_t rows;
    size_t count; /* cells of all rows */
    double u_spacecraft;
    double energy_ev[QN_SWEEP_ROWS];
    size_t first[QN_SWEEP_ROWS + 1]; /* cells of row i: first[i] to first[i + 1] */
    struct qn_cone_cell cell[QN_SWEEP_ROWS * QN_CELLS];
    double gain2; /* relative variance of the cells' gains */
    double edge;  /* deviation of the part outside of a cell that is cut in half */
    double lost;  /* level inside of the cone */
};

/* Rows above the spacecraft's photoelectrons with a polarity and 30 incident counts. The reason is
 * QN_FIT_OK, or why there is none. */
enum qn_fit_reason qn_cone_cells_init(struct qn_cone_cells *c, const struct qn_sweep *sweep,
                                      const struct qn_cells *cells, enum qn_sense sense,
                                      double u_spacecraft);

/* The cost of a row at a height of its edge: -2 ln L without a beam; half its slope with one. */
struct qn_cone_cost {
    double plain;
    double product;
};

struct qn_cone_table {
    bool hard;
    size_t rows;
    double steps;
    double u_spacecraft;
    double energy_ev[QN_SWEEP_ROWS];
    double per_ev[QN_SWEEP_ROWS];
    double length[QN_SWEEP_ROWS]; /* half the bend of the cost over the beam */
    struct qn_cone_cost cost[QN_SWEEP_ROWS][QN_CONE_STEPS_HARD + 2];
};

/* With cells as wide as they are (soft), or as points. */
void qn_cone_table_build(const struct qn_cone_cells *c, struct qn_cone_table *table, bool hard);

/* Takes gain, edge and level from the residuals at a place. */
void qn_cone_cells_adjust(struct qn_cone_cells *c, const struct qn_cone_table *table, double u,
                          double b, double beam);

/* Pearson's chi2 per degree of freedom at a place. */
double qn_cone_cells_misfit(const struct qn_cone_cells *c, bool hard, double u, double b,
                            double beam);

#endif
