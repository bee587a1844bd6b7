/* Header layout files: JSON to a list of fields, computed headers and an ensemble key, strictly;
 * see segy.h for its shapes. */
#include "format/segy/mapping.h"

#include <jansson.h>
#include <string.h>

/* What is being parsed, for messages. */
struct parse {
    const char *source;
    const struct qn_segy_header_set *set;
    struct qn_segy_mapping *mapping;
    size_t own; /* the first field of the file itself, after those of what it extends */
    struct qn_error *err;
};

static const char *const field_keys[] = {"name",        "byte",   "byte_position", "type", "format",
                                         "description", "scalar", "override",      NULL};
static const char *const computed_keys[] = {"name",   "expression",  "type",
                                            "format", "description", NULL};
static const char *const root_keys[] = {
    "extends",     "fields",        "computed", "computed_fields",
    "description", "ensemble_keys", "name",     NULL};

static enum qn_status wrong(const struct parse *parse, const char *field, const char *what)
{
    return qn_fail_at(parse->err, QN_ERR_INPUT, parse->source, -1,
                      "header layout '%s', field '%s': %s", parse->source, field, what);
}

static enum qn_status wrong_file(const struct parse *parse, const char *what)
{
    return qn_fail_at(parse->err, QN_ERR_INPUT, parse->source, -1, "header layout '%s': %s",
                      parse->source, what);
}

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

/* Refuses keys that are not in the list; `known` says which are. */
static enum qn_status check_keys(const struct parse *parse, const json_t *row, const char *name,
                                 const char *const *keys, const char *known)
{
    char what[200];
    const char *stranger = unknown_key(row, keys);
    if (!stranger)
        return QN_OK;
    snprintf(what, sizeof what, "unknown key \"%.60s\". Known are %s.", stranger, known);
    return wrong(parse, name, what);
}

/* ---- what fields and computed headers have in common ---------------------------------------- */

static bool is_taken(const struct parse *parse, const char *name)
{
    const struct qn_segy_mapping *mapping = parse->mapping;
    for (size_t i = parse->own; i < mapping->field_count; i++)
        if (strcmp(mapping->fields[i].name, name) == 0)
            return true;
    for (size_t i = 0; i < mapping->computed_count; i++)
        if (strcmp(mapping->computed[i].name, name) == 0)
            return true;
    return false;
}

static enum qn_status read_name(const struct parse *parse, const json_t *row, const char *key,
                                const char **name)
{
    const json_t *value = json_object_get(row, "name");
    *name = value ? json_string_value(value) : key;
    if (!*name)
        return wrong(parse, "?", "\"name\" is missing or not a text. Give every field a name.");
    if (!segy_is_name(*name))
        return wrong(parse, *name,
                     "a name is 1 to 64 letters, digits and underscores and does not start with a "
                     "digit. Rename the field.");
    if (is_taken(parse, *name))
        return wrong(parse, *name, "the name occurs twice. Rename or remove one of the fields.");
    return QN_OK;
}

static enum qn_status read_description(const struct parse *parse, const json_t *row,
                                       const char *name, const char **description)
{
    const json_t *value = json_object_get(row, "description");
    *description = value ? json_string_value(value) : "";
    return *description ? QN_OK : wrong(parse, name, "\"description\" is not a text.");
}

/* ---- fields --------------------------------------------------------------------------------- */

/* What a row with neither type nor letter could have said. */
static void list_types(char *text, size_t size)
{
    size_t len = 0;
    for (int i = 0; i < QN_SEGY_TYPE_COUNT && len < size; i++)
        len += (size_t)snprintf(text + len, size - len, "%s%s", i ? ", " : "",
                                qn_segy_type_info((enum qn_segy_type)i)->name);
}

