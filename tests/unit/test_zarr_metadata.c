/* Zarr metadata documents, written and parsed. The documents below are those that zarr-python 3.1.6
 * wrote for the same arrays, with ' for "; v3 ones without their empty storage_transformers. */
#include "check.h"

#include "format/zarr.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* A whole v3 document; `more` ends with a comma or is empty. */
#define V3(shape, type, grid, fill, codecs, more)                                                  \
    "{'shape':" shape ",'data_type':" type ",'chunk_grid':{'name':'regular','configuration':"      \
    "{'chunk_shape':" grid "}},'chunk_key_encoding':{'name':'default','configuration':"            \
    "{'separator':'/'}},'fill_value':" fill ",'codecs':" codecs "," more                           \
    "'zarr_format':3,'node_type':'array'}"
#define BYTES "{'name':'bytes','configuration':{'endian':'little'}}"

/* An array, its v3 or v2 document and, for v2, its attributes beside. */
struct sample {
    struct qn_zarr_array array;
    const char *document;
    const char *zattrs;
};

static const struct sample v3[] = {
    {{.name = "amplitude",
      .format = 3,
      .dtype = QN_FLOAT32,
      .ndim = 2,
      .shape = {1000, 150},
      .chunk = {128, 150},
      .shard = {512, 150},
      .dimension = {"trace", "time"},
      .codec = QN_ZARR_BLOSC_ZSTD,
      .level = 5,
      .fill = QN_ZARR_FILL_NAN,
      .attributes = "{\"units\": \"Pa\"}"},
     V3("[1000,150]", "'float32'", "[512,150]", "'NaN'",
        "[{'name':'sharding_indexed','configuration':{'chunk_shape':[128,150],'codecs':[" BYTES
        ",{'name':'blosc','configuration':{'typesize':4,'cname':'zstd','clevel':5,'shuffle':'"
        "shuffle','blocksize':262144}}],'index_codecs':[" BYTES
        ",{'name':'crc32c'}],'index_location':'end'}}]",
        "'attributes':{'units':'Pa'},'dimension_names':['trace','time'],"),
     NULL},
    {{.name = "time",
      .format = 3,
      .dtype = QN_FLOAT64,
      .ndim = 1,
      .shape = {150},
      .chunk = {150},
      .dimension = {"time"},
      .codec = QN_ZARR_ZSTD,
      .level = 1,
      .fill = QN_ZARR_FILL_ZERO},
     V3("[150]", "'float64'", "[150]", "0.0",
        "[" BYTES ",{'name':'zstd','configuration':{'level':1,'checksum':false}}]",
        "'attributes':{},'dimension_names':['time'],"),
     NULL},
    {{.name = "seed",
      .format = 3,
      .dtype = QN_INT16,
      .ndim = 2,
      .shape = {150, 1000},
      .chunk = {150, 128},
      .transposed = true},
     V3("[150,1000]", "'int16'", "[150,128]", "0",
        "[{'name':'transpose','configuration':{'order':[1,0]}}," BYTES "]", "'attributes':{},"),
     NULL},
    {{.name = "flag", .format = 3, .dtype = QN_UINT8},
     V3("[]", "'uint8'", "[]", "0", "[{'name':'bytes'}]", "'attributes':{},"),
     NULL},
    {{.name = "mask",
      .format = 3,
      .dtype = QN_UINT8,
      .boolean = true,
      .ndim = 2,
      .shape = {10, 4},
      .chunk = {5, 4}},
     V3("[10,4]", "'bool'", "[5,4]", "false", "[{'name':'bytes'}]", "'attributes':{},"),
     NULL},
};

