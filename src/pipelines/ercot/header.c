/* Recognition of members: see header.h. */
#include "pipelines/ercot/header.h"

#include "base/sys.h"
#include "compute/market_time.h"
#include "pipelines/ercot/cells.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void er_names_release(struct er_names *names)
{
    qn_buf_release(&names->texts);
    qn_buf_release(&names->places);
    *names = (struct er_names){0};
}

static void add_name(struct er_names *names, const char *text, size_t len)
{
    uint32_t place = (uint32_t)names->texts.len;
    qn_buf_append(&names->places, &place, sizeof place);
    for (size_t i = 0; i < len; i++)
        qn_buf_u8(&names->texts, (uint8_t)(text[i] ? text[i] : ' '));
    qn_buf_u8(&names->texts, 0);
    names->count++;
}

static void clear_names(struct er_names *names)
{
    qn_buf_clear(&names->texts);
    qn_buf_clear(&names->places);
    names->count = 0;
}

bool er_names_of(struct er_names *names, const struct qn_csv *csv)
{
    const struct qn_csv_record *record = (const struct qn_csv_record *)(void *)csv->records.data;
    clear_names(names);
    for (uint32_t i = 0; i < record->fields; i++) {
        struct qn_csv_field cell = qn_csv_get(csv, record, i);
        add_name(names, cell.text, cell.len < 200 ? cell.len : 200);
    }
    return !names->texts.failed && !names->places.failed;
}

static void names_of_header(struct er_names *names, const char *header)
{
    clear_names(names);
    for (const char *at = header; at; at = strchr(at, ',')) {
        at += at > header;
        add_name(names, at, strcspn(at, ","));
    }
}

static uint32_t header_fields(const char *header)
{
    uint32_t count = 1;
    for (; *header; header++)
        count += *header == ',';
    return count;
}

/* ---- does a header fit a dataset? ----------------------------------------------------------- */

const char *er_base_name(const char *member)
{
    const char *slash = strrchr(member, '/');
    const char *inner = strrchr(member, '!');
    const char *base = slash && (!inner || slash > inner) ? slash : inner;
    return base ? base + 1 : member;
}

static bool name_fits(const struct er_dataset *dataset, const char *member)
{
    const char *base = er_base_name(member);
    for (size_t i = 0; i < dataset->member_count; i++) {
        if (er_match(dataset->members[i], base, strlen(base), NULL))
            return true;
    }
    return false;
}

const struct er_dataset *er_named(const struct er_schema *schema, const char *member)
{
    for (size_t i = 0; i < schema->count; i++) {
        if (name_fits(&schema->datasets[i], member))
            return &schema->datasets[i];
    }
    return NULL;
}

/* 0: no name means the field; 1: by an alias; 2: by the very name. */
static int has_field(const struct er_schema *schema, const struct er_dataset *dataset,
                     const struct er_names *names, const char *field)
{
    char own[256];
    int best = 0;
    er_normalize(field, strlen(field), own, sizeof own);
    for (uint32_t i = 0; i < names->count && best < 2; i++) {
        char cell[256];
        er_normalize(er_name(names, i), strlen(er_name(names, i)), cell, sizeof cell);
        if (!strcmp(cell, own))
            best = 2;
        else if (er_means(schema, dataset, cell, field))
            best = 1;
    }
    return best;
}

static bool required_column(const struct er_dataset *dataset, size_t column)
{
    const struct er_column *c = &dataset->columns[column];
    if (c->derived || (int)column == dataset->tag || c->since != ER_NO_DAY)
        return false;
    if (dataset->key_count == 0)
        return true;
    for (size_t k = 0; k < dataset->key_count; k++) {
        if (dataset->keys[k] == column)
            return true;
    }
    return (int)column == dataset->value;
}

/* How well the names fit: 0 if something required is missing. */
static int header_score(const struct er_schema *schema, const struct er_dataset *dataset,
                        const struct er_names *names)
{
    int score = 1;
    for (int r = 0; r < ER_ROLE_COUNT; r++) {
        if (!dataset->roles[r])
            continue;
        int has = has_field(schema, dataset, names, dataset->roles[r]);
        if (!has && r != ER_ROLE_FLAG)
            return 0;
        score += has;
    }
    for (size_t c = dataset->derived_count; c < dataset->column_count; c++) {
        int has = has_field(schema, dataset, names, dataset->columns[c].name);
        if (!has && required_column(dataset, c))
            return 0;
        score += has;
    }
    return score;
}

