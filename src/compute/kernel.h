/* How one loop becomes three: the body is written once in plain C, forced inline into a copy for
 * each CPU variant, and the compiler vectorises each for its instructions. Private to src/compute.
 */
#ifndef QN_COMPUTE_KERNEL_H
#define QN_COMPUTE_KERNEL_H

#include "compute/cpu.h"

#define QN_INLINE static inline __attribute__((always_inline))

#if defined(__x86_64__)
#define QN_TARGET_AVX2   __attribute__((target("avx2")))
#define QN_TARGET_AVX512 __attribute__((target("avx2,avx512f,avx512bw,avx512dq,avx512vl")))
#else
#define QN_TARGET_AVX2
#define QN_TARGET_AVX512
#endif

/* Defines static void name(parameters), which runs name_body(arguments) in the variant in use.
 * Both lists come in parentheses. */
#define QN_KERNEL(name, parameters, arguments)                                                     \
    static void name##_generic parameters                                                          \
    {                                                                                              \
        name##_body arguments;                                                                     \
    }                                                                                              \
    QN_TARGET_AVX2 static void name##_avx2 parameters                                              \
    {                                                                                              \
        name##_body arguments;                                                                     \
    }                                                                                              \
    QN_TARGET_AVX512 static void name##_avx512 parameters                                          \
    {                                                                                              \
        name##_body arguments;                                                                     \
    }                                                                                              \
    static void name parameters                                                                    \
    {                                                                                              \
        switch (qn_cpu_variant()) {                                                                \
        case QN_CPU_AVX512:                                                                        \
            name##_avx512 arguments;                                                               \
            break;                                                                                 \
        case QN_CPU_AVX2:                                                                          \
            name##_avx2 arguments;                                                                 \
            break;                                                                                 \
        default:                                                                                   \
            name##_generic arguments;                                                              \
        }                                                                                          \
    }

#endif
