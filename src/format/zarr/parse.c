/* Zarr array metadata from JSON text: see zarr.h. Each function below reads one member of a
 * document; what is not JSON of the right kind is damage, what is legal but more than Quern's own
 * stores use is refused by name. */
#include "base/json_memory.h"
#include "format/zarr/tables.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

static enum qn_status corrupt(struct qn_error *err, const char *what)
{
    return qn_fail(err, QN_ERR_CORRUPT, "Zarr metadata: %s; the document is damaged", what);
}

/* `detail`: the name or value at fault. */
static enum qn_status unsupported(struct qn_error *err, const char *what, const char *detail)
{
    return qn_fail(err, QN_ERR_UNSUPPORTED,
                   "Zarr metadata: %s '%s' is not read by this version; rewrite the array without",
                   what, detail);
}

static enum qn_status load(const char *text, size_t len, json_t **root, struct qn_error *err)
{
    json_error_t why;
    *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
    if (!*root)
        return qn_fail(err, QN_ERR_CORRUPT,
                       "Zarr metadata is not JSON: %s (line %d); the document is damaged", why.text,
                       why.line);
    return json_is_object(*root) ? QN_OK : corrupt(err, "it is not a JSON object");
}

/* A member of the document, read into the array by a function that gets NULL where it is missing.
 * NULL instead of a function: read elsewhere. */
struct member {
    const char *name;
    enum qn_status (*read)(const json_t *value, struct qn_zarr_array *array, struct qn_error *err);
};

/* In the order of the table: later members depend on the type and the dimensions. */
static enum qn_status read_members(const json_t *root, const struct member *members, size_t count,
                                   struct qn_zarr_array *array, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < count && !status; i++)
        if (members[i].read)
            status = members[i].read(json_object_get(root, members[i].name), array, err);
    return status;
}

/* ---- members of both versions --------------------------------------------------------------- */

/* As many sizes as the array has dimensions. */
static enum qn_status read_sizes(const json_t *list, const char *what, uint32_t n, uint64_t *sizes,
                                 struct qn_error *err)
{
    if (!json_is_array(list) || json_array_size(list) != n)
        return qn_fail(err, QN_ERR_CORRUPT,
                       "Zarr metadata: '%s' is not a list of %u sizes; the document is damaged",
                       what, n);
    for (uint32_t d = 0; d < n; d++) {
        const json_t *size = json_array_get(list, d);
        if (!json_is_integer(size) || json_integer_value(size) < 0)
            return qn_fail(err, QN_ERR_CORRUPT,
                           "Zarr metadata: '%s' holds what is not a size; the document is damaged",
                           what);
        sizes[d] = (uint64_t)json_integer_value(size);
    }
    return QN_OK;
}

static enum qn_status read_format(const json_t *format, struct qn_zarr_array *array,
                                  struct qn_error *err)
{
    return json_integer_value(format) == array->format
               ? QN_OK
               : corrupt(err, "zarr_format is not that of the file's name");
}

static enum qn_status read_shape(const json_t *shape, struct qn_zarr_array *array,
                                 struct qn_error *err)
{
    if (json_array_size(shape) > QN_ZARR_DIMS)
        return unsupported(err, "an array of more dimensions than", "8");
    array->ndim = (uint32_t)json_array_size(shape);
    return read_sizes(shape, "shape", array->ndim, array->shape, err);
}

/* Members that may be there as long as they ask for nothing. */
static enum qn_status read_empty(const json_t *list, struct qn_zarr_array *array,
                                 struct qn_error *err)
{
    (void)array;
    if (!list || json_is_null(list) || (json_is_array(list) && json_array_size(list) == 0))
        return QN_OK;
    return unsupported(err, "an array with", "filters or storage_transformers");
}

/* Null is for version 2 alone. A float may be written as an integer and the reverse. */
static enum qn_status read_fill(const json_t *fill, struct qn_zarr_array *array,
                                struct qn_error *err)
{
    const char *text = json_string_value(fill);
    if (json_is_null(fill) && array->format == 2) {
        array->fill = QN_ZARR_FILL_NONE;
    } else if (text && qn_zarr_is_float(array->dtype)) {
        if (strcmp(text, "NaN") != 0)
            return unsupported(err, "fill_value", text);
        array->fill = QN_ZARR_FILL_NAN;
    } else if (json_is_number(fill) || (array->boolean && json_is_boolean(fill))) {
        if (json_number_value(fill) != 0 || json_is_true(fill))
            return unsupported(err, "fill_value", "other than 0, NaN or null");
        array->fill = QN_ZARR_FILL_ZERO;
    } else {
        return corrupt(err, "fill_value is missing or does not suit the type");
    }
    return QN_OK;
}

