/* `quern lunar kernels`: what SPICE kernels hold, as a table or as JSON on standard output. */
#include "base/io.h"
#include "base/sys.h"
#include "compute/ephemeris_time.h"
#include "compute/moon_frame.h"
#include "format/spice/kpl.h"
#include "format/spice/spk.h"
#include "pipelines/lunar/kernels.h"
#include "pipelines/lunar/verbs_sky.h"
#include "render/terminal.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LABEL = 32, MOST_BYTES = 16 << 20 };

const struct qn_option qn_lunar_kernels_options[] = {
    {"json", QN_OPT_FLAG, NULL, NULL, "as JSON, with comments and the values of text kernels"},
    {"comments", QN_OPT_FLAG, NULL, NULL, "print the comments that a kernel carries"},
    {0}};

/* ---- names ---------------------------------------------------------------------------------- */

static void body_label(int body, char label[LABEL])
{
    const char *name = qn_body_name(body);
    if (name)
        snprintf(label, LABEL, "%s (%d)", name, body);
    else
        snprintf(label, LABEL, "%d", body);
}

static void frame_label(int frame, char label[LABEL])
{
    const char *name = qn_inertial_name(frame);
    if (name)
        snprintf(label, LABEL, "%s", name);
    else
        snprintf(label, LABEL, "frame %d", frame);
}

/* A whole second stays one: ephemeris times are doubles. */
static void time_label(double et, char label[QN_UTC_TEXT])
{
    qn_utc_print(qn_utc_from_et(&qn_leaps_builtin, et + 5e-4), 0, label);
}

/* A path may be any bytes; JSON holds UTF-8. */
static json_t *path_json(const char *path)
{
    json_t *value = json_string(path);
    return value ? value : json_string("?");
}

/* ---- binary kernels ------------------------------------------------------------------------- */

static json_t *describe_segment(const struct qn_spk_segment *s, const char *name)
{
    char frame[LABEL];
    char start[QN_UTC_TEXT];
    char stop[QN_UTC_TEXT];
    frame_label(s->frame, frame);
    time_label(s->start, start);
    time_label(s->stop, stop);
    return json_pack("{s:s, s:i, s:s?, s:i, s:s?, s:s, s:i, s:b, s:s, s:s, s:f, s:f, s:I}", "name",
                     name, "body", s->target, "body_name", qn_body_name(s->target), "centre",
                     s->centre, "centre_name", qn_body_name(s->centre), "frame", frame, "type",
                     s->type, "supported", qn_spk_supported(s->type), "start_utc", start,
                     "stop_utc", stop, "start_et", s->start, "stop_et", s->stop, "words",
                     (json_int_t)(s->last - s->first + 1));
}

/* An array of a kernel that is no SPK: its summary as it is. */
static json_t *describe_array(const struct qn_daf *daf, size_t i)
{
    json_t *doubles = json_array();
    json_t *integers = json_array();
    for (size_t k = 0; k < qn_daf_doubles(daf); k++)
        json_array_append_new(doubles, json_real(qn_daf_real(daf, i)[k]));
    for (size_t k = 0; k < qn_daf_integers(daf); k++)
        json_array_append_new(integers, json_integer(qn_daf_integer(daf, i)[k]));
    return json_pack("{s:s, s:o, s:o}", "name", qn_daf_name(daf, i), "doubles", doubles, "integers",
                     integers);
}

static bool holds_orbits(const struct qn_daf *daf)
{
    const char *kind = qn_daf_kind(daf);
    return (!strcmp(kind, "SPK") || !strcmp(kind, "DAF")) && qn_daf_doubles(daf) == 2 &&
           qn_daf_integers(daf) == 6;
}

