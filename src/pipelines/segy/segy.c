/* The pipeline `segy`: its verbs, options and steps as tables. */
#include "pipelines/segy/segy.h"

#include "format/segy.h"
#include "pipelines/segy/diff/diff.h"
#include "pipelines/segy/export/export.h"
#include "pipelines/segy/import/steps.h"
#include "pipelines/segy/layouts.h"
#include "pipelines/segy/scan/scan.h"
#include "pipelines/segy/survey/overrides.h"
#include "pipelines/segy/synth.h"
#include "render/terminal.h"

#include <stdio.h>
#include <string.h>

static const struct qn_option import_options[] = {
    QN_OVERRIDE_OPTIONS,
    {"scan", QN_OPT_PATH, "FILE.json", NULL, "decisions of 'quern segy scan --json', to be kept"},
    {"gain-sign", QN_OPT_CHOICE, "plus|minus", "plus", "format 4: a gain g means 2^g or 2^-g"},
    {"layout", QN_OPT_STRING, "NAME|FILE", NULL,
     "header layout: standard, petrel, ... (quern segy layouts), or a JSON file"},
    {"headers", QN_OPT_LIST, "NAME,...", NULL, "only these fields as columns of headers.parquet"},
    {"compute", QN_OPT_TEXTS, "'NAME = EXPRESSION'", NULL,
     "one more column, computed of others; may be repeated"},
    {"raw-headers", QN_OPT_FLAG, NULL, NULL,
     "keep all header bytes as they are (default: where columns lose some)"},
    {"ensemble-key", QN_OPT_LIST, "NAME,...", NULL,
     "fields whose change starts a new gather, outermost first"},
    {"zarr", QN_OPT_CHOICE, "3|2", "3", "version of the Zarr store"},
    {"shape", QN_OPT_CHOICE, "trace-major|sample-major", "trace-major",
     "the array is amplitude[trace, time], or amplitude[time, trace] over the same bytes"},
    {"shards", QN_OPT_FLAG, NULL, "true", "a file for each chunk instead of shards of many"},
    {"codec", QN_OPT_CHOICE, "none|zstd|blosc-lz4|blosc-zstd", "blosc-lz4",
     "compression of the samples"},
    {"level", QN_OPT_INT, "N", NULL, "of the compression: zstd 1-22, blosc 0-9"},
    {"sample-type", QN_OPT_CHOICE, "native|float32", "native",
     "samples in the type of the file, or as float32"},
    {"chunk-traces", QN_OPT_INT, "N", NULL, "traces of a chunk (default: about 1.5 MiB)"},
    {"shard-traces", QN_OPT_INT, "N", NULL, "traces of a shard (default: 32 chunks)"},
    {"segment-traces", QN_OPT_INT, "N", NULL, "traces of a task (default: a shard, or more)"},
    {"grid", QN_OPT_STRING, "TEMPLATE|NAME,...", NULL,
     "also write grid.zarr, the samples by these header fields: poststack-3d, cdp-offset-2d, ... "
     "or a list of columns"},
    {"grid-chunks", QN_OPT_LIST, "N,...", NULL,
     "length of a chunk of grid.zarr along each dimension, samples last"},
    {"tile-bytes", QN_OPT_INT, "BYTES", "64M", "samples that a task of grid.zarr holds in memory"},
    {"grid-sparsity", QN_OPT_REAL, "RATIO", "10", "most cells of the grid for each trace"},
    {"duplicates", QN_OPT_CHOICE, "refuse|first|last|dimension", "refuse",
     "traces that share a cell of the grid: which is kept, or all along a dimension of their own"},
    {"traces", QN_OPT_FLAG, NULL, "true", "leave out traces.zarr: samples in grid.zarr only"},
    {"domain", QN_OPT_CHOICE, "time|depth", "time", "what samples count: milliseconds, or depth"},
    {0}};

static const struct qn_option scan_options[] = {
    QN_OVERRIDE_OPTIONS,
    {"all", QN_OPT_FLAG, NULL, NULL, "look at the headers of all traces, not of some"},
    {"bytes", QN_OPT_FLAG, NULL, NULL, "list every byte of the trace headers, under every type"},
    {"json", QN_OPT_FLAG, NULL, NULL, "print JSON, which import --scan takes"},
    {"preview", QN_OPT_INT, "N", NULL,
     "show text and binary header, the first N traces and a picture instead"},
    {"picture", QN_OPT_PATH, "FILE.png", NULL, "write a picture of the section"},
    {0}};

