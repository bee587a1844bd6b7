/* Traces by number: see reader.h. Traces of one even stretch are read with one call straight into
 * the block; that is all there is to a file of traces of one length. A block over several
 * stretches is put together of such pieces. In a chain, traces are found by following it from its
 * start, or from where the last block ended. */
#include "pipelines/segy/survey/reader.h"

#include "base/sys.h"
#include "format/segy/walk.h"
#include "pipelines/segy/survey/input.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW_BYTES (1u << 20)  /* of a file, read at once where traces are followed */
#define SEARCH_BYTES (64u << 20) /* of a packed file, kept where traces are searched */

/* Where the reader stands in a chain. */
struct place {
    size_t stretch;
    uint64_t trace;
    uint64_t offset; /* of the trace; 0: it stands nowhere */
};

struct qn_reader {
    const struct qn_import *import;
    struct qn_input input; /* the file of `file`, or closed */
    uint32_t file;
    struct qn_segy_source source; /* the same */
    struct qn_segy_window window; /* on it */
    struct place place;
    size_t stretch;  /* the last one used */
    bool sequential; /* traces are read in order: read ahead */
    bool searching;  /* here and there */

    uint32_t *lengths; /* of the last block, if it has traces of different ones */
    uint32_t *files;   /* of the last block, if the survey has several */
    size_t room;       /* of both */
};

/* Part of a block: traces of one stretch. */
struct piece {
    const struct qn_stretch *stretch;
    uint64_t first;
    size_t count;
};

struct qn_traces qn_traces_part(const struct qn_traces *traces, size_t i, size_t count)
{
    struct qn_traces part = *traces;
    part.first += i;
    part.count = count;
    part.bytes += i * traces->stride;
    part.lengths = traces->lengths ? traces->lengths + i : NULL;
    part.files = traces->files ? traces->files + i : NULL;
    return part;
}

/* ---- the files ------------------------------------------------------------------------------ */

static enum qn_status open_file(struct qn_reader *reader, uint32_t index, struct qn_error *err)
{
    const struct qn_survey_file *file = &reader->import->survey.files[index];
    if (reader->input.fd >= 0 && reader->file == index)
        return QN_OK;
    qn_input_close(&reader->input);
    qn_segy_window_forget(&reader->window);
    reader->file = index;
    enum qn_status status =
        qn_input_reopen(&reader->input, file->path, file->stored, &file->gzip, err);
    if (!status && reader->searching && file->gzip.count > 0)
        status = qn_input_unpack(&reader->input, &file->gzip, SEARCH_BYTES, err);
    reader->source = qn_input_source(&reader->input);
    if (!status && reader->sequential)
        qn_input_will_read(&reader->input, 0, file->size);
    return status;
}

enum qn_status qn_reader_open(const struct qn_import *import, struct qn_reader **out,
                              struct qn_error *err)
{
    *out = NULL;
    struct qn_reader *reader = qn_sys.calloc(1, sizeof *reader);
    if (!reader)
        return qn_fail_memory(err, "a reader", sizeof *reader);
    reader->import = import;
    reader->input.fd = -1;
    enum qn_status status = open_file(reader, 0, err);
    if (!status)
        status = qn_segy_window_init(&reader->window, &reader->source, WINDOW_BYTES, err);
    if (status)
        qn_reader_close(reader);
    else
        *out = reader;
    return status;
}

void qn_reader_close(struct qn_reader *reader)
{
    if (!reader)
        return;
    qn_input_close(&reader->input);
    qn_segy_window_release(&reader->window);
    free(reader->lengths);
    free(reader->files);
    free(reader);
}

enum qn_status qn_reader_check(struct qn_reader *reader, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < reader->import->survey.file_count && !status; i++)
        status = open_file(reader, (uint32_t)i, err);
    return status;
}

size_t qn_reader_stride(const struct qn_reader *reader)
{
    return reader->import->layout.trace_bytes;
}

/* ---- finding -------------------------------------------------------------------------------- */

static uint64_t trace_bytes(const struct qn_reader *reader, uint32_t samples)
{
    const struct qn_segy_layout *layout = &reader->import->layout;
    return layout->trace_header_bytes + (uint64_t)samples * layout->sample_bytes;
}

static uint64_t offset_of(const struct qn_reader *reader, const struct piece *piece)
{
    const struct qn_stretch *stretch = piece->stretch;
    return stretch->offset +
           (piece->first - stretch->first) * trace_bytes(reader, stretch->samples);
}

