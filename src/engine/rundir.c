/* Run directories, their lock and their publication: see rundir.h. */
#include "engine/rundir.h"

#include "base/io.h"
#include "base/listing.h"
#include "base/sys.h"
#include "engine/options.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define PARTIAL          ".partial"
#define REPLACED         "replaced" /* .quern/replaced of the dataset that was exchanged out */
#define ASIDE            ".old" /* D.partial.old: that dataset, where nothing can be exchanged */
#define LOCK_PATIENCE_MS 5000   /* for a run that ends */
#define DYING_MS         60000  /* for workers of one that was killed, on a busy machine */

#ifndef RENAME_EXCHANGE
#define RENAME_NOREPLACE 1u
#define RENAME_EXCHANGE  2u
#endif

static bool exists(const char *root, const char *name)
{
    char path[PATH_MAX];
    struct stat st;
    snprintf(path, sizeof path, "%s%s", root, name);
    return qn_sys.stat(path, &st) == 0;
}

/* A dataset whose name is a link is the one that it leads to: that one is replaced, not the link,
 * and what is under way lies beside it. */
static void follow_link(char dataset[PATH_MAX])
{
    char target[PATH_MAX];
    struct stat st;
    if (lstat(dataset, &st) == 0 && S_ISLNK(st.st_mode) && realpath(dataset, target))
        snprintf(dataset, PATH_MAX, "%s", target);
}

enum qn_status qn_rundir_find(struct qn_rundir *dir, const char *path, struct qn_error *err)
{
    *dir = (struct qn_rundir){.lock = -1};
    enum qn_status status = qn_absolute_path(path, dir->dataset, err);
    if (status)
        return status;
    size_t len = strlen(dir->dataset);
    size_t mark = strlen(PARTIAL);
    if (len > mark && !strcmp(dir->dataset + len - mark, PARTIAL))
        dir->dataset[len - mark] = '\0';
    follow_link(dir->dataset);
    if (snprintf(dir->partial, sizeof dir->partial, "%s" PARTIAL, dir->dataset) >= PATH_MAX - 256)
        return qn_fail(err, QN_ERR_USAGE, "the path '%.200s...' is too long.", path);
    dir->dataset_exists = exists(dir->dataset, "");
    dir->dataset_is_ours =
        exists(dir->dataset, "/manifest.json") && exists(dir->dataset, "/.quern/plan.json");
    dir->partial_exists = exists(dir->partial, "");
    dir->partial_has_plan = exists(dir->partial, "/.quern/plan.json");
    return QN_OK;
}

enum qn_status qn_rundir_current(const struct qn_rundir *dir, const char **root,
                                 struct qn_error *err)
{
    *root = dir->partial_has_plan ? dir->partial : dir->dataset;
    if (dir->partial_has_plan || dir->dataset_is_ours)
        return QN_OK;
    return qn_fail_at(err, QN_ERR_USAGE, dir->dataset, -1,
                      "'%s' is no dataset of Quern and no run has been started for it. Check the "
                      "name.",
                      dir->dataset);
}

/* ---- lock ----------------------------------------------------------------------------------- */

static void describe_owner(char *text, size_t size)
{
    char host[128] = "?";
    gethostname(host, sizeof host - 1);
    snprintf(text, size, "process %d on %s", (int)getpid(), host);
}

/* True if the process that the record names was of this machine and is gone: who holds its lock are
 * workers that are dying. */
static bool is_gone(const char *owner)
{
    char now[256];
    char *host = NULL;
    long pid = strncmp(owner, "process ", 8) ? 0 : strtol(owner + 8, &host, 10);
    if (!host || pid <= 0 || kill((pid_t)pid, 0) == 0 || errno != ESRCH)
        return false;
    describe_owner(now, sizeof now);
    const char *here = strstr(now, " on ");
    return here && strcmp(host, here) == 0;
}

/* True if `path` still names the file that was opened: while this process waited for the lock
 * another may have published or removed the folder. */
static bool is_same_file(int fd, const char *path)
{
    struct stat opened;
    struct stat named;
    return qn_sys.fstat(fd, &opened) == 0 && qn_sys.stat(path, &named) == 0 &&
           opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

static enum qn_status wait_for_lock(const struct qn_rundir *dir, int fd, const char *path,
                                    struct qn_error *err)
{
    char owner[256] = "";
    for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited += 10) {
        if (errno == ENOSYS || errno == EOPNOTSUPP || errno == ENOLCK)
            break; /* Lustre without -o flock, some NFS: nothing to be had */
        if (errno != EWOULDBLOCK && errno != EINTR)
            return qn_fail_errno(err, errno, "lock", path);
        if (waited >= LOCK_PATIENCE_MS) {
            ssize_t n = qn_sys.pread(fd, owner, sizeof owner - 1, 0);
            owner[n > 0 ? n : 0] = '\0';
        }
        if (waited < LOCK_PATIENCE_MS || (waited < DYING_MS && is_gone(owner))) {
            usleep(10000);
            continue;
        }
        return qn_fail_at(err, QN_ERR_EXISTS, dir->partial, -1,
                          "'%s' is being worked on by %s. Wait for it, or stop it with Ctrl-C or "
                          "kill.",
                          dir->partial, *owner ? owner : "another process");
    }
    return is_same_file(fd, path) ? QN_OK : qn_rundir_overtaken(dir, err);
}

