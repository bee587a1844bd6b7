/* Rows as a task gathers them: see table.h. Cells are read column by column, in loops that know
 * their type. */
#include "pipelines/ercot/table.h"

#include "base/sys.h"
#include "base/utf8.h"
#include "format/number.h"
#include "pipelines/ercot/cells.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t role_widths[ER_ROLE_COUNT] = {
    [ER_ROLE_DATE] = 4, [ER_ROLE_HOUR] = 1,  [ER_ROLE_PERIOD] = 1,
    [ER_ROLE_FLAG] = 1, [ER_ROLE_STAMP] = 8,
};

/* ---- vectors -------------------------------------------------------------------------------- */

static void vector_release(struct er_vector *vector)
{
    qn_buf_release(&vector->values);
    qn_buf_release(&vector->valid);
    er_texts_release(&vector->texts);
}

static void vector_init(struct er_vector *vector, enum er_type type, bool decimal)
{
    *vector = (struct er_vector){.type = type, .decimal = decimal && type == ER_PRICE};
    er_texts_init(&vector->texts);
}

/* Room for n rows more, valid unless set otherwise. The values are not set. */
static void *vector_extend(struct er_vector *vector, size_t n)
{
    uint8_t *room = qn_buf_reserve(&vector->values, n * er_width(vector->type));
    if (!room)
        return NULL;
    if (vector->valid.len > 0) {
        uint8_t *valid = qn_buf_reserve(&vector->valid, n);
        if (!valid)
            return NULL;
        memset(valid, 1, n);
        vector->valid.len += n;
    }
    vector->values.len += n * er_width(vector->type);
    return room;
}

/* One byte per row of `vector`, all 1 if there was no null so far. */
static uint8_t *vector_valid(struct er_vector *vector)
{
    size_t rows = vector->values.len / er_width(vector->type);
    if (vector->valid.len == 0 && rows > 0) {
        uint8_t *valid = qn_buf_reserve(&vector->valid, rows);
        if (!valid)
            return NULL;
        memset(valid, 1, rows);
        vector->valid.len = rows;
    }
    return vector->valid.data;
}

static bool vector_nulls(struct er_vector *vector, size_t n)
{
    uint64_t first = vector->values.len / er_width(vector->type);
    if (n == 0)
        return true;
    void *room = vector_extend(vector, n);
    uint8_t *valid = room ? vector_valid(vector) : NULL;
    if (!valid)
        return false;
    memset(room, 0, n * er_width(vector->type));
    memset(valid + first, 0, n);
    return true;
}

static void vector_cut(struct er_vector *vector, uint64_t rows)
{
    vector->values.len = (size_t)rows * er_width(vector->type);
    if (vector->valid.len > rows)
        vector->valid.len = (size_t)rows;
}

/* ---- the table ------------------------------------------------------------------------------ */

enum qn_status er_table_init(struct er_table *table, const struct er_dataset *dataset, bool decimal,
                             struct qn_error *err)
{
    *table = (struct er_table){.dataset = dataset, .decimal = decimal, .repeats = dataset->repeats};
    size_t room = dataset->column_count + 16;
    table->columns = qn_sys.calloc(room, sizeof *table->columns);
    table->vectors = qn_sys.calloc(room, sizeof *table->vectors);
    if (!table->columns || !table->vectors)
        return qn_fail_memory(err, "a table", room * sizeof *table->vectors);
    table->column_room = room;
    table->column_count = dataset->column_count;
    for (size_t c = 0; c < dataset->column_count; c++) {
        table->columns[c] = dataset->columns[c];
        vector_init(&table->vectors[c], dataset->columns[c].type, decimal);
    }
    return QN_OK;
}

static void drop_extra_columns(struct er_table *table)
{
    size_t own = table->dataset ? table->dataset->column_count : 0;
    for (size_t c = own; c < table->column_count; c++) {
        vector_release(&table->vectors[c]);
        free((void *)table->columns[c].name);
    }
    table->column_count = own;
}

void er_table_release(struct er_table *table)
{
    if (table->vectors && table->columns)
        drop_extra_columns(table);
    for (size_t c = 0; c < table->column_count; c++)
        vector_release(&table->vectors[c]);
    free(table->columns);
    free(table->vectors);
    struct qn_buf *buffers[] = {&table->sources, &table->places, &table->faults, &table->accepted};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        qn_buf_release(buffers[i]);
    for (int r = 0; r < ER_ROLE_COUNT; r++)
        qn_buf_release(&table->roles[r]);
    *table = (struct er_table){0};
}

