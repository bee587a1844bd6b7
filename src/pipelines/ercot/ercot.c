/* The pipeline `ercot`: its verbs, options and steps as tables. */
#include "pipelines/ercot/ercot.h"

#include "pipelines/ercot/cells.h"
#include "pipelines/ercot/infer.h"
#include "pipelines/ercot/steps.h"
#include "pipelines/ercot/synth.h"

#include <string.h>

static const struct qn_option rollup_options[] = {
    {"schema", QN_OPT_PATH, "FILE", NULL, "tables besides those that are built in"},
    {"price-type", QN_OPT_CHOICE, "double|decimal", "double",
     "prices as the nearest double, or exact with six decimals"},
    {"max-bad-ratio", QN_OPT_REAL, "PART", "0.1",
     "a file with a larger part of bad rows is refused as a whole"},
    {"point", QN_OPT_STRING, "NAME", NULL, "the point whose prices the pictures show"},
    {0}};

static const struct qn_option synth_options[] = {
    {"output", QN_OPT_PATH, "DIR", NULL, "the folder to write to"},
    {"table", QN_OPT_CHOICE, "rt|dam|sced", "rt",
     "real-time prices, day-ahead prices, or 60-day SCED generation"},
    {"pack", QN_OPT_CHOICE, "csv|zip|nested", "csv",
     "plain, a zip per file, or a zip of zips a day"},
    {"start", QN_OPT_STRING, "DATE", "2024-03-01", "first operating day"},
    {"days", QN_OPT_INT, "N", "1", "operating days"},
    {"points", QN_OPT_INT, "N", "1011", "rows of an interval"},
    {"seed", QN_OPT_INT, "N", "1", "of the prices"},
    {"faults", QN_OPT_FLAG, NULL, NULL,
     "plant known faults in real-time prices; DIR.answer.json tells what has to be found"},
    {0}};

static uint32_t number(const struct qn_options *options, const char *name)
{
    int64_t value = qn_option_int(options, name);
    return value < 0 ? 0 : value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static enum qn_status synthesize(const struct qn_options *options, struct qn_error *err)
{
    const char *start = qn_option_string(options, "start");
    const char *table = qn_option_string(options, "table");
    const char *pack = qn_option_string(options, "pack");
    struct er_synth synth = {
        .folder = qn_option_string(options, "output"),
        .table = !strcmp(table, "rt")    ? ER_SYNTH_RT
                 : !strcmp(table, "dam") ? ER_SYNTH_DAM
                                         : ER_SYNTH_SCED,
        .pack = !strcmp(pack, "csv")   ? ER_SYNTH_CSV
                : !strcmp(pack, "zip") ? ER_SYNTH_ZIP
                                       : ER_SYNTH_NESTED,
        .days = number(options, "days"),
        .points = number(options, "points"),
        .seed = (uint64_t)qn_option_int(options, "seed"),
        .faults = qn_option_flag(options, "faults"),
    };
    if (!synth.folder)
        return qn_fail(err, QN_ERR_USAGE, "where to? Name the folder to write to: -o DIR.");
    if (!er_read_date(start, strlen(start), &synth.first_day))
        return qn_fail(err, QN_ERR_USAGE, "--start '%s' is no date. Write it as 2024-03-01.",
                       start);
    return er_synthesize(&synth, err);
}

static const struct qn_option schema_options[] = {
    {"output", QN_OPT_PATH, "FILE", NULL, "the schema file to write; replaced when it exists"},
    {0}};

static enum qn_status infer(const struct qn_options *options, struct qn_error *err)
{
    const char *path = qn_option_string(options, "output");
    if (!path)
        return qn_fail(err, QN_ERR_USAGE, "where to? Name the file to write: -o FILE.");
    return er_infer(options, path, err);
}

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
    {.name = "schema",
     .inputs = "DIR|FILE...",
     .summary = "find the types of any other CSV files, for rollup --schema",
     .details = "Reads all rows of all files, in parallel, and writes a schema file: a table for "
                "each kind of header, and for each column the narrowest type that all its values "
                "have. Look it over, add keys and units, and pass it to rollup.",
     .example = "quern ercot schema trades/ -o trades.schema\n"
                "quern ercot rollup trades/ --schema trades.schema -o trades.ds",
     .options = schema_options,
     .run = infer},
    {.name = "synth",
     .inputs = NULL,
     .summary = "write a synthetic archive of market files",
     .details = "Prices and SCED tables in the form of the real ones, with their quirks. The same "
                "options give the same bytes on every machine.",
     .example = "quern synth ercot --days 31 -o march\n"
                "quern synth ercot --faults --pack nested -o faulty",
     .options = synth_options,
     .run = synthesize},
    {0}};

const struct qn_pipeline qn_ercot_pipeline = {
    .name = "ercot",
    .summary = "files of the Texas power market to Parquet",
    .items = "files",
    .version = 2,
    .reuses_parts = true,
    .verbs = verbs,
    .plan = er_plan,
    .open_worker = er_open_worker,
    .run_task = er_run_task,
    .close_worker = er_close_worker,
    .glue = er_glue,
    .describe = er_describe,
    .verify = er_verify,
    .report = er_report,
};
