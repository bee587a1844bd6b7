/* The pipeline `lunar`: its verbs and steps as tables. */
#include "pipelines/lunar/lunar.h"

#include "pipelines/lunar/verbs.h"

static const struct qn_verb verbs[] = {{0}};

const struct qn_pipeline qn_lunar_pipeline = {
    .name = "lunar",
    .summary = "electron spectra of Lunar Prospector to maps of the Moon's potential",
    .items = "sweeps",
    .version = 1,
    .verbs = verbs,
};
