/* What kind of survey a file is, and where its keys lie: see guess.h. */
#include "pipelines/segy/scan/guess.h"

#include "pipelines/segy/scan/steps.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct guessing {
    const struct qn_scan_sample *sample;
    const struct qn_segy_layout *layout;
    const struct qn_positions *positions;
    uint64_t traces;
    struct qn_scan_guesses *guesses;
    struct qn_error *err;
};

const char *qn_survey_kind_name(enum qn_survey_kind kind)
{
    static const char *const names[] = {[QN_SURVEY_UNKNOWN] = "unknown",
                                        [QN_SURVEY_STACK_2D] = "stacked 2D line",
                                        [QN_SURVEY_STACK_3D] = "stacked 3D volume",
                                        [QN_SURVEY_GATHERS_2D] = "CDP gathers of a line",
                                        [QN_SURVEY_GATHERS_3D] = "CDP gathers of a volume",
                                        [QN_SURVEY_SHOTS] = "shot records"};
    return names[kind];
}

/* The field of the standard trace header at that byte with that type, NULL if there is none. */
static const struct qn_segy_field *standard_field(unsigned byte, enum qn_position_type type)
{
    for (const struct qn_segy_field *f = qn_segy_trace_fields; f->name; f++)
        if (f->byte == byte)
            return qn_segy_type_info((enum qn_segy_type)f->type)->bytes ==
                           (type <= QN_POSITION_UINT16 ? 2u : 4u)
                       ? f
                       : NULL;
    return NULL;
}

/* ---- single fields -------------------------------------------------------------------------- */

/* Ranges are those of all traces that were looked at. */
static struct qn_scan_field field_at(const struct guessing *g, unsigned byte,
                                     enum qn_position_type type)
{
    const struct qn_position *at = qn_position_at(g->positions, byte, type);
    return (struct qn_scan_field){
        .found = true, .byte = byte, .type = type, .min = at->min, .max = at->max};
}

static bool varies(const struct guessing *g, unsigned byte)
{
    const struct qn_position *at = qn_position_at(g->positions, byte, QN_POSITION_INT32);
    return at->rises + at->falls > 0;
}

/* Whether the int32 at `byte` is the same over most neighbours, and another elsewhere. */
static bool comes_in_runs(const struct guessing *g, unsigned byte)
{
    const struct qn_position *at = qn_position_at(g->positions, byte, QN_POSITION_INT32);
    return at->rises + at->falls > 0 && 2 * at->ties >= g->positions->neighbours;
}

/* Whether it changes where `key` does not. */
static bool changes_within(const struct guessing *g, unsigned byte, unsigned key)
{
    const struct qn_scan_sample *sample = g->sample;
    for (size_t i = 0; i + 1 < sample->count; i++) {
        const uint8_t *a = qn_scan_header(sample, i), *b = qn_scan_header(sample, i + 1);
        if (qn_scan_neighbours(sample, i) && !memcmp(a + key - 1, b + key - 1, 4) &&
            memcmp(a + byte - 1, b + byte - 1, 4))
            return true;
    }
    return false;
}

/* ---- grid ----------------------------------------------------------------------------------- */

static struct qn_scan_field field_of(const struct guessing *g, const struct qn_steps *steps,
                                     int64_t step, uint64_t values, const char *role)
{
    struct qn_scan_field field = field_at(g, steps->byte, steps->type);
    const struct qn_segy_field *standard = standard_field(steps->byte, steps->type);
    field.step = (double)step;
    snprintf(field.why, sizeof field.why, "%s; %llu values in steps of %lld%s%s%s", role,
             (unsigned long long)values, (long long)step, standard ? " (the standard's " : "",
             standard ? standard->name : "", standard ? ")" : "");
    return field;
}

/* In the standard's order, inlines are at the lower byte; else the outer key is the inline. */
static bool is_crossline_sorted(const struct qn_scan_grid *grid)
{
    return grid->outer.byte == 193 && grid->inner.byte == 189;
}

static void tell_grid(struct guessing *g, const struct qn_scan_grid *grid)
{
    struct qn_scan_guesses *out = g->guesses;
    int64_t outer_step = grid->outer.step ? grid->outer.step : grid->outer.common;
    struct qn_scan_field outer =
        field_of(g, &grid->outer, outer_step, grid->lines, "constant along each line");
    struct qn_scan_field inner =
        field_of(g, &grid->inner, grid->inner.step, grid->points, "steps along each line");
    bool crossline_sorted = is_crossline_sorted(grid);
    out->inline_ = crossline_sorted ? inner : outer;
    out->crossline = crossline_sorted ? outer : inner;
}

