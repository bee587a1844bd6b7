/* Progress of the phases that one process works through: see observer.h. */
#include "engine/observer.h"

#include "engine/machine.h"

void qn_observe_step(const struct qn_observer *observer, const char *phase, const char *unit,
                     uint64_t done, uint64_t total, uint64_t start_us)
{
    double elapsed = (double)(qn_now_us() - start_us) / 1e6;
    double fraction = total ? (double)done / (double)total : 1;
    struct qn_progress progress = {.phase = phase,
                                   .unit = unit,
                                   .done = done,
                                   .total = total,
                                   .fraction = fraction,
                                   .rate = elapsed > 0 ? (double)done / elapsed : 0,
                                   .eta_s = fraction > 0 ? elapsed / fraction - elapsed : -1,
                                   .slowest_task = UINT64_MAX,
                                   .elapsed_s = elapsed};
    observer->progress(observer->context, &progress);
}
