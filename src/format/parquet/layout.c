/* Columns to be written: see layout.h. Field numbers: apache/parquet-format,
 * parquet.thrift, struct SchemaElement. */
#include "format/parquet/layout.h"

#include "base/sys.h"
#include "format/parquet/file.h"

#include <stdlib.h>
#include <string.h>

struct type { /* of a table's column */
    enum pq_physical physical;
    uint8_t native_bytes; /* of a value as the caller gives it; 0: varies */
    enum qn_parquet_meaning meaning;
    int8_t bits;      /* INTEGER: width; negative: unsigned */
    int8_t converted; /* ConvertedType, -1: none */
    int8_t logical;   /* field of the LogicalType union, 0: none */
};

static const struct type types[QN_PQ_TYPE_COUNT] = {
    [QN_PQ_BOOLEAN] = {PQ_BOOLEAN, 1, QN_PQ_MEANS_NOTHING, 0, -1, 0},
    [QN_PQ_INT8] = {PQ_INT32, 1, QN_PQ_MEANS_INTEGER, 8, 15, 10},
    [QN_PQ_INT16] = {PQ_INT32, 2, QN_PQ_MEANS_INTEGER, 16, 16, 10},
    [QN_PQ_INT32] = {PQ_INT32, 4, QN_PQ_MEANS_NOTHING, 0, -1, 0},
    [QN_PQ_INT64] = {PQ_INT64, 8, QN_PQ_MEANS_NOTHING, 0, -1, 0},
    [QN_PQ_UINT8] = {PQ_INT32, 1, QN_PQ_MEANS_INTEGER, -8, 11, 10},
    [QN_PQ_UINT16] = {PQ_INT32, 2, QN_PQ_MEANS_INTEGER, -16, 12, 10},
    [QN_PQ_UINT32] = {PQ_INT32, 4, QN_PQ_MEANS_INTEGER, -32, 13, 10},
    [QN_PQ_UINT64] = {PQ_INT64, 8, QN_PQ_MEANS_INTEGER, -64, 14, 10},
    [QN_PQ_FLOAT] = {PQ_FLOAT, 4, QN_PQ_MEANS_NOTHING, 0, -1, 0},
    [QN_PQ_DOUBLE] = {PQ_DOUBLE, 8, QN_PQ_MEANS_NOTHING, 0, -1, 0},
    [QN_PQ_STRING] = {PQ_BYTE_ARRAY, 0, QN_PQ_MEANS_STRING, 0, 0, 1},
    [QN_PQ_BINARY] = {PQ_BYTE_ARRAY, 0, QN_PQ_MEANS_NOTHING, 0, -1, 0},
    [QN_PQ_FIXED] = {PQ_FIXED, 0, QN_PQ_MEANS_NOTHING, 0, -1, 0},
    [QN_PQ_DATE] = {PQ_INT32, 4, QN_PQ_MEANS_DATE, 0, 6, 6},
    [QN_PQ_TIMESTAMP_US_UTC] = {PQ_INT64, 8, QN_PQ_MEANS_TIMESTAMP, 0, 10, 8},
    [QN_PQ_TIMESTAMP_US_LOCAL] = {PQ_INT64, 8, QN_PQ_MEANS_TIMESTAMP, 0, 10, 8},
    [QN_PQ_DECIMAL32] = {PQ_INT32, 4, QN_PQ_MEANS_DECIMAL, 0, 5, 5},
    [QN_PQ_DECIMAL64] = {PQ_INT64, 8, QN_PQ_MEANS_DECIMAL, 0, 5, 5},
};

/* ---- leaves --------------------------------------------------------------------------------- */

static struct pq_leaf leaf_of_node(const struct qn_parquet_node *node)
{
    return (struct pq_leaf){.physical = node->physical,
                            .order = qn_parquet_order(node),
                            .width = qn_parquet_width(node),
                            .native = qn_parquet_width(node),
                            .utf8 = node->meaning == QN_PQ_MEANS_STRING ||
                                    node->meaning == QN_PQ_MEANS_ENUM ||
                                    node->meaning == QN_PQ_MEANS_JSON,
                            .max_def = node->max_def,
                            .max_rep = node->max_rep,
                            .encoding = QN_PQ_AUTO};
}

