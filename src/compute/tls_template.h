/* Templates of all durations, ready to be laid over folded points. Private to src/compute. */
#ifndef QN_COMPUTE_TLS_TEMPLATE_H
#define QN_COMPUTE_TLS_TEMPLATE_H

#include "compute/tls.h"

struct tls_template { /* of one duration */
    double duration;  /* part of the period */
    size_t width;     /* samples of the window */
    size_t len;       /* samples of the signal: those below 1 */
    size_t start;     /* of its values in struct tls_templates.values */
    double overshoot;
    double squares; /* sum of values^2 */
};

enum { TLS_PAD = 16 }; /* to a multiple of this */

struct tls_templates { /* zero-initialise, then tls_templates_release */
    size_t count;
    size_t samples; /* of the longest */
    struct qn_buf table;
    struct qn_buf values; /* (1 - signal) / 0.5: 1 at the bottom, 0 outside; then their squares;
                           * each padded with zeros */
    struct qn_buf scratch;
};

void tls_templates_release(struct tls_templates *templates);

/* One for each duration, `samples` being the width of the longest (even). */
enum qn_status tls_templates_make(struct tls_templates *templates, const struct qn_orbit *orbit,
                                  const double *durations, size_t count, size_t samples,
                                  struct qn_error *err);

static inline size_t tls_padded(size_t len)
{
    return (len + TLS_PAD - 1) / TLS_PAD * TLS_PAD;
}

static inline const struct tls_template *tls_template_at(const struct tls_templates *t, size_t i)
{
    return (const struct tls_template *)(const void *)t->table.data + i;
}

static inline const double *tls_template_values(const struct tls_templates *t, size_t i)
{
    return (const double *)(const void *)t->values.data + tls_template_at(t, i)->start;
}

#endif
