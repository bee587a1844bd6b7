/* Reads the limits of this machine from /proc, /sys and the scheduler: see machine.h. */
#include "engine/machine.h"

#include <limits.h>
#include <math.h>
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

/* ---- control groups ------------------------------------------------------------------------- */

bool qn_machine_group(const char *controller, char *path, size_t size)
{
    char line[PATH_MAX + 64];
    bool found = false;
    FILE *in = fopen("/proc/self/cgroup", "re");
    while (in && !found && fgets(line, sizeof line, in)) {
        char *names = strchr(line, ':');
        char *group = names ? strchr(names + 1, ':') : NULL;
        if (!group)
            continue;
        *group++ = '\0';
        group[strcspn(group, "\n")] = '\0';
        const char *at = strstr(names + 1, controller);
        size_t len = strlen(controller);
        found = len == 0 ? names[1] == '\0' : at && (at[len] == '\0' || at[len] == ',');
        if (found)
            snprintf(path, size, "%s", !strcmp(group, "/") ? "" : group);
    }
    if (in)
        fclose(in);
    return found;
}

/* The limit that one group sets, infinite if it sets none. */
typedef double group_limit(const char *folder);

static double number_in(const char *folder, const char *file)
{
    char path[PATH_MAX + 64];
    int64_t value;
    snprintf(path, sizeof path, "%s/%s", folder, file);
    return read_number(path, &value) && value > 0 ? (double)value : INFINITY;
}

static double memory_v2(const char *folder)
{
    return number_in(folder, "memory.max");
}

static double memory_v1(const char *folder)
{
    return number_in(folder, "memory.limit_in_bytes");
}

static double cpus_v2(const char *folder)
{
    char path[PATH_MAX + 64];
    char line[64];
    char *end;
    snprintf(path, sizeof path, "%s/cpu.max", folder);
    if (!read_line(path, line, sizeof line))
        return INFINITY;
    double quota = strtod(line, &end); /* "max 100000": no quota */
    double period = end != line ? strtod(end, NULL) : 0;
    return period > 0 ? quota / period : INFINITY;
}

static double cpus_v1(const char *folder)
{
    return number_in(folder, "cpu.cfs_quota_us") / number_in(folder, "cpu.cfs_period_us");
}

/* The smallest limit of this process' group and of all above it. */
static double smallest_limit(const char *controller, group_limit *v1, group_limit *v2)
{
    double least = INFINITY;
    for (int version = 1; version <= 2; version++) {
        char folder[PATH_MAX + 64];
        char group[PATH_MAX];
        const char *mount = version == 1 ? controller : "";
        if (!qn_machine_group(mount, group, sizeof group))
            continue;
        size_t root =
            (size_t)snprintf(folder, sizeof folder, "/sys/fs/cgroup%s%s", *mount ? "/" : "", mount);
        snprintf(folder + root, sizeof folder - root, "%s", group);
        for (;;) {
            least = fmin(least, (version == 1 ? v1 : v2)(folder));
            char *slash = strrchr(folder + root, '/');
            if (!slash)
                break;
            *slash = '\0';
        }
    }
    return least;
}

/* ---- CPUs and memory ------------------------------------------------------------------------ */

/* A number that Slurm put into the environment of its jobs, infinite if it is not there. */
static double slurm_limit(const char *name)
{
    const char *text = getenv("SLURM_JOB_ID") ? getenv(name) : NULL;
    double value = text ? strtod(text, NULL) : 0;
    return value > 0 ? value : INFINITY;
}

/* Takes over a smaller limit and where it is from. */
static void tighten(double *limit, const char **from, double other, const char *other_from)
{
    if (isfinite(other) && other <= *limit) {
        *limit = other;
        *from = other_from;
    }
}

unsigned qn_machine_cpus(const char **from)
{
    cpu_set_t set;
    const char *source = "affinity";
    double cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    tighten(&cpus, &source, smallest_limit("cpu", cpus_v1, cpus_v2), "control group");
    tighten(&cpus, &source, slurm_limit("SLURM_CPUS_ON_NODE"), "SLURM_CPUS_ON_NODE");
    tighten(&cpus, &source, slurm_limit("SLURM_CPUS_PER_TASK"), "SLURM_CPUS_PER_TASK");
    if (from)
        *from = source;
    return cpus < 1 ? 1 : (unsigned)(cpus + 0.5);
}

uint64_t qn_machine_memory(const char **from)
{
    const double mib = 1048576;
    const char *source = "RAM";
    double bytes = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    tighten(&bytes, &source, smallest_limit("memory", memory_v1, memory_v2), "control group");
    tighten(&bytes, &source, slurm_limit("SLURM_MEM_PER_NODE") * mib, "SLURM_MEM_PER_NODE");
    tighten(&bytes, &source, slurm_limit("SLURM_MEM_PER_CPU") * mib * qn_machine_cpus(NULL),
            "SLURM_MEM_PER_CPU");
    if (from)
        *from = source;
    return (uint64_t)bytes;
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
