/* Schema files read: see schema.h. One line, one statement; words may stand in double quotes. */
#include "pipelines/ercot/schema.h"

#include "base/io.h"
#include "base/nearest.h"
#include "base/sys.h"
#include "compute/market_time.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 64, COLUMNS_OF_ALL = 32768 };

struct parsing {
    struct er_schema *schema;
    struct er_dataset *dataset; /* the one at hand, NULL before the first */
    const char *name;           /* of the text */
    unsigned line;
    const char *words[WORDS_MAX];
    size_t count;
    size_t columns; /* of all datasets */
    const char *key_words[ER_KEYS];
    size_t key_count;
    const char *point, *value, *year, *tag;
};

static const char *const type_names[ER_TYPE_COUNT] = {
    [ER_TEXT] = "text", [ER_REAL] = "real",       [ER_PRICE] = "price",
    [ER_INT] = "int",   [ER_DATE] = "date",       [ER_STAMP] = "stamp",
    [ER_FLAG] = "flag", [ER_INSTANT] = "instant", [ER_SMALL] = "small"};

static enum qn_status __attribute__((format(printf, 3, 4)))
wrong(const struct parsing *p, struct qn_error *err, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return qn_fail_at(err, QN_ERR_USAGE, p->name, -1, "%s, line %u: %s", p->name, p->line, text);
}

/* Memory that lives as long as the schema; NULL, with the block freed, when it cannot be noted. */
static void *keep(struct er_schema *schema, void *block)
{
    qn_buf_append(&schema->blocks, &block, sizeof block);
    if (!schema->blocks.failed)
        return block;
    free(block);
    return NULL;
}

/* Grows an array by one zeroed item; the old memory is freed with the schema. */
static void *grow(struct er_schema *schema, void *items, size_t count, size_t size)
{
    if ((count & (count - 1)) == 0) { /* a power of two: full */
        size_t room = count ? 2 * count : 1;
        uint8_t *more = keep(schema, qn_sys.calloc(room, size));
        if (!more)
            return NULL;
        if (count > 0)
            memcpy(more, items, count * size);
        items = more;
    }
    return items;
}

static const char *keep_text(struct er_schema *schema, const char *text, size_t len)
{
    char *copy = keep(schema, qn_sys.malloc(len + 1));
    if (copy) {
        memcpy(copy, text, len);
        copy[len] = '\0';
    }
    return copy;
}

static const char *keep_normal(struct er_schema *schema, const char *text)
{
    char normal[256];
    size_t len = er_normalize(text, strlen(text), normal, sizeof normal);
    return keep_text(schema, normal, len);
}

/* ---- statements ----------------------------------------------------------------------------- */

static bool read_type(const char *word, enum er_type *type)
{
    for (int i = 0; i <= ER_FLAG; i++) {
        if (!strcmp(word, type_names[i])) {
            *type = (enum er_type)i;
            return true;
        }
    }
    return false;
}

static bool read_day(const char *word, int32_t *day)
{
    struct qn_utc utc;
    if (strlen(word) != strlen("2024-03-10") || !qn_utc_parse(word, strlen(word), &utc))
        return false;
    *day = utc.day;
    return true;
}

static struct er_column *add_column(struct parsing *p, const char *name, enum er_type type)
{
    struct er_dataset *d = p->dataset;
    struct er_column *columns = grow(p->schema, d->columns, d->column_count, sizeof *columns);
    if (!columns)
        return NULL;
    d->columns = columns;
    columns[d->column_count] = (struct er_column){
        .name = name, .type = type, .unit = "", .since = ER_NO_DAY, .until = ER_NO_DAY};
    return &columns[d->column_count++];
}

/* A line of `series` is a thousand columns, so they are counted before there are too many. */
static enum qn_status allow_columns(struct parsing *p, size_t count, struct qn_error *err)
{
    p->columns += count;
    if (p->dataset->column_count + count <= ER_COLUMNS_MAX && p->columns <= COLUMNS_OF_ALL)
        return QN_OK;
    return wrong(p, err, "a dataset may have %d columns, all of them together %d.", ER_COLUMNS_MAX,
                 COLUMNS_OF_ALL);
}

