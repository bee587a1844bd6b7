/* Types of columns, found by reading everything: see infer.h. Threads take files one by one; what
 * they find is a set per column (of the types that hold so far), and sets meet in any order with
 * the same outcome. Columns with the market's names for times become the time of their table. */
#include "pipelines/ercot/infer.h"

#include "base/fresh.h"
#include "base/parallel.h"
#include "base/sys.h"
#include "engine/machine.h"
#include "format/text/number.h"
#include "pipelines/ercot/cells.h"
#include "pipelines/ercot/header.h"
#include "pipelines/ercot/members.h"
#include "render/terminal.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1 << 20, THREADS_MAX = 64 };

enum type_set { /* types that all values seen so far have */
                SET_INT = 1,
                SET_REAL = 2,
                SET_DATE = 4,
                SET_STAMP = 8,
                SET_FLAG = 16,
                SET_ALL = 31
};

struct family {   /* files of one header */
    char *header; /* names joined by commas, the identity */
    char *member; /* smallest name of its members */
    uint64_t members;
    uint64_t rows;
    uint32_t columns;
    uint8_t *types; /* enum type_set per column */
    uint8_t *seen;  /* whether any value was there */
};

struct inference {
    char **paths;
    size_t count, room;
    pthread_mutex_t lock; /* of the families */
    struct family *families;
    size_t family_count, family_room;
    struct reader { /* of one thread */
        struct inference *all;
        struct qn_csv csv;
        struct qn_buf text;
        struct er_names names;
    } readers[THREADS_MAX];
};

/* ---- files ---------------------------------------------------------------------------------- */

static enum qn_status add_path(void *context, const char *path, const struct stat *st,
                               struct qn_error *err)
{
    struct inference *all = context;
    (void)st;
    if (all->count == all->room) {
        size_t room = all->room ? 2 * all->room : 256;
        char **paths = qn_sys.realloc(all->paths, room * sizeof *paths);
        if (!paths)
            return qn_fail_memory(err, "the list of files", room);
        all->paths = paths;
        all->room = room;
    }
    size_t len = strlen(path) + 1;
    char *copy = qn_sys.malloc(len);
    if (!copy)
        return qn_fail_memory(err, "a path", len);
    memcpy(copy, path, len);
    all->paths[all->count++] = copy;
    return QN_OK;
}

/* ---- values --------------------------------------------------------------------------------- */

static uint8_t types_of(const struct qn_csv_field *cell, uint8_t among)
{
    uint8_t types = 0;
    int64_t integer;
    double real;
    int32_t day;
    bool flag;
    bool zeros = cell->len > 1 && cell->text[0] == '0' && cell->text[1] != '.'; /* a code */
    if (among & SET_INT && !zeros && qn_parse_integer(cell->text, cell->len, &integer))
        types |= SET_INT;
    if (among & SET_REAL && !zeros && qn_parse_real(cell->text, cell->len, &real))
        types |= SET_REAL;
    if (among & SET_DATE && cell->len <= 11 && er_read_date(cell->text, cell->len, &day))
        types |= SET_DATE;
    if (among & SET_STAMP && er_read_stamp(cell->text, cell->len, &integer))
        types |= SET_STAMP;
    if (among & SET_FLAG && *cell->text > '9' && er_read_flag(cell->text, cell->len, &flag))
        types |= SET_FLAG;
    return types;
}

static void look_at(struct family *family, const struct qn_csv *csv, size_t first)
{
    const struct qn_csv_record *records =
        (const struct qn_csv_record *)(const void *)csv->records.data;
    for (size_t i = first; i < csv->count; i++) {
        if (records[i].fields != family->columns)
            continue; /* a rollup will reject it */
        family->rows++;
        for (uint32_t c = 0; c < family->columns; c++) {
            struct qn_csv_field cell = qn_csv_get(csv, &records[i], c);
            if (cell.len == 0 || !family->types[c])
                continue;
            family->types[c] &= types_of(&cell, family->types[c]);
            family->seen[c] = 1;
        }
    }
}

