/* How header layouts are put together: shared by those who read them (named layouts, JSON, XML)
 * and by nobody else. What a layout is: segy.h. */
#ifndef QN_FORMAT_SEGY_MAPPING_H
#define QN_FORMAT_SEGY_MAPPING_H

#include "format/segy.h"

#define SEGY_MAX_NAME 64

/* Whether a column may be called that: letters, digits and underscores, at most SEGY_MAX_NAME, no
 * digit in front. */
bool segy_is_name(const char *name);

/* The numeric element type of that name, -1 if there is none. */
int segy_dtype_by_name(const char *name);

/* Appends a copy. Nothing is checked. */
enum qn_status segy_mapping_add(struct qn_segy_mapping *mapping, const struct qn_segy_field *field,
                                struct qn_error *err);
enum qn_status segy_mapping_add_computed(struct qn_segy_mapping *mapping,
                                         const struct qn_segy_computed *computed,
                                         struct qn_error *err);
enum qn_status segy_mapping_add_key(struct qn_segy_mapping *mapping, const char *name,
                                    struct qn_error *err);

/* Appends the rows of a table that begin below byte `end`. */
enum qn_status segy_mapping_add_table(struct qn_segy_mapping *mapping,
                                      const struct qn_segy_field *table, size_t end,
                                      struct qn_error *err);

/* Fields named PREFIX + name override the field of that name. */
void segy_mapping_override(struct qn_segy_mapping *mapping, const char *prefix);

/* Lays the fields from index `own` on over those before: of the latter go all that have the name or
 * a byte of one of the former. Then all are put in order of their bytes. Only with own > 0. */
void segy_mapping_overlay(struct qn_segy_mapping *mapping, size_t own);

enum segy_scalars {
    SEGY_SCALARS_STANDARD, /* unmapped scalars stand where the standard has them */
    SEGY_SCALARS_NAMED     /* what has no mapped scalar is not scaled */
};

/* Tells scaled fields where their scalar is: where the layout has scalar_coord and the like. */
void segy_mapping_settle(struct qn_segy_mapping *mapping, enum segy_scalars scalars);

#endif
