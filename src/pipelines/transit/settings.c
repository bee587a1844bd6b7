/* Options of the verbs that are jobs, and what they mean: see settings.h. */
#include "pipelines/transit/settings.h"

#include "compute/bls_search.h"
#include "format/text/delimited.h"

#include <stdlib.h>
#include <string.h>

#define CURVE_OPTIONS                                                                              \
    {"mask", QN_OPT_CHOICE, "default|none|hard|hardest", "default",                                \
     "bits of quality that exclude a point, as lightkurve names them"},                            \
        {"author", QN_OPT_LIST, "NAME,...", NULL,                                                  \
         "whose light curve of a sector to take, best first; others are not used (default: spoc, " \
         "tess-spoc, qlp, tglc, eleanor, cdips, k2sff, other)"},                                   \
        {"cadence", QN_OPT_CHOICE, "short|long|fast", "short",                                     \
         "of TESS: 120 s, full frames, or 20 s where there are; Kepler: 1 or 30 min"},             \
        {"flux-column", QN_OPT_STRING, "NAME", NULL, "take this column instead of the usual one"}, \
        {"index", QN_OPT_CHOICE, "auto|keep|none", "auto",                                         \
         "of a folder, kept in it as .quern-index, so that only folders that changed are read "    \
         "again; auto: where there are thousands of files"},                                       \
    {                                                                                              \
        "flux-unit", QN_OPT_CHOICE, "auto|flux|mag|relative", "auto",                              \
            "of text files: a flux, magnitudes, or differences from 1"                             \
    }

#define SEARCH_OPTIONS                                                                             \
    {"detrend", QN_OPT_CHOICE, "auto|none|biweight", "auto",                                       \
     "take out slow trends; auto: in the robust profile"},                                         \
        {"window", QN_OPT_REAL, "DAYS", NULL,                                                      \
         "of the trend; default: a day, or three durations if that is longer; of unknown "         \
         "transits three days, where no trend is left then"},                                      \
        {"clip", QN_OPT_REAL, "SIGMA", "5",                                                        \
         "drop points this far above the trend, and lone ones as far below; 0: none"},             \
        {"durations", QN_OPT_LIST, "DAYS,...", NULL,                                               \
         "trial durations of boxes (default .05,.1,.15,.2,.25,.33)"},                              \
        {"tls", QN_OPT_CHOICE, "off|fast|exact", "off",                                            \
         "fit a transit template as well; exact is transitleastsquares' own search"},              \
    {                                                                                              \
        "least-points", QN_OPT_INT, "N", "50", "a light curve with fewer is not searched"          \
    }

const struct qn_option qn_features_options[] = {
    {"light-curves", QN_OPT_PATH, "DIR|URL", NULL,
     "folder of light curves, of any layout (`quern transit fetch` fills one), or a template of "
     "addresses as `fetch` has it, such as http://host/{tic16}_lc.fits"},
    {"sectors", QN_OPT_LIST, "N,...", NULL, "sectors for addresses that have {sector}"},
    {"downloads", QN_OPT_PATH, "DIR", NULL,
     "where what is fetched goes and stays (default: CANDIDATES.light-curves)"},
    {"backoff", QN_OPT_REAL, "SECONDS", "2",
     "of downloads: before the second attempt; doubles each time"},
    {"profile", QN_OPT_CHOICE, "robust|classic", "robust",
     "definitions of the features: corrected ones, or the published formulas to the digit"},
    {"depth-unit", QN_OPT_CHOICE, "auto|ppm|ppt|percent|fraction", "auto", "of the table's depths"},
    {"duration-unit", QN_OPT_CHOICE, "auto|hours|days|minutes", "auto", "of its durations"},
    {"epoch-scale", QN_OPT_CHOICE, "auto|bjd|btjd|bkjd|mjd|curve", "auto",
     "of its epochs: BJD, BJD - 2457000, BJD - 2454833, BJD - 2400000.5, the light curve's own"},
    CURVE_OPTIONS,
    SEARCH_OPTIONS,
    {"bls-grid", QN_OPT_CHOICE, "fast|astropy", "fast",
     "search in two stages, or over astropy's periods with its results"},
    {"sheets", QN_OPT_INT, "N", "0", "draw vetting sheets of the N strongest candidates"},
    {"periodograms", QN_OPT_FLAG, NULL, NULL, "write each candidate's periodogram"},
    {"retry", QN_OPT_CHOICE, "none|failed", "none",
     "failed: take over the rows of --previous that are ok, and do the others again"},
    {"previous", QN_OPT_PATH, "DATASET", NULL, "an earlier result, for --retry"},
    {"allow-synthetic", QN_OPT_FLAG, NULL, NULL,
     "where a star has no light curve, make one of the candidate's own values; the row says so"},
    {0}};

const struct qn_option qn_search_options[] = {
    {"min-period", QN_OPT_REAL, "DAYS", "0.5", "shortest period"},
    {"max-period", QN_OPT_REAL, "DAYS", NULL, "longest period (default: half the span)"},
    {"planets", QN_OPT_INT, "N", "3", "signals to look for in a star, one after another"},
    {"min-snr", QN_OPT_REAL, "X", "7.1", "signals weaker than this are not listed"},
    CURVE_OPTIONS,
    SEARCH_OPTIONS,
    {"sheets", QN_OPT_INT, "N", "0", "draw vetting sheets of the N strongest signals"},
    {"periodograms", QN_OPT_FLAG, NULL, NULL, "write each star's periodogram"},
    {0}};

static bool is(const struct qn_options *options, const char *name, const char *value)
{
    const char *text = qn_option_string(options, name);
    return text && !strcmp(text, value);
}

