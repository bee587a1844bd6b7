/* What an import adds to report.html: pictures of the section and the text header. */
#include "pipelines/segy/import/steps.h"

#include "base/fresh.h"
#include "base/io.h"
#include "base/sys.h"
#include "pipelines/segy/import.h"
#include "pipelines/segy/import/left_out.h"
#include "pipelines/segy/map/picture.h"
#include "pipelines/segy/map/report.h"
#include "pipelines/segy/picture.h"
#include "pipelines/segy/survey/reel.h"
#include "render/html.h"
#include "render/section.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES (64u << 10) /* of the text headers, shown */

struct reporting {
    const struct qn_job *job;
    struct qn_import import;
    struct qn_pictures pictures;
    char title[QN_SURVEY_TITLE];
    float *columns; /* of the section, then of the overview */
    struct qn_map_picture map;
    struct qn_buf html;
};

static const json_t *fact(const json_t *manifest, const char *group, const char *name)
{
    return json_object_get(json_object_get(json_object_get(manifest, "facts"), group), name);
}

/* ---- the picture ---------------------------------------------------------------------------- */

/* Columns of failed segments stay NaN. */
static enum qn_status load_columns(struct reporting *reporting, struct qn_error *err)
{
    const struct qn_pictures *pictures = &reporting->pictures;
    uint64_t columns = pictures->section.traces + pictures->overview.traces;
    uint32_t samples = pictures->section.samples;
    size_t count = (size_t)columns * samples;
    struct qn_buf file = {0};
    char path[PATH_MAX];
    reporting->columns = qn_sys.malloc(count * sizeof *reporting->columns);
    if (!reporting->columns)
        return qn_fail_memory(err, "the picture", count * sizeof *reporting->columns);
    for (size_t i = 0; i < count; i++)
        reporting->columns[i] = NAN;
    snprintf(path, sizeof path, "%s/%s", reporting->job->directory, QN_PICTURE_FILE);
    enum qn_status status = qn_read_file(path, &file, 1u << 28, err);
    struct qn_cursor in = {.data = file.data, .len = file.len};
    while (!status && in.at < in.len) {
        uint64_t column = qn_cursor_u64(&in);
        const uint8_t *values = qn_cursor_bytes(&in, samples * sizeof(float));
        if (!values || column >= columns)
            break;
        memcpy(reporting->columns + column * samples, values, samples * sizeof(float));
    }
    qn_buf_release(&file);
    return status;
}

static enum qn_status load_map(struct reporting *reporting, struct qn_error *err)
{
    struct qn_buf file = {0};
    char path[PATH_MAX];
    if (!reporting->import.places.midpoint.known)
        return QN_OK;
    snprintf(path, sizeof path, "%s/%s", reporting->job->directory, QN_MAP_FILE);
    struct qn_error cause = {0};
    enum qn_status status = qn_read_file(path, &file, 1u << 28, &cause);
    if (status && cause.sys_errno == ENOENT) /* no trace had a position */
        status = QN_OK;
    else if (!status)
        status = qn_map_picture_decode(file.data, file.len, &reporting->map, err);
    else if (err)
        *err = cause;
    qn_buf_release(&file);
    return status;
}

/* One picture, drawn in a thread of its own: half of an import's report is drawing. */
struct picture {
    const char *heading;
    const char *name;
    const char *alt;
    struct qn_section section;
    const struct reporting *mapped; /* the map of it is drawn, no section */
    pthread_t thread;
    bool threaded;
    struct qn_buf png;
    enum qn_status status;
    struct qn_error err;
};

static void *draw(void *context)
{
    struct picture *picture = context;
    const struct reporting *mapped = picture->mapped;
    picture->status =
        mapped ? qn_map_picture_draw(&mapped->map, mapped->title, &picture->png, &picture->err)
               : qn_section_png(&picture->section, &picture->png, &picture->err);
    return NULL;
}

static void start_picture(struct picture *picture)
{
    picture->threaded = pthread_create(&picture->thread, NULL, draw, picture) == 0;
    if (!picture->threaded)
        draw(picture);
}

static struct qn_section make_section(const struct reporting *reporting, const json_t *manifest,
                                      const struct qn_picture_grid *grid, const float *columns)
{
    const struct qn_segy_layout *layout = &reporting->import.layout;
    bool timed = layout->interval_us > 0;
    const char *domain = reporting->import.depth ? "Depth" : "Time (ms)";
    if (reporting->import.depth && reporting->import.places.unit == QN_LENGTH_METRES)
        domain = "Depth (m)";
    if (reporting->import.depth && reporting->import.places.unit == QN_LENGTH_FEET)
        domain = "Depth (ft)";
    return (struct qn_section){
        .amplitudes = columns,
        .traces = (size_t)grid->traces,
        .samples = grid->samples,
        .first_trace = (int64_t)grid->first,
        .trace_stride = grid->trace_stride,
        .first_time = timed ? json_number_value(fact(manifest, "survey", "first_sample_ms")) : 0,
        .sample_interval = (timed ? layout->interval_us / 1000 : 1) * grid->sample_stride,
        .sample_stride = grid->sample_stride,
        .title = reporting->title,
        .trace_label = reporting->import.survey.file_count > 1 ? "Trace number in the survey"
                                                               : "Trace number in the file",
        .time_label = timed ? domain : "Sample",
    };
}

