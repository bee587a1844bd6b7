/* Parquet: encodings against the examples of the specification, values written and read back in
 * every type and encoding, and files that lie. What other readers make of our files is shown in
 * tests/interop. */
#include "format/parquet.h"
#include "format/parquet/decode.h"
#include "format/parquet/encode.h"
#include "format/parquet/thrift.h"

#include <math.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_bytes(const struct qn_buf *buf, const void *expected, size_t len)
{
    assert_int_equal(buf->len, len);
    assert_memory_equal(buf->data, expected, len);
}

/* ---- encodings ------------------------------------------------------------------------------ */

/* Encodings.md: the numbers 0 to 7 in 3 bits are 10001000 11000110 11111010. */
static void bit_packing_is_that_of_the_specification(void **state)
{
    (void)state;
    uint32_t values[] = {0, 1, 2, 3, 4, 5, 6, 7};
    struct qn_buf out = {0};
    pq_encode_hybrid(&out, values, 8, 3);
    assert_bytes(&out, (uint8_t[]){0x03, 0x88, 0xc6, 0xfa}, 4);
    qn_buf_release(&out);
}

static void a_run_is_a_count_and_a_value(void **state)
{
    (void)state;
    uint32_t values[100];
    struct qn_buf out = {0};
    for (size_t i = 0; i < 100; i++)
        values[i] = 300;
    pq_encode_hybrid(&out, values, 100, 9);
    assert_bytes(&out, (uint8_t[]){0xc8, 0x01, 0x2c, 0x01}, 4);
    qn_buf_release(&out);
}

/* Encodings.md, DELTA_BINARY_PACKED, example 1 and 2 (with our block of 128 values in 4). */
static void deltas_are_those_of_the_specification(void **state)
{
    (void)state;
    struct qn_buf out = {0};
    pq_encode_delta(&out, (int32_t[]){1, 2, 3, 4, 5}, 5, 4);
    assert_bytes(&out, (uint8_t[]){0x80, 0x01, 4, 5, 2, 2, 0, 0, 0, 0}, 10);
    qn_buf_clear(&out);
    pq_encode_delta(&out, (int32_t[]){7, 5, 3, 1, 2, 3, 4, 5}, 8, 4);
    /* least delta -2; the rest 0 0 0 3 3 3 3 in 2 bits: 11000000 00111111 */
    uint8_t expected[7 + 4 + 7] = {0x80, 0x01, 4, 8, 14, 3, 2, 0, 0, 0, 0xc0, 0x3f};
    assert_int_equal(out.len, 5 + 1 + 4 + 8);
    assert_memory_equal(out.data, expected, 12);
    qn_buf_release(&out);
}

/* Decoders read that far behind their input. */
static void slack(struct qn_buf *bytes)
{
    uint8_t *to = qn_buf_reserve(bytes, PQ_SLACK);
    assert_non_null(to);
    memset(to, 0, PQ_SLACK);
}

static void deltas_wrap_around(void **state)
{
    (void)state;
    const int64_t longs[] = {INT64_MIN, INT64_MAX, 0, -1, INT64_MAX, INT64_MIN, 5};
    const int32_t ints[] = {INT32_MIN, INT32_MAX, 0, -1, INT32_MAX, INT32_MIN, 5};
    int64_t longs_back[7];
    struct qn_buf out = {0};
    pq_encode_delta(&out, longs, 7, 8);
    struct pq_delta delta;
    slack(&out);
    assert_true(pq_delta_start(&delta, out.data, out.len));
    assert_true(pq_delta_take(&delta, longs_back, 7));
    assert_memory_equal(longs, longs_back, sizeof longs);
    qn_buf_clear(&out);
    pq_encode_delta(&out, ints, 7, 4);
    slack(&out);
    assert_true(pq_delta_start(&delta, out.data, out.len));
    assert_true(pq_delta_take(&delta, longs_back, 7));
    for (size_t i = 0; i < 7; i++)
        assert_int_equal((int32_t)longs_back[i], ints[i]);
    qn_buf_release(&out);
}

