/* `quern synth transit`: light curves with known transits, as FITS files laid out like those of
 * TESS, a table of candidates and the answer key. The same options give the same bytes everywhere
 * that sine and logarithm are correctly rounded to the same float. */
#include "base/byte_order.h"
#include "base/fresh.h"
#include "base/io.h"
#include "compute/random.h"
#include "compute/tls.h"
#include "pipelines/transit/verbs.h"
#include "render/terminal.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DAYS_OF_SECTOR 27.4
#define FIRST_TIME     1325.3 /* BTJD of sector 1 */
#define STAR_FLUX      10000.0
#define FIRST_TIC      100000001u

enum { ROW_BYTES = 100, BLOCK = 2880, CARD = 80 };

const struct qn_option qn_transit_synth_options[] = {
    {"output", QN_OPT_PATH, "DIR", NULL,
     "the folder to fill; files of the same names are replaced"},
    {"stars", QN_OPT_INT, "N", "20", "light curves"},
    {"sectors", QN_OPT_INT, "N", "1", "of each star, one file a sector"},
    {"cadence", QN_OPT_REAL, "SECONDS", "120", "between points"},
    {"noise", QN_OPT_REAL, "PPM", "1000", "white noise of a point"},
    {"red", QN_OPT_REAL, "PPM", "100", "red noise, correlated over about three hours"},
    {"min-snr", QN_OPT_REAL, "X", "15", "weakest signal, in white noise"},
    {"max-snr", QN_OPT_REAL, "X", "100", "strongest signal"},
    {"min-period", QN_OPT_REAL, "DAYS", "0.8", "shortest period"},
    {"max-period", QN_OPT_REAL, "DAYS", "12", "longest period"},
    {"planets-only", QN_OPT_FLAG, NULL, NULL, "no eclipsing binaries, no quiet stars"},
    {"seed", QN_OPT_INT, "N", "1", "of everything random"},
    {0}};

enum kind { PLANET, BINARY, QUIET };
static const char *const kind_names[] = {"planet", "binary", "quiet"};

struct star {
    uint64_t tic;
    enum kind kind;
    double period; /* of the binary: of its orbit */
    double t0;
    double duration;
    double depth;
    double secondary; /* depth half a period later */
    double impact;    /* of the planet's chord */
    double snr;
};

struct synth {
    const struct qn_options *options;
    const char *folder;
    uint64_t seed;
    size_t points; /* of a sector */
    double cadence;
    double noise;
    double red;
    struct qn_buf file;
    struct qn_buf candidates;
    struct qn_buf truth;
};

/* ---- stars ---------------------------------------------------------------------------------- */

static struct star make_star(const struct synth *y, size_t index)
{
    struct qn_random s = {.key = qn_random_mix(y->seed * 0x2545F4914F6CDD1Du + index)};
    struct star star = {.tic = FIRST_TIC + index};
    bool only = qn_option_flag(y->options, "planets-only");
    double span = DAYS_OF_SECTOR * (double)qn_option_int(y->options, "sectors");
    star.kind = only || index % 5 < 3 ? PLANET : index % 5 == 3 ? BINARY : QUIET;
    star.period = qn_random_between(&s, qn_option_real(y->options, "min-period"),
                                    qn_option_real(y->options, "max-period"));
    star.t0 = FIRST_TIME + star.period * qn_random_uniform(&s);
    star.duration =
        fmin(0.15 * star.period, 0.1 * cbrt(star.period / 3) * (0.7 + 0.5 * qn_random_uniform(&s)));
    star.snr = qn_random_between(&s, qn_option_real(y->options, "min-snr"),
                                 qn_option_real(y->options, "max-snr"));
    double events = fmax(1, span / star.period);
    double points = events * star.duration * 86400 / y->cadence;
    star.depth = star.snr * y->noise / sqrt(points);
    star.impact = 0.6 * qn_random_uniform(&s);
    star.secondary = star.kind == BINARY ? star.depth * (0.2 + 0.5 * qn_random_uniform(&s)) : 0;
    return star;
}

