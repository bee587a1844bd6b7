/* The options of `quern lunar map` that say what is measured and how; parsed once per process, and
 * shared by the verbs that measure single sweeps. */
#ifndef QN_PIPELINES_LUNAR_SETTINGS_H
#define QN_PIPELINES_LUNAR_SETTINGS_H

#include "compute/potentials.h"
#include "pipelines/lunar/inputs.h"

#include <quern/pipeline.h>

struct qn_lunar_settings {
    struct qn_potential_options fit;
    struct qn_lunar_period period;
};

/* For tables of options: everything above but the period. */
#define QN_LUNAR_MEASURE_OPTIONS                                                                   \
    {"profile", QN_OPT_CHOICE, "robust|classic", "robust",                                         \
     "how sweeps are fitted: with the faults of the published procedure mended, or as published"}, \
        {"losscone-fit-method", QN_OPT_CHOICE, "halekas|lillis", NULL,                             \
         "with --profile classic: fit the loss cone to logarithms of all cells (halekas, if not "  \
         "given) "                                                                                 \
         "or to the cells of a middle band"},                                                      \
        {"u-spacecraft", QN_OPT_REAL, "VOLTS", NULL,                                               \
         "take this spacecraft potential for every sweep instead of estimating it"},               \
    {                                                                                              \
        "look-direction", QN_OPT_CHOICE, "flight|look", "flight",                                  \
            "what the angles of cells are: where their electrons fly to, or where cells look"      \
    }

extern const struct qn_option qn_lunar_map_options[];

/* QN_ERR_USAGE for a month of 13, a day without a month, and the like. Verbs without --year take
 * any time. */
enum qn_status qn_lunar_settings_parse(struct qn_lunar_settings *settings,
                                       const struct qn_options *options, struct qn_error *err);

#endif
