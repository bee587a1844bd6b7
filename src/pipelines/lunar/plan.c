/* Planning: finds the files, checks that what they need beside them is there, makes tasks of ranges
 * of sweeps. Reads names, and about one sweep at each cut. */
#include "base/calendar.h"
#include "base/sys.h"
#include "pipelines/lunar/geometry.h"
#include "pipelines/lunar/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* About half a second of one core, and three tasks to a day. */
#define TASK_BYTES  ((uint64_t)8 << 20)
#define LOOK_BYTES  ((uint64_t)1 << 20)
#define SWEEP_BYTES 23000 /* of text, where a file does not tell */
#define ROW_OUT     60    /* bytes of dataset for a row, about */

struct planning {
    struct qn_plan *plan;
    struct qn_lunar_settings settings;
    struct qn_lunar_inputs inputs;
    struct qn_buf payload;
    uint64_t bytes;       /* of all files chosen */
    size_t days;          /* files chosen */
    uint64_t sweep_bytes; /* of a sweep's text, for progress */
};

static bool stopped(void *plan)
{
    return qn_plan_cancelled(plan);
}

/* ---- what tasks share ----------------------------------------------------------------------- */

static enum qn_status encode_shared(struct qn_buf *bytes, const struct qn_lunar_inputs *inputs,
                                    struct qn_error *err)
{
    const char *const *kernels = qn_lunar_kernels(inputs);
    if (inputs->kernel_count > QN_LUNAR_KERNELS)
        return qn_fail(
            err, QN_ERR_UNSUPPORTED,
            "%zu kernels were found, at most %d can be used. Leave out those that do not "
            "cover the time of the spectra.",
            inputs->kernel_count, QN_LUNAR_KERNELS);
    qn_buf_append(bytes, inputs->theta, strlen(inputs->theta) + 1);
    qn_buf_append(bytes, inputs->attitude, strlen(inputs->attitude) + 1);
    for (size_t i = 0; i < inputs->kernel_count; i++)
        qn_buf_append(bytes, kernels[i], strlen(kernels[i]) + 1);
    return bytes->failed ? qn_fail_memory(err, "the plan", bytes->len) : QN_OK;
}

enum qn_status qn_lunar_shared_decode(struct qn_lunar_shared *shared, const void *bytes, size_t len,
                                      struct qn_error *err)
{
    *shared = (struct qn_lunar_shared){0};
    qn_buf_append(&shared->bytes, bytes, len);
    qn_buf_u8(&shared->bytes, 0);
    if (shared->bytes.failed)
        return qn_fail_memory(err, "the plan", len);
    const char *at = (const char *)shared->bytes.data;
    for (size_t left = len, i = 0; left > 0 && i < QN_LUNAR_KERNELS + 2; i++) {
        size_t used = strlen(at) + 1;
        if (i == 0)
            shared->theta = at;
        else if (i == 1)
            shared->attitude = at;
        else
            shared->kernels[shared->kernel_count++] = at;
        left -= used < left ? used : left;
        at += used;
    }
    if (shared->attitude)
        return QN_OK;
    qn_lunar_shared_release(shared);
    return qn_fail(err, QN_ERR_CORRUPT, "the plan is damaged. Start over with --restart.");
}

void qn_lunar_shared_release(struct qn_lunar_shared *shared)
{
    qn_buf_release(&shared->bytes);
}

/* ---- payloads ------------------------------------------------------------------------------- */

static void encode_work(struct qn_buf *payload, const struct qn_lunar_work *work)
{
    qn_buf_u64(payload, work->from);
    qn_buf_u64(payload, work->to);
    qn_buf_u64(payload, (uint64_t)work->day);
    qn_buf_append(payload, work->path, strlen(work->path) + 1);
}

enum qn_status qn_lunar_work_decode(struct qn_lunar_work *work, const void *payload, size_t len,
                                    struct qn_error *err)
{
    struct qn_cursor in = {.data = payload, .len = len};
    *work = (struct qn_lunar_work){.from = qn_cursor_u64(&in), .to = qn_cursor_u64(&in)};
    work->day = (int32_t)(int64_t)qn_cursor_u64(&in);
    work->path = (const char *)in.data + in.at;
    if (in.failed || in.at == len || work->path[len - in.at - 1] != '\0')
        return qn_fail(err, QN_ERR_CORRUPT,
                       "a task of the plan is damaged. Start over with --restart.");
    return QN_OK;
}

/* ---- tasks ---------------------------------------------------------------------------------- */

/* How long a sweep is, from the first two of a file. */
static enum qn_status measure_text(struct planning *p, const char *path, struct qn_error *err)
{
    struct qn_er_sweep *sweep = qn_sys.malloc(sizeof *sweep);
    struct qn_er_reader *reader = NULL;
    uint64_t starts[2] = {0, 0};
    bool more = true;
    if (!sweep)
        return qn_fail_memory(err, "a sweep", sizeof *sweep);
    enum qn_status status = qn_er_open(&reader, path, 0, LOOK_BYTES, err);
    for (size_t i = 0; i < 2 && !status && more; i++) {
        status = qn_er_read(reader, sweep, &more, NULL, err);
        starts[i] = !status && more ? sweep->place[0].offset : 0;
    }
    qn_er_close(reader);
    free(sweep);
    p->sweep_bytes = starts[1] > starts[0] ? starts[1] - starts[0] : SWEEP_BYTES;
    return status;
}

