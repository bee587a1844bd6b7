/* The verb `layouts`: header layouts with a name, and what a layout holds. */
#ifndef QN_PIPELINES_SEGY_LAYOUTS_H
#define QN_PIPELINES_SEGY_LAYOUTS_H

#include <quern/pipeline.h>

/* Prints the names, or the fields of the layouts that are named, as a table or with --json as a
 * layout file. */
enum qn_status qn_segy_layouts(const struct qn_options *options, struct qn_error *err);

#endif
