/* The verbs of `quern parquet` that do everything themselves: each reads its options, works and
 * prints. */
#ifndef QN_PARQUET_TOOLS_H
#define QN_PARQUET_TOOLS_H

#include <quern/pipeline.h>

enum qn_status qn_tool_schema(const struct qn_options *options, struct qn_error *err);
enum qn_status qn_tool_stats(const struct qn_options *options, struct qn_error *err);
enum qn_status qn_tool_head(const struct qn_options *options, struct qn_error *err);
enum qn_status qn_tool_cat(const struct qn_options *options, struct qn_error *err);
enum qn_status qn_tool_diff(const struct qn_options *options, struct qn_error *err);
enum qn_status qn_tool_slice(const struct qn_options *options, struct qn_error *err);
enum qn_status qn_tool_merge(const struct qn_options *options, struct qn_error *err);
enum qn_status qn_tool_rewrite(const struct qn_options *options, struct qn_error *err);

#endif
