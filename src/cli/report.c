/* quern report, and the report of every run: what the engine knows, then what the pipeline adds.
 *
 * Made from plan, ledgers, manifest.json and run.json only, so that it can be made again at any
 * time; the data files are never opened here. */
#include "cli/cli.h"

#include "base/fresh.h"
#include "base/io.h"
#include "cli/report.h"
#include "engine/aside.h"
#include "render/facts.h"
#include "render/html.h"
#include "render/terminal.h"
#include "render/units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 50 }; /* inputs; manifest.json has them all */

struct report {
    struct qn_buf html;
    const struct qn_pipeline *pipeline;
    struct cli_run_facts facts;
};

/* ---- small parts ---------------------------------------------------------------------------- */

static struct qn_job job_of(const struct report *r)
{
    return (struct qn_job){.options = &r->facts.plan.options,
                           .shared = r->facts.plan.shared,
                           .shared_len = r->facts.plan.shared_len,
                           .directory = r->facts.root};
}

static const char *describe(const struct report *r, uint64_t index, char text[512])
{
    struct qn_job job = job_of(r);
    struct qn_task task = qn_plan_task(&r->facts.plan, index);
    text[0] = '\0';
    if (r->pipeline->describe)
        r->pipeline->describe(&job, &task, text, 512);
    return text;
}

/* "text" as a string literal of Python. */
static void python_string(struct qn_buf *out, const char *text)
{
    qn_buf_u8(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            qn_buf_u8(out, '\\');
        qn_buf_u8(out, (uint8_t)*text);
    }
    qn_buf_u8(out, '"');
}

/* Moves a text put together in `code` into the report as code. */
static void put_code(struct report *r, struct qn_buf *code)
{
    qn_buf_u8(code, '\0');
    if (code->failed)
        r->html.failed = true;
    else
        qn_html_code(&r->html, (char *)code->data);
    qn_buf_release(code);
}

/* A command line: "PROGRAM BEFORE 'DATASET' AFTER". */
static void put_command(struct report *r, const char *before, const char *after)
{
    struct qn_buf code = {0};
    qn_buf_printf(&code, "%s %s ", program_invocation_short_name, before);
    qn_buf_shell_word(&code, r->facts.dataset);
    qn_buf_printf(&code, "%s", after);
    put_code(r, &code);
}