static enum qn_status finish_picture(struct reporting *reporting, struct picture *picture,
                                     struct qn_error *err)
{
    char path[PATH_MAX];
    if (picture->threaded)
        pthread_join(picture->thread, NULL);
    enum qn_status status = picture->status;
    snprintf(path, sizeof path, "%s/%s.png", reporting->job->directory, picture->name);
    if (status && err)
        *err = picture->err;
    if (!status)
        status = qn_fresh_put(path, picture->png.data, picture->png.len, err);
    if (!status) {
        qn_html_heading(&reporting->html, 2, picture->heading);
        qn_html_image(&reporting->html, "image/png", picture->png.data, picture->png.len,
                      picture->alt, NULL);
    }
    qn_buf_release(&picture->png);
    return status;
}

static enum qn_status add_pictures(struct reporting *reporting, const json_t *manifest,
                                   struct qn_error *err)
{
    static const char alt[] = "Seismic section: amplitudes by trace and time";
    const struct qn_picture_grid *section = &reporting->pictures.section;
    const struct qn_picture_grid *overview = &reporting->pictures.overview;
    struct picture pictures[3];
    size_t count = 0;
    enum qn_status status = QN_OK;
    pictures[count++] =
        (struct picture){.heading = "Section",
                         .name = "section",
                         .alt = alt,
                         .section = make_section(reporting, manifest, section, reporting->columns)};
    if (overview->traces > 0)
        pictures[count++] = (struct picture){
            .heading = "Overview",
            .name = "overview",
            .alt = alt,
            .section = make_section(reporting, manifest, overview,
                                    reporting->columns + section->traces * section->samples)};
    if (reporting->map.count > 0)
        pictures[count++] = (struct picture){.heading = "Map",
                                             .name = "map",
                                             .alt = "Map: midpoints of the traces, and their fold",
                                             .mapped = reporting};
    for (size_t i = 0; i < count; i++)
        start_picture(&pictures[i]);
    for (size_t i = 0; i < count; i++) {
        enum qn_status finished = finish_picture(reporting, &pictures[i], status ? NULL : err);
        status = status ? status : finished;
    }
    return status;
}

/* ---- the text ------------------------------------------------------------------------------- */

/* The start of text_header.txt, which has the texts of all files. */
static enum qn_status read_text(const struct reporting *reporting, char text[TEXT_BYTES + 1],
                                bool *all, struct qn_error *err)
{
    char path[PATH_MAX];
    struct stat st = {0};
    int fd;
    snprintf(path, sizeof path, "%s/%s", reporting->job->directory, QN_TEXT_HEADER);
    enum qn_status status = qn_open_read(path, &fd, err);
    if (status)
        return status;
    size_t len = 0;
    if (qn_sys.fstat(fd, &st) == 0)
        len = st.st_size < TEXT_BYTES ? (size_t)st.st_size : TEXT_BYTES;
    status = qn_read_at(fd, path, text, len, 0, err);
    text[len] = '\0';
    *all = (off_t)len == st.st_size;
    qn_sys.close(fd);
    return status;
}

static enum qn_status add_text_header(struct reporting *reporting, struct qn_error *err)
{
    static char text[TEXT_BYTES + 1];
    bool all = true;
    if (reporting->import.layout.seismic_unix)
        return QN_OK; /* has none */
    enum qn_status status = read_text(reporting, text, &all, err);
    if (!status) {
        qn_html_heading(&reporting->html, 2, "Text header");
        qn_html_code(&reporting->html, text);
    }
    if (!status && !all)
        qn_html_paragraph(&reporting->html, "%s has all of it.", QN_TEXT_HEADER);
    return status;
}

static enum qn_status compose(struct reporting *reporting, const json_t *manifest,
                              struct qn_error *err)
{
    const struct qn_segy_layout *layout = &reporting->import.layout;
    reporting->pictures = qn_pictures_of(layout->trace_count, layout->samples);
    qn_survey_title(&reporting->import.survey, reporting->title);
    enum qn_status status = load_columns(reporting, err);
    if (!status)
        status = load_map(reporting, err);
    if (!status)
        status = add_pictures(reporting, manifest, err);
    if (!status)
        qn_map_report(json_object_get(manifest, "facts"), &reporting->html);
    qn_left_out_report(&reporting->import.survey, &reporting->html);
    return status ? status : add_text_header(reporting, err);
}

enum qn_status qn_import_report(const struct qn_job *job, const char *manifest, char **html,
                                struct qn_error *err)
{
    struct reporting reporting = {.job = job};
    json_t *facts = json_loads(manifest, 0, NULL);
    *html = NULL;
    enum qn_status status = qn_import_decode(job->shared, job->shared_len, &reporting.import, err);
    if (!status && !facts)
        status = qn_fail(err, QN_ERR_CORRUPT, "manifest.json is no JSON.");
    if (!status)
        status = compose(&reporting, facts, err);
    if (!status && !(*html = qn_html_take(&reporting.html)))
        status = qn_fail_memory(err, "the report", 1);
    json_decref(facts);
    free(reporting.columns);
    qn_map_picture_release(&reporting.map);
    qn_buf_release(&reporting.html);
    qn_import_release(&reporting.import);
    return status;
}
