/* Carrying row groups from Parquet files to a new one, byte for byte: pages, bloom filters and page
 * indexes as they are, their places in the footer changed. (Bloom filters of types that may have
 * none, such as INTERVAL, are left out: key values of each file say how they are hashed.) No file
 * I/O here, as in parquet.h.
 *
 *   new file = "PAR1" | for each group: its pieces, in order | qn_parquet_carrier_finish
 */
#ifndef QN_FORMAT_PARQUET_CARRY_H
#define QN_FORMAT_PARQUET_CARRY_H

#include "format/parquet/reader.h"

struct qn_parquet_piece { /* bytes of a source file that come next in the new one */
    uint64_t offset;
    uint64_t len;
};

struct qn_parquet_carrier;

/* The schema, key values and column orders of the new file are those of `first`. */
enum qn_status qn_parquet_carrier_new(struct qn_parquet_carrier **carrier,
                                      const struct qn_parquet_file *first, struct qn_error *err);
void qn_parquet_carrier_free(struct qn_parquet_carrier *carrier);

/* Whether the groups of `file` fit the schema of `first`: same columns, types, names, order. */
bool qn_parquet_same_schema(const struct qn_parquet_file *first,
                            const struct qn_parquet_file *file);

/* The next group, which begins at `at` in the new file. The caller writes the pieces one after
 * another, from `at` on; `pieces` is a list of struct qn_parquet_piece, replaced. */
enum qn_status qn_parquet_carry(struct qn_parquet_carrier *carrier, struct qn_parquet_file *file,
                                size_t group, uint64_t at, struct qn_buf *pieces,
                                struct qn_error *err);

/* Appends page indexes and footer, which begin at `at`. */
enum qn_status qn_parquet_carrier_finish(struct qn_parquet_carrier *carrier, uint64_t at,
                                         struct qn_buf *out, struct qn_error *err);

#endif
