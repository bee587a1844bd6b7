/* Header mapping files: JSON to a list of fields and an ensemble key, strictly; see segy.h. */
#include "format/segy.h"

#include "base/sys.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NAME 64

/* What is being parsed, for messages. */
struct parse {
    const char *source;
    size_t header_bytes;
    struct qn_segy_mapping *mapping;
    struct qn_error *err;
};

/* Type letters of the object shape. */
static const struct {
    char letter;
    uint8_t type;
} letters[] = {
    {'b', QN_SEGY_INT8},   {'B', QN_SEGY_UINT8},  {'h', QN_SEGY_INT16}, {'H', QN_SEGY_UINT16},
    {'i', QN_SEGY_INT32},  {'I', QN_SEGY_UINT32}, {'q', QN_SEGY_INT64}, {'Q', QN_SEGY_UINT64},
    {'f', QN_SEGY_IEEE32}, {'d', QN_SEGY_IEEE64},
};

static const struct {
    const char *name;
    uint8_t scaling;
} scalings[] = {
    {"none", QN_SEGY_UNSCALED},
    {"elevations", QN_SEGY_BY_ELEVATION_SCALAR},
    {"coordinates", QN_SEGY_BY_COORDINATE_SCALAR},
    {"times", QN_SEGY_BY_TIME_SCALAR},
    {"shotpoints", QN_SEGY_BY_SHOTPOINT_SCALAR},
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* What a row with neither type nor letter could have said. */
static void list_types(char *text, size_t size)
{
    size_t len = 0;
    for (int i = 0; i < QN_SEGY_TYPE_COUNT && len < size; i++)
        len += (size_t)snprintf(text + len, size - len, "%s%s", i ? ", " : "",
                                qn_segy_type_info((enum qn_segy_type)i)->name);
}

static enum qn_status wrong(const struct parse *parse, const char *field, const char *what)
{
    return qn_fail_at(parse->err, QN_ERR_INPUT, parse->source, -1,
                      "header mapping '%s', field '%s': %s", parse->source, field, what);
}

static enum qn_status wrong_file(const struct parse *parse, const char *what)
{
    return qn_fail_at(parse->err, QN_ERR_INPUT, parse->source, -1, "header mapping '%s': %s",
                      parse->source, what);
}

static const char *const field_keys[] = {"name",   "byte",        "byte_position", "type",
                                         "format", "description", "scalar",        NULL};
static const char *const root_keys[] = {"fields",      "ensemble_keys", "computed_fields",
                                        "description", "name",          NULL};

/* The first key of `object` that is not in the list, NULL if all are. */
static const char *unknown_key(const json_t *object, const char *const *known)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        size_t i = 0;
        while (known[i] && strcmp(known[i], key) != 0)
            i++;
        if (!known[i])
            return key;
    }
    return NULL;
}

static bool is_name(const char *name)
{
    if (!isalpha((unsigned char)name[0]) && name[0] != '_')
        return false;
    size_t len = 0;
    for (; name[len]; len++)
        if (!isalnum((unsigned char)name[len]) && name[len] != '_')
            return false;
    return len <= MAX_NAME;
}

static enum qn_status read_name(const struct parse *parse, const json_t *row, const char *key,
                                struct qn_segy_field *field)
{
    const json_t *value = json_object_get(row, "name");
    const char *name = value ? json_string_value(value) : key;
    if (!name)
        return wrong(parse, "?", "\"name\" is missing or not a text. Give every field a name.");
    if (!is_name(name))
        return wrong(parse, name,
                     "a name is 1 to 64 letters, digits and underscores and does not start with a "
                     "digit. Rename the field.");
    if (qn_segy_mapping_find(parse->mapping, name) >= 0)
        return wrong(parse, name, "the name occurs twice. Rename or remove one of the fields.");
    field->name = name;
    return QN_OK;
}

static int type_by_name(const char *name)
{
    for (int i = 0; i < QN_SEGY_TYPE_COUNT; i++)
        if (strcmp(name, qn_segy_type_info((enum qn_segy_type)i)->name) == 0)
            return i;
    return -1;
}

static int type_by_letter(const char *letter)
{
    for (size_t i = 0; i < COUNT(letters); i++)
        if (letter[0] == letters[i].letter && letter[1] == '\0')
            return letters[i].type;
    return -1;
}

static enum qn_status read_type(const struct parse *parse, const json_t *row,
                                struct qn_segy_field *field)
{
    const char *name = json_string_value(json_object_get(row, "type"));
    const char *letter = json_string_value(json_object_get(row, "format"));
    if (!name == !letter)
        return wrong(parse, field->name,
                     "give its type either as \"type\": \"int32\" or as \"format\": \"i\".");
    int type = name ? type_by_name(name) : type_by_letter(letter);
    if (type < 0) {
        char known[160] = "b B h H i I q Q f d", what[400];
        if (name)
            list_types(known, sizeof known);
        snprintf(what, sizeof what, "unknown %s '%.40s'. Use one of %s.", name ? "type" : "format",
                 name ? name : letter, known);
        return wrong(parse, field->name, what);
    }
    field->type = (uint8_t)type;
    return QN_OK;
}

