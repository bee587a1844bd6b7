/* `quern transit fetch`: which files to download for which candidates, and a list of how it went.
 */
#include "pipelines/fetch.h"
#include "base/io.h"
#include "base/sys.h"
#include "pipelines/transit/addresses.h"
#include "pipelines/transit/candidates.h"
#include "pipelines/transit/mirror.h"
#include "pipelines/transit/verbs.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_LIST_BYTES ((uint64_t)1 << 30)

const struct qn_option qn_fetch_options[] = {
    {"output", QN_OPT_PATH, "DIR", NULL, "the folder to fill; files that are there stay"},
    {"url", QN_OPT_TEXTS, "TEMPLATE", NULL,
     "address with {tic}, {tic16}, {tic4a} to {tic4d}, {id}, {id9}, {sector}, {sector4}"},
    {"list", QN_OPT_TEXTS, "FILE", NULL,
     "a script of curl commands as MAST has one for each sector: fetch the candidates' files of "
     "it"},
    {"sectors", QN_OPT_LIST, "N,...", NULL, "sectors for a template that has {sector}"},
    QN_FETCH_OPTIONS("4"),
    {0}};

struct fetching {
    const struct qn_options *options;
    const char *folder;
    struct qn_candidates candidates;
    struct qn_buf texts; /* addresses and paths, NUL-terminated */
    struct qn_buf items; /* pairs of offsets */
    size_t count;
};

struct item {
    size_t url;
    size_t path;
};

/* ---- templates ------------------------------------------------------------------------------ */

/* Adds a file: its name is what follows the last slash or '=' or ':' of the address. */
static void add_item(struct fetching *f, size_t url, const char *name)
{
    struct item item = {.url = url, .path = f->texts.len};
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    qn_buf_append(&f->texts, path, strlen(path) + 1);
    qn_buf_append(&f->items, &item, sizeof item);
    f->count++;
}

static enum qn_status add_address(struct fetching *f, const char *template,
                                  const struct qn_target *target, const char *sector,
                                  struct qn_error *err)
{
    size_t url = f->texts.len;
    char name[QN_ADDRESS_NAME];
    enum qn_status status = qn_address_of(template, target, sector, &f->texts, name, err);
    if (!status)
        add_item(f, url, name);
    return status;
}

static enum qn_status add_star(struct fetching *f, const struct qn_target *target,
                               struct qn_error *err)
{
    enum qn_status status = QN_OK;
    size_t sectors = qn_option_count(f->options, "sectors");
    if (target->catalogue == QN_NO_CATALOGUE)
        return QN_OK;
    for (size_t i = 0; i < qn_option_count(f->options, "url") && !status; i++) {
        const char *template = qn_option_item(f->options, "url", i);
        bool each = strstr(template, "{sector") && sectors > 0;
        for (size_t k = 0; k < (each ? sectors : 1) && !status; k++)
            status = add_address(f, template, target,
                                 each ? qn_option_item(f->options, "sectors", k) : NULL, err);
    }
    return status;
}

/* ---- lists ---------------------------------------------------------------------------------- */

static bool wanted(const struct fetching *f, const struct qn_target *target)
{
    for (size_t i = 0; i < f->candidates.count; i++)
        if (qn_target_same(&qn_candidate_at(&f->candidates, i)->target, target))
            return true;
    return false;
}

/* A line `curl -C - -L -o NAME URL`. */
static void take_line(struct fetching *f, char *line)
{
    char *save = NULL;
    const char *name = NULL;
    const char *url = NULL;
    struct qn_mirror_file file = {0};
    for (char *word = strtok_r(line, " \t\r'\"", &save); word;
         word = strtok_r(NULL, " \t\r'\"", &save)) {
        if (!strcmp(word, "-o"))
            name = strtok_r(NULL, " \t\r'\"", &save);
        else if (strstr(word, "://"))
            url = word;
    }
    if (!name || !url || !qn_address_sound(name) || !qn_mirror_parse_name(name, &file) ||
        !wanted(f, &file.target))
        return;
    size_t at = f->texts.len;
    qn_buf_append(&f->texts, url, strlen(url) + 1);
    add_item(f, at, name);
}

static enum qn_status take_list(struct fetching *f, const char *path, struct qn_error *err)
{
    struct qn_buf text = {0};
    char *save = NULL;
    enum qn_status status = qn_read_file(path, &text, MOST_LIST_BYTES, err);
    qn_buf_u8(&text, 0);
    if (!status && text.failed)
        status = qn_fail_memory(err, path, text.len);
    char *lines = status ? NULL : (char *)text.data;
    for (char *line = lines ? strtok_r(lines, "\n", &save) : NULL; line;
         line = strtok_r(NULL, "\n", &save))
        take_line(f, line);
    qn_buf_release(&text);
    return status;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static enum qn_status download(struct fetching *f, struct qn_error *err)
{
    struct qn_download_limits limits = qn_fetch_limits(f->options, "quern-transit");
    limits.accept = qn_address_received;
    struct qn_download *downloads = qn_sys.calloc(f->count + 1, sizeof *downloads);
    if (!downloads)
        return qn_fail_memory(err, "the downloads", f->count * sizeof *downloads);
    const struct item *items = (const struct item *)(const void *)f->items.data;
    for (size_t i = 0; i < f->count; i++) {
        downloads[i].url = (const char *)f->texts.data + items[i].url;
        downloads[i].path = (const char *)f->texts.data + items[i].path;
    }
    enum qn_status status = qn_download_all(downloads, f->count, &limits, err);
    if (!status)
        status = qn_fetch_account(downloads, f->count, f->folder, err);
    free(downloads);
    return status;
}

static enum qn_status collect(struct fetching *f, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    for (size_t i = 0; i < qn_option_count(f->options, "list") && !status; i++)
        status = take_list(f, qn_option_item(f->options, "list", i), err);
    for (size_t i = 0; i < f->candidates.count && !status; i++) {
        const struct qn_candidate *c = qn_candidate_at(&f->candidates, i);
        bool again = false;
        for (size_t k = 0; k < i && !again; k++)
            again = qn_target_same(&qn_candidate_at(&f->candidates, k)->target, &c->target);
        if (!again)
            status = add_star(f, &c->target, err);
    }
    if (!status && (f->texts.failed || f->items.failed))
        status = qn_fail_memory(err, "the addresses", f->texts.len);
    return status;
}

enum qn_status qn_transit_fetch(const struct qn_options *options, struct qn_error *err)
{
    static const struct qn_candidate_units units = {"auto", "auto", "auto"};
    struct fetching f = {.options = options, .folder = qn_option_string(options, "output")};
    if (qn_option_inputs(options) != 1 || !f.folder ||
        (qn_option_count(options, "url") == 0 && qn_option_count(options, "list") == 0))
        return qn_fail(err, QN_ERR_USAGE,
                       "give one table of candidates, -o DIR, and --url TEMPLATE or --list FILE.");
    enum qn_status status =
        qn_candidates_read(&f.candidates, qn_option_input(options, 0), &units, err);
    if (!status)
        status = collect(&f, err);
    if (!status)
        status = qn_make_dirs(f.folder, err);
    if (!status)
        status = download(&f, err);
    qn_candidates_release(&f.candidates);
    qn_buf_release(&f.texts);
    qn_buf_release(&f.items);
    return status;
}
