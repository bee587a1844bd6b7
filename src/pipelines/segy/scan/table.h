/* The report on several files: a table, and their contradictions, each told once. */
#ifndef QN_PIPELINES_SEGY_SCAN_TABLE_H
#define QN_PIPELINES_SEGY_SCAN_TABLE_H

#include "pipelines/segy/scan/scan.h"

void qn_scan_table_head(const struct qn_terminal *terminal, struct qn_buf *out);
void qn_scan_table_row(const struct qn_scan *scan, const struct qn_terminal *terminal,
                       struct qn_buf *out);

#define QN_SCAN_DIGEST 64

/* Zero-initialise; names are borrowed from the paths. */
struct qn_scan_digest {
    size_t count;
    struct {
        char text[224];
        const char *example; /* a file that has it */
        size_t files;
    } at[QN_SCAN_DIGEST];
};

void qn_scan_digest_add(struct qn_scan_digest *digest, const struct qn_scan *scan);
void qn_scan_digest_tell(const struct qn_scan_digest *digest, const struct qn_terminal *terminal,
                         struct qn_buf *out);

#endif
