/* How the engine tells of its progress: it calls, the command line draws. Nothing here prints. */
#ifndef QN_ENGINE_OBSERVER_H
#define QN_ENGINE_OBSERVER_H

#include <stdint.h>

struct qn_progress {
    const char *phase; /* "plan", "work", "glue", "verify" */
    const char *unit;  /* "traces" */
    uint64_t done;     /* items, restored ones included */
    uint64_t total;
    double fraction;    /* of the cost, 0..1; what the bar shows */
    double rate;        /* items per second of this session, 0 until known */
    double bytes_per_s; /* of cost, when the pipeline counts bytes */
    double eta_s;       /* negative until known */
    unsigned workers;
    uint64_t failed; /* tasks given up */
    uint64_t retries;
    uint64_t slowest_task; /* running longest; UINT64_MAX: none */
    double slowest_s;
    double silent_s; /* since that task last reported progress: stuck, rather than slow */
    double elapsed_s;
};

enum qn_message_level { QN_INFO, QN_WARNING };

struct qn_observer {
    void *context;
    void (*progress)(void *context, const struct qn_progress *progress);
    void (*message)(void *context, enum qn_message_level level, const char *text);
    /* A record that was appended, for --progress=json: "done", "failed", "retry", "gave-up". */
    void (*task)(void *context, const char *what, uint64_t task, uint32_t attempt,
                 const char *class_name, uint64_t wall_us, const char *text);
};

/* Tells of a phase that one process works through, since start_us: planning, glue. */
void qn_observe_step(const struct qn_observer *observer, const char *phase, const char *unit,
                     uint64_t done, uint64_t total, uint64_t start_us);

#endif
