/* Decoders of Parquet's encodings, on the examples of the specification and on hostile input, and
 * whatever the length of the stretches in which values are taken. */
#include "check.h"

#include "format/parquet/codec.h"
#include "format/parquet/decode.h"

#include <string.h>

/* Input with the slack behind it that decoders may read. */
static const uint8_t *with_slack(const void *bytes, size_t len)
{
    static uint8_t room[4096];
    memset(room, 0xee, sizeof room);
    memcpy(room, bytes, len);
    return room;
}

/* Encodings.md, "Run Length Encoding / Bit-Packing Hybrid": 0 to 7 in three bits. */
static void the_packed_run_of_the_specification_reads(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0x03, 0x88, 0xc6, 0xfa};
    struct pq_hybrid hybrid;
    uint32_t values[8];
    pq_hybrid_start(&hybrid, with_slack(bytes, sizeof bytes), sizeof bytes, 3);
    for (size_t i = 0; i < 8; i++) {
        assert_true(pq_hybrid_take(&hybrid, values, 1));
        assert_int_equal(values[0], i);
    }
    assert_false(pq_hybrid_take(&hybrid, values, 1));
}

/* A run of 50 sevens, then eight packed values, taken in stretches of three. */
static void runs_are_joined_over_the_ends_of_stretches(void **state)
{
    (void)state;
    const uint8_t bytes[] = {100, 7, 0x03, 0x88, 0xc6, 0xfa};
    struct pq_hybrid hybrid;
    uint8_t values[58];
    pq_hybrid_start(&hybrid, with_slack(bytes, sizeof bytes), sizeof bytes, 3);
    for (size_t i = 0; i < 57; i += 3)
        assert_true(pq_hybrid_take_u8(&hybrid, values + i, 3));
    assert_true(pq_hybrid_take_u8(&hybrid, values + 57, 1));
    for (size_t i = 0; i < 58; i++)
        assert_int_equal(values[i], i < 50 ? 7 : i - 50);
}

/* Encodings.md, "BIT_PACKED": 0 to 7 in three bits, highest first. */
static void the_old_bit_packing_of_the_specification_reads(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0x05, 0x39, 0x77};
    uint8_t values[8];
    assert_true(pq_take_bits(bytes, sizeof bytes, 3, 0, values, 5));
    assert_true(pq_take_bits(bytes, sizeof bytes, 3, 5, values + 5, 3));
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(values[i], i);
    assert_false(pq_take_bits(bytes, sizeof bytes, 3, 6, values, 3));
}

/* Encodings.md, "Delta Encoding", example 2: 7, 5, 3, 1, 2, 3, 4, 5; deltas -2 to 1 over -2. */
static void the_deltas_of_the_specification_read(void **state)
{
    (void)state;
    static const int64_t expected[] = {7, 5, 3, 1, 2, 3, 4, 5};
    /* block 128, 4 miniblocks, 8 values, first 7; least -2, widths 2 0 0 0; 0 0 0 3 3 3 3 */
    const uint8_t bytes[18] = {0x80, 0x01, 0x04, 0x08, 0x0e, 0x03,
                               0x02, 0x00, 0x00, 0x00, 0xc0, 0x3f};
    struct pq_delta delta;
    int64_t values[8];
    const uint8_t *input = with_slack(bytes, 18);
    for (size_t stretch = 1; stretch <= 8; stretch++) {
        assert_true(pq_delta_start(&delta, input, 18));
        assert_ptr_equal(pq_delta_end(&delta), input + 18);
        for (size_t i = 0; i < 8; i += stretch)
            assert_true(pq_delta_take(&delta, values + i, 8 - i < stretch ? 8 - i : stretch));
        assert_memory_equal(values, expected, sizeof expected);
        assert_false(pq_delta_take(&delta, values, 1));
    }
}

