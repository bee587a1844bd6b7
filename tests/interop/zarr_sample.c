/* Zarr stores whose values follow a formula, for other readers to check, and the other way round:
 *
 *   zarr_sample write DIRECTORY      every version, codec and layout: one store each
 *   zarr_sample read ARRAY FILE      the array's values, row by row in host order, as a raw file
 *
 * Element n of an array, counted row by row, is formula(n) below. Stores, arrays and the formula
 * are described once more, in NumPy, in test_zarr_stores.py.
 */
#include "base/io.h"
#include "format/zarr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

struct layout {
    const char *name;
    int format;
    bool transposed;
    bool sharded;
    bool consolidated;
    char separator;
};

static const struct layout layouts[] = {
    {"plain", 3, false, false, false, 0},    {"transposed", 3, true, false, true, 0},
    {"sharded", 3, false, true, true, 0},    {"sharded-transposed", 3, true, true, false, 0},
    {"dots", 3, false, false, true, '.'},    {"plain", 2, false, false, true, 0},
    {"transposed", 2, true, false, true, 0}, {"slashes", 2, false, false, true, '/'},
};

static const struct {
    const char *name;
    enum qn_zarr_codec codec;
    int level;
} codecs[] = {
    {"none", QN_ZARR_NONE, 0},
    {"zstd", QN_ZARR_ZSTD, 3},
    {"blosc-lz4", QN_ZARR_BLOSC_LZ4, 5},
    {"blosc-zstd", QN_ZARR_BLOSC_ZSTD, 1},
};

/* The arrays of every store beside one per type; shards only where the layout has them. */
static const struct qn_zarr_array templates[] = {
    {.name = "ragged",
     .dtype = QN_INT16,
     .ndim = 2,
     .shape = {37, 11},
     .chunk = {8, 4},
     .shard = {16, 8},
     .dimension = {"trace", "time"}},
    {.name = "cube",
     .dtype = QN_INT32,
     .ndim = 3,
     .shape = {5, 7, 9},
     .chunk = {2, 7, 4},
     .shard = {4, 7, 8},
     .dimension = {"x", "y", "z"},
     .attributes = "{\"units\": \"m\", \"step\": 0.1}"},
    {.name = "four",
     .dtype = QN_UINT8,
     .ndim = 4,
     .shape = {3, 4, 5, 6},
     .chunk = {2, 2, 5, 4},
     .shard = {4, 4, 5, 8},
     .dimension = {"a", "b", "c", "d"}},
    {.name = "big",
     .dtype = QN_FLOAT64,
     .ndim = 2,
     .shape = {37, 11},
     .chunk = {8, 11},
     .shard = {16, 11},
     .dimension = {"trace", "time"},
     .fill = QN_ZARR_FILL_NAN,
     .big_endian = true},
    {.name = "gaps", /* chunk 2 is not written */
     .dtype = QN_FLOAT32,
     .ndim = 1,
     .shape = {40},
     .chunk = {8},
     .shard = {16},
     .dimension = {"gap"},
     .fill = QN_ZARR_FILL_NAN},
    {.name = "time",
     .dtype = QN_FLOAT64,
     .ndim = 1,
     .shape = {11},
     .chunk = {11},
     .dimension = {"time"},
     .fill = QN_ZARR_FILL_NAN},
    {.name = "scalar", .dtype = QN_INT32},
};

static const struct qn_zarr_array per_type = {.ndim = 2,
                                              .shape = {37, 11},
                                              .chunk = {8, 11},
                                              .shard = {16, 11},
                                              .dimension = {"trace", "time"}};

#define TYPES  QN_CHAR8
#define ARRAYS (TYPES + COUNT(templates))

static void die(const char *what, const struct qn_error *err)
{
    fprintf(stderr, "zarr_sample: %s: %s\n", what, err->message);
    exit(1);
}

static void *room_for(size_t bytes)
{
    void *room = calloc(1, bytes ? bytes : 1);
    if (!room)
        abort();
    return room;
}

