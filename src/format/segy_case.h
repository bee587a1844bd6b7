/* What the files that decide a layout share: the case they are deciding. Private to
 * src/format/segy_*.c: segy_layout.c leads, segy_recognize.c, segy_candidates.c and
 * segy_refuse.c help. */
#ifndef QN_FORMAT_SEGY_CASE_H
#define QN_FORMAT_SEGY_CASE_H

#include "format/segy.h"

struct qn_segy_case {
    const struct qn_segy_source *source;
    const struct qn_segy_overrides *overrides;
    struct qn_segy_notes *notes; /* may be NULL */
    struct qn_error *err;
    struct qn_segy_layout *layout;
    uint8_t reel[QN_SEGY_REEL_BYTES]; /* text and binary header, after a tape label */
    struct qn_segy_binary_header header;
    bool revision_2; /* the fields that revision 2 added to the binary header count */
};

/* Adds a sentence to the notes; beyond QN_SEGY_MAX_NOTES it is dropped. */
void qn_segy_note(struct qn_segy_case *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Reads through the caller's function; beyond the end of the file it is QN_ERR_INPUT. */
enum qn_status qn_segy_read(struct qn_segy_case *c, uint64_t offset, void *bytes, size_t len);

/* ---- segy_recognize.c: what a file is when it is not plain SEG-Y ---------------------------- */

/* The name of another format whose first bytes these are ("a gzip file"), NULL if none is known. */
const char *qn_segy_other_format(const uint8_t *bytes, size_t len);

/* Whether the file starts with a 128-byte SEG-Y tape label: "SY", a digit, a dot at byte 5. */
bool qn_segy_has_tape_label(const uint8_t *bytes);

/* Whether bytes from the start of a file are the first trace header of a Seismic Unix file of
 * this size; says which byte order. */
bool qn_segy_is_su(const uint8_t *bytes, uint64_t size, enum qn_byte_order *order);

/* Whether the record begins a stanza, "((" in ASCII or EBCDIC; `bytes` has two. */
bool qn_segy_is_stanza(const uint8_t *bytes);

/* Counts the text records from `offset`: up to and with the one that holds ((SEG: EndText)), or
 * as long as they look like text. */
enum qn_status qn_segy_count_text_records(struct qn_segy_case *c, uint64_t offset, uint32_t *count,
                                          bool *end_text);

/* ---- segy_candidates.c: what the headers say of the sizes, and which of it fits ------------- */

/* A value that something says, and what says it. */
struct qn_segy_claim {
    uint64_t value;
    const char *origin;
};

#define QN_SEGY_MAX_CLAIMS 8

struct qn_segy_claims {
    size_t count;
    struct qn_segy_claim at[QN_SEGY_MAX_CLAIMS]; /* most trusted first, no value twice */
};

/* One way to cut the file into traces. */
struct qn_segy_cut {
    struct qn_segy_claim start;    /* offset of the first trace */
    struct qn_segy_claim headers;  /* 240-byte headers per trace */
    struct qn_segy_claim samples;  /* per trace */
    struct qn_segy_claim trailing; /* bytes after the last trace */
    uint64_t trace_bytes;
    uint64_t traces;
    uint64_t remainder; /* bytes over: the cut fits when it is 0 and there is a trace */
};

/* Finds the most trusted cut that fits. If none does, *fits is false and *cut the most trusted of
 * all (its samples.value is 0 when nothing says a number of samples). */
enum qn_status qn_segy_find_cut(struct qn_segy_case *c, struct qn_segy_cut *cut, bool *fits);

/* Whether traces of `samples` samples of `sample_bytes` fit where *cut puts them. */
bool qn_segy_cut_fits_with(const struct qn_segy_case *c, const struct qn_segy_cut *cut,
                           uint64_t samples, unsigned sample_bytes);

/* ---- segy_refuse.c: the reason why a file cannot be read ------------------------------------ */

/* No format code in either order, or not in the order decided. */
enum qn_status qn_segy_refuse_format(struct qn_segy_case *c);

/* No cut fits; *cut is the most trusted one. */
enum qn_status qn_segy_refuse_sizes(struct qn_segy_case *c, const struct qn_segy_cut *cut);

/* Follows the chain of traces from the first, each as long as its own header says. *variable:
 * lengths differ, and the chain ends where the file does (or goes on for thousands of traces). */
enum qn_status qn_segy_has_variable_traces(struct qn_segy_case *c, const struct qn_segy_cut *cut,
                                           bool *variable);
enum qn_status qn_segy_refuse_variable(struct qn_segy_case *c);

#endif
