/* Synthetic market archives: see synth.h. */
#include "pipelines/ercot/synth.h"

#include "base/fresh.h"
#include "base/io.h"
#include "base/json_memory.h"
#include "base/sys.h"
#include "compute/market_time.h"
#include "compute/random.h"
#include "format/zip_write.h"

#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS = 96, CURVE = 35, OFFERS = 10, NAME = 24 };

struct point {
    char name[NAME];
    const char *type;
    double basis; /* against the system's price */
};

/* Faults, one file each, in this order from the second file on. */
enum fault {
    FAULT_NONE,
    FAULT_PRICE_TEXT,
    FAULT_DATE,
    FAULT_HOUR,
    FAULT_INTERVAL,
    FAULT_FLAG,
    FAULT_EXTRA_FIELD,
    FAULT_SHORT_ROW,
    FAULT_BOM_CRLF,
    FAULT_BLANK_LINES,
    FAULT_BLANKS,
    FAULT_REPOST,
    FAULT_CORRECTION,
    FAULT_MISSING_FILE,
    FAULT_MISSING_POINT,
    FAULT_EMPTY_FILE,
    FAULT_HEADER_ONLY,
    FAULT_COUNT
};
enum { FAULTY_ROW = 3, CORRECTED = 5 };

struct making {
    const struct er_synth *synth;
    struct point *points;
    size_t names; /* distinct */
    struct qn_buf text;
    struct qn_zip_writer outer;
    uint64_t files;
    struct { /* the answer key */
        uint64_t rows_in, rejected, identical, differing, missing, missing_intervals;
        uint64_t entries[FAULT_COUNT];
    } key;
};

/* ---- numbers -------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t x)
{
    return qn_random_mix(x + 0x9e3779b97f4a7c15u);
}

/* From 0 up to 1, by place. */
static double chance(const struct making *m, uint64_t a, uint64_t b, uint64_t c)
{
    return (double)(mix(mix(mix(m->synth->seed ^ mix(a)) + b) + c) >> 11) * 0x1p-53;
}

/* The system's price: a daily wave, noise, now and then a spike or less than nothing. */
static double system_price(const struct making *m, int64_t instant, int minute_of_day)
{
    uint64_t when = (uint64_t)(instant / QN_MINUTE_US);
    double wave = 28 - 12 * cos((minute_of_day - 180) * (2 * 3.14159265358979 / 1440));
    double price =
        wave + 8 * (chance(m, 1, when / 60, 0) - 0.5) + 3 * (chance(m, 2, when, 0) - 0.5);
    double event = chance(m, 3, when, 0);
    if (event > 0.995)
        price += 400 * chance(m, 4, when, 0);
    return event < 0.02 ? price - 45 : price;
}

/* As the market's database prints: no zeros at the end, none before the point. */
static void put_price(struct qn_buf *out, double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.2f", round(value * 100) / 100);
    char *end = text + strlen(text);
    while (end > text && end[-1] == '0')
        *--end = '\0';
    if (end > text && end[-1] == '.')
        *--end = '\0';
    const char *sign = *text == '-' ? "-" : "";
    const char *digits = text + (*text == '-');
    if (!strcmp(digits, "0") || !*digits)
        qn_buf_printf(out, "0");
    else
        qn_buf_printf(out, "%s%s", sign, digits + (digits[0] == '0' && digits[1] == '.'));
}

