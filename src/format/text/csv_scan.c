/* Masks of separators: see csv_scan.h. The portable version is the reference of the others. */
#include "format/text/csv_scan.h"

#include "format/text/csv.h"

#include <stdatomic.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef void scan_function(const char *text, size_t blocks, struct csv_masks *masks);

static void scan_portable(const char *text, size_t blocks, struct csv_masks *masks)
{
    for (size_t b = 0; b < blocks; b++) {
        struct csv_masks found = {0};
        for (unsigned i = 0; i < 64; i++) {
            char c = text[64 * b + i];
            found.quotes |= (uint64_t)(c == '"') << i;
            found.commas |= (uint64_t)(c == ',') << i;
            found.lines |= (uint64_t)(c == '\n') << i;
        }
        masks[b] = found;
    }
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static inline uint64_t equal_avx2(__m256i low, __m256i high,
                                                                  char what)
{
    __m256i value = _mm256_set1_epi8(what);
    uint32_t first = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, value));
    uint32_t second = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, value));
    return (uint64_t)second << 32 | first;
}

__attribute__((target("avx2"))) static void scan_avx2(const char *text, size_t blocks,
                                                      struct csv_masks *masks)
{
    for (size_t b = 0; b < blocks; b++) {
        const __m256i *at = (const __m256i *)(const void *)(text + 64 * b);
        __m256i low = _mm256_loadu_si256(at);
        __m256i high = _mm256_loadu_si256(at + 1);
        masks[b] = (struct csv_masks){equal_avx2(low, high, '"'), equal_avx2(low, high, ','),
                                      equal_avx2(low, high, '\n')};
    }
}

__attribute__((target("avx512f,avx512bw"))) static void scan_avx512(const char *text, size_t blocks,
                                                                    struct csv_masks *masks)
{
    for (size_t b = 0; b < blocks; b++) {
        __m512i bytes = _mm512_loadu_si512(text + 64 * b);
        masks[b] = (struct csv_masks){_mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('"')),
                                      _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(',')),
                                      _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\n'))};
    }
}
#endif

static scan_function *variant(int which)
{
#if defined(__x86_64__)
    bool bits = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
    if (which == 2 && bits && __builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512bw"))
        return scan_avx512;
    if (which == 1 && bits)
        return scan_avx2;
#endif
    return which == 0 ? scan_portable : NULL;
}

static atomic_int chosen = -1;

bool qn_csv_use(int which)
{
    if (!variant(which))
        return false;
    atomic_store(&chosen, which);
    return true;
}

int csv_variant(void)
{
    int which = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (which >= 0)
        return which;
    for (which = 2; !variant(which);)
        which--;
    atomic_store(&chosen, which);
    return which;
}

void csv_scan(const char *text, size_t blocks, struct csv_masks *masks)
{
    static scan_function *const variants[] = {
        scan_portable,
#if defined(__x86_64__)
        scan_avx2,
        scan_avx512,
#endif
    };
    scan_function *scan = variants[csv_variant()];
    scan(text, blocks, masks);
}
