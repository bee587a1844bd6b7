/* The verbs `scan` and `info`: options, files one after another, what is printed. See scan.h. */
#include "pipelines/segy/scan.h"

#include "base/io.h"
#include "base/sys.h"
#include "engine/json_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct verb {
    const struct qn_options *options;
    struct qn_overrides overrides;
    struct qn_terminal terminal;
    struct qn_buf out;
    size_t count; /* of files */
    size_t refused;
    bool all;
    size_t preview; /* traces; 0: no preview */
    const char *picture;
};

static enum qn_status print(struct qn_buf *out, struct qn_error *err)
{
    enum qn_status status =
        out->failed ? qn_fail_memory(err, "the report", out->len)
                    : qn_write_all(STDOUT_FILENO, "standard output", out->data, out->len, err);
    qn_buf_clear(out);
    return status;
}

/* What an import would refuse is told after the report, as an error. */
static enum qn_status tell_refusal(struct verb *verb, const struct qn_scan *scan,
                                   struct qn_error *err)
{
    if (!scan->refusal)
        return QN_OK;
    verb->refused++;
    if (verb->count == 1) {
        if (err)
            *err = scan->why;
        return scan->refusal;
    }
    fprintf(stderr, "quern: error: %s\n", scan->why.message);
    return QN_OK;
}

static enum qn_status report_file(struct verb *verb, struct qn_scan *scan, size_t i,
                                  struct qn_error *err)
{
    enum qn_status status = QN_OK;
    if (i > 0)
        qn_buf_u8(&verb->out, '\n');
    if (verb->preview)
        status = qn_scan_preview(scan, verb->preview, &verb->terminal, &verb->out, err);
    else
        qn_scan_report(scan, &verb->terminal, &verb->out);
    if (!status && verb->picture)
        status = qn_scan_picture(scan, verb->picture, err);
    if (!status)
        status = print(&verb->out, err);
    return status ? status : tell_refusal(verb, scan, err);
}

static enum qn_status report_files(struct verb *verb, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < verb->count && !status; i++) {
        struct qn_scan scan;
        status = qn_scan_file(qn_option_input(verb->options, i), &verb->overrides, verb->count,
                              verb->all, &scan, err);
        if (!status)
            status = report_file(verb, &scan, i, err);
        qn_scan_release(&scan);
    }
    return status;
}

static enum qn_status run(struct verb *verb, struct qn_error *err)
{
    return report_files(verb, err);
}

enum qn_status qn_scan_run(const struct qn_options *options, struct qn_error *err)
{
    struct verb verb = {.options = options,
                        .terminal = qn_terminal_of(STDOUT_FILENO),
                        .count = qn_option_inputs(options),
                        .all = qn_option_flag(options, "all"),
                        .preview = (size_t)qn_option_int(options, "preview"),
                        .picture = qn_option_string(options, "picture")};
    if (verb.count == 0)
        return qn_fail(err, QN_ERR_USAGE, "which file? Name one or several: quern segy scan FILE.");
    enum qn_status status = qn_overrides_read(options, &verb.overrides, err);
    if (!status)
        status = run(&verb, err);
    qn_overrides_release(&verb.overrides);
    qn_buf_release(&verb.out);
    return status;
}
