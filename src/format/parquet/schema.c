/* The schema: elements of the footer into a tree, and what their types mean. See
 * reader.h; rules: apache/parquet-format, LogicalTypes.md. */
#include "format/parquet/file.h"

#include "base/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 60u /* nested deeper than this is refused; levels stay below 255 */

/* ---- one element ---------------------------------------------------------------------------- */

struct element {
    struct qn_parquet_node node;
    struct qn_parquet_bytes name;
    int64_t children; /* -1: a leaf */
    int64_t physical;
    int64_t length;
    int converted;
    bool has_logical;
};

static void get_time(struct qn_thrift_reader *r, struct qn_parquet_node *node)
{
    int16_t id, unit;
    enum qn_thrift_type type;
    while (pq_field(r, &id, &type)) {
        if (id == 1) {
            node->utc = pq_bool(r, type);
        } else if (id == 2 && pq_struct(r, type)) {
            while (pq_field(r, &unit, &type)) {
                node->unit = unit >= 1 && unit <= 3 ? (uint8_t)unit : 0;
                qn_thrift_skip(r, type);
            }
        } else if (!r->in.failed) {
            qn_thrift_skip(r, type);
        }
    }
}

/* DECIMAL {scale, precision} or INTEGER {width, signed}. */
static void get_numbers(struct qn_thrift_reader *r, struct qn_parquet_node *node)
{
    int16_t id;
    enum qn_thrift_type type;
    bool is_signed = true;
    while (pq_field(r, &id, &type)) {
        if (node->meaning == QN_PQ_MEANS_DECIMAL && id == 1)
            node->scale = (int32_t)pq_int(r, type);
        else if (node->meaning == QN_PQ_MEANS_DECIMAL && id == 2)
            node->precision = (int32_t)pq_int(r, type);
        else if (node->meaning == QN_PQ_MEANS_INTEGER && id == 1)
            node->bits = (int8_t)pq_int(r, type);
        else if (node->meaning == QN_PQ_MEANS_INTEGER && id == 2)
            is_signed = pq_bool(r, type);
        else
            qn_thrift_skip(r, type);
    }
    if (node->meaning == QN_PQ_MEANS_INTEGER && !is_signed)
        node->bits = (int8_t)-node->bits;
}

static void skip_fields(struct qn_thrift_reader *r)
{
    int16_t id;
    enum qn_thrift_type type;
    while (pq_field(r, &id, &type))
        qn_thrift_skip(r, type);
}

static void get_logical(struct qn_thrift_reader *r, enum qn_thrift_type type,
                        struct element *element)
{
    static const uint8_t meanings[] = {
        [1] = QN_PQ_MEANS_STRING,    [2] = QN_PQ_MEANS_MAP,       [3] = QN_PQ_MEANS_LIST,
        [4] = QN_PQ_MEANS_ENUM,      [5] = QN_PQ_MEANS_DECIMAL,   [6] = QN_PQ_MEANS_DATE,
        [7] = QN_PQ_MEANS_TIME,      [8] = QN_PQ_MEANS_TIMESTAMP, [10] = QN_PQ_MEANS_INTEGER,
        [11] = QN_PQ_MEANS_UNKNOWN,  [12] = QN_PQ_MEANS_JSON,     [13] = QN_PQ_MEANS_BSON,
        [14] = QN_PQ_MEANS_UUID,     [15] = QN_PQ_MEANS_FLOAT16,  [16] = QN_PQ_MEANS_VARIANT,
        [17] = QN_PQ_MEANS_GEOMETRY, [18] = QN_PQ_MEANS_GEOGRAPHY};
    struct qn_parquet_node *node = &element->node;
    int16_t id;
    if (!pq_struct(r, type))
        return;
    while (pq_field(r, &id, &type)) {
        element->has_logical = true;
        node->meaning = id > 0 && (size_t)id < sizeof meanings && meanings[id]
                            ? (enum qn_parquet_meaning)meanings[id]
                            : QN_PQ_MEANS_OTHER;
        if (type != QN_THRIFT_STRUCT) {
            qn_thrift_skip(r, type);
            continue;
        }
        qn_thrift_open(r);
        if (node->meaning == QN_PQ_MEANS_TIME || node->meaning == QN_PQ_MEANS_TIMESTAMP)
            get_time(r, node);
        else if (node->meaning == QN_PQ_MEANS_DECIMAL || node->meaning == QN_PQ_MEANS_INTEGER)
            get_numbers(r, node);
        else
            skip_fields(r);
    }
}

