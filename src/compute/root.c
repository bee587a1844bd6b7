/* Brent's method: see root.h. */
#include "compute/root.h"

#include <float.h>
#include <math.h>

struct point {
    double x;
    double y;
};

/* By secant through two points, or by inverse quadratic extrapolation through three. */
static double extrapolate(struct point previous, struct point current, struct point opposite)
{
    if (previous.x == opposite.x)
        return -current.y * (current.x - previous.x) / (current.y - previous.y);
    double slope = (previous.y - current.y) / (previous.x - current.x);
    double across = (opposite.y - current.y) / (opposite.x - current.x);
    return -current.y * (opposite.y * across - previous.y * slope) /
           (across * slope * (opposite.y - previous.y));
}

double qn_root(qn_function *f, const void *context, double a, double b, double tolerance)
{
    struct point previous = {a, f(context, a)};
    struct point current = {b, f(context, b)};
    struct point opposite = previous;
    if (previous.y == 0)
        return a;
    if (current.y == 0)
        return b;
    if (!(signbit(previous.y) != signbit(current.y)))
        return NAN;
    double step_before = 0;
    double step = 0;
    for (int i = 0; i < 100; i++) {
        if (signbit(previous.y) != signbit(current.y)) {
            opposite = previous;
            step_before = step = current.x - previous.x;
        }
        if (fabs(opposite.y) < fabs(current.y)) {
            previous = current;
            current = opposite;
            opposite = previous;
        }
        double delta = (tolerance + 4 * DBL_EPSILON * fabs(current.x)) / 2;
        double half = (opposite.x - current.x) / 2;
        if (current.y == 0 || fabs(half) < delta)
            return current.x;
        double next = half;
        if (fabs(step_before) > delta && fabs(current.y) < fabs(previous.y)) {
            double tried = extrapolate(previous, current, opposite);
            if (2 * fabs(tried) < fmin(fabs(step_before), 3 * fabs(half) - delta)) {
                step_before = step;
                next = tried;
            } else {
                step_before = half;
            }
        } else {
            step_before = half;
        }
        step = next;
        previous = current;
        current.x += fabs(step) > delta ? step : copysign(delta, half);
        current.y = f(context, current.x);
    }
    return current.x;
}
