/* Box least squares to the bit: every vector variant against the loops of astropy's bls.c written
 * down plainly, on curves of many shapes, with points on the very edges of bins. */
#include "check.h"

#include "compute/bls.h"
#include "compute/cpu.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_POINTS = 500, PERIODS = 21, DURATIONS = 3, OVERSAMPLE = 7 };

struct sample {
    double time[MOST_POINTS];
    double flux[MOST_POINTS];
    double weight[MOST_POINTS];
    double periods[PERIODS];
    double durations[DURATIONS];
    struct qn_curve curve;
};

static double uniform(unsigned *seed)
{
    return (double)rand_r(seed) / RAND_MAX;
}

/* Times on a grid of bins or anywhere, in order or not, many to a bin or few; weights or none; a
 * dip or only noise. */
static void make_sample(struct sample *s, unsigned seed)
{
    bool on_edges = seed % 3 == 0;
    double edges = seed % 2 == 0 ? 0.03125 : 0.01; /* exact ones, or such that rounding decides */
    bool weighted = seed % 2 == 0;
    bool in_order = seed % 4 < 2;
    double span = seed % 5 == 0 ? 2000 : seed % 5 == 1 ? 3 : 20 + seed % 40;
    size_t n = 40 + (size_t)(uniform(&seed) * (MOST_POINTS - 40));
    double origin = 1000 * uniform(&seed);
    s->durations[0] = on_edges ? 28 * edges : 0.1 + 0.1 * uniform(&seed);
    s->durations[1] = on_edges ? 7 * edges : 0.05 + 0.04 * uniform(&seed);
    s->durations[2] = on_edges ? 14 * edges : 0.3;
    for (int i = 0; i < PERIODS; i++)
        s->periods[i] = on_edges ? 1 + i * edges * 4 : 1 + 9 * uniform(&seed);
    for (size_t i = 0; i < n; i++) {
        double time = span * (in_order ? ((double)i + uniform(&seed)) / (double)n : uniform(&seed));
        s->time[i] = on_edges ? origin + floor(time / edges) * edges : origin + time;
        s->weight[i] = 1 + 9 * uniform(&seed);
        double phase = fmod(time, s->periods[3]) / s->periods[3];
        s->flux[i] = 5 + 0.1 * uniform(&seed) - (seed % 7 && phase < 0.06 ? 0.2 : 0);
    }
    s->curve = (struct qn_curve){n, s->time, s->flux, weighted ? s->weight : NULL};
}

static int bin_of(double time, double period, double bin)
{
    return (int)((time - period * floor(time / period)) / bin) + 1;
}

/* run_bls of astropy's bls.c for one period: the best objective and where. */
static struct qn_bls_result plain(const struct qn_bls_data *data, const struct sample *s,
                                  enum qn_bls_objective objective, double period)
{
    double bin = fmin(fmin(s->durations[0], s->durations[1]), s->durations[2]) / OVERSAMPLE;
    int bins = (int)ceil(period / bin) + OVERSAMPLE;
    double *y = calloc((size_t)bins + 1, sizeof *y);
    double *w = calloc((size_t)bins + 1, sizeof *w);
    struct qn_bls_result best = {.power = -INFINITY};
    assert_non_null(y);
    assert_non_null(w);
    for (size_t i = 0; i < data->n; i++) {
        int k = bin_of(data->time[i], period, bin);
        y[k] += data->product[2 * i];
        w[k] += data->product[2 * i + 1];
    }
    for (int n = 1, k = bins - OVERSAMPLE; n <= OVERSAMPLE; n++, k++) {
        y[k] = y[n];
        w[k] = w[n];
    }
    for (int k = 1; k <= bins; k++) {
        y[k] += y[k - 1];
        w[k] += w[k - 1];
    }
    for (int d = 0; d < DURATIONS; d++) {
        int width = (int)round(s->durations[d] / bin);
        for (int k = 0; k <= bins - width; k++) {
            double in = w[k + width] - w[k];
            double out = data->sum_weight - in;
            if (in < DBL_EPSILON || out < DBL_EPSILON)
                continue;
            double inside = (y[k + width] - y[k]) / in;
            double outside = (data->sum_product - (y[k + width] - y[k])) / out;
            double depth = outside - inside;
            double err = sqrt(1.0 / in + 1.0 / out);
            double value = objective == QN_BLS_SNR ? depth / err : 0.5 * in * depth * depth;
            if (outside >= inside && value > best.power) {
                best.power = value;
                best.depth = depth;
                best.duration = width * bin;
                best.transit_time = fmod(k * bin + 0.5 * best.duration, period) + data->t0;
            }
        }
    }
    free(y);
    free(w);
    return best;
}

