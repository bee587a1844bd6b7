/* The metadata documents of a Zarr store as JSON text, key by key in the order of the
 * specifications: see zarr.h. Attributes are carried over as they were given. */
#include "base/json_memory.h"
#include "format/zarr/tables.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- checks --------------------------------------------------------------------------------- */

/* A name that can be a directory of any store, and a key of consolidated metadata. */
static bool is_node_name(const char *name)
{
    if (!*name || *name == '.' || strncmp(name, "__", 2) == 0)
        return false;
    for (const char *at = name; *at; at++)
        if (*at == '/' || *at == '\\' || (unsigned char)*at < ' ')
            return false;
    return strcmp(name, "zarr.json") != 0;
}

static bool is_utf8(const char *text)
{
    json_t *value = json_string(text);
    json_decref(value);
    return value != NULL;
}

/* `text` may be NULL. _ARRAY_DIMENSIONS is for this file to write. */
static enum qn_status check_attributes(const char *text, const char *whose, struct qn_error *err)
{
    if (!text)
        return QN_OK;
    json_error_t why;
    errno = 0;
    json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, &why);
    bool object = json_is_object(value);
    bool reserved = json_object_get(value, "_ARRAY_DIMENSIONS") != NULL;
    json_decref(value);
    if (!value && errno == ENOMEM)
        return qn_fail_memory(err, "Zarr attributes", strlen(text));
    if (!value)
        return qn_fail(err, QN_ERR_USAGE, "Zarr attributes of '%s' are not JSON: %s (line %d)",
                       whose, why.text, why.line);
    if (!object)
        return qn_fail(err, QN_ERR_USAGE, "Zarr attributes of '%s' are not a JSON object", whose);
    if (reserved)
        return qn_fail(
            err, QN_ERR_USAGE,
            "Zarr attributes of '%s' have _ARRAY_DIMENSIONS; name the dimensions instead", whose);
    return QN_OK;
}

static uint32_t named_dimensions(const struct qn_zarr_array *array)
{
    uint32_t named = 0;
    for (uint32_t d = 0; d < array->ndim; d++)
        named += array->dimension[d][0] != '\0';
    return named;
}

static enum qn_status check_array(const struct qn_zarr_array *array, struct qn_error *err)
{
    enum qn_status status = qn_zarr_check(array, err);
    if (status)
        return status;
    if (!is_node_name(array->name) || !is_utf8(array->name))
        return qn_fail(err, QN_ERR_USAGE, "'%s' cannot be the name of a Zarr array", array->name);
    for (uint32_t d = 0; d < array->ndim; d++)
        if (!is_utf8(array->dimension[d]))
            return qn_fail(err, QN_ERR_USAGE,
                           "Zarr array '%s': the name of dimension %u is not UTF-8", array->name,
                           d);
    uint32_t named = named_dimensions(array);
    if (array->format == 2 && named && named < array->ndim)
        return qn_fail(err, QN_ERR_USAGE,
                       "Zarr array '%s': in version 2 all dimensions have names or none",
                       array->name);
    return check_attributes(array->attributes, array->name, err);
}

static enum qn_status check_group(const struct qn_zarr_group *group, struct qn_error *err)
{
    if (group->format != 2 && group->format != 3)
        return qn_fail(err, QN_ERR_USAGE, "the Zarr format is neither 2 nor 3");
    for (size_t i = 0; i < group->array_count; i++) {
        enum qn_status status = check_array(&group->arrays[i], err);
        if (status)
            return status;
        const char *name = group->arrays[i].name;
        if (group->arrays[i].format != group->format)
            return qn_fail(err, QN_ERR_USAGE,
                           "Zarr array '%s' is of version %d in a group of version %d", name,
                           group->arrays[i].format, group->format);
        for (size_t k = 0; k < i; k++)
            if (strcmp(group->arrays[k].name, name) == 0)
                return qn_fail(err, QN_ERR_USAGE, "two Zarr arrays are named '%s'", name);
    }
    return check_attributes(group->attributes, "the group", err);
}

