/* Tables of what a row costs, and the sums over rows: see cone_rows.h. */
#include "compute/cone_rows.h"

#include <float.h>
#include <math.h>

#define EPS 1e-6

static const double first_step = 1e-3;
static const double reach_least = 1e-10;  /* of the beam over pitch angles: less is none */
static const double reach_energies = 120; /* eV: the beam is below 1e-13 beyond */

static void lay_steps(double step[QN_BEAM_STEPS + 1])
{
    double factor = qn_cone_highest.beam / first_step;
    step[0] = 0;
    for (int i = 1; i <= QN_BEAM_STEPS; i++)
        step[i] = first_step * pow(factor, (double)(i - 1) / (QN_BEAM_STEPS - 1));
}

/* The step of the table that a beam is in. */
static int step_of(double beam)
{
    if (!(beam > first_step))
        return 0;
    static const double ends[] = {-6.907755278982137, 1.6094379124341003}; /* ln 0.001, ln 5 */
    int step = 1 + (int)((log(beam) - ends[0]) / (ends[1] - ends[0]) * (QN_BEAM_STEPS - 1));
    return step < QN_BEAM_STEPS ? step : QN_BEAM_STEPS - 1;
}

/* ---- tables --------------------------------------------------------------------------------- */

static double seen(enum qn_cone_method method, double model)
{
    return method == QN_CONE_LILLIS ? model : log(model + EPS);
}

static double square(double x)
{
    return x * x;
}

/* Cells above 90 degrees into the row, sorted by pitch angle (insertion: there are few). Returns
 * what the others cost. */
static double sort_cells(struct qn_cone_row *row, const struct qn_cone_data *data,
                         enum qn_cone_method method, size_t i, size_t *used)
{
    double incident = 0;
    double ones = seen(method, 1);
    double pitches[QN_CELLS];
    row->count = 0;
    for (size_t j = 0; j < QN_CELLS; j++) {
        if (!qn_cone_uses(data, method, i, j))
            continue;
        double norm = data->norm[i][j];
        double value = method == QN_CONE_LILLIS ? norm : log(norm + EPS);
        double pitch = data->pitch_deg[i][j];
        ++*used;
        if (!(pitch > 90)) {
            incident += square(value - ones);
            continue;
        }
        size_t at = row->count++;
        for (; at > 0 && pitches[at - 1] > pitch; at--) {
            pitches[at] = pitches[at - 1];
            row->value[at] = row->value[at - 1];
        }
        pitches[at] = pitch;
        row->value[at] = value;
    }
    row->beam_from = row->count;
    for (size_t j = row->count; j-- > 0;) {
        row->side[j] = square(sin(pitches[j] * (M_PI / 180)));
        row->reach[j] = qn_cone_beam_pitch(pitches[j]);
        if (row->reach[j] > reach_least)
            row->beam_from = j;
    }
    row->side[row->count] = -1;
    return incident;
}

/* table[k] = start + the sum of out over cells before k + the sum of in over those from k on, of
 * the cells [from, to). */
static void sums(const double *out, const double *in, size_t from, size_t to, size_t count,
                 double start, double *table)
{
    for (size_t j = from; j < to; j++)
        start += in[j];
    for (size_t k = 0; k <= count; k++) {
        table[k] = start;
        if (k >= from && k < to)
            start += out[k] - in[k];
    }
}

static void tabulate_plain(struct qn_cone_row *row, enum qn_cone_method method, double incident)
{
    double out[QN_CELLS] = {0};
    double in[QN_CELLS] = {0};
    for (size_t j = 0; j < row->count; j++) {
        out[j] = square(row->value[j] - seen(method, 1));
        in[j] = square(row->value[j] - seen(method, QN_CONE_LOST));
    }
    sums(out, in, 0, row->beam_from, row->count, incident, row->distant);
    sums(out, in, 0, row->count, row->count, incident, row->plain);
}

