/* Small tables in text: see delimited.h. The text is cut into cells in place. */
#include "format/text/delimited.h"

#include "base/sys.h"
#include "format/unpacked.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_COLUMNS = 4096 };

struct cutter {
    struct qn_delimited *table;
    const char *cells[MOST_COLUMNS];
    size_t count;
};

void qn_delimited_release(struct qn_delimited *table)
{
    qn_buf_release(&table->text);
    qn_buf_release(&table->cells);
    qn_buf_release(&table->starts);
}

bool qn_delimited_number(const char *cell, double *value)
{
    char *end;
    if (!*cell || ((*cell < '0' || *cell > '9') && !strchr("+-.", *cell)))
        return false;
    *value = strtod(cell, &end);
    return end != cell && !*end && isfinite(*value);
}

static char *trim(char *cell)
{
    size_t len = strlen(cell);
    while (len > 0 && (cell[len - 1] == ' ' || cell[len - 1] == '\t' || cell[len - 1] == '\r'))
        cell[--len] = '\0';
    while (*cell == ' ' || *cell == '\t')
        cell++;
    return cell;
}

/* Takes the quotes off a cell that begins with one; returns what follows its end. */
static char *unquote(char *at, char **cell)
{
    char *to = at;
    *cell = to;
    for (at++; *at; at++) {
        if (*at == '"' && *++at != '"')
            break; /* the quote that ends it; doubled ones stand for one */
        if (!*at)
            break;
        *to++ = *at;
    }
    *to = '\0'; /* before `at`, as the opening quote is gone */
    return at;
}

/* Cuts one line into cells. `line` is overwritten. */
static void cut(struct cutter *cutter, char *line, char delimiter)
{
    char *at = line;
    cutter->count = 0;
    while (cutter->count < MOST_COLUMNS) {
        char *cell = at;
        if (delimiter == ' ') {
            at += strspn(at, " \t\r");
            if (!*at)
                return;
            cell = at;
            at += strcspn(at, " \t\r");
        } else if (*at == '"') {
            at = unquote(at, &cell);
            at += strcspn(at, (char[]){delimiter, '\0'});
        } else {
            at += strcspn(at, (char[]){delimiter, '\0'});
        }
        bool last = !*at;
        *at = '\0';
        cutter->cells[cutter->count++] = trim(cell);
        if (last)
            return;
        at++;
    }
}

/* The end of a record: the first line end outside quotes. */
static char *end_of_record(char *at, char *end)
{
    bool quoted = false;
    for (; at < end; at++) {
        quoted ^= *at == '"';
        if (*at == '\n' && !quoted)
            return at;
    }
    return end;
}

static char guess_delimiter(const char *line)
{
    static const char order[] = ",;\t|";
    for (const char *c = order; *c; c++)
        if (strchr(line, *c))
            return *c;
    return ' ';
}

static bool is_header(const struct cutter *cutter)
{
    double value;
    for (size_t i = 0; i < cutter->count; i++) {
        const char *cell = cutter->cells[i];
        if (*cell && !qn_delimited_number(cell, &value) && strcmp(cell, "nan") != 0 &&
            strcmp(cell, "NaN") != 0)
            return true;
    }
    return false;
}

struct layout {    /* gathered in the first pass over the records */
    char *comment; /* the last comment line before the first row */
    size_t records;
    size_t columns;
};

static bool is_comment(const char *record)
{
    record += strspn(record, " \t");
    return *record == '#' || !*record || *record == '\r';
}

/* Ends each record with a NUL and counts; the delimiter is that of the first row. */
static struct layout scan(struct qn_delimited *table)
{
    struct layout layout = {0};
    char *at = (char *)table->text.data;
    char *end = at + table->text.len;
    while (at < end) {
        char *stop = end_of_record(at, end);
        *stop = '\0';
        if (is_comment(at)) {
            layout.comment = layout.records == 0 && strchr(at, '#') ? at : layout.comment;
        } else {
            if (layout.records++ == 0)
                table->delimiter = guess_delimiter(at);
        }
        at = stop + 1;
    }
    return layout;
}

/* A record begins, or after the last one the end is reached. */
static void put_start(struct qn_delimited *table)
{
    size_t start = table->cells.len / sizeof(char *);
    qn_buf_append(&table->starts, &start, sizeof start);
}

/* The cells that the record has: a table of short rows may have thousands of columns. */
static void put_cells(struct qn_delimited *table, const struct cutter *cutter)
{
    size_t count = cutter->count < table->columns ? cutter->count : table->columns;
    put_start(table);
    qn_buf_append(&table->cells, cutter->cells, count * sizeof *cutter->cells);
}

