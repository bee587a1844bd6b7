/* Sweeps of the Electron Reflectometer of Lunar Prospector: 3DYYMMDD.TAB of the data set
 * LP-L-ER-3-RDR-3DELEFLUX-80SEC, and THETA.TAB, the latitudes of its 88 cells.
 *
 * A row is text: 183 fields between blanks, ended by LF or CR LF. UTC, time (Unix seconds of the
 * sweep's start), energy [eV], spec_no, magnetic field x y z [nT], flux of 88 cells [cm^-2 s^-1
 * sr^-1 eV^-1], azimuth of 88 cells [deg]. Field and angles are in the despun frame of the
 * spacecraft (SCD). A sweep is a run of rows with one spec_no: 15 energies, in any order.
 *
 * Numbers are the doubles nearest to their text. What the producers flag as missing (flux 9.999E-99
 * and -9.99E-99, azimuth 999.99 and 998.99) is NaN. A row that is no such row keeps its place and
 * says why; nothing is left out and nothing is made up.
 */
#ifndef QN_FORMAT_ER3D_H
#define QN_FORMAT_ER3D_H

#include <quern/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    QN_ER_CELLS = 88,
    QN_ER_ROWS = 15, /* energies of a whole sweep */
    QN_ER_FIELDS = 7 + 2 * QN_ER_CELLS,
    QN_ER_UTC = 64 /* room for the text of a row's UTC */
};

enum qn_er_fault { /* what is wrong with a row */
                   QN_ER_FINE,
                   QN_ER_FIELD_COUNT, /* more or fewer than 183 fields */
                   QN_ER_NOT_NUMBER,  /* time, energy, spec_no or magnetic field is no number */
                   QN_ER_LONG_UTC,    /* its UTC has QN_ER_UTC bytes or more */
                   QN_ER_LONG_LINE,   /* a line longer than any row can be */
                   QN_ER_FAULTS
};

struct qn_er_place { /* where a row is, and what is wrong with it */
    uint64_t offset; /* of the line in the file */
    uint32_t fault;  /* enum qn_er_fault */
    uint32_t fields; /* that the line has */
    uint32_t bad;    /* 1 to 183: the first field that is no number; 0 none */
    uint32_t spoilt; /* fluxes and azimuths that are no number: missing, as flagged ones are */
};

/* One sweep. Rows in the order of the file; a row with a fault has NaN in every number that could
 * not be read, and is not for use. */
struct qn_er_sweep {
    int64_t spec_no;
    size_t rows; /* 1 to QN_ER_ROWS */
    struct qn_er_place place[QN_ER_ROWS];
    char utc[QN_ER_ROWS][QN_ER_UTC]; /* as in the file */
    double time_s[QN_ER_ROWS];       /* Unix seconds */
    double energy_ev[QN_ER_ROWS];
    double mag_nt[QN_ER_ROWS][3];
    double flux[QN_ER_ROWS][QN_ER_CELLS];    /* NaN: missing; may be negative or 0 */
    double phi_deg[QN_ER_ROWS][QN_ER_CELLS]; /* NaN: missing */
};

/* Reads the rows that begin in bytes [from, to) of a file, which has to begin at a sweep: see
 * qn_er_next_start. `path` is copied. */
struct qn_er_reader;
enum qn_status qn_er_open(struct qn_er_reader **reader, const char *path, uint64_t from,
                          uint64_t to, struct qn_error *err);
void qn_er_close(struct qn_er_reader *reader); /* NULL is fine */

/* The next sweep; *more is false at the end. Rows whose spec_no cannot be read belong to no sweep:
 * they are told to `stray`, if there is one, in order. A run of more than QN_ER_ROWS rows is given
 * in several. */
struct qn_er_stray {
    void *context;
    enum qn_status (*row)(void *context, const struct qn_er_place *place, struct qn_error *err);
};
enum qn_status qn_er_read(struct qn_er_reader *reader, struct qn_er_sweep *sweep, bool *more,
                          const struct qn_er_stray *stray, struct qn_error *err);

/* Where the first sweep begins at or after byte `at` of the file (0: at 0); the file's size when
 * none does. Reads about one sweep. */
enum qn_status qn_er_next_start(const char *path, uint64_t at, uint64_t *start,
                                struct qn_error *err);

/* THETA.TAB: the latitude of each cell [deg], 88 numbers between blanks, commas or line ends.
 * Anything else, and latitudes that are not those of the instrument (+-11.25, +-33.75, +-56.25,
 * +-78.75 in 16, 16, 8 and 4 cells each), is QN_ERR_INPUT. */
enum qn_status qn_er_theta_read(const char *path, double theta_deg[QN_ER_CELLS],
                                struct qn_error *err);

#endif