static enum qn_status describe_binary(const struct qn_daf *daf, json_t **out, struct qn_error *err)
{
    struct qn_buf comments = {0};
    json_t *list = json_array();
    enum qn_status status = qn_daf_comments(daf, &comments, err);
    qn_buf_u8(&comments, 0);
    for (size_t i = 0; i < qn_daf_count(daf) && !status; i++) {
        struct qn_spk_segment segment;
        if (!holds_orbits(daf)) {
            json_array_append_new(list, describe_array(daf, i));
        } else if (!(status = qn_spk_segment(daf, i, &segment, err))) {
            json_array_append_new(list, describe_segment(&segment, qn_daf_name(daf, i)));
        }
    }
    bool little = qn_daf_order(daf) == QN_LITTLE_ENDIAN;
    *out = json_pack("{s:o, s:s, s:s, s:s, s:s, s:o}", "path", path_json(qn_daf_path(daf)), "kind",
                     qn_daf_kind(daf), "byte_order", little ? "little" : "big", "name",
                     qn_daf_internal(daf), "comments", (const char *)comments.data,
                     holds_orbits(daf) ? "segments" : "arrays", list);
    if (!status && !*out)
        status = qn_fail_memory(err, "a description", comments.len);
    qn_buf_release(&comments);
    return status;
}

static void print_segment(const struct qn_daf *daf, size_t i, const struct qn_spk_segment *s)
{
    char body[LABEL];
    char centre[LABEL];
    char frame[LABEL];
    char start[QN_UTC_TEXT];
    char stop[QN_UTC_TEXT];
    body_label(s->target, body);
    body_label(s->centre, centre);
    frame_label(s->frame, frame);
    time_label(s->start, start);
    time_label(s->stop, stop);
    fprintf(stdout, "  %-26s %-26s %-10s %4d%c  %-19s  %-19s  %s\n", body, centre, frame, s->type,
            qn_spk_supported(s->type) ? ' ' : '!', start, stop, qn_daf_name(daf, i));
}

static enum qn_status print_comments(const struct qn_daf *daf, struct qn_error *err)
{
    struct qn_buf text = {0};
    enum qn_status status = qn_daf_comments(daf, &text, err);
    if (!status)
        fwrite(text.data, 1, text.len, stdout);
    qn_buf_release(&text);
    return status;
}

static enum qn_status print_binary(const struct qn_daf *daf, bool comments, struct qn_error *err)
{
    bool other_types = false;
    enum qn_status status = QN_OK;
    qn_terminal_print(
        stdout, "%s: %s, %s-endian, %zu %s, \"%s\"\n", qn_daf_path(daf), qn_daf_kind(daf),
        qn_daf_order(daf) == QN_LITTLE_ENDIAN ? "little" : "big", qn_daf_count(daf),
        holds_orbits(daf) ? "segments" : "arrays, which are not used", qn_daf_internal(daf));
    if (holds_orbits(daf) && qn_daf_count(daf) > 0)
        fprintf(stdout, "  %-26s %-26s %-10s %4s   %-19s  %-19s  %s\n", "body", "about", "frame",
                "type", "from (UTC)", "to", "name");
    for (size_t i = 0; i < qn_daf_count(daf) && !status; i++) {
        struct qn_spk_segment segment;
        if (!holds_orbits(daf)) {
            fprintf(stdout, "  %s\n", qn_daf_name(daf, i));
        } else if (!(status = qn_spk_segment(daf, i, &segment, err))) {
            print_segment(daf, i, &segment);
            other_types = other_types || !qn_spk_supported(segment.type);
        }
    }
    if (other_types)
        fprintf(stdout, "  ! of a type that cannot be read\n");
    return !status && comments ? print_comments(daf, err) : status;
}

/* ---- text kernels --------------------------------------------------------------------------- */

static json_t *describe_variable(const struct qn_kpl *pool, const char *name)
{
    size_t count;
    json_t *values = json_array();
    const double *numbers = qn_kpl_numbers(pool, name, &count);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(values, json_real(numbers[i]));
    for (size_t i = 0; qn_kpl_text(pool, name, i); i++)
        json_array_append_new(values, json_string(qn_kpl_text(pool, name, i)));
    return values;
}

static enum qn_status describe_text(const struct qn_kpl *pool, const char *path, json_t **out,
                                    struct qn_error *err)
{
    json_t *variables = json_object();
    for (size_t i = 0; qn_kpl_name(pool, i); i++)
        json_object_set_new(variables, qn_kpl_name(pool, i),
                            describe_variable(pool, qn_kpl_name(pool, i)));
    *out = json_pack("{s:o, s:s, s:o}", "path", path_json(path), "kind", "text", "variables",
                     variables);
    return *out ? QN_OK : qn_fail_memory(err, "a description", 0);
}

