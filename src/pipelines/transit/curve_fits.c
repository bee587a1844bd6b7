/* Light curves from FITS files: which product a file is, which of its columns count, and which bits
 * of quality exclude a point. The tables read like the archives' manuals; detection goes by ORIGIN
 * and CREATOR first, then by columns, then by TELESCOP, as lightkurve's io/detect.py does. */
#include "format/fits.h"
#include "pipelines/transit/curve.h"

#include <stdio.h>
#include <string.h>

struct product {
    const char *name;
    const char *column; /* a column that only this product has, or NULL */
    const char *key;    /* a card whose text contains `text`, or NULL */
    const char *text;
    enum qn_lc_scale scale; /* where no header tells */
    enum qn_lc_unit unit;
    const char *time;
    const char *flux[3];
    const char *err[3]; /* beside flux[i]; NULL: none */
    const char *quality;
    uint32_t masks[4]; /* by enum qn_lc_mask: default, none, hard, hardest */
    const char *flag;  /* a second column: not 0 excludes, except for mask none */
};

/* Bits 1|2|4|8|32|128 of TESS; attitude tweaks, safe mode and more of Kepler: lightkurve's
 * defaults. */
#define TESS_MASKS                                                                                 \
    {                                                                                              \
        175, 0, 7407, 65535                                                                        \
    }
#define KEPLER_MASKS                                                                               \
    {                                                                                              \
        1130799, 0, 1664431, 2096639                                                               \
    }
#define ANY_BIT                                                                                    \
    {                                                                                              \
        UINT32_MAX, 0, UINT32_MAX, UINT32_MAX                                                      \
    }

/* The first that fits is taken. */
static const struct product products[] = {
    {"Kepler 2009",
     "barytime",
     NULL,
     NULL,
     QN_LC_BKJD,
     QN_LC_FLUX,
     NULL,
     {0},
     {0},
     NULL,
     {0},
     NULL},
    {"QLP",
     NULL,
     "ORIGIN",
     "MIT/QLP",
     QN_LC_BTJD,
     QN_LC_FLUX,
     "TIME",
     {"KSPSAP_FLUX", "DET_FLUX", "SAP_FLUX"},
     {"KSPSAP_FLUX_ERR", "DET_FLUX_ERR", NULL},
     "QUALITY",
     TESS_MASKS,
     NULL},
    {"TGLC",
     NULL,
     "ORIGIN",
     "UCSB/TGLC",
     QN_LC_BTJD,
     QN_LC_FLUX,
     "time",
     {"cal_aper_flux", "cal_psf_flux", NULL},
     {0},
     "TESS_flags",
     TESS_MASKS,
     "TGLC_flags"},
    {"lightkurve",
     NULL,
     "CREATOR",
     "lightkurve",
     QN_LC_BTJD,
     QN_LC_FLUX,
     "TIME",
     {"FLUX", "PDCSAP_FLUX", "SAP_FLUX"},
     {"FLUX_ERR", "PDCSAP_FLUX_ERR", "SAP_FLUX_ERR"},
     "QUALITY",
     TESS_MASKS,
     NULL},
    {"K2SFF",
     "FCOR",
     NULL,
     NULL,
     QN_LC_BKJD,
     QN_LC_FLUX,
     "T",
     {"FCOR", NULL, NULL},
     {0},
     NULL,
     {0},
     NULL},
    {"CDIPS",
     "TMID_BJD",
     NULL,
     NULL,
     QN_LC_BTJD,
     QN_LC_MAG,
     "TMID_BJD",
     {"PCA1", "IRM1", NULL},
     {"IRE1", "IRE1", NULL},
     NULL,
     {0},
     NULL},
    {"eleanor",
     "CORR_FLUX",
     NULL,
     NULL,
     QN_LC_BTJD,
     QN_LC_FLUX,
     "TIME",
     {"CORR_FLUX", "PCA_FLUX", NULL},
     {"FLUX_ERR", "FLUX_ERR", NULL},
     "QUALITY",
     ANY_BIT,
     NULL},
    {"Kepler",
     "SAP_QUALITY",
     NULL,
     NULL,
     QN_LC_BKJD,
     QN_LC_FLUX,
     "TIME",
     {"PDCSAP_FLUX", "SAP_FLUX", NULL},
     {"PDCSAP_FLUX_ERR", "SAP_FLUX_ERR", NULL},
     "SAP_QUALITY",
     KEPLER_MASKS,
     NULL},
    {"TESS SPOC",
     "PDCSAP_FLUX",
     "TELESCOP",
     "TESS",
     QN_LC_BTJD,
     QN_LC_FLUX,
     "TIME",
     {"PDCSAP_FLUX", "SAP_FLUX", NULL},
     {"PDCSAP_FLUX_ERR", "SAP_FLUX_ERR", NULL},
     "QUALITY",
     TESS_MASKS,
     NULL},
    {"TESS",
     "FLUX",
     NULL,
     NULL,
     QN_LC_BTJD,
     QN_LC_FLUX,
     "TIME",
     {"FLUX", NULL, NULL},
     {"FLUX_ERR", NULL, NULL},
     "QUALITY",
     TESS_MASKS,
     NULL},
};

