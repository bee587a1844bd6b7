/* The table of sweeps of a finished dataset (spectra.parquet) read back for the report: some of its
 * columns as doubles. */
#ifndef QN_PIPELINES_LUNAR_SPECTRA_H
#define QN_PIPELINES_LUNAR_SPECTRA_H

#include <quern/error.h>
#include <stdbool.h>
#include <stddef.h>

enum qn_spectra_column {
    QN_SPECTRA_DAY, /* from 1970-01-01 */
    QN_SPECTRA_FILE_SPEC_NO,
    QN_SPECTRA_TIME, /* Unix seconds */
    QN_SPECTRA_LAT,  /* of the spacecraft */
    QN_SPECTRA_LON,
    QN_SPECTRA_FOOT_LAT,
    QN_SPECTRA_FOOT_LON,
    QN_SPECTRA_FOOT_IN_SUN, /* 0 or 1 */
    QN_SPECTRA_TEMPERATURE, /* eV */
    QN_SPECTRA_SPACECRAFT_V,
    QN_SPECTRA_SURFACE_V,
    QN_SPECTRA_IDENTIFIABLE, /* 0 or 1 */
    QN_SPECTRA_USED_ROWS,
    QN_SPECTRA_COLUMNS
};

struct qn_lunar_spectra {
    size_t count;
    double *values[QN_SPECTRA_COLUMNS]; /* `count` each; NaN for NULL */
    bool marked; /* there are sweeps whose data tell the potential from any other */
};

/* QN_ERR_CORRUPT when a column is missing or of another type than written. */
enum qn_status qn_lunar_spectra_read(struct qn_lunar_spectra *spectra, const char *dataset,
                                     struct qn_error *err);
void qn_lunar_spectra_release(struct qn_lunar_spectra *spectra);

#endif
