/* The amplitudes of a picture of a file that is scanned: up to a thousand traces from its middle.
 */
#ifndef QN_PIPELINES_SEGY_SCAN_SECTION_H
#define QN_PIPELINES_SEGY_SCAN_SECTION_H

#include "pipelines/segy/scan/scan.h"

struct qn_scan_section {
    float *amplitudes; /* column c from amplitudes[c * samples]; NaN: the trace is shorter */
    size_t traces;
    size_t samples; /* drawn, of each trace */
    uint64_t first_trace;
    uint32_t sample_stride; /* row k is sample k * sample_stride */
    double first_time;      /* in ms, the recording delay; or sample 0 */
    double interval;        /* between rows, in ms; between samples, if no interval is known */
    bool timed;
};

/* Reads at most some 64 MB of the file. Release also after a failure. */
enum qn_status qn_scan_section_read(const struct qn_scan *scan, struct qn_scan_section *section,
                                    struct qn_error *err);
void qn_scan_section_release(struct qn_scan_section *section);

#endif
