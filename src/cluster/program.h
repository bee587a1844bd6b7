/* Runs another program and gives what it prints. No shell: arguments arrive as they are. */
#ifndef QN_CLUSTER_PROGRAM_H
#define QN_CLUSTER_PROGRAM_H

#include "base/buf.h"

#include <quern/error.h>

/* Runs argv[0], found along PATH, with `input` (may be NULL) on its standard input and waits for
 * it, at most `timeout_s` seconds. `output` gets its standard output, `errors` its standard error,
 * both with a NUL behind (not counted); at most 16 MiB each. *code is its exit code, or 128 and the
 * signal that ended it. QN_ERR_UNSUPPORTED: there is no such program. */
enum qn_status qn_program_run(const char *const *argv, const char *input, unsigned timeout_s,
                              struct qn_buf *output, struct qn_buf *errors, int *code,
                              struct qn_error *err);

#endif
