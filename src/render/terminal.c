/* Text for a terminal: see terminal.h. */
#include "render/terminal.h"

#include "base/sys.h"
#include "base/utf8.h"
#include "render/amplitude.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NARROWEST    80
#define WIDEST       100
#define WHAT         18 /* columns of what is told */
#define WIDE_VALUE   33 /* of its value */
#define NARROW_VALUE 26
#define LABELS       9 /* columns of time labels beside a picture */

void qn_terminal_print(FILE *stream, const char *format, ...)
{
    struct qn_buf clean = {0};
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = len < 0 ? NULL : qn_sys.malloc((size_t)len + 1);
    if (text) {
        va_start(arguments, format);
        vsnprintf(text, (size_t)len + 1, format, arguments);
        va_end(arguments);
        qn_utf8_clean(&clean, text, (size_t)len);
    }
    if (text && !clean.failed)
        fwrite(clean.data, 1, clean.len, stream);
    else
        fputs("(out of memory for a message)\n", stream);
    qn_buf_release(&clean);
    free(text);
}

static bool speaks_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < 3; i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return strstr(value, "UTF-8") || strstr(value, "utf8") || strstr(value, "UTF8");
    }
    return false;
}

struct qn_terminal qn_terminal_of(int fd)
{
    struct winsize size;
    struct qn_terminal terminal = {.columns = WIDEST, .utf8 = true};
    const char *no_colour = getenv("NO_COLOR"), *kind = getenv("TERM");
    if (!isatty(fd))
        return terminal;
    terminal.utf8 = speaks_utf8();
    terminal.colour = !(no_colour && *no_colour) && kind && strcmp(kind, "dumb") != 0;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        terminal.columns = size.ws_col < NARROWEST ? NARROWEST
                           : size.ws_col > WIDEST  ? WIDEST
                                                   : size.ws_col;
    return terminal;
}

static const char *escape(enum qn_style style)
{
    static const char *const codes[] = {[QN_STYLE_PLAIN] = "",
                                        [QN_STYLE_BOLD] = "\033[1m",
                                        [QN_STYLE_DIM] = "\033[2m",
                                        [QN_STYLE_GOOD] = "\033[32m",
                                        [QN_STYLE_BAD] = "\033[31m"};
    return codes[style];
}

static void begin(const struct qn_terminal *terminal, struct qn_buf *out, enum qn_style style)
{
    if (terminal->colour)
        qn_buf_append(out, escape(style), strlen(escape(style)));
}

static void end(const struct qn_terminal *terminal, struct qn_buf *out, enum qn_style style)
{
    if (terminal->colour && style != QN_STYLE_PLAIN)
        qn_buf_append(out, "\033[0m", 4);
}

void qn_terminal_put(const struct qn_terminal *terminal, struct qn_buf *out, enum qn_style style,
                     const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    begin(terminal, out, style);
    qn_utf8_clean(out, text, sizeof text);
    end(terminal, out, style);
}

void qn_terminal_heading(const struct qn_terminal *terminal, struct qn_buf *out,
                         const char *heading, const char *note)
{
    qn_buf_u8(out, '\n');
    qn_terminal_put(terminal, out, QN_STYLE_BOLD, "%s", heading);
    if (note)
        qn_terminal_put(terminal, out, QN_STYLE_DIM, "  %s", note);
    qn_buf_u8(out, '\n');
}

