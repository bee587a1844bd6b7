/* What the verbs of `quern parquet` share: finding files, choosing columns. */
#ifndef QN_PARQUET_INPUT_H
#define QN_PARQUET_INPUT_H

#include "pipelines/opened.h"

/* Paths of files, in the order in which they were given; those of a folder by name. Zero-initialise
 * before use. */
struct qn_paths {
    char **paths;
    size_t count, room;
};
void qn_paths_release(struct qn_paths *paths);

/* All inputs of a verb: files as they are, folders as the *.parquet and *.parq files below them.
 * No file at all is QN_ERR_INPUT. */
enum qn_status qn_paths_of_inputs(struct qn_paths *paths, const struct qn_options *options,
                                  struct qn_error *err);

/* The one input of a verb, or an error that says what is wanted. */
enum qn_status qn_only_input(const struct qn_options *options, const char **path,
                             struct qn_error *err);

/* The top-level columns that a list option names, as nodes; all without it. `columns` has room for
 * qn_parquet_node_count. */
enum qn_status qn_choose_columns(const struct qn_opened *opened, const struct qn_options *options,
                                 const char *option, uint32_t *columns, size_t *count,
                                 struct qn_error *err);

/* The top-level column of that name; an unknown name is QN_ERR_USAGE, with the nearest one. */
enum qn_status qn_column_by_name(const struct qn_opened *opened, const char *name, uint32_t *node,
                                 struct qn_error *err);

/* The path's last component. */
const char *qn_base_name(const char *path);

#endif
