/* A small builder of HTML reports: one self-contained file, no scripts, readable on screens light
 * and dark and on paper. Used for report.html and for the sections that pipelines add to it.
 *
 * Everything is appended to a struct qn_buf, whose `failed` the caller checks once at the end.
 * All text is escaped, so that names and messages from input files may go in as they are: bytes
 * that are not UTF-8 and control characters become U+FFFD.
 */
#ifndef QN_RENDER_HTML_H
#define QN_RENDER_HTML_H

#include "base/buf.h"

/* A whole document: begin with its head, style sheet and first heading; end. */
void qn_html_begin(struct qn_buf *html, const char *title);
void qn_html_end(struct qn_buf *html);

/* level 2 for a section, 3 for a part of it. */
void qn_html_heading(struct qn_buf *html, int level, const char *text);
void qn_html_paragraph(struct qn_buf *html, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Text set as typed: commands, messages of a program. */
void qn_html_code(struct qn_buf *html, const char *text);

/* A table: begin, rows, end. `cells` has as many texts as there are columns; NULL is an empty
 * cell. */
enum qn_html_align { QN_HTML_LEFT, QN_HTML_RIGHT, QN_HTML_CODE };

struct qn_html_column {
    const char *name;
    enum qn_html_align align;
};

void qn_html_table_begin(struct qn_buf *html, const struct qn_html_column *columns, size_t count);
void qn_html_row(struct qn_buf *html, const struct qn_html_column *columns, size_t count,
                 const char *const *cells);
void qn_html_table_end(struct qn_buf *html);

/* Names and values, one pair a line: begin, facts, end. */
void qn_html_facts_begin(struct qn_buf *html);
void qn_html_fact(struct qn_buf *html, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void qn_html_facts_end(struct qn_buf *html);

/* An image inside the document (a data: URI). `type` is "image/png"; `alt` says what it shows to
 * those who cannot see it; `caption` may be NULL. */
void qn_html_image(struct qn_buf *html, const char *type, const void *bytes, size_t len,
                   const char *alt, const char *caption);

/* Escaped text without an element around it, and HTML as it is. */
void qn_html_text(struct qn_buf *html, const char *text);
void qn_html_raw(struct qn_buf *html, const char *markup);

/* Takes the document or section out of the buffer as NUL-terminated text made with malloc, as
 * struct qn_pipeline's `report` returns it; NULL when out of memory. The buffer is left empty. */
char *qn_html_take(struct qn_buf *html);

#endif