/* A V for the binary, a limb-darkened disc on a straight chord for the planet; 0 to 1. */
static double shape(const struct star *star, double offset)
{
    double x = 2 * fabs(offset) / star->duration; /* 1 at the contacts */
    if (x >= 1)
        return 0;
    if (star->kind == BINARY)
        return fmin(1, (1 - x) / 0.7);
    const double p = 0.1;
    double along = sqrt((1 + p) * (1 + p) - star->impact * star->impact) * x;
    double z = sqrt(along * along + star->impact * star->impact);
    return (1 - qn_transit_flux(p, z, 0.35, 0.23)) /
           (1 - qn_transit_flux(p, star->impact, 0.35, 0.23));
}

static double dip(const struct star *star, double time)
{
    double x = (time - star->t0) / star->period;
    double offset = (x - floor(x + 0.5)) * star->period;
    double opposite = (x - floor(x) - 0.5) * star->period;
    if (star->kind == QUIET)
        return 0;
    return star->depth * shape(star, offset) + star->secondary * shape(star, opposite);
}

/* ---- files ---------------------------------------------------------------------------------- */

static void __attribute__((format(printf, 2, 3))) card(struct qn_buf *out, const char *format, ...)
{
    char text[CARD + 1];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    qn_buf_append(out, text, len < CARD ? (size_t)len : CARD);
    for (; len < CARD; len++)
        qn_buf_u8(out, ' ');
}

static void text_card(struct qn_buf *out, const char *key, const char *value)
{
    card(out, "%-8s= '%-8s'", key, value);
}

static void number_card(struct qn_buf *out, const char *key, double value)
{
    card(out, "%-8s= %20.15g", key, value);
}

static void pad(struct qn_buf *out, char with)
{
    while (out->len % BLOCK != 0 && !out->failed)
        qn_buf_u8(out, (uint8_t)with);
}

static const struct {
    const char *name;
    const char *form;
    const char *unit;
} columns[] = {
    {"TIME", "D", "BJD - 2457000, days"},
    {"TIMECORR", "E", "d"},
    {"CADENCENO", "J", ""},
    {"SAP_FLUX", "E", "e-/s"},
    {"SAP_FLUX_ERR", "E", "e-/s"},
    {"SAP_BKG", "E", "e-/s"},
    {"SAP_BKG_ERR", "E", "e-/s"},
    {"PDCSAP_FLUX", "E", "e-/s"},
    {"PDCSAP_FLUX_ERR", "E", "e-/s"},
    {"QUALITY", "J", ""},
    {"PSF_CENTR1", "D", "pixel"},
    {"PSF_CENTR1_ERR", "E", "pixel"},
    {"PSF_CENTR2", "D", "pixel"},
    {"PSF_CENTR2_ERR", "E", "pixel"},
    {"MOM_CENTR1", "D", "pixel"},
    {"MOM_CENTR1_ERR", "E", "pixel"},
    {"MOM_CENTR2", "D", "pixel"},
    {"MOM_CENTR2_ERR", "E", "pixel"},
    {"POS_CORR1", "E", "pixel"},
    {"POS_CORR2", "E", "pixel"},
};

enum { COLUMNS = sizeof columns / sizeof *columns };

static void put_headers(struct synth *y, const struct star *star, int sector)
{
    struct qn_buf *out = &y->file;
    char object[32];
    snprintf(object, sizeof object, "TIC %llu", (unsigned long long)star->tic);
    card(out, "%-8s= %20s", "SIMPLE", "T");
    number_card(out, "BITPIX", 8);
    number_card(out, "NAXIS", 0);
    card(out, "%-8s= %20s", "EXTEND", "T");
    number_card(out, "NEXTEND", 1);
    text_card(out, "ORIGIN", "quern synth transit");
    text_card(out, "CREATOR", "quern LightCurve");
    text_card(out, "TELESCOP", "TESS");
    text_card(out, "OBJECT", object);
    number_card(out, "TICID", (double)star->tic);
    number_card(out, "SECTOR", sector);
    number_card(out, "TESSMAG", 10);
    number_card(out, "TEFF", 5800);
    number_card(out, "LOGG", 4.4);
    number_card(out, "RADIUS", 1);
    card(out, "END");
    pad(out, ' ');
    text_card(out, "XTENSION", "BINTABLE");
    number_card(out, "BITPIX", 8);
    number_card(out, "NAXIS", 2);
    number_card(out, "NAXIS1", ROW_BYTES);
    number_card(out, "NAXIS2", (double)y->points);
    number_card(out, "PCOUNT", 0);
    number_card(out, "GCOUNT", 1);
    number_card(out, "TFIELDS", COLUMNS);
    for (int i = 0; i < COLUMNS; i++) {
        char key[16];
        snprintf(key, sizeof key, "TTYPE%d", i + 1);
        text_card(out, key, columns[i].name);
        snprintf(key, sizeof key, "TFORM%d", i + 1);
        text_card(out, key, columns[i].form);
        snprintf(key, sizeof key, "TUNIT%d", i + 1);
        text_card(out, key, columns[i].unit);
    }
    text_card(out, "EXTNAME", "LIGHTCURVE");
    number_card(out, "BJDREFI", 2457000);
    number_card(out, "BJDREFF", 0);
    text_card(out, "TIMESYS", "TDB");
    number_card(out, "TIMEDEL", y->cadence / 86400);
    card(out, "END");
    pad(out, ' ');
}

