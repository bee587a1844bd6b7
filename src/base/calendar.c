/* Dates: see calendar.h. */
#include "base/calendar.h"

int64_t qn_days_from_civil(int year, unsigned month, unsigned day)
{
    int64_t of_march = (int64_t)year - (month <= 2); /* years begin in March */
    int64_t era = qn_floor_div(of_march, 400);
    int64_t of_era = of_march - era * 400;
    int64_t of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct qn_civil qn_civil_from_days(int64_t days)
{
    int64_t era = qn_floor_div(days + 719468, 146097);
    unsigned of_era = (unsigned)(days + 719468 - era * 146097);
    unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
    unsigned month = (5 * of_year + 2) / 153;
    struct qn_civil civil = {.year = (int)(year + era * 400),
                             .month = month < 10 ? month + 3 : month - 9,
                             .day = of_year - (153 * month + 2) / 5 + 1};
    civil.year += civil.month <= 2;
    return civil;
}

bool qn_civil_valid(int year, unsigned month, unsigned day)
{
    static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1)
        return false;
    return day <= lengths[month - 1] + (unsigned)(month == 2 && leap);
}