static enum qn_status read_byte(const struct parse *parse, const json_t *row,
                                struct qn_segy_field *field)
{
    const json_t *byte = json_object_get(row, "byte");
    const json_t *position = json_object_get(row, "byte_position");
    if (!byte == !position || !json_is_integer(byte ? byte : position))
        return wrong(parse, field->name, "give its first byte as a whole number, \"byte\": 21.");
    json_int_t first = json_integer_value(byte ? byte : position);
    const struct qn_segy_type_info *type = qn_segy_type_info((enum qn_segy_type)field->type);
    if (first < 1 || first > (json_int_t)parse->header_bytes ||
        (size_t)first + type->bytes - 1 > parse->header_bytes) {
        char what[200];
        snprintf(what, sizeof what,
                 "byte %lld and %u bytes of %s do not lie within the trace header, bytes 1 to "
                 "%zu. Bytes count from 1.",
                 (long long)first, type->bytes, type->name, parse->header_bytes);
        return wrong(parse, field->name, what);
    }
    field->byte = (uint16_t)first;
    return QN_OK;
}

/* The scaling of the standard field with the same byte and type, which the user means. */
static uint8_t standard_scaling(const struct qn_segy_field *field)
{
    for (const struct qn_segy_field *row = qn_segy_trace_fields; row->name; row++)
        if (row->byte == field->byte && row->type == field->type)
            return row->scaling;
    return QN_SEGY_UNSCALED;
}

static enum qn_status read_scaling(const struct parse *parse, const json_t *row,
                                   struct qn_segy_field *field)
{
    const json_t *value = json_object_get(row, "scalar");
    field->scaling = standard_scaling(field);
    if (!value)
        return QN_OK;
    const char *name = json_string_value(value);
    for (size_t i = 0; name && i < COUNT(scalings); i++)
        if (strcmp(name, scalings[i].name) == 0) {
            if (field->type == QN_SEGY_ASCII8 && scalings[i].scaling != QN_SEGY_UNSCALED)
                return wrong(parse, field->name, "a text cannot have a \"scalar\". Remove it.");
            field->scaling = scalings[i].scaling;
            return QN_OK;
        }
    return wrong(parse, field->name,
                 "\"scalar\" is none, elevations, coordinates, times or shotpoints.");
}

static enum qn_status read_description(const struct parse *parse, const json_t *row,
                                       struct qn_segy_field *field)
{
    const json_t *value = json_object_get(row, "description");
    field->description = "";
    if (value && !json_is_string(value))
        return wrong(parse, field->name, "\"description\" is not a text.");
    if (value)
        field->description = json_string_value(value);
    return QN_OK;
}

/* Gives the mapping a copy of the field, whose strings belong to the JSON until then. */
static enum qn_status append_field(struct qn_segy_mapping *mapping,
                                   const struct qn_segy_field *field, struct qn_error *err)
{
    const char *name = field->name ? field->name : "";
    const char *description = field->description ? field->description : "";
    size_t name_size = strlen(name) + 1, text_size = strlen(description) + 1;
    size_t size = (mapping->field_count + 1) * sizeof *mapping->fields;
    struct qn_segy_field *fields = qn_sys.realloc(mapping->fields, size);
    if (!fields)
        return qn_fail_memory(err, "the header mapping", size);
    mapping->fields = fields;
    /* One allocation holds name and description; the name owns it. */
    char *text = qn_sys.malloc(name_size + text_size);
    if (!text)
        return qn_fail_memory(err, "the header mapping", name_size + text_size);
    memcpy(text, name, name_size);
    memcpy(text + name_size, description, text_size);
    fields[mapping->field_count] = *field;
    fields[mapping->field_count].name = text;
    fields[mapping->field_count++].description = text + name_size;
    return QN_OK;
}

/* One field; `key` is its key in the object shape, NULL in the array shape. */
static enum qn_status read_field(const struct parse *parse, const json_t *row, const char *key)
{
    struct qn_segy_field field = {0};
    if (!json_is_object(row))
        return wrong(parse, key ? key : "?",
                     "a field is an object like "
                     "{\"name\": \"cdp\", \"byte\": 21, \"type\": "
                     "\"int32\"}.");
    enum qn_status status = read_name(parse, row, key, &field);
    if (status)
        return status;
    const char *stranger = unknown_key(row, field_keys);
    if (stranger) {
        char what[200];
        snprintf(what, sizeof what,
                 "unknown key \"%.60s\". Known are name, byte, type, description and scalar.",
                 stranger);
        return wrong(parse, field.name, what);
    }
    if ((status = read_type(parse, row, &field)) || (status = read_byte(parse, row, &field)) ||
        (status = read_scaling(parse, row, &field)) ||
        (status = read_description(parse, row, &field)))
        return status;
    return append_field(parse->mapping, &field, parse->err);
}

