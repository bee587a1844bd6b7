/* quern doctor: what this machine allows. */
#include "cli/cli.h"
#include "engine/cage.h"
#include "engine/machine.h"
#include "render/terminal.h"

#include <quern/version.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/utsname.h>

static const char *cpu_vectors(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw"))
        return "AVX-512";
    if (__builtin_cpu_supports("avx2"))
        return "AVX2";
#endif
    return "none used";
}

int cmd_doctor(const struct cli *cli, const struct qn_options *options)
{
    const char *folder = qn_option_inputs(options) ? qn_option_input(options, 0) : ".";
    char system[64];
    char cgroup[PATH_MAX] = "";
    struct utsname kernel;
    struct rlimit files = {0};
    const char *cpus_from;
    const char *memory_from;
    (void)cli;
    uname(&kernel);
    getrlimit(RLIMIT_NOFILE, &files);
    qn_machine_file_system(folder, system, sizeof system);
    bool contained = qn_machine_can_contain();
    bool limited = qn_cage_possible(cgroup, sizeof cgroup);
    unsigned cpus = qn_machine_cpus(&cpus_from);
    uint64_t memory = qn_machine_memory(&memory_from);
    uint64_t free_bytes = qn_machine_free_space(folder);
    if (qn_option_flag(options, "json")) {
        json_t *json = json_pack(
            "{s:s, s:s, s:i, s:s, s:I, s:I, s:b, s:s, s:I, s:s, s:I, s:s}", "quern", QUERN_VERSION,
            "kernel", kernel.release, "cpus", (int)cpus, "vectors", cpu_vectors(), "memory_bytes",
            (json_int_t)memory, "memory_per_worker_bytes", (json_int_t)(memory / 10 * 9 / cpus),
            "pid_namespace", contained, "memory_cgroup", limited ? cgroup : "", "open_files",
            (json_int_t)files.rlim_cur, "folder", folder, "free_bytes", (json_int_t)free_bytes,
            "file_system", system);
        json_dumpf(json, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(json);
        return 0;
    }
    printf("quern        %s on Linux %s\n", QUERN_VERSION, kernel.release);
    printf("CPUs         %u may be used (by %s); vectors: %s\n", cpus, cpus_from, cpu_vectors());
    printf("memory       %.1f GB may be used (by %s); %.1f GB per worker unless --memory says "
           "otherwise\n",
           (double)memory / 1e9, memory_from, (double)memory * 0.9 / cpus / 1e9);
    printf("isolation    %s\n",
           contained ? "PID namespace: whatever a task starts dies with the run"
                     : "process groups; a task's daemons are hunted down at its end");
    printf("memory limit RLIMIT_DATA and watched RSS%s%s\n",
           limited ? ", and control groups below " : "; control groups cannot be made here",
           limited ? cgroup : "");
    printf("open files   %llu\n", (unsigned long long)files.rlim_cur);
    qn_terminal_print(stdout, "file system  %s, %.1f GB free at %s\n", system,
                      (double)free_bytes / 1e9, folder);
    return 0;
}
