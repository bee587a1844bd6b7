/* Samples on their way to the store: chunks packed, checked and written into shard or chunk files
 * of traces.zarr/amplitude. One packer per worker, one sweep per task.
 *
 * Unpacked samples (codec none) stream: what was converted goes to the file while it is still in
 * the cache, and no chunk is ever held whole. With a codec a chunk is collected, then packed. Files
 * under way belong to the attempt: when it fails, the engine removes them.
 */
#ifndef QN_PIPELINES_SEGY_IMPORT_PACKER_H
#define QN_PIPELINES_SEGY_IMPORT_PACKER_H

#include "pipelines/segy/import.h"

struct qn_packer;

/* `block_traces`: the most traces of one qn_packer_push. The import is borrowed. */
enum qn_status qn_packer_new(const struct qn_import *import, uint64_t block_traces,
                             struct qn_packer **packer, struct qn_error *err);
void qn_packer_free(struct qn_packer *packer); /* NULL is fine */

/* Starts a task whose first sample row is `trace`, the first trace of a shard. */
void qn_packer_begin(struct qn_packer *packer, struct qn_task_run *run, uint64_t trace);

/* Where the next traces are to be converted to: room for block_traces traces, up to the end of
 * the chunk at most. */
void *qn_packer_room(struct qn_packer *packer);

/* Takes the next `n` traces, which lie in qn_packer_room and do not cross the end of a chunk.
 * Writes what is complete; with the survey's last trace its last, shorter chunk and shard too. */
enum qn_status qn_packer_push(struct qn_packer *packer, uint64_t n, struct qn_error *err);

/* After the last trace of the task: the bytes of all its chunks, packed. */
uint64_t qn_packer_end(struct qn_packer *packer);

#endif
