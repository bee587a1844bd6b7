/* Glue of grid.zarr: see glue.h. No sample is touched. */
#include "pipelines/segy/grid/glue.h"

#include "base/json_memory.h"
#include "base/sys.h"
#include "pipelines/segy/dataset/store.h"
#include "pipelines/segy/grid/store.h"
#include "pipelines/segy/grid/tile.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* dimensions, samples, amplitude, trace_mask, trace_index, places */
#define MOST_ARRAYS (QN_GRID_DIMS + 4 + 2 * QN_GRID_PLACES)

struct gluing {
    struct qn_glue *glue;
    const struct qn_import *import;
    struct qn_grid_place places[QN_GRID_PLACES];
    size_t place_count;
    double *coordinates[QN_GRID_PLACES][2]; /* of places that are not whole: the whole arrays */
    struct qn_fill_tally tally;
    uint64_t stored_bytes;
    uint64_t failed_tiles;
};

/* ---- what tiles found ----------------------------------------------------------------------- */

static struct qn_grid_box whole_grid(const struct qn_grid *grid)
{
    struct qn_grid_box box = {0};
    for (uint32_t d = 0; d < grid->ndim; d++)
        box.extent[d] = grid->axes[d].count;
    return box;
}

static enum qn_status make_coordinates(struct gluing *gluing, struct qn_error *err)
{
    struct qn_grid_box all = whole_grid(&gluing->import->gridded);
    gluing->place_count = qn_grid_places(gluing->import, gluing->places);
    for (size_t p = 0; p < gluing->place_count; p++) {
        uint64_t n = qn_grid_place_cells(gluing->import, &gluing->places[p], &all);
        for (unsigned w = 0; w < 2 && !gluing->places[p].whole; w++) {
            double *values = gluing->coordinates[p][w] = qn_sys.malloc(n * sizeof *values);
            if (!values)
                return qn_fail_memory(err, "the coordinates of the grid", n * sizeof *values);
            for (uint64_t i = 0; i < n; i++)
                values[i] = NAN;
        }
    }
    return QN_OK;
}

/* Sets the coordinates that a tile has into those of the grid; where another tile was first, its
 * own stay. */
static void join_coordinates(struct gluing *gluing, const struct qn_grid_box *box, size_t p,
                             const struct qn_tile_result *result)
{
    const struct qn_grid *grid = &gluing->import->gridded;
    const struct qn_grid_place *place = &gluing->places[p];
    uint64_t n = qn_grid_place_cells(gluing->import, place, box);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t rest = i;
        uint64_t cell = 0;
        uint64_t stride = 1;
        double to[2];
        for (uint32_t d = grid->keys; d-- > 0;) {
            if (!(place->dims >> d & 1))
                continue;
            cell += (box->origin[d] + rest % box->extent[d]) * stride;
            rest /= box->extent[d];
            stride *= grid->axes[d].count;
        }
        double *x = &gluing->coordinates[p][0][cell];
        double *y = &gluing->coordinates[p][1][cell];
        for (unsigned w = 0; w < 2; w++)
            memcpy(&to[w], result->coordinates[p][w] + i * sizeof *to, sizeof *to);
        if (isnan(to[0]))
            continue;
        if (isnan(*x)) {
            *x = to[0];
            *y = to[1];
        } else if (*x != to[0] || *y != to[1]) {
            gluing->tally.displaced++;
            gluing->tally.displacement =
                fmax(gluing->tally.displacement, hypot(*x - to[0], *y - to[1]));
        }
    }
}

static enum qn_status write_chunk(struct gluing *gluing, const struct qn_zarr_array *array,
                                  const struct qn_grid_box *box, const void *values,
                                  struct qn_error *err)
{
    uint64_t chunk[QN_ZARR_DIMS] = {0};
    char path[QN_GRID_PATH];
    struct qn_zarr_encoder *encoder;
    struct qn_buf packed = {0};
    enum qn_status status = qn_zarr_encoder_new(&encoder, array, err);
    if (status)
        return status;
    for (uint32_t d = 0; d < array->ndim; d++)
        chunk[d] = box->origin[d] / array->chunk[d];
    qn_grid_path(array, chunk, path);
    status = qn_zarr_encode(encoder, values, &packed, err);
    if (!status)
        status = qn_glue_write(gluing->glue, path, packed.data, packed.len, err);
    qn_buf_release(&packed);
    qn_zarr_encoder_free(encoder);
    return status;
}

/* A tile that failed for good: says that none of its cells has a trace. Its other arrays read as
 * their fill value. */
