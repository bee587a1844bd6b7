/* Learning, checking and finding the mark of trace headers: see mark.h. */
#include "format/segy/mark.h"

#include <string.h>

#define LEARN_TRACES 32u /* at the start, and as many spread over the file */
#define SURE_WORDS   4u  /* so many words alone are proof: 48 bits, of which 3/4 have to agree */
#define FIND_BYTES   (1u << 20)

/* Words of settings. Those of bytes 181 to 240, which Seismic Unix and others use otherwise, are
 * left out, and sample_count where it is no constant. */
static const uint8_t candidates[] = {29,  31,  33,  35,  69,  71,  89,  115, 117, 119, 121, 125,
                                     127, 129, 131, 133, 141, 143, 149, 151, 153, 155, 157, 167};
#define CANDIDATES (sizeof candidates)
_Static_assert(CANDIDATES <= QN_SEGY_MARK_WORDS, "a mark has room for all candidates");

struct lesson { /* headers to learn from */
    uint8_t headers[LEARN_TRACES][QN_SEGY_TRACE_HEADER_BYTES];
    size_t count;
};

/* ---- learning ------------------------------------------------------------------------------- */

/* The value that more than half of the headers have in a word, if there is one and it is not 0. */
static bool majority(const struct lesson *lesson, uint8_t byte, uint8_t value[2])
{
    size_t votes = 0, count = 0;
    for (size_t i = 0; i < lesson->count; i++) {
        const uint8_t *word = lesson->headers[i] + byte - 1;
        if (votes == 0)
            memcpy(value, word, 2);
        votes = memcmp(value, word, 2) ? votes - 1 : votes + 1;
    }
    for (size_t i = 0; i < lesson->count; i++)
        count += !memcmp(value, lesson->headers[i] + byte - 1, 2);
    return 2 * count > lesson->count && (value[0] || value[1]);
}

/* A header that is one without doubt, as it says the number of samples or the interval that the
 * layout has; NULL: none does. Where bytes are missing, all headers after that may be wrong in the
 * same way, so that a majority proves nothing. */
static const uint8_t *find_model(const struct lesson *lesson, const struct qn_segy_layout *layout)
{
    for (size_t i = 0; i < lesson->count; i++) {
        uint16_t samples = qn_load_u16(lesson->headers[i] + 114, layout->order);
        uint16_t interval = qn_load_u16(lesson->headers[i] + 116, layout->order);
        if ((samples && samples == layout->samples && !layout->variable) ||
            (interval && interval == layout->interval_us))
            return lesson->headers[i];
    }
    return NULL;
}

static bool take_word(const uint8_t *model, uint8_t byte, uint8_t value[2])
{
    memcpy(value, model + byte - 1, 2);
    return value[0] || value[1];
}

static void learn_words(struct qn_segy_mark *mark, const struct lesson *lesson,
                        const struct qn_segy_layout *layout)
{
    const uint8_t *model = find_model(lesson, layout);
    mark->count = 0;
    for (size_t i = 0; i < CANDIDATES; i++) {
        uint8_t *value = mark->value[mark->count];
        if (candidates[i] == 115 && layout->variable)
            continue;
        if (model ? take_word(model, candidates[i], value) : majority(lesson, candidates[i], value))
            mark->byte[mark->count++] = candidates[i];
    }
}

static bool has_word(const struct qn_segy_mark *mark, size_t word, const uint8_t *header)
{
    return !memcmp(header + mark->byte[word] - 1, mark->value[word], 2);
}

static size_t matches(const struct qn_segy_mark *mark, const uint8_t *header)
{
    size_t count = 0;
    for (size_t i = 0; i < mark->count; i++)
        count += has_word(mark, i, header);
    return count;
}

/* Drops the words that differ in a header which is one without doubt. */
static void drop_words(struct qn_segy_mark *mark, const struct lesson *lesson)
{
    for (size_t i = 0; i < lesson->count; i++) {
        const uint8_t *header = lesson->headers[i];
        if (4 * matches(mark, header) < 3 * mark->count)
            continue;
        size_t kept = 0;
        for (size_t w = 0; w < mark->count; w++) {
            if (!has_word(mark, w, header))
                continue;
            mark->byte[kept] = mark->byte[w];
            memcpy(mark->value[kept++], mark->value[w], 2);
        }
        mark->count = (uint32_t)kept;
    }
}

