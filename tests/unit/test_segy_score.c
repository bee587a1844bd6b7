/* Deciding how a SEG-Y file is read, on files made in memory: evidence and its limits, overrides,
 * refusals, failures of reads. Lies of headers: tests/interop/test_segy_scan.py, whose files come
 * from another program. */
#include "check.h"
#include "scarce.h"

#include "format/segy/score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 100, TRACES = 50, TRACE = 240 + 4 * SAMPLES, SIZE = 3600 + TRACES * TRACE };

struct file {
    uint8_t bytes[SIZE + 8192];
    uint64_t size;
    unsigned reads;
    unsigned fail_at; /* the read that fails, from 1; 0: none */
};

static enum qn_status read_at(void *context, uint64_t offset, void *bytes, size_t len,
                              struct qn_error *err)
{
    struct file *file = context;
    if (++file->reads == file->fail_at)
        return qn_fail(err, QN_ERR_TRANSIENT, "the disk is tired");
    assert_true(offset <= file->size && len <= file->size - offset);
    memcpy(bytes, file->bytes + offset, len);
    return QN_OK;
}

static struct qn_segy_source source_of(struct file *file)
{
    file->reads = 0;
    return (struct qn_segy_source){"file.sgy", file->size, read_at, file};
}

static void put_field(uint8_t *header, const char *name, enum qn_byte_order order, int64_t value)
{
    qn_segy_put(qn_segy_find_field(qn_segy_trace_fields, name), order, header, value);
}

/* Waves of different lengths: all exponents and digits of IEEE floats occur. */
static float wave(int trace, int sample)
{
    return (float)(1000 * sin(0.31 * sample + 0.07 * trace) * exp(-0.03 * sample));
}

static void put_trace(uint8_t *trace, int number, enum qn_byte_order order)
{
    memset(trace, 0, 240);
    put_field(trace, "trace_sequence_line", order, number + 1);
    put_field(trace, "trace_id_code", order, 1);
    put_field(trace, "sample_count", order, SAMPLES);
    put_field(trace, "sample_interval", order, 2000);
    put_field(trace, "crossline", order, 700 + number);
    for (int i = 0; i < SAMPLES; i++) {
        float value = wave(number, i);
        uint32_t word;
        memcpy(&word, &value, 4);
        qn_store_u32(trace + 240 + 4 * i, order, word);
    }
}

static struct file *make_file(enum qn_byte_order order)
{
    struct file *file = calloc(1, sizeof *file);
    assert_non_null(file);
    for (unsigned line = 0; line < 40; line++)
        qn_segy_text_put_line(file->bytes, line, "C 1 TEXT", QN_SEGY_EBCDIC);
    struct qn_segy_binary_header header;
    memset(&header, 0, sizeof header);
    header.interval_us = 2000;
    header.samples = SAMPLES;
    header.format = 5;
    header.revision_major = 1;
    header.fixed_length = 1;
    qn_segy_binary_format(&header, order, file->bytes + 3200);
    for (int i = 0; i < TRACES; i++)
        put_trace(file->bytes + 3600 + i * TRACE, i, order);
    file->size = SIZE;
    return file;
}

static enum qn_status decide(struct file *file, const struct qn_segy_overrides *overrides,
                             struct qn_segy_decision *decision, struct qn_error *err)
{
    struct qn_segy_source source = source_of(file);
    return qn_segy_decide(&source, overrides, decision, err);
}

static bool says(const struct qn_segy_decision *decision, const char *words)
{
    for (size_t i = 0; i < decision->contradiction_count; i++)
        if (strstr(decision->contradictions[i].text, words))
            return true;
    return false;
}

static void test_points_of_all_evidence_are_a_hundred(void **state)
{
    (void)state;
    int sum = 0;
    for (int i = 0; i < QN_SEGY_EVIDENCE_COUNT; i++)
        sum += qn_segy_evidence[i].most;
    assert_int_equal(sum, 100);
}