static enum qn_status write_blank(struct gluing *gluing, const struct qn_grid_box *box,
                                  struct qn_error *err)
{
    struct qn_zarr_array array;
    qn_grid_index(gluing->import, &array);
    size_t bytes = qn_zarr_chunk_bytes(&array);
    void *values = qn_sys.malloc(bytes);
    if (!values)
        return qn_fail_memory(err, "a tile of the grid", bytes);
    memset(values, 0xff, bytes); /* all -1 */
    enum qn_status status = write_chunk(gluing, &array, box, values, err);
    memset(values, 0, bytes);
    qn_grid_mask(gluing->import, &array);
    if (!status)
        status = write_chunk(gluing, &array, box, values, err);
    free(values);
    gluing->failed_tiles++;
    return status;
}

static enum qn_status take_tile(struct gluing *gluing, uint64_t task, const struct qn_tile *tile,
                                bool done, struct qn_error *err)
{
    struct qn_grid_box box = qn_grid_box(&gluing->import->gridded, tile->number);
    struct qn_tile_result result;
    const void *bytes;
    size_t len;
    if (!done)
        return write_blank(gluing, &box, err);
    enum qn_status status = qn_glue_result(gluing->glue, task, &bytes, &len, err);
    if (!status)
        status = qn_tile_result_decode(gluing->import, tile->number, bytes, len, &result, err);
    if (status)
        return status;
    gluing->tally.live += result.tally.live;
    gluing->tally.left_out += result.tally.left_out;
    gluing->tally.displaced += result.tally.displaced;
    gluing->tally.displacement = fmax(gluing->tally.displacement, result.tally.displacement);
    gluing->stored_bytes += result.stored_bytes;
    for (size_t p = 0; p < gluing->place_count; p++)
        if (!gluing->places[p].whole)
            join_coordinates(gluing, &box, p, &result);
    return QN_OK;
}

static enum qn_status take_tiles(struct gluing *gluing, struct qn_error *err)
{
    uint64_t count = qn_glue_count(gluing->glue);
    enum qn_status status = QN_OK;
    for (uint64_t i = 0; i < count && !status; i++) {
        bool done;
        struct qn_tile tile;
        const struct qn_task *task = qn_glue_task(gluing->glue, i, &done);
        if (qn_task_kind(task) != QN_TASK_TILE)
            continue;
        if (qn_glue_cancelled(gluing->glue))
            return qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
        status = qn_tile_decode(task, &tile, err);
        if (!status)
            status = take_tile(gluing, i, &tile, done, err);
        qn_glue_progress(gluing->glue, i + 1, count);
    }
    return status;
}

/* ---- arrays and metadata -------------------------------------------------------------------- */

static const char *const axis_units[] = {[QN_LENGTH_UNKNOWN] = NULL,
                                         [QN_LENGTH_METRES] = "m",
                                         [QN_LENGTH_FEET] = "ft",
                                         [QN_LENGTH_DEGREES] = "degrees"};

/* The values of a dimension, as an array of their own. */
static enum qn_status write_axis(struct gluing *gluing, const struct qn_axis *axis,
                                 struct qn_zarr_array *array, struct qn_error *err)
{
    size_t item = qn_dtype_bytes(axis->dtype);
    *array = (struct qn_zarr_array){.format = gluing->import->zarr_format,
                                    .dtype = axis->dtype,
                                    .ndim = 1,
                                    .shape = {axis->count},
                                    .chunk = {axis->count}};
    memcpy(array->name, axis->name, sizeof array->name);
    memcpy(array->dimension[0], axis->name, sizeof array->name);
    uint8_t *values = qn_sys.malloc(axis->count * item);
    if (!values)
        return qn_fail_memory(err, "a dimension of the grid", axis->count * item);
    for (uint64_t i = 0; i < axis->count; i++)
        qn_axis_value(axis->dtype, axis->keys[i], values + i * item);
    enum qn_status status = qn_store_write_array(gluing->glue, QN_GRID_STORE, array, values, err);
    free(values);
    return status;
}

/* Attributes of one array as text, from a list of "name", "value" pairs with a NULL at its end; a
 * pair without a value is left out. */
static enum qn_status attributes_of(const char *const *pairs, char **text, struct qn_error *err)
{
    json_t *object = json_object();
    for (; *pairs; pairs += 2)
        if (pairs[1])
            json_object_set_new(object, pairs[0], json_string(pairs[1]));
    *text = object ? qn_json_dump(object, JSON_COMPACT) : NULL;
    json_decref(object);
    return *text ? QN_OK : qn_fail_memory(err, "the attributes of an array", 1);
}

