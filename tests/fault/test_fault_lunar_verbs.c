/* The verbs of `lunar` that do everything themselves, with a failing call or the end of the process
 * at any place: a file that bears its name is whole, a verb that cannot go on says why and loses no
 * memory, and a later run completes what is missing.
 *
 * Each attempt runs the verb in a child. What is fetched comes from a server in another. */
#include "../unit/check.h"
#include "saboteur.h"

#include "base/hash.h"
#include "base/io.h"
#include "engine/options.h"
#include "pipelines/lunar/verbs_show.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DONE, FAILED, SILENT, LEAKED, STRUCK = 40 }; /* exit codes; STRUCK is added */

struct verb {
    enum qn_status (*run)(const struct qn_options *, struct qn_error *);
    struct qn_options options;
    char paths[5][160]; /* the files that it makes */
    struct qn_hash expected[5];
};

static char folder[64];
static pid_t server;
static struct verb synth = {.run = qn_lunar_synth};
static struct verb fetch = {.run = qn_lunar_fetch};
static struct verb sweep = {.run = qn_lunar_show_sweep};

const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig\n"; /* which keeps what it has read until the process ends */
}

/* ---- a server ------------------------------------------------------------------------------- */

/* Answers whatever is asked with the same bytes, until it is killed. */
static void serve(int listener, const struct qn_buf *content)
{
    for (;;) {
        char request[4096];
        struct qn_buf answer = {0};
        int peer = accept(listener, NULL, NULL);
        if (peer < 0 || recv(peer, request, sizeof request, 0) <= 0)
            continue;
        qn_buf_printf(&answer,
                      "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
                      content->len);
        qn_buf_append(&answer, content->data, content->len);
        (void)!send(peer, answer.data, answer.len, MSG_NOSIGNAL);
        qn_buf_release(&answer);
        close(peer);
    }
}

/* The port, 0 when there is none. */
static int begin_server(const char *path)
{
    struct qn_buf content = {0};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (qn_read_file(path, &content, 1 << 20, NULL) ||
        bind(listener, (struct sockaddr *)&address, len) || listen(listener, 8) ||
        getsockname(listener, (struct sockaddr *)&address, &len))
        return 0;
    server = fork();
    if (server == 0)
        serve(listener, &content);
    close(listener);
    qn_buf_release(&content);
    return server > 0 ? ntohs(address.sin_port) : 0;
}

/* ---- verbs ---------------------------------------------------------------------------------- */

static void silence(void)
{
    int null = open("/dev/null", O_WRONLY);
    dup2(null, 1);
    dup2(null, 2);
    close(null);
}

/* In a child, with the n-th call of the plot hit, if there is one. */
static int attempt(struct verb *verb, const struct plot *plot, uint64_t n)
{
    int status;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct qn_error err = {0};
        silence();
        alarm(20);
        saboteur_enter();
        if (plot)
            saboteur_arm(plot, n);
        int code = verb->run(&verb->options, &err) ? FAILED : DONE;
        if (code == FAILED && strlen(err.message) < 20)
            code = SILENT;
        if (saboteur_leaks())
            code = LEAKED;
        _exit(code + (saboteur_struck() ? STRUCK : 0));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status))
        fail_msg("call %llu: the process died of signal %d", (unsigned long long)n,
                 WTERMSIG(status));
    return WEXITSTATUS(status);
}

static void hash_of(const char *path, struct qn_hash *hash)
{
    uint64_t size;
    assert_int_equal(qn_hash_file(path, hash, &size, NULL), QN_OK);
}

/* Every file that is there is whole; with `all` every one is there. */
static void check_files(const struct verb *verb, bool all)
{
    for (int i = 0; i < 5 && verb->paths[i][0]; i++) {
        struct qn_hash hash;
        if (!all && access(verb->paths[i], F_OK) != 0)
            continue;
        hash_of(verb->paths[i], &hash);
        assert_memory_equal(&hash, &verb->expected[i], sizeof hash);
    }
}

static void remove_files(const struct verb *verb)
{
    for (int i = 0; i < 5 && verb->paths[i][0]; i++)
        unlink(verb->paths[i]);
}

/* For every n until no call is left to be hit. */
static void assert_whole_or_refused(struct verb *verb, const struct plot *plot)
{
    bool struck = true;
    uint64_t n = 1;
    for (; struck; n++) {
        remove_files(verb);
        int code = attempt(verb, plot, n);
        struck = code >= STRUCK;
        if (code != SABOTEUR_EXIT)
            assert_true(code % STRUCK == DONE || code % STRUCK == FAILED);
        check_files(verb, code % STRUCK == DONE);
    }
    assert_true(n > 3);
    assert_int_equal(attempt(verb, NULL, 0), DONE); /* what was left hinders nobody */
    check_files(verb, true);
}

