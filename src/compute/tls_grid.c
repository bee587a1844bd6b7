/* Periods and durations of transit least squares: see tls.h. Constants are those of
 * transitleastsquares, so that grids agree to the last digits. */
#include "compute/tls.h"

#include <math.h>

#define GRAVITY      6.673e-11
#define SUN_RADIUS   695508000.0
#define SUN_MASS     1.989e30
#define JUPITER      69911000.0
#define DAY          86400.0
#define LONGEST      0.12 /* of the period */
#define FEWEST       100  /* periods */
#define DEFAULT_SPAN 5.0

double qn_tls_t14(double radius, double mass, double period, bool small)
{
    double seconds = period * DAY;
    double metres = radius * SUN_RADIUS + (small ? 0 : 2 * JUPITER);
    double longest = metres * pow(4 * seconds / (M_PI * GRAVITY * mass * SUN_MASS), 1.0 / 3);
    return fmin(longest / seconds, LONGEST);
}

/* Ofir 2014, eqs. 5 to 7. Appends the periods within (low, high]. */
static size_t ofir(double radius, double mass, double span, double oversampling, double transits,
                   double low, double high, struct qn_buf *periods)
{
    double metres = radius * SUN_RADIUS;
    double gm = GRAVITY * mass * SUN_MASS;
    double seconds = span * DAY;
    double least = transits / seconds;
    double most = 1 / (2 * M_PI) * sqrt(gm / pow(3 * metres, 3));
    double a = pow(2 * M_PI, 2.0 / 3) / M_PI * metres / pow(gm, 1.0 / 3) / (seconds * oversampling);
    double c = pow(least, 1.0 / 3) - a / 3;
    double count = ceil((pow(most, 1.0 / 3) - pow(least, 1.0 / 3) + a / 3) * 3 / a);
    size_t kept = 0;
    if (!(count > 0 && count < 1e9))
        return 0;
    for (size_t x = 1; x <= (size_t)count; x++) {
        double period = 1 / pow(a / 3 * (double)x + c, 3) / DAY;
        if (period > low && period <= high) {
            qn_buf_append(periods, &period, sizeof period);
            kept++;
        }
    }
    return kept;
}

size_t qn_tls_periods(const struct qn_tls_star *star, const struct qn_tls_grid *grid, bool honest,
                      struct qn_buf *periods)
{
    size_t before = periods->len;
    double high = grid->max_period > 0 ? grid->max_period : INFINITY;
    size_t kept = ofir(star->radius, star->mass, grid->span, grid->oversampling, grid->transits_min,
                       grid->min_period, high, periods);
    if (kept >= FEWEST || honest)
        return kept;
    periods->len = before;
    return ofir(1, 1, fmax(grid->span, DEFAULT_SPAN), 3, 2, 0, INFINITY, periods);
}

size_t qn_tls_durations(const struct qn_tls_star *star, double shortest_period,
                        double longest_period, double step, struct qn_buf *durations)
{
    double longest = qn_tls_t14(star->radius_max, star->mass_max, shortest_period, false);
    double duration = qn_tls_t14(star->radius_min, star->mass_min, longest_period, true);
    size_t count = 2;
    qn_buf_append(durations, &duration, sizeof duration);
    for (; duration * step < longest; count++) {
        duration *= step;
        qn_buf_append(durations, &duration, sizeof duration);
    }
    qn_buf_append(durations, &longest, sizeof longest);
    return count;
}
