/* Looking at a few header columns: see view.h. */
#include "pipelines/segy/survey/view.h"

#include "base/sys.h"
#include "pipelines/segy/survey/axis.h"

#include <stdlib.h>
#include <string.h>

/* A trace up to this long is read whole: disks and networks are faster in order than in jumps of
 * less than their read-ahead. */
#define WHOLE_TRACE_BYTES (64u << 10)
#define BLOCK_BYTES       (1u << 20)
#define MAX_TRACES        1024u

#define GLANCES 64u /* traces seen at the start, and as many all over the survey */

static void find_columns(struct qn_view *view, const char *const *names)
{
    for (size_t i = 0; i < view->count; i++)
        for (size_t c = 0; c < view->rows.column_count; c++)
            if (!strcmp(view->rows.columns[c].name, names[i]))
                view->columns[i] = &view->rows.columns[c];
}

static enum qn_status make_room(struct qn_view *view, struct qn_error *err)
{
    size_t headers = view->rows.import->layout.trace_header_bytes;
    size_t stride = qn_reader_stride(view->reader);
    view->whole = stride <= WHOLE_TRACE_BYTES;
    size_t each = view->whole ? stride : headers;
    view->room = BLOCK_BYTES / each < 1 ? 1 : BLOCK_BYTES / each;
    view->room = view->room < MAX_TRACES ? view->room : MAX_TRACES;
    view->block = qn_sys.malloc(view->room * each);
    if (!view->block)
        return qn_fail_memory(err, "a block of headers", view->room * each);
    return qn_rows_reserve(&view->rows, view->room, err);
}

enum qn_status qn_view_open(struct qn_view *view, const struct qn_import *import,
                            const char *const *names, size_t count, struct qn_error *err)
{
    *view = (struct qn_view){.count = count};
    enum qn_status status = qn_rows_init(&view->rows, import, err);
    if (!status) {
        qn_rows_keep(&view->rows, names, count);
        status = qn_reader_open(import, &view->reader, err);
    }
    if (!status)
        status = make_room(view, err);
    if (!status)
        find_columns(view, names);
    return status;
}

void qn_view_release(struct qn_view *view)
{
    qn_reader_close(view->reader);
    qn_rows_release(&view->rows);
    free(view->block);
    *view = (struct qn_view){0};
}

enum qn_status qn_view_read(struct qn_view *view, uint64_t first, size_t n, struct qn_error *err)
{
    struct qn_traces traces;
    enum qn_status status =
        view->whole ? qn_reader_traces(view->reader, first, n, view->block, &traces, err)
                    : qn_reader_headers(view->reader, first, n,
                                        view->rows.import->layout.trace_header_bytes, view->block,
                                        &traces, err);
    view->rows.count = 0;
    if (!status)
        qn_rows_append(&view->rows, &traces);
    return status;
}

/* ---- a first look --------------------------------------------------------------------------- */

uint64_t qn_glance_trace(const struct qn_import *import, uint64_t i)
{
    uint64_t traces = import->layout.trace_count;
    uint64_t near = GLANCES < traces ? GLANCES : traces;
    if (i < near)
        return i;
    i -= near;
    return near < traces && i < GLANCES ? i * (traces / GLANCES) : UINT64_MAX;
}

void qn_glance_see(struct qn_glance *glance, int64_t key)
{
    if (!glance->known)
        glance->first = key;
    glance->known = true;
    glance->varies |= key != glance->first;
}

static void see(struct qn_glance *glance, const struct qn_column *column)
{
    static const uint8_t zero[8]; /* in every dtype */
    int64_t key = 0;
    int64_t none = 0;
    if (!column)
        return;
    if (column->dtype == QN_CHAR8) {
        glance->known = true;
        return;
    }
    if (column->valid && !column->valid[0])
        return;
    qn_axis_keys(column->dtype, column->values, 1, &key);
    qn_axis_keys(column->dtype, zero, 1, &none);
    qn_glance_see(glance, key);
    glance->non_zero |= key != none;
}

enum qn_status qn_glance_at(const struct qn_import *import, const char *const *names, size_t count,
                            struct qn_glance *glances, struct qn_error *err)
{
    struct qn_view view;
    uint64_t trace;
    memset(glances, 0, count * sizeof *glances);
    enum qn_status status = qn_view_open(&view, import, names, count, err);
    for (uint64_t i = 0; !status && (trace = qn_glance_trace(import, i)) != UINT64_MAX; i++) {
        status = qn_view_read(&view, trace, 1, err);
        for (size_t c = 0; c < count && !status; c++)
            see(&glances[c], view.columns[c]);
    }
    for (size_t c = 0; c < count && !status; c++)
        glances[c].known |= view.columns[c] != NULL;
    qn_view_release(&view);
    return status;
}
