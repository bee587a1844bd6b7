/* Choice of the vector variant: see cpu.h. */
#include "compute/cpu.h"

#include <stdatomic.h>

/* One more than the variant, so that 0 means "not chosen yet". */
static atomic_int chosen;

/* Whether this machine and this build (x86-64 only) run the variant. */
static bool usable(enum qn_cpu cpu)
{
    switch (cpu) {
    case QN_CPU_GENERIC:
        return true;
#if defined(__x86_64__)
    case QN_CPU_AVX2:
        return __builtin_cpu_supports("avx2");
    case QN_CPU_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#endif
    default:
        return false;
    }
}

enum qn_cpu qn_cpu_variant(void)
{
    int known = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (known)
        return (enum qn_cpu)(known - 1);
    int best = QN_CPU_COUNT - 1;
    while (!usable((enum qn_cpu)best))
        best--;
    atomic_store_explicit(&chosen, best + 1, memory_order_relaxed);
    return (enum qn_cpu)best;
}

bool qn_cpu_force(enum qn_cpu cpu)
{
    if (!usable(cpu))
        return false;
    atomic_store_explicit(&chosen, (int)cpu + 1, memory_order_relaxed);
    return true;
}

const char *qn_cpu_name(enum qn_cpu cpu)
{
    static const char *const names[QN_CPU_COUNT] = {"generic", "avx2", "avx512"};
    return (unsigned)cpu < QN_CPU_COUNT ? names[cpu] : "unknown";
}
