/* Counting the traces of cells: see census.h. */
#include "pipelines/segy/grid/census.h"

#include "base/sys.h"

#include <stdlib.h>

static enum qn_status add_level(struct qn_census *census, struct qn_error *err)
{
    size_t words = (size_t)(census->cells / 64 + 1);
    uint64_t *level = qn_sys.calloc(words, sizeof *level);
    if (!level)
        return qn_fail_memory(err, "the cells of the grid", words * sizeof *level);
    census->levels[census->deepest++] = level;
    return QN_OK;
}

enum qn_status qn_census_init(struct qn_census *census, uint64_t cells, struct qn_error *err)
{
    *census = (struct qn_census){.cells = cells};
    return add_level(census, err);
}

void qn_census_release(struct qn_census *census)
{
    for (unsigned k = 0; k < census->deepest; k++)
        free(census->levels[k]);
    *census = (struct qn_census){0};
}

static void list_shared(struct qn_census *census, uint64_t cell, uint64_t trace)
{
    if (census->shared_count == QN_CENSUS_LISTED)
        return;
    census->shared[census->shared_count].cell = cell;
    census->shared[census->shared_count].first = UINT64_MAX;
    census->shared[census->shared_count].trace = trace;
    census->shared_count++;
}

enum qn_status qn_census_add(struct qn_census *census, uint64_t cell, uint64_t trace,
                             struct qn_error *err)
{
    uint64_t bit = UINT64_C(1) << (cell % 64);
    unsigned k = 0;
    while (k < census->deepest && census->levels[k][cell / 64] & bit)
        k++;
    if (k > 0) {
        census->duplicates++;
        list_shared(census, cell, trace);
    }
    if (k == QN_CENSUS_MOST) {
        census->too_deep = true;
        return QN_OK;
    }
    enum qn_status status = k == census->deepest ? add_level(census, err) : QN_OK;
    if (!status)
        census->levels[k][cell / 64] |= bit;
    census->live += k == 0;
    return status;
}

void qn_census_recall(struct qn_census *census, uint64_t cell, uint64_t trace)
{
    for (size_t i = 0; i < census->shared_count; i++)
        if (census->shared[i].cell == cell && trace < census->shared[i].first)
            census->shared[i].first = trace;
}

size_t qn_census_empty(const struct qn_census *census, uint64_t *cells, size_t most)
{
    size_t count = 0;
    for (uint64_t cell = 0; cell < census->cells && count < most; cell++) {
        if (cell % 64 == 0 && census->levels[0][cell / 64] == UINT64_MAX) {
            cell += 63;
            continue;
        }
        if (!(census->levels[0][cell / 64] >> (cell % 64) & 1))
            cells[count++] = cell;
    }
    return count;
}
