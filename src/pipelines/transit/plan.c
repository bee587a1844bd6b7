/* Planning: reads the candidates, indexes the light curves, makes a task of each candidate (or of
 * each star, for a blind search) with the files chosen for it. */
#include "base/buf.h"
#include "base/sys.h"
#include "pipelines/transit/job.h"
#include "pipelines/transit/previous.h"
#include "pipelines/transit/pull.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct planning {
    struct qn_plan *plan;
    struct qn_settings settings;
    struct qn_mirror mirror;
    struct qn_previous previous;
    struct qn_pull pull;
    struct qn_buf chosen;
    struct qn_buf payload;
    size_t without; /* stars that have no light curve */
    size_t skipped; /* files beside the one chosen for their sector */
    size_t kept;    /* rows taken over */
};

static bool stopped(void *plan)
{
    return qn_plan_cancelled(plan);
}

/* Points times periods, roughly: a point is about 100 bytes, periods grow with the sectors. */
static uint64_t cost_of(uint64_t bytes, size_t files)
{
    return 20000 + bytes / 100 * (1 + files);
}

static void encode(struct planning *p, const struct qn_candidate *candidate, size_t files,
                   const struct qn_row *kept, uint64_t *bytes)
{
    const size_t *places = (const size_t *)(const void *)p->chosen.data;
    const struct qn_mirror_file *all = qn_mirror_files(&p->mirror);
    qn_buf_clear(&p->payload);
    qn_buf_append(&p->payload, candidate, sizeof *candidate);
    qn_buf_u32(&p->payload, (uint32_t)files);
    qn_buf_u32(&p->payload, kept != NULL);
    *bytes = 0;
    for (size_t i = 0; i < files; i++) {
        struct qn_lc_file file = {.path = qn_mirror_path(&p->mirror, &all[places[i]])};
        qn_lc_file_stamp(&file); /* a kept index may be older than the file */
        qn_buf_u64(&p->payload, file.size);
        qn_buf_u64(&p->payload, (uint64_t)file.mtime_ns);
        qn_buf_append(&p->payload, file.path, strlen(file.path) + 1);
        *bytes += file.size;
    }
    if (kept)
        qn_row_encode(kept, &p->payload);
}

/* The files of the star, which takes the name in the table that they go by. */
static size_t choose_files(struct planning *p, struct qn_candidate *candidate)
{
    qn_buf_clear(&p->chosen);
    size_t files =
        qn_mirror_choose(&p->mirror, &candidate->target, &p->settings.choice, &p->chosen);
    for (size_t i = 0; files == 0 && i + 1 < candidate->target_count; i++) {
        files =
            qn_mirror_choose(&p->mirror, &candidate->others[i], &p->settings.choice, &p->chosen);
        if (files > 0)
            candidate->target = candidate->others[i];
    }
    return files;
}

static enum qn_status add_task(struct planning *p, struct qn_candidate *candidate,
                               struct qn_error *err)
{
    uint64_t bytes;
    size_t files = choose_files(p, candidate);
    const struct qn_row *kept = qn_previous_find(&p->previous, candidate);
    p->without += files == 0 && !kept;
    p->kept += kept != NULL;
    encode(p, candidate, files, kept, &bytes);
    if (p->payload.failed || p->chosen.failed)
        return qn_fail_memory(err, "a task", p->payload.len);
    return qn_plan_add(p->plan, kept ? 1 : cost_of(bytes, files), 1, p->payload.data,
                       p->payload.len, err);
}

/* ---- features ------------------------------------------------------------------------------- */

static enum qn_status note_candidates(struct planning *p, const struct qn_candidates *candidates,
                                      struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < candidates->note_count && !status; i++)
        status = qn_plan_note(p->plan, err, "%s", candidates->notes[i]);
    if (!status && p->kept > 0)
        status =
            qn_plan_note(p->plan, err, "%zu rows are taken over from the earlier result", p->kept);
    if (!status && p->without > 0)
        status = qn_plan_note(p->plan, err, "%zu of %zu candidates have no light curve", p->without,
                              candidates->count);
    return status;
}