static enum qn_status column_statement(struct parsing *p, struct qn_error *err)
{
    enum er_type type;
    if (p->count < 3 || !read_type(p->words[2], &type))
        return wrong(p, err,
                     "'column NAME TYPE [UNIT] [since DATE] [until DATE]' is expected; "
                     "types are text, real, price, int, date, stamp and flag.");
    enum qn_status status = allow_columns(p, 1, err);
    if (status)
        return status;
    struct er_column *column = add_column(p, p->words[1], type);
    if (!column)
        return qn_fail_memory(err, "a schema", 1);
    for (size_t i = 3; i < p->count; i++) {
        bool since = !strcmp(p->words[i], "since"), until = !strcmp(p->words[i], "until");
        if (!since && !until)
            column->unit = p->words[i];
        else if (i + 1 == p->count ||
                 !read_day(p->words[++i], since ? &column->since : &column->until))
            return wrong(p, err, "a date like 2023-06-10 is expected behind 'since' or 'until'.");
    }
    return QN_OK;
}

/* NAME with # replaced by the number. */
static const char *numbered(struct parsing *p, const char *name, unsigned number)
{
    char text[256];
    const char *mark = strchr(name, '#');
    int before = mark ? (int)(mark - name) : (int)strlen(name);
    snprintf(text, sizeof text, "%.*s%u%s", before, name, number, mark ? mark + 1 : "");
    return keep_text(p->schema, text, strlen(text));
}

static enum qn_status series_statement(struct parsing *p, struct qn_error *err)
{
    long count = p->count > 1 ? strtol(p->words[1], NULL, 10) : 0;
    if (count < 1 || count > 999 || (p->count != 5 && p->count != 8))
        return wrong(p, err, "'series COUNT NAME TYPE UNIT [NAME TYPE UNIT]' is expected.");
    enum qn_status status = allow_columns(p, (size_t)count * (p->count - 2) / 3, err);
    if (status)
        return status;
    for (unsigned i = 1; i <= (unsigned)count; i++) {
        for (size_t w = 2; w < p->count; w += 3) {
            enum er_type type;
            if (!read_type(p->words[w + 1], &type))
                return wrong(p, err, "'%s' is no type.", p->words[w + 1]);
            const char *name = numbered(p, p->words[w], i);
            struct er_column *column = name ? add_column(p, name, type) : NULL;
            if (!column)
                return qn_fail_memory(err, "a schema", 1);
            column->unit = p->words[w + 2];
        }
    }
    return QN_OK;
}

static enum qn_status add_derived(struct parsing *p, struct qn_error *err)
{
    enum { /* sets of enum er_time */
           HOURS = 1 << ER_TIME_HOUR,
           STAMPS = 1 << ER_TIME_STAMP,
           INTERVALS = HOURS | 1 << ER_TIME_PERIOD | 1 << ER_TIME_NUMBERED
    };
    static const struct {
        const char *name;
        enum er_type type;
        int times;
    } derived[] = {
        {"interval_start_utc", ER_INSTANT, INTERVALS},
        {"interval_end_utc", ER_INSTANT, INTERVALS},
        {"time_utc", ER_INSTANT, STAMPS},
        {"time_local", ER_STAMP, STAMPS},
        {"delivery_date", ER_DATE, INTERVALS},
        {"operating_date", ER_DATE, STAMPS},
        {"hour_ending", ER_SMALL, INTERVALS},
        {"interval", ER_SMALL, INTERVALS & ~HOURS},
        {"repeated_hour", ER_FLAG, INTERVALS | STAMPS},
    };
    for (size_t i = 0; i < sizeof derived / sizeof *derived; i++) {
        if (!(derived[i].times >> p->dataset->time & 1))
            continue;
        struct er_column *column = add_column(p, derived[i].name, derived[i].type);
        if (!column)
            return qn_fail_memory(err, "a schema", 1);
        column->derived = true;
        p->dataset->derived_count++;
    }
    return QN_OK;
}

