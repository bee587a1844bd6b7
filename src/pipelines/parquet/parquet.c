/* The pipeline `parquet`: its verbs, options and steps as tables. */
#include "pipelines/parquet/parquet.h"

#include "pipelines/parquet/tools.h"
#include "pipelines/parquet/verify.h"

static const struct qn_option json_options[] = {
    {"json", QN_OPT_FLAG, NULL, NULL, "print JSON for machines"}, {0}};

#define COLUMNS                                                                                    \
    {                                                                                              \
        "columns", QN_OPT_LIST, "NAME,...", NULL, "only these columns, in this order"              \
    }

static const struct qn_option head_options[] = {
    {"rows", QN_OPT_INT, "N", "10", "how many rows"},
    {"format", QN_OPT_CHOICE, "table|csv|json", "table", "aligned, CSV, or JSON lines"},
    COLUMNS,
    {0}};

#define OVERWRITE                                                                                  \
    {                                                                                              \
        "overwrite", QN_OPT_FLAG, NULL, NULL,                                                      \
            "replace an existing file, once the new one is whole"                                  \
    }

#define OUTPUT                                                                                     \
    {"output", QN_OPT_PATH, "FILE", NULL, "where to; default: standard output"},                   \
    {                                                                                              \
        "format", QN_OPT_CHOICE, "csv|json|parquet|table", NULL,                                   \
            "default: what the output's name says, or CSV"                                         \
    }

/* How Parquet is written: what qn_pack_options_read reads. */
#define WRITING                                                                                    \
    {"group-rows", QN_OPT_INT, "N", NULL,                                                          \
     "Parquet: rows of a row group (default 1M, or 256 MiB of values if that is less)"},           \
        {"page-rows", QN_OPT_INT, "N", NULL, "Parquet: rows of a page, at most (default 20000)"},  \
        {"codec", QN_OPT_CHOICE, "zstd|snappy|gzip|lz4_raw|brotli|none", NULL,                     \
         "Parquet: compression of the pages (default zstd)"},                                      \
        {"level", QN_OPT_INT, "N", NULL, "Parquet: level of the compression"},                     \
        {"bloom", QN_OPT_LIST, "NAME,...", NULL,                                                   \
         "Parquet: bloom filters for these columns too; those that have some keep them"},          \
    {                                                                                              \
        "no-bloom", QN_OPT_FLAG, NULL, NULL, "Parquet: no bloom filters"                           \
    }

static const struct qn_option cat_options[] = {OUTPUT, OVERWRITE, COLUMNS, WRITING, {0}};

static const struct qn_option slice_options[] = {
    OUTPUT,
    OVERWRITE,
    COLUMNS,
    {"rows", QN_OPT_STRING, "FIRST:END", NULL, "rows FIRST to END - 1, counted from 0"},
    {"where", QN_OPT_STRING, "COLUMN", NULL, "only rows whose value lies between the bounds"},
    {"from", QN_OPT_STRING, "VALUE", NULL, "at least this; a date, time, number or text"},
    {"until", QN_OPT_STRING, "VALUE", NULL, "less than this"},
    WRITING,
    {0}};

static const struct qn_option diff_options[] = {
    {"key", QN_OPT_LIST, "NAME,...", NULL, "compare rows of equal key, in any order"},
    {"show", QN_OPT_INT, "N", "20", "print at most N differences one by one"},
    {0}};

static const struct qn_option merge_options[] = {
    {"output", QN_OPT_PATH, "FILE", NULL, "the file to write"}, OVERWRITE, COLUMNS, WRITING, {0}};

static const struct qn_option rewrite_options[] = {
    {"output", QN_OPT_PATH, "FILE", NULL, "the file to write"},
    OVERWRITE,
    COLUMNS,
    {"sort", QN_OPT_LIST, "NAME,...", NULL, "sort by these columns and declare it"},
    WRITING,
    {0}};

static const struct qn_option verify_options[] = {
    {"key", QN_OPT_LIST, "NAME,...", NULL, "columns that identify a row: look for duplicates"},
    {"time", QN_OPT_STRING, "NAME", NULL, "the key's time; the rest of the key names a series"},
    {"step", QN_OPT_STRING, "15m|1h|1d", NULL, "the grid of times: look for gaps"},
    {"zone", QN_OPT_STRING, "AREA/CITY", NULL, "of local times and market days (default UTC)"},
    {"repeated", QN_OPT_STRING, "NAME", NULL,
     "column that is true or Y in the second of two equal hours in autumn"},
    {"period", QN_OPT_CHOICE, "day|month|year", "month", "of the table of completeness"},
    {"range", QN_OPT_LIST, "NAME=MIN:MAX", NULL, "what a column's values may be; NaN may not"},
    {"schema", QN_OPT_PATH, "FILE", NULL,
     "JSON with the columns expected, as `quern parquet schema --json` prints it, and key, time, "
     "step, min and max if wanted"},
    {"fail-on", QN_OPT_CHOICE, "error|warning|note", "warning", "what makes the exit code 3"},
    {"show", QN_OPT_INT, "N", "100", "print at most N findings"},
    {"json", QN_OPT_FLAG, NULL, NULL, "print JSON for machines"},
    {0}};

