/* Dealing out tasks: see slices.h. A heap of slices, the least loaded on top. */
#include "engine/slices.h"

#include "base/sys.h"

#include <stdlib.h>

struct load {
    uint64_t cost;
    uint32_t slice;
};

struct ranked {
    uint64_t cost;
    uint64_t task;
};

static bool is_lighter(const struct load *a, const struct load *b)
{
    return a->cost != b->cost ? a->cost < b->cost : a->slice < b->slice;
}

/* Moves the top of the heap down to where it belongs. */
static void sink(struct load *heap, size_t count)
{
    size_t at = 0;
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < count; child++)
            if (is_lighter(&heap[child], &heap[least]))
                least = child;
        if (least == at)
            return;
        struct load swapped = heap[at];
        heap[at] = heap[least];
        heap[least] = swapped;
        at = least;
    }
}

static int by_falling_cost(const void *a, const void *b)
{
    const struct ranked *x = a;
    const struct ranked *y = b;
    if (x->cost != y->cost)
        return x->cost > y->cost ? -1 : 1;
    return x->task < y->task ? -1 : x->task > y->task;
}

enum qn_status qn_slices_deal(const struct qn_plan_file *plan, unsigned slices, uint32_t **slice_of,
                              struct qn_error *err)
{
    uint64_t count = plan->count;
    struct load *heap = qn_sys.calloc(slices, sizeof *heap);
    struct ranked *order = qn_sys.calloc(count + 1, sizeof *order);
    uint32_t *dealt = qn_sys.calloc(count + 1, sizeof *dealt);
    enum qn_status status = QN_OK;
    if (!heap || !order || !dealt) {
        status = qn_fail_memory(err, "the slices", count * sizeof *order);
        free(dealt);
        dealt = NULL;
        goto out;
    }
    for (unsigned i = 0; i < slices; i++)
        heap[i].slice = i + 1;
    for (uint64_t i = 0; i < count; i++)
        order[i] = (struct ranked){plan->entries[i].cost, i};
    qsort(order, count, sizeof *order, by_falling_cost);
    for (uint64_t i = 0; i < count; i++) {
        dealt[order[i].task] = heap[0].slice;
        heap[0].cost += order[i].cost;
        sink(heap, slices);
    }
out:
    free(heap);
    free(order);
    *slice_of = dealt;
    return status;
}
