/* What a scan found, for people: decision, evidence, contradictions, trace headers, guesses and the
 * command that imports the file. See scan.h. */
#include "pipelines/segy/scan/scan.h"

#include "pipelines/segy/scan/fields.h"
#include "render/units.h"

#include <stdio.h>
#include <string.h>

#define MOST_POINTS 22 /* that one kind of evidence gives */

struct reporting {
    const struct qn_scan *scan;
    const struct qn_terminal *terminal;
    struct qn_buf *out;
};

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void tell(struct reporting *r, const char *what, const char *value, const char *why)
{
    qn_terminal_tell(r->terminal, r->out, what, value, why);
}

static bool is_narrow(const struct qn_terminal *terminal)
{
    return terminal->columns < 96;
}

/* ---- headline ------------------------------------------------------------------------------- */

static void put_shape(const struct qn_scan *scan, struct qn_buf *text)
{
    const struct qn_segy_layout *layout = qn_scan_layout(scan);
    const struct qn_scan_sample *sample = &scan->sample;
    char number[QN_UNITS_TEXT];
    uint32_t shortest = scan->looked_at_all ? scan->all.shortest : sample->shortest;
    uint32_t longest = scan->looked_at_all ? scan->all.longest : sample->longest;
    if (scan->traces)
        qn_buf_printf(text, "%s trace%s", qn_units_count(scan->traces, number),
                      scan->traces == 1 ? "" : "s");
    else
        qn_buf_printf(text, "more than %s traces", qn_units_count(sample->count, number));
    if (!layout->variable)
        qn_buf_printf(text, " of %u sample%s", layout->samples, layout->samples == 1 ? "" : "s");
    else
        qn_buf_printf(text, " of %u to %u samples", shortest, longest);
    if (layout->interval_us > 0)
        qn_buf_printf(text, " every %.6g ms", layout->interval_us / 1000);
}

void qn_scan_headline(const struct qn_scan *scan, const struct qn_terminal *terminal,
                      struct qn_buf *out)
{
    const struct qn_segy_layout *layout = qn_scan_layout(scan);
    const struct qn_segy_format *format = qn_segy_format_by_code(layout->format);
    struct qn_buf line = {0};
    char size[QN_UNITS_TEXT];
    qn_terminal_put(terminal, out, QN_STYLE_BOLD, "%s\n", name_of(scan->path));
    qn_buf_printf(&line, "%s, ", qn_units_bytes(scan->input.size, size));
    put_shape(scan, &line);
    qn_buf_printf(&line, ", %s, %s-endian, ", format->name,
                  layout->order == QN_BIG_ENDIAN ? "big" : "little");
    if (layout->seismic_unix)
        qn_buf_printf(&line, "Seismic Unix");
    else
        qn_buf_printf(&line, "SEG-Y revision %u.%u", layout->revision_major,
                      layout->revision_minor);
    qn_buf_u8(&line, '\0');
    qn_buf_append(out, "  ", 2);
    if (!line.failed)
        qn_terminal_wrap(terminal, out, QN_STYLE_PLAIN, 2, 2, (const char *)line.data);
    out->failed |= line.failed;
    qn_buf_release(&line);
}

/* ---- decision ------------------------------------------------------------------------------- */

static void tell_decision(struct reporting *r)
{
    const struct qn_segy_decision *d = &r->scan->decision;
    qn_terminal_heading(r->terminal, r->out, "How it is read", NULL);
    for (size_t i = 0; i < d->decided_count; i++)
        tell(r, d->decided[i].what, d->decided[i].value, d->decided[i].why);
}

/* On a narrow terminal the second best stands where the bar would be. */
static void tell_points(struct reporting *r, int i, const struct qn_segy_decision *d)
{
    const struct qn_segy_evidence_info *info = &qn_segy_evidence[i];
    int points = d->chosen.points[i];
    bool differs = d->has_runner_up && d->runner_up.points[i] != points;
    char text[24];
    qn_buf_append(r->out, "  ", 2);
    qn_terminal_pad(r->out, info->says, 50);
    snprintf(text, sizeof text, "%+d of %d", points, info->most);
    qn_terminal_put(r->terminal, r->out, points < 0 ? QN_STYLE_BAD : QN_STYLE_PLAIN, "%10s", text);
    if (differs ? !is_narrow(r->terminal) : points > 0) {
        qn_buf_append(r->out, "  ", 2);
        qn_terminal_bar(r->terminal, r->out, (double)points / MOST_POINTS,
                        differs ? MOST_POINTS / 2 : 0, MOST_POINTS / 2);
    }
    if (differs)
        qn_terminal_put(r->terminal, r->out, QN_STYLE_DIM, "  second best %+d",
                        d->runner_up.points[i]);
    qn_buf_u8(r->out, '\n');
}

static const char *without_underscores(char *text)
{
    for (char *c = text; *c; c++)
        *c = *c == '_' ? ' ' : *c;
    return text;
}

