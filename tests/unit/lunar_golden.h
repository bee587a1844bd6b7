/* What tests of the numerics of lunar share: golden files of the published program, read from
 * ../shared/data/lunar (or below QUERN_SHARED), and the synthetic sweep that they are about: an
 * isotropic flux in all 88 cells. */
#ifndef QN_TESTS_LUNAR_GOLDEN_H
#define QN_TESTS_LUNAR_GOLDEN_H

#include "check.h"

#include "compute/kappa.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The file, or NULL with a line that says what is skipped. The tests run in BUILD/tests. */
static inline json_t *golden(const char *name)
{
    static const char *const places[] = {"", "../../../shared", "../../shared", "../shared"};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const char *place = i == 0 ? getenv("QUERN_SHARED") : places[i];
        char path[512];
        if (!place)
            continue;
        snprintf(path, sizeof(path), "%s/data/lunar/%s", place, name);
        FILE *file = fopen(path, "r");
        if (!file)
            continue;
        static char text[1 << 16];
        size_t n = fread(text, 1, sizeof(text) - 1, file);
        fclose(file);
        text[n] = '\0';
        for (char *nan = strstr(text, "NaN"); nan; nan = strstr(nan, "NaN"))
            memcpy(nan, "-99", 3); /* JSON has no NaN: tests know where it stands */
        json_t *json = json_loads(text, 0, NULL);
        assert_non_null(json);
        return json;
    }
    printf("skipped: %s (no ../shared/data/lunar; set QUERN_SHARED)\n", name);
    return NULL;
}

static inline double number(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static inline double at(const json_t *array, size_t i)
{
    return json_number_value(json_array_get(array, i));
}

static inline void assert_near(double found, double expected, double relative)
{
    if (!(fabs(found - expected) <= relative * fabs(expected)))
        fail_msg("%.17g is not %.17g within %g", found, expected, relative);
}

/* Latitudes and azimuths of the golden files: rings by latitude, north before south. */
static inline void golden_cells(struct qn_cells *cells, double phi_deg[QN_CELLS])
{
    static const double latitudes[] = {11.25, 33.75, 56.25, 78.75};
    static const int sizes[] = {16, 16, 8, 4};
    double latitude[QN_CELLS];
    size_t n = 0;
    for (size_t ring = 0; ring < 8; ring++)
        for (int j = 0; j < sizes[ring / 2]; j++, n++) {
            latitude[n] = ring % 2 ? -latitudes[ring / 2] : latitudes[ring / 2];
            phi_deg[n] = 360.0 * j / sizes[ring / 2];
        }
    assert_true(qn_cells_init(cells, latitude));
}

struct golden_sweep {
    struct qn_cells cells;
    double energy_ev[QN_SWEEP_ROWS];
    double field_nt[QN_SWEEP_ROWS][3];
    double flux[QN_SWEEP_ROWS][QN_CELLS];
    double phi_deg[QN_SWEEP_ROWS][QN_CELLS];
    int8_t polarity[QN_SWEEP_ROWS];
    struct qn_sweep sweep;
};

/* Energies from low to high, evenly in the logarithm; the flux of a plasma, isotropic. */
static inline void golden_sweep(struct golden_sweep *s, const struct qn_kappa *plasma, double low,
                                double high)
{
    for (size_t i = 0; i < QN_SWEEP_ROWS; i++) {
        s->energy_ev[i] = low * pow(high / low, (double)i / (QN_SWEEP_ROWS - 1));
        golden_cells(&s->cells, s->phi_deg[i]);
        double flux = qn_kappa_flux(plasma, s->energy_ev[i]) / (4 * M_PI);
        for (size_t j = 0; j < QN_CELLS; j++)
            s->flux[i][j] = flux;
        s->field_nt[i][0] = 0.3745401188473625;
        s->field_nt[i][1] = 0.9507143064099162;
        s->field_nt[i][2] = 0.7319939418114051;
        s->polarity[i] = 1;
    }
    s->sweep = (struct qn_sweep){.rows = QN_SWEEP_ROWS,
                                 .energy_ev = s->energy_ev,
                                 .field_nt = (const double(*)[3])s->field_nt,
                                 .flux = (const double(*)[QN_CELLS])s->flux,
                                 .phi_deg = (const double(*)[QN_CELLS])s->phi_deg,
                                 .polarity = s->polarity,
                                 .in_sun = false};
}

#endif