static enum qn_status read_fields(const struct parse *parse, const json_t *fields)
{
    enum qn_status status = QN_OK;
    if (json_is_array(fields)) {
        for (size_t i = 0; i < json_array_size(fields) && !status; i++)
            status = read_field(parse, json_array_get(fields, i), NULL);
    } else if (json_is_object(fields)) {
        const char *key;
        json_t *row;
        json_object_foreach((json_t *)fields, key, row)
        {
            if ((status = read_field(parse, row, key)))
                break;
        }
    } else {
        return wrong_file(parse, "\"fields\" is missing, or neither a list nor an object.");
    }
    if (!status && parse->mapping->field_count == 0)
        return wrong_file(parse, "\"fields\" is empty. Name at least one field.");
    return status;
}

static enum qn_status append_key(const struct parse *parse, size_t index)
{
    struct qn_segy_mapping *mapping = parse->mapping;
    for (size_t i = 0; i < mapping->key_count; i++)
        if (mapping->keys[i] == index)
            return wrong(parse, mapping->fields[index].name,
                         "occurs twice in \"ensemble_keys\". Remove one.");
    size_t size = (mapping->key_count + 1) * sizeof *mapping->keys;
    size_t *keys = qn_sys.realloc(mapping->keys, size);
    if (!keys)
        return qn_fail_memory(parse->err, "the header mapping", size);
    keys[mapping->key_count++] = index;
    mapping->keys = keys;
    return QN_OK;
}

static enum qn_status read_keys(const struct parse *parse, const json_t *keys)
{
    if (keys && !json_is_array(keys))
        return wrong_file(parse, "\"ensemble_keys\" is not a list of field names.");
    for (size_t i = 0; i < json_array_size(keys); i++) {
        const char *name = json_string_value(json_array_get(keys, i));
        ptrdiff_t index = name ? qn_segy_mapping_find(parse->mapping, name) : -1;
        if (index < 0)
            return wrong(parse, name ? name : "?",
                         "named in \"ensemble_keys\", but not in \"fields\". Add it there.");
        enum qn_status status = append_key(parse, (size_t)index);
        if (status)
            return status;
    }
    return QN_OK;
}

static enum qn_status read_root(const struct parse *parse, const json_t *root)
{
    if (!json_is_object(root))
        return wrong_file(parse, "not a JSON object. It should start with {\"fields\": [...");
    const char *stranger = unknown_key(root, root_keys);
    if (stranger) {
        char what[160];
        snprintf(what, sizeof what, "unknown key \"%.60s\". Known are fields and ensemble_keys.",
                 stranger);
        return wrong_file(parse, what);
    }
    const json_t *computed = json_object_get(root, "computed_fields");
    if (json_array_size(computed) > 0 || json_object_size(computed) > 0)
        return qn_fail_at(parse->err, QN_ERR_UNSUPPORTED, parse->source, -1,
                          "header mapping '%s': computed_fields are not supported. Remove them "
                          "and compute the columns from headers.parquet.",
                          parse->source);
    enum qn_status status = read_fields(parse, json_object_get(root, "fields"));
    return status ? status : read_keys(parse, json_object_get(root, "ensemble_keys"));
}

enum qn_status qn_segy_mapping_parse(const char *json, size_t len, const char *source,
                                     size_t header_bytes, struct qn_segy_mapping *mapping,
                                     struct qn_error *err)
{
    json_error_t fault;
    *mapping = (struct qn_segy_mapping){0};
    json_t *root = json_loadb(json, len, JSON_REJECT_DUPLICATES, &fault);
    if (!root)
        return qn_fail_at(err, QN_ERR_INPUT, source, fault.position,
                          "header mapping '%s', line %d, column %d: %s. Correct the JSON.", source,
                          fault.line, fault.column, fault.text);
    struct parse parse = {source, header_bytes, mapping, err};
    enum qn_status status = read_root(&parse, root);
    json_decref(root);
    if (status)
        qn_segy_mapping_release(mapping);
    return status;
}

enum qn_status qn_segy_mapping_standard(struct qn_segy_mapping *mapping, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    *mapping = (struct qn_segy_mapping){0};
    for (const struct qn_segy_field *row = qn_segy_trace_fields; row->name && !status; row++)
        status = append_field(mapping, row, err);
    if (status)
        qn_segy_mapping_release(mapping);
    return status;
}

void qn_segy_mapping_release(struct qn_segy_mapping *mapping)
{
    for (size_t i = 0; i < mapping->field_count; i++)
        free((char *)mapping->fields[i].name);
    free(mapping->fields);
    free(mapping->keys);
    *mapping = (struct qn_segy_mapping){0};
}

ptrdiff_t qn_segy_mapping_find(const struct qn_segy_mapping *mapping, const char *name)
{
    for (size_t i = 0; i < mapping->field_count; i++)
        if (strcmp(mapping->fields[i].name, name) == 0)
            return (ptrdiff_t)i;
    return -1;
}
