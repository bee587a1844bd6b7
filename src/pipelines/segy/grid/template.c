/* Templates of grids, and the options of `--grid`: see template.h. */
#include "pipelines/segy/grid/template.h"

#include "engine/options.h"

#include <stdio.h>
#include <string.h>

const struct qn_grid_template qn_grid_templates[] = {
    {.name = "poststack-2d",
     .mdio = "PostStack2D",
     .domains = true,
     .survey = "2D",
     .gather = "stacked",
     .title = "stacked line",
     .dims = {"cdp"},
     .chunk = {1024, 1024}},
    {.name = "poststack-3d",
     .mdio = "PostStack3D",
     .domains = true,
     .survey = "3D",
     .gather = "stacked",
     .title = "stacked volume",
     .dims = {"inline", "crossline"},
     .chunk = {128, 128, 128}},
    {.name = "cdp-offset-2d",
     .mdio = "CdpOffsetGathers2D",
     .domains = true,
     .survey = "2D",
     .gather = "cdp",
     .title = "CDP gathers by offset, a line",
     .dims = {"cdp", "offset"},
     .chunk = {16, 64, 1024}},
    {.name = "cdp-angle-2d",
     .mdio = "CdpAngleGathers2D",
     .domains = true,
     .survey = "2D",
     .gather = "cdp",
     .title = "CDP gathers by angle, a line",
     .dims = {"cdp", "angle"},
     .chunk = {16, 64, 1024}},
    {.name = "cdp-offset-3d",
     .mdio = "CdpOffsetGathers3D",
     .domains = true,
     .survey = "3D",
     .gather = "cdp",
     .title = "CDP gathers by offset",
     .dims = {"inline", "crossline", "offset"},
     .chunk = {8, 8, 32, 512}},
    {.name = "cdp-angle-3d",
     .mdio = "CdpAngleGathers3D",
     .domains = true,
     .survey = "3D",
     .gather = "cdp",
     .title = "CDP gathers by angle",
     .dims = {"inline", "crossline", "angle"},
     .chunk = {8, 8, 32, 512}},
    {.name = "coca-3d",
     .mdio = "CocaGathers3D",
     .domains = true,
     .survey = "3D",
     .gather = "common_offset_common_azimuth",
     .title = "common offset, common azimuth gathers",
     .dims = {"inline", "crossline", "offset", "azimuth"},
     .chunk = {8, 8, 32, 1, 1024}},
    {.name = "offset-tiles-3d",
     .mdio = "OffsetTiles3D",
     .domains = true,
     .survey = "3D",
     .gather = "offset_tiles",
     .title = "offset vector tiles",
     .dims = {"inline", "crossline", "inline_offset_tile", "crossline_offset_tile"},
     .chunk = {4, 4, 6, 6, 4096}},
    {.name = "shots-2d",
     .mdio = "StreamerShotGathers2D",
     .survey = "2D",
     .gather = "common_source",
     .title = "shot gathers, one cable",
     .dims = {"shot_point", "channel"},
     .chunk = {16, 32, 2048}},
    {.name = "shots-3d",
     .mdio = "StreamerShotGathers3D",
     .survey = "3D",
     .gather = "common_source",
     .title = "shot gathers, several cables",
     .dims = {"shot_point", "cable", "channel"},
     .chunk = {8, 1, 128, 2048}},
    {.name = "field-records-3d",
     .mdio = "StreamerFieldRecords3D",
     .survey = "3D",
     .gather = "common_source",
     .title = "field records by sail line and gun",
     .dims = {"sail_line", "gun", "shot_index", "cable", "channel"},
     .chunk = {1, 1, 16, 1, 32, 1024}},
    {.name = "receivers-3d",
     .mdio = "ReceiverGathers3D",
     .survey = "3D",
     .gather = "receiver_gathers",
     .title = "receiver gathers",
     .dims = {"receiver", "shot_line", "shot_index"},
     .chunk = {1, 1, 512, 4096}},
    {.name = "obn-receivers-3d",
     .mdio = "ObnReceiverGathers3D",
     .survey = "3D",
     .gather = "common_receiver",
     .title = "receiver gathers of ocean-bottom nodes",
     .dims = {"component", "receiver", "shot_line", "gun", "shot_index"},
     .chunk = {1, 1, 1, 1, 512, 4096}},
    {.name = "shot-receiver-lines-3d",
     .mdio = "ShotReceiverLineGathers3D",
     .survey = "3D",
     .gather = "common_source",
     .title = "shots by receiver lines",
     .dims = {"shot_line", "shot_point", "receiver_line", "receiver"},
     .chunk = {1, 32, 1, 32, 2048}},
    {0}};

