/* Members to rows: see intake.h. How their text is read, and where a span begins and ends, is in
 * reading.c. */
#include "pipelines/ercot/intake.h"

#include "base/sys.h"
#include "pipelines/ercot/clock.h"
#include "pipelines/ercot/reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER = 256 << 10, RECORD_MAX = 4 << 20, SURELY_BAD = 1000 };

/* ---- the intake ----------------------------------------------------------------------------- */

enum qn_status er_intake_init(struct er_intake *intake, const struct er_schema *schema,
                              struct qn_error *err)
{
    *intake = (struct er_intake){.schema = schema, .max_bad_ratio = 1};
    intake->tables = qn_sys.calloc(schema->count + 1, sizeof *intake->tables);
    return intake->tables ? QN_OK : qn_fail_memory(err, "tables", schema->count);
}

static void drop_sources(struct er_intake *intake)
{
    for (size_t i = 0; i < intake->source_count; i++) {
        free(intake->sources[i].name);
        free(intake->sources[i].columns);
    }
    intake->source_count = 0;
}

static void forget_header(struct er_intake *intake)
{
    qn_buf_clear(&intake->seen.text);
    er_mapping_release(&intake->seen.mapping);
}

void er_intake_release(struct er_intake *intake)
{
    drop_sources(intake);
    forget_header(intake);
    qn_buf_release(&intake->seen.text);
    free(intake->sources);
    for (size_t i = 0; intake->tables && i < intake->schema->count; i++)
        er_table_release(&intake->tables[i]);
    free(intake->tables);
    qn_buf_release(&intake->rejects);
    qn_buf_release(&intake->text);
    qn_csv_release(&intake->csv);
    er_names_release(&intake->names);
    *intake = (struct er_intake){0};
}

void er_intake_clear(struct er_intake *intake)
{
    drop_sources(intake);
    forget_header(intake); /* it may mean columns that go */
    for (size_t i = 0; i < intake->schema->count; i++) {
        if (intake->tables[i].columns)
            er_table_clear(&intake->tables[i]);
    }
    qn_buf_clear(&intake->rejects);
    intake->bytes = 0;
}

static enum qn_status add_source(struct er_intake *intake, const char *file, const char *member,
                                 size_t *index, struct qn_error *err)
{
    if (intake->source_count == intake->source_room) {
        size_t room = intake->source_room ? 2 * intake->source_room : 64;
        struct er_source *sources = qn_sys.realloc(intake->sources, room * sizeof *sources);
        if (!sources)
            return qn_fail_memory(err, "the list of members", room * sizeof *sources);
        intake->sources = sources;
        intake->source_room = room;
    }
    size_t len = strlen(file) + strlen(member) + 2;
    char *name = qn_sys.malloc(len);
    if (!name)
        return qn_fail_memory(err, "a name", len);
    snprintf(name, len, "%s%s%s", file, *member ? "!" : "", member);
    *index = intake->source_count++;
    intake->sources[*index] = (struct er_source){.name = name,
                                                 .published = er_published(name),
                                                 .supplement = er_supplement(name),
                                                 .first_day = ER_NO_DAY,
                                                 .last_day = ER_NO_DAY};
    return QN_OK;
}

/* Refuses the whole source: rows already listed one by one stay listed, all others are told as one
 * entry. */
static void refuse_source(struct er_intake *intake, size_t index, enum er_reason reason,
                          const char *why)
{
    struct er_source *source = &intake->sources[index];
    struct er_reject reject = {.source = (uint32_t)index,
                               .reason = reason,
                               .rows = source->tally.rows_in - source->tally.rejected,
                               .column = "",
                               .raw = why,
                               .raw_len = strlen(why)};
    source->reason = reason;
    source->tally.rejected = source->tally.rows_in;
    er_reject_put(&intake->rejects, &reject);
}

static enum qn_status refused(void *context, const char *file, const char *member,
                              enum er_reason reason, const char *why, struct qn_error *err)
{
    struct er_intake *intake = context;
    size_t index = 0;
    enum qn_status status = add_source(intake, file, member, &index, err);
    if (!status)
        refuse_source(intake, index, reason, why);
    return status;
}

/* ---- records -------------------------------------------------------------------------------- */

static uint64_t count_lines(const char *text, size_t len)
{
    struct qn_csv_marks marks = {0};
    qn_csv_count(text, len, &marks);
    return marks.lines;
}