/* ---- families ------------------------------------------------------------------------------- */

static void family_release(struct family *family)
{
    free(family->header);
    free(family->member);
    free(family->types);
    free(family->seen);
}

static char *copy_text(const char *text, size_t len)
{
    char *copy = qn_sys.malloc(len + 1);
    if (copy) {
        memcpy(copy, text, len);
        copy[len] = '\0';
    }
    return copy;
}

static bool family_init(struct family *family, struct reader *r, const char *member)
{
    *family = (struct family){.members = 1, .columns = r->names.count};
    family->header = copy_text((const char *)r->names.texts.data, r->names.texts.len);
    family->member = copy_text(member, strlen(member));
    family->types = qn_sys.malloc(family->columns);
    family->seen = qn_sys.calloc(family->columns, 1);
    if (!family->header || !family->member || !family->types || !family->seen)
        return false;
    for (size_t i = 0; i + 1 < r->names.texts.len; i++) {
        if (family->header[i] == '\0')
            family->header[i] = ',';
    }
    memset(family->types, SET_ALL, family->columns);
    return true;
}

/* Joins what a member showed to what is known of its family. Takes the family over. */
static bool meet(struct inference *all, struct family *fresh)
{
    for (size_t i = 0; i < all->family_count; i++) {
        struct family *known = &all->families[i];
        if (strcmp(known->header, fresh->header) != 0)
            continue;
        known->members++;
        known->rows += fresh->rows;
        for (uint32_t c = 0; c < known->columns; c++) {
            known->types[c] &= fresh->types[c];
            known->seen[c] |= fresh->seen[c];
        }
        if (strcmp(fresh->member, known->member) < 0) {
            char *swap = known->member;
            known->member = fresh->member;
            fresh->member = swap;
        }
        family_release(fresh);
        return true;
    }
    if (all->family_count == all->family_room) {
        size_t room = all->family_room ? 2 * all->family_room : 16;
        struct family *families = qn_sys.realloc(all->families, room * sizeof *families);
        if (!families)
            return false;
        all->families = families;
        all->family_room = room;
    }
    all->families[all->family_count++] = *fresh;
    return true;
}

/* ---- members -------------------------------------------------------------------------------- */

static enum qn_status fill(struct reader *r, const struct er_leaf *leaf, size_t keep, size_t *len,
                           bool *ended, struct qn_error *err)
{
    *len = keep;
    while (!*ended && *len < r->text.cap) {
        size_t got;
        enum qn_status status = leaf->stream.read(leaf->stream.context, r->text.data + *len,
                                                  r->text.cap - *len, &got, err);
        if (status)
            return status;
        *len += got;
        *ended = got == 0;
    }
    return QN_OK;
}

/* Begins the family by the first block of a member; *known is false for what is no table. */
static enum qn_status begin_family(struct reader *r, const struct er_leaf *leaf, size_t len,
                                   struct family *family, bool *known, struct qn_error *err)
{
    const struct qn_csv_record *header = (struct qn_csv_record *)(void *)r->csv.records.data;
    *known =
        !memchr(r->text.data, '\0', len < 4096 ? len : 4096) && header->fields <= ER_COLUMNS_MAX;
    if (!*known)
        return QN_OK;
    const char *member = *leaf->member ? leaf->member : leaf->file;
    const char *slash = strrchr(member, '/');
    return er_names_of(&r->names, &r->csv) && family_init(family, r, slash ? slash + 1 : member)
               ? QN_OK
               : qn_fail_memory(err, "a header", len);
}

