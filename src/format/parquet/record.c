/* Assembling records: see record.h. */
#include "format/parquet/record.h"

#include "base/sys.h"
#include "format/parquet/file.h"

#include <stdlib.h>
#include <string.h>

struct cursor { /* a leaf being read, entry by entry */
    struct qn_parquet_scan *scan;
    const struct qn_parquet_node *leaf;
    size_t width;
    struct qn_parquet_batch batch;
    size_t entry; /* of the batch, and its values so far */
    size_t value;
};

struct qn_parquet_records {
    struct qn_parquet_file *file;
    size_t group;
    uint32_t *columns;
    size_t column_count;
    struct cursor *cursors; /* by leaf; those not wanted have no scan */
    struct qn_buf *out;
    struct qn_error *err;
    enum qn_status status; /* the first failure */
};

size_t qn_parquet_top_columns(const struct qn_parquet_file *file, uint32_t *columns)
{
    size_t count = 0;
    for (uint32_t node = 1; node < file->nodes[0].next; node = file->nodes[node].next)
        columns[count++] = node;
    return count;
}

void qn_parquet_records_close(struct qn_parquet_records *records)
{
    if (!records)
        return;
    for (size_t i = 0; records->cursors && i < records->file->leaf_count; i++)
        qn_parquet_scan_close(records->cursors[i].scan);
    free(records->cursors);
    free(records->columns);
    free(records);
}

static enum qn_status open_cursors(struct qn_parquet_records *records, uint32_t column,
                                   struct qn_error *err)
{
    const struct qn_parquet_node *node = &records->file->nodes[column];
    enum qn_status status = QN_OK;
    for (uint32_t leaf = node->leaf; leaf < node->leaf + node->leaves && !status; leaf++) {
        struct cursor *cursor = &records->cursors[leaf];
        cursor->leaf = qn_parquet_leaf(records->file, leaf);
        cursor->width = qn_parquet_width(cursor->leaf);
        if (!cursor->scan)
            status = qn_parquet_scan_open(&cursor->scan, records->file, records->group, leaf, err);
    }
    return status;
}

enum qn_status qn_parquet_records_open(struct qn_parquet_records **out,
                                       struct qn_parquet_file *file, size_t group,
                                       const uint32_t *columns, size_t column_count,
                                       struct qn_error *err)
{
    struct qn_parquet_records *records = *out = qn_sys.calloc(1, sizeof *records);
    if (!records)
        return qn_fail_memory(err, "records", sizeof *records);
    records->file = file;
    records->group = group;
    records->column_count = column_count;
    records->columns = qn_sys.calloc(column_count + 1, sizeof *records->columns);
    records->cursors = qn_sys.calloc(file->leaf_count + 1, sizeof *records->cursors);
    enum qn_status status = QN_OK;
    if (!records->columns || !records->cursors) {
        qn_fail_memory(err, "records", file->leaf_count * sizeof *records->cursors);
        status = QN_ERR_MEMORY;
    }
    for (size_t i = 0; i < column_count && !status; i++) {
        records->columns[i] = columns[i];
        status = open_cursors(records, columns[i], err);
    }
    if (status) {
        qn_parquet_records_close(records);
        *out = NULL;
    }
    return status;
}

/* ---- entries -------------------------------------------------------------------------------- */

static void disagree(struct qn_parquet_records *records, const struct qn_parquet_node *node)
{
    if (!records->status)
        records->status =
            pq_corrupt(records->file, records->err, -1,
                       "the columns of '%s' in row group %zu do not agree on its structure",
                       node->name, records->group);
}

/* Whether the leaf has an entry left; fetches the next stretch when needed. */
static bool has_entry(struct qn_parquet_records *records, struct cursor *cursor)
{
    if (!records->status && cursor->entry == cursor->batch.count) {
        records->status = qn_parquet_scan_next(cursor->scan, &cursor->batch, records->err);
        cursor->entry = cursor->value = 0;
    }
    return !records->status && cursor->entry < cursor->batch.count;
}

static unsigned def_of(const struct cursor *cursor)
{
    return cursor->batch.def ? cursor->batch.def[cursor->entry] : cursor->leaf->max_def;
}

static unsigned rep_of(const struct cursor *cursor)
{
    return cursor->batch.rep ? cursor->batch.rep[cursor->entry] : 0;
}

static void advance(struct cursor *cursor)
{
    cursor->value += def_of(cursor) == cursor->leaf->max_def;
    cursor->entry++;
}

