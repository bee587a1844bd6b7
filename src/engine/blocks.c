/* Lists of the hashes of blocks: see blocks.h. */
#include "engine/blocks.h"

#include "base/io.h"

#include <string.h>
#include <xxhash.h>

static const char magic[] = {'Q', 'N', 'B', 'L', 'O', 'C', 'K', '1'};

static uint64_t block_count(uint64_t bytes, uint32_t length)
{
    return bytes / length + (bytes % length > 0);
}

/* ---- writing -------------------------------------------------------------------------------- */

void qn_blocks_begin(struct qn_buf *list)
{
    qn_buf_append(list, magic, sizeof magic);
}

void qn_blocks_add(struct qn_buf *list, const struct qn_blocks *entry)
{
    size_t start = list->len;
    qn_buf_text(list, entry->path);
    qn_buf_u32(list, entry->length);
    qn_buf_u64(list, entry->bytes);
    qn_buf_append(list, entry->hashes, 8 * (size_t)entry->count);
    if (!list->failed)
        qn_buf_u64(list, XXH3_64bits(list->data + start, list->len - start));
}

void qn_blocks_end(struct qn_buf *list, uint64_t count)
{
    qn_blocks_add(list, &(struct qn_blocks){.length = 1, .bytes = count});
}

/* ---- reading -------------------------------------------------------------------------------- */

enum qn_status qn_blocks_read(const char *path, struct qn_buf *list, struct qn_cursor *entries,
                              struct qn_error *err)
{
    enum qn_status status = qn_read_file(path, list, INT64_MAX, err);
    *entries = (struct qn_cursor){.data = list->data, .len = list->len};
    const uint8_t *found = qn_cursor_bytes(entries, sizeof magic);
    if (!status && (!found || memcmp(found, magic, sizeof magic) != 0))
        *entries = (struct qn_cursor){.failed = true};
    return status;
}

/* Reads an entry. The last one has no path. */
static bool take(struct qn_cursor *in, struct qn_blocks *entry)
{
    size_t start = in->at;
    qn_cursor_text(in, entry->path, sizeof entry->path);
    entry->length = qn_cursor_u32(in);
    entry->bytes = qn_cursor_u64(in);
    if (in->failed || entry->length == 0)
        return false;
    entry->count = entry->path[0] ? block_count(entry->bytes, entry->length) : 0;
    if (entry->count > (in->len - in->at) / 8)
        return false;
    entry->hashes = qn_cursor_bytes(in, 8 * (size_t)entry->count);
    uint64_t hash = XXH3_64bits(in->data + start, in->at - start);
    return qn_cursor_u64(in) == hash && !in->failed;
}

bool qn_blocks_next(struct qn_cursor *entries, struct qn_blocks *entry)
{
    size_t start = entries->at;
    if (entries->failed)
        return false;
    if (!take(entries, entry) || (!entry->path[0] && entries->at != entries->len)) {
        entries->failed = true;
        entries->at = start;
        return false;
    }
    return entry->path[0] != '\0';
}

void qn_blocks_compare(const struct qn_blocks *entry, uint64_t bytes, const uint8_t *hashes,
                       qn_blocks_differ *differ, void *context)
{
    uint64_t most = bytes > entry->bytes ? bytes : entry->bytes;
    uint64_t now = block_count(bytes, entry->length);
    uint64_t blocks = block_count(most, entry->length);
    uint64_t from = UINT64_MAX; /* first block of the stretch under way */
    for (uint64_t i = 0; i <= blocks; i++) {
        bool differs = i < blocks && (i >= now || i >= entry->count ||
                                      memcmp(hashes + 8 * i, entry->hashes + 8 * i, 8) != 0);
        if (differs && from == UINT64_MAX)
            from = i;
        if (differs || from == UINT64_MAX)
            continue;
        uint64_t end = i * entry->length;
        differ(context, entry->path, from * entry->length, end < most ? end : most);
        from = UINT64_MAX;
    }
}
