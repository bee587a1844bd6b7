/* Workbooks (.xlsx): their sheets as comma-separated text, one after another. Numbers come out as
 * they are stored, shared texts are put in, nothing is formatted: a date cell is its number.
 * Format: ECMA-376, SpreadsheetML; of it what tables need.
 */
#ifndef QN_FORMAT_XLSX_H
#define QN_FORMAT_XLSX_H

#include "format/zip.h"

/* The archive has to stay open while the workbook is. Not a workbook: QN_ERR_INPUT. */
struct qn_xlsx;
enum qn_status qn_xlsx_open(struct qn_xlsx **book, const struct qn_zip *zip, struct qn_error *err);
void qn_xlsx_close(struct qn_xlsx *book);

size_t qn_xlsx_count(const struct qn_xlsx *book);
const char *qn_xlsx_name(const struct qn_xlsx *book, size_t sheet); /* of the sheet */

/* Chooses a sheet; qn_xlsx_read then gives its text piece by piece, *got 0 at the end. Rows that a
 * sheet leaves out are empty lines, so that line n is row n. Either may find the sheet damaged. */
enum qn_status qn_xlsx_select(struct qn_xlsx *book, size_t sheet, struct qn_error *err);
enum qn_status qn_xlsx_read(struct qn_xlsx *book, void *bytes, size_t len, size_t *got,
                            struct qn_error *err);

#endif
