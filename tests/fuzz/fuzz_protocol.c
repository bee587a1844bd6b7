/* Any bytes as what workers tell the coordinator: messages of any length and content, in any order,
 * from two workers, one of which may die of it. The coordinator must not believe what is not so: a
 * task counts as done once, and only if it had been sent.
 *
 * An input is a series of messages: a byte that names the worker, a length of two bytes, content.
 */
#include "fuzz.h"

#include "engine/coordinator.h"
#include "engine/ledger.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WORKERS = 2, TASKS = 6 };

const char *const fuzz_words[] = {"\2\0\0\0", "\3\0\0\0", "\4\0\0\0", "\xff\xff\xff\xff", NULL};

/* ---- a crew of which only the sockets are there ---------------------------------------------- */

struct qn_crew {
    bool up[WORKERS], wanted[WORKERS], killed[WORKERS];
    int ends[WORKERS]; /* the workers' sides */
};

static struct qn_crew crew;

enum qn_status qn_crew_start(struct qn_crew **out, const struct qn_workplace *place,
                             struct qn_error *err)
{
    (void)place;
    (void)err;
    *out = &crew;
    return QN_OK;
}

void qn_crew_stop(struct qn_crew *c)
{
    (void)c;
}

int qn_crew_fd(const struct qn_crew *c)
{
    (void)c;
    return -1;
}

void qn_crew_spawn(struct qn_crew *c, unsigned index, unsigned share)
{
    (void)share;
    FUZZ_REQUIRE(index < WORKERS && !c->up[index]);
    c->wanted[index] = true;
}

void qn_crew_signal(struct qn_crew *c, unsigned index, int number)
{
    FUZZ_REQUIRE(index < WORKERS);
    c->killed[index] |= number == SIGKILL;
}

void qn_crew_read(struct qn_crew *c, struct qn_news *news)
{
    *news = (struct qn_news){.type = QN_NEWS_NONE, .socket = -1, .output = -1};
    for (unsigned w = 0; w < WORKERS; w++) {
        int pair[2];
        if (c->up[w] && c->killed[w]) {
            close(c->ends[w]);
            c->up[w] = c->killed[w] = false;
            *news = (struct qn_news){.type = QN_NEWS_EXITED, .worker = w, .status = SIGKILL};
            return;
        }
        if (c->wanted[w]) {
            if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
                abort();
            c->up[w] = true;
            c->wanted[w] = c->killed[w] = false;
            c->ends[w] = pair[1];
            *news = (struct qn_news){
                .type = QN_NEWS_STARTED, .worker = w, .socket = pair[0], .output = -1};
            return;
        }
    }
}

/* ---- a run ------------------------------------------------------------------------------------
 */

static void no_progress(void *context, const struct qn_progress *progress)
{
    (void)context;
    (void)progress;
}

static void no_message(void *context, enum qn_message_level level, const char *text)
{
    (void)context;
    (void)level;
    FUZZ_REQUIRE(strlen(text) < 65536);
}

static uint64_t done_once; /* a bit for each task */

static void hear_of_task(void *context, const char *what, uint64_t task, uint32_t attempt,
                         const char *status, uint64_t wall_us, const char *text)
{
    (void)context;
    (void)attempt;
    (void)status;
    (void)wall_us;
    FUZZ_REQUIRE(task < TASKS && text);
    if (strcmp(what, "done") != 0)
        return;
    FUZZ_REQUIRE(!(done_once & UINT64_C(1) << task));
    done_once |= UINT64_C(1) << task;
}

static uint64_t cost_of(const void *context, uint64_t task)
{
    (void)context;
    return 1 + task;
}

/* The crew's news, then what each worker said; a worker that was killed is followed by another. */
static void hear(struct coordinator *c, unsigned w, const uint8_t *bytes, size_t len)
{
    qn_co_read_crew(c);
    if (!crew.up[w] || c->broken)
        return;
    (void)!send(crew.ends[w], bytes, len, MSG_NOSIGNAL);
    qn_co_read_socket(c, w);
    qn_co_read_crew(c);
}

static void play(struct coordinator *c, const uint8_t *data, size_t size)
{
    qn_co_pump(c, (struct qn_event){.type = QN_EVENT_TICK});
    while (size >= 3 && !c->broken && !c->finished) {
        unsigned w = data[0] % WORKERS;
        size_t len = (size_t)(data[1] | data[2] << 8);
        len = len < size - 3 ? len : size - 3;
        hear(c, w, data + 3, len);
        data += 3 + len;
        size -= 3 + len;
    }
}

static void close_sockets(struct hand *hands)
{
    for (unsigned w = 0; w < WORKERS; w++) {
        if (hands[w].socket >= 0)
            close(hands[w].socket);
        if (crew.up[w])
            close(crew.ends[w]);
    }
    crew = (struct qn_crew){0};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct qn_pipeline pipeline = {.name = "fuzz", .items = "tasks"};
    static const struct qn_observer observer = {
        .progress = no_progress, .message = no_message, .task = hear_of_task};
    static const struct qn_plan_entry entries[TASKS];
    static struct qn_slot slots[WORKERS];
    static uint8_t incoming[QN_MESSAGE_MAX];
    struct qn_plan_file plan = {
        .count = TASKS, .entries = entries, .map = (const uint8_t *)entries};
    struct qn_workplace place = {
        .pipeline = &pipeline, .plan = &plan, .slots = slots, .workers = WORKERS, .root = "/"};
    struct qn_work work = {.place = &place, .observer = &observer};
    struct qn_sched_config config = {.tasks = TASKS,
                                     .cost = cost_of,
                                     .workers = WORKERS,
                                     .max_failures = UINT64_MAX,
                                     .max_failures_part = 1};
    struct hand hands[WORKERS] = {{.socket = -1, .output = -1}, {.socket = -1, .output = -1}};
    struct qn_error err;
    char path[64];
    struct coordinator c = {.work = &work,
                            .place = &place,
                            .plan = &plan,
                            .crew = &crew,
                            .hands = hands,
                            .incoming = incoming,
                            .epoll = -1,
                            .err = &err};
    done_once = 0;
    memset((void *)slots, 0, sizeof slots);
    snprintf(path, sizeof path, "/dev/shm/quern-fuzz-protocol-%d", (int)getpid());
    c.sched = qn_sched_new(&config);
    if (c.sched && !qn_ledger_open(&work.ledger, path, &err)) {
        play(&c, data, size);
        struct qn_sched_counts counts = qn_sched_counts(c.sched);
        FUZZ_REQUIRE(counts.done + counts.gave_up <= TASKS);
        FUZZ_REQUIRE(counts.done == (uint64_t)__builtin_popcountll(done_once));
        qn_ledger_free(work.ledger);
    }
    unlink(path);
    close_sockets(hands);
    qn_sched_free(c.sched);
    qn_actions_release(&c.actions);
    qn_buf_release(&c.strings);
    free(c.queue);
    return 0;
}
