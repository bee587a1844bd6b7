/* Which star, mission and sector a file is of: by its name, else by its header. See mirror.h. */
#include "pipelines/transit/mirror_walk.h"

#include "format/fits.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const author_names[QN_AUTHORS] = {"spoc",    "tess-spoc", "qlp",   "tglc",
                                                     "eleanor", "cdips",     "k2sff", "other"};

const char *qn_author_name(enum qn_author author)
{
    return author_names[author];
}

/* ---- endings -------------------------------------------------------------------------------- */

static bool ends_with(const char *name, size_t len, const char *end)
{
    size_t tail = strlen(end);
    return len > tail && !strncasecmp(name + len - tail, end, tail);
}

/* Of the name as if it were not packed. */
static size_t unpacked_length(const char *name)
{
    size_t len = strlen(name);
    return ends_with(name, len, ".gz") ? len - 3 : len;
}

/* Of the name without what tells the format. */
static size_t stem_length(const char *name)
{
    size_t len = unpacked_length(name);
    for (size_t at = len; at-- > 0;)
        if (name[at] == '.')
            return at;
    return len;
}

bool qn_lc_is_fits_name(const char *name)
{
    size_t len = unpacked_length(name);
    return ends_with(name, len, ".fits") || ends_with(name, len, ".fit");
}

static bool is_text(const char *name)
{
    size_t len = unpacked_length(name);
    return ends_with(name, len, ".csv") || ends_with(name, len, ".txt") ||
           ends_with(name, len, ".dat");
}

/* ---- names ---------------------------------------------------------------------------------- */

/* A pattern: '#' stands for one or more digits, which go to the next value; '*' for anything up to
 * what follows it; letters match in either case. */
static const struct rule {
    const char *pattern;
    enum qn_catalogue catalogue;
    char mission;
    enum qn_author author;
    enum qn_cadence cadence;
    int sector; /* which value is the sector: 0, 1, or -1 for none; the other is the star */
} rules[] = {
    {"tess#-s#-#-#-a_fast-lc", QN_TIC, 'T', QN_AUTHOR_SPOC, QN_CADENCE_FAST, 1},
    {"tess#-s#-#-#-*_lc", QN_TIC, 'T', QN_AUTHOR_SPOC, QN_CADENCE_SHORT, 1},
    {"hlsp_tess-spoc_tess_phot_#-s#_tess_*_lc", QN_TIC, 'T', QN_AUTHOR_TESS_SPOC, QN_CADENCE_LONG,
     1},
    {"hlsp_tess-data-alerts_tess_phot_#-s#_tess_*_lc", QN_TIC, 'T', QN_AUTHOR_SPOC,
     QN_CADENCE_SHORT, 1},
    {"hlsp_qlp_tess_ffi_s#-#_tess_*_llc", QN_TIC, 'T', QN_AUTHOR_QLP, QN_CADENCE_LONG, 0},
    {"hlsp_gsfc-eleanor-lite_tess_ffi_s#-#_tess_*_lc", QN_TIC, 'T', QN_AUTHOR_ELEANOR,
     QN_CADENCE_LONG, 0},
    {"hlsp_tglc_tess_ffi_*s#-*", QN_NO_CATALOGUE, 'T', QN_AUTHOR_TGLC, QN_CADENCE_LONG, 0},
    {"hlsp_cdips_tess_ffi_*", QN_NO_CATALOGUE, 'T', QN_AUTHOR_CDIPS, QN_CADENCE_LONG, -1},
    {"hlsp_k2sff_k2_lightcurve_#-c#_kepler_*_llc", QN_EPIC, '2', QN_AUTHOR_K2SFF, QN_CADENCE_LONG,
     1},
    {"kplr#-#_llc", QN_KIC, 'K', QN_AUTHOR_SPOC, QN_CADENCE_LONG, 1},
    {"kplr#-#_slc", QN_KIC, 'K', QN_AUTHOR_SPOC, QN_CADENCE_SHORT, 1},
    {"ktwo#-c#_llc", QN_EPIC, '2', QN_AUTHOR_SPOC, QN_CADENCE_LONG, 1},
    {"ktwo#-c#_slc", QN_EPIC, '2', QN_AUTHOR_SPOC, QN_CADENCE_SHORT, 1},
    {"tic#*", QN_TIC, 'T', QN_AUTHOR_OTHER, QN_CADENCE_SHORT, -1},
    {"epic#*", QN_EPIC, '2', QN_AUTHOR_OTHER, QN_CADENCE_LONG, -1},
    {"kic#*", QN_KIC, 'K', QN_AUTHOR_OTHER, QN_CADENCE_LONG, -1},
};

struct values {
    uint64_t at[4];
    size_t count;
};

static bool match(const char *pattern, const char *text, struct values *values)
{
    for (; *pattern; pattern++) {
        if (*pattern == '*') {
            for (; *text; text++) {
                struct values tried = *values;
                if (match(pattern + 1, text, &tried)) {
                    *values = tried;
                    return true;
                }
            }
            return match(pattern + 1, text, values);
        }
        if (*pattern == '#') {
            if (!isdigit((unsigned char)*text) || values->count == 4)
                return false;
            char *end;
            values->at[values->count++] = strtoull(text, &end, 10);
            text = end;
            continue;
        }
        if (tolower((unsigned char)*pattern) != tolower((unsigned char)*text))
            return false;
        text++;
    }
    return !*text;
}

