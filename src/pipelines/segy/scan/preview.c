/* The preview of a scan: text headers, binary header, first traces, a small picture. See scan.h. */
#include "pipelines/segy/scan/scan.h"

#include "base/utf8.h"
#include "compute/samples.h"
#include "pipelines/segy/scan/fields.h"
#include "pipelines/segy/scan/section.h"
#include "pipelines/segy/scan/traces.h"

#include <stdio.h>
#include <string.h>

#define MOST_RECORDS  100u /* of extended text */
#define PICTURE_LINES 24
#define COLUMN        12 /* of a trace */
#define NAMES         28

struct previewing {
    struct qn_scan *scan;
    const struct qn_terminal *terminal;
    struct qn_buf *out;
    struct qn_error *err;
};

/* ---- text ----------------------------------------------------------------------------------- */

/* Lines of a record without the blank ones at its end. */
static void put_lines(struct previewing *p, const struct qn_buf *text)
{
    size_t len = text->len;
    while (len > 0 && text->data[len - 1] == '\n')
        len--;
    struct qn_buf clean = {0};
    qn_utf8_clean(&clean, (const char *)text->data, len);
    if (len == 0)
        qn_terminal_put(p->terminal, p->out, QN_STYLE_DIM, "  blank\n");
    for (size_t at = 0; at < clean.len;) {
        const uint8_t *end = memchr(clean.data + at, '\n', clean.len - at);
        size_t line = end ? (size_t)(end - clean.data) - at : clean.len - at;
        qn_buf_append(p->out, "  ", 2);
        qn_buf_append(p->out, clean.data + at, line);
        qn_buf_u8(p->out, '\n');
        at += line + 1;
    }
    p->out->failed |= clean.failed;
    qn_buf_release(&clean);
}

static enum qn_status put_record(struct previewing *p, uint64_t offset, const char *heading)
{
    static const char *const names[] = {[QN_SEGY_ASCII] = "ASCII", [QN_SEGY_EBCDIC] = "EBCDIC"};
    uint8_t record[QN_SEGY_TEXT_BYTES];
    struct qn_buf text = {0};
    enum qn_status status = qn_input_read(&p->scan->input, offset, record, sizeof record, p->err);
    if (status)
        return status;
    enum qn_segy_encoding encoding = qn_segy_layout_encoding(qn_scan_layout(p->scan), record);
    qn_segy_text_decode(record, encoding, &text);
    qn_terminal_heading(p->terminal, p->out, heading, names[encoding]);
    put_lines(p, &text);
    p->out->failed |= text.failed;
    qn_buf_release(&text);
    return QN_OK;
}

static enum qn_status put_texts(struct previewing *p)
{
    const struct qn_segy_layout *layout = qn_scan_layout(p->scan);
    uint64_t offset = layout->label_bytes;
    char heading[64];
    enum qn_status status = put_record(p, offset, "Text header");
    offset += QN_SEGY_REEL_BYTES;
    uint32_t count = layout->extended_text_count;
    for (uint32_t i = 0; i < count && i < MOST_RECORDS && !status; i++) {
        snprintf(heading, sizeof heading, "Extended text header %u of %u", i + 1, count);
        status = put_record(p, offset + (uint64_t)i * QN_SEGY_TEXT_BYTES, heading);
    }
    return status;
}

/* ---- binary header -------------------------------------------------------------------------- */

static void value_text(const struct qn_segy_value *value, char text[QN_SCAN_VALUE])
{
    switch (value->kind) {
    case QN_SEGY_VALUE_INT:
        snprintf(text, QN_SCAN_VALUE, "%lld", (long long)value->i);
        break;
    case QN_SEGY_VALUE_UINT:
        snprintf(text, QN_SCAN_VALUE, "%llu", (unsigned long long)value->u);
        break;
    case QN_SEGY_VALUE_REAL:
        qn_scan_value(value->real, text);
        break;
    default:
        snprintf(text, QN_SCAN_VALUE, "%s", value->text);
    }
}

static bool is_set(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i])
            return true;
    return false;
}

static enum qn_status put_binary(struct previewing *p)
{
    const struct qn_segy_layout *layout = qn_scan_layout(p->scan);
    uint8_t binary[QN_SEGY_BINARY_BYTES];
    char text[QN_SCAN_VALUE];
    enum qn_status status = qn_input_read(&p->scan->input, layout->label_bytes + QN_SEGY_TEXT_BYTES,
                                          binary, sizeof binary, p->err);
    if (status)
        return status;
    qn_terminal_heading(p->terminal, p->out, "Binary header", "fields that are not 0");
    for (const struct qn_segy_field *f = qn_segy_binary_fields; f->name; f++) {
        size_t bytes = qn_segy_type_info((enum qn_segy_type)f->type)->bytes;
        struct qn_segy_value value = qn_segy_get(f, layout->order, binary);
        if (!is_set(binary + f->byte - QN_SEGY_TEXT_BYTES - 1, bytes))
            continue;
        value_text(&value, text);
        qn_buf_printf(p->out, "  %4u  %-30s %14s  ", f->byte, f->name, text);
        qn_terminal_put(p->terminal, p->out, QN_STYLE_DIM, "%s\n", f->description);
    }
    return QN_OK;
}

/* ---- traces --------------------------------------------------------------------------------- */

