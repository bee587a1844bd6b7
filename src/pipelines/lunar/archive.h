/* What the archives keep of Lunar Prospector, by name: the files that `quern lunar` reads beside
 * the electron spectra, what they cover, where they come from and what they hash to. Messages about
 * missing files and `quern lunar fetch` are written from this table.
 */
#ifndef QN_PIPELINES_LUNAR_ARCHIVE_H
#define QN_PIPELINES_LUNAR_ARCHIVE_H

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

/* The file of a kind that covers a day ("1998-06-08"); NULL when there is none. */
const struct qn_archive_file *qn_archive_find(enum qn_archive_kind kind, const char *date);

#endif
