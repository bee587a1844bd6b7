/* Fit of a trapezoid: see trapezoid.h. */
#include "compute/trapezoid.h"

#include <math.h>
#include <string.h>

enum { PARAMETERS = 5, CORNERS = PARAMETERS + 1, STEPS = 400 };

struct problem {
    const struct qn_trapezoid_bin *bins; /* means */
    size_t n;
    double depth; /* scales */
    double duration;
};

/* Parameters: centre / duration, depth / depth, log of duration / duration, and the parts of the
 * duration that are ingress and egress, each kept within (0.02, 0.5) by a logistic curve. */
static double part(double x)
{
    return 0.02 + 0.48 / (1 + exp(-x));
}

static struct qn_trapezoid shape_of(const struct problem *p, const double x[PARAMETERS])
{
    double duration = p->duration * exp(x[2]);
    return (struct qn_trapezoid){.centre = x[0] * p->duration,
                                 .depth = x[1] * p->depth,
                                 .duration = duration,
                                 .ingress = duration * part(x[3]),
                                 .egress = duration * part(x[4])};
}

static double model(const struct qn_trapezoid *t, double offset)
{
    double from_first = offset - t->centre + 0.5 * t->duration;
    double to_last = t->duration - from_first;
    double rise = fmin(from_first / t->ingress, to_last / t->egress);
    return t->depth * fmax(0, fmin(1, rise));
}

static double chi2(const struct problem *p, const double x[PARAMETERS])
{
    struct qn_trapezoid t = shape_of(p, x);
    double sum = 0;
    for (size_t i = 0; i < p->n; i++) {
        double d = p->bins[i].depth - model(&t, p->bins[i].offset);
        sum += d * d * p->bins[i].weight;
    }
    /* Keeps to the neighbourhood of the box. */
    return sum * (1 + fmax(0, fabs(x[0]) - 0.5) + fmax(0, fabs(x[2]) - 0.7)) +
           1e-3 * (x[3] * x[3] + x[4] * x[4]);
}

struct simplex {
    double x[CORNERS][PARAMETERS];
    double value[CORNERS];
    double sum[PARAMETERS];
};

static void sum_corners(struct simplex *s)
{
    memset(s->sum, 0, sizeof s->sum);
    for (int i = 0; i < CORNERS; i++)
        for (int j = 0; j < PARAMETERS; j++)
            s->sum[j] += s->x[i][j];
}

/* Moves the worst corner by `factor` through the face of the others, if that is better. */
static double move(const struct problem *p, struct simplex *s, int worst, double factor)
{
    double x[PARAMETERS];
    double a = (1 - factor) / PARAMETERS;
    double b = a - factor;
    for (int j = 0; j < PARAMETERS; j++)
        x[j] = s->sum[j] * a - s->x[worst][j] * b;
    double value = chi2(p, x);
    if (value < s->value[worst]) {
        s->value[worst] = value;
        memcpy(s->x[worst], x, sizeof x);
        sum_corners(s);
    }
    return value;
}

static void shrink(const struct problem *p, struct simplex *s, int best)
{
    for (int i = 0; i < CORNERS; i++) {
        if (i == best)
            continue;
        for (int j = 0; j < PARAMETERS; j++)
            s->x[i][j] = 0.5 * (s->x[i][j] + s->x[best][j]);
        s->value[i] = chi2(p, s->x[i]);
    }
    sum_corners(s);
}

static int minimise(const struct problem *p, struct simplex *s)
{
    int best = 0;
    for (int step = 0; step < STEPS; step++) {
        int worst = 0;
        int second = 0;
        best = 0;
        for (int i = 1; i < CORNERS; i++) {
            best = s->value[i] < s->value[best] ? i : best;
            worst = s->value[i] > s->value[worst] ? i : worst;
        }
        second = best;
        for (int i = 0; i < CORNERS; i++)
            second = i != worst && s->value[i] > s->value[second] ? i : second;
        if (s->value[worst] - s->value[best] <= 1e-9 * (fabs(s->value[best]) + 1e-30))
            break;
        double value = move(p, s, worst, -1);
        if (value <= s->value[best]) {
            move(p, s, worst, 2);
        } else if (value >= s->value[second]) {
            double before = s->value[worst];
            if (move(p, s, worst, 0.5) >= before)
                shrink(p, s, best);
        }
    }
    for (int i = 0; i < CORNERS; i++)
        best = s->value[i] < s->value[best] ? i : best;
    return best;
}

bool qn_trapezoid_fit(struct qn_trapezoid_bin *bins, size_t n, double depth, double duration,
                      struct qn_trapezoid *fit)
{
    size_t filled = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(bins[i].weight > 0))
            continue;
        bins[filled] = (struct qn_trapezoid_bin){.offset = bins[i].offset / bins[i].weight,
                                                 .depth = bins[i].depth / bins[i].weight,
                                                 .weight = bins[i].weight};
        filled++;
    }
    if (filled < 8 || !(depth > 0) || !(duration > 0))
        return false;
    struct problem p = {bins, filled, depth, duration};
    static const double start[PARAMETERS] = {0, 1.05, 0.05, -0.8, -0.8};
    static const double reach[PARAMETERS] = {0.08, 0.1, 0.15, 0.9, 0.9};
    struct simplex s;
    for (int i = 0; i < CORNERS; i++) {
        memcpy(s.x[i], start, sizeof start);
        if (i > 0)
            s.x[i][i - 1] += reach[i - 1];
        s.value[i] = chi2(&p, s.x[i]);
    }
    sum_corners(&s);
    int best = minimise(&p, &s);
    *fit = shape_of(&p, s.x[best]);
    fit->chi2 = s.value[best] / (double)(filled > PARAMETERS ? filled - PARAMETERS : 1);
    return true;
}