static enum qn_status read_separator(const json_t *separator, struct qn_zarr_array *array,
                                     struct qn_error *err)
{
    const char *text = json_string_value(separator);
    if (!separator)
        return QN_OK;
    if (!text || (strcmp(text, "/") != 0 && strcmp(text, ".") != 0))
        return corrupt(err, "the separator of chunk keys is neither '/' nor '.'");
    array->separator = *text;
    return QN_OK;
}

/* Absent, or one text (version 3: or null) per dimension. */
static enum qn_status read_dimensions(const json_t *list, struct qn_zarr_array *array,
                                      struct qn_error *err)
{
    if (!list || (json_is_null(list) && array->format == 3))
        return QN_OK;
    if (!json_is_array(list) || json_array_size(list) != array->ndim)
        return corrupt(err, "there are not as many dimension names as dimensions");
    for (uint32_t d = 0; d < array->ndim; d++) {
        const json_t *name = json_array_get(list, d);
        if (json_is_null(name) && array->format == 3)
            continue;
        if (!json_is_string(name))
            return corrupt(err, "a dimension name is not a text");
        if (json_string_length(name) >= QN_ZARR_NAME)
            return unsupported(err, "the long dimension name", json_string_value(name));
        memcpy(array->dimension[d], json_string_value(name), json_string_length(name) + 1);
    }
    return QN_OK;
}

/* `attributes` is what the document has, changed here; NULL is none. */
static enum qn_status keep_attributes(json_t *attributes, struct qn_zarr_array *array,
                                      struct qn_buf *kept, struct qn_error *err)
{
    if (attributes && !json_is_object(attributes))
        return corrupt(err, "the attributes are not a JSON object");
    if (!kept)
        return QN_OK;
    if (array->format == 2)
        json_object_del(attributes, "_ARRAY_DIMENSIONS");
    char *text = attributes ? qn_json_dump(attributes, JSON_COMPACT) : NULL;
    qn_buf_clear(kept);
    if (!attributes)
        qn_buf_append(kept, "{}", 3);
    else if (text)
        qn_buf_append(kept, text, strlen(text) + 1);
    free(text);
    if (kept->failed || kept->len == 0)
        return qn_fail_memory(err, "Zarr attributes", kept->len);
    kept->len--; /* the NUL */
    array->attributes = (const char *)kept->data;
    return QN_OK;
}

/* Compressor `id` with its parameters. A frame says itself how it is shuffled and in which blocks;
 * of the LZ4 variants only the encoders differ. */
static enum qn_status read_compressor(const char *id, const json_t *parameters,
                                      struct qn_zarr_array *array, struct qn_error *err)
{
    const char *cname = json_string_value(json_object_get(parameters, "cname"));
    const json_t *level = json_object_get(parameters, cname ? "clevel" : "level");
    if (strcmp(id, "blosc") == 0 && !cname)
        return corrupt(err, "a blosc codec without cname");
    if (cname && strcmp(cname, "lz4hc") == 0)
        cname = "lz4";
    for (int i = QN_ZARR_NONE + 1; i < QN_ZARR_CODECS; i++) {
        const struct qn_zarr_codec_info *codec = &qn_zarr_codecs[i];
        if (strcmp(id, codec->id) != 0 ||
            (codec->cname && (!cname || strcmp(cname, codec->cname) != 0)))
            continue;
        if (level && !json_is_integer(level))
            return corrupt(err, "a compression level that is not an integer");
        json_int_t value = json_integer_value(level);
        if (value < codec->level_min || value > codec->level_max)
            return corrupt(err, "a compression level out of its range");
        array->codec = (enum qn_zarr_codec)i;
        array->level = (int)value;
        return QN_OK;
    }
    return unsupported(err, "the codec", cname ? cname : id);
}