static enum qn_status time_statement(struct parsing *p, struct qn_error *err)
{
    static const struct {
        const char *word;
        enum er_time time;
        bool minutes;
        enum er_role roles[4];
        size_t count;
    } kinds[] = {
        {"hour", ER_TIME_HOUR, false, {ER_ROLE_DATE, ER_ROLE_HOUR, ER_ROLE_FLAG}, 3},
        {"period",
         ER_TIME_PERIOD,
         true,
         {ER_ROLE_DATE, ER_ROLE_HOUR, ER_ROLE_PERIOD, ER_ROLE_FLAG},
         4},
        {"stamp", ER_TIME_STAMP, false, {ER_ROLE_STAMP, ER_ROLE_FLAG}, 2},
        {"numbered", ER_TIME_NUMBERED, true, {ER_ROLE_STAMP, ER_ROLE_PERIOD}, 2},
    };
    struct er_dataset *d = p->dataset;
    if (d->column_count > 0)
        return wrong(p, err, "'time' has to stand before the columns.");
    for (size_t i = 0; p->count > 1 && i < sizeof kinds / sizeof *kinds; i++) {
        size_t first = kinds[i].minutes ? 3 : 2;
        if (strcmp(p->words[1], kinds[i].word) != 0 || p->count != first + kinds[i].count)
            continue;
        long minutes = kinds[i].minutes ? strtol(p->words[2], NULL, 10) : 60;
        if (minutes < 1 || 60 % minutes != 0)
            return wrong(p, err, "periods have to fit into an hour.");
        d->time = kinds[i].time;
        d->minutes = (int)minutes;
        for (size_t k = 0; k < kinds[i].count; k++)
            d->roles[kinds[i].roles[k]] =
                strcmp(p->words[first + k], "-") ? p->words[first + k] : NULL;
        return add_derived(p, err);
    }
    return wrong(p, err,
                 "'time hour DATE HOUR FLAG', 'time period MINUTES DATE HOUR PERIOD FLAG', "
                 "'time stamp STAMP FLAG' or 'time numbered MINUTES DATE NUMBER' is "
                 "expected; '-' for a flag that the files do not have.");
}

static enum qn_status add_alias(struct parsing *p, struct er_alias **aliases, size_t *count,
                                struct qn_error *err)
{
    if (p->count < 4 || strcmp(p->words[2], "=") != 0)
        return wrong(p, err, "'alias NAME = OTHER...' is expected.");
    for (size_t i = 3; i < p->count; i++) {
        struct er_alias *more = grow(p->schema, *aliases, *count, sizeof *more);
        if (!more)
            return qn_fail_memory(err, "a schema", 1);
        *aliases = more;
        more[*count].name = keep_normal(p->schema, p->words[1]);
        more[*count].other = keep_normal(p->schema, p->words[i]);
        if (!more[*count].name || !more[*count].other)
            return qn_fail_memory(err, "a schema", 1);
        ++*count;
    }
    return QN_OK;
}

static enum qn_status add_texts(struct parsing *p, const char ***texts, size_t *count,
                                struct qn_error *err)
{
    for (size_t i = 1; i < p->count; i++) {
        const char **more = grow(p->schema, (void *)*texts, *count, sizeof *more);
        if (!more)
            return qn_fail_memory(err, "a schema", 1);
        *texts = more;
        more[(*count)++] = p->words[i];
    }
    return p->count > 1 ? QN_OK : wrong(p, err, "a word is missing behind '%s'.", p->words[0]);
}

static enum qn_status rest_statement(struct parsing *p, struct qn_error *err)
{
    struct er_dataset *d = p->dataset;
    enum er_type type;
    if (p->count < 3 || !read_type(p->words[2], &type))
        return wrong(p, err, "'rest PATTERN TYPE [UNIT]' is expected.");
    struct er_rest *rests = grow(p->schema, d->rests, d->rest_count, sizeof *rests);
    if (!rests)
        return qn_fail_memory(err, "a schema", 1);
    d->rests = rests;
    rests[d->rest_count++] = (struct er_rest){p->words[1], type, p->count > 3 ? p->words[3] : ""};
    return QN_OK;
}

static enum qn_status key_statement(struct parsing *p, struct qn_error *err)
{
    if (p->count < 2 || p->count > ER_KEYS + 1)
        return wrong(p, err, "'key' takes 1 to %d columns.", ER_KEYS);
    p->key_count = p->count - 1;
    memcpy(p->key_words, p->words + 1, p->key_count * sizeof *p->words);
    return QN_OK;
}

static enum qn_status tag_statement(struct parsing *p, struct qn_error *err)
{
    if (p->count != 3)
        return wrong(p, err, "'tag COLUMN PATTERN' is expected.");
    p->tag = p->words[1];
    p->dataset->tag_pattern = p->words[2];
    return QN_OK;
}

