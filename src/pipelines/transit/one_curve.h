/* What the verbs that look at a single light curve share: `periodogram` and `vet`. */
#ifndef QN_PIPELINES_TRANSIT_ONE_CURVE_H
#define QN_PIPELINES_TRANSIT_ONE_CURVE_H

#include "compute/bls.h"
#include "pipelines/transit/curve.h"

#include <jansson.h>
#include <quern/pipeline.h>

#define QN_ONE_CURVE_OPTIONS                                                                       \
    {"flux-column", QN_OPT_STRING, "NAME", NULL, "take this column instead of the usual one"},     \
        {"flux-unit", QN_OPT_CHOICE, "auto|flux|mag|relative|raw", "auto",                         \
         "of a text file; raw: as it is, not divided by its median"},                              \
    {                                                                                              \
        "errors", QN_OPT_FLAG, NULL, NULL, "weigh points by their errors; leave out those without" \
    }

struct qn_one {
    struct qn_lc lc;
    struct qn_buf memory;
    struct qn_buf weights;
    struct qn_curve curve;
};

/* The only input: points in order of time, or as they are in the file (astropy's sums follow it),
 * with weights if --errors asks for them. Release `one` after failures, too. */
enum qn_status qn_one_open(struct qn_one *one, const struct qn_options *options, bool in_order,
                           struct qn_error *err);
void qn_one_release(struct qn_one *one);

struct qn_named {
    const char *name;
    double value;
};

/* JSON: null for what is not finite. */
json_t *qn_one_real(double value);
json_t *qn_one_object(const struct qn_named *values, size_t count);

/* Prints the value to standard output and drops it. */
enum qn_status qn_one_print(json_t *value, struct qn_error *err);

#endif
