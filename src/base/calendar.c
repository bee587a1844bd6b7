/* Dates and times of day: see calendar.h. */
#include "base/calendar.h"

#include <stdio.h>

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

/* ---- text ----------------------------------------------------------------------------------- */

enum { DAY_S = 86400 };

/* Exactly `width` digits. */
static bool digits(const char **text, const char *end, int width, unsigned *value)
{
    if (end - *text < width)
        return false;
    for (*value = 0; width > 0; width--, (*text)++) {
        unsigned digit = (unsigned)(unsigned char)**text - '0';
        if (digit > 9)
            return false;
        *value = *value * 10 + digit;
    }
    return true;
}

static bool letter(const char **text, const char *end, char a, char b)
{
    if (*text == end || (**text != a && **text != b))
        return false;
    (*text)++;
    return true;
}

/* Decimals of a second, of which the first 15 count. */
static bool read_decimals(const char **text, const char *end, double *fraction)
{
    const char *begin = *text;
    double number = 0;
    double unit = 1;
    for (; *text < end && **text >= '0' && **text <= '9'; (*text)++) {
        if (*text - begin < 15) {
            number = number * 10 + (**text - '0');
            unit *= 10;
        }
    }
    *fraction = number / unit;
    return *text > begin;
}

static bool read_time(const char **text, const char *end, double *second)
{
    unsigned hour;
    unsigned minute;
    unsigned whole = 0;
    double fraction = 0;
    if (!digits(text, end, 2, &hour) || !letter(text, end, ':', ':') ||
        !digits(text, end, 2, &minute))
        return false;
    if (letter(text, end, ':', ':')) {
        if (!digits(text, end, 2, &whole) ||
            (letter(text, end, '.', '.') && !read_decimals(text, end, &fraction)))
            return false;
    }
    bool leap = hour == 23 && minute == 59 && whole == 60;
    *second = hour * 3600 + minute * 60 + whole + fraction;
    return hour < 24 && minute < 60 && (whole < 60 || leap);
}

bool qn_utc_parse(const char *text, size_t len, struct qn_utc *utc)
{
    const char *end = text + len;
    unsigned year;
    unsigned month;
    unsigned day;
    double second = 0;
    if (!digits(&text, end, 4, &year) || !letter(&text, end, '-', '-') ||
        !digits(&text, end, 2, &month) || !letter(&text, end, '-', '-') ||
        !digits(&text, end, 2, &day) || !qn_civil_valid((int)year, month, day))
        return false;
    if (letter(&text, end, 'T', ' ')) {
        if (!read_time(&text, end, &second))
            return false;
        letter(&text, end, 'Z', 'Z');
    }
    utc->day = (int32_t)qn_days_from_civil((int)year, month, day);
    utc->second = second;
    return text == end;
}

void qn_utc_print(struct qn_utc utc, int decimals, char text[QN_UTC_TEXT])
{
    static const uint32_t scales[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
    struct qn_civil date = qn_civil_from_days(utc.day);
    uint32_t scale = scales[decimals];
    uint32_t whole = (uint32_t)utc.second;
    uint32_t fraction = (uint32_t)((utc.second - whole) * scale);
    uint32_t minute = whole < DAY_S ? whole / 60 : DAY_S / 60 - 1; /* a leap second is the 60th */
    int used = snprintf(text, QN_UTC_TEXT, "%04d-%02u-%02uT%02u:%02u:%02u", date.year, date.month,
                        date.day, minute / 60, minute % 60, whole - minute * 60);
    if (decimals > 0)
        snprintf(text + used, QN_UTC_TEXT - (size_t)used, ".%0*u", decimals, fraction);
}
