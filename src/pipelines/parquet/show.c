/* `quern parquet schema` and `stats`: what a file says about itself. */
#include "pipelines/parquet/tools.h"

#include "format/parquet/text.h"
#include "pipelines/parquet/input.h"
#include "render/terminal.h"
#include "render/units.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char *const repetition_names[] = {"required", "optional", "repeated"};

static enum qn_status print_json(json_t *value, struct qn_error *err)
{
    int failed = value ? json_dumpf(value, stdout, JSON_INDENT(2)) : -1;
    json_decref(value);
    fputc('\n', stdout);
    return failed ? qn_fail(err, QN_ERR_IO, "cannot write to standard output.") : QN_OK;
}

/* Names may be any bytes; JSON holds UTF-8. */
static json_t *text_json(const char *text)
{
    json_t *value = json_string(text);
    return value ? value : json_string("?");
}

/* ---- schema --------------------------------------------------------------------------------- */

static json_t *node_json(const struct qn_parquet_file *file, uint32_t index)
{
    const struct qn_parquet_node *node = qn_parquet_node(file, index);
    char type[96];
    json_t *out = json_object();
    json_object_set_new(out, "name", text_json(node->name));
    json_object_set_new(out, "type", text_json(qn_parquet_type_text(node, type, sizeof type)));
    json_object_set_new(out, "repetition", json_string(repetition_names[node->repetition]));
    if (node->field_id >= 0)
        json_object_set_new(out, "field_id", json_integer(node->field_id));
    if (!node->is_leaf) {
        json_t *children = json_array();
        for (uint32_t child = index + 1; child < node->next;
             child = qn_parquet_node(file, child)->next)
            json_array_append_new(children, node_json(file, child));
        json_object_set_new(out, "columns", children);
    }
    return out;
}

static void print_nodes(const struct qn_parquet_file *file)
{
    uint32_t ends[64] = {0};
    unsigned depth = 0;
    for (uint32_t i = 1; i < qn_parquet_node_count(file); i++) {
        const struct qn_parquet_node *node = qn_parquet_node(file, i);
        char type[96];
        while (depth > 0 && i >= ends[depth - 1])
            depth--;
        qn_terminal_print(stdout, "%*s%s  %s, %s\n", (int)(2 * depth), "", node->name,
                          qn_parquet_type_text(node, type, sizeof type),
                          repetition_names[node->repetition]);
        if (!node->is_leaf && depth < 63)
            ends[depth++] = node->next;
    }
}

enum qn_status qn_tool_schema(const struct qn_options *options, struct qn_error *err)
{
    const char *path;
    struct qn_opened opened;
    enum qn_status status = qn_only_input(options, &path, err);
    if (!status)
        status = qn_opened_open(&opened, path, QN_PARQUET_LENIENT, err);
    if (status)
        return status;
    if (qn_option_flag(options, "json")) {
        json_t *schema = node_json(opened.file, 0);
        json_t *out = json_object();
        json_object_set(out, "columns", json_object_get(schema, "columns"));
        json_decref(schema);
        status = print_json(out, err);
    } else {
        print_nodes(opened.file);
    }
    qn_opened_close(&opened);
    return status;
}

/* ---- stats ---------------------------------------------------------------------------------- */

struct column_sum { /* of a leaf, over all row groups */
    int64_t values, raw, stored, nulls;
    bool nulls_known, bounds_known;
    uint32_t encodings, codecs;
    uint64_t with_column_index, with_offset_index, with_bloom, groups;
    struct qn_parquet_bytes min, max;
};

static void widen(struct column_sum *sum, const struct qn_parquet_node *leaf,
                  const struct qn_parquet_statistics *stats)
{
    enum qn_parquet_order order = qn_parquet_order(leaf);
    if (!stats->min.data || !stats->max.data) {
        sum->bounds_known = false;
        return;
    }
    if (!sum->min.data ||
        qn_parquet_compare(order, stats->min.data, stats->min.len, sum->min.data, sum->min.len) < 0)
        sum->min = stats->min;
    if (!sum->max.data ||
        qn_parquet_compare(order, stats->max.data, stats->max.len, sum->max.data, sum->max.len) > 0)
        sum->max = stats->max;
}

/* What a damaged file claims may be anything: sums stop at the end of their range. */
static int64_t plus(int64_t sum, int64_t more)
{
    int64_t result;
    if (__builtin_add_overflow(sum, more, &result))
        return more < 0 ? INT64_MIN : INT64_MAX;
    return result;
}

