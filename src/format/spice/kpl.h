/* SPICE text kernels: assignments of numbers and texts to names, between \begindata and \begintext
 * (NAIF, "Kernel required reading"). Leap seconds and the orientation of bodies come as such.
 *
 * A pool keeps what was read; a later assignment to a name takes its place, += adds to it. Dates
 * (@1972-JAN-1) are kept as numbers: seconds past 2000-01-01T12:00, without leap seconds.
 */
#ifndef QN_FORMAT_KPL_H
#define QN_FORMAT_KPL_H

#include <quern/error.h>
#include <stdbool.h>
#include <stddef.h>

struct qn_kpl;

enum qn_status qn_kpl_new(struct qn_kpl **pool, struct qn_error *err);
void qn_kpl_free(struct qn_kpl *pool);

/* Whether bytes begin like a text kernel: "KPL/", or \begindata alone on a line. */
bool qn_kpl_recognize(const char *bytes, size_t len);

/* Reads a kernel. The error names the line. Assignments before it are in the pool by then. */
enum qn_status qn_kpl_load(struct qn_kpl *pool, const char *path, struct qn_error *err);

/* The same for text in memory; `path` is for messages. */
enum qn_status qn_kpl_parse(struct qn_kpl *pool, const char *path, const char *text, size_t len,
                            struct qn_error *err);

/* The numbers of a name, NULL when it has none (or texts); they live until the next load. *count is
 * 0 then. */
const double *qn_kpl_numbers(const struct qn_kpl *pool, const char *name, size_t *count);

/* The i-th text of a name, NULL when there is none (or it has numbers). */
const char *qn_kpl_text(const struct qn_kpl *pool, const char *name, size_t i);

/* All names, in the order in which they came: NULL at and beyond the last. */
const char *qn_kpl_name(const struct qn_kpl *pool, size_t i);

#endif
