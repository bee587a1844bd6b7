/* FITS binary tables: see fits.h. */
#include "format/fits.h"

#include "base/byte_order.h"
#include "base/io.h"
#include "base/sys.h"
#include "format/gzip_source.h"
#include "format/unpacked.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { MOST_HDUS = 64, MOST_COLUMNS = 999, KEY = 8 };

#define MOST_BYTES ((uint64_t)1 << 31) /* of a file */

struct hdu {
    uint64_t header;   /* offset of its first card */
    uint64_t cards;    /* END left out */
    uint64_t data;     /* offset */
    uint64_t data_len; /* without padding */
    bool table;
    uint64_t row_bytes;
    uint64_t rows;
    unsigned columns;
};

struct column {
    char code;
    uint32_t repeat;
    uint64_t offset; /* in a row */
};

struct qn_fits {
    char path[512];
    const uint8_t *bytes;
    uint64_t len;
    bool whole; /* data are in memory too */
    size_t hdu_count;
    struct hdu hdus[MOST_HDUS];
};

static enum qn_status corrupt(const struct qn_fits *fits, uint64_t offset, struct qn_error *err,
                              const char *what)
{
    return qn_fail_at(err, QN_ERR_INPUT, fits->path, (int64_t)offset,
                      "'%s' is damaged at byte %llu: %s. Fetch the file anew.", fits->path,
                      (unsigned long long)offset, what);
}

/* ---- cards ---------------------------------------------------------------------------------- */

static const char *find_card(const struct qn_fits *fits, const struct hdu *hdu, const char *key)
{
    size_t len = strlen(key);
    for (uint64_t i = 0; i < hdu->cards; i++) {
        const char *card = (const char *)fits->bytes + hdu->header + i * QN_FITS_CARD;
        size_t used = KEY;
        while (used > 0 && card[used - 1] == ' ')
            used--;
        if (used == len && !memcmp(card, key, len) && card[KEY] == '=')
            return card;
    }
    return NULL;
}

bool qn_fits_text(const struct qn_fits *fits, size_t hdu, const char *key, char text[QN_FITS_TEXT])
{
    const char *card = hdu < fits->hdu_count ? find_card(fits, &fits->hdus[hdu], key) : NULL;
    size_t at = KEY + 1;
    size_t n = 0;
    text[0] = '\0';
    while (card && at < QN_FITS_CARD && card[at] == ' ')
        at++;
    if (!card || at == QN_FITS_CARD || card[at] != '\'')
        return false;
    for (at++; at < QN_FITS_CARD && n + 1 < QN_FITS_TEXT; at++) {
        if (card[at] == '\'') {
            at++; /* doubled: a quote in the text */
            if (at == QN_FITS_CARD || card[at] != '\'')
                break;
        }
        text[n++] = card[at];
    }
    while (n > 0 && text[n - 1] == ' ')
        n--;
    text[n] = '\0';
    return true;
}

bool qn_fits_number(const struct qn_fits *fits, size_t hdu, const char *key, double *value)
{
    const char *card = hdu < fits->hdu_count ? find_card(fits, &fits->hdus[hdu], key) : NULL;
    char text[QN_FITS_CARD];
    size_t n = 0;
    if (!card)
        return false;
    for (size_t at = KEY + 1; at < QN_FITS_CARD && card[at] != '/'; at++) {
        char c = card[at];
        if (c != ' ')
            text[n++] = (char)(c == 'D' || c == 'd' ? 'E' : c);
    }
    text[n] = '\0';
    char *end;
    *value = strtod(text, &end);
    return n > 0 && !*end;
}

/* A card that has to be a whole number within limits. */
static bool whole_card(const struct qn_fits *fits, size_t hdu, const char *key, uint64_t most,
                       uint64_t *value)
{
    double number;
    if (!qn_fits_number(fits, hdu, key, &number) || number < 0 || number > (double)most ||
        number != floor(number))
        return false;
    *value = (uint64_t)number;
    return true;
}

/* ---- structure ------------------------------------------------------------------------------ */

static uint64_t padded(uint64_t len)
{
    return (len + QN_FITS_BLOCK - 1) / QN_FITS_BLOCK * QN_FITS_BLOCK;
}

/* Finds END; false when the bytes end before it. */
static bool find_end(struct qn_fits *fits, struct hdu *hdu)
{
    for (uint64_t at = hdu->header; at + QN_FITS_CARD <= fits->len; at += QN_FITS_CARD) {
        const char *card = (const char *)fits->bytes + at;
        if (memcmp(card, "END     ", KEY) != 0)
            continue;
        hdu->cards = (at - hdu->header) / QN_FITS_CARD;
        hdu->data = hdu->header + padded(at + QN_FITS_CARD - hdu->header);
        return true;
    }
    return false;
}