struct reading {
    const struct qn_fits *fits;
    const char *path;
    size_t hdu;
    const struct product *product;
};

static bool matches(const struct qn_fits *fits, size_t hdu, const struct product *product)
{
    char text[QN_FITS_TEXT];
    if (product->column && qn_fits_column(fits, hdu, product->column) < 0)
        return false;
    if (!product->key)
        return true;
    return (qn_fits_text(fits, 0, product->key, text) && strstr(text, product->text)) ||
           (qn_fits_text(fits, hdu, product->key, text) && strstr(text, product->text));
}

/* Notes the first table that is a known product. */
static void detect(struct reading *reading)
{
    for (size_t hdu = 1; hdu < qn_fits_hdus(reading->fits); hdu++) {
        if (!qn_fits_is_table(reading->fits, hdu))
            continue;
        for (size_t i = 0; i < sizeof products / sizeof *products; i++) {
            if (!matches(reading->fits, hdu, &products[i]))
                continue;
            reading->hdu = hdu;
            reading->product = &products[i];
            return;
        }
    }
}

static enum qn_status unsupported(const struct reading *reading, struct qn_error *err)
{
    if (reading->product)
        return qn_fail_at(
            err, QN_ERR_UNSUPPORTED, reading->path, -1,
            "'%s' has the Kepler layout of 2009 (barytime, ap_corr_flux), whose fluxes "
            "were superseded. Fetch the current file of that quarter from MAST.",
            reading->path);
    return qn_fail_at(
        err, QN_ERR_UNSUPPORTED, reading->path, -1,
        "no table of '%s' is a light curve of a known kind. Known are TESS SPOC, "
        "TESS-SPOC, QLP, TGLC, eleanor, CDIPS, Kepler, K2, K2SFF and lightkurve's own.",
        reading->path);
}

/* ---- the target ----------------------------------------------------------------------------- */

/* A card with the number of a star in its catalogue. */
static bool star_number(const struct qn_fits *fits, size_t hdu, const char *key, uint64_t *number)
{
    double value;
    if (!qn_fits_number(fits, hdu, key, &value) || !(value >= 0 && value < 0x1p53))
        return false;
    *number = (uint64_t)value;
    return true;
}

static bool target_of(const struct qn_fits *fits, struct qn_target *target)
{
    char text[QN_FITS_TEXT];
    uint64_t number;
    if (star_number(fits, 0, "TICID", &number) || star_number(fits, 1, "TICID", &number)) {
        *target = (struct qn_target){.catalogue = QN_TIC, .number = number};
        return true;
    }
    bool k2 = qn_fits_text(fits, 0, "MISSION", text) && !strcmp(text, "K2");
    if (star_number(fits, 0, "KEPLERID", &number)) {
        *target = (struct qn_target){.catalogue = k2 || number > 200000000 ? QN_EPIC : QN_KIC,
                                     .number = number};
        return true;
    }
    bool tess = qn_fits_text(fits, 0, "TELESCOP", text) && !strcmp(text, "TESS");
    if (!qn_fits_text(fits, 0, "OBJECT", text) || !*text)
        return false;
    *target = qn_target_parse(text, tess ? QN_TIC : k2 ? QN_EPIC : QN_KIC);
    return true;
}

