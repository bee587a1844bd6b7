/* "Did you mean ...?": the known name nearest to one that was mistyped. */
#ifndef QN_BASE_NEAREST_H
#define QN_BASE_NEAREST_H

#include <stddef.h>

struct qn_nearest {
    const char *word; /* as typed; borrowed, as are the names */
    const char *best; /* of those tried; NULL: none is near */
    unsigned distance;
};

static inline struct qn_nearest qn_nearest_to(const char *word)
{
    return (struct qn_nearest){.word = word, .best = NULL, .distance = 0};
}

/* Considers one known name. Near is what at most a third of the letters, inserted, left out,
 * changed or swapped with their neighbour, make of the word. */
void qn_nearest_try(struct qn_nearest *nearest, const char *name);

/* " Did you mean 'NAME'?", or nothing, in text[128]. Returns text. */
const char *qn_nearest_hint(const struct qn_nearest *nearest, char text[128]);

#endif