static void get_element(struct qn_thrift_reader *r, struct element *element)
{
    int16_t id;
    enum qn_thrift_type type;
    *element =
        (struct element){.children = -1, .physical = -1, .converted = -1, .node = {.field_id = -1}};
    int64_t scale = 0, precision = 0;
    qn_thrift_open(r);
    while (pq_field(r, &id, &type)) {
        if (id == 1)
            element->physical = pq_int(r, type);
        else if (id == 2)
            element->length = pq_int(r, type);
        else if (id == 3)
            element->node.repetition = (enum qn_parquet_repetition)pq_int(r, type);
        else if (id == 4)
            element->name = pq_bytes(r, type);
        else if (id == 5)
            element->children = pq_int(r, type);
        else if (id == 6)
            element->converted = (int)pq_int(r, type);
        else if (id == 7)
            scale = pq_int(r, type);
        else if (id == 8)
            precision = pq_int(r, type);
        else if (id == 9)
            element->node.field_id = (int32_t)pq_int(r, type);
        else if (id == 10)
            get_logical(r, type, element);
        else
            qn_thrift_skip(r, type);
    }
    if (element->node.meaning != QN_PQ_MEANS_DECIMAL) {
        element->node.scale = (int32_t)scale;
        element->node.precision = (int32_t)precision;
    }
}

/* What a ConvertedType means, for files that have no LogicalType. */
static void apply_converted(struct qn_parquet_node *node, int converted)
{
    static const struct {
        uint8_t meaning, unit;
        int8_t bits;
    } known[] = {{QN_PQ_MEANS_STRING, 0, 0},
                 {QN_PQ_MEANS_MAP, 0, 0},
                 {QN_PQ_MEANS_NOTHING, 0, 0}, /* MAP_KEY_VALUE */
                 {QN_PQ_MEANS_LIST, 0, 0},
                 {QN_PQ_MEANS_ENUM, 0, 0},
                 {QN_PQ_MEANS_DECIMAL, 0, 0},
                 {QN_PQ_MEANS_DATE, 0, 0},
                 {QN_PQ_MEANS_TIME, QN_PQ_MILLIS, 0},
                 {QN_PQ_MEANS_TIME, QN_PQ_MICROS, 0},
                 {QN_PQ_MEANS_TIMESTAMP, QN_PQ_MILLIS, 0},
                 {QN_PQ_MEANS_TIMESTAMP, QN_PQ_MICROS, 0},
                 {QN_PQ_MEANS_INTEGER, 0, -8},
                 {QN_PQ_MEANS_INTEGER, 0, -16},
                 {QN_PQ_MEANS_INTEGER, 0, -32},
                 {QN_PQ_MEANS_INTEGER, 0, -64},
                 {QN_PQ_MEANS_INTEGER, 0, 8},
                 {QN_PQ_MEANS_INTEGER, 0, 16},
                 {QN_PQ_MEANS_INTEGER, 0, 32},
                 {QN_PQ_MEANS_INTEGER, 0, 64},
                 {QN_PQ_MEANS_JSON, 0, 0},
                 {QN_PQ_MEANS_BSON, 0, 0},
                 {QN_PQ_MEANS_INTERVAL, 0, 0}};
    if (converted < 0 || (size_t)converted >= sizeof known / sizeof *known)
        return;
    node->meaning = (enum qn_parquet_meaning)known[converted].meaning;
    node->unit = known[converted].unit;
    node->bits = known[converted].bits;
    node->utc = node->unit != 0; /* the older types are instants */
}

/* A meaning that does not go with the stored type is no meaning at all. */
static bool meaning_fits(const struct qn_parquet_node *node)
{
    enum pq_physical p = node->physical;
    switch (node->meaning) {
    case QN_PQ_MEANS_INTEGER:
        return abs(node->bits) == 64
                   ? p == PQ_INT64
                   : p == PQ_INT32 &&
                         (abs(node->bits) == 8 || abs(node->bits) == 16 || abs(node->bits) == 32);
    case QN_PQ_MEANS_DATE:
        return p == PQ_INT32;
    case QN_PQ_MEANS_TIME:
        return node->unit && p == (node->unit == QN_PQ_MILLIS ? PQ_INT32 : PQ_INT64);
    case QN_PQ_MEANS_TIMESTAMP:
        return node->unit && p == PQ_INT64;
    case QN_PQ_MEANS_DECIMAL:
        return (p == PQ_INT32 || p == PQ_INT64 || p == PQ_BYTE_ARRAY || p == PQ_FIXED) &&
               node->precision > 0 && node->scale >= 0 && node->scale <= node->precision;
    case QN_PQ_MEANS_UUID:
        return p == PQ_FIXED && node->length == 16;
    case QN_PQ_MEANS_FLOAT16:
        return p == PQ_FIXED && node->length == 2;
    case QN_PQ_MEANS_INTERVAL:
        return p == PQ_FIXED && node->length == 12;
    case QN_PQ_MEANS_STRING:
    case QN_PQ_MEANS_ENUM:
    case QN_PQ_MEANS_JSON:
    case QN_PQ_MEANS_BSON:
    case QN_PQ_MEANS_GEOMETRY:
    case QN_PQ_MEANS_GEOGRAPHY:
        return p == PQ_BYTE_ARRAY;
    case QN_PQ_MEANS_MAP:
    case QN_PQ_MEANS_LIST:
    case QN_PQ_MEANS_VARIANT:
        return false; /* of groups only */
    default:
        return true;
    }
}

