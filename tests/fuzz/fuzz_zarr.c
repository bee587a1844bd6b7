/* Any bytes as the metadata of a Zarr array (first byte even: version 3, odd: version 2), then,
 * where that is accepted, the rest of the input as a chunk and as the index of a shard. */
#include "fuzz.h"

#include "format/zarr.h"

#include <stdlib.h>
#include <string.h>

const char *const fuzz_words[] = {
    "\"zarr_format\"", "\"shape\"",  "\"chunks\"",     "\"dtype\"",     "\"<f4\"",
    "\"compressor\"",  "\"codecs\"", "\"chunk_grid\"", "\"transpose\"", "\"sharding_indexed\"",
    "\"blosc\"",       "\"zstd\"",   "\"fill_value\"", "\"NaN\"",       NULL};

static void decode(const struct qn_zarr_array *array, const uint8_t *bytes, size_t size)
{
    struct qn_zarr_decoder *decoder;
    struct qn_error err;
    size_t room = qn_zarr_chunk_bytes(array);
    void *values = room < (64u << 20) ? malloc(room ? room : 1) : NULL;
    if (values && !qn_zarr_decoder_new(&decoder, array, &err)) {
        (void)qn_zarr_decode(decoder, bytes, size, values, &err);
        qn_zarr_decoder_free(decoder);
    }
    free(values);
    size_t slots = qn_zarr_shard_slots(array);
    struct qn_zarr_span *spans = slots < 65536 ? calloc(slots ? slots : 1, sizeof *spans) : NULL;
    if (spans && !qn_zarr_index_parse(bytes, size, size, spans, slots, &err))
        for (size_t i = 0; i < slots; i++)
            FUZZ_REQUIRE(spans[i].offset == QN_ZARR_MISSING ||
                         spans[i].offset + spans[i].bytes <= size);
    free(spans);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qn_zarr_array array;
    struct qn_buf attributes = {0};
    struct qn_error err;
    const uint8_t *split = size > 1 ? memchr(data + 1, '\0', size - 1) : NULL;
    if (!split)
        return 0;
    const char *text = (const char *)data + 1;
    size_t len = (size_t)(split - data - 1);
    enum qn_status status = data[0] % 2
                                ? qn_zarr_parse_v2(text, len, NULL, 0, &array, &attributes, &err)
                                : qn_zarr_parse_v3(text, len, &array, &attributes, &err);
    if (!status)
        decode(&array, split + 1, size - len - 2);
    qn_buf_release(&attributes);
    return 0;
}
