/* Rows into Parquet: see pack.h. */
#include "pipelines/parquet/pack.h"

#include "base/fresh.h"
#include "base/nearest.h"
#include "base/sys.h"
#include "pipelines/parquet/gather.h"
#include "pipelines/parquet/sort.h"
#include "render/units.h"

#include <stdlib.h>
#include <string.h>

#define STEP        8192u                 /* rows taken from one column after another */
#define GROUP_ROWS  (1u << 20)            /* unless it is said otherwise */
#define GROUP_BYTES (UINT64_C(256) << 20) /* and that it may be more */
#define MOST_BYTES  (UINT64_C(4) << 30)   /* of rows in memory */

struct qn_pack {
    struct qn_fresh_file out;
    struct qn_pack_options options;
    const struct qn_opened *like;
    uint32_t *columns; /* top-level nodes of `like` */
    size_t column_count;
    struct qn_gathered *gathered; /* leaf by leaf, as all of these */
    struct qn_tap *taps;
    uint32_t *keys; /* leaves that rows are sorted by */
    size_t leaf_count;
    struct qn_parquet_writer *writer;
    struct qn_parquet_footer *footer;
    struct qn_buf bytes, meta;
    uint64_t rows; /* gathered and not yet written */
};

/* ---- options -------------------------------------------------------------------------------- */

static enum qn_status read_codec(struct qn_pack_options *pack, const struct qn_options *options,
                                 struct qn_error *err)
{
    static const struct {
        const char *name;
        enum pq_codec codec;
    } codecs[] = {{"zstd", PQ_ZSTD},       {"snappy", PQ_SNAPPY}, {"gzip", PQ_GZIP},
                  {"lz4_raw", PQ_LZ4_RAW}, {"brotli", PQ_BROTLI}, {"none", PQ_UNCOMPRESSED}};
    const char *name =
        qn_option_given(options, "codec") ? qn_option_string(options, "codec") : codecs[0].name;
    struct qn_parquet_levels levels = {0, 0, 0};
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++) {
        if (!strcmp(codecs[i].name, name))
            pack->codec = codecs[i].codec;
    }
    qn_parquet_codec_levels(pack->codec, &levels);
    pack->level = levels.usual;
    if (!qn_option_given(options, "level"))
        return QN_OK;
    int64_t level = qn_option_int(options, "level");
    if (levels.most == 0)
        return qn_fail(err, QN_ERR_USAGE, "codec %s has no levels: leave --level out.", name);
    if (level < levels.least || level > levels.most)
        return qn_fail(err, QN_ERR_USAGE, "--level is from %d to %d for codec %s.", levels.least,
                       levels.most, name);
    pack->level = (int)level;
    return QN_OK;
}

enum qn_status qn_pack_options_read(struct qn_pack_options *pack, const struct qn_options *options,
                                    struct qn_error *err)
{
    bool given = qn_option_given(options, "group-rows");
    int64_t group_rows = given ? qn_option_int(options, "group-rows") : GROUP_ROWS;
    int64_t page_rows = qn_option_given(options, "page-rows") ? qn_option_int(options, "page-rows")
                                                              : qn_parquet_defaults.page_rows;
    *pack = (struct qn_pack_options){.group_rows = (uint64_t)group_rows,
                                     .group_bytes = given ? MOST_BYTES : GROUP_BYTES,
                                     .page_rows = (uint32_t)page_rows,
                                     .no_bloom = qn_option_flag(options, "no-bloom"),
                                     .overwrite = qn_option_flag(options, "overwrite"),
                                     .options = options};
    if (group_rows < 1 || group_rows > INT32_MAX || page_rows < 1 || page_rows > INT32_MAX)
        return qn_fail(err, QN_ERR_USAGE, "--group-rows and --page-rows are from 1 to 2147483647.");
    if (pack->no_bloom && qn_option_count(options, "bloom") > 0)
        return qn_fail(err, QN_ERR_USAGE, "--bloom and --no-bloom contradict each other.");
    return read_codec(pack, options, err);
}

