/* The numerics of lunar for the tests in Python: reads records of doubles from standard input,
 * writes a line of JSON for each. Calls what the pipeline calls, with nothing between.
 *
 * lunar_numbers cone: U_sc, method, energies (15), pitch angles, norms, in band (15 x 88 each).
 */
#include "compute/cone_search.h"
#include "compute/loss_cone.h"

#include <stdio.h>
#include <stdlib.h>
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

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "cone") == 0)
        return run_cone();
    fprintf(stderr, "usage: lunar_numbers cone\n");
    return 2;
}
