/* SPICE text kernels: see kpl.h. */
#include "format/spice/kpl.h"

#include "base/calendar.h"
#include "base/io.h"
#include "base/sys.h"
#include "format/text/number.h"

#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_BYTES = 16 << 20, /* of a file */
    MOST_NAMES = 26003,    /* as many as SPICE has room for */
    MOST_NAME = 80,
    MOST_TOKEN = 128,
    BUCKETS = 4096,
    J2000_DAY = 10957 /* 2000-01-01 */
};

struct variable {
    char name[MOST_NAME + 1];
    bool texts;
    struct qn_buf values; /* doubles, or texts one after another with their NULs */
    uint32_t next;        /* of the bucket, 1-based; 0 is the end */
};

struct qn_kpl {
    struct variable *variables;
    size_t count;
    size_t room;
    uint32_t buckets[BUCKETS]; /* 1-based */
};

enum qn_status qn_kpl_new(struct qn_kpl **pool, struct qn_error *err)
{
    *pool = qn_sys.calloc(1, sizeof **pool);
    return *pool ? QN_OK : qn_fail_memory(err, "text kernels", sizeof **pool);
}

void qn_kpl_free(struct qn_kpl *pool)
{
    if (!pool)
        return;
    for (size_t i = 0; i < pool->count; i++)
        qn_buf_release(&pool->variables[i].values);
    free(pool->variables);
    free(pool);
}

/* ---- names ---------------------------------------------------------------------------------- */

static uint32_t bucket_of(const char *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash % BUCKETS;
}

static struct variable *find(const struct qn_kpl *pool, const char *name)
{
    uint32_t at = pool->buckets[bucket_of(name)];
    while (at > 0 && strcmp(pool->variables[at - 1].name, name) != 0)
        at = pool->variables[at - 1].next;
    return at > 0 ? &pool->variables[at - 1] : NULL;
}

static enum qn_status add(struct qn_kpl *pool, const char *name, struct variable **added,
                          struct qn_error *err)
{
    *added = NULL;
    if (pool->count == pool->room) {
        size_t room = pool->room > 0 ? pool->room * 2 : 64;
        void *grown = qn_sys.realloc(pool->variables, room * sizeof *pool->variables);
        if (!grown)
            return qn_fail_memory(err, "text kernels", room * sizeof *pool->variables);
        pool->variables = grown;
        pool->room = room;
    }
    struct variable *v = *added = &pool->variables[pool->count++];
    memset(v, 0, sizeof *v);
    memcpy(v->name, name, strlen(name) + 1);
    uint32_t *bucket = &pool->buckets[bucket_of(name)];
    v->next = *bucket;
    *bucket = (uint32_t)pool->count;
    return QN_OK;
}

const double *qn_kpl_numbers(const struct qn_kpl *pool, const char *name, size_t *count)
{
    const struct variable *v = find(pool, name);
    *count = 0;
    if (!v || v->texts)
        return NULL;
    *count = v->values.len / sizeof(double);
    return *count > 0 ? (const double *)(const void *)v->values.data : NULL;
}

const char *qn_kpl_text(const struct qn_kpl *pool, const char *name, size_t i)
{
    const struct variable *v = find(pool, name);
    if (!v || !v->texts || v->values.len == 0)
        return NULL;
    const char *text = (const char *)v->values.data;
    const char *end = text + v->values.len;
    for (; text < end && i > 0; i--)
        text += strlen(text) + 1;
    return text < end ? text : NULL;
}

const char *qn_kpl_name(const struct qn_kpl *pool, size_t i)
{
    return i < pool->count ? pool->variables[i].name : NULL;
}

/* ---- tokens --------------------------------------------------------------------------------- */

/* What is between \begindata and \begintext, as tokens. */
struct scanner {
    const char *path;
    const char *text;
    size_t len;
    size_t at;
    size_t line; /* from 1 */
    bool data;   /* in a data section */
    char token[MOST_TOKEN];
};

static enum qn_status refuse(const struct scanner *s, struct qn_error *err, const char *what)
{
    return qn_fail_at(err, QN_ERR_INPUT, s->path, (int64_t)s->at,
                      "'%s', line %zu: %s. Fetch the kernel anew, or mend the line.", s->path,
                      s->line, what);
}

/* Whether the line at `at` says `marker` and nothing else. */
static bool line_is(const struct scanner *s, size_t at, const char *marker)
{
    size_t len = strlen(marker);
    while (at < s->len && (s->text[at] == ' ' || s->text[at] == '\t'))
        at++;
    if (s->len - at < len || memcmp(s->text + at, marker, len) != 0)
        return false;
    for (at += len; at < s->len && s->text[at] != '\n'; at++)
        if (!isspace((unsigned char)s->text[at]))
            return false;
    return true;
}

