/* `quern parquet merge`: many files into one. Row groups are carried over byte for byte when the
 * files have one schema; otherwise, or when asked to, rows are encoded anew. */
#include "pipelines/parquet/tools.h"

#include "base/fresh.h"
#include "base/io.h"
#include "base/sys.h"
#include "format/parquet/carry.h"
#include "pipelines/parquet/pack.h"
#include "render/terminal.h"
#include "render/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COPY_BYTES (1u << 20)

struct merge {
    const struct qn_options *options;
    struct qn_paths paths;
    const char *output;
    struct qn_opened first; /* its schema is the new file's */
    struct qn_opened other;
    uint64_t rows, groups;
};

static enum qn_status open_file(struct merge *merge, size_t i, struct qn_opened **opened,
                                struct qn_error *err)
{
    *opened = i ? &merge->other : &merge->first;
    return i ? qn_opened_open(&merge->other, merge->paths.paths[i], QN_PARQUET_STRICT, err) : QN_OK;
}

static void close_file(struct merge *merge)
{
    if (merge->other.file)
        qn_opened_close(&merge->other);
}

/* ---- carrying over -------------------------------------------------------------------------- */

static enum qn_status copy_pieces(const struct qn_opened *opened, const struct qn_buf *pieces,
                                  struct qn_fresh_file *out, struct qn_buf *room,
                                  struct qn_error *err)
{
    const struct qn_parquet_piece *piece = (const void *)pieces->data;
    const struct qn_parquet_piece *end = piece + pieces->len / sizeof *piece;
    enum qn_status status = QN_OK;
    qn_buf_clear(room);
    uint8_t *bytes = qn_buf_reserve(room, COPY_BYTES);
    if (!bytes)
        return qn_fail_memory(err, "copying", COPY_BYTES);
    for (; piece < end && !status; piece++) {
        for (uint64_t done = 0; done < piece->len && !status;) {
            uint64_t rest = piece->len - done;
            size_t some = rest < COPY_BYTES ? (size_t)rest : COPY_BYTES;
            status = qn_read_at(opened->fd, opened->path, bytes, some, piece->offset + done, err);
            if (!status)
                status = qn_fresh_write(out, bytes, some, err);
            done += some;
        }
    }
    return status;
}

static enum qn_status carry_file(struct merge *merge, struct qn_parquet_carrier *carrier,
                                 struct qn_opened *opened, struct qn_fresh_file *out,
                                 struct qn_error *err)
{
    struct qn_buf pieces = {0}, room = {0};
    enum qn_status status = QN_OK;
    for (size_t g = 0; g < qn_parquet_groups(opened->file) && !status; g++) {
        if (qn_parquet_group_rows(opened->file, g) == 0)
            continue;
        status = qn_parquet_carry(carrier, opened->file, g, out->size, &pieces, err);
        if (!status)
            status = copy_pieces(opened, &pieces, out, &room, err);
        merge->rows += qn_parquet_group_rows(opened->file, g);
        merge->groups++;
    }
    qn_buf_release(&pieces);
    qn_buf_release(&room);
    return status;
}

static enum qn_status carry_all(struct merge *merge, struct qn_error *err)
{
    struct qn_parquet_carrier *carrier;
    struct qn_fresh_file out = {.fd = -1};
    struct qn_buf footer = {0};
    enum qn_status status = qn_parquet_carrier_new(&carrier, merge->first.file, err);
    if (!status)
        status =
            qn_fresh_open(&out, merge->output, qn_option_flag(merge->options, "overwrite"), err);
    if (!status)
        status = qn_fresh_write(&out, QN_PARQUET_MAGIC, 4, err);
    for (size_t i = 0; i < merge->paths.count && !status; i++) {
        struct qn_opened *opened;
        status = open_file(merge, i, &opened, err);
        if (!status)
            status = carry_file(merge, carrier, opened, &out, err);
        close_file(merge);
    }
    if (!status)
        status = qn_parquet_carrier_finish(carrier, out.size, &footer, err);
    if (!status)
        status = qn_fresh_write(&out, footer.data, footer.len, err);
    if (!status)
        status = qn_fresh_finish(&out, err);
    qn_fresh_discard(&out);
    qn_buf_release(&footer);
    qn_parquet_carrier_free(carrier);
    return status;
}

/* ---- encoding anew -------------------------------------------------------------------------- */

/* Where the columns of the first file are in this one; one that is missing becomes null. */
static enum qn_status map_columns(const struct merge *merge, const struct qn_opened *opened,
                                  const uint32_t *wanted, size_t count, uint32_t *columns,
                                  struct qn_error *err)
{
    for (size_t c = 0; c < count; c++) {
        const struct qn_parquet_node *first = qn_parquet_node(merge->first.file, wanted[c]);
        if (qn_column_by_name(opened, first->name, &columns[c], NULL)) {
            columns[c] = QN_NO_COLUMN;
            if (first->repetition != QN_PQ_OPTIONAL)
                return qn_fail_at(err, QN_ERR_INPUT, opened->path, -1,
                                  "'%s' has no column '%s', which '%s' requires.", opened->path,
                                  first->name, merge->first.path);
            continue;
        }
        if (!qn_parquet_column_fits(opened->file, columns[c], merge->first.file, wanted[c]))
            return qn_fail_at(err, QN_ERR_INPUT, opened->path, -1,
                              "column '%s' of '%s' is not of the type that it has in '%s'.",
                              first->name, opened->path, merge->first.path);
    }
    return QN_OK;
}

