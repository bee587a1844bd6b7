/* Zarr chunks and shard indexes. Frames of other programs (numcodecs 0.16.6, zarr-python 3.1.6) are
 * written out below; damaged ones are made of them byte by byte. */
#include "check.h"

#include "base/sys.h"
#include "format/zarr.h"

#include <stdlib.h>
#include <string.h>

/* 256 little-endian int32, (i / 16) * 1000 - 7, packed by numcodecs. */
static const struct {
    enum qn_zarr_codec codec;
    const char *hex;
} frames[] = {
    /* Zstd(1) */
    {QN_ZARR_ZSTD,
     "28b52ffd6000032502004402f9ffffffe1030000c907b10b990f81136917511b391f21230927f12ad92e"
     "c132a936913a1004270378000fe0013c8007f0001ec00378000fe0013c80077000c98e08"},
    /* Zstd(1, checksum=True) */
    {QN_ZARR_ZSTD,
     "28b52ffd6400032502004402f9ffffffe1030000c907b10b990f81136917511b391f21230927f12ad92e"
     "c132a936913a1004270378000fe0013c8007f0001ec00378000fe0013c80077000c98e0817ec3071"},
    /* Blosc('lz4', 5, SHUFFLE) */
    {QN_ZARR_BLOSC_LZ4, "020121040004000000040000ce00000014000000460000001bf901001be101001bc901001b"
                        "b101001b9901001b8101"
                        "001b6901001b5101001b3901001b2101001b0901001bf101001bd901001bc101001ba90100"
                        "16910100509191919191"
                        "460000001bff01001b0301001b0701001b0b01001b0f01001b1301001b1701001b1b01001b"
                        "1f01001b2301001b2701"
                        "001b2a01001b2e01001b3201001b360100163a0100503a3a3a3a3a0f0000001bff01001f00"
                        "0100d75000000000000f"
                        "0000001bff01001f000100d7500000000000"},
    /* Blosc('zstd', 3, SHUFFLE) */
    {QN_ZARR_BLOSC_ZSTD,
     "02019104000400000004000059000000140000004100000028b52ffd600003bd01004402f9e1c9b19981695139210"
     "9"
     "f1d9c1a991ff03070b0f13171b1f23272a2e32363aff00ff00246801e0c711fcfefaffdf016ccc8e82a7"},
    /* Blosc('lz4hc', 5, BITSHUFFLE) */
    {QN_ZARR_BLOSC_LZ4,
     "020124040004000000040000b300000014000000370000001fff01000c1f0001002c2fffff04000f0006000f08000"
     "7"
     "0826002f0000100001020e002a00000a0008420008260005160050ffffffffff360000001fff010002150001001ff"
     "f"
     "01000e2f000004000d0246000f080009086a000f1000050c18000e20000f0100010f2000085000000000001100000"
     "0"
     "3fffff0001000a0f2000c8500000000000110000003fffff0001000a0f2000c8500000000000"},
    /* Blosc('zstd', 5, NOSHUFFLE) */
    {QN_ZARR_BLOSC_ZSTD,
     "0201900400040000000400005a000000140000004200000028b52ffd600003c501004402f9ffffffe1030000c907b"
     "1"
     "0b990f81136917511b391f21230927f12ad92ec132a936913a10a410ea71f0c527db36db36bb2d31e52403"},
};
#define FRAMES (sizeof frames / sizeof *frames)

