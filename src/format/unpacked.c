/* Files packed by gzip, whole: see unpacked.h. */
#include "format/unpacked.h"

#include "base/io.h"
#include "format/gzip_source.h"
#include "format/inflate.h"

#include <string.h>

enum { PIECE = 1 << 20 };

static enum qn_status read_packed(void *context, void *bytes, size_t len, size_t *got,
                                  struct qn_error *err)
{
    struct qn_cursor *packed = context;
    (void)err;
    *got = packed->len - packed->at < len ? packed->len - packed->at : len;
    memcpy(bytes, packed->data + packed->at, *got);
    packed->at += *got;
    return QN_OK;
}

static enum qn_status unpack(const char *path, const struct qn_buf *packed, struct qn_buf *out,
                             uint64_t limit, struct qn_error *err)
{
    struct qn_cursor cursor = {.data = packed->data, .len = packed->len};
    struct qn_stream input = {&cursor, read_packed};
    struct qn_inflate *inflate;
    size_t got = 1;
    enum qn_status status = qn_inflate_new(&inflate, QN_INFLATE_GZIP, &input, path, err);
    if (status)
        return status;
    while (!status && got > 0) {
        uint8_t *to = qn_buf_reserve(out, PIECE + 1);
        if (!to)
            status = qn_fail_memory(err, path, out->len + PIECE);
        else if (out->len > limit)
            status = qn_fail_at(err, QN_ERR_INPUT, path, -1,
                                "'%s' holds more than the %llu bytes that make sense here.", path,
                                (unsigned long long)limit);
        else
            status = qn_inflate_read(inflate, to, PIECE, &got, err);
        out->len += status ? 0 : got;
    }
    qn_inflate_free(inflate);
    if (!status)
        out->data[out->len] = '\0'; /* as qn_read_file does */
    return status;
}

enum qn_status qn_read_unpacked(const char *path, struct qn_buf *buf, uint64_t limit,
                                struct qn_error *err)
{
    qn_buf_clear(buf);
    enum qn_status status = qn_read_file(path, buf, limit, err);
    if (status || !qn_gzip_is(buf->data, buf->len))
        return status;
    struct qn_buf packed = *buf;
    *buf = (struct qn_buf){0};
    status = unpack(path, &packed, buf, limit, err);
    qn_buf_release(&packed);
    return status;
}
