/* Well-formed UTF-8: see utf8.h. */
#include "base/utf8.h"

#include <string.h>

/* Table 3-7 of the Unicode standard: by the first byte, the length and the range of the second
 * byte; all later bytes are 80..BF. C2 begins at A0 here, which leaves out the C1 controls. */
static const struct {
    uint8_t first, last, length, low, high;
} sequences[] = {
    {0x09, 0x0a, 1, 0, 0},       {0x20, 0x7e, 1, 0, 0},       {0xc2, 0xc2, 2, 0xa0, 0xbf},
    {0xc3, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf}, {0xe1, 0xec, 3, 0x80, 0xbf},
    {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf}, {0xf0, 0xf0, 4, 0x90, 0xbf},
    {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

size_t qn_utf8_length(const char *text, size_t len)
{
    const uint8_t *bytes = (const uint8_t *)text;
    for (size_t i = 0; len > 0 && i < sizeof sequences / sizeof *sequences; i++) {
        size_t length = sequences[i].length;
        if (bytes[0] < sequences[i].first || bytes[0] > sequences[i].last)
            continue;
        if (length > len ||
            (length > 1 && (bytes[1] < sequences[i].low || bytes[1] > sequences[i].high)))
            return 0;
        for (size_t k = 2; k < length; k++) {
            if (bytes[k] < 0x80 || bytes[k] > 0xbf)
                return 0;
        }
        return length;
    }
    return 0;
}

void qn_utf8_clean(struct qn_buf *out, const char *text, size_t len)
{
    len = strnlen(text, len);
    for (size_t at = 0; at < len;) {
        size_t length = qn_utf8_length(text + at, len - at);
        if (length > 0)
            qn_buf_append(out, text + at, length);
        else
            qn_buf_append(out, "\xef\xbf\xbd", 3);
        at += length ? length : 1;
    }
}
