/* The keeper process and the coordinator's side of it: see crew.h. */
#include "engine/crew.h"

#include "base/sys.h"
#include "engine/cage.h"
#include "engine/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_MS 20

enum order_type { ORDER_SPAWN = 1, ORDER_SIGNAL };

struct order {
    uint32_t type;
    uint32_t worker;
    int32_t value; /* share or signal */
};

struct reply {
    uint32_t type; /* enum qn_news_type */
    uint32_t worker;
    int32_t error;
    int32_t status;
    struct rusage usage;
    bool out_of_memory;
};

struct qn_crew {
    int socket;
    pid_t keeper;
};

/* ---- the keeper ----------------------------------------------------------------------------- */

struct keeper {
    const struct qn_workplace *place;
    int socket;
    pid_t *pids; /* of workers, 0: none */
    struct qn_cage cage;
};

static void send_reply(struct keeper *keeper, const struct reply *reply, const int *fds, int count)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(3 * sizeof(int))];
    } control = {0};
    struct iovec part = {.iov_base = (void *)reply, .iov_len = sizeof *reply};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (count > 0) {
        message.msg_control = control.space;
        message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
        memcpy(CMSG_DATA(header), fds, (size_t)count * sizeof(int));
    }
    while (sendmsg(keeper->socket, &message, MSG_NOSIGNAL) < 0 && errno == EINTR)
        ;
}

static void limit(int resource, uint64_t bytes)
{
    struct rlimit value = {bytes, bytes};
    setrlimit(resource, &value);
}

/* A task with a wild pointer must not reach what other workers tell the coordinator. Where pages
 * are larger than slots it can, and the coordinator believes nothing that it reads there. */
static void forget_other_slots(const struct qn_workplace *place, unsigned index)
{
    if (sysconf(_SC_PAGESIZE) != QN_SLOT_BYTES)
        return;
    if (index > 0)
        munmap(place->slots, index * sizeof *place->slots);
    if (index + 1 < place->workers)
        munmap(place->slots + index + 1, (place->workers - index - 1) * sizeof *place->slots);
}

/* In the new worker: its limits, its group, its end when the keeper dies. */
static void settle_worker(const struct keeper *keeper, pid_t parent, int output, uint64_t memory)
{
    sigset_t none;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
    setpgid(0, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGINT, SIG_IGN);
    signal(SIGPIPE, SIG_DFL);
    close(keeper->socket);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    dup2(null, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    setvbuf(stdout, NULL, _IOLBF, 0);
    limit(RLIMIT_CORE, 0);
    qn_cage_enter(&keeper->cage, memory);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    if (memory)
        limit(RLIMIT_DATA, memory); /* private writable memory: malloc then fails cleanly */
#else
    (void)memory;
#endif
    int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (score >= 0 && write(score, "500", 3) == 3)
        close(score);
}

static void spawn(struct keeper *keeper, const struct order *order)
{
    struct reply reply = {.type = QN_NEWS_STARTED, .worker = order->worker};
    int sockets[2] = {-1, -1};
    int output[2] = {-1, -1};
    pid_t parent = getpid();
    pid_t pid = -1;
    if (qn_sys.socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) == 0 &&
        pipe2(output, O_CLOEXEC) == 0)
        pid = qn_sys.fork();
    if (pid == 0) {
        close(sockets[0]); /* the coordinator's ends: held here, they would never report an end */
        close(output[0]);
        settle_worker(keeper, parent, output[1],
                      keeper->place->memory_limit * (uint64_t)order->value);
        forget_other_slots(keeper->place, order->worker);
        qn_worker_serve(keeper->place, order->worker, sockets[1]);
    }
    if (pid < 0) {
        reply.type = QN_NEWS_NOT_STARTED;
        reply.error = errno;
        send_reply(keeper, &reply, NULL, 0);
    } else {
        keeper->pids[order->worker] = pid;
        setpgid(pid, pid);
        int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
        int fds[3] = {sockets[0], output[0], pidfd};
        send_reply(keeper, &reply, fds, pidfd >= 0 ? 3 : 2);
        close(pidfd);
    }
    close(sockets[0]);
    close(sockets[1]);
    close(output[0]);
    close(output[1]);
}