/* Lines that the records before the one at `record` take. */
static uint64_t lines_before(const struct qn_csv *csv, size_t record)
{
    const struct qn_csv_record *records =
        (const struct qn_csv_record *)(const void *)csv->records.data;
    if (!csv->folded)
        return record;
    return count_lines(csv->text, record < csv->count ? records[record].start : csv->taken);
}

static enum qn_status take_records(struct er_reading *r, size_t first, size_t end,
                                   struct qn_error *err)
{
    struct er_source *source = er_source_of(r);
    const struct qn_csv *csv = &r->intake->csv;
    if (first >= end)
        return QN_OK;
    if (r->failing) {
        source->tally.rows_in += end - first;
        return QN_OK;
    }
    struct er_block block = {.csv = csv,
                             .first = first,
                             .end = end,
                             .offset = r->offset,
                             .line = r->line + lines_before(csv, first)};
    enum qn_status status = er_table_add(r->table, &r->intake->seen.mapping, &block,
                                         &r->intake->rejects, &source->tally, err);
    const struct er_tally *tally = &source->tally;
    r->failing = tally->rejected > SURELY_BAD &&
                 (double)tally->rejected > r->intake->max_bad_ratio * (double)tally->rows_in;
    return status;
}

static enum qn_status skip_line(struct er_reading *r, struct qn_error *err)
{
    const char *newline = memchr(er_text_of(r), '\n', r->len);
    r->skipping = !newline;
    r->line += newline != NULL;
    return er_advance(r, newline ? (size_t)(newline - er_text_of(r)) + 1 : r->len, err);
}

/* A record that does not fit the buffer at its largest: its first line is taken for bad and left
 * out; what follows is read as if no quote had been open. */
static enum qn_status leave_out_long(struct er_reading *r, struct qn_error *err)
{
    struct er_tally *tally = &er_source_of(r)->tally;
    struct er_reject reject = {.source = (uint32_t)r->source,
                               .reason = ER_TOO_LONG,
                               .line = r->line,
                               .offset = r->offset,
                               .rows = 1,
                               .column = "",
                               .raw = er_text_of(r),
                               .raw_len = ER_RAW_MAX};
    er_reject_put(&r->intake->rejects, &reject);
    tally->rows_in++;
    tally->rejected++;
    return skip_line(r, err);
}

static enum qn_status enlarge(struct er_reading *r, struct qn_error *err)
{
    struct qn_buf *text = &r->intake->text;
    text->len = r->len;
    if (!qn_buf_reserve(text, text->cap))
        return qn_fail_memory(err, "a long record", text->cap * 2);
    return er_advance(r, 0, err);
}

/* After the first block of a table: the rest of the task will have as many rows for its bytes. */
static void expect_rows(const struct er_reading *r, size_t bytes)
{
    uint64_t rows = r->table->rows;
    uint64_t blocks = r->intake->expected / bytes + 2;
    if (rows > 0 && blocks < UINT32_MAX / rows)
        er_table_expect(r->table, rows * blocks);
}

static enum qn_status take_block(struct er_reading *r, struct qn_error *err)
{
    struct qn_csv *csv = &r->intake->csv;
    if (!qn_csv_split(csv, er_text_of(r), r->len, r->ended ? QN_CSV_LAST : QN_CSV_MORE))
        return qn_fail_memory(err, "a block of text", r->len);
    if (csv->count == 0)
        return r->len < RECORD_MAX ? enlarge(r, err) : leave_out_long(r, err);
    if (r->ended && csv->count == 1 && r->len >= RECORD_MAX)
        return leave_out_long(r, err);
    size_t first = 0, end = csv->count;
    er_find_span(r, &first, &end);
    bool none = r->table->rows == 0;
    enum qn_status status = take_records(r, first, end, err);
    if (status)
        return status;
    if (none)
        expect_rows(r, csv->taken);
    r->line += lines_before(csv, csv->count);
    return er_advance(r, csv->taken, err);
}

static enum qn_status take_rest(struct er_reading *r, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    while (!status && !r->done && r->len > 0)
        status = r->skipping ? skip_line(r, err) : take_block(r, err);
    while (!status && !r->ended && !r->leaf->at) /* for the checksum at the end of what is packed */
        status = er_advance(r, r->len, err);
    return status;
}

/* ---- a member ------------------------------------------------------------------------------- */