/* |BITPIX| / 8 * GCOUNT * (PCOUNT + product of NAXISn), checked against overflow. */
static bool data_length(struct qn_fits *fits, size_t index, uint64_t *len)
{
    double bitpix;
    uint64_t axes;
    uint64_t size;
    uint64_t extra = 0;
    uint64_t groups = 1;
    if (!qn_fits_number(fits, index, "BITPIX", &bitpix) ||
        !whole_card(fits, index, "NAXIS", 999, &axes))
        return false;
    uint64_t product = axes > 0;
    for (uint64_t i = 1; i <= axes; i++) {
        char key[16];
        snprintf(key, sizeof key, "NAXIS%llu", (unsigned long long)i);
        if (!whole_card(fits, index, key, MOST_BYTES, &size) ||
            __builtin_mul_overflow(product, size, &product) || product > MOST_BYTES)
            return false;
    }
    whole_card(fits, index, "PCOUNT", MOST_BYTES, &extra);
    whole_card(fits, index, "GCOUNT", 1000, &groups);
    bitpix = fabs(bitpix);
    if (!(bitpix >= 8 && bitpix <= 64))
        return false;
    *len = (uint64_t)bitpix / 8 * groups * (extra + product);
    return true;
}

static enum qn_status describe_table(struct qn_fits *fits, size_t index, struct qn_error *err)
{
    struct hdu *hdu = &fits->hdus[index];
    char kind[QN_FITS_TEXT];
    uint64_t columns;
    hdu->table = qn_fits_text(fits, index, "XTENSION", kind) && !strcmp(kind, "BINTABLE");
    if (!hdu->table)
        return QN_OK;
    if (!whole_card(fits, index, "NAXIS1", MOST_BYTES, &hdu->row_bytes) ||
        !whole_card(fits, index, "NAXIS2", MOST_BYTES, &hdu->rows) ||
        !whole_card(fits, index, "TFIELDS", MOST_COLUMNS, &columns))
        return corrupt(fits, hdu->header, err, "a table's header does not tell its size");
    hdu->columns = (unsigned)columns;
    hdu->rows = hdu->row_bytes > 0 ? hdu->rows : 0;
    return hdu->rows * hdu->row_bytes <= hdu->data_len
               ? QN_OK
               : corrupt(fits, hdu->header, err, "a table's rows do not fit into its data");
}

static bool is_header(const struct qn_fits *fits, uint64_t at, size_t index)
{
    const char *first = index == 0 ? "SIMPLE  =" : "XTENSION=";
    return at + 9 <= fits->len && !memcmp(fits->bytes + at, first, 9);
}

static enum qn_status add_hdu(struct qn_fits *fits, uint64_t at, struct qn_error *err)
{
    struct hdu *hdu = &fits->hdus[fits->hdu_count];
    *hdu = (struct hdu){.header = at};
    if (!find_end(fits, hdu))
        return corrupt(fits, fits->len, err, "the file ends inside a header");
    size_t index = fits->hdu_count++;
    if (!data_length(fits, index, &hdu->data_len))
        return corrupt(fits, at, err, "a header does not tell the size of its data");
    enum qn_status status = describe_table(fits, index, err);
    if (!status && fits->whole && hdu->data + hdu->data_len > fits->len)
        status = corrupt(fits, fits->len, err, "the file ends inside a table or image");
    return status;
}

static enum qn_status walk(struct qn_fits *fits, unsigned last, struct qn_error *err)
{
    uint64_t at = 0;
    enum qn_status status = QN_OK;
    while (!status && at < fits->len && fits->hdu_count < MOST_HDUS && fits->hdu_count <= last) {
        if (!is_header(fits, at, fits->hdu_count)) {
            if (at == 0)
                return qn_fail_at(err, QN_ERR_INPUT, fits->path, 0,
                                  "'%s' is no FITS file. Check what it is.", fits->path);
            break; /* special records at the end are allowed */
        }
        status = add_hdu(fits, at, err);
        if (!status)
            at = fits->hdus[fits->hdu_count - 1].data +
                 padded(fits->hdus[fits->hdu_count - 1].data_len);
    }
    return status;
}

