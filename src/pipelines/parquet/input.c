/* Files and columns of the verbs: see input.h. */
#include "pipelines/parquet/input.h"

#include "base/listing.h"
#include "base/nearest.h"
#include "base/sys.h"
#include "format/parquet/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- paths ---------------------------------------------------------------------------------- */

void qn_paths_release(struct qn_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        free(paths->paths[i]);
    free(paths->paths);
    *paths = (struct qn_paths){0};
}

static enum qn_status add_path(struct qn_paths *paths, const char *path, struct qn_error *err)
{
    if (paths->count == paths->room) {
        size_t room = paths->room ? 2 * paths->room : 16;
        char **grown = qn_sys.realloc(paths->paths, room * sizeof *grown);
        if (!grown)
            return qn_fail_memory(err, "a list of files", room * sizeof *grown);
        paths->paths = grown;
        paths->room = room;
    }
    size_t len = strlen(path) + 1;
    char *copy = qn_sys.malloc(len);
    if (!copy)
        return qn_fail_memory(err, "a list of files", len);
    memcpy(copy, path, len);
    paths->paths[paths->count++] = copy;
    return QN_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_parquet_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && (!strcmp(dot, ".parquet") || !strcmp(dot, ".parq"));
}

/* Hidden files and folders, such as the .quern of a dataset, are not looked into. */
static enum qn_status add_folder(struct qn_paths *paths, const char *folder, unsigned depth,
                                 struct qn_error *err)
{
    struct qn_listing listing;
    if (depth > 32)
        return qn_fail_errno(err, ELOOP, "list folder", folder);
    enum qn_status status = qn_listing_open(&listing, folder, err);
    while (qn_listing_next(&listing, &status, err)) {
        struct stat st;
        bool there;
        if (listing.name[0] == '.')
            continue;
        status = qn_stat_if_any(listing.path, &st, &there, err);
        if (status || !there)
            continue;
        if (S_ISDIR(st.st_mode))
            status = add_folder(paths, listing.path, depth + 1, err);
        else if (S_ISREG(st.st_mode) && is_parquet_name(listing.name))
            status = add_path(paths, listing.path, err);
    }
    qn_listing_close(&listing);
    return status;
}

enum qn_status qn_paths_of_inputs(struct qn_paths *paths, const struct qn_options *options,
                                  struct qn_error *err)
{
    enum qn_status status = QN_OK;
    size_t inputs = qn_option_inputs(options);
    for (size_t i = 0; i < inputs && !status; i++) {
        const char *path = qn_option_input(options, i);
        struct stat st;
        size_t before = paths->count;
        if (qn_sys.stat(path, &st) != 0)
            return qn_fail_errno(err, errno, "look at", path);
        status = S_ISDIR(st.st_mode) ? add_folder(paths, path, 0, err) : add_path(paths, path, err);
        if (!status)
            qsort(paths->paths + before, paths->count - before, sizeof *paths->paths, by_name);
    }
    if (!status && inputs == 0)
        return qn_fail(err, QN_ERR_USAGE, "which files? Name Parquet files or folders of them.");
    if (!status && paths->count == 0)
        return qn_fail(err, QN_ERR_INPUT, "there is no *.parquet file in '%s'.",
                       qn_option_input(options, 0));
    return status;
}

enum qn_status qn_only_input(const struct qn_options *options, const char **path,
                             struct qn_error *err)
{
    if (qn_option_inputs(options) != 1)
        return qn_fail(err, QN_ERR_USAGE, "%s",
                       qn_option_inputs(options) == 0 ? "which file? Name one Parquet file."
                                                      : "one file at a time, please.");
    *path = qn_option_input(options, 0);
    return QN_OK;
}

const char *qn_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* ---- columns -------------------------------------------------------------------------------- */

enum qn_status qn_column_by_name(const struct qn_opened *opened, const char *name, uint32_t *node,
                                 struct qn_error *err)
{
    const struct qn_parquet_file *file = opened->file;
    struct qn_nearest nearest = qn_nearest_to(name);
    char hint[128];
    for (uint32_t n = 1; n < qn_parquet_node(file, 0)->next; n = qn_parquet_node(file, n)->next) {
        if (!strcmp(qn_parquet_node(file, n)->name, name)) {
            *node = n;
            return QN_OK;
        }
        qn_nearest_try(&nearest, qn_parquet_node(file, n)->name);
    }
    return qn_fail_at(err, QN_ERR_USAGE, opened->path, -1, "'%s' has no column '%s'.%s",
                      opened->path, name, qn_nearest_hint(&nearest, hint));
}

enum qn_status qn_choose_columns(const struct qn_opened *opened, const struct qn_options *options,
                                 const char *option, uint32_t *columns, size_t *count,
                                 struct qn_error *err)
{
    size_t wanted = qn_option_count(options, option);
    enum qn_status status = QN_OK;
    if (wanted == 0) {
        *count = qn_parquet_top_columns(opened->file, columns);
        return QN_OK;
    }
    if (wanted > qn_parquet_node_count(opened->file))
        return qn_fail(err, QN_ERR_USAGE, "--%s names more columns than '%s' has.", option,
                       opened->path);
    for (size_t i = 0; i < wanted && !status; i++) {
        status = qn_column_by_name(opened, qn_option_item(options, option, i), &columns[i], err);
        for (size_t k = 0; k < i && !status; k++) {
            if (columns[k] == columns[i])
                status = qn_fail(err, QN_ERR_USAGE, "--%s names column '%s' twice.", option,
                                 qn_option_item(options, option, i));
        }
    }
    *count = wanted;
    return status;
}
