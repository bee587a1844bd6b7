/* What an exported file looks like: see export.h. Header bytes are those of the source; a field is
 * changed only where it would be wrong in the file to be written, and every change is noted. */
#include "pipelines/segy/export/export.h"

#include "base/io.h"
#include "base/sys.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAX_HEAD (1u << 30) /* of pieces before the first trace */

struct forming {
    struct qn_export *export;
    const struct qn_options *options;
    const struct qn_dataset_file *file;  /* whose pieces are taken */
    const struct qn_segy_format *format; /* given, or NULL */
    int revision;                        /* given: 10 times major and minor; -1: not */
    uint8_t *binary;                     /* in head, NULL: there is none */
};

/* ---- options -------------------------------------------------------------------------------- */

static enum qn_status take_format(struct forming *f, struct qn_error *err)
{
    const char *name = qn_option_string(f->options, "format");
    if (!name)
        return QN_OK;
    f->format = qn_segy_format_by_name(name);
    return f->format
               ? QN_OK
               : qn_fail(err, QN_ERR_USAGE,
                         "--format '%s' is no sample format. Give a code (1 to 12, 15, 16) or "
                         "a name such as ibm, ieee or int16.",
                         name);
}

static void take_order_and_revision(struct forming *f)
{
    const char *endian = qn_option_string(f->options, "endian");
    const char *revision = qn_option_string(f->options, "revision");
    struct qn_segy_layout *layout = &f->export->layout;
    if (endian)
        layout->order = layout->sample_order =
            strcmp(endian, "little") ? QN_BIG_ENDIAN : QN_LITTLE_ENDIAN;
    f->revision = -1;
    if (revision) {
        layout->revision_major = (uint8_t)(revision[0] - '0');
        layout->revision_minor = revision[1] == '.' ? (uint8_t)(revision[2] - '0') : 0;
        f->revision = 10 * layout->revision_major + layout->revision_minor;
    }
}

static enum qn_status take_file(struct forming *f, struct qn_trace_range *range,
                                struct qn_error *err)
{
    const struct qn_dataset *dataset = f->export->dataset;
    *range = (struct qn_trace_range){0, dataset->layout.trace_count};
    f->export->file = dataset->file_count == 1 ? 0 : QN_ALL_FILES;
    f->file = &dataset->files[0];
    if (!qn_option_given(f->options, "file"))
        return QN_OK;
    int64_t number = qn_option_int(f->options, "file");
    if (number < 0 || (uint64_t)number >= dataset->file_count)
        return qn_fail(err, QN_ERR_USAGE,
                       "--file %lld: '%s' was made of %zu files, numbered from 0.",
                       (long long)number, dataset->root, dataset->file_count);
    f->export->file = (size_t)number;
    f->file = &dataset->files[number];
    *range = (struct qn_trace_range){f->file->first_trace, f->file->first_trace + f->file->traces};
    return QN_OK;
}

/* ---- what may be exported ------------------------------------------------------------------- */

static enum qn_status check_headers(const struct forming *f, struct qn_error *err)
{
    char reasons[600];
    if (f->export->dataset->headers_lossless || f->export->source >= 0 ||
        qn_option_flag(f->options, "rebuild-headers"))
        return QN_OK;
    qn_dataset_reasons(f->export->dataset, reasons, sizeof reasons);
    return qn_fail(
        err, QN_ERR_INPUT,
        "'%s' does not keep the trace headers whole: %s. Give --source FILE to take them "
        "from the original file, or --rebuild-headers to make them of the columns that "
        "there are, with zeros elsewhere.",
        f->export->dataset->root, reasons);
}

static enum qn_status check_samples(const struct forming *f, struct qn_error *err)
{
    char reasons[600];
    const struct qn_dataset *dataset = f->export->dataset;
    if (dataset->samples_lossless || f->format)
        return QN_OK;
    qn_dataset_reasons(dataset, reasons, sizeof reasons);
    return qn_fail(err, QN_ERR_INPUT,
                   "'%s' does not keep the samples as they were (%s): %s. Give --format to export "
                   "the values that it has, such as --format %s.",
                   dataset->root, qn_segy_format_by_code(dataset->layout.format)->name, reasons,
                   dataset->array.dtype == QN_FLOAT32 ? "ieee" : "float64");
}

