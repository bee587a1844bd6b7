/* From options and the first file's headers to columns and key: see decide_headers.h. */
#include "pipelines/segy/import/decide_headers.h"

#include "base/io.h"
#include "base/nearest.h"
#include "base/sys.h"
#include "pipelines/segy/survey/columns.h"
#include "pipelines/segy/survey/input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LAYOUT_BYTES (16u << 20) /* of a layout file */

struct deciding {
    const struct qn_options *options;
    struct qn_segy_mapping *mapping;
    struct qn_import *import;
    struct qn_segy_header_set set;
    bool *fields;   /* of import->fields, those that are to be columns */
    bool *computed; /* of import->computed, the same */
    struct qn_error *err;
};

/* ---- the layout ----------------------------------------------------------------------------- */

/* The headers that the first trace has. */
static enum qn_status read_header_set(struct deciding *deciding)
{
    const struct qn_import *import = deciding->import;
    size_t bytes = import->layout.trace_header_bytes;
    uint8_t *headers = qn_sys.malloc(bytes);
    struct qn_reader *reader = NULL;
    struct qn_traces traces;
    enum qn_status status = headers ? qn_reader_open(import, &reader, deciding->err)
                                    : qn_fail_memory(deciding->err, "a trace header", bytes);
    if (!status)
        status = qn_reader_headers(reader, 0, 1, bytes, headers, &traces, deciding->err);
    if (!status)
        qn_segy_header_set(headers, bytes, &deciding->set);
    qn_reader_close(reader);
    free(headers);
    return status;
}

static enum qn_status read_extended_text(const struct qn_survey_file *file, uint8_t *records,
                                         struct qn_error *err)
{
    const struct qn_segy_layout *layout = &file->layout;
    struct qn_input input;
    enum qn_status status = qn_input_reopen(&input, file->path, file->stored, &file->gzip, err);
    if (status)
        return status;
    status = qn_input_read(&input, layout->label_bytes + QN_SEGY_REEL_BYTES, records,
                           (size_t)layout->extended_text_count * QN_SEGY_TEXT_BYTES, err);
    qn_input_close(&input);
    return status;
}

/* The layout that the first file brings along. *found is false also if it cannot be used, which is
 * noted. */
static enum qn_status own_layout(struct deciding *deciding, bool *found)
{
    const struct qn_survey_file *file = &deciding->import->survey.files[0];
    size_t count = file->layout.extended_text_count;
    struct qn_buf text = {0};
    char name[64];
    struct qn_error cause = {0};
    *found = false;
    if (count == 0)
        return QN_OK;
    uint8_t *records = qn_sys.malloc(count * QN_SEGY_TEXT_BYTES);
    enum qn_status status = records ? read_extended_text(file, records, deciding->err)
                                    : qn_fail_memory(deciding->err, "the extended text headers",
                                                     count * QN_SEGY_TEXT_BYTES);
    if (!status)
        qn_segy_stanza(records, count, "SEG:Layout", &text, found);
    if (!status && text.failed)
        status = qn_fail_memory(deciding->err, "the extended text headers", text.len);
    if (!status && *found)
        status = qn_segy_mapping_xml((const char *)text.data, text.len, &deciding->set, name,
                                     deciding->mapping, &cause);
    if (status == QN_ERR_INPUT && cause.message[0]) {
        qn_segy_note(&deciding->import->notes,
                     "header layout: standard; that in the file's stanza SEG:Layout cannot be "
                     "used (%.120s)",
                     cause.message);
        *found = false;
        status = QN_OK;
    } else if (status && cause.message[0] && deciding->err) {
        *deciding->err = cause;
    } else if (!status && *found) {
        snprintf(deciding->import->header_layout, QN_LAYOUT_NAME, "%s", name);
        qn_segy_note(&deciding->import->notes,
                     "header layout: '%s', from the file's stanza SEG:Layout, with the names that "
                     "fields have here",
                     name);
    }
    qn_buf_release(&text);
    free(records);
    return status;
}

static enum qn_status take_named(struct deciding *deciding, const char *name)
{
    snprintf(deciding->import->header_layout, QN_LAYOUT_NAME, "%s", name);
    return qn_segy_mapping_named(name, &deciding->set, deciding->mapping, deciding->err);
}