static enum qn_status read_blocks(struct reader *r, const struct er_leaf *leaf,
                                  struct family *family, struct qn_error *err)
{
    size_t len = 0, keep = 0;
    bool ended = false, first = true, known = true;
    for (;;) {
        enum qn_status status = fill(r, leaf, keep, &len, &ended, err);
        if (status || len == 0)
            return status;
        size_t skip = first && len >= 3 && !memcmp(r->text.data, "\xef\xbb\xbf", 3) ? 3 : 0;
        if (!qn_csv_split(&r->csv, (char *)r->text.data + skip, len - skip,
                          ended ? QN_CSV_LAST : QN_CSV_MORE))
            return qn_fail_memory(err, "a block of text", len);
        if (r->csv.count == 0)
            return QN_OK; /* a line that does not end */
        if (first)
            status = begin_family(r, leaf, len, family, &known, err);
        if (status || !known)
            return status;
        look_at(family, &r->csv, first);
        first = false;
        keep = len - skip - r->csv.taken;
        memmove(r->text.data, r->text.data + skip + r->csv.taken, keep);
        if (ended)
            return QN_OK;
    }
}

static enum qn_status take_leaf(void *context, const struct er_leaf *leaf, struct qn_error *err)
{
    struct reader *r = context;
    struct family family = {0};
    qn_buf_clear(&r->text);
    if (!qn_buf_reserve(&r->text, BLOCK))
        return qn_fail_memory(err, "a block of text", BLOCK);
    enum qn_status status = read_blocks(r, leaf, &family, err);
    if (status == QN_ERR_INPUT || status == QN_ERR_UNSUPPORTED) {
        qn_terminal_print(stderr, "left out: %s\n", err ? err->message : leaf->file);
        status = QN_OK;
        family_release(&family);
    } else if (!status && family.header) {
        pthread_mutex_lock(&r->all->lock);
        bool ok = meet(r->all, &family);
        pthread_mutex_unlock(&r->all->lock);
        if (!ok) {
            family_release(&family);
            status = qn_fail_memory(err, "the families of files", 1);
        }
    } else {
        family_release(&family);
    }
    return status;
}

static enum qn_status refused(void *context, const char *file, const char *member,
                              enum er_reason reason, const char *why, struct qn_error *err)
{
    (void)context;
    (void)err;
    qn_terminal_print(stderr, "left out: %s%s%s (%s): %s\n", file, *member ? "!" : "", member,
                      er_reason_name(reason), why);
    return QN_OK;
}