static enum qn_status open_source(struct forming *f, struct qn_error *err)
{
    struct qn_export *export = f->export;
    const char *path = qn_option_string(f->options, "source");
    struct stat st;
    if (!path)
        return QN_OK;
    if (export->file == QN_ALL_FILES || export->dataset->layout.variable)
        return qn_fail(err, QN_ERR_USAGE,
                       "--source goes with one file whose traces are of one length. Of several, "
                       "choose one with --file.");
    snprintf(export->source_path, sizeof export->source_path, "%s", path);
    enum qn_status status = qn_open_read(path, &export->source, err);
    if (status)
        return status;
    if (qn_sys.fstat(export->source, &st) < 0)
        return qn_fail_errno(err, errno, "stat", path);
    if ((uint64_t)st.st_size != f->file->bytes)
        return qn_fail_at(err, QN_ERR_CHANGED, path, -1,
                          "'%s' has %lld bytes, but '%s' was made of a file of %" PRIu64
                          " bytes ('%s'). Name that file.",
                          path, (long long)st.st_size, export->dataset->root, f->file->bytes,
                          f->file->name);
    return QN_OK;
}

/* Sample formats by the revision that has them first. */
static int first_revision(int format)
{
    return format <= 4 ? 0 : format == 5 || format == 8 ? 1 : 2;
}

static enum qn_status check_revision(const struct forming *f, struct qn_error *err)
{
    const struct qn_segy_layout *layout = &f->export->layout;
    int major = f->revision / 10;
    if (f->revision < 0 || major == 2)
        return QN_OK;
    if (layout->trace_header_bytes > QN_SEGY_TRACE_HEADER_BYTES)
        return qn_fail(
            err, QN_ERR_USAGE,
            "--revision %d: its traces have one header of 240 bytes, these have %u bytes "
            "of headers. Use revision 2.",
            major, layout->trace_header_bytes);
    if (layout->samples > UINT16_MAX)
        return qn_fail(err, QN_ERR_USAGE,
                       "--revision %d: its traces have at most 65535 samples, these have %u. Use "
                       "revision 2.",
                       major, layout->samples);
    if (first_revision(layout->format) > major)
        return qn_fail(err, QN_ERR_USAGE,
                       "--revision %d has no samples of format %d (%s). Give another --format too, "
                       "or use revision %d.",
                       major, layout->format, qn_segy_format_by_code(layout->format)->name,
                       first_revision(layout->format));
    return QN_OK;
}

/* A file of Seismic Unix has no place that says a format or a revision. */
static enum qn_status check_unix(const struct forming *f, struct qn_error *err)
{
    const struct qn_dataset *dataset = f->export->dataset;
    if (!dataset->layout.seismic_unix || (f->revision < 0 && !f->format))
        return QN_OK;
    return qn_fail(err, QN_ERR_UNSUPPORTED,
                   "'%s' was made of a file of Seismic Unix, which has no reel headers: neither "
                   "--format nor --revision can be given.",
                   dataset->root);
}

/* ---- head and tail -------------------------------------------------------------------------- */

/* The piece of that name, NULL if the file has none. */
static const struct qn_dataset_piece *find_piece(const struct forming *f, const char *name)
{
    for (size_t i = 0; i < f->file->piece_count; i++) {
        const char *slash = strrchr(f->file->pieces[i].path, '/');
        if (slash && !strcmp(slash + 1, name))
            return &f->file->pieces[i];
    }
    return NULL;
}

/* Pieces before the first trace, put together. */
static enum qn_status load_head(struct forming *f, struct qn_error *err)
{
    struct qn_buf *head = &f->export->head;
    const struct qn_dataset_piece *binary = find_piece(f, "binary_header.bin");
    for (size_t i = 0; i < f->file->piece_count; i++) {
        const struct qn_dataset_piece *piece = &f->file->pieces[i];
        if (piece->offset >= f->file->first_trace_offset)
            break;
        enum qn_status status =
            qn_dataset_file(f->export->dataset, piece->path, MAX_HEAD, head, err);
        if (status)
            return status;
        if (head->len != piece->offset + piece->bytes)
            return qn_fail(err, QN_ERR_CORRUPT,
                           "'%s/%s' does not have the %" PRIu64 " bytes that manifest.json says. "
                           "The dataset is damaged.",
                           f->export->dataset->root, piece->path, piece->bytes);
    }
    if (head->len != f->file->first_trace_offset)
        return qn_fail(err, QN_ERR_CORRUPT,
                       "the pieces of '%s' do not make up the %" PRIu64 " bytes before its first "
                       "trace. The dataset is damaged.",
                       f->export->dataset->root, f->file->first_trace_offset);
    if (binary && binary->bytes == QN_SEGY_BINARY_BYTES && binary->offset < head->len)
        f->binary = head->data + binary->offset;
    return QN_OK;
}