static void put_field(struct previewing *p, const struct qn_scan_traces *traces,
                      const struct qn_segy_field *field, size_t first, size_t end)
{
    char text[QN_SCAN_VALUE];
    qn_buf_printf(p->out, "  %4u  %-*s", field->byte, NAMES - 8, field->name);
    for (size_t i = first; i < end; i++) {
        struct qn_segy_value value =
            qn_segy_get(field, qn_scan_layout(p->scan)->order, qn_scan_traces_header(traces, i));
        value_text(&value, text);
        qn_buf_printf(p->out, "%*s", COLUMN, text);
    }
    qn_buf_u8(p->out, '\n');
}

static bool is_set_anywhere(const struct qn_scan_traces *traces, const struct qn_segy_field *field)
{
    size_t bytes = qn_segy_type_info((enum qn_segy_type)field->type)->bytes;
    for (size_t i = 0; i < traces->count && field->byte - 1 + bytes <= traces->reach; i++)
        if (is_set(qn_scan_traces_header(traces, i) + field->byte - 1, bytes))
            return true;
    return false;
}

static void put_fields(struct previewing *p, const struct qn_scan_traces *traces, size_t first,
                       size_t end)
{
    bool su = qn_scan_layout(p->scan)->seismic_unix;
    const struct qn_segy_field *tables[] = {qn_segy_trace_fields,
                                            su ? qn_segy_unix_fields : qn_segy_extension_fields};
    for (size_t t = 0; t < 2; t++)
        for (const struct qn_segy_field *f = tables[t]; f->name; f++)
            if (is_set_anywhere(traces, f) && !(su && t == 0 && f->byte > 180))
                put_field(p, traces, f, first, end);
}

static void put_statistic(struct previewing *p, const struct qn_scan_traces *traces,
                          const char *name, double (*of)(const struct qn_stats *), size_t first,
                          size_t end)
{
    qn_terminal_put(p->terminal, p->out, QN_STYLE_DIM, "        %-*s", NAMES - 8, name);
    for (size_t i = first; i < end; i++)
        qn_buf_printf(p->out, "%*.5g", COLUMN, of(&traces->stats[i]));
    qn_buf_u8(p->out, '\n');
}

static double smallest(const struct qn_stats *stats)
{
    return stats->min;
}

static double largest(const struct qn_stats *stats)
{
    return stats->max;
}

static void put_samples(struct previewing *p, const struct qn_scan_traces *traces, size_t first,
                        size_t end)
{
    qn_terminal_put(p->terminal, p->out, QN_STYLE_DIM, "        %-*s", NAMES - 8, "samples");
    for (size_t i = first; i < end; i++)
        qn_buf_printf(p->out, "%*llu", COLUMN, (unsigned long long)traces->stats[i].count);
    qn_buf_u8(p->out, '\n');
    put_statistic(p, traces, "smallest", smallest, first, end);
    put_statistic(p, traces, "largest", largest, first, end);
    put_statistic(p, traces, "RMS", qn_stats_rms, first, end);
}

static enum qn_status put_traces(struct previewing *p, size_t count)
{
    struct qn_scan_traces traces;
    char note[64];
    size_t across = (p->terminal->columns - 2 - NAMES) / COLUMN;
    enum qn_status status = qn_scan_traces_read(p->scan, count, &traces, p->err);
    snprintf(note, sizeof note, "the first %zu; fields that are not 0", traces.count);
    if (!status)
        qn_terminal_heading(p->terminal, p->out, "Traces", note);
    for (size_t first = 0; first < traces.count && !status; first += across) {
        size_t end = first + across < traces.count ? first + across : traces.count;
        qn_terminal_put(p->terminal, p->out, QN_STYLE_DIM, "%s  byte  %-*s", first ? "\n" : "",
                        NAMES - 8, "trace");
        for (size_t i = first; i < end; i++)
            qn_terminal_put(p->terminal, p->out, QN_STYLE_BOLD, "%*zu", COLUMN, i);
        qn_buf_u8(p->out, '\n');
        put_fields(p, &traces, first, end);
        put_samples(p, &traces, first, end);
    }
    qn_scan_traces_release(&traces);
    return status;
}

/* ---- picture -------------------------------------------------------------------------------- */

static enum qn_status put_picture(struct previewing *p)
{
    struct qn_scan_section section;
    char note[128];
    enum qn_status status = qn_scan_section_read(p->scan, &section, p->err);
    if (!status) {
        struct qn_terminal_section drawn = {.amplitudes = section.amplitudes,
                                            .traces = section.traces,
                                            .samples = section.samples,
                                            .first_time = section.first_time,
                                            .interval = section.interval};
        snprintf(note, sizeof note, "traces %llu to %llu across, %s down",
                 (unsigned long long)section.first_trace,
                 (unsigned long long)(section.first_trace + section.traces - 1),
                 section.timed ? "time in ms" : "samples");
        qn_terminal_heading(p->terminal, p->out, "Picture", note);
        qn_terminal_draw(p->terminal, p->out, &drawn, PICTURE_LINES);
    }
    qn_scan_section_release(&section);
    return status;
}

enum qn_status qn_scan_preview(struct qn_scan *scan, size_t traces,
                               const struct qn_terminal *terminal, struct qn_buf *out,
                               struct qn_error *err)
{
    struct previewing p = {scan, terminal, out, err};
    enum qn_status status = QN_OK;
    qn_scan_headline(scan, terminal, out);
    if (!qn_scan_layout(scan)->seismic_unix) {
        status = put_texts(&p);
        if (!status)
            status = put_binary(&p);
    }
    if (!status)
        status = put_traces(&p, traces);
    return status ? status : put_picture(&p);
}
