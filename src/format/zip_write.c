/* Zip archives written: see zip_write.h. */
#include "format/zip_write.h"

#include <libdeflate.h>
#include <string.h>

enum { EPOCH = 0x0021, VERSION = 20, VERSION_64 = 45, LEVEL = 6 };
enum { LOCAL = 0x04034b50, ENTRY = 0x02014b50, END = 0x06054b50 };
enum { END_64 = 0x06064b50, END_64_LOCATOR = 0x07064b50, EXTRA_64 = 1, END_64_BYTES = 44 };

static void put_u16(struct qn_buf *out, unsigned value)
{
    qn_buf_u8(out, (uint8_t)value);
    qn_buf_u8(out, (uint8_t)(value >> 8));
}

static bool is_long(uint64_t value)
{
    return value >= UINT32_MAX;
}

static uint32_t short_or_mark(uint64_t value)
{
    return is_long(value) ? UINT32_MAX : (uint32_t)value;
}

/* What local header and directory have in common, from the version on. */
static void put_common(struct qn_buf *out, const struct qn_zip_record *member, bool wide,
                       bool sizes, unsigned extra)
{
    put_u16(out, wide ? VERSION_64 : VERSION);
    put_u16(out, member->flags);
    put_u16(out, member->method);
    put_u16(out, 0);
    put_u16(out, EPOCH);
    qn_buf_u32(out, sizes ? member->crc : 0);
    qn_buf_u32(out, sizes ? short_or_mark(member->packed) : 0);
    qn_buf_u32(out, sizes ? short_or_mark(member->size) : 0);
    put_u16(out, (unsigned)strlen(member->name));
    put_u16(out, extra);
}

void qn_zip_put_local(struct qn_buf *out, const struct qn_zip_record *member)
{
    struct qn_zip_record shown = *member;
    bool wide = is_long(member->packed) || is_long(member->size);
    if (wide) /* both or neither: APPNOTE 4.5.3 */
        shown.packed = shown.size = UINT32_MAX;
    qn_buf_u32(out, LOCAL);
    put_common(out, &shown, wide, !(member->flags & QN_ZIP_BEHIND), wide ? 20 : 0);
    qn_buf_append(out, member->name, strlen(member->name));
    if (wide) {
        put_u16(out, EXTRA_64);
        put_u16(out, 16);
        qn_buf_u64(out, member->size);
        qn_buf_u64(out, member->packed);
    }
}

void qn_zip_put_entry(struct qn_buf *out, const struct qn_zip_record *member)
{
    const uint64_t numbers[] = {member->size, member->packed, member->offset};
    unsigned wide = 0;
    for (size_t i = 0; i < 3; i++)
        wide += is_long(numbers[i]);
    qn_buf_u32(out, ENTRY);
    put_u16(out, wide ? VERSION_64 : VERSION);
    put_common(out, member, wide > 0, true, wide ? 4 + 8 * wide : 0);
    for (int i = 0; i < 3; i++)
        put_u16(out, 0); /* comment, disk, internal attributes */
    qn_buf_u32(out, 0);
    qn_buf_u32(out, short_or_mark(member->offset));
    qn_buf_append(out, member->name, strlen(member->name));
    if (wide) {
        put_u16(out, EXTRA_64);
        put_u16(out, 8 * wide);
    }
    for (size_t i = 0; i < 3; i++) {
        if (is_long(numbers[i]))
            qn_buf_u64(out, numbers[i]);
    }
}

