/* Facts in JSON (of a manifest: counts, shapes, statistics) as HTML for people. */
#ifndef QN_RENDER_FACTS_H
#define QN_RENDER_FACTS_H

#include "base/buf.h"

#include <jansson.h>

/* An object, flattened by one level: its plain members as a list of names and values, then each
 * member that is an object as a list, and each that is an array of objects as a table of at most
 * 50 rows, under a heading of level 3. What is nested deeper appears as JSON. */
void qn_html_json(struct qn_buf *html, const json_t *object);

/* Appends a value as plain text, not escaped: lists with commas, true and false as yes and no, null
 * as "none", text beyond 400 bytes cut. A NUL follows, which text->len does not count. */
void qn_fact_text(struct qn_buf *text, const json_t *value);

#endif
