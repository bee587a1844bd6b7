/* From the names of files to where their traces lie: see outline.h. */
#include "pipelines/segy/survey/outline.h"

#include "base/sys.h"
#include "pipelines/segy/survey/input.h"
#include "pipelines/segy/survey/packed.h"
#include "pipelines/segy/survey/walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_TEXTS  1000u        /* extended text records believed without a look */
#define LEARN_BYTES (256u << 10) /* read at once to learn what headers have in common */

/* ---- files that belong together ------------------------------------------------------------- */

/* What all files of a survey have in common, as numbers to compare. */
static double unix_of(const struct qn_segy_layout *layout)
{
    return layout->seismic_unix;
}

static double order_of(const struct qn_segy_layout *layout)
{
    return layout->order;
}

static double sample_order_of(const struct qn_segy_layout *layout)
{
    return layout->sample_order;
}

static double format_of(const struct qn_segy_layout *layout)
{
    return layout->format;
}

static double interval_of(const struct qn_segy_layout *layout)
{
    return layout->interval_us;
}

static double headers_of(const struct qn_segy_layout *layout)
{
    return layout->trace_header_bytes;
}

static const struct property {
    const char *name;
    double (*of)(const struct qn_segy_layout *layout);
    const char *names[2]; /* of the values 0 and 1; NULL: it is a number */
    const char *unit;
    const char *option; /* that makes them alike; NULL: none */
} properties[] = {
    {"the kind of the file", unix_of, {"SEG-Y", "Seismic Unix"}, NULL, NULL},
    {"the byte order", order_of, {"big-endian", "little-endian"}, NULL, "--endian"},
    {"the byte order of samples",
     sample_order_of,
     {"big-endian", "little-endian"},
     NULL,
     "--sample-endian"},
    {"the sample format", format_of, {0}, "", "--format"},
    {"the sample interval", interval_of, {0}, " us", "--interval"},
    {"the size of trace headers", headers_of, {0}, " bytes", "--trace-headers"},
};

static void say_value(const struct property *property, const struct qn_survey_file *file,
                      char text[40])
{
    double value = property->of(&file->layout);
    if (property->names[0])
        snprintf(text, 40, "%s", property->names[value != 0]);
    else if (property->of == format_of)
        snprintf(text, 40, "%d, %s", file->layout.format,
                 qn_segy_format_by_code(file->layout.format)->name);
    else
        snprintf(text, 40, "%g%s", value, property->unit);
}

/* The value that more than half of the files have, if there is one; else that of some file. */
static double usual_value(const struct qn_survey *survey, const struct property *property)
{
    double usual = 0;
    size_t votes = 0;
    for (size_t i = 0; i < survey->file_count; i++) {
        double value = property->of(&survey->files[i].layout);
        if (votes == 0)
            usual = value;
        votes = value == usual ? votes + 1 : votes - 1;
    }
    return votes ? usual : property->of(&survey->files[0].layout);
}

static enum qn_status check_property(const struct qn_survey *survey,
                                     const struct property *property, struct qn_error *err)
{
    const struct qn_survey_file *files = survey->files;
    double value = usual_value(survey, property);
    size_t usual = 0, odd = 0;
    while (property->of(&files[usual].layout) != value)
        usual++;
    while (odd < survey->file_count && property->of(&files[odd].layout) == value)
        odd++;
    if (odd == survey->file_count)
        return QN_OK;
    char here[40], there[40];
    say_value(property, &files[odd], here);
    say_value(property, &files[usual], there);
    return qn_fail_at(err, QN_ERR_INPUT, files[odd].path, -1,
                      "'%s' does not belong with the others: %s is %s, but %s in '%s'. Leave it "
                      "out or import it into a dataset of its own%s%s.",
                      files[odd].path, property->name, here, there, files[usual].path,
                      property->option ? "; where a header lies, give " : "",
                      property->option ? property->option : "");
}