struct pq_leaf pq_leaf_of_column(const struct qn_parquet_column *column)
{
    const struct type *type = &types[column->type];
    const struct qn_parquet_node node = {.physical = type->physical,
                                         .length = column->length,
                                         .meaning = type->meaning,
                                         .bits = type->bits,
                                         .max_def = column->optional};
    struct pq_leaf leaf = leaf_of_node(&node);
    leaf.native = column->type == QN_PQ_FIXED ? column->length : type->native_bytes;
    leaf.native_unsigned = type->bits < 0;
    leaf.encoding = column->encoding;
    leaf.bloom = column->bloom && qn_parquet_may_bloom(leaf.order);
    return leaf;
}

/* ---- the schema of a table ------------------------------------------------------------------ */

static void put_logical_type(struct qn_thrift_writer *w, const struct qn_parquet_column *column)
{
    const struct type *type = &types[column->type];
    if (type->logical == 0)
        return;
    qn_thrift_struct(w, 10);
    qn_thrift_struct(w, type->logical);
    if (type->meaning == QN_PQ_MEANS_DECIMAL) {
        qn_thrift_i32(w, 1, column->scale);
        qn_thrift_i32(w, 2, column->precision);
    } else if (type->meaning == QN_PQ_MEANS_TIMESTAMP) { /* in microseconds */
        qn_thrift_bool(w, 1, column->type == QN_PQ_TIMESTAMP_US_UTC);
        qn_thrift_struct(w, 2);
        qn_thrift_struct(w, 2);
        qn_thrift_end(w);
        qn_thrift_end(w);
    } else if (type->meaning == QN_PQ_MEANS_INTEGER) {
        qn_thrift_i8(w, 1, (int8_t)abs(type->bits));
        qn_thrift_bool(w, 2, type->bits > 0);
    }
    qn_thrift_end(w);
    qn_thrift_end(w);
}

static void put_column(struct qn_thrift_writer *w, const struct qn_parquet_column *column)
{
    const struct type *type = &types[column->type];
    qn_thrift_element(w);
    qn_thrift_i32(w, 1, (int32_t)type->physical);
    if (column->type == QN_PQ_FIXED)
        qn_thrift_i32(w, 2, (int32_t)column->length);
    qn_thrift_i32(w, 3, column->optional);
    qn_thrift_binary(w, 4, column->name, strlen(column->name));
    if (type->converted >= 0)
        qn_thrift_i32(w, 6, type->converted);
    if (type->meaning == QN_PQ_MEANS_DECIMAL) {
        qn_thrift_i32(w, 7, column->scale);
        qn_thrift_i32(w, 8, column->precision);
    }
    put_logical_type(w, column);
    qn_thrift_end(w);
}

static enum qn_status complete(struct pq_layout *layout, struct qn_error *err)
{
    return layout->schema.failed || layout->paths.failed
               ? qn_fail_memory(err, "a schema", layout->schema.len)
               : QN_OK;
}

static enum qn_status make_leaves(struct pq_layout *layout, size_t count, struct qn_error *err)
{
    layout->leaves = qn_sys.calloc(count + 1, sizeof *layout->leaves);
    return layout->leaves ? QN_OK : qn_fail_memory(err, "a schema", count * sizeof *layout->leaves);
}

enum qn_status pq_layout_of_columns(struct pq_layout *layout,
                                    const struct qn_parquet_column *columns, size_t count,
                                    struct qn_error *err)
{
    struct qn_thrift_writer schema, paths;
    enum qn_status status = make_leaves(layout, count, err);
    if (status)
        return status;
    qn_thrift_begin(&schema, &layout->schema);
    qn_thrift_begin(&paths, &layout->paths);
    qn_thrift_list_alone(&schema, QN_THRIFT_STRUCT, count + 1);
    qn_thrift_element(&schema);
    qn_thrift_binary(&schema, 4, "schema", 6);
    qn_thrift_i32(&schema, 5, (int32_t)count);
    qn_thrift_end(&schema);
    for (size_t c = 0; c < count; c++) {
        struct pq_leaf *leaf = &layout->leaves[layout->count++];
        *leaf = pq_leaf_of_column(&columns[c]);
        put_column(&schema, &columns[c]);
        leaf->path = layout->paths.len;
        qn_thrift_list_alone(&paths, QN_THRIFT_BINARY, 1);
        qn_thrift_put_binary(&paths, columns[c].name, strlen(columns[c].name));
        leaf->path_len = layout->paths.len - leaf->path;
    }
    return complete(layout, err);
}