static void check_sample(const struct sample *s, enum qn_bls_objective objective)
{
    struct qn_buf scratch = {0}, tables = {0};
    struct qn_bls_data data;
    struct qn_bls_result results[PERIODS];
    struct qn_bls_shape shape = {s->durations, DURATIONS, OVERSAMPLE, objective};
    assert_int_equal(qn_bls_prepare(&s->curve, &scratch, &data, NULL), QN_OK);
    assert_int_equal(qn_bls_power(&data, &shape, s->periods, PERIODS, &tables, results, NULL),
                     QN_OK);
    for (int i = 0; i < PERIODS; i++) {
        struct qn_bls_result wanted = plain(&data, s, objective, s->periods[i]);
        assert_memory_equal(&results[i].power, &wanted.power, sizeof(double));
        assert_memory_equal(&results[i].depth, &wanted.depth, sizeof(double));
        assert_memory_equal(&results[i].duration, &wanted.duration, sizeof(double));
        assert_memory_equal(&results[i].transit_time, &wanted.transit_time, sizeof(double));
    }
    qn_buf_release(&scratch);
    qn_buf_release(&tables);
}

static void test_every_variant_gives_the_bits_of_the_plain_loops(void **state)
{
    (void)state;
    static struct sample s;
    for (int cpu = 0; cpu < QN_CPU_COUNT; cpu++) {
        if (!qn_cpu_force((enum qn_cpu)cpu))
            continue;
        for (unsigned seed = 1; seed <= 120; seed++) {
            make_sample(&s, seed);
            check_sample(&s, QN_BLS_LIKELIHOOD);
            check_sample(&s, QN_BLS_SNR);
        }
    }
}

/* Flux that is the same everywhere: all likelihoods are 0, and the first box wins. */
static void test_of_equal_boxes_the_first_is_taken(void **state)
{
    (void)state;
    static struct sample s;
    make_sample(&s, 4);
    for (size_t i = 0; i < s.curve.n; i++)
        s.flux[i] = 2;
    check_sample(&s, QN_BLS_LIKELIHOOD);
}

static void test_periods_within_a_duration_are_refused(void **state)
{
    (void)state;
    static struct sample s;
    struct qn_buf scratch = {0}, tables = {0};
    struct qn_bls_data data;
    struct qn_bls_result result;
    make_sample(&s, 1);
    struct qn_bls_shape shape = {s.durations, DURATIONS, OVERSAMPLE, QN_BLS_LIKELIHOOD};
    double period = s.durations[2];
    assert_int_equal(qn_bls_prepare(&s.curve, &scratch, &data, NULL), QN_OK);
    assert_int_equal(qn_bls_power(&data, &shape, &period, 1, &tables, &result, NULL), QN_ERR_USAGE);
    period = 1e9; /* more bins than there is memory for */
    assert_int_equal(qn_bls_power(&data, &shape, &period, 1, &tables, &result, NULL), QN_ERR_USAGE);
    qn_buf_release(&scratch);
    qn_buf_release(&tables);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_variant_gives_the_bits_of_the_plain_loops),
        cmocka_unit_test(test_of_equal_boxes_the_first_is_taken),
        cmocka_unit_test(test_periods_within_a_duration_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
