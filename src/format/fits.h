/* FITS binary tables: header cards, and columns as arrays of doubles. Reading only, and only what
 * light curves need: tables of scalars; images are stepped over. A file is read into memory whole,
 * and unpacked if it is gzip.
 * Standard: FITS 4.0 (IAU 2016), sections 3, 4 and 7.3. Nothing in a file is trusted. */
#ifndef QN_FORMAT_FITS_H
#define QN_FORMAT_FITS_H

#include "base/buf.h"

#include <quern/error.h>
#include <stdbool.h>

enum { QN_FITS_BLOCK = 2880, QN_FITS_CARD = 80, QN_FITS_TEXT = 72 };

struct qn_fits;

/* Opens `path` and checks its structure up to the end of file: a file that ends inside a header or
 * its data is QN_ERR_INPUT with the offset. `memory` keeps the bytes and may be used again for the
 * next file; it has to outlive *fits. */
enum qn_status qn_fits_open(struct qn_fits **fits, const char *path, struct qn_buf *memory,
                            struct qn_error *err);
void qn_fits_close(struct qn_fits *fits);

/* The headers only: reads no further than the end of the header of HDU `last` (from 0), and does
 * not look at data (but unpacks all of a gzip file). For indexing. */
enum qn_status qn_fits_open_headers(struct qn_fits **fits, const char *path, unsigned last,
                                    struct qn_buf *memory, struct qn_error *err);

size_t qn_fits_hdus(const struct qn_fits *fits);

/* Whether there are as many extensions as NEXTEND in the first header says. */
bool qn_fits_complete(const struct qn_fits *fits);

/* The value of a card: a text without its quotes and trailing blanks, or a number. False when there
 * is no such card, or it has no such value. */
bool qn_fits_text(const struct qn_fits *fits, size_t hdu, const char *key, char text[QN_FITS_TEXT]);
bool qn_fits_number(const struct qn_fits *fits, size_t hdu, const char *key, double *value);

/* Binary tables. */
bool qn_fits_is_table(const struct qn_fits *fits, size_t hdu);
uint64_t qn_fits_rows(const struct qn_fits *fits, size_t hdu);

/* The column of that name, letter case ignored, or -1. */
int qn_fits_column(const struct qn_fits *fits, size_t hdu, const char *name);

/* All rows of a scalar numeric or logical column as doubles: TSCAL and TZERO applied, TNULL and
 * undefined logicals as NaN. QN_ERR_UNSUPPORTED for arrays, complex numbers and texts, except that
 * a text column gives the code of its first letter. */
enum qn_status qn_fits_read(const struct qn_fits *fits, size_t hdu, int column, double *values,
                            struct qn_error *err);

#endif
