/* Evaluates the tables that orbits are kept in: see orbit.h. */
#include "compute/orbit.h"

#include "compute/vector.h"

#include <math.h>
#include <string.h>

/* ---- Chebyshev polynomials ------------------------------------------------------------------ */

/* The value at s in [-1, 1], and the derivative by s (Clenshaw 1955). */
static double chebyshev(const double *coefficient, size_t n, double s, double *derivative)
{
    double b1 = 0, b2 = 0, d1 = 0, d2 = 0;
    for (size_t i = n; i-- > 1;) {
        double d = 2 * b1 + 2 * s * d1 - d2;
        d2 = d1;
        d1 = d;
        double b = coefficient[i] + (2 * s * b1 - b2);
        b2 = b1;
        b1 = b;
    }
    *derivative = b1 + s * d1 - d2;
    return coefficient[0] + (s * b1 - b2);
}

void qn_orbit_chebyshev(const double *coefficients, size_t n, double mid, double radius, double et,
                        double state[6])
{
    double s = (et - mid) / radius;
    for (size_t i = 0; i < 3; i++) {
        double derivative;
        state[i] = chebyshev(coefficients + i * n, n, s, &derivative);
        state[i + 3] = derivative / radius;
    }
}

void qn_orbit_chebyshev_rates(const double *coefficients, size_t n, double mid, double radius,
                              double et, double state[6])
{
    double unused;
    for (size_t i = 0; i < 6; i++)
        state[i] = chebyshev(coefficients + i * n, n, (et - mid) / radius, &unused);
}

/* ---- modified difference arrays ------------------------------------------------------------- */

/* A difference line by the names of its parts. */
struct difference {
    size_t terms;
    const double *step;      /* G: `terms` step sizes */
    const double *reference; /* x, vx, y, vy, z, vz */
    const double *table;     /* 3 rows of `terms` differences */
    size_t highest;          /* KQMAX1 */
    size_t order[3];         /* KQ */
};

static bool read_order(double word, double most, size_t *order)
{
    if (!(word >= 0 && word <= most))
        return false;
    *order = (size_t)word;
    return true;
}

static bool read_line(const double *line, size_t terms, struct difference *d)
{
    *d = (struct difference){
        .terms = terms, .step = line + 1, .reference = line + 1 + terms, .table = line + 7 + terms};
    const double *orders = line + 7 + 4 * terms;
    if (!read_order(orders[0], (double)terms + 1, &d->highest) || d->highest < 2)
        return false;
    for (size_t i = 0; i < 3; i++)
        if (!read_order(orders[i + 1], (double)d->highest - 1, &d->order[i]))
            return false;
    return true;
}

/* The sum of a row's differences by the weights from w[0], the smallest terms first. */
static double weighted(const struct difference *d, size_t row, const double *w)
{
    double sum = 0;
    for (size_t j = d->order[row]; j-- > 0;)
        sum += d->table[row * d->terms + j] * w[j];
    return sum;
}

/* NAIF, SPKE01, after F. Krogh: the weights of the integration's coefficients are built up from
 * 1/j, `highest` - 2 times for the position, once more for the rate. */
bool qn_orbit_difference_line(const double *line, size_t terms, double et, double state[6])
{
    struct difference d;
    if (terms > QN_DIFFERENCE_MAX || !read_line(line, terms, &d))
        return false;
    double fc[QN_DIFFERENCE_MAX + 2] = {1};
    double wc[QN_DIFFERENCE_MAX + 2] = {0};
    double w[QN_DIFFERENCE_MAX + 3] = {0};
    double delta = et - line[0];
    double tp = delta;
    for (size_t j = 0; j + 2 < d.highest; j++) {
        if (d.step[j] == 0)
            return false;
        fc[j + 1] = tp / d.step[j];
        wc[j] = delta / d.step[j];
        tp = delta + d.step[j];
    }
    for (size_t j = 0; j < d.highest; j++)
        w[j] = 1.0 / (double)(j + 1);
    size_t built = 0;
    size_t ks = d.highest - 1;
    for (; ks >= 2; ks--) {
        built++;
        for (size_t j = 0; j < built; j++)
            w[j + ks] = fc[j + 1] * w[j + ks - 1] - wc[j] * w[j + ks];
    }
    for (size_t i = 0; i < 3; i++)
        state[i] =
            d.reference[2 * i] + delta * (d.reference[2 * i + 1] + delta * weighted(&d, i, w + ks));
    for (size_t j = 0; j < built; j++)
        w[j + ks] = fc[j + 1] * w[j + ks - 1] - wc[j] * w[j + ks];
    for (size_t i = 0; i < 3; i++)
        state[i + 3] = d.reference[2 * i + 1] + delta * weighted(&d, i, w + ks - 1);
    return true;
}