/* (37 n + 11) mod 101, from -50 where the type has a sign, in quarters where it has fractions. */
static void formula(enum qn_dtype dtype, uint64_t n, void *element)
{
    int64_t whole = (int64_t)((37 * n + 11) % 101);
    bool has_sign = dtype <= QN_INT64 || dtype >= QN_FLOAT32;
    whole -= has_sign ? 50 : 0;
    float single = (float)whole / 4;
    double twice = (double)whole / 4;
    if (dtype == QN_FLOAT32)
        memcpy(element, &single, sizeof single);
    else if (dtype == QN_FLOAT64)
        memcpy(element, &twice, sizeof twice);
    else if (qn_dtype_bytes(dtype) == 1)
        memcpy(element, &(int8_t){(int8_t)whole}, 1);
    else if (qn_dtype_bytes(dtype) == 2)
        memcpy(element, &(int16_t){(int16_t)whole}, 2);
    else if (qn_dtype_bytes(dtype) == 4)
        memcpy(element, &(int32_t){(int32_t)whole}, 4);
    else
        memcpy(element, &whole, 8);
}

/* Steps through a box like a counter, the last dimension fastest; false after the last place. */
static bool next_place(const uint64_t *box, uint32_t ndim, uint64_t *place)
{
    for (uint32_t d = ndim; d-- > 0;) {
        if (++place[d] < box[d])
            return true;
        place[d] = 0;
    }
    return false;
}

/* Number of the element in the array, row by row. */
static uint64_t element_of(const struct qn_zarr_array *array, const uint64_t *chunk,
                           const uint64_t *place)
{
    uint64_t n = 0;
    for (uint32_t d = 0; d < array->ndim; d++)
        n = n * array->shape[d] + chunk[d] * array->chunk[d] + place[d];
    return n;
}

/* Number of the element in a chunk as it lies in memory. */
static size_t place_in_memory(const struct qn_zarr_array *array, const uint64_t *place)
{
    size_t at = 0;
    for (uint32_t k = 0; k < array->ndim; k++) {
        uint32_t d = array->transposed ? array->ndim - 1 - k : k;
        at = at * array->chunk[d] + place[d];
    }
    return at;
}

/* Chunks along a dimension; the last one may stick out of the array. */
static uint64_t chunks_along(const struct qn_zarr_array *array, uint32_t d)
{
    return (array->shape[d] + array->chunk[d] - 1) / array->chunk[d];
}

/* How much of a chunk lies inside the array, per dimension; false where all lies outside. */
static bool extent_of(const struct qn_zarr_array *array, const uint64_t *chunk, uint64_t *extent)
{
    for (uint32_t d = 0; d < array->ndim; d++) {
        if (chunk[d] >= chunks_along(array, d))
            return false;
        uint64_t left = array->shape[d] - chunk[d] * array->chunk[d];
        extent[d] = left < array->chunk[d] ? left : array->chunk[d];
    }
    return true;
}

/* ---- write ---------------------------------------------------------------------------------- */

static void write_file(const char *folder, const char *path, const struct qn_buf *bytes)
{
    char full[4096];
    struct qn_error err;
    snprintf(full, sizeof full, "%s/%s", folder, path);
    if (qn_make_parent(full, &err) || qn_write_file(full, bytes->data, bytes->len, &err))
        die(full, &err);
}

/* A chunk, filled where it sticks out of the array. */
static void encode_chunk(const struct qn_zarr_array *array, struct qn_zarr_encoder *encoder,
                         const uint64_t *chunk, const uint64_t *extent, struct qn_buf *out)
{
    size_t size = qn_dtype_bytes(array->dtype);
    uint8_t *values = room_for(qn_zarr_chunk_bytes(array));
    uint64_t place[QN_ZARR_DIMS] = {0};
    struct qn_error err;
    qn_zarr_fill(array, values, qn_zarr_chunk_bytes(array) / size);
    do
        formula(array->dtype, element_of(array, chunk, place),
                values + size * place_in_memory(array, place));
    while (next_place(extent, array->ndim, place));
    if (qn_zarr_encode(encoder, values, out, &err))
        die(array->name, &err);
    free(values);
}

