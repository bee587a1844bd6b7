/* Order statistics by selection: see robust.h. */
#include "compute/robust.h"

#include <math.h>
#include <stdbool.h>

enum { FEW = 12 };

static double middle_of(double a, double b, double c)
{
    double low = a < b ? a : b;
    double high = a < b ? b : a;
    return c < low ? low : c > high ? high : c;
}

/* Near the median: that of three medians of three (Tukey's ninther). */
static double pivot_of(const double *v, size_t n)
{
    size_t s = n / 8;
    return middle_of(middle_of(v[0], v[s], v[2 * s]), middle_of(v[3 * s], v[4 * s], v[5 * s]),
                     middle_of(v[6 * s], v[7 * s], v[n - 1]));
}

/* Those below the pivot, or not above it, come first: how many they are. Without a branch on
 * values, which nothing could predict (Lomuto's partition). */
static inline size_t partition(double *v, size_t n, double pivot, bool or_equal)
{
    size_t first = 0;
    for (size_t i = 0; i < n; i++) {
        double value = v[i];
        v[i] = v[first];
        v[first] = value;
        first += or_equal ? value <= pivot : value < pivot;
    }
    return first;
}

static void sort_few(double *v, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        double value = v[i];
        size_t j = i;
        for (; j > 0 && v[j - 1] > value; j--)
            v[j] = v[j - 1];
        v[j] = value;
    }
}

/* The k-th smallest (from 0) of n > 0 finite values, which are reordered: no smaller one comes
 * after it, no larger one before. */
static double nth(double *values, size_t n, size_t k)
{
    double *v = values;
    while (n > FEW) {
        double pivot = pivot_of(v, n);
        size_t below = partition(v, n, pivot, false);
        if (k < below) {
            n = below;
            continue;
        }
        if (below == 0) { /* the pivot is the smallest */
            below = partition(v, n, pivot, true);
            if (k < below || below == 0)
                return pivot;
        }
        v += below;
        n -= below;
        k -= below;
    }
    sort_few(v, n);
    return v[k];
}

double qn_median(double *values, size_t n)
{
    if (n == 0)
        return NAN;
    double upper = nth(values, n, n / 2);
    if (n % 2 == 1)
        return upper;
    double lower = values[0]; /* the largest of those below */
    for (size_t i = 1; i < n / 2; i++)
        lower = values[i] > lower ? values[i] : lower;
    return 0.5 * (lower + upper);
}

double qn_mad(double *values, size_t n, double centre)
{
    for (size_t i = 0; i < n; i++)
        values[i] = fabs(values[i] - centre);
    return qn_median(values, n);
}

enum { PAIRWISE = 128 };

/* f(x) = ((x - centre)^power), power 1 or 2, summed in halves down to blocks of 128. */
static double sum_powers(const double *values, size_t n, double centre, int power)
{
    if (n > PAIRWISE) {
        size_t half = n / 2 - n / 2 % 8;
        return sum_powers(values, half, centre, power) +
               sum_powers(values + half, n - half, centre, power);
    }
    double lane[8] = {0};
    size_t whole = n - n % 8;
    for (size_t i = 0; i < whole; i += 8)
        for (int l = 0; l < 8; l++) {
            double d = values[i + l] - centre;
            lane[l] += power == 1 ? d : d * d;
        }
    double sum =
        ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
    for (size_t i = whole; i < n; i++) {
        double d = values[i] - centre;
        sum += power == 1 ? d : d * d;
    }
    return sum;
}

double qn_mean(const double *values, size_t n)
{
    return n > 0 ? sum_powers(values, n, 0, 1) / (double)n : NAN;
}

double qn_deviation(const double *values, size_t n, double mean)
{
    return n > 0 ? sqrt(sum_powers(values, n, mean, 2) / (double)n) : NAN;
}
