/* A column in memory: values of its type, marks of those that are there, texts. */
#ifndef QN_PIPELINES_ERCOT_VECTOR_H
#define QN_PIPELINES_ERCOT_VECTOR_H

#include "pipelines/ercot/schema.h"
#include "pipelines/ercot/texts.h"

struct er_vector {
    enum er_type type;
    bool decimal;          /* prices as integers of millionths */
    struct qn_buf values;  /* of the C type that schema.h names for the type */
    struct qn_buf valid;   /* a byte per row; empty while there is no null */
    struct er_texts texts; /* ER_TEXT */
};

static inline size_t er_width(enum er_type type)
{
    static const uint8_t widths[ER_TYPE_COUNT] = {4, 8, 8, 8, 4, 8, 1, 8, 1};
    return widths[type];
}

static inline bool er_valid(const struct er_vector *vector, uint64_t row)
{
    return vector->valid.len == 0 || vector->valid.data[row];
}

void er_vector_init(struct er_vector *vector, enum er_type type, bool decimal);
void er_vector_release(struct er_vector *vector);

/* Room for n rows more, valid unless set otherwise. The values are not set. NULL when out of
 * memory. */
void *er_vector_extend(struct er_vector *vector, size_t n);

/* One byte per row, all 1 if there was no null so far; NULL when out of memory. */
uint8_t *er_vector_valid(struct er_vector *vector);

/* Appends n nulls. */
bool er_vector_nulls(struct er_vector *vector, size_t n);

/* Keeps the first rows only. */
void er_vector_cut(struct er_vector *vector, uint64_t rows);

#endif