/* ---- the tree ------------------------------------------------------------------------------- */

struct growing {
    struct qn_parquet_file *file;
    struct qn_thrift_reader *r;
    size_t count; /* elements in the list */
    size_t name_at;
    struct open { /* groups whose children are still to come */
        uint32_t node;
        int64_t children;
    } open[MAX_DEPTH];
    size_t depth;
};

static const char *keep_name(struct growing *g, struct qn_parquet_bytes name)
{
    char *to = g->file->names + g->name_at;
    for (size_t i = 0; i < name.len; i++)
        to[i] = name.data[i] ? (char)name.data[i] : '?';
    to[name.len] = '\0';
    g->name_at += name.len + 1;
    return to;
}

static bool complete_leaf(struct element *element)
{
    struct qn_parquet_node *node = &element->node;
    node->is_leaf = true;
    if (element->physical < 0 || element->physical > PQ_FIXED)
        return false;
    node->physical = (enum pq_physical)element->physical;
    if (node->physical == PQ_FIXED) {
        if (element->length <= 0 || element->length > 1 << 20)
            return false;
        node->length = (uint32_t)element->length;
    }
    if (!meaning_fits(node))
        node->meaning = QN_PQ_MEANS_NOTHING;
    return true;
}

/* Levels of a node from its parent's. */
static void set_levels(struct qn_parquet_node *node, const struct qn_parquet_node *parent)
{
    node->max_def = parent->max_def + (node->repetition != QN_PQ_REQUIRED);
    node->max_rep = parent->max_rep + (node->repetition == QN_PQ_REPEATED);
}

static void close_groups(struct growing *g)
{
    while (g->depth > 0 && g->open[g->depth - 1].children == 0) {
        struct qn_parquet_node *node = &g->file->nodes[g->open[--g->depth].node];
        node->next = (uint32_t)g->file->node_count;
        node->leaves = (uint32_t)g->file->leaf_count - node->leaf;
    }
}

static const char *add_element(struct growing *g, struct element *element)
{
    struct qn_parquet_file *file = g->file;
    struct qn_parquet_node *node = &element->node;
    uint32_t index = (uint32_t)file->node_count;
    if (!element->name.data && index > 0)
        return "a column has no name";
    if (index > 0 && g->depth == 0)
        return "it has more columns than its groups say";
    if ((unsigned)node->repetition > QN_PQ_REPEATED)
        return "a column has an unknown repetition";
    node->name = keep_name(g, element->name);
    if (!element->has_logical)
        apply_converted(node, element->converted);
    node->key_value = element->converted == 2;
    node->leaf = (uint32_t)file->leaf_count;
    bool group = index == 0 || element->children >= 0;
    if (group && element->children < 0)
        element->children = 0;
    if (index > 0) {
        node->parent = g->open[g->depth - 1].node;
        g->open[g->depth - 1].children--;
        set_levels(node, &file->nodes[node->parent]);
    }
    if (group && (element->children > (int64_t)g->count || g->depth == MAX_DEPTH))
        return "its groups are nested too deep or too large";
    if (!group && !complete_leaf(element))
        return "a column has an unknown type";
    node->next = index + 1;
    node->leaves = !group;
    file->nodes[file->node_count++] = *node;
    if (group)
        g->open[g->depth++] = (struct open){index, element->children};
    else
        file->leaves[file->leaf_count++] = index;
    close_groups(g);
    return NULL;
}

