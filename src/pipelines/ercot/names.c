/* Names as files and schemas spell them: see schema.h. Who compares one does it here. */
#include "pipelines/ercot/schema.h"

#include <string.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

size_t er_normalize(const char *name, size_t len, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < len && n + 1 < size; i++) {
        char c = name[i];
        if ((unsigned char)c > ' ' && c != '_' && c != '-' && c != '"')
            out[n++] = lower(c);
    }
    out[n] = '\0';
    return n;
}

/* Blanks and underscores are the same: names of members come with either. */
static bool same_character(char a, char b)
{
    a = a == ' ' ? '_' : lower(a);
    b = b == ' ' ? '_' : lower(b);
    return a == b;
}

bool er_match(const char *pattern, const char *text, size_t len, struct er_span *star)
{
    const char *retry_pattern = NULL;
    size_t retry = 0, at = 0;
    const char *first = strchr(pattern, '*');
    while (at < len || *pattern) {
        if (*pattern == '*') {
            if (star && pattern == first)
                *star = (struct er_span){text + at, 0};
            retry_pattern = pattern++;
            retry = at;
        } else if (at < len && *pattern &&
                   (*pattern == '?' || same_character(*pattern, text[at]))) {
            pattern++;
            at++;
        } else if (retry_pattern && retry < len) {
            pattern = retry_pattern + 1;
            at = ++retry;
            if (star && retry_pattern == first)
                star->len = (size_t)(text + at - star->text);
        } else {
            return false;
        }
    }
    return true;
}

static bool aliased(const struct er_alias *aliases, size_t count, const char *cell,
                    const char *field)
{
    for (size_t i = 0; i < count; i++) {
        bool forward =
            !strcmp(aliases[i].name, field) && er_match(aliases[i].other, cell, strlen(cell), NULL);
        bool back = !strcmp(aliases[i].other, field) && !strcmp(aliases[i].name, cell);
        if (forward || back)
            return true;
        if (!strcmp(aliases[i].other, field)) { /* two other names of the same thing */
            for (size_t k = 0; k < count; k++) {
                if (!strcmp(aliases[k].name, aliases[i].name) && !strcmp(aliases[k].other, cell))
                    return true;
            }
        }
    }
    return false;
}

bool er_means(const struct er_schema *schema, const struct er_dataset *dataset, const char *cell,
              const char *field)
{
    char normal[256];
    er_normalize(field, strlen(field), normal, sizeof normal);
    return !strcmp(cell, normal) || aliased(dataset->aliases, dataset->alias_count, cell, normal) ||
           aliased(schema->aliases, schema->alias_count, cell, normal);
}