/* What contradicts itself is damage in a document; what is only too large stays unsupported. */
static enum qn_status check_read(const struct qn_zarr_array *array, struct qn_error *err)
{
    struct qn_error why;
    enum qn_status status = qn_zarr_check(array, &why);
    if (status == QN_ERR_USAGE)
        return qn_fail(err, QN_ERR_CORRUPT, "%s; its metadata is damaged", why.message);
    return status ? qn_fail(err, status, "%s", why.message) : QN_OK;
}

/* ---- version 3 ------------------------------------------------------------------------------ */

/* {"name": ..., "configuration": {...}}, or the name alone; *configuration may become NULL. */
static const char *read_named(const json_t *value, const json_t **configuration)
{
    *configuration = json_object_get(value, "configuration");
    return json_string_value(json_is_string(value) ? value : json_object_get(value, "name"));
}

static enum qn_status read_node_v3(const json_t *node, struct qn_zarr_array *array,
                                   struct qn_error *err)
{
    (void)array;
    const char *type = json_string_value(node);
    return type && strcmp(type, "array") == 0 ? QN_OK : corrupt(err, "node_type is not 'array'");
}

static enum qn_status read_type_v3(const json_t *type, struct qn_zarr_array *array,
                                   struct qn_error *err)
{
    const json_t *configuration;
    const char *name = read_named(type, &configuration);
    if (!name)
        return corrupt(err, "data_type is missing");
    array->boolean = strcmp(name, QN_ZARR_BOOL) == 0;
    if (array->boolean)
        name = qn_dtype_name(QN_UINT8);
    for (int i = 0; i < QN_DTYPE_COUNT; i++)
        if (qn_zarr_v2_types[i] && strcmp(name, qn_dtype_name((enum qn_dtype)i)) == 0) {
            array->dtype = (enum qn_dtype)i;
            return QN_OK;
        }
    return unsupported(err, "the data type", name);
}

static enum qn_status read_grid_v3(const json_t *grid, struct qn_zarr_array *array,
                                   struct qn_error *err)
{
    const json_t *configuration;
    const char *name = read_named(grid, &configuration);
    if (!name)
        return corrupt(err, "chunk_grid is missing");
    if (strcmp(name, "regular") != 0)
        return unsupported(err, "the chunk grid", name);
    return read_sizes(json_object_get(configuration, "chunk_shape"), "chunk_shape", array->ndim,
                      array->chunk, err);
}

static enum qn_status read_keys_v3(const json_t *encoding, struct qn_zarr_array *array,
                                   struct qn_error *err)
{
    const json_t *configuration;
    const char *name = read_named(encoding, &configuration);
    if (!name)
        return corrupt(err, "chunk_key_encoding is missing");
    if (strcmp(name, "default") != 0)
        return unsupported(err, "the chunk key encoding", name);
    return read_separator(json_object_get(configuration, "separator"), array, err);
}

/* Only the order that reverses all dimensions, or leaves them. */
static enum qn_status read_transpose(const json_t *configuration, struct qn_zarr_array *array,
                                     struct qn_error *err)
{
    uint64_t order[QN_ZARR_DIMS];
    enum qn_status status =
        read_sizes(json_object_get(configuration, "order"), "order", array->ndim, order, err);
    if (status)
        return status;
    bool same = true, reversed = true;
    for (uint32_t d = 0; d < array->ndim; d++) {
        same = same && order[d] == d;
        reversed = reversed && order[d] == array->ndim - 1 - d;
    }
    if (!same && !reversed)
        return unsupported(err, "a transpose other than of", "all dimensions");
    array->transposed = reversed && !same;
    return QN_OK;
}

static enum qn_status read_bytes(const json_t *configuration, struct qn_zarr_array *array,
                                 struct qn_error *err)
{
    const json_t *endian = json_object_get(configuration, "endian");
    const char *order = json_string_value(endian);
    if (endian && (!order || (strcmp(order, "little") != 0 && strcmp(order, "big") != 0)))
        return corrupt(err, "the endian of the bytes codec is neither little nor big");
    array->big_endian = order && strcmp(order, "big") == 0;
    return QN_OK;
}

