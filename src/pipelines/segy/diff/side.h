/* One side of a comparison: a SEG-Y file as it says itself to be, or a dataset read as the file
 * that it was made of. Shared by threads; each reads through a reader of its own. */
#ifndef QN_PIPELINES_SEGY_DIFF_SIDE_H
#define QN_PIPELINES_SEGY_DIFF_SIDE_H

#include "pipelines/segy/dataset/dataset.h"
#include "pipelines/segy/import.h"

struct qn_diff_side {
    const char *path;           /* borrowed */
    struct qn_dataset *dataset; /* NULL: a SEG-Y file, outlined in: */
    struct qn_import import;
    struct qn_segy_layout layout; /* of traces as they are read */
    struct qn_trace_form form;    /* of a dataset */
    bool inverse_gain;
};

/* Opens a file or a dataset; with `headers_only` no samples are read. Release in any case. */
enum qn_status qn_diff_side_open(struct qn_diff_side *side, const char *path, bool headers_only,
                                 struct qn_error *err);
void qn_diff_side_release(struct qn_diff_side *side);

/* A piece of the (first) file by its name in raw/, such as "text_header.bin", from byte `offset` of
 * it on: at most `most` bytes, appended. None, when there is no such piece or no more of it. */
enum qn_status qn_diff_side_piece(const struct qn_diff_side *side, const char *name,
                                  uint64_t offset, size_t most, struct qn_buf *bytes,
                                  struct qn_error *err);

/* Traces in memory. */
struct qn_diff_reader;
struct qn_diff_traces {
    uint64_t count;
    const uint8_t **at;      /* trace i: its headers, then its samples */
    const uint32_t *samples; /* how many */
};

/* `most`: traces read at once. */
enum qn_status qn_diff_reader_new(const struct qn_diff_side *side, uint64_t most,
                                  struct qn_diff_reader **reader, struct qn_error *err);
void qn_diff_reader_free(struct qn_diff_reader *reader); /* NULL is fine */

/* Reads traces from number `first` on, `count` or fewer, at least one; valid until the next call.
 */
enum qn_status qn_diff_read(struct qn_diff_reader *reader, uint64_t first, uint64_t count,
                            struct qn_diff_traces *traces, struct qn_error *err);

#endif
