/* The crew: worker processes, and the keeper that starts and reaps them and that none outlives.
 *
 * The keeper is a small process forked from the coordinator before any work. It forks the workers
 * (cheaply, being small), reaps them with their resource usage, and kills whatever a dead worker
 * left behind: its process group and every orphan. Where the system allows, it is the init of a
 * PID namespace of its own, so that its death takes everything down in one stroke. When the
 * coordinator dies, however it dies, the keeper sees its socket close and kills all.
 */
#ifndef QN_ENGINE_CREW_H
#define QN_ENGINE_CREW_H

#include "engine/worker.h"

#include <sys/resource.h>

struct qn_crew;

/* Starts the keeper. Where no process can be made this fails and the caller works in-process. */
enum qn_status qn_crew_start(struct qn_crew **crew, const struct qn_workplace *place,
                             struct qn_error *err);

/* Kills all workers and what they started, waits for the keeper. */
void qn_crew_stop(struct qn_crew *crew);

int qn_crew_fd(const struct qn_crew *crew); /* readable when qn_crew_read has news */

/* Asks for worker `index` with `share` times the normal memory limit. */
void qn_crew_spawn(struct qn_crew *crew, unsigned index, unsigned share);
void qn_crew_signal(struct qn_crew *crew, unsigned index, int signal);

enum qn_news_type {
    QN_NEWS_NONE,
    QN_NEWS_STARTED,
    QN_NEWS_NOT_STARTED,
    QN_NEWS_EXITED,
    QN_NEWS_LOST
};

struct qn_news {
    enum qn_news_type type; /* LOST: the keeper itself is gone */
    unsigned worker;
    int socket;          /* STARTED: to the worker; the caller owns it */
    int output;          /* STARTED: read end of its stdout and stderr; the caller owns it */
    int32_t pid;         /* STARTED: as seen by the coordinator, 0 if unknown */
    int error;           /* NOT_STARTED: errno */
    int status;          /* EXITED: as from wait */
    struct rusage usage; /* EXITED */
    bool out_of_memory;  /* EXITED: the kernel killed it, or a child of it, in its group */
};

/* The next piece of news without waiting. */
void qn_crew_read(struct qn_crew *crew, struct qn_news *news);

#endif
