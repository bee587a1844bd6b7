/* Rows and sweeps of 3DYYMMDD.TAB: see er3d.h. Lines are read in blocks; a row is taken apart in
 * one pass over its bytes, numbers as they come. */
#include "format/er3d.h"

#include "base/io.h"
#include "base/sys.h"
#include "format/text/decimal.h"
#include "format/text/number.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1 << 20, LONGEST_LINE = 1 << 14, HEAD_FIELDS = 7 };

/* Flags: |flux| up to 1e-97 (9.999E-99, -9.99E-99), azimuth from 998 on (999.99, 998.99). */
#define FLAGGED_FLUX    1e-97
#define FLAGGED_AZIMUTH 998.0
enum { FLAGGED_POWER = -97 };
enum cell_kind { FLUX, AZIMUTH };

#define MOST_SPEC_NO 1e9 /* sums of them have to fit 64 bits */

enum head { UTC, TIME, ENERGY, SPEC_NO, MAG };

struct line {
    const char *text;
    const char *end; /* without the line's end */
    uint64_t offset;
    bool too_long;
};

struct row {
    struct qn_er_place place;
    bool plain;    /* what should be spec_no is an integer */
    bool numbered; /* spec_no could be read */
    int64_t spec_no;
    char utc[QN_ER_UTC];
    double head[HEAD_FIELDS]; /* NaN: no number; UTC is not one */
    double cells[2][QN_ER_CELLS];
};

struct qn_er_reader {
    char path[PATH_MAX];
    int fd;
    uint64_t next;  /* byte of the file that follows the block */
    uint64_t to;    /* no row begins here or later */
    uint64_t start; /* offset of the block in the file */
    size_t at, len; /* in the block */
    bool at_end;
    bool waiting; /* `row` is the first of the next sweep */
    struct row row;
    char block[BLOCK];
};

/* ---- lines ---------------------------------------------------------------------------------- */

/* Moves what is left of the block to its beginning and fills it up. */
static enum qn_status refill(struct qn_er_reader *reader, struct qn_error *err)
{
    size_t left = reader->len - reader->at;
    memmove(reader->block, reader->block + reader->at, left);
    reader->start += reader->at;
    reader->at = 0;
    reader->len = left;
    while (reader->len < BLOCK && !reader->at_end) {
        ssize_t got = qn_sys.pread(reader->fd, reader->block + reader->len, BLOCK - reader->len,
                                   (off_t)reader->next);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return qn_fail_errno(err, errno, "read", reader->path);
        reader->at_end = got == 0;
        reader->len += (size_t)got;
        reader->next += (uint64_t)got;
    }
    return QN_OK;
}

/* The rest of a line that does not fit the block is passed over. */
static enum qn_status pass_over(struct qn_er_reader *reader, struct qn_error *err)
{
    for (;;) {
        const char *text = reader->block + reader->at;
        const char *end = memchr(text, '\n', reader->len - reader->at);
        if (end) {
            reader->at = (size_t)(end + 1 - reader->block);
            return QN_OK;
        }
        reader->at = reader->len;
        if (reader->at_end)
            return QN_OK;
        enum qn_status status = refill(reader, err);
        if (status)
            return status;
    }
}

/* The next line that begins before reader->to; line->text is NULL at the end. */
static enum qn_status next_line(struct qn_er_reader *reader, struct line *line,
                                struct qn_error *err)
{
    enum qn_status status = QN_OK;
    const char *end = memchr(reader->block + reader->at, '\n', reader->len - reader->at);
    *line = (struct line){0};
    if (!end && !reader->at_end) {
        status = refill(reader, err);
        end = memchr(reader->block, '\n', reader->len);
    }
    if (status || reader->at == reader->len || reader->start + reader->at >= reader->to)
        return status;
    line->offset = reader->start + reader->at;
    line->text = reader->block + reader->at;
    line->end = end ? end : reader->block + reader->len;
    line->too_long = line->end - line->text > LONGEST_LINE;
    reader->at = (size_t)(line->end - reader->block) + (end != NULL);
    if (!end && !reader->at_end)
        status = pass_over(reader, err);
    return status;
}

/* ---- rows ----------------------------------------------------------------------------------- */

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static inline const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    return at;
}

static inline const char *skip_word(const char *at, const char *end)
{
    while (at < end && !is_blank(*at))
        at++;
    return at;
}