static void put_f32(uint8_t *row, size_t at, double value)
{
    float number = (float)value;
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    qn_store_u32(row + at, QN_BIG_ENDIAN, bits);
}

static void put_f64(uint8_t *row, size_t at, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    qn_store_u64(row + at, QN_BIG_ENDIAN, bits);
}

/* Time at 0, cadence at 12, fluxes at 16 and 32 with errors 4 bytes on, quality at 40. */
static void put_row(uint8_t *row, const struct synth *y, double time, uint32_t cadence, double flux,
                    uint32_t quality, bool gap)
{
    memset(row, 0, ROW_BYTES);
    put_f64(row, 0, gap ? NAN : time);
    qn_store_u32(row + 12, QN_BIG_ENDIAN, cadence);
    put_f32(row, 16, gap ? NAN : flux);
    put_f32(row, 20, y->noise * STAR_FLUX);
    put_f32(row, 32, gap ? NAN : flux);
    put_f32(row, 36, y->noise * STAR_FLUX);
    qn_store_u32(row + 40, QN_BIG_ENDIAN, quality);
}

static void put_rows(struct synth *y, const struct star *star, int sector)
{
    struct qn_random s = {.key = qn_random_mix(y->seed ^ star->tic * 0x9E3779B97F4A7C15u) +
                                 (uint64_t)sector};
    double step = y->cadence / 86400;
    double keep = exp(-step / 0.125); /* of the red noise, from point to point */
    double red = y->red * qn_random_normal(&s);
    double start = FIRST_TIME + DAYS_OF_SECTOR * (sector - 1);
    uint8_t row[ROW_BYTES];
    for (size_t i = 0; i < y->points; i++) {
        double time = start + (double)i * step;
        double part = (double)i / (double)y->points;
        bool gap = part > 0.48 && part < 0.52;                      /* the download in mid-sector */
        uint32_t quality = qn_random_uniform(&s) < 0.002 ? 128 : 0; /* flagged and wrong */
        double wild =
            qn_random_uniform(&s) < 0.0003 ? 20 * y->noise : 0; /* wrong and not flagged */
        red = keep * red + y->red * sqrt(1 - keep * keep) * qn_random_normal(&s);
        double flux = 1 - dip(star, time) + y->noise * qn_random_normal(&s) + red + wild;
        flux += quality ? 0.05 : 0;
        put_row(row, y, time, (uint32_t)i, flux * STAR_FLUX, quality | (gap ? 8u : 0), gap);
        qn_buf_append(&y->file, row, sizeof row);
    }
    pad(&y->file, '\0');
}

static enum qn_status write_sector(struct synth *y, const struct star *star, int sector,
                                   struct qn_error *err)
{
    char path[PATH_MAX];
    qn_buf_clear(&y->file);
    put_headers(y, star, sector);
    put_rows(y, star, sector);
    if (y->file.failed)
        return qn_fail_memory(err, "a light curve", y->file.len);
    snprintf(path, sizeof path, "%s/tess2018206045859-s%04d-%016llu-0120-s_lc.fits", y->folder,
             sector, (unsigned long long)star->tic);
    return qn_fresh_put(path, y->file.data, y->file.len, err);
}

