/* What this machine allows: CPUs, memory, process facts. Read once at start; printed by doctor. */
#ifndef QN_ENGINE_MACHINE_H
#define QN_ENGINE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* CPUs this process may use, at least 1: the least of its affinity mask, the quotas of its control
 * groups (v2 and v1), and what Slurm gave its job. `from`, may be NULL, says which of them it is.
 */
unsigned qn_machine_cpus(const char **from);

/* Bytes of memory this process may use: the least of RAM, the limits of its control groups, and
 * what Slurm gave its job. */
uint64_t qn_machine_memory(const char **from);

/* This process's own group under a controller ("" for version 2), from /proc/self/cgroup, whose
 * lines are "4:memory:/path" and "0::/path"; the root group is "". */
bool qn_machine_group(const char *controller, char *path, size_t size);

/* Free bytes on the file system that holds `path` (or its nearest folder that exists); 0 if
 * unknown. */
uint64_t qn_machine_free_space(const char *path);

/* The type of that file system: "ext4", "nfs", ... or "0x1234" when it has no known name. */
void qn_machine_file_system(const char *path, char *name, unsigned size);

/* Resident bytes of a process, 0 if it is gone. */
uint64_t qn_machine_rss(pid_t pid);

/* True if a PID namespace can be made here, which takes down everything that a task started. */
bool qn_machine_can_contain(void);

/* When a process started, in clock ticks since boot: with it a process id is unique until the next
 * boot. 0: there is no such process. */
uint64_t qn_machine_process_start(pid_t pid);

/* What tells this boot of this machine, and this view of its processes, from all others. */
#define QN_MACHINE_IDENTITY 160
void qn_machine_identity(char name[QN_MACHINE_IDENTITY]);

/* Wall-clock microseconds since the epoch; monotonic microseconds. */
uint64_t qn_wall_us(void);
uint64_t qn_now_us(void);

#endif