/* Definition level of the node's next entry, that of its first leaf; -1 if there is none. */
static int peek(struct qn_parquet_records *records, const struct qn_parquet_node *node)
{
    struct cursor *cursor = &records->cursors[node->leaf];
    if (node->leaves == 0 || !has_entry(records, cursor)) {
        disagree(records, node);
        return -1;
    }
    return (int)def_of(cursor);
}

/* Passes an entry of each leaf below a node that is not there. */
static void pass(struct qn_parquet_records *records, const struct qn_parquet_node *node, int def)
{
    for (uint32_t leaf = node->leaf; leaf < node->leaf + node->leaves; leaf++) {
        struct cursor *cursor = &records->cursors[leaf];
        if (!has_entry(records, cursor) || (int)def_of(cursor) != def) {
            disagree(records, node);
            return;
        }
        advance(cursor);
    }
}

/* Whether the node's next entry goes on with its list; all its leaves must agree. */
static bool goes_on(struct qn_parquet_records *records, const struct qn_parquet_node *node)
{
    struct cursor *first = &records->cursors[node->leaf];
    bool more = has_entry(records, first) && rep_of(first) >= node->max_rep;
    for (uint32_t leaf = node->leaf; leaf < node->leaf + node->leaves; leaf++) {
        struct cursor *cursor = &records->cursors[leaf];
        bool also = has_entry(records, cursor) && rep_of(cursor) >= node->max_rep;
        if (also != more || (also && rep_of(cursor) > node->max_rep))
            disagree(records, node);
    }
    return more && !records->status;
}

/* ---- nodes ---------------------------------------------------------------------------------- */

static const struct qn_parquet_node *child_of(const struct qn_parquet_records *records,
                                              const struct qn_parquet_node *node)
{
    const struct qn_parquet_node *nodes = records->file->nodes;
    uint32_t index = (uint32_t)(node - nodes);
    return index + 1 < node->next ? &nodes[index + 1] : NULL;
}

static bool has_one_child(const struct qn_parquet_records *records,
                          const struct qn_parquet_node *node)
{
    const struct qn_parquet_node *child = child_of(records, node);
    return child && child->next == node->next;
}

/* The element of a list: the repeated node itself, or the only child of a middle layer. */
static const struct qn_parquet_node *element_of(const struct qn_parquet_records *records,
                                                const struct qn_parquet_node *list,
                                                const struct qn_parquet_node *repeated)
{
    if (repeated->is_leaf || !has_one_child(records, repeated) ||
        child_of(records, repeated)->repetition == QN_PQ_REPEATED ||
        !strcmp(repeated->name, "array") || repeated->meaning == QN_PQ_MEANS_LIST ||
        repeated->meaning == QN_PQ_MEANS_MAP)
        return repeated;
    size_t len = strlen(list->name);
    if (!strncmp(repeated->name, list->name, len) && !strcmp(repeated->name + len, "_tuple"))
        return repeated;
    return child_of(records, repeated);
}

static void put_present(struct qn_parquet_records *records, const struct qn_parquet_node *node);

/* A node that is required or optional where it stands. */
static void put_single(struct qn_parquet_records *records, const struct qn_parquet_node *node)
{
    int def = peek(records, node);
    if (def >= node->max_def) {
        put_present(records, node);
    } else if (node->repetition == QN_PQ_OPTIONAL) {
        pass(records, node, def);
        qn_buf_append(records->out, "null", 4);
    } else {
        disagree(records, node);
    }
}

/* All elements of a repeated node, of which `element` is shown. */
static void put_repeated(struct qn_parquet_records *records, const struct qn_parquet_node *repeated,
                         const struct qn_parquet_node *element)
{
    int def = peek(records, repeated);
    qn_buf_u8(records->out, '[');
    if (def < repeated->max_def) {
        pass(records, repeated, def);
    } else {
        bool first = true;
        do {
            if (!first)
                qn_buf_u8(records->out, ',');
            first = false;
            if (element == repeated)
                put_present(records, repeated);
            else
                put_single(records, element);
        } while (!records->status && goes_on(records, repeated));
    }
    qn_buf_u8(records->out, ']');
}

static void put_any(struct qn_parquet_records *records, const struct qn_parquet_node *node)
{
    if (records->status)
        return;
    if (node->repetition == QN_PQ_REPEATED)
        put_repeated(records, node, node);
    else
        put_single(records, node);
}

static void put_group(struct qn_parquet_records *records, const struct qn_parquet_node *node)
{
    const struct qn_parquet_node *nodes = records->file->nodes;
    bool first = true;
    qn_buf_u8(records->out, '{');
    for (uint32_t child = (uint32_t)(node - nodes) + 1; child < node->next;
         child = nodes[child].next) {
        if (!first)
            qn_buf_u8(records->out, ',');
        first = false;
        qn_parquet_put_json_text(records->out, nodes[child].name, strlen(nodes[child].name));
        qn_buf_u8(records->out, ':');
        put_any(records, &nodes[child]);
    }
    qn_buf_u8(records->out, '}');
}