/* What the file is like decides. */
static enum qn_status default_layout(struct deciding *deciding)
{
    const struct qn_segy_layout *layout = &deciding->import->layout;
    bool found;
    enum qn_status status = own_layout(deciding, &found);
    if (status || found)
        return status;
    if (layout->length_field == QN_SEGY_LENGTH_229) {
        qn_segy_note(&deciding->import->notes,
                     "header layout: passcal, as the lengths of traces are");
        return take_named(deciding, "passcal");
    }
    if (layout->seismic_unix) {
        qn_segy_note(&deciding->import->notes, "header layout: su, as the file is Seismic Unix's");
        return take_named(deciding, "su");
    }
    return take_named(deciding, "standard");
}

static bool is_named(const char *name)
{
    const struct qn_segy_named_layout *layout;
    for (size_t i = 0; (layout = qn_segy_layout_at(i)); i++)
        if (!strcmp(name, layout->name))
            return true;
    return false;
}

static enum qn_status take_file(struct deciding *deciding, const char *path)
{
    struct qn_buf json = {0};
    const char *slash = strrchr(path, '/');
    enum qn_status status = qn_read_file(path, &json, MAX_LAYOUT_BYTES, deciding->err);
    if (!status)
        status = qn_segy_mapping_parse((const char *)json.data, json.len, path, &deciding->set,
                                       deciding->mapping, deciding->err);
    snprintf(deciding->import->header_layout, QN_LAYOUT_NAME, "%.*s", QN_LAYOUT_NAME - 1,
             slash ? slash + 1 : path);
    qn_buf_release(&json);
    return status;
}

static enum qn_status take_layout(struct deciding *deciding)
{
    const char *wanted = qn_option_string(deciding->options, "layout");
    if (!wanted)
        return default_layout(deciding);
    bool looks_like_file = strpbrk(wanted, "./") != NULL;
    enum qn_status status = is_named(wanted) || !looks_like_file ? take_named(deciding, wanted)
                                                                 : take_file(deciding, wanted);
    if (!status)
        qn_segy_note(&deciding->import->notes, "header layout: %.150s", wanted);
    return status;
}

/* ---- fields --------------------------------------------------------------------------------- */

static enum qn_status copy_fields(struct deciding *deciding)
{
    const struct qn_segy_mapping *mapping = deciding->mapping;
    struct qn_import *import = deciding->import;
    size_t fields = mapping->field_count, computed = mapping->computed_count;
    import->fields = qn_sys.calloc(fields + 1, sizeof *import->fields);
    import->inputs = qn_sys.calloc(fields + 1, sizeof *import->inputs);
    import->computed = qn_sys.calloc(computed + 1, sizeof *import->computed);
    deciding->fields = qn_sys.calloc(fields + 1, sizeof *deciding->fields);
    deciding->computed = qn_sys.calloc(computed + 1, sizeof *deciding->computed);
    if (!import->fields || !import->inputs || !import->computed || !deciding->fields ||
        !deciding->computed)
        return qn_fail_memory(deciding->err, "the header fields", fields * sizeof *import->fields);
    for (size_t i = 0; i < fields; i++)
        import->fields[i] = mapping->fields[i];
    for (size_t i = 0; i < computed; i++)
        import->computed[i] = (struct qn_computed){.name = mapping->computed[i].name,
                                                   .expression = mapping->computed[i].expression,
                                                   .description = mapping->computed[i].description,
                                                   .dtype = mapping->computed[i].dtype};
    import->field_count = fields;
    import->computed_count = computed;
    return QN_OK;
}