static enum qn_status check_target(const struct reading *reading, const struct qn_target *wanted,
                                   struct qn_error *err)
{
    struct qn_target found;
    char a[QN_TARGET_NAME];
    char b[QN_TARGET_NAME];
    if (!wanted || wanted->catalogue == QN_NO_CATALOGUE || !target_of(reading->fits, &found) ||
        found.catalogue == QN_NO_CATALOGUE || qn_target_same(wanted, &found))
        return QN_OK;
    qn_target_text(wanted, a);
    qn_target_text(&found, b);
    return qn_fail_at(err, QN_ERR_INPUT, reading->path, -1,
                      "'%s' should be of %s, but its header says %s. Fetch the file anew.",
                      reading->path, a, b);
}

static void read_star(const struct qn_fits *fits, struct qn_star *star)
{
    const struct {
        const char *key;
        double *value;
    } cards[] = {{"TEFF", &star->teff},
                 {"LOGG", &star->logg},
                 {"RADIUS", &star->radius},
                 {"TESSMAG", &star->magnitude},
                 {"KEPMAG", &star->magnitude}};
    for (size_t i = 0; i < sizeof cards / sizeof *cards; i++) {
        double value;
        if (qn_fits_number(fits, 0, cards[i].key, &value))
            *cards[i].value = value;
    }
}

/* ---- points --------------------------------------------------------------------------------- */

static enum qn_lc_scale scale_of(const struct reading *reading, double *shift)
{
    double whole;
    double part = 0;
    *shift = 0;
    if (!qn_fits_number(reading->fits, reading->hdu, "BJDREFI", &whole) &&
        !qn_fits_number(reading->fits, 0, "BJDREFI", &whole))
        return reading->product->scale;
    qn_fits_number(reading->fits, reading->hdu, "BJDREFF", &part);
    enum qn_lc_scale scale = whole == qn_scale_zero(QN_LC_BKJD) ? QN_LC_BKJD : QN_LC_BTJD;
    *shift = whole + part - qn_scale_zero(scale);
    return scale;
}

static int column_of(const struct reading *reading, const struct qn_lc_options *options,
                     const char **err_name)
{
    *err_name = NULL;
    if (options->flux_column)
        return qn_fits_column(reading->fits, reading->hdu, options->flux_column);
    for (int i = 0; i < 3 && reading->product->flux[i]; i++) {
        int column = qn_fits_column(reading->fits, reading->hdu, reading->product->flux[i]);
        *err_name = reading->product->err[i];
        if (column >= 0)
            return column;
    }
    return -1;
}

/* Takes out the flux of rows whose bits are in the mask. */
static enum qn_status apply_mask(const struct reading *reading, const char *name, uint32_t mask,
                                 size_t rows, double *flux, struct qn_buf *memory,
                                 struct qn_error *err)
{
    int column = name ? qn_fits_column(reading->fits, reading->hdu, name) : -1;
    if (column < 0 || mask == 0)
        return QN_OK;
    qn_buf_clear(memory);
    double *quality = (double *)(void *)qn_buf_reserve(memory, (rows + 1) * sizeof *quality);
    if (!quality)
        return qn_fail_memory(err, "the quality of a light curve", rows * sizeof *quality);
    enum qn_status status = qn_fits_read(reading->fits, reading->hdu, column, quality, err);
    for (size_t i = 0; !status && i < rows; i++)
        if ((uint32_t)(int64_t)(fabs(quality[i]) < 0x1p53 ? quality[i] : 0) & mask)
            flux[i] = NAN;
    return status;
}

static enum qn_status missing(const struct reading *reading, const char *what, struct qn_error *err)
{
    return qn_fail_at(err, QN_ERR_INPUT, reading->path, -1,
                      "'%s' (%s) has no column of %s. Fetch the file anew, or name a column with "
                      "--flux-column.",
                      reading->path, reading->product->name, what);
}

