/* Text for a terminal: headings, tables and small pictures of characters, into a buffer. Colours
 * only where somebody looks at a terminal and NO_COLOR is not set; plain text everywhere else, the
 * same on every machine. */
#ifndef QN_RENDER_TERMINAL_H
#define QN_RENDER_TERMINAL_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct qn_terminal {
    unsigned columns; /* 80 to 100: wider lines are hard to read */
    bool colour;      /* escape sequences for colours */
    bool utf8;        /* else ASCII only */
};

/* printf for people: control characters and ill-formed UTF-8, which names and texts of inputs may
 * bring along, are replaced by U+FFFD, so that no input can command the terminal. */
void qn_terminal_print(FILE *stream, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What file descriptor `fd` shows text on. Not a terminal: 100 columns, no colour, UTF-8. */
struct qn_terminal qn_terminal_of(int fd);

enum qn_style { QN_STYLE_PLAIN, QN_STYLE_BOLD, QN_STYLE_DIM, QN_STYLE_GOOD, QN_STYLE_BAD };

/* Appends text in a style; printf-style. */
void qn_terminal_put(const struct qn_terminal *terminal, struct qn_buf *out, enum qn_style style,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A blank line and a heading; `note`, if not NULL, stands behind it. */
void qn_terminal_heading(const struct qn_terminal *terminal, struct qn_buf *out,
                         const char *heading, const char *note);

/* Columns that UTF-8 text takes, each character as one. */
size_t qn_terminal_width(const char *text);

/* Appends `text`, padded with blanks to `width` columns. */
void qn_terminal_pad(struct qn_buf *out, const char *text, size_t width);

/* Appends `text` broken between words so that no line is longer than the terminal. The first line
 * begins at column `at`, where the cursor stands; others are indented to `indent`. Ends with a line
 * feed. */
void qn_terminal_wrap(const struct qn_terminal *terminal, struct qn_buf *out, enum qn_style style,
                      size_t at, size_t indent, const char *text);

/* "  byte order        big-endian                  only so are ...": what, its value, and why or
 * what else there is to say (NULL: nothing), which goes to a line of its own where the value leaves
 * it no room. */
void qn_terminal_tell(const struct qn_terminal *terminal, struct qn_buf *out, const char *what,
                      const char *value, const char *why);

/* A bar that is `width` columns long at `part` 1, empty at 0 and below, padded to `pad` columns. */
void qn_terminal_bar(const struct qn_terminal *terminal, struct qn_buf *out, double part,
                     size_t pad, size_t width);

/* Amplitudes as characters: with colour two rows to a line in the colours of section pictures, else
 * one of ten characters by magnitude. Column c is the `samples` values from amplitudes[c *
 * samples]. At most `width` columns and `height` lines; where there are more traces or samples,
 * the value of largest magnitude stands for those that share a character. Every fourth line starts
 * with its time. */
struct qn_terminal_section {
    const float *amplitudes;
    size_t traces, samples;
    double first_time, interval; /* of sample 0, and between samples */
};
void qn_terminal_draw(const struct qn_terminal *terminal, struct qn_buf *out,
                      const struct qn_terminal_section *section, size_t height);

#endif