/* Shot records number their traces as lines number their points. But their traces have different
 * offsets, or one source; and trace numbers in a record (byte 13) number points only where these
 * have places of their own. */
static bool is_shots(const struct guessing *g, unsigned key, unsigned counter)
{
    bool places = changes_within(g, 73, key) || changes_within(g, 77, key) ||
                  changes_within(g, 181, key) || changes_within(g, 185, key);
    bool receivers = changes_within(g, 81, key) || changes_within(g, 85, key);
    return changes_within(g, 37, key) || (receivers && !places) || (counter == 13 && !places);
}

/* ---- kind and key --------------------------------------------------------------------------- */

static void set_key(struct guessing *g, const char *first, const char *second, const char *why)
{
    snprintf(g->guesses->key, sizeof g->guesses->key, "%s%s%s", first, second ? "," : "",
             second ? second : "");
    snprintf(g->guesses->key_why, sizeof g->guesses->key_why, "%s", why);
}

/* What --ensemble-key calls a field, with the layout that goes with the guesses. */
static const char *key_name(const struct qn_scan_guesses *out, const struct qn_scan_field *field,
                            const char *role)
{
    const struct qn_segy_field *standard = standard_field(field->byte, field->type);
    bool kept = out->layout && (!strcmp(out->layout, "su") || !strcmp(out->layout, "passcal"));
    return kept && standard ? standard->name : role;
}

static void decide_volume(struct guessing *g, const struct qn_scan_grid *grid)
{
    struct qn_scan_guesses *out = g->guesses;
    const char *inline_name = key_name(out, &out->inline_, "inline");
    const char *crossline_name = key_name(out, &out->crossline, "crossline");
    if (grid->fold > 1.3) {
        out->kind = QN_SURVEY_GATHERS_3D;
        snprintf(out->kind_why, sizeof out->kind_why,
                 "%llu x %llu nodes of inline and crossline with %.1f traces each on average",
                 (unsigned long long)grid->lines, (unsigned long long)grid->points, grid->fold);
        set_key(g, inline_name, crossline_name, "a gather is all traces of one node");
        if (varies(g, 37))
            out->offset = field_at(g, 37, QN_POSITION_INT32);
        return;
    }
    out->kind = QN_SURVEY_STACK_3D;
    snprintf(out->kind_why, sizeof out->kind_why,
             "%llu x %llu nodes of inline and crossline for %llu traces%s",
             (unsigned long long)grid->lines, (unsigned long long)grid->points,
             (unsigned long long)g->traces, grid->fold < 0.995 ? ": some nodes have none" : "");
    bool crossline_sorted = is_crossline_sorted(grid);
    set_key(g, crossline_sorted ? crossline_name : inline_name, NULL,
            crossline_sorted ? "each crossline is one run of traces"
                             : "each inline is one run of traces");
}

static void decide_records(struct guessing *g, unsigned byte, enum qn_survey_kind kind,
                           const char *what)
{
    struct qn_scan_guesses *out = g->guesses;
    const struct qn_segy_field *field = standard_field(byte, QN_POSITION_INT32);
    out->kind = kind;
    snprintf(out->kind_why, sizeof out->kind_why,
             "%s (bytes %u-%u) stays the same over several traces, %s", field->name, byte, byte + 3,
             what);
    set_key(g, field->name, NULL, "its changes separate the gathers");
    if (varies(g, 37))
        out->offset = field_at(g, 37, QN_POSITION_INT32);
    if (kind == QN_SURVEY_GATHERS_2D)
        out->cdp = field_at(g, byte, QN_POSITION_INT32);
}

/* The first that applies of: gathers by CDP or by one grid number, shot records by record number or
 * source point. */
static bool decide_gathers(struct guessing *g)
{
    static const unsigned points[] = {21, 193, 189}, shots[] = {9, 17};
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        if (comes_in_runs(g, points[i]) &&
            (changes_within(g, 37, points[i]) || changes_within(g, 25, points[i]))) {
            decide_records(g, points[i], QN_SURVEY_GATHERS_2D,
                           "while offsets or trace numbers change");
            return true;
        }
    for (size_t i = 0; i < sizeof shots / sizeof *shots; i++)
        if (comes_in_runs(g, shots[i]) &&
            (is_shots(g, shots[i], 0) || changes_within(g, 13, shots[i]))) {
            decide_records(g, shots[i], QN_SURVEY_SHOTS, "while trace numbers or offsets change");
            return true;
        }
    return false;
}

