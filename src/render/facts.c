/* Facts in JSON to HTML: see facts.h. */
#include "render/facts.h"

#include "base/json_memory.h"
#include "render/html.h"
#include "render/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 50, MOST_COLUMNS = 12, MOST_TEXT = 400, LEAST_GROUPED = 10000 };

/* ---- values as text ------------------------------------------------------------------------- */

static void string_text(struct qn_buf *text, const json_t *value)
{
    const char *string = json_string_value(value);
    size_t len = strlen(string);
    size_t shown = len;
    if (len > MOST_TEXT) {
        shown = MOST_TEXT;
        while (shown > 0 && ((unsigned char)string[shown] & 0xc0) == 0x80) /* not within one */
            shown--;
    }
    qn_buf_append(text, string, shown);
    if (shown < len)
        qn_buf_printf(text, "\u2026 (%zu bytes)", len);
}

static bool is_plain(const json_t *value)
{
    return !json_is_object(value) && !json_is_array(value);
}

static void json_as_it_is(struct qn_buf *text, const json_t *value)
{
    char *dump = qn_json_dump(value, JSON_ENCODE_ANY);
    if (dump)
        qn_buf_append(text, dump, strlen(dump));
    else
        text->failed = true;
    free(dump);
}

static void put_text(struct qn_buf *text, const json_t *value)
{
    size_t i;
    json_t *item;
    switch (json_typeof(value)) {
    case JSON_INTEGER:
        qn_buf_printf(text, "%lld", (long long)json_integer_value(value));
        break;
    case JSON_REAL:
        qn_buf_printf(text, "%.6g", json_real_value(value));
        break;
    case JSON_STRING:
        string_text(text, value);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        qn_buf_printf(text, "%s", json_is_true(value) ? "yes" : "no");
        break;
    case JSON_NULL:
        qn_buf_printf(text, "none");
        break;
    case JSON_ARRAY:
        json_array_foreach((json_t *)value, i, item)
        {
            qn_buf_printf(text, "%s", i > 0 ? ", " : "");
            if (is_plain(item))
                put_text(text, item);
            else
                json_as_it_is(text, item);
        }
        break;
    case JSON_OBJECT:
        json_as_it_is(text, value);
        break;
    }
}

void qn_fact_text(struct qn_buf *text, const json_t *value)
{
    put_text(text, value);
    qn_buf_append(text, "", 1);
    text->len -= !text->failed;
}

/* ---- HTML ----------------------------------------------------------------------------------- */

/* "max_amplitude" to "max amplitude", in name[64]. */
static const char *spaced(const char *key, char name[64])
{
    snprintf(name, 64, "%s", key);
    for (char *c = name; *c; c++)
        *c = *c == '_' ? ' ' : *c;
    return name;
}

static void put_fact(struct qn_buf *html, const char *key, const json_t *value)
{
    struct qn_buf text = {0};
    char name[64];
    char digits[QN_UNITS_TEXT];
    if (json_is_integer(value) && json_integer_value(value) >= LEAST_GROUPED) {
        qn_html_fact(html, spaced(key, name), "%s",
                     qn_units_count((uint64_t)json_integer_value(value), digits));
        return;
    }
    qn_fact_text(&text, value);
    if (text.failed)
        html->failed = true;
    else
        qn_html_fact(html, spaced(key, name), "%s", (char *)text.data);
    qn_buf_release(&text);
}

/* An array of objects that is worth a table: its first row names the columns. */
static bool is_table(const json_t *value)
{
    const json_t *first = json_array_get(value, 0);
    size_t i;
    json_t *row;
    json_array_foreach((json_t *)value, i, row)
    {
        if (!json_is_object(row))
            return false;
    }
    return json_object_size(first) >= 1 && json_object_size(first) <= MOST_COLUMNS;
}

/* One row: the values of the first row's keys, in its order. */
static void put_row(struct qn_buf *html, const struct qn_html_column *columns, size_t count,
                    const char *const *keys, const json_t *row)
{
    struct qn_buf text = {0};
    size_t at[MOST_COLUMNS];
    const char *cells[MOST_COLUMNS];
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(row, keys[i]);
        at[i] = text.len;
        if (value)
            put_text(&text, value);
        qn_buf_u8(&text, '\0');
    }
    for (size_t i = 0; i < count && !text.failed; i++)
        cells[i] = (char *)text.data + at[i];
    if (text.failed)
        html->failed = true;
    else
        qn_html_row(html, columns, count, cells);
    qn_buf_release(&text);
}

/* The keys of an object, the name of the thing first; at most MOST_COLUMNS. */
static size_t keys_of(const json_t *object, const char **keys)
{
    size_t count = 0;
    const char *key;
    json_t *value;
    if (json_object_get(object, "name"))
        keys[count++] = "name";
    json_object_foreach((json_t *)object, key, value)
    {
        if (strcmp(key, "name") != 0)
            keys[count++] = key;
    }
    return count;
}

static void put_table(struct qn_buf *html, const json_t *rows)
{
    struct qn_html_column columns[MOST_COLUMNS];
    const char *keys[MOST_COLUMNS];
    char names[MOST_COLUMNS][64];
    const json_t *first = json_array_get(rows, 0);
    size_t count = keys_of(first, keys);
    size_t i;
    json_t *row;
    for (i = 0; i < count; i++) {
        columns[i].name = spaced(keys[i], names[i]);
        columns[i].align =
            json_is_number(json_object_get(first, keys[i])) ? QN_HTML_RIGHT : QN_HTML_LEFT;
    }
    qn_html_table_begin(html, columns, count);
    json_array_foreach((json_t *)rows, i, row)
    {
        if (i < MOST_ROWS)
            put_row(html, columns, count, keys, row);
    }
    qn_html_table_end(html);
    if (i > MOST_ROWS)
        qn_html_paragraph(html, "%zu more are in manifest.json.", i - MOST_ROWS);
}

/* What stands under a heading of its own. */
static bool is_section(const json_t *value)
{
    return json_is_object(value) || is_table(value);
}

static void put_plain_members(struct qn_buf *html, const json_t *object)
{
    const char *key;
    json_t *value;
    qn_html_facts_begin(html);
    json_object_foreach((json_t *)object, key, value)
    {
        if (!is_section(value))
            put_fact(html, key, value);
    }
    qn_html_facts_end(html);
}

static void put_all_members(struct qn_buf *html, const json_t *object)
{
    const char *key;
    json_t *value;
    qn_html_facts_begin(html);
    json_object_foreach((json_t *)object, key, value) put_fact(html, key, value);
    qn_html_facts_end(html);
}

void qn_html_json(struct qn_buf *html, const json_t *object)
{
    const char *key;
    json_t *value;
    char name[64];
    put_plain_members(html, object);
    json_object_foreach((json_t *)object, key, value)
    {
        if (!is_section(value))
            continue;
        qn_html_heading(html, 3, spaced(key, name));
        if (json_is_object(value))
            put_all_members(html, value);
        else
            put_table(html, value);
    }
}
