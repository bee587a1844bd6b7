/* Archives of NumPy arrays: see npz.h. Each piece is a stretch of deflate blocks that ends on a
 * byte and refers to nothing before itself (a full flush of zlib), so that pieces put together are
 * a stream; an empty last block ends it. */
#include "format/npz.h"

#include "base/sys.h"
#include "format/zip_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { RAW_WINDOW = -15, MEMORY_LEVEL = 8, LEVEL = 4, NPY_ALIGNMENT = 64, LAST_BLOCK = 2 };
enum { MOST_AT_ONCE = 1 << 30, NAME = 64 };

/* An empty block of fixed codes, marked as the last (RFC 1951, 3.2.3 and 3.2.6). */
static const uint8_t last_block[LAST_BLOCK] = {0x03, 0x00};

struct qn_npz_packer {
    z_stream stream;
};

struct qn_npz_writer {
    struct qn_npz_sink sink;
    struct qn_npz_packer *packer;
    struct qn_buf bytes;     /* of headers */
    struct qn_buf directory; /* entries so far */
    uint64_t count;
    uint64_t at; /* bytes of the archive so far */
};

/* ---- pieces --------------------------------------------------------------------------------- */

enum qn_status qn_npz_packer_new(struct qn_npz_packer **out, struct qn_error *err)
{
    struct qn_npz_packer *packer = *out = qn_sys.calloc(1, sizeof *packer);
    if (packer && deflateInit2(&packer->stream, LEVEL, Z_DEFLATED, RAW_WINDOW, MEMORY_LEVEL,
                               Z_DEFAULT_STRATEGY) == Z_OK)
        return QN_OK;
    free(packer);
    *out = NULL;
    return qn_fail_memory(err, "a packer of arrays", sizeof *packer);
}

void qn_npz_packer_free(struct qn_npz_packer *packer)
{
    if (!packer)
        return;
    deflateEnd(&packer->stream);
    free(packer);
}

enum qn_status qn_npz_pack(struct qn_npz_packer *packer, const void *values, size_t len,
                           struct qn_buf *out, struct qn_npz_piece *piece, struct qn_error *err)
{
    z_stream *stream = &packer->stream;
    *piece = (struct qn_npz_piece){.size = len};
    if (len == 0)
        return QN_OK;
    if (len > MOST_AT_ONCE)
        return qn_fail(err, QN_ERR_INTERNAL, "a piece of an array of %zu bytes.", len);
    deflateReset(stream);
    size_t room = deflateBound(stream, len) + 64; /* and the flush */
    uint8_t *to = qn_buf_reserve(out, room);
    if (!to)
        return qn_fail_memory(err, "a piece of an array", room);
    stream->next_in = (Bytef *)(uintptr_t)values;
    stream->avail_in = (uInt)len;
    stream->next_out = to;
    stream->avail_out = (uInt)room;
    if (deflate(stream, Z_FULL_FLUSH) != Z_OK || stream->avail_in > 0 || stream->avail_out == 0)
        return qn_fail(err, QN_ERR_INTERNAL, "zlib could not pack %zu bytes.", len);
    piece->packed = room - stream->avail_out;
    piece->crc = (uint32_t)crc32(0, values, (uInt)len);
    out->len += piece->packed;
    return QN_OK;
}

void qn_npy_put_text64(struct qn_buf *values, const char *text)
{
    uint8_t *to = qn_buf_reserve(values, QN_NPY_TEXT64_BYTES);
    if (!to)
        return;
    memset(to, 0, QN_NPY_TEXT64_BYTES);
    for (size_t i = 0; i < QN_NPY_TEXT64_BYTES / 4 && text[i]; i++)
        to[4 * i] = (uint8_t)text[i] & 0x7F;
    values->len += QN_NPY_TEXT64_BYTES;
}

void qn_npz_add_piece(struct qn_npz_piece *sum, const struct qn_npz_piece *next)
{
    sum->crc = (uint32_t)crc32_combine64(sum->crc, next->crc, (z_off64_t)next->size);
    sum->packed += next->packed;
    sum->size += next->size;
}

/* ---- the archive ---------------------------------------------------------------------------- */