enum qn_status pq_get_schema(struct qn_parquet_file *file, struct qn_thrift_reader *r,
                             enum qn_thrift_type type, struct qn_error *err)
{
    struct growing g = {.file = file, .r = r};
    file->schema_at = r->in.at;
    g.count = pq_list(r, type, QN_THRIFT_STRUCT);
    if (g.count == 0 || file->nodes)
        return pq_corrupt(file, err, -1, "its schema makes no sense");
    file->nodes = qn_sys.calloc(g.count, sizeof *file->nodes);
    file->leaves = qn_sys.calloc(g.count, sizeof *file->leaves);
    file->names = qn_sys.malloc(file->footer.len + g.count);
    if (!file->nodes || !file->leaves || !file->names)
        return qn_fail_memory(err, "a schema", g.count * sizeof *file->nodes);
    for (size_t i = 0; i < g.count && !r->in.failed; i++) {
        struct element element;
        get_element(r, &element);
        const char *problem = r->in.failed ? NULL : add_element(&g, &element);
        if (problem)
            return pq_corrupt(file, err, -1, "its schema makes no sense: %s", problem);
    }
    if (r->in.failed || g.depth > 0)
        return pq_corrupt(file, err, -1, "its schema makes no sense");
    return QN_OK;
}

/* ---- comparing ------------------------------------------------------------------------------ */

bool qn_parquet_same_type(const struct qn_parquet_node *a, const struct qn_parquet_node *b)
{
    return a->is_leaf == b->is_leaf && a->physical == b->physical && a->length == b->length &&
           a->meaning == b->meaning && a->unit == b->unit && a->utc == b->utc &&
           a->bits == b->bits && a->scale == b->scale && a->precision == b->precision;
}

bool qn_parquet_column_fits(const struct qn_parquet_file *file, uint32_t column,
                            const struct qn_parquet_file *other, uint32_t into)
{
    const struct qn_parquet_node *a = &file->nodes[column], *b = &other->nodes[into];
    bool widens = a->is_leaf && a->repetition == QN_PQ_REQUIRED && b->repetition == QN_PQ_OPTIONAL;
    if (a->next - column != b->next - into || !qn_parquet_same_type(a, b) ||
        (a->repetition != b->repetition && !widens))
        return false;
    for (uint32_t i = 1; i < a->next - column; i++) {
        const struct qn_parquet_node *x = &a[i], *y = &b[i];
        if (strcmp(x->name, y->name) != 0 || x->repetition != y->repetition ||
            x->next - column != y->next - into || !qn_parquet_same_type(x, y))
            return false;
    }
    return true;
}

/* ---- what a leaf is ------------------------------------------------------------------------- */

size_t qn_parquet_width(const struct qn_parquet_node *leaf)
{
    static const uint8_t widths[] = {1, 4, 8, 12, 4, 8, 0, 0};
    return leaf->physical == PQ_FIXED ? leaf->length : widths[leaf->physical];
}

static enum qn_parquet_order order_of_bytes(const struct qn_parquet_node *leaf)
{
    switch (leaf->meaning) {
    case QN_PQ_MEANS_DECIMAL:
        return QN_PQ_ORDER_DECIMAL;
    case QN_PQ_MEANS_FLOAT16:
        return QN_PQ_ORDER_FLOAT16;
    case QN_PQ_MEANS_INTERVAL:
    case QN_PQ_MEANS_OTHER:
    case QN_PQ_MEANS_GEOMETRY:
    case QN_PQ_MEANS_GEOGRAPHY:
        return QN_PQ_ORDER_NONE;
    default:
        return QN_PQ_ORDER_BYTES;
    }
}

enum qn_parquet_order qn_parquet_order(const struct qn_parquet_node *leaf)
{
    bool is_unsigned = leaf->meaning == QN_PQ_MEANS_INTEGER && leaf->bits < 0;
    if (leaf->meaning == QN_PQ_MEANS_OTHER)
        return QN_PQ_ORDER_NONE;
    switch (leaf->physical) {
    case PQ_BOOLEAN:
        return QN_PQ_ORDER_BOOLEAN;
    case PQ_INT32:
        return is_unsigned ? QN_PQ_ORDER_U32 : QN_PQ_ORDER_I32;
    case PQ_INT64:
        return is_unsigned ? QN_PQ_ORDER_U64 : QN_PQ_ORDER_I64;
    case PQ_FLOAT:
        return QN_PQ_ORDER_FLOAT;
    case PQ_DOUBLE:
        return QN_PQ_ORDER_DOUBLE;
    case PQ_BYTE_ARRAY:
    case PQ_FIXED:
        return order_of_bytes(leaf);
    default:
        return QN_PQ_ORDER_NONE;
    }
}

size_t qn_parquet_node_count(const struct qn_parquet_file *file)
{
    return file->node_count;
}

