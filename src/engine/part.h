/* The part file of a task: .quern/parts/TASK.part, written last of an attempt's outputs. It holds
 * the task's result and the list of its files with sizes and hashes, under a CRC, and names the
 * plan. One that is there and whole is the proof that the attempt was finished, even if the ledger
 * never heard of it. */
#ifndef QN_ENGINE_PART_H
#define QN_ENGINE_PART_H

#include "base/buf.h"
#include "engine/ledger.h"
#include "engine/output.h"

/* Path of the part file of `task`, relative to the dataset / below `root`. */
void qn_part_name(uint64_t task, char *name, size_t size);
void qn_part_path(const char *root, uint64_t task, char path[PATH_MAX]);

/* Writes it durably; *size and *hash are for the ledger's DONE record. */
enum qn_status qn_part_write(const char *root, const char *digest, uint64_t task,
                             const struct qn_outbox *box, const void *result, size_t result_len,
                             uint64_t *size, struct qn_hash *hash, struct qn_error *err);

struct qn_part {
    struct qn_buf bytes; /* release with qn_buf_release */
    const void *result;
    size_t result_len;
    struct qn_cursor files; /* for qn_file_next */
};

/* Reads and checks it. A part that is missing, damaged or of another plan is QN_ERR_CORRUPT. */
enum qn_status qn_part_read(const char *root, const char *digest, uint64_t task,
                            struct qn_part *part, struct qn_error *err);

enum qn_part_check { QN_PART_SIZES, QN_PART_HASHES };

/* True if every file the part lists is there with its size (and its hash). */
bool qn_part_files_stand(const char *root, const struct qn_part *part, enum qn_part_check check);

#endif
