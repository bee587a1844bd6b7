/* What a task leaves, as bytes: see job.h. */
#include "pipelines/lunar/job.h"

#include <stdio.h>
#include <string.h>

void qn_lunar_result_encode(struct qn_buf *head, const struct qn_lunar_counts *counts,
                            const struct qn_npz_piece pieces[QN_NPZ_COLUMNS])
{
    qn_buf_u64(head, counts->sweeps);
    qn_buf_u64(head, counts->rows);
    qn_buf_u64(head, counts->strays);
    qn_buf_u64(head, counts->others);
    qn_buf_u64(head, counts->npz_sweeps);
    qn_buf_u64(head, counts->npz_rows);
    for (size_t i = 0; i < QN_NPZ_COLUMNS; i++) {
        qn_buf_u64(head, pieces[i].packed);
        qn_buf_u64(head, pieces[i].size);
        qn_buf_u32(head, pieces[i].crc);
    }
}

/* Records of `size` bytes each; NULL sets the cursor's `failed`. */
static const uint8_t *records(struct qn_cursor *in, uint64_t count, size_t size)
{
    if (count > in->len / size) {
        in->failed = true;
        return NULL;
    }
    return qn_cursor_bytes(in, (size_t)count * size);
}

enum qn_status qn_lunar_result_decode(struct qn_lunar_result *result, const void *bytes, size_t len,
                                      struct qn_error *err)
{
    struct qn_cursor in = {.data = bytes, .len = len};
    struct qn_lunar_counts *counts = &result->counts;
    memset(result, 0, sizeof *result);
    counts->sweeps = qn_cursor_u64(&in);
    counts->rows = qn_cursor_u64(&in);
    counts->strays = qn_cursor_u64(&in);
    counts->others = qn_cursor_u64(&in);
    counts->npz_sweeps = qn_cursor_u64(&in);
    counts->npz_rows = qn_cursor_u64(&in);
    for (size_t i = 0; i < QN_NPZ_COLUMNS; i++) {
        result->pieces[i].packed = qn_cursor_u64(&in);
        result->pieces[i].size = qn_cursor_u64(&in);
        result->pieces[i].crc = qn_cursor_u32(&in);
    }
    result->sweeps = records(&in, counts->sweeps, sizeof(struct qn_lunar_sweep));
    result->rows = records(&in, counts->rows, sizeof(struct qn_lunar_row));
    result->strays = records(&in, counts->strays, sizeof(struct qn_er_place));
    if (in.failed || in.at != in.len)
        return qn_fail(err, QN_ERR_CORRUPT,
                       "the result of a task is damaged. Start over with --restart.");
    return QN_OK;
}

void qn_lunar_part_name(uint64_t task, char name[QN_LUNAR_PART])
{
    snprintf(name, QN_LUNAR_PART, ".quern/parts/%08llu.npz", (unsigned long long)task);
}