static void step_line(struct scanner *s)
{
    const char *end = memchr(s->text + s->at, '\n', s->len - s->at);
    s->at = end ? (size_t)(end - s->text) + 1 : s->len;
    s->line++;
}

/* Goes past lines that begin or end a section of data. */
static void heed_markers(struct scanner *s)
{
    while (s->at < s->len) {
        bool begin = line_is(s, s->at, "\\begindata");
        if (!begin && !line_is(s, s->at, "\\begintext"))
            return;
        s->data = begin;
        step_line(s);
    }
}

/* The first letter of the next token, or 0 at the end of the text. */
static char skip_blanks(struct scanner *s)
{
    while (s->at < s->len) {
        char c = s->text[s->at];
        if (!s->data || c == '\n') {
            step_line(s);
            heed_markers(s);
        } else if (isspace((unsigned char)c) || c == ',') {
            s->at++;
        } else {
            return c;
        }
    }
    return 0;
}

/* A word: anything up to a blank or one of the letters that mean something themselves. */
static enum qn_status read_word(struct scanner *s, struct qn_error *err)
{
    size_t n = 0;
    while (s->at < s->len) {
        char c = s->text[s->at];
        bool sign = c == '+' && s->at + 1 < s->len && s->text[s->at + 1] == '=';
        if (isspace((unsigned char)c) || c == '=' || c == '(' || c == ')' || c == ',' || sign)
            break;
        if (n + 1 == sizeof s->token)
            return refuse(s, err, "a word is too long");
        s->token[n++] = c;
        s->at++;
    }
    s->token[n] = '\0';
    return n > 0 ? QN_OK : refuse(s, err, "a name or value was expected");
}

/* ---- values --------------------------------------------------------------------------------- */

static int month_of(const char *text)
{
    static const char names[] = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
    for (int i = 0; i < 12; i++)
        if (toupper((unsigned char)text[0]) == names[3 * i] &&
            toupper((unsigned char)text[1]) == names[3 * i + 1] &&
            toupper((unsigned char)text[2]) == names[3 * i + 2])
            return i + 1;
    return 0;
}

/* Parts of a date: numbers, or a month by its name. Anything else parts them. */
static bool date_parts(const char *text, double parts[6], size_t *count, size_t *named)
{
    *named = 6;
    for (*count = 0; *text; (*count)++) {
        if (*count == 6)
            return false;
        size_t digits = strspn(text, "0123456789.");
        size_t letters = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
        if (digits > 0) {
            if (!qn_parse_real(text, digits, &parts[*count]))
                return false;
        } else if (letters >= 3 && month_of(text) && *named == 6) {
            parts[*count] = month_of(text);
            *named = *count;
        } else {
            return false;
        }
        text += digits > 0 ? digits : letters;
        text += strspn(text, "-/:T "); /* "1972-JAN-1/12:00", "1972-01-01T12:00" */
    }
    return *count >= 3;
}

/* "@1972-JAN-1", "@1-JAN-1972", "@1972-01-01/12:00:30.5": seconds past 2000-01-01T12:00. */
static bool read_date(const char *text, double *value)
{
    double p[6] = {0};
    size_t count;
    size_t named;
    if (!date_parts(text, p, &count, &named) || (named != 6 && named > 1))
        return false;
    if (named == 0) { /* JAN-1-1972 */
        double month = p[0];
        p[0] = p[2];
        p[2] = p[1];
        p[1] = month;
    } else if (named == 1 && p[2] > 31) { /* 1-JAN-1972 */
        double year = p[2];
        p[2] = p[0];
        p[0] = year;
    }
    for (int i = 0; i < 3; i++)
        if (!(p[i] >= 1 && p[i] <= 9999) || p[i] != floor(p[i]))
            return false;
    if (!qn_civil_valid((int)p[0], (unsigned)p[1], (unsigned)p[2]) || p[3] >= 24 || p[4] >= 60 ||
        p[5] >= 60)
        return false;
    int32_t day = qn_days_from_civil((int)p[0], (unsigned)p[1], (unsigned)p[2]) - J2000_DAY;
    *value = day * 86400.0 - 43200 + p[3] * 3600 + p[4] * 60 + p[5];
    return true;
}

static bool read_number(const char *text, double *value)
{
    char copy[MOST_TOKEN];
    size_t n = 0;
    for (; text[n]; n++)
        copy[n] = text[n] == 'D' || text[n] == 'd' ? 'E' : text[n];
    return qn_parse_real(copy, n, value);
}

