/* Archives of NumPy arrays (.npz): a zip whose members are one-dimensional arrays in npy format 1.0
 * (NumPy Enhancement Proposal 1), deflated, as numpy.savez_compressed writes them. numpy.load opens
 * them without pickle.
 *
 * An array may be far larger than memory, and is packed in pieces that need not know each other:
 * any process packs the values of its own part, whoever writes the archive puts the pieces one
 * behind the other. The same values cut in the same places give the same bytes.
 */
#ifndef QN_FORMAT_NPZ_H
#define QN_FORMAT_NPZ_H

#include "base/buf.h"

#include <quern/error.h>

/* Element types, by NumPy's names for them. */
#define QN_NPY_INT8    "|i1"
#define QN_NPY_BOOL    "|b1"
#define QN_NPY_INT64   "<i8"
#define QN_NPY_FLOAT64 "<f8"
#define QN_NPY_TEXT64  "<U64" /* 64 characters of 4 bytes, filled up with 0 */
enum { QN_NPY_TEXT64_BYTES = 256 };

/* ---- pieces --------------------------------------------------------------------------------- */

struct qn_npz_piece {
    uint64_t packed; /* bytes */
    uint64_t size;   /* bytes of the values */
    uint32_t crc;    /* of the values */
};

struct qn_npz_packer; /* scratch memory; one per worker */
enum qn_status qn_npz_packer_new(struct qn_npz_packer **packer, struct qn_error *err);
void qn_npz_packer_free(struct qn_npz_packer *packer); /* NULL is fine */

/* Appends the packed values, little-endian as NumPy wants them, to `out`. */
enum qn_status qn_npz_pack(struct qn_npz_packer *packer, const void *values, size_t len,
                           struct qn_buf *out, struct qn_npz_piece *piece, struct qn_error *err);

/* Appends a text of ASCII as one element of QN_NPY_TEXT64. */
void qn_npy_put_text64(struct qn_buf *values, const char *text);

/* The piece that `next` makes when it is put behind `sum`; begin with one of zeros. */
void qn_npz_add_piece(struct qn_npz_piece *sum, const struct qn_npz_piece *next);

/* ---- the archive ---------------------------------------------------------------------------- */

struct qn_npz_sink { /* where the bytes go, in order */
    void *context;
    enum qn_status (*write)(void *context, const void *bytes, size_t len, struct qn_error *err);
};

/* The packer is borrowed while the archive is written. */
struct qn_npz_writer;
enum qn_status qn_npz_writer_new(struct qn_npz_writer **writer, const struct qn_npz_sink *sink,
                                 struct qn_npz_packer *packer, struct qn_error *err);
void qn_npz_writer_free(struct qn_npz_writer *writer);

/* Begins the array `name` of `count` elements. `all` sums up the pieces that follow. */
enum qn_status qn_npz_begin(struct qn_npz_writer *writer, const char *name, const char *type,
                            uint64_t count, const struct qn_npz_piece *all, struct qn_error *err);

/* Their packed bytes, in order; or the caller brings bytes to the sink itself and says how many. */
enum qn_status qn_npz_put(struct qn_npz_writer *writer, const void *packed, size_t len,
                          struct qn_error *err);
void qn_npz_passed(struct qn_npz_writer *writer, uint64_t len);
enum qn_status qn_npz_end(struct qn_npz_writer *writer, struct qn_error *err);

/* The directory; the archive is complete then. */
enum qn_status qn_npz_finish(struct qn_npz_writer *writer, struct qn_error *err);

#endif
