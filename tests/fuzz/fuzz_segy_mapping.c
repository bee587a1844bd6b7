/* Any bytes as a header layout in JSON. */
#include "fuzz.h"

#include "format/segy.h"

const char *const fuzz_words[] = {"\"fields\"",
                                  "\"name\"",
                                  "\"byte\"",
                                  "\"type\"",
                                  "\"int32\"",
                                  "\"scalar\"",
                                  "\"ibm32\"",
                                  "\"ensemble_keys\"",
                                  "\"byte_position\"",
                                  "\"format\"",
                                  "\"computed\"",
                                  "\"expression\"",
                                  "\"extends\"",
                                  "\"override\"",
                                  "\"standard\"",
                                  "240",
                                  NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qn_segy_mapping mapping;
    struct qn_error err;
    static const uint8_t headers[480];
    const struct qn_segy_header_set set = {.bytes = sizeof headers, .names = {"", "SEG00001"}};
    double value;
    if (!qn_segy_mapping_parse((const char *)data, size, "fuzz", &set, &mapping, &err))
        for (size_t i = 0; i < mapping.field_count; i++)
            qn_segy_scale(&mapping.fields[i], QN_BIG_ENDIAN, headers, sizeof headers, 1, &value);
    qn_segy_mapping_release(&mapping);
    return 0;
}
