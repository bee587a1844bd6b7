/* What an import has decided about trace headers, to bytes and back: see import.h. */
#include "pipelines/segy/import.h"

#include "base/sys.h"

#include <stdlib.h>

#define MAX_FIELDS 10000u

static void put_place(struct qn_buf *buf, struct qn_segy_place place)
{
    qn_buf_u32(buf, place.byte);
    qn_buf_u8(buf, place.type);
}

static void put_field(struct qn_buf *buf, const struct qn_segy_field *field)
{
    qn_buf_u32(buf, field->byte);
    qn_buf_u8(buf, field->type);
    qn_buf_u8(buf, field->scaling);
    put_place(buf, field->scalar);
    put_place(buf, field->override);
    qn_put_text(buf, field->name);
    qn_put_text(buf, field->description);
}

static void put_fields(struct qn_buf *buf, const struct qn_segy_field *fields, size_t count)
{
    qn_buf_u32(buf, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        put_field(buf, &fields[i]);
}

void qn_import_put_headers(const struct qn_import *import, struct qn_buf *buf)
{
    qn_buf_text(buf, import->header_layout);
    put_fields(buf, import->fields, import->field_count);
    put_fields(buf, import->inputs, import->input_count);
    qn_buf_u32(buf, (uint32_t)import->computed_count);
    for (size_t i = 0; i < import->computed_count; i++) {
        const struct qn_computed *computed = &import->computed[i];
        qn_put_text(buf, computed->name);
        qn_put_text(buf, computed->expression);
        qn_put_text(buf, computed->description);
        qn_buf_u8(buf, (uint8_t)computed->dtype);
        qn_buf_u8(buf, computed->column);
    }
    qn_buf_u32(buf, (uint32_t)import->key_count);
    for (size_t i = 0; i < import->key_count; i++) {
        qn_buf_u8(buf, (uint8_t)import->keys[i].kind);
        qn_buf_u32(buf, (uint32_t)import->keys[i].index);
    }
    for (size_t i = 0; i < QN_ROLE_COUNT; i++)
        put_field(buf, &import->roles[i]);
    qn_buf_u8(buf, import->raw_headers);
    qn_buf_u8(buf, import->lossless_headers);
}

/* Whether `bytes` from `byte` on lie in a trace header of this import. */
static bool lies_within(const struct qn_import *import, uint16_t byte, uint8_t type)
{
    return type < QN_SEGY_TYPE_COUNT &&
           byte - 1u + qn_segy_type_info((enum qn_segy_type)type)->bytes <=
               import->layout.trace_header_bytes;
}

static struct qn_segy_place get_place(struct qn_cursor *cursor, const struct qn_import *import)
{
    struct qn_segy_place place = {.byte = (uint16_t)qn_cursor_u32(cursor)};
    place.type = qn_cursor_u8(cursor);
    cursor->failed |= place.byte != 0 && !lies_within(import, place.byte, place.type);
    return place;
}

static void get_field(struct qn_cursor *cursor, const struct qn_import *import,
                      struct qn_segy_field *field)
{
    field->byte = (uint16_t)qn_cursor_u32(cursor);
    field->type = qn_cursor_u8(cursor);
    field->scaling = qn_cursor_u8(cursor);
    field->scalar = get_place(cursor, import);
    field->override = get_place(cursor, import);
    field->name = qn_get_text(cursor);
    field->description = qn_get_text(cursor);
    cursor->failed |= field->scaling >= QN_SEGY_SCALING_COUNT ||
                      (field->byte != 0 && !lies_within(import, field->byte, field->type));
}

/* The length of a list that follows, and room for it; NULL if it is damaged or there is none. */
static void *get_list(struct qn_cursor *cursor, size_t size, size_t *count, struct qn_error *err)
{
    size_t length = qn_cursor_u32(cursor);
    *count = 0;
    if (cursor->failed || length > MAX_FIELDS) {
        qn_fail(err, QN_ERR_CORRUPT, "the plan's list of header fields is damaged.");
        return NULL;
    }
    void *list = qn_sys.calloc(length + 1, size);
    if (list)
        *count = length;
    else
        qn_fail_memory(err, "the header fields", length * size);
    return list;
}

static struct qn_segy_field *get_fields(struct qn_cursor *cursor, const struct qn_import *import,
                                        size_t *count, struct qn_error *err)
{
    struct qn_segy_field *fields = get_list(cursor, sizeof *fields, count, err);
    for (size_t i = 0; fields && i < *count; i++) {
        get_field(cursor, import, &fields[i]);
        cursor->failed |= fields[i].byte == 0;
    }
    return fields;
}

static struct qn_computed *get_computed(struct qn_cursor *cursor, size_t *count,
                                        struct qn_error *err)
{
    struct qn_computed *list = get_list(cursor, sizeof *list, count, err);
    for (size_t i = 0; list && i < *count; i++) {
        struct qn_computed *computed = &list[i];
        computed->name = qn_get_text(cursor);
        computed->expression = qn_get_text(cursor);
        computed->description = qn_get_text(cursor);
        computed->dtype = (enum qn_dtype)qn_cursor_u8(cursor);
        computed->column = qn_cursor_u8(cursor) != 0;
        cursor->failed |= computed->dtype >= QN_CHAR8;
    }
    return list;
}

static enum qn_status get_keys(struct qn_cursor *cursor, struct qn_import *import,
                               struct qn_error *err)
{
    import->key_count = qn_cursor_u32(cursor);
    if (import->key_count > QN_MAX_KEYS)
        return qn_fail(err, QN_ERR_CORRUPT, "the plan's ensemble key is damaged.");
    for (size_t i = 0; i < import->key_count; i++) {
        unsigned kind = qn_cursor_u8(cursor);
        size_t index = qn_cursor_u32(cursor);
        cursor->failed |=
            kind > QN_KEY_COMPUTED ||
            index >= (kind == QN_KEY_COMPUTED ? import->computed_count : import->field_count);
        import->keys[i].kind = kind;
        import->keys[i].index = index;
    }
    return QN_OK;
}

enum qn_status qn_import_get_headers(struct qn_cursor *cursor, struct qn_import *import,
                                     struct qn_error *err)
{
    struct qn_error cause = {.status = QN_OK};
    qn_cursor_text(cursor, import->header_layout, sizeof import->header_layout);
    import->fields = get_fields(cursor, import, &import->field_count, &cause);
    if (import->fields)
        import->inputs = get_fields(cursor, import, &import->input_count, &cause);
    if (import->inputs)
        import->computed = get_computed(cursor, &import->computed_count, &cause);
    if (!import->computed) {
        if (err)
            *err = cause;
        return cause.status;
    }
    enum qn_status status = get_keys(cursor, import, err);
    if (status)
        return status;
    for (size_t i = 0; i < QN_ROLE_COUNT; i++)
        get_field(cursor, import, &import->roles[i]);
    import->raw_headers = qn_cursor_u8(cursor) != 0;
    import->lossless_headers = qn_cursor_u8(cursor) != 0;
    if (cursor->failed)
        return qn_fail(err, QN_ERR_CORRUPT, "the plan's header fields are damaged.");
    return QN_OK;
}