static enum qn_status read_points(struct qn_lc *lc, const struct reading *reading,
                                  const struct qn_lc_options *options, struct qn_error *err)
{
    const struct product *product = reading->product;
    const char *err_name;
    double shift;
    size_t rows = (size_t)qn_fits_rows(reading->fits, reading->hdu);
    int time = qn_fits_column(reading->fits, reading->hdu, product->time);
    int flux = column_of(reading, options, &err_name);
    enum qn_lc_scale scale = scale_of(reading, &shift);
    if (time < 0 || flux < 0)
        return missing(reading, time < 0 ? "times" : "fluxes", err);
    enum qn_status status = qn_lc_reserve(lc, rows, err);
    if (status)
        return status;
    double *times = lc->time + lc->n;
    double *fluxes = lc->flux + lc->n;
    double *errors = lc->err + lc->n;
    int error = err_name ? qn_fits_column(reading->fits, reading->hdu, err_name) : -1;
    status = qn_fits_read(reading->fits, reading->hdu, time, times, err);
    if (!status)
        status = qn_fits_read(reading->fits, reading->hdu, flux, fluxes, err);
    if (!status && error >= 0)
        status = qn_fits_read(reading->fits, reading->hdu, error, errors, err);
    for (size_t i = 0; i < rows; i++) {
        errors[i] = error >= 0 ? errors[i] : NAN;
        times[i] = times[i] > 2400000 ? times[i] - qn_scale_zero(scale) : times[i] + shift;
    }
    if (!status)
        status = apply_mask(reading, product->quality, product->masks[options->mask], rows, fluxes,
                            &lc->buffers[3], err);
    if (!status && options->mask != QN_LC_MASK_NONE)
        status = apply_mask(reading, product->flag, UINT32_MAX, rows, fluxes, &lc->buffers[3], err);
    if (status)
        return status;
    size_t start = lc->n;
    lc->n += rows;
    return qn_lc_close_file(lc, start, scale, product->unit, reading->path, err);
}

static enum qn_status read_table(struct qn_lc *lc, const struct reading *reading, size_t file_size,
                                 const struct qn_lc_options *options,
                                 const struct qn_target *target, struct qn_error *err)
{
    const struct product *product = reading->product;
    /* lightkurve copies NEXTEND from the file that it read. */
    if (!qn_fits_complete(reading->fits) && !(product && !strcmp(product->name, "lightkurve")))
        return qn_fail_at(err, QN_ERR_INPUT, reading->path, (int64_t)file_size,
                          "'%s' is damaged at byte %zu: it ends before its last table. Fetch the "
                          "file anew.",
                          reading->path, file_size);
    if (!product || !product->time)
        return unsupported(reading, err);
    enum qn_status status = check_target(reading, target, err);
    if (!status)
        status = read_points(lc, reading, options, err);
    if (status)
        return status;
    snprintf(lc->product, sizeof lc->product, "%s", product->name);
    read_star(reading->fits, &lc->star);
    return QN_OK;
}

static enum qn_status add_fits(struct qn_lc *lc, const char *path,
                               const struct qn_lc_options *options, const struct qn_target *target,
                               struct qn_buf *memory, struct qn_error *err)
{
    struct qn_fits *fits;
    enum qn_status status = qn_fits_open(&fits, path, memory, err);
    if (status)
        return status;
    struct reading reading = {.fits = fits, .path = path};
    detect(&reading);
    status = read_table(lc, &reading, memory->len, options, target, err);
    qn_fits_close(fits);
    return status;
}

enum qn_status qn_lc_add_file(struct qn_lc *lc, const char *path,
                              const struct qn_lc_options *options, const struct qn_target *target,
                              struct qn_buf *memory, struct qn_error *err)
{
    return qn_lc_is_fits_name(path) ? add_fits(lc, path, options, target, memory, err)
                                    : qn_lc_add_text(lc, path, options, memory, err);
}
