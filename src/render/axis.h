/* Ticks of an axis: round values (1, 2 or 5 times a power of ten apart) and their labels. Pure
 * functions, used by every picture. */
#ifndef QN_RENDER_AXIS_H
#define QN_RENDER_AXIS_H

#include <stddef.h>
#include <stdint.h>

struct qn_ticks {
    int64_t first; /* tick i stands at (first + i) * step */
    size_t count;  /* at least 1, at most the number asked for */
    double step;
    int decimals; /* digits after the point that the labels need */
};

/* At most `most` (2 or more) ticks within [low, high], no closer than `least_step` (0: any; 1 for
 * whole numbers). A range too small for two ticks gets one label at its lower end, as then
 * neither neighbour says more: first = 1 and step = low. */
struct qn_ticks qn_ticks_within(double low, double high, size_t most, double least_step);

double qn_tick_value(const struct qn_ticks *ticks, size_t i);

/* Label of tick i: "0", "-250", "0.05"; with an exponent where a plain number would be longer
 * than 12 digits. */
void qn_tick_label(const struct qn_ticks *ticks, size_t i, char *text, size_t size);

#endif
