/* Schemas of many files: see schemas.h. */
#include "pipelines/parquet/schemas.h"

#include "base/sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct column { /* of the files so far */
    char name[128];
    char type[96];
    char repetition[12];
    uint32_t first, last; /* files that have it, the latest stretch of them */
};

struct comparison {
    const struct qn_outline *outline;
    const struct qn_settings *settings;
    struct qn_buf *findings;
    struct qn_buf columns; /* struct column */
    size_t count;
    uint32_t before; /* the file before, of those that open; UINT32_MAX: none */
};

static struct column *column_at(const struct comparison *c, size_t i)
{
    return (struct column *)(void *)c->columns.data + i;
}

static struct column *find_column(const struct comparison *c, const char *name)
{
    for (size_t i = 0; i < c->count; i++) {
        if (!strcmp(column_at(c, i)->name, name))
            return column_at(c, i);
    }
    return NULL;
}

static struct qn_finding about(uint32_t file, const char *column)
{
    struct qn_finding finding = {
        .file = file, .group = -1, .page = -1, .offset = -1, .row = -1, .count = 1};
    snprintf(finding.column, sizeof finding.column, "%.127s", column);
    return finding;
}

static const char *file_name(const struct comparison *c, uint32_t file)
{
    return qn_base_name(c->outline->files[file].path);
}

/* ---- from file to file ---------------------------------------------------------------------- */

static void describe(const struct qn_parquet_file *file, uint32_t node, struct column *column)
{
    static const char *const names[] = {"required", "optional", "repeated"};
    const struct qn_parquet_node *n = qn_parquet_node(file, node);
    snprintf(column->name, sizeof column->name, "%.127s", n->name);
    snprintf(column->repetition, sizeof column->repetition, "%s", names[n->repetition]);
    if (n->is_leaf) {
        qn_parquet_type_text(n, column->type, sizeof column->type);
        return;
    }
    /* A group's type is all of what is below it. */
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (uint32_t i = node + 1; i < n->next; i++) {
        char text[96];
        const struct qn_parquet_node *child = qn_parquet_node(file, i);
        qn_parquet_type_text(child, text, sizeof text);
        for (const char *parts[] = {child->name, text, names[child->repetition], NULL}, **p = parts;
             *p; p++) {
            for (const char *at = *p; *at; at++)
                hash = (hash ^ (uint8_t)*at) * 1099511628211u;
        }
    }
    snprintf(column->type, sizeof column->type, "group %08x", (unsigned)(hash ^ hash >> 32));
}

static void meet(struct comparison *c, uint32_t file, const struct column *here)
{
    struct column *known = find_column(c, here->name);
    struct qn_finding finding = about(file, here->name);
    if (!known) {
        struct column next = *here;
        next.first = next.last = file;
        qn_buf_append(&c->columns, &next, sizeof next);
        c->count += !c->columns.failed;
        if (c->before == UINT32_MAX)
            return;
        qn_finding_set(&finding, QN_FIND_SCHEMA_CHANGED,
                       "the column appears: the files up to %.120s do not have it",
                       file_name(c, c->before));
        qn_finding_put(c->findings, &finding);
        return;
    }
    if (known->last != c->before && c->before != UINT32_MAX) {
        qn_finding_set(&finding, QN_FIND_SCHEMA_CHANGED,
                       "the column is back: the files after %.100s up to %.100s do not have it",
                       file_name(c, known->last), file_name(c, c->before));
        qn_finding_put(c->findings, &finding);
    } else if (strcmp(known->type, here->type) != 0) {
        qn_finding_set(&finding, QN_FIND_SCHEMA_RETYPED, "%s from here on; %s from %.90s to %.90s",
                       here->type, known->type, file_name(c, known->first),
                       file_name(c, known->last));
        qn_finding_put(c->findings, &finding);
        known->first = file;
    } else if (strcmp(known->repetition, here->repetition) != 0) {
        qn_finding_set(&finding, QN_FIND_SCHEMA_CHANGED, "%s from here on; %s from %.90s to %.90s",
                       here->repetition, known->repetition, file_name(c, known->first),
                       file_name(c, known->last));
        qn_finding_put(c->findings, &finding);
        known->first = file;
    }
    snprintf(known->type, sizeof known->type, "%s", here->type);
    snprintf(known->repetition, sizeof known->repetition, "%s", here->repetition);
    known->last = file;
}

static void miss(struct comparison *c, uint32_t file)
{
    for (size_t i = 0; i < c->count && c->before != UINT32_MAX; i++) {
        const struct column *column = column_at(c, i);
        if (column->last != c->before)
            continue;
        struct qn_finding finding = about(file, column->name);
        qn_finding_set(&finding, QN_FIND_SCHEMA_CHANGED,
                       "the column disappears: the files from %.100s to %.100s have it",
                       file_name(c, column->first), file_name(c, column->last));
        qn_finding_put(c->findings, &finding);
    }
}

/* ---- against what is expected --------------------------------------------------------------- */

