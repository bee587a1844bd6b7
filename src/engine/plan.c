/* Building, writing and mapping plans: see plan.h. */
#include "engine/plan.h"

#include "base/json_memory.h"
#include "engine/machine.h"

#include "base/io.h"
#include "base/sys.h"
#include "engine/folder.h"
#include "engine/json_text.h"

#include <errno.h>
#include <limits.h>
#include <quern/version.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PLAN_MAGIC    "QNPLAN1\n"
#define EDGE_BYTES    65536u /* of an input's head and tail that are hashed */
#define PAYLOAD_LIMIT (16u << 20)

struct plan_header {
    char magic[8];
    uint64_t count;
    uint64_t total_cost;
    uint64_t total_items;
    uint64_t shared_offset;
    uint64_t shared_len;
};

enum qn_status qn_plan_init(struct qn_plan *plan, const struct qn_observer *observer,
                            const volatile sig_atomic_t *cancelled, struct qn_error *err)
{
    *plan = (struct qn_plan){.inputs = json_array(),
                             .notes = json_array(),
                             .observer = observer,
                             .cancelled = cancelled,
                             .start_us = qn_now_us()};
    return plan->inputs && plan->notes ? QN_OK : qn_fail_memory(err, "the plan", 1);
}

void qn_plan_release(struct qn_plan *plan)
{
    qn_buf_release(&plan->entries);
    qn_buf_release(&plan->payloads);
    qn_buf_release(&plan->shared);
    json_decref(plan->inputs);
    json_decref(plan->notes);
    *plan = (struct qn_plan){0};
}

/* Hash of the first and last EDGE_BYTES: finds a changed file without reading all of it. */
static enum qn_status hash_edges(const char *path, const struct stat *st, struct qn_hash *hash,
                                 struct qn_error *err)
{
    uint64_t size = (uint64_t)st->st_size;
    size_t head = size < EDGE_BYTES ? (size_t)size : EDGE_BYTES;
    size_t tail = size - head < EDGE_BYTES ? (size_t)(size - head) : EDGE_BYTES;
    int fd;
    uint8_t *edges = qn_sys.malloc(2 * (size_t)EDGE_BYTES);
    if (!edges)
        return qn_fail_memory(err, "hashing an input", 2 * EDGE_BYTES);
    enum qn_status status = qn_open_read(path, &fd, err);
    if (!status) {
        status = qn_read_at(fd, path, edges, head, 0, err);
        if (!status)
            status = qn_read_at(fd, path, edges + head, tail, size - tail, err);
        if (!status)
            *hash = qn_hash_of(edges, head + tail);
        qn_sys.close(fd);
    }
    free(edges);
    return status;
}

/* Of a folder: what it holds. */
static enum qn_status folder_identity(const char *path, json_t **identity, struct qn_error *err)
{
    struct qn_folder folder;
    char text[QN_HASH_TEXT];
    enum qn_status status = qn_folder_identity(path, &folder, err);
    if (status)
        return status;
    qn_hash_text(&folder.hash, text);
    *identity = json_pack("{s:s, s:I, s:I, s:I, s:s}", "path", path, "files",
                          (json_int_t)folder.files, "size", (json_int_t)folder.bytes, "mtime_ns",
                          (json_int_t)folder.newest_ns, "listing_xxh3_128", text);
    return *identity ? QN_OK : qn_fail_memory(err, "an input's identity", 1);
}

static enum qn_status input_identity(const char *path, json_t **identity, struct qn_error *err)
{
    struct stat st;
    struct qn_hash hash;
    char text[QN_HASH_TEXT];
    if (qn_sys.stat(path, &st) < 0)
        return qn_fail_errno(err, errno, "read", path);
    if (S_ISDIR(st.st_mode))
        return folder_identity(path, identity, err);
    enum qn_status status = hash_edges(path, &st, &hash, err);
    if (status)
        return status;
    qn_hash_text(&hash, text);
    int64_t mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    *identity = json_pack("{s:s, s:I, s:I, s:s}", "path", path, "size", (json_int_t)st.st_size,
                          "mtime_ns", (json_int_t)mtime_ns, "edges_xxh3_128", text);
    return *identity ? QN_OK : qn_fail_memory(err, "an input's identity", 1);
}

