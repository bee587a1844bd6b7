/* Computed headers of an import: see computed.h. Each variable that is used gets a block of
 * doubles, each expression one more; they run in order, over the same rows. */
#include "pipelines/segy/computed.h"

#include "base/sys.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a name in an expression stands for. */
struct variable {
    const struct qn_segy_field *field; /* NULL: see `computed` */
    bool scaled;
    ptrdiff_t computed; /* index of a computed header; -1: trace_index */
    bool used;
};

struct qn_computer {
    const struct qn_import *import;
    char (*names)[QN_COLUMN_NAME]; /* of the variables */
    const char **name_list;        /* the same */
    struct variable *variables;
    size_t variable_count;
    struct qn_segy_field *plain; /* of unscaled variables: without what would scale them */
    const double **inputs;       /* of a run, per variable */
    double *blocks;              /* QN_COMPUTED_BLOCK per variable */
    struct qn_expression **expressions;
    uint8_t *faults; /* QN_COMPUTED_BLOCK per expression */
    uint64_t first;  /* trace of the last run */
    size_t count;    /* and how many */
};

/* ---- making --------------------------------------------------------------------------------- */

void qn_computer_free(struct qn_computer *computer)
{
    if (!computer)
        return;
    for (size_t k = 0; computer->expressions && k < computer->import->computed_count; k++)
        qn_expression_free(computer->expressions[k]);
    free(computer->expressions);
    free(computer->names);
    free(computer->name_list);
    free(computer->variables);
    free(computer->plain);
    free(computer->inputs);
    free(computer->blocks);
    free(computer->faults);
    free(computer);
}

static void add_variable(struct qn_computer *computer, const char *name,
                         const struct qn_segy_field *field, bool scaled, ptrdiff_t computed)
{
    size_t i = computer->variable_count++;
    snprintf(computer->names[i], QN_COLUMN_NAME, "%s", name);
    computer->name_list[i] = computer->names[i];
    computer->variables[i] =
        (struct variable){.field = field, .scaled = scaled, .computed = computed};
    if (field && !scaled)
        computer->plain[i] = (struct qn_segy_field){.byte = field->byte, .type = field->type};
}

static void add_fields(struct qn_computer *computer, const struct qn_segy_field *fields,
                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char scaled[QN_COLUMN_NAME];
        if (fields[i].type >= QN_SEGY_ASCII8)
            continue;
        add_variable(computer, fields[i].name, &fields[i], false, -1);
        qn_scaled_name(&fields[i], scaled);
        if (qn_segy_is_scaled(&fields[i]))
            add_variable(computer, scaled, &fields[i], true, -1);
    }
}

static enum qn_status add_variables(struct qn_computer *computer, struct qn_error *err)
{
    const struct qn_import *import = computer->import;
    size_t most = 1 + 2 * (import->field_count + import->input_count) + import->computed_count;
    computer->names = qn_sys.calloc(most, sizeof *computer->names);
    computer->name_list = qn_sys.calloc(most, sizeof *computer->name_list);
    computer->variables = qn_sys.calloc(most, sizeof *computer->variables);
    computer->plain = qn_sys.calloc(most, sizeof *computer->plain);
    computer->inputs = qn_sys.calloc(most, sizeof *computer->inputs);
    if (!computer->names || !computer->name_list || !computer->variables || !computer->plain ||
        !computer->inputs)
        return qn_fail_memory(err, "computed headers", most * sizeof *computer->names);
    add_variable(computer, QN_TRACE_INDEX, NULL, false, -1);
    add_fields(computer, import->fields, import->field_count);
    add_fields(computer, import->inputs, import->input_count);
    for (size_t k = 0; k < import->computed_count; k++)
        add_variable(computer, import->computed[k].name, NULL, false, (ptrdiff_t)k);
    return QN_OK;
}

/* Says of which header the expression is. */
static enum qn_status name_header(const struct qn_computed *computed, const struct qn_error *cause,
                                  struct qn_error *err)
{
    if (cause->status == QN_ERR_USAGE)
        return qn_fail(err, QN_ERR_USAGE, "computed header '%s': %s", computed->name,
                       cause->message);
    if (err)
        *err = *cause;
    return cause->status;
}

static enum qn_status compile(struct qn_computer *computer, struct qn_error *err)
{
    size_t count = computer->import->computed_count;
    computer->expressions = qn_sys.calloc(count + 1, sizeof *computer->expressions);
    if (!computer->expressions)
        return qn_fail_memory(err, "computed headers", count * sizeof *computer->expressions);
    for (size_t k = 0; k < count; k++) {
        const struct qn_computed *computed = &computer->import->computed[k];
        struct qn_error cause = {0};
        const size_t *used;
        if (qn_expression_compile(computed->expression, computer->name_list,
                                  computer->variable_count, &computer->expressions[k], &cause))
            return name_header(computed, &cause, err);
        size_t inputs = qn_expression_inputs(computer->expressions[k], &used);
        for (size_t i = 0; i < inputs; i++)
            computer->variables[used[i]].used = true;
    }
    return QN_OK;
}

