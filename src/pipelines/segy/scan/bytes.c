/* The trace headers byte by byte, each position under every type that a field there might have: to
 * find what lies where no standard says. See scan.h. */
#include "pipelines/segy/scan/scan.h"

#include "render/units.h"

#include <math.h>
#include <stdio.h>

/* What fits 9 columns: whole numbers as they are, others with 3 digits, of floats that are none
 * only a dash. */
static void put_value(struct qn_buf *out, const struct qn_position *at, double value, int width)
{
    if (at->strange || at->min > at->max)
        qn_buf_printf(out, " %*s", width, "-");
    else if (value == floor(value) && fabs(value) < 1e7)
        qn_buf_printf(out, " %*.0f", width, value);
    else
        qn_buf_printf(out, " %*.3g", width, value);
}

static void put_whole(struct qn_buf *out, const struct qn_position *at, int width)
{
    qn_buf_printf(out, " %*.0f %*.0f", width, at->min, width, at->max);
}

static void put_byte(const struct qn_positions *p, unsigned byte,
                     const struct qn_terminal *terminal, struct qn_buf *out)
{
    bool wide = byte + 3 <= p->bytes;
    enum qn_position_type type = wide ? QN_POSITION_INT32 : QN_POSITION_INT16;
    enum qn_behaviour how = qn_position_behaviour(p, byte, type);
    if (how == QN_BEHAVES_ZERO)
        return;
    qn_buf_printf(out, "  %4u", byte);
    put_whole(out, qn_position_at(p, byte, QN_POSITION_INT16), 6);
    qn_buf_printf(out, " %6.0f", qn_position_at(p, byte, QN_POSITION_UINT16)->max);
    if (wide) {
        const struct qn_position *ieee = qn_position_at(p, byte, QN_POSITION_IEEE32);
        const struct qn_position *ibm = qn_position_at(p, byte, QN_POSITION_IBM32);
        put_whole(out, qn_position_at(p, byte, QN_POSITION_INT32), 11);
        put_value(out, ieee, ieee->min, 9);
        put_value(out, ieee, ieee->max, 9);
        put_value(out, ibm, ibm->min, 9);
        put_value(out, ibm, ibm->max, 9);
    } else {
        qn_buf_printf(out, "%*s", 2 * 12 + 4 * 10, "");
    }
    qn_terminal_put(terminal, out, how == QN_BEHAVES_CONSTANT ? QN_STYLE_DIM : QN_STYLE_PLAIN,
                    " %s\n", qn_behaviour_name(how));
}

void qn_scan_bytes(const struct qn_scan *scan, const struct qn_terminal *terminal,
                   struct qn_buf *out)
{
    const struct qn_positions *p = &scan->positions;
    char count[QN_UNITS_TEXT], note[96];
    qn_scan_headline(scan, terminal, out);
    snprintf(note, sizeof note, "of %s traces; bytes that are 0 in all of them left out",
             qn_units_count(p->traces, count));
    qn_terminal_heading(terminal, out, "Header bytes", note);
    qn_terminal_put(terminal, out, QN_STYLE_DIM, "  %4s %13s %6s %23s %19s %19s\n", "byte", "int16",
                    "uint16", "int32", "ieee32", "ibm32");
    for (unsigned byte = 1; byte < p->bytes; byte++)
        put_byte(p, byte, terminal, out);
}
