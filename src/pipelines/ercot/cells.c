/* Cells of market files: see cells.h. */
#include "pipelines/ercot/cells.h"

#include "compute/market_time.h"

#include <string.h>
#include <strings.h>

struct scan {
    const char *at;
    const char *end;
};

/* Reads 1 to `most` digits; the number of them is returned. */
static unsigned digits(struct scan *s, unsigned most, unsigned *value)
{
    unsigned n = 0;
    *value = 0;
    for (; n < most && s->at < s->end && (unsigned char)(*s->at - '0') < 10; n++)
        *value = *value * 10 + (unsigned)(*s->at++ - '0');
    return n;
}

static bool take(struct scan *s, char c)
{
    if (s->at == s->end || *s->at != c)
        return false;
    s->at++;
    return true;
}

static bool month_name(struct scan *s, unsigned *month)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    if (s->end - s->at < 3)
        return false;
    for (*month = 1; *month <= 12; ++*month) {
        if (!strncasecmp(names + 3 * (*month - 1), s->at, 3)) {
            s->at += 3;
            return true;
        }
    }
    return false;
}

/* 10-MAR-24: after the day. */
static bool rest_of_named(struct scan *s, unsigned *month, unsigned *year)
{
    if (!month_name(s, month) || !take(s, '-'))
        return false;
    unsigned n = digits(s, 4, year);
    *year += n == 2 ? 2000 : 0;
    return n == 2 || n == 4;
}

static bool read_civil(struct scan *s, unsigned *year, unsigned *month, unsigned *day)
{
    unsigned first;
    unsigned n = digits(s, 8, &first);
    if (n == 8) { /* 20240310 */
        *year = first / 10000;
        *month = first / 100 % 100;
        *day = first % 100;
        return true;
    }
    if (n == 4 && take(s, '-')) { /* 2024-03-10 */
        *year = first;
        return digits(s, 2, month) == 2 && take(s, '-') && digits(s, 2, day) == 2;
    }
    if ((n == 1 || n == 2) && take(s, '/')) { /* 3/10/2024 */
        *month = first;
        return digits(s, 2, day) > 0 && take(s, '/') && digits(s, 4, year) == 4;
    }
    *day = first;
    return (n == 1 || n == 2) && take(s, '-') && rest_of_named(s, month, year);
}

static bool read_day(struct scan *s, int32_t *day)
{
    unsigned year, month, of_month;
    if (!read_civil(s, &year, &month, &of_month) || !qn_civil_valid((int)year, month, of_month))
        return false;
    *day = qn_days_from_civil((int)year, month, of_month);
    return true;
}

/* A time of day in microseconds; up to 24:00. */
static bool read_time(struct scan *s, int64_t *us)
{
    unsigned hour, minute, second = 0, part = 0, places = 0;
    if (digits(s, 2, &hour) == 0 || !take(s, ':') || digits(s, 2, &minute) != 2)
        return false;
    if (take(s, ':') && digits(s, 2, &second) != 2)
        return false;
    if (take(s, '.') && (places = digits(s, 6, &part)) == 0)
        return false;
    for (; places > 0 && places < 6; places++)
        part *= 10;
    *us = hour * QN_HOUR_US + minute * QN_MINUTE_US + second * INT64_C(1000000) + part;
    return hour < 24 && minute < 60 && second < 60;
}

/* Takes what stands between date and time. */
static bool take_gap(struct scan *s)
{
    bool any = false;
    while (s->at < s->end && (*s->at == ' ' || *s->at == 'T')) {
        s->at++;
        any = true;
    }
    return any;
}

bool er_read_date(const char *text, size_t len, int32_t *day)
{
    struct scan s = {text, text + len};
    int64_t ignored;
    if (!read_day(&s, day))
        return false;
    return s.at == s.end || (take_gap(&s) && read_time(&s, &ignored) && s.at == s.end);
}

bool er_read_stamp(const char *text, size_t len, int64_t *us)
{
    struct scan s = {text, text + len};
    int32_t day;
    int64_t of_day;
    if (!read_day(&s, &day) || !take_gap(&s) || !read_time(&s, &of_day) || s.at != s.end)
        return false;
    *us = day * 24 * QN_HOUR_US + of_day;
    return true;
}

bool er_read_hour(const char *text, size_t len, int8_t *hour)
{
    struct scan s = {text, text + len};
    unsigned value, minute = 0, second = 0;
    if (digits(&s, 2, &value) == 0)
        return false;
    if (take(&s, ':') &&
        (digits(&s, 2, &minute) != 2 || (take(&s, ':') && !digits(&s, 2, &second))))
        return false;
    *hour = (int8_t)value;
    return s.at == s.end && minute == 0 && second == 0;
}

bool er_read_period(const char *text, size_t len, int8_t *period)
{
    struct scan s = {text, text + len};
    unsigned value;
    if (digits(&s, 3, &value) == 0 || s.at != s.end || value > 100)
        return false;
    *period = (int8_t)value;
    return true;
}

bool er_read_flag(const char *text, size_t len, bool *flag)
{
    static const char *const words[] = {"n", "y", "no", "yes", "false", "true", "f", "t", "0", "1"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strlen(words[i]) == len && !strncasecmp(words[i], text, len)) {
            *flag = i % 2 == 1;
            return true;
        }
    }
    return false;
}