static enum qn_status read_type(const struct parse *parse, const json_t *row,
                                struct qn_segy_field *field)
{
    const char *name = json_string_value(json_object_get(row, "type"));
    const char *letter = json_string_value(json_object_get(row, "format"));
    if (!name == !letter)
        return wrong(parse, field->name,
                     "give its type either as \"type\": \"int32\" or as \"format\": \"i\".");
    int type = name ? qn_segy_type_by_name(name) : qn_segy_type_by_letter(letter);
    if (type < 0) {
        char known[200] = "b B h H i I q Q f d", what[400];
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
    size_t end = parse->set->bytes;
    if (end > QN_SEGY_MAX_HEADERS * QN_SEGY_TRACE_HEADER_BYTES)
        end = QN_SEGY_MAX_HEADERS * QN_SEGY_TRACE_HEADER_BYTES;
    if (first < 1 || first > (json_int_t)end || (size_t)first + type->bytes - 1 > end) {
        char what[200];
        snprintf(what, sizeof what,
                 "byte %lld and %u bytes of %s do not lie within the trace header, bytes 1 to "
                 "%zu. Bytes count from 1.",
                 (long long)first, type->bytes, type->name, end);
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
    for (uint8_t i = 0; name && i < QN_SEGY_SCALING_COUNT; i++)
        if (strcmp(name, qn_segy_scaling_name((enum qn_segy_scaling)i)) == 0) {
            if (field->type >= QN_SEGY_ASCII8 && i != QN_SEGY_UNSCALED)
                return wrong(parse, field->name, "a text cannot have a \"scalar\". Remove it.");
            field->scaling = i;
            return QN_OK;
        }
    return wrong(parse, field->name,
                 "\"scalar\" is none, elevations, coordinates, times or shotpoints.");
}

/* A place like a field's own: {"byte": 337, "type": "ieee64"}. */
static enum qn_status read_override(const struct parse *parse, const json_t *row,
                                    struct qn_segy_field *field)
{
    static const char *const keys[] = {"byte", "byte_position", "type", "format", NULL};
    const json_t *value = json_object_get(row, "override");
    struct qn_segy_field other = {.name = field->name};
    if (!value)
        return QN_OK;
    if (!json_is_object(value))
        return wrong(parse, field->name,
                     "\"override\" is a place like {\"byte\": 337, \"type\": \"ieee64\"}.");
    enum qn_status status = check_keys(parse, value, field->name, keys, "byte and type");
    if (!status)
        status = read_type(parse, value, &other);
    if (!status)
        status = read_byte(parse, value, &other);
    if (!status && (other.type >= QN_SEGY_ASCII8 || field->type >= QN_SEGY_ASCII8))
        return wrong(parse, field->name, "a text cannot be overridden, nor override. Remove it.");
    field->override = (struct qn_segy_place){other.byte, other.type};
    return status;
}

/* One field; `key` is its key in the object shape, NULL in the array shape. */
static enum qn_status read_field(const struct parse *parse, const json_t *row, const char *key)
{
    struct qn_segy_field field = {0};
    if (!json_is_object(row))
        return wrong(parse, key ? key : "?",
                     "a field is an object like "
                     "{\"name\": \"cdp\", \"byte\": 21, \"type\": \"int32\"}.");
    enum qn_status status = read_name(parse, row, key, &field.name);
    if (!status)
        status = check_keys(parse, row, field.name, field_keys,
                            "name, byte, type, description, scalar and override");
    if (!status)
        status = read_type(parse, row, &field);
    if (!status)
        status = read_byte(parse, row, &field);
    if (!status)
        status = read_scaling(parse, row, &field);
    if (!status)
        status = read_override(parse, row, &field);
    if (!status)
        status = read_description(parse, row, field.name, &field.description);
    return status ? status : segy_mapping_add(parse->mapping, &field, parse->err);
}

/* ---- computed headers ----------------------------------------------------------------------- */

static enum qn_status read_dtype(const struct parse *parse, const json_t *row,
                                 struct qn_segy_computed *computed)
{
    const json_t *type = json_object_get(row, "type");
    const json_t *format = json_object_get(row, "format");
    const char *name = json_string_value(type);
    const char *letter = json_string_value(format);
    computed->dtype = QN_FLOAT64;
    if (!type && !format)
        return QN_OK;
    int dtype = -1;
    if (name && !format) {
        dtype = segy_dtype_by_name(name);
    } else if (letter && !type) {
        int as = qn_segy_type_by_letter(letter);
        dtype = as < 0 ? -1 : (int)qn_segy_type_info((enum qn_segy_type)as)->dtype;
    }
    if (dtype < 0)
        return wrong(parse, computed->name,
                     "the type of a computed header is \"type\": int8 to int64, uint8 to uint64, "
                     "float32 or float64, or a letter b B h H i I q Q f d in \"format\".");
    computed->dtype = (enum qn_dtype)dtype;
    return QN_OK;
}

/* One computed header; `key` as with fields. */
static enum qn_status read_computed(const struct parse *parse, const json_t *row, const char *key)
{
    struct qn_segy_computed computed = {0};
    if (!json_is_object(row))
        return wrong(parse, key ? key : "?",
                     "a computed header is an object like "
                     "{\"name\": \"line\", \"expression\": \"cdp // 1000\"}.");
    enum qn_status status = read_name(parse, row, key, &computed.name);
    if (!status)
        status = check_keys(parse, row, computed.name, computed_keys,
                            "name, expression, type and description");
    if (status)
        return status;
    computed.expression = json_string_value(json_object_get(row, "expression"));
    if (!computed.expression)
        return wrong(parse, computed.name, "\"expression\" is missing or not a text.");
    status = read_dtype(parse, row, &computed);
    if (!status)
        status = read_description(parse, row, computed.name, &computed.description);
    return status ? status : segy_mapping_add_computed(parse->mapping, &computed, parse->err);
}

/* ---- the file ------------------------------------------------------------------------------- */

typedef enum qn_status row_reader(const struct parse *parse, const json_t *row, const char *key);

/* The rows of a list, or of an object by their names. */
static enum qn_status read_rows(const struct parse *parse, const json_t *rows, row_reader *reader)
{
    enum qn_status status = QN_OK;
    const char *key;
    json_t *row;
    for (size_t i = 0; i < json_array_size(rows) && !status; i++)
        status = reader(parse, json_array_get(rows, i), NULL);
    json_object_foreach((json_t *)rows, key, row)
    {
        if (!status)
            status = reader(parse, row, key);
    }
    return status;
}

static enum qn_status read_fields(const struct parse *parse, const json_t *root)
{
    const json_t *fields = json_object_get(root, "fields");
    if (!fields && json_object_get(root, "extends"))
        return QN_OK;
    if (!json_is_array(fields) && !json_is_object(fields))
        return wrong_file(parse, "\"fields\" is missing, or neither a list nor an object.");
    enum qn_status status = read_rows(parse, fields, read_field);
    if (!status && parse->mapping->field_count == 0)
        return wrong_file(parse, "\"fields\" is empty. Name at least one field.");
    return status;
}

static enum qn_status read_all_computed(const struct parse *parse, const json_t *root)
{
    const json_t *computed = json_object_get(root, "computed");
    const json_t *older = json_object_get(root, "computed_fields");
    if (computed && older)
        return wrong_file(parse, "\"computed\" and \"computed_fields\" are the same: give one.");
    computed = computed ? computed : older;
    if (computed && !json_is_array(computed) && !json_is_object(computed))
        return wrong_file(parse, "\"computed\" is neither a list nor an object.");
    return read_rows(parse, computed, read_computed);
}

/* Whether headers.parquet will have a column of that name. */
static bool is_column(const struct qn_segy_mapping *mapping, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < mapping->field_count; i++) {
        const struct qn_segy_field *field = &mapping->fields[i];
        size_t base = strlen(field->name);
        if (!strcmp(name, field->name) ||
            (qn_segy_is_scaled(field) && len > base && !strncmp(name, field->name, base) &&
             !strcmp(name + base, "_scaled")))
            return true;
    }
    for (size_t i = 0; i < mapping->computed_count; i++)
        if (!strcmp(name, mapping->computed[i].name))
            return true;
    return false;
}

static enum qn_status read_keys(const struct parse *parse, const json_t *root)
{
    const struct qn_segy_mapping *mapping = parse->mapping;
    const json_t *keys = json_object_get(root, "ensemble_keys");
    enum qn_status status = QN_OK;
    if (keys && !json_is_array(keys))
        return wrong_file(parse, "\"ensemble_keys\" is not a list of field names.");
    for (size_t i = 0; i < json_array_size(keys) && !status; i++) {
        const char *name = json_string_value(json_array_get(keys, i));
        if (!name || !is_column(mapping, name))
            return wrong(parse, name ? name : "?",
                         "named in \"ensemble_keys\", but not in \"fields\". Add it there.");
        for (size_t k = 0; k < mapping->key_count; k++)
            if (!strcmp(mapping->keys[k], name))
                return wrong(parse, name, "occurs twice in \"ensemble_keys\". Remove one.");
        status = segy_mapping_add_key(parse->mapping, name, parse->err);
    }
    return status;
}

static enum qn_status read_base(struct parse *parse, const json_t *root)
{
    const json_t *extends = json_object_get(root, "extends");
    struct qn_error cause = {0};
    if (!extends)
        return QN_OK;
    if (!json_is_string(extends))
        return wrong_file(parse, "\"extends\" is not the name of a layout.");
    enum qn_status status =
        qn_segy_mapping_named(json_string_value(extends), parse->set, parse->mapping, &cause);
    parse->own = parse->mapping->field_count;
    if (status == QN_ERR_USAGE)
        return qn_fail_at(parse->err, QN_ERR_INPUT, parse->source, -1,
                          "header layout '%s', \"extends\": %s", parse->source, cause.message);
    if (status && parse->err)
        *parse->err = cause;
    return status;
}

static enum qn_status read_root(struct parse *parse, const json_t *root)
{
    if (!json_is_object(root))
        return wrong_file(parse, "not a JSON object. It should start with {\"fields\": [...");
    const char *stranger = unknown_key(root, root_keys);
    if (stranger) {
        char what[160];
        snprintf(what, sizeof what,
                 "unknown key \"%.60s\". Known are extends, fields, computed and ensemble_keys.",
                 stranger);
        return wrong_file(parse, what);
    }
    enum qn_status status = read_base(parse, root);
    if (!status)
        status = read_fields(parse, root);
    if (status)
        return status;
    segy_mapping_overlay(parse->mapping, parse->own);
    segy_mapping_settle(parse->mapping,
                        parse->own > 0 ? SEGY_SCALARS_NAMED : SEGY_SCALARS_STANDARD);
    parse->own = 0;
    status = read_all_computed(parse, root);
    return status ? status : read_keys(parse, root);
}

enum qn_status qn_segy_mapping_parse(const char *json, size_t len, const char *source,
                                     const struct qn_segy_header_set *set,
                                     struct qn_segy_mapping *mapping, struct qn_error *err)
{
    json_error_t fault;
    *mapping = (struct qn_segy_mapping){0};
    json_t *root = json_loadb(json, len, JSON_REJECT_DUPLICATES, &fault);
    if (!root)
        return qn_fail_at(err, QN_ERR_INPUT, source, fault.position,
                          "header layout '%s', line %d, column %d: %s. Correct the JSON.", source,
                          fault.line, fault.column, fault.text);
    struct parse parse = {.source = source, .set = set, .mapping = mapping, .err = err};
    enum qn_status status = read_root(&parse, root);
    json_decref(root);
    if (status)
        qn_segy_mapping_release(mapping);
    return status;
}