static void test_a_sound_file_wins_clearly_in_both_orders(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        struct file *file = make_file((enum qn_byte_order)order);
        struct qn_segy_decision d;
        assert_int_equal(decide(file, NULL, &d, NULL), QN_OK);
        assert_int_equal(d.chosen.layout.order, order);
        assert_int_equal(d.chosen.layout.format, 5);
        assert_int_equal(d.chosen.layout.samples, SAMPLES);
        assert_int_equal(d.chosen.layout.trace_count, TRACES);
        assert_true(d.chosen.layout.interval_us == 2000);
        assert_int_equal(d.contradiction_count, 0);
        assert_true(d.has_runner_up && d.runner_up.score + 20 <= d.chosen.score);
        free(file);
    }
}

static void test_a_score_is_the_sum_of_its_points(void **state)
{
    (void)state;
    struct file *file = make_file(QN_BIG_ENDIAN);
    struct qn_segy_decision d;
    assert_int_equal(decide(file, NULL, &d, NULL), QN_OK);
    const struct qn_segy_hypothesis *both[] = {&d.chosen, &d.runner_up};
    for (size_t h = 0; h < 2; h++) {
        int sum = 0;
        for (int i = 0; i < QN_SEGY_EVIDENCE_COUNT; i++) {
            assert_true(abs(both[h]->points[i]) <= qn_segy_evidence[i].most);
            sum += both[h]->points[i];
        }
        assert_int_equal(sum, both[h]->score);
    }
    free(file);
}

static void test_the_same_file_is_decided_by_the_same_reads_each_time(void **state)
{
    (void)state;
    struct file *file = make_file(QN_LITTLE_ENDIAN);
    struct qn_segy_decision *a = malloc(sizeof *a), *b = malloc(sizeof *b);
    assert_true(a && b);
    memset(a, 0x55, sizeof *a);
    memset(b, 0xAA, sizeof *b);
    assert_int_equal(decide(file, NULL, a, NULL), QN_OK);
    assert_int_equal(a->reads, file->reads);
    assert_int_equal(decide(file, NULL, b, NULL), QN_OK);
    struct qn_segy_notes first, second;
    qn_segy_decision_notes(a, &first);
    qn_segy_decision_notes(b, &second);
    assert_int_equal(first.count, second.count);
    for (size_t i = 0; i < first.count; i++)
        assert_string_equal(first.text[i], second.text[i]);
    free(a);
    free(b);
    free(file);
}

/* ---- a file of 4 TB -------------------------------------------------------------------------- */

enum { HUGE_SAMPLES = 2000, HUGE_TRACE = 240 + 4 * HUGE_SAMPLES };
#define HUGE_TRACES UINT64_C(500000000)

/* Traces from nowhere: the bytes of a header or of samples follow from their offset. */
static enum qn_status read_huge(void *context, uint64_t offset, void *bytes, size_t len,
                                struct qn_error *err)
{
    (void)err;
    struct file *reel = context;
    uint8_t *out = bytes;
    reel->reads++;
    for (size_t i = 0; i < len; i++) {
        uint64_t at = offset + i;
        uint64_t in_trace = at < 3600 ? 0 : (at - 3600) % HUGE_TRACE;
        uint64_t number = at < 3600 ? 0 : (at - 3600) / HUGE_TRACE;
        uint8_t header[240] = {0};
        if (at >= 3600 && in_trace < 240) {
            put_field(header, "trace_sequence_file", QN_BIG_ENDIAN, (int64_t)number + 1);
            put_field(header, "trace_id_code", QN_BIG_ENDIAN, 1);
            put_field(header, "sample_count", QN_BIG_ENDIAN, HUGE_SAMPLES);
        }
        out[i] = at < 3600 ? reel->bytes[at] : in_trace < 240 ? header[in_trace] : 0;
    }
    return QN_OK;
}

