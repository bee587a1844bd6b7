/* Columns of header values and pairs of them that span a grid: see steps.h. */
#include "pipelines/segy/scan/steps.h"

#include "base/sys.h"

#include <stdlib.h>
#include <string.h>

/* Numbers of lines, traces and points are below this; what is beyond is something else. */
#define LARGEST INT64_C(100000000)

static int64_t load(const uint8_t *header, unsigned byte, enum qn_position_type type,
                    enum qn_byte_order order)
{
    const uint8_t *at = header + byte - 1;
    switch (type) {
    case QN_POSITION_INT16:
        return (int16_t)qn_load_u16(at, order);
    case QN_POSITION_UINT16:
        return qn_load_u16(at, order);
    default:
        return (int32_t)qn_load_u32(at, order);
    }
}

static int64_t greatest_common_divisor(int64_t a, int64_t b)
{
    a = llabs(a);
    b = llabs(b);
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The most frequent of the steps: of a majority there is one candidate (Boyer, Moore 1991); where
 * there is none, the first of the most frequent ones among the first few different ones. */
static void find_step(const struct qn_scan_sample *sample, struct qn_steps *s)
{
    enum { KINDS = 16 };
    int64_t kinds[KINDS];
    size_t counts[KINDS] = {0}, known = 0;
    for (size_t i = 0; i + 1 < sample->count; i++) {
        int64_t step = s->values[i + 1] - s->values[i];
        size_t k = 0;
        s->common = greatest_common_divisor(s->common, step);
        if (!qn_scan_neighbours(sample, i))
            continue;
        s->neighbours++;
        s->ties += step == 0;
        while (k < known && kinds[k] != step)
            k++;
        if (k == known && known < KINDS)
            kinds[known++] = step;
        if (k < known && step != 0)
            counts[k]++;
    }
    for (size_t k = 0; k < known; k++)
        if (counts[k] > s->at_step) {
            s->at_step = counts[k];
            s->step = kinds[k];
        }
}

/* Fills *steps of an integer field. Release also after a failure. */
static enum qn_status find_steps(const struct qn_scan_sample *sample, enum qn_byte_order order,
                                 unsigned byte, enum qn_position_type type, struct qn_steps *steps,
                                 struct qn_error *err)
{
    *steps = (struct qn_steps){.byte = byte, .type = type};
    steps->values = qn_sys.malloc((sample->count + 1) * sizeof *steps->values);
    if (!steps->values)
        return qn_fail_memory(err, "header values", sample->count * sizeof *steps->values);
    for (size_t i = 0; i < sample->count; i++) {
        int64_t value = load(qn_scan_header(sample, i), byte, type, order);
        steps->values[i] = value;
        steps->min = i == 0 || value < steps->min ? value : steps->min;
        steps->max = i == 0 || value > steps->max ? value : steps->max;
    }
    find_step(sample, steps);
    steps->number = steps->min > -LARGEST && steps->max < LARGEST;
    return QN_OK;
}

static void release_steps(struct qn_steps *steps)
{
    free(steps->values);
    steps->values = NULL;
}

/* ---- grids ---------------------------------------------------------------------------------- */

/* Places of inline and crossline that are in use, best known first: the standard's, Petrel's,
 * Kingdom's, and those of single vendors. */
static const unsigned known_pairs[][2] = {{189, 193}, {193, 189}, {5, 21},    {9, 21},
                                          {9, 13},    {213, 217}, {181, 185}, {17, 21},
                                          {221, 225}, {9, 17},    {17, 13},   {21, 9}};

/* Counters of the file, of records and gathers, and fields with another purpose: no crosslines. */
static bool is_no_point(unsigned byte)
{
    return byte < 9 || (byte >= 13 && byte < 17) || (byte >= 25 && byte < 29) ||
           (byte >= 37 && byte < 181);
}

/* Points for a pair at a known place, 0 elsewhere. */
static int fame(const struct qn_steps *outer, const struct qn_steps *inner)
{
    for (size_t i = 0; i < sizeof known_pairs / sizeof *known_pairs; i++)
        if (known_pairs[i][0] == outer->byte && known_pairs[i][1] == inner->byte &&
            outer->type == QN_POSITION_INT32 && inner->type == QN_POSITION_INT32)
            return 20 - (int)i;
    return 0;
}

/* Values that are all multiples of 256 are another field read a byte too early. */
static bool is_shifted(const struct qn_steps *s)
{
    return s->common % 256 == 0 && s->min % 256 == 0;
}

/* A difference between lines that is seen where one line ends, else what all have in common. */
static int64_t line_step(const struct qn_steps *outer)
{
    return outer->step ? outer->step : outer->common;
}

/* How two columns go together, counted over neighbours. */
struct together {
    size_t same_line, stepped; /* the outer stays; and the inner makes its step or stays */
    size_t new_line, reset;    /* the outer changes; and the inner makes another step */
};

static struct together compare(const struct qn_scan_sample *sample, const struct qn_steps *outer,
                               const struct qn_steps *inner)
{
    struct together t = {0};
    for (size_t i = 0; i + 1 < sample->count; i++) {
        if (!qn_scan_neighbours(sample, i))
            continue;
        bool same = outer->values[i] == outer->values[i + 1];
        int64_t step = inner->values[i + 1] - inner->values[i];
        t.same_line += same;
        t.stepped += same && (step == inner->step || step == 0);
        t.new_line += !same;
        t.reset += !same && step != inner->step && step != 0;
    }
    return t;
}

/* 100 for a pair at a known place whose nodes hold one trace each, line by line. */
static int weigh(const struct qn_scan_sample *sample, uint64_t traces, const struct qn_steps *outer,
                 const struct qn_steps *inner, struct qn_scan_grid *grid)
{
    struct together t = compare(sample, outer, inner);
    grid->lines = qn_steps_range(outer, line_step(outer));
    grid->points = qn_steps_range(inner, inner->step);
    double nodes = (double)grid->lines * (double)grid->points;
    if (nodes < 4 || grid->lines < 2 || grid->points < 2 || t.same_line == 0)
        return 0;
    grid->fold = traces ? (double)traces / nodes : 1;
    /* Gathers have several traces at a node, one after another. */
    bool gathers = grid->fold > 1.3 && 4 * inner->ties >= inner->neighbours;
    double fill = gathers ? 1 : grid->fold <= 1 ? grid->fold : 1 / grid->fold;
    double stepped = (double)t.stepped / (double)t.same_line;
    double reset = t.new_line ? (double)t.reset / (double)t.new_line : 0.5;
    if (fill < 0.2 || stepped < 0.5)
        return 0;
    /* By chance many a pair looks a bit like a grid: a place that nobody uses has to be perfect. */
    bool perfect = !gathers && fill > 0.7 && stepped > 0.95 && reset > 0.9 && grid->lines > 2 &&
                   grid->points > 2 && t.new_line > 1;
    if (!fame(outer, inner) && !perfect)
        return 0;
    return (int)(35 * fill + 30 * stepped + 15 * reset) + fame(outer, inner);
}

struct candidates {
    size_t count;
    struct qn_steps at[512];
};

static enum qn_status add_candidate(const struct qn_scan_sample *sample, enum qn_byte_order order,
                                    unsigned byte, enum qn_position_type type,
                                    struct candidates *all, struct qn_error *err)
{
    struct qn_steps steps;
    if (all->count == sizeof all->at / sizeof *all->at)
        return QN_OK;
    enum qn_status status = find_steps(sample, order, byte, type, &steps, err);
    bool useful = !status && qn_steps_vary(&steps) && steps.number && !is_shifted(&steps);
    if (useful)
        all->at[all->count++] = steps;
    else
        release_steps(&steps);
    return status;
}

static bool may_be_pair(const struct qn_steps *outer, const struct qn_steps *inner)
{
    size_t width = outer->type == QN_POSITION_INT32 ? 4 : 2;
    size_t other = inner->type == QN_POSITION_INT32 ? 4 : 2;
    bool overlap = outer->byte < inner->byte + other && inner->byte < outer->byte + width;
    if (overlap || !qn_steps_slow(outer) || inner->step == 0)
        return false;
    return fame(outer, inner) > 0 || (!is_no_point(inner->byte) && !is_no_point(outer->byte));
}

static void find_best(const struct qn_scan_sample *sample, uint64_t traces,
                      const struct candidates *all, struct qn_scan_grid *grid, size_t best[2])
{
    for (size_t o = 0; o < all->count; o++)
        for (size_t i = 0; i < all->count; i++) {
            struct qn_scan_grid tried = {0};
            if (i == o || !may_be_pair(&all->at[o], &all->at[i]))
                continue;
            tried.score = weigh(sample, traces, &all->at[o], &all->at[i], &tried);
            if (tried.score > grid->score) {
                *grid = tried;
                best[0] = o;
                best[1] = i;
            }
        }
}

enum qn_status qn_scan_find_grid(const struct qn_scan_sample *sample, enum qn_byte_order order,
                                 size_t header_bytes, uint64_t traces, struct qn_scan_grid *grid,
                                 struct qn_error *err)
{
    const int least = 60;
    enum qn_status status = QN_OK;
    size_t best[2] = {SIZE_MAX, SIZE_MAX};
    *grid = (struct qn_scan_grid){0};
    struct candidates *all = qn_sys.calloc(1, sizeof *all);
    if (!all)
        return qn_fail_memory(err, "header fields", sizeof *all);
    for (unsigned byte = 1; byte + 3 <= header_bytes && !status; byte++)
        status = add_candidate(sample, order, byte, QN_POSITION_INT32, all, err);
    for (unsigned byte = 1; byte + 1 <= header_bytes && !status; byte += 2)
        status = add_candidate(sample, order, byte, QN_POSITION_INT16, all, err);
    if (!status)
        find_best(sample, traces, all, grid, best);
    grid->found = !status && grid->score >= least;
    for (size_t i = 0; i < all->count; i++) {
        if (grid->found && i == best[0])
            grid->outer = all->at[i];
        else if (grid->found && i == best[1])
            grid->inner = all->at[i];
        else
            release_steps(&all->at[i]);
    }
    free(all);
    return status;
}

void qn_scan_grid_release(struct qn_scan_grid *grid)
{
    release_steps(&grid->outer);
    release_steps(&grid->inner);
}
