/* What a pipeline author sees: a pipeline is a table of functions.
 *
 *   plan         reads the input's outline and adds tasks, in the order of the result
 *   open_worker  once per worker process: opens files, loads tables
 *   run_task     one task: reads its input, writes its outputs, appends its result
 *   glue         once, in plan order: makes the dataset of the tasks' results
 *   describe     one line for people: what a task works on
 *
 * and, where a pipeline wants them, close_worker, check_task, verify and report.
 *
 * The engine does the rest: processes, retries, the ledger, resume, progress, publishing.
 * docs/pipeline-authors.md tells the whole story; examples/wordcount is a complete pipeline.
 *
 * Rules that make results the same to the byte however they were computed:
 * plan, run_task and glue are functions of input, options and payload only: no clocks, no
 * random numbers, no state carried from one task to the next but what open_worker made.
 */
#ifndef QUERN_PIPELINE_H
#define QUERN_PIPELINE_H

#include <quern/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- options -------------------------------------------------------------------------------- */

enum qn_option_type {
    QN_OPT_FLAG,   /* --name, --no-name */
    QN_OPT_STRING, /* --name TEXT */
    QN_OPT_INT,    /* --name N, 64-bit signed; K, M, G suffixes are powers of 1024 */
    QN_OPT_REAL,   /* --name X */
    QN_OPT_CHOICE, /* --name A|B|C: `argument` lists the choices */
    QN_OPT_LIST,   /* --name A,B,C, may be repeated: a list of strings */
    QN_OPT_TEXTS,  /* --name TEXT, may be repeated: a list of strings with their commas */
    QN_OPT_PATH    /* --name FILE: made absolute when parsed */
};

struct qn_option {
    const char *name; /* without the dashes; NULL ends a table */
    enum qn_option_type type;
    const char *argument; /* what --help shows for the value; for CHOICE the choices "a|b|c" */
    const char *initial;  /* default as text, NULL for none */
    const char *help;     /* one line */
};

/* Parsed options: every option of the verb's table by name. Getters of an option that was not
 * given and has no default return NULL, 0 or false; qn_option_given tells them apart. */
struct qn_options;

bool qn_option_given(const struct qn_options *options, const char *name);
const char *qn_option_string(const struct qn_options *options, const char *name);
int64_t qn_option_int(const struct qn_options *options, const char *name);
double qn_option_real(const struct qn_options *options, const char *name);
bool qn_option_flag(const struct qn_options *options, const char *name);
size_t qn_option_count(const struct qn_options *options, const char *name); /* length of a list */
const char *qn_option_item(const struct qn_options *options, const char *name, size_t i);

/* Positional arguments: the inputs, as absolute paths. */
size_t qn_option_inputs(const struct qn_options *options);
const char *qn_option_input(const struct qn_options *options, size_t i);

/* ---- plan ----------------------------------------------------------------------------------- */

struct qn_task {
    uint64_t index; /* place in the plan, from 0 */
    uint64_t cost;  /* estimate, in any unit the whole plan shares (bytes are a good one) */
    uint64_t items; /* how many of the pipeline's items it holds, for progress */
    const void *payload;
    size_t payload_len;
};

struct qn_plan;

/* Names an input file: its path, size, mtime and a hash of head and tail become part of the
 * plan's identity, and a resumed run checks them. Of a folder it is the list of the files below it
 * with their sizes and latest time; what is hidden (a name with a dot in front) does not count. */
enum qn_status qn_plan_input(struct qn_plan *plan, const char *path, struct qn_error *err);

/* Appends a task. The payload (at most 16 MiB) is copied; a task sees it aligned to 8 bytes. */
enum qn_status qn_plan_add(struct qn_plan *plan, uint64_t cost, uint64_t items, const void *payload,
                           size_t payload_len, struct qn_error *err);

/* Bytes that every worker and glue get as qn_job.shared: what planning decided. Copied. */
enum qn_status qn_plan_shared(struct qn_plan *plan, const void *bytes, size_t len,
                              struct qn_error *err);

/* Disk space the finished dataset is expected to take, for the check before work starts. */
void qn_plan_expect_bytes(struct qn_plan *plan, uint64_t bytes);

/* For a plan that has to read much of its input: progress, and whether to stop. Ask at least every
 * 50 ms of work and return QN_ERR_CANCELLED. */
void qn_plan_progress(struct qn_plan *plan, const char *unit, uint64_t done, uint64_t total);
bool qn_plan_cancelled(const struct qn_plan *plan);