/* ---- points --------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    const struct point *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->type, y->type);
}

static enum qn_status make_points(struct making *m, struct qn_error *err)
{
    static const char *const hubs[] = {"HB_BUSAVG", "HB_HOUSTON", "HB_HUBAVG", "HB_NORTH",
                                       "HB_WEST"};
    static const char *const zones[] = {"LZ_AEN",   "LZ_CPS",   "LZ_HOUSTON", "LZ_LCRA",
                                        "LZ_NORTH", "LZ_RAYBN", "LZ_SOUTH",   "LZ_WEST"};
    static const char *const ties[] = {"DC_E", "DC_L", "DC_N"};
    uint32_t count = m->synth->points, n = 0;
    struct point *points = m->points = qn_sys.calloc(count, sizeof *points);
    if (!points)
        return qn_fail_memory(err, "points", count * sizeof *points);
    for (size_t i = 0; i < 5; i++, n++)
        snprintf(points[n].name, NAME, "%s", hubs[i]), points[n].type = i == 0 ? "SH" : "HU";
    for (size_t i = 0; i < 16; i++, n++)
        snprintf(points[n].name, NAME, "%s", zones[i / 2]), points[n].type = i % 2 ? "LZEW" : "LZ";
    for (size_t i = 0; i < 6; i++, n++)
        snprintf(points[n].name, NAME, "%s", ties[i / 2]),
            points[n].type = i % 2 ? "LZ_DCEW" : "LZ_DC";
    for (; n < count; n++) {
        uint64_t r = mix(n * 7919u + 1);
        snprintf(points[n].name, NAME, "%c%c%c_%05u_%s", (char)('A' + r % 26),
                 (char)('A' + r / 26 % 26), (char)('A' + r / 676 % 26), n,
                 r >> 60 < 4 ? "ALL" : "RN");
        points[n].type = "RN";
    }
    qsort(points, count, sizeof *points, by_name);
    for (uint32_t i = 0; i < count; i++) {
        points[i].basis = 6 * (chance(m, 5, i, 0) - 0.5);
        m->names += i == 0 || strcmp(points[i].name, points[i - 1].name) != 0;
    }
    return QN_OK;
}

/* ---- files ---------------------------------------------------------------------------------- */

static enum qn_status put_zip(struct making *m, const char *name, struct qn_error *err)
{
    struct qn_zip_writer zip = {{0}, {0}, 0};
    char path[PATH_MAX];
    char csv[512];
    enum qn_zip_sizes sizes = m->files % 2 ? QN_ZIP_SIZES_BEHIND : QN_ZIP_SIZES_LOCAL;
    snprintf(csv, sizeof csv, "%s.csv", name);
    enum qn_status status = qn_zip_add(&zip, csv, m->text.data, m->text.len, sizes, err);
    if (!status)
        status = qn_zip_finish(&zip, err);
    snprintf(csv, sizeof csv, "%s_csv.zip", name);
    snprintf(path, sizeof path, "%s/%s", m->synth->folder, csv);
    if (!status && m->synth->pack == ER_SYNTH_NESTED)
        status = qn_zip_add(&m->outer, csv, zip.bytes.data, zip.bytes.len, QN_ZIP_SIZES_LOCAL, err);
    else if (!status)
        status = qn_fresh_put(path, zip.bytes.data, zip.bytes.len, err);
    qn_zip_writer_release(&zip);
    return status;
}

/* The text at hand as a file `name`, packed as asked for. */
static enum qn_status put_file(struct making *m, const char *name, struct qn_error *err)
{
    char path[PATH_MAX];
    m->files++;
    if (m->text.failed)
        return qn_fail_memory(err, "a file", m->text.len);
    if (m->synth->pack != ER_SYNTH_CSV)
        return put_zip(m, name, err);
    snprintf(path, sizeof path, "%s/%s.csv", m->synth->folder, name);
    return qn_fresh_put(path, m->text.data ? (void *)m->text.data : "", m->text.len, err);
}

static enum qn_status end_day(struct making *m, int32_t day, struct qn_error *err)
{
    char path[PATH_MAX];
    struct qn_civil c = qn_civil_from_days(day);
    if (m->synth->pack != ER_SYNTH_NESTED)
        return QN_OK;
    snprintf(path, sizeof path, "%s/bundle_%04d-%02u-%02u.zip", m->synth->folder, c.year, c.month,
             c.day);
    enum qn_status status = qn_zip_finish(&m->outer, err);
    if (!status)
        status = qn_fresh_put(path, m->outer.bytes.data, m->outer.bytes.len, err);
    qn_zip_writer_release(&m->outer);
    return status;
}

/* "20240310.001513" of the local clock, some seconds after an instant; the name's date and time. */
static void stamps(int64_t instant, unsigned seconds, char published[32], char interval[32])
{
    bool repeated;
    int64_t local = qn_market_to_local(instant, &repeated);
    int64_t of_day = local % (24 * QN_HOUR_US);
    struct qn_civil c = qn_civil_from_days((int32_t)(local / (24 * QN_HOUR_US)));
    unsigned hour = (unsigned)(of_day / QN_HOUR_US);
    unsigned minute = (unsigned)(of_day % QN_HOUR_US / QN_MINUTE_US);
    snprintf(published, 32, "%04d%02u%02u.%02u%02u%02u", c.year, c.month, c.day, hour,
             minute + seconds / 60, seconds % 60);
    snprintf(interval, 32, "%04d%02u%02u_%02u%02u%s", c.year, c.month, c.day, hour, minute,
             repeated ? "_xhr" : "");
}

