/* Inside of the zip reader: what the directory and the members share. */
#ifndef QN_FORMAT_ZIP_PARTS_H
#define QN_FORMAT_ZIP_PARTS_H

#include "base/buf.h"
#include "base/byte_order.h"
#include "format/zip.h"

struct qn_zip {
    struct qn_zip_source source;
    struct qn_zip_entry *entries;
    size_t count;
    struct qn_buf names;
    uint64_t *starts; /* of the members and of the directory, count + 1, rising */
};

static inline uint16_t zip_u16(const uint8_t *at)
{
    return qn_load_u16(at, QN_LITTLE_ENDIAN);
}

static inline uint32_t zip_u32(const uint8_t *at)
{
    return qn_load_u32(at, QN_LITTLE_ENDIAN);
}

static inline uint64_t zip_u64(const uint8_t *at)
{
    return (uint64_t)zip_u32(at + 4) << 32 | zip_u32(at);
}

/* QN_ERR_INPUT: "'NAME' WHAT (byte OFFSET)." */
enum qn_status zip_broken(const struct qn_zip *zip, uint64_t offset, const char *what,
                          struct qn_error *err);

/* Where the next member or the directory begins, behind byte `offset`; there a member ends that
 * begins at `offset`. 0: nothing is behind it. */
uint64_t zip_next_start(const struct qn_zip *zip, uint64_t offset);

/* Reads within the archive; beyond its end is QN_ERR_INPUT. */
enum qn_status zip_read(const struct qn_zip *zip, uint64_t offset, void *bytes, size_t len,
                        struct qn_error *err);

#endif
