/* Cells of the loss cone as wide as they are, and what edges cost them: see cone_cells.h. */
#include "compute/cone_cells.h"

#include <math.h>
#include <string.h>

#define HALF_LATITUDE (11.25 * M_PI / 180)

static const double sin_half_cell = 0.19509032201612825; /* 11.25 degrees */
static const double beam_least = 0.003;
static const double beam_shape = 0.1;     /* what is open of a beam across a cell */
static const double edge_least = 0.02;    /* what is open of a cell's shape at least */
static const double edge_at_first = 0.15; /* before residuals tell */

static double square(double x)
{
    return x * x;
}

/* ---- cells ---------------------------------------------------------------------------------- */

static double reach(double h)
{
    return qn_cone_beam_pitch(qn_pitch_degrees(-h));
}

/* The beam's mean over five by five parts of the cell, and at its centre. */
static void beam_of(const double axis[3], double latitude, double phi, double half_phi,
                    struct qn_cone_cell *cell)
{
    enum { PARTS = 5 };
    double across[PARTS];
    double weights = 0;
    cell->beam[0] = cell->beam[1] = 0;
    if (cell->middle + cell->wide + cell->narrow < 0.9)
        return;
    cell->beam[1] = reach(cell->centre);
    for (int j = 0; j < PARTS; j++) {
        double at = phi + (2 * j - PARTS + 1) * half_phi / PARTS;
        across[j] = axis[0] * cos(at) + axis[1] * sin(at);
    }
    for (int i = 0; i < PARTS; i++) {
        double at = latitude + (2 * i - PARTS + 1) * HALF_LATITUDE / PARTS;
        double cos_at = cos(at);
        double along = axis[2] * sin(at);
        weights += PARTS * cos_at;
        for (int j = 0; j < PARTS; j++) {
            double h = -(cos_at * across[j] + along);
            if (h > 0.9)
                cell->beam[0] += cos_at * reach(h);
        }
    }
    cell->beam[0] /= weights;
}

static void place_cell(const struct qn_cells *cells, size_t j, const double axis[3], double phi_deg,
                       struct qn_cone_cell *cell)
{
    double latitude = cells->latitude_deg[j] * (M_PI / 180);
    double phi = phi_deg * (M_PI / 180);
    double half_phi = M_PI / cells->sharing[j];
    double cos_lat = cells->cos_latitude[j];
    double sin_lat = cells->sin_latitude[j];
    double across = axis[0] * cos(phi) + axis[1] * sin(phi);
    /* Means over the cell's solid angle, cos(latitude) of it to each latitude. */
    double south = latitude - HALF_LATITUDE;
    double north = latitude + HALF_LATITUDE;
    double mean_sin = 0.5 * (sin(north) + sin(south));
    double mean_cos =
        (HALF_LATITUDE + 0.25 * (sin(2 * north) - sin(2 * south))) / (sin(north) - sin(south));
    double shrink_phi = sin(half_phi) / half_phi;
    double by_latitude = fabs(cos_lat * axis[2] - sin_lat * across) * sin(HALF_LATITUDE);
    double by_phi = fabs(cos_lat * (axis[1] * cos(phi) - axis[0] * sin(phi))) * sin(half_phi);
    cell->centre = -(cos_lat * across + sin_lat * axis[2]);
    cell->middle = -(mean_cos * across * shrink_phi + mean_sin * axis[2]);
    cell->wide = qn_greater(qn_greater(by_latitude, by_phi), 1e-4);
    cell->narrow = qn_lesser(by_latitude, by_phi);
    beam_of(axis, latitude, phi, half_phi, cell);
}

static bool usable(const struct qn_sweep *sweep, const struct qn_cells *cells, size_t i, size_t j)
{
    double phi = sweep->phi_deg[i][j];
    if (!isfinite(sweep->flux[i][j]) || !isfinite(phi))
        return false;
    return !(sweep->in_sun && qn_cell_sunlit(cells, j, phi));
}