enum qn_status qn_plan_input(struct qn_plan *plan, const char *path, struct qn_error *err)
{
    json_t *identity = NULL;
    enum qn_status status = input_identity(path, &identity, err);
    if (!status && json_array_append_new(plan->inputs, identity))
        status = qn_fail_memory(err, "the list of inputs", 1);
    return status;
}

enum qn_status qn_plan_add(struct qn_plan *plan, uint64_t cost, uint64_t items, const void *payload,
                           size_t payload_len, struct qn_error *err)
{
    if (payload_len > PAYLOAD_LIMIT)
        return qn_fail(err, QN_ERR_INTERNAL, "a task's payload of %zu bytes is over the limit %u.",
                       payload_len, PAYLOAD_LIMIT);
    struct qn_plan_entry entry = {cost, items, plan->payloads.len, payload_len};
    qn_buf_append(&plan->entries, &entry, sizeof entry);
    qn_buf_append(&plan->payloads, payload, payload_len);
    qn_buf_append(&plan->payloads, (char[8]){0}, (8 - payload_len % 8) % 8); /* keeps alignment */
    if (plan->entries.failed || plan->payloads.failed)
        return qn_fail_memory(err, "the plan", plan->entries.len + plan->payloads.len);
    return QN_OK;
}

enum qn_status qn_plan_shared(struct qn_plan *plan, const void *bytes, size_t len,
                              struct qn_error *err)
{
    qn_buf_clear(&plan->shared);
    qn_buf_append(&plan->shared, bytes, len);
    return plan->shared.failed ? qn_fail_memory(err, "the plan", len) : QN_OK;
}

void qn_plan_progress(struct qn_plan *plan, const char *unit, uint64_t done, uint64_t total)
{
    qn_observe_step(plan->observer, "plan", unit, done, total, plan->start_us);
}

bool qn_plan_cancelled(const struct qn_plan *plan)
{
    return *plan->cancelled != 0;
}

void qn_plan_expect_bytes(struct qn_plan *plan, uint64_t bytes)
{
    plan->expected_bytes = bytes;
}

enum qn_status qn_plan_note(struct qn_plan *plan, struct qn_error *err, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (json_array_append_new(plan->notes, qn_json_text(text)))
        return qn_fail_memory(err, "a note of the plan", sizeof text);
    return QN_OK;
}

/* plan.bin: header, entries, payloads, shared bytes; in one buffer, so that it can be hashed. */
static enum qn_status assemble(const struct qn_plan *plan, struct qn_buf *bytes,
                               struct plan_header *header, struct qn_error *err)
{
    uint64_t count = plan->entries.len / sizeof(struct qn_plan_entry);
    uint64_t payloads_at = sizeof *header + plan->entries.len;
    *header = (struct plan_header){.count = count,
                                   .shared_offset = payloads_at + plan->payloads.len,
                                   .shared_len = plan->shared.len};
    memcpy(header->magic, PLAN_MAGIC, sizeof header->magic);
    struct qn_plan_entry *entries = (struct qn_plan_entry *)plan->entries.data;
    for (uint64_t i = 0; i < count; i++) {
        entries[i].payload_offset += payloads_at;
        header->total_cost += entries[i].cost;
        header->total_items += entries[i].items;
    }
    qn_buf_append(bytes, header, sizeof *header);
    qn_buf_append(bytes, plan->entries.data, plan->entries.len);
    qn_buf_append(bytes, plan->payloads.data, plan->payloads.len);
    qn_buf_append(bytes, plan->shared.data, plan->shared.len);
    return bytes->failed ? qn_fail_memory(err, "plan.bin", header->shared_offset) : QN_OK;
}

