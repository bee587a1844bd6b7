/* Any bytes as a header mapping in JSON. */
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
                                  "240",
                                  NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qn_segy_mapping mapping;
    struct qn_error err;
    static const uint8_t header[480];
    if (!qn_segy_mapping_parse((const char *)data, size, "fuzz", sizeof header, &mapping, &err)) {
        for (size_t i = 0; i < mapping.field_count; i++)
            (void)qn_segy_get(&mapping.fields[i], QN_BIG_ENDIAN, header);
        for (size_t i = 0; i < mapping.key_count; i++)
            FUZZ_REQUIRE(mapping.keys[i] < mapping.field_count);
    }
    qn_segy_mapping_release(&mapping);
    return 0;
}