/* Headers that other readers stumbled over: sizes of zero, beyond all bounds, not divisible. */
static void delta_headers_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const uint8_t bad[][6] = {{0x00, 0x04, 0x08, 0x0e},       /* no block */
                                     {0x80, 0x01, 0x00, 0x08, 0x0e}, /* no miniblocks */
                                     {0x80, 0x01, 0x03, 0x08, 0x0e}, /* 128 / 3 */
                                     {0xc0, 0x01, 0x04, 0x08, 0x0e}, /* 192: no multiple of 128 */
                                     {0x80, 0x01, 0x08, 0x08, 0x0e}, /* 16 values a miniblock */
                                     {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
    struct pq_delta delta;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(pq_delta_start(&delta, with_slack(bad[i], sizeof bad[i]), sizeof bad[i]));
}

/* Each value repeats the one before and adds a byte: n * (n + 1) / 2 bytes out of n. */
static void front_coding_that_unfolds_without_end_stops_at_the_limit(void **state)
{
    (void)state;
    struct qn_buf page = {0};
    /* prefix lengths 0, 1, 2, 3 ... (delta 1), suffix lengths 1 each (delta 0), 128 of both */
    const uint8_t prefixes[] = {0x80, 0x01, 0x04, 0x80, 0x01, 0x00, 0x02, 0, 0, 0, 0};
    const uint8_t suffixes[] = {0x80, 0x01, 0x04, 0x80, 0x01, 0x02, 0x00, 0, 0, 0, 0};
    qn_buf_append(&page, prefixes, sizeof prefixes);
    qn_buf_append(&page, suffixes, sizeof suffixes);
    for (int i = 0; i < 128; i++)
        qn_buf_u8(&page, 'x');
    size_t len = page.len;
    qn_buf_append(&page, (uint8_t[PQ_SLACK]){0}, PQ_SLACK);
    struct qn_parquet_text texts[128];
    struct pq_values values = {.coding = PQ_DELTA_BYTE_ARRAY, .physical = PQ_BYTE_ARRAY};
    values.unfolded_limit = 128 * 129 / 2;
    assert_true(pq_values_start(&values, page.data, len));
    assert_true(pq_values_take(&values, 128, NULL, texts, NULL));
    assert_int_equal(texts[127].len, 128);
    values.unfolded_limit--;
    assert_true(pq_values_start(&values, page.data, len));
    assert_false(pq_values_take(&values, 128, NULL, texts, NULL));
    assert_true(values.over_limit);
    pq_values_release(&values);
    qn_buf_release(&page);
}

static void an_id_beyond_the_dictionary_is_refused(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0x02, 0x0a, 0x03}; /* width 2; five threes */
    uint32_t fixed[5], ids[5], entries[4] = {10, 11, 12, 13};
    struct qn_parquet_dictionary dictionary = {.count = 4, .fixed = (const uint8_t *)entries};
    struct pq_values values = {
        .coding = PQ_RLE_DICTIONARY, .physical = PQ_INT32, .width = 4, .dictionary = &dictionary};
    assert_true(pq_values_start(&values, with_slack(bytes, sizeof bytes), sizeof bytes));
    assert_true(pq_values_take(&values, 5, (uint8_t *)fixed, NULL, ids));
    assert_int_equal(fixed[4], 13);
    dictionary.count = 3;
    assert_true(pq_values_start(&values, with_slack(bytes, sizeof bytes), sizeof bytes));
    assert_false(pq_values_take(&values, 5, (uint8_t *)fixed, NULL, ids));
    pq_values_release(&values);
}

/* An LZ4 block of five literals, plain and in Hadoop's frame of big-endian sizes. */
static void both_kinds_of_lz4_unpack(void **state)
{
    (void)state;
    const uint8_t block[] = {0x50, 'q', 'u', 'e', 'r', 'n'};
    const uint8_t framed[] = {0, 0, 0, 5, 0, 0, 0, 6, 0x50, 'q', 'u', 'e', 'r', 'n'};
    struct pq_unpacker unpacker = {0};
    uint8_t out[5];
    assert_null(pq_unpack(&unpacker, PQ_LZ4_RAW, block, sizeof block, out, 5));
    assert_memory_equal(out, "quern", 5);
    memset(out, 0, 5);
    assert_null(pq_unpack(&unpacker, PQ_LZ4, framed, sizeof framed, out, 5));
    assert_memory_equal(out, "quern", 5);
    assert_non_null(pq_unpack(&unpacker, PQ_LZ4_RAW, framed, sizeof framed, out, 5));
    assert_non_null(pq_unpack(&unpacker, PQ_SNAPPY, block, sizeof block, out, 5));
    pq_unpacker_release(&unpacker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_packed_run_of_the_specification_reads),
        cmocka_unit_test(runs_are_joined_over_the_ends_of_stretches),
        cmocka_unit_test(the_old_bit_packing_of_the_specification_reads),
        cmocka_unit_test(the_deltas_of_the_specification_read),
        cmocka_unit_test(delta_headers_that_make_no_sense_are_refused),
        cmocka_unit_test(front_coding_that_unfolds_without_end_stops_at_the_limit),
        cmocka_unit_test(an_id_beyond_the_dictionary_is_refused),
        cmocka_unit_test(both_kinds_of_lz4_unpack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
