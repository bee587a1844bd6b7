/* `quern parquet diff`: what differs between two files, in schema and in rows: row by row, or by a
 * key whatever the order of the rows. */
#include "pipelines/parquet/tools.h"

#include "base/hash.h"
#include "base/sys.h"
#include "pipelines/parquet/rows.h"
#include "render/terminal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct side {
    struct qn_opened opened;
    uint32_t *columns; /* nodes: keys first, then all other columns that both files have */
    struct qn_rows_of rows;
    bool more;
    struct qn_buf cell;
    struct qn_buf entries; /* by key: struct entry */
    size_t entry_count;
};

struct entry { /* a row */
    struct qn_hash key;
    uint64_t row;
    uint64_t content; /* hash of what is not key */
};

struct diff {
    const struct qn_options *options;
    struct side a, b;
    size_t column_count, key_count;
    uint64_t *changed; /* cells, per column */
    uint64_t only_a, only_b, rows_changed, shown, show;
    bool found;
};

/* ---- schema --------------------------------------------------------------------------------- */

static void one_sided(struct diff *diff, const struct side *in, const struct side *out,
                      const char *where)
{
    const struct qn_parquet_file *file = in->opened.file;
    for (uint32_t n = 1; n < qn_parquet_node(file, 0)->next; n = qn_parquet_node(file, n)->next) {
        uint32_t other;
        if (!qn_column_by_name(&out->opened, qn_parquet_node(file, n)->name, &other, NULL))
            continue;
        qn_terminal_print(stdout, "column '%s' is only in the %s file\n",
                          qn_parquet_node(file, n)->name, where);
        diff->found = true;
    }
}

static void add_column(struct diff *diff, uint32_t a, uint32_t b)
{
    const struct qn_parquet_node *x = qn_parquet_node(diff->a.opened.file, a);
    const struct qn_parquet_node *y = qn_parquet_node(diff->b.opened.file, b);
    char p[96], q[96];
    for (size_t c = 0; c < diff->column_count; c++) {
        if (diff->a.columns[c] == a)
            return;
    }
    if (!qn_parquet_same_type(x, y)) {
        qn_terminal_print(stdout, "column '%s' is %s in the first file, %s in the second\n",
                          x->name, qn_parquet_type_text(x, p, sizeof p),
                          qn_parquet_type_text(y, q, sizeof q));
        diff->found = true;
        return;
    }
    diff->a.columns[diff->column_count] = a;
    diff->b.columns[diff->column_count++] = b;
}

static enum qn_status compare_schemas(struct diff *diff, struct qn_error *err)
{
    const struct qn_parquet_file *file = diff->a.opened.file;
    enum qn_status status = QN_OK;
    diff->key_count = qn_option_count(diff->options, "key");
    for (size_t k = 0; k < diff->key_count && !status; k++) {
        uint32_t a, b;
        const char *name = qn_option_item(diff->options, "key", k);
        status = qn_column_by_name(&diff->a.opened, name, &a, err);
        if (!status)
            status = qn_column_by_name(&diff->b.opened, name, &b, err);
        if (!status)
            add_column(diff, a, b);
    }
    if (!status && diff->column_count != diff->key_count)
        status = qn_fail(err, QN_ERR_USAGE, "the key is not of the same types in both files.");
    one_sided(diff, &diff->a, &diff->b, "first");
    one_sided(diff, &diff->b, &diff->a, "second");
    for (uint32_t n = 1; !status && n < qn_parquet_node(file, 0)->next;
         n = qn_parquet_node(file, n)->next) {
        uint32_t b;
        if (!qn_column_by_name(&diff->b.opened, qn_parquet_node(file, n)->name, &b, NULL))
            add_column(diff, n, b);
    }
    return status;
}

static const char *column_name(const struct diff *diff, size_t column)
{
    return qn_parquet_node(diff->a.opened.file, diff->a.columns[column])->name;
}

/* ---- row by row ----------------------------------------------------------------------------- */

static enum qn_status get_cell(struct side *side, size_t column, struct qn_error *err)
{
    bool null;
    qn_buf_clear(&side->cell);
    enum qn_status status = qn_parquet_records_cell(side->rows.records, column, QN_PARQUET_JSON,
                                                    &side->cell, &null, err);
    return !status && side->cell.failed ? qn_fail_memory(err, "a cell", side->cell.len) : status;
}

