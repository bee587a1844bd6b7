/* The table of commands that need no pipeline's name. */
#include "cli/cli.h"

static const struct qn_option json_options[] = {
    {"json", QN_OPT_FLAG, NULL, NULL, "print JSON for machines"}, {0}};

#define SLURM_OPTIONS                                                                              \
    {"slurm", QN_OPT_FLAG, NULL, NULL, "through Slurm: an array of jobs, then one that glues"},    \
        {"array", QN_OPT_INT, "N", NULL, "elements of the array, each a slice of the plan"},       \
        {"nodes", QN_OPT_INT, "N", NULL, "at most N elements at the same time"},                   \
        {"partition", QN_OPT_STRING, "NAME", NULL, "Slurm's partition"},                           \
        {"time", QN_OPT_STRING, "TIME", NULL, "time limit of an element, as sbatch takes it"},     \
        {"account", QN_OPT_STRING, "NAME", NULL, "Slurm's account"},                               \
        {"cpus", QN_OPT_INT, "N", NULL, "CPUs of an element"},                                     \
        {"mem", QN_OPT_STRING, "SIZE", NULL, "memory of an element, as sbatch takes it"},          \
        {"sbatch-arg", QN_OPT_TEXTS, "ARGUMENT", NULL, "one more argument for sbatch"},            \
        {"stop-before", QN_OPT_INT, "SECONDS", NULL,                                               \
         "an element stops so long before its time limit, default 60, and is requeued"},           \
    {                                                                                              \
        "dry-run", QN_OPT_FLAG, NULL, NULL, "write and print the scripts, submit nothing"          \
    }

static const struct qn_option submit_options[] = {
    {"scratch", QN_OPT_STRING, "FOLDER", NULL,
     "a node's own folder, such as '$TMPDIR', in which outputs are made first"},
    SLURM_OPTIONS,
    {0}};

static const struct qn_option resume_options[] = {
    {"retry-failed", QN_OPT_FLAG, NULL, NULL, "also try again what failed for good before"},
    SLURM_OPTIONS,
    {0}};

static const struct qn_option glue_options[] = {
    {"accept-gaps", QN_OPT_FLAG, NULL, NULL, "give up what was not tried to the end"}, {0}};

static const struct qn_option work_options[] = {
    {"slice", QN_OPT_STRING, "K/N", NULL, "the K-th of N slices of the plan, balanced by cost"},
    {"take-over", QN_OPT_FLAG, NULL, "true",
     "leave to others the slices that nobody has begun, or whose worker is gone"},
    {0}};

static const struct qn_option progress_options[] = {
    {"json", QN_OPT_FLAG, NULL, NULL, "print JSON for machines"},
    {"progress", QN_OPT_CHOICE, "auto|bar|log|json|none", "auto",
     "how progress is shown on stderr; -v is short for log"},
    {0}};

static const struct qn_option task_options[] = {
    {"keep", QN_OPT_PATH, "FOLDER", NULL, "where its outputs go; default: DATASET.task-ID"}, {0}};

static const struct qn_option help_options[] = {
    {"man", QN_OPT_FLAG, NULL, NULL, "print a man page"},
    {"completion", QN_OPT_FLAG, NULL, NULL, "print a completion script for bash"},
    {0}};

static const struct qn_option demo_options[] = {
    {"output", QN_OPT_PATH, "FOLDER", "demo", "where the demo's files go"}, {0}};

const struct cli_command cli_commands[] = {
    {"status", "DATASET", "how far a run is, or how a dataset was made",
     "Works on a run under way, on one that was stopped and on a finished dataset.",
     "quern status survey.ds\nquern status --json survey.ds", json_options, NULL, cmd_status},
    {"failures", "DATASET", "what failed, where and why, and how to run it again alone", NULL,
     "quern failures survey.ds", json_options, NULL, cmd_failures},
    {"resume", "DATASET", "go on with a run that was stopped or killed",
     "Does what repeating the first command would do. Nothing that is recorded as done is done "
     "again.",
     "quern resume survey.ds\nquern resume --retry-failed survey.ds", resume_options,
     cli_work_options, cmd_resume},
    {"verify", "DATASET", "recompute every checksum and count of a dataset",
     "Compares every file with the manifest, then what the pipeline can check itself, the source "
     "included while it is there. Exit code 0: all is as it should be; 1: not.",
     "quern verify survey.ds", progress_options, NULL, cmd_verify},
    {"report", "DATASET", "make report.html and the pictures again", NULL, "quern report survey.ds",
     NULL, NULL, cmd_report},
    {"task", "DATASET ID", "run one task alone in the foreground, as for a debugger",
     "Its outputs go to a folder of their own; the dataset is not touched.",
     "quern task survey.ds 17\ngdb --args quern task survey.ds 17", task_options, NULL, cmd_task},
    {"plan", "PIPELINE VERB [options] INPUT... -o DATASET",
     "only plan a job: the first of the three steps plan, work, glue", NULL,
     "quern plan segy import line.sgy -o line.ds", NULL, NULL, NULL},
    {"work", "DATASET", "run the open tasks of a plan, or of one slice of it",
     "Slices may run at the same time, on one machine or on several that share the folder; each "
     "writes a ledger of its own.",
     "quern work --slice 1/2 line.ds", work_options, cli_work_options, cmd_work},
    {"glue", "DATASET", "make and publish the dataset when all tasks have been tried", NULL,
     "quern glue line.ds", glue_options, cli_glue_options, cmd_glue},
    {"submit", "--slurm -- PIPELINE VERB [options] INPUT... -o DATASET",
     "plan a job here and run it on a cluster",
     "Submits an array of jobs, each of which works on a slice of the plan, and a job that glues "
     "when all have ended. The scripts lie in DATASET.partial/.quern/slurm. 'quern status' tells "
     "how it goes, 'quern resume --slurm' submits what is missing.",
     "quern submit --slurm --array 16 --time 2:00:00 -- segy import cube.sgy -o cube.ds",
     submit_options, NULL, cmd_submit},
    {"doctor", "[FOLDER]", "what this machine allows: CPUs, memory, isolation, file system", NULL,
     "quern doctor /data", json_options, NULL, cmd_doctor},
    {"synth", "PIPELINE [options] -o FILE", "make synthetic input, for trying things out", NULL,
     "quern synth segy --inlines 100 -o cube.sgy", NULL, NULL, NULL},
    {"demo", NULL, "make small synthetic archives, grind and verify them", NULL,
     "quern demo -o demo", demo_options, NULL, cmd_demo},
    {"help", "[PIPELINE [VERB] | COMMAND]", "show help; --man and --completion for packagers", NULL,
     "quern help segy import\nquern help --man segy", help_options, NULL, cmd_help},
    {0}};