static enum qn_status make_room(struct qn_computer *computer, struct qn_error *err)
{
    size_t bytes = computer->variable_count * QN_COMPUTED_BLOCK * sizeof *computer->blocks;
    computer->blocks = qn_sys.malloc(bytes);
    computer->faults = qn_sys.calloc(computer->import->computed_count + 1, QN_COMPUTED_BLOCK);
    if (!computer->blocks || !computer->faults)
        return qn_fail_memory(err, "computed headers", bytes);
    for (size_t i = 0; i < computer->variable_count; i++)
        computer->inputs[i] = computer->blocks + i * QN_COMPUTED_BLOCK;
    return QN_OK;
}

enum qn_status qn_computer_new(const struct qn_import *import, struct qn_computer **out,
                               struct qn_error *err)
{
    *out = NULL;
    struct qn_computer *computer = qn_sys.calloc(1, sizeof *computer);
    if (!computer)
        return qn_fail_memory(err, "computed headers", sizeof *computer);
    computer->import = import;
    enum qn_status status = add_variables(computer, err);
    if (!status)
        status = compile(computer, err);
    if (!status)
        status = make_room(computer, err);
    if (status)
        qn_computer_free(computer);
    else
        *out = computer;
    return status;
}

/* ---- what needs what ------------------------------------------------------------------------ */

/* Whether computed header `k` needs `other` directly. */
static bool needs(const struct qn_computer *computer, size_t k, size_t other)
{
    const size_t *used;
    size_t inputs = qn_expression_inputs(computer->expressions[k], &used);
    for (size_t i = 0; i < inputs; i++) {
        const struct variable *variable = &computer->variables[used[i]];
        if (!variable->field && variable->computed == (ptrdiff_t)other)
            return true;
    }
    return false;
}

void qn_computer_mark(const struct qn_computer *computer, bool *computed, bool *fields)
{
    const struct qn_import *import = computer->import;
    for (size_t k = import->computed_count; k-- > 0;) {
        const size_t *used;
        size_t inputs = qn_expression_inputs(computer->expressions[k], &used);
        for (size_t i = 0; i < inputs && computed[k]; i++) {
            const struct variable *variable = &computer->variables[used[i]];
            if (variable->field)
                fields[variable->field - import->fields] = true;
            else if (variable->computed >= 0)
                computed[variable->computed] = true;
        }
    }
}

/* Headers that are left need each other: follows them from any of these around. */
static enum qn_status refuse_circle(const struct qn_computer *computer, const bool *done,
                                    struct qn_error *err)
{
    const struct qn_import *import = computer->import;
    size_t count = import->computed_count;
    char text[400] = "";
    size_t len = 0, at = 0, start;
    while (done[at])
        at++;
    for (size_t step = 0; step < count; step++) { /* after as many steps it is on a circle */
        size_t next = 0;
        while (done[next] || !needs(computer, at, next))
            next++;
        at = next;
    }
    start = at;
    do {
        size_t next = 0;
        while (done[next] || !needs(computer, at, next))
            next++;
        if (len < sizeof text - 150)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%.64s needs %.64s",
                                    len ? ", " : "", import->computed[at].name,
                                    import->computed[next].name);
        at = next;
    } while (at != start);
    return qn_fail(err, QN_ERR_USAGE,
                   "computed headers go round in a circle: %s. Compute one of them of other "
                   "headers.",
                   text);
}

static enum qn_status order(const struct qn_computer *computer, struct qn_computed *sorted,
                            bool *done, struct qn_error *err)
{
    const struct qn_import *import = computer->import;
    size_t count = import->computed_count;
    for (size_t place = 0; place < count; place++) {
        size_t k = 0;
        for (; k < count; k++) {
            bool ready = !done[k];
            for (size_t other = 0; other < count && ready; other++)
                ready = done[other] || !needs(computer, k, other);
            if (ready)
                break;
        }
        if (k == count)
            return refuse_circle(computer, done, err);
        sorted[place] = import->computed[k];
        done[k] = true;
    }
    return QN_OK;
}

/* Sorts into `sorted`, with `done` as scratch memory. */
static enum qn_status sort(const struct qn_import *import, struct qn_computed *sorted, bool *done,
                           struct qn_error *err)
{
    struct qn_computer *computer;
    enum qn_status status = qn_computer_new(import, &computer, err);
    if (computer)
        status = order(computer, sorted, done, err);
    qn_computer_free(computer);
    return status;
}

