/* Seconds that the parts of `quern transit` take alone on one core, as a JSON line:
 *
 *   bench_transit bls CURVE LOW HIGH FACTOR   astropy's grid (bls.power with six durations)
 *   bench_transit search CURVE LOW HIGH       the two-stage search
 *   bench_transit tls CURVE                   fast, default grid
 *   bench_transit fits FILE...                time, flux, error and quality of each file
 *
 * CURVE is text or FITS, its flux divided by the median. Every figure is the least of `--times`
 * (here TIMES) runs, with what was found. */
#include "bench.h"

#include "base/sys.h"
#include "compute/bls_search.h"
#include "compute/tls.h"
#include "format/fits.h"
#include "pipelines/transit/curve.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMES = 3 };

struct one {
    struct qn_lc lc;
    struct qn_curve curve;
};

static int complain(const struct qn_error *err)
{
    fprintf(stderr, "bench_transit: %s\n", err->message);
    return 1;
}

static enum qn_status open_curve(struct one *one, const char *path, struct qn_error *err)
{
    struct qn_buf memory = {0};
    struct qn_lc_options options = {.unit = QN_LC_FLUX};
    qn_lc_clear(&one->lc);
    enum qn_status status = qn_lc_add_file(&one->lc, path, &options, NULL, &memory, err);
    if (!status)
        status = qn_lc_finish(&one->lc, err);
    qn_buf_release(&memory);
    one->curve = (struct qn_curve){one->lc.n, one->lc.time, one->lc.flux, NULL};
    return status;
}

static int bench_bls(const struct one *one, double low, double high, double factor)
{
    struct qn_error err;
    struct qn_bls_data data;
    struct qn_buf scratch = {0}, tables = {0};
    const size_t durations = sizeof qn_default_durations / sizeof *qn_default_durations;
    struct qn_bls_shape shape = {qn_default_durations, durations, 10, QN_BLS_LIKELIHOOD};
    double span = one->lc.time[one->lc.n - 1] - one->lc.time[0];
    struct qn_bls_grid grid = qn_bls_autoperiod(span, 0.05, factor, low, high);
    double *periods = malloc(grid.count * sizeof *periods);
    struct qn_bls_result *results = malloc(grid.count * sizeof *results);
    double least = INFINITY;
    size_t best = 0;
    for (size_t i = 0; periods && i < grid.count; i++)
        periods[i] = qn_bls_grid_period(&grid, i);
    for (int k = 0; k < TIMES && periods && results; k++) {
        double begin = seconds();
        if (qn_bls_prepare(&one->curve, &scratch, &data, &err) ||
            qn_bls_power(&data, &shape, periods, grid.count, &tables, results, &err))
            return complain(&err);
        least = fmin(least, seconds() - begin);
    }
    for (size_t i = 1; results && i < grid.count; i++)
        best = results[i].power > results[best].power ? i : best;
    printf("{\"seconds\": %.6f, \"periods\": %zu, \"points\": %zu, \"period\": %.17g, \"power\": "
           "%.17g}\n",
           least, grid.count, one->lc.n, results[best].period, results[best].power);
    free(periods);
    free(results);
    qn_buf_release(&scratch);
    qn_buf_release(&tables);
    return 0;
}

static int bench_search(const struct one *one, double low, double high)
{
    struct qn_error err;
    struct qn_search *search;
    struct qn_search_result result = {0};
    struct qn_search_shape shape = {.durations = qn_default_durations,
                                    .duration_count = 6,
                                    .longest_fraction = 0.25,
                                    .min_period = low,
                                    .max_period = high,
                                    .fineness = 3,
                                    .most_periods = 10000000,
                                    .min_events = 2,
                                    .mask_events = true};
    double least = INFINITY;
    if (qn_search_new(&search, &err))
        return complain(&err);
    for (int k = 0; k < TIMES; k++) {
        double begin = seconds();
        if (qn_search_run(search, &one->curve, &shape, &result, &err))
            return complain(&err);
        least = fmin(least, seconds() - begin);
    }
    printf("{\"seconds\": %.6f, \"periods\": %zu, \"points\": %zu, \"period\": %.17g}\n", least,
           result.period_count, one->lc.n, result.best.period);
    qn_search_free(search);
    return 0;
}