static enum qn_status sum_column(const struct qn_parquet_file *file, size_t leaf,
                                 struct column_sum *sum, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    *sum = (struct column_sum){.nulls_known = true, .bounds_known = true};
    for (size_t g = 0; g < qn_parquet_groups(file) && !status; g++) {
        struct qn_parquet_chunk chunk;
        status = qn_parquet_chunk(file, g, leaf, &chunk, err);
        if (status)
            break;
        sum->groups++;
        sum->values = plus(sum->values, chunk.values);
        sum->raw = plus(sum->raw, chunk.raw_bytes);
        sum->stored = plus(sum->stored, chunk.stored_bytes);
        sum->nulls_known &= chunk.stats.nulls >= 0;
        sum->nulls = plus(sum->nulls, chunk.stats.nulls);
        sum->encodings |= chunk.encodings;
        sum->codecs |= (unsigned)chunk.codec < 32 ? 1u << chunk.codec : 0;
        sum->with_column_index += chunk.column_index > 0;
        sum->with_offset_index += chunk.offset_index > 0;
        sum->with_bloom += chunk.bloom > 0;
        widen(sum, qn_parquet_leaf(file, leaf), &chunk.stats);
    }
    return status;
}

/* A bound of statistics, as text. */
static void put_bound(struct qn_buf *out, const struct qn_parquet_node *leaf,
                      struct qn_parquet_bytes bound)
{
    size_t width = qn_parquet_width(leaf);
    if (bound.data && (width == 0 || bound.len == width))
        qn_parquet_put_value(out, leaf, bound.data, bound.len, QN_PARQUET_PLAIN);
    else
        qn_buf_u8(out, '-');
    qn_buf_u8(out, '\0');
}

static void put_names(struct qn_buf *out, uint32_t set, const char *(*name)(int))
{
    bool first = true;
    for (int i = 0; i < 32; i++) {
        if (set >> i & 1) {
            qn_buf_printf(out, "%s%s", first ? "" : "+", name(i));
            first = false;
        }
    }
    if (first)
        qn_buf_u8(out, '-');
    qn_buf_u8(out, '\0');
}

struct column_texts {
    char path[256];
    char type[96];
    struct qn_buf codecs, encodings, min, max;
};

static void column_texts(const struct qn_parquet_file *file, size_t leaf,
                         const struct column_sum *sum, struct column_texts *texts)
{
    const struct qn_parquet_node *node = qn_parquet_leaf(file, leaf);
    bool bounds = sum->bounds_known && sum->groups > 0;
    *texts = (struct column_texts){.path = ""};
    qn_parquet_leaf_path(file, leaf, texts->path, sizeof texts->path);
    qn_parquet_type_text(node, texts->type, sizeof texts->type);
    put_names(&texts->codecs, sum->codecs, qn_parquet_codec_name);
    /* RLE of levels says nothing about the values, unless they are booleans. */
    uint32_t values =
        node->physical == PQ_BOOLEAN ? sum->encodings : sum->encodings & ~(1u << PQ_RLE);
    put_names(&texts->encodings, values & ~(1u << PQ_BIT_PACKED), qn_parquet_coding_name);
    put_bound(&texts->min, node, bounds ? sum->min : (struct qn_parquet_bytes){0});
    put_bound(&texts->max, node, bounds ? sum->max : (struct qn_parquet_bytes){0});
}

static void release_texts(struct column_texts *texts)
{
    qn_buf_release(&texts->codecs);
    qn_buf_release(&texts->encodings);
    qn_buf_release(&texts->min);
    qn_buf_release(&texts->max);
}

static void print_column(const struct column_texts *texts, const struct column_sum *sum)
{
    char stored[QN_UNITS_TEXT], raw[QN_UNITS_TEXT], nulls[QN_UNITS_TEXT] = "?";
    char has[40];
    if (sum->nulls_known)
        qn_units_count((uint64_t)sum->nulls, nulls);
    snprintf(has, sizeof has, "%s%s%s", sum->with_column_index ? "c" : "-",
             sum->with_offset_index ? "o" : "-", sum->with_bloom ? "b" : "-");
    qn_terminal_print(stdout, "%s  %s\n", texts->path, texts->type);
    qn_terminal_print(stdout, "    %s of %s (%.1f %%), %s, %s, index %s\n",
                      qn_units_bytes((uint64_t)(sum->stored < 0 ? 0 : sum->stored), stored),
                      qn_units_bytes((uint64_t)(sum->raw < 0 ? 0 : sum->raw), raw),
                      sum->raw > 0 ? 100.0 * (double)sum->stored / (double)sum->raw : 0.0,
                      (const char *)texts->codecs.data, (const char *)texts->encodings.data, has);
    qn_terminal_print(stdout, "    nulls %s, min %.60s, max %.60s\n", nulls,
                      (const char *)texts->min.data, (const char *)texts->max.data);
}

