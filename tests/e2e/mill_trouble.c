/* Trouble on demand: --trouble KIND@TASK[:NUMBER],... where TASK may be * for all.
 *
 * For most kinds NUMBER says how many attempts misbehave (default: all of them); attempts are
 * counted in files beside the input, GRIST.KIND.TASK, one byte for each, as a task is not told
 * which attempt it is. For `sleep` NUMBER is milliseconds, for `eat` megabytes, for `stumble` how
 * many workers crash when they are opened.
 */
#include "mill.h"

#include "engine/ledger.h"
#include "engine/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVERY_TASK UINT64_MAX

struct context { /* of one attempt */
    struct qn_task_run *run;
    const char *grist;
    int64_t number;
};

typedef enum qn_status act_function(const struct context *context, struct qn_error *err);

static _Noreturn void wait_for_ever(void)
{
    for (;;)
        pause();
}

static _Noreturn void turn_for_ever(void)
{
    static volatile uint64_t turns;
    for (;;)
        turns++;
}

static enum qn_status act_crash(const struct context *context, struct qn_error *err)
{
    (void)context;
    (void)err;
    fprintf(stderr, "the millstone broke\n");
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
    return QN_ERR_INTERNAL;
}

static enum qn_status act_abort(const struct context *context, struct qn_error *err)
{
    (void)context;
    (void)err;
    fprintf(stderr, "the miller gave notice\n");
    abort();
}

static enum qn_status act_exit0(const struct context *context, struct qn_error *err)
{
    (void)context;
    (void)err;
    _exit(0);
}

/* Deaf to everything but SIGKILL. */
static enum qn_status act_hang(const struct context *context, struct qn_error *err)
{
    (void)context;
    (void)err;
    signal(SIGTERM, SIG_IGN);
    wait_for_ever();
}

/* Busy for ever, and looks at no flag. */
static enum qn_status act_spin(const struct context *context, struct qn_error *err)
{
    (void)context;
    (void)err;
    turn_for_ever();
}

/* Stopped, as by a debugger: no signal but SIGKILL is heard. */
static enum qn_status act_stop(const struct context *context, struct qn_error *err)
{
    (void)context;
    (void)err;
    raise(SIGSTOP);
    wait_for_ever();
}

/* All memory that this process shares with others is overwritten, as by a wild pointer. */
static enum qn_status act_scribble(const struct context *context, struct qn_error *err)
{
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "re");
    (void)context;
    (void)err;
    while (maps && fgets(line, sizeof line, maps)) {
        char *end;
        uintptr_t from = (uintptr_t)strtoull(line, &end, 16);
        uintptr_t to = (uintptr_t)strtoull(end + 1, &end, 16);
        if (!strncmp(end, " rw-s", 5) && strstr(end, "/dev/zero"))
            memset((void *)from, 0xff, to - from);
    }
    if (maps)
        fclose(maps);
    wait_for_ever();
}

/* Endless, but stops when asked. */
static enum qn_status act_dawdle(const struct context *context, struct qn_error *err)
{
    (void)err;
    return mill_work(context->run, INT64_MAX);
}

static enum qn_status act_flood(const struct context *context, struct qn_error *err)
{
    (void)context;
    (void)err;
    for (uint64_t line = 0; line < UINT64_MAX; line++)
        fprintf(stderr, "the mill race is over its banks: line %llu\n", (unsigned long long)line);
    return QN_OK;
}

/* Takes memory and uses it, `megabytes` of it or until there is none. */
static enum qn_status eat(int64_t megabytes, struct qn_error *err)
{
    enum { BLOCK = 1 << 20 };
    void *last = NULL;
    enum qn_status status = QN_OK;
    for (int64_t i = 0; !status && i < megabytes; i++) {
        void **block = malloc(BLOCK);
        if (block) {
            memset(block, 0xff, BLOCK);
            *block = last;
            last = block;
        } else {
            status = qn_fail_memory(err, "more grain", BLOCK);
        }
    }
    while (last) {
        void *next = *(void **)last;
        free(last);
        last = next;
    }
    return status;
}