void er_table_clear(struct er_table *table)
{
    drop_extra_columns(table);
    for (size_t c = 0; c < table->column_count; c++) {
        qn_buf_clear(&table->vectors[c].values);
        qn_buf_clear(&table->vectors[c].valid);
        er_texts_clear(&table->vectors[c].texts);
    }
    qn_buf_clear(&table->sources);
    table->rows = table->mark = 0;
    table->repeats = table->dataset->repeats;
}

static bool make_room(struct er_table *table)
{
    size_t room = table->column_room * 2;
    struct er_column *columns = qn_sys.realloc(table->columns, room * sizeof *columns);
    if (columns)
        table->columns = columns;
    struct er_vector *vectors = qn_sys.realloc(table->vectors, room * sizeof *vectors);
    if (vectors)
        table->vectors = vectors;
    if (!columns || !vectors)
        return false;
    table->column_room = room;
    return true;
}

static void expect(struct qn_buf *buf, size_t bytes)
{
    if (bytes > buf->len && !qn_buf_reserve(buf, bytes - buf->len))
        buf->failed = false; /* the rows may fit all the same */
}

void er_table_expect(struct er_table *table, uint64_t rows)
{
    if (rows > UINT32_MAX)
        return;
    for (size_t c = 0; c < table->column_count; c++) {
        struct er_vector *vector = &table->vectors[c];
        expect(&vector->values, (size_t)rows * er_width(vector->type));
        if (vector->valid.len > 0)
            expect(&vector->valid, (size_t)rows);
    }
    expect(&table->sources, (size_t)rows * sizeof(uint32_t));
}

int er_table_column(struct er_table *table, const char *name, enum er_type type, const char *unit)
{
    for (size_t c = 0; c < table->column_count; c++) {
        if (!strcmp(table->columns[c].name, name))
            return (int)c;
    }
    size_t len = strlen(name);
    if (table->column_count == table->column_room && !make_room(table))
        return -1;
    char *copy = qn_sys.malloc(len + 1);
    if (!copy)
        return -1;
    memcpy(copy, name, len + 1);
    size_t c = table->column_count++;
    table->columns[c] = (struct er_column){
        .name = copy, .type = type, .unit = unit, .since = ER_NO_DAY, .until = ER_NO_DAY};
    vector_init(&table->vectors[c], type, table->decimal);
    return vector_nulls(&table->vectors[c], (size_t)table->rows) ? (int)c : -1;
}

void er_table_begin(struct er_table *table, const struct er_mapping *mapping, uint32_t source)
{
    table->mark = table->rows;
    table->source = source;
    table->fault_count = 0;
    table->repeats |= !mapping->keys_complete;
    for (int r = 0; r < ER_ROLE_COUNT; r++)
        qn_buf_clear(&table->roles[r]);
    qn_buf_clear(&table->places);
    qn_buf_clear(&table->faults);
}

/* ---- cells ---------------------------------------------------------------------------------- */

struct cells { /* one column of a block */
    struct er_table *table;
    const struct qn_csv *csv;
    const struct qn_csv_record *records;
    size_t count;
    uint32_t field;
    uint64_t row;       /* of the first */
    const char *column; /* its name, for rejects */
    bool key;           /* a cell that cannot be read rejects its row */
    struct qn_buf *rejects;
    struct er_tally *tally;
};

/* A cell that cannot be read: its row, or the cell alone. */
static void refuse(struct cells *cells, size_t i, const struct qn_csv_field *cell,
                   struct er_vector *vector)
{
    struct er_table *table = cells->table;
    uint64_t of_source = cells->row - table->mark + i;
    const struct er_place *place =
        (const struct er_place *)(const void *)table->places.data + of_source;
    struct er_reject reject = {.source = table->source,
                               .reason = cells->key ? ER_BAD_KEY : ER_BAD_VALUE,
                               .line = place->line,
                               .offset = place->offset,
                               .column = cells->column,
                               .raw = cell->text,
                               .raw_len = cell->len};
    if (cells->key && table->faults.data[of_source])
        return; /* the row is out already */
    if (cells->key) {
        table->faults.data[of_source] = ER_FINE + 1; /* told here; see er_table_drop_faults */
        table->fault_count++;
        reject.rows = 1;
        cells->tally->rejected++;
    }
    er_reject_put(cells->rejects, &reject);
    if (vector) {
        uint8_t *valid = vector_valid(vector);
        if (valid)
            valid[cells->row + i] = 0;
    }
}