static enum qn_status take_authors(struct qn_settings *settings, const struct qn_options *options,
                                   struct qn_error *err)
{
    size_t named = qn_option_count(options, "author");
    memset(settings->choice.author_rank, 255, sizeof settings->choice.author_rank);
    for (int author = 0; named == 0 && author < QN_AUTHORS; author++)
        settings->choice.author_rank[author] = (uint8_t)author;
    for (size_t i = 0; i < named; i++) {
        const char *name = qn_option_item(options, "author", i);
        int author = 0;
        while (author < QN_AUTHORS && strcmp(qn_author_name((enum qn_author)author), name) != 0)
            author++;
        if (author == QN_AUTHORS)
            return qn_fail(err, QN_ERR_USAGE,
                           "--author: '%s' is not known. Known are spoc, tess-spoc, qlp, tglc, "
                           "eleanor, cdips, k2sff and other.",
                           name);
        settings->choice.author_rank[author] = (uint8_t)i;
    }
    return QN_OK;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static enum qn_status take_durations(struct qn_settings *settings, const struct qn_options *options,
                                     struct qn_error *err)
{
    size_t n = qn_option_count(options, "durations");
    if (n == 0) {
        settings->duration_count = sizeof qn_default_durations / sizeof *qn_default_durations;
        memcpy(settings->durations, qn_default_durations, sizeof qn_default_durations);
        return QN_OK;
    }
    if (n > QN_MOST_DURATIONS)
        return qn_fail(err, QN_ERR_USAGE, "--durations takes at most %d values.",
                       QN_MOST_DURATIONS);
    for (size_t i = 0; i < n; i++) {
        const char *text = qn_option_item(options, "durations", i);
        if (!qn_delimited_number(text, &settings->durations[i]) || settings->durations[i] <= 0)
            return qn_fail(err, QN_ERR_USAGE, "--durations: '%s' is no number of days above 0.",
                           text);
    }
    settings->duration_count = n;
    qsort(settings->durations, n, sizeof(double), by_value);
    return QN_OK;
}

static enum qn_lc_mask mask_of(const struct qn_options *options)
{
    static const char *const names[] = {"default", "none", "hard", "hardest"};
    int mask = 0;
    while (mask < 3 && !is(options, "mask", names[mask]))
        mask++;
    return (enum qn_lc_mask)mask;
}

static enum qn_lc_unit unit_of(const struct qn_options *options)
{
    static const char *const names[] = {"flux", "mag", "relative", "auto"};
    int unit = 0;
    while (unit < 3 && !is(options, "flux-unit", names[unit]))
        unit++;
    return (enum qn_lc_unit)unit;
}

static enum qn_status check(const struct qn_settings *settings, struct qn_error *err)
{
    if (settings->window < 0 || settings->clip_high < 0 || settings->min_period < 0 ||
        settings->max_period < 0)
        return qn_fail(err, QN_ERR_USAGE,
                       "--window, --clip, --min-period and --max-period cannot be below 0.");
    if (settings->blind && settings->max_period > 0 && settings->max_period < settings->min_period)
        return qn_fail(err, QN_ERR_USAGE, "--max-period %g is below --min-period %g.",
                       settings->max_period, settings->min_period);
    return QN_OK;
}

enum qn_status qn_settings_parse(struct qn_settings *settings, const struct qn_options *options,
                                 struct qn_error *err)
{
    bool classic = is(options, "profile", "classic");
    int64_t planets = qn_option_int(options, "planets");
    int64_t least = qn_option_int(options, "least-points");
    *settings = (struct qn_settings){
        .blind = !qn_option_string(options, "profile"),
        .profile = classic ? QN_PROFILE_CLASSIC : QN_PROFILE_ROBUST,
        .tls = is(options, "tls", "fast")    ? QN_TLS_FAST
               : is(options, "tls", "exact") ? QN_TLS_EXACT
                                             : QN_TLS_OFF,
        .curve = {mask_of(options), unit_of(options), qn_option_string(options, "flux-column")},
        .choice = {.cadence = is(options, "cadence", "long") ? QN_CADENCE_LONG : QN_CADENCE_SHORT,
                   .fast = is(options, "cadence", "fast")},
        .units = {qn_option_string(options, "depth-unit"),
                  qn_option_string(options, "duration-unit"),
                  qn_option_string(options, "epoch-scale")},
        .detrend =
            is(options, "detrend", "biweight") || (is(options, "detrend", "auto") && !classic),
        .window = qn_option_real(options, "window"),
        .clip_high = classic ? 0 : qn_option_real(options, "clip"),
        .clip_low = classic ? 0 : qn_option_real(options, "clip"),
        .exact_grid = classic || is(options, "bls-grid", "astropy"),
        .min_period = qn_option_real(options, "min-period"),
        .max_period = qn_option_real(options, "max-period"),
        .min_snr = qn_option_real(options, "min-snr"),
        .planets = planets < 1    ? 1
                   : planets > 20 ? 20
                                  : (unsigned)planets,
        .least_points = least < 10 ? 10 : (size_t)least,
        .allow_synthetic = qn_option_flag(options, "allow-synthetic"),
        .keep_index = is(options, "index", "keep")   ? QN_MIRROR_KEEP
                      : is(options, "index", "none") ? QN_MIRROR_KEEP_NOTHING
                                                     : QN_MIRROR_KEEP_LARGE,
    };
    enum qn_status status = take_authors(settings, options, err);
    if (!status)
        status = take_durations(settings, options, err);
    return status ? status : check(settings, err);
}