static enum qn_status act_hog(const struct context *context, struct qn_error *err)
{
    (void)context;
    return eat(INT64_MAX, err);
}

static enum qn_status act_eat(const struct context *context, struct qn_error *err)
{
    return eat(context->number, err);
}

/* Memory that no rlimit counts: only a look at the resident set finds it. Slow enough to be
 * looked at, and limited so that a missed look does not fell the machine. */
static enum qn_status act_swell(const struct context *context, struct qn_error *err)
{
    enum { STEP = 4 << 20, STEPS = 256 };
    (void)context;
    (void)err;
    for (int i = 0; i < STEPS; i++) {
        void *more = mmap(NULL, STEP, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (more != MAP_FAILED)
            memset(more, 0xff, STEP);
        usleep(2000);
    }
    wait_for_ever();
}

/* Children, and grandchildren in sessions of their own, that outlive the task. */
static enum qn_status act_fork(const struct context *context, struct qn_error *err)
{
    enum { CHILDREN = 20 };
    (void)context;
    for (int i = 0; i < CHILDREN; i++) {
        pid_t child = fork();
        if (child < 0)
            return qn_fail_errno(err, errno, "start", "a miller's boy");
        if (child == 0) {
            signal(SIGTERM, SIG_IGN);
            if (fork() == 0)
                setsid();
            wait_for_ever();
        }
    }
    return QN_OK;
}

/* Children without end, if nothing stops it at two thousand; says how many it got. */
static enum qn_status act_swarm(const struct context *context, struct qn_error *err)
{
    enum { MOST = 2000 };
    int count = 0;
    (void)context;
    while (count < MOST) {
        pid_t child = fork();
        if (child == 0)
            wait_for_ever();
        if (child < 0)
            break;
        count++;
    }
    return qn_fail(err, QN_ERR_INPUT, "%d miller's boys.", count);
}

static enum qn_status act_fail(const struct context *context, struct qn_error *err)
{
    return qn_fail_at(err, QN_ERR_INPUT, context->grist, 4096,
                      "'%s' has a stone in it at byte 4096. Sift it.", context->grist);
}

static enum qn_status act_transient(const struct context *context, struct qn_error *err)
{
    return qn_fail_errno(err, EIO, "read", context->grist);
}

/* Bytes that are no text, in the message and on stderr. */
static enum qn_status act_garbage(const struct context *context, struct qn_error *err)
{
    (void)context;
    fprintf(stderr, "chaff: \xff\xfe\x80 \x1b[31m\n");
    return qn_fail(err, QN_ERR_INPUT, "chaff: \xff\xfe\x80.");
}

/* Says something to every socket it has, or closes them all. */
static void tell_all(const void *bytes, size_t len)
{
    for (int fd = 3; fd < 256; fd++) {
        struct stat st;
        if (fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode))
            continue;
        if (len > 0)
            send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        else
            close(fd);
    }
}

/* Writes nonsense to the middle of every file that it can write to. */
static enum qn_status act_scrawl(const struct context *context, struct qn_error *err)
{
    (void)context;
    (void)err;
    for (int fd = 3; fd < 256; fd++) {
        struct stat st;
        if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
            (void)!pwrite(fd, "round and round", 15, st.st_size / 2);
    }
    return QN_OK;
}

/* Nonsense, as a task with a wild pointer might write. */
static enum qn_status act_babble(const struct context *context, struct qn_error *err)
{
    static const char nonsense[] = "\x04\0\0\0\xff\xff\xff\x7fround and round";
    (void)context;
    (void)err;
    tell_all(nonsense, sizeof nonsense);
    wait_for_ever();
}

/* That its worker could not begin, because of no error at all. */
static enum qn_status act_shirk(const struct context *context, struct qn_error *err)
{
    static const char message[] = "\x03\0\0\0\0\0\0\0\4\0\0\0well";
    (void)context;
    (void)err;
    tell_all(message, sizeof message - 1);
    wait_for_ever();
}