/* ---- an archive ----------------------------------------------------------------------------- */

static void set_up(struct verb *verb, const struct qn_option *table, json_t *values)
{
    const struct qn_option *const tables[] = {table, NULL};
    assert_int_equal(qn_options_init(&verb->options, tables, NULL), QN_OK);
    json_object_update(verb->options.values, values);
    json_decref(values);
}

static void name_file(struct verb *verb, int i, const char *name)
{
    snprintf(verb->paths[i], sizeof verb->paths[i], "%s/%s", folder, name);
}

/* Runs the verb without faults, in this process, so that children have its fonts: what it makes
 * then is what is expected. */
static void expect(struct verb *verb)
{
    int output = dup(1);
    silence();
    assert_int_equal(verb->run(&verb->options, NULL), QN_OK);
    fflush(NULL);
    dup2(output, 1);
    dup2(output, 2);
    close(output);
    for (int i = 0; i < 5 && verb->paths[i][0]; i++)
        hash_of(verb->paths[i], &verb->expected[i]);
}

#define DAY "1998/091_120APR/3D980405.TAB"

static int make_archive(void **state)
{
    static const char *const names[] = {("lp/" DAY), "lp/theta.tab", "lp/attitude.tab",
                                        "lp/truth.csv", "lp/spice_kernels/lp_synthetic.bsp"};
    char lp[96];
    char url[64];
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/quern-fault-lunar-%d", (int)getpid());
    snprintf(lp, sizeof lp, "%s/lp", folder);
    if (mkdir(folder, 0777))
        return -1;
    for (int i = 0; i < 5; i++)
        name_file(&synth, i, names[i]);
    set_up(&synth, qn_lunar_synth_options,
           json_pack("{s:s, s:i, s:i}", "output", lp, "sweeps-per-day", 2, "jobs", 1));
    expect(&synth);
    name_file(&sweep, 0, "sweep.png");
    set_up(&sweep, qn_lunar_sweep_options,
           json_pack("{s:[s, s], s:s, s:s}", "inputs", synth.paths[0], "1", "data", lp, "plot",
                     sweep.paths[0]));
    expect(&sweep);
    name_file(&fetch, 0, "got/" DAY);
    snprintf(url, sizeof url, "http://127.0.0.1:%d", begin_server(synth.paths[0]));
    snprintf(lp, sizeof lp, "%s/got", folder);
    set_up(&fetch, qn_lunar_fetch_options,
           json_pack("{s:s, s:s, s:i, s:i, s:i, s:b, s:i, s:f}", "output", lp, "base-url", url,
                     "year", 1998, "month", 4, "day", 5, "kernels", 0, "attempts", 1, "backoff",
                     0.0));
    expect(&fetch);
    assert_memory_equal(&fetch.expected[0], &synth.expected[0], sizeof(struct qn_hash));
    return 0;
}

static int remove_archive(void **state)
{
    (void)state;
    qn_options_release(&synth.options);
    qn_options_release(&sweep.options);
    qn_options_release(&fetch.options);
    if (server > 0) {
        kill(server, SIGKILL);
        waitpid(server, NULL, 0);
    }
    return qn_remove_tree(folder, NULL) == QN_OK ? 0 : -1;
}

/* ---- claims --------------------------------------------------------------------------------- */

static const struct plot plots[] = {
    {CALL_ALLOCATION, ENOMEM, SABOTAGE_ONCE}, {CALL_READING, EIO, SABOTAGE_ONCE},
    {CALL_WRITING, EIO, SABOTAGE_ONCE},       {CALL_WRITING, ENOSPC, SABOTAGE_ALWAYS},
    {CALL_REMOVING, EIO, SABOTAGE_ONCE},      {CALL_WRITING | CALL_REMOVING, 0, SABOTAGE_TEAR}};

static void with_all_plots(struct verb *verb)
{
    for (size_t i = 0; i < sizeof plots / sizeof *plots; i++)
        assert_whole_or_refused(verb, &plots[i]);
}

static void test_synthetic_archives_are_whole_or_refused(void **state)
{
    (void)state;
    with_all_plots(&synth);
}

static void test_fetched_files_are_whole_or_refused(void **state)
{
    (void)state;
    with_all_plots(&fetch);
}

static void test_pictures_of_sweeps_are_whole_or_refused(void **state)
{
    (void)state;
    with_all_plots(&sweep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_synthetic_archives_are_whole_or_refused),
        cmocka_unit_test(test_fetched_files_are_whole_or_refused),
        cmocka_unit_test(test_pictures_of_sweeps_are_whole_or_refused),
    };
    return cmocka_run_group_tests(tests, make_archive, remove_archive);
}
