/* When the rows of a source are: see clock.h. The rules are in compute/market_time.h. */
#include "pipelines/ercot/clock.h"

#include "compute/market_time.h"

#include <string.h>

/* Rows with an hour ending on the days on which the clock changes, of a file without a flag: the
 * largest label decides whether the hours are counted or named. */
enum { CHANGES = 64 };

struct change_day {
    int32_t day;
    int8_t largest;
};

struct clock {
    struct er_table *table;
    const struct er_mapping *mapping;
    bool hinted;
    size_t rows;
    struct change_day changes[CHANGES];
    size_t change_count;
    uint8_t *faults;
};

static const enum er_reason reasons[] = {
    [QN_MARKET_OK] = ER_FINE,
    [QN_MARKET_NO_SUCH_HOUR] = ER_NO_SUCH_HOUR,
    [QN_MARKET_SKIPPED_HOUR] = ER_SKIPPED_HOUR,
    [QN_MARKET_NOT_REPEATED] = ER_NOT_REPEATED,
    [QN_MARKET_NO_SUCH_PERIOD] = ER_NO_SUCH_PERIOD,
};

static void *extend(struct er_table *table, size_t column, size_t rows)
{
    struct er_vector *vector = &table->vectors[column];
    uint8_t *room = qn_buf_reserve(&vector->values, rows * er_width(vector->type) + 1);
    if (room)
        vector->values.len += rows * er_width(vector->type);
    return room;
}

static void set_fault(struct clock *clock, size_t i, enum qn_market_fault fault)
{
    if (!fault || clock->faults[i])
        return;
    clock->faults[i] = (uint8_t)reasons[fault];
    clock->table->fault_count++;
}

static const void *role(const struct clock *clock, enum er_role role)
{
    return clock->table->roles[role].len ? clock->table->roles[role].data : NULL;
}

static void find_changes(struct clock *clock, const int32_t *dates, const int8_t *hours)
{
    int32_t last = ER_NO_DAY;
    bool changes = false;
    for (size_t i = 0; i < clock->rows; i++) {
        if (dates[i] != last) {
            last = dates[i];
            changes = qn_market_day(last) != QN_DAY_PLAIN;
        }
        if (!changes || clock->faults[i])
            continue;
        size_t k = 0;
        while (k < clock->change_count && clock->changes[k].day != last)
            k++;
        if (k == CHANGES)
            continue;
        if (k == clock->change_count)
            clock->changes[clock->change_count++] = (struct change_day){last, 0};
        if (hours[i] > clock->changes[k].largest)
            clock->changes[k].largest = hours[i];
    }
}

static enum qn_hour_labels labels_on(const struct clock *clock, int32_t day)
{
    for (size_t k = 0; k < clock->change_count; k++) {
        if (clock->changes[k].day == day && clock->changes[k].largest == qn_market_hours(day))
            return QN_LABELS_ORDINAL;
    }
    return QN_LABELS_FLAG;
}

/* Without a flag the name of the file may tell that the repeated hour is meant. */
static bool hinted_repeat(const struct clock *clock, int32_t day, int hour)
{
    return clock->hinted && hour == 2 && qn_market_day(day) == QN_DAY_AUTUMN;
}

/* The derived columns of a dataset with intervals, with room for the rows. */
struct intervals {
    bool complete; /* false: out of memory */
    int64_t *starts, *ends;
    int32_t *days;
    int8_t *hours;
    int8_t *periods; /* NULL where intervals are hours */
    uint8_t *repeated;
};

static struct intervals make_intervals(struct clock *clock)
{
    struct er_table *table = clock->table;
    bool periodic = table->dataset->time != ER_TIME_HOUR;
    size_t at = 0;
    struct intervals out;
    out.starts = extend(table, at++, clock->rows);
    out.ends = extend(table, at++, clock->rows);
    out.days = extend(table, at++, clock->rows);
    out.hours = extend(table, at++, clock->rows);
    out.periods = periodic ? extend(table, at++, clock->rows) : NULL;
    out.repeated = extend(table, at++, clock->rows);
    out.complete = out.starts && out.ends && out.days && out.hours && (out.periods || !periodic) &&
                   out.repeated;
    return out;
}

static bool set_hours(struct clock *clock)
{
    int minutes = clock->table->dataset->minutes;
    struct intervals out = make_intervals(clock);
    const int32_t *dates = role(clock, ER_ROLE_DATE);
    const int8_t *hours = role(clock, ER_ROLE_HOUR);
    const int8_t *periods = out.periods ? role(clock, ER_ROLE_PERIOD) : NULL;
    const uint8_t *flags = clock->mapping->has_flag ? role(clock, ER_ROLE_FLAG) : NULL;
    if (!out.complete)
        return false;
    if (!flags)
        find_changes(clock, dates, hours);
    int64_t instant = 0;
    enum qn_market_fault fault = QN_MARKET_OK;
    for (size_t i = 0; i < clock->rows; i++) {
        bool repeated = flags ? flags[i] : hinted_repeat(clock, dates[i], hours[i]);
        int period = periods ? periods[i] : 1;
        bool same = i > 0 && dates[i] == dates[i - 1] && hours[i] == hours[i - 1] &&
                    (!periods || periods[i] == periods[i - 1]) && out.repeated[i - 1] == repeated;
        if (!same) {
            enum qn_hour_labels labels = flags ? QN_LABELS_FLAG : labels_on(clock, dates[i]);
            instant = 0;
            fault =
                qn_market_instant(dates[i], hours[i], period, minutes, labels, repeated, &instant);
        }
        set_fault(clock, i, fault);
        out.starts[i] = instant;
        out.ends[i] = instant + minutes * QN_MINUTE_US;
        out.days[i] = dates[i];
        out.hours[i] = hours[i];
        out.repeated[i] = repeated;
        if (periods)
            out.periods[i] = periods[i];
    }
    return true;
}