static void empty(struct cells *cells, size_t i, const struct qn_csv_field *cell,
                  struct er_vector *vector)
{
    if (cells->key) {
        refuse(cells, i, cell, vector);
        return;
    }
    uint8_t *valid = vector_valid(vector);
    if (valid)
        valid[cells->row + i] = 0;
}

/* The rows of a block in `valid`, once there is an empty cell: most columns of a wide table are
 * empty in most rows. A key's empty cell is refused. */
static inline void skip_empty(struct cells *cells, size_t i, const struct qn_csv_field *cell,
                              struct er_vector *vector, uint8_t **valid)
{
    if (!*valid && !cells->key) {
        uint8_t *all = vector_valid(vector);
        *valid = all ? all + cells->row : NULL;
    }
    if (*valid)
        (*valid)[i] = 0;
    else
        empty(cells, i, cell, vector);
}

static void read_reals(struct cells *cells, struct er_vector *vector, double *to)
{
    uint8_t *valid = NULL;
    for (size_t i = 0; i < cells->count; i++) {
        struct qn_csv_field cell = qn_csv_get(cells->csv, &cells->records[i], cells->field);
        if (cell.len > 0 && qn_parse_real(cell.text, cell.len, &to[i]))
            continue;
        to[i] = 0;
        if (cell.len == 0)
            skip_empty(cells, i, &cell, vector, &valid);
        else
            refuse(cells, i, &cell, vector);
    }
}

static void read_integers(struct cells *cells, struct er_vector *vector, int64_t *to)
{
    uint8_t *valid = NULL;
    for (size_t i = 0; i < cells->count; i++) {
        struct qn_csv_field cell = qn_csv_get(cells->csv, &cells->records[i], cells->field);
        if (cell.len > 0 &&
            (vector->decimal ? qn_parse_decimal(cell.text, cell.len, ER_PRICE_SCALE, &to[i])
                             : qn_parse_integer(cell.text, cell.len, &to[i])))
            continue;
        to[i] = 0;
        if (cell.len == 0)
            skip_empty(cells, i, &cell, vector, &valid);
        else
            refuse(cells, i, &cell, vector);
    }
}

static bool same_text(const struct qn_csv_field *a, const struct qn_csv_field *b)
{
    return a->len == b->len && a->len > 0 && er_same_bytes(a->text, b->text, a->len);
}

/* Dates, hours and stamps come in long runs: what was read before is not read again. */
static void read_dates(struct cells *cells, struct er_vector *vector, int32_t *to)
{
    struct qn_csv_field last = {0};
    for (size_t i = 0; i < cells->count; i++) {
        struct qn_csv_field cell = qn_csv_get(cells->csv, &cells->records[i], cells->field);
        if (same_text(&cell, &last)) {
            to[i] = to[i - 1];
        } else if (cell.len > 0 && er_read_date(cell.text, cell.len, &to[i])) {
            last = cell;
        } else {
            to[i] = 0;
            last.len = 0;
            (cell.len ? refuse : empty)(cells, i, &cell, vector);
        }
    }
}

static void read_stamps(struct cells *cells, struct er_vector *vector, int64_t *to)
{
    struct qn_csv_field last = {0};
    for (size_t i = 0; i < cells->count; i++) {
        struct qn_csv_field cell = qn_csv_get(cells->csv, &cells->records[i], cells->field);
        if (same_text(&cell, &last)) {
            to[i] = to[i - 1];
        } else if (cell.len > 0 && er_read_stamp(cell.text, cell.len, &to[i])) {
            last = cell;
        } else {
            to[i] = 0;
            last.len = 0;
            (cell.len ? refuse : empty)(cells, i, &cell, vector);
        }
    }
}

static void read_flags(struct cells *cells, struct er_vector *vector, uint8_t *to)
{
    for (size_t i = 0; i < cells->count; i++) {
        struct qn_csv_field cell = qn_csv_get(cells->csv, &cells->records[i], cells->field);
        bool flag = false;
        bool blank = cell.len == 0;
        bool known = blank || (cell.len == 1 && *cell.text == 'N') ||
                     er_read_flag(cell.text, cell.len, &flag);
        to[i] = flag;
        if (known && !(blank && vector))
            continue; /* an empty flag of the repeated hour says no */
        (blank ? empty : refuse)(cells, i, &cell, vector);
    }
}

