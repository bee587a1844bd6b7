/* Listing header layouts: see layouts.h. */
#include "pipelines/segy/layouts.h"

#include "base/io.h"
#include "base/json_memory.h"
#include "format/segy.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LAYOUT_BYTES (16u << 20)

static enum qn_status list_names(struct qn_error *err)
{
    const struct qn_segy_named_layout *layout;
    int failed = 0;
    for (size_t i = 0; (layout = qn_segy_layout_at(i)); i++)
        failed |= fprintf(stdout, "%-10s %s\n", layout->name, layout->summary) < 0;
    failed |= fprintf(stdout, "\n'quern segy layouts NAME' lists its fields; --json writes them as "
                              "a file for --layout.\n") < 0;
    return failed ? qn_fail(err, QN_ERR_IO, "cannot write to standard output.") : QN_OK;
}

/* The layout of that name, or in that file: inputs are absolute paths. */
static enum qn_status read_layout(const char *input, struct qn_segy_mapping *mapping,
                                  struct qn_error *err)
{
    const char *slash = strrchr(input, '/');
    const char *name = slash ? slash + 1 : input;
    struct qn_segy_header_set set = {.bytes = QN_SEGY_MAX_HEADERS * QN_SEGY_TRACE_HEADER_BYTES};
    struct qn_buf json = {0};
    if (!strchr(name, '.'))
        return qn_segy_mapping_named(name, &set, mapping, err);
    *mapping = (struct qn_segy_mapping){0};
    enum qn_status status = qn_read_file(input, &json, MAX_LAYOUT_BYTES, err);
    if (!status)
        status =
            qn_segy_mapping_parse((const char *)json.data, json.len, input, &set, mapping, err);
    qn_buf_release(&json);
    return status;
}

/* ---- as a table ----------------------------------------------------------------------------- */

static void print_field(const struct qn_segy_field *field)
{
    const struct qn_segy_type_info *type = qn_segy_type_info((enum qn_segy_type)field->type);
    struct qn_segy_place scalar = qn_segy_scalar_place(field);
    char bytes[24], by[60] = "";
    snprintf(bytes, sizeof bytes, "%u-%u", field->byte, field->byte + type->bytes - 1);
    if (field->scaling != QN_SEGY_UNSCALED)
        snprintf(by, sizeof by, " (scalar: byte %u)", scalar.byte);
    if (field->override.byte != 0)
        snprintf(by + strlen(by), sizeof by - strlen(by), " (or byte %u if that is not 0)",
                 field->override.byte);
    fprintf(stdout, "%-9s %-7s %-28s %s%s\n", bytes, type->name, field->name, field->description,
            by);
}

static void print_table(const struct qn_segy_mapping *mapping)
{
    fprintf(stdout, "%-9s %-7s %-28s %s\n", "bytes", "type", "name", "meaning");
    for (size_t i = 0; i < mapping->field_count; i++)
        print_field(&mapping->fields[i]);
    for (size_t k = 0; k < mapping->computed_count; k++) {
        const struct qn_segy_computed *computed = &mapping->computed[k];
        fprintf(stdout, "%-9s %-7s %-28s = %s\n", "computed", qn_dtype_name(computed->dtype),
                computed->name, computed->expression);
    }
    for (size_t k = 0; k < mapping->key_count; k++)
        fprintf(stdout, "%s%s%s", k ? ", " : "ensemble key: ", mapping->keys[k],
                k + 1 == mapping->key_count ? "\n" : "");
}

/* ---- as a layout file ----------------------------------------------------------------------- */

static json_t *field_json(const struct qn_segy_field *field)
{
    json_t *row = json_object();
    const char *scaling = qn_segy_scaling_name((enum qn_segy_scaling)field->scaling);
    json_object_set_new(row, "name", json_string(field->name));
    json_object_set_new(row, "byte", json_integer(field->byte));
    json_object_set_new(row, "type",
                        json_string(qn_segy_type_info((enum qn_segy_type)field->type)->name));
    json_object_set_new(row, "scalar", json_string(scaling));
    if (field->override.byte != 0) {
        enum qn_segy_type type = (enum qn_segy_type)field->override.type;
        json_object_set_new(row, "override",
                            json_pack("{s:i, s:s}", "byte", (int)field->override.byte, "type",
                                      qn_segy_type_info(type)->name));
    }
    json_object_set_new(row, "description", json_string(field->description));
    return row;
}

static json_t *computed_json(const struct qn_segy_computed *computed)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "name", computed->name, "expression",
                     computed->expression, "type", qn_dtype_name(computed->dtype), "description",
                     computed->description);
}

static enum qn_status print_json(const struct qn_segy_mapping *mapping, struct qn_error *err)
{
    json_t *root = json_object();
    json_t *fields = json_array(), *computed = json_array(), *keys = json_array();
    for (size_t i = 0; i < mapping->field_count; i++)
        json_array_append_new(fields, field_json(&mapping->fields[i]));
    for (size_t k = 0; k < mapping->computed_count; k++)
        json_array_append_new(computed, computed_json(&mapping->computed[k]));
    for (size_t k = 0; k < mapping->key_count; k++)
        json_array_append_new(keys, json_string(mapping->keys[k]));
    json_object_set_new(root, "fields", fields);
    json_object_set_new(root, "computed", computed);
    json_object_set_new(root, "ensemble_keys", keys);
    char *text = qn_json_dump(root, JSON_INDENT(2));
    json_decref(root);
    if (!text)
        return qn_fail_memory(err, "the header layout", 1);
    fprintf(stdout, "%s\n", text);
    free(text);
    return QN_OK;
}

/* ---- all ------------------------------------------------------------------------------------ */

enum qn_status qn_segy_layouts(const struct qn_options *options, struct qn_error *err)
{
    size_t count = qn_option_inputs(options);
    bool json = qn_option_flag(options, "json");
    enum qn_status status = QN_OK;
    if (count == 0 && !json)
        return list_names(err);
    if (count != 1)
        return qn_fail(err, QN_ERR_USAGE, "which layout? Name one: quern segy layouts standard.");
    struct qn_segy_mapping mapping;
    status = read_layout(qn_option_input(options, 0), &mapping, err);
    if (!status && json)
        status = print_json(&mapping, err);
    else if (!status)
        print_table(&mapping);
    qn_segy_mapping_release(&mapping);
    return status;
}