static enum qn_status read_file(void *context, unsigned thread, uint64_t item, struct qn_error *err)
{
    struct inference *all = context;
    struct er_visitor visitor = {&all->readers[thread], take_leaf, refused};
    struct stat st;
    if (qn_sys.stat(all->paths[item], &st) < 0)
        return qn_fail_errno(err, errno, "read", all->paths[item]);
    struct er_extent extent = {.size = (uint64_t)st.st_size,
                               .mtime_ns =
                                   (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
                               .entries = UINT32_MAX};
    return er_walk(all->paths[item], &extent, &visitor, err);
}

static enum qn_status read_files(struct inference *all, struct qn_error *err)
{
    unsigned cpus = qn_machine_cpus(NULL);
    struct qn_parallel job = {.count = all->count,
                              .threads = cpus < THREADS_MAX ? cpus : THREADS_MAX,
                              .context = all,
                              .run = read_file};
    for (size_t i = 0; i < THREADS_MAX; i++)
        all->readers[i].all = all;
    enum qn_status status = qn_parallel_run(&job, err);
    for (size_t i = 0; i < THREADS_MAX; i++) {
        qn_csv_release(&all->readers[i].csv);
        qn_buf_release(&all->readers[i].text);
        er_names_release(&all->readers[i].names);
    }
    return status;
}

/* ---- the schema ----------------------------------------------------------------------------- */

static int by_header(const void *a, const void *b)
{
    const struct family *x = a, *y = b;
    int order = strcmp(x->member, y->member);
    return order ? order : strcmp(x->header, y->header);
}

static const char *type_word(uint8_t types, bool seen)
{
    if (!seen)
        return "text";
    if (types & SET_DATE)
        return "date";
    if (types & SET_INT)
        return "int";
    if (types & SET_REAL)
        return "real";
    if (types & SET_STAMP)
        return "stamp";
    return types & SET_FLAG ? "flag" : "text";
}

/* How much of a name, from here on, changes from file to file: a date as in 05-NOV-24, or digits.
 */
static size_t changing(const char *at)
{
    int32_t day;
    size_t digits = strspn(at, "0123456789");
    if (digits == 2 && strnlen(at, 9) == 9 && er_read_date(at, 9, &day))
        return 9;
    return digits;
}

/* "60d_" and "2d_" in front of a name tell for how long it was kept back: they stay. */
static size_t fixed_start(const char *name)
{
    size_t digits = strspn(name, "0123456789");
    return digits > 0 && digits < 3 && (name[digits] | 0x20) == 'd' && name[digits + 1] == '_'
               ? digits + 2
               : 0;
}

/* Letters of the member's name without what changes from file to file. */
static void family_name(const struct family *family, size_t number, char name[64])
{
    size_t n = 0;
    const char *at = family->member + fixed_start(family->member);
    for (size_t step; *at && *at != '.' && n < 48; at += step) {
        bool letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z');
        size_t skip = changing(at);
        step = skip ? skip : 1;
        if (letter)
            name[n++] = (char)(*at | 0x20);
        else if (n > 0 && name[n - 1] != '_')
            name[n++] = '_';
    }
    while (n > 0 && name[n - 1] == '_')
        n--;
    name[n] = '\0';
    if (n == 0)
        snprintf(name, 64, "table");
    if (number > 1)
        snprintf(name + strlen(name), 64 - strlen(name), "_%zu", number);
}

/* The name with * for what changes. */
static void member_pattern(const struct family *family, char *pattern, size_t size)
{
    const char *at = family->member;
    size_t n = 0, start = fixed_start(at);
    for (size_t step; *at && n + 2 < size; at += step) {
        size_t skip = (size_t)(at - family->member) < start ? 0 : changing(at);
        step = skip ? skip : 1;
        if (!skip)
            pattern[n++] = *at == '"' ? '?' : *at;
        else if (n == 0 || pattern[n - 1] != '*')
            pattern[n++] = '*';
    }
    pattern[n] = '\0';
}

/* ---- times ---------------------------------------------------------------------------------- */

struct cell { /* of a header: its text and column */
    const char *text;
    size_t len;
    uint32_t column;
};

/* The column that has one of the names the market has for a thing; false if there is none, or one
 * whose values are something else. */
static bool find_cell(const struct er_schema *schema, const struct family *family,
                      const char *field, uint8_t types, struct cell *cell)
{
    static const struct er_dataset none = {0};
    const char *at = family->header;
    for (uint32_t c = 0; c < family->columns; c++, at += *at == ',') {
        char normal[256];
        size_t len = strcspn(at, ",");
        er_normalize(at, len, normal, sizeof normal);
        if (er_means(schema, &none, normal, field) &&
            (!family->seen[c] || !types || family->types[c] & types)) {
            *cell = (struct cell){at, len, c};
            return true;
        }
        at += len;
    }
    return false;
}

/* Writes the statement of the time if the header tells it; the columns it is made of are told in
 * `used`, as many as are returned. */
static size_t put_time(struct qn_buf *out, const struct er_schema *schema,
                       const struct family *family, uint32_t used[4])
{
    struct cell cells[4];
    size_t n = 0;
    bool stamp = find_cell(schema, family, "SCEDTimestamp", SET_STAMP, &cells[0]);
    bool hour = !stamp && find_cell(schema, family, "DeliveryDate", SET_DATE, &cells[0]) &&
                find_cell(schema, family, "HourEnding", 0, &cells[1]);
    if (!stamp && !hour)
        return 0;
    n = stamp ? 1 : 2;
    bool period = hour && find_cell(schema, family, "DeliveryInterval", SET_INT, &cells[2]);
    n += period;
    qn_buf_printf(out, "  time    %s", stamp ? "stamp" : period ? "period 15" : "hour");
    bool flag = find_cell(schema, family, "DSTFlag", SET_FLAG, &cells[n]);
    for (size_t i = 0; i < n + flag; i++) {
        qn_buf_printf(out, " \"%.*s\"", (int)cells[i].len, cells[i].text);
        used[i] = cells[i].column;
    }
    qn_buf_printf(out, "%s\n", flag ? "" : " -");
    return n + flag;
}

static bool is_among(uint32_t column, const uint32_t *used, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (used[i] == column)
            return true;
    }
    return false;
}