/* "; inline is 111 in all" of a line cut out of a volume. */
static void tell_constant(struct guessing *g, unsigned byte, char *text, size_t size)
{
    const struct qn_position *at = qn_position_at(g->positions, byte, QN_POSITION_INT32);
    text[0] = '\0';
    if (!g->layout->seismic_unix && at->rises + at->falls == 0 && at->min != 0 &&
        fabs(at->min) < 1e6)
        snprintf(text, size, "; %s is %.0f in all", standard_field(byte, QN_POSITION_INT32)->name,
                 at->min);
}

static void decide_line(struct guessing *g)
{
    struct qn_scan_guesses *out = g->guesses;
    static const unsigned numbers[] = {21, 193, 189, 17, 9};
    char rest[64];
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const struct qn_position *at = qn_position_at(g->positions, numbers[i], QN_POSITION_INT32);
        bool tail = g->layout->seismic_unix && numbers[i] > 180;
        if (tail || at->rises + at->falls == 0 || (at->rises && at->falls) || at->ties)
            continue;
        out->kind = QN_SURVEY_STACK_2D;
        out->cdp = field_at(g, numbers[i], QN_POSITION_INT32);
        tell_constant(g, numbers[i] == 189 ? 193 : 189, rest, sizeof rest);
        snprintf(out->kind_why, sizeof out->kind_why, "%s (bytes %u-%u) %s from trace to trace%s",
                 standard_field(numbers[i], QN_POSITION_INT32)->name, numbers[i], numbers[i] + 3,
                 at->rises ? "rises" : "falls", rest);
        snprintf(out->key_why, sizeof out->key_why, "every trace stands for itself");
        return;
    }
    snprintf(out->kind_why, sizeof out->kind_why,
             g->sample->count < 2 ? "one trace says nothing of the others"
                                  : "no header field numbers lines, points, records or gathers");
}

/* ---- coordinates ---------------------------------------------------------------------------- */

/* Words that are wild as integers and tame as floats. */
static enum qn_position_type coordinate_type(const struct guessing *g, unsigned byte)
{
    const struct qn_position *whole = qn_position_at(g->positions, byte, QN_POSITION_INT32);
    const struct qn_position *ibm = qn_position_at(g->positions, byte, QN_POSITION_IBM32);
    const struct qn_position *ieee = qn_position_at(g->positions, byte, QN_POSITION_IEEE32);
    double largest = fmax(fabs(whole->min), fabs(whole->max));
    bool ieee_tame = !ieee->strange && fmax(fabs(ieee->min), fabs(ieee->max)) < 1e8;
    bool ibm_tame = !ibm->strange && fmax(fabs(ibm->min), fabs(ibm->max)) < 1e8;
    if (largest < 5e8)
        return QN_POSITION_INT32;
    /* The same word is some powers of ten larger in one code than in the other: coordinates are
     * hundreds to millions. */
    if (ieee_tame && (!ibm_tame || fabs(ieee->max) > fabs(ibm->max) / 100))
        return QN_POSITION_IEEE32;
    return ibm_tame ? QN_POSITION_IBM32 : QN_POSITION_INT32;
}

static void find_coordinates(struct guessing *g)
{
    static const struct {
        unsigned x, y;
        const char *of;
    } places[] = {{181, 185, "the ensemble"}, {73, 77, "the source"}, {81, 85, "the receiver"}};
    struct qn_scan_guesses *out = g->guesses;
    size_t first = out->kind == QN_SURVEY_SHOTS ? 1 : 0;
    for (size_t i = first; i < sizeof places / sizeof *places && !out->x.found; i++) {
        if (g->layout->seismic_unix && places[i].x > 180)
            continue;
        if (!varies(g, places[i].x) && !varies(g, places[i].y))
            continue;
        enum qn_position_type type = coordinate_type(g, places[i].x);
        out->x = field_at(g, places[i].x, type);
        out->y = field_at(g, places[i].y, type);
        int n = snprintf(out->x.why, sizeof out->x.why, "where the standard has those of %s%s%s",
                         places[i].of, type == QN_POSITION_INT32 ? "" : ", but as ",
                         type == QN_POSITION_INT32 ? "" : qn_position_type_name(type));
        memcpy(out->y.why, out->x.why, n > 0 ? sizeof out->y.why : 0);
    }
}

/* ---- layout --------------------------------------------------------------------------------- */

