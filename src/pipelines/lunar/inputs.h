/* The files that `quern lunar` reads, found by their names below folders of any layout, in any
 * case: electron spectra (3DYYMMDD.TAB), theta.tab, attitude.tab, SPICE kernels (*.bsp, *.tpc,
 * *.tls ...).
 */
#ifndef QN_PIPELINES_LUNAR_INPUTS_H
#define QN_PIPELINES_LUNAR_INPUTS_H

#include "base/buf.h"

#include <quern/error.h>

struct qn_lunar_period { /* of time, as asked for; 0: any */
    int year;            /* 1998 */
    int month;           /* 1 to 12 */
    int day;             /* 1 to 31 */
};

/* Whether a day (from 1970-01-01) belongs to it. */
bool qn_lunar_period_has(const struct qn_lunar_period *period, int32_t day);

struct qn_lunar_day { /* one file of spectra */
    const char *path;
    uint64_t size;
    int32_t day; /* from 1970-01-01, by its name */
};

struct qn_lunar_inputs { /* zero-initialise, then qn_lunar_inputs_release */
    struct qn_buf days;  /* struct qn_lunar_day, in order of time, then of path */
    size_t day_count;
    struct qn_buf kernels; /* const char *, in order of their names: later ones come first */
    size_t kernel_count;
    const char *theta; /* NULL: not there */
    const char *attitude;
    size_t left_aside; /* files of a day that another file has already */
    const char *first_left_aside;
    struct qn_buf paths; /* char *, owned */
};

/* Looks at `place`, a file or a folder; to be called for each that was named, then sort. A file
 * that was named itself is taken whatever its name, if it is one of spectra: its day is then that
 * of its first row. `stop` may be NULL. */
enum qn_status qn_lunar_inputs_add(struct qn_lunar_inputs *inputs, const char *place,
                                   bool (*stop)(void *), void *context, struct qn_error *err);

/* Puts the files in order. One file for a day: the first by its path; others are left aside. */
void qn_lunar_inputs_sort(struct qn_lunar_inputs *inputs);
void qn_lunar_inputs_release(struct qn_lunar_inputs *inputs);

const struct qn_lunar_day *qn_lunar_days(const struct qn_lunar_inputs *inputs);
const char *const *qn_lunar_kernels(const struct qn_lunar_inputs *inputs);

/* QN_ERR_INPUT when theta.tab, attitude.tab or every kernel is missing: which one it takes for a
 * day (from 1970-01-01), and where to get it. */
enum qn_status qn_lunar_inputs_check(const struct qn_lunar_inputs *inputs, int32_t day,
                                     const char *place, struct qn_error *err);

/* The day that a name "3DYYMMDD.TAB" tells, in any case; years from 51 on are of the 20th century.
 * False for any other name. */
bool qn_lunar_day_of_name(const char *name, int32_t *day);

#endif