/* ---- real-time prices ----------------------------------------------------------------------- */

struct interval { /* of real-time prices */
    int64_t start;
    int hour, period;
    bool repeated;
    struct qn_civil date;
    enum fault fault;
    bool again; /* a repost of the file */
};

static void put_rt_row(struct making *m, const struct interval *at, uint32_t row, double price)
{
    const struct point *point = &m->points[row];
    struct qn_buf *out = &m->text;
    enum fault fault = row == FAULTY_ROW && !at->again ? at->fault : FAULT_NONE;
    const char *end = at->fault == FAULT_BOM_CRLF ? "\r\n" : "\n";
    unsigned month = fault == FAULT_DATE ? 13 : at->date.month;
    int hour = fault == FAULT_HOUR ? 26 : at->hour;
    int period = fault == FAULT_INTERVAL ? 5 : at->period;
    bool flag = at->repeated || fault == FAULT_FLAG;
    if (fault == FAULT_SHORT_ROW) {
        qn_buf_printf(out, "%02u/%02u/%04d,%d,%d,%s%s", month, at->date.day, at->date.year, hour,
                      period, point->name, end);
        return;
    }
    qn_buf_printf(out, "%02u/%02u/%04d,%d,%d,%s,%s,%s", month, at->date.day, at->date.year, hour,
                  period, point->name, point->type, at->fault == FAULT_BLANKS ? "   " : "");
    if (fault == FAULT_PRICE_TEXT)
        qn_buf_printf(out, "N/A");
    else
        put_price(out, price);
    qn_buf_printf(out, ",%s%s%s", flag ? "Y" : "N", fault == FAULT_EXTRA_FIELD ? ",surplus" : "",
                  end);
    if (at->fault == FAULT_BLANK_LINES && row % 100 == 0)
        qn_buf_printf(out, "\n");
}

static void make_rt_text(struct making *m, const struct interval *at, bool corrected)
{
    static const char header[] = "DeliveryDate,DeliveryHour,DeliveryInterval,SettlementPointName,"
                                 "SettlementPointType,SettlementPointPrice,DSTFlag";
    bool repeated;
    int64_t local = qn_market_to_local(at->start, &repeated);
    int minute = (int)(local % (24 * QN_HOUR_US) / QN_MINUTE_US);
    double system = system_price(m, at->start, minute);
    qn_buf_clear(&m->text);
    if (at->fault == FAULT_EMPTY_FILE)
        return;
    qn_buf_printf(&m->text, "%s%s%s", at->fault == FAULT_BOM_CRLF ? "\xef\xbb\xbf" : "", header,
                  at->fault == FAULT_BOM_CRLF ? "\r\n" : "\n");
    for (uint32_t row = 0; row < m->synth->points && at->fault != FAULT_HEADER_ONLY; row++) {
        double noise = chance(m, 6, (uint64_t)(at->start / QN_MINUTE_US), row) - 0.5;
        double price = system + m->points[row].basis + (row % 7 == 0 ? noise * 4 : noise * 0.4);
        if (corrected && row < CORRECTED)
            price += 1;
        if (at->fault != FAULT_MISSING_POINT || row != FAULTY_ROW)
            put_rt_row(m, at, row, price);
    }
    if (at->fault == FAULT_BLANK_LINES) /* and no line end at the end */
        m->text.len--;
}

/* What has to be found of a file with this fault. */
static void note_fault(struct making *m, enum fault fault)
{
    uint64_t rows = m->synth->points;
    m->key.entries[fault]++;
    switch (fault) {
    case FAULT_MISSING_FILE:
    case FAULT_EMPTY_FILE:
    case FAULT_HEADER_ONLY:
        m->key.missing += m->names;
        m->key.missing_intervals++;
        return;
    case FAULT_MISSING_POINT:
        m->key.rows_in += rows - 1;
        m->key.missing++;
        return;
    case FAULT_DATE:
    case FAULT_HOUR:
    case FAULT_INTERVAL:
    case FAULT_FLAG:
    case FAULT_EXTRA_FIELD:
    case FAULT_SHORT_ROW:
        m->key.rejected++;
        m->key.missing++;
        break;
    case FAULT_REPOST:
        m->key.rows_in += rows;
        m->key.identical += rows;
        break;
    case FAULT_CORRECTION:
        m->key.rows_in += rows;
        m->key.identical += rows - CORRECTED;
        m->key.differing += CORRECTED;
        break;
    default:
        break;
    }
    m->key.rows_in += rows;
}

