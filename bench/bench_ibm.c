/* IBM floats, exhaustively: every one of the 2^32 words through every CPU variant, both ways,
 * against an independent computation in double precision, and the speed of each variant.
 *
 *   bench_ibm            all words (about a minute), then speed
 *   bench_ibm --speed    speed only
 *
 * Reference: f * 16^(e - 64) is exact in double (24 bits, |exponent| below 300), so converting it
 * to float rounds once, to nearest even. The other way, |x| * 2^(24 - 4h) is exact in double too,
 * and adding 2^52 rounds it to an integer, to nearest even. Prints one line per claim; exit status
 * 1 when a single word differs. */
#include "bench.h"

#include "compute/cpu.h"
#include "compute/ibm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS ((size_t)1 << 16)

static double power_of_16[128];
static uint32_t words[WORDS], encoded[WORDS];
static float decoded[WORDS], expected[WORDS];

static float reference_decode(uint32_t word)
{
    float magnitude = (float)((double)(word & 0xFFFFFF) * power_of_16[word >> 24 & 0x7F]);
    return word >> 31 ? -magnitude : magnitude;
}

static uint32_t reference_encode(float value)
{
    uint32_t sign = signbit(value) ? 0x80000000u : 0;
    if (isnan(value))
        return 0;
    if (isinf(value))
        return sign | 0x7FFFFFFFu;
    if (value == 0)
        return sign;
    int exponent;
    frexp((double)value, &exponent);
    int h = (int)ceil(exponent / 4.0);
    double scaled = fabs((double)value) / power_of_16[h + 64];
    volatile double rounded = scaled + 0x1p52;
    return sign | (uint32_t)(h + 64) << 24 | (uint32_t)(rounded - 0x1p52);
}

/* Compares bits, as NaN and the sign of zero count. */
static uint64_t differences(const void *a, const void *b)
{
    if (memcmp(a, b, sizeof words) == 0)
        return 0;
    uint64_t count = 0;
    for (size_t i = 0; i < WORDS; i++)
        count += ((const uint32_t *)a)[i] != ((const uint32_t *)b)[i];
    return count;
}

/* A word whose top digit is not 0 and whose value float32 holds exactly comes back as it was. */
static uint64_t broken_round_trips(uint64_t *eligible)
{
    uint64_t broken = 0;
    for (size_t i = 0; i < WORDS; i++) {
        double magnitude = fabs((double)expected[i]);
        if (!(words[i] & 0x00F00000) || magnitude < 0x1p-126 || isinf(expected[i]))
            continue;
        ++*eligible;
        broken += encoded[i] != words[i];
    }
    return broken;
}

static uint64_t check_all_words(void)
{
    uint64_t decode_wrong[QN_CPU_COUNT] = {0}, encode_wrong[QN_CPU_COUNT] = {0};
    uint64_t broken = 0, eligible = 0, total = 0;
    static uint32_t reference[WORDS];
    for (uint64_t start = 0; start < (uint64_t)1 << 32; start += WORDS) {
        for (size_t i = 0; i < WORDS; i++) {
            words[i] = (uint32_t)(start + i);
            expected[i] = reference_decode(words[i]);
            reference[i] = reference_encode(qn_float_from_bits(words[i]));
        }
        for (int cpu = 0; cpu < QN_CPU_COUNT; cpu++) {
            if (!qn_cpu_force((enum qn_cpu)cpu))
                continue;
            qn_ibm_decode(words, QN_HOST_ORDER, WORDS, decoded, NULL);
            decode_wrong[cpu] += differences(decoded, expected);
            memcpy(decoded, words, sizeof words);
            qn_ibm_encode(decoded, QN_HOST_ORDER, WORDS, encoded);
            encode_wrong[cpu] += differences(encoded, reference);
        }
        qn_ibm_encode(expected, QN_HOST_ORDER, WORDS, encoded);
        broken += broken_round_trips(&eligible);
    }
    for (int cpu = 0; cpu < QN_CPU_COUNT; cpu++) {
        if (!qn_cpu_force((enum qn_cpu)cpu))
            continue;
        printf("ibm %-8s 2^32 words: %llu decoded wrongly, %llu encoded wrongly\n",
               qn_cpu_name((enum qn_cpu)cpu), (unsigned long long)decode_wrong[cpu],
               (unsigned long long)encode_wrong[cpu]);
        total += decode_wrong[cpu] + encode_wrong[cpu];
    }
    printf("ibm round trip of %llu normalised words in range: %llu differ\n",
           (unsigned long long)eligible, (unsigned long long)broken);
    return total + broken;
}

/* GB/s of IBM words read, best of several runs, over a buffer of n words. */
static double decode_speed(size_t n, const uint32_t *in, float *out)
{
    double best = 0;
    for (int run = 0; run < 5; run++) {
        size_t repeat = ((size_t)1 << 26) / n;
        double start = seconds();
        for (size_t i = 0; i < repeat; i++)
            qn_ibm_decode(in, QN_BIG_ENDIAN, n, out, NULL);
        double rate = (double)(repeat * n) * 4 / (seconds() - start) / 1e9;
        best = rate > best ? rate : best;
    }
    return best;
}

static double encode_speed(size_t n, const float *in, uint32_t *out)
{
    double start = seconds();
    size_t repeat = ((size_t)1 << 26) / n;
    for (size_t i = 0; i < repeat; i++)
        qn_ibm_encode(in, QN_BIG_ENDIAN, n, out);
    return (double)(repeat * n) * 4 / (seconds() - start) / 1e9;
}

static int print_speeds(void)
{
    size_t big = (size_t)1 << 24;
    uint32_t *in = malloc(4 * big);
    float *out = malloc(4 * big);
    if (!in || !out)
        return 1;
    for (size_t i = 0; i < big; i++)
        in[i] = __builtin_bswap32((0x3F000000u + (uint32_t)i * 7) | 0x00100000u); /* normalised */
    memset(out, 0, 4 * big);
    for (int cpu = 0; cpu < QN_CPU_COUNT; cpu++) {
        if (!qn_cpu_force((enum qn_cpu)cpu))
            continue;
        printf("ibm %-8s decode %.1f GB/s in L2, %.1f GB/s from memory;",
               qn_cpu_name((enum qn_cpu)cpu), decode_speed(1 << 16, in, out),
               decode_speed(big, in, out));
        printf(" encode %.1f GB/s in L2\n", encode_speed(1 << 16, out, in + big / 2));
    }
    free(in);
    free(out);
    return 0;
}

int main(int argc, char **argv)
{
    for (int e = 0; e < 128; e++)
        power_of_16[e] = ldexp(1, 4 * e - 280);
    int speed_only = argc > 1 && strcmp(argv[1], "--speed") == 0;
    uint64_t wrong = speed_only ? 0 : check_all_words();
    return print_speeds() || wrong != 0;
}
