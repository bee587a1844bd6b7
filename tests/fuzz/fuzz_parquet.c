/* Any bytes as a Parquet file: opened, every column of it checked by the verifier, its first rows
 * made into records. No input may crash the reader, take long, or more memory than the limits. */
#include "fuzz.h"

#include "format/parquet_record.h"
#include "pipelines/parquet/check.h"

#include <stdlib.h>
#include <string.h>

#define MAX_ROWS  100000
#define MAX_CELLS 2000

const char *const fuzz_words[] = {"PAR1", "\x15\x04", "\x19\x1c", "\x26\x08", "schema", NULL};

static const struct qn_parquet_limits limits = {8u << 20, 8u << 20};

static enum qn_status read_at(void *context, uint64_t offset, void *bytes, size_t len,
                              struct qn_error *err)
{
    const struct qn_buf *file = context;
    if (offset > file->len || len > file->len - offset)
        return qn_fail(err, QN_ERR_INPUT, "the file ends.");
    if (len > 0)
        memcpy(bytes, file->data + offset, len);
    return QN_OK;
}

static void read_records(struct qn_parquet_file *file, size_t group)
{
    struct qn_parquet_records *records;
    struct qn_buf cell = {0};
    bool null;
    uint32_t *columns = calloc(qn_parquet_node_count(file) + 1, sizeof *columns);
    size_t count = qn_parquet_top_columns(file, columns);
    enum qn_status status = qn_parquet_records_open(&records, file, group, columns, count, NULL);
    for (size_t row = 0;
         !status && row < qn_parquet_group_rows(file, group) && row * (count + 1) < MAX_CELLS;
         row++) {
        for (size_t c = 0; c < count && !status; c++) {
            qn_buf_clear(&cell);
            status = qn_parquet_records_cell(records, c, QN_PARQUET_JSON, &cell, &null, NULL);
        }
    }
    qn_parquet_records_close(records);
    qn_buf_release(&cell);
    free(columns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qn_buf bytes = {.data = (uint8_t *)(uintptr_t)data, .len = size};
    struct qn_opened opened = {.path = "mutant", .fd = -1};
    struct qn_parquet_source source = {
        .context = &bytes, .size = size, .read_at = read_at, .name = "mutant"};
    struct qn_check check = {.opened = &opened};
    if (qn_parquet_open_any(&opened.file, &source, &limits, QN_PARQUET_LENIENT, NULL))
        return 0;
    enum qn_status status = qn_check_file(&check, NULL);
    for (size_t g = 0; g < qn_parquet_groups(opened.file) && !status; g++) {
        if (qn_parquet_group_rows(opened.file, g) > MAX_ROWS)
            continue;
        for (size_t leaf = 0; leaf < qn_parquet_leaf_count(opened.file) && !status; leaf++)
            status = qn_check_chunk(&check, g, leaf, 0, NULL);
        if (!status)
            status = qn_check_order(&check, g, 0, NULL);
        read_records(opened.file, g);
    }
    qn_check_release(&check);
    qn_parquet_close(opened.file);
    return 0;
}
