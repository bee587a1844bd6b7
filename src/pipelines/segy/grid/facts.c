/* Notes, refusals and facts of a grid: see facts.h. */
#include "pipelines/segy/grid/facts.h"

#include "base/dtype.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DENSE     2.0 /* cells for each trace that need no note */
#define CELL_TEXT 256

/* The places of a cell along the dimensions that come from headers. */
static void places_of(const struct qn_grid *grid, uint64_t cell, uint64_t *places)
{
    for (uint32_t d = grid->keys; d-- > 0;) {
        places[d] = cell % grid->axes[d].count;
        cell /= grid->axes[d].count;
    }
}

/* "inline 115, crossline 880": the cell's values. */
static const char *cell_text(const struct qn_grid *grid, uint64_t cell, char text[CELL_TEXT])
{
    uint64_t places[QN_GRID_DIMS];
    size_t len = 0;
    places_of(grid, cell, places);
    text[0] = '\0';
    for (uint32_t d = 0; d < grid->keys && len < CELL_TEXT; d++) {
        const struct qn_axis *axis = &grid->axes[d];
        char value[QN_AXIS_TEXT];
        len += (size_t)snprintf(text + len, CELL_TEXT - len, "%s%s %s", d ? ", " : "", axis->name,
                                qn_axis_text(axis->dtype, axis->keys[places[d]], value));
    }
    return text;
}

/* ---- refusals ------------------------------------------------------------------------------- */

/* "inline 23 x crossline 18" */
static void shape_text(const struct qn_grid *grid, char *text, size_t size)
{
    size_t len = 0;
    text[0] = '\0';
    for (uint32_t d = 0; d < grid->keys && len < size; d++)
        len += (size_t)snprintf(text + len, size - len, "%s%s %" PRIu64, d ? " x " : "",
                                grid->axes[d].name, grid->axes[d].count);
}

enum qn_status qn_grid_check_sparsity(struct qn_plan *plan, const struct qn_grid *grid,
                                      uint64_t traces, double limit, struct qn_error *err)
{
    char shape[400];
    double cells = 1; /* as a real: it may be beyond all integers */
    for (uint32_t d = 0; d < grid->keys; d++)
        cells *= (double)grid->axes[d].count;
    double ratio = cells / (double)traces;
    shape_text(grid, shape, sizeof shape);
    if (ratio > limit || cells > 1e15)
        return qn_fail(err, QN_ERR_INPUT,
                       "this is no grid: %s makes %.0f cells for %" PRIu64
                       " traces, %.4g for each, more than %.4g. Often a dimension has values that "
                       "are not binned: round them with --compute 'bin = round(offset / 50) * 50' "
                       "and --grid ...,offset=bin, choose other columns, or raise "
                       "--grid-sparsity.",
                       shape, cells, traces, ratio, limit);
    if (ratio > DENSE)
        return qn_plan_note(plan, err,
                            "grid: sparse, %.3g cells for each trace (%s for %" PRIu64 " traces)",
                            ratio, shape, traces);
    return QN_OK;
}

enum qn_status qn_grid_check_duplicates(const struct qn_grid *grid, const struct qn_census *census,
                                        struct qn_error *err)
{
    char list[700] = "";
    char cell[CELL_TEXT];
    size_t len = 0;
    if (census->duplicates == 0)
        return QN_OK;
    if (grid->duplicates == QN_DUPLICATES_DIMENSION && census->too_deep)
        return qn_fail(err, QN_ERR_INPUT,
                       "more than %d traces share a cell of the grid (%s): that is a dimension "
                       "missing. Add the header that tells them apart to --grid.",
                       QN_CENSUS_MOST, cell_text(grid, census->shared[0].cell, cell));
    if (grid->duplicates != QN_DUPLICATES_REFUSE)
        return QN_OK;
    for (size_t i = 0; i < census->shared_count && len + 100 < sizeof list; i++)
        len +=
            (size_t)snprintf(list + len, sizeof list - len, "%s%" PRIu64 " and %" PRIu64 " (%.70s)",
                             i ? ", " : "", census->shared[i].first, census->shared[i].trace,
                             cell_text(grid, census->shared[i].cell, cell));
    return qn_fail(err, QN_ERR_INPUT,
                   "%" PRIu64 " trace%s the same place in the grid as one before: %s%s. "
                   "Add the header that tells them apart to --grid, or give --duplicates first, "
                   "last or dimension.",
                   census->duplicates, census->duplicates == 1 ? " has" : "s have", list,
                   census->duplicates > census->shared_count ? ", ..." : "");
}