static size_t from_hex(const char *hex, uint8_t *bytes)
{
    size_t len = strlen(hex) / 2;
    for (size_t i = 0; i < len; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return len;
}

static struct qn_zarr_array steps(enum qn_zarr_codec codec)
{
    return (struct qn_zarr_array){
        .format = 3, .dtype = QN_INT32, .ndim = 1, .shape = {256}, .chunk = {256}, .codec = codec};
}

static struct qn_zarr_decoder *decoder_of(const struct qn_zarr_array *array)
{
    struct qn_zarr_decoder *decoder;
    assert_int_equal(qn_zarr_decoder_new(&decoder, array, NULL), QN_OK);
    return decoder;
}

static void test_frames_of_numcodecs_are_decoded(void **state)
{
    (void)state;
    for (size_t f = 0; f < FRAMES; f++) {
        struct qn_zarr_array array = steps(frames[f].codec);
        struct qn_zarr_decoder *decoder = decoder_of(&array);
        uint8_t bytes[256];
        int32_t values[256];
        size_t len = from_hex(frames[f].hex, bytes);
        assert_int_equal(qn_zarr_decode(decoder, bytes, len, values, NULL), QN_OK);
        for (int i = 0; i < 256; i++)
            assert_int_equal(values[i], i / 16 * 1000 - 7);
        qn_zarr_decoder_free(decoder);
    }
}

/* Exactly `len` bytes on the heap, so that a sanitizer sees a read past their end. */
static enum qn_status decode_exact(struct qn_zarr_decoder *decoder, const uint8_t *bytes,
                                   size_t len)
{
    uint8_t *exact = malloc(len ? len : 1);
    int32_t *values = malloc(1024);
    struct qn_error err;
    assert_true(exact && values);
    memcpy(exact, bytes, len);
    enum qn_status status = qn_zarr_decode(decoder, exact, len, values, &err);
    free(exact);
    free(values);
    return status;
}

static void test_frame_cut_anywhere_is_corrupt(void **state)
{
    (void)state;
    for (size_t f = 0; f < FRAMES; f++) {
        struct qn_zarr_array array = steps(frames[f].codec);
        struct qn_zarr_decoder *decoder = decoder_of(&array);
        uint8_t bytes[256];
        size_t len = from_hex(frames[f].hex, bytes);
        for (size_t cut = 0; cut < len; cut++)
            assert_int_equal(decode_exact(decoder, bytes, cut), QN_ERR_CORRUPT);
        bytes[len] = 0;
        assert_int_equal(decode_exact(decoder, bytes, len + 1), QN_ERR_CORRUPT);
        qn_zarr_decoder_free(decoder);
    }
}

/* Nothing is claimed of the values: a flipped bit may still decode. It must not crash, hang or read
 * or write elsewhere. */
static void test_frame_with_any_byte_changed_is_decoded_or_corrupt(void **state)
{
    (void)state;
    static const uint8_t patterns[] = {0x01, 0x80, 0xff, 0x10, 0x7f};
    for (size_t f = 0; f < FRAMES; f++) {
        struct qn_zarr_array array = steps(frames[f].codec);
        struct qn_zarr_decoder *decoder = decoder_of(&array);
        uint8_t bytes[256];
        size_t len = from_hex(frames[f].hex, bytes);
        for (size_t at = 0; at < len; at++)
            for (size_t p = 0; p < sizeof patterns; p++) {
                bytes[at] ^= patterns[p];
                enum qn_status status = decode_exact(decoder, bytes, len);
                assert_true(status == QN_OK || status == QN_ERR_CORRUPT);
                bytes[at] ^= patterns[p];
            }
        qn_zarr_decoder_free(decoder);
    }
}

static void test_frame_of_another_size_is_corrupt(void **state)
{
    (void)state;
    for (size_t f = 0; f < FRAMES; f++)
        for (uint64_t size = 255; size <= 257; size += 2) {
            struct qn_zarr_array array = steps(frames[f].codec);
            array.chunk[0] = size;
            struct qn_zarr_decoder *decoder = decoder_of(&array);
            uint8_t bytes[256];
            int32_t values[257];
            struct qn_error err;
            size_t len = from_hex(frames[f].hex, bytes);
            assert_int_equal(qn_zarr_decode(decoder, bytes, len, values, &err), QN_ERR_CORRUPT);
            qn_zarr_decoder_free(decoder);
        }
}

/* ---- round trips ---------------------------------------------------------------------------- */

static void assert_round_trip(const struct qn_zarr_array *array, const void *values)
{
    struct qn_zarr_encoder *encoder;
    struct qn_zarr_decoder *decoder = decoder_of(array);
    struct qn_buf out = {0}, again = {0};
    size_t size = qn_zarr_chunk_bytes(array);
    void *back = malloc(size);
    assert_non_null(back);
    assert_int_equal(qn_zarr_encoder_new(&encoder, array, NULL), QN_OK);
    qn_buf_u8(&out, 42); /* what is there already stays */
    assert_int_equal(qn_zarr_encode(encoder, values, &out, NULL), QN_OK);
    assert_int_equal(qn_zarr_encode(encoder, values, &again, NULL), QN_OK);
    assert_int_equal(out.data[0], 42);
    assert_int_equal(out.len - 1, again.len);
    assert_memory_equal(out.data + 1, again.data, again.len);
    assert_in_range(again.len, 1, size + size / 200 + 128);
    assert_int_equal(qn_zarr_decode(decoder, again.data, again.len, back, NULL), QN_OK);
    assert_memory_equal(back, values, size);
    free(back);
    qn_buf_release(&again);
    qn_buf_release(&out);
    qn_zarr_decoder_free(decoder);
    qn_zarr_encoder_free(encoder);
}

static void test_every_codec_type_and_order_gives_the_values_back(void **state)
{
    (void)state;
    static const int levels[][3] = {{0, 0, 0}, {-5, 0, 19}, {0, 1, 9}, {0, 1, 5}};
    static uint8_t noise[4096 * 8];
    uint32_t seed = 1;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
    memset(noise, 7, sizeof noise / 4); /* half compressible where items are small */
    for (int codec = QN_ZARR_NONE; codec <= QN_ZARR_BLOSC_ZSTD; codec++)
        for (int dtype = QN_INT8; dtype < QN_CHAR8; dtype++)
            for (int k = 0; k < 6; k++) {
                struct qn_zarr_array a = {.format = 3,
                                          .dtype = (enum qn_dtype)dtype,
                                          .ndim = 2,
                                          .shape = {64, 64},
                                          .chunk = {64, 64},
                                          .codec = (enum qn_zarr_codec)codec,
                                          .level = levels[codec][k / 2],
                                          .big_endian = k % 2};
                assert_round_trip(&a, noise);
            }
}

static void test_chunk_of_one_element_round_trips(void **state)
{
    (void)state;
    for (int codec = QN_ZARR_NONE; codec <= QN_ZARR_BLOSC_ZSTD; codec++) {
        struct qn_zarr_array scalar = {
            .format = 3, .dtype = QN_FLOAT64, .codec = (enum qn_zarr_codec)codec, .level = 1};
        assert_round_trip(&scalar, (double[]){2.5});
    }
}

static void test_byte_order_of_stored_elements(void **state)
{
    (void)state;
    static const uint8_t little[] = {2, 1, 4, 3}, big[] = {1, 2, 3, 4};
    static const uint16_t values[] = {0x0102, 0x0304};
    for (int order = 0; order < 2; order++) {
        struct qn_zarr_array a = {.format = 3,
                                  .dtype = QN_UINT16,
                                  .ndim = 1,
                                  .shape = {2},
                                  .chunk = {2},
                                  .big_endian = order};
        struct qn_zarr_encoder *encoder;
        struct qn_buf out = {0};
        assert_int_equal(qn_zarr_encoder_new(&encoder, &a, NULL), QN_OK);
        assert_int_equal(qn_zarr_encode(encoder, values, &out, NULL), QN_OK);
        assert_int_equal(out.len, 4);
        assert_memory_equal(out.data, order ? big : little, 4);
        assert_int_equal(qn_zarr_plain(&a), memcmp(out.data, values, 4) == 0);
        qn_zarr_encoder_free(encoder);
        qn_buf_release(&out);
    }
}

static void *no_memory(size_t size)
{
    (void)size;
    return NULL;
}

static void *no_more_memory(void *pointer, size_t size)
{
    (void)pointer;
    (void)size;
    return NULL;
}

static void test_out_of_memory_is_reported(void **state)
{
    (void)state;
    for (int codec = QN_ZARR_NONE; codec <= QN_ZARR_BLOSC_ZSTD; codec++) {
        struct qn_zarr_array a = steps((enum qn_zarr_codec)codec);
        struct qn_zarr_encoder *encoder;
        struct qn_buf out = {0};
        struct qn_error err;
        int32_t values[256] = {0};
        a.big_endian = true;
        struct qn_sys sound = qn_sys;
        qn_sys.malloc = no_memory;
        assert_int_equal(qn_zarr_encoder_new(&encoder, &a, &err), QN_ERR_MEMORY);
        qn_sys = sound;
        assert_int_equal(qn_zarr_encoder_new(&encoder, &a, &err), QN_OK);
        qn_sys.realloc = no_more_memory;
        assert_int_equal(qn_zarr_encode(encoder, values, &out, &err), QN_ERR_MEMORY);
        qn_sys = sound;
        qn_zarr_encoder_free(encoder);
        qn_buf_release(&out);
    }
}

/* ---- shard index ---------------------------------------------------------------------------- */

/* zarr-python 3.1.6: uint16 [1, 2, -, -, 5, 6, 7] in chunks of 2, one shard of 8, not compressed.
 */
static const char shard_hex[] =
    "01000200050006000700000000000000000000000400000000000000ffffffffffffffffffffffffffffffff"
    "040000000000000004000000000000000800000000000000040000000000000033ee612e";
static const struct qn_zarr_span shard_spans[4] = {
    {0, 4}, {QN_ZARR_MISSING, QN_ZARR_MISSING}, {4, 4}, {8, 4}};

static void test_index_of_zarr_python_is_parsed(void **state)
{
    (void)state;
    uint8_t shard[80];
    struct qn_zarr_span spans[4];
    assert_int_equal(from_hex(shard_hex, shard), 80);
    assert_int_equal(qn_zarr_index_bytes(4), 68);
    assert_int_equal(qn_zarr_index_parse(shard + 12, 68, 80, spans, 4, NULL), QN_OK);
    assert_memory_equal(spans, shard_spans, sizeof spans);
}

static void test_index_is_encoded_as_zarr_python_does(void **state)
{
    (void)state;
    uint8_t shard[80];
    struct qn_buf out = {0};
    from_hex(shard_hex, shard);
    qn_zarr_index_encode(shard_spans, 4, &out);
    assert_int_equal(out.len, 68);
    assert_memory_equal(out.data, shard + 12, 68);
    qn_buf_release(&out);
}

static void test_index_with_any_bit_flipped_is_corrupt(void **state)
{
    (void)state;
    uint8_t shard[80];
    struct qn_zarr_span spans[4];
    struct qn_error err;
    from_hex(shard_hex, shard);
    for (int bit = 12 * 8; bit < 80 * 8; bit++) {
        shard[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(qn_zarr_index_parse(shard + 12, 68, 80, spans, 4, &err), QN_ERR_CORRUPT);
        shard[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static enum qn_status parse_span(uint64_t offset, uint64_t bytes, uint64_t shard_bytes)
{
    struct qn_zarr_span span = {offset, bytes};
    struct qn_buf out = {0};
    struct qn_error err;
    qn_zarr_index_encode(&span, 1, &out);
    enum qn_status status = qn_zarr_index_parse(out.data, out.len, shard_bytes, &span, 1, &err);
    qn_buf_release(&out);
    return status;
}

static void test_span_has_to_lie_before_the_index(void **state)
{
    (void)state;
    assert_int_equal(parse_span(0, 100, 120), QN_OK);
    assert_int_equal(parse_span(60, 40, 120), QN_OK);
    assert_int_equal(parse_span(100, 0, 120), QN_OK);
    assert_int_equal(parse_span(0, 101, 120), QN_ERR_CORRUPT);
    assert_int_equal(parse_span(61, 40, 120), QN_ERR_CORRUPT);
    assert_int_equal(parse_span(101, 0, 120), QN_ERR_CORRUPT);
    assert_int_equal(parse_span(UINT64_MAX - 9, 20, 120), QN_ERR_CORRUPT); /* the sum wraps */
    assert_int_equal(parse_span(20, UINT64_MAX - 9, 120), QN_ERR_CORRUPT);
}

static void test_half_missing_slot_is_corrupt(void **state)
{
    (void)state;
    assert_int_equal(parse_span(QN_ZARR_MISSING, QN_ZARR_MISSING, 20), QN_OK);
    assert_int_equal(parse_span(QN_ZARR_MISSING, 0, 120), QN_ERR_CORRUPT);
    assert_int_equal(parse_span(0, QN_ZARR_MISSING, 120), QN_ERR_CORRUPT);
}

static void test_shard_too_short_for_its_index_is_corrupt(void **state)
{
    (void)state;
    uint8_t shard[80];
    struct qn_zarr_span spans[5];
    struct qn_error err;
    from_hex(shard_hex, shard);
    assert_int_equal(qn_zarr_index_parse(shard + 12, 68, 67, spans, 4, &err), QN_ERR_CORRUPT);
    assert_int_equal(qn_zarr_index_parse(shard + 12, 67, 80, spans, 4, &err), QN_ERR_CORRUPT);
    assert_int_equal(qn_zarr_index_parse(shard + 12, 68, 80, spans, 5, &err), QN_ERR_CORRUPT);
    assert_int_equal(qn_zarr_index_parse(shard, 0, 0, spans, 4, &err), QN_ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_of_numcodecs_are_decoded),
        cmocka_unit_test(test_frame_cut_anywhere_is_corrupt),
        cmocka_unit_test(test_frame_with_any_byte_changed_is_decoded_or_corrupt),
        cmocka_unit_test(test_frame_of_another_size_is_corrupt),
        cmocka_unit_test(test_every_codec_type_and_order_gives_the_values_back),
        cmocka_unit_test(test_chunk_of_one_element_round_trips),
        cmocka_unit_test(test_byte_order_of_stored_elements),
        cmocka_unit_test(test_out_of_memory_is_reported),
        cmocka_unit_test(test_index_of_zarr_python_is_parsed),
        cmocka_unit_test(test_index_is_encoded_as_zarr_python_does),
        cmocka_unit_test(test_index_with_any_bit_flipped_is_corrupt),
        cmocka_unit_test(test_span_has_to_lie_before_the_index),
        cmocka_unit_test(test_half_missing_slot_is_corrupt),
        cmocka_unit_test(test_shard_too_short_for_its_index_is_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
