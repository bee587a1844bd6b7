/* Fields to values: see fields.h. Cells are read column by column, in loops that know their type.
 */
#include "pipelines/ercot/fields.h"

#include "base/utf8.h"
#include "format/text/number.h"
#include "pipelines/ercot/cells.h"

#include <string.h>

static const uint8_t role_widths[ER_ROLE_COUNT] = {
    [ER_ROLE_DATE] = 4, [ER_ROLE_HOUR] = 1,  [ER_ROLE_PERIOD] = 1,
    [ER_ROLE_FLAG] = 1, [ER_ROLE_STAMP] = 8,
};

/* A cell that cannot be read: its row, or the cell alone. */
static void refuse(struct er_fields *fields, size_t i, const struct qn_csv_field *cell,
                   struct er_vector *vector)
{
    struct er_table *table = fields->table;
    uint64_t of_source = fields->row - table->mark + i;
    const struct er_place *place =
        (const struct er_place *)(const void *)table->places.data + of_source;
    struct er_reject reject = {.source = table->source,
                               .reason = fields->key ? ER_BAD_KEY : ER_BAD_VALUE,
                               .line = place->line,
                               .offset = place->offset,
                               .column = fields->column,
                               .raw = cell->text,
                               .raw_len = cell->len};
    if (fields->key && table->faults.data[of_source])
        return; /* the row is out already */
    if (fields->key) {
        table->faults.data[of_source] = ER_FINE + 1; /* told here; see er_table_drop_faults */
        table->fault_count++;
        reject.rows = 1;
        fields->tally->rejected++;
    }
    er_reject_put(fields->rejects, &reject);
    if (vector) {
        uint8_t *valid = er_vector_valid(vector);
        if (valid)
            valid[fields->row + i] = 0;
    }
}

static void empty(struct er_fields *fields, size_t i, const struct qn_csv_field *cell,
                  struct er_vector *vector)
{
    if (fields->key) {
        refuse(fields, i, cell, vector);
        return;
    }
    uint8_t *valid = er_vector_valid(vector);
    if (valid)
        valid[fields->row + i] = 0;
}

/* The rows of a block in `valid`, once there is an empty cell: most columns of a wide table are
 * empty in most rows. A key's empty cell is refused. */
static inline void skip_empty(struct er_fields *fields, size_t i, const struct qn_csv_field *cell,
                              struct er_vector *vector, uint8_t **valid)
{
    if (!*valid && !fields->key) {
        uint8_t *all = er_vector_valid(vector);
        *valid = all ? all + fields->row : NULL;
    }
    if (*valid)
        (*valid)[i] = 0;
    else
        empty(fields, i, cell, vector);
}

static void read_reals(struct er_fields *fields, struct er_vector *vector, double *to)
{
    uint8_t *valid = NULL;
    for (size_t i = 0; i < fields->count; i++) {
        struct qn_csv_field cell = qn_csv_get(fields->csv, &fields->records[i], fields->field);
        if (cell.len > 0 && qn_parse_real(cell.text, cell.len, &to[i]))
            continue;
        to[i] = 0;
        if (cell.len == 0)
            skip_empty(fields, i, &cell, vector, &valid);
        else
            refuse(fields, i, &cell, vector);
    }
}

static void read_integers(struct er_fields *fields, struct er_vector *vector, int64_t *to)
{
    uint8_t *valid = NULL;
    for (size_t i = 0; i < fields->count; i++) {
        struct qn_csv_field cell = qn_csv_get(fields->csv, &fields->records[i], fields->field);
        if (cell.len > 0 &&
            (vector->decimal ? qn_parse_decimal(cell.text, cell.len, ER_PRICE_SCALE, &to[i])
                             : qn_parse_integer(cell.text, cell.len, &to[i])))
            continue;
        to[i] = 0;
        if (cell.len == 0)
            skip_empty(fields, i, &cell, vector, &valid);
        else
            refuse(fields, i, &cell, vector);
    }
}

static bool same_text(const struct qn_csv_field *a, const struct qn_csv_field *b)
{
    return a->len == b->len && a->len > 0 && er_same_bytes(a->text, b->text, a->len);
}

/* Dates, hours and stamps come in long runs: what was read before is not read again. */
static void read_dates(struct er_fields *fields, struct er_vector *vector, int32_t *to)
{
    struct qn_csv_field last = {0};
    for (size_t i = 0; i < fields->count; i++) {
        struct qn_csv_field cell = qn_csv_get(fields->csv, &fields->records[i], fields->field);
        if (same_text(&cell, &last)) {
            to[i] = to[i - 1];
        } else if (cell.len > 0 && er_read_date(cell.text, cell.len, &to[i])) {
            last = cell;
        } else {
            to[i] = 0;
            last.len = 0;
            (cell.len ? refuse : empty)(fields, i, &cell, vector);
        }
    }
}

