/* The verb `diff`: see diff.h. Threads compare blocks of traces; what they find adds up to the same
 * result for any number of them. Memory: two blocks a thread. */
#include "pipelines/segy/diff/diff.h"

#include "base/nearest.h"
#include "base/parallel.h"
#include "base/sys.h"
#include "engine/run.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES (512u << 10) /* read at once of each side */
#define UNIT_BYTES  (4u << 20)   /* compared as one item */

const struct qn_option qn_diff_options[] = {
    {"tolerance", QN_OPT_REAL, "X", "0", "samples that differ by no more are the same"},
    {"relative", QN_OPT_REAL, "X", "0", "... and by this part of the larger magnitude more"},
    {"headers-only", QN_OPT_FLAG, NULL, NULL, "do not read samples"},
    {"samples-only", QN_OPT_FLAG, NULL, NULL, "compare nothing but samples"},
    {"ignore", QN_OPT_LIST, "NAME,...", NULL,
     "header fields not to be compared, or: text, binary, trailer"},
    {"json", QN_OPT_FLAG, NULL, NULL, "print the result as JSON"},
    {"jobs", QN_OPT_INT, "N", NULL, "threads; default: the CPUs this process may use"},
    {"progress", QN_OPT_CHOICE, "auto|bar|log|json|none", "auto",
     "how progress is shown on stderr"},
    {0}};

/* What a thread needs. */
struct hand {
    struct qn_diff_reader *a, *b;
    struct qn_diff_comparer *comparer;
    struct qn_diff_tally tally;
};

struct sweep {
    struct qn_diff *diff;
    struct hand *hands;
    unsigned hand_count;
    uint64_t unit_traces;
    uint64_t units;
};

/* ---- options -------------------------------------------------------------------------------- */

static bool try_names(const struct qn_segy_field *table, const char *name,
                      struct qn_nearest *nearest)
{
    for (; table->name; table++) {
        if (!strcmp(table->name, name))
            return true;
        qn_nearest_try(nearest, table->name);
    }
    return false;
}

static enum qn_status check_ignored(const char *name, struct qn_error *err)
{
    static const char *const groups[] = {"text", "binary", "trailer"};
    struct qn_nearest nearest = qn_nearest_to(name);
    char hint[128];
    for (size_t i = 0; i < 3; i++)
        if (!strcmp(name, groups[i]))
            return QN_OK;
    if (try_names(qn_segy_trace_fields, name, &nearest) ||
        try_names(qn_segy_extension_fields, name, &nearest) ||
        try_names(qn_diff_unix_fields(), name, &nearest) ||
        try_names(qn_segy_binary_fields, name, &nearest))
        return QN_OK;
    return qn_fail(err, QN_ERR_USAGE,
                   "--ignore: no header field is named '%s'.%s Besides fields there are text, "
                   "binary and trailer.",
                   name, qn_nearest_hint(&nearest, hint));
}

static enum qn_status check_options(const struct qn_options *options, struct qn_diff_rules *rules,
                                    unsigned *threads, struct qn_error *err)
{
    bool headers_only = qn_option_flag(options, "headers-only");
    bool samples_only = qn_option_flag(options, "samples-only");
    *rules = (struct qn_diff_rules){.tolerance = qn_option_real(options, "tolerance"),
                                    .relative = qn_option_real(options, "relative"),
                                    .headers = !samples_only,
                                    .samples = !headers_only};
    if (qn_option_inputs(options) != 2)
        return qn_fail(err, QN_ERR_USAGE,
                       "which two? Usage: quern segy diff A B, each a SEG-Y file or a dataset.");
    if (headers_only && samples_only)
        return qn_fail(err, QN_ERR_USAGE,
                       "--headers-only and --samples-only together leave nothing to compare.");
    if (rules->tolerance < 0 || rules->relative < 0)
        return qn_fail(err, QN_ERR_USAGE, "a tolerance is 0 or more.");
    enum qn_status status = qn_run_threads(options, threads, err);
    for (size_t i = 0; i < qn_option_count(options, "ignore") && !status; i++)
        status = check_ignored(qn_option_item(options, "ignore", i), err);
    return status;
}

/* ---- traces --------------------------------------------------------------------------------- */

/* Traces of an item: whole chunks of a dataset, so that none is unpacked twice. */
static uint64_t unit_traces(const struct qn_diff *diff)
{
    const struct qn_dataset *dataset = diff->a.dataset ? diff->a.dataset : diff->b.dataset;
    uint64_t chunk = dataset ? dataset->array.chunk[dataset->trace_dim] : 1;
    uint64_t fit = UNIT_BYTES / diff->a.layout.trace_bytes;
    return chunk > fit ? chunk : fit / chunk * chunk;
}

static enum qn_status compare_block(struct hand *hand, uint64_t first, uint64_t *count,
                                    struct qn_error *err)
{
    struct qn_diff_traces a, b;
    enum qn_status status = qn_diff_read(hand->a, first, *count, &a, err);
    if (!status)
        status = qn_diff_read(hand->b, first, a.count, &b, err);
    if (status)
        return status;
    *count = b.count;
    for (uint64_t i = 0; i < *count; i++)
        qn_diff_compare(hand->comparer, first + i, a.at[i], a.samples[i], b.at[i], b.samples[i],
                        &hand->tally);
    return QN_OK;
}