/* Adds the cells of a row that are not clearly incident; false where too few counts come in. */
static bool add_row(struct qn_cone_cells *c, const struct qn_sweep *sweep,
                    const struct qn_cells *cells, enum qn_sense sense, size_t i, double gain[2])
{
    static const double counts_least = 30;
    const double *field = sweep->field_nt[i];
    double cosines[QN_CELLS];
    double counts = 0;
    double exposure = 0;
    double energy = sweep->energy_ev[i];
    qn_pitch_cosines(cells, field, sweep->phi_deg[i], sweep->polarity[i], sense, cosines);
    for (size_t j = 0; j < QN_CELLS; j++)
        if (usable(sweep, cells, i, j) && cosines[j] > sin_half_cell) {
            double per_flux = qn_counts_per_flux(cells, j, energy);
            counts += rint(qn_greater(sweep->flux[i][j], 0) * per_flux);
            exposure += per_flux;
        }
    if (!(counts >= counts_least))
        return false;
    double length = sqrt(square(field[0]) + square(field[1]) + square(field[2]));
    double sign = (sense == QN_SENSE_LOOK ? -sweep->polarity[i] : sweep->polarity[i]) / length;
    double axis[3] = {sign * field[0], sign * field[1], sign * field[2]};
    for (size_t j = 0; j < QN_CELLS; j++) {
        if (!usable(sweep, cells, i, j) || !isfinite(cosines[j]))
            continue;
        double per_flux = qn_counts_per_flux(cells, j, energy);
        double found = rint(qn_greater(sweep->flux[i][j], 0) * per_flux);
        double full = counts / exposure * per_flux;
        if (cosines[j] > sin_half_cell) {
            gain[0] += square(found - full) - full;
            gain[1] += square(full);
            continue;
        }
        struct qn_cone_cell *cell = &c->cell[c->count++];
        cell->counts = found;
        cell->full = full;
        cell->index = j;
        cell->variance = found + 1 + square(edge_at_first * full);
        place_cell(cells, j, axis, sweep->phi_deg[i][j], cell);
    }
    return true;
}

enum qn_fit_reason qn_cone_cells_init(struct qn_cone_cells *c, const struct qn_sweep *sweep,
                                      const struct qn_cells *cells, enum qn_sense sense,
                                      double u_spacecraft)
{
    double gain[2] = {0, 0};
    size_t footed = 0;
    double lowest = u_spacecraft > 0 ? u_spacecraft * exp(3 * QN_ER_RESPONSE) : 0;
    c->rows = c->count = 0;
    c->u_spacecraft = u_spacecraft;
    c->first[0] = 0;
    for (size_t i = 0; i < sweep->rows; i++) {
        footed += sweep->polarity[i] != 0;
        if (sweep->polarity[i] == 0 || !(sweep->energy_ev[i] > lowest))
            continue;
        if (!add_row(c, sweep, cells, sense, i, gain))
            continue;
        c->energy_ev[c->rows++] = sweep->energy_ev[i];
        c->first[c->rows] = c->count;
    }
    c->gain2 = gain[1] > 0 ? qn_greater(gain[0] / gain[1], 0) : 0;
    c->edge = edge_at_first;
    c->lost = QN_CONE_LOST;
    return footed == 0 ? QN_FIT_NO_FOOT : QN_FIT_OK;
}

/* ---- what an edge costs --------------------------------------------------------------------- */

/* The part of a cell below a height: of the sum of two uniform distributions. */
static double part_below(const struct qn_cone_cell *cell, bool hard, double edge)
{
    if (hard)
        return cell->centre <= edge ? 1 : 0;
    double d = edge - cell->middle;
    double a = cell->wide;
    double b = cell->narrow;
    if (fabs(d) >= a + b)
        return d > 0 ? 1 : 0;
    if (fabs(d) <= a - b)
        return 0.5 + d / (2 * a);
    double corner = square(a + b - fabs(d)) / (8 * a * b);
    return d > 0 ? 1 - corner : corner;
}

static double variance(const struct qn_cone_cells *c, double mean)
{
    return mean + c->gain2 * mean * mean + 1e-3;
}

static bool in_beam(const struct qn_cone_cell *cell)
{
    return qn_greater(cell->beam[0], cell->beam[1]) > beam_least;
}

/* Where a beam may be the model does not know the variance; the counts have to do. */
static double beam_variance(const struct qn_cone_cells *c, const struct qn_cone_cell *cell)
{
    return cell->counts + 1 + c->gain2 * cell->counts * cell->counts;
}

/* What a cell costs that is outside (part 1) or inside of a hard edge. */
static struct qn_cone_cost cost_of(const struct qn_cone_cells *c, const struct qn_cone_cell *cell,
                                   double part)
{
    double mean = cell->full * (c->lost + (1 - c->lost) * part);
    double off = cell->counts - mean;
    double beam = in_beam(cell) ? cell->full * cell->beam[1] : 0;
    double v = beam > 0 ? beam_variance(c, cell) : variance(c, mean);
    return (struct qn_cone_cost){off * off / v + log(v), beam * off / v, beam * beam / v, 0};
}

static void add(struct qn_cone_cost *to, struct qn_cone_cost cost, double sign)
{
    to->plain += sign * cost.plain;
    to->product += sign * cost.product;
    to->length += sign * cost.length;
}

