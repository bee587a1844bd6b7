/* Telling people and programs what trace headers are like: see header_story.h. */
#include "pipelines/segy/scan/header_story.h"

#include "base/json_memory.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LISTED 300 /* bytes of a list of names in a note, about */

struct story {
    struct qn_glue *glue;
    const struct qn_import *import;
    const struct qn_header_checks *checks;
    const struct qn_fault_count *faults;
    const struct qn_computer *computer; /* NULL: nothing is computed */
};

static const char *scalar_name(int scaling)
{
    return qn_segy_scaling_name((enum qn_segy_scaling)scaling);
}

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *integer(uint64_t value)
{
    return json_integer((json_int_t)value);
}

/* ---- fields that never change --------------------------------------------------------------- */

static json_t *value_json(const struct qn_segy_value *value)
{
    switch (value->kind) {
    case QN_SEGY_VALUE_INT:
        return json_integer(value->i);
    case QN_SEGY_VALUE_UINT:
        return value->u > INT64_MAX ? json_sprintf("%" PRIu64, value->u) : integer(value->u);
    case QN_SEGY_VALUE_REAL:
        return number(value->real);
    default:
        return json_string(value->text);
    }
}

static void value_text(const struct qn_segy_value *value, char *text, size_t size)
{
    switch (value->kind) {
    case QN_SEGY_VALUE_INT:
        snprintf(text, size, "%" PRId64, value->i);
        break;
    case QN_SEGY_VALUE_UINT:
        snprintf(text, size, "%" PRIu64, value->u);
        break;
    case QN_SEGY_VALUE_REAL:
        snprintf(text, size, "%.10g", value->real);
        break;
    default:
        snprintf(text, size, "'%s'", value->text);
    }
}

static void add_constancy(const struct story *story, json_t *fact)
{
    const struct qn_import *import = story->import;
    json_t *lists[] = {[QN_HEADER_VARIES] = json_array(),
                       [QN_HEADER_CONSTANT] = json_object(),
                       [QN_HEADER_ZERO] = json_array()};
    for (size_t i = 0; i < import->field_count; i++) {
        const struct qn_segy_field *field = &import->fields[i];
        struct qn_segy_value value = qn_segy_get(field, import->layout.order, story->checks->first);
        enum qn_constancy constancy = qn_header_constancy(story->checks, field);
        if (constancy == QN_HEADER_CONSTANT)
            json_object_set_new(lists[constancy], field->name, value_json(&value));
        else
            json_array_append_new(lists[constancy], json_string(field->name));
    }
    json_object_set_new(fact, "varying", lists[QN_HEADER_VARIES]);
    json_object_set_new(fact, "all_zero", lists[QN_HEADER_ZERO]);
    json_object_set_new(fact, "constant", lists[QN_HEADER_CONSTANT]);
}

/* Names of the fields that are so, with their values if they have one, as much as fits. */
static size_t list_fields(const struct story *story, enum qn_constancy constancy,
                          char text[LISTED + 120])
{
    const struct qn_import *import = story->import;
    size_t count = 0, listed = 0, len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < import->field_count; i++) {
        const struct qn_segy_field *field = &import->fields[i];
        struct qn_segy_value value = qn_segy_get(field, import->layout.order, story->checks->first);
        char shown[40] = "";
        if (qn_header_constancy(story->checks, field) != constancy)
            continue;
        if (constancy == QN_HEADER_CONSTANT)
            value_text(&value, shown, sizeof shown);
        if (len < LISTED && ++listed)
            len += (size_t)snprintf(text + len, LISTED + 120 - len, "%s%.64s%s%s",
                                    count ? ", " : "", field->name, *shown ? " " : "", shown);
        count++;
    }
    if (count > listed)
        snprintf(text + len, LISTED + 120 - len, " and %zu more", count - listed);
    return count;
}

