/* Several files at a glance: a line for each, then what contradicts itself in them. See scan.h. */
#include "pipelines/segy/scan/table.h"

#include "render/units.h"

#include <stdio.h>
#include <string.h>

#define NAME 30

void qn_scan_table_head(const struct qn_terminal *terminal, struct qn_buf *out)
{
    qn_terminal_put(terminal, out, QN_STYLE_DIM, "%-*s %9s %11s %7s %9s  %-8s %-6s %6s\n", NAME,
                    "file", "size", "traces", "samples", "interval", "format", "order", "points");
}

static void put_name(struct qn_buf *out, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t width = qn_terminal_width(name);
    const char *from = name;
    /* The end of a long name tells it from the others. */
    for (; width > NAME - 1; width--)
        do
            from++;
        while (((unsigned char)*from & 0xC0) == 0x80);
    if (from != name)
        qn_buf_u8(out, '~');
    qn_terminal_pad(out, from, from != name ? NAME - 1 : NAME);
}

void qn_scan_table_row(const struct qn_scan *scan, const struct qn_terminal *terminal,
                       struct qn_buf *out)
{
    const struct qn_segy_layout *layout = qn_scan_layout(scan);
    char size[QN_UNITS_TEXT], traces[QN_UNITS_TEXT], samples[24], interval[32];
    put_name(out, scan->path);
    if (scan->traces)
        qn_units_count(scan->traces, traces);
    else
        snprintf(traces, sizeof traces, "> %zu", scan->sample.count);
    if (layout->variable)
        snprintf(samples, sizeof samples, "varies");
    else
        snprintf(samples, sizeof samples, "%u", layout->samples);
    snprintf(interval, sizeof interval, "%.6g ms", layout->interval_us / 1000);
    qn_buf_printf(out, " %9s %11s %7s %9s  %-8s %-6s ", qn_units_bytes(scan->input.size, size),
                  traces, samples, interval, qn_segy_format_by_code(layout->format)->name,
                  layout->order == QN_BIG_ENDIAN ? "big" : "little");
    qn_terminal_put(terminal, out, scan->refusal ? QN_STYLE_BAD : QN_STYLE_PLAIN, "%6d%s\n",
                    scan->decision.chosen.score, scan->refusal ? "  refused" : "");
}

/* ---- contradictions ------------------------------------------------------------------------- */

void qn_scan_digest_add(struct qn_scan_digest *digest, const struct qn_scan *scan)
{
    const struct qn_segy_decision *d = &scan->decision;
    const char *slash = strrchr(scan->path, '/');
    for (size_t i = 0; i < d->contradiction_count; i++) {
        const char *text = d->contradictions[i].text;
        size_t at = 0;
        while (at < digest->count && strcmp(digest->at[at].text, text) != 0)
            at++;
        if (at == QN_SCAN_DIGEST)
            continue;
        if (at == digest->count) {
            snprintf(digest->at[at].text, sizeof digest->at[at].text, "%s", text);
            digest->at[at].example = slash ? slash + 1 : scan->path;
            digest->count++;
        }
        digest->at[at].files++;
    }
}

void qn_scan_digest_tell(const struct qn_scan_digest *digest, const struct qn_terminal *terminal,
                         struct qn_buf *out)
{
    char line[512];
    qn_terminal_heading(terminal, out, "Contradictions",
                        digest->count ? NULL : "none: all headers agree");
    for (size_t i = 0; i < digest->count; i++) {
        if (digest->at[i].files == 1)
            snprintf(line, sizeof line, "%s: %s", digest->at[i].example, digest->at[i].text);
        else
            snprintf(line, sizeof line, "%zu files: %s", digest->at[i].files, digest->at[i].text);
        qn_terminal_put(terminal, out, QN_STYLE_BAD, "  %s ",
                        terminal->utf8 ? "\xE2\x9C\x97" : "x");
        qn_terminal_wrap(terminal, out, QN_STYLE_PLAIN, 4, 4, line);
    }
}