/* The file whose first chunk is `first`: `per` chunks along each dimension. */
static void write_chunks(const char *folder, const struct qn_zarr_array *array,
                         struct qn_zarr_encoder *encoder, const uint64_t *first,
                         const uint64_t *per)
{
    char key[QN_ZARR_KEY];
    struct qn_buf out = {0};
    size_t slots = qn_zarr_shard_slots(array);
    struct qn_zarr_span *spans = room_for(slots * sizeof *spans);
    uint64_t chunk[QN_ZARR_DIMS], extent[QN_ZARR_DIMS], place[QN_ZARR_DIMS] = {0};
    bool gaps = strcmp(array->name, "gaps") == 0;
    do {
        size_t start = out.len;
        for (uint32_t d = 0; d < array->ndim; d++)
            chunk[d] = first[d] + place[d];
        struct qn_zarr_span *span = &spans[qn_zarr_slot(array, chunk)];
        *span = (struct qn_zarr_span){QN_ZARR_MISSING, QN_ZARR_MISSING};
        if (!extent_of(array, chunk, extent) || (gaps && chunk[0] == 2))
            continue;
        encode_chunk(array, encoder, chunk, extent, &out);
        *span = (struct qn_zarr_span){start, out.len - start};
    } while (next_place(per, array->ndim, place));
    if (qn_zarr_sharded(array))
        qn_zarr_index_encode(spans, slots, &out);
    qn_zarr_key(array, first, key);
    if (out.len)
        write_file(folder, key, &out);
    qn_buf_release(&out);
    free(spans);
}

static void write_array(const char *store, const struct qn_zarr_array *array)
{
    char folder[4096];
    uint64_t files[QN_ZARR_DIMS], per[QN_ZARR_DIMS], place[QN_ZARR_DIMS] = {0};
    struct qn_zarr_encoder *encoder;
    struct qn_error err;
    snprintf(folder, sizeof folder, "%s/%s", store, array->name);
    if (qn_zarr_encoder_new(&encoder, array, &err))
        die(array->name, &err);
    for (uint32_t d = 0; d < array->ndim; d++) {
        per[d] = qn_zarr_sharded(array) ? array->shard[d] / array->chunk[d] : 1;
        files[d] = (chunks_along(array, d) + per[d] - 1) / per[d];
    }
    do {
        uint64_t first[QN_ZARR_DIMS];
        for (uint32_t d = 0; d < array->ndim; d++)
            first[d] = place[d] * per[d];
        write_chunks(folder, array, encoder, first, per);
    } while (next_place(files, array->ndim, place));
    qn_zarr_encoder_free(encoder);
}

/* Array i of every store. */
static struct qn_zarr_array array_of(size_t i, const struct layout *layout)
{
    struct qn_zarr_array array = i < TYPES ? per_type : templates[i - TYPES];
    if (i < TYPES) {
        array.dtype = (enum qn_dtype)i;
        array.fill = i >= QN_FLOAT32 ? QN_ZARR_FILL_NAN : QN_ZARR_FILL_NONE;
        snprintf(array.name, sizeof array.name, "%s", qn_dtype_name(array.dtype));
    }
    if (!layout->sharded)
        memset(array.shard, 0, sizeof array.shard);
    array.format = layout->format;
    array.transposed = layout->transposed;
    array.separator = layout->separator;
    return array;
}

static void write_store(const char *store, const struct layout *layout, size_t codec)
{
    struct qn_zarr_array arrays[ARRAYS];
    struct qn_zarr_group group = {.format = layout->format,
                                  .attributes = "{\"title\": \"formula\"}",
                                  .arrays = arrays,
                                  .array_count = ARRAYS,
                                  .consolidated = layout->consolidated};
    for (size_t i = 0; i < ARRAYS; i++) {
        arrays[i] = array_of(i, layout);
        arrays[i].codec = codecs[codec].codec;
        arrays[i].level = codecs[codec].level;
        write_array(store, &arrays[i]);
    }
    for (size_t i = 0; i < qn_zarr_document_count(&group); i++) {
        char path[QN_ZARR_PATH];
        struct qn_buf text = {0};
        struct qn_error err;
        if (qn_zarr_document(&group, i, path, &text, &err))
            die(store, &err);
        write_file(store, path, &text);
        qn_buf_release(&text);
    }
}

static void write_stores(const char *folder)
{
    for (size_t l = 0; l < COUNT(layouts); l++)
        for (size_t c = 0; c < COUNT(codecs); c++) {
            char store[4096];
            snprintf(store, sizeof store, "%s/v%d-%s-%s", folder, layouts[l].format,
                     layouts[l].name, codecs[c].name);
            write_store(store, &layouts[l], c);
        }
}

/* ---- read ----------------------------------------------------------------------------------- */

