/* The traces of a file that a scan looks at: blocks of neighbours spread evenly over it, their
 * headers and where they lie, some of their samples; and, for --all, the headers of all traces. */
#ifndef QN_PIPELINES_SEGY_SCAN_SAMPLE_H
#define QN_PIPELINES_SEGY_SCAN_SAMPLE_H

#include "compute/stats.h"
#include "format/segy.h"
#include "pipelines/segy/scan/positions.h"
#include "pipelines/segy/survey/input.h"

#define QN_SCAN_BLOCKS 32
#define QN_SCAN_BLOCK  64 /* traces */

struct qn_scan_trace {
    uint64_t number; /* in the file, from 0 */
    uint64_t offset; /* of its header */
    uint32_t samples;
};

struct qn_scan_sample {
    size_t count; /* traces looked at */
    struct qn_scan_trace *traces;
    uint8_t *headers;           /* of trace i at headers + i * reach */
    size_t reach;               /* bytes of headers */
    bool whole;                 /* these are all traces of the file */
    uint32_t shortest, longest; /* samples of the traces looked at */

    uint64_t amplitude_traces; /* whose samples were read */
    uint64_t dead_traces;      /* of them */
    struct qn_stats amplitudes;
};

static inline const uint8_t *qn_scan_header(const struct qn_scan_sample *sample, size_t i)
{
    return sample->headers + i * sample->reach;
}

/* Whether sample traces i and i + 1 are neighbours in the file. */
static inline bool qn_scan_neighbours(const struct qn_scan_sample *sample, size_t i)
{
    return i + 1 < sample->count && sample->traces[i + 1].number == sample->traces[i].number + 1;
}

/* Reads headers of at most QN_SCAN_BLOCKS x QN_SCAN_BLOCK traces, and the samples of one trace per
 * block. In a file of traces of different lengths, nobody knows where a trace lies without
 * following all before it: there it is the first ones. Release also after a failure. */
enum qn_status qn_scan_sample_read(struct qn_input *input, const struct qn_segy_layout *layout,
                                   struct qn_scan_sample *sample, struct qn_error *err);
void qn_scan_sample_release(struct qn_scan_sample *sample);

/* Adds the sample's headers. */
void qn_scan_sample_positions(const struct qn_scan_sample *sample, struct qn_positions *positions);

/* Looks at the headers of all traces, on all CPUs, with a line of progress on a terminal. *lengths
 * gets the shortest and longest trace, *traces how many there are: what a layout of different
 * lengths does not say; a chain that breaks ends the scan, with the reason in *damage. */
struct qn_scan_all {
    uint64_t traces;
    uint32_t shortest, longest;
    char damage[256]; /* "": none */
};
enum qn_status qn_scan_all_headers(struct qn_input *input, const struct qn_segy_layout *layout,
                                   struct qn_positions *positions, struct qn_scan_all *all,
                                   struct qn_error *err);

#endif