static uint64_t integer(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

static double real(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static const char *string(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* ---- what was made -------------------------------------------------------------------------- */

static void put_head(struct report *r)
{
    char done[QN_UNITS_TEXT];
    char failed[QN_UNITS_TEXT];
    const char *name = strrchr(r->facts.dataset, '/');
    qn_html_begin(&r->html, name && name[1] ? name + 1 : r->facts.dataset);
    qn_units_count(r->facts.history.done, done);
    if (r->facts.history.gave_up > 0)
        qn_html_paragraph(&r->html,
                          "Complete with gaps: %s tasks are done, %s failed. What they should "
                          "have given is missing from the data; see Failures.",
                          done, qn_units_count(r->facts.history.gave_up, failed));
    else
        qn_html_paragraph(&r->html, "Complete: %s of %s tasks are done.", done, done);
}

static void put_inputs(struct report *r)
{
    static const struct qn_html_column columns[] = {{"Input", QN_HTML_CODE},
                                                    {"Size", QN_HTML_RIGHT},
                                                    {"XXH3-128 of head and tail", QN_HTML_CODE}};
    const json_t *inputs = json_object_get(r->facts.manifest, "inputs");
    size_t i;
    json_t *input;
    if (json_array_size(inputs) == 0)
        return;
    qn_html_table_begin(&r->html, columns, 3);
    json_array_foreach((json_t *)inputs, i, input)
    {
        char size[QN_UNITS_TEXT];
        const char *const cells[] = {string(input, "path"),
                                     qn_units_bytes(integer(input, "size"), size),
                                     string(input, "edges_xxh3_128")};
        if (i < SHOWN)
            qn_html_row(&r->html, columns, 3, cells);
    }
    qn_html_table_end(&r->html);
    if (i > SHOWN)
        qn_html_paragraph(&r->html, "%zu more inputs are in manifest.json.", i - SHOWN);
}

static void put_options(struct report *r)
{
    json_t *given = json_object_get(r->facts.manifest, "options");
    const char *key;
    json_t *value;
    if (json_object_size(given) <= 1) /* only "inputs" */
        return;
    qn_html_heading(&r->html, 3, "Options");
    qn_html_facts_begin(&r->html);
    json_object_foreach(given, key, value)
    {
        struct qn_buf text = {0};
        char name[80];
        if (!strcmp(key, "inputs"))
            continue;
        snprintf(name, sizeof name, "--%s", key);
        qn_fact_text(&text, value);
        if (text.failed)
            r->html.failed = true;
        else
            qn_html_fact(&r->html, name, "%s", (char *)text.data);
        qn_buf_release(&text);
    }
    qn_html_facts_end(&r->html);
}

static void put_notes(struct report *r)
{
    const json_t *notes = json_object_get(r->facts.manifest, "notes");
    size_t i;
    json_t *note;
    if (json_array_size(notes) == 0)
        return;
    qn_html_heading(&r->html, 3, "Notes");
    json_array_foreach((json_t *)notes, i, note)
        qn_html_paragraph(&r->html, "%s", json_string_value(note));
}

static void put_made(struct report *r)
{
    char date[QN_UNITS_TEXT];
    qn_html_heading(&r->html, 2, "What was made");
    qn_html_facts_begin(&r->html);
    qn_html_fact(&r->html, "Dataset", "%s", r->facts.dataset);
    qn_html_fact(&r->html, "Job", "%s %s: %s", string(r->facts.manifest, "pipeline"),
                 string(r->facts.manifest, "verb"), r->pipeline->summary);
    qn_html_fact(&r->html, "Finished", "%s on %s",
                 qn_units_date(integer(r->facts.run, "finished_us"), date),
                 string(r->facts.run, "host"));
    qn_html_fact(&r->html, "Made by", "Quern %s, pipeline version %llu",
                 string(r->facts.run, "quern"),
                 (unsigned long long)integer(r->facts.manifest, "pipeline_version"));
    qn_html_facts_end(&r->html);
    put_inputs(r);
    put_options(r);
    put_notes(r);
}

/* ---- the run -------------------------------------------------------------------------------- */

static uint64_t items_done(const struct report *r)
{
    uint64_t items = 0;
    for (uint64_t i = 0; i < r->facts.history.count; i++) {
        if (r->facts.history.tasks[i].state == QN_TASK_DONE)
            items += r->facts.plan.entries[i].items;
    }
    return items;
}

static void put_counts(struct report *r, uint64_t items)
{
    char a[QN_UNITS_TEXT];
    char b[QN_UNITS_TEXT];
    qn_html_fact(&r->html, "Tasks", "%s of %s done", qn_units_count(r->facts.history.done, a),
                 qn_units_count(r->facts.history.count, b));
    qn_html_fact(&r->html, "Items", "%s of %s %s", qn_units_count(items, a),
                 qn_units_count(r->facts.plan.total_items, b), r->pipeline->items);
    qn_html_fact(&r->html, "Attempts", "%s, of which %s failed",
                 qn_units_count(integer(r->facts.run, "attempts"), a),
                 qn_units_count(integer(r->facts.run, "failed_attempts"), b));
}

/* A rate only where one session did all the work: the time of earlier ones is not known. */
static void put_times(struct report *r, uint64_t items)
{
    char text[QN_UNITS_TEXT];
    char each[QN_UNITS_TEXT];
    double elapsed = real(r->facts.run, "last_session_s");
    uint64_t sessions = integer(r->facts.run, "sessions");
    if (sessions == 1) {
        qn_html_fact(&r->html, "Duration", "%s", qn_units_seconds(elapsed, text));
        if (elapsed > 0 && (double)items >= 100 * elapsed)
            qn_html_fact(&r->html, "Rate", "%s %s per second",
                         qn_units_count((uint64_t)((double)items / elapsed), text),
                         r->pipeline->items);
        else if (elapsed > 0)
            qn_html_fact(&r->html, "Rate", "%.2f %s per second", (double)items / elapsed,
                         r->pipeline->items);
    } else {
        qn_html_fact(&r->html, "Duration", "%s for the last of %llu sessions",
                     qn_units_seconds(elapsed, text), (unsigned long long)sessions);
    }
    qn_html_fact(&r->html, "Work", "%s in tasks, %s of it on a CPU",
                 qn_units_seconds(real(r->facts.run, "worker_wall_s"), text),
                 qn_units_seconds(real(r->facts.run, "worker_cpu_s"), each));
}

static void put_run(struct report *r)
{
    char a[QN_UNITS_TEXT];
    char b[QN_UNITS_TEXT];
    uint64_t items = items_done(r);
    qn_html_heading(&r->html, 2, "How the run went");
    qn_html_facts_begin(&r->html);
    put_counts(r, items);
    put_times(r, items);
    qn_html_fact(&r->html, "Read and written", "%s and %s by workers",
                 qn_units_bytes(integer(r->facts.run, "read_bytes"), a),
                 qn_units_bytes(integer(r->facts.run, "write_bytes"), b));
    qn_html_fact(&r->html, "Memory", "at most %.0f MiB in a worker",
                 real(r->facts.run, "max_worker_rss_mib"));
    qn_html_facts_end(&r->html);
}

static void put_slowest(struct report *r)
{
    static const struct qn_html_column columns[] = {{"Task", QN_HTML_RIGHT},
                                                    {"Works on", QN_HTML_LEFT},
                                                    {"Time", QN_HTML_RIGHT},
                                                    {"CPU", QN_HTML_RIGHT},
                                                    {"Worker's peak memory", QN_HTML_RIGHT}};
    if (r->facts.slow_count == 0)
        return;
    qn_html_heading(&r->html, 3, "Slowest tasks");
    qn_html_table_begin(&r->html, columns, 5);
    for (size_t i = 0; i < r->facts.slow_count; i++) {
        const struct cli_slow_task *slow = &r->facts.slowest[i];
        char task[QN_UNITS_TEXT];
        char what[512];
        char wall[QN_UNITS_TEXT];
        char cpu[QN_UNITS_TEXT];
        char memory[QN_UNITS_TEXT];
        snprintf(task, sizeof task, "%llu", (unsigned long long)slow->task);
        snprintf(memory, sizeof memory, "%.0f MiB", (double)slow->usage.max_rss_kib / 1024);
        const char *const cells[] = {task, describe(r, slow->task, what),
                                     qn_units_seconds((double)slow->usage.wall_us / 1e6, wall),
                                     qn_units_seconds((double)slow->usage.cpu_us / 1e6, cpu),
                                     memory};
        qn_html_row(&r->html, columns, 5, cells);
    }
    qn_html_table_end(&r->html);
}

/* ---- failures ------------------------------------------------------------------------------- */

static void put_failure(struct report *r, const struct cli_failure *failure)
{
    char heading[640];
    char what[512];
    char after[32];
    describe(r, failure->task, what);
    snprintf(heading, sizeof heading, "Task %llu%s%s", (unsigned long long)failure->task,
             *what ? ": " : "", what);
    qn_html_heading(&r->html, 3, heading);
    qn_html_facts_begin(&r->html);
    qn_html_fact(&r->html, "Why", "%s", failure->message ? failure->message : "?");
    qn_html_fact(&r->html, "Kind", "%s, %s after %u attempt%s", qn_status_name(failure->status),
                 failure->reason ? failure->reason : "given up", failure->attempts,
                 failure->attempts == 1 ? "" : "s");
    if (failure->signal)
        qn_html_fact(&r->html, "Signal", "%d (%s)", failure->signal, strsignal(failure->signal));
    if (failure->file && failure->offset >= 0)
        qn_html_fact(&r->html, "Where", "%s at byte %lld", failure->file,
                     (long long)failure->offset);
    else if (failure->file)
        qn_html_fact(&r->html, "Where", "%s", failure->file);
    qn_html_facts_end(&r->html);
    if (failure->tail) {
        qn_html_paragraph(&r->html, "Its last output:");
        qn_html_code(&r->html, failure->tail);
    }
    qn_html_paragraph(&r->html, "To run it alone:");
    snprintf(after, sizeof after, " %llu", (unsigned long long)failure->task);
    put_command(r, "task", after);
}

static void put_failures(struct report *r)
{
    if (r->facts.failure_count == 0)
        return;
    qn_html_heading(&r->html, 2, "Failures");
    qn_html_paragraph(&r->html, "To try again all tasks that failed:");
    put_command(r, "resume --retry-failed", "");
    for (size_t i = 0; i < r->facts.failure_count; i++)
        put_failure(r, &r->facts.failures[i]);
    if (r->facts.history.gave_up > r->facts.failure_count) {
        qn_html_paragraph(&r->html, "%llu more tasks failed. To list all:",
                          (unsigned long long)(r->facts.history.gave_up - r->facts.failure_count));
        put_command(r, "failures", "");
    }
}

/* ---- the data ------------------------------------------------------------------------------- */

/* The files of one folder, or one file, at the top of the dataset. */
struct top {
    char name[NAME_MAX + 2];
    uint64_t files;
    uint64_t bytes;
};

static const struct qn_html_column top_columns[] = {
    {"Name", QN_HTML_CODE}, {"Files", QN_HTML_RIGHT}, {"Size", QN_HTML_RIGHT}};

static void put_top(struct report *r, const struct top *top)
{
    char files[QN_UNITS_TEXT];
    char bytes[QN_UNITS_TEXT];
    const char *const cells[] = {top->name, qn_units_count(top->files, files),
                                 qn_units_bytes(top->bytes, bytes)};
    if (top->files > 0)
        qn_html_row(&r->html, top_columns, 3, cells);
}

/* The manifest is sorted by path, so that a folder's files stand together. */
static void put_files(struct report *r)
{
    struct top top = {0};
    uint64_t total = 0;
    size_t i;
    json_t *file;
    char text[QN_UNITS_TEXT];
    qn_html_table_begin(&r->html, top_columns, 3);
    json_array_foreach(json_object_get(r->facts.manifest, "files"), i, file)
    {
        char name[sizeof top.name];
        const char *path = string(file, "path");
        const char *slash = strchr(path, '/');
        snprintf(name, sizeof name, "%.*s", (int)(slash ? slash + 1 - path : NAME_MAX), path);
        if (strcmp(top.name, name) != 0) {
            put_top(r, &top);
            top = (struct top){0};
            memcpy(top.name, name, sizeof name);
        }
        top.files++;
        top.bytes += integer(file, "bytes");
        total += integer(file, "bytes");
    }
    put_top(r, &top);
    qn_html_table_end(&r->html);
    qn_html_paragraph(&r->html,
                      "%s in all. manifest.json has the size and hash of every file; to check "
                      "them:",
                      qn_units_bytes(total, text));
    put_command(r, "verify", "");
}

/* How Python opens what ends in `suffix`: `before` PATH `after`. */
static const struct opener {
    const char *suffix;
    const char *before;
    const char *after;
} openers[] = {
    {".zarr", "import xarray as xr\nds = xr.open_zarr(", ")"},
    {".parquet", "import pandas as pd\ntable = pd.read_parquet(", ")"},
    {".parquet", "import duckdb\ntable = duckdb.read_parquet(", ")"},
    {".csv", "import pandas as pd\ntable = pd.read_csv(", ")"},
    {".npz", "import numpy as np\narrays = np.load(", ")"},
};

/* Length of the part of `path` that ends with the suffix, as a file or a folder; 0 if none. */
static size_t ends_at(const char *path, const char *suffix)
{
    const char *found = strstr(path, suffix);
    size_t len = found ? (size_t)(found - path) + strlen(suffix) : 0;
    return path[len] == '/' || path[len] == '\0' ? len : 0;
}

/* The path of the largest file that fits, and the length of its part to open; NULL if none. */
static const char *find_data(const struct report *r, const char *suffix, size_t *len)
{
    const char *found = NULL;
    uint64_t most = 0;
    size_t i;
    json_t *file;
    json_array_foreach(json_object_get(r->facts.manifest, "files"), i, file)
    {
        size_t end = ends_at(string(file, "path"), suffix);
        if (end == 0 || (found && integer(file, "bytes") <= most))
            continue;
        found = string(file, "path");
        most = integer(file, "bytes");
        *len = end;
    }
    return found;
}

static void put_openers(struct report *r)
{
    bool any = false;
    for (size_t i = 0; i < sizeof openers / sizeof *openers; i++) {
        char full[2 * PATH_MAX];
        struct qn_buf code = {0};
        size_t len;
        const char *path = find_data(r, openers[i].suffix, &len);
        if (!path)
            continue;
        if (!any)
            qn_html_heading(&r->html, 3, "To open it in Python");
        any = true;
        snprintf(full, sizeof full, "%s/%.*s", r->facts.dataset, (int)len, path);
        qn_buf_printf(&code, "%s", openers[i].before);
        python_string(&code, full);
        qn_buf_printf(&code, "%s", openers[i].after);
        put_code(r, &code);
    }
}

static void put_data(struct report *r)
{
    qn_html_heading(&r->html, 2, "The data");
    put_files(r);
    put_openers(r);
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* The pipeline's own pictures and sections. What it cannot make is said in its place. */
static enum qn_status put_sections(struct report *r, struct qn_error *err)
{
    char path[PATH_MAX];
    struct qn_buf manifest = {0};
    struct qn_error section_err = {.offset = -1};
    char *html = NULL;
    struct qn_job job = job_of(r);
    if (!r->pipeline->report)
        return QN_OK;
    snprintf(path, sizeof path, "%s/manifest.json", r->facts.root);
    enum qn_status status = qn_read_file(path, &manifest, INT64_MAX, &section_err);
    qn_buf_u8(&manifest, '\0');
    if (!status && manifest.failed)
        status = qn_fail_memory(&section_err, "the manifest", manifest.len);
    if (!status)
        status = r->pipeline->report(&job, (char *)manifest.data, &html, &section_err);
    if (status)
        qn_html_paragraph(&r->html, "Pictures and sections of the pipeline are missing: %s",
                          section_err.message);
    else if (html)
        qn_html_raw(&r->html, html);
    if (status && err)
        *err = section_err;
    free(html);
    qn_buf_release(&manifest);
    return status;
}

static enum qn_status write_html(struct report *r, struct qn_error *err)
{
    char path[PATH_MAX];
    if (r->html.failed)
        return qn_fail_memory(err, "the report", r->html.len);
    snprintf(path, sizeof path, "%s/report.html", r->facts.root);
    return qn_fresh_put(path, r->html.data, r->html.len, err);
}

enum qn_status cli_write_report(const struct qn_pipeline *pipeline, const char *root,
                                struct qn_error *err)
{
    struct report r = {.pipeline = pipeline};
    enum qn_status sections = QN_OK;
    enum qn_status status = cli_run_facts_read(&r.facts, root, err);
    if (status)
        goto done;
    put_head(&r);
    sections = put_sections(&r, err);
    put_made(&r);
    const json_t *facts = json_object_get(r.facts.manifest, "facts");
    if (json_object_size(facts) > 0) {
        qn_html_heading(&r.html, 2, "Facts");
        qn_html_json(&r.html, facts);
    }
    put_failures(&r);
    put_data(&r);
    put_run(&r);
    put_slowest(&r);
    qn_html_end(&r.html);
    status = write_html(&r, err);
done:
    cli_run_facts_release(&r.facts);
    qn_buf_release(&r.html);
    return status ? status : sections;
}

int cmd_report(const struct cli *cli, const struct qn_options *options)
{
    struct qn_error err = {.offset = -1};
    struct qn_rundir dir;
    const char *root = "";
    const struct qn_pipeline *pipeline = NULL;
    enum qn_status status = cli_open_dataset(cli, options, &dir, &root, &pipeline, &err);
    if (!status && !dir.dataset_is_ours)
        status = qn_fail(&err, QN_ERR_USAGE, "'%s' is not complete yet.", dir.dataset);
    if (!status)
        status = cli_write_report(pipeline, dir.dataset, &err);
    if (!status)
        status = qn_aside_write(dir.dataset, &err);
    err.status = status;
    if (status)
        return cli_fail(cli, &err);
    qn_terminal_print(stdout, "%s/report.html\n", dir.dataset);
    return 0;
}
