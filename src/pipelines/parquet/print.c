/* `quern parquet head`, `cat` and `slice`: rows as text or as Parquet. */
#include "pipelines/parquet/tools.h"

#include "base/fresh.h"
#include "base/sys.h"
#include "pipelines/parquet/pack.h"
#include "pipelines/parquet/rows.h"
#include "pipelines/parquet/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLUSH_BYTES (1u << 20)

/* Where rows go: text to standard output or a file, or Parquet to a file. */
struct sink {
    const char *path; /* NULL: standard output */
    bool parquet;
    struct qn_text_rows text;
    struct qn_fresh_file file;
    struct qn_buf out;
    struct qn_pack *pack;
};

/* What rows are wanted of the files. */
struct wanted {
    uint64_t first, end; /* rows, counted over all files */
    uint64_t seen;
    struct qn_when when;
};

static enum qn_status flush(struct sink *sink, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    if (sink->out.failed)
        return qn_fail_memory(err, "rows", sink->out.len);
    if (sink->path)
        status = qn_fresh_write(&sink->file, sink->out.data, sink->out.len, err);
    else if (sink->out.len > 0 && fwrite(sink->out.data, 1, sink->out.len, stdout) != sink->out.len)
        status = qn_fail(err, QN_ERR_IO, "cannot write to standard output.");
    qn_buf_clear(&sink->out);
    return status;
}

/* The format that the name of the output tells; NULL if it tells none. */
static const char *format_of_name(const char *path)
{
    static const struct {
        const char *end, *format;
    } names[] = {{".csv", "csv"},     {".json", "json"},       {".jsonl", "json"},
                 {".ndjson", "json"}, {".parquet", "parquet"}, {".parq", "parquet"},
                 {".pq", "parquet"},  {".txt", "table"}};
    size_t len = strlen(path);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t tail = strlen(names[i].end);
        if (len > tail && !strcmp(path + len - tail, names[i].end))
            return names[i].format;
    }
    return NULL;
}

/* The format asked for, or the one that the name of the output tells. */
static enum qn_status choose_format(const struct qn_options *options, struct sink *sink,
                                    struct qn_error *err)
{
    const char *format = qn_option_string(options, "format");
    sink->path = qn_option_string(options, "output");
    if (!format)
        format = sink->path ? format_of_name(sink->path) : "csv";
    if (!format)
        return qn_fail(
            err, QN_ERR_USAGE,
            "in what format? The name of '%s' does not tell: give --format, or a name that "
            "ends with .csv, .json, .jsonl or .parquet.",
            sink->path);
    sink->parquet = !strcmp(format, "parquet");
    sink->text.format = !strcmp(format, "table")  ? QN_ROWS_TABLE
                        : !strcmp(format, "json") ? QN_ROWS_JSON
                                                  : QN_ROWS_CSV;
    if (sink->parquet && !sink->path)
        return qn_fail(err, QN_ERR_USAGE, "where to? Parquet goes to a file: -o FILE.parquet.");
    return QN_OK;
}

static enum qn_status start_sink(struct sink *sink, const struct qn_opened *opened,
                                 const uint32_t *columns, size_t count,
                                 const struct qn_options *options, struct qn_error *err)
{
    sink->text.opened = opened;
    sink->text.columns = columns;
    sink->text.column_count = count;
    if (sink->parquet) {
        struct qn_pack_options how;
        enum qn_status status = qn_pack_options_read(&how, options, err);
        return status ? status
                      : qn_pack_new(&sink->pack, sink->path, opened, columns, count, &how, err);
    }
    enum qn_status status = sink->path ? qn_fresh_open(&sink->file, sink->path,
                                                       qn_option_flag(options, "overwrite"), err)
                                       : QN_OK;
    qn_text_head(&sink->text, &sink->out);
    return status;
}

static enum qn_status finish_sink(struct sink *sink, struct qn_error *err)
{
    if (sink->parquet)
        return sink->pack ? qn_pack_finish(sink->pack, err) : QN_OK;
    qn_text_end(&sink->text, &sink->out);
    enum qn_status status = flush(sink, err);
    return status || !sink->path ? status : qn_fresh_finish(&sink->file, err);
}

static void release_sink(struct sink *sink)
{
    qn_text_release(&sink->text);
    qn_buf_release(&sink->out);
    qn_pack_free(sink->pack);
    if (sink->path && !sink->parquet)
        qn_fresh_discard(&sink->file);
}