static void hybrid_runs_of_any_pattern_come_back(void **state)
{
    (void)state;
    uint32_t values[997], back[997];
    struct qn_buf out = {0};
    uint64_t seed = 1;
    for (unsigned width = 1; width <= 32; width++) {
        for (size_t i = 0; i < 997;) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            size_t run = 1 + (seed >> 33) % 20;
            uint32_t value = (uint32_t)(seed >> 20) & (uint32_t)((1ull << width) - 1);
            for (; run > 0 && i < 997; run--)
                values[i++] = value;
        }
        qn_buf_clear(&out);
        pq_encode_hybrid(&out, values, 997, width);
        struct pq_hybrid in;
        slack(&out);
        pq_hybrid_start(&in, out.data, out.len, width);
        assert_true(pq_hybrid_take(&in, back, 997));
        assert_int_equal(in.end - in.at, 0);
        assert_memory_equal(values, back, sizeof values);
    }
    qn_buf_release(&out);
}

static void flags_of_any_pattern_come_back(void **state)
{
    (void)state;
    uint8_t flags[997];
    uint32_t back[997];
    struct qn_buf out = {0};
    uint64_t seed = 1;
    for (size_t n = 1; n <= 997; n += n < 80 ? 1 : 131) {
        for (unsigned longest = 1; longest <= 1024; longest *= 4) {
            for (size_t i = 0; i < n;) {
                seed = seed * 6364136223846793005u + 1442695040888963407u;
                uint8_t flag = (uint8_t)(seed >> 40 & 1);
                for (size_t run = 1 + (seed >> 33) % longest; run > 0 && i < n; run--)
                    flags[i++] = flag;
            }
            qn_buf_clear(&out);
            pq_encode_flags(&out, flags, n);
            struct pq_hybrid in;
            slack(&out);
            pq_hybrid_start(&in, out.data, out.len, 1);
            assert_true(pq_hybrid_take(&in, back, n));
            assert_int_equal(in.end - in.at, 0);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(back[i], flags[i]);
        }
    }
    qn_buf_release(&out);
}

static void flags_that_are_all_alike_take_one_run(void **state)
{
    (void)state;
    uint8_t ones[100];
    struct qn_buf out = {0};
    memset(ones, 1, sizeof ones);
    pq_encode_flags(&out, ones, 100);
    assert_bytes(&out, (uint8_t[]){0xc8, 0x01, 0x01}, 3);
    qn_buf_release(&out);
}

static void thrift_field_headers_are_those_of_the_protocol(void **state)
{
    (void)state;
    struct qn_buf out = {0};
    struct qn_thrift_writer w;
    qn_thrift_begin(&w, &out);
    qn_thrift_i32(&w, 1, -1);
    qn_thrift_bool(&w, 2, true);
    qn_thrift_i64(&w, 20, 300);
    qn_thrift_end(&w);
    assert_bytes(&out, (uint8_t[]){0x15, 0x01, 0x11, 0x06, 0x28, 0xd8, 0x04, 0x00}, 8);
    qn_buf_release(&out);
}

/* Ten million lists, each the only element of the one before, in as many bytes. */
static void lists_of_lists_do_not_use_up_the_stack(void **state)
{
    (void)state;
    enum { DEPTH = 10000000 };
    struct qn_thrift_reader r;
    uint8_t *bytes = malloc(DEPTH);
    assert_non_null(bytes);
    memset(bytes, 1 << 4 | QN_THRIFT_LIST, DEPTH);
    qn_thrift_read(&r, bytes, DEPTH);
    qn_thrift_skip(&r, QN_THRIFT_LIST);
    assert_true(r.in.failed);
    free(bytes);
}

/* ---- whole files ---------------------------------------------------------------------------- */

struct memory {
    const uint8_t *bytes;
    size_t len;
};

static enum qn_status read_memory(void *context, uint64_t offset, void *bytes, size_t len,
                                  struct qn_error *err)
{
    const struct memory *memory = context;
    if (offset > memory->len || len > memory->len - offset)
        return qn_fail(err, QN_ERR_CORRUPT, "read past the end");
    memcpy(bytes, memory->bytes + offset, len);
    return QN_OK;
}

static struct qn_parquet_source source_of(struct memory *memory)
{
    return (struct qn_parquet_source){
        .context = memory, .size = memory->len, .read_at = read_memory, .name = "memory"};
}

