/* Rows and their text: see rows.h. CSV follows RFC 4180 with LF: a null is empty, an empty text is
 * "". */
#include "pipelines/parquet/rows.h"

#include "base/utf8.h"
#include "format/text/csv.h"

#include <string.h>

#define WIDEST 40u /* characters of a cell of a table */

/* ---- walking -------------------------------------------------------------------------------- */

void qn_rows_of_start(struct qn_rows_of *rows, const struct qn_opened *opened,
                      const uint32_t *columns, size_t column_count)
{
    *rows = (struct qn_rows_of){.opened = opened, .columns = columns, .column_count = column_count};
}

void qn_rows_of_end(struct qn_rows_of *rows)
{
    qn_parquet_records_close(rows->records);
    rows->records = NULL;
}

enum qn_status qn_rows_of_next(struct qn_rows_of *rows, bool *more, struct qn_error *err)
{
    struct qn_parquet_file *file = rows->opened->file;
    while (rows->left == 0) {
        qn_rows_of_end(rows);
        *more = rows->group < qn_parquet_groups(file);
        if (!*more)
            return QN_OK;
        rows->left = qn_parquet_group_rows(file, rows->group);
        enum qn_status status = qn_parquet_records_open(&rows->records, file, rows->group++,
                                                        rows->columns, rows->column_count, err);
        if (status)
            return status;
    }
    *more = true;
    rows->left--;
    return QN_OK;
}

/* ---- CSV and JSON lines --------------------------------------------------------------------- */

/* A null is an empty cell, an empty text is two quotes. */
static void put_csv(struct qn_buf *out, const char *text, size_t len, bool null)
{
    if (len == 0 && !null)
        qn_buf_append(out, "\"\"", 2);
    else
        qn_csv_put(out, text, len);
}

static const char *name_of(const struct qn_text_rows *text, size_t column)
{
    return qn_parquet_node(text->opened->file, text->columns[column])->name;
}

void qn_text_head(struct qn_text_rows *text, struct qn_buf *out)
{
    for (size_t c = 0; text->format == QN_ROWS_CSV && c < text->column_count; c++) {
        if (c > 0)
            qn_buf_u8(out, ',');
        put_csv(out, name_of(text, c), strlen(name_of(text, c)), false);
    }
    if (text->format == QN_ROWS_CSV)
        qn_buf_u8(out, '\n');
}

static void put_cell(struct qn_text_rows *text, size_t column, bool null, struct qn_buf *out)
{
    const char *cell = (const char *)text->cell.data;
    if (text->format == QN_ROWS_JSON) {
        qn_buf_u8(out, column ? ',' : '{');
        qn_parquet_put_json_text(out, name_of(text, column), strlen(name_of(text, column)));
        qn_buf_u8(out, ':');
        qn_buf_append(out, cell, text->cell.len);
    } else if (text->format == QN_ROWS_CSV) {
        if (column > 0)
            qn_buf_u8(out, ',');
        put_csv(out, cell, text->cell.len, null);
    } else {
        size_t place = text->cells.len;
        qn_buf_u32(&text->cells, 0);
        if (null)
            qn_buf_append(&text->cells, "null", 4);
        else
            qn_utf8_clean(&text->cells, cell, text->cell.len < 200 ? text->cell.len : 200);
        if (text->cells.failed)
            return;
        uint32_t len = (uint32_t)(text->cells.len - place - sizeof len);
        for (uint32_t i = 0; i < len; i++) {
            uint8_t *c = text->cells.data + place + sizeof len + i;
            *c = *c == '\n' || *c == '\t' ? ' ' : *c;
        }
        memcpy(text->cells.data + place, &len, sizeof len);
    }
}

enum qn_status qn_text_row(struct qn_text_rows *text, struct qn_parquet_records *records,
                           struct qn_buf *out, struct qn_error *err)
{
    enum qn_parquet_style style = text->format == QN_ROWS_JSON ? QN_PARQUET_JSON : QN_PARQUET_PLAIN;
    for (size_t c = 0; c < text->column_count; c++) {
        bool null;
        qn_buf_rewind(&text->cell);
        enum qn_status status = qn_parquet_records_cell(records, c, style, &text->cell, &null, err);
        if (status)
            return status;
        put_cell(text, c, null, out);
    }
    if (text->format == QN_ROWS_JSON)
        qn_buf_append(out, text->column_count ? "}" : "{}", text->column_count ? 1 : 2);
    if (text->format != QN_ROWS_TABLE)
        qn_buf_u8(out, '\n');
    text->row_count++;
    bool failed = out->failed || text->cell.failed || text->cells.failed;
    return failed ? qn_fail_memory(err, "a row", text->cell.len) : QN_OK;
}