/* ---- parts of documents --------------------------------------------------------------------- */

static void put(struct qn_buf *out, const char *text)
{
    qn_buf_append(out, text, strlen(text));
}

static void put_string(struct qn_buf *out, const char *text)
{
    json_t *value = json_string(text);
    char *quoted = value ? qn_json_dump(value, JSON_ENCODE_ANY) : NULL;
    if (quoted)
        put(out, quoted);
    else
        out->failed = true;
    free(quoted);
    json_decref(value);
}

static void put_sizes(struct qn_buf *out, const uint64_t *sizes, uint32_t n)
{
    put(out, "[");
    for (uint32_t d = 0; d < n; d++)
        qn_buf_printf(out, "%s%" PRIu64, d ? ", " : "", sizes[d]);
    put(out, "]");
}

/* Dimensions without a name are null; version 2 has none of these. */
static void put_dimensions(struct qn_buf *out, const struct qn_zarr_array *array)
{
    put(out, "[");
    for (uint32_t d = 0; d < array->ndim; d++) {
        put(out, d ? ", " : "");
        if (array->dimension[d][0])
            put_string(out, array->dimension[d]);
        else
            put(out, "null");
    }
    put(out, "]");
}

static void put_fill(struct qn_buf *out, const struct qn_zarr_array *array)
{
    if (array->fill == QN_ZARR_FILL_NAN)
        put(out, "\"NaN\"");
    else if (array->fill == QN_ZARR_FILL_NONE && array->format == 2)
        put(out, "null");
    else if (array->boolean)
        put(out, "false");
    else
        put(out, qn_zarr_is_float(array->dtype) ? "0.0" : "0");
}

/* ---- version 3 ------------------------------------------------------------------------------ */

static void put_transpose(struct qn_buf *out, const struct qn_zarr_array *array)
{
    uint64_t order[QN_ZARR_DIMS];
    for (uint32_t d = 0; d < array->ndim; d++)
        order[d] = array->ndim - 1 - d;
    put(out, "{\"name\": \"transpose\", \"configuration\": {\"order\": ");
    put_sizes(out, order, array->ndim);
    put(out, "}}, ");
}

/* The codecs of a chunk: transpose, bytes, compressor. */
static void put_chunk_codecs(struct qn_buf *out, const struct qn_zarr_array *array)
{
    static const char *const shuffles[] = {"noshuffle", "shuffle", "bitshuffle"};
    const struct qn_zarr_codec_info *codec = &qn_zarr_codecs[array->codec];
    put(out, "[");
    if (array->transposed && array->ndim > 1)
        put_transpose(out, array);
    if (qn_dtype_bytes(array->dtype) == 1)
        put(out, "{\"name\": \"bytes\"}");
    else
        qn_buf_printf(out, "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"%s\"}}",
                      array->big_endian ? "big" : "little");
    if (array->codec == QN_ZARR_ZSTD)
        qn_buf_printf(out,
                      ", {\"name\": \"zstd\", \"configuration\": {\"level\": %d, "
                      "\"checksum\": false}}",
                      array->level);
    else if (codec->id)
        qn_buf_printf(
            out,
            ", {\"name\": \"blosc\", \"configuration\": {\"cname\": \"%s\", "
            "\"clevel\": %d, \"shuffle\": \"%s\", \"typesize\": %zu, \"blocksize\": %zu}}",
            codec->cname, array->level, shuffles[qn_zarr_shuffle(array)],
            qn_dtype_bytes(array->dtype), codec->block);
    put(out, "]");
}

