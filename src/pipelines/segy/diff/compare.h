/* Comparing traces: header fields by value, samples by value. What is found adds up in any order,
 * so that it does not depend on which thread compared what. */
#ifndef QN_PIPELINES_SEGY_DIFF_COMPARE_H
#define QN_PIPELINES_SEGY_DIFF_COMPARE_H

#include "pipelines/segy/diff/side.h"

#define QN_DIFF_FIRST 10 /* places that are told of each kind of difference */

struct qn_diff_rules {
    double tolerance; /* samples are the same up to this ... */
    double relative;  /* ... plus this part of the larger magnitude */
    bool headers;     /* compare them */
    bool samples;
};

struct qn_diff_header { /* a field that differs in one trace */
    uint64_t trace;
    struct qn_segy_value a, b;
};

struct qn_diff_field { /* a field, and where it differs */
    struct qn_segy_field field;
    char name[32];   /* of a field that has none */
    uint64_t traces; /* in how many */
    struct qn_diff_header first[QN_DIFF_FIRST];
};

struct qn_diff_sample {
    uint64_t trace;
    uint32_t sample;
    double a, b;
};

struct qn_diff_tally {
    struct qn_diff_field *fields;
    size_t field_count;
    uint64_t headers; /* traces whose headers differ */
    uint64_t lengths; /* traces of different lengths */
    uint64_t first_length;
    uint64_t compared;   /* samples */
    uint64_t differing;  /* of them by value */
    uint64_t other_bits; /* of the same value but written with other bits */
    uint64_t traces;     /* that hold differing samples */
    struct qn_diff_sample first[QN_DIFF_FIRST];
    double largest; /* |a - b|, finite */
    struct qn_diff_sample largest_at;
    double largest_relative; /* |a - b| / max(|a|, |b|) */
    struct qn_diff_sample largest_relative_at;
};

/* Fields to be compared in traces of these layouts, without those named in `ignored`. Release in
 * any case. */
enum qn_status qn_diff_tally_init(struct qn_diff_tally *tally, const struct qn_diff_side *a,
                                  const struct qn_diff_side *b, const struct qn_options *options,
                                  struct qn_error *err);
void qn_diff_tally_release(struct qn_diff_tally *tally);
void qn_diff_tally_merge(struct qn_diff_tally *into, const struct qn_diff_tally *next);
bool qn_diff_tally_same(const struct qn_diff_tally *tally);

/* The fields that Seismic Unix has from byte 181 on. */
const struct qn_segy_field *qn_diff_unix_fields(void);

/* What one thread needs to compare. */
struct qn_diff_comparer;
enum qn_status qn_diff_comparer_new(const struct qn_diff_side *a, const struct qn_diff_side *b,
                                    const struct qn_diff_rules *rules,
                                    struct qn_diff_comparer **comparer, struct qn_error *err);
void qn_diff_comparer_free(struct qn_diff_comparer *comparer); /* NULL is fine */

/* One trace of either side. */
void qn_diff_compare(struct qn_diff_comparer *comparer, uint64_t trace, const uint8_t *a,
                     uint32_t a_samples, const uint8_t *b, uint32_t b_samples,
                     struct qn_diff_tally *tally);

#endif
