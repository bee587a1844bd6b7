/* SEG-Y, revisions 0 to 2.1: the layout of its bytes and nothing else.
 *
 * Who uses it: src/pipelines/segy, in this order: qn_segy_decide_layout says where traces lie and
 * how to read them, qn_segy_mapping says which header bytes become columns, qn_segy_extract and
 * qn_segy_scale make the columns. Samples are converted by src/compute/samples.h.
 * It does no I/O (the caller reads), and it never trusts a length before checking it.
 *
 * Byte positions count from 1 as in the standard: 1 to 240 in a trace header (241 and up in its
 * extensions), 3201 to 3600 in the binary header. Field facts: SEG-Y revision 2.1 (SEG, 2023),
 * with what real files do where it differs.
 */
#ifndef QN_FORMAT_SEGY_H
#define QN_FORMAT_SEGY_H

#include "base/buf.h"
#include "base/byte_order.h"
#include "base/dtype.h"

#include <quern/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QN_SEGY_TEXT_BYTES         3200 /* one textual header record: 40 lines of 80 */
#define QN_SEGY_BINARY_BYTES       400
#define QN_SEGY_REEL_BYTES         3600 /* both: what every file starts with */
#define QN_SEGY_TRACE_HEADER_BYTES 240
#define QN_SEGY_TAPE_LABEL_BYTES   128

/* ---- sample formats ------------------------------------------------------------------------- */

struct qn_segy_format {
    int code;            /* value of bytes 3225-3226 */
    const char *name;    /* "ibm", "int32", "int16", "gain", "ieee", "float64", "int24", ... */
    unsigned bytes;      /* of one sample in the file */
    enum qn_dtype dtype; /* native element type after conversion */
    const char *description;
};

/* The 14 formats in order of their codes; NULL when there is no such one. The name may also be
 * the code in decimal, or "float32" and "ieee32" for "ieee", "ibm32" for "ibm". */
const struct qn_segy_format *qn_segy_format_by_code(int code);
const struct qn_segy_format *qn_segy_format_by_name(const char *name);
/* The i-th row of the table, NULL past its end. */
const struct qn_segy_format *qn_segy_format_at(size_t i);

/* ---- header fields -------------------------------------------------------------------------- */

enum qn_segy_type {
    QN_SEGY_INT8,
    QN_SEGY_INT16,
    QN_SEGY_INT24,
    QN_SEGY_INT32,
    QN_SEGY_INT64,
    QN_SEGY_UINT8,
    QN_SEGY_UINT16,
    QN_SEGY_UINT24,
    QN_SEGY_UINT32,
    QN_SEGY_UINT64,
    QN_SEGY_IEEE32,
    QN_SEGY_IEEE64,
    QN_SEGY_IBM32,
    QN_SEGY_ASCII8, /* eight bytes of text as they are; numeric types stand before */
    QN_SEGY_ASCII4, /* shorter texts, with NULs after them in a column */
    QN_SEGY_ASCII6,
    QN_SEGY_TYPE_COUNT
};

struct qn_segy_type_info {
    const char *name;    /* "int16", "uint32", "ieee32", "ibm32", "ascii8", ... */
    unsigned bytes;      /* in the header */
    enum qn_dtype dtype; /* of the extracted column: int24 -> int32, ibm32 -> float32, ... */
};

const struct qn_segy_type_info *qn_segy_type_info(enum qn_segy_type type);
/* The type of that name, or of a letter b B h H i I q Q f d (Python's struct); -1 if none. */
int qn_segy_type_by_name(const char *name);
int qn_segy_type_by_letter(const char *letter);

/* Which scalar of the same trace header applies to a field: s > 0 multiplies, s < 0 divides by
 * |s|, s = 0 counts as 1. */
enum qn_segy_scaling {
    QN_SEGY_UNSCALED,
    QN_SEGY_BY_ELEVATION_SCALAR,  /* bytes 69-70; fields 41 to 68 */
    QN_SEGY_BY_COORDINATE_SCALAR, /* bytes 71-72; fields 73 to 88, 181 to 188 */
    QN_SEGY_BY_TIME_SCALAR,       /* bytes 215-216; fields 95 to 114 */
    QN_SEGY_BY_SHOTPOINT_SCALAR,  /* bytes 201-202; field 197 */
    QN_SEGY_SCALING_COUNT
};

