/* One sweep as people look at it: spectrum beside its fit, fluxes by pitch angle beside the fitted
 * loss cone. Made of what measure.h found; told as text, JSON or a picture. */
#ifndef QN_PIPELINES_LUNAR_VIEW_H
#define QN_PIPELINES_LUNAR_VIEW_H

#include "pipelines/lunar/measure.h"

#include <jansson.h>

struct qn_lunar_view {
    char name[64]; /* "sweep 653 of 3D990429.TAB" */
    const struct qn_er_sweep *file;
    const struct qn_lunar_sweep *sweep;
    const struct qn_lunar_row *rows;
    bool fitted; /* what follows has content */
    struct qn_potentials found;

    /* Rows that took part, by falling energy. */
    size_t n;
    double energy_ev[QN_ER_ROWS];
    double flux[QN_ER_ROWS];     /* omnidirectional, of cells that move towards the Moon */
    double error[QN_ER_ROWS];    /* of counting */
    double model[QN_ER_ROWS];    /* of the fit, through the analyser; NaN: none */
    double edge_deg[QN_ER_ROWS]; /* pitch angle where the loss cone begins; NaN: none */
    double pitch_deg[QN_ER_ROWS][QN_ER_CELLS];
    double norm[QN_ER_ROWS][QN_ER_CELLS]; /* over the mean incident flux; NaN: none */
    size_t sunlit; /* cells left out here as in the fits, since sunlight gets into them */
};

/* Pitch angles are binned for text. */
enum { QN_VIEW_BINS = 12, QN_VIEW_BIN_DEG = 15 };

/* The sweep of a number in a file, measured, with its view: for a verb and for the report. Large:
 * not for the stack. */
struct qn_lunar_lookup {
    struct qn_er_sweep file;
    struct qn_lunar_sweep sweep;
    struct qn_lunar_row rows[QN_ER_ROWS];
    struct qn_lunar_view view;
};

/* QN_ERR_INPUT when the file has no such sweep; the message says which it has. */
enum qn_status qn_lunar_look_up(struct qn_lunar_lookup *lookup, struct qn_lunar_measure *measure,
                                enum qn_sense sense, const char *path, int64_t number,
                                struct qn_error *err);

/* Mean normalised flux in a bin of pitch angles; NaN without cells. */
double qn_lunar_view_bin(const struct qn_lunar_view *view, size_t row, size_t bin);

/* Where the loss cone of a fit begins at an energy: 180 degrees less alpha_c; NaN without one. */
double qn_lunar_edge_deg(const struct qn_potentials *found, double energy_ev);

/* Appends the text for a terminal. */
struct qn_terminal;
void qn_lunar_view_text(const struct qn_lunar_view *view, const struct qn_terminal *terminal,
                        struct qn_buf *out);

/* All of it; NULL when out of memory. Missing numbers are null. */
json_t *qn_lunar_view_json(const struct qn_lunar_view *view);

/* Appends a picture: spectrum, fluxes by energy and pitch angle, and by pitch angle at some
 * energies, with the fits. */
enum qn_status qn_lunar_view_png(const struct qn_lunar_view *view, struct qn_buf *png,
                                 struct qn_error *err);

#endif