/* The digest: canonical JSON of what the tasks follow from, then plan.bin. */
static bool digest_of(const json_t *meta, const void *bin, size_t bin_len, char out[QN_HASH_TEXT])
{
    static const char *const keys[] = {"pipeline", "pipeline_version", "verb", "options", "inputs"};
    struct qn_buf all = {0};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char *text = qn_json_dump(json_object_get(meta, keys[i]),
                                  JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
        if (text)
            qn_buf_text(&all, text);
        all.failed |= !text;
        free(text);
    }
    struct qn_hash hash = qn_hash_of(bin, bin_len);
    qn_buf_append(&all, hash.bytes, sizeof hash.bytes);
    hash = qn_hash_of(all.data, all.len);
    qn_hash_text(&hash, out);
    bool ok = !all.failed;
    qn_buf_release(&all);
    return ok;
}

enum qn_status qn_plan_write(struct qn_plan *plan, const char *run_dir,
                             const struct qn_pipeline *pipeline, const char *verb,
                             const struct qn_options *options, struct qn_error *err)
{
    struct plan_header header;
    struct qn_buf bin = {0};
    char path[PATH_MAX];
    char digest[QN_HASH_TEXT];
    char *text = NULL;
    json_t *meta =
        json_pack("{s:s, s:s, s:i, s:s, s:O, s:O, s:O}", "quern", QUERN_VERSION, "pipeline",
                  pipeline->name, "pipeline_version", (int)pipeline->version, "verb", verb,
                  "options", options->values, "inputs", plan->inputs, "notes", plan->notes);
    enum qn_status status = assemble(plan, &bin, &header, err);
    if (status)
        goto out;
    if (!meta || !digest_of(meta, bin.data, bin.len, digest)) {
        status = qn_fail_memory(err, "plan.json", 1);
        goto out;
    }
    if (json_object_set_new(meta, "tasks", json_integer((json_int_t)header.count)) ||
        json_object_set_new(meta, "items", json_integer((json_int_t)header.total_items)) ||
        json_object_set_new(meta, "expected_bytes",
                            json_integer((json_int_t)plan->expected_bytes)) ||
        json_object_set_new(meta, "digest", json_string(digest)) ||
        !(text = qn_json_dump(meta, JSON_INDENT(2)))) {
        status = qn_fail_memory(err, "plan.json", 1);
        goto out;
    }
    snprintf(path, sizeof path, "%s/plan.bin", run_dir);
    status = qn_write_file(path, bin.data, bin.len, err);
    snprintf(path, sizeof path, "%s/plan.json", run_dir);
    if (!status)
        status = qn_write_file(path, text, strlen(text), err);
out:
    free(text);
    json_decref(meta);
    qn_buf_release(&bin);
    return status;
}

static enum qn_status load_meta(struct qn_plan_file *file, const char *run_dir,
                                struct qn_error *err)
{
    char path[PATH_MAX];
    struct qn_buf text = {0};
    json_error_t where;
    snprintf(path, sizeof path, "%s/plan.json", run_dir);
    enum qn_status status = qn_read_file(path, &text, 1u << 30, err);
    if (!status) {
        errno = 0;
        file->meta = json_loadb((char *)text.data, text.len, 0, &where);
        const char *digest = json_string_value(json_object_get(file->meta, "digest"));
        if (!file->meta && errno == ENOMEM)
            status = qn_fail_memory(err, path, text.len);
        else if (!digest || strlen(digest) != QN_HASH_TEXT - 1)
            status = qn_fail_at(err, QN_ERR_CORRUPT, path, where.position,
                                "'%s' is damaged (%s). Start over with --restart.", path,
                                file->meta ? "no digest" : where.text);
        else
            memcpy(file->digest, digest, QN_HASH_TEXT);
    }
    qn_buf_release(&text);
    if (!status)
        file->options.values = json_incref(json_object_get(file->meta, "options"));
    return status;
}

/* A digest proves that nothing was changed by chance, not that the plan was made by Quern. */
static bool payloads_are_inside(const struct qn_plan_file *file, const struct plan_header *header)
{
    const struct qn_plan_entry *entries = (const struct qn_plan_entry *)(header + 1);
    for (uint64_t i = 0; i < header->count; i++) {
        if (entries[i].payload_offset > file->map_len ||
            entries[i].payload_len > file->map_len - entries[i].payload_offset)
            return false;
    }
    return true;
}

