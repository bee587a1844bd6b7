/* Header layouts as lists of fields: putting them together, laying one over another, finding their
 * scalars; see mapping.h and segy.h. */
#include "format/segy/mapping.h"

#include "base/sys.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

bool segy_is_name(const char *name)
{
    if (!isalpha((unsigned char)name[0]) && name[0] != '_')
        return false;
    size_t len = 0;
    for (; name[len]; len++)
        if (!isalnum((unsigned char)name[len]) && name[len] != '_')
            return false;
    return len <= SEGY_MAX_NAME;
}

int segy_dtype_by_name(const char *name)
{
    for (int i = 0; i < QN_CHAR8; i++)
        if (strcmp(name, qn_dtype_name((enum qn_dtype)i)) == 0)
            return i;
    return -1;
}

/* ---- adding --------------------------------------------------------------------------------- */

/* Makes room for one more element in a list. */
static enum qn_status grow(void *list, size_t count, size_t size, struct qn_error *err)
{
    void *old, *larger;
    memcpy(&old, list, sizeof old);
    larger = qn_sys.realloc(old, (count + 1) * size);
    if (!larger)
        return qn_fail_memory(err, "the header layout", (count + 1) * size);
    memcpy(list, &larger, sizeof larger);
    return QN_OK;
}

/* Names are searched for each other, and a plan takes no more. */
static enum qn_status allow(size_t count, struct qn_error *err)
{
    enum { MOST = 10000 };
    return count < MOST ? QN_OK
                        : qn_fail(err, QN_ERR_INPUT,
                                  "the header layout has more than %d fields. Leave out those that "
                                  "are not needed.",
                                  MOST);
}

/* A copy of a text that lives as long as the mapping. */
static enum qn_status keep(struct qn_segy_mapping *mapping, const char **text, struct qn_error *err)
{
    const char *known = *text ? *text : "";
    size_t size = strlen(known) + 1;
    enum qn_status status = grow(&mapping->texts, mapping->text_count, sizeof(char *), err);
    if (status)
        return status;
    char *copy = qn_sys.malloc(size);
    if (!copy)
        return qn_fail_memory(err, "the header layout", size);
    memcpy(copy, known, size);
    mapping->texts[mapping->text_count++] = copy;
    *text = copy;
    return QN_OK;
}

enum qn_status segy_mapping_add(struct qn_segy_mapping *mapping, const struct qn_segy_field *field,
                                struct qn_error *err)
{
    struct qn_segy_field copy = *field;
    enum qn_status status = allow(mapping->field_count, err);
    if (!status)
        status = keep(mapping, &copy.name, err);
    if (!status)
        status = keep(mapping, &copy.description, err);
    if (!status)
        status = grow(&mapping->fields, mapping->field_count, sizeof copy, err);
    if (!status)
        mapping->fields[mapping->field_count++] = copy;
    return status;
}

enum qn_status segy_mapping_add_computed(struct qn_segy_mapping *mapping,
                                         const struct qn_segy_computed *computed,
                                         struct qn_error *err)
{
    struct qn_segy_computed copy = *computed;
    enum qn_status status = allow(mapping->computed_count, err);
    if (!status)
        status = keep(mapping, &copy.name, err);
    if (!status)
        status = keep(mapping, &copy.expression, err);
    if (!status)
        status = keep(mapping, &copy.description, err);
    if (!status)
        status = grow(&mapping->computed, mapping->computed_count, sizeof copy, err);
    if (!status)
        mapping->computed[mapping->computed_count++] = copy;
    return status;
}

enum qn_status segy_mapping_add_key(struct qn_segy_mapping *mapping, const char *name,
                                    struct qn_error *err)
{
    enum qn_status status = allow(mapping->key_count, err);
    if (!status)
        status = keep(mapping, &name, err);
    if (!status)
        status = grow(&mapping->keys, mapping->key_count, sizeof name, err);
    if (!status)
        mapping->keys[mapping->key_count++] = name;
    return status;
}

enum qn_status segy_mapping_add_table(struct qn_segy_mapping *mapping,
                                      const struct qn_segy_field *table, size_t end,
                                      struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (; table->name && !status; table++)
        if (table->byte < end)
            status = segy_mapping_add(mapping, table, err);
    return status;
}

