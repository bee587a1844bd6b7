/* Taking over parts: see reuse.h. Files are linked, not copied: nothing writes to a part. */
#include "engine/reuse.h"

#include "base/io.h"
#include "base/sys.h"
#include "engine/part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct known { /* a task of the dataset that is there */
    struct qn_hash payload;
    uint64_t task;
};

static int by_payload(const void *a, const void *b)
{
    return memcmp(&((const struct known *)a)->payload, &((const struct known *)b)->payload,
                  sizeof(struct qn_hash));
}

static struct qn_hash payload_hash(const struct qn_plan_file *plan, uint64_t i)
{
    struct qn_task task = qn_plan_task(plan, i);
    return qn_hash_of(task.payload, task.payload_len);
}

/* All that a part depends on but the payload. */
static bool same_job(const struct qn_plan_file *a, const struct qn_plan_file *b)
{
    static const char *const members[] = {"pipeline", "pipeline_version", "verb"};
    bool same = a->shared_len == b->shared_len &&
                (a->shared_len == 0 || memcmp(a->shared, b->shared, a->shared_len) == 0);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        same = same && json_equal(json_object_get(a->meta, members[i]),
                                  json_object_get(b->meta, members[i]));
    const char *difference = qn_options_difference(&a->options, &b->options);
    return same && (!difference || !strcmp(difference, "inputs"));
}

/* Links the files of a part; false if one of them is not as the part says. */
static bool link_files(const char *dataset, const char *partial, const struct qn_part *part)
{
    struct qn_cursor files = part->files;
    struct qn_file file;
    if (!qn_part_files_stand(dataset, part, QN_PART_SIZES))
        return false;
    while (qn_file_next(&files, &file)) {
        char from[PATH_MAX], to[PATH_MAX];
        if (snprintf(from, sizeof from, "%s/%s", dataset, file.path) >= (int)sizeof from ||
            snprintf(to, sizeof to, "%s/%s", partial, file.path) >= (int)sizeof to)
            return false;
        qn_sys.unlink(to);
        if (qn_make_parent(to, NULL) || qn_sys.link(from, to) < 0)
            return false;
    }
    return !files.failed;
}

/* The part of task `from` of the dataset becomes that of task `to` of the plan. */
static bool take_over(const char *dataset, const struct qn_plan_file *old, uint64_t from,
                      const char *partial, const struct qn_plan_file *plan, uint64_t to)
{
    struct qn_part part;
    struct qn_outbox box;
    struct qn_hash hash;
    uint64_t size;
    if (qn_part_read(dataset, old->digest, from, &part, NULL))
        return false;
    bool taken = link_files(dataset, partial, &part);
    if (taken) {
        struct qn_cursor files = part.files;
        box = (struct qn_outbox){.root = partial};
        qn_buf_append(&box.files, files.data + files.at, files.len - files.at);
        const uint8_t *count = files.data + files.at - 4; /* stands before the list */
        struct qn_cursor number = {.data = count, .len = 4};
        box.count = qn_cursor_u32(&number);
        taken = !box.files.failed && !qn_part_write(partial, plan->digest, to, &box, part.result,
                                                    part.result_len, &size, &hash, NULL);
        qn_buf_release(&box.files);
    }
    qn_buf_release(&part.bytes);
    return taken;
}

static struct known *list_known(const struct qn_plan_file *old)
{
    struct known *known = qn_sys.malloc((old->count + 1) * sizeof *known);
    for (uint64_t i = 0; known && i < old->count; i++)
        known[i] = (struct known){payload_hash(old, i), i};
    if (known && old->count > 1)
        qsort(known, old->count, sizeof *known, by_payload);
    return known;
}

enum qn_status qn_reuse_parts(const char *dataset, const char *partial,
                              const struct qn_plan_file *plan, uint64_t *count,
                              struct qn_error *err)
{
    char run_dir[PATH_MAX];
    struct qn_plan_file old;
    *count = 0;
    snprintf(run_dir, sizeof run_dir, "%s/.quern", dataset);
    if (qn_plan_open(&old, run_dir, NULL))
        return QN_OK;
    struct known *known = same_job(&old, plan) ? list_known(&old) : NULL;
    enum qn_status status = QN_OK;
    snprintf(run_dir, sizeof run_dir, "%s/.quern/parts", partial);
    if (known)
        status = qn_make_dirs(run_dir, err);
    for (uint64_t i = 0; known && !status && i < plan->count; i++) {
        struct known wanted = {.payload = payload_hash(plan, i)};
        const struct known *found = bsearch(&wanted, known, old.count, sizeof *known, by_payload);
        if (found)
            *count += take_over(dataset, &old, found->task, partial, plan, i);
    }
    free(known);
    qn_plan_close(&old);
    return status;
}
