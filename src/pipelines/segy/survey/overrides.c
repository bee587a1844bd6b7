/* From options and an earlier scan to overrides: see overrides.h. The JSON is that of
 * `quern segy scan --json`, made in scan/json.c and described in docs/segy.md. */
#include "pipelines/segy/survey/overrides.h"

#include "base/io.h"

#include <stdio.h>
#include <string.h>

#define MAX_SCAN_BYTES (256u << 20)

/* ---- options -------------------------------------------------------------------------------- */

enum qn_status qn_count_option(const struct qn_options *options, const char *name, int64_t least,
                               int64_t most, uint64_t *value, struct qn_error *err)
{
    *value = 0;
    if (!qn_option_given(options, name))
        return QN_OK;
    int64_t given = qn_option_int(options, name);
    if (given < least || given > most)
        return qn_fail(err, QN_ERR_USAGE, "--%s %lld is out of range: %lld to %lld.", name,
                       (long long)given, (long long)least, (long long)most);
    *value = (uint64_t)given;
    return QN_OK;
}

static enum qn_status format_option(const struct qn_options *options, int *code,
                                    struct qn_error *err)
{
    const char *name = qn_option_string(options, "format");
    if (!name)
        return QN_OK;
    const struct qn_segy_format *format = qn_segy_format_by_name(name);
    if (format) {
        *code = format->code;
        return QN_OK;
    }
    char known[512] = "";
    size_t len = 0;
    for (size_t i = 0; (format = qn_segy_format_at(i)) && len < sizeof known; i++)
        len += (size_t)snprintf(known + len, sizeof known - len, "%s%d %s", i ? ", " : "",
                                format->code, format->name);
    return qn_fail(err, QN_ERR_USAGE, "--format '%s' is no sample format. Formats are: %s.", name,
                   known);
}

static bool order_option(const struct qn_options *options, const char *name,
                         enum qn_byte_order *order)
{
    const char *text = qn_option_string(options, name);
    *order = text && !strcmp(text, "little") ? QN_LITTLE_ENDIAN : QN_BIG_ENDIAN;
    return text != NULL;
}

static enum qn_segy_answer answer_option(const struct qn_options *options, const char *name)
{
    if (!qn_option_given(options, name))
        return QN_SEGY_UNSAID;
    return qn_option_flag(options, name) ? QN_SEGY_YES : QN_SEGY_NO;
}

static bool parse_revision(const char *text, struct qn_segy_overrides *overrides)
{
    if (!text || text[0] < '0' || text[0] > '2')
        return false;
    overrides->revision_major = (uint8_t)(text[0] - '0');
    overrides->revision_minor = text[1] == '.' && text[2] == '1';
    return true;
}

static bool parse_encoding(const char *text, struct qn_segy_overrides *overrides)
{
    overrides->encoding = text && !strcmp(text, "ebcdic") ? QN_SEGY_EBCDIC : QN_SEGY_ASCII;
    return text != NULL;
}

static enum qn_status read_options(const struct qn_options *options,
                                   struct qn_segy_overrides *given, struct qn_error *err)
{
    uint64_t samples = 0, headers = 0, trailers = 0;
    given->order_given = order_option(options, "endian", &given->order);
    given->sample_order_given = order_option(options, "sample-endian", &given->sample_order);
    given->revision_given = parse_revision(qn_option_string(options, "revision"), given);
    given->encoding_given = parse_encoding(qn_option_string(options, "text-encoding"), given);
    given->tape_label = answer_option(options, "tape-label");
    given->seismic_unix = answer_option(options, "seismic-unix");
    given->variable = answer_option(options, "variable");
    given->trailers_given = qn_option_given(options, "trailers");
    given->salvage = qn_option_flag(options, "salvage");
    if (qn_option_given(options, "interval")) {
        given->interval_us = qn_option_real(options, "interval");
        if (!(given->interval_us > 0 && given->interval_us < 1e12))
            return qn_fail(err, QN_ERR_USAGE,
                           "--interval is the time between samples in microseconds, above 0.");
    }
    enum qn_status status = format_option(options, &given->format, err);
    if (!status)
        status = qn_count_option(options, "samples", 1, UINT32_MAX, &samples, err);
    if (!status)
        status = qn_count_option(options, "first-trace-offset", 1, INT64_MAX,
                                 &given->first_trace_offset, err);
    if (!status)
        status = qn_count_option(options, "trace-headers", 1, 1000, &headers, err);
    if (!status)
        status = qn_count_option(options, "trailers", 0, UINT32_MAX, &trailers, err);
    if (!status && samples && given->variable == QN_SEGY_YES)
        status = qn_fail(err, QN_ERR_USAGE,
                         "--samples says that all traces are of one length, --variable that they "
                         "are not. Give one of them.");
    given->samples = (uint32_t)samples;
    given->trace_headers = (uint32_t)headers;
    given->trailers = (uint32_t)trailers;
    return status;
}

