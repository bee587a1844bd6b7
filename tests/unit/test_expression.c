/* Expressions: Python's arithmetic, its exceptions as faults, and every way to write one wrongly.
 * Expected values are what CPython 3.11 prints for the same text; tests/interop compares thousands
 * more with Python itself. */
#include "check.h"
#include "scarce.h"

#include "compute/expression.h"

#include <math.h>
#include <string.h>

static const char *const names[] = {"a", "b", "offset", "e"};
#define NAMES 4

/* Runs `text` with a, b, offset and e (a column here) in one row. */
static double run(const char *text, double a, double b, uint8_t *fault)
{
    double offset = 12.5, e = 7;
    const double *inputs[NAMES] = {&a, &b, &offset, &e};
    struct qn_expression *expression;
    struct qn_error err = {0};
    double out = 0;
    *fault = QN_FAULT_NONE;
    if (qn_expression_compile(text, names, NAMES, &expression, &err))
        fail_msg("%s: %s", text, err.message);
    qn_expression_run(expression, inputs, 1, &out, fault);
    qn_expression_free(expression);
    return out;
}

static void assert_same(const char *text, double got, double expected)
{
    if (memcmp(&got, &expected, sizeof got) != 0)
        fail_msg("%s gives %a, not %a", text, got, expected);
}

static void test_values_are_those_of_python(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double a, b, expected;
    } cases[] = {
        {"1 + 2 * 3", 0, 0, 7},
        {"(1 + 2) * 3", 0, 0, 9},
        {"7 - 2 - 1", 0, 0, 4},
        {"100 / 10 / 2", 0, 0, 5},
        {"2 ** 3 ** 2", 0, 0, 512},
        {"-2 ** 2", 0, 0, -4},
        {"2 ** -1", 0, 0, 0.5},
        {"-a ** -b", 2, 2, -0.25},
        {"--a", 3, 0, 3},
        {"+a", 3, 0, 3},
        {"a // b", 7, 2, 3},
        {"a // b", -7, 2, -4},
        {"a // b", 7, -2, -4},
        {"a // b", 1, 0.1, 9},
        {"a // b", -0.0, 3, -0.0},
        {"a % b", 7, 3, 1},
        {"a % b", -7, 3, 2},
        {"a % b", 7, -3, -2},
        {"a % b", -6, 3, 0.0},
        {"a % b", 6, -3, -0.0},
        {"a % b", 5.5, 2, 1.5},
        {"a * b % 4", 3, 2, 2},
        {"round(a)", 0.5, 0, 0},
        {"round(a)", 1.5, 0, 2},
        {"round(a)", 2.5, 0, 2},
        {"round(a)", -0.4, 0, 0.0},
        {"floor(a)", -1.5, 0, -2},
        {"ceil(a)", -1.5, 0, -1},
        {"ceil(a)", -0.5, 0, 0.0},
        {"abs(a)", -3, 0, 3},
        {"min(a, b, 1)", 3, 2, 1},
        {"max(a, b, 1)", 3, 2, 3},
        {"sqrt(a)", 2, 0, 1.4142135623730951},
        {"atan2(a, b)", 1, -1, 2.356194490192345},
        {"pi", 0, 0, 3.141592653589793},
        {"cos(0) + sin(0) + tan(0)", 0, 0, 1},
        {"e", 0, 0, 7}, /* a column hides the constant */
        {"offset", 0, 0, 12.5},
        {"\ta+\n b ", 1, 2, 3},
        {".5 + 1. + 1e2 + 1.5E-1 + 2e+1", 0, 0, 121.65},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t fault;
        double got = run(cases[i].text, cases[i].a, cases[i].b, &fault);
        assert_same(cases[i].text, got, cases[i].expected);
        assert_int_equal(fault, QN_FAULT_NONE);
    }
}

static void test_exceptions_of_python_are_faults(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double a, b;
        enum qn_fault fault;
    } cases[] = {
        {"a / b", 1, 0, QN_FAULT_DIVISION},
        {"a / b", 0, 0, QN_FAULT_DIVISION},
        {"a // b", 1, -0.0, QN_FAULT_DIVISION},
        {"a % b", 1, 0, QN_FAULT_DIVISION},
        {"a ** b", 0, -1, QN_FAULT_DIVISION},
        {"a ** b", -8, 0.5, QN_FAULT_DOMAIN},
        {"a ** b", 10, 400, QN_FAULT_OVERFLOW},
        {"sqrt(a)", -1, 0, QN_FAULT_DOMAIN},
        {"sin(a)", INFINITY, 0, QN_FAULT_DOMAIN},
        {"round(a)", INFINITY, 0, QN_FAULT_OVERFLOW},
        {"floor(a)", NAN, 0, QN_FAULT_NAN},
        {"a * b", 1e300, 1e300, QN_FAULT_OVERFLOW},
        {"a + b", NAN, 1, QN_FAULT_NAN},
        {"a - b", INFINITY, INFINITY, QN_FAULT_NAN},
        {"0 * (a / b)", 1, 0, QN_FAULT_DIVISION},
        {"sqrt(a) + 1 / b", -1, 0, QN_FAULT_DOMAIN}, /* the first one met */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t fault;
        double got = run(cases[i].text, cases[i].a, cases[i].b, &fault);
        if (fault != cases[i].fault || !isnan(got))
            fail_msg("%s: fault %d, value %g", cases[i].text, fault, got);
    }
}

