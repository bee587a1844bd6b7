/* What a compiled expression is: a program in postfix order. Shared by its compiler and its
 * interpreter, and nobody else. */
#ifndef QN_COMPUTE_EXPRESSION_CODE_H
#define QN_COMPUTE_EXPRESSION_CODE_H

#include "compute/expression.h"

enum expression_op {
    OP_CONSTANT, /* push `constant` */
    OP_VARIABLE, /* push variable `variable` */
    /* One operand. */
    OP_NEGATE,
    OP_ROUND,
    OP_FLOOR,
    OP_CEIL,
    OP_ABS,
    OP_SQRT,
    OP_SIN,
    OP_COS,
    OP_TAN,
    /* Two operands. */
    OP_ADD,
    OP_SUBTRACT,
    OP_MULTIPLY,
    OP_DIVIDE,
    OP_FLOOR_DIVIDE,
    OP_MODULO,
    OP_POWER,
    OP_MIN,
    OP_MAX,
    OP_ATAN2
};

struct instruction {
    enum expression_op op;
    size_t variable;
    double constant;
};

struct qn_expression {
    struct instruction *code;
    size_t length;
    size_t room;
    size_t *inputs; /* room for as many as variables in code */
    size_t input_count;
    size_t depth;         /* most operands at once */
    double *slots;        /* depth blocks: results on the stack */
    const double **stack; /* depth operands: slots, or variables as they are */
};

#endif
