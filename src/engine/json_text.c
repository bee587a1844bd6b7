/* Makes any bytes presentable as a JSON string: see json_text.h. */
#include "engine/json_text.h"

#include "base/buf.h"

#include <string.h>

/* Length of the UTF-8 sequence at `p` (RFC 3629: shortest form, no surrogates, up to U+10FFFF), 0
 * if there is none. The NUL at the end of the text is no continuation byte and stops it. */
static size_t sequence_length(const uint8_t *p)
{
    static const struct {
        uint8_t first_min, first_max;   /* of the first byte */
        uint8_t second_min, second_max; /* of the second; the others are 80 to BF */
        uint8_t length;
    } forms[] = {
        {0x01, 0x7f, 0x00, 0xff, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (p[0] < forms[i].first_min || p[0] > forms[i].first_max)
            continue;
        if (forms[i].length > 1 && (p[1] < forms[i].second_min || p[1] > forms[i].second_max))
            return 0;
        for (size_t k = 2; k < forms[i].length; k++) {
            if (p[k] < 0x80 || p[k] > 0xbf)
                return 0;
        }
        return forms[i].length;
    }
    return 0;
}

json_t *qn_json_text(const char *text)
{
    json_t *json = json_string(text);
    if (json)
        return json;
    struct qn_buf clean = {0};
    for (const uint8_t *p = (const uint8_t *)text; *p;) {
        size_t len = sequence_length(p);
        if (len)
            qn_buf_append(&clean, p, len);
        else
            qn_buf_append(&clean, "\xef\xbf\xbd", 3);
        p += len ? len : 1;
    }
    if (!clean.failed)
        json = json_stringn((const char *)clean.data, clean.len);
    qn_buf_release(&clean);
    return json;
}
