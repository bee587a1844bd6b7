/* Writes SPK files: orbits for synthetic archives and tests, in either byte order. The file is put
 * together in memory and appears whole (temporary name, fsync, rename). No clocks: the same input
 * gives the same bytes.
 */
#ifndef QN_FORMAT_SPK_WRITE_H
#define QN_FORMAT_SPK_WRITE_H

#include "base/byte_order.h"

#include <quern/error.h>
#include <stddef.h>

struct qn_spk_writer;

/* `name` (at most 60 letters) is what the file calls itself; `comments` is kept in the file for
 * those who look, lines ended by line feeds; it may be NULL. */
enum qn_status qn_spk_writer_new(struct qn_spk_writer **writer, enum qn_byte_order order,
                                 const char *name, const char *comments, struct qn_error *err);
void qn_spk_writer_free(struct qn_spk_writer *writer);

/* What every segment tells of itself. */
struct qn_spk_head {
    int32_t target; /* NAIF's numbers: -25 Lunar Prospector, 301 Moon, 399 Earth, 10 Sun, 0 all */
    int32_t centre;
    int32_t frame;    /* 1: J2000 */
    double start;     /* ephemeris time */
    double stop;      /* after start */
    const char *name; /* at most 40 letters */
};

/* Type 13: states [count][6] in km and km/s at increasing epochs, to be interpolated over windows
 * of `window` points (2 to 14, even), at least that many. They have to cover start to stop. */
enum qn_status qn_spk_write_hermite(struct qn_spk_writer *writer, const struct qn_spk_head *head,
                                    const double *epochs, const double *states, size_t count,
                                    unsigned window, struct qn_error *err);

/* Writes all that was added to `path`. */
enum qn_status qn_spk_writer_save(struct qn_spk_writer *writer, const char *path,
                                  struct qn_error *err);

#endif
