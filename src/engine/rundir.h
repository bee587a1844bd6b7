/* Where a run lives. The dataset D is built in D.partial, whose .quern/ holds plan, ledgers,
 * parts and lock; when it is complete D.partial is renamed to D, .quern/ with it. A reader of D
 * therefore never sees a half-made dataset, and a dataset that is being replaced stays whole
 * until the moment it is exchanged. */
#ifndef QN_ENGINE_RUNDIR_H
#define QN_ENGINE_RUNDIR_H

#include <limits.h>
#include <quern/error.h>
#include <stdbool.h>

struct qn_rundir {
    char dataset[PATH_MAX]; /* D, absolute */
    char partial[PATH_MAX]; /* D.partial */
    bool dataset_exists;    /* D is there (a dataset or not) */
    bool dataset_is_ours;   /* ... with a plan and a manifest of Quern */
    bool partial_exists;    /* D.partial is there */
    bool partial_has_plan;
    int lock; /* descriptor that holds the lock, -1: none */
};

/* Looks at what is there. `path` may name D or D.partial. */
enum qn_status qn_rundir_find(struct qn_rundir *dir, const char *path, struct qn_error *err);

/* The directory that commands such as status should read: the run under way if there is one, else
 * the dataset. QN_ERR_USAGE if there is neither. */
enum qn_status qn_rundir_current(const struct qn_rundir *dir, const char **root,
                                 struct qn_error *err);

/* Takes the lock of D.partial, which is made if missing. It ends with the last process of the run,
 * so a lock is never stale. Held by another: waits up to five seconds for dying workers, then fails
 * and says who holds it. Fails as overtaken if the folder was published or removed meanwhile. Work
 * on slices needs no lock: see claims.h. A file system without locks is taken as unlocked. */
enum qn_status qn_rundir_lock(struct qn_rundir *dir, struct qn_error *err);

/* QN_ERR_EXISTS: what qn_rundir_find saw is not so any more, as another process worked there. */
enum qn_status qn_rundir_overtaken(const struct qn_rundir *dir, struct qn_error *err);
void qn_rundir_unlock(struct qn_rundir *dir);

/* True if some process works on the whole run in `root`; `owner` gets its record. */
bool qn_rundir_is_live(const char *root, char *owner, unsigned size);

/* Makes D.partial the dataset: rename, or exchange with the one there, which is then removed. */
enum qn_status qn_rundir_publish(struct qn_rundir *dir, struct qn_error *err);

/* Removes D.partial in an order in which it can be told, wherever this is interrupted, that it is
 * Quern's own and to be removed: the data first, the mark of a replaced dataset last. */
enum qn_status qn_rundir_remove(const struct qn_rundir *dir, struct qn_error *err);

/* Finishes an exchange that a crash interrupted before the old dataset was removed, or takes it
 * back where the new one had not yet its name (on file systems that cannot exchange). */
enum qn_status qn_rundir_settle(struct qn_rundir *dir, struct qn_error *err);

/* D.partial as a copy of D by hard links (its ledgers by value), to work on what failed. */
enum qn_status qn_rundir_reopen(struct qn_rundir *dir, struct qn_error *err);

#endif
