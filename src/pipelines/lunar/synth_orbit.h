/* The kernels and the attitude table of a synthetic archive: a circular polar orbit 100 km above
 * the Moon, and if wanted Sun and Earth, from the same series that take their place without. */
#ifndef QN_PIPELINES_LUNAR_SYNTH_ORBIT_H
#define QN_PIPELINES_LUNAR_SYNTH_ORBIT_H

#include "base/byte_order.h"

#include <quern/error.h>
#include <stdint.h>

struct qn_synth_orbit {
    int32_t first_day; /* since 1970-01-01 */
    uint32_t days;
    double node_deg; /* where the orbit crosses the Moon's equator, in inertial space */
    enum qn_byte_order order;
};

/* The spacecraft about the Moon, from an hour before to two hours after those days. */
enum qn_status qn_synth_write_orbit(const struct qn_synth_orbit *orbit, const char *path,
                                    struct qn_error *err);

/* Moon and Sun about the Earth. */
enum qn_status qn_synth_write_planets(const struct qn_synth_orbit *orbit, const char *path,
                                      struct qn_error *err);

/* The spin axis: a slow drift with a manoeuvre a week. */
enum qn_status qn_synth_write_attitude(const struct qn_synth_orbit *orbit, const char *path,
                                       struct qn_error *err);

#endif