/* A place in a header; byte 0: none. */
struct qn_segy_place {
    uint16_t byte;
    uint8_t type; /* enum qn_segy_type, numeric */
};

struct qn_segy_field {
    const char *name; /* long snake_case: "source_x" */
    uint16_t byte;    /* first byte, from 1 */
    uint8_t type;     /* enum qn_segy_type */
    uint8_t scaling;  /* enum qn_segy_scaling */
    const char *description;
    struct qn_segy_place scalar;   /* where its scalar is; none: where the standard has it */
    struct qn_segy_place override; /* a value other than 0 there counts instead of this one */
};

/* "none", "elevations", "coordinates", "times", "shotpoints": what layout files call them. */
const char *qn_segy_scaling_name(enum qn_segy_scaling scaling);

/* Where the scalar of a scaled field is; none for QN_SEGY_UNSCALED. */
struct qn_segy_place qn_segy_scalar_place(const struct qn_segy_field *field);

/* Whether the field has a value that counts beside the one that stands there: it is scaled or may
 * be overridden. */
static inline bool qn_segy_is_scaled(const struct qn_segy_field *field)
{
    return field->scaling != QN_SEGY_UNSCALED || field->override.byte != 0;
}

/* The 91 fields of the standard trace header in byte order, ended by a row without name.
 * Bytes 219-224 are three int16 (revision 2), bytes 233-240 the ascii8 header name. */
extern const struct qn_segy_field qn_segy_trace_fields[];
/* Trace header extension 1 of revision 2, as bytes 241 to 480; names start with "ext1_". */
extern const struct qn_segy_field qn_segy_extension_fields[];
/* What Seismic Unix keeps in bytes 181 to 240 instead of the standard's fields. */
extern const struct qn_segy_field qn_segy_unix_fields[];
/* The binary header, bytes 3201 to 3532. */
extern const struct qn_segy_field qn_segy_binary_fields[];

/* The field of that name in such a table, NULL if there is none. */
const struct qn_segy_field *qn_segy_find_field(const struct qn_segy_field *table, const char *name);

/* One value of a header field, for display and JSON. */
struct qn_segy_value {
    enum { QN_SEGY_VALUE_INT, QN_SEGY_VALUE_UINT, QN_SEGY_VALUE_REAL, QN_SEGY_VALUE_TEXT } kind;
    union {
        int64_t i;
        uint64_t u;
        double real;
        char text[9]; /* NUL-terminated; bytes that are not printable ASCII are spaces */
    };
};

/* Reads one field. `record` is where the field's table starts: a trace header, or the 400 bytes of
 * the binary header for qn_segy_binary_fields. */
struct qn_segy_value qn_segy_get(const struct qn_segy_field *field, enum qn_byte_order order,
                                 const uint8_t *record);

/* Writes an integer into an integer field (low bits, two's complement); other types: into a float
 * field the nearest float. Not for texts. */
void qn_segy_put(const struct qn_segy_field *field, enum qn_byte_order order, uint8_t *record,
                 int64_t value);

/* ---- columns -------------------------------------------------------------------------------- */

/* Extracts a field of `n` traces whose headers start at first_header + i * stride into out[n], an
 * array of qn_segy_type_info(field->type)->dtype. Pure; `out` aligned to its element. */
void qn_segy_extract(const struct qn_segy_field *field, enum qn_byte_order order,
                     const uint8_t *first_header, size_t stride, size_t n, void *out);

/* The values that count, as doubles: the override's where it is not 0, else the field's with its
 * scalar applied. For a field with neither it is a plain conversion to double, NaN for texts. */
void qn_segy_scale(const struct qn_segy_field *field, enum qn_byte_order order,
                   const uint8_t *first_header, size_t stride, size_t n, double *out);

/* ---- header layouts ------------------------------------------------------------------------- */

#define QN_SEGY_MAX_HEADERS 13 /* trace headers that a layout may reach into */

/* The headers that stand before each trace's samples. */
struct qn_segy_header_set {
    size_t bytes; /* of all: 240 each */
    /* What the additional ones call themselves in their bytes 233-240, in ASCII without blanks and
     * NULs at the end, "" for none; [0] is the standard header. As in the first trace. */
    char names[QN_SEGY_MAX_HEADERS][9];
};