/* ---- notes ---------------------------------------------------------------------------------- */

static enum qn_status note_axes(struct qn_plan *plan, const struct qn_grid *grid,
                                struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (uint32_t d = 0; d < grid->keys && !status; d++) {
        const struct qn_axis *axis = &grid->axes[d];
        char text[160];
        char from[QN_ZARR_NAME + 16] = "";
        if (strcmp(axis->name, axis->column))
            snprintf(from, sizeof from, " (column %s)", axis->column);
        status = qn_plan_note(plan, err, "grid: %s%s: %s", axis->name, from,
                              qn_axis_describe(axis, text));
    }
    return status;
}

static enum qn_status note_missing(struct qn_plan *plan, const struct qn_grid *grid,
                                   const struct qn_census *census, struct qn_error *err)
{
    uint64_t cells[3];
    char list[3 * CELL_TEXT + 16] = "";
    char cell[CELL_TEXT];
    size_t len = 0;
    uint64_t missing = census->cells - census->live;
    size_t count = qn_census_empty(census, cells, 3);
    if (missing == 0)
        return qn_plan_note(plan, err, "grid: every cell has its trace");
    for (size_t i = 0; i < count; i++)
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", i ? "; " : "",
                                cell_text(grid, cells[i], cell));
    return qn_plan_note(plan, err,
                        "grid: %" PRIu64 " of %" PRIu64 " cells (%.3g %%) have no trace: %s%s",
                        missing, census->cells, 100 * (double)missing / (double)census->cells, list,
                        missing > count ? "; ..." : "");
}

static enum qn_status note_duplicates(struct qn_plan *plan, const struct qn_grid *grid,
                                      const struct qn_census *census, struct qn_error *err)
{
    static const char *const ends[] = {[QN_DUPLICATES_REFUSE] = "",
                                       [QN_DUPLICATES_FIRST] = "the first of each cell is kept",
                                       [QN_DUPLICATES_LAST] = "the last of each cell is kept",
                                       [QN_DUPLICATES_DIMENSION] =
                                           ("they follow along the dimension " QN_GRID_DUPLICATE)};
    char cell[CELL_TEXT];
    if (census->duplicates == 0)
        return QN_OK;
    return qn_plan_note(plan, err,
                        "grid: %" PRIu64 " trace%s a cell with one before (trace %" PRIu64
                        " with %" PRIu64 ", %s): %s",
                        census->duplicates, census->duplicates == 1 ? " shares" : "s share",
                        census->shared[0].trace, census->shared[0].first,
                        cell_text(grid, census->shared[0].cell, cell), ends[grid->duplicates]);
}

static enum qn_status note_cut(struct qn_plan *plan, const struct qn_grid *grid,
                               struct qn_error *err)
{
    const struct qn_grid_template *known = qn_grid_template_of(grid);
    char chunk[200] = "";
    char shape[400];
    size_t len = 0;
    for (uint32_t d = 0; d < grid->ndim; d++)
        len += (size_t)snprintf(chunk + len, sizeof chunk - len, "%" PRIu64 " x ", grid->chunk[d]);
    shape_text(grid, shape, sizeof shape);
    uint64_t tiles = qn_grid_tiles(grid);
    return qn_plan_note(plan, err, "grid: %s%s%s, chunks of %s%u samples in %" PRIu64 " tile%s",
                        known ? known->title : "", known ? ": " : "", shape, chunk,
                        grid->chunk_samples, tiles, tiles == 1 ? "" : "s");
}

enum qn_status qn_grid_note(struct qn_plan *plan, const struct qn_grid *grid,
                            const struct qn_census *census, struct qn_error *err)
{
    enum qn_status status = note_cut(plan, grid, err);
    if (!status)
        status = note_axes(plan, grid, err);
    if (!status)
        status = note_missing(plan, grid, census, err);
    return status ? status : note_duplicates(plan, grid, census, err);
}

/* ---- facts ---------------------------------------------------------------------------------- */

static json_t *value_json(enum qn_dtype dtype, int64_t key)
{
    char text[QN_AXIS_TEXT];
    double real;
    if (dtype == QN_FLOAT32 || dtype == QN_FLOAT64) {
        qn_axis_value(QN_FLOAT64, key, &real);
        return json_real(real);
    }
    if (dtype == QN_UINT64)
        return json_string(qn_axis_text(dtype, key, text));
    return json_integer(key);
}