static enum qn_status note_constancy(const struct story *story, struct qn_error *err)
{
    char varying[LISTED + 120], constant[LISTED + 120], zero[LISTED + 120];
    size_t varied = list_fields(story, QN_HEADER_VARIES, varying);
    size_t constants = list_fields(story, QN_HEADER_CONSTANT, constant);
    size_t zeros = list_fields(story, QN_HEADER_ZERO, zero);
    return qn_glue_note(story->glue, err,
                        "header fields: %zu of %zu vary%s%s; %zu are the same in all traces%s%s; "
                        "%zu are 0 in all",
                        varied, story->import->field_count, varied ? ": " : "", varying, constants,
                        constants ? ": " : "", constant, zeros);
}

/* ---- oddities ------------------------------------------------------------------------------- */

static void add_count(json_t *fact, const char *name, const struct qn_trace_count *count)
{
    json_t *object = json_object();
    if (count->count == 0) {
        json_decref(object);
        return;
    }
    json_object_set_new(object, "what", json_string(name));
    json_object_set_new(object, "traces", integer(count->count));
    json_object_set_new(object, "first_trace", integer(count->first));
    json_object_set_new(object, "value", number(count->value));
    json_array_append_new(fact, object);
}

static json_t *oddities_json(const struct qn_header_checks *checks)
{
    json_t *list = json_array();
    char name[80];
    for (int i = 1; i < QN_SEGY_SCALING_COUNT; i++) {
        struct qn_trace_count naked = checks->scalars[i].naked;
        snprintf(name, sizeof name, "scalar of %s is 0 where there are some", scalar_name(i));
        add_count(list, name, &naked);
        snprintf(name, sizeof name, "scalar of %s is not legal", scalar_name(i));
        add_count(list, name, &checks->scalars[i].illegal);
    }
    add_count(list, "marked dead by trace_id_code", &checks->marked_dead);
    add_count(list, "sample_count is not the trace's", &checks->samples);
    add_count(list, "sample_interval is not the survey's", &checks->interval);
    add_count(list, "header repeats that of the trace before", &checks->repeated);
    return list;
}

static enum qn_status note_scalars(const struct story *story, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (int i = 1; i < QN_SEGY_SCALING_COUNT && !status; i++) {
        const struct qn_scalar_check *check = &story->checks->scalars[i];
        /* Revision 1 says itself that 0 means 1 for times. */
        if (check->naked.count > 0 && i != QN_SEGY_BY_TIME_SCALAR)
            status = qn_glue_note(story->glue, err,
                                  "the scalar of %s is 0 in %" PRIu64
                                  " traces that have some, first in trace %" PRIu64 ": taken as 1",
                                  scalar_name(i), check->naked.count, check->naked.first);
        if (check->illegal.count > 0 && !status)
            status = qn_glue_note(
                story->glue, err,
                "the scalar of %s is none of 1, 10, 100, 1000, 10000 and their "
                "negatives in %" PRIu64 " traces, first %g in trace %" PRIu64 ": applied as it is",
                scalar_name(i), check->illegal.count, check->illegal.value, check->illegal.first);
    }
    return status;
}

static enum qn_status note_traces(const struct story *story, struct qn_error *err)
{
    const struct qn_header_checks *checks = story->checks;
    const struct {
        const struct qn_trace_count *count;
        const char *what;
        bool valued;
    } oddities[] = {
        {&checks->marked_dead, "traces marked dead (trace_id_code 2)", false},
        {&checks->samples, "traces whose sample_count is not the number of their samples", true},
        {&checks->interval, "traces whose sample_interval is not that of the survey", true},
        {&checks->repeated,
         "traces that repeat the header of the one before in all but sequence numbers, and are "
         "perhaps the same",
         false},
    };
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < sizeof oddities / sizeof *oddities && !status; i++) {
        const struct qn_trace_count *count = oddities[i].count;
        char value[40] = "";
        if (oddities[i].valued)
            snprintf(value, sizeof value, "%.10g in ", count->value);
        if (count->count > 0)
            status = qn_glue_note(story->glue, err, "%s: %" PRIu64 ", first %strace %" PRIu64,
                                  oddities[i].what, count->count, value, count->first);
    }
    return status;
}

/* ---- computed headers ----------------------------------------------------------------------- */

static uint64_t failed_rows(const struct qn_fault_count *faults)
{
    uint64_t rows = 0;
    for (size_t i = 1; i < QN_FAULT_COUNT; i++)
        rows += faults->rows[i];
    return rows;
}

