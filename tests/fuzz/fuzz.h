/* What every fuzz target shares. A target is a file fuzz_NAME.c with two functions: one takes any
 * bytes and must come back, one names what a mutator should know.
 *
 * Linked with libFuzzer (make fuzz) a target hunts for days; linked with tests/fuzz/replay.c it
 * runs its corpus and some mutants of it in every test run. Seeds lie in tests/fuzz/corpus/NAME;
 * what ever crashed a target is kept there too.
 */
#ifndef QN_TESTS_FUZZ_H
#define QN_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* One input. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Words of the format, ended by NULL: magic numbers and keys. */
extern const char *const fuzz_words[];

/* The path of a file with these bytes, in memory; the same one every time. */
const char *fuzz_file(const uint8_t *data, size_t size);

/* Ends the process with a message: the target found something that must not be. */
#define FUZZ_REQUIRE(condition)                                                                    \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fuzz_fail(__FILE__, __LINE__, #condition);                                             \
    } while (0)
_Noreturn void fuzz_fail(const char *file, int line, const char *condition);

#endif
