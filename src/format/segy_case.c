/* What all deciders of a layout do: read, with bounds, and note: see segy_case.h. */
#include "format/segy_case.h"

#include <stdarg.h>
#include <stdio.h>

void qn_segy_note(struct qn_segy_case *c, const char *format, ...)
{
    struct qn_segy_notes *notes = c->notes;
    if (!notes || notes->count == QN_SEGY_MAX_NOTES)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(notes->text[notes->count++], sizeof notes->text[0], format, arguments);
    va_end(arguments);
}

enum qn_status qn_segy_read(struct qn_segy_case *c, uint64_t offset, void *bytes, size_t len)
{
    if (offset > c->source->size || c->source->size - offset < len)
        return qn_fail_at(c->err, QN_ERR_INPUT, c->source->name, (int64_t)c->source->size,
                          "'%s' ends at byte %llu, before a header that should lie at byte %llu. "
                          "The file is truncated.",
                          c->source->name, (unsigned long long)c->source->size,
                          (unsigned long long)offset);
    return c->source->read_at(c->source->context, offset, bytes, len, c->err);
}
