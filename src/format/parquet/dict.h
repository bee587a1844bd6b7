/* Dictionaries of column values: each distinct value once, in order of first appearance. */
#ifndef QN_FORMAT_PARQUET_DICT_H
#define QN_FORMAT_PARQUET_DICT_H

#include "format/parquet/values.h"

struct pq_dict {
    struct qn_buf plain; /* the values, PLAIN: the dictionary page */
    uint32_t count;
    bool reals;           /* doubles: see hash_8 in dict.c */
    bool ascending;       /* entries are in ascending order */
    bool failed;          /* memory was short: not a reason to do without a dictionary */
    struct qn_buf places; /* uint32_t: where in `plain` each value starts */
    uint32_t *slots;      /* hash table of index + 1; 0 is free */
    size_t slot_count;    /* a power of two, of those in use */
    size_t slot_room;     /* of those there are */
};

void pq_dict_release(struct pq_dict *dict);

/* Makes the dictionary of all values and the index of each in `ids` (room for dense->count).
 * False when it would take more than max_bytes or, if `picky`, when the first values repeat so
 * seldom that it would not pay, or when memory is short (dict->failed). */
bool pq_dict_build(struct pq_dict *dict, const struct pq_dense *dense, size_t max_bytes, bool picky,
                   uint32_t *ids);

#endif
