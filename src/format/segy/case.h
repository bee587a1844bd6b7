/* What the files that decide a layout share: the case they are deciding. Private to
 * src/format/segy: score.c leads, in this order of work:
 *
 *   recognize.c   what the file is, text records
 *   candidates.c  hypotheses from what the headers claim
 *   probe.c       trace headers as a hypothesis finds them
 *   numbers.c     samples as a hypothesis reads them
 *   chain.c       traces of different lengths
 *   search.c      trace headers looked for by their content
 *   explain.c     the decision and its contradictions in words
 *   refuse.c      the reason when nothing fits
 */
#ifndef QN_FORMAT_SEGY_CASE_H
#define QN_FORMAT_SEGY_CASE_H

#include "format/segy/score.h"

#define QN_SEGY_CONSTANT 0x01020304u /* bytes 3297-3300 of revision 2, in the file's byte order */

/* The reel headers read in one byte order. */
struct qn_segy_view {
    enum qn_byte_order order;
    bool allowed; /* by the overrides */
    struct qn_segy_binary_header header;
    const struct qn_segy_format *coded; /* by bytes 3225-3226; NULL: no format code */
    uint8_t revision_major, revision_minor;
    bool revision_2; /* the fields that revision 2 added to the binary header count */
};

/* The 3200-byte records of text after the reel headers. */
struct qn_segy_records {
    uint32_t count;
    uint32_t ebcdic; /* of them */
    bool end_text;   /* the last one holds ((SEG: EndText)) */
};

/* What a stretch of bytes that should be text is. */
enum qn_segy_looks { QN_SEGY_LOOKS_BINARY, QN_SEGY_LOOKS_BLANK, QN_SEGY_LOOKS_TEXT };

#define QN_SEGY_MAX_PROBES  24
#define QN_SEGY_PROBE_BYTES (2u * QN_SEGY_TRACE_HEADER_BYTES)

/* Some traces of the file as a hypothesis finds them, in rising order of their numbers. */
struct qn_segy_probes {
    size_t count;
    uint64_t trace[QN_SEGY_MAX_PROBES];
    uint64_t offset[QN_SEGY_MAX_PROBES];                     /* in the file */
    uint8_t header[QN_SEGY_MAX_PROBES][QN_SEGY_PROBE_BYTES]; /* zeros beyond the trace's headers */
};

#define QN_SEGY_MAX_LIST 24

struct qn_segy_case {
    const struct qn_segy_source *source;
    const struct qn_segy_overrides *overrides;
    struct qn_error *err;
    unsigned reads;
    uint8_t start[QN_SEGY_TRACE_HEADER_BYTES]; /* the file's first bytes */
    bool has_reel;                             /* the file is long enough for one */
    uint8_t reel[QN_SEGY_REEL_BYTES];          /* text and binary header, after a tape label */
    uint32_t label_bytes;
    enum qn_segy_looks text; /* of the text header */
    struct qn_segy_records records;
    struct qn_segy_view views[2]; /* by enum qn_byte_order */
    struct qn_segy_probes kept;   /* of the best hypothesis judged so far */
    int kept_score;
    unsigned considered;
    unsigned judged;
    size_t count;
    struct qn_segy_hypothesis list[QN_SEGY_MAX_LIST]; /* highest score first */
};

/* Reads through the caller's function; beyond the end of the file it is QN_ERR_INPUT. */
enum qn_status qn_segy_read(struct qn_segy_case *c, uint64_t offset, void *bytes, size_t len);

/* Whether `len` bytes from `offset` are in the file. */
bool qn_segy_holds(const struct qn_segy_case *c, uint64_t offset, uint64_t len);

/* ---- case.c: the list ------------------------------------------------------------------ */

/* Gives `points` for a kind of evidence, within its limits, and sums up. */
void qn_segy_award(struct qn_segy_hypothesis *h, enum qn_segy_evidence evidence, int points);

/* The same for `good` of `all` observations: all good is the most, half of them 0. */
void qn_segy_award_share(struct qn_segy_hypothesis *h, enum qn_segy_evidence evidence, size_t good,
                         size_t all);

/* Puts a hypothesis into the list by its score, behind those of equal score, unless the file would
 * be read in the same way; the last one falls off a full list. */
void qn_segy_enlist(struct qn_segy_case *c, const struct qn_segy_hypothesis *h);

/* Puts the hypotheses back in order after their scores have changed. */
void qn_segy_rank(struct qn_segy_case *c);

/* ---- recognize.c: what a file is ------------------------------------------------------- */

/* Reads the reel headers; refuses what is certainly not SEG-Y. Fills c->reel, label_bytes, text,
 * records and both views. */
enum qn_status qn_segy_recognize(struct qn_segy_case *c);

/* Whether the record begins a stanza, "((" in ASCII or EBCDIC; `bytes` has two. */
bool qn_segy_is_stanza(const uint8_t *bytes);

enum qn_segy_looks qn_segy_looks_like(const uint8_t record[QN_SEGY_TEXT_BYTES]);

/* Where traces begin if `records` text records follow the binary header. */
uint64_t qn_segy_after_records(const struct qn_segy_case *c, uint64_t records);