static const struct sample v2[] = {
    {{.name = "amplitude",
      .format = 2,
      .dtype = QN_FLOAT32,
      .ndim = 2,
      .shape = {1000, 150},
      .chunk = {128, 150},
      .dimension = {"trace", "time"},
      .codec = QN_ZARR_BLOSC_LZ4,
      .level = 5,
      .attributes = " {\n\"units\": \"Pa\"}\n"},
     "{'shape':[1000,150],'chunks':[128,150],'dtype':'<f4','fill_value':null,'order':'C',"
     "'filters':null,'dimension_separator':'.','compressor':{'id':'blosc','cname':'lz4',"
     "'clevel':5,'shuffle':2,'blocksize':65536},'zarr_format':2}",
     "{'_ARRAY_DIMENSIONS':['trace','time'],'units':'Pa'}"},
    {{.name = "seed",
      .format = 2,
      .dtype = QN_INT16,
      .ndim = 2,
      .shape = {150, 1000},
      .chunk = {150, 128},
      .codec = QN_ZARR_ZSTD,
      .level = 3,
      .fill = QN_ZARR_FILL_ZERO,
      .transposed = true},
     "{'shape':[150,1000],'chunks':[150,128],'dtype':'<i2','fill_value':0,'order':'F',"
     "'filters':null,'dimension_separator':'.','compressor':{'id':'zstd','level':3},"
     "'zarr_format':2}",
     "{}"},
    {{.name = "flag",
      .format = 2,
      .dtype = QN_UINT8,
      .ndim = 1,
      .shape = {10},
      .chunk = {10},
      .fill = QN_ZARR_FILL_ZERO},
     "{'shape':[10],'chunks':[10],'dtype':'|u1','fill_value':0,'order':'C','filters':null,"
     "'dimension_separator':'.','compressor':null,'zarr_format':2}",
     "{}"},
    {{.name = "mask",
      .format = 2,
      .dtype = QN_UINT8,
      .boolean = true,
      .ndim = 1,
      .shape = {10},
      .chunk = {10},
      .fill = QN_ZARR_FILL_ZERO},
     "{'shape':[10],'chunks':[10],'dtype':'|b1','fill_value':false,'order':'C','filters':null,"
     "'dimension_separator':'.','compressor':null,'zarr_format':2}",
     "{}"},
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* ' to ", in static memory that the next but seven call overwrites. */
static const char *json_of(const char *quoted)
{
    static char texts[8][2048];
    static int next;
    char *text = texts[next++ % 8];
    assert_in_range(strlen(quoted), 0, 2047);
    for (size_t i = 0; i <= strlen(quoted); i++)
        text[i] = quoted[i] == '\'' ? '"' : quoted[i];
    return text;
}

static void assert_same_json(const char *got, size_t len, const char *expected)
{
    json_t *a = json_loadb(got, len, JSON_REJECT_DUPLICATES, NULL);
    json_t *b = json_loads(json_of(expected), 0, NULL);
    assert_non_null(b);
    if (!json_equal(a, b))
        print_error("%.*s\n", (int)len, got);
    assert_true(json_equal(a, b));
    json_decref(a);
    json_decref(b);
}

static void assert_document(const struct qn_zarr_group *group, size_t i, const char *path,
                            const char *expected)
{
    char got[QN_ZARR_PATH];
    struct qn_buf text = {0};
    assert_int_equal(qn_zarr_document(group, i, got, &text, NULL), QN_OK);
    assert_string_equal(got, path);
    assert_same_json((const char *)text.data, text.len, expected);
    qn_buf_release(&text);
}

/* ---- writing -------------------------------------------------------------------------------- */

static void test_v3_arrays_are_written_as_zarr_python_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(v3); i++) {
        struct qn_zarr_group group = {.format = 3, .arrays = &v3[i].array, .array_count = 1};
        char path[QN_ZARR_PATH];
        snprintf(path, sizeof path, "%s/zarr.json", v3[i].array.name);
        assert_document(&group, 0, path, v3[i].document);
    }
}

static void test_v2_arrays_are_written_as_zarr_python_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(v2); i++) {
        struct qn_zarr_group group = {.format = 2, .arrays = &v2[i].array, .array_count = 1};
        char path[QN_ZARR_PATH];
        snprintf(path, sizeof path, "%s/.zarray", v2[i].array.name);
        assert_document(&group, 0, path, v2[i].document);
        snprintf(path, sizeof path, "%s/.zattrs", v2[i].array.name);
        assert_document(&group, 1, path, v2[i].zattrs);
    }
}

