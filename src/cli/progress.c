/* Draws progress: one line that is redrawn on a terminal, plain lines elsewhere, or JSON lines. */
#include "base/json_memory.h"
#include "cli/cli.h"

#include "base/buf.h"
#include "engine/json_text.h"
#include "engine/machine.h"
#include "render/terminal.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW_US 100000u
#define LOG_US    10000000u
#define LOG_PART  0.05    /* or after this part of the work */
#define START_US  300000u /* what is over sooner shows no bar */

static struct {
    enum cli_progress_mode mode;
    char phase[16];
    uint64_t start_us;
    uint64_t shown_us;
    double shown_fraction;
    bool line; /* an unfinished bar stands on the terminal */
} view;

static const char *number(double value, char text[24])
{
    static const char *const units[] = {"", "k", "M", "G", "T"};
    int unit = 0;
    while (value >= 10000 && unit < 4) {
        value /= 1000;
        unit++;
    }
    snprintf(text, 24, unit && value < 100 ? "%.1f%s" : "%.0f%s", value, units[unit]);
    return text;
}

static const char *duration(double seconds, char text[24])
{
    if (seconds < 0)
        snprintf(text, 24, "?");
    else if (seconds < 60)
        snprintf(text, 24, "%.0f s", seconds);
    else if (seconds < 3600)
        snprintf(text, 24, "%d:%02d min", (int)seconds / 60, (int)seconds % 60);
    else
        snprintf(text, 24, "%d:%02d h", (int)seconds / 3600, (int)seconds / 60 % 60);
    return text;
}

static int columns(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20)
        return size.ws_col;
    return 80;
}

/* What is most wanted first: a narrow terminal cuts the rest off. */
static void compose(struct qn_buf *line, const struct qn_progress *p)
{
    char text[24];
    char total[24];
    qn_buf_printf(line, "%3.0f%%", p->fraction * 100);
    if (p->fraction >= 1)
        qn_buf_printf(line, "  in %s", duration(p->elapsed_s, text));
    else if (p->eta_s >= 0)
        qn_buf_printf(line, "  ETA %s", duration(p->eta_s, text));
    qn_buf_printf(line, "  %s/%s %s", number((double)p->done, text),
                  number((double)p->total, total), p->unit);
    if (p->rate > 0)
        qn_buf_printf(line, "  %s/s", number(p->rate, text));
    if (p->failed > 0)
        qn_buf_printf(line, "  %llu failed", (unsigned long long)p->failed);
    if (p->bytes_per_s > 1e5)
        qn_buf_printf(line, "  %.0f MB/s", p->bytes_per_s / 1e6);
    if (p->workers > 0)
        qn_buf_printf(line, "  %u worker%s", p->workers, p->workers == 1 ? "" : "s");
    if (p->retries > 0)
        qn_buf_printf(line, "  %llu retried", (unsigned long long)p->retries);
    if (p->slowest_task != UINT64_MAX && p->slowest_s > 10)
        qn_buf_printf(line, "  task %llu since %.0f s", (unsigned long long)p->slowest_task,
                      p->slowest_s);
    if (p->slowest_task != UINT64_MAX && p->silent_s > 10)
        qn_buf_printf(line, ", silent for %.0f s", p->silent_s);
    qn_buf_u8(line, 0);
}

static void draw_bar(const struct qn_progress *p)
{
    static const char full[] = "####################", empty[] = "....................";
    struct qn_buf line = {0};
    int width = columns() < 110 ? 10 : 20;
    int filled = (int)(p->fraction * width);
    int room = columns() - width - 11;
    compose(&line, p);
    if (!line.failed)
        fprintf(stderr, "\r\033[K%-6s [%.*s%.*s] %.*s", p->phase, filled, full, width - filled,
                empty, room > 0 ? room : 0, (const char *)line.data);
    fflush(stderr);
    view.line = true;
    qn_buf_release(&line);
}

static void close_line(void)
{
    if (view.line)
        fputs("\n", stderr);
    view.line = false;
}

static void print_json(json_t *object)
{
    json_object_set_new(object, "time_us", json_integer((json_int_t)qn_wall_us()));
    char *text = qn_json_dump(object, JSON_COMPACT);
    if (text)
        fprintf(stderr, "%s\n", text);
    free(text);
    json_decref(object);
}

