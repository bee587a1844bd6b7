/* Comma-separated text (RFC 4180) cut into records and fields, without copying a byte, and the
 * other way: fields quoted.
 *
 * A block of text is scanned 64 bytes at a time with vector instructions; what comes out are the
 * positions of the separators. Quoted fields may hold commas, line ends and doubled quotes. Lines
 * end in LF or CR LF. Nothing here knows what a field means.
 */
#ifndef QN_FORMAT_CSV_H
#define QN_FORMAT_CSV_H

#include "base/buf.h"

struct qn_csv {            /* the records of one block */
    const char *text;      /* borrowed */
    struct qn_buf ends;    /* uint32_t per field: where its separator (or the end) is */
    struct qn_buf records; /* struct qn_csv_record */
    size_t count;          /* of records */
    size_t taken;          /* bytes of the block that the records cover */
    bool folded;           /* some line ends lie between quotes: not every record is one line */
};

struct qn_csv_record {
    uint32_t start;  /* of its first field, in the block */
    uint32_t first;  /* index of its first field in `ends` */
    uint32_t fields; /* at least 1; an empty line is one empty field */
};

struct qn_csv_field {
    const char *text;
    uint32_t len;
    bool quoted; /* the quotes around it are not part of `text`; doubled ones inside still are */
};

enum qn_csv_end {              /* what follows the block */
                  QN_CSV_MORE, /* a record without its line end waits for the next block */
                  QN_CSV_LAST  /* nothing: the end of the text ends its last record, too */
};

/* Finds the records of a block that begins at the start of a record and has less than 4 GiB.
 * False when out of memory. */
bool qn_csv_split(struct qn_csv *csv, const char *text, size_t len, enum qn_csv_end end);
void qn_csv_release(struct qn_csv *csv);

/* Field `i` of a record, without blanks, CR and quotes around it. */
static inline struct qn_csv_field qn_csv_get(const struct qn_csv *csv,
                                             const struct qn_csv_record *record, uint32_t i)
{
    const uint32_t *ends = (const uint32_t *)csv->ends.data + record->first;
    const char *start = csv->text + (i ? ends[i - 1] + 1 : record->start);
    const char *end = csv->text + ends[i];
    bool quoted = false;
    for (;;) {
        while (end > start && (unsigned char)end[-1] <= ' ')
            end--;
        while (end > start && (unsigned char)*start <= ' ')
            start++;
        if (quoted || end - start < 2 || *start != '"' || end[-1] != '"')
            break;
        quoted = true;
        start++;
        end--;
    }
    return (struct qn_csv_field){start, (uint32_t)(end - start), quoted};
}

/* Quotes and line ends in a stretch of text: with the parity of the quotes before a place, and
 * the number of line ends, reading can begin anywhere in a file. */
struct qn_csv_marks {
    uint64_t quotes;
    uint64_t lines;
};
void qn_csv_count(const char *text, size_t len, struct qn_csv_marks *marks);

/* Vector variants, for tests: 0 portable, 1 AVX2, 2 AVX-512; false if this machine has it not. */
bool qn_csv_use(int variant);

/* Appends a field, between quotes where it holds a comma, a quote or a line end. */
void qn_csv_put(struct qn_buf *out, const char *text, size_t len);

#endif
