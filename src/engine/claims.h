/* Claims: who works on which slice, on file systems that several machines share.
 *
 * Slice K of N is claimed by the file .quern/claims/K-of-N.G, G = 1, 2, ...; the highest G counts.
 * A claim is made by link(2), which one of several makers wins everywhere, NFS included; it is
 * never changed or removed. It ends when its holder says so (K-of-N.G.released), or is known to be
 * gone: then the next G may be claimed. Each claim has a ledger of its own, ledger.K-of-N.G, so
 * that a holder that was taken for dead cannot harm its successor. No locks: they are what shared
 * file systems break.
 */
#ifndef QN_ENGINE_CLAIMS_H
#define QN_ENGINE_CLAIMS_H

#include <quern/error.h>
#include <stdbool.h>
#include <stdint.h>

enum qn_job_state { QN_JOB_ALIVE, QN_JOB_GONE, QN_JOB_UNKNOWN };

/* Who claims, and who knows about others. */
struct qn_claimant {
    const char *job;   /* of a batch scheduler, NULL: none */
    unsigned restarts; /* how often the scheduler has restarted it */
    /* What the scheduler says of another job; NULL: there is none to ask. */
    enum qn_job_state (*ask)(const char *job, unsigned restarts);
};

struct qn_claim {
    unsigned slice, slices;
    unsigned generation;
};

#define QN_CLAIM_HOLDER 320 /* text for people: "job 17_2, process 5 on n3" */

/* Takes the claim of a slice. Held by somebody not known to be gone: *taken is false and `holder`
 * says by whom. */
enum qn_status qn_claim_take(const char *root, const struct qn_claimant *claimant, unsigned slice,
                             unsigned slices, struct qn_claim *claim, bool *taken,
                             char holder[QN_CLAIM_HOLDER], struct qn_error *err);

/* The end of this process' work on it, be it complete or not. */
enum qn_status qn_claim_release(const char *root, const struct qn_claim *claim,
                                struct qn_error *err);

/* How many claims are held; those of runs cut into `slices` slices do not count (0: all count).
 * `holder` names one of the holders, for people. */
enum qn_status qn_claims_held(const char *root, const struct qn_claimant *claimant, unsigned slices,
                              unsigned *held, char holder[QN_CLAIM_HOLDER], struct qn_error *err);

#endif
