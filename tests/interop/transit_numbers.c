/* Figures of the numerics that no command prints, for test_transit_numbers.py:
 *
 *   transit_numbers stats CURVE PERIOD DURATION T0 [errors]   compute_stats, as JSON
 *   transit_numbers flux < "p u1 u2 z" lines                  fluxes of transits, one a line
 *   transit_numbers reference SAMPLES                         the template of TLS, one value a line
 *
 * A curve is text: time, flux, error. */
#include "compute/bls.h"
#include "compute/tls.h"
#include "pipelines/transit/curve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1000 };

static int fail(const char *why)
{
    fprintf(stderr, "transit_numbers: %s\n", why);
    return 1;
}

static void print_depth(const char *name, const struct qn_bls_depth *depth)
{
    printf(" \"%s\": [%.17g, %.17g],\n", name, depth->depth, depth->error);
}

static int stats(const char *path, double period, double duration, double t0, bool errors)
{
    static uint64_t counts[MOST];
    static double likelihoods[MOST], weights[MOST];
    struct qn_error err;
    struct qn_lc lc = {0};
    struct qn_buf memory = {0};
    struct qn_bls_stats s;
    struct qn_lc_options options = {.unit = QN_LC_UNIT_RAW};
    qn_lc_clear(&lc);
    if (qn_lc_add_text(&lc, path, &options, &memory, &err))
        return fail(err.message);
    for (size_t i = 0; i < lc.n && i < MOST; i++)
        weights[i] = 1 / (lc.err[i] * lc.err[i]);
    struct qn_curve curve = {lc.n, lc.time, lc.flux, errors ? weights : NULL};
    qn_bls_stats(&curve, period, duration, t0, &s, counts, likelihoods, MOST);
    printf("{");
    print_depth("depth", &s.depth);
    print_depth("depth_odd", &s.odd);
    print_depth("depth_even", &s.even);
    print_depth("depth_half", &s.half);
    print_depth("depth_phased", &s.phased);
    printf(" \"harmonic_amplitude\": %.17g,\n \"harmonic_delta_log_likelihood\": %.17g,\n",
           s.harmonic_amplitude, s.harmonic_delta_log_likelihood);
    printf(" \"first_transit\": %.17g,\n \"transits\": [", s.first_transit);
    for (size_t k = 0; k < s.transit_count && k < MOST; k++)
        printf("%s[%llu, %.17g]", k ? ", " : "", (unsigned long long)counts[k], likelihoods[k]);
    printf("]}\n");
    qn_lc_release(&lc);
    qn_buf_release(&memory);
    return 0;
}

static int fluxes(void)
{
    double p, u1, u2, z;
    while (scanf("%lf %lf %lf %lf", &p, &u1, &u2, &z) == 4)
        printf("%.17g\n", qn_transit_flux(p, z, u1, u2));
    return 0;
}

static int reference(const char *samples)
{
    size_t n = strtoul(samples, NULL, 10);
    double values[MOST];
    struct qn_error err;
    if (n < 2 || n > MOST)
        return fail("2 to 1000 samples.");
    if (qn_tls_reference(&qn_tls_orbit, n, values, &err))
        return fail(err.message);
    for (size_t i = 0; i < n; i++)
        printf("%.17g\n", values[i]);
    return 0;
}

int main(int count, char **words)
{
    if (count >= 6 && !strcmp(words[1], "stats"))
        return stats(words[2], strtod(words[3], NULL), strtod(words[4], NULL),
                     strtod(words[5], NULL), count > 6);
    if (count == 2 && !strcmp(words[1], "flux"))
        return fluxes();
    if (count == 3 && !strcmp(words[1], "reference"))
        return reference(words[2]);
    return fail("see the first lines of transit_numbers.c");
}
