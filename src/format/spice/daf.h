/* DAF, the container of SPICE's binary kernels: summaries of arrays, and the arrays as doubles
 * (NAIF, "DAF required reading"). Both byte orders, files of before 1999 that do not tell theirs.
 * Reads by range, never whole: kernels have 100 MB and more. Nothing in a file is trusted.
 */
#ifndef QN_FORMAT_DAF_H
#define QN_FORMAT_DAF_H

#include "base/buf.h"
#include "base/byte_order.h"

#include <quern/error.h>

enum { QN_DAF_RECORD = 1024, QN_DAF_WORD = 8, QN_DAF_NAME = 1001 };

struct qn_daf;

/* Whether bytes begin like a DAF ("DAF/xxxx", "NAIF/DAF"). */
bool qn_daf_recognize(const void *bytes, size_t len);

/* Opens a file and reads its summaries: a chain that loops, counts or addresses beyond the file are
 * QN_ERR_INPUT with the offset. */
enum qn_status qn_daf_open(struct qn_daf **daf, const char *path, struct qn_error *err);
void qn_daf_close(struct qn_daf *daf);

const char *qn_daf_path(const struct qn_daf *daf);
const char *qn_daf_kind(const struct qn_daf *daf);     /* "SPK", "PCK" ..., "DAF" of old files */
const char *qn_daf_internal(const struct qn_daf *daf); /* the file's name of itself */
enum qn_byte_order qn_daf_order(const struct qn_daf *daf);

/* Arrays, in the order of the file. A summary is nd doubles, then ni integers, of which the last
 * two are the array's first and last word, counted from 1 and checked to lie in the file. */
size_t qn_daf_count(const struct qn_daf *daf);
size_t qn_daf_doubles(const struct qn_daf *daf);  /* nd */
size_t qn_daf_integers(const struct qn_daf *daf); /* ni */
const double *qn_daf_real(const struct qn_daf *daf, size_t i);
const int32_t *qn_daf_integer(const struct qn_daf *daf, size_t i);
const char *qn_daf_name(const struct qn_daf *daf, size_t i);

/* `count` words from the 1-based address `first`, in the order of this machine. Safe from several
 * processes that share the open file. */
enum qn_status qn_daf_read(const struct qn_daf *daf, uint64_t first, size_t count, double *words,
                           struct qn_error *err);

/* The comment area as text with line feeds, appended. */
enum qn_status qn_daf_comments(const struct qn_daf *daf, struct qn_buf *text, struct qn_error *err);

#endif
