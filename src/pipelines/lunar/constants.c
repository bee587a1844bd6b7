/* Leap seconds and the Moon's orientation from text kernels: see constants.h. */
#include "pipelines/lunar/constants.h"

#include <math.h>
#include <string.h>

static enum qn_status refuse(struct qn_error *err, const char *name)
{
    return qn_fail(err, QN_ERR_INPUT,
                   "the kernels' variable %s does not hold what it should. Take the files of NAIF, "
                   "or leave them out: constants are built in.",
                   name);
}

/* One number of a name, which is left as it is without that name. */
static bool take_one(const struct qn_kpl *pool, const char *name, double *value)
{
    size_t count;
    const double *numbers = qn_kpl_numbers(pool, name, &count);
    if (!numbers)
        return true;
    *value = numbers[0];
    return count == 1 && fabs(*value) < 1000;
}

/* The numbers of a name, at most `most`; those not given are 0. */
static bool take_list(const struct qn_kpl *pool, const char *name, double *values, size_t most)
{
    size_t count;
    const double *numbers = qn_kpl_numbers(pool, name, &count);
    memset(values, 0, most * sizeof *values);
    if (count > most)
        return false;
    if (count > 0)
        memcpy(values, numbers, count * sizeof *values);
    return true;
}

/* ---- leap seconds --------------------------------------------------------------------------- */

/* Pairs of a difference and the time from which it holds. */
static bool take_steps(const double *numbers, size_t count, struct qn_leaps *leaps)
{
    if (count % 2 != 0 || count / 2 > QN_LEAPS_MAX)
        return false;
    leaps->count = count / 2;
    for (size_t i = 0; i < leaps->count; i++) {
        leaps->step[i].delta_at = numbers[2 * i];
        leaps->step[i].from = numbers[2 * i + 1];
        bool sane = fabs(numbers[2 * i]) < 1000 && fabs(numbers[2 * i + 1]) < 1e11; /* 3000 years */
        if (!sane || (i > 0 && leaps->step[i].from <= leaps->step[i - 1].from))
            return false;
    }
    return true;
}

enum qn_status qn_constants_leaps(const struct qn_kpl *pool, struct qn_leaps *leaps, bool *given,
                                  struct qn_error *err)
{
    size_t count;
    const struct {
        const char *name;
        double *value;
    } singles[] = {{"DELTET/DELTA_T_A", &leaps->delta_t_a},
                   {"DELTET/K", &leaps->k},
                   {"DELTET/EB", &leaps->eb}};
    const double *steps = qn_kpl_numbers(pool, "DELTET/DELTA_AT", &count);
    *given = steps != NULL;
    if (!steps)
        return QN_OK;
    if (!take_steps(steps, count, leaps))
        return refuse(err, "DELTET/DELTA_AT");
    for (size_t i = 0; i < sizeof singles / sizeof *singles; i++)
        if (!take_one(pool, singles[i].name, singles[i].value))
            return refuse(err, singles[i].name);
    const double *m = qn_kpl_numbers(pool, "DELTET/M", &count);
    if (m && (count != 2 || fabs(m[0]) > 1000 || fabs(m[1]) > 1))
        return refuse(err, "DELTET/M");
    if (m)
        memcpy(leaps->m, m, sizeof leaps->m);
    return QN_OK;
}

/* ---- orientation ---------------------------------------------------------------------------- */

/* Angles of the Earth-Moon system: as many coefficients each as their degree says. */
static bool take_angles(const struct qn_kpl *pool, struct qn_moon_frame *moon)
{
    size_t count;
    double degree = 1;
    const double *angles = qn_kpl_numbers(pool, "BODY3_NUT_PREC_ANGLES", &count);
    if (!take_one(pool, "BODY3_MAX_PHASE_DEGREE", &degree) || (degree != 1 && degree != 2))
        return false;
    size_t each = (size_t)degree + 1;
    if (count % each != 0 || count / each > QN_NUTATIONS_MAX)
        return false;
    memset(moon->angle, 0, sizeof moon->angle);
    moon->count = count / each;
    for (size_t i = 0; i < count; i++)
        moon->angle[i / each][i % each] = angles[i];
    return true;
}

enum qn_status qn_constants_moon(const struct qn_kpl *pool, struct qn_moon_frame *moon, bool *given,
                                 struct qn_error *err)
{
    const struct {
        const char *name;
        double *values;
        size_t most;
    } lists[] = {{"BODY301_POLE_RA", moon->ra, 3},
                 {"BODY301_POLE_DEC", moon->dec, 3},
                 {"BODY301_PM", moon->pm, 3},
                 {"BODY301_NUT_PREC_RA", moon->ra_sin, QN_NUTATIONS_MAX},
                 {"BODY301_NUT_PREC_DEC", moon->dec_cos, QN_NUTATIONS_MAX},
                 {"BODY301_NUT_PREC_PM", moon->pm_sin, QN_NUTATIONS_MAX}};
    enum { POLE = 3 }; /* the first three have to be there */
    size_t count;
    *given = true;
    for (size_t i = 0; i < POLE; i++)
        *given = *given && qn_kpl_numbers(pool, lists[i].name, &count);
    if (!*given)
        return QN_OK;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (!take_list(pool, lists[i].name, lists[i].values, lists[i].most))
            return refuse(err, lists[i].name);
    return take_angles(pool, moon) ? QN_OK : refuse(err, "BODY3_NUT_PREC_ANGLES");
}
