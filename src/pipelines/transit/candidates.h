/* The table of candidates: any CSV or Parquet file whose columns have one of the usual names (of
 * the TOI and KOI lists, the NASA archive, SHERLOCK ...), units told by those names, by an option
 * or by their size. What was decided is said in notes. */
#ifndef QN_PIPELINES_TRANSIT_CANDIDATES_H
#define QN_PIPELINES_TRANSIT_CANDIDATES_H

#include "pipelines/transit/curve.h"

enum { QN_CANDIDATE_TEXT = 48, QN_CANDIDATE_NOTES = 8, QN_CANDIDATE_TARGETS = 4 };

/* One row; goes into a task's payload as it is. NaN where the table has nothing usable. */
struct qn_candidate {
    struct qn_target target;
    struct qn_target others[QN_CANDIDATE_TARGETS - 1]; /* the same star in other catalogues */
    uint64_t target_count;                             /* of all */
    char name[QN_CANDIDATE_TEXT];                      /* TOI, KOI ... */
    char label[QN_CANDIDATE_TEXT];
    char source[QN_CANDIDATE_TEXT];
    double period;   /* days */
    double depth;    /* relative flux */
    double duration; /* days */
    double epoch;    /* days, on the scale below */
    double teff;     /* K, cgs, Sun = 1 */
    double logg;
    double radius;
    double mass;
    uint32_t epoch_scale; /* enum qn_lc_scale; QN_LC_DAYS: that of the light curve */
    uint32_t epoch_known; /* 1: the scale is told by the value or by the column's name */
    uint64_t row;         /* in the table, from 0 */
    char trouble[128];    /* what makes the row unusable; "" for none */
};

struct qn_candidates {  /* zero-initialise, then qn_candidates_release */
    struct qn_buf rows; /* struct qn_candidate */
    size_t count;
    size_t duplicates; /* rows of a target and period that an earlier row has too */
    char notes[QN_CANDIDATE_NOTES][256];
    size_t note_count;
};

struct qn_candidate_units { /* texts of options; "auto" to decide */
    const char *depth;      /* ppm ppt percent fraction */
    const char *duration;   /* hours days minutes */
    const char *epoch;      /* bjd btjd bkjd mjd curve */
};

void qn_candidates_release(struct qn_candidates *candidates);
const struct qn_candidate *qn_candidate_at(const struct qn_candidates *candidates, size_t i);
enum qn_status qn_candidates_read(struct qn_candidates *candidates, const char *path,
                                  const struct qn_candidate_units *units, struct qn_error *err);

/* The epoch on the scale of a light curve; NaN when it cannot be told. */
double qn_candidate_epoch(const struct qn_candidate *candidate, enum qn_lc_scale scale);

#endif