/* Reads headers from trace to trace, or every `step` bytes. */
static enum qn_status take_lesson(struct lesson *lesson, struct qn_segy_window *window,
                                  const struct qn_segy_layout *layout, uint64_t step,
                                  struct qn_error *err)
{
    uint64_t at = layout->first_trace_offset;
    lesson->count = 0;
    while (lesson->count < LEARN_TRACES) {
        /* Far from each other, headers are read one by one. */
        struct qn_segy_trace trace = {.bytes = step ? QN_SEGY_LONG_TRACE : 0};
        enum qn_status status =
            qn_segy_look_trace(window, layout, at, window->source->size, &trace, err);
        if (status || trace.fault)
            return status;
        memcpy(lesson->headers[lesson->count++], trace.header, QN_SEGY_TRACE_HEADER_BYTES);
        at += step ? step : trace.bytes;
    }
    return QN_OK;
}

enum qn_status qn_segy_mark_learn(struct qn_segy_mark *mark, struct qn_segy_window *window,
                                  const struct qn_segy_layout *layout, struct qn_error *err)
{
    struct lesson first, spread = {.count = 0};
    uint64_t step = layout->trace_count / LEARN_TRACES * layout->trace_bytes;
    *mark = (struct qn_segy_mark){0};
    enum qn_status status = take_lesson(&first, window, layout, 0, err);
    if (!status && step > 0 && !layout->variable)
        status = take_lesson(&spread, window, layout, step, err);
    if (status)
        return status;
    learn_words(mark, &first, layout);
    if (mark->count == 0)
        learn_words(mark, &spread, layout);
    drop_words(mark, &first);
    drop_words(mark, &spread);
    return QN_OK;
}

/* ---- checking ------------------------------------------------------------------------------- */

bool qn_segy_mark_fits(const struct qn_segy_mark *mark, const uint8_t *header)
{
    return 2 * matches(mark, header) >= mark->count;
}

bool qn_segy_mark_rejects(const struct qn_segy_mark *mark, const uint8_t *header)
{
    if (mark->count < 3 || matches(mark, header) > 0)
        return false;
    for (size_t i = 0; i < QN_SEGY_TRACE_HEADER_BYTES; i++)
        if (header[i])
            return true;
    return false;
}

/* ---- finding -------------------------------------------------------------------------------- */

static bool may_begin(const struct qn_segy_mark *mark, const uint8_t *bytes)
{
    size_t misses = 0;
    for (size_t i = 0; i < mark->count; i++) {
        misses += !has_word(mark, i, bytes);
        if (4 * misses > mark->count)
            return false;
    }
    return true;
}

/* Whether a trace begins at `at`, and enough that fit come after it. */
static enum qn_status confirm(const struct qn_segy_mark *mark, const struct qn_segy_source *source,
                              const struct qn_segy_layout *layout, uint64_t at, uint64_t end,
                              bool *confirmed, struct qn_error *err)
{
    uint8_t bytes[2 * QN_SEGY_TRACE_HEADER_BYTES];
    struct qn_segy_window window = {.source = source, .bytes = bytes, .room = sizeof bytes};
    struct qn_segy_trace trace = {0};
    *confirmed = false;
    for (size_t words = 0; at < end; words += mark->count) {
        enum qn_status status = qn_segy_look_trace(&window, layout, at, end, &trace, err);
        if (status)
            return status;
        if (words >= SURE_WORDS)
            break; /* the rest may be damaged again */
        if (trace.fault || !qn_segy_mark_fits(mark, trace.header))
            return QN_OK;
        at += trace.bytes;
    }
    *confirmed = true;
    return QN_OK;
}

enum qn_status qn_segy_mark_find(const struct qn_segy_mark *mark, struct qn_segy_window *window,
                                 const struct qn_segy_layout *layout, uint64_t from, uint64_t end,
                                 qn_segy_tick *tick, void *context, uint64_t *found,
                                 struct qn_error *err)
{
    *found = end;
    for (uint64_t at = from; mark->count > 0 && end - at >= layout->trace_header_bytes;) {
        uint64_t left = end - at;
        size_t len = left < FIND_BYTES ? (size_t)left : FIND_BYTES;
        const uint8_t *bytes;
        enum qn_status status = tick(context, at, err);
        if (!status)
            status = qn_segy_window_look(window, at, len, len, &bytes, err);
        if (status)
            return status;
        size_t i = 0, last = len - QN_SEGY_TRACE_HEADER_BYTES;
        while (i <= last && !may_begin(mark, bytes + i))
            i++;
        at += i;
        if (i > last)
            continue;
        bool confirmed;
        status = confirm(mark, window->source, layout, at, end, &confirmed, err);
        if (status)
            return status;
        if (confirmed) {
            *found = at;
            return QN_OK;
        }
        at++;
    }
    return QN_OK;
}
