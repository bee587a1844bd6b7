/* How to read a SEG-Y file, decided by weighing hypotheses: what its headers claim, what would fit
 * its size, what its trace headers and samples look like if read that way.
 *
 * Every hypothesis is one complete way to read the file. Each kind of evidence gives it points,
 * from -most to +most of the table below, 0 where there is nothing to judge; 100 is the sum of all
 * `most`. The best hypothesis is taken, and the second best is kept to show by how much it lost.
 * Pure but for the reads of the caller's function: some 60 of a few hundred bytes, whatever the
 * size of the file, and the same ones each time.
 */
#ifndef QN_FORMAT_SEGY_SCORE_H
#define QN_FORMAT_SEGY_SCORE_H

#include "format/segy.h"

/* In the order in which they are told. */
enum qn_segy_evidence {
    QN_SEGY_BY_SIZE,        /* whole traces fill the file */
    QN_SEGY_BY_SEQUENCE,    /* a sequence number rises from trace to trace */
    QN_SEGY_BY_COUNTS,      /* trace headers agree on the number of samples */
    QN_SEGY_BY_INTERVALS,   /* trace headers agree on the sample interval */
    QN_SEGY_BY_CODES,       /* trace identification codes are codes */
    QN_SEGY_BY_SCALARS,     /* scalars are powers of ten */
    QN_SEGY_BY_COORDINATES, /* neighbouring traces have neighbouring coordinates */
    QN_SEGY_BY_TIMES,       /* days, hours and minutes are in their ranges */
    QN_SEGY_BY_SAMPLES,     /* samples look like numbers of the format */
    QN_SEGY_BY_ORDERS,      /* samples have the byte order of the headers */
    QN_SEGY_BY_FORMAT_CODE, /* the format code says the same */
    QN_SEGY_BY_CONSTANT,    /* the constant of revision 2 says the same of the byte order */
    QN_SEGY_BY_CLAIM,       /* something in the file says the number of samples */
    QN_SEGY_BY_PLACE,       /* traces begin where the text records end */
    QN_SEGY_BY_TEXT,        /* the file begins with text, or with a trace in Seismic Unix files */
    QN_SEGY_EVIDENCE_COUNT
};

struct qn_segy_evidence_info {
    const char *name; /* short, snake_case: "size" */
    const char *says; /* when it is for a hypothesis, in a few words */
    int most;         /* points */
};
extern const struct qn_segy_evidence_info qn_segy_evidence[QN_SEGY_EVIDENCE_COUNT];

/* One way to read the file. Texts are constants. */
struct qn_segy_hypothesis {
    struct qn_segy_layout layout; /* interval_us and revision: only in the one that is chosen */
    uint64_t remainder;           /* of layout.trailing_bytes, what is unexplained */
    bool fits;                    /* no remainder; or the chain of traces leads through the file */
    struct {
        const char *order, *format, *start, *headers, *samples, *trailing;
    } from;        /* what says so, "from bytes 3221-3222" */
    bool judged;   /* trace headers and samples were looked at */
    bool unsteady; /* a quarter of the trace headers or more do not agree with the others */
    int score;     /* the sum of points */
    int8_t points[QN_SEGY_EVIDENCE_COUNT];
    double zero_digits; /* share of non-zero 4-byte samples whose first hex digit after the
                           exponent is 0, as no IBM float has it; -1: not judged */
};

/* A hypothesis in one line: "big-endian, int16, 462 samples, first trace at 3600". */
#define QN_SEGY_HYPOTHESIS_TEXT 200
void qn_segy_describe(const struct qn_segy_hypothesis *hypothesis,
                      char text[QN_SEGY_HYPOTHESIS_TEXT]);

/* One thing that was decided. */
struct qn_segy_decided {
    const char *what;   /* "byte order" */
    const char *option; /* that overrides it, "--endian"; NULL: none */
    char value[96];
    char why[160]; /* may be empty */
};

/* Something in the file that says otherwise, or that is wrong whatever was decided. */
struct qn_segy_contradiction {
    uint32_t byte;  /* the field's first byte, from 1; in a trace header if in_trace */
    uint32_t bytes; /* its length; 0: not a field */
    bool in_trace;
    char text[224];
};

#define QN_SEGY_MAX_DECIDED        16
#define QN_SEGY_MAX_CONTRADICTIONS 24

struct qn_segy_decision {
    struct qn_segy_hypothesis chosen;
    bool has_runner_up;
    struct qn_segy_hypothesis runner_up;
    size_t decided_count;
    struct qn_segy_decided decided[QN_SEGY_MAX_DECIDED];
    size_t contradiction_count;
    struct qn_segy_contradiction contradictions[QN_SEGY_MAX_CONTRADICTIONS];
    unsigned hypotheses; /* considered */
    unsigned reads;      /* of the file */
};

/* Decides how to read a file. What an override says is not weighed: hypotheses that say otherwise
 * are left out.
 *
 * Refused with the reason: QN_ERR_INPUT for what is not SEG-Y (known other formats are named), too
 * short, no traces, truncated or contradictory (with the overrides that would fit the file's size,
 * unless overrides->salvage accepts that); QN_ERR_UNSUPPORTED for pair-swapped bytes.
 * `overrides` may be NULL. On failure *decision holds nothing of use. */
enum qn_status qn_segy_decide(const struct qn_segy_source *source,
                              const struct qn_segy_overrides *overrides,
                              struct qn_segy_decision *decision, struct qn_error *err);

/* The decision as sentences: what was decided, the runner-up, the contradictions. */
void qn_segy_decision_notes(const struct qn_segy_decision *decision, struct qn_segy_notes *notes);

#endif