static json_t *axes_json(const struct qn_grid *grid)
{
    json_t *list = json_array();
    for (uint32_t d = 0; d < grid->ndim; d++) {
        const struct qn_axis *axis = &grid->axes[d];
        json_t *row = json_object();
        json_object_set_new(row, "dimension", json_string(axis->name));
        json_object_set_new(row, "column", *axis->column ? json_string(axis->column) : json_null());
        json_object_set_new(row, "values", json_integer((json_int_t)axis->count));
        json_object_set_new(row, "first", value_json(axis->dtype, axis->keys[0]));
        json_object_set_new(row, "last", value_json(axis->dtype, axis->keys[axis->count - 1]));
        json_object_set_new(row, "step", axis->step ? json_integer(axis->step) : json_null());
        json_object_set_new(row, "chunk", json_integer((json_int_t)grid->chunk[d]));
        json_array_append_new(list, row);
    }
    return list;
}

static void set_cell(json_t *row, const struct qn_grid *grid, uint64_t cell)
{
    uint64_t places[QN_GRID_DIMS];
    places_of(grid, cell, places);
    for (uint32_t d = 0; d < grid->keys; d++)
        json_object_set_new(row, grid->axes[d].name,
                            value_json(grid->axes[d].dtype, grid->axes[d].keys[places[d]]));
}

static json_t *missing_json(const struct qn_grid *grid, const struct qn_census *census)
{
    uint64_t cells[QN_CENSUS_LISTED];
    size_t count = qn_census_empty(census, cells, QN_CENSUS_LISTED);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *row = json_object();
        set_cell(row, grid, cells[i]);
        json_array_append_new(list, row);
    }
    return list;
}

static json_t *shared_json(const struct qn_grid *grid, const struct qn_census *census)
{
    json_t *list = json_array();
    for (size_t i = 0; i < census->shared_count; i++) {
        json_t *row = json_object();
        json_object_set_new(row, "trace", json_integer((json_int_t)census->shared[i].trace));
        json_object_set_new(row, "shares_with", json_integer((json_int_t)census->shared[i].first));
        set_cell(row, grid, census->shared[i].cell);
        json_array_append_new(list, row);
    }
    return list;
}

static json_t *counts_json(const struct qn_grid *grid, const struct qn_census *census,
                           uint64_t traces)
{
    static const char *const policies[] = {"refuse", "first", "last", "dimension"};
    const struct qn_grid_template *known = qn_grid_template_of(grid);
    json_t *counts = json_object();
    uint64_t missing = census->cells - census->live;
    json_object_set_new(counts, "template", known ? json_string(known->name) : json_null());
    json_object_set_new(counts, "mdio_template", known ? json_string(known->mdio) : json_null());
    json_object_set_new(counts, "cells", json_integer((json_int_t)census->cells));
    json_object_set_new(counts, "traces", json_integer((json_int_t)traces));
    json_object_set_new(counts, "cells_without_a_trace", json_integer((json_int_t)missing));
    json_object_set_new(counts, "duplicate_traces", json_integer((json_int_t)census->duplicates));
    json_object_set_new(counts, "duplicates", json_string(policies[grid->duplicates]));
    json_object_set_new(counts, "most_traces_of_a_cell", json_integer(census->deepest));
    json_object_set_new(counts, "cells_per_trace",
                        json_real((double)census->cells / (double)traces));
    json_object_set_new(counts, "chunk_samples", json_integer(grid->chunk_samples));
    json_object_set_new(counts, "tiles", json_integer((json_int_t)qn_grid_tiles(grid)));
    return counts;
}

json_t *qn_grid_facts(const struct qn_grid *grid, const struct qn_census *census, uint64_t traces)
{
    json_t *facts = json_object();
    json_object_set_new(facts, "grid", counts_json(grid, census, traces));
    json_object_set_new(facts, "grid_dimensions", axes_json(grid));
    if (census->live < census->cells)
        json_object_set_new(facts, "grid_cells_without_a_trace", missing_json(grid, census));
    if (census->duplicates > 0)
        json_object_set_new(facts, "grid_traces_that_share_a_cell", shared_json(grid, census));
    return facts;
}
