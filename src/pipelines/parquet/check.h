/* Checking a Parquet file against itself: everything that the footer, page headers, page indexes
 * and bloom filters say is recomputed from the values and compared. Used by the verifier's tasks
 * and by the fuzzer; pure but for reading the file. */
#ifndef QN_PARQUET_CHECK_H
#define QN_PARQUET_CHECK_H

#include "pipelines/parquet/findings.h"
#include "pipelines/parquet/input.h"

/* Where findings go, and how many of one kind a column may give one by one. */
#define QN_CHECK_MOST 10

struct qn_check_range { /* --range: what values of a column may be */
    char column[128];
    double min, max;
    bool finite; /* NaN is out of range too */
};

/* Whether values of a leaf are numbers, which a range can hold for. */
bool qn_check_has_numbers(const struct qn_parquet_node *leaf);

struct qn_check {
    struct qn_opened *opened;
    uint32_t file;          /* its number */
    struct qn_buf findings; /* qn_finding_put */
    const struct qn_check_range *ranges;
    size_t range_count;
    uint64_t seen[QN_FIND_KIND_COUNT]; /* findings of the chunk at hand, told or not */
    struct qn_check_totals {           /* of all chunks checked so far; plain numbers */
        uint64_t chunks;
        uint64_t rows, values, nulls, pages;
        uint64_t stored_bytes, decoded_bytes;
        uint64_t no_statistics, no_null_count, no_page_index, no_crc; /* chunks */
        uint64_t nans, infinities;
    } totals;
};
void qn_check_release(struct qn_check *check);

/* The file as a whole: counts, overlaps. */
enum qn_status qn_check_file(struct qn_check *check, struct qn_error *err);

/* One column of one row group. Damage is a finding, not a failure; failures are those of memory
 * and of I/O. `first_row` is the group's first row in the file. */
enum qn_status qn_check_chunk(struct qn_check *check, size_t group, size_t leaf, uint64_t first_row,
                              struct qn_error *err);

/* The order that the row group declares for its rows. */
enum qn_status qn_check_order(struct qn_check *check, size_t group, uint64_t first_row,
                              struct qn_error *err);

/* Adds a finding about the chunk at hand, unless there are QN_CHECK_MOST of its kind. */
struct qn_finding *qn_check_tell(struct qn_check *check, struct qn_finding *finding);

/* Whether a failure is the file's (a finding) rather than the machine's. */
bool qn_check_is_finding(enum qn_status status);

#endif