/* ---- interpolation -------------------------------------------------------------------------- */

/* The i-th basis polynomial of Lagrange at `et`, its derivative there and at its own epoch. */
struct basis {
    double value;
    double slope;
    double own_slope;
};

static struct basis lagrange_basis(const double *epochs, size_t n, size_t i, double et)
{
    struct basis b = {1, 0, 0};
    for (size_t j = 0; j < n; j++) {
        if (j == i)
            continue;
        double inverse = 1 / (epochs[i] - epochs[j]);
        double factor = (et - epochs[j]) * inverse;
        b.slope = b.slope * factor + b.value * inverse;
        b.value *= factor;
        b.own_slope += inverse;
    }
    return b;
}

void qn_orbit_lagrange(const double *epochs, const double *states, size_t n, double et,
                       double state[6])
{
    memset(state, 0, 6 * sizeof *state);
    for (size_t i = 0; i < n; i++) {
        double weight = lagrange_basis(epochs, n, i, et).value;
        for (size_t k = 0; k < 6; k++)
            state[k] += weight * states[6 * i + k];
    }
}

/* p(t) = sum over i of f_i (1 - 2 l_i'(t_i) (t - t_i)) l_i^2 + f_i' (t - t_i) l_i^2. */
void qn_orbit_hermite(const double *epochs, const double *states, size_t n, double et,
                      double state[6])
{
    memset(state, 0, 6 * sizeof *state);
    for (size_t i = 0; i < n; i++) {
        struct basis b = lagrange_basis(epochs, n, i, et);
        double dt = et - epochs[i];
        double square = b.value * b.value;
        double square_slope = 2 * b.value * b.slope;
        double tilt = 1 - 2 * b.own_slope * dt;
        double of_value = tilt * square;
        double of_value_slope = tilt * square_slope - 2 * b.own_slope * square;
        double of_rate = dt * square;
        double of_rate_slope = square + dt * square_slope;
        const double *s = states + 6 * i;
        for (size_t k = 0; k < 3; k++) {
            state[k] += of_value * s[k] + of_rate * s[k + 3];
            state[k + 3] += of_value_slope * s[k] + of_rate_slope * s[k + 3];
        }
    }
}

/* ---- two bodies ----------------------------------------------------------------------------- */

/* Stumpff's functions c2 and c3: (1 - cos sqrt z) / z and (sqrt z - sin sqrt z) / sqrt z^3,
 * continued to negative z. */
static void stumpff(double z, double *c2, double *c3)
{
    if (fabs(z) < 1) { /* series; the 12th term is below 1e-25 */
        double term2 = 0.5;
        double term3 = 1.0 / 6;
        *c2 = *c3 = 0;
        for (int k = 1; k <= 12; k++) {
            *c2 += term2;
            *c3 += term3;
            term2 *= -z / ((2 * k + 1) * (2 * k + 2));
            term3 *= -z / ((2 * k + 2) * (2 * k + 3));
        }
    } else if (z > 0) {
        double root = sqrt(z);
        *c2 = (1 - cos(root)) / z;
        *c3 = (root - sin(root)) / (z * root);
    } else {
        double root = sqrt(-z);
        *c2 = (1 - cosh(root)) / z;
        *c3 = (root - sinh(root)) / (z * root);
    }
}

/* A conic in units in which gm is 1: Kepler's equation in the universal variable x,
 *   t(x) = r0 x + s x^2 c2 + (1 - alpha r0) x^3 c3,  dt/dx = r(x) > 0
 * (R. R. Bate, D. D. Mueller, J. E. White, Fundamentals of Astrodynamics, 1971, 4.4). */
struct conic {
    double r0;
    double s;     /* r . v */
    double alpha; /* 1 / semi-major axis */
};

