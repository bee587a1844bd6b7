/* Hashes of blocks and lists of them: against one-shot hashes of the same bytes, and under damage.
 */
#include "check.h"

#include "base/hash.h"
#include "base/io.h"
#include "engine/aside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum { BYTES = 3 * QN_BLOCK_BYTES + 1000, MAGIC = 8 };

static uint8_t content[BYTES];

static void fill(void)
{
    for (size_t i = 0; i < BYTES; i++)
        content[i] = (uint8_t)(i * 2654435761u >> 13);
}

static uint64_t hash_at(const uint8_t *hashes, size_t i)
{
    struct qn_cursor in = {.data = hashes + 8 * i, .len = 8};
    return qn_cursor_u64(&in);
}

static void hashes_do_not_depend_on_how_bytes_come(void **state)
{
    static const size_t pieces[] = {1, 4097, QN_BLOCK_BYTES, BYTES};
    (void)state;
    fill();
    for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
        const struct qn_buf *blocks;
        struct qn_hasher *hasher = qn_hasher_new();
        assert_non_null(hasher);
        for (size_t at = 0; at < BYTES; at += pieces[p])
            qn_hasher_update(hasher, content + at, BYTES - at < pieces[p] ? BYTES - at : pieces[p]);
        struct qn_hash hash = qn_hasher_end(hasher, &blocks);
        struct qn_hash whole = qn_hash_of(content, BYTES);
        assert_memory_equal(&hash, &whole, sizeof hash);
        assert_int_equal(blocks->len, 8 * 4);
        for (size_t i = 0; i < 4; i++)
            assert_true(hash_at(blocks->data, i) ==
                        XXH3_64bits(content + i * QN_BLOCK_BYTES, i < 3 ? QN_BLOCK_BYTES : 1000));
        qn_hasher_free(hasher);
    }
}

/* ---- comparing ------------------------------------------------------------------------------ */

struct told {
    unsigned count;
    uint64_t start[4], end[4];
};

static void note(void *context, const char *path, uint64_t start, uint64_t end)
{
    struct told *told = context;
    assert_string_equal(path, "loaf.bin");
    assert_true(told->count < 4);
    told->start[told->count] = start;
    told->end[told->count++] = end;
}

static const uint8_t hashes_of_five[40];
static const struct qn_blocks five = {
    .path = "loaf.bin", .length = 100, .bytes = 450, .count = 5, .hashes = hashes_of_five};

static void neighbouring_blocks_are_one_stretch(void **state)
{
    uint8_t now[40] = {[0] = 1, [17] = 1, [24] = 1, [39] = 1};
    struct told told = {0};
    (void)state;
    qn_blocks_compare(&five, 450, now, note, &told);
    assert_int_equal(told.count, 2);
    assert_int_equal(told.start[0], 0);
    assert_int_equal(told.end[0], 100);
    assert_int_equal(told.start[1], 200);
    assert_int_equal(told.end[1], 450); /* blocks 2, 3 and the last one, which is half a block */
}

static void what_is_cut_off_or_added_differs(void **state)
{
    uint8_t now[56] = {0};
    struct told told = {0};
    (void)state;
    qn_blocks_compare(&five, 300, now, note, &told);
    qn_blocks_compare(&five, 620, now, note, &told);
    assert_int_equal(told.count, 2);
    assert_int_equal(told.start[0], 300);
    assert_int_equal(told.end[0], 450);
    assert_int_equal(told.start[1], 500);
    assert_int_equal(told.end[1], 620);
}

/* ---- lists ---------------------------------------------------------------------------------- */

/* Three entries; `starts` gets where each begins, and the last, without a path. */
static void make_list(struct qn_buf *list, size_t starts[4])
{
    static const char *const paths[] = {"a", "flour/00000.bin", "loaf.bin"};
    struct qn_blocks entry = {.length = 100, .hashes = hashes_of_five};
    qn_blocks_begin(list);
    for (size_t i = 0; i < 3; i++) {
        starts[i] = list->len;
        snprintf(entry.path, sizeof entry.path, "%s", paths[i]);
        entry.bytes = 200 * i + 50;
        entry.count = 2 * i + 1;
        qn_blocks_add(list, &entry);
    }
    starts[3] = list->len;
    qn_blocks_end(list, 3);
    assert_false(list->failed);
}

