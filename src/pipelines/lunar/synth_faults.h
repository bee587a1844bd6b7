/* Faults that archives have, planted into synthetic sweeps so that what is made of them can be
 * tested: see `quern synth lunar --faults`. */
#ifndef QN_PIPELINES_LUNAR_SYNTH_FAULTS_H
#define QN_PIPELINES_LUNAR_SYNTH_FAULTS_H

#include "base/buf.h"
#include "format/er3d.h"

enum qn_synth_fault {
    QN_FAULT_NONE,
    QN_FAULT_DEAD,         /* no counts at all */
    QN_FAULT_TEAM_FLAGS,   /* all cells flagged as missing by the instrument's team */
    QN_FAULT_PPI_FLAGS,    /* the same by the PDS' node */
    QN_FAULT_SOME_FLAGS,   /* a third of the cells flagged, by either */
    QN_FAULT_EMPTY_ROW,    /* an energy without counts */
    QN_FAULT_182_FIELDS,   /* a row that misses one */
    QN_FAULT_184_FIELDS,   /* a row that has one too many */
    QN_FAULT_TEXT,         /* stars in place of an energy */
    QN_FAULT_14_ROWS,      /* the last row missing */
    QN_FAULT_BACK_IN_TIME, /* two rows exchanged */
    QN_FAULT_NO_FIELD,     /* a magnetic field of 0 */
    QN_FAULT_WILD_FIELD,   /* one of 2000 nT */
    QN_FAULT_NO_TIME,      /* 1970-01-01T00:00:00 */
    QN_SYNTH_FAULTS
};
const char *qn_synth_fault_name(enum qn_synth_fault fault); /* "dead", "" for none */

/* A sweep about to be written. */
struct qn_synth_rows {
    size_t count;
    char utc[QN_ER_ROWS][QN_ER_UTC];
    double time_s[QN_ER_ROWS];
    double energy_ev[QN_ER_ROWS];
    double mag_nt[QN_ER_ROWS][3];
    double flux[QN_ER_ROWS][QN_ER_CELLS];
    double phi_deg[QN_ER_ROWS][QN_ER_CELLS];
};

/* Spoils the numbers; what spoils the text of a row is done to it after writing. `line` is where
 * the row begins in `out`; it has not got its end of line yet. */
void qn_synth_spoil(enum qn_synth_fault fault, struct qn_synth_rows *rows);
void qn_synth_spoil_line(enum qn_synth_fault fault, size_t row, struct qn_buf *out, size_t line);

#endif