static void test_a_file_of_4_tb_takes_no_more_reads_than_a_small_one(void **state)
{
    (void)state;
    struct file *file = make_file(QN_BIG_ENDIAN);
    qn_store_u16(file->bytes + 3220, QN_BIG_ENDIAN, HUGE_SAMPLES);
    file->reads = 0;
    struct qn_segy_source source = {"huge.sgy", 3600 + HUGE_TRACES * HUGE_TRACE, read_huge, file};
    struct qn_segy_decision d;
    assert_int_equal(qn_segy_decide(&source, NULL, &d, NULL), QN_OK);
    assert_true(d.chosen.layout.trace_count == HUGE_TRACES);
    assert_int_equal(d.chosen.points[QN_SEGY_BY_SEQUENCE],
                     qn_segy_evidence[QN_SEGY_BY_SEQUENCE].most);
    assert_true(d.reads <= 80 && d.reads == file->reads);
    free(file);
}

/* ---- overrides and refusals ------------------------------------------------------------------ */

static void test_what_is_given_is_not_weighed(void **state)
{
    (void)state;
    struct file *file = make_file(QN_BIG_ENDIAN);
    struct qn_segy_overrides given = {.format = 2, .samples = SAMPLES};
    struct qn_segy_decision d;
    assert_int_equal(decide(file, &given, &d, NULL), QN_OK);
    assert_int_equal(d.chosen.layout.format, 2);
    assert_true(says(&d, "bytes 3225-3226 say format 5 (ieee) instead"));
    given = (struct qn_segy_overrides){.encoding_given = true, .encoding = QN_SEGY_ASCII};
    assert_int_equal(decide(file, &given, &d, NULL), QN_OK);
    assert_int_equal(qn_segy_layout_encoding(&d.chosen.layout, file->bytes), QN_SEGY_ASCII);
    assert_int_equal(qn_segy_text_encoding(file->bytes), QN_SEGY_EBCDIC);
    free(file);
}

static void test_a_cut_file_is_refused_unless_it_is_to_be_salvaged(void **state)
{
    (void)state;
    struct file *file = make_file(QN_BIG_ENDIAN);
    struct qn_segy_overrides salvage = {.salvage = true};
    struct qn_segy_decision d;
    struct qn_error err = {0};
    file->size -= 77;
    assert_int_equal(decide(file, NULL, &d, &err), QN_ERR_INPUT);
    assert_non_null(strstr(err.message, "the file is truncated"));
    assert_true(err.offset == SIZE - TRACE);
    assert_int_equal(decide(file, &salvage, &d, NULL), QN_OK);
    assert_int_equal(d.chosen.layout.trace_count, TRACES - 1);
    assert_int_equal(d.chosen.layout.trailing_bytes, TRACE - 77);
    assert_true(says(&d, "ends within a trace"));
    free(file);
}

static void test_zeros_at_the_end_are_padding_but_a_few_may_be_a_header(void **state)
{
    (void)state;
    struct file *file = make_file(QN_BIG_ENDIAN);
    struct qn_segy_decision d;
    file->size = SIZE + 2 * TRACE + 512;
    assert_int_equal(decide(file, NULL, &d, NULL), QN_OK);
    assert_int_equal(d.chosen.layout.trace_count, TRACES);
    assert_int_equal(d.chosen.layout.trailing_bytes, 2 * TRACE + 512);
    file->size = SIZE + 3;
    assert_int_equal(decide(file, NULL, &d, NULL), QN_ERR_INPUT);
    free(file);
}

static void test_traces_of_different_lengths_are_followed(void **state)
{
    (void)state;
    struct file *file = make_file(QN_BIG_ENDIAN);
    struct qn_segy_decision d;
    /* Every third trace loses its last 10 samples. */
    uint64_t end = 3600;
    for (int i = 0; i < TRACES; i++) {
        int samples = i % 3 ? SAMPLES : SAMPLES - 10;
        put_trace(file->bytes + end, i, QN_BIG_ENDIAN);
        put_field(file->bytes + end, "sample_count", QN_BIG_ENDIAN, samples);
        end += 240 + 4 * (uint64_t)samples;
    }
    file->size = end;
    qn_store_u16(file->bytes + 3220, QN_BIG_ENDIAN, SAMPLES);
    assert_int_equal(decide(file, NULL, &d, NULL), QN_OK);
    assert_true(d.chosen.layout.variable);
    assert_int_equal(d.chosen.layout.length_field, QN_SEGY_LENGTH_115);
    assert_int_equal(d.chosen.layout.samples, SAMPLES - 10);
    assert_true(says(&d, "all traces are of one length"));
    struct qn_segy_overrides fixed = {.variable = QN_SEGY_NO};
    assert_true(decide(file, &fixed, &d, NULL) || !d.chosen.layout.variable);
    free(file);
}

