/* Distinct texts of a column and their ids. Market files repeat the same names in the same order,
 * so each text remembers which came after it last time: most look-ups are one comparison.
 */
#ifndef QN_PIPELINES_ERCOT_TEXTS_H
#define QN_PIPELINES_ERCOT_TEXTS_H

#include "base/buf.h"

#include <string.h>

#define ER_NO_TEXT UINT32_MAX

struct er_text {
    uint32_t place; /* in `bytes` */
    uint32_t len;
    uint32_t next; /* id of the text that came after it, or ER_NO_TEXT */
};

struct er_texts {
    struct qn_buf bytes;
    struct qn_buf entries; /* struct er_text */
    uint32_t count;
    uint32_t last;   /* id looked up before, or ER_NO_TEXT */
    uint32_t before; /* id before the one that was added last, or ER_NO_TEXT */
    uint32_t *slots;
    size_t slot_count;
};

void er_texts_init(struct er_texts *texts);
void er_texts_release(struct er_texts *texts);
void er_texts_clear(struct er_texts *texts);

static inline const struct er_text *er_text_at(const struct er_texts *texts, uint32_t id)
{
    return (const struct er_text *)(const void *)texts->entries.data + id;
}

static inline const char *er_text_bytes(const struct er_texts *texts, uint32_t id)
{
    return (const char *)texts->bytes.data + er_text_at(texts, id)->place;
}

/* The id of a text, which is added if it is new and `*added` set. ER_NO_TEXT when out of memory.
 * The slow way; er_texts_id is the one to call. */
uint32_t er_texts_look_up(struct er_texts *texts, const char *text, uint32_t len, bool *added);

/* memcmp(a, b, len) == 0 without a call: names and dates are short. */
static inline bool er_same_bytes(const void *a, const void *b, size_t len)
{
    const uint8_t *x = a, *y = b;
    uint64_t p, q;
    uint32_t r, s;
    for (; len > 8; x += 8, y += 8, len -= 8) {
        memcpy(&p, x, 8);
        memcpy(&q, y, 8);
        if (p != q)
            return false;
    }
    if (len >= 4) { /* first and last four, which may overlap */
        memcpy(&r, x, 4);
        memcpy(&s, y, 4);
        uint32_t differ = r ^ s;
        memcpy(&r, x + len - 4, 4);
        memcpy(&s, y + len - 4, 4);
        return (differ | (r ^ s)) == 0;
    }
    while (len > 0 && *x == *y) {
        x++;
        y++;
        len--;
    }
    return len == 0;
}

static inline uint32_t er_texts_id(struct er_texts *texts, const char *text, uint32_t len,
                                   bool *added)
{
    *added = false;
    if (texts->last != ER_NO_TEXT) {
        uint32_t guess = er_text_at(texts, texts->last)->next;
        if (guess != ER_NO_TEXT) {
            const struct er_text *entry = er_text_at(texts, guess);
            if (entry->len == len && er_same_bytes(texts->bytes.data + entry->place, text, len)) {
                texts->last = guess;
                return guess;
            }
        }
    }
    return er_texts_look_up(texts, text, len, added);
}

/* Removes the text added last: it turned out not to be fit for storing. */
void er_texts_forget_last(struct er_texts *texts);

/* Place of every text in ascending order of bytes: ranks[id], and back: order[rank]. Both made
 * with malloc, `count` long; false when out of memory. */
bool er_texts_rank(const struct er_texts *texts, uint32_t **ranks, uint32_t **order);

#endif