static int64_t get_field(const struct forming *f, const char *name)
{
    const struct qn_segy_field *field = qn_segy_find_field(qn_segy_binary_fields, name);
    struct qn_segy_value value = qn_segy_get(field, f->export->layout.order, f->binary);
    return value.kind == QN_SEGY_VALUE_INT ? value.i : (int64_t)value.u;
}

/* Sets an integer field of the binary header, and notes it, if it has another value. */
static void set_field(struct forming *f, const char *name, int64_t value)
{
    const struct qn_segy_field *field = qn_segy_find_field(qn_segy_binary_fields, name);
    unsigned bytes = qn_segy_type_info((enum qn_segy_type)field->type)->bytes;
    int64_t old = get_field(f, name);
    qn_segy_put(field, f->export->layout.order, f->binary, value);
    int64_t new = get_field(f, name);
    if (new != old)
        qn_segy_note(&f->export->changes, "bytes %u-%u, %s: %" PRId64 " becomes %" PRId64,
                     field->byte, field->byte + bytes - 1, name, old, new);
}

/* Reverses the bytes of every field. */
static void swap_binary(struct forming *f)
{
    for (const struct qn_segy_field *field = qn_segy_binary_fields; field->name; field++) {
        unsigned bytes = qn_segy_type_info((enum qn_segy_type)field->type)->bytes;
        uint8_t *at = f->binary + field->byte - QN_SEGY_TEXT_BYTES - 1;
        for (unsigned i = 0; i < bytes / 2; i++) {
            uint8_t byte = at[i];
            at[i] = at[bytes - 1 - i];
            at[bytes - 1 - i] = byte;
        }
    }
}

static void set_interval(struct forming *f)
{
    uint8_t *at = f->binary + 3273 - QN_SEGY_TEXT_BYTES - 1;
    double interval = f->export->layout.interval_us;
    uint64_t bits;
    memcpy(&bits, &interval, sizeof bits);
    if (qn_load_u64(at, f->export->layout.order) != bits)
        qn_segy_note(&f->export->changes, "bytes 3273-3280, extended_interval_us: becomes %.9g",
                     interval);
    qn_store_u64(at, f->export->layout.order, bits);
}

/* What revision 2 added, which older revisions leave unassigned. */
static void clear_revision_2(struct forming *f)
{
    static const struct {
        unsigned first, end;
    } ranges[] = {{3261, 3301}, {3507, 3533}};
    bool cleared = false;
    for (size_t i = 0; i < 2; i++)
        for (unsigned byte = ranges[i].first; byte < ranges[i].end; byte++) {
            cleared |= f->binary[byte - 3201] != 0;
            f->binary[byte - 3201] = 0;
        }
    if (cleared)
        qn_segy_note(&f->export->changes,
                     "bytes 3261-3300 and 3507-3532: cleared, only revision 2 has them");
}

static void set_revision(struct forming *f)
{
    const struct qn_segy_layout *layout = &f->export->layout;
    int old = f->export->dataset->layout.revision_major;
    if (f->revision < 0)
        return;
    set_field(f, "revision_major", layout->revision_major);
    set_field(f, "revision_minor", layout->revision_minor);
    set_field(f, "fixed_length", layout->revision_major && !layout->variable);
    if (layout->revision_major < 2) {
        if (old == 2)
            clear_revision_2(f);
        return;
    }
    set_field(f, "extended_samples", layout->samples);
    set_interval(f);
    set_field(f, "byte_order_constant", 0x01020304);
    set_field(f, "extra_trace_headers",
              layout->trace_header_bytes / QN_SEGY_TRACE_HEADER_BYTES - 1);
    set_field(f, "trace_count", (int64_t)f->export->selection.count);
    set_field(f, "first_trace_offset", (int64_t)f->file->first_trace_offset);
}

