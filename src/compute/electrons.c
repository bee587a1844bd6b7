/* Cells, pitch angles and the names of reasons: see electrons.h. */
#include "compute/electrons.h"

#include <math.h>

struct ring { /* of cells of one latitude, north or south */
    double latitude_deg;
    double solid_angle; /* sr, of each cell */
    double cells;
};

/* PDS description of the data set, "Parameters". */
static const struct ring rings[] = {
    {78.75, 0.119570, 4}, {56.25, 0.170253, 8}, {33.75, 0.127401, 16}, {11.25, 0.150279, 16}};

static const struct ring *ring_at(double latitude_deg)
{
    for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++)
        if (fabs(fabs(latitude_deg) - rings[i].latitude_deg) <= 0.5)
            return &rings[i];
    return NULL;
}

static double radians(double degrees)
{
    return degrees * (M_PI / 180);
}

bool qn_cells_init(struct qn_cells *cells, const double latitude_deg[QN_CELLS])
{
    for (size_t i = 0; i < QN_CELLS; i++) {
        const struct ring *ring = ring_at(latitude_deg[i]);
        if (!ring)
            return false;
        cells->latitude_deg[i] = latitude_deg[i];
        cells->cos_latitude[i] = cos(radians(latitude_deg[i]));
        cells->sin_latitude[i] = sin(radians(latitude_deg[i]));
        cells->solid_angle[i] = ring->solid_angle;
        cells->sharing[i] = ring->cells;
    }
    return true;
}

void qn_pitch_cosines(const struct qn_cells *cells, const double field_nt[3],
                      const double phi_deg[QN_CELLS], int sign, enum qn_sense sense,
                      double cosines[QN_CELLS])
{
    double length =
        sqrt(field_nt[0] * field_nt[0] + field_nt[1] * field_nt[1] + field_nt[2] * field_nt[2]);
    double scale = (sense == QN_SENSE_LOOK ? -sign : sign) / length;
    for (size_t i = 0; i < QN_CELLS; i++) {
        double phi = radians(phi_deg[i]);
        double x = cos(phi) * cells->cos_latitude[i];
        double y = sin(phi) * cells->cos_latitude[i];
        cosines[i] =
            scale * (field_nt[0] * x + field_nt[1] * y + field_nt[2] * cells->sin_latitude[i]);
    }
}

double qn_pitch_degrees(double cosine)
{
    if (isnan(cosine))
        return cosine;
    return acos(fmin(fmax(cosine, -1), 1)) * (180 / M_PI);
}

bool qn_cell_sunlit(const struct qn_cells *cells, size_t cell, double phi_deg)
{
    static const double reach_deg = 7 + 11.25;
    if (fabs(cells->latitude_deg[cell]) > 30)
        return false;
    return fabs(remainder(phi_deg, 360)) <= reach_deg;
}

int qn_sweep_polarity(const struct qn_sweep *sweep)
{
    int sum = 0;
    for (size_t i = 0; i < sweep->rows; i++)
        sum += sweep->polarity[i];
    return sum > 0 ? 1 : sum < 0 ? -1 : 0;
}

static const struct {
    const char *name;
    const char *text;
} reasons[QN_FIT_REASONS] = {
    [QN_FIT_OK] = {"ok", "fitted"},
    [QN_FIT_AT_LIMIT] = {"at-limit", "the best value is at a limit of the fit"},
    [QN_FIT_ONE_SIDED] = {"one-sided", "the sweep bounds the value on one side only"},
    [QN_FIT_FEW_ROWS] = {"few-rows", "too few energies have counts"},
    [QN_FIT_FEW_CELLS] = {"few-cells", "too few cells can be used"},
    [QN_FIT_NO_FIELD] = {"no-field", "the magnetic field is missing"},
    [QN_FIT_NO_FOOT] = {"no-foot", "the field line does not meet the Moon"},
    [QN_FIT_NO_SPECTRUM] = {"no-spectrum", "there is no fit of the spectrum to start from"},
    [QN_FIT_TOO_DENSE] = {"too-dense",
                          "electrons bring more current than photoemission takes away"},
    [QN_FIT_TOO_THIN] = {"too-thin", "electrons bring less current than the photoemission curve "
                                     "covers"},
    [QN_FIT_SECONDARIES] = {"secondaries", "electrons drive out more electrons than they are"},
    [QN_FIT_NO_BALANCE] = {"no-balance", "currents balance at no potential tried"},
    [QN_FIT_NO_POTENTIAL] = {"no-potential", "the potential of the spacecraft is not known"},
    [QN_FIT_POOR] = {"poor", "chi2 is above the limit"},
    [QN_FIT_NO_EDGE] = {"no-edge", "nothing in the sweep depends on the parameter"},
};

const char *qn_fit_reason_name(enum qn_fit_reason reason)
{
    return reasons[reason].name;
}

const char *qn_fit_reason_text(enum qn_fit_reason reason)
{
    return reasons[reason].text;
}