/* ---- tables --------------------------------------------------------------------------------- */

static size_t characters(const char *text, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += ((uint8_t)text[i] & 0xc0) != 0x80;
    return count;
}

/* The first WIDEST characters, padded to `width`; numbers stand right. */
static void put_padded(struct qn_buf *out, const char *text, size_t len, size_t width, bool right)
{
    size_t shown = 0, bytes = 0;
    while (bytes < len && (shown < WIDEST || ((uint8_t)text[bytes] & 0xc0) == 0x80))
        shown += ((uint8_t)text[bytes++] & 0xc0) != 0x80;
    for (size_t i = shown; right && i < width; i++)
        qn_buf_u8(out, ' ');
    qn_utf8_clean(out, text, bytes); /* tables are read on terminals */
    for (size_t i = shown; !right && i < width; i++)
        qn_buf_u8(out, ' ');
}

static bool stands_right(const struct qn_text_rows *text, size_t column)
{
    const struct qn_parquet_node *node = qn_parquet_node(text->opened->file, text->columns[column]);
    return node->is_leaf && node->max_rep == 0 &&
           (node->meaning == QN_PQ_MEANS_NOTHING || node->meaning == QN_PQ_MEANS_INTEGER ||
            node->meaning == QN_PQ_MEANS_DECIMAL || node->meaning == QN_PQ_MEANS_FLOAT16) &&
           node->physical != PQ_BOOLEAN && node->physical != PQ_INT96;
}

static void measure(const struct qn_text_rows *text, size_t *widths)
{
    struct qn_cursor in = {.data = text->cells.data, .len = text->cells.len};
    for (size_t c = 0; c < text->column_count; c++) {
        size_t wide = characters(name_of(text, c), strlen(name_of(text, c)));
        widths[c] = wide < WIDEST ? wide : WIDEST;
    }
    for (size_t i = 0; i < text->row_count * text->column_count; i++) {
        uint32_t len = qn_cursor_u32(&in);
        const char *cell = (const char *)qn_cursor_bytes(&in, len);
        size_t wide = cell ? characters(cell, len) : 0;
        wide = wide < WIDEST ? wide : WIDEST;
        size_t *width = &widths[i % text->column_count];
        *width = wide > *width ? wide : *width;
    }
}

void qn_text_end(struct qn_text_rows *text, struct qn_buf *out)
{
    struct qn_buf room = {0};
    size_t columns = text->column_count;
    if (text->format != QN_ROWS_TABLE)
        return;
    size_t *widths = (size_t *)(void *)qn_buf_reserve(&room, (columns + 1) * sizeof *widths);
    if (!widths) {
        out->failed = true;
        return;
    }
    measure(text, widths);
    for (size_t c = 0; c < columns; c++) {
        const char *name = name_of(text, c);
        qn_buf_append(out, "  ", c ? 2 : 0);
        bool right = stands_right(text, c), last = c + 1 == columns;
        put_padded(out, name, strlen(name), last && !right ? 0 : widths[c], right);
    }
    qn_buf_u8(out, '\n');
    struct qn_cursor in = {.data = text->cells.data, .len = text->cells.len};
    for (size_t i = 0; i < text->row_count * columns; i++) {
        size_t c = i % columns;
        uint32_t len = qn_cursor_u32(&in);
        const char *cell = (const char *)qn_cursor_bytes(&in, len);
        qn_buf_append(out, "  ", c ? 2 : 0);
        bool right = stands_right(text, c), last = c + 1 == columns;
        put_padded(out, cell, len, last && !right ? 0 : widths[c], right);
        if (last)
            qn_buf_u8(out, '\n');
    }
    qn_buf_release(&room);
}

void qn_text_release(struct qn_text_rows *text)
{
    qn_buf_release(&text->line);
    qn_buf_release(&text->cell);
    qn_buf_release(&text->cells);
}
