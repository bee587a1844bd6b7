/* Order statistics by selection: see robust.h. */
#include "compute/robust.h"

#include <math.h>

static void swap(double *a, double *b)
{
    double t = *a;
    *a = *b;
    *b = t;
}

/* The k-th smallest (from 0) of n > 0 finite values, by Hoare's selection with the median of three
 * as pivot (Numerical Recipes' order of cases). */
static double nth(double *values, size_t n, size_t k)
{
    size_t low = 0;
    size_t high = n - 1;
    while (high > low + 1) {
        size_t middle = low + (high - low) / 2;
        swap(&values[middle], &values[low + 1]);
        if (values[low] > values[high])
            swap(&values[low], &values[high]);
        if (values[low + 1] > values[high])
            swap(&values[low + 1], &values[high]);
        if (values[low] > values[low + 1])
            swap(&values[low], &values[low + 1]);
        size_t i = low + 1;
        size_t j = high;
        double pivot = values[low + 1];
        for (;;) {
            do
                i++;
            while (values[i] < pivot);
            do
                j--;
            while (values[j] > pivot);
            if (j < i)
                break;
            swap(&values[i], &values[j]);
        }
        values[low + 1] = values[j];
        values[j] = pivot;
        if (j >= k)
            high = j - 1;
        if (j <= k)
            low = i;
    }
    if (high == low + 1 && values[high] < values[low])
        swap(&values[low], &values[high]);
    return values[k];
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
