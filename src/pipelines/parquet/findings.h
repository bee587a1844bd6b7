/* Findings of the verifier: what is wrong, where, how bad. The table of kinds is what the report,
 * the documentation and the exit code go by. */
#ifndef QN_PARQUET_FINDINGS_H
#define QN_PARQUET_FINDINGS_H

#include "base/buf.h"

#include <quern/error.h>

enum qn_severity { QN_FOUND_NOTE, QN_FOUND_WARNING, QN_FOUND_ERROR, QN_SEVERITY_COUNT };
const char *qn_severity_name(enum qn_severity severity); /* "note", "warning", "error" */

enum qn_finding_kind { /* of the file */
                       QN_FIND_FOOTER,
                       QN_FIND_ROW_COUNT,
                       QN_FIND_OVERLAP,
                       QN_FIND_NOT_READ,
                       QN_FIND_UNFINISHED,
                       /* of a column of a row group */
                       QN_FIND_CHUNK,
                       QN_FIND_PAGE_CRC,
                       QN_FIND_PAGE,
                       QN_FIND_PAGE_COUNT,
                       QN_FIND_PAGE_STATISTICS,
                       QN_FIND_PAGE_INDEX,
                       QN_FIND_STATISTICS,
                       QN_FIND_LOOSE_STATISTICS,
                       QN_FIND_NAN_STATISTICS,
                       QN_FIND_DISTINCT,
                       QN_FIND_BLOOM,
                       QN_FIND_ENCODINGS,
                       QN_FIND_OFFSETS,
                       QN_FIND_OLD_OFFSETS,
                       QN_FIND_SIZES,
                       QN_FIND_UTF8,
                       QN_FIND_INTEGER_RANGE,
                       QN_FIND_SORT_ORDER,
                       /* of the contents */
                       QN_FIND_NULL_KEY,
                       QN_FIND_DUPLICATE,
                       QN_FIND_GAP,
                       QN_FIND_OFF_GRID,
                       QN_FIND_NO_SUCH_TIME,
                       QN_FIND_RANGE,
                       QN_FIND_SCHEMA_RETYPED,
                       QN_FIND_SCHEMA_CHANGED,
                       QN_FIND_SCHEMA_EXPECTED,
                       QN_FIND_SERIES_SHORT,
                       QN_FIND_NON_FINITE,
                       /* what the file lacks */
                       QN_FIND_NO_STATISTICS,
                       QN_FIND_NO_NULL_COUNT,
                       QN_FIND_NO_PAGE_INDEX,
                       QN_FIND_NO_CRC,
                       QN_FIND_KIND_COUNT
};

struct qn_finding_info {
    const char *code; /* "page-crc" */
    enum qn_severity severity;
    const char *meaning;
};
extern const struct qn_finding_info qn_finding_infos[QN_FIND_KIND_COUNT];

struct qn_finding { /* -1 where a number has no meaning */
    enum qn_finding_kind kind;
    uint32_t file; /* of the files verified */
    int64_t group;
    int64_t page;   /* of the chunk, data pages counted from 0 */
    int64_t offset; /* in the file */
    int64_t row;    /* of the file */
    int64_t count;  /* how many things it stands for */
    char column[128];
    char message[400];
};

/* A list of findings, kept as bytes: qn_finding_put to append, _get to read back. */
void qn_finding_put(struct qn_buf *out, const struct qn_finding *finding);
bool qn_finding_get(struct qn_cursor *in, struct qn_finding *finding);

/* Fills what most findings have in common, and the message. */
void qn_finding_set(struct qn_finding *finding, enum qn_finding_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