static void put_codecs(struct qn_buf *out, const struct qn_zarr_array *array)
{
    if (!qn_zarr_sharded(array)) {
        put_chunk_codecs(out, array);
        return;
    }
    put(out, "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": ");
    put_sizes(out, array->chunk, array->ndim);
    put(out, ", \"codecs\": ");
    put_chunk_codecs(out, array);
    put(out, ", \"index_codecs\": [{\"name\": \"bytes\", \"configuration\": "
             "{\"endian\": \"little\"}}, {\"name\": \"crc32c\"}], \"index_location\": \"end\"}}]");
}

static void put_array_v3(struct qn_buf *out, const struct qn_zarr_array *array)
{
    put(out, "{\n  \"zarr_format\": 3,\n  \"node_type\": \"array\",\n  \"shape\": ");
    put_sizes(out, array->shape, array->ndim);
    qn_buf_printf(out, ",\n  \"data_type\": \"%s\",\n",
                  array->boolean ? QN_ZARR_BOOL : qn_dtype_name(array->dtype));
    put(out, "  \"chunk_grid\": {\"name\": \"regular\", \"configuration\": {\"chunk_shape\": ");
    put_sizes(out, qn_zarr_sharded(array) ? array->shard : array->chunk, array->ndim);
    qn_buf_printf(out,
                  "}},\n  \"chunk_key_encoding\": {\"name\": \"default\", \"configuration\": "
                  "{\"separator\": \"%c\"}},\n  \"fill_value\": ",
                  array->separator ? array->separator : '/');
    put_fill(out, array);
    put(out, ",\n  \"codecs\": ");
    put_codecs(out, array);
    put(out, ",\n  \"attributes\": ");
    put(out, array->attributes ? array->attributes : "{}");
    if (named_dimensions(array)) {
        put(out, ",\n  \"dimension_names\": ");
        put_dimensions(out, array);
    }
    put(out, "\n}");
}

static void put_group_v3(struct qn_buf *out, const struct qn_zarr_group *group)
{
    put(out, "{\n  \"zarr_format\": 3,\n  \"node_type\": \"group\",\n  \"attributes\": ");
    put(out, group->attributes ? group->attributes : "{}");
    if (group->consolidated) {
        put(out,
            ",\n  \"consolidated_metadata\": {\"kind\": \"inline\", \"must_understand\": false, "
            "\"metadata\": {");
        for (size_t i = 0; i < group->array_count; i++) {
            put(out, i ? ",\n" : "\n");
            put_string(out, group->arrays[i].name);
            put(out, ": ");
            put_array_v3(out, &group->arrays[i]);
        }
        put(out, "}}");
    }
    put(out, "\n}");
}

/* ---- version 2 ------------------------------------------------------------------------------ */

static void put_compressor(struct qn_buf *out, const struct qn_zarr_array *array)
{
    const struct qn_zarr_codec_info *codec = &qn_zarr_codecs[array->codec];
    if (!codec->id)
        put(out, "null");
    else if (array->codec == QN_ZARR_ZSTD)
        qn_buf_printf(out, "{\"id\": \"zstd\", \"level\": %d}", array->level);
    else
        qn_buf_printf(out,
                      "{\"id\": \"blosc\", \"cname\": \"%s\", \"clevel\": %d, \"shuffle\": %d, "
                      "\"blocksize\": %zu}",
                      codec->cname, array->level, qn_zarr_shuffle(array), codec->block);
}

static void put_zarray(struct qn_buf *out, const struct qn_zarr_array *array)
{
    char order = '|'; /* of bytes: none */
    if (qn_dtype_bytes(array->dtype) > 1)
        order = array->big_endian ? '>' : '<';
    put(out, "{\n  \"zarr_format\": 2,\n  \"shape\": ");
    put_sizes(out, array->shape, array->ndim);
    put(out, ",\n  \"chunks\": ");
    put_sizes(out, array->chunk, array->ndim);
    qn_buf_printf(out, ",\n  \"dtype\": \"%c%s\",\n  \"compressor\": ", order,
                  array->boolean ? QN_ZARR_BOOL_V2 : qn_zarr_v2_types[array->dtype]);
    put_compressor(out, array);
    put(out, ",\n  \"fill_value\": ");
    put_fill(out, array);
    qn_buf_printf(out,
                  ",\n  \"order\": \"%c\",\n  \"filters\": null,\n"
                  "  \"dimension_separator\": \"%c\"\n}",
                  array->transposed ? 'F' : 'C', array->separator ? array->separator : '.');
}

/* The attributes' own text behind the dimension names: what follows its opening brace. A scalar has
 * an empty list of names: xarray needs it. */
static void put_zattrs(struct qn_buf *out, const struct qn_zarr_array *array)
{
    const char *own = array->attributes ? array->attributes : "{}";
    if (named_dimensions(array) < array->ndim) {
        put(out, own);
        return;
    }
    put(out, "{\"_ARRAY_DIMENSIONS\": ");
    put_dimensions(out, array);
    own = strchr(own, '{') + 1;
    own += strspn(own, " \t\r\n");
    put(out, *own == '}' ? "" : ", ");
    put(out, own);
}

static void put_zmetadata(struct qn_buf *out, const struct qn_zarr_group *group)
{
    put(out, "{\n  \"zarr_consolidated_format\": 1,\n  \"metadata\": {\n"
             "\".zgroup\": {\"zarr_format\": 2},\n\".zattrs\": ");
    put(out, group->attributes ? group->attributes : "{}");
    for (size_t i = 0; i < group->array_count; i++) {
        const struct qn_zarr_array *array = &group->arrays[i];
        char key[QN_ZARR_PATH];
        put(out, ",\n");
        snprintf(key, sizeof key, "%s/.zarray", array->name);
        put_string(out, key);
        put(out, ": ");
        put_zarray(out, array);
        put(out, ",\n");
        snprintf(key, sizeof key, "%s/.zattrs", array->name);
        put_string(out, key);
        put(out, ": ");
        put_zattrs(out, array);
    }
    put(out, "}\n}");
}

/* ---- the store ------------------------------------------------------------------------------ */

static const struct {
    const char *file;
    void (*put)(struct qn_buf *out, const struct qn_zarr_array *array);
} array_documents[] = {
    {"zarr.json", put_array_v3}, {".zarray", put_zarray}, {".zattrs", put_zattrs}};

static void put_zgroup(struct qn_buf *out, const struct qn_zarr_group *group)
{
    (void)group;
    put(out, "{\n  \"zarr_format\": 2\n}");
}

static void put_group_zattrs(struct qn_buf *out, const struct qn_zarr_group *group)
{
    put(out, group->attributes ? group->attributes : "{}");
}

static const struct {
    const char *file;
    void (*put)(struct qn_buf *out, const struct qn_zarr_group *group);
} group_documents[] = {{"zarr.json", put_group_v3},
                       {".zattrs", put_group_zattrs},
                       {".zmetadata", put_zmetadata},
                       {".zgroup", put_zgroup}};

size_t qn_zarr_document_count(const struct qn_zarr_group *group)
{
    return group->format == 3 ? group->array_count + 1 : 2 * group->array_count + 3;
}

enum qn_status qn_zarr_document(const struct qn_zarr_group *group, size_t i,
                                char path[QN_ZARR_PATH], struct qn_buf *text, struct qn_error *err)
{
    enum qn_status status = check_group(group, err);
    if (status)
        return status;
    size_t each = group->format == 3 ? 1 : 2;  /* documents of an array */
    size_t first = group->format == 3 ? 0 : 1; /* row in either table */
    size_t of_arrays = each * group->array_count;
    if (i < of_arrays) {
        const struct qn_zarr_array *array = &group->arrays[i / each];
        size_t kind = first + i % each;
        snprintf(path, QN_ZARR_PATH, "%s/%s", array->name, array_documents[kind].file);
        array_documents[kind].put(text, array);
    } else {
        size_t kind = first + i - of_arrays;
        snprintf(path, QN_ZARR_PATH, "%s", group_documents[kind].file);
        group_documents[kind].put(text, group);
    }
    put(text, "\n");
    return text->failed ? qn_fail_memory(err, "Zarr metadata", text->len) : QN_OK;
}
