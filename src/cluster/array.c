/* Scripts for Slurm, their submission and its record: see array.h. */
#include "cluster/array.h"

#include "base/io.h"
#include "base/json_memory.h"
#include "base/listing.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER "/.quern/slurm"

/* ---- scripts -------------------------------------------------------------------------------- */

static void put_directive(struct qn_buf *out, const char *name, const char *value)
{
    if (value)
        qn_buf_printf(out, "#SBATCH --%s=\"%s\"\n", name, value);
}

/* "1-8" or "2,5,6"; the elements are numbered as the slices are. */
static void put_elements(struct qn_buf *out, const struct qn_array_options *options,
                         const bool *wanted)
{
    qn_buf_printf(out, "#SBATCH --array=");
    if (!wanted)
        qn_buf_printf(out, "1-%u", options->slices);
    for (unsigned slice = 1, listed = 0; wanted && slice <= options->slices; slice++)
        if (wanted[slice])
            qn_buf_printf(out, "%s%u", listed++ ? "," : "", slice);
    if (options->nodes > 0)
        qn_buf_printf(out, "%%%u", options->nodes);
    qn_buf_printf(out, "\n");
}

static void put_head(struct qn_buf *out, const char *dataset, const char *kind, const char *log,
                     const struct qn_array_options *options)
{
    const char *slash = strrchr(dataset, '/');
    qn_buf_printf(out, "#!/bin/sh\n#SBATCH --job-name=\"quern-%s-%s\"\n", kind,
                  slash ? slash + 1 : dataset);
    put_directive(out, "output", log);
    put_directive(out, "open-mode", "append");
    put_directive(out, "partition", options->partition);
    put_directive(out, "account", options->account);
    put_directive(out, "time", options->time);
    put_directive(out, "mem", options->memory);
    if (options->cpus > 0)
        qn_buf_printf(out, "#SBATCH --cpus-per-task=%u\n", options->cpus);
}

/* A minute before the time limit Slurm sends USR1 to the script, which stops the work and has
 * itself requeued; what scancel sends, TERM, only stops it. `wait` ends early with a signal, hence
 * the loop. */
static const char array_tail[] =
    " &\n"
    "work=$!\n"
    "late=\n"
    "trap 'late=1; kill -TERM $work' USR1\n"
    "trap 'kill -TERM $work' TERM INT\n"
    "wait $work\n"
    "code=$?\n"
    "while [ $code -gt 128 ] && kill -0 $work 2>/dev/null; do\n"
    "    wait $work\n"
    "    code=$?\n"
    "done\n"
    "wait $work 2>/dev/null\n"
    "last=$?\n"
    "[ $last -eq 127 ] || code=$last\n"
    "if [ \"$late\" ] && [ $code -ne 0 ] && [ \"${SLURM_RESTART_COUNT:-0}\" -lt 100 ]; then\n"
    "    echo 'out of time: requeued to go on'\n"
    "    scontrol requeue \"${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}\"\n"
    "fi\n";

/* Elements that are still pending, held or without a node, are not needed when all is done, and
 * would keep glue waiting. */
static void put_array_end(struct qn_buf *out, const char *dataset, const char *program)
{
    qn_buf_printf(out, "if [ $code -eq 0 ] && ");
    qn_buf_shell_word(out, program);
    qn_buf_printf(out, " status ");
    qn_buf_shell_word(out, dataset);
    qn_buf_printf(out, " | grep -q 'worked through'; then\n"
                       "    scancel --state=PENDING \"$SLURM_ARRAY_JOB_ID\"\n"
                       "fi\n"
                       "exit $code\n");
}

static void put_array(struct qn_buf *out, const char *dataset, const char *program,
                      const char *folder, const struct qn_array_options *options,
                      const bool *wanted)
{
    char log[PATH_MAX + 32];
    snprintf(log, sizeof log, "%s/%%A_%%a.log", folder);
    put_head(out, dataset, "work", log, options);
    put_elements(out, options, wanted);
    qn_buf_printf(out, "#SBATCH --requeue\n#SBATCH --signal=B:USR1@%u\n\n", options->stop_before_s);
    qn_buf_printf(out, "# One element of the array works on one slice of the plan, then on slices\n"
                       "# that nobody has begun or whose element is gone.\n");
    qn_buf_shell_word(out, program);
    qn_buf_printf(out, " work --progress log --slice \"$SLURM_ARRAY_TASK_ID/%u\"%s",
                  options->slices, options->retry_failed ? " --retry-failed" : "");
    if (options->scratch)
        qn_buf_printf(out, " --scratch \"%s\"", options->scratch);
    qn_buf_u8(out, ' ');
    qn_buf_shell_word(out, dataset);
    qn_buf_append(out, array_tail, sizeof array_tail - 1);
    put_array_end(out, dataset, program);
}

static void put_glue(struct qn_buf *out, const char *dataset, const char *program,
                     const char *folder, const struct qn_array_options *options)
{
    char log[PATH_MAX + 32];
    snprintf(log, sizeof log, "%s/glue-%%j.log", folder);
    put_head(out, dataset, "glue", log, options);
    qn_buf_printf(out, "\n# Exit code 3: tasks are missing or failed; the log lists them.\nexec ");
    qn_buf_shell_word(out, program);
    qn_buf_printf(out, " glue --progress log ");
    qn_buf_shell_word(out, dataset);
    qn_buf_u8(out, '\n');
}

