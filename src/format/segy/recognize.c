/* Recognises what a file is: other formats by their first bytes, tape labels, stanzas and extended
 * text records. Part of the decision of score.c; see case.h. */
#include "format/segy/case.h"

#include <string.h>

/* Text records followed at most: 3.2 MB of text. */
#define MAX_TEXT_RECORDS 1000

static const struct {
    const char *magic;
    size_t len;
    const char *name;
} others[] = {
    {"\x1f\x8b", 2, "a gzip file"},
    {"PK\x03\x04", 4, "a ZIP file"},
    {"\x28\xb5\x2f\xfd", 4, "a Zstandard file"},
    {"BZh", 3, "a bzip2 file"},
    {"\xfd"
     "7zXZ",
     5, "an xz file"},
    {"7z\xbc\xaf", 4, "a 7-Zip file"},
    {"\x89HDF", 4, "an HDF5 or NetCDF-4 file"},
    {"CDF", 3, "a NetCDF file"},
    {"PAR1", 4, "a Parquet file"},
    {"\x93NUMPY", 6, "a NumPy file"},
    {"VCS\0", 4, "a ZGY file"},
    {"SIMPLE  =", 9, "a FITS file"},
    {"%PDF", 4, "a PDF file"},
    {"\x89PNG", 4, "a PNG image"},
    {"II*\0", 4, "a TIFF image"},
    {"MM\0*", 4, "a TIFF image"},
    {"\x7f"
     "ELF",
     4, "a program"},
    {"{\"", 2, "a JSON file"},
    {"<?xml", 5, "an XML file"},
};

/* A binary header always holds zeros or other control characters; text never does. */
static bool is_plain_text(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i] < 0x20 && !(bytes[i] >= '\t' && bytes[i] <= '\r'))
            return false;
    return memchr(bytes, '\n', len) != NULL; /* text headers have no line ends */
}

static const char *other_format(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (len >= others[i].len && memcmp(bytes, others[i].magic, others[i].len) == 0)
            return others[i].name;
    return is_plain_text(bytes, len) ? "a text file" : NULL;
}

/* "SY", a digit, a dot from byte 5 on. */
static bool has_tape_label(const struct qn_segy_case *c)
{
    const uint8_t *bytes = c->reel;
    if (c->overrides->tape_label != QN_SEGY_UNSAID)
        return c->overrides->tape_label == QN_SEGY_YES;
    return bytes[4] == 'S' && bytes[5] == 'Y' && bytes[6] >= '0' && bytes[6] <= '9' &&
           bytes[7] == '.';
}

bool qn_segy_is_stanza(const uint8_t *bytes)
{
    return (bytes[0] == '(' && bytes[1] == '(') || (bytes[0] == 0x4D && bytes[1] == 0x4D);
}

uint64_t qn_segy_after_records(const struct qn_segy_case *c, uint64_t records)
{
    return c->label_bytes + QN_SEGY_REEL_BYTES + records * QN_SEGY_TEXT_BYTES;
}

/* A trace header is full of NULs, with fields between them; samples after it may be bytes that
 * happen to be printable. Text is padded with NULs at the end or, at most, after each line. */
static bool starts_as_trace(const uint8_t record[QN_SEGY_TEXT_BYTES])
{
    size_t in_header = 0, behind = 0, islands = 0;
    for (size_t i = 0; i < QN_SEGY_TEXT_BYTES; i++) {
        if (record[i] == 0)
            ++*(i < QN_SEGY_TRACE_HEADER_BYTES ? &in_header : &behind);
        islands += i > 0 && record[i] != 0 && record[i - 1] == 0;
    }
    return in_header * 4 >= QN_SEGY_TRACE_HEADER_BYTES &&
           (behind * 8 < QN_SEGY_TEXT_BYTES - QN_SEGY_TRACE_HEADER_BYTES || islands > 45);
}

/* Text: nine in ten of the bytes that are not NUL are printable, in the code that explains more of
 * them. All graphic characters of EBCDIC are from 0x40 up. */
enum qn_segy_looks qn_segy_looks_like(const uint8_t record[QN_SEGY_TEXT_BYTES])
{
    bool ebcdic = qn_segy_text_encoding(record) == QN_SEGY_EBCDIC;
    size_t written = 0, odd = 0, blank = 0;
    for (size_t i = 0; i < QN_SEGY_TEXT_BYTES; i++) {
        uint8_t byte = record[i];
        bool line_end = byte == '\n' || byte == '\r' || byte == '\t';
        if (byte == 0)
            continue;
        written++;
        blank += byte == (ebcdic ? 0x40 : ' ');
        odd += ebcdic ? byte < 0x40 && !line_end : (byte < 0x20 && !line_end) || byte >= 0x7F;
    }
    if (written == blank)
        return QN_SEGY_LOOKS_BLANK;
    bool text = written >= 8 && odd * 10 <= written && !starts_as_trace(record);
    return text ? QN_SEGY_LOOKS_TEXT : QN_SEGY_LOOKS_BINARY;
}