static const struct qn_option info_options[] = {QN_OVERRIDE_OPTIONS, {0}};

static const struct qn_option layouts_options[] = {
    {"json", QN_OPT_FLAG, NULL, NULL, "as a file for --layout"}, {0}};

static const struct qn_option synth_options[] = {
    {"output", QN_OPT_PATH, "FILE", NULL, "the file to write; replaced when it exists"},
    {"inlines", QN_OPT_INT, "N", "20", "inlines of the survey"},
    {"crosslines", QN_OPT_INT, "N", "50", "crosslines of the survey"},
    {"offsets", QN_OPT_INT, "N", "1", "traces of a gather; 1 is a stack"},
    {"samples", QN_OPT_INT, "N", "500", "samples per trace"},
    {"interval", QN_OPT_REAL, "MICROSECONDS", "4000", "time between samples"},
    {"format", QN_OPT_STRING, "CODE|NAME", "ibm", "sample format: 1 or ibm, 5 or ieee, ..."},
    {"endian", QN_OPT_CHOICE, "big|little", "big", "byte order"},
    {"revision", QN_OPT_CHOICE, "0|1|2", "1", "revision of SEG-Y"},
    {"seed", QN_OPT_INT, "N", "1", "of the noise"},
    {0}};

/* A number that has to fit an int or uint32_t; qn_segy_synthesize checks what it means. */
static uint32_t number(const struct qn_options *options, const char *name)
{
    int64_t value = qn_option_int(options, name);
    return value < 0 ? 0 : value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static enum qn_status synthesize(const struct qn_options *options, struct qn_error *err)
{
    const char *name = qn_option_string(options, "format");
    const struct qn_segy_format *format = qn_segy_format_by_name(name);
    struct qn_segy_synth synth = qn_segy_synth_default;
    synth.path = qn_option_string(options, "output");
    if (!synth.path)
        return qn_fail(err, QN_ERR_USAGE, "where to? Name the file to write: -o FILE.");
    if (!format)
        return qn_fail(err, QN_ERR_USAGE,
                       "--format '%s' is no sample format. Give a code (1 to 12, 15, 16) or a name "
                       "such as ibm or ieee.",
                       name);
    synth.inlines = number(options, "inlines");
    synth.crosslines = number(options, "crosslines");
    synth.offsets = number(options, "offsets");
    synth.samples = number(options, "samples");
    synth.interval_us = qn_option_real(options, "interval");
    synth.format = format->code;
    synth.order =
        strcmp(qn_option_string(options, "endian"), "little") ? QN_BIG_ENDIAN : QN_LITTLE_ENDIAN;
    synth.revision = qn_option_string(options, "revision")[0] - '0';
    synth.seed = (uint64_t)qn_option_int(options, "seed");
    enum qn_status status = qn_segy_synthesize(&synth, err);
    if (!status)
        qn_terminal_print(stderr, "%s: %u x %u x %u traces of %u samples.\n", synth.path,
                          synth.inlines, synth.crosslines, synth.offsets, synth.samples);
    return status;
}

static const struct qn_verb verbs[] = {
    {.name = "import",
     .inputs = "FILE...",
     .summary = "turn SEG-Y files into Zarr and Parquet",
     .details =
         "Reads SEG-Y of revision 0 to 2.1 in any sample format and byte order, traces of one "
         "length "
         "or of different ones, files of Seismic Unix and PASSCAL, any of them packed with gzip, "
         "and "
         "makes a dataset of: traces.zarr, a Zarr group with the array amplitude "
         "(trace, time) and the coordinate time in ms; headers.parquet, a row per trace, scaled "
         "coordinates beside raw ones; ensembles.parquet, a row per gather, if there is a key; "
         "the text and binary headers as they are (raw/) and decoded; statistics.json; "
         "report.html with a picture of the section. Several files are one survey, in the order in "
         "which they are named. Of a damaged file, --salvage imports what is whole.\n"
         "What the headers say is checked against the file's size and against itself. What was "
         "decided is printed; every decision can be overridden by an option.",
     .example = "quern segy import line.sgy -o line.ds\n"
                "quern segy import cube.sgy -o cube.ds --ensemble-key inline --codec zstd\n"
                "quern segy import old.sgy -o old.ds --format ibm --samples 1501\n"
                "quern segy import swath-*.sgy -o survey.ds\n"
                "quern segy import cut.sgy -o cut.ds --salvage\n"
                "quern segy import stack.sgy -o stack.ds --layout petrel --compute "
                "'block: int32 = inline // 100'",
     .options = import_options},
    {.name = "scan",
     .inputs = "FILE...",
     .summary = "say what a SEG-Y file is, and how it would be read",
     .details =
         "Reads some headers, samples and the size of the file, weighs every way in which it could "
         "be read, and tells the one that import takes: byte order, sample format, number of "
         "samples, first trace and all else, with the evidence, the second best and every header "
         "that says otherwise; what lies in the trace headers; and guesses of the ensemble key, of "
         "inline, crossline and coordinates. Nothing is written.\n"
         "Some 2,000 trace headers at 32 places are looked at, --all reads all. Several files "
         "give a table. A file that import refuses is told as --salvage would read it, then the "
         "refusal; exit code 1.",
     .example = "quern segy scan line.sgy\n"
                "quern segy scan line.sgy --preview 5 --picture line.png\n"
                "quern segy scan survey/*.sgy --json > survey.json\n"
                "quern segy import survey/*.sgy --scan survey.json -o survey.ds",
     .options = scan_options,
     .run = qn_scan_run},
    {.name = "info",
     .inputs = "FILE|DATASET...",
     .summary = "the facts of a SEG-Y file or of an imported dataset, in short",
     .details = "Shape, times, amplitudes and keys. A file is decided as scan and import do it; "
                "of a dataset, the manifest says all.",
     .example = "quern segy info line.sgy line.ds",
     .options = info_options,
     .run = qn_info_run},
    {.name = "layouts",
     .inputs = "[NAME|FILE.json]",
     .summary = "list header layouts, or the fields of one",
     .details =
         "A header layout says which bytes of a trace header are which field. Import takes "
         "one by its name or from a JSON file, --layout; docs/segy.md tells what such a file "
         "holds.",
     .example = "quern segy layouts\n"
                "quern segy layouts petrel\n"
                "quern segy layouts petrel --json > mine.json",
     .options = layouts_options,
     .run = qn_segy_layouts},
    {.name = "export",
     .inputs = "DATASET",
     .summary = "write a dataset, or part of it, as SEG-Y",
     .details =
         "A dataset of a lossless import gives back the file that was imported, to the byte. Part "
         "of it may be chosen by trace numbers or by values of any column of headers.parquet; "
         "samples may be converted to another format or byte order, and what is rounded or clipped "
         "is counted. Header fields are changed only where they would be wrong, and every change "
         "is told.\n"
         "The file appears under its name when it is whole, and not before.",
     .example =
         "quern segy export line.ds -o line.sgy\n"
         "quern segy export cube.ds -o part.sgy --select inline=100:200,crossline=300:400:2\n"
         "quern segy export cube.ds -o cube16.sgy --format int16 --scale 1000",
     .options = qn_export_options,
     .run = qn_export_run},
    {.name = "diff",
     .inputs = "A B",
     .summary = "tell what differs between two SEG-Y files or datasets",
     .details =
         "Compares text headers line by line, the binary header field by field, the header fields "
         "and the samples of every trace by value: files of different byte order or sample format "
         "are the same where their values are. Of every kind of difference it tells how many there "
         "are and the first places with both values.\n"
         "Exit code 0: the same; 3: something differs.",
     .example = "quern segy diff before.sgy after.sgy\n"
                "quern segy diff line.sgy line.ds --headers-only\n"
                "quern segy diff a.sgy b.sgy --tolerance 1e-6 --ignore text,format --json",
     .options = qn_diff_options,
     .run = qn_diff_run},
    {.name = "synth",
     .inputs = NULL,
     .summary = "write a synthetic survey as SEG-Y",
     .details = "Faulted, dipping layers with noise under correct headers. The same options give "
                "the same bytes on every machine.",
     .example = "quern synth segy --inlines 100 --crosslines 200 -o cube.sgy",
     .options = synth_options,
     .run = synthesize},
    {0}};

const struct qn_pipeline qn_segy_pipeline = {
    .name = "segy",
    .summary = "SEG-Y seismic files to Zarr and Parquet",
    .items = "traces",
    .version = 1,
    .verbs = verbs,
    .plan = qn_import_plan,
    .open_worker = qn_import_open_worker,
    .run_task = qn_import_run_task,
    .close_worker = qn_import_close_worker,
    .glue = qn_import_glue,
    .describe = qn_import_describe,
    .verify = qn_import_verify,
    .report = qn_import_report,
};
