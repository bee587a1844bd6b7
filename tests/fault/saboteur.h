/* A saboteur in the seam of system calls (base/sys.h): makes the n-th call of a class fail, or
 * the process die at it. Tests run the same job for n = 1, 2, 3 ... until no call is left to hit.
 */
#ifndef QN_TESTS_SABOTEUR_H
#define QN_TESTS_SABOTEUR_H

#include <stdbool.h>
#include <stdint.h>

enum call_class {
    CALL_ALLOCATION = 1, /* malloc, calloc, realloc, mmap */
    CALL_READING = 2,    /* open to read, read, pread, stat, fstat */
    CALL_WRITING = 4,    /* open to create, write, pwrite, fsync, ftruncate, rename, link, mkdir */
    CALL_REMOVING = 8,   /* unlink, rmdir, close */
    CALL_PROCESS = 16,   /* fork, socketpair */
    CALL_MESSAGE = 32    /* sendmsg, recvmsg */
};

enum sabotage {
    SABOTAGE_ONCE,   /* the n-th call fails */
    SABOTAGE_ALWAYS, /* the n-th and all later ones fail */
    SABOTAGE_DIE,    /* the process ends at the n-th call, before it is made */
    SABOTAGE_TEAR    /* the same, but half of what a write should have written is written */
};

struct plot {
    unsigned classes; /* of calls that are counted and may be hit */
    int error;        /* errno of failing calls */
    enum sabotage sabotage;
};

#define SABOTEUR_EXIT 99 /* exit status of a process that died */

/* Puts the saboteur into the seam, where it only counts. Synchronising calls are answered without
 * being made, so that thousands of runs take seconds; jansson's allocations are rerouted too. */
void saboteur_enter(void);

/* From now on the `n`-th call of the plot is hit, counted from 1; 0: none. */
void saboteur_arm(const struct plot *plot, uint64_t n);

/* How many calls of the plot there were since the last arming. */
uint64_t saboteur_count(void);

/* True if a call was hit since the last arming. */
bool saboteur_struck(void);

/* True if memory was lost; known in a build with AddressSanitizer only. */
bool saboteur_leaks(void);

#endif
