/* Parsed options of a verb: made by the command line, kept in plan.json, read by pipelines
 * through the getters of <quern/pipeline.h>. A JSON object {"name": value, ...} with the
 * positional arguments under "inputs". */
#ifndef QN_ENGINE_OPTIONS_H
#define QN_ENGINE_OPTIONS_H

#include <jansson.h>
#include <quern/pipeline.h>

struct qn_options {
    json_t *values; /* owned */
};

/* Every option of the tables that has a default, with it. `tables` ends with NULL. */
enum qn_status qn_options_init(struct qn_options *options, const struct qn_option *const *tables,
                               struct qn_error *err);
void qn_options_release(struct qn_options *options);

/* Checks and stores one value given as text; for a FLAG "true" or "false". */
enum qn_status qn_options_set(struct qn_options *options, const struct qn_option *option,
                              const char *text, struct qn_error *err);
enum qn_status qn_options_add_input(struct qn_options *options, const char *path,
                                    struct qn_error *err);

/* The first option by which a and b differ, "inputs" included; NULL if none. */
const char *qn_options_difference(const struct qn_options *a, const struct qn_options *b);

/* An absolute, normalised path ("." and ".." taken out by text, links kept) in out[PATH_MAX]. */
enum qn_status qn_absolute_path(const char *path, char *out, struct qn_error *err);

/* A size or count: "12", "64K", "1.5G", in powers of 1024. False for any other text. */
bool qn_parse_size(const char *text, int64_t *value);

#endif
