/* The picture of a seismic section: amplitudes as colours (variable density), traces across, time
 * or depth down, axes, colour bar, and a caption that says what was left out. Drawn with Cairo. */
#ifndef QN_RENDER_SECTION_H
#define QN_RENDER_SECTION_H

#include "base/buf.h"

#include <quern/error.h>

enum { QN_SECTION_WIDTH = 1200, QN_SECTION_HEIGHT = 800 }; /* of the PNG, in pixels */

/* What to draw. Column c is the `samples` values from amplitudes[c * samples]; NaN is a missing
 * value and drawn grey; infinities take the colours of the ends. Texts are UTF-8; what is not is
 * drawn as U+FFFD, and a text too long for its place ends in an ellipsis. NULL texts get the
 * default named. The picture owns nothing: all pointers stay the caller's. */
struct qn_section {
    const float *amplitudes;
    size_t traces;           /* columns, at least 1; about 1000 fill the picture */
    size_t samples;          /* rows, at least 1; about 600 fill the picture */
    int64_t first_trace;     /* number of column 0 on the trace axis */
    uint64_t trace_stride;   /* column c is trace first_trace + c * trace_stride; at least 1 */
    double first_time;       /* of row 0, in the unit of time_label */
    double sample_interval;  /* between two drawn rows, same unit, > 0 */
    uint64_t sample_stride;  /* row k is sample k * sample_stride: for the caption; at least 1 */
    const char *title;       /* NULL: none */
    const char *trace_label; /* NULL: "Trace" */
    const char *time_label;  /* NULL: "Two-way time (ms)"; "Depth (m)" for a depth section */
};

/* Draws the picture and writes it to `png_path`; a reader sees the old file or the new one whole.
 * QN_ERR_USAGE for a section without columns or rows, and for an interval or stride that is not
 * above zero. The same section gives the same bytes on the same machine (fonts and zlib are
 * the machine's). */
enum qn_status qn_section_draw(const struct qn_section *section, const char *png_path,
                               struct qn_error *err);

/* The same into memory: the PNG is appended to *png, for embedding in HTML. */
enum qn_status qn_section_png(const struct qn_section *section, struct qn_buf *png,
                              struct qn_error *err);

#endif