static void test_v3_group_with_and_without_consolidated_metadata(void **state)
{
    (void)state;
    struct qn_zarr_array arrays[] = {v3[1].array, v3[3].array};
    struct qn_zarr_group group = {
        .format = 3, .attributes = "{\"title\": \"line 7\"}", .arrays = arrays, .array_count = 2};
    char expected[2048];
    assert_int_equal(qn_zarr_document_count(&group), 3);
    assert_document(&group, 2, "zarr.json",
                    "{'zarr_format':3,'node_type':'group','attributes':{'title':'line 7'}}");
    group.consolidated = true;
    snprintf(expected, sizeof expected,
             "{'zarr_format':3,'node_type':'group','attributes':{'title':'line 7'},"
             "'consolidated_metadata':{'kind':'inline','must_understand':false,"
             "'metadata':{'time':%s,'flag':%s}}}",
             v3[1].document, v3[3].document);
    assert_document(&group, 2, "zarr.json", expected);
}

static void test_v2_group_is_consolidated(void **state)
{
    (void)state;
    struct qn_zarr_array arrays[] = {v2[0].array, v2[2].array};
    struct qn_zarr_group group = {
        .format = 2, .attributes = "{\"title\": \"line 7\"}", .arrays = arrays, .array_count = 2};
    char expected[2048];
    assert_int_equal(qn_zarr_document_count(&group), 7);
    assert_document(&group, 4, ".zattrs", "{'title':'line 7'}");
    snprintf(expected, sizeof expected,
             "{'zarr_consolidated_format':1,'metadata':{'.zgroup':{'zarr_format':2},"
             "'.zattrs':{'title':'line 7'},'amplitude/.zarray':%s,'amplitude/.zattrs':%s,"
             "'flag/.zarray':%s,'flag/.zattrs':%s}}",
             v2[0].document, v2[0].zattrs, v2[2].document, v2[2].zattrs);
    assert_document(&group, 5, ".zmetadata", expected);
    assert_document(&group, 6, ".zgroup", "{'zarr_format':2}");
}

static void test_document_text_has_one_key_a_line_in_fixed_order(void **state)
{
    (void)state;
    struct qn_zarr_group group = {.format = 3, .arrays = &v3[1].array, .array_count = 1};
    char path[QN_ZARR_PATH];
    struct qn_buf text = {0};
    assert_int_equal(qn_zarr_document(&group, 0, path, &text, NULL), QN_OK);
    qn_buf_u8(&text, 0);
    assert_string_equal(
        (const char *)text.data,
        json_of("{\n  'zarr_format': 3,\n  'node_type': 'array',\n  'shape': [150],\n"
                "  'data_type': 'float64',\n  'chunk_grid': {'name': 'regular', 'configuration': "
                "{'chunk_shape': [150]}},\n  'chunk_key_encoding': {'name': 'default', "
                "'configuration': {'separator': '/'}},\n  'fill_value': 0.0,\n  'codecs': "
                "[{'name': 'bytes', 'configuration': {'endian': 'little'}}, {'name': 'zstd', "
                "'configuration': {'level': 1, 'checksum': false}}],\n  'attributes': {},\n"
                "  'dimension_names': ['time']\n}\n"));
    qn_buf_release(&text);
}

static void test_integers_without_fill_are_0_in_v3_and_null_in_v2(void **state)
{
    (void)state;
    for (int format = 2; format <= 3; format++) {
        struct qn_zarr_array array = {.name = "n", .format = format, .dtype = QN_INT32};
        struct qn_zarr_group group = {.format = format, .arrays = &array, .array_count = 1};
        char path[QN_ZARR_PATH];
        struct qn_buf text = {0};
        assert_int_equal(qn_zarr_document(&group, 0, path, &text, NULL), QN_OK);
        json_t *root = json_loadb((const char *)text.data, text.len, 0, NULL);
        const json_t *fill = json_object_get(root, "fill_value");
        if (format == 2)
            assert_true(json_is_null(fill));
        else
            assert_true(json_is_integer(fill) && json_integer_value(fill) == 0);
        json_decref(root);
        qn_buf_release(&text);
    }
}

static void test_v2_scalar_has_an_empty_list_of_dimensions(void **state)
{
    (void)state;
    struct qn_zarr_array array = {.name = "n", .format = 2, .dtype = QN_INT32};
    struct qn_zarr_group group = {.format = 2, .arrays = &array, .array_count = 1};
    assert_document(&group, 1, "n/.zattrs", "{'_ARRAY_DIMENSIONS':[]}");
}

