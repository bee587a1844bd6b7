/* Reads the limits of this machine from /proc, /sys and the scheduler: see machine.h. */
#include "engine/machine.h"

#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t clock_us(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t qn_wall_us(void)
{
    return clock_us(CLOCK_REALTIME);
}

uint64_t qn_now_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

/* One line of a small file; false if it cannot be read. */
static bool read_line(const char *path, char *line, int size)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool ok = fgets(line, size, file) != NULL;
    fclose(file);
    if (ok)
        line[strcspn(line, "\n")] = '\0';
    return ok;
}

static bool read_number(const char *path, int64_t *value)
{
    char line[64];
    char *end;
    if (!read_line(path, line, sizeof line))
        return false;
    *value = strtoll(line, &end, 10);
    return end != line;
}

static double cgroup_cpus(void)
{
    char line[64];
    int64_t quota = -1;
    int64_t period = 0;
    if (read_line("/sys/fs/cgroup/cpu.max", line, sizeof line)) {
        char *end;
        quota = strtoll(line, &end, 10);
        period = end != line ? strtoll(end, NULL, 10) : 0;
        quota = end != line ? quota : -1;
    } else if (!read_number("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", &quota) ||
               !read_number("/sys/fs/cgroup/cpu/cpu.cfs_period_us", &period)) {
        return 0;
    }
    return quota > 0 && period > 0 ? (double)quota / (double)period : 0;
}

unsigned qn_machine_cpus(void)
{
    cpu_set_t set;
    unsigned cpus = 1;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        cpus = (unsigned)CPU_COUNT(&set);
    double quota = cgroup_cpus();
    if (quota > 0 && quota < cpus)
        cpus = (unsigned)(quota + 0.5);
    return cpus > 0 ? cpus : 1;
}

uint64_t qn_machine_memory(void)
{
    uint64_t bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    static const char *const limits[] = {"/sys/fs/cgroup/memory.max",
                                         "/sys/fs/cgroup/memory/memory.limit_in_bytes"};
    for (int i = 0; i < 2; i++) {
        int64_t limit;
        if (read_number(limits[i], &limit) && limit > 0 && (uint64_t)limit < bytes)
            bytes = (uint64_t)limit;
    }
    return bytes;
}

static bool nearest_statfs(const char *path, struct statfs *fs)
{
    char part[PATH_MAX];
    snprintf(part, sizeof part, "%s", path);
    while (statfs(part, fs) < 0) {
        char *slash = strrchr(part, '/');
        if (!slash)
            return false;
        if (slash == part)
            return statfs("/", fs) == 0;
        *slash = '\0';
    }
    return true;
}

uint64_t qn_machine_free_space(const char *path)
{
    struct statfs fs;
    return nearest_statfs(path, &fs) ? (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize : 0;
}

void qn_machine_file_system(const char *path, char *name, unsigned size)
{
    static const struct {
        unsigned long magic;
        const char *name;
    } known[] = {{0xef53, "ext4"},       {0x58465342, "xfs"},  {0x9123683e, "btrfs"},
                 {0x01021994, "tmpfs"},  {0x6969, "nfs"},      {0x794c7630, "overlayfs"},
                 {0x0bd00bd0, "lustre"}, {0x47504653, "gpfs"}, {0x2fc12fc1, "zfs"},
                 {0xff534d42, "cifs"},   {0x65735546, "fuse"}, {0xfe534d42, "smb2"},
                 {0x19830326, "beegfs"}, {0x00c36400, "ceph"}};
    struct statfs fs;
    if (!nearest_statfs(path, &fs)) {
        snprintf(name, size, "unknown");
        return;
    }
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        if ((unsigned long)fs.f_type == known[i].magic) {
            snprintf(name, size, "%s", known[i].name);
            return;
        }
    }
    snprintf(name, size, "0x%lx", (unsigned long)fs.f_type);
}

uint64_t qn_machine_rss(pid_t pid)
{
    char path[64];
    char line[128];
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    if (!read_line(path, line, sizeof line))
        return 0;
    char *end;
    strtoull(line, &end, 10);
    return strtoull(end, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t qn_machine_process_start(pid_t pid)
{
    char path[64];
    char line[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (!read_line(path, line, sizeof line))
        return 0;
    /* The name in brackets may hold anything; the 20th field after it is the start. */
    const char *at = strrchr(line, ')');
    for (int field = 0; at && field < 20; field++)
        at = strchr(at + 1, ' ');
    return at ? strtoull(at + 1, NULL, 10) : 0;
}

void qn_machine_identity(char name[QN_MACHINE_IDENTITY])
{
    char boot[64] = "?";
    char space[64] = "?";
    (void)read_line("/proc/sys/kernel/random/boot_id", boot, sizeof boot);
    ssize_t len = readlink("/proc/self/ns/pid", space, sizeof space - 1);
    if (len > 0)
        space[len] = '\0';
    snprintf(name, QN_MACHINE_IDENTITY, "%s %s", boot, space);
}

bool qn_machine_can_contain(void)
{
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0)
        _exit(0);
    if (pid < 0)
        return false;
    waitpid(pid, NULL, 0);
    return true;
}