/* ---- an earlier scan ------------------------------------------------------------------------ */

static enum qn_status read_scan(struct qn_overrides *overrides, struct qn_error *err)
{
    struct qn_buf text = {0};
    json_error_t cause;
    const char *path = overrides->scan_path;
    enum qn_status status = qn_read_file(path, &text, MAX_SCAN_BYTES, err);
    if (!status) {
        overrides->scan = json_loadb((const char *)text.data, text.len, 0, &cause);
        if (!overrides->scan)
            status = qn_fail_at(err, QN_ERR_INPUT, path, cause.position,
                                "'%s' is no JSON (line %d: %s). Make it with 'quern segy scan "
                                "--json'.",
                                path, cause.line, cause.text);
    }
    qn_buf_release(&text);
    if (status)
        return status;
    int64_t version = json_integer_value(json_object_get(overrides->scan, "quern_segy_scan"));
    if (version != 1 || !json_is_array(json_object_get(overrides->scan, "files")))
        return qn_fail_at(err, QN_ERR_INPUT, path, -1,
                          "'%s' is not what 'quern segy scan --json' of this version prints. Scan "
                          "the file again.",
                          path);
    return QN_OK;
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static const json_t *find_entry(const struct qn_overrides *overrides, const char *path,
                                size_t count)
{
    const json_t *files = json_object_get(overrides->scan, "files");
    for (size_t i = 0; i < json_array_size(files); i++) {
        const json_t *entry = json_array_get(files, i);
        const char *name = json_string_value(json_object_get(entry, "path"));
        if (name && !strcmp(name_of(name), name_of(path)))
            return entry;
    }
    return json_array_size(files) == 1 && count == 1 ? json_array_get(files, 0) : NULL;
}

static enum qn_segy_answer answer_of(const json_t *layout, const char *key)
{
    const json_t *value = json_object_get(layout, key);
    return json_is_boolean(value) ? (json_is_true(value) ? QN_SEGY_YES : QN_SEGY_NO)
                                  : QN_SEGY_UNSAID;
}

static bool order_of(const json_t *layout, const char *key, enum qn_byte_order *order)
{
    const char *text = json_string_value(json_object_get(layout, key));
    *order = text && !strcmp(text, "little") ? QN_LITTLE_ENDIAN : QN_BIG_ENDIAN;
    return text != NULL;
}

/* A whole number from `least` to `most`, else 0. */
static uint64_t number_of(const json_t *layout, const char *key, int64_t least, int64_t most)
{
    int64_t value = json_integer_value(json_object_get(layout, key));
    return value >= least && value <= most ? (uint64_t)value : 0;
}

static void apply_layout(const json_t *layout, struct qn_segy_overrides *all)
{
    all->order_given = order_of(layout, "byte_order", &all->order);
    all->sample_order_given = order_of(layout, "sample_byte_order", &all->sample_order);
    all->format = (int)number_of(layout, "format", 1, 16);
    all->variable = answer_of(layout, "variable");
    all->seismic_unix = answer_of(layout, "seismic_unix");
    all->tape_label = number_of(layout, "tape_label_bytes", 1, 128) ? QN_SEGY_YES : QN_SEGY_NO;
    if (all->variable != QN_SEGY_YES)
        all->samples = (uint32_t)number_of(layout, "samples", 1, UINT32_MAX);
    double interval = json_number_value(json_object_get(layout, "interval_us"));
    all->interval_us = interval > 0 && interval < 1e12 ? interval : 0;
    all->first_trace_offset = number_of(layout, "first_trace_offset", 1, INT64_MAX);
    all->trace_headers = (uint32_t)(number_of(layout, "trace_header_bytes", 240, 240000) /
                                    QN_SEGY_TRACE_HEADER_BYTES);
    all->revision_given =
        parse_revision(json_string_value(json_object_get(layout, "revision")), all);
    all->encoding_given =
        parse_encoding(json_string_value(json_object_get(layout, "text_encoding")), all);
}

/* What options say instead of *all. */
static void apply_given(const struct qn_segy_overrides *given, struct qn_segy_overrides *all)
{
    if (given->order_given) {
        all->order_given = true;
        all->order = given->order;
    }
    if (given->sample_order_given || given->order_given) {
        all->sample_order_given = given->sample_order_given;
        all->sample_order = given->sample_order;
    }
    all->format = given->format ? given->format : all->format;
    if (given->samples || given->variable != QN_SEGY_UNSAID) {
        all->samples = given->samples;
        all->variable = given->variable;
    }
    all->interval_us = given->interval_us > 0 ? given->interval_us : all->interval_us;
    if (given->first_trace_offset)
        all->first_trace_offset = given->first_trace_offset;
    if (given->trace_headers)
        all->trace_headers = given->trace_headers;
    all->trailers_given = given->trailers_given;
    all->trailers = given->trailers;
    if (given->revision_given) {
        all->revision_given = true;
        all->revision_major = given->revision_major;
        all->revision_minor = given->revision_minor;
    }
    if (given->encoding_given) {
        all->encoding_given = true;
        all->encoding = given->encoding;
    }
    if (given->tape_label != QN_SEGY_UNSAID)
        all->tape_label = given->tape_label;
    if (given->seismic_unix != QN_SEGY_UNSAID)
        all->seismic_unix = given->seismic_unix;
    all->salvage = given->salvage;
}

enum qn_status qn_overrides_read(const struct qn_options *options, struct qn_overrides *overrides,
                                 struct qn_error *err)
{
    *overrides = (struct qn_overrides){.scan_path = qn_option_string(options, "scan")};
    enum qn_status status = read_options(options, &overrides->given, err);
    return status || !overrides->scan_path ? status : read_scan(overrides, err);
}

void qn_overrides_release(struct qn_overrides *overrides)
{
    json_decref(overrides->scan);
    overrides->scan = NULL;
}

enum qn_status qn_overrides_for(const struct qn_overrides *overrides, const char *path,
                                uint64_t size, size_t count, struct qn_segy_overrides *all,
                                struct qn_error *err)
{
    *all = overrides->given;
    if (!overrides->scan)
        return QN_OK;
    const json_t *entry = find_entry(overrides, path, count);
    if (!entry)
        return qn_fail_at(err, QN_ERR_INPUT, overrides->scan_path, -1,
                          "'%s' says nothing of '%s'. Scan all files of the survey together: "
                          "'quern segy scan --json FILE...'.",
                          overrides->scan_path, name_of(path));
    int64_t scanned = json_integer_value(json_object_get(entry, "size"));
    if (scanned < 0 || (uint64_t)scanned != size)
        return qn_fail_at(err, QN_ERR_CHANGED, path, -1,
                          "'%s' has %llu bytes now, but had %lld when it was scanned. Scan it "
                          "again, or leave out --scan.",
                          path, (unsigned long long)size, (long long)scanned);
    *all = (struct qn_segy_overrides){0};
    apply_layout(json_object_get(entry, "layout"), all);
    apply_given(&overrides->given, all);
    return QN_OK;
}