void qn_segy_mapping_release(struct qn_segy_mapping *mapping)
{
    for (size_t i = 0; i < mapping->text_count; i++)
        free(mapping->texts[i]);
    free(mapping->texts);
    free(mapping->fields);
    free(mapping->computed);
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

/* ---- one over another ----------------------------------------------------------------------- */

void segy_mapping_override(struct qn_segy_mapping *mapping, const char *prefix)
{
    size_t len = strlen(prefix);
    for (size_t i = 0; i < mapping->field_count; i++) {
        const struct qn_segy_field *field = &mapping->fields[i];
        if (strncmp(field->name, prefix, len) != 0 || field->type >= QN_SEGY_ASCII8)
            continue;
        ptrdiff_t base = qn_segy_mapping_find(mapping, field->name + len);
        if (base >= 0)
            mapping->fields[base].override = (struct qn_segy_place){field->byte, field->type};
    }
}

static bool overlap(const struct qn_segy_field *field, struct qn_segy_place place)
{
    size_t field_end = field->byte + qn_segy_type_info((enum qn_segy_type)field->type)->bytes;
    size_t end = place.byte + qn_segy_type_info((enum qn_segy_type)place.type)->bytes;
    return place.byte != 0 && field->byte < end && place.byte < field_end;
}

/* Whether one of the fields from `own` on takes the place of `field`. */
static bool is_covered(const struct qn_segy_mapping *mapping, size_t own,
                       const struct qn_segy_field *field)
{
    for (size_t i = own; i < mapping->field_count; i++)
        if (!strcmp(mapping->fields[i].name, field->name) ||
            overlap(&mapping->fields[i], (struct qn_segy_place){field->byte, field->type}))
            return true;
    return false;
}

static void sort_by_byte(struct qn_segy_field *fields, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct qn_segy_field field = fields[i];
        size_t place = i;
        for (; place > 0 && fields[place - 1].byte > field.byte; place--)
            fields[place] = fields[place - 1];
        fields[place] = field;
    }
}

void segy_mapping_overlay(struct qn_segy_mapping *mapping, size_t own)
{
    size_t kept = 0;
    if (own == 0)
        return;
    for (size_t i = 0; i < mapping->field_count; i++) {
        struct qn_segy_field field = mapping->fields[i];
        if (i < own && is_covered(mapping, own, &field))
            continue;
        for (size_t k = own; k < mapping->field_count; k++)
            if (i < own && overlap(&mapping->fields[k], field.override))
                field.override.byte = 0;
        mapping->fields[kept++] = field;
    }
    mapping->field_count = kept;
    sort_by_byte(mapping->fields, kept);
}

/* ---- scalars -------------------------------------------------------------------------------- */

void segy_mapping_settle(struct qn_segy_mapping *mapping, enum segy_scalars scalars)
{
    static const char *const names[QN_SEGY_SCALING_COUNT] = {
        [QN_SEGY_BY_ELEVATION_SCALAR] = "scalar_elevation",
        [QN_SEGY_BY_COORDINATE_SCALAR] = "scalar_coord",
        [QN_SEGY_BY_TIME_SCALAR] = "scalar_time",
        [QN_SEGY_BY_SHOTPOINT_SCALAR] = "shotpoint_scalar",
    };
    for (size_t i = 0; i < mapping->field_count; i++) {
        struct qn_segy_field *field = &mapping->fields[i];
        if (field->scaling == QN_SEGY_UNSCALED)
            continue;
        ptrdiff_t named = qn_segy_mapping_find(mapping, names[field->scaling]);
        if (named >= 0 && mapping->fields[named].type < QN_SEGY_ASCII8)
            field->scalar =
                (struct qn_segy_place){mapping->fields[named].byte, mapping->fields[named].type};
        else if (scalars == SEGY_SCALARS_NAMED)
            field->scaling = QN_SEGY_UNSCALED;
    }
}

/* ---- on the command line -------------------------------------------------------------------- */

/* Copies text from..to without blanks around it; false if it does not fit. */
static bool trim(const char *from, const char *to, char *out, size_t size)
{
    while (from < to && isspace((unsigned char)*from))
        from++;
    while (to > from && isspace((unsigned char)to[-1]))
        to--;
    size_t len = (size_t)(to - from);
    if (len >= size)
        return false;
    memcpy(out, from, len);
    out[len] = '\0';
    return true;
}

enum qn_status qn_segy_mapping_compute(struct qn_segy_mapping *mapping, const char *text,
                                       struct qn_error *err)
{
    char name[SEGY_MAX_NAME + 1], type[16] = "float64";
    const char *equals = strchr(text, '=');
    const char *colon = equals ? memchr(text, ':', (size_t)(equals - text)) : NULL;
    if (!equals || !trim(text, colon ? colon : equals, name, sizeof name) || !segy_is_name(name) ||
        (colon && !trim(colon + 1, equals, type, sizeof type)))
        return qn_fail(
            err, QN_ERR_USAGE,
            "'%.200s' is no computed header. Write 'name = expression', or with its type "
            "'name: int32 = expression'.",
            text);
    int dtype = segy_dtype_by_name(type);
    if (dtype < 0)
        return qn_fail(err, QN_ERR_USAGE,
                       "computed header '%s': unknown type '%s'. Types are int8 to int64, uint8 to "
                       "uint64, float32 and float64.",
                       name, type);
    struct qn_segy_computed computed = {.name = name,
                                        .expression = equals + 1 + strspn(equals + 1, " \t"),
                                        .description = "",
                                        .dtype = (enum qn_dtype)dtype};
    for (size_t i = 0; i < mapping->computed_count; i++)
        if (!strcmp(mapping->computed[i].name, name))
            return qn_fail(err, QN_ERR_USAGE,
                           "the computed header '%s' is given twice. Give one another name.", name);
    return segy_mapping_add_computed(mapping, &computed, err);
}
