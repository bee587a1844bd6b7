/* Parquet's encodings, decoded a stretch at a time: however many values a page declares, memory is
 * that of the stretch. Decoders read up to 16 bytes behind their input: pages are kept with that
 * much room after them. All return false when the input ends or makes no sense.
 * Format: apache/parquet-format, Encodings.md.
 */
#ifndef QN_FORMAT_PARQUET_DECODE_H
#define QN_FORMAT_PARQUET_DECODE_H

#include "format/parquet/reader.h"

#define PQ_SLACK 16u /* readable bytes behind every input */

/* The RLE / bit-packed hybrid, values of 0 to 32 bits. */
struct pq_hybrid {
    const uint8_t *at, *end;
    unsigned width;
    uint64_t left;       /* values left of the run at hand */
    uint32_t value;      /* of a run of equals */
    const uint8_t *bits; /* of a packed run; NULL: a run of equals */
    uint64_t place;      /* bits of it consumed */
    uint64_t bits_end;   /* bits of it there are: the last run may be cut short */
};
void pq_hybrid_start(struct pq_hybrid *hybrid, const uint8_t *bytes, size_t len, unsigned width);
bool pq_hybrid_take(struct pq_hybrid *hybrid, uint32_t *values, size_t n);
bool pq_hybrid_take_u8(struct pq_hybrid *hybrid, uint8_t *values, size_t n);

/* BIT_PACKED levels: highest bit first. Value number `from` and the n - 1 after it. */
bool pq_take_bits(const uint8_t *bytes, size_t len, unsigned width, uint64_t from, uint8_t *values,
                  size_t n);

/* DELTA_BINARY_PACKED. */
struct pq_delta {
    const uint8_t *at, *end;
    uint64_t left; /* values not taken yet */
    uint64_t total;
    uint64_t value; /* the last one taken */
    uint64_t least; /* of the block's differences */
    uint32_t minis; /* miniblocks of a block, and values of a miniblock */
    uint32_t mini_values;
    uint32_t mini; /* the one at hand, its values consumed, its width and bytes */
    uint32_t used;
    unsigned width;
    const uint8_t *widths;
    const uint8_t *bits;
    bool first; /* the value of the header is still to come */
};
bool pq_delta_start(struct pq_delta *delta, const uint8_t *bytes, size_t len);
bool pq_delta_take(struct pq_delta *delta, int64_t *values, size_t n);
/* Where the encoded values end; NULL if they make no sense. */
const uint8_t *pq_delta_end(const struct pq_delta *delta);

/* The values of one page. */
struct pq_values {
    enum pq_coding coding;
    enum pq_physical physical;
    size_t width; /* 0: byte arrays */
    const uint8_t *at, *end;
    uint64_t taken; /* values so far */
    struct pq_hybrid hybrid;
    struct pq_delta delta; /* integers, lengths, or lengths of prefixes */
    struct pq_delta suffixes;
    struct qn_buf last;  /* DELTA_BYTE_ARRAY: the value before */
    struct qn_buf arena; /* DELTA_BYTE_ARRAY: the values of the last stretch */
    struct qn_buf scratch;
    uint64_t unfolded; /* bytes of values made so far, and how many there may be */
    uint64_t unfolded_limit;
    const struct qn_parquet_dictionary *dictionary;
    const char *problem; /* what is wrong when pq_values_take says false */
    bool over_limit;     /* it is the limit */
};

/* Whether that encoding may stand for values of that type. */
bool pq_coding_fits(enum pq_coding coding, enum pq_physical physical);

/* Starts on the values of a page. The buffers are kept from page to page. */
bool pq_values_start(struct pq_values *values, const uint8_t *bytes, size_t len);
/* The next n values to `fixed` (n * width bytes) or `texts`; ids too, for dictionary encoding. */
bool pq_values_take(struct pq_values *values, size_t n, uint8_t *fixed,
                    struct qn_parquet_text *texts, uint32_t *ids);
void pq_values_release(struct pq_values *values);

#endif
