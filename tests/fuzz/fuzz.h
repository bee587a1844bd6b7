/* What every fuzz target shares. A target is a file fuzz_NAME.c with two functions: one takes any
 * bytes and must come back, one names what a mutator should know.
 *
 * Linked with libFuzzer (make fuzz) a target hunts for days; linked with tests/fuzz/replay.c it
 * runs its corpus and some mutants of it in every test run, and must keep to its memory; linked
 * with tests/fuzz/starve.c it runs its corpus again and again while one allocation after another
 * fails, and must neither crash nor lose memory. Seeds lie in tests/fuzz/corpus/NAME; what ever
 * crashed a target is kept there too.
 */
#ifndef QN_TESTS_FUZZ_H
#define QN_TESTS_FUZZ_H

#include <quern/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One input. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Before the first: libFuzzer calls this. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* The dictionary of the format, ended by NULL: magic numbers and keys. */
extern const char *const fuzz_words[];

/* The path of a file with these bytes, in memory; the same one every time. */
const char *fuzz_file(const uint8_t *data, size_t size);

/* The input as something that is read by place; what lies beyond its end is an error. */
struct fuzz_bytes {
    const uint8_t *data;
    size_t size;
};
enum qn_status fuzz_read_at(void *fuzz_bytes, uint64_t offset, void *bytes, size_t len,
                            struct qn_error *err);

/* What a target may have in use at once for an input of n bytes: base + factor * n. A target says
 * so if it is not 16 MiB + 64 n. */
struct fuzz_memory {
    size_t base, factor;
};
extern const struct fuzz_memory fuzz_memory;

/* True while an allocation may have failed: then less is required. */
extern bool fuzz_starved;

/* Ends the process with a message: the target found something that must not be. Goes on in a
 * target that is starved. */
#define FUZZ_REQUIRE(condition)                                                                    \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fuzz_fail(__FILE__, __LINE__, #condition);                                             \
    } while (0)
void fuzz_fail(const char *file, int line, const char *condition);

#endif