/* The archive's rule for names has a number before the two that count: the stamp of TESS. */
static void take_values(const struct rule *rule, const struct values *values,
                        struct qn_mirror_file *file)
{
    bool stamped = !strncmp(rule->pattern, "tess#", 5);
    const uint64_t *v = values->at + (stamped ? 1 : 0);
    file->sector = -1;
    if (stamped) { /* tess STAMP - s SECTOR - TIC */
        file->sector = (int32_t)v[0];
        file->target.number = v[1];
    } else if (rule->sector < 0) {
        file->target.number = values->count > 0 ? v[0] : 0;
    } else {
        file->sector = (int32_t)(v[rule->sector] % INT32_MAX);
        file->target.number = v[1 - rule->sector];
    }
}

/* Names that archives give to files which are no light curves: pixels, calibrations, reports of
 * the search for planets. */
static const char *const others[] = {"*_tp",  "*-tp",   "*_tpf",  "*-targ",     "*_dvt",
                                     "*_cbv", "*_ffic", "*_ffir", "*_astrocut", "*_bkg"};

bool qn_mirror_parse_name(const char *name, struct qn_mirror_file *file)
{
    char stem[256];
    struct values none = {0};
    snprintf(stem, sizeof stem, "%.*s", (int)stem_length(name), name);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        file->other |= match(others[i], stem, &none);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        struct values values = {0};
        const struct rule *rule = &rules[i];
        if (!match(rule->pattern, stem, &values))
            continue;
        file->mission = (uint32_t)rule->mission;
        file->author = rule->author;
        file->cadence = rule->cadence;
        take_values(rule, &values, file);
        file->target.catalogue = rule->catalogue;
        if (rule->catalogue == QN_NO_CATALOGUE)
            file->target.number = 0;
        return true;
    }
    return false;
}

/* ---- headers -------------------------------------------------------------------------------- */

static bool known_star(const struct qn_target *target)
{
    return target->catalogue != QN_NO_CATALOGUE ? target->number > 0 : target->name[0] != '\0';
}

/* What the headers of a mission call its things. */
static const struct mission {
    char letter;
    const char *key; /* the card with `value` */
    const char *value;
    enum qn_catalogue catalogue;
    const char *star;
    const char *sector;
} missions[] = {
    {'T', "TELESCOP", "TESS", QN_TIC, "TICID", "SECTOR"},
    {'2', "MISSION", "K2", QN_EPIC, "KEPLERID", "CAMPAIGN"},
    {'K', NULL, NULL, QN_KIC, "KEPLERID", "QUARTER"}, /* if it is none of the others */
};

static const struct mission *mission_of(const struct qn_fits *fits)
{
    char text[QN_FITS_TEXT];
    const struct mission *mission = missions;
    while (mission->key &&
           !(qn_fits_text(fits, 0, mission->key, text) && !strcmp(text, mission->value)))
        mission++;
    return mission;
}

static void take_star(const struct qn_fits *fits, const struct mission *mission,
                      struct qn_target *target)
{
    char text[QN_FITS_TEXT];
    double number;
    if (qn_fits_number(fits, 0, mission->star, &number) && number > 0 && number < 0x1p53)
        *target = (struct qn_target){.catalogue = mission->catalogue, .number = (uint64_t)number};
    else if (qn_fits_text(fits, 0, "OBJECT", text) && *text)
        *target = qn_target_parse(text, mission->catalogue);
}

static void take_creator(const char *creator, struct qn_mirror_file *file)
{
    if (strstr(creator, "LightCurve") || strstr(creator, "FluxExporter"))
        file->author = QN_AUTHOR_SPOC;
    file->other = strstr(creator, "TargetPixel") || strstr(creator, "astrocut") ||
                  strstr(creator, "DvTimeSeries") || strstr(creator, "DataValidation");
}

/* Star and sector from a FITS header, for files whose name does not tell. */
static void ask_header(const char *path, struct qn_mirror_file *file, struct qn_buf *memory)
{
    struct qn_fits *fits;
    char text[QN_FITS_TEXT];
    double number;
    if (qn_fits_open_headers(&fits, path, 0, memory, NULL))
        return;
    const struct mission *mission = mission_of(fits);
    file->mission = (uint32_t)mission->letter;
    if (!known_star(&file->target)) /* a name goes first; what differs is found in reading */
        take_star(fits, mission, &file->target);
    if (qn_fits_number(fits, 0, mission->sector, &number) && number >= 0 && number < 100000)
        file->sector = (int32_t)number;
    if (file->author == QN_AUTHOR_OTHER && qn_fits_text(fits, 0, "CREATOR", text))
        take_creator(text, file);
    qn_fits_close(fits);
}

/* ---- files ---------------------------------------------------------------------------------- */

bool qn_mirror_tell(const char *path, struct qn_mirror_file *file, struct qn_buf *memory)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    bool text = is_text(name);
    if (!text && !qn_lc_is_fits_name(name))
        return false;
    qn_mirror_parse_name(name, file);
    file->other &= !text;
    if (!text && !file->other && (!known_star(&file->target) || file->sector < 0))
        ask_header(path, file, memory);
    if (!known_star(&file->target)) {
        file->nameless = !text && !file->other;
        snprintf(file->target.name, sizeof file->target.name, "%.*s", (int)stem_length(name), name);
    }
    return true;
}
