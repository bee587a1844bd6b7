/* Distinct texts and their ids: see texts.h. */
#include "pipelines/ercot/texts.h"

#include "base/sys.h"

#include <stdlib.h>
#include <xxhash.h>

enum { SLOTS = 1024 };

void er_texts_init(struct er_texts *texts)
{
    *texts = (struct er_texts){.last = ER_NO_TEXT};
}

void er_texts_release(struct er_texts *texts)
{
    qn_buf_release(&texts->bytes);
    qn_buf_release(&texts->entries);
    free(texts->slots);
    er_texts_init(texts);
}

void er_texts_clear(struct er_texts *texts)
{
    qn_buf_clear(&texts->bytes);
    qn_buf_clear(&texts->entries);
    texts->count = 0;
    texts->last = ER_NO_TEXT;
    if (texts->slots)
        memset(texts->slots, 0, texts->slot_count * sizeof *texts->slots);
}

static size_t find(const struct er_texts *texts, const char *text, uint32_t len)
{
    size_t slot = XXH3_64bits(text, len) & (texts->slot_count - 1);
    for (; texts->slots[slot]; slot = (slot + 1) & (texts->slot_count - 1)) {
        const struct er_text *entry = er_text_at(texts, texts->slots[slot] - 1);
        if (entry->len == len && memcmp(texts->bytes.data + entry->place, text, len) == 0)
            break;
    }
    return slot;
}

static bool enlarge(struct er_texts *texts)
{
    size_t count = texts->slot_count ? texts->slot_count * 4 : SLOTS;
    uint32_t *slots = qn_sys.calloc(count, sizeof *slots);
    if (!slots)
        return false;
    free(texts->slots);
    texts->slots = slots;
    texts->slot_count = count;
    for (uint32_t id = 0; id < texts->count; id++)
        slots[find(texts, er_text_bytes(texts, id), er_text_at(texts, id)->len)] = id + 1;
    return true;
}

static uint32_t add(struct er_texts *texts, size_t slot, const char *text, uint32_t len)
{
    struct er_text entry = {(uint32_t)texts->bytes.len, len, ER_NO_TEXT};
    if (texts->bytes.len > UINT32_MAX - len)
        return ER_NO_TEXT;
    qn_buf_append(&texts->bytes, text, len);
    qn_buf_append(&texts->entries, &entry, sizeof entry);
    if (texts->bytes.failed || texts->entries.failed)
        return ER_NO_TEXT;
    texts->slots[slot] = ++texts->count;
    return texts->count - 1;
}

uint32_t er_texts_look_up(struct er_texts *texts, const char *text, uint32_t len, bool *added)
{
    if ((size_t)texts->count * 2 >= texts->slot_count && !enlarge(texts))
        return ER_NO_TEXT;
    size_t slot = find(texts, text, len);
    uint32_t id = texts->slots[slot] ? texts->slots[slot] - 1 : ER_NO_TEXT;
    *added = id == ER_NO_TEXT;
    if (*added) {
        texts->before = texts->last;
        id = add(texts, slot, text, len);
    }
    if (id != ER_NO_TEXT && texts->last != ER_NO_TEXT)
        ((struct er_text *)(void *)texts->entries.data)[texts->last].next = id;
    texts->last = id;
    return id;
}

void er_texts_forget_last(struct er_texts *texts)
{
    uint32_t id = texts->count - 1;
    const struct er_text *entry = er_text_at(texts, id);
    struct er_text *entries = (struct er_text *)(void *)texts->entries.data;
    texts->slots[find(texts, er_text_bytes(texts, id), entry->len)] = 0;
    texts->bytes.len = entry->place;
    texts->entries.len -= sizeof *entries;
    texts->count = id;
    texts->last = ER_NO_TEXT;
    if (texts->before != ER_NO_TEXT)
        entries[texts->before].next = ER_NO_TEXT;
}

static int by_bytes(const void *a, const void *b, void *context)
{
    const struct er_texts *texts = context;
    const struct er_text *x = er_text_at(texts, *(const uint32_t *)a);
    const struct er_text *y = er_text_at(texts, *(const uint32_t *)b);
    uint32_t len = x->len < y->len ? x->len : y->len;
    int order = len ? memcmp(texts->bytes.data + x->place, texts->bytes.data + y->place, len) : 0;
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

bool er_texts_rank(const struct er_texts *texts, uint32_t **ranks, uint32_t **order)
{
    *ranks = qn_sys.malloc((texts->count + 1u) * sizeof **ranks);
    *order = qn_sys.malloc((texts->count + 1u) * sizeof **order);
    if (!*ranks || !*order) {
        free(*ranks);
        free(*order);
        *ranks = *order = NULL;
        return false;
    }
    for (uint32_t i = 0; i < texts->count; i++)
        (*order)[i] = i;
    qsort_r(*order, texts->count, sizeof **order, by_bytes, (void *)texts);
    for (uint32_t i = 0; i < texts->count; i++)
        (*ranks)[(*order)[i]] = i;
    return true;
}