static enum qn_status open_file(struct qn_fits **out, const char *path, unsigned last, bool whole,
                                struct qn_buf *memory, struct qn_error *err)
{
    struct qn_fits *fits = *out = qn_sys.calloc(1, sizeof *fits);
    if (!fits)
        return qn_fail_memory(err, "a FITS file", sizeof *fits);
    snprintf(fits->path, sizeof fits->path, "%s", path);
    fits->whole = whole;
    fits->bytes = memory->data;
    fits->len = memory->len;
    if (fits->len == 0)
        return qn_fail_at(err, QN_ERR_INPUT, path, 0, "'%s' is empty. Fetch the file anew.", path);
    return walk(fits, last, err);
}

enum qn_status qn_fits_open(struct qn_fits **fits, const char *path, struct qn_buf *memory,
                            struct qn_error *err)
{
    *fits = NULL;
    enum qn_status status = qn_read_unpacked(path, memory, MOST_BYTES, err);
    if (!status)
        status = open_file(fits, path, MOST_HDUS, true, memory, err);
    if (status) {
        qn_fits_close(*fits);
        *fits = NULL;
    }
    return status;
}

/* Reads another piece of the file's head; *more is false at its end. */
static enum qn_status read_more(int fd, const char *path, struct qn_buf *memory, bool *more,
                                struct qn_error *err)
{
    enum { PIECE = 12 * QN_FITS_BLOCK };
    uint8_t *to = qn_buf_reserve(memory, PIECE);
    if (!to)
        return qn_fail_memory(err, "a FITS header", memory->len + PIECE);
    ssize_t got = qn_sys.pread(fd, to, PIECE, (off_t)memory->len);
    if (got < 0)
        return qn_fail_errno(err, errno, "read", path);
    memory->len += (size_t)got;
    *more = got > 0;
    return QN_OK;
}

enum qn_status qn_fits_open_headers(struct qn_fits **fits, const char *path, unsigned last,
                                    struct qn_buf *memory, struct qn_error *err)
{
    int fd;
    bool more = true;
    bool packed = false;
    *fits = NULL;
    qn_buf_clear(memory);
    enum qn_status status = qn_open_read(path, &fd, err);
    if (status)
        return status;
    for (int pieces = 0; pieces < 20; pieces++) {
        status = read_more(fd, path, memory, &more, err);
        packed = pieces == 0 && qn_gzip_is(memory->data, memory->len);
        if (status || packed)
            break;
        qn_fits_close(*fits);
        status = open_file(fits, path, last, false, memory, err);
        bool found = *fits && !status && (*fits)->hdu_count > last;
        if (found || !more)
            break;
    }
    qn_sys.close(fd);
    if (packed)
        return qn_fits_open(fits, path, memory, err);
    if (status) {
        qn_fits_close(*fits);
        *fits = NULL;
    }
    return status;
}

void qn_fits_close(struct qn_fits *fits)
{
    free(fits);
}

size_t qn_fits_hdus(const struct qn_fits *fits)
{
    return fits->hdu_count;
}

bool qn_fits_complete(const struct qn_fits *fits)
{
    double wanted = 0;
    qn_fits_number(fits, 0, "NEXTEND", &wanted);
    return (double)fits->hdu_count > wanted;
}

/* ---- tables --------------------------------------------------------------------------------- */

bool qn_fits_is_table(const struct qn_fits *fits, size_t hdu)
{
    return hdu < fits->hdu_count && fits->hdus[hdu].table;
}

uint64_t qn_fits_rows(const struct qn_fits *fits, size_t hdu)
{
    return qn_fits_is_table(fits, hdu) ? fits->hdus[hdu].rows : 0;
}

int qn_fits_column(const struct qn_fits *fits, size_t hdu, const char *name)
{
    char text[QN_FITS_TEXT];
    char key[16];
    for (unsigned i = 0; qn_fits_is_table(fits, hdu) && i < fits->hdus[hdu].columns; i++) {
        snprintf(key, sizeof key, "TTYPE%u", i + 1);
        if (qn_fits_text(fits, hdu, key, text) && !strcasecmp(text, name))
            return (int)i;
    }
    return -1;
}

/* Bytes of one element of a TFORM code, 0 for none: table 18 of the standard. */
static uint32_t code_bytes(char code)
{
    static const struct {
        char code;
        uint32_t bytes;
    } codes[] = {{'L', 1}, {'B', 1}, {'I', 2}, {'J', 4},  {'K', 8}, {'A', 1},
                 {'E', 4}, {'D', 8}, {'C', 8}, {'M', 16}, {'P', 8}, {'Q', 16}};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].code == code)
            return codes[i].bytes;
    return 0;
}

