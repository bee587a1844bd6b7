/* Any bytes as extended text records with a header layout in XML. */
#include "fuzz.h"

#include "format/segy.h"

#include <string.h>

const char *const fuzz_words[] = {"((SEG:Layout",
                                  "))",
                                  "<segy-layout",
                                  "</segy-layout>",
                                  "<entry ",
                                  "name=\"",
                                  "byte=\"",
                                  "type=\"",
                                  "if-non-zero",
                                  "\"/>",
                                  "<extension name=",
                                  "</extension>",
                                  "SEG00001",
                                  "scale6",
                                  "coor4",
                                  "ieee64",
                                  "iline",
                                  "nsamps",
                                  "<!DOCTYPE",
                                  "&amp;",
                                  NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t headers[480];
    const struct qn_segy_header_set set = {.bytes = sizeof headers, .names = {"", "SEG00001"}};
    size_t count = size / QN_SEGY_TEXT_BYTES;
    struct qn_buf text = {0};
    struct qn_segy_mapping mapping;
    char name[64];
    bool found;
    double value;
    qn_segy_stanza(data, count, "SEG:Layout", &text, &found);
    if (found && !text.failed) {
        if (!qn_segy_mapping_xml((const char *)text.data, text.len, &set, name, &mapping, NULL))
            for (size_t i = 0; i < mapping.field_count; i++)
                qn_segy_scale(&mapping.fields[i], QN_LITTLE_ENDIAN, headers, sizeof headers, 1,
                              &value);
        qn_segy_mapping_release(&mapping);
    }
    qn_buf_release(&text);
    return 0;
}