/* ---- bloom filters -------------------------------------------------------------------------- */

static bool has_bloom(const struct qn_parquet_file *file, size_t leaf)
{
    bool has = false;
    for (size_t g = 0; g < qn_parquet_groups(file) && !has; g++) {
        struct qn_parquet_chunk chunk;
        has = !qn_parquet_chunk(file, g, leaf, &chunk, NULL) && chunk.bloom > 0;
    }
    return has;
}

/* Whether leaf `leaf` of the file is, or is below, what the name says: "a" or "a.list.element". */
static bool is_named(const struct qn_parquet_file *file, size_t leaf, const char *name)
{
    char path[512];
    size_t len = strlen(name);
    qn_parquet_leaf_path(file, leaf, path, sizeof path);
    return !strncmp(path, name, len) && (path[len] == '\0' || path[len] == '.');
}

/* Calls for filters of the leaves that have them already, and of those that are named. */
static enum qn_status set_bloom(struct qn_pack *pack, struct qn_error *err)
{
    const struct qn_parquet_file *file = pack->like->file;
    const struct qn_options *options = pack->options.options;
    size_t names = options ? qn_option_count(options, "bloom") : 0, at = 0;
    for (size_t n = 0; n < names; n++) {
        const char *name = qn_option_item(options, "bloom", n);
        struct qn_nearest nearest = qn_nearest_to(name);
        char hint[128];
        bool found = false;
        for (size_t c = 0; c < pack->column_count; c++) {
            const struct qn_parquet_node *node = qn_parquet_node(file, pack->columns[c]);
            qn_nearest_try(&nearest, node->name);
            for (uint32_t leaf = node->leaf; leaf < node->leaf + node->leaves; leaf++)
                found |= is_named(file, leaf, name);
        }
        if (!found)
            return qn_fail(err, QN_ERR_USAGE, "--bloom: no column '%s' is written.%s", name,
                           qn_nearest_hint(&nearest, hint));
    }
    for (size_t c = 0; c < pack->column_count && !pack->options.no_bloom; c++) {
        const struct qn_parquet_node *node = qn_parquet_node(file, pack->columns[c]);
        for (uint32_t leaf = node->leaf; leaf < node->leaf + node->leaves; leaf++, at++) {
            bool wanted = has_bloom(file, leaf);
            for (size_t n = 0; n < names && !wanted; n++)
                wanted = is_named(file, leaf, qn_option_item(options, "bloom", n));
            if (wanted)
                qn_parquet_writer_bloom(pack->writer, at);
        }
    }
    return QN_OK;
}

/* ---- beginning and end ---------------------------------------------------------------------- */

static enum qn_status make_columns(struct qn_pack *pack, const uint32_t *columns,
                                   struct qn_error *err)
{
    const struct qn_parquet_file *file = pack->like->file;
    for (size_t c = 0; c < pack->column_count; c++)
        pack->leaf_count += qn_parquet_node(file, columns[c])->leaves;
    pack->columns = qn_sys.calloc(pack->column_count + 1, sizeof *pack->columns);
    pack->gathered = qn_sys.calloc(pack->leaf_count + 1, sizeof *pack->gathered);
    pack->taps = qn_sys.calloc(pack->leaf_count + 1, sizeof *pack->taps);
    pack->keys = qn_sys.calloc(pack->options.sorted_count + 1, sizeof *pack->keys);
    if (!pack->columns || !pack->gathered || !pack->taps || !pack->keys)
        return qn_fail_memory(err, "a Parquet writer", pack->leaf_count * sizeof *pack->gathered);
    for (size_t c = 0, at = 0; c < pack->column_count; c++) {
        const struct qn_parquet_node *node = qn_parquet_node(file, columns[c]);
        pack->columns[c] = columns[c];
        for (size_t k = 0; k < pack->options.sorted_count; k++) {
            if (pack->options.sorted[k] == c)
                pack->keys[k] = (uint32_t)at;
        }
        for (uint32_t leaf = node->leaf; leaf < node->leaf + node->leaves; leaf++)
            qn_gathered_init(&pack->gathered[at++], qn_parquet_leaf(file, leaf));
    }
    return QN_OK;
}