/* ---- candidates.c: hypotheses from claims ---------------------------------------------- */

/* A value that something says, what says it, and how far it is trusted (points). */
struct qn_segy_claim {
    uint64_t value;
    const char *origin;
    int trust;
};

#define QN_SEGY_MAX_CLAIMS 8

struct qn_segy_claims {
    size_t count;
    struct qn_segy_claim at[QN_SEGY_MAX_CLAIMS]; /* most trusted first, no value twice */
};

/* Adds a claim unless its value is there already or the list is full. */
void qn_segy_add_claim(struct qn_segy_claims *claims, uint64_t value, const char *origin,
                       int trust);

/* One way to cut the file into traces. */
struct qn_segy_cut {
    const struct qn_segy_view *view; /* NULL: Seismic Unix, with `order` */
    enum qn_byte_order order;
    struct qn_segy_claim start;    /* offset of the first trace */
    struct qn_segy_claim headers;  /* 240-byte headers per trace */
    struct qn_segy_claim samples;  /* per trace */
    struct qn_segy_claim trailing; /* bytes after the last trace */
    unsigned sample_bytes;
};

/* Weighs a cut by sizes and claims and enlists it. A sample size that no format code claims is
 * worth a hypothesis only if it fits. */
void qn_segy_consider(struct qn_segy_case *c, const struct qn_segy_cut *cut);

/* Enlists all that the headers claim, for each byte order. */
enum qn_status qn_segy_propose(struct qn_segy_case *c);

/* What the file claims of headers per trace and of bytes after the last trace. */
void qn_segy_claim_headers(const struct qn_segy_case *c, const struct qn_segy_view *view,
                           struct qn_segy_claims *claims);
void qn_segy_claim_trailing(const struct qn_segy_case *c, const struct qn_segy_view *view,
                            struct qn_segy_claims *claims);

/* Traces and remainder of `samples` samples of `sample_bytes` bytes, else as in *layout. */
bool qn_segy_would_fit(const struct qn_segy_case *c, const struct qn_segy_layout *layout,
                       uint64_t start, uint64_t samples, unsigned sample_bytes);

/* ---- probe.c: trace headers ------------------------------------------------------------ */

/* Reads the headers of some traces of one length: the first ones, the last ones, pairs between. */
enum qn_status qn_segy_probe(struct qn_segy_case *c, const struct qn_segy_hypothesis *h,
                             struct qn_segy_probes *probes);

/* Keeps the probes if the hypothesis is the best so far. */
void qn_segy_keep_probes(struct qn_segy_case *c, const struct qn_segy_hypothesis *h,
                         const struct qn_segy_probes *probes);

/* Gives points for what the headers look like. */
void qn_segy_judge_headers(const struct qn_segy_case *c, struct qn_segy_hypothesis *h,
                           const struct qn_segy_probes *probes);

/* ---- numbers.c: samples ---------------------------------------------------------------- */

/* Decides the format among those of the hypothesis' sample size, and the order of the samples, by
 * what they look like and what the format code says; gives points for both. *other gets the next
 * best format (same as *h if there is none). */
enum qn_status qn_segy_judge_samples(struct qn_segy_case *c, const struct qn_segy_probes *probes,
                                     struct qn_segy_hypothesis *h,
                                     struct qn_segy_hypothesis *other);

/* ---- chain.c: traces of different lengths ---------------------------------------------- */

/* Follows the traces from the start of hypothesis `from`, each as long as its own header says, and
 * enlists the judged result if that leads anywhere. */
enum qn_status qn_segy_try_chain(struct qn_segy_case *c, const struct qn_segy_hypothesis *from);

/* ---- search.c: looking for headers ----------------------------------------------------- */

/* Looks in the bytes of the file for the first and the second trace header, and considers the cuts
 * that follow from where they are. For files whose headers all lie. */
enum qn_status qn_segy_search(struct qn_segy_case *c);

/* Counts the zeros at the end of a file that does not fit, at most 1 MiB: padding, if they are more
 * than what is over. */
enum qn_status qn_segy_count_padding(struct qn_segy_case *c, const struct qn_segy_hypothesis *h,
                                     uint64_t *zeros);

/* ---- explain.c: in words --------------------------------------------------------------- */

/* Decides what the layout says besides the traces (revision, interval, encoding), and tells all of
 * it: decision->decided and contradictions. decision->chosen is set. */
enum qn_status qn_segy_explain(struct qn_segy_case *c, const struct qn_segy_probes *probes,
                               struct qn_segy_decision *decision);

/* ---- refuse.c: the reason why a file cannot be read ------------------------------------ */

/* Too short for reel headers, and no trace either. */
enum qn_status qn_segy_refuse_short(struct qn_segy_case *c);

/* Nothing in the file is a format code, or not in the order that was given. */
enum qn_status qn_segy_refuse_format(struct qn_segy_case *c);

/* The best hypothesis does not fit; NULL: there is none. */
enum qn_status qn_segy_refuse_sizes(struct qn_segy_case *c, const struct qn_segy_hypothesis *best);

#endif