static void test_infinity_on_the_way_is_no_fault(void **state)
{
    (void)state;
    uint8_t fault;
    assert_same("1 / inf", run("1 / (a * b)", 1e300, 1e300, &fault), 0.0);
    assert_int_equal(fault, QN_FAULT_NONE);
}

static void test_rows_of_a_block_do_not_touch_each_other(void **state)
{
    (void)state;
    enum { N = QN_EXPRESSION_BLOCK };
    double a[N], b[N], out[N];
    uint8_t faults[N] = {0};
    const double *inputs[NAMES] = {a, b};
    struct qn_expression *expression;
    for (int i = 0; i < N; i++) {
        a[i] = i;
        b[i] = i % 5;
    }
    faults[7] = QN_FAULT_INPUT;
    assert_int_equal(
        qn_expression_compile("(a + 1) / b - min(a, b) * 2", names, NAMES, &expression, NULL),
        QN_OK);
    qn_expression_run(expression, inputs, N, out, faults);
    for (int i = 0; i < N; i++) {
        if (i == 7)
            assert_int_equal(faults[i], QN_FAULT_INPUT);
        else if (b[i] == 0)
            assert_int_equal(faults[i], QN_FAULT_DIVISION);
        else
            assert_same("row", out[i], (a[i] + 1) / b[i] - (a[i] < b[i] ? a[i] : b[i]) * 2);
        assert_int_equal(isnan(out[i]) != 0, faults[i] != 0);
    }
    qn_expression_free(expression);
}

static void test_variables_are_listed_once_in_order_of_use(void **state)
{
    (void)state;
    struct qn_expression *expression;
    const size_t *inputs;
    assert_int_equal(qn_expression_compile("offset + a * offset", names, NAMES, &expression, NULL),
                     QN_OK);
    assert_int_equal(qn_expression_inputs(expression, &inputs), 2);
    assert_int_equal(inputs[0], 2);
    assert_int_equal(inputs[1], 0);
    qn_expression_free(expression);
}

static void test_every_mistake_is_refused_and_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *named;
    } wrong[] = {
        {"", "ends too early"},
        {"   ", "ends too early"},
        {"a +", "ends too early"},
        {"a * * b", "column 5"},
        {"(a", "')' is missing"},
        {"a)", "operator is expected"},
        {"a b", "operator is expected"},
        {"a < b", "operator is expected"},
        {"ofset", "Did you mean 'offset'?"},
        {"sqr(a)", "functions are"},
        {"sqrt", "'sqrt', which is no column"},
        {"sqrt()", "a number, a column"},
        {"sqrt(a, b)", "sqrt takes 1 argument"},
        {"round(a, 2)", "round takes 1 argument"},
        {"min(a)", "min takes at least 2 arguments"},
        {"atan2(a)", "atan2 takes 2 arguments"},
        {"1.2.3", "no number"},
        {".", "no number"},
        {"0x10", "no number"},
        {"1_000", "no number"},
        {"1e999", "beyond the range"},
        {"'a'", "column 1"},
        {"__import__('os')", "functions are"},
        {"a; b", "operator is expected"},
        {"\xff", "column 1"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct qn_expression *expression = (void *)1;
        struct qn_error err = {0};
        assert_int_equal(qn_expression_compile(wrong[i].text, names, NAMES, &expression, &err),
                         QN_ERR_USAGE);
        assert_null(expression);
        if (!strstr(err.message, wrong[i].named))
            fail_msg("%s\ngives: %s", wrong[i].text, err.message);
    }
}

static void test_deep_nesting_and_endless_sums_are_refused(void **state)
{
    (void)state;
    enum { LONG = 40000 };
    static char text[LONG + 2];
    struct qn_expression *expression;
    memset(text, '(', LONG);
    assert_int_equal(qn_expression_compile(text, names, NAMES, &expression, NULL), QN_ERR_USAGE);
    memset(text, '-', LONG);
    assert_int_equal(qn_expression_compile(text, names, NAMES, &expression, NULL), QN_ERR_USAGE);
    for (int i = 0; i < LONG; i++)
        text[i] = i % 2 ? '+' : '1';
    text[LONG - 1] = '\0';
    assert_int_equal(qn_expression_compile(text, names, NAMES, &expression, NULL), QN_ERR_USAGE);
    for (int i = 0; i < 300; i++) /* 150 signs are fine */
        text[i] = i < 150 ? '-' : '\0';
    text[150] = 'a';
    assert_int_equal(qn_expression_compile(text, names, NAMES, &expression, NULL), QN_OK);
    qn_expression_free(expression);
}

static void test_every_failed_allocation_is_reported(void **state)
{
    (void)state;
    struct qn_expression *expression;
    enum qn_status status = QN_ERR_MEMORY;
    int n = 0;
    for (; n < 20 && status; n++) {
        struct qn_sys real = scarce(n);
        status = qn_expression_compile("a + b", names, NAMES, &expression, NULL);
        qn_sys = real;
        assert_true(status == QN_OK || status == QN_ERR_MEMORY);
    }
    assert_int_equal(n,
                     7); /* the expression, its code, two variables, slots, stack: then it works */
    qn_expression_free(expression);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_those_of_python),
        cmocka_unit_test(test_exceptions_of_python_are_faults),
        cmocka_unit_test(test_infinity_on_the_way_is_no_fault),
        cmocka_unit_test(test_rows_of_a_block_do_not_touch_each_other),
        cmocka_unit_test(test_variables_are_listed_once_in_order_of_use),
        cmocka_unit_test(test_every_mistake_is_refused_and_named),
        cmocka_unit_test(test_deep_nesting_and_endless_sums_are_refused),
        cmocka_unit_test(test_every_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
