/* What every fuzz target shares: see fuzz.h. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

bool fuzz_starved;

__attribute__((weak)) const struct fuzz_memory fuzz_memory = {16u << 20, 64};

void fuzz_fail(const char *file, int line, const char *condition)
{
    if (fuzz_starved)
        return;
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
    abort();
}
