/* Distance of Damerau and Levenshtein, restricted to adjacent swaps: see nearest.h. */
#include "base/nearest.h"

#include <stdio.h>
#include <string.h>

#define LONGEST 63u

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static unsigned distance(const char *a, const char *b)
{
    unsigned rows[3][LONGEST + 1]; /* of the table, the last three */
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);
    for (unsigned j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a_len; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        row[0] = i;
        for (unsigned j = 1; j <= b_len; j++) {
            row[j] = least(above[j - 1] + (a[i - 1] != b[j - 1]), least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

void qn_nearest_try(struct qn_nearest *nearest, const char *name)
{
    size_t len = strlen(nearest->word);
    if (len == 0 || len > LONGEST || strlen(name) > LONGEST)
        return;
    unsigned d = distance(nearest->word, name);
    if (d > (len + 2) / 3 || (nearest->best && d >= nearest->distance))
        return;
    nearest->best = name;
    nearest->distance = d;
}

const char *qn_nearest_hint(const struct qn_nearest *nearest, char text[128])
{
    text[0] = '\0';
    if (nearest->best)
        snprintf(text, 128, " Did you mean '%s'?", nearest->best);
    return text;
}
