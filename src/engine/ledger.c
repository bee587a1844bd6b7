/* Frames, records, group commit and recovery: see ledger.h. */
#include "engine/ledger.h"

#include "base/crc32c.h"
#include "base/io.h"
#include "base/sys.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FRAME_MAGIC 0x31524e51u /* "QNR1" */
#define FRAME_HEAD  20u
#define FRAME_LIMIT (16u << 20)

struct qn_ledger {
    int fd;
    char path[PATH_MAX];
    uint64_t length; /* of the file, as written */
    uint64_t synced; /* known durable */
    struct qn_ledger_tail cut;
    struct qn_buf pending;
};

/* ---- records -------------------------------------------------------------------------------- */

void qn_record_encode(struct qn_buf *out, const struct qn_record *record)
{
    const struct qn_usage *usage = &record->usage;
    qn_buf_u8(out, (uint8_t)record->type);
    qn_buf_u64(out, record->task);
    qn_buf_u32(out, record->attempt);
    qn_buf_u32(out, record->worker);
    qn_buf_u64(out, usage->start_us);
    qn_buf_u64(out, usage->wall_us);
    qn_buf_u64(out, usage->cpu_us);
    qn_buf_u64(out, usage->max_rss_kib);
    qn_buf_u64(out, usage->read_bytes);
    qn_buf_u64(out, usage->write_bytes);
    qn_buf_u8(out, (uint8_t)record->status);
    if (record->type == QN_RECORD_DONE) {
        qn_buf_u8(out, record->in_part);
        qn_buf_u64(out, record->part_size);
        qn_buf_append(out, record->part_hash.bytes, QN_HASH_BYTES);
        qn_buf_u32(out, (uint32_t)record->result_len);
        qn_buf_append(out, record->result, record->result_len);
        return;
    }
    qn_buf_u32(out, (uint32_t)record->signal);
    qn_buf_u64(out, (uint64_t)record->offset);
    qn_buf_text(out, record->file ? record->file : "");
    qn_buf_text(out, record->text ? record->text : "");
    qn_buf_text(out, record->tail ? record->tail : "");
}

/* Where the next text of the cursor will lie in `strings`, NUL-terminated. */
static size_t take_text(struct qn_cursor *cursor, struct qn_buf *strings)
{
    size_t at = strings->len;
    uint32_t len = qn_cursor_u32(cursor);
    const uint8_t *bytes = qn_cursor_bytes(cursor, len);
    if (bytes)
        qn_buf_append(strings, bytes, len);
    qn_buf_u8(strings, 0);
    return at;
}

bool qn_record_decode(struct qn_record *record, const void *payload, size_t len,
                      struct qn_buf *strings)
{
    struct qn_cursor in = {.data = payload, .len = len};
    *record = (struct qn_record){0};
    record->type = qn_cursor_u8(&in);
    record->task = qn_cursor_u64(&in);
    record->attempt = qn_cursor_u32(&in);
    record->worker = qn_cursor_u32(&in);
    record->usage.start_us = qn_cursor_u64(&in);
    record->usage.wall_us = qn_cursor_u64(&in);
    record->usage.cpu_us = qn_cursor_u64(&in);
    record->usage.max_rss_kib = qn_cursor_u64(&in);
    record->usage.read_bytes = qn_cursor_u64(&in);
    record->usage.write_bytes = qn_cursor_u64(&in);
    record->status = qn_cursor_u8(&in);
    if (record->type == QN_RECORD_DONE) {
        record->in_part = qn_cursor_u8(&in);
        record->part_size = qn_cursor_u64(&in);
        const uint8_t *hash = qn_cursor_bytes(&in, QN_HASH_BYTES);
        if (hash)
            memcpy(record->part_hash.bytes, hash, QN_HASH_BYTES);
        record->result_len = qn_cursor_u32(&in);
        record->result = qn_cursor_bytes(&in, record->result_len);
        return !in.failed && in.at == len;
    }
    record->signal = (int32_t)qn_cursor_u32(&in);
    record->offset = (int64_t)qn_cursor_u64(&in);
    qn_buf_clear(strings);
    size_t file = take_text(&in, strings);
    size_t text = take_text(&in, strings);
    size_t tail = take_text(&in, strings);
    if (strings->failed || in.failed || in.at != len || record->type < QN_RECORD_OPENED ||
        record->type > QN_RECORD_EVENT)
        return false;
    record->file = (char *)strings->data + file;
    record->text = (char *)strings->data + text;
    record->tail = (char *)strings->data + tail;
    return true;
}

