/* Any bytes as a Parquet file: opened, every column of it checked by the verifier, its first rows
 * made into records, its row groups carried over and written anew. No input may crash the reader,
 * take long, or more memory than the limits; and what is written anew verifies without errors. */
#include "fuzz.h"

#include "format/parquet/carry.h"
#include "format/parquet/record.h"
#include "pipelines/parquet/check.h"
#include "pipelines/parquet/gather.h"

#include <stdio.h>
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

static struct qn_parquet_source source_of(struct qn_buf *bytes)
{
    return (struct qn_parquet_source){
        .context = bytes, .size = bytes->len, .read_at = read_at, .name = "mutant"};
}

static enum qn_status check(struct qn_parquet_file *file, struct qn_check *check)
{
    struct qn_opened opened = {.path = "mutant", .fd = -1, .file = file};
    check->opened = &opened;
    enum qn_status status = qn_check_file(check, NULL);
    for (size_t g = 0; g < qn_parquet_groups(file) && !status; g++) {
        if (qn_parquet_group_rows(file, g) > MAX_ROWS)
            continue;
        for (size_t leaf = 0; leaf < qn_parquet_leaf_count(file) && !status; leaf++)
            status = qn_check_chunk(check, g, leaf, 0, NULL);
        if (!status)
            status = qn_check_order(check, g, 0, NULL);
    }
    return status;
}

/* What must not fail: only memory may be short. */
static bool done(const char *what, enum qn_status status, const struct qn_error *err)
{
    if (status && status != QN_ERR_MEMORY) {
        fprintf(stderr, "%s: %s\n", what, err->message);
        abort();
    }
    return !status;
}

static enum qn_status write_group(struct qn_parquet_file *file, size_t group,
                                  struct qn_parquet_writer *writer,
                                  struct qn_parquet_footer *footer, struct qn_buf *out)
{
    struct qn_gathered gathered;
    struct qn_tap tap = {.scan = NULL};
    struct qn_buf meta = {0};
    uint64_t rows = qn_parquet_group_rows(file, group);
    size_t start = out->len;
    enum qn_status status = QN_OK;
    qn_parquet_group_begin(writer, rows, &meta);
    for (size_t leaf = 0; leaf < qn_parquet_leaf_count(file) && !status; leaf++) {
        qn_gathered_init(&gathered, qn_parquet_leaf(file, leaf));
        status = qn_tap_open(&tap, file, group, leaf, NULL);
        if (!status)
            status = qn_tap_rows(&tap, rows, NULL, &gathered, NULL);
        struct qn_parquet_entries entries = qn_gathered_entries(&gathered);
        if (!status && qn_gathered_failed(&gathered))
            status = QN_ERR_MEMORY;
        if (!status)
            status =
                qn_parquet_group_entries(writer, leaf, &entries, rows, start, out, &meta, NULL);
        qn_tap_close(&tap);
        qn_gathered_release(&gathered);
    }
    if (!status)
        status = qn_parquet_footer_group(footer, meta.data, meta.len, start, NULL);
    else
        out->len = start;
    qn_buf_release(&meta);
    return status;
}

/* What was written must open and verify without errors. */
static void check_written(struct qn_buf *out)
{
    struct qn_parquet_source source = source_of(out);
    struct qn_parquet_file *file;
    struct qn_check result = {.file = 0};
    struct qn_error err = {.offset = -1};
    enum qn_status status = qn_parquet_open_any(&file, &source, NULL, QN_PARQUET_STRICT, &err);
    if (!done("what was written", status, &err))
        return;
    status = check(file, &result);
    struct qn_cursor findings = {.data = result.findings.data, .len = result.findings.len};
    struct qn_finding finding;
    while (!status && findings.at < findings.len && qn_finding_get(&findings, &finding)) {
        if (qn_finding_infos[finding.kind].severity != QN_FOUND_ERROR)
            continue;
        fprintf(stderr, "%s: %s: %s\n", qn_finding_infos[finding.kind].code, finding.column,
                finding.message);
        abort();
    }
    qn_check_release(&result);
    qn_parquet_close(file);
}

/* The groups that can be read whole, written anew. */
static void rewrite(struct qn_parquet_file *file)
{
    struct qn_parquet_writer *writer = NULL;
    struct qn_parquet_footer *footer = NULL;
    struct qn_buf out = {0};
    struct qn_error err = {.offset = -1};
    uint32_t *columns = calloc(qn_parquet_node_count(file) + 1, sizeof *columns);
    size_t count = qn_parquet_top_columns(file, columns);
    struct qn_parquet_options options = {
        .codec = PQ_UNCOMPRESSED, .page_rows = 100, .dictionary_bytes = 1u << 16};
    enum qn_status status = qn_parquet_writer_like(&writer, file, columns, count, &options, &err);
    if (!status)
        status = qn_parquet_footer_like(&footer, file, columns, count, &err);
    bool ready = done("a schema that was read can be written", status, &err);
    for (size_t leaf = 0; ready && leaf < qn_parquet_leaf_count(file); leaf++)
        qn_parquet_writer_bloom(writer, leaf);
    qn_buf_append(&out, QN_PARQUET_MAGIC, 4);
    for (size_t g = 0; ready && g < qn_parquet_groups(file); g++) {
        uint64_t rows = qn_parquet_group_rows(file, g);
        if (rows > 0 && rows < MAX_ROWS)
            write_group(file, g, writer, footer, &out);
    }
    if (ready && done("footer", qn_parquet_footer_finish(footer, out.len, &out, &err), &err))
        check_written(&out);
    qn_parquet_writer_free(writer);
    qn_parquet_footer_free(footer);
    qn_buf_release(&out);
    free(columns);
}

/* Groups carried over, as merging does; their bytes stay where they are. */
static void carry(struct qn_parquet_file *file)
{
    struct qn_parquet_carrier *carrier;
    struct qn_buf pieces = {0}, footer = {0};
    struct qn_error err = {.offset = -1};
    if (!done("carrier", qn_parquet_carrier_new(&carrier, file, &err), &err))
        return;
    for (size_t g = 0; g < qn_parquet_groups(file); g++)
        qn_parquet_carry(carrier, file, g, 4, &pieces, NULL);
    qn_parquet_carrier_finish(carrier, 1000, &footer, NULL);
    qn_parquet_carrier_free(carrier);
    qn_buf_release(&pieces);
    qn_buf_release(&footer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qn_buf bytes = {.data = (uint8_t *)(uintptr_t)data, .len = size};
    struct qn_parquet_source source = source_of(&bytes);
    struct qn_parquet_file *file;
    struct qn_check findings = {.file = 0};
    if (qn_parquet_open_any(&file, &source, &limits, QN_PARQUET_LENIENT, NULL))
        return 0;
    check(file, &findings);
    qn_check_release(&findings);
    for (size_t g = 0; g < qn_parquet_groups(file); g++) {
        if (qn_parquet_group_rows(file, g) <= MAX_ROWS)
            read_records(file, g);
    }
    qn_parquet_close(file);
    if (qn_parquet_open_any(&file, &source, &limits, QN_PARQUET_STRICT, NULL))
        return 0;
    carry(file);
    rewrite(file);
    qn_parquet_close(file);
    return 0;
}