static void find_roles(struct qn_import *import)
{
    static const char *const names[QN_ROLE_COUNT] = {
        [QN_ROLE_DELAY] = "delay_recording_time",
        [QN_ROLE_TRACE_ID] = "trace_id_code",
        [QN_ROLE_SAMPLES] = "sample_count",
        [QN_ROLE_INTERVAL] = "sample_interval",
        [QN_ROLE_SEQUENCE] = "trace_sequence_line",
        [QN_ROLE_FILE_SEQUENCE] = "trace_sequence_file",
        [QN_ROLE_CDP_X] = "cdp_x",
        [QN_ROLE_CDP_Y] = "cdp_y",
        [QN_ROLE_SOURCE_X] = "source_x",
        [QN_ROLE_SOURCE_Y] = "source_y",
        [QN_ROLE_RECEIVER_X] = "receiver_x",
        [QN_ROLE_RECEIVER_Y] = "receiver_y",
        [QN_ROLE_COORD_UNITS] = "coord_units",
        [QN_ROLE_INLINE] = "inline",
        [QN_ROLE_CROSSLINE] = "crossline",
        [QN_ROLE_CDP] = "cdp",
    };
    for (size_t r = 0; r < QN_ROLE_COUNT; r++) {
        import->roles[r] = (struct qn_segy_field){.name = "", .description = ""};
        for (size_t i = 0; i < import->field_count; i++)
            if (!strcmp(import->fields[i].name, names[r]) &&
                import->fields[i].type < QN_SEGY_ASCII8)
                import->roles[r] = import->fields[i];
    }
}

/* ---- columns -------------------------------------------------------------------------------- */

/* The column that a name means, as a part of a key; false if there is none. */
static bool find_column(const struct qn_import *import, const char *name, struct qn_key_part *part)
{
    char scaled[QN_COLUMN_NAME];
    for (size_t i = 0; i < import->field_count; i++) {
        const struct qn_segy_field *field = &import->fields[i];
        qn_scaled_name(field, scaled);
        bool is_scaled = qn_segy_is_scaled(field) && !strcmp(name, scaled);
        *part = (struct qn_key_part){is_scaled ? QN_KEY_SCALED : QN_KEY_FIELD, i};
        if (is_scaled || !strcmp(name, field->name))
            return true;
    }
    for (size_t k = 0; k < import->computed_count; k++) {
        *part = (struct qn_key_part){QN_KEY_COMPUTED, k};
        if (!strcmp(name, import->computed[k].name))
            return true;
    }
    return false;
}

static enum qn_status unknown_column(const struct qn_import *import, const char *option,
                                     const char *name, struct qn_error *err)
{
    struct qn_nearest nearest = qn_nearest_to(name);
    char hint[128];
    char known[600] = "";
    size_t len = 0;
    for (size_t i = 0; i < import->field_count; i++) {
        qn_nearest_try(&nearest, import->fields[i].name);
        if (len < sizeof known - 80)
            len += (size_t)snprintf(known + len, sizeof known - len, "%s%s", i ? ", " : "",
                                    import->fields[i].name);
    }
    for (size_t k = 0; k < import->computed_count; k++)
        qn_nearest_try(&nearest, import->computed[k].name);
    return qn_fail(err, QN_ERR_USAGE, "--%s: no header field is named '%s'.%s Fields are: %s%s.",
                   option, name, qn_nearest_hint(&nearest, hint), known,
                   len >= sizeof known - 80 ? ", ..." : "");
}

static void keep(struct deciding *deciding, struct qn_key_part part)
{
    if (part.kind == QN_KEY_COMPUTED)
        deciding->computed[part.index] = true;
    else
        deciding->fields[part.index] = true;
}

/* Whether a computed header was asked for with --compute, and so is kept whatever --headers says.
 */
static bool is_asked_for(const struct deciding *deciding, const char *name)
{
    const struct qn_segy_mapping *mapping = deciding->mapping;
    size_t given = qn_option_count(deciding->options, "compute");
    for (size_t i = mapping->computed_count - given; i < mapping->computed_count; i++)
        if (!strcmp(mapping->computed[i].name, name))
            return true;
    return false;
}

/* Marks what --headers names; without it, everything. */
static enum qn_status choose_columns(struct deciding *deciding)
{
    struct qn_import *import = deciding->import;
    size_t wanted = qn_option_count(deciding->options, "headers");
    memset(deciding->fields, wanted == 0, import->field_count);
    for (size_t k = 0; k < import->computed_count; k++)
        deciding->computed[k] = wanted == 0 || is_asked_for(deciding, import->computed[k].name);
    for (size_t i = 0; i < wanted; i++) {
        const char *name = qn_option_item(deciding->options, "headers", i);
        struct qn_key_part part;
        if (!strcmp(name, QN_RAW_HEADER))
            import->raw_headers = true;
        else if (!find_column(import, name, &part))
            return unknown_column(import, "headers", name, deciding->err);
        else
            keep(deciding, part);
    }
    return QN_OK;
}