/* A line for people about what was decided or looks odd; printed once and kept in the report. */
enum qn_status qn_plan_note(struct qn_plan *plan, struct qn_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- work ----------------------------------------------------------------------------------- */

struct qn_job {
    const struct qn_options *options;
    const void *shared;
    size_t shared_len;
    const char *directory; /* the dataset under construction; read only through this */
};

struct qn_task_run; /* one attempt at one task */

const struct qn_task *qn_task_of(const struct qn_task_run *run);

/* True once the attempt should stop (Ctrl-C, time limit). Ask at least every 50 ms of work and
 * return QN_ERR_CANCELLED: outputs not committed are removed by the engine. */
bool qn_task_cancelled(const struct qn_task_run *run);

/* Items done so far in this attempt; also the heartbeat that tells slow from stuck. */
void qn_task_progress(struct qn_task_run *run, uint64_t items_done);

/* Appends to the task's result: what glue needs of it. Small results travel in the ledger,
 * larger ones in a part file; glue sees no difference. Kept in memory until the task ends. */
enum qn_status qn_task_result(struct qn_task_run *run, const void *bytes, size_t len,
                              struct qn_error *err);

/* ---- outputs: files of the dataset, whole or not there at all ------------------------------- */

struct qn_output;

/* Makes the file `path` (relative to the dataset; folders are made) under a temporary name.
 * A path that starts with ".quern/parts/" is a part: glue reads it, then it is removed. */
enum qn_status qn_task_create(struct qn_task_run *run, const char *path, struct qn_output **output,
                              struct qn_error *err);
enum qn_status qn_output_write(struct qn_output *output, const void *bytes, size_t len,
                               struct qn_error *err);
uint64_t qn_output_tell(const struct qn_output *output); /* bytes written so far */

/* A CRC32C of one chunk of the file, in order; listed in the manifest beside the file's hash. */
enum qn_status qn_output_chunk(struct qn_output *output, uint32_t crc32c, struct qn_error *err);

/* Makes the file durable and gives it its name. Frees `output` in any case. */
enum qn_status qn_output_commit(struct qn_output *output, struct qn_error *err);
void qn_output_discard(struct qn_output *output); /* NULL is fine */

/* ---- glue ----------------------------------------------------------------------------------- */

struct qn_glue;

const struct qn_job *qn_glue_job(const struct qn_glue *glue);
uint64_t qn_glue_count(const struct qn_glue *glue); /* tasks in the plan */

/* Task i; *done tells whether it has a result. A task without one failed for good. */
const struct qn_task *qn_glue_task(const struct qn_glue *glue, uint64_t i, bool *done);

/* The class of failure of a task that has no result (QN_ERR_TIMEOUT, QN_ERR_MEMORY ...); QN_OK for
 * one that has. */
enum qn_status qn_glue_failure(const struct qn_glue *glue, uint64_t i);

/* Result bytes of task i, valid until the next call. */
enum qn_status qn_glue_result(struct qn_glue *glue, uint64_t i, const void **bytes, size_t *len,
                              struct qn_error *err);
enum qn_status qn_glue_create(struct qn_glue *glue, const char *path, struct qn_output **output,
                              struct qn_error *err);

/* Makes a whole file of these bytes: create, write, commit. */
enum qn_status qn_glue_write(struct qn_glue *glue, const char *path, const void *bytes, size_t len,
                             struct qn_error *err);

/* Appends `len` bytes from `offset` on of a part file (a path under the dataset) to `output`. */
enum qn_status qn_output_append_file(struct qn_output *output, struct qn_glue *glue,
                                     const char *path, uint64_t offset, uint64_t len,
                                     struct qn_error *err);

/* A fact for manifest.json, as JSON text: counts, shapes, statistics. Deterministic ones only. */
enum qn_status qn_glue_fact(struct qn_glue *glue, const char *name, const char *json,
                            struct qn_error *err);

/* A line for people about the result: what was lost, odd or decided for them. Printed, and kept in
 * manifest.json and the report beside the plan's notes. Deterministic, as facts are. */
enum qn_status qn_glue_note(struct qn_glue *glue, struct qn_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Items of the input (files, rows) that are not in the dataset: listed in it, with reasons. The
 * dataset is usable, the exit code is 3. */
void qn_glue_unusable(struct qn_glue *glue, uint64_t items);
void qn_glue_progress(struct qn_glue *glue, uint64_t done, uint64_t total);
bool qn_glue_cancelled(const struct qn_glue *glue);

/* ---- verify (optional) ---------------------------------------------------------------------- */

struct qn_verify;

const struct qn_job *qn_verify_job(const struct qn_verify *verify);
uint64_t qn_verify_count(const struct qn_verify *verify);
const struct qn_task *qn_verify_task(const struct qn_verify *verify, uint64_t i, bool *done);
/* The fact of that name from manifest.json as JSON text, NULL if there is none. */
const char *qn_verify_fact(struct qn_verify *verify, const char *name);
/* A thing found wrong: which file (relative), where (-1: no offset), what. */
void qn_verify_finding(struct qn_verify *verify, const char *file, int64_t offset,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));
/* A line about what was checked, for the summary. */
void qn_verify_note(struct qn_verify *verify, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void qn_verify_progress(struct qn_verify *verify, uint64_t done, uint64_t total);

/* ---- the pipeline --------------------------------------------------------------------------- */

/* A verb of the command line: `quern PIPELINE VERB [options] INPUT...`. */
struct qn_verb {
    const char *name;    /* NULL ends a table */
    const char *inputs;  /* what --help shows: "FILE" or "DIR..." */
    const char *summary; /* one line */
    const char *details; /* a paragraph or two for --help and the man page */
    const char *example; /* command lines for --help and the man page */
    const struct qn_option *options;
    /* NULL: the verb is a job of the engine (plan, work, glue). Otherwise it does all itself and
     * prints what it found; QN_ERR_FOUND is exit code 3 without a message. */
    enum qn_status (*run)(const struct qn_options *options, struct qn_error *err);
    /* Optional, for a job: prints what came out, once the dataset is complete. QN_ERR_FOUND makes
     * the exit code 3. Such a job needs no -o: without it, the dataset is temporary. */
    enum qn_status (*finish)(const struct qn_options *options, const char *dataset,
                             struct qn_error *err);
};

/* For the `run` of a verb: tells how far it is (from its main thread; as often as it likes), and
 * whether the user asked to stop (from any thread, but first from the main one; ask at least every
 * 50 ms of work and return QN_ERR_CANCELLED). From the first time it is asked, signals no longer
 * end the process. An option "progress" of the verb chooses how progress is shown. */
void qn_verb_progress(const char *phase, const char *unit, uint64_t done, uint64_t total);
bool qn_verb_cancelled(void);

struct qn_pipeline {
    const char *name;    /* "segy" */
    const char *summary; /* one line */
    const char *items;   /* what progress counts, plural: "traces" */
    uint32_t version;    /* raised when the same input gives other bytes */
    /* Parts are kept with the dataset, and when it is made again over more input, taken over for
     * tasks with an unchanged payload. Payloads then have to name all that a task reads, and the
     * paths of outputs must depend on the payload alone, not on the task's index. */
    bool reuses_parts;
    const struct qn_verb *verbs;
    enum qn_status (*plan)(const struct qn_options *options, struct qn_plan *plan,
                           struct qn_error *err);
    enum qn_status (*open_worker)(const struct qn_job *job, void **worker, struct qn_error *err);
    enum qn_status (*run_task)(void *worker, struct qn_task_run *run, struct qn_error *err);
    void (*close_worker)(void *worker);
    /* Optional, for tasks that name input files of their own, which would be too many for
     * qn_plan_input: QN_ERR_CHANGED unless they are what was planned. Asked for every task before a
     * run goes on; run_task is to look as well. */
    enum qn_status (*check_task)(const struct qn_task *task, struct qn_error *err);
    enum qn_status (*glue)(struct qn_glue *glue, struct qn_error *err);
    void (*describe)(const struct qn_job *job, const struct qn_task *task, char *text, size_t size);
    /* Optional: checks beyond the manifest's (counts, chunk contents, the source file). */
    enum qn_status (*verify)(struct qn_verify *verify, struct qn_error *err);
    /* Optional: writes pictures into job->directory and appends HTML sections for report.html;
     * `html` is NUL-terminated, made with malloc, freed by the caller. `manifest` is JSON. */
    enum qn_status (*report)(const struct qn_job *job, const char *manifest, char **html,
                             struct qn_error *err);
};

/* A whole program: parses argv, knows every verb of Quern for the pipelines given (a list ended
 * by NULL), returns the exit code. `quern` itself is this call with its own pipelines. */
int qn_main(int argc, char **argv, const struct qn_pipeline *const *pipelines);

#ifdef __cplusplus
}
#endif
#endif