enum qn_status qn_rundir_overtaken(const struct qn_rundir *dir, struct qn_error *err)
{
    return qn_fail_at(err, QN_ERR_EXISTS, dir->dataset, -1,
                      "another process was faster and worked on '%s' meanwhile. Run the same "
                      "command again to see what is left to do.",
                      dir->dataset);
}

enum qn_status qn_rundir_lock(struct qn_rundir *dir, struct qn_error *err)
{
    char path[PATH_MAX];
    char owner[256];
    snprintf(path, sizeof path, "%s/.quern/lock", dir->partial);
    enum qn_status status = qn_make_parent(path, err);
    if (status)
        return status;
    int fd = qn_sys.open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0666);
    if (fd < 0)
        return qn_fail_errno(err, errno, "open the lock", path);
    status = wait_for_lock(dir, fd, path, err);
    describe_owner(owner, sizeof owner);
    if (!status && (qn_sys.ftruncate(fd, 0) < 0 || qn_sys.pwrite(fd, owner, strlen(owner), 0) < 0))
        status = qn_fail_errno(err, errno, "write", path);
    if (status)
        qn_sys.close(fd);
    else
        dir->lock = fd;
    return status;
}

void qn_rundir_unlock(struct qn_rundir *dir)
{
    if (dir->lock >= 0)
        qn_sys.close(dir->lock);
    dir->lock = -1;
}

bool qn_rundir_is_live(const char *root, char *owner, unsigned size)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/.quern/lock", root);
    int fd = qn_sys.open(path, O_RDONLY, 0);
    if (fd < 0)
        return false;
    bool live = flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
    ssize_t n = qn_sys.pread(fd, owner, size - 1, 0);
    owner[n > 0 ? n : 0] = '\0';
    qn_sys.close(fd);
    return live;
}

/* ---- publication ---------------------------------------------------------------------------- */

static enum qn_status mark_replaced(const char *root, struct qn_error *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/.quern/" REPLACED, root);
    return qn_write_file(path, "", 0, err);
}

static void aside_of(const struct qn_rundir *dir, char aside[PATH_MAX + 8])
{
    snprintf(aside, PATH_MAX + 8, "%s" ASIDE, dir->partial);
}

/* For file systems that cannot exchange, such as some NFS. Between the first two renames no dataset
 * has the name: qn_rundir_settle gives it back to the old one. */
static enum qn_status exchange_by_renames(const struct qn_rundir *dir, struct qn_error *err)
{
    char aside[PATH_MAX + 8];
    aside_of(dir, aside);
    if (qn_sys.rename(dir->dataset, aside) < 0)
        return qn_fail_errno(err, errno, "replace", dir->dataset);
    if (qn_sys.rename(dir->partial, dir->dataset) == 0)
        return QN_OK;
    enum qn_status status = qn_fail_errno(err, errno, "replace", dir->dataset);
    qn_sys.rename(aside, dir->dataset);
    return status;
}

/* The old dataset is marked before the exchange, so that whatever bears the mark and is called
 * .partial afterwards can be removed; the mark on a dataset still in place means nothing. */
static enum qn_status exchange(const struct qn_rundir *dir, struct qn_error *err)
{
    enum qn_status status = mark_replaced(dir->dataset, err);
    if (status)
        return status;
    if (qn_sys.renameat2(dir->partial, dir->dataset, RENAME_EXCHANGE) < 0) {
        if (errno != EINVAL && errno != ENOSYS)
            return qn_fail_errno(err, errno, "replace", dir->dataset);
        status = exchange_by_renames(dir, err);
    }
    return status ? status : qn_sync_parent(dir->dataset, err);
}

enum qn_status qn_rundir_publish(struct qn_rundir *dir, struct qn_error *err)
{
    enum qn_status status;
    if (dir->dataset_exists && !dir->dataset_is_ours)
        return qn_fail_at(err, QN_ERR_EXISTS, dir->dataset, -1,
                          "'%s' exists and is no dataset of Quern; it is left alone. Move it and "
                          "resume.",
                          dir->dataset);
    if (dir->dataset_exists) {
        status = exchange(dir, err);
        return status ? status : qn_rundir_settle(dir, err);
    }
    if (qn_sys.renameat2(dir->partial, dir->dataset, RENAME_NOREPLACE) < 0) {
        if (errno != EINVAL && errno != ENOSYS)
            return qn_fail_errno(err, errno, "publish the dataset as", dir->dataset);
        if (qn_sys.rename(dir->partial, dir->dataset) < 0)
            return qn_fail_errno(err, errno, "publish the dataset as", dir->dataset);
    }
    return qn_sync_parent(dir->dataset, err);
}