static void test_names_are_escaped(void **state)
{
    (void)state;
    struct qn_zarr_array array = {.name = "a\"b",
                                  .format = 2,
                                  .dtype = QN_INT8,
                                  .ndim = 1,
                                  .shape = {1},
                                  .chunk = {1},
                                  .dimension = {"x\\\ny"}};
    struct qn_zarr_group group = {.format = 2, .arrays = &array, .array_count = 1};
    assert_document(&group, 1, "a\"b/.zattrs", "{'_ARRAY_DIMENSIONS':['x\\\\\\ny']}");
}

static enum qn_status write_status(const struct qn_zarr_array *arrays, size_t count,
                                   const char *attributes)
{
    struct qn_zarr_group group = {
        .format = 3, .attributes = attributes, .arrays = arrays, .array_count = count};
    char path[QN_ZARR_PATH];
    struct qn_buf text = {0};
    struct qn_error err;
    enum qn_status status = qn_zarr_document(&group, 0, path, &text, &err);
    qn_buf_release(&text);
    return status;
}

static void test_group_that_contradicts_itself_is_refused(void **state)
{
    (void)state;
    struct qn_zarr_array twice[] = {v3[0].array, v3[0].array};
    struct qn_zarr_array mixed[] = {v3[0].array, v2[0].array};
    assert_int_equal(write_status(NULL, 0, "{}"), QN_OK);
    assert_int_equal(write_status(twice, 2, NULL), QN_ERR_USAGE);
    assert_int_equal(write_status(mixed, 2, NULL), QN_ERR_USAGE);
    assert_int_equal(write_status(NULL, 0, "[]"), QN_ERR_USAGE);
    assert_int_equal(write_status(NULL, 0, "{}, \"x\": {}"), QN_ERR_USAGE);
    assert_int_equal(write_status(NULL, 0, "{\"a\": \"\xff\"}"), QN_ERR_USAGE);
    assert_int_equal(write_status(NULL, 0, "{\"_ARRAY_DIMENSIONS\": []}"), QN_ERR_USAGE);
}

static void test_names_that_are_no_path_component_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"", ".", "..", "a/b", "__x", "zarr.json", "a\nb", "\xff"};
    struct qn_zarr_array array = v3[0].array;
    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(array.name, sizeof array.name, "%s", names[i]);
        assert_int_equal(write_status(&array, 1, NULL), QN_ERR_USAGE);
    }
}

/* ---- parsing -------------------------------------------------------------------------------- */

static enum qn_status parse_v3(const char *quoted, struct qn_zarr_array *array)
{
    struct qn_error err;
    const char *text = json_of(quoted);
    return qn_zarr_parse_v3(text, strlen(text), array, NULL, &err);
}

static enum qn_status parse_v2(const char *zarray, const char *zattrs, struct qn_zarr_array *array)
{
    struct qn_error err;
    const char *text = json_of(zarray);
    const char *beside = zattrs ? json_of(zattrs) : NULL;
    return qn_zarr_parse_v2(text, strlen(text), beside, beside ? strlen(beside) : 0, array, NULL,
                            &err);
}

/* That every member arrived is seen by writing the parsed array again. */
static void test_v3_documents_of_zarr_python_are_parsed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(v3); i++) {
        struct qn_zarr_array array;
        struct qn_buf attributes = {0};
        const char *text = json_of(v3[i].document);
        assert_int_equal(qn_zarr_parse_v3(text, strlen(text), &array, &attributes, NULL), QN_OK);
        assert_string_equal(array.name, "");
        assert_int_equal(array.transposed, v3[i].array.transposed);
        assert_int_equal(qn_zarr_shard_slots(&array), qn_zarr_shard_slots(&v3[i].array));
        snprintf(array.name, sizeof array.name, "again");
        struct qn_zarr_group group = {.format = 3, .arrays = &array, .array_count = 1};
        assert_document(&group, 0, "again/zarr.json", v3[i].document);
        qn_buf_release(&attributes);
    }
}