static enum qn_status make_rt_file(struct making *m, struct interval *at, struct qn_error *err)
{
    char published[32], interval[32], name[256];
    int64_t end = at->start + 15 * QN_MINUTE_US;
    uint64_t number = m->files;
    at->fault =
        m->synth->faults && number > 0 && number < FAULT_COUNT ? (enum fault)number : FAULT_NONE;
    note_fault(m, at->fault);
    if (at->fault == FAULT_MISSING_FILE) {
        m->files++;
        return QN_OK;
    }
    make_rt_text(m, at, false);
    stamps(end, 13, published, interval);
    snprintf(name, sizeof name, "cdr.00012301.0000000000000000.%s.SPPHLZNP6905_%s", published,
             interval);
    enum qn_status status = put_file(m, name, err);
    if (status || (at->fault != FAULT_REPOST && at->fault != FAULT_CORRECTION))
        return status;
    at->again = true;
    make_rt_text(m, at, at->fault == FAULT_CORRECTION);
    at->again = false;
    stamps(end, 540, published, interval);
    snprintf(name, sizeof name, "cdr.00012301.0000000000000000.%s.SPPHLZNP6905_retry_%s", published,
             interval);
    m->files--; /* faults are counted by intervals */
    return put_file(m, name, err);
}

static enum qn_status make_rt_day(struct making *m, int32_t day, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    struct interval at = {.date = qn_civil_from_days(day)};
    for (int k = 0; k < qn_market_hours(day) && !status; k++) {
        bool repeated;
        qn_market_instant(day, k + 1, 1, 60, QN_LABELS_ORDINAL, false, &at.start);
        int64_t hour_start = at.start;
        int64_t local = qn_market_to_local(at.start, &repeated);
        at.hour = (int)(local % (24 * QN_HOUR_US) / QN_HOUR_US) + 1;
        at.repeated = repeated;
        for (at.period = 1; at.period <= 4 && !status; at.period++) {
            at.start = hour_start + (at.period - 1) * 15 * QN_MINUTE_US;
            status = make_rt_file(m, &at, err);
        }
    }
    return status ? status : end_day(m, day, err);
}

/* ---- day-ahead prices ----------------------------------------------------------------------- */

static enum qn_status make_dam_day(struct making *m, int32_t day, struct qn_error *err)
{
    char name[256];
    struct qn_civil c = qn_civil_from_days(day), before = qn_civil_from_days(day - 1);
    qn_buf_clear(&m->text);
    qn_buf_printf(&m->text,
                  "DeliveryDate,HourEnding,SettlementPoint,SettlementPointPrice,DSTFlag\n");
    for (int k = 0; k < qn_market_hours(day); k++) {
        int64_t start;
        bool repeated;
        qn_market_instant(day, k + 1, 1, 60, QN_LABELS_ORDINAL, false, &start);
        int64_t local = qn_market_to_local(start, &repeated);
        int hour = (int)(local % (24 * QN_HOUR_US) / QN_HOUR_US) + 1;
        double system = system_price(m, start, (hour - 1) * 60);
        for (uint32_t row = 0; row < m->synth->points; row++) {
            if (row > 0 && !strcmp(m->points[row].name, m->points[row - 1].name))
                continue;
            qn_buf_printf(&m->text, "%02u/%02u/%04d,%02d:00,%s, ", c.month, c.day, c.year, hour,
                          m->points[row].name);
            put_price(&m->text, system + m->points[row].basis);
            qn_buf_printf(&m->text, ",%s\n", repeated ? "Y" : "N");
        }
    }
    snprintf(name, sizeof name, "cdr.00012331.0000000000000000.%04d%02u%02u.123412.DAMSPNP4190",
             before.year, before.month, before.day);
    enum qn_status status = put_file(m, name, err);
    return status ? status : end_day(m, day, err);
}

/* ---- SCED ----------------------------------------------------------------------------------- */

