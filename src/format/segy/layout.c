/* The layout of a file once it is decided: lengths of single traces, encodings of text headers, and
 * the decision of score.c as layout and sentences. See segy.h. */
#include "format/segy/score.h"

#include <stdarg.h>
#include <stdio.h>

bool qn_segy_is_passcal(const uint8_t *header, enum qn_byte_order order)
{
    uint16_t samples = qn_load_u16(header + 114, order);
    uint16_t interval = qn_load_u16(header + 116, order);
    uint32_t long_samples = qn_load_u32(header + 228, order);
    uint32_t long_interval = qn_load_u32(header + 200, order);
    uint16_t form = qn_load_u16(header + 204, order); /* 0: int16, 1: int32 */
    return samples > 0 && interval > 0 && form <= 1 &&
           (long_samples == samples || (samples == 32767 && long_samples > 32767)) &&
           (long_interval == interval || (interval == 1 && long_interval > 0));
}

uint32_t qn_segy_trace_samples(const struct qn_segy_layout *layout, const uint8_t *header)
{
    uint16_t samples = qn_load_u16(header + 114, layout->order);
    if (layout->length_field == QN_SEGY_LENGTH_229 && samples == 32767)
        return qn_load_u32(header + 228, layout->order);
    if (layout->length_field == QN_SEGY_LENGTH_377 && qn_load_u32(header + 376, layout->order))
        return qn_load_u32(header + 376, layout->order);
    return samples;
}

enum qn_segy_encoding qn_segy_layout_encoding(const struct qn_segy_layout *layout,
                                              const uint8_t record[QN_SEGY_TEXT_BYTES])
{
    return layout->encoding_given ? layout->encoding : qn_segy_text_encoding(record);
}

void qn_segy_note(struct qn_segy_notes *notes, const char *format, ...)
{
    if (notes->count == QN_SEGY_MAX_NOTES)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(notes->text[notes->count++], sizeof notes->text[0], format, arguments);
    va_end(arguments);
}

void qn_segy_decision_notes(const struct qn_segy_decision *decision, struct qn_segy_notes *notes)
{
    char other[QN_SEGY_HYPOTHESIS_TEXT];
    notes->count = 0;
    for (size_t i = 0; i < decision->decided_count; i++) {
        const struct qn_segy_decided *d = &decision->decided[i];
        qn_segy_note(notes, "%s: %s%s%s", d->what, d->value, *d->why ? ", " : "", d->why);
    }
    qn_segy_describe(&decision->runner_up, other);
    if (decision->has_runner_up)
        qn_segy_note(notes, "evidence: %d of 100 points; second best, %d points: %s",
                     decision->chosen.score, decision->runner_up.score, other);
    else
        qn_segy_note(notes, "evidence: %d of 100 points; no other reading is possible",
                     decision->chosen.score);
    for (size_t i = 0; i < decision->contradiction_count; i++)
        qn_segy_note(notes, "%s", decision->contradictions[i].text);
}

enum qn_status qn_segy_decide_layout(const struct qn_segy_source *source,
                                     const struct qn_segy_overrides *overrides,
                                     struct qn_segy_layout *layout, struct qn_segy_notes *notes,
                                     struct qn_error *err)
{
    struct qn_segy_decision decision;
    enum qn_status status = qn_segy_decide(source, overrides, &decision, err);
    *layout = decision.chosen.layout;
    if (notes)
        notes->count = 0;
    if (!status && notes)
        qn_segy_decision_notes(&decision, notes);
    return status;
}
