/* Columns in memory: see vector.h. */
#include "pipelines/ercot/vector.h"

#include <string.h>

void er_vector_release(struct er_vector *vector)
{
    qn_buf_release(&vector->values);
    qn_buf_release(&vector->valid);
    er_texts_release(&vector->texts);
}

void er_vector_init(struct er_vector *vector, enum er_type type, bool decimal)
{
    *vector = (struct er_vector){.type = type, .decimal = decimal && type == ER_PRICE};
    er_texts_init(&vector->texts);
}

void *er_vector_extend(struct er_vector *vector, size_t n)
{
    uint8_t *room = qn_buf_reserve(&vector->values, n * er_width(vector->type));
    if (!room)
        return NULL;
    if (vector->valid.len > 0) {
        uint8_t *valid = qn_buf_reserve(&vector->valid, n);
        if (!valid)
            return NULL;
        memset(valid, 1, n);
        vector->valid.len += n;
    }
    vector->values.len += n * er_width(vector->type);
    return room;
}

uint8_t *er_vector_valid(struct er_vector *vector)
{
    size_t rows = vector->values.len / er_width(vector->type);
    if (vector->valid.len == 0 && rows > 0) {
        uint8_t *valid = qn_buf_reserve(&vector->valid, rows);
        if (!valid)
            return NULL;
        memset(valid, 1, rows);
        vector->valid.len = rows;
    }
    return vector->valid.data;
}

bool er_vector_nulls(struct er_vector *vector, size_t n)
{
    uint64_t first = vector->values.len / er_width(vector->type);
    if (n == 0)
        return true;
    void *room = er_vector_extend(vector, n);
    uint8_t *valid = room ? er_vector_valid(vector) : NULL;
    if (!valid)
        return false;
    memset(room, 0, n * er_width(vector->type));
    memset(valid + first, 0, n);
    return true;
}

void er_vector_cut(struct er_vector *vector, uint64_t rows)
{
    vector->values.len = (size_t)rows * er_width(vector->type);
    if (vector->valid.len > rows)
        vector->valid.len = (size_t)rows;
}
