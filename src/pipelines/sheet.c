/* Tables of a dataset: see sheet.h. */
#include "pipelines/sheet.h"

#include <string.h>

#define GROUP_ROWS (1u << 18)

enum qn_status qn_sheet_open(struct qn_sheet *sheet, struct qn_glue *glue, const char *path,
                             const struct qn_parquet_column *columns, size_t column_count,
                             struct qn_error *err)
{
    *sheet = (struct qn_sheet){.columns = columns, .column_count = column_count};
    enum qn_status status = qn_parquet_writer_new(&sheet->writer, columns, column_count, NULL, err);
    if (!status)
        status = qn_parquet_footer_new(&sheet->footer, columns, column_count, err);
    if (!status)
        status = qn_glue_create(glue, path, &sheet->file, err);
    return status ? status : qn_output_write(sheet->file, QN_PARQUET_MAGIC, 4, err);
}

static bool is_text(const struct qn_sheet *sheet, size_t column)
{
    return sheet->columns[column].type == QN_PQ_STRING;
}

static void put(struct qn_sheet *sheet, size_t column, const void *bytes, size_t len, bool valid)
{
    qn_buf_append(&sheet->values[column], bytes, len);
    qn_buf_u8(&sheet->valid[column], valid);
    if (is_text(sheet, column)) {
        if (sheet->offsets[column].len == 0)
            qn_buf_u32(&sheet->offsets[column], 0);
        qn_buf_u32(&sheet->offsets[column], (uint32_t)sheet->values[column].len);
    }
}

void qn_sheet_text(struct qn_sheet *sheet, size_t column, const char *text)
{
    put(sheet, column, text, text ? strlen(text) : 0, text != NULL);
}

void qn_sheet_bytes(struct qn_sheet *sheet, size_t column, const void *text, size_t len)
{
    put(sheet, column, text, len, true);
}

static bool is_narrow(const struct qn_sheet *sheet, size_t column)
{
    enum qn_parquet_type type = sheet->columns[column].type;
    return type == QN_PQ_DATE || type == QN_PQ_INT32;
}

void qn_sheet_int(struct qn_sheet *sheet, size_t column, int64_t value)
{
    int32_t narrow = (int32_t)value;
    if (is_narrow(sheet, column))
        put(sheet, column, &narrow, sizeof narrow, true);
    else
        put(sheet, column, &value, sizeof value, true);
}

void qn_sheet_null(struct qn_sheet *sheet, size_t column)
{
    static const uint8_t zeros[8];
    size_t len = is_text(sheet, column) ? 0 : is_narrow(sheet, column) ? 4 : 8;
    put(sheet, column, zeros, len, false);
}

static enum qn_status write_rows(struct qn_sheet *sheet, struct qn_error *err)
{
    struct qn_parquet_values values[QN_SHEET_COLUMNS] = {0};
    bool failed = false;
    for (size_t c = 0; c < sheet->column_count; c++) {
        qn_buf_reserve(&sheet->values[c], 1);
        values[c].values = sheet->values[c].data;
        values[c].offsets =
            is_text(sheet, c) ? (const uint32_t *)(const void *)sheet->offsets[c].data : NULL;
        values[c].valid = sheet->columns[c].optional ? sheet->valid[c].data : NULL;
        failed |= sheet->values[c].failed || sheet->offsets[c].failed || sheet->valid[c].failed;
    }
    if (failed)
        return qn_fail_memory(err, "a table", sheet->rows * 64);
    qn_buf_clear(&sheet->bytes);
    qn_buf_clear(&sheet->meta);
    enum qn_status status = qn_parquet_encode_group(sheet->writer, values, sheet->rows,
                                                    &sheet->bytes, &sheet->meta, err);
    if (!status)
        status = qn_parquet_footer_group(sheet->footer, sheet->meta.data, sheet->meta.len,
                                         qn_output_tell(sheet->file), err);
    if (!status)
        status = qn_output_write(sheet->file, sheet->bytes.data, sheet->bytes.len, err);
    for (size_t c = 0; c < sheet->column_count; c++) {
        qn_buf_clear(&sheet->values[c]);
        qn_buf_clear(&sheet->offsets[c]);
        qn_buf_clear(&sheet->valid[c]);
    }
    sheet->rows = 0;
    return status;
}

enum qn_status qn_sheet_row(struct qn_sheet *sheet, struct qn_error *err)
{
    return ++sheet->rows < GROUP_ROWS ? QN_OK : write_rows(sheet, err);
}

enum qn_status qn_sheet_finish(struct qn_sheet *sheet, struct qn_error *err)
{
    enum qn_status status = sheet->rows > 0 ? write_rows(sheet, err) : QN_OK;
    qn_buf_clear(&sheet->bytes);
    if (!status)
        status = qn_parquet_footer_finish(sheet->footer, qn_output_tell(sheet->file), &sheet->bytes,
                                          err);
    if (!status)
        status = qn_output_write(sheet->file, sheet->bytes.data, sheet->bytes.len, err);
    if (!status) {
        status = qn_output_commit(sheet->file, err);
        sheet->file = NULL;
    }
    return status;
}

void qn_sheet_release(struct qn_sheet *sheet)
{
    qn_output_discard(sheet->file);
    qn_parquet_writer_free(sheet->writer);
    qn_parquet_footer_free(sheet->footer);
    for (size_t c = 0; c < QN_SHEET_COLUMNS; c++) {
        qn_buf_release(&sheet->values[c]);
        qn_buf_release(&sheet->offsets[c]);
        qn_buf_release(&sheet->valid[c]);
    }
    qn_buf_release(&sheet->bytes);
    qn_buf_release(&sheet->meta);
}
