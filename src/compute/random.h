/* Random numbers that depend on nothing but a key: a counter through the mixer of SplitMix64
 * (Steele, Lea, Flood 2014). Any place of any stream can be had without those before it, so that
 * synthetic archives are the same however their parts are spread over threads. */
#ifndef QN_COMPUTE_RANDOM_H
#define QN_COMPUTE_RANDOM_H

#include <stdint.h>

struct qn_random {
    uint64_t key;
    uint64_t counter;
};

/* The mixer: every bit of the result depends on every bit of z. */
uint64_t qn_random_mix(uint64_t z);

/* Uniform in [0, 1), 53 bits. */
double qn_random_uniform(struct qn_random *random);

/* Uniform in the logarithm, from low to high. */
double qn_random_between(struct qn_random *random, double low, double high);

/* Of mean 0 and deviation 1 (Box and Muller 1958, the cosine alone). */
double qn_random_normal(struct qn_random *random);

/* Poisson of a mean of 0 to 1e15: by its sums where the mean is small, by transformed rejection
 * (PTRS, Hoermann 1993) where it is not. */
uint64_t qn_random_poisson(struct qn_random *random, double mean);

#endif