/* Where a named layout has a field; it is the standard's if the layout has none of its own. */
static unsigned byte_in(const struct qn_segy_named_layout *layout, const char *name)
{
    const struct qn_segy_field *own = qn_segy_find_field(layout->fields, name);
    const struct qn_segy_field *standard = qn_segy_find_field(qn_segy_trace_fields, name);
    return own ? own->byte : standard->byte < layout->base_bytes ? standard->byte : 0;
}

static void find_layout(struct guessing *g)
{
    struct qn_scan_guesses *out = g->guesses;
    const struct qn_segy_layout *layout = g->layout;
    const struct qn_segy_named_layout *named;
    const char *why = "nothing speaks against it";
    out->layout = "standard";
    if (layout->length_field == QN_SEGY_LENGTH_229) {
        out->layout = "passcal";
        why = "interval and samples are repeated at bytes 201 and 229";
    } else if (layout->seismic_unix) {
        out->layout = "su";
        why = "bytes 181 to 240 are Seismic Unix's own";
    }
    snprintf(out->layout_why, sizeof out->layout_why, "%s", why);
    if (!out->inline_.found || strcmp(out->layout, "standard") != 0)
        return;
    out->layout = NULL;
    for (size_t i = 0; (named = qn_segy_layout_at(i)) && !out->layout; i++)
        if (byte_in(named, "inline") == out->inline_.byte &&
            byte_in(named, "crossline") == out->crossline.byte)
            out->layout = named->name;
    snprintf(out->layout_why, sizeof out->layout_why,
             out->layout ? "it has inline and crossline at bytes %u and %u"
                         : "none has inline and crossline at bytes %u and %u",
             out->inline_.byte, out->crossline.byte);
}

/* ---- what import needs to be told ----------------------------------------------------------- */

static void put_field(struct qn_buf *json, const struct qn_scan_field *field, const char *name,
                      const char *more)
{
    qn_buf_printf(json, "%s{\"name\": \"%s\", \"byte\": %u, \"type\": \"%s\"%s}",
                  json->len ? ", " : "", name, field->byte, qn_position_type_name(field->type),
                  more);
}

static bool is_float(const struct qn_scan_field *field)
{
    return field->found && field->type >= QN_POSITION_IBM32;
}

bool qn_scan_own_layout(const struct qn_scan_guesses *guesses, struct qn_buf *out)
{
    struct qn_buf fields = {0};
    if (!guesses->layout) {
        put_field(&fields, &guesses->inline_, "inline", "");
        put_field(&fields, &guesses->crossline, "crossline", "");
    }
    const struct qn_segy_field *x = standard_field(guesses->x.byte, QN_POSITION_INT32);
    const struct qn_segy_field *y = standard_field(guesses->y.byte, QN_POSITION_INT32);
    if (is_float(&guesses->x) && x && y) {
        put_field(&fields, &guesses->x, x->name, ", \"scalar\": \"none\"");
        put_field(&fields, &guesses->y, y->name, ", \"scalar\": \"none\"");
    }
    bool needed = fields.len > 0;
    if (needed && !fields.failed)
        qn_buf_printf(out, "{\"extends\": \"%s\", \"fields\": [%.*s]}",
                      guesses->layout ? guesses->layout : "standard", (int)fields.len,
                      (const char *)fields.data);
    out->failed |= fields.failed;
    qn_buf_release(&fields);
    return needed;
}

enum qn_status qn_scan_guess(const struct qn_scan_sample *sample,
                             const struct qn_segy_layout *layout,
                             const struct qn_positions *positions, uint64_t traces,
                             struct qn_scan_guesses *guesses, struct qn_error *err)
{
    struct guessing g = {sample, layout, positions, traces, guesses, err};
    struct qn_scan_grid grid = {0};
    *guesses = (struct qn_scan_guesses){0};
    size_t bytes = layout->seismic_unix ? 180 : positions->bytes;
    enum qn_status status = qn_scan_find_grid(sample, layout->order, bytes, traces, &grid, err);
    if (status)
        return status;
    bool shots = grid.found && grid.fold <= 1.3 &&
                 (grid.outer.byte == 9 || grid.outer.byte == 17) &&
                 is_shots(&g, grid.outer.byte, grid.inner.byte);
    bool volume = grid.found && !shots;
    if (volume)
        tell_grid(&g, &grid);
    find_layout(&g);
    if (volume)
        decide_volume(&g, &grid);
    else if (!decide_gathers(&g))
        decide_line(&g);
    find_coordinates(&g);
    qn_scan_grid_release(&grid);
    return QN_OK;
}
