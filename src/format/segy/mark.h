/* The mark of a file's trace headers: what they have in common. Samples, zeros and garbage do not
 * have it, so that it tells whether a trace begins at a place, and where traces go on after damage.
 *
 * It is made of the header words that hold settings of the recording rather than numbers, places
 * and times of a trace (samples, interval, scalars, units, filters, ...), where they are not 0 and
 * the same in the headers that it is learnt from.
 */
#ifndef QN_FORMAT_SEGY_MARK_H
#define QN_FORMAT_SEGY_MARK_H

#include "format/segy/walk.h"

#define QN_SEGY_MARK_WORDS 24

struct qn_segy_mark {
    uint32_t count;                       /* words; 0: the headers have nothing in common */
    uint8_t byte[QN_SEGY_MARK_WORDS];     /* where a word of two bytes begins, from 1 */
    uint8_t value[QN_SEGY_MARK_WORDS][2]; /* as it is in the file */
};

/* Learns the mark from a few traces at the start of a file and, where traces are of one length, as
 * many spread over it. Damage in less than half of them does no harm. */
enum qn_status qn_segy_mark_learn(struct qn_segy_mark *mark, struct qn_segy_window *window,
                                  const struct qn_segy_layout *layout, struct qn_error *err);

/* Whether a header has at least half of the mark; true for a mark without words. */
bool qn_segy_mark_fits(const struct qn_segy_mark *mark, const uint8_t *header);

/* Whether bytes where a header should be are certainly none: they have nothing of a mark of at
 * least three words, and are not all 0, as the headers of padding traces may be. */
bool qn_segy_mark_rejects(const struct qn_segy_mark *mark, const uint8_t *header);

/* Called while searching, with the byte reached; an error ends the search. */
typedef enum qn_status qn_segy_tick(void *context, uint64_t at, struct qn_error *err);

/* Finds the first byte from `from` on where a trace begins that ends by `end`: three quarters of
 * the mark are there, and where these are few words, traces that fit follow. *found is `end` where
 * there is none. */
enum qn_status qn_segy_mark_find(const struct qn_segy_mark *mark, struct qn_segy_window *window,
                                 const struct qn_segy_layout *layout, uint64_t from, uint64_t end,
                                 qn_segy_tick *tick, void *context, uint64_t *found,
                                 struct qn_error *err);

#endif