const struct qn_parquet_node *qn_parquet_node(const struct qn_parquet_file *file, size_t node)
{
    return &file->nodes[node];
}

size_t qn_parquet_leaf_count(const struct qn_parquet_file *file)
{
    return file->leaf_count;
}

const struct qn_parquet_node *qn_parquet_leaf(const struct qn_parquet_file *file, size_t leaf)
{
    return &file->nodes[file->leaves[leaf]];
}

const char *qn_parquet_leaf_path(const struct qn_parquet_file *file, size_t leaf, char *text,
                                 size_t size)
{
    uint32_t chain[MAX_DEPTH];
    size_t depth = 0, len = 0;
    for (uint32_t node = file->leaves[leaf]; node > 0 && depth < MAX_DEPTH;
         node = file->nodes[node].parent)
        chain[depth++] = node;
    text[0] = '\0';
    while (depth-- > 0 && len < size) {
        /* The precision keeps snprintf from measuring names of megabytes again and again. */
        int more = snprintf(text + len, size - len, "%s%.*s", len ? "." : "", (int)(size - len),
                            file->nodes[chain[depth]].name);
        len += more < 0 ? 0 : (size_t)more;
    }
    return text;
}

size_t qn_parquet_find_leaf(const struct qn_parquet_file *file, const char *path)
{
    char text[1024];
    for (size_t leaf = 0; leaf < file->leaf_count; leaf++) {
        if (!strcmp(qn_parquet_leaf_path(file, leaf, text, sizeof text), path))
            return leaf;
    }
    return SIZE_MAX;
}

/* ---- names ---------------------------------------------------------------------------------- */

const char *qn_parquet_physical_name(enum pq_physical physical)
{
    static const char *const names[] = {"boolean", "int32",  "int64",      "int96",
                                        "float",   "double", "byte_array", "fixed"};
    return (unsigned)physical <= PQ_FIXED ? names[physical] : "?";
}

const char *qn_parquet_codec_name(int codec)
{
    static const char *const names[] = {"none",   "snappy", "gzip", "lzo",
                                        "brotli", "lz4",    "zstd", "lz4_raw"};
    return codec >= 0 && codec <= PQ_LZ4_RAW ? names[codec] : "?";
}

const char *qn_parquet_coding_name(int coding)
{
    static const char *const names[] = {"PLAIN",
                                        "?",
                                        "PLAIN_DICTIONARY",
                                        "RLE",
                                        "BIT_PACKED",
                                        "DELTA_BINARY_PACKED",
                                        "DELTA_LENGTH_BYTE_ARRAY",
                                        "DELTA_BYTE_ARRAY",
                                        "RLE_DICTIONARY",
                                        "BYTE_STREAM_SPLIT"};
    return coding >= 0 && coding <= PQ_BYTE_STREAM_SPLIT ? names[coding] : "?";
}

static const char *const meaning_names[] = {
    "",        "string",    "map",      "list",      "enum",     "decimal",     "date",
    "time",    "timestamp", "int",      "null",      "json",     "bson",        "uuid",
    "float16", "variant",   "geometry", "geography", "interval", "unknown type"};

static const char *const unit_names[] = {"?", "ms", "us", "ns"};

const char *qn_parquet_type_text(const struct qn_parquet_node *node, char *text, size_t size)
{
    char stored[32] = "group";
    if (node->is_leaf && node->physical == PQ_FIXED)
        snprintf(stored, sizeof stored, "fixed(%u)", (unsigned)node->length);
    else if (node->is_leaf)
        snprintf(stored, sizeof stored, "%s", qn_parquet_physical_name(node->physical));
    switch (node->meaning) {
    case QN_PQ_MEANS_NOTHING:
        snprintf(text, size, "%s", stored);
        break;
    case QN_PQ_MEANS_INTEGER:
        snprintf(text, size, "%s (%sint%d)", stored, node->bits < 0 ? "u" : "", abs(node->bits));
        break;
    case QN_PQ_MEANS_DECIMAL:
        snprintf(text, size, "%s (decimal(%d,%d))", stored, node->precision, node->scale);
        break;
    case QN_PQ_MEANS_TIME:
    case QN_PQ_MEANS_TIMESTAMP:
        snprintf(text, size, "%s (%s %s %s)", stored, meaning_names[node->meaning],
                 unit_names[node->unit], node->utc ? "utc" : "local");
        break;
    default:
        snprintf(text, size, "%s (%s)", stored, meaning_names[node->meaning]);
    }
    return text;
}
