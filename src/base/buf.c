/* Growing byte buffers and cursors over them: see buf.h. */
#include "base/buf.h"

#include "base/sys.h"

#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void qn_buf_release(struct qn_buf *buf)
{
    free(buf->data);
    *buf = (struct qn_buf){0};
}

uint8_t *qn_buf_reserve(struct qn_buf *buf, size_t more)
{
    if (buf->failed)
        return NULL;
    if (more > SIZE_MAX / 4 - buf->len) {
        buf->failed = true;
        return NULL;
    }
    size_t need = buf->len + more;
    if (need > buf->cap || !buf->data) {
        size_t cap = buf->cap ? buf->cap : 256;
        while (cap < need)
            cap += cap / 2 + 64;
        uint8_t *old = buf->data;
        if (buf->len == 0) { /* nothing to move */
            free(old);
            old = buf->data = NULL;
            buf->cap = 0;
        }
        uint8_t *data = qn_sys.realloc(old, cap);
        if (!data) {
            buf->failed = true;
            return NULL;
        }
        buf->data = data;
        buf->cap = cap;
    }
    return buf->data + buf->len;
}

void qn_buf_append(struct qn_buf *buf, const void *bytes, size_t len)
{
    uint8_t *to = qn_buf_reserve(buf, len);
    if (!to || len == 0)
        return;
    memcpy(to, bytes, len);
    buf->len += len;
}

void qn_buf_printf(struct qn_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    uint8_t *to = len < 0 ? NULL : qn_buf_reserve(buf, (size_t)len + 1);
    if (to) {
        vsnprintf((char *)to, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    }
    va_end(again);
}

void qn_buf_shell_word(struct qn_buf *buf, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./,:+@%=";
    if (*text && !text[strspn(text, plain)]) {
        qn_buf_append(buf, text, strlen(text));
        return;
    }
    qn_buf_u8(buf, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            qn_buf_printf(buf, "'\\''");
        else
            qn_buf_u8(buf, (uint8_t)*text);
    }
    qn_buf_u8(buf, '\'');
}

void qn_buf_u8(struct qn_buf *buf, uint8_t value)
{
    qn_buf_append(buf, &value, 1);
}

void qn_buf_u32(struct qn_buf *buf, uint32_t value)
{
    value = htole32(value);
    qn_buf_append(buf, &value, 4);
}

void qn_buf_u64(struct qn_buf *buf, uint64_t value)
{
    value = htole64(value);
    qn_buf_append(buf, &value, 8);
}

void qn_buf_real(struct qn_buf *buf, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    qn_buf_u64(buf, bits);
}

void qn_buf_varint(struct qn_buf *buf, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        qn_buf_u8(buf, (uint8_t)(value | 0x80));
    qn_buf_u8(buf, (uint8_t)value);
}

void qn_buf_text(struct qn_buf *buf, const char *text)
{
    size_t len = strlen(text);
    qn_buf_u32(buf, (uint32_t)len);
    qn_buf_append(buf, text, len);
}

const uint8_t *qn_cursor_bytes(struct qn_cursor *cursor, size_t len)
{
    if (cursor->failed || len > cursor->len - cursor->at) {
        cursor->failed = true;
        return NULL;
    }
    const uint8_t *bytes = cursor->data + cursor->at;
    cursor->at += len;
    return bytes;
}

uint8_t qn_cursor_u8(struct qn_cursor *cursor)
{
    const uint8_t *bytes = qn_cursor_bytes(cursor, 1);
    return bytes ? *bytes : 0;
}

uint32_t qn_cursor_u32(struct qn_cursor *cursor)
{
    uint32_t value = 0;
    const uint8_t *bytes = qn_cursor_bytes(cursor, 4);
    if (bytes)
        memcpy(&value, bytes, 4);
    return le32toh(value);
}

uint64_t qn_cursor_u64(struct qn_cursor *cursor)
{
    uint64_t value = 0;
    const uint8_t *bytes = qn_cursor_bytes(cursor, 8);
    if (bytes)
        memcpy(&value, bytes, 8);
    return le64toh(value);
}

double qn_cursor_real(struct qn_cursor *cursor)
{
    uint64_t bits = qn_cursor_u64(cursor);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

uint64_t qn_cursor_varint(struct qn_cursor *cursor)
{
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        uint8_t byte = qn_cursor_u8(cursor);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
    cursor->failed = true;
    return 0;
}

void qn_cursor_text(struct qn_cursor *cursor, char *out, size_t size)
{
    uint32_t len = qn_cursor_u32(cursor);
    const uint8_t *bytes = qn_cursor_bytes(cursor, len);
    out[0] = '\0';
    if (!bytes || len >= size) {
        cursor->failed = true;
        return;
    }
    memcpy(out, bytes, len);
    out[len] = '\0';
}
