/* Addresses of light curves made from a template, and what may come from them. Shared by
 * `quern transit fetch` and by `features --light-curves URL`. */
#ifndef QN_PIPELINES_TRANSIT_ADDRESSES_H
#define QN_PIPELINES_TRANSIT_ADDRESSES_H

#include "base/download.h"
#include "pipelines/transit/curve.h"

enum { QN_ADDRESS_NAME = 256 };

/* Appends the star's address, NUL-terminated, to `texts`; `name` gets the name of its file, what
 * follows the last slash, '=' or ':' of the address. `sector` may be NULL. Places in a template are
 * {tic} {tic16} {tic4a} to {tic4d} {id} {id9} {sector} {sector4}. */
enum qn_status qn_address_of(const char *template, const struct qn_target *target,
                             const char *sector, struct qn_buf *texts, char name[QN_ADDRESS_NAME],
                             struct qn_error *err);

/* Whether a name may be that of a file in a folder: no path, not hidden. */
bool qn_address_sound(const char *name);

/* For qn_download_limits.accept: whether the bytes may be a light curve. */
bool qn_address_received(const struct qn_download *download, const char *file, uint64_t size,
                         char reason[QN_DOWNLOAD_MESSAGE]);

#endif