static enum qn_status one_word(struct parsing *p, const char **word, struct qn_error *err)
{
    if (p->count != 2)
        return wrong(p, err, "'%s COLUMN' is expected.", p->words[0]);
    *word = p->words[1];
    return QN_OK;
}

/* ---- a dataset from its first line to its last ---------------------------------------------- */

static int find_column(const struct er_dataset *d, const char *name)
{
    for (size_t i = 0; name && i < d->column_count; i++) {
        if (!strcmp(d->columns[i].name, name))
            return (int)i;
    }
    return -1;
}

static enum qn_status resolve(const struct parsing *p, const char *name, int *column,
                              struct qn_error *err)
{
    *column = find_column(p->dataset, name);
    if (!name || *column >= 0)
        return QN_OK;
    char hint[128];
    struct qn_nearest nearest = qn_nearest_to(name);
    for (size_t i = 0; i < p->dataset->column_count; i++)
        qn_nearest_try(&nearest, p->dataset->columns[i].name);
    return wrong(p, err, "dataset '%s' has no column '%s'.%s", p->dataset->name, name,
                 qn_nearest_hint(&nearest, hint));
}

static enum qn_status end_dataset(struct parsing *p, struct qn_error *err)
{
    struct er_dataset *d = p->dataset;
    enum qn_status status = QN_OK;
    if (!d)
        return QN_OK;
    if (d->column_count == d->derived_count)
        return wrong(p, err, "dataset '%s' has no columns.", d->name);
    for (size_t i = 0; i < p->key_count && !status; i++) {
        int column;
        status = resolve(p, p->key_words[i], &column, err);
        d->keys[i] = (uint32_t)column;
    }
    d->key_count = p->key_count;
    if (!status)
        status = resolve(p, p->point, &d->point, err);
    if (!status)
        status = resolve(p, p->value, &d->value, err);
    if (!status)
        status = resolve(p, p->year, &d->year, err);
    if (!status)
        status = resolve(p, p->tag, &d->tag, err);
    p->dataset = NULL;
    return status;
}

static enum qn_status dataset_statement(struct parsing *p, struct qn_error *err)
{
    struct er_schema *s = p->schema;
    enum qn_status status = end_dataset(p, err);
    if (status)
        return status;
    if (p->count < 2 || strpbrk(p->words[1], "/.* ") || strlen(p->words[1]) > 100)
        return wrong(p, err, "'dataset NAME \"TITLE\"' is expected; the name becomes a folder.");
    struct er_dataset *place = NULL;
    for (size_t i = 0; i < s->count; i++) {
        if (!strcmp(s->datasets[i].name, p->words[1]))
            place = &s->datasets[i];
    }
    if (!place) {
        struct er_dataset *datasets = grow(s, s->datasets, s->count, sizeof *datasets);
        if (!datasets)
            return qn_fail_memory(err, "a schema", 1);
        s->datasets = datasets;
        place = &datasets[s->count++];
    }
    *place = (struct er_dataset){.name = p->words[1],
                                 .title = p->count > 2 ? p->words[2] : p->words[1],
                                 .minutes = 60,
                                 .point = -1,
                                 .value = -1,
                                 .year = -1,
                                 .tag = -1};
    p->dataset = place;
    p->key_count = 0;
    p->point = p->value = p->year = p->tag = NULL;
    return QN_OK;
}

static enum qn_status in_dataset(struct parsing *p, struct qn_error *err)
{
    struct er_dataset *d = p->dataset;
    const char *word = p->words[0];
    if (!strcmp(word, "member"))
        return add_texts(p, &d->members, &d->member_count, err);
    if (!strcmp(word, "header"))
        return add_texts(p, &d->headers, &d->header_count, err);
    if (!strcmp(word, "column"))
        return column_statement(p, err);
    if (!strcmp(word, "series"))
        return series_statement(p, err);
    if (!strcmp(word, "time"))
        return time_statement(p, err);
    if (!strcmp(word, "key"))
        return key_statement(p, err);
    if (!strcmp(word, "rest"))
        return rest_statement(p, err);
    if (!strcmp(word, "alias"))
        return add_alias(p, &d->aliases, &d->alias_count, err);
    if (!strcmp(word, "tag"))
        return tag_statement(p, err);
    if (!strcmp(word, "point"))
        return one_word(p, &p->point, err);
    if (!strcmp(word, "value"))
        return one_word(p, &p->value, err);
    if (!strcmp(word, "year"))
        return one_word(p, &p->year, err);
    if (!strcmp(word, "repeats")) {
        d->repeats = true;
        return QN_OK;
    }
    return wrong(p, err, "'%s' is no statement.", word);
}

