/* Which of the vector variants of a kernel runs. Every kernel of src/compute that has variants
 * asks here, so that a test or a bench forces all of them at once. */
#ifndef QN_COMPUTE_CPU_H
#define QN_COMPUTE_CPU_H

#include <stdbool.h>

enum qn_cpu { QN_CPU_GENERIC, QN_CPU_AVX2, QN_CPU_AVX512, QN_CPU_COUNT };

/* The variant in use: the best one this machine runs, found at the first call. Every variant of
 * a kernel gives the same bits. */
enum qn_cpu qn_cpu_variant(void);

/* "generic", "avx2", "avx512". */
const char *qn_cpu_name(enum qn_cpu cpu);

/* Makes `cpu` the variant in use from now on, in all threads; false and no change when this
 * machine cannot run it. For tests and benches. */
bool qn_cpu_force(enum qn_cpu cpu);

#endif