static enum qn_status note_mirror(struct planning *p, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    if (p->mirror.others > 0)
        status = qn_plan_note(p->plan, err,
                              "files left out because they are no light curves (target pixels, "
                              "reports): %zu; the first is %s",
                              p->mirror.others, p->mirror.first_other);
    if (status || p->mirror.unknown == 0)
        return status;
    return qn_plan_note(p->plan, err,
                        "%zu FITS files tell no star by name or header and are found by their name "
                        "only; the first is %s",
                        p->mirror.unknown, p->mirror.first_unknown);
}

/* A folder as it is; what a template of addresses gives, in the folder that it is fetched into. */
static enum qn_status index_curves(struct planning *p, const struct qn_options *options,
                                   const struct qn_candidates *candidates, struct qn_error *err)
{
    const char *from = qn_option_string(options, "light-curves");
    const char *downloads = qn_option_string(options, "downloads");
    struct qn_mirror_search search = {p->settings.keep_index, stopped, p->plan};
    char folder[PATH_MAX];
    enum qn_status status = QN_OK;
    if (!from)
        return QN_OK;
    if (qn_url_has_password(from))
        return qn_fail(err, QN_ERR_USAGE,
                       "the address of --light-curves has a password in it, and would be kept in "
                       "the dataset. Use 'fetch', then give the folder.");
    if (strstr(from, "://")) {
        snprintf(folder, sizeof folder, "%s%s", downloads ? downloads : qn_option_input(options, 0),
                 downloads ? "" : ".light-curves");
        status = qn_pull_curves(&p->pull, candidates, options, folder, p->plan, err);
        from = folder;
    }
    if (!status)
        status = qn_mirror_index(&p->mirror, from, &search, err);
    return status ? status : note_mirror(p, err);
}

static enum qn_status add_candidate(struct planning *p, const struct qn_candidates *candidates,
                                    size_t i, struct qn_error *err)
{
    struct qn_candidate candidate = *qn_candidate_at(candidates, i);
    const char *trouble = qn_pull_trouble(&p->pull, i);
    if (trouble && !candidate.trouble[0])
        snprintf(candidate.trouble, sizeof candidate.trouble,
                 "its light curve could not be fetched: %.80s", trouble);
    return add_task(p, &candidate, err);
}

static enum qn_status plan_candidates(struct planning *p, const struct qn_options *options,
                                      struct qn_error *err)
{
    struct qn_candidates candidates = {0};
    const char *table = qn_option_input(options, 0);
    enum qn_status status = qn_plan_input(p->plan, table, err);
    if (!status)
        status = qn_candidates_read(&candidates, table, &p->settings.units, err);
    if (!status)
        status = index_curves(p, options, &candidates, err);
    if (!status)
        status = qn_previous_open(&p->previous, options, &candidates, err);
    for (size_t i = 0; i < candidates.count && !status; i++) {
        status = qn_plan_cancelled(p->plan)
                     ? qn_fail(err, QN_ERR_CANCELLED, "planning was stopped.")
                     : add_candidate(p, &candidates, i, err);
    }
    if (!status)
        qn_plan_expect_bytes(p->plan, candidates.count * 3000);
    if (!status)
        status = note_candidates(p, &candidates, err);
    qn_candidates_release(&candidates);
    return status;
}

static enum qn_status plan_features(struct planning *p, const struct qn_options *options,
                                    struct qn_error *err)
{
    if (qn_option_inputs(options) != 1)
        return qn_fail(err, QN_ERR_USAGE, "features takes one table of candidates, %zu were given.",
                       qn_option_inputs(options));
    if (!qn_option_string(options, "light-curves") && !p->settings.allow_synthetic)
        return qn_fail(err, QN_ERR_USAGE,
                       "where are the light curves? Name their folder with --light-curves DIR, or "
                       "a template of addresses; `quern transit fetch` downloads them, too.");
    return plan_candidates(p, options, err);
}

/* ---- search --------------------------------------------------------------------------------- */

static struct qn_candidate star_only(const struct qn_target *target, uint64_t row)
{
    struct qn_candidate star;
    memset(&star, 0, sizeof star);
    star.target = *target;
    star.row = row;
    star.period = star.depth = star.duration = star.epoch = NAN;
    star.teff = star.logg = star.radius = star.mass = NAN;
    return star;
}