static bool is_worker(const struct keeper *keeper, pid_t pid)
{
    for (unsigned w = 0; w < keeper->place->workers; w++) {
        if (keeper->pids[w] == pid)
            return true;
    }
    return false;
}

/* The PID of process `host_pid` (as /proc numbers it) in the keeper's own namespace. */
static pid_t own_pid(long host_pid)
{
    char path[64];
    char line[256];
    pid_t pid = 0;
    snprintf(path, sizeof path, "/proc/%ld/status", host_pid);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, "NSpid:", 6) != 0)
            continue;
        char *last = strrchr(line, '\t');
        pid = last ? (pid_t)strtol(last, NULL, 10) : 0;
    }
    if (file)
        fclose(file);
    return pid;
}

/* Children of the keeper that are no workers are orphans of a task: kill them. */
static void kill_orphans(const struct keeper *keeper)
{
    FILE *children = fopen("/proc/thread-self/children", "re");
    long host_pid;
    while (children && fscanf(children, "%ld", &host_pid) == 1) {
        pid_t pid = own_pid(host_pid);
        if (pid > 1 && !is_worker(keeper, pid))
            kill(pid, SIGKILL);
    }
    if (children)
        fclose(children);
}

/* The end of a worker makes orphans of its children, and the end of an orphan those of its own. A
 * worker's group is killed before the worker is waited for: until then its PID is nobody else's. */
static void reap(struct keeper *keeper)
{
    struct reply reply = {.type = QN_NEWS_EXITED};
    siginfo_t ended = {0};
    bool lost = false;
    while (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid > 0) {
        pid_t pid = ended.si_pid;
        if (is_worker(keeper, pid))
            kill(-pid, SIGKILL);
        wait4(pid, &reply.status, 0, &reply.usage);
        lost = true;
        for (unsigned w = 0; w < keeper->place->workers; w++) {
            if (keeper->pids[w] != pid)
                continue;
            keeper->pids[w] = 0;
            reply.worker = w;
            reply.out_of_memory = qn_cage_leave(&keeper->cage, pid);
            send_reply(keeper, &reply, NULL, 0);
        }
    }
    if (lost)
        kill_orphans(keeper);
}

/* Everything the keeper ever started dies, and it waits until that is so. */
static _Noreturn void end_keeper(struct keeper *keeper)
{
    for (unsigned w = 0; w < keeper->place->workers; w++) {
        if (keeper->pids[w] > 0) {
            kill(-keeper->pids[w], SIGKILL);
            kill(keeper->pids[w], SIGKILL);
            keeper->pids[w] = 0;
        }
    }
    if (getpid() == 1)
        kill(-1, SIGKILL);
    for (int rounds = 0; rounds < 1000; rounds++) {
        kill_orphans(keeper);
        pid_t pid;
        while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
            ;
        if (pid < 0) /* no children left */
            break;
        usleep(1000);
    }
    qn_cage_close(&keeper->cage);
    _exit(0);
}

static _Noreturn void keep(struct keeper *keeper)
{
    sigset_t signals;
    sigfillset(&signals);
    sigprocmask(SIG_SETMASK, &signals, NULL);
    setpgid(0, 0);
    if (keeper->place->ledger)
        qn_ledger_let_go(keeper->place->ledger);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_NAME, "quern-keeper");
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    int children = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    struct pollfd watch[2] = {{.fd = keeper->socket, .events = POLLIN},
                              {.fd = children, .events = POLLIN}};
    for (;;) {
        /* Without the descriptor, of which there may be none left, the keeper looks by itself. */
        if (poll(watch, 2, children < 0 ? LOOK_MS : -1) < 0 && errno != EINTR)
            end_keeper(keeper);
        struct signalfd_siginfo info;
        while (read(children, &info, sizeof info) > 0)
            ;
        reap(keeper);
        if (!watch[0].revents)
            continue;
        struct order order;
        ssize_t n = recv(keeper->socket, &order, sizeof order, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            end_keeper(keeper);
        if (n != sizeof order || order.worker >= keeper->place->workers)
            continue;
        if (order.type == ORDER_SPAWN)
            spawn(keeper, &order);
        else if (keeper->pids[order.worker] > 0)
            kill(keeper->pids[order.worker], order.value);
    }
}