static void test_a_seismic_unix_file_has_no_reel(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        struct file *file = make_file((enum qn_byte_order)order);
        struct qn_segy_decision d;
        memmove(file->bytes, file->bytes + 3600, SIZE - 3600);
        file->size = SIZE - 3600;
        assert_int_equal(decide(file, NULL, &d, NULL), QN_OK);
        assert_true(d.chosen.layout.seismic_unix);
        assert_int_equal(d.chosen.layout.order, order);
        assert_int_equal(d.chosen.layout.first_trace_offset, 0);
        assert_int_equal(d.chosen.layout.trace_count, TRACES);
        file->size = TRACE; /* shorter than the reel headers of SEG-Y */
        assert_int_equal(decide(file, NULL, &d, NULL), QN_OK);
        assert_true(d.chosen.layout.seismic_unix && d.chosen.layout.trace_count == 1);
        free(file);
    }
}

static void test_pairwise_swapped_bytes_are_refused_by_name(void **state)
{
    (void)state;
    struct file *file = make_file(QN_BIG_ENDIAN);
    struct qn_segy_decision d;
    struct qn_error err = {0};
    qn_store_u32(file->bytes + 3296, QN_BIG_ENDIAN, 0x02010403);
    assert_int_equal(decide(file, NULL, &d, &err), QN_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "swapped in pairs"));
    free(file);
}

/* ---- failures -------------------------------------------------------------------------------- */

static void test_a_read_that_fails_is_passed_on_wherever_it_is(void **state)
{
    (void)state;
    struct file *file = make_file(QN_BIG_ENDIAN);
    struct qn_segy_decision d;
    file->size -= 77; /* so that all that can be tried is tried */
    assert_int_equal(decide(file, NULL, &d, NULL), QN_ERR_INPUT);
    unsigned reads = file->reads;
    for (file->fail_at = 1; file->fail_at <= reads; file->fail_at++) {
        struct qn_error err = {0};
        assert_int_equal(decide(file, NULL, &d, &err), QN_ERR_TRANSIENT);
        assert_string_equal(err.message, "the disk is tired");
    }
    free(file);
}

static void test_an_allocation_that_fails_is_told_wherever_it_is(void **state)
{
    (void)state;
    struct file *file = make_file(QN_BIG_ENDIAN);
    struct qn_segy_decision d;
    enum qn_status status = QN_ERR_MEMORY;
    file->size -= 77;
    for (int n = 0; status == QN_ERR_MEMORY; n++) {
        struct qn_sys real = scarce(n);
        status = decide(file, NULL, &d, NULL);
        qn_sys = real;
        assert_true(n < 100);
    }
    assert_int_equal(status, QN_ERR_INPUT); /* the file is cut short */
    free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points_of_all_evidence_are_a_hundred),
        cmocka_unit_test(test_a_sound_file_wins_clearly_in_both_orders),
        cmocka_unit_test(test_a_score_is_the_sum_of_its_points),
        cmocka_unit_test(test_the_same_file_is_decided_by_the_same_reads_each_time),
        cmocka_unit_test(test_a_file_of_4_tb_takes_no_more_reads_than_a_small_one),
        cmocka_unit_test(test_what_is_given_is_not_weighed),
        cmocka_unit_test(test_a_cut_file_is_refused_unless_it_is_to_be_salvaged),
        cmocka_unit_test(test_zeros_at_the_end_are_padding_but_a_few_may_be_a_header),
        cmocka_unit_test(test_traces_of_different_lengths_are_followed),
        cmocka_unit_test(test_a_seismic_unix_file_has_no_reel),
        cmocka_unit_test(test_pairwise_swapped_bytes_are_refused_by_name),
        cmocka_unit_test(test_a_read_that_fails_is_passed_on_wherever_it_is),
        cmocka_unit_test(test_an_allocation_that_fails_is_told_wherever_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