static bool has_all_columns(const struct qn_pack *pack)
{
    uint32_t node = 1;
    for (size_t c = 0; c < pack->column_count; c++) {
        if (pack->columns[c] != node)
            return false;
        node = qn_parquet_node(pack->like->file, node)->next;
    }
    return node == qn_parquet_node(pack->like->file, 0)->next;
}

static enum qn_status keep_key_values(struct qn_pack *pack, struct qn_error *err)
{
    const struct qn_parquet_file *file = pack->like->file;
    bool all = has_all_columns(pack);
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < qn_parquet_about(file).key_values && !status; i++) {
        const char *key, *value;
        qn_parquet_key_value_at(file, i, &key, &value);
        if (all || strcmp(key, "ARROW:schema") != 0)
            status = qn_parquet_footer_key_value(pack->footer, key, value, err);
    }
    return status;
}

static enum qn_status make_writer(struct qn_pack *pack, struct qn_error *err)
{
    struct qn_parquet_options encode = qn_parquet_defaults;
    encode.codec = pack->options.codec;
    encode.level = pack->options.level;
    encode.page_rows = pack->options.page_rows;
    enum qn_status status = qn_parquet_writer_like(&pack->writer, pack->like->file, pack->columns,
                                                   pack->column_count, &encode, err);
    if (!status)
        status = set_bloom(pack, err);
    if (!status)
        status = qn_parquet_footer_like(&pack->footer, pack->like->file, pack->columns,
                                        pack->column_count, err);
    for (size_t i = 0; i < pack->options.sorted_count && !status; i++)
        status = qn_parquet_footer_sorted(pack->footer, pack->keys[i], err);
    return status ? status : keep_key_values(pack, err);
}

enum qn_status qn_pack_new(struct qn_pack **out, const char *path, const struct qn_opened *like,
                           const uint32_t *columns, size_t column_count,
                           const struct qn_pack_options *options, struct qn_error *err)
{
    struct qn_pack *pack = *out = qn_sys.calloc(1, sizeof *pack);
    if (!pack)
        return qn_fail_memory(err, "a Parquet writer", sizeof *pack);
    pack->out.fd = -1;
    pack->options = *options;
    pack->like = like;
    pack->column_count = column_count;
    enum qn_status status = make_columns(pack, columns, err);
    if (!status)
        status = make_writer(pack, err);
    if (!status)
        status = qn_fresh_open(&pack->out, path, options->overwrite, err);
    if (!status)
        status = qn_fresh_write(&pack->out, QN_PARQUET_MAGIC, 4, err);
    if (status) {
        qn_pack_free(pack);
        *out = NULL;
    }
    return status;
}

static void close_taps(struct qn_pack *pack)
{
    for (size_t i = 0; pack->taps && i < pack->leaf_count; i++)
        qn_tap_close(&pack->taps[i]);
}

void qn_pack_free(struct qn_pack *pack)
{
    if (!pack)
        return;
    close_taps(pack);
    for (size_t i = 0; pack->gathered && i < pack->leaf_count; i++)
        qn_gathered_release(&pack->gathered[i]);
    qn_fresh_discard(&pack->out);
    qn_parquet_writer_free(pack->writer);
    qn_parquet_footer_free(pack->footer);
    qn_buf_release(&pack->bytes);
    qn_buf_release(&pack->meta);
    free(pack->columns);
    free(pack->gathered);
    free(pack->taps);
    free(pack->keys);
    free(pack);
}

/* ---- row groups out ------------------------------------------------------------------------- */