static int32_t day_of(int64_t local_us)
{
    int64_t day_us = 24 * QN_HOUR_US;
    return (int32_t)((local_us - ((local_us % day_us + day_us) % day_us)) / day_us);
}

static bool set_stamps(struct clock *clock)
{
    struct er_table *table = clock->table;
    size_t rows = clock->rows;
    int64_t *instants = extend(table, 0, rows);
    int64_t *locals = extend(table, 1, rows);
    int32_t *days = extend(table, 2, rows);
    uint8_t *flag_out = extend(table, 3, rows);
    const int64_t *stamps = role(clock, ER_ROLE_STAMP);
    const uint8_t *flags = clock->mapping->has_flag ? role(clock, ER_ROLE_FLAG) : NULL;
    if (!instants || !locals || !days || !flag_out)
        return false;
    enum qn_market_fault fault = QN_MARKET_OK;
    for (size_t i = 0; i < rows; i++) {
        int32_t day = i > 0 && stamps[i] == stamps[i - 1] ? days[i - 1] : day_of(stamps[i]);
        int hour = (int)((stamps[i] - day * 24 * QN_HOUR_US) / QN_HOUR_US);
        bool repeated = flags ? flags[i] : hinted_repeat(clock, day, hour + 1);
        if (i > 0 && stamps[i] == stamps[i - 1] && repeated == flag_out[i - 1]) {
            instants[i] = instants[i - 1];
        } else {
            instants[i] = 0;
            fault = qn_market_from_local(stamps[i], repeated, &instants[i]);
        }
        set_fault(clock, i, fault);
        locals[i] = stamps[i];
        days[i] = day;
        flag_out[i] = repeated;
    }
    return true;
}

/* Numbered periods of a day. The last one may carry the midnight that ends it as its time. */
static bool set_numbered(struct clock *clock)
{
    int minutes = clock->table->dataset->minutes;
    struct intervals out = make_intervals(clock);
    const int64_t *stamps = role(clock, ER_ROLE_STAMP);
    const int8_t *numbers = role(clock, ER_ROLE_PERIOD);
    if (!out.complete)
        return false;
    for (size_t i = 0; i < clock->rows; i++) {
        int per_hour = 60 / minutes;
        int32_t day = day_of(stamps[i]);
        int64_t of_day = stamps[i] - day * 24 * QN_HOUR_US;
        if (numbers[i] > 12 * per_hour && of_day < minutes * QN_MINUTE_US)
            day--;
        int hour = (numbers[i] + per_hour - 1) / per_hour;
        int period = numbers[i] < 1 ? 0 : (numbers[i] - 1) % per_hour + 1;
        out.starts[i] = 0;
        enum qn_market_fault fault =
            qn_market_instant(day, hour, period, minutes, QN_LABELS_ORDINAL, false, &out.starts[i]);
        set_fault(clock, i, fault == QN_MARKET_NO_SUCH_HOUR ? QN_MARKET_NO_SUCH_PERIOD : fault);
        out.ends[i] = out.starts[i] + minutes * QN_MINUTE_US;
        out.days[i] = day;
        out.hours[i] = (int8_t)hour;
        out.periods[i] = numbers[i];
        bool repeated;
        qn_market_to_local(out.starts[i], &repeated);
        out.repeated[i] = repeated;
    }
    return true;
}

enum qn_status er_clock_set(struct er_table *table, const struct er_mapping *mapping,
                            enum er_repeat_hint hint, struct qn_error *err)
{
    struct clock clock = {.table = table,
                          .mapping = mapping,
                          .hinted = hint == ER_HINT_REPEATED,
                          .rows = (size_t)(table->rows - table->mark),
                          .faults = table->faults.data};
    bool ok = true;
    if (clock.rows == 0)
        return QN_OK;
    switch (table->dataset->time) {
    case ER_TIME_HOUR:
    case ER_TIME_PERIOD:
        ok = set_hours(&clock);
        break;
    case ER_TIME_STAMP:
        ok = set_stamps(&clock);
        break;
    case ER_TIME_NUMBERED:
        ok = set_numbered(&clock);
        break;
    default:
        break;
    }
    return ok ? QN_OK : qn_fail_memory(err, "the times of a file", clock.rows * 40);
}

bool er_clock_other_day(const struct er_table *table, uint64_t row, int32_t *day)
{
    const struct er_dataset *dataset = table->dataset;
    if (dataset->year < 0 || !er_valid(&table->vectors[dataset->year], row))
        return false;
    const struct er_vector *vector = &table->vectors[dataset->year];
    if (vector->type == ER_DATE)
        *day = ((const int32_t *)(const void *)vector->values.data)[row];
    else if (vector->type == ER_STAMP)
        *day = day_of(((const int64_t *)(const void *)vector->values.data)[row]);
    return vector->type == ER_DATE || vector->type == ER_STAMP;
}