static void a_list_reads_back_from_its_file(void **state)
{
    struct qn_buf list = {0}, read = {0};
    struct qn_cursor entries;
    struct qn_blocks entry;
    size_t starts[4];
    char path[64];
    (void)state;
    make_list(&list, starts);
    int fd = memfd_create("blocks", 0);
    assert_int_equal(write(fd, list.data, list.len), list.len);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    assert_int_equal(qn_blocks_read(path, &read, &entries, NULL), QN_OK);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(qn_blocks_next(&entries, &entry));
        assert_int_equal(entry.count, 2 * i + 1);
        assert_int_equal(entry.bytes, 200 * i + 50);
    }
    assert_string_equal(entry.path, "loaf.bin");
    assert_false(qn_blocks_next(&entries, &entry));
    assert_false(entries.failed);
    close(fd);
    qn_buf_release(&list);
    qn_buf_release(&read);
}

/* Damage is found in the entry that has it, not before and not behind. */
static void every_flipped_bit_of_a_list_is_found_in_its_entry(void **state)
{
    struct qn_buf list = {0};
    size_t starts[4];
    (void)state;
    make_list(&list, starts);
    for (size_t bit = 8 * (size_t)MAGIC; bit < 8 * list.len; bit++) {
        struct qn_cursor entries = {.data = list.data, .len = list.len, .at = MAGIC};
        struct qn_blocks entry;
        size_t hit = 3;
        while (starts[hit] > bit / 8)
            hit--;
        list.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        while (qn_blocks_next(&entries, &entry)) {
        }
        assert_true(entries.failed);
        assert_int_equal(entries.at, starts[hit]);
        list.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    qn_buf_release(&list);
}

static void a_list_that_is_cut_off_is_damaged_where_it_ends(void **state)
{
    struct qn_buf list = {0};
    size_t starts[4];
    (void)state;
    make_list(&list, starts);
    for (size_t i = 0; i < 4; i++) {
        struct qn_cursor entries = {.data = list.data, .len = starts[i], .at = MAGIC};
        struct qn_blocks entry;
        while (qn_blocks_next(&entries, &entry)) {
        }
        assert_true(entries.failed);
        assert_int_equal(entries.at, starts[i]);
    }
    qn_buf_release(&list);
}

static void note_list(void *context, const char *path, uint64_t start, uint64_t end)
{
    unsigned *damaged = context;
    assert_string_equal(path, QN_ASIDE_PATH);
    assert_true(start < end);
    ++*damaged;
}

/* A list of somebody else's cannot have files read that are none of the dataset. */
static void a_list_that_leads_out_is_damaged(void **state)
{
    static const char *const paths[] = {"../outside", "/etc/passwd", ".quern/../../outside"};
    char root[] = "/tmp/quern-blocks-XXXXXX";
    char folder[64], path[64];
    (void)state;
    assert_non_null(mkdtemp(root));
    snprintf(folder, sizeof folder, "%s/.quern", root);
    snprintf(path, sizeof path, "%s/" QN_ASIDE_PATH, root);
    assert_int_equal(mkdir(folder, 0700), 0);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct qn_blocks entry = {
            .length = 256, .bytes = 100, .count = 1, .hashes = hashes_of_five};
        struct qn_buf list = {0};
        struct qn_error err;
        unsigned damaged = 0;
        qn_blocks_begin(&list);
        snprintf(entry.path, sizeof entry.path, "%s", paths[i]);
        qn_blocks_add(&list, &entry);
        qn_blocks_end(&list, 1);
        assert_int_equal(qn_write_file(path, list.data, list.len, &err), QN_OK);
        assert_int_equal(qn_aside_check(root, note_list, &damaged, &err), QN_OK);
        assert_int_equal(damaged, 1);
        qn_buf_release(&list);
    }
    assert_int_equal(qn_remove_tree(root, NULL), QN_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_do_not_depend_on_how_bytes_come),
        cmocka_unit_test(neighbouring_blocks_are_one_stretch),
        cmocka_unit_test(what_is_cut_off_or_added_differs),
        cmocka_unit_test(a_list_reads_back_from_its_file),
        cmocka_unit_test(every_flipped_bit_of_a_list_is_found_in_its_entry),
        cmocka_unit_test(a_list_that_is_cut_off_is_damaged_where_it_ends),
        cmocka_unit_test(a_list_that_leads_out_is_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
