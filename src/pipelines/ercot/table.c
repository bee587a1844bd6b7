/* Rows as a task gathers them: see table.h. */
#include "pipelines/ercot/table.h"

#include "base/sys.h"
#include "pipelines/ercot/fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
        er_vector_init(&table->vectors[c], dataset->columns[c].type, decimal);
    }
    return QN_OK;
}

static void drop_extra_columns(struct er_table *table)
{
    size_t own = table->dataset ? table->dataset->column_count : 0;
    for (size_t c = own; c < table->column_count; c++) {
        er_vector_release(&table->vectors[c]);
        free((void *)table->columns[c].name);
    }
    table->column_count = own;
}

void er_table_release(struct er_table *table)
{
    if (table->vectors && table->columns)
        drop_extra_columns(table);
    for (size_t c = 0; c < table->column_count; c++)
        er_vector_release(&table->vectors[c]);
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
    er_vector_init(&table->vectors[c], type, table->decimal);
    return er_vector_nulls(&table->vectors[c], (size_t)table->rows) ? (int)c : -1;
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
    uint32_t *to = er_vector_extend(vector, n);
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
        if (!(tag ? fill_tag(vector, mapping, n) : er_vector_nulls(vector, n)))
            return false;
    }
    return true;
}

static bool read_fields(struct er_table *table, const struct er_mapping *mapping,
                        struct er_fields *fields)
{
    bool ok = true;
    for (uint32_t f = 0; f < mapping->fields && ok; f++) {
        int target = mapping->targets[f];
        fields->field = f;
        if (target <= ER_TARGET_ROLE) {
            fields->key = true;
            fields->column = table->dataset->roles[ER_TARGET_ROLE - target];
            ok = er_read_role(fields, (enum er_role)(ER_TARGET_ROLE - target));
        } else if (target >= 0) {
            fields->key = is_key(table->dataset, (size_t)target);
            fields->column = table->columns[target].name;
            ok = er_read_column(fields, &table->vectors[target]);
        }
    }
    return ok;
}

enum qn_status er_table_add(struct er_table *table, const struct er_mapping *mapping,
                            const struct er_block *block, struct qn_buf *rejects,
                            struct er_tally *tally, struct qn_error *err)
{
    struct er_fields fields = {
        .table = table, .csv = block->csv, .row = table->rows, .rejects = rejects, .tally = tally};
    fields.records = take_records(table, mapping, block, rejects, tally, &fields.count);
    if (fields.records && fields.count == 0)
        return QN_OK;
    bool ok = fields.records && note_places(table, block, fields.records, fields.count);
    tally->rows_in += ok ? fields.count : 0;
    ok = ok && read_fields(table, mapping, &fields);
    ok = ok && fill_absent(table, mapping, fields.count);
    uint32_t *sources =
        (uint32_t *)(void *)qn_buf_reserve(&table->sources, fields.count * sizeof *sources);
    if (!ok || !sources || rejects->failed)
        return qn_fail_memory(err, "the rows of a file", fields.count * 64);
    for (size_t i = 0; i < fields.count; i++)
        sources[i] = table->source;
    table->sources.len += fields.count * sizeof *sources;
    table->rows += fields.count;
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
        er_vector_cut(vector, table->rows - table->fault_count);
    }
    table->rows -= table->fault_count;
    table->sources.len = table->rows * sizeof(uint32_t);
    table->fault_count = 0;
    return rejects->failed ? qn_fail_memory(err, "the list of rejects", rejects->len) : QN_OK;
}

void er_table_undo(struct er_table *table)
{
    for (size_t c = 0; c < table->column_count; c++)
        er_vector_cut(&table->vectors[c], table->mark);
    table->rows = table->mark;
    table->sources.len = table->rows * sizeof(uint32_t);
}