static void expect_column(struct comparison *c, uint32_t file, const struct qn_opened *opened,
                          const struct qn_expected_column *expected)
{
    uint32_t node;
    struct column here = {.name = ""};
    struct qn_finding finding = about(file, expected->name);
    if (qn_column_by_name(opened, expected->name, &node, NULL)) {
        qn_finding_set(&finding, QN_FIND_SCHEMA_EXPECTED, "the column is missing");
        qn_finding_put(c->findings, &finding);
        return;
    }
    describe(opened->file, node, &here);
    bool group = !strncmp(here.type, "group", 5);
    if (expected->type[0] && !group && strcmp(expected->type, here.type) != 0)
        qn_finding_set(&finding, QN_FIND_SCHEMA_EXPECTED, "the column is %s, expected is %s",
                       here.type, expected->type);
    else if (expected->repetition[0] && strcmp(expected->repetition, here.repetition) != 0)
        qn_finding_set(&finding, QN_FIND_SCHEMA_EXPECTED, "the column is %s, expected is %s",
                       here.repetition, expected->repetition);
    if (finding.message[0])
        qn_finding_put(c->findings, &finding);
}

static void expect_key(struct comparison *c, uint32_t file, const struct qn_opened *opened,
                       const char *name)
{
    uint32_t node;
    struct qn_finding finding = about(file, name);
    if (!name[0] || qn_sort_key_column(opened, name, &node))
        return;
    qn_finding_set(&finding, QN_FIND_SCHEMA_EXPECTED,
                   "the key needs this column, and the file has no flat column of that name; its "
                   "rows are not looked at for duplicates and gaps");
    qn_finding_put(c->findings, &finding);
}

static void expect_time(struct comparison *c, uint32_t file, const struct qn_opened *opened)
{
    const char *name = c->settings->time;
    uint32_t node;
    char type[96];
    struct qn_finding finding = about(file, name);
    if (!name[0] || !qn_sort_key_column(opened, name, &node))
        return;
    const struct qn_parquet_node *leaf = qn_parquet_node(opened->file, node);
    if (leaf->meaning == QN_PQ_MEANS_TIMESTAMP || leaf->meaning == QN_PQ_MEANS_DATE ||
        leaf->physical == PQ_INT96)
        return;
    qn_finding_set(&finding, QN_FIND_SCHEMA_EXPECTED,
                   "the time is %s; expected is a timestamp or a date",
                   qn_parquet_type_text(leaf, type, sizeof type));
    qn_finding_put(c->findings, &finding);
}

static void expect_range(struct comparison *c, uint32_t file, const struct qn_opened *opened,
                         const struct qn_check_range *range)
{
    char type[96];
    struct qn_finding finding = about(file, range->column);
    size_t leaf = qn_parquet_find_leaf(opened->file, range->column);
    const struct qn_parquet_node *node =
        leaf == SIZE_MAX ? NULL : qn_parquet_leaf(opened->file, leaf);
    bool told = false; /* as a column that is missing */
    for (size_t i = 0; i < c->settings->expected_count; i++)
        told |= !strcmp(c->settings->expected[i].name, range->column);
    if (!node && told)
        return;
    if (!node)
        qn_finding_set(&finding, QN_FIND_SCHEMA_EXPECTED,
                       "a range is given for this column, and the file has none of that name");
    else if (!qn_check_has_numbers(node))
        qn_finding_set(&finding, QN_FIND_SCHEMA_EXPECTED,
                       "a range is given for this column, which is %s and has no numbers",
                       qn_parquet_type_text(node, type, sizeof type));
    if (finding.message[0])
        qn_finding_put(c->findings, &finding);
}

static void expect(struct comparison *c, uint32_t file, const struct qn_opened *opened)
{
    const struct qn_settings *settings = c->settings;
    for (size_t i = 0; i < settings->expected_count; i++)
        expect_column(c, file, opened, &settings->expected[i]);
    for (size_t k = 0; k < settings->key_count; k++)
        expect_key(c, file, opened, settings->key[k]);
    expect_key(c, file, opened, settings->time);
    expect_key(c, file, opened, settings->repeated);
    expect_time(c, file, opened);
    for (size_t i = 0; i < settings->range_count; i++)
        expect_range(c, file, opened, &settings->ranges[i]);
}

/* ---- all files ------------------------------------------------------------------------------ */

static enum qn_status compare_file(struct comparison *c, uint32_t file, struct qn_error *err)
{
    struct qn_opened *opened = qn_sys.calloc(1, sizeof *opened);
    if (!opened)
        return qn_fail_memory(err, "a file", sizeof *opened);
    enum qn_status status =
        qn_opened_open(opened, c->outline->files[file].path, QN_PARQUET_LENIENT, err);
    if (!status) {
        const struct qn_parquet_file *parquet = opened->file;
        for (uint32_t n = 1; n < qn_parquet_node(parquet, 0)->next;
             n = qn_parquet_node(parquet, n)->next) {
            struct column here = {.name = ""};
            describe(parquet, n, &here);
            meet(c, file, &here);
        }
        miss(c, file);
        expect(c, file, opened);
        c->before = file;
        qn_opened_close(opened);
    }
    free(opened);
    return status;
}

enum qn_status qn_compare_schemas(const struct qn_outline *outline,
                                  const struct qn_settings *settings, struct qn_buf *findings,
                                  struct qn_error *err)
{
    struct comparison c = {
        .outline = outline, .settings = settings, .findings = findings, .before = UINT32_MAX};
    enum qn_status status = QN_OK;
    for (uint32_t file = 0; file < outline->file_count && !status; file++) {
        if (outline->files[file].opened)
            status = compare_file(&c, file, err);
    }
    if (!status && c.columns.failed)
        status = qn_fail_memory(err, "schemas", c.columns.len);
    qn_buf_release(&c.columns);
    return status;
}
