/* The watch over jansson's allocations: see json_memory.h. */
#include "base/json_memory.h"

#include "base/buf.h"
#include "base/sys.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

enum { RESERVE = 1 << 16 };

static atomic_bool lost;

/* What jansson gets when memory has run out, as its reader does not survive that everywhere:
 * in 2.14 a text that could not grow is read beyond its end. What is made of it is given up later.
 */
static _Alignas(max_align_t) uint8_t reserve[RESERVE];
static atomic_size_t reserve_used;

static void *from_reserve(size_t size)
{
    if (size > RESERVE)
        return NULL;
    size_t room = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    size_t at = atomic_fetch_add(&reserve_used, room);
    return at <= RESERVE - room ? reserve + at : NULL;
}

static void *watched_malloc(size_t size)
{
    void *pointer = qn_sys.malloc(size);
    if (pointer)
        return pointer;
    atomic_store(&lost, true);
    return from_reserve(size);
}

static void watched_free(void *pointer)
{
    uintptr_t place = (uintptr_t)pointer;
    if (place < (uintptr_t)reserve || place >= (uintptr_t)reserve + RESERVE)
        free(pointer);
}

void qn_json_watch(void)
{
    json_set_alloc_funcs(watched_malloc, watched_free);
}

bool qn_json_lost(void)
{
    return atomic_load(&lost);
}

void qn_json_watch_anew(void)
{
    atomic_store(&lost, false);
}

enum qn_status qn_json_settle(enum qn_status status, struct qn_error *err)
{
    if (!qn_json_lost())
        return status;
    return qn_fail(err, QN_ERR_MEMORY,
                   "out of memory for a JSON document. Use fewer workers (--jobs) or a larger "
                   "--memory.");
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
