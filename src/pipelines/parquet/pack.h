/* Rows of Parquet files into a new Parquet file: columns of any type and nesting are gathered leaf
 * by leaf and encoded a row group at a time. The file appears under its name when it is whole. */
#ifndef QN_PARQUET_PACK_H
#define QN_PARQUET_PACK_H

#include "pipelines/parquet/input.h"

#define QN_NO_COLUMN UINT32_MAX

struct qn_pack_options {
    uint64_t group_rows;
    uint64_t group_bytes; /* a group ends early when its values take so much, unpacked */
    uint32_t page_rows;
    enum pq_codec codec;
    int level;
    bool no_bloom;                    /* otherwise columns that have bloom filters keep them */
    bool overwrite;                   /* a file that is there */
    const struct qn_options *options; /* the list `bloom` names further ones */
    const uint32_t *sorted; /* places of columns by which the rows are sorted; declared in it */
    size_t sorted_count;
};
/* The options group-rows, page-rows, codec, level, bloom and no-bloom of a verb. */
enum qn_status qn_pack_options_read(struct qn_pack_options *pack, const struct qn_options *options,
                                    struct qn_error *err);

/* The new file has the given top-level columns of `like`, which stays open as long, and its key
 * values: but for the Arrow schema where columns are left out, since that describes all. */
struct qn_pack;
enum qn_status qn_pack_new(struct qn_pack **pack, const char *path, const struct qn_opened *like,
                           const uint32_t *columns, size_t column_count,
                           const struct qn_pack_options *options, struct qn_error *err);
void qn_pack_free(struct qn_pack *pack); /* without qn_pack_finish: nothing is left behind */

/* Starts on a row group: column c of the new file comes from top-level column columns[c], or is
 * null where that is QN_NO_COLUMN. Then rows are taken in order, those with keep[row] or all where
 * it is NULL; what is not taken is left out. */
enum qn_status qn_pack_group(struct qn_pack *pack, const struct qn_opened *from,
                             const uint32_t *columns, size_t group, struct qn_error *err);
enum qn_status qn_pack_rows(struct qn_pack *pack, uint64_t rows, const uint8_t *keep,
                            struct qn_error *err);

/* All rows of all groups. */
enum qn_status qn_pack_file(struct qn_pack *pack, const struct qn_opened *from,
                            const uint32_t *columns, struct qn_error *err);

/* Writes what is left and the footer, and gives the file its name. */
enum qn_status qn_pack_finish(struct qn_pack *pack, struct qn_error *err);

#endif