/* Adds a soft cell's cost to a row's table, as differences from step to step. */
static void add_soft(const struct qn_cone_cells *c, const struct qn_cone_cell *cell,
                     struct qn_cone_cost *row)
{
    double beam = in_beam(cell) ? cell->full * cell->beam[0] : 0;
    double weight = 1 / cell->variance;
    double from = ceil((cell->middle - cell->wide - cell->narrow) * QN_CONE_STEPS);
    size_t k = from > 0 ? (size_t)from : 0;
    double off = cell->counts - cell->full * c->lost;
    struct qn_cone_cost before = {0, 0, 0, 0};
    row[0].length += beam * beam * weight;
    if (k > 0) {
        before = (struct qn_cone_cost){off * off * weight, beam * off * weight, 0, 0};
        add(&row[0], before, 1);
    }
    for (; k <= QN_CONE_STEPS; k++) {
        double part = part_below(cell, false, (double)k / QN_CONE_STEPS);
        double left = off - cell->full * (1 - c->lost) * part;
        struct qn_cone_cost cost = {left * left * weight, beam * left * weight, 0, 0};
        row[k].plain += cost.plain - before.plain;
        row[k].product += cost.product - before.product;
        before = cost;
        if (part >= 1)
            break;
    }
}

static void build_soft(const struct qn_cone_cells *c, struct qn_cone_table *table, size_t i)
{
    struct qn_cone_cost *row = table->cost[i];
    memset(row, 0, sizeof(table->cost[i]));
    for (size_t j = c->first[i]; j < c->first[i + 1]; j++)
        add_soft(c, &c->cell[j], row);
    for (size_t k = 1; k < QN_CONE_COSTS; k++)
        add(&row[k], row[k - 1], 1);
}

/* A row's cells by the height of their centres; those below 0 are outside of every cone. */
static size_t sort_cells(const struct qn_cone_cells *c, size_t i, size_t order[QN_CELLS])
{
    size_t n = 0;
    for (size_t j = c->first[i]; j < c->first[i + 1]; j++) {
        size_t at = n++;
        for (; at > 0 && c->cell[order[at - 1]].centre > c->cell[j].centre; at--)
            order[at] = order[at - 1];
        order[at] = j;
    }
    return n;
}

static void build_hard(const struct qn_cone_cells *c, struct qn_cone_table *table, size_t i)
{
    size_t order[QN_CELLS];
    size_t n = sort_cells(c, i, order);
    struct qn_cone_cost *row = table->cost[i];
    memset(row, 0, sizeof(table->cost[i]));
    for (size_t k = 0; k < n; k++)
        add(&row[0], cost_of(c, &c->cell[order[k]], 0), 1);
    for (size_t k = 0; k < n; k++) {
        table->centre[i][k] = c->cell[order[k]].centre;
        row[k + 1] = row[k];
        add(&row[k + 1], cost_of(c, &c->cell[order[k]], 0), -1);
        add(&row[k + 1], cost_of(c, &c->cell[order[k]], 1), 1);
    }
    for (size_t k = n + 1; k < QN_CONE_COSTS; k++)
        row[k] = row[n];
    table->centre[i][n] = 2;
    size_t k = 0;
    for (int bucket = 0; bucket <= QN_CONE_HEIGHTS; bucket++) {
        while (table->centre[i][k] <= (double)bucket / QN_CONE_HEIGHTS)
            k++;
        table->bucket[i][bucket] = (uint8_t)k;
    }
}

/* Costs with the best beam, and the least of each block of steps. */
static void bound_blocks(struct qn_cone_table *table, size_t i)
{
    struct qn_cone_cost *row = table->cost[i];
    for (size_t k = 0; k < QN_CONE_COSTS; k++) {
        struct qn_cone_cost *c = &row[k];
        double gain = 0;
        if (c->product > 0 && c->length > 0)
            gain = c->product * c->product / c->length;
        c->least = c->plain - gain;
    }
    for (size_t k = 0; k < QN_CONE_COSTS; k += QN_CONE_BLOCK) {
        size_t end = k + QN_CONE_BLOCK < QN_CONE_COSTS ? k + QN_CONE_BLOCK : QN_CONE_COSTS - 1;
        double plain = row[k].plain;
        double least = row[k].least;
        for (size_t l = k + 1; l <= end; l++) {
            plain = qn_lesser(plain, row[l].plain);
            least = qn_lesser(least, row[l].least);
        }
        table->block[i][0][k / QN_CONE_BLOCK] = plain;
        table->block[i][1][k / QN_CONE_BLOCK] = least;
    }
}

void qn_cone_table_build(const struct qn_cone_cells *c, struct qn_cone_table *table, bool hard)
{
    table->hard = hard;
    table->rows = c->rows;
    table->u_spacecraft = c->u_spacecraft;
    for (size_t i = 0; i < c->rows; i++) {
        table->energy_ev[i] = c->energy_ev[i];
        table->per_ev[i] = 1 / qn_greater(c->energy_ev[i] - c->u_spacecraft, 1e-12);
        if (hard)
            build_hard(c, table, i);
        else
            build_soft(c, table, i);
        bound_blocks(table, i);
    }
}

