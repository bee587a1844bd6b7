/* A malloc that counts: see heap.h. The C library's own functions do the work. Counters are atomic,
 * as threads may allocate too. */
#include "heap.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#if defined(__SANITIZE_ADDRESS__)

size_t __sanitizer_get_current_allocated_bytes(void); /* GCC has no header for it */

size_t heap_live(void)
{
    return __sanitizer_get_current_allocated_bytes();
}

void heap_begin(void)
{
}

size_t heap_most(void)
{
    return 0;
}

#else

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *pointer, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *pointer);

static _Atomic size_t live, most, start;

static void *count(void *pointer)
{
    size_t now = atomic_fetch_add(&live, malloc_usable_size(pointer)) + malloc_usable_size(pointer);
    size_t before = atomic_load(&most);
    while (now > before && !atomic_compare_exchange_weak(&most, &before, now))
        ;
    return pointer;
}

void *malloc(size_t size)
{
    return count(__libc_malloc(size));
}

void free(void *pointer)
{
    atomic_fetch_sub(&live, malloc_usable_size(pointer));
    __libc_free(pointer);
}

void *calloc(size_t n, size_t size)
{
    return count(__libc_calloc(n, size));
}

void *realloc(void *pointer, size_t size)
{
    size_t before = malloc_usable_size(pointer);
    void *moved = __libc_realloc(pointer, size);
    if (!moved && size > 0)
        return NULL;
    atomic_fetch_sub(&live, before);
    return count(moved);
}

void *memalign(size_t alignment, size_t size)
{
    return count(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **pointer, size_t alignment, size_t size)
{
    *pointer = memalign(alignment, size);
    return *pointer ? 0 : ENOMEM;
}

size_t heap_live(void)
{
    return atomic_load(&live);
}

void heap_begin(void)
{
    atomic_store(&start, atomic_load(&live));
    atomic_store(&most, atomic_load(&live));
}

size_t heap_most(void)
{
    return atomic_load(&most) - atomic_load(&start);
}

#endif