/* Costs are rounded to floats downwards, so that they stay bounds. */
static void enter(struct qn_cone_row *row, int step, size_t k, double cost)
{
    float low = (float)(cost * (1 - 2 * (double)FLT_EPSILON));
    row->within[step][k] = low;
    row->up_to[step][k] = step > 0 ? fminf(row->up_to[step - 1][k], low) : low;
}

/* The least square of value - model for models between low and high. */
static double least(double value, double low, double high)
{
    return square(value - fmin(fmax(value, low), high));
}

/* halekas: cell by cell the least within a step. */
static void tabulate_beams(struct qn_cone_row *row, const double *steps)
{
    double low[2][QN_CELLS];
    double bound[2][QN_CELLS] = {{0}};
    double table[QN_CELLS + 1];
    static const double base[2] = {1, QN_CONE_LOST};
    for (int state = 0; state < 2; state++)
        for (size_t j = row->beam_from; j < row->count; j++)
            low[state][j] = seen(QN_CONE_HALEKAS, base[state]);
    for (int step = 0; step < QN_BEAM_STEPS; step++) {
        for (int state = 0; state < 2; state++)
            for (size_t j = row->beam_from; j < row->count; j++) {
                double high = seen(QN_CONE_HALEKAS, base[state] + steps[step + 1] * row->reach[j]);
                bound[state][j] = least(row->value[j], low[state][j], high);
                low[state][j] = high;
            }
        sums(bound[0], bound[1], row->beam_from, row->count, row->count, 0, table);
        for (size_t k = 0; k <= row->count; k++)
            enter(row, step, k, row->distant[k] + table[k]);
    }
}

/* lillis: for k cells outside the cost is plain - 2 t product + t^2 length, least at its vertex. */
static void tabulate_parabolas(struct qn_cone_row *row, const double *steps)
{
    double length = 0;
    double product = 0;
    for (size_t j = row->beam_from; j < row->count; j++) {
        length += square(row->reach[j]);
        product += row->reach[j] * (row->value[j] - QN_CONE_LOST);
    }
    for (size_t k = 0; k <= row->count; k++) {
        double vertex = length > 0 ? product / length : 0;
        for (int step = 0; step < QN_BEAM_STEPS; step++) {
            double t = fmin(fmax(vertex, steps[step]), steps[step + 1]);
            enter(row, step, k, fmax(row->plain[k] - 2 * t * product + t * t * length, 0));
        }
        if (k >= row->beam_from && k < row->count)
            product -= row->reach[k] * (1 - QN_CONE_LOST);
    }
}

size_t qn_cone_rows_init(struct qn_cone_rows *rows, const struct qn_cone_data *data,
                         enum qn_cone_method method)
{
    double highest = data->u_spacecraft - qn_cone_lowest.u_surface + reach_energies;
    size_t used = 0;
    rows->n = 0;
    rows->u_spacecraft = data->u_spacecraft;
    rows->method = method;
    lay_steps(rows->step);
    for (size_t i = 0; i < data->rows; i++) {
        struct qn_cone_row *row = &rows->row[rows->n];
        size_t before = used;
        double incident = sort_cells(row, data, method, i, &used);
        if (used == before)
            continue;
        row->energy_ev = data->energy_ev[i];
        row->per_ev = 1 / fmax(row->energy_ev - data->u_spacecraft, 1e-12);
        tabulate_plain(row, method, incident);
        if (row->energy_ev <= highest && method == QN_CONE_HALEKAS)
            tabulate_beams(row, rows->step);
        else if (row->energy_ev <= highest)
            tabulate_parabolas(row, rows->step);
        size_t k = row->count;
        for (int bucket = 0; bucket <= QN_CONE_BUCKETS; bucket++) {
            while (k > 0 && row->side[k - 1] < (double)bucket / QN_CONE_BUCKETS)
                k--;
            row->bucket[bucket] = (uint8_t)k;
        }
        rows->n++;
    }
    return used;
}

/* ---- lookups -------------------------------------------------------------------------------- */

