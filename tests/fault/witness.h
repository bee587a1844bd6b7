/* A witness in the seam of system calls: what it is told by the environment, it writes down or
 * does.
 *
 *   QUERN_WITNESS=FILE    appends a record of every call that changes a file below QUERN_ROOT
 *   QUERN_ROOT=FOLDER     absolute
 *   QUERN_INPUT=PATH      absolute; what the job reads
 *   QUERN_COUNTER=FILE    counts calls, of all processes of the run together
 *   QUERN_COUNTED=WHICH   changes: those above (the default); reads: those that read below
 *                         QUERN_ROOT or QUERN_INPUT; memory: allocations
 *   QUERN_KILL_AT=N       the process that makes call N (from 1) is killed by SIGKILL before it
 *   QUERN_FAIL_AT=N       call N fails with QUERN_ERRNO (a number), and once only; 0: it transfers
 *                         half of what it was asked to, if it transfers anything
 */
#ifndef QN_TESTS_WITNESS_H
#define QN_TESTS_WITNESS_H

/* Call first in main. Ends the process if the environment makes no sense. */
void witness_begin(void);

#endif
