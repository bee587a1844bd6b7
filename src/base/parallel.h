/* Independent items on several threads of this process: for verbs that do everything themselves.
 * Jobs of the engine have worker processes instead. */
#ifndef QN_BASE_PARALLEL_H
#define QN_BASE_PARALLEL_H

#include <quern/error.h>
#include <stdbool.h>
#include <stdint.h>

struct qn_parallel {
    uint64_t count;   /* items 0 to count - 1, started in this order */
    unsigned threads; /* at least 1 */
    void *context;
    /* One item. `thread`, below `threads`, tells which scratch memory to use: no two items run
     * with the same one at once. */
    enum qn_status (*run)(void *context, unsigned thread, uint64_t item, struct qn_error *err);
    /* Called by the calling thread about every 50 ms and at the end; true: stop. May be NULL. */
    bool (*tick)(void *context, uint64_t items_done);
};

/* Runs all items. After the first failure none is started any more, those under way finish, and of
 * all failures that of the lowest item is reported: the same one for any number of threads. Stopped
 * by tick it is QN_ERR_CANCELLED. Where threads cannot be started, fewer do the work, or the
 * calling one alone. */
enum qn_status qn_parallel_run(const struct qn_parallel *job, struct qn_error *err);

#endif
