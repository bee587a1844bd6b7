/* Checks a dataset against its manifest: see verify.h. */
#include "engine/verify.h"

#include "base/sys.h"
#include "engine/folder.h"
#include "engine/json_text.h"
#include "engine/machine.h"
#include "engine/manifest.h"
#include "engine/output.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* At the top of a dataset, beside the data: may differ from run to run. */
static const char *const extras[] = {"manifest.json", "run.json", "report.html", ".quern"};

const struct qn_job *qn_verify_job(const struct qn_verify *verify)
{
    return &verify->job;
}

uint64_t qn_verify_count(const struct qn_verify *verify)
{
    return verify->plan.count;
}

const struct qn_task *qn_verify_task(const struct qn_verify *verify, uint64_t i, bool *done)
{
    static struct qn_task task;
    size_t k;
    json_t *failed;
    task = qn_plan_task(&verify->plan, i);
    *done = true;
    json_array_foreach(json_object_get(verify->manifest, "failed"), k, failed) *done &=
        (uint64_t)json_integer_value(json_object_get(failed, "task")) != i;
    return &task;
}

const char *qn_verify_fact(struct qn_verify *verify, const char *name)
{
    json_t *value = json_object_get(json_object_get(verify->manifest, "facts"), name);
    free(verify->fact);
    verify->fact = value ? qn_json_dump(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    return verify->fact;
}

void qn_verify_finding(struct qn_verify *verify, const char *file, int64_t offset,
                       const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_t *finding = json_pack("{s:o, s:I, s:o}", "file", qn_json_text(file), "offset",
                                (json_int_t)offset, "what", qn_json_text(text));
    json_array_append_new(verify->findings, finding);
}

void qn_verify_note(struct qn_verify *verify, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_array_append_new(verify->notes, qn_json_text(text));
}

void qn_verify_progress(struct qn_verify *verify, uint64_t done, uint64_t total)
{
    double elapsed = (double)(qn_now_us() - verify->start_us) / 1e6;
    double fraction = total ? (double)done / (double)total : 1;
    struct qn_progress progress = {.phase = "verify",
                                   .unit = "bytes",
                                   .done = done,
                                   .total = total,
                                   .fraction = fraction,
                                   .rate = elapsed > 0 ? (double)done / elapsed : 0,
                                   .bytes_per_s = elapsed > 0 ? (double)done / elapsed : 0,
                                   .eta_s = fraction > 0 ? elapsed / fraction - elapsed : -1,
                                   .slowest_task = UINT64_MAX,
                                   .elapsed_s = elapsed};
    verify->observer->progress(verify->observer->context, &progress);
}

/* ---- files ---------------------------------------------------------------------------------- */

static void check_file(struct qn_verify *verify, const json_t *entry)
{
    const char *path = json_string_value(json_object_get(entry, "path"));
    const char *expected = json_string_value(json_object_get(entry, "xxh3_128"));
    uint64_t size = (uint64_t)json_integer_value(json_object_get(entry, "bytes"));
    char full[PATH_MAX];
    char text[QN_HASH_TEXT];
    struct qn_hash hash;
    struct qn_error err;
    uint64_t now;
    if (!path || !expected) {
        qn_verify_finding(verify, "manifest.json", -1, "an entry without path or hash");
        return;
    }
    if (!qn_path_is_inside(path)) { /* whoever made it may have had reasons to have that read */
        qn_verify_finding(verify, path, -1, "leads out of the dataset");
        return;
    }
    snprintf(full, sizeof full, "%s/%s", verify->root, path);
    if (qn_hash_file(full, &hash, &now, &err)) {
        qn_verify_finding(verify, path, -1, "%s",
                          err.sys_errno == ENOENT ? "the file is missing" : err.message);
        return;
    }
    qn_hash_text(&hash, text);
    if (now != size)
        qn_verify_finding(verify, path, now < size ? (int64_t)now : (int64_t)size,
                          "%llu bytes long, not the %llu of the manifest", (unsigned long long)now,
                          (unsigned long long)size);
    else if (strcmp(text, expected) != 0)
        qn_verify_finding(verify, path, -1,
                          "its content changed: XXH3-128 is %s, the manifest has %s", text,
                          expected);
}

static uint64_t manifest_bytes(const json_t *files)
{
    uint64_t total = 0;
    size_t i;
    json_t *entry;
    json_array_foreach((json_t *)files, i, entry) total +=
        (uint64_t)json_integer_value(json_object_get(entry, "bytes"));
    return total;
}

static void check_files(struct qn_verify *verify)
{
    json_t *files = json_object_get(verify->manifest, "files");
    uint64_t total = manifest_bytes(files);
    size_t i;
    json_t *entry;
    json_array_foreach(files, i, entry)
    {
        check_file(verify, entry);
        verify->files++;
        verify->bytes += (uint64_t)json_integer_value(json_object_get(entry, "bytes"));
        qn_verify_progress(verify, verify->bytes, total);
    }
    qn_verify_note(verify, "%llu files, %.1f MB: sizes and hashes compared with the manifest",
                   (unsigned long long)verify->files, (double)verify->bytes / 1e6);
}

static bool is_extra(const char *relative)
{
    size_t len = strlen(relative);
    if (len > 4 && !strchr(relative, '/') && !strcmp(relative + len - 4, ".png"))
        return true;
    for (size_t i = 0; i < sizeof extras / sizeof *extras; i++) {
        if (!strcmp(relative, extras[i]))
            return true;
    }
    return false;
}

/* Files below `folder` (relative, "" for the root) that the manifest does not list. */
static void check_surplus(struct qn_verify *verify, const json_t *known, const char *folder)
{
    char full[PATH_MAX];
    snprintf(full, sizeof full, "%s/%s", verify->root, folder);
    DIR *dir = opendir(full);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char relative[PATH_MAX];
        char path[2 * PATH_MAX];
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        snprintf(relative, sizeof relative, "%s%s%s", folder, *folder ? "/" : "", entry->d_name);
        if (is_extra(relative))
            continue;
        snprintf(path, sizeof path, "%s/%s", verify->root, relative);
        if (qn_folder_is(entry, path))
            check_surplus(verify, known, relative);
        else if (!json_object_get(known, relative))
            qn_verify_finding(verify, relative, -1, "the manifest does not list this file");
    }
    if (dir)
        closedir(dir);
}

