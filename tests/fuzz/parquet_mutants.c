/* Damages Parquet files in memory, most of all behind their footers, and gives what is left to the
 * fuzz target fuzz_parquet.c: no mutant may crash it or take more than ten seconds. A mutant is a
 * function of the file, the seed and its number, so that any of them can be made again.
 *
 *   parquet_mutants SEED FIRST COUNT FILE...     prints how many were read, and the memory it took
 */
#include "fuzz.h"

#include "base/io.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECONDS 10 /* for one mutant, with sanitizers */

struct random {
    uint64_t state;
};

static uint64_t next(struct random *random) /* splitmix64 */
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint64_t below(struct random *random, uint64_t end)
{
    return end ? next(random) % end : 0;
}

static char current[256]; /* for the message of a crash or a hang */

static void tell(int sig)
{
    static const char what[] = "\nparquet_mutants: a mutant crashed or took too long: ";
    if (write(2, what, sizeof what - 1) > 0 && write(2, current, strlen(current)) > 0)
        _exit(sig == SIGALRM ? 97 : 98);
    _exit(99);
}

/* ---- mutants -------------------------------------------------------------------------------- */

static const uint8_t nasty[] = {0x00, 0x01, 0x7f, 0x80, 0xff, 0xfe, 0x3f, 0x15, 0x16, 0x19, 0x1c};

/* A fifth of the changes go to the footer, where a byte means more. */
static size_t place(struct random *random, const uint8_t *bytes, size_t len)
{
    uint32_t footer = 0;
    if (len > 12)
        memcpy(&footer, bytes + len - 8, sizeof footer);
    bool there = footer > 0 && footer < len - 8;
    if (there && below(random, 5) == 0)
        return len - 8 - footer + below(random, footer + 8u);
    return below(random, len);
}

static void move_bytes(struct random *random, struct qn_buf *file, size_t at)
{
    size_t room = file->len - at;
    size_t len = below(random, room < 64 ? room + 1 : 64);
    memmove(file->data + at, file->data + below(random, file->len - len), len);
}

static void take_out(struct random *random, struct qn_buf *file, size_t at)
{
    size_t room = file->len - at;
    size_t len = below(random, room < 32 ? room : 32);
    memmove(file->data + at, file->data + at + len, room - len);
    file->len -= len;
}

static void put_in(struct random *random, struct qn_buf *file, size_t at)
{
    uint64_t value = next(random);
    qn_buf_append(file, &value, sizeof value);
    memmove(file->data + at + sizeof value, file->data + at, file->len - sizeof value - at);
    memcpy(file->data + at, &value, sizeof value);
}

static void change(struct random *random, struct qn_buf *file)
{
    size_t at = place(random, file->data, file->len);
    size_t room = file->len - at;
    switch (below(random, 7)) {
    case 0:
        file->data[at] ^= (uint8_t)(1u << below(random, 8));
        break;
    case 1:
        file->data[at] = (uint8_t)next(random);
        break;
    case 2:
        file->data[at] = nasty[below(random, sizeof nasty)];
        break;
    case 3: /* a varint of the greatest kind */
        memset(file->data + at, 0xff, room < 9 ? room : 9);
        break;
    case 4:
        move_bytes(random, file, at);
        break;
    case 5:
        take_out(random, file, at);
        break;
    default:
        put_in(random, file, at);
    }
}

static void mutate(const struct qn_buf *original, uint64_t seed, uint64_t number,
                   struct qn_buf *file)
{
    struct random random = {seed * 1000003 + number};
    qn_buf_clear(file);
    qn_buf_append(file, original->data, original->len);
    for (uint64_t n = 1 + below(&random, 3); n > 0 && file->len > 8; n--)
        change(&random, file);
    if (below(&random, 20) == 0)
        file->len = below(&random, file->len);
}

/* The high-water mark of this program alone; getrusage counts what the parent had at fork as well.
 */
static long peak_mib(void)
{
    char line[256];
    long kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, "VmHWM:", 6))
            kib = strtol(line + 6, NULL, 10);
    if (file)
        fclose(file);
    return kib / 1024;
}

/* ---- the campaign ---------------------------------------------------------------------------- */

static int fuzz(char **paths, int path_count, uint64_t seed, uint64_t first, uint64_t count)
{
    struct qn_buf original = {0}, mutant = {0};
    int loaded = -1;
    for (uint64_t n = first; n < first + count; n++) {
        int file = (int)((n / 20) % (uint64_t)path_count);
        if (file != loaded) {
            qn_buf_clear(&original);
            if (qn_read_file(paths[file], &original, 64u << 20, NULL))
                return 1;
            loaded = file;
        }
        snprintf(current, sizeof current, "seed %llu, number %llu of %.150s\n",
                 (unsigned long long)seed, (unsigned long long)n, paths[file]);
        mutate(&original, seed, n, &mutant);
        alarm(SECONDS);
        LLVMFuzzerTestOneInput(mutant.data, mutant.len);
        alarm(0);
    }
    printf("%llu mutants read; %ld MiB at most\n", (unsigned long long)count, peak_mib());
    qn_buf_release(&original);
    qn_buf_release(&mutant);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "usage: parquet_mutants SEED FIRST COUNT FILE...\n");
        return 2;
    }
    signal(SIGALRM, tell);
    signal(SIGABRT, tell);
#if !defined(__SANITIZE_ADDRESS__)
    signal(SIGSEGV, tell);
#endif
    return fuzz(argv + 4, argc - 4, strtoull(argv[1], NULL, 10), strtoull(argv[2], NULL, 10),
                strtoull(argv[3], NULL, 10));
}
