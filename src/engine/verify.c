/* Checks a dataset against its manifest: see verify.h. */
#include "engine/verify.h"

#include "base/hash.h"
#include "base/json_memory.h"
#include "base/listing.h"
#include "engine/aside.h"
#include "engine/json_text.h"
#include "engine/machine.h"
#include "engine/manifest.h"
#include "engine/output.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOLD = 10 }; /* stretches of a file that are told one by one */

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

static void add_finding(struct qn_verify *verify, const char *file, int64_t offset, uint64_t bytes,
                        const char *what)
{
    json_t *finding =
        json_pack("{s:o, s:I, s:I, s:o}", "file", qn_json_text(file), "offset", (json_int_t)offset,
                  "bytes", (json_int_t)bytes, "what", qn_json_text(what));
    json_array_append_new(verify->findings, finding);
}

void qn_verify_finding(struct qn_verify *verify, const char *file, int64_t offset,
                       const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    add_finding(verify, file, offset, 0, text);
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

struct stretches { /* of a file that differ */
    struct qn_verify *verify;
    char path[1024];
    uint64_t count;
};

static void tell_stretch(void *context, const char *path, uint64_t start, uint64_t end)
{
    struct stretches *stretches = context;
    if (strcmp(stretches->path, path) != 0) {
        snprintf(stretches->path, sizeof stretches->path, "%s", path);
        stretches->count = 0;
    }
    if (stretches->count++ < TOLD)
        add_finding(stretches->verify, path, (int64_t)start, end - start, "its content changed");
}

/* The entry of `path` in .quern/blocks, which has the order of the manifest; NULL if none. */
static const struct qn_blocks *blocks_of(struct qn_verify *verify, const char *path)
{
    struct qn_blocks *entry = &verify->listed;
    while (strcmp(entry->path, path) < 0) {
        if (!qn_blocks_next(&verify->blocks, entry))
            return NULL;
    }
    return strcmp(entry->path, path) == 0 ? entry : NULL;
}

/* Where a file of the right length differs: in which of its blocks, if they are listed. */
static void tell_damage(struct qn_verify *verify, const char *path, const struct qn_hash *hash,
                        const char *expected, const struct qn_buf *blocks)
{
    char text[QN_HASH_TEXT];
    struct stretches stretches = {.verify = verify};
    const struct qn_blocks *listed = blocks_of(verify, path);
    if (listed && listed->length == QN_BLOCK_BYTES && listed->count == blocks->len / 8)
        qn_blocks_compare(listed, listed->bytes, blocks->data, tell_stretch, &stretches);
    if (stretches.count > TOLD)
        qn_verify_finding(verify, path, -1, "it changed in %llu places in all",
                          (unsigned long long)stretches.count);
    qn_hash_text(hash, text);
    if (stretches.count == 0)
        qn_verify_finding(verify, path, -1,
                          "its content changed: XXH3-128 is %s, the manifest has %s", text,
                          expected);
}

static void compare_file(struct qn_verify *verify, const char *path, struct qn_hasher *hasher,
                         uint64_t size, const char *expected)
{
    char text[QN_HASH_TEXT];
    const struct qn_buf *blocks;
    uint64_t now = qn_hasher_size(hasher);
    struct qn_hash hash = qn_hasher_end(hasher, &blocks);
    qn_hash_text(&hash, text);
    if (now != size)
        qn_verify_finding(verify, path, now < size ? (int64_t)now : (int64_t)size,
                          "%llu bytes long, not the %llu of the manifest", (unsigned long long)now,
                          (unsigned long long)size);
    else if (strcmp(text, expected) != 0)
        tell_damage(verify, path, &hash, expected, blocks);
}

static void check_file(struct qn_verify *verify, const json_t *entry)
{
    const char *path = json_string_value(json_object_get(entry, "path"));
    const char *expected = json_string_value(json_object_get(entry, "xxh3_128"));
    uint64_t size = (uint64_t)json_integer_value(json_object_get(entry, "bytes"));
    char full[PATH_MAX];
    struct qn_error err;
    if (!path || !expected) {
        qn_verify_finding(verify, "manifest.json", -1, "an entry without path or hash");
        return;
    }
    if (!qn_path_is_inside(path)) { /* whoever made it may have had reasons to have that read */
        qn_verify_finding(verify, path, -1, "leads out of the dataset");
        return;
    }
    snprintf(full, sizeof full, "%s/%s", verify->root, path);
    struct qn_hasher *hasher = qn_hasher_new();
    enum qn_status status =
        hasher ? qn_hasher_file(hasher, full, &err) : qn_fail_memory(&err, "hashing", sizeof full);
    if (status)
        qn_verify_finding(verify, path, -1, "%s",
                          err.sys_errno == ENOENT ? "the file is missing" : err.message);
    else
        compare_file(verify, path, hasher, size, expected);
    qn_hasher_free(hasher);
}

/* Parts that were kept for another run. One that is not there will be made again. */
static enum qn_status check_part(struct qn_verify *verify, const struct qn_blocks *part,
                                 struct qn_error *err)
{
    char full[PATH_MAX];
    struct qn_error cause = {0};
    struct stretches stretches = {.verify = verify};
    const struct qn_buf *blocks;
    struct qn_hasher *hasher = qn_hasher_new();
    if (!hasher)
        return qn_fail_memory(err, "hashing", sizeof full);
    snprintf(full, sizeof full, "%s/%s", verify->root, part->path);
    enum qn_status status = QN_OK;
    bool whole = qn_hasher_file(hasher, full, &cause) == QN_OK;
    qn_hasher_end(hasher, &blocks);
    if (!whole && cause.sys_errno != ENOENT)
        qn_verify_finding(verify, part->path, -1, "%s", cause.message);
    else if (whole && blocks->failed)
        status = qn_fail_memory(err, "hashes of blocks", blocks->len);
    else if (whole)
        qn_blocks_compare(part, qn_hasher_size(hasher), blocks->data, tell_stretch, &stretches);
    qn_hasher_free(hasher);
    return status;
}

static enum qn_status check_parts(struct qn_verify *verify, struct qn_error *err)
{
    struct qn_cursor entries = verify->blocks;
    struct qn_blocks entry;
    enum qn_status status = QN_OK;
    while (!status && qn_blocks_next(&entries, &entry)) {
        if (!strncmp(entry.path, ".quern/parts/", 13) && qn_path_is_inside(entry.path) &&
            entry.length == QN_BLOCK_BYTES)
            status = check_part(verify, &entry, err);
    }
    return status;
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

/* Files below `folder` (relative, "" for the root) that the manifest does not list. */
static enum qn_status check_surplus(struct qn_verify *verify, const json_t *known,
                                    const char *folder, struct qn_error *err)
{
    char full[PATH_MAX];
    struct qn_listing listing;
    snprintf(full, sizeof full, "%s/%s", verify->root, folder);
    enum qn_status status = qn_listing_open(&listing, full, err);
    while (qn_listing_next(&listing, &status, err)) {
        char relative[PATH_MAX];
        snprintf(relative, sizeof relative, "%s%s%s", folder, *folder ? "/" : "", listing.name);
        if (!*folder && (!strcmp(relative, ".quern") || qn_is_aside(relative)))
            continue;
        if (qn_listing_kind(&listing) == QN_ENTRY_FOLDER)
            status = check_surplus(verify, known, relative, err);
        else if (!json_object_get(known, relative))
            qn_verify_finding(verify, relative, -1, "the manifest does not list this file");
    }
    qn_listing_close(&listing);
    return status;
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
    enum qn_status status = check_surplus(verify, known, "", err);
    json_decref(known);
    return status;
}

/* A list that is damaged was found to be; one that is not there was never made. */
static enum qn_status read_blocks(struct qn_verify *verify, struct qn_error *err)
{
    char path[PATH_MAX];
    struct qn_error cause = {0};
    snprintf(path, sizeof path, "%s/" QN_BLOCKS_PATH, verify->root);
    enum qn_status status = qn_blocks_read(path, &verify->blocks_bytes, &verify->blocks, &cause);
    if (cause.sys_errno == ENOENT)
        return QN_OK;
    if (status && err)
        *err = cause;
    return status;
}

/* What the pipeline knows of them. It may not be able to read what was found to be damaged. */
static enum qn_status check_contents(struct qn_verify *verify, struct qn_error *err)
{
    struct qn_error cause = {.offset = -1};
    if (!verify->pipeline || !verify->pipeline->verify)
        return QN_OK;
    enum qn_status status = verify->pipeline->verify(verify, &cause);
    bool damaged = json_array_size(verify->findings) > 0;
    if (damaged && (status == QN_ERR_IO || status == QN_ERR_INPUT || status == QN_ERR_CORRUPT)) {
        qn_verify_note(verify, "what is in the files was looked at no further: %s", cause.message);
        return QN_OK;
    }
    if (status && err)
        *err = cause;
    return status;
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
    struct stretches aside = {.verify = verify};
    enum qn_status status = qn_aside_check(root, tell_stretch, &aside, err);
    if (!status)
        status = qn_manifest_read(root, &verify->manifest, err);
    snprintf(run_dir, sizeof run_dir, "%s/.quern", root);
    if (!status)
        status = qn_plan_open(&verify->plan, run_dir, err);
    if (!status)
        status = read_blocks(verify, err);
    if (aside.count > 0 && status == QN_ERR_CORRUPT) {
        qn_verify_note(verify, "nothing else was looked at: %s", err->message);
        return QN_OK;
    }
    if (status)
        return status;
    verify->job = (struct qn_job){.options = &verify->plan.options,
                                  .shared = verify->plan.shared,
                                  .shared_len = verify->plan.shared_len,
                                  .directory = root};
    status = check_parts(verify, err);
    if (!status) {
        check_files(verify);
        status = find_surplus(verify, err);
    }
    return status ? status : check_contents(verify, err);
}

void qn_verify_release(struct qn_verify *verify)
{
    qn_plan_close(&verify->plan);
    json_decref(verify->manifest);
    json_decref(verify->findings);
    json_decref(verify->notes);
    qn_buf_release(&verify->blocks_bytes);
    free(verify->fact);
}