static void read_small(struct cells *cells, int8_t *to,
                       bool (*parse)(const char *text, size_t len, int8_t *value))
{
    struct qn_csv_field last = {0};
    for (size_t i = 0; i < cells->count; i++) {
        struct qn_csv_field cell = qn_csv_get(cells->csv, &cells->records[i], cells->field);
        if (same_text(&cell, &last)) {
            to[i] = to[i - 1];
        } else if (parse(cell.text, cell.len, &to[i])) {
            last = cell;
        } else {
            to[i] = 0;
            last.len = 0;
            refuse(cells, i, &cell, NULL);
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

static bool read_texts(struct cells *cells, struct er_vector *vector, uint32_t *to)
{
    for (size_t i = 0; i < cells->count; i++) {
        struct qn_csv_field cell = qn_csv_get(cells->csv, &cells->records[i], cells->field);
        bool added;
        if (cell.len == 0) {
            to[i] = 0;
            empty(cells, i, &cell, vector);
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
            refuse(cells, i, &cell, vector);
        }
    }
    return true;
}

static bool read_column(struct cells *cells, struct er_vector *vector)
{
    void *to = vector_extend(vector, cells->count);
    if (!to)
        return false;
    switch (vector->type) {
    case ER_TEXT:
        return read_texts(cells, vector, to);
    case ER_INT:
        read_integers(cells, vector, to);
        break;
    case ER_DATE:
        read_dates(cells, vector, to);
        break;
    case ER_STAMP:
        read_stamps(cells, vector, to);
        break;
    case ER_FLAG:
        read_flags(cells, vector, to);
        break;
    case ER_PRICE:
        if (vector->decimal) {
            read_integers(cells, vector, to);
            break;
        }
        read_reals(cells, vector, to);
        break;
    default:
        read_reals(cells, vector, to);
    }
    return !vector->valid.failed;
}

static bool read_role(struct cells *cells, enum er_role role)
{
    struct qn_buf *buf = &cells->table->roles[role];
    void *to = qn_buf_reserve(buf, cells->count * role_widths[role] + 1);
    if (!to)
        return false;
    buf->len += cells->count * role_widths[role];
    switch (role) {
    case ER_ROLE_DATE:
        read_dates(cells, NULL, to);
        break;
    case ER_ROLE_STAMP:
        read_stamps(cells, NULL, to);
        break;
    case ER_ROLE_FLAG:
        read_flags(cells, NULL, to);
        break;
    default:
        read_small(cells, to, role == ER_ROLE_HOUR ? er_read_hour : er_read_period);
    }
    return true;
}

/* ---- blocks --------------------------------------------------------------------------------- */

static bool is_blank(const struct qn_csv *csv, const struct qn_csv_record *record)
{
    return record->fields == 1 && qn_csv_get(csv, record, 0).len == 0;
}

static uint64_t lines_of(const struct qn_csv *csv, const struct qn_csv_record *record)
{
    const uint32_t *ends = (const uint32_t *)(const void *)csv->ends.data;
    const char *at = csv->text + record->start;
    const char *end = csv->text + ends[record->first + record->fields - 1];
    uint64_t lines = 1;
    while (csv->folded && (at = memchr(at, '\n', (size_t)(end - at)))) {
        lines++;
        at++;
    }
    return lines;
}

static void refuse_record(struct er_table *table, const struct er_block *block,
                          const struct qn_csv_record *record, uint64_t line, struct qn_buf *rejects)
{
    const struct qn_csv *csv = block->csv;
    const uint32_t *ends = (const uint32_t *)(const void *)csv->ends.data;
    uint32_t end = ends[record->first + record->fields - 1];
    struct er_reject reject = {.source = table->source,
                               .reason = ER_FIELD_COUNT,
                               .line = line,
                               .offset = block->offset + record->start,
                               .rows = 1,
                               .column = "",
                               .raw = csv->text + record->start,
                               .raw_len = end - record->start};
    er_reject_put(rejects, &reject);
}

static bool all_fit(const struct er_mapping *mapping, const struct er_block *block)
{
    const struct qn_csv_record *records =
        (const struct qn_csv_record *)(const void *)block->csv->records.data;
    bool fit = mapping->fields > 1; /* of a single field, blank lines are to be left out */
    for (size_t i = block->first; i < block->end; i++)
        fit &= records[i].fields == mapping->fields;
    return fit;
}

/* The records with the right number of fields go to `accepted`; the others are told. */
static bool sort_out(struct er_table *table, const struct er_mapping *mapping,
                     const struct er_block *block, struct qn_buf *rejects, struct er_tally *tally)
{
    const struct qn_csv_record *records =
        (const struct qn_csv_record *)(const void *)block->csv->records.data;
    uint64_t line = block->line;
    struct qn_csv_record *to = (struct qn_csv_record *)(void *)qn_buf_reserve(
        &table->accepted, (block->end - block->first + 1) * sizeof *to);
    if (!to)
        return false;
    for (size_t i = block->first; i < block->end; i++) {
        const struct qn_csv_record *record = &records[i];
        uint64_t at = line;
        line += lines_of(block->csv, record);
        if ((record->fields != mapping->fields || mapping->fields == 1) &&
            is_blank(block->csv, record))
            continue;
        if (record->fields == mapping->fields) {
            *to++ = *record;
            table->accepted.len += sizeof *to;
            continue;
        }
        refuse_record(table, block, record, at, rejects);
        tally->rows_in++;
        tally->rejected++;
    }
    return true;
}

/* The records that become rows, as many as *count. */
static const struct qn_csv_record *
take_records(struct er_table *table, const struct er_mapping *mapping, const struct er_block *block,
             struct qn_buf *rejects, struct er_tally *tally, size_t *count)
{
    qn_buf_clear(&table->accepted);
    if (all_fit(mapping, block)) {
        *count = block->end - block->first;
        return (const struct qn_csv_record *)(const void *)block->csv->records.data + block->first;
    }
    if (!sort_out(table, mapping, block, rejects, tally))
        return NULL;
    *count = table->accepted.len / sizeof(struct qn_csv_record);
    return (const struct qn_csv_record *)(const void *)table->accepted.data;
}

/* Notes where the rows stand in their member. */
static bool note_places(struct er_table *table, const struct er_block *block,
                        const struct qn_csv_record *records, size_t count)
{
    struct er_place *places =
        (struct er_place *)(void *)qn_buf_reserve(&table->places, count * sizeof *places);
    uint8_t *faults = qn_buf_reserve(&table->faults, count);
    if (!places || !faults)
        return false;
    const struct qn_csv_record *all =
        (const struct qn_csv_record *)(const void *)block->csv->records.data;
    uint64_t line = block->line;
    size_t k = block->first;
    for (size_t i = 0; i < count; i++) {
        while (all[k].start < records[i].start)
            line += lines_of(block->csv, &all[k++]);
        places[i] = (struct er_place){block->offset + records[i].start, line};
    }
    memset(faults, 0, count);
    table->places.len += count * sizeof *places;
    table->faults.len += count;
    return true;
}

static bool is_key(const struct er_dataset *dataset, size_t column)
{
    for (size_t k = 0; k < dataset->key_count; k++) {
        if (dataset->keys[k] == column)
            return true;
    }
    return false;
}

static bool fill_tag(struct er_vector *vector, const struct er_mapping *mapping, size_t n)
{
    bool added;
    uint32_t id = er_texts_id(&vector->texts, mapping->tag, (uint32_t)mapping->tag_len, &added);
    uint32_t *to = vector_extend(vector, n);
    for (size_t i = 0; to && i < n; i++)
        to[i] = id;
    return to && id != ER_NO_TEXT;
}

/* Columns that the file does not have. */
static bool fill_absent(struct er_table *table, const struct er_mapping *mapping, size_t n)
{
    for (size_t c = table->dataset->derived_count; c < table->column_count; c++) {
        struct er_vector *vector = &table->vectors[c];
        if (vector->values.len / er_width(vector->type) > table->rows)
            continue;
        bool tag = (int)c == table->dataset->tag && mapping->tag;
        if (!(tag ? fill_tag(vector, mapping, n) : vector_nulls(vector, n)))
            return false;
    }
    return true;
}

static bool read_fields(struct er_table *table, const struct er_mapping *mapping,
                        struct cells *cells)
{
    bool ok = true;
    for (uint32_t f = 0; f < mapping->fields && ok; f++) {
        int target = mapping->targets[f];
        cells->field = f;
        if (target <= ER_TARGET_ROLE) {
            cells->key = true;
            cells->column = table->dataset->roles[ER_TARGET_ROLE - target];
            ok = read_role(cells, (enum er_role)(ER_TARGET_ROLE - target));
        } else if (target >= 0) {
            cells->key = is_key(table->dataset, (size_t)target);
            cells->column = table->columns[target].name;
            ok = read_column(cells, &table->vectors[target]);
        }
    }
    return ok;
}

enum qn_status er_table_add(struct er_table *table, const struct er_mapping *mapping,
                            const struct er_block *block, struct qn_buf *rejects,
                            struct er_tally *tally, struct qn_error *err)
{
    struct cells cells = {
        .table = table, .csv = block->csv, .row = table->rows, .rejects = rejects, .tally = tally};
    cells.records = take_records(table, mapping, block, rejects, tally, &cells.count);
    if (cells.records && cells.count == 0)
        return QN_OK;
    bool ok = cells.records && note_places(table, block, cells.records, cells.count);
    tally->rows_in += ok ? cells.count : 0;
    ok = ok && read_fields(table, mapping, &cells);
    ok = ok && fill_absent(table, mapping, cells.count);
    uint32_t *sources =
        (uint32_t *)(void *)qn_buf_reserve(&table->sources, cells.count * sizeof *sources);
    if (!ok || !sources || rejects->failed)
        return qn_fail_memory(err, "the rows of a file", cells.count * 64);
    for (size_t i = 0; i < cells.count; i++)
        sources[i] = table->source;
    table->sources.len += cells.count * sizeof *sources;
    table->rows += cells.count;
    return QN_OK;
}

/* ---- taking rows out ------------------------------------------------------------------------ */

static void squeeze(uint8_t *values, const uint8_t *faults, uint64_t first, size_t n, size_t width)
{
    uint8_t *to = values + first * width;
    for (size_t i = 0; i < n; i++) {
        if (faults[i])
            continue;
        memmove(to, values + (first + i) * width, width);
        to += width;
    }
}

static void tell_faults(struct er_table *table, struct qn_buf *rejects, struct er_tally *tally)
{
    const struct er_place *places = (const struct er_place *)(const void *)table->places.data;
    for (size_t i = 0; i < table->faults.len; i++) {
        if (table->faults.data[i] <= ER_FINE + 1) /* fine, or told when it was read */
            continue;
        char text[64] = "";
        struct er_reject reject = {.source = table->source,
                                   .reason = (enum er_reason)table->faults.data[i],
                                   .line = places[i].line,
                                   .offset = places[i].offset,
                                   .rows = 1,
                                   .column = table->dataset->time == ER_TIME_STAMP
                                                 ? table->dataset->roles[ER_ROLE_STAMP]
                                                 : table->dataset->roles[ER_ROLE_HOUR],
                                   .raw = text};
        if (!reject.column)
            reject.column = table->dataset->roles[ER_ROLE_PERIOD];
        if (table->roles[ER_ROLE_HOUR].len > i)
            reject.raw_len = (size_t)snprintf(text, sizeof text, "%d",
                                              (int8_t)table->roles[ER_ROLE_HOUR].data[i]);
        er_reject_put(rejects, &reject);
        tally->rejected++;
    }
}

enum qn_status er_table_drop_faults(struct er_table *table, struct qn_buf *rejects,
                                    struct er_tally *tally, struct qn_error *err)
{
    if (table->fault_count == 0)
        return QN_OK;
    size_t n = (size_t)(table->rows - table->mark);
    tell_faults(table, rejects, tally);
    for (size_t c = 0; c < table->column_count; c++) {
        struct er_vector *vector = &table->vectors[c];
        squeeze(vector->values.data, table->faults.data, table->mark, n, er_width(vector->type));
        if (vector->valid.len > 0)
            squeeze(vector->valid.data, table->faults.data, table->mark, n, 1);
        vector_cut(vector, table->rows - table->fault_count);
    }
    table->rows -= table->fault_count;
    table->sources.len = table->rows * sizeof(uint32_t);
    table->fault_count = 0;
    return rejects->failed ? qn_fail_memory(err, "the list of rejects", rejects->len) : QN_OK;
}

void er_table_undo(struct er_table *table)
{
    for (size_t c = 0; c < table->column_count; c++)
        vector_cut(&table->vectors[c], table->mark);
    table->rows = table->mark;
    table->sources.len = table->rows * sizeof(uint32_t);
}
