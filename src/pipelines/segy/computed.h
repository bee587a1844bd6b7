/* Headers computed of others: in which order, and their values over blocks of traces. Variables of
 * an expression are trace_index, every numeric field, NAME_scaled of those that have one, and other
 * computed headers. */
#ifndef QN_PIPELINES_SEGY_COMPUTED_H
#define QN_PIPELINES_SEGY_COMPUTED_H

#include "compute/expression.h"
#include "pipelines/segy/survey/reader.h"

/* Puts import->computed into an order in which each needs only those before it, keeping the given
 * order where that is one. What is wrong with an expression, and headers that need each other, are
 * QN_ERR_USAGE naming them. */
enum qn_status qn_computed_order(struct qn_import *import, struct qn_error *err);

/* Computes the headers of one import, which is borrowed, in that order. One user at a time. */
struct qn_computer;
enum qn_status qn_computer_new(const struct qn_import *import, struct qn_computer **computer,
                               struct qn_error *err);
void qn_computer_free(struct qn_computer *computer); /* NULL is fine */

/* Adds to computed[] and fields[] (as many as import->computed, import->fields) what the computed
 * headers marked in computed[] need. */
void qn_computer_mark(const struct qn_computer *computer, bool *computed, bool *fields);

#define QN_COMPUTED_BLOCK QN_EXPRESSION_BLOCK

/* Computes all headers of at most QN_COMPUTED_BLOCK traces. */
void qn_computer_run(struct qn_computer *computer, const struct qn_traces *traces);

/* What the last run gave for computed header `k`: its values in their type, 0 where there is none,
 * and a byte per row, 0 for those. */
void qn_computer_store(const struct qn_computer *computer, size_t k, void *values, uint8_t *valid);

/* ---- failures ------------------------------------------------------------------------------- */

#define QN_FAULT_EXAMPLES 10 /* rows without a value that are told of */
#define QN_FAULT_INPUTS   6  /* of their variables */

struct qn_fault_example {
    uint64_t trace;
    enum qn_fault fault;
    size_t input_count; /* variables of the expression, at most QN_FAULT_INPUTS */
    double inputs[QN_FAULT_INPUTS];
};

/* Of one computed header. */
struct qn_fault_count {
    uint64_t rows[QN_FAULT_COUNT]; /* by reason; [0]: with a value */
    size_t example_count;
    struct qn_fault_example examples[QN_FAULT_EXAMPLES];
};

/* Adds what the last run gave for header `k`. */
void qn_computer_count(const struct qn_computer *computer, size_t k, struct qn_fault_count *faults);

/* The name of the i-th variable in header `k`, for people. */
const char *qn_computer_input(const struct qn_computer *computer, size_t k, size_t i);

/* Adds `next`; call in plan order. To and from bytes. */
void qn_fault_merge(struct qn_fault_count *into, const struct qn_fault_count *next);
void qn_fault_encode(const struct qn_fault_count *faults, struct qn_buf *buf);
void qn_fault_decode(struct qn_cursor *cursor, struct qn_fault_count *faults);

#endif