/* A later file must have the columns of the first, of the same types. */
static enum qn_status same_columns(const struct sink *sink, const struct qn_opened *opened,
                                   uint32_t *columns, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (size_t c = 0; c < sink->text.column_count && !status; c++) {
        const struct qn_parquet_node *first =
            qn_parquet_node(sink->text.opened->file, sink->text.columns[c]);
        status = qn_column_by_name(opened, first->name, &columns[c], err);
        if (!status && !qn_parquet_column_fits(opened->file, columns[c], sink->text.opened->file,
                                               sink->text.columns[c]))
            status = qn_fail_at(err, QN_ERR_INPUT, opened->path, -1,
                                "column '%s' of '%s' is not of the type that it has in '%s'.",
                                first->name, opened->path, sink->text.opened->path);
    }
    return status;
}

/* Whether the next row is wanted. */
static enum qn_status next_row(struct wanted *wanted, bool *keep, struct qn_error *err)
{
    enum qn_status status = qn_when_next(&wanted->when, keep, err);
    *keep &= wanted->seen++ >= wanted->first;
    return status;
}

/* The first row group of which a row may be wanted. */
static size_t first_group(const struct qn_opened *opened, struct wanted *wanted)
{
    size_t group = 0;
    for (; group < qn_parquet_groups(opened->file); group++) {
        uint64_t rows = qn_parquet_group_rows(opened->file, group);
        if (wanted->seen + rows > wanted->first)
            break;
        wanted->seen += rows;
    }
    return group;
}

/* Rows of one file as text. */
static enum qn_status print_rows(struct sink *sink, const struct qn_opened *opened,
                                 const uint32_t *columns, size_t group, struct wanted *wanted,
                                 struct qn_error *err)
{
    struct qn_rows_of rows;
    bool more = true, keep;
    enum qn_status status = QN_OK;
    qn_rows_of_start(&rows, opened, columns, sink->text.column_count);
    rows.group = group;
    while (!status && wanted->seen < wanted->end) {
        status = qn_rows_of_next(&rows, &more, err);
        if (status || !more)
            break;
        status = next_row(wanted, &keep, err);
        if (!status && keep)
            status = qn_text_row(&sink->text, rows.records, &sink->out, err);
        for (size_t c = 0; c < sink->text.column_count && !keep && !status; c++)
            status = qn_parquet_records_skip(rows.records, c, err);
        if (!status && sink->out.len > FLUSH_BYTES)
            status = flush(sink, err);
    }
    qn_rows_of_end(&rows);
    return status;
}

/* Rows of one group as Parquet. */
static enum qn_status pack_group(struct sink *sink, uint64_t rows, struct wanted *wanted,
                                 struct qn_error *err)
{
    uint8_t keep[4096];
    enum qn_status status = QN_OK;
    while (rows > 0 && !status && wanted->seen < wanted->end) {
        uint64_t left = wanted->end - wanted->seen, n = 0;
        left = left < rows ? left : rows;
        for (; n < left && n < sizeof keep && !status; n++) {
            bool wish = false;
            status = next_row(wanted, &wish, err);
            keep[n] = wish;
        }
        if (!status)
            status = qn_pack_rows(sink->pack, n, keep, err);
        rows -= n;
    }
    return status;
}

static enum qn_status put_file(struct sink *sink, const struct qn_opened *opened,
                               const uint32_t *columns, struct wanted *wanted, struct qn_error *err)
{
    enum qn_status status = qn_when_open(&wanted->when, opened, err);
    size_t group = first_group(opened, wanted);
    qn_when_group(&wanted->when, group);
    if (!status && !sink->parquet)
        status = print_rows(sink, opened, columns, group, wanted, err);
    for (; sink->parquet && !status && group < qn_parquet_groups(opened->file) &&
           wanted->seen < wanted->end;
         group++) {
        uint64_t rows = qn_parquet_group_rows(opened->file, group);
        if (rows > 0)
            status = qn_pack_group(sink->pack, opened, columns, group, err);
        if (!status)
            status = pack_group(sink, rows, wanted, err);
    }
    qn_when_close(&wanted->when);
    return status;
}

