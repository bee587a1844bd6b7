/* `quern parquet rewrite`: encodes a file anew, sorted if wanted, and says what was gained. */
#include "pipelines/parquet/tools.h"

#include "base/sys.h"
#include "pipelines/parquet/pack.h"
#include "pipelines/parquet/sort.h"
#include "render/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct features { /* what a file offers to readers */
    uint64_t bytes, rows;
    size_t groups, chunks;
    size_t statistics, nulls, column_index, offset_index, bloom, checksums, sorted;
};

/* Whether the first page of a chunk has a checksum. */
static bool has_crc(struct qn_parquet_file *file, size_t group, size_t leaf)
{
    struct qn_parquet_scan *scan;
    struct qn_parquet_batch batch = {0};
    bool has = false;
    if (!qn_parquet_scan_open(&scan, file, group, leaf, NULL))
        has = !qn_parquet_scan_next(scan, &batch, NULL) && batch.count > 0 && batch.page->has_crc;
    qn_parquet_scan_close(scan);
    return has;
}

static void describe(struct qn_opened *opened, struct features *features)
{
    struct qn_parquet_file *file = opened->file;
    struct qn_parquet_sorting sorting;
    *features = (struct features){.bytes = qn_parquet_about(file).size,
                                  .rows = qn_parquet_rows(file),
                                  .groups = qn_parquet_groups(file)};
    for (size_t g = 0; g < features->groups; g++) {
        features->sorted += qn_parquet_group_sorting(file, g, &sorting, 1);
        for (size_t leaf = 0; leaf < qn_parquet_leaf_count(file); leaf++) {
            struct qn_parquet_chunk chunk;
            if (qn_parquet_chunk(file, g, leaf, &chunk, NULL))
                continue;
            features->chunks++;
            features->statistics += chunk.stats.min.data && chunk.stats.max.data;
            features->nulls += chunk.stats.nulls >= 0;
            features->column_index += chunk.column_index > 0;
            features->offset_index += chunk.offset_index > 0;
            features->bloom += chunk.bloom > 0;
            features->checksums += g == 0 && has_crc(file, g, leaf);
        }
    }
}

static const char *share(size_t part, size_t of)
{
    return part == 0 ? "no" : part == of ? "all" : "some";
}

static void tell(const struct features *a, const struct features *b, size_t leaves)
{
    char before[QN_UNITS_TEXT], after[QN_UNITS_TEXT];
    const struct {
        const char *what;
        const char *before, *after;
    } lines[] = {
        {"bounds", share(a->statistics, a->chunks), share(b->statistics, b->chunks)},
        {"null counts", share(a->nulls, a->chunks), share(b->nulls, b->chunks)},
        {"column index", share(a->column_index, a->chunks), share(b->column_index, b->chunks)},
        {"offset index", share(a->offset_index, a->chunks), share(b->offset_index, b->chunks)},
        {"bloom filters", share(a->bloom, a->chunks), share(b->bloom, b->chunks)},
        {"checksums", share(a->checksums, leaves), share(b->checksums, leaves)},
        {"order declared", share(a->sorted, a->groups), share(b->sorted, b->groups)}};
    double gain = a->bytes ? 100.0 * (1 - (double)b->bytes / (double)a->bytes) : 0;
    fprintf(stdout, "%-16s%12s%12s  %.1f %% %s\n", "size", qn_units_bytes(a->bytes, before),
            qn_units_bytes(b->bytes, after), gain < 0 ? -gain : gain,
            gain < 0 ? "larger" : "smaller");
    fprintf(stdout, "%-16s%12zu%12zu\n", "row groups", a->groups, b->groups);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        fprintf(stdout, "%-16s%12s%12s\n", lines[i].what, lines[i].before, lines[i].after);
}

/* Places of the sort keys among the columns chosen. */
static enum qn_status find_keys(const struct qn_opened *opened, const struct qn_options *options,
                                const uint32_t *columns, size_t count, uint32_t *keys,
                                size_t *key_count, struct qn_error *err)
{
    char type[96];
    enum qn_status status = QN_OK;
    *key_count = qn_option_count(options, "sort");
    if (*key_count > QN_MAX_SORT)
        return qn_fail(err, QN_ERR_USAGE, "--sort takes at most %u columns.", QN_MAX_SORT);
    for (size_t k = 0; k < *key_count && !status; k++) {
        uint32_t node;
        status = qn_column_by_name(opened, qn_option_item(options, "sort", k), &node, err);
        if (status)
            break;
        keys[k] = UINT32_MAX;
        for (size_t c = 0; c < count; c++)
            keys[k] = columns[c] == node ? (uint32_t)c : keys[k];
        const struct qn_parquet_node *key = qn_parquet_node(opened->file, node);
        if (keys[k] == UINT32_MAX)
            status =
                qn_fail(err, QN_ERR_USAGE,
                        "column '%s' cannot be sorted by: it is not among --columns.", key->name);
        else if (!key->is_leaf || key->max_rep > 0 || qn_parquet_order(key) == QN_PQ_ORDER_NONE)
            status = qn_fail(err, QN_ERR_USAGE,
                             "column '%s' cannot be sorted by: values of its type, %s, have no "
                             "order.",
                             key->name, qn_parquet_type_text(key, type, sizeof type));
    }
    return status;
}

static enum qn_status rewrite(struct qn_opened *opened, const char *output,
                              const struct qn_options *options, struct qn_error *err)
{
    struct qn_pack *pack = NULL;
    struct qn_pack_options how;
    uint32_t keys[QN_MAX_SORT];
    size_t count, room = qn_parquet_node_count(opened->file) + 1;
    enum qn_status status = qn_pack_options_read(&how, options, err);
    if (status)
        return status;
    uint32_t *columns = qn_sys.calloc(room, sizeof *columns);
    if (!columns)
        return qn_fail_memory(err, "columns", room * sizeof *columns);
    status = qn_choose_columns(opened, options, "columns", columns, &count, err);
    if (!status)
        status = find_keys(opened, options, columns, count, keys, &how.sorted_count, err);
    how.sorted = keys;
    if (!status)
        status = qn_pack_new(&pack, output, opened, columns, count, &how, err);
    if (!status)
        status = qn_pack_file(pack, opened, columns, err);
    if (!status)
        status = qn_pack_finish(pack, err);
    qn_pack_free(pack);
    free(columns);
    return status;
}

enum qn_status qn_tool_rewrite(const struct qn_options *options, struct qn_error *err)
{
    const char *path, *output = qn_option_string(options, "output");
    struct qn_opened from, to;
    struct features before, after;
    enum qn_status status = qn_only_input(options, &path, err);
    if (!status && !output)
        status = qn_fail(err, QN_ERR_USAGE, "where to? Name the file to write: -o FILE.");
    if (!status)
        status = qn_opened_open(&from, path, QN_PARQUET_STRICT, err);
    if (status)
        return status;
    status = rewrite(&from, output, options, err);
    describe(&from, &before);
    if (!status)
        status = qn_opened_open(&to, output, QN_PARQUET_STRICT, err);
    if (!status) {
        describe(&to, &after);
        tell(&before, &after, qn_parquet_leaf_count(to.file));
        qn_opened_close(&to);
    }
    qn_opened_close(&from);
    return status;
}
