/* What this machine allows: CPUs, memory, process facts. Read once at start; printed by doctor. */
#ifndef QN_ENGINE_MACHINE_H
#define QN_ENGINE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* CPUs this process may use: its affinity mask, cut by a cgroup quota (v2 cpu.max or v1
 * cpu.cfs_quota_us), at least 1. */
unsigned qn_machine_cpus(void);

/* Bytes of memory this process may use: the smaller of RAM and the cgroup limit. */
uint64_t qn_machine_memory(void);

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
