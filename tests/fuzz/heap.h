/* The heap as a whole, every library's share included: how much is in use, and the most that was
 * since a moment. Linked into test programs, which it gives a malloc that counts; in a build with
 * AddressSanitizer, whose own malloc stays, only what is in use is known. */
#ifndef QN_TESTS_HEAP_H
#define QN_TESTS_HEAP_H

#include <stddef.h>

/* Bytes in use. */
size_t heap_live(void);

/* From now on the most is measured anew. */
void heap_begin(void);

/* The most bytes in use since then, beyond those that were; 0 where it is not known. */
size_t heap_most(void);

#endif
