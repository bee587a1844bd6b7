/* Runs a fuzz target without libFuzzer: every file of its corpus, then mutants of them for a time.
 *
 *   replay_NAME CORPUS [SECONDS [SEED]]
 *
 * Mutants are made by a counter-based generator, so that SEED and the number that is printed when
 * something goes wrong are enough to see it again. The input is kept in NAME.crash before it is
 * tried. Memory is limited to what the target allows itself, so that a length that is believed
 * shows. */
#include "fuzz.h"
#include "heap.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MOST_SEEDS 4096
#define MOST_BYTES (1u << 20)
#define PATIENCE_S 20           /* for one input */
#define MEMORY     (2ull << 30) /* address space; far more than any small input should need */

struct seed {
    uint8_t *bytes;
    size_t size;
};

static struct seed seeds[MOST_SEEDS];
static size_t seed_count;
static uint64_t state;
static char crash_path[PATH_MAX];
static size_t most_used; /* by any input */

static uint64_t next_random(void)
{
    uint64_t x = state += 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

static size_t below(size_t limit)
{
    return limit ? (size_t)(next_random() % limit) : 0;
}

static void load(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    while (dir && (entry = readdir(dir)) && seed_count < MOST_SEEDS) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "rb");
        if (!file)
            continue;
        struct seed *seed = &seeds[seed_count];
        seed->bytes = malloc(MOST_BYTES);
        if (!seed->bytes)
            exit(1);
        seed->size = fread(seed->bytes, 1, MOST_BYTES, file);
        seed_count++;
        fclose(file);
    }
    if (dir)
        closedir(dir);
}

/* Tries an input that fills its allocation exactly, so that a sanitizer sees every byte beyond. */
static void try_input(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        exit(1);
    memcpy(copy, bytes, size);
    alarm(PATIENCE_S);
    heap_begin();
    LLVMFuzzerTestOneInput(copy, size);
    size_t used = heap_most();
    size_t allowed = fuzz_memory.base + fuzz_memory.factor * size;
    alarm(0);
    free(copy);
    if (used > allowed) {
        fprintf(stderr, "an input of %zu bytes took %zu bytes of memory, %zu are allowed\n", size,
                used, allowed);
        abort();
    }
    most_used = used > most_used ? used : most_used;
}

static const char *a_word(void)
{
    size_t count = 0;
    while (fuzz_words[count])
        count++;
    return count ? fuzz_words[below(count)] : "";
}

/* Numbers that are wrong in ways programs often miss. */
static void put_number(uint8_t *at, size_t room)
{
    static const uint64_t numbers[] = {0,
                                       1,
                                       0x7F,
                                       0x80,
                                       0xFF,
                                       0x7FFF,
                                       0x8000,
                                       0xFFFF,
                                       0x7FFFFFFF,
                                       0x80000000,
                                       0xFFFFFFFF,
                                       UINT64_MAX,
                                       0x7FFFFFFFFFFFFFFF};
    uint64_t number = numbers[below(sizeof numbers / sizeof *numbers)];
    size_t width = (size_t)1 << below(4);
    bool big = below(2);
    for (size_t i = 0; i < width && i < room; i++)
        at[i] = (uint8_t)(number >> 8 * (big ? width - 1 - i : i));
}

/* Puts `len` bytes before place `at`; returns the new size. */
static size_t insert(uint8_t *bytes, size_t size, size_t at, const void *what, size_t len)
{
    if (size + len > MOST_BYTES)
        return size;
    memmove(bytes + at + len, bytes + at, size - at);
    memcpy(bytes + at, what, len);
    return size + len;
}

static size_t mutate_once(uint8_t *bytes, size_t size)
{
    const struct seed *other = &seeds[below(seed_count)];
    size_t at = below(size + 1);
    size_t len = below(size - at + 1);
    const char *word = a_word();
    switch (below(8)) {
    case 0: /* a bit */
        if (at < size)
            bytes[at] ^= (uint8_t)(1u << below(8));
        return size;
    case 1: /* a byte */
        if (at < size)
            bytes[at] = (uint8_t)next_random();
        return size;
    case 2:
        put_number(bytes + at, size - at);
        return size;
    case 3: /* an end */
        return at;
    case 4: /* a hole */
        memmove(bytes + at, bytes + at + len, size - at - len);
        return size - len;
    case 5:
        return insert(bytes, size, at, word, strlen(word));
    case 6: { /* a piece of another seed */
        size_t from = below(other->size);
        size_t piece = below(other->size - from + 1);
        return insert(bytes, size, at, other->bytes + from, piece < 4096 ? piece : 4096);
    }
    default: /* a piece twice */
        return insert(bytes, size, at, memcpy(bytes + MOST_BYTES, bytes + at, len), len);
    }
}

static void keep(const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(crash_path, "wb");
    if (file) {
        fwrite(bytes, 1, size, file);
        fclose(file);
    }
}

static uint64_t fuzz(double seconds, uint64_t first_state)
{
    uint8_t *bytes = malloc(2 * MOST_BYTES);
    struct timespec begin;
    struct timespec now;
    uint64_t tried = 0;
    if (!bytes)
        exit(1);
    state = first_state;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    do {
        const struct seed *seed = &seeds[below(seed_count)];
        size_t size = seed->size;
        memcpy(bytes, seed->bytes, size);
        for (size_t n = 1 + below(6); n > 0; n--)
            size = mutate_once(bytes, size);
        keep(bytes, size);
        try_input(bytes, size);
        tried++;
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((double)(now.tv_sec - begin.tv_sec) + 1e-9 * (double)(now.tv_nsec - begin.tv_nsec) <
             seconds);
    unlink(crash_path);
    free(bytes);
    return tried;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fputs("usage: replay_NAME CORPUS [SECONDS [SEED]]\n", stderr);
        return 2;
    }
#if !defined(__SANITIZE_ADDRESS__)
    struct rlimit limit = {MEMORY, MEMORY};
    setrlimit(RLIMIT_AS, &limit);
#endif
    const char *name = strrchr(argv[0], '/');
    snprintf(crash_path, sizeof crash_path, "%s.crash", name ? name + 1 : argv[0]);
    load(argv[1]);
    if (seed_count == 0) {
        fprintf(stderr, "%s: no seeds\n", argv[1]);
        return 1;
    }
    for (size_t i = 0; i < seed_count; i++)
        try_input(seeds[i].bytes, seeds[i].size);
    uint64_t tried =
        fuzz(argc > 2 ? strtod(argv[2], NULL) : 1, argc > 3 ? strtoull(argv[3], NULL, 10) : 1);
    printf("%zu seeds and %llu mutants survived, with at most %zu KiB of memory\n", seed_count,
           (unsigned long long)tried, most_used >> 10);
    for (size_t i = 0; i < seed_count; i++)
        free(seeds[i].bytes);
    return 0;
}
