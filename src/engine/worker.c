/* Runs attempts and serves the coordinator: see worker.h. */
#include "engine/worker.h"

#include "base/json_memory.h"
#include "base/sys.h"
#include "engine/ledger.h"
#include "engine/machine.h"
#include "engine/output.h"
#include "engine/part.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define INLINE_RESULT 8192u  /* larger results go to the part file */
#define FLUSH_BYTES   32768u /* of records in one message */
#define FLUSH_US      20000u
#define LONG_US       1000u /* attempts longer than this have their I/O counted */

struct qn_task_run {
    struct qn_task task;
    struct qn_slot *slot;
    struct qn_outbox box;
    struct qn_buf result;
};

/* ---- what the pipeline calls ---------------------------------------------------------------- */

const struct qn_task *qn_task_of(const struct qn_task_run *run)
{
    return &run->task;
}

bool qn_task_cancelled(const struct qn_task_run *run)
{
    uint64_t stop = atomic_load_explicit(&run->slot->stop, memory_order_relaxed);
    return stop == QN_STOP_ALL || stop == run->task.index + 1;
}

void qn_task_progress(struct qn_task_run *run, uint64_t items_done)
{
    atomic_store_explicit(&run->slot->items, items_done, memory_order_relaxed);
    atomic_fetch_add_explicit(&run->slot->beat, 1, memory_order_relaxed);
}

enum qn_status qn_task_result(struct qn_task_run *run, const void *bytes, size_t len,
                              struct qn_error *err)
{
    qn_buf_append(&run->result, bytes, len);
    return run->result.failed ? qn_fail_memory(err, "a task's result", len) : QN_OK;
}

enum qn_status qn_task_create(struct qn_task_run *run, const char *path, struct qn_output **output,
                              struct qn_error *err)
{
    return qn_outbox_create(&run->box, path, output, err);
}

/* ---- attempts ------------------------------------------------------------------------------- */

enum qn_status qn_worker_open(struct qn_worker *worker, const struct qn_workplace *place,
                              unsigned index, struct qn_error *err)
{
    *worker = (struct qn_worker){.place = place,
                                 .index = index,
                                 .job = {.options = &place->plan->options,
                                         .shared = place->plan->shared,
                                         .shared_len = place->plan->shared_len,
                                         .directory = place->root}};
    enum qn_status status = QN_OK;
    if (place->pipeline->open_worker)
        status = place->pipeline->open_worker(&worker->job, &worker->state, err);
    worker->open = !status;
    return status;
}

void qn_worker_close(struct qn_worker *worker)
{
    if (worker->open && worker->place->pipeline->close_worker)
        worker->place->pipeline->close_worker(worker->state);
    worker->open = false;
}

static uint64_t cpu_us(const struct rusage *usage)
{
    return (uint64_t)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000u +
           (uint64_t)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec);
}

/* Bytes through read and write calls so far in this process. */
static void io_bytes(uint64_t *read_bytes, uint64_t *write_bytes)
{
    char line[128];
    FILE *file = fopen("/proc/self/io", "re");
    *read_bytes = *write_bytes = 0;
    while (file && fgets(line, sizeof line, file)) {
        if (!strncmp(line, "rchar: ", 7))
            *read_bytes = strtoull(line + 7, NULL, 10);
        else if (!strncmp(line, "wchar: ", 7))
            *write_bytes = strtoull(line + 7, NULL, 10);
    }
    if (file)
        fclose(file);
}

struct meter { /* of one attempt */
    uint64_t start_us;
    struct rusage before;
    uint64_t read_bytes, write_bytes;
};

/* Reading /proc/self/io costs more than a tiny task, so the count since the last look is charged
 * to the attempts that are long enough to matter. */
static void meter_stop(struct meter *meter, struct qn_usage *usage)
{
    struct rusage after;
    getrusage(RUSAGE_SELF, &after);
    usage->wall_us = qn_now_us() - meter->start_us;
    usage->start_us = qn_wall_us() - usage->wall_us;
    usage->cpu_us = cpu_us(&after) - cpu_us(&meter->before);
    usage->max_rss_kib = (uint64_t)after.ru_maxrss;
    if (usage->wall_us < LONG_US)
        return;
    uint64_t read_bytes;
    uint64_t write_bytes;
    io_bytes(&read_bytes, &write_bytes);
    usage->read_bytes = read_bytes - meter->read_bytes;
    usage->write_bytes = write_bytes - meter->write_bytes;
    meter->read_bytes = read_bytes;
    meter->write_bytes = write_bytes;
}

