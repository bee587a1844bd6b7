/* The ledger survives what a crash or a damaged disk may do to it. */
#include "check.h"

#include "base/io.h"
#include "base/sys.h"
#include "engine/ledger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[64];
static char path[128];

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/quern-ledger-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/ledger", dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return qn_remove_tree(dir, NULL);
}

static void append(struct qn_ledger *ledger, uint64_t task)
{
    struct qn_record record = {
        .type = QN_RECORD_DONE, .task = task, .result = "result", .result_len = 6};
    assert_int_equal(qn_ledger_record(ledger, &record, NULL), QN_OK);
}

static void write_two_groups(void)
{
    struct qn_ledger *ledger;
    assert_int_equal(qn_ledger_open(&ledger, path, NULL), QN_OK);
    append(ledger, 0);
    append(ledger, 1);
    assert_int_equal(qn_ledger_commit(ledger, NULL), QN_OK);
    append(ledger, 2);
    assert_int_equal(qn_ledger_commit(ledger, NULL), QN_OK);
    qn_ledger_free(ledger);
}

static enum qn_status count(void *context, const struct qn_record *record, struct qn_error *err)
{
    (void)err;
    int *records = context;
    assert_int_equal(record->task, *records);
    assert_memory_equal(record->result, "result", 6);
    (*records)++;
    return QN_OK;
}

static enum qn_status scan(int *records, uint64_t *valid, struct qn_error *err)
{
    *records = 0;
    return qn_ledger_scan(path, count, records, valid, err);
}

static void test_committed_records_are_read_back_in_order(void **state)
{
    (void)state;
    int records;
    uint64_t valid;
    write_two_groups();
    assert_int_equal(scan(&records, &valid, NULL), QN_OK);
    assert_int_equal(records, 3);
}

static void test_records_not_committed_are_not_in_the_file(void **state)
{
    (void)state;
    struct qn_ledger *ledger;
    int records;
    uint64_t valid;
    assert_int_equal(qn_ledger_open(&ledger, path, NULL), QN_OK);
    append(ledger, 0);
    qn_ledger_free(ledger);
    assert_int_equal(scan(&records, &valid, NULL), QN_OK);
    assert_int_equal(records, 0);
}

static void test_a_tail_torn_at_any_byte_is_cut_and_appending_goes_on(void **state)
{
    (void)state;
    int whole;
    uint64_t valid;
    write_two_groups();
    struct qn_buf bytes = {0};
    assert_int_equal(qn_read_file(path, &bytes, 10000, NULL), QN_OK);
    for (size_t len = 0; len < bytes.len; len++) {
        assert_int_equal(qn_write_file(path, bytes.data, len, NULL), QN_OK);
        assert_int_equal(scan(&whole, &valid, NULL), QN_OK);
        assert_int_equal(whole, 3 * len / bytes.len);
        struct qn_ledger *ledger;
        assert_int_equal(qn_ledger_open(&ledger, path, NULL), QN_OK);
        append(ledger, (uint64_t)whole);
        assert_int_equal(qn_ledger_commit(ledger, NULL), QN_OK);
        qn_ledger_free(ledger);
        int records;
        assert_int_equal(scan(&records, &valid, NULL), QN_OK);
        assert_int_equal(records, whole + 1);
    }
    qn_buf_release(&bytes);
}

static void test_damage_before_the_durable_end_is_refused_with_its_offset(void **state)
{
    (void)state;
    write_two_groups();
    struct qn_buf bytes = {0};
    assert_int_equal(qn_read_file(path, &bytes, 10000, NULL), QN_OK);
    size_t frame = bytes.len / 3;
    for (size_t at = 0; at < 2 * frame; at++) {
        struct qn_error err = {0};
        int records;
        uint64_t valid;
        bytes.data[at] ^= 0x10;
        assert_int_equal(qn_write_file(path, bytes.data, bytes.len, NULL), QN_OK);
        assert_int_equal(scan(&records, &valid, &err), QN_ERR_CORRUPT);
        assert_int_equal(err.offset, at / frame * frame);
        bytes.data[at] ^= 0x10;
    }
    qn_buf_release(&bytes);
}