/* The role or column of the dataset that a cell of the header means. */
static int known_target(const struct er_schema *schema, const struct er_dataset *dataset,
                        const char *name)
{
    char cell[256];
    er_normalize(name, strlen(name), cell, sizeof cell);
    for (int r = 0; r < ER_ROLE_COUNT; r++) {
        if (dataset->roles[r] && er_means(schema, dataset, cell, dataset->roles[r]))
            return ER_TARGET_ROLE - r;
    }
    for (int exact = 1; exact >= 0; exact--) { /* the very name before aliases */
        for (size_t c = dataset->derived_count; c < dataset->column_count; c++) {
            char own[256];
            const char *column = dataset->columns[c].name;
            er_normalize(column, strlen(column), own, sizeof own);
            if (exact ? !strcmp(own, cell) : er_means(schema, dataset, cell, column))
                return (int)c;
        }
    }
    return ER_TARGET_NONE;
}

/* The pattern of columns that come and go which the name fits; NULL: none. */
static const struct er_rest *rest_of(const struct er_dataset *dataset, const char *name)
{
    for (size_t i = 0; i < dataset->rest_count; i++) {
        if (er_match(dataset->rests[i].pattern, name, strlen(name), NULL))
            return &dataset->rests[i];
    }
    return NULL;
}

static bool counts_up(const struct er_names *names)
{
    for (uint32_t i = 0; i < names->count; i++) {
        char number[16];
        snprintf(number, sizeof number, "%u", i);
        if (strcmp(number, er_name(names, i)) != 0)
            return false;
    }
    return true;
}

static bool starts_with_date(const struct er_names *names)
{
    int32_t day;
    int64_t us;
    const char *first = er_name(names, 0);
    return er_read_date(first, strlen(first), &day) || er_read_stamp(first, strlen(first), &us);
}

/* A first line that names nothing: numbers, or a row. The schema's list of that length serves. */
static bool fits_by_position(const struct er_dataset *dataset, struct er_names *names,
                             struct er_recognized *found)
{
    bool numbers = counts_up(names);
    if (!numbers && !starts_with_date(names))
        return false;
    for (size_t i = 0; i < dataset->header_count; i++) {
        if (header_fields(dataset->headers[i]) != names->count)
            continue;
        names_of_header(names, dataset->headers[i]);
        *found = (struct er_recognized){.dataset = dataset, .header_line = numbers};
        return true;
    }
    return false;
}

static bool by_member(const struct er_schema *schema, const char *member, struct er_names *names,
                      struct er_recognized *found)
{
    const struct er_dataset *named = NULL;
    for (size_t i = 0; i < schema->count; i++) {
        const struct er_dataset *dataset = &schema->datasets[i];
        if (!name_fits(dataset, member))
            continue;
        named = dataset;
        if (header_score(schema, dataset, names) > 0) {
            *found = (struct er_recognized){.dataset = dataset, .header_line = true};
            return true;
        }
        if (fits_by_position(dataset, names, found))
            return true;
    }
    if (named)
        snprintf(found->why, sizeof found->why,
                 "its name says '%s', but its first line is no header of that table", named->name);
    return false;
}

/* Whether the dataset lists every one of the names. */
static bool lists_all(const struct er_schema *schema, const struct er_dataset *dataset,
                      const struct er_names *names)
{
    for (uint32_t i = 0; i < names->count; i++) {
        const char *name = er_name(names, i);
        if (known_target(schema, dataset, name) == ER_TARGET_NONE && !rest_of(dataset, name))
            return false;
    }
    return true;
}