static enum qn_status remove_all_but(const char *spared, const char *path, struct qn_error *err)
{
    struct qn_listing listing;
    enum qn_status status = qn_listing_open_if_any(&listing, path, err);
    while (qn_listing_next(&listing, &status, err))
        if (strcmp(listing.name, spared) != 0)
            status = qn_remove_tree(listing.path, err);
    qn_listing_close(&listing);
    return status;
}

static enum qn_status remove_run(const char *root, struct qn_error *err)
{
    char run_dir[PATH_MAX + 16];
    snprintf(run_dir, sizeof run_dir, "%s/.quern", root);
    enum qn_status status = remove_all_but(".quern", root, err);
    if (!status)
        status = remove_all_but(REPLACED, run_dir, err);
    return status ? status : qn_remove_tree(root, err);
}

enum qn_status qn_rundir_remove(const struct qn_rundir *dir, struct qn_error *err)
{
    return remove_run(dir->partial, err);
}

static bool is_marked(const char *root)
{
    return exists(root, "/.quern/" REPLACED);
}

/* The old dataset gets its name back, unless the new one has it. */
static enum qn_status settle_aside(struct qn_rundir *dir, const char *aside, struct qn_error *err)
{
    if (dir->dataset_is_ours)
        return remove_run(aside, err);
    if (dir->dataset_exists) /* something else has: that is told elsewhere */
        return QN_OK;
    if (qn_sys.rename(aside, dir->dataset) < 0)
        return qn_fail_errno(err, errno, "give its name back to", aside);
    dir->dataset_exists = dir->dataset_is_ours = true;
    return qn_sync_parent(dir->dataset, err);
}

enum qn_status qn_rundir_settle(struct qn_rundir *dir, struct qn_error *err)
{
    char aside[PATH_MAX + 8];
    enum qn_status status = QN_OK;
    aside_of(dir, aside);
    if (is_marked(aside))
        status = settle_aside(dir, aside, err);
    if (status || !is_marked(dir->partial))
        return status;
    dir->partial_exists = dir->partial_has_plan = false;
    return remove_run(dir->partial, err);
}

/* ---- reopening ------------------------------------------------------------------------------ */

static enum qn_status copy_small(const char *from, const char *to, struct qn_error *err)
{
    struct qn_buf bytes = {0};
    enum qn_status status = qn_read_file(from, &bytes, INT64_MAX, err);
    if (!status)
        status = qn_write_file(to, bytes.data, bytes.len, err);
    qn_buf_release(&bytes);
    return status;
}

enum clone_mode { CLONE_LINKS, CLONE_COPIES };

static enum qn_status clone_tree(const char *from, const char *to, enum clone_mode mode,
                                 struct qn_error *err)
{
    enum qn_status status = qn_make_dirs(to, err);
    if (status)
        return status;
    struct qn_listing listing;
    status = qn_listing_open(&listing, from, err);
    while (qn_listing_next(&listing, &status, err)) {
        char target[PATH_MAX];
        enum qn_entry_kind kind = qn_listing_kind(&listing);
        if (!strcmp(listing.name, REPLACED) || kind == QN_ENTRY_OTHER)
            continue; /* a link, a pipe: not Quern's, and may lead anywhere */
        if (snprintf(target, sizeof target, "%s/%s", to, listing.name) >= PATH_MAX)
            status = qn_fail(err, QN_ERR_IO, "the path '%.200s...' is too long.", to);
        else if (kind == QN_ENTRY_FOLDER)
            status = clone_tree(listing.path, target,
                                !strcmp(listing.name, ".quern") ? CLONE_COPIES : CLONE_LINKS, err);
        else if (mode == CLONE_COPIES)
            status = copy_small(listing.path, target, err);
        else if (qn_sys.link(listing.path, target) < 0)
            status = qn_fail_errno(err, errno, "link", target);
    }
    qn_listing_close(&listing);
    return status;
}

enum qn_status qn_rundir_reopen(struct qn_rundir *dir, struct qn_error *err)
{
    char building[PATH_MAX + 8];
    snprintf(building, sizeof building, "%s.tmp", dir->partial);
    enum qn_status status = qn_remove_tree(building, err);
    if (!status)
        status = clone_tree(dir->dataset, building, CLONE_LINKS, err);
    if (!status && qn_sys.rename(building, dir->partial) < 0)
        status = qn_fail_errno(err, errno, "create", dir->partial);
    if (!status)
        dir->partial_exists = dir->partial_has_plan = true;
    return status;
}