static enum qn_status add_task(struct planning *p, const struct qn_lunar_day *file, uint64_t from,
                               uint64_t to, struct qn_error *err)
{
    struct qn_lunar_work work = {file->path, from, to, file->day};
    uint64_t bytes = (to < file->size ? to : file->size) - from;
    qn_buf_clear(&p->payload);
    encode_work(&p->payload, &work);
    if (p->payload.failed)
        return qn_fail_memory(err, "a task", p->payload.len);
    return qn_plan_add(p->plan, bytes + 1, bytes / p->sweep_bytes, p->payload.data, p->payload.len,
                       err);
}

/* A day in ranges of about equal size, cut where sweeps begin. */
static enum qn_status add_day(struct planning *p, const struct qn_lunar_day *file,
                              struct qn_error *err)
{
    uint64_t count = file->size / TASK_BYTES + 1;
    uint64_t from = 0;
    enum qn_status status = qn_plan_input(p->plan, file->path, err);
    if (!status && p->days == 0)
        status = measure_text(p, file->path, err);
    for (uint64_t i = 1; i < count && !status; i++) {
        uint64_t cut;
        status = qn_er_next_start(file->path, file->size / count * i, &cut, err);
        if (status || cut >= file->size)
            break; /* nor does any begin behind a later cut */
        if (cut <= from)
            continue;
        status = add_task(p, file, from, cut, err);
        from = cut;
    }
    p->bytes += file->size;
    p->days++;
    return status ? status : add_task(p, file, from, UINT64_MAX, err);
}

static enum qn_status add_days(struct planning *p, struct qn_error *err)
{
    const struct qn_lunar_day *days = qn_lunar_days(&p->inputs);
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < p->inputs.day_count && !status; i++) {
        if (!qn_lunar_period_has(&p->settings.period, days[i].day))
            continue;
        status = stopped(p->plan) ? qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.")
                                  : add_day(p, &days[i], err);
        qn_plan_progress(p->plan, "files", i + 1, p->inputs.day_count);
    }
    return status;
}

/* ---- checks and notes ----------------------------------------------------------------------- */

static void period_text(const struct qn_lunar_period *period, char text[32])
{
    int len =
        period->year ? snprintf(text, 32, "%04d", period->year) : snprintf(text, 32, "any year");
    if (period->month)
        len += snprintf(text + len, 32 - (size_t)len, "-%02d", period->month);
    if (period->day)
        snprintf(text + len, 32 - (size_t)len, "-%02d", period->day);
}

static enum qn_status no_days(const struct planning *p, const char *place, struct qn_error *err)
{
    char text[32];
    if (p->inputs.day_count == 0)
        return qn_fail_at(err, QN_ERR_INPUT, place, -1,
                          "there is no file of electron spectra (3DYYMMDD.TAB) below '%s'. `quern "
                          "lunar fetch` downloads them.",
                          place);
    period_text(&p->settings.period, text);
    return qn_fail_at(
        err, QN_ERR_INPUT, place, -1,
        "none of the %zu files of electron spectra below '%s' is of %s. Choose another "
        "--year, --month or --day, or let `quern lunar fetch` get it.",
        p->inputs.day_count, place, text);
}

/* Whether anything is known of the day: asked every six hours. *et is the last time asked for. */
static enum qn_status covers(struct qn_sky *sky, int32_t day, bool *covered, double *et,
                             struct qn_error *err)
{
    static const double seconds[] = {0, 21600, 43200, 64800, 86399};
    const double field[3] = {1, 1, 1};
    enum qn_status status = QN_OK;
    *covered = false;
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds && !status && !*covered; i++) {
        struct qn_sky_row row;
        *et = qn_et_from_utc(qn_sky_leaps(sky), (struct qn_utc){day, seconds[i]});
        status = qn_sky_look(sky, *et, field, &row, err);
        *covered = row.gap != QN_SKY_NO_ORBIT && row.gap != QN_SKY_NO_ATTITUDE;
    }
    return status;
}

/* Days of which no kernel knows are told; when it is so for all, that is an error. */
static enum qn_status check_coverage(struct planning *p, struct qn_sky *sky, struct qn_error *err)
{
    const struct qn_lunar_day *days = qn_lunar_days(&p->inputs);
    struct qn_error first = {0};
    enum qn_status status = QN_OK;
    size_t uncovered = 0;
    for (size_t i = 0; i < p->inputs.day_count && !status; i++) {
        bool covered;
        double et;
        if (!qn_lunar_period_has(&p->settings.period, days[i].day))
            continue;
        status = covers(sky, days[i].day, &covered, &et, err);
        if (!status && !covered && uncovered++ == 0)
            qn_sky_explain(sky, et, &first);
    }
    if (status || uncovered == 0)
        return status;
    if (uncovered == p->days)
        return qn_fail_at(err, QN_ERR_INPUT, first.file, first.offset, "%s", first.message);
    return qn_plan_note(p->plan, err, "%zu of %zu days have no geometry: %s", uncovered, p->days,
                        first.message);
}

