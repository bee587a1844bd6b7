/* HTML text put together: see html.h. */
#include "render/html.h"

#include "base/sys.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* System fonts; colours by variables, so that dark screens and paper change them in one place. */
static const char style[] =
    ":root{color-scheme:light dark;--ink:#1c2024;--dim:#5a6470;--line:#d5dae0;--shade:#f3f5f7;"
    "--page:#fff;--link:#1a56a8}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e4e7ea;--dim:#9aa4af;--line:#3a4149;"
    "--shade:#22272c;--page:#16191c;--link:#86b4f0}}\n"
    "body{font:16px/1.5 system-ui,-apple-system,\"Segoe UI\",\"DejaVu Sans\",sans-serif;"
    "color:var(--ink);background:var(--page);margin:0}\n"
    "main{max-width:75rem;margin:0 auto;padding:1.5rem}\n"
    "h1{font-size:1.6rem;margin:0 0 .5rem;overflow-wrap:anywhere}"
    "h2{font-size:1.2rem;margin:2.2rem 0 .6rem;border-bottom:1px solid var(--line)}"
    "h3{font-size:1rem;margin:1.4rem 0 .4rem}p{max-width:50rem;margin:.5rem 0}\n"
    "a{color:var(--link)}.wide{overflow-x:auto}\n"
    "table{border-collapse:collapse;font-size:.9rem}"
    "th,td{padding:.25rem .8rem .25rem 0;border-bottom:1px solid var(--line);text-align:left;"
    "vertical-align:top;overflow-wrap:anywhere}th{color:var(--dim);font-weight:600}"
    ".r{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\n"
    "dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.2rem 1.2rem;"
    "font-size:.95rem}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}\n"
    "code,pre{font-family:ui-monospace,\"DejaVu Sans Mono\",monospace;font-size:.85rem}"
    "pre{background:var(--shade);padding:.6rem .8rem;border-radius:4px;margin:.5rem 0;"
    "white-space:pre-wrap;overflow-wrap:anywhere}\n"
    "figure{margin:1rem 0}img{max-width:100%;height:auto;background:#fff}"
    "figcaption{color:var(--dim);font-size:.9rem}\n"
    "@media print{:root{--ink:#000;--dim:#444;--line:#bbb;--shade:#f3f3f3;--page:#fff}"
    "main{max-width:none;padding:0}tr,figure,pre{break-inside:avoid}h2,h3{break-after:avoid}}\n";

/* ---- text ----------------------------------------------------------------------------------- */

void qn_html_raw(struct qn_buf *html, const char *markup)
{
    qn_buf_append(html, markup, strlen(markup));
}

static const char *entity_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void qn_html_text(struct qn_buf *html, const char *text)
{
    size_t len = strlen(text);
    for (size_t at = 0; at < len;) {
        size_t length = qn_utf8_length(text + at, len - at);
        const char *entity = length == 1 ? entity_of(text[at]) : NULL;
        if (entity)
            qn_html_raw(html, entity);
        else if (length > 0)
            qn_buf_append(html, text + at, length);
        else
            qn_html_raw(html, "\ufffd");
        at += length ? length : 1;
    }
}

static void element(struct qn_buf *html, const char *open, const char *text, const char *close)
{
    qn_html_raw(html, open);
    qn_html_text(html, text);
    qn_html_raw(html, close);
}

/* Escapes a formatted text into `html`. */
static void formatted(struct qn_buf *html, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    char *text = len < 0 ? NULL : qn_sys.malloc((size_t)len + 1);
    if (text) {
        vsnprintf(text, (size_t)len + 1, format, again);
        qn_html_text(html, text);
    } else {
        html->failed = true;
    }
    va_end(again);
    free(text);
}

/* ---- document ------------------------------------------------------------------------------- */

void qn_html_begin(struct qn_buf *html, const char *title)
{
    qn_html_raw(html, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width\">\n");
    element(html, "<title>", title, "</title>\n<style>\n");
    qn_html_raw(html, style);
    element(html, "</style>\n</head>\n<body>\n<main>\n<h1>", title, "</h1>\n");
}

