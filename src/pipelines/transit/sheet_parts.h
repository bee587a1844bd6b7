/* Inside of a vetting sheet: panels are made by sheet_panels.c, texts and the page by sheet.c. */
#ifndef QN_PIPELINES_TRANSIT_SHEET_PARTS_H
#define QN_PIPELINES_TRANSIT_SHEET_PARTS_H

#include "pipelines/transit/sheet.h"
#include "render/plot.h"

/* Colours that the colour-blind tell apart (Okabe and Ito 2008), and of unlike lightness. */
#define QN_SHEET_INK    0x212121
#define QN_SHEET_POINTS 0xb4b9bf
#define QN_SHEET_BLUE   0x0072b2
#define QN_SHEET_ORANGE 0xd55e00

enum {
    QN_SHEET_WIDTH = 1320,
    QN_SHEET_HEIGHT = 1026,
    QN_SHEET_PANELS = 8,
    QN_SHEET_SERIES = 5,
    QN_SHEET_NOTES = 8 /* of a panel */
};

struct qn_sheet_panel {
    struct qn_panel frame;
    struct qn_series series[QN_SHEET_SERIES];
    struct qn_note notes[QN_SHEET_NOTES];
    size_t note_count;
    char title[120];
};

struct qn_sheet {
    const struct qn_candidate *candidate;
    const struct qn_row *row;
    const struct qn_measured *m;
    double *room; /* what is left of the memory for arrays */
    size_t left;
    double period;
    double t0;
    double duration;
    double depth; /* ppm */
    double noise; /* of a point, ppm */
    double *ppm;  /* detrended flux - 1 */
    struct qn_sheet_panel panels[QN_SHEET_PANELS];
};

/* Doubles that the panels of a curve of n points take. */
size_t qn_sheet_room(size_t n);

/* Makes all panels; s->ppm is set. */
void qn_sheet_fill(struct qn_sheet *s);

#endif
