/* Light curves from text: columns by name where there is a header, otherwise time, flux, error in
 * this order. See curve.h. */
#include "format/text/delimited.h"
#include "pipelines/transit/curve.h"

#include <string.h>
#include <strings.h>

#define MOST_BYTES ((uint64_t)1 << 30)

enum role { TIME, FLUX, ERROR, QUALITY, ROLES };

static const struct {
    const char *name;
    enum role role;
    enum qn_lc_unit unit; /* of a flux */
} names[] = {
    {"time", TIME, 0},
    {"t", TIME, 0},
    {"btjd", TIME, 0},
    {"tbjd", TIME, 0},
    {"bkjd", TIME, 0},
    {"bjd", TIME, 0},
    {"jd", TIME, 0},
    {"hjd", TIME, 0},
    {"bjd_tdb", TIME, 0},
    {"tmid_bjd", TIME, 0},
    {"pdcsap_flux", FLUX, QN_LC_UNIT_AUTO},
    {"flux", FLUX, QN_LC_UNIT_AUTO},
    {"f", FLUX, QN_LC_UNIT_AUTO},
    {"y", FLUX, QN_LC_UNIT_AUTO},
    {"sap_flux", FLUX, QN_LC_UNIT_AUTO},
    {"rel_flux", FLUX, QN_LC_UNIT_AUTO},
    {"mag", FLUX, QN_LC_MAG},
    {"magnitude", FLUX, QN_LC_MAG},
    {"flux_err", ERROR, 0},
    {"pdcsap_flux_err", ERROR, 0},
    {"ferr", ERROR, 0},
    {"err", ERROR, 0},
    {"dy", ERROR, 0},
    {"error", ERROR, 0},
    {"flux_error", ERROR, 0},
    {"mag_err", ERROR, 0},
    {"e_mag", ERROR, 0},
    {"sigma", ERROR, 0},
    {"quality", QUALITY, 0},
    {"sap_quality", QUALITY, 0},
};

struct columns {
    int at[ROLES]; /* -1: none */
    enum qn_lc_unit unit;
    enum qn_lc_scale scale;
};

/* In the order of the table above, so that a corrected flux goes before a raw one. */
static void find_by_name(const struct qn_delimited *table, const char *flux_column,
                         struct columns *columns)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        for (size_t c = 0; c < table->columns; c++) {
            const char *name = qn_delimited_name(table, c);
            bool asked = flux_column && names[i].role == FLUX && !strcasecmp(name, flux_column);
            if (columns->at[names[i].role] >= 0 || (strcasecmp(name, names[i].name) && !asked))
                continue;
            if (flux_column && names[i].role == FLUX && !asked)
                continue;
            columns->at[names[i].role] = (int)c;
            columns->unit = names[i].role == FLUX ? names[i].unit : columns->unit;
        }
    }
}

static enum qn_lc_scale named_scale(const char *name)
{
    if (!strcasecmp(name, "btjd") || !strcasecmp(name, "tbjd"))
        return QN_LC_BTJD;
    return strcasecmp(name, "bkjd") ? QN_LC_DAYS : QN_LC_BKJD;
}

static enum qn_status find_columns(const struct qn_delimited *table, const char *path,
                                   const struct qn_lc_options *options, struct columns *columns,
                                   struct qn_error *err)
{
    *columns = (struct columns){.at = {-1, -1, -1, -1}, .unit = QN_LC_UNIT_AUTO};
    if (table->has_header)
        find_by_name(table, options->flux_column, columns);
    if (!table->has_header || columns->at[TIME] < 0 || columns->at[FLUX] < 0) {
        double value;
        bool numbers = table->columns >= 2 &&
                       qn_delimited_number(qn_delimited_cell(table, 0, 0), &value) &&
                       qn_delimited_number(qn_delimited_cell(table, 0, 1), &value);
        if (!numbers || options->flux_column || (table->has_header && columns->at[TIME] >= 0))
            return qn_fail_at(err, QN_ERR_INPUT, path, -1,
                              "'%s' has no columns named time and flux. Name them in its first "
                              "line, or give time, flux and error in this order.",
                              path);
        columns->at[TIME] = 0;
        columns->at[FLUX] = 1;
        columns->at[ERROR] = table->columns > 2 ? 2 : -1;
    }
    columns->scale = named_scale(qn_delimited_name(table, (size_t)columns->at[TIME]));
    if (options->unit != QN_LC_UNIT_AUTO)
        columns->unit = options->unit;
    return QN_OK;
}

static double value_at(const struct qn_delimited *table, size_t row, int column)
{
    double value;
    if (column < 0 || !qn_delimited_number(qn_delimited_cell(table, row, (size_t)column), &value))
        return NAN;
    return value;
}

static const uint32_t quality_masks[] = {175, 0, 7407, 65535};

static void read_rows(struct qn_lc *lc, const struct qn_delimited *table, struct columns *columns,
                      uint32_t mask)
{
    bool julian = false;
    for (size_t row = 0; row < table->rows; row++) {
        double time = value_at(table, row, columns->at[TIME]);
        double quality = value_at(table, row, columns->at[QUALITY]);
        bool use = !(quality > 0 && quality < 4e9 && ((uint32_t)quality & mask) != 0);
        julian |= time > 2400000;
        lc->time[lc->n] = time;
        lc->flux[lc->n] = use ? value_at(table, row, columns->at[FLUX]) : NAN;
        lc->err[lc->n] = value_at(table, row, columns->at[ERROR]);
        lc->n++;
    }
    if (!julian)
        return;
    columns->scale = QN_LC_BTJD;
    for (size_t i = lc->n - table->rows; i < lc->n; i++)
        lc->time[i] -= qn_scale_zero(QN_LC_BTJD);
}

/* Errors that are all 1 stand for none. */
static void drop_placeholder(struct qn_lc *lc, size_t start)
{
    for (size_t i = start; i < lc->n; i++)
        if (isfinite(lc->err[i]) && lc->err[i] != 1)
            return;
    for (size_t i = start; i < lc->n; i++)
        lc->err[i] = NAN;
}

enum qn_status qn_lc_add_text(struct qn_lc *lc, const char *path,
                              const struct qn_lc_options *options, struct qn_buf *memory,
                              struct qn_error *err)
{
    struct qn_delimited table;
    struct columns columns;
    size_t start = lc->n;
    (void)memory;
    enum qn_status status = qn_delimited_read(&table, path, MOST_BYTES, err);
    if (!status)
        status = find_columns(&table, path, options, &columns, err);
    if (!status)
        status = qn_lc_reserve(lc, table.rows, err);
    if (!status) {
        read_rows(lc, &table, &columns, quality_masks[options->mask]);
        drop_placeholder(lc, start);
        status = qn_lc_close_file(lc, start, columns.scale, columns.unit, path, err);
    }
    if (!status)
        memcpy(lc->product, "text", 5);
    qn_delimited_release(&table);
    return status;
}
