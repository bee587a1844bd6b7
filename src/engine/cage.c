/* Control groups: see cage.h. Whatever fails here is left alone: the other fences hold. File names:
 * Linux, Documentation/admin-guide/cgroup-v2.rst and cgroup-v1. */
#include "engine/cage.h"

#include "base/listing.h"
#include "base/sys.h"
#include "engine/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#define MOST_PROCESSES 1024u      /* of a worker and all it starts */
#define TMPFS          0x01021994 /* f_type of statfs */
#define ROOT           "/sys/fs/cgroup"
#define PREFIX         "quern-" /* then the PID of the coordinator */

static const char *const controllers[QN_CAGE_KINDS] = {"memory", "pids"};
static const char *const limits_v1[QN_CAGE_KINDS] = {"memory.limit_in_bytes", "pids.max"};
static const char *const limits_v2[QN_CAGE_KINDS] = {"memory.max", "pids.max"};

static bool put(const char *folder, const char *file, const char *text)
{
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    int fd = qn_sys.open(path, O_WRONLY | O_CLOEXEC, 0);
    bool written = fd >= 0 && qn_sys.write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0)
        qn_sys.close(fd);
    return written;
}

/* The number behind `key` in a file of lines "key number"; 0 if it is not there. */
static uint64_t get(const char *folder, const char *file, const char *key)
{
    char path[PATH_MAX + 64];
    char line[128];
    uint64_t value = 0;
    size_t len = strlen(key);
    snprintf(path, sizeof path, "%s/%s", folder, file);
    FILE *in = fopen(path, "re");
    while (in && fgets(line, sizeof line, in)) {
        if (!strncmp(line, key, len) && line[len] == ' ')
            value = strtoull(line + len, NULL, 10);
    }
    if (in)
        fclose(in);
    return value;
}

/* The group under which ours are made. In version 2 a group with processes has no limited children:
 * it is the one above our own. */
static bool parent_group(bool version_2, int kind, char *path, size_t size)
{
    char group[PATH_MAX];
    if (!qn_machine_group(version_2 ? "" : controllers[kind], group, sizeof group))
        return false;
    char *slash = version_2 ? strrchr(group, '/') : NULL;
    if (slash)
        *slash = '\0';
    snprintf(path, size, "%s%s%s%s", ROOT, version_2 ? "" : "/", version_2 ? "" : controllers[kind],
             group);
    return access(path, W_OK) == 0;
}

static bool has_version_2(void)
{
    return access(ROOT "/cgroup.controllers", F_OK) == 0;
}

bool qn_cage_possible(char *path, unsigned size)
{
    return parent_group(has_version_2(), QN_CAGE_MEMORY, path, size);
}

static bool in_memory(const char *root)
{
    struct statfs fs;
    return statfs(root, &fs) == 0 && fs.f_type == TMPFS;
}

static void remove_group(const char *folder)
{
    struct qn_listing listing;
    enum qn_status status = qn_listing_open(&listing, folder, NULL);
    while (qn_listing_next(&listing, &status, NULL))
        if (qn_listing_kind(&listing) == QN_ENTRY_FOLDER)
            qn_sys.rmdir(listing.path);
    qn_listing_close(&listing);
    qn_sys.rmdir(folder);
}

/* Removes the groups of coordinators that were killed together with their keepers. */
static void sweep(const char *parent)
{
    struct qn_listing listing;
    enum qn_status status = qn_listing_open(&listing, parent, NULL);
    while (qn_listing_next(&listing, &status, NULL)) {
        char *end;
        if (strncmp(listing.name, PREFIX, sizeof PREFIX - 1) != 0)
            continue;
        long pid = strtol(listing.name + sizeof PREFIX - 1, &end, 10);
        if (pid > 0 && !*end && kill((pid_t)pid, 0) < 0 && errno == ESRCH)
            remove_group(listing.path);
    }
    qn_listing_close(&listing);
}

void qn_cage_open(struct qn_cage *cage, const char *root)
{
    *cage = (struct qn_cage){.version_2 = has_version_2()};
    for (int kind = 0; kind < QN_CAGE_KINDS; kind++) {
        char parent[PATH_MAX];
        char *folder = cage->folders[kind];
        if ((kind == QN_CAGE_MEMORY && in_memory(root)) ||
            !parent_group(cage->version_2, kind, parent, sizeof parent))
            continue;
        sweep(parent);
        int len = snprintf(folder, PATH_MAX, "%s/" PREFIX "%ld", parent, (long)getpid());
        bool fresh = len < PATH_MAX && qn_sys.mkdir(folder, 0755) == 0;
        bool made = fresh || (len < PATH_MAX && access(folder, W_OK) == 0);
        char enable[16];
        snprintf(enable, sizeof enable, "+%s", controllers[kind]);
        if (made && cage->version_2)
            made = put(folder, "cgroup.subtree_control", enable);
        if (fresh && !made) /* in version 2 both kinds share it */
            qn_sys.rmdir(folder);
        if (!made)
            *folder = '\0';
    }
}

void qn_cage_close(struct qn_cage *cage)
{
    for (int kind = 0; kind < QN_CAGE_KINDS; kind++) {
        if (*cage->folders[kind])
            remove_group(cage->folders[kind]);
    }
}

static void leaf_of(const struct qn_cage *cage, int kind, pid_t pid, char leaf[PATH_MAX + 16])
{
    snprintf(leaf, PATH_MAX + 16, "%s/%ld", cage->folders[kind], (long)pid);
}

void qn_cage_enter(const struct qn_cage *cage, uint64_t memory)
{
    uint64_t limits[QN_CAGE_KINDS] = {memory, MOST_PROCESSES};
    for (int kind = 0; kind < QN_CAGE_KINDS; kind++) {
        char leaf[PATH_MAX + 16];
        char text[24];
        if (!*cage->folders[kind] || limits[kind] == 0)
            continue;
        leaf_of(cage, kind, getpid(), leaf);
        snprintf(text, sizeof text, "%" PRIu64, limits[kind]);
        qn_sys.mkdir(leaf, 0755); /* there already from the other controller, in version 2 */
        if (put(leaf, (cage->version_2 ? limits_v2 : limits_v1)[kind], text))
            put(leaf, "cgroup.procs", "0");
    }
}

bool qn_cage_leave(const struct qn_cage *cage, pid_t pid)
{
    const char *events = cage->version_2 ? "memory.events" : "memory.oom_control";
    bool killed = false;
    for (int kind = 0; kind < QN_CAGE_KINDS; kind++) {
        char leaf[PATH_MAX + 16];
        if (!*cage->folders[kind])
            continue;
        leaf_of(cage, kind, pid, leaf);
        killed |= kind == QN_CAGE_MEMORY && get(leaf, events, "oom_kill") > 0;
        qn_sys.rmdir(leaf);
    }
    return killed;
}