/* Why rows failed, and the values of the first ones. */
static void tell_reasons(const struct story *story, size_t k, struct qn_buf *text)
{
    const struct qn_fault_count *faults = &story->faults[k];
    bool first = true;
    for (int i = 1; i < QN_FAULT_COUNT; i++) {
        if (faults->rows[i] == 0)
            continue;
        qn_buf_printf(text, "%s%" PRIu64 " %s", first ? "" : ", ", faults->rows[i],
                      qn_fault_name((enum qn_fault)i));
        first = false;
    }
    for (size_t i = 0; i < faults->example_count; i++) {
        const struct qn_fault_example *example = &faults->examples[i];
        qn_buf_printf(text, "%strace %" PRIu64, i ? "; " : ". First ", example->trace);
        for (size_t v = 0; v < example->input_count; v++)
            qn_buf_printf(text, "%s%s = %.10g", v ? ", " : ": ",
                          qn_computer_input(story->computer, k, v), example->inputs[v]);
    }
    qn_buf_u8(text, 0);
}

static enum qn_status note_computed(const struct story *story, struct qn_error *err)
{
    const struct qn_import *import = story->import;
    enum qn_status status = QN_OK;
    for (size_t k = 0; k < import->computed_count && !status; k++) {
        uint64_t failed = failed_rows(&story->faults[k]);
        struct qn_buf reasons = {0};
        if (failed == 0)
            continue;
        tell_reasons(story, k, &reasons);
        status = reasons.failed
                     ? qn_fail_memory(err, "a note", reasons.len)
                     : qn_glue_note(story->glue, err,
                                    "the computed header %s has no value in %" PRIu64 " of %" PRIu64
                                    " traces: %s",
                                    import->computed[k].name, failed,
                                    failed + story->faults[k].rows[QN_FAULT_NONE], reasons.data);
        qn_buf_release(&reasons);
    }
    return status;
}

static json_t *reasons_json(const struct qn_fault_count *faults)
{
    json_t *reasons = json_object();
    for (int i = 1; i < QN_FAULT_COUNT; i++)
        if (faults->rows[i] > 0)
            json_object_set_new(reasons, qn_fault_name((enum qn_fault)i), integer(faults->rows[i]));
    return reasons;
}

static json_t *computed_json(const struct story *story)
{
    const struct qn_import *import = story->import;
    json_t *list = json_array();
    for (size_t k = 0; k < import->computed_count; k++) {
        const struct qn_computed *computed = &import->computed[k];
        json_t *object = json_object();
        json_object_set_new(object, "name", json_string(computed->name));
        json_object_set_new(object, "expression", json_string(computed->expression));
        json_object_set_new(object, "type", json_string(qn_dtype_name(computed->dtype)));
        json_object_set_new(object, "column", json_boolean(computed->column));
        json_object_set_new(object, "without_value", integer(failed_rows(&story->faults[k])));
        json_object_set_new(object, "reasons", reasons_json(&story->faults[k]));
        json_array_append_new(list, object);
    }
    return list;
}

/* The first rows of every computed header that have no value. */
static json_t *failures_json(const struct story *story)
{
    json_t *list = json_array();
    for (size_t k = 0; k < story->import->computed_count; k++) {
        const struct qn_fault_count *faults = &story->faults[k];
        for (size_t i = 0; i < faults->example_count; i++) {
            const struct qn_fault_example *example = &faults->examples[i];
            json_t *object = json_object();
            json_t *inputs = json_object();
            for (size_t v = 0; v < example->input_count; v++)
                json_object_set_new(inputs, qn_computer_input(story->computer, k, v),
                                    number(example->inputs[v]));
            json_object_set_new(object, "header", json_string(story->import->computed[k].name));
            json_object_set_new(object, "trace", integer(example->trace));
            json_object_set_new(object, "reason", json_string(qn_fault_name(example->fault)));
            json_object_set_new(object, "inputs", inputs);
            json_array_append_new(list, object);
        }
    }
    return list;
}

/* ---- all ------------------------------------------------------------------------------------ */