/* Columns in which a dimension is found where the header mapping has none of its own name. */
static const struct qn_grid_wish habits[] = {
    {"shot_index", {"shot_index", "shot_point", "energy_source_point", "shotpoint"}},
    {"shot_point", {"shot_point", "energy_source_point", "shotpoint", "field_record"}},
    {"channel", {"channel", "trace_number"}},
    {"angle", {"angle", "offset"}},
};

/* Chunks for lists of columns that are no template, by their number. */
static const uint64_t plain_chunks[QN_GRID_KEYS][QN_GRID_DIMS] = {
    {1024, 1024},        {128, 128, 128},       {8, 8, 32, 512},
    {8, 8, 32, 1, 1024}, {1, 8, 8, 8, 8, 1024}, {1, 1, 8, 8, 8, 8, 1024},
};

/* ---- templates ------------------------------------------------------------------------------ */

static uint32_t dims_of(const struct qn_grid_template *known)
{
    uint32_t n = 0;
    while (n < QN_GRID_KEYS && known->dims[n])
        n++;
    return n;
}

/* "PostStack3D", or with "Time" or "Depth" behind it. */
static bool is_mdio_name(const char *text, const char *mdio, bool *depth)
{
    size_t len = strlen(mdio);
    if (strncmp(text, mdio, len))
        return false;
    *depth = !strcmp(text + len, "Depth");
    return !text[len] || *depth || !strcmp(text + len, "Time");
}

static const struct qn_grid_template *find_template(const char *text, bool *depth)
{
    const struct qn_grid_template *known = qn_grid_templates;
    *depth = false;
    while (known->name && strcmp(text, known->name) && !is_mdio_name(text, known->mdio, depth))
        known++;
    return known->name ? known : NULL;
}

static void wish_for(struct qn_grid_wish *wish, const char *name, const char *source)
{
    for (size_t i = 0; i < sizeof habits / sizeof *habits && !source; i++) {
        if (!strcmp(name, habits[i].name)) {
            *wish = habits[i];
            return;
        }
    }
    *wish = (struct qn_grid_wish){0};
    snprintf(wish->name, sizeof wish->name, "%s", name);
    snprintf(wish->sources[0], sizeof wish->sources[0], "%s", source ? source : name);
}

/* ---- lists of columns ----------------------------------------------------------------------- */

/* One "NAME" or "NAME=COLUMN" of a list. */
static enum qn_status read_dimension(struct qn_grid_request *request, const char *text, size_t len,
                                     struct qn_error *err)
{
    char name[2 * QN_ZARR_NAME];
    if (len == 0 || len >= sizeof name)
        return qn_fail(err, QN_ERR_USAGE, "--grid: '%.*s' is no name of a column.",
                       (int)(len < 100 ? len : 100), text);
    memcpy(name, text, len);
    name[len] = '\0';
    char *source = strchr(name, '=');
    if (source)
        *source++ = '\0';
    if (strlen(name) >= QN_ZARR_NAME || (source && strlen(source) >= QN_ZARR_NAME))
        return qn_fail(err, QN_ERR_USAGE, "--grid: '%s' is too long a name.", name);
    if (request->ndim == QN_GRID_KEYS)
        return qn_fail(err, QN_ERR_USAGE, "--grid: a grid has at most %d dimensions of its own.",
                       QN_GRID_KEYS);
    for (uint32_t d = 0; d < request->ndim; d++)
        if (!strcmp(request->wishes[d].name, name))
            return qn_fail(err, QN_ERR_USAGE, "--grid: dimension '%s' is named twice.", name);
    wish_for(&request->wishes[request->ndim++], name, source);
    return QN_OK;
}

static enum qn_status read_list(struct qn_grid_request *request, const char *text,
                                struct qn_error *err)
{
    enum qn_status status = QN_OK;
    while (!status) {
        size_t len = strcspn(text, ",");
        status = read_dimension(request, text, len, err);
        if (!text[len])
            break;
        text += len + 1;
    }
    return status;
}