static bool parse_form(const char *form, struct column *column, uint64_t *bytes)
{
    char *end;
    unsigned long repeat = strtoul(form, &end, 10);
    repeat = end == form ? 1 : repeat;
    column->code = *end;
    column->repeat = (uint32_t)repeat;
    *bytes = *end == 'X' ? (repeat + 7) / 8 : repeat * code_bytes(*end);
    return repeat < 1u << 28 && (*end == 'X' || code_bytes(*end) > 0);
}

/* Where column `index` lies in a row. */
static bool find_column(const struct qn_fits *fits, size_t hdu, int index, struct column *column)
{
    uint64_t offset = 0;
    uint64_t bytes = 0;
    for (int i = 0; i <= index; i++) {
        char key[16];
        char form[QN_FITS_TEXT];
        offset += bytes;
        snprintf(key, sizeof key, "TFORM%d", i + 1);
        if (!qn_fits_text(fits, hdu, key, form) || !parse_form(form, column, &bytes))
            return false;
    }
    column->offset = offset;
    return bytes > 0 && offset + bytes <= fits->hdus[hdu].row_bytes;
}

struct scaling {
    double scale;
    double zero;
    double null;
    bool has_null;
};

static struct scaling scaling_of(const struct qn_fits *fits, size_t hdu, int index)
{
    struct scaling scaling = {.scale = 1};
    char key[16];
    snprintf(key, sizeof key, "TSCAL%d", index + 1);
    qn_fits_number(fits, hdu, key, &scaling.scale);
    snprintf(key, sizeof key, "TZERO%d", index + 1);
    qn_fits_number(fits, hdu, key, &scaling.zero);
    snprintf(key, sizeof key, "TNULL%d", index + 1);
    scaling.has_null = qn_fits_number(fits, hdu, key, &scaling.null);
    return scaling;
}

static double load_f32(const uint8_t *at)
{
    uint32_t bits = qn_load_u32(at, QN_BIG_ENDIAN);
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

static double load_f64(const uint8_t *at)
{
    uint64_t bits = qn_load_u64(at, QN_BIG_ENDIAN);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#define EACH_ROW(expression)                                                                       \
    for (uint64_t i = 0; i < rows; i++, at += step)                                                \
    values[i] = (expression)

/* The plain values of a column; false for a code that is no scalar number. */
static bool decode(const uint8_t *at, uint64_t rows, uint64_t step, char code, double *values)
{
    switch (code) {
    case 'L':
        EACH_ROW(*at == 'T' ? 1 : *at == 'F' ? 0 : NAN);
        return true;
    case 'A':
    case 'B':
        EACH_ROW((double)*at);
        return true;
    case 'I':
        EACH_ROW((double)(int16_t)qn_load_u16(at, QN_BIG_ENDIAN));
        return true;
    case 'J':
        EACH_ROW((double)(int32_t)qn_load_u32(at, QN_BIG_ENDIAN));
        return true;
    case 'K':
        EACH_ROW((double)(int64_t)qn_load_u64(at, QN_BIG_ENDIAN));
        return true;
    case 'E':
        EACH_ROW(load_f32(at));
        return true;
    case 'D':
        EACH_ROW(load_f64(at));
        return true;
    default:
        return false;
    }
}

enum qn_status qn_fits_read(const struct qn_fits *fits, size_t hdu, int column, double *values,
                            struct qn_error *err)
{
    const struct hdu *table = &fits->hdus[qn_fits_is_table(fits, hdu) ? hdu : 0];
    struct column place;
    if (!table->table || column < 0 || (unsigned)column >= table->columns ||
        !find_column(fits, hdu, column, &place))
        return corrupt(fits, table->header, err, "a table's columns do not fit into its rows");
    const uint8_t *at = fits->bytes + table->data + place.offset;
    bool scalar = place.repeat == 1 || place.code == 'A';
    if (!scalar || !decode(at, table->rows, table->row_bytes, place.code, values))
        return qn_fail_at(err, QN_ERR_UNSUPPORTED, fits->path, (int64_t)table->header,
                          "column %d of '%s' holds %u values of type '%c' a row, not one number. "
                          "Name another column.",
                          column + 1, fits->path, place.repeat, place.code);
    struct scaling scaling = scaling_of(fits, hdu, column);
    bool real = place.code == 'E' || place.code == 'D';
    for (uint64_t i = 0; scaling.has_null && !real && i < table->rows; i++)
        values[i] = values[i] == scaling.null ? NAN : values[i];
    for (uint64_t i = 0; (scaling.scale != 1 || scaling.zero != 0) && i < table->rows; i++)
        values[i] = values[i] * scaling.scale + scaling.zero;
    return QN_OK;
}
