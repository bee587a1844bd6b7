/* The first traces of a file: headers and statistics of their samples, for previews. */
#ifndef QN_PIPELINES_SEGY_SCAN_TRACES_H
#define QN_PIPELINES_SEGY_SCAN_TRACES_H

#include "pipelines/segy/scan/scan.h"

struct qn_scan_traces {
    size_t count;
    size_t reach; /* header bytes of each */
    uint8_t *headers;
    struct qn_stats *stats;
};

static inline const uint8_t *qn_scan_traces_header(const struct qn_scan_traces *traces, size_t i)
{
    return traces->headers + i * traces->reach;
}

/* Reads the first `count` traces, or as many as there are; at most 1000. Release also after a
 * failure. */
enum qn_status qn_scan_traces_read(const struct qn_scan *scan, size_t count,
                                   struct qn_scan_traces *traces, struct qn_error *err);
void qn_scan_traces_release(struct qn_scan_traces *traces);

#endif