/* That a task which others were given, or nobody yet, has failed. */
static enum qn_status act_slander(const struct context *context, struct qn_error *err)
{
    struct qn_record record = {.type = QN_RECORD_FAILED,
                               .task = qn_task_of(context->run)->index + 20,
                               .status = QN_ERR_INPUT,
                               .offset = -1,
                               .text = "slandered"};
    struct qn_buf payload = {0};
    struct qn_buf message = {0};
    (void)err;
    qn_record_encode(&payload, &record);
    qn_buf_u32(&message, QN_MESSAGE_RECORDS);
    qn_buf_u32(&message, (uint32_t)payload.len);
    qn_buf_append(&message, payload.data, payload.len);
    tell_all(message.data, message.len);
    qn_buf_release(&payload);
    qn_buf_release(&message);
    return QN_OK;
}

/* Closes its sockets and stays. */
static enum qn_status act_mute(const struct context *context, struct qn_error *err)
{
    (void)context;
    (void)err;
    tell_all(NULL, 0);
    wait_for_ever();
}

static enum qn_status act_full(const struct context *context, struct qn_error *err)
{
    return qn_fail_errno(err, ENOSPC, "write", context->grist);
}

/* Forgets an output that it has begun. */
static enum qn_status act_forget(const struct context *context, struct qn_error *err)
{
    struct qn_output *output;
    return qn_task_create(context->run, "forgotten.bin", &output, err);
}

/* Fails when one of its outputs is complete already. */
static enum qn_status act_litter(const struct context *context, struct qn_error *err)
{
    struct qn_output *output;
    enum qn_status status = qn_task_create(context->run, "flour/litter.bin", &output, err);
    if (!status)
        status = qn_output_commit(output, err);
    return status ? status : qn_fail(err, QN_ERR_INPUT, "the mill is littered.");
}

static enum qn_status act_sleep(const struct context *context, struct qn_error *err)
{
    (void)err;
    return mill_work(context->run, context->number);
}

/* Nothing: see mill_make_opening_trouble. */
static enum qn_status act_stumble(const struct context *context, struct qn_error *err)
{
    (void)context;
    (void)err;
    return QN_OK;
}

/* Only counts its attempts. */
static enum qn_status act_mark(const struct context *context, struct qn_error *err)
{
    (void)context;
    (void)err;
    return QN_OK;
}

enum number { NUMBER_OF_TIMES, NUMBER_IS_ARGUMENT };

static const struct kind {
    const char *name;
    act_function *act;
    enum number number;
} kinds[] = {
    {"abort", act_abort, NUMBER_OF_TIMES},        {"spin", act_spin, NUMBER_OF_TIMES},
    {"stop", act_stop, NUMBER_OF_TIMES},          {"scribble", act_scribble, NUMBER_OF_TIMES},
    {"crash", act_crash, NUMBER_OF_TIMES},        {"exit0", act_exit0, NUMBER_OF_TIMES},
    {"hang", act_hang, NUMBER_OF_TIMES},          {"dawdle", act_dawdle, NUMBER_OF_TIMES},
    {"flood", act_flood, NUMBER_OF_TIMES},        {"hog", act_hog, NUMBER_OF_TIMES},
    {"eat", act_eat, NUMBER_IS_ARGUMENT},         {"swell", act_swell, NUMBER_OF_TIMES},
    {"fork", act_fork, NUMBER_OF_TIMES},          {"swarm", act_swarm, NUMBER_OF_TIMES},
    {"fail", act_fail, NUMBER_OF_TIMES},          {"transient", act_transient, NUMBER_OF_TIMES},
    {"garbage", act_garbage, NUMBER_OF_TIMES},    {"babble", act_babble, NUMBER_OF_TIMES},
    {"shirk", act_shirk, NUMBER_OF_TIMES},        {"slander", act_slander, NUMBER_OF_TIMES},
    {"scrawl", act_scrawl, NUMBER_OF_TIMES},      {"mute", act_mute, NUMBER_OF_TIMES},
    {"full", act_full, NUMBER_OF_TIMES},          {"forget", act_forget, NUMBER_OF_TIMES},
    {"litter", act_litter, NUMBER_OF_TIMES},      {"sleep", act_sleep, NUMBER_IS_ARGUMENT},
    {"stumble", act_stumble, NUMBER_IS_ARGUMENT}, {"mark", act_mark, NUMBER_OF_TIMES}};