/* A word as a number; false when it is none. *behind is the end of the word. */
static bool read_real(const char *word, const char *end, const char **behind, double *value)
{
    *behind = skip_word(word, end);
    return qn_parse_real(word, (size_t)(*behind - word), value);
}

/* Whether a number is what producers write for a missing flux or azimuth. */
static inline bool is_flag(enum cell_kind kind, double value)
{
    return kind == FLUX ? fabs(value) <= FLAGGED_FLUX && value != 0 : value >= FLAGGED_AZIMUTH;
}

/* One number of a cell; what is missing is NaN. Flagged fluxes are told by their power of ten, so
 * that they need not go the slow way of numbers as small as that. */
static inline const char *read_cell(const char *word, const char *end, enum cell_kind kind,
                                    uint32_t field, struct row *row, double *value)
{
    struct qn_decimal decimal;
    const char *at = qn_decimal_scan(word, end, &decimal);
    if (at && (at == end || is_blank(*at))) {
        bool tiny = kind == FLUX && decimal.mantissa > 0 &&
                    (int64_t)decimal.digits + decimal.power <= FLAGGED_POWER;
        bool real = !tiny && (qn_decimal_real(&decimal, value) ||
                              qn_parse_real(word, (size_t)(at - word), value));
        if (real && !is_flag(kind, *value))
            return at;
        if (real || tiny) {
            *value = NAN;
            return at;
        }
    }
    *value = NAN;
    row->place.spoilt++;
    row->place.bad = row->place.bad ? row->place.bad : field;
    return skip_word(word, end);
}

/* A text too long for a UTC is cut and counts as a fault. */
static void keep_utc(struct row *row, const char *word, size_t len)
{
    if (len >= QN_ER_UTC) {
        row->place.fault = QN_ER_LONG_UTC;
        len = QN_ER_UTC - 1;
    }
    memcpy(row->utc, word, len);
    row->utc[len] = '\0';
}

static const char *read_head(const char *at, const char *end, struct row *row)
{
    struct qn_er_place *place = &row->place;
    for (uint32_t i = 0; i < HEAD_FIELDS; i++) {
        const char *word = at = skip_blanks(at, end);
        row->head[i] = NAN;
        if (word == end)
            continue;
        place->fields++;
        if (i == UTC) {
            at = skip_word(word, end);
            keep_utc(row, word, (size_t)(at - word));
        } else if (!read_real(word, end, &at, &row->head[i])) {
            row->head[i] = NAN;
            place->fault = QN_ER_NOT_NUMBER;
            place->bad = place->bad ? place->bad : i + 1;
        }
        if (i == SPEC_NO)
            row->plain = qn_parse_integer(word, (size_t)(at - word), &row->spec_no);
    }
    return at;
}

static const char *read_cells(const char *at, const char *end, struct row *row)
{
    for (uint32_t kind = FLUX; kind <= AZIMUTH; kind++) {
        for (uint32_t i = 0; i < QN_ER_CELLS; i++) {
            double *value = &row->cells[kind][i];
            at = skip_blanks(at, end);
            *value = NAN;
            if (at == end)
                continue;
            row->place.fields++;
            at = read_cell(at, end, (enum cell_kind)kind, HEAD_FIELDS + 1 + kind * QN_ER_CELLS + i,
                           row, value);
        }
    }
    return at;
}

/* The number of the sweep that a row belongs to. Where fields are missing or too many, what stands
 * in its place may be another field: only an integer will do. */
static void number_row(struct row *row)
{
    double number = row->head[SPEC_NO];
    row->numbered = row->plain && llabs(row->spec_no) < (long long)MOST_SPEC_NO;
    if (!row->plain && row->place.fields == QN_ER_FIELDS && fabs(number) < MOST_SPEC_NO &&
        floor(number) == number) {
        row->spec_no = (int64_t)number;
        row->numbered = true;
    }
}

/* Takes a line apart. */
static void read_row(const struct line *line, struct row *row)
{
    const char *at = line->text;
    row->place = (struct qn_er_place){.offset = line->offset};
    row->numbered = row->plain = false;
    row->utc[0] = '\0';
    if (line->too_long) {
        row->place.fault = QN_ER_LONG_LINE;
        return;
    }
    at = read_head(at, line->end, row);
    at = read_cells(at, line->end, row);
    for (at = skip_blanks(at, line->end); at < line->end; at = skip_blanks(at, line->end)) {
        row->place.fields++;
        at = skip_word(at, line->end);
    }
    if (row->place.fields != QN_ER_FIELDS)
        row->place.fault = QN_ER_FIELD_COUNT;
    number_row(row);
}

