/* Arithmetic over columns: an expression is compiled once and then run over blocks of rows.
 *
 * The language is Python's arithmetic on floats, and so are the results: + - * / // % ** and
 * parentheses with Python's precedence (** binds to the right and before a sign on its left), //
 * and % by the floor, round half to even, the functions round floor ceil abs min max sqrt sin cos
 * tan atan2, the constants pi and e. Every value is a double; what Python makes whole (round,
 * floor, ceil) is a whole double. A row fails where Python would raise an exception or give a
 * complex number, and where the result is no finite number.
 *
 * sin, cos, tan, atan2 and ** are the C library's, whose last bit may differ between its versions.
 */
#ifndef QN_COMPUTE_EXPRESSION_H
#define QN_COMPUTE_EXPRESSION_H

#include <quern/error.h>
#include <stddef.h>
#include <stdint.h>

#define QN_EXPRESSION_BLOCK 256u /* most rows of one run */

/* Why a row has no result. */
enum qn_fault {
    QN_FAULT_NONE,
    QN_FAULT_INPUT,    /* one of its variables has no value: set by the caller */
    QN_FAULT_DIVISION, /* by zero, or 0 to a negative power */
    QN_FAULT_DOMAIN,   /* the root of a negative number, the sine of infinity, ... */
    QN_FAULT_OVERFLOW, /* beyond the range of a double */
    QN_FAULT_NAN,      /* not a number, from variables that are not */
    QN_FAULT_RANGE,    /* beyond the range of the type it is to be stored in: set by the caller */
    QN_FAULT_FRACTION, /* not whole, but is to be stored as an integer: set by the caller */
    QN_FAULT_COUNT
};

/* "division by zero" and so on, for people. */
const char *qn_fault_name(enum qn_fault fault);

struct qn_expression;

/* Compiles `text`, in which names[0..count) may stand as variables; they hide the constants pi and
 * e, not functions. The names are not kept. What is wrong with the text is QN_ERR_USAGE: where, and
 * for an unknown name which one may be meant. Free with qn_expression_free, also NULL. */
enum qn_status qn_expression_compile(const char *text, const char *const *names, size_t count,
                                     struct qn_expression **expression, struct qn_error *err);
void qn_expression_free(struct qn_expression *expression);

/* The variables in it, as indexes into `names`, each once, in order of their first use. */
size_t qn_expression_inputs(const struct qn_expression *expression, const size_t **indexes);

/* Runs it over `n` rows, at most QN_EXPRESSION_BLOCK. inputs[i] points to n values of names[i] for
 * each variable used; others are not touched. faults[n] holds an enum qn_fault per row: rows that
 * come with a fault keep it, others get theirs. out[n] is NaN where a row failed. Not for two
 * threads at once. */
void qn_expression_run(struct qn_expression *expression, const double *const *inputs, size_t n,
                       double *out, uint8_t *faults);

#endif