static void put_sced_header(struct qn_buf *out)
{
    static const char *const middle[] = {"Output Schedule",
                                         "HSL",
                                         "HASL",
                                         "HDL",
                                         "LSL",
                                         "LASL",
                                         "LDL",
                                         "Telemetered Resource Status",
                                         "Base Point",
                                         "Telemetered Net Output ",
                                         "Ancillary Service REGUP",
                                         "Ancillary Service REGDN",
                                         "Ancillary Service RRS",
                                         "Ancillary Service RRSFFR",
                                         "Ancillary Service NSRS",
                                         "Ancillary Service ECRS",
                                         "Bid_Type",
                                         "Start Up Cold Offer",
                                         "Start Up Hot Offer",
                                         "Start Up Inter Offer",
                                         "Min Gen Cost"};
    qn_buf_printf(out, "\"SCED Time Stamp\",\"Repeated Hour Flag\",\"QSE\",\"DME\",\"Resource "
                       "Name\",\"Resource Type\"");
    for (int curve = 1; curve <= 2; curve++) {
        for (int i = 1; i <= CURVE; i++)
            qn_buf_printf(out, ",\"SCED%d Curve-MW%d\",\"SCED%d Curve-Price%d\"", curve, i, curve,
                          i);
    }
    for (size_t i = 0; i < sizeof middle / sizeof *middle; i++)
        qn_buf_printf(out, ",\"%s\"", middle[i]);
    for (int i = 1; i <= OFFERS; i++)
        qn_buf_printf(out, ",\"Submitted TPO-MW%d\",\"Submitted TPO-Price%d\"", i, i);
    qn_buf_printf(out, ",\"Proxy Extension\"\n");
}

/* A curve of `steps` pairs of MW and price; empty fields behind. */
static void put_curve(struct qn_buf *out, int steps, int room, double top, double price)
{
    for (int i = 0; i < room; i++) {
        if (i >= steps) {
            qn_buf_printf(out, ",\"\",\"\"");
            continue;
        }
        qn_buf_printf(out, ",\"%.15g\",\"", (double)(float)(top * (i + 1) / steps));
        put_price(out, price + i * 1.25);
        qn_buf_printf(out, "\"");
    }
}

static void put_sced_row(struct making *m, const char *stamp, bool repeated, uint64_t run,
                         uint32_t row)
{
    static const char *const types[] = {"CCGT90", "SCGT90", "WIND", "PVGR", "NUC", "PWRSTR"};
    struct qn_buf *out = &m->text;
    double top = 20 + 600 * chance(m, 7, row, 0);
    double output = top * chance(m, 8, run, row);
    double price = 10 + 30 * chance(m, 9, row, run / 12);
    /* Most curves are short: about 42 of 188 fields have a number. A few fill their columns. */
    int steps = 2 + (int)((CURVE - 1) * pow(chance(m, 10, row, 0), 12));
    qn_buf_printf(out, "\"%s\",\"%s\",\"QSE%02u\",\"DME%02u\",\"%s\",\"%s\"", stamp,
                  repeated ? "Y" : "N", row % 40, row % 60, m->points[row].name, types[row % 6]);
    put_curve(out, steps, CURVE, top, price);
    put_curve(out, steps, CURVE, top, price);
    qn_buf_printf(
        out, ",\"\",\"%.15g\",\"%.15g\",\"%.15g\",\"0\",\"0\",\"0\",\"ON\",\"%.15g\",\"%.15g\"",
        (double)(float)top, (double)(float)(top * .97), (double)(float)top, (double)(float)output,
        (double)(float)(output * 1.001 - .01));
    qn_buf_printf(out,
                  ",\"0\",\"0\",\"%u\",\"0\",\"0\",\"0\",\"OUT\",\"%u\",\"%u\",\"%u\",\"%.2f\"",
                  row % 20, row * 10, row * 5, row * 7, price);
    put_curve(out, 3, OFFERS, top, price);
    qn_buf_printf(out, ",\"N\"\n");
}

