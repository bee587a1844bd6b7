/* What the archives keep of Lunar Prospector, by name: the files that `quern lunar` reads beside
 * the electron spectra, what they cover, where they come from and what they hash to. Messages about
 * missing files and `quern lunar fetch` are written from this table.
 */
#ifndef QN_PIPELINES_LUNAR_ARCHIVE_H
#define QN_PIPELINES_LUNAR_ARCHIVE_H

#include "base/calendar.h"

#include <stddef.h>

enum qn_archive_kind {
    QN_ARCHIVE_ORBIT,    /* SPK of the spacecraft about the Moon */
    QN_ARCHIVE_PLANETS,  /* SPK of Sun, Earth and Moon: optional, series take its place */
    QN_ARCHIVE_LEAPS,    /* leap-second kernel: optional, built-in constants take its place */
    QN_ARCHIVE_FRAMES,   /* planetary constants: optional, the same */
    QN_ARCHIVE_ATTITUDE, /* attitude table */
    QN_ARCHIVE_THETA     /* latitudes of the 88 cells */
};

struct qn_archive_file {
    const char *name; /* as it is stored locally; NULL ends the table */
    enum qn_archive_kind kind;
    const char *url;
    const char *sha1;  /* NULL: none is known */
    const char *first; /* UTC dates covered, "1998-01-11"; NULL: all times */
    const char *last;
};

extern const struct qn_archive_file qn_archive_files[];

/* The folder of kernels below that of the data, as `quern lunar fetch` and `quern synth lunar` lay
 * them out. Attitude and theta table lie in the data's folder itself. */
#define QN_ARCHIVE_KERNELS "spice_kernels"
bool qn_archive_is_kernel(enum qn_archive_kind kind);

/* The electron spectra: days from first to last, a file each, in a folder per month. */
#define QN_ARCHIVE_SPECTRA   "https://pds-ppi.igpp.ucla.edu/data/lp-er-calibrated/data-3deleflux/"
#define QN_ARCHIVE_FIRST_DAY "1998-01-16"
#define QN_ARCHIVE_LAST_DAY  "1999-07-29"
enum { QN_ARCHIVE_PATH = 32 };

/* "1998/091_120APR/3D980410.TAB": below QN_ARCHIVE_SPECTRA and below the data's folder. */
void qn_archive_spectra_path(struct qn_civil day, char path[QN_ARCHIVE_PATH]);

/* The file of a kind that covers a day ("1998-06-08"); NULL when there is none. */
const struct qn_archive_file *qn_archive_find(enum qn_archive_kind kind, const char *date);

#endif