static enum qn_status compare_unit(void *context, unsigned thread, uint64_t item,
                                   struct qn_error *err)
{
    struct sweep *sweep = context;
    uint64_t first = item * sweep->unit_traces;
    uint64_t end = first + sweep->unit_traces;
    end = end < sweep->diff->compared ? end : sweep->diff->compared;
    enum qn_status status = QN_OK;
    while (first < end && !status) {
        uint64_t count = end - first;
        if (qn_verb_cancelled())
            return qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
        status = compare_block(&sweep->hands[thread], first, &count, err);
        first += count;
    }
    return status;
}

static bool tell_progress(void *context, uint64_t done)
{
    const struct sweep *sweep = context;
    uint64_t traces = done * sweep->unit_traces;
    uint64_t all = sweep->diff->compared;
    qn_verb_progress("diff", "traces", traces < all ? traces : all, all);
    return qn_verb_cancelled();
}

static enum qn_status make_hand(struct hand *hand, const struct qn_diff *diff,
                                const struct qn_options *options, struct qn_error *err)
{
    uint64_t larger = diff->a.layout.trace_bytes > diff->b.layout.trace_bytes
                          ? diff->a.layout.trace_bytes
                          : diff->b.layout.trace_bytes;
    uint64_t most = larger < BLOCK_BYTES ? BLOCK_BYTES / larger : 1;
    enum qn_status status = qn_diff_reader_new(&diff->a, most, &hand->a, err);
    if (!status)
        status = qn_diff_reader_new(&diff->b, most, &hand->b, err);
    if (!status)
        status = qn_diff_comparer_new(&diff->a, &diff->b, &diff->rules, &hand->comparer, err);
    return status ? status : qn_diff_tally_init(&hand->tally, &diff->a, &diff->b, options, err);
}

static enum qn_status compare_traces(struct qn_diff *diff, const struct qn_options *options,
                                     unsigned threads, struct qn_error *err)
{
    struct sweep sweep = {.diff = diff, .hand_count = threads, .unit_traces = unit_traces(diff)};
    sweep.unit_traces = sweep.unit_traces ? sweep.unit_traces : 1;
    sweep.units = (diff->compared + sweep.unit_traces - 1) / sweep.unit_traces;
    sweep.hands = qn_sys.calloc(threads, sizeof *sweep.hands);
    if (!sweep.hands)
        return qn_fail_memory(err, "threads", threads * sizeof *sweep.hands);
    struct qn_parallel job = {.count = sweep.units,
                              .threads = threads,
                              .context = &sweep,
                              .run = compare_unit,
                              .tick = tell_progress};
    enum qn_status status = QN_OK;
    if (qn_verb_cancelled()) /* asked here first, before there are threads */
        status = qn_fail(err, QN_ERR_CANCELLED, "stopped at your request.");
    for (unsigned i = 0; i < threads && !status; i++)
        status = make_hand(&sweep.hands[i], diff, options, err);
    if (!status)
        status = qn_parallel_run(&job, err);
    for (unsigned i = 0; i < threads; i++) {
        struct hand *hand = &sweep.hands[i];
        if (!status)
            qn_diff_tally_merge(&diff->tally, &hand->tally);
        qn_diff_reader_free(hand->a);
        qn_diff_reader_free(hand->b);
        qn_diff_comparer_free(hand->comparer);
        qn_diff_tally_release(&hand->tally);
    }
    free(sweep.hands);
    return status;
}

/* ---- all ------------------------------------------------------------------------------------ */

bool qn_diff_same(const struct qn_diff *diff)
{
    return qn_diff_head_same(&diff->head) && qn_diff_tally_same(&diff->tally) &&
           diff->a.layout.trace_count == diff->b.layout.trace_count;
}

static enum qn_status compare(struct qn_diff *diff, const struct qn_options *options,
                              unsigned threads, struct qn_error *err)
{
    bool headers_only = !diff->rules.samples;
    enum qn_status status =
        qn_diff_side_open(&diff->a, qn_option_input(options, 0), headers_only, err);
    if (!status)
        status = qn_diff_side_open(&diff->b, qn_option_input(options, 1), headers_only, err);
    if (!status)
        status = qn_diff_tally_init(&diff->tally, &diff->a, &diff->b, options, err);
    if (!status && diff->rules.headers)
        status = qn_diff_heads(&diff->a, &diff->b, options, &diff->head, err);
    if (status)
        return status;
    uint64_t a = diff->a.layout.trace_count, b = diff->b.layout.trace_count;
    diff->compared = a < b ? a : b;
    return compare_traces(diff, options, threads, err);
}

enum qn_status qn_diff_run(const struct qn_options *options, struct qn_error *err)
{
    unsigned threads = 1;
    struct qn_diff *diff = qn_sys.calloc(1, sizeof *diff);
    if (!diff)
        return qn_fail_memory(err, "a comparison", sizeof *diff);
    enum qn_status status = check_options(options, &diff->rules, &threads, err);
    if (!status)
        status = compare(diff, options, threads, err);
    if (!status && qn_option_flag(options, "json"))
        status = qn_diff_tell_json(diff, err);
    else if (!status)
        qn_diff_tell(diff);
    if (!status && !qn_diff_same(diff))
        status = QN_ERR_FOUND;
    qn_diff_tally_release(&diff->tally);
    qn_diff_side_release(&diff->a);
    qn_diff_side_release(&diff->b);
    free(diff);
    return status;
}
