/* The index of a local mirror: see mirror.h. */
#include "pipelines/transit/mirror.h"

#include "base/io.h"
#include "base/sys.h"
#include "format/fits.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DEEPEST = 12 };

static const char *const author_names[QN_AUTHORS] = {"spoc",    "tess-spoc", "qlp",   "tglc",
                                                     "eleanor", "cdips",     "k2sff", "other"};

const char *qn_author_name(enum qn_author author)
{
    return author_names[author];
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

bool qn_mirror_parse_name(const char *name, struct qn_mirror_file *file)
{
    char stem[256];
    snprintf(stem, sizeof stem, "%s", name);
    char *dot = strrchr(stem, '.');
    if (dot)
        *dot = '\0';
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

/* Star and sector from a FITS header, for files whose name does not tell. */
static void ask_header(const char *path, struct qn_mirror_file *file, struct qn_buf *memory)
{
    struct qn_fits *fits;
    char text[QN_FITS_TEXT];
    double number;
    if (qn_fits_open_headers(&fits, path, 0, memory, NULL))
        return;
    bool tess = qn_fits_text(fits, 0, "TELESCOP", text) && !strcmp(text, "TESS");
    bool k2 = qn_fits_text(fits, 0, "MISSION", text) && !strcmp(text, "K2");
    enum qn_catalogue assumed = tess ? QN_TIC : k2 ? QN_EPIC : QN_KIC;
    file->mission = tess ? 'T' : k2 ? '2' : 'K';
    bool told = known_star(&file->target); /* a name goes first; what differs is found in reading */
    if (!told && qn_fits_number(fits, 0, tess ? "TICID" : "KEPLERID", &number) && number > 0)
        file->target = (struct qn_target){.catalogue = assumed, .number = (uint64_t)number};
    else if (!told && qn_fits_text(fits, 0, "OBJECT", text) && *text)
        file->target = qn_target_parse(text, assumed);
    if (qn_fits_number(fits, 0,
                       tess ? "SECTOR"
                       : k2 ? "CAMPAIGN"
                            : "QUARTER",
                       &number) &&
        number >= 0 && number < 100000)
        file->sector = (int32_t)number;
    if (file->author == QN_AUTHOR_OTHER && qn_fits_text(fits, 0, "CREATOR", text) &&
        (strstr(text, "LightCurve") || strstr(text, "FluxExporter")))
        file->author = QN_AUTHOR_SPOC;
    qn_fits_close(fits);
}

/* ---- walking -------------------------------------------------------------------------------- */

struct walk {
    struct qn_mirror *mirror;
    struct qn_buf memory;
    bool (*stop)(void *);
    void *context;
    struct qn_error *err;
};

static bool ends_with(const char *name, const char *end)
{
    size_t a = strlen(name);
    size_t b = strlen(end);
    return a > b && !strcasecmp(name + a - b, end);
}

static bool is_text(const char *name)
{
    return ends_with(name, ".csv") || ends_with(name, ".txt") || ends_with(name, ".dat");
}

static enum qn_status add_file(struct walk *walk, const char *path, uint64_t size)
{
    struct qn_mirror *mirror = walk->mirror;
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    struct qn_mirror_file file = {.sector = -1, .author = QN_AUTHOR_OTHER, .size = size};
    bool text = is_text(name);
    if (!text && !ends_with(name, ".fits") && !ends_with(name, ".fit"))
        return QN_OK;
    qn_mirror_parse_name(name, &file);
    if (!text && (!known_star(&file.target) || file.sector < 0))
        ask_header(path, &file, &walk->memory);
    if (!known_star(&file.target)) {
        snprintf(file.target.name, sizeof file.target.name, "%.*s",
                 (int)(strrchr(name, '.') - name), name);
        if (!text && mirror->unknown++ == 0)
            snprintf(mirror->first_unknown, sizeof mirror->first_unknown, "%s", path);
    }
    file.path = mirror->texts.len;
    qn_buf_append(&mirror->texts, path, strlen(path) + 1);
    qn_buf_append(&mirror->files, &file, sizeof file);
    mirror->count++;
    return mirror->files.failed || mirror->texts.failed
               ? qn_fail_memory(walk->err, "the index of light curves", mirror->files.len)
               : QN_OK;
}

static enum qn_status visit(struct walk *walk, const char *path, int depth);

static enum qn_status visit_folder(struct walk *walk, const char *path, int depth)
{
    enum qn_status status = QN_OK;
    DIR *folder = opendir(path);
    if (!folder)
        return qn_fail_errno(walk->err, errno, "read the folder", path);
    struct dirent *entry;
    while (!status && (entry = readdir(folder))) {
        char child[PATH_MAX];
        if (entry->d_name[0] == '.')
            continue;
        if (snprintf(child, sizeof child, "%s/%s", path, entry->d_name) >= PATH_MAX)
            continue;
        status = visit(walk, child, depth + 1);
    }
    closedir(folder);
    return status;
}

static enum qn_status visit(struct walk *walk, const char *path, int depth)
{
    struct stat st;
    if (walk->stop && walk->stop(walk->context))
        return qn_fail(walk->err, QN_ERR_CANCELLED, "indexing light curves was stopped.");
    if (qn_sys.stat(path, &st) < 0)
        return depth == 0 ? qn_fail_errno(walk->err, errno, "find", path) : QN_OK;
    if (S_ISDIR(st.st_mode))
        return depth < DEEPEST ? visit_folder(walk, path, depth) : QN_OK;
    return S_ISREG(st.st_mode) ? add_file(walk, path, (uint64_t)st.st_size) : QN_OK;
}

/* ---- order ---------------------------------------------------------------------------------- */

static int by_star(const struct qn_target *a, const struct qn_target *b)
{
    if (a->catalogue != b->catalogue)
        return a->catalogue < b->catalogue ? -1 : 1;
    if (a->catalogue != QN_NO_CATALOGUE)
        return a->number < b->number ? -1 : a->number > b->number;
    return strcasecmp(a->name, b->name);
}

static int by_star_and_sector(const void *a, const void *b, void *texts)
{
    const struct qn_mirror_file *x = a;
    const struct qn_mirror_file *y = b;
    int order = by_star(&x->target, &y->target);
    if (order != 0)
        return order;
    if (x->mission != y->mission)
        return x->mission < y->mission ? -1 : 1;
    if (x->sector != y->sector)
        return x->sector < y->sector ? -1 : 1;
    return strcmp((const char *)texts + x->path, (const char *)texts + y->path);
}

const struct qn_mirror_file *qn_mirror_files(const struct qn_mirror *mirror)
{
    return (const struct qn_mirror_file *)(const void *)mirror->files.data;
}

const char *qn_mirror_path(const struct qn_mirror *mirror, const struct qn_mirror_file *file)
{
    return (const char *)mirror->texts.data + file->path;
}

void qn_mirror_release(struct qn_mirror *mirror)
{
    qn_buf_release(&mirror->files);
    qn_buf_release(&mirror->texts);
}

enum qn_status qn_mirror_index(struct qn_mirror *mirror, const char *folder, bool (*stop)(void *),
                               void *context, struct qn_error *err)
{
    struct walk walk = {.mirror = mirror, .stop = stop, .context = context, .err = err};
    enum qn_status status = visit(&walk, folder, 0);
    if (!status && mirror->count > 0)
        qsort_r(mirror->files.data, mirror->count, sizeof(struct qn_mirror_file),
                by_star_and_sector, mirror->texts.data);
    qn_buf_release(&walk.memory);
    return status;
}

/* ---- choosing ------------------------------------------------------------------------------- */

static size_t first_of(const struct qn_mirror *mirror, const struct qn_target *target)
{
    const struct qn_mirror_file *files = qn_mirror_files(mirror);
    size_t low = 0;
    size_t high = mirror->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (by_star(&files[middle].target, target) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Lower is better; above 999: not at all. */
static unsigned rank(const struct qn_mirror_file *file, const struct qn_mirror_choice *choice)
{
    if (file->cadence == QN_CADENCE_FAST && !choice->fast)
        return 1000;
    if (choice->author_rank[file->author] == 255)
        return 1000;
    enum qn_cadence wanted = choice->fast ? QN_CADENCE_FAST : choice->cadence;
    /* Kepler's long cadence is the usual one, TESS's is that of full frames. */
    if (!choice->fast && file->mission != 'T' && choice->cadence == QN_CADENCE_SHORT)
        wanted = QN_CADENCE_LONG;
    return choice->author_rank[file->author] * 10u + (file->cadence == wanted ? 0 : 1);
}

size_t qn_mirror_choose(const struct qn_mirror *mirror, const struct qn_target *target,
                        const struct qn_mirror_choice *choice, struct qn_buf *chosen)
{
    const struct qn_mirror_file *files = qn_mirror_files(mirror);
    size_t count = 0;
    size_t i = first_of(mirror, target);
    while (i < mirror->count && by_star(&files[i].target, target) == 0) {
        size_t best = i;
        size_t end = i + 1;
        while (end < mirror->count && by_star(&files[end].target, target) == 0 &&
               files[i].sector >= 0 && files[end].sector == files[i].sector &&
               files[end].mission == files[i].mission) {
            if (rank(&files[end], choice) < rank(&files[best], choice))
                best = end;
            end++;
        }
        if (rank(&files[best], choice) < 1000) {
            qn_buf_append(chosen, &best, sizeof best);
            count++;
        }
        i = end;
    }
    return count;
}