/* ---- the coordinator's side ----------------------------------------------------------------- */

/* fork, into a PID namespace of its own where that is allowed. The raw call is enough: the
 * coordinator has one thread. */
static pid_t fork_contained(void)
{
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
    return pid >= 0 ? pid : qn_sys.fork();
}

enum qn_status qn_crew_start(struct qn_crew **out, const struct qn_workplace *place,
                             struct qn_error *err)
{
    int sockets[2];
    *out = NULL;
    struct qn_crew *crew = qn_sys.calloc(1, sizeof *crew);
    pid_t *pids = qn_sys.calloc(place->workers, sizeof *pids);
    if (!crew || !pids) {
        free(crew);
        free(pids);
        return qn_fail_memory(err, "the worker processes", sizeof *crew);
    }
    if (qn_sys.socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) {
        free(crew);
        free(pids);
        return qn_fail_errno(err, errno, "make", "a socket pair");
    }
    struct keeper keeper = {.place = place, .socket = sockets[1], .pids = pids};
    qn_cage_open(&keeper.cage, place->root);
    fflush(NULL); /* what is buffered must not be written twice */
    crew->keeper = fork_contained();
    if (crew->keeper == 0) {
        close(sockets[0]);
        keep(&keeper);
    }
    int error = errno;
    if (crew->keeper < 0)
        qn_cage_close(&keeper.cage);
    close(sockets[1]);
    free(pids);
    if (crew->keeper < 0) {
        close(sockets[0]);
        free(crew);
        return qn_fail_errno(err, error, "start", "the worker processes");
    }
    crew->socket = sockets[0];
    *out = crew;
    return QN_OK;
}

void qn_crew_stop(struct qn_crew *crew)
{
    if (!crew)
        return;
    close(crew->socket);
    while (waitpid(crew->keeper, NULL, 0) < 0 && errno == EINTR)
        ;
    free(crew);
}

int qn_crew_fd(const struct qn_crew *crew)
{
    return crew->socket;
}

static void send_order(struct qn_crew *crew, struct order order)
{
    /* A failure means that the keeper is gone: qn_crew_read tells of that. */
    while (send(crew->socket, &order, sizeof order, MSG_NOSIGNAL) < 0 && errno == EINTR)
        ;
}

void qn_crew_spawn(struct qn_crew *crew, unsigned index, unsigned share)
{
    send_order(crew, (struct order){ORDER_SPAWN, index, (int32_t)share});
}

void qn_crew_signal(struct qn_crew *crew, unsigned index, int signal_number)
{
    send_order(crew, (struct order){ORDER_SIGNAL, index, signal_number});
}

/* The PID behind a pidfd as this process sees it: "Pid:" in its fdinfo. */
static int32_t pid_of(int pidfd)
{
    char path[64];
    char line[128];
    int32_t pid = 0;
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
        if (!strncmp(line, "Pid:", 4))
            pid = (int32_t)strtol(line + 4, NULL, 10);
    }
    if (file)
        fclose(file);
    return pid;
}

void qn_crew_read(struct qn_crew *crew, struct qn_news *news)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(3 * sizeof(int))];
    } control = {0};
    struct reply reply;
    struct iovec part = {.iov_base = &reply, .iov_len = sizeof reply};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.space,
                             .msg_controllen = sizeof control.space};
    ssize_t n = recvmsg(crew->socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    *news = (struct qn_news){.type = QN_NEWS_NONE, .socket = -1, .output = -1};
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n != sizeof reply) {
        news->type = QN_NEWS_LOST;
        return;
    }
    news->type = reply.type;
    news->worker = reply.worker;
    news->error = reply.error;
    news->status = reply.status;
    news->usage = reply.usage;
    news->out_of_memory = reply.out_of_memory;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (!header || header->cmsg_type != SCM_RIGHTS)
        return;
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    int fds[3] = {-1, -1, -1};
    memcpy(fds, CMSG_DATA(header), (count < 3 ? count : 3) * sizeof(int));
    news->socket = fds[0];
    news->output = fds[1];
    if (fds[2] >= 0) {
        news->pid = pid_of(fds[2]);
        close(fds[2]);
    }
}