static enum qn_status write_script(const char *folder, const char *name, struct qn_buf *text,
                                   struct qn_error *err)
{
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    enum qn_status status = text->failed ? qn_fail_memory(err, path, text->len)
                                         : qn_write_file(path, text->data, text->len, err);
    qn_buf_release(text);
    return status;
}

static bool has_any(const char *text, const char *forbidden)
{
    for (; *text; text++)
        if (iscntrl((unsigned char)*text) || strchr(forbidden, *text))
            return true;
    return false;
}

/* What sbatch or the shell would misread. */
static enum qn_status check_texts(const char *root, const char *dataset,
                                  const struct qn_array_options *options, struct qn_error *err)
{
    static const char in_path[] = "\"\\%";
    static const char in_word[] = " \"'\\";
    const struct {
        const char *text;
        const char *forbidden;
    } checks[] = {{root, in_path},
                  {dataset, in_path},
                  {options->partition, in_word},
                  {options->time, in_word},
                  {options->account, in_word},
                  {options->memory, in_word},
                  {options->scratch, "\"\\`("}};
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (checks[i].text && has_any(checks[i].text, checks[i].forbidden))
            return qn_fail(err, QN_ERR_USAGE,
                           "'%s' has a character that cannot stand in a script for Slurm. Use "
                           "another name.",
                           checks[i].text);
    return QN_OK;
}

enum qn_status qn_array_write(const char *root, const char *dataset, const char *program,
                              const struct qn_array_options *options, const bool *wanted,
                              struct qn_error *err)
{
    char folder[PATH_MAX];
    struct qn_buf array = {0};
    struct qn_buf glue = {0};
    snprintf(folder, sizeof folder, "%s" FOLDER, root);
    enum qn_status status = check_texts(root, dataset, options, err);
    if (!status)
        status = qn_make_dirs(folder, err);
    if (status)
        return status;
    put_array(&array, dataset, program, folder, options, wanted);
    put_glue(&glue, dataset, program, folder, options);
    status = write_script(folder, "array.sh", &array, err);
    enum qn_status second = write_script(folder, "glue.sh", &glue, status ? NULL : err);
    return status ? status : second;
}

/* ---- submission ----------------------------------------------------------------------------- */

static enum qn_status record(const char *root, const struct qn_array_job *job, struct qn_error *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s" FOLDER "/submitted.json", root);
    json_t *json = json_pack("{s:s, s:s, s:I}", "array", job->array, "glue", job->glue, "slices",
                             (json_int_t)job->slices);
    char *text = json ? qn_json_dump(json, JSON_INDENT(2)) : NULL;
    json_decref(json);
    enum qn_status status =
        text ? qn_write_file(path, text, strlen(text), err) : qn_fail_memory(err, path, 1);
    free(text);
    return status;
}

enum qn_status qn_array_submit(const char *root, const struct qn_array_options *options,
                               struct qn_array_job *job, struct qn_error *err)
{
    static const char *const none[] = {NULL};
    char array[PATH_MAX];
    char glue[PATH_MAX];
    char after[QN_SLURM_JOB + 32];
    const char *glue_arguments[] = {after, "--kill-on-invalid-dep=yes", NULL};
    *job = (struct qn_array_job){.slices = options->slices};
    snprintf(array, sizeof array, "%s" FOLDER "/array.sh", root);
    snprintf(glue, sizeof glue, "%s" FOLDER "/glue.sh", root);
    enum qn_status status = qn_slurm_submit(
        array, options->sbatch_arguments ? options->sbatch_arguments : none, job->array, err);
    if (status)
        return status;
    snprintf(after, sizeof after, "--dependency=afterany:%s", job->array);
    status = qn_slurm_submit(glue, glue_arguments, job->glue, err);
    enum qn_status recorded = record(root, job, status ? NULL : err);
    return status ? status : recorded;
}

enum qn_status qn_array_read(const char *root, struct qn_array_job *job, bool *found,
                             struct qn_error *err)
{
    char path[PATH_MAX];
    struct qn_buf text = {0};
    struct stat st;
    *job = (struct qn_array_job){0};
    snprintf(path, sizeof path, "%s" FOLDER "/submitted.json", root);
    enum qn_status status = qn_stat_if_any(path, &st, found, err);
    if (status || !*found)
        return status;
    status = qn_read_file(path, &text, 65536, err);
    if (status)
        return status;
    json_t *json = json_loadb((const char *)text.data, text.len, 0, NULL);
    const char *array = json_string_value(json_object_get(json, "array"));
    const char *glue = json_string_value(json_object_get(json, "glue"));
    json_int_t slices = json_integer_value(json_object_get(json, "slices"));
    bool sound = array && qn_slurm_is_job(array) && glue && (!*glue || qn_slurm_is_job(glue));
    if (!sound || slices < 1 || slices > 100000)
        status = qn_fail_at(err, QN_ERR_CORRUPT, path, -1, "'%s' is damaged.", path);
    else
        *job = (struct qn_array_job){.slices = (unsigned)slices};
    if (!status) {
        snprintf(job->array, sizeof job->array, "%s", array);
        snprintf(job->glue, sizeof job->glue, "%s", glue);
    }
    json_decref(json);
    qn_buf_release(&text);
    return status;
}