static void tell_evidence(struct reporting *r)
{
    const struct qn_segy_decision *d = &r->scan->decision;
    char note[160], silent[600] = "", other[QN_SEGY_HYPOTHESIS_TEXT];
    size_t len = 0;
    snprintf(note, sizeof note, "%d of 100 points; %u ways to read the file, %u reads of it",
             d->chosen.score, d->hypotheses, d->reads);
    qn_terminal_heading(r->terminal, r->out, "Evidence", note);
    for (int i = 0; i < QN_SEGY_EVIDENCE_COUNT; i++)
        if (d->chosen.points[i] || (d->has_runner_up && d->runner_up.points[i]))
            tell_points(r, i, d);
        else if (len < sizeof silent - 60)
            len += (size_t)snprintf(silent + len, sizeof silent - len, "%s%s", len ? ", " : "",
                                    qn_segy_evidence[i].name);
    if (d->has_runner_up) {
        qn_segy_describe(&d->runner_up, other);
        snprintf(note, sizeof note, "%d points", d->runner_up.score);
        tell(r, "second best", note, other);
    }
    if (len)
        tell(r, "not judged", "nothing to go by", without_underscores(silent));
}

static void tell_contradictions(struct reporting *r)
{
    const struct qn_segy_decision *d = &r->scan->decision;
    qn_terminal_heading(r->terminal, r->out, "Contradictions",
                        d->contradiction_count ? NULL : "none: all headers agree");
    for (size_t i = 0; i < d->contradiction_count; i++) {
        qn_terminal_put(r->terminal, r->out, QN_STYLE_BAD, "  %s ",
                        r->terminal->utf8 ? "\xE2\x9C\x97" : "x");
        qn_terminal_wrap(r->terminal, r->out, QN_STYLE_PLAIN, 4, 4, d->contradictions[i].text);
    }
}

/* ---- traces --------------------------------------------------------------------------------- */

/* A narrow terminal has no room for types. */
static void put_cells(struct reporting *r, enum qn_style style, const char *byte, const char *type,
                      const char *name, const char *min, const char *max)
{
    qn_terminal_put(r->terminal, r->out, style, "  %4s  ", byte);
    if (!is_narrow(r->terminal))
        qn_terminal_put(r->terminal, r->out, style, "%-7s ", type);
    qn_terminal_put(r->terminal, r->out, style, "%-23s %11s %11s  ", name, min, max);
}

static void put_row(struct reporting *r, const struct qn_scan_row *row)
{
    char byte[12], min[QN_SCAN_VALUE], max[QN_SCAN_VALUE], how[QN_SCAN_BEHAVIOUR];
    bool constant = row->behaviour == QN_BEHAVES_CONSTANT;
    snprintf(byte, sizeof byte, "%u", row->byte);
    qn_scan_behaviour(row, how);
    if (is_narrow(r->terminal) && row->behaviour == QN_BEHAVES_RUNS)
        how[strcspn(how, ",")] = '\0'; /* no room for how many values there are */
    qn_scan_value(row->min, min);
    qn_scan_value(row->max, max);
    if (row->text[0])
        snprintf(min, sizeof min, "%s", row->text);
    put_cells(r, QN_STYLE_PLAIN, byte, row->type, row->name, min,
              constant || row->text[0] ? "" : max);
    qn_terminal_put(r->terminal, r->out, constant ? QN_STYLE_DIM : QN_STYLE_PLAIN, "%s\n", how);
}

static void tell_traces(struct reporting *r)
{
    const struct qn_scan *scan = r->scan;
    struct qn_scan_row rows[QN_SCAN_ROWS];
    char note[160], looked[QN_UNITS_TEXT], all[QN_UNITS_TEXT];
    uint64_t count = scan->positions.traces;
    if (scan->traces == 1)
        snprintf(note, sizeof note, "of the only trace");
    else if (scan->traces && count == scan->traces)
        snprintf(note, sizeof note, "of all %s traces", qn_units_count(count, all));
    else if (qn_scan_layout(scan)->variable)
        snprintf(note, sizeof note, "of the first %s traces; --all reads all",
                 qn_units_count(count, looked));
    else
        snprintf(note, sizeof note, "of %s traces at %d places, out of %s; --all reads all",
                 qn_units_count(count, looked), QN_SCAN_BLOCKS, qn_units_count(scan->traces, all));
    qn_terminal_heading(r->terminal, r->out, "Trace headers", note);
    size_t n = qn_scan_rows(scan, rows);
    put_cells(r, QN_STYLE_DIM, "byte", "type", "field", "from", "to");
    qn_terminal_put(r->terminal, r->out, QN_STYLE_DIM, "from trace to trace\n");
    for (size_t i = 0; i < n; i++)
        put_row(r, &rows[i]);
    if (n == 0)
        qn_terminal_put(r->terminal, r->out, QN_STYLE_DIM, "  all fields are 0 in all of them\n");
}