static void put_family(struct qn_buf *out, const struct er_schema *schema,
                       const struct family *family, const char *name)
{
    char pattern[512];
    const char *year = NULL;
    size_t year_len = 0;
    uint32_t used[4];
    member_pattern(family, pattern, sizeof pattern);
    qn_buf_printf(out, "\n# %llu rows in %llu members\ndataset %s \"%s\"\n  member  \"%s\"\n",
                  (unsigned long long)family->rows, (unsigned long long)family->members, name, name,
                  pattern);
    size_t used_count = put_time(out, schema, family, used);
    const char *at = family->header;
    for (uint32_t c = 0; c < family->columns; c++, at += *at == ',') {
        size_t len = strcspn(at, ",");
        const char *type = type_word(family->types[c], family->seen[c]);
        bool dated = family->types[c] & SET_DATE ||
                     (family->types[c] & SET_STAMP && !(family->types[c] & SET_REAL));
        if (!year && used_count == 0 && family->seen[c] && dated) {
            year = at;
            year_len = len;
        }
        if (len > 0 && !is_among(c, used, used_count))
            qn_buf_printf(out, "  column  \"%.*s\" %s\n", (int)len, at, type);
        at += len;
    }
    if (year)
        qn_buf_printf(out, "  year    \"%.*s\"\n", (int)year_len, year);
}

static enum qn_status write_schema(struct inference *all, const char *path, struct qn_error *err)
{
    struct qn_buf out = {0};
    struct er_schema schema = {0};
    enum qn_status status = er_schema_load(&schema, NULL, err); /* for the names of times */
    if (all->family_count > 1)
        qsort(all->families, all->family_count, sizeof *all->families, by_header);
    qn_buf_printf(&out, "# Tables found by `quern ercot schema`. Edit names, units and keys, then "
                        "pass it to\n# `quern ercot rollup --schema`. docs/ercot.md explains every "
                        "word.\n");
    for (size_t i = 0; i < all->family_count; i++) {
        char name[64], before[64];
        size_t number = 1;
        family_name(&all->families[i], 1, name);
        for (size_t k = 0; k < i; k++) {
            family_name(&all->families[k], 1, before);
            number += !strcmp(name, before);
        }
        family_name(&all->families[i], number, name);
        put_family(&out, &schema, &all->families[i], name);
    }
    er_schema_release(&schema);
    if (!status)
        status = out.failed ? qn_fail_memory(err, "a schema", out.len)
                            : qn_fresh_put(path, out.data, out.len, err);
    if (!status)
        qn_terminal_print(stderr, "%s: %zu tables of %zu files.\n", path, all->family_count,
                          all->count);
    qn_buf_release(&out);
    return status;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

enum qn_status er_infer(const struct qn_options *options, const char *path, struct qn_error *err)
{
    struct inference all = {.lock = PTHREAD_MUTEX_INITIALIZER};
    const struct er_finder finder = {&all, add_path};
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < qn_option_inputs(options) && !status; i++)
        status = er_find_files(qn_option_input(options, i), &finder, err);
    if (!status && all.count == 0)
        status = qn_fail(err, QN_ERR_USAGE, "which files? Name folders or files to read.");
    if (!status && all.paths) {
        qsort(all.paths, all.count, sizeof *all.paths, by_path);
        status = read_files(&all, err);
    }
    if (!status)
        status = write_schema(&all, path, err);
    for (size_t i = 0; all.paths && i < all.count; i++)
        free(all.paths[i]);
    for (size_t i = 0; i < all.family_count; i++)
        family_release(&all.families[i]);
    free(all.paths);
    free(all.families);
    return status;
}
