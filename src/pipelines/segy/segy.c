/* The pipeline `segy`: its verbs, options and steps as tables. */
#include "pipelines/segy/segy.h"

#include "pipelines/segy/import.h"
#include "pipelines/segy/steps.h"
#include "pipelines/segy/synth.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct qn_option import_options[] = {
    {"samples", QN_OPT_INT, "N", NULL, "samples per trace, when the headers lie"},
    {"format", QN_OPT_STRING, "CODE|NAME", NULL,
     "sample format, when the headers lie: 1 or ibm, 5 or ieee, ..."},
    {"endian", QN_OPT_CHOICE, "big|little", NULL, "byte order, when the headers lie"},
    {"interval", QN_OPT_REAL, "MICROSECONDS", NULL, "time between samples, when the headers lie"},
    {"first-trace-offset", QN_OPT_INT, "BYTES", NULL, "where the first trace header starts"},
    {"trace-headers", QN_OPT_INT, "N", NULL, "240-byte headers before the samples of each trace"},
    {"gain-sign", QN_OPT_CHOICE, "plus|minus", "plus", "format 4: a gain g means 2^g or 2^-g"},
    {"mapping", QN_OPT_PATH, "FILE", NULL, "JSON file that names the header fields"},
    {"headers", QN_OPT_LIST, "NAME,...", NULL, "only these fields as columns of headers.parquet"},
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
    {0}};

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
        fprintf(stderr, "%s: %u x %u x %u traces of %u samples.\n", synth.path, synth.inlines,
                synth.crosslines, synth.offsets, synth.samples);
    return status;
}

static const struct qn_verb verbs[] = {
    {.name = "import",
     .inputs = "FILE",
     .summary = "turn a SEG-Y file into Zarr and Parquet",
     .details =
         "Reads SEG-Y of revision 0 to 2.1 in any sample format and byte order, with traces of one "
         "length, and makes a dataset of: traces.zarr, a Zarr group with the array amplitude "
         "(trace, time) and the coordinate time in ms; headers.parquet, a row per trace, scaled "
         "coordinates beside raw ones; ensembles.parquet, a row per gather, if there is a key; "
         "the text and binary headers as they are (raw/) and decoded; statistics.json; "
         "report.html with a picture of the section.\n"
         "What the headers say is checked against the file's size and against itself. What was "
         "decided is printed; every decision can be overridden by an option.",
     .example = "quern segy import line.sgy -o line.ds\n"
                "quern segy import cube.sgy -o cube.ds --ensemble-key inline --codec zstd\n"
                "quern segy import old.sgy -o old.ds --format ibm --samples 1501",
     .options = import_options},
    {.name = "synth",
     .inputs = NULL,
     .summary = "write a synthetic survey as SEG-Y",
     .details = "Faulted, dipping layers with noise under correct headers. The same options give "
                "the same bytes on every machine.",
     .example = "quern synth segy --inlines 100 --crosslines 200 -o cube.sgy",
     .options = synth_options,
     .run = synthesize},
    {0}};

void qn_import_describe(const struct qn_job *job, const struct qn_task *task, char *text,
                        size_t size)
{
    struct qn_import import;
    struct qn_segment segment;
    snprintf(text, size, "task %llu", (unsigned long long)task->index);
    if (!qn_import_decode(job->shared, job->shared_len, &import, NULL) &&
        !qn_segment_decode(task, &segment, NULL)) {
        struct qn_trace_range all = qn_segment_reads(&segment);
        const char *slash = strrchr(import.path, '/');
        snprintf(text, size,
                 "traces %" PRIu64 " to %" PRIu64 " (%.1f MB at byte %" PRIu64 ") of %s", all.start,
                 all.end - 1, (double)((all.end - all.start) * import.layout.trace_bytes) / 1e6,
                 import.layout.first_trace_offset + all.start * import.layout.trace_bytes,
                 slash ? slash + 1 : import.path);
    }
    qn_import_release(&import);
}

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
