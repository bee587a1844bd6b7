/* Folding for the exact BLS: see bls_fold.h. Many periods are folded side by side, so that the sums
 * of one do not wait for each other; each table still receives its points one by one in their
 * order, as astropy's loop adds them, and so holds the same bits. The tables are interleaved:
 * neighbours of a grid are at nearly the same phase, and so work on the same few kilobytes.
 *
 * The bin of a point takes astropy two divisions. Here a time is a number of 32 bits that counts
 * units, 2^fraction to a bin, modulo 2^32, and folding subtracts whole periods. That is less than
 * DOUBT / 2 units from what the divisions give, so only blocks with a point that close to an edge
 * of its bin are folded by divisions. */
#include "compute/bls_fold.h"

#include "compute/kernel.h"

#include <math.h>
#include <string.h>

enum { LANES = QN_FOLD_LANES, BLOCK = QN_FOLD_BLOCK };

/* DOUBT / 2 = 6 units: half a unit each for rounding a time, the cycles before its block, and up to
 * MOST_TURNS periods in it; and one for arithmetic in double precision, astropy's and ours, as long
 * as no time has more than 2^MOST_BITS units. Times are moved up by so much: a point in doubt shows
 * behind its edge, and a phase of nearly 1 as one of nearly 0. */
enum { MOST_TURNS = 8, DOUBT = 12, MOST_BITS = 46 };

static size_t blocks_of(size_t n)
{
    return n / BLOCK;
}

/* Of a phase in bins, in bytes from the beginning of a table. */
QN_INLINE int32_t place_of(double bins)
{
    return ((int32_t)bins + 1) * (int32_t)sizeof(qn_fold_row);
}

size_t qn_fold_size(size_t n)
{
    return blocks_of(n) * sizeof(struct qn_fold_block) + n * (sizeof(uint32_t) + sizeof(int32_t));
}

static void measure_blocks(const double *time, size_t n, double doubt, struct qn_fold_block *blocks)
{
    for (size_t b = 0; b < blocks_of(n); b++) {
        blocks[b] = (struct qn_fold_block){INFINITY, -INFINITY};
        for (size_t i = b * BLOCK; i < (b + 1) * BLOCK; i++) {
            blocks[b].first = fmin(blocks[b].first, time[i]);
            blocks[b].last = fmax(blocks[b].last, time[i]);
        }
        blocks[b].first = fmax(blocks[b].first - doubt, 0);
        blocks[b].last += doubt;
    }
}

/* The most that leave room for four of the longest periods in 32 bits; 0 is none. */
static unsigned fraction_for(double span, double longest_period)
{
    unsigned fraction = 30;
    while (fraction > 0 && (ldexp(4 * longest_period, (int)fraction) > UINT32_MAX ||
                            ldexp(span, (int)fraction) > ldexp(1, MOST_BITS)))
        fraction--;
    return fraction;
}

void qn_fold_prepare(struct qn_fold *fold, const struct qn_bls_data *data, double bin,
                     double longest_period, void *memory)
{
    struct qn_fold_block *blocks = memory;
    uint32_t *units = (uint32_t *)(blocks + blocks_of(data->n));
    int32_t *unfolded = (int32_t *)(units + data->n);
    double span = 0;
    for (size_t i = 0; i < data->n; i++)
        span = fmax(span, data->time[i]);
    unsigned fraction = fraction_for(span / bin, longest_period / bin);
    double units_per_day = ldexp(1 / bin, (int)fraction);
    for (size_t i = 0; i < data->n; i++) {
        double time = fmin(data->time[i] * units_per_day, 0x1p62);
        units[i] = (uint32_t)(uint64_t)(time + 0.5) + DOUBT / 2;
        unfolded[i] = place_of(fmin(data->time[i], longest_period) / bin);
    }
    measure_blocks(data->time, data->n, DOUBT / units_per_day, blocks);
    *fold = (struct qn_fold){data, bin, units_per_day, fraction, units, unfolded, blocks};
}

/* ---- where points lie ------------------------------------------------------------------------ */

QN_INLINE void exact_places(const double *restrict time, size_t n, double period, double bin,
                            int32_t *restrict places)
{
    for (size_t i = 0; i < n; i++) {
        double phase = time[i] - period * floor(time[i] / period);
        places[i] = place_of(phase / bin);
    }
}

/* Of a block that begins `from` after the first time, and in which the phase begins anew `turns`
 * times. False when one of them is in doubt. */
QN_INLINE bool fast_places(const uint32_t *restrict units, uint32_t from, uint32_t period,
                           unsigned turns, unsigned fraction, int32_t *restrict places)
{
    uint32_t phases[BLOCK];
    uint32_t signs = 0;
    uint32_t mask = (1u << fraction) - 1;
    for (size_t i = 0; i < BLOCK; i++)
        phases[i] = units[i] - from;
    for (unsigned k = 0; k < turns; k++) {
        for (size_t i = 0; i < BLOCK; i++) {
            uint32_t before = phases[i] - period; /* wraps to a large one if there is none */
            phases[i] = before < phases[i] ? before : phases[i];
        }
    }
    for (size_t i = 0; i < BLOCK; i++) {
        signs |= (phases[i] & mask) - DOUBT;
        places[i] = (int32_t)(((phases[i] >> fraction) + 1) * (uint32_t)sizeof(qn_fold_row));
    }
    return signs >> 31 == 0;
}

QN_INLINE bool fast_block(const struct qn_fold *fold, size_t start, double period,
                          int32_t *restrict places)
{
    const struct qn_fold_block *block = &fold->blocks[start / BLOCK];
    if (fold->fraction == 0)
        return false;
    double units = period * fold->units_per_day;
    uint64_t cycle = (uint64_t)(block->first / period);
    uint64_t turns = (uint64_t)(block->last / period) - cycle;
    if (cycle == 0 && turns == 0) {
        memcpy(places, fold->unfolded + start, BLOCK * sizeof *places);
        return true;
    }
    return turns <= MOST_TURNS && units * (double)(turns + 2) < UINT32_MAX &&
           fast_places(fold->units + start, (uint32_t)(uint64_t)((double)cycle * units + 0.5),
                       (uint32_t)(units + 0.5), (unsigned)turns, fold->fraction, places);
}

QN_INLINE void add_body(const struct qn_fold *fold, const double period[LANES],
                        qn_fold_row *restrict table)
{
    int32_t places[LANES][BLOCK];
    const struct qn_bls_data *data = fold->data;
    const qn_pair *points = (const qn_pair *)data->product;
    for (size_t start = 0; start < data->n; start += BLOCK) {
        size_t n = data->n - start < BLOCK ? data->n - start : BLOCK;
        for (int l = 0; l < LANES; l++)
            if (n < BLOCK || !fast_block(fold, start, period[l], places[l]))
                exact_places(data->time + start, n, period[l], fold->bin, places[l]);
        for (size_t i = 0; i < n; i++)
            for (int l = 0; l < LANES; l++)
                ((qn_pair *)(void *)((char *)table + places[l][i]))[l] += points[start + i];
    }
}
QN_KERNEL(add,
          (const struct qn_fold *fold, const double period[LANES], qn_fold_row *restrict table),
          (fold, period, table))

void qn_fold_add(const struct qn_fold *fold, const double period[LANES], qn_fold_row *table)
{
    add(fold, period, table);
}
