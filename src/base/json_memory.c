/* The watch over jansson's allocations: see json_memory.h. */
#include "base/json_memory.h"

#include "base/sys.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_bool lost;

static void *watched_malloc(size_t size)
{
    void *pointer = qn_sys.malloc(size);
    if (!pointer)
        atomic_store(&lost, true);
    return pointer;
}

void qn_json_watch(void)
{
    json_set_alloc_funcs(watched_malloc, free);
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
