/* The fields of the trace header that a scan found something in, one row each: what reports and
 * JSON list. */
#ifndef QN_PIPELINES_SEGY_SCAN_FIELDS_H
#define QN_PIPELINES_SEGY_SCAN_FIELDS_H

#include "pipelines/segy/scan/scan.h"

struct qn_scan_row {
    const char *name; /* of the standard's field, or "" */
    unsigned byte;
    const char *type; /* "int16", ... */
    double min, max;  /* min > max: no number */
    char text[12];    /* of text fields */
    enum qn_behaviour behaviour;
    bool rises, falls;
    double run;        /* mean length of runs of the same value; 0: not seen */
    uint64_t distinct; /* different values; 0: not known */
    bool about;        /* that is an estimate; 10000: that many or more */
};

/* Enough for all headers that are looked at. */
#define QN_SCAN_ROWS 256

/* Fills rows of all fields that are not zero everywhere, in the order of their bytes; returns how
 * many there are. */
size_t qn_scan_rows(const struct qn_scan *scan, struct qn_scan_row rows[QN_SCAN_ROWS]);

/* "one more in every trace", "rises in runs of 18, 24 values", "varies, 10000+ values". */
#define QN_SCAN_BEHAVIOUR 64
void qn_scan_behaviour(const struct qn_scan_row *row, char text[QN_SCAN_BEHAVIOUR]);

/* A value as short as it stays exact: "4000", "-1.5e-05", "6213970.5". */
#define QN_SCAN_VALUE 32
const char *qn_scan_value(double value, char text[QN_SCAN_VALUE]);

#endif
