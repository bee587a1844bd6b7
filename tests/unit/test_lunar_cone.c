/* Pitch angles and the published objective of the loss cone against golden.json and
 * golden_losscone.json; the optimum against what differential evolution found there. */
#include "lunar_golden.h"

#include "compute/cone_robust.h"
#include "compute/cone_search.h"
#include "compute/loss_cone.h"

static void test_pitch_angles(void **state)
{
    (void)state;
    json_t *all = golden("golden_losscone.json");
    if (!all)
        skip();
    struct qn_cells cells;
    double phi[QN_CELLS];
    double field[3];
    double cosines[QN_CELLS];
    golden_cells(&cells, phi);
    for (size_t i = 0; i < 3; i++)
        field[i] = at(json_object_get(all, "mag"), i);
    for (size_t j = 0; j < QN_CELLS; j++) {
        assert_near(phi[j], at(json_object_get(all, "phis"), j), 1e-15);
        assert_near(cells.latitude_deg[j], at(json_object_get(all, "thetas"), j), 1e-15);
    }
    qn_pitch_cosines(&cells, field, phi, 1, QN_SENSE_VELOCITY, cosines);
    for (size_t j = 0; j < QN_CELLS; j++)
        assert_near(qn_pitch_degrees(cosines[j]), at(json_object_get(all, "pitch_row0"), j), 1e-12);
    json_decref(all);
}

static void test_looking_directions_turn_pitch_angles_round(void **state)
{
    (void)state;
    struct qn_cells cells;
    double phi[QN_CELLS];
    double there[QN_CELLS];
    double back[QN_CELLS];
    golden_cells(&cells, phi);
    qn_pitch_cosines(&cells, (double[3]){3, -2, 8}, phi, 1, QN_SENSE_VELOCITY, there);
    qn_pitch_cosines(&cells, (double[3]){3, -2, 8}, phi, 1, QN_SENSE_LOOK, back);
    for (size_t j = 0; j < QN_CELLS; j++)
        assert_near(qn_pitch_degrees(back[j]), 180 - qn_pitch_degrees(there[j]), 1e-12);
}

/* The grid of golden.json: 15 energies, 88 pitch angles from 0 to 180, the model at a base as data.
 */
static void golden_grid(struct qn_cone_data *data)
{
    static const struct qn_cone base = {-50, 0.5, 2};
    data->rows = QN_SWEEP_ROWS;
    data->u_spacecraft = 0;
    for (size_t i = 0; i < QN_SWEEP_ROWS; i++) {
        double highest = 0;
        data->energy_ev[i] = 10 * pow(2000, (double)i / 14);
        for (size_t j = 0; j < QN_CELLS; j++) {
            data->pitch_deg[i][j] = j == QN_CELLS - 1 ? 180 : (double)j * (180.0 / 87);
            data->norm[i][j] = qn_cone_model(&base, 0, data->energy_ev[i], data->pitch_deg[i][j]);
            if (data->pitch_deg[i][j] < 90)
                highest = fmax(highest, data->norm[i][j]);
        }
        for (size_t j = 0; j < QN_CELLS; j++) {
            double relative = data->norm[i][j] / highest;
            data->in_band[i][j] = relative > 0.07 && relative < 0.79;
        }
    }
}

static void test_model_and_objective(void **state)
{
    (void)state;
    json_t *all = golden("golden.json");
    if (!all)
        skip();
    static struct qn_cone_data data;
    golden_grid(&data);
    size_t n;
    json_t *c;
    json_array_foreach(json_object_get(json_object_get(all, "losscone"), "cases"), n, c)
    {
        struct qn_cone cone = {number(c, "U"), number(c, "bs_over_bm"), number(c, "beam_amp")};
        data.u_spacecraft = number(c, "Usc");
        double sum = 0;
        int valid = 0;
        int ones = 0;
        for (size_t i = 0; i < QN_SWEEP_ROWS; i++)
            for (size_t j = 0; j < QN_CELLS; j++) {
                double energy = data.energy_ev[i];
                double pitch = data.pitch_deg[i][j];
                sum += qn_cone_model(&cone, data.u_spacecraft, energy, pitch);
                valid += qn_cone_uses(&data, QN_CONE_HALEKAS, i, j);
                ones += qn_cone_model(&cone, data.u_spacecraft, energy, pitch) >= 1;
            }
        assert_near(sum, number(c, "sum_model"), 1e-12);
        assert_int_equal(valid, json_integer_value(json_object_get(c, "n_valid_mask")));
        assert_int_equal(ones, json_integer_value(json_object_get(c, "n_one_cells")));
        assert_near(qn_cone_chi2(&data, QN_CONE_HALEKAS, &cone), number(c, "chi2_halekas_vs_base"),
                    1e-9);
        assert_near(qn_cone_chi2(&data, QN_CONE_LILLIS, &cone), number(c, "chi2_lillis_vs_base"),
                    1e-9);
    }
    json_decref(all);
}

