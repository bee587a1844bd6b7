/* Targets and points of a light curve: see curve.h. Reading FITS is in curve_fits.c, text in
 * curve_text.c. */
#include "pipelines/transit/curve.h"

#include "base/sys.h"
#include "compute/robust.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- targets -------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    enum qn_catalogue catalogue;
} catalogues[] = {
    {"TIC", QN_TIC}, {"KIC", QN_KIC}, {"EPIC", QN_EPIC}, {"KEPLER", QN_KIC}, {"KTWO", QN_EPIC}};

/* The number that is all the rest of the text, blanks, dashes and a final ".0" aside. */
static bool number_in(const char *text, uint64_t *number)
{
    char *end;
    while (*text == ' ' || *text == '-' || *text == '_')
        text++;
    if (!isdigit((unsigned char)*text))
        return false;
    *number = strtoull(text, &end, 10);
    if (!strncmp(end, ".0", 2))
        for (end += 2; *end == '0'; end++)
            ;
    while (*end == ' ')
        end++;
    return !*end;
}

struct qn_target qn_target_parse(const char *text, enum qn_catalogue assumed)
{
    struct qn_target target = {0};
    while (*text == ' ')
        text++;
    for (size_t i = 0; i < sizeof catalogues / sizeof *catalogues; i++) {
        size_t len = strlen(catalogues[i].name);
        if (!strncasecmp(text, catalogues[i].name, len) && number_in(text + len, &target.number)) {
            target.catalogue = catalogues[i].catalogue;
            return target;
        }
    }
    if (assumed != QN_NO_CATALOGUE && number_in(text, &target.number)) {
        target.catalogue = assumed;
        return target;
    }
    snprintf(target.name, sizeof target.name, "%s", text);
    for (size_t n = strlen(target.name); n > 0 && target.name[n - 1] == ' '; n--)
        target.name[n - 1] = '\0';
    return target;
}

bool qn_target_same(const struct qn_target *a, const struct qn_target *b)
{
    if (a->catalogue != b->catalogue)
        return false;
    return a->catalogue == QN_NO_CATALOGUE ? !strcasecmp(a->name, b->name) : a->number == b->number;
}

void qn_target_text(const struct qn_target *target, char text[QN_TARGET_NAME])
{
    static const char *const names[QN_CATALOGUES] = {"", "TIC", "KIC", "EPIC"};
    if (target->catalogue == QN_NO_CATALOGUE || target->catalogue >= QN_CATALOGUES)
        snprintf(text, QN_TARGET_NAME, "%s", target->name);
    else
        snprintf(text, QN_TARGET_NAME, "%s %llu", names[target->catalogue],
                 (unsigned long long)target->number);
}

/* ---- scales of time ------------------------------------------------------------------------- */

static const struct {
    const char *name;
    double zero;
} scales[QN_LC_SCALES] = {[QN_LC_DAYS] = {"days", NAN},
                          [QN_LC_BTJD] = {"BTJD", 2457000},
                          [QN_LC_BKJD] = {"BKJD", 2454833}};

double qn_scale_zero(enum qn_lc_scale scale)
{
    return scales[scale].zero;
}

const char *qn_scale_name(enum qn_lc_scale scale)
{
    return scales[scale].name;
}

/* ---- memory --------------------------------------------------------------------------------- */

void qn_lc_clear(struct qn_lc *lc)
{
    struct qn_buf buffers[4];
    memcpy(buffers, lc->buffers, sizeof buffers);
    *lc = (struct qn_lc){.star = {NAN, NAN, NAN, NAN, NAN}};
    memcpy(lc->buffers, buffers, sizeof buffers);
    for (int i = 0; i < 4; i++)
        qn_buf_clear(&lc->buffers[i]);
}

void qn_lc_release(struct qn_lc *lc)
{
    for (int i = 0; i < 4; i++)
        qn_buf_release(&lc->buffers[i]);
    lc->n = 0;
}

enum qn_status qn_lc_reserve(struct qn_lc *lc, size_t more, struct qn_error *err)
{
    double **arrays[] = {&lc->time, &lc->flux, &lc->err};
    for (int i = 0; i < 3; i++) {
        lc->buffers[i].len = lc->n * sizeof(double);
        if (!qn_buf_reserve(&lc->buffers[i], (more + 1) * sizeof(double)))
            return qn_fail_memory(err, "a light curve", (lc->n + more) * sizeof(double));
        *arrays[i] = (double *)(void *)lc->buffers[i].data;
    }
    return QN_OK;
}

/* ---- files ---------------------------------------------------------------------------------- */

void qn_lc_file_stamp(struct qn_lc_file *file)
{
    struct stat st;
    file->size = 0;
    file->mtime_ns = 0;
    if (qn_sys.stat(file->path, &st) < 0)
        return;
    file->size = (uint64_t)st.st_size;
    file->mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
}

enum qn_status qn_lc_file_check(const struct qn_lc_file *file, struct qn_error *err)
{
    struct qn_lc_file now = {.path = file->path};
    qn_lc_file_stamp(&now);
    if (now.size == file->size && now.mtime_ns == file->mtime_ns)
        return QN_OK;
    return qn_fail_at(err, QN_ERR_CHANGED, file->path, -1,
                      "the light curve '%s' is not the one that the run was planned with: it was "
                      "changed, replaced or removed.",
                      file->path);
}

/* ---- points --------------------------------------------------------------------------------- */

static double median_from(struct qn_lc *lc, size_t start, double *scratch)
{
    memcpy(scratch, lc->flux + start, (lc->n - start) * sizeof *scratch);
    return qn_median(scratch, lc->n - start);
}