static void read_stamps(struct er_fields *fields, struct er_vector *vector, int64_t *to)
{
    struct qn_csv_field last = {0};
    for (size_t i = 0; i < fields->count; i++) {
        struct qn_csv_field cell = qn_csv_get(fields->csv, &fields->records[i], fields->field);
        if (same_text(&cell, &last)) {
            to[i] = to[i - 1];
        } else if (cell.len > 0 && er_read_stamp(cell.text, cell.len, &to[i])) {
            last = cell;
        } else {
            to[i] = 0;
            last.len = 0;
            (cell.len ? refuse : empty)(fields, i, &cell, vector);
        }
    }
}

static void read_flags(struct er_fields *fields, struct er_vector *vector, uint8_t *to)
{
    for (size_t i = 0; i < fields->count; i++) {
        struct qn_csv_field cell = qn_csv_get(fields->csv, &fields->records[i], fields->field);
        bool flag = false;
        bool blank = cell.len == 0;
        bool known = blank || (cell.len == 1 && *cell.text == 'N') ||
                     er_read_flag(cell.text, cell.len, &flag);
        to[i] = flag;
        if (known && !(blank && vector))
            continue; /* an empty flag of the repeated hour says no */
        (blank ? empty : refuse)(fields, i, &cell, vector);
    }
}

static void read_small(struct er_fields *fields, int8_t *to,
                       bool (*parse)(const char *text, size_t len, int8_t *value))
{
    struct qn_csv_field last = {0};
    for (size_t i = 0; i < fields->count; i++) {
        struct qn_csv_field cell = qn_csv_get(fields->csv, &fields->records[i], fields->field);
        if (same_text(&cell, &last)) {
            to[i] = to[i - 1];
        } else if (parse(cell.text, cell.len, &to[i])) {
            last = cell;
        } else {
            to[i] = 0;
            last.len = 0;
            refuse(fields, i, &cell, NULL);
        }
    }
}

static bool is_text(const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t n = qn_utf8_length(text + at, len - at);
        if (n == 0)
            return false;
        at += n;
    }
    return true;
}

/* Doubled quotes become one. Returns the id. */
static uint32_t unquoted_id(struct er_vector *vector, const struct qn_csv_field *cell, bool *added)
{
    char copy[4096];
    size_t n = 0;
    for (uint32_t i = 0; i < cell->len && n < sizeof copy; i++) {
        copy[n++] = cell->text[i];
        i += cell->text[i] == '"' && i + 1 < cell->len && cell->text[i + 1] == '"';
    }
    return er_texts_id(&vector->texts, copy, (uint32_t)n, added);
}

static bool read_texts(struct er_fields *fields, struct er_vector *vector, uint32_t *to)
{
    for (size_t i = 0; i < fields->count; i++) {
        struct qn_csv_field cell = qn_csv_get(fields->csv, &fields->records[i], fields->field);
        bool added;
        if (cell.len == 0) {
            to[i] = 0;
            empty(fields, i, &cell, vector);
            continue;
        }
        if (cell.quoted && cell.len <= 4096 && memchr(cell.text, '"', cell.len))
            to[i] = unquoted_id(vector, &cell, &added);
        else
            to[i] = er_texts_id(&vector->texts, cell.text, cell.len, &added);
        if (to[i] == ER_NO_TEXT)
            return false;
        if (added && !is_text(cell.text, cell.len)) {
            er_texts_forget_last(&vector->texts);
            to[i] = 0;
            refuse(fields, i, &cell, vector);
        }
    }
    return true;
}

bool er_read_column(struct er_fields *fields, struct er_vector *vector)
{
    void *to = er_vector_extend(vector, fields->count);
    if (!to)
        return false;
    switch (vector->type) {
    case ER_TEXT:
        return read_texts(fields, vector, to);
    case ER_INT:
        read_integers(fields, vector, to);
        break;
    case ER_DATE:
        read_dates(fields, vector, to);
        break;
    case ER_STAMP:
        read_stamps(fields, vector, to);
        break;
    case ER_FLAG:
        read_flags(fields, vector, to);
        break;
    case ER_PRICE:
        if (vector->decimal) {
            read_integers(fields, vector, to);
            break;
        }
        read_reals(fields, vector, to);
        break;
    default:
        read_reals(fields, vector, to);
    }
    return !vector->valid.failed;
}

bool er_read_role(struct er_fields *fields, enum er_role role)
{
    struct qn_buf *buf = &fields->table->roles[role];
    void *to = qn_buf_reserve(buf, fields->count * role_widths[role] + 1);
    if (!to)
        return false;
    buf->len += fields->count * role_widths[role];
    switch (role) {
    case ER_ROLE_DATE:
        read_dates(fields, NULL, to);
        break;
    case ER_ROLE_STAMP:
        read_stamps(fields, NULL, to);
        break;
    case ER_ROLE_FLAG:
        read_flags(fields, NULL, to);
        break;
    default:
        read_small(fields, to, role == ER_ROLE_HOUR ? er_read_hour : er_read_period);
    }
    return true;
}
