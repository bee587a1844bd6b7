/* The compiler of expressions: recursive descent, one function per level of precedence, straight
 * to postfix code. See expression.h. */
#include "compute/expression_code.h"

#include "base/nearest.h"
#include "base/sys.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NESTING 200u  /* of parentheses, signs and powers */
#define MAX_CODE    4096u /* instructions */
#define MAX_NAME    64

struct compiler {
    const char *text;
    const char *at; /* of what comes next, blanks skipped */
    const char *const *names;
    size_t count;
    struct qn_expression *out;
    size_t depth; /* operands on the stack at this point of the code */
    unsigned nesting;
    struct qn_error *err;
};

static const struct {
    const char *name;
    enum expression_op op;
    int least, most; /* arguments; more than two are taken two at a time */
} functions[] = {
    {"round", OP_ROUND, 1, 1}, {"floor", OP_FLOOR, 1, 1}, {"ceil", OP_CEIL, 1, 1},
    {"abs", OP_ABS, 1, 1},     {"min", OP_MIN, 2, 99},    {"max", OP_MAX, 2, 99},
    {"sqrt", OP_SQRT, 1, 1},   {"sin", OP_SIN, 1, 1},     {"cos", OP_COS, 1, 1},
    {"tan", OP_TAN, 1, 1},     {"atan2", OP_ATAN2, 2, 2},
};
#define FUNCTIONS (sizeof functions / sizeof *functions)

static const struct {
    const char *name;
    double value;
} constants[] = {{"pi", M_PI}, {"e", M_E}};
#define CONSTANTS (sizeof constants / sizeof *constants)

static enum qn_status sum(struct compiler *c);

/* ---- what is wrong -------------------------------------------------------------------------- */

static enum qn_status wrong(const struct compiler *c, const char *what)
{
    if (*c->at == '\0')
        return qn_fail(c->err, QN_ERR_USAGE, "the expression '%.300s' ends too early: %s.", c->text,
                       what);
    return qn_fail(c->err, QN_ERR_USAGE,
                   "the expression '%.300s' is wrong at column %zu, before '%.20s': %s.", c->text,
                   (size_t)(c->at - c->text) + 1, c->at, what);
}

static enum qn_status unknown(const struct compiler *c, const char *name)
{
    struct qn_nearest nearest = qn_nearest_to(name);
    char hint[128];
    for (size_t i = 0; i < c->count; i++)
        qn_nearest_try(&nearest, c->names[i]);
    for (size_t i = 0; i < FUNCTIONS; i++)
        qn_nearest_try(&nearest, functions[i].name);
    return qn_fail(c->err, QN_ERR_USAGE,
                   "the expression '%.300s' names '%s', which is no column.%s", c->text, name,
                   qn_nearest_hint(&nearest, hint));
}

/* ---- code ----------------------------------------------------------------------------------- */

static enum qn_status emit(struct compiler *c, struct instruction instruction)
{
    struct qn_expression *out = c->out;
    if (out->length == MAX_CODE)
        return qn_fail(c->err, QN_ERR_USAGE,
                       "the expression '%.300s...' is too long. Split it into several.", c->text);
    if (out->length == out->room) {
        size_t room = out->room ? 2 * out->room : 16;
        struct instruction *code = qn_sys.realloc(out->code, room * sizeof *code);
        if (!code)
            return qn_fail_memory(c->err, "an expression", room * sizeof *code);
        out->code = code;
        out->room = room;
    }
    out->code[out->length++] = instruction;
    if (instruction.op <= OP_VARIABLE)
        c->depth++;
    else if (instruction.op >= OP_ADD)
        c->depth--;
    out->depth = c->depth > out->depth ? c->depth : out->depth;
    return QN_OK;
}

static enum qn_status emit_op(struct compiler *c, enum expression_op op)
{
    return emit(c, (struct instruction){.op = op});
}

/* ---- tokens --------------------------------------------------------------------------------- */

static void skip(struct compiler *c, size_t len)
{
    c->at += len;
    while (isspace((unsigned char)*c->at))
        c->at++;
}

static bool take(struct compiler *c, const char *token)
{
    size_t len = strlen(token);
    if (strncmp(c->at, token, len) != 0)
        return false;
    skip(c, len);
    return true;
}

/* Decimal, with a point and an exponent if wanted; no signs, hexadecimals, infinities. */
static enum qn_status number(struct compiler *c)
{
    size_t len = strspn(c->at, "0123456789.");
    if ((c->at[len] | 0x20) == 'e') {
        size_t sign = c->at[len + 1] == '+' || c->at[len + 1] == '-';
        size_t digits = strspn(c->at + len + 1 + sign, "0123456789");
        len += digits ? 1 + sign + digits : 0;
    }
    char *end;
    double value = strtod(c->at, &end);
    if ((size_t)(end - c->at) != len || isalpha((unsigned char)*end) || *end == '_')
        return wrong(c, "this is no number");
    if (!isfinite(value))
        return wrong(c, "this number is beyond the range of a double");
    skip(c, len);
    return emit(c, (struct instruction){.op = OP_CONSTANT, .constant = value});
}

/* ---- grammar -------------------------------------------------------------------------------- */

static enum qn_status call(struct compiler *c, size_t f)
{
    char what[80];
    int arguments = 0;
    enum qn_status status = QN_OK;
    do {
        status = sum(c);
        if (!status && ++arguments > 1)
            status = emit_op(c, functions[f].op);
    } while (!status && arguments < functions[f].most && take(c, ","));
    if (status)
        return status;
    if (*c->at == ',' || arguments < functions[f].least) {
        snprintf(what, sizeof what, "%s takes %s%d argument%s", functions[f].name,
                 functions[f].most > functions[f].least ? "at least " : "", functions[f].least,
                 functions[f].least > 1 ? "s" : "");
        return wrong(c, what);
    }
    if (!take(c, ")"))
        return wrong(c, "a ')' is missing");
    return functions[f].most == 1 ? emit_op(c, functions[f].op) : QN_OK;
}