static json_t *headers_json(const struct story *story)
{
    const struct qn_import *import = story->import;
    json_t *fact = json_object();
    json_object_set_new(fact, "layout", json_string(import->header_layout));
    json_object_set_new(fact, "fields", integer(import->field_count));
    json_object_set_new(fact, "raw_header", json_boolean(import->raw_headers));
    json_object_set_new(fact, "lossless", json_boolean(import->lossless_headers));
    add_constancy(story, fact);
    return fact;
}

/* States a fact and releases it; an empty list is none. */
static enum qn_status state(const struct story *story, const char *name, json_t *fact,
                            struct qn_error *err)
{
    bool empty = json_is_array(fact) && json_array_size(fact) == 0;
    char *text = fact ? qn_json_dump(fact, JSON_REAL_PRECISION(17)) : NULL;
    json_decref(fact);
    if (!text)
        return qn_fail_memory(err, "a fact", 1);
    enum qn_status status = empty ? QN_OK : qn_glue_fact(story->glue, name, text, err);
    free(text);
    return status;
}

static enum qn_status state_facts(const struct story *story, struct qn_error *err)
{
    enum qn_status status = state(story, "headers", headers_json(story), err);
    if (!status)
        status = state(story, "header_oddities", oddities_json(story->checks), err);
    if (!status)
        status = state(story, "computed_headers", computed_json(story), err);
    if (!status)
        status = state(story, "computed_failures", failures_json(story), err);
    return status;
}

enum qn_status qn_header_story(struct qn_glue *glue, const struct qn_header_checks *checks,
                               const struct qn_fault_count *faults, struct qn_error *err)
{
    struct qn_computer *computer = NULL;
    struct story story = {
        .glue = glue, .import = checks->import, .checks = checks, .faults = faults};
    if (checks->count == 0)
        return QN_OK;
    enum qn_status status = QN_OK;
    if (checks->import->computed_count > 0)
        status = qn_computer_new(checks->import, &computer, err);
    story.computer = computer;
    if (!status)
        status = state_facts(&story, err);
    if (!status)
        status = note_constancy(&story, err);
    if (!status)
        status = note_scalars(&story, err);
    if (!status)
        status = note_traces(&story, err);
    if (!status)
        status = note_computed(&story, err);
    qn_computer_free(computer);
    return status;
}

/* ---- the footer ----------------------------------------------------------------------------- */

static json_t *field_json(const struct qn_segy_field *field)
{
    json_t *object = json_object();
    const char *type = qn_segy_type_info((enum qn_segy_type)field->type)->name;
    struct qn_segy_place scalar = qn_segy_scalar_place(field);
    json_object_set_new(object, "name", json_string(field->name));
    json_object_set_new(object, "byte", integer(field->byte));
    json_object_set_new(object, "type", json_string(type));
    if (field->scaling != QN_SEGY_UNSCALED) {
        json_object_set_new(object, "scalar", json_string(scalar_name(field->scaling)));
        json_object_set_new(object, "scalar_byte", integer(scalar.byte));
    }
    if (field->override.byte != 0)
        json_object_set_new(object, "overridden_by_byte", integer(field->override.byte));
    json_object_set_new(object, "description", json_string(field->description));
    return object;
}

char *qn_header_columns_json(const struct qn_import *import)
{
    json_t *root = json_object();
    json_t *fields = json_array();
    json_t *computed = json_array();
    json_object_set_new(root, "layout", json_string(import->header_layout));
    for (size_t i = 0; i < import->field_count; i++)
        json_array_append_new(fields, field_json(&import->fields[i]));
    json_object_set_new(root, "fields", fields);
    for (size_t k = 0; k < import->computed_count; k++) {
        const struct qn_computed *header = &import->computed[k];
        json_t *object = json_object();
        json_object_set_new(object, "name", json_string(header->name));
        json_object_set_new(object, "expression", json_string(header->expression));
        json_object_set_new(object, "type", json_string(qn_dtype_name(header->dtype)));
        json_object_set_new(object, "description", json_string(header->description));
        json_array_append_new(computed, object);
    }
    json_object_set_new(root, "computed", computed);
    char *text = qn_json_dump(root, JSON_COMPACT);
    json_decref(root);
    return text;
}
