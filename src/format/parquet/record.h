/* Records again out of columns: the cells of one row group as text, row by row. A nested cell is
 * JSON: lists [..], groups {..}, maps [{"key":..,"value":..}]. A map
 * without values is a list of keys. Rules: apache/parquet-format,
 * LogicalTypes.md, Nested Types; S. Melnik et al., "Dremel", VLDB 2010, section 4. */
#ifndef QN_FORMAT_PARQUET_RECORD_H
#define QN_FORMAT_PARQUET_RECORD_H

#include "format/parquet/text.h"

/* Opens the given columns (top-level nodes of the schema) of a group. */
struct qn_parquet_records;
enum qn_status qn_parquet_records_open(struct qn_parquet_records **records,
                                       struct qn_parquet_file *file, size_t group,
                                       const uint32_t *columns, size_t column_count,
                                       struct qn_error *err);
void qn_parquet_records_close(struct qn_parquet_records *records); /* NULL is fine */

/* Appends the cell of the column's next row. A column that is one null gives nothing in PLAIN
 * style, "null" in JSON, and *null is true. Columns advance independently. */
enum qn_status qn_parquet_records_cell(struct qn_parquet_records *records, size_t column,
                                       enum qn_parquet_style style, struct qn_buf *out, bool *null,
                                       struct qn_error *err);

/* Passes over the column's next row. */
enum qn_status qn_parquet_records_skip(struct qn_parquet_records *records, size_t column,
                                       struct qn_error *err);

/* A column whose values lie directly under the root: its next value in stored form, valid until
 * the next call; NULL if it is null. */
enum qn_status qn_parquet_records_value(struct qn_parquet_records *records, size_t column,
                                        const uint8_t **bytes, size_t *len, struct qn_error *err);

/* The top-level columns of a file, as node numbers, in order: fills `columns` (room for
 * qn_parquet_node_count) and returns how many there are. */
size_t qn_parquet_top_columns(const struct qn_parquet_file *file, uint32_t *columns);

#endif
