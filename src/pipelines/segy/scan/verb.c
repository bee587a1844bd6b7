/* The verbs `scan` and `info`: options, files one after another, what is printed. See scan.h. */
#include "base/json_memory.h"
#include "pipelines/segy/scan/table.h"

#include "base/io.h"

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
    bool all, bytes, json;
    json_t *files; /* of JSON */
    struct qn_scan_digest digest;
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

static enum qn_status report_file(struct verb *verb, struct qn_scan *scan, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    if (verb->bytes)
        qn_scan_bytes(scan, &verb->terminal, &verb->out);
    else if (verb->preview)
        status = qn_scan_preview(scan, verb->preview, &verb->terminal, &verb->out, err);
    else
        qn_scan_report(scan, &verb->terminal, &verb->out);
    return status;
}

static enum qn_status add_json(struct verb *verb, struct qn_scan *scan, struct qn_error *err)
{
    json_t *entry = qn_scan_json(scan, verb->preview, err);
    if (!entry)
        return err && err->status ? err->status : qn_fail_memory(err, "the scan", 1);
    json_array_append_new(verb->files, entry);
    return QN_OK;
}

static bool is_table(const struct verb *verb)
{
    return verb->count > 1 && !verb->preview && !verb->bytes && !verb->json;
}

static enum qn_status tell_file(struct verb *verb, struct qn_scan *scan, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    bool table = is_table(verb);
    if (verb->json) {
        status = add_json(verb, scan, err);
    } else if (table) {
        qn_scan_table_row(scan, &verb->terminal, &verb->out);
        qn_scan_digest_add(&verb->digest, scan);
    } else {
        status = report_file(verb, scan, err);
    }
    if (!status && verb->picture)
        status = qn_scan_picture(scan, verb->picture, err);
    return status;
}

/* Scans a file and tells of it into verb->out or verb->files; then the refusal, if import has one.
 */
static enum qn_status scan_one(struct verb *verb, const char *path, struct qn_error *err)
{
    struct qn_scan scan;
    enum qn_status status =
        qn_scan_file(path, &verb->overrides, verb->count, verb->all, &scan, err);
    if (!status)
        status = tell_file(verb, &scan, err);
    if (!status && scan.refusal) {
        status = scan.refusal;
        *err = scan.why;
    }
    qn_scan_release(&scan);
    return status;
}

/* Of several files, one that cannot be read is no reason to leave out the others. */
static enum qn_status scan_file(struct verb *verb, size_t i, struct qn_error *err)
{
    struct qn_error cause = {0};
    enum qn_status status = scan_one(verb, qn_option_input(verb->options, i), &cause);
    enum qn_status printed = print(&verb->out, err);
    if (printed || !status)
        return printed;
    verb->refused++;
    if (verb->count > 1) {
        qn_terminal_print(stderr, "quern: error: %s\n", cause.message);
        return QN_OK;
    }
    if (err)
        *err = cause;
    return status;
}

static enum qn_status print_json(struct verb *verb, struct qn_error *err)
{
    json_t *root = json_pack("{s:i, s:o}", "quern_segy_scan", 1, "files", json_incref(verb->files));
    char *text = root ? qn_json_dump(root, JSON_INDENT(1)) : NULL;
    json_decref(root);
    if (!text)
        return qn_fail_memory(err, "the scan", 1);
    qn_buf_append(&verb->out, text, strlen(text));
    qn_buf_u8(&verb->out, '\n');
    free(text);
    return print(&verb->out, err);
}

static enum qn_status finish(struct verb *verb, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    if (verb->json)
        status = print_json(verb, err);
    else if (is_table(verb))
        qn_scan_digest_tell(&verb->digest, &verb->terminal, &verb->out);
    if (!status)
        status = print(&verb->out, err);
    if (!status && verb->count > 1 && verb->refused)
        status = qn_fail(err, QN_ERR_INPUT, "%zu of the %zu files cannot be read as they are.",
                         verb->refused, verb->count);
    return status;
}

static enum qn_status scan_files(struct verb *verb, struct qn_error *err)
{
    enum qn_status status = QN_OK, worst = QN_OK;
    if (verb->count > 1 && verb->picture)
        return qn_fail(err, QN_ERR_USAGE, "--picture draws one file, %zu were given.", verb->count);
    if (is_table(verb))
        qn_scan_table_head(&verb->terminal, &verb->out);
    for (size_t i = 0; i < verb->count && !status; i++) {
        if (i > 0 && !is_table(verb) && !verb->json)
            qn_buf_u8(&verb->out, '\n');
        status = scan_file(verb, i, err);
    }
    if (verb->count == 1 && status && verb->json && json_array_size(verb->files)) {
        worst = status; /* refused, but scanned: the JSON says why */
        status = QN_OK;
    }
    if (!status)
        status = finish(verb, err);
    return status ? status : worst;
}

enum qn_status qn_scan_run(const struct qn_options *options, struct qn_error *err)
{
    struct verb verb = {.options = options,
                        .terminal = qn_terminal_of(STDOUT_FILENO),
                        .count = qn_option_inputs(options),
                        .all = qn_option_flag(options, "all"),
                        .bytes = qn_option_flag(options, "bytes"),
                        .json = qn_option_flag(options, "json"),
                        .preview = (size_t)qn_option_int(options, "preview"),
                        .picture = qn_option_string(options, "picture")};
    if (qn_option_int(options, "preview") < 0 || qn_option_int(options, "preview") > 1000)
        return qn_fail(err, QN_ERR_USAGE, "--preview takes a number of traces, 0 to 1000.");
    if (verb.count == 0)
        return qn_fail(err, QN_ERR_USAGE, "which file? Name one or several: quern segy scan FILE.");
    enum qn_status status = qn_overrides_read(options, &verb.overrides, err);
    verb.files = json_array();
    if (!status && !verb.files)
        status = qn_fail_memory(err, "the scan", 1);
    if (!status)
        status = scan_files(&verb, err);
    json_decref(verb.files);
    qn_overrides_release(&verb.overrides);
    qn_buf_release(&verb.out);
    return status;
}