static void test_v2_documents_of_zarr_python_are_parsed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(v2); i++) {
        struct qn_zarr_array array;
        struct qn_buf attributes = {0};
        const char *text = json_of(v2[i].document), *beside = json_of(v2[i].zattrs);
        assert_int_equal(
            qn_zarr_parse_v2(text, strlen(text), beside, strlen(beside), &array, &attributes, NULL),
            QN_OK);
        assert_int_equal(array.fill, v2[i].array.fill);
        assert_int_equal(array.transposed, v2[i].array.transposed);
        snprintf(array.name, sizeof array.name, "again");
        struct qn_zarr_group group = {.format = 2, .arrays = &array, .array_count = 1};
        assert_document(&group, 0, "again/.zarray", v2[i].document);
        assert_document(&group, 1, "again/.zattrs", v2[i].zattrs);
        qn_buf_release(&attributes);
    }
}

/* A sound v3 document whose members the tests below replace one by one. */
struct v3_members {
    const char *shape, *type, *grid, *keys, *fill, *codecs, *rest;
};
static const struct v3_members sound_v3 = {
    "[10,20]",
    "'float32'",
    "{'name':'regular','configuration':{'chunk_shape':[8,20]}}",
    "{'name':'default'}",
    "0",
    "['bytes']",
    "'node_type':'array'",
};

static enum qn_status parse_members(struct v3_members m, struct qn_zarr_array *array)
{
    char text[2048];
    snprintf(text, sizeof text,
             "{'zarr_format':3,'shape':%s,'data_type':%s,'chunk_grid':%s,"
             "'chunk_key_encoding':%s,'fill_value':%s,'codecs':%s,%s}",
             m.shape, m.type, m.grid, m.keys, m.fill, m.codecs, m.rest);
    return parse_v3(text, array);
}

static void test_v3_variants_of_others_are_parsed(void **state)
{
    (void)state;
    struct qn_zarr_array array;
    struct v3_members m = sound_v3;
    assert_int_equal(parse_members(m, &array), QN_OK);
    m.keys = "{'name':'default','configuration':{'separator':'.'}}";
    m.codecs = "[{'name':'bytes','configuration':{'endian':'big'}},{'name':'blosc',"
               "'configuration':{'cname':'lz4hc','clevel':9,'shuffle':'bitshuffle'}}]";
    m.rest = "'node_type':'array','storage_transformers':[],'dimension_names':['x',null],"
             "'later':{'must_understand':false}";
    assert_int_equal(parse_members(m, &array), QN_OK);
    assert_int_equal(array.separator, '.');
    assert_true(array.big_endian);
    assert_int_equal(array.codec, QN_ZARR_BLOSC_LZ4);
    assert_int_equal(array.level, 9);
    assert_string_equal(array.dimension[0], "x");
    assert_string_equal(array.dimension[1], "");
    m.codecs = "[{'name':'transpose','configuration':{'order':[0,1]}},'bytes','zstd']";
    assert_int_equal(parse_members(m, &array), QN_OK);
    assert_false(array.transposed);
    assert_int_equal(array.codec, QN_ZARR_ZSTD);
}

#define SHARDED(inner, index, more)                                                                \
    "[{'name':'sharding_indexed','configuration':{'chunk_shape':" inner ",'codecs':['bytes'],"     \
    "'index_codecs':" index more "}}]"

/* What is legal Zarr but not read, one member each. */
static void test_v3_documents_beyond_the_reader_are_unsupported(void **state)
{
    (void)state;
    struct v3_members m[17];
    for (size_t i = 0; i < COUNT(m); i++)
        m[i] = sound_v3;
    m[0].shape = "[1,1,1,1,1,1,1,1,1]";
    m[1].type = "'complex64'";
    m[2].type = "{'name':'struct','configuration':{}}";
    m[3].grid = "{'name':'rectilinear'}";
    m[4].keys = "{'name':'v2'}";
    m[5].fill = "-9999.25";
    m[6].fill = "'Infinity'";
    m[7].codecs = "['bytes','gzip']";
    m[8].codecs = "['bytes','zstd','crc32c']";
    m[9].codecs = "['bytes',{'name':'blosc','configuration':{'cname':'snappy','clevel':5}}]";
    m[10].codecs = "['zfp']";
    m[11].codecs = SHARDED("[4,20]", "['bytes','crc32c']", ",'index_location':'start'");
    m[12].codecs = SHARDED("[4,20]", "['bytes']", "");
    m[13].codecs = SHARDED("[8,20]", "['bytes','crc32c']", "");
    m[14].rest = "'node_type':'array','storage_transformers':['x']";
    m[15].rest = "'node_type':'array','later':{}";
    m[16].grid = "{'name':'regular','configuration':{'chunk_shape':[1073741824,1073741824]}}";
    for (size_t i = 0; i < COUNT(m); i++) {
        struct qn_zarr_array array;
        assert_int_equal(parse_members(m[i], &array), QN_ERR_UNSUPPORTED);
    }
}