/* ---- reading -------------------------------------------------------------------------------- */

static uint32_t get_u32(const uint8_t *p)
{
    uint32_t value;
    memcpy(&value, p, 4);
    return le32toh(value);
}

static uint64_t get_u64(const uint8_t *p)
{
    uint64_t value;
    memcpy(&value, p, 8);
    return le64toh(value);
}

static uint32_t frame_crc(const uint8_t *frame, uint32_t payload_len)
{
    uint32_t crc = qn_crc32c(0, frame + 4, 12);
    return qn_crc32c(crc, frame + FRAME_HEAD, payload_len);
}

/* Length of the valid frame at `at`, 0 if there is none. */
static size_t frame_at(const struct qn_buf *file, size_t at)
{
    if (file->len - at < FRAME_HEAD)
        return 0;
    const uint8_t *frame = file->data + at;
    uint32_t len = get_u32(frame + 4);
    if (get_u32(frame) != FRAME_MAGIC || len > FRAME_LIMIT || len > file->len - at - FRAME_HEAD)
        return 0;
    return get_u32(frame + 16) == frame_crc(frame, len) ? FRAME_HEAD + (size_t)len : 0;
}

/* The bad bytes at `at` were durable if any later frame says so. */
static bool was_durable(const struct qn_buf *file, size_t at)
{
    for (size_t next = at + 1; next + FRAME_HEAD <= file->len; next++) {
        const uint8_t *magic = memchr(file->data + next, FRAME_MAGIC & 0xff, file->len - next);
        if (!magic)
            return false;
        next = (size_t)(magic - file->data);
        size_t len = frame_at(file, next);
        if (len && get_u64(file->data + next + 8) > at)
            return true;
        if (len)
            next += len - 1;
    }
    return false;
}

enum qn_status qn_ledger_scan(const char *path, qn_ledger_visit *visit, void *context,
                              uint64_t *valid, struct qn_error *err)
{
    struct qn_buf file = {0};
    struct qn_buf strings = {0};
    struct qn_error absent;
    size_t at = 0;
    uint64_t records = 0;
    enum qn_status status = qn_read_file(path, &file, INT64_MAX, &absent);
    if (status && absent.sys_errno == ENOENT)
        status = QN_OK;
    else if (status && err)
        *err = absent;
    while (!status && at < file.len) {
        size_t len = frame_at(&file, at);
        struct qn_record record;
        if (len &&
            !qn_record_decode(&record, file.data + at + FRAME_HEAD, len - FRAME_HEAD, &strings))
            len = 0;
        if (!len) {
            if (was_durable(&file, at))
                status = qn_fail_at(err, QN_ERR_CORRUPT, path, (int64_t)at,
                                    "the ledger '%s' is damaged at byte %zu, in record %" PRIu64
                                    ", before its end. Restore it from a backup, or start over "
                                    "with --restart.",
                                    path, at, records);
            break;
        }
        if (record.result)
            record.result_offset = (uint64_t)((const uint8_t *)record.result - file.data);
        status = visit(context, &record, err);
        at += len;
        records++;
    }
    *valid = at;
    qn_buf_release(&strings);
    qn_buf_release(&file);
    return status;
}

/* ---- writing -------------------------------------------------------------------------------- */

static enum qn_status count(void *context, const struct qn_record *record, struct qn_error *err)
{
    uint64_t *records = context;
    ++*records;
    (void)record;
    (void)err;
    return QN_OK;
}

