/* The published objective of the loss cone as sums over rows, looked up: by the number of cells of
 * a row that lie outside of the cone, and by the strength of the beam there. Inside of
 * cone_search.c.
 *
 * A cell of pitch angle p > 90 lies outside while x = b (1 + U / E), clipped to [0, 1], is at most
 * sin^2 p. Cells are sorted by it, so those outside are the first k. */
#ifndef QN_COMPUTE_CONE_ROWS_H
#define QN_COMPUTE_CONE_ROWS_H

#include "compute/loss_cone.h"

enum {
    QN_BEAM_STEPS = 24,  /* of the table of beams: from 0 to 0.001, then by the same factor to 5 */
    QN_CONE_BUCKETS = 64 /* of x, where looking up k begins */
};

struct qn_cone_row {
    double energy_ev;
    double per_ev;                /* 1 / (E - U_sc) */
    size_t count;                 /* cells of pitch angles above 90 */
    size_t beam_from;             /* the beam reaches those from here on */
    double side[QN_CELLS + 1];    /* sin^2 p, falling; ends with -1 */
    double value[QN_CELLS];       /* what the model is compared with: ln or itself */
    double reach[QN_CELLS];       /* of the beam, by pitch angle */
    double plain[QN_CELLS + 1];   /* cost of k outside without a beam, of all cells */
    double distant[QN_CELLS + 1]; /* the same, of cells that no beam reaches */
    uint8_t bucket[QN_CONE_BUCKETS + 1];
    /* Least cost of k outside with a beam in a step of the table; with one up to that step. */
    float within[QN_BEAM_STEPS][QN_CELLS + 1];
    float up_to[QN_BEAM_STEPS][QN_CELLS + 1];
};

struct qn_cone_rows {
    size_t n;
    double u_spacecraft;
    enum qn_cone_method method;
    double step[QN_BEAM_STEPS + 1]; /* the beams that the tables are made for */
    struct qn_cone_row row[QN_SWEEP_ROWS];
};

/* Returns the number of cells that take part. */
size_t qn_cone_rows_init(struct qn_cone_rows *rows, const struct qn_cone_data *data,
                         enum qn_cone_method method);

/* What a box leaves open. */
struct qn_cone_width {
    double cells;     /* that may be on either side */
    double by_u;      /* how far U moves x, over all rows */
    double by_b;      /* how far b does */
    double beam;      /* steps of the table that rows may be at */
    double beam_by_u; /* those because of U */
};

/* No point of the box costs less. `a` are steps of the beam's table; `width` may be NULL. */
double qn_cone_rows_bound(const struct qn_cone_rows *rows, const double u[2], const double b[2],
                          const int a[2], struct qn_cone_width *width);

/* A point of (U, b): what all rows without a beam cost, and the rows with one. */
struct qn_cone_point {
    double cost;
    size_t beams;
    struct {
        size_t row;
        size_t outside;
        double beam; /* of amplitude 1 */
    } beam[QN_SWEEP_ROWS];
};
void qn_cone_rows_at(const struct qn_cone_rows *rows, double u, double b,
                     struct qn_cone_point *point);
double qn_cone_point_cost(const struct qn_cone_rows *rows, const struct qn_cone_point *point,
                          double beam);

/* The least cost for a beam between low and high, by golden sections. */
double qn_cone_point_beam(const struct qn_cone_rows *rows, const struct qn_cone_point *point,
                          double low, double high, double *beam);

/* Which cells of each row lie outside, held while U moves: the range of b that leaves them where
 * they are (false: none does), and what U costs then. */
struct qn_cone_sides {
    size_t outside[QN_SWEEP_ROWS];
};
void qn_cone_rows_sides(const struct qn_cone_rows *rows, const struct qn_cone *cone,
                        struct qn_cone_sides *sides);
bool qn_cone_rows_room(const struct qn_cone_rows *rows, const struct qn_cone_sides *sides, double u,
                       double range[2]);
void qn_cone_rows_held(const struct qn_cone_rows *rows, const struct qn_cone_sides *sides, double u,
                       struct qn_cone_point *point);

double qn_cone_rows_cost(const struct qn_cone_rows *rows, const struct qn_cone *cone);

#endif
