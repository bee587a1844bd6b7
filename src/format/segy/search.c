/* Looks for trace headers by their content, where nothing that the headers claim fits the file: the
 * first one by the samples and interval that the binary header repeats in it, the second one by
 * what it has in common with the first. Part of the decision of score.c; see case.h. */
#include "format/segy/case.h"

#include "base/sys.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_WITHIN  (64u << 10) /* bytes after the reel headers */
#define SECOND_WITHIN (1u << 20)  /* bytes after the first trace header */
#define HEADER        QN_SEGY_TRACE_HEADER_BYTES
#define FEWEST_SET    4 /* bytes of a header that are not 0, for it to be recognised again */

struct window {
    uint64_t offset;
    size_t len;
    uint8_t *bytes;
};

static enum qn_status read_window(struct qn_segy_case *c, uint64_t offset, size_t most,
                                  struct window *window)
{
    uint64_t left = offset < c->source->size ? c->source->size - offset : 0;
    *window = (struct window){offset, left < most ? (size_t)left : most, NULL};
    window->bytes = qn_sys.malloc(window->len + 1);
    if (!window->bytes)
        return qn_fail_memory(c->err, "a part of the file", window->len);
    return window->len ? qn_segy_read(c, offset, window->bytes, window->len) : QN_OK;
}

/* Whether `header` could follow `first`: most of what is set is the same, most of what is 0 is 0,
 * and of what differs, a counter has gone up by one. */
static bool is_successor(const uint8_t *first, const uint8_t *header, enum qn_byte_order order)
{
    static const unsigned counters[] = {1, 5, 13, 25, 21, 193, 189};
    size_t set = 0, same = 0, zero = 0, still_zero = 0;
    bool counts = false;
    for (size_t i = 0; i < HEADER; i++) {
        set += first[i] != 0;
        same += first[i] != 0 && first[i] == header[i];
        zero += first[i] == 0;
        still_zero += first[i] == 0 && header[i] == 0;
    }
    if (set < FEWEST_SET || same * 10 < set * 6 || still_zero * 10 < zero * 9)
        return false;
    for (size_t i = 0; i < sizeof counters / sizeof *counters && !counts; i++)
        counts = qn_load_u32(header + counters[i] - 1, order) ==
                 qn_load_u32(first + counters[i] - 1, order) + 1;
    return counts || same == set;
}

/* Bytes from the first header in the window to one that follows it, 0: none found. */
static size_t find_second(const struct window *w, enum qn_byte_order order)
{
    for (size_t at = HEADER; w->len >= HEADER && at <= w->len - HEADER; at++)
        if (memcmp(w->bytes + at + 116, w->bytes + 116, 2) == 0 &&
            is_successor(w->bytes, w->bytes + at, order))
            return at;
    return 0;
}

/* Cuts that put the second trace `distance` bytes behind the first: samples from the distance, or
 * more headers, where the samples are known. */
static void consider_distance(struct qn_segy_case *c, struct qn_segy_cut *cut, size_t distance,
                              uint16_t in_trace)
{
    static const unsigned sizes[] = {4, 2, 1, 8, 3};
    struct qn_segy_claims headers = {0}, trailing = {0};
    qn_segy_claim_headers(c, cut->view, &headers);
    qn_segy_claim_trailing(c, cut->view, &trailing);
    for (uint64_t extra = 2; extra <= 4 && !c->overrides->trace_headers; extra++)
        qn_segy_add_claim(&headers, extra, "as the second trace header lies", 0);
    for (size_t t = 0; t < trailing.count; t++)
        for (size_t h = 0; h < headers.count; h++)
            for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
                size_t header_bytes = (size_t)headers.at[h].value * HEADER;
                size_t bytes = distance > header_bytes ? distance - header_bytes : 0;
                bool claimed =
                    bytes / sizes[s] == cut->view->header.samples || bytes / sizes[s] == in_trace;
                cut->headers = headers.at[h];
                cut->trailing = trailing.at[t];
                cut->sample_bytes = sizes[s];
                cut->samples = (struct qn_segy_claim){
                    bytes / sizes[s], "as the second trace header lies", claimed ? 3 : 1};
                bool usual = headers.at[h].value == headers.at[0].value || claimed;
                if (bytes && bytes % sizes[s] == 0 && usual &&
                    (!c->overrides->samples || cut->samples.value == c->overrides->samples))
                    qn_segy_consider(c, cut);
            }
}