/* The sweeps of golden_losscone.json without noise: their field, 15 energies from 20 eV to 20 keV,
 * the model as flux. */
static void golden_sweep_of(const json_t *run, const double field[3], struct qn_cone_data *data)
{
    static const struct qn_kappa plasma = {1e6, 5, 1e7};
    static struct golden_sweep s;
    const json_t *true_ = json_object_get(run, "true");
    struct qn_cone cone = {number(true_, "U"), number(true_, "b"), number(true_, "amp")};
    double u_spacecraft = number(true_, "Usc");
    golden_sweep(&s, &plasma, 20, 20000);
    for (size_t i = 0; i < QN_SWEEP_ROWS; i++) {
        double cosines[QN_CELLS];
        memcpy(s.field_nt[i], field, sizeof(s.field_nt[i]));
        qn_pitch_cosines(&s.cells, field, s.phi_deg[i], 1, QN_SENSE_VELOCITY, cosines);
        for (size_t j = 0; j < QN_CELLS; j++)
            s.flux[i][j] = 1e5 * qn_cone_model(&cone, u_spacecraft, s.energy_ev[i],
                                               qn_pitch_degrees(cosines[j]));
    }
    qn_cone_prepare_classic(&s.sweep, &s.cells, u_spacecraft, QN_CONE_RATIO, QN_SENSE_VELOCITY,
                            data);
}

/* Noisy sweeps of the file cannot be made again; these leave chi2 below what was found there. */
static void test_noiseless_sweeps_are_fitted_at_least_as_well(void **state)
{
    (void)state;
    json_t *all = golden("golden_losscone.json");
    if (!all)
        skip();
    static struct qn_cone_data data;
    struct qn_cone_search *search;
    double field[3];
    for (size_t i = 0; i < 3; i++)
        field[i] = at(json_object_get(all, "mag"), i);
    assert_int_equal(qn_cone_search_new(&search, NULL), QN_OK);
    size_t n;
    size_t tried = 0;
    json_t *run;
    json_array_foreach(json_object_get(all, "runs"), n, run)
    {
        const json_t *true_ = json_object_get(run, "true");
        bool lillis = strcmp(json_string_value(json_object_get(run, "method")), "lillis") == 0;
        if (number(true_, "lognoise") > 0)
            continue;
        struct qn_cone_best best;
        golden_sweep_of(run, field, &data);
        qn_cone_search_run(search, &data, lillis ? QN_CONE_LILLIS : QN_CONE_HALEKAS, &best);
        tried++;
        if (lillis) { /* there NaN, for want of cells in the band: defect 6 */
            assert_true(isnan(best.chi2));
            continue;
        }
        assert_true(best.chi2 <= number(json_object_get(run, "fit"), "chi2") + 1e-9);
        assert_near(best.cone.u_surface, number(true_, "U"), 0.05); /* anywhere costs the same */
        assert_near(best.cone.ratio, number(true_, "b"), 0.03);
    }
    assert_int_equal(tried, 6);
    qn_cone_search_free(search);
    json_decref(all);
}

static void test_ratio2_mirrors_incident_cells(void **state)
{
    (void)state;
    static const struct qn_kappa plasma = {1e6, 5, 1e7};
    static struct qn_cone_data data;
    struct golden_sweep s;
    golden_sweep(&s, &plasma, 20, 20000);
    s.polarity[3] = 0;
    qn_cone_prepare_classic(&s.sweep, &s.cells, 0, QN_CONE_RATIO2, QN_SENSE_VELOCITY, &data);
    for (size_t j = 0; j < QN_CELLS; j++) {
        assert_near(data.norm[0][j], 1, 1e-15); /* isotropic: every cell is its mirror's */
        assert_true(!qn_cone_uses(&data, QN_CONE_HALEKAS, 3, j) || data.pitch_deg[3][j] < 90);
    }
}

/* Table X of Feldman & Cousins 1998, column 68.27 %. */
static void test_intervals_of_a_mean_that_cannot_be_negative(void **state)
{
    (void)state;
    static const double table[][3] = {{-3, 0, 0.04}, {-2, 0, 0.07},    {-1, 0, 0.27},    {0, 0, 1},
                                      {1, 0.24, 2},  {0.5, 0.02, 1.5}, {1.5, 0.56, 2.5}, {3, 2, 4}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        double interval[2];
        qn_positive_interval(table[i][0], interval);
        assert_true(fabs(interval[0] - table[i][1]) < 0.0051);
        assert_true(fabs(interval[1] - table[i][2]) < 0.0051);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pitch_angles),
        cmocka_unit_test(test_looking_directions_turn_pitch_angles_round),
        cmocka_unit_test(test_model_and_objective),
        cmocka_unit_test(test_noiseless_sweeps_are_fitted_at_least_as_well),
        cmocka_unit_test(test_ratio2_mirrors_incident_cells),
        cmocka_unit_test(test_intervals_of_a_mean_that_cannot_be_negative),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
