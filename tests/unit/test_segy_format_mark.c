/* The mark of trace headers: learnt from a file, found again in what is left of it. */
#include "check.h"

#include "format/segy/mark.h"

#include <string.h>

#define TRACES  100
#define SAMPLES 10
#define EACH    (240 + 4 * SAMPLES)
#define START   3600

struct file {
    uint8_t bytes[START + TRACES * EACH + 1000];
    size_t len;
};

static enum qn_status read_at(void *context, uint64_t offset, void *bytes, size_t len,
                              struct qn_error *err)
{
    const struct file *file = context;
    (void)err;
    assert_true(offset + len <= file->len);
    memcpy(bytes, file->bytes + offset, len);
    return QN_OK;
}

static uint8_t *trace_at(struct file *file, size_t i)
{
    return file->bytes + START + i * EACH;
}

static void set(uint8_t *header, size_t byte, uint16_t value)
{
    qn_store_u16(header + byte - 1, QN_BIG_ENDIAN, value);
}

/* Samples are 0x55, headers have their number at 1, samples, interval, scalar, units, a year. */
static void make_file(struct file *file)
{
    memset(file->bytes, 0x55, sizeof file->bytes);
    file->len = START + TRACES * EACH;
    for (size_t i = 0; i < TRACES; i++) {
        uint8_t *header = trace_at(file, i);
        memset(header, 0, 240);
        qn_store_u32(header, QN_BIG_ENDIAN, (uint32_t)i + 1);
        set(header, 71, 0xFFF6);
        set(header, 89, 1);
        set(header, 115, SAMPLES);
        set(header, 117, 4000);
        set(header, 157, 1987);
    }
}

static const struct qn_segy_layout layout = {.order = QN_BIG_ENDIAN,
                                             .format = 5,
                                             .sample_bytes = 4,
                                             .samples = SAMPLES,
                                             .interval_us = 4000,
                                             .first_trace_offset = START,
                                             .trace_header_bytes = 240,
                                             .trace_bytes = EACH,
                                             .trace_count = TRACES};

static enum qn_status never(void *context, uint64_t at, struct qn_error *err)
{
    (void)context;
    (void)at;
    (void)err;
    return QN_OK;
}

/* A file and a look at it. */
struct bench {
    struct file file;
    struct qn_segy_source source;
    struct qn_segy_window window;
    struct qn_segy_mark mark;
};

static struct bench bench;

static int set_up(void **state)
{
    (void)state;
    make_file(&bench.file);
    bench.source = (struct qn_segy_source){.name = "x", .read_at = read_at, .context = &bench.file};
    return qn_segy_window_init(&bench.window, &bench.source, 1 << 20, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    qn_segy_window_release(&bench.window);
    return 0;
}

static void learn(void)
{
    bench.source.size = bench.file.len;
    qn_segy_window_forget(&bench.window);
    assert_int_equal(qn_segy_mark_learn(&bench.mark, &bench.window, &layout, NULL), QN_OK);
}

static uint64_t find(uint64_t from)
{
    uint64_t found;
    assert_int_equal(qn_segy_mark_find(&bench.mark, &bench.window, &layout, from, bench.file.len,
                                       never, NULL, &found, NULL),
                     QN_OK);
    return found;
}

static void test_the_mark_is_the_settings_that_are_not_zero(void **state)
{
    (void)state;
    static const uint8_t expected[] = {71, 89, 115, 117, 157};
    learn();
    assert_int_equal(bench.mark.count, 5);
    assert_memory_equal(bench.mark.byte, expected, 5);
}

static void test_what_differs_between_headers_is_no_part_of_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < TRACES; i++) {
        set(trace_at(&bench.file, i), 157, (uint16_t)(1987 + i / 50)); /* differs far apart only */
        set(trace_at(&bench.file, i), 89, (uint16_t)(1 + i % 2));
    }
    learn();
    assert_int_equal(bench.mark.count, 3);
}

static void test_it_is_learnt_from_the_rest_where_the_first_traces_are_garbage(void **state)
{
    (void)state;
    memset(trace_at(&bench.file, 0), 0xAA, 10 * EACH);
    learn();
    assert_int_equal(bench.mark.count, 5);
    assert_true(qn_segy_mark_fits(&bench.mark, trace_at(&bench.file, 50)));
}

static void test_headers_after_a_loss_do_not_outvote_those_before(void **state)
{
    (void)state;
    uint8_t *lost = trace_at(&bench.file, 3) + 250;
    memmove(lost, lost + 5, (size_t)(bench.file.bytes + bench.file.len - lost - 5));
    bench.file.len -= 5;
    learn();
    assert_true(qn_segy_mark_fits(&bench.mark, trace_at(&bench.file, 0)));
    assert_false(qn_segy_mark_fits(&bench.mark, trace_at(&bench.file, 4)));
    assert_true(qn_segy_mark_fits(&bench.mark, trace_at(&bench.file, 4) - 5));
}

static void test_zeros_and_samples_do_not_fit_and_only_samples_are_rejected(void **state)
{
    (void)state;
    static const uint8_t zeros[240];
    learn();
    assert_false(qn_segy_mark_fits(&bench.mark, zeros));
    assert_false(qn_segy_mark_rejects(&bench.mark, zeros));
    assert_false(qn_segy_mark_fits(&bench.mark, bench.file.bytes));
    assert_true(qn_segy_mark_rejects(&bench.mark, bench.file.bytes));
    assert_false(qn_segy_mark_rejects(&bench.mark, trace_at(&bench.file, 0)));
}

static void test_headers_without_settings_fit_whatever_they_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < TRACES; i++)
        memset(trace_at(&bench.file, i) + 4, 0, 236);
    learn();
    assert_int_equal(bench.mark.count, 0);
    assert_true(qn_segy_mark_fits(&bench.mark, bench.file.bytes));
    assert_false(qn_segy_mark_rejects(&bench.mark, bench.file.bytes));
    assert_int_equal(find(START), bench.file.len);
}

static void test_the_next_trace_is_found_at_any_byte(void **state)
{
    (void)state;
    learn();
    assert_int_equal(find(START), START);
    assert_int_equal(find(START + 1), START + EACH);
    assert_int_equal(find(START + 50 * EACH + 3), START + 51 * EACH);
    assert_int_equal(find(START + 99 * EACH + 1), bench.file.len);
    for (size_t shift = 1; shift < 5; shift++) {
        memmove(trace_at(&bench.file, 7) + 1, trace_at(&bench.file, 7),
                (TRACES - 7) * EACH + shift);
        bench.file.len++;
        bench.source.size = bench.file.len;
        qn_segy_window_forget(&bench.window);
        assert_int_equal(find(START + 6 * EACH + 1), START + 7 * EACH + shift);
    }
}

static void test_a_mark_of_one_word_needs_traces_after_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < TRACES; i++) {
        memset(trace_at(&bench.file, i) + 4, 0, 236);
        set(trace_at(&bench.file, i), 117, 4000);
    }
    set(trace_at(&bench.file, 0) + 246, 1, 4000); /* among samples */
    learn();
    assert_int_equal(bench.mark.count, 1);
    assert_int_equal(find(START + 1), START + EACH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_mark_is_the_settings_that_are_not_zero, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_what_differs_between_headers_is_no_part_of_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            test_it_is_learnt_from_the_rest_where_the_first_traces_are_garbage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_headers_after_a_loss_do_not_outvote_those_before,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_zeros_and_samples_do_not_fit_and_only_samples_are_rejected, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_headers_without_settings_fit_whatever_they_are, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_the_next_trace_is_found_at_any_byte, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_mark_of_one_word_needs_traces_after_it, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