static char *join_names(const struct er_names *names)
{
    char *text = qn_sys.malloc(names->texts.len + 1);
    if (!text)
        return NULL;
    memcpy(text, names->texts.data, names->texts.len);
    text[names->texts.len] = '\0';
    for (size_t i = 0; i + 1 < names->texts.len; i++) {
        if (text[i] == '\0')
            text[i] = ',';
    }
    return text;
}

/* The table of a dataset, made when it is first needed. */
static enum qn_status table_of(struct er_intake *intake, const struct er_dataset *dataset,
                               struct er_table **table, struct qn_error *err)
{
    *table = &intake->tables[dataset - intake->schema->datasets];
    return (*table)->columns ? QN_OK : er_table_init(*table, dataset, intake->decimal, err);
}

static bool is_seen(struct er_reading *r)
{
    const struct er_seen *seen = &r->intake->seen;
    return seen->text.len > 0 && r->len >= seen->text.len &&
           !memcmp(er_text_of(r), seen->text.data, seen->text.len) &&
           er_named(r->intake->schema, er_source_of(r)->name) == seen->dataset;
}

/* Remembers the header of `len` bytes, unless what it means depends on more than the table that the
 * member's name leads to. */
static bool remember(struct er_reading *r, const struct er_dataset *dataset, size_t len)
{
    struct er_seen *seen = &r->intake->seen;
    seen->dataset = dataset;
    if (len > 0 && er_text_of(r)[len - 1] == '\n' && dataset->tag < 0 &&
        er_named(r->intake->schema, er_source_of(r)->name) == dataset)
        qn_buf_append(&seen->text, er_text_of(r), len);
    return !seen->text.failed;
}

/* Recognizes the member by its first record, of *header bytes if it is a header line. No table
 * means that the member was refused. */
static enum qn_status read_header(struct er_reading *r, size_t *header, struct qn_error *err)
{
    struct er_intake *intake = r->intake;
    const struct qn_csv *csv = &intake->csv;
    struct er_recognized found;
    forget_header(intake);
    if (!qn_csv_split(&intake->csv, er_text_of(r), r->len, r->ended ? QN_CSV_LAST : QN_CSV_MORE))
        return qn_fail_memory(err, "a header", r->len);
    if (csv->count == 0) {
        refuse_source(intake, r->source, ER_FILE_UNKNOWN, "its first line has no end");
        return QN_OK;
    }
    if (!er_recognize(intake->schema, er_source_of(r)->name, csv, &intake->names, &found))
        return qn_fail_memory(err, "a header", r->len);
    if (!found.dataset) {
        refuse_source(intake, r->source, ER_FILE_UNKNOWN, found.why);
        return QN_OK;
    }
    enum qn_status status = table_of(intake, found.dataset, &r->table, err);
    if (!status)
        status = er_map(intake->schema, r->table, &intake->names, er_source_of(r)->name,
                        &intake->seen.mapping, err);
    const struct qn_csv_record *records =
        (const struct qn_csv_record *)(const void *)csv->records.data;
    if (found.header_line)
        *header = csv->count > 1 ? records[1].start : csv->taken;
    if (!status && !remember(r, found.dataset, *header))
        status = qn_fail_memory(err, "a header", *header);
    return status;
}

/* Finds the member's table and takes the header line away if there is one. */
static enum qn_status recognize(struct er_reading *r, bool *known, struct qn_error *err)
{
    struct er_intake *intake = r->intake;
    struct er_source *source = er_source_of(r);
    size_t header = 0;
    enum qn_status status = QN_OK;
    if (is_seen(r)) {
        r->table = &intake->tables[intake->seen.dataset - intake->schema->datasets];
        header = intake->seen.text.len;
    } else {
        status = read_header(r, &header, err);
    }
    *known = !status && r->table;
    if (!*known)
        return status;
    source->dataset = r->table->dataset;
    source->columns = join_names(&intake->names);
    if (!source->columns)
        return qn_fail_memory(err, "the names of columns", intake->names.texts.len);
    er_table_begin(r->table, &intake->seen.mapping, (uint32_t)r->source);
    r->line += count_lines(er_text_of(r), header);
    return header > 0 ? er_advance(r, header, err) : QN_OK;
}