static enum qn_status statement(struct parsing *p, struct qn_error *err)
{
    if (!strcmp(p->words[0], "dataset"))
        return dataset_statement(p, err);
    if (p->dataset)
        return in_dataset(p, err);
    if (!strcmp(p->words[0], "alias"))
        return add_alias(p, &p->schema->aliases, &p->schema->alias_count, err);
    return wrong(p, err, "'dataset NAME' has to come first.");
}

/* Cuts a line into words; a header's names may hold blanks and are one word. */
static enum qn_status cut(struct parsing *p, const char *line, size_t len, struct qn_error *err)
{
    p->count = 0;
    for (size_t at = 0; at < len;) {
        if ((unsigned char)line[at] <= ' ') {
            at++;
            continue;
        }
        bool quoted = line[at] == '"';
        bool whole = p->count == 1 && !strcmp(p->words[0], "header");
        size_t start = at + quoted;
        if (line[at] == '#' && p->count == 0)
            break;
        for (at = start;
             at < len && (quoted ? line[at] != '"' : whole || (unsigned char)line[at] > ' ');)
            at++;
        size_t end = at;
        while (whole && end > start && (unsigned char)line[end - 1] <= ' ')
            end--;
        if (p->count == WORDS_MAX)
            return wrong(p, err, "more than %d words.", WORDS_MAX);
        p->words[p->count] = keep_text(p->schema, line + start, end - start);
        if (!p->words[p->count++])
            return qn_fail_memory(err, "a schema", len);
        at += quoted;
    }
    return QN_OK;
}

enum qn_status er_schema_parse(struct er_schema *schema, const char *text, size_t len,
                               const char *name, struct qn_error *err)
{
    struct parsing p = {.schema = schema, .name = name};
    enum qn_status status = QN_OK;
    for (size_t at = 0; at < len && !status;) {
        const char *line = text + at;
        const char *end = memchr(line, '\n', len - at);
        size_t n = end ? (size_t)(end - line) : len - at;
        p.line++;
        status = cut(&p, line, n, err);
        if (!status && p.count > 0)
            status = statement(&p, err);
        at += n + 1;
    }
    return status ? status : end_dataset(&p, err);
}

enum qn_status er_schema_load(struct er_schema *schema, const char *path, struct qn_error *err)
{
    struct qn_buf text = {0};
    enum qn_status status =
        er_schema_parse(schema, er_builtin_schema, er_builtin_schema_len, "datasets.schema", err);
    if (status || !path)
        return status;
    status = qn_read_file(path, &text, 16u << 20, err);
    if (!status)
        status = er_schema_parse(schema, (const char *)text.data, text.len, path, err);
    qn_buf_release(&text);
    return status;
}

void er_schema_release(struct er_schema *schema)
{
    void **blocks = (void **)(void *)schema->blocks.data;
    for (size_t i = 0; i < schema->blocks.len / sizeof *blocks; i++)
        free(blocks[i]);
    qn_buf_release(&schema->blocks);
    *schema = (struct er_schema){0};
}

struct qn_parquet_column er_parquet_column(const struct er_column *column, bool decimal)
{
    static const enum qn_parquet_type types[ER_TYPE_COUNT] = {
        [ER_TEXT] = QN_PQ_STRING,  [ER_REAL] = QN_PQ_DOUBLE,
        [ER_PRICE] = QN_PQ_DOUBLE, [ER_INT] = QN_PQ_INT64,
        [ER_DATE] = QN_PQ_DATE,    [ER_STAMP] = QN_PQ_TIMESTAMP_US_LOCAL,
        [ER_FLAG] = QN_PQ_BOOLEAN, [ER_INSTANT] = QN_PQ_TIMESTAMP_US_UTC,
        [ER_SMALL] = QN_PQ_INT8,
    };
    struct qn_parquet_column out = {.name = column->name,
                                    .type = types[column->type],
                                    .optional = !column->derived,
                                    .bloom = column->type == ER_TEXT};
    if (decimal && column->type == ER_PRICE) {
        out.type = QN_PQ_DECIMAL64;
        out.precision = 18;
        out.scale = ER_PRICE_SCALE;
    }
    return out;
}
