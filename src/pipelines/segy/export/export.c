/* The verb `export`: options, and what is told when it is done. See export.h. */
#include "pipelines/segy/export/export.h"

#include "base/io.h"
#include "engine/run.h"
#include "render/terminal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct qn_option qn_export_options[] = {
    {"output", QN_OPT_PATH, "FILE", NULL, "the SEG-Y file to write"},
    {"overwrite", QN_OPT_FLAG, NULL, NULL, "replace an existing file, once the new one is whole"},
    {"traces", QN_OPT_STRING, "A:B", NULL,
     "only traces A to before B, counted from 0; A: and :B are open ranges"},
    {"select", QN_OPT_LIST, "NAME=A:B[:STEP],...", NULL,
     "only traces whose header values lie from A to B inclusive"},
    {"file", QN_OPT_INT, "K", NULL, "only the traces of source file K, counted from 0"},
    {"format", QN_OPT_STRING, "CODE|NAME", NULL,
     "convert samples: 1 or ibm, 5 or ieee, int16, ..."},
    {"endian", QN_OPT_CHOICE, "big|little", NULL, "change the byte order"},
    {"revision", QN_OPT_CHOICE, "0|1|2|2.1", NULL, "change the revision of SEG-Y"},
    {"scale", QN_OPT_REAL, "FACTOR", NULL, "multiply every sample before it is converted"},
    {"source", QN_OPT_PATH, "FILE", NULL,
     "the original file: take trace headers from it that the dataset does not keep whole"},
    {"rebuild-headers", QN_OPT_FLAG, NULL, NULL,
     "make such trace headers of the columns that there are, with zeros elsewhere"},
    {"jobs", QN_OPT_INT, "N", NULL, "threads; default: the CPUs this process may use"},
    {"durability", QN_OPT_CHOICE, "power|process", "power",
     "what the file survives: loss of power, or (faster) the death of every process"},
    {"progress", QN_OPT_CHOICE, "auto|bar|log|json|none", "auto",
     "how progress is shown on stderr"},
    {0}};

static enum qn_status check_options(const struct qn_options *options, unsigned *threads,
                                    struct qn_error *err)
{
    if (qn_option_inputs(options) != 1)
        return qn_fail(err, QN_ERR_USAGE,
                       "which dataset? Usage: quern segy export DATASET -o FILE.sgy.");
    if (!qn_option_given(options, "output"))
        return qn_fail(err, QN_ERR_USAGE, "where to? Name the SEG-Y file to write: -o FILE.sgy.");
    if (!strcmp(qn_option_string(options, "durability"), "process"))
        qn_skip_syncs();
    return qn_run_threads(options, threads, err);
}

static void tell_losses(const struct qn_export *export, const struct qn_encode_counts *counts)
{
    const char *name = qn_segy_format_by_code(export->layout.format)->name;
    if (export->form.patched)
        return;
    if (counts->rounded + counts->clipped + counts->nans == 0) {
        fprintf(stdout, "  samples: every value is exact in the format %s\n", name);
        return;
    }
    fprintf(stdout,
            "  samples: %" PRIu64 " values were rounded, %" PRIu64
            " were beyond the range of %s and "
            "became its ends, %" PRIu64 " were not numbers and became 0\n",
            counts->rounded, counts->clipped, name, counts->nans);
    fprintf(stdout, "  largest error: %.9g, with values up to %.9g\n", counts->max_error,
            counts->max_finite);
}

static void tell(const struct qn_export *export, const char *path,
                 const struct qn_export_result *result)
{
    const struct qn_dataset *dataset = export->dataset;
    qn_terminal_print(stdout, "%s: %" PRIu64 " traces, %" PRIu64 " bytes", path,
                      export->selection.count, result->bytes);
    if (export->identical) {
        qn_terminal_print(stdout, ", the same as '%s' to the byte.\n",
                          dataset->files[export->file].name);
        return;
    }
    fprintf(stdout, ".\n");
    if (export->form.encoder.scale != 1)
        fprintf(stdout, "  samples: multiplied by %.17g\n", export->form.encoder.scale);
    for (size_t i = 0; i < export->changes.count; i++)
        qn_terminal_print(stdout, "  %s\n", export->changes.text[i]);
    tell_losses(export, &result->counts);
}

enum qn_status qn_export_run(const struct qn_options *options, struct qn_error *err)
{
    struct qn_dataset *dataset = NULL;
    struct qn_export export = {.source = -1};
    struct qn_export_result result;
    unsigned threads = 1;
    const char *path = qn_option_string(options, "output");
    enum qn_status status = check_options(options, &threads, err);
    if (!status)
        status = qn_dataset_open(qn_option_input(options, 0), &dataset, err);
    if (!status)
        status = qn_export_form(&export, dataset, options, err);
    if (!status)
        status = qn_export_write(&export, path, qn_option_flag(options, "overwrite"), threads,
                                 &result, err);
    if (!status)
        tell(&export, path, &result);
    qn_export_release(&export);
    qn_dataset_close(dataset);
    return status;
}
