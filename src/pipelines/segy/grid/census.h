/* Which cells of a grid have traces: counted while planning, a bit per cell and trace that it may
 * hold. Finds cells without a trace and traces that share one. */
#ifndef QN_PIPELINES_SEGY_GRID_CENSUS_H
#define QN_PIPELINES_SEGY_GRID_CENSUS_H

#include <quern/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QN_CENSUS_LISTED 10  /* shared cells and empty cells that are remembered */
#define QN_CENSUS_MOST   255 /* traces of one cell that are counted */

struct qn_census {
    uint64_t cells;
    uint64_t live;       /* cells with at least one trace */
    uint64_t duplicates; /* traces whose cell had one already */
    unsigned deepest;    /* traces of the fullest cell, at most QN_CENSUS_MOST */
    bool too_deep;       /* some cell has more */
    struct {
        uint64_t cell;
        uint64_t first; /* its first trace; filled in by qn_census_recall */
        uint64_t trace; /* the one that found it taken */
    } shared[QN_CENSUS_LISTED];
    size_t shared_count;
    uint64_t *levels[QN_CENSUS_MOST]; /* bit c of level k: cell c has more than k traces; owned */
};

enum qn_status qn_census_init(struct qn_census *census, uint64_t cells, struct qn_error *err);
void qn_census_release(struct qn_census *census);

/* A trace of a cell, in order of traces. */
enum qn_status qn_census_add(struct qn_census *census, uint64_t cell, uint64_t trace,
                             struct qn_error *err);

/* A second pass over all traces: finds the first trace of each listed cell. */
void qn_census_recall(struct qn_census *census, uint64_t cell, uint64_t trace);

/* The first cells without a trace, at most `most`. Returns how many there are in `cells`. */
size_t qn_census_empty(const struct qn_census *census, uint64_t *cells, size_t most);

#endif
