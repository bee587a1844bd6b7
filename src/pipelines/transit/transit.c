/* The pipeline `transit`: its verbs and steps as tables. */
#include "pipelines/transit/transit.h"

#include "pipelines/transit/job.h"
#include "pipelines/transit/verbs.h"

#include <stdio.h>

static const struct qn_verb verbs[] = {
    {.name = "features",
     .inputs = "CANDIDATES",
     .summary = "measure the transits of a table of candidates",
     .details =
         "Reads a table of candidates (CSV or Parquet; the columns of the TOI and KOI lists, the "
         "NASA archive "
         "and others are known by name), finds their light curves in a folder of any layout, and "
         "makes a dataset with a row for every candidate: features.parquet and features.csv with "
         "27 features for classifiers, vetting statistics with their errors, and a status with its "
         "reason; report.html with distributions and vetting sheets.\n"
         "Light curves of TESS (SPOC, TESS-SPOC, QLP, TGLC, eleanor, CDIPS), Kepler, K2 (also "
         "K2SFF), written by lightkurve or as text are read, one author for each sector. A "
         "candidate without a light curve gets a row that says so, never an invented one.",
     .example =
         "quern transit features candidates.csv --light-curves mastDownload -o features.ds\n"
         "quern transit features toi.csv --light-curves tess --tls fast --sheets 20 -o f.ds\n"
         "quern transit features toi.csv --light-curves tess --profile classic -o seed.ds",
     .options = qn_features_options},
    {.name = "search",
     .inputs = "LIGHT-CURVES...",
     .summary = "search light curves for unknown transits",
     .details = "Takes files or folders, searches each star's light curve for periodic dips, takes "
                "the strongest out and searches again. The dataset has a row for every signal, and "
                "one for every star without any.",
     .example = "quern transit search lightcurves/ -o signals.ds --sheets 5",
     .options = qn_search_options},
    {.name = "fetch",
     .inputs = "CANDIDATES",
     .summary = "download the light curves of a table of candidates",
     .details =
         "Downloads by HTTP what a list of names or a template of addresses gives for each star, a "
         "few files at a time, into a folder that `features` reads. Refusals of an overloaded "
         "server are waited out; a file gets its name only when its length is right.",
     .example = "quern transit fetch toi.csv --list tesscurl_sector_1_lc.sh -o tess\n"
                "quern transit fetch toi.csv --url http://localhost:8000/{tic16}_lc.fits -o tess",
     .options = qn_fetch_options,
     .run = qn_transit_fetch},
    {.name = "periodogram",
     .inputs = "LIGHT-CURVE",
     .summary = "print the periodogram of one light curve",
     .details = "As CSV on standard output, or the best period and its statistics as JSON with "
                "--summary. Methods: bls is astropy's, bls.power with the same results; search is "
                "the two-stage search of `features`; tls is transitleastsquares'.",
     .example = "quern transit periodogram star.csv --method tls-fast --summary",
     .options = qn_periodogram_options,
     .run = qn_transit_periodogram},
    {.name = "vet",
     .inputs = "LIGHT-CURVE",
     .summary = "print the vetting statistics of one light curve at a given ephemeris",
     .details = "As JSON on standard output.",
     .example = "quern transit vet star.csv --period 3.2 --epoch 1327.5 --duration 0.13",
     .options = qn_vet_options,
     .run = qn_transit_vet},
    {.name = "synth",
     .inputs = NULL,
     .summary = "write light curves with known transits",
     .details = "Planets, eclipsing binaries and stars without either, in white and red noise with "
                "gaps and "
                "outliers, as FITS files of TESS with a table of candidates and the answer key.",
     .example = "quern synth transit --stars 20 -o tess",
     .options = qn_transit_synth_options,
     .run = qn_transit_synth},
    {0}};

static void describe(const struct qn_job *job, const struct qn_task *task, char *text, size_t size)
{
    struct qn_work work;
    char star[QN_TARGET_NAME];
    (void)job;
    snprintf(text, size, "task %llu", (unsigned long long)task->index);
    if (qn_work_decode(task->payload, task->payload_len, &work, NULL))
        return;
    qn_target_text(&work.candidate.target, star);
    snprintf(text, size, "%s (row %llu, %zu files)", star, (unsigned long long)work.candidate.row,
             work.file_count);
    qn_work_release(&work);
}

const struct qn_pipeline qn_transit_pipeline = {
    .name = "transit",
    .summary = "light curves to vetted transit features",
    .items = "stars",
    .version = 2,
    .verbs = verbs,
    .plan = qn_transit_plan,
    .open_worker = qn_transit_open_worker,
    .run_task = qn_transit_run_task,
    .close_worker = qn_transit_close_worker,
    .check_task = qn_transit_check_task,
    .glue = qn_transit_glue,
    .describe = describe,
    .verify = qn_transit_verify,
    .report = qn_transit_report,
};
