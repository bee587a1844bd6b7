/* Allocations that fail once some have succeeded, for tests that every failure is told. */
#ifndef QN_TESTS_SCARCE_H
#define QN_TESTS_SCARCE_H

#include "base/sys.h"

#include <stdlib.h>

static int scarce_left;

static inline void *scarce_malloc(size_t size)
{
    return scarce_left-- > 0 ? malloc(size) : NULL;
}

static inline void *scarce_calloc(size_t count, size_t size)
{
    return scarce_left-- > 0 ? calloc(count, size) : NULL;
}

static inline void *scarce_realloc(void *pointer, size_t size)
{
    return scarce_left-- > 0 ? realloc(pointer, size) : NULL;
}

/* From now on `left` allocations succeed. Returns the system calls as they were, to be put back. */
static inline struct qn_sys scarce(int left)
{
    struct qn_sys before = qn_sys;
    scarce_left = left;
    qn_sys.malloc = scarce_malloc;
    qn_sys.calloc = scarce_calloc;
    qn_sys.realloc = scarce_realloc;
    return before;
}

#endif