static void begin_group(struct qn_pack *pack, uint64_t rows)
{
    qn_buf_clear(&pack->bytes);
    qn_buf_clear(&pack->meta);
    qn_parquet_group_begin(pack->writer, rows, &pack->meta);
}

static enum qn_status encode_leaf(struct qn_pack *pack, size_t leaf, struct qn_gathered *gathered,
                                  uint64_t rows, struct qn_error *err)
{
    struct qn_parquet_entries entries = qn_gathered_entries(gathered);
    if (qn_gathered_failed(gathered))
        return qn_fail_memory(err, "a row group", qn_gathered_bytes(gathered));
    return qn_parquet_group_entries(pack->writer, leaf, &entries, rows, 0, &pack->bytes,
                                    &pack->meta, err);
}

static enum qn_status end_group(struct qn_pack *pack, struct qn_error *err)
{
    enum qn_status status =
        qn_parquet_footer_group(pack->footer, pack->meta.data, pack->meta.len, pack->out.size, err);
    return status ? status : qn_fresh_write(&pack->out, pack->bytes.data, pack->bytes.len, err);
}

/* What waits, as it came. */
static enum qn_status write_group(struct qn_pack *pack, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    begin_group(pack, pack->rows);
    for (size_t i = 0; i < pack->leaf_count && !status; i++) {
        status = encode_leaf(pack, i, &pack->gathered[i], pack->rows, err);
        qn_gathered_clear(&pack->gathered[i]);
    }
    pack->rows = 0;
    return status ? status : end_group(pack, err);
}

static enum qn_status write_sorted_group(struct qn_pack *pack, const uint64_t *order, uint64_t rows,
                                         const struct qn_row_starts *starts,
                                         struct qn_gathered *sorted, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    begin_group(pack, rows);
    for (size_t i = 0; i < pack->leaf_count && !status; i++) {
        const struct qn_gathered *from = &pack->gathered[i];
        qn_gathered_clear(sorted);
        sorted->width = from->width;
        sorted->max_def = from->max_def;
        sorted->max_rep = from->max_rep;
        for (uint64_t row = 0; row < rows; row++)
            qn_gathered_copy_row(sorted, from, &starts[i], order[row]);
        status = encode_leaf(pack, i, sorted, rows, err);
    }
    return status ? status : end_group(pack, err);
}

/* All that waits, in the order of the keys. */
static enum qn_status write_sorted(struct qn_pack *pack, struct qn_error *err)
{
    struct qn_sort_key keys[QN_MAX_SORT];
    struct qn_gathered sorted = {.width = 0};
    uint64_t *order = NULL;
    enum qn_status status = QN_OK;
    struct qn_row_starts *starts = qn_sys.calloc(pack->leaf_count + 1, sizeof *starts);
    if (!starts)
        return qn_fail_memory(err, "sorting", pack->leaf_count * sizeof *starts);
    for (size_t i = 0; i < pack->leaf_count && !status; i++)
        status = qn_row_starts_make(&starts[i], &pack->gathered[i], pack->rows, err);
    for (size_t k = 0; k < pack->options.sorted_count; k++)
        keys[k] =
            (struct qn_sort_key){.gathered = &pack->gathered[pack->keys[k]],
                                 .starts = &starts[pack->keys[k]],
                                 .order = qn_parquet_order(qn_parquet_node(
                                     pack->like->file, pack->columns[pack->options.sorted[k]]))};
    if (!status)
        status = qn_sort_rows(keys, pack->options.sorted_count, pack->rows, &order, err);
    for (uint64_t from = 0; from < pack->rows && !status; from += pack->options.group_rows) {
        uint64_t rest = pack->rows - from;
        uint64_t rows = rest < pack->options.group_rows ? rest : pack->options.group_rows;
        status = write_sorted_group(pack, order + from, rows, starts, &sorted, err);
    }
    for (size_t i = 0; i < pack->leaf_count; i++)
        qn_row_starts_release(&starts[i]);
    qn_gathered_release(&sorted);
    free(starts);
    free(order);
    return status;
}

