/* What planning says of a grid: notes for people, refusals, and the facts that manifest.json
 * keeps. */
#ifndef QN_PIPELINES_SEGY_GRID_FACTS_H
#define QN_PIPELINES_SEGY_GRID_FACTS_H

#include "pipelines/segy/grid/census.h"
#include "pipelines/segy/import.h"

#include <jansson.h>

/* Refuses a grid of far more cells than traces; notes one of more than twice as many. */
enum qn_status qn_grid_check_sparsity(struct qn_plan *plan, const struct qn_grid *grid,
                                      uint64_t traces, double limit, struct qn_error *err);

/* Refuses traces that share a cell unless the grid says what to do with them. */
enum qn_status qn_grid_check_duplicates(const struct qn_grid *grid, const struct qn_census *census,
                                        struct qn_error *err);

/* Notes dimensions, missing traces and duplicates. */
enum qn_status qn_grid_note(struct qn_plan *plan, const struct qn_grid *grid,
                            const struct qn_census *census, struct qn_error *err);

/* The facts by their names as a JSON object, a new reference; NULL without memory. */
json_t *qn_grid_facts(const struct qn_grid *grid, const struct qn_census *census, uint64_t traces);

#endif
