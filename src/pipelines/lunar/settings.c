/* Options of `quern lunar map`: see settings.h. */
#include "pipelines/lunar/settings.h"

#include "base/calendar.h"

#include <math.h>
#include <string.h>

enum { FIRST_YEAR = 1951, LAST_YEAR = 2050 };
#define MOST_VOLTS 1e5

const struct qn_option qn_lunar_map_options[] = {
    {"year", QN_OPT_INT, "YYYY", NULL, "only this year"},
    {"month", QN_OPT_INT, "1-12", NULL, "only this month"},
    {"day", QN_OPT_INT, "1-31", NULL, "only this day of the month"},
    QN_LUNAR_MEASURE_OPTIONS,
    {0}};

static bool is(const struct qn_options *options, const char *name, const char *value)
{
    const char *text = qn_option_string(options, name);
    return text && !strcmp(text, value);
}

static enum qn_status take(const struct qn_options *options, const char *name, int least, int most,
                           int *value, struct qn_error *err)
{
    int64_t number = qn_option_int(options, name);
    *value = 0;
    if (!qn_option_given(options, name))
        return QN_OK;
    if (number < least || number > most)
        return qn_fail(err, QN_ERR_USAGE, "--%s %lld makes no sense: expected %d to %d.", name,
                       (long long)number, least, most);
    *value = (int)number;
    return QN_OK;
}

static enum qn_status take_period(struct qn_lunar_period *period, const struct qn_options *options,
                                  struct qn_error *err)
{
    enum qn_status status = take(options, "year", FIRST_YEAR, LAST_YEAR, &period->year, err);
    if (!status)
        status = take(options, "month", 1, 12, &period->month, err);
    if (!status)
        status = take(options, "day", 1, 31, &period->day, err);
    if (!status && period->year && period->month && period->day &&
        !qn_civil_valid(period->year, (unsigned)period->month, (unsigned)period->day))
        status = qn_fail(err, QN_ERR_USAGE, "there is no %04d-%02d-%02d.", period->year,
                         period->month, period->day);
    return status;
}

enum qn_status qn_lunar_settings_parse(struct qn_lunar_settings *settings,
                                       const struct qn_options *options, struct qn_error *err)
{
    *settings = (struct qn_lunar_settings){.fit = qn_potential_default};
    struct qn_potential_options *fit = &settings->fit;
    if (is(options, "profile", "classic"))
        fit->profile = QN_POTENTIAL_CLASSIC;
    if (is(options, "losscone-fit-method", "lillis"))
        fit->method = QN_CONE_LILLIS;
    if (fit->profile == QN_POTENTIAL_ROBUST && qn_option_given(options, "losscone-fit-method"))
        return qn_fail(err, QN_ERR_USAGE,
                       "--losscone-fit-method chooses between the published objectives: give "
                       "--profile classic with it, or leave it out; robust has one of its own.");
    if (is(options, "look-direction", "look"))
        fit->sense = QN_SENSE_LOOK;
    if (qn_option_given(options, "u-spacecraft"))
        fit->u_spacecraft = qn_option_real(options, "u-spacecraft");
    if (fabs(fit->u_spacecraft) > MOST_VOLTS)
        return qn_fail(err, QN_ERR_USAGE, "--u-spacecraft %g makes no sense: expected volts.",
                       fit->u_spacecraft);
    return take_period(&settings->period, options, err);
}
