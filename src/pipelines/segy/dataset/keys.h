/* The ensemble key of traces: the values of its columns as headers.parquet has them, one after
 * another, those of a computed header with a byte before that is 0 where it has no value. Equal
 * bytes, equal key. */
#ifndef QN_PIPELINES_SEGY_DATASET_KEYS_H
#define QN_PIPELINES_SEGY_DATASET_KEYS_H

#include "pipelines/segy/survey/reader.h"

#define QN_KEY_BLOCK 256u /* most traces at once */

/* Bytes of a key, at most QN_MAX_KEY_BYTES. */
size_t qn_key_bytes(const struct qn_import *import);

/* The column of part `k`. */
void qn_key_name(const struct qn_import *import, size_t k, char name[QN_COLUMN_NAME]);
enum qn_dtype qn_key_dtype(const struct qn_import *import, size_t k);
/* Whether there may be traces without a value. */
bool qn_key_optional(const struct qn_import *import, size_t k);

/* Takes part `k` out of `count` keys: values of its dtype, and a byte for each, 0 where it has
 * none. */
void qn_key_column(const struct qn_import *import, size_t k, const uint8_t *keys, size_t count,
                   void *values, uint8_t *valid);

/* Makes keys of headers. One user at a time; the import is borrowed. */
struct qn_key_maker;
enum qn_status qn_key_maker_new(const struct qn_import *import, struct qn_key_maker **maker,
                                struct qn_error *err);
void qn_key_maker_free(struct qn_key_maker *maker); /* NULL is fine */

/* The keys of at most QN_KEY_BLOCK traces, qn_key_bytes each, until the next call. */
const uint8_t *qn_key_maker_run(struct qn_key_maker *maker, const struct qn_traces *traces);

#endif
