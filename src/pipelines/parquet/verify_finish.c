/* Telling what a verification found: see qn_verb.finish. */
#include "base/io.h"
#include "pipelines/parquet/verify.h"
#include "render/terminal.h"
#include "render/units.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define MAX_JSON (1u << 30)

static const char *text_of(const json_t *finding, const char *name)
{
    const char *text = json_string_value(json_object_get(finding, name));
    return text ? text : "";
}

static void print_number(const json_t *finding, const char *name, const char *what)
{
    const json_t *value = json_object_get(finding, name);
    if (json_is_integer(value))
        qn_terminal_print(stdout, ", %s %" JSON_INTEGER_FORMAT, what, json_integer_value(value));
}

/* "error  page-crc  prices.parquet, row group 3, column price, page 7, byte 12345: ..." */
static void print_finding(const json_t *finding)
{
    const char *file = text_of(finding, "file");
    qn_terminal_print(stdout, "%-8s%-17s%s", text_of(finding, "severity"), text_of(finding, "code"),
                      file[0] ? qn_base_name(file) : "all files");
    print_number(finding, "row_group", "row group");
    if (text_of(finding, "column")[0])
        qn_terminal_print(stdout, ", column %s", text_of(finding, "column"));
    print_number(finding, "page", "page");
    print_number(finding, "offset", "byte");
    print_number(finding, "row", "row");
    qn_terminal_print(stdout, ": %s\n", text_of(finding, "message"));
}

static uint64_t count_of(const json_t *checked, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(checked, name));
}

static void print_text(const json_t *root, int64_t show)
{
    const json_t *findings = json_object_get(root, "findings"), *finding;
    const json_t *checked = json_object_get(root, "checked");
    char rows[QN_UNITS_TEXT], pages[QN_UNITS_TEXT], bytes[QN_UNITS_TEXT];
    int64_t shown = 0;
    size_t i;
    for (int severity = QN_FOUND_ERROR; severity >= QN_FOUND_NOTE; severity--) {
        json_array_foreach(findings, i, finding)
        {
            if (strcmp(text_of(finding, "severity"), qn_severity_name((enum qn_severity)severity)))
                continue;
            if (shown++ < show)
                print_finding(finding);
        }
    }
    if (shown > show)
        qn_terminal_print(stdout, "and %" PRId64 " more; --show N prints more of them\n",
                          shown - show);
    qn_terminal_print(stdout,
                      "%" PRIu64 " files, %s rows, %s pages, %s unpacked: %" PRIu64
                      " errors, %" PRIu64 " warnings, %" PRIu64 " notes\n",
                      count_of(checked, "files"), qn_units_count(count_of(checked, "rows"), rows),
                      qn_units_count(count_of(checked, "pages"), pages),
                      qn_units_bytes(count_of(checked, "decoded_bytes"), bytes),
                      count_of(checked, "errors"), count_of(checked, "warnings"),
                      count_of(checked, "notes"));
}

/* Whether there is a finding as bad as --fail-on says. */
static bool is_bad(const json_t *root, const char *fail_on)
{
    const json_t *checked = json_object_get(root, "checked");
    return count_of(checked, "errors") > 0 ||
           (strcmp(fail_on, "error") != 0 && count_of(checked, "warnings") > 0) ||
           (!strcmp(fail_on, "note") && count_of(checked, "notes") > 0);
}

enum qn_status qn_verify_finish(const struct qn_options *options, const char *dataset,
                                struct qn_error *err)
{
    struct qn_buf bytes = {0};
    char path[PATH_MAX];
    json_error_t where;
    const char *fail_on = qn_option_string(options, "fail-on");
    snprintf(path, sizeof path, "%s/findings.json", dataset);
    enum qn_status status = qn_read_file(path, &bytes, MAX_JSON, err);
    json_t *root = status ? NULL : json_loadb((const char *)bytes.data, bytes.len, 0, &where);
    if (!status && !root)
        status = qn_fail_at(err, QN_ERR_CORRUPT, path, -1, "'%s' is damaged: %s", path, where.text);
    if (!status && qn_option_flag(options, "json"))
        fwrite(bytes.data, 1, bytes.len, stdout);
    else if (!status)
        print_text(root, qn_option_int(options, "show"));
    if (!status && is_bad(root, fail_on ? fail_on : "warning"))
        status = QN_ERR_FOUND;
    json_decref(root);
    qn_buf_release(&bytes);
    return status;
}
