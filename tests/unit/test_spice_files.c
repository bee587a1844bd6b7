/* Binary SPICE kernels: written, read in either byte order, and damaged in every place. */
#include "check.h"

#include "base/io.h"
#include "compute/orbit.h"
#include "format/spice/spk.h"
#include "format/spice/spk_write.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COUNT = 250, SEGMENTS = 30 };

static char path[] = "/tmp/quern-spice-XXXXXX";
static double epochs[COUNT];
static double states[COUNT][6];

static double wave(double et, int component)
{
    return 1800 * sin(et / 1000 + component);
}

static int set_up(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    for (int i = 0; i < COUNT; i++) {
        epochs[i] = 60.0 * i;
        for (int k = 0; k < 3; k++) {
            states[i][k] = wave(epochs[i], k);
            states[i][k + 3] = 1.8 * cos(epochs[i] / 1000 + k);
        }
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

static const struct qn_spk_head head = {-25, 301, 1, 0, 60.0 * (COUNT - 1), "a circle"};

static void write_states(enum qn_byte_order order, const char *comments, int segments)
{
    struct qn_spk_writer *writer;
    struct qn_error err = {0};
    assert_int_equal(qn_spk_writer_new(&writer, order, "test", comments, &err), QN_OK);
    for (int i = 0; i < segments; i++)
        assert_int_equal(qn_spk_write_hermite(writer, &head, epochs, states[0], COUNT, 8, &err),
                         QN_OK);
    assert_int_equal(qn_spk_writer_save(writer, path, &err), QN_OK);
    qn_spk_writer_free(writer);
}

static enum qn_status state_at(const struct qn_daf *daf, size_t i, double et, double state[6],
                               struct qn_error *err)
{
    struct qn_spk_segment segment;
    struct qn_spk *spk = NULL;
    struct qn_spk_piece piece;
    enum qn_status status = qn_spk_segment(daf, i, &segment, err);
    if (!status)
        status = qn_spk_new(&spk, daf, &segment, err);
    if (!status)
        status = qn_spk_piece(spk, et, &piece, err);
    if (!status)
        qn_orbit_hermite(piece.epochs, piece.numbers, piece.n, et, state);
    qn_spk_free(spk);
    return status;
}

/* ---- sound files ---------------------------------------------------------------------------- */

static void check_wave(enum qn_byte_order order)
{
    struct qn_daf *daf;
    struct qn_error err = {0};
    write_states(order, NULL, 1);
    assert_int_equal(qn_daf_open(&daf, path, &err), QN_OK);
    assert_int_equal(qn_daf_order(daf), order);
    assert_string_equal(qn_daf_kind(daf), "SPK");
    assert_string_equal(qn_daf_internal(daf), "test");
    assert_string_equal(qn_daf_name(daf, 0), "a circle");
    for (double et = 3; et < head.stop; et += 37) {
        double state[6];
        assert_int_equal(state_at(daf, 0, et, state, &err), QN_OK);
        for (int k = 0; k < 3; k++) {
            assert_true(fabs(state[k] - wave(et, k)) < 1e-8);
            assert_true(fabs(state[k + 3] - 1.8 * cos(et / 1000 + k)) < 1e-10);
        }
    }
    qn_daf_close(daf);
}

static void test_what_is_written_is_read_in_both_byte_orders(void **state)
{
    (void)state;
    check_wave(QN_LITTLE_ENDIAN);
    check_wave(QN_BIG_ENDIAN);
}

static void test_many_segments_and_long_comments_come_back(void **state)
{
    (void)state;
    struct qn_daf *daf;
    struct qn_error err = {0};
    struct qn_buf text = {0};
    char comments[2600];
    for (size_t i = 0; i < sizeof comments - 1; i++)
        comments[i] = i % 70 == 69 ? '\n' : (char)('a' + i % 26);
    comments[sizeof comments - 1] = '\0';
    write_states(QN_LITTLE_ENDIAN, comments, SEGMENTS);
    assert_int_equal(qn_daf_open(&daf, path, &err), QN_OK);
    assert_int_equal(qn_daf_count(daf), SEGMENTS);
    assert_int_equal(qn_daf_comments(daf, &text, &err), QN_OK);
    assert_int_equal(text.len, sizeof comments - 1);
    assert_memory_equal(text.data, comments, text.len);
    double found[6];
    assert_int_equal(state_at(daf, SEGMENTS - 1, 600, found, &err), QN_OK);
    assert_true(fabs(found[0] - wave(600, 0)) < 1e-9);
    qn_buf_release(&text);
    qn_daf_close(daf);
}

static void test_the_same_input_gives_the_same_bytes(void **state)
{
    (void)state;
    struct qn_buf first = {0};
    struct qn_buf second = {0};
    write_states(QN_LITTLE_ENDIAN, "c\n", 2);
    assert_int_equal(qn_read_file(path, &first, 1 << 20, NULL), QN_OK);
    write_states(QN_LITTLE_ENDIAN, "c\n", 2);
    assert_int_equal(qn_read_file(path, &second, 1 << 20, NULL), QN_OK);
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.data, second.data, first.len);
    qn_buf_release(&first);
    qn_buf_release(&second);
}

/* ---- damaged files -------------------------------------------------------------------------- */

static void put_real(uint8_t *at, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    qn_store_u64(at, QN_LITTLE_ENDIAN, bits);
}

/* One change to a sound little-endian file: records are the file's own, summaries, names, data. */
static const struct {
    const char *says;
    size_t offset;
    double real; /* NAN: `integer` is written instead */
    uint32_t integer;
} damages[] = {
    {"is no binary SPICE kernel", 0, NAN, 0x12345678},
    {"make no sense", 8, NAN, 1 << 20},
    {"make no sense", 12, NAN, 1},
    {"leads out of the file", 76, NAN, 1000000},
    {"leads out of the file", 76, NAN, 1},
    {"has no end", 1024, 2, 0},
    {"makes no sense", 1024, 1e9, 0},
    {"makes no sense", 1024, 2.5, 0},
    {"makes no sense", 1024 + 16, 26, 0},
    {"makes no sense", 1024 + 16, -1, 0},
    {"no times", 1024 + 24, 1e300, 0},
    {"no times", 1024 + 32, -5, 0},
    {"segments of type 77", 1024 + 24 + 28, NAN, 77},
    {"lies outside", 1024 + 24 + 32, NAN, 0},
    {"lies outside", 1024 + 24 + 36, NAN, 0x7fffffff},
    {"lies outside", 1024 + 24 + 36, NAN, 5},
    {"too short", 1024 + 24 + 36, NAN, 385},
    {"numbers at its end", 3072 + 8 * (7 * COUNT + 2), 1000, 0},
    {"numbers at its end", 3072 + 8 * (7 * COUNT + 2), 2.5, 0},
    {"numbers at its end", 3072 + 8 * (7 * COUNT + 3), -1, 0},
    {"shorter than its number", 3072 + 8 * (7 * COUNT + 3), 300, 0},
    {"fewer records", 3072 + 8 * (7 * COUNT + 3), 5, 0},
    {"do not increase", 3072 + 8 * (6 * COUNT + 10), 0, 0},
    {"transferred as text", 699 + 8, NAN, 0x0a0a0a0a},
    {"as a VAX wrote", 88, NAN, 0x2d584156},
};

static void test_damage_is_named_wherever_it_is(void **state)
{
    (void)state;
    struct qn_buf sound = {0};
    write_states(QN_LITTLE_ENDIAN, NULL, 1);
    assert_int_equal(qn_read_file(path, &sound, 1 << 20, NULL), QN_OK);
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        struct qn_daf *daf;
        struct qn_error err = {0};
        double found[6];
        uint8_t kept[8];
        uint8_t *at = sound.data + damages[i].offset;
        memcpy(kept, at, sizeof kept);
        if (isnan(damages[i].real))
            qn_store_u32(at, QN_LITTLE_ENDIAN, damages[i].integer);
        else
            put_real(at, damages[i].real);
        assert_int_equal(qn_write_file(path, sound.data, sound.len, NULL), QN_OK);
        memcpy(at, kept, sizeof kept);
        enum qn_status status = qn_daf_open(&daf, path, &err);
        if (!status)
            status = state_at(daf, 0, 600, found, &err);
        assert_true(status == QN_ERR_INPUT || status == QN_ERR_UNSUPPORTED);
        if (!strstr(err.message, damages[i].says))
            print_message("damage %zu: %s\n", i, err.message);
        assert_non_null(strstr(err.message, damages[i].says));
        assert_non_null(strstr(err.message, path));
        qn_daf_close(daf);
    }
    qn_buf_release(&sound);
}