static void json_progress(const struct qn_progress *p)
{
    bool running = p->slowest_task != UINT64_MAX;
    print_json(json_pack("{s:s, s:s, s:s, s:I, s:I, s:f, s:f, s:f, s:f, s:i, s:I, s:I, s:f, s:I, "
                         "s:f, s:f}",
                         "event", "progress", "phase", p->phase, "unit", p->unit, "done",
                         (json_int_t)p->done, "total", (json_int_t)p->total, "fraction",
                         p->fraction, "rate", p->rate, "bytes_per_s", p->bytes_per_s, "eta_s",
                         p->eta_s, "workers", (int)p->workers, "failed", (json_int_t)p->failed,
                         "retries", (json_int_t)p->retries, "elapsed_s", p->elapsed_s,
                         "slowest_task", running ? (json_int_t)p->slowest_task : (json_int_t)-1,
                         "slowest_s", p->slowest_s, "silent_s", p->silent_s));
}

static void log_line(const struct qn_progress *p)
{
    struct qn_buf line = {0};
    compose(&line, p);
    if (!line.failed)
        fprintf(stderr, "quern: %s %s\n", p->phase, (const char *)line.data);
    qn_buf_release(&line);
}

static void on_progress(void *context, const struct qn_progress *p)
{
    (void)context;
    uint64_t now = qn_now_us();
    bool last = p->fraction >= 1 && view.shown_fraction < 1;
    if (strcmp(view.phase, p->phase) != 0) {
        close_line();
        snprintf(view.phase, sizeof view.phase, "%s", p->phase);
        view.start_us = now;
        view.shown_us = 0;
        view.shown_fraction = 0;
        last = false;
    }
    uint64_t since = now - view.shown_us;
    bool due = false;
    if (view.mode == CLI_BAR)
        due = now - view.start_us >= START_US && since >= REDRAW_US;
    else if (view.mode == CLI_LOG)
        due = now - view.start_us >= START_US * 10 &&
              (since >= LOG_US || p->fraction - view.shown_fraction >= LOG_PART);
    else if (view.mode == CLI_JSON)
        due = since >= 5 * REDRAW_US;
    bool began = view.shown_us > 0;
    if (!due && !(last && (began || view.mode == CLI_JSON)))
        return;
    view.shown_us = now;
    view.shown_fraction = p->fraction;
    if (view.mode == CLI_BAR)
        draw_bar(p);
    else if (view.mode == CLI_LOG)
        log_line(p);
    else if (view.mode == CLI_JSON)
        json_progress(p);
}

static void on_message(void *context, enum qn_message_level level, const char *text)
{
    (void)context;
    const char *name = level == QN_WARNING ? "warning" : "info";
    if (view.mode == CLI_JSON) {
        print_json(json_pack("{s:s, s:s, s:o}", "event", "message", "level", name, "text",
                             qn_json_text(text)));
        return;
    }
    if (view.mode == CLI_NONE && level == QN_INFO)
        return;
    if (view.line)
        fputs("\r\033[K", stderr);
    view.line = false;
    qn_terminal_print(stderr, "quern: %s%s\n", level == QN_WARNING ? "warning: " : "", text);
}

static void on_task(void *context, const char *what, uint64_t task, uint32_t attempt,
                    const char *class_name, uint64_t wall_us, const char *text)
{
    (void)context;
    if (view.mode != CLI_JSON)
        return;
    print_json(json_pack("{s:s, s:I, s:i, s:s, s:I, s:o}", "event", what, "task", (json_int_t)task,
                         "attempt", (int)attempt, "class", class_name, "wall_us",
                         (json_int_t)wall_us, "text", qn_json_text(text)));
}

const struct qn_observer *cli_observer(const char *mode)
{
    static const struct qn_observer observer = {
        .progress = on_progress, .message = on_message, .task = on_task};
    static const char *const names[] = {"auto", "bar", "log", "json", "none"};
    view.mode = CLI_AUTO;
    for (int i = 0; mode && i < 5; i++) {
        if (!strcmp(mode, names[i]))
            view.mode = (enum cli_progress_mode)i;
    }
    if (view.mode == CLI_AUTO) {
        bool foreground = isatty(STDERR_FILENO) && tcgetpgrp(STDERR_FILENO) == getpgrp();
        view.mode = foreground ? CLI_BAR : CLI_LOG;
    }
    return &observer;
}

void cli_observer_end(void)
{
    close_line();
    view.phase[0] = '\0';
}