static enum qn_status find_surplus(struct qn_verify *verify, struct qn_error *err)
{
    json_t *known = json_object();
    size_t i;
    json_t *entry;
    if (!known)
        return qn_fail_memory(err, "the list of files", 1);
    json_array_foreach(json_object_get(verify->manifest, "files"), i, entry)
    {
        const char *path = json_string_value(json_object_get(entry, "path"));
        if (path)
            json_object_set_new(known, path, json_true());
    }
    check_surplus(verify, known, "");
    json_decref(known);
    return QN_OK;
}

enum qn_status qn_verify_run(struct qn_verify *verify, const char *root,
                             const struct qn_pipeline *pipeline, const struct qn_observer *observer,
                             struct qn_error *err)
{
    char run_dir[PATH_MAX];
    *verify = (struct qn_verify){.pipeline = pipeline,
                                 .root = root,
                                 .observer = observer,
                                 .findings = json_array(),
                                 .notes = json_array(),
                                 .start_us = qn_now_us()};
    if (!verify->findings || !verify->notes)
        return qn_fail_memory(err, "findings", 1);
    enum qn_status status = qn_manifest_read(root, &verify->manifest, err);
    snprintf(run_dir, sizeof run_dir, "%s/.quern", root);
    if (!status)
        status = qn_plan_open(&verify->plan, run_dir, err);
    if (status)
        return status;
    verify->job = (struct qn_job){.options = &verify->plan.options,
                                  .shared = verify->plan.shared,
                                  .shared_len = verify->plan.shared_len,
                                  .directory = root};
    check_files(verify);
    status = find_surplus(verify, err);
    if (!status && pipeline->verify)
        status = pipeline->verify(verify, err);
    return status;
}

void qn_verify_release(struct qn_verify *verify)
{
    qn_plan_close(&verify->plan);
    json_decref(verify->manifest);
    json_decref(verify->findings);
    json_decref(verify->notes);
    free(verify->fact);
}