/* Without a name that says more, a header has to be that of a table and nothing else. */
static void by_header(const struct er_schema *schema, const struct er_names *names,
                      struct er_recognized *found)
{
    int best = 0;
    const struct er_dataset *rival = NULL;
    for (size_t i = 0; i < schema->count; i++) {
        const struct er_dataset *dataset = &schema->datasets[i];
        int score = dataset->tag < 0 && lists_all(schema, dataset, names)
                        ? header_score(schema, dataset, names)
                        : 0;
        if (score > best) {
            best = score;
            rival = NULL;
            found->dataset = dataset;
        } else if (score == best && score > 0) {
            rival = dataset;
        }
    }
    found->header_line = true;
    if (rival) {
        snprintf(found->why, sizeof found->why,
                 "its header fits '%s' and '%s' alike, and its name says neither",
                 found->dataset->name, rival->name);
        found->dataset = NULL;
    } else if (!found->dataset) {
        snprintf(found->why, sizeof found->why,
                 "neither name nor header are of a known table; 'quern ercot schema' makes one of "
                 "such files");
    }
}

bool er_recognize(const struct er_schema *schema, const char *member, const struct qn_csv *csv,
                  struct er_names *names, struct er_recognized *found)
{
    *found = (struct er_recognized){0};
    const struct qn_csv_record *record = (const struct qn_csv_record *)(void *)csv->records.data;
    if (record->fields > ER_COLUMNS_MAX) {
        snprintf(found->why, sizeof found->why, "it has %u columns; the limit is %d",
                 record->fields, ER_COLUMNS_MAX);
        return true;
    }
    if (!er_names_of(names, csv))
        return false;
    if (!by_member(schema, member, names, found) && !found->why[0])
        by_header(schema, names, found);
    return !names->texts.failed && !names->places.failed;
}

/* ---- where the fields go -------------------------------------------------------------------- */

void er_mapping_release(struct er_mapping *mapping)
{
    free(mapping->targets);
    *mapping = (struct er_mapping){0};
}

static bool taken(const struct er_mapping *mapping, uint32_t fields, int target)
{
    for (uint32_t i = 0; i < fields; i++) {
        if (mapping->targets[i] == target)
            return true;
    }
    return false;
}

/* A column that the schema does not list: of the type of a `rest` pattern, or text. */
static int rest_target(struct er_table *table, const char *name, uint32_t field)
{
    const struct er_dataset *dataset = table->dataset;
    const struct er_rest *rest = rest_of(dataset, name);
    char unique[280];
    snprintf(unique, sizeof unique, "%s", name);
    bool clash = !*name;
    for (size_t c = 0; c < dataset->column_count; c++)
        clash |= !strcmp(dataset->columns[c].name, name);
    if (clash) /* without a name, or a second one of the same */
        snprintf(unique, sizeof unique, "%s%scolumn %u", name, *name ? " " : "", field + 1);
    return er_table_column(table, unique, rest ? rest->type : ER_TEXT, rest ? rest->unit : "");
}

static void set_tag(const struct er_dataset *dataset, const char *member,
                    struct er_mapping *mapping)
{
    struct er_span star = {0};
    const char *base = er_base_name(member);
    if (dataset->tag < 0 || !er_match(dataset->tag_pattern, base, strlen(base), &star))
        return;
    mapping->tag = star.text;
    mapping->tag_len = star.len;
}

static bool has_all_keys(const struct er_dataset *dataset, const struct er_mapping *mapping)
{
    for (size_t k = 0; k < dataset->key_count; k++) {
        int column = (int)dataset->keys[k];
        if (dataset->columns[column].derived || (column == dataset->tag && mapping->tag))
            continue;
        if (!taken(mapping, mapping->fields, column))
            return false;
    }
    return true;
}

enum qn_status er_map(const struct er_schema *schema, struct er_table *table,
                      const struct er_names *names, const char *member, struct er_mapping *mapping,
                      struct qn_error *err)
{
    *mapping = (struct er_mapping){.fields = names->count};
    mapping->targets = qn_sys.malloc((names->count + 1u) * sizeof *mapping->targets);
    if (!mapping->targets)
        return qn_fail_memory(err, "a header", names->count * sizeof *mapping->targets);
    for (uint32_t i = 0; i < names->count; i++) {
        const char *name = er_name(names, i);
        int target = known_target(schema, table->dataset, name);
        if (target == ER_TARGET_NONE || taken(mapping, i, target)) {
            target = rest_target(table, name, i);
            if (target < 0)
                return qn_fail_memory(err, "a column", strlen(name));
        }
        mapping->targets[i] = target;
        mapping->has_flag |= target == ER_TARGET_ROLE - ER_ROLE_FLAG;
    }
    set_tag(table->dataset, member, mapping);
    mapping->keys_complete = has_all_keys(table->dataset, mapping);
    return QN_OK;
}