static int by_path(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum qn_status check_names(const struct qn_options *options, struct qn_error *err)
{
    size_t count = qn_option_inputs(options);
    const char **paths = qn_sys.calloc(count, sizeof *paths);
    if (!paths)
        return qn_fail_memory(err, "the list of files", count * sizeof *paths);
    for (size_t i = 0; i < count; i++)
        paths[i] = qn_option_input(options, i);
    qsort(paths, count, sizeof *paths, by_path);
    enum qn_status status = QN_OK;
    for (size_t i = 1; i < count && !status; i++)
        if (!strcmp(paths[i - 1], paths[i]))
            status =
                qn_fail_at(err, QN_ERR_USAGE, paths[i], -1,
                           "'%s' is given twice. Name each file of the survey once.", paths[i]);
    free(paths);
    return status;
}

/* ---- notes ---------------------------------------------------------------------------------- */

/* Notes of the first file stand for all; those of later files that the first does not have are
 * said once, with the first file that has them. */
struct digest {
    struct qn_segy_notes *notes; /* of the first file */
    struct qn_segy_notes others; /* that later files add */
    size_t files[QN_SEGY_MAX_NOTES];
    size_t example[QN_SEGY_MAX_NOTES];
};

static size_t find_note(const struct qn_segy_notes *notes, const char *text)
{
    size_t i = 0;
    while (i < notes->count && strcmp(notes->text[i], text) != 0)
        i++;
    return i;
}

static void digest_notes(struct digest *digest, size_t file, const struct qn_segy_notes *notes)
{
    for (size_t i = 0; i < notes->count; i++) {
        const char *text = notes->text[i];
        bool counts = !strncmp(text, "traces: ", 8); /* differ from file to file by nature */
        if (counts || find_note(digest->notes, text) < digest->notes->count)
            continue;
        size_t at = find_note(&digest->others, text);
        if (at == digest->others.count) {
            if (at == QN_SEGY_MAX_NOTES)
                return;
            digest->others.count++;
            memcpy(digest->others.text[at], text, sizeof digest->others.text[at]);
            digest->files[at] = 0;
            digest->example[at] = file;
        }
        digest->files[at]++;
    }
}

static void tell_digest(const struct digest *digest, struct qn_import *import)
{
    const struct qn_survey *survey = &import->survey;
    if (survey->file_count == 1)
        return;
    qn_segy_note(&import->notes, "files: %zu with %llu traces; what is said above is of '%.60s'",
                 survey->file_count, (unsigned long long)import->layout.trace_count,
                 qn_survey_name(survey->files[0].path));
    for (size_t i = 0; i < digest->others.count; i++)
        qn_segy_note(&import->notes, "'%.60s'%s: %.150s",
                     qn_survey_name(survey->files[digest->example[i]].path),
                     digest->files[i] > 1 ? " and others" : "", digest->others.text[i]);
}

/* ---- the survey ----------------------------------------------------------------------------- */

/* Says of several files which one is meant. */
static enum qn_status name_file(enum qn_status status, size_t i, size_t count, struct qn_error *err)
{
    if (status && err && count > 1 && status != QN_ERR_CANCELLED) {
        size_t len = strlen(err->message);
        snprintf(err->message + len, sizeof err->message - len,
                 " It is file %zu of the %zu given; none is imported.", i + 1, count);
    }
    return status;
}

/* Traces of one length need not be followed. */
static struct qn_stretch whole_file(const struct qn_segy_layout *layout, size_t file)
{
    return (struct qn_stretch){.count = layout->trace_count,
                               .offset = layout->first_trace_offset,
                               .end = layout->first_trace_offset +
                                      layout->trace_count * layout->trace_bytes,
                               .file = (uint32_t)file,
                               .samples = layout->samples};
}

static enum qn_status find_traces(struct qn_import *import, size_t i,
                                  const struct qn_segy_overrides *overrides,
                                  const struct qn_walk_progress *progress,
                                  const struct qn_segy_source *source, struct qn_error *err)
{
    struct qn_survey_file *file = &import->survey.files[i];
    struct qn_segy_window window;
    enum qn_walk_mode mode = overrides->salvage ? QN_WALK_SALVAGE : QN_WALK_STRICT;
    enum qn_status status = qn_segy_window_init(&window, source, LEARN_BYTES, err);
    /* Damage, or whatever a first trace far away leaves behind, is no text. */
    if (!status && (overrides->salvage || file->layout.extended_text_count > MOST_TEXTS))
        status = qn_segy_count_texts(&window, &file->layout, err);
    if (!status)
        status = qn_segy_mark_learn(&file->mark, &window, &file->layout, err);
    qn_segy_window_release(&window);
    if (status)
        return status;
    if (file->mark.count == 0 && overrides->salvage)
        qn_segy_note(&import->notes,
                     "the trace headers of '%.100s' have nothing in common: only lengths tell "
                     "of damage",
                     qn_survey_name(file->path));
    if (file->layout.variable || overrides->salvage)
        return qn_walk_file(progress, mode, &import->survey, i, &file->mark, source, err);
    return qn_stretches_add(&import->survey.stretches, whole_file(&file->layout, i), err);
}

/* Decides how the file, open as `input`, is read, and where its traces lie. */
static enum qn_status read_outline(struct qn_import *import, size_t i,
                                   const struct qn_overrides *overrides,
                                   const struct qn_walk_progress *progress, struct qn_input *input,
                                   struct qn_segy_notes *notes, struct qn_error *err)
{
    struct qn_survey_file *file = &import->survey.files[i];
    enum qn_walk_mode mode = overrides->given.salvage ? QN_WALK_SALVAGE : QN_WALK_STRICT;
    struct qn_gzip_damage damage = {0};
    struct qn_segy_overrides known;
    enum qn_status status = QN_OK;
    file->size = file->stored = input->stored;
    if (input->packed)
        status = qn_packed_index(progress, mode, import, i, input, &damage, err);
    if (!status)
        status = qn_overrides_for(overrides, file->path, input->size, import->survey.file_count,
                                  &known, err);
    struct qn_segy_source source = qn_input_source(input);
    if (!status)
        status = qn_segy_decide_layout(&source, &known, &file->layout, notes, err);
    if (!status)
        status = find_traces(import, i, &known, progress, &source, err);
    if (!status)
        status = qn_packed_leave_out(&import->survey, i, &damage, err);
    if (!status)
        qn_packed_note(import, i, &damage);
    return status;
}

static enum qn_status add_file(struct qn_import *import, size_t i,
                               const struct qn_overrides *overrides,
                               const struct qn_walk_progress *progress, struct qn_segy_notes *notes,
                               struct qn_error *err)
{
    struct qn_input input;
    enum qn_status status = qn_input_open(&input, import->survey.files[i].path, err);
    if (!status)
        status = read_outline(import, i, overrides, progress, &input, notes, err);
    qn_input_close(&input);
    return status;
}

/* Sums up what the files are like into the survey's layout. */
static void sum_up(struct qn_import *import)
{
    const struct qn_survey *survey = &import->survey;
    struct qn_segy_layout *layout = &import->layout;
    *layout = survey->files[0].layout;
    layout->trace_count = qn_stretches_traces(&survey->stretches);
    for (size_t i = 1; i < survey->file_count; i++) {
        const struct qn_segy_layout *other = &survey->files[i].layout;
        layout->variable = layout->variable || other->variable || other->samples != layout->samples;
        layout->samples = other->samples > layout->samples ? other->samples : layout->samples;
    }
    layout->trace_bytes =
        layout->trace_header_bytes + (uint64_t)layout->samples * layout->sample_bytes;
}

/* For progress; what is not there is refused when its turn comes. */
static uint64_t total_bytes(const struct qn_survey *survey)
{
    uint64_t bytes = 0;
    struct stat st;
    for (size_t i = 0; i < survey->file_count; i++)
        bytes += qn_sys.stat(survey->files[i].path, &st) == 0 ? (uint64_t)st.st_size : 0;
    return bytes;
}

static enum qn_status add_files(struct qn_import *import, const struct qn_overrides *overrides,
                                struct qn_plan *plan, struct digest *digest, struct qn_error *err)
{
    size_t count = import->survey.file_count;
    struct qn_walk_progress progress = {.plan = plan, .total = total_bytes(&import->survey)};
    struct qn_segy_notes notes;
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < count && !status; i++) {
        struct qn_segy_notes *kept = i == 0 ? digest->notes : &notes;
        status = add_file(import, i, overrides, &progress, kept, err);
        status = name_file(status, i, count, err);
        if (!status && i > 0)
            digest_notes(digest, i, kept);
        progress.before += import->survey.files[i].size;
        if (!status && count > 1)
            status = qn_walk_tell(&progress, 0, err);
    }
    return status;
}

