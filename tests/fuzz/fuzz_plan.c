/* Any bytes as what a plan gave its tasks, as `verify` and `report` find it in a dataset: the
 * pipeline, what all tasks share, and one task's own. What an import's plan says of its files is
 * tried on a file: the input itself. */
#include "fuzz.h"

#include "base/buf.h"
#include "pipelines/pipelines.h"
#include "pipelines/segy/import.h"
#include "pipelines/segy/survey/reader.h"

#include <stdlib.h>
#include <string.h>

const char *const fuzz_words[] = {"\x01\0\0\0", "\xff\xff\xff\xff", "\x1f\x8b", NULL};

/* A reader looks a mebibyte ahead, and 64 MiB back in packed files. */
const struct fuzz_memory fuzz_memory = {80u << 20, 256};

enum { MOST_TRACES = 16, MOST_TRACE_BYTES = 1 << 16 };

static void read_traces(const struct qn_import *import)
{
    const struct qn_segy_layout *layout = &import->layout;
    uint64_t wanted = layout->trace_count < MOST_TRACES ? layout->trace_count : MOST_TRACES;
    struct qn_reader *reader;
    struct qn_traces traces;
    if (layout->trace_bytes > MOST_TRACE_BYTES || qn_reader_open(import, &reader, NULL))
        return;
    uint8_t *block = malloc(wanted * layout->trace_bytes);
    (void)qn_reader_traces(reader, 0, wanted, block, &traces, NULL);
    qn_reader_will_search(reader);
    for (uint64_t i = layout->trace_count; i > layout->trace_count - wanted; i--)
        (void)qn_reader_traces(reader, i - 1, 1, block, &traces, NULL);
    free(block);
    qn_reader_close(reader);
}

static void take_import(const struct qn_job *job, const struct qn_task *task, const uint8_t *data,
                        size_t size)
{
    struct qn_import import;
    struct qn_segment segment;
    if (!qn_import_decode(job->shared, job->shared_len, &import, NULL)) {
        for (size_t i = 0; i < import.survey.file_count; i++) {
            import.survey.files[i].path = fuzz_file(data, size);
            import.survey.files[i].stored = size;
        }
        if (!qn_segment_decode(&import, task, &segment, NULL))
            FUZZ_REQUIRE(qn_segment_reads(&segment).end <= import.layout.trace_count);
        read_traces(&import);
    }
    qn_import_release(&import);
}

/* One byte: which pipeline; four: how many bytes all tasks share; those; the rest is the task's. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qn_cursor cursor = {.data = data, .len = size};
    char text[300] = "";
    uint8_t which = qn_cursor_u8(&cursor);
    uint32_t len = qn_cursor_u32(&cursor);
    struct qn_job job = {.shared = qn_cursor_bytes(&cursor, len), .shared_len = len};
    if (!job.shared)
        return 0;
    size_t left = size - cursor.at;
    struct qn_task task = {.payload = memcpy(malloc(left + 1), data + cursor.at, left),
                           .payload_len = left};
    size_t pipeline = 0;
    while (pipeline < which && qn_pipelines[pipeline + 1])
        pipeline++;
    if (qn_pipelines[pipeline]->describe)
        qn_pipelines[pipeline]->describe(&job, &task, text, sizeof text);
    FUZZ_REQUIRE(memchr(text, 0, sizeof text));
    take_import(&job, &task, data, size);
    free((void *)(uintptr_t)task.payload);
    return 0;
}
