/* Recognises what a file is: other formats by their first bytes, tape labels, stanzas and extended
 * text records. Called by segy_layout.c; see segy_case.h. */
#include "format/segy_case.h"

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

const char *qn_segy_other_format(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (len >= others[i].len && memcmp(bytes, others[i].magic, others[i].len) == 0)
            return others[i].name;
    return is_plain_text(bytes, len) ? "a text file" : NULL;
}

bool qn_segy_has_tape_label(const uint8_t *bytes)
{
    return bytes[4] == 'S' && bytes[5] == 'Y' && bytes[6] >= '0' && bytes[6] <= '9' &&
           bytes[7] == '.';
}

bool qn_segy_is_stanza(const uint8_t *bytes)
{
    return (bytes[0] == '(' && bytes[1] == '(') || (bytes[0] == 0x4D && bytes[1] == 0x4D);
}

/* Nine in ten of the bytes that are not NUL are printable, and there are a few. */
static bool looks_like_text(const uint8_t *record, const struct qn_buf *text)
{
    size_t nuls = 0, control = 0;
    bool ebcdic = qn_segy_text_encoding(record) == QN_SEGY_EBCDIC;
    for (size_t i = 0; i < QN_SEGY_TEXT_BYTES; i++) {
        nuls += record[i] == 0;
        /* In EBCDIC all graphic characters are from 0x40 up. */
        bool line_end = record[i] == '\n' || record[i] == '\r' || record[i] == '\t';
        control += record[i] != 0 && !line_end && record[i] < (ebcdic ? 0x40 : 0x20);
    }
    size_t high = 0;
    for (size_t i = 0; i < text->len; i++)
        high += text->data[i] >= 0x80;
    size_t written = QN_SEGY_TEXT_BYTES - nuls;
    return written >= 8 && control * 10 <= written && high * 10 <= written;
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

enum qn_status qn_segy_count_text_records(struct qn_segy_case *c, uint64_t offset, uint32_t *count,
                                          bool *end_text)
{
    uint8_t record[QN_SEGY_TEXT_BYTES];
    struct qn_buf text = {0};
    enum qn_status status = QN_OK;
    *count = 0;
    *end_text = false;
    while (!*end_text && *count < MAX_TEXT_RECORDS && offset <= c->source->size &&
           c->source->size - offset >= QN_SEGY_TEXT_BYTES) {
        if ((status = qn_segy_read(c, offset, record, sizeof record)))
            break;
        qn_buf_clear(&text);
        qn_segy_text_decode(record, qn_segy_text_encoding(record), &text);
        if (text.failed) {
            status = qn_fail_memory(c->err, "a text header", QN_SEGY_TEXT_BYTES);
            break;
        }
        if (!looks_like_text(record, &text))
            break;
        *end_text = holds_end_text(&text);
        offset += QN_SEGY_TEXT_BYTES;
        ++*count;
    }
    qn_buf_release(&text);
    return status;
}
