/* Control groups around workers, where this machine lets us make them: the kernel then bounds what
 * a worker and all it starts may take together, in memory and in processes. A second fence behind
 * rlimits and the watch over resident sets, which hold everywhere. Versions 1 and 2 are known.
 *
 * Page cache counts as memory of the group, which is harmless, but so does what is written to a
 * tmpfs, which is not: a dataset there gets no memory fence.
 */
#ifndef QN_ENGINE_CAGE_H
#define QN_ENGINE_CAGE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { QN_CAGE_MEMORY, QN_CAGE_PROCESSES, QN_CAGE_KINDS };

struct qn_cage {
    char folders[QN_CAGE_KINDS][PATH_MAX]; /* of this run, "": none; the same one in version 2 */
    bool version_2;
};

/* Where groups could be made, for people; false where they cannot. */
bool qn_cage_possible(char *path, unsigned size);

/* Makes the run's own groups, named after this process, the coordinator; for a dataset in `root`.
 */
void qn_cage_open(struct qn_cage *cage, const char *root);

/* Removes them and what is left in them; all workers must be gone. */
void qn_cage_close(struct qn_cage *cage);

/* In a new worker process: enters a fresh group with these limits (memory 0: none). */
void qn_cage_enter(const struct qn_cage *cage, uint64_t memory);

/* Removes the group of the worker `pid`, which has ended. True if the kernel killed something in it
 * for taking too much memory. */
bool qn_cage_leave(const struct qn_cage *cage, pid_t pid);

#endif