/* Makes what the task left durable: files first, then the part file that lists them. */
static enum qn_status publish(struct qn_task_run *run, const struct qn_workplace *place,
                              struct qn_record *record, struct qn_error *err)
{
    if (run->box.open)
        return qn_fail(err, QN_ERR_INTERNAL,
                       "the pipeline '%s' left an output neither committed nor discarded.",
                       place->pipeline->name);
    if (run->box.count == 0 && run->result.len <= INLINE_RESULT) {
        record->result = run->result.data;
        record->result_len = run->result.len;
        return QN_OK;
    }
    enum qn_status status = qn_outbox_sync(&run->box, err);
    if (status)
        return status;
    record->in_part = true;
    return qn_part_write(place->root, place->plan->digest, run->task.index, &run->box,
                         run->result.data, run->result.len, &record->part_size, &record->part_hash,
                         err);
}

void qn_worker_attempt(struct qn_worker *worker, uint64_t task, uint32_t attempt,
                       struct qn_buf *out)
{
    static struct meter meter; /* keeps the I/O counts between attempts of this process */
    const struct qn_workplace *place = worker->place;
    struct qn_slot *slot = &place->slots[worker->index];
    struct qn_error err = {.offset = -1};
    struct qn_task_run run = {.task = qn_plan_task(place->plan, task), .slot = slot};
    struct qn_record record = {.task = task, .attempt = attempt, .worker = worker->index};
    qn_outbox_init(&run.box, place->root, place->scratch, task, attempt);
    meter.start_us = qn_now_us();
    getrusage(RUSAGE_SELF, &meter.before);
    atomic_store(&slot->items, 0);
    atomic_store(&slot->attempt, attempt);
    atomic_store(&slot->since_us, meter.start_us);
    atomic_store(&slot->task, task + 1);
    qn_json_watch_anew();
    record.status = qn_json_settle(place->pipeline->run_task(worker->state, &run, &err), &err);
    if (!record.status)
        record.status = publish(&run, place, &record, &err);
    record.type = record.status ? QN_RECORD_FAILED : QN_RECORD_DONE;
    record.offset = err.offset;
    record.file = err.file;
    record.text = err.message;
    meter_stop(&meter, &record.usage);
    atomic_store(&slot->task, 0);
    qn_record_encode(out, &record);
    qn_outbox_release(&run.box);
    qn_buf_release(&run.result);
}

/* ---- the process ---------------------------------------------------------------------------- */

struct server {
    struct qn_worker worker;
    int socket;
    struct qn_buf outgoing;
    uint64_t flushed_us;
};

static bool transmit(int socket, const void *bytes, size_t len)
{
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t n;
    do
        n = qn_sys.sendmsg(socket, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)len;
}

static void begin_message(struct server *server)
{
    qn_buf_clear(&server->outgoing);
    qn_buf_u32(&server->outgoing, QN_MESSAGE_RECORDS);
}

static void flush(struct server *server)
{
    if (server->outgoing.len > 4 &&
        !transmit(server->socket, server->outgoing.data, server->outgoing.len))
        _exit(0); /* the coordinator is gone */
    begin_message(server);
    server->flushed_us = qn_now_us();
}

static void serve_tasks(struct server *server, const uint8_t *message, size_t len)
{
    for (size_t at = 4; at + sizeof(struct qn_send) <= len; at += sizeof(struct qn_send)) {
        struct qn_send send;
        memcpy(&send, message + at, sizeof send);
        size_t start = server->outgoing.len;
        qn_buf_u32(&server->outgoing, 0);
        qn_worker_attempt(&server->worker, send.task, send.attempt, &server->outgoing);
        if (server->outgoing.failed)
            _exit(1);
        uint32_t record_len = (uint32_t)(server->outgoing.len - start - 4);
        memcpy(server->outgoing.data + start, &record_len, 4);
        if (server->outgoing.len > FLUSH_BYTES || qn_now_us() - server->flushed_us > FLUSH_US)
            flush(server);
    }
}

static void tell(int socket, enum qn_message kind, const struct qn_error *err)
{
    struct qn_buf message = {0};
    qn_buf_u32(&message, kind);
    if (err) {
        qn_buf_u32(&message, err->status);
        qn_buf_text(&message, err->message);
    }
    if (message.failed || !transmit(socket, message.data, message.len))
        _exit(0);
    qn_buf_release(&message);
}

_Noreturn void qn_worker_serve(const struct qn_workplace *place, unsigned index, int socket)
{
    static uint8_t incoming[QN_MESSAGE_MAX];
    struct server server = {.socket = socket};
    struct qn_error err = {.offset = -1};
    enum qn_status status = qn_worker_open(&server.worker, place, index, &err);
    if (status) {
        err.status = status;
        tell(socket, QN_MESSAGE_CANNOT_OPEN, &err);
        _exit(0);
    }
    tell(socket, QN_MESSAGE_READY, NULL);
    begin_message(&server);
    for (;;) {
        struct iovec part = {.iov_base = incoming, .iov_len = sizeof incoming};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
        ssize_t n = qn_sys.recvmsg(socket, &message, MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) {
            flush(&server);
            n = qn_sys.recvmsg(socket, &message, 0);
        }
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        serve_tasks(&server, incoming, (size_t)n);
    }
    qn_worker_close(&server.worker);
    _exit(0);
}
