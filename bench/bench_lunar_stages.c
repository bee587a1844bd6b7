/* What single steps of `quern lunar map` take on one core, as a line of JSON: text to numbers in
 * MB/s, and what is found of a sweep in microseconds. Polarity and light are those of a spacecraft
 * in sunlight with the field towards the Moon: places are no part of it.
 *
 *     bench_lunar_stages 3DYYMMDD.TAB theta.tab
 */
#include "bench.h"

#include "compute/kappa_classic.h"
#include "compute/kappa_robust.h"
#include "compute/potentials.h"
#include "format/er3d.h"

#include <math.h>
#include <stdio.h>
#include <sys/stat.h>

enum { SWEEPS = 200, ROUNDS = 3 };

/* Reads all sweeps; the first SWEEPS of them are kept. */
static size_t read_all(const char *path, struct qn_er_sweep *kept)
{
    static struct qn_er_sweep sweep;
    struct qn_er_reader *reader;
    struct qn_error err;
    bool more = true;
    size_t n = 0;
    must(qn_er_open(&reader, path, 0, UINT64_MAX, &err), &err);
    for (;;) {
        must(qn_er_read(reader, &sweep, &more, NULL, &err), &err);
        if (!more)
            break;
        if (n < SWEEPS)
            kept[n] = sweep;
        n++;
    }
    qn_er_close(reader);
    return n < SWEEPS ? n : SWEEPS;
}

static struct qn_sweep sweep_of(const struct qn_er_sweep *sweep)
{
    static const int8_t polarity[QN_SWEEP_ROWS] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    return (struct qn_sweep){.rows = sweep->rows,
                             .energy_ev = sweep->energy_ev,
                             .field_nt = sweep->mag_nt,
                             .flux = sweep->flux,
                             .phi_deg = sweep->phi_deg,
                             .polarity = polarity,
                             .in_sun = true};
}

/* Spectrum and potential of the spacecraft alone. */
static double spectrum_us(const struct qn_er_sweep *sweeps, size_t n, const struct qn_cells *cells,
                          enum qn_potential_profile profile)
{
    double begin = seconds();
    for (size_t i = 0; i < n; i++) {
        struct qn_sweep sweep = sweep_of(&sweeps[i]);
        struct qn_robust_spectrum robust;
        struct qn_classic_spectrum spectrum;
        struct qn_classic_fit fit;
        double current;
        if (profile == QN_POTENTIAL_ROBUST) {
            qn_kappa_robust(&sweep, cells, QN_SENSE_VELOCITY, NAN, &robust);
        } else {
            qn_classic_spectrum(&sweep, cells, QN_SENSE_VELOCITY, &spectrum);
            qn_classic_day(&spectrum, &fit, &current);
        }
    }
    return 1e6 * (seconds() - begin) / (double)n;
}

static double measure_us(const struct qn_er_sweep *sweeps, size_t n, const struct qn_cells *cells,
                         const struct qn_potential_options *options)
{
    struct qn_potential_work *work;
    struct qn_potentials found;
    struct qn_error err;
    must(qn_potential_work_new(&work, &err), &err);
    double begin = seconds();
    for (size_t i = 0; i < n; i++) {
        struct qn_sweep sweep = sweep_of(&sweeps[i]);
        qn_potentials_measure(work, &sweep, cells, options, &found);
    }
    double taken = seconds() - begin;
    qn_potential_work_free(work);
    return 1e6 * taken / (double)n;
}

int main(int argc, char **argv)
{
    static struct qn_er_sweep sweeps[SWEEPS];
    double theta[QN_CELLS];
    struct qn_cells cells;
    struct qn_error err;
    struct stat st;
    if (argc != 3 || stat(argv[1], &st) < 0)
        return 2;
    must(qn_er_theta_read(argv[2], theta, &err), &err);
    if (!qn_cells_init(&cells, theta))
        return 2;
    double best = INFINITY;
    size_t n = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double begin = seconds();
        n = read_all(argv[1], sweeps);
        best = fmin(best, seconds() - begin);
    }
    struct qn_potential_options robust = qn_potential_default;
    struct qn_potential_options classic = qn_potential_default;
    classic.profile = QN_POTENTIAL_CLASSIC;
    printf("{\"parse_mb_per_s\": %.1f, \"robust_spectrum_us\": %.2f, \"robust_us\": %.2f, "
           "\"classic_spectrum_us\": %.2f, \"classic_us\": %.2f}\n",
           1e-6 * (double)st.st_size / best, spectrum_us(sweeps, n, &cells, QN_POTENTIAL_ROBUST),
           measure_us(sweeps, n, &cells, &robust),
           spectrum_us(sweeps, n, &cells, QN_POTENTIAL_CLASSIC),
           measure_us(sweeps, n, &cells, &classic));
    return 0;
}
