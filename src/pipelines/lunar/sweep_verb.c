/* `quern lunar sweep`: one sweep of a file with all that can be found of it, as text, JSON or a
 * picture. */
#include "base/fresh.h"
#include "base/io.h"
#include "base/json_memory.h"
#include "base/sys.h"
#include "pipelines/lunar/verbs_show.h"
#include "pipelines/lunar/view.h"
#include "render/terminal.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct qn_option qn_lunar_sweep_options[] = {
    {"data", QN_OPT_PATH, "DIR", NULL,
     "where kernels, attitude and theta table are; default: in the file's folder, or above "
     "folders named by year and days as the archive's"},
    QN_LUNAR_MEASURE_OPTIONS,
    {"plot", QN_OPT_PATH, "PNG", NULL, "draw it into this file"},
    {"json", QN_OPT_FLAG, NULL, NULL, "print JSON instead of text"},
    {0}};

struct looking {
    const struct qn_options *options;
    const char *path;
    int64_t number;
    struct qn_lunar_settings settings;
    struct qn_lunar_inputs inputs;
    struct qn_lunar_measure *measure;
    struct qn_lunar_lookup lookup;
};

/* ---- what lies beside the file -------------------------------------------------------------- */

static bool is_complete(const struct qn_lunar_inputs *inputs)
{
    return inputs->theta && inputs->attitude && inputs->kernel_count > 0;
}

static enum qn_status search(struct looking *l, const char *folder, struct qn_error *err)
{
    qn_lunar_inputs_release(&l->inputs);
    enum qn_status status = qn_lunar_inputs_add(&l->inputs, folder, NULL, NULL, err);
    if (!status)
        qn_lunar_inputs_sort(&l->inputs);
    return status;
}

/* Takes off the last part of a path; false at the root. */
static bool go_up(char *path)
{
    char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return false;
    *slash = '\0';
    return true;
}

/* "1998", "091_120APR" */
static bool is_of_archive(const char *folder)
{
    const char *slash = strrchr(folder, '/');
    return slash && slash[1] >= '0' && slash[1] <= '9';
}

static enum qn_status find_companions(struct looking *l, struct qn_error *err)
{
    const char *given = qn_option_string(l->options, "data");
    const char *slash = strrchr(l->path, '/');
    int32_t day = 0;
    char folder[PATH_MAX];
    (void)qn_lunar_day_of_name(slash ? slash + 1 : l->path, &day);
    snprintf(folder, sizeof folder, "%s", given ? given : l->path);
    bool climb = !given && go_up(folder);
    enum qn_status status = search(l, folder, err);
    while (climb && !status && !is_complete(&l->inputs) && is_of_archive(folder) && go_up(folder))
        status = search(l, folder, err);
    if (!status)
        status = qn_lunar_inputs_check(&l->inputs, day, folder, err);
    if (!status)
        status =
            qn_lunar_measure_new(&l->measure, &l->settings, l->inputs.theta, l->inputs.attitude,
                                 qn_lunar_kernels(&l->inputs), l->inputs.kernel_count, err);
    return status;
}

/* ---- arguments ------------------------------------------------------------------------------ */

/* The second argument, a number, comes as a path like any other. */
static enum qn_status read_arguments(struct looking *l, struct qn_error *err)
{
    char *end = NULL;
    if (qn_option_inputs(l->options) == 2) {
        const char *text = strrchr(qn_option_input(l->options, 1), '/');
        text = text ? text + 1 : qn_option_input(l->options, 1);
        l->path = qn_option_input(l->options, 0);
        l->number = strtoll(text, &end, 10);
        if (end != text && *end == '\0')
            return qn_lunar_settings_parse(&l->settings, l->options, err);
    }
    return qn_fail(err, QN_ERR_USAGE,
                   "give a file of spectra and the number of a sweep in it: "
                   "quern lunar sweep 3D990429.TAB 653");
}

/* ---- what is shown -------------------------------------------------------------------------- */

static enum qn_status draw(const struct looking *l, const char *path, struct qn_error *err)
{
    struct qn_buf png = {0};
    enum qn_status status = qn_lunar_view_png(&l->lookup.view, &png, err);
    if (!status)
        status = qn_fresh_put(path, png.data, png.len, err);
    qn_buf_release(&png);
    return status;
}

static enum qn_status print_json(const struct looking *l, struct qn_error *err)
{
    json_t *json = qn_lunar_view_json(&l->lookup.view);
    char *text = json ? qn_json_dump(json, JSON_INDENT(1) | JSON_REAL_PRECISION(10)) : NULL;
    json_decref(json);
    if (!text)
        return qn_fail_memory(err, "the sweep as JSON", 1);
    fprintf(stdout, "%s\n", text);
    free(text);
    return QN_OK;
}

static enum qn_status print_text(const struct looking *l, struct qn_error *err)
{
    struct qn_terminal terminal = qn_terminal_of(STDOUT_FILENO);
    struct qn_buf text = {0};
    qn_lunar_view_text(&l->lookup.view, &terminal, &text);
    enum qn_status status =
        text.failed ? qn_fail_memory(err, "the sweep as text", text.len) : QN_OK;
    if (!status)
        fwrite(text.data, 1, text.len, stdout);
    qn_buf_release(&text);
    return status;
}

static enum qn_status look(struct looking *l, struct qn_error *err)
{
    const char *plot = qn_option_string(l->options, "plot");
    int fd = -1;
    enum qn_status status = qn_open_read(l->path, &fd, err);
    if (status)
        return status;
    qn_sys.close(fd);
    status = find_companions(l, err);
    if (!status)
        status = qn_lunar_look_up(&l->lookup, l->measure, l->settings.fit.sense, l->path, l->number,
                                  err);
    if (status)
        return status;
    status = qn_option_flag(l->options, "json") ? print_json(l, err) : print_text(l, err);
    if (!status && plot)
        status = draw(l, plot, err);
    return status;
}

enum qn_status qn_lunar_show_sweep(const struct qn_options *options, struct qn_error *err)
{
    struct looking *l = qn_sys.calloc(1, sizeof *l);
    if (!l)
        return qn_fail_memory(err, "a sweep", sizeof *l);
    l->options = options;
    enum qn_status status = read_arguments(l, err);
    if (!status)
        status = look(l, err);
    qn_lunar_measure_free(l->measure);
    qn_lunar_inputs_release(&l->inputs);
    free(l);
    return status;
}
