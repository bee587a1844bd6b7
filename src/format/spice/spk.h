/* SPK, the SPICE kernels of orbits: which segments there are, and the few numbers of a segment that
 * decide the state at one time (NAIF, "SPK required reading"). Types 1, 2, 3, 5, 8, 9, 12, 13, 21.
 * What the numbers mean is told by compute/orbit.h; who asks for a body is
 * pipelines/lunar/kernels.h.
 */
#ifndef QN_FORMAT_SPK_H
#define QN_FORMAT_SPK_H

#include "format/spice/daf.h"

struct qn_spk_segment {
    int32_t target; /* bodies in NAIF's numbers */
    int32_t centre;
    int32_t frame; /* compute/moon_frame.h */
    int32_t type;
    double start; /* ephemeris time, both ends belong to it */
    double stop;
    uint64_t first; /* words of its array */
    uint64_t last;
};

/* Segment `i` of an SPK file; QN_ERR_INPUT when its times are no times. */
enum qn_status qn_spk_segment(const struct qn_daf *daf, size_t i, struct qn_spk_segment *segment,
                              struct qn_error *err);

/* Most points of a window, and terms of a difference line; larger ones are refused. */
enum { QN_SPK_WINDOW_MAX = 32, QN_SPK_TERMS_MAX = 25 };

bool qn_spk_supported(int type);

/* A segment's layout, read once, and a place in it. */
struct qn_spk;

/* QN_ERR_UNSUPPORTED names a type that is not known; QN_ERR_INPUT: the numbers that describe the
 * array (records, degree ...) do not fit it. `daf` has to outlive *spk. */
enum qn_status qn_spk_new(struct qn_spk **spk, const struct qn_daf *daf,
                          const struct qn_spk_segment *segment, struct qn_error *err);
void qn_spk_free(struct qn_spk *spk);

/* What decides the state at a time. The arrays live until the next call for this segment. */
struct qn_spk_piece {
    int type;
    double mid; /* types 2, 3: the middle and half the length of the time they cover */
    double radius;
    double gm;             /* type 5 */
    size_t n;              /* 2, 3: coefficients of a component; 1, 21: terms; others: points */
    const double *numbers; /* 2, 3: coefficients; 1, 21: a difference line; others: n states */
    const double *epochs;  /* types 5, 8, 9, 12, 13: of the n states */
};

/* The piece for `et`, which should be within the segment (the nearest piece otherwise). Cheap for
 * times near the last one asked. */
enum qn_status qn_spk_piece(struct qn_spk *spk, double et, struct qn_spk_piece *piece,
                            struct qn_error *err);

#endif