/* The template whose dimensions a list names, in their order. */
static const struct qn_grid_template *same_dimensions(const struct qn_grid_request *request)
{
    for (const struct qn_grid_template *known = qn_grid_templates; known->name; known++) {
        uint32_t d = 0;
        while (d < request->ndim && d < QN_GRID_KEYS && known->dims[d] &&
               !strcmp(known->dims[d], request->wishes[d].name))
            d++;
        if (d == request->ndim && d == dims_of(known))
            return known;
    }
    return NULL;
}

/* ---- the options ---------------------------------------------------------------------------- */

static enum qn_status read_chunks(const struct qn_options *options, struct qn_grid_request *request,
                                  struct qn_error *err)
{
    size_t given = qn_option_count(options, "grid-chunks");
    request->chunk_given = given > 0;
    if (given > 0 && given != request->ndim + 1)
        return qn_fail(err, QN_ERR_USAGE,
                       "--grid-chunks: %zu numbers for %u dimensions and the samples: give %u.",
                       given, request->ndim, request->ndim + 1);
    for (size_t i = 0; i < given; i++) {
        const char *text = qn_option_item(options, "grid-chunks", i);
        int64_t value;
        if (!qn_parse_size(text, &value) || value < 1 || value > INT32_MAX)
            return qn_fail(err, QN_ERR_USAGE,
                           "--grid-chunks: '%s' is no length of a chunk: 1 to %d.", text,
                           INT32_MAX);
        request->chunk[i] = (uint64_t)value;
    }
    return QN_OK;
}

static void default_chunks(struct qn_grid_request *request)
{
    for (uint32_t d = 0; d <= request->ndim; d++)
        request->chunk[d] =
            request->known ? request->known->chunk[d] : plain_chunks[request->ndim - 1][d];
}

static enum qn_status read_policies(const struct qn_options *options,
                                    struct qn_grid_request *request, struct qn_error *err)
{
    static const char *const policies[] = {"refuse", "first", "last", "dimension"};
    const char *policy = qn_option_string(options, "duplicates");
    request->duplicates = QN_DUPLICATES_REFUSE;
    for (unsigned i = 0; i < sizeof policies / sizeof *policies; i++)
        if (!strcmp(policy, policies[i]))
            request->duplicates = (enum qn_grid_duplicates)i;
    int64_t tile_bytes = qn_option_int(options, "tile-bytes");
    if (tile_bytes < 1 || tile_bytes > INT64_C(1) << 32)
        return qn_fail(err, QN_ERR_USAGE, "--tile-bytes %lld is out of range: up to 4G.",
                       (long long)tile_bytes);
    request->tile_bytes = (uint64_t)tile_bytes;
    request->sparsity = qn_option_real(options, "grid-sparsity");
    if (!(request->sparsity >= 1))
        return qn_fail(err, QN_ERR_USAGE,
                       "--grid-sparsity is the most cells there may be for each trace, 1 or more.");
    return QN_OK;
}

/* Names that arrays of grid.zarr have. */
static enum qn_status check_names(const struct qn_grid_request *request, struct qn_error *err)
{
    static const char *const taken[] = {
        "amplitude", "time",  "depth",          "duplicate",      "trace_index",   "trace_mask",
        "cdp_x",     "cdp_y", "source_coord_x", "source_coord_y", "group_coord_x", "group_coord_y"};
    for (uint32_t d = 0; d < request->ndim; d++)
        for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
            if (!strcmp(request->wishes[d].name, taken[i]))
                return qn_fail(err, QN_ERR_USAGE,
                               "--grid: grid.zarr has an array '%s' already. Name the dimension "
                               "otherwise: 'NAME=%s'.",
                               taken[i], taken[i]);
    return QN_OK;
}

enum qn_status qn_grid_request(const struct qn_options *options, struct qn_grid_request *request,
                               struct qn_error *err)
{
    const char *text = qn_option_string(options, "grid");
    *request = (struct qn_grid_request){0};
    if (!text)
        return QN_OK;
    enum qn_status status = QN_OK;
    request->known = find_template(text, &request->depth);
    if (request->known) {
        request->ndim = dims_of(request->known);
        for (uint32_t d = 0; d < request->ndim; d++)
            wish_for(&request->wishes[d], request->known->dims[d], NULL);
    } else {
        status = read_list(request, text, err);
        if (!status)
            request->known = same_dimensions(request);
    }
    if (!status)
        status = check_names(request, err);
    if (status)
        return status;
    default_chunks(request);
    status = read_chunks(options, request, err);
    return status ? status : read_policies(options, request, err);
}