/* ---- what names tell ------------------------------------------------------------------------ */

static bool number_at(const char *at, unsigned digits, uint64_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < digits; i++) {
        if ((unsigned char)(at[i] - '0') > 9)
            return false;
        *value = *value * 10 + (uint64_t)(at[i] - '0');
    }
    return (unsigned char)(at[digits] - '0') > 9;
}

static bool is_day(uint64_t ymd)
{
    return ymd >= 20000101 && ymd <= 20991231 &&
           qn_civil_valid((int)(ymd / 10000), (unsigned)(ymd / 100 % 100), (unsigned)(ymd % 100));
}

/* .20240310.083015. or 20160101080005 */
static uint64_t stamp_at(const char *at)
{
    uint64_t day, time;
    if (number_at(at, 8, &day) && is_day(day) && at[8] == '.' && number_at(at + 9, 6, &time))
        return day * 1000000 + time;
    if (number_at(at, 14, &day) && is_day(day / 1000000))
        return day;
    return 0;
}

/* -05-NOV-24 or _12132022 */
static uint64_t date_at(const char *at)
{
    int32_t day;
    uint64_t value;
    size_t len = strnlen(at, 9);
    if (len == 9 && er_read_date(at, 9, &day)) {
        struct qn_civil c = qn_civil_from_days(day);
        return ((uint64_t)c.year * 10000 + c.month * 100 + c.day) * 1000000;
    }
    if (number_at(at, 8, &value)) {
        uint64_t us = value % 10000 * 10000 + value / 10000; /* MMDDYYYY */
        return is_day(value) ? value * 1000000 : is_day(us) ? us * 1000000 : 0;
    }
    return 0;
}

static uint64_t scan_name(const char *name, uint64_t (*parse)(const char *at))
{
    for (const char *at = name; *at; at++) {
        if ((unsigned char)(*at - '0') > 9 || (at > name && (unsigned char)(at[-1] - '0') <= 9))
            continue;
        uint64_t value = parse(at);
        if (value)
            return value;
    }
    return 0;
}

uint64_t er_published(const char *path)
{
    const char *base = er_base_name(path);
    uint64_t stamp = scan_name(base, stamp_at);
    if (!stamp)
        stamp = scan_name(base, date_at);
    if (!stamp && base > path)
        stamp = scan_name(path, stamp_at);
    return stamp;
}

unsigned er_supplement(const char *path)
{
    const char *base = er_base_name(path);
    if (strcasestr(base, "SUPPLEMENT") || strcasestr(base, "CORRECTION"))
        return 2;
    return strcasestr(base, "_retry") != NULL;
}

/* SPPHLZNP6905_20240310_0015: the end of the interval. */
static uint64_t interval_at(const char *at)
{
    uint64_t day, time;
    if (!number_at(at, 8, &day) || !is_day(day) || at[8] != '_')
        return 0;
    if (!number_at(at + 9, 6, &time) && !(number_at(at + 9, 4, &time) && (time *= 100, true)))
        return 0;
    return day * 1000000 + time;
}

int32_t er_suggested_day(const char *path)
{
    const char *base = er_base_name(path);
    uint64_t stamp = scan_name(base, interval_at);
    if (!stamp)
        stamp = er_published(path);
    if (!stamp)
        return ER_NO_DAY;
    uint64_t ymd = stamp / 1000000;
    int32_t day =
        qn_days_from_civil((int)(ymd / 10000), (unsigned)(ymd / 100 % 100), (unsigned)(ymd % 100));
    return stamp % 1000000 < 500 ? day - 1 : day; /* published at midnight: of the day before */
}