/* ---- rows in -------------------------------------------------------------------------------- */

enum qn_status qn_pack_group(struct qn_pack *pack, const struct qn_opened *from,
                             const uint32_t *columns, size_t group, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    size_t at = 0;
    close_taps(pack);
    for (size_t c = 0; c < pack->column_count && !status; c++) {
        uint32_t leaves = qn_parquet_node(pack->like->file, pack->columns[c])->leaves;
        for (uint32_t i = 0; i < leaves && columns[c] != QN_NO_COLUMN && !status; i++)
            status = qn_tap_open(&pack->taps[at + i], from->file, group,
                                 qn_parquet_node(from->file, columns[c])->leaf + i, err);
        at += leaves;
    }
    return status;
}

static uint64_t bytes_waiting(const struct qn_pack *pack)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < pack->leaf_count; i++)
        bytes += qn_gathered_bytes(&pack->gathered[i]);
    return bytes;
}

/* Writes a group if there is enough for one. */
static enum qn_status relieve(struct qn_pack *pack, struct qn_error *err)
{
    char limit[QN_UNITS_TEXT];
    uint64_t bytes = bytes_waiting(pack);
    if (pack->options.sorted_count == 0) {
        bool full = pack->rows == pack->options.group_rows || bytes >= pack->options.group_bytes;
        return full && pack->rows > 0 ? write_group(pack, err) : QN_OK;
    }
    if (bytes < MOST_BYTES)
        return QN_OK;
    return qn_fail(err, QN_ERR_MEMORY,
                   "sorting would take more than %s of memory. Sort slices of the file and merge "
                   "them.",
                   qn_units_bytes(MOST_BYTES, limit));
}

enum qn_status qn_pack_rows(struct qn_pack *pack, uint64_t rows, const uint8_t *keep,
                            struct qn_error *err)
{
    enum qn_status status = QN_OK;
    while (rows > 0 && !status) {
        uint64_t step = rows < STEP ? rows : STEP, kept = 0;
        if (pack->options.sorted_count == 0 && pack->options.group_rows - pack->rows < step)
            step = pack->options.group_rows - pack->rows;
        for (uint64_t row = 0; row < step; row++)
            kept += !keep || keep[row];
        for (size_t i = 0; i < pack->leaf_count && !status; i++) {
            if (pack->taps[i].scan)
                status = qn_tap_rows(&pack->taps[i], step, keep, &pack->gathered[i], err);
            else
                qn_gathered_nulls(&pack->gathered[i], kept);
        }
        pack->rows += kept;
        rows -= step;
        keep += keep ? step : 0;
        if (!status)
            status = relieve(pack, err);
    }
    return status;
}

enum qn_status qn_pack_file(struct qn_pack *pack, const struct qn_opened *from,
                            const uint32_t *columns, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (size_t g = 0; g < qn_parquet_groups(from->file) && !status; g++) {
        uint64_t rows = qn_parquet_group_rows(from->file, g);
        if (rows > 0)
            status = qn_pack_group(pack, from, columns, g, err);
        if (!status)
            status = qn_pack_rows(pack, rows, NULL, err);
    }
    close_taps(pack);
    return status;
}

enum qn_status qn_pack_finish(struct qn_pack *pack, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    close_taps(pack);
    if (pack->options.sorted_count > 0)
        status = write_sorted(pack, err);
    else if (pack->rows > 0)
        status = write_group(pack, err);
    qn_buf_clear(&pack->bytes);
    if (!status)
        status = qn_parquet_footer_finish(pack->footer, pack->out.size, &pack->bytes, err);
    if (!status)
        status = qn_fresh_write(&pack->out, pack->bytes.data, pack->bytes.len, err);
    return status ? status : qn_fresh_finish(&pack->out, err);
}