static void end_rows(struct qn_delimited *table)
{
    size_t records = table->starts.len / sizeof(size_t);
    put_start(table);
    table->rows = records > table->has_header ? records - table->has_header : 0;
}

/* A comment that names the columns of a table without a header of its own. */
static void take_comment(struct qn_delimited *table, struct cutter *cutter, char *comment)
{
    if (!comment)
        return;
    comment += strspn(comment, " \t#");
    cut(cutter, comment, strchr(comment, ',') ? ',' : table->delimiter);
    if (cutter->count != table->columns || !is_header(cutter))
        return;
    put_cells(table, cutter);
    table->has_header = true;
}

/* The first record decides how many columns there are, and whether it is their header. */
static void begin_rows(struct qn_delimited *table, struct cutter *cutters, char *comment)
{
    table->columns = cutters[0].count;
    table->has_header = is_header(&cutters[0]);
    if (!table->has_header)
        take_comment(table, &cutters[1], comment);
}

static void fill(struct qn_delimited *table, struct cutter *cutters, const struct layout *layout)
{
    char *at = (char *)table->text.data;
    char *end = at + table->text.len;
    bool first = true;
    while (at < end) {
        char *next = at + strlen(at) + 1;
        if (!is_comment(at)) {
            cut(&cutters[0], at, table->delimiter);
            if (first)
                begin_rows(table, cutters, layout->comment);
            put_cells(table, &cutters[0]);
            first = false;
        }
        at = next;
    }
    end_rows(table);
}

static enum qn_status no_rows(const char *path, struct qn_error *err)
{
    return qn_fail_at(err, QN_ERR_INPUT, path, -1, "'%s' has no rows.", path);
}

enum qn_status qn_delimited_read(struct qn_delimited *table, const char *path, uint64_t limit,
                                 struct qn_error *err)
{
    *table = (struct qn_delimited){0};
    enum qn_status status = qn_read_unpacked(path, &table->text, limit, err);
    if (!status && memchr(table->text.data ? table->text.data : (uint8_t *)"", 0, table->text.len))
        return qn_fail_at(err, QN_ERR_INPUT, path, -1, "'%s' has NUL bytes: it is no text file.",
                          path);
    qn_buf_u8(&table->text, 0);
    if (!status && table->text.failed)
        return qn_fail_memory(err, path, table->text.len);
    if (status)
        return status;
    table->text.len--;
    if (table->text.len >= 3 && !memcmp(table->text.data, "\xef\xbb\xbf", 3)) /* Excel's mark */
        memset(table->text.data, ' ', 3);
    struct cutter *cutters = qn_sys.calloc(2, sizeof *cutters);
    if (!cutters)
        return qn_fail_memory(err, path, sizeof *cutters);
    struct layout layout = scan(table);
    fill(table, cutters, &layout);
    free(cutters);
    if (table->cells.failed || table->starts.failed)
        return qn_fail_memory(err, path, table->cells.len);
    return layout.records > 0 && table->rows > 0 ? QN_OK : no_rows(path, err);
}

enum qn_status qn_delimited_take(struct qn_delimited *table, struct qn_buf *texts, size_t columns,
                                 const char *path, struct qn_error *err)
{
    *table = (struct qn_delimited){.columns = columns, .has_header = true, .text = *texts};
    *texts = (struct qn_buf){0};
    const char *at = (const char *)table->text.data;
    const char *end = at + table->text.len;
    for (size_t i = 0; at < end; at += strlen(at) + 1, i++) {
        if (i % columns == 0)
            put_start(table);
        qn_buf_append(&table->cells, &at, sizeof at);
    }
    end_rows(table);
    if (table->text.failed || table->cells.failed || table->starts.failed)
        return qn_fail_memory(err, path, table->text.len + table->cells.len);
    return table->rows > 0 ? QN_OK : no_rows(path, err);
}

static const char *cell_at(const struct qn_delimited *table, size_t record, size_t column)
{
    const char *const *cells = (const char *const *)(const void *)table->cells.data;
    const size_t *starts = (const size_t *)(const void *)table->starts.data;
    return column < starts[record + 1] - starts[record] ? cells[starts[record] + column] : "";
}

const char *qn_delimited_cell(const struct qn_delimited *table, size_t row, size_t column)
{
    return cell_at(table, row + (table->has_header ? 1 : 0), column);
}

const char *qn_delimited_name(const struct qn_delimited *table, size_t column)
{
    return table->has_header ? cell_at(table, 0, column) : "";
}