/* The traces from `first` on, at most `count`, that lie in one stretch. */
static struct piece find_piece(struct qn_reader *reader, uint64_t first, size_t count)
{
    const struct qn_stretches *list = &reader->import->survey.stretches;
    const struct qn_stretch *stretch = &list->at[reader->stretch];
    if (first < stretch->first || first - stretch->first >= stretch->count)
        reader->stretch = qn_stretches_find(list, first);
    stretch = &list->at[reader->stretch];
    uint64_t left = stretch->first + stretch->count - first;
    return (struct piece){stretch, first, left < count ? (size_t)left : count};
}

uint64_t qn_reader_offset(struct qn_reader *reader, uint64_t trace)
{
    struct piece piece = find_piece(reader, trace, 1);
    return piece.stretch->samples ? offset_of(reader, &piece) : piece.stretch->offset;
}

void qn_reader_will_search(struct qn_reader *reader)
{
    reader->searching = true;
    qn_input_close(&reader->input);
}

void qn_reader_will_read(struct qn_reader *reader, uint64_t first, uint64_t count)
{
    struct piece piece = find_piece(reader, first, (size_t)count);
    reader->sequential = true;
    const struct qn_stretch *stretch = piece.stretch;
    if (!open_file(reader, stretch->file, NULL))
        qn_input_will_read(&reader->input, stretch->offset, stretch->end - stretch->offset);
}

/* ---- reading -------------------------------------------------------------------------------- */

static enum qn_status make_room(struct qn_reader *reader, size_t count, struct qn_error *err)
{
    if (count <= reader->room)
        return QN_OK;
    uint32_t *lengths = qn_sys.realloc(reader->lengths, count * sizeof *lengths);
    if (lengths)
        reader->lengths = lengths;
    uint32_t *files = qn_sys.realloc(reader->files, count * sizeof *files);
    if (files)
        reader->files = files;
    if (!lengths || !files)
        return qn_fail_memory(err, "a block of traces", count * sizeof *files);
    reader->room = count;
    return QN_OK;
}

/* How a block is laid out: whole traces, or their first bytes only. */
struct shape {
    size_t stride;
    size_t reach; /* 0: whole traces */
    uint8_t *block;
};

/* Reads whole traces of an even stretch packed, to the end of their room, and spreads them from
 * there. No trace is overwritten before it is moved: its own room begins before it. */
static enum qn_status read_even(struct qn_reader *reader, const struct piece *piece, uint8_t *room,
                                size_t stride, struct qn_error *err)
{
    size_t each = trace_bytes(reader, piece->stretch->samples);
    uint8_t *packed = room + piece->count * (stride - each);
    enum qn_status status =
        qn_input_read(&reader->input, offset_of(reader, piece), packed, piece->count * each, err);
    for (size_t i = 0; i < piece->count && each < stride && !status; i++)
        memmove(room + i * stride, packed + i * each, each);
    return status;
}

/* The first bytes of traces of an even stretch; where they are short, in one go with the rest. */
static enum qn_status read_reach(struct qn_reader *reader, const struct piece *piece, uint8_t *room,
                                 size_t reach, struct qn_error *err)
{
    uint64_t each = trace_bytes(reader, piece->stretch->samples);
    uint64_t offset = offset_of(reader, piece);
    uint64_t left = piece->count * each;
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < piece->count && !status; i++, left -= each) {
        const uint8_t *bytes;
        size_t ahead = each < QN_SEGY_LONG_TRACE && left < SIZE_MAX ? (size_t)left : reach;
        status = qn_segy_window_look(&reader->window, offset + i * each, reach,
                                     piece->count > 1 ? ahead : reach, &bytes, err);
        if (!status)
            memcpy(room + i * reach, bytes, reach);
    }
    return status;
}

/* The next trace of a chain, at the reader's place. */
static enum qn_status look_link(struct qn_reader *reader, const struct qn_stretch *stretch,
                                struct qn_segy_trace *trace, struct qn_error *err)
{
    const struct qn_survey_file *file = &reader->import->survey.files[stretch->file];
    enum qn_status status = qn_segy_look_trace(&reader->window, &file->layout, reader->place.offset,
                                               stretch->end, trace, err);
    if (!status && (trace->fault || trace->samples > reader->import->layout.samples))
        status = qn_fail_at(err, QN_ERR_CHANGED, file->path, (int64_t)reader->place.offset,
                            "'%s' has changed since the import was planned: trace %llu is not at "
                            "byte %llu any more. Put the planned file back, or start anew with "
                            "--restart.",
                            file->path, (unsigned long long)reader->place.trace,
                            (unsigned long long)reader->place.offset);
    return status;
}

