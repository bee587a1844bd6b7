/* Typed options over a JSON object: see options.h. */
#include "engine/options.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool qn_parse_size(const char *text, int64_t *value)
{
    char *end;
    errno = 0;
    long long whole = strtoll(text, &end, 10);
    if (end == text || errno)
        return false;
    double scaled = (double)whole;
    bool fraction = *end == '.';
    if (fraction)
        scaled = strtod(text, &end);
    static const char suffixes[] = "KMGT";
    int shift = 0;
    const char *suffix = *end ? strchr(suffixes, *end & ~0x20) : NULL;
    if (suffix) {
        shift = 10 * (int)(suffix - suffixes + 1);
        end++;
        if (*end == 'i')
            end++;
        if (*end == 'B')
            end++;
    } else if (fraction) {
        return false;
    }
    scaled = ldexp(scaled, shift);
    if (*end || fabs(scaled) >= 0x1p62)
        return false;
    *value = fraction ? (int64_t)scaled : whole * ((int64_t)1 << shift);
    return true;
}

enum qn_status qn_absolute_path(const char *path, char *out, struct qn_error *err)
{
    char full[2 * PATH_MAX];
    char here[PATH_MAX] = "";
    if (path[0] != '/' && !getcwd(here, sizeof here))
        return qn_fail_errno(err, errno, "find the current folder for", path);
    if (snprintf(full, sizeof full, "%s/%s", here, path) >= PATH_MAX)
        return qn_fail(err, QN_ERR_USAGE, "the path '%.200s...' is too long.", path);
    size_t len = 0;
    for (char *save, *part = strtok_r(full, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
        if (!strcmp(part, "."))
            continue;
        if (!strcmp(part, "..")) {
            while (len > 0 && out[--len] != '/')
                ;
            continue;
        }
        size_t n = strlen(part);
        out[len] = '/';
        memcpy(out + len + 1, part, n);
        len += n + 1;
    }
    if (len == 0)
        out[len++] = '/';
    out[len] = '\0';
    return QN_OK;
}

enum qn_status qn_options_init(struct qn_options *options, const struct qn_option *const *tables,
                               struct qn_error *err)
{
    options->values = json_object();
    if (!options->values)
        return qn_fail_memory(err, "options", 1);
    for (; *tables; tables++) {
        for (const struct qn_option *option = *tables; option->name; option++) {
            if (!option->initial)
                continue;
            enum qn_status status = qn_options_set(options, option, option->initial, err);
            if (status)
                return status;
        }
    }
    return QN_OK;
}

void qn_options_release(struct qn_options *options)
{
    json_decref(options->values);
    options->values = NULL;
}

static bool is_choice(const char *choices, const char *text)
{
    size_t len = strlen(text);
    for (const char *at = choices; at; at = strchr(at, '|')) {
        at += *at == '|';
        if (len > 0 && !strncmp(at, text, len) && (at[len] == '|' || at[len] == '\0'))
            return true;
    }
    return false;
}

static json_t *list_value(json_t *list, const char *text)
{
    json_t *all = list ? json_incref(list) : json_array();
    for (const char *at = text; all; at++) {
        const char *comma = strchrnul(at, ',');
        if (comma > at && json_array_append_new(all, json_stringn(at, (size_t)(comma - at)))) {
            json_decref(all);
            return NULL;
        }
        at = comma;
        if (!*at)
            break;
    }
    return all;
}

static json_t *texts_value(json_t *list, const char *text)
{
    json_t *all = list ? json_incref(list) : json_array();
    if (all && json_array_append_new(all, json_string(text))) {
        json_decref(all);
        return NULL;
    }
    return all;
}

/* Made absolute, except an address (http://...). */
static json_t *path_value(const char *text)
{
    char path[PATH_MAX];
    if (strstr(text, "://"))
        return json_string(text);
    return qn_absolute_path(text, path, NULL) ? NULL : json_string(path);
}

static json_t *real_value(const char *text)
{
    char *end;
    double real = strtod(text, &end);
    return *end || end == text || !isfinite(real) ? NULL : json_real(real);
}

enum qn_status qn_options_set(struct qn_options *options, const struct qn_option *option,
                              const char *text, struct qn_error *err)
{
    json_t *value = NULL;
    int64_t number;
    const char *expected = "";
    errno = 0;
    switch (option->type) {
    case QN_OPT_FLAG:
        value = json_boolean(!strcmp(text, "true"));
        break;
    case QN_OPT_STRING:
        value = json_string(text);
        expected = "valid UTF-8 text";
        break;
    case QN_OPT_INT:
        value = qn_parse_size(text, &number) ? json_integer(number) : NULL;
        expected = "a whole number, such as 1000 or 64M";
        break;
    case QN_OPT_REAL:
        value = real_value(text);
        expected = "a number";
        break;
    case QN_OPT_CHOICE:
        value = is_choice(option->argument, text) ? json_string(text) : NULL;
        expected = option->argument;
        break;
    case QN_OPT_LIST:
        value = list_value(json_object_get(options->values, option->name), text);
        expected = "a list such as a,b,c";
        break;
    case QN_OPT_TEXTS:
        value = texts_value(json_object_get(options->values, option->name), text);
        expected = "valid UTF-8 text";
        break;
    case QN_OPT_PATH:
        value = path_value(text);
        expected = "a path";
        break;
    }
    if (!value && errno == ENOMEM)
        return qn_fail_memory(err, "options", strlen(text));
    if (!value)
        return qn_fail(err, QN_ERR_USAGE, "--%s '%s' makes no sense: expected %s.", option->name,
                       text, expected);
    if (json_object_set_new(options->values, option->name, value))
        return qn_fail_memory(err, "options", 1);
    return QN_OK;
}

enum qn_status qn_options_add_input(struct qn_options *options, const char *path,
                                    struct qn_error *err)
{
    char full[PATH_MAX];
    enum qn_status status = qn_absolute_path(path, full, err);
    if (status)
        return status;
    json_t *inputs = json_object_get(options->values, "inputs");
    if (!inputs) {
        inputs = json_array();
        json_object_set_new(options->values, "inputs", inputs);
    }
    /* A file name is bytes; JSON holds UTF-8 only. Bytes that are not are refused by name. */
    if (json_array_append_new(inputs, json_string(full)))
        return qn_fail(err, QN_ERR_USAGE,
                       "the file name '%s' is not valid UTF-8. Rename the file or make a link to "
                       "it with another name.",
                       path);
    return QN_OK;
}

const char *qn_options_difference(const struct qn_options *a, const struct qn_options *b)
{
    const char *name;
    json_t *value;
    json_object_foreach(a->values, name, value)
    {
        if (!json_equal(value, json_object_get(b->values, name)))
            return name;
    }
    json_object_foreach(b->values, name, value)
    {
        if (!json_object_get(a->values, name))
            return name;
    }
    return NULL;
}

bool qn_option_given(const struct qn_options *options, const char *name)
{
    return json_object_get(options->values, name) != NULL;
}

const char *qn_option_string(const struct qn_options *options, const char *name)
{
    return json_string_value(json_object_get(options->values, name));
}

int64_t qn_option_int(const struct qn_options *options, const char *name)
{
    return json_integer_value(json_object_get(options->values, name));
}

double qn_option_real(const struct qn_options *options, const char *name)
{
    return json_number_value(json_object_get(options->values, name));
}

bool qn_option_flag(const struct qn_options *options, const char *name)
{
    return json_is_true(json_object_get(options->values, name));
}

size_t qn_option_count(const struct qn_options *options, const char *name)
{
    return json_array_size(json_object_get(options->values, name));
}

const char *qn_option_item(const struct qn_options *options, const char *name, size_t i)
{
    return json_string_value(json_array_get(json_object_get(options->values, name), i));
}

size_t qn_option_inputs(const struct qn_options *options)
{
    return qn_option_count(options, "inputs");
}

const char *qn_option_input(const struct qn_options *options, size_t i)
{
    return qn_option_item(options, "inputs", i);
}
