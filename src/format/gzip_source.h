/* Random access to what a gzip file holds, without unpacking it to disk.
 *
 * A compressed stream can be entered only at a block boundary, and with the 32 KiB before it. One
 * pass over the whole file finds such points, keeps what it takes to start there, and checks the
 * checksums of all members; a reader then starts at the last point before the bytes it wants. The
 * method is that of zran.c in the distribution of zlib (Adler 2005). Files of several members, as
 * `cat a.gz b.gz` and bgzip make them, are read through.
 */
#ifndef QN_FORMAT_GZIP_SOURCE_H
#define QN_FORMAT_GZIP_SOURCE_H

#include "base/buf.h"

#include <quern/error.h>

#define QN_GZIP_WINDOW 32768u

/* The file as it is, to be read by the caller's function: exactly `len` bytes, or an error. */
struct qn_gzip_file {
    const char *name; /* for messages */
    uint64_t size;
    enum qn_status (*read_at)(void *context, uint64_t offset, void *bytes, size_t len,
                              struct qn_error *err);
    void *context;
};

/* Whether these first bytes of a file are those of a gzip member. */
bool qn_gzip_is(const uint8_t *bytes, size_t len);

/* A place to start. */
struct qn_gzip_point {
    uint64_t packed;      /* byte of the file, the first that is wholly of the next block */
    uint64_t unpacked;    /* byte of the content that it gives */
    uint32_t bits;        /* of the byte before that belong to the block, 0 to 7 */
    uint32_t window;      /* bytes of content before it that are needed, up to QN_GZIP_WINDOW */
    const uint8_t *bytes; /* those; of the index */
};

struct qn_gzip_index {
    uint64_t size; /* of the content */
    struct qn_gzip_point *points;
    size_t count; /* 0: there is no index */
    size_t room;
    bool borrowed; /* windows lie in somebody else's bytes */
};

void qn_gzip_index_release(struct qn_gzip_index *index);

/* Where the content ends before the file does. */
struct qn_gzip_damage {
    bool found;
    uint64_t packed; /* about the byte of the file at which it is */
    char why[80];    /* "invalid stored block lengths", "it ends too early" */
};

/* Called with the byte of the file that was reached; an error ends the pass. */
typedef enum qn_status qn_gzip_tick(void *context, uint64_t packed, struct qn_error *err);

/* Makes the index of a file, with a point about every `spacing` bytes of it (at least 64 KiB). What
 * does not unpack is no failure: the content ends there, and *damage says where and why. */
enum qn_status qn_gzip_index_build(struct qn_gzip_index *index, const struct qn_gzip_file *file,
                                   uint64_t spacing, qn_gzip_tick *tick, void *context,
                                   struct qn_gzip_damage *damage, struct qn_error *err);

/* To and from bytes; a decoded index borrows its windows from them. */
void qn_gzip_index_encode(const struct qn_gzip_index *index, struct qn_buf *buf);
enum qn_status qn_gzip_index_decode(struct qn_cursor *cursor, struct qn_gzip_index *index,
                                    struct qn_error *err);

/* One reader. Borrows file and index, whose content does not change. It remembers the last `memory`
 * bytes that it unpacked (at least 64 KiB), so that stepping back a little costs nothing. */
struct qn_gzip;
enum qn_status qn_gzip_open(struct qn_gzip **gzip, const struct qn_gzip_file *file,
                            const struct qn_gzip_index *index, size_t memory, struct qn_error *err);
void qn_gzip_close(struct qn_gzip *gzip); /* NULL is fine */

/* Exactly `len` bytes of the content at `offset`, all of them below index->size. Data that has
 * changed since the index was made and does not unpack is QN_ERR_CHANGED. */
enum qn_status qn_gzip_read(struct qn_gzip *gzip, uint64_t offset, void *bytes, size_t len,
                            struct qn_error *err);

#endif
