/* The binary header as a struct: which member holds which field of the table; see segy.h. */
#include "format/segy.h"

#include <string.h>

#define MEMBER(name)                                                                               \
    {                                                                                              \
#name, offsetof(struct qn_segy_binary_header, name)                                        \
    }

/* Members are named as the fields of qn_segy_binary_fields, whose types they have. */
static const struct {
    const char *name;
    size_t offset;
} members[] = {
    MEMBER(job),
    MEMBER(line),
    MEMBER(reel),
    MEMBER(traces_per_ensemble),
    MEMBER(auxiliary_per_ensemble),
    MEMBER(interval_us),
    MEMBER(original_interval_us),
    MEMBER(samples),
    MEMBER(original_samples),
    MEMBER(format),
    MEMBER(fold),
    MEMBER(sorting),
    MEMBER(measurement_system),
    MEMBER(extended_samples),
    MEMBER(extended_interval_us),
    MEMBER(byte_order_constant),
    MEMBER(revision_major),
    MEMBER(revision_minor),
    MEMBER(fixed_length),
    MEMBER(extended_text_count),
    MEMBER(extra_trace_headers),
    MEMBER(trace_count),
    MEMBER(first_trace_offset),
    MEMBER(trailer_count),
};
#define MEMBERS (sizeof members / sizeof *members)

/* Extraction of one record writes the member in its own type. */
void qn_segy_binary_parse(const uint8_t bytes[QN_SEGY_BINARY_BYTES], enum qn_byte_order order,
                          struct qn_segy_binary_header *header)
{
    for (size_t i = 0; i < MEMBERS; i++)
        qn_segy_extract(qn_segy_find_field(qn_segy_binary_fields, members[i].name), order, bytes, 0,
                        1, (uint8_t *)header + members[i].offset);
}

/* Copies one member, whose type is the field's, to its place in the other byte order or not. */
static void put_member(const struct qn_segy_field *field, enum qn_byte_order order,
                       const void *member, uint8_t *place)
{
    uint64_t bits = 0;
    size_t size = qn_segy_type_info((enum qn_segy_type)field->type)->bytes;
    memcpy(&bits, member, size);
    if (size == 1)
        memcpy(place, member, 1);
    else if (size == 2)
        qn_store_u16(place, order, (uint16_t)bits);
    else if (size == 4)
        qn_store_u32(place, order, (uint32_t)bits);
    else
        qn_store_u64(place, order, bits);
}

void qn_segy_binary_format(const struct qn_segy_binary_header *header, enum qn_byte_order order,
                           uint8_t bytes[QN_SEGY_BINARY_BYTES])
{
    memset(bytes, 0, QN_SEGY_BINARY_BYTES);
    for (size_t i = 0; i < MEMBERS; i++) {
        const struct qn_segy_field *field =
            qn_segy_find_field(qn_segy_binary_fields, members[i].name);
        put_member(field, order, (const uint8_t *)header + members[i].offset,
                   bytes + field->byte - QN_SEGY_TEXT_BYTES - 1);
    }
}