enum qn_status qn_outline(const struct qn_options *options, const struct qn_overrides *overrides,
                          struct qn_plan *plan, struct qn_import *import, struct qn_error *err)
{
    struct qn_survey *survey = &import->survey;
    struct digest digest = {.notes = &import->notes};
    *import = (struct qn_import){0};
    enum qn_status status = check_names(options, err);
    if (status)
        return status;
    survey->file_count = qn_option_inputs(options);
    survey->files = qn_sys.calloc(survey->file_count, sizeof *survey->files);
    if (!survey->files)
        return qn_fail_memory(err, "the list of files", survey->file_count * sizeof *survey->files);
    for (size_t i = 0; i < survey->file_count; i++)
        survey->files[i].path = qn_option_input(options, i);
    status = add_files(import, overrides, plan, &digest, err);
    for (size_t i = 0; i < sizeof properties / sizeof *properties && !status; i++)
        status = check_property(survey, &properties[i], err);
    if (status)
        return status;
    sum_up(import);
    tell_digest(&digest, import);
    return QN_OK;
}

enum qn_status qn_outline_file(const char *path, struct qn_import *import, struct qn_error *err)
{
    static const struct qn_overrides none = {0};
    struct qn_survey *survey = &import->survey;
    *import = (struct qn_import){0};
    survey->files = qn_sys.calloc(1, sizeof *survey->files);
    if (!survey->files)
        return qn_fail_memory(err, "the list of files", sizeof *survey->files);
    survey->file_count = 1;
    survey->files[0].path = path;
    struct qn_walk_progress progress = {.total = total_bytes(survey)};
    enum qn_status status = add_file(import, 0, &none, &progress, &import->notes, err);
    if (!status)
        sum_up(import);
    return status;
}
