/* Any bytes as an expression, run over rows with every special value. */
#include "fuzz.h"

#include "compute/expression.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const fuzz_words[] = {"a",      "b",    "**",   "//",    "round(", "floor(", "ceil(",
                                  "abs(",   "min(", "max(", "sqrt(", "sin(",   "cos(",   "tan(",
                                  "atan2(", "pi",   "e",    "1e308", NULL};

#define ROWS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"a", "b"};
    static const double a[ROWS] = {0, -0.0, 1, -2.5, 1e308, 5e-324, INFINITY, NAN};
    static const double b[ROWS] = {3, 0, -7, NAN, -1e300, 0.1, -INFINITY, 2};
    const double *const inputs[] = {a, b};
    struct qn_expression *expression;
    double out[ROWS];
    uint8_t faults[ROWS] = {0};
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    if (!qn_expression_compile(text, names, 2, &expression, NULL)) {
        qn_expression_run(expression, inputs, ROWS, out, faults);
        for (size_t i = 0; i < ROWS; i++)
            FUZZ_REQUIRE(faults[i] < QN_FAULT_COUNT && (isfinite(out[i]) != 0) == (faults[i] == 0));
        qn_expression_free(expression);
    }
    free(text);
    return 0;
}