/* transpose (may lack), bytes, one compressor (may lack). */
static enum qn_status read_chunk_codecs(const json_t *list, struct qn_zarr_array *array,
                                        struct qn_error *err)
{
    const json_t *configuration;
    size_t at = 0;
    const char *name = read_named(json_array_get(list, at), &configuration);
    enum qn_status status = QN_OK;
    if (name && strcmp(name, "transpose") == 0) {
        status = read_transpose(configuration, array, err);
        name = read_named(json_array_get(list, ++at), &configuration);
    }
    if (status)
        return status;
    if (!name)
        return corrupt(err, "codecs is not a list of codecs");
    if (strcmp(name, "bytes") != 0)
        return unsupported(err, "in this place the codec", name);
    status = read_bytes(configuration, array, err);
    if (status || ++at == json_array_size(list))
        return status;
    name = read_named(json_array_get(list, at), &configuration);
    if (!name)
        return corrupt(err, "a codec without a name");
    if (at + 1 < json_array_size(list))
        return unsupported(err, "a further codec after", name);
    return read_compressor(name, configuration, array, err);
}

/* bytes in little-endian, then crc32c. */
static enum qn_status read_index_codecs(const json_t *list, struct qn_error *err)
{
    const json_t *bytes, *crc;
    const char *first = read_named(json_array_get(list, 0), &bytes);
    const char *second = read_named(json_array_get(list, 1), &crc);
    const char *endian = json_string_value(json_object_get(bytes, "endian"));
    if (!first)
        return corrupt(err, "index_codecs is not a list of codecs");
    if (json_array_size(list) != 2 || strcmp(first, "bytes") != 0 || !second ||
        strcmp(second, "crc32c") != 0 || (endian && strcmp(endian, "little") != 0))
        return unsupported(err, "a shard index other than", "little-endian with crc32c");
    return QN_OK;
}

/* The grid's chunks are shards; chunks proper are what they are cut into. */
static enum qn_status read_sharding(const json_t *configuration, struct qn_zarr_array *array,
                                    struct qn_error *err)
{
    const json_t *location = json_object_get(configuration, "index_location");
    if (location && (!json_is_string(location) || strcmp(json_string_value(location), "end") != 0))
        return unsupported(err, "a shard index that does not lie at the", "end");
    for (uint32_t d = 0; d < array->ndim; d++)
        if (array->chunk[d] == 0)
            return corrupt(err, "a shard of length 0");
    memcpy(array->shard, array->chunk, sizeof array->shard);
    enum qn_status status = read_sizes(json_object_get(configuration, "chunk_shape"), "chunk_shape",
                                       array->ndim, array->chunk, err);
    if (!status)
        status = read_index_codecs(json_object_get(configuration, "index_codecs"), err);
    if (!status)
        status = read_chunk_codecs(json_object_get(configuration, "codecs"), array, err);
    if (!status && memcmp(array->shard, array->chunk, sizeof array->shard) == 0)
        return unsupported(err, "a shard of", "a single chunk");
    return status;
}

static enum qn_status read_codecs_v3(const json_t *list, struct qn_zarr_array *array,
                                     struct qn_error *err)
{
    const json_t *configuration;
    const char *name = read_named(json_array_get(list, 0), &configuration);
    if (!name || strcmp(name, "sharding_indexed") != 0)
        return read_chunk_codecs(list, array, err);
    if (json_array_size(list) > 1)
        return unsupported(err, "a further codec after", name);
    return read_sharding(configuration, array, err);
}

static const struct member members_v3[] = {
    {"zarr_format", read_format},
    {"node_type", read_node_v3},
    {"shape", read_shape},
    {"data_type", read_type_v3},
    {"chunk_grid", read_grid_v3},
    {"chunk_key_encoding", read_keys_v3},
    {"fill_value", read_fill},
    {"codecs", read_codecs_v3},
    {"attributes", NULL},
    {"dimension_names", read_dimensions},
    {"storage_transformers", read_empty},
};

/* A member that the core does not name has to say itself that it may be passed over. */
static enum qn_status check_extensions_v3(json_t *root, struct qn_error *err)
{
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value)
    {
        size_t i = 0;
        while (i < COUNT(members_v3) && strcmp(key, members_v3[i].name) != 0)
            i++;
        if (i == COUNT(members_v3) && !json_is_false(json_object_get(value, "must_understand")))
            return unsupported(err, "the extension", key);
    }
    return QN_OK;
}