enum qn_status qn_computed_order(struct qn_import *import, struct qn_error *err)
{
    size_t count = import->computed_count;
    struct qn_computed *sorted = qn_sys.calloc(count + 1, sizeof *sorted);
    bool *done = qn_sys.calloc(count + 1, sizeof *done);
    if (!sorted || !done) {
        free(sorted);
        free(done);
        return qn_fail_memory(err, "computed headers", count * sizeof *sorted);
    }
    enum qn_status status = sort(import, sorted, done, err);
    if (!status && count > 0)
        memcpy(import->computed, sorted, count * sizeof *sorted);
    free(sorted);
    free(done);
    return status;
}

/* ---- running -------------------------------------------------------------------------------- */

static double *block(const struct qn_computer *computer, size_t variable)
{
    return computer->blocks + variable * QN_COMPUTED_BLOCK;
}

/* The variable that a computed header is to those after it. */
static size_t variable_of(const struct qn_computer *computer, size_t k)
{
    return computer->variable_count - computer->import->computed_count + k;
}

static void load_variables(struct qn_computer *computer, const struct qn_traces *traces)
{
    enum qn_byte_order byte_order = computer->import->layout.order;
    for (size_t v = 0; v < computer->variable_count; v++) {
        const struct variable *variable = &computer->variables[v];
        double *values = block(computer, v);
        if (!variable->used || (!variable->field && variable->computed >= 0))
            continue;
        if (variable->field)
            qn_segy_scale(variable->scaled ? variable->field : &computer->plain[v], byte_order,
                          traces->bytes, traces->stride, traces->count, values);
        for (size_t i = 0; i < traces->count && !variable->field; i++)
            values[i] = (double)(traces->first + i);
    }
}

/* Rows that cannot be computed since a header before could not. */
static void inherit_faults(struct qn_computer *computer, size_t k, uint8_t *faults)
{
    const size_t *used;
    size_t inputs = qn_expression_inputs(computer->expressions[k], &used);
    memset(faults, QN_FAULT_NONE, computer->count);
    for (size_t i = 0; i < inputs; i++) {
        const struct variable *variable = &computer->variables[used[i]];
        if (variable->field || variable->computed < 0)
            continue;
        const uint8_t *theirs = computer->faults + (size_t)variable->computed * QN_COMPUTED_BLOCK;
        for (size_t row = 0; row < computer->count; row++)
            if (theirs[row])
                faults[row] = QN_FAULT_INPUT;
    }
}

/* The least value of an integer type and the least that is above its range, as doubles. */
static void range_of(enum qn_dtype dtype, double *least, double *above)
{
    int bits = 8 * (int)qn_dtype_bytes(dtype);
    bool has_sign = dtype <= QN_INT64;
    *least = has_sign ? -ldexp(1, bits - 1) : 0;
    *above = ldexp(1, has_sign ? bits - 1 : bits);
}

/* Finds rows whose value the type cannot hold, and rounds to it, so that others see what is stored.
 */
static void check_type(enum qn_dtype dtype, double *values, size_t n, uint8_t *faults)
{
    double least, above;
    if (dtype == QN_FLOAT64)
        return;
    if (dtype == QN_FLOAT32) {
        for (size_t i = 0; i < n; i++) {
            values[i] = (double)(float)values[i];
            if (!faults[i] && isinf(values[i]))
                faults[i] = QN_FAULT_RANGE;
        }
        return;
    }
    range_of(dtype, &least, &above);
    for (size_t i = 0; i < n; i++) {
        if (faults[i])
            continue;
        if (!(values[i] >= least && values[i] < above))
            faults[i] = QN_FAULT_RANGE;
        else if (values[i] != trunc(values[i]))
            faults[i] = QN_FAULT_FRACTION;
    }
}

void qn_computer_run(struct qn_computer *computer, const struct qn_traces *traces)
{
    const struct qn_import *import = computer->import;
    computer->first = traces->first;
    computer->count = traces->count;
    load_variables(computer, traces);
    for (size_t k = 0; k < import->computed_count; k++) {
        double *values = block(computer, variable_of(computer, k));
        uint8_t *faults = computer->faults + k * QN_COMPUTED_BLOCK;
        inherit_faults(computer, k, faults);
        qn_expression_run(computer->expressions[k], computer->inputs, traces->count, values,
                          faults);
        check_type(import->computed[k].dtype, values, traces->count, faults);
    }
}

#define STORE(type)                                                                                \
    for (size_t i = 0; i < n; i++)                                                                 \
    ((type *)out)[i] = faults[i] ? (type)0 : (type)values[i]