/* Opens what every worker will open, so that what is missing is told once and at once. */
static enum qn_status check_sky(struct planning *p, struct qn_error *err)
{
    struct qn_sky *sky = NULL;
    double theta_deg[QN_ER_CELLS];
    enum qn_status status = qn_er_theta_read(p->inputs.theta, theta_deg, err);
    if (!status)
        status = qn_sky_open(&sky, qn_lunar_kernels(&p->inputs), p->inputs.kernel_count,
                             p->inputs.attitude, err);
    if (!status)
        status = check_coverage(p, sky, err);
    for (const char *line = status ? "" : qn_sky_notes(sky); *line && !status;) {
        size_t len = strcspn(line, "\n");
        status = qn_plan_note(p->plan, err, "%.*s", (int)len, line);
        line += len + (line[len] == '\n');
    }
    qn_sky_close(sky);
    return status;
}

static enum qn_status name_inputs(struct planning *p, struct qn_error *err)
{
    const char *const *kernels = qn_lunar_kernels(&p->inputs);
    struct qn_buf shared = {0};
    enum qn_status status = qn_plan_input(p->plan, p->inputs.theta, err);
    if (!status)
        status = qn_plan_input(p->plan, p->inputs.attitude, err);
    for (size_t i = 0; i < p->inputs.kernel_count && !status; i++)
        status = qn_plan_input(p->plan, kernels[i], err);
    if (!status)
        status = encode_shared(&shared, &p->inputs, err);
    if (!status)
        status = qn_plan_shared(p->plan, shared.data, shared.len, err);
    qn_buf_release(&shared);
    return status;
}

static enum qn_status find_inputs(struct planning *p, const struct qn_options *options,
                                  struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < qn_option_inputs(options) && !status; i++)
        status =
            qn_lunar_inputs_add(&p->inputs, qn_option_input(options, i), stopped, p->plan, err);
    if (status)
        return status;
    qn_lunar_inputs_sort(&p->inputs);
    if (p->inputs.left_aside == 0)
        return QN_OK;
    return qn_plan_note(p->plan, err,
                        "%zu files are of a day that another file is of, and left aside; the first "
                        "is %s",
                        p->inputs.left_aside, p->inputs.first_left_aside);
}

/* The first of the files that are of the period; of all when none is. */
static int32_t first_day(const struct planning *p)
{
    const struct qn_lunar_day *days = qn_lunar_days(&p->inputs);
    size_t i = 0;
    while (i < p->inputs.day_count && !qn_lunar_period_has(&p->settings.period, days[i].day))
        i++;
    return days[i < p->inputs.day_count ? i : 0].day;
}

static enum qn_status plan_inputs(struct planning *p, const struct qn_options *options,
                                  struct qn_error *err)
{
    if (qn_option_inputs(options) == 0)
        return qn_fail(err, QN_ERR_USAGE,
                       "which files? Name the folder with spectra, tables and kernels.");
    const char *place = qn_option_input(options, 0);
    enum qn_status status = find_inputs(p, options, err);
    if (!status && p->inputs.day_count == 0)
        status = no_days(p, place, err);
    if (!status)
        status = qn_lunar_inputs_check(&p->inputs, first_day(p), place, err);
    if (!status)
        status = add_days(p, err);
    if (!status && p->days == 0)
        status = no_days(p, place, err);
    if (!status)
        status = name_inputs(p, err);
    if (!status)
        status = check_sky(p, err);
    qn_plan_expect_bytes(p->plan, p->bytes / SWEEP_BYTES * QN_ER_ROWS * ROW_OUT);
    return status;
}

enum qn_status qn_lunar_plan(const struct qn_options *options, struct qn_plan *plan,
                             struct qn_error *err)
{
    struct planning p = {.plan = plan};
    enum qn_status status = qn_lunar_settings_parse(&p.settings, options, err);
    if (!status)
        status = plan_inputs(&p, options, err);
    qn_lunar_inputs_release(&p.inputs);
    qn_buf_release(&p.payload);
    return status;
}

void qn_lunar_describe(const struct qn_job *job, const struct qn_task *task, char *text,
                       size_t size)
{
    struct qn_lunar_work work;
    (void)job;
    snprintf(text, size, "task %llu", (unsigned long long)task->index);
    if (qn_lunar_work_decode(&work, task->payload, task->payload_len, NULL))
        return;
    const char *slash = strrchr(work.path, '/');
    snprintf(text, size, "%.200s from byte %llu", slash ? slash + 1 : work.path,
             (unsigned long long)work.from);
}