void qn_html_end(struct qn_buf *html)
{
    qn_html_raw(html, "</main>\n</body>\n</html>\n");
}

void qn_html_heading(struct qn_buf *html, int level, const char *text)
{
    qn_buf_printf(html, "<h%d>", level);
    qn_html_text(html, text);
    qn_buf_printf(html, "</h%d>\n", level);
}

void qn_html_paragraph(struct qn_buf *html, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    qn_html_raw(html, "<p>");
    formatted(html, format, args);
    qn_html_raw(html, "</p>\n");
    va_end(args);
}

void qn_html_code(struct qn_buf *html, const char *text)
{
    element(html, "<pre><code>", text, "</code></pre>\n");
}

/* ---- tables --------------------------------------------------------------------------------- */

static const char *const cell_open[] = {
    [QN_HTML_LEFT] = "<td>", [QN_HTML_RIGHT] = "<td class=\"r\">", [QN_HTML_CODE] = "<td><code>"};
static const char *const cell_close[] = {
    [QN_HTML_LEFT] = "</td>", [QN_HTML_RIGHT] = "</td>", [QN_HTML_CODE] = "</code></td>"};

void qn_html_table_begin(struct qn_buf *html, const struct qn_html_column *columns, size_t count)
{
    qn_html_raw(html, "<div class=\"wide\"><table>\n<thead><tr>");
    for (size_t i = 0; i < count; i++)
        element(html,
                columns[i].align == QN_HTML_RIGHT ? "<th class=\"r\" scope=\"col\">"
                                                  : "<th scope=\"col\">",
                columns[i].name, "</th>");
    qn_html_raw(html, "</tr></thead>\n<tbody>\n");
}

void qn_html_row(struct qn_buf *html, const struct qn_html_column *columns, size_t count,
                 const char *const *cells)
{
    qn_html_raw(html, "<tr>");
    for (size_t i = 0; i < count; i++)
        element(html, cell_open[columns[i].align], cells[i] ? cells[i] : "",
                cell_close[columns[i].align]);
    qn_html_raw(html, "</tr>\n");
}

void qn_html_table_end(struct qn_buf *html)
{
    qn_html_raw(html, "</tbody>\n</table></div>\n");
}

void qn_html_facts_begin(struct qn_buf *html)
{
    qn_html_raw(html, "<dl>\n");
}

void qn_html_fact(struct qn_buf *html, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    element(html, "<dt>", name, "</dt><dd>");
    formatted(html, format, args);
    qn_html_raw(html, "</dd>\n");
    va_end(args);
}

void qn_html_facts_end(struct qn_buf *html)
{
    qn_html_raw(html, "</dl>\n");
}

/* ---- images --------------------------------------------------------------------------------- */

/* Base64 of RFC 4648 section 4, with padding, without line ends. */
static void put_base64(struct qn_buf *html, const void *bytes, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *from = bytes;
    for (size_t at = 0; at < len; at += 3) {
        size_t n = len - at < 3 ? len - at : 3;
        uint32_t group = (uint32_t)from[at] << 16;
        group |= n > 1 ? (uint32_t)from[at + 1] << 8 : 0;
        group |= n > 2 ? from[at + 2] : 0;
        char four[4] = {digits[group >> 18], digits[group >> 12 & 63], digits[group >> 6 & 63],
                        digits[group & 63]};
        memset(four + 1 + n, '=', 3 - n);
        qn_buf_append(html, four, sizeof four);
    }
}

void qn_html_image(struct qn_buf *html, const char *type, const void *bytes, size_t len,
                   const char *alt, const char *caption)
{
    element(html, "<figure><img alt=\"", alt, "\" src=\"data:");
    element(html, "", type, ";base64,");
    put_base64(html, bytes, len);
    qn_html_raw(html, "\">\n");
    if (caption)
        element(html, "<figcaption>", caption, "</figcaption>");
    qn_html_raw(html, "</figure>\n");
}

char *qn_html_take(struct qn_buf *html)
{
    qn_buf_u8(html, '\0');
    if (html->failed)
        qn_buf_release(html);
    char *text = (char *)html->data;
    *html = (struct qn_buf){0};
    return text;
}
