/* Members of zip archives as streams: see zip.h. */
#include "format/zip_parts.h"

#include "base/sys.h"

#include <libdeflate.h>
#include <stdlib.h>

enum { LOCAL = 30, DESCRIPTOR = 24 };
enum { FLAG_ENCRYPTED = 1, FLAG_DESCRIPTOR = 8, STORED = 0, DEFLATED = 8 };

struct qn_zip_member {
    const struct qn_zip *zip;
    const struct qn_zip_entry *entry;
    uint32_t local_crc; /* what the local header says, and whether it says something */
    uint64_t local_size;
    bool local_known;
    uint64_t at;  /* next packed byte, in the archive */
    uint64_t end; /* of the packed bytes */
    uint64_t most;
    uint64_t size; /* came out so far, and its CRC: of stored members */
    uint32_t crc;
    struct qn_inflate *inflate;
};

void qn_zip_member_close(struct qn_zip_member *member)
{
    if (!member)
        return;
    qn_inflate_free(member->inflate);
    free(member);
}

/* Packed bytes. A deflate stream ends by itself, so the size in the directory is not needed and
 * not believed: reading stops where the next member begins at the latest. */
static enum qn_status read_packed(void *context, void *bytes, size_t len, size_t *got,
                                  struct qn_error *err)
{
    struct qn_zip_member *member = context;
    uint64_t left = member->end - member->at;
    *got = left < len ? (size_t)left : len;
    enum qn_status status = zip_read(member->zip, member->at, bytes, *got, err);
    member->at += *got;
    return status;
}

static enum qn_status read_local(struct qn_zip_member *member, struct qn_error *err)
{
    const struct qn_zip_entry *entry = member->entry;
    uint8_t head[LOCAL];
    enum qn_status status = zip_read(member->zip, entry->offset, head, LOCAL, err);
    if (status)
        return status;
    if (zip_u32(head) != 0x04034b50)
        return zip_broken(member->zip, entry->offset, "has a damaged local header", err);
    member->local_known = !(zip_u16(head + 6) & FLAG_DESCRIPTOR);
    member->local_crc = zip_u32(head + 14);
    member->local_size = zip_u32(head + 22);
    member->at = entry->offset + LOCAL + zip_u16(head + 26) + zip_u16(head + 28);
    uint64_t next = zip_next_start(member->zip, entry->offset);
    member->end = next;
    if (entry->method == STORED && entry->packed < UINT64_MAX - member->at) {
        uint64_t packed =
            entry->packed == 0 && member->local_known ? zip_u32(head + 18) : entry->packed;
        member->end = member->at + packed;
    }
    if (member->end > next || member->end < member->at)
        return zip_broken(member->zip, entry->offset, "is cut off", err);
    return QN_OK;
}

static enum qn_status check_entry(const struct qn_zip *zip, const struct qn_zip_entry *entry,
                                  uint64_t most, struct qn_error *err)
{
    const char *file = zip->source.name;
    if (entry->flags & FLAG_ENCRYPTED)
        return qn_fail_at(err, QN_ERR_UNSUPPORTED, file, (int64_t)entry->offset,
                          "'%s' in '%s' is encrypted. Decrypt the archive first.", entry->name,
                          file);
    if (entry->method != STORED && entry->method != DEFLATED)
        return qn_fail_at(err, QN_ERR_UNSUPPORTED, file, (int64_t)entry->offset,
                          "'%s' in '%s' is packed with method %u; stored and deflate (0 and 8) can "
                          "be read. Pack it again.",
                          entry->name, file, entry->method);
    if (entry->size > most)
        return qn_fail_at(err, QN_ERR_INPUT, file, (int64_t)entry->offset,
                          "'%s' in '%s' promises %llu bytes; the limit is %llu. It may be a zip "
                          "bomb.",
                          entry->name, file, (unsigned long long)entry->size,
                          (unsigned long long)most);
    return QN_OK;
}

enum qn_status qn_zip_member_open(struct qn_zip_member **out, const struct qn_zip *zip, size_t i,
                                  uint64_t most, struct qn_error *err)
{
    const struct qn_zip_entry *entry = &zip->entries[i];
    *out = NULL;
    enum qn_status status = check_entry(zip, entry, most, err);
    if (status)
        return status;
    struct qn_zip_member *member = qn_sys.calloc(1, sizeof *member);
    if (!member)
        return qn_fail_memory(err, entry->name, sizeof *member);
    member->zip = zip;
    member->entry = entry;
    member->most = most;
    status = read_local(member, err);
    if (!status && entry->method == DEFLATED) {
        struct qn_stream input = {member, read_packed};
        status = qn_inflate_new(&member->inflate, QN_INFLATE_RAW, &input, entry->name, err);
    }
    if (status)
        qn_zip_member_close(member);
    else
        *out = member;
    return status;
}

/* The descriptor behind the data of a member whose local header says nothing: with or without a
 * signature. Only looked at where the directory does not fit. */
static bool descriptor_fits(const struct qn_zip_member *member)
{
    const struct qn_zip *zip = member->zip;
    uint8_t bytes[DESCRIPTOR];
    uint64_t at = member->entry->offset;
    uint64_t next = zip_next_start(zip, at);
    if (next < at + LOCAL + 12 || zip_read(zip, next - 12, bytes, 12, NULL))
        return false;
    return zip_u32(bytes) == member->crc && zip_u32(bytes + 8) == (uint32_t)member->size;
}

static enum qn_status check_end(struct qn_zip_member *member, struct qn_error *err)
{
    const struct qn_zip_entry *entry = member->entry;
    if (member->crc == entry->crc && member->size == entry->size)
        return QN_OK;
    bool directory_lies = member->local_known ? member->crc == member->local_crc &&
                                                    (uint32_t)member->size == member->local_size
                                              : descriptor_fits(member);
    if (directory_lies)
        return QN_OK;
    return qn_fail_at(err, QN_ERR_INPUT, member->zip->source.name, (int64_t)entry->offset,
                      "'%s' in '%s' is damaged: %llu bytes with CRC %08x came out, where %llu "
                      "bytes with CRC %08x are promised. Fetch it again.",
                      entry->name, member->zip->source.name, (unsigned long long)member->size,
                      member->crc, (unsigned long long)entry->size, entry->crc);
}

enum qn_status qn_zip_member_read(struct qn_zip_member *member, void *bytes, size_t len,
                                  size_t *got, struct qn_error *err)
{
    enum qn_status status;
    if (member->inflate) {
        status = qn_inflate_read(member->inflate, bytes, len, got, err);
        member->size = qn_inflate_size(member->inflate);
        member->crc = qn_inflate_crc(member->inflate);
    } else {
        status = read_packed(member, bytes, len, got, err);
        member->size += *got;
        member->crc = libdeflate_crc32(member->crc, bytes, *got);
    }
    if (!status && member->size > member->most)
        return qn_fail_at(
            err, QN_ERR_INPUT, member->zip->source.name, (int64_t)member->entry->offset,
            "'%s' in '%s' unpacks to more than the limit of %llu bytes. It may be a "
            "zip bomb.",
            member->entry->name, member->zip->source.name, (unsigned long long)member->most);
    return status || *got > 0 ? status : check_end(member, err);
}