static size_t key_length(const struct deciding *deciding)
{
    size_t given = qn_option_count(deciding->options, "ensemble-key");
    return given ? given : deciding->mapping->key_count;
}

static const char *key_name(const struct deciding *deciding, size_t i)
{
    bool given = qn_option_count(deciding->options, "ensemble-key") > 0;
    return given ? qn_option_item(deciding->options, "ensemble-key", i)
                 : deciding->mapping->keys[i];
}

/* Looks up the parts of the key among what there is by now, and marks them as columns. */
static enum qn_status find_key(struct deciding *deciding)
{
    struct qn_import *import = deciding->import;
    size_t count = key_length(deciding);
    if (count > QN_MAX_KEYS)
        return qn_fail(deciding->err, QN_ERR_USAGE,
                       "an ensemble key has at most %d fields, not %zu.", QN_MAX_KEYS, count);
    import->key_count = count;
    for (size_t i = 0; i < count; i++) {
        const char *name = key_name(deciding, i);
        if (!find_column(import, name, &import->keys[i]))
            return unknown_column(import, "ensemble-key", name, deciding->err);
        keep(deciding, import->keys[i]);
    }
    return QN_OK;
}

/* Marks the columns that a grid may be made of, so that a row of the table tells its cell. */
static enum qn_status keep_grid(struct deciding *deciding)
{
    struct qn_grid_request request;
    struct qn_key_part part;
    enum qn_status status = qn_grid_request(deciding->options, &request, deciding->err);
    for (uint32_t d = 0; d < request.ndim && !status; d++)
        for (size_t i = 0; i < QN_GRID_SOURCES; i++)
            if (find_column(deciding->import, request.wishes[d].sources[i], &part))
                keep(deciding, part);
    return status;
}

/* What the computed headers that are columns need: which others, and which fields. */
static enum qn_status mark_needed(const struct deciding *deciding, bool *computed, bool *fields)
{
    struct qn_computer *computer;
    enum qn_status status = qn_computer_new(deciding->import, &computer, deciding->err);
    if (status)
        return status;
    memcpy(computed, deciding->computed, deciding->import->computed_count * sizeof *computed);
    qn_computer_mark(computer, computed, fields);
    qn_computer_free(computer);
    return QN_OK;
}

/* Sorts fields into those that are columns and those that others are computed of, leaves out the
 * rest, and computed headers that nobody needs. */
static void leave_out(struct deciding *deciding, const bool *computed, const bool *fields)
{
    struct qn_import *import = deciding->import;
    size_t kept = 0;
    for (size_t i = 0; i < import->field_count; i++) {
        if (deciding->fields[i])
            import->fields[kept++] = import->fields[i];
        else if (fields[i])
            import->inputs[import->input_count++] = import->fields[i];
    }
    import->field_count = kept;
    kept = 0;
    for (size_t k = 0; k < import->computed_count; k++) {
        import->computed[k].column = deciding->computed[k];
        if (computed[k])
            import->computed[kept++] = import->computed[k];
    }
    import->computed_count = kept;
}

static enum qn_status sort_out(struct deciding *deciding)
{
    const struct qn_import *import = deciding->import;
    bool *computed = qn_sys.calloc(import->computed_count + 1, sizeof *computed);
    bool *fields = qn_sys.calloc(import->field_count + 1, sizeof *fields);
    if (!computed || !fields) {
        free(computed);
        free(fields);
        return qn_fail_memory(deciding->err, "the header fields", import->field_count);
    }
    enum qn_status status = mark_needed(deciding, computed, fields);
    if (!status)
        leave_out(deciding, computed, fields);
    free(computed);
    free(fields);
    return status;
}

/* ---- raw headers ---------------------------------------------------------------------------- */

