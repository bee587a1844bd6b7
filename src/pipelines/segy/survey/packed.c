/* Packed files of a survey: see packed.h. */
#include "pipelines/segy/survey/packed.h"

/* Points of all files of a survey: 32 MiB of the plan. A task that starts at one unpacks half their
 * distance in vain, on the average. */
#define MOST_POINTS 1024u
#define SPACING     (1u << 20) /* of points, at least: unpacked in a hundredth of a second */

static enum qn_status tick(void *context, uint64_t packed, struct qn_error *err)
{
    return qn_walk_tell(context, packed, err);
}

static enum qn_status never(void *context, uint64_t packed, struct qn_error *err)
{
    (void)context;
    (void)packed;
    (void)err;
    return QN_OK;
}

/* Refuses what does not unpack, in salvage only if nothing does. */
static enum qn_status check(const struct qn_input *input, const struct qn_gzip_index *index,
                            const struct qn_gzip_damage *damage, enum qn_walk_mode mode,
                            struct qn_error *err)
{
    if (index->size == 0 && !damage->found)
        return qn_fail_at(err, QN_ERR_INPUT, input->path, -1,
                          "'%s' is a gzip file that holds nothing. Copy or download it again.",
                          input->path);
    if (!damage->found || (mode == QN_WALK_SALVAGE && index->size > 0))
        return QN_OK;
    return qn_fail_at(err, QN_ERR_INPUT, input->path, (int64_t)damage->packed,
                      "'%s' is a damaged gzip file: at byte %llu of %llu %s, after %llu bytes "
                      "unpacked. Get the file again, or import what is whole with --salvage.",
                      input->path, (unsigned long long)damage->packed,
                      (unsigned long long)input->stored, damage->why,
                      (unsigned long long)index->size);
}

static uint64_t spacing_for(uint64_t bytes)
{
    uint64_t spacing = bytes / MOST_POINTS;
    return spacing > SPACING ? spacing : SPACING;
}

enum qn_status qn_packed_index(const struct qn_walk_progress *progress, enum qn_walk_mode mode,
                               struct qn_import *import, size_t i, struct qn_input *input,
                               struct qn_gzip_damage *damage, struct qn_error *err)
{
    struct qn_survey_file *file = &import->survey.files[i];
    enum qn_status status =
        qn_gzip_index_build(&file->gzip, qn_input_stored(input), spacing_for(progress->total), tick,
                            (void *)progress, damage, err);
    if (!status)
        status = check(input, &file->gzip, damage, mode, err);
    if (status)
        return status;
    file->size = file->gzip.size;
    return qn_input_unpack(input, &file->gzip, 0, err);
}

enum qn_status qn_packed_open(struct qn_input *input, const char *path, struct qn_gzip_index *index,
                              struct qn_error *err)
{
    struct qn_gzip_damage damage;
    *index = (struct qn_gzip_index){0};
    enum qn_status status = qn_input_open(input, path, err);
    if (status || !input->packed)
        return status;
    status = qn_gzip_index_build(index, qn_input_stored(input), spacing_for(input->stored), never,
                                 NULL, &damage, err);
    if (!status)
        status = check(input, index, &damage, QN_WALK_STRICT, err);
    return status ? status : qn_input_unpack(input, index, 0, err);
}

enum qn_status qn_packed_leave_out(struct qn_survey *survey, size_t i,
                                   const struct qn_gzip_damage *damage, struct qn_error *err)
{
    const struct qn_survey_file *file = &survey->files[i];
    struct qn_left_out range = {.file = (uint32_t)i,
                                .reason = QN_LEFT_PACKED,
                                .start = damage->packed,
                                .end = file->stored,
                                .next = qn_stretches_traces(&survey->stretches)};
    if (!damage->found || range.start >= range.end)
        return QN_OK;
    /* As many as there were in as many bytes before. */
    double share = (double)(range.end - range.start) / (double)range.start;
    range.traces = (uint64_t)(share * (double)file->layout.trace_count);
    range.traces = range.traces ? range.traces : 1;
    return qn_survey_leave_out(survey, &range, err);
}

void qn_packed_note(struct qn_import *import, size_t i, const struct qn_gzip_damage *damage)
{
    const struct qn_survey_file *file = &import->survey.files[i];
    if (i == 0 && file->gzip.count > 0)
        qn_segy_note(&import->notes,
                     "packed with gzip: %llu bytes hold %llu; unpacked as they are read, from %zu "
                     "places",
                     (unsigned long long)file->stored, (unsigned long long)file->size,
                     file->gzip.count);
    if (damage->found)
        qn_segy_note(&import->notes, "'%.80s' is damaged: at byte %llu of the gzip file %s",
                     qn_survey_name(file->path), (unsigned long long)damage->packed, damage->why);
}
