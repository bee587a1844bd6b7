/* Any bytes as a gzip file: an index of it, and the content that the index promises. */
#include "fuzz.h"

#include "format/gzip_source.h"

#include <string.h>

const char *const fuzz_words[] = {"\x1f\x8b\x08", "\x1f\x8b\x08\x08", "\x03\x00\x00", NULL};

#define MOST (16u << 20) /* of content that is read again */

struct memory {
    const uint8_t *data;
    size_t size;
};

static enum qn_status read_at(void *context, uint64_t offset, void *bytes, size_t len,
                              struct qn_error *err)
{
    const struct memory *memory = context;
    (void)err;
    FUZZ_REQUIRE(offset <= memory->size && len <= memory->size - offset);
    memcpy(bytes, memory->data + offset, len);
    return QN_OK;
}

static enum qn_status tick(void *context, uint64_t packed, struct qn_error *err)
{
    const struct memory *memory = context;
    (void)err;
    FUZZ_REQUIRE(packed <= memory->size);
    return QN_OK;
}

/* All of the content, from its end to its start. */
static void read_back(const struct qn_gzip_file *file, const struct qn_gzip_index *index)
{
    static uint8_t bytes[4096];
    struct qn_gzip *gzip;
    if (qn_gzip_open(&gzip, file, index, 0, NULL))
        return;
    for (uint64_t end = index->size; end > 0;) {
        size_t len = end < sizeof bytes ? (size_t)end : sizeof bytes;
        FUZZ_REQUIRE(qn_gzip_read(gzip, end - len, bytes, len, NULL) == QN_OK);
        end -= len;
    }
    FUZZ_REQUIRE(qn_gzip_read(gzip, index->size, bytes, 1, NULL) != QN_OK);
    qn_gzip_close(gzip);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct memory memory = {data, size};
    struct qn_gzip_file file = {
        .name = "fuzz", .size = size, .read_at = read_at, .context = &memory};
    struct qn_gzip_index index;
    struct qn_gzip_damage damage;
    if (qn_gzip_index_build(&index, &file, 0, tick, &memory, &damage, NULL))
        return 0;
    FUZZ_REQUIRE(!damage.found || damage.packed <= size);
    FUZZ_REQUIRE(index.size == 0 || index.count > 0);
    if (index.count > 0 && index.size <= MOST)
        read_back(&file, &index);
    qn_gzip_index_release(&index);
    return 0;
}
