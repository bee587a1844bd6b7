/* Any bytes as a list of blocks, as they come and with the hash of its first entry set right: every
 * entry lies within the list, and comparing stays within the entry. */
#include "fuzz.h"

#include "engine/blocks.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

const char *const fuzz_words[] = {"QNBLOCK1", "loaf.bin", ".quern/parts/", NULL};

struct place {
    uint64_t start, end;
};

static void note(void *context, const char *path, uint64_t start, uint64_t end)
{
    struct place *last = context;
    (void)path;
    FUZZ_REQUIRE(last->end <= start && start < end);
    *last = (struct place){start, end};
}

static void look_at(const uint8_t *data, size_t size)
{
    static const uint8_t zeroes[8 * 4096];
    struct qn_buf list = {0};
    struct qn_cursor entries;
    struct qn_blocks entry;
    struct qn_error err;
    const char *path = fuzz_file(data, size);
    if (!qn_blocks_read(path, &list, &entries, &err)) {
        while (qn_blocks_next(&entries, &entry)) {
            struct place last = {0};
            FUZZ_REQUIRE(entry.count <= size / 8);
            if (entry.count <= sizeof zeroes / 8)
                qn_blocks_compare(&entry, entry.bytes, zeroes, note, &last);
            FUZZ_REQUIRE(last.end <= entry.bytes);
        }
        FUZZ_REQUIRE(entries.at <= entries.len);
    }
    qn_buf_release(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MAGIC = 8 };
    uint8_t *copy = calloc(1, size + 1);
    if (!copy)
        return 0;
    if (size > 0)
        memcpy(copy, data, size);
    look_at(copy, size);
    if (size >= MAGIC + 8) { /* all of it as one entry */
        XXH64_hash_t hash = XXH3_64bits(copy + MAGIC, size - MAGIC - 8);
        memcpy(copy + size - 8, &hash, sizeof hash);
        look_at(copy, size);
    }
    free(copy);
    return 0;
}
