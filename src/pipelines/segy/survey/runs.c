/* Runs of traces to stretches: see runs.h. */
#include "pipelines/segy/survey/runs.h"

#define RUN_TRACES   64u  /* fewer of one length in a row go into a chain */
#define CHAIN_TRACES 256u /* most of a chain: what a reader follows to find a trace */

static enum qn_status close_chain(struct qn_runs *runs, struct qn_error *err)
{
    if (runs->chain.count == 0)
        return QN_OK;
    enum qn_status status = qn_stretches_add(runs->list, runs->chain, err);
    runs->chain.count = 0;
    return status;
}

/* A short run becomes a part of the chain before it. */
static enum qn_status join_chain(struct qn_runs *runs, struct qn_error *err)
{
    struct qn_stretch *chain = &runs->chain;
    const struct qn_stretch *run = &runs->run;
    enum qn_status status = QN_OK;
    if (chain->count + run->count > CHAIN_TRACES || chain->end != run->offset)
        status = close_chain(runs, err);
    if (chain->count == 0) {
        *chain = *run;
        chain->samples = 0;
    } else {
        chain->count += run->count;
        chain->end = run->end;
    }
    return status;
}

static enum qn_status close_run(struct qn_runs *runs, struct qn_error *err)
{
    enum qn_status status = QN_OK;
    if (runs->run.count > 0 && runs->run.count < RUN_TRACES && runs->chains) {
        status = join_chain(runs, err);
    } else if (runs->run.count > 0) {
        status = close_chain(runs, err);
        if (!status)
            status = qn_stretches_add(runs->list, runs->run, err);
    }
    runs->run.count = 0;
    return status;
}

enum qn_status qn_runs_add(struct qn_runs *runs, uint64_t offset, uint64_t bytes, uint32_t samples,
                           struct qn_error *err)
{
    struct qn_stretch *run = &runs->run;
    if (run->count == 0 || run->samples != samples || run->end != offset) {
        enum qn_status status = close_run(runs, err);
        if (status)
            return status;
        *run = (struct qn_stretch){.offset = offset, .file = runs->file, .samples = samples};
    }
    run->count++;
    run->end = offset + bytes;
    return QN_OK;
}

enum qn_status qn_runs_end(struct qn_runs *runs, struct qn_error *err)
{
    enum qn_status status = close_run(runs, err);
    return status ? status : close_chain(runs, err);
}
