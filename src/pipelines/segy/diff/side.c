/* Files and datasets, read alike: see side.h. */
#include "pipelines/segy/diff/side.h"

#include "base/io.h"
#include "base/sys.h"
#include "pipelines/segy/survey/outline.h"
#include "pipelines/segy/survey/reader.h"
#include "pipelines/segy/survey/reel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- opening -------------------------------------------------------------------------------- */

static enum qn_status open_dataset(struct qn_diff_side *side, bool headers_only,
                                   struct qn_error *err)
{
    char reasons[600];
    enum qn_status status = qn_dataset_open(side->path, &side->dataset, err);
    if (status)
        return status;
    if (!side->dataset->headers_lossless) {
        qn_dataset_reasons(side->dataset, reasons, sizeof reasons);
        return qn_fail_at(
            err, QN_ERR_INPUT, side->path, -1,
            "the trace headers of '%s' cannot be compared: %s. Import the source again "
            "with --raw-headers.",
            side->path, reasons);
    }
    side->layout = side->dataset->layout;
    side->form = qn_dataset_form(side->dataset);
    side->form.bare = headers_only;
    side->layout.format = side->form.encoder.format;
    side->layout.sample_bytes = (unsigned)side->form.sample_bytes;
    side->inverse_gain = side->dataset->inverse_gain;
    return QN_OK;
}

enum qn_status qn_diff_side_open(struct qn_diff_side *side, const char *path, bool headers_only,
                                 struct qn_error *err)
{
    struct stat st;
    *side = (struct qn_diff_side){.path = path};
    enum qn_status status;
    if (qn_sys.stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        status = open_dataset(side, headers_only, err);
    } else {
        status = qn_outline_file(path, &side->import, err);
        side->layout = side->import.layout;
    }
    side->layout.trace_bytes = side->layout.trace_header_bytes +
                               (uint64_t)side->layout.samples * side->layout.sample_bytes;
    return status;
}

void qn_diff_side_release(struct qn_diff_side *side)
{
    qn_dataset_close(side->dataset);
    qn_import_release(&side->import);
    *side = (struct qn_diff_side){0};
}

/* ---- pieces --------------------------------------------------------------------------------- */

struct place { /* of a piece */
    char path[PATH_MAX];
    uint64_t offset; /* in that file */
    uint64_t bytes;
};

static bool find_in_dataset(const struct qn_diff_side *side, const char *name, struct place *place)
{
    const struct qn_dataset_file *file = &side->dataset->files[0];
    for (size_t i = 0; i < file->piece_count; i++) {
        const char *slash = strrchr(file->pieces[i].path, '/');
        if (!slash || strcmp(slash + 1, name) != 0)
            continue;
        snprintf(place->path, sizeof place->path, "%s/%s", side->path, file->pieces[i].path);
        place->offset = 0;
        place->bytes = file->pieces[i].bytes;
        return true;
    }
    return false;
}

static bool find_in_file(const struct qn_diff_side *side, const char *name, struct place *place)
{
    struct qn_reel_piece pieces[QN_REEL_PIECES];
    size_t count = qn_reel_pieces(&side->import.survey.files[0], pieces);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(pieces[i].name, name) != 0)
            continue;
        snprintf(place->path, sizeof place->path, "%s", side->path);
        place->offset = pieces[i].offset;
        place->bytes = pieces[i].bytes;
        return true;
    }
    return false;
}

enum qn_status qn_diff_side_piece(const struct qn_diff_side *side, const char *name,
                                  uint64_t offset, size_t most, struct qn_buf *bytes,
                                  struct qn_error *err)
{
    struct place place;
    int fd;
    bool found = (side->dataset ? find_in_dataset : find_in_file)(side, name, &place);
    if (!found || offset >= place.bytes)
        return QN_OK;
    size_t len = place.bytes - offset < most ? (size_t)(place.bytes - offset) : most;
    uint8_t *to = qn_buf_reserve(bytes, len);
    if (!to)
        return qn_fail_memory(err, "a piece of the file", len);
    enum qn_status status = qn_open_read(place.path, &fd, err);
    if (status)
        return status;
    status = qn_read_at(fd, place.path, to, len, place.offset + offset, err);
    qn_sys.close(fd);
    bytes->len += len;
    return status;
}

