/* Writes and reads manifest.json: see manifest.h. */
#include "engine/manifest.h"

#include "base/io.h"
#include "base/json_memory.h"
#include "base/listing.h"
#include "base/sys.h"
#include "engine/blocks.h"
#include "engine/json_text.h"
#include "engine/part.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct listed {
    struct qn_file file; /* its chunks and blocks are in the listing's `keep` */
    size_t chunks_at, blocks_at;
};

struct listing {
    bool parts; /* those of tasks, too, which stay */
    struct listed *files;
    size_t count, cap;
    struct qn_buf keep;
};

static bool is_part(const struct qn_file *file)
{
    return !strncmp(file->path, ".quern/", 7);
}

static bool add_file(struct listing *list, const struct qn_file *file)
{
    if (is_part(file) && !list->parts)
        return true;
    if (list->count == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : 64;
        struct listed *files = qn_sys.realloc(list->files, cap * sizeof *files);
        if (!files)
            return false;
        list->files = files;
        list->cap = cap;
    }
    struct listed *listed = &list->files[list->count++];
    *listed = (struct listed){.file = *file, .chunks_at = list->keep.len};
    qn_buf_append(&list->keep, file->chunks, 4 * (size_t)file->chunk_count);
    listed->blocks_at = list->keep.len;
    qn_buf_append(&list->keep, file->blocks, 8 * (size_t)file->block_count);
    return !list->keep.failed;
}

static bool add_all(struct listing *list, struct qn_cursor files)
{
    struct qn_file file;
    while (qn_file_next(&files, &file)) {
        if (!add_file(list, &file))
            return false;
    }
    return !files.failed;
}

/* The part file itself, of which only the blocks are listed. */
static bool add_part(struct listing *list, uint64_t task, const struct qn_part *part)
{
    struct qn_file file = {.size = part->bytes.len};
    const struct qn_buf *blocks;
    struct qn_hasher *hasher = qn_hasher_new();
    if (!hasher)
        return false;
    qn_hasher_update(hasher, part->bytes.data, part->bytes.len);
    file.hash = qn_hasher_end(hasher, &blocks);
    file.block_count = (uint32_t)(blocks->len / 8);
    file.blocks = blocks->data;
    qn_part_name(task, file.path, sizeof file.path);
    bool ok = !blocks->failed && add_file(list, &file);
    qn_hasher_free(hasher);
    return ok;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct listed *)a)->file.path, ((const struct listed *)b)->file.path);
}

/* All files of all parts and of glue, sorted by path. */
static enum qn_status collect(const struct qn_glue *glue, struct listing *list,
                              struct qn_error *err)
{
    bool ok =
        add_all(list, (struct qn_cursor){.data = glue->box.files.data, .len = glue->box.files.len});
    for (uint64_t i = 0; ok && i < glue->plan->count; i++) {
        const struct qn_task_history *task = &glue->history->tasks[i];
        struct qn_part part;
        if (task->state != QN_TASK_DONE || !task->in_part)
            continue;
        enum qn_status status = qn_part_read(glue->root, glue->plan->digest, i, &part, err);
        if (status)
            return status;
        ok = add_all(list, part.files) && (!list->parts || add_part(list, i, &part));
        qn_buf_release(&part.bytes);
    }
    if (!ok)
        return qn_fail_memory(err, "the manifest", list->count * sizeof *list->files);
    if (list->count > 1)
        qsort(list->files, list->count, sizeof *list->files, by_path);
    return QN_OK;
}

static bool is_listed(const struct listing *list, const char *path)
{
    struct listed key;
    snprintf(key.file.path, sizeof key.file.path, "%s", path);
    return list->count > 0 &&
           bsearch(&key, list->files, list->count, sizeof *list->files, by_path) != NULL;
}

/* Removes every file below `folder` (relative, "" for the root) that nobody lists: temporaries of
 * workers that died, and what an attempt had committed before it failed. */