static void tell_samples(struct reporting *r)
{
    const struct qn_scan_sample *sample = &r->scan->sample;
    const struct qn_stats *stats = &sample->amplitudes;
    char note[96], min[QN_SCAN_VALUE], max[QN_SCAN_VALUE];
    struct qn_buf text = {0};
    snprintf(note, sizeof note, "of %llu trace%s", (unsigned long long)sample->amplitude_traces,
             sample->amplitude_traces == 1 ? "" : "s");
    qn_terminal_heading(r->terminal, r->out, "Samples", note);
    if (stats->min <= stats->max)
        qn_buf_printf(&text, "%s to %s, mean %.4g, RMS %.4g; %.1f %% are 0",
                      qn_scan_value(stats->min, min), qn_scan_value(stats->max, max),
                      qn_stats_mean(stats), qn_stats_rms(stats),
                      100 * (double)stats->zeros / (double)stats->count);
    else
        qn_buf_printf(&text, "no finite value");
    if (stats->nans || stats->infs)
        qn_buf_printf(&text, "; %llu NaN, %llu infinite", (unsigned long long)stats->nans,
                      (unsigned long long)stats->infs);
    if (sample->dead_traces)
        qn_buf_printf(&text, "; %llu of the traces are dead",
                      (unsigned long long)sample->dead_traces);
    qn_buf_u8(&text, '\0');
    qn_buf_append(r->out, "  ", 2);
    if (!text.failed)
        qn_terminal_wrap(r->terminal, r->out, QN_STYLE_PLAIN, 2, 2, (const char *)text.data);
    r->out->failed |= text.failed;
    qn_buf_release(&text);
}

/* ---- guesses -------------------------------------------------------------------------------- */

static void tell_field(struct reporting *r, const char *what, const struct qn_scan_field *field)
{
    char value[64], why[256], min[QN_SCAN_VALUE], max[QN_SCAN_VALUE];
    if (!field->found)
        return;
    unsigned bytes = field->type <= QN_POSITION_UINT16 ? 2 : 4;
    snprintf(value, sizeof value, "bytes %u-%u, %s", field->byte, field->byte + bytes - 1,
             qn_position_type_name(field->type));
    snprintf(why, sizeof why, "%s to %s%s%s", qn_scan_value(field->min, min),
             qn_scan_value(field->max, max), field->why[0] ? ": " : "", field->why);
    tell(r, what, value, why);
}

static void tell_guesses(struct reporting *r)
{
    const struct qn_scan_guesses *g = &r->scan->guesses;
    qn_terminal_heading(r->terminal, r->out, "Guesses", NULL);
    tell(r, "survey", qn_survey_kind_name(g->kind), g->kind_why);
    tell_field(r, "inline", &g->inline_);
    tell_field(r, "crossline", &g->crossline);
    tell_field(r, "CDP", &g->cdp);
    tell_field(r, "offset", &g->offset);
    tell_field(r, "X", &g->x);
    tell_field(r, "Y", &g->y);
    if (g->key[0] || g->key_why[0])
        tell(r, "ensemble key", g->key[0] ? g->key : "none", g->key_why);
    tell(r, "header layout", g->layout ? g->layout : "none that is known", g->layout_why);
}

static void tell_command(struct reporting *r)
{
    const struct qn_scan *scan = r->scan;
    const struct qn_scan_guesses *g = &scan->guesses;
    const char *name = name_of(scan->path);
    char dataset[300];
    struct qn_buf layout = {0};
    size_t stem = strcspn(name, ".");
    snprintf(dataset, sizeof dataset, "%.*s.ds", (int)(stem && stem < 200 ? stem : 6),
             stem ? name : "survey");
    bool own = qn_scan_own_layout(g, &layout);
    bool named = g->layout && !scan->decision.chosen.layout.seismic_unix &&
                 strcmp(g->layout, "standard") != 0;
    qn_terminal_heading(r->terminal, r->out, "To import it", NULL);
    qn_buf_printf(r->out, "  quern segy import ");
    qn_buf_shell_word(r->out, name);
    qn_buf_printf(r->out, " -o ");
    qn_buf_shell_word(r->out, dataset);
    if (own || named)
        qn_buf_printf(r->out, " --layout %s", own ? "layout.json" : g->layout);
    if (g->key[0])
        qn_buf_printf(r->out, " --ensemble-key %s", g->key);
    if (scan->refusal)
        qn_buf_printf(r->out, " --salvage");
    qn_buf_u8(r->out, '\n');
    if (own)
        qn_buf_printf(r->out, "  with this in layout.json:\n  %.*s\n", (int)layout.len,
                      (const char *)layout.data);
    r->out->failed |= layout.failed;
    qn_buf_release(&layout);
}

void qn_scan_report(const struct qn_scan *scan, const struct qn_terminal *terminal,
                    struct qn_buf *out)
{
    struct reporting r = {scan, terminal, out};
    qn_scan_headline(scan, terminal, out);
    tell_decision(&r);
    tell_contradictions(&r);
    tell_evidence(&r);
    tell_traces(&r);
    if (scan->all.damage[0])
        qn_terminal_put(terminal, out, QN_STYLE_BAD, "  %s\n", scan->all.damage);
    tell_samples(&r);
    tell_guesses(&r);
    tell_command(&r);
}