struct arrays {
    struct qn_zarr_array list[MOST_ARRAYS];
    char *attributes[MOST_ARRAYS]; /* owned; NULL: none of its own */
    size_t count;
};

/* The names of all places, "cdp_x cdp_y": to xarray they are coordinates of what has them here. */
static void place_names(const struct gluing *gluing, char *names, size_t size)
{
    size_t len = 0;
    names[0] = '\0';
    for (size_t p = 0; p < gluing->place_count && len < size; p++)
        len += (size_t)snprintf(names + len, size - len, "%s%s %s", p ? " " : "",
                                gluing->places[p].names[0], gluing->places[p].names[1]);
}

static enum qn_status add_array(struct arrays *arrays, const char *const *pairs,
                                struct qn_error *err)
{
    size_t i = arrays->count++;
    return attributes_of(pairs, &arrays->attributes[i], err);
}

static enum qn_status add_cell_arrays(struct gluing *gluing, struct arrays *arrays,
                                      struct qn_error *err)
{
    char places[128];
    place_names(gluing, places, sizeof places);
    const char *also = *places ? places : NULL;
    qn_grid_amplitude(gluing->import, &arrays->list[arrays->count]);
    enum qn_status status = add_array(
        arrays, (const char *[]){"long_name", "seismic amplitude", "coordinates", also, NULL}, err);
    qn_grid_mask(gluing->import, &arrays->list[arrays->count]);
    if (!status)
        status = add_array(
            arrays, (const char *[]){"long_name", "there is a trace", "coordinates", also, NULL},
            err);
    qn_grid_index(gluing->import, &arrays->list[arrays->count]);
    if (!status)
        status = add_array(arrays,
                           (const char *[]){"long_name",
                                            "row of the trace in headers.parquet, -1: no trace",
                                            "coordinates", also, NULL},
                           err);
    return status;
}

static enum qn_status add_places(struct gluing *gluing, struct arrays *arrays, struct qn_error *err)
{
    const char *unit = axis_units[gluing->import->places.unit];
    enum qn_status status = QN_OK;
    for (size_t p = 0; p < gluing->place_count; p++) {
        const struct qn_grid_place *place = &gluing->places[p];
        bool midpoint = place->position == &gluing->import->places.midpoint;
        const char *from = midpoint ? gluing->import->places.source_text : NULL;
        for (unsigned w = 0; w < 2 && !status; w++) {
            struct qn_zarr_array *array = &arrays->list[arrays->count];
            qn_grid_place_array(gluing->import, place, w, array);
            status = add_array(arrays, (const char *[]){"units", unit, "source", from, NULL}, err);
            if (!status && !place->whole)
                status = qn_store_write_array(gluing->glue, QN_GRID_STORE, array,
                                              gluing->coordinates[p][w], err);
        }
    }
    return status;
}

static enum qn_status add_arrays(struct gluing *gluing, struct arrays *arrays, double delay_ms,
                                 struct qn_error *err)
{
    const struct qn_grid *grid = &gluing->import->gridded;
    enum qn_status status = QN_OK;
    for (uint32_t d = 0; d < grid->ndim && !status; d++)
        status = write_axis(gluing, &grid->axes[d], &arrays->list[arrays->count++], err);
    if (!status)
        status = qn_store_write_samples(gluing->glue, QN_GRID_STORE, gluing->import, delay_ms, err);
    qn_store_sample_axis(gluing->import, &arrays->list[arrays->count++]);
    if (!status)
        status = add_places(gluing, arrays, err);
    if (!status)
        status = add_cell_arrays(gluing, arrays, err);
    for (size_t i = 0; i < arrays->count; i++)
        if (arrays->attributes[i])
            arrays->list[i].attributes = arrays->attributes[i];
    return status;
}

/* The group's attributes: what is given, and how MDIO names the kind of dataset. */
static char *group_attributes(const struct gluing *gluing, const char *given)
{
    const struct qn_grid_template *known = qn_grid_template_of(&gluing->import->gridded);
    json_t *object = json_loads(given, 0, NULL);
    json_t *kind = json_pack("{s:s}", "defaultVariableName", "amplitude");
    if (known) {
        const char *domain = gluing->import->depth ? "Depth" : "Time";
        json_object_set_new(object, "name",
                            json_sprintf("%s%s", known->mdio, known->domains ? domain : ""));
        json_object_set_new(kind, "surveyType", json_string(known->survey));
        json_object_set_new(kind, "gatherType", json_string(known->gather));
    }
    json_object_set_new(object, "attributes", kind);
    char *text = object ? qn_json_dump(object, JSON_REAL_PRECISION(17)) : NULL;
    json_decref(object);
    return text;
}