static enum qn_status put_files(struct sink *sink, const struct qn_paths *paths,
                                struct wanted *wanted, const struct qn_options *options,
                                struct qn_error *err)
{
    enum qn_status status = QN_OK;
    struct qn_opened first, *others = NULL;
    first.file = NULL;
    uint32_t *columns = NULL;
    status = qn_opened_open(&first, paths->paths[0], QN_PARQUET_STRICT, err);
    if (status)
        return status;
    size_t room = qn_parquet_node_count(first.file) + 1, count;
    columns = qn_sys.calloc(2 * room, sizeof *columns);
    others = qn_sys.calloc(1, sizeof *others);
    if (!columns || !others) {
        qn_fail_memory(err, "columns", room * sizeof *columns);
        status = QN_ERR_MEMORY;
    }
    if (!status)
        status = qn_choose_columns(&first, options, "columns", columns, &count, err);
    if (!status)
        status = start_sink(sink, &first, columns, count, options, err);
    if (!status)
        status = put_file(sink, &first, columns, wanted, err);
    for (size_t i = 1; i < paths->count && !status && wanted->seen < wanted->end; i++) {
        status = qn_opened_open(others, paths->paths[i], QN_PARQUET_STRICT, err);
        if (!status)
            status = same_columns(sink, others, columns + room, err);
        if (!status)
            status = put_file(sink, others, columns + room, wanted, err);
        if (others->file)
            qn_opened_close(others);
    }
    if (!status)
        status = finish_sink(sink, err);
    free(columns);
    free(others);
    sink->text.opened = NULL;
    qn_opened_close(&first);
    return status;
}

static enum qn_status run(const struct qn_options *options, const struct qn_paths *paths,
                          struct sink *sink, struct wanted *wanted, struct qn_error *err)
{
    enum qn_status status = put_files(sink, paths, wanted, options, err);
    release_sink(sink);
    return status;
}

enum qn_status qn_tool_head(const struct qn_options *options, struct qn_error *err)
{
    struct sink sink = {.file = {.fd = -1}};
    struct wanted wanted = {.end = (uint64_t)qn_option_int(options, "rows")};
    const char *path;
    const char *format = qn_option_string(options, "format");
    enum qn_status status = qn_only_input(options, &path, err);
    if (!status && qn_option_int(options, "rows") < 0)
        status = qn_fail(err, QN_ERR_USAGE, "--rows is a number of rows, 0 or more.");
    if (status)
        return status;
    char *one[] = {(char *)(uintptr_t)path};
    struct qn_paths paths = {.paths = one, .count = 1};
    sink.text.format = !strcmp(format, "csv")    ? QN_ROWS_CSV
                       : !strcmp(format, "json") ? QN_ROWS_JSON
                                                 : QN_ROWS_TABLE;
    return run(options, &paths, &sink, &wanted, err);
}

enum qn_status qn_tool_cat(const struct qn_options *options, struct qn_error *err)
{
    struct sink sink = {.file = {.fd = -1}};
    struct wanted wanted = {.end = UINT64_MAX};
    struct qn_paths paths = {0};
    enum qn_status status = choose_format(options, &sink, err);
    if (!status)
        status = qn_paths_of_inputs(&paths, options, err);
    if (!status)
        status = run(options, &paths, &sink, &wanted, err);
    qn_paths_release(&paths);
    return status;
}

/* "A:B", "A:", ":B": rows A to B - 1. */
static bool parse_rows(const char *text, struct wanted *wanted)
{
    char *end;
    wanted->first = strtoull(text, &end, 10);
    if (*end != ':' || text[0] == '-')
        return false;
    if (end[1] == '\0')
        return true;
    const char *rest = end + 1;
    wanted->end = strtoull(rest, &end, 10);
    return !*end && rest[0] != '-' && wanted->end >= wanted->first;
}

enum qn_status qn_tool_slice(const struct qn_options *options, struct qn_error *err)
{
    struct sink sink = {.file = {.fd = -1}};
    struct wanted wanted = {.end = UINT64_MAX};
    struct qn_paths paths = {0};
    const char *rows = qn_option_string(options, "rows");
    enum qn_status status = choose_format(options, &sink, err);
    if (!status && rows && !parse_rows(rows, &wanted))
        status =
            qn_fail(err, QN_ERR_USAGE,
                    "--rows '%s' makes no sense: expected FIRST:END, such as 1000:2000.", rows);
    if (!status)
        status = qn_when_parse(&wanted.when, options, err);
    if (!status)
        status = qn_paths_of_inputs(&paths, options, err);
    if (!status)
        status = run(options, &paths, &sink, &wanted, err);
    qn_paths_release(&paths);
    return status;
}