/* ---- residuals ------------------------------------------------------------------------------ */

struct expected {
    double height; /* of the edge */
    double part;
    double beam;
    double mean;
};

static struct expected expect(const struct qn_cone_cells *c, bool hard, size_t row,
                              const struct qn_cone_cell *cell, const struct qn_cone *at)
{
    double ambient = qn_greater(c->energy_ev[row] - c->u_spacecraft, 1e-12);
    double x = at->ratio * (1 + at->u_surface / ambient);
    struct expected e;
    e.height = sqrt(1 - qn_lesser(qn_greater(x, 0), 1));
    e.part = part_below(cell, hard, e.height);
    e.beam = at->beam * cell->beam[hard] *
             qn_cone_beam_energy(c->u_spacecraft - at->u_surface, c->energy_ev[row]);
    e.mean = cell->full * (c->lost + (1 - c->lost) * e.part + e.beam);
    return e;
}

/* Whether the edge is within a cell or near to it. */
static bool is_cut(const struct qn_cone_cell *cell, const struct expected *e)
{
    static const double margin = 0.02;
    return fabs(e->height - cell->middle) < 1.2 * (cell->wide + cell->narrow) + margin;
}

/* Variances once the edge is known roughly. Rows that cut the same cell share one error: that of
 * each is raised so that together they tell as much as one. */
static void set_variances(struct qn_cone_cells *c, const struct qn_cone *at, const double *alike)
{
    for (size_t i = 0; i < c->rows; i++)
        for (size_t j = c->first[i]; j < c->first[i + 1]; j++) {
            struct qn_cone_cell *cell = &c->cell[j];
            struct expected e = expect(c, false, i, cell, at);
            cell->variance = variance(c, e.mean) + 1 + square(beam_shape * cell->full * e.beam);
            if (is_cut(cell, &e))
                cell->variance +=
                    square(c->edge * cell->full) * pow(qn_greater(alike[cell->index], 1), 0.6);
        }
}

void qn_cone_cells_adjust(struct qn_cone_cells *c, double u, double b, double beam)
{
    struct qn_cone at = {u, b, beam};
    double inside[2] = {0, 0};
    double edge[2] = {0, 0};
    double alike[QN_CELLS] = {0};
    size_t cut = 0;
    for (size_t i = 0; i < c->rows; i++)
        for (size_t j = c->first[i]; j < c->first[i + 1]; j++) {
            const struct qn_cone_cell *cell = &c->cell[j];
            struct expected e = expect(c, false, i, cell, &at);
            if (e.part == 0 && e.beam < 0.002) {
                inside[0] += cell->counts;
                inside[1] += cell->full;
            } else if (e.part > 0 && e.part < 1) {
                /* cells with many counts tell most */
                double counting = variance(c, e.mean) / square(cell->full);
                double weight = 1 / square(counting + 0.03 * 0.03);
                edge[0] += weight * (square((cell->counts - e.mean) / cell->full) - counting);
                edge[1] += weight;
                alike[cell->index]++;
                cut++;
            }
        }
    if (inside[0] >= 30)
        c->lost = qn_lesser(qn_greater(inside[0] / inside[1], 0.001), 0.5);
    if (cut >= 8)
        c->edge = sqrt(qn_lesser(qn_greater(edge[0] / edge[1], square(edge_least)), 0.1));
    set_variances(c, &at, alike);
}

bool qn_cone_cells_look_hard(const struct qn_cone_cells *c, double u, double b, double beam)
{
    struct qn_cone at = {u, b, beam};
    double hard = 0;
    double soft = 0;
    for (size_t i = 0; i < c->rows; i++)
        for (size_t j = c->first[i]; j < c->first[i + 1]; j++) {
            const struct qn_cone_cell *cell = &c->cell[j];
            struct expected e = expect(c, false, i, cell, &at);
            if (!(e.part > 0.05 && e.part < 0.95) || e.beam > 0.05)
                continue;
            double part = (cell->counts / cell->full - c->lost) / (1 - c->lost);
            double weight = cell->full / (1 + 0.01 * cell->full);
            hard += weight * square(part > 0.5 ? part - 1 : part);
            soft += weight * square(part - e.part);
        }
    return hard < soft;
}

double qn_cone_cells_misfit(const struct qn_cone_cells *c, bool hard, double u, double b,
                            double beam)
{
    struct qn_cone at = {u, b, beam};
    double sum = 0;
    for (size_t i = 0; i < c->rows; i++)
        for (size_t j = c->first[i]; j < c->first[i + 1]; j++) {
            const struct qn_cone_cell *cell = &c->cell[j];
            struct expected e = expect(c, hard, i, cell, &at);
            sum += square(cell->counts - e.mean) / variance(c, e.mean);
        }
    return sum / qn_greater((double)c->count - 3, 1);
}