static void test_v3_documents_that_are_none_are_corrupt(void **state)
{
    (void)state;
    struct v3_members m[19];
    for (size_t i = 0; i < COUNT(m); i++)
        m[i] = sound_v3;
    m[0].shape = "10";
    m[1].shape = "[10,-1]";
    m[2].shape = "[10,1.5]";
    m[3].shape = "[10,99999999999999999999]";
    m[4].type = "4";
    m[5].grid = "{'name':'regular'}";
    m[6].grid = "{'name':'regular','configuration':{'chunk_shape':[8]}}";
    m[7].grid = "{'name':'regular','configuration':{'chunk_shape':[0,20]}}";
    m[8].keys = "{'name':'default','configuration':{'separator':'-'}}";
    m[9].fill = "null";
    m[10].type = "'int32'", m[10].fill = "'NaN'";
    m[11].codecs = "[]";
    m[12].codecs = "['bytes',{'name':'blosc','configuration':{'cname':'lz4','clevel':99}}]";
    m[13].codecs = SHARDED("[3,20]", "['bytes','crc32c']", "");
    m[14].codecs = SHARDED("[0,20]", "['bytes','crc32c']", "");
    m[15].codecs = SHARDED("[4,20]", "3", "");
    m[16].rest = "'node_type':'group'";
    m[17].rest = "'node_type':'array','dimension_names':['x']";
    m[18].rest = "'node_type':'array','shape':[1,1]"; /* a key twice */
    for (size_t i = 0; i < COUNT(m); i++) {
        struct qn_zarr_array array;
        assert_int_equal(parse_members(m[i], &array), QN_ERR_CORRUPT);
    }
}

static void test_v3_shard_of_no_length_is_corrupt(void **state)
{
    (void)state;
    struct qn_zarr_array array;
    struct v3_members m = sound_v3;
    m.grid = "{'name':'regular','configuration':{'chunk_shape':[0,0]}}";
    m.codecs = SHARDED("[4,20]", "['bytes','crc32c']", "");
    assert_int_equal(parse_members(m, &array), QN_ERR_CORRUPT);
}

static void test_document_cut_anywhere_is_corrupt(void **state)
{
    (void)state;
    char text[2048];
    snprintf(text, sizeof text, "%s", json_of(v3[0].document));
    for (size_t len = 0; len < strlen(text); len++) {
        struct qn_zarr_array array;
        struct qn_error err;
        char *exact = malloc(len ? len : 1);
        assert_non_null(exact);
        memcpy(exact, text, len);
        assert_int_equal(qn_zarr_parse_v3(exact, len, &array, NULL, &err), QN_ERR_CORRUPT);
        free(exact);
    }
}

#define ZARRAY(type, compressor, more)                                                             \
    "{'zarr_format':2,'shape':[10],'chunks':[4],'dtype':'" type                                    \
    "','fill_value':'NaN','order':'F',"                                                            \
    "'compressor':" compressor more "}"

static void test_v2_variants_of_others_are_parsed(void **state)
{
    (void)state;
    struct qn_zarr_array array;
    assert_int_equal(
        parse_v2(ZARRAY(">f8", "null", ",'dimension_separator':'/','filters':[]"), NULL, &array),
        QN_OK);
    assert_int_equal(array.dtype, QN_FLOAT64);
    assert_int_equal(array.fill, QN_ZARR_FILL_NAN);
    assert_int_equal(array.separator, '/');
    assert_true(array.big_endian);
    assert_false(array.transposed); /* one dimension has one order */
}

