/* Text of uncertain origin (file names, messages, what a task printed) as JSON strings, and JSON
 * as text. */
#ifndef QN_ENGINE_JSON_TEXT_H
#define QN_ENGINE_JSON_TEXT_H

#include <jansson.h>

/* `text` as a new JSON string, in which every byte that is not part of valid UTF-8 is replaced by
 * U+FFFD: jansson refuses such text, and what is refused would go missing from reports. NULL only
 * when out of memory. */
json_t *qn_json_text(const char *text);

/* `value` as text, NUL-terminated, freed by the caller; `flags` are jansson's. NULL when out of
 * memory: json_dumps of jansson 2.14 can then return text with a part missing. */
char *qn_json_dump(const json_t *value, size_t flags);

#endif