static int bench_tls(const struct one *one)
{
    struct qn_error err;
    struct qn_tls *tls;
    struct qn_tls_result result = {0};
    struct qn_tls_points points = {one->lc.n, one->lc.time, one->lc.flux, NULL};
    struct qn_tls_shape shape = qn_tls_default;
    double least = INFINITY;
    shape.method = QN_TLS_METHOD_FAST;
    if (qn_tls_new(&tls, &err))
        return complain(&err);
    for (int k = 0; k < TIMES; k++) {
        double begin = seconds();
        if (qn_tls_run(tls, &points, &shape, &result, &err))
            return complain(&err);
        least = fmin(least, seconds() - begin);
    }
    printf("{\"seconds\": %.6f, \"periods\": %zu, \"points\": %zu, \"period\": %.17g, \"sde\": "
           "%.17g}\n",
           least, result.period_count, one->lc.n, result.period, result.sde);
    qn_tls_free(tls);
    return 0;
}

/* Four columns of each file; returns the sum of the fluxes. */
static double read_files(char **paths, int count, struct qn_buf *memory, struct qn_buf *values)
{
    static const char *const names[] = {"TIME", "PDCSAP_FLUX", "PDCSAP_FLUX_ERR", "QUALITY"};
    double sum = 0;
    for (int i = 0; i < count; i++) {
        struct qn_fits *fits;
        if (qn_fits_open(&fits, paths[i], memory, NULL))
            return NAN;
        uint64_t rows = qn_fits_rows(fits, 1);
        qn_buf_clear(values);
        double *to = (double *)(void *)qn_buf_reserve(values, 4 * rows * sizeof *to);
        for (int c = 0; c < 4 && to; c++)
            if (qn_fits_read(fits, 1, qn_fits_column(fits, 1, names[c]), to + c * rows, NULL))
                return NAN;
        for (uint64_t row = 0; row < rows && to; row++)
            sum += isfinite(to[rows + row]) ? to[rows + row] : 0;
        qn_fits_close(fits);
    }
    return sum;
}

static int bench_fits(char **paths, int count)
{
    struct qn_buf memory = {0}, values = {0};
    double least = INFINITY;
    double sum = 0;
    for (int k = 0; k < TIMES; k++) {
        double begin = seconds();
        sum = read_files(paths, count, &memory, &values);
        least = fmin(least, seconds() - begin);
    }
    printf("{\"seconds\": %.6f, \"files\": %d, \"sum\": %.17g}\n", least, count, sum);
    qn_buf_release(&memory);
    qn_buf_release(&values);
    return isnan(sum);
}

int main(int count, char **words)
{
    struct one one = {0};
    struct qn_error err;
    if (count >= 3 && !strcmp(words[1], "fits"))
        return bench_fits(words + 2, count - 2);
    if (count < 3 || open_curve(&one, words[2], &err)) {
        fprintf(stderr, "usage: bench_transit bls|search|tls|fits FILE [LOW HIGH [FACTOR]]\n");
        return 2;
    }
    double low = count > 3 ? strtod(words[3], NULL) : 0.5;
    double high = count > 4 ? strtod(words[4], NULL) : 13;
    double factor = count > 5 ? strtod(words[5], NULL) : 3;
    int status = !strcmp(words[1], "bls")      ? bench_bls(&one, low, high, factor)
                 : !strcmp(words[1], "search") ? bench_search(&one, low, high)
                                               : bench_tls(&one);
    qn_lc_release(&one.lc);
    return status;
}