void qn_computer_store(const struct qn_computer *computer, size_t k, void *out, uint8_t *valid)
{
    const double *values = block(computer, variable_of(computer, k));
    const uint8_t *faults = computer->faults + k * QN_COMPUTED_BLOCK;
    size_t n = computer->count;
    for (size_t i = 0; i < n; i++)
        valid[i] = faults[i] == QN_FAULT_NONE;
    switch (computer->import->computed[k].dtype) {
    case QN_INT8:
        STORE(int8_t);
        break;
    case QN_INT16:
        STORE(int16_t);
        break;
    case QN_INT32:
        STORE(int32_t);
        break;
    case QN_INT64:
        STORE(int64_t);
        break;
    case QN_UINT8:
        STORE(uint8_t);
        break;
    case QN_UINT16:
        STORE(uint16_t);
        break;
    case QN_UINT32:
        STORE(uint32_t);
        break;
    case QN_UINT64:
        STORE(uint64_t);
        break;
    case QN_FLOAT32:
        STORE(float);
        break;
    default:
        STORE(double);
    }
}

/* ---- failures ------------------------------------------------------------------------------- */

const char *qn_computer_input(const struct qn_computer *computer, size_t k, size_t i)
{
    const size_t *used;
    qn_expression_inputs(computer->expressions[k], &used);
    return computer->names[used[i]];
}

static void add_example(const struct qn_computer *computer, size_t k, size_t row,
                        struct qn_fault_count *faults)
{
    struct qn_fault_example *example = &faults->examples[faults->example_count++];
    const size_t *used;
    size_t inputs = qn_expression_inputs(computer->expressions[k], &used);
    *example = (struct qn_fault_example){.trace = computer->first + row};
    example->fault = computer->faults[k * QN_COMPUTED_BLOCK + row];
    example->input_count = inputs < QN_FAULT_INPUTS ? inputs : QN_FAULT_INPUTS;
    for (size_t i = 0; i < example->input_count; i++)
        example->inputs[i] = block(computer, used[i])[row];
}

void qn_computer_count(const struct qn_computer *computer, size_t k, struct qn_fault_count *faults)
{
    const uint8_t *found = computer->faults + k * QN_COMPUTED_BLOCK;
    for (size_t row = 0; row < computer->count; row++) {
        faults->rows[found[row]]++;
        if (found[row] && faults->example_count < QN_FAULT_EXAMPLES)
            add_example(computer, k, row, faults);
    }
}

void qn_fault_merge(struct qn_fault_count *into, const struct qn_fault_count *next)
{
    for (size_t i = 0; i < QN_FAULT_COUNT; i++)
        into->rows[i] += next->rows[i];
    for (size_t i = 0; i < next->example_count && into->example_count < QN_FAULT_EXAMPLES; i++)
        into->examples[into->example_count++] = next->examples[i];
}

void qn_fault_encode(const struct qn_fault_count *faults, struct qn_buf *buf)
{
    for (size_t i = 0; i < QN_FAULT_COUNT; i++)
        qn_buf_u64(buf, faults->rows[i]);
    qn_buf_u32(buf, (uint32_t)faults->example_count);
    for (size_t i = 0; i < faults->example_count; i++) {
        const struct qn_fault_example *example = &faults->examples[i];
        qn_buf_u64(buf, example->trace);
        qn_buf_u8(buf, (uint8_t)example->fault);
        qn_buf_u32(buf, (uint32_t)example->input_count);
        for (size_t k = 0; k < example->input_count; k++)
            qn_buf_real(buf, example->inputs[k]);
    }
}

void qn_fault_decode(struct qn_cursor *cursor, struct qn_fault_count *faults)
{
    *faults = (struct qn_fault_count){0};
    for (size_t i = 0; i < QN_FAULT_COUNT; i++)
        faults->rows[i] = qn_cursor_u64(cursor);
    faults->example_count = qn_cursor_u32(cursor);
    cursor->failed |= faults->example_count > QN_FAULT_EXAMPLES;
    for (size_t i = 0; i < faults->example_count && !cursor->failed; i++) {
        struct qn_fault_example *example = &faults->examples[i];
        example->trace = qn_cursor_u64(cursor);
        example->fault = (enum qn_fault)qn_cursor_u8(cursor);
        example->input_count = qn_cursor_u32(cursor);
        cursor->failed |=
            example->fault >= QN_FAULT_COUNT || example->input_count > QN_FAULT_INPUTS;
        for (size_t k = 0; k < example->input_count && !cursor->failed; k++)
            example->inputs[k] = qn_cursor_real(cursor);
    }
    if (cursor->failed)
        faults->example_count = 0;
}
