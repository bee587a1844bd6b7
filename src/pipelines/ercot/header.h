/* Which dataset a member holds, by its name and its first line, and where its fields go. */
#ifndef QN_PIPELINES_ERCOT_HEADER_H
#define QN_PIPELINES_ERCOT_HEADER_H

#include "format/text/csv.h"
#include "pipelines/ercot/table.h"

struct er_names {         /* of the fields, as the file (or the schema) has them */
    struct qn_buf texts;  /* NUL-terminated, one after another */
    struct qn_buf places; /* uint32_t each */
    uint32_t count;
};

void er_names_release(struct er_names *names);
static inline const char *er_name(const struct er_names *names, uint32_t i)
{
    return (const char *)names->texts.data +
           ((const uint32_t *)(const void *)names->places.data)[i];
}

/* The cells of the first record. False when memory runs out. */
bool er_names_of(struct er_names *names, const struct qn_csv *csv);

struct er_recognized {
    const struct er_dataset *dataset; /* NULL: none */
    bool header_line;                 /* the first line names the fields, it is no row */
    char why[256];                    /* if none: what is wrong */
};

/* Looks at the first record. `names` gets the names of the fields. False when out of memory. */
bool er_recognize(const struct er_schema *schema, const char *member, const struct qn_csv *csv,
                  struct er_names *names, struct er_recognized *found);

/* Maps the fields onto the table, which gets columns for those that it does not have. */
enum qn_status er_map(const struct er_schema *schema, struct er_table *table,
                      const struct er_names *names, const char *member, struct er_mapping *mapping,
                      struct qn_error *err);
void er_mapping_release(struct er_mapping *mapping);

/* The first dataset one of whose patterns fits the last part of the name; NULL: none. */
const struct er_dataset *er_named(const struct er_schema *schema, const char *member);

/* The last part of a name: behind the last '/' and '!'. */
const char *er_base_name(const char *member);

/* When a member was published, out of the names of file and member: year, month, day, hour, minute
 * and second as one number (20240310083015), 0 if they do not tell. */
uint64_t er_published(const char *path);

/* Retries are 1, corrections and supplements 2: they win over what was published at the same time.
 */
unsigned er_supplement(const char *path);

/* Operating day that the name suggests, for planning only; ER_NO_DAY if it suggests none. */
int32_t er_suggested_day(const char *path);

#endif