static enum qn_status read_v3(json_t *root, struct qn_zarr_array *array, struct qn_buf *attributes,
                              struct qn_error *err)
{
    enum qn_status status = read_members(root, members_v3, COUNT(members_v3), array, err);
    if (!status)
        status = check_extensions_v3(root, err);
    if (!status)
        status = check_read(array, err);
    if (!status)
        status = keep_attributes(json_object_get(root, "attributes"), array, attributes, err);
    return status;
}

enum qn_status qn_zarr_parse_v3(const char *zarr_json, size_t len, struct qn_zarr_array *array,
                                struct qn_buf *attributes, struct qn_error *err)
{
    json_t *root;
    *array = (struct qn_zarr_array){.format = 3};
    enum qn_status status = load(zarr_json, len, &root, err);
    if (!status)
        status = read_v3(root, array, attributes, err);
    json_decref(root);
    return status;
}

/* ---- version 2 ------------------------------------------------------------------------------ */

static enum qn_status read_type_v2(const json_t *type, struct qn_zarr_array *array,
                                   struct qn_error *err)
{
    const char *name = json_string_value(type);
    if (json_is_array(type))
        return unsupported(err, "the data type", "structured");
    if (!name || !*name)
        return corrupt(err, "dtype is missing");
    array->boolean = strcmp(name + 1, QN_ZARR_BOOL_V2) == 0;
    const char *type_name = array->boolean ? qn_zarr_v2_types[QN_UINT8] : name + 1;
    for (int i = 0; i < QN_DTYPE_COUNT; i++) {
        bool one_byte = qn_dtype_bytes((enum qn_dtype)i) == 1;
        if (!qn_zarr_v2_types[i] || strcmp(type_name, qn_zarr_v2_types[i]) != 0 ||
            !strchr(one_byte ? "|<>" : "<>", *name))
            continue;
        array->dtype = (enum qn_dtype)i;
        array->big_endian = *name == '>' && !one_byte;
        return QN_OK;
    }
    return unsupported(err, "the data type", name);
}

static enum qn_status read_compressor_v2(const json_t *compressor, struct qn_zarr_array *array,
                                         struct qn_error *err)
{
    const char *id = json_string_value(json_object_get(compressor, "id"));
    if (json_is_null(compressor))
        return QN_OK;
    return id ? read_compressor(id, compressor, array, err)
              : corrupt(err, "compressor is neither null nor has an id");
}

static enum qn_status read_chunks_v2(const json_t *chunks, struct qn_zarr_array *array,
                                     struct qn_error *err)
{
    return read_sizes(chunks, "chunks", array->ndim, array->chunk, err);
}

static enum qn_status read_order_v2(const json_t *order, struct qn_zarr_array *array,
                                    struct qn_error *err)
{
    const char *text = json_string_value(order);
    if (!text || (strcmp(text, "C") != 0 && strcmp(text, "F") != 0))
        return corrupt(err, "order is neither C nor F");
    array->transposed = *text == 'F' && array->ndim > 1;
    return QN_OK;
}

static const struct member members_v2[] = {
    {"zarr_format", read_format},
    {"shape", read_shape},
    {"chunks", read_chunks_v2},
    {"dtype", read_type_v2},
    {"compressor", read_compressor_v2},
    {"fill_value", read_fill},
    {"order", read_order_v2},
    {"filters", read_empty},
    {"dimension_separator", read_separator},
};

enum qn_status qn_zarr_parse_v2(const char *zarray, size_t zarray_len, const char *zattrs,
                                size_t zattrs_len, struct qn_zarr_array *array,
                                struct qn_buf *attributes, struct qn_error *err)
{
    json_t *root, *beside = NULL;
    *array = (struct qn_zarr_array){.format = 2};
    enum qn_status status = load(zarray, zarray_len, &root, err);
    if (!status)
        status = read_members(root, members_v2, COUNT(members_v2), array, err);
    if (!status)
        status = check_read(array, err);
    if (!status && zattrs)
        status = load(zattrs, zattrs_len, &beside, err);
    if (!status)
        status = read_dimensions(json_object_get(beside, "_ARRAY_DIMENSIONS"), array, err);
    if (!status)
        status = keep_attributes(beside, array, attributes, err);
    json_decref(beside);
    json_decref(root);
    return status;
}