static enum qn_status remove_unlisted(const char *root, const char *folder,
                                      const struct listing *list, struct qn_error *err)
{
    char full[PATH_MAX];
    snprintf(full, sizeof full, "%s/%s", root, folder);
    struct qn_listing listing;
    enum qn_status status = qn_listing_open(&listing, full, err);
    while (qn_listing_next(&listing, &status, err)) {
        char path[PATH_MAX];
        if (!*folder && !strcmp(listing.name, ".quern"))
            continue;
        snprintf(path, sizeof path, "%s%s%s", folder, *folder ? "/" : "", listing.name);
        if (qn_listing_kind(&listing) == QN_ENTRY_FOLDER)
            status = remove_unlisted(root, path, list, err);
        else if (!is_listed(list, path) && qn_sys.unlink(listing.path) < 0 && errno != ENOENT)
            status = qn_fail_errno(err, errno, "remove", listing.path);
    }
    qn_listing_close(&listing);
    return status;
}

/* A manifest with a gap would be taken for the truth: what cannot be written fails all of it. */
static void put_value(struct qn_buf *out, const json_t *value, size_t flags)
{
    char *text = value ? qn_json_dump(value, flags | JSON_ENCODE_ANY) : NULL;
    if (text)
        qn_buf_append(out, text, strlen(text));
    else
        out->failed = true;
    free(text);
}

static void put_json(struct qn_buf *out, const char *key, const json_t *value)
{
    qn_buf_printf(out, "  \"%s\": ", key);
    put_value(out, value, JSON_COMPACT | JSON_SORT_KEYS);
    qn_buf_printf(out, ",\n");
}

/* Tasks that gave nothing: what each was and why. */
static void put_failures(struct qn_buf *out, const struct qn_glue *glue)
{
    const char *separator = "";
    qn_buf_printf(out, "  \"failed\": [");
    for (uint64_t i = 0; i < glue->plan->count; i++) {
        if (glue->history->tasks[i].state == QN_TASK_DONE)
            continue;
        char what[512] = "";
        struct qn_task task = qn_plan_task(glue->plan, i);
        if (glue->pipeline->describe)
            glue->pipeline->describe(&glue->job, &task, what, sizeof what);
        json_t *entry = json_pack("{s:I, s:o}", "task", (json_int_t)i, "what", qn_json_text(what));
        qn_buf_printf(out, "%s\n    ", separator);
        put_value(out, entry, JSON_COMPACT);
        json_decref(entry);
        separator = ",";
    }
    qn_buf_printf(out, "%s],\n", *separator ? "\n  " : "");
}

static void put_files(struct qn_buf *out, const struct listing *list)
{
    const char *separator = "";
    qn_buf_printf(out, "  \"files\": [");
    for (size_t i = 0; i < list->count; i++) {
        const struct qn_file *file = &list->files[i].file;
        if (is_part(file))
            continue;
        struct qn_cursor chunks = {
            .data = list->keep.data, .len = list->keep.len, .at = list->files[i].chunks_at};
        char hash[QN_HASH_TEXT];
        json_t *path = json_string(file->path);
        qn_hash_text(&file->hash, hash);
        qn_buf_printf(out, "%s\n    {\"path\": ", separator);
        separator = ",";
        put_value(out, path, 0);
        qn_buf_printf(out, ", \"bytes\": %llu, \"xxh3_128\": \"%s\"",
                      (unsigned long long)file->size, hash);
        for (uint32_t k = 0; k < file->chunk_count; k++)
            qn_buf_printf(out, "%s\"%08x\"", k ? "," : ", \"chunks_crc32c\": [",
                          qn_cursor_u32(&chunks));
        qn_buf_printf(out, "%s}", file->chunk_count ? "]" : "");
        json_decref(path);
    }
    qn_buf_printf(out, "\n  ],\n");
}

/* .quern/blocks, in the order of the manifest. */
static enum qn_status write_blocks(const char *root, const struct listing *list,
                                   struct qn_error *err)
{
    struct qn_buf out = {0};
    char path[PATH_MAX];
    uint64_t count = 0;
    qn_blocks_begin(&out);
    for (size_t i = 0; i < list->count; i++) {
        const struct qn_file *file = &list->files[i].file;
        struct qn_blocks entry = {.length = QN_BLOCK_BYTES,
                                  .bytes = file->size,
                                  .count = file->block_count,
                                  .hashes = list->keep.data + list->files[i].blocks_at};
        if (file->block_count < 2 && !is_part(file))
            continue; /* the manifest has its hash */
        memcpy(entry.path, file->path, sizeof entry.path);
        qn_blocks_add(&out, &entry);
        count++;
    }
    qn_blocks_end(&out, count);
    snprintf(path, sizeof path, "%s/" QN_BLOCKS_PATH, root);
    enum qn_status status = out.failed ? qn_fail_memory(err, path, out.len)
                                       : qn_write_file(path, out.data, out.len, err);
    qn_buf_release(&out);
    return status;
}

