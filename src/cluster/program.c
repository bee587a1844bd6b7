/* A child process with three pipes: see program.h. */
#include "cluster/program.h"

#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_OUTPUT (16u << 20)

extern char **environ;

struct child {
    pid_t pid;
    int in, out, err; /* our ends, -1 when closed */
};

static void close_end(int *fd)
{
    if (*fd >= 0)
        qn_sys.close(*fd);
    *fd = -1;
}

static bool make_pipes(int pipes[3][2])
{
    for (int i = 0; i < 3; i++)
        pipes[i][0] = pipes[i][1] = -1;
    for (int i = 0; i < 3; i++)
        if (pipe2(pipes[i], O_CLOEXEC) < 0)
            return false;
    return true;
}

/* Starts the program; what goes wrong is an errno. */
static int start(struct child *child, const char *const *argv, int pipes[3][2])
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed)
        return failed;
    failed = posix_spawnattr_init(&attributes);
    if (failed) {
        posix_spawn_file_actions_destroy(&actions);
        return failed;
    }
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawn_file_actions_adddup2(&actions, pipes[0][0], 0);
    posix_spawn_file_actions_adddup2(&actions, pipes[1][1], 1);
    posix_spawn_file_actions_adddup2(&actions, pipes[2][1], 2);
    failed =
        posix_spawnp(&child->pid, argv[0], &actions, &attributes, (char *const *)argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    child->in = pipes[0][1];
    child->out = pipes[1][0];
    child->err = pipes[2][0];
    close_end(&pipes[0][0]);
    close_end(&pipes[1][1]);
    close_end(&pipes[2][1]);
    return failed;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Takes what there is to read; closes at the end. */
static void drain(int *fd, struct qn_buf *text)
{
    char bytes[8192];
    ssize_t n = qn_sys.read(*fd, bytes, sizeof bytes);
    if (n > 0 && text->len + (size_t)n <= MOST_OUTPUT)
        qn_buf_append(text, bytes, (size_t)n);
    else if (n == 0 || (n < 0 && errno != EINTR))
        close_end(fd);
}

static void feed(int *fd, const char **input)
{
    ssize_t n = **input ? qn_sys.write(*fd, *input, strlen(*input)) : 0;
    if (n > 0)
        *input += n;
    if (!**input || (n < 0 && errno != EINTR))
        close_end(fd);
}

/* Talks to the child until it has closed its outputs; false when the time is up. */
static bool converse(struct child *child, const char *input, int64_t deadline,
                     struct qn_buf *output, struct qn_buf *errors)
{
    const char *rest = input ? input : "";
    while (child->out >= 0 || child->err >= 0) {
        struct pollfd fds[3] = {{.fd = child->out, .events = POLLIN},
                                {.fd = child->err, .events = POLLIN},
                                {.fd = child->in, .events = POLLOUT}};
        int64_t left = deadline - now_ms();
        if (left <= 0)
            return false;
        if (poll(fds, 3, (int)(left < 1000 ? left : 1000)) < 0 && errno != EINTR)
            return false;
        if (fds[0].revents)
            drain(&child->out, output);
        if (fds[1].revents)
            drain(&child->err, errors);
        if (fds[2].revents)
            feed(&child->in, &rest);
    }
    return true;
}

enum qn_status qn_program_run(const char *const *argv, const char *input, unsigned timeout_s,
                              struct qn_buf *output, struct qn_buf *errors, int *code,
                              struct qn_error *err)
{
    struct child child = {.in = -1, .out = -1, .err = -1};
    int pipes[3][2];
    int state = 0;
    int failed = make_pipes(pipes) ? start(&child, argv, pipes) : errno;
    bool in_time =
        !failed && converse(&child, input, now_ms() + 1000ll * timeout_s, output, errors);
    for (int i = 0; i < 3 && failed; i++) {
        close_end(&pipes[i][0]);
        close_end(&pipes[i][1]);
    }
    if (failed)
        return failed == ENOENT
                   ? qn_fail(err, QN_ERR_UNSUPPORTED, "there is no program '%s' here.", argv[0])
                   : qn_fail_errno(err, failed, "start", argv[0]);
    close_end(&child.in);
    close_end(&child.out);
    close_end(&child.err);
    if (!in_time)
        kill(child.pid, SIGKILL);
    while (waitpid(child.pid, &state, 0) < 0 && errno == EINTR)
        continue;
    qn_buf_u8(output, '\0');
    qn_buf_u8(errors, '\0');
    if (output->failed || errors->failed)
        return qn_fail_memory(err, argv[0], output->len + errors->len);
    output->len--;
    errors->len--;
    *code = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
    return in_time
               ? QN_OK
               : qn_fail(err, QN_ERR_TIMEOUT, "'%s' gave no answer in %u s.", argv[0], timeout_s);
}
