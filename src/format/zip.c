/* The central directory of zip archives: see zip.h. Members are read in zip_member.c. */
#include "format/zip_parts.h"

#include "base/sys.h"

#include <stdlib.h>
#include <string.h>

enum { END = 22, END64 = 56, LOCATOR = 20, CENTRAL = 46, COMMENT_MAX = 65535 };
#define DIRECTORY_LIMIT (1u << 30)

enum qn_status zip_broken(const struct qn_zip *zip, uint64_t offset, const char *what,
                          struct qn_error *err)
{
    return qn_fail_at(err, QN_ERR_INPUT, zip->source.name, (int64_t)offset,
                      "'%s' %s (byte %llu). Fetch it again.", zip->source.name, what,
                      (unsigned long long)offset);
}

enum qn_status zip_read(const struct qn_zip *zip, uint64_t offset, void *bytes, size_t len,
                        struct qn_error *err)
{
    if (offset > zip->source.size || len > zip->source.size - offset)
        return zip_broken(zip, offset, "is cut off or damaged", err);
    return zip->source.read_at(zip->source.context, offset, bytes, len, err);
}

struct directory { /* where the central directory lies */
    uint64_t offset;
    uint64_t size;
    uint64_t count;
};

/* Offset of the end record: the last signature whose comment reaches the end of the file. */
static enum qn_status find_end(const struct qn_zip *zip, uint64_t *offset, struct qn_error *err)
{
    uint64_t size = zip->source.size;
    size_t len = size < END + COMMENT_MAX ? (size_t)size : END + COMMENT_MAX;
    uint8_t *tail = qn_sys.malloc(len ? len : 1);
    if (!tail)
        return qn_fail_memory(err, "the end of an archive", len);
    enum qn_status status = zip_read(zip, size - len, tail, len, err);
    bool found = false;
    for (size_t at = len < END ? 0 : len - END + 1; !status && !found && at-- > 0;) {
        found = zip_u32(tail + at) == 0x06054b50 && at + END + zip_u16(tail + at + 20) <= len;
        *offset = size - len + at;
    }
    free(tail);
    if (!status && !found)
        return zip_broken(zip, size, "has no zip directory: it is cut off, or no zip archive", err);
    return status;
}

/* The zip64 end record, if there is one in front of the end record. */
static enum qn_status read_end64(const struct qn_zip *zip, uint64_t end, struct directory *dir,
                                 struct qn_error *err)
{
    uint8_t locator[LOCATOR];
    uint8_t record[END64];
    if (end < LOCATOR)
        return QN_OK;
    enum qn_status status = zip_read(zip, end - LOCATOR, locator, LOCATOR, err);
    if (status || zip_u32(locator) != 0x07064b50)
        return status;
    status = zip_read(zip, zip_u64(locator + 8), record, END64, err);
    if (status)
        return status;
    if (zip_u32(record) != 0x06064b50)
        return zip_broken(zip, zip_u64(locator + 8), "has a damaged zip64 end record", err);
    *dir = (struct directory){zip_u64(record + 48), zip_u64(record + 40), zip_u64(record + 32)};
    return QN_OK;
}

static enum qn_status find_directory(const struct qn_zip *zip, struct directory *dir,
                                     struct qn_error *err)
{
    uint8_t record[END];
    uint64_t end = 0;
    enum qn_status status = find_end(zip, &end, err);
    if (!status)
        status = zip_read(zip, end, record, END, err);
    if (status)
        return status;
    *dir = (struct directory){zip_u32(record + 16), zip_u32(record + 12), zip_u16(record + 10)};
    if (dir->offset == UINT32_MAX || dir->size == UINT32_MAX || dir->count == UINT16_MAX)
        status = read_end64(zip, end, dir, err);
    /* Before memory is taken for it: the directory must lie in the archive. */
    bool inside = dir->offset <= zip->source.size && dir->size <= zip->source.size - dir->offset;
    if (!status && (!inside || dir->size > DIRECTORY_LIMIT || dir->count > dir->size / CENTRAL))
        return zip_broken(zip, end, "has a zip directory that contradicts itself", err);
    return status;
}

/* Sizes and offset that do not fit 32 bits stand in the extra field 1. */
static void read_extra(const uint8_t *extra, size_t len, struct qn_zip_entry *entry)
{
    uint64_t *wide[] = {&entry->size, &entry->packed, &entry->offset};
    for (size_t at = 0; at + 4 <= len;) {
        size_t field = zip_u16(extra + at + 2);
        if (at + 4 + field > len)
            return;
        if (zip_u16(extra + at) == 1) {
            const uint8_t *from = extra + at + 4;
            for (size_t i = 0; i < 3 && (size_t)(from - extra) + 8 <= at + 4 + field; i++) {
                if (*wide[i] != UINT32_MAX)
                    continue;
                *wide[i] = zip_u64(from);
                from += 8;
            }
        }
        at += 4 + field;
    }
}

