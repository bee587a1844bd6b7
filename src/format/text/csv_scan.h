/* Inside of the CSV reader: where in 64 bytes of text there are quotes, commas and line ends. */
#ifndef QN_FORMAT_CSV_SCAN_H
#define QN_FORMAT_CSV_SCAN_H

#include <stddef.h>
#include <stdint.h>

struct csv_masks { /* bit i: byte i is one */
    uint64_t quotes;
    uint64_t commas;
    uint64_t lines;
};

/* Masks of `blocks` blocks of 64 bytes each. */
void csv_scan(const char *text, size_t blocks, struct csv_masks *masks);

/* The variant in use: see qn_csv_use. Those above 0 may count bits with BMI and POPCNT. */
int csv_variant(void);

#endif
