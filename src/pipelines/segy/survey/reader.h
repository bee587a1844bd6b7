/* The traces of a survey by their number, wherever they lie in its input. Everything behind the
 * plan reads through here: tasks, glue, verify, planning's looks at single headers.
 *
 * One reader per process or thread; it owns its files and what it needs to find a trace.
 */
#ifndef QN_PIPELINES_SEGY_SURVEY_READER_H
#define QN_PIPELINES_SEGY_SURVEY_READER_H

#include "pipelines/segy/import.h"

/* Consecutive traces in memory, as they are in their files. Borrowed from the reader until its next
 * call, but for `bytes`, which are the caller's block. */
struct qn_traces {
    uint64_t first;          /* number of the first one in the survey */
    size_t count;            /* traces */
    const uint8_t *bytes;    /* trace i starts at bytes + i * stride: headers, then samples */
    size_t stride;           /* bytes */
    uint32_t samples;        /* of each trace; 0 where they differ: */
    const uint32_t *lengths; /* samples of trace i; NULL where all have as many */
    const uint32_t *files;   /* of trace i, index into the survey's; NULL: all are of the first */
};

static inline uint32_t qn_traces_samples(const struct qn_traces *traces, size_t i)
{
    return traces->lengths ? traces->lengths[i] : traces->samples;
}

static inline uint32_t qn_traces_file(const struct qn_traces *traces, size_t i)
{
    return traces->files ? traces->files[i] : 0;
}

/* `count` of the traces, from the i-th on. */
struct qn_traces qn_traces_part(const struct qn_traces *traces, size_t i, size_t count);

struct qn_reader;

/* Opens the input of a planned import, which is borrowed. An input that is not what was planned is
 * QN_ERR_CHANGED. Close with qn_reader_close, also NULL. */
enum qn_status qn_reader_open(const struct qn_import *import, struct qn_reader **reader,
                              struct qn_error *err);
void qn_reader_close(struct qn_reader *reader);

/* Whether all files are what was planned, not only the first: QN_ERR_CHANGED or the reason why one
 * cannot be opened. */
enum qn_status qn_reader_check(struct qn_reader *reader, struct qn_error *err);

/* Room in bytes that one trace needs in a block: all its headers and the samples of the longest. */
size_t qn_reader_stride(const struct qn_reader *reader);

/* Where a trace begins in its file; of one in a chain, where the chain does. */
uint64_t qn_reader_offset(struct qn_reader *reader, uint64_t trace);

/* A hint: single traces are read here and there, but not far apart. Of packed files more is kept
 * unpacked. */
void qn_reader_will_search(struct qn_reader *reader);

/* A hint: these traces are read next, in order. */
void qn_reader_will_read(struct qn_reader *reader, uint64_t first, uint64_t count);

/* Reads `count` traces from number `first` on into `block`, which has room for as many strides. */
enum qn_status qn_reader_traces(struct qn_reader *reader, uint64_t first, size_t count, void *block,
                                struct qn_traces *traces, struct qn_error *err);

/* The same for the first `reach` bytes of each trace only (at most its headers); `block` has room
 * for count * reach bytes. */
enum qn_status qn_reader_headers(struct qn_reader *reader, uint64_t first, size_t count,
                                 size_t reach, void *block, struct qn_traces *traces,
                                 struct qn_error *err);

#endif