static void test_v2_documents_beyond_the_reader_are_unsupported(void **state)
{
    (void)state;
    struct qn_zarr_array array;
    static const char *const documents[] = {
        ZARRAY("<f2", "null", ""),
        ZARRAY("|S8", "null", ""),
        ZARRAY("<f4", "{'id':'zlib','level':1}", ""),
        ZARRAY("<f4", "null", ",'filters':[{'id':'delta'}]"),
    };
    for (size_t i = 0; i < COUNT(documents); i++)
        assert_int_equal(parse_v2(documents[i], NULL, &array), QN_ERR_UNSUPPORTED);
}

static void test_v2_documents_that_are_none_are_corrupt(void **state)
{
    (void)state;
    struct qn_zarr_array array;
    static const char *const documents[] = {
        "[]",
        "{'zarr_format':3}",
        ZARRAY("", "null", ""),
        ZARRAY("<f4", "'zstd'", ""),
        ZARRAY("<f4", "{'id':'blosc'}", ""),
        ZARRAY("<i4", "null", ""), /* its fill value is NaN */
        ZARRAY("<f4", "null", ",'dimension_separator':'x'"),
    };
    for (size_t i = 0; i < COUNT(documents); i++)
        assert_int_equal(parse_v2(documents[i], NULL, &array), QN_ERR_CORRUPT);
    assert_int_equal(parse_v2(ZARRAY("<f4", "null", ""), "{'_ARRAY_DIMENSIONS':[]}", &array),
                     QN_ERR_CORRUPT);
    assert_int_equal(parse_v2(ZARRAY("<f4", "null", ""), "[", &array), QN_ERR_CORRUPT);
}

static void test_attributes_come_back_without_the_dimensions(void **state)
{
    (void)state;
    struct qn_zarr_array array;
    struct qn_buf kept = {0};
    const char *text = json_of(v2[0].document), *beside = json_of(v2[0].zattrs);
    qn_buf_u8(&kept, 'x');
    assert_int_equal(
        qn_zarr_parse_v2(text, strlen(text), beside, strlen(beside), &array, &kept, NULL), QN_OK);
    assert_string_equal(array.attributes, "{\"units\":\"Pa\"}");
    assert_int_equal(kept.len, strlen(array.attributes));
    assert_int_equal(qn_zarr_parse_v2(text, strlen(text), NULL, 0, &array, &kept, NULL), QN_OK);
    assert_string_equal(array.attributes, "{}");
    qn_buf_release(&kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_v3_arrays_are_written_as_zarr_python_does),
        cmocka_unit_test(test_v2_arrays_are_written_as_zarr_python_does),
        cmocka_unit_test(test_v3_group_with_and_without_consolidated_metadata),
        cmocka_unit_test(test_v2_group_is_consolidated),
        cmocka_unit_test(test_document_text_has_one_key_a_line_in_fixed_order),
        cmocka_unit_test(test_integers_without_fill_are_0_in_v3_and_null_in_v2),
        cmocka_unit_test(test_v2_scalar_has_an_empty_list_of_dimensions),
        cmocka_unit_test(test_names_are_escaped),
        cmocka_unit_test(test_group_that_contradicts_itself_is_refused),
        cmocka_unit_test(test_names_that_are_no_path_component_are_refused),
        cmocka_unit_test(test_v3_documents_of_zarr_python_are_parsed),
        cmocka_unit_test(test_v2_documents_of_zarr_python_are_parsed),
        cmocka_unit_test(test_v3_variants_of_others_are_parsed),
        cmocka_unit_test(test_v3_documents_beyond_the_reader_are_unsupported),
        cmocka_unit_test(test_v3_documents_that_are_none_are_corrupt),
        cmocka_unit_test(test_v3_shard_of_no_length_is_corrupt),
        cmocka_unit_test(test_document_cut_anywhere_is_corrupt),
        cmocka_unit_test(test_v2_variants_of_others_are_parsed),
        cmocka_unit_test(test_v2_documents_beyond_the_reader_are_unsupported),
        cmocka_unit_test(test_v2_documents_that_are_none_are_corrupt),
        cmocka_unit_test(test_attributes_come_back_without_the_dimensions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