/* Describes the headers of one trace, all `bytes` of them. */
void qn_segy_header_set(const uint8_t *headers, size_t bytes, struct qn_segy_header_set *set);

/* A header computed of others: the expression is of compute/expression.h. */
struct qn_segy_computed {
    const char *name;
    const char *expression;
    const char *description;
    enum qn_dtype dtype; /* numeric: what its values are stored as */
};

/* Which fields become columns, what is computed of them, what the ensemble key is. Owns its
 * strings; zero-initialise. */
struct qn_segy_mapping {
    struct qn_segy_field *fields;
    size_t field_count;
    struct qn_segy_computed *computed;
    size_t computed_count;
    const char **keys; /* columns of the composite ensemble key, outermost first: names of fields,
                          of computed headers, or NAME_scaled */
    size_t key_count;
    char **texts; /* what all names point into */
    size_t text_count;
};

/* Takes a named layout: "standard", "petrel", ... (qn_segy_layout_at lists them). The standard's
 * fields of extension 1 come with it where the headers have that. QN_ERR_USAGE for an unknown name
 * and for headers that are too short. On failure *mapping is empty, as with those below. */
enum qn_status qn_segy_mapping_named(const char *name, const struct qn_segy_header_set *set,
                                     struct qn_segy_mapping *mapping, struct qn_error *err);

/* The i-th named layout, NULL past the last. */
struct qn_segy_named_layout {
    const char *name;
    const char *summary;
    const struct qn_segy_field *fields; /* its own, on top of the standard's; ended by no name */
    size_t base_bytes;                  /* how much of the standard header it keeps */
};
const struct qn_segy_named_layout *qn_segy_layout_at(size_t i);

/* Reads a layout from JSON text. Two shapes are known:
 *   {"extends": "standard",
 *    "fields": [{"name": "cdp", "byte": 21, "type": "int32", "description": "...",
 *                "scalar": "coordinates"}, ...],
 *    "computed": [{"name": "line", "expression": "cdp // 1000", "type": "int32"}, ...],
 *    "ensemble_keys": ["cdp"]}
 *   {"fields": {"cdp": {"name": "cdp", "byte_position": 21, "format": "i", "description": ""}},
 *    "computed_fields": [{"name": "line", "expression": "cdp // 1000", "format": "i"}],
 *    "ensemble_keys": ["cdp"]}
 * where format is a letter b B h H i I q Q f d. All but "fields" may be left out, and "fields" as
 * well with "extends". Types of computed headers are those of NumPy, float64 if left out.
 *
 * "scalar" is none, elevations, coordinates, times or shotpoints, and if left out that of the
 * standard field with the same byte and type. It is read where the layout has scalar_elevation,
 * scalar_coord, scalar_time or shotpoint_scalar, else where the standard has it. "override":
 * {"byte": 337, "type": "ieee64"} is a place whose value counts instead, where it is not 0. With
 * "extends" the fields of a named layout come first; those of which a field here has the name or
 * any byte are left out, and those whose scalar is overwritten are no longer scaled.
 *
 * `source` names the file in messages. Anything unknown, doubled, of the wrong JSON type or out of
 * range is QN_ERR_INPUT naming the field and the key. */
enum qn_status qn_segy_mapping_parse(const char *json, size_t len, const char *source,
                                     const struct qn_segy_header_set *set,
                                     struct qn_segy_mapping *mapping, struct qn_error *err);

/* Reads the layout that a file of revision 2.1 brings along: XML in the stanza SEG:Layout, UTF-8
 * (standard D8). `name` gets what it calls itself. Its short names become those of the standard
 * table here ("iline" becomes inline), those of extension headers get a prefix ("ext1_", or the
 * header's own name); extension headers that the traces do not have are left out. What is wrong
 * with it is QN_ERR_INPUT. */
enum qn_status qn_segy_mapping_xml(const char *xml, size_t len,
                                   const struct qn_segy_header_set *set, char name[64],
                                   struct qn_segy_mapping *mapping, struct qn_error *err);

/* Appends to `text`, as UTF-8, what follows the stanza header ((NAME...)) in the extended text
 * records, up to the next stanza or their end. Names are compared without regard to case. *found
 * is false when there is no such stanza. */
void qn_segy_stanza(const uint8_t *records, size_t count, const char *name, struct qn_buf *text,
                    bool *found);