enum qn_status qn_npz_writer_new(struct qn_npz_writer **out, const struct qn_npz_sink *sink,
                                 struct qn_npz_packer *packer, struct qn_error *err)
{
    struct qn_npz_writer *writer = *out = qn_sys.calloc(1, sizeof *writer);
    if (!writer)
        return qn_fail_memory(err, "a writer of arrays", sizeof *writer);
    writer->sink = *sink;
    writer->packer = packer;
    return QN_OK;
}

void qn_npz_writer_free(struct qn_npz_writer *writer)
{
    if (!writer)
        return;
    qn_buf_release(&writer->bytes);
    qn_buf_release(&writer->directory);
    free(writer);
}

enum qn_status qn_npz_put(struct qn_npz_writer *writer, const void *packed, size_t len,
                          struct qn_error *err)
{
    writer->at += len;
    return len ? writer->sink.write(writer->sink.context, packed, len, err) : QN_OK;
}

void qn_npz_passed(struct qn_npz_writer *writer, uint64_t len)
{
    writer->at += len;
}

/* What stands in front of the values: magic, version, length, and a dictionary of Python padded so
 * that values are aligned. */
static void put_npy_header(struct qn_buf *out, const char *type, uint64_t count)
{
    char text[4 * NPY_ALIGNMENT];
    int len =
        snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (%llu,), }",
                 type, (unsigned long long)count);
    size_t whole = (size_t)len + 11; /* magic, version, length, line feed */
    size_t padding = (NPY_ALIGNMENT - whole % NPY_ALIGNMENT) % NPY_ALIGNMENT;
    size_t dictionary = (size_t)len + padding + 1;
    qn_buf_append(out, "\x93NUMPY\x01\0", 8);
    qn_buf_u8(out, (uint8_t)dictionary);
    qn_buf_u8(out, (uint8_t)(dictionary >> 8));
    qn_buf_append(out, text, (size_t)len);
    for (size_t i = 0; i < padding; i++)
        qn_buf_u8(out, ' ');
    qn_buf_u8(out, '\n');
}

enum qn_status qn_npz_begin(struct qn_npz_writer *writer, const char *name, const char *type,
                            uint64_t count, const struct qn_npz_piece *all, struct qn_error *err)
{
    char file[NAME];
    struct qn_npz_piece sum = {0};
    struct qn_buf header = {0}, packed = {0};
    snprintf(file, sizeof file, "%.*s.npy", NAME - 5, name);
    put_npy_header(&header, type, count);
    enum qn_status status =
        header.failed ? qn_fail_memory(err, "an array's header", header.len)
                      : qn_npz_pack(writer->packer, header.data, header.len, &packed, &sum, err);
    if (!status) {
        qn_npz_add_piece(&sum, all);
        struct qn_zip_record member = {.name = file,
                                       .method = QN_ZIP_DEFLATED,
                                       .crc = sum.crc,
                                       .packed = sum.packed + LAST_BLOCK,
                                       .size = sum.size,
                                       .offset = writer->at};
        qn_buf_clear(&writer->bytes);
        qn_zip_put_local(&writer->bytes, &member);
        qn_zip_put_entry(&writer->directory, &member);
        qn_buf_append(&writer->bytes, packed.data, packed.len);
        writer->count++;
        status = writer->bytes.failed || writer->directory.failed
                     ? qn_fail_memory(err, "an array's header", writer->bytes.len)
                     : qn_npz_put(writer, writer->bytes.data, writer->bytes.len, err);
    }
    qn_buf_release(&header);
    qn_buf_release(&packed);
    return status;
}

enum qn_status qn_npz_end(struct qn_npz_writer *writer, struct qn_error *err)
{
    return qn_npz_put(writer, last_block, LAST_BLOCK, err);
}

enum qn_status qn_npz_finish(struct qn_npz_writer *writer, struct qn_error *err)
{
    uint64_t offset = writer->at;
    uint64_t len = writer->directory.len;
    qn_zip_put_end(&writer->directory, writer->count, offset, len);
    if (writer->directory.failed)
        return qn_fail_memory(err, "an archive's directory", writer->directory.len);
    return qn_npz_put(writer, writer->directory.data, writer->directory.len, err);
}
