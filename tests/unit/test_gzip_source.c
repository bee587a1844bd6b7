/* Random access to gzip files, against the content that was packed. */
#include "check.h"

#include "format/gzip_source.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define CONTENT (3u << 20)

struct packed {
    uint8_t *bytes;
    size_t len, room;
};

static uint8_t *content;
static struct packed one, many; /* a member; members of 200,000 bytes with zeros between */

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void append_member(struct packed *packed, const uint8_t *from, size_t len, int level)
{
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
                     Z_OK);
    stream.next_in = (uint8_t *)from;
    stream.avail_in = (unsigned)len;
    stream.next_out = packed->bytes + packed->len;
    stream.avail_out = (unsigned)(packed->room - packed->len);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed->len += stream.total_out;
    deflateEnd(&stream);
}

static void make_room(struct packed *packed)
{
    packed->room = 2 * CONTENT;
    packed->bytes = calloc(1, packed->room);
    assert_non_null(packed->bytes);
}

/* Noise of few values, a stretch of zeros, noise of all values. */
static int set_up(void **state)
{
    (void)state;
    uint32_t random = 1;
    content = calloc(1, CONTENT);
    assert_non_null(content);
    for (size_t i = 0; i < CONTENT; i++)
        content[i] = (uint8_t)(i < CONTENT / 2       ? next_random(&random) % 11
                               : i < CONTENT / 4 * 3 ? 0
                                                     : next_random(&random));
    make_room(&one);
    append_member(&one, content, CONTENT, 6);
    make_room(&many);
    for (size_t at = 0; at < CONTENT; at += 200000) {
        append_member(&many, content + at, CONTENT - at < 200000 ? CONTENT - at : 200000, 1);
        many.len += at % 3 ? 0 : 17;
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(content);
    free(one.bytes);
    free(many.bytes);
    return 0;
}

static enum qn_status read_at(void *context, uint64_t offset, void *bytes, size_t len,
                              struct qn_error *err)
{
    const struct packed *packed = context;
    (void)err;
    assert_true(offset + len <= packed->len);
    memcpy(bytes, packed->bytes + offset, len);
    return QN_OK;
}

static struct qn_gzip_file file_of(struct packed *packed)
{
    return (struct qn_gzip_file){
        .name = "x.gz", .size = packed->len, .read_at = read_at, .context = packed};
}

static enum qn_status never(void *context, uint64_t packed, struct qn_error *err)
{
    (void)context;
    (void)packed;
    (void)err;
    return QN_OK;
}

static struct qn_gzip_index index_of(struct packed *packed, struct qn_gzip_damage *damage)
{
    struct qn_gzip_file file = file_of(packed);
    struct qn_gzip_index index;
    assert_int_equal(qn_gzip_index_build(&index, &file, 1, never, NULL, damage, NULL), QN_OK);
    return index;
}

static void check_reads(struct packed *packed, const struct qn_gzip_index *index, size_t memory)
{
    struct qn_gzip_file file = file_of(packed);
    struct qn_gzip *gzip;
    uint8_t *bytes = malloc(300000);
    uint32_t random = 7;
    assert_non_null(bytes);
    assert_int_equal(qn_gzip_open(&gzip, &file, index, memory, NULL), QN_OK);
    for (int i = 0; i < 300; i++) {
        size_t len = next_random(&random) % (i % 10 ? 5000 : 300000);
        uint64_t offset = next_random(&random) % (index->size - len + 1);
        if (i % 3 == 1) /* a step back from the last one */
            offset = offset / 2;
        assert_int_equal(qn_gzip_read(gzip, offset, bytes, len, NULL), QN_OK);
        assert_memory_equal(bytes, content + offset, len);
    }
    qn_gzip_close(gzip);
    free(bytes);
}

static void test_bytes_are_read_at_any_place(void **state)
{
    (void)state;
    struct packed *all[] = {&one, &many};
    for (size_t i = 0; i < 2; i++) {
        struct qn_gzip_damage damage;
        struct qn_gzip_index index = index_of(all[i], &damage);
        assert_int_equal(index.size, CONTENT);
        assert_false(damage.found);
        assert_true(index.count > 10);
        assert_true(index.borrowed || index.points[0].unpacked == 0);
        check_reads(all[i], &index, 0);
        check_reads(all[i], &index, 1 << 20);
        qn_gzip_index_release(&index);
    }
}

static void test_an_index_survives_its_way_through_bytes(void **state)
{
    (void)state;
    struct qn_gzip_damage damage;
    struct qn_gzip_index index = index_of(&one, &damage), back;
    struct qn_buf buf = {0};
    qn_gzip_index_encode(&index, &buf);
    struct qn_cursor cursor = {.data = buf.data, .len = buf.len};
    assert_int_equal(qn_gzip_index_decode(&cursor, &back, NULL), QN_OK);
    assert_int_equal(cursor.at, cursor.len);
    check_reads(&one, &back, 0);
    qn_gzip_index_release(&back);
    for (size_t len = 0; len < buf.len; len += len < 100 ? 1 : 10007) {
        cursor = (struct qn_cursor){.data = buf.data, .len = len};
        assert_int_equal(qn_gzip_index_decode(&cursor, &back, NULL), QN_ERR_CORRUPT);
        qn_gzip_index_release(&back);
    }
    qn_buf_release(&buf);
    qn_gzip_index_release(&index);
}

static void test_an_index_that_leaves_out_the_beginning_is_damaged(void **state)
{
    (void)state;
    const uint8_t window[1] = {0};
    const struct {
        uint64_t size;
        size_t count;
        uint64_t unpacked[2];
        enum qn_status status;
    } cases[] = {{0, 0, {0}, QN_OK},    {9, 0, {0}, QN_ERR_CORRUPT},
                 {9, 1, {0}, QN_OK},    {9, 1, {1}, QN_ERR_CORRUPT},
                 {9, 2, {0, 5}, QN_OK}, {9, 2, {5, 0}, QN_ERR_CORRUPT}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct qn_gzip_point points[2] = {{10, cases[i].unpacked[0], 0, 0, window},
                                          {20, cases[i].unpacked[1], 0, 0, window}};
        struct qn_gzip_index index = {
            .size = cases[i].size, .points = points, .count = cases[i].count};
        struct qn_gzip_index back;
        struct qn_buf buf = {0};
        qn_gzip_index_encode(&index, &buf);
        struct qn_cursor cursor = {.data = buf.data, .len = buf.len};
        assert_int_equal(qn_gzip_index_decode(&cursor, &back, NULL), cases[i].status);
        qn_gzip_index_release(&back);
        qn_buf_release(&buf);
    }
}

static void test_what_is_no_gzip_behind_the_last_member_is_damage(void **state)
{
    (void)state;
    struct packed more = {.bytes = malloc(one.len + 100), .len = one.len + 100};
    struct qn_gzip_damage damage;
    assert_non_null(more.bytes);
    memcpy(more.bytes, one.bytes, one.len);
    memset(more.bytes + one.len, 'x', 100);
    struct qn_gzip_index index = index_of(&more, &damage);
    assert_true(damage.found);
    assert_int_equal(damage.packed, one.len);
    assert_int_equal(index.size, CONTENT);
    qn_gzip_index_release(&index);
    free(more.bytes);
}

/* What unpacks of a damaged file is what was packed, up to where the damage is found. */
static void check_damaged(struct packed *packed, size_t first_bad)
{
    struct qn_gzip_damage damage;
    struct qn_gzip_index index = index_of(packed, &damage);
    struct qn_gzip_file file = file_of(packed);
    struct qn_gzip *gzip;
    uint8_t *bytes = malloc(index.size + 1);
    assert_non_null(bytes);
    assert_true(damage.found);
    if (index.count > 0) {
        assert_int_equal(qn_gzip_open(&gzip, &file, &index, 0, NULL), QN_OK);
        assert_int_equal(qn_gzip_read(gzip, 0, bytes, index.size, NULL), QN_OK);
        assert_int_not_equal(qn_gzip_read(gzip, index.size, bytes, 1, NULL), QN_OK);
        const struct qn_gzip_point *point = index.points;
        while (point + 1 < index.points + index.count && point[1].packed < first_bad)
            point++;
        assert_memory_equal(bytes, content, point->unpacked);
        qn_gzip_close(gzip);
    }
    free(bytes);
    qn_gzip_index_release(&index);
}

static void test_a_file_cut_anywhere_gives_what_is_before(void **state)
{
    (void)state;
    struct packed cut = one;
    for (size_t len = 1; len < one.len; len += len < 40 ? 1 : one.len / 23) {
        cut.len = len;
        check_damaged(&cut, len);
    }
    cut.len = one.len - 1;
    check_damaged(&cut, cut.len);
}

static void test_any_spoilt_byte_is_found(void **state)
{
    (void)state;
    uint32_t random = 3;
    for (int i = 0; i < 60; i++) {
        size_t at = 10 + next_random(&random) % (one.len - 10);
        uint8_t mask = (uint8_t)(1u << next_random(&random) % 8);
        one.bytes[at] ^= mask;
        check_damaged(&one, at);
        one.bytes[at] ^= mask;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_are_read_at_any_place),
        cmocka_unit_test(test_an_index_survives_its_way_through_bytes),
        cmocka_unit_test(test_an_index_that_leaves_out_the_beginning_is_damaged),
        cmocka_unit_test(test_what_is_no_gzip_behind_the_last_member_is_damage),
        cmocka_unit_test(test_a_file_cut_anywhere_gives_what_is_before),
        cmocka_unit_test(test_any_spoilt_byte_is_found),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
