/* The interpreter of expressions: a loop over instructions, in each a loop over the rows of a
 * block. Faults are noted per row and change no value. See expression.h. */
#include "compute/expression_code.h"

#include <math.h>
#include <stdbool.h>

const char *qn_fault_name(enum qn_fault fault)
{
    static const char *const names[QN_FAULT_COUNT] = {
        [QN_FAULT_NONE] = "none",
        [QN_FAULT_INPUT] = "a header it is computed from has no value",
        [QN_FAULT_DIVISION] = "division by zero",
        [QN_FAULT_DOMAIN] = "no real number",
        [QN_FAULT_OVERFLOW] = "overflow",
        [QN_FAULT_NAN] = "not a number",
        [QN_FAULT_RANGE] = "beyond the range of its type",
        [QN_FAULT_FRACTION] = "not a whole number",
    };
    return names[fault];
}

/* Keeps the fault that came first. */
static inline uint8_t first(uint8_t before, bool failed, enum qn_fault fault)
{
    return before ? before : failed ? (uint8_t)fault : (uint8_t)QN_FAULT_NONE;
}

/* ---- one operand ---------------------------------------------------------------------------- */

/* What Python refuses to make a whole number of. */
static void check_finite(const double *a, size_t n, uint8_t *faults)
{
    for (size_t i = 0; i < n; i++) {
        faults[i] = first(faults[i], isinf(a[i]), QN_FAULT_OVERFLOW);
        faults[i] = first(faults[i], isnan(a[i]), QN_FAULT_NAN);
    }
}

static void check_not_infinite(const double *a, size_t n, uint8_t *faults)
{
    for (size_t i = 0; i < n; i++)
        faults[i] = first(faults[i], isinf(a[i]), QN_FAULT_DOMAIN);
}

static void check_not_negative(const double *a, size_t n, uint8_t *faults)
{
    for (size_t i = 0; i < n; i++)
        faults[i] = first(faults[i], a[i] < 0, QN_FAULT_DOMAIN);
}

#define EACH(value)                                                                                \
    for (size_t i = 0; i < n; i++)                                                                 \
    out[i] = value

/* Whole results are added to 0, since Python's have no negative zero. */
static void run_unary(enum expression_op op, const double *a, size_t n, double *out,
                      uint8_t *faults)
{
    switch (op) {
    case OP_NEGATE:
        EACH(-a[i]);
        break;
    case OP_ABS:
        EACH(fabs(a[i]));
        break;
    case OP_ROUND:
        check_finite(a, n, faults);
        EACH(rint(a[i]) + 0.0);
        break;
    case OP_FLOOR:
        check_finite(a, n, faults);
        EACH(floor(a[i]) + 0.0);
        break;
    case OP_CEIL:
        check_finite(a, n, faults);
        EACH(ceil(a[i]) + 0.0);
        break;
    case OP_SQRT:
        check_not_negative(a, n, faults);
        EACH(sqrt(a[i]));
        break;
    case OP_SIN:
        check_not_infinite(a, n, faults);
        EACH(sin(a[i]));
        break;
    case OP_COS:
        check_not_infinite(a, n, faults);
        EACH(cos(a[i]));
        break;
    default:
        check_not_infinite(a, n, faults);
        EACH(tan(a[i]));
    }
}

/* ---- two operands --------------------------------------------------------------------------- */

/* The remainder has the divisor's sign, zero included. Documented with Python's float %. */
static double modulo(double a, double b)
{
    double rest = fmod(a, b);
    if (rest == 0)
        return copysign(0.0, b);
    return (b < 0) != (rest < 0) ? rest + b : rest;
}

/* The floor of the exact quotient, up to the rounding of a - a % b: as Python's float //. */
static double floor_divide(double a, double b)
{
    double rest = fmod(a, b);
    double quotient = (a - rest) / b;
    if (rest != 0 && (b < 0) != (rest < 0))
        quotient -= 1;
    if (quotient == 0)
        return copysign(0.0, a / b);
    double whole = floor(quotient);
    return quotient - whole > 0.5 ? whole + 1 : whole;
}

static void check_divisor(const double *b, size_t n, uint8_t *faults)
{
    for (size_t i = 0; i < n; i++)
        faults[i] = first(faults[i], b[i] == 0, QN_FAULT_DIVISION);
}

static void run_power(const double *a, const double *b, size_t n, double *out, uint8_t *faults)
{
    for (size_t i = 0; i < n; i++) {
        double base = a[i];
        double exponent = b[i];
        bool finite = isfinite(base) && isfinite(exponent);
        double power = pow(base, exponent);
        uint8_t fault = faults[i];
        fault = first(fault, base == 0 && exponent < 0 && finite, QN_FAULT_DIVISION);
        fault = first(fault, finite && base < 0 && exponent != floor(exponent), QN_FAULT_DOMAIN);
        fault = first(fault, finite && isinf(power), QN_FAULT_OVERFLOW);
        faults[i] = fault;
        out[i] = power;
    }
}

static void run_binary(enum expression_op op, const double *a, const double *b, size_t n,
                       double *out, uint8_t *faults)
{
    switch (op) {
    case OP_ADD:
        EACH(a[i] + b[i]);
        break;
    case OP_SUBTRACT:
        EACH(a[i] - b[i]);
        break;
    case OP_MULTIPLY:
        EACH(a[i] * b[i]);
        break;
    case OP_DIVIDE:
        check_divisor(b, n, faults);
        EACH(a[i] / b[i]);
        break;
    case OP_FLOOR_DIVIDE:
        check_divisor(b, n, faults);
        EACH(floor_divide(a[i], b[i]));
        break;
    case OP_MODULO:
        check_divisor(b, n, faults);
        EACH(modulo(a[i], b[i]));
        break;
    case OP_POWER:
        run_power(a, b, n, out, faults);
        break;
    case OP_MIN:
        EACH(b[i] < a[i] ? b[i] : a[i]);
        break;
    case OP_MAX:
        EACH(b[i] > a[i] ? b[i] : a[i]);
        break;
    default:
        EACH(atan2(a[i], b[i]));
    }
}

/* ---- all ------------------------------------------------------------------------------------ */

static void finish(const double *result, size_t n, double *out, uint8_t *faults)
{
    for (size_t i = 0; i < n; i++) {
        double value = result[i];
        faults[i] = first(faults[i], isnan(value), QN_FAULT_NAN);
        faults[i] = first(faults[i], isinf(value), QN_FAULT_OVERFLOW);
        out[i] = faults[i] ? (double)NAN : value;
    }
}

void qn_expression_run(struct qn_expression *expression, const double *const *inputs, size_t n,
                       double *out, uint8_t *faults)
{
    const double **stack = expression->stack;
    size_t top = 0; /* operands on the stack */
    for (size_t at = 0; at < expression->length; at++) {
        const struct instruction *step = &expression->code[at];
        size_t place = step->op <= OP_VARIABLE ? top : step->op < OP_ADD ? top - 1 : top - 2;
        double *slot = expression->slots + place * QN_EXPRESSION_BLOCK;
        if (step->op == OP_CONSTANT) {
            for (size_t i = 0; i < n; i++)
                slot[i] = step->constant;
        } else if (step->op >= OP_ADD) {
            run_binary(step->op, stack[top - 2], stack[top - 1], n, slot, faults);
        } else if (step->op > OP_VARIABLE) {
            run_unary(step->op, stack[top - 1], n, slot, faults);
        }
        stack[place] = step->op == OP_VARIABLE ? inputs[step->variable] : slot;
        top = place + 1;
    }
    finish(stack[0], n, out, faults);
}