/* "((seg:endtext))" in any case, with any blanks. */
static bool holds_end_text(const struct qn_buf *text)
{
    static const char wanted[] = "((seg:endtext))";
    size_t matched = 0;
    for (size_t i = 0; i < text->len && wanted[matched]; i++) {
        char letter = (char)text->data[i];
        if (letter == ' ' || letter == '\n')
            continue;
        if (letter >= 'A' && letter <= 'Z')
            letter = (char)(letter - 'A' + 'a');
        if (letter == wanted[matched])
            matched++;
        else if (!(matched == 2 && letter == '('))
            matched = letter == '(';
    }
    return wanted[matched] == '\0';
}

/* Follows the records of text after the reel headers: up to and with the one that ends them, or as
 * long as they look like text. */
static enum qn_status follow_records(struct qn_segy_case *c)
{
    uint8_t record[QN_SEGY_TEXT_BYTES];
    struct qn_buf text = {0};
    enum qn_status status = QN_OK;
    uint64_t offset;
    while (c->records.count < MAX_TEXT_RECORDS && !c->records.end_text &&
           qn_segy_holds(c, offset = qn_segy_after_records(c, c->records.count), sizeof record)) {
        if ((status = qn_segy_read(c, offset, record, sizeof record)) ||
            qn_segy_looks_like(record) != QN_SEGY_LOOKS_TEXT)
            break;
        enum qn_segy_encoding encoding = qn_segy_text_encoding(record);
        qn_buf_clear(&text);
        qn_segy_text_decode(record, encoding, &text);
        if (text.failed) {
            status = qn_fail_memory(c->err, "a text header", QN_SEGY_TEXT_BYTES);
            break;
        }
        c->records.end_text = holds_end_text(&text);
        c->records.ebcdic += encoding == QN_SEGY_EBCDIC;
        c->records.count++;
    }
    qn_buf_release(&text);
    return status;
}

/* Writers put the revision down in many ways; only 0, 1 and 2 in the right order are right. */
static void decide_revision(const struct qn_segy_overrides *given, struct qn_segy_view *view)
{
    uint8_t major = view->header.revision_major, minor = view->header.revision_minor;
    bool constant = view->header.byte_order_constant == QN_SEGY_CONSTANT;
    if (given->revision_given) {
        view->revision_major = given->revision_major;
        view->revision_minor = given->revision_minor;
    } else if (major == 0 && (minor == 1 || minor == 2)) {
        view->revision_major = minor; /* swapped */
    } else if (major <= 2 && minor <= 1) {
        view->revision_major = major;
        view->revision_minor = minor;
    } else if (constant) {
        view->revision_major = 2;
    } else if (major == 0 && (minor == 100 || minor == 0x10)) {
        view->revision_major = 1;
    }
    view->revision_2 = view->revision_major == 2 || (constant && !given->revision_given);
}

static void read_view(struct qn_segy_case *c, enum qn_byte_order order)
{
    struct qn_segy_view *view = &c->views[order];
    view->order = order;
    view->allowed = !c->overrides->order_given || c->overrides->order == order;
    qn_segy_binary_parse(c->reel + QN_SEGY_TEXT_BYTES, order, &view->header);
    view->coded = qn_segy_format_by_code(view->header.format);
    decide_revision(c->overrides, view);
}

static enum qn_status refuse_pair_swapped(struct qn_segy_case *c)
{
    uint32_t constant = qn_load_u32(c->reel + 3296, QN_BIG_ENDIAN);
    if (c->overrides->order_given || (constant != 0x02010403u && constant != 0x03040102u))
        return QN_OK;
    return qn_fail_at(
        c->err, QN_ERR_UNSUPPORTED, c->source->name, 3296,
        "'%s' has its bytes swapped in pairs (the integer constant at bytes 3297-3300 "
        "reads %08X), which is not supported. Swap every two bytes with "
        "'dd conv=swab' first.",
        c->source->name, constant);
}

enum qn_status qn_segy_recognize(struct qn_segy_case *c)
{
    uint64_t size = c->source->size;
    size_t len = size < QN_SEGY_REEL_BYTES ? (size_t)size : QN_SEGY_REEL_BYTES;
    enum qn_status status = qn_segy_read(c, 0, c->reel, len);
    if (status)
        return status;
    const char *other = other_format(c->reel, len);
    if (other)
        return qn_fail_at(c->err, QN_ERR_INPUT, c->source->name, 0,
                          "'%s' is not SEG-Y but looks like %s. Unpack or convert it first.",
                          c->source->name, other);
    memcpy(c->start, c->reel, sizeof c->start);
    c->has_reel = len == QN_SEGY_REEL_BYTES && c->overrides->seismic_unix != QN_SEGY_YES;
    if (!c->has_reel)
        return QN_OK;
    if (has_tape_label(c)) {
        c->label_bytes = QN_SEGY_TAPE_LABEL_BYTES;
        if ((status = qn_segy_read(c, QN_SEGY_TAPE_LABEL_BYTES, c->reel, QN_SEGY_REEL_BYTES)))
            return status;
    }
    c->text = qn_segy_looks_like(c->reel);
    read_view(c, QN_BIG_ENDIAN);
    read_view(c, QN_LITTLE_ENDIAN);
    status = refuse_pair_swapped(c);
    return status ? status : follow_records(c);
}