/* False if there is no such file. */
static bool read_file(const char *folder, const char *path, struct qn_buf *bytes)
{
    char full[4096];
    struct stat st;
    struct qn_error err;
    snprintf(full, sizeof full, "%s/%s", folder, path);
    qn_buf_clear(bytes);
    if (stat(full, &st))
        return false;
    if (qn_read_file(full, bytes, UINT64_MAX, &err))
        die(full, &err);
    return true;
}

static void read_metadata(const char *folder, struct qn_zarr_array *array)
{
    struct qn_buf text = {0}, beside = {0};
    struct qn_error err;
    enum qn_status status;
    if (read_file(folder, "zarr.json", &text)) {
        status = qn_zarr_parse_v3((char *)text.data, text.len, array, NULL, &err);
    } else {
        read_file(folder, ".zarray", &text);
        bool has = read_file(folder, ".zattrs", &beside);
        status = qn_zarr_parse_v2((char *)text.data, text.len, has ? (char *)beside.data : NULL,
                                  beside.len, array, NULL, &err);
    }
    if (status)
        die(folder, &err);
    qn_buf_release(&beside);
    qn_buf_release(&text);
}

/* The encoded chunk in the bytes of its file, or false: not written. */
static bool find_chunk(const struct qn_zarr_array *array, const uint64_t *chunk,
                       const struct qn_buf *file, struct qn_zarr_span *span)
{
    *span = (struct qn_zarr_span){0, file->len};
    if (!qn_zarr_sharded(array))
        return true;
    size_t slots = qn_zarr_shard_slots(array);
    size_t len = qn_zarr_index_bytes(slots);
    struct qn_zarr_span *spans = room_for(slots * sizeof *spans);
    struct qn_error err;
    if (len > file->len ||
        qn_zarr_index_parse(file->data + file->len - len, len, file->len, spans, slots, &err))
        die("shard index", &err);
    *span = spans[qn_zarr_slot(array, chunk)];
    free(spans);
    return span->offset != QN_ZARR_MISSING;
}

static void read_chunk(const char *folder, const struct qn_zarr_array *array,
                       struct qn_zarr_decoder *decoder, const uint64_t *chunk, uint8_t *all)
{
    char key[QN_ZARR_KEY];
    size_t size = qn_dtype_bytes(array->dtype);
    uint8_t *values = room_for(qn_zarr_chunk_bytes(array));
    uint64_t extent[QN_ZARR_DIMS], place[QN_ZARR_DIMS] = {0};
    struct qn_buf file = {0};
    struct qn_zarr_span span;
    struct qn_error err;
    qn_zarr_key(array, chunk, key);
    if (!read_file(folder, key, &file) || !find_chunk(array, chunk, &file, &span))
        qn_zarr_fill(array, values, qn_zarr_chunk_bytes(array) / size);
    else if (qn_zarr_decode(decoder, file.data + span.offset, span.bytes, values, &err))
        die(key, &err);
    extent_of(array, chunk, extent);
    do
        memcpy(all + size * element_of(array, chunk, place),
               values + size * place_in_memory(array, place), size);
    while (next_place(extent, array->ndim, place));
    qn_buf_release(&file);
    free(values);
}

static void read_array(const char *folder, const char *path)
{
    struct qn_zarr_array array;
    struct qn_zarr_decoder *decoder;
    struct qn_error err;
    uint64_t chunks[QN_ZARR_DIMS], chunk[QN_ZARR_DIMS] = {0};
    read_metadata(folder, &array);
    struct qn_buf all = {.len = qn_dtype_bytes(array.dtype)};
    for (uint32_t d = 0; d < array.ndim; d++) {
        chunks[d] = chunks_along(&array, d);
        all.len *= array.shape[d];
    }
    all.data = room_for(all.len);
    if (qn_zarr_decoder_new(&decoder, &array, &err))
        die(folder, &err);
    do
        read_chunk(folder, &array, decoder, chunk, all.data);
    while (next_place(chunks, array.ndim, chunk));
    if (qn_write_file(path, all.data, all.len, &err))
        die(path, &err);
    qn_zarr_decoder_free(decoder);
    qn_buf_release(&all);
}

int main(int argc, char **argv)
{
    qn_skip_syncs();
    if (argc == 3 && strcmp(argv[1], "write") == 0)
        write_stores(argv[2]);
    else if (argc == 4 && strcmp(argv[1], "read") == 0)
        read_array(argv[2], argv[3]);
    else
        return 2;
    return 0;
}
