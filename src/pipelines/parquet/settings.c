/* Settings of the verifier: see settings.h. */
#include "pipelines/parquet/settings.h"

#include "base/io.h"
#include "base/sys.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SCHEMA (16u << 20)

void qn_settings_release(struct qn_settings *settings)
{
    free(settings->expected);
    settings->expected = NULL;
}

/* ---- the schema file ------------------------------------------------------------------------ */

static void copy_text(char *to, size_t size, const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    snprintf(to, size, "%s", text ? text : "");
}

static void read_column(struct qn_settings *settings, const json_t *column)
{
    struct qn_expected_column *expected = &settings->expected[settings->expected_count++];
    const json_t *min = json_object_get(column, "min"), *max = json_object_get(column, "max");
    bool finite = json_is_true(json_object_get(column, "finite"));
    copy_text(expected->name, sizeof expected->name, column, "name");
    copy_text(expected->type, sizeof expected->type, column, "type");
    copy_text(expected->repetition, sizeof expected->repetition, column, "repetition");
    if ((!json_is_number(min) && !json_is_number(max) && !finite) ||
        settings->range_count == QN_MAX_RANGES)
        return;
    struct qn_check_range *range = &settings->ranges[settings->range_count++];
    snprintf(range->column, sizeof range->column, "%s", expected->name);
    range->min = json_is_number(min) ? json_number_value(min)
                 : finite            ? -1.7976931348623157e308
                                     : -(double)INFINITY;
    range->max = json_is_number(max) ? json_number_value(max)
                 : finite            ? 1.7976931348623157e308
                                     : (double)INFINITY;
    range->finite = finite;
}

static enum qn_status read_schema(struct qn_settings *settings, const char *path, json_t **root,
                                  struct qn_error *err)
{
    struct qn_buf bytes = {0};
    json_error_t where;
    enum qn_status status = qn_read_file(path, &bytes, MAX_SCHEMA, err);
    *root = status ? NULL : json_loadb((const char *)bytes.data, bytes.len, 0, &where);
    qn_buf_release(&bytes);
    if (status)
        return status;
    const json_t *columns = json_object_get(*root, "columns");
    if (!json_is_array(columns))
        return qn_fail_at(err, QN_ERR_USAGE, path, -1,
                          "'%s' is no schema: expected {\"columns\": [{\"name\": ..., \"type\": "
                          "...}]}, as `quern parquet schema --json` prints it.%s%s",
                          path, *root ? "" : " ", *root ? "" : where.text);
    size_t count = json_array_size(columns);
    settings->expected = qn_sys.calloc(count + 1, sizeof *settings->expected);
    if (!settings->expected)
        return qn_fail_memory(err, "a schema", count * sizeof *settings->expected);
    for (size_t i = 0; i < count; i++)
        read_column(settings, json_array_get(columns, i));
    return QN_OK;
}

/* ---- options, with the schema file's as defaults -------------------------------------------- */

static const char *text_option(const struct qn_options *options, const json_t *schema,
                               const char *name)
{
    const char *given = qn_option_string(options, name);
    return given ? given : json_string_value(json_object_get(schema, name));
}

static enum qn_status read_key(struct qn_settings *settings, const struct qn_options *options,
                               const json_t *schema, struct qn_error *err)
{
    const json_t *key = json_object_get(schema, "key");
    size_t given = qn_option_count(options, "key");
    size_t count = given ? given : json_array_size(key);
    settings->has_key = count > 0;
    for (size_t i = 0; i < count; i++) {
        const char *name =
            given ? qn_option_item(options, "key", i) : json_string_value(json_array_get(key, i));
        bool twice = false;
        for (size_t k = 0; name && k < settings->key_count; k++)
            twice |= !strcmp(name, settings->key[k]);
        if (!name || twice || !strcmp(name, settings->time))
            continue; /* the time has a place of its own */
        if (settings->key_count == QN_MAX_KEY)
            return qn_fail(err, QN_ERR_USAGE, "--key takes at most %u columns.", QN_MAX_KEY);
        snprintf(settings->key[settings->key_count++], sizeof settings->key[0], "%s", name);
    }
    return QN_OK;
}

/* "NAME=MIN:MAX"; either bound may be left out. */
static enum qn_status read_range(struct qn_settings *settings, const char *text,
                                 struct qn_error *err)
{
    struct qn_check_range *range = &settings->ranges[settings->range_count];
    const char *equals = strrchr(text, '=');
    char *end = NULL;
    *range = (struct qn_check_range){.min = -(double)INFINITY, .max = (double)INFINITY};
    if (equals && (size_t)(equals - text) < sizeof range->column &&
        settings->range_count < QN_MAX_RANGES) {
        memcpy(range->column, text, (size_t)(equals - text));
        end = (char *)(uintptr_t)(equals + 1);
        if (*end != ':')
            range->min = strtod(equals + 1, &end);
    }
    if (end && *end == ':') {
        const char *rest = end + 1;
        end = (char *)(uintptr_t)rest;
        if (*rest)
            range->max = strtod(rest, &end);
    }
    if (!end || *end || range->min > range->max)
        return qn_fail(err, QN_ERR_USAGE,
                       "--range '%s' makes no sense: expected NAME=MIN:MAX, such as "
                       "price=-250:5000.",
                       text);
    range->finite = true;
    settings->range_count++;
    return QN_OK;
}

static enum qn_status read_grid(struct qn_settings *settings, const struct qn_options *options,
                                const json_t *schema, struct qn_error *err)
{
    const char *step = text_option(options, schema, "step");
    const char *zone = text_option(options, schema, "zone");
    const char *period = qn_option_string(options, "period");
    const char *repeated = text_option(options, schema, "repeated");
    if ((step || zone || repeated) && !settings->time[0])
        return qn_fail(err, QN_ERR_USAGE, "--step, --zone and --repeated need --time COLUMN.");
    if (step && !(settings->grid.step_us = qn_step_of_text(step)))
        return qn_fail(err, QN_ERR_USAGE,
                       "--step '%s' makes no sense: expected 15m, 1h, 30s or 1d.", step);
    if (zone && !(settings->grid.zone = qn_zone_find(zone, err)))
        return QN_ERR_USAGE;
    snprintf(settings->repeated, sizeof settings->repeated, "%s", repeated ? repeated : "");
    settings->grid.period = !period || !strcmp(period, "month") ? QN_PERIOD_MONTH
                            : !strcmp(period, "day")            ? QN_PERIOD_DAY
                                                                : QN_PERIOD_YEAR;
    return QN_OK;
}

enum qn_status qn_settings_read(struct qn_settings *settings, const struct qn_options *options,
                                struct qn_error *err)
{
    const char *path = qn_option_string(options, "schema");
    json_t *schema = NULL;
    *settings = (struct qn_settings){.key_count = 0};
    enum qn_status status = path ? read_schema(settings, path, &schema, err) : QN_OK;
    const char *time = text_option(options, schema, "time");
    snprintf(settings->time, sizeof settings->time, "%s", time ? time : "");
    if (!status)
        status = read_key(settings, options, schema, err);
    for (size_t i = 0; i < qn_option_count(options, "range") && !status; i++)
        status = read_range(settings, qn_option_item(options, "range", i), err);
    if (!status)
        status = read_grid(settings, options, schema, err);
    json_decref(schema);
    if (status)
        qn_settings_release(settings);
    return status;
}
