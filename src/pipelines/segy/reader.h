/* The traces of a survey by their number, wherever they lie in its input. Everything behind the
 * plan reads through here: tasks, glue, verify, planning's looks at single headers.
 *
 * One reader per process or thread; it owns its files and what it needs to find a trace.
 */
#ifndef QN_PIPELINES_SEGY_READER_H
#define QN_PIPELINES_SEGY_READER_H

#include "pipelines/segy/import.h"

/* Consecutive traces in memory, as they are in the file. */
struct qn_traces {
    uint64_t first;       /* number of the first one in the survey */
    size_t count;         /* traces */
    const uint8_t *bytes; /* trace i starts at bytes + i * stride: headers, then samples */
    size_t stride;        /* bytes */
};

struct qn_reader;

/* Opens the input of a planned import, which is borrowed. An input that is not what was planned is
 * QN_ERR_CHANGED. Close with qn_reader_close, also NULL. */
enum qn_status qn_reader_open(const struct qn_import *import, struct qn_reader **reader,
                              struct qn_error *err);
void qn_reader_close(struct qn_reader *reader);

/* Room in bytes that one trace takes in a block: all its headers and the samples of the longest. */
size_t qn_reader_stride(const struct qn_reader *reader);

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
