/* Random numbers: see random.h. */
#include "compute/random.h"

#include <math.h>

#define SMALL_MEAN 10

uint64_t qn_random_mix(uint64_t z)
{
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

double qn_random_uniform(struct qn_random *random)
{
    uint64_t place = random->key + ++random->counter * 0x9E3779B97F4A7C15u;
    return (double)(qn_random_mix(place) >> 11) * 0x1p-53;
}

double qn_random_between(struct qn_random *random, double low, double high)
{
    return low * exp(log(high / low) * qn_random_uniform(random));
}

double qn_random_normal(struct qn_random *random)
{
    double u = 1 - qn_random_uniform(random);
    double v = qn_random_uniform(random);
    return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

/* The first k whose distribution function is not below a uniform number. */
static uint64_t poisson_small(struct qn_random *random, double mean)
{
    double u = qn_random_uniform(random);
    double p = exp(-mean);
    double sum = p;
    uint64_t k = 0;
    while (u > sum && k < 200) { /* far beyond where the sum stops growing */
        k++;
        p *= mean / (double)k;
        sum += p;
    }
    return k;
}

/* log k!, for k from 0, by a table and Stirling's series; better than 1e-9. */
static double log_factorial(double k)
{
    static const double table[] = {0,
                                   0,
                                   0.69314718055994531,
                                   1.79175946922805500,
                                   3.17805383034794562,
                                   4.78749174278204599,
                                   6.57925121201010100,
                                   8.52516136106541430,
                                   10.6046029027452502,
                                   12.8018274800814696};
    if (k < 10)
        return table[(int)k];
    double x = k + 1;
    return (x - 0.5) * log(x) - x + 0.91893853320467274 + (1.0 / 12 - 1 / (360 * x * x)) / x;
}

static uint64_t poisson_large(struct qn_random *random, double mean)
{
    double root = sqrt(mean);
    double b = 0.931 + 2.53 * root;
    double a = -0.059 + 0.02483 * b;
    double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    double v_r = 0.9277 - 3.6224 / (b - 2);
    for (;;) {
        double u = qn_random_uniform(random) - 0.5;
        double v = qn_random_uniform(random);
        double us = 0.5 - fabs(u);
        double k = floor((2 * a / us + b) * u + mean + 0.43);
        if (us >= 0.07 && v <= v_r)
            return (uint64_t)k;
        if (k < 0 || (us < 0.013 && v > us))
            continue;
        if (log(v * inverse_alpha / (a / (us * us) + b)) <= k * log(mean) - mean - log_factorial(k))
            return (uint64_t)k;
    }
}

uint64_t qn_random_poisson(struct qn_random *random, double mean)
{
    if (!(mean > 0))
        return 0;
    return mean < SMALL_MEAN ? poisson_small(random, mean) : poisson_large(random, mean);
}
