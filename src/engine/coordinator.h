/* Inside of the coordinator (see coordinate.h): its state, and what its files ask of each other.
 *
 *   coordinate.c         beginning, event loop, in-process runs, end
 *   coordinator_act.c    events to the scheduler, its actions carried out
 *   coordinator_crew.c   what comes from workers, keeper, clock and signals
 *   coordinator_tell.c   the ledger, messages and progress
 *
 * Only the coordinator's thread uses any of it. A failure that ends the run is kept in `broken`,
 * so that functions need not return it.
 */
#ifndef QN_ENGINE_COORDINATOR_H
#define QN_ENGINE_COORDINATOR_H

#include "engine/coordinate.h"
#include "engine/crew.h"

#define COMMIT_US  50000u /* records are durable at most this much after they came */
#define TAIL_BYTES 4096u

struct hand { /* the coordinator's side of one worker */
    int socket;
    int output;
    int32_t pid;
    bool alive;
    enum qn_status killed_for; /* QN_OK: not by us */
    uint64_t rss;              /* last seen */
    uint64_t beat, beat_us;    /* of the worker's slot, and when it last changed */
    uint64_t blamed;           /* task + 1 that it is killed for, 0: the one it runs */
    unsigned share;
    char tail[TAIL_BYTES]; /* of its stdout and stderr */
    size_t tail_len;
};

struct coordinator {
    const struct qn_work *work;
    struct qn_workplace *place;
    const struct qn_plan_file *plan;
    struct qn_sched *sched;
    struct qn_actions actions;
    struct qn_event *queue;
    size_t queue_count, queue_cap, queue_next;
    bool pumping;
    struct qn_crew *crew;
    struct hand *hands;
    unsigned starting;     /* workers asked for, not yet heard of */
    bool processes, alone; /* a worker process came up; none can: go on in this one */
    bool told_fewer;
    struct qn_worker *local; /* in-process */
    int epoll, signals;
    struct qn_buf strings;
    uint8_t *incoming;
    uint64_t pending_since_us;
    uint64_t start_us;
    uint64_t items_done, items_total; /* of this slice, restored ones included */
    uint64_t cost_done, cost_restored, cost_total;
    unsigned interrupts;
    enum qn_status stop;          /* why the run stops early */
    struct qn_error stop_err;     /* its message, from whoever knew the cause */
    struct qn_error last_failure; /* of any attempt */
    uint64_t told_failures;
    bool finished;
    enum qn_status broken; /* the coordinator itself failed: ledger, memory */
    struct qn_error *err;
};

/* ---- telling and recording ------------------------------------------------------------------ */

void qn_co_say(struct coordinator *c, enum qn_message_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The pipeline's line about a task, "" if it has none. */
void qn_co_describe(struct coordinator *c, uint64_t task, char *text, size_t size);
void qn_co_tell_task(struct coordinator *c, const char *what, const struct qn_record *r);
void qn_co_show_progress(struct coordinator *c, uint64_t now);

/* Ends the run for a failure of the coordinator itself; the first one counts, QN_OK does nothing.
 */
void qn_co_break_off(struct coordinator *c, enum qn_status status);

/* A record for the ledger, as bytes or as a struct; durable with the next commit. */
void qn_co_append(struct coordinator *c, const void *payload, size_t len);
void qn_co_record(struct coordinator *c, const struct qn_record *entry);
void qn_co_commit(struct coordinator *c);

/* ---- events and actions --------------------------------------------------------------------- */

/* Queues an event; pumping feeds the queue to the scheduler and carries out what follows. */
void qn_co_raise_event(struct coordinator *c, struct qn_event event);
void qn_co_pump(struct coordinator *c, struct qn_event event);

/* What worker `w` says it runs: task + 1, 0 for none or for what no task is called. */
uint64_t qn_co_running(const struct coordinator *c, unsigned w);

/* One record from a worker. False if it makes no sense. */
bool qn_co_take_record(struct coordinator *c, unsigned w, const uint8_t *payload, size_t len);

/* In-process: the signal handler raised the stop flag. The scheduler must know before it hears
 * that a task was cancelled, or it would send it again. */
void qn_co_note_interrupt(struct coordinator *c);

/* Whether what a worker calls a failure is one. */
bool qn_co_is_failure(uint32_t status);

/* ---- from workers, keeper, clock and signals: each takes all there is ----------------------- */

enum { TAG_CREW = UINT32_MAX, TAG_SIGNALS = UINT32_MAX - 1 }; /* others: see qn_co_watch */

/* Waits for input from `fd`; 2 * worker is its socket, 2 * worker + 1 its output. */
void qn_co_watch(struct coordinator *c, int fd, uint32_t tag);
void qn_co_read_socket(struct coordinator *c, unsigned w);
void qn_co_read_output(struct hand *hand);

/* Kills a worker that does what no sound one does; `why` is kept with its last output. */
void qn_co_condemn(struct coordinator *c, unsigned w, const char *why);
void qn_co_read_crew(struct coordinator *c);
void qn_co_read_signals(struct coordinator *c);
void qn_co_tick(struct coordinator *c);

#endif