/* ---- traces --------------------------------------------------------------------------------- */

struct qn_diff_reader {
    const struct qn_diff_side *side;
    struct qn_dataset_reader *dataset;
    struct qn_reader *file;
    uint64_t most;
    size_t stride; /* room of one trace in the block */
    uint8_t *block;
    const uint8_t **at;
    uint32_t *samples;
};

void qn_diff_reader_free(struct qn_diff_reader *reader)
{
    if (!reader)
        return;
    qn_dataset_reader_free(reader->dataset);
    qn_reader_close(reader->file);
    free(reader->block);
    free(reader->at);
    free(reader->samples);
    free(reader);
}

static enum qn_status prepare(struct qn_diff_reader *reader, struct qn_error *err)
{
    const struct qn_diff_side *side = reader->side;
    reader->stride = (size_t)side->layout.trace_bytes;
    enum qn_status status = side->dataset
                                ? qn_dataset_reader_new(side->dataset, &reader->dataset, err)
                                : qn_reader_open(&side->import, &reader->file, err);
    if (status)
        return status;
    reader->block = qn_sys.malloc(reader->most * reader->stride);
    reader->at = qn_sys.calloc(reader->most, sizeof *reader->at);
    reader->samples = qn_sys.calloc(reader->most, sizeof *reader->samples);
    return reader->block && reader->at && reader->samples
               ? QN_OK
               : qn_fail_memory(err, "a block of traces", reader->most * reader->stride);
}

enum qn_status qn_diff_reader_new(const struct qn_diff_side *side, uint64_t most,
                                  struct qn_diff_reader **out, struct qn_error *err)
{
    *out = NULL;
    struct qn_diff_reader *reader = qn_sys.calloc(1, sizeof *reader);
    if (!reader)
        return qn_fail_memory(err, "a reader", sizeof *reader);
    reader->side = side;
    reader->most = most;
    enum qn_status status = prepare(reader, err);
    if (status)
        qn_diff_reader_free(reader);
    else
        *out = reader;
    return status;
}

static enum qn_status read_dataset(struct qn_diff_reader *reader, uint64_t first, uint64_t *count,
                                   struct qn_error *err)
{
    const struct qn_diff_side *side = reader->side;
    const uint32_t *lengths;
    size_t bytes;
    enum qn_status status = qn_dataset_traces(reader->dataset, &side->form, first, count,
                                              reader->block, &lengths, &bytes, NULL, err);
    const uint8_t *at = reader->block;
    for (uint64_t i = 0; i < *count && !status; i++) {
        reader->at[i] = at;
        reader->samples[i] = lengths[i];
        at += side->layout.trace_header_bytes + lengths[i] * side->form.sample_bytes;
    }
    return status;
}

static enum qn_status read_file(struct qn_diff_reader *reader, uint64_t first, uint64_t count,
                                struct qn_error *err)
{
    struct qn_traces traces;
    enum qn_status status =
        qn_reader_traces(reader->file, first, (size_t)count, reader->block, &traces, err);
    for (uint64_t i = 0; i < count && !status; i++) {
        reader->at[i] = traces.bytes + i * traces.stride;
        reader->samples[i] = qn_traces_samples(&traces, i);
    }
    return status;
}

enum qn_status qn_diff_read(struct qn_diff_reader *reader, uint64_t first, uint64_t count,
                            struct qn_diff_traces *traces, struct qn_error *err)
{
    count = count < reader->most ? count : reader->most;
    enum qn_status status = reader->dataset ? read_dataset(reader, first, &count, err)
                                            : read_file(reader, first, count, err);
    *traces = (struct qn_diff_traces){count, reader->at, reader->samples};
    return status;
}
