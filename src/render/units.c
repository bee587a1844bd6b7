/* Counts, sizes, durations and dates as text: see units.h. */
#include "render/units.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

const char *qn_units_count(uint64_t count, char text[QN_UNITS_TEXT])
{
    char digits[24];
    size_t len = (size_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)count);
    size_t at = 0;
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = '\0';
    return text;
}

const char *qn_units_bytes(uint64_t bytes, char text[QN_UNITS_TEXT])
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    double value = (double)bytes;
    unsigned unit = 0;
    while (value >= 999.5) { /* what would print as 1000 */
        value /= 1000;
        unit++;
    }
    snprintf(text, QN_UNITS_TEXT, unit && value < 9.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return text;
}

const char *qn_units_seconds(double seconds, char text[QN_UNITS_TEXT])
{
    unsigned long long whole = seconds < 1e15 ? (unsigned long long)(seconds + 0.5) : 0;
    if (!(seconds >= 0 && seconds < 1e15))
        snprintf(text, QN_UNITS_TEXT, "?");
    else if (seconds > 0 && seconds < 0.0995)
        snprintf(text, QN_UNITS_TEXT, "%.3g ms", seconds * 1000);
    else if (seconds < 9.995)
        snprintf(text, QN_UNITS_TEXT, "%.2f s", seconds);
    else if (seconds < 59.95)
        snprintf(text, QN_UNITS_TEXT, "%.1f s", seconds);
    else if (whole < 3600)
        snprintf(text, QN_UNITS_TEXT, "%llu min %02llu s", whole / 60, whole % 60);
    else
        snprintf(text, QN_UNITS_TEXT, "%llu h %02llu min", whole / 3600, whole / 60 % 60);
    return text;
}

const char *qn_units_date(uint64_t epoch_us, char text[QN_UNITS_TEXT])
{
    time_t seconds = (time_t)(epoch_us / 1000000);
    struct tm utc;
    if (!gmtime_r(&seconds, &utc) || !strftime(text, QN_UNITS_TEXT, "%Y-%m-%d %H:%M UTC", &utc))
        snprintf(text, QN_UNITS_TEXT, "?");
    return text;
}