static const struct qn_verb verbs[] = {
    {.name = "verify",
     .inputs = "FILE|DIR...",
     .summary = "recompute everything that Parquet files claim",
     .details =
         "Reads every page of every column and compares what the file says with what is there: "
         "structure, checksums, counts, statistics, page indexes, bloom filters, declared order, "
         "encodings. With --key it finds duplicates, within and across files; with --time and "
         "--step it finds gaps, on 23- and 25-hour days too. Schemas of several files are "
         "compared with each other in the order of their names.\n"
         "Exit code 0: clean, 3: something was found. With -o the findings become a dataset: "
         "findings.parquet, findings.json, files.parquet, series.parquet, completeness.parquet "
         "and report.html.",
     .example = "quern parquet verify prices/\n"
                "quern parquet verify prices/ --key time,point --time time --step 15m \\\n"
                "    --zone America/Chicago -o findings.ds",
     .options = verify_options,
     .finish = qn_verify_finish},
    {.name = "schema",
     .inputs = "FILE",
     .summary = "print the columns and their types",
     .example = "quern parquet schema prices.parquet",
     .options = json_options,
     .run = qn_tool_schema},
    {.name = "stats",
     .inputs = "FILE",
     .summary = "print sizes, encodings, bounds and what indexes there are",
     .details = "For each column: stored and unpacked size, codec, encodings of the values, which "
                "indexes it has (c: column index, o: offset index, b: bloom filter), nulls and "
                "bounds, as the footer says. `quern parquet verify` checks whether that is true.",
     .example = "quern parquet stats prices.parquet",
     .options = json_options,
     .run = qn_tool_stats},
    {.name = "head",
     .inputs = "FILE",
     .summary = "print the first rows",
     .example = "quern parquet head prices.parquet --rows 20 --columns time,price",
     .options = head_options,
     .run = qn_tool_head},
    {.name = "cat",
     .inputs = "FILE|DIR...",
     .summary = "print all rows as CSV or JSON lines, or write them as Parquet",
     .details = "Several files are printed one after another; they must have the columns of the "
                "first. Nested columns are JSON in both formats. In CSV a null is empty and an "
                "empty text is \"\".",
     .example = "quern parquet cat 2023.parquet 2024.parquet -o prices.csv",
     .options = cat_options,
     .run = qn_tool_cat},
    {.name = "diff",
     .inputs = "FILE FILE",
     .summary = "say what differs between two files",
     .details = "Compares columns by name and rows by their place, or by a key. Exit code 3 if "
                "something differs. With --key, 40 bytes of memory are taken per row.",
     .example = "quern parquet diff old.parquet new.parquet --key time,point",
     .options = diff_options,
     .run = qn_tool_diff},
    {.name = "slice",
     .inputs = "FILE|DIR...",
     .summary = "take some rows and columns",
     .example = "quern parquet slice prices.parquet --where time --from 2024-03-10 "
                "--until 2024-03-11 -o day.parquet",
     .options = slice_options,
     .run = qn_tool_slice},
    {.name = "merge",
     .inputs = "FILE|DIR...",
     .summary = "make one file of many",
     .details = "Files of one schema are merged without decoding anything: pages, indexes and "
                "bloom filters are carried over byte for byte, as row groups of the new file. "
                "Otherwise, or with an option about how Parquet is written, rows are encoded anew, "
                "with the columns of the first file; a column that a later file lacks becomes "
                "null.",
     .example = "quern parquet merge 2023.parquet 2024.parquet -o both.parquet",
     .options = merge_options,
     .run = qn_tool_merge},
    {.name = "rewrite",
     .inputs = "FILE",
     .summary = "encode a file anew and say what was gained",
     .details = "Columns of any type and nesting keep their values and annotations. Chooses "
                "encodings by the values, writes page indexes and checksums, and, with --sort, "
                "rows in that order with the order declared. Sorting holds the rows in memory.",
     .example = "quern parquet rewrite in.parquet -o out.parquet --sort point,time",
     .options = rewrite_options,
     .run = qn_tool_rewrite},
    {0}};

const struct qn_pipeline qn_parquet_pipeline = {
    .name = "parquet",
    .summary = "everyday tools for Parquet files, and their deep verifier",
    .items = "rows",
    .version = 1,
    .verbs = verbs,
    .plan = qn_verify_plan,
    .open_worker = qn_verify_open_worker,
    .run_task = qn_verify_run_task,
    .close_worker = qn_verify_close_worker,
    .glue = qn_verify_glue,
    .describe = qn_verify_describe,
    .report = qn_verify_report,
};