/* Fields by which readers find traces and samples: those that would be wrong are put right. */
static void describe_file(struct forming *f)
{
    const struct qn_segy_layout *layout = &f->export->layout;
    bool revision_2 = layout->revision_major >= 2;
    bool extended = revision_2 && get_field(f, "extended_samples") == layout->samples;
    set_field(f, "format", layout->format);
    if (!layout->variable && !extended && layout->samples <= UINT16_MAX)
        set_field(f, "samples", layout->samples);
    if (get_field(f, "extended_text_count") != -1 && !find_piece(f, "gap.bin")) {
        const struct qn_dataset_piece *texts = find_piece(f, "extended_headers.bin");
        set_field(f, "extended_text_count",
                  texts ? (int64_t)(texts->bytes / QN_SEGY_TEXT_BYTES) : 0);
    }
    if (!revision_2)
        return;
    if (get_field(f, "trace_count") != 0)
        set_field(f, "trace_count", (int64_t)f->export->selection.count);
    if (get_field(f, "first_trace_offset") != 0)
        set_field(f, "first_trace_offset", (int64_t)f->file->first_trace_offset);
    if (f->export->tail_count == 0)
        set_field(f, "trailer_count", 0);
}

static bool is_whole(const struct forming *f)
{
    const struct qn_export *export = f->export;
    return export->file != QN_ALL_FILES && export->selection.count == f->file->traces;
}

/* Traces of the largest gather: of the whole survey, and of what is selected. */
static enum qn_status largest_gathers(const struct forming *f, uint64_t *whole, uint64_t *selected,
                                      struct qn_error *err)
{
    struct qn_buf list = {0};
    enum qn_status status = qn_dataset_ensembles(f->export->dataset, &list, err);
    const struct qn_trace_range *gathers = (const void *)list.data;
    *whole = *selected = 0;
    for (size_t i = 0; i < list.len / sizeof *gathers && !status; i++) {
        uint64_t size = gathers[i].end - gathers[i].start;
        uint64_t part = qn_selection_count(&f->export->selection, gathers[i].start, gathers[i].end);
        *whole = size > *whole ? size : *whole;
        *selected = part > *selected ? part : *selected;
    }
    qn_buf_release(&list);
    return status;
}

/* Traces per ensemble, where the header has them as the ensemble key does. */
static enum qn_status describe_gathers(struct forming *f, struct qn_error *err)
{
    static const char *const names[] = {"traces_per_ensemble", "extended_traces"};
    uint64_t whole, selected;
    if (is_whole(f))
        return QN_OK;
    enum qn_status status = largest_gathers(f, &whole, &selected, err);
    size_t count = f->export->layout.revision_major >= 2 ? 2 : 1;
    for (size_t i = 0; i < count && !status; i++)
        if (whole > 0 && (uint64_t)get_field(f, names[i]) == whole)
            set_field(f, names[i], (int64_t)selected);
    return status;
}

/* What follows the traces belongs to the file as a whole: records of revision 2 stay with a part
 * of it too, anything else does not. */
static void take_tail(struct forming *f)
{
    struct qn_export *export = f->export;
    if (export->file == QN_ALL_FILES) {
        qn_segy_note(&export->changes,
                     "what surrounds the traces is that of '%s', the first of %zu files",
                     f->file->name, export->dataset->file_count);
        return;
    }
    size_t first = f->file->piece_count;
    while (first > 0 && f->file->pieces[first - 1].offset >= f->file->first_trace_offset)
        first--;
    export->tail = f->file->pieces + first;
    export->tail_count = f->file->piece_count - first;
    if (export->tail_count == 0 || export->identical)
        return;
    bool records = export->dataset->layout.revision_major >= 2 && f->binary &&
                   export->tail->bytes % QN_SEGY_TEXT_BYTES == 0;
    if (!records) {
        qn_segy_note(&export->changes,
                     "the %" PRIu64 " bytes behind the last trace of '%s' are left out",
                     export->tail->bytes, f->file->name);
        export->tail_count = 0;
    }
}

/* ---- all ------------------------------------------------------------------------------------ */

