/* The attitude table of Lunar Prospector: see attitude.h. */
#include "pipelines/lunar/attitude.h"

#include "base/buf.h"
#include "base/io.h"
#include "base/sys.h"
#include "format/text/number.h"
#include "pipelines/lunar/archive.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 16 << 20, FIELDS = 4 };

struct record {
    double et;
    double longitude_deg;
    double latitude_deg;
};

struct qn_attitude {
    struct qn_buf records; /* struct record */
    size_t count;
};

static const struct record *records_of(const struct qn_attitude *attitude)
{
    return (const struct record *)(const void *)attitude->records.data;
}

/* ---- reading -------------------------------------------------------------------------------- */

struct field {
    const char *text;
    size_t len;
};

static bool parts_fields(char c)
{
    return c == ' ' || c == ',' || c == ';' || c == '\t' || c == '\r' || c == '"';
}

/* The fields of a line; how many there are, FIELDS + 1 for more. */
static size_t split(const char *line, size_t len, struct field fields[FIELDS])
{
    size_t count = 0;
    for (size_t at = 0; at < len;) {
        size_t begin = at;
        while (at < len && !parts_fields(line[at]))
            at++;
        if (at > begin) {
            if (count == FIELDS)
                return FIELDS + 1;
            fields[count++] = (struct field){line + begin, at - begin};
        }
        while (at < len && parts_fields(line[at]))
            at++;
    }
    return count;
}

/* Time, spin rate, longitude, latitude. */
static bool read_record(const struct field fields[FIELDS], const struct qn_leaps *leaps,
                        struct record *record)
{
    struct qn_utc utc;
    double rate;
    if (!qn_utc_parse(fields[0].text, fields[0].len, &utc) ||
        !qn_parse_real(fields[1].text, fields[1].len, &rate) ||
        !qn_parse_real(fields[2].text, fields[2].len, &record->longitude_deg) ||
        !qn_parse_real(fields[3].text, fields[3].len, &record->latitude_deg))
        return false;
    record->et = qn_et_from_utc(leaps, utc);
    return isfinite(record->et) && fabs(record->longitude_deg) <= 360 &&
           fabs(record->latitude_deg) <= 90;
}

static enum qn_status add_line(struct qn_attitude *attitude, const char *path, size_t number,
                               const char *line, size_t len, const struct qn_leaps *leaps,
                               struct qn_error *err)
{
    struct field fields[FIELDS];
    struct record record;
    size_t count = split(line, len, fields);
    if (count == 0)
        return QN_OK;
    if (count != FIELDS || !read_record(fields, leaps, &record))
        return qn_fail_at(err, QN_ERR_INPUT, path, -1,
                          "'%s', line %zu: not a time (yyyy-mm-ddThh:mm), a spin rate, a longitude "
                          "and a latitude in degrees. Fetch the attitude table anew.",
                          path, number);
    if (attitude->count > 0 && record.et <= records_of(attitude)[attitude->count - 1].et)
        return qn_fail_at(err, QN_ERR_INPUT, path, -1,
                          "'%s', line %zu: its time is not after that of the record before. Put "
                          "the attitude table in order.",
                          path, number);
    qn_buf_append(&attitude->records, &record, sizeof record);
    attitude->count++;
    return attitude->records.failed
               ? qn_fail_memory(err, "the attitude table", attitude->records.len)
               : QN_OK;
}

static enum qn_status read_lines(struct qn_attitude *attitude, const char *path,
                                 const struct qn_buf *text, const struct qn_leaps *leaps,
                                 struct qn_error *err)
{
    const char *line = (const char *)text->data;
    const char *end = line + text->len;
    enum qn_status status = QN_OK;
    for (size_t number = 1; line < end && !status; number++) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t len = (size_t)((stop ? stop : end) - line);
        status = add_line(attitude, path, number, line, len, leaps, err);
        line += len + 1;
    }
    if (!status && attitude->count == 0)
        status = qn_fail_at(err, QN_ERR_INPUT, path, 0,
                            "'%s' holds no records. Fetch the attitude table anew.", path);
    return status;
}

enum qn_status qn_attitude_read(struct qn_attitude **out, const char *path,
                                const struct qn_leaps *leaps, struct qn_error *err)
{
    struct qn_buf text = {0};
    struct qn_attitude *attitude = qn_sys.calloc(1, sizeof *attitude);
    *out = NULL;
    if (!attitude)
        return qn_fail_memory(err, "the attitude table", sizeof *attitude);
    enum qn_status status = qn_read_file(path, &text, MOST_BYTES, err);
    if (status && err) {
        const struct qn_archive_file *file = qn_archive_find(QN_ARCHIVE_ATTITUDE, "1998-06-08");
        qn_fail_at(err, status, err->file, -1, "%s The attitude table comes from %s .",
                   err->message, file->url);
    }
    if (!status)
        status = read_lines(attitude, path, &text, leaps, err);
    qn_buf_release(&text);
    if (status)
        qn_attitude_free(attitude);
    else
        *out = attitude;
    return status;
}

void qn_attitude_free(struct qn_attitude *attitude)
{
    if (!attitude)
        return;
    qn_buf_release(&attitude->records);
    free(attitude);
}

/* ---- asking --------------------------------------------------------------------------------- */

double qn_attitude_start(const struct qn_attitude *attitude)
{
    return records_of(attitude)[0].et;
}

double qn_attitude_stop(const struct qn_attitude *attitude)
{
    return records_of(attitude)[attitude->count - 1].et;
}

bool qn_attitude_at(const struct qn_attitude *attitude, double et, double *longitude_deg,
                    double *latitude_deg)
{
    const struct record *records = records_of(attitude);
    if (!(et >= records[0].et && et <= records[attitude->count - 1].et))
        return false;
    size_t low = 0; /* the last record that is not after `et` */
    size_t high = attitude->count;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (records[middle].et <= et)
            low = middle;
        else
            high = middle;
    }
    const struct record *a = &records[low];
    const struct record *b = low + 1 < attitude->count ? a + 1 : a;
    double part = b > a ? (et - a->et) / (b->et - a->et) : 0;
    double arc = remainder(b->longitude_deg - a->longitude_deg, 360);
    double longitude = fmod(a->longitude_deg + part * arc, 360);
    *longitude_deg = longitude < 0 ? longitude + 360 : longitude;
    *latitude_deg = a->latitude_deg + part * (b->latitude_deg - a->latitude_deg);
    return true;
}
