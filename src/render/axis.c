/* Round ticks for axes: see axis.h. */
#include "render/axis.h"

#include <math.h>
#include <stdio.h>

/* The smallest of 1, 2, 5 times a power of ten that is not below `step`; *decimals gets the digits
 * after the point that it has. */
static double round_up(double step, int *decimals)
{
    static const double mantissas[] = {1, 2, 5};
    int power = (int)floor(log10(step));
    double least = step / pow(10, power) * (1 - 1e-9);
    int i = 0;
    while (i < 3 && mantissas[i] < least)
        i++;
    if (i == 3) {
        i = 0;
        power++;
    }
    *decimals = power < 0 ? -power : 0;
    /* Negative powers of ten have no exact double, positive ones do: divide by them. */
    return power < 0 ? mantissas[i] / pow(10, -power) : mantissas[i] * pow(10, power);
}

/* One tick at `low`, with as many digits as it needs, up to 6. */
static struct qn_ticks single(double low)
{
    struct qn_ticks ticks = {.first = 1, .count = 1, .step = low};
    while (ticks.decimals < 6 && fabs(low) < 1e6 &&
           fabs(rint(low * pow(10, ticks.decimals)) - low * pow(10, ticks.decimals)) > 1e-6)
        ticks.decimals++;
    return ticks;
}

struct qn_ticks qn_ticks_within(double low, double high, size_t most, double least_step)
{
    /* Values that differ in their last few bits only have no round number between them. */
    double resolution = fmax(fmax(fabs(low), fabs(high)) * 1e-12, 1e-290);
    double wanted = fmax((high - low) / (double)(most - 1), least_step);
    if (!(high - low > resolution) || !isfinite(wanted))
        return single(low);
    struct qn_ticks ticks = {0};
    /* With a step >= range / (most - 1), no more than `most` multiples lie in the range. */
    ticks.step = round_up(wanted, &ticks.decimals);
    double first = ceil(low / ticks.step - 1e-9);
    double last = floor(high / ticks.step + 1e-9);
    if (last < first + 1)
        return single(low);
    ticks.first = (int64_t)first;
    ticks.count = (size_t)(last - first) + 1;
    return ticks;
}

double qn_tick_value(const struct qn_ticks *ticks, size_t i)
{
    return (double)(ticks->first + (int64_t)i) * ticks->step;
}

void qn_tick_label(const struct qn_ticks *ticks, size_t i, char *text, size_t size)
{
    double value = qn_tick_value(ticks, i);
    if (fabs(value) >= 1e12 || ticks->decimals > 10)
        snprintf(text, size, "%.6g", value);
    else
        snprintf(text, size, "%.*f", ticks->decimals, value);
}