static void test_a_file_cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct qn_buf sound = {0};
    write_states(QN_BIG_ENDIAN, NULL, 1);
    assert_int_equal(qn_read_file(path, &sound, 1 << 20, NULL), QN_OK);
    size_t needed = 3072 + 8 * (7 * COUNT + 4);
    for (size_t len = 0; len < needed; len += 509) {
        struct qn_daf *daf;
        struct qn_error err = {0};
        double found[6];
        assert_int_equal(qn_write_file(path, sound.data, len, NULL), QN_OK);
        enum qn_status status = qn_daf_open(&daf, path, &err);
        if (!status)
            status = state_at(daf, 0, 600, found, &err);
        assert_int_equal(status, QN_ERR_INPUT);
        qn_daf_close(daf);
    }
    qn_buf_release(&sound);
}

static void test_segments_that_their_data_do_not_cover_are_not_written(void **state)
{
    (void)state;
    struct qn_spk_writer *writer;
    struct qn_spk_head longer = head;
    longer.stop += 1;
    assert_int_equal(qn_spk_writer_new(&writer, QN_BIG_ENDIAN, "test", NULL, NULL), QN_OK);
    assert_int_equal(qn_spk_write_hermite(writer, &longer, epochs, states[0], COUNT, 8, NULL),
                     QN_ERR_INTERNAL);
    assert_int_equal(qn_spk_write_hermite(writer, &head, epochs, states[0], COUNT, 7, NULL),
                     QN_ERR_INTERNAL);
    qn_spk_writer_free(writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_is_read_in_both_byte_orders),
        cmocka_unit_test(test_many_segments_and_long_comments_come_back),
        cmocka_unit_test(test_the_same_input_gives_the_same_bytes),
        cmocka_unit_test(test_damage_is_named_wherever_it_is),
        cmocka_unit_test(test_a_file_cut_anywhere_is_refused),
        cmocka_unit_test(test_segments_that_their_data_do_not_cover_are_not_written),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