enum qn_status qn_ledger_open(struct qn_ledger **out, const char *path, struct qn_error *err)
{
    uint64_t valid;
    uint64_t records = 0;
    struct stat st = {.st_size = 0};
    *out = NULL;
    enum qn_status status = qn_ledger_scan(path, count, &records, &valid, err);
    if (status)
        return status;
    struct qn_ledger *ledger = qn_sys.calloc(1, sizeof *ledger);
    if (!ledger)
        return qn_fail_memory(err, "the ledger", sizeof *ledger);
    snprintf(ledger->path, sizeof ledger->path, "%s", path);
    ledger->fd = qn_sys.open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0666);
    if (ledger->fd < 0) {
        status = qn_fail_errno(err, errno, "open the ledger", path);
    } else if (qn_sys.fstat(ledger->fd, &st) < 0) {
        status = qn_fail_errno(err, errno, "stat", path);
    } else if (qn_sys.ftruncate(ledger->fd, (off_t)valid) < 0) {
        status = qn_fail_errno(err, errno, "cut the torn tail of", path);
    } else if (qn_sys.fsync(ledger->fd) < 0) {
        status = qn_fail_errno(err, errno, "sync", path);
    } else {
        status = qn_sync_parent(path, err);
    }
    if (status) {
        qn_ledger_free(ledger);
        return status;
    }
    ledger->length = ledger->synced = valid;
    ledger->cut = (struct qn_ledger_tail){records, valid, (uint64_t)st.st_size - valid};
    *out = ledger;
    return QN_OK;
}

struct qn_ledger_tail qn_ledger_cut(const struct qn_ledger *ledger)
{
    return ledger->cut;
}

void qn_ledger_let_go(const struct qn_ledger *ledger)
{
    qn_sys.close(ledger->fd);
}

void qn_ledger_free(struct qn_ledger *ledger)
{
    if (!ledger)
        return;
    if (ledger->fd >= 0)
        qn_sys.close(ledger->fd);
    qn_buf_release(&ledger->pending);
    free(ledger);
}

enum qn_status qn_ledger_append(struct qn_ledger *ledger, const void *payload, size_t len,
                                struct qn_error *err)
{
    struct qn_buf *pending = &ledger->pending;
    size_t start = pending->len;
    qn_buf_u32(pending, FRAME_MAGIC);
    qn_buf_u32(pending, (uint32_t)len);
    qn_buf_u64(pending, ledger->synced);
    qn_buf_u32(pending, 0);
    qn_buf_append(pending, payload, len);
    if (pending->failed || len > FRAME_LIMIT)
        return qn_fail_memory(err, "the ledger's pending records", len);
    uint32_t crc = htole32(frame_crc(pending->data + start, (uint32_t)len));
    memcpy(pending->data + start + 16, &crc, 4);
    return QN_OK;
}

enum qn_status qn_ledger_record(struct qn_ledger *ledger, const struct qn_record *record,
                                struct qn_error *err)
{
    struct qn_buf payload = {0};
    qn_record_encode(&payload, record);
    enum qn_status status = payload.failed
                                ? qn_fail_memory(err, "a ledger record", record->result_len)
                                : qn_ledger_append(ledger, payload.data, payload.len, err);
    qn_buf_release(&payload);
    return status;
}

enum qn_status qn_ledger_commit(struct qn_ledger *ledger, struct qn_error *err)
{
    struct qn_buf *pending = &ledger->pending;
    if (pending->len == 0)
        return QN_OK;
    enum qn_status status =
        qn_write_all(ledger->fd, ledger->path, pending->data, pending->len, err);
    if (status)
        return status;
    ledger->length += pending->len;
    qn_buf_clear(pending);
    /* After a failed sync the kernel may have dropped the pages: never try again (PostgreSQL). */
    if (qn_sys.fdatasync(ledger->fd) < 0)
        return qn_fail_errno(err, errno, "sync the ledger", ledger->path);
    ledger->synced = ledger->length;
    return QN_OK;
}
