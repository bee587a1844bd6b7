/* Threads that take the next item until there is none: see parallel.h. */
#include "base/parallel.h"

#include "base/sys.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define TICK_NS 50000000

struct crew {
    const struct qn_parallel *job;
    pthread_mutex_t mutex;
    pthread_cond_t done; /* a thread has ended */
    uint64_t next;       /* item to be started */
    uint64_t finished;
    unsigned running; /* threads */
    bool stop;
    enum qn_status status; /* of the lowest item that failed */
    uint64_t failed;
    struct qn_error error;
};

struct member {
    struct crew *crew;
    unsigned number;
    pthread_t thread;
};

/* False when there is nothing more to do. */
static bool take(struct crew *crew, uint64_t *item)
{
    pthread_mutex_lock(&crew->mutex);
    bool more = !crew->stop && !crew->status && crew->next < crew->job->count;
    if (more)
        *item = crew->next++;
    pthread_mutex_unlock(&crew->mutex);
    return more;
}

static void settle(struct crew *crew, uint64_t item, enum qn_status status,
                   const struct qn_error *err)
{
    pthread_mutex_lock(&crew->mutex);
    crew->finished += status == QN_OK;
    if (status && (!crew->status || item < crew->failed)) {
        crew->status = status;
        crew->failed = item;
        crew->error = *err;
    }
    pthread_mutex_unlock(&crew->mutex);
}

static bool run_next(struct crew *crew, unsigned thread)
{
    struct qn_error err = {.offset = -1};
    uint64_t item;
    if (!take(crew, &item))
        return false;
    enum qn_status status = crew->job->run(crew->job->context, thread, item, &err);
    settle(crew, item, status, &err);
    return true;
}

static void *work(void *context)
{
    const struct member *member = context;
    struct crew *crew = member->crew;
    while (run_next(crew, member->number))
        ;
    pthread_mutex_lock(&crew->mutex);
    crew->running--;
    pthread_cond_signal(&crew->done);
    pthread_mutex_unlock(&crew->mutex);
    return NULL;
}

/* Tells of progress and asks whether to go on; the mutex is held before and after. */
static void tick(struct crew *crew)
{
    uint64_t finished = crew->finished;
    if (!crew->job->tick)
        return;
    pthread_mutex_unlock(&crew->mutex);
    bool stop = crew->job->tick(crew->job->context, finished);
    pthread_mutex_lock(&crew->mutex);
    crew->stop |= stop;
}

static void watch(struct crew *crew)
{
    pthread_mutex_lock(&crew->mutex);
    while (crew->running > 0) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += TICK_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&crew->done, &crew->mutex, &until);
        tick(crew);
    }
    tick(crew); /* the last threads may have ended while the tick before was told */
    pthread_mutex_unlock(&crew->mutex);
}

static void run_here(struct crew *crew)
{
    while (run_next(crew, 0)) {
        pthread_mutex_lock(&crew->mutex);
        tick(crew);
        pthread_mutex_unlock(&crew->mutex);
    }
}

static void run_crew(struct crew *crew, struct member *members, unsigned count)
{
    unsigned started = 0;
    crew->running = count;
    for (unsigned i = 0; i < count; i++) {
        members[started] = (struct member){.crew = crew, .number = started};
        if (pthread_create(&members[started].thread, NULL, work, &members[started]) == 0)
            started++;
    }
    pthread_mutex_lock(&crew->mutex);
    crew->running -= count - started;
    pthread_mutex_unlock(&crew->mutex);
    if (started == 0)
        run_here(crew);
    watch(crew);
    for (unsigned i = 0; i < started; i++)
        pthread_join(members[i].thread, NULL);
}

enum qn_status qn_parallel_run(const struct qn_parallel *job, struct qn_error *err)
{
    uint64_t most = job->count < job->threads ? job->count : job->threads;
    unsigned count = most ? (unsigned)most : 1;
    struct crew crew = {.job = job, .mutex = PTHREAD_MUTEX_INITIALIZER};
    struct member *members = qn_sys.calloc(count, sizeof *members);
    if (!members)
        return qn_fail_memory(err, "threads", count * sizeof *members);
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&crew.done, &clock);
    pthread_condattr_destroy(&clock);
    run_crew(&crew, members, count);
    free(members);
    pthread_cond_destroy(&crew.done);
    pthread_mutex_destroy(&crew.mutex);
    if (crew.status && err)
        *err = crew.error;
    if (!crew.status && crew.stop && crew.finished < job->count)
        return qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
    return crew.status;
}
