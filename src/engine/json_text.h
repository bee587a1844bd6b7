/* Text of uncertain origin (file names, messages, what a task printed) as JSON strings. */
#ifndef QN_ENGINE_JSON_TEXT_H
#define QN_ENGINE_JSON_TEXT_H

#include <jansson.h>

/* `text` as a new JSON string, in which every byte that is not part of valid UTF-8 is replaced by
 * U+FFFD: jansson refuses such text, and what is refused would go missing from reports. NULL only
 * when out of memory. */
json_t *qn_json_text(const char *text);

#endif
