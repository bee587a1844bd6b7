/* A light curve as the pipeline works on it: points of one target from any number of files, masked,
 * each file divided by its median, sorted in time, without duplicates. */
#ifndef QN_PIPELINES_TRANSIT_CURVE_H
#define QN_PIPELINES_TRANSIT_CURVE_H

#include "base/buf.h"

#include <math.h>
#include <quern/error.h>
#include <stdbool.h>

enum qn_lc_mask { QN_LC_MASK_DEFAULT, QN_LC_MASK_NONE, QN_LC_MASK_HARD, QN_LC_MASK_HARDEST };
enum qn_lc_scale { QN_LC_DAYS, QN_LC_BTJD, QN_LC_BKJD, QN_LC_SCALES };
/* RELATIVE: flux - 1; RAW: not even divided by the median. */
enum qn_lc_unit { QN_LC_FLUX, QN_LC_MAG, QN_LC_RELATIVE, QN_LC_UNIT_AUTO, QN_LC_UNIT_RAW };

enum qn_catalogue { QN_NO_CATALOGUE, QN_TIC, QN_KIC, QN_EPIC, QN_CATALOGUES };

enum { QN_TARGET_NAME = 64 };

/* A star: a number in a catalogue, or a name where there is none. */
struct qn_target {
    uint32_t catalogue;
    uint32_t reserved;
    uint64_t number;
    char name[QN_TARGET_NAME];
};

/* From "TIC 123", "tic123", "EPIC-201", "Kepler ..." or a plain number, which belongs to
 * `assumed`; anything else is a name. */
struct qn_target qn_target_parse(const char *text, enum qn_catalogue assumed);
bool qn_target_same(const struct qn_target *a, const struct qn_target *b);
void qn_target_text(const struct qn_target *target, char text[QN_TARGET_NAME]);

double qn_scale_zero(enum qn_lc_scale scale); /* the BJD at which the scale is 0; NaN for DAYS */
const char *qn_scale_name(enum qn_lc_scale scale);

struct qn_lc_options {
    enum qn_lc_mask mask;
    enum qn_lc_unit unit;
    const char *flux_column; /* NULL: the product's usual one */
};

struct qn_star { /* of the file's header; NaN: not told */
    double teff;
    double logg;
    double radius;
    double mass;
    double magnitude;
};

struct qn_lc { /* zero-initialise, then qn_lc_release; qn_lc_clear keeps the memory */
    size_t n;
    double *time; /* ascending after qn_lc_finish */
    double *flux; /* relative, median 1 */
    double *err;  /* relative; NaN where the file has none */
    enum qn_lc_scale scale;
    struct qn_star star;
    size_t files;
    size_t rows;       /* read, before masks */
    size_t duplicates; /* dropped */
    bool unsorted;     /* as read */
    char product[32];  /* of the last file */
    struct qn_buf buffers[4];
};

void qn_lc_clear(struct qn_lc *lc);
void qn_lc_release(struct qn_lc *lc);

/* Room for `more` points behind lc->n, in all three arrays. */
enum qn_status qn_lc_reserve(struct qn_lc *lc, size_t more, struct qn_error *err);

/* A file of a star as it was when the run was planned. */
struct qn_lc_file {
    const char *path;
    uint64_t size;
    int64_t mtime_ns;
};

/* Notes size and time of the file at file->path; zeros when there is none to be found. */
void qn_lc_file_stamp(struct qn_lc_file *file);

/* QN_ERR_CHANGED, naming the file, when it has another size or time now. */
enum qn_status qn_lc_file_check(const struct qn_lc_file *file, struct qn_error *err);

/* Whether a name is that of a FITS file, packed or not. */
bool qn_lc_is_fits_name(const char *name);

/* Adds the points of one file, FITS or text by its name. QN_ERR_INPUT for a damaged file,
 * one of another target, or one without a usable point; QN_ERR_UNSUPPORTED for a layout that is
 * not read. `target` may be NULL: any. `memory` holds the file. */
enum qn_status qn_lc_add_file(struct qn_lc *lc, const char *path,
                              const struct qn_lc_options *options, const struct qn_target *target,
                              struct qn_buf *memory, struct qn_error *err);
enum qn_status qn_lc_add_text(struct qn_lc *lc, const char *path,
                              const struct qn_lc_options *options, struct qn_buf *memory,
                              struct qn_error *err);

/* Takes the points from `start` on as read from a file: drops those that are not finite, divides by
 * the median, joins the scale. */
enum qn_status qn_lc_close_file(struct qn_lc *lc, size_t start, enum qn_lc_scale scale,
                                enum qn_lc_unit unit, const char *path, struct qn_error *err);

/* Sorts in time. */
enum qn_status qn_lc_sort(struct qn_lc *lc, struct qn_error *err);

/* Sorts in time and drops points at times already there (the first file's stay). */
enum qn_status qn_lc_finish(struct qn_lc *lc, struct qn_error *err);

#endif