static void print_text(const struct qn_kpl *pool, const char *path)
{
    size_t names = 0;
    size_t steps;
    size_t pole;
    while (qn_kpl_name(pool, names))
        names++;
    const double *leaps = qn_kpl_numbers(pool, "DELTET/DELTA_AT", &steps);
    qn_kpl_numbers(pool, "BODY301_POLE_RA", &pole);
    qn_terminal_print(stdout, "%s: text, %zu variables\n", path, names);
    if (leaps && steps % 2 == 0 && fabs(leaps[steps - 1]) < 1e11) {
        struct qn_utc since = {10957 + (int32_t)((leaps[steps - 1] + 43200) / 86400), 0};
        char text[QN_UTC_TEXT];
        qn_utc_print(since, 0, text);
        fprintf(stdout, "  leap seconds: %.0f since %.10s\n", leaps[steps - 2], text);
    }
    if (pole > 0)
        fprintf(stdout, "  orientation of the Moon (IAU_MOON)\n");
}

/* ---- the verb ------------------------------------------------------------------------------- */

struct wanted {
    json_t *list; /* NULL: print */
    bool comments;
};

static enum qn_status show_binary(const char *path, const struct wanted *wanted,
                                  struct qn_error *err)
{
    struct qn_daf *daf;
    json_t *value = NULL;
    enum qn_status status = qn_daf_open(&daf, path, err);
    if (status)
        return status;
    status =
        wanted->list ? describe_binary(daf, &value, err) : print_binary(daf, wanted->comments, err);
    if (value)
        json_array_append_new(wanted->list, value);
    qn_daf_close(daf);
    return status;
}

static enum qn_status show_text(const char *path, const struct wanted *wanted, struct qn_error *err)
{
    struct qn_kpl *pool;
    struct qn_buf text = {0};
    json_t *value = NULL;
    enum qn_status status = qn_kpl_new(&pool, err);
    if (status)
        return status;
    status = qn_read_file(path, &text, MOST_BYTES, err);
    if (!status && !qn_kpl_recognize((const char *)text.data, text.len))
        status = qn_fail_at(err, QN_ERR_INPUT, path, 0,
                            "'%s' is no SPICE kernel: neither a DAF nor a text with \\begindata. "
                            "Check what it is.",
                            path);
    if (!status)
        status = qn_kpl_parse(pool, path, (const char *)text.data, text.len, err);
    qn_buf_release(&text);
    if (!status && wanted->list)
        status = describe_text(pool, path, &value, err);
    else if (!status)
        print_text(pool, path);
    if (value)
        json_array_append_new(wanted->list, value);
    qn_kpl_free(pool);
    return status;
}

static enum qn_status show(const char *path, const struct wanted *wanted, struct qn_error *err)
{
    uint8_t head[8];
    int fd;
    enum qn_status status = qn_open_read(path, &fd, err);
    if (status)
        return status;
    bool binary =
        !qn_read_at(fd, path, head, sizeof head, 0, NULL) && qn_daf_recognize(head, sizeof head);
    qn_sys.close(fd);
    return binary ? show_binary(path, wanted, err) : show_text(path, wanted, err);
}

enum qn_status qn_lunar_kernels_verb(const struct qn_options *options, struct qn_error *err)
{
    if (qn_option_inputs(options) == 0)
        return qn_fail(err, QN_ERR_USAGE, "name at least one SPICE kernel.");
    bool json = qn_option_flag(options, "json");
    struct wanted wanted = {json ? json_array() : NULL, qn_option_flag(options, "comments")};
    enum qn_status status = QN_OK;
    if (json && !wanted.list)
        return qn_fail_memory(err, "a description", 0);
    for (size_t i = 0; i < qn_option_inputs(options) && !status; i++)
        status = show(qn_option_input(options, i), &wanted, err);
    if (!status && json &&
        json_dumpf(wanted.list, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(17)))
        status = qn_fail(err, QN_ERR_IO, "cannot write to standard output");
    if (!status && json)
        fprintf(stdout, "\n");
    json_decref(wanted.list);
    return status;
}
