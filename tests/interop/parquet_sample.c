/* Writes Parquet files whose values follow simple formulas of the row number, for other readers to
 * check: every type, with and without nulls, in every encoding that the type has.
 *
 *   parquet_sample DIRECTORY
 *
 * Row i of 25000 is null in an optional column where i % 7 == 3. Formulas: test_parquet_files.py.
 */
#include "base/io.h"
#include "format/parquet.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ROWS 25000u

static union {
    int8_t i8[ROWS];
    int16_t i16[ROWS];
    int32_t i32[ROWS];
    int64_t i64[ROWS];
    float f32[ROWS];
    double f64[ROWS];
    uint8_t bytes[ROWS * 16];
} room;
static char texts[ROWS * 100];
static uint32_t offsets[ROWS + 1];
static uint8_t valid[ROWS];

static size_t width_of(enum qn_parquet_type type)
{
    switch (type) {
    case QN_PQ_BOOLEAN:
    case QN_PQ_INT8:
    case QN_PQ_UINT8:
        return 1;
    case QN_PQ_INT16:
    case QN_PQ_UINT16:
        return 2;
    case QN_PQ_INT64:
    case QN_PQ_UINT64:
    case QN_PQ_TIMESTAMP_US_UTC:
    case QN_PQ_TIMESTAMP_US_LOCAL:
    case QN_PQ_DECIMAL64:
        return 8;
    default:
        return 4;
    }
}

static void fill_texts(void)
{
    size_t len = 0;
    for (uint32_t i = 0; i < ROWS; i++) {
        offsets[i] = (uint32_t)len;
        if (i % 10 == 0)
            len += (size_t)snprintf(texts + len, sizeof texts - len, "%070u \xc3\xa4",
                                    i); /* longer than statistics */
        else
            len += (size_t)snprintf(texts + len, sizeof texts - len, "name %u", i % 1000);
    }
    offsets[ROWS] = (uint32_t)len;
}

static const void *fill(enum qn_parquet_type type)
{
    size_t width = width_of(type);
    for (uint32_t i = 0; i < ROWS; i++) {
        int64_t integer = (int64_t)(i / 3) * (i % 2 ? 1 : -1);
        if (type == QN_PQ_FLOAT)
            room.f32[i] = i % 13 == 0 ? NAN : (float)i / 8;
        else if (type == QN_PQ_DOUBLE)
            room.f64[i] = i % 13 == 0 ? NAN : (double)i / 8;
        else if (type == QN_PQ_BOOLEAN)
            room.bytes[i] = i % 3 == 0;
        else if (type == QN_PQ_FIXED)
            snprintf((char *)room.bytes + (size_t)i * 8, 9, "%08u", i % 5000);
        else
            memcpy(room.bytes + i * width, &integer, width);
    }
    return type == QN_PQ_STRING || type == QN_PQ_BINARY ? (const void *)texts : room.bytes;
}

static enum qn_status write_table(const char *path, const struct qn_parquet_column *column,
                                  const struct qn_parquet_values *values, struct qn_error *err)
{
    struct qn_parquet_writer *writer = NULL;
    struct qn_parquet_footer *footer = NULL;
    struct qn_buf file = {0}, meta = {0};
    enum qn_status status = qn_parquet_writer_new(&writer, column, 1, NULL, err);
    if (!status)
        status = qn_parquet_footer_new(&footer, column, 1, err);
    qn_buf_append(&file, QN_PARQUET_MAGIC, 4);
    for (int g = 0; g < 2 && !status; g++) {
        uint64_t start = file.len;
        qn_buf_clear(&meta);
        status = qn_parquet_encode_group(writer, values, ROWS, &file, &meta, err);
        if (!status)
            status = qn_parquet_footer_group(footer, meta.data, meta.len, start, err);
    }
    if (!status)
        status = qn_parquet_footer_key_value(footer, "unit", "m", err);
    if (!status)
        status = qn_parquet_footer_finish(footer, file.len, &file, err);
    if (!status)
        status = qn_write_file(path, file.data, file.len, err);
    qn_parquet_footer_free(footer);
    qn_parquet_writer_free(writer);
    qn_buf_release(&file);
    qn_buf_release(&meta);
    return status;
}

int main(int argc, char **argv)
{
    static const char *const types[] = {"boolean", "int8",   "int16",     "int32",    "int64",
                                        "uint8",   "uint16", "uint32",    "uint64",   "float",
                                        "double",  "string", "binary",    "fixed",    "date",
                                        "utc",     "local",  "decimal32", "decimal64"};
    static const char *const encodings[] = {"auto", "plain", "dictionary", "delta", "split"};
    struct qn_error err = {0};
    if (argc != 2)
        return 2;
    fill_texts();
    for (uint32_t i = 0; i < ROWS; i++)
        valid[i] = i % 7 != 3;
    for (int t = 0; t < QN_PQ_TYPE_COUNT; t++) {
        for (int e = 0; e < 5; e++) {
            for (int nulls = 0; nulls < 2; nulls++) {
                char path[1024];
                struct qn_parquet_column column = {.name = "x",
                                                   .type = (enum qn_parquet_type)t,
                                                   .optional = nulls,
                                                   .length = 8,
                                                   .precision = t == QN_PQ_DECIMAL32 ? 9 : 18,
                                                   .scale = 2,
                                                   .encoding = (enum qn_parquet_encoding)e};
                struct qn_parquet_values values = {
                    .values = fill(column.type), .offsets = offsets, .valid = nulls ? valid : NULL};
                snprintf(path, sizeof path, "%s/%s-%s%s.parquet", argv[1], types[t], encodings[e],
                         nulls ? "-nulls" : "");
                if (write_table(path, &column, &values, &err)) {
                    fprintf(stderr, "%s\n", err.message);
                    return 1;
                }
            }
        }
    }
    return 0;
}
