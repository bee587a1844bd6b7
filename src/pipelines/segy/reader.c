/* Traces by number: see reader.h. */
#include "pipelines/segy/reader.h"

#include "base/sys.h"
#include "pipelines/segy/input.h"

#include <stdlib.h>

struct qn_reader {
    const struct qn_import *import;
    struct qn_input input;
};

static uint64_t offset_of(const struct qn_reader *reader, uint64_t trace)
{
    const struct qn_segy_layout *layout = &reader->import->layout;
    return layout->first_trace_offset + trace * layout->trace_bytes;
}

enum qn_status qn_reader_open(const struct qn_import *import, struct qn_reader **out,
                              struct qn_error *err)
{
    *out = NULL;
    struct qn_reader *reader = qn_sys.calloc(1, sizeof *reader);
    if (!reader)
        return qn_fail_memory(err, "a reader", sizeof *reader);
    reader->import = import;
    enum qn_status status = qn_input_reopen(&reader->input, import->path, import->file_size, err);
    if (status)
        free(reader);
    else
        *out = reader;
    return status;
}

void qn_reader_close(struct qn_reader *reader)
{
    if (!reader)
        return;
    qn_input_close(&reader->input);
    free(reader);
}

size_t qn_reader_stride(const struct qn_reader *reader)
{
    return reader->import->layout.trace_bytes;
}

void qn_reader_will_read(struct qn_reader *reader, uint64_t first, uint64_t count)
{
    qn_input_will_read(&reader->input, offset_of(reader, first),
                       count * reader->import->layout.trace_bytes);
}

enum qn_status qn_reader_traces(struct qn_reader *reader, uint64_t first, size_t count, void *block,
                                struct qn_traces *traces, struct qn_error *err)
{
    size_t stride = qn_reader_stride(reader);
    *traces = (struct qn_traces){first, count, block, stride};
    return qn_input_read(&reader->input, offset_of(reader, first), block, count * stride, err);
}

enum qn_status qn_reader_headers(struct qn_reader *reader, uint64_t first, size_t count,
                                 size_t reach, void *block, struct qn_traces *traces,
                                 struct qn_error *err)
{
    enum qn_status status = QN_OK;
    *traces = (struct qn_traces){first, count, block, reach};
    for (size_t i = 0; i < count && !status; i++)
        status = qn_input_read(&reader->input, offset_of(reader, first + i),
                               (uint8_t *)block + i * reach, reach, err);
    return status;
}