/* Trace headers of the original file; fields in another byte order are put in by the columns. */
static enum qn_status read_source_headers(void *context, uint64_t first, uint64_t count,
                                          uint8_t *headers, bool *overwrite, struct qn_error *err)
{
    const struct qn_export *export = context;
    const struct qn_segy_layout *was = &export->dataset->layout;
    const struct qn_dataset_file *file = &export->dataset->files[export->file];
    size_t bytes = was->trace_header_bytes;
    enum qn_status status = QN_OK;
    *overwrite = export->layout.order != was->order;
    for (uint64_t i = 0; i < count && !status; i++) {
        uint64_t trace = first + i - file->first_trace;
        status = qn_read_at(export->source, export->source_path, headers + i * bytes, bytes,
                            file->first_trace_offset + trace * was->trace_bytes, err);
    }
    return status;
}

/* Whether nothing but the bytes of a source file can come out. */
static bool is_identical(const struct forming *f)
{
    const struct qn_export *export = f->export;
    const struct qn_dataset *dataset = export->dataset;
    const struct qn_segy_layout *was = &dataset->layout, *layout = &export->layout;
    return is_whole(f) && dataset->whole && export->form.patched && f->revision < 0 &&
           layout->order == was->order && layout->sample_order == was->sample_order &&
           (dataset->headers_lossless || export->source >= 0);
}

static enum qn_status form_samples(struct forming *f, struct qn_error *err)
{
    struct qn_export *export = f->export;
    const struct qn_dataset *dataset = export->dataset;
    struct qn_segy_layout *layout = &export->layout;
    double scale = qn_option_given(f->options, "scale") ? qn_option_real(f->options, "scale") : 1;
    if (scale == 0)
        return qn_fail(err, QN_ERR_USAGE, "--scale 0 would make every sample 0.");
    if (f->format) {
        layout->format = f->format->code;
        layout->sample_bytes = f->format->bytes;
        layout->trace_bytes =
            layout->trace_header_bytes + (uint64_t)layout->samples * layout->sample_bytes;
    }
    bool exact = scale == 1 && qn_encodes_exactly(dataset->array.dtype, layout->format);
    bool kept = scale == 1 && layout->format == dataset->layout.format && dataset->samples_lossless;
    export->form =
        (struct qn_trace_form){.encoder = {.dtype = dataset->array.dtype,
                                           .format = layout->format,
                                           .order = layout->sample_order,
                                           .inverse_gain = dataset->inverse_gain,
                                           .scale = scale},
                               .order = layout->order,
                               .sample_bytes = layout->sample_bytes,
                               .patched = kept,
                               .counted = !kept && !exact,
                               .prepare = export->source >= 0 ? read_source_headers : NULL,
                               .context = export};
    export->identical = is_identical(f);
    return QN_OK;
}

static enum qn_status form_head(struct forming *f, struct qn_error *err)
{
    struct qn_export *export = f->export;
    bool swapped = export->layout.order != export->dataset->layout.order;
    enum qn_status status = load_head(f, err);
    if (status)
        return status;
    take_tail(f);
    if (swapped)
        qn_segy_note(&export->changes,
                     "byte order: all numeric header fields and samples become %s-endian",
                     export->layout.order == QN_BIG_ENDIAN ? "big" : "little");
    if (!f->binary || export->identical)
        return QN_OK;
    if (swapped)
        swap_binary(f);
    describe_file(f);
    set_revision(f);
    return describe_gathers(f, err);
}

enum qn_status qn_export_form(struct qn_export *export, struct qn_dataset *dataset,
                              const struct qn_options *options, struct qn_error *err)
{
    struct forming f = {.export = export, .options = options};
    struct qn_trace_range range;
    *export = (struct qn_export){.dataset = dataset, .layout = dataset->layout, .source = -1};
    enum qn_status status = take_format(&f, err);
    take_order_and_revision(&f);
    if (!status)
        status = take_file(&f, &range, err);
    if (!status)
        status = check_unix(&f, err);
    if (!status)
        status = open_source(&f, err);
    if (!status)
        status = check_headers(&f, err);
    if (!status)
        status = check_samples(&f, err);
    if (!status)
        status = qn_selection_make(dataset, options, range, &export->selection, err);
    if (!status)
        status = form_samples(&f, err);
    if (!status)
        status = check_revision(&f, err);
    return status ? status : form_head(&f, err);
}

void qn_export_release(struct qn_export *export)
{
    qn_selection_release(&export->selection);
    qn_buf_release(&export->head);
    if (export->source >= 0)
        qn_sys.close(export->source);
}
