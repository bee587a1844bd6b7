/* A growing byte buffer. Used wherever bytes are put together: records, footers, JSON lines.
 *
 * An allocation failure sets `failed` and makes all later appends do nothing, so that a series
 * of appends needs one check at its end. Zero-initialise, then qn_buf_release.
 */
#ifndef QN_BASE_BUF_H
#define QN_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct qn_buf {
    uint8_t *data;
    size_t len;
    size_t cap;
    bool failed;
};

void qn_buf_release(struct qn_buf *buf);
static inline void qn_buf_clear(struct qn_buf *buf)
{
    buf->len = 0;
    buf->failed = false;
}

/* The same, but that memory ran out is not forgotten: for what is looked at once all is done. */
static inline void qn_buf_rewind(struct qn_buf *buf)
{
    buf->len = 0;
}

/* Makes room for `more` bytes and returns where they start, NULL when out of memory. The length
 * does not change: add to buf->len what was used. */
uint8_t *qn_buf_reserve(struct qn_buf *buf, size_t more);
void qn_buf_append(struct qn_buf *buf, const void *bytes, size_t len);
void qn_buf_printf(struct qn_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Text as one word of a shell command: in single quotes, unless it is plain. */
void qn_buf_shell_word(struct qn_buf *buf, const char *text);
void qn_buf_u8(struct qn_buf *buf, uint8_t value);
void qn_buf_u32(struct qn_buf *buf, uint32_t value); /* little-endian, as all of these */
void qn_buf_u64(struct qn_buf *buf, uint64_t value);
void qn_buf_real(struct qn_buf *buf, double value);
void qn_buf_varint(struct qn_buf *buf, uint64_t value); /* LEB128: 7 bits a byte, lowest first */
void qn_buf_text(struct qn_buf *buf, const char *text); /* u32 length, bytes; no NUL */

/* Reads back what the functions above wrote. Reading past the end sets `failed` and gives 0 or
 * an empty text. */
struct qn_cursor {
    const uint8_t *data;
    size_t len;
    size_t at;
    bool failed;
};

const uint8_t *qn_cursor_bytes(struct qn_cursor *cursor, size_t len); /* NULL past the end */
uint8_t qn_cursor_u8(struct qn_cursor *cursor);
uint32_t qn_cursor_u32(struct qn_cursor *cursor);
uint64_t qn_cursor_u64(struct qn_cursor *cursor);
double qn_cursor_real(struct qn_cursor *cursor);
uint64_t qn_cursor_varint(struct qn_cursor *cursor); /* at most 10 bytes */
/* Copies a text into `out` (NUL-terminated); too long for `size` counts as a failure. */
void qn_cursor_text(struct qn_cursor *cursor, char *out, size_t size);

#endif