static void next_value(const struct cursor *cursor, const uint8_t **bytes, size_t *len)
{
    if (cursor->batch.texts) {
        *bytes = cursor->batch.texts[cursor->value].bytes;
        *len = cursor->batch.texts[cursor->value].len;
    } else {
        *bytes = cursor->batch.fixed + cursor->value * cursor->width;
        *len = cursor->width;
    }
}

/* A node that is there, one element of it if it is repeated. */
static void put_present(struct qn_parquet_records *records, const struct qn_parquet_node *node)
{
    if (records->status)
        return;
    if (node->is_leaf) {
        struct cursor *cursor = &records->cursors[node->leaf];
        const uint8_t *bytes;
        size_t len;
        if (peek(records, node) != node->max_def) {
            disagree(records, node);
            return;
        }
        next_value(cursor, &bytes, &len);
        qn_parquet_put_value(records->out, node, bytes, len, QN_PARQUET_JSON);
        advance(cursor);
        return;
    }
    const struct qn_parquet_node *child = child_of(records, node);
    bool list = node->meaning == QN_PQ_MEANS_LIST;
    bool map = node->meaning == QN_PQ_MEANS_MAP || node->key_value;
    if ((list || map) && has_one_child(records, node) && child->repetition == QN_PQ_REPEATED)
        put_repeated(records, child,
                     list                            ? element_of(records, node, child)
                     : has_one_child(records, child) ? child_of(records, child) /* no values */
                                                     : child);
    else
        put_group(records, node);
}

/* ---- cells ---------------------------------------------------------------------------------- */

/* All leaves of a column begin a record together. */
static void check_begin(struct qn_parquet_records *records, const struct qn_parquet_node *node)
{
    for (uint32_t leaf = node->leaf; leaf < node->leaf + node->leaves; leaf++) {
        struct cursor *cursor = &records->cursors[leaf];
        if (!has_entry(records, cursor) || rep_of(cursor) != 0)
            disagree(records, node);
    }
}

enum qn_status qn_parquet_records_value(struct qn_parquet_records *records, size_t column,
                                        const uint8_t **bytes, size_t *len, struct qn_error *err)
{
    const struct qn_parquet_node *node = &records->file->nodes[records->columns[column]];
    struct cursor *cursor = &records->cursors[node->leaf];
    records->err = err;
    *bytes = NULL;
    *len = 0;
    if (!has_entry(records, cursor)) {
        disagree(records, node);
        return records->status;
    }
    if (def_of(cursor) == cursor->leaf->max_def)
        next_value(cursor, bytes, len);
    advance(cursor);
    return QN_OK;
}

enum qn_status qn_parquet_records_skip(struct qn_parquet_records *records, size_t column,
                                       struct qn_error *err)
{
    const struct qn_parquet_node *node = &records->file->nodes[records->columns[column]];
    records->err = err;
    check_begin(records, node);
    for (uint32_t leaf = node->leaf; leaf < node->leaf + node->leaves && !records->status; leaf++) {
        struct cursor *cursor = &records->cursors[leaf];
        do {
            advance(cursor);
        } while (has_entry(records, cursor) && rep_of(cursor) != 0);
    }
    return records->status;
}

enum qn_status qn_parquet_records_cell(struct qn_parquet_records *records, size_t column,
                                       enum qn_parquet_style style, struct qn_buf *out, bool *null,
                                       struct qn_error *err)
{
    const struct qn_parquet_node *node = &records->file->nodes[records->columns[column]];
    records->err = err;
    records->out = out;
    *null = false;
    if (node->is_leaf && node->max_rep == 0) {
        const uint8_t *bytes;
        size_t len;
        enum qn_status status = qn_parquet_records_value(records, column, &bytes, &len, err);
        *null = !bytes;
        if (!status && bytes)
            qn_parquet_put_value(out, node, bytes, len, style);
        else if (!status && style == QN_PARQUET_JSON)
            qn_buf_append(out, "null", 4);
        return status;
    }
    size_t start = out->len;
    check_begin(records, node);
    if (!records->status && node->leaves > 0)
        *null = peek(records, node) < node->max_def && node->repetition == QN_PQ_OPTIONAL;
    put_any(records, node);
    if (*null && style == QN_PARQUET_PLAIN)
        out->len = start;
    return records->status;
}