/* A text in quotes, of which two stand for one; it ends with its line. */
static enum qn_status read_quoted(struct scanner *s, struct variable *v, struct qn_error *err)
{
    for (s->at++; s->at < s->len && s->text[s->at] != '\n'; s->at++) {
        if (s->text[s->at] == '\'') {
            s->at++;
            if (s->at == s->len || s->text[s->at] != '\'') {
                qn_buf_u8(&v->values, 0);
                return QN_OK;
            }
        }
        if (s->text[s->at] == '\0')
            break;
        qn_buf_u8(&v->values, (uint8_t)s->text[s->at]);
    }
    return refuse(s, err, "a text has no closing quote");
}

static enum qn_status read_value(struct scanner *s, struct variable *v, struct qn_error *err)
{
    bool quoted = s->text[s->at] == '\'';
    double number;
    if (v->values.len == 0)
        v->texts = quoted;
    if (v->texts != quoted)
        return refuse(s, err, "numbers and texts in one variable");
    if (quoted)
        return read_quoted(s, v, err);
    enum qn_status status = read_word(s, err);
    if (status)
        return status;
    bool date = s->token[0] == '@';
    if (!(date ? read_date(s->token + 1, &number) : read_number(s->token, &number)))
        return refuse(s, err, date ? "this is no date" : "this is no number");
    qn_buf_append(&v->values, &number, sizeof number);
    return QN_OK;
}

/* One value, or several in parentheses. */
static enum qn_status read_values(struct scanner *s, struct variable *v, struct qn_error *err)
{
    char c = skip_blanks(s);
    if (c != '(')
        return c ? read_value(s, v, err) : refuse(s, err, "the file ends where a value should be");
    s->at++;
    for (;;) {
        c = skip_blanks(s);
        if (!c)
            return refuse(s, err, "a list has no closing parenthesis");
        if (c == ')')
            break;
        enum qn_status status = read_value(s, v, err);
        if (status)
            return status;
    }
    s->at++;
    return QN_OK;
}

/* What stands between a name and its values: "=", or "+=" to add to those it has. */
static enum qn_status read_operator(struct scanner *s, bool *more, struct qn_error *err)
{
    char c = skip_blanks(s);
    *more = c == '+' && s->at + 1 < s->len && s->text[s->at + 1] == '=';
    if (c != '=' && !*more)
        return refuse(s, err, "a name is not followed by = or +=");
    s->at += *more ? 2 : 1;
    return QN_OK;
}

/* The variable that a name stands for; NULL when *status tells why there is none. */
static struct variable *read_name(struct qn_kpl *pool, struct scanner *s, enum qn_status *status,
                                  struct qn_error *err)
{
    struct variable *v = NULL;
    *status = read_word(s, err);
    if (!*status && strlen(s->token) > MOST_NAME)
        *status = refuse(s, err, "a name is too long");
    if (*status)
        return NULL;
    v = find(pool, s->token);
    if (!v && pool->count == MOST_NAMES)
        *status = refuse(s, err, "there are more names than any kernel needs");
    else if (!v)
        *status = add(pool, s->token, &v, err);
    return v;
}

/* NAME = values, or NAME += values. */
static enum qn_status read_assignment(struct qn_kpl *pool, struct scanner *s, struct qn_error *err)
{
    bool more = false;
    enum qn_status status;
    struct variable *v = read_name(pool, s, &status, err);
    if (!v)
        return status;
    status = read_operator(s, &more, err);
    if (status)
        return status;
    if (!more)
        qn_buf_clear(&v->values);
    status = read_values(s, v, err);
    if (!status && v->values.failed)
        status = qn_fail_memory(err, "text kernels", v->values.len);
    if (status) /* half a value is none */
        qn_buf_clear(&v->values);
    return status;
}

/* ---- kernels -------------------------------------------------------------------------------- */

bool qn_kpl_recognize(const char *bytes, size_t len)
{
    struct scanner s = {.text = bytes, .len = len};
    if (len == 0 || memchr(bytes, '\0', len))
        return false;
    if (len >= 4 && !memcmp(bytes, "KPL/", 4))
        return true;
    for (; s.at < len && !s.data; step_line(&s))
        s.data = line_is(&s, s.at, "\\begindata");
    return s.data;
}

enum qn_status qn_kpl_parse(struct qn_kpl *pool, const char *path, const char *text, size_t len,
                            struct qn_error *err)
{
    struct scanner s = {.path = path, .text = text, .len = len, .line = 1};
    enum qn_status status = QN_OK;
    heed_markers(&s);
    while (!status && skip_blanks(&s))
        status = read_assignment(pool, &s, err);
    return status;
}

enum qn_status qn_kpl_load(struct qn_kpl *pool, const char *path, struct qn_error *err)
{
    struct qn_buf text = {0};
    enum qn_status status = qn_read_file(path, &text, MOST_BYTES, err);
    if (!status)
        status = qn_kpl_parse(pool, path, (const char *)text.data, text.len, err);
    qn_buf_release(&text);
    return status;
}