/* A candidate as a search would list it: the binary at half its period. */
static void list_star(struct synth *y, const struct star *star)
{
    bool binary = star->kind == BINARY;
    qn_buf_printf(&y->candidates, "%d,synth,%llu,TIC%llu,%.7f,%.1f,%.4f,%.6f\n",
                  star->kind == PLANET, (unsigned long long)star->tic,
                  (unsigned long long)star->tic, binary ? star->period / 2 : star->period,
                  star->depth * 1e6, star->duration * 24, star->t0);
    qn_buf_printf(&y->truth, "TIC %llu,%s,%.10f,%.8f,%.8f,%.10f,%.10f,%.3f\n",
                  (unsigned long long)star->tic, kind_names[star->kind], star->period, star->t0,
                  star->duration, star->kind == QUIET ? 0 : star->depth, star->secondary,
                  star->kind == QUIET ? 0 : star->snr);
}

static enum qn_status write_table(const struct synth *y, const char *name,
                                  const struct qn_buf *text, struct qn_error *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", y->folder, name);
    return text->failed ? qn_fail_memory(err, name, text->len)
                        : qn_fresh_put(path, text->data, text->len, err);
}

static enum qn_status check(struct synth *y, int64_t stars, int64_t sectors, struct qn_error *err)
{
    bool sane =
        stars >= 1 && stars <= 1000000 && sectors >= 1 && sectors <= 100 && y->cadence >= 1 &&
        y->cadence <= 7200 && y->noise > 0 && y->red >= 0 &&
        qn_option_real(y->options, "min-snr") > 0 &&
        qn_option_real(y->options, "min-period") >= 0.1 &&
        qn_option_real(y->options, "max-period") >= qn_option_real(y->options, "min-period") &&
        qn_option_real(y->options, "max-snr") >= qn_option_real(y->options, "min-snr");
    if (!y->folder)
        return qn_fail(err, QN_ERR_USAGE, "where to? Name the folder to fill: -o DIR.");
    if (!sane)
        return qn_fail(err, QN_ERR_USAGE,
                       "expected 1 to 1000000 stars, 1 to 100 sectors, a cadence of 1 to 7200 s, "
                       "noise above 0, and limits in order.");
    return QN_OK;
}

static enum qn_status fill_folder(struct synth *y, int64_t stars, int64_t sectors,
                                  struct qn_error *err)
{
    enum qn_status status = qn_make_dirs(y->folder, err);
    qn_buf_printf(&y->candidates, "label,source,tid,target_id,period,depth,duration,epoch\n");
    qn_buf_printf(&y->truth, "target,kind,period,t0,duration,depth,secondary_depth,snr\n");
    for (int64_t i = 0; i < stars && !status; i++) {
        struct star star = make_star(y, (size_t)i);
        list_star(y, &star);
        for (int sector = 1; sector <= sectors && !status; sector++)
            status = write_sector(y, &star, sector, err);
    }
    if (!status)
        status = write_table(y, "candidates.csv", &y->candidates, err);
    return status ? status : write_table(y, "truth.csv", &y->truth, err);
}

enum qn_status qn_transit_synth(const struct qn_options *options, struct qn_error *err)
{
    struct synth y = {.options = options,
                      .folder = qn_option_string(options, "output"),
                      .seed = (uint64_t)qn_option_int(options, "seed"),
                      .cadence = qn_option_real(options, "cadence"),
                      .noise = qn_option_real(options, "noise") * 1e-6,
                      .red = qn_option_real(options, "red") * 1e-6};
    int64_t stars = qn_option_int(options, "stars");
    int64_t sectors = qn_option_int(options, "sectors");
    enum qn_status status = check(&y, stars, sectors, err);
    if (!status) {
        y.points = (size_t)(DAYS_OF_SECTOR * 86400 / y.cadence);
        status = fill_folder(&y, stars, sectors, err);
    }
    if (!status)
        qn_terminal_print(
            stderr, "%s: %lld stars, %lld sectors of %zu points; candidates.csv, truth.csv.\n",
            y.folder, (long long)stars, (long long)sectors, y.points);
    qn_buf_release(&y.file);
    qn_buf_release(&y.candidates);
    qn_buf_release(&y.truth);
    return status;
}
