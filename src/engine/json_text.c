/* Makes any bytes presentable as a JSON string: see json_text.h. */
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
