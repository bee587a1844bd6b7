/* Runs the corpus of a fuzz target while one allocation after another fails: the target's code must
 * come back with an error, without a crash and with nothing lost.
 *
 *   starve_NAME CORPUS [MOST]
 *
 * For every seed, allocation 1, 2, 3 ... of all that are made through the seam fails, once; with
 * MOST, about so many of them, evenly spread. */
#include "fuzz.h"

#include "../fault/saboteur.h"
#include "heap.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_BYTES (1u << 20)
#define PATIENCE_S 60 /* for one run */

static uint64_t tried, seeds;

/* True if an allocation was hit. */
static bool run_once(const uint8_t *bytes, size_t size, const char *name, uint64_t n)
{
    static const struct plot plot = {CALL_ALLOCATION, ENOMEM, SABOTAGE_ONCE};
    size_t before = heap_live();
    alarm(PATIENCE_S);
    saboteur_arm(&plot, n);
    LLVMFuzzerTestOneInput(bytes, size);
    bool struck = saboteur_struck();
    saboteur_arm(&plot, 0);
    alarm(0);
    if (heap_live() != before) {
        fprintf(stderr, "%s: %zu bytes are lost when allocation %llu fails\n", name,
                heap_live() - before, (unsigned long long)n);
        exit(1);
    }
    return struck;
}

static uint64_t count_allocations(const uint8_t *bytes, size_t size)
{
    static const struct plot plot = {CALL_ALLOCATION, ENOMEM, SABOTAGE_ONCE};
    saboteur_arm(&plot, UINT64_MAX);
    LLVMFuzzerTestOneInput(bytes, size);
    return saboteur_count();
}

static void starve(const char *path, uint64_t most)
{
    uint8_t *bytes = malloc(MOST_BYTES);
    FILE *file = fopen(path, "rb");
    if (!bytes || !file) {
        perror(path);
        exit(1);
    }
    size_t size = fread(bytes, 1, MOST_BYTES, file);
    fclose(file);
    uint64_t calls = count_allocations(bytes, size); /* what is made once and kept, is made here */
    uint64_t step = most && calls > most ? calls / most : 1;
    for (uint64_t n = 1; run_once(bytes, size, path, n); n += step)
        tried++;
    seeds++;
    free(bytes);
}

int main(int argc, char **argv)
{
    char path[PATH_MAX];
    if (argc < 2) {
        fputs("usage: starve_NAME CORPUS [MOST]\n", stderr);
        return 2;
    }
    DIR *dir = opendir(argv[1]);
    saboteur_enter();
    fuzz_starved = true;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        starve(path, argc > 2 ? strtoull(argv[2], NULL, 10) : 0);
    }
    if (dir)
        closedir(dir);
    printf("%llu failing allocations in %llu seeds survived\n", (unsigned long long)tried,
           (unsigned long long)seeds);
    return seeds == 0;
}
