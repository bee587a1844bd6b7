/* The mill: a pipeline for tests. It turns a file (the grist) into deterministic bytes (flour and
 * one loaf) in as many tasks as asked for, and its tasks misbehave on demand: see mill_trouble.c.
 * tests/e2e drives it as a program of its own, tests/fault in its own process. */
#ifndef QN_TESTS_MILL_H
#define QN_TESTS_MILL_H

#include <quern/pipeline.h>

extern const struct qn_pipeline mill_pipeline;

struct mill_troubles; /* what --trouble asks for, parsed */

/* Parses every item of the list option "trouble"; QN_ERR_USAGE names what makes no sense. */
enum qn_status mill_troubles_new(struct mill_troubles **troubles, const struct qn_options *options,
                                 struct qn_error *err);
void mill_troubles_free(struct mill_troubles *troubles);

/* Does to the running task whatever is asked for it: often does not return. */
enum qn_status mill_make_trouble(const struct mill_troubles *troubles, struct qn_task_run *run,
                                 struct qn_error *err);

/* Does what is asked for when a worker is opened: `stumble`. */
void mill_make_opening_trouble(const struct mill_troubles *troubles);

/* Sleeps in small steps. QN_ERR_CANCELLED once the attempt should stop. */
enum qn_status mill_work(const struct qn_task_run *run, int64_t ms);

#endif
