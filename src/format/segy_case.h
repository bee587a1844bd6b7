/* What the files that decide a layout share: the case they are deciding. Private to
 * src/format/segy_*.c: segy_layout.c leads, segy_recognize.c, segy_candidates.c,
 * segy_chain.c, segy_unix.c and segy_refuse.c help. */
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

/* ---- segy_unix.c ----------------------------------------------------------------------------- */

/* Recognises a Seismic Unix file: a trace header at byte 0 whose number of samples divides the
 * file, and which other headers repeat. Then *is_unix, and the layout is complete but for the
 * interval. */
enum qn_status qn_segy_try_unix(struct qn_segy_case *c, bool *is_unix);

/* ---- segy_chain.c: traces of different lengths ----------------------------------------------- */

struct qn_segy_chain {
    enum qn_segy_length_field field; /* that the headers went by */
    uint64_t traces;                 /* followed */
    uint32_t samples;                /* of the first */
    bool differ;                     /* in their number of samples */
    bool confirmed;                  /* a header like the first follows a trace of another length */
    bool whole; /* the chain ends where the file does, or goes on for thousands of traces */
};

/* Follows the traces from the cut's start with its headers per trace, each trace as long as its
 * own header says. A chain that breaks is no failure. */
enum qn_status qn_segy_follow_chain(struct qn_segy_case *c, const struct qn_segy_cut *cut,
                                    struct qn_segy_chain *chain);

/* Whether the chain shows a file of traces of different lengths, whole or to be salvaged. */
bool qn_segy_chain_is_variable(const struct qn_segy_case *c, const struct qn_segy_chain *chain);

#endif
