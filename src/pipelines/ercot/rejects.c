/* Lists of what could not be used: see rejects.h. */
#include "pipelines/ercot/rejects.h"

#include "base/utf8.h"

#include <string.h>

const char *er_reason_name(enum er_reason reason)
{
    static const char *const names[ER_REASON_COUNT] = {
        [ER_FINE] = "",
        [ER_BAD_VALUE] = "bad_value",
        [ER_BAD_KEY] = "bad_key",
        [ER_NO_SUCH_HOUR] = "no_such_hour",
        [ER_SKIPPED_HOUR] = "skipped_hour",
        [ER_NOT_REPEATED] = "not_repeated",
        [ER_NO_SUCH_PERIOD] = "no_such_interval",
        [ER_FIELD_COUNT] = "field_count",
        [ER_TOO_LONG] = "too_long",
        [ER_FILE_BAD_ROWS] = "file_bad_rows",
        [ER_FILE_UNKNOWN] = "file_unknown",
        [ER_FILE_NOT_TEXT] = "file_not_text",
        [ER_FILE_DAMAGED] = "file_damaged",
        [ER_FILE_ENCRYPTED] = "file_encrypted",
        [ER_FILE_EMPTY] = "file_empty",
    };
    return names[reason];
}

/* Clean text of at most ER_RAW_MAX bytes of the original, with its length in front. */
static void put_raw(struct qn_buf *list, const char *raw, size_t len)
{
    size_t place = list->len;
    qn_buf_u32(list, 0);
    size_t cut = len < ER_RAW_MAX ? len : ER_RAW_MAX;
    while (cut > 0) { /* qn_utf8_clean stops at a NUL: it is one more byte that is no text */
        size_t run = strnlen(raw, cut);
        qn_utf8_clean(list, raw, run);
        if (run < cut)
            qn_buf_append(list, "\xEF\xBF\xBD", 3);
        run += run < cut;
        raw += run;
        cut -= run;
    }
    if (!list->failed) {
        uint32_t put = (uint32_t)(list->len - place - sizeof put);
        memcpy(list->data + place, &put, sizeof put);
    }
}

void er_reject_put(struct qn_buf *list, const struct er_reject *reject)
{
    qn_buf_u32(list, reject->source);
    qn_buf_u8(list, (uint8_t)reject->reason);
    qn_buf_u64(list, reject->line);
    qn_buf_u64(list, reject->offset);
    qn_buf_u64(list, reject->rows);
    put_raw(list, reject->column, strlen(reject->column));
    put_raw(list, reject->raw, reject->raw_len);
}

bool er_reject_next(struct qn_cursor *in, struct er_reject *reject, struct er_reject_text *text)
{
    if (in->at >= in->len || in->failed)
        return false;
    reject->source = qn_cursor_u32(in);
    uint8_t reason = qn_cursor_u8(in);
    reject->reason = reason < ER_REASON_COUNT ? (enum er_reason)reason : ER_FINE;
    reject->line = qn_cursor_u64(in);
    reject->offset = qn_cursor_u64(in);
    reject->rows = qn_cursor_u64(in);
    qn_cursor_text(in, text->column, sizeof text->column);
    qn_cursor_text(in, text->raw, sizeof text->raw);
    reject->column = text->column;
    reject->raw = text->raw;
    reject->raw_len = strlen(text->raw);
    return !in->failed;
}