struct conic_at {
    double t;
    double r;
    double u1, u2, u3; /* x c1, x^2 c2, x^3 c3 */
};

static struct conic_at conic_at(const struct conic *c, double x)
{
    double c2;
    double c3;
    double z = c->alpha * x * x;
    stumpff(z, &c2, &c3);
    struct conic_at at = {.u1 = x * (1 - z * c3), .u2 = x * x * c2, .u3 = x * x * x * c3};
    at.t = c->r0 * at.u1 + c->s * at.u2 + at.u3;
    at.r = c->r0 * (1 - c->alpha * at.u2) + c->s * at.u1 + at.u2;
    return at;
}

/* The x of t, bracketed first: t(x) increases. False when it runs out of range. */
static bool solve_kepler(const struct conic *c, double t, struct conic_at *at)
{
    double sign = t < 0 ? -1 : 1;
    double low = 0;
    double high = sign * fmax(fabs(t) / c->r0, 1e-300);
    for (int i = 0; i < 200 && sign * (conic_at(c, high).t - t) < 0; i++) {
        low = high;
        high *= 2;
    }
    double x = high;
    for (int i = 0; i < 200; i++) {
        *at = conic_at(c, x);
        if (!isfinite(at->t)) { /* a hyperbola far out */
            high = x;
            x = 0.5 * (low + high);
            continue;
        }
        double next = x - (at->t - t) / at->r;
        if (fabs(next - x) <= 1e-10 * fabs(x)) { /* what is left is the square of that */
            *at = conic_at(c, next);
            break;
        }
        if (sign * (at->t - t) < 0)
            low = x;
        else
            high = x;
        bool inside = sign * (next - low) > 0 && sign * (high - next) > 0;
        x = inside ? next : 0.5 * (low + high);
    }
    return isfinite(at->t) && at->r > 0;
}

bool qn_orbit_propagate(double gm, const double from[6], double dt, double to[6])
{
    double momentum[3];
    qn_cross(from, from + 3, momentum);
    double r0 = qn_norm(from);
    if (!(gm > 0) || !(qn_norm(momentum) > 0) || !isfinite(r0) || !isfinite(dt))
        return false;
    if (dt == 0) {
        memcpy(to, from, 6 * sizeof *to);
        return true;
    }
    double root = sqrt(gm); /* velocities in units of sqrt(gm), times in 1 / sqrt(gm) */
    double alpha = 2 / r0 - qn_dot(from + 3, from + 3) / gm;
    struct conic c = {r0, qn_dot(from, from + 3) / root, alpha};
    double t = dt * root;
    if (alpha > 0) /* whole revolutions change nothing */
        t = fmod(t, 2 * M_PI / (alpha * sqrt(alpha)));
    struct conic_at at;
    if (t == 0) {
        memcpy(to, from, 6 * sizeof *to);
        return true;
    }
    if (!solve_kepler(&c, t, &at))
        return false;
    double f = 1 - at.u2 / r0;
    double g = (t - at.u3) / root;
    double f_rate = -root * at.u1 / (r0 * at.r);
    double g_rate = 1 - at.u2 / at.r;
    for (int i = 0; i < 3; i++) {
        to[i] = f * from[i] + g * from[i + 3];
        to[i + 3] = f_rate * from[i] + g_rate * from[i + 3];
    }
    return true;
}

bool qn_orbit_two_body(const double *epochs, const double *states, size_t n, double gm, double et,
                       double state[6])
{
    double next[6];
    if (!qn_orbit_propagate(gm, states, et - epochs[0], state))
        return false;
    if (n < 2 || epochs[1] == epochs[0])
        return true;
    if (!qn_orbit_propagate(gm, states + 6, et - epochs[1], next))
        return false;
    double rate = M_PI / (epochs[1] - epochs[0]);
    double phase = (et - epochs[0]) * rate;
    double weight = 0.5 + 0.5 * cos(phase);
    double weight_rate = -0.5 * sin(phase) * rate;
    for (int i = 0; i < 3; i++) {
        state[i + 3] =
            weight * state[i + 3] + (1 - weight) * next[i + 3] + weight_rate * (state[i] - next[i]);
        state[i] = weight * state[i] + (1 - weight) * next[i];
    }
    return true;
}
