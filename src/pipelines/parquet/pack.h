/* Rows into a new Parquet file: values are gathered column by column and encoded a row group at a
 * time. Flat columns of the types that Quern writes; others are refused by name. The file appears
 * under its name when it is whole. */
#ifndef QN_PARQUET_PACK_H
#define QN_PARQUET_PACK_H

#include "format/parquet_record.h"
#include "pipelines/parquet/input.h"

struct qn_pack_options {
    uint64_t group_rows;
    int zstd_level; /* 0: not compressed */
    uint32_t page_rows;
    const uint32_t *sorted; /* places of columns by which the rows are sorted; declared in it */
    size_t sorted_count;
};

struct qn_pack;
enum qn_status qn_pack_new(struct qn_pack **pack, const char *path, const struct qn_opened *like,
                           const uint32_t *columns, size_t column_count,
                           const struct qn_pack_options *options, struct qn_error *err);
void qn_pack_free(struct qn_pack *pack); /* without qn_pack_finish: nothing is left behind */

/* Takes the next row of `records`, whose columns are of the same types in the same order; or, with
 * `map`, column c from column map[c] of the records, null where that is SIZE_MAX. */
enum qn_status qn_pack_row(struct qn_pack *pack, struct qn_parquet_records *records,
                           const size_t *map, struct qn_error *err);

/* Rows gathered and not yet written, and bytes that they take. Without sorting there is at most a
 * row group of them. */
uint64_t qn_pack_waiting(const struct qn_pack *pack);
uint64_t qn_pack_bytes(const struct qn_pack *pack);

enum qn_status qn_pack_key_value(struct qn_pack *pack, const char *key, const char *value,
                                 struct qn_error *err);

/* Writes what is left and the footer, and gives the file its name. */
enum qn_status qn_pack_finish(struct qn_pack *pack, struct qn_error *err);

/* Whether two columns hold values of the same type, so that rows of one fit the other. */
bool qn_same_type(const struct qn_parquet_node *a, const struct qn_parquet_node *b);

/* ---- a file that appears when it is whole --------------------------------------------------- */

struct qn_fresh_file {
    char path[PATH_MAX];
    char temporary[PATH_MAX + 16];
    int fd;
    uint64_t size;
};
enum qn_status qn_fresh_open(struct qn_fresh_file *file, const char *path, struct qn_error *err);
enum qn_status qn_fresh_write(struct qn_fresh_file *file, const void *bytes, size_t len,
                              struct qn_error *err);
enum qn_status qn_fresh_finish(struct qn_fresh_file *file, struct qn_error *err);
void qn_fresh_discard(struct qn_fresh_file *file); /* fine after finish */

#endif