/* The next row that is not blank; false in *present at the end. */
static enum qn_status next_row(struct qn_er_reader *reader, bool *present, struct qn_error *err)
{
    struct line line;
    do {
        enum qn_status status = next_line(reader, &line, err);
        if (status)
            return status;
        *present = line.text != NULL;
        if (*present)
            read_row(&line, &reader->row);
    } while (*present && !line.too_long && reader->row.place.fields == 0);
    return QN_OK;
}

/* ---- sweeps --------------------------------------------------------------------------------- */

enum qn_status qn_er_open(struct qn_er_reader **out, const char *path, uint64_t from, uint64_t to,
                          struct qn_error *err)
{
    struct qn_er_reader *reader = *out = NULL;
    if (strlen(path) >= sizeof reader->path)
        return qn_fail_at(err, QN_ERR_IO, path, -1, "a path is too long: '%.200s'...", path);
    reader = qn_sys.calloc(1, sizeof *reader);
    if (!reader)
        return qn_fail_memory(err, "a reader of sweeps", sizeof *reader);
    memcpy(reader->path, path, strlen(path) + 1);
    reader->start = reader->next = from;
    reader->to = to;
    enum qn_status status = qn_open_read(path, &reader->fd, err);
    if (status)
        free(reader);
    else
        *out = reader;
    return status;
}

void qn_er_close(struct qn_er_reader *reader)
{
    if (!reader)
        return;
    qn_sys.close(reader->fd);
    free(reader);
}

/* Bytes of the file read so far. */
static uint64_t tell(const struct qn_er_reader *reader)
{
    return reader->start + reader->at;
}

static void add_row(struct qn_er_sweep *sweep, const struct row *row)
{
    size_t i = sweep->rows++;
    sweep->spec_no = row->spec_no;
    sweep->place[i] = row->place;
    memcpy(sweep->utc[i], row->utc, sizeof row->utc);
    sweep->time_s[i] = row->head[TIME];
    sweep->energy_ev[i] = row->head[ENERGY];
    memcpy(sweep->mag_nt[i], row->head + MAG, sizeof sweep->mag_nt[i]);
    memcpy(sweep->flux[i], row->cells[0], sizeof row->cells[0]);
    memcpy(sweep->phi_deg[i], row->cells[1], sizeof row->cells[1]);
}

enum qn_status qn_er_read(struct qn_er_reader *reader, struct qn_er_sweep *sweep, bool *more,
                          const struct qn_er_stray *stray, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    bool present = true;
    sweep->rows = 0;
    if (reader->waiting)
        add_row(sweep, &reader->row);
    reader->waiting = false;
    while (!status && !reader->waiting) {
        status = next_row(reader, &present, err);
        if (status || !present)
            break;
        const struct row *row = &reader->row;
        if (!row->numbered)
            status = stray ? stray->row(stray->context, &row->place, err) : QN_OK;
        else if (sweep->rows == QN_ER_ROWS || (sweep->rows > 0 && row->spec_no != sweep->spec_no))
            reader->waiting = true;
        else
            add_row(sweep, row);
    }
    *more = sweep->rows > 0;
    return status;
}

enum qn_status qn_er_next_start(const char *path, uint64_t at, uint64_t *start,
                                struct qn_error *err)
{
    struct qn_er_reader *reader = NULL;
    struct line line;
    bool present = true, seen = false;
    int64_t number = 0;
    *start = at;
    if (at == 0)
        return QN_OK;
    enum qn_status status = qn_er_open(&reader, path, at - 1, UINT64_MAX, err);
    if (!reader)
        return status;
    status = next_line(reader, &line, err); /* what is left of the line before */
    while (!status && present) {
        *start = tell(reader);
        status = next_row(reader, &present, err);
        if (status || !present || !reader->row.numbered)
            continue;
        *start = reader->row.place.offset;
        if (seen && reader->row.spec_no != number)
            break;
        number = reader->row.spec_no;
        seen = true;
    }
    qn_er_close(reader);
    return status;
}