void qn_zip_put_end(struct qn_buf *out, uint64_t count, uint64_t directory_offset,
                    uint64_t directory_len)
{
    bool wide = is_long(directory_offset) || is_long(directory_len) || count >= UINT16_MAX;
    unsigned shown = count >= UINT16_MAX ? UINT16_MAX : (unsigned)count;
    if (wide) {
        qn_buf_u32(out, END_64);
        qn_buf_u64(out, END_64_BYTES);
        put_u16(out, VERSION_64);
        put_u16(out, VERSION_64);
        qn_buf_u64(out, 0); /* disks */
        qn_buf_u64(out, count);
        qn_buf_u64(out, count);
        qn_buf_u64(out, directory_len);
        qn_buf_u64(out, directory_offset);
        qn_buf_u32(out, END_64_LOCATOR);
        qn_buf_u32(out, 0);
        qn_buf_u64(out, directory_offset + directory_len);
        qn_buf_u32(out, 1);
    }
    qn_buf_u32(out, END);
    qn_buf_u32(out, 0); /* disks */
    put_u16(out, shown);
    put_u16(out, shown);
    qn_buf_u32(out, short_or_mark(directory_len));
    qn_buf_u32(out, short_or_mark(directory_offset));
    put_u16(out, 0);
}

static enum qn_status put_packed(struct qn_buf *out, const void *bytes, size_t len,
                                 struct qn_zip_record *member, struct qn_error *err)
{
    struct libdeflate_compressor *deflater = libdeflate_alloc_compressor(LEVEL);
    uint8_t *to = qn_buf_reserve(out, len + 16);
    if (!deflater || !to) {
        libdeflate_free_compressor(deflater);
        return qn_fail_memory(err, member->name, len);
    }
    size_t packed = len ? libdeflate_deflate_compress(deflater, bytes, len, to, len) : 0;
    libdeflate_free_compressor(deflater);
    member->method = packed ? QN_ZIP_DEFLATED : QN_ZIP_STORED;
    member->packed = packed ? packed : len;
    if (!packed && len > 0)
        memcpy(to, bytes, len);
    out->len += packed ? packed : len;
    return QN_OK;
}

enum qn_status qn_zip_add(struct qn_zip_writer *zip, const char *name, const void *bytes,
                          size_t len, enum qn_zip_sizes sizes, struct qn_error *err)
{
    struct qn_buf packed = {0};
    struct qn_zip_record member = {.name = name,
                                   .flags = sizes == QN_ZIP_SIZES_BEHIND ? QN_ZIP_BEHIND : 0,
                                   .crc = libdeflate_crc32(0, bytes, len),
                                   .size = len,
                                   .offset = zip->bytes.len};
    if (len > UINT32_MAX / 2 || zip->bytes.len > UINT32_MAX / 2 || strlen(name) > UINT16_MAX)
        return qn_fail(err, QN_ERR_UNSUPPORTED, "'%s' does not fit a zip archive.", name);
    enum qn_status status = put_packed(&packed, bytes, len, &member, err);
    if (!status) {
        qn_zip_put_local(&zip->bytes, &member);
        qn_buf_append(&zip->bytes, packed.data, packed.len);
        if (sizes == QN_ZIP_SIZES_BEHIND) {
            qn_buf_u32(&zip->bytes, 0x08074b50);
            qn_buf_u32(&zip->bytes, member.crc);
            qn_buf_u32(&zip->bytes, (uint32_t)member.packed);
            qn_buf_u32(&zip->bytes, (uint32_t)member.size);
        }
        qn_zip_put_entry(&zip->directory, &member);
        zip->count++;
    }
    qn_buf_release(&packed);
    if (!status && (zip->bytes.failed || zip->directory.failed))
        status = qn_fail_memory(err, "an archive", zip->bytes.len);
    return status;
}

enum qn_status qn_zip_finish(struct qn_zip_writer *zip, struct qn_error *err)
{
    uint64_t offset = zip->bytes.len;
    if (zip->count >= UINT16_MAX)
        return qn_fail(err, QN_ERR_UNSUPPORTED, "an archive of %u members.", zip->count);
    qn_buf_append(&zip->bytes, zip->directory.data, zip->directory.len);
    qn_zip_put_end(&zip->bytes, zip->count, offset, zip->directory.len);
    return zip->bytes.failed ? qn_fail_memory(err, "an archive", zip->bytes.len) : QN_OK;
}

void qn_zip_writer_release(struct qn_zip_writer *zip)
{
    qn_buf_release(&zip->bytes);
    qn_buf_release(&zip->directory);
    *zip = (struct qn_zip_writer){0};
}
