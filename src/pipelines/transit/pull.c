/* Fetching light curves for a plan: see pull.h. */
#include "pipelines/transit/pull.h"

#include "base/io.h"
#include "base/sys.h"
#include "pipelines/transit/addresses.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct item { /* offsets in pull->texts */
    size_t url;
    size_t path;
};

struct star { /* of a candidate: its items */
    const struct qn_target *target;
    size_t candidate;
    size_t first;
    size_t count;
};

void qn_pull_release(struct qn_pull *pull)
{
    qn_buf_release(&pull->texts);
    qn_buf_release(&pull->items);
    qn_buf_release(&pull->stars);
    free(pull->downloads);
}

static struct star *stars_of(const struct qn_pull *pull)
{
    return (struct star *)(void *)pull->stars.data;
}

/* ---- what to fetch -------------------------------------------------------------------------- */

static int by_target(const void *a, const void *b)
{
    const struct star *x = a;
    const struct star *y = b;
    int order = memcmp(x->target, y->target, sizeof *x->target);
    return order != 0 ? order : (x->candidate > y->candidate) - (x->candidate < y->candidate);
}

static int by_candidate(const void *a, const void *b)
{
    const struct star *x = a;
    const struct star *y = b;
    return (x->candidate > y->candidate) - (x->candidate < y->candidate);
}

static enum qn_status add_items(struct qn_pull *pull, struct star *star,
                                const struct qn_options *options, const char *folder,
                                struct qn_error *err)
{
    const char *template = qn_option_string(options, "light-curves");
    size_t sectors = strstr(template, "{sector") ? qn_option_count(options, "sectors") : 0;
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < (sectors > 0 ? sectors : 1) && !status; i++) {
        char name[QN_ADDRESS_NAME];
        char path[PATH_MAX];
        struct item item = {.url = pull->texts.len};
        status = qn_address_of(template, star->target,
                               sectors > 0 ? qn_option_item(options, "sectors", i) : NULL,
                               &pull->texts, name, err);
        item.path = pull->texts.len;
        snprintf(path, sizeof path, "%s/%s", folder, name);
        qn_buf_append(&pull->texts, path, strlen(path) + 1);
        qn_buf_append(&pull->items, &item, sizeof item);
        star->count++;
        pull->count++;
    }
    return status;
}

/* Items of each star once, however many candidates it has. */
static enum qn_status collect(struct qn_pull *pull, const struct qn_candidates *candidates,
                              const struct qn_options *options, const char *folder,
                              struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < candidates->count; i++) {
        struct star star = {&qn_candidate_at(candidates, i)->target, i, 0, 0};
        qn_buf_append(&pull->stars, &star, sizeof star);
    }
    if (pull->stars.failed)
        return qn_fail_memory(err, "the stars", pull->stars.len);
    struct star *stars = stars_of(pull);
    qsort(stars, candidates->count, sizeof *stars, by_target);
    for (size_t i = 0; i < candidates->count && !status; i++) {
        stars[i].first = pull->count;
        if (stars[i].target->catalogue == QN_NO_CATALOGUE)
            continue;
        if (i > 0 && qn_target_same(stars[i].target, stars[i - 1].target)) {
            stars[i].first = stars[i - 1].first;
            stars[i].count = stars[i - 1].count;
        } else {
            status = add_items(pull, &stars[i], options, folder, err);
        }
    }
    qsort(stars, candidates->count, sizeof *stars, by_candidate);
    if (!status && (pull->texts.failed || pull->items.failed))
        status = qn_fail_memory(err, "the addresses", pull->texts.len);
    return status;
}

/* ---- fetching ------------------------------------------------------------------------------- */

static void tell(void *context, size_t done, size_t count)
{
    qn_plan_progress(context, "light curves fetched", done, count);
}

static bool stop(void *context)
{
    return qn_plan_cancelled(context);
}

static enum qn_status note(const struct qn_pull *pull, const char *folder, struct qn_plan *plan,
                           struct qn_error *err)
{
    char line[QN_DOWNLOAD_SUMMARY];
    struct qn_error first;
    size_t failed = 0;
    for (size_t i = 0; i < pull->count; i++)
        failed += pull->downloads[i].state == QN_DOWNLOAD_FAILED;
    enum qn_status status = qn_download_sum_up(pull->downloads, pull->count, line, &first);
    if (failed > 0 && failed == pull->count) {
        if (err)
            *err = first;
        return status;
    }
    return qn_plan_note(plan, err, "light curves: %s; they are kept in %s", line, folder);
}

enum qn_status qn_pull_curves(struct qn_pull *pull, const struct qn_candidates *candidates,
                              const struct qn_options *options, const char *folder,
                              struct qn_plan *plan, struct qn_error *err)
{
    struct qn_download_limits limits = {.agent = "quern-transit",
                                        .at_once = 4,
                                        .attempts = 6,
                                        .backoff_s = qn_option_real(options, "backoff"),
                                        .connect_s = 20,
                                        .stall_s = 60,
                                        .accept = qn_address_received,
                                        .tell = tell,
                                        .stop = stop,
                                        .context = plan};
    enum qn_status status = collect(pull, candidates, options, folder, err);
    if (status)
        return status;
    pull->downloads = qn_sys.calloc(pull->count + 1, sizeof *pull->downloads);
    if (!pull->downloads)
        return qn_fail_memory(err, "the downloads", pull->count * sizeof *pull->downloads);
    const struct item *items = (const struct item *)(const void *)pull->items.data;
    for (size_t i = 0; i < pull->count; i++) {
        pull->downloads[i].url = (const char *)pull->texts.data + items[i].url;
        pull->downloads[i].path = (const char *)pull->texts.data + items[i].path;
    }
    status = qn_make_dirs(folder, err);
    if (!status)
        status = qn_download_all(pull->downloads, pull->count, &limits, err);
    return status ? status : note(pull, folder, plan, err);
}

const char *qn_pull_trouble(const struct qn_pull *pull, size_t i)
{
    const struct star *stars = stars_of(pull);
    if (!pull->downloads)
        return NULL;
    for (size_t k = stars[i].first; k < stars[i].first + stars[i].count; k++)
        if (pull->downloads[k].state == QN_DOWNLOAD_FAILED)
            return pull->downloads[k].message;
    return NULL;
}