#define ROWS 5000u

/* A file of two equal groups of one column. */
static void write_file(const struct qn_parquet_column *column,
                       const struct qn_parquet_values *values, struct qn_buf *file)
{
    struct qn_parquet_writer *writer;
    struct qn_parquet_footer *footer;
    struct qn_parquet_options options = {
        .codec = PQ_ZSTD, .level = 1, .page_rows = 1000, .dictionary_bytes = 1u << 16};
    struct qn_error err = {0};
    assert_int_equal(qn_parquet_writer_new(&writer, column, 1, &options, &err), QN_OK);
    assert_int_equal(qn_parquet_footer_new(&footer, column, 1, &err), QN_OK);
    qn_buf_append(file, QN_PARQUET_MAGIC, 4);
    for (int g = 0; g < 2; g++) {
        struct qn_buf bytes = {0}, meta = {0};
        assert_int_equal(qn_parquet_encode_group(writer, values, ROWS, &bytes, &meta, &err), QN_OK);
        assert_int_equal(qn_parquet_footer_group(footer, meta.data, meta.len, file->len, &err),
                         QN_OK);
        qn_buf_append(file, bytes.data, bytes.len);
        qn_buf_release(&bytes);
        qn_buf_release(&meta);
    }
    assert_int_equal(qn_parquet_footer_key_value(footer, "quern", "{}", &err), QN_OK);
    assert_int_equal(qn_parquet_footer_finish(footer, file->len, file, &err), QN_OK);
    qn_parquet_footer_free(footer);
    qn_parquet_writer_free(writer);
}

static int64_t integer_at(const void *values, size_t bytes, size_t i)
{
    switch (bytes) {
    case 1:
        return ((const int8_t *)values)[i];
    case 2:
        return ((const int16_t *)values)[i];
    case 4:
        return ((const int32_t *)values)[i];
    default:
        return ((const int64_t *)values)[i];
    }
}

/* Integers of each width: few values, many values, rising ones; with nulls and without. */
static void integers_come_back(void **state)
{
    (void)state;
    static const struct {
        enum qn_parquet_type type;
        size_t bytes;
    } types[] = {{QN_PQ_INT8, 1}, {QN_PQ_INT16, 2}, {QN_PQ_INT32, 4}, {QN_PQ_INT64, 8}};
    static int64_t room[ROWS];
    static uint8_t valid[ROWS];
    for (size_t c = 0; c < 4 * 3 * 2 * 4; c++) {
        size_t bytes = types[c % 4].bytes;
        size_t shape = c / 4 % 3;
        bool nulls = c / 12 % 2;
        enum qn_parquet_encoding wishes[] = {QN_PQ_AUTO, QN_PQ_PLAIN, QN_PQ_DICTIONARY,
                                             QN_PQ_DELTA};
        for (size_t i = 0; i < ROWS; i++) {
            uint64_t value = shape == 0 ? i % 7 : shape == 1 ? i * 0x9e3779b97f4a7c15u : i;
            memcpy((uint8_t *)room + i * bytes, &value, bytes);
            valid[i] = i % 3 != 1;
        }
        struct qn_parquet_column column = {
            .name = "n", .type = types[c % 4].type, .optional = nulls, .encoding = wishes[c / 24]};
        struct qn_parquet_values values = {.values = room, .valid = nulls ? valid : NULL};
        struct qn_buf file = {0}, back = {0}, levels = {0};
        write_file(&column, &values, &file);
        struct memory memory = {file.data, file.len};
        struct qn_parquet_source source = source_of(&memory);
        struct qn_parquet_file *reader;
        struct qn_error err = {0};
        assert_int_equal(qn_parquet_open(&reader, &source, &err), QN_OK);
        assert_int_equal(qn_parquet_rows(reader), 2 * ROWS);
        const char *key, *text;
        qn_parquet_key_value_at(reader, 0, &key, &text);
        assert_string_equal(key, "quern");
        assert_string_equal(text, "{}");
        assert_int_equal(qn_parquet_read_column(reader, 1, 0, &back, &levels, &err), QN_OK);
        for (size_t i = 0; i < ROWS; i++) {
            bool there = !nulls || valid[i];
            assert_int_equal(levels.data[i], there);
            assert_int_equal(integer_at(back.data, bytes == 8 ? 8 : 4, i),
                             there ? integer_at(room, bytes, i) : 0);
        }
        uint64_t pages;
        assert_int_equal(qn_parquet_check(reader, &pages, &err), QN_OK);
        assert_true(pages >= 10);
        qn_parquet_close(reader);
        qn_buf_release(&file);
        qn_buf_release(&back);
        qn_buf_release(&levels);
    }
}