/* Whether a column gives back the header byte, counted from 1. IBM floats do not always. */
static bool is_kept(const struct qn_import *import, size_t byte)
{
    for (size_t i = 0; i < import->field_count; i++) {
        const struct qn_segy_field *field = &import->fields[i];
        size_t bytes = qn_segy_type_info((enum qn_segy_type)field->type)->bytes;
        if (field->type != QN_SEGY_IBM32 && byte >= field->byte && byte < field->byte + bytes)
            return true;
    }
    return import->raw_headers;
}

bool qn_import_header_gaps(const struct qn_import *import, char *text, size_t size)
{
    size_t count = import->layout.trace_header_bytes;
    size_t len = 0;
    text[0] = '\0';
    for (size_t b = 1; b <= count; b++) {
        size_t end = b;
        if (is_kept(import, b))
            continue;
        while (end < count && !is_kept(import, end + 1))
            end++;
        if (len + 24 < size)
            len += (size_t)snprintf(text + len, size - len, "%s%zu-%zu", len ? ", " : "", b, end);
        else if (len + 4 < size)
            len += (size_t)snprintf(text + len, size - len, "...");
        b = end;
    }
    return len > 0;
}

static void decide_raw(struct deciding *deciding)
{
    struct qn_import *import = deciding->import;
    const struct qn_options *options = deciding->options;
    bool said = qn_option_given(options, "raw-headers");
    char gaps[100];
    bool lossy = qn_import_header_gaps(import, gaps, sizeof gaps);
    if (said)
        import->raw_headers = qn_option_flag(options, "raw-headers");
    else if (lossy && qn_option_count(options, "headers") == 0) {
        import->raw_headers = true;
        qn_segy_note(&import->notes,
                     "column " QN_RAW_HEADER " keeps all %u header bytes of each trace, as no "
                     "other has bytes %s whole",
                     import->layout.trace_header_bytes, gaps);
    }
    import->lossless_headers = !lossy || import->raw_headers;
    if (said && !import->lossless_headers)
        qn_segy_note(&import->notes, "bytes %s of the trace headers are not kept", gaps);
}

/* ---- all ------------------------------------------------------------------------------------ */

static enum qn_status add_computed(struct deciding *deciding)
{
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < qn_option_count(deciding->options, "compute") && !status; i++)
        status = qn_segy_mapping_compute(
            deciding->mapping, qn_option_item(deciding->options, "compute", i), deciding->err);
    return status;
}

/* No two columns have the same name: layouts and users choose some, this program others. */
static enum qn_status check_names(const struct deciding *deciding)
{
    struct qn_rows rows;
    enum qn_status status = qn_rows_init(&rows, deciding->import, deciding->err);
    for (size_t i = 0; i < rows.column_count && !status; i++)
        for (size_t k = 0; k < i && !status; k++)
            if (!strcmp(rows.columns[i].name, rows.columns[k].name))
                status = qn_fail(deciding->err, QN_ERR_INPUT,
                                 "headers.parquet would have two columns '%s'. Give the field or "
                                 "the computed header another name.",
                                 rows.columns[i].name);
    qn_rows_release(&rows);
    return status;
}

static enum qn_status decide(struct deciding *deciding)
{
    enum qn_status status = read_header_set(deciding);
    if (!status)
        status = take_layout(deciding);
    if (!status)
        status = add_computed(deciding);
    if (!status)
        status = copy_fields(deciding);
    if (status)
        return status;
    find_roles(deciding->import);
    status = qn_computed_order(deciding->import, deciding->err);
    if (!status)
        status = choose_columns(deciding);
    if (!status)
        status = find_key(deciding);
    if (!status)
        status = keep_grid(deciding);
    if (!status)
        status = sort_out(deciding);
    if (!status)
        status = find_key(deciding); /* once more: places have changed */
    if (status)
        return status;
    decide_raw(deciding);
    return check_names(deciding);
}

enum qn_status qn_decide_headers(const struct qn_options *options, struct qn_segy_mapping *mapping,
                                 struct qn_import *import, struct qn_error *err)
{
    struct deciding deciding = {
        .options = options, .mapping = mapping, .import = import, .err = err};
    *mapping = (struct qn_segy_mapping){0};
    enum qn_status status = decide(&deciding);
    free(deciding.fields);
    free(deciding.computed);
    return status;
}