static bool plan_is_sound(const struct qn_plan_file *file, const struct plan_header *header)
{
    uint64_t len = file->map_len;
    if (memcmp(header->magic, PLAN_MAGIC, 8) ||
        header->count > (len - sizeof *header) / sizeof(struct qn_plan_entry) ||
        !payloads_are_inside(file, header))
        return false;
    if (header->shared_offset > len || header->shared_len != len - header->shared_offset)
        return false;
    char digest[QN_HASH_TEXT];
    return digest_of(file->meta, file->map, file->map_len, digest) && !strcmp(digest, file->digest);
}

enum qn_status qn_plan_open(struct qn_plan_file *file, const char *run_dir, struct qn_error *err)
{
    char path[PATH_MAX];
    int fd = -1;
    struct stat st;
    *file = (struct qn_plan_file){0};
    enum qn_status status = load_meta(file, run_dir, err);
    if (status)
        goto out;
    snprintf(path, sizeof path, "%s/plan.bin", run_dir);
    status = qn_open_read(path, &fd, err);
    if (status)
        goto out;
    if (qn_sys.fstat(fd, &st) < 0 || st.st_size < (off_t)sizeof(struct plan_header)) {
        status = qn_fail_at(err, QN_ERR_CORRUPT, path, 0,
                            "'%s' is damaged: too short. Start over with --restart.", path);
        goto out;
    }
    file->map_len = (size_t)st.st_size;
    void *map = qn_sys.mmap(NULL, file->map_len, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        status = qn_fail_errno(err, errno, "map", path);
        goto out;
    }
    file->map = map;
    const struct plan_header *header = map;
    if (!plan_is_sound(file, header)) {
        status = qn_fail_at(err, QN_ERR_CORRUPT, path, 0,
                            "'%s' is damaged: it does not have the digest that plan.json gives. "
                            "Start over with --restart.",
                            path);
        goto out;
    }
    file->count = header->count;
    file->total_cost = header->total_cost;
    file->total_items = header->total_items;
    file->entries = (const struct qn_plan_entry *)(header + 1);
    file->shared = file->map + header->shared_offset;
    file->shared_len = header->shared_len;
out:
    if (fd >= 0)
        qn_sys.close(fd);
    if (status)
        qn_plan_close(file);
    return status;
}

void qn_plan_close(struct qn_plan_file *file)
{
    if (file->map)
        munmap((void *)file->map, file->map_len);
    qn_options_release(&file->options);
    json_decref(file->meta);
    *file = (struct qn_plan_file){0};
}

struct qn_task qn_plan_task(const struct qn_plan_file *file, uint64_t index)
{
    const struct qn_plan_entry *entry = &file->entries[index];
    return (struct qn_task){.index = index,
                            .cost = entry->cost,
                            .items = entry->items,
                            .payload = file->map + entry->payload_offset,
                            .payload_len = entry->payload_len};
}

static enum qn_status check_inputs(const struct qn_plan_file *file, struct qn_error *err)
{
    size_t i;
    json_t *recorded;
    json_array_foreach(json_object_get(file->meta, "inputs"), i, recorded)
    {
        const char *path = json_string_value(json_object_get(recorded, "path"));
        json_t *now = NULL;
        enum qn_status status = input_identity(path, &now, err);
        if (status)
            return status;
        const char *changed = NULL;
        const char *key;
        json_t *value;
        json_object_foreach(recorded, key, value)
        {
            if (!changed && !json_equal(value, json_object_get(now, key)))
                changed = key;
        }
        json_decref(now);
        if (changed)
            return qn_fail_at(err, QN_ERR_CHANGED, path, -1,
                              "the input '%s' is not the one the run began with: its %s differs.",
                              path, !strcmp(changed, "mtime_ns") ? "modification time" : changed);
    }
    return QN_OK;
}

enum qn_status qn_plan_check_inputs(const struct qn_plan_file *file,
                                    const struct qn_pipeline *pipeline, struct qn_error *err)
{
    enum qn_status status = check_inputs(file, err);
    for (uint64_t i = 0; !status && pipeline->check_task && i < file->count; i++) {
        struct qn_task task = qn_plan_task(file, i);
        status = pipeline->check_task(&task, err);
    }
    return status;
}