static void test_damage_in_an_unsynced_group_is_a_torn_tail(void **state)
{
    (void)state;
    struct qn_ledger *ledger;
    int records;
    uint64_t valid;
    assert_int_equal(qn_ledger_open(&ledger, path, NULL), QN_OK);
    for (uint64_t task = 0; task < 3; task++)
        append(ledger, task);
    assert_int_equal(qn_ledger_commit(ledger, NULL), QN_OK);
    qn_ledger_free(ledger);
    struct qn_buf bytes = {0};
    assert_int_equal(qn_read_file(path, &bytes, 10000, NULL), QN_OK);
    bytes.data[bytes.len / 2] ^= 1; /* in the second of three frames of one group */
    assert_int_equal(qn_write_file(path, bytes.data, bytes.len, NULL), QN_OK);
    assert_int_equal(scan(&records, &valid, NULL), QN_OK);
    assert_int_equal(records, 1);
    qn_buf_release(&bytes);
}

static int failing_sync(int fd)
{
    (void)fd;
    errno = EIO;
    return -1;
}

static void test_a_failed_sync_is_reported_not_retried(void **state)
{
    (void)state;
    struct qn_ledger *ledger;
    struct qn_error err;
    assert_int_equal(qn_ledger_open(&ledger, path, NULL), QN_OK);
    append(ledger, 0);
    qn_sys.fdatasync = failing_sync;
    assert_int_equal(qn_ledger_commit(ledger, &err), QN_ERR_TRANSIENT);
    qn_sys.fdatasync = fdatasync;
    assert_non_null(strstr(err.message, "ledger"));
    qn_ledger_free(ledger);
}

static void test_every_field_of_a_failure_survives_encoding(void **state)
{
    (void)state;
    struct qn_record in = {.type = QN_RECORD_FAILED,
                           .task = 77,
                           .attempt = 3,
                           .worker = 2,
                           .usage = {1, 2, 3, 4, 5, 6},
                           .status = QN_ERR_CRASH,
                           .signal = 11,
                           .offset = -1,
                           .file = "/a/b",
                           .text = "died",
                           .tail = "segfault\n"};
    struct qn_record out;
    struct qn_buf bytes = {0};
    struct qn_buf strings = {0};
    qn_record_encode(&bytes, &in);
    assert_true(qn_record_decode(&out, bytes.data, bytes.len, &strings));
    assert_int_equal(out.task, 77);
    assert_int_equal(out.status, QN_ERR_CRASH);
    assert_int_equal(out.signal, 11);
    assert_true(out.offset == -1);
    assert_memory_equal(&out.usage, &in.usage, sizeof in.usage);
    assert_string_equal(out.file, "/a/b");
    assert_string_equal(out.text, "died");
    assert_string_equal(out.tail, "segfault\n");
    for (size_t len = 0; len < bytes.len; len++)
        assert_false(qn_record_decode(&out, bytes.data, len, &strings));
    qn_buf_release(&bytes);
    qn_buf_release(&strings);
}

#define LEDGER_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(test_committed_records_are_read_back_in_order),
        LEDGER_TEST(test_records_not_committed_are_not_in_the_file),
        LEDGER_TEST(test_a_tail_torn_at_any_byte_is_cut_and_appending_goes_on),
        LEDGER_TEST(test_damage_before_the_durable_end_is_refused_with_its_offset),
        LEDGER_TEST(test_damage_in_an_unsynced_group_is_a_torn_tail),
        LEDGER_TEST(test_a_failed_sync_is_reported_not_retried),
        LEDGER_TEST(test_every_field_of_a_failure_survives_encoding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