static void show_cells(struct diff *diff, const char *row, size_t column)
{
    if (diff->shown++ < diff->show)
        qn_terminal_print(stdout, "%s, column '%s': %.*s | %.*s\n", row, column_name(diff, column),
                          (int)diff->a.cell.len, (char *)diff->a.cell.data, (int)diff->b.cell.len,
                          (char *)diff->b.cell.data);
}

static enum qn_status compare_row(struct diff *diff, const char *row, struct qn_error *err)
{
    bool differs = false;
    for (size_t c = 0; c < diff->column_count; c++) {
        enum qn_status status = get_cell(&diff->a, c, err);
        if (!status)
            status = get_cell(&diff->b, c, err);
        if (status)
            return status;
        if (diff->a.cell.len == diff->b.cell.len &&
            !memcmp(diff->a.cell.data, diff->b.cell.data, diff->a.cell.len))
            continue;
        differs = true;
        diff->changed[c]++;
        show_cells(diff, row, c);
    }
    diff->rows_changed += differs;
    return QN_OK;
}

static enum qn_status by_place(struct diff *diff, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    qn_rows_of_start(&diff->a.rows, &diff->a.opened, diff->a.columns, diff->column_count);
    qn_rows_of_start(&diff->b.rows, &diff->b.opened, diff->b.columns, diff->column_count);
    for (uint64_t row = 0; !status; row++) {
        char name[40];
        status = qn_rows_of_next(&diff->a.rows, &diff->a.more, err);
        if (!status)
            status = qn_rows_of_next(&diff->b.rows, &diff->b.more, err);
        if (status || !diff->a.more || !diff->b.more)
            break;
        snprintf(name, sizeof name, "row %" PRIu64, row);
        status = compare_row(diff, name, err);
    }
    uint64_t a = qn_parquet_rows(diff->a.opened.file), b = qn_parquet_rows(diff->b.opened.file);
    diff->only_a = a > b ? a - b : 0;
    diff->only_b = b > a ? b - a : 0;
    return status;
}

/* ---- by key --------------------------------------------------------------------------------- */

static enum qn_status read_entry(struct diff *diff, struct side *side, uint64_t row,
                                 struct qn_buf *text, struct qn_error *err)
{
    struct entry entry = {.row = row};
    bool null;
    qn_buf_clear(text);
    for (size_t c = 0; c < diff->column_count; c++) {
        if (c == diff->key_count) {
            entry.key = qn_hash_of(text->data, text->len);
            qn_buf_rewind(text);
        }
        enum qn_status status =
            qn_parquet_records_cell(side->rows.records, c, QN_PARQUET_JSON, text, &null, err);
        if (status)
            return status;
        qn_buf_u8(text, 0);
    }
    struct qn_hash content = qn_hash_of(text->data, text->len);
    if (diff->column_count == diff->key_count)
        entry.key = content;
    else
        memcpy(&entry.content, content.bytes, sizeof entry.content);
    qn_buf_append(&side->entries, &entry, sizeof entry);
    side->entry_count++;
    return side->entries.failed || text->failed
               ? qn_fail_memory(err, "the keys of all rows", side->entries.len)
               : QN_OK;
}