/* The inputs without their times, which say nothing about content. */
static json_t *plain_inputs(const json_t *inputs)
{
    json_t *copy = json_deep_copy(inputs);
    size_t i;
    json_t *input;
    json_array_foreach(copy, i, input) json_object_del(input, "mtime_ns");
    return copy;
}

/* The last lines of a manifest: the hash of all that stands before them. */
#define SEAL (sizeof "  \"xxh3_128\": \"\"\n}\n" - 1 + 2 * QN_HASH_BYTES)

static void put_seal(const void *bytes, size_t len, char seal[SEAL + 1])
{
    char text[QN_HASH_TEXT];
    struct qn_hash hash = qn_hash_of(bytes, len);
    qn_hash_text(&hash, text);
    snprintf(seal, SEAL + 1, "  \"xxh3_128\": \"%s\"\n}\n", text);
}

static bool is_sealed(const struct qn_buf *text)
{
    char seal[SEAL + 1];
    if (text->len < SEAL)
        return false;
    put_seal(text->data, text->len - SEAL, seal);
    return memcmp(text->data + text->len - SEAL, seal, SEAL) == 0;
}

enum qn_status qn_manifest_write(struct qn_glue *glue, struct qn_error *err)
{
    struct listing list = {.parts = glue->pipeline->reuses_parts || glue->history->gave_up > 0};
    struct qn_buf out = {0};
    char path[PATH_MAX];
    const json_t *meta = glue->plan->meta;
    enum qn_status status = collect(glue, &list, err);
    if (!status)
        status = remove_unlisted(glue->root, "", &list, err);
    if (!status)
        status = write_blocks(glue->root, &list, err);
    if (status)
        goto done;
    json_t *inputs = plain_inputs(json_object_get(meta, "inputs"));
    qn_buf_printf(&out, "{\n  \"format\": 1,\n");
    put_json(&out, "pipeline", json_object_get(meta, "pipeline"));
    put_json(&out, "pipeline_version", json_object_get(meta, "pipeline_version"));
    put_json(&out, "verb", json_object_get(meta, "verb"));
    put_json(&out, "options", json_object_get(meta, "options"));
    put_json(&out, "inputs", inputs);
    put_json(&out, "notes", glue->notes);
    put_json(&out, "facts", glue->facts);
    qn_buf_printf(&out, "  \"tasks\": %llu,\n", (unsigned long long)glue->plan->count);
    if (glue->unusable > 0)
        qn_buf_printf(&out, "  \"unusable\": %llu,\n", (unsigned long long)glue->unusable);
    put_failures(&out, glue);
    put_files(&out, &list);
    if (!out.failed) {
        char seal[SEAL + 1];
        put_seal(out.data, out.len, seal);
        qn_buf_append(&out, seal, SEAL);
    }
    json_decref(inputs);
    snprintf(path, sizeof path, "%s/manifest.json", glue->root);
    status = out.failed ? qn_fail_memory(err, "the manifest", out.len)
                        : qn_write_file(path, out.data, out.len, err);
done:
    qn_buf_release(&out);
    qn_buf_release(&list.keep);
    free(list.files);
    return status;
}

enum qn_status qn_manifest_read(const char *root, json_t **manifest, struct qn_error *err)
{
    char path[PATH_MAX];
    struct qn_buf text = {0};
    json_error_t where;
    snprintf(path, sizeof path, "%s/manifest.json", root);
    enum qn_status status = qn_read_file(path, &text, INT64_MAX, err);
    if (!status && !is_sealed(&text))
        status =
            qn_fail_at(err, QN_ERR_CORRUPT, path, -1,
                       "'%s' was changed since it was made: it does not have the hash that its "
                       "last line states. Make the dataset again, or restore the file.",
                       path);
    if (!status) {
        errno = 0;
        *manifest = json_loadb((char *)text.data, text.len, 0, &where);
        if (!*manifest && errno == ENOMEM)
            status = qn_fail_memory(err, path, text.len);
        else if (!*manifest)
            status = qn_fail_at(err, QN_ERR_CORRUPT, path, where.position,
                                "'%s' is damaged at line %d: %s. The dataset cannot be checked "
                                "without it; import it again.",
                                path, where.line, where.text);
    }
    qn_buf_release(&text);
    return status;
}
