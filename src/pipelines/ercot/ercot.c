/* The pipeline `ercot`: its verbs, options and steps as tables. */
#include "pipelines/ercot/ercot.h"

#include "pipelines/ercot/steps.h"

#include <stddef.h>

static const struct qn_option rollup_options[] = {
    {"schema", QN_OPT_PATH, "FILE", NULL, "tables besides those that are built in"},
    {"price-type", QN_OPT_CHOICE, "double|decimal", "double",
     "prices as the nearest double, or exact with six decimals"},
    {"max-bad-ratio", QN_OPT_REAL, "PART", "0.1",
     "a file with a larger part of bad rows is refused as a whole"},
    {"point", QN_OPT_STRING, "NAME", NULL, "the point whose prices the pictures show"},
    {0}};

static const struct qn_verb verbs[] = {
    {.name = "rollup",
     .inputs = "DIR|FILE...",
     .summary = "turn market files into one Parquet file per table and year",
     .details =
         "Reads CSV, gzip, zip, zips in zips and workbooks of the ERCOT market, knows which table "
         "each member is by its name and header, and makes a dataset of TABLE/YEAR.parquet: "
         "typed, with the instants of all rows in UTC, sorted, without duplicates (the latest "
         "publication stays). rejects.parquet lists every row, cell and file that could not be "
         "used, with its place and a reason; members.parquet accounts for every file; gaps.parquet "
         "lists what is missing.\n"
         "No file stops the run: rows in are rows out, rejects and duplicates, and that is "
         "checked.",
     .example = "quern ercot rollup archive/ -o prices.ds\n"
                "quern ercot rollup SPPHLZNP6905_2024-*.zip -o rt.ds --price-type decimal",
     .options = rollup_options},
    {0}};

const struct qn_pipeline qn_ercot_pipeline = {
    .name = "ercot",
    .summary = "files of the Texas power market to Parquet",
    .items = "files",
    .version = 1,
    .verbs = verbs,
    .plan = er_plan,
    .open_worker = er_open_worker,
    .run_task = er_run_task,
    .close_worker = er_close_worker,
    .glue = er_glue,
    .describe = er_describe,
};
