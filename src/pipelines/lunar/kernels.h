/* A set of SPICE kernels: where bodies are at a time, the leap seconds, the Moon's orientation.
 * Later files come before earlier ones, within a file later segments before earlier ones, as in
 * SPICE; positions are chained from body to body. What no kernel tells is taken from constants
 * (leap seconds to 2017, IAU_MOON) and series (Sun, Earth and Moon), and said in the notes.
 *
 * Not for several threads; processes may share a set that was made before they were started.
 */
#ifndef QN_PIPELINES_LUNAR_KERNELS_H
#define QN_PIPELINES_LUNAR_KERNELS_H

#include "compute/ephemeris_time.h"
#include "compute/moon_frame.h"
#include "format/spice/spk.h"

/* Bodies in NAIF's numbers. */
enum {
    QN_BODY_CENTRE = 0, /* of the solar system */
    QN_BODY_EARTH_MOON = 3,
    QN_BODY_SUN = 10,
    QN_BODY_LUNAR_PROSPECTOR = -25,
    QN_BODY_MOON = 301,
    QN_BODY_EARTH = 399
};
const char *qn_body_name(int body); /* "Moon", NULL for those not known here */

struct qn_kernels;

enum qn_status qn_kernels_new(struct qn_kernels **kernels, struct qn_error *err);
void qn_kernels_free(struct qn_kernels *kernels);

/* Adds a file; what it is, its first bytes tell. Binary kernels other than SPK are left aside with
 * a note. */
enum qn_status qn_kernels_load(struct qn_kernels *kernels, const char *path, struct qn_error *err);

/* To be called once all files are loaded: takes leap seconds and the Moon's orientation from them.
 * QN_ERR_INPUT when their numbers make no sense. */
enum qn_status qn_kernels_ready(struct qn_kernels *kernels, struct qn_error *err);

const struct qn_leaps *qn_kernels_leaps(const struct qn_kernels *kernels);
const struct qn_moon_frame *qn_kernels_moon(const struct qn_kernels *kernels);

/* What the log should say: lines about constants used in place of kernels, files left aside. */
const char *qn_kernels_notes(const struct qn_kernels *kernels);

/* The geometric state (no light time) of `target` as seen from `centre` in J2000: km, km/s.
 * QN_ERR_INPUT where no chain of segments leads from one to the other at that time: the message
 * says which body is missing or has a gap, what the kernels do cover, and where to get what is
 * missing.
 */
enum qn_status qn_kernels_state(struct qn_kernels *kernels, int target, int centre, double et,
                                double state[6], struct qn_error *err);

/* The same where a gap is an answer: *known is false. What fails is reading a kernel. */
enum qn_status qn_kernels_find(struct qn_kernels *kernels, int target, int centre, double et,
                               double state[6], bool *known, struct qn_error *err);

/* From the first to the last time at which segments tell of `body`; false when none does. There may
 * be gaps between. */
bool qn_kernels_coverage(const struct qn_kernels *kernels, int body, double *start, double *stop);

#endif
