/* The values that one header column has over a survey, and the axis that they make.
 *
 * Values are handled as keys, 64-bit integers in the order of the values, whatever the column's
 * type: an integer is its own key (a uint64 less 2^63), a real has its bits, those of negative ones
 * turned round. Equal values have equal keys; -0 counts as 0.
 */
#ifndef QN_PIPELINES_SEGY_SURVEY_AXIS_H
#define QN_PIPELINES_SEGY_SURVEY_AXIS_H

#include "base/buf.h"
#include "base/dtype.h"
#include "format/zarr.h"

#include <quern/error.h>

#define QN_AXIS_MAX_VALUES                                                                         \
    (UINT64_C(1) << 25) /* of one axis: no dimension of a survey has more                          \
                         */

/* The keys of `n` values of a numeric dtype. Returns the place of the first NaN, or n. */
size_t qn_axis_keys(enum qn_dtype dtype, const void *values, size_t n, int64_t *keys);

/* The value of a key, as text (a NUL-terminated number) and as an element of the dtype. */
#define QN_AXIS_TEXT 32
const char *qn_axis_text(enum qn_dtype dtype, int64_t key, char text[QN_AXIS_TEXT]);
void qn_axis_value(enum qn_dtype dtype, int64_t key, void *element);

/* ---- a set of keys, filled while headers pass by -------------------------------------------- */

struct qn_key_slot {
    int64_t key;
    bool used;
};

struct qn_key_set { /* zero-initialise */
    struct qn_key_slot *slots;
    size_t count;
    size_t room; /* a power of two, or 0 */
};

enum qn_status qn_key_set_add(struct qn_key_set *set, int64_t key, struct qn_error *err);
enum qn_status qn_key_set_add_all(struct qn_key_set *set, const struct qn_key_set *more,
                                  struct qn_error *err);
void qn_key_set_release(struct qn_key_set *set);

/* ---- an axis -------------------------------------------------------------------------------- */

struct qn_axis {
    char name[QN_ZARR_NAME];   /* of the dimension: "inline" */
    char column[QN_ZARR_NAME]; /* of headers.parquet; "": none, keys count from 0 */
    enum qn_dtype dtype;
    uint64_t count; /* at least 1 */
    int64_t *keys;  /* rising; owned */
    int64_t step;   /* of integers: from each key to the next; 0: they differ, or one value */
};

/* Makes keys and step of a set; name, column and dtype are the caller's. */
enum qn_status qn_axis_make(struct qn_axis *axis, const struct qn_key_set *set,
                            struct qn_error *err);

/* An axis of `count` values from 0 on, of int32. */
enum qn_status qn_axis_count_up(struct qn_axis *axis, const char *name, uint64_t count,
                                struct qn_error *err);
void qn_axis_release(struct qn_axis *axis);

/* The place of a key. `near` is where to look first; a good guess makes it free. A key that the
 * axis does not have gives axis->count. */
uint64_t qn_axis_find(const struct qn_axis *axis, int64_t key, uint64_t near);

/* "23 values, 111 to 133, step 1" */
const char *qn_axis_describe(const struct qn_axis *axis, char text[160]);

void qn_axis_encode(const struct qn_axis *axis, struct qn_buf *buf);
enum qn_status qn_axis_decode(struct qn_cursor *cursor, struct qn_axis *axis, struct qn_error *err);

#endif