static void reals_come_back_bit_for_bit(void **state)
{
    (void)state;
    static double values[ROWS];
    enum qn_parquet_encoding wishes[] = {QN_PQ_AUTO, QN_PQ_PLAIN, QN_PQ_BYTE_STREAM_SPLIT};
    for (size_t i = 0; i < ROWS; i++)
        values[i] = i % 11 == 0 ? NAN : i % 7 == 0 ? -0.0 : sqrt((double)i);
    for (size_t w = 0; w < 3; w++) {
        struct qn_parquet_column column = {
            .name = "x", .type = QN_PQ_DOUBLE, .encoding = wishes[w]};
        struct qn_parquet_values given = {.values = values};
        struct qn_buf file = {0}, back = {0};
        struct qn_error err = {0};
        write_file(&column, &given, &file);
        struct memory memory = {file.data, file.len};
        struct qn_parquet_source source = source_of(&memory);
        struct qn_parquet_file *reader;
        assert_int_equal(qn_parquet_open(&reader, &source, &err), QN_OK);
        assert_int_equal(qn_parquet_read_column(reader, 0, 0, &back, NULL, &err), QN_OK);
        assert_int_equal(back.len, sizeof values);
        assert_memory_equal(back.data, values, sizeof values);
        qn_parquet_close(reader);
        qn_buf_release(&file);
        qn_buf_release(&back);
    }
}

/* ---- files that lie ------------------------------------------------------------------------- */

static void read_all(struct memory *memory)
{
    struct qn_parquet_source source = source_of(memory);
    struct qn_parquet_file *file;
    struct qn_error err = {0};
    if (qn_parquet_open(&file, &source, &err))
        return;
    for (size_t g = 0; g < qn_parquet_groups(file); g++) {
        for (size_t c = 0; c < qn_parquet_columns(file); c++) {
            struct qn_buf values = {0};
            if (qn_parquet_read_column(file, g, c, &values, NULL, &err))
                assert_true(err.message[0]);
            qn_buf_release(&values);
        }
    }
    qn_parquet_close(file);
}

static void small_file(struct qn_buf *file)
{
    static int32_t values[ROWS];
    static uint8_t valid[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        values[i] = (int32_t)(i / 3);
        valid[i] = i % 5 > 0;
    }
    struct qn_parquet_column column = {.name = "n", .type = QN_PQ_INT32, .optional = true};
    struct qn_parquet_values given = {.values = values, .valid = valid};
    write_file(&column, &given, file);
}

static void a_flipped_byte_anywhere_is_found_or_harmless(void **state)
{
    (void)state;
    struct qn_buf file = {0};
    small_file(&file);
    for (size_t i = 0; i < file.len; i++) {
        for (int bit = 0; bit < 8; bit += 3) {
            file.data[i] ^= (uint8_t)(1 << bit);
            read_all(&(struct memory){file.data, file.len});
            file.data[i] ^= (uint8_t)(1 << bit);
        }
    }
    qn_buf_release(&file);
}

static void a_flipped_byte_in_a_page_is_named(void **state)
{
    (void)state;
    struct qn_buf file = {0};
    small_file(&file);
    file.data[200] ^= 1;
    struct memory memory = {file.data, file.len};
    struct qn_parquet_source source = source_of(&memory);
    struct qn_parquet_file *reader;
    struct qn_error err = {0};
    uint64_t pages;
    assert_int_equal(qn_parquet_open(&reader, &source, &err), QN_OK);
    assert_int_equal(qn_parquet_check(reader, &pages, &err), QN_ERR_CORRUPT);
    assert_non_null(strstr(err.message, "column 'n'"));
    qn_parquet_close(reader);
    qn_buf_release(&file);
}

