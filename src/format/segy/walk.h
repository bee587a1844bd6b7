/* Walking through a SEG-Y file from trace to trace: a buffered look at its bytes, and one trace by
 * its own header. Planning follows traces of different lengths with it, the reader finds them
 * again, salvage looks for where traces go on. */
#ifndef QN_FORMAT_SEGY_WALK_H
#define QN_FORMAT_SEGY_WALK_H

#include "format/segy.h"

/* Traces shorter than this are passed by reading everything, longer ones by their headers only. */
#define QN_SEGY_LONG_TRACE (16u << 10)

/* The bytes of a source that were read last. */
struct qn_segy_window {
    const struct qn_segy_source *source; /* borrowed */
    uint8_t *bytes;
    size_t room;
    uint64_t offset; /* of the first of them */
    size_t len;
};

/* Of `room` bytes. Release in any case. */
enum qn_status qn_segy_window_init(struct qn_segy_window *window,
                                   const struct qn_segy_source *source, size_t room,
                                   struct qn_error *err);
void qn_segy_window_release(struct qn_segy_window *window);

/* Forgets what was read: the source is another one now. */
void qn_segy_window_forget(struct qn_segy_window *window);

/* *bytes: `len` bytes (at most the room) at `offset`, valid until the next call. When they have to
 * be read, up to `ahead` bytes are read at once. Bytes beyond the source's end are QN_ERR_INPUT. */
enum qn_status qn_segy_window_look(struct qn_segy_window *window, uint64_t offset, size_t len,
                                   size_t ahead, const uint8_t **bytes, struct qn_error *err);

/* What is wrong with a trace by its header and the end of the traces. */
enum qn_segy_fault {
    QN_SEGY_SOUND,
    QN_SEGY_CUT_HEADER,  /* fewer bytes are left than its headers take */
    QN_SEGY_NO_SAMPLES,  /* its header says 0 samples */
    QN_SEGY_CUT_SAMPLES, /* its samples would reach beyond the end */
    QN_SEGY_ODD_HEADER   /* its header is unlike those of the other traces: mark.h */
};

struct qn_segy_trace {
    uint64_t offset;
    uint64_t bytes; /* headers and samples */
    uint32_t samples;
    const uint8_t
        *header; /* 240 bytes, or 480 where there are extensions; see qn_segy_window_look */
    enum qn_segy_fault fault; /* with QN_SEGY_CUT_HEADER nothing else is known */
};

/* Looks at the header at `offset`; traces end at `end`. Lengths follow from the header in a layout
 * of variable traces, else from the layout. */
enum qn_status qn_segy_look_trace(struct qn_segy_window *window,
                                  const struct qn_segy_layout *layout, uint64_t offset,
                                  uint64_t end, struct qn_segy_trace *trace, struct qn_error *err);

/* Counts in layout->extended_text_count only records that are text: what else lies before the first
 * trace may have been traces. */
enum qn_status qn_segy_count_texts(struct qn_segy_window *window, struct qn_segy_layout *layout,
                                   struct qn_error *err);

#endif