/* A column that only a later file has would be lost. */
static enum qn_status no_column_is_lost(const struct merge *merge, const struct qn_opened *opened,
                                        struct qn_error *err)
{
    const struct qn_parquet_file *file = opened->file;
    uint32_t node;
    if (qn_option_count(merge->options, "columns") > 0)
        return QN_OK;
    for (uint32_t n = 1; n < qn_parquet_node(file, 0)->next; n = qn_parquet_node(file, n)->next) {
        if (qn_column_by_name(&merge->first, qn_parquet_node(file, n)->name, &node, NULL))
            return qn_fail_at(err, QN_ERR_INPUT, opened->path, -1,
                              "'%s' has a column '%s' that the first file does not have. Put a "
                              "file with all columns first, or choose columns with --columns.",
                              opened->path, qn_parquet_node(file, n)->name);
    }
    return QN_OK;
}

static enum qn_status pack_file(struct merge *merge, struct qn_pack *pack, size_t i,
                                const uint32_t *wanted, size_t count, uint32_t *columns,
                                struct qn_error *err)
{
    struct qn_opened *opened;
    enum qn_status status = open_file(merge, i, &opened, err);
    if (!status)
        status = no_column_is_lost(merge, opened, err);
    if (!status)
        status = map_columns(merge, opened, wanted, count, columns, err);
    if (!status)
        status = qn_pack_file(pack, opened, columns, err);
    if (!status)
        merge->rows += qn_parquet_rows(opened->file);
    close_file(merge);
    return status;
}

static enum qn_status pack_all(struct merge *merge, struct qn_error *err)
{
    struct qn_pack *pack = NULL;
    struct qn_pack_options how;
    size_t room = qn_parquet_node_count(merge->first.file) + 1, count;
    enum qn_status status = qn_pack_options_read(&how, merge->options, err);
    if (status)
        return status;
    uint32_t *wanted = qn_sys.calloc(2 * room, sizeof *wanted);
    if (!wanted)
        return qn_fail_memory(err, "columns", room * sizeof *wanted);
    status = qn_choose_columns(&merge->first, merge->options, "columns", wanted, &count, err);
    if (!status)
        status = qn_pack_new(&pack, merge->output, &merge->first, wanted, count, &how, err);
    for (size_t i = 0; i < merge->paths.count && !status; i++)
        status = pack_file(merge, pack, i, wanted, count, wanted + room, err);
    if (!status)
        status = qn_pack_finish(pack, err);
    qn_pack_free(pack);
    free(wanted);
    return status;
}

/* ---- which way ------------------------------------------------------------------------------ */

static enum qn_status all_alike(struct merge *merge, bool *alike, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    *alike = true;
    for (size_t i = 1; i < merge->paths.count && *alike && !status; i++) {
        struct qn_opened *opened;
        status = open_file(merge, i, &opened, err);
        if (!status)
            *alike = qn_parquet_same_schema(merge->first.file, opened->file);
        close_file(merge);
    }
    return status;
}

/* Options that only encoding anew can fulfil. */
static bool wants_encoding(const struct qn_options *options)
{
    static const char *const names[] = {"group-rows", "page-rows", "codec",
                                        "level",      "bloom",     "no-bloom"};
    bool given = qn_option_count(options, "columns") > 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        given |= qn_option_given(options, names[i]);
    return given;
}

enum qn_status qn_tool_merge(const struct qn_options *options, struct qn_error *err)
{
    struct merge *merge = qn_sys.calloc(1, sizeof *merge);
    bool alike = false;
    bool anew = wants_encoding(options);
    char rows[QN_UNITS_TEXT];
    if (!merge)
        return qn_fail_memory(err, "a merge", sizeof *merge);
    merge->options = options;
    merge->output = qn_option_string(options, "output");
    enum qn_status status =
        merge->output ? QN_OK
                      : qn_fail(err, QN_ERR_USAGE, "where to? Name the file to write: -o FILE.");
    if (!status)
        status = qn_paths_of_inputs(&merge->paths, options, err);
    if (!status)
        status = qn_opened_open(&merge->first, merge->paths.paths[0], QN_PARQUET_STRICT, err);
    if (!status && !anew)
        status = all_alike(merge, &alike, err);
    if (!status)
        status = alike ? carry_all(merge, err) : pack_all(merge, err);
    if (!status)
        qn_terminal_print(stderr, "%s: %s rows of %zu files, %s.\n", merge->output,
                          qn_units_count(merge->rows, rows), merge->paths.count,
                          alike ? "row groups carried over as they were" : "encoded anew");
    qn_opened_close(&merge->first);
    qn_paths_release(&merge->paths);
    free(merge);
    return status;
}