static enum qn_status search_second(struct qn_segy_case *c, struct qn_segy_cut *cut)
{
    struct window window;
    enum qn_status status = read_window(c, cut->start.value, SECOND_WITHIN, &window);
    size_t distance = status ? 0 : find_second(&window, cut->order);
    if (window.bytes && distance)
        consider_distance(c, cut, distance, qn_load_u16(window.bytes + 114, cut->order));
    free(window.bytes);
    return status;
}

/* Where a trace header with the binary header's samples and interval, and a trace code that exists,
 * begins; UINT64_MAX: none found. */
static uint64_t find_first(const struct qn_segy_view *view, const struct window *w)
{
    uint8_t wanted[4];
    if (!view->header.samples || !view->header.interval_us)
        return UINT64_MAX;
    qn_store_u16(wanted, view->order, view->header.samples);
    qn_store_u16(wanted + 2, view->order, view->header.interval_us);
    for (size_t at = 0; w->len >= HEADER && at <= w->len - HEADER; at++) {
        int16_t code = (int16_t)qn_load_u16(w->bytes + at + 28, view->order);
        if (memcmp(w->bytes + at + 114, wanted, sizeof wanted) == 0 && code >= -1 && code <= 41)
            return w->offset + at;
    }
    return UINT64_MAX;
}

/* Whether the traces of a reading that fits lie so that one begins at `offset`: starting there
 * would only leave out those before it. */
static bool is_within_traces(const struct qn_segy_case *c, uint64_t offset)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct qn_segy_layout *layout = &c->list[i].layout;
        if (c->list[i].fits && !layout->variable && layout->first_trace_offset < offset &&
            (offset - layout->first_trace_offset) % layout->trace_bytes == 0)
            return true;
    }
    return false;
}

static enum qn_status search_view(struct qn_segy_case *c, const struct qn_segy_view *view)
{
    struct window window;
    struct qn_segy_claims starts = {0};
    uint64_t given = c->overrides->first_trace_offset;
    enum qn_status status = read_window(c, qn_segy_after_records(c, 0), FIRST_WITHIN, &window);
    uint64_t found = status || given ? UINT64_MAX : find_first(view, &window);
    if (given)
        qn_segy_add_claim(&starts, given, "as given", 0);
    /* Of a damaged file the first traces may be what is to be left out. */
    if (found != UINT64_MAX && (c->overrides->salvage || !is_within_traces(c, found)))
        qn_segy_add_claim(&starts, found,
                          "where a trace header repeats the binary header's samples and interval",
                          0);
    if (!given)
        qn_segy_add_claim(&starts, qn_segy_after_records(c, c->records.count),
                          c->records.count ? "after the text records there"
                                           : "directly after the binary header",
                          0);
    free(window.bytes);
    for (size_t i = 0; i < starts.count && !status; i++) {
        struct qn_segy_cut cut = {.view = view, .order = view->order, .start = starts.at[i]};
        status = search_second(c, &cut);
    }
    return status;
}

enum qn_status qn_segy_search(struct qn_segy_case *c)
{
    enum qn_status status = QN_OK;
    for (int order = 0; order < 2 && !status; order++)
        if (c->has_reel && (!c->overrides->order_given || (int)c->overrides->order == order))
            status = search_view(c, &c->views[order]);
    return status;
}

enum qn_status qn_segy_count_padding(struct qn_segy_case *c, const struct qn_segy_hypothesis *h,
                                     uint64_t *zeros)
{
    struct window window;
    uint64_t traces = c->source->size - h->layout.first_trace_offset;
    size_t most = traces < SECOND_WITHIN ? (size_t)traces : SECOND_WITHIN;
    *zeros = 0;
    if (h->remainder == 0 || h->remainder > most)
        return QN_OK;
    enum qn_status status = read_window(c, c->source->size - most, most, &window);
    while (!status && *zeros < window.len && window.bytes[window.len - 1 - *zeros] == 0)
        ++*zeros;
    free(window.bytes);
    return status;
}