/* One record of the directory; the name is put at the end of `names`. Returns its length, 0 when
 * damaged. */
static size_t read_central(struct qn_zip *zip, const uint8_t *at, size_t left)
{
    if (left < CENTRAL || zip_u32(at) != 0x02014b50)
        return 0;
    size_t name = zip_u16(at + 28), extra = zip_u16(at + 30), comment = zip_u16(at + 32);
    size_t len = CENTRAL + name + extra + comment;
    if (len > left)
        return 0;
    struct qn_zip_entry entry = {.flags = zip_u16(at + 8),
                                 .method = zip_u16(at + 10),
                                 .crc = zip_u32(at + 16),
                                 .packed = zip_u32(at + 20),
                                 .size = zip_u32(at + 24),
                                 .offset = zip_u32(at + 42)};
    read_extra(at + CENTRAL + name, extra, &entry);
    entry.name = (const char *)zip->names.len; /* becomes a pointer when all names are there */
    qn_buf_append(&zip->names, at + CENTRAL, name);
    qn_buf_u8(&zip->names, 0);
    zip->entries[zip->count++] = entry;
    return len;
}

static int rising(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Members may not overlap: of a few bytes that all of them share, an archive could unpack to as
 * much as it likes. */
static enum qn_status list_starts(struct qn_zip *zip, const struct directory *dir,
                                  struct qn_error *err)
{
    zip->starts = qn_sys.calloc(zip->count + 1, sizeof *zip->starts);
    if (!zip->starts)
        return qn_fail_memory(err, "a zip directory", dir->size);
    for (size_t i = 0; i < zip->count; i++)
        zip->starts[i] = zip->entries[i].offset;
    zip->starts[zip->count] = dir->offset;
    qsort(zip->starts, zip->count + 1, sizeof *zip->starts, rising);
    for (size_t i = 0; i < zip->count; i++) {
        if (zip->starts[i] == zip->starts[i + 1])
            return zip_broken(zip, zip->starts[i], "has members that lie in the same place", err);
    }
    return QN_OK;
}

uint64_t zip_next_start(const struct qn_zip *zip, uint64_t offset)
{
    size_t low = 0, high = zip->count + 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zip->starts[middle] <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low <= zip->count ? zip->starts[low] : 0;
}

static enum qn_status read_entries(struct qn_zip *zip, const struct directory *dir,
                                   struct qn_error *err)
{
    uint8_t *bytes = qn_sys.malloc((size_t)dir->size + 1);
    zip->entries = qn_sys.calloc((size_t)dir->count + 1, sizeof *zip->entries);
    if (!bytes || !zip->entries) {
        free(bytes);
        return qn_fail_memory(err, "a zip directory", dir->size);
    }
    enum qn_status status = zip_read(zip, dir->offset, bytes, (size_t)dir->size, err);
    size_t at = 0;
    while (!status && zip->count < dir->count) {
        size_t len = read_central(zip, bytes + at, (size_t)dir->size - at);
        if (len == 0)
            status = zip_broken(zip, dir->offset + at, "has a damaged zip directory", err);
        at += len;
    }
    free(bytes);
    if (!status && zip->names.failed)
        status = qn_fail_memory(err, "the names of an archive", zip->names.len);
    const char *names = (const char *)zip->names.data;
    for (size_t i = 0; !status && names && i < zip->count; i++)
        zip->entries[i].name = names + (uintptr_t)zip->entries[i].name;
    return status;
}

enum qn_status qn_zip_open(struct qn_zip **out, const struct qn_zip_source *source,
                           struct qn_error *err)
{
    struct directory dir;
    struct qn_zip *zip = *out = qn_sys.calloc(1, sizeof *zip);
    if (!zip)
        return qn_fail_memory(err, "an archive", sizeof *zip);
    zip->source = *source;
    enum qn_status status = find_directory(zip, &dir, err);
    if (!status)
        status = read_entries(zip, &dir, err);
    if (!status)
        status = list_starts(zip, &dir, err);
    if (status) {
        qn_zip_close(zip);
        *out = NULL;
    }
    return status;
}

void qn_zip_close(struct qn_zip *zip)
{
    if (!zip)
        return;
    qn_buf_release(&zip->names);
    free(zip->entries);
    free(zip->starts);
    free(zip);
}

size_t qn_zip_count(const struct qn_zip *zip)
{
    return zip->count;
}

const struct qn_zip_entry *qn_zip_at(const struct qn_zip *zip, size_t i)
{
    return &zip->entries[i];
}