static void step(struct qn_reader *reader, const struct qn_segy_trace *trace)
{
    reader->place.trace++;
    reader->place.offset += trace->bytes;
}

/* Follows the chain to the piece's first trace. */
static enum qn_status go_to(struct qn_reader *reader, const struct piece *piece,
                            struct qn_error *err)
{
    struct place *place = &reader->place;
    struct qn_segy_trace trace = {0};
    enum qn_status status = QN_OK;
    if (place->offset == 0 || place->stretch != reader->stretch || place->trace > piece->first)
        *place = (struct place){reader->stretch, piece->stretch->first, piece->stretch->offset};
    while (place->trace < piece->first && !status) {
        status = look_link(reader, piece->stretch, &trace, err);
        step(reader, &trace);
    }
    return status;
}

/* Traces of a chain, whole where `reach` is 0. */
static enum qn_status read_chain(struct qn_reader *reader, const struct piece *piece, size_t at,
                                 const struct shape *shape, struct qn_error *err)
{
    struct qn_segy_trace trace = {0};
    enum qn_status status = go_to(reader, piece, err);
    for (size_t i = at; i < at + piece->count && !status; i++) {
        uint8_t *room = shape->block + i * shape->stride;
        const uint8_t *bytes;
        status = look_link(reader, piece->stretch, &trace, err);
        size_t len = shape->reach ? shape->reach : trace.bytes;
        if (!status && len <= WINDOW_BYTES)
            status = qn_segy_window_look(&reader->window, trace.offset, len, 0, &bytes, err);
        else if (!status)
            status = qn_input_read(&reader->input, trace.offset, room, len, err);
        if (!status && len <= WINDOW_BYTES)
            memcpy(room, bytes, len);
        reader->lengths[i] = trace.samples;
        step(reader, &trace);
    }
    if (status)
        reader->place.offset = 0;
    return status;
}

static enum qn_status read_piece(struct qn_reader *reader, const struct piece *piece, size_t at,
                                 const struct shape *shape, struct qn_error *err)
{
    uint8_t *room = shape->block + at * shape->stride;
    enum qn_status status = open_file(reader, piece->stretch->file, err);
    if (status)
        return status;
    for (size_t i = 0; i < piece->count; i++) {
        reader->lengths[at + i] = piece->stretch->samples;
        reader->files[at + i] = piece->stretch->file;
    }
    if (piece->stretch->samples == 0)
        return read_chain(reader, piece, at, shape, err);
    return shape->reach ? read_reach(reader, piece, room, shape->reach, err)
                        : read_even(reader, piece, room, shape->stride, err);
}

static enum qn_status read_pieces(struct qn_reader *reader, uint64_t first, size_t count,
                                  const struct shape *shape, struct qn_traces *traces,
                                  struct qn_error *err)
{
    const struct qn_import *import = reader->import;
    bool variable = import->layout.variable;
    enum qn_status status = make_room(reader, count, err);
    for (size_t done = 0; done < count && !status;) {
        struct piece piece = find_piece(reader, first + done, count - done);
        status = read_piece(reader, &piece, done, shape, err);
        done += piece.count;
    }
    *traces = (struct qn_traces){.first = first,
                                 .count = count,
                                 .bytes = shape->block,
                                 .stride = shape->stride,
                                 .samples = variable ? 0 : import->layout.samples,
                                 .lengths = variable ? reader->lengths : NULL,
                                 .files = import->survey.file_count > 1 ? reader->files : NULL};
    return status;
}

enum qn_status qn_reader_traces(struct qn_reader *reader, uint64_t first, size_t count, void *block,
                                struct qn_traces *traces, struct qn_error *err)
{
    struct shape shape = {.stride = qn_reader_stride(reader), .block = block};
    return read_pieces(reader, first, count, &shape, traces, err);
}

enum qn_status qn_reader_headers(struct qn_reader *reader, uint64_t first, size_t count,
                                 size_t reach, void *block, struct qn_traces *traces,
                                 struct qn_error *err)
{
    struct shape shape = {.stride = reach, .reach = reach, .block = block};
    return read_pieces(reader, first, count, &shape, traces, err);
}