/* How many cells lie outside: those with a side of at least x. */
static size_t outside(const struct qn_cone_row *row, double x)
{
    if (!(x > 0))
        return row->count;
    if (x > 1)
        x = 1;
    size_t k = row->bucket[(int)(x * QN_CONE_BUCKETS)];
    while (k > 0 && row->side[k - 1] < x)
        k--;
    return k;
}

static double beam_at(const struct qn_cone_row *row, double drop_ev)
{
    if (!(drop_ev > 0) || fabs(row->energy_ev - fmax(drop_ev, QN_CONE_BEAM_EV)) > reach_energies)
        return 0;
    return qn_cone_beam_energy(drop_ev, row->energy_ev);
}

/* The least and the highest beam of amplitude 1 while the drop is between low and high. */
static bool beam_range(const struct qn_cone_row *row, double low, double high, double range[2])
{
    if (!(high > 0))
        return false;
    double nearest =
        fmin(fmax(row->energy_ev, fmax(low, QN_CONE_BEAM_EV)), fmax(high, QN_CONE_BEAM_EV));
    if (fabs(row->energy_ev - nearest) > reach_energies)
        return false;
    range[0] = fmin(beam_at(row, low), beam_at(row, high));
    range[1] = qn_cone_beam_energy(nearest, row->energy_ev);
    return true;
}

static double least_plain(const struct qn_cone_row *row, size_t low, size_t high)
{
    double cost = row->plain[low];
    for (size_t k = low + 1; k <= high; k++)
        cost = fmin(cost, row->plain[k]);
    return cost;
}

static double least_beam(const struct qn_cone_row *row, size_t low, size_t high, int first,
                         int last)
{
    float cost = FLT_MAX;
    for (int step = first == 0 ? last : first; step <= last; step++) {
        const float *table = first == 0 ? row->up_to[step] : row->within[step];
        for (size_t k = low; k <= high; k++)
            cost = table[k] < cost ? table[k] : cost;
    }
    return (double)cost;
}

static void widen(struct qn_cone_width *width, const struct qn_cone_row *row, const double u[2],
                  const double b[2], size_t cells)
{
    width->cells += (double)cells;
    if (cells == 0)
        return;
    double y = 1 + 0.5 * (u[0] + u[1]) * row->per_ev;
    width->by_u += fmin(b[1] * row->per_ev * (u[1] - u[0]), 1);
    width->by_b += fmin(fabs(y) * (b[1] - b[0]), 1);
}

double qn_cone_rows_bound(const struct qn_cone_rows *rows, const double u[2], const double b[2],
                          const int a[2], struct qn_cone_width *width)
{
    double sum = 0;
    double beam[2] = {rows->step[a[0]], rows->step[a[1]]};
    if (width)
        *width = (struct qn_cone_width){0, 0, 0, 0, 0};
    for (size_t i = 0; i < rows->n; i++) {
        const struct qn_cone_row *row = &rows->row[i];
        double y[2] = {1 + u[0] * row->per_ev, 1 + u[1] * row->per_ev};
        size_t high = outside(row, y[0] * (y[0] < 0 ? b[1] : b[0]));
        size_t low = outside(row, y[1] * (y[1] < 0 ? b[0] : b[1]));
        double range[2];
        if (width)
            widen(width, row, u, b, high - low);
        if (row->beam_from == row->count || beam[1] <= 0 ||
            !beam_range(row, rows->u_spacecraft - u[1], rows->u_spacecraft - u[0], range)) {
            sum += least_plain(row, low, high);
            continue;
        }
        int first = step_of(beam[0] * range[0]);
        int last = step_of(beam[1] * range[1]);
        sum += least_beam(row, low, high, first, last);
        if (width) {
            width->beam += last - first;
            width->beam_by_u +=
                step_of(beam[1] * range[1]) - step_of(beam[1] * fmax(range[0], 1e-14));
        }
    }
    return sum;
}