static int by_entry(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = memcmp(&x->key, &y->key, sizeof x->key);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

static enum qn_status read_entries(struct diff *diff, struct side *side, struct qn_error *err)
{
    struct qn_buf text = {0};
    enum qn_status status = QN_OK;
    side->more = true;
    qn_rows_of_start(&side->rows, &side->opened, side->columns, diff->column_count);
    for (uint64_t row = 0; !status && side->more; row++) {
        status = qn_rows_of_next(&side->rows, &side->more, err);
        if (!status && side->more)
            status = read_entry(diff, side, row, &text, err);
    }
    qn_buf_release(&text);
    if (!status && side->entry_count > 0)
        qsort(side->entries.data, side->entry_count, sizeof(struct entry), by_entry);
    return status;
}

static void show_row(struct diff *diff, const char *what, const struct entry *entry)
{
    if (diff->shown++ < diff->show)
        qn_terminal_print(stdout, "row %" PRIu64 " %s\n", entry->row, what);
}

static void merge_entries(struct diff *diff)
{
    const struct entry *a = (const void *)diff->a.entries.data;
    const struct entry *b = (const void *)diff->b.entries.data;
    const struct entry *a_end = a + diff->a.entry_count, *b_end = b + diff->b.entry_count;
    while (a < a_end || b < b_end) {
        int order = a == a_end ? 1 : b == b_end ? -1 : memcmp(&a->key, &b->key, sizeof a->key);
        if (order < 0) {
            diff->only_a++;
            show_row(diff, "of the first file has a key that the second does not have", a++);
        } else if (order > 0) {
            diff->only_b++;
            show_row(diff, "of the second file has a key that the first does not have", b++);
        } else {
            if (a->content != b->content) {
                diff->rows_changed++;
                if (diff->shown++ < diff->show)
                    qn_terminal_print(stdout,
                                      "row %" PRIu64 " of the first file and row %" PRIu64
                                      " of the second have the same key and other values\n",
                                      a->row, b->row);
            }
            a++;
            b++;
        }
    }
}

/* ---- the verb ------------------------------------------------------------------------------- */

static void print_summary(const struct diff *diff)
{
    for (size_t c = 0; c < diff->column_count; c++) {
        if (diff->changed[c] > 0)
            qn_terminal_print(stdout, "column '%s': %" PRIu64 " values differ\n",
                              column_name(diff, c), diff->changed[c]);
    }
    qn_terminal_print(stdout,
                      "%" PRIu64 " rows differ, %" PRIu64 " are only in the first file, %" PRIu64
                      " only in the second\n",
                      diff->rows_changed, diff->only_a, diff->only_b);
}

static enum qn_status open_sides(struct diff *diff, struct qn_error *err)
{
    if (qn_option_inputs(diff->options) != 2)
        return qn_fail(err, QN_ERR_USAGE, "which files? Name two Parquet files.");
    enum qn_status status =
        qn_opened_open(&diff->a.opened, qn_option_input(diff->options, 0), QN_PARQUET_STRICT, err);
    if (!status)
        status = qn_opened_open(&diff->b.opened, qn_option_input(diff->options, 1),
                                QN_PARQUET_STRICT, err);
    if (status)
        return status;
    size_t room = qn_parquet_node_count(diff->a.opened.file) + 1;
    diff->a.columns = qn_sys.calloc(room, sizeof *diff->a.columns);
    diff->b.columns = qn_sys.calloc(room, sizeof *diff->b.columns);
    diff->changed = qn_sys.calloc(room, sizeof *diff->changed);
    return diff->a.columns && diff->b.columns && diff->changed
               ? QN_OK
               : qn_fail_memory(err, "columns", room * sizeof *diff->changed);
}

static void release_side(struct side *side)
{
    qn_rows_of_end(&side->rows);
    qn_buf_release(&side->cell);
    qn_buf_release(&side->entries);
    free(side->columns);
    if (side->opened.file)
        qn_opened_close(&side->opened);
}

enum qn_status qn_tool_diff(const struct qn_options *options, struct qn_error *err)
{
    struct diff *diff = qn_sys.calloc(1, sizeof *diff);
    if (!diff)
        return qn_fail_memory(err, "a comparison", sizeof *diff);
    diff->options = options;
    diff->show = (uint64_t)qn_option_int(options, "show");
    enum qn_status status = open_sides(diff, err);
    if (!status)
        status = compare_schemas(diff, err);
    if (!status && diff->key_count == 0) {
        status = by_place(diff, err);
    } else if (!status) {
        status = read_entries(diff, &diff->a, err);
        if (!status)
            status = read_entries(diff, &diff->b, err);
        if (!status)
            merge_entries(diff);
    }
    if (!status) {
        print_summary(diff);
        diff->found |= diff->rows_changed || diff->only_a || diff->only_b;
        status = diff->found ? QN_ERR_FOUND : QN_OK;
    }
    release_side(&diff->a);
    release_side(&diff->b);
    free(diff->changed);
    free(diff);
    return status;
}