static enum qn_status write_store(struct gluing *gluing, double delay_ms, const char *attributes,
                                  struct qn_error *err)
{
    struct arrays arrays = {0};
    enum qn_status status = add_arrays(gluing, &arrays, delay_ms, err);
    char *text = group_attributes(gluing, attributes);
    struct qn_zarr_group group = {.format = gluing->import->zarr_format,
                                  .attributes = text,
                                  .arrays = arrays.list,
                                  .array_count = arrays.count,
                                  .consolidated = true};
    if (!status && !text)
        status = qn_fail_memory(err, "the store's attributes", 1);
    if (!status)
        status = qn_store_write_documents(gluing->glue, QN_GRID_STORE, &group, err);
    for (size_t i = 0; i < MOST_ARRAYS; i++)
        free(arrays.attributes[i]);
    free(text);
    return status;
}

/* ---- facts and notes ------------------------------------------------------------------------ */

static enum qn_status state_facts(struct gluing *gluing, struct qn_error *err)
{
    const struct qn_fill_tally *tally = &gluing->tally;
    json_t *facts = json_loads(gluing->import->gridded.facts, 0, NULL);
    json_t *grid = json_object_get(facts, "grid");
    enum qn_status status = facts ? QN_OK : qn_fail_memory(err, "the facts of the grid", 1);
    json_object_set_new(grid, "traces_stored", json_integer((json_int_t)tally->live));
    json_object_set_new(grid, "traces_left_out", json_integer((json_int_t)tally->left_out));
    json_object_set_new(grid, "positions_that_differ_in_a_cell",
                        json_integer((json_int_t)tally->displaced));
    json_object_set_new(grid, "largest_difference", json_real(tally->displacement));
    json_object_set_new(grid, "stored_bytes", json_integer((json_int_t)gluing->stored_bytes));
    const char *name;
    json_t *value;
    json_object_foreach(facts, name, value)
    {
        char *text = status ? NULL : qn_json_dump(value, JSON_REAL_PRECISION(17));
        if (!status)
            status = text ? qn_glue_fact(gluing->glue, name, text, err)
                          : qn_fail_memory(err, "the facts of the grid", 1);
        free(text);
    }
    json_decref(facts);
    return status;
}

static enum qn_status note_oddities(struct gluing *gluing, struct qn_error *err)
{
    const struct qn_fill_tally *tally = &gluing->tally;
    const char *unit = axis_units[gluing->import->places.unit];
    enum qn_status status = QN_OK;
    if (tally->left_out > 0)
        status =
            qn_glue_note(gluing->glue, err,
                         "grid: %" PRIu64 " trace%s not in grid.zarr: another one has the cell",
                         tally->left_out, tally->left_out == 1 ? " is" : "s are");
    if (!status && tally->displaced > 0)
        status = qn_glue_note(gluing->glue, err,
                              "grid: %" PRIu64 " trace%s elsewhere than the first one of the cell, "
                              "up to %.4g%s%s away",
                              tally->displaced, tally->displaced == 1 ? " lies" : "s lie",
                              tally->displacement, unit ? " " : "", unit ? unit : "");
    if (!status && gluing->failed_tiles > 0)
        status = qn_glue_note(gluing->glue, err,
                              "grid: %" PRIu64 " tile%s failed: the cells read as having no trace",
                              gluing->failed_tiles, gluing->failed_tiles == 1 ? "" : "s");
    return status;
}

enum qn_status qn_grid_glue(struct qn_glue *glue, const struct qn_import *import, double delay_ms,
                            const char *attributes, struct qn_error *err)
{
    struct gluing gluing = {.glue = glue, .import = import};
    if (import->gridded.ndim == 0)
        return QN_OK;
    enum qn_status status = make_coordinates(&gluing, err);
    if (!status)
        status = take_tiles(&gluing, err);
    if (!status)
        status = state_facts(&gluing, err);
    if (!status)
        status = note_oddities(&gluing, err);
    if (!status)
        status = write_store(&gluing, delay_ms, attributes, err);
    for (size_t p = 0; p < QN_GRID_PLACES; p++)
        for (unsigned w = 0; w < 2; w++)
            free(gluing.coordinates[p][w]);
    return status;
}