static json_t *column_json(const struct column_texts *texts, const struct column_sum *sum)
{
    json_t *out = json_object();
    json_object_set_new(out, "name", text_json(texts->path));
    json_object_set_new(out, "type", text_json(texts->type));
    json_object_set_new(out, "values", json_integer(sum->values));
    json_object_set_new(out, "nulls", sum->nulls_known ? json_integer(sum->nulls) : json_null());
    json_object_set_new(out, "min", text_json((const char *)texts->min.data));
    json_object_set_new(out, "max", text_json((const char *)texts->max.data));
    json_object_set_new(out, "stored_bytes", json_integer(sum->stored));
    json_object_set_new(out, "unpacked_bytes", json_integer(sum->raw));
    json_object_set_new(out, "codec", json_string((const char *)texts->codecs.data));
    json_object_set_new(out, "encodings", json_string((const char *)texts->encodings.data));
    json_object_set_new(out, "column_indexes", json_integer((json_int_t)sum->with_column_index));
    json_object_set_new(out, "offset_indexes", json_integer((json_int_t)sum->with_offset_index));
    json_object_set_new(out, "bloom_filters", json_integer((json_int_t)sum->with_bloom));
    return out;
}

static json_t *file_json(const struct qn_parquet_file *file)
{
    struct qn_parquet_about about = qn_parquet_about(file);
    json_t *out = json_object();
    json_t *pairs = json_object();
    json_object_set_new(out, "rows", json_integer((json_int_t)about.rows));
    json_object_set_new(out, "row_groups", json_integer((json_int_t)qn_parquet_groups(file)));
    json_object_set_new(out, "bytes", json_integer((json_int_t)about.size));
    json_object_set_new(out, "footer_bytes", json_integer((json_int_t)about.footer_len));
    json_object_set_new(out, "version", json_integer(about.version));
    json_object_set_new(out, "created_by", text_json(about.created_by));
    for (size_t i = 0; i < about.key_values; i++) {
        const char *key, *value;
        qn_parquet_key_value_at(file, i, &key, &value);
        json_t *name = text_json(key);
        json_object_set_new(pairs, json_string_value(name), text_json(value));
        json_decref(name);
    }
    json_object_set_new(out, "key_values", pairs);
    return out;
}

static void print_file(const struct qn_opened *opened)
{
    struct qn_parquet_about about = qn_parquet_about(opened->file);
    char rows[QN_UNITS_TEXT], bytes[QN_UNITS_TEXT], footer[QN_UNITS_TEXT];
    qn_terminal_print(stdout, "%s: %s rows in %zu row groups, %s, footer %s\n", opened->path,
                      qn_units_count(about.rows, rows), qn_parquet_groups(opened->file),
                      qn_units_bytes(about.size, bytes), qn_units_bytes(about.footer_len, footer));
    qn_terminal_print(stdout, "written by %s\n", about.created_by[0] ? about.created_by : "?");
    for (size_t i = 0; i < about.key_values; i++) {
        const char *key, *value;
        qn_parquet_key_value_at(opened->file, i, &key, &value);
        qn_terminal_print(stdout, "%s = %.100s%s\n", key, value, strlen(value) > 100 ? "..." : "");
    }
    struct qn_parquet_sorting sorting[8];
    size_t keys =
        qn_parquet_groups(opened->file) ? qn_parquet_group_sorting(opened->file, 0, sorting, 8) : 0;
    for (size_t i = 0; i < keys; i++) {
        bool known =
            sorting[i].leaf >= 0 && (size_t)sorting[i].leaf < qn_parquet_leaf_count(opened->file);
        qn_terminal_print(stdout, "%s %s%s", i ? "," : "sorted by",
                          known ? qn_parquet_leaf(opened->file, (size_t)sorting[i].leaf)->name
                                : "?",
                          sorting[i].descending ? " descending" : "");
    }
    if (keys > 0)
        fputc('\n', stdout);
}

enum qn_status qn_tool_stats(const struct qn_options *options, struct qn_error *err)
{
    const char *path;
    struct qn_opened opened;
    bool as_json = qn_option_flag(options, "json");
    enum qn_status status = qn_only_input(options, &path, err);
    if (!status)
        status = qn_opened_open(&opened, path, QN_PARQUET_LENIENT, err);
    if (status)
        return status;
    json_t *columns = json_array();
    if (!as_json)
        print_file(&opened);
    for (size_t leaf = 0; leaf < qn_parquet_leaf_count(opened.file) && !status; leaf++) {
        struct column_sum sum;
        struct column_texts texts;
        status = sum_column(opened.file, leaf, &sum, err);
        if (status)
            break;
        column_texts(opened.file, leaf, &sum, &texts);
        if (as_json)
            json_array_append_new(columns, column_json(&texts, &sum));
        else
            print_column(&texts, &sum);
        release_texts(&texts);
    }
    if (!status && as_json) {
        json_t *out = file_json(opened.file);
        json_object_set(out, "columns", columns);
        status = print_json(out, err);
    }
    json_decref(columns);
    qn_opened_close(&opened);
    return status;
}