static enum qn_status plan_search(struct planning *p, const struct qn_options *options,
                                  struct qn_error *err)
{
    enum qn_status status = QN_OK;
    uint64_t stars = 0;
    struct qn_mirror_search search = {p->settings.keep_index, stopped, p->plan};
    for (size_t i = 0; i < qn_option_inputs(options) && !status; i++)
        status = qn_mirror_index(&p->mirror, qn_option_input(options, i), &search, err);
    const struct qn_mirror_file *files = qn_mirror_files(&p->mirror);
    const struct qn_target *last = NULL;
    for (size_t i = 0; i < p->mirror.count && !status; i++) {
        if (files[i].other || (last && qn_target_same(&files[i].target, last)))
            continue;
        last = &files[i].target;
        struct qn_candidate star = star_only(&files[i].target, stars++);
        status = add_task(p, &star, err);
    }
    if (!status && stars == 0)
        status = qn_fail(err, QN_ERR_INPUT,
                         "there are no light curves in '%s'. Give FITS files or text files "
                         "(.csv, .txt, .dat), or folders of them.",
                         qn_option_input(options, 0));
    return status ? status : note_mirror(p, err);
}

enum qn_status qn_transit_plan(const struct qn_options *options, struct qn_plan *plan,
                               struct qn_error *err)
{
    struct planning p = {.plan = plan};
    enum qn_status status = qn_settings_parse(&p.settings, options, err);
    if (!status)
        status = p.settings.blind ? plan_search(&p, options, err) : plan_features(&p, options, err);
    qn_previous_close(&p.previous);
    qn_pull_release(&p.pull);
    qn_mirror_release(&p.mirror);
    qn_buf_release(&p.chosen);
    qn_buf_release(&p.payload);
    return status;
}

/* ---- payloads ------------------------------------------------------------------------------- */

/* Texts end, and numbers that stand for something do so. */
static bool is_sound(const struct qn_candidate *c)
{
    bool sound = c->epoch_scale < QN_LC_SCALES && c->target_count <= QN_CANDIDATE_TARGETS &&
                 !c->target.name[sizeof c->target.name - 1] && !c->name[sizeof c->name - 1] &&
                 !c->label[sizeof c->label - 1] && !c->source[sizeof c->source - 1] &&
                 !c->trouble[sizeof c->trouble - 1];
    for (size_t i = 0; i < sizeof c->others / sizeof *c->others; i++)
        sound = sound && !c->others[i].name[sizeof c->others[i].name - 1];
    return sound;
}

enum qn_status qn_work_decode(const void *payload, size_t len, struct qn_work *work,
                              struct qn_error *err)
{
    struct qn_cursor cursor = {.data = payload, .len = len};
    memset(work, 0, sizeof *work);
    const uint8_t *candidate = qn_cursor_bytes(&cursor, sizeof work->candidate);
    uint32_t files = qn_cursor_u32(&cursor);
    work->kept = qn_cursor_u32(&cursor) != 0;
    bool whole = candidate && !cursor.failed && files <= len;
    work->files = qn_sys.calloc(whole ? files + 1 : 1, sizeof *work->files);
    if (!work->files)
        return qn_fail_memory(err, "a task", files * sizeof *work->files);
    if (whole) {
        memcpy(&work->candidate, candidate, sizeof work->candidate);
        whole = is_sound(&work->candidate);
    }
    for (uint32_t i = 0; i < files && whole; i++) {
        struct qn_lc_file *file = &work->files[work->file_count++];
        file->size = qn_cursor_u64(&cursor);
        file->mtime_ns = (int64_t)qn_cursor_u64(&cursor);
        file->path = (const char *)cursor.data + cursor.at;
        size_t used = strnlen(file->path, cursor.len - cursor.at);
        whole = used < cursor.len - cursor.at;
        cursor.at += used + 1;
    }
    if (whole && work->kept)
        whole = qn_row_decode(&cursor, &work->row);
    if (whole)
        return QN_OK;
    qn_work_release(work);
    return qn_fail(err, QN_ERR_CORRUPT,
                   "a task of the plan is damaged. Start over with --restart.");
}

void qn_work_release(struct qn_work *work)
{
    free(work->files);
    work->files = NULL;
}

enum qn_status qn_transit_check_task(const struct qn_task *task, struct qn_error *err)
{
    struct qn_work work;
    enum qn_status status = qn_work_decode(task->payload, task->payload_len, &work, err);
    for (size_t i = 0; !status && !work.kept && i < work.file_count; i++)
        status = qn_lc_file_check(&work.files[i], err);
    if (work.files)
        qn_work_release(&work);
    return status;
}
