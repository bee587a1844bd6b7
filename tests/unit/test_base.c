/* Base: buffers, CRC32C, files. Expected CRC from RFC 3720 B.4. */
#include "check.h"

#include "base/buf.h"
#include "base/crc32c.h"
#include "base/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_crc32c_known_answers(void **state)
{
    (void)state;
    uint8_t bytes[32];
    assert_int_equal(qn_crc32c(0, "123456789", 9), 0xE3069283);
    memset(bytes, 0, sizeof bytes);
    assert_int_equal(qn_crc32c(0, bytes, 32), 0x8A9136AA);
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(qn_crc32c(0, bytes, 32), 0x62A8AB43);
    for (int i = 0; i < 32; i++)
        bytes[i] = (uint8_t)i;
    assert_int_equal(qn_crc32c(0, bytes, 32), 0x46DD794E);
}

static void test_crc32c_fast_path_equals_table(void **state)
{
    (void)state;
    size_t size = 60000;
    uint8_t *bytes = malloc(size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i * 2654435761u >> 13);
    for (size_t len = 0; len < size; len += len < 64 ? 1 : 4093)
        assert_int_equal(qn_crc32c(7, bytes + len % 5, len),
                         qn_crc32c_portable(7, bytes + len % 5, len));
    free(bytes);
}

static void test_cursor_reads_what_buffer_wrote_and_stops_at_the_end(void **state)
{
    (void)state;
    struct qn_buf buf = {0};
    qn_buf_u8(&buf, 7);
    qn_buf_u32(&buf, 0x01020304);
    qn_buf_u64(&buf, UINT64_MAX - 1);
    qn_buf_text(&buf, "gather");
    assert_int_equal(buf.data[1], 4);
    struct qn_cursor cursor = {.data = buf.data, .len = buf.len};
    char text[8];
    assert_int_equal(qn_cursor_u8(&cursor), 7);
    assert_int_equal(qn_cursor_u32(&cursor), 0x01020304);
    assert_true(qn_cursor_u64(&cursor) == UINT64_MAX - 1);
    qn_cursor_text(&cursor, text, sizeof text);
    assert_string_equal(text, "gather");
    assert_false(cursor.failed);
    assert_int_equal(qn_cursor_u8(&cursor), 0);
    assert_true(cursor.failed);
    qn_buf_release(&buf);
}

static void test_write_file_replaces_whole_and_leaves_no_temporary(void **state)
{
    (void)state;
    char dir[] = "/tmp/quern-test-XXXXXX";
    assert_non_null(mkdtemp(dir));
    char path[100];
    snprintf(path, sizeof path, "%s/a/b/file", dir);
    assert_int_equal(qn_make_parent(path, NULL), QN_OK);
    assert_int_equal(qn_write_file(path, "one", 3, NULL), QN_OK);
    assert_int_equal(qn_write_file(path, "four", 4, NULL), QN_OK);
    struct qn_buf buf = {0};
    assert_int_equal(qn_read_file(path, &buf, 100, NULL), QN_OK);
    assert_memory_equal(buf.data, "four", 5);
    struct qn_error err;
    assert_int_equal(qn_read_file(path, &buf, 3, &err), QN_ERR_INPUT);
    qn_buf_release(&buf);
    assert_int_equal(qn_remove_tree(dir, NULL), QN_OK);
    assert_int_equal(qn_read_file(path, &buf, 3, &err), QN_ERR_IO);
    assert_non_null(strstr(err.message, path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc32c_known_answers),
        cmocka_unit_test(test_crc32c_fast_path_equals_table),
        cmocka_unit_test(test_cursor_reads_what_buffer_wrote_and_stops_at_the_end),
        cmocka_unit_test(test_write_file_replaces_whole_and_leaves_no_temporary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