static enum qn_status make_sced_day(struct making *m, int32_t day, struct qn_error *err)
{
    static const char *const months[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                         "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
    char name[128];
    qn_buf_clear(&m->text);
    put_sced_header(&m->text);
    for (uint64_t run = 0; run < RUNS; run++) {
        int64_t start, local;
        bool repeated;
        char stamp[32];
        qn_market_instant(day, 1, 1, 60, QN_LABELS_ORDINAL, false, &start);
        start += qn_market_hours(day) * QN_HOUR_US / RUNS * (int64_t)run + 13000000;
        local = qn_market_to_local(start, &repeated);
        unsigned second = (unsigned)(local % (24 * QN_HOUR_US) / 1000000);
        struct qn_civil c = qn_civil_from_days((int32_t)(local / (24 * QN_HOUR_US)));
        snprintf(stamp, sizeof stamp, "%02u/%02u/%04d %02u:%02u:%02u", c.month, c.day, c.year,
                 second / 3600, second / 60 % 60, second % 60);
        for (uint32_t row = 0; row < m->synth->points; row++) {
            if (row == 0 || strcmp(m->points[row].name, m->points[row - 1].name) != 0)
                put_sced_row(m, stamp, repeated, run, row);
        }
    }
    struct qn_civil c = qn_civil_from_days(day + 60);
    snprintf(name, sizeof name, "60d_SCED_Gen_Resource_Data-%02u-%s-%02d", c.day,
             months[c.month - 1], c.year % 100);
    enum qn_status status = put_file(m, name, err);
    return status ? status : end_day(m, day, err);
}

/* ---- the answer key ------------------------------------------------------------------------- */

static void put_reason(json_t *reasons, const char *name, uint64_t entries, uint64_t rows)
{
    if (entries > 0)
        json_object_set_new(
            reasons, name,
            json_pack("{s:I, s:I}", "entries", (json_int_t)entries, "rows", (json_int_t)rows));
}

static enum qn_status write_key(const struct making *m, struct qn_error *err)
{
    char path[PATH_MAX];
    const uint64_t *e = m->key.entries;
    json_t *reasons = json_object();
    put_reason(reasons, "bad_value", e[FAULT_PRICE_TEXT], 0);
    put_reason(reasons, "bad_key", e[FAULT_DATE], e[FAULT_DATE]);
    put_reason(reasons, "no_such_hour", e[FAULT_HOUR], e[FAULT_HOUR]);
    put_reason(reasons, "no_such_interval", e[FAULT_INTERVAL], e[FAULT_INTERVAL]);
    put_reason(reasons, "not_repeated", e[FAULT_FLAG], e[FAULT_FLAG]);
    put_reason(reasons, "field_count", e[FAULT_EXTRA_FIELD] + e[FAULT_SHORT_ROW],
               e[FAULT_EXTRA_FIELD] + e[FAULT_SHORT_ROW]);
    put_reason(reasons, "file_empty", e[FAULT_EMPTY_FILE], 0);
    uint64_t duplicates = m->key.identical + m->key.differing;
    json_t *key = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "rows_in", (json_int_t)m->key.rows_in,
        "rows_out", (json_int_t)(m->key.rows_in - m->key.rejected - duplicates), "rejected",
        (json_int_t)m->key.rejected, "duplicates_identical", (json_int_t)m->key.identical,
        "duplicates_differing", (json_int_t)m->key.differing, "missing", (json_int_t)m->key.missing,
        "missing_intervals", (json_int_t)m->key.missing_intervals, "reject_reasons", reasons);
    char *text = key ? qn_json_dump(key, JSON_INDENT(2)) : NULL;
    snprintf(path, sizeof path, "%s.answer.json", m->synth->folder);
    enum qn_status status = text ? qn_fresh_put(path, text, strlen(text), err)
                                 : qn_fail_memory(err, "the answer key", 1);
    free(text);
    json_decref(key);
    return status;
}

enum qn_status er_synthesize(const struct er_synth *synth, struct qn_error *err)
{
    struct making m = {.synth = synth};
    if (synth->days < 1 || synth->days > 3700 || synth->points < 40 || synth->points > 100000)
        return qn_fail(err, QN_ERR_USAGE,
                       "--days goes from 1 to 3700, --points from 40 to 100000.");
    if (synth->faults && synth->table != ER_SYNTH_RT)
        return qn_fail(err, QN_ERR_USAGE, "--faults are planted in real-time prices (--table rt).");
    enum qn_status status = qn_make_dirs(synth->folder, err);
    if (!status)
        status = make_points(&m, err);
    for (uint32_t d = 0; d < synth->days && !status; d++) {
        int32_t day = synth->first_day + (int32_t)d;
        if (synth->table == ER_SYNTH_RT)
            status = make_rt_day(&m, day, err);
        else if (synth->table == ER_SYNTH_DAM)
            status = make_dam_day(&m, day, err);
        else
            status = make_sced_day(&m, day, err);
    }
    if (!status && synth->faults)
        status = write_key(&m, err);
    free(m.points);
    qn_buf_release(&m.text);
    qn_zip_writer_release(&m.outer);
    return status;
}
