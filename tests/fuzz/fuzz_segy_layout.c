/* Any bytes as a SEG-Y file: the decision of its layout, then the headers and samples that the
 * decision promises. */
#include "fuzz.h"

#include "compute/samples.h"
#include "format/segy.h"

#include <stdlib.h>
#include <string.h>

const char *const fuzz_words[] = {"((SEG: EndText))",
                                  "((SEG:Layout:text/xml))",
                                  "SEG00001",
                                  "SY1.0",
                                  "\x01\x02\x03\x04",
                                  "C 1 ",
                                  "C40 END TEXTUAL HEADER",
                                  "<segy-layout name=\"rev2\">",
                                  NULL};

/* Every field and sample of the first and the last trace, where the layout puts them. */
static void read_trace(const struct fuzz_bytes *memory, const struct qn_segy_layout *layout,
                       uint64_t trace)
{
    uint64_t offset = layout->first_trace_offset + trace * layout->trace_bytes;
    FUZZ_REQUIRE(offset + layout->trace_bytes <= memory->size);
    const uint8_t *bytes = memory->data + offset;
    for (const struct qn_segy_field *field = qn_segy_trace_fields; field->name; field++)
        (void)qn_segy_get(field, layout->order, bytes);
    const struct qn_sample_converter *converter =
        qn_samples_find(layout->format, layout->order, QN_SAMPLES_FLOAT32);
    struct qn_convert_counts counts = {0};
    void *out = malloc(layout->samples * converter->dtype_bytes);
    if (out)
        converter->convert(bytes + layout->trace_header_bytes, layout->samples, out, &counts);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_bytes memory = {data, size};
    struct qn_segy_source source = {
        .name = "fuzz", .size = size, .read_at = fuzz_read_at, .context = &memory};
    for (int salvage = 0; salvage < 2; salvage++) {
        struct qn_segy_overrides overrides = {.salvage = salvage};
        struct qn_segy_layout layout;
        static struct qn_segy_notes notes;
        struct qn_error err;
        if (qn_segy_decide_layout(&source, &overrides, &layout, &notes, &err) || layout.variable)
            continue;
        FUZZ_REQUIRE(layout.trace_count > 0 && layout.samples > 0);
        FUZZ_REQUIRE(layout.trace_bytes ==
                     layout.trace_header_bytes + (uint64_t)layout.samples * layout.sample_bytes);
        read_trace(&memory, &layout, 0);
        read_trace(&memory, &layout, layout.trace_count - 1);
    }
    return 0;
}