static void a_cut_file_is_refused(void **state)
{
    (void)state;
    struct qn_buf file = {0};
    small_file(&file);
    for (size_t len = 0; len < file.len; len += 1 + len / 50) {
        struct memory memory = {file.data, len};
        struct qn_parquet_source source = source_of(&memory);
        struct qn_parquet_file *reader;
        struct qn_error err = {0};
        assert_int_equal(qn_parquet_open(&reader, &source, &err), QN_ERR_CORRUPT);
    }
    qn_buf_release(&file);
}

static void put_count(struct qn_buf *file, uint64_t count)
{
    qn_buf_u8(file, 0x16); /* the next field, a 64-bit integer */
    qn_buf_varint(file, 2 * count);
}

/* Row groups whose rows are 10 in all only because 64 bits are too few for them. */
static void rows_that_overflow_do_not_add_up(void **state)
{
    (void)state;
    static const uint64_t rows[] = {1000, INT64_MAX, ((uint64_t)1 << 63) - 989};
    static const uint8_t begin[] = {0x15, 2,    0x19, 0x2c, 0x48, 1,    's', 0x15, 2,
                                    0,    0x15, 2,    0x25, 0,    0x18, 1,   'n',  0};
    static const uint8_t chunk[] = {0x19, 0x1c, 0x26, 8,    0x1c, 0x15, 2,    0x19,
                                    0x15, 0,    0x19, 0x18, 1,    'n',  0x15, 0};
    static const uint8_t sizes[] = {0x16, 8, 0x16, 8, 0x26, 8, 0, 0, 0x16, 8};
    struct qn_buf file = {0};
    qn_buf_append(&file, "PAR1....", 8);
    qn_buf_append(&file, begin, sizeof begin);
    put_count(&file, 10);
    qn_buf_append(&file, "\x19\x3c", 2); /* three groups */
    for (size_t g = 0; g < 3; g++) {
        qn_buf_append(&file, chunk, sizeof chunk);
        put_count(&file, rows[g]);
        qn_buf_append(&file, sizes, sizeof sizes);
        put_count(&file, rows[g]);
        qn_buf_u8(&file, 0);
    }
    qn_buf_u8(&file, 0);
    qn_buf_u32(&file, (uint32_t)(file.len - 8));
    qn_buf_append(&file, "PAR1", 4);
    struct memory memory = {file.data, file.len};
    struct qn_parquet_source source = source_of(&memory);
    struct qn_parquet_file *reader;
    struct qn_error err = {0};
    assert_int_equal(qn_parquet_open(&reader, &source, &err), QN_ERR_CORRUPT);
    assert_non_null(strstr(err.message, "its footer says 10 rows"));
    qn_buf_release(&file);
}

static void the_same_table_gives_the_same_bytes(void **state)
{
    (void)state;
    struct qn_buf one = {0}, two = {0};
    small_file(&one);
    small_file(&two);
    assert_int_equal(one.len, two.len);
    assert_memory_equal(one.data, two.data, one.len);
    qn_buf_release(&one);
    qn_buf_release(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bit_packing_is_that_of_the_specification),
        cmocka_unit_test(a_run_is_a_count_and_a_value),
        cmocka_unit_test(deltas_are_those_of_the_specification),
        cmocka_unit_test(deltas_wrap_around),
        cmocka_unit_test(hybrid_runs_of_any_pattern_come_back),
        cmocka_unit_test(flags_of_any_pattern_come_back),
        cmocka_unit_test(flags_that_are_all_alike_take_one_run),
        cmocka_unit_test(thrift_field_headers_are_those_of_the_protocol),
        cmocka_unit_test(lists_of_lists_do_not_use_up_the_stack),
        cmocka_unit_test(integers_come_back),
        cmocka_unit_test(reals_come_back_bit_for_bit),
        cmocka_unit_test(a_flipped_byte_anywhere_is_found_or_harmless),
        cmocka_unit_test(a_flipped_byte_in_a_page_is_named),
        cmocka_unit_test(a_cut_file_is_refused),
        cmocka_unit_test(rows_that_overflow_do_not_add_up),
        cmocka_unit_test(the_same_table_gives_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