static enum qn_status variable(struct compiler *c, size_t index)
{
    struct qn_expression *out = c->out;
    size_t i = 0;
    while (i < out->input_count && out->inputs[i] != index)
        i++;
    if (i == out->input_count) {
        size_t *inputs = qn_sys.realloc(out->inputs, (i + 1) * sizeof *inputs);
        if (!inputs)
            return qn_fail_memory(c->err, "an expression", (i + 1) * sizeof *inputs);
        inputs[i] = index;
        out->inputs = inputs;
        out->input_count++;
    }
    return emit(c, (struct instruction){.op = OP_VARIABLE, .variable = index});
}

static enum qn_status name(struct compiler *c)
{
    char text[MAX_NAME + 40];
    size_t len = 0;
    while (isalnum((unsigned char)c->at[len]) || c->at[len] == '_')
        len++;
    if (len >= sizeof text)
        return wrong(c, "this name is too long");
    memcpy(text, c->at, len);
    text[len] = '\0';
    const char *start = c->at;
    skip(c, len);
    if (take(c, "(")) {
        for (size_t i = 0; i < FUNCTIONS; i++)
            if (!strcmp(text, functions[i].name))
                return call(c, i);
        c->at = start;
        return wrong(c, "functions are round, floor, ceil, abs, min, max, sqrt, sin, cos, tan and "
                        "atan2");
    }
    for (size_t i = 0; i < c->count; i++)
        if (!strcmp(text, c->names[i]))
            return variable(c, i);
    for (size_t i = 0; i < CONSTANTS; i++)
        if (!strcmp(text, constants[i].name))
            return emit(c, (struct instruction){.op = OP_CONSTANT, .constant = constants[i].value});
    return unknown(c, text);
}

static enum qn_status atom(struct compiler *c)
{
    if (isdigit((unsigned char)*c->at) || *c->at == '.')
        return number(c);
    if (isalpha((unsigned char)*c->at) || *c->at == '_')
        return name(c);
    if (!take(c, "("))
        return wrong(c, "a number, a column, a function or a '(' is expected");
    enum qn_status status = sum(c);
    if (!status && !take(c, ")"))
        status = wrong(c, "a ')' is missing");
    return status;
}

/* Signs and powers: -a ** -b ** c is -(a ** (-(b ** c))). */
static enum qn_status factor(struct compiler *c)
{
    enum qn_status status;
    if (++c->nesting > MAX_NESTING)
        return wrong(c, "this is nested too deeply; split it into several expressions");
    if (take(c, "-")) {
        status = factor(c);
        if (!status)
            status = emit_op(c, OP_NEGATE);
    } else if (take(c, "+")) {
        status = factor(c);
    } else {
        status = atom(c);
        if (!status && take(c, "**")) {
            status = factor(c);
            if (!status)
                status = emit_op(c, OP_POWER);
        }
    }
    c->nesting--;
    return status;
}

static enum qn_status product(struct compiler *c)
{
    static const struct {
        const char *token;
        enum expression_op op;
    } operators[] = {
        {"//", OP_FLOOR_DIVIDE}, {"/", OP_DIVIDE}, {"%", OP_MODULO}, {"*", OP_MULTIPLY}};
    enum qn_status status = factor(c);
    for (size_t i = 0; i < 4 && !status;) {
        if (!take(c, operators[i].token)) {
            i++;
            continue;
        }
        status = factor(c);
        if (!status)
            status = emit_op(c, operators[i].op);
        i = 0;
    }
    return status;
}

static enum qn_status sum(struct compiler *c)
{
    enum qn_status status = product(c);
    while (!status && (*c->at == '+' || *c->at == '-')) {
        enum expression_op op = *c->at == '+' ? OP_ADD : OP_SUBTRACT;
        skip(c, 1);
        status = product(c);
        if (!status)
            status = emit_op(c, op);
    }
    return status;
}

/* ---- all ------------------------------------------------------------------------------------ */

static enum qn_status compile(struct compiler *c)
{
    struct qn_expression *out = c->out;
    skip(c, 0);
    enum qn_status status = sum(c);
    if (!status && *c->at != '\0')
        status = wrong(c, "an operator is expected");
    if (status)
        return status;
    size_t bytes = out->depth * QN_EXPRESSION_BLOCK * sizeof *out->slots;
    out->slots = qn_sys.malloc(bytes);
    out->stack = qn_sys.calloc(out->depth, sizeof *out->stack);
    return out->slots && out->stack ? QN_OK : qn_fail_memory(c->err, "an expression", bytes);
}

enum qn_status qn_expression_compile(const char *text, const char *const *names, size_t count,
                                     struct qn_expression **out, struct qn_error *err)
{
    *out = NULL;
    struct compiler compiler = {.text = text,
                                .at = text,
                                .names = names,
                                .count = count,
                                .out = qn_sys.calloc(1, sizeof(struct qn_expression)),
                                .err = err};
    if (!compiler.out)
        return qn_fail_memory(err, "an expression", sizeof(struct qn_expression));
    enum qn_status status = compile(&compiler);
    if (status)
        qn_expression_free(compiler.out);
    else
        *out = compiler.out;
    return status;
}

void qn_expression_free(struct qn_expression *expression)
{
    if (!expression)
        return;
    free(expression->code);
    free(expression->inputs);
    free(expression->slots);
    free(expression->stack);
    free(expression);
}

size_t qn_expression_inputs(const struct qn_expression *e, const size_t **indexes)
{
    *indexes = e->inputs;
    return e->input_count;
}