/* Adds a computed header as written on a command line: "name = expression" or, with its type,
 * "name: int32 = expression". QN_ERR_USAGE says what is wrong. */
enum qn_status qn_segy_mapping_compute(struct qn_segy_mapping *mapping, const char *text,
                                       struct qn_error *err);

void qn_segy_mapping_release(struct qn_segy_mapping *mapping);

/* Index of the field of that name, or -1. */
ptrdiff_t qn_segy_mapping_find(const struct qn_segy_mapping *mapping, const char *name);

/* ---- the binary header ---------------------------------------------------------------------- */

/* The fields that decide something, as they stand in the file. All others: qn_segy_get over
 * qn_segy_binary_fields. */
struct qn_segy_binary_header {
    int32_t job, line, reel;
    int16_t traces_per_ensemble, auxiliary_per_ensemble;
    uint16_t interval_us, original_interval_us; /* 3217, 3219 */
    uint16_t samples, original_samples;         /* 3221, 3223 */
    int16_t format;                             /* 3225 */
    int16_t fold, sorting;                      /* 3227, 3229 */
    int16_t measurement_system;                 /* 3255: 1 metres, 2 feet */
    uint32_t extended_samples;                  /* 3269 */
    double extended_interval_us;                /* 3273 */
    uint32_t byte_order_constant;               /* 3297: 0x01020304 */
    uint8_t revision_major, revision_minor;     /* 3501, 3502 */
    int16_t fixed_length;                       /* 3503 */
    int16_t extended_text_count;                /* 3505; -1: until ((SEG: EndText)) */
    int16_t extra_trace_headers;                /* 3507 */
    uint64_t trace_count;                       /* 3513 */
    uint64_t first_trace_offset;                /* 3521 */
    int32_t trailer_count;                      /* 3529; -1: unknown */
};

void qn_segy_binary_parse(const uint8_t bytes[QN_SEGY_BINARY_BYTES], enum qn_byte_order order,
                          struct qn_segy_binary_header *header);

/* Writes all of `header` into `bytes`; what the struct does not hold becomes 0. */
void qn_segy_binary_format(const struct qn_segy_binary_header *header, enum qn_byte_order order,
                           uint8_t bytes[QN_SEGY_BINARY_BYTES]);

/* ---- text headers --------------------------------------------------------------------------- */

enum qn_segy_encoding { QN_SEGY_ASCII, QN_SEGY_EBCDIC };

/* Decides by counting letters, digits and blanks of both codes; each record for itself, as files
 * mix them. A record of NULs is ASCII. */
enum qn_segy_encoding qn_segy_text_encoding(const uint8_t record[QN_SEGY_TEXT_BYTES]);

/* Appends the record as UTF-8: 40 lines, each ended by '\n', trailing blanks removed. EBCDIC is
 * code page 500, ASCII with high bytes is UTF-8 where a line is valid, else ISO 8859-1; NUL and
 * control characters become blanks. Check text->failed. */
void qn_segy_text_decode(const uint8_t record[QN_SEGY_TEXT_BYTES], enum qn_segy_encoding encoding,
                         struct qn_buf *text);

/* One EBCDIC code as ISO 8859-1. */
uint8_t qn_segy_latin1_of_ebcdic(uint8_t code);

/* Writes `line` (0 to 39) of a record from ASCII text, cut or blank-padded to 80 columns. */
void qn_segy_text_put_line(uint8_t record[QN_SEGY_TEXT_BYTES], unsigned line, const char *text,
                           enum qn_segy_encoding encoding);

/* ---- the layout of a file ------------------------------------------------------------------- */

/* A file to be read by the caller's function: exactly `len` bytes at `offset`, or an error. */
struct qn_segy_source {
    const char *name; /* for messages */
    uint64_t size;
    enum qn_status (*read_at)(void *context, uint64_t offset, void *bytes, size_t len,
                              struct qn_error *err);
    void *context;
};

/* Something that the user may say, or leave to the evidence. */
enum qn_segy_answer { QN_SEGY_UNSAID, QN_SEGY_YES, QN_SEGY_NO };