static void note_days(struct er_reading *r)
{
    struct er_source *source = er_source_of(r);
    for (uint64_t row = r->table->mark; row < r->table->rows; row++) {
        int32_t day;
        if (!er_clock_day(r->table, row, &day))
            continue;
        if (source->first_day == ER_NO_DAY || day < source->first_day)
            source->first_day = day;
        if (source->last_day == ER_NO_DAY || day > source->last_day)
            source->last_day = day;
    }
}

/* Keeps the rows, or takes them out again if too many were bad. */
static enum qn_status settle(struct er_reading *r, struct qn_error *err)
{
    struct er_tally *tally = &er_source_of(r)->tally;
    bool repeated = strstr(er_base_name(er_source_of(r)->name), "xhr") != NULL;
    char why[128];
    enum qn_status status = QN_OK;
    if (!r->failing)
        status = er_clock_set(r->table, &r->intake->seen.mapping,
                              repeated ? ER_HINT_REPEATED : ER_HINT_NONE, err);
    if (!status && !r->failing)
        status = er_table_drop_faults(r->table, &r->intake->rejects, tally, err);
    if (status)
        return status;
    if (tally->rejected > 0 &&
        (double)tally->rejected > r->intake->max_bad_ratio * (double)tally->rows_in) {
        snprintf(why, sizeof why, "%llu of %llu rows are bad", (unsigned long long)tally->rejected,
                 (unsigned long long)tally->rows_in);
        er_table_undo(r->table);
        refuse_source(r->intake, r->source, ER_FILE_BAD_ROWS, why);
    }
    note_days(r);
    return QN_OK;
}

/* UTF-16 has a mark at its beginning or NULs between its letters; binary data has NULs, too. */
static bool is_text(const char *text, size_t len)
{
    bool utf16 = len >= 2 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2));
    return !utf16 && !memchr(text, '\0', len < 4096 ? len : 4096);
}

static enum qn_status read_member(struct er_reading *r, bool *known, struct qn_error *err)
{
    *known = false;
    enum qn_status status = er_advance(r, 0, err);
    if (status)
        return status;
    if (r->len == 0) {
        refuse_source(r->intake, r->source, ER_FILE_EMPTY, "");
        return QN_OK;
    }
    if (!is_text(er_text_of(r), r->len)) {
        refuse_source(r->intake, r->source, ER_FILE_NOT_TEXT, "UTF-16 or binary data");
        return QN_OK;
    }
    if (r->len >= 3 && !memcmp(er_text_of(r), "\xef\xbb\xbf", 3))
        status = er_advance(r, 3, err);
    if (!status)
        status = recognize(r, known, err);
    if (!status && *known && r->begin.edge != ER_EDGE_PASSED)
        status = er_skip_to_span(r, err);
    return status || !*known ? status : take_rest(r, err);
}

static enum qn_status take_leaf(void *context, const struct er_leaf *leaf, struct qn_error *err)
{
    struct er_intake *intake = context;
    struct er_reading r = {.intake = intake, .leaf = leaf, .line = 1};
    struct qn_error why = {.offset = -1};
    bool known = false;
    r.begin =
        (struct er_boundary){.offset = intake->span.from,
                             .edge = intake->span.from == 0 ? ER_EDGE_PASSED : ER_EDGE_BEFORE};
    r.end = (struct er_boundary){.offset = intake->span.to};
    qn_buf_clear(&intake->text);
    if (!qn_buf_reserve(&intake->text, BUFFER))
        return qn_fail_memory(err, "a block of text", BUFFER);
    enum qn_status status = add_source(intake, leaf->file, leaf->member, &r.source, err);
    if (status)
        return status;
    status = read_member(&r, &known, &why);
    if (status == QN_ERR_INPUT || status == QN_ERR_UNSUPPORTED) {
        if (r.table)
            er_table_undo(r.table);
        refuse_source(intake, r.source, er_reason_of(status), why.message);
        status = QN_OK;
    } else if (!status && known) {
        status = settle(&r, &why);
    }
    intake->bytes += er_source_of(&r)->bytes;
    if (status && err)
        *err = why;
    if (!status && intake->rejects.failed)
        status = qn_fail_memory(err, "the list of rejects", intake->rejects.len);
    return status;
}

enum qn_status er_intake_file(struct er_intake *intake, const char *path,
                              const struct er_extent *extent, const struct er_span_of *span,
                              struct qn_error *err)
{
    struct er_visitor visitor = {intake, take_leaf, refused};
    intake->span = *span;
    return er_walk(path, extent, &visitor, err);
}
