/* From the cells of a sweep to counts of its rows: see kappa_likelihood.h. */
#include "compute/kappa_likelihood.h"

#include <math.h>

/* Counts and exposure of the cells of a row on both sides of the plane across B. */
static void count_row(const struct qn_sweep *sweep, const struct qn_cells *cells,
                      enum qn_sense sense, size_t i, double counts[2], double exposure[2])
{
    static const double sin_half_cell = 0.19509032201612825; /* 11.25 degrees */
    double cosines[QN_CELLS];
    qn_pitch_cosines(cells, sweep->field_nt[i], sweep->phi_deg[i], 1, sense, cosines);
    counts[0] = counts[1] = exposure[0] = exposure[1] = 0;
    for (size_t j = 0; j < QN_CELLS; j++) {
        double flux = sweep->flux[i][j];
        if (!isfinite(flux) || !(fabs(cosines[j]) > sin_half_cell))
            continue;
        if (sweep->in_sun && qn_cell_sunlit(cells, j, sweep->phi_deg[i][j]))
            continue;
        double per_flux = qn_counts_per_flux(cells, j, sweep->energy_ev[i]);
        int side = cosines[j] > 0;
        counts[side] += rint(fmax(flux, 0) * per_flux);
        exposure[side] += per_flux;
    }
}

/* Rows in the order of falling energies, as archives have them: sums do not depend on theirs. */
static void insert_row(struct qn_kappa_counts *c, double energy_ev, double counts, double exposure)
{
    size_t at = c->rows++;
    for (; at > 0 && c->energy_ev[at - 1] < energy_ev; at--) {
        c->energy_ev[at] = c->energy_ev[at - 1];
        c->counts[at] = c->counts[at - 1];
        c->exposure[at] = c->exposure[at - 1];
    }
    c->energy_ev[at] = energy_ev;
    c->counts[at] = counts;
    c->exposure[at] = exposure;
}

void qn_kappa_count(const struct qn_sweep *sweep, const struct qn_cells *cells, enum qn_sense sense,
                    struct qn_kappa_counts *c)
{
    double counts[QN_SWEEP_ROWS][2];
    double exposure[QN_SWEEP_ROWS][2];
    double sum[2] = {0, 0};
    int polarity = qn_sweep_polarity(sweep);
    for (size_t i = 0; i < sweep->rows; i++) {
        count_row(sweep, cells, sense, i, counts[i], exposure[i]);
        for (int side = 0; side < 2; side++)
            sum[side] += exposure[i][side] > 0 ? counts[i][side] / exposure[i][side] : 0;
    }
    if (polarity == 0)
        polarity = sum[1] >= sum[0] ? 1 : -1;
    c->rows = 0;
    for (size_t i = 0; i < sweep->rows; i++) {
        int side = (sweep->polarity[i] != 0 ? sweep->polarity[i] : polarity) > 0;
        if (!(exposure[i][side] > 0) || !(sweep->energy_ev[i] > 0))
            continue;
        insert_row(c, sweep->energy_ev[i], counts[i][side], exposure[i][side]);
    }
}

void qn_kappa_rows_above(const struct qn_kappa_counts *all, double energy_ev,
                         struct qn_kappa_counts *c)
{
    c->rows = 0;
    for (size_t i = 0; i < all->rows; i++)
        if (all->energy_ev[i] >= energy_ev) {
            c->energy_ev[c->rows] = all->energy_ev[i];
            c->counts[c->rows] = all->counts[i];
            c->exposure[c->rows++] = all->exposure[i];
        }
}

bool qn_kappa_enough(const struct qn_kappa_counts *c)
{
    size_t filled = 0;
    double counts = 0;
    for (size_t i = 0; i < c->rows; i++) {
        filled += c->counts[i] > 0;
        counts += c->counts[i];
    }
    return filled > QN_KAPPA_FREE && counts >= 30;
}