struct trouble {
    const struct kind *kind;
    uint64_t task;
    int64_t number;
};

struct mill_troubles {
    char grist[4096];
    size_t count;
    struct trouble items[];
};

/* ---- parsing -------------------------------------------------------------------------------- */

static const struct kind *find_kind(const char *text, size_t len)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strlen(kinds[i].name) == len && !strncmp(kinds[i].name, text, len))
            return &kinds[i];
    }
    return NULL;
}

static bool parse(const char *text, struct trouble *trouble)
{
    size_t len = strcspn(text, "@");
    char *end;
    trouble->kind = find_kind(text, len);
    trouble->task = EVERY_TASK;
    trouble->number = INT64_MAX;
    if (!trouble->kind || text[len] != '@')
        return false;
    const char *task = text + len + 1;
    if (*task == '*')
        end = (char *)task + 1;
    else
        trouble->task = strtoull(task, &end, 10);
    if (*end == ':')
        trouble->number = strtoll(end + 1, &end, 10);
    return end > task && !*end;
}

enum qn_status mill_troubles_new(struct mill_troubles **out, const struct qn_options *options,
                                 struct qn_error *err)
{
    size_t count = qn_option_count(options, "trouble");
    size_t size = sizeof **out + count * sizeof *(*out)->items;
    struct mill_troubles *troubles = *out = calloc(1, size);
    if (!troubles)
        return qn_fail_memory(err, "the list of troubles", size);
    snprintf(troubles->grist, sizeof troubles->grist, "%s", qn_option_input(options, 0));
    troubles->count = count;
    for (size_t i = 0; i < count; i++) {
        const char *text = qn_option_item(options, "trouble", i);
        if (!parse(text, &troubles->items[i])) {
            mill_troubles_free(troubles);
            *out = NULL;
            return qn_fail(err, QN_ERR_USAGE,
                           "--trouble '%s' makes no sense: expected KIND@TASK or KIND@TASK:NUMBER.",
                           text);
        }
    }
    return QN_OK;
}

void mill_troubles_free(struct mill_troubles *troubles)
{
    free(troubles);
}

/* ---- making trouble ------------------------------------------------------------------------- */

/* Adds one to the attempts at `task` and returns how many there have been, -1 if it cannot. */
static int64_t count_attempt(const char *grist, const char *kind, uint64_t task)
{
    char path[4200];
    struct stat st = {.st_size = -1};
    snprintf(path, sizeof path, "%s.%s.%llu", grist, kind, (unsigned long long)task);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0)
        return -1;
    if (write(fd, "|", 1) != 1 || fstat(fd, &st) < 0)
        st.st_size = -1;
    close(fd);
    return st.st_size;
}

void mill_make_opening_trouble(const struct mill_troubles *troubles)
{
    for (size_t i = 0; i < troubles->count; i++) {
        const struct trouble *trouble = &troubles->items[i];
        if (trouble->kind->act == act_stumble &&
            count_attempt(troubles->grist, "open", 0) <= trouble->number)
            act_crash(NULL, NULL);
    }
}

enum qn_status mill_make_trouble(const struct mill_troubles *troubles, struct qn_task_run *run,
                                 struct qn_error *err)
{
    uint64_t task = qn_task_of(run)->index;
    enum qn_status status = QN_OK;
    for (size_t i = 0; !status && i < troubles->count; i++) {
        const struct trouble *trouble = &troubles->items[i];
        struct context context = {run, troubles->grist, trouble->number};
        if (trouble->task != EVERY_TASK && trouble->task != task)
            continue;
        if (trouble->kind->number == NUMBER_OF_TIMES &&
            count_attempt(troubles->grist, trouble->kind->name, task) > trouble->number)
            continue;
        status = trouble->kind->act(&context, err);
    }
    return status;
}