size_t qn_terminal_width(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

void qn_terminal_pad(struct qn_buf *out, const char *text, size_t width)
{
    qn_utf8_clean(out, text, strlen(text));
    for (size_t used = qn_terminal_width(text); used < width; used++)
        qn_buf_u8(out, ' ');
}

void qn_terminal_wrap(const struct qn_terminal *terminal, struct qn_buf *out, enum qn_style style,
                      size_t at, size_t indent, const char *text)
{
    begin(terminal, out, style);
    bool first = true;
    while (*text) {
        size_t len = strcspn(text, " ");
        size_t width = 0;
        for (size_t i = 0; i < len; i++)
            width += ((unsigned char)text[i] & 0xC0) != 0x80;
        if (!first && at + 1 + width > terminal->columns) {
            end(terminal, out, style);
            qn_buf_u8(out, '\n');
            for (at = 0; at < indent; at++)
                qn_buf_u8(out, ' ');
            begin(terminal, out, style);
        } else if (!first) {
            qn_buf_u8(out, ' ');
            at++;
        }
        qn_utf8_clean(out, text, len);
        at += width;
        text += len;
        text += strspn(text, " ");
        first = false;
    }
    end(terminal, out, style);
    qn_buf_u8(out, '\n');
}

void qn_terminal_tell(const struct qn_terminal *terminal, struct qn_buf *out, const char *what,
                      const char *value, const char *why)
{
    size_t room = terminal->columns < 96 ? NARROW_VALUE : WIDE_VALUE;
    size_t at = 2 + WHAT + room;
    qn_buf_append(out, "  ", 2);
    qn_terminal_pad(out, what, WHAT);
    if (!why || !*why) {
        qn_terminal_wrap(terminal, out, QN_STYLE_BOLD, 2 + WHAT, 2 + WHAT, value);
        return;
    }
    qn_terminal_put(terminal, out, QN_STYLE_BOLD, "%s", value);
    if (qn_terminal_width(value) < room) {
        qn_terminal_pad(out, "", room - qn_terminal_width(value));
    } else {
        qn_buf_u8(out, '\n');
        qn_terminal_pad(out, "", at);
    }
    qn_terminal_wrap(terminal, out, QN_STYLE_DIM, at, at, why);
}

void qn_terminal_bar(const struct qn_terminal *terminal, struct qn_buf *out, double part,
                     size_t pad, size_t width)
{
    size_t full = part <= 0 ? 0 : part >= 1 ? width : (size_t)(part * (double)width + 0.5);
    begin(terminal, out, QN_STYLE_GOOD);
    for (size_t i = 0; i < full; i++)
        qn_buf_append(out, terminal->utf8 ? "\xE2\x96\x88" : "#", terminal->utf8 ? 3 : 1);
    end(terminal, out, QN_STYLE_GOOD);
    for (size_t i = full; i < pad; i++)
        qn_buf_u8(out, ' ');
}

/* ---- pictures ------------------------------------------------------------------------------- */

/* The value of largest magnitude in a cell of the picture; NaN where all are missing. */
static float cell(const struct qn_terminal_section *s, size_t columns, size_t rows, size_t column,
                  size_t row)
{
    size_t t0 = column * s->traces / columns, t1 = (column + 1) * s->traces / columns;
    size_t r0 = row * s->samples / rows, r1 = (row + 1) * s->samples / rows;
    float best = NAN;
    for (size_t t = t0; t < t1 || t == t0; t++)
        for (size_t r = r0; r < r1 || r == r0; r++) {
            float value = s->amplitudes[t * s->samples + r];
            if (isnan(best) || fabsf(value) > fabsf(best))
                best = value;
        }
    return best;
}

static uint32_t colour_of(float value, double clip)
{
    return isnan(value) ? QN_COLOUR_MISSING : qn_colour_at(qn_colour_step((double)value, clip));
}

/* Upper half in the foreground's colour, lower half in the background's. */
static void put_halves(struct qn_buf *out, uint32_t upper, uint32_t lower)
{
    qn_buf_printf(out, "\033[38;2;%u;%u;%u;48;2;%u;%u;%um\xE2\x96\x80", upper >> 16,
                  upper >> 8 & 0xFF, upper & 0xFF, lower >> 16, lower >> 8 & 0xFF, lower & 0xFF);
}

static char shade_of(float value, double clip)
{
    static const char shades[] = " .:-=+*#%@";
    if (isnan(value))
        return '?';
    double part = fabs((double)value) / clip;
    return shades[part >= 1 ? 9 : (int)(part * 10)];
}

static void put_label(struct qn_buf *out, const struct qn_terminal_section *s, size_t row,
                      size_t rows, bool labelled)
{
    size_t sample = row * s->samples / rows;
    double time = s->first_time + s->interval * (double)sample;
    if (labelled)
        qn_buf_printf(out, "%*.6g ", LABELS - 1, time);
    else
        qn_buf_printf(out, "%*s", LABELS, "");
}

/* All cells of the picture, row by row; NULL without memory. */
static float *cells_of(const struct qn_terminal_section *s, size_t columns, size_t rows)
{
    float *cells = qn_sys.malloc((columns * rows + 1) * sizeof *cells);
    for (size_t row = 0; row < rows && cells; row++)
        for (size_t column = 0; column < columns; column++)
            cells[row * columns + column] = cell(s, columns, rows, column, row);
    return cells;
}

void qn_terminal_draw(const struct qn_terminal *terminal, struct qn_buf *out,
                      const struct qn_terminal_section *s, size_t height)
{
    bool halves = terminal->colour && terminal->utf8;
    size_t room = terminal->columns - LABELS - 1;
    /* Few traces are drawn wide, but never finer than they are. */
    size_t columns = s->traces >= room ? room : s->traces * (room / s->traces);
    size_t lines = s->samples < height ? s->samples : height;
    size_t rows = halves ? 2 * lines : lines;
    float *cells = cells_of(s, columns, rows);
    out->failed |= !cells;
    double clip = cells ? qn_amplitude_clip(cells, columns * rows) : 1;
    for (size_t line = 0; line < lines && cells; line++) {
        const float *row = cells + (halves ? 2 * line : line) * columns;
        put_label(out, s, halves ? 2 * line : line, rows, line % 4 == 0);
        for (size_t c = 0; c < columns; c++)
            if (halves)
                put_halves(out, colour_of(row[c], clip), colour_of(row[columns + c], clip));
            else
                qn_buf_u8(out, (uint8_t)shade_of(row[c], clip));
        qn_buf_printf(out, "%s\n", halves ? "\033[0m" : "");
    }
    free(cells);
}
