/* Zip archives written: see zip_write.h. Format: PKWARE APPNOTE 6.3. */
#include "format/zip_write.h"

#include <libdeflate.h>
#include <string.h>

enum { EPOCH = 0x0021, VERSION = 20, LEVEL = 6 };

static void put_u16(struct qn_buf *out, unsigned value)
{
    qn_buf_u8(out, (uint8_t)value);
    qn_buf_u8(out, (uint8_t)(value >> 8));
}

struct member {
    const char *name;
    uint16_t flags;
    uint16_t method;
    uint32_t crc;
    uint32_t packed;
    uint32_t size;
    uint32_t offset;
};

/* What local header and directory have in common, from the version on. */
static void put_common(struct qn_buf *out, const struct member *member, bool sizes)
{
    put_u16(out, VERSION);
    put_u16(out, member->flags);
    put_u16(out, member->method);
    put_u16(out, 0);
    put_u16(out, EPOCH);
    qn_buf_u32(out, sizes ? member->crc : 0);
    qn_buf_u32(out, sizes ? member->packed : 0);
    qn_buf_u32(out, sizes ? member->size : 0);
    put_u16(out, (unsigned)strlen(member->name));
    put_u16(out, 0);
}

static enum qn_status put_packed(struct qn_buf *out, const void *bytes, size_t len,
                                 struct member *member, struct qn_error *err)
{
    struct libdeflate_compressor *deflater = libdeflate_alloc_compressor(LEVEL);
    uint8_t *to = qn_buf_reserve(out, len + 16);
    if (!deflater || !to) {
        libdeflate_free_compressor(deflater);
        return qn_fail_memory(err, member->name, len);
    }
    size_t packed = len ? libdeflate_deflate_compress(deflater, bytes, len, to, len) : 0;
    libdeflate_free_compressor(deflater);
    member->method = packed ? 8 : 0;
    member->packed = (uint32_t)(packed ? packed : len);
    if (!packed && len > 0)
        memcpy(to, bytes, len);
    out->len += member->packed;
    return QN_OK;
}

enum qn_status qn_zip_add(struct qn_zip_writer *zip, const char *name, const void *bytes,
                          size_t len, enum qn_zip_sizes sizes, struct qn_error *err)
{
    struct qn_buf packed = {0};
    struct member member = {.name = name,
                            .flags = sizes == QN_ZIP_SIZES_BEHIND ? 8 : 0,
                            .crc = libdeflate_crc32(0, bytes, len),
                            .size = (uint32_t)len,
                            .offset = (uint32_t)zip->bytes.len};
    if (len > UINT32_MAX / 2 || zip->bytes.len > UINT32_MAX / 2 || strlen(name) > UINT16_MAX)
        return qn_fail(err, QN_ERR_UNSUPPORTED, "'%s' does not fit a zip archive.", name);
    enum qn_status status = put_packed(&packed, bytes, len, &member, err);
    if (!status) {
        qn_buf_u32(&zip->bytes, 0x04034b50);
        put_common(&zip->bytes, &member, sizes == QN_ZIP_SIZES_LOCAL);
        qn_buf_append(&zip->bytes, name, strlen(name));
        qn_buf_append(&zip->bytes, packed.data, packed.len);
        if (sizes == QN_ZIP_SIZES_BEHIND) {
            qn_buf_u32(&zip->bytes, 0x08074b50);
            qn_buf_u32(&zip->bytes, member.crc);
            qn_buf_u32(&zip->bytes, member.packed);
            qn_buf_u32(&zip->bytes, member.size);
        }
        qn_buf_u32(&zip->directory, 0x02014b50);
        put_u16(&zip->directory, VERSION);
        put_common(&zip->directory, &member, true);
        for (int i = 0; i < 3; i++)
            put_u16(&zip->directory, 0); /* comment, disk, internal attributes */
        qn_buf_u32(&zip->directory, 0);
        qn_buf_u32(&zip->directory, member.offset);
        qn_buf_append(&zip->directory, name, strlen(name));
        zip->count++;
    }
    qn_buf_release(&packed);
    if (!status && (zip->bytes.failed || zip->directory.failed))
        status = qn_fail_memory(err, "an archive", zip->bytes.len);
    return status;
}

enum qn_status qn_zip_finish(struct qn_zip_writer *zip, struct qn_error *err)
{
    uint32_t offset = (uint32_t)zip->bytes.len;
    if (zip->count >= UINT16_MAX)
        return qn_fail(err, QN_ERR_UNSUPPORTED, "an archive of %u members.", zip->count);
    qn_buf_append(&zip->bytes, zip->directory.data, zip->directory.len);
    qn_buf_u32(&zip->bytes, 0x06054b50);
    qn_buf_u32(&zip->bytes, 0); /* disks */
    put_u16(&zip->bytes, zip->count);
    put_u16(&zip->bytes, zip->count);
    qn_buf_u32(&zip->bytes, (uint32_t)zip->directory.len);
    qn_buf_u32(&zip->bytes, offset);
    put_u16(&zip->bytes, 0);
    return zip->bytes.failed ? qn_fail_memory(err, "an archive", zip->bytes.len) : QN_OK;
}

void qn_zip_writer_release(struct qn_zip_writer *zip)
{
    qn_buf_release(&zip->bytes);
    qn_buf_release(&zip->directory);
    *zip = (struct qn_zip_writer){0};
}