/* What the user knows better than the file; zero or false: not said. */
struct qn_segy_overrides {
    bool order_given;
    enum qn_byte_order order;
    bool sample_order_given; /* of the samples, where it is not that of the headers */
    enum qn_byte_order sample_order;
    int format;       /* code */
    uint32_t samples; /* per trace */
    double interval_us;
    uint64_t first_trace_offset; /* bytes */
    uint32_t trace_headers;      /* 240-byte headers before the samples of each trace */
    bool trailers_given;
    uint32_t trailers; /* 3200-byte records after the last trace */
    bool revision_given;
    uint8_t revision_major; /* 0 to 2 */
    uint8_t revision_minor;
    bool encoding_given;
    enum qn_segy_encoding encoding;   /* of all text headers */
    enum qn_segy_answer tape_label;   /* 128 bytes before the text header */
    enum qn_segy_answer seismic_unix; /* no reel headers at all */
    enum qn_segy_answer variable;     /* each trace header says its own length */
    bool salvage; /* the file may be cut short or damaged: take the best hypothesis all the same */
};

/* Where a trace header says how many samples follow it. */
enum qn_segy_length_field {
    QN_SEGY_LENGTH_115, /* uint16 at bytes 115-116 */
    QN_SEGY_LENGTH_229, /* PASSCAL: int32 at 229-232 where 115-116 hold 32767 */
    QN_SEGY_LENGTH_377  /* extension 1: uint32 at 377-380 where it is not 0 */
};

/* How the traces of a file lie. Of one length: at first_trace_offset + i * trace_bytes. Of
 * different lengths (variable): one after another from there, each as long as its own header says;
 * then `samples` is the first trace's, trace_bytes and trace_count are 0 (unknown without following
 * the chain). */
struct qn_segy_layout {
    bool seismic_unix; /* no reel headers; the header's tail, bytes 181 to 240, is SU's own */
    bool variable;
    enum qn_segy_length_field length_field; /* what variable traces go by */
    enum qn_byte_order order;               /* of all headers */
    enum qn_byte_order sample_order;        /* of the samples: the same but in odd files */
    int format; /* a valid code: qn_segy_format_by_code never returns NULL for it */
    unsigned sample_bytes;
    uint32_t samples;       /* per trace, at least 1 */
    double interval_us;     /* 0 when no header says it */
    uint8_t revision_major; /* 0 to 2, as decided: the two bytes of real files lie */
    uint8_t revision_minor;
    bool encoding_given; /* all text headers are in `encoding`; else each by its own bytes */
    enum qn_segy_encoding encoding;
    uint32_t label_bytes;         /* 128 with a tape label before the text header, else 0 */
    uint32_t extended_text_count; /* whole 3200-byte records between reel headers and traces */
    uint64_t first_trace_offset;
    uint32_t trace_header_bytes; /* 240 x (1 + extra headers) */
    uint64_t trace_bytes;        /* headers and samples */
    uint64_t trace_count;        /* at least 1, unless variable */
    uint64_t trailing_bytes;     /* after the last trace: trailer records, or part of a trace */
};

/* Samples of one trace by its own header (240 bytes, or 480 for QN_SEGY_LENGTH_377). */
uint32_t qn_segy_trace_samples(const struct qn_segy_layout *layout, const uint8_t *header);

/* Whether a trace header is one of PASSCAL: bytes 181 to 240 are its own, among them the number of
 * samples, the interval and the type of samples again (PASSCAL, segy.h, 1990s). */
bool qn_segy_is_passcal(const uint8_t *header, enum qn_byte_order order);

/* The encoding of one text header record of that file: as given, or as its bytes look. */
enum qn_segy_encoding qn_segy_layout_encoding(const struct qn_segy_layout *layout,
                                              const uint8_t record[QN_SEGY_TEXT_BYTES]);

#define QN_SEGY_MAX_NOTES 40

/* What was decided and why, and what contradicts itself, one sentence each, for people. */
struct qn_segy_notes {
    size_t count;
    char text[QN_SEGY_MAX_NOTES][256];
};

/* Adds one; what does not fit is left out. */
void qn_segy_note(struct qn_segy_notes *notes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Decides how to read a file: qn_segy_decide of segy/score.h, which says how and what it refuses,
 * with its reasons as notes. `overrides` and `notes` may be NULL; on failure there are no notes. */
enum qn_status qn_segy_decide_layout(const struct qn_segy_source *source,
                                     const struct qn_segy_overrides *overrides,
                                     struct qn_segy_layout *layout, struct qn_segy_notes *notes,
                                     struct qn_error *err);

#endif
