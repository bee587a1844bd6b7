/* The ledger: the append-only journal of one coordinator. What it says is done is durable.
 *
 * A frame is  magic u32 | payload length u32 | synced u64 | crc32c u32 | payload,  where `synced`
 * is the length up to which the file was known durable when the frame was made, and the CRC covers
 * length, synced and payload. A reader stops at the first bad frame. If a later valid frame says
 * that the bad place was durable, the file is damaged and refused with the offset; otherwise the
 * rest is the torn tail of a crash and is cut.
 *
 * The coordinator appends; anyone may read the valid prefix of a live ledger.
 */
#ifndef QN_ENGINE_LEDGER_H
#define QN_ENGINE_LEDGER_H

#include "base/buf.h"
#include "base/hash.h"

#include <quern/error.h>
#include <stdbool.h>

enum qn_record_type {
    QN_RECORD_OPENED = 1, /* first of every session: plan digest, slice, host, pid, time */
    QN_RECORD_DONE,       /* a task's attempt succeeded; its result, or the part file that has it */
    QN_RECORD_FAILED,     /* an attempt failed or was lost */
    QN_RECORD_GAVE_UP,    /* a task will not be tried again: quarantined or out of budget */
    QN_RECORD_EVENT       /* a phase or decision, as text */
};

struct qn_usage {      /* of one attempt, for the curious */
    uint64_t start_us; /* since the epoch */
    uint64_t wall_us;
    uint64_t cpu_us;
    uint64_t max_rss_kib; /* high-water mark of the worker process */
    uint64_t read_bytes;  /* through read calls, cached or not */
    uint64_t write_bytes;
};

struct qn_record {
    enum qn_record_type type;
    uint64_t task; /* DONE, FAILED, GAVE_UP */
    uint32_t attempt;
    uint32_t worker;
    struct qn_usage usage;
    enum qn_status status; /* FAILED, GAVE_UP: the class */
    int32_t signal;        /* FAILED: signal that ended the worker, 0 if none */
    int64_t offset;        /* FAILED: offset in `file`, -1 if none */
    const char *file;      /* FAILED: the file concerned */
    const char *text;      /* FAILED: message; GAVE_UP: reason; EVENT: JSON; OPENED: JSON */
    const char *tail;      /* FAILED: last lines the worker wrote to stderr */
    bool in_part;          /* DONE: the result is in the task's part file */
    uint64_t part_size;    /* in_part: its size and hash */
    struct qn_hash part_hash;
    const void *result; /* not in_part */
    size_t result_len;
    uint64_t result_offset; /* of the result in the ledger file; set by qn_ledger_scan */
};

/* Payload of a record; a worker encodes, the coordinator appends it as it is. */
void qn_record_encode(struct qn_buf *out, const struct qn_record *record);

/* Fills *record with pointers into `payload` and into `strings`, which the caller releases. */
bool qn_record_decode(struct qn_record *record, const void *payload, size_t len,
                      struct qn_buf *strings);

struct qn_ledger;

/* Opens `path` for appending, made if missing; a torn tail is cut first. The caller holds the
 * run's lock. */
enum qn_status qn_ledger_open(struct qn_ledger **ledger, const char *path, struct qn_error *err);
struct qn_ledger_tail { /* what was cut: `bytes` from `offset` on, behind so many records */
    uint64_t records, offset, bytes;
};
struct qn_ledger_tail qn_ledger_cut(const struct qn_ledger *ledger);
void qn_ledger_free(struct qn_ledger *ledger); /* what was not committed is lost */

/* In a child process, which is not to write to it. */
void qn_ledger_let_go(const struct qn_ledger *ledger);

/* Adds to the pending group. Becomes durable at the next commit. */
enum qn_status qn_ledger_append(struct qn_ledger *ledger, const void *payload, size_t len,
                                struct qn_error *err);
enum qn_status qn_ledger_record(struct qn_ledger *ledger, const struct qn_record *record,
                                struct qn_error *err);

/* Writes the pending group and makes it durable (one fdatasync). A failure is final: the caller
 * stops the run. */
enum qn_status qn_ledger_commit(struct qn_ledger *ledger, struct qn_error *err);

/* Calls `visit` for every valid record in order; a visit that returns non-zero ends the scan with
 * it. *valid gets the length of the valid prefix. A file that is not there has no records. */
typedef enum qn_status qn_ledger_visit(void *context, const struct qn_record *record,
                                       struct qn_error *err);
enum qn_status qn_ledger_scan(const char *path, qn_ledger_visit *visit, void *context,
                              uint64_t *valid, struct qn_error *err);

#endif