void qn_cone_rows_held(const struct qn_cone_rows *rows, const struct qn_cone_sides *sides, double u,
                       struct qn_cone_point *point)
{
    point->cost = 0;
    point->beams = 0;
    for (size_t i = 0; i < rows->n; i++) {
        const struct qn_cone_row *row = &rows->row[i];
        size_t k = sides->outside[i];
        double beam = row->beam_from < row->count ? beam_at(row, rows->u_spacecraft - u) : 0;
        point->cost += beam > 0 ? row->distant[k] : row->plain[k];
        if (beam > 0) {
            point->beam[point->beams].row = i;
            point->beam[point->beams].outside = k;
            point->beam[point->beams++].beam = beam;
        }
    }
}

void qn_cone_rows_sides(const struct qn_cone_rows *rows, const struct qn_cone *cone,
                        struct qn_cone_sides *sides)
{
    for (size_t i = 0; i < rows->n; i++) {
        const struct qn_cone_row *row = &rows->row[i];
        sides->outside[i] = outside(row, cone->ratio * (1 + cone->u_surface * row->per_ev));
    }
}

void qn_cone_rows_at(const struct qn_cone_rows *rows, double u, double b,
                     struct qn_cone_point *point)
{
    struct qn_cone_sides sides;
    qn_cone_rows_sides(rows, &(struct qn_cone){u, b, 0}, &sides);
    qn_cone_rows_held(rows, &sides, u, point);
}

/* Cell k - 1 stays outside while x <= its side, cell k inside while x > its own. */
bool qn_cone_rows_room(const struct qn_cone_rows *rows, const struct qn_cone_sides *sides, double u,
                       double range[2])
{
    range[0] = qn_cone_lowest.ratio;
    range[1] = qn_cone_highest.ratio;
    for (size_t i = 0; i < rows->n; i++) {
        const struct qn_cone_row *row = &rows->row[i];
        size_t k = sides->outside[i];
        double y = 1 + u * row->per_ev;
        if (k < row->count && !(y > 0))
            return false;
        if (y > 0 && k < row->count)
            range[0] = fmax(range[0], row->side[k] / y);
        if (y > 0 && k > 0)
            range[1] = fmin(range[1], row->side[k - 1] / y);
    }
    return range[0] < range[1];
}

double qn_cone_point_cost(const struct qn_cone_rows *rows, const struct qn_cone_point *point,
                          double beam)
{
    double sum = point->cost;
    for (size_t i = 0; i < point->beams; i++) {
        const struct qn_cone_row *row = &rows->row[point->beam[i].row];
        double strength = beam * point->beam[i].beam;
        for (size_t j = row->beam_from; j < row->count; j++) {
            double base = j < point->beam[i].outside ? 1 : QN_CONE_LOST;
            sum += square(row->value[j] - seen(rows->method, base + strength * row->reach[j]));
        }
    }
    return sum;
}

double qn_cone_point_beam(const struct qn_cone_rows *rows, const struct qn_cone_point *point,
                          double low, double high, double *beam)
{
    static const double golden = 0.6180339887498949;
    double inner[2] = {high - golden * (high - low), low + golden * (high - low)};
    double cost[2] = {qn_cone_point_cost(rows, point, inner[0]),
                      qn_cone_point_cost(rows, point, inner[1])};
    for (int i = 0; i < 30 && high - low > 1e-7 * high; i++) {
        int keep =
            cost[0] < cost[1] ? 0 : 1; /* the inner point that stays one, on the other side */
        int fresh = 1 - keep;
        if (keep == 0)
            high = inner[1];
        else
            low = inner[0];
        inner[fresh] = inner[keep];
        cost[fresh] = cost[keep];
        inner[keep] = keep == 0 ? high - golden * (high - low) : low + golden * (high - low);
        cost[keep] = qn_cone_point_cost(rows, point, inner[keep]);
    }
    int better = cost[1] < cost[0];
    *beam = inner[better];
    return cost[better];
}

double qn_cone_rows_cost(const struct qn_cone_rows *rows, const struct qn_cone *cone)
{
    struct qn_cone_point point;
    qn_cone_rows_at(rows, cone->u_surface, cone->ratio, &point);
    return qn_cone_point_cost(rows, &point, cone->beam);
}
