/* Writes 3DYYMMDD.TAB and THETA.TAB (format/er3d.h): for synthetic archives and tests. */
#ifndef QN_FORMAT_ER3D_WRITE_H
#define QN_FORMAT_ER3D_WRITE_H

#include "base/buf.h"
#include "format/er3d.h"

struct qn_er_row {
    const char *utc; /* "1998-06-08T00:27:41" */
    double time_s;
    double energy_ev;
    int64_t spec_no;
    double mag_nt[3];
    const double *flux;    /* QN_ER_CELLS */
    const double *phi_deg; /* likewise */
};

/* What stands for a value that is missing: the flags of the instrument's team, and of the PDS'
 * Planetary Plasma Interactions node. */
#define QN_ER_TEAM_FLUX 9.999e-99
#define QN_ER_TEAM_PHI  999.99
#define QN_ER_PPI_FLUX  (-9.99e-99)
#define QN_ER_PPI_PHI   998.99

/* Appends a row without the end of its line, in columns: fluxes with four digits, angles with two
 * decimals. */
void qn_er_write_row(struct qn_buf *out, const struct qn_er_row *row);

/* Appends the table of latitudes, eight a line. */
void qn_er_theta_write(struct qn_buf *out, const double theta_deg[QN_ER_CELLS]);

#endif