void pq_layout_release(struct pq_layout *layout)
{
    free(layout->leaves);
    qn_buf_release(&layout->schema);
    qn_buf_release(&layout->paths);
    *layout = (struct pq_layout){0};
}

/* ---- the schema of a file ------------------------------------------------------------------- */

/* Where each SchemaElement is in the file's footer: element i is node i, ends[i] is its end. */
static bool find_elements(const struct qn_parquet_file *file, size_t *starts, size_t *ends)
{
    struct qn_thrift_reader r;
    qn_thrift_read(&r, file->footer.data, file->footer.len);
    r.in.at = file->schema_at;
    size_t count = pq_list(&r, QN_THRIFT_LIST, QN_THRIFT_STRUCT);
    for (size_t i = 0; i < count && i < file->node_count; i++) {
        starts[i] = r.in.at;
        qn_thrift_skip(&r, QN_THRIFT_STRUCT);
        ends[i] = r.in.at;
    }
    return !r.in.failed && count == file->node_count;
}

/* The root, with another number of children. */
static void put_root(struct qn_thrift_writer *w, const struct qn_parquet_file *file, size_t at,
                     size_t children)
{
    struct qn_thrift_reader r;
    int16_t id;
    enum qn_thrift_type type;
    qn_thrift_read(&r, file->footer.data, file->footer.len);
    r.in.at = at;
    qn_thrift_element(w);
    while (pq_field(&r, &id, &type)) {
        size_t start = r.in.at;
        qn_thrift_skip(&r, type);
        if (id == 5)
            qn_thrift_i32(w, 5, (int32_t)children);
        else
            qn_thrift_raw(w, id, type, r.in.data + start, r.in.at - start);
    }
    qn_thrift_end(w);
}

static void put_path(struct pq_layout *layout, const struct qn_parquet_file *file, uint32_t node)
{
    uint32_t chain[UINT8_MAX];
    size_t depth = 0;
    struct qn_thrift_writer w;
    struct pq_leaf *leaf = &layout->leaves[layout->count++];
    *leaf = leaf_of_node(&file->nodes[node]);
    leaf->path = layout->paths.len;
    for (; node > 0 && depth < UINT8_MAX; node = file->nodes[node].parent)
        chain[depth++] = node;
    qn_thrift_begin(&w, &layout->paths);
    qn_thrift_list_alone(&w, QN_THRIFT_BINARY, depth);
    while (depth-- > 0) {
        const char *name = file->nodes[chain[depth]].name;
        qn_thrift_put_binary(&w, name, strlen(name));
    }
    leaf->path_len = layout->paths.len - leaf->path;
}

static enum qn_status copy_columns(struct pq_layout *layout, const struct qn_parquet_file *file,
                                   const uint32_t *nodes, size_t count, const size_t *starts,
                                   const size_t *ends, struct qn_error *err)
{
    struct qn_thrift_writer w;
    size_t elements = 1, leaves = 0;
    for (size_t c = 0; c < count; c++) {
        elements += file->nodes[nodes[c]].next - nodes[c];
        leaves += file->nodes[nodes[c]].leaves;
    }
    enum qn_status status = make_leaves(layout, leaves, err);
    if (status)
        return status;
    qn_thrift_begin(&w, &layout->schema);
    qn_thrift_list_alone(&w, QN_THRIFT_STRUCT, elements);
    put_root(&w, file, starts[0], count);
    for (size_t c = 0; c < count; c++) {
        const struct qn_parquet_node *node = &file->nodes[nodes[c]];
        qn_buf_append(&layout->schema, file->footer.data + starts[nodes[c]],
                      ends[node->next - 1] - starts[nodes[c]]);
        for (uint32_t leaf = node->leaf; leaf < node->leaf + node->leaves; leaf++)
            put_path(layout, file, file->leaves[leaf]);
    }
    return complete(layout, err);
}

enum qn_status pq_layout_of_file(struct pq_layout *layout, const struct qn_parquet_file *file,
                                 const uint32_t *nodes, size_t count, struct qn_error *err)
{
    size_t *places = qn_sys.calloc(2 * file->node_count, sizeof *places);
    if (!places)
        return qn_fail_memory(err, "a schema", 2 * file->node_count * sizeof *places);
    enum qn_status status = QN_OK;
    if (!find_elements(file, places, places + file->node_count))
        status = pq_corrupt(file, err, -1, "its schema makes no sense");
    if (!status)
        status = copy_columns(layout, file, nodes, count, places, places + file->node_count, err);
    free(places);
    return status;
}