/* Magnitudes and differences to relative flux. */
static void to_flux(struct qn_lc *lc, size_t start, enum qn_lc_unit unit, double median)
{
    for (size_t i = start; i < lc->n; i++) {
        if (unit == QN_LC_MAG) {
            lc->flux[i] = pow(10, -0.4 * (lc->flux[i] - median));
            lc->err[i] *= lc->flux[i] * 0.4 * M_LN10;
        } else if (unit == QN_LC_RELATIVE) {
            lc->flux[i] += 1;
        }
    }
}

static void drop_not_finite(struct qn_lc *lc, size_t start)
{
    size_t kept = start;
    for (size_t i = start; i < lc->n; i++) {
        if (!isfinite(lc->time[i]) || !isfinite(lc->flux[i]))
            continue;
        lc->time[kept] = lc->time[i];
        lc->flux[kept] = lc->flux[i];
        lc->err[kept] = isfinite(lc->err[i]) && lc->err[i] > 0 ? lc->err[i] : NAN;
        kept++;
    }
    lc->n = kept;
}

/* Times of a file to the curve's scale; false when the two cannot be joined. */
static bool join_scale(struct qn_lc *lc, size_t start, enum qn_lc_scale scale)
{
    if (lc->files == 0)
        lc->scale = scale;
    if (lc->scale == scale)
        return true;
    double shift = qn_scale_zero(scale) - qn_scale_zero(lc->scale);
    for (size_t i = start; i < lc->n; i++)
        lc->time[i] += shift;
    return isfinite(shift);
}

/* Differences from 1 lie around 0; fluxes do not. */
static enum qn_lc_unit guess_unit(double median, enum qn_lc_unit unit)
{
    if (unit != QN_LC_UNIT_AUTO)
        return unit;
    return fabs(median) < 0.1 ? QN_LC_RELATIVE : QN_LC_FLUX;
}

enum qn_status qn_lc_close_file(struct qn_lc *lc, size_t start, enum qn_lc_scale scale,
                                enum qn_lc_unit unit, const char *path, struct qn_error *err)
{
    lc->rows += lc->n - start;
    drop_not_finite(lc, start);
    if (lc->n == start)
        return qn_fail_at(err, QN_ERR_INPUT, path, -1,
                          "no row of '%s' has a time and a flux that pass the quality mask.", path);
    if (!join_scale(lc, start, scale)) {
        lc->n = start;
        return qn_fail_at(err, QN_ERR_INPUT, path, -1,
                          "the times of '%s' are on another scale than those of the files before.",
                          path);
    }
    qn_buf_clear(&lc->buffers[3]);
    double *scratch = (void *)qn_buf_reserve(&lc->buffers[3], (lc->n - start) * sizeof(double));
    if (!scratch)
        return qn_fail_memory(err, "a light curve", (lc->n - start) * sizeof(double));
    if (unit == QN_LC_UNIT_RAW) {
        lc->files++;
        return QN_OK;
    }
    double median = median_from(lc, start, scratch);
    to_flux(lc, start, guess_unit(median, unit), median);
    median = median_from(lc, start, scratch);
    if (!(median > 0 && isfinite(median))) {
        lc->n = start;
        return qn_fail_at(err, QN_ERR_INPUT, path, -1,
                          "the median flux of '%s' is %g: it cannot be made relative.", path,
                          median);
    }
    for (size_t i = start; i < lc->n; i++) {
        lc->flux[i] /= median;
        lc->err[i] /= median;
    }
    drop_not_finite(lc, start); /* what is too large for a flux by now */
    lc->files++;
    return QN_OK;
}

/* ---- order in time -------------------------------------------------------------------------- */

struct place {
    double time;
    size_t index;
};

static int by_time(const void *a, const void *b)
{
    const struct place *x = a;
    const struct place *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

static void permute(double *values, const struct place *places, size_t n, double *scratch)
{
    for (size_t i = 0; i < n; i++)
        scratch[i] = values[places[i].index];
    memcpy(values, scratch, n * sizeof *values);
}

static enum qn_status sort_points(struct qn_lc *lc, struct qn_error *err)
{
    size_t n = lc->n;
    qn_buf_clear(&lc->buffers[3]);
    struct place *places = (struct place *)(void *)qn_buf_reserve(
        &lc->buffers[3], n * (sizeof(struct place) + sizeof(double)));
    if (!places)
        return qn_fail_memory(err, "the order of a light curve", n * sizeof(struct place));
    double *scratch = (double *)(void *)(places + n);
    for (size_t i = 0; i < n; i++)
        places[i] = (struct place){lc->time[i], i};
    qsort(places, n, sizeof *places, by_time);
    permute(lc->time, places, n, scratch);
    permute(lc->flux, places, n, scratch);
    permute(lc->err, places, n, scratch);
    return QN_OK;
}

enum qn_status qn_lc_sort(struct qn_lc *lc, struct qn_error *err)
{
    for (size_t i = 1; i < lc->n && !lc->unsorted; i++)
        lc->unsorted = lc->time[i] < lc->time[i - 1];
    return lc->unsorted ? sort_points(lc, err) : QN_OK;
}

enum qn_status qn_lc_finish(struct qn_lc *lc, struct qn_error *err)
{
    enum qn_status status = qn_lc_sort(lc, err);
    size_t kept = 0;
    for (size_t i = 0; !status && i < lc->n; i++) {
        /* A second is shorter than any cadence. */
        if (kept > 0 && lc->time[i] - lc->time[kept - 1] < 1.0 / 86400) {
            lc->duplicates++;
            continue;
        }
        lc->time[kept] = lc->time[i];
        lc->flux[kept] = lc->flux[i];
        lc->err[kept] = lc->err[i];
        kept++;
    }
    lc->n = status ? lc->n : kept;
    return status;
}
