/* The numerics of lunar for the tests in Python: reads records of doubles from standard input,
 * writes a line of JSON for each. Calls what the pipeline calls, with nothing between.
 *
 * lunar_numbers cone: U_sc, method, energies (15), pitch angles, norms, in band (15 x 88 each).
 * lunar_numbers measure classic|robust halekas|lillis: in sun, U_sc (NaN: found), energies (15),
 *   field (15 x 3), polarity (15), latitudes (88), flux, phi (15 x 88 each).
 */
#include "compute/cone_search.h"
#include "compute/potentials.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static bool read_doubles(double *values, size_t n)
{
    return fread(values, sizeof(double), n, stdin) == n;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int run_cone(void)
{
    static struct qn_cone_data data;
    static double band[QN_SWEEP_ROWS][QN_CELLS];
    struct qn_cone_search *search;
    double head[2];
    if (qn_cone_search_new(&search, NULL))
        return 1;
    data.rows = QN_SWEEP_ROWS;
    while (read_doubles(head, 2) && read_doubles(data.energy_ev, QN_SWEEP_ROWS) &&
           read_doubles(&data.pitch_deg[0][0], QN_SWEEP_ROWS * QN_CELLS) &&
           read_doubles(&data.norm[0][0], QN_SWEEP_ROWS * QN_CELLS) &&
           read_doubles(&band[0][0], QN_SWEEP_ROWS * QN_CELLS)) {
        struct qn_cone_best best;
        data.u_spacecraft = head[0];
        for (size_t i = 0; i < QN_SWEEP_ROWS; i++)
            for (size_t j = 0; j < QN_CELLS; j++)
                data.in_band[i][j] = band[i][j] > 0;
        double begin = seconds();
        qn_cone_search_run(search, &data, head[1] > 0 ? QN_CONE_LILLIS : QN_CONE_HALEKAS, &best);
        printf("{\"u\": %.17g, \"b\": %.17g, \"beam\": %.17g, \"chi2\": %.17g, \"cells\": %zu, "
               "\"boxes\": %zu, \"certified\": %d, \"seconds\": %.3g}\n",
               best.cone.u_surface, best.cone.ratio, best.cone.beam, best.chi2, best.cells,
               best.boxes, best.certified, seconds() - begin);
    }
    qn_cone_search_free(search);
    return 0;
}

static void print_number(const char *name, double value)
{
    if (isnan(value))
        printf("\"%s\": null, ", name);
    else
        printf("\"%s\": %.17g, ", name, value);
}

static void print_estimate(const char *name, const struct qn_estimate *e)
{
    printf("\"%s\": {", name);
    print_number("value", e->value);
    print_number("low", e->low);
    print_number("high", e->high);
    printf("\"reason\": \"%s\"}, ", qn_fit_reason_name(e->reason));
}

static void print_found(const struct qn_potentials *found, double took)
{
    printf("{");
    print_estimate("kappa", &found->spectrum.kappa);
    print_estimate("theta", &found->spectrum.theta);
    print_estimate("temperature", &found->spectrum.temperature);
    print_estimate("density", &found->spectrum.density);
    print_estimate("u_spacecraft", &found->u_spacecraft);
    print_estimate("u_surface", &found->cone.u_surface);
    print_estimate("ratio", &found->cone.ratio);
    print_estimate("beam", &found->cone.beam);
    print_number("spectrum_chi2", found->spectrum.chi2);
    print_number("gain_error", found->spectrum.gain_error);
    print_number("cone_chi2", found->cone.chi2);
    print_number("edge", found->cone.edge_deg);
    print_number("debye", found->debye_m);
    print_number("current", found->current);
    printf("\"identifiable\": %d, \"seconds\": %.3g}\n", found->cone.identifiable, took);
}

static int run_measure(struct qn_potential_options options)
{
    static double energy[QN_SWEEP_ROWS];
    static double field[QN_SWEEP_ROWS][3];
    static double sign[QN_SWEEP_ROWS];
    static double latitude[QN_CELLS];
    static double flux[QN_SWEEP_ROWS][QN_CELLS];
    static double phi[QN_SWEEP_ROWS][QN_CELLS];
    static int8_t polarity[QN_SWEEP_ROWS];
    struct qn_cells cells;
    struct qn_potential_work *work;
    double head[2];
    if (qn_potential_work_new(&work, NULL))
        return 1;
    while (read_doubles(head, 2) && read_doubles(energy, QN_SWEEP_ROWS) &&
           read_doubles(&field[0][0], QN_SWEEP_ROWS * 3L) && read_doubles(sign, QN_SWEEP_ROWS) &&
           read_doubles(latitude, QN_CELLS) &&
           read_doubles(&flux[0][0], (size_t)QN_SWEEP_ROWS * QN_CELLS) &&
           read_doubles(&phi[0][0], (size_t)QN_SWEEP_ROWS * QN_CELLS)) {
        struct qn_sweep sweep = {.rows = QN_SWEEP_ROWS,
                                 .energy_ev = energy,
                                 .field_nt = (const double(*)[3])field,
                                 .flux = (const double(*)[QN_CELLS])flux,
                                 .phi_deg = (const double(*)[QN_CELLS])phi,
                                 .polarity = polarity,
                                 .in_sun = head[0] > 0};
        struct qn_potentials found;
        for (size_t i = 0; i < QN_SWEEP_ROWS; i++)
            polarity[i] = (int8_t)sign[i];
        if (!qn_cells_init(&cells, latitude))
            return 1;
        options.u_spacecraft = head[1];
        double begin = seconds();
        qn_potentials_measure(work, &sweep, &cells, &options, &found);
        print_found(&found, seconds() - begin);
    }
    qn_potential_work_free(work);
    return 0;
}

int main(int argc, char **argv)
{
    struct qn_potential_options options = qn_potential_default;
    if (argc == 2 && strcmp(argv[1], "cone") == 0)
        return run_cone();
    if (argc == 4 && strcmp(argv[1], "measure") == 0) {
        if (strcmp(argv[2], "classic") == 0)
            options.profile = QN_POTENTIAL_CLASSIC;
        if (strcmp(argv[3], "lillis") == 0)
            options.method = QN_CONE_LILLIS;
        return run_measure(options);
    }
    fprintf(stderr, "usage: lunar_numbers cone | measure classic|robust halekas|lillis\n");
    return 2;
}
