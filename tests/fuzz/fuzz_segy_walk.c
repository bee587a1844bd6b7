/* Any bytes as a SEG-Y file that is walked through: the mark of its trace headers, trace by trace
 * to its end or to where it breaks, and on from there to the next trace. */
#include "fuzz.h"

#include "format/segy/mark.h"

#include <string.h>

const char *const fuzz_words[] = {"((SEG: EndText))", "SEG00001", "\x0f\xa0",
                                  "\x7f\xff",         "C 1 ",     NULL};

static enum qn_status tick(void *context, uint64_t at, struct qn_error *err)
{
    const struct fuzz_bytes *memory = context;
    (void)err;
    FUZZ_REQUIRE(at <= memory->size);
    return QN_OK;
}

static void walk(struct fuzz_bytes *memory, struct qn_segy_window *window,
                 const struct qn_segy_layout *layout, const struct qn_segy_mark *mark)
{
    struct qn_segy_trace trace = {0};
    for (uint64_t at = layout->first_trace_offset; at < memory->size;) {
        if (qn_segy_look_trace(window, layout, at, memory->size, &trace, NULL))
            return;
        if (!trace.fault && qn_segy_mark_fits(mark, trace.header)) {
            FUZZ_REQUIRE(trace.samples > 0 && trace.bytes <= memory->size - at);
            at += trace.bytes;
            continue;
        }
        uint64_t found;
        if (qn_segy_mark_find(mark, window, layout, at + 1, memory->size, tick, memory, &found,
                              NULL))
            return;
        FUZZ_REQUIRE(found > at && found <= memory->size);
        at = found;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_bytes memory = {data, size};
    struct qn_segy_source source = {
        .name = "fuzz", .size = size, .read_at = fuzz_read_at, .context = &memory};
    struct qn_segy_overrides overrides = {.salvage = true};
    struct qn_segy_layout layout;
    struct qn_segy_window window;
    struct qn_segy_mark mark;
    if (qn_segy_decide_layout(&source, &overrides, &layout, NULL, NULL) ||
        qn_segy_window_init(&window, &source, 1 << 20, NULL))
        return 0;
    if (!qn_segy_count_texts(&window, &layout, NULL) &&
        !qn_segy_mark_learn(&mark, &window, &layout, NULL))
        walk(&memory, &window, &layout, &mark);
    qn_segy_window_release(&window);
    return 0;
}
