/* Makes any bytes presentable as a JSON string, and writes JSON: see json_text.h. */
#include "engine/json_text.h"

#include "base/buf.h"
#include "base/utf8.h"

#include <string.h>

json_t *qn_json_text(const char *text)
{
    json_t *json = json_string(text);
    if (json)
        return json;
    struct qn_buf clean = {0};
    qn_utf8_clean(&clean, text, strlen(text));
    if (!clean.failed)
        json = json_stringn((const char *)clean.data, clean.len);
    qn_buf_release(&clean);
    return json;
}

static int append(const char *bytes, size_t len, void *text)
{
    qn_buf_append(text, bytes, len);
    return 0; /* a failure stays in the buffer, where it cannot be lost */
}

char *qn_json_dump(const json_t *value, size_t flags)
{
    struct qn_buf text = {0};
    int result = json_dump_callback(value, append, &text, flags);
    qn_buf_u8(&text, '\0');
    if (result == 0 && !text.failed)
        return (char *)text.data;
    qn_buf_release(&text);
    return NULL;
}
