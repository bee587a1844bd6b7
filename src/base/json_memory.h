/* JSON that memory was too short for. jansson's objects take what cannot be made as what is not
 * there: a member whose value could not be allocated is silently missing. So its allocations are
 * watched, and whoever is about to store what was made of JSON, or to believe an error that came
 * of it, asks first whether anything was lost. One watch for all threads of a process. */
#ifndef QN_BASE_JSON_MEMORY_H
#define QN_BASE_JSON_MEMORY_H

#include <jansson.h>
#include <quern/error.h>
#include <stdbool.h>

/* From now on jansson allocates through qn_sys, watched. Call once, before JSON is made. */
void qn_json_watch(void);

/* Whether an allocation of jansson failed since the watch began or was begun anew. */
bool qn_json_lost(void);
void qn_json_watch_anew(void);

/* `status`, unless something was lost: then that is the failure, whatever it looked like. */
enum qn_status qn_json_settle(enum qn_status status, struct qn_error *err);

/* `value` as text, NUL-terminated, freed by the caller; `flags` are jansson's. NULL when out of
 * memory: json_dumps of jansson 2.14 can then return text with a part missing. */
char *qn_json_dump(const json_t *value, size_t flags);

#endif
