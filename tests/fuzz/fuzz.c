/* What every fuzz target shares: see fuzz.h. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

bool fuzz_starved;

__attribute__((weak)) const struct fuzz_memory fuzz_memory = {16u << 20, 64};

void fuzz_fail(const char *file, int line, const char *condition)
{
    if (fuzz_starved)
        return;
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
    abort();
}

/* For libFuzzer, which wants its words from a file: with FUZZ_WORDS set they are printed as one. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    if (!getenv("FUZZ_WORDS"))
        return 0;
    for (const char *const *word = fuzz_words; *word; word++) {
        putchar('"');
        for (const char *c = *word; *c; c++)
            printf("\\x%02x", (unsigned char)*c);
        puts("\"");
    }
    exit(0);
}

enum qn_status fuzz_read_at(void *fuzz_bytes, uint64_t offset, void *bytes, size_t len,
                            struct qn_error *err)
{
    const struct fuzz_bytes *from = fuzz_bytes;
    if (offset > from->size || len > from->size - offset)
        return qn_fail(err, QN_ERR_INPUT, "beyond the end");
    memcpy(bytes, from->data + offset, len);
    return QN_OK;
}

const char *fuzz_file(const uint8_t *data, size_t size)
{
    static char path[64];
    static int fd = -1;
    if (fd < 0)
        fd = memfd_create("mutant", MFD_CLOEXEC);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    return path;
}
